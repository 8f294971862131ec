# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify the routers' neighbors that are not Cilium nodes, and links between routers from both of their ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._addressing.families import DEFAULT_ROUTE_TEXT, FAMILIES
from .._document.plan import PlanDocument, PlannedNeighbor, PlannedRouter, PlannedSession
from .._findings.code import ERROR
from .._findings.wording import MOST_NAMES, some
from .attributes import PlannedAttributes, check_attributes, of_announced
from .filters import PlannedFilters
from .observed import NeighborSeen, RouterSeen, canonical, within
from .policies import check_policies
from .report import OK, UNKNOWN, VerifyReport, worst
from .timers import router_timers, timers_text

BFD_UP = "Up"
"""FRR's word for a neighbor of which BFD hears."""


def verify_neighbors(
    report: VerifyReport, plan: PlanDocument, routers: Mapping[str, RouterSeen], twin: bool = False
) -> None:
    """Verify each planned neighbor on the routers that were read: its session, what it announces, what it is sent.

    Args:
        report: takes rows and findings.
        plan: the plan as JSON.
        routers: the routers that were read.
        twin: whether this is a rehearsal: nobody answers BFD in a twin.
    """
    for neighbor in plan["neighbors"]:
        seen = routers.get(neighbor["router"])
        if seen is None or not seen.runs_bgp:
            continue
        check = _NeighborCheck(report, neighbor, seen, plan["routers"], twin)
        keys = list(neighbor_keys(neighbor, seen))
        for key in keys:
            check.check_session(key)
        if not keys:
            check.tell_nobody()


def verify_nobody_else(
    report: VerifyReport,
    plan: PlanDocument,
    routers: Mapping[str, RouterSeen],
) -> None:
    """Report neighbors of the routers that the plan does not have, whatever they send.

    Args:
        report: where rows and findings go.
        plan: the plan, with the addresses of dynamic neighbors, also of those that nobody knows: who dials in from a
            listen range of a cluster that was not read may be its node.
        routers: the routers that were read.
    """
    for router, seen in sorted(routers.items()):
        if plan["routers"][router]["absent"] or not seen.runs_bgp:
            continue
        unplanned = sorted(seen.neighbors.keys() - known_keys(plan, router, seen, plan["sessions"]))
        for key in unplanned:
            found = seen.neighbors[key]
            report.find("EDGE809", f"{router} neighbor {key}", asn=found.remote_as, state=found.state)
        if unplanned:
            subject = f"{router} has as neighbors"
            report.row("nothing_else", subject, "nobody else", some(unplanned, MOST_NAMES), ERROR)


def known_keys(plan: PlanDocument, router: str, seen: RouterSeen, sessions: Iterable[PlannedSession]) -> set[str]:
    """Return the keys of a router's neighbors of which the plan knows who they are.

    Args:
        plan: the plan.
        router: its name.
        seen: what was read there.
        sessions: those that tell who a node is, of whichever router.
    """
    found = {canonical(session["node_address"]) for session in sessions if session["router"] == router}
    for neighbor in plan["neighbors"]:
        if neighbor["router"] == router:
            found.update(neighbor_keys(neighbor, seen))
    return found


def seen_neighbors(plan: PlanDocument, router: str, seen: RouterSeen) -> Iterator[tuple[PlannedNeighbor, NeighborSeen]]:
    """Yield the planned neighbors of a router that it has, with what was seen of each."""
    for neighbor in plan["neighbors"]:
        if neighbor["router"] == router:
            for key in neighbor_keys(neighbor, seen):
                if key in seen.neighbors:
                    yield neighbor, seen.neighbors[key]


def linked_ends(plan: PlanDocument, router: str, seen: RouterSeen) -> dict[str, PlannedNeighbor]:
    """Return the addresses by which a router has the other ends of its links -> the planned neighbor."""
    return {found.transport: item for item, found in seen_neighbors(plan, router, seen) if item["other"] is not None}


def neighbor_keys(neighbor: PlannedNeighbor, seen: RouterSeen) -> Iterator[str]:
    """Yield the keys of a neighbor on its router: addresses, its interface, or who dials in from its ranges."""
    if neighbor["addresses"]:
        yield from map(canonical, neighbor["addresses"])
    elif neighbor["interface"]:
        yield neighbor["interface"]
    for address in sorted(seen.neighbors) if neighbor["listen_ranges"] else ():
        if within(address, neighbor["listen_ranges"]):
            yield address


def path_of(neighbor: PlannedNeighbor, key: str) -> str:
    """Return the path of a neighbor's session on its router, for findings."""
    return f"{neighbor['router']} neighbor {key} ({_what(neighbor)})"


def _what(neighbor: PlannedNeighbor) -> str:
    return f"link {neighbor['link']}" if neighbor["link"] else f"neighbor {neighbor['name']}"


class _NeighborCheck:
    """Checks one neighbor of one router."""

    def __init__(
        self,
        report: VerifyReport,
        neighbor: PlannedNeighbor,
        seen: RouterSeen,
        routers: Mapping[str, PlannedRouter],
        twin: bool,
    ) -> None:
        self.report = report
        self.twin = twin
        self.neighbor = neighbor
        self.seen = seen
        self.router = routers[neighbor["router"]]
        other = None if neighbor["other"] is None else routers[neighbor["other"]]
        self.other_is_ours = other is not None and other["managed"] and not other["absent"]
        self.filters = PlannedFilters.of_router(self.router)

    def check_session(self, key: str) -> None:
        """Check the session and, where it is established, the prefixes in both directions."""
        router, planned = self.neighbor["router"], self.neighbor
        path = path_of(planned, key)
        timers = timers_text(*router_timers(planned))
        bfd = ", BFD up" if planned["bfd"] else ""
        expected = "shut down" if planned["shutdown"] else f"Established, {timers}{bfd}"
        subject = f"{router} <- {planned['other'] or planned['name']} {key} ({_what(planned)})"
        found = self.seen.neighbors.get(key)
        if found is None:
            self.report.find("EDGE810", path)
            self.report.row("router_session", subject, expected, "not configured", ERROR)
            return
        state = "shut down" if found.shut_down else found.state
        if found.established:
            state += f", {timers_text(found.hold, found.keepalive)}"
        level = self._check_state(path, key, found, timers)
        if level == UNKNOWN:
            state += ", graceful restart not known"
        if level in (OK, UNKNOWN) and found.established:
            level = worst((level, check_policies(self.report, self.router, planned, found, path)))
        if planned["bfd"] and found.established:
            told, of_bfd = self._check_bfd(path, key, found)
            state += f", {told}"
            level = worst((level, of_bfd))
        self.report.row("router_session", subject, expected, state, level)
        if found.established:
            self._check_accepted(path, found)
            self._check_announced(path, key, found)

    def tell_nobody(self) -> None:
        """Add a row for a neighbor that may dial in from its ranges, and has not: there is no session to look at."""
        planned = self.neighbor
        ranges = some(planned["listen_ranges"], MOST_NAMES)
        subject = f"{planned['router']} <- {planned['other'] or planned['name']} {ranges} ({_what(planned)})"
        told = "nobody has dialled in"
        if planned["shutdown"]:
            self.report.row("router_session", subject, "shut down", told)
        else:
            expected = f"Established, {timers_text(*router_timers(planned))}"
            self.report.row("router_session", subject, expected, f"not known: {told}", UNKNOWN)

    def _check_state(self, path: str, key: str, found: NeighborSeen, timers: str) -> str:
        """Report the first problem of the session. Return the level of its row.

        It is ``unknown`` where all but the graceful restart is as planned, and that was not read.
        """
        if self.neighbor["shutdown"]:
            return OK if found.shut_down else self.report.find("EDGE814", path, state=found.state)
        asn = self.neighbor["asn"]  # or a word, for whichever AS
        if isinstance(asn, int) and found.remote_as not in (None, asn):
            return self.report.find("EDGE818", path, seen=found.remote_as, expected=asn)
        if self.neighbor["password"] and not found.has_password:
            return self.report.find("EDGE819", path)
        if not found.established:
            reason = f"; last reason: {found.reason}" if found.reason else ""
            return self.report.find("EDGE890", path, state=found.state, reason=reason, key=key)
        negotiated = timers_text(found.hold, found.keepalive)
        if negotiated != timers:
            return self.report.find("EDGE891", path, seen=negotiated, expected=timers)
        missing = [family for family in self.neighbor["families"] if family not in found.families]
        if missing:
            return self.report.find("EDGE892", path, families=" and ".join(missing))
        if found.without_policy & set(self.neighbor["families"]):
            return self.report.find("EDGE816", path, address=key)
        return self._check_restart(path, key, found)

    def _check_restart(self, path: str, key: str, found: NeighborSeen) -> str:
        """Report an end of which we know that it must take part in graceful restart (RFC 4724), and that does not.

        FRR is a helper of every neighbor unless a line says otherwise, and no planned line does. So each router of
        ours tells its neighbors that it knows graceful restart. What others do is theirs. The restart time is not
        compared: FRR tells its own, which nothing planned sets. With 0 nothing is judged.

        Returns:
            The level of the session's row; ``unknown`` where FRR does not show it.
        """
        if not self.neighbor["graceful_restart"]:
            return OK
        if found.restart is None:
            return UNKNOWN
        if "router" not in found.restart_ends:  # then an older FRR does not show what the other end told
            silent = self.neighbor["router"]
        elif self.other_is_ours and "neighbor" not in found.restart_ends:
            silent = str(self.neighbor["other"])
        else:
            return OK
        return self.report.find("EDGE912", path, end=silent, expected=f"{self.neighbor['graceful_restart']} s", key=key)

    def _check_bfd(self, path: str, key: str, found: NeighborSeen) -> tuple[str, str]:
        """Report that BFD is not up on a session that is: FRR keeps a session up of which BFD never heard.

        Returns:
            BFD's part of the session's row, and its level.
        """
        if found.bfd == BFD_UP:
            return "BFD up", OK
        if found.bfd is not None and self.twin:
            return "BFD not tried: nobody answers it in a twin", UNKNOWN
        state = "not configured" if found.bfd is None else found.bfd.lower()
        return f"BFD {state}", self.report.find("EDGE909", path, state=state, key=key)

    def _check_accepted(self, path: str, found: NeighborSeen) -> None:
        """Report prefixes that were accepted from the neighbor and that its import policy refuses."""
        unexpected = [
            prefix
            for family in FAMILIES
            for prefix in self.seen.prefixes_from(family, found.transport)
            if not self.filters.imports(self.neighbor["peer_group"], family, prefix)
        ]
        if unexpected:
            self.report.find("EDGE893", path, prefixes=some(unexpected, MOST_NAMES))
        self._row("from", "import", unexpected)
        group, nothing = self.neighbor["peer_group"], PlannedAttributes()
        for family in FAMILIES:
            routes = [
                (prefix, nothing.changed_by(self.filters.set_on_import(group, family, prefix)), found_path.attributes)
                for prefix in self.seen.prefixes_from(family, found.transport)
                for found_path in self.seen.paths[family][prefix]
                if found_path.neighbor == found.transport
            ]
            prefix = routes[0][0] if routes else ""
            check_attributes(self.report, "EDGE848", path, self._subject("from"), routes, family=family, prefix=prefix)

    def _check_announced(self, path: str, key: str, found: NeighborSeen) -> None:
        """Report prefixes that are announced to the neighbor and that its export policy does not name."""
        group = self.neighbor["peer_group"]
        leaks = []
        for family in FAMILIES:
            sent = [*self.seen.announced.get((key, family), ())]
            if family in found.default_sent:
                sent.append(DEFAULT_ROUTE_TEXT[family])
            leaks += [prefix for prefix in sent if not self.filters.exports(group, family, prefix)]
        if leaks:
            self.report.find("EDGE894", path, prefixes=some(leaks, MOST_NAMES), key=key)
        self._row("to", "export", leaks)
        for family in FAMILIES:
            routes = of_announced(self.filters, group, self.seen, (key, family))
            check_attributes(self.report, "EDGE849", path, self._subject("to"), routes, family=family, address=key)

    def _subject(self, direction: str) -> str:
        return f"{self.neighbor['router']} {direction} {self.neighbor['other'] or self.neighbor['name']}"

    def _row(self, direction: str, policy: str, unexpected: list[str]) -> None:
        self.report.row(
            "nothing_else",
            self._subject(direction),
            f"only its {policy}",
            some(unexpected, MOST_NAMES) or f"only its {policy}",
            ERROR if unexpected else OK,
        )
