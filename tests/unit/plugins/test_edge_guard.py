# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rehearsal stays in its twin, whatever sets an option of a connection: the overlay's value counts, or the run is refused.

The first tests go through every variable, environment variable, entry of ansible.cfg and command line option of every
connection plugin of the Ansible that runs them, as its documentation lists them: a new one is a new case. Nothing is
connected to: values are resolved as Ansible's executor does, in one process for all cases (rehearsal_probe.py). The last
tests run the playbooks, with a stand-in for ssh that only writes down how it is called.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.action import edge_guard
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.guard import ways_out as guard
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.written_overlay import VARIABLE
from ansible_collections.hybridnet.cluster_edge.tests.support.connections import Source, connection_plugins, sources
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, HYBRID
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import PlaybookRun, run_playbook
from ansible_collections.hybridnet.cluster_edge.tests.support.rehearsal import Rehearsal, rehearsal

pytestmark = pytest.mark.ansible

PROBE = CHECKOUT / "tests" / "support" / "rehearsal_probe.py"
ROUTER, CLUSTER, NODE = "udm-pro", "platform", "node01"
LIMIT = 120

SOURCES = sources()
SSH = connection_plugins()["ssh"]
OTHERS = sorted(plugin for plugin in connection_plugins() if plugin != "ssh")
FREE = {entry["name"] for option in guard.FREE_SSH_OPTIONS for entry in SSH[option].get("vars") or ()}
CONNECTIONS = [*OTHERS, "ssh", "ansible.builtin.local"]
SITE = {
    "edge_routers": {"hosts": {ROUTER: {"ansible_host": "192.0.2.1"}}},
    "edge_clusters": {"hosts": {CLUSTER: None}},
    "edge_nodes": {"hosts": {NODE: {"ansible_host": "192.0.2.11"}}},
}
"""Three of the reference site's hosts; the guard needs no plan."""


def held(source: Source) -> bool:
    """Return whether an option of ssh that this source sets is one that the guard holds."""
    return any(option not in guard.FREE_SSH_OPTIONS for option in source.options)


def kind(wanted: str) -> list[Any]:
    """Return the sources of one kind, as parameters."""
    return [pytest.param(source, id=source.name) for source in SOURCES if source.kind == wanted]


class Probe:
    """Answers of the probe; the cases of all tests are asked at once."""

    def __init__(self, folder: Path) -> None:
        self.rehearsal = rehearsal(folder / "twin", {ROUTER, CLUSTER, NODE})
        self.folder = folder
        self.site = folder / "site.yml"
        self.site.write_text(json.dumps({"all": {"children": SITE}}), "utf-8")
        self.cases: dict[str, dict[str, Any]] = {"nothing": self.case()}
        for source in SOURCES:
            for name, case in self.of(source):
                self.cases[name] = case
        for plugin in CONNECTIONS:
            self.cases[f"inventory {plugin}"] = self.case(inventory={"ansible_connection": plugin})
            self.cases[f"extra {plugin}"] = self.case(extra={"ansible_connection": plugin})
            self.cases[f"cli {plugin}"] = self.case(cli={"connection": plugin})
            self.cases[f"keyword {plugin}"] = self.case(keywords={"connection": plugin})
        for name in self.rehearsal.variables(CLUSTER):
            self.cases[f"cluster {name}"] = self.case(host=CLUSTER, extra={name: "elsewhere.invalid"})
        for name in self.rehearsal.variables(ROUTER):
            self.cases[f"router {name}"] = self.case(extra={name: "elsewhere.invalid"})
        self.cases |= {
            "set_fact": self.case(set_fact={"ansible_host": "elsewhere.invalid"}),
            "include_vars": self.case(include_vars={"ansible_host": "elsewhere.invalid"}),
            "play": self.case(play={"ansible_host": "elsewhere.invalid"}),
            "facts": self.case(host=CLUSTER, facts={"edge_cluster_kubeconfig": "/elsewhere"}),
            "keywords": self.case(keywords={"port": 4711, "remote_user": "somebody", "become": True}),
            "strategy": self.case(keywords={"strategy": "mitogen_linear"}),
            "template": self.case(extra={"ansible_ssh_args": "{{ no_such_variable }}"}),
            "same": self.case(extra={"ansible_port": "22", "ansible_become": "false"}),
            "beside the playbook": self.case(folder=str(self.beside("host_vars", ROUTER))),
            "groups beside the playbook": self.case(folder=str(self.beside("group_vars", "edge_routers"))),
            **self.inventories(),
        }
        inputs = json.dumps(list(self.cases.values()))
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "K8S_", "HELM_"))
        }
        (folder / "nothing.cfg").touch()
        environment |= {"ANSIBLE_CONFIG": str(folder / "nothing.cfg"), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        done = subprocess.run(
            [sys.executable, PROBE],
            input=inputs,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self.answers = dict(zip(self.cases, json.loads(done.stdout), strict=True))
        self.usual = self.answers["nothing"]

    def case(self, host: str = ROUTER, **more: Any) -> dict[str, Any]:
        """Return a case on the site under the overlay."""
        return {"sources": [str(self.site), str(self.rehearsal.overlay)], "host": host, **more}

    def of(self, source: Source) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the cases in which a source is used."""
        text = str(source.value)
        if source.kind == "vars":
            yield f"inventory {source.name}", self.case(inventory={source.name: source.value})
            yield f"extra {source.name}", self.case(extra={source.name: source.value})
        elif source.kind == "env":
            yield f"env {source.name}", self.case(env={source.name: text})
        elif source.kind == "cli":
            yield f"cli {source.name}", self.case(cli={source.name: source.value})
        else:
            section, _dot, key = source.name.rpartition(".")
            path = self.folder / f"{source.name}.cfg"
            path.write_text(f"[{section}]\n{key} = {text}\n", "utf-8")
            yield f"ini {source.name}", self.case(cfg=str(path))

    def beside(self, folder: str, name: str) -> Path:
        """Return the folder of a playbook with variables beside it."""
        path = self.folder / f"beside-{folder}" / folder / f"{name}.yml"
        path.parent.mkdir(parents=True)
        path.write_text("ansible_host: elsewhere.invalid\n", "utf-8")
        return path.parent.parent

    def inventories(self) -> dict[str, dict[str, Any]]:
        """Return cases of other sources than the site, then the overlay."""
        site, overlay = str(self.site), self.rehearsal.overlay
        last = self.folder / "last"
        (last / "host_vars").mkdir(parents=True)
        (last / "host_vars" / f"{ROUTER}.yml").write_text("ansible_host: elsewhere.invalid\n", "utf-8")
        (last / "hosts.yml").write_text(json.dumps({"all": {"hosts": {ROUTER: None}}}), "utf-8")
        newer = self.folder / "newer.yml"
        groups = {"edge_routers": {"hosts": {"new-router": None}}, "edge_nodes": {"hosts": {"new-node": None}}}
        newer.write_text(json.dumps({"all": {"children": groups}}), "utf-8")
        gone = self.folder / "gone" / "overlay"
        dangling = self.folder / "dangling"
        dangling.symlink_to(gone)
        deep = self.folder / "deep"
        (deep / "a" / "b").mkdir(parents=True)
        (deep / "a-site.yml").symlink_to(self.site)
        (deep / "a" / "b" / "c").symlink_to(overlay)
        holding = {}
        for name in ("twin", ".hidden", "twin.orig"):
            holding[name] = self.folder / f"holding-{name}"
            holding[name].mkdir()
            (holding[name] / "a-site.yml").symlink_to(self.site)
            (holding[name] / name).symlink_to(gone)
        several = self.folder / "several"
        several.mkdir()
        (several / "a-site.yml").symlink_to(self.site)
        (several / "twin").symlink_to(overlay)
        copy = self.folder / "copy"
        shutil.copytree(overlay, copy)
        sources = {
            "overlay first": [overlay, site, last],
            "overlay last": [site, last, overlay],
            "overlay first, nothing against it": [overlay, site],
            "overlay by its file": [site, overlay / "hosts.yml"],
            "overlay in a folder": [several],
            "copy": [site, copy],
            "newer site": [site, newer, overlay],
            "overlay deep in a folder": [deep],
            "overlay that is gone": [site, gone],
            "file of an overlay that is gone": [site, gone / "hosts.yml"],
            "link to an overlay that is gone": [site, dangling],
            "folder with a link to an overlay that is gone": [holding["twin"]],
            "list of hosts and an overlay that is gone": [f"{ROUTER},", gone],
            "folder with a hidden link": [holding[".hidden"]],
            "folder with a link that Ansible leaves out": [holding["twin.orig"]],
            "site alone": [site],
            "site and Ansible's usual inventory": [site, "/etc/ansible/hosts"],
        }
        cases = {name: {**self.case(), "sources": list(map(str, paths))} for name, paths in sources.items()}
        for name, folder in {
            "overlay by its variable": overlay,
            "variable of an overlay that is gone": "/gone",
        }.items():
            cases[name] = {**self.case(inventory={VARIABLE: str(folder)}), "sources": [str(site)]}
        return cases

    def changed(self, name: str) -> set[str]:
        """Return the options of the connection that a case changes, those that choose no way left out."""
        answer = self.answers[name]
        assert answer["connection"] == self.usual["connection"]
        return {
            option
            for option, value in answer["options"].items()
            if value != self.usual["options"][option] and option not in guard.FREE_SSH_OPTIONS
        }

    def refused(self, name: str) -> str:
        """Return why the guard refuses a case; nothing where it does not."""
        return str(self.answers[name]["guard"].get("refused", ""))


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Probe:
    return Probe(tmp_path_factory.mktemp("probe"))


# -- Every option of every connection plugin ------------------------------------------------------------------------------


@pytest.mark.each_core
def test_usual_run_is_held_to_the_twin_and_reaches_it_by_ssh_alone(probe: Probe) -> None:
    assert probe.usual["guard"] == {"twin": "t"}
    assert probe.usual["connection"] == "ansible.builtin.ssh"
    assert probe.usual["options"]["ssh_args"] == probe.rehearsal.variables(ROUTER)["ansible_ssh_args"]


@pytest.mark.parametrize("option", sorted(SSH))
def test_every_option_of_ssh_is_the_overlays_or_chooses_no_way(option: str, probe: Probe) -> None:
    """A new option of a new core lands here: give it a value in the overlay, or say that it is free."""
    names = [entry["name"] for entry in SSH[option].get("vars") or ()]
    assert option in guard.FREE_SSH_OPTIONS or set(names) & probe.rehearsal.variables(ROUTER).keys()


@pytest.mark.parametrize("source", kind("vars"))
def test_variable_in_the_inventory_does_not_count(source: Source, probe: Probe) -> None:
    name = f"inventory {source.name}"
    if source.name.startswith("delegated_vars["):
        # A variable can have this name; the overlay has no value against it.
        assert f"{source.name}: it is set on {ROUTER}, and the overlay has no value against it" in probe.refused(name)
    else:
        assert probe.changed(name) == set()
        assert probe.refused(name) == ""


@pytest.mark.parametrize("source", kind("vars"))
def test_extra_variable_is_refused_by_name_or_chooses_no_way(source: Source, probe: Probe) -> None:
    name = f"extra {source.name}"
    if held(source):
        assert f"\n  {source.name}: an extra variable (-e) " in probe.refused(name)
    else:
        assert probe.changed(name) == set()
        assert probe.refused(name) == ""


@pytest.mark.parametrize("source", [*kind("env"), *kind("ini"), *kind("cli")])
def test_environment_configuration_and_command_line_do_not_count(source: Source, probe: Probe) -> None:
    name = f"{source.kind} {source.name}"
    assert probe.changed(name) == set()
    assert probe.refused(name) == ""


def test_keywords_of_a_play_do_not_count(probe: Probe) -> None:
    assert probe.changed("keywords") == set()
    assert probe.refused("keywords") == ""


@pytest.mark.parametrize("plugin", CONNECTIONS)
@pytest.mark.parametrize("place", ["inventory", "cli", "keyword"])
def test_another_connection_plugin_does_not_count(place: str, plugin: str, probe: Probe) -> None:
    assert probe.changed(f"{place} {plugin}") == set()
    assert probe.refused(f"{place} {plugin}") == ""


@pytest.mark.parametrize("plugin", CONNECTIONS)
def test_another_connection_plugin_as_extra_variable_is_refused(plugin: str, probe: Probe) -> None:
    assert "\n  ansible_connection: an extra variable (-e) beats the overlay" in probe.refused(f"extra {plugin}")


# -- Every variable of the overlay, and every place that beats an inventory --------------------------------------------------


@cache
def overlay_names(host: str) -> list[str]:
    """Return the variables that the overlay sets on a host, for collection."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return sorted(rehearsal(Path(folder) / "twin").variables(host).keys() - FREE)


@pytest.mark.parametrize(
    ("host", "variable"),
    [(host, name) for host in (ROUTER, CLUSTER) for name in overlay_names(host)],
)
def test_extra_variable_against_the_overlay_is_refused_by_name(host: str, variable: str, probe: Probe) -> None:
    name = f"{'router' if host == ROUTER else 'cluster'} {variable}"
    assert f"\n  {variable}: an extra variable (-e) beats the overlay" in probe.refused(name)


@pytest.mark.parametrize("variable", sorted(FREE))
def test_secrets_and_habits_may_stay_in_the_extra_variables(variable: str, probe: Probe) -> None:
    assert probe.refused(f"extra {variable}") == ""


@pytest.mark.parametrize("place", ["set_fact", "include_vars", "play", "beside the playbook"])
def test_what_beats_the_inventory_is_refused_by_name(place: str, probe: Probe) -> None:
    assert f"\n  ansible_host: the overlay's value does not count on {ROUTER}" in probe.refused(place)


def test_cached_fact_is_refused_by_name(probe: Probe) -> None:
    assert "\n  edge_cluster_kubeconfig: the overlay's value does not count on platform" in probe.refused("facts")


def test_group_variables_beside_the_playbook_do_not_count(probe: Probe) -> None:
    assert probe.changed("groups beside the playbook") == set()
    assert probe.refused("groups beside the playbook") == ""


def test_strategy_of_others_is_refused(probe: Probe) -> None:
    assert "ANSIBLE_STRATEGY: strategy mitogen_linear" in probe.refused("strategy")


def test_template_that_fails_is_refused_by_name(probe: Probe) -> None:
    assert "\n  ansible_ssh_args: an extra variable (-e) beats the overlay" in probe.refused("template")


def test_extra_variable_with_the_overlays_value_may_stay(probe: Probe) -> None:
    assert probe.refused("same") == ""


def test_every_way_to_a_cluster_of_our_roles_is_in_the_overlay(probe: Probe) -> None:
    ways = {
        name
        for path in (CHECKOUT / "roles").glob("cilium_net_*/meta/argument_specs.yml")
        for entry in yaml.safe_load(path.read_text("utf-8"))["argument_specs"].values()
        for name in entry["options"]
        if name.endswith(("_kubeconfig", "_context", "_binary", "_chart", "_chart_repo"))
    }
    assert len(ways) >= 11
    assert ways <= probe.rehearsal.variables(CLUSTER).keys()


def test_nodes_are_closed_in_the_same_way(probe: Probe) -> None:
    node, router = probe.rehearsal.variables(NODE), probe.rehearsal.variables(ROUTER)
    assert router.keys() - node.keys() == {
        "ansible_host",
        "ansible_ssh_host",
        "edge_router_bgp_owner",
        "edge_router_persist",
        "udm_frr_owner",
        "udm_frr_controller",
        "edge_router_platform",
        "edge_twin_router_platform",
        "edge_router_frr_version",
    }
    assert f"--net=/run/netns/twin-t.host.{NODE} " in str(node["ansible_ssh_args"])


# -- Which inventories ---------------------------------------------------------------------------------------------------------


def test_inventory_after_the_overlay_is_refused_where_it_beats_it(probe: Probe) -> None:
    assert "\n  ansible_host: the overlay's value does not count on udm-pro (name the overlay last" in probe.refused(
        "overlay first"
    )


@pytest.mark.parametrize("case", ["overlay last", "overlay first, nothing against it", "overlay by its file", "copy"])
def test_overlay_is_found_and_counts(case: str, probe: Probe) -> None:
    assert probe.answers[case]["guard"] == {"twin": "t"}
    assert probe.changed(case) == set()


@pytest.mark.parametrize("case", ["overlay in a folder", "overlay deep in a folder"])
def test_overlay_inside_a_folder_of_inventories_is_refused_because_ansible_does_not_read_its_variables(
    case: str, probe: Probe
) -> None:
    assert "ansible_connection" in probe.refused(case)
    assert "the overlay's value does not count on" in probe.refused(case)


def test_router_that_came_after_the_twin_is_refused(probe: Probe) -> None:
    text = probe.refused("newer site")
    assert "\n  new-router: twin t does not have this host: it would be connected to for real" in text
    assert "new-node" not in text


def test_overlay_that_only_a_variable_names_is_held_to(probe: Probe) -> None:
    assert "the overlay's value does not count on udm-pro" in probe.refused("overlay by its variable")
    gone = "edge_twin_overlay: udm-pro has it, and /gone is no overlay: the twin is not up"
    assert probe.refused("variable of an overlay that is gone").startswith(gone)


@pytest.mark.parametrize(
    ("case", "path"),
    [
        ("overlay that is gone", "gone/overlay"),
        ("file of an overlay that is gone", "gone/overlay/hosts.yml"),
        ("link to an overlay that is gone", "dangling"),
        ("folder with a link to an overlay that is gone", "holding-twin/twin"),
        ("list of hosts and an overlay that is gone", "gone/overlay"),
    ],
)
def test_overlay_that_is_gone_is_no_run_for_real(case: str, path: str, probe: Probe) -> None:
    assert probe.refused(case) == (
        f"{probe.folder / path}: this inventory is not there: Ansible would go on with the others, for real (name one that"
        " is there, or take it out; the overlay of a twin is there while the twin is up: playbooks/twin.yml)"
    )


@pytest.mark.parametrize(
    "case",
    [
        "site alone",
        "site and Ansible's usual inventory",
        "folder with a hidden link",
        "folder with a link that Ansible leaves out",
    ],
)
def test_site_without_an_overlay_is_not_held(case: str, probe: Probe) -> None:
    assert probe.answers[case]["guard"] == {"twin": None}


@pytest.mark.parametrize("link", [False, True], ids=["nothing", "a link to what is gone"])
def test_usual_inventory_may_be_missing_but_is_no_link_to_an_overlay_that_is_gone(
    link: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, usual = tmp_path / "site.yml", tmp_path / "hosts"
    site.touch()
    monkeypatch.setattr(edge_guard, "USUAL_INVENTORY", str(usual))
    variables = {"ansible_inventory_sources": [str(usual), str(site)]}
    if not link:
        assert edge_guard.find_overlay(variables) is None
        return
    usual.symlink_to(tmp_path / "gone" / "overlay")
    with pytest.raises(EdgeError, match=f"^{re.escape(str(usual))}: this inventory is not there: "):
        edge_guard.find_overlay(variables)


# -- The playbooks ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def twin(tmp_path: Path) -> Rehearsal:
    return rehearsal(tmp_path / "twin")


def rehearse(
    twin: Rehearsal, playbook: str, *extra: str, options: tuple[str, ...] = (), **environment: str
) -> PlaybookRun:
    """Run a playbook on the reference site with the twin's overlay; proxies of the tests' own do not matter."""
    quiet = {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
    return run_playbook(
        playbook, HYBRID, *extra, options=("-i", str(twin.overlay), *options), environment=quiet | environment
    )


SHAPING = {
    "ansible_connection": "local",
    "ansible_become": True,
    "ansible_become_exe": "elsewhere",
    "ansible_shell_type": "powershell",
    "ansible_shell_executable": "/bin/elsewhere",
    "ansible_python_interpreter": "/bin/elsewhere",
}
"""Variables of no connection plugin that choose one, or shape what runs."""


@pytest.mark.long
def test_everything_at_once_does_not_change_how_the_router_is_reached(twin: Rehearsal, tmp_path: Path) -> None:
    """Ansible's own executor, with every source of every option set but extra variables, which are refused."""
    used = [source for source in SOURCES if held(source) or not source.options]
    used = [source for source in used if not source.name.startswith("delegated_vars[")]
    configuration = tmp_path / "ansible.cfg"
    sections: dict[str, list[str]] = {"defaults": [f"collections_path = {CHECKOUT / '.ansible' / 'collections'}"]}
    for source in used:
        if source.kind == "ini":
            section, _dot, key = source.name.rpartition(".")
            sections.setdefault(section, []).append(f"{key} = {source.value}")
    configuration.write_text(
        "\n".join(line for name, lines in sections.items() for line in (f"[{name}]", *lines)), "utf-8"
    )
    variables = {source.name: source.value for source in used if source.kind == "vars"}
    mine = tmp_path / "mine.yml"
    mine.write_text(json.dumps({"all": {"hosts": {ROUTER: {**variables, **SHAPING}}}}), "utf-8")
    options = [f"--{source.name.replace('_', '-')}={source.value}" for source in used if source.kind == "cli"]
    run = run_playbook(
        "../site.yml",
        HYBRID,
        options=("-i", str(mine), "-i", str(twin.overlay), "--tags=router", "--connection=local", "--become", *options),
        environment={
            **{source.name: str(source.value) for source in used if source.kind == "env"},
            "ANSIBLE_TRANSPORT": "local",
            "ANSIBLE_BECOME": "true",
            "ANSIBLE_EXECUTABLE": "/bin/elsewhere",
            "ANSIBLE_CONFIG": str(configuration),
            "no_proxy": "127.0.0.1",
            "NO_PROXY": "127.0.0.1",
        },
    )
    assert run.status != 0
    assert "nobody is reached" in run.output
    called = twin.calls.read_text("utf-8").splitlines()
    arguments = shlex.split(str(twin.variables(ROUTER)["ansible_ssh_args"]))
    assert called[: len(arguments)] == arguments
    # What Ansible adds itself, in its order; then the host and the command.
    added = [word for word in called[len(arguments) :] if word != "-o"]
    assert [word.partition("=")[0] for word in added[:-2]] == [
        "Port",
        "IdentityFile",
        "KbdInteractiveAuthentication",
        "PreferredAuthentications",
        "PasswordAuthentication",
        "User",
        "ConnectTimeout",
        "NumberOfPasswordPrompts",
    ]
    assert added[-2] == twin.variables(ROUTER)["ansible_host"]
    assert added[-1].startswith("/bin/sh -c '/usr/lib/frr/bgpd --version")
    assert "elsewhere" not in "".join(called)


@pytest.mark.first_case
@pytest.mark.parametrize(
    ("playbook", "options"),
    [
        ("plan.yml", ()),
        ("render.yml", ("-e", "edge_render_dir=/nonexistent")),
        ("verify.yml", ()),
        ("compare.yml", ()),
        ("../site.yml", ("--tags", "router", "--check")),
        ("../site.yml", ("--tags", "cluster", "--limit", "platform,udm-pro")),
    ],
    ids=["plan", "render", "verify", "compare", "site, one end", "site, some hosts"],
)
def test_every_playbook_ends_at_the_guard(playbook: str, options: tuple[str, ...], twin: Rehearsal) -> None:
    run = rehearse(twin, playbook, "ansible_connection=local", options=options)
    run.check(2)
    assert "ansible_connection: an extra variable (-e) beats the overlay on udm-pro, platform" in run.output
    assert "TASK [Plan the site" not in run.output.partition("could leave the twin")[2]
    assert not twin.calls.exists()


@pytest.mark.each_core
def test_nothing_gets_past_the_guard_by_leaving_tasks_out(twin: Rehearsal) -> None:
    for options in (("--skip-tags", "always"), ("--start-at-task", "Validate the intent against the router")):
        run = rehearse(twin, "../site.yml", "ansible_connection=local", options=options)
        assert run.status != 0
        assert "'edge_plan' is undefined" in run.output
        assert "changed: [" not in run.output
        assert not twin.calls.exists()


def test_playbook_of_the_users_that_imports_ours_with_variables(twin: Rehearsal, tmp_path: Path) -> None:
    plays = [{"import_playbook": "hybridnet.cluster_edge.site", "vars": {"ansible_host": "elsewhere.invalid"}}]
    playbook = tmp_path / "mine.yml"
    playbook.write_text(json.dumps(plays), "utf-8")
    run = rehearse(twin, str(playbook))
    run.check(2)
    assert "ansible_host: the overlay's value does not count on udm-pro" in run.output
    assert not twin.calls.exists()


def guarded_play(folder: Path, hosts: str, **more: Any) -> str:
    """Write a playbook of the user's with one play, which the guard holds; return its path."""
    tasks = [
        {"hybridnet.cluster_edge.edge_guard": None, "run_once": True},
        {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} is next"}},
    ]
    playbook = folder / "mine.yml"
    playbook.write_text(json.dumps([{"hosts": hosts, "gather_facts": False, "tasks": tasks, **more}]), "utf-8")
    return str(playbook)


def test_guard_in_a_play_without_a_host_of_the_site_fails(twin: Rehearsal, tmp_path: Path) -> None:
    """It would say that all is well, and hold no other play."""
    run = rehearse(twin, guarded_play(tmp_path, "localhost"))
    run.check(2)
    assert "edge_guard: this play has no router, cluster or node, so there is nothing to hold to the twin" in run.output


NEWER = {
    "edge_routers": {"hosts": {"new-router": None}},
    "edge_nodes": {"hosts": {"new-node": {"ansible_host": "203.0.113.77"}}},
    "others": {
        "hosts": {"bastion": {"ansible_host": "203.0.113.78"}, "here": {"ansible_connection": "ansible.builtin.local"}}
    },
}
"""What came into the inventory after the twin; ``here`` is this machine by another name."""


@pytest.mark.first_case
@pytest.mark.parametrize(
    ("hosts", "outside"),
    [
        pytest.param("edge_routers:!new-router", [], id="a router"),
        pytest.param("edge_nodes:!new-node", [], id="nodes of the twin"),
        pytest.param("platform:localhost:here", [], id="a cluster and this machine"),
        pytest.param("edge_routers", ["new-router"], id="a new router"),
        pytest.param("edge_nodes:edge_clusters", ["new-node"], id="a new node and a cluster"),
        pytest.param("edge_nodes", ["new-node"], id="a new node"),
        pytest.param("platform:bastion", ["bastion"], id="a host in none of the groups"),
        pytest.param("all", ["new-router", "new-node", "bastion"], id="all"),
    ],
)
def test_guarded_play_reaches_no_host_that_the_twin_does_not_have(
    hosts: str, outside: list[str], twin: Rehearsal, tmp_path: Path
) -> None:
    newer = tmp_path / "newer.yml"
    newer.write_text(json.dumps({"all": {"children": NEWER}}), "utf-8")
    run = run_playbook(
        guarded_play(tmp_path, hosts),
        HYBRID,
        options=("-i", str(newer), "-i", str(twin.overlay)),
        environment={"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"},
    )
    run.check(2 if outside else 0)
    assert (
        re.findall(r"(\S+): twin t does not have this host: it would be connected to for real", run.output) == outside
    )
    assert ("is next" in run.output) is (outside == [])


def test_variables_plugins_that_do_not_read_the_overlay(twin: Rehearsal) -> None:
    run = rehearse(twin, "plan.yml", ANSIBLE_VARS_ENABLED="ansible.builtin.nothing")
    run.check(2)
    assert "ansible_connection" in run.output
    assert "the overlay's value does not count on udm-pro, platform" in run.output


def test_environment_that_leads_elsewhere(twin: Rehearsal) -> None:
    run = rehearse(
        twin, "plan.yml", HELM_KUBEAPISERVER="https://192.0.2.1", HTTPS_PROXY="http://proxy.invalid", no_proxy=""
    )
    run.check(2)
    assert "HELM_KUBEAPISERVER: this environment variable may lead Helm" in run.output
    assert "HTTPS_PROXY" not in run.output  # NO_PROXY has the address


@pytest.mark.first_case
@pytest.mark.parametrize("leads", [True, False], ids=["with a host in it", "with secrets alone"])
def test_vault_file(leads: bool, twin: Rehearsal, tmp_path: Path) -> None:
    secrets = {"ansible_password": "sesame", "ansible_become_password": "sesame", "edge_bgp_passwords": {}}
    if leads:
        secrets |= {"ansible_host": "elsewhere.invalid", "edge_cluster_kubeconfig": "/elsewhere"}
    key = tmp_path / "key"
    key.write_text("opens the vault", "utf-8")
    vault = tmp_path / "vault.yml"
    vault.write_text(json.dumps(secrets), "utf-8")
    ansible_vault = Path(sys.executable).with_name("ansible-vault")
    subprocess.run([ansible_vault, "encrypt", f"--vault-password-file={key}", vault], check=True, capture_output=True)
    run = rehearse(twin, "plan.yml", f"@{vault}", options=("--vault-password-file", str(key)))
    run.check(2 if leads else 0)
    assert ("edge_cluster_kubeconfig: an extra variable (-e) beats the overlay on platform" in run.output) is leads
    assert ("ansible_host: an extra variable (-e) beats the overlay on udm-pro" in run.output) is leads
    assert "elsewhere" not in run.output
    assert "sesame" not in run.output


def test_twin_is_built_although_its_overlay_is_in_the_inventory_before_it_is_there(tmp_path: Path) -> None:
    run = run_playbook("twin.yml", HYBRID, options=("-i", str(tmp_path / "overlay"), "--check"))
    assert "PLAY [Twin]" in run.output
    assert "is not there" not in run.output
