# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say how a cluster is reached."""

from __future__ import annotations

from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.cluster_action import PLACE, ClusterAction
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain


@fails_once
class ActionModule(ClusterAction):
    """Say how a cluster is reached."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the ways to the cluster, without asking it for anything."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = plain(self.validate_argument_spec(argument_spec=PLACE)[1])
        found = self.run_module("cluster_connection_info", lambda _api, _options: {}, options, task_vars or {})
        return {**result, **found}
