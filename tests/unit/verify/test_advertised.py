# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many prefixes a node announces over a session, and what it announces beside pools."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.advertised import NodeCount, node_count
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Break, Fault, Faults, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import INGRESS, path, route


def counted_now(site: LiveSite) -> None:
    """Let the nodes run a Cilium whose count is always of now."""
    site.plan["clusters"]["platform"]["cilium_version"] = "1.19.6"


def counted_by_event(site: LiveSite) -> None:
    """Let the nodes run a Cilium that counts when a session changes."""
    site.plan["clusters"]["platform"]["cilium_version"] = "1.20.2"


def counted_with_end_of_rib(site: LiveSite) -> None:
    """Let the nodes run a Cilium that counts the End-of-RIB marker, for the router negotiates graceful restart."""
    site.plan["clusters"]["platform"]["cilium_version"] = "1.18.0"
    for node in ("node01", "node02", "node03"):
        for instance in (0, 1):
            for count in site.peer(node, instance)["routeCount"]:
                count["advertised"] += 1


def not_managed(site: LiveSite) -> None:
    """Leave the router to others, so that the nodes are the only witnesses of what they announce."""
    site.plan["routers"]["udm-pro"]["managed"] = False


def the_nodes_alone(version: Break) -> Break:
    """Return a preparation: a version, and a router that is not read."""

    def prepare(site: LiveSite) -> None:
        version(site)
        not_managed(site)

    return prepare


FAULTS = Faults(counted_now)
ALONE = Faults(the_nodes_alone(counted_now))
ALONE_BY_EVENT = Faults(the_nodes_alone(counted_by_event))


@ALONE.finds(
    "EDGE824 platform node node01 peer public-ingress-udm-pro: the node says that it announces 0 ipv4 prefixes "
    "over the session, expected 1; its router was not read (a CiliumBGPAdvertisement that selects no service "
    "announces nothing, in silence: compare its selector with the labels of the services, and its labels with the CiliumBGPPeerConfig)",
)
def node_announces_nothing(site: LiveSite) -> None:
    site.peer()["routeCount"] = []


@FAULTS.finds(
    "EDGE825 platform node node03 peer public-ingress-udm-pro: the node says that it announces 2 ipv4 prefixes "
    "over the session, expected 0 (the router's filter drops what is not planned; look for other advertisements: kubectl get ciliumbgpadvertisement)",
)
def node_announces_more(site: LiveSite) -> None:
    site.peer("node03")["routeCount"][0]["advertised"] = 2


@FAULTS.finds(
    "EDGE840 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): not "
    "accepted from node01 (does the node announce it: cilium bgp routes advertised ipv4 unicast; does the "
    "router's filter let it through: vtysh -c 'show bgp neighbors 10.121.0.11' (inboundFiltered))",
    "EDGE826 platform node node01 peer public-ingress-udm-pro: the node too says that it announces 0 ipv4 "
    "prefixes over the session, expected 1 (the router's filter is not the reason. A CiliumBGPAdvertisement that "
    "selects no service announces nothing, in silence: compare its selector with the labels of the services, and its labels with the CiliumBGPPeerConfig)",
)
def router_and_node_agree(site: LiveSite) -> None:
    site.peer()["routeCount"] = []
    site.routes[INGRESS].pop(0)
    site.kernel[INGRESS] = route("10.121.0.12")


@ALONE_BY_EVENT.finds(
    "EDGE827 platform node node01 peer public-ingress-udm-pro: the node says that it announced 0 ipv4 prefixes "
    "when the session last changed, expected 1; its router was not read (Cilium 1.20.2 counts only then, not "
    "when services come and go. In the Cilium pod of node01: cilium-dbg bgp routes advertised ipv4 unicast)",
)
def node_counted_before_its_routes(site: LiveSite) -> None:
    site.peer()["routeCount"][0]["advertised"] = 0


FAULTS += [*ALONE, *ALONE_BY_EVENT]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()


def test_the_router_decides_where_it_holds_what_a_node_does_not_count() -> None:
    site = LiveSite()
    for version in (counted_now, counted_by_event):
        version(site)
        site.peer()["routeCount"] = []
        assert site.texts() == []


def test_a_count_of_the_past_is_no_witness_beside_the_router() -> None:
    site = LiveSite()
    counted_by_event(site)
    site.routes[INGRESS].pop(0)
    site.kernel[INGRESS] = route("10.121.0.12")
    for advertised in (0, 1, 7):
        site.peer()["routeCount"][0]["advertised"] = advertised
        assert site.codes() == ["EDGE840"]


@pytest.mark.parametrize("version", [counted_now, counted_by_event, counted_with_end_of_rib])
@pytest.mark.parametrize("alone", [False, True])
def test_a_site_in_good_order_on_each_way_of_counting(version: Break, alone: bool) -> None:
    site = LiveSite()
    (the_nodes_alone(version) if alone else version)(site)
    assert site.codes() == []


def test_the_end_of_rib_hides_neither_two_lost_prefixes_nor_a_foreign_one() -> None:
    site = LiveSite()
    the_nodes_alone(counted_with_end_of_rib)(site)
    count = site.peer()["routeCount"][0]
    count["advertised"] = 1
    assert site.codes() == [], "one route, or none and the marker"
    count["advertised"] = 0
    assert site.codes() == ["EDGE824"]
    count["advertised"] = 3
    assert site.codes() == ["EDGE825"]


@pytest.mark.parametrize(
    ("seen", "cilium", "graceful_restart", "expected"),
    [
        (2, "1.16.19", 15, NodeCount(1, 2, True)),
        (2, "1.16.19", 0, NodeCount(2, 2, True)),
        (0, "1.17.16", 15, NodeCount(0, 0, True)),
        (2, "1.19.5", 15, NodeCount(1, 2, True)),
        (2, "1.19.6", 15, NodeCount(2, 2, True)),
        (2, "1.20.0", 15, NodeCount(2, 2, False)),
        (2, "1.21.0-rc.1", 15, NodeCount(2, 2, False)),
    ],
)
def test_what_a_count_is_worth(seen: int, cilium: str, graceful_restart: int, expected: NodeCount) -> None:
    assert node_count(seen, cilium, graceful_restart) == expected


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
