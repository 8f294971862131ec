# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify that routes to services pass from a router to the neighbors and over the links that the plan exports them to.

What the other filters let through besides is judged in ``neighbors``: there nothing may pass that is not planned. Here
nothing planned may be missing, as far as the router itself has it from a node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .._document.plan import PlanDocument, PlannedNeighbor
from .._findings.wording import MOST_NAMES, some
from .expected import Expectations, ExpectedPrefix, session_neighbor
from .filters import PlannedFilters
from .neighbors import neighbor_keys, path_of
from .observed import NeighborSeen, RouterSeen
from .report import VerifyReport

KEPT = frozenset({"no-export", "no-advertise", "no-peer", "local-AS", "blackhole", "graceful-shutdown"})
"""Communities with which a route may stay where it is (RFC 1997, RFC 3765, RFC 7999), or is on its way out."""


def verify_passing(
    report: VerifyReport, plan: PlanDocument, routers: Mapping[str, RouterSeen], expectations: Expectations
) -> None:
    """Report routes to services that a router does not pass on, and those that the other end of a link does not use.

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
        """Report what does not pass, the first of its ways to the other end's kernel that is closed."""
        silent, refused, unused = [], [], []
        other = self.neighbor["other"]
        far = routers.get(other) if other is not None else None
        far_filters = self._far_filters()
        for expected in self._exported():
            family, prefix = expected.family, expected.prefix
            if prefix not in self.seen.announced.get((self.key, family), ()):
                silent.append(prefix)
            elif far is None or far_filters is None or (other, family, prefix) in self.expectations.prefixes:
                continue  # nobody knows, or what nodes announce to the other end counts there
            elif far_filters[0].passes_unasked(far_filters[1], family, prefix, "import"):
                if not self._came_to(far, family, prefix):
                    refused.append(prefix)
                elif (route := far.routes[family].get(prefix)) is None or not route.installed:
                    unused.append(prefix)
        for prefixes, why in (
            (silent, "the router has it and does not announce it, though its export names it"),
            (refused, f"announced to {other}, which has not accepted it, though its import names it"),
            (unused, f"accepted by {other}, whose kernel does not use it"),
        ):
            if prefixes:
                names = some(prefixes, MOST_NAMES)
                report.find("EDGE889", path_of(self.neighbor, self.key), prefixes=names, reason=why, address=self.key)

    def _exported(self) -> Iterator[ExpectedPrefix]:
        """Yield what the router has from nodes and must pass on, as far as plan and look say."""
        router = self.neighbor["router"]
        frr = self.plan["routers"][router]["frr"]
        filters = PlannedFilters(frr)
        for (name, family, prefix), expected in sorted(self.expectations.prefixes.items()):
            if name != router or family not in self.found.families:
                continue
            paths = self.seen.paths[family].get(prefix, ())
            own = [path for path in paths if path.neighbor in expected.must and path.valid and not path.stale]
            carried = {word for path in own for word in path.attributes.communities or ()}
            carried |= {
                word
                for pool in self.plan["pools"]
                for word in pool["communities"]
                if (pool["cluster"], pool["name"]) in expected.pools
            }
            sets = [filters.set_on_import(group["name"], family, prefix) for group in frr["peer_groups"]]
            carried |= {word for entry in sets for word in entry.get("communities", ())}
            passes = filters.passes_unasked(self.neighbor["peer_group"], family, prefix, "export")
            # A path of another router may be the better one, and is not sent back to where it came from.
            if own and len(own) == len(paths) and passes and not carried & KEPT and self._of_another_as(expected):
                yield expected

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
                return PlannedFilters(self.plan["routers"][other]["frr"]), item["peer_group"]
        return None

    def _came_to(self, far: RouterSeen, family: str, prefix: str) -> bool:
        """Return whether the other end has the route from whomever: of two links one is enough."""
        return bool(far.paths[family].get(prefix))
