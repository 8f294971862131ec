# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two plans, as a document: what ``edge_plan_changes_file`` holds as JSON."""

from __future__ import annotations

from typing import Annotated, TypedDict

CHANGES_FORMAT = 1
"""The document's ``format``; a new key alone is no new format."""

KINDS = (
    "session",
    "accepted prefix",
    "announced prefix",
    "pool",
    "service",
    "address",
    "network",
    "router",
    "cluster",
    "node",
)
"""What may change, in the order in which changes are listed."""


class PlannedDifference(TypedDict):
    """One value of a thing that both plans have."""

    what: Annotated[str, "What differs."]
    before: Annotated[str | None, "The value before, as text; null: an object, or too long for a line."]
    after: Annotated[str | None, "The value after, as text; null: an object, or too long for a line."]


class PlannedChange(TypedDict):
    """One thing that appears, moves, changes or goes."""

    kind: Annotated[str, "What it is.", KINDS]
    change: Annotated[str, "What happens to it.", ("appears", "moves", "changes", "goes")]
    name: Annotated[str, "Its name."]
    ends: Annotated[list[str], "The ends at which, as ``router <host>`` and ``cluster <host>``."]
    differences: Annotated[list[PlannedDifference], "What differs of a thing that moves or changes; else none."]


class ChangesDocument(TypedDict):
    """The changes from one plan to another."""

    format: Annotated[int, "1. Another number would say that a reader of this one must not read it."]
    site: Annotated[str, "The site's name."]
    changes: Annotated[list[PlannedChange], "What appears, moves, changes and goes."]
    resets: Annotated[list[str], "Each session that the change closes and opens again, with the reasons."]
