# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods of a workload: which are ready, and why the others are not."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Optional

from .api import FORBIDDEN, JSON, ClusterApi, RefusedError

ENDED = ("Failed", "Succeeded")
"""Phases of a pod that does not start again, as one that was evicted: another one has its place."""
NEWEST_TEMPLATE, OWN_TEMPLATE = "deprecated.daemonset.template.generation", "pod-template-generation"
"""Annotation of a DaemonSet, and label of its pods: a pod is of the newest template where they are equal
(pkg/controller/daemon/util/daemonset_util.go of Kubernetes 1.36, IsPodUpdated)."""
MOST_CHARACTERS = 160
"""Of a reason: a kubelet's may have a whole log in it."""


def allowed_items(
    api: ClusterApi, path: str, selector: Optional[str] = None, accept: str = JSON
) -> Optional[List[Dict[str, Any]]]:
    """Return the items of a list; None where the account may not list them.

    Raises:
        ClusterError: the server refuses for another reason, or is out of reach.
    """
    try:
        return api.items(path, accept=accept, selector=selector)
    except RefusedError as error:
        if error.status != FORBIDDEN:
            raise
        return None


def is_ready(item: Mapping[str, Any]) -> bool:
    """Return whether a pod or a node is ready and not about to end."""
    conditions = (item.get("status") or {}).get("conditions") or []
    ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
    return ready and "deletionTimestamp" not in item["metadata"]


def why_unready(pod: Mapping[str, Any]) -> str:
    """Return why a pod is not ready, in the words of Kubernetes; empty where nobody says it."""
    text = " ".join(next(_reasons(pod), "").split())
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 3] + "..."


def _reasons(pod: Mapping[str, Any]) -> Iterator[str]:
    """Yield reasons, the one that says most first (Kubernetes documentation, "Pod Lifecycle")."""
    if "deletionTimestamp" in pod["metadata"]:
        yield "is being ended"
    status = pod.get("status") or {}
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    for container in containers:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):  # CrashLoopBackOff, ImagePullBackOff, CreateContainerConfigError
            yield str(waiting["reason"])
    conditions = {item["type"]: item for item in status.get("conditions") or []}
    for name in ("PodScheduled", "Ready"):
        condition = conditions.get(name) or {}
        if condition.get("status") == "False":
            yield str(condition.get("message") or "")


def unready_pods(api: ClusterApi, workload: Mapping[str, Any]) -> Optional[List[Dict[str, str]]]:
    """Return the pods of a DaemonSet or Deployment that are not ready; None where the account may not list pods.

    Each with ``name``, ``node`` (empty where it is on none) and ``reason``. One that has ended is none of them.

    Raises:
        ClusterError: the server refuses for another reason, or is out of reach.
    """
    pods = _unready(api, workload)
    if pods is None:
        return None
    found = [
        {
            "name": pod["metadata"]["name"],
            "node": pod["spec"].get("nodeName") or "",
            "reason": why_unready(pod),
        }
        for pod in pods
    ]
    return sorted(found, key=lambda pod: (pod["node"], pod["name"]))


def _unready(api: ClusterApi, workload: Mapping[str, Any]) -> Optional[List[Dict[str, Any]]]:
    """Return what :func:`unready_pods` does, as the API server has it."""
    labels = workload["spec"]["selector"].get("matchLabels") or {}
    selector = ",".join("{0}={1}".format(*item) for item in sorted(labels.items()))
    path = "/api/v1/namespaces/{0}/pods".format(workload["metadata"]["namespace"])
    pods = allowed_items(api, path, selector)
    if pods is None:
        return None
    return [pod for pod in pods if not is_ready(pod) and (pod.get("status") or {}).get("phase") not in ENDED]


def left_on_dead_nodes(api: ClusterApi, workload: Mapping[str, Any]) -> int:
    """Return how many pods of a workload get its newest template once their nodes, which are not ready, are back.

    Of a Deployment these are all that are not ready there: their template is not looked at. 0 where the account may
    not list pods, or nodes.

    Raises:
        ClusterError: the server refuses for another reason, or is out of reach.
    """
    newest = (workload["metadata"].get("annotations") or {}).get(NEWEST_TEMPLATE, "")
    pods = [
        pod
        for pod in _unready(api, workload) or []
        if not newest or (pod["metadata"].get("labels") or {}).get(OWN_TEMPLATE) != newest
    ]
    nodes = allowed_items(api, "/api/v1/nodes") if pods else None
    dead = {node["metadata"]["name"] for node in nodes or [] if not is_ready(node)}
    return sum(pod["spec"].get("nodeName") in dead for pod in pods)
