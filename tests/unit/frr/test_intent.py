# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router must hold, from the resolved site."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.families import Family
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.intervals import Interval
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._frr.intent import frr_intent
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.prefix_rules import merge_rules, pool_rules
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import (
    Cluster,
    Peering,
    Pool,
    Router,
    Session,
    SessionKeys,
    Site,
    Timers,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import rendered
from ansible_collections.hybridnet.cluster_edge.tests.support.resolved import made, replace

KEYS = made(SessionKeys, Timers(30, 10, 5), 15)
ROUTER = made(Router, "udm", 65000, "10.121.0.1", "unifi", "10.1", {})


def interval(first: str, last: str | None = None) -> Interval:
    low, high = ipaddress.ip_address(first), ipaddress.ip_address(last or first)
    return Interval(Family(low.version), int(low), int(high))


def session(number: int, peering: str = "ingress", family: str = "ipv4", **changes: Any) -> Session:
    net = "10.121.0." if family == "ipv4" else "fd00:121::"
    suffix = "" if family == "ipv4" else "-v6"
    given = made(
        Session,
        cluster="k8s", peering=peering, node=f"node{number}", node_address=f"{net}{number}", node_asn=65001, router="udm",
        router_address=f"{net}1", router_asn=65000, family=family, families=(family,), keys=KEYS,
        peer_group=f"k8s-{peering}{suffix}", cluster_config="all", instance="as65001", peer=f"{peering}-udm{suffix}",
        peer_config=f"{peering}{suffix}",
    )  # fmt: skip
    return replace(given, **changes)


def pool(*intervals: Interval, bgp: tuple[str, ...] = ("ingress",), name: str = "p") -> Pool:
    return made(Pool, name, (), (), tuple(intervals), bgp, ())


def peering(name: str, pools: tuple[Pool, ...], sessions: tuple[Session, ...]) -> Peering:
    """Return a peering that accepts its pools."""
    own = [item for item in sessions if item.peering == name]
    return made(
        Peering,
        name=name,
        networks=("public",),
        nodes=None,
        node_hosts=tuple(item.node for item in own),
        routers=("udm",),
        asn=own[0].node_asn,
        keys=own[0].keys,
        families=own[0].families,
        filter=merge_rules(rule for item in pools if name in item.bgp for rule in pool_rules(item)),
    )


def intent(pools: tuple[Pool, ...], sessions: tuple[Session, ...]) -> dict[str, Any]:
    peerings = tuple(peering(name, pools, sessions) for name in sorted({item.peering for item in sessions}))
    cluster = made(Cluster, "k8s", "1.19.6", None, "label", (), peerings, pools, (), sessions)
    return frr_intent(made(Site, "s", (), (ROUTER,), (cluster,)), ROUTER)


def prefixes(result: dict[str, Any]) -> dict[str, list[str]]:
    return {
        entries["name"]: [f"{e['prefix']} ge {e['ge']}" if e["ge"] else e["prefix"] for e in entries["entries"]]
        for entries in result["prefix_lists"]
    }


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        pytest.param((interval("203.0.113.93"),), ["203.0.113.93/32"], id="one address needs no ge"),
        pytest.param((interval("203.0.113.88", "203.0.113.95"),), ["203.0.113.88/29 ge 32"], id="a CIDR"),
        pytest.param(
            (interval("203.0.113.89", "203.0.113.94"),),
            ["203.0.113.89/32", "203.0.113.90/31 ge 32", "203.0.113.92/31 ge 32", "203.0.113.94/32"],
            id="a range: the fewest CIDRs that cover it exactly",
        ),
        pytest.param(
            (interval("10.0.0.0", "10.0.0.3"), interval("10.0.0.4", "10.0.0.7")),
            ["10.0.0.0/29 ge 32"],
            id="neighbors merge",
        ),
        pytest.param(
            (interval("10.0.0.0", "10.0.0.1"), interval("10.0.0.3")),
            ["10.0.0.0/31 ge 32", "10.0.0.3/32"],
            id="with a hole",
        ),
        pytest.param((interval("0.0.0.0", "255.255.255.255"),), ["0.0.0.0/0 ge 32"], id="all of IPv4"),
    ],
)
def test_the_filter_is_exactly_the_pools(intervals: tuple[Interval, ...], expected: list[str]) -> None:
    assert prefixes(intent((pool(*intervals),), (session(11),))) == {"k8s-ingress-ipv4": expected}


def test_two_pools_of_one_peering_share_its_filter_and_another_peerings_stay_out() -> None:
    pools = (
        pool(interval("10.0.0.0"), name="a"),
        pool(interval("10.0.0.2"), name="b"),
        pool(interval("10.0.0.9"), name="c", bgp=("service",)),
    )
    result = intent(pools, (session(11), session(11, "service")))
    assert prefixes(result) == {"k8s-ingress-ipv4": ["10.0.0.0/32", "10.0.0.2/32"], "k8s-service-ipv4": ["10.0.0.9/32"]}


def test_dual_stack_has_a_group_for_each_transport() -> None:
    both = (pool(interval("10.0.0.0"), interval("fd00::", "fd00::f")),)
    result = intent(both, (session(11), session(11, family="ipv6")))
    assert [(g["name"], g["transport"], list(g["families"])) for g in result["peer_groups"]] == [
        ("k8s-ingress", "ipv4", ["ipv4"]),
        ("k8s-ingress-v6", "ipv6", ["ipv6"]),
    ]
    assert prefixes(result) == {"k8s-ingress-ipv4": ["10.0.0.0/32"], "k8s-ingress-v6-ipv6": ["fd00::/124 ge 128"]}


@pytest.mark.parametrize("transport", ["ipv4", "ipv6"])
def test_one_session_may_carry_both_families(transport: str) -> None:
    both = (pool(interval("10.0.0.0"), interval("fd00::")),)
    group = intent(both, (session(11, family=transport, families=("ipv4", "ipv6")),))["peer_groups"][0]
    suffix = "" if transport == "ipv4" else "-v6"
    assert {f: p["import"] for f, p in group["families"].items()} == {
        "ipv4": f"k8s-ingress{suffix}-ipv4-in",
        "ipv6": f"k8s-ingress{suffix}-ipv6-in",
    }


def test_nothing_is_announced_to_nodes() -> None:
    result = intent((pool(interval("10.0.0.0")),), (session(11),))
    maps = {m["name"]: [(e["action"], e["match"]) for e in m["entries"]] for m in result["route_maps"]}
    assert maps == {
        "k8s-ingress-ipv4-in": [("permit", {"family": "ipv4", "prefix_list": "k8s-ingress-ipv4"})],
        "k8s-ingress-ipv4-out": [("deny", {})],
    }


@pytest.mark.parametrize(
    ("transport", "families", "expected"),
    [
        pytest.param("ipv4", ("ipv4",), {"ipv4": "ipv4"}, id="IPv4 over IPv4"),
        pytest.param("ipv6", ("ipv6",), {"ipv6": "ipv6"}, id="IPv6 over IPv6"),
        pytest.param("ipv6", ("ipv4", "ipv6"), {"ipv4": "ipv6", "ipv6": "ipv6"}, id="both over IPv6"),
        pytest.param(
            "ipv4", ("ipv4", "ipv6"), {"ipv4": "ipv4", "ipv6": None}, id="IPv6 over IPv4: FRR has none to set"
        ),
    ],
)
def test_a_node_is_the_next_hop_of_what_it_announces(
    transport: str, families: tuple[str, ...], expected: dict[str, str | None]
) -> None:
    both = (pool(interval("10.0.0.0"), interval("fd00::")),)
    maps = {
        item["name"]: item["entries"]
        for item in intent(both, (session(11, family=transport, families=families),))["route_maps"]
    }
    suffix = "" if transport == "ipv4" else "-v6"
    found = {family: maps[f"k8s-ingress{suffix}-{family}-in"] for family in families}
    assert {f: [e["set"].get("peer_next_hop") for e in entries] for f, entries in found.items()} == {
        family: [of] for family, of in expected.items()
    }


def test_without_a_pool_nothing_is_accepted() -> None:
    result = intent((), (session(11),))
    assert result["prefix_lists"] == []
    assert [(e["action"], e["match"]) for e in result["route_maps"][0]["entries"]] == [("deny", {})]


@pytest.mark.parametrize(
    ("intervals", "limit"),
    [
        pytest.param((interval("10.0.0.0"),), 11, id="one address"),
        pytest.param((interval("10.0.0.0", "10.0.0.255"),), 266, id="a /24"),
        pytest.param((interval("10.0.0.0", "10.255.255.255"),), 10_000, id="a /8 is clamped"),
        pytest.param((), 10, id="no address"),
    ],
)
def test_the_limit_is_the_capacity_plus_room_and_counts_no_other_nodes_routes(
    intervals: tuple[Interval, ...], limit: int
) -> None:
    policy = intent((pool(*intervals),), (session(11),))["peer_groups"][0]["families"]["ipv4"]
    assert policy["maximum_prefix"] == {"limit": limit, "threshold": 90, "restart": 5, "force": False}
    assert policy["soft_reconfiguration"] is False


def test_a_v6_pool_costs_what_a_small_one_does() -> None:
    wide = interval("fd00::", "fd00::ffff:ffff:ffff:ffff")
    policy = intent((pool(wide),), (session(11, family="ipv6"),))["peer_groups"][0]["families"]["ipv6"]
    assert policy["maximum_prefix"]["limit"] == 10_000


def test_neighbors_stand_in_the_order_of_their_addresses() -> None:
    sessions = tuple(session(n) for n in (100, 9, 11))
    assert [n["address"] for n in intent((), sessions)["peer_groups"][0]["neighbors"]] == [
        "10.121.0.9",
        "10.121.0.11",
        "10.121.0.100",
    ]


def test_racks_have_the_as_on_the_neighbor_and_relax_ecmp() -> None:
    result = intent((pool(interval("10.0.0.0")),), (session(11, node_asn=65101), session(12, node_asn=65102)))
    assert result["multipath_relax"] is True
    assert result["peer_groups"][0]["remote_as"] is None
    assert [n["remote_as"] for n in result["peer_groups"][0]["neighbors"]] == [65101, 65102]


@pytest.mark.parametrize(
    ("bgp", "expected"),
    [
        pytest.param(("ingress",), False, id="one peering"),
        pytest.param(("ingress", "service"), True, id="two peerings of different ASNs announce it"),
    ],
)
def test_relax_only_when_one_pool_comes_from_different_ases(bgp: tuple[str, ...], expected: bool) -> None:
    result = intent((pool(interval("10.0.0.0"), bgp=bgp),), (session(11), session(11, "service", node_asn=65002)))
    assert result["multipath_relax"] is expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param({}, {"multihop": None, "ttl_security": None, "password": None}, id="defaults"),
        pytest.param({"multihop": 3}, {"multihop": 3, "ttl_security": None}, id="multihop"),
        pytest.param({"ttl_security": True}, {"multihop": None, "ttl_security": 1}, id="GTSM"),
        pytest.param(
            {"ttl_security": True, "multihop": 2}, {"multihop": None, "ttl_security": 2}, id="GTSM over two hops"
        ),
        pytest.param({"password": "ingress"}, {"password": "k8s/ingress"}, id="a password by its name"),
    ],
)
def test_session_keys(keys: dict[str, Any], expected: dict[str, Any]) -> None:
    group = intent((), (session(11, keys=replace(KEYS, **keys)),))["peer_groups"][0]
    assert {key: group[key] for key in expected} == expected
    assert group["timers"] == {"hold": 30, "keepalive": 10, "connect_retry": 5}


def test_what_belongs_to_one_session_stands_on_its_neighbor() -> None:
    keys = replace(KEYS, port=1179, shutdown=True, description="old", multihop=2)
    assert intent((), (session(11, keys=keys),))["peer_groups"][0]["neighbors"] == [
        {"address": "10.121.0.11", "interface": None, "unnumbered": False, "description": "old", "remote_as": None,
         "port": None, "shutdown": True, "update_source": "10.121.0.1"}
    ]  # fmt: skip


def test_a_session_of_another_router_is_not_ours() -> None:
    assert intent((), (session(11, router="other"),))["peer_groups"] == []


def test_the_roles_own_example_has_every_key_that_the_template_reads() -> None:
    readme = (CHECKOUT / "roles" / "udm_frr" / "README.md").read_text("utf-8")
    play = yaml.safe_load(readme.split("```yaml\n")[1].split("```")[0])
    text = rendered(play[0]["roles"][0]["vars"]["udm_frr_intent"])
    assert " neighbor 192.0.2.11 peer-group home-k8s\n" in text
    assert "ip prefix-list home-k8s-ipv4 seq 5 permit 192.0.2.128/29 ge 32\n" in text
