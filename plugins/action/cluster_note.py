# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Note in a ConfigMap what a site made in a cluster."""

from __future__ import annotations

from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.note import ARGUMENTS, write_note
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.cluster_action import PLACE, ClusterAction
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain


@fails_once
class ActionModule(ClusterAction):
    """Note what a site made."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the module returns."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = plain(self.validate_argument_spec(argument_spec={**ARGUMENTS, **PLACE})[1])
        done = self.write("cluster_note", write_note, options, task_vars or {})
        if done.get("failed"):
            done["msg"] = f"ConfigMap {options['namespace']}/{options['name']}: {done['msg']}"
        return {**result, **done}
