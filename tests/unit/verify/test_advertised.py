# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many prefixes a node announces over a session, and what it announces beside pools."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Fault, Faults, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import path, route

FAULTS = Faults()


@FAULTS.finds(
    "EDGE824 platform node node01 peer public-ingress-udm-pro: the node announces 0 ipv4 prefixes over the session, expected 1 (a CiliumBGPAdvertisement that selects no service announces nothing, in silence: compare its selector with the labels of the services, and its labels with the CiliumBGPPeerConfig)",
)
def node_announces_nothing(site: LiveSite) -> None:
    site.peer()["routeCount"] = []


@FAULTS.finds(
    "EDGE825 platform node node03 peer public-ingress-udm-pro: the node announces 2 ipv4 prefixes over the session, expected 0 (the router's filter drops what is not planned; look for other advertisements: kubectl get ciliumbgpadvertisement)",
)
def node_announces_more(site: LiveSite) -> None:
    site.peer("node03")["routeCount"][0]["advertised"] = 2


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault(fault: Fault) -> None:
    fault.check()


def test_pod_cidrs_are_expected_from_their_nodes() -> None:
    site = LiveSite()
    for item in site.plan["clusters"]["platform"]["bgp"]:
        if item["kind"] == "CiliumBGPAdvertisement" and item["metadata"]["name"] == "public-ingress":
            item["spec"]["advertisements"].append({"advertisementType": "PodCIDR"})
    spec = {"ipam": {"podCIDRs": ["10.244.1.0/24"]}}
    site.resources["CiliumNode"] = [{"metadata": {"name": "node01"}, "spec": spec}]
    site.peer()["routeCount"][0]["advertised"] = 2
    (found,) = site.texts()
    assert found.startswith(
        "EDGE840 udm-pro prefix 10.244.1.0/24 (platform pods of node01): not accepted from node01 ("
    )
    site.routes["10.244.1.0/24"] = [path("10.121.0.11")]
    site.kernel["10.244.1.0/24"] = route("10.121.0.11")
    assert site.texts() == []
