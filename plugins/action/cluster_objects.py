# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a part of a cluster to the plan: read it once, compare, apply what differs, remove what left the plan."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import ClusterApi
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.application import apply_objects
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.cilium_kinds import PLURALS
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.copied_labels import COPY_SECONDS
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.note import ARGUMENTS as NOTE_ARGUMENTS
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.note import write_note
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.removal import remove_objects
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import read_state
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.storage import (
    ARGUMENTS as STORE_ARGUMENTS,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.storage import store_objects
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.cluster_action import (
    PLACE,
    ClusterAction,
    staying,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.common import Object
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.lb_ipam import ALL, CLASSED, NONE
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.secrets import secrets_at_hand
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import (
    FIELD_MANAGER,
    ownership_labels,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.changes import Changes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.consent import told_refusals
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.field_owners import is_applied
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.kubectl import kubectl
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.live_objects import place
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.node_labels import labels_to_copy
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import (
    Claims,
    Delta,
    check_size,
    note_name,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.parts import (
    PART_KINDS,
    part_changes,
    state_request,
    usage_plurals,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.stored import left_as_stored
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.writes import (
    RETRY,
    Answered,
    PartWrites,
    WriteError,
    interrupted,
    sorted_answers,
    sorted_removals,
    told_beside,
    uncopied,
    without_passwords,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

ARGUMENTS: dict[str, Any] = {
    **PLACE,
    "part": {"type": "str", "required": True, "choices": list(PART_KINDS)},
    "site": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "kube-system"},
    "forget": {"type": "bool", "default": False},
    "objects": {"type": "list", "elements": "dict", "default": []},
    "nodes": {"type": "list", "elements": "str", "default": []},
    "node_labels": {"type": "dict"},
    "labels_go": {"type": "bool", "default": True},
    "passwords_in": {"type": "str", "no_log": False},
    "secrets_namespace": {"type": "str", "default": "kube-system", "no_log": False},
    "may_move": {"type": "list", "elements": "str", "default": []},
    "take_over": {"type": "dict", "default": {}},
    "cilium_version": {"type": "str"},
    "serves_classless": {"type": "bool", "default": True},
    "served_before": {"type": "str", "choices": [ALL, CLASSED, NONE]},
    "services": {"type": "list", "elements": "dict"},
    "leaving_routers": {"type": "list", "elements": "str", "default": []},
    "wait": {"type": "int", "default": 0},
    "refuse": {"type": "bool", "default": True},
}

WRITTEN = ("applied", "created", "removed", "diff", "refused", "stored")
"""What is told of writes, as lists."""


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
        begins = kubectl(options["kubeconfig"], options["context"])
        options = staying(options, plain(state))
        if not state.get("failed"):
            more = usage_plurals(options["part"], options, plain(state["objects"]))
            state = self.with_usage(state, more, options, variables)
        if state.get("failed"):
            return {**result, **state}
        live = plain(state)
        try:
            note = options["part"], options["site"], live["config_map"], options["namespace"]
            claims = Claims(*note, time.time(), begins)
            changes = part_changes(options["part"], options, passwords, live, claims)
        except EdgeError as error:
            raise AnsibleActionFail(str(error)) from error
        errors = [*changes.errors, *changes.pruned, *(() if self._task.check_mode else changes.absent)]
        previews = self._task.check_mode and not options["refuse"]
        if errors and not previews:
            return {**result, "failed": True, "msg": "\n".join(told_refusals(errors, options["take_over"]))}
        applied = state.get("applied", ())
        if any(name.startswith("Secret ") for name in changes.later):  # their namespace is not there yet
            secrets = []
        secrets = [item for item in secrets if item["metadata"]["name"] not in applied]
        try:
            done = self._write(changes, secrets, live, claims, options, variables)
        except WriteError as error:
            if not (errors and previews):
                return {**result, **error.result}
            errors = [*errors, EdgeError(options["part"], f"the rest cannot be previewed: {error}")]
            done = {"changed": True, **{key: [] for key in WRITTEN}}
        except EdgeError as error:
            raise AnsibleActionFail(str(error)) from error
        previewed = told_refusals(errors, options["take_over"]) if previews else ()
        told = told_beside(changes, claims, done.pop("refused"), previewed)
        return {**result, **done, **told, "warnings": [*state.get("warnings", ()), *told["warnings"]]}

    def _passwords(self, name: str | None, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the passwords in a variable. The task has its name alone: values would be arguments of the task."""
        found = plain(self._templar.template(variables.get(name) or {})) if name else {}
        if not isinstance(found, dict):
            raise AnsibleActionFail(f"{name}: is not a map of names to passwords")
        return found

    def _read(self, options: dict[str, Any], secrets: list[Object], variables: dict[str, Any]) -> dict[str, Any]:
        """Return the part's live state, with planned Secrets' metadata; ``applied`` are those that need no write."""
        planned = {item["metadata"]["name"]: item for item in secrets}
        path = f"/api/v1/namespaces/{options['secrets_namespace']}/secrets"

        def read(api: ClusterApi, request: Mapping[str, Any]) -> dict[str, Any]:
            # Only in this process: a module would send what the Secrets hold through its output.
            state = read_state(api, request)
            live = {name: api.get(f"{path}/{name}") for name in planned}
            applied = [name for name, item in live.items() if item and is_applied(planned[name], item)]
            return {**state, "applied": applied}

        wait = 0 if self._task.check_mode else options["wait"]
        request = {**state_request(options["part"], options, wait), "secret_names": list(planned)}
        return self.state(request, options, variables, read)

    def _write(
        self,
        changes: Changes,
        secrets: list[Object],
        live: Mapping[str, Any],
        claims: Claims,
        options: Mapping[str, Any],
        variables: dict[str, Any],
    ) -> dict[str, Any]:
        """Apply Secrets and objects, then remove what left the plan; return what changed, and its differences.

        Labels of nodes come before what selects by them, and go after it; Cilium knows those that come. What is about
        to be made is noted before, and its UIDs after it: a run that is cut off knows its own again.

        Raises:
            WriteError: the API server has refused one, which is no Service; those before it are done, and noted.
            EdgeError: the note would be larger than the API server takes.
        """
        part = PartWrites(options["part"], changes, secrets, live, claims)
        if self._task.check_mode:
            part.show_each_once()
        self._note(part.before, live, options, variables)
        try:
            hidden = self._write_secrets(part, options, variables)
            labeled = self._apply(part.nodes, part, options, variables)[0]
            copies = self._copies(options, live, False) if part.changes_a_selection else {}
            applied, refused = self._apply(part.objects, part, options, variables, part.is_last, copies)
            applied = [*labeled, *applied]
            applied += self._apply(part.relabel, part, options, variables)[0]
            copies = self._copies(options, live, True) if part.removes_a_selection else {}
            self._apply([], part, options, variables, copies=copies)
            removed, kept, told = self._remove(part.remove, options, variables, part.is_last)
            applied += self._apply(part.unlabel, part, options, variables)[0]
            stored = self._store(changes, options, variables)
        except WriteError as error:
            if error.answered:  # else nobody takes a note either; the next run knows what this one was making
                with contextlib.suppress(WriteError, EdgeError):
                    self._note(part.made, live, options, variables)
            raise
        delta = part.after(kept, refused, options["forget"])
        ends = part.ends_the_note(delta, options["forget"], self._task.check_mode)
        self._note(part.sent(delta), live, options, variables, forget=ends)
        note = [f"ConfigMap {claims.where}"] if ends and live["config_map"] else []
        done = part.told([*hidden, *applied], applied, removed, {**refused, **told}, delta, note)
        return {**done, "changed": done["changed"] or bool(stored), "stored": stored}

    def _store(self, changes: Changes, options: Mapping[str, Any], variables: dict[str, Any]) -> list[str]:
        """Store kinds anew, and return those that were; why one was not is a warning among the changes.

        Raises:
            WriteError: nobody has answered.
        """
        if not changes.store:
            return []
        kinds = {PLURALS[kind]: kind for kind in changes.store}
        request = {key: spec.get("default") for key, spec in STORE_ARGUMENTS.items()}
        request.update({key: options[key] for key in PLACE}, plurals=list(kinds), manager=FIELD_MANAGER)
        done = self.write("cluster_store", store_objects, request, variables)
        if done.get("failed"):
            raise WriteError({**done, "msg": f"storing {', '.join(changes.store)} anew: {done.get('msg')}\n{RETRY}"})
        changes.warnings += [left_as_stored([kinds[plural]], why) for plural, why in done["refused"].items()]
        return [kinds[plural] for plural in done["stored"]]

    @staticmethod
    def _copies(options: Mapping[str, Any], live: Mapping[str, Any], relabeled: bool) -> dict[str, dict[str, str]]:
        """Return the labels that Cilium must know before the part goes on (:func:`.node_labels.labels_to_copy`)."""
        return labels_to_copy(options["objects"], live["nodes"], options["node_labels"], relabeled)

    def _note(
        self,
        delta: Delta,
        live: Mapping[str, Any],
        options: Mapping[str, Any],
        variables: dict[str, Any],
        forget: bool = False,
    ) -> None:
        """Set and remove keys of the site's ConfigMap; without any, nothing is sent.

        Raises:
            WriteError: the cluster has refused it.
            EdgeError: it would be larger than the API server takes.
        """
        name = note_name(options["site"])
        if self._task.check_mode or not (delta or forget) or (forget and not live["config_map"]):
            return
        if not forget:
            check_size(live["config_map"], delta, f"{options['namespace']}/{name}")
        request = {key: spec.get("default") for key, spec in NOTE_ARGUMENTS.items()}
        request.update({key: options[key] for key in (*PLACE, "namespace")})
        request.update(name=name, labels=ownership_labels(options["site"]), data=delta, manager=FIELD_MANAGER)
        request["state"] = "absent" if forget else "present"
        done = self.run_module("cluster_note", write_note, request, variables)
        if done.get("failed"):
            raise WriteError({**done, "msg": f"ConfigMap {options['namespace']}/{name}: {done['msg']}"})

    def _write_secrets(self, part: PartWrites, options: Mapping[str, Any], variables: dict[str, Any]) -> list[Answered]:
        """Apply Secrets as :meth:`_apply` does. Their content is in no log, difference or error."""
        no_log, self._task.no_log = self._task.no_log, True  # keeps the module from writing its arguments to syslog
        try:
            return self._apply(part.secrets, part, options, variables)[0]
        except WriteError as error:
            text = without_passwords(str(error), part.secrets)
            raise WriteError({"failed": True, "msg": text}, error.answered) from error
        finally:
            self._task.no_log = no_log

    def _apply(
        self,
        objects: list[Object],
        part: PartWrites,
        options: Mapping[str, Any],
        variables: dict[str, Any],
        tolerant: bool = False,
        copies: Mapping[str, Mapping[str, str]] | None = None,
    ) -> tuple[list[Answered], dict[str, str]]:
        """Apply objects in one go, each by one request. Without any, nothing is sent.

        Args:
            objects: what to write.
            part: how they were when they were read; takes what became of them.
            options: the task's.
            variables: the task's variables.
            tolerant: go on where the API server refuses one.
            copies: by node, the labels that Cilium must know before.

        Returns:
            Those that changed, with what became of them; and by place, why the API server refused one.

        Raises:
            WriteError: the API server has refused one, and it is not tolerated; or it refuses whatever we write; or
                nobody answered; or an agent that is ready does not copy labels.
        """
        if not (objects or (copies and not self._task.check_mode)):
            return [], {}
        request = {key: options[key] for key in PLACE}
        compare = bool(self._task.check_mode or self._task.diff)
        request.update(objects=objects, manager=FIELD_MANAGER, compare=compare)
        request["versions"] = [part.versions.get(place(item), "") for item in objects]
        request["owned"] = [part.owned.get(place(item), {}) for item in objects]
        request.update(namespace=options["namespace"], copies=copies or {}, copied_within=COPY_SECONDS)
        done = self.write("cluster_apply", apply_objects, request, variables)
        if done.get("failed"):
            raise interrupted("", objects, done)
        if done["uncopied"]:
            raise uncopied(done["uncopied"], kubectl(options["kubeconfig"], options["context"]), options["namespace"])
        part.take(objects, done["results"])
        return sorted_answers(objects, done["results"], tolerant)

    def _remove(
        self, objects: list[Object], options: Mapping[str, Any], variables: dict[str, Any], tolerant: bool
    ) -> tuple[list[Answered], set[str], dict[str, str]]:
        """Remove objects by their UID, so that none goes that somebody made anew in the meantime.

        Returns:
            As :func:`.writes.sorted_removals` does.

        Raises:
            WriteError: the API server has refused one, and it is not tolerated; or whatever we write.
        """
        if not objects:
            return [], set(), {}
        request = {key: options[key] for key in PLACE}
        request.update(objects=objects, labels=ownership_labels(options["site"]), continue_on_error=tolerant)
        done = self.write("cluster_remove", remove_objects, request, variables)
        if done.get("failed"):
            raise interrupted("removing ", objects, done)
        return sorted_removals(objects, done["results"], tolerant)
