# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what Cilium and Kubernetes report about the cluster's network edge."""

from __future__ import annotations

from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.observation import (
    ARGUMENTS,
    read_cilium,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.cluster_action import PLACE, ClusterAction
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain


@fails_once
class ActionModule(ClusterAction):
    """Read the cluster's edge."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the module returns."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = plain(self.validate_argument_spec(argument_spec={**ARGUMENTS, **PLACE})[1])
        return {**result, **self.run_module("cilium_info", read_cilium, options, task_vars or {})}
