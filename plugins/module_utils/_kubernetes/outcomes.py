# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of an object that was to be applied or removed, as the modules say it."""

from __future__ import annotations

APPLIED, UNCHANGED = "applied", "unchanged"
REMOVED, GONE, KEPT = "removed", "gone", "kept"
ENDING = "ending"
"""Deleted, and there until its finalizers are done."""
REFUSED = "refused"

MADE_ANEW = "somebody deleted it and made it anew during this run"
DELETED = "somebody deleted it during this run"
OTHER_LABELS = (
    "labels on it that this run's field manager holds were changed after the run had looked, by another run or by hand:"
    " run again"
)
"""Why a Node is not written to: what this run would apply takes away what another one has set."""
MEANWHILE = (MADE_ANEW, DELETED, OTHER_LABELS)
"""Why an object that was looked at is not written to or removed. It is this run that leaves it, and no API server."""
