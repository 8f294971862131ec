# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a plan's clusters."""

from __future__ import annotations

from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._files import cluster_files
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain


def render_files(plan: Any) -> list[dict[str, Any]]:
    """Return path and documents of each file that is rendered for the plan's clusters."""
    return cluster_files(plain(plan))


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Any]:
        """Return it by name."""
        return {"render_files": render_files}
