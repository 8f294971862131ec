# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that dial in from a listen range: the plan does not know their addresses."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import INGRESS, endpoint, neighbor, path, route

PODS = "10.244.2.0/24"


def dynamic_site() -> LiveSite:
    """Return the reference site with nodes that dial in for the peering public-ingress."""
    site = LiveSite()
    for session in site.plan["sessions"]:
        if session["peering"] == "public-ingress":
            session.update(node_address="", dynamic=True)
    for item in site.plan["expect"]["announcements"]:
        if item["peering"] == "public-ingress":
            item["nodes"] = dict.fromkeys(item["nodes"], "")
    for group in site.plan["routers"]["udm-pro"]["frr"]["peer_groups"]:
        if group["name"].endswith("public-ingress"):
            group["listen_ranges"] = ["10.121.0.0/24"]
    site.resources["CiliumNode"] = [
        {
            "metadata": {"name": f"node0{n}"},
            "spec": {"addresses": [{"type": "InternalIP", "ip": f"10.{net}.0.1{n}"} for net in (122, 121)]},
        }
        for n in (1, 2, 3)
    ]
    return site


def leave(site: LiveSite, *gone: int) -> None:
    """Let nodes, by number, have no CiliumNode, and not dial in."""
    names = {f"node0{n}" for n in gone}
    site.resources["CiliumNode"] = [
        item for item in site.resources["CiliumNode"] if item["metadata"]["name"] not in names
    ]
    for n in gone:
        del site.router["neighbors"][f"10.121.0.1{n}"]
    stay = [f"10.121.0.1{n}" for n in (1, 2) if n not in gone]
    site.routes[INGRESS] = [path(address, "65001") for address in stay]
    site.kernel[INGRESS] = route(*stay)


def test_dynamic_neighbor_is_found_by_its_node() -> None:
    site = dynamic_site()
    assert site.texts() == []
    site.router["neighbors"]["10.121.0.66"] = neighbor(65001)
    (found,) = site.texts()
    assert found.startswith(
        "EDGE809 udm-pro neighbor 10.121.0.66: the router has this neighbor (AS 65001, Established)"
    )
    cluster = site.observed["clusters"].pop("platform")
    assert site.codes() == [], "it may be a node of the cluster that was not read"
    site.observed["clusters"]["platform"] = cluster
    del site.router["neighbors"]["10.121.0.66"]
    del site.router["neighbors"]["10.121.0.13"]
    (found,) = site.texts()
    assert found.startswith(
        "EDGE811 udm-pro neighbor 10.121.0.13 (node03, peering public-ingress): the session is not there"
    )


@pytest.mark.parametrize(
    ("gone", "seen", "installed"),
    [
        pytest.param([2], "node01", "1 next hop", id="one"),
        pytest.param([1, 2], "nobody", "not installed", id="several"),
    ],
)
def test_node_of_unknown_address_is_expected_by_its_name(gone: list[int], seen: str, installed: str) -> None:
    """A node without a CiliumNode did not dial in: it is expected, and each such node is one."""
    site = dynamic_site()
    leave(site, *gone)
    assert (f"udm-pro {INGRESS}", "node01, node02", seen, "error") in site.rows("accepted")
    assert (f"udm-pro {INGRESS}", "2 next hops", installed, "error") in site.rows("installed")


def test_nodes_of_unknown_addresses_are_several_where_their_router_was_not_read() -> None:
    """Which node must announce is not known, and the nodes' own counts tell of each."""
    site = dynamic_site()
    leave(site, 1, 2, 3)
    site.plan["routers"]["udm-pro"]["managed"] = False
    site.plan["clusters"]["platform"]["cilium_version"] = "1.19.6"
    site.slice("ingress-nginx-public")["endpoints"] = [endpoint(None)]
    for node in ("node01", "node02", "node03"):
        site.peer(node)["routeCount"] = []
    row = (f"udm-pro {INGRESS}", "some of node01, node02, node03", "nobody, by the nodes' own count", "error")
    assert row in site.rows("accepted")


def test_pods_of_a_node_of_unknown_address_are_expected_from_it() -> None:
    """Its CiliumNode says which pods it has, and no address from which it could dial in."""
    site = dynamic_site()
    leave(site, 2)
    for item in site.plan["clusters"]["platform"]["bgp"]:
        if item["kind"] == "CiliumBGPAdvertisement" and item["metadata"]["name"] == "public-ingress":
            item["spec"]["advertisements"].append({"advertisementType": "PodCIDR"})
    site.resources["CiliumNode"].append({"metadata": {"name": "node02"}, "spec": {"ipam": {"podCIDRs": [PODS]}}})
    assert (f"udm-pro {PODS}", "node02", "nobody", "error") in site.rows("accepted")
