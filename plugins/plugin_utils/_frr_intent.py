# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router's FRR must hold: the BGP instance, its peer groups, and the filters computed from the pools.

The result is plain data without secrets (a password is named, never carried) and without FRR syntax, in the order in
which it is rendered. ``roles/udm_frr/templates/frr.conf.j2`` turns it into a configuration.

A route that no pool announces over a peering is never accepted, and nothing is announced to the nodes (RFC 8212, RFC
7454 section 6). Route-maps carry the prefix-lists: FRR applies a changed list to received routes by itself only then.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from ._intervals import Interval, merge, size
from ._model import Cluster, Pool, Router, Session, Site
from ._pools import of_family, prefix_list_entries

FAMILIES = ("ipv4", "ipv6")
"""Route families, in the order in which they are rendered."""

MAXIMUM_PREFIX_ROOM = 10
"""Routes over a peering's capacity before its session is closed."""

MAXIMUM_PREFIX_LIMIT = 10_000
"""No home announces more service addresses than this, whatever the size of its pools; the limit protects the router."""

MAXIMUM_PREFIX_THRESHOLD = 90
"""Percent of the limit at which FRR logs a warning."""

MAXIMUM_PREFIX_RESTART = 5
"""Minutes until FRR opens a session again that it closed for too many prefixes."""

SEQUENCE_STEP = 5
"""Between the entries of a prefix-list; FRR's own step."""


def frr_intent(site: Site, router: Router) -> dict[str, Any]:
    """Return what ``router`` must hold for all sessions of ``site`` that end on it.

    Args:
        site: the resolved site; every session of it that names ``router`` is part of the result.
        router: one of ``site.routers``.

    Returns:
        ``asn``, ``router_id``, ``import_check``, ``maximum_paths`` (None = FRR's own default, which is multipath),
        ``multipath_relax``, ``peer_groups``, ``prefix_lists`` and ``route_maps``; see ``docs/router.md``. Times are
        seconds, ``maximum_prefix.restart`` is minutes (FRR's unit).
    """
    peer_groups: list[dict[str, Any]] = []
    prefix_lists: list[dict[str, Any]] = []
    route_maps: list[dict[str, Any]] = []
    groups: dict[str, list[tuple[Cluster, Session]]] = {}
    for cluster in site.clusters:
        for session in cluster.sessions:
            if session.router == router.host:
                groups.setdefault(session.peer_group, []).append((cluster, session))
    for name, members in sorted(groups.items()):
        cluster = members[0][0]
        sessions = sorted((session for _cluster, session in members), key=_session_order)
        families: dict[str, dict[str, Any]] = {}
        for family in FAMILIES:
            if not any(family in session.families for session in sessions):
                continue
            intervals = _announced(cluster, sessions[0].peering, family)
            import_map, export_map, prefix_list = f"{name}-{family}-in", f"{name}-{family}-out", f"{name}-{family}"
            families[family] = {
                "import": import_map,
                "export": export_map,
                "maximum_prefix": _maximum_prefix(intervals),
                "soft_reconfiguration": False,
            }
            if intervals:
                prefix_lists.append({"name": prefix_list, "family": family, "entries": _entries(intervals)})
                permit = {
                    "seq": 10,
                    "action": "permit",
                    "match": {"family": family, "prefix_list": prefix_list},
                    "set": {},
                }
                route_maps.append({"name": import_map, "entries": [permit]})
            else:
                route_maps.append({"name": import_map, "entries": [_deny_all()]})
            route_maps.append({"name": export_map, "entries": [_deny_all()]})
        peer_groups.append(_peer_group(name, sessions, families))
    return {
        "asn": router.asn,
        "router_id": router.router_id,
        "import_check": True,
        "maximum_paths": None,
        "multipath_relax": _multipath_relax(site, router),
        "peer_groups": peer_groups,
        "prefix_lists": prefix_lists,
        "route_maps": route_maps,
    }


def _peer_group(name: str, sessions: list[Session], families: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return one peer group: what its sessions share, and its neighbors.

    Nodes with ASNs of their own (racks) get ``remote_as`` on the neighbor; else it stands on the group, once.
    """
    first = sessions[0]
    keys = first.keys
    asns = {session.node_asn for session in sessions}
    # iBGP is multihop by itself; FRR takes the line and does not keep it, so it would never read back as written.
    internal = asns == {first.router_asn}
    return {
        "name": name,
        "remote_as": first.node_asn if len(asns) == 1 else None,
        "transport": first.family,
        "timers": {
            "hold": keys.timers.hold,
            "keepalive": keys.timers.keepalive,
            "connect_retry": keys.timers.connect_retry,
        },
        "multihop": None if keys.ttl_security or internal else keys.multihop,
        "ttl_security": (keys.multihop or 1) if keys.ttl_security else None,
        "password": f"{first.cluster}/{keys.password}" if keys.password else None,
        "families": families,
        "neighbors": [
            {
                "address": session.node_address,
                "description": session.keys.description or session.node,
                "remote_as": None if len(asns) == 1 else session.node_asn,
                "port": None,  # the port that the router dials: Cilium listens on none
                "shutdown": session.keys.shutdown,
                "update_source": session.router_address if keys.multihop else None,
            }
            for session in sessions
        ],
    }


def _session_order(session: Session) -> tuple[int, int]:
    """Return the key that sorts sessions by the node's address, as numbers."""
    address = ipaddress.ip_address(session.node_address)
    return address.version, int(address)


def _announced(cluster: Cluster, peering: str, family: str) -> tuple[Interval, ...]:
    """Return the addresses of ``family`` that pools announce over ``peering``, merged and sorted.

    A disabled pool stays in: Cilium hands out nothing more from it, but services keep the addresses that they have.
    """
    pools = (pool for pool in cluster.pools if peering in pool.bgp)
    return merge(of_family((interval for pool in pools for interval in pool.intervals), family))


def _entries(intervals: Iterable[Interval]) -> list[dict[str, Any]]:
    """Return prefix-list entries that permit the host routes of ``intervals`` and nothing else.

    ``ge`` alone and no ``le``: 7.5.1 shows ``ge 32 le 32`` back as ``ge 32`` and would differ for ever.
    """
    return [
        {"seq": SEQUENCE_STEP * (index + 1), "action": "permit", **entry, "le": None}
        for index, entry in enumerate(prefix_list_entries(intervals))
    ]


def _deny_all() -> dict[str, Any]:
    """Return the route-map entry that lets nothing through."""
    return {"seq": 10, "action": "deny", "match": {}, "set": {}}


def _maximum_prefix(intervals: Iterable[Interval]) -> dict[str, Any]:
    """Return the limit of routes from one node.

    The exact filter is the first bound: at most the peering's capacity passes, and FRR keeps nothing of what it
    refuses. The limit is the second one, where pools are larger than any real use (an IPv6 /64 would let 2**64 host
    routes in).

    ``force``, which counts refused routes as well, is not used. Measured on 10.3: it counts the routes of *all*
    neighbors, so one node that announces too much closes the sessions of the others (three nodes with four routes
    each are over a limit of 11).
    """
    return {
        "limit": min(size(intervals) + MAXIMUM_PREFIX_ROOM, MAXIMUM_PREFIX_LIMIT),
        "threshold": MAXIMUM_PREFIX_THRESHOLD,
        "restart": MAXIMUM_PREFIX_RESTART,
        "force": False,
    }


def _multipath_relax(site: Site, router: Router) -> bool:
    """Return whether nodes of different ASNs announce one pool to ``router``: ECMP then needs ``multipath-relax``."""
    for cluster in site.clusters:
        for pool in cluster.pools:
            if len(_origins(cluster, pool, router)) > 1:
                return True
    return False


def _origins(cluster: Cluster, pool: Pool, router: Router) -> set[int]:
    """Return the ASNs from which ``router`` hears ``pool``."""
    return {
        session.node_asn
        for session in cluster.sessions
        if session.router == router.host and session.peering in pool.bgp
    }
