# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, sessions: what two sessions of one cluster cannot share or cannot have differently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..._addressing.addresses import Address
from ..._findings.wording import some
from ..._inventory.values import Item, Items
from ..._model.site import Cluster, Peering, Session
from ..hosts import Context


def check_pairs(context: Context, items: Mapping[str, Item], sessions: list[Session]) -> None:
    """Report two peerings that would make two sessions of one node's address with one router."""
    seen: dict[tuple[Address | str, Address | str], Session] = {}
    shared: dict[tuple[str, str, str], list[str]] = {}
    for session in sessions:
        if session.node_address is None:
            continue
        # A speaker on the node itself is told apart by node and address.
        ends: tuple[Address | str, Address | str] = (session.node_address, session.router)
        if not session.router:
            ends = (session.node, session.router_address)
        other = seen.setdefault(ends, session)
        if other.peering != session.peering:
            one_address = other.router_address == session.router_address
            where = session.router_address.text if one_address else session.router
            shared.setdefault((session.peering, other.peering, where), []).append(session.node)
    for (peering, first, address), nodes in shared.items():
        context.report.add(
            "EDGE306",
            items[peering].path,
            f"{some(nodes)} would have a second session to {address}, beside that of {items[first].path}",
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
        if items[one.name]["names"]["instance"] != items[other.name]["names"]["instance"]:
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


def check_groups(context: Context, items: Mapping[str, Item], sessions: list[Session]) -> None:
    """Report peer groups with internal and external members: FRR takes either only internal or only external ones."""
    firsts: dict[tuple[str, str], Session] = {}
    told: set[tuple[str, str]] = set()
    for session in sessions:
        if not session.router:
            continue
        first = firsts.setdefault((session.router, session.peer_group), session)
        inside = [item for item in (first, session) if item.node_asn == item.router_asn]
        if len(inside) == 1 and (session.router, session.peer_group) not in told:
            told.add((session.router, session.peer_group))
            outside = session if inside[0] is first else first
            context.report.add(
                "EDGE324",
                items[session.peering].path,
                f"{inside[0].node} is in AS {inside[0].node_asn} like {session.router}, {outside.node} is in AS"
                f" {outside.node_asn}: a peer group is either internal or external",
                "write a peering for each kind",
            )


def check_ports(context: Context, clusters: Iterable[Cluster]) -> None:
    """Report two ports on one router, and a port other than bgpd's own, of routers with FRR that we connect to.

    Whoever writes its BGP, one bgpd listens on one port; with which options it starts is that owner's matter.
    """
    used: dict[str, dict[int, str]] = {}
    for cluster in clusters:
        items: Items = context.parsed.clusters[cluster.host]["edge_peerings"]
        ports = {peering.name: peering.keys.port for peering in cluster.peerings}
        for router, name in dict.fromkeys((session.router, session.peering) for session in cluster.sessions):
            if router and context.parsed.routers[router]["edge_router_managed"]:
                used.setdefault(router, {}).setdefault(ports[name], f"{items[name].path}.port")
    for router, paths in used.items():
        (port, path), *others = paths.items()
        for other, there in others:
            context.report.add(
                "EDGE328",
                there,
                f"is {other}, but {path} is {port}: bgpd of {router} listens on one port",
                "write the same for both",
            )
        theirs = context.parsed.routers[router]["edge_router_bgp_owner"] == "none"
        if port != 179 and not others and not theirs:
            context.report.add(
                "EDGE329",
                path,
                f"is {port}, but bgpd of {router} listens on 179 unless its options say so",
                f"leave it out, or give bgpd the option -p {port} in /etc/frr/daemons and accept this",
            )


def check_passwords(context: Context) -> None:
    """Report passwords of nobody, and those on hosts from which nobody reads them while those who do have none."""
    parsed = context.parsed
    known = _names_with_passwords(context)
    told: set[str] = set()
    for what, owners in (("peering", parsed.clusters), ("neighbor", parsed.routers)):
        for values in owners.values():
            for name, item in values["edge_bgp_passwords"].items():
                # One that stands under group_vars/all is read from hosts of both kinds.
                if item.path not in told and not context.reference(item.path, name, known, what):
                    told.add(item.path)
    readers: dict[str, list[tuple[str, str]]] = {}
    for host, values in parsed.clusters.items():
        for name in values["edge_peerings"]:
            readers.setdefault(name, []).append(("peering", host))
    for host, values in parsed.routers.items():
        for name in values["edge_router_neighbors"]:
            readers.setdefault(name, []).append(("neighbor", host))
    for name, item in parsed.links.items():
        readers.setdefault(name, []).extend(("link", host) for host in sorted(item["ends"]))
    written = {
        host: values["edge_bgp_passwords"] for host, values in (*parsed.clusters.items(), *parsed.routers.items())
    }
    places = [(host, name, item.path) for host, items in written.items() for name, item in items.items()]
    told = set()
    for host, name, path in places:
        found = [(what, reader) for what, reader in readers.get(name, ()) if reader in written]
        if (
            not found
            or name in told
            or any(name in written[reader] or written[reader].reported for _what, reader in found)
        ):
            continue
        told.add(name)
        what, reader = found[0]
        context.report.add(
            "EDGE116",
            path,
            f"is not read from {host}: the password of {what} {name!r} is read from {reader}",
            f"write it at {reader}, or under group_vars/all",
        )


def password_is_unknown(context: Context, passwords: Items) -> bool:
    """Return whether a session without a password may have one: under a name that could not be read, or is nobody's."""
    known = _names_with_passwords(context)
    return passwords.reported.everything or any(name not in known for name in passwords)


def _names_with_passwords(context: Context) -> Items:
    """Return what a password may belong to: peerings of every cluster, links and routers' neighbors."""
    known = Items()
    maps = [values["edge_peerings"] for values in context.parsed.clusters.values()]
    maps += [values["edge_router_neighbors"] for values in context.parsed.routers.values()]
    for items in [*maps, context.parsed.links]:
        known.update(items)
        known.reported.add(*items.reported.names)
        known.reported.everything = known.reported.everything or items.reported.everything
    return known
