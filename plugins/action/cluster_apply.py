# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand objects to kubernetes.core.k8s, and its differences to the user: for several objects it keeps them to itself."""

from __future__ import annotations

from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.action.cluster_connection_info import PLACE, ClusterAction
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.changes import difference, place
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import FIELD_MANAGER
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

OPTIONS: dict[str, dict[str, Any]] = {
    "objects": {"type": "list", "elements": "dict", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    **PLACE,
}
HIDDEN = ["metadata.managedFields", "metadata.resourceVersion", "metadata.generation", "metadata.uid"]
"""What the API server writes: it would be most of every difference."""


class ActionModule(ClusterAction):
    """Apply or remove objects in one call of the module."""

    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return which objects changed, with a difference for each."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=OPTIONS)[1]
        objects = plain(options["objects"])
        place_of = {name: options[name] for name in PLACE}
        way = self.look("cluster_connection_info", lambda _reader, _options: {}, place_of, task_vars or {})
        if way.get("failed"):
            return {**result, **way}
        arguments: dict[str, Any] = {
            "resource_definition": objects,
            "hidden_fields": HIDDEN,
            **way["connection"]["k8s"],
        }
        if options["state"] == "absent":
            arguments["state"] = "absent"
        else:
            arguments.update(apply=True, server_side_apply={"field_manager": FIELD_MANAGER})
        done = self._execute_module("kubernetes.core.k8s", module_args=arguments, task_vars=task_vars)
        if done.get("failed"):
            return {**result, **done}
        answers = done["result"]["results"] if len(objects) > 1 else [done]
        changed = [(item, answer) for item, answer in zip(objects, answers, strict=True) if answer["changed"]]
        return {
            **result,
            "changed": bool(changed),
            "objects": [place(item) for item, _answer in changed],
            "diff": [difference(item, answer.get("diff"), options["state"]) for item, answer in changed],
        }
