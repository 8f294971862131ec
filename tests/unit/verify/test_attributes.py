# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Communities, local preference and MED: what the plan puts on routes, against what the router shows."""

from __future__ import annotations

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


def in_order(site: LiveSite) -> None:
    """Let the plan set attributes on routes of each kind, and the site have them."""
    nas(site)
    pool = next(item for item in site.plan["pools"] if item["name"] == "public-service")
    pool["communities"], pool["local_preference"] = ["65001:100", "65535:65281"], 300
    route_map(site, "platform-public-service-ipv4-in").update(local_preference=200, metric=7)
    route_map(site, "nas-ipv4-in").update(local_preference=80, large_communities=["65000:1:2"], communities=[])
    route_map(site, "nas-ipv4-out").update(communities=["65000:66"], large_communities=[], metric=50)
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
    sent = {"metric": 50, "community": {"string": "65000:66 no-export"}}
    site.router["advertised"]["ipv4"]["10.121.0.66"] = {"advertisedRoutes": {SENT: {"paths": [sent]}}}


FAULTS = Faults(prepare=in_order)


def test_site_in_good_order_has_a_row_for_each_route_on_which_something_is_set() -> None:
    site = LiveSite()
    in_order(site)
    assert site.texts() == []
    cluster = "communities 65001:100 no-export, local preference 200, MED 7"
    assert site.rows("attributes") == [
        ("udm-pro from nas", *["communities 65000:1:2, local preference 80"] * 2, "ok"),
        ("udm-pro to nas", *["communities 65000:66, MED 50"] * 2, "ok"),
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
    site.router["advertised"]["ipv4"]["10.121.0.66"] = {"advertisedRoutes": {SENT: {"metric": 0}}}


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


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()


def test_communities_that_were_not_read_count_as_planned() -> None:
    site = LiveSite()
    in_order(site)
    del site.router["details"]
    site.router["advertised"]["ipv4"]["10.121.0.66"] = {"advertisedRoutes": {SENT: {"metric": 50}}}
    assert site.texts() == []


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


def test_preference_of_a_pool_counts_within_one_as_alone() -> None:
    site = LiveSite()
    pool = next(item for item in site.plan["pools"] if item["name"] == "public-service")
    pool["local_preference"] = 300
    assert site.texts() == []
    for session in site.plan["sessions"]:
        session["node_asn"] = session["router_asn"]
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
