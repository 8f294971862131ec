# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a part of a cluster to the plan: read it once, compare, apply what differs, remove what left the plan."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.hybridnet.cluster_edge.plugins.action.cluster_connection_info import PLACE, ClusterAction
from ansible_collections.hybridnet.cluster_edge.plugins.action.edge_fail import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import MASK, EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.application import (
    APPLIED,
    apply_objects,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.note import ARGUMENTS as NOTE_ARGUMENTS
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.note import MAKING, NOTED, write_note
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.reader import ClusterReader
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.removal import (
    KEPT,
    REFUSED,
    REMOVED,
    remove_objects,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import read_state
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.answers import is_of_object
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.changes import Changes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.common import Object
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.consent import told_refusals
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.differences import difference
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.field_owners import is_applied
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.live_objects import (
    live_uids,
    live_versions,
    place,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.note import (
    Claims,
    Delta,
    check_size,
    created_uids,
    note_name,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.parts import (
    PART_KINDS,
    part_changes,
    state_request,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.secrets import secrets_at_hand
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.wording import MOST_NAMES, some
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import (
    FIELD_MANAGER,
    ownership_labels,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

ARGUMENTS: dict[str, Any] = {
    **PLACE,
    "part": {"type": "str", "required": True, "choices": list(PART_KINDS)},
    "site": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "kube-system"},
    "forget": {"type": "bool", "default": False},
    "objects": {"type": "list", "elements": "dict", "default": []},
    "node_labels": {"type": "dict"},
    "passwords_in": {"type": "str", "no_log": False},
    "secrets_namespace": {"type": "str", "default": "kube-system", "no_log": False},
    "may_move": {"type": "list", "elements": "str", "default": []},
    "take_over": {"type": "dict", "default": {}},
    "cilium_version": {"type": "str"},
    "serves_classless": {"type": "bool", "default": True},
    "services": {"type": "list", "elements": "dict"},
    "may_end_sessions": {"type": "bool", "default": False},
    "wait": {"type": "int", "default": 0},
    "refuse": {"type": "bool", "default": True},
}


TAKEN_MEANWHILE = (
    "somebody else made it while this run did. What is planned was written into it; it is not counted as this site's"
    " (look at its managedFields; delete it and run again, or give one of the two another name)"
)
"""Said of an object that was absent when it was read, and that others have written too when ours was."""
RETRY = "What was written before it stays. Mend this and run again: the run goes on there."
"""What a run that ends in the middle of its writes leaves, and the way out."""

LAST_PART = "services"
"""The part after which a cluster that leaves the site has no need of the note."""


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
        if options["part"] == "bgp" and not options["may_end_sessions"]:
            state = self.with_sessions(state, options["objects"], options["site"], options, variables)
        if state.get("failed"):
            return {**result, **state}
        live = plain(state)
        try:
            claims = Claims(options["part"], options["site"], live["config_map"], options["namespace"])
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
            done = {"changed": True, "applied": [], "created": [], "removed": [], "diff": [], "refused": []}
        except EdgeError as error:
            raise AnsibleActionFail(str(error)) from error
        previewed = told_refusals(errors, options["take_over"]) if previews else ()
        told = self._told(changes, claims, done.pop("refused"), previewed)
        return {**result, **done, **told, "warnings": [*state.get("warnings", ()), *told["warnings"]]}

    def _told(
        self, changes: Changes, claims: Claims, refused: Iterable[str], previewed: Iterable[str]
    ) -> dict[str, Any]:
        """Return what is said beside what was done; ``previewed`` are refusals of which a preview goes on."""
        faults = [*(str(error) for error in changes.faults), *refused]
        warnings = [*changes.warnings, *faults, *map(str, changes.absent), *previewed]
        if claims.taken:
            warnings.append(
                f"ConfigMap {claims.where} has no UIDs of the part {claims.part} yet. Taken for this site's, as"
                f" they carry its labels and its field manager: {', '.join(claims.taken)}"
            )
        return {"later": changes.later, "warnings": warnings, "faults": faults, "taken": claims.taken}

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

        def read(reader: ClusterReader, request: Mapping[str, Any]) -> dict[str, Any]:
            # Only in this process: a module would send what the Secrets hold through its output.
            state = read_state(reader, request)
            live = {name: reader.get(f"{path}/{name}") for name in planned}
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

        What is about to be made is noted before, and its UIDs after it: a run that is cut off knows its own again.

        Raises:
            WriteError: the API server has refused one, which is no Service; those before it are done.
            EdgeError: the note would be larger than the API server takes.
        """
        uids, versions = live_uids(live), live_versions(live)
        new = [name for item in [*secrets, *changes.apply] if (name := place(item)) not in uids and is_whole(item)]
        making = f"{MAKING}{options['part']}"
        self._note({making: "\n".join(new)} if new else {}, live, options, variables)
        hidden = self._write_secrets(secrets, versions, options, variables)
        # The UID is a condition: an object that somebody made anew in the meantime is not written to.
        known = [with_uid(item, uids) for item in changes.apply]
        tolerant = options["part"] == "services"
        applied, refused = self._apply(known, versions, options, variables, tolerant)
        removed, kept, told = self._remove([with_uid(item, uids) for item in changes.remove], options, variables)
        delta = {**({making: None} if new else {}), **created_uids([*hidden, *applied], new)}
        delta = {**claims.delta_without([uids[name] for name in kept]), **delta}
        note = self._note_after(delta, claims, live, options, variables)
        differences = [difference(item, answer, "present") for item, answer in applied]
        differences += [difference(item, answer, "absent") for item, answer in removed]
        written = [(place(item), answer) for item, answer in [*hidden, *applied]]
        names = [name for name, _answer in written]
        told |= {name: TAKEN_MEANWHILE for name, answer in written if name in new and answer.get("shared")}
        noted = [key for key in delta if not key.startswith(NOTED)]
        return {
            "changed": bool(names or removed or noted or note),
            "applied": names,
            "created": [name for name in names if name not in uids],
            "removed": [*(place(item) for item, _answer in removed), *note],
            "refused": [f"{name}: {text}" for name, text in {**refused, **told}.items()],
            "diff": differences,
        }

    def _note_after(
        self,
        delta: Delta,
        claims: Claims,
        live: Mapping[str, Any],
        options: Mapping[str, Any],
        variables: dict[str, Any],
    ) -> list[str]:
        """Note what was made and removed; return the ConfigMap where it was removed, with the last part of a cluster.

        Raises:
            WriteError, EdgeError: as :meth:`_note` does.
        """
        if options["forget"]:
            delta.pop(f"{NOTED}{options['part']}", None)
        # In check mode nothing was removed yet, of no part.
        left = [] if self._task.check_mode else claims.left(delta)
        last = options["forget"] and options["part"] == LAST_PART and not left
        if not live["config_map"] and not any(delta.values()) and f"{MAKING}{options['part']}" not in delta:
            delta = {}
        self._note(delta, live, options, variables, forget=last)
        return [f"ConfigMap {claims.where}"] if last and live["config_map"] else []

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
        done = self.look("cluster_note", write_note, request, variables)
        if done.get("failed"):
            raise WriteError({**done, "msg": f"ConfigMap {options['namespace']}/{name}: {done['msg']}"})

    def _write_secrets(
        self,
        secrets: list[Object],
        versions: Mapping[str, str],
        options: Mapping[str, Any],
        variables: dict[str, Any],
    ) -> list[tuple[Object, dict[str, Any]]]:
        """Apply Secrets as :meth:`_apply` does. Their content is in no log, difference or error."""
        no_log, self._task.no_log = self._task.no_log, True  # keeps the module from writing its arguments to syslog
        try:
            return self._apply(secrets, versions, options, variables)[0]
        except WriteError as error:
            text = str(error)
            for item in secrets:
                encoded = item["data"]["password"]
                for secret in (encoded, base64.b64decode(encoded).decode()):
                    text = text.replace(secret, MASK)
            raise WriteError({"failed": True, "msg": text}) from error
        finally:
            self._task.no_log = no_log

    def _apply(
        self,
        objects: list[Object],
        versions: Mapping[str, str],
        options: Mapping[str, Any],
        variables: dict[str, Any],
        tolerant: bool = False,
    ) -> tuple[list[tuple[Object, dict[str, Any]]], dict[str, str]]:
        """Apply objects in one go, each by one request. Without any, nothing is sent.

        Args:
            objects: what to write.
            versions: by place, the resourceVersion with which an object was read.
            options: the task's.
            variables: the task's variables.
            tolerant: go on where the API server refuses one.

        Returns:
            Those that changed, with what became of them; and by place, why the API server refused one.

        Raises:
            WriteError: the API server has refused one, and it is not tolerated; or it refuses whatever we write; or
                nobody answered.
        """
        if not objects:
            return [], {}
        request = {key: options[key] for key in PLACE}
        compare = bool(self._task.check_mode or self._task.diff)
        request.update(objects=objects, manager=FIELD_MANAGER, compare=compare)
        request["versions"] = [versions.get(place(item), "") for item in objects]
        done = self.write("cluster_apply", apply_objects, request, variables)
        if done.get("failed"):
            raise WriteError({**done, "msg": interrupted("", objects, done)})
        changed, refused = sorted_answers(objects, done["results"])
        if refused and not tolerant:
            raise WriteError({"failed": True, "msg": refusal(refused)})
        return changed, refused

    def _remove(
        self, objects: list[Object], options: Mapping[str, Any], variables: dict[str, Any]
    ) -> tuple[list[tuple[Object, dict[str, Any]]], set[str], dict[str, str]]:
        """Remove objects by their UID, so that none goes that somebody made anew in the meantime.

        Returns:
            Those that were removed, with what was there; by place, those that stay; and by place, what is said of one
            that was not removed.

        Raises:
            WriteError: the API server has refused one that is no Service, or whatever we write.
        """
        if not objects:
            return [], set(), {}
        tolerant = options["part"] == LAST_PART
        request = {key: options[key] for key in PLACE}
        request.update(objects=objects, labels=ownership_labels(options["site"]), continue_on_error=tolerant)
        done = self.write("cluster_remove", remove_objects, request, variables)
        if done.get("failed"):
            raise WriteError({**done, "msg": interrupted("removing ", objects, done)})
        removed: list[tuple[Object, dict[str, Any]]] = []
        kept, told = set(), {}
        for item, found in zip(objects, done["results"], strict=False):
            if found["outcome"] == REMOVED:
                removed.append((item, found))
            if found["outcome"] in (KEPT, REFUSED):
                kept.add(place(item))
            if found["outcome"] == REFUSED:
                if not (tolerant and is_of_object(found["status"], found["reason"])):
                    raise WriteError({"failed": True, "msg": refusal({place(item): found["reason"]}, "remove")})
                told[place(item)] = found["reason"]
            elif "reason" in found:
                told[place(item)] = f"{found['reason']}; it was left as it is"
        return removed, kept, told


def interrupted(verb: str, objects: Sequence[Object], done: Mapping[str, Any]) -> str:
    """Return the text of a run that ends because nobody has answered, or for a lack of rights.

    Args:
        verb: what the run was about to do, where it was no writing.
        objects: what it was about to write or remove.
        done: the result of the module.
    """
    return f"{verb}{some([place(item) for item in objects], MOST_NAMES)}: {done.get('msg')}\n{RETRY}"


def refusal(refused: Mapping[str, str], verb: str = "write") -> str:
    """Return the text of a run that ends because the API server has refused some objects.

    Args:
        refused: by place, the server's reason.
        verb: what the run was about to do to them.
    """
    lines = [f"{name}: the API server refused to {verb} it: {text}" for name, text in refused.items()]
    return "\n".join([*lines, RETRY])


def sorted_answers(
    objects: Sequence[Object], results: Sequence[dict[str, Any]]
) -> tuple[list[tuple[Object, dict[str, Any]]], dict[str, str]]:
    """Return what changed, with what became of it; and by place, why the API server refused one.

    Raises:
        WriteError: a refusal says that we have no right to write, or that the server cannot.
    """
    changed, refused = [], {}
    for item, found in zip(objects, results, strict=False):  # they end with a refusal that meets all
        if found["outcome"] == REFUSED:
            if not is_of_object(found["status"], found["reason"]):
                raise WriteError({"failed": True, "msg": f"{place(item)}: {found['reason']}\n{RETRY}"})
            refused[place(item)] = found["reason"]
        elif found["outcome"] == APPLIED:
            changed.append((item, found))
    return changed, refused


def is_whole(item: Object) -> bool:
    """Return whether an object is made whole by us, and not single keys of one of others."""
    return "spec" in item or "data" in item


def with_uid(item: Object, uids: Mapping[str, str]) -> Object:
    """Return an object with the UID of the live one, if there is one."""
    uid = uids.get(place(item))
    return {**item, "metadata": {**item["metadata"], "uid": uid}} if uid else item
