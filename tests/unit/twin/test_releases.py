# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which releases of Cilium and FRR a twin runs in the place of the planned ones, and what it says of them."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.releases import (
    differences,
    nearest_release,
    nearest_suite,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import CILIUM, ROUTER_SUITES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions.cilium import parse_version
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, hybrid_plan, inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import FOLDER
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml_file

AVAILABLE = ("1.19.6", "1.20.2")


@pytest.mark.parametrize(
    ("planned", "available", "runs"),
    [
        ("1.20.2", AVAILABLE, "1.20.2"),
        ("1.20.1", AVAILABLE, "1.20.2"),
        ("1.20.9", AVAILABLE, "1.20.2"),
        ("v1.20.1", AVAILABLE, "1.20.2"),
        ("1.20.0-rc.1", AVAILABLE, "1.20.2"),
        ("1.19.0", AVAILABLE, "1.19.6"),
        ("1.20.3", ("1.20.2", "1.20.8"), "1.20.2"),
        ("1.20.5", ("1.20.2", "1.20.8"), "1.20.8"),
        ("1.20.10", ("1.20.9", "1.20.12"), "1.20.9"),
    ],
)
def test_the_nearest_patch_release_runs(planned: str, available: tuple[str, ...], runs: str) -> None:
    assert nearest_release(planned, available, "platform") == runs


@pytest.mark.parametrize(
    ("planned", "closest"), [("1.18.1", "1.19.6"), ("1.16.0", "1.19.6"), ("1.21.0", "1.20.2"), ("2.0.0", "1.20.2")]
)
def test_another_minor_version_is_an_error_that_names_what_there_is(planned: str, closest: str) -> None:
    with pytest.raises(EdgeError) as caught:
        nearest_release(planned, AVAILABLE, "platform")
    minor = planned.rpartition(".")[0]
    assert str(caught.value) == (
        f"platform.edge_cilium_version: the twin has no release of Cilium {minor} ({planned}) (it has 1.19.6, 1.20.2, and"
        " takes them for other patch releases of the same minor version; to rehearse the site as it would be on"
        f" {closest}: -e edge_cilium_version={closest})"
    )


def test_the_description_knows_both_releases() -> None:
    data = hybrid_plan().data
    clusters = {"platform": {**data["clusters"]["platform"], "cilium_version": "1.20.0"}}
    (cluster,) = _twin.describe({**data, "clusters": clusters}, cilium=AVAILABLE).clusters
    assert (cluster.cilium_version, cluster.planned_cilium) == ("1.20.2", "1.20.0")
    (cluster,) = _twin.describe({**data, "clusters": clusters}).clusters
    assert (cluster.cilium_version, cluster.planned_cilium) == ("1.20.0", "1.20.0")


RUN = {item["name"]: item for item in read_yaml_file(CHECKOUT / "molecule" / "sites" / "vars" / "sites.yml")["sites"]}
"""The sites that molecule's scenario `sites` runs on the twin."""


@pytest.mark.parametrize("release", CILIUM)
@pytest.mark.parametrize("name", RUN)
def test_a_site_runs_on_each_release_but_those_that_it_is_too_new_for(name: str, release: str) -> None:
    document = read_yaml_file(FOLDER / name / "inventory.yml")
    for cluster in document["all"]["children"]["edge_clusters"]["hosts"].values():
        cluster["edge_cilium_version"] = release
    planned = plan(inventory_from(document))
    runs = parse_version(release)[:2] >= parse_version(RUN[name].get("cilium_from", "1.16") + ".0")[:2]
    assert any(finding.severity == "error" for finding in planned.findings) != runs


SUITES = {name: suite.frr for name, suite in ROUTER_SUITES.items()}


@pytest.mark.parametrize(
    ("planned", "suite"),
    [
        *((frr, name) for name, frr in SUITES.items()),
        ("8.1", "bookworm"),
        ("8.0", "bookworm"),
        ("9.1", "bookworm"),
        ("10.1", "trixie"),
        ("10.5", "forky"),
        ("11.0", "forky"),
        ("7.0", "bullseye"),
    ],
)
def test_the_suite_whose_frr_is_nearest(planned: str, suite: str) -> None:
    assert nearest_suite(planned, SUITES) == suite


@pytest.mark.parametrize(
    ("planned", "runs", "line"),
    [
        ("10.3", "10.3", None),
        ("10.1", "10.3", "udm-pro: FRR 10.3 in place of 10.1"),
        ("8.4", "10.3", "udm-pro: FRR 10.3 in place of 8.4 (-e edge_twin_router_suite=bookworm has 8.4)"),
        ("7.5", "8.4", "udm-pro: FRR 8.4 in place of 7.5 (-e edge_twin_router_suite=bullseye has 7.5)"),
    ],
)
def test_frr_that_is_not_the_planned_one_is_said(planned: str, runs: str, line: str | None) -> None:
    data = hybrid_plan().data
    routers = {"udm-pro": {**data["routers"]["udm-pro"], "frr_version": planned}}
    twin = _twin.describe({**data, "routers": routers})
    said = [text for text in differences(twin, runs, SUITES) if "FRR" in text]
    assert said == ([] if line is None else [line])
    unmanaged = {"udm-pro": {**routers["udm-pro"], "managed": False}}
    assert [
        text for text in differences(_twin.describe({**data, "routers": unmanaged}), runs, SUITES) if "FRR" in text
    ] == []


def test_all_that_is_not_as_planned_is_said_by_host() -> None:
    data = hybrid_plan().data
    values = {**data["clusters"]["platform"]["helm_values"], "devices": "eth9", "routingMode": "tunnel"}
    clusters = {"platform": {**data["clusters"]["platform"], "cilium_version": "1.20.0", "helm_values": values}}
    twin = _twin.describe({**data, "clusters": clusters}, cilium=AVAILABLE)
    said = differences(twin, "10.3", SUITES)
    assert said[:2] == [
        "udm-pro: FRR 10.3 in place of 10.1",
        "platform: Cilium 1.20.2 in place of 1.20.0 (the nearest patch release that the twin has)",
    ]
    assert said[2].startswith("platform: the twin's own Helm values of devices, routingMode")
    assert len(said) == 3
