# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of a router that win over what leads to the pools' addresses."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import verify
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.winning import prefixes_to_read
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Fault, Faults, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import SERVICE, best, path, route
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_neighbors import nas, two_sites

FAULTS = Faults(prepare=nas)
NAS = "10.121.0.66"


def add(site: LiveSite, prefix: str, protocol: str) -> None:
    """Let the router have a route beside its others."""
    site.router["best"]["ipv4"][prefix] = best(protocol)


def nas_sends(site: LiveSite, prefix: str) -> None:
    """Let the planned neighbor announce a prefix that its import lets in, and the router use it."""
    lists = site.plan["routers"]["udm-pro"]["frr"]["prefix_lists"]
    planned = next(item for item in lists if item["name"] == "nas-ipv4")
    planned["entries"].append({"seq": 10, "action": "permit", "prefix": "0.0.0.0/0", "ge": None, "le": 32})
    site.routes[prefix] = [{**path(NAS), "bestpath": True}]
    site.kernel[prefix] = route(NAS)
    add(site, prefix, "bgp")


WINS = (
    "EDGE905 udm-pro prefix {prefix}: the router's route to it ({source}) wins over what leads to {taken} (packets go where"
    " that route leads, whoever made it: vtysh -c 'show ip route {prefix}'. Take it away, narrow the import of the neighbor"
    " that sends it (edge_router_neighbors), or take the addresses out of the pool (exclude))"
)
AFFINE = "10.122.0.171 (platform affine/affine-svc-lb)"


@FAULTS.finds(WINS.format(prefix="10.122.0.168/29", source="static", taken=AFFINE))
def static_route_inside_a_pool_on_l2(site: LiveSite) -> None:
    add(site, "10.122.0.168/29", "static")


@FAULTS.finds(WINS.format(prefix="10.122.0.128/25", source="kernel", taken=(
    f"{AFFINE}, 10.122.0.129 (platform ingress-nginx-private/ingress-nginx-controller)"
)))  # fmt: skip
def route_around_two_pools_on_l2(site: LiveSite) -> None:
    add(site, "10.122.0.128/25", "kernel")


@FAULTS.finds(WINS.format(prefix="10.122.0.171/32", source=f"bgp, from {NAS}", taken=AFFINE))
def route_of_a_planned_neighbor_to_an_address_on_l2(site: LiveSite) -> None:
    nas_sends(site, "10.122.0.171/32")


@FAULTS.finds(
    WINS.format(prefix="10.122.0.165/32", source="static", taken="addresses of the pool platform private-service")
)
def route_to_an_address_that_no_service_holds_yet(site: LiveSite) -> None:
    add(site, "10.122.0.165/32", "static")


@FAULTS.finds(WINS.format(
    prefix=SERVICE, source="static", taken="addresses of the pool platform public-service"
))  # fmt: skip
def route_to_an_address_by_bgp_that_no_service_holds_yet(site: LiveSite) -> None:
    service = site.service("dummy-service")
    site.resources["Service"].remove(service)
    site.plan["services"] = [item for item in site.plan["services"] if item["name"] != "dummy-service"]
    del site.routes[SERVICE], site.kernel[SERVICE]
    for node in ("node02", "node03"):
        site.peer(node, 1)["routeCount"][0]["advertised"] = 0
    add(site, SERVICE, "static")


@FAULTS.finds()
def routes_that_are_shorter_than_the_cluster_s(site: LiveSite) -> None:
    add(site, "203.0.113.88/29", "static")  # a blackhole around the pools, against loops over the default route
    add(site, "10.122.0.0/16", "static")
    add(site, "0.0.0.0/0", "kernel")


@FAULTS.finds()
def routes_beside_the_pools(site: LiveSite) -> None:
    add(site, "10.122.0.200/32", "kernel")
    nas_sends(site, "192.0.2.128/25")


@FAULTS.finds()
def a_route_that_the_kernel_does_not_have(site: LiveSite) -> None:
    site.router["best"]["ipv4"]["10.122.0.171/32"] = [{"protocol": "static"}]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()


def test_route_to_one_address_of_an_aggregate_wins() -> None:
    site = LiveSite()
    pool = next(item for item in site.plan["pools"] if item["name"] == "public-service")
    pool["aggregate"] = {"ipv4": 29}
    whole = "203.0.113.88/29"
    site.service("dummy-service")["spec"]["externalTrafficPolicy"] = "Cluster"
    nodes = [f"10.122.0.{last}" for last in (11, 12, 13)]
    for table in (site.routes, site.kernel, site.router["best"]["ipv4"]):
        del table[SERVICE]
    site.routes[whole], site.kernel[whole] = [path(node, "65002") for node in nodes], route(*nodes)
    site.peer("node01", 1)["routeCount"][0]["advertised"] = 1
    add(site, whole, "bgp")
    nas(site)
    assert site.codes() == ["EDGE868"]
    nas_sends(site, SERVICE)
    assert sorted(site.codes()) == ["EDGE868", "EDGE905"]
    assert whole in prefixes_to_read(site.plan, "udm-pro")


def test_service_of_the_other_end_of_a_link_is_no_stranger() -> None:
    plan, observed = two_sites()
    for seen in observed["routers"].values():
        seen["best"]["ipv4"] = {prefix: best("bgp") for prefix in seen["routes"]["ipv4"]}
    assert verify(plan, observed).findings == []


def test_prefixes_are_read_that_hold_every_pool_and_each_network_of_l2() -> None:
    assert prefixes_to_read(LiveSite().plan, "udm-pro") == ["10.122.0.0/24", "203.0.113.93/32", "203.0.113.94/32"]


def test_routes_that_were_not_read_are_told() -> None:
    site = LiveSite()
    del site.router["best"]
    assert site.texts() == []
    (row,) = [row for row in site.rows("nothing_else") if "to the pools" in row[0]]
    assert row[2:] == ("not known: its other routes were not read", "unknown")
