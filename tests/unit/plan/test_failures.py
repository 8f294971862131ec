# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a failure lasts, as the plan says it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.text import plan_text
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import good

SITE = """
all:
  vars:
    edge_router_frr_version: "10.3"
    edge_networks:
      lan: {cidr: 10.0.0.0/24, interfaces: [eth0]}
    edge_peerings:
      k8s: {network: lan, graceful_restart: 15, timers: {hold: 9, keepalive: 3, connect_retry: 5}}
    edge_pools:
      routed: {addresses: [10.9.0.0/28], bgp: k8s}
      local: {addresses: [10.0.0.240/29], l2: lan}
  children:
    edge_routers: {hosts: {gw: {edge_router_asn: 64512, edge_addresses: {lan: 10.0.0.1}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64513, edge_cilium_version: "1.20.2", edge_default_pool: routed}}}
    edge_nodes:
      hosts:
        n1: {edge_addresses: {lan: 10.0.0.11}}
        n2: {edge_addresses: {lan: 10.0.0.12}}
"""
ONE_NODE = SITE.replace("        n2: {edge_addresses: {lan: 10.0.0.12}}\n", "")


def lasts(text: str) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return pool and failure -> least, most, nodes, and within which time it must be back."""
    return {
        (item["pool"], item["failure"]): (item["least"], item["most"], item["nodes"], item["back_within"])
        for item in good(text)["failures"]
        if item["traffic_policy"] == "Cluster"
    }


CASES = {
    "a node, RFC 8538 at both ends": (SITE, ("routed", "node"), (21, 24, 2, None)),
    "a node, a router that knows no RFC 8538": (
        SITE.replace('"10.3"', '"7.5"'), ("routed", "node"), (6, 9, 2, None),
    ),
    "a node, no graceful restart": (
        SITE.replace("graceful_restart: 15", "graceful_restart: 0"), ("routed", "node"), (6, 9, 2, None),
    ),
    "the only node": (ONE_NODE, ("routed", "node"), (21, 24, 1, None)),
    "an agent of several": (SITE, ("routed", "agent"), (0, 0, 2, 15)),
    "the only agent": (ONE_NODE, ("routed", "agent"), (0, None, 1, 15)),
    "FRR": (SITE, ("routed", "frr"), (0, 18, 1, None)),
    "a lease": (SITE, ("local", "node"), (13, 23.8, 1, None)),
    "a lease of other timings": (
        SITE.replace("home: {", "home: {edge_l2_lease: {duration: 3, renew: 2, retry: 0.5}, "),
        ("local", "node"), (2.5, 5.2, 1, None),
    ),
    "the only node of a lease": (ONE_NODE, ("local", "node"), (0, None, 1, None)),
    "an agent that holds a lease": (SITE, ("local", "agent"), (0, 0, 1, 15)),
}  # fmt: skip


@pytest.mark.parametrize(("text", "failure", "expected"), CASES.values(), ids=CASES)
def test_how_long_it_lasts(text: str, failure: tuple[str, str], expected: tuple[Any, ...]) -> None:
    assert lasts(text)[failure] == pytest.approx(expected)


def test_a_session_that_is_shut_down_and_a_router_that_does_not_route_l2() -> None:
    assert ("local", "frr") not in lasts(SITE)
    assert not [pool for pool, _failure in lasts(SITE.replace("k8s: {", "k8s: {shutdown: true, ")) if pool == "routed"]


def shown(text: str) -> list[list[str]]:
    """Return the rows of the plan's table, cell by cell."""
    lines = plan_text(good(text)).splitlines()
    begin = lines.index("How long a failure lasts")
    rows = lines[begin + 3 : lines.index("", begin)]
    return [[cell for cell in row.strip().split("  ") if cell] for row in rows]


def test_the_plan_shows_it() -> None:
    assert [[cell.strip() for cell in row] for row in shown(SITE)] == [
        ["local", "any", "L2 lan", "all for 13 to 23.8 s", "nothing", "nothing"],
        ["routed", "any", "BGP k8s (gw)", "1 in 2 connections for 21 to 24 s", "nothing", "all for 0 to 18 s"],
    ]
    assert [[cell.strip() for cell in row] for row in shown(ONE_NODE)] == [
        ["local", "any", "L2 lan", "all until it is back", "all after 15 s, until it is back", "nothing"],
        [
            "routed",
            "any",
            "BGP k8s (gw)",
            "all for 21 to 24 s",
            "all after 15 s, until it is back",
            "all for 0 to 18 s",
        ],
    ]


SERVICES = SITE.replace(
    "    edge_pools:\n",
    """    edge_services:
      web/all: {pool: routed, ports: [{port: 80}], selector: {app: web}}
      web/near: {pool: routed, ports: [{port: 80}], selector: {app: web}, traffic_policy: Local}
      web/lan: {pool: local, ports: [{port: 80}], selector: {app: web}}
    edge_pools:
""",
)


def test_each_service_has_the_numbers_of_its_traffic_policy() -> None:
    found = {
        (item["failure"], *item["services"]): (item["traffic_policy"], item["nodes"], item["least"], item["most"])
        for item in good(SERVICES)["failures"]
        if item["pool"] == "routed"
    }
    assert found == {
        ("node", "web/all"): ("Cluster", 2, 21, 24),
        ("agent", "web/all"): ("Cluster", 2, 0, 0),
        ("frr", "web/all"): ("Cluster", 1, 0, 18),
        ("node", "web/near"): ("Local", None, 21, 24),
        # Without another node that has an endpoint its routes go after the restart time.
        ("agent", "web/near"): ("Local", None, 0, None),
        ("frr", "web/near"): ("Local", 1, 0, 18),
    }


def test_the_plan_shows_each_service() -> None:
    node = "1 in {} connections for 21 to 24 s"
    rest = "nothing; with e = 1 all after 15 s, until it is back"
    assert [[cell.strip() for cell in row] for row in shown(SERVICES)] == [
        ["local", "web/lan", "L2 lan", "all for 13 to 23.8 s", "nothing", "nothing"],
        ["routed", "web/all", "BGP k8s (gw)", node.format(2), "nothing", "all for 0 to 18 s"],
        ["routed", "web/near", "BGP k8s (gw)", node.format("e"), rest, "all for 0 to 18 s"],
        ["e: the nodes with a ready endpoint of the service (traffic policy Local); 1 in 1 is all"],
    ]


def test_a_local_service_of_the_only_node_is_like_every_other() -> None:
    alone = SERVICES.replace("        n2: {edge_addresses: {lan: 10.0.0.12}}\n", "")
    rows = [item for item in good(alone)["failures"] if item["services"] == ["web/near"]]
    assert [(item["nodes"], item["most"]) for item in rows] == [(1, 24), (1, None), (1, 18)]
    assert [[cell.strip() for cell in row[:2]] for row in shown(alone)] == [
        ["local", "web/lan"],
        ["routed", "web/all, web/near"],
    ]


def test_a_row_without_planned_services_says_whose_it_is() -> None:
    """`any` beside a row of the pool's only service, which has other numbers, was read as this service's too."""
    only = "      web/all: {pool: routed, ports: [{port: 80}], selector: {app: web}}\n"
    more = SERVICES.replace(only, "").replace(
        "local: {addr", "more: {addresses: [10.9.1.0/28], bgp: k8s}\n      local: {addr"
    )
    assert [[cell.strip() for cell in row[:2]] for row in shown(more)[:-1]] == [
        ["local", "web/lan"],
        ["more", "any"],
        ["routed", "other"],
        ["routed", "web/near"],
    ]


def test_without_graceful_restart_the_routes_of_the_only_endpoint_go_at_once() -> None:
    (near,) = [row for row in shown(SERVICES.replace("restart: 15", "restart: 0")) if "web/near" in row[1:2]]
    assert near[4].strip() == "nothing; with e = 1 all until it is back"


def test_a_service_of_one_way_has_no_number_of_the_other() -> None:
    both = SERVICES.replace("bgp: k8s}", "bgp: k8s, l2: lan}").replace("10.9.0.0/28", "10.0.0.224/28")
    only = both.replace("web/all: {", "web/all: {class: bgp, ").replace(", traffic_policy: Local", "")
    ways = {item["way"] for item in good(only)["failures"] if "web/all" in item["services"]}
    assert ways == {"BGP k8s"}
