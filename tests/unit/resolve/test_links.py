# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links between our own routers: what each end gets from one entry, and what a ``--limit`` must contain."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import Neighbor, Policy, PrefixRule
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import Plan, plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._resolve.site import missing_from_limit
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.resolved import made

SITE = """
all:
  vars:
    edge_networks: {lan: {cidr: 192.0.2.0/25}, core: {cidr: 198.51.100.0/24}}
    edge_peerings: {k8s: {network: lan}}
    edge_pools: {lb: {addresses: 192.0.2.128/25}}
    edge_links: {core: {ends: {r1: {network: core, export: {pools: lb, networks: lan}}, r2: {}}}}
  children:
    edge_routers:
      hosts:
        r1: {edge_router_asn: 64700, edge_addresses: {lan: 192.0.2.1, core: 198.51.100.1}}
        r2: {edge_router_asn: 64710, edge_addresses: {core: 198.51.100.2}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6"}}}
    edge_nodes: {hosts: {k1: {edge_addresses: {lan: 192.0.2.11}}}}
"""


def computed(**second: Any) -> Plan:
    """Return the plan of a site with a link from r1, which has the cluster, to r2."""
    document = yaml.safe_load(SITE)
    document["all"]["children"]["edge_routers"]["hosts"]["r2"].update(second)
    done = plan(inventory_from(document))
    assert [finding.text for finding in done.findings] == []
    return done


def ends(done: Plan) -> dict[str, Neighbor]:
    return {router.host: neighbor for router in done.site.routers for neighbor in router.neighbors}


def test_one_ends_import_mirrors_the_others_export() -> None:
    found = ends(computed())
    expected = (made(PrefixRule, "192.0.2.0/25"), made(PrefixRule, "192.0.2.128/25", 32))
    assert (found["r1"].export.prefixes, found["r2"].import_.prefixes) == (expected, expected)
    assert found["r1"].import_.empty
    assert found["r2"].export.empty


def test_a_mirrored_import_takes_over_which_prefixes_and_nothing_that_is_set() -> None:
    document = yaml.safe_load(SITE)
    export = document["all"]["vars"]["edge_links"]["core"]["ends"]["r1"]["export"]
    export |= {"med": 50, "prepend": 2, "communities": "64700:1"}
    done = plan(inventory_from(document))
    assert [finding.text for finding in done.findings] == []
    sent, accepted = ends(done)["r1"].export, ends(done)["r2"].import_
    assert (sent.med, sent.prepend) == (50, 2)
    assert accepted == made(Policy, prefixes=sent.prefixes)
    maps = {entry["name"]: entry["entries"][0]["set"] for entry in done.data["routers"]["r1"]["frr"]["route_maps"]}
    assert maps["core-r2-ipv4-out"] == {
        "communities": ["64700:1"],
        "large_communities": [],
        "metric": 50,
        "as_path_prepend": [64700, 64700],
    }


def test_each_end_dials_the_other_and_has_a_group_of_its_own_name() -> None:
    found = ends(computed())
    assert {host: ([address.text for address in n.addresses], n.asn, n.peer_group) for host, n in found.items()} == {
        "r1": (["198.51.100.2"], 64710, "core-r2"),
        "r2": (["198.51.100.1"], 64700, "core-r1"),
    }


def test_the_subnet_of_a_router_is_originated_and_a_pool_is_passed_on() -> None:
    assert {router.host: [cidr.text for cidr in router.originates] for router in computed().site.routers} == {
        "r1": ["192.0.2.0/25"],
        "r2": [],
    }


@pytest.mark.parametrize(("asn", "expected"), [(64700, True), (64710, False)], ids=["one AS", "two ASes"])
def test_within_one_as_the_next_hop_is_the_router_where_the_other_cannot_reach_the_nodes(
    asn: int, expected: bool
) -> None:
    assert ends(computed(edge_router_asn=asn))["r1"].next_hop_self is expected


@pytest.mark.parametrize(
    ("hub", "asns", "expected"),
    [
        ("r1", (64700, 64700, 64700), {"r1": {"core-r2", "core-r3"}}),
        (["r1", "r2"], (64700, 64700, 64700), {"r1": {"core-r3"}, "r2": {"core-r3"}}),
        ("r1", (64700, 64710, 64700), {"r1": {"core-r3"}}),
        (None, (64700, 64700, 64700), {}),
    ],
    ids=["one hub", "two hubs", "a router of another AS", "full mesh"],
)
def test_the_hub_of_one_as_reflects_to_those_who_have_no_session_with_each_other(
    hub: Any, asns: tuple[int, ...], expected: dict[str, set[str]]
) -> None:
    document = yaml.safe_load(SITE)
    routers = document["all"]["children"]["edge_routers"]["hosts"]
    routers["r3"] = {"edge_addresses": {"core": "198.51.100.3"}}
    for router, asn in zip(routers.values(), asns, strict=True):
        router["edge_router_asn"] = asn
    link = document["all"]["vars"]["edge_links"]["core"]
    link["ends"]["r3"] = {}
    if hub is not None:
        link["hub"] = hub
    found: dict[str, set[str]] = {}
    for router in plan(inventory_from(document)).site.routers:
        for neighbor in router.neighbors:
            if neighbor.route_reflector_client:
                found.setdefault(router.host, set()).add(neighbor.name)
    assert found == expected


def test_a_router_that_shares_the_nodes_network_needs_no_other_next_hop() -> None:
    both = computed(edge_router_asn=64700, edge_addresses={"core": "198.51.100.2", "lan": "192.0.2.2"})
    assert ends(both)["r1"].next_hop_self is False


@pytest.mark.parametrize(
    ("limit", "missing"),
    [
        pytest.param({"r2"}, {"r2": ("r1",)}, id="the other end is left out"),
        pytest.param({"r1", "r2", "home"}, {}, id="all partners are there"),
        pytest.param({"r1", "home"}, {"r1": ("r2",)}, id="the far end is left out"),
    ],
)
def test_a_limit_must_contain_both_ends_of_a_link(limit: set[str], missing: dict[str, tuple[str, ...]]) -> None:
    assert missing_from_limit(computed().site, frozenset(limit)) == missing


def vpn(second_asn: int) -> Plan:
    """Return the plan of two routers that share no network and dial each other's LAN address."""
    document = yaml.safe_load(SITE)
    site, hosts = document["all"]["vars"], document["all"]["children"]["edge_routers"]["hosts"]
    site["edge_networks"]["cabin"] = {"cidr": "10.99.2.0/24"}
    site["edge_links"] = {
        "vpn": {"ends": {"r1": {"network": "lan", "export": {"pools": "lb"}}, "r2": {"network": "cabin"}}}
    }
    hosts["r1"]["edge_addresses"].pop("core")
    hosts["r2"] = {"edge_router_asn": second_asn, "edge_addresses": {"cabin": "10.99.2.1"}}
    done = plan(inventory_from(document))
    assert [finding.text for finding in done.findings] == []
    return done


@pytest.mark.parametrize(("second_asn", "hops"), [(64700, None), (64710, 2)])
def test_ends_of_two_networks_dial_each_others_address_there(second_asn: int, hops: int | None) -> None:
    found = ends(vpn(second_asn))
    dialled = {
        host: (item.addresses[0].text, getattr(item.update_source, "text", None)) for host, item in found.items()
    }
    assert dialled == {"r1": ("10.99.2.1", "192.0.2.1"), "r2": ("192.0.2.1", "10.99.2.1")}
    assert {item.keys.multihop for item in found.values()} == {hops}


@pytest.mark.parametrize(
    ("core", "one", "other", "pairs"),
    [
        pytest.param(
            {"cidr": ["198.51.100.0/25", "198.51.100.128/25"]},
            ["198.51.100.1", "198.51.100.129"],
            ["198.51.100.130", "198.51.100.2"],
            ["198.51.100.1 with 198.51.100.2", "198.51.100.129 with 198.51.100.130"],
            id="two subnets",
        ),
        pytest.param(
            {"cidr": ["198.51.100.0/25", "198.51.100.128/25"]},
            ["198.51.100.129", "198.51.100.1"],
            ["198.51.100.130", "198.51.100.2"],
            ["198.51.100.129 with 198.51.100.130", "198.51.100.1 with 198.51.100.2"],
            id="two subnets, the other one first",
        ),
        pytest.param(
            {"cidr": ["198.51.100.0/25", "fd00:7::/64", "2001:db8:7::/64"]},
            ["198.51.100.1", "fd00:7::1", "2001:db8:7::1"],
            ["198.51.100.2", "fd00:7::2", "2001:db8:7::2"],
            ["fd00:7::1 with fd00:7::2", "2001:db8:7::1 with 2001:db8:7::2"],
            id="IPv6 of one's own and of all",
        ),
        pytest.param(
            {"cidr": ["198.51.100.0/25", "198.51.100.128/25"], "loopback": True},
            ["198.51.100.1", "198.51.100.129"],
            "198.51.100.2",
            ["198.51.100.1 with 198.51.100.2", "198.51.100.129 with 198.51.100.2"],
            id="two loopbacks",
        ),
    ],
)
def test_ends_that_could_dial_each_other_in_two_ways_are_told_and_the_first_is_taken(
    core: Any, one: Any, other: Any, pairs: list[str]
) -> None:
    """A link that runs goes on after an upgrade: it was the first pair before this was told."""
    document = yaml.safe_load(SITE)
    document["all"]["vars"]["edge_networks"]["core"] = core
    hosts = document["all"]["children"]["edge_routers"]["hosts"]
    hosts["r1"]["edge_addresses"]["core"], hosts["r2"]["edge_addresses"]["core"] = one, other
    done = plan(inventory_from(document))
    family = "IPv6" if ":" in pairs[0] else "IPv4"
    assert [f"{item.code} {item.text}" for item in done.findings] == [
        f"EDGE364 edge_links.core.ends: r1 and r2 could dial each other as {' and '.join(pairs)}, and do so as"
        f" {pairs[0]}: a link is one {family} session (write the pair that was meant first in edge_addresses of both, or"
        " make each subnet a network of its own and name one at the ends: network)"
    ]
    assert done.data is not None  # no error
    assert done.site is not None
    dialled = {
        router.host: [item.addresses[0].text for item in router.neighbors if item.transport.label == family]
        for router in done.site.routers
    }
    left, right = pairs[0].split(" with ")
    assert dialled == {"r1": [right], "r2": [left]}


def test_ends_that_share_one_of_two_subnets_dial_each_other_there() -> None:
    document = yaml.safe_load(SITE)
    document["all"]["vars"]["edge_networks"]["core"] = {"cidr": ["198.51.100.0/25", "198.51.100.128/25"]}
    hosts = document["all"]["children"]["edge_routers"]["hosts"]
    hosts["r1"]["edge_addresses"]["core"] = ["198.51.100.1", "198.51.100.129"]
    hosts["r2"]["edge_addresses"]["core"] = "198.51.100.130"
    done = plan(inventory_from(document))
    assert [finding.text for finding in done.findings] == []
    assert ends(done)["r2"].addresses[0].text == "198.51.100.129"
