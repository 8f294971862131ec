# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which node has a session with which router, from which address, and what both ends are told of it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import (
    plan,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import (
    inventory_from,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import (
    filters,
    frr_conf,
    good,
    groups,
    objects,
    peers,
    planned,
    told,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.small_sites import (
    CLASSES,
    DUAL,
    SMALL,
    TWO_ROUTERS,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.subset import (
    assert_subset,
)

PEERING_LABEL = "cluster-edge.hybridnet/peering"


def test_dual_stack_has_one_session_per_family() -> None:
    data = good(DUAL, edge_bgp_passwords={"k8s": None})
    assert_subset(
        data["sessions"],
        [
            {"node": node, "family": family, "families": [family], "node_address": address, "peer": f"k8s-gw{suffix}",
             "peer_group": f"home-k8s{suffix}", "peer_config": f"k8s{suffix}", "instance": "as64701", "password": "k8s"}
            for node, family, address, suffix in (
                ("n1", "ipv4", "10.0.1.11", ""), ("n1", "ipv6", "fd00:1::11", "-v6"),
                ("n2", "ipv4", "10.0.1.12", ""), ("n2", "ipv6", "fd00:1::12", "-v6"),
            )
        ],
    )  # fmt: skip
    assert peers(data) == {
        ("all", "as64701"): {
            "k8s-gw": ("10.0.1.1", 64700, "k8s"),
            "k8s-gw-v6": ("fd00:1::1", 64700, "k8s-v6"),
        }
    }
    advertisement = {"matchLabels": {PEERING_LABEL: "k8s"}}
    for name, family in (("k8s", "ipv4"), ("k8s-v6", "ipv6")):
        spec = objects(data, "CiliumBGPPeerConfig")[name]
        assert spec["families"] == [{"afi": family, "safi": "unicast", "advertisements": advertisement}]
        assert spec["authSecretRef"] == "bgp-password-k8s"
    assert {name: list(group["families"]) for name, group in groups(data).items()} == {
        "home-k8s": ["ipv4"],
        "home-k8s-v6": ["ipv6"],
    }
    assert filters(data) == {
        "home-k8s-ipv4": ["203.0.113.0/28 ge 32"],
        "home-k8s-v6-ipv6": ["2001:db8:5::/112 ge 128"],
    }
    assert_subset(
        data["expect"]["announcements"],
        [
            {"peer_group": "home-k8s", "families": ["ipv4"], "nodes": {"n1": "10.0.1.11", "n2": "10.0.1.12"}},
            {"peer_group": "home-k8s-v6", "families": ["ipv6"], "nodes": {"n1": "fd00:1::11", "n2": "fd00:1::12"}},
        ],
    )
    assert_subset(data["pools"], [{"families": ["ipv4", "ipv6"], "capacity": {"ipv4": 16, "ipv6": 65536}}])
    assert data["routers"]["gw"]["passwords"] == ["home/k8s"]
    assert_subset(data["clusters"]["home"], {"passwords": ["k8s"]})


def test_sessions_follow_the_families_of_the_pools() -> None:
    data = good(DUAL, edge_pools={"lb": {"addresses": "2001:db8:5::/112"}})
    assert {item["family"] for item in data["sessions"]} == {"ipv6"}
    assert list(groups(data)) == ["home-k8s-v6"]
    assert list(objects(data, "CiliumBGPPeerConfig")) == ["k8s-v6"]
    assert list(objects(data, "CiliumBGPAdvertisement")) == ["k8s"]


def test_a_node_that_lost_one_of_its_addresses() -> None:
    document = yaml.safe_load(DUAL)
    document["all"]["children"]["edge_nodes"]["hosts"]["n2"]["edge_addresses"]["lan"] = "10.0.1.12"
    assert [f"{item.code} {item.text}" for item in plan(inventory_from(document)).findings] == [
        "EDGE206 n2.edge_addresses.lan: is missing: edge_peerings.k8s selects the node, but it has no IPv6 address in"
        " network 'lan' (add the address, or narrow the peering's nodes)"
    ]
    document["all"]["vars"]["edge_pools"] = {"lb": {"addresses": "203.0.113.0/28"}}  # nobody needs the address now
    assert [item["node"] for item in plan(inventory_from(document)).data["sessions"]] == ["n1", "n2"]


def test_each_node_peers_with_both_routers() -> None:
    data = good(TWO_ROUTERS)
    assert [(item["router"], item["node"], item["peer"]) for item in data["sessions"]] == [
        ("gw1", "n1", "k8s-gw1"),
        ("gw1", "n2", "k8s-gw1"),
        ("gw2", "n1", "k8s-gw2"),
        ("gw2", "n2", "k8s-gw2"),
    ]
    assert peers(data) == {
        ("all", "as64701"): {"k8s-gw1": ("10.0.1.1", 64700, "k8s"), "k8s-gw2": ("10.0.1.2", 64702, "k8s")}
    }
    for router in ("gw1", "gw2"):
        assert filters(data, router) == {"home-k8s-ipv4": ["203.0.113.0/28 ge 32"]}
        assert_subset(groups(data, router)["home-k8s"], {"remote_as": 64701, "ttl_security": 1, "multihop": None})
        assert data["routers"][router]["frr"]["multipath_relax"] is False
    assert objects(data, "CiliumBGPPeerConfig")["k8s"]["ebgpMultihop"] == 255
    assert_subset(data["expect"]["announcements"], [{"router": "gw1"}, {"router": "gw2"}])


TWO_SUBNETS = """
all:
  vars:
    edge_networks: {lan: {cidr: [10.0.1.0/24, 10.0.2.0/24]}}
    edge_peerings: {k8s: {}}
    edge_pools: {lb: {addresses: 203.0.113.0/28}}
  children:
    edge_routers: {hosts: {gw: {edge_router_asn: 64700, edge_addresses: {lan: [10.0.1.1, 10.0.2.1]}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes: {hosts: {n1: {edge_addresses: {lan: 10.0.1.11}}, n2: {edge_addresses: {lan: 10.0.2.12}}}}
"""


def test_a_router_with_two_addresses_of_a_family_in_one_network() -> None:
    assert told(TWO_SUBNETS) == [
        "EDGE111 gw.edge_addresses.lan: 10.0.1.1 and 10.0.2.1 are IPv4 addresses in the network of edge_peerings.k8s:"
        " several for one peering are not supported by this version (make each subnet a network of its own, with a"
        " peering)"
    ]


def test_a_node_in_another_subnet_than_the_router() -> None:
    assert told(TWO_SUBNETS.replace("[10.0.1.1, 10.0.2.1]", "10.0.1.1")) == [
        "EDGE206 n2.edge_addresses.lan: 10.0.2.12: edge_peerings.k8s selects the node, but gw has 10.0.1.1, in another"
        " subnet of network 'lan' (make each subnet a network of its own, with a peering)"
    ]


def test_a_network_and_a_peering_for_each_subnet() -> None:
    """The way out that the two findings above name: racks behind one router."""
    text = """
all:
  vars:
    edge_networks: {rack-a: {cidr: 10.0.1.0/24}, rack-b: {cidr: 10.0.2.0/24}}
    edge_peerings: {a: {network: rack-a, nodes: rack=a}, b: {network: rack-b, nodes: rack=b, asn: 64702}}
    edge_pools: {lb: {addresses: 203.0.113.0/28, bgp: [a, b]}}
  children:
    edge_routers: {hosts: {gw: {ansible_host: 10.0.2.1, edge_router_asn: 64700, edge_addresses: {rack-a: 10.0.1.1, rack-b: 10.0.2.1}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes:
      hosts:
        n1: {ansible_host: 10.0.1.11, edge_node_labels: {rack: a}}
        n2: {ansible_host: 10.0.2.12, edge_node_labels: {rack: b}}
"""
    data = good(text)
    assert peers(data) == {
        ("rack-a", "as64701"): {"a-gw": ("10.0.1.1", 64700, "a")},
        ("rack-b", "as64702"): {"b-gw": ("10.0.2.1", 64700, "b")},
    }
    assert data["routers"]["gw"]["router_id"] == "10.0.1.1"
    assert data["routers"]["gw"]["frr"]["multipath_relax"] is True  # two ASNs announce one pool
    assert "bgp bestpath as-path multipath-relax" in frr_conf(data)


def test_ibgp_is_equal_asns() -> None:
    document = yaml.safe_load(SMALL)
    document["all"]["children"]["edge_clusters"]["hosts"]["home"]["edge_cluster_asn"] = 64700
    document["all"]["vars"]["edge_peerings"] = {"k8s": {"multihop": 3}}
    data = plan(inventory_from(document)).data
    # FRR takes ebgp-multihop for an internal group without a word and does not keep it.
    assert_subset(groups(data)["home-k8s"], {"remote_as": 64700, "multihop": None})
    assert "ebgp-multihop" not in frr_conf(data)
    assert "neighbor 10.0.1.11 update-source 10.0.1.1" in frr_conf(data)
    assert "ebgpMultihop" not in objects(data, "CiliumBGPPeerConfig")["k8s"]
    # RFC 8212 asks for policies between ASes only: both stand here too.
    assert_subset(
        groups(data)["home-k8s"]["families"]["ipv4"], {"import": "home-k8s-ipv4-in", "export": "home-k8s-ipv4-out"}
    )
    assert_subset(data["sessions"][0], {"node_asn": 64700, "router_asn": 64700, "instance": "as64700"})


@pytest.mark.parametrize(("first", "second"), [(64700, 64701), (64701, 64700)])
def test_a_peering_to_an_internal_and_an_external_router(first: int, second: int) -> None:
    """What the external session needs does not depend on which router comes first."""
    document = yaml.safe_load(TWO_ROUTERS)
    hosts = document["all"]["children"]["edge_routers"]["hosts"]
    hosts["gw1"]["edge_router_asn"], hosts["gw2"]["edge_router_asn"] = first, second
    document["all"]["vars"]["edge_peerings"] = {"k8s": {"multihop": 2}}
    data = plan(inventory_from(document)).data
    assert objects(data, "CiliumBGPPeerConfig")["k8s"]["ebgpMultihop"] == 2
    expected = {64700: 2, 64701: None}
    assert [groups(data, name)["home-k8s"]["multihop"] for name in ("gw1", "gw2")] == [
        expected[first],
        expected[second],
    ]


@pytest.mark.parametrize(
    ("keys", "group", "peer_config"),
    [
        pytest.param(
            {"timers": {"hold": 30, "keepalive": 5, "connect_retry": 7}},
            {"timers": {"hold": 30, "keepalive": 5, "connect_retry": 7}},
            {"timers": {"holdTimeSeconds": 30, "keepAliveTimeSeconds": 5, "connectRetryTimeSeconds": 7}},
            id="timers",
        ),
        pytest.param({"multihop": 4}, {"multihop": 4}, {"ebgpMultihop": 4}, id="multihop"),
        pytest.param({"ttl_security": True}, {"ttl_security": 1, "multihop": None}, {"ebgpMultihop": 255}, id="GTSM"),
        pytest.param({"graceful_restart": 60}, {}, {"gracefulRestart": {"restartTimeSeconds": 60}}, id="restart time"),
    ],
)
def test_both_ends_have_one_value(keys: dict[str, Any], group: dict[str, Any], peer_config: dict[str, Any]) -> None:
    for where in ("edge_peerings", "edge_bgp_defaults"):
        site = {"edge_peerings": {"k8s": keys}} if where == "edge_peerings" else {"edge_bgp_defaults": keys}
        data = good(SMALL, **site)
        assert_subset(groups(data)["home-k8s"], group)
        assert_subset(objects(data, "CiliumBGPPeerConfig")["k8s"], peer_config)


def test_without_graceful_restart() -> None:
    assert (
        "gracefulRestart"
        not in objects(good(SMALL, edge_bgp_defaults={"graceful_restart": 0}), "CiliumBGPPeerConfig")["k8s"]
    )


def test_a_peering_that_is_shut_down_stays_planned() -> None:
    data = good(SMALL, edge_peerings={"k8s": {"shutdown": True}})
    assert [item["shutdown"] for item in data["sessions"]] == [True, True]
    assert frr_conf(data).count(" shutdown\n") == 2
    assert filters(data) == {"home-k8s-ipv4": ["203.0.113.0/28 ge 32"]}


def test_an_inherited_keepalive_that_does_not_fit_is_told_where_it_is_written() -> None:
    assert told(
        SMALL,
        edge_bgp_defaults={"timers": {"hold": 30, "keepalive": 10}},
        edge_peerings={"k8s": {"timers": {"hold": 9}}},
    ) == [
        "EDGE303 edge_bgp_defaults.timers.keepalive: 10 s is more than a third of the hold time of 9 s at"
        " edge_peerings.k8s.timers (at most 3, or leave it out)"
    ]


def test_a_session_s_port_is_the_router_s() -> None:
    """FRR's ``neighbor port`` is the port that it dials itself, and Cilium listens on none."""
    done = planned(SMALL, edge_peerings={"k8s": {"port": 1790}})
    assert [finding.code for finding in done.findings] == ["EDGE329"]
    data = done.data
    assert objects(data, "CiliumBGPPeerConfig")["k8s"]["transport"] == {"peerPort": 1790}
    assert "1790" not in frr_conf(data)


def test_a_port_on_a_router_that_somebody_else_writes_is_that_owner_s_matter() -> None:
    """Whichever options its bgpd starts with; that it listens on one port only holds there too."""
    document = yaml.safe_load(SMALL)
    (router,) = document["all"]["children"]["edge_routers"]["hosts"].values()
    router["edge_router_bgp_owner"] = "none"
    document["all"]["vars"]["edge_peerings"] = {"k8s": {"port": 1790}}
    assert [finding.code for finding in plan(inventory_from(document)).findings] == []
    router["edge_router_bgp_owner"] = "file"
    assert [finding.code for finding in plan(inventory_from(document)).findings] == ["EDGE329"]


GATEWAY = """
all:
  vars:
    edge_networks: {servers: {cidr: 10.61.80.0/24}, mgmt: {cidr: 10.61.87.0/24}}
    edge_peerings: {k8s: {network: servers, router_network: mgmt}}
    edge_pools: {lb: {addresses: 10.61.88.0/24}}
  children:
    edge_routers: {hosts: {ucg: {edge_router_asn: 64513, edge_addresses: {servers: 10.61.80.1, mgmt: 10.61.87.1}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64514, edge_cilium_version: "1.19.6"}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.61.80.10}, n2: {ansible_host: 10.61.80.11}}}
"""


@pytest.mark.parametrize(
    ("edits", "one_hop"),
    [
        ({}, True),
        # The router's address in the nodes' segment is not known, so it may be behind another router.
        ({"routers": {"ucg": {"edge_addresses": {"mgmt": "10.61.87.1"}}}}, False),
        # Two routers in the segment: either may be the nodes' gateway, and forward what is for the other one.
        ({"routers": {"two": {"edge_router_asn": 64515, "edge_addresses": {"servers": "10.61.80.2"}}}}, False),
        ({"networks": {"mgmt": {"cidr": "10.61.87.0/24", "loopback": True}}}, False),
        ({"peering": {"dynamic": {}}}, True),
    ],
    ids=["only-router", "elsewhere", "two-routers", "loopback", "dynamic"],
)
def test_the_gateways_address_in_another_network_is_one_hop_away(edits: dict[str, Any], one_hop: bool) -> None:
    document = yaml.safe_load(GATEWAY)
    top, children = document["all"]["vars"], document["all"]["children"]
    for host, values in edits.get("routers", {}).items():
        children["edge_routers"]["hosts"].setdefault(host, {}).update(values)
    top["edge_networks"].update(edits.get("networks", {}))
    top["edge_peerings"]["k8s"].update(edits.get("peering", {}))
    data = plan(inventory_from(document)).data
    assert data is not None
    assert {session["router_address"] for session in data["sessions"]} == {"10.61.87.1"}
    assert {session["multihop"] for session in data["sessions"]} == {None if one_hop else 2}
    conf = frr_conf(data, "ucg")
    assert ("ebgp-multihop" in conf, "update-source" in conf) == (not one_hop, not one_hop)


def test_a_password_on_one_of_two_peerings() -> None:
    data = good(CLASSES)
    assert {name: group["password"] for name, group in groups(data).items()} == {"home-a": None, "home-b": "home/b"}
    configs = objects(data, "CiliumBGPPeerConfig")
    assert "authSecretRef" not in configs["a"]
    assert configs["b"]["authSecretRef"] == "bgp-password-b"
