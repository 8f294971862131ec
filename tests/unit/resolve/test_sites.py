# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole sites of many kinds through the planner: what both ends are told, and what verify will expect of them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import parse as parse_frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import undefined
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.files import cluster_files
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import Plan, plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._resolve.site import missing_from_limit
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import verify
from ansible_collections.hybridnet.cluster_edge.tests.support.healthy import healthy
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import (
    CLASS_LABEL,
    filters,
    frr_conf,
    good,
    groups,
    objects,
    peers,
    planned,
    told,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.subset import assert_subset

POOL_LABEL = "cluster-edge.hybridnet/pool"
PEERING_LABEL = "cluster-edge.hybridnet/peering"

SMALL = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.0.1.0/24, interfaces: eth0}}
    edge_peerings: {k8s: {}}
    edge_pools: {lb: {addresses: 203.0.113.0/28}}
  children:
    edge_routers: {hosts: {gw: {ansible_host: 10.0.1.1, edge_router_asn: 64700}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.0.1.11}, n2: {ansible_host: 10.0.1.12}}}
"""
"""One router, two nodes, one pool: the site that others are an edit away from."""


# --- one router, one cluster ------------------------------------------------------------------------------------------


def test_minimal() -> None:
    data = good(SMALL)
    assert_subset(
        data["sessions"],
        [
            {"node": "n1", "node_address": "10.0.1.11", "router_address": "10.0.1.1", "peer_group": "home-k8s",
             "cluster_config": "all", "instance": "as64701", "peer": "k8s-gw", "peer_config": "k8s",
             "hold": 9, "keepalive": 3, "connect_retry": 5, "graceful_restart": 15, "password": None},
            {"node": "n2", "node_address": "10.0.1.12"},
        ],
    )  # fmt: skip
    assert filters(data) == {"home-k8s-ipv4": ["203.0.113.0/28 ge 32"]}
    assert_subset(
        groups(data)["home-k8s"], {"remote_as": 64701, "families": {"ipv4": {"maximum_prefix": {"limit": 26}}}}
    )
    config = objects(data, "CiliumBGPClusterConfig")["all"]
    assert "nodeSelector" not in config
    assert peers(data) == {("all", "as64701"): {"k8s-gw": ("10.0.1.1", 64700, "k8s")}}
    # An empty selector would be lost on the way and select nothing: the NotIn form selects every service.
    assert objects(data, "CiliumBGPAdvertisement")["k8s"]["advertisements"] == [
        {
            "advertisementType": "Service",
            "service": {"addresses": ["LoadBalancerIP"]},
            "selector": {
                "matchExpressions": [{"key": POOL_LABEL, "operator": "NotIn", "values": ["never-used-value"]}]
            },
        }
    ]
    assert objects(data, "CiliumLoadBalancerIPPool")["lb"] == {
        "allowFirstLastIPs": "Yes",
        "blocks": [{"cidr": "203.0.113.0/28"}],
    }
    assert data["clusters"]["home"]["node_labels"] == {"n1": {}, "n2": {}}
    assert_subset(data["pools"], [{"capacity": {"ipv4": 16}, "next_free": "203.0.113.0", "bgp": ["k8s"], "l2": []}])
    assert data["expect"] == {
        "announcements": [
            {
                "cluster": "home",
                "pool": "lb",
                "peering": "k8s",
                "router": "gw",
                "peer_group": "home-k8s",
                "families": ["ipv4"],
                "nodes": {"n1": "10.0.1.11", "n2": "10.0.1.12"},
                "dynamic": False,
                "length": {"ipv4": 32, "ipv6": 128},
                "announce_only": None,
            }
        ],
        "routes": [],
        "l2": [],
    }


def test_defaults_that_the_inventory_does_not_name_are_told_with_their_reason() -> None:
    told_values = {item["path"]: item["value"] for item in good(SMALL)["derived"]}
    assert told_values == {
        "edge_peerings.k8s.network": "lan",
        "edge_peerings.k8s.timers.hold": 9,
        "edge_peerings.k8s.timers.keepalive": 3,
        "edge_pools.lb.bgp": "k8s",
        "gw.edge_addresses.lan": "10.0.1.1",
        "gw.edge_router_frr_version": "10.1",
        "gw.edge_router_id": "10.0.1.1",
        "home.edge_default_pool": "lb",
        "n1.edge_addresses.lan": "10.0.1.11",
        "n2.edge_addresses.lan": "10.0.1.12",
    }


def test_a_router_without_peerings_runs_bgp_with_nobody() -> None:
    """The role needs a whole configuration, also when the last peering is gone."""
    data = good(SMALL, edge_peerings={}, edge_pools={"lb": {"addresses": "203.0.113.0/28", "bgp": []}})
    assert data["sessions"] == data["expect"]["announcements"] == []
    assert objects(data, "CiliumBGPClusterConfig") == objects(data, "CiliumBGPAdvertisement") == {}
    assert "bgpControlPlane" not in data["clusters"]["home"]["helm_values"]
    assert frr_conf(data) == (
        "router bgp 64700\n"
        " bgp router-id 10.0.1.1\n"
        " bgp log-neighbor-changes\n"
        " bgp ebgp-requires-policy\n"
        " no bgp default ipv4-unicast\n"
        "exit\n"
        "!\n"
    )


def test_a_pool_that_is_reachable_nowhere_is_not_accepted_anywhere() -> None:
    found = planned(SMALL, edge_pools={"lb": {"addresses": "203.0.113.0/28", "bgp": []}})
    assert [finding.code for finding in found.findings] == ["EDGE308"]  # a warning: the peering carries no route
    assert filters(found.data) == {}
    maps = {
        item["name"]: [entry["action"] for entry in item["entries"]]
        for item in found.data["routers"]["gw"]["frr"]["route_maps"]
    }
    assert maps == {"home-k8s-ipv4-in": ["deny"], "home-k8s-ipv4-out": ["deny"]}
    assert found.data["expect"]["announcements"] == []
    assert objects(found.data, "CiliumBGPAdvertisement") == {}
    assert list(objects(found.data, "CiliumLoadBalancerIPPool")) == ["lb"]


@pytest.mark.parametrize("nodes", [{}, None])
def test_a_cluster_without_nodes(nodes: object) -> None:
    document = yaml.safe_load(SMALL)
    document["all"]["children"]["edge_nodes"] = {"hosts": nodes}
    findings = plan(inventory_from(document)).findings
    assert [f"{item.code} {item.text}" for item in findings] == [
        "EDGE305 edge_peerings.k8s: cluster 'home' has no node (add its nodes to the group edge_nodes)"
    ]


def test_layers_of_several_files_make_one_map() -> None:
    data = good(
        SMALL,
        edge_default_pool="lb",
        edge_pools__media={"media": {"addresses": "203.0.113.16/29"}},
        edge_pools__games={"games": {"addresses": "203.0.113.24/29"}},
        edge_services__media={"media/plex": {"pool": "media", "addresses": "203.0.113.17"}},
    )
    assert [pool["name"] for pool in data["pools"]] == ["games", "lb", "media"]
    assert filters(data) == {"home-k8s-ipv4": ["203.0.113.0/27 ge 32"]}  # neighbors merge
    others = {"key": POOL_LABEL, "operator": "NotIn", "values": ["games", "media"]}
    assert objects(data, "CiliumLoadBalancerIPPool")["lb"]["serviceSelector"] == {"matchExpressions": [others]}
    assert objects(data, "CiliumLoadBalancerIPPool")["media"]["serviceSelector"] == {
        "matchLabels": {POOL_LABEL: "media"}
    }
    selectors = [item["selector"] for item in objects(data, "CiliumBGPAdvertisement")["k8s"]["advertisements"]]
    assert selectors == [
        {"matchLabels": {POOL_LABEL: "games"}},
        {"matchExpressions": [others]},
        {"matchLabels": {POOL_LABEL: "media"}},
    ]
    assert data["clusters"]["home"]["services"][0]["annotations"] == {"lbipam.cilium.io/ips": "203.0.113.17"}


# --- families ---------------------------------------------------------------------------------------------------------

DUAL = """
all:
  vars:
    edge_networks: {lan: {cidr: [10.0.1.0/24, "fd00:1::/64"]}}
    edge_peerings: {k8s: {}}
    edge_pools: {lb: {addresses: [203.0.113.0/28, "2001:db8:5::/112"]}}
  children:
    edge_routers: {hosts: {gw: {edge_router_asn: 64700, edge_addresses: {lan: [10.0.1.1, "fd00:1::1"]}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes:
      hosts:
        n1: {edge_addresses: {lan: [10.0.1.11, "fd00:1::11"]}}
        n2: {edge_addresses: {lan: ["fd00:1::12", 10.0.1.12]}}
"""


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


def test_ipv6_addresses_switch_cilium_s_ipv6_on() -> None:
    """The chart's default is IPv4 alone: an IPv6 pool would give nothing and announce nothing."""
    assert good(DUAL)["clusters"]["home"]["helm_values"]["ipv6"] == {"enabled": True}
    assert "ipv6" not in good(SMALL)["clusters"]["home"]["helm_values"]
    assert told(DUAL, edge_cilium_values={"ipv6": {"enabled": False}}) == [
        "EDGE604 home.edge_cilium_values.ipv6.enabled: it is false, but pools have IPv6 addresses: lb (remove it)"
    ]
    assert told(SMALL, edge_cilium_values={"ipv4": {"enabled": False}}) == [
        "EDGE604 home.edge_cilium_values.ipv4.enabled: it is false, but pools have IPv4 addresses: lb (remove it)"
    ]


def test_ipv6_is_not_switched_on_for_pods_without_a_range() -> None:
    """Agents without an IPv6 pod range wait for one: that would take the whole cluster down for one pool."""
    only_ipv4 = DUAL.replace(', "fd00:244::/56"', "")
    assert told(only_ipv4) == [
        "EDGE604 home.edge_cilium_values.ipv6.enabled: it is missing, but pools have IPv6 addresses: lb (write true once pods"
        " have an IPv6 range (and edge_cluster_pod_cidrs names it): an agent without one waits for it and serves nothing)"
    ]
    assert told(only_ipv4, edge_cilium_values={"ipv6": {"enabled": True}}) == []


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


IPV6_ONLY = """
all:
  vars:
    edge_networks: {lan: {cidr: "fd00:1::/64"}}
    edge_peerings: {k8s: {}}
    edge_pools: {lb: {addresses: "2001:db8:5::10 - 2001:db8:5::1f"}}
    edge_cilium_values: {ipv4: {enabled: false}}
  children:
    edge_routers: {hosts: {gw: {ansible_host: "fd00:1::1", edge_router_asn: 64700, edge_router_id: 10.255.0.1}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes: {hosts: {n1: {ansible_host: "fd00:1:0:0::11"}, n2: {ansible_host: "FD00:1::12"}}}
"""


def test_ipv6_only() -> None:
    data = good(IPV6_ONLY)
    assert data["routers"]["gw"]["router_id"] == "10.255.0.1"
    assert [item["node_address"] for item in data["sessions"]] == ["fd00:1::11", "fd00:1::12"]
    assert filters(data) == {"home-k8s-v6-ipv6": ["2001:db8:5::10/124 ge 128"]}
    assert objects(data, "CiliumLoadBalancerIPPool")["lb"]["blocks"] == [
        {"start": "2001:db8:5::10", "stop": "2001:db8:5::1f"}
    ]
    assert_subset(data["clusters"]["home"]["helm_values"], {"ipv4": {"enabled": False}, "ipv6": {"enabled": True}})
    text = frr_conf(data)
    assert "address-family ipv4" not in text
    assert " address-family ipv6 unicast\n  neighbor home-k8s-v6 activate\n" in text


SPLIT = """
all:
  vars:
    edge_networks: {four: {cidr: 10.0.1.0/24}, six: {cidr: "fd00:1::/64"}}
    edge_peerings: {p4: {network: four}, p6: {network: six}}
    edge_pools: {lb: {addresses: [203.0.113.0/28, "2001:db8:5::/112"], bgp: [p4, p6]}}
  children:
    edge_routers: {hosts: {gw: {edge_router_asn: 64700, edge_addresses: {four: 10.0.1.1, six: "fd00:1::1"}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes: {hosts: {n1: {edge_addresses: {four: 10.0.1.11, six: "fd00:1::11"}}}}
"""


def test_each_family_of_a_pool_may_have_a_peering_of_its_own() -> None:
    data = good(SPLIT)
    assert filters(data) == {
        "home-p4-ipv4": ["203.0.113.0/28 ge 32"],
        "home-p6-v6-ipv6": ["2001:db8:5::/112 ge 128"],
    }
    assert_subset(
        data["expect"]["announcements"],
        [{"peering": "p4", "families": ["ipv4"]}, {"peering": "p6", "families": ["ipv6"]}],
    )


def test_a_family_that_no_peering_of_the_pool_carries() -> None:
    pools = {
        "lb": {"addresses": ["203.0.113.0/28", "2001:db8:5::/112"], "bgp": "p4"},
        "six": {"addresses": "2001:db8:6::/112", "bgp": "p6"},
    }
    assert told(SPLIT, edge_pools=pools, edge_default_pool="none") == [
        "EDGE505 edge_peerings.p4: pool lb has IPv6 addresses, but no router has one in network 'four' (add the"
        " addresses, or advertise the pool elsewhere)"
    ]


def test_a_peering_that_carries_nothing_of_its_pool() -> None:
    pools = {"lb": {"addresses": "2001:db8:5::/112", "bgp": ["p4", "p6"]}}
    assert told(SPLIT, edge_pools=pools) == [
        "EDGE505 edge_peerings.p4: pool lb has IPv6 addresses, but no router has one in network 'four' (add the"
        " addresses, or advertise the pool elsewhere)"
    ]


# --- several routers, several clusters --------------------------------------------------------------------------------

TWO_ROUTERS = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.0.1.0/24}}
    edge_peerings: {k8s: {ttl_security: true}}
    edge_pools: {lb: {addresses: 203.0.113.0/28}}
  children:
    edge_routers:
      hosts:
        gw1: {ansible_host: 10.0.1.1, edge_router_asn: 64700}
        gw2: {ansible_host: 10.0.1.2, edge_router_asn: 64702}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.0.1.11}, n2: {ansible_host: 10.0.1.12}}}
"""


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


def test_a_limit_needs_both_routers_and_nothing_that_is_not_managed() -> None:
    computed = planned(TWO_ROUTERS)
    assert missing_from_limit(computed.site, frozenset({"gw1", "home"})) == {"home": ("gw2",)}
    document = yaml.safe_load(TWO_ROUTERS)
    document["all"]["children"]["edge_routers"]["hosts"]["gw2"]["edge_router_managed"] = False
    computed = plan(inventory_from(document))
    assert missing_from_limit(computed.site, frozenset({"gw1", "home"})) == {}
    assert missing_from_limit(computed.site, frozenset({"gw2"})) == {}


def test_peers_of_two_routers_that_would_have_one_name() -> None:
    text = """
all:
  vars:
    edge_networks: {n1: {cidr: 10.0.1.0/24}, n2: {cidr: 10.0.2.0/24}}
    edge_peerings: {a: {network: n1}, a-b: {network: n2}}
    edge_pools: {lb: {addresses: 203.0.113.0/28, bgp: [a, a-b]}}
  children:
    edge_routers:
      hosts:
        b-c: {edge_router_asn: 64700, edge_addresses: {n1: 10.0.1.1}}
        c: {edge_router_asn: 64700, edge_addresses: {n2: 10.0.2.1}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes: {hosts: {k1: {edge_addresses: {n1: 10.0.1.11, n2: 10.0.2.11}}}}
"""
    assert told(text) == [
        "EDGE307 edge_peerings.a-b: peer 'a-b-c' in 'home' would stand for 'c' in peering 'a-b' and for 'b-c' in"
        " peering 'a' (write another names.peer, or rename one of the peerings or routers)",
        "EDGE619 k1.edge_addresses: Cilium 1.19.6 answers from k1 by the node's default route, whichever router the request"
        " came through: another one drops the answer where it filters by state [cilium/cilium#40521, cilium/cilium#41758,"
        " cilium/cilium#31640] (route the answers of each pool by its own router (ip rule from the pool), or accept it"
        " where the routers filter without state)",
    ]


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


TWO_CLUSTERS = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.0.1.0/24}}
    edge_peerings: {k8s: {}}
    edge_bgp_passwords: {k8s: null, lab: null}
  children:
    edge_routers: {hosts: {gw: {ansible_host: 10.0.1.1, edge_router_asn: 64700}}}
    edge_clusters:
      hosts:
        prod: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_pools: {lb: {addresses: 203.0.113.0/28}}}
        test:
          edge_cluster_asn: 64702
          edge_cilium_version: "1.18.12"
          edge_peerings: {lab: {timers: {hold: 30}}}
          edge_pools: {lb: {addresses: 203.0.113.16/28}}
    edge_nodes:
      hosts:
        p1: {ansible_host: 10.0.1.11, edge_cluster: prod}
        t1: {ansible_host: 10.0.1.21, edge_cluster: test}
"""


def test_two_clusters_share_a_router_and_a_map_of_passwords() -> None:
    data = planned(TWO_CLUSTERS.replace("1.18.12", "1.17.18")).data
    assert_subset(
        groups(data),
        {
            "prod-k8s": {"remote_as": 64701, "password": "prod/k8s", "timers": {"hold": 9}},
            "test-lab": {"remote_as": 64702, "password": "test/lab", "timers": {"hold": 30, "keepalive": 10}},
        },
    )
    assert filters(data) == {"prod-k8s-ipv4": ["203.0.113.0/28 ge 32"], "test-lab-ipv4": ["203.0.113.16/28 ge 32"]}
    assert data["routers"]["gw"]["passwords"] == ["prod/k8s", "test/lab"]
    assert [data["clusters"][name]["passwords"] for name in ("prod", "test")] == [["k8s"], ["lab"]]
    assert list(peers(data, "test")) == [("all", "as64702")]
    assert {item["apiVersion"] for item in data["clusters"]["prod"]["bgp"]} == {"cilium.io/v2"}
    assert {item["apiVersion"] for item in data["clusters"]["test"]["bgp"]} == {"cilium.io/v2alpha1"}
    assert_subset(
        data["expect"]["announcements"],
        [
            {"cluster": "prod", "pool": "lb", "nodes": {"p1": "10.0.1.11"}},
            {"cluster": "test", "pool": "lb", "nodes": {"t1": "10.0.1.21"}},
        ],
    )
    assert "SECRET:prod/k8s" in frr_conf(data)


def test_a_password_of_no_peering_of_any_cluster() -> None:
    assert told(TWO_CLUSTERS, edge_bgp_passwords={"labs": None}) == [
        "EDGE120 edge_bgp_passwords.labs: there is no peering 'labs' (did you mean 'lab'?)"
    ]


def test_two_clusters_may_share_every_definition_but_the_pools() -> None:
    data = good(
        TWO_CLUSTERS.replace("          edge_peerings: {lab: {timers: {hold: 30}}}\n", ""),
        edge_bgp_passwords={"k8s": None},
    )
    assert sorted(groups(data)) == ["prod-k8s", "test-k8s"]
    assert data["routers"]["gw"]["passwords"] == ["prod/k8s", "test/k8s"]
    shared = told(TWO_CLUSTERS.replace("203.0.113.16/28", "203.0.113.8/29"))
    assert shared == [
        "EDGE401 test.edge_pools.lb.addresses: 203.0.113.8/29 overlaps pool 'lb' (203.0.113.0/28) of cluster 'prod' at"
        " 203.0.113.8-203.0.113.15 (give each address to one pool, or write anycast: true in both)"
    ]


# --- classes of nodes -------------------------------------------------------------------------------------------------

CLASSES = """
all:
  vars:
    edge_networks: {one: {cidr: 10.0.1.0/24}, two: {cidr: 10.0.2.0/24}}
    edge_peerings: {a: {network: one, nodes: edge}, b: {network: two, nodes: "rack in (a,b)"}}
    edge_bgp_passwords: {b: null}
    edge_default_pool: none
    edge_pools: {x: {addresses: 203.0.113.1, bgp: a}, y: {addresses: 203.0.113.2, bgp: [a, b]}}
  children:
    edge_routers: {hosts: {gw: {edge_router_asn: 64700, edge_addresses: {one: 10.0.1.1, two: 10.0.2.1}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes:
      hosts:
        n1: {edge_addresses: {one: 10.0.1.11, two: 10.0.2.11}, edge_node_labels: {edge: "", rack: a}}
        n2: {edge_addresses: {one: 10.0.1.12}, edge_node_labels: {edge: ""}}
        n3: {edge_addresses: {two: 10.0.2.13}, edge_node_labels: {rack: b}}
"""


def test_overlapping_selectors_become_classes_with_a_label_of_ours() -> None:
    """A node may match one CiliumBGPClusterConfig only."""
    data = good(CLASSES)
    assert {name: spec["nodeSelector"] for name, spec in objects(data, "CiliumBGPClusterConfig").items()} == {
        "edge": {"matchLabels": {CLASS_LABEL: "edge"}},
        "edge-rack-in-a-b": {"matchLabels": {CLASS_LABEL: "edge-rack-in-a-b"}},
        "rack-in-a-b": {"matchLabels": {CLASS_LABEL: "rack-in-a-b"}},
    }
    assert data["clusters"]["home"]["node_labels"] == {
        "n1": {"edge": "", "rack": "a", CLASS_LABEL: "edge-rack-in-a-b"},
        "n2": {"edge": "", CLASS_LABEL: "edge"},
        "n3": {"rack": "b", CLASS_LABEL: "rack-in-a-b"},
    }
    a, b = ("10.0.1.1", 64700, "a"), ("10.0.2.1", 64700, "b")
    assert peers(data) == {  # one instance for both peerings of one ASN
        ("edge", "as64701"): {"a-gw": a},
        ("edge-rack-in-a-b", "as64701"): {"a-gw": a, "b-gw": b},
        ("rack-in-a-b", "as64701"): {"b-gw": b},
    }


def test_a_password_on_one_of_two_peerings() -> None:
    data = good(CLASSES)
    assert {name: group["password"] for name, group in groups(data).items()} == {"home-a": None, "home-b": "home/b"}
    configs = objects(data, "CiliumBGPPeerConfig")
    assert "authSecretRef" not in configs["a"]
    assert configs["b"]["authSecretRef"] == "bgp-password-b"


def test_a_pool_that_two_peerings_advertise_is_in_both_filters_and_expected_of_both() -> None:
    data = good(CLASSES)
    assert filters(data) == {"home-a-ipv4": ["203.0.113.1/32", "203.0.113.2/32"], "home-b-ipv4": ["203.0.113.2/32"]}
    assert [(item["pool"], item["peering"], sorted(item["nodes"])) for item in data["expect"]["announcements"]] == [
        ("x", "a", ["n1", "n2"]),
        ("y", "a", ["n1", "n2"]),
        ("y", "b", ["n1", "n3"]),
    ]


def test_a_selector_that_fits_its_class_exactly_is_used_as_it_is() -> None:
    data = good(
        CLASSES, edge_peerings={"a": {"network": "one", "nodes": "edge"}, "b": {"network": "two", "nodes": "rack=b"}}
    )
    assert {name: spec["nodeSelector"] for name, spec in objects(data, "CiliumBGPClusterConfig").items()} == {
        "edge": {"matchExpressions": [{"key": "edge", "operator": "Exists"}]},
        "rack-b": {"matchLabels": {"rack": "b"}},
    }
    assert CLASS_LABEL not in str(data["clusters"]["home"]["node_labels"])


def test_nodes_outside_every_peering_are_in_no_class() -> None:
    data = good(
        CLASSES,
        edge_peerings={"a": {"network": "one", "nodes": "edge,rack=a"}},
        edge_bgp_passwords={},
        edge_pools={"x": {"addresses": "203.0.113.1"}},
        edge_default_pool="x",
    )
    assert [item["node"] for item in data["sessions"]] == ["n1"]
    assert objects(data, "CiliumBGPClusterConfig")["edge-rack-a"]["nodeSelector"] == {
        "matchLabels": {"rack": "a"},
        "matchExpressions": [{"key": "edge", "operator": "Exists"}],
    }


# --- session keys -----------------------------------------------------------------------------------------------------


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


# --- pools ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pool", "blocks", "permitted", "capacity"),
    [
        pytest.param(
            {"addresses": "203.0.113.88/29", "exclude": "203.0.113.90", "first_last": False},
            [{"start": "203.0.113.89", "stop": "203.0.113.89"}, {"start": "203.0.113.91", "stop": "203.0.113.94"}],
            ["203.0.113.89/32", "203.0.113.91/32", "203.0.113.92/31 ge 32", "203.0.113.94/32"],
            5,
            id="excluded, without first and last",
        ),
        pytest.param(
            {"addresses": "203.0.113.88/29", "first_last": False},
            [{"cidr": "203.0.113.88/29"}],
            ["203.0.113.89/32", "203.0.113.90/31 ge 32", "203.0.113.92/31 ge 32", "203.0.113.94/32"],
            6,
            id="without first and last",
        ),
        pytest.param(
            {"addresses": "203.0.113.10-203.0.113.21"},
            [{"start": "203.0.113.10", "stop": "203.0.113.21"}],
            ["203.0.113.10/31 ge 32", "203.0.113.12/30 ge 32", "203.0.113.16/30 ge 32", "203.0.113.20/31 ge 32"],
            12,
            id="a range of several CIDRs",
        ),
        pytest.param(
            {"addresses": ["203.0.113.7", "198.51.100.0/31"], "first_last": False},
            [{"start": "203.0.113.7", "stop": "203.0.113.7"}, {"cidr": "198.51.100.0/31"}],
            ["198.51.100.0/31 ge 32", "203.0.113.7/32"],
            3,
            id="two addresses have no first and last to reserve",
        ),
    ],
)
def test_a_pool_in_the_words_of_both_ends(
    pool: dict[str, Any], blocks: list[dict[str, str]], permitted: list[str], capacity: int
) -> None:
    data = good(SMALL, edge_pools={"lb": pool})
    spec = objects(data, "CiliumLoadBalancerIPPool")["lb"]
    assert spec == {"allowFirstLastIPs": "Yes" if pool.get("first_last", True) else "No", "blocks": blocks}
    assert filters(data) == {"home-k8s-ipv4": permitted}
    assert data["pools"][0]["capacity"] == {"ipv4": capacity}


def test_a_disabled_pool_hands_out_nothing_and_keeps_its_routes() -> None:
    data = good(SMALL, edge_pools={"lb": {"addresses": "203.0.113.0/28", "disabled": True}})
    assert objects(data, "CiliumLoadBalancerIPPool")["lb"]["disabled"] is True
    assert filters(data) == {"home-k8s-ipv4": ["203.0.113.0/28 ge 32"]}
    assert data["pools"][0]["next_free"] is None


def test_a_default_pool_takes_all_that_no_other_pool_takes_also_in_its_advertisement() -> None:
    pools = {"lb": {"addresses": "203.0.113.0/28"}, "db": {"addresses": "203.0.113.16/28"}}
    data = good(SMALL, edge_pools=pools, edge_default_pool="lb", edge_pool_label="example.net/pool")
    rest = {"matchExpressions": [{"key": "example.net/pool", "operator": "NotIn", "values": ["db"]}]}
    assert {name: spec["serviceSelector"] for name, spec in objects(data, "CiliumLoadBalancerIPPool").items()} == {
        "lb": rest,
        "db": {"matchLabels": {"example.net/pool": "db"}},
    }
    assert rest in [item["selector"] for item in objects(data, "CiliumBGPAdvertisement")["k8s"]["advertisements"]]


L2_ONLY = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.0.1.0/24, interfaces: [eth0, "enp*s0.10"]}}
    edge_pools: {lb: {addresses: 10.0.1.224-10.0.1.254, l2: lan}}
    edge_services: {media/plex: {addresses: 10.0.1.230, ports: [{port: 32400}]}}
  children:
    edge_clusters: {hosts: {home: {edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.0.1.11}, n2: {ansible_host: 10.0.1.12}, cp: {}}}
"""


def test_a_site_with_l2_alone_needs_no_router_no_peering_and_no_asn() -> None:
    data = good(L2_ONLY)
    assert data["routers"] == {}
    assert data["sessions"] == data["clusters"]["home"]["bgp"] == data["expect"]["announcements"] == []
    assert objects(data, "CiliumL2AnnouncementPolicy") == {
        "lb.lan": {
            "loadBalancerIPs": True,
            "externalIPs": False,
            "interfaces": ["^eth0$", r"^enp.*s0\.10$"],
            "nodeSelector": {
                "matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["n1", "n2"]}]
            },
        }
    }
    assert data["expect"]["l2"] == [
        {
            "cluster": "home",
            "pool": "lb",
            "network": "lan",
            "nodes": ["n1", "n2"],
            "interfaces": ["eth0", "enp*s0.10"],
            "announce_only": None,
        }
    ]
    values = data["clusters"]["home"]["helm_values"]
    assert_subset(
        values,
        {"kubeProxyReplacement": True, "l2announcements": {"enabled": True}, "k8sClientRateLimit": {"qps": 11}},
    )
    assert "bgpControlPlane" not in values
    assert_subset(data["services"], [{"name": "plex", "pool": "lb", "reach": ["l2"], "via": ["lan"]}])


def test_all_nodes_announce_where_all_have_an_address() -> None:
    data = good(L2_ONLY.replace("cp: {}", "cp: {ansible_host: 10.0.1.10}"))
    assert "nodeSelector" not in objects(data, "CiliumL2AnnouncementPolicy")["lb.lan"]


@pytest.mark.parametrize(
    ("addresses", "finding"),
    [
        pytest.param(
            "10.0.1.240/28",
            "EDGE403 edge_pools.lb.addresses: 10.0.1.240/28 covers 10.0.1.255, the broadcast address of 10.0.1.0/24 in"
            " network 'lan' (exclude: 10.0.1.255)",
            id="broadcast",
        ),
        pytest.param(
            ["10.0.1.20", "10.0.1.0-10.0.1.3"],
            "EDGE403 edge_pools.lb.addresses[1]: 10.0.1.0-10.0.1.3 covers 10.0.1.0, the network address of 10.0.1.0/24"
            " in network 'lan' (exclude: 10.0.1.0)",
            id="network",
        ),
    ],
)
def test_an_l2_pool_must_not_hand_out_a_subnet_s_own_addresses(addresses: object, finding: str) -> None:
    pool = {"addresses": addresses, "l2": "lan"}
    assert told(L2_ONLY, edge_pools={"lb": pool}, edge_services={}) == [finding]
    reserved = finding.rpartition(": ")[2].rstrip(")")
    good(L2_ONLY, edge_pools={"lb": {**pool, "exclude": reserved}}, edge_services={})


def test_first_last_false_keeps_a_subnet_s_own_addresses_too() -> None:
    pool = {"addresses": "10.0.1.240/28", "l2": "lan", "first_last": False}
    assert good(L2_ONLY, edge_pools={"lb": pool}, edge_services={})["pools"][0]["capacity"] == {"ipv4": 14}


# --- what is not ours -------------------------------------------------------------------------------------------------


def with_variable(host: str, name: str, value: Any) -> Plan:
    """Return the plan of the small site with one more variable on one host."""
    document = yaml.safe_load(SMALL)
    for group in document["all"]["children"].values():
        if host in group["hosts"]:
            group["hosts"][host][name] = value
    return plan(inventory_from(document))


def test_a_router_that_is_not_managed_is_planned_against() -> None:
    computed = with_variable("gw", "edge_router_managed", False)
    assert computed.findings == ()
    assert computed.data["routers"]["gw"]["managed"] is False
    assert [computed.data[key] for key in ("sessions", "expect", "pools")] == [
        good(SMALL)[key] for key in ("sessions", "expect", "pools")
    ]
    assert computed.data["clusters"] == good(SMALL)["clusters"]


def test_a_cluster_that_is_not_managed_is_planned_against_and_gets_no_file() -> None:
    computed = with_variable("home", "edge_cluster_managed", False)
    assert computed.findings == ()
    assert computed.data["routers"] == good(SMALL)["routers"]
    assert cluster_files(computed.data) == {}


def test_a_release_that_is_not_ours_gets_its_planned_values_and_all_objects() -> None:
    """Whoever owns the release needs the values."""
    computed = with_variable("home", "edge_cilium_managed", False)
    files = cluster_files(computed.data)
    assert yaml.safe_load(files["home/values.yaml"])["bgpControlPlane"] == {"enabled": True}
    assert {"home/manifests/bgp.yaml", "home/manifests/lb.yaml"} <= set(files)


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


# --- mistakes that end in a site that never works ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("224.0.0.0/28", "224.0.0.0/28 holds multicast addresses (224.0.0.0/4), which no service can have"),
        ("127.0.0.10", "127.0.0.10 holds loopback addresses (127.0.0.0/8), which no service can have"),
        ("0.0.0.0-0.0.0.9", "0.0.0.0-0.0.0.9 holds this-network addresses (0.0.0.0/8), which no service can have"),
    ],
)
def test_addresses_that_no_service_can_have(entry: str, problem: str) -> None:
    assert told(SMALL, edge_pools={"lb": {"addresses": entry}}) == [
        f"EDGE103 edge_pools.lb.addresses: {problem} (use unicast addresses of your own)"
    ]


@pytest.mark.parametrize("entry", ["fe80::1:0/112", "ff05::/112", "::1"])
def test_ipv6_addresses_that_no_service_can_have(entry: str) -> None:
    assert [text[:7] for text in told(DUAL, edge_pools={"lb": {"addresses": entry}})] == ["EDGE103"]


def test_link_local_networks() -> None:
    assert told(IPV6_ONLY.replace("fd00:1:", "fe80:").replace("FD00:1:", "fe80:")) == [
        "EDGE111 edge_networks.lan.cidr: fe80::/64 is link-local: nodes cannot peer from such addresses, which each link"
        " has again (use unique local addresses, such as fd00:10::/64; a neighbor that is no node may be link-local:"
        " edge_router_neighbors.NAME: {address, interface})"
    ]


@pytest.mark.parametrize(
    ("router", "where"),
    [
        (
            "{edge_addresses: {mgmt: 10.0.9.1}, edge_router_asn: 64700}",
            "routers have addresses in mgmt; where the nodes dial the router's address in another network, write"
            " router_network: mgmt, else the addresses that are missing: edge_addresses",
        ),
        (
            "{ansible_host: gw.example, edge_router_id: 10.0.1.1, edge_router_asn: 64700}",
            "routers have no address; write edge_addresses",
        ),
    ],
)
def test_a_router_without_an_address_where_the_nodes_are(router: str, where: str) -> None:
    text = SMALL.replace("{ansible_host: 10.0.1.1, edge_router_asn: 64700}", router)
    assert told(text, edge_networks={"lan": {"cidr": "10.0.1.0/24"}, "mgmt": {"cidr": "10.0.9.0/24"}}) == [
        "EDGE304 edge_peerings.k8s.network: is missing, and its nodes and the routers share no network (its nodes have"
        f" addresses in lan, {where})"
    ]


def test_a_peering_without_any_router() -> None:
    document = yaml.safe_load(SMALL)
    del document["all"]["children"]["edge_routers"]
    assert [f"{item.code} {item.text}" for item in plan(inventory_from(document)).findings] == [
        "EDGE304 edge_peerings.k8s.network: is missing, and there is no router (the inventory defines no group"
        " edge_routers: add it, with a host)"
    ]
    document["all"]["children"]["edge_routers"] = {}
    assert [f"{item.code} {item.text}" for item in plan(inventory_from(document)).findings] == [
        "EDGE304 edge_peerings.k8s.network: is missing, and there is no router (add a host to the group edge_routers)"
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("edge_router", "edge_routers"),
        ("edge-routers", "edge_routers"),
        ("edge_cluster", "edge_clusters"),
        ("edge_node", "edge_nodes"),
    ],
)
def test_a_group_that_is_never_defined_is_named_once_with_the_one_that_was_meant(written: str, meant: str) -> None:
    document = yaml.safe_load(SMALL)
    children = document["all"]["children"]
    children[written] = children.pop(meant)
    assert [f"{item.code} {item.text}" for item in plan(inventory_from(document)).findings] == [
        f"EDGE117 inventory.{written}: is no group of this collection, and the inventory defines no group {meant!r}"
        f" (did you mean {meant!r}?)"
    ]


@pytest.mark.parametrize("other", ["routers", "edge_x", "edge_nodes_rack_a", "kube_nodes"])
def test_groups_of_others_are_no_misspelt_ones(other: str) -> None:
    document = yaml.safe_load(SMALL)
    document["all"]["children"][other] = {}
    assert plan(inventory_from(document)).findings == ()


LOOPBACKS = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.99.1.0/24}, ids: {cidr: 10.99.0.0/28, loopback: true}}
    edge_peerings: {k8s: {network: lan, router_network: ids}}
    edge_pools: {lb: {addresses: 10.99.200.0/28}}
  children:
    edge_routers: {hosts: {gw: {edge_router_asn: 64700, edge_addresses: {lan: 10.99.1.1, ids: ADDRESS}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6"}}}
    edge_nodes: {hosts: {n1: {edge_addresses: {lan: 10.99.1.11}}}}
"""


@pytest.mark.parametrize("address", ["10.99.0.0", "10.99.0.7", "10.99.0.15"])
def test_each_address_of_a_loopback_network_can_be_a_routers(address: str) -> None:
    document = yaml.safe_load(LOOPBACKS.replace("ADDRESS", address))
    computed = plan(inventory_from(document))
    assert computed.findings == ()
    assert computed.data is not None
    assert {session["router_address"] for session in computed.data["sessions"]} == {address}
    del document["all"]["vars"]["edge_networks"]["ids"]["loopback"]
    refused = [f"{item.code} {item.problem}" for item in plan(inventory_from(document)).findings]
    reserved = {
        "10.99.0.0": ["EDGE203 10.99.0.0 is the network address of 10.99.0.0/28"],
        "10.99.0.15": ["EDGE203 10.99.0.15 is the broadcast address of 10.99.0.0/28"],
    }
    assert refused == reserved.get(address, [])


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


SPEAKERS = """
all:
  vars:
    edge_networks: {data: {cidr: 10.99.0.0/24}}
    edge_peerings: {local: {local_speaker: {asn: 64700}}}
    edge_pools: {lb: {addresses: 10.99.200.0/28}}
  children:
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6"}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.99.0.11}}}
"""


def test_a_speaker_on_the_node_asks_a_limit_for_no_router() -> None:
    computed = plan(inventory_from(yaml.safe_load(SPEAKERS)))
    assert computed.findings == ()
    assert missing_from_limit(computed.site, frozenset({"home", "n1"})) == {}
    assert missing_from_limit(computed.site, frozenset({"n1"})) == {"n1": ("home",)}


def test_gtsm_that_a_peering_inherits_within_one_as() -> None:
    text = SMALL.replace("64701", "64700")
    assert told(text, edge_bgp_defaults={"ttl_security": True}) == [
        "EDGE310 edge_bgp_defaults.ttl_security: is set, but gw has the same AS 64700 as edge_peerings.k8s (remove it,"
        " or give the cluster an AS of its own)"
    ]
    assert good(text, edge_bgp_defaults={"ttl_security": True}, edge_peerings={"k8s": {"ttl_security": False}})


def test_a_router_s_ansible_host_is_its_address_in_that_one_network() -> None:
    """One that is reached over the management network says with edge_addresses where it peers."""
    networks = {"lan": {"cidr": "10.0.1.0/24"}, "mgmt": {"cidr": "10.0.9.0/24"}}
    text = SMALL.replace("{ansible_host: 10.0.1.1,", "{ansible_host: 10.0.9.1, edge_addresses: {lan: 10.0.1.1},")
    data = good(text, edge_networks=networks)
    assert data["routers"]["gw"]["addresses"] == {"lan": ["10.0.1.1"]}
    assert "gw.edge_addresses.mgmt" not in {item["path"] for item in data["derived"]}


def test_host_names_that_an_end_would_refuse() -> None:
    assert told(SMALL.replace("n2:", "Node_2:").replace("home:", "my home:")) == [
        "EDGE104 Node_2: the host name 'Node_2' is not made of lower-case letters, digits, '-' and '.': it is the name"
        " of the Node",
        "EDGE104 my home: the host name 'my home' is not made of letters, digits, '.', '_' and '-': it is a part of peer"
        " groups' names",
    ]


# --- names ------------------------------------------------------------------------------------------------------------


def test_the_longest_names_stay_inside_every_limit() -> None:
    long = "p" * 39 + "1"
    host = "h" * 63
    text = SMALL.replace("home:", f"{host}:").replace("gw:", f"{host[:-1]}g:")
    data = good(
        text,
        edge_peerings={long: {"nodes": "kubernetes.example.net/" + "l" * 63}},
        edge_pools={long: {"addresses": "203.0.113.0/28"}},
        edge_bgp_passwords={long: None},
        edge_node_labels={"kubernetes.example.net/" + "l" * 63: "v" * 63},
    )
    router = data["routers"][f"{host[:-1]}g"]["frr"]
    named = [item["name"] for key in ("peer_groups", "prefix_lists", "route_maps") for item in router[key]]
    assert max(map(len, named)) <= 128  # FRR refuses longer ones
    for item in [*data["clusters"][host]["bgp"], *data["clusters"][host]["lb"]]:
        assert len(item["metadata"]["name"]) <= 253
        assert all(len(value) <= 63 for value in item["metadata"]["labels"].values())
    assert all(len(instance) <= 255 for _config, instance in peers(data, host))


@pytest.mark.parametrize(
    "text",
    [SMALL, DUAL, IPV6_ONLY, SPLIT, TWO_CLUSTERS, CLASSES],
    ids=["small", "dual", "ipv6", "split", "two", "classes"],
)
def test_every_rendered_name_is_defined_and_every_group_has_both_filters(text: str) -> None:
    data = good(text)
    rendered = frr_conf(data)
    assert undefined(parse_frr(rendered).objects) == []
    activated = rendered.count(" activate\n")
    assert activated == len(groups(data)) == rendered.count(" in\n") == rendered.count(" out\n")


# --- verify -----------------------------------------------------------------------------------------------------------

SITES = {
    "small": SMALL,
    "dual stack": DUAL,
    "IPv6 only": IPV6_ONLY,
    "a peering for each family": SPLIT,
    "two routers": TWO_ROUTERS,
    "two clusters": TWO_CLUSTERS,
    "classes": CLASSES,
    "L2 only": L2_ONLY.replace("edge_services: {media/plex: {addresses: 10.0.1.230, ports: [{port: 32400}]}}", ""),
    "iBGP": SMALL.replace("64701", "64700"),
}


@pytest.mark.parametrize("text", SITES.values(), ids=SITES)
def test_verify_finds_a_site_in_good_order(text: str) -> None:
    data = good(text)
    report = verify(data, healthy(data), True)
    assert [finding.text for finding in report.findings] == []
    assert len(report.rows) > len(data["sessions"]) * 2


@pytest.mark.parametrize("text", [SITES[name] for name in SITES if name != "L2 only"])
def test_verify_misses_each_session_on_both_ends(text: str) -> None:
    """What is expected of a session belongs to that session alone."""
    data = good(text)
    for session in data["sessions"]:
        observed = healthy(data)
        observed["routers"][session["router"]]["neighbors"][session["node_address"]]["bgpState"] = "Active"
        paths = [finding.path for finding in verify(data, observed, True).findings]
        assert len(paths) >= 1
        assert all(session["node_address"] in path or session["node"] in path for path in paths), paths


@pytest.mark.parametrize(
    ("host", "variable", "end"),
    [("gw", "edge_router_managed", "routers"), ("home", "edge_cluster_managed", "clusters")],
)
def test_verify_judges_the_managed_end_alone(host: str, variable: str, end: str) -> None:
    data = with_variable(host, variable, False).data
    observed = healthy(data)
    observed[end].clear()
    report = verify(data, observed, True)
    assert [finding.text for finding in report.findings] == []
    assert len([row for row in report.rows if "session" in row.step]) == 2
