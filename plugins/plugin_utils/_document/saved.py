# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take data for a plan: a saved one (``edge_plan_file``), or what a task registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ...module_utils._errors import EdgeError
from .plan import FORMAT, PlanDocument
from .typed import misfits

SHOWN = 3
"""How many places of a damaged plan are named."""


def plan_of(data: object, source: str) -> PlanDocument:
    """Return ``data`` as a plan.

    Args:
        data: JSON as Python has it.
        source: where it comes from, for the error: a variable, an option or a file.

    Raises:
        EdgeError: it is no plan, or has a format that this version does not read. A plan without ``format`` was written
            before plans had one and has the keys of format 1.
    """
    if not (
        isinstance(data, Mapping)
        and isinstance(data.get("sessions"), list)
        and isinstance(data.get("routers"), Mapping)
    ):
        raise EdgeError(source, "holds no plan", "write one with playbooks/plan.yml -e edge_plan_file=plan.json")
    found = data.get("format", FORMAT)
    if isinstance(found, bool) or found != FORMAT:
        raise EdgeError(
            source,
            f"is a plan of format {found!r}, but this version of the collection reads format {FORMAT}",
            "read it with the version that wrote it, or write it again with this one from the inventory of that time",
        )
    return cast(PlanDocument, data)


def saved_plan(data: object, source: str) -> PlanDocument:
    """Return ``data``, which was read from a file, as a plan of which every key is there and of its type.

    A key that is not known is no fault: a later version may have written it.

    Args:
        data: JSON as Python has it.
        source: where it comes from, for the error.

    Raises:
        EdgeError: as :func:`plan_of`, or a key is missing or holds something else. The places are paths from ``$``, the
            whole plan.
    """
    plan = plan_of(data, source)
    # A plan of before formats were written has none, and is one of format 1.
    found = misfits({"format": FORMAT, **plan}, PlanDocument, unknown=True)
    if found:
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise EdgeError(
            source,
            f"is a damaged plan: {'; '.join(found[:SHOWN])}{more}",
            "write it again with playbooks/plan.yml -e edge_plan_file=plan.json from the inventory of that time",
        )
    return plan
