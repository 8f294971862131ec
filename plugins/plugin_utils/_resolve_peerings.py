# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, peerings: which nodes, which routers, which networks, and what is announced over them.

A peering is a class of sessions. Its names depend on nothing but itself: a renamed peer group, instance or peer is a
reset session.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ._addresses import FAMILY_KEY, FAMILY_NAME, Cidr
from ._findings import one_of
from ._intervals import contains, merge, overlaps
from ._model import Node, NodeClass, Peering, Pool, Service, Session, SessionKeys
from ._parse import Item, Items, Values
from ._peering_filter import announced_families, peering_filter, resolve_advertise
from ._policies import EXPORT, IMPORT, Catalogue, resolve_policy
from ._resolve_classes import Membership, node_classes
from ._resolve_hosts import Context
from ._resolve_sessions import Ends, Route, check_instances, check_pairs, routes, sessions_of
from ._selectors import Selector
from ._session_keys import session_keys


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


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A peering whose ends are known, before its sessions are."""

    peering: Peering
    routes: tuple[Route, ...]
    asns: Mapping[str, int]
    """Node -> AS number of its side."""


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
    known = _names_with_passwords(context)
    for name, item in passwords.items():
        context.reference(item.path, name, known, "peering")
    step = _Step(context, cluster, values, ends, pools, services, catalogue, [])
    drawn = [
        found
        for name, item in items.items()
        if ("nodes" in item or not defaults.excuses("nodes")) and (found := step.draw(name, item, name in passwords))
    ]
    peerings = [one.peering for one in drawn]
    _report_lacks(context, step.lacks, peerings, pools)
    _check_ranges(context, items, peerings)
    nodes = {node.host: node for node in ends.nodes}
    classes = node_classes(context, cluster, items, peerings, _memberships(values, items, drawn), nodes)
    config_of = {(name, node): kind.name for kind in classes for name in kind.peerings for node in kind.nodes}
    sessions = [
        session
        for one in drawn
        for session in sessions_of(
            context, cluster, items[one.peering.name], one.peering, ends, one.routes, one.asns, config_of
        )
    ]
    check_pairs(context, items, sessions)
    check_instances(context, items, {peering.name: peering for peering in peerings}, sessions)
    return PeeringResult(tuple(peerings), tuple(sorted(sessions, key=session_key)), classes)


def _names_with_passwords(context: Context) -> Items:
    """Return what a password may belong to: peerings of every cluster, links and routers' neighbors."""
    known = Items()
    maps = [values["edge_peerings"] for values in context.parsed.clusters.values()]
    maps += [values["edge_router_neighbors"] for values in context.parsed.routers.values()]
    for items in [*maps, context.parsed.links]:
        known.update(items)
        known.broken |= items.broken
        known.whole = known.whole and items.whole
    return known


def session_key(session: Session) -> tuple[str, str, str, str, str]:
    """Return the key that sorts sessions: by cluster, peering, router, node and family."""
    return session.cluster, session.peering, session.router, session.node, session.family


def _memberships(values: Values, items: Items, drawn: list[_Drawn]) -> dict[str, Membership]:
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
class _Step:
    """What the peerings of one cluster share on their way from what is written to sessions."""

    context: Context
    cluster: str
    values: Values
    ends: Ends
    pools: tuple[Pool, ...]
    services: tuple[Service, ...]
    catalogue: Catalogue
    lacks: list[_Lack]

    def draw(self, name: str, item: Item, has_password: bool) -> _Drawn | None:
        """Return one peering with its ends; None where something about it was reported."""
        context, values = self.context, self.values
        defaults: Items = values["edge_bgp_defaults"]
        selector = _selector(item, defaults)
        matched = [node for node in self.ends.nodes if selector is None or selector.matches(node.labels)]
        members = [node for node in matched if not node.drain]
        if not matched:
            _report_no_nodes(context, self.cluster, item, defaults, selector, self.ends.nodes)
        asns = self._asns(item, members)
        keys = session_keys(context, item, defaults, name if has_password else None)
        import_ = resolve_policy(
            context, f"{item.path}.import", item.get("import"), IMPORT, self.catalogue, self.cluster
        )
        export = resolve_policy(
            context, f"{item.path}.export", item.get("export"), EXPORT, self.catalogue, self.cluster
        )
        if not export.empty:
            context.report.add(
                "EDGE311",
                f"{item.path}.export",
                "sends routes to Cilium, which discards all that it receives",
                "remove it: nodes reach the router's networks by their default route",
            )
        advertise = resolve_advertise(context, self.cluster, values, item)
        own_pools = [pool for pool in self.pools if name in pool.bgp]
        if not own_pools and not item.get("advertise") and not values["edge_pools"].damaged:
            context.report.add(
                "EDGE308", item.path, "no pool names it, so its sessions carry no route", f"pool: bgp: {name}"
            )
        wanted = announced_families(context, self.cluster, values, self.catalogue, own_pools, advertise)
        speaker = item.get("local_speaker")
        networks = () if speaker else self._networks(item, name, members)
        if not members or asns is None or networks is None or keys is None or not self._speaker_fits(item):
            return None
        if speaker:
            found = self._local_routes(item, members)
            families: tuple[str, ...] = tuple(FAMILY_KEY[family] for family in sorted(wanted or {4}))
            routers: tuple[str, ...] = ()
        else:
            reached = routes(context, item, name, networks, members, self.ends)
            if reached is None:
                return None
            found = reached
            routers = tuple(sorted({route.router for route in found if route.router in self.ends.routers}))
            families = self._families(item, networks, members, found, own_pools, wanted)
            if not families:
                return None
            if not self._session_fits(item, keys, routers, networks, asns, families):
                return None
        self._check_preference(item, advertise, routers, asns)
        names = item.get("names", {})
        ranges, limit = self._listen(item, networks, len(members))
        far = "router_network" in item and item.get("router_network") not in networks
        internal = all(
            asns[node.host] == item.get("local_as", self.ends.routers[host].asn) for node in members for host in routers
        )
        if far and not internal and keys.multihop is None:
            keys = replace(keys, multihop=2)
            context.derive(
                f"{item.path}.multihop", 2, "the nodes dial a router's address that is outside their network"
            )
        peering = Peering(
            name=name,
            networks=networks,
            nodes=selector.text if selector else None,
            node_hosts=tuple(node.host for node in members),
            routers=routers,
            asn=item.get("asn", values.get("edge_cluster_asn", min(asns.values()))),
            keys=keys,
            families=families,
            accept=item.get("accept", "pools"),
            sessions=item.get("sessions", "per_family"),
            local_as=item.get("local_as"),
            listen_ranges=ranges,
            listen_limit=limit,
            listen_port=item.get("listen_port"),
            source_interface=item.get("source_interface"),
            discover=item.get("discover", False),
            advertise=advertise,
            filter=peering_filter(
                context, self.cluster, values, self.catalogue, item, own_pools, self.services, advertise, import_
            ),
            import_=import_,
            export=export,
            advertisement=names.get("advertisement", name),
            peer_group=names.get("peer_group", f"{self.cluster}-{name}"),
        )
        return _Drawn(peering, found, asns)

    def _asns(self, item: Item, members: list[Node]) -> dict[str, int] | None:
        """Return the AS number of each node's side: the peering's, the cluster's, or the node's own."""
        asn = item.get("asn", self.values.get("edge_cluster_asn"))
        if asn is not None:
            return {node.host: asn for node in members}
        if "asn" in (item.raw or {}) or "edge_cluster_asn" in self.context.parsed.hosts[self.cluster]:
            return None  # reported as unreadable
        if not any(node.asn for node in members):
            self.context.report.add(
                "EDGE105",
                item.at("asn"),
                "is missing",
                f"write it here, or {self.cluster}.edge_cluster_asn for all peerings",
            )
            return None
        lacking = [node for node in members if node.asn is None]
        for node in lacking:
            if "edge_cluster_asn" not in self.context.parsed.hosts[node.host]:
                self.context.report.add(
                    "EDGE105",
                    f"{node.host}.edge_cluster_asn",
                    f"is missing: other nodes of {item.path} have AS numbers of their own",
                    f"write it, or one for all: {item.path}.asn",
                )
        return None if lacking else {node.host: node.asn for node in members if node.asn is not None}

    def _networks(self, item: Item, name: str, members: list[Node]) -> tuple[str, ...] | None:
        """Return the peering's networks: those written, else the only one that its nodes and a router share."""
        context, ends = self.context, self.ends
        if "router_network" in item and not context.reference(
            item.at("router_network"), item.get("router_network"), context.parsed.networks, "network"
        ):
            return None
        if "network" in item:
            written: tuple[str, ...] = tuple(dict.fromkeys(item.get("network")))
            known = [
                network
                for index, network in enumerate(item.get("network"))
                if context.reference(item.at("network", index), network, context.parsed.networks, "network")
            ]
            return written if len(known) == len(item.get("network")) else None
        if "network" in (item.raw or {}) or not members:
            return None
        segments = [name for name in context.subnets if not context.parsed.networks[name].get("loopback")]
        beside = [network for network in segments if any(p.get(network) for p in ends.router_addresses.values())]
        far = "router_network" in item or "routers" in item
        dynamic = "dynamic" in item and item.get("dynamic").get("on", True)
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
        elif ends.router_addresses:
            problem = "its nodes and the routers share no network"
            hint = f"{_where(ends, members)}; write edge_addresses"
        else:
            problem, hint = "there is no router", "add a host to the group edge_routers"
        context.report.add("EDGE304", item.at("network"), f"is missing, and {problem}", hint)
        return None

    def _speaker_fits(self, item: Item) -> bool:
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
            self.context.report.add(
                "EDGE312",
                item.at(key),
                "has no meaning beside local_speaker: no router of ours has these sessions",
                "remove one of the two; the router's session to the speaker is one of edge_router_neighbors",
            )
        return not wrong

    @staticmethod
    def _local_routes(item: Item, members: list[Node]) -> tuple[Route, ...]:
        """Return one session of each node with the speaker on it."""
        speaker = item.get("local_speaker")
        address = speaker.get("address")
        text = address.text if address else "127.0.0.1"
        family = FAMILY_KEY[address.family] if address else "ipv4"
        return tuple(Route(node.host, text, "", text, family, "", speaker["asn"]) for node in members)

    def _families(
        self,
        item: Item,
        networks: tuple[str, ...],
        members: list[Node],
        found: tuple[Route, ...],
        own_pools: list[Pool],
        wanted: frozenset[int],
    ) -> tuple[str, ...]:
        """Return the families that are announced and both ends have addresses for; note what is left out."""
        context, ends = self.context, self.ends
        dynamic = "dynamic" in item and item.get("dynamic").get("on", True)
        router_families: set[int] = set()
        node_families: set[int] = set()
        for route in found:
            for network in {item.get("router_network", route.network), route.network}:
                router_families |= {a.family for a in ends.router_addresses[route.router].get(network, ())}
        far = item.get("router_network")
        if far is not None:
            router_families = {a.family for route in found for a in ends.router_addresses[route.router].get(far, ())}
        for node in members:
            for network in networks:
                node_families |= {a.family for a in ends.node_addresses[node.host].get(network, ())}
        if dynamic:
            node_families |= {cidr.family for network in networks for cidr in context.subnets[network]}
        both = router_families & node_families
        chosen = set(wanted) or both
        place = one_of(networks) if len(networks) > 1 else networks[0]
        if not dynamic:
            for node in members:
                if any((node.host, network) in context.unplaced for network in networks):
                    continue
                present = {a.family for network in networks for a in ends.node_addresses[node.host].get(network, ())}
                for family in sorted((chosen & both) - present if present else {0}):
                    kind = {0: "", 4: "IPv4 ", 6: "IPv6 "}[family]
                    where = f"network {place!r}" if len(networks) == 1 else f"the networks {place}"
                    context.report.add(
                        "EDGE206",
                        f"{node.host}.edge_addresses.{networks[0]}",
                        f"is missing: {item.path} selects the node, but it has no {kind}address in {where}",
                        "add the address, or narrow the peering's nodes",
                    )
        missing = chosen - both
        if missing and node_families:
            end = "no router" if missing - router_families else "no node"
            self.lacks.append(_Lack(item.path, place, end, tuple(sorted(missing)), tuple(own_pools), not chosen & both))
        return tuple(FAMILY_KEY[family] for family in sorted(chosen & both))

    def _session_fits(
        self,
        item: Item,
        keys: SessionKeys,
        routers: tuple[str, ...],
        networks: tuple[str, ...],
        asns: Mapping[str, int],
        families: tuple[str, ...],
    ) -> bool:
        """Report session keys that the ends' AS numbers and addresses do not allow."""
        context, defaults = self.context, self.values["edge_bgp_defaults"]
        local_as = item.get("local_as")
        whole = True
        for host in routers:
            asn = self.ends.routers[host].asn
            if local_as == asn:
                context.report.add(
                    "EDGE313", item.at("local_as"), f"{local_as} is the AS of {host} anyway", "leave it out"
                )
                whole = False
            same = sorted({number for number in asns.values() if number == (local_as or asn)})
            if local_as is not None and same:
                context.report.add(
                    "EDGE313",
                    item.at("local_as"),
                    f"{local_as} is the AS of the nodes too: FRR refuses that",
                    "local_as is for sessions with another AS",
                )
                whole = False
            elif local_as is not None and asn in asns.values():
                context.report.add(
                    "EDGE313",
                    item.at("local_as"),
                    f"{host} and the nodes are both in AS {asn}: FRR refuses local-as within one AS",
                    "leave it out, or give the nodes another AS",
                )
                whole = False
            if keys.ttl_security and same:
                context.report.add(
                    "EDGE310",
                    item.at("ttl_security") if "ttl_security" in item else defaults["ttl_security"].path,
                    f"is set, but {host} has the same AS {same[0]}"
                    + ("" if "ttl_security" in item else f" as {item.path}"),
                    "remove it, or give the cluster an AS of its own",
                )
        far = "router_network" in item and item.get("router_network") not in networks
        if keys.ttl_security and far:
            context.report.add(
                "EDGE309",
                item.at("router_network"),
                f"is not the nodes' network, and ttl_security is set for {item.path}",
                "GTSM is for neighbours on the same network",
            )
            whole = False
        session = item.get("sessions", "per_family")
        if session != "per_family" and session not in families and families:
            context.report.add(
                "EDGE314",
                item.at("sessions"),
                f"is {session}, but its sessions carry {one_of(families)} only",
                "leave it out: one session for each family is the default",
            )
            whole = False
        return whole

    def _check_preference(
        self, item: Item, advertise: Iterable[Any], routers: tuple[str, ...], asns: Mapping[str, int]
    ) -> None:
        """Report a local preference that would be sent to another AS."""
        theirs = {item.get("local_as", self.ends.routers[host].asn) for host in routers}
        if not routers or set(asns.values()) == theirs:
            return
        for entry in advertise:
            if entry.local_preference is not None:
                self.context.report.add(
                    "EDGE336",
                    f"{item.path}.advertise.{entry.kind}.local_preference",
                    "is sent within one AS only, and this session is between two",
                    "set it on the router: import: {local_preference}",
                )

    def _listen(self, item: Item, networks: tuple[str, ...], members: int) -> tuple[tuple[str, ...], int | None]:
        """Return the listen ranges of a dynamic peering and its limit of neighbors."""
        written = item.get("dynamic")
        if written is None or not written.get("on", True):
            return (), None
        context = self.context
        subnets: list[Cidr] = [cidr for network in networks for cidr in context.subnets[network]]
        ranges: list[Cidr] = list(written.get("range", ())) or subnets
        inside = merge(cidr.interval for cidr in subnets)
        for index, cidr in enumerate(written.get("range", ())):
            if not contains(inside, cidr.interval):
                context.report.add(
                    "EDGE315",
                    f"{item.path}.dynamic.range" + (f"[{index}]" if len(written["range"]) > 1 else ""),
                    f"{cidr.text} is not inside network {one_of(networks)} ({', '.join(c.text for c in subnets)})",
                    "who may dial in must be on the peering's network",
                )
        if "range" not in written:
            texts = ", ".join(cidr.text for cidr in ranges)
            context.derive(f"{item.path}.dynamic.range", texts, "the subnets of its network")
        if "limit" not in written:
            context.derive(f"{item.path}.dynamic.limit", members + 2, "its nodes, and two more while some are replaced")
        return tuple(cidr.text for cidr in ranges), written.get("limit", members + 2)


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


def _check_ranges(context: Context, items: Items, peerings: list[Peering]) -> None:
    """Report listen ranges of two peerings that overlap on one router: FRR refuses the second one."""
    owners = [
        (cidr, peering)
        for peering in peerings
        if peering.listen_ranges
        for cidr in ranges_of(context, items[peering.name], peering)
    ]
    for found in overlaps([cidr.interval for cidr, _peering in owners]):
        left, right = owners[found.left], owners[found.right]
        shared = sorted(set(left[1].routers) & set(right[1].routers))
        if left[1].name != right[1].name and shared:
            context.report.add(
                "EDGE344",
                f"{items[right[1].name].path}.dynamic",
                f"{right[0].text} overlaps {left[0].text} of {items[left[1].name].path} on {shared[0]}",
                "who dials in from there would belong to both: narrow one of the ranges",
            )


def ranges_of(context: Context, item: Item, peering: Peering) -> list[Cidr]:
    """Return the listen ranges of a peering as CIDRs."""
    written = item.get("dynamic", {}).get("range", ())
    return list(written) or [cidr for network in peering.networks for cidr in context.subnets[network]]
