# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify the routers' neighbors that are not Cilium, and the links between routers, each from both of its ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._addressing.families import DEFAULT_ROUTE, FAMILIES
from .._document.plan import PlanDocument, PlannedNeighbor
from .._findings.code import ERROR
from .filters import Filters
from .observed import NeighborSeen, RouterSeen, canonical, within
from .report import OK, VerifyReport, few
from .timers import router_timers, timers_text


def verify_neighbors(report: VerifyReport, plan: PlanDocument, routers: Mapping[str, RouterSeen]) -> None:
    """Verify each planned neighbor on the routers that were read: its session, what it announces, what it is sent."""
    for neighbor in plan["neighbors"]:
        seen = routers.get(neighbor["router"])
        if seen is None or not seen.runs_bgp:
            continue
        judge = _Judge(report, neighbor, seen, Filters(plan["routers"][neighbor["router"]]["frr"]))
        for key in ends(neighbor, seen):
            judge.session(key)


def ends(neighbor: PlannedNeighbor, seen: RouterSeen) -> Iterator[str]:
    """Yield the keys by which the router knows a neighbor: addresses, its interface, who dials in from its ranges."""
    if neighbor["addresses"]:
        yield from map(canonical, neighbor["addresses"])
    elif neighbor["interface"]:
        yield neighbor["interface"]
    for address in sorted(seen.neighbors) if neighbor["listen_ranges"] else ():
        if within(address, neighbor["listen_ranges"]):
            yield address


class _Judge:
    """Judges one neighbor of one router."""

    def __init__(self, report: VerifyReport, neighbor: PlannedNeighbor, seen: RouterSeen, filters: Filters) -> None:
        self.report = report
        self.neighbor = neighbor
        self.seen = seen
        self.filters = filters
        self.what = f"link {neighbor['link']}" if neighbor["link"] else f"neighbor {neighbor['name']}"

    def session(self, key: str) -> None:
        """Judge the session, and where it is up what passes over it."""
        router, planned = self.neighbor["router"], self.neighbor
        path = f"{router} neighbor {key} ({self.what})"
        timers = timers_text(*router_timers(planned))
        expected = "shut down" if planned["shutdown"] else f"Established, {timers}"
        subject = f"{router} <- {planned['other'] or planned['name']} {key} ({self.what})"
        found = self.seen.neighbors.get(key)
        if found is None:
            self.report.find("EDGE810", path)
            self.report.row("router_session", subject, expected, "not configured", ERROR)
            return
        state = "shut down" if found.shut_down else found.state
        if found.established:
            state += f", {timers_text(found.hold, found.keepalive)}"
        level = self._state(path, key, found, timers)
        self.report.row("router_session", subject, expected, state, level)
        if found.established:
            self._accepted(path, found)
            self._announced(path, key, found)

    def _state(self, path: str, key: str, found: NeighborSeen, timers: str) -> str:
        if self.neighbor["shutdown"]:
            return OK if found.shut_down else self.report.find("EDGE814", path, state=found.state)
        if not found.established:
            reason = f"; last reason: {found.reason}" if found.reason else ""
            return self.report.find("EDGE890", path, state=found.state, reason=reason, key=key)
        negotiated = timers_text(found.hold, found.keepalive)
        if negotiated != timers:
            return self.report.find("EDGE891", path, seen=negotiated, expected=timers)
        missing = [family for family in self.neighbor["families"] if family not in found.families]
        if missing:
            return self.report.find("EDGE892", path, families=" and ".join(missing))
        return OK

    def _accepted(self, path: str, found: NeighborSeen) -> None:
        """Judge that nothing was accepted from the neighbor that its import policy does not let in."""
        strangers = [
            prefix
            for family in FAMILIES
            for prefix in self.seen.prefixes_from(family, found.transport)
            if not self.filters.imports(self.neighbor["peer_group"], family, prefix)
        ]
        if strangers:
            self.report.find("EDGE893", path, prefixes=few(strangers))
        self._row("from", strangers)

    def _announced(self, path: str, key: str, found: NeighborSeen) -> None:
        """Judge that the neighbor is sent nothing that its export policy does not name."""
        group = self.neighbor["peer_group"]
        leaks = []
        for family in FAMILIES:
            sent = [*self.seen.announced.get((key, family), ())]
            if family in found.default_sent:
                sent.append(DEFAULT_ROUTE[family])
            leaks += [prefix for prefix in sent if not self.filters.exports(group, family, prefix)]
        if leaks:
            self.report.find("EDGE894", path, prefixes=few(leaks), key=key)
        self._row("to", leaks)

    def _row(self, way: str, strangers: list[str]) -> None:
        self.report.row(
            "nothing_else",
            f"{self.neighbor['router']} {way} {self.neighbor['other'] or self.neighbor['name']}",
            f"only its {'import' if way == 'from' else 'export'}",
            few(strangers) or f"only its {'import' if way == 'from' else 'export'}",
            ERROR if strangers else OK,
        )
