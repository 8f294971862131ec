# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects the findings of one run, of the plan or of verify."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from ...module_utils._errors import EdgeError
from .code import ERROR, WARNING
from .finding import Finding
from .table import CODES


class Report:
    """Collects findings; a finding that is reported twice is kept once.

    Args:
        strict: codes of warnings that are errors in this run.
    """

    def __init__(self, strict: Collection[str] = ()) -> None:
        self._strict = strict
        self._reasons: dict[tuple[str, str | None], str] = {}
        self._findings: dict[tuple[str, str, str], Finding] = {}

    def add(self, code: str, path: str, problem: str, hint: str | None = None) -> str:
        """Add one finding and return its severity. ``code`` must be in ``CODES``, else ``KeyError``."""
        severity = ERROR if code in self._strict else CODES[code].severity
        self._findings.setdefault((code, path, problem), Finding(code, severity, path, problem, hint))
        return severity

    def add_error(self, code: str, error: EdgeError) -> str:
        """Add an error that a part of the library raised, and return the severity of ``code``."""
        return self.add(code, error.path, error.problem, error.hint)

    def accept(self, reasons: Mapping[tuple[str, str | None], str]) -> None:
        """Mark warnings as accepted (``edge_accept``).

        Args:
            reasons: (code, path) -> reason; the path None stands for every path, and gives way to a path of its own.
        """
        self._reasons.update(reasons)

    @property
    def findings(self) -> list[Finding]:
        """All findings: errors first, then by code, path and problem."""
        found = sorted(self._findings.values(), key=lambda f: (f.severity != ERROR, f.code, f.path, f.problem))
        return [self._accepted(finding) for finding in found] if self._reasons else found

    @property
    def errors(self) -> list[Finding]:
        """The findings that are errors."""
        return [finding for finding in self.findings if finding.severity == ERROR]

    @property
    def failed(self) -> bool:
        """True if any finding is an error."""
        return any(finding.severity == ERROR for finding in self._findings.values())

    def _accepted(self, finding: Finding) -> Finding:
        """Return the finding with the reason for which it is accepted, if it is a warning that has one."""
        reason = self._reasons.get((finding.code, finding.path), self._reasons.get((finding.code, None)))
        return finding if reason is None or finding.severity != WARNING else replace(finding, accepted=reason)
