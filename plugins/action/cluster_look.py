# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a cluster before anything is changed: is it the right one, is it ready, and what of others would be lost."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible import release as ansible_release
from ansible.errors import AnsibleActionFail
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.chart_source import chart_refusals
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.cluster_action import (
    LOOK_AT,
    PLACE,
    ClusterAction,
    staying,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import plan_of
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.look import (
    Look,
    Target,
    calls_helm,
    identity_of,
    look,
    look_request,
    reads_workloads,
    target_of,
    usage_request,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.preflight import (
    lacking_programs,
    lacking_rights,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.unseen import unseen_lacks
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

ARGUMENTS: dict[str, Any] = {
    **PLACE,
    "plan": {"type": "dict", "required": True},
    "cluster": {"type": "str", "required": True},
    "release": {"type": "str", "default": "cilium"},
    "namespace": {"type": "str", "default": "kube-system"},
    "helm": {"type": "str", "default": "helm"},
    "verifies": {"type": "bool", "default": False},
    "chart": {"type": "str", "default": ""},
    "repository": {"type": "str", "default": ""},
}

BLIND: dict[str, Any] = {"notes": [], "pending": Look().pending, "first_install": False, "blind": True}
"""What is returned of a cluster that could not be looked at, beside the refusals."""


def unseen(state: Mapping[str, Any]) -> str:
    """Return why a cluster could not be looked at, from the result of module ``cluster_state_info``."""
    return f"it cannot be looked at: {state.get('msg')}\n{LOOK_AT}"


def _told(target: Target, state: Mapping[str, Any], found: Look) -> dict[str, Any]:
    """Return what is told of a cluster that was looked at."""
    return {
        "refusals": found.refusals,
        "notes": found.notes,
        "leaving_routers": list(target.leaving_routers),
        "identity": identity_of(state),
        "cluster_uid": state.get("cluster_uid"),
        "nodes": target.planned_nodes,
        "pending": found.pending,
        "first_install": found.first_install,
        "cilium_version": found.lb_ipam.version,
        "served_before": found.lb_ipam.served_before,
    }


@fails_once
class ActionModule(ClusterAction):
    """Look at a cluster before anything is changed."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what was found; ``blind`` says that the cluster could not be looked at."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = plain(self.validate_argument_spec(argument_spec=ARGUMENTS)[1])
        variables = task_vars or {}
        try:
            plan = plan_of(options["plan"], "plan")
        except EdgeError as error:
            raise AnsibleActionFail(str(error)) from error
        if options["cluster"] not in plan["clusters"]:
            raise AnsibleActionFail(f"cluster: the plan has no cluster {options['cluster']}")
        named = options["cluster"], options["release"], options["namespace"]
        target = target_of(plan, *named, options["verifies"], bool(self._task.check_mode))
        target = replace(target, now=time.time())
        programs: dict[str, str | None] = {"ansible-core": ansible_release.__version__}
        able = plain(self.state({"rules": target.namespaces}, options, variables))
        if able.get("failed"):
            return {**result, **BLIND, "refusals": [*self._local(target, programs, options), unseen(able)]}
        options = staying(options, able)
        programs["kubernetes"] = able["client"]
        unread = lacking_rights(target.rights_to_look, able["rules"])
        if unread:
            return {
                **result,
                **BLIND,
                "refusals": [*self._local(target, programs, options), *unread, *unseen_lacks(target, able["rules"])],
            }
        state = plain(self.state(look_request(target, reads_workloads(able["rules"])), options, variables))
        if not state.get("failed"):
            state = self.with_usage(state, usage_request(target, state), options, variables)
        if state.get("failed"):
            lacks = [unseen(state), *unseen_lacks(target, able["rules"])]
            return {**result, **BLIND, "refusals": [*self._local(target, programs, options), *lacks]}
        if calls_helm(target, state):
            programs["helm"] = self._helm(options["helm"])
        try:
            found = look(target, state, able["rules"])
        except EdgeError as error:
            raise AnsibleActionFail(str(error)) from error
        source = chart_refusals(options["chart"], options["repository"]) if calls_helm(target, state) else []
        found.refusals = [*lacking_programs(programs), *source, *found.refusals]
        return {**result, **_told(target, state, found), "blind": False, "warnings": able["warnings"]}

    def _local(self, target: Target, programs: Mapping[str, str | None], options: Mapping[str, Any]) -> list[str]:
        """Return what lacks beside a cluster that could not be looked at: Helm counts where it may be called."""
        if not target.looks_at_release:
            return lacking_programs(programs)
        found = lacking_programs({**programs, "helm": self._helm(options["helm"])})
        return [*found, *chart_refusals(options["chart"], options["repository"])]

    def _helm(self, program: str) -> str | None:
        """Return the version of Helm; None where there is no such program."""
        done = self._low_level_execute_command(f"{shlex.quote(program)} version --template '{{{{.Version}}}}'")
        return str(done["stdout"]).strip() if done["rc"] == 0 else None
