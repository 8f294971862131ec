# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, sessions: from a peering's ends to one session for each node, router and transport family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..._addressing.addresses import Address
from ..._addressing.families import Family
from ..._findings.wording import one_of, some
from ..._inventory.values import Item, Values
from ..._model.site import Node, Peering, Router, Session
from ..hosts import Context, Placed, is_absent, was_there


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Both ends' hosts and addresses, as far as they are good."""

    routers: Mapping[str, Router]
    router_addresses: Mapping[str, Placed]
    nodes: tuple[Node, ...]
    node_addresses: Mapping[str, Placed]


@dataclass(frozen=True, slots=True)
class Adjacency:
    """A way from a node to a router in one family: a session if the peering carries that family."""

    node: str
    node_address: Address | None
    """None for a dynamic neighbor whose address the site does not know."""
    router: str
    """Empty for a speaker on the node itself."""
    router_address: Address
    network: str
    """The node's network."""
    asn: int
    """Of the far end, as the node sees it."""
    near: bool = True
    """One hop is enough: both addresses are in one subnet, or the router's is another one of the node's own gateway."""

    @property
    def family(self) -> Family:
        """The family of both addresses."""
        return self.router_address.family


def routes(
    context: Context, item: Item, name: str, networks: tuple[str, ...], members: list[Node], ends: Endpoints
) -> tuple[Adjacency, ...] | None:
    """Return every way from the nodes of a peering to its routers; None where one was reported.

    A node dials the routers of its own network. Routers that are absent are no end of any session: there may be none.
    """
    dial = _Dial(context, item, name, networks, ends)
    found: list[Adjacency] = []
    complete = True
    for network in networks:
        routers = dial.routers_of(network)
        if routers is None:
            return None
        complete = dial.from_network(network, routers, members, found) and complete
    return tuple(found) if complete and dial.one_way_each(found) else None


def has_absent_routers_alone(
    context: Context, item: Item, name: str, networks: tuple[str, ...], ends: Endpoints
) -> bool:
    """Return whether each router that a peering's nodes would dial is absent, which is reported.

    Args:
        context: takes the finding.
        item: the peering as written.
        name: of the peering.
        networks: its networks; none where only a router could have told which.
        ends: the hosts of both ends.
    """
    dial = _Dial(context, item, name, networks, ends)
    gone = dial.absent_routers()
    if not gone or any(dial.routers_of(network) for network in networks):
        return False
    context.report.add(
        "EDGE363",
        item.at("routers" if "routers" in item else "network"),
        f"each of its routers is absent, so its nodes peer with nobody: {', '.join(gone)}",
        "a run takes its sessions out of the cluster too, and --tags router,contract leaves the cluster as it is",
    )
    return True


@dataclass(frozen=True, slots=True)
class _Dial:
    """How the nodes of one peering reach its routers."""

    context: Context
    item: Item
    name: str
    networks: tuple[str, ...]
    ends: Endpoints

    @property
    def _dynamic(self) -> bool:
        return self.item["dynamic"] is not None

    def _far(self, network: str) -> str:
        """Return the network of the address that nodes of ``network`` dial."""
        return str(self.item["router_network"] or network)

    def routers_of(self, network: str) -> list[str] | None:
        """Return the routers that nodes of ``network`` dial; empty where they are absent, None where none was found."""
        placed, far, context = self.ends.router_addresses, self._far(network), self.context
        if "routers" in self.item:
            return self._named_routers(network)
        beside = [host for host, own in placed.items() if own.get(network)]
        if far != network:
            # Of several routers with such an address, a node dials those of its own segment.
            beside = [host for host in beside if placed[host].get(far)] or [
                host for host, own in placed.items() if own.get(far)
            ]
        if beside or any(was_there(context, host, far) for host in placed):
            return beside
        if "edge_routers" in context.parsed.misspelt_groups:
            return None
        if not context.parsed.routers:
            defined = "edge_routers" in context.parsed.groups
            context.report.add(
                "EDGE207",
                "edge_routers",
                "the group has no host that nodes could dial" if defined else "the inventory defines no such group",
                "add the router; one that others manage: edge_router_managed: false",
            )
        elif not context.addresses_reported.covers_any((host, far) for host in placed):
            key = "router_network" if far != network else "network"
            context.report.add(
                "EDGE207", self.item.at(key), f"no router has an address in network {far!r}", _router_hint(self.ends)
            )
        return None

    def absent_routers(self) -> list[str]:
        """Return the routers that the nodes would dial if they were not absent."""
        known = self.context.parsed.routers
        hosts = [host for host in self.item["routers"] or sorted(known) if host in known]
        if not self.networks:
            return [host for host in hosts if is_absent(known[host])]
        fars = [self._far(network) for network in self.networks]
        return [host for host in hosts if any(was_there(self.context, host, far) for far in fars)]

    def _named_routers(self, network: str) -> list[str] | None:
        """Return the routers under ``routers`` that nodes of ``network`` dial; each must have an address to dial."""
        context, item, placed = self.context, self.item, self.ends.router_addresses
        hosts: tuple[str, ...] = tuple(dict.fromkeys(item["routers"]))
        if any(host not in context.parsed.routers for host in hosts):
            return None  # reported
        here = [host for host in hosts if not is_absent(context.parsed.routers[host])]
        fars = tuple(dict.fromkeys(self._far(known) for known in self.networks))
        complete = True
        for host in here:
            if any(placed[host].get(far) for far in fars):
                continue
            complete = False
            if not context.addresses_reported.covers_any((host, far) for far in fars):
                context.report.add(
                    "EDGE207",
                    item.at("routers", item["routers"].index(host)),
                    f"{host} has no address in {place(fars)}",
                    "write router_network: the network of the address that the nodes dial",
                )
        found = [host for host in here if placed[host].get(self._far(network))]
        if complete and here and not found:
            context.report.add(
                "EDGE207",
                item.at("routers"),
                f"names no router with an address in network {network!r}",
                "name a router there too, or write router_network: the network of the address that the nodes dial",
            )
            return None
        return found if complete else None

    def from_network(self, network: str, routers: list[str], members: list[Node], found: list[Adjacency]) -> bool:
        """Add the ways of the nodes in ``network``; return whether nothing was reported."""
        context, item, far_network = self.context, self.item, self._far(network)
        complete = True
        if item["discover"] and len(routers) > 1:
            context.report.add(
                "EDGE316",
                item.at("discover"),
                f"is set, but {one_of(routers)} could be the default gateway in network {network!r}",
                "name the one that is: routers",
            )
            complete = False
        for host in routers:
            for family in Family:
                far = [
                    address
                    for address in self.ends.router_addresses[host].get(far_network, ())
                    if address.family is family
                ]
                if len(far) > 1:
                    complete = False
                    _report_several(context, item, host, far_network, far)
                elif far:
                    ways = [self._way(network, host, far[0], node) for node in members]
                    found.extend(way[0] for way in ways if way)
                    complete = complete and None not in ways
        return complete

    def _way(self, network: str, host: str, far: Address, node: Node) -> tuple[Adjacency] | tuple[()] | None:
        """Return the way from a node to a router's address, nothing where there is none, None where that was told."""
        context, item, ends = self.context, self.item, self.ends
        asn = item["local_as"] or (ends.routers[host].asn if host in ends.routers else 0)
        placed = ends.node_addresses[node.host]
        subnet = context.subnet_of(self._far(network), far)
        source = _source(node, self.name, far.family)
        if source is not None and (placed.get(network) or len(self.networks) == 1):
            near = (subnet is not None and subnet.contains(source)) or self._at_the_gateway(network, host, source, far)
            return (Adjacency(node.host, source, host, far, network, asn, near),)
        own = [address for address in placed.get(network, ()) if address.family == far.family]
        if not own:
            unknown = self._dynamic and not any(placed.get(known) for known in self.networks)
            near = self._far(network) == network or self._at_the_gateway(network, host, None, far)
            return (Adjacency(node.host, None, host, far, network, asn, near),) if unknown else ()
        if self._far(network) != network:
            if len(own) > 1:
                _report_several(context, item, node.host, network, own)
                return None
            near = self._at_the_gateway(network, host, own[0], far)
            return (Adjacency(node.host, own[0], host, far, network, asn, near),)
        beside = [address for address in own if subnet is not None and subnet.contains(address)]
        if beside:
            return (Adjacency(node.host, beside[0], host, far, network, asn),)
        context.report.add(
            "EDGE206",
            f"{node.host}.edge_addresses.{network}",
            f"{' and '.join(address.text for address in own)}: {item.path} selects the node, but {host} has"
            f" {far.text}, in another subnet of network {network!r}",
            "make each subnet a network of its own, with a peering",
        )
        return None

    def _at_the_gateway(self, network: str, host: str, near: Address | None, far: Address) -> bool:
        """Return whether a node's first hop is the router whose other address it dials: TTL 1 gets there.

        So it is where no other router of the site is on the node's segment, as a packet to an own address is not
        forwarded. A loopback is dialled over whichever way is up, so it may be further away.

        Args:
            network: the node's network.
            host: the router.
            near: the node's address, None where the site does not know it.
            far: the router's address in another network.
        """
        if self.context.parsed.networks[self._far(network)]["loopback"]:
            return False
        beside = [router for router, placed in self.ends.router_addresses.items() if placed.get(network)]
        if beside != [host]:
            return False
        own = (address for address in self.ends.router_addresses[host][network] if address.family is far.family)
        subnets = [self.context.subnet_of(network, address) for address in own]
        return any(subnet is not None and (near is None or subnet.contains(near)) for subnet in subnets)

    def one_way_each(self, found: list[Adjacency]) -> bool:
        """Report nodes with two ways to one router: a peer of the class stands for a router, and has one address.

        A node in two networks with a router of its own in each has a session in each: that is how two fabrics work.
        """
        context, item = self.context, self.item
        discover: bool = item["discover"]
        ways: dict[tuple[str, str, Family], list[str]] = {}
        for route in found:
            ways.setdefault((route.node, "" if discover else route.router, route.family), []).append(route.network)
        double: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for (node, router, _family), several in ways.items():
            if len(several) > 1:
                nodes = double.setdefault((router, tuple(several)), [])
                nodes += [] if node in nodes else [node]
        for (router, networks), nodes in sorted(double.items()):
            if discover:
                context.report.add(
                    "EDGE316",
                    item.at("discover"),
                    f"is set, but which gateway {some(nodes)} would dial, of networks {' and '.join(networks)}, is up"
                    " to the routing table",
                    "write one peering for each network",
                )
            else:
                context.report.add(
                    "EDGE323",
                    item.at("network"),
                    f"{some(nodes)} would have two sessions with {router}, over networks {' and '.join(networks)}",
                    "write one peering for each network",
                )
        asns = {route.asn for route in found}
        if discover and len(asns) > 1:
            context.report.add(
                "EDGE316",
                item.at("discover"),
                f"is set, but the default gateways have different AS numbers ({', '.join(map(str, sorted(asns)))}): one"
                " peer stands for all of them",
                "write one peering for each AS number, or local_as",
            )
            return False
        return not double


def place(networks: Sequence[str]) -> str:
    """Return how a finding calls the networks of a peering."""
    return f"network {networks[0]!r}" if len(networks) == 1 else f"the networks {one_of(networks)}"


def _source(node: Node, peering: str, family: Family) -> Address | None:
    """Return the address that a node must dial from (``edge_node_local_addresses``)."""
    return next((address for address in node.local_addresses.get(peering, ()) if address.family == family), None)


def _router_hint(ends: Endpoints) -> str:
    networks = sorted({network for placed in ends.router_addresses.values() for network in placed if placed[network]})
    return f"routers have addresses in: {', '.join(networks)}" if networks else "write edge_addresses of the router"


def _report_several(context: Context, item: Item, host: str, network: str, far: list[Address]) -> None:
    context.report.add(
        "EDGE111",
        f"{host}.edge_addresses.{network}",
        f"{' and '.join(address.text for address in far)} are {far[0].family.label} addresses in the"
        f" network of {item.path}: several for one peering are not supported by this version",
        "make each subnet a network of its own, with a peering",
    )


@dataclass(frozen=True, slots=True)
class PeeringDraft:
    """A peering whose ends are known, before its sessions are."""

    peering: Peering
    routes: tuple[Adjacency, ...]
    asns: Mapping[str, int]
    """Node -> AS number of its side."""


def sessions_of(
    cluster: str, item: Item, draft: PeeringDraft, ends: Endpoints, config_of: Mapping[tuple[str, str], str]
) -> list[Session]:
    """Return the sessions of a peering: one for each way in a family of it, or in the one that carries all.

    Args:
        cluster: the cluster's host.
        item: the peering, for the names that are written.
        draft: the peering with the ways to its routers.
        ends: the nodes and routers.
        config_of: name of the CiliumBGPClusterConfig by (peering, node).
    """
    peering, asns = draft.peering, draft.asns
    names: Values = item["names"]
    nodes = {node.host: node for node in ends.nodes}
    sessions: list[Session] = []
    for route in draft.routes:
        if route.router and route.router not in ends.routers:
            continue
        carried = peering.families if not route.router or peering.sessions == route.family else (route.family,)
        transports = peering.families if peering.sessions is None else (peering.sessions,)
        if route.router and route.family not in transports:
            continue
        suffix = "-v6" if route.family is Family.IPV6 else ""
        source = nodes[route.node].local_addresses.get(peering.name, ())
        sessions.append(
            Session(
                cluster=cluster,
                peering=peering.name,
                node=route.node,
                node_address=route.node_address,
                node_asn=asns[route.node],
                router=route.router,
                router_address=route.router_address,
                router_asn=route.asn,
                family=route.family,
                families=carried,
                keys=peering.keys,
                peer_group=f"{peering.peer_group}{suffix}" if route.router else "",
                cluster_config=config_of[peering.name, route.node],
                instance=names["instance"] or f"as{asns[route.node]}",
                peer=_peer_name(names, peering, route.router) + suffix,
                peer_config=(names["peer_config"] or peering.name) + suffix,
                local_address=route.node_address if route.node_address in source else None,
                update_source=None if route.near or not route.router else route.router_address,
                dynamic=bool(peering.listen_ranges),
                discover=peering.discover,
            )
        )
    return sessions


def _peer_name(names: Values, peering: Peering, router: str) -> str:
    written = names["peer"]
    if isinstance(written, Mapping):
        written = written.get(router)
    if written is not None:
        return str(written)
    return f"{peering.name}-{'gateway' if peering.discover else router or 'local'}"
