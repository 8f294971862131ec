# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP timers: what two ends agree on, and how they are shown."""

from __future__ import annotations

from .._document.plan import PlannedNeighbor, PlannedSession


def router_timers(planned: PlannedSession | PlannedNeighbor) -> tuple[int, int]:
    """Return (hold, keepalive) that FRR negotiates: it caps keepalive at a third of hold (RFC 4271 section 4.4)."""
    return planned["hold"], min(planned["keepalive"], planned["hold"] // 3)


def timers_text(hold: int | None, keepalive: int | None) -> str:
    """Return the timers as the table shows them; None = not reported."""
    return "unknown" if hold is None or keepalive is None else f"{hold}/{keepalive} s"
