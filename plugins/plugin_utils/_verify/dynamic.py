# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill in the addresses of dynamic neighbors: nodes that dial in from a listen range, which the plan does not know.

The cluster says them. Where it was not read, the router knows who dialled in, and nobody knows which node that is.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from .._addressing.families import family_of
from .._document.lookup import peer_group
from .._document.plan import PlanDocument, PlannedAnnouncement, PlannedSession
from .neighbors import known_keys
from .observed import ClusterSeen, RouterSeen, within

ANY_NODE = ""
"""In place of a session's node: one of the cluster, nobody knows which."""


@dataclass(frozen=True, slots=True)
class DialledIn:
    """The planned sessions over one listen range and family, of nodes whose cluster was not read."""

    sessions: tuple[PlannedSession, ...]
    ranges: tuple[str, ...]
    """CIDRs of the family from which they dial in."""
    live: tuple[str, ...]
    """Addresses in these ranges from which somebody dialled in, whom the plan does not know otherwise."""

    @property
    def router(self) -> str:
        """The router that they dial."""
        return self.sessions[0]["router"]

    def like(self, asn: int | None) -> PlannedSession:
        """Return what is planned of whoever dials in with an AS number: one of the sessions, of :data:`ANY_NODE`."""
        found = sorted(self.sessions, key=lambda session: (session["shutdown"], session["node_asn"] != asn))
        return {**found[0], "node": ANY_NODE}


def with_addresses(
    plan: PlanDocument, routers: Mapping[str, RouterSeen], clusters: Mapping[str, ClusterSeen]
) -> PlanDocument:
    """Return the plan with dynamic neighbors' addresses filled in from CiliumNode objects.

    Who dialled in from a listen range of a cluster that was not read has a session beside, of :data:`ANY_NODE`.

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
    plan = {**plan, "sessions": sessions}
    for group in dialled_in(plan, routers, clusters):
        seen = routers[group.router].neighbors
        sessions += [{**group.like(seen[address].remote_as), "node_address": address} for address in group.live]
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
    return {**plan, "expect": {**plan["expect"], "announcements": announcements}}


def dialled_in(plan: PlanDocument, routers: Mapping[str, RouterSeen], clusters: Container[str]) -> Iterator[DialledIn]:
    """Yield the sessions of unknown nodes on the routers that were read: those of clusters that were not.

    Args:
        plan: the plan, before or after :func:`with_addresses`.
        routers: the routers that were read.
        clusters: the clusters that were read.
    """
    groups: dict[tuple[str, str, str], list[PlannedSession]] = {}
    for session in plan["sessions"]:
        if session["router"] in routers and session["cluster"] not in clusters and not session["node_address"]:
            groups.setdefault((session["router"], session["peer_group"], session["family"]), []).append(session)
    for (router, name, family), sessions in groups.items():
        ranges = [cidr for cidr in peer_group(plan, router, name)["listen_ranges"] if family_of(cidr) == family]
        nodes = (session for session in plan["sessions"] if session["node"] != ANY_NODE)
        known = known_keys(plan, router, routers[router], nodes)
        live = [address for address in routers[router].neighbors if within(address, ranges) and address not in known]
        yield DialledIn(tuple(sessions), tuple(ranges), tuple(sorted(live)))


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
