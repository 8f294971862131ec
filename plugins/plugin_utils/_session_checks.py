# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, sessions: what two sessions of one cluster cannot share or cannot have differently."""

from __future__ import annotations

from collections.abc import Mapping

from ._model import Peering, Session
from ._parse import Item, Items
from ._resolve_hosts import Context
from ._resolve_sessions import some


def check_pairs(context: Context, items: Mapping[str, Item], sessions: list[Session]) -> None:
    """Report two peerings that would make two sessions of one node's address with one router."""
    seen: dict[tuple[str, str], Session] = {}
    shared: dict[tuple[str, str, str], list[str]] = {}
    for session in sessions:
        if not session.node_address:
            continue
        # A speaker on the node itself is told apart by node and address.
        ends = (session.node_address, session.router) if session.router else (session.node, session.router_address)
        other = seen.setdefault(ends, session)
        if other.peering != session.peering:
            where = session.router_address if other.router_address == session.router_address else session.router
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
                f" {outside.node_asn}: FRR wants one kind in a peer group",
                "write a peering for each kind",
            )
