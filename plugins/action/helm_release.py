# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install or upgrade a Helm release, without a value of it in any output or log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.chart_source import may_hold_secret
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.helm import (
    ARGUMENTS as HELM_ARGUMENTS,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import without_secrets
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

WRITER = "hybridnet.cluster_edge.helm_upgrade"
ARGUMENTS: dict[str, Any] = {
    **{name: spec for name, spec in HELM_ARGUMENTS.items() if name != "values"},
    "values_in": {"type": "str", "required": True},
}


@fails_once
class ActionModule(ActionBase):
    """Install or upgrade a Helm release."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return that the release changes, and what it is then."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = plain(self.validate_argument_spec(argument_spec=ARGUMENTS)[1])
        variables = task_vars or {}
        values_in = options.pop("values_in")
        values = plain(self._templar.template(variables.get(values_in) or {}))
        if not isinstance(values, dict):
            raise AnsibleActionFail(f"{values_in}: is not a map of Helm values")
        if may_hold_secret(options["repository"] or ""):
            options["private_repository"] = options.pop("repository")
        given = {name: value for name, value in options.items() if value is not None}
        no_log, self._task.no_log = self._task.no_log, True  # keeps the module from writing its arguments to syslog
        try:
            done = self._execute_module(WRITER, module_args={**given, "values": values}, task_vars=variables)
        finally:
            self._task.no_log = no_log
        return {**result, **_told(plain(done), values)}


def _told(done: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be told of the module's result."""
    told: dict[str, Any] = {"changed": bool(done.get("changed"))}
    if done.get("failed"):
        told.update(failed=True, msg=without_secrets(str(done.get("msg") or "no reason given"), values))
    if done.get("status"):
        told["status"] = done["status"]
    return told
