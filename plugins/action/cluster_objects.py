# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a part of a cluster to the plan: read it once, compare, apply what differs, remove what left the plan."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.hybridnet.cluster_edge.plugins.action.cluster_connection_info import PLACE, ClusterAction
from ansible_collections.hybridnet.cluster_edge.plugins.action.edge_fail import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.reader import ClusterReader
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import (
    ARGUMENTS as STATE_ARGUMENTS,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import read_state
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.changes import Changes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.common import Object
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.differences import difference
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.field_owners import is_applied
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.live_objects import live_places, place
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.parts import (
    PART_KINDS,
    part_changes,
    state_request,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.secrets import secrets_at_hand
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import FIELD_MANAGER
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

WRITER = "kubernetes.core.k8s"
HIDDEN = ["metadata.managedFields", "metadata.resourceVersion", "metadata.generation", "metadata.uid"]
"""What the API server writes: it would be most of every difference."""

ARGUMENTS: dict[str, Any] = {
    **PLACE,
    "part": {"type": "str", "required": True, "choices": list(PART_KINDS)},
    "site": {"type": "str", "required": True},
    "objects": {"type": "list", "elements": "dict", "default": []},
    "node_labels": {"type": "dict"},
    "passwords_in": {"type": "str", "no_log": False},
    "secrets_namespace": {"type": "str", "default": "kube-system", "no_log": False},
    "may_move": {"type": "list", "elements": "str", "default": []},
    "cilium_version": {"type": "str"},
    "serves_classless": {"type": "bool", "default": True},
    "services": {"type": "list", "elements": "dict", "default": []},
    "wait": {"type": "int", "default": 0},
}


class WriteError(Exception):
    """The API server has refused a write; ``result`` is what the module says of it."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        self.result = dict(result)
        super().__init__(str(result.get("msg")))


@fails_once
class ActionModule(ClusterAction):
    """Bring a part of a cluster to the plan."""

    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what changed, with a difference for each object; or all reasons why nothing was written."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        options = plain(self.validate_argument_spec(argument_spec=ARGUMENTS)[1])
        passwords = self._passwords(options["passwords_in"], variables)
        try:
            secrets = secrets_at_hand(options["objects"], passwords, options["secrets_namespace"], options["site"])
        except EdgeError as error:
            raise AnsibleActionFail(str(error)) from error
        state = self._read(options, secrets, variables)
        if state.get("failed"):
            return {**result, **state}
        try:
            changes = part_changes(options["part"], options, passwords, plain(state))
        except EdgeError as error:
            raise AnsibleActionFail(str(error)) from error
        errors = changes.errors if self._task.check_mode else [*changes.errors, *changes.absent]
        if errors:
            return {**result, "failed": True, "msg": "\n".join(str(error) for error in errors)}
        applied = state.get("applied", ())
        if any(name.startswith("Secret ") for name in changes.later):  # their namespace is not there yet
            secrets = []
        secrets = [item for item in secrets if item["metadata"]["name"] not in applied]
        try:
            done = self._write(changes, secrets, state["connection"]["k8s"], variables)
        except WriteError as error:
            return {**result, **error.result}
        warnings = [*state.get("warnings", ()), *changes.warnings, *(str(error) for error in changes.absent)]
        there = live_places(plain(state))
        created = [name for name in done["applied"] if name not in there]
        return {**result, **done, "created": created, "later": changes.later, "warnings": warnings}

    def _passwords(self, name: str | None, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the passwords in a variable. The task has its name alone: values would be arguments of the task."""
        found = plain(self._templar.template(variables.get(name) or {})) if name else {}
        if not isinstance(found, dict):
            raise AnsibleActionFail(f"{name}: is not a map of names to passwords")
        return found

    def _read(self, options: dict[str, Any], secrets: list[Object], variables: dict[str, Any]) -> dict[str, Any]:
        """Return the part's live state; ``applied`` are the names of those of ``secrets`` that need no write."""
        planned = {item["metadata"]["name"]: item for item in secrets}
        path = f"/api/v1/namespaces/{options['secrets_namespace']}/secrets"

        def read(reader: ClusterReader, request: Mapping[str, Any]) -> dict[str, Any]:
            # Only in this process: a module would send what the Secrets hold through its output.
            state = read_state(reader, request)
            names = [item["name"] for item in state["secrets"] if item["name"] in planned]
            found = {name: reader.get(f"{path}/{name}") for name in names}
            applied = [name for name, item in found.items() if item and is_applied(planned[name], item)]
            return {**state, "applied": applied}

        request = {name: spec.get("default") for name, spec in STATE_ARGUMENTS.items()}
        request.update({name: options[name] for name in PLACE})
        wait = 0 if self._task.check_mode else options["wait"]
        request.update(state_request(options["part"], options, wait))
        return self.look("cluster_state_info", read, request, variables)

    def _write(
        self, changes: Changes, secrets: list[Object], arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any]:
        """Apply Secrets and objects, then remove what left the plan; return what changed, and its differences.

        Raises:
            WriteError: the API server has refused one; those before it are done.
        """
        present = {"apply": True, "server_side_apply": {"field_manager": FIELD_MANAGER}, **arguments}
        hidden = self._write_secrets(secrets, present, variables)
        applied = self._send(changes.apply, present, variables)
        removed = self._send(changes.remove, {"state": "absent", **arguments}, variables)
        differences = [difference(item, answer.get("diff"), "present") for item, answer in applied]
        differences += [difference(item, answer.get("diff"), "absent") for item, answer in removed]
        return {
            "changed": bool(hidden or applied or removed),
            "applied": [place(item) for item, _answer in [*hidden, *applied]],
            "removed": [place(item) for item, _answer in removed],
            "diff": differences,
        }

    def _write_secrets(
        self, secrets: list[Object], arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> list[tuple[Object, dict[str, Any]]]:
        """Apply Secrets as :meth:`_send` does. Their content is in no log, difference or error."""
        no_log, self._task.no_log = self._task.no_log, True  # keeps the module from writing its arguments to syslog
        try:
            return self._send(secrets, arguments, variables)
        except WriteError as error:
            text = str(error)
            for item in secrets:
                encoded = item["data"]["password"]
                for secret in (encoded, base64.b64decode(encoded).decode()):
                    text = text.replace(secret, "********")
            raise WriteError({"failed": True, "msg": text}) from error
        finally:
            self._task.no_log = no_log

    def _send(
        self, objects: list[Object], arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> list[tuple[Object, dict[str, Any]]]:
        """Hand objects to kubernetes.core in one call; return those that changed, with its answers.

        Without any there is no call, so that a run that changes nothing writes nothing and starts no module.
        """
        if not objects:
            return []
        given = {"resource_definition": objects, "hidden_fields": HIDDEN, **arguments}
        done = self._execute_module(WRITER, module_args=given, task_vars=variables)
        if done.get("failed"):
            raise WriteError(done)
        answers = done["result"]["results"] if len(objects) > 1 else [done]
        return [(item, answer) for item, answer in zip(objects, answers, strict=True) if answer["changed"]]
