# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One error or warning, of the inventory or of the live site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypedDict

from ...module_utils._errors import message
from .table import page


class FindingEntry(TypedDict):
    """One error or warning about one place, in the JSON of the plan and of verify."""

    code: Annotated[str, "Such as ``EDGE302``; it never changes its meaning."]
    severity: Annotated[str, "Whether a run may go on.", ("error", "warning")]
    page: Annotated[str, "Where the documentation explains the code."]
    path: Annotated[str, "The place: in the inventory, or of the live site."]
    problem: Annotated[str, "What is wrong there."]
    hint: Annotated[str | None, "The way out; null: the problem says it."]
    accepted: Annotated[str | None, "The reason under ``edge_accept``, for a warning that was accepted."]


@dataclass(frozen=True, slots=True)
class Finding:
    """One error or warning about one place."""

    code: str
    severity: str
    """``error`` or ``warning``: that of the code, unless the report is strict about it."""
    path: str
    problem: str
    hint: str | None = None
    accepted: str | None = None
    """The reason under ``edge_accept``, for a warning that was accepted."""

    @property
    def text(self) -> str:
        """``path: problem (hint)``."""
        return message(self.path, self.problem, self.hint)

    def as_dict(self) -> FindingEntry:
        """Return the finding as it stands in the JSON of the plan and of verify."""
        return {
            "code": self.code,
            "severity": self.severity,
            "page": page(self.code),
            "path": self.path,
            "problem": self.problem,
            "hint": self.hint,
            "accepted": self.accepted,
        }
