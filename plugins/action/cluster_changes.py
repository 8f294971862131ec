# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a cluster and return what a role would apply and remove there; fail with every reason why it must not."""

from __future__ import annotations

from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.action.cluster_connection_info import PLACE, ClusterAction
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.cilium_kinds import PLURALS
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import (
    ARGUMENTS as STATE_ARGUMENTS,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import read_state
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.changes import (
    Changes,
    bgp_changes,
    lb_changes,
    service_changes,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.objects import BGP_KINDS, LB_KINDS
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import (
    FIELD_MANAGER,
    ownership_labels,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

KINDS = {"bgp": BGP_KINDS, "lb": LB_KINDS, "services": ()}

ARGUMENTS: dict[str, Any] = {
    "part": {"type": "str", "required": True, "choices": list(KINDS)},
    "site": {"type": "str", "required": True},
    **PLACE,
    "objects": {"type": "list", "elements": "dict", "default": []},
    "node_labels": {"type": "dict"},
    "passwords": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "secrets_namespace": {"type": "str", "default": "kube-system", "no_log": False},
    "may_move": {"type": "list", "elements": "str", "default": []},
    "services": {"type": "list", "elements": "dict", "default": []},
    "wait": {"type": "int", "default": 0},
}


class ActionModule(ClusterAction):
    """Compare a part of the plan with a live cluster."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the changes, or fail with all reasons at once."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = plain(self.validate_argument_spec(argument_spec=ARGUMENTS)[1])
        state = self.look("cluster_state_info", read_state, self._request(options), task_vars or {})
        if state.get("failed"):
            return {**result, **state}
        changes = compare(options, plain(state))
        errors = changes.errors if self._task.check_mode else [*changes.errors, *changes.absent]
        if errors:
            return {**result, "failed": True, "msg": "\n".join(str(error) for error in errors)}
        warnings = [*state.get("warnings", ()), *changes.warnings, *(str(error) for error in changes.absent)]
        lists = {"apply": changes.apply, "remove": changes.remove, "later": changes.later}
        return {**result, "changed": False, "warnings": warnings, "connection": state["connection"], **lists}

    def _request(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return what to read for the part."""
        part = options["part"]
        owned = ",".join(f"{key}={value}" for key, value in sorted(ownership_labels(options["site"]).items()))
        defaults = {name: spec.get("default") for name, spec in STATE_ARGUMENTS.items()}
        return {
            **defaults,
            "kubeconfig": options["kubeconfig"],
            "context": options["context"],
            "plurals": [PLURALS[kind] for kind in KINDS[part]],
            "nodes": part == "bgp",
            "namespaces": part in ("bgp", "services"),
            "services": part in ("lb", "services"),
            "secrets_namespace": options["secrets_namespace"] if part == "bgp" else None,
            "selector": owned,
            "manager": FIELD_MANAGER,
            "wait": 0 if self._task.check_mode or not options["objects"] else options["wait"],
        }


def compare(options: dict[str, Any], state: dict[str, Any]) -> Changes:
    """Return what to do for the part that ``options`` names."""
    site = options["site"]
    if options["part"] == "bgp":
        namespace = options["secrets_namespace"]
        return bgp_changes(options["objects"], options["node_labels"], options["passwords"], namespace, state, site)
    if options["part"] == "lb":
        return lb_changes(options["objects"], options["may_move"], state, site)
    return service_changes(options["services"], state, site)
