# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router's FRR must hold: the BGP instance, its peer groups, and the filters computed from the site.

The result is plain data without secrets (it holds names of passwords) and without FRR syntax, in the order in which it
is rendered. ``roles/udm_frr/templates/frr.conf.j2`` turns it into a configuration.

Without an import that permits a route it is not accepted, and without an export that permits it, it is not announced
(RFC 8212, RFC 7454 section 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .._addressing.families import Family
from .._document.frr_intent import FrrIntent, PeerGroup, PeerGroupFamily
from .._model.site import Neighbor, Peering, Policy, Pool, PrefixRule, Router, Session, SessionKeys, Site
from .filters import REDISTRIBUTED_MAP, Filters, maximum_prefix


@dataclass(frozen=True, slots=True)
class _Draft:
    """A peer group whose families are still to be made, and what they are made from."""

    group: PeerGroup
    families: tuple[Family, ...]
    rules: Sequence[PrefixRule]
    """All prefixes that its neighbors may announce."""
    import_: Policy
    export: Policy
    own_next_hops: bool = False
    """Whether its neighbors are the next hops of what they announce, whatever they say."""
    next_hop_self: bool = False
    route_reflector_client: bool = False
    listen_limit: int | None = None
    """Most dynamic neighbors; None = no limit of its own."""


def frr_intent(site: Site, router: Router) -> FrrIntent:
    """Return what ``router`` must hold for all sessions of ``site`` that end on it, and for its own neighbors.

    Args:
        site: the resolved site; every session of it that names ``router`` is part of the result.
        router: one of ``site.routers``.
    """
    drafts = sorted((*_of_peerings(site, router), *_of_neighbors(router)), key=lambda draft: draft.group["name"])
    filters = Filters()
    peer_groups: list[PeerGroup] = [
        {**draft.group, "families": _add_families(filters, draft, draft.group["local_as"] or router.asn)}
        for draft in drafts
    ]
    if router.redistribute:
        filters.add_redistribute()
    networks = {family: [cidr for cidr in router.originates if cidr.family is family] for family in Family}
    used = {family for draft in drafts for family in draft.families} | {cidr.family for cidr in router.originates}
    return {
        "asn": router.asn,
        "router_id": router.router_id.text,
        "import_check": router.import_check,
        "maximum_paths": router.maximum_paths,
        "maximum_paths_internal": router.maximum_paths if _has_internal(router, peer_groups) else None,
        "multipath_relax": router.multipath_relax or _multipath_relax(site, router),
        "listen_limit": _limit(drafts),
        "networks": {family.key: [cidr.text for cidr in own] for family, own in networks.items()},
        "redistribute": [
            {"protocol": _protocol(protocol, family), "family": family.key, "route_map": REDISTRIBUTED_MAP}
            for family in sorted(used)
            for protocol in router.redistribute
        ],
        "peer_groups": peer_groups,
        "prefix_lists": filters.prefix_lists,
        "community_lists": filters.community_lists,
        "route_maps": filters.route_maps,
    }


def listen_limit(site: Site, router: Router) -> int | None:
    """Return how many dynamic neighbors ``router`` takes in all, None where nobody may dial in.

    FRR has one number for a router. Each listen range has its own beside it, so they add up; one of both families is
    two peer groups.
    """
    return _limit((*_of_peerings(site, router), *_of_neighbors(router)))


def _limit(drafts: Iterable[_Draft]) -> int | None:
    return sum(draft.listen_limit or 0 for draft in drafts) or None


def _of_peerings(site: Site, router: Router) -> Iterable[_Draft]:
    """Yield the peer groups of the clusters' sessions on ``router``; all sessions of a group have one peering."""
    for cluster in site.clusters:
        peerings = {peering.name: peering for peering in cluster.peerings}
        members: dict[str, list[Session]] = {}
        for session in cluster.sessions:
            if session.router == router.host:
                members.setdefault(session.peer_group, []).append(session)
        for name, sessions in members.items():
            yield _peering_group(name, peerings[sessions[0].peering], sorted(sessions, key=_session_order))


def _of_neighbors(router: Router) -> Iterable[_Draft]:
    """Yield the peer groups of the neighbors that are not Cilium."""
    for neighbor in router.neighbors:
        yield _neighbor_group(router, neighbor)


def _has_internal(router: Router, groups: Iterable[PeerGroup]) -> bool:
    """Return whether some neighbor is in the router's own AS, for which FRR has ``maximum-paths ibgp``."""
    return any(group["remote_as"] in ("internal", router.asn) for group in groups)


def _protocol(protocol: str, family: Family) -> str:
    """Return FRR's word for a protocol in a family."""
    return "ospf6" if (protocol, family) == ("ospf", Family.IPV6) else protocol


def _add_families(filters: Filters, draft: _Draft, asn: int) -> dict[str, PeerGroupFamily]:
    """Add a peer group's filters to ``filters`` and return its families; ``asn`` is the AS that its neighbors see."""
    families: dict[str, PeerGroupFamily] = {}
    for family in sorted(draft.families):
        name = f"{draft.group['name']}-{family.key}"
        rules = [rule for rule in draft.rules if rule.family == family]
        own_next_hop = _own_next_hop(draft, family) if draft.own_next_hops else None
        filters.add_import(f"{name}-in", family, rules, draft.import_, own_next_hop)
        filters.add_export(f"{name}-out", family, draft.export, asn)
        families[family.key] = {
            "import": f"{name}-in",
            "export": f"{name}-out",
            "maximum_prefix": maximum_prefix(rules, draft.import_),
            "soft_reconfiguration": False,
            "default_originate": draft.export.default_route,
            "next_hop_self": draft.next_hop_self,
            "route_reflector_client": draft.route_reflector_client,
        }
    return families


def _own_next_hop(draft: _Draft, family: Family) -> Family | None:
    """Return of which family a neighbor's own address is as the next hop of its routes of ``family``; None = of none.

    Measured on 7.5, 8.4, 10.3 and 10.7: over a session of their own family, and over IPv6 also for IPv4 routes
    (RFC 8950), FRR writes the address of the session. For IPv6 routes over an IPv4 session it has none to write.
    """
    transport = draft.group["transport"]
    return None if (transport, family) == (Family.IPV4.key, Family.IPV6) else Family.of_key(transport)


def _group(name: str, transport: Family, keys: SessionKeys, password: str | None, internal: bool) -> PeerGroup:
    """Return a peer group with the keys that peerings and neighbors set alike, and defaults for all others."""
    return {
        "name": name,
        "remote_as": None,
        "transport": transport.key,
        "timers": {
            "hold": keys.timers.hold,
            "keepalive": keys.timers.keepalive,
            "connect_retry": keys.timers.connect_retry,
        },
        # iBGP is multihop by itself; FRR takes the line and does not keep it, so it would never read back as written.
        "multihop": None if keys.ttl_security or internal else keys.multihop,
        "ttl_security": (keys.multihop or 1) if keys.ttl_security else None,
        "password": password,
        "local_as": None,
        "bfd": False,
        "extended_nexthop": False,
        "update_source": None,
        "listen_ranges": [],
        "families": {},
        "neighbors": [],
    }


def _peering_group(name: str, peering: Peering, sessions: Sequence[Session]) -> _Draft:
    """Return the peer group of a peering: what its sessions share, and its neighbors.

    Nodes with ASNs of their own (racks) get ``remote_as`` on the neighbor; else it stands on the group, once.
    """
    first = sessions[0]
    keys = first.keys
    asns = {session.node_asn for session in sessions}
    internal = asns == {first.router_asn}
    dynamic = bool(peering.listen_ranges)
    ranges = [cidr.text for cidr in peering.listen_ranges if cidr.family is first.family]
    group = _group(name, first.family, keys, f"{first.cluster}/{keys.password}" if keys.password else None, internal)
    peer_group: PeerGroup = {
        **group,
        # A listen range has one AS for all neighbors: nodes of several AS numbers are all external.
        "remote_as": first.node_asn if len(asns) == 1 else "external" if dynamic else None,
        "local_as": peering.local_as,
        "extended_nexthop": first.family is Family.IPV6 and Family.IPV4 in first.families,
        "update_source": first.update_source.text if dynamic and first.update_source else None,
        "listen_ranges": ranges,
        "neighbors": []
        if dynamic
        else [
            {
                "address": session.node_address.text if session.node_address else "",
                "interface": None,
                "unnumbered": False,
                "description": session.keys.description or session.node,
                "remote_as": None if len(asns) == 1 else session.node_asn,
                # The port that the router dials: only where Cilium listens.
                "port": peering.listen_port if peering.listen_port != 179 else None,
                "shutdown": session.keys.shutdown,
                "update_source": _source(session),
            }
            for session in sessions
        ],
    }
    return _Draft(
        peer_group,
        first.families,
        peering.filter,
        peering.import_,
        peering.export,
        own_next_hops=True,
        listen_limit=peering.listen_limit,
    )


def _neighbor_group(router: Router, neighbor: Neighbor) -> _Draft:
    """Return the peer group of a neighbor that is not Cilium, or of the other end of a link."""
    keys = neighbor.keys
    internal = neighbor.asn in ("internal", router.asn)
    unnumbered = neighbor.interface is not None and not neighbor.addresses
    group = _group(
        neighbor.peer_group,
        neighbor.transport,
        keys,
        f"{router.host}/{keys.password}" if keys.password else None,
        internal,
    )
    ends = [address.text for address in neighbor.addresses] or ([neighbor.interface] if neighbor.interface else [])
    dynamic = bool(neighbor.listen_ranges)
    source = neighbor.update_source.text if neighbor.update_source else None
    descriptions = [*neighbor.descriptions, *[""] * len(ends)]
    peer_group: PeerGroup = {
        **group,
        "remote_as": neighbor.asn,
        "local_as": neighbor.local_as,
        "bfd": neighbor.bfd,
        # FRR switches it on by itself for unnumbered neighbors (RFC 5549).
        "extended_nexthop": neighbor.transport is Family.IPV6 and Family.IPV4 in neighbor.families and not unnumbered,
        "update_source": source if dynamic else None,
        "listen_ranges": [cidr.text for cidr in neighbor.listen_ranges],
        "neighbors": [
            {
                "address": end,
                "interface": neighbor.interface if not unnumbered else None,
                "unnumbered": unnumbered,
                "description": description or None,
                "remote_as": None,
                "port": keys.port if keys.port != 179 else None,
                "shutdown": keys.shutdown,
                "update_source": source,
            }
            for end, description in zip(ends, descriptions, strict=False)
        ],
    }
    return _Draft(
        peer_group,
        neighbor.families,
        neighbor.import_.prefixes,
        neighbor.import_,
        neighbor.export,
        next_hop_self=neighbor.next_hop_self,
        route_reflector_client=neighbor.route_reflector_client,
        listen_limit=neighbor.listen_limit,
    )


def _source(session: Session) -> str | None:
    """Return the address from which the router dials a node: over several hops always the one that the node dials."""
    source = session.update_source or (session.router_address if session.keys.multihop else None)
    return source.text if source else None


def _session_order(session: Session) -> tuple[int, int, str]:
    """Return the key that sorts sessions by the node's address, as numbers; unknown ones come last, by node."""
    if session.node_address is None:
        return 9, 0, session.node
    return *session.node_address, session.node


def _multipath_relax(site: Site, router: Router) -> bool:
    """Return whether nodes of different ASNs announce one pool to ``router``: ECMP then needs ``multipath-relax``."""
    anycast: set[int] = set()
    for cluster in site.clusters:
        asns: dict[str, set[int]] = {}
        for session in cluster.sessions:
            if session.router == router.host:
                asns.setdefault(session.peering, set()).add(session.node_asn)
        for pool in cluster.pools:
            origins = _origins(pool, asns)
            if len(origins) > 1:
                return True
            anycast |= origins if pool.anycast else set()
    return len(anycast) > 1


def _origins(pool: Pool, asns: Mapping[str, set[int]]) -> set[int]:
    """Return the ASNs from which a router hears ``pool``."""
    return {asn for peering in pool.bgp for asn in asns.get(peering, ())}
