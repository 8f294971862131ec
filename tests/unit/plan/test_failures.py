# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a failure lasts, as the plan says it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.text import plan_text
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.platforms import PLATFORMS
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
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
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64513, edge_cilium_version: "1.20.2", edge_default_pool: routed, edge_cluster_pod_cidrs: 10.244.0.0/16}}}
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
    "the only node": (ONE_NODE, ("routed", "node"), (0, None, 1, None)),
    "an agent of several": (SITE, ("routed", "agent"), (0, 0, 2, 15)),
    "the only agent": (ONE_NODE, ("routed", "agent"), (0, None, 1, 15)),
    "FRR": (SITE, ("routed", "frr"), (0, 18, 1, None)),
    "a lease": (SITE, ("local", "node"), (13, 23.8, 1, None)),
    "a lease of other timings": (
        SITE.replace("home: {", "home: {edge_l2_lease: {duration: 3, renew: 2, retry: 0.5}, "),
        ("local", "node"), (2.5, 5.2, 1, None),
    ),
    "the only node of a lease": (ONE_NODE, ("local", "node"), (0, None, 1, None)),
    "an agent that holds a lease": (SITE, ("local", "agent"), (0, 9.8, 1, 14)),
    "an agent that holds a lease of other timings": (
        SITE.replace("home: {", "home: {edge_l2_lease: {duration: 3, renew: 2, retry: 0.5}, "),
        ("local", "agent"), (0, 3.2, 1, 2),
    ),
    "the only agent that may hold a lease": (ONE_NODE, ("local", "agent"), (0, None, 1, 14)),
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


CLIENTS = "clients: by their address; connections instead where the router has fib_multipath_hash_policy 1"
ASKS = "who asks for its MAC for 0 to 9.8 s, if it holds the lease"
MAC = "MAC: of the node; who knows it goes on sending there, and the node forwards"
ENDPOINTS = "e: the router's nodes with a ready endpoint of the service (traffic policy Local)"
ELSEWHERE = "elsewhere: at nodes of another router, which passes the routes on"


def test_the_plan_shows_it() -> None:
    assert [[cell.strip() for cell in row] for row in shown(SITE)] == [
        ["local", "any", "L2 lan", "all for 13 to 23.8 s, if it holds the lease", ASKS, "nothing"],
        ["routed", "any", "BGP k8s (gw)", "1 in 2 clients for 21 to 24 s", "nothing", "all for 0 to 18 s"],
        [CLIENTS],
        [MAC],
    ]
    assert [[cell.strip() for cell in row] for row in shown(ONE_NODE)] == [
        ["local", "any", "L2 lan", "all until it is back", "all after 14 s, until it is back", "nothing"],
        [
            "routed",
            "any",
            "BGP k8s (gw)",
            "all until it is back",
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
    node = "1 in {} clients for 21 to 24 s"
    near = f"{node.format('e')}; with e = 1 all until it is back"
    rest = "nothing; with e = 1 all after 15 s, until it is back"
    assert [[cell.strip() for cell in row] for row in shown(SERVICES)] == [
        ["local", "web/lan", "L2 lan", "all for 13 to 23.8 s, if it holds the lease", ASKS, "nothing"],
        ["routed", "web/all", "BGP k8s (gw)", node.format(2), "nothing", "all for 0 to 18 s"],
        ["routed", "web/near", "BGP k8s (gw)", near, rest, "all for 0 to 18 s"],
        [CLIENTS],
        [ENDPOINTS],
        [MAC],
    ]


def test_a_local_service_of_the_only_node_is_like_every_other() -> None:
    alone = SERVICES.replace("        n2: {edge_addresses: {lan: 10.0.0.12}}\n", "")
    rows = [item for item in good(alone)["failures"] if item["services"] == ["web/near"]]
    assert [(item["nodes"], item["most"]) for item in rows] == [(1, None), (1, None), (1, 18)]
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
    assert [[cell.strip() for cell in row[:2]] for row in shown(more) if len(row) > 1] == [
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


GATEWAY = "gw: {edge_router_asn: 64512, edge_addresses: {lan: 10.0.0.1}}"
TWO_ROUTERS = """g1: {edge_router_asn: 64512, edge_addresses: {lan: 10.0.0.1}},
      g2: {edge_router_asn: 64514, edge_addresses: {lan: 10.0.0.2}}"""
THREE_ROUTERS = f"{TWO_ROUTERS}, g3: {{edge_router_asn: 64515, edge_addresses: {{lan: 10.0.0.3}}}}"
KEYS = "network: lan, graceful_restart: 15, timers: {hold: 9, keepalive: 3, connect_retry: 5}"


def racks(nodes: int, routers: str = GATEWAY, a: str = "", b: str = "") -> str:
    """Return a site whose pool has a peering for each of two racks, all in one network.

    Args:
        nodes: how many each rack has.
        routers: the routers.
        a: further keys of the peering of rack ``a``.
        b: of the other one.
    """
    labels = "edge_node_labels: {rack: "
    hosts = [
        f"        {rack}{at}: {{edge_addresses: {{lan: 10.0.0.{first + at}}}, {labels}{rack}}}}}"
        for rack, first in (("a", 10), ("b", 20))
        for at in range(1, nodes + 1)
    ]
    peerings = f"      a: {{{KEYS}, nodes: rack=a{a}}}\n      b: {{{KEYS}, nodes: rack=b{b}}}\n"
    head, _nodes, _rest = SITE.partition("        n1:")
    text = head.replace(f"      k8s: {{{KEYS}}}\n", peerings).replace("bgp: k8s", "bgp: [a, b]")
    return text.replace(GATEWAY, routers) + "\n".join(hosts) + "\n"


PASSES = "export: {pools: routed}, import: {pools: routed}"


def linked(text: str, g1: str = PASSES, g2: str = PASSES, more: str = "") -> str:
    """Return a site with a link between its routers ``g1`` and ``g2``; ``more``: further keys and links."""
    links = f"    edge_links: {{between: {{ends: {{g1: {{{g1}}}, g2: {{{g2}}}}}}}{more}}}\n"
    return text.replace("    edge_peerings:\n", f"{links}    edge_peerings:\n")


def near(text: str) -> str:
    """Return a site with a service of traffic policy Local in the pool ``routed``."""
    service = "{pool: routed, ports: [{port: 80}], selector: {app: web}, traffic_policy: Local}"
    return text.replace("    edge_pools:\n", f"    edge_services: {{web/near: {service}}}\n    edge_pools:\n")


def costs(text: str) -> dict[tuple[str, str], list[str]]:
    """Return way and services -> what the death of a node and of an agent costs there, of the pool ``routed``."""
    rows = [[cell.strip() for cell in row] for row in shown(text)]
    return {(row[2], row[1]): row[3:5] for row in rows if row[0] == "routed"}


def each_its_own(nodes: int, routers: str = TWO_ROUTERS, other: str = "g2") -> str:
    """Return a site in which each rack peers with a router of its own."""
    return racks(nodes, routers, ", routers: g1", f", routers: {other}")


BACK = "all until it is back"
ALONE = [BACK, "all after 15 s, until it is back"]
ALL = ["all for 21 to 24 s", "nothing"]
NO_COST = ["nothing", "nothing"]


def one_in(number: int) -> list[str]:
    """Return what a node costs of which each is in use."""
    return [f"1 in {number} clients for 21 to 24 s", "nothing"]


def limited(paths: int) -> str:
    """Return the gateway with so many next hops of a route at most."""
    return GATEWAY.replace("}}", f"}}, edge_router_maximum_paths: {paths}}}")


BACKUP = ", import: {local_preference: 200}"
CHAIN = f", more: {{ends: {{g2: {{{PASSES}}}, g3: {{{PASSES}}}}}}}"
WAYS = {
    # All of a pool's nodes at a router are next hops of one route, by whichever peering they announce it.
    "two peerings of one node": (racks(1), one_in(2), one_in(2)),
    "two peerings of three nodes": (racks(3), one_in(6), one_in(6)),
    "two peerings, one shut down": (racks(2, b=", shutdown: true"), one_in(2), None),
    "two peerings, one a backup by preference": (racks(2, a=BACKUP), one_in(2), NO_COST),
    "two peerings of one node, one a backup": (racks(1, a=BACKUP), ALL, NO_COST),
    "two peerings, one a backup by MED": (racks(2, a=", import: {med: 20}"), NO_COST, one_in(2)),
    # Not all next hops are used.
    "one next hop": (racks(2, limited(1)), *[["all for 21 to 24 s, if it is the one in use", "nothing"]] * 2),
    "fewer next hops": (
        racks(2, limited(3)), *[["1 in 3 clients for 21 to 24 s, if it is one of the 3 in use", "nothing"]] * 2,
    ),
    "as many next hops": (racks(2, limited(4)), one_in(4), one_in(4)),
    "more next hops": (racks(2, limited(64)), one_in(4), one_in(4)),
    "one next hop, and a backup": (
        racks(2, limited(1), BACKUP), ["all for 21 to 24 s, if it is the one in use", "nothing"], NO_COST,
    ),
    "next hops for each of the best, and a backup": (racks(2, limited(2), BACKUP), one_in(2), NO_COST),
    "too few next hops for the best, and a backup": (
        racks(3, limited(2), BACKUP),
        ["1 in 2 clients for 21 to 24 s, if it is one of the 2 in use", "nothing"], NO_COST,
    ),
    # A client reaches what its router reaches.
    "two routers, both with all nodes": (racks(2, TWO_ROUTERS), one_in(4), one_in(4)),
    "two routers, each with its own node": (each_its_own(1), ALONE, ALONE),
    "two routers, each with its own nodes": (each_its_own(2), one_in(2), one_in(2)),
    "two routers and a link": (linked(each_its_own(1)), ALL, ALL),
    "two routers of one AS and a link": (linked(each_its_own(1).replace("64514", "64512")), ALL, ALL),
    "a link one way": (linked(each_its_own(1), "", "export: {pools: routed}"), ALL, ALONE),
    "a link that is shut down": (linked(each_its_own(1)).replace("{ends:", "{shutdown: true, ends:"), ALONE, ALONE),
    "a link without what its import asks for": (
        linked(each_its_own(1), PASSES.replace("import: {", "import: {communities: '64512:7', ")), ALONE, ALL,
    ),
    "a link with what its import asks for": (
        linked(
            each_its_own(1),
            PASSES.replace("import: {", "import: {communities: '64512:7', "),
            PASSES.replace("export: {", "export: {communities: '64512:7', "),
        ),
        ALL, ALL,
    ),
    "a link for another pool": (
        linked(each_its_own(1), *[PASSES.replace("routed", "more")] * 2).replace(
            "      local: {", "      more: {addresses: [10.9.1.0/28], bgp: [a, b]}\n      local: {"
        ),
        ALONE, ALONE,
    ),
    "a link that sends what the other end refuses": (
        linked(each_its_own(1), PASSES.replace("import: {pools: routed}", "import: {prefixes: 172.16.0.0/24}")),
        ALONE, ALL,
    ),
    "a link that takes what the other end does not send": (
        linked(each_its_own(1), "import: {pools: routed}", "export: {networks: lan}"), ALONE, ALONE,
    ),
    "two routers, one of them absent": (
        racks(2, TWO_ROUTERS.replace("64514, ", "64514, edge_state: absent, ")), one_in(4), one_in(4),
    ),
    "two links": (linked(each_its_own(1, THREE_ROUTERS, "g3"), more=CHAIN), ALL, ALL),
}  # fmt: skip


@pytest.mark.parametrize(("text", "a", "b"), WAYS.values(), ids=WAYS)
def test_which_part_of_the_clients_a_node_costs(text: str, a: list[str], b: list[str] | None) -> None:
    found = costs(text)
    by_peering = {
        peering: [cost for (way, _who), cost in found.items() if way.startswith(f"BGP {peering} (")] for peering in "ab"
    }
    # Two routers with the same nodes have a row each, with the same numbers.
    assert all(cost == a for cost in by_peering["a"])
    assert all(cost == b for cost in by_peering["b"])
    assert by_peering["a"]
    assert bool(by_peering["b"]) == (b is not None)


def local(lost: str, condition: str) -> list[str]:
    """Return what a node costs a service of traffic policy Local, of which another node may have no endpoint."""
    return [
        f"{lost} for 21 to 24 s; with {condition} all until it is back",
        f"nothing; with {condition} all after 15 s, until it is back",
    ]


ONE_USED = ["all for 21 to 24 s, if it is the one in use; with e = 1 all until it is back", local("", "e = 1")[1]]
SOME_USED = ["1 in min(e, 2) clients for 21 to 24 s, if it is in use; with e = 1 all until it is back", ONE_USED[1]]
LOCAL = {
    "several nodes": (near(racks(1)), local("1 in e clients", "e = 1")),
    "the backup, which may have the only endpoints": (near(racks(2, b=", import: {local_preference: 50}")), local("1 in e clients", "e = 1")),
    "one next hop": (near(racks(1, limited(1))), ONE_USED),
    "fewer next hops": (near(racks(2, limited(2))), SOME_USED),
    "the only node of its router": (near(each_its_own(1)), ALONE),
    "the only node of its router, and a link": (near(linked(each_its_own(1))), local("all", "no endpoint elsewhere")),
    "two nodes, and a link": (
        near(linked(each_its_own(2))), local("1 in e clients", "e = 1 and no endpoint elsewhere"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), LOCAL.values(), ids=LOCAL)
def test_what_a_node_costs_a_service_that_is_local(text: str, expected: list[str]) -> None:
    found = [cost for (_way, who), cost in costs(text).items() if who == "web/near"]
    assert found == [expected, expected]


def test_words_in_the_table_are_explained_below_it() -> None:
    notes = [row[0].strip() for row in shown(near(linked(each_its_own(2)))) if len(row) == 1]
    assert notes == [CLIENTS, ENDPOINTS, ELSEWHERE, MAC]
    assert [row for row in shown(ONE_NODE) if len(row) == 1] == []


def test_a_router_chooses_by_address_on_each_platform() -> None:
    """The table says `clients`: where a platform hashes ports by default too, it must say `connections`."""
    assert {platform.hash_policy for platform in PLATFORMS.values()} == {"0"}


def test_a_node_with_two_sessions_is_one_node_and_gone_when_both_have_ended() -> None:
    site = SITE.replace("      lan: {", "      more: {cidr: 10.0.8.0/24}\n      lan: {").replace(
        "bgp: k8s", "bgp: [k8s, slow]"
    )
    for address in ("0.1", "0.11", "0.12"):
        site = site.replace(f"{{lan: 10.0.{address}}}", f"{{lan: 10.0.{address}, more: 10.0.8{address[1:]}}}")
    two = site.replace(
        "      k8s: {",
        "      slow: {network: more, graceful_restart: 0, timers: {hold: 30, keepalive: 10}}\n      k8s: {",
    )
    gone = "1 in 2 clients for 20 to 30 s"
    assert costs(two) == {("BGP k8s (gw)", "any"): [gone, "nothing"], ("BGP slow (gw)", "any"): [gone, "nothing"]}
    # Two of four next hops may be those of one node.
    one = two.replace("64512, edge", "64512, edge_router_maximum_paths: 2, edge")
    assert {tuple(cost) for cost in costs(one).values()} == {("all for 20 to 30 s, if it is the one in use", "nothing")}


def test_a_backup_takes_no_next_hop_of_the_best() -> None:
    """Only equal routes count for maximum-paths: three best ones are all in use, whatever two sessions a backup has."""
    for_local = racks(3, limited(4), BACKUP).replace("      lan: {", "      more: {cidr: 10.0.8.0/24}\n      lan: {")
    second = f"      b2: {{{KEYS.replace('network: lan', 'network: more')}, nodes: rack=b}}\n"
    text = for_local.replace("      b: {", f"{second}      b: {{").replace("bgp: [a, b]", "bgp: [a, b, b2]")
    for last in (1, 21, 22, 23):
        text = text.replace(f"{{lan: 10.0.0.{last}}}", f"{{lan: 10.0.0.{last}, more: 10.0.8.{last}}}")
    assert costs(text) == {
        ("BGP a (gw)", "any"): one_in(3), ("BGP b (gw)", "any"): NO_COST, ("BGP b2 (gw)", "any"): NO_COST,
    }  # fmt: skip
    # Endpoints may be on the nodes of the backup alone, with two next hops each.
    assert {tuple(cost) for (_way, who), cost in costs(near(text)).items() if who == "web/near"} == {tuple(SOME_USED)}


DUAL_STACK = (
    racks(1, "gw: {edge_router_asn: 64512, edge_addresses: {lan: [10.0.0.1, 'fd00::1']}}")
    .replace("{cidr: 10.0.0.0/24,", "{cidr: [10.0.0.0/24, 'fd00::/64'],")
    .replace("[10.9.0.0/28]", "[10.9.0.0/28, 'fd00:9::/112']")
    .replace("lan: 10.0.0.21", "lan: [10.0.0.21, 'fd00::21']")
    .replace("edge_cluster_pod_cidrs: 10.244.0.0/16", "edge_cluster_pod_cidrs: [10.8.0.0/16, 'fd00:8::/56']")
)


def test_families_have_next_hops_of_their_own() -> None:
    """Over IPv6 the router hears from one node alone: the other one's IPv4 does not stand in for it."""
    assert costs(DUAL_STACK) == {("BGP a (gw)", "any"): one_in(2), ("BGP b (gw)", "any"): ALONE}


@pytest.mark.parametrize("paths", [None, 1, 2, 3, 4, 5, 9], ids=lambda paths: f"{paths} next hops")
@pytest.mark.parametrize("nodes", [1, 2, 3, 4])
def test_never_fewer_are_lost_than_one_node_has(nodes: int, paths: int | None) -> None:
    text = near(racks(nodes, GATEWAY if paths is None else limited(paths)))
    for item in good(text)["failures"]:
        if item["failure"] != "frr" and item["router"]:
            used = min(2 * nodes, paths or 2 * nodes)
            known = item["traffic_policy"] == "Cluster" or used == 1
            assert (item["nodes"], item["in_use"]) == (used if known else None, used if used < 2 * nodes else None)


def test_only_one_node_has_a_lease() -> None:
    rows = {item["failure"]: item["in_use"] for item in good(SITE)["failures"] if item["way"] == "L2 lan"}
    assert rows == {"node": 1, "agent": 1}
    rows = {item["failure"]: item["in_use"] for item in good(ONE_NODE)["failures"] if item["way"] == "L2 lan"}
    assert rows == {"node": None, "agent": None}


def test_other_routers_are_named() -> None:
    found = {
        (item["router"], item["failure"]): item["over_links"]
        for item in good(linked(each_its_own(1)))["failures"]
        if item["router"]
    }
    assert found == {
        ("g1", "node"): ["g2"], ("g1", "agent"): ["g2"], ("g1", "frr"): [],
        ("g2", "node"): ["g1"], ("g2", "agent"): ["g1"], ("g2", "frr"): [],
    }  # fmt: skip


PAGE = """
all:
  vars:
    edge_networks:
      private: {cidr: 10.0.0.0/24, interfaces: [eth0]}
    edge_peerings: {k8s: {network: private, timers: {hold: 9, keepalive: 3, connect_retry: 5}, graceful_restart: 15}}
    edge_default_pool: public
    edge_pools:
      public: {addresses: 10.9.0.0/28, bgp: k8s}
      private: {addresses: 10.0.0.240/29, l2: private}
    edge_services:
      media/tv: {pool: private, ports: [{port: 80}], selector: {app: tv}}
      web/front: {ports: [{port: 80}], selector: {app: front}}
      games/mine: {ports: [{port: 25565}], selector: {app: mine}, traffic_policy: Local}
  children:
    edge_routers: {hosts: {udm: {edge_router_asn: 64512, edge_addresses: {private: 10.0.0.1}}}}
    edge_clusters:
      hosts: {home: {edge_cluster_asn: 64513, edge_cilium_version: "1.20.2", edge_cluster_pod_cidrs: 10.244.0.0/16}}
    edge_nodes:
      hosts:
        n1: {edge_addresses: {private: 10.0.0.11}}
        n2: {edge_addresses: {private: 10.0.0.12}}
        n3: {edge_addresses: {private: 10.0.0.13}}
"""


def test_the_page_shows_what_the_plan_prints() -> None:
    lines = plan_text(good(PAGE)).splitlines()
    begin = lines.index("How long a failure lasts")
    shown_text = "\n".join(lines[begin : lines.index("", begin)])
    assert f"```text\n{shown_text}\n```" in (CHECKOUT / "docs/failures.md").read_text("utf-8")


def test_an_absent_router_has_no_row() -> None:
    text = racks(2, TWO_ROUTERS.replace("64514, ", "64514, edge_state: absent, "))
    assert {item["router"] for item in good(text)["failures"]} == {"g1", None}


def test_a_pool_of_two_ways_has_both() -> None:
    both = SITE.replace("bgp: k8s}", "bgp: k8s, l2: lan}").replace("10.9.0.0/28", "10.0.0.224/28")
    assert [[cell.strip() for cell in row[:3]] for row in shown(both)[:2]] == [
        ["local, routed", "any", "L2 lan"],
        ["routed", "any", "BGP k8s (gw)"],
    ]
