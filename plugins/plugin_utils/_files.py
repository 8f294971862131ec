# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files ``playbooks/render.yml`` writes for the clusters of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def cluster_files(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return ``path`` (relative) and ``documents`` of each file, sorted by path.

    Nothing is rendered for a cluster that is not managed, nor Helm values of a release that is not ours. Objects of one
    kind share a file; a file without objects is written empty, so that a removed pool leaves no old file behind.
    """
    files: list[dict[str, Any]] = []
    for name, cluster in plan["clusters"].items():
        if not cluster["managed"]:
            continue
        if cluster["cilium_managed"]:
            files.append({"path": f"{name}/values.yaml", "documents": [cluster["helm_values"]]})
        manifests = {
            "nodes": [_node(node, labels) for node, labels in cluster["node_labels"].items() if labels],
            "bgp": cluster["bgp"],
            "lb": cluster["lb"],
            "services": [item["object"] for item in cluster["services"] if item["object"]],
        }
        files += [{"path": f"{name}/manifests/{topic}.yaml", "documents": found} for topic, found in manifests.items()]
        files += [
            {
                "path": f"{name}/charts/{chart['namespace']}/{chart['service']}.values.yaml",
                "documents": [chart["values"]],
            }
            for chart in cluster["charts"]
        ]
    return sorted(files, key=lambda file: str(file["path"]))


def _node(name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return what ``kubectl apply --server-side --field-manager`` needs to set a node's labels and nothing else."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": dict(labels)},
    }
