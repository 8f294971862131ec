# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, peerings: which nodes, which routers, which addresses, and one session for each pair and family.

A peering is a class of sessions. Its names depend on nothing but itself: a renamed peer group, instance or peer is a
reset session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ._addresses import FAMILY_KEY, FAMILY_NAME, Address
from ._findings import one_of
from ._model import Node, NodeClass, Peering, Pool, Router, Service, Session
from ._names import LABEL_CLASS
from ._parse import Item, Items, Values
from ._policies import Catalogue
from ._resolve_hosts import Context, Placed
from ._selectors import Selector, parse_selector, selector_slug
from ._session_keys import session_keys


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends' hosts and addresses, as far as they are good."""

    routers: Mapping[str, Router]
    router_addresses: Mapping[str, Placed]
    nodes: tuple[Node, ...]
    node_addresses: Mapping[str, Placed]


@dataclass(frozen=True, slots=True)
class PeeringResult:
    """What a cluster's peerings come to."""

    peerings: tuple[Peering, ...]
    sessions: tuple[Session, ...]
    classes: tuple[NodeClass, ...]


@dataclass(frozen=True, slots=True)
class _Lack:
    """Families of a peering's pools that one of its ends has no address for."""

    path: str
    """Of the peering."""
    network: str
    end: str
    """Who has no address: ``no router`` or ``no node``."""
    families: tuple[int, ...]
    pools: tuple[Pool, ...]
    whole: bool
    """The peering carries no family at all."""


def resolve_peerings(
    context: Context,
    cluster: str,
    values: Values,
    ends: Ends,
    pools: tuple[Pool, ...],
    services: tuple[Service, ...],
    catalogue: Catalogue,
) -> PeeringResult:
    """Return the peerings of one cluster and their sessions, checked for what two sessions cannot share."""
    items: Items = values["edge_peerings"]
    defaults: Items = values["edge_bgp_defaults"]
    passwords: Items = values["edge_bgp_passwords"]
    known = _peerings_of_all_clusters(context)
    for name, item in passwords.items():
        context.reference(item.path, name, known, "peering")
    peerings: list[Peering] = []
    lacks: list[_Lack] = []
    for name, item in items.items():
        if "nodes" not in item and defaults.excuses("nodes"):
            continue
        peering = _peering(context, cluster, values, item, name, defaults, ends, pools, name in passwords, lacks)
        if peering is not None:
            peerings.append(peering)
    _report_lacks(context, lacks, peerings, pools)
    classes = node_classes(peerings)
    config_of = {(peering, node): kind.name for kind in classes for peering in kind.peerings for node in kind.nodes}
    sessions = [
        session
        for peering in peerings
        for session in _sessions(context, cluster, items[peering.name], peering, ends, config_of)
    ]
    _check_pairs(context, items, sessions)
    return PeeringResult(tuple(peerings), tuple(sorted(sessions, key=session_key)), classes)


def _peerings_of_all_clusters(context: Context) -> Items:
    """Return the peerings of every cluster by name: clusters may share one map of passwords."""
    known = Items()
    for values in context.parsed.clusters.values():
        items: Items = values["edge_peerings"]
        known.update(items)
        known.broken |= items.broken
        known.whole = known.whole and items.whole
    return known


def session_key(session: Session) -> tuple[str, str, str, str, str]:
    """Return the key that sorts sessions: by cluster, peering, router, node and family."""
    return session.cluster, session.peering, session.router, session.node, session.family


def _peering(
    context: Context,
    cluster: str,
    values: Values,
    item: Item,
    name: str,
    defaults: Mapping[str, Item],
    ends: Ends,
    pools: tuple[Pool, ...],
    has_password: bool,
    lacks: list[_Lack],
) -> Peering | None:
    selector = _selector(item, defaults)
    members = [node for node in ends.nodes if selector is None or selector.matches(node.labels)]
    if not members:
        _report_no_nodes(context, cluster, item, defaults, selector, ends.nodes)
    asn = item.get("asn", values.get("edge_cluster_asn"))
    if asn is None and "asn" not in (item.raw or {}) and "edge_cluster_asn" not in context.parsed.hosts[cluster]:
        context.report.add(
            "EDGE105", item.at("asn"), "is missing", f"write it here, or {cluster}.edge_cluster_asn for all peerings"
        )
    keys = session_keys(context, item, defaults, name if has_password else None)
    network = _network(context, item, name, members, ends)
    if not members or asn is None or network is None or keys is None:
        return None
    routers = tuple(host for host, placed in ends.router_addresses.items() if placed.get(network))
    if not routers:
        if not any((host, network) in context.unplaced for host in ends.router_addresses):
            context.report.add(
                "EDGE207", item.at("network"), f"no router has an address in network {network!r}", _router_hint(ends)
            )
        return None
    internal = [host for host in routers if host in ends.routers and ends.routers[host].asn == asn]
    if keys.ttl_security and internal:
        context.report.add(
            "EDGE310",
            item.at("ttl_security") if "ttl_security" in item else defaults["ttl_security"].path,
            f"is set, but {internal[0]} has the same AS {asn}" + ("" if "ttl_security" in item else f" as {item.path}"),
            "remove it, or give the cluster an AS of its own",
        )
    own_pools = [pool for pool in pools if name in pool.bgp]
    if not own_pools and not values["edge_pools"].damaged:
        context.report.add(
            "EDGE308", item.path, "no pool names it, so its sessions carry no route", f"pool: bgp: {name}"
        )
    families = _families(context, item, network, members, routers, ends, own_pools, lacks)
    if not families or not _one_link_each(context, item, network, members, routers, ends, families):
        return None
    return Peering(
        name=name,
        networks=(network,),
        nodes=selector.text if selector else None,
        node_hosts=tuple(node.host for node in members),
        routers=tuple(sorted(host for host in routers if host in ends.routers)),
        asn=asn,
        keys=keys,
        families=families,
    )


def _selector(item: Item, defaults: Mapping[str, Item]) -> Selector | None:
    if "nodes" in item:
        found: Selector = item.get("nodes")
        return found
    return defaults["nodes"].value if "nodes" in defaults else None


def _report_no_nodes(
    context: Context,
    cluster: str,
    item: Item,
    defaults: Mapping[str, Item],
    selector: Selector | None,
    nodes: tuple[Node, ...],
) -> None:
    if selector is None:
        context.report.add(
            "EDGE305", item.path, f"cluster {cluster!r} has no node", "add its nodes to the group edge_nodes"
        )
        return
    path = item.at("nodes") if "nodes" in item else defaults["nodes"].path
    labels = sorted({f"{key}={value}" for node in nodes for key, value in node.labels.items()})
    hint = f"labels: {', '.join(labels)}" if labels else "no node has a label: write edge_node_labels"
    context.report.add("EDGE305", path, f"{selector.text!r} selects none of {len(nodes)} nodes", hint)


def _network(context: Context, item: Item, name: str, members: list[Node], ends: Ends) -> str | None:
    """Return the peering's network: the one written, else the only one that its nodes and a router share."""
    if "network" in item:
        networks: tuple[str, ...] = item.get("network")
        known = [
            network
            for index, network in enumerate(networks)
            if context.reference(item.at("network", index), network, context.parsed.networks, "network")
        ]
        if len(networks) > 1:
            context.report.add(
                "EDGE111",
                item.at("network"),
                "several networks for one peering are not supported by this version",
                "write one peering per network",
            )
            return None
        return known[0] if known else None
    if "network" in (item.raw or {}) or not members:
        return None
    shared = sorted(
        network
        for network in context.subnets
        if any(placed.get(network) for placed in ends.router_addresses.values())
        and any(ends.node_addresses[node.host].get(network) for node in members)
    )
    if len(shared) != 1:
        if shared:
            problem, hint = f"its nodes and the routers share {one_of(shared)}", "write the one that the sessions use"
        elif ends.router_addresses:
            problem = "its nodes and the routers share no network"
            hint = f"{_where(ends, members)}; write edge_addresses"
        else:
            problem, hint = "there is no router", "add a host to the group edge_routers"
        context.report.add("EDGE304", item.at("network"), f"is missing, and {problem}", hint)
        return None
    context.derive(f"{item.path}.network", shared[0], "the only network that its nodes and a router share")
    return shared[0]


def _where(ends: Ends, members: list[Node]) -> str:
    """Return in which networks both ends have addresses."""
    texts = []
    for who, hosts, addresses in (
        ("its nodes", [node.host for node in members], ends.node_addresses),
        ("routers", list(ends.router_addresses), ends.router_addresses),
    ):
        names = sorted({network for host in hosts for network, own in addresses[host].items() if own})
        texts.append(f"{who} have addresses in {', '.join(names)}" if names else f"{who} have no address")
    return ", ".join(texts)


def _router_hint(ends: Ends) -> str:
    networks = sorted({network for placed in ends.router_addresses.values() for network in placed if placed[network]})
    return f"routers have addresses in: {', '.join(networks)}" if networks else "write edge_addresses of the router"


def _families(
    context: Context,
    item: Item,
    network: str,
    members: list[Node],
    routers: tuple[str, ...],
    ends: Ends,
    pools: list[Pool],
    lacks: list[_Lack],
) -> tuple[str, ...]:
    """Return the families that the peering's pools have and both ends have addresses for; note what is left out."""
    router_families = {a.family for host in routers for a in ends.router_addresses[host][network]}
    node_families = {a.family for node in members for a in ends.node_addresses[node.host].get(network, ())}
    both = router_families & node_families
    wanted = {4 if family == "ipv4" else 6 for pool in pools for family in pool.families} or both
    for node in members:
        if (node.host, network) in context.unplaced:
            continue
        present = {address.family for address in ends.node_addresses[node.host].get(network, ())}
        for family in sorted((wanted & both) - present if present else {0}):
            kind = {0: "", 4: "IPv4 ", 6: "IPv6 "}[family]
            context.report.add(
                "EDGE206",
                f"{node.host}.edge_addresses.{network}",
                f"is missing: {item.path} selects the node, but it has no {kind}address in network {network!r}",
                "add the address, or narrow the peering's nodes",
            )
    missing = wanted - both
    if missing and node_families:
        end = "no router" if missing - router_families else "no node"
        lacks.append(_Lack(item.path, network, end, tuple(sorted(missing)), tuple(pools), not wanted & both))
    return tuple(FAMILY_KEY[family] for family in sorted(wanted & both))


def _report_lacks(context: Context, lacks: list[_Lack], peerings: list[Peering], pools: tuple[Pool, ...]) -> None:
    """Report families of a pool that none of its peerings carries, and peerings that carry nothing."""
    carried = {
        (pool.name, family)
        for pool in pools
        for family in pool.families
        if pool.l2 or any(peering.name in pool.bgp and family in peering.families for peering in peerings)
    }
    for lack in lacks:
        lost = {
            (pool.name, number)
            for pool in lack.pools
            for number in lack.families
            if FAMILY_KEY[number] in pool.families and (lack.whole or (pool.name, FAMILY_KEY[number]) not in carried)
        }
        if lost:
            names = one_of({name for name, _family in lost})
            families = one_of({FAMILY_NAME[number] for _name, number in lost})
            context.report.add(
                "EDGE505",
                lack.path,
                f"pool {names} has {families} addresses, but {lack.end} has one in network {lack.network!r}",
                "add the addresses, or advertise the pool elsewhere",
            )


def _one_link_each(
    context: Context,
    item: Item,
    network: str,
    members: list[Node],
    routers: tuple[str, ...],
    ends: Ends,
    families: tuple[str, ...],
) -> bool:
    """Return whether each node has one way to each router in each family; report it where not.

    All nodes of a class have the same peers (a CiliumBGPClusterConfig lists them once), and a peer's name has no room
    for a second address of one router.
    """
    whole = True
    for host in routers:
        for family in families:
            far = [a for a in ends.router_addresses[host][network] if FAMILY_KEY[a.family] == family]
            if len(far) > 1:
                whole = False
                context.report.add(
                    "EDGE111",
                    f"{host}.edge_addresses.{network}",
                    f"{' and '.join(address.text for address in far)} are {FAMILY_NAME[far[0].family]} addresses in the"
                    f" network of {item.path}: several for one peering are not supported by this version",
                    "make each subnet a network of its own, with a peering",
                )
                continue
            for node in members:
                own = [a for a in ends.node_addresses[node.host].get(network, ()) if FAMILY_KEY[a.family] == family]
                if far and own and _near_address(context, network, far[0], tuple(own)) is None:
                    whole = False
                    context.report.add(
                        "EDGE206",
                        f"{node.host}.edge_addresses.{network}",
                        f"{' and '.join(address.text for address in own)}: {item.path} selects the node, but {host} has"
                        f" {far[0].text}, in another subnet of network {network!r}",
                        "make each subnet a network of its own, with a peering",
                    )
    return whole


def node_classes(peerings: list[Peering]) -> tuple[NodeClass, ...]:
    """Return the classes of nodes with the same peerings: a node may match only one CiliumBGPClusterConfig.

    A class is selected by one of its peerings' own selectors where that fits its nodes exactly, else by a label of
    ours, which is put on its nodes.
    """
    by_node: dict[str, list[Peering]] = {}
    for peering in peerings:
        for node in peering.node_hosts:
            by_node.setdefault(node, []).append(peering)
    members: dict[tuple[str, ...], list[str]] = {}
    for node, own in by_node.items():
        members.setdefault(tuple(sorted(peering.name for peering in own)), []).append(node)
    named = {peering.name: peering for peering in peerings}
    classes: list[NodeClass] = []
    for names, nodes in sorted(members.items()):
        selectors = {named[name].nodes for name in names}
        slug = selector_slug([None if text is None else parse_selector(text, "") for text in selectors])
        fitting = sorted(
            (named[name].nodes for name in names if set(named[name].node_hosts) == set(nodes)),
            key=lambda text: (text is None, text or ""),
        )
        selector = fitting[0] if fitting else f"{LABEL_CLASS}={slug}"
        classes.append(NodeClass(name=slug, selector=selector, nodes=tuple(sorted(nodes)), peerings=names))
    return tuple(classes)


def _sessions(
    context: Context,
    cluster: str,
    item: Item,
    peering: Peering,
    ends: Ends,
    config_of: Mapping[tuple[str, str], str],
) -> list[Session]:
    """Return one session for each node, router and transport family of a peering."""
    sessions: list[Session] = []
    network = peering.networks[0]
    for host in peering.routers:
        router = ends.routers[host]
        for node in peering.node_hosts:
            for far in ends.router_addresses[host][network]:
                near = _near_address(context, network, far, ends.node_addresses[node].get(network, ()))
                family = FAMILY_KEY[far.family]
                if near is None or family not in peering.families:
                    continue
                suffix = "-v6" if far.family == 6 else ""
                sessions.append(
                    Session(
                        cluster=cluster,
                        peering=peering.name,
                        node=node,
                        node_address=near.text,
                        node_asn=peering.asn,
                        router=host,
                        router_address=far.text,
                        router_asn=router.asn,
                        family=family,
                        families=(family,),
                        keys=peering.keys,
                        peer_group=f"{cluster}-{peering.name}{suffix}",
                        cluster_config=config_of[peering.name, node],
                        instance=f"as{peering.asn}",
                        peer=f"{peering.name}-{host}{suffix}",
                        peer_config=f"{peering.name}{suffix}",
                    )
                )
    return sessions


def _near_address(context: Context, network: str, far: Address, own: tuple[Address, ...]) -> Address | None:
    """Return the node's address in the subnet of the router's address."""
    subnet = context.subnet_of(network, far)
    return next((address for address in own if subnet is not None and subnet.contains(address)), None)


def _check_pairs(context: Context, items: Mapping[str, Item], sessions: list[Session]) -> None:
    """Report two peerings that would make two sessions between the same two addresses."""
    seen: dict[tuple[str, str], Session] = {}
    shared: dict[tuple[str, str, str], list[str]] = {}
    for session in sessions:
        other = seen.setdefault((session.node_address, session.router_address), session)
        if other.peering != session.peering:
            shared.setdefault((session.peering, other.peering, session.router_address), []).append(session.node)
    for (peering, first, address), nodes in shared.items():
        context.report.add(
            "EDGE306",
            items[peering].path,
            f"{', '.join(nodes)} would have a second session to {address}, beside that of {items[first].path}",
            "use one peering, another network, or selectors that do not share a node",
        )
