# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify's report: rows of expected against seen, findings, and both as a table for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypedDict

from .._findings.code import ERROR, WARNING
from .._findings.finding import FindingEntry
from .._findings.report import Report
from .._findings.table import LIVE_CODES
from .._findings.wording import count
from .observed import CountersSeen

STEPS = {
    "ends": "The two ends",
    "router_session": "Sessions on the routers (hold/keepalive)",
    "node_session": "Sessions on the nodes (hold/keepalive)",
    "service": "Addresses of the services",
    "accepted": "Prefixes accepted, by node",
    "attributes": "Attributes of the routes",
    "installed": "Prefixes in the routers' kernels",
    "nothing_else": "Nothing else",
    "lease": "Who answers on L2",
    "address_resolution": "Who answers ARP and NDP, asked by a router",
    "asked": "Addresses asked by a router",
    "client": "Addresses asked by clients of the twin",
}
"""Step of verify -> its heading, in the order of the table."""

OK = "ok"
UNKNOWN = "unknown"
"""Of an expectation that nobody looked at, or of which the look told nothing: neither met nor a fault."""

LEVELS = (ERROR, WARNING, UNKNOWN, OK)
"""Of a row, the worst first."""

FORMAT = 1
"""Version of verify's JSON. It counts up when a key is removed or changes its meaning; a new key does not count."""

STRICT_ERRORS = frozenset({"EDGE861"})
"""Warnings that are errors where verify is strict."""


class RowEntry(TypedDict):
    """One expectation, in verify's JSON."""

    step: str
    """One of :data:`STEPS`."""
    subject: str
    expected: str
    seen: str
    level: str
    """``ok``, ``unknown``, ``warning`` or ``error``."""


class VerifyDocument(TypedDict):
    """What verify found, as JSON: ``edge_verify_file`` and the result of ``edge_verify``."""

    format: int
    rows: list[RowEntry]
    findings: list[FindingEntry]


class WrittenVerify(VerifyDocument):
    """The document as it is written, with the time."""

    state: str
    """``met``: no finding is an error; ``not_met``; ``unknown``: a run began and did not come to an end."""
    looked_at: str
    """When the site was looked at last, in UTC (RFC 3339); of ``unknown``, when the run began."""


MET = "met"
NOT_MET = "not_met"


@dataclass(frozen=True, slots=True)
class Row:
    """One expectation: what the plan says against what was seen."""

    step: str
    subject: str
    expected: str
    seen: str
    level: str
    """One of :data:`LEVELS`."""

    def as_dict(self) -> RowEntry:
        """Return the row as it stands in verify's JSON."""
        return {
            "step": self.step,
            "subject": self.subject,
            "expected": self.expected,
            "seen": self.seen,
            "level": self.level,
        }


USUAL_NAMESPACE = "kube-system"
"""Of Cilium's release, where nothing is known of it."""


class VerifyReport(Report):
    """A report that also keeps rows of expected against seen.

    Args:
        strict: whether the codes of ``STRICT_ERRORS`` are errors.
        others: routers and clusters that somebody else writes.
        namespaces: cluster -> namespace of Cilium's release, for what to look at.
    """

    def __init__(
        self, strict: bool = False, others: Iterable[str] = (), namespaces: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(STRICT_ERRORS if strict else ())
        self._others = frozenset(others)
        self._namespaces = namespaces or {}
        self._rows: list[Row] = []
        self.counters: dict[tuple[str, str], CountersSeen] = {}
        """(router, neighbor) -> counters of the sessions that are as planned, for the next look."""

    def row(self, step: str, subject: str, expected: str, seen: str, level: str = OK) -> None:
        """Add one expectation."""
        if step not in STEPS:
            raise KeyError(step)
        self._rows.append(Row(step, subject, expected, seen, level))

    def find(self, code: str, path: str, **fields: object) -> str:
        """Add one finding; ``fields`` fill the code's templates. Return its severity, as the level of a row.

        A path begins with its router or cluster.
        """
        entry = LIVE_CODES[code]
        end = path.split(" ")[0]
        hint = entry.others if entry.others and end in self._others else entry.hint
        known = {"cilium_namespace": self.namespace(end), **fields}
        return self.add(code, path, entry.problem.format(**known), hint.format(**known))

    def namespace(self, end: str) -> str:
        """Return the namespace of Cilium's release to look into; a router speaks of the nodes of all clusters."""
        own = {self._namespaces[end]} if end in self._namespaces else set(self._namespaces.values())
        if len(own) > 1:
            return "<namespace>"
        return own.pop() if own else USUAL_NAMESPACE

    @property
    def rows(self) -> list[Row]:
        """All expectations, by step, in the plan's order within a step."""
        order = {step: index for index, step in enumerate(STEPS)}
        return sorted(self._rows, key=lambda row: order[row.step])

    @property
    def may_settle(self) -> bool:
        """Whether waiting can help: some error is of a kind that goes away while the site converges."""
        return any(LIVE_CODES[finding.code].settles for finding in self.errors)

    def as_dict(self) -> VerifyDocument:
        """Return rows and findings as plain data."""
        return {
            "format": FORMAT,
            "rows": [row.as_dict() for row in self.rows],
            "findings": [finding.as_dict() for finding in self.findings],
        }


def worst(levels: Iterable[str]) -> str:
    """Return the worst of some levels; ``ok`` where there are none."""
    return min(levels, key=LEVELS.index, default=OK)


def are_met(levels: Iterable[str]) -> tuple[int, int]:
    """Return how many rows of these levels are met, and of how many that is not known."""
    counted = Counter(levels)
    return counted[OK] + counted[WARNING], counted[UNKNOWN]


def met_in_words(met: int, not_known: int, total: int) -> str:
    """Return how many expectations are met, as every summary says it."""
    return f"{met} of {total} expectations met" + (f", {not_known} not known" if not_known else "")


def summary(report: VerifyReport) -> str:
    """Return one line: how many expectations hold."""
    rows = report.rows
    warnings = sum(1 for finding in report.findings if finding.severity == WARNING)
    text = met_in_words(*are_met(row.level for row in rows), len(rows))
    if report.errors:
        text += f", {count(len(report.errors), 'error')}"
    if warnings:
        text += f", {count(warnings, 'warning')}"
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
