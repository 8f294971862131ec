# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, sessions: from a peering's ends to one session for each node, router and transport family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ._addresses import FAMILY_KEY, FAMILY_NAME, Address
from ._findings import one_of
from ._model import Node, Peering, Router, Session
from ._parse import Item, Items
from ._resolve_hosts import Context, Placed


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends' hosts and addresses, as far as they are good."""

    routers: Mapping[str, Router]
    router_addresses: Mapping[str, Placed]
    nodes: tuple[Node, ...]
    node_addresses: Mapping[str, Placed]


@dataclass(frozen=True, slots=True)
class Route:
    """A way from a node to a router in one family: a session if the peering carries that family."""

    node: str
    node_address: str
    """Empty for a dynamic neighbor whose address the site does not know."""
    router: str
    """Empty for a speaker on the node itself."""
    router_address: str
    family: str
    network: str
    """The node's network."""
    asn: int
    """Of the far end, as the node sees it."""
    near: bool = True
    """Both addresses are in one subnet."""


def routes(
    context: Context, item: Item, name: str, networks: tuple[str, ...], members: list[Node], ends: Ends
) -> tuple[Route, ...] | None:
    """Return every way from the nodes of a peering to its routers; None where one was reported."""
    whole = True
    found: list[Route] = []
    for network in networks:
        far_network = item.get("router_network", network)
        routers = _routers(context, item, network, far_network, ends)
        if routers is None:
            return None
        if item.get("discover") and len(routers) > 1:
            context.report.add(
                "EDGE316",
                item.at("discover"),
                f"is set, but {one_of(routers)} could be the default gateway in network {network!r}",
                "name the one that is: routers",
            )
            whole = False
        for host in routers:
            for family in ("ipv4", "ipv6"):
                far = [a for a in ends.router_addresses[host].get(far_network, ()) if FAMILY_KEY[a.family] == family]
                if not far:
                    continue
                if len(far) > 1:
                    whole = False
                    _report_several(context, item, host, far_network, far)
                    continue
                for node in members:
                    route = _route(context, item, name, network, far_network, host, far[0], node, ends)
                    if route is None:
                        whole = False
                    elif route:
                        found.append(route[0])
    return tuple(found) if whole else None


def _routers(context: Context, item: Item, network: str, far_network: str, ends: Ends) -> list[str] | None:
    """Return the routers that nodes of ``network`` dial."""
    placed = ends.router_addresses
    if "routers" in item:
        chosen = []
        for index, host in enumerate(item.get("routers")):
            if not context.reference(item.at("routers", index), host, context.parsed.routers, "router"):
                return None
            if not placed[host].get(far_network):
                if host in ends.routers and (host, far_network) not in context.unplaced:
                    context.report.add(
                        "EDGE207",
                        item.at("routers", index),
                        f"{host} has no address in network {far_network!r}",
                        "write router_network: the network of the address that the nodes dial",
                    )
                return None
            chosen.append(host)
        return chosen
    beside = [host for host, own in placed.items() if own.get(network)]
    if far_network != network:
        # Of several routers with such an address, a node dials those of its own segment.
        found = [host for host in beside if placed[host].get(far_network)]
        found = found or [host for host, own in placed.items() if own.get(far_network)]
    else:
        found = beside
    if found:
        return found
    if not any((host, far_network) in context.unplaced for host in placed):
        key = "router_network" if far_network != network else "network"
        context.report.add(
            "EDGE207", item.at(key), f"no router has an address in network {far_network!r}", _router_hint(ends)
        )
    return None


def _router_hint(ends: Ends) -> str:
    networks = sorted({network for placed in ends.router_addresses.values() for network in placed if placed[network]})
    return f"routers have addresses in: {', '.join(networks)}" if networks else "write edge_addresses of the router"


def _report_several(context: Context, item: Item, host: str, network: str, far: list[Address]) -> None:
    context.report.add(
        "EDGE111",
        f"{host}.edge_addresses.{network}",
        f"{' and '.join(address.text for address in far)} are {FAMILY_NAME[far[0].family]} addresses in the"
        f" network of {item.path}: several for one peering are not supported by this version",
        "make each subnet a network of its own, with a peering",
    )


def _route(
    context: Context,
    item: Item,
    name: str,
    network: str,
    far_network: str,
    host: str,
    far: Address,
    node: Node,
    ends: Ends,
) -> tuple[Route] | tuple[()] | None:
    """Return the way from a node to a router's address, nothing where there is none, or None where one was reported."""
    family = FAMILY_KEY[far.family]
    asn = item.get("local_as", ends.routers[host].asn if host in ends.routers else 0)
    local = [text for text in node.local_addresses.get(name, ()) if (":" in text) == (family == "ipv6")]
    if local:
        return (Route(node.host, local[0], host, far.text, family, network, asn, near=False),)
    own = [a for a in ends.node_addresses[node.host].get(network, ()) if a.family == far.family]
    if not own:
        dynamic = "dynamic" in item and item.get("dynamic").get("on", True)
        unknown = dynamic and not ends.node_addresses[node.host].get(network)
        return (Route(node.host, "", host, far.text, family, network, asn),) if unknown else ()
    if far_network != network:
        if len(own) > 1:
            _report_several(context, item, node.host, network, own)
            return None
        return (Route(node.host, own[0].text, host, far.text, family, network, asn, near=False),)
    subnet = context.subnet_of(network, far)
    beside = [address for address in own if subnet is not None and subnet.contains(address)]
    if beside:
        return (Route(node.host, beside[0].text, host, far.text, family, network, asn),)
    context.report.add(
        "EDGE206",
        f"{node.host}.edge_addresses.{network}",
        f"{' and '.join(address.text for address in own)}: {item.path} selects the node, but {host} has"
        f" {far.text}, in another subnet of network {network!r}",
        "make each subnet a network of its own, with a peering",
    )
    return None


def sessions_of(
    context: Context,
    cluster: str,
    item: Item,
    peering: Peering,
    ends: Ends,
    found: tuple[Route, ...],
    asns: Mapping[str, int],
    config_of: Mapping[tuple[str, str], str],
) -> list[Session]:
    """Return the sessions of a peering: one for each way in a family of it, or in the one that carries all."""
    names = item.get("names", {})
    nodes = {node.host: node for node in ends.nodes}
    sessions: list[Session] = []
    for route in found:
        if route.router and route.router not in ends.routers:
            continue
        carried = peering.families if not route.router or peering.sessions == route.family else (route.family,)
        transports = peering.families if peering.sessions == "per_family" else (peering.sessions,)
        if route.router and route.family not in transports:
            continue
        suffix = "-v6" if route.family == "ipv6" else ""
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
                instance=names.get("instance", f"as{asns[route.node]}"),
                peer=_peer_name(names, peering, route.router) + suffix,
                peer_config=names.get("peer_config", peering.name) + suffix,
                local_address=route.node_address if route.node_address in source else None,
                update_source=None if route.near or not route.router else route.router_address,
                dynamic=bool(peering.listen_ranges),
                discover=peering.discover,
            )
        )
    return sessions


def _peer_name(names: Mapping[str, object], peering: Peering, router: str) -> str:
    written = names.get("peer")
    if isinstance(written, Mapping):
        written = written.get(router)
    if written is not None:
        return str(written)
    return f"{peering.name}-{'gateway' if peering.discover else router or 'local'}"


def check_pairs(context: Context, items: Mapping[str, Item], sessions: list[Session]) -> None:
    """Report two peerings that would make two sessions of one node's address with one router."""
    seen: dict[tuple[str, str], Session] = {}
    shared: dict[tuple[str, str, str], list[str]] = {}
    for session in sessions:
        if not session.node_address or not session.router:
            continue
        other = seen.setdefault((session.node_address, session.router), session)
        if other.peering != session.peering:
            where = session.router_address if other.router_address == session.router_address else session.router
            shared.setdefault((session.peering, other.peering, where), []).append(session.node)
    for (peering, first, address), nodes in shared.items():
        context.report.add(
            "EDGE306",
            items[peering].path,
            f"{', '.join(nodes)} would have a second session to {address}, beside that of {items[first].path}",
            "use one peering, another network, or selectors that do not share a node",
        )


def check_instances(context: Context, items: Items, peerings: Mapping[str, Peering], sessions: list[Session]) -> None:
    """Report peerings that share a BGP instance of a node but want different things of it."""
    instances: dict[tuple[str, int], str] = {}
    numbers: dict[tuple[str, str], tuple[int, str]] = {}
    for session in sessions:
        first = instances.setdefault((session.cluster_config, session.node_asn), session.peering)
        one, other = peerings[first], peerings[session.peering]
        if one.listen_port != other.listen_port:
            context.report.add(
                "EDGE322",
                f"{items[other.name].path}.listen_port",
                f"is {other.listen_port or 'not written'}, but {items[one.name].path} has {one.listen_port or 'none'}:"
                f" both share the instance of AS {session.node_asn} on a node",
                "write the same in both: an instance listens on one port",
            )
        name = items[one.name].get("names", {}).get("instance")
        if name != items[other.name].get("names", {}).get("instance"):
            context.report.add(
                "EDGE322",
                f"{items[other.name].path}.names.instance",
                f"is not that of {items[one.name].path}: both share the instance of AS {session.node_asn} on a node",
                "write the same in both",
            )
        asn, owner = numbers.setdefault((session.cluster_config, session.instance), (session.node_asn, session.peering))
        if asn != session.node_asn:
            context.report.add(
                "EDGE322",
                f"{items[session.peering].path}.names.instance",
                f"{session.instance!r} names the instance of AS {asn} already, by {items[owner].path}",
                "an instance has one AS number: write another name",
            )
