# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doing part of the twin, as far as it can be seen without root: recipes, pods, the overlay, waiting."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import (
    kubelet,
    overlay,
    programs,
    runtime,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, hybrid_plan

RECIPES = CHECKOUT / "roles" / "edge_twin" / "files" / "programs"
ROUTER = _twin.Router("r1", "twin-home.host.r1", "twin-home.r1", "192.0.2.1", True)


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
    "recipe", [programs.KUBERNETES, programs.HELM, *programs.CILIUM.values()], ids=lambda item: item.name
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


def test_a_cilium_without_programs_is_an_error_before_anything_starts() -> None:
    with pytest.raises(EdgeError) as caught:
        programs.cilium("1.18.0")
    assert (
        str(caught.value) == "edge_cilium_version: the twin has no programs for Cilium 1.18.0 (it has 1.19.6, 1.20.2)"
    )


def test_the_router_is_reached_only_through_its_namespace() -> None:
    variables = overlay.router_variables(ROUTER, Path("/twin/ssh"), "10.3")
    arguments = variables["ansible_ssh_common_args"]
    assert variables["ansible_host"] == "192.0.2.1"
    assert "nsenter --net=/run/netns/twin-home.host.r1 " in arguments
    # Nothing of the user's own: neither configuration nor known hosts nor control sockets.
    assert arguments.startswith("-F /dev/null ")
    assert "UserKnownHostsFile=/twin/ssh/known_hosts" in arguments
    assert variables["ansible_control_path_dir"] == "/twin/ssh/control"
    assert variables["ansible_host_key_checking"] is True


def test_the_overlay_loses_hosts_that_left(tmp_path: Path) -> None:
    overlay.write_overlay(tmp_path, {"r1": {"a": 1}, "r2": {}}, {"k8s": {}})
    overlay.write_overlay(tmp_path, {"r1": {"a": 2}}, {"k8s": {}})
    assert {path.name for path in (tmp_path / "host_vars").iterdir()} == {"r1.yml", "k8s.yml"}
    assert json.loads((tmp_path / "host_vars" / "r1.yml").read_text("utf-8")) == {"a": 2}
    assert (tmp_path / "host_vars" / "r1.yml").stat().st_mode & 0o777 == 0o600


def test_a_release_of_somebody_else_gets_the_planned_values_under_the_twins() -> None:
    data = hybrid_plan().data
    assert _twin.describe(data).clusters[0].owners_release is None
    clusters = {"platform": {**data["clusters"]["platform"], "cilium_managed": False}}
    values = _twin.describe({**data, "clusters": clusters}).clusters[0].owners_release
    assert values is not None
    assert values["bgpControlPlane"] == {"enabled": True}
    assert values["operator"] == {"rollOutPods": True, "replicas": 1}
    assert values["routingMode"] == "native"
