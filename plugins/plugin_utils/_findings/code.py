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
    example: str
    """A whole text of it, ``path: problem (hint)``, that a test produces: the documentation shows it."""

    PAGE: ClassVar[str] = "docs/findings.md"


OTHERS = (
    "somebody else writes this router's BGP (edge_router_bgp_owner: none), so no run of ours mends it: give them the"
    " frr.conf that playbooks/render.yml writes, such as by an upload in UniFi Network"
)
"""The way out on a router whose BGP somebody else writes."""

COMMIT = (
    "others apply to this cluster (edge_cluster_apply: others), so no run of ours mends it: commit what"
    " playbooks/render.yml writes, and let Flux or Argo CD apply it"
)
"""The way out in a cluster to which others apply."""


@dataclass(frozen=True, slots=True)
class LiveCode(Code):
    """A code of the live site. ``problem`` and ``hint`` are templates for :meth:`str.format`.

    Each of them may say ``{cilium_namespace}``, the namespace of Cilium's release in the cluster that is spoken of.
    """

    problem: str
    hint: str
    example: str
    """A whole text of it, ``path: problem (hint)``, that a test produces: the documentation shows it."""
    settles: bool = True
    """Whether waiting may mend it."""
    others: str = ""
    """The way out on an end that somebody else writes, where ``hint`` names a run of ours; empty: ``hint``."""

    PAGE: ClassVar[str] = "docs/verify.md"

    @property
    def polled(self) -> bool:
        """Whether verify looks again while a finding of this code is open: an error that waiting may mend."""
        return self.severity == ERROR and self.settles
