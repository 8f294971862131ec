# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify says between two looks."""

from __future__ import annotations

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.code import ERROR
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.progress import Look, progress
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.report import OK, UNKNOWN, VerifyReport

SESSIONS = "Sessions on the routers (hold/keepalive)"


def sessions(**levels: str) -> VerifyReport:
    """Return a report of sessions: node -> level of its row."""
    report = VerifyReport()
    for node, level in levels.items():
        seen = "Established, 30/10 s" if level == OK else "Active"
        report.row("router_session", f"r <- {node}", "Established, 30/10 s", seen, level)
    return report


def away(reason: str) -> VerifyReport:
    """Return a report of a router that cannot be read."""
    report = VerifyReport()
    report.row("ends", "r: BGP", "AS 65000", "not readable", report.find("EDGE801", "r", reason=reason))
    return report


def test_the_first_look_tells_what_is_not_met() -> None:
    assert progress(None, sessions(a=OK, b=ERROR), 0.2, 60) == [
        "After 0 s: 1 of 2 expectations met; looking again for up to 60 s, until it is as planned",
        f"  not met: {SESSIONS}: r <- b: expected Established, 30/10 s, seen Active",
    ]


def test_nothing_changed_nothing_said() -> None:
    report = sessions(a=OK, b=ERROR)
    assert progress(Look.of(report), report, 4, 60) == []


def test_rows_that_turned() -> None:
    before = Look.of(sessions(a=ERROR, b=OK, c=OK))
    assert progress(before, sessions(a=OK, b=ERROR, c=OK), 4.4, 60) == [
        "After 4 s: 2 of 3 expectations met",
        f"  now met: {SESSIONS}: r <- a: Established, 30/10 s",
        f"  not met: {SESSIONS}: r <- b: expected Established, 30/10 s, seen Active",
    ]


def test_of_what_is_new_only_what_is_not_met_is_told() -> None:
    lines = progress(Look.of(sessions()), sessions(a=OK, b=ERROR), 2, 60)
    assert [line.partition(": ")[0] for line in lines] == ["After 2 s", "  not met"]


def test_what_is_not_known_is_told_where_it_was_known_before() -> None:
    assert progress(Look.of(sessions(a=OK, b=UNKNOWN)), sessions(a=UNKNOWN, b=UNKNOWN, c=UNKNOWN), 2, 60) == [
        "After 2 s: 0 of 3 expectations met, 3 not known",
        f"  not known: {SESSIONS}: r <- a: Active",
    ]


def test_another_state_of_what_is_still_not_met_is_not_told() -> None:
    """A session that is down goes from Active to Connect and back at nearly each look."""
    before = VerifyReport()
    before.row("router_session", "r <- a", "Established", "Connect", ERROR)
    after = VerifyReport()
    after.row("router_session", "r <- a", "Established", "Active", ERROR)
    assert progress(Look.of(before), after, 2, 60) == []


def test_many_rows_alike_are_counted() -> None:
    lines = progress(None, sessions(**{f"n{number}": ERROR for number in range(8)}), 0, 60)
    assert len(lines) == 1 + 5 + 1
    assert lines[-1] == f"  not met: {SESSIONS}: 3 more"


def test_an_end_that_is_away_is_told_once_however_its_absence_is_worded() -> None:
    before = Look.of(away("timed out"))
    assert progress(before, away("timed out"), 2, 60) == []
    assert progress(before, away("Broken pipe"), 2, 60) == []


def test_an_end_that_is_back() -> None:
    assert progress(Look.of(away("timed out")), sessions(a=OK), 2, 60) == [
        "After 2 s: 1 of 1 expectations met",
        "  r can be read",
    ]


def test_an_end_that_goes_away_is_told() -> None:
    assert progress(Look.of(sessions(a=OK)), away("timed out"), 2, 60)[1:] == ["  router r cannot be read: timed out"]
