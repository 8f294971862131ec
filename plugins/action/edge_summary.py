# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sum up what a run changes at each end, from what the hosts of the play have registered."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import plan_of
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.summary import summarize, summary_lines

NAMES = {"type": "list", "elements": "str", "required": True}
ARGUMENTS: dict[str, Any] = {
    "plan": {"type": "dict", "required": True},
    "routers_in": NAMES,
    "live_releases_in": NAMES,
    "releases_in": NAMES,
    "notes_in": {"type": "list", "elements": "str", "default": []},
    "looks_in": {"type": "list", "elements": "str", "default": []},
    "objects_in": NAMES,
    "waiting_in": {**NAMES, "required": False, "default": []},
}


@fails_once
class ActionModule(ActionBase):
    """Sum up what a run changes."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what changes at each planned end of the play, as data and as text."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=ARGUMENTS)[1]
        variables = task_vars or {}
        hosts = set(variables.get("ansible_play_hosts_all") or ())

        def found(host: str, option: str) -> list[dict[str, Any]]:
            return [plain(variables["hostvars"][host].get(name) or {}) for name in options[option]]

        try:
            plan = plan_of(plain(options["plan"]), "edge_plan")
        except EdgeError as error:
            raise AnsibleActionFail(str(error)) from error
        routers = {host: found(host, "routers_in") for host in hosts & set(plan["routers"])}
        options_of = {
            "live": "live_releases_in",
            "release": "releases_in",
            "notes": "notes_in",
            "objects": "objects_in",
            "waiting": "waiting_in",
            "looks": "looks_in",
        }
        clusters = {
            host: {name: found(host, option) for name, option in options_of.items()}
            for host in hosts & set(plan["clusters"])
        }
        summary = summarize(plan, bool(self._task.check_mode), routers, clusters)
        return {**result, **summary, "changed": False, "text": "\n".join(summary_lines(summary))}
