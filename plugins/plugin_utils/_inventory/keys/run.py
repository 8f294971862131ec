# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of one run, for ``-e``."""

from __future__ import annotations

from ..types import Anything, Boolean, Choice, Key
from .common import PATH

RUN = (
    Key(
        "edge_plan_report",
        Choice("tables", "full", "summary"),
        "What a plan shows: tables of all that is planned, many sessions grouped by peering and router; the same with"
        " each by itself, as with -v; or pools and services alone.",
        default="tables",
    ),
    Key(
        "edge_plan_live",
        Boolean(),
        "Whether the used and free addresses that a plan shows count the Services of the live clusters too; it reads"
        " each managed cluster.",
        default=False,
    ),
    Key(
        "edge_plan_keep_allocations",
        Boolean(),
        "Whether the file of planned addresses is written; false only reads it.",
        default=True,
    ),
    Key("edge_plan_file", PATH, "Where playbooks/plan.yml writes the plan as JSON."),
    Key(
        "edge_plan_before",
        PATH,
        "A plan of before, as JSON: playbooks/plan.yml names what appears, moves, changes or goes since then, and which"
        " sessions this resets.",
    ),
    Key(
        "edge_plan_changes_file",
        PATH,
        "Where playbooks/plan.yml writes what differs from edge_plan_before: Markdown, JSON or text by its ending .md,"
        " .json or .txt.",
    ),
    Key(
        "edge_summary_file",
        PATH,
        "Where playbooks/site.yml writes as JSON what changed at each end, or with --check would change.",
    ),
    Key(
        "edge_compare_saved",
        PATH,
        "Folder with saved copies, as <router>/frr.conf and <cluster>/manifests/*.yaml: playbooks/compare.yml compares"
        " them in place of the live ends.",
    ),
    Key("edge_compare_file", PATH, "Where playbooks/compare.yml writes what differs as JSON."),
    Key("edge_compare_strict", Boolean(), "Whether playbooks/compare.yml fails where an end differs.", default=False),
    Key("edge_drift_file", PATH, "Where playbooks/drift.yml writes how far the site is from the plan, as JSON."),
    Key(
        "edge_drift_metrics_file",
        PATH,
        "Where playbooks/drift.yml writes it as OpenMetrics text; node_exporter reads it where the name ends in .prom.",
    ),
    Key("edge_render_dir", PATH, "Where playbooks/render.yml writes every file."),
    Key("edge_render_secrets", Anything(), "Render secrets too, in files of mode 0600.", default=False),
    Key(
        "edge_twin_state", Choice("present", "absent"), "What playbooks/twin.yml makes of the twin.", default="present"
    ),
    Key("edge_cluster_python", PATH, "Python that has the kubernetes client.", derived="the one that runs Ansible"),
)
"""For ``-e``; never part of the plan."""
