# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as text where pools count what live Services hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.changes import (
    CHANGES_FORMAT,
    ChangesDocument,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import plan_of
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.live import count_live
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.text import shown_texts


def plan_live(plan: Any, services: Any, full: Any = False) -> dict[str, Any]:
    """Return the plan's texts, its pools and the services beside the inventory, as live Services leave them."""
    registered = plain(plan)
    try:
        document = plan_of(registered, "edge_plan")
        live = count_live(document, plain(services))
    except EdgeError as error:
        raise AnsibleFilterError(str(error)) from error
    changes: ChangesDocument | None = None
    if "changes" in registered:
        changes = {
            "format": CHANGES_FORMAT,
            "site": document["site"],
            "changes": registered["changes"],
            "resets": registered["resets"],
        }
    return {**shown_texts(document, bool(full), changes, live), **dataclasses.asdict(live)}


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return it by name."""
        return {"plan_live": plan_live}
