# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the live site is from the plan, as a document: what ``edge_drift_file`` holds as JSON."""

from __future__ import annotations

from typing import Annotated, TypedDict

from .._findings.finding import FindingEntry

DRIFT_FORMAT = 1
"""The document's ``format``; a new key alone is no new format."""

NONE = "none"
DRIFT = "drift"
UNKNOWN = "unknown"
STATES = (NONE, DRIFT, UNKNOWN)
"""Of a site. ``unknown``: an end could not be looked at, so that nothing is said of the whole."""


class DriftRow(TypedDict):
    """One difference between what an end was told and what the plan sets up there."""

    state: Annotated[str, "`only live`, `only planned`, `differs` or `not compared`."]
    what: Annotated[str, "The subject; where both have it, the live value before the planned one."]


class DriftEnd(TypedDict):
    """One router or cluster."""

    end: Annotated[str, "`router` or `cluster`."]
    host: Annotated[str, "Its name in the inventory."]
    error: Annotated[str | None, "Why it could not be looked at; null: it could."]
    differences: Annotated[int, "How many of its rows are differences."]
    rows: Annotated[list[DriftRow], "What it was told, against the plan."]
    notes: Annotated[list[str], "What is worth knowing and no difference."]


class DriftDocument(TypedDict):
    """How far the live site is from the plan."""

    format: Annotated[int, "1. Another number would say that a reader of this one must not read it."]
    site: Annotated[str, "The site's name."]
    state: Annotated[str, "Of the whole site.", STATES]
    ends: Annotated[list[DriftEnd], "Each end that was looked at, or could not be."]
    met: Annotated[int, "How many of verify's expectations hold."]
    not_known: Annotated[int, "Of how many of them nobody knows: nobody looked, or the look told nothing."]
    expectations: Annotated[int, "How many verify has."]
    findings: Annotated[list[FindingEntry], "What verify found."]
    outside: Annotated[list[str], "Routers and clusters of the plan that the run left out: nothing is said of them."]


class WrittenDrift(DriftDocument):
    """The document as it is written, with the time."""

    looked_at: Annotated[str, "When the site was looked at, in UTC (RFC 3339)."]
