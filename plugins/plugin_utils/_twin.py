# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin's description: a plan turned into namespaces, bridges, legs, addresses, routes and stand-in objects.

Pure: the same plan and options give the same description, nothing is read or started. ``_twin_run`` makes it real.
Nothing here knows a particular site; what the plan does not say (pod CIDRs, the upstream network, client addresses) is
chosen outside everything that the plan uses.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
    summarize_address_range,
)
from typing import Any

from ..module_utils._errors import EdgeError

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

MANAGED_BY = "twin"
"""Value of ``endpointslice.kubernetes.io/managed-by`` and of the label :data:`LABEL_STAND_IN`."""

LABEL_STAND_IN = "cluster-edge.hybridnet/stand-in"
"""On every object that the twin makes in place of its owner (a chart, a controller, a pod)."""

UPSTREAM = "upstream"
"""Name of the client that stands where the Internet is."""

NODE_API_PORT = 7445
"""Loopback port on which each node reaches its API server (the port of Talos' KubePrism)."""

FIRST_LISTENER_PORT = 20000
"""Stand-in endpoints listen from here on, one port for each port of a service."""

_UPSTREAM_POOLS = {
    4: ("198.51.100.0/24", "198.18.255.0/24", "192.0.2.0/24"),
    6: ("fd00:198:51:100::/112", "fd00:198:18:255::/112"),
}
_POD_CIDRS = {4: ("10.244.0.0/16", "172.30.0.0/16", "192.168.0.0/16"), 6: ("fd00:10:244::/48", "fd00:172:30::/48")}
_SERVICE_CIDRS = {4: ("10.96.0.0/16", "172.31.0.0/16", "192.168.0.0/16"), 6: ("fd00:10:96::/112", "fd00:172:31::/112")}
_POD_MASK = {4: 24, 6: 64}
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")
_INTERFACE_LENGTH = 15
"""IFNAMSIZ - 1 of Linux."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One interface of a host: a veth whose other end is a port of a bridge."""

    interface: str
    bridge: str
    mac: str
    addresses: tuple[str, ...]
    """With prefix length."""


@dataclass(frozen=True, slots=True)
class Route:
    """``destination`` is a CIDR or ``default``; several next hops share the load."""

    destination: str
    family: int
    via: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """One network namespace: a router, a node, a client, or a control plane (which has no leg at all)."""

    kind: str
    name: str
    namespace: str
    legs: tuple[Leg, ...] = ()
    routes: tuple[Route, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class Router:
    """A router: a small Debian with systemd, sshd and FRR."""

    host: str
    namespace: str
    machine: str
    address: str
    """The planned address at which Ansible reaches it."""
    managed: bool


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
    clients: Mapping[str, str]
    """Network (or ``upstream``) -> namespace of the client there."""


def describe(
    plan: Mapping[str, Any],
    name: str | None = None,
    endpoints: Mapping[str, Sequence[str]] | None = None,
) -> Twin:
    """Return the twin of the site that ``plan`` describes.

    Args:
        plan: the plan as JSON (``edge_plan``).
        name: the twin's name, unique on the machine; default: the site's.
        endpoints: ``namespace/name`` of a service -> the nodes with a ready stand-in endpoint; default: all nodes
            that peer or announce.

    Raises:
        EdgeError: the plan cannot be built on one machine; says which part.
    """
    return _Builder(plan, name or str(plan["site"]), endpoints or {}).twin()


def prefix(name: str) -> str:
    """Return what the twin's namespaces, cgroup and machines start with."""
    if not _NAME.fullmatch(name):
        raise EdgeError("edge_twin_name", f"{name!r} is no name of 1 to 40 letters, digits and dashes (RFC 1123 label)")
    return f"twin-{name}"


class _Builder:
    """Holds what the steps share: the plan, the segments, the addresses in use."""

    def __init__(self, plan: Mapping[str, Any], name: str, endpoints: Mapping[str, Sequence[str]]) -> None:
        self.plan = plan
        self.name = name
        self.prefix = prefix(name)
        self.endpoints = endpoints
        self.networks: Mapping[str, Any] = plan["networks"]
        self.segments = _segments(self.networks)
        self.taken = _taken(plan)
        self.routers = {host: router for host, router in plan["routers"].items() if router["addresses"]}

    def twin(self) -> Twin:
        self._check_endpoints()
        upstream, upstream_legs = self._upstream()
        hosts = [self._router(host, upstream_legs.get(host)) for host in sorted(self.routers)]
        clusters = []
        for host in sorted(self.plan["clusters"]):
            cluster, nodes = self._cluster(host, self.plan["clusters"][host])
            clusters.append(cluster)
            hosts += nodes
        clients = [self._client(network) for network in sorted(self.networks)]
        hosts += [client for client in clients if client] + ([upstream] if upstream else [])
        bridges = {leg.bridge for host in hosts for leg in host.legs}
        return Twin(
            name=self.name,
            site=str(self.plan["site"]),
            lan_namespace=f"{self.prefix}.lan",
            bridges=tuple(sorted(bridges)),
            hosts=tuple(hosts),
            routers=tuple(self._router_machine(host) for host in sorted(self.routers)),
            clusters=tuple(clusters),
            clients={host.name: host.namespace for host in hosts if host.kind == "client"},
        )

    # Names

    def _namespace(self, kind: str, host: str) -> str:
        return f"{self.prefix}.{kind}.{host}"

    def _mac(self, host: str, bridge: str) -> str:
        # Fixed and locally administered: with random ones, neighbours keep a stale entry over a restart and SSH stalls.
        digest = hashlib.sha256(f"{host}/{bridge}".encode()).hexdigest()
        return "02:" + ":".join(digest[i : i + 2] for i in range(0, 10, 2))

    # Segments and legs

    def _legs(self, host: str, addresses: Mapping[str, Sequence[str]], named: bool) -> tuple[Leg, ...]:
        """Return a leg for each segment on which ``host`` has an address; ``named`` = by the network's interfaces."""
        by_bridge: dict[str, list[str]] = {}
        wanted: dict[str, str | None] = {}
        for network in self.networks:
            for address in addresses.get(network, ()):
                bridge, interface = self.segments[network]
                by_bridge.setdefault(bridge, []).append(self._with_length(network, address))
                wanted[bridge] = interface if named else None
        literal = {name for name in wanted.values() if name}
        legs = []
        number = 0
        for bridge, texts in by_bridge.items():
            interface = wanted[bridge]
            if interface is None:
                while f"eth{number}" in literal:
                    number += 1
                interface = f"eth{number}"
                number += 1
            legs.append(Leg(interface, bridge, self._mac(host, bridge), tuple(texts)))
        return tuple(legs)

    def _with_length(self, network: str, address: str) -> str:
        ip = ip_address(address)
        for cidr in self.networks[network]["cidrs"]:
            subnet = ip_network(cidr)
            if ip.version == subnet.version and ip in subnet:
                return f"{ip}/{subnet.prefixlen}"
        raise EdgeError(f"networks.{network}", f"{address} is in none of its CIDRs")

    def _gateways(self, networks: Iterable[str]) -> dict[int, tuple[str, ...]]:
        """Return, by family, the router addresses on the first of ``networks`` that has a router."""
        found: dict[int, tuple[str, ...]] = {}
        for network in networks:
            for family in (4, 6):
                addresses = [
                    address
                    for host in sorted(self.routers)
                    for address in self.routers[host]["addresses"].get(network, ())
                    if ip_address(address).version == family
                ]
                if addresses and family not in found:
                    # One next hop: replies that alternate between two routers would hide a fault of either.
                    found[family] = (addresses[0],)
        return found

    def _default_routes(self, networks: Iterable[str], legs: Iterable[Leg]) -> tuple[Route, ...]:
        families = {ip_interface(text).version for leg in legs for text in leg.addresses}
        gateways = self._gateways(networks)
        return tuple(
            Route("default", family, gateways[family]) for family in (4, 6) if family in gateways and family in families
        )

    # Routers

    def _router(self, host: str, upstream: tuple[Leg, tuple[Route, ...]] | None) -> Host:
        legs = self._legs(host, self.routers[host]["addresses"], named=False)
        routes: tuple[Route, ...] = ()
        if upstream:
            legs, routes = (*legs, upstream[0]), upstream[1]
        sysctls = {
            "net.ipv4.ip_forward": "1",
            "net.ipv4.fib_multipath_hash_policy": "1",
            "net.ipv4.conf.all.rp_filter": "0",
            "net.ipv6.conf.all.forwarding": "1",
            "net.ipv6.fib_multipath_hash_policy": "1",
        }
        return Host("router", host, self._namespace("host", host), legs, routes, sysctls)

    def _router_machine(self, host: str) -> Router:
        router = self.routers[host]
        addresses = [address for network in self.networks for address in router["addresses"].get(network, ())]
        ipv4 = [address for address in addresses if ip_address(address).version == 4]
        machine = f"{self.prefix}.{host}"
        if len(machine) > 63:
            # systemd-nspawn takes a host name of at most 64 characters.
            machine = f"{self.prefix[:40]}.{hashlib.sha256(machine.encode()).hexdigest()[:12]}"
        return Router(
            host, self._namespace("host", host), machine, (ipv4 or addresses)[0], bool(router.get("managed", True))
        )

    # Clients

    def _client(self, network: str) -> Host | None:
        """Return the client on ``network``: the highest address of each CIDR that nothing in the plan uses."""
        addresses = [
            text for cidr in self.networks[network]["cidrs"] if (text := _highest_free(ip_network(cidr), self.taken))
        ]
        if not addresses:
            return None
        bridge = self.segments[network][0]
        legs = (Leg("eth0", bridge, self._mac(f"client/{network}", bridge), tuple(addresses)),)
        routes = self._default_routes([network], legs)
        return Host(
            "client", network, self._namespace("client", network), legs, routes, {"net.ipv6.conf.all.accept_ra": "0"}
        )

    def _upstream(self) -> tuple[Host | None, dict[str, tuple[Leg, tuple[Route, ...]]]]:
        """Return the client upstream of the routers, and each router's leg and default route towards it."""
        families = self._pool_families()
        if not families or not self.routers:
            return None, {}
        ranges = {
            family: _free_of(_UPSTREAM_POOLS[family], self.taken, "a transfer network towards the upstream client")
            for family in sorted(families)
        }
        legs: dict[str, tuple[Leg, tuple[Route, ...]]] = {}
        own_legs = []
        next_hops: dict[tuple[str, int], str] = {}
        for index, host in enumerate(sorted(self.routers)):
            bridge = f"{UPSTREAM}{index}"
            router_side, client_side, routes = [], [], []
            for family, pool in ranges.items():
                length = 30 if family == 4 else 126
                first = int(pool.network_address) + 4 * index
                base = IPv4Address(first) if family == 4 else IPv6Address(first)
                router_side.append(f"{base + 1}/{length}")
                client_side.append(f"{base + 2}/{length}")
                routes.append(Route("default", family, (str(base + 2),)))
                next_hops[host, family] = str(base + 1)
            legs[host] = Leg(UPSTREAM, bridge, self._mac(host, bridge), tuple(router_side)), tuple(routes)
            own_legs.append(Leg(f"eth{index}", bridge, self._mac(UPSTREAM, bridge), tuple(client_side)))
        pool_routes = self._upstream_routes(next_hops)
        host = Host("client", UPSTREAM, self._namespace("client", UPSTREAM), tuple(own_legs), pool_routes)
        return host, legs

    def _pool_families(self) -> set[int]:
        return {
            ip_address(first).version for pool in self.plan["pools"] if pool["bgp"] for first, _last in pool["ranges"]
        }

    def _upstream_routes(self, next_hops: Mapping[tuple[str, int], str]) -> tuple[Route, ...]:
        """Return a route for each prefix of a BGP pool, via the routers that accept it."""
        prefixes: dict[Network, set[str]] = {}
        for pool in self.plan["pools"]:
            hosts = {
                session["router"]
                for session in self.plan["sessions"]
                if session["cluster"] == pool["cluster"] and session["peering"] in pool["bgp"]
            }
            for first, last in pool["ranges"] if pool["bgp"] else ():
                for cidr in _summarize(ip_address(first), ip_address(last)):
                    prefixes.setdefault(cidr, set()).update(hosts & set(self.routers) or set(self.routers))
        return tuple(
            Route(str(cidr), cidr.version, tuple(next_hops[host, cidr.version] for host in sorted(prefixes[cidr])))
            for cidr in sorted(prefixes, key=lambda item: (item.version, item))
        )

    # Clusters

    def _check_endpoints(self) -> None:
        known = {f"{service['namespace']}/{service['name']}": service["cluster"] for service in self.plan["services"]}
        for service, nodes in self.endpoints.items():
            if service not in known:
                raise EdgeError(
                    f"edge_twin_endpoints.{service}",
                    "no such service in the plan",
                    f"known: {', '.join(sorted(known)) or 'none'}",
                )
            for node in nodes:
                if node not in self.plan["clusters"][known[service]]["nodes"]:
                    raise EdgeError(
                        f"edge_twin_endpoints.{service}", f"{node!r} is no node of cluster {known[service]}"
                    )

    def _cluster(self, host: str, cluster: Mapping[str, Any]) -> tuple[Cluster, list[Host]]:
        nodes = cluster["nodes"]
        speakers = self._speakers(host)
        services = [service for service in self.plan["services"] if service["cluster"] == host]
        placed = {_key(service): tuple(sorted(self.endpoints.get(_key(service), speakers))) for service in services}
        agents = tuple(sorted(speakers.union(*placed.values())))
        order = _network_order(self.networks, nodes)
        hosts = [self._node(node, nodes[node], order) for node in sorted(nodes) if node in agents]
        node_ips = {node: _node_addresses(nodes[node]["addresses"], order) for node in sorted(nodes)}
        for node, addresses in node_ips.items():
            if not addresses:
                raise EdgeError(
                    f"clusters.{host}.nodes.{node}", "the twin needs an address of it", "edge_addresses on the node"
                )
        families = sorted({version for addresses in node_ips.values() for version in addresses})
        pod_cidrs = _with_families(cluster.get("pod_cidrs") or (), families, _POD_CIDRS, self.taken, "pods")
        taken = [*self.taken, *((cidr.network_address, cidr.broadcast_address) for cidr in pod_cidrs)]
        service_cidrs = _with_families(cluster.get("service_cidrs") or (), families, _SERVICE_CIDRS, taken, "services")
        node_cidrs = _node_cidrs(pod_cidrs, sorted(nodes), host)
        ports = _ports(cluster, services)
        listeners = _listeners(ports, placed)
        objects = [
            *_namespaces(services),
            *(_node_object(node, node_cidrs[node]) for node in sorted(nodes)),
            *_stand_in_services(cluster, ports),
            *_endpoint_slices(ports, placed, node_ips),
        ]
        devices = tuple(sorted({leg.interface for item in hosts for leg in item.legs}))
        values = helm_values(devices, pod_cidrs)
        ours = cluster.get("cilium_managed", True)
        return (
            Cluster(
                host=host,
                namespace=self._namespace("cluster", host),
                cilium_version=str(cluster["cilium_version"]),
                nodes=tuple(sorted(nodes)),
                agents=agents,
                service_cidrs=tuple(map(str, service_cidrs)),
                advertise_address=next(iter(next(iter(node_ips.values())).values())),
                listeners=listeners,
                objects=tuple(objects),
                node_status={node: _node_status(node, node_ips[node]) for node in sorted(nodes)},
                values=values,
                devices=devices,
                owners_release=None if ours else merge(cluster["helm_values"], values),
            ),
            [Host("control-plane", host, self._namespace("cluster", host)), *hosts],
        )

    def _speakers(self, cluster: str) -> frozenset[str]:
        """Return the nodes that peer or announce."""
        peers = {session["node"] for session in self.plan["sessions"] if session["cluster"] == cluster}
        announcers = {
            node for item in self.plan["expect"]["l2"] if item["cluster"] == cluster for node in item["nodes"]
        }
        return frozenset(peers | announcers)

    def _node(self, host: str, node: Mapping[str, Any], order: Sequence[str]) -> Host:
        legs = self._legs(host, node["addresses"], named=True)
        routes = self._default_routes([network for network in order if node["addresses"].get(network)], legs)
        sysctls = {"net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "0", "net.ipv6.conf.all.forwarding": "1"}
        return Host("node", host, self._namespace("host", host), legs, routes, sysctls)


def helm_values(devices: Sequence[str], pod_cidrs: Sequence[Network]) -> dict[str, Any]:
    """Return the Helm values that let an agent run on a bare network namespace, without pods and CNI."""
    values: dict[str, Any] = {
        "devices": " ".join(devices),
        "routingMode": "native",
        "enableIPv4Masquerade": False,
        "enableIPv6Masquerade": False,
        "l7Proxy": False,
        "envoy": {"enabled": False},
        "hubble": {"enabled": False, "relay": {"enabled": False}, "ui": {"enabled": False}},
        "healthChecking": False,
        "endpointHealthChecking": {"enabled": False},
        "socketLB": {"enabled": False},
        "bpf": {"mapDynamicSizeRatio": 0.0005},
        "operator": {"replicas": 1},
        "cgroup": {"hostRoot": "/run/cilium/cgroupv2"},
    }
    for cidr in pod_cidrs:
        values[f"ipv{cidr.version}"] = {"enabled": True}
        values[f"ipv{cidr.version}NativeRoutingCIDR"] = str(cidr)
    return values


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return Helm values with ``over`` laid over ``base``, map by map."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(below, Mapping)
        merged[key] = merge(below, value) if both and below is not None else value
    return merged


# Networks and addresses


def _segments(networks: Mapping[str, Any]) -> dict[str, tuple[str, str | None]]:
    """Return network -> (bridge, interface name on nodes). Networks on one interface are one segment."""
    segments: dict[str, tuple[str, str | None]] = {}
    by_interface: dict[str, str] = {}
    for index, name in enumerate(networks):
        interface = _interface(networks[name].get("interfaces") or ())
        bridge = f"br{index}"
        if interface:
            bridge = by_interface.setdefault(interface, bridge)
        segments[name] = bridge, interface
    return segments


def _interface(patterns: Sequence[str]) -> str | None:
    """Return an interface name that the first usable pattern matches: itself, or with digits for its wildcards."""
    for pattern in patterns:
        name = pattern.replace("*", "0").replace("?", "0")
        if len(name) <= _INTERFACE_LENGTH and "[" not in name and fnmatchcase(name, pattern):
            return name
    return None


def _taken(plan: Mapping[str, Any]) -> list[tuple[Address, Address]]:
    """Return the first and last address of everything that the plan uses, except the networks' own CIDRs."""
    taken: list[tuple[Address, Address]] = []
    hosts = [
        *plan["routers"].values(),
        *(node for cluster in plan["clusters"].values() for node in cluster["nodes"].values()),
    ]
    for host in hosts:
        for addresses in host["addresses"].values():
            taken += [(ip_address(address), ip_address(address)) for address in addresses]
    for pool in plan["pools"]:
        for entry in pool["ranges"]:
            taken.append((ip_address(entry[0]), ip_address(entry[1])))
    for cluster in plan["clusters"].values():
        for text in [*(cluster.get("pod_cidrs") or ()), *(cluster.get("service_cidrs") or ())]:
            cidr = ip_network(text)
            taken.append((cidr.network_address, cidr.broadcast_address))
    for network in plan["networks"].values():
        for text in network["cidrs"]:
            cidr = ip_network(text)
            taken.append((cidr.network_address, cidr.network_address))
            taken.append((cidr.broadcast_address, cidr.broadcast_address))
    return taken


def _highest_free(cidr: Network, taken: Sequence[tuple[Address, Address]]) -> str | None:
    """Return the highest address of ``cidr`` outside ``taken``, with prefix length; None when it is full."""
    lowest, candidate = int(cidr.network_address), int(cidr.broadcast_address)
    ranges = sorted(
        ((int(a), int(b)) for a, b in taken if a.version == cidr.version), key=lambda item: item[1], reverse=True
    )
    for first, last in ranges:
        if first <= candidate <= last:
            candidate = first - 1
    return f"{cidr.network_address + (candidate - lowest)}/{cidr.prefixlen}" if candidate >= lowest else None


def _free_of(candidates: Sequence[str], taken: Sequence[tuple[Address, Address]], purpose: str) -> Network:
    """Return the first candidate that touches nothing in ``taken``."""
    for text in candidates:
        cidr = ip_network(text)
        if not any(
            a.version == cidr.version and int(a) <= int(cidr.broadcast_address) and int(b) >= int(cidr.network_address)
            for a, b in taken
        ):
            return cidr
    raise EdgeError("edge_twin", f"the site uses {' and '.join(candidates)}: none is left for {purpose}")


def _summarize(first: Address, last: Address) -> list[Network]:
    if isinstance(first, IPv4Address) and isinstance(last, IPv4Address):
        return list(summarize_address_range(first, last))
    if isinstance(first, IPv6Address) and isinstance(last, IPv6Address):
        return list(summarize_address_range(first, last))
    raise EdgeError("pools", f"{first}-{last} mixes families")


def _with_families(
    given: Sequence[str],
    families: Sequence[int],
    candidates: Mapping[int, Sequence[str]],
    taken: Sequence[tuple[Address, Address]],
    purpose: str,
) -> list[Network]:
    """Return one CIDR for each of ``families``: the first given one, else a free candidate. IPv4 first."""
    cidrs: list[Network] = []
    for family in families:
        own = [cidr for text in given if (cidr := ip_network(text)).version == family]
        cidrs.append(own[0] if own else _free_of(candidates[family], taken, purpose))
    return cidrs


def _node_cidrs(pod_cidrs: Sequence[Network], nodes: Sequence[str], cluster: str) -> dict[str, list[str]]:
    """Cut each pod CIDR into one piece for each node, /24 or /64 where that fits."""
    result: dict[str, list[str]] = {node: [] for node in nodes}
    for cidr in pod_cidrs:
        needed = cidr.prefixlen + max(len(nodes) - 1, 0).bit_length()
        length = max(_POD_MASK[cidr.version], needed)
        if length > cidr.max_prefixlen:
            raise EdgeError(f"clusters.{cluster}.pod_cidrs", f"{cidr} cannot be cut into {len(nodes)} pieces")
        size = 1 << (cidr.max_prefixlen - length)
        for index, node in enumerate(nodes):
            result[node].append(f"{cidr.network_address + index * size}/{length}")
    return result


def _network_order(networks: Mapping[str, Any], nodes: Mapping[str, Any]) -> list[str]:
    """Return the networks, those that most nodes share first: a node's InternalIP should be on a common one."""
    users = {network: sum(1 for node in nodes.values() if node["addresses"].get(network)) for network in networks}
    return sorted(networks, key=lambda network: -users[network])


def _node_addresses(addresses: Mapping[str, Sequence[str]], order: Sequence[str]) -> dict[int, str]:
    """Return a node's InternalIP by family, IPv4 first."""
    found: dict[int, str] = {}
    for network in order:
        for address in addresses.get(network, ()):
            found.setdefault(ip_address(address).version, address)
    return dict(sorted(found.items()))


# Kubernetes objects


def _key(service: Mapping[str, Any]) -> str:
    return f"{service['namespace']}/{service['name']}"


def _namespaces(services: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the namespaces that the services' owners would make."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {LABEL_STAND_IN: MANAGED_BY}}}
        for name in sorted({service["namespace"] for service in services} - {"default", "kube-system"})
    ]


def _node_object(node: str, cidrs: Sequence[str]) -> dict[str, Any]:
    labels = {
        "kubernetes.io/hostname": node,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        LABEL_STAND_IN: MANAGED_BY,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node, "labels": labels},
        "spec": {"podCIDR": cidrs[0], "podCIDRs": list(cidrs)},
    }


def _node_status(node: str, addresses: Mapping[int, str]) -> dict[str, Any]:
    return {
        "addresses": [
            *({"type": "InternalIP", "address": address} for address in addresses.values()),
            {"type": "Hostname", "address": node},
        ],
    }


def _ports(cluster: Mapping[str, Any], services: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return ``namespace/name`` -> its ports as Kubernetes has them, each with the stand-in's ``listener`` port."""
    objects = {_key(item): item.get("object") or {} for item in cluster["services"]}
    charts = {f"{item['namespace']}/{item['service']}" for item in cluster.get("charts") or ()}
    result: dict[str, list[dict[str, Any]]] = {}
    port_number = FIRST_LISTENER_PORT
    for service in sorted(services, key=_key):
        key = _key(service)
        ports = (objects.get(key, {}).get("spec") or {}).get("ports") or []
        if not ports and key in charts:
            # What the ingress-nginx chart makes without further values.
            ports = [{"name": "http", "port": 80}, {"name": "https", "port": 443}]
        if not ports:
            planned = list(service.get("ports") or ({"port": 80, "protocol": "TCP"},))
            ports = (
                planned
                if len(planned) == 1
                else [{**port, "name": f"{port['protocol']}-{port['port']}".lower()} for port in planned]
            )
        result[key] = []
        for port in ports:
            entry = {
                "name": port.get("name") or "",
                "port": int(port["port"]),
                "protocol": port.get("protocol") or "TCP",
            }
            result[key].append({**entry, "listener": port_number})
            port_number += 1
    return result


def _listeners(
    ports: Mapping[str, Sequence[Mapping[str, Any]]], placed: Mapping[str, Sequence[str]]
) -> dict[str, tuple[Listener, ...]]:
    by_node: dict[str, list[Listener]] = {}
    for key, nodes in placed.items():
        for node in nodes:
            for port in ports[key]:
                by_node.setdefault(node, []).append(Listener(key, port["listener"], port["protocol"], port["port"]))
    return {node: tuple(sorted(by_node[node], key=lambda item: item.port)) for node in sorted(by_node)}


def _stand_in_services(
    cluster: Mapping[str, Any], ports: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    """Return the Services of ``manage: values`` and ``metadata`` as their chart or owner would make them."""
    charts = {f"{item['namespace']}/{item['service']}": item["values"] for item in cluster.get("charts") or ()}
    objects = []
    for item in sorted(cluster["services"], key=_key):
        if item["manage"] == "service":
            continue
        values = ((charts.get(_key(item)) or {}).get("controller") or {}).get("service") or {}
        metadata: dict[str, Any] = {
            "name": item["name"],
            "namespace": item["namespace"],
            "labels": {**(values.get("labels") or {}), LABEL_STAND_IN: MANAGED_BY},
        }
        if values.get("annotations"):
            metadata["annotations"] = dict(values["annotations"])
        spec: dict[str, Any] = {
            "type": "LoadBalancer",
            "ports": [
                {
                    **({"name": port["name"]} if port["name"] else {}),
                    "port": port["port"],
                    "protocol": port["protocol"],
                    "targetPort": port["listener"],
                }
                for port in ports[_key(item)]
            ],
        }
        for name in (
            "externalTrafficPolicy",
            "loadBalancerClass",
            "ipFamilies",
            "ipFamilyPolicy",
            "allocateLoadBalancerNodePorts",
        ):
            if values.get(name) not in (None, "", []):
                spec[name] = values[name]
        objects.append({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    return objects


def _endpoint_slices(
    ports: Mapping[str, Sequence[Mapping[str, Any]]],
    placed: Mapping[str, Sequence[str]],
    node_ips: Mapping[str, Mapping[int, str]],
) -> list[dict[str, Any]]:
    """Return the slices that point at the listeners on the nodes, one for each service and family."""
    slices = []
    for key in sorted(placed):
        namespace, name = key.split("/", 1)
        for family in (4, 6):
            endpoints = [
                {"addresses": [node_ips[node][family]], "conditions": {"ready": True}, "nodeName": node}
                for node in placed[key]
                if family in node_ips[node]
            ]
            if not endpoints:
                continue
            slices.append(
                {
                    "apiVersion": "discovery.k8s.io/v1",
                    "kind": "EndpointSlice",
                    "metadata": {
                        "name": f"{name}-stand-in-ipv{family}",
                        "namespace": namespace,
                        "labels": {
                            "kubernetes.io/service-name": name,
                            "endpointslice.kubernetes.io/managed-by": MANAGED_BY,
                            LABEL_STAND_IN: MANAGED_BY,
                        },
                    },
                    "addressType": f"IPv{family}",
                    "ports": [
                        {"name": port["name"], "port": port["listener"], "protocol": port["protocol"]}
                        for port in ports[key]
                    ],
                    "endpoints": endpoints,
                }
            )
    return slices
