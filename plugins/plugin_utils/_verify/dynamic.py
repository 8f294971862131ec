# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill in the addresses of dynamic neighbors: nodes that dial in from a listen range, which the plan does not know."""

from __future__ import annotations

from collections.abc import Mapping

from .._document.lookup import peer_group
from .._document.plan import PlanDocument, PlannedAnnouncement, PlannedSession
from .observed import ClusterSeen, RouterSeen, within


def with_addresses(
    plan: PlanDocument, routers: Mapping[str, RouterSeen], clusters: Mapping[str, ClusterSeen]
) -> PlanDocument:
    """Return the plan with dynamic neighbors' addresses filled in from CiliumNode objects.

    Of a node with several addresses, the one inside the listen range counts, and of several there the one that is a
    neighbor of the router. A node without a CiliumNode keeps an empty address: its session does not exist.
    """
    if all(session["node_address"] for session in plan["sessions"]):
        return plan
    found: dict[tuple[str, str, str, str], str] = {}
    sessions: list[PlannedSession] = []
    for session in plan["sessions"]:
        key = session["cluster"], session["router"], session["peer_group"], session["node"]
        address = session["node_address"] or _address(plan, session, routers, clusters)
        found[key] = address
        sessions.append({**session, "node_address": address})
    announcements: list[PlannedAnnouncement] = [
        {
            **item,
            "nodes": {
                node: address or found.get((item["cluster"], item["router"], item["peer_group"], node), "")
                for node, address in item["nodes"].items()
            },
        }
        for item in plan["expect"]["announcements"]
    ]
    return {**plan, "sessions": sessions, "expect": {**plan["expect"], "announcements": announcements}}


def _address(
    plan: PlanDocument,
    session: PlannedSession,
    routers: Mapping[str, RouterSeen],
    clusters: Mapping[str, ClusterSeen],
) -> str:
    """Return the address from which a node dials in; empty where it is not known."""
    if session["cluster"] not in clusters or session["router"] not in plan["routers"]:
        return ""
    ranges = peer_group(plan, session["router"], session["peer_group"])["listen_ranges"]
    addresses = clusters[session["cluster"]].node_addresses.get(session["node"], ())
    own = [address for address in addresses if within(address, ranges)]
    seen = routers[session["router"]].neighbors if session["router"] in routers else {}
    return next((address for address in own if address in seen), own[0] if own else "")
