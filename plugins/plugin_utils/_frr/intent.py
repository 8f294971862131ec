# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router's FRR must hold: the BGP instance, its peer groups, and the filters computed from the site.

The result is plain data without secrets (a password is named, never carried) and without FRR syntax, in the order in
which it is rendered. ``roles/udm_frr/templates/frr.conf.j2`` turns it into a configuration.

A route that no peering, neighbor or link lets in is never accepted, and nothing is announced that no export names (RFC
8212, RFC 7454 section 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._addressing.addresses import parse_address
from .._model.site import Neighbor, Peering, Policy, Pool, Router, Session, SessionKeys, Site
from .filters import REDISTRIBUTED_MAP, Filters, maximum_prefix, prefix_family

FAMILIES = ("ipv4", "ipv6")
"""Route families, in the order in which they are rendered."""


def frr_intent(site: Site, router: Router) -> dict[str, Any]:
    """Return what ``router`` must hold for all sessions of ``site`` that end on it, and for its own neighbors.

    Args:
        site: the resolved site; every session of it that names ``router`` is part of the result.
        router: one of ``site.routers``.

    Returns:
        ``asn``, ``router_id``, ``import_check``, ``maximum_paths`` (None = FRR's own default, which is multipath) and
        ``maximum_paths_internal`` (the same for routes of the router's own AS), ``multipath_relax``, ``listen_limit``,
        ``networks``, ``redistribute``, ``peer_groups``, ``prefix_lists``, ``community_lists`` and ``route_maps``; see
        ``docs/router.md``. Times are seconds, ``maximum_prefix.restart`` is minutes (FRR's unit).
    """
    filters = Filters()
    groups: dict[str, dict[str, Any]] = {}
    limits: list[int] = []
    for cluster in site.clusters:
        peerings = {peering.name: peering for peering in cluster.peerings}
        members: dict[str, list[Session]] = {}
        for session in cluster.sessions:
            if session.router == router.host:
                members.setdefault(session.peer_group, []).append(session)
        for name, sessions in members.items():
            peering = peerings[sessions[0].peering]
            groups[name] = _peering_group(name, peering, sorted(sessions, key=_session_order))
            limits += [peering.listen_limit] if peering.listen_limit else []
    for neighbor in router.neighbors:
        groups[neighbor.peer_group] = _neighbor_group(router, neighbor)
        limits += [neighbor.listen_limit] if neighbor.listen_limit else []
    peer_groups = []
    for name in sorted(groups):
        group = groups[name]
        policies = group.pop("policies")
        _add_families(filters, group, group["local_as"] or router.asn, *policies)
        peer_groups.append(group)
    if router.redistribute:
        filters.add_redistribute()
    networks = {family: [p for p in router.originates if prefix_family(p) == family] for family in FAMILIES}
    used = {family for group in peer_groups for family in group["families"]} | {f for f in FAMILIES if networks[f]}
    return {
        "asn": router.asn,
        "router_id": router.router_id,
        "import_check": router.import_check,
        "maximum_paths": router.maximum_paths,
        "maximum_paths_internal": router.maximum_paths if _has_internal(router, peer_groups) else None,
        "multipath_relax": router.multipath_relax or _multipath_relax(site, router),
        "listen_limit": sum(limits) or None,
        "networks": networks,
        "redistribute": [
            {"protocol": _protocol(protocol, family), "family": family, "route_map": REDISTRIBUTED_MAP}
            for family in FAMILIES
            if family in used
            for protocol in router.redistribute
        ],
        "peer_groups": peer_groups,
        "prefix_lists": filters.prefix_lists,
        "community_lists": filters.community_lists,
        "route_maps": filters.route_maps,
    }


def _has_internal(router: Router, groups: list[dict[str, Any]]) -> bool:
    """Return whether some neighbor is in the router's own AS: FRR has a limit of paths of its own for those."""
    return any(group["remote_as"] in ("internal", router.asn) for group in groups)


def _protocol(protocol: str, family: str) -> str:
    """Return FRR's word for a protocol in a family."""
    return "ospf6" if (protocol, family) == ("ospf", "ipv6") else protocol


def _add_families(
    filters: Filters, group: dict[str, Any], asn: int, import_: Policy, export: Policy, rules: Any
) -> None:
    """Add a peer group's filters to ``filters``, and the group's families to ``group``; ``asn`` is the AS it sees."""
    keys = group.pop("family_keys")
    for family in FAMILIES:
        if family not in keys["families"]:
            continue
        name = f"{group['name']}-{family}"
        of = [rule for rule in rules if rule.family == family]
        filters.add_import(f"{name}-in", family, of, import_)
        filters.add_export(f"{name}-out", family, export, asn)
        group["families"][family] = {
            "import": f"{name}-in",
            "export": f"{name}-out",
            "maximum_prefix": maximum_prefix(of, import_),
            "soft_reconfiguration": False,
            "default_originate": export.default_route,
            "next_hop_self": keys["next_hop_self"],
            "route_reflector_client": keys["route_reflector_client"],
        }


def _group(name: str, transport: str, keys: SessionKeys, password: str | None, internal: bool) -> dict[str, Any]:
    """Return what all kinds of peer groups have; the caller fills in the rest."""
    return {
        "name": name,
        "remote_as": None,
        "transport": transport,
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
    }


def _peering_group(name: str, peering: Peering, sessions: list[Session]) -> dict[str, Any]:
    """Return the peer group of a peering: what its sessions share, and its neighbors.

    Nodes with ASNs of their own (racks) get ``remote_as`` on the neighbor; else it stands on the group, once.
    """
    first = sessions[0]
    keys = first.keys
    asns = {session.node_asn for session in sessions}
    internal = asns == {first.router_asn}
    dynamic = bool(peering.listen_ranges)
    ranges = [cidr for cidr in peering.listen_ranges if prefix_family(cidr) == first.family]
    group = _group(name, first.family, keys, f"{first.cluster}/{keys.password}" if keys.password else None, internal)
    source = first.update_source if dynamic else None
    return {
        **group,
        # A listen range takes whoever dials in: nodes of several AS numbers are all external.
        "remote_as": first.node_asn if len(asns) == 1 else "external" if dynamic else None,
        "local_as": peering.local_as,
        "extended_nexthop": first.family == "ipv6" and "ipv4" in first.families,
        "update_source": source,
        "listen_ranges": ranges,
        "family_keys": _family_keys(first.families),
        "policies": (peering.import_, peering.export, peering.filter),
        "neighbors": []
        if dynamic
        else [
            {
                "address": session.node_address,
                "interface": None,
                "unnumbered": False,
                "description": session.keys.description or session.node,
                "remote_as": None if len(asns) == 1 else session.node_asn,
                # The port that the router dials: only where Cilium listens.
                "port": peering.listen_port if peering.listen_port != 179 else None,
                "shutdown": session.keys.shutdown,
                "update_source": session.update_source or (session.router_address if keys.multihop else None),
            }
            for session in sessions
        ],
    }


def _family_keys(
    families: tuple[str, ...], next_hop_self: bool = False, route_reflector_client: bool = False
) -> dict[str, Any]:
    return {
        "families": families,
        "next_hop_self": next_hop_self,
        "route_reflector_client": route_reflector_client,
    }


def _neighbor_group(router: Router, neighbor: Neighbor) -> dict[str, Any]:
    """Return the peer group of a neighbor that is not Cilium, or of the other end of a link."""
    keys = neighbor.keys
    if keys is None:
        raise ValueError(f"neighbor {neighbor.name} of {router.host} was resolved without session keys")
    internal = neighbor.asn in ("internal", router.asn)
    unnumbered = neighbor.interface is not None and not neighbor.addresses
    group = _group(
        neighbor.peer_group,
        neighbor.transport,
        keys,
        f"{router.host}/{keys.password}" if keys.password else None,
        internal,
    )
    ends = neighbor.addresses or ((neighbor.interface,) if unnumbered else ())
    dynamic = bool(neighbor.listen_ranges)
    descriptions = [*neighbor.descriptions, *[""] * len(ends)]
    return {
        **group,
        "remote_as": neighbor.asn,
        "local_as": neighbor.local_as,
        "bfd": neighbor.bfd,
        # FRR switches it on by itself for unnumbered neighbors (RFC 5549).
        "extended_nexthop": neighbor.transport == "ipv6" and "ipv4" in neighbor.families and not unnumbered,
        "update_source": neighbor.update_source if dynamic else None,
        "listen_ranges": list(neighbor.listen_ranges),
        "family_keys": _family_keys(neighbor.families, neighbor.next_hop_self, neighbor.route_reflector_client),
        "policies": (neighbor.import_, neighbor.export, neighbor.import_.prefixes),
        "neighbors": [
            {
                "address": end,
                "interface": neighbor.interface if not unnumbered else None,
                "unnumbered": unnumbered,
                "description": description or None,
                "remote_as": None,
                "port": keys.port if keys.port != 179 else None,
                "shutdown": keys.shutdown,
                "update_source": neighbor.update_source,
            }
            for end, description in zip(ends, descriptions, strict=False)
        ],
    }


def _session_order(session: Session) -> tuple[int, int, str]:
    """Return the key that sorts sessions by the node's address, as numbers; unknown ones come last, by node."""
    if not session.node_address:
        return 9, 0, session.node
    address = parse_address(session.node_address, "")
    return address.family, address.value, session.node


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
