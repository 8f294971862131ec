# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Communities, local preference, MED and AS path: what the plan puts on routes, against what the router shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.attributes import asks_for_communities
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Fault, Faults, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_neighbors import nas

SERVICE = "203.0.113.94/32"
NAS_PREFIX, SENT = "192.0.2.0/24", "10.121.0.0/24"


def route_map(site: LiveSite, name: str) -> dict[str, Any]:
    """Return what the first entry of a route-map of the plan sets."""
    maps = site.plan["routers"]["udm-pro"]["frr"]["route_maps"]
    return next(item["entries"][0]["set"] for item in maps if item["name"] == name)


def carry(site: LiveSite, *communities: str, neighbor: str | None = None) -> None:
    """Let the paths of the public service carry communities, as FRR shows them in detail; a neighbor's alone."""
    paths = site.router["details"]["ipv4"]["routes"][SERVICE]["paths"]
    for path in paths:
        if neighbor in (None, path["peer"]["peerId"]):
            path["community"] = {"string": " ".join(communities)}


def as_path(text: str) -> dict[str, Any]:
    """Return an AS path as FRR's detailed answers have it."""
    return {"string": text or "Local", "length": len(text.split())}


def in_order(site: LiveSite) -> None:
    """Let the plan set attributes on routes of each kind, and the site have them."""
    nas(site)
    pool = next(item for item in site.plan["pools"] if item["name"] == "public-service")
    pool["communities"], pool["local_preference"] = ["65001:100", "65535:65281"], 300
    route_map(site, "platform-public-service-ipv4-in").update(local_preference=200, metric=7)
    route_map(site, "nas-ipv4-in").update(local_preference=80, large_communities=["65000:1:2"], communities=[])
    route_map(site, "nas-ipv4-out").update(
        communities=["65000:66"], large_communities=[], metric=50, as_path_prepend=[65000, 65000]
    )
    detailed = {}
    for prefix, paths in site.routes.items():
        detailed[prefix] = {"paths": [{"peer": {"peerId": path["peerId"]}} for path in paths]}
    site.router["details"] = {"ipv4": {"routes": detailed}}
    for path in site.routes[SERVICE]:
        path.update(locPrf=200, metric=7)
    carry(site, "65001:100", "no-export")
    site.routes[NAS_PREFIX][0].update(locPrf=80, metric=3)
    large = {"community": {"string": "64999:1"}, "largeCommunity": {"string": "65000:1:2"}}
    detailed[NAS_PREFIX]["paths"][0].update(large)
    site.routes[SENT] = [{"valid": True, "bestpath": True, "peerId": "(unspec)", "path": ""}]
    sent = {"metric": 50, "community": {"string": "65000:66 no-export"}, "aspath": as_path("65000 65000")}
    site.router["advertised"]["ipv4"]["10.121.0.66"] = {"advertisedRoutes": {SENT: {"paths": [sent]}}}


FAULTS = Faults(prepare=in_order)


def test_site_in_good_order_has_a_row_for_each_route_on_which_something_is_set() -> None:
    site = LiveSite()
    in_order(site)
    assert site.texts() == []
    cluster = "communities 65001:100 no-export, local preference 200, MED 7"
    assert site.rows("attributes") == [
        ("udm-pro from nas", *["communities 65000:1:2, local preference 80"] * 2, "ok"),
        ("udm-pro to nas", *["communities 65000:66, MED 50, AS path with 65000 65000 in front"] * 2, "ok"),
        (f"udm-pro {SERVICE}", *[cluster] * 2, "ok"),
    ]


def test_site_whose_plan_sets_nothing_has_no_row() -> None:
    assert LiveSite().rows("attributes") == []


@FAULTS.finds(
    "EDGE848 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): other attributes than planned (node02):"
    " communities none instead of 65001:100 no-export (both ends set them: playbooks/drift.yml compares what each was told;"
    " what arrived: vtysh -c 'show bgp ipv4 unicast 203.0.113.94/32')"
)
def a_node_without_communities(site: LiveSite) -> None:
    carry(site, neighbor="10.122.0.12")


ON_ALL = (
    "EDGE848 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): other attributes than planned (node02, node03):"
    " {} (both ends set them: playbooks/drift.yml compares what each was told; what arrived: vtysh -c 'show bgp ipv4 unicast"
    " 203.0.113.94/32')"
)


@FAULTS.finds(ON_ALL.format("communities 65001:100 blackhole no-export instead of 65001:100 no-export"))
def a_community_that_nobody_planned(site: LiveSite) -> None:
    carry(site, "65001:100", "blackhole", "no-export")


@FAULTS.finds(ON_ALL.format("local preference none instead of 200, MED 9 instead of 7"))
def another_preference(site: LiveSite) -> None:
    for path in site.routes[SERVICE]:
        del path["locPrf"]
        path["metric"] = 9


@FAULTS.finds(ON_ALL.format("local preference 50 instead of none, MED 4 instead of none"))
def a_preference_that_nobody_planned(site: LiveSite) -> None:
    route_map(site, "platform-public-service-ipv4-in").clear()
    for path in site.routes[SERVICE]:
        path.update(locPrf=50, metric=4)


@FAULTS.finds(
    "EDGE848 udm-pro neighbor 10.121.0.66 (neighbor nas): other attributes than planned (192.0.2.0/24): communities 64999:1"
    " instead of 65000:1:2, local preference 100 instead of 80 (both ends set them: playbooks/drift.yml compares what each"
    " was told; what arrived: vtysh -c 'show bgp ipv4 unicast 192.0.2.0/24')"
)
def nas_without_its_preference(site: LiveSite) -> None:
    site.routes[NAS_PREFIX][0]["locPrf"] = 100
    del site.router["details"]["ipv4"]["routes"][NAS_PREFIX]["paths"][0]["largeCommunity"]


@FAULTS.finds(
    "EDGE849 udm-pro neighbor 10.121.0.66 (neighbor nas): other attributes than planned on what the router announces to it,"
    " 10.121.0.0/24: MED 0 instead of 50 (run site.yml;"
    " what leaves: vtysh -c 'show bgp ipv4 unicast neighbors 10.121.0.66 advertised-routes')"
)
def nas_is_told_another_med(site: LiveSite) -> None:
    site.router["advertised"]["ipv4"]["10.121.0.66"] = {
        "advertisedRoutes": {SENT: {"metric": 0, "path": "65000 65000"}}
    }


@FAULTS.finds(
    "EDGE849 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): other attributes than planned on what the router"
    " announces to it, 10.121.0.0/24: MED none instead of 5 (run site.yml; what leaves: vtysh -c 'show bgp ipv4"
    " unicast neighbors 10.121.0.11 advertised-routes')"
)
def a_node_is_told_another_med(site: LiveSite) -> None:
    maps = site.plan["routers"]["udm-pro"]["frr"]["route_maps"]
    entries = next(item["entries"] for item in maps if item["name"] == "platform-public-ingress-ipv4-out")
    entries[:] = [{"seq": 10, "action": "permit", "match": {}, "set": {"metric": 5}}]
    site.router["advertised"]["ipv4"]["10.121.0.11"] = {"advertisedRoutes": {SENT: {}}}


TO_NAS = (
    "EDGE849 udm-pro neighbor 10.121.0.66 (neighbor nas): other attributes than planned on what the router announces to it,"
    " {}: AS path {} (run site.yml; what leaves: vtysh -c 'show bgp ipv4 unicast neighbors 10.121.0.66 advertised-routes')"
)


def tell_nas(site: LiveSite, path: str, prefix: str = SENT) -> None:
    """Let the router announce a prefix with an AS path to the neighbor, in the short form of FRR 7.5 and 8.4."""
    site.router["advertised"]["ipv4"]["10.121.0.66"] = {"advertisedRoutes": {prefix: {"metric": 50, "path": path}}}


@FAULTS.finds(TO_NAS.format(SENT, "none instead of 65000 65000"))
def nas_is_told_a_path_without_what_is_prepended(site: LiveSite) -> None:
    tell_nas(site, "")


@FAULTS.finds(TO_NAS.format(SENT, "65000 65000 65000 instead of 65000 65000"))
def nas_is_told_too_long_a_path(site: LiveSite) -> None:
    tell_nas(site, "65000 65000 65000")


@FAULTS.finds(TO_NAS.format(SENT, "64999 64999 instead of 65000 65000"))
def nas_is_told_a_path_of_another_as(site: LiveSite) -> None:
    sent = site.router["advertised"]["ipv4"]["10.121.0.66"]["advertisedRoutes"][SENT]
    sent["paths"][0]["aspath"] = as_path("64999 64999")


@FAULTS.finds(TO_NAS.format(SENT, "65000 instead of none"))
def nas_is_told_a_path_that_nobody_lengthens(site: LiveSite) -> None:
    del route_map(site, "nas-ipv4-out")["as_path_prepend"]
    tell_nas(site, "65000")


@FAULTS.finds(TO_NAS.format(SERVICE, "65000 65002 instead of 65000 65000 65002 or 65000 65000 65009"))
def nas_is_told_too_short_a_path_of_a_service_that_nodes_of_two_ases_announce(site: LiveSite) -> None:
    node = next(item for item in site.plan["sessions"] if item["node_address"] == "10.122.0.13")
    node["node_asn"] = 65009
    site.neighbor("10.122.0.13")["remoteAs"] = 65009
    site.routes[SERVICE][1]["path"] = "65009"
    site.plan["routers"]["udm-pro"]["frr"]["multipath_relax"] = True
    lists = site.plan["routers"]["udm-pro"]["frr"]["prefix_lists"]
    entries = next(item["entries"] for item in lists if item["name"] == "nas-ipv4-sent")
    entries.append({"seq": 10, "action": "permit", "prefix": SERVICE, "ge": None, "le": None})
    tell_nas(site, "65000 65002", SERVICE)


@FAULTS.finds(ON_ALL.format("AS path 65000 65002 instead of 65002"))
def an_import_that_lengthens_paths(site: LiveSite) -> None:
    for path in site.routes[SERVICE]:
        path["path"] = "65000 65002"


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()


def test_communities_that_were_not_read_are_not_known() -> None:
    site = LiveSite()
    in_order(site)
    del site.router["details"]
    tell_nas(site, "65000 65000")
    assert site.texts() == []
    unread = "communities not shown by this FRR"
    assert [row[2:] for row in site.rows("attributes")] == [
        (f"192.0.2.0/24: {unread}", "unknown"),
        (f"10.121.0.0/24: {unread}", "unknown"),
        (f"node02, node03: {unread}", "unknown"),
    ]


def test_path_that_the_detailed_answer_lacks_is_not_known() -> None:
    site = LiveSite()
    in_order(site)
    site.router["details"]["ipv4"]["routes"][SERVICE]["paths"].pop()
    assert site.texts() == []
    row = next(row for row in site.rows("attributes") if SERVICE in row[0])
    assert row[2:] == ("node03: communities not shown by this FRR", "unknown")


def test_difference_beside_what_was_not_read_is_an_error() -> None:
    site = LiveSite()
    in_order(site)
    del site.router["details"]
    tell_nas(site, "65000")
    row = next(row for row in site.rows("attributes") if "to nas" in row[0])
    told = "10.121.0.0/24: AS path 65000 instead of 65000 65000; 10.121.0.0/24: communities not shown by this FRR"
    assert row[2:] == (told, "error")


def test_who_writes_the_policies_himself_may_set_a_preference() -> None:
    site = LiveSite()
    site.plan["routers"]["udm-pro"]["bgp_owner"] = "none"
    for path in site.routes[SERVICE]:
        path["locPrf"] = 50
    assert site.texts() == []


def test_who_writes_the_policies_himself_may_add_a_community_and_keeps_the_planned_ones() -> None:
    site = LiveSite()
    in_order(site)
    site.plan["routers"]["udm-pro"]["bgp_owner"] = "none"
    carry(site, "65001:100", "65000:42", "no-export")
    assert site.texts() == []
    carry(site, "65000:42")
    assert "communities 65000:42 instead of 65001:100 no-export" in site.texts()[0]


def test_who_writes_the_policies_himself_may_lengthen_a_path_but_not_where_the_plan_does() -> None:
    site = LiveSite()
    in_order(site)
    site.plan["routers"]["udm-pro"]["bgp_owner"] = "none"
    an_import_that_lengthens_paths(site)
    tell_nas(site, "65000")
    assert [text.partition(": other")[0] for text in site.texts()] == [
        "EDGE849 udm-pro neighbor 10.121.0.66 (neighbor nas)"
    ]
    del route_map(site, "nas-ipv4-out")["as_path_prepend"]
    assert site.texts() == []


def test_path_with_as_numbers_in_two_parts_is_read() -> None:
    site = LiveSite()
    in_order(site)
    tell_nas(site, "0.65000 0.65000")
    assert site.texts() == []
    tell_nas(site, "0.65000")
    assert site.codes() == ["EDGE849"]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda site: site.routes.pop(SENT), id="the route has gone between both questions"),
        pytest.param(
            lambda site: site.router["advertised"]["ipv4"]["10.121.0.66"]["advertisedRoutes"][SENT]["paths"][0].pop(
                "aspath"
            ),
            id="FRR does not show it",
        ),
    ],
)
def test_path_that_cannot_be_told_is_not_known(spoil: Callable[[LiveSite], object]) -> None:
    site = LiveSite()
    in_order(site)
    spoil(site)
    assert site.texts() == []
    row = next(row for row in site.rows("attributes") if "to nas" in row[0])
    told = "10.121.0.0/24: AS path not compared: FRR does not show it, or has the route no more"
    assert row[2:] == (told, "unknown")


def inside_one_as(site: LiveSite) -> None:
    """Let the nodes be in the router's AS, and so their routes have an empty AS path."""
    for session in site.plan["sessions"]:
        session["node_asn"] = session["router_asn"]
    for paths in site.routes.values():
        for path in paths:
            path["path"] = ""


def test_route_of_a_node_inside_the_as_has_no_path() -> None:
    site = LiveSite()
    inside_one_as(site)
    assert "EDGE848" not in site.codes()
    site.routes[SERVICE][0]["path"] = "65002"
    assert "AS path 65002 instead of none" in next(text for text in site.texts() if text.startswith("EDGE848"))


def test_preference_of_a_pool_counts_within_one_as_alone() -> None:
    site = LiveSite()
    pool = next(item for item in site.plan["pools"] if item["name"] == "public-service")
    pool["local_preference"] = 300
    assert site.texts() == []
    inside_one_as(site)
    problems = {finding.problem for finding in site.verify().findings if finding.code == "EDGE848"}
    assert problems == {"other attributes than planned (node02, node03): local preference none instead of 300"}


def test_communities_are_asked_for_where_the_plan_has_some() -> None:
    site = LiveSite()
    assert not asks_for_communities(site.plan, "udm-pro")
    pool = next(item for item in site.plan["pools"] if item["name"] == "private-service")
    pool["communities"] = ["65001:1"]
    assert not asks_for_communities(site.plan, "udm-pro"), "it is announced on L2 alone"
    route_map(site, "platform-public-service-ipv4-in")["communities"] = ["65001:1"]
    assert asks_for_communities(site.plan, "udm-pro")


@pytest.mark.parametrize(
    ("planned", "shown", "preference"),
    [
        pytest.param(
            "planned-shut", ["graceful-shutdown"], 0, id="a router prefers a graceful shutdown's routes least"
        ),
        pytest.param("65535:0", ["graceful-shutdown"], 0, id="however it is written"),
        pytest.param("blackhole", ["blackhole", "no-export"], None, id="a router keeps a blackhole's routes to itself"),
        pytest.param("no-export-subconfed", ["local-AS"], None, id="FRR has a word of its own"),
    ],
)
def test_what_a_router_makes_of_a_community_by_itself_is_as_planned(
    planned: str, shown: list[str], preference: int | None
) -> None:
    site = LiveSite()
    in_order(site)
    route_map(site, "platform-public-service-ipv4-in").clear()
    next(item for item in site.plan["pools"] if item["name"] == "public-service")["communities"] = [planned]
    carry(site, *shown)
    for path in site.routes[SERVICE]:
        del path["metric"]
        path["locPrf"] = preference
    assert site.texts() == []
