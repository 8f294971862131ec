# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resolved site: what the inventory means after defaults, derivations and checks.

Everything here is frozen and complete: no key is looked up again, no default is applied later. Addresses and CIDRs
are canonical text (netaddr's), ranges that arithmetic is done on are :class:`Interval`. Selectors are canonical
kubectl text. Only ``_resolve`` makes these objects; ``_frr_intent``, ``_manifests``, ``_helm_values`` and
``_expectations`` read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ._intervals import Interval


@dataclass(frozen=True, slots=True)
class Timers:
    """BGP timers in seconds (RFC 4271 section 4.2 and 8), one value for both ends."""

    hold: int
    keepalive: int
    connect_retry: int


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """What both ends of a session must agree on, after ``edge_bgp_defaults``."""

    timers: Timers
    graceful_restart: int
    """Restart time in seconds (RFC 4724); 0 = off."""
    multihop: int | None = None
    """TTL for sessions over several hops (2..255); None = directly connected."""
    ttl_security: bool = False
    """GTSM (RFC 5082); both ends together."""
    description: str | None = None
    shutdown: bool = False
    port: int = 179
    password: str | None = None
    """Name under ``edge_bgp_passwords``, never the secret itself; None = no MD5."""


@dataclass(frozen=True, slots=True)
class Network:
    """An L3 segment that router and nodes share."""

    name: str
    cidrs: tuple[str, ...]
    interfaces: tuple[str, ...] = ()
    """Interface names or globs, for L2 announcements."""
    l2_nodes: str | None = None
    """Selector of the nodes that announce here; None = all nodes with an address here."""


@dataclass(frozen=True, slots=True)
class Router:
    """A host of ``edge_routers``."""

    host: str
    asn: int
    router_id: str
    platform: str
    """``linux`` or ``unifi``."""
    frr_version: str
    addresses: Mapping[str, tuple[str, ...]]
    """Network name -> addresses, one per family and subnet."""
    managed: bool = True


@dataclass(frozen=True, slots=True)
class Node:
    """A host of ``edge_nodes``; never connected to."""

    host: str
    cluster: str
    labels: Mapping[str, str]
    addresses: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Session:
    """One BGP session between a node and a router, as both ends see it."""

    cluster: str
    peering: str
    node: str
    node_address: str
    node_asn: int
    router: str
    router_address: str
    router_asn: int
    family: str
    """Family of the transport addresses: ``ipv4`` or ``ipv6``."""
    families: tuple[str, ...]
    """Families of the routes that it carries."""
    keys: SessionKeys
    peer_group: str
    """On the router; IPv6 ones end in ``-v6``."""
    cluster_config: str
    instance: str
    peer: str
    peer_config: str
    """Names of the Cilium side; IPv6 peers and PeerConfigs end in ``-v6``."""


@dataclass(frozen=True, slots=True)
class Peering:
    """A class of sessions between routers and the nodes that a selector picks (``edge_peerings.P``)."""

    name: str
    networks: tuple[str, ...]
    nodes: str | None
    """Selector in canonical kubectl text; None = all nodes of the cluster."""
    node_hosts: tuple[str, ...]
    """The nodes that it matches, sorted."""
    routers: tuple[str, ...]
    asn: int
    keys: SessionKeys
    families: tuple[str, ...]
    """Route families: those that its pools have and both ends have addresses for."""
    accept: str = "pools"


@dataclass(frozen=True, slots=True)
class NodeClass:
    """The nodes of a cluster that have the same peerings: one CiliumBGPClusterConfig (a node may match only one)."""

    name: str
    """Name of the CiliumBGPClusterConfig."""
    selector: str | None
    """What selects exactly these nodes: a peering's own selector, or a label of ours; None = all nodes."""
    nodes: tuple[str, ...]
    peerings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PoolEntry:
    """One entry of ``addresses`` as written, normalised: a CIDR, or first and last address."""

    text: str
    interval: Interval
    is_cidr: bool


@dataclass(frozen=True, slots=True)
class Pool:
    """A named set of addresses that services draw from (``edge_pools.N``)."""

    name: str
    entries: tuple[PoolEntry, ...]
    exclude: tuple[PoolEntry, ...]
    intervals: tuple[Interval, ...]
    """The addresses that Cilium may hand out: entries minus excluded, merged, sorted; first/last already taken off
    where ``first_last`` is false."""
    bgp: tuple[str, ...]
    """Peerings that advertise it."""
    l2: tuple[str, ...]
    """Networks on which it is announced."""
    first_last: bool = True
    disabled: bool = False

    @property
    def families(self) -> tuple[str, ...]:
        """The families of its addresses, IPv4 first."""
        present = {interval.family for interval in self.intervals}
        return tuple(name for number, name in ((4, "ipv4"), (6, "ipv6")) if number in present)


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service that we create."""

    port: int
    target_port: int | str
    protocol: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Service:
    """A Service of type LoadBalancer (``edge_services."namespace/name"``)."""

    namespace: str
    name: str
    pool: str
    addresses: tuple[str, ...]
    """Pinned addresses; empty = Cilium's choice."""
    manage: str
    """``service`` (we create it), ``metadata`` (we label and annotate it), ``values`` (its chart makes it)."""
    chart: str | None = None
    """``ingress-nginx``, where ``manage`` is ``values``."""
    ingress_class: str | None = None
    ports: tuple[ServicePort, ...] = ()
    selector: Mapping[str, str] = field(default_factory=dict)
    families: tuple[str, ...] = ()
    """Of the addresses it asks for; empty = the cluster's default family."""
    traffic_policy: str | None = None
    """``externalTrafficPolicy``: ``Cluster``, ``Local``; None = not said (Kubernetes: Cluster)."""

    @property
    def key(self) -> str:
        """``namespace/name``, as the inventory spells it."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A host of ``edge_clusters`` with all that belongs to it."""

    host: str
    cilium_version: str
    default_pool: str | None
    """None = ``none``: a service that names no pool gets no address."""
    pool_label: str
    nodes: tuple[Node, ...]
    peerings: tuple[Peering, ...]
    pools: tuple[Pool, ...]
    services: tuple[Service, ...]
    sessions: tuple[Session, ...]
    classes: tuple[NodeClass, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    """The user's ``edge_cilium_values``, layers merged."""
    asn: int | None = None
    distribution: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    pod_cidrs: tuple[str, ...] = ()
    service_cidrs: tuple[str, ...] = ()
    managed: bool = True
    cilium_managed: bool = True


@dataclass(frozen=True, slots=True)
class Derived:
    """A value that the inventory does not state, with the reason for it."""

    path: str
    value: Any
    reason: str


@dataclass(frozen=True, slots=True)
class Site:
    """One inventory's routers and clusters."""

    name: str
    networks: tuple[Network, ...]
    routers: tuple[Router, ...]
    clusters: tuple[Cluster, ...]
    derived: tuple[Derived, ...] = ()
