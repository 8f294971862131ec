# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify that routes to services pass from a router to the neighbors and over the links that the plan exports them to.

What the other filters let through besides is judged in ``neighbors``: there nothing may pass that is not planned. Here
nothing planned may be missing, as far as the router itself has it from a node, or over another link from one. What the
other end's kernel does with it is judged with its routes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .._document.lookup import pools_by_key
from .._document.plan import PlanDocument, PlannedNeighbor
from .._findings.wording import MOST_NAMES, some
from .expected import Expectations, ExpectedPrefix, LinkedPrefix, session_neighbor
from .filters import PlannedFilters
from .neighbors import linked_ends, neighbor_keys, path_of
from .observed import NeighborSeen, PathSeen, RouterSeen
from .report import VerifyReport

KEPT = frozenset({"no-export", "no-advertise", "no-peer", "local-AS", "blackhole", "graceful-shutdown"})
"""Communities with which a route may stay where it is (RFC 1997, RFC 3765, RFC 7999), or is on its way out."""


def verify_passing(
    report: VerifyReport, plan: PlanDocument, routers: Mapping[str, RouterSeen], expectations: Expectations
) -> None:
    """Report routes to services that a router does not pass on, and those that the other end of a link does not accept.

    Args:
        report: takes findings.
        plan: the plan as JSON.
        routers: the routers that were read.
        expectations: of the plan and the live clusters.
    """
    for neighbor in plan["neighbors"]:
        router = neighbor["router"]
        seen = routers.get(router)
        if seen is None or neighbor["shutdown"] or plan["routers"][router]["bgp_owner"] == "none":
            continue
        for key in neighbor_keys(neighbor, seen):
            found = seen.neighbors.get(key)
            if found is not None and found.established:
                _Passing(plan, expectations, neighbor, seen, found, key).check(report, routers)


@dataclass(frozen=True, slots=True)
class _Passing:
    """What one router passes to one neighbor."""

    plan: PlanDocument
    expectations: Expectations
    neighbor: PlannedNeighbor
    seen: RouterSeen
    found: NeighborSeen
    key: str

    def check(self, report: VerifyReport, routers: Mapping[str, RouterSeen]) -> None:
        """Report what does not pass, and by which of the two ends."""
        silent, refused = [], []
        other = self.neighbor["other"]
        far = routers.get(other) if other is not None else None
        far_filters = self._far_filters()
        for family, prefix in sorted({*self._exported(), *self._passed_on()}):
            if prefix not in self.seen.announced.get((self.key, family), ()):
                silent.append(prefix)
                continue
            if far is None or far_filters is None or (other, family, prefix) in self.expectations.prefixes:
                continue  # nobody knows, or what nodes announce to the other end counts there
            imported = far_filters[0].passes_unasked(far_filters[1], family, prefix, "import")
            if imported and not self._came_to(far, family, prefix):
                refused.append(prefix)
        for prefixes, why in (
            (silent, "the router has it and does not announce it, though its export names it"),
            (refused, f"announced to {other}, which has not accepted it, though its import names it"),
        ):
            if prefixes:
                names = some(prefixes, MOST_NAMES)
                report.find("EDGE889", path_of(self.neighbor, self.key), prefixes=names, reason=why, address=self.key)

    def _exported(self) -> Iterator[tuple[str, str]]:
        """Yield (family, prefix) of what the router has from nodes and must pass on, as far as plan and look say."""
        router = self.neighbor["router"]
        planned, pools = self.plan["routers"][router], pools_by_key(self.plan["pools"])
        filters = PlannedFilters.of_router(planned)
        for (name, family, prefix), expected in sorted(self.expectations.prefixes.items()):
            if name != router or family not in self.found.families:
                continue
            paths = self.seen.paths[family].get(prefix, ())
            own = [path for path in paths if path.neighbor in expected.must and path.valid and not path.stale]
            carried = {word for path in own for word in path.attributes.communities or ()}
            carried |= {word for key in expected.pools for word in pools[key]["communities"]}
            sets = [filters.set_on_import(group["name"], family, prefix) for group in planned["frr"]["peer_groups"]]
            carried |= {word for entry in sets for word in entry.get("communities", ())}
            passes = filters.passes_unasked(self.neighbor["peer_group"], family, prefix, "export")
            # A path of another router may be the better one, and is not sent back to where it came from.
            if own and len(own) == len(paths) and passes and not carried & KEPT and self._of_another_as(expected):
                yield family, prefix

    def _passed_on(self) -> Iterator[tuple[str, str]]:
        """Yield (family, prefix) of what the router has over other links and must pass on, as far as is known.

        Its best path is announced, and not to where it came from, nor within the AS that it came from. A router whose
        own AS is in the path takes nothing of it.
        """
        router = self.neighbor["router"]
        filters = PlannedFilters.of_router(self.plan["routers"][router])
        ends = linked_ends(self.plan, router, self.seen)
        for (name, family, prefix), linked in sorted(self.expectations.linked.items()):
            if name != router or family not in self.found.families or self.found.remote_as is None:
                continue
            used = [path for path in self.seen.paths[family].get(prefix, ()) if path.used]
            passes = filters.passes_unasked(self.neighbor["peer_group"], family, prefix, "export")
            from_links = all(path.neighbor in ends and path.valid and not path.stale for path in used)
            if used and passes and from_links and not any(self._stays(path, linked) for path in used):
                yield family, prefix

    def _stays(self, path: PathSeen, linked: LinkedPrefix) -> bool:
        """Return whether a path that came over a link may be kept from the neighbor.

        Communities that are not shown are all that the plan gives to any route.
        """
        planned, other = self.plan["routers"], self.neighbor["other"]
        there = {self.found.remote_as, planned[other]["asn"] if other is not None else None}
        here = {planned[self.neighbor["router"]]["asn"], self.neighbor["local_as"]}
        as_path, carried = path.attributes.as_path, path.attributes.communities
        if carried is None:
            carried = frozenset(self._words(linked))
        back = path.neighbor == self.found.transport or as_path is None
        return back or bool(there & here or {*map(str, there)} & {*(as_path or ())} or carried & KEPT)

    def _words(self, linked: LinkedPrefix) -> Iterator[str]:
        """Yield the communities that a route of these pools may carry by the plan."""
        pools = pools_by_key(self.plan["pools"])
        for key in linked.pools:
            yield from pools[key]["communities"]
        for router in self.plan["routers"].values():
            for route_map in router["frr"]["route_maps"]:
                for entry in route_map["entries"]:
                    yield from entry["set"].get("communities", ())

    def _of_another_as(self, expected: ExpectedPrefix) -> bool:
        """Return whether the neighbor is in an AS that is neither the router's nor one of the nodes'.

        Within an AS a router does not pass on what it has from within it (RFC 4271 section 9.2), and nobody takes a
        route with its own AS in its path.
        """
        router = self.neighbor["router"]
        asns = {self.plan["routers"][router]["asn"], self.neighbor["local_as"]}
        asns |= {
            session["node_asn"]
            for session in self.plan["sessions"]
            if session["router"] == router and session_neighbor(session) in expected.must
        }
        return self.found.remote_as is not None and self.found.remote_as not in asns

    def _far_filters(self) -> tuple[PlannedFilters, str] | None:
        """Return the planned filters of a link's other end, and this router's peer group there."""
        other = self.neighbor["other"]
        if other is None or self.plan["routers"][other]["bgp_owner"] == "none":
            return None
        for item in self.plan["neighbors"]:
            if (item["router"], item["link"], item["other"]) == (other, self.neighbor["link"], self.neighbor["router"]):
                return PlannedFilters.of_router(self.plan["routers"][other]), item["peer_group"]
        return None

    def _came_to(self, far: RouterSeen, family: str, prefix: str) -> bool:
        """Return whether the other end has the route from whomever: of two links one is enough."""
        return bool(far.paths[family].get(prefix))
