# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions stand in one table each; whatever quotes one, in words or in a role, says what the table says."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import versions as frr
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import programs
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions import cilium, cilium_chart, controller
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import without_links

FRR = frr.text_of(frr.OLDEST)
(V2,) = {cilium.text_of(since) for since in cilium.V2_SINCE.values()}
SUITES = programs.ROUTER_SUITES
VERSIONS = [suite.frr for suite in SUITES.values()]


def listed(items: Sequence[str], word: str) -> str:
    """Return items as a sentence lists them."""
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


RECIPES = (
    programs.KUBERNETES,
    programs.HELM,
    programs.HELM_OLDEST,
    programs.HELM_4,
    programs.KUSTOMIZE,
    *programs.FLUX.values(),
    programs.ARGO_CD,
    *programs.CILIUM.values(),
)
CORE = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text("utf-8"))["requires_ansible"].removeprefix(">=")

CLIENT = controller.version_text(controller.OLDEST["kubernetes"])
HELM = controller.version_text(controller.OLDEST["helm"])

QUOTES = [
    ("README.md", f"FRR {FRR} or later"),
    ("README.md", f"Cilium ≥ {cilium.text_of(cilium.OLDEST)}"),
    ("README.md", f"ansible-core ≥ {CORE.removesuffix('.0')}"),
    ("docs/dependencies.md", f"ansible-core ≥ {CORE.removesuffix('.0')}"),
    ("docs/dependencies.md", f"kubernetes (Python) ≥ {CLIENT}"),
    ("README.md", f"Helm ≥ {HELM}, or 4"),
    ("docs/dependencies.md", f"Helm ≥ {HELM}, or 4"),
    ("docs/cluster.md", f"`kubernetes` {CLIENT}, or newer. Helm {HELM} or newer"),
    ("docs/router.md", f"an FRR before {FRR}"),
    ("docs/router.md", f"UniFi's 10.1 gets those of {frr.text_of(frr.nearest_tried((10, 1)))}"),
    ("docs/compare.md", f"asks for defaults from before {frr.text_of(frr.EBGP_REQUIRES_POLICY.since)}"),
    ("docs/cluster.md", f"`v2` from {V2} on"),
    (
        "docs/cluster.md",
        f"Helm {programs.HELM_OLDEST.version[1:]}, {programs.HELM.version[1:]} and {programs.HELM_4.version[1:]} are tried",
    ),
    ("docs/situations/ipv6-only.md", f"`edge_cluster_router_ids` (Cilium {cilium.ROUTER_ID_POOL.version} and later)"),
    ("docs/situations/ipv6-only.md", f"Before {cilium.IDENTIFIER_WITHOUT_IPV4.version} write `edge_node_router_id`"),
    ("docs/situations/ipv6-only.md", f"answer NDP from Cilium {cilium.L2_IPV6.version} on"),
    ("docs/situations/ipv6-only.md", f"an identifier pool needs {cilium.ROUTER_ID_POOL.version}"),
    *((f"docs/situations/{page}.md", f"kustomize {programs.KUSTOMIZE.version[1:]}") for page in ("argocd", "flux")),
    *(
        ("docs/situations/flux.md", f"{name} {recipe.version.removeprefix('v')}")
        for name, recipe in programs.FLUX.items()
    ),
    ("docs/situations/argocd.md", f"Argo CD {programs.ARGO_CD.version[1:]}"),
    ("docs/twin.md", f"Go {programs.GO_VERSION}"),
    ("docs/twin.md", f"(FRR {listed(VERSIONS, 'or')})"),
    (
        "docs/twin.md",
        f"Kubernetes {programs.KUBERNETES.version[1:]}, Helm {programs.HELM.version[1:]}, "
        f"Cilium {', '.join(list(programs.CILIUM)[:-1])} and {list(programs.CILIUM)[-1]}",
    ),
    ("plugins/modules/frr_config.py", f"FRR {FRR} or later"),
    ("plugins/modules/frr_info.py", f"FRR {FRR} or later"),
    *(
        (file, text)
        for file in ("plugins/modules/edge_twin.py", "roles/edge_twin/meta/argument_specs.yml")
        for text in (f"({listed(VERSIONS, 'and')})", f"choices: [{', '.join(SUITES)}]")
    ),
    ("docs/router.md", " | ".join(f"{suite.frr} ({name})" for name, suite in SUITES.items())),
    *(("roles/edge_twin/README.md", f"`{name}` ({suite.frr})") for name, suite in list(SUITES.items())[1:]),
    ("roles/udm_frr/README.md", f"FRR {FRR} or"),
]


@pytest.mark.parametrize(("file", "text"), QUOTES, ids=[f"{file}: {text}" for file, text in QUOTES])
def test_what_quotes_a_version_says_what_the_table_says(file: str, text: str) -> None:
    assert text in " ".join(without_links((CHECKOUT / file).read_text("utf-8")).split())


def test_each_recipe_has_its_module_and_no_other_is_there() -> None:
    folder = CHECKOUT / "roles" / "edge_twin" / "files" / "programs"
    assert sorted(path.name for path in folder.iterdir()) == sorted(recipe.name for recipe in RECIPES)
    for recipe in RECIPES:
        module = {
            "kubernetes": "k8s.io/kubernetes",
            "helm": r"helm\.sh/helm/v\d",
            "kustomize": r"sigs\.k8s\.io/kustomize/kustomize/v\d",
            "cilium": "github.com/cilium/cilium",
            "argo-cd": r"github.com/argoproj/argo-cd/v\d",
            **{name: f"github.com/fluxcd/{name}" for name in programs.FLUX},
        }
        name = recipe.name.rpartition("-")[0]
        written = re.search(
            rf"^(?:require )?\s*{module[name]} (v\S+)", (folder / recipe.name / "go.mod").read_text(), re.M
        )
        assert written is not None
        assert written[1] == f"v{recipe.version.removeprefix('v')}"


def test_the_module_of_a_recipe_wants_no_newer_go_than_the_one_that_builds_it() -> None:
    for recipe in RECIPES:
        text = (CHECKOUT / "roles" / "edge_twin" / "files" / "programs" / recipe.name / "go.mod").read_text()
        wanted = re.search(r"^go (\d+)\.(\d+)", text, re.M)
        assert wanted is not None
        assert (int(wanted[1]), int(wanted[2])) <= tuple(int(part) for part in programs.GO_VERSION.split("."))


def test_the_version_of_go_stands_in_one_place() -> None:
    version = programs.GO_PACKAGE.partition("==")[2]
    files = [
        CHECKOUT / "test",
        CHECKOUT / "rehearse",
        *(CHECKOUT / "scripts").iterdir(),
        *CHECKOUT.glob("requirements/*"),
    ]
    assert [path.name for path in files if path.is_file() and version in path.read_text("utf-8")] == []


def test_the_oldest_frr_that_is_supported_is_the_oldest_that_is_tested() -> None:
    assert min(tuple(int(part) for part in suite.frr.split(".")) for suite in SUITES.values()) == frr.OLDEST


def test_the_twin_runs_each_minor_version_that_is_supported() -> None:
    (major, oldest), (_major, newest) = cilium.OLDEST[:2], cilium.NEWEST[:2]
    minors = [cilium.parse_version(version)[:2] for version in programs.CILIUM]
    assert minors == [(major, minor) for minor in range(oldest, newest + 1)]


@pytest.mark.parametrize(
    "since",
    [
        *(item.since for item in cilium.CAPABILITIES),
        *(version for fault in cilium.FAULTS for span in fault.spans for version in span if version),
        *cilium.V2_SINCE.values(),
    ],
)
def test_a_version_of_a_table_is_one_that_is_supported(since: cilium.Version) -> None:
    assert cilium.OLDEST <= since <= (*cilium.NEWEST[:2], 99)


def test_the_oldest_helm_that_is_taken_is_tried() -> None:
    tried = [tuple(int(part) for part in recipe.version[1:].split(".")) for recipe in RECIPES if "helm" in recipe.mains]
    assert min(tried)[:2] == controller.OLDEST["helm"]


def test_what_every_supported_version_can_do_has_no_gate() -> None:
    assert all(item.since > cilium.OLDEST for item in cilium.CAPABILITIES)
    assert all(fault.mended is None or fault.mended > cilium.OLDEST for fault in cilium.FAULTS)
    assert all(since > cilium.OLDEST for since in cilium.V2_SINCE.values())


def test_the_versions_with_a_fault_are_in_order() -> None:
    for fault in cilium.FAULTS:
        ends = [version for span in fault.spans for version in span]
        assert None not in ends[:-1]
        assert ends[:-1] == sorted(ends[:-1])
        assert ends[-1] is None or ends[-2] < ends[-1]


def test_a_value_of_the_chart_comes_before_it_goes() -> None:
    for value in cilium_chart.HELM_VALUES:
        assert value.since or value.until
        if value.since and value.until:
            assert value.since < value.until


def test_capabilities_and_gates_are_the_same() -> None:
    assert set(cilium.GATES.values()) <= set(cilium.CAPABILITIES)


NEW_IN = re.compile(r"^\s*version_added: (.+)$", re.MULTILINE)


def test_nothing_was_added_in_a_version_that_is_not_there_yet() -> None:
    present = tuple(map(int, yaml.safe_load((CHECKOUT / "galaxy.yml").read_text("utf-8"))["version"].split(".")))
    found = {
        (path.relative_to(CHECKOUT).as_posix(), version)
        for folder in ("plugins", "roles")
        for ending in ("py", "yml")
        for path in (CHECKOUT / folder).rglob(f"*.{ending}")
        for version in NEW_IN.findall(path.read_text("utf-8"))
    }
    assert len(found) > 50
    assert [(path, version) for path, version in sorted(found) if tuple(map(int, version.split("."))) > present] == []
