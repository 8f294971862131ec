# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify says while it looks again: at first what is not met, then only what changed between two looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .._findings.wording import MOST_NAMES
from .report import OK, STEPS, UNKNOWN, Row, VerifyReport, summary

UNREADABLE = {"EDGE801": "router", "EDGE802": "cluster"}
"""Finding of an end that cannot be read -> what kind of end it is."""

Key = tuple[str, str]
"""Step and subject of a row."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look has seen, as far as the next one is compared with it."""

    unread: dict[str, str]
    """End that cannot be read -> kind and reason, in words."""
    rows: dict[Key, Row]

    @classmethod
    def of(cls, report: VerifyReport) -> Look:
        """Return what ``report`` says."""
        return cls(
            {
                finding.path: f"{UNREADABLE[finding.code]} {finding.path} {finding.problem}"
                for finding in report.findings
                if finding.code in UNREADABLE
            },
            {(row.step, row.subject): row for row in report.rows},
        )


def progress(before: Look | None, report: VerifyReport, seconds: float, limit: float) -> list[str]:
    """Return lines for a terminal; none where nothing changed.

    Args:
        before: the look before; None = ``report`` is of the first one, and all that is not met is told.
        report: of this look.
        seconds: since the first look.
        limit: seconds after the first look in which the site may still become as planned.
    """
    now = Look.of(report)
    # Once, with its first reason: SSH words the same absence in several ways. The table has the last one.
    lines = [text for end, text in now.unread.items() if before is None or end not in before.unread]
    if before:
        lines += [f"{end} can be read" for end in before.unread if end not in now.unread]
    # Of an end that cannot be read, no row but its own is there: the line above says it.
    changed = [row for key, row in now.rows.items() if row.step != "ends" and _changed(before, key, row)]
    lines += _rows([row for row in changed if row.level == OK], "now met", lambda row: row.seen)
    lines += _rows([row for row in changed if row.level == UNKNOWN], "not known", lambda row: row.seen)
    unmet = [row for row in changed if row.level not in (OK, UNKNOWN)]
    lines += _rows(unmet, "not met", lambda row: f"expected {row.expected}, seen {row.seen}")
    if not lines and before:
        return []
    head = f"After {seconds:.0f} s: {summary(report)}"
    if before is None:
        head += f"; looking again for up to {limit:.0f} s, until it is as planned"
    return [head, *(f"  {line}" for line in lines)]


def _changed(before: Look | None, key: Key, row: Row) -> bool:
    """Return whether a row is told: one whose level turned, and one that is new and not met.

    What nobody looks at is told where it was known before.
    """
    old = before.rows.get(key) if before else None
    return row.level not in (OK, UNKNOWN) if old is None else row.level != old.level


def _rows(rows: Sequence[Row], state: str, details: Callable[[Row], str]) -> list[str]:
    """Return a line for each row, the first few of each step; the rest of a step is counted."""
    lines = []
    for step, title in STEPS.items():
        members = [row for row in rows if row.step == step]
        lines += [f"{state}: {title}: {row.subject}: {details(row)}" for row in members[:MOST_NAMES]]
        if len(members) > MOST_NAMES:
            lines.append(f"{state}: {title}: {len(members) - MOST_NAMES} more")
    return lines
