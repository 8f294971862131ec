# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at both ends and compare them with the plan, again and again until they are as planned or time is up."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible import constants as C  # noqa: N812  (Ansible's own name for it)
from ansible import context
from ansible.errors import AnsibleActionFail
from ansible.executor.task_queue_manager import TaskQueueManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.playbook.block import Block
from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.display import show
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.variables import registered
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import PlanDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import plan_of
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import ownership_selector
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.attributes import asks_for_communities
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.counters import Earlier
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.progress import Look, progress
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.report import (
    MET,
    NOT_MET,
    WrittenVerify,
    render,
    summary,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import settle_seconds, verify
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.winning import prefixes_to_read

ARGUMENTS = {
    "plan": {"type": "dict", "required": True},
    "routers_in": {"type": "str", "required": True},
    "clusters_in": {"type": "str", "required": True},
    "probes_in": {"type": "str"},
    "heard_in": {"type": "str"},
    "probe": {"type": "bool", "default": True},
    "tasks": {"type": "path"},
    "strict": {"type": "bool", "default": False},
    "timeout": {"type": "float"},
    "interval": {"type": "float", "default": 2.0},
}


@fails_once
class ActionModule(ActionBase):
    """Compare both ends with the plan."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return rows and findings of the last look; until then, show what changes between two looks."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=ARGUMENTS)[1]
        variables = task_vars or {}
        try:
            planned = plan_of(plain(options["plan"]), "edge_verify_plan")
            read = self._reader(options["tasks"], planned, variables) if options["tasks"] else None
            limit = settle_seconds(planned) if options["timeout"] is None else options["timeout"]
            before, looks, started = None, 0, time.monotonic()
            counters: Earlier = {}
            while True:
                if read:
                    read()
                looks, looked = looks + 1, datetime.datetime.now(datetime.UTC)
                report = verify(planned, read_observed(planned, variables, options), options["strict"], counters)
                counters = report.counters
                seconds = time.monotonic() - started
                again = read and report.may_settle and seconds + options["interval"] <= limit
                if again or before:
                    for line in progress(before, report, seconds, limit):
                        show(line)
                if not again:
                    break
                before = Look.of(report)
                time.sleep(options["interval"])  # between two polls; the state that ends them is looked for in each
        except EdgeError as error:
            raise AnsibleActionFail(str(error)) from error
        written: WrittenVerify = {
            **report.as_dict(),
            "state": NOT_MET if report.errors else MET,
            "looked_at": looked.isoformat(timespec="seconds"),
        }
        result_line = f"{summary(report)} after {seconds:.0f} s ({looks} {'look' if looks == 1 else 'looks'})"
        return {
            **result,
            **written,
            "changed": False,
            "looks": looks,
            "failures": len(report.errors),
            "text": "\n".join([*render(report)[:-1], result_line]),
            "msg": result_line,
        }

    def _reader(self, path: str, plan: PlanDocument, variables: Mapping[str, Any]) -> Callable[[], None]:
        """Return what runs the blocks of a file on the play's hosts, as if they stood in the place of this task.

        In a block no host waits for another: a router and a cluster are read at the same time. Each block begins when
        the one before has ended on all of them.

        They show nothing: what they find is registered, that a host cannot be reached too. Ansible would show each of
        them at each look, and a failure that is ignored as "fatal".
        """
        hostvars = variables["hostvars"]
        manager = hostvars._variable_manager
        plays = []
        for block in self._loader.load_from_file(path, trusted_as_template=True):
            play = self._task.get_play().copy()
            play.hosts = list(variables["ansible_play_hosts"])
            play.strategy, play.max_fail_percentage = "ansible.builtin.free", None
            play.gather_facts = False
            play.roles, play.pre_tasks, play.post_tasks, play.handlers = [], [], [], []
            load = {"play": play, "parent_block": self._task._parent, "role": self._task._role}
            # What fails is an observation, so that no host is to stop for another, whatever the play says.
            data = {**block, "any_errors_fatal": False, "vars": {**block.get("vars", {}), **_asked(plan)}}
            play.tasks = [Block.load(data, **load, variable_manager=manager, loader=self._loader)]
            plays.append(play)
        # This process ends with this task, so that nothing else sees it: tasks are not confirmed one by one.
        context.CLIARGS = ImmutableDict({**context.CLIARGS, "step": False, "start_at_task": None})
        # The strategy ``free`` goes over all hosts in each turn, a thousand times a second: half a core's work.
        C.DEFAULT_INTERNAL_POLL_INTERVAL = max(C.DEFAULT_INTERNAL_POLL_INTERVAL, POLL_SECONDS)
        passwords = {"conn_pass": self._play_context.password, "become_pass": self._play_context.become_pass}

        def read() -> None:
            forks = context.CLIARGS.get("forks")
            queue = _QuietQueue(hostvars._inventory, manager, self._loader, passwords, forks=forks)
            try:
                for play in plays:
                    queue.run(play)
            finally:
                queue.cleanup()

        return read


POLL_SECONDS = 0.01
"""How often the strategy looks whether a process that reads an end is done."""


class _QuietQueue(TaskQueueManager):
    """Runs plays without any callback: nothing is shown, logged or counted."""

    def load_callbacks(self) -> None:
        """Load none."""

    @property
    def _terminated(self) -> bool:
        """Whether the run is to end; the strategy asks before each of its turns.

        The strategy ``free`` waits for ever for a process that was killed: it looks for such only when all have ended
        (ansible-core 2.19 to 2.22), where the strategy ``linear`` does in each turn.
        """
        if self.has_dead_workers():
            raise AnsibleActionFail("a process that read an end was killed (does the control machine lack memory?)")
        return self._ends

    @_terminated.setter
    def _terminated(self, ends: bool) -> None:
        self._ends = ends


def read_observed(plan: PlanDocument, task_vars: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what verify takes: what each planned end in the play registered, and what routers heard.

    An end that has no result is not part of this run. A result that failed, or a host that was unreachable, is an
    observation too: that the end cannot be read.

    Args:
        plan: the plan.
        task_vars: of the play.
        options: ``routers_in``, ``clusters_in``, ``probes_in`` and ``heard_in`` are the variables; ``probe``: whether
            routers, and clients of a twin, asked.
    """
    routers = set(plan["routers"])
    frr = registered(routers, task_vars, options["routers_in"])
    observed: dict[str, Any] = {
        "routers": {host: seen if "error" in seen else seen["frr"] for host, seen in frr.items()},
        "clusters": registered(set(plan["clusters"]), task_vars, options["clusters_in"]),
    }
    if options["probes_in"] is not None:
        heard = registered(routers, task_vars, options["probes_in"]) if options["probe"] else {}
        answers = {host: seen if "error" in seen else seen["probe"] for host, seen in heard.items()}
        observed["probes"] = answers if options["probe"] else None
    if options.get("heard_in") and options["probe"]:
        # One task for all hosts: whichever host has its result.
        heard = registered(routers | set(plan["clusters"]), task_vars, options["heard_in"])
        observed["heard"] = next((seen if "error" in seen else seen["heard"] for seen in heard.values()), None)
    if "edge_twin_overlay" in task_vars:
        observed["twin"] = True
    return observed


def _asked(plan: PlanDocument) -> dict[str, dict[str, Any]]:
    """Return the variables that the blocks of looks read: by host, what is asked there."""
    return {
        "__edge_verify_communities": {router: asks_for_communities(plan, router) for router in plan["routers"]},
        "__edge_verify_best_in": {router: prefixes_to_read(plan, router) for router in plan["routers"]},
        # Of a cluster that leaves the site it is asked what is left there, Secrets too.
        "__edge_verify_owned_by": {
            name: ownership_selector(plan["site"]) for name, cluster in plan["clusters"].items() if cluster["absent"]
        },
    }
