# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolve connections as Ansible does and ask the guard about them: a program, run once for hundreds of cases.

Ansible's loaders, configuration and command line are the process's own, so this is a process of its own. It reads a list
of cases as JSON from its input and writes one result for each to its output. Nothing is connected to.

A case: ``sources`` (inventories), ``host``, and what the user sets: ``inventory`` (variables beside the host in the
inventory), ``extra``, ``play`` (variables), ``keywords`` (of the play), ``set_fact``, ``include_vars``, ``facts`` (cached),
``env``, ``cfg`` (path), ``cli``, ``folder`` (of the playbook).
"""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812
from ansible import context
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.collections import ImmutableDict
from ansible.plugins.loader import connection_loader, init_plugin_loader
from ansible.utils.path import unfrackpath

COLLECTIONS = Path(__file__).resolve().parents[2] / "collections"


def main() -> None:
    """Answer every case."""
    init_plugin_loader([str(COLLECTIONS)])
    cases = json.load(sys.stdin)
    answers = [answer(case) for case in cases]
    json.dump(answers, sys.stdout)


def answer(case: dict[str, Any]) -> dict[str, Any]:
    """Return what counts for the case's host, and what the guard says of the run."""
    from ansible.playbook.play import Play
    from ansible.vars.hostvars import HostVars
    from ansible.vars.manager import VariableManager

    environment = dict(os.environ)
    configuration = C.config._config_file
    os.environ.update(case.get("env", {}))
    if "cfg" in case:
        C.config._config_file = case["cfg"]
    try:
        sources = [
            source if "," in source else unfrackpath(source, follow=False)  # as InventoryManager.parse_sources
            for source in case["sources"]
        ]
        context.CLIARGS = ImmutableDict(
            {
                "inventory": sources,
                "connection": C.DEFAULT_TRANSPORT,
                "become": False,
                "tags": ["all"],
                **case.get("cli", {}),
            }
        )
        loader, inventory = parsed(tuple(sources))
        loader.set_basedir(case.get("folder", "/nonexistent"))
        host = inventory.get_host(case["host"])
        written = dict(host.vars)
        host.vars.update(case.get("inventory", {}))
        manager = VariableManager(loader=loader, inventory=inventory)
        manager._extra_vars = case.get("extra", {})
        hostvars = HostVars(inventory, manager, loader)
        for store, values in (
            (manager.set_nonpersistent_facts, case.get("set_fact")),
            (manager.set_host_facts, case.get("facts")),
        ):
            if values:
                store(host.name, values)
        for name, value in case.get("include_vars", {}).items():
            manager.set_host_variable(host.name, name, value)
        play = Play.load(
            {
                "name": "Plan",
                "hosts": "all",
                "vars": case.get("play", {}),
                "tasks": [{"ansible.builtin.debug": {}}],
                **case.get("keywords", {}),
            },
            variable_manager=manager,
            loader=loader,
        )
        task = next(item for block in play.compile() for item in block.block if item.action == "ansible.builtin.debug")
        known = manager.get_vars(play=play, host=host, task=task)
        # Ansible keeps the sources of a process's first run.
        task_vars = {**known, "hostvars": hostvars, "ansible_inventory_sources": sources}
        task_vars["ansible_play_hosts_all"] = list(inventory.hosts)
        found = {**effective(task, known, loader), "guard": guarded(task, task_vars)}
        host.vars = written
        return found
    finally:
        os.environ.clear()
        os.environ.update(environment)
        C.config._config_file = configuration


@cache
def parsed(sources: tuple[str, ...]) -> tuple[Any, Any]:
    """Return the loader and the inventory of some sources, which most cases share."""
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader

    loader = DataLoader()
    return loader, InventoryManager(loader=loader, sources=list(sources))


def effective(task: Any, known: dict[str, Any], loader: Any) -> dict[str, Any]:
    """Return connection plugin and options as TaskExecutor._set_connection_options resolves them."""
    from ansible.template import Templar

    templar = Templar(loader=loader, variables=known)
    name = templar.template(known["ansible_connection"]) if "ansible_connection" in known else task.connection
    plugin = connection_loader.get(name, class_only=True)
    if plugin is None:
        return {"connection": name, "options": {}}
    variables = {
        item: templar.template(known[item])
        for item in C.config.get_plugin_vars("connection", plugin._load_name)
        if item in known
    }
    keys = task.dump_attrs()
    keys["timeout"] = C.DEFAULT_TIMEOUT
    del keys["retries"]
    try:
        options = C.config.get_plugin_options("connection", plugin._load_name, keys=keys, variables=variables)
    except AnsibleError:  # a value of another type; what the guard says of it is what matters
        options = {}
    return {"connection": name, "options": {option: str(value) for option, value in options.items()}}


def guarded(task: Any, task_vars: dict[str, Any]) -> dict[str, Any]:
    """Return the twin that the guard holds the run to, or why it refuses the run."""
    from ansible_collections.hybridnet.cluster_edge.plugins.action import edge_guard

    try:
        return {"twin": edge_guard.hold(task, task_vars)}
    except AnsibleActionFail as failure:
        return {"refused": str(failure)}


if __name__ == "__main__":
    main()
