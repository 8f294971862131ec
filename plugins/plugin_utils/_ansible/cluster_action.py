# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions that ask a cluster.

Where a module would run on this machine with this interpreter, they read in Ansible's own process. A module starts
Python and imports the client each time; an action is imported once, before Ansible forks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.client import KUBERNETES_ERROR
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.module import Read, read_cluster
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import (
    ARGUMENTS as STATE_ARGUMENTS,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import read_state

COLLECTION = "hybridnet.cluster_edge"

NAMES: dict[str, Any] = {"kubeconfig": {"type": "str"}, "context": {"type": "str"}}
"""The options that name a cluster. The path is text: which home ``~`` means is known where it is read."""

PLACE: dict[str, Any] = {**NAMES, "cluster_uid": {"type": "str"}}
"""These, and the one that says which cluster must answer."""

LOOK_AT = (
    "Look at edge_cluster_kubeconfig and edge_cluster_context, or at K8S_AUTH_HOST where the environment names the"
    " cluster: kubectl --kubeconfig FILE get --raw /readyz"
)
"""The way out where a cluster cannot be read."""

ROLES = tuple(f"{COLLECTION}.cilium_net_{name}" for name in ("release", "bgp", "lb", "services"))
"""The roles that have deprecated variables of their own for kubeconfig and context."""


def staying(options: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's options, by which all further requests go to the cluster that has answered, or fail.

    Args:
        options: the task's.
        found: the result of module ``cluster_state_info``. A UID that it has not read stays open.
    """
    context = options["context"] or (found.get("connection") or {}).get("context")
    return {**options, "context": context, "cluster_uid": options["cluster_uid"] or found.get("cluster_uid")}


class ClusterAction(ActionBase):
    """An action that asks a cluster."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run_module(
        self, module: str, read: Read, options: Mapping[str, Any], task_vars: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the result of a module that asks the cluster, from this process where that is the same.

        Args:
            module: the module's name in this collection, for all other cases.
            read: what the module does.
            options: the module's options, whole.
            task_vars: the task's variables.
        """
        options = {**options, **self._role_variables(options, task_vars)}
        if not self._is_own_process(task_vars):
            given = {name: value for name, value in options.items() if value is not None}
            return dict(self._execute_module(f"{COLLECTION}.{module}", module_args=given, task_vars=task_vars))
        own: dict[str, Any] = {}
        self._compute_environment_string(own)
        environment = {**os.environ, **{str(name): str(value) for name, value in own.items()}}
        kubeconfig = options["kubeconfig"] and self._local_path(options["kubeconfig"])
        return read_cluster(read, {**options, "kubeconfig": kubeconfig}, environment)

    def write(
        self, module: str, write: Read, options: Mapping[str, Any], task_vars: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the result of a module that writes to the cluster, as :meth:`run_module` does.

        In check mode it has ``dry_run`` among its options, as in a process of its own (``module.run_previewer``).
        """
        dry_run = self._task.check_mode
        return self.run_module(module, lambda api, given: write(api, {**given, "dry_run": dry_run}), options, task_vars)

    def state(
        self,
        wanted: Mapping[str, Any],
        place: Mapping[str, Any],
        task_vars: Mapping[str, Any],
        read: Read = read_state,
    ) -> dict[str, Any]:
        """Return the result of module ``cluster_state_info``.

        Args:
            wanted: its options; those that are left out have their defaults.
            place: what has kubeconfig and context, and perhaps the UID of the cluster.
            task_vars: the task's variables.
            read: what is done in the module's place, where the cluster is read from this process.
        """
        request = {name: spec.get("default") for name, spec in STATE_ARGUMENTS.items()}
        request.update({name: place.get(name) for name in PLACE})
        request.update(wanted)
        return self.run_module("cluster_state_info", read, request, task_vars)

    def with_usage(
        self, state: dict[str, Any], plurals: list[str], options: Mapping[str, Any], task_vars: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return a state with what more kinds of Cilium's have, where any are asked for.

        Args:
            state: the result of module ``cluster_state_info``.
            plurals: the kinds.
            options: the task's, of which those of :data:`PLACE` are used.
            task_vars: the task's variables.
        """
        if not plurals:
            return state
        more = self.state({"plurals": plurals}, options, task_vars)
        return more if more.get("failed") else {**state, "objects": [*state["objects"], *more["objects"]]}

    def _role_variables(self, options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, str]:
        """Return kubeconfig and context from the deprecated variables of the role that the task is in."""
        role = self._task._role
        if role is None or role.get_name() not in ROLES:
            return {}
        found: dict[str, str] = {}
        for option in NAMES:
            name = f"{role.get_name().rpartition('.')[2]}_{option}"
            value = self._templar.template(task_vars.get(name))
            if not value or value == options[option]:  # nothing hangs on a variable that says the same
                continue
            if options[option] is not None:
                raise AnsibleActionFail(
                    f"{name}: is {value}, and module_defaults say {options[option]}: one run would change two clusters "
                    f"(take {name} away)"
                )
            Display().deprecated(
                f"{name} is replaced by {option} in module_defaults of group/{COLLECTION}.cluster.",
                version="0.2.0",
                collection_name="hybridnet.cluster_edge",
            )
            found[option] = str(value)
        return found

    def _is_own_process(self, task_vars: Mapping[str, Any]) -> bool:
        """Return whether a module of this task would run with this interpreter, on this machine, as this user."""
        if KUBERNETES_ERROR or self._connection.transport != "local" or self._connection.become:
            return False
        delegated = task_vars.get("ansible_delegated_vars") or {}
        variables = delegated.get(self._task.delegate_to) or task_vars
        interpreter = self._templar.template(variables.get("ansible_python_interpreter"))
        return str(interpreter) == sys.executable

    def _local_path(self, path: str) -> str:
        """Return a path as a module on this machine would see it: it runs in the playbook's folder."""
        return os.path.join(self._loader.get_basedir(), os.path.expanduser(os.path.expandvars(path)))
