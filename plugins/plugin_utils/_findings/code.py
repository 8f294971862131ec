# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a code stands for, wherever it is raised.

A code never changes its meaning; a code that is no longer raised stays reserved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Code:
    """The part that all codes have in common."""

    severity: str
    """``error`` or ``warning``."""
    title: str

    PAGE: ClassVar[str]
    """The page of the documentation that describes the code, under an anchor of its own."""


@dataclass(frozen=True, slots=True)
class PlanCode(Code):
    """A code of the inventory. Its problem and hint are written where it is raised."""

    why: str
    """One or two sentences for the documentation: why this matters and what to do."""

    PAGE: ClassVar[str] = "docs/findings.md"


@dataclass(frozen=True, slots=True)
class LiveCode(Code):
    """A code of the live site. ``problem`` and ``hint`` are templates for :meth:`str.format`."""

    problem: str
    hint: str
    settles: bool = True
    """Whether waiting may mend it: polling goes on only while an error of this kind is open."""

    PAGE: ClassVar[str] = "docs/verify.md"
