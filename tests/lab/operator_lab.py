# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cilium's real operator beside the API server of ``cluster_lab``. No node and no kubelet: a test starts and ends it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cluster_lab
from cluster_lab import Cluster
from releases_lab import require

CONFIG = {
    "cluster-name": "default",
    "default-lb-service-ipam": "lbipam",
    "enable-bgp-control-plane": "true",
    "enable-ipv4": "true",
    "enable-ipv6": "false",
    "enable-k8s-endpoint-slice": "true",
    "enable-l2-announcements": "true",
    "enable-lb-ipam": "true",
    "enable-metrics": "false",
    "identity-allocation-mode": "crd",
    "ipam": "kubernetes",
    "operator-api-serve-addr": "127.0.0.1:0",
}


def operator_program(version: str) -> Path:
    """Return where this machine has the operator of a release."""
    return cluster_lab.CACHE / f"cilium-{version}" / "cilium-operator"


def require_operator(version: str) -> None:
    """Skip the test, with the reason, where this machine has no operator of a release."""
    require(operator_program(version))


@contextlib.contextmanager
def operator(cluster: Cluster, version: str) -> Iterator[Path]:
    """Run Cilium's operator while the block runs, and yield its log."""
    folder = cluster.folder / "operator-config"
    folder.mkdir(exist_ok=True)
    for name, value in CONFIG.items():
        (folder / name).write_text(value)
    log = cluster.folder / "operator.log"
    command = [
        *("setpriv", "--pdeathsig", "KILL", str(operator_program(version))),
        *(f"--config-dir={folder}", f"--k8s-kubeconfig-path={cluster.kubeconfig}"),
    ]
    environment = {**os.environ, "K8S_NODE_NAME": "n1", "CILIUM_K8S_NAMESPACE": "kube-system"}
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=cluster.folder)
        try:
            yield log
        finally:
            process.terminate()
            process.wait(60)
