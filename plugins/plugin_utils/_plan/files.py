# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files ``playbooks/render.yml`` writes for the clusters of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from .._cilium.secrets import password_secrets
from .._document.plan import KubernetesObject, PlanDocument


def cluster_files(plan: PlanDocument) -> dict[str, str]:
    """Return the text of each file by its relative path.

    Nothing is rendered for a cluster that is not managed, nor Helm values of a release that is not ours. Objects of one
    kind share a file; a file without objects is written empty, so that a removed pool leaves no old file behind.
    """
    files: dict[str, Sequence[KubernetesObject]] = {}
    for name, cluster in plan["clusters"].items():
        if not cluster["managed"]:
            continue
        if cluster["cilium_managed"]:
            files[f"{name}/values.yaml"] = [cluster["helm_values"]]
        files[f"{name}/manifests/nodes.yaml"] = [
            _node(node, labels) for node, labels in (cluster["node_labels"] or {}).items() if labels
        ]
        files[f"{name}/manifests/bgp.yaml"] = cluster["bgp"]
        files[f"{name}/manifests/lb.yaml"] = cluster["lb"]
        files[f"{name}/manifests/services.yaml"] = [item["object"] for item in cluster["services"] if item["object"]]
        for chart in cluster["charts"]:
            files[f"{name}/charts/{chart['namespace']}/{chart['service']}.values.yaml"] = [chart["values"]]
    return {path: _documents(files[path]) for path in sorted(files)}


def secret_files(plan: PlanDocument, passwords: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the files with the password Secrets of each managed cluster that has some. They are secret.

    Args:
        plan: the plan.
        passwords: cluster -> name -> password.

    Raises:
        EdgeError: a password is missing, empty or not text.
    """
    return {
        f"{name}/manifests/secrets.yaml": _documents(
            password_secrets(cluster["bgp"], passwords[name], cluster["secrets_namespace"], plan["site"])
        )
        for name, cluster in plan["clusters"].items()
        if cluster["managed"] and cluster["passwords"]
    }


def _documents(objects: Sequence[KubernetesObject]) -> str:
    """Return objects as YAML documents; keys keep their order, so that the same plan gives the same bytes."""
    if not objects:
        return ""
    text: str = yaml.safe_dump_all(objects, sort_keys=False, allow_unicode=True, width=120, explicit_start=True)
    return text


def _node(name: str, labels: Mapping[str, str]) -> KubernetesObject:
    """Return what a server-side apply needs to set a node's labels and nothing else."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": dict(labels)}}
