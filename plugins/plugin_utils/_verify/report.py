# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify tells: rows of expected against seen, findings, and both as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ...module_utils._errors import message
from .._findings.live import ERROR, VERIFY_CODES, WARNING

STEPS = {
    "ends": "The two ends",
    "router_session": "Sessions on the routers (hold/keepalive)",
    "node_session": "Sessions on the nodes (hold/keepalive)",
    "service": "Addresses of the services",
    "accepted": "Prefixes accepted, by node",
    "installed": "Prefixes in the routers' kernels",
    "nothing_else": "Nothing else",
    "lease": "Who answers on L2",
}
"""Every step of verify with its heading, in the order in which they are told."""

OK = "ok"

STRICT_ERRORS = frozenset({"EDGE861"})
"""Warnings that are errors where verify is strict."""


@dataclass(frozen=True, slots=True)
class Row:
    """One expectation: what the plan says against what was seen."""

    step: str
    subject: str
    expected: str
    seen: str
    level: str
    """``ok``, ``warning`` or ``error``."""


@dataclass(frozen=True, slots=True)
class VerifyFinding:
    """One unmet expectation, with what to look at."""

    code: str
    severity: str
    path: str
    problem: str
    hint: str
    accepted: str | None = None
    """The reason under ``edge_accept``, for a warning that was accepted."""

    @property
    def text(self) -> str:
        """``path: problem (hint)``."""
        return message(self.path, self.problem, self.hint)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding in the shape that the plan's findings have."""
        return asdict(self)


class VerifyReport:
    """Collects rows and findings; the same finding told twice is kept once.

    Args:
        strict: whether the codes of ``STRICT_ERRORS`` are errors.
        accept: accepted warnings, each with ``code``, ``path`` (None = everywhere) and ``reason``.
    """

    def __init__(self, strict: bool = False, accept: Iterable[Mapping[str, Any]] = ()) -> None:
        self.strict = strict
        self._accept = {(item["code"], item["path"]): str(item["reason"]) for item in accept}
        self._rows: list[Row] = []
        self._findings: dict[tuple[str, str, str], VerifyFinding] = {}

    def row(self, step: str, subject: str, expected: str, seen: str, level: str = OK) -> None:
        """Add one expectation."""
        if step not in STEPS:
            raise KeyError(step)
        self._rows.append(Row(step, subject, expected, seen, level))

    def find(self, code: str, path: str, **fields: object) -> str:
        """Add one finding; ``fields`` fill the code's templates. Return its severity, as the level of a row."""
        entry = VERIFY_CODES[code]
        severity = ERROR if self.strict and code in STRICT_ERRORS else entry.severity
        problem = entry.problem.format(**fields)
        reason = self._accept.get((code, path), self._accept.get((code, None))) if severity == WARNING else None
        self._findings.setdefault(
            (code, path, problem), VerifyFinding(code, severity, path, problem, entry.hint.format(**fields), reason)
        )
        return severity

    @property
    def rows(self) -> list[Row]:
        """All expectations, by step, in the plan's order within a step."""
        order = {step: index for index, step in enumerate(STEPS)}
        return sorted(self._rows, key=lambda row: order[row.step])

    @property
    def findings(self) -> list[VerifyFinding]:
        """All findings: errors first, then by code, path and text."""
        return sorted(self._findings.values(), key=lambda f: (f.severity != ERROR, f.code, f.path, f.problem))

    @property
    def errors(self) -> list[VerifyFinding]:
        """The findings that make verify fail."""
        return [finding for finding in self.findings if finding.severity == ERROR]

    @property
    def may_settle(self) -> bool:
        """Whether waiting can help: some error is of a kind that goes away while the site converges."""
        return any(VERIFY_CODES[finding.code].settles for finding in self.errors)

    def as_dict(self) -> dict[str, Any]:
        """Return rows and findings as plain data."""
        return {
            "rows": [asdict(row) for row in self.rows],
            "findings": [finding.as_dict() for finding in self.findings],
        }


def summary(report: VerifyReport) -> str:
    """Return one line: how many expectations hold."""
    total = len(report.rows)
    unmet = sum(1 for row in report.rows if row.level == ERROR)
    warnings = sum(1 for finding in report.findings if finding.severity == WARNING)
    text = f"{total - unmet} of {total} expectations met"
    if report.errors:
        text += f", {_count(len(report.errors), 'error')}"
    if warnings:
        text += f", {_count(warnings, 'warning')}"
    return text


def render(report: VerifyReport) -> list[str]:
    """Return the report as lines for a terminal: a table of expected against seen, then each finding.

    Columns are as wide as their widest cell over the whole table, so that the steps line up.
    """
    rows = report.rows
    lines: list[str] = []
    table = [(row.subject, row.expected, row.seen) for row in rows] + [
        (title, "expected", "seen") for title in STEPS.values()
    ]
    widths = [max(len(line[column]) for line in table) for column in range(3)]
    for step, title in STEPS.items():
        members = [row for row in rows if row.step == step]
        if not members:
            continue
        if lines:
            lines.append("")
        lines.append(_line((title, "expected", "seen"), widths, ""))
        lines.extend(_line(("  " + row.subject, row.expected, row.seen), widths, row.level) for row in members)
    for finding in report.findings:
        lines += [
            "",
            f"{finding.severity} {finding.code}  {finding.path}: {finding.problem}",
            f"  {finding.hint}",
            *([f"  accepted: {finding.accepted}"] if finding.accepted else []),
        ]
    return [*lines, "", summary(report)]


def _line(cells: tuple[str, str, str], widths: list[int], level: str) -> str:
    """Return one line of the table, the level last."""
    subject, expected, seen = cells
    padded = (subject.ljust(widths[0] + 2), expected.ljust(widths[1]), seen.ljust(widths[2]), level)
    return "  ".join(padded).rstrip()


def _count(number: int, noun: str) -> str:
    """Return ``1 error`` or ``2 errors``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
