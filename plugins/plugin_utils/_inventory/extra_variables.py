# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables given with ``-e``: they are typed for this run, so a name that nobody reads is a mistake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .._findings.report import Report
from .._findings.wording import did_you_mean, squash
from .keys import OTHER_NAMES, OWN_PREFIX, VARIABLES
from .keys.run import RUN
from .layers import base_name
from .parse import is_ours
from .types import Boolean, Choice


def check_extra_variables(given: Mapping[str, Any], roles: Collection[str], report: Report) -> frozenset[str]:
    """Report each ``edge_*`` name that nobody reads, and words that a variable of the run does not take.

    Args:
        given: what ``-e`` gives, by name.
        roles: the options that the roles take, such as ``edge_verify_timeout``.
        report: takes an error for each.

    Returns:
        The unknown names.
    """
    known = {*VARIABLES, *OTHER_NAMES, *roles}
    spellings = {squash(name): name for name in known}
    unknown = set()
    for name in sorted(filter(is_ours, given)):
        if name in known or name.startswith(OWN_PREFIX) or base_name(name) in VARIABLES:
            continue
        unknown.add(name)
        base = base_name(name)
        same = spellings.get(squash(base))
        hint = f"did you mean {same!r}?" if same else did_you_mean(base, known, "edge_")
        report.add(
            "EDGE101",
            f"-e {name}",
            "is not a variable of this collection",
            hint or "variables of your own start with edge_x_",
        )
    for key in RUN:
        value = given.get(key.name)
        flag = isinstance(key.type, Boolean) and key.type.word(value) is None
        if key.name in given and (flag or isinstance(key.type, Choice)):
            key.type.parse(value, f"-e {key.name}", report)
    return frozenset(unknown)
