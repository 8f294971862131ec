# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster roles compare their plan with: module ``cluster_state_info``."""

from __future__ import annotations

import json
import time
from typing import Any, Collection, Dict, List, Mapping, NamedTuple, Optional, Set

from .api import FORBIDDEN, JSON, METADATA_OF_ONE, METADATA_ONLY, OWN_NAMESPACE, ClusterApi, RefusedError
from .cilium_kinds import plural_of
from .connection import OPTIONS
from .helm_records import read_release
from .pods import left_on_dead_nodes, unready_pods
from .storage import stored_versions

ARGUMENTS: Dict[str, Any] = {
    **OPTIONS,
    "group": {"type": "str", "default": "cilium.io"},
    "plurals": {"type": "list", "elements": "str", "default": []},
    "nodes": {"type": "bool", "default": False},
    "node_info": {"type": "bool", "default": False},
    "namespaces": {"type": "bool", "default": False},
    "services": {"type": "bool", "default": False},
    "service_names": {"type": "list", "elements": "str", "default": []},
    "secrets_namespace": {"type": "str", "no_log": False},
    "secret_names": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "selector": {"type": "str", "default": ""},
    "manager": {"type": "str", "default": ""},
    "rollouts": {"type": "list", "elements": "str", "default": []},
    "some_suffice": {"type": "bool", "default": False},
    "release": {"type": "str"},
    "config_map": {"type": "str"},
    "rules": {"type": "list", "elements": "str", "default": []},
    "workloads": {"type": "bool", "default": False},
    "wait": {"type": "int", "default": 0},
    "wait_plurals": {"type": "list", "elements": "str"},
}

POLL_SECONDS = 0.5
# What a workload lacks that has nothing to do with single pods.
MISSING, NOT_SEEN, SCALED_DOWN = "does not exist", "its change is not seen yet", "scaled to 0"
NO_NODE = "no node fits its nodeSelector or affinity"
K3S_ARGUMENTS = "k3s.io/node-args"
"""Annotation of a k3s node: its arguments with those of its configuration file, as JSON, without secrets.

Source: k3s-io/k3s, pkg/nodeconfig, ``getNodeArgs``.
"""
HELM_NOTES = "meta.helm.sh/"
"""How the annotations begin by which Helm tells which release made an object (helm.sh/helm, pkg/action/validate.go)."""
HELM_KEYS = ("release-name", "release-namespace")
KUBE_PROXY = "kube-proxy"
"""The DaemonSet of which it counts on how many nodes it is to run."""
NO_NAMESPACE = "cluster-edge-no-such-namespace"
"""No RoleBinding stands there, so the rules of a review there are those that hold everywhere."""


def served_kind(definition: Optional[Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    """Return what a CustomResourceDefinition serves, or None until it is established."""
    if definition is None:
        return None
    conditions = (definition.get("status") or {}).get("conditions") or []
    if not any(item["type"] == "Established" and item["status"] == "True" for item in conditions):
        return None
    versions = [item for item in definition["spec"]["versions"] if item["served"]]
    versions.sort(key=lambda item: not item["storage"])
    return {
        "versions": [item["name"] for item in versions],
        "stored": stored_versions(definition),
        "fields": {item["name"]: field_names(item["schema"]["openAPIV3Schema"]) for item in versions},
    }


def field_names(schema: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """Return the names of a schema's fields, nested; None where any field is taken. Lists are looked through."""
    while schema.get("type") == "array":
        schema = schema.get("items") or {}
    if schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema:
        return None
    properties = schema.get("properties")
    return None if properties is None else {name: field_names(item) for name, item in sorted(properties.items())}


def owned_labels(metadata: Mapping[str, Any], manager: str) -> List[str]:
    """Return the label keys that a field manager owns by apply."""
    owned: Set[str] = set()
    for entry in metadata.get("managedFields") or []:
        if entry.get("manager") == manager and entry.get("operation") == "Apply":
            labels = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:labels") or {}
            owned.update(key[2:] for key in labels if key.startswith("f:"))
    return sorted(owned)


def node_facts(node: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what tells the distribution of a Node object: versions, and the arguments of a k3s node."""
    info = (node.get("status") or {}).get("nodeInfo") or {}
    written = (node["metadata"].get("annotations") or {}).get(K3S_ARGUMENTS)
    try:
        arguments = json.loads(written) if written else None
    except (ValueError, RecursionError):
        arguments = None
    return {
        "os_image": info.get("osImage") or "",
        "kubelet_version": info.get("kubeletVersion") or "",
        "k3s_arguments": [str(item) for item in arguments] if isinstance(arguments, list) else None,
    }


class Rollout(NamedTuple):
    """How far a DaemonSet or Deployment is with its newest template."""

    wanted: int
    """Pods that it wants."""
    updated: int
    """Pods of the newest template."""
    ready: int
    """Pods that are ready, whatever their template."""
    old: int
    """Pods of older templates, which may be those that are ready; of a DaemonSet also nodes without any pod."""


def rollout_counts(kind: str, found: Mapping[str, Any]) -> Rollout:
    """Return how far a DaemonSet or Deployment is.

    A DaemonSet counts by nodes, and of a node's pods the oldest one alone (pkg/controller/daemon/daemon_controller.go
    of Kubernetes, updateDaemonSetStatus). A Deployment counts pods, and more than it wants while it rolls out.
    """
    status = found.get("status") or {}
    if kind == "DaemonSet":
        names = ("desiredNumberScheduled", "updatedNumberScheduled", "numberReady")
        wanted, updated, ready = (status.get(name) or 0 for name in names)
        return Rollout(wanted, updated, ready, max(wanted - updated, 0))
    there, updated, ready = (status.get(name) or 0 for name in ("replicas", "updatedReplicas", "readyReplicas"))
    return Rollout(found["spec"].get("replicas", 1), updated, ready, max(there - updated, 0))


def rollout_lack(kind: str, found: Optional[Mapping[str, Any]]) -> str:
    """Return what a DaemonSet or Deployment lacks until its newest template runs everywhere."""
    if found is None:
        return MISSING
    if (found.get("status") or {}).get("observedGeneration", 0) < found["metadata"]["generation"]:
        return NOT_SEEN
    counts = rollout_counts(kind, found)
    if not counts.wanted:
        return SCALED_DOWN if kind == "Deployment" else NO_NODE
    if counts.updated < counts.wanted:
        return f"{counts.updated} of {counts.wanted} updated"
    return f"{counts.ready} of {counts.wanted} ready" if counts.ready < counts.wanted else ""


def runs_in_part(api: ClusterApi, kind: str, found: Optional[Mapping[str, Any]]) -> bool:
    """Return whether a workload rolls nothing out and has a pod that is ready: single ones lack, and no more.

    What a DaemonSet has left to roll out on nodes that are down does not count: it goes on when they are back. A
    Deployment takes its pods on such nodes away first, so that what it has of an older template may be what is ready.
    """
    if found is None:
        return False
    seen = (found.get("status") or {}).get("observedGeneration", 0) >= found["metadata"]["generation"]
    counts = rollout_counts(kind, found)
    if not seen or not 0 < counts.ready < counts.wanted:
        return False
    if counts.updated < counts.ready or (kind == "Deployment" and counts.old):
        return False  # a pod that is ready is not updated yet, which takes no list of pods and nodes
    return counts.updated >= counts.wanted or counts.updated + left_on_dead_nodes(api, found) >= counts.wanted


def only_old_run(api: ClusterApi, kind: str, found: Mapping[str, Any]) -> bool:
    """Return whether each pod of a workload that is ready may be of an older template: then the newest may be at fault.

    The status does not tell which pods are ready: as many as are old may be the old ones.
    """
    counts = rollout_counts(kind, found)
    return 0 < counts.ready <= counts.old and not runs_in_part(api, kind, found)


def may_wait_for_a_node(kind: str, found: Mapping[str, Any]) -> bool:
    """Return whether a Deployment has rolled out but for pods that are not ready: others are, of its newest template.

    A pod of an older template may be the ready one: with one node it keeps its place, and the newer ones find none.
    """
    status = found.get("status") or {}
    if kind != "Deployment" or status.get("observedGeneration", 0) < found["metadata"]["generation"]:
        return False
    counts = rollout_counts(kind, found)
    return not counts.old and counts.updated >= counts.wanted and 0 < counts.ready < counts.wanted


def waits_for_nodes(kind: str, found: Optional[Mapping[str, Any]], pods: Optional[List[Dict[str, str]]]) -> bool:
    """Return whether all that a workload lacks is a node that takes its last pods, as the scheduler says.

    So it is where several nodes are planned and one has joined: the chart's two operators never stand on one node.

    Args:
        kind: ``DaemonSet`` or ``Deployment``.
        found: the workload; None: there is none.
        pods: those that are not ready (:func:`.pods.unready_pods`); None: not known.
    """
    if found is None or not pods:
        return False
    on_none = all(pod["reason"] and not pod["node"] for pod in pods)
    return on_none and may_wait_for_a_node(kind, found)


def suffices(api: ClusterApi, kind: str, found: Optional[Mapping[str, Any]], some_suffice: bool) -> bool:
    """Return whether a workload that is not complete need not be waited for."""
    if found is None:
        return False
    if some_suffice and runs_in_part(api, kind, found):
        return True
    # Pods are listed, twice a second, only where they can tell.
    return may_wait_for_a_node(kind, found) and waits_for_nodes(kind, found, unready_pods(api, found))


class Kinds(NamedTuple):
    """What an API server serves of some kinds."""

    served: Dict[str, Any]
    """By name, as :func:`served_kind`."""
    objects: List[Dict[str, Any]]
    """All objects of these."""
    missing: Set[str]
    """Plurals of those that it does not serve."""
    unknown: Set[str]
    """Those of them that it has no definition of: nothing is left of their objects."""


def read_kinds(api: ClusterApi, group: str, plurals: List[str]) -> Kinds:
    """Return the kinds of ``plurals`` that are served, with their objects, and those that are not."""
    found = Kinds({}, [], set(), set())
    for plural in plurals:
        definition = api.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.{group}")
        kind = served_kind(definition)
        if definition is None:
            found.unknown.add(plural)
        if definition is None or kind is None:
            found.missing.add(plural)
            continue
        name = definition["spec"]["names"]["kind"]
        api_version = f"{group}/{kind['versions'][0]}"
        found.served[name] = kind
        for item in api.items(f"/apis/{api_version}/{plural}"):
            # Cilium takes a CiliumBGPPeeringPolicy or CiliumL2AnnouncementPolicy without a spec.
            found.objects.append({**item, "apiVersion": api_version, "kind": name, "spec": item.get("spec") or {}})
    return found


def kind_of(rollout: str) -> str:
    """Return the kind of a rollout, ``kind/namespace/name``."""
    return rollout.split("/")[0]


def read_rollouts(api: ClusterApi, rollouts: List[str]) -> Dict[str, Optional[Dict[str, Any]]]:
    """Return the workload of each rollout; None where there is none."""
    found = {}
    for rollout in rollouts:
        kind, namespace, name = rollout.split("/")
        found[rollout] = api.get(f"/apis/apps/v1/namespaces/{namespace}/{kind.lower()}s/{name}")
    return found


def images_of(workload: Mapping[str, Any]) -> List[str]:
    """Return the images of a workload's containers, without those that run before them."""
    containers = ((workload.get("spec") or {}).get("template") or {}).get("spec") or {}
    return [item["image"] for item in containers.get("containers") or [] if item.get("image")]


def read_unready(api: ClusterApi, workloads: Mapping[str, Optional[Mapping[str, Any]]]) -> Dict[str, Dict[str, Any]]:
    """Return by rollout that is not complete how many of its pods are ready, and which are not.

    ``pods`` is None where the account may not list them.
    """
    unready = {}
    for rollout, found in workloads.items():
        if rollout_lack(kind_of(rollout), found):
            counts = rollout_counts(kind_of(rollout), found) if found else Rollout(0, 0, 0, 0)
            pods = unready_pods(api, found) if found else []
            unready[rollout] = {
                "ready": counts.ready,
                "wanted": counts.wanted,
                "pods": pods,
                "waits_for_nodes": waits_for_nodes(kind_of(rollout), found, pods),
                "only_old": found is not None and only_old_run(api, kind_of(rollout), found),
            }
    return unready


def read_rules(api: ClusterApi, namespaces: List[str]) -> Dict[str, Any]:
    """Return what the account may do, by namespace; under the empty name what it may do everywhere.

    One request where it may do everything everywhere.
    """
    found = {"": api.rules(NO_NAMESPACE)}
    for rule in found[""].get("resourceRules") or []:
        if all("*" in (rule.get(key) or []) for key in ("apiGroups", "resources", "verbs")):
            return found
    for namespace in namespaces:
        found[namespace] = api.rules(namespace)
    return found


def read_workloads(api: ClusterApi) -> List[Dict[str, Any]]:
    """Return kind and metadata of all DaemonSets and Deployments, with what Helm writes on its own.

    Of kube-proxy alone also ``scheduled``, the number of nodes that are to run it: one that a selector keeps from all
    nodes is still there, and serves nothing. None where its controller has not said it yet.
    """
    found = []
    for kind in ("DaemonSet", "Deployment"):
        for item in api.items("/apis/apps/v1/{0}".format(plural_of(kind)), accept=METADATA_ONLY):
            metadata = {key: item["metadata"].get(key) for key in ("namespace", "name", "labels")}
            noted = item["metadata"].get("annotations") or {}
            metadata["helm"] = {key: noted[HELM_NOTES + key] for key in HELM_KEYS if HELM_NOTES + key in noted}
            workload: Dict[str, Any] = {"kind": kind, "metadata": metadata}
            if (kind, metadata["name"]) == ("DaemonSet", KUBE_PROXY):
                workload["scheduled"] = read_scheduled(api, metadata["namespace"])
            found.append(workload)
    return found


def read_scheduled(api: ClusterApi, namespace: str) -> Optional[int]:
    """Return how many nodes are to run the kube-proxy of a namespace; None where that is not known."""
    path = "/apis/apps/v1/namespaces/{0}/{1}/{2}".format(namespace, plural_of("DaemonSet"), KUBE_PROXY)
    found = api.get(path) or {}
    status = found.get("status") or {}
    if status.get("observedGeneration") != (found.get("metadata") or {}).get("generation"):
        return None
    scheduled: Optional[int] = status.get("desiredNumberScheduled")
    return scheduled


def read_config_map(api: ClusterApi, config_map: str) -> Dict[str, str]:
    """Return the data of a ConfigMap, ``namespace/name``; nothing where there is none."""
    found = api.get("/api/v1/namespaces/{0}/configmaps/{1}".format(*config_map.split("/"))) or {}
    return dict(found.get("data") or {})


def read_secrets_elsewhere(
    api: ClusterApi, config_map: Mapping[str, str], namespace: Optional[str]
) -> Dict[str, List[str]]:
    """Return the Secrets of other namespaces that a site noted: those that are there, or nobody may see, and the gone.

    Args:
        api: the API server of the cluster.
        config_map: the site's note: UID, and ``Secret namespace/name``.
        namespace: where passwords are read; None: not asked for.
    """
    found: Dict[str, List[str]] = {"secrets_elsewhere": [], "secrets_gone": []}
    for uid, place in sorted(config_map.items(), key=lambda item: item[1]):
        where, _slash, name = place.partition(" ")[2].partition("/")
        if not namespace or not place.startswith("Secret ") or where == namespace:
            continue
        path = "/api/v1/namespaces/{0}/secrets/{1}".format(where, name)
        try:
            secret = api.get(path, accept=METADATA_OF_ONE)
        except RefusedError:
            found["secrets_elsewhere"].append(place)
            continue
        there = secret is not None and secret["metadata"]["uid"] == uid
        found["secrets_elsewhere" if there else "secrets_gone"].append(place)
    return found


def read_cluster_uid(api: ClusterApi) -> Optional[str]:
    """Return what tells the cluster from others; None where the account may not list namespaces."""
    try:
        return api.cluster_uid()
    except RefusedError as error:
        if error.status != FORBIDDEN:
            raise
        return None


def carries(item: Mapping[str, Any], selector: Optional[str]) -> bool:
    """Return whether an object has each label of a selector that names values; none: it has not."""
    labels = item["metadata"].get("labels") or {}
    return bool(selector) and all(
        labels.get(name) == value for name, _equals, value in (part.partition("=") for part in str(selector).split(","))
    )


def read_services(
    api: ClusterApi, selector: str, manager: str, names: Collection[str], uids: Collection[str]
) -> List[Dict[str, Any]]:
    """Return all services of type LoadBalancer, those of ``names`` and ``uids``, and others that are marked as ours.

    Args:
        api: the API server of the cluster.
        selector: labels of ours.
        manager: our field manager.
        names: services of any type, as ``namespace/name``.
        uids: of services, whatever has become of their labels.
    """
    services = []
    for item in api.items("/api/v1/services"):
        touched = any(entry.get("manager") == manager for entry in item["metadata"].get("managedFields") or [])
        metadata = item["metadata"]
        known = metadata.get("uid") in uids or "{0}/{1}".format(metadata["namespace"], metadata["name"]) in names
        if item["spec"].get("type") == "LoadBalancer" or carries(item, selector) or touched or known:
            services.append({**item, "apiVersion": "v1", "kind": "Service"})
    return services


def read_nodes(api: ClusterApi, manager: str, with_facts: bool) -> Dict[str, Any]:
    """Return the nodes by name: what a write of their labels needs, and with facts what tells their distribution."""
    nodes = {}
    for item in api.items("/api/v1/nodes", accept=JSON if with_facts else METADATA_ONLY):
        metadata = item["metadata"]
        known = {key: metadata.get(key) for key in ("uid", "resourceVersion")}
        known.update(labels=metadata.get("labels") or {}, owned=owned_labels(metadata, manager))
        nodes[metadata["name"]] = dict(known, **(node_facts(item) if with_facts else {}))
    return nodes


def read_state(api: ClusterApi, params: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the whole answer, after waiting for what was asked for."""
    api.check_uid()  # also where nothing is asked for: Helm goes there by the answer
    # Before all else: where another run makes something meanwhile, no UID is noted whose object was not read.
    config_map = read_config_map(api, params["config_map"]) if params["config_map"] else {}
    end = time.monotonic() + params["wait"]
    awaited = params["plurals"] if params["wait_plurals"] is None else params["wait_plurals"]
    while True:
        kinds = read_kinds(api, params["group"], params["plurals"])
        workloads = read_rollouts(api, params["rollouts"])
        rollouts = {name: rollout_lack(kind_of(name), found) for name, found in workloads.items()}
        lacking = [
            name
            for name, lack in rollouts.items()
            if lack and not suffices(api, kind_of(name), workloads[name], params["some_suffice"])
        ]
        complete = not kinds.missing.intersection(awaited) and not lacking
        if complete or time.monotonic() >= end:
            break
        time.sleep(POLL_SECONDS)
    state: Dict[str, Any] = {
        "kinds": kinds.served,
        "unknown": sorted(kinds.unknown),
        "objects": kinds.objects,
        "rollouts": rollouts,
        "unready": read_unready(api, workloads),
        "images": {name: images_of(found) for name, found in workloads.items() if found},
        "nodes": {},
        "secrets": [],
        "services": [],
        "config_map": config_map,
    }
    if params["nodes"]:
        state["nodes"] = read_nodes(api, params["manager"], params["node_info"])
    state["namespaces"] = state["cluster_uid"] = None
    if params["namespaces"]:
        there = api.items("/api/v1/namespaces", accept=METADATA_ONLY)
        uid_of = {item["metadata"]["name"]: item["metadata"].get("uid") for item in there}
        state["namespaces"] = sorted(uid_of)
        state["cluster_uid"] = uid_of.get(OWN_NAMESPACE)
    elif params["release"] or params["config_map"]:  # what is written afterwards goes to this cluster
        state["cluster_uid"] = read_cluster_uid(api)
    state["release"] = read_release(api, params["release"]) if params["release"] else None
    state["rules"] = read_rules(api, params["rules"]) if params["rules"] else {}
    state["workloads"] = read_workloads(api) if params["workloads"] else None
    state["client"] = api.client_version
    if params["services"]:
        names, uids = set(params["service_names"]), set(config_map)
        state["services"] = read_services(api, params["selector"], params["manager"], names, uids)
    state.update(read_secrets_elsewhere(api, config_map, params["secrets_namespace"]))
    if params["secrets_namespace"]:
        path = f"/api/v1/namespaces/{params['secrets_namespace']}/secrets"
        found = api.items(path, accept=METADATA_ONLY, selector=params["selector"])
        state["secrets"] = [item["metadata"] for item in found]
        labeled = {metadata["name"] for metadata in state["secrets"]}
        for name in sorted(set(params["secret_names"]) - labeled):
            secret = api.get(f"{path}/{name}", accept=METADATA_OF_ONE)
            state["secrets"] += [secret["metadata"]] if secret else []
    return state
