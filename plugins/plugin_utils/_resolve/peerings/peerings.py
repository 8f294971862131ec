# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, peerings: which nodes, which routers, which networks, and what is announced over them.

A peering is a class of sessions. Its names depend on nothing but itself: a renamed peer group, instance or peer is a
reset session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..._addressing.addresses import Address, Cidr
from ..._addressing.families import Family
from ..._findings.wording import one_of, some
from ..._inventory.values import Item, Items, Values
from ..._kubernetes.selectors import Selector
from ..._model.site import (
    Advertise,
    Node,
    NodeClass,
    Peering,
    Policy,
    Pool,
    PrefixRule,
    Service,
    Session,
    SessionKeys,
)
from ..hosts import Context, absent_nodes, is_absent, outside_networks
from ..routers.policies import EXPORT, IMPORT, PrefixSources, resolve_policy
from ..sessions.checks import check_groups, check_instances, check_pairs, password_is_unknown
from ..sessions.listen_ranges import listen_ranges, warn_without_password
from ..sessions.session_keys import session_keys
from ..sessions.sessions import (
    Adjacency,
    Endpoints,
    PeeringDraft,
    has_absent_routers_alone,
    place,
    routes,
    sessions_of,
)
from .checks import (
    MissingFamily,
    as_numbers_fit,
    check_internal_gtsm,
    check_marks,
    check_preference,
    check_sources,
    distances,
    one_family,
    report_lacks,
    report_no_nodes,
    session_family_fits,
    speaker_fits,
    ttl_security_fits,
)
from .classes import Membership, node_classes
from .import_filter import advertised_rules, announced_families, import_filter, resolve_advertise


@dataclass(frozen=True, slots=True)
class PeeringResult:
    """What a cluster's peerings come to."""

    peerings: tuple[Peering, ...]
    sessions: tuple[Session, ...]
    classes: tuple[NodeClass, ...]


@dataclass(frozen=True, slots=True)
class _Reach:
    """The far ends of a peering's sessions, and how they are reached."""

    routes: tuple[Adjacency, ...]
    routers: tuple[str, ...]
    families: tuple[Family, ...]
    keys: SessionKeys
    ranges: tuple[Cidr, ...] = ()
    """Listen ranges."""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class _Announced:
    """What the nodes of a peering announce."""

    pools: list[Pool]
    advertise: tuple[Advertise, ...]
    families: frozenset[Family]
    """Of all of it."""
    filter: tuple[PrefixRule, ...]
    """What the router accepts."""


@dataclass(frozen=True, slots=True)
class _NodeSide:
    """A peering as its cluster sees it, before its routers are known."""

    name: str
    item: Item
    selector: Selector | None
    members: list[Node]
    """The nodes that it selects, without drained ones."""
    networks: tuple[str, ...]
    asns: Mapping[str, int]
    """Node -> AS number of its side."""
    keys: SessionKeys
    announced: _Announced


def resolve_peerings(
    context: Context,
    cluster: str,
    ends: Endpoints,
    pools: tuple[Pool, ...],
    services: tuple[Service, ...],
    catalogue: PrefixSources,
) -> PeeringResult:
    """Return the peerings of one cluster and their sessions, checked for what two sessions cannot share."""
    values = context.parsed.clusters[cluster]
    items: Items = values["edge_peerings"]
    defaults: Items = values["edge_bgp_defaults"]
    passwords: Items = values["edge_bgp_passwords"]
    by_pool: dict[str, list[Service]] = {}
    for service in services:
        by_pool.setdefault(service.pool, []).append(service)
    step = PeeringResolver(context, cluster, values, ends, pools, by_pool, catalogue, _unsure_of_pools(values, pools))
    drawn = [
        found
        for name, item in items.items()
        if ("nodes" in item or not defaults.reported.covers("nodes"))
        and (found := step.resolve_peering(name, item, name in passwords))
    ]
    peerings = [one.peering for one in drawn]
    report_lacks(context, step.lacks, peerings, pools)
    nodes = {node.host: node for node in (*ends.nodes, *absent_nodes(context, cluster))}
    classes = node_classes(context, cluster, items, peerings, _memberships(values, items, drawn), nodes)
    config_of = {(name, node): kind.name for kind in classes for name in kind.peerings for node in kind.nodes}
    sessions = [
        session for one in drawn for session in sessions_of(cluster, items[one.peering.name], one, ends, config_of)
    ]
    check_pairs(context, items, sessions)
    check_groups(context, items, sessions)
    check_instances(context, items, {peering.name: peering for peering in peerings}, sessions)
    return PeeringResult(tuple(peerings), tuple(sorted(sessions, key=session_key)), classes)


def session_key(session: Session) -> tuple[str, str, str, str, Family]:
    """Return the key that sorts sessions: by cluster, peering, router, node and family."""
    return session.cluster, session.peering, session.router, session.node, session.family


def _memberships(values: Values, items: Items, drawn: list[PeeringDraft]) -> dict[str, Membership]:
    """Return what decides the class of each node that peers."""
    names: dict[str, list[str]] = {}
    networks: dict[str, set[str]] = {}
    asns: dict[str, int] = {}
    for one in drawn:
        several = len(one.peering.networks) > 1 and not one.peering.discover
        own_asn = "asn" not in items[one.peering.name] and "edge_cluster_asn" not in values
        # By what selects the node, not by what it reaches: an address that was reported makes no class of its own.
        for node in one.peering.node_hosts:
            names.setdefault(node, []).append(one.peering.name)
            if own_asn:
                asns[node] = one.asns[node]
        for route in one.routes if several else ():
            networks.setdefault(route.node, set()).add(route.network)
    return {
        node: Membership(tuple(sorted(own)), asns.get(node), tuple(sorted(networks.get(node, ()))))
        for node, own in names.items()
    }


@dataclass(frozen=True, slots=True)
class PeeringResolver:
    """What the peerings of one cluster share on their way from what is written to sessions."""

    context: Context
    cluster: str
    values: Values
    ends: Endpoints
    pools: tuple[Pool, ...]
    services: Mapping[str, list[Service]]
    """Pool -> its services."""
    catalogue: PrefixSources
    unsure_of_pools: bool
    """Which peerings a pool names was reported: that none names this one is not told again."""
    lacks: list[MissingFamily] = field(default_factory=list)

    def resolve_peering(self, name: str, item: Item, has_password: bool) -> PeeringDraft | None:
        """Return one peering with its ends; None where something about it was reported."""
        context = self.context
        defaults: Items = self.values["edge_bgp_defaults"]
        selector = _selector(item, defaults)
        members = self._members(item, defaults, selector)
        asns = self._asns(item, members)
        keys = session_keys(context, item, defaults, name if has_password else None)
        import_, export = self._policies(item)
        announced = self._announced(name, item, import_)
        self._check_references(item)
        fits = speaker_fits(context, item)
        networks = () if "local_speaker" in item else self._networks(item, members)
        if not members or asns is None or networks is None or keys is None or not fits:
            return None
        side = _NodeSide(name, item, selector, members, networks, asns, keys, announced)
        reach = self._speaker(side) if "local_speaker" in item else self._routers(side)
        if reach is None:
            return None
        open_to_all = bool(reach.ranges) and reach.keys.password is None
        if open_to_all and not password_is_unknown(context, self.values["edge_bgp_passwords"]):
            numbers = " or ".join(str(asn) for asn in sorted(set(asns.values())))
            warn_without_password(
                context,
                item.path,
                f"AS {numbers} becomes a neighbor of {some(list(reach.routers))}, and can take over a pool's addresses",
                reach.ranges,
                f"set edge_bgp_passwords.{name}, or leave dynamic out and give the nodes their edge_addresses",
            )
        check_preference(context, item, self.ends.routers, announced.advertise, reach.routers, asns)
        return PeeringDraft(self._peering(side, reach, import_, export), reach.routes, asns)

    def _members(self, item: Item, defaults: Items, selector: Selector | None) -> list[Node]:
        """Return the nodes that a peering selects, without drained ones; report where none is left."""
        matched = [node for node in self.ends.nodes if selector is None or selector.matches(node.all_labels)]
        members = [node for node in matched if not node.drain]
        if not matched:
            report_no_nodes(self.context, self.cluster, item, defaults, selector, self.ends.nodes)
        elif not members:
            hosts = some([node.host for node in matched])
            self.context.report.add("EDGE339", item.path, f"each of its nodes is drained: {hosts}")
        return members

    def _policies(self, item: Item) -> tuple[Policy, Policy]:
        """Return what is imported beside the derived filter, and what is exported; report an export."""
        context, cluster = self.context, self.cluster
        import_ = resolve_policy(context, f"{item.path}.import", item["import"], IMPORT, self.catalogue, cluster)
        export = resolve_policy(context, f"{item.path}.export", item["export"], EXPORT, self.catalogue, cluster)
        if not export.empty:
            context.report.add(
                "EDGE311",
                f"{item.path}.export",
                "sends routes to Cilium, which discards all that it receives",
                "remove it: nodes reach the router's networks by their default route",
            )
        return import_, export

    def _announced(self, name: str, item: Item, import_: Policy) -> _Announced:
        """Return what a peering's nodes announce; report a peering over which nothing is announced."""
        context = self.context
        advertise = resolve_advertise(context, self.cluster, self.values, item)
        pools = [pool for pool in self.pools if name in pool.bgp]
        if not pools and not item["advertise"] and not self.unsure_of_pools:
            context.report.add(
                "EDGE308", item.path, "no pool names it, so its sessions carry no route", f"pool: bgp: {name}"
            )
        rules = [
            known
            for entry in advertise
            for known in advertised_rules(context, self.cluster, self.values, self.catalogue, entry)
        ]
        services = [service for pool in pools for service in self.services.get(pool.name, ())]
        accepted = import_filter(context, item, pools, services, rules, import_)
        written: Items = self.values["edge_pools"]
        check_marks(context, item, import_.communities, [(written[pool.name], pool) for pool in pools], advertise)
        return _Announced(pools, advertise, announced_families(pools, rules), accepted)

    def _peering(self, side: _NodeSide, reach: _Reach, import_: Policy, export: Policy) -> Peering:
        """Return a peering both ends of which are known."""
        name, item = side.name, side.item
        names: Values = item["names"]
        reached = {route.node for route in reach.routes}
        return Peering(
            name=name,
            networks=side.networks,
            nodes=side.selector,
            # Without those whose routers are all absent: they peer with nobody.
            node_hosts=tuple(
                node.host
                for node in side.members
                if reached and (node.host in reached or not self._cut_off(node, side.networks))
            ),
            routers=reach.routers,
            asn=item["asn"] or self.values["edge_cluster_asn"] or min(side.asns.values()),
            keys=reach.keys,
            families=reach.families,
            accept=item["accept"],
            sessions=one_family(item),
            local_as=item["local_as"],
            listen_ranges=reach.ranges,
            listen_limit=reach.limit,
            listen_port=item["listen_port"],
            source_interface=item["source_interface"],
            discover=item["discover"],
            advertise=side.announced.advertise,
            filter=side.announced.filter,
            import_=import_,
            export=export,
            advertisement=names["advertisement"] or name,
            peer_group=names["peer_group"] or f"{self.cluster}-{name}",
        )

    @staticmethod
    def _speaker(side: _NodeSide) -> _Reach:
        """Return the session of each node with the speaker on it."""
        speaker: Values = side.item["local_speaker"]
        address: Address = speaker["address"]
        return _Reach(
            routes=tuple(Adjacency(node.host, address, "", address, "", speaker["asn"]) for node in side.members),
            routers=(),
            families=tuple(sorted(side.announced.families or {Family.IPV4})),
            keys=side.keys,
        )

    def _routers(self, side: _NodeSide) -> _Reach | None:
        """Return the ways to the routers; None where the ends do not fit each other, which is reported."""
        context, ends = self.context, self.ends
        name, item, networks, members = side.name, side.item, side.networks, side.members
        ranges, limit = listen_ranges(context, item, networks, members, ends) if networks else ((), None)
        found = routes(context, item, name, networks, members, ends)
        if found is None:
            return None
        if not found and has_absent_routers_alone(context, item, name, networks, ends):
            return _Reach((), (), tuple(sorted(side.announced.families)), side.keys)
        hosts = sorted({route.router for route in found if route.router in ends.routers})
        families = self._families(side, found, ranges)
        if not families:
            return None
        distant = distances(item, name, networks, found)
        routers = [ends.routers[host] for host in hosts]
        fits = [as_numbers_fit(context, item, routers, side.asns), session_family_fits(context, item, families)]
        if side.keys.ttl_security:
            check_internal_gtsm(context, item, self.values["edge_bgp_defaults"], routers, side.asns)
            fits.append(ttl_security_fits(context, item, distant))
        if not all(fits):
            return None
        transport = one_family(item)
        check_sources(context, item, name, members, families if transport is None else (transport,))
        internal = all(side.asns[node.host] == (item["local_as"] or one.asn) for node in members for one in routers)
        keys = side.keys
        if distant and not internal and keys.multihop is None:
            keys = replace(keys, multihop=2)
            context.derive(f"{item.path}.multihop", 2, "an end's address is outside the other end's subnet")
        return _Reach(found, tuple(hosts), families, keys, ranges, limit)

    def _cut_off(self, node: Node, networks: tuple[str, ...]) -> bool:
        """Return whether a node that reaches no router has an address from which it could have reached one."""
        return any(self.ends.node_addresses[node.host].get(network) for network in networks)

    def _check_references(self, item: Item) -> None:
        """Report names of routers and networks that do not exist."""
        context, routers = self.context, self.context.parsed.routers
        for index, host in enumerate(item["routers"]):
            context.reference(item.at("routers", index), host, routers, "router")
        for index, network in enumerate(item["network"]):
            context.reference(item.at("network", index), network, context.parsed.networks, "network")
        if "router_network" in item:
            context.reference(item.at("router_network"), item["router_network"], context.parsed.networks, "network")
        peers = item["names"]["peer"]
        for host in peers if isinstance(peers, Mapping) else ():
            context.reference(f"{item.path}.names.peer.{host}", host, routers, "router")

    def _asns(self, item: Item, members: list[Node]) -> dict[str, int] | None:
        """Return the AS number of each node's side: the peering's, the cluster's, or the node's own."""
        asn = item["asn"] or self.values["edge_cluster_asn"]
        if asn is not None:
            return {node.host: asn for node in members}
        if "asn" in (item.raw or {}) or "edge_cluster_asn" in self.context.parsed.hosts[self.cluster]:
            return None  # reported as unreadable
        if not self.ends.nodes and self.context.clusters_reported:
            return None  # its nodes, which may have their own, name no cluster
        hosts = self.context.parsed.hosts
        if not any("edge_cluster_asn" in hosts[node.host] for node in self.ends.nodes):
            self.context.report.add(
                "EDGE105",
                item.at("asn"),
                "is missing",
                f"write it here, or {self.cluster}.edge_cluster_asn for all peerings",
            )
            return None
        lacking = [node for node in members if node.asn is None]
        for node in lacking:
            if "edge_cluster_asn" not in hosts[node.host]:
                self.context.report.add(
                    "EDGE105",
                    f"{node.host}.edge_cluster_asn",
                    f"is missing: other nodes of {item.path} have AS numbers of their own",
                    f"write it, or one for all: {item.path}.asn",
                )
        return None if lacking else {node.host: node.asn for node in members if node.asn is not None}

    def _networks(self, item: Item, members: list[Node]) -> tuple[str, ...] | None:
        """Return the peering's networks: those written, else the only one that its nodes and a router share.

        None where nothing tells it, which is reported; none where only routers could, and they are all absent.
        """
        context, ends = self.context, self.ends
        known = context.parsed.networks
        if "router_network" in item and item["router_network"] not in known:
            return None  # reported
        if "network" in item:
            written: tuple[str, ...] = tuple(dict.fromkeys(item["network"]))
            return written if all(network in known for network in written) else None
        if "network" in (item.raw or {}) or not members or known.reported:
            return None
        segments = [name for name in context.subnets if not context.parsed.networks[name]["loopback"]]
        beside = [network for network in segments if any(p.get(network) for p in ends.router_addresses.values())]
        far = "router_network" in item or "routers" in item
        dynamic = item["dynamic"] is not None
        shared = sorted(
            network
            for network in (segments if far else beside)
            if dynamic or any(ends.node_addresses[node.host].get(network) for node in members)
        )
        if len(shared) == 1:
            what = "the only network of its nodes" if far else "the only network that its nodes and a router share"
            context.derive(f"{item.path}.network", shared[0], "the only network of a router" if dynamic else what)
            return (shared[0],)
        if shared:
            problem, hint = f"its nodes and the routers share {one_of(shared)}", "write the one that the sessions use"
        elif ends.router_addresses and all(is_absent(values) for values in context.parsed.routers.values()):
            return ()  # reported where the routers are looked up
        elif (
            context.may_be_incomplete((*ends.router_addresses, *(node.host for node in members)))
            or "edge_routers" in context.parsed.misspelt_groups
        ):
            return None
        elif ends.router_addresses:
            problem = "its nodes and the routers share no network"
            hint = f"{_where(context, ends, members)}; {_way_out(context, ends, members)}"
        else:
            problem, hint = "there is no router", context.add_a_host("edge_routers")
        context.report.add("EDGE304", item.at("network"), f"is missing, and {problem}", hint)
        return None

    def _families(self, side: _NodeSide, found: tuple[Adjacency, ...], ranges: tuple[Cidr, ...]) -> tuple[Family, ...]:
        """Return the families that are announced and both ends have addresses for; note what is left out."""
        ends, item, networks, members = self.ends, side.item, side.networks, side.members
        far = item["router_network"]
        router_families = {
            address.family
            for route in found
            for address in ends.router_addresses[route.router].get(far or route.network, ())
        }
        node_families: set[Family] = set()
        for node in members:
            for network in networks:
                node_families |= {a.family for a in ends.node_addresses[node.host].get(network, ())}
        if ranges:
            node_families = {cidr.family for cidr in ranges}
        both = router_families & node_families
        chosen = set(side.announced.families) or both
        if not ranges:
            for node in members:
                self._check_node(side, node, chosen & both)
        missing = chosen - both
        if missing and node_families:
            nowhere = bool(missing - router_families)
            hosts = {route.router for route in found} if nowhere else {node.host for node in members}
            if self.context.addresses_reported.covers_any(
                (host, network) for host in hosts for network in (far, *networks) if network
            ):
                return tuple(sorted(chosen & both))
            end = "no router" if nowhere else "no listen range" if ranges else "no node"
            where = place((far,) if nowhere and far is not None else networks)
            self.lacks.append(
                MissingFamily(
                    item.path, where, end, tuple(sorted(missing)), tuple(side.announced.pools), not chosen & both
                )
            )
        return tuple(sorted(chosen & both))

    def _check_node(self, side: _NodeSide, node: Node, families: set[Family]) -> None:
        """Report a node that has no address to peer from, or none in one of the families."""
        networks = side.networks
        placed = self.ends.node_addresses[node.host]
        if self.context.addresses_reported.covers_any((node.host, network) for network in networks):
            return
        if self.values["edge_peerings"].reported.everything:
            return  # what was meant for this cluster may select other nodes
        own = tuple(network for network in networks if placed.get(network))
        present = {address.family for network in own for address in placed[network]}
        sources = {address.family for address in node.local_addresses.get(side.name, ())}
        for family in sorted(families - present - sources) if present or sources else [None]:
            kind = f"{family.label} " if family else ""
            self.context.peering_addresses_reported.add((node.host, (own or networks)[0]))
            outside = outside_networks(self.context, node.host)
            self.context.report.add(
                "EDGE206",
                f"{node.host}.edge_addresses.{(own or networks)[0]}",
                f"is missing: {side.item.path} selects the node, but it has no {kind}address in"
                f" {place(own or networks)}"
                f"{outside and f': {outside}'}",
                "add the address, or narrow the peering's nodes",
            )


def _unsure_of_pools(values: Values, pools: tuple[Pool, ...]) -> bool:
    """Return whether a pool was reported that may name any of the peerings."""
    items: Items = values["edge_pools"]
    peerings: Items = values["edge_peerings"]
    if items.reported or peerings.reported or len(pools) < len(items):
        return True
    return any(
        any(name not in peerings for name in item["bgp"]) if "bgp" in item else not item["l2"] and len(peerings) > 1
        for item in items.values()
    )


def _selector(item: Item, defaults: Mapping[str, Item]) -> Selector | None:
    if "nodes" in item:
        found: Selector = item["nodes"]
        return found
    return defaults["nodes"].value if "nodes" in defaults else None


def _way_out(context: Context, ends: Endpoints, members: list[Node]) -> str:
    """Return what to write where nodes and routers have addresses in different networks, or one end has none."""
    nodes = {name for node in members for name, own in ends.node_addresses[node.host].items() if own}
    routers = sorted({name for placed in ends.router_addresses.values() for name, own in placed.items() if own})
    if not nodes or not routers:
        return "write edge_addresses"
    segments = [name for name in routers if not context.parsed.networks[name]["loopback"]] or routers
    word = segments[0] if len(segments) == 1 else "NAME"
    return (
        f"where the nodes dial the router's address in another network, write router_network: {word}, else the"
        " addresses that are missing: edge_addresses"
    )


def _where(context: Context, ends: Endpoints, members: list[Node]) -> str:
    """Return in which networks both ends have addresses."""
    texts = []
    for who, hosts, addresses in (
        ("its nodes", [node.host for node in members], ends.node_addresses),
        ("routers", list(ends.router_addresses), ends.router_addresses),
    ):
        names = [
            f"{network} (loopbacks)" if context.parsed.networks[network]["loopback"] else network
            for network in sorted({network for host in hosts for network, own in addresses[host].items() if own})
        ]
        texts.append(f"{who} have addresses in {', '.join(names)}" if names else f"{who} have no address")
    return ", ".join(texts)
