# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files ``playbooks/render.yml`` writes for the clusters of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._cilium.secrets import password_secrets
from .._document.plan import KubernetesObject, PlanDocument
from .gitops import OTHERS, ReleaseSource, documents, gitops_files, hidden_values
from .talos import talos_patches


def cluster_files(plan: PlanDocument, sources: Mapping[str, ReleaseSource] | None = None) -> dict[str, str]:
    """Return the text of each file by its relative path.

    Nothing is rendered for a cluster that is not managed. The values of a release that is not ours are rendered too:
    whoever owns it needs them. Objects of one kind share a file; without objects there is no file.

    Args:
        plan: the plan.
        sources: cluster -> where Cilium's chart comes from, for clusters to which Flux or Argo CD applies.
    """
    files: dict[str, str] = {}
    for name, cluster in plan["clusters"].items():
        if not cluster["managed"]:
            continue
        others = cluster["apply"] == OTHERS
        if not (others and cluster["absent"]):
            files[f"{name}/values.yaml"] = documents([cluster["helm_values"]])
        files.update({f"{name}/{path}": text for path, text in talos_patches(name, cluster).items()})
        parts: dict[str, Sequence[KubernetesObject]] = {
            "nodes.yaml": [] if others else _nodes(cluster["node_labels"] or {}),
            "bgp.yaml": cluster["bgp"],
            "lb.yaml": cluster["lb"],
            "services.yaml": [item["object"] for item in cluster["services"] if item["object"]],
        }
        manifests = {part: objects for part, objects in parts.items() if objects}
        files.update({f"{name}/manifests/{part}": documents(objects) for part, objects in manifests.items()})
        for chart in cluster["charts"]:
            path = f"{name}/charts/{chart['namespace']}/{chart['service']}.values.yaml"
            files[path] = documents([chart["values"]])
        if others:
            found = gitops_files(cluster, list(manifests), (sources or {}).get(name))
            files.update({f"{name}/{path}": text for path, text in found.items()})
    return dict(sorted(files.items()))


def private_files(plan: PlanDocument) -> set[str]:
    """Return the paths of files with Helm values that may be secrets, as they are in plain, whether or not rendered."""
    files = ("values.yaml", "flux/helmrelease.yaml")
    return {f"{name}/{file}" for name, cluster in plan["clusters"].items() if hidden_values(cluster) for file in files}


def secret_files(plan: PlanDocument, passwords: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the files with the password Secrets of each managed cluster that has some. They are secret.

    A cluster to which others apply has none: what is rendered for it goes into Git.

    Args:
        plan: the plan.
        passwords: cluster -> name -> password.

    Raises:
        EdgeError: a password is missing, empty or not text.
    """
    return {
        f"{name}/manifests/secrets.yaml": documents(
            password_secrets(cluster["bgp"], passwords[name], cluster["secrets_namespace"], plan["site"])
        )
        for name, cluster in plan["clusters"].items()
        if cluster["managed"] and cluster["passwords"] and cluster["apply"] != OTHERS
    }


def _nodes(labels: Mapping[str, Mapping[str, str]]) -> list[KubernetesObject]:
    """Return what a server-side apply needs to set the labels of nodes and nothing else."""
    return [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "labels": dict(own)}}
        for node, own in labels.items()
        if own
    ]
