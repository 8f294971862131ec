# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a site's twin up or take it down on the controller, and say how far it is while it runs."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import plan_of
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.platforms import (
    FIREWALLS,
    NATS,
    PLATFORM,
    REVERSE_PATHS,
    RouterSettings,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import (
    CILIUM,
    ROUTER_SUITES,
    Programs,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.runtime import Progress, Runtime
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.site import (
    Stopped,
    TwinSite,
    require_root,
)

ARGUMENTS: dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str", "required": True},
    "plan": {"type": "dict"},
    "folder": {"type": "path", "required": True},
    "cache": {"type": "path", "required": True},
    "recipes": {"type": "path", "required": True},
    "programs": {"type": "path"},
    "router_suite": {"type": "str", "default": "trixie", "choices": list(ROUTER_SUITES)},
    "endpoints": {"type": "dict", "default": {}},
    "router_platforms": {"type": "dict", "default": {}},
    "reverse_path": {"type": "str", "default": PLATFORM, "choices": [PLATFORM, *REVERSE_PATHS]},
    "firewall": {"type": "str", "default": PLATFORM, "choices": [*FIREWALLS]},
    "nat": {"type": "str", "default": PLATFORM, "choices": [*NATS]},
    "firewall_rules": {"type": "list", "elements": "dict", "default": []},
    "port_forwards": {"type": "list", "elements": "dict", "default": []},
    "proxy_arp": {"type": "list", "elements": "str", "default": []},
    "default_networks": {"type": "dict", "default": {}},
    "stopped_agents": {"type": "list", "elements": "str", "default": []},
    "stopped_operators": {"type": "list", "elements": "str", "default": []},
    "passwords": {"type": "dict", "default": {}, "no_log": True},
}


@fails_once
class ActionModule(ActionBase):
    """Run the twin from the controller's own process; it is Linux's namespaces all the way, no connection."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return where the twin is, or fail with what it waited for in vain."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = plain(
            self.validate_argument_spec(argument_spec=ARGUMENTS, required_if=[("state", "present", ["plan"])])[1]
        )
        progress = Progress(Display().display)
        try:
            require_root()
            runtime = Runtime(_twin.prefix(options["name"]), Path(options["folder"]).expanduser(), progress)
            own = Path(options["programs"]).expanduser() if options["programs"] else None
            twin = TwinSite(
                runtime, Programs(Path(options["cache"]).expanduser(), Path(options["recipes"]), own, progress)
            )
            if options["state"] == "absent":
                changed = twin.exists() if self._task.check_mode else twin.absent()
                return {**result, "changed": changed, "milestones": progress.milestones}
            planned = plan_of(options["plan"], "edge_twin_plan")
            settings = RouterSettings(
                platforms=options["router_platforms"],
                reverse_path=options["reverse_path"],
                firewall=options["firewall"],
                nat=options["nat"],
                firewall_rules=options["firewall_rules"],
                port_forwards=options["port_forwards"],
                proxy_arp=options["proxy_arp"],
            )
            description = _twin.describe(
                planned, options["name"], options["endpoints"], tuple(CILIUM), settings, options["default_networks"]
            )
            stopped = Stopped(options["stopped_agents"], options["stopped_operators"])
            stopped.check(description)
            if self._task.check_mode:
                return {**result, "changed": twin.differs(description, stopped)}
            up = twin.present(description, options["router_suite"], stopped, options["passwords"])
            return {**result, **dataclasses.asdict(up), "overlay": str(up.overlay), "milestones": progress.milestones}
        except EdgeError as error:
            return {**result, "failed": True, "msg": str(error)}
