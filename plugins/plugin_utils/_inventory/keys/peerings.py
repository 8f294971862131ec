# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``edge_peerings``: classes of BGP sessions between routers and nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._findings.report import Report
from ..._versions import cilium
from ..types import Asn, Boolean, Choice, Key, ListOf, MapOf, Name, Record, Schema, ValueType
from .common import (
    ADDRESS,
    AGGREGATE,
    HOST,
    INSTANCE_NAME,
    LOCAL_PREFERENCE,
    OBJECT_NAME,
    PEER_NAME,
    PORT,
    ROUTER_INTERFACE,
    ROUTER_WORD,
    SELECTOR,
    RecordOr,
)
from .communities import COMMUNITIES
from .policies import POLICY
from .sessions import FRR_NOTES, SESSION, SESSION_NOTES, listen_limit_key, listen_range_key

_DERIVED_SESSIONS = "sessions are derived: from the nodes that nodes selects to each router with an address in network"

LOCAL_SPEAKER = Record(
    (
        Key("asn", Asn(), "AS number of the speaker.", required=True),
        Key("address", ADDRESS, "Address at which it listens on each node.", default="127.0.0.1"),
    )
)


def _advertised(*keys: Key) -> Record:
    """Return the type of one kind of routes under ``advertise``: its own keys and the attributes that all have."""
    return Record(
        (
            *keys,
            Key("communities", COMMUNITIES, "BGP communities of the routes.", default=()),
            Key("local_preference", LOCAL_PREFERENCE, "Local preference of the routes (within one AS only)."),
        )
    )


_SELECTED = Key("selector", SELECTOR, "Only what it selects.", derived="all")

_AGGREGATED = Key(
    "aggregate",
    AGGREGATE,
    "Prefix length to which routes are aggregated.",
    also=("aggregation_length",),
    needs=cilium.AGGREGATE,
)

ADVERTISE = Record(
    (
        Key(
            "pod_cidrs",
            _advertised(),
            "Pod CIDR of each node; needs edge_cluster_pod_cidrs.",
            also=("pod_cidr",),
        ),
        Key("pod_pools", _advertised(_SELECTED), "Pod CIDRs out of edge_cluster_pod_pools; selected by their labels."),
        Key("cluster_ips", _advertised(_SELECTED, _AGGREGATED), "Cluster IPs; needs edge_cluster_service_cidrs."),
        Key("external_ips", _advertised(_SELECTED, _AGGREGATED), "External IPs; needs edge_cluster_external_cidrs."),
        Key(
            "interfaces",
            RecordOr(
                "names",
                ListOf(ROUTER_INTERFACE, least=1),
                _advertised(Key("names", ListOf(ROUTER_INTERFACE, least=1), "Interfaces.", required=True)),
            ),
            "Addresses of these node interfaces as host routes, filtered by the network that names them.",
            needs=cilium.INTERFACES,
        ),
    ),
    dict.fromkeys(
        ("pools", "services", "load_balancer_ips", "loadbalancer_ips", "load_balancer_ip"),
        "a pool names its peerings: edge_pools.NAME.bgp",
    ),
)


class PeerNames(ValueType):
    """The name of a peer in the ClusterConfig, or one for each router."""

    label = "name or map router → name"

    def __init__(self) -> None:
        self._by_router = MapOf(HOST, PEER_NAME)

    def parse(self, value: object, path: str, report: Report) -> Any:
        return (self._by_router if isinstance(value, Mapping) else PEER_NAME).parse(value, path, report)

    def schema(self) -> Schema:
        return {"anyOf": [PEER_NAME.schema(), self._by_router.schema()]}


NAMES = Record(
    (
        Key("peer_group", ROUTER_WORD, "Peer group on the router.", derived="<cluster>-<peering>"),
        Key(
            "cluster_config",
            OBJECT_NAME,
            "CiliumBGPClusterConfig; the same in all peerings of a class of nodes.",
            derived="from the node selectors",
        ),
        Key("instance", INSTANCE_NAME, "BGP instance in it.", derived="as<asn>"),
        Key("peer", PeerNames(), "Peer in the instance.", derived="<peering>-<router>"),
        Key("peer_config", OBJECT_NAME, "CiliumBGPPeerConfig.", derived="<peering>"),
        Key("advertisement", OBJECT_NAME, "CiliumBGPAdvertisement.", derived="<peering>"),
    )
)

PEERING = Record(
    (
        Key(
            "network",
            ListOf(Name(), least=1),
            "Network on which the sessions run.",
            derived="the only one that its nodes and a router share",
            also=("networks",),
        ),
        Key(
            "nodes",
            SELECTOR,
            "Nodes that peer, by their labels.",
            derived="edge_bgp_defaults.nodes, else all nodes of the cluster",
            also=("node_selector", "selector"),
        ),
        Key("asn", Asn(), "AS number of the cluster's side.", derived="edge_cluster_asn", also=("local_asn", "as")),
        Key(
            "accept",
            Choice("pools", "services"),
            "What the router takes: every address of the pools, or only planned service addresses.",
            default="pools",
        ),
        Key(
            "router_network",
            Name(),
            "Network of the router's address that the nodes dial, where it is not theirs (a loopback, for example).",
            derived="network",
        ),
        Key(
            "routers",
            ListOf(HOST, least=1),
            "Routers that the nodes dial.",
            derived="those with an address in the node's own network",
            also=("router",),
        ),
        Key("local_as", Asn(), "AS number that the router shows on these sessions.", derived="edge_router_asn"),
        Key(
            "sessions",
            Choice("per_family", "ipv4", "ipv6"),
            "One session per family, or one over this family: ipv6 carries the routes of both.",
            default="per_family",
        ),
        listen_range_key(
            "Listen range in place of named neighbors; nodes need no addresses.",
            listen_limit_key(derived="nodes + 2"),
        ),
        Key(
            "discover",
            Boolean(),
            "Nodes dial their default gateway.",
            needs=cilium.DISCOVER,
            default=False,
            also=("autoDiscovery",),
        ),
        Key(
            "local_speaker", LOCAL_SPEAKER, "Nodes peer with a speaker on themselves, not with a router.", derived="off"
        ),
        Key(
            "listen_port",
            PORT,
            "Port on which Cilium listens, so that the router can dial too.",
            needs=cilium.LISTEN_PORT,
            derived="off",
            also=("localPort",),
        ),
        Key(
            "source_interface",
            ROUTER_INTERFACE,
            "Node interface whose address Cilium dials from.",
            needs=cilium.SOURCE_INTERFACE,
            derived="the kernel's choice",
        ),
        Key("advertise", ADVERTISE, "Routes beside pools; the router's filter is widened by the same.", default={}),
        Key("import", POLICY, "Routes that the router accepts beside those of pools and advertise.", derived="nothing"),
        Key("export", POLICY, "Routes that the router sends; Cilium discards them (warns).", derived="nothing"),
        Key("names", NAMES, "Names of adopted objects, in place of the derived ones.", default={}, derived="derived"),
        *SESSION,
    ),
    {
        **FRR_NOTES,
        **SESSION_NOTES,
        **dict.fromkeys(
            ("next_hop_self", "default_originate", "remove_private_as", "aggregate_address", "route_reflector_client"),
            "it is for routes to the nodes, and Cilium discards every route that it receives",
        ),
        **dict.fromkeys(("neighbors", "neighbours", "peers", "peer_address"), _DERIVED_SESSIONS),
        **dict.fromkeys(("peer_asn", "remote_as"), "the router's AS number is its edge_router_asn"),
        "families": "families are derived: those of its pools for which both ends have addresses",
        "pools": "a pool names its peerings: edge_pools.NAME.bgp",
        **dict.fromkeys(NAMES.keys, "it stands in names: {peer_group, cluster_config, ...}"),
    },
)
