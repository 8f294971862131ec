# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin's description: a plan turned into namespaces, bridges, legs, addresses, routes and stand-in objects.

Pure: the same plan and options give the same description, nothing is read or started. ``_twin/run`` brings it up.
Nothing here knows a particular site; what the plan does not say (pod CIDRs, the upstream network, client addresses) is
chosen outside everything that the plan uses.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from ....module_utils._errors import EdgeError
from ..._document.plan import PlanDocument, PlannedCluster
from .addresses import Network, highest_free, network_order, node_addresses, node_cidrs, with_families
from .default_networks import DefaultNetworks
from .kernel import host_sysctls
from .model import (
    LABEL_STAND_IN,
    LOOPBACK,
    MANAGED_BY,
    NODE_API_PORT,
    Cluster,
    DefaultNetwork,
    Host,
    Leg,
    Listener,
    Route,
    Router,
    Speaker,
    Twin,
)
from .objects import (
    api_address,
    endpoint_slices,
    helm_values,
    listeners,
    merge,
    namespaces,
    node_object,
    node_status,
    ports,
    replaced_values,
    service_key,
    stand_in_services,
)
from .platforms import RouterSettings, platform_of
from .releases import nearest_release
from .speakers import Speakers
from .wiring import Wiring

__all__ = [
    "LABEL_STAND_IN",
    "LOOPBACK",
    "MANAGED_BY",
    "NODE_API_PORT",
    "Cluster",
    "Host",
    "Leg",
    "Listener",
    "Route",
    "Router",
    "Speaker",
    "Twin",
    "describe",
    "prefix",
]

_POD_CIDRS = {4: ("10.244.0.0/16", "172.30.0.0/16", "192.168.0.0/16"), 6: ("fd00:10:244::/48", "fd00:172:30::/48")}
_SERVICE_CIDRS = {4: ("10.96.0.0/16", "172.31.0.0/16", "192.168.0.0/16"), 6: ("fd00:10:96::/112", "fd00:172:31::/112")}
_NOBODY = "192.0.2.1"
"""Address that the API server of a cluster without nodes advertises (RFC 5737)."""
_HOSTNAME_LIMIT = 63
"""Characters (Linux takes 64, systemd-nspawn too)."""
_HOSTNAME = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)*")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


def describe(
    plan: PlanDocument,
    name: str | None = None,
    endpoints: Mapping[str, Sequence[str]] | None = None,
    cilium: Sequence[str] | None = None,
    settings: RouterSettings | None = None,
    default_networks: Mapping[str, object] | None = None,
) -> Twin:
    """Return the twin of the site that ``plan`` describes.

    Args:
        plan: the plan as JSON (``edge_plan``).
        name: the twin's name, unique on the machine; default: the site's.
        endpoints: ``namespace/name`` of a service -> the nodes with a ready stand-in endpoint; default: all nodes
            that peer or announce.
        cilium: the releases of Cilium that can run; default: the planned ones.
        settings: how routers treat packets; default: as their planned platforms do.
        default_networks: node -> the network by which its default route leads; default: as :class:`DefaultNetworks`
            prefers them.

    Raises:
        EdgeError: the plan cannot be built on one machine; says which part.
    """
    chosen = default_networks or {}
    return _Builder(plan, name or plan["site"], endpoints or {}, cilium, settings or RouterSettings(), chosen).twin()


def prefix(name: str) -> str:
    """Return what the twin's namespaces, cgroup and machines start with."""
    if not _NAME.fullmatch(name):
        raise EdgeError("edge_twin_name", f"{name!r} is no name of 1 to 40 letters, digits and dashes (RFC 1123 label)")
    return f"twin-{name}"


def hostname_of(host: str) -> str:
    """Return what a router calls itself: its host of the inventory, or what is like it where that is no hostname.

    Ansible takes any name, ``udm_pro`` too. systemd-nspawn takes labels of letters, digits and dashes (hostname(7)).
    """
    if len(host) <= _HOSTNAME_LIMIT and _HOSTNAME.fullmatch(host):
        return host
    like = re.sub(r"[^A-Za-z0-9]+", "-", host)[: _HOSTNAME_LIMIT - 13].strip("-")
    return f"{like}-{_short_hash(host)}".lstrip("-")


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class _Builder:
    """What the steps share: the plan, the wiring, the nodes' addresses."""

    def __init__(
        self,
        plan: PlanDocument,
        name: str,
        endpoints: Mapping[str, Sequence[str]],
        cilium: Sequence[str] | None,
        settings: RouterSettings,
        default_networks: Mapping[str, object],
    ) -> None:
        self.plan = plan
        self.name = name
        self.prefix = prefix(name)
        self.endpoints = endpoints
        self.cilium = cilium
        self.settings = settings
        self.wiring = Wiring(plan, self.prefix, settings)
        self.routers = self.wiring.routers
        self.node_addresses = {
            node: {network: list(addresses) for network, addresses in entry["addresses"].items()}
            for cluster in plan["clusters"].values()
            for node, entry in cluster["nodes"].items()
        }
        self._address_dynamic_nodes()
        owners = {
            address: node
            for node, placed in self.node_addresses.items()
            for addresses in placed.values()
            for address in addresses
        }
        self.speakers = Speakers(self.wiring, owners)
        self.defaults = DefaultNetworks(self.wiring, default_networks)
        self.default_networks: list[DefaultNetwork] = []

    def _address_dynamic_nodes(self) -> None:
        """Give each node that dials in from an address unknown to the plan one: the highest free one of a listen range.

        The range lies in the nodes' network. The router's address that they dial may be in another one.
        """
        for session in self.plan["sessions"]:
            if session["node_address"] or session["router"] not in self.routers:
                continue
            ranges = self.wiring.listen_ranges(session)
            placed = self.node_addresses[session["node"]]
            version = 4 if session["family"] == "ipv4" else 6
            if any(
                ip_address(text).version == version for network, _cidr in ranges for text in placed.get(network, ())
            ):
                continue
            free = next(((network, text) for network, cidr in ranges if (text := self._free(cidr))), None)
            if free is None:
                problem = f"no address is left in {' and '.join(str(cidr) for _network, cidr in ranges)} for it"
                raise EdgeError(f"node {session['node']}", problem, "give it one: edge_addresses")
            placed.setdefault(free[0], []).append(free[1])
            self.wiring.take(free[1])

    def _free(self, cidr: Network) -> str | None:
        """Return the highest address of ``cidr`` that nothing uses."""
        found = highest_free(cidr, self.wiring.taken)
        return found.split("/", maxsplit=1)[0] if found else None

    def twin(self) -> Twin:
        """Return the description."""
        self._check_endpoints()
        upstream, uplinks, upstream_on = self.wiring.upstream()
        hosts = [self._router(host, uplinks.get(host)) for host in sorted(self.routers)]
        clusters = []
        for host in sorted(self.plan["clusters"]):
            cluster, nodes = self._cluster(host, self.plan["clusters"][host])
            clusters.append(cluster)
            hosts += nodes
        hosts += self.speakers.hosts
        clients = [
            self.wiring.client(network) for network in sorted(self.wiring.networks) if network not in upstream_on
        ]
        hosts += [client for client in clients if client] + ([upstream] if upstream else [])
        bridges = {leg.bridge for host in hosts for leg in host.legs} - {LOOPBACK}
        return Twin(
            name=self.name,
            site=self.plan["site"],
            lan_namespace=f"{self.prefix}.lan",
            bridges=tuple(sorted(bridges)),
            hosts=tuple(hosts),
            routers=tuple(self._router_machine(host) for host in sorted(self.routers)),
            clusters=tuple(clusters),
            speakers=tuple(self.speakers.speakers),
            clients={host.name: host.namespace for host in hosts if host.kind == "client"},
            default_networks=tuple(self.default_networks),
        )

    def _router(self, host: str, uplink: Any) -> Host:
        made = self.wiring.router(host, uplink, self.speakers.router_legs.get(host, ()))
        return dataclasses.replace(made, routes=(*made.routes, *self.speakers.router_routes.get(host, ())))

    def _router_machine(self, host: str) -> Router:
        router = self.routers[host]
        addresses = [address for network in self.wiring.networks for address in router["addresses"].get(network, ())]
        ipv4 = [address for address in addresses if ip_address(address).version == 4]
        hostname = hostname_of(host)
        machine = f"{self.prefix}.{hostname}"
        if len(machine) > _HOSTNAME_LIMIT:
            machine = f"{self.prefix[:40]}.{_short_hash(machine)}"
        return Router(
            host,
            self.wiring.namespace("host", host),
            machine,
            (ipv4 or addresses)[0],
            router["managed"],
            platform_of(self.settings, host, router["platform"]),
            router["frr_version"],
            hostname,
        )

    # Clusters

    def _check_endpoints(self) -> None:
        """Refuse endpoints that are written wrongly, or of services and nodes that the plan does not have."""
        clusters = {
            f"{service['namespace']}/{service['name']}": service["cluster"] for service in self.plan["services"]
        }
        for service, nodes in self.endpoints.items():
            if service not in clusters:
                raise EdgeError(
                    f"edge_twin_endpoints.{service}",
                    "no such service in the plan",
                    f"known: {', '.join(sorted(clusters)) or 'none'}",
                )
            known = self.plan["clusters"][clusters[service]]["nodes"]
            if not isinstance(nodes, list | tuple):
                raise EdgeError(
                    f"edge_twin_endpoints.{service}",
                    f"{nodes!r} is no list of nodes",
                    f"nodes of cluster {clusters[service]}: {', '.join(sorted(known)) or 'none'}",
                )
            for node in nodes:
                if not isinstance(node, str) or node not in known:
                    raise EdgeError(
                        f"edge_twin_endpoints.{service}", f"{node!r} is no node of cluster {clusters[service]}"
                    )

    def _cluster(self, host: str, cluster: PlannedCluster) -> tuple[Cluster, list[Host]]:
        nodes = cluster["nodes"]
        speakers = self._speakers(host)
        services = [service for service in self.plan["services"] if service["cluster"] == host]
        placed = {
            service_key(service): tuple(sorted(self.endpoints.get(service_key(service), speakers)))
            for service in services
        }
        agents = tuple(sorted(speakers.union(self.speakers.on_nodes & set(nodes), *placed.values())))
        order = network_order(self.wiring.networks, {node: self.node_addresses[node] for node in nodes})
        hosts = [self._node(node, self.node_addresses[node], order) for node in sorted(nodes) if node in agents]
        node_ips = {node: node_addresses(self.node_addresses[node], order) for node in sorted(nodes)}
        for node, addresses in node_ips.items():
            if not addresses:
                raise EdgeError(
                    f"clusters.{host}.nodes.{node}", "the twin needs an address of it", "edge_addresses on the node"
                )
        families = sorted({version for addresses in node_ips.values() for version in addresses}) or [4]
        pod_cidrs = with_families(cluster["pod_cidrs"], families, _POD_CIDRS, self.wiring.taken, "pods")
        taken = [*self.wiring.taken, *((cidr.network_address, cidr.broadcast_address) for cidr in pod_cidrs)]
        service_cidrs = with_families(cluster["service_cidrs"], families, _SERVICE_CIDRS, taken, "services")
        pieces = node_cidrs(pod_cidrs, sorted(nodes), host)
        opened = ports(cluster, services)
        answering = listeners(opened, placed)
        objects = [
            *namespaces(services),
            *(node_object(node, pieces[node]) for node in sorted(nodes)),
            *stand_in_services(cluster, opened),
            *endpoint_slices(opened, placed, node_ips),
        ]
        devices = tuple(sorted({leg.interface for item in hosts for leg in item.legs}))
        planned = cluster["cilium_version"]
        values = {**helm_values(devices, pod_cidrs), **api_address(cluster["helm_values"], planned)}
        ours = cluster["cilium_managed"]
        return (
            Cluster(
                host=host,
                namespace=self.wiring.namespace("cluster", host),
                cilium_version=planned if self.cilium is None else nearest_release(planned, self.cilium, host),
                planned_cilium=planned,
                nodes=tuple(sorted(nodes)),
                agents=agents,
                service_cidrs=tuple(map(str, service_cidrs)),
                advertise_address=next((ip for addresses in node_ips.values() for ip in addresses.values()), _NOBODY),
                listeners=answering,
                objects=tuple(objects),
                node_status={node: node_status(node, node_ips[node]) for node in sorted(nodes)},
                values=values,
                devices=devices,
                owners_release=None if ours else merge(cluster["helm_values"], values),
                replaced_values=replaced_values(cluster["helm_values"], values),
            ),
            [self._control_plane(host), *hosts],
        )

    def _speakers(self, cluster: str) -> frozenset[str]:
        """Return the nodes that peer or announce."""
        peers = {session["node"] for session in self.plan["sessions"] if session["cluster"] == cluster}
        announcers = {
            node for item in self.plan["expect"]["l2"] if item["cluster"] == cluster for node in item["nodes"]
        }
        return frozenset(peers | announcers)

    def _control_plane(self, host: str) -> Host:
        namespace = self.wiring.namespace("cluster", host)
        return Host("control-plane", host, namespace, sysctls=host_sysctls(forwards=False))

    def _node(self, host: str, addresses: Mapping[str, Sequence[str]], shared: Sequence[str]) -> Host:
        legs = self.wiring.legs(host, addresses, named=True)
        dialled = self._discovered(host)
        routes = [*dialled]
        for version in sorted({4, 6} - {route.family for route in dialled}):
            found, choice = self.defaults.routes(host, version, legs, shared)
            routes += found
            self.default_networks += [choice] if choice else []
        routes += self.wiring.node_routes(host, addresses)
        answers, rules = self.wiring.return_paths(host, legs)
        return Host(
            "node",
            host,
            self.wiring.namespace("host", host),
            legs,
            (*routes, *answers),
            rules,
            host_sysctls(forwards=True),
        )

    def _discovered(self, node: str) -> tuple[Route, ...]:
        """Return the default routes of a node that dials its default gateway: via the session's router."""
        found = {
            version: Route("default", version, (session["router_address"],))
            for session in self.plan["sessions"]
            if session["node"] == node and session["discover"]
            for version in [ip_address(session["router_address"]).version]
        }
        return tuple(found[version] for version in sorted(found))
