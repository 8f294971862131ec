# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One mistake is one finding: a wrong name that many places repeat is reported once, with those places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from .finding import Finding
from .wording import some

ABOUT_A_NAME = frozenset({"EDGE104", "EDGE120"})
"""Errors whose problem names the wrong name itself, so that equal problems have one cause."""


def together(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings, those about one wrong name as one, in the order of the first of them.

    The place of the one is where the name is defined, if that is among them: a variable of the site, least deep.
    """
    groups: dict[tuple[str, str, str | None, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        alike = finding.code in ABOUT_A_NAME and "'" in finding.problem
        groups[finding.code, finding.problem, finding.hint, "" if alike else finding.path].append(finding)
    return [_one(group) for group in groups.values()]


def _one(group: list[Finding]) -> Finding:
    """Return one finding for findings that have one cause."""
    first, *others = sorted(
        group, key=lambda item: (not item.path.startswith("edge_"), item.path.count("."), item.path)
    )
    if not others:
        return first
    noun = "place" if len(others) == 1 else "places"
    return replace(
        first, problem=f"{first.problem}; also at {len(others)} other {noun}: {some([item.path for item in others])}"
    )
