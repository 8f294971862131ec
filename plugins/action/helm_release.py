# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install or upgrade a Helm release by ``kubernetes.core.helm``, without a value of it in any output or log.

The module returns all values, prints its arguments at ``-vvv`` and in syslog, and shows them in helm-diff's difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.action.edge_fail import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import without_secrets
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

WRITER = "kubernetes.core.helm"
ARGUMENTS: dict[str, Any] = {
    "connection": {"type": "dict", "default": {}},
    "binary_path": {"type": "path"},
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "chart": {"type": "str", "required": True},
    "repository": {"type": "str"},
    "version": {"type": "str", "required": True},
    "values_in": {"type": "str", "required": True},
}
ARGUMENT_NAMES = {
    "binary_path": "binary_path",
    "name": "release_name",
    "namespace": "release_namespace",
    "chart": "chart_ref",
    "repository": "chart_repo_url",
    "version": "chart_version",
}
"""Option -> what the module calls it."""

KEPT = ("name", "namespace", "revision", "status", "chart", "app_version")
"""What of the module's ``status`` is returned: the rest has the values."""


@fails_once
class ActionModule(ActionBase):
    """Install or upgrade a Helm release."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return whether the release changes, and what it is then."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = plain(self.validate_argument_spec(argument_spec=ARGUMENTS)[1])
        variables = task_vars or {}
        values = plain(self._templar.template(variables.get(options["values_in"]) or {}))
        if not isinstance(values, dict):
            raise AnsibleActionFail(f"{options['values_in']}: is not a map of Helm values")
        given = {name: options[option] for option, name in ARGUMENT_NAMES.items() if options[option] is not None}
        no_log, self._task.no_log = self._task.no_log, True  # keeps the module from writing its arguments to syslog
        try:
            done = self._execute_module(
                WRITER, module_args={**options["connection"], **given, "release_values": values}, task_vars=variables
            )
        finally:
            self._task.no_log = no_log
        return {**result, **_told(plain(done), values)}


def _told(done: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be told of the module's result."""
    told: dict[str, Any] = {"changed": bool(done.get("changed"))}
    if done.get("failed"):
        told.update(failed=True, msg=without_secrets(str(done.get("msg") or "no reason given"), values))
    status = done.get("status") or {}
    if status:
        told["status"] = {key: status[key] for key in KEPT if key in status}
    return told
