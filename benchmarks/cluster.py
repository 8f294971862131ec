#!/usr/bin/env python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to bring many pools and services to a cluster: the roles, beside ``kubectl apply --server-side``.

    benchmarks/cluster.py [--pools 100] [--services 500]

Run it after ./rehearse has set everything up, with that set-up's Python; kubectl is taken from PATH. A real API server
with etcd and Cilium's own CRDs on loopback, one for each way.

Printed for each: seconds from the command to its end, how many of them it computed itself (other programs on the
machine change these little), requests that the API server answered, and how many of these write. After each run every
object is read and compared with what was planned. A second run has nothing to change. The roles read and compare more
than the others do: what others hold, which address would be lost, what left the plan.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "collections"), str(CHECKOUT / "tests" / "lab")]

import cluster_lab  # noqa: E402 - after the path is set
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.removal import (  # noqa: E402
    object_path,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.large import applied_cluster  # noqa: E402

Way = Callable[[cluster_lab.Cluster, Mapping[str, Any]], None]


def by_roles(cluster: cluster_lab.Cluster, planned: Mapping[str, Any]) -> None:
    """Run the roles of pools and services."""
    lb = ("cilium_net_lb", {"site": "large", "objects": planned["lb"], "services": planned["services"]})
    run = cluster_lab.run_roles(cluster, lb, ("cilium_net_services", {"site": "large", "items": planned["services"]}))
    assert run.returncode == 0, run.output


def objects_of(planned: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the planned objects in one list."""
    return [*planned["lb"], *(item["object"] for item in planned["services"])]


def by_kubectl(cluster: cluster_lab.Cluster, planned: Mapping[str, Any]) -> None:
    """Apply one file with kubectl."""
    file = cluster.folder / "objects.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects_of(planned)}))
    command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), "apply", "--server-side", "-f", str(file)]
    subprocess.run(command, check=True, capture_output=True)


WAYS: dict[str, Way] = {
    "the roles": by_roles,
    "kubectl apply --server-side": by_kubectl,
}


def check(cluster: cluster_lab.Cluster, planned: Mapping[str, Any]) -> None:
    """Read every object, and compare its labels and its planned fields with the plan."""
    for item in objects_of(planned):
        found = cluster.get(object_path(item))
        assert found is not None, object_path(item)
        labels = item["metadata"].get("labels") or {}
        assert labels.items() <= (found["metadata"].get("labels") or {}).items(), object_path(item)
        for key in ("blocks", "serviceSelector", "type", "selector", "loadBalancerClass"):
            assert item["spec"].get(key) == found["spec"].get(key), (object_path(item), key)


def measure(folder: Path, way: Way, planned: Mapping[str, Any]) -> list[str]:
    """Return the cells of a first and of a second run on a new cluster."""
    cells = []
    for cluster in cluster_lab.started(folder):
        cluster.add_cilium_kinds()
        for name in sorted({item["namespace"] for item in planned["services"]}):
            cluster.add_namespace(name)
        for _number in range(2):
            asked, computed, start = len(cluster.asked()), processor_seconds(), time.monotonic()
            way(cluster, planned)
            seconds, computed = time.monotonic() - start, processor_seconds() - computed
            check(cluster, planned)
            requests = len(cluster.asked()) - asked
            cells.append(f"{seconds:.1f} s | {computed:.1f} s | {requests} | {len(cluster.writes_since(asked))}")
    return cells


def processor_seconds() -> float:
    """Return the processor time of all programs that ended; the API server runs on."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pools", type=int, default=100)
    parser.add_argument("--services", type=int, default=500)
    options = parser.parse_args()
    lacking = cluster_lab.missing()
    if lacking:
        sys.exit(f"this {lacking}")
    planned = applied_cluster(options.pools, options.services)
    print(f"{len(planned['lb'])} pools and L2 policies, {len(planned['services'])} services")
    columns = ["first run", "processor", "requests", "writes", "second run", "processor", "requests", "writes"]
    print(f"| way | {' | '.join(columns)} |\n|---{'|---:' * len(columns)}|")
    for name, way in WAYS.items():
        if way is by_kubectl and not shutil.which("kubectl"):
            print(f"| {name}: no kubectl in PATH |{' |' * len(columns)}")
            continue
        with tempfile.TemporaryDirectory(prefix="cluster-edge-") as folder:
            cells = measure(Path(folder), way, planned)
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
