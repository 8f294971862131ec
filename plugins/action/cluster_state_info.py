# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what the cluster roles compare their plan with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import ARGUMENTS, read_state
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.cluster_action import (
    LOOK_AT,
    PLACE,
    ClusterAction,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import has_secrets
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain


def unshown(release: Mapping[str, Any] | None) -> dict[str, bool]:
    """Return what keeps a result from being shown where the values of a release may be secrets.

    With -v none are printed. Other callbacks than the default one, as that of AWX, get no result with secrets at all.

    Args:
        release: as module ``cluster_state_info`` has read it; None: there is none.
    """
    quiet = {"_ansible_verbose_override": True}
    revisions = [release, release.get("before")] if release else []
    if any(has_secrets(item["values"]) for item in revisions if item):
        quiet["_ansible_no_log"] = True
    return quiet


@fails_once
class ActionModule(ClusterAction):
    """Read what was asked for."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the module returns."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = plain(self.validate_argument_spec(argument_spec={**ARGUMENTS, **PLACE})[1])
        found = self.run_module("cluster_state_info", read_state, options, task_vars or {})
        quiet = unshown(found.get("release")) if options["release"] else {}
        if found.get("failed") and found.get("msg"):
            found["msg"] = f"{found['msg']}\n{LOOK_AT}"
        return {**result, **found, **quiet}
