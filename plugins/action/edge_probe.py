# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the services' addresses from a router: what to ask is computed here, the questions leave there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.variables import registered
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import plan_of
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import probe_targets


@fails_once
class ActionModule(ActionBase):
    """Ask the services' addresses from a router."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the module returns; ask nobody, and connect to nothing, where the plan brings no address here."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        options = plain(dict(self._task.args))
        if "plan" in options:
            try:
                options = {"targets": self._targets(options, variables)}
            except EdgeError as error:
                raise AnsibleActionFail(str(error)) from error
            if not options["targets"]:
                return {**result, "changed": False, "probe": {}}
        return {**result, **self._execute_module(module_args=options, task_vars=variables)}

    @staticmethod
    def _targets(options: Mapping[str, Any], variables: Mapping[str, Any]) -> list[Any]:
        """Return what this router is to ask, out of the plan and of what was read of both ends."""
        missing = [name for name in ("frr", "clusters_in") if name not in options]
        if missing:
            raise EdgeError("edge_probe", f"plan stands without {' and '.join(missing)}", "give all three, or targets")
        plan = plan_of(options["plan"], "plan")
        clusters = registered(set(plan["clusters"]), variables, options["clusters_in"])
        return list(probe_targets(plan, clusters, variables["inventory_hostname"], options["frr"]))
