# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the services' addresses from the clients of a rehearsal's twin, on the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.variables import registered
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import plan_of
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.ask import (
    ask,
    clients,
    read_description,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.clients import TwinClient
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import client_targets

ARGUMENTS = {
    "plan": {"type": "dict", "required": True},
    "overlay": {"type": "path", "required": True},
    "routers_in": {"type": "str", "required": True},
    "clusters_in": {"type": "str", "required": True},
}


@fails_once
class ActionModule(ActionBase):
    """Ask the services' addresses from the clients of a twin."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what each client heard, and what the routers dropped; it changes nothing."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = plain(self.validate_argument_spec(argument_spec=ARGUMENTS)[1])
        variables = task_vars or {}
        try:
            plan = plan_of(options["plan"], "plan")
            description = read_description(Path(options["overlay"]))
            known = cast(list[TwinClient], clients(description))
            seen = registered(set(plan["routers"]), variables, options["routers_in"])
            routers = {name: item if "error" in item else item["frr"] for name, item in seen.items()}
            clusters = registered(set(plan["clusters"]), variables, options["clusters_in"])
            heard = ask(description, client_targets(plan, clusters, routers, known))
        except EdgeError as error:
            return {**result, "failed": True, "msg": str(error)}
        return {**result, "changed": False, "heard": {"clients": known, **heard}}
