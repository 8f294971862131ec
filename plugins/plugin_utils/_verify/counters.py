# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare a session's counters between two looks of one run: what is up at both may have been down between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._document.plan import PlanDocument
from .._findings.wording import count
from .expected import neighbor_path
from .neighbors import neighbor_keys, path_of
from .observed import COUNTERS, CountersSeen, RouterSeen, canonical
from .report import VerifyReport

Earlier = Mapping[tuple[str, str], CountersSeen]
"""(router, neighbor) -> its counters at the first look of the run at which its session was as planned."""


def verify_counters(
    report: VerifyReport, plan: PlanDocument, routers: Mapping[str, RouterSeen], earlier: Earlier
) -> dict[tuple[str, str], CountersSeen]:
    """Report sessions whose counters moved since an earlier look.

    Args:
        report: with what was found of the sessions so far; takes findings.
        plan: the plan, with the addresses of dynamic neighbors.
        routers: the routers that were read.
        earlier: what the looks before returned.

    Returns:
        The counters of the sessions that are as planned, for the next look: of those that it has twice, the first.
    """
    wrong = {finding.path for finding in report.errors}
    now: dict[tuple[str, str], CountersSeen] = {}
    for router, key, path in _neighbors(plan, routers):
        neighbor = routers[router].neighbors.get(key)
        if neighbor is None or not neighbor.established or path in wrong:
            continue
        now[router, key] = neighbor.counters
        before = earlier.get((router, key))
        changes = [] if before is None else _changes(before, neighbor.counters)
        if changes:
            report.find("EDGE895", path, changes=", ".join(changes), address=key)
    return {**now, **earlier}


def _neighbors(plan: PlanDocument, routers: Mapping[str, RouterSeen]) -> Iterator[tuple[str, str, str]]:
    """Yield (router, neighbor, path of its findings) of what is planned on the routers that were read."""
    for session in plan["sessions"]:
        if session["router"] in routers:
            yield session["router"], canonical(session["node_address"]), neighbor_path(session)
    for neighbor in plan["neighbors"]:
        if neighbor["router"] in routers:
            for key in neighbor_keys(neighbor, routers[neighbor["router"]]):
                yield neighbor["router"], key, path_of(neighbor, key)


def _changes(before: CountersSeen, now: CountersSeen) -> list[str]:
    """Return what moved, with numbers."""
    words = []
    closed = now.dropped - before.dropped
    if closed > 0 or now.up < before.up:  # a daemon that was started anew counts from zero
        times = f"closed {count(closed, 'time')}" if closed > 0 else "closed"
        words.append(f"{times}, up for {now.up} s")
    for key, name in COUNTERS.items():
        moved = now.discarded.get(key, 0) - before.discarded.get(key, 0)
        if moved > 0:
            words.append(f"{count(moved, 'route')} {name}")
    return words
