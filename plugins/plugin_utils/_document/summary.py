# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run changes at each end, as a document: what ``edge_summary_file`` holds as JSON."""

from __future__ import annotations

from typing import Annotated, TypedDict

SUMMARY_FORMAT = 1
"""The document's ``format``; a new key alone is no new format."""

STATES = ("changes", "unchanged", "others", "unmanaged", "left out")
"""What becomes of an end. ``others``: somebody else writes it, and it differs. ``left out``: by tags."""


class RouterSummary(TypedDict):
    """What a run changes on one router."""

    state: Annotated[str, "What becomes of it.", STATES]
    added: Annotated[int, "Lines of its BGP configuration that are new."]
    removed: Annotated[int, "Lines that go."]
    boot_hook: Annotated[
        bool,
        "Whether what brings its file back after a firmware upgrade is written or removed: copy, script, hook, unit.",
    ]
    closes: Annotated[
        list[str] | None,
        "Neighbors whose session is up and that may be reset, as their own configuration changes; null: not known.",
    ]


class ClusterSummary(TypedDict):
    """What a run changes in one cluster."""

    state: Annotated[str, "What becomes of it.", STATES]
    release: Annotated[str | None, "What Helm does, such as ``install 1.19.6`` or ``values``; null: nothing."]
    created: Annotated[list[str], "Objects that are new, as ``kind namespace/name``."]
    changed: Annotated[list[str], "Objects that change."]
    removed: Annotated[list[str], "Objects that go."]
    waiting: Annotated[int, "Differences that wait until others (Flux, Argo CD) apply the plan."]
    left_alone: Annotated[list[str], "Services that are not as planned and that the run left as they are, and why."]
    later: Annotated[list[str], "What a preview cannot compare, as the cluster lacks the kind, namespace or node."]


class SummaryDocument(TypedDict):
    """What a run of ``site.yml`` changes at each end."""

    format: Annotated[int, "1. Another number would say that a reader of this one must not read it."]
    site: Annotated[str, "The site's name."]
    check: Annotated[bool, "Whether it was a preview, which changed nothing."]
    routers: Annotated[dict[str, RouterSummary], "Routers by name."]
    clusters: Annotated[dict[str, ClusterSummary], "Clusters by name."]
