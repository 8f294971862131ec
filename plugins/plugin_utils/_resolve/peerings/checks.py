# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, peerings: what the ends, the session keys and what is announced do not allow together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._addressing.families import Family
from ..._findings.wording import one_of, some
from ..._inventory.values import Item
from ..._kubernetes.selectors import Selector
from ..._model.communities import Community
from ..._model.site import Node, Peering, Pool, Router
from ..hosts import Context, absent_nodes
from ..sessions.sessions import Adjacency


@dataclass(frozen=True, slots=True)
class MissingFamily:
    """Families of a peering's pools that one of its ends has no address for."""

    path: str
    """Of the peering."""
    place: str
    """The network, or networks, in which addresses are missing."""
    end: str
    """Who has no address: ``no router``, ``no listen range`` or ``no node``."""
    families: tuple[Family, ...]
    pools: tuple[Pool, ...]
    complete: bool
    """The peering carries no family at all."""


def one_family(item: Item) -> Family | None:
    """Return the family of a peering's only session (``sessions``); None = it has one for each family."""
    return None if item["sessions"] == "per_family" else Family.of_key(item["sessions"])


def report_no_nodes(
    context: Context,
    cluster: str,
    item: Item,
    defaults: Mapping[str, Item],
    selector: Selector | None,
    nodes: tuple[Node, ...],
) -> None:
    gone = absent_nodes(context, cluster)
    if not nodes and gone:
        context.report.add(
            "EDGE305",
            item.path,
            f"every node of cluster {cluster!r} is absent",
            f"take the peering out of the inventory too, or make {cluster} absent",
        )
        return
    if not nodes and (context.clusters_reported or "edge_nodes" in context.parsed.misspelt_groups):
        return
    if selector is None or not nodes:
        defined = "edge_nodes" in context.parsed.groups
        hint = "add its nodes to the group edge_nodes" if defined else context.add_a_host("edge_nodes")
        context.report.add("EDGE305", item.path, f"cluster {cluster!r} has no node", hint)
        return
    if context.labels_reported.covers_any(node.host for node in nodes):
        return
    path = item.at("nodes") if "nodes" in item else defaults["nodes"].path
    labels = sorted({f"{key}={value}" for node in nodes for key, value in node.labels.items()})
    if selector.text in ("all", "edge_nodes"):
        hint = "leave the key out to select all"
    elif selector.text in {node.host for node in nodes}:
        hint = f"a node of this name: kubernetes.io/hostname={selector.text}"
    else:
        hint = f"labels: {', '.join(labels)}" if labels else "no node has a label: write edge_node_labels"
    context.report.add("EDGE305", path, f"{selector.text!r} selects none of {len(nodes)} nodes", hint)


def speaker_fits(context: Context, item: Item) -> bool:
    """Report keys that have no meaning for a speaker on the node itself."""
    if "local_speaker" not in item:
        return True
    keys = (
        "network",
        "routers",
        "router_network",
        "local_as",
        "dynamic",
        "discover",
        "listen_port",
        "accept",
        "import",
    )
    wrong = [key for key in keys if key in item]
    for key in wrong:
        context.report.add(
            "EDGE312",
            item.at(key),
            "has no meaning beside local_speaker: no router of ours has these sessions",
            "remove one of the two; the router's session to the speaker is one of edge_router_neighbors",
        )
    return not wrong


def as_numbers_fit(context: Context, item: Item, routers: Iterable[Router], asns: Mapping[str, int]) -> bool:
    """Return whether ``local_as`` fits the AS numbers of both ends; report where it does not.

    Args:
        context: takes the findings.
        item: the peering.
        routers: its routers.
        asns: node -> AS number of its side.
    """
    local_as = item["local_as"]
    if local_as is None:
        return True
    routers = list(routers)
    problems: list[tuple[str, str]] = []
    for router in routers:
        if local_as == router.asn:
            hint = "leave it out" if len(routers) == 1 else "write a peering for each router"
            problems.append((f"{local_as} is the AS of {router.host} anyway", hint))
        if local_as in asns.values():
            problem = f"{local_as} is the AS of the nodes too: FRR refuses that"
            problems.append((problem, "local_as is for sessions with another AS"))
        elif router.asn in asns.values():
            problem = f"{router.host} and the nodes are both in AS {router.asn}: FRR refuses local-as within one AS"
            problems.append((problem, "leave it out, or give the nodes another AS"))
    for problem, hint in problems:
        context.report.add("EDGE313", item.at("local_as"), problem, hint)
    return not problems


def check_internal_gtsm(
    context: Context, item: Item, defaults: Mapping[str, Item], routers: Iterable[Router], asns: Mapping[str, int]
) -> None:
    """Report ``ttl_security`` between ends of one AS; ``defaults`` is ``edge_bgp_defaults``, where it may stand."""
    for router in routers:
        asn = item["local_as"] or router.asn
        if asn in asns.values():
            own = "ttl_security" in item
            context.report.add(
                "EDGE310",
                item.at("ttl_security") if own else defaults["ttl_security"].path,
                f"is set, but {router.host} has the same AS {asn}{'' if own else f' as {item.path}'}",
                "remove it, or give the cluster an AS of its own",
            )


def ttl_security_fits(context: Context, item: Item, distant: Iterable[tuple[str, str]]) -> bool:
    """Return whether all ends are on one subnet, as ``ttl_security`` needs it; report those that are not.

    Args:
        context: takes the findings.
        item: the peering.
        distant: path and text for each reason why an end is not on the other one's subnet.
    """
    distant = list(distant)
    for place, what in distant:
        context.report.add(
            "EDGE309",
            place,
            f"{what}, and ttl_security is set for {item.path}",
            "GTSM is for neighbors on the same network",
        )
    return not distant


def session_family_fits(context: Context, item: Item, families: tuple[Family, ...]) -> bool:
    """Return whether the family of the only session (``sessions``) can carry all ``families``; report if not."""
    session = one_family(item)
    if session is not None and session not in families and families:
        context.report.add(
            "EDGE314",
            item.at("sessions"),
            f"is {session.key}, but its sessions carry {one_of(family.key for family in families)} only",
            "leave it out: one session for each family is the default",
        )
        return False
    if session is Family.IPV4 and Family.IPV6 in families:
        # Measured with Cilium 1.19.6 and FRR 10.3: valid and best in BGP, rejected by the kernel (B>r).
        context.report.add(
            "EDGE327",
            item.at("sessions"),
            "is ipv4, but its sessions carry IPv6 routes too: Cilium sends those with an IPv4-mapped next hop"
            " (::ffff:...), which the router's kernel refuses",
            "sessions: ipv6 carries the routes of both families; or leave it out",
        )
        return False
    return True


def check_preference(
    context: Context,
    item: Item,
    routers_by_name: Mapping[str, Router],
    advertise: Iterable[Any],
    routers: tuple[str, ...],
    asns: Mapping[str, int],
) -> None:
    """Report a local preference that would be sent to another AS."""
    theirs = {item["local_as"] or routers_by_name[host].asn for host in routers}
    if not routers or set(asns.values()) == theirs:
        return
    for entry in advertise:
        if entry.local_preference is not None:
            context.report.add(
                "EDGE336",
                f"{item.path}.advertise.{entry.kind}.local_preference",
                "is sent within one AS only, and this session is between two",
                "set it on the router: import: {local_preference}",
            )


def check_marks(
    context: Context,
    item: Item,
    asked: Iterable[Community],
    pools: Iterable[tuple[Item, Pool]],
    advertise: Iterable[Any],
) -> None:
    """Report routes of the nodes that lack a community for which ``import`` asks: the router would refuse all of them.

    Args:
        context: takes the findings.
        item: the peering.
        asked: the communities of its ``import``.
        pools: the pools that it advertises, as written and as resolved.
        advertise: its ``advertise``.
    """
    # FRR's word for any route.
    wanted = {one.number: one.text for one in asked if one.text != "internet"}
    if not wanted:
        return
    carried = [
        (f"pool {pool.name!r}", written.at("communities"), pool.communities, written.raw or {})
        for written, pool in pools
    ]
    raw = (item.raw or {}).get("advertise")
    for entry in advertise:
        found = raw.get(entry.kind) if isinstance(raw, Mapping) else None
        path = f"{item.path}.advertise.{entry.kind}.communities"
        own = found if isinstance(found, Mapping) else {}
        carried.append((f"advertise.{entry.kind}", path, entry.communities, own))
    without: dict[str, list[str]] = {}
    places: list[str] = []
    for what, path, communities, written in carried:
        if "communities" in written and not communities and written["communities"] not in (None, []):
            continue  # it could not be read, which was reported
        missing = wanted.keys() - {one.number for one in communities}
        if missing:
            places.append(path)
        for number in missing:
            without.setdefault(wanted[number], []).append(what)
    if without:
        lacks = [
            f"asks for {text}, which is not on the routes of {some(whom)}" for text, whom in sorted(without.items())
        ]
        context.report.add(
            "EDGE360",
            f"{item.path}.import.communities",
            f"{'; '.join(lacks)}: the router would refuse them",
            f"add it to {places[0]}, or take it out here",
        )


def report_lacks(
    context: Context, lacks: list[MissingFamily], peerings: list[Peering], pools: tuple[Pool, ...]
) -> None:
    """Report families of a pool that none of its peerings carries, and peerings that carry nothing."""
    carried = {
        (pool.name, family)
        for pool in pools
        for family in pool.families
        if pool.l2 or any(peering.name in pool.bgp and family in peering.families for peering in peerings)
    }
    for lack in lacks:
        lost = {
            (pool.name, family)
            for pool in lack.pools
            for family in lack.families
            if family in pool.families and (lack.complete or (pool.name, family) not in carried)
        }
        if lost:
            names = one_of({name for name, _family in lost})
            families = one_of({family.label for _name, family in lost})
            context.report.add(
                "EDGE505",
                lack.path,
                f"pool {names} has {families} addresses, but {lack.end} has one in {lack.place}",
                "add the addresses, or advertise the pool elsewhere",
            )
        elif lack.complete:
            families = one_of({family.label for family in lack.families})
            context.report.add(
                "EDGE314",
                lack.path,
                f"announces {families} routes only, but {lack.end} has an address of that family in {lack.place}",
                "add the addresses, or announce others",
            )


def distances(
    item: Item, name: str, networks: Iterable[str], found: Iterable[Adjacency]
) -> tuple[tuple[str, str], ...]:
    """Return path and text for each reason why an end's address is more than one hop away from the other end."""
    reasons: dict[str, str] = {}
    found = tuple(found)
    if "router_network" in item and item["router_network"] not in networks and not all(route.near for route in found):
        reasons[item.at("router_network")] = "is not the nodes' network"
    for route in found:
        if not route.near and route.router and route.node_address and not reasons:
            path = f"{route.node}.edge_node_local_addresses.{name}"
            reasons[path] = (
                f"{route.node_address.text} is not in the subnet of {route.router}'s {route.router_address.text}"
            )
    return tuple(reasons.items())


def check_sources(
    context: Context, item: Item, name: str, members: Iterable[Node], transports: Iterable[Family]
) -> None:
    """Report source addresses of a family in which the node has no session in this peering."""
    for node in members:
        for address in node.local_addresses.get(name, ()):
            if address.family not in transports:
                context.report.add(
                    "EDGE314",
                    f"{node.host}.edge_node_local_addresses.{name}",
                    f"{address.text} is an {address.family.label} address, but no session of {item.path} is",
                    "remove it",
                )
