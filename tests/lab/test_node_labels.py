# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels of nodes and what selects by them, changed in one run, while agents take their time to copy labels.

A real API server, and Cilium's real operator. Agents are played: each CiliumNode gets the labels of its Node late.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from cluster_lab import CILIUM, Cluster  # noqa: E402
from operator_lab import operator, require_operator  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

NODES = ("n1", "n2", "n3")
CILIUM_NODES = "/apis/cilium.io/v2/ciliumnodes"
NODE_CONFIGS = "/apis/cilium.io/v2/ciliumbgpnodeconfigs"
PODS = "/api/v1/namespaces/kube-system/pods"
LATE = 3.0
"""Seconds that an agent takes to copy labels."""
OWNED = {"app.kubernetes.io/managed-by": "hybridnet.cluster_edge", "cluster-edge.hybridnet/site": "home"}
HOST = "kubernetes.io/hostname"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Yield a cluster with three nodes, each with a CiliumNode and an agent that is ready; the operator runs."""
    require_operator(CILIUM)
    for cluster in cluster_lab.started(tmp_path):
        cluster.add_cilium_kinds()
        cluster.add_nodes(*NODES)
        for name in NODES:
            metadata = {"name": name, "labels": {HOST: name}}
            kind = {"apiVersion": "cilium.io/v2", "kind": "CiliumNode"}
            cluster.request("POST", CILIUM_NODES, {**kind, "metadata": metadata, "spec": {}})
            add_agent(cluster, name)
        with operator(cluster, CILIUM):
            yield cluster


def add_agent(cluster: Cluster, node: str) -> None:
    """Make the pod of a node's agent, and say that it is ready."""
    containers = [{"name": "cilium-agent", "image": "cilium"}]
    metadata = {"name": f"cilium-{node}", "labels": {"k8s-app": "cilium"}}
    pod = cluster.request("POST", PODS, {"metadata": metadata, "spec": {"nodeName": node, "containers": containers}})
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    cluster.request("PUT", f"{PODS}/{metadata['name']}/status", {**pod, "status": status})


def labels(cluster: Cluster, path: str) -> dict[str, dict[str, str]]:
    """Return by name the labels of a list's items."""
    return {item["metadata"]["name"]: item["metadata"].get("labels") or {} for item in cluster.get(path)["items"]}


@contextlib.contextmanager
def agents(cluster: Cluster, *without: str) -> Iterator[None]:
    """Copy the labels of each Node to its CiliumNode, :data:`LATE` after they changed, while the block runs."""
    over = threading.Event()
    seen: dict[str, tuple[dict[str, str], float]] = {}

    def copy() -> None:
        while not over.wait(0.1):
            copies = labels(cluster, CILIUM_NODES)
            for name, own in labels(cluster, "/api/v1/nodes").items():
                if own != seen.get(name, ({}, 0.0))[0]:
                    seen[name] = own, time.monotonic() + LATE
                if own != copies[name] and time.monotonic() >= seen[name][1] and name not in without:
                    gone = {key: None for key in copies[name] if key not in own}
                    body = {"metadata": {"labels": {**own, **gone}}}
                    cluster.request("PATCH", f"{CILIUM_NODES}/{name}", body, "application/merge-patch+json")

    thread = threading.Thread(target=copy)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def bgp(key: str) -> tuple[str, dict[str, Any]]:
    """Return the step that labels all nodes with a key, and selects them by it."""
    planned = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumBGPClusterConfig",
        "metadata": {"name": "edge", "labels": OWNED},
        "spec": {
            "nodeSelector": {"matchLabels": {key: "true"}},
            "bgpInstances": [{"name": "main", "localASN": 65010, "peers": []}],
        },
    }
    return "cilium_net_bgp", {
        "site": "home",
        "objects": [planned],
        "node_labels": {name: {key: "true"} for name in NODES},
    }


def configs(cluster: Cluster) -> dict[str, str]:
    """Return by node the UID of the configuration that its agent has from the operator: another one is a reset."""
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in cluster.get(NODE_CONFIGS)["items"]}


def test_no_session_ends_where_labels_and_selector_change_in_one_run(cluster: Cluster) -> None:
    with agents(cluster):
        cluster_lab.run_roles(cluster, bgp("public"))
        cluster_lab.wait_for("the operator configures each node", lambda: set(configs(cluster)) == set(NODES))
        before = configs(cluster)
        run = cluster_lab.run_roles(cluster, bgp("edge"))
        assert run.returncode == 0, run.output
        own = {name: {HOST: name, "edge": "true"} for name in NODES}
        cluster_lab.wait_for("agents have copied all", lambda: labels(cluster, CILIUM_NODES) == own)
    selector = cluster.get("/apis/cilium.io/v2/ciliumbgpclusterconfigs/edge")["spec"]["nodeSelector"]
    assert (selector, configs(cluster)) == ({"matchLabels": {"edge": "true"}}, before)


def test_a_label_that_no_agent_copies_ends_each_run_that_selects_by_it(cluster: Cluster) -> None:
    """An agent that is down is not waited for. The second run finds the label on the Node already."""
    with agents(cluster, "n2", "n3"):
        cluster.request("DELETE", f"{PODS}/cilium-n2?gracePeriodSeconds=0")
        cluster_lab.run_roles(cluster, bgp("public"))  # the first: nothing selects any node yet
        for _run in range(2):
            refused = cluster_lab.run_roles(cluster, bgp("edge"))
            assert refused.returncode != 0
            told = " ".join(refused.output.split())
            assert "Node n3: edge=true: Cilium's agent there has not copied the label" in told
            assert "Node n2: " not in told
            assert "Node n1: " not in told
            selector = cluster.get("/apis/cilium.io/v2/ciliumbgpclusterconfigs/edge")["spec"]["nodeSelector"]
            assert selector == {"matchLabels": {"public": "true"}}
