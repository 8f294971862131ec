# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as JSON text."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

NOT_PLAN = ("changed", "failed", "text", "summary", "allocation_files", "resets", "changes", "changes_content")
"""What Ansible and the reader's texts add to the registered plan."""


def plan_json(plan: Any) -> str:
    """Return the plan as indented JSON with sorted keys, the same bytes for the same inventory."""
    data = {key: value for key, value in plain(plan).items() if key not in NOT_PLAN}
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Any]:
        """Return it by name."""
        return {"plan_json": plan_json}
