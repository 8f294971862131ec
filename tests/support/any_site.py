# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories made from the table of keys: every key with well-typed values out of a small world, so that most of them
refer to something that exists. What they mean together is left to chance: that is what the planner has to judge."""

from __future__ import annotations

from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory import types as _types
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.cluster import (
    CLUSTER,
    CLUSTER_MAPS,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.common import OneOf, RecordOr
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.communities import CommunityType
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.hosts import ANY_HOST
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.node import NODE
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.policies import (
    POLICY_RECORD,
    PolicyType,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.router import ROUTER
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.site import SITE
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.types import Key, ValueType
from hypothesis import strategies as st

ROUTERS, CLUSTERS, NODES = ("r1", "r2"), ("c1", "c2"), ("n1", "n2", "n3")
NETWORKS, PEERINGS, POOLS = ("lan", "dmz", "lo"), ("k8s", "edge"), ("lb", "web")
ADDRESSES = {
    "lan": ("10.0.1.1", "10.0.1.2", "10.0.1.11", "10.0.1.12", "10.0.1.13", "fd00:1::1", "fd00:1::2", "fd00:1::11"),
    "dmz": ("10.0.2.1", "10.0.2.2", "10.0.2.11", "10.0.2.12", "fd00:2::1", "fd00:2::11"),
    "lo": ("10.255.0.1", "10.255.0.2", "10.255.0.11", "fd00:ff::1"),
}
CIDRS = ("10.0.1.0/24", "10.0.2.0/24", "10.255.0.0/24", "fd00:1::/64", "fd00:2::/64", "203.0.113.0/28", "fd00:aa::/120")
CIDRS += ("10.244.0.0/16", "10.96.0.0/16", "0.0.0.0/0", "::/0", "10.0.1.128/25", "fd00:244::/56")
CIDRS += ("203.0.113.0/29", "203.0.113.8/29", "203.0.113.15/32", "fd00:aa::8/125")
RANGES = (*CIDRS, "203.0.113.4-203.0.113.9", "203.0.113.3", "10.0.1.200-10.0.1.210", "fd00:aa::5")
SELECTORS = ("public", "rack=a", "rack in (a,b)", "!public", "app=web", "io.kubernetes.service.name=web")
NAMES = {"edge_networks": NETWORKS, "edge_peerings": PEERINGS, "edge_pools": POOLS, "edge_links": ("wire",)}
NAMES |= {"edge_services": ("media/plex", "web/web"), "edge_router_neighbors": ("nas", "vpn")}
NAMES |= {"edge_bgp_passwords": (*PEERINGS, "nas", "wire"), "edge_addresses": NETWORKS, "ends": ROUTERS}
NAMES |= {"edge_cluster_pod_pools": ("pods",), "edge_node_local_addresses": PEERINGS}
ASNS = (65000, 65001, 65002, 4200000001)
TEXTS: dict[str, tuple[str, ...]] = {
    "network": NETWORKS, "networks": NETWORKS, "router_network": NETWORKS, "l2": NETWORKS, "bgp": PEERINGS,
    "pool": POOLS, "pools": (*POOLS, "c1/lb", "c2/web"), "pod_pools": ("c1/pods", "c2/pods"), "pod_cidrs": CLUSTERS,
    "routers": ROUTERS, "hub": ROUTERS, "edge_cluster": CLUSTERS, "edge_default_pool": (*POOLS, "none"),
    "edge_cilium_version": ("1.16.19", "1.17.18", "1.18.14", "1.19.6", "1.20.2"),
    "edge_router_frr_version": ("7.5.1", "8.4.4", "10.1"),
}  # fmt: skip
"""Words for keys that refer to something, or that must be of a kind that the type does not say."""

LEFT_OUT = {"edge_accept", "edge_cilium_values"}


def value_of(kind: ValueType, key: str) -> st.SearchStrategy[Any]:
    """Return well-typed values of a type, for the key ``key``."""
    words = TEXTS.get(key)
    if isinstance(kind, _types.Boolean):
        return st.booleans()
    if isinstance(kind, _types.Asn):
        return st.sampled_from(ASNS)
    if isinstance(kind, CommunityType):
        return st.sampled_from(("65000:1", "65000:1:2", "no-export"))
    if isinstance(kind, PolicyType):
        return st.just("all") | record_of(POLICY_RECORD)
    if isinstance(kind, _types.ListOf):
        return st.lists(value_of(kind.item, key), min_size=1, max_size=2)
    if isinstance(kind, _types.Record):
        return record_of(kind)
    if isinstance(kind, RecordOr):
        return value_of(kind.alone, key) | record_of(kind.record)
    if isinstance(kind, OneOf):
        return st.sampled_from(kind.words) | value_of(kind.other, key)
    if isinstance(kind, _types.MapOf):
        names = NAMES.get(key, ROUTERS if key == "interfaces" else ("rack", "app", "public"))
        return st.dictionaries(st.sampled_from(names), value_of(kind.value, key), max_size=2)
    if isinstance(kind, _types.Choice):
        return st.sampled_from(kind.words)
    if isinstance(kind, _types.Integer):
        return st.integers(kind.low, min(kind.high, max(kind.low, 200)))
    if words:
        return st.sampled_from(words)
    if isinstance(kind, _types.Parsed):
        every = [address for addresses in ADDRESSES.values() for address in addresses]
        return st.sampled_from(
            {"address": (*every, "203.0.113.3"), "CIDR": CIDRS, "selector": SELECTORS, "IPv4 address": every[:3]}.get(
                kind.label, RANGES
            )
        )
    return st.sampled_from(("a", "b", "eth0", "web"))


def record_of(kind: _types.Record) -> st.SearchStrategy[dict[str, Any]]:
    """Return maps with the required keys and a few of the others."""
    required = {key.name: value_of(key.type, key.name) for key in kind.keys.values() if key.required}
    optional = {key.name: value_of(key.type, key.name) for key in kind.keys.values() if not key.required}
    some = st.lists(st.sampled_from(sorted(optional)), max_size=3, unique=True) if optional else st.just([])
    return some.flatmap(lambda names: st.fixed_dictionaries({**required, **{name: optional[name] for name in names}}))


def _variables(keys: tuple[Key, ...], always: tuple[str, ...], most: int) -> st.SearchStrategy[dict[str, Any]]:
    named = {key.name: key for key in keys if key.name not in LEFT_OUT}
    others = [name for name in sorted(named) if name not in always]
    some = st.lists(st.sampled_from(others), max_size=most, unique=True)
    return some.flatmap(
        lambda names: st.fixed_dictionaries({name: value_of(named[name].type, name) for name in (*always, *names)})
    )


def _placed(host: str, networks: tuple[str, ...]) -> dict[str, list[str]]:
    """Return a host's good addresses, so that most sites have sessions."""
    last = {"r1": "1", "r2": "2", "n1": "11", "n2": "12", "n3": "13"}[host]
    start = {"lan": ("10.0.1.", "fd00:1::"), "dmz": ("10.0.2.", "fd00:2::"), "lo": ("10.255.0.", "fd00:ff::")}
    return {network: [f"{start[network][0]}{last}", f"{start[network][1]}{last}"] for network in networks}


SOUND: dict[str, Any] = {
    "edge_networks": {
        "lan": {"cidr": ["10.0.1.0/24", "fd00:1::/64"], "interfaces": "eth0"},
        "dmz": {"cidr": ["10.0.2.0/24", "fd00:2::/64"]},
        "lo": {"cidr": ["10.255.0.0/24", "fd00:ff::/64"], "loopback": True, "interfaces": "lo0"},
    },
    "edge_peerings": {"k8s": {"network": "lan"}},
    "edge_pools": {"lb": {"addresses": ["203.0.113.0/28", "fd00:aa::/120"], "bgp": "k8s"}},
}
"""A site that works, under whatever else is drawn."""


@st.composite
def inventories(draw: st.DrawFn) -> dict[str, Any]:
    """Return a whole inventory as one document."""
    common = {**SOUND, **draw(_variables((*SITE, *CLUSTER_MAPS), (), 2))}
    for name in ("edge_networks", "edge_peerings", "edge_pools"):
        common[name] = {**SOUND[name], **common[name]} if draw(st.booleans()) else common[name]
    routers = {
        host: {"edge_router_asn": 65000, "edge_addresses": _placed(host, NETWORKS), **draw(_variables((*ANY_HOST, *ROUTER), (), 1))}
        for host in ROUTERS[: draw(st.integers(1, 2))]
    }  # fmt: skip
    hosts = CLUSTERS[: draw(st.integers(1, 2))]
    usual: dict[str, Any] = {"edge_cilium_version": "1.19.6", "edge_cluster_asn": 65001, "edge_default_pool": "none"}
    usual["edge_cluster_pod_cidrs"] = ["10.244.0.0/16", "fd00:244::/56"]
    clusters = {
        host: {**usual, **draw(_variables((*ANY_HOST, *CLUSTER), (), 2))}
        for host in hosts
    }  # fmt: skip
    nodes = {
        host: {"edge_cluster": hosts[0], "edge_addresses": _placed(host, NETWORKS), **draw(_variables((*ANY_HOST, *NODE), (), 1))}
        for host in NODES[: draw(st.integers(1, 3))]
    }  # fmt: skip
    return {
        "all": {
            "vars": common,
            "children": {
                "edge_routers": {"hosts": routers},
                "edge_clusters": {"hosts": clusters},
                "edge_nodes": {"hosts": nodes},
            },
        }
    }
