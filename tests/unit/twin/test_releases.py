# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which release of Cilium a twin runs in the place of the planned one."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.releases import nearest_release
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import CILIUM
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
