# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a twin consists of: namespaces with interfaces and routes, routers, clusters, stand-in speakers. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MANAGED_BY = "twin"
"""Value of ``endpointslice.kubernetes.io/managed-by`` and of the label :data:`LABEL_STAND_IN`."""

LABEL_STAND_IN = "cluster-edge.hybridnet/stand-in"
"""On every object that the twin makes in place of its owner (a chart, a controller, a pod)."""

UPSTREAM = "upstream"
"""Name of the client that stands where the Internet is."""

NODE_API_PORT = 7445
"""Loopback port on which each node reaches its API server (the port of Talos' KubePrism)."""

LOOPBACK = "lo"
"""Interface and bridge of a leg that is on no bridge."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One interface of a host: a veth whose other end is a port of a bridge, or :data:`LOOPBACK` itself."""

    interface: str
    bridge: str
    mac: str
    addresses: tuple[str, ...]
    """With prefix length."""


@dataclass(frozen=True, slots=True)
class Route:
    """``destination`` is a CIDR or ``default``; several next hops share the load. Without a next hop it is on the link.

    A route with a ``metric`` stands for one that a routing protocol or a provider's router has on the real site. The
    metric is so high that FRR prefers its own route to the same destination.
    """

    destination: str
    family: int
    via: tuple[str, ...]
    metric: int | None = None
    interface: str | None = None
    """Of a route without a next hop."""
    table: int | None = None
    """None = the main one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A routing rule: what has a source in ``source`` is routed by ``table`` alone."""

    source: str
    family: int
    table: int


@dataclass(frozen=True, slots=True)
class Host:
    """One network namespace: a router, a node, a client, or a control plane (which has no leg at all)."""

    kind: str
    name: str
    namespace: str
    legs: tuple[Leg, ...] = ()
    routes: tuple[Route, ...] = ()
    rules: tuple[Rule, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict)
    firewall: str = ""
    """Body of the nftables table of a router; empty = it has none."""
    port_forwards: tuple[Mapping[str, Any], ...] = ()
    """Those of a router: ``address``, ``protocol``, ``outside_port``, ``to`` and ``port``."""
    proxy_arp: tuple[str, ...] = ()
    """Interfaces on which a router answers ARP for each address that it routes by another one."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A port of a node on which a stand-in for a service's pods answers."""

    service: str
    port: int
    protocol: str
    service_port: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """One control plane with its nodes and the objects that others own."""

    host: str
    namespace: str
    cilium_version: str
    """The release that runs."""
    planned_cilium: str
    """The release of the inventory."""
    nodes: tuple[str, ...]
    agents: tuple[str, ...]
    """Nodes on which a real agent runs; the others are Node objects only."""
    service_cidrs: tuple[str, ...]
    advertise_address: str
    listeners: Mapping[str, tuple[Listener, ...]]
    """By node."""
    objects: tuple[Mapping[str, Any], ...]
    """Namespaces, Nodes, Services and EndpointSlices, in the order in which they are applied."""
    node_status: Mapping[str, Mapping[str, Any]]
    values: Mapping[str, Any]
    """Helm values that let an agent run without a container; the overlay's ``edge_cilium_values__twin``."""
    devices: tuple[str, ...]
    owners_release: Mapping[str, Any] | None
    """All Helm values of a Cilium release that is not ours (``edge_cilium_managed: false``), which the twin installs in
    its owner's place; None where ``site.yml`` does."""
    replaced_values: tuple[str, ...] = ()
    """Paths at which ``values`` say something else than the plan."""


@dataclass(frozen=True, slots=True)
class Router:
    """A router: a small Debian with systemd, sshd and FRR."""

    host: str
    namespace: str
    machine: str
    address: str
    """The planned address at which Ansible reaches it."""
    managed: bool
    platform: str
    """Whose defaults it has."""
    planned_frr: str = ""
    """The FRR version of the inventory, as major.minor."""
    hostname: str = ""
    """What it calls itself; the host of the inventory where that is a hostname, and empty for that."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A BGP speaker in place of one that the site does not manage: a small FRR, in a namespace or on a node."""

    name: str
    namespace: str
    config: str
    """For bgpd; a password stands there as ``SECRET:<name>``."""
    passwords: tuple[str, ...] = ()
    """The names of its passwords, as the plan's routers have them."""
    zebra: bool = False
    """Whether zebra runs too: an unnumbered session needs to know the interface."""


@dataclass(frozen=True, slots=True)
class DefaultNetwork:
    """By which of several networks a node's default route leads."""

    node: str
    family: str
    """``ipv4`` or ``ipv6``."""
    network: str
    others: tuple[str, ...]
    """The other networks in which both the node and a router have an address."""
    reason: str


@dataclass(frozen=True, slots=True)
class Twin:
    """A whole site on one machine."""

    name: str
    site: str
    lan_namespace: str
    bridges: tuple[str, ...]
    hosts: tuple[Host, ...]
    routers: tuple[Router, ...]
    clusters: tuple[Cluster, ...]
    speakers: tuple[Speaker, ...]
    clients: Mapping[str, str]
    """Network (or ``upstream``) -> namespace of the client there."""
    default_networks: tuple[DefaultNetwork, ...] = ()
    """The choices among several networks, by node and family."""
