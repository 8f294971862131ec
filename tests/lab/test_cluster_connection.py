# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real API servers: what reads, what writes and Helm all use the one that is named, and nobody the other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.connection import (  # noqa: E402
    HELM_PREFIX,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.tests.unit.module_utils.kubernetes.test_connection import HELM_OWN  # noqa: E402
from cluster_lab import Cluster, release_step, run_refused, run_roles  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

PLATFORM: dict[str, Any] = hybrid_plan().data["clusters"]["platform"]
POOLS = "/apis/cilium.io/v2/ciliumloadbalancerippools"
SECRETS = "/api/v1/namespaces/kube-system/secrets"
NODES = [f"node0{number}" for number in range(1, 5)]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster of the kubeconfig."""
    for cluster in cluster_lab.started(tmp_path_factory.mktemp("named"), "token-of-the-named"):
        prepare(cluster)
        yield cluster


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster that variables lead to."""
    for cluster in cluster_lab.started(tmp_path_factory.mktemp("other"), "token-of-the-other"):
        prepare(cluster)
        yield cluster


def prepare(cluster: Cluster) -> None:
    cluster.add_cilium_kinds()
    cluster.add_nodes("control-01", *NODES)
    for name in ("affine", "dummy"):
        cluster.add_namespace(name)


def four_roles(**place: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return the roles with the plan of the reference site, a release that is quick to render, and one password."""
    values = {**PLATFORM["helm_values"], "operator": {"rollOutPods": True, "replicas": 1}}
    objects = [
        {**item, "spec": {**item["spec"], "authSecretRef": "bgp-password-one"}}
        if item["kind"] == "CiliumBGPPeerConfig"
        else item
        for item in PLATFORM["bgp"]
    ]
    bgp = {"objects": objects, "node_labels": PLATFORM["node_labels"], "passwords": {"one": "not-to-be-seen"}}
    return [
        release_step(values, timeout=60, **place),
        ("cilium_net_bgp", {"site": "hybrid", **bgp, **place}),
        ("cilium_net_lb", {"site": "hybrid", "objects": PLATFORM["lb"], **place}),
        ("cilium_net_services", {"site": "hybrid", "items": PLATFORM["services"], **place}),
    ]


def untouched(cluster: Cluster) -> bool:
    """Return whether nobody asked a cluster for anything, and it has no release, no object and no label of ours."""
    services = [cluster.names(f"/api/v1/namespaces/{name}/services") for name in ("affine", "dummy")]
    labels = [cluster.get(f"/api/v1/nodes/{name}")["metadata"]["labels"] for name in NODES]
    return (
        cluster.asked() == []
        and cluster.names(SECRETS) == cluster.names(POOLS) == []
        and services == [[], []]
        and all(set(item) == {"kubernetes.io/hostname"} for item in labels)
    )


def test_helm_itself_lists_no_variable_for_a_cluster_that_is_not_refused() -> None:
    """Those of HELM_KUBE* are, KUBECONFIG is followed; the others say where Helm keeps its files, and how fast it asks."""
    listed = subprocess.run([cluster_lab.HELM, "env"], capture_output=True, text=True, check=True).stdout
    names = {line.partition("=")[0] for line in listed.splitlines()}
    assert {name for name in names if name.startswith(HELM_PREFIX)} == set(HELM_OWN)
    assert {name for name in names if not name.startswith(HELM_PREFIX)} == {
        *("HELM_BIN", "HELM_BURST_LIMIT", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_DEBUG"),
        *("HELM_MAX_HISTORY", "HELM_NAMESPACE", "HELM_PLUGINS", "HELM_QPS", "HELM_REGISTRY_CONFIG"),
        *("HELM_REPOSITORY_CACHE", "HELM_REPOSITORY_CONFIG"),
    }


@pytest.mark.long
def test_variables_beside_a_kubeconfig_are_refused_by_each_role(
    named: Cluster, other: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", other.url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", other.token)
    monkeypatch.setenv("K8S_AUTH_VERIFY_SSL", "no")
    run = run_refused(named, *four_roles())
    told = "K8S_AUTH_API_KEY, K8S_AUTH_HOST, K8S_AUTH_VERIFY_SSL: set in the environment beside the kubeconfig"
    assert " ".join(run.output.split()).count(told) >= 4
    assert untouched(named)
    assert untouched(other)
    assert other.token not in run.output


def test_variables_alone_lead_reads_writes_and_helm(
    named: Cluster, other: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Ansible Automation Platform sets them, beside a default kubeconfig of another cluster."""
    monkeypatch.setenv("KUBECONFIG", str(named.kubeconfig))
    monkeypatch.setenv("K8S_AUTH_HOST", other.url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", other.token)
    monkeypatch.setenv("K8S_AUTH_SSL_CA_CERT", str(other.certificate))
    monkeypatch.setenv("K8S_AUTH_VERIFY_SSL", "True")
    steps = four_roles(kubeconfig=None)
    with cluster_lab.rollouts_complete_by_themselves(other), cluster_lab.seen_of_processes("cmdline") as commands:
        first = run_roles(other, *steps, options=("--diff", "-vvv"))
        second = run_roles(other, *steps, options=("--diff", "-vvv"))
    assert first.returncode == 0, first.output
    assert (second.returncode, second.changed) == (0, 0), second.output
    assert other.names(POOLS) == ["private-ingress", "private-service", "public-ingress", "public-service"]
    assert {"bgp-password-one", "sh.helm.release.v1.cilium.v1"} <= set(other.names(SECRETS))
    assert other.names("/api/v1/namespaces/dummy/services") == ["dummy-service"]
    assert untouched(named)
    for run in (first, second):
        assert "is not checked" not in run.output
        for secret in (other.token, "not-to-be-seen"):
            assert secret not in run.output
    assert any("helm" in line for line in commands)  # what is watched is there to be seen
    assert not [line for line in commands if other.token in line or "not-to-be-seen" in line]
    removal = [
        ("cilium_net_services", {"site": "hybrid", "items": [], "kubeconfig": None}),
        ("cilium_net_lb", {"site": "hybrid", "objects": [], "may_move": ["*"], "kubeconfig": None}),
    ]
    assert run_roles(other, *removal).returncode == 0
    assert other.names(POOLS) == other.names("/api/v1/namespaces/dummy/services") == []


@pytest.mark.long
def test_verification_switched_off_is_said_and_followed_by_all(
    named: Cluster, other: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``off`` is one of Ansible's words for false."""
    monkeypatch.setenv("KUBECONFIG", str(named.kubeconfig))
    monkeypatch.setenv("K8S_AUTH_HOST", other.url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", other.token)
    monkeypatch.setenv("K8S_AUTH_VERIFY_SSL", "off")
    steps = four_roles(kubeconfig=None)
    with cluster_lab.rollouts_complete_by_themselves(other):
        run = run_roles(other, *steps)
    assert run.returncode == 0, run.output
    assert f"K8S_AUTH_VERIFY_SSL=no: the certificate of {other.url} is not checked" in " ".join(run.output.split())
    assert len(other.names(POOLS)) == 4
    assert untouched(named)


@pytest.mark.long
def test_named_kubeconfig_leads_reads_writes_and_helm_whatever_is_the_default(
    named: Cluster, other: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(other.kubeconfig))
    before = other.asked()
    with cluster_lab.rollouts_complete_by_themselves(named):
        run = run_roles(named, *four_roles())
    assert run.returncode == 0, run.output
    assert len(named.names(POOLS)) == 4
    assert {"bgp-password-one", "sh.helm.release.v1.cilium.v1"} <= set(named.names(SECRETS))
    assert named.names("/api/v1/namespaces/dummy/services") == ["dummy-service"]
    assert other.asked() == before
    assert f"insecure-skip-tls-verify in {named.kubeconfig}" in " ".join(run.output.split())
