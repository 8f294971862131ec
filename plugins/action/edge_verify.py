# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare one round of observations with the plan, and say whether another round is worth it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import PlanDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import plan_of
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.report import render, summary
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import settle_seconds, verify

ARGUMENTS = {
    "plan": {"type": "dict", "required": True},
    "routers_in": {"type": "str", "required": True},
    "clusters_in": {"type": "str", "required": True},
    "strict": {"type": "bool", "default": False},
    "timeout": {"type": "float"},
    "interval": {"type": "float", "default": 2.0},
    "started": {"type": "float"},
    "looks": {"type": "int", "default": 0},
}


class ActionModule(ActionBase):
    """Compare what was read from both ends with the plan."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return rows and findings; wait one interval first if another round is worth it."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=ARGUMENTS)[1]
        variables = task_vars or {}
        names = {"routers": options["routers_in"], "clusters": options["clusters_in"]}
        try:
            planned = plan_of(plain(options["plan"]), "edge_verify_plan")
            report = verify(planned, read_observed(planned, variables, names), options["strict"])
        except EdgeError as error:
            raise AnsibleActionFail(str(error)) from error
        timeout = settle_seconds(planned) if options["timeout"] is None else options["timeout"]
        now = time.monotonic()
        started = now if options["started"] is None else options["started"]
        looks = options["looks"] + 1
        again = report.may_settle and now - started + options["interval"] <= timeout
        if again:
            time.sleep(options["interval"])  # between two polls; the state that ends them is looked for in each
        result_line = f"{summary(report)} after {now - started:.0f} s ({looks} {'look' if looks == 1 else 'looks'})"
        return {
            **result,
            **report.as_dict(),
            "changed": False,
            "again": again,
            "started": started,
            "looks": looks,
            "failures": len(report.errors),
            "text": "\n".join([*render(report)[:-1], result_line]),
            "msg": result_line,
        }


def read_observed(
    plan: PlanDocument, task_vars: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Return what each planned end in the play registered; ``names`` are the variables, by kind of end.

    An end that has no such result is not part of this run. A result that failed, or a host that was unreachable, is an
    observation too: that the end cannot be read.
    """
    hostvars = task_vars["hostvars"]
    hosts = set(task_vars.get("ansible_play_hosts_all") or ())
    observed: dict[str, dict[str, Any]] = {"routers": {}, "clusters": {}}
    planned = {"routers": set(plan["routers"]), "clusters": set(plan["clusters"])}
    for kind, ends in observed.items():
        for host in sorted(hosts & planned[kind]):
            found = plain(hostvars[host].get(names[kind]) or {})
            if found.get("failed") or found.get("unreachable"):
                ends[host] = {"error": " ".join(str(found.get("msg") or "no reason given").split())}
            elif found and not found.get("skipped"):
                ends[host] = found["frr"] if kind == "routers" else found
    return observed
