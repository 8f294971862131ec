# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doing part of the twin, as far as it can be seen without root: recipes, pods, the overlay, waiting."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import (
    kubelet,
    overlay,
    programs,
    router,
    runtime,
    site,
    written_overlay,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions.cilium import NEWEST, NEWEST_RELEASE
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import (
    CHECKOUT,
    hybrid_document,
    hybrid_plan,
    inventory_from,
)

OTHER_PATCH = f"{NEWEST[0]}.{NEWEST[1]}.99"
"""A release that no twin has, of the minor version of the newest one that it has."""
RECIPES = CHECKOUT / "roles" / "edge_twin" / "files" / "programs"
ROUTER = _twin.Router("r1", "twin-home.host.r1", "twin-home.r1", "192.0.2.1", True, "unifi")


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> runtime.Runtime:
    """Return the runtime of a twin whose cgroup is a plain folder: nothing in it runs."""
    monkeypatch.setattr(runtime.Cgroup, "of_twin", classmethod(lambda cls, name: cls(tmp_path / "cgroup" / name)))
    return runtime.Runtime("twin-home", tmp_path / "home", runtime.Progress(lambda text: None))


@pytest.fixture(params=[0o022, 0o027, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_programs_of_a_twin_have_the_usual_umask(running: runtime.Runtime, tmp_path: Path) -> None:
    running.start("program", ["/bin/sh", "-c", f"umask > {tmp_path}/started; echo 1 > {tmp_path}/made"])
    runtime.run(["/bin/sh", "-c", f"umask > {tmp_path}/run"])
    programs.follow(["/bin/sh", "-c", f"umask > {tmp_path}/followed"], running.progress, "", tmp_path)
    end = time.monotonic() + 10
    while not (tmp_path / "made").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    assert {name: (tmp_path / name).read_text("ascii") for name in ("started", "run", "followed")} == {
        "started": "0022\n",
        "run": "0022\n",
        "followed": "0022\n",
    }
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o644


@pytest.mark.usefixtures("umask")
def test_root_folder_of_a_router_is_open_to_daemons_that_are_not_root(
    running: runtime.Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """overlayfs takes the mode of `/` from the upper folder."""
    monkeypatch.setattr(running, "start", lambda *_arguments, **_options: 0)
    machine = router.RouterMachine(running, ROUTER)
    machine.start(Path("/image"), Path("/keys"))
    assert (machine.folder / "upper").stat().st_mode & 0o777 == 0o755


def pod(container: str, image: str, node: str | None = None) -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [{"name": container, "image": image}]}
    if node:
        term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
        spec["affinity"] = {"nodeAffinity": required}
    return {"spec": spec}


@pytest.mark.parametrize(
    ("container", "image", "expected"),
    [
        pytest.param("cilium-agent", "quay.io/cilium/cilium:v1.19.6@sha256:ab", ("agent", "1.19.6"), id="agent"),
        pytest.param("cilium-agent", "quay.io/cilium/cilium:v1.20.0-rc.1", ("agent", "1.20.0-rc.1"), id="candidate"),
        pytest.param(
            "cilium-operator",
            "quay.io/cilium/operator-generic:v1.19.6@sha256:ab",
            ("operator", "1.19.6"),
            id="operator",
        ),
        pytest.param("cilium-envoy", "quay.io/cilium/cilium-envoy:v1.35.9", None, id="envoy-is-a-stand-in"),
        pytest.param("web", "registry.example/cilium/cilium:v1.19.6", None, id="another-container"),
    ],
)
def test_program_of(container: str, image: str, expected: tuple[str, str] | None) -> None:
    assert kubelet.program_of(pod(container, image)) == expected


def test_a_pod_goes_where_its_daemonset_says_else_to_the_first_node() -> None:
    assert kubelet.node_for(pod("a", "b", "n2"), ["n1", "n2"]) == "n2"
    assert kubelet.node_for(pod("a", "b"), ["n1", "n2"]) == "n1"


@pytest.mark.parametrize(
    "recipe",
    [
        programs.KUBERNETES,
        programs.HELM,
        programs.HELM_OLDEST,
        programs.HELM_4,
        programs.KUSTOMIZE,
        *programs.FLUX.values(),
        programs.ARGO_CD,
        *programs.CILIUM.values(),
    ],
    ids=lambda item: item.name,
)
def test_every_recipe_has_its_module_with_all_its_mains(recipe: programs.Recipe) -> None:
    module = (RECIPES / recipe.name / "go.mod").read_text("utf-8")
    assert (RECIPES / recipe.name / "go.sum").is_file()
    for main in recipe.mains.values():
        assert f"\t{main.package}\n" in module or f"tool {main.package}\n" in module


def test_a_program_is_built_again_only_when_its_recipe_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = programs.Recipe("thing-1", {"a.b": "1"}, {"thing": programs.Main("example.test/thing")}, ("version",), "1")
    (tmp_path / "recipes" / "thing-1").mkdir(parents=True)
    source = tmp_path / "recipes" / "thing-1" / "go.mod"
    source.write_text("module one\n")
    built: list[str] = []

    def build(self: programs.Programs, item: programs.Recipe, program: str, target: Path) -> None:
        built.append(program)
        target.write_text("binary")

    monkeypatch.setattr(programs.Programs, "_build", build)
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    tools = programs.Programs(tmp_path / "cache", tmp_path / "recipes", None, runtime.Progress(lambda text: None))
    for _time in range(2):
        assert tools.ready(recipe, "thing") == tmp_path / "cache" / "programs" / "thing-1" / "thing"
    assert built == ["thing"]
    source.write_text("module two\n")
    tools.ready(recipe, "thing")
    assert built == ["thing", "thing"]


def test_another_edit_builds_its_programs_again() -> None:
    tools = programs.Programs(Path("/cache"), RECIPES, None, runtime.Progress(lambda text: None))
    recipe = programs.CILIUM["1.17.16"]
    *before, last = recipe.edits
    other = dataclasses.replace(recipe, edits=(*before, dataclasses.replace(last, new=last.new + "2")))
    assert tools._key(recipe, "cilium-agent") != tools._key(other, "cilium-agent")


def test_an_edit_changes_its_text_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b.go"
    file.parent.mkdir()
    file.write_text('one = "/x"\ntwo = "/y"\n', encoding="utf-8")
    programs.apply_edit(tmp_path, programs.Edit("a/b.go", '"/y"', '"/z"'))
    assert file.read_text(encoding="utf-8") == 'one = "/x"\ntwo = "/z"\n'


@pytest.mark.parametrize("text", ["none", "old old"], ids=["absent", "twice"])
def test_an_edit_of_a_text_that_is_not_there_once_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.go").write_text(text, encoding="utf-8")
    with pytest.raises(EdgeError) as caught:
        programs.apply_edit(tmp_path, programs.Edit("a.go", "old", "new"))
    assert str(caught.value) == "a.go does not have `old` once (the recipe is for another release)"
    assert (tmp_path / "a.go").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("versions", "asked"), [([NEWEST_RELEASE], False), (["1.17.16"], True)], ids=["of every twin", "of a release"]
)
def test_the_commands_of_a_recipe_are_asked_for_where_it_is_run(
    monkeypatch: pytest.MonkeyPatch, versions: list[str], asked: bool
) -> None:
    monkeypatch.setattr(programs.shutil, "which", lambda name, path="": None if "bpftool" in name else name)
    installed: list[str] = []
    monkeypatch.setattr(programs, "follow", lambda argv, *more: installed.extend(argv))
    tools = programs.Programs(Path("/cache"), RECIPES, None, runtime.Progress(lambda text: None))
    tools.debian_packages([programs.CILIUM[version] for version in versions])
    # apt-get is "there": what is missing would be installed.
    assert ("bpftool" in installed) == asked


@pytest.mark.parametrize(("said", "taken"), [("v1.2.3", True), ("v1.2.30", False)], ids=["pinned", "another"])
def test_a_program_on_the_path_is_used_when_its_version_is_the_pinned_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, taken: bool
) -> None:
    program = tmp_path / "thing"
    program.write_text(f"#!/bin/sh\necho {said}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    recipe = programs.Recipe("thing-1", {}, {"thing": programs.Main("x")}, ("version",), "v1.2.3")
    tools = programs.Programs(tmp_path / "cache", tmp_path, None, runtime.Progress(lambda text: None))
    assert tools._present(recipe, "thing") == (program if taken else None)


@pytest.mark.parametrize(("planned", "written"), [(NEWEST_RELEASE, None), (OTHER_PATCH, NEWEST_RELEASE)])
def test_the_overlay_has_the_release_that_runs_where_it_is_not_the_planned_one(
    tmp_path: Path, planned: str, written: str | None
) -> None:
    data = hybrid_plan().data
    clusters = {"platform": {**data["clusters"]["platform"], "cilium_version": planned}}
    twin = _twin.describe({**data, "clusters": clusters}, cilium=tuple(programs.CILIUM))
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text('{"current-context": "twin"}', encoding="utf-8")
    variables = overlay.cluster_variables(
        twin.clusters[0], Path("/twin/ssh"), kubeconfig, Path("/helm"), Path("/chart")
    )
    assert variables.get("edge_cilium_version") == written


@pytest.mark.parametrize("release", programs.CILIUM)
def test_each_release_has_its_recipe(release: str) -> None:
    recipe = programs.CILIUM[release]
    text = (RECIPES / recipe.name / "go.mod").read_text("utf-8")
    assert re.search(rf"^\s*github.com/cilium/cilium v{re.escape(release)} // indirect$", text, re.MULTILINE)


def ssh_configuration(arguments: str, *more: str) -> dict[str, str]:
    """Return what ssh itself makes of arguments: option in small letters -> value."""
    command = ["ssh", "-G", *shlex.split(arguments), *more, "real-router.invalid"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


@pytest.mark.parametrize("owner", ["none", "controller", "file"])
def test_the_run_writes_the_routers_file_in_the_twin_whoever_owns_it_at_home(owner: str) -> None:
    """UniFi Network is the real one, and must not be asked; nobody else is in the twin to write what is rendered."""
    document = hybrid_document()
    home = document["all"]["children"]["edge_routers"]["hosts"]["udm-pro"]
    home.update(
        edge_router_platform="unifi",
        edge_router_bgp_owner=owner,
        edge_router_persist=owner == "file",
        edge_router_controller={"url": "https://192.0.2.1"},
        edge_router_controller_api_key="key",
    )
    variables = overlay.router_variables(ROUTER, Path("/twin/ssh"), "10.3")
    home.update({name: value for name, value in variables.items() if name.startswith("edge_")})
    computed = plan(inventory_from(document))
    assert [finding.text for finding in computed.findings if finding.severity == "error"] == []
    router = computed.data["routers"]["udm-pro"]
    assert (router["bgp_owner"], router["controller"], router["persist"], router["platform"]) == (
        "file",
        None,
        False,
        "linux",
    )
    assert variables["udm_frr_owner"] == "file"


def test_router_is_reached_only_through_its_namespace() -> None:
    variables = overlay.router_variables(ROUTER, Path("/twin/ssh"), "10.3")
    seen = ssh_configuration(variables["ansible_ssh_args"])
    assert seen["proxycommand"].startswith("/usr/bin/nsenter --net=/run/netns/twin-home.host.r1 -- ")
    assert seen["proxycommand"].endswith(" -I /twin/ssh/connect.py 192.0.2.1 22")
    assert (seen["hostname"], seen["port"], seen["user"]) == ("192.0.2.1", "22", "root")
    # Nothing of the user's own: neither configuration nor known hosts nor control sockets nor keys.
    assert variables["ansible_ssh_args"].startswith("-F /dev/null ")
    assert seen["userknownhostsfile"] == "/twin/ssh/known_hosts"
    assert seen["controlpath"].startswith("/twin/ssh/control/")
    assert (seen["identityfile"], seen["identityagent"]) == ("/twin/ssh/id", "none")
    assert (variables["ansible_host"], variables["ansible_ssh_host"]) == ("192.0.2.1", "192.0.2.1")


@pytest.mark.parametrize(
    "option",
    [
        "ControlPath=/mine",
        "ControlMaster=yes",
        "ProxyCommand=mine",
        "ProxyJump=mine",
        "HostName=mine",
        "Port=77",
        "User=mine",
        "UserKnownHostsFile=/mine",
        "StrictHostKeyChecking=no",
        "IdentityAgent=/mine",
        "PermitLocalCommand=yes",
    ],
)
def test_nothing_that_stands_behind_the_overlays_options_counts(option: str) -> None:
    arguments = overlay.router_variables(ROUTER, Path("/twin/ssh"), "10.3")["ansible_ssh_args"]
    assert ssh_configuration(arguments, "-o", option) == ssh_configuration(arguments)
    assert ssh_configuration("-F /dev/null", "-o", option) != ssh_configuration("-F /dev/null")


def test_arguments_behind_it_are_empty_because_some_count_wherever_they_stand() -> None:
    variables = overlay.router_variables(ROUTER, Path("/twin/ssh"), "10.3")
    assert ssh_configuration(variables["ansible_ssh_args"], "-S", "/mine")["controlpath"] == "/mine"
    for name in ("ssh_common_args", "ssh_extra_args", "sftp_extra_args", "scp_extra_args"):
        assert variables[f"ansible_{name}"] == ""


def test_nothing_of_the_users_shapes_commands_or_is_offered_as_a_credential() -> None:
    variables = overlay.router_variables(ROUTER, Path("/twin/ssh"), "10.3")
    assert variables["ansible_become"] is False
    assert (variables["ansible_shell_type"], variables["ansible_shell_executable"]) == ("sh", "/bin/sh")
    assert variables["ansible_python_interpreter"] == "/usr/bin/python3"
    for name in ("password", "ssh_pass", "ssh_password", "private_key", "ssh_private_key"):
        assert variables[f"ansible_{name}"] == ""
    for name in ("private_key_passphrase", "ssh_private_key_passphrase"):
        assert variables[f"ansible_{name}"] == ""
    for name in ("private_key_file", "ssh_private_key_file"):
        assert variables[f"ansible_{name}"] == "/twin/ssh/id"


def test_folder_with_blanks_and_percent_signs_is_one_path_to_ssh() -> None:
    arguments = overlay.router_variables(ROUTER, Path("/my twin/50%/ssh"), "10.3")["ansible_ssh_args"]
    seen = ssh_configuration(arguments)
    assert seen["controlpath"].startswith("/my twin/50%/ssh/control/")
    # These it expands when it uses them.
    assert "'/my twin/50%%/ssh/connect.py'" in seen["proxycommand"]
    assert seen["identityfile"] == "/my twin/50%%/ssh/id"


def test_folder_too_deep_for_a_control_socket_has_none() -> None:
    deep = Path("/", *["folder"] * 20)
    seen = ssh_configuration(overlay.router_variables(ROUTER, deep, "10.3")["ansible_ssh_args"])
    assert (seen["controlmaster"], seen.get("controlpath", "none")) == ("false", "none")


def test_programs_are_the_machines_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ssh", "sftp", "scp", "nsenter"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    variables = overlay.router_variables(ROUTER, Path("/twin/ssh"), "10.3")
    assert str(tmp_path) not in json.dumps(variables)
    assert variables["ansible_ssh_executable"] == "/usr/bin/ssh"


def test_overlay_loses_hosts_that_left(tmp_path: Path) -> None:
    overlay.write_overlay(tmp_path, "home", {"edge_routers": {"r1": {"a": 1}, "r2": {}}, "edge_clusters": {"k8s": {}}})
    overlay.write_overlay(tmp_path, "home", {"edge_routers": {"r1": {"a": 2}}, "edge_clusters": {"k8s": {}}})
    assert {path.name for path in (tmp_path / "host_vars").iterdir()} == {"r1.yml", "k8s.yml"}
    found = written_overlay.read_overlay(tmp_path)
    assert (found.folder, found.twin) == (str(tmp_path), "home")
    assert found.hosts == {
        "r1": {"edge_twin_overlay": str(tmp_path), "a": 2},
        "k8s": {"edge_twin_overlay": str(tmp_path)},
    }
    assert (tmp_path / "host_vars" / "r1.yml").stat().st_mode & 0o777 == 0o600


def test_overlay_that_somebody_has_broken_is_told(tmp_path: Path) -> None:
    overlay.write_overlay(tmp_path, "home", {"edge_routers": {"r1": {}}})
    (tmp_path / "host_vars" / "r1.yml").write_text("ansible_host: 192.0.2.1\n")
    with pytest.raises(EdgeError, match="this overlay is not as the twin has written it"):
        written_overlay.read_overlay(tmp_path)


def test_a_release_of_somebody_else_gets_the_planned_values_under_the_twins() -> None:
    data = hybrid_plan().data
    assert _twin.describe(data).clusters[0].owners_release is None
    clusters = {"platform": {**data["clusters"]["platform"], "cilium_managed": False}}
    values = _twin.describe({**data, "clusters": clusters}).clusters[0].owners_release
    assert values is not None
    assert values["bgpControlPlane"] == {"enabled": True}
    assert values["operator"] == {"rollOutPods": True, "replicas": 1}
    assert values["routingMode"] == "native"


@pytest.mark.parametrize(
    ("stopped", "message"),
    [
        (
            site.Stopped(agents=["node01", "nod02"]),
            "edge_twin_stopped_agents[1]: no node with an agent 'nod02' (known: node01, node02, node03, node04)",
        ),
        (site.Stopped(operators=["home"]), "edge_twin_stopped_operators[0]: no cluster 'home' (known: platform)"),
    ],
)
def test_what_the_twin_does_not_run_cannot_be_stopped(stopped: site.Stopped, message: str) -> None:
    """A name with a mistake stopped nothing, and the rehearsal of the fault was green."""
    with pytest.raises(EdgeError, match=f"^{re.escape(message)}$"):
        stopped.check(_twin.describe(hybrid_plan().data))


def test_what_the_twin_runs_can_be_stopped() -> None:
    site.Stopped(agents=["node04"], operators=["platform"]).check(_twin.describe(hybrid_plan().data))


def test_check_mode_tells_what_is_stopped_or_started_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The description is the same then: check mode said that nothing would change."""
    monkeypatch.setattr(site.network, "namespaces", lambda _name: ["twin-home.lan"])
    running = runtime.Runtime("twin-home", tmp_path, runtime.Progress(print))
    twin = site.TwinSite(running, programs.Programs(tmp_path, RECIPES, None, running.progress))
    description = _twin.describe(hybrid_plan().data)
    (tmp_path / "twin.json").write_text(json.dumps(dataclasses.asdict(description)))
    settings = tmp_path / "clusters" / "platform" / "kubelet.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(site.Stopped(agents=["node01"]).of(description.clusters[0])))
    assert not twin.differs(description, site.Stopped(agents=["node01"]))
    assert twin.differs(description, site.Stopped())
    assert twin.differs(description, site.Stopped(agents=["node01"], operators=["platform"]))
