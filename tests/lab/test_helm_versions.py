# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The oldest Helm, and Helm 4: they install and upgrade Cilium, also a release that another Helm made.

On a whole site: tests/lab/test_upgrade.py.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan  # noqa: E402
from cluster_lab import Cluster, Run, release_step, run_roles  # noqa: E402
from releases_lab import RELEASES  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

VALUES: dict[str, Any] = {
    **hybrid_plan().data["clusters"]["platform"]["helm_values"],
    "operator": {"rollOutPods": True, "replicas": 1},
}
OLD, NEW = RELEASES[-2:]


@pytest.fixture(scope="module")
def helm_4() -> Path:
    return cluster_lab.built_program("helm-4")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    for cluster in cluster_lab.started(tmp_path):
        cluster.add_nodes("node01")
        with cluster_lab.rollouts_complete_by_themselves(cluster):
            yield cluster


def release(cluster: Cluster, helm: Path, version: str, *options: str, **values: Any) -> Run:
    step = release_step({**VALUES, **values}, version, site="lab", timeout=120, binary=str(helm))
    run = run_roles(cluster, step, options=tuple(options))
    assert run.returncode == 0, run.output
    return run


def images(cluster: Cluster) -> str:
    daemonset = cluster.get("/apis/apps/v1/namespaces/kube-system/daemonsets/cilium")
    return str(daemonset["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.mark.parametrize(
    ("name", "before"),
    [("helm-4", None), ("helm-4", cluster_lab.HELM), ("helm-oldest", None), ("helm-oldest", cluster_lab.HELM)],
    ids=["Helm 4", "Helm 3, then 4", "the oldest", "a newer one, then the oldest"],
)
def test_a_helm_installs_upgrades_and_goes_on_from_another(cluster: Cluster, name: str, before: Path | None) -> None:
    helm = cluster_lab.built_program(name)
    assert release(cluster, before or helm, OLD).changed == 2
    assert release(cluster, helm, OLD).changed == 0
    assert release(cluster, helm, OLD, "--check", debug={"enabled": True}).changed == 2
    assert release(cluster, helm, OLD, debug={"enabled": True}).changed == 2
    config = cluster.get("/api/v1/namespaces/kube-system/configmaps/cilium-config")["data"]
    assert config["debug"] == "true"
    assert release(cluster, helm, NEW).changed == 2
    assert NEW in images(cluster)
    config = cluster.get("/api/v1/namespaces/kube-system/configmaps/cilium-config")["data"]
    assert config["debug"] == "false"  # what the plan lacks is unset
    assert release(cluster, helm, NEW).changed == 0


def test_release_of_helm_4_can_be_upgraded_by_helm_3(cluster: Cluster, helm_4: Path) -> None:
    release(cluster, helm_4, OLD)
    assert release(cluster, cluster_lab.HELM, OLD).changed == 0
    assert release(cluster, cluster_lab.HELM, NEW).changed == 2
    assert NEW in images(cluster)


def test_helm_4_does_not_write_over_what_somebody_set_in_an_object_of_the_release(
    cluster: Cluster, helm_4: Path
) -> None:
    """It applies on the server's side: a field that somebody else has taken is a conflict, which is told."""
    release(cluster, helm_4, OLD)
    path = "/api/v1/namespaces/kube-system/configmaps/cilium-config"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cilium-config"}, "data": {"debug": "theirs"}}
    cluster.request("PATCH", f"{path}?fieldManager=somebody&force=true", body, "application/apply-patch+yaml")
    values = {**VALUES, "debug": {"enabled": True}}
    run = run_roles(cluster, release_step(values, OLD, site="lab", timeout=60, binary=str(helm_4)))
    told = " ".join(run.output.split())
    assert run.returncode != 0
    assert 'conflict with "somebody"' in told
    assert ".data.debug" in told
    subprocess.run(
        [cluster_lab.HELM, "history", "cilium", "-n", "kube-system", "--kubeconfig", str(cluster.kubeconfig)],
        check=True,
    )
