# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``--tags``: a run whose tags no task has would do nothing and end in success."""

from __future__ import annotations

from collections.abc import Collection

from .._findings.report import Report
from .._findings.wording import did_you_mean, one_of

OURS = frozenset({"cluster", "contract", "plan", "router", "verify"})
"""The tags of the playbooks of this collection. ``plan`` has no task: the plan is made in each run."""

SPECIAL = frozenset({"all", "always", "never", "tagged", "untagged"})
"""The words that ansible-core itself gives a meaning."""


def check_run_tags(given: Collection[str], listed: Collection[str], report: Report) -> None:
    """Report each tag of a run that does nothing, where no other tag of the run is known.

    Args:
        given: the tags that the run is limited to.
        listed: the tags of the plays and tasks that the run has. Where none of ours is among them, everything is done
            in each run, as by playbooks/plan.yml, and any of ours may stand there.
        report: takes an error for each.
    """
    known = {*listed, "plan"} if OURS & {*listed} else {*listed, *OURS}
    known -= SPECIAL
    if not given or (known | SPECIAL) & {*given}:
        return
    for tag in sorted(given):
        report.add(
            "EDGE120",
            f"--tags {tag}",
            "no task of this run has this tag, so that it would do nothing",
            "; ".join(filter(None, (did_you_mean(tag, known), f"known here: {one_of(known)}"))),
        )
