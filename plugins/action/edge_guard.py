# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect what counts for each host of a run that has a twin's overlay, and refuse what could leave the twin.

Nothing is connected to. The values are the effective ones: Ansible's own variable manager and configuration put them
together, so that extra variables, the environment, the command line and configuration files have their say.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812  (Ansible's own name for it)
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.inventory.manager import IGNORED
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import connection_loader
from ansible.vars.hostvars import HostVarsVars
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.guard import ways_out as guard
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import written_overlay as _overlay

CONNECTED = ("edge_routers", "edge_clusters")
NOTHING_HELD = (
    "edge_guard: this play has no router, cluster or node, so there is nothing to hold to the twin, and it holds no"
    " other play: put it first into each play that connects to one"
)
GROUPS = (*CONNECTED, "edge_nodes")
USUAL_INVENTORY = "/etc/ansible/hosts"
"""Where it is not there, ansible-core (``InventoryManager.parse_source``) says nothing: many a configuration has it."""
LOCAL = ("local", "ansible.builtin.local")
"""Connections that leave this machine by themselves for nowhere."""


@fails_once
class ActionModule(ActionBase):
    """Fail where a run with a twin's overlay could leave the twin; do nothing without an overlay."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the twin's name, or fail with every way out."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.validate_argument_spec(argument_spec={})
        variables = task_vars or {}
        twin = hold(self._task, variables, whole_play=True)
        if twin is not None and not _has_hosts_of_the_site(variables):
            raise AnsibleActionFail(NOTHING_HELD)
        return {**result, "changed": False, "twin": twin}


def _has_hosts_of_the_site(task_vars: Mapping[str, Any]) -> bool:
    """Return whether the play has a host that a twin may have: only for those of its own play a guard can speak."""
    groups = task_vars.get("groups", {})
    members = {host for group in GROUPS for host in groups.get(group, ())}
    return not members.isdisjoint(task_vars.get("ansible_play_hosts_all") or ())


def hold(task: Any, task_vars: Mapping[str, Any], whole_play: bool = False) -> str | None:
    """Return the name of the twin that this run is for, or None where it has no overlay.

    Args:
        task: the task that asks.
        task_vars: its variables.
        whole_play: whether the play may connect to each of its hosts. Plays of ours connect to routers and clusters.

    Raises:
        AnsibleActionFail: it has one, and could leave the twin.
    """
    try:
        overlay = find_overlay(task_vars)
        if overlay is None:
            return None
        found = guard.leaks(collect(task, task_vars, overlay, whole_play))
    except EdgeError as error:
        raise AnsibleActionFail(str(error)) from error
    if found:
        raise AnsibleActionFail(guard.leaks_text(overlay, found))
    return overlay.twin


def find_overlay(task_vars: Mapping[str, Any]) -> guard.Overlay | None:
    """Return the overlay that this run's inventory has, by its folder or by the variable that it sets on its hosts.

    Raises:
        EdgeError: the inventory names one that is not there.
    """
    folders: dict[Path, None] = {}
    for path in _inventory_paths(task_vars.get("ansible_inventory_sources") or ()):
        folders.update(dict.fromkeys(_overlay.overlays(path)))
    if not folders:
        folders.update(dict.fromkeys(_named_overlays(task_vars)))
    found = [_overlay.read_overlay(folder) for folder in folders]
    if len(found) < 2:
        return found[0] if found else None
    hosts = {host: variables for each in found for host, variables in each.hosts.items()}
    return guard.Overlay(", ".join(each.folder for each in found), ", ".join(each.twin for each in found), hosts)


def _inventory_paths(sources: Iterable[Any]) -> Iterator[Path]:
    """Yield each file and folder that Ansible reads of an inventory, or would read if it were there.

    Of what is not there Ansible warns, and goes on with the others: for real, where it was the overlay of a twin that
    is down. Its path does not say whether it was one: a file of it and a link to it have any name.

    Args:
        sources: the inventories of the run. One with a comma is a list of hosts (ansible-core's plugin ``host_list``).

    Raises:
        EdgeError: one is not there, and others are. With none at all nobody is reached.
    """
    named = [Path(str(source)) for source in sources if "," not in str(source)]
    found = [path for source in named for path in _parts(source)]
    missing = next((path for path in found if not os.path.exists(path) and not _usual_and_nothing(path)), None)
    if missing is not None and (len(named) < len([*sources]) or any(map(os.path.exists, found))):
        problem = "this inventory is not there: Ansible would go on with the others, for real"
        hint = "name one that is there, or take it out; the overlay of a twin is there while the twin is up"
        raise EdgeError(str(missing), problem, f"{hint}: playbooks/twin.yml")
    yield from found


def _usual_and_nothing(path: Path) -> bool:
    """Return whether a path is the usual inventory, and nothing is there: not even a link to something that is gone."""
    return str(path) == USUAL_INVENTORY and not os.path.lexists(path)


def _parts(source: Path) -> Iterator[Path]:
    """Yield an inventory, and those in it where it is a folder: as ansible-core's ``InventoryManager.parse_source``."""
    yield source
    if os.path.isdir(source):
        for name in sorted(os.listdir(source)):
            if not IGNORED.search(os.fsencode(name)):
                yield from _parts(source / name)


def _named_overlays(task_vars: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the overlays that variables name: an inventory plugin or a copy may have brought them in."""
    for group in CONNECTED:
        for host in task_vars.get("groups", {}).get(group, ()):
            named = task_vars["hostvars"].raw_get(host).get(_overlay.VARIABLE)
            if named is None:
                continue
            if not _overlay.is_overlay(Path(str(named))):
                problem = f"{host} has it, and {named} is no overlay: the twin is not up"
                raise EdgeError(_overlay.VARIABLE, problem, "playbooks/twin.yml")
            yield Path(str(named))


def collect(task: Any, task_vars: Mapping[str, Any], overlay: guard.Overlay, whole_play: bool = False) -> guard.Run:
    """Return what counts in this run: for the hosts of its play, its environment and its strategy; as :func:`hold`."""
    hostvars = task_vars["hostvars"]
    # hostvars[host] has neither the play's variables nor those of import_playbook; the manager knows all.
    manager, inventory = hostvars._variable_manager, hostvars._inventory
    groups = task_vars.get("groups", {})
    connected = {host for group in CONNECTED for host in groups.get(group, ())}
    members = dict.fromkeys(host for group in GROUPS for host in groups.get(group, ()))
    play, ssh = task.get_play(), SshOptions()
    hosts = []
    kubeconfigs = {}
    in_play = task_vars.get("ansible_play_hosts_all") or ()
    # Those of the site first, in the order of its groups.
    for name in dict.fromkeys([*filter(set(in_play).__contains__, members), *in_play]):
        if not (whole_play or name in connected or name in overlay.hosts):
            continue
        wanted = overlay.hosts.get(name, {})
        known = manager.get_vars(play=play, host=inventory.get_host(name), task=task, include_hostvars=False)
        resolved = HostVarsVars(known, loader=hostvars._loader, host=name)
        if name not in connected and not wanted and _connection(task, resolved) in LOCAL:
            continue
        hosts.append(effective(name, name in connected, wanted, ssh, resolved))
        if "edge_cluster_kubeconfig" in wanted:
            kubeconfigs[name] = _json(Path(wanted["edge_cluster_kubeconfig"]))
    return guard.Run(
        overlay=overlay,
        hosts=tuple(hosts),
        extra=frozenset(manager.extra_vars),
        kubeconfigs=kubeconfigs,
        environment=dict(os.environ),
        strategy=str(play.strategy),
    )


def _connection(task: Any, known: Any) -> str | None:
    """Return the connection plugin by which a task reaches a host; None where its template fails."""
    try:
        return str(plain(known["ansible_connection"])) if "ansible_connection" in known else task.connection
    except AnsibleError:
        return None


class SshOptions:
    """The options of the overlay's connection plugin, as the Ansible that runs documents them."""

    def __init__(self) -> None:
        self._plugin = connection_loader.get(guard.CONNECTION, class_only=True)._load_name
        definitions = C.config.get_configuration_definitions("connection", self._plugin)
        self._variables = {
            option: [entry["name"] for entry in definition.get("vars") or ()]
            for option, definition in definitions.items()
        }
        self.variables = {name for names in self._variables.values() for name in names}
        self.free = frozenset(name for option in guard.FREE_SSH_OPTIONS for name in self._variables.get(option, ()))

    def set_elsewhere(self, variables: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield each option that neither one of ``variables`` nor the default gives, with what does."""
        for option, own in self._variables.items():
            if option in guard.FREE_SSH_OPTIONS or any(name in variables for name in own):
                continue
            origin = C.config.get_config_value_and_origin(option, plugin_type="connection", plugin_name=self._plugin)[1]
            if origin != "default":
                yield option, _source(str(origin))


def effective(name: str, connected: bool, wanted: Mapping[str, Any], ssh: SshOptions, known: Any) -> guard.Host:
    """Return what counts for one host, resolved as ansible-core's task executor does.

    Args:
        name: the host.
        connected: whether a play of ours reaches it.
        wanted: its variables in the overlay.
        ssh: the options of its connection.
        known: all its variables; templates among them are resolved when they are read.
    """
    variables = {}
    for variable in sorted((ssh.variables | set(wanted)) - ssh.free):
        if variable in known:
            try:
                variables[variable] = plain(known[variable])
            except AnsibleError:
                variables[variable] = guard.UNREADABLE
    # None is no value to Ansible's configuration: the next source counts.
    variables = {variable: value for variable, value in variables.items() if value is not None or variable in wanted}
    return guard.Host(name, connected, variables, ssh.free, dict(ssh.set_elsewhere(variables)))


def _source(origin: str) -> str:
    """Return what a user knows of an origin: the environment variable, the option, or the file."""
    kind, _colon, name = origin.partition(": ")
    return {"env": name, "cli": f"--{name.replace('_', '-')}"}.get(kind, origin)


def _json(path: Path) -> Any:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
