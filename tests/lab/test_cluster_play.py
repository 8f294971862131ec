# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's play of site.yml against a real API server: four roles, one kubeconfig, nothing written the second time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import HYBRID  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import PlaybookRun, run_playbook  # noqa: E402
from cluster_lab import Cluster  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    for cluster in cluster_lab.started(tmp_path):
        cluster.add_cilium_kinds()
        cluster.add_nodes("control-01", *(f"node0{number}" for number in range(1, 5)))
        for name in ("affine", "dummy"):
            cluster.add_namespace(name)
        yield cluster


def provision(cluster: Cluster, *options: str, **variables: object) -> PlaybookRun:
    """Run the plays of the cluster with the reference site."""
    site = {
        **variables,
        "edge_cluster_kubeconfig": str(cluster.kubeconfig),
        "edge_cilium_version": cluster_lab.CILIUM,
        "cilium_net_release_binary": str(cluster_lab.HELM),
        "cilium_net_release_chart": str(cluster_lab.cilium_module() / "install/kubernetes/cilium"),
        "cilium_net_release_chart_repo": "",
    }
    return run_playbook("site.yml", HYBRID, json.dumps(site), options=("--tags", "cluster", *options))


def test_cluster_is_provisioned_and_then_left_alone(cluster: Cluster) -> None:
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        first = provision(cluster, "--diff")
        first.check(0)
        written = len(cluster.asked())
        second = provision(cluster, "-vv")
        second.check(0)
        assert "changed=5 " in first.output  # the note of the release, Helm, and three parts
        assert "changed=0 " in second.output
        assert cluster.writes_since(written) == []
    assert cluster.names("/apis/cilium.io/v2/ciliumbgpclusterconfigs") == ["public-true"]
    assert len(cluster.names("/apis/cilium.io/v2/ciliumloadbalancerippools")) == 4
    assert cluster.names("/api/v1/namespaces/dummy/services") == ["dummy-service"]
    assert "is replaced by" not in first.output + second.output


def upgrade_by_hand(cluster: Cluster, *settings: str) -> None:
    """Change the live release as somebody else would."""
    chart = cluster_lab.cilium_module() / "install/kubernetes/cilium"
    command = [cluster_lab.HELM, "upgrade", "cilium", chart, "--namespace", "kube-system", "--reuse-values"]
    command += ["--kubeconfig", cluster.kubeconfig, *(word for item in settings for word in ("--set", item))]
    subprocess.run(command, check=True, capture_output=True)


def test_release_that_somebody_changed_is_left_alone_until_the_user_says_so(cluster: Cluster) -> None:
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        provision(cluster).check(0)
        upgrade_by_hand(cluster, "encryption.enabled=true", "hubble.tls.ca.key=geheim")
        written = len(cluster.asked())
        refused = provision(cluster)
        refused.check(2)
        preview = provision(cluster, "--check", "--diff")
        preview.check(2)
        half = provision(cluster, edge_cluster_take_over={"release": f"cilium@{cluster_lab.CILIUM}"})
        half.check(2)
        assert cluster.writes_since(written) == []
        for run in (refused, preview):
            assert "was not made by this site" in run.output
            assert "geheim" not in run.output
        assert "Nothing was changed." in refused.output
        difference = 'encryption: {"enabled": true} -> (absent)'
        assert preview.output.index(difference) < preview.output.index("Without check mode")
        said = {"release": f"cilium@{cluster_lab.CILIUM}", "unset": ["encryption.enabled", "hubble.tls.ca.key"]}
        provision(cluster, edge_cluster_take_over=said).check(0)
        provision(cluster).check(0)


def test_another_cluster_is_left_alone(cluster: Cluster) -> None:
    names = {f"node0{number}": f"other{number}" for number in range(1, 5)} | {"control-01": "other0"}
    for name in names:
        cluster.request("DELETE", f"/api/v1/nodes/{name}")
    cluster.add_nodes(*names.values())
    written = len(cluster.asked())
    refused = provision(cluster)
    refused.check(2)
    assert "it has none of the planned nodes (control-01, node01, node02, node03, node04)" in refused.output
    assert cluster.writes_since(written) == []
