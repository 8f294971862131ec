#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_state_info
short_description: Read what the cluster roles compare their plan with
version_added: 0.1.0
description:
  - Reads custom resource definitions, their objects, nodes, namespaces, services, secrets' metadata and rollouts of a
    cluster over one connection. It changes nothing.
  - What a cluster does not have is missing in the result, never an error. The content of secrets is not requested.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  group:
    description: API group of the kinds.
    type: str
    default: cilium.io
  plurals:
    description: Plural names of the kinds whose definition and objects are read.
    type: list
    elements: str
    default: []
  nodes:
    description: Read the nodes' names, labels and managed fields.
    type: bool
    default: false
  namespaces:
    description: Read the namespaces' names.
    type: bool
    default: false
  services:
    description: Read all services of type LoadBalancer, and others that O(manager) or O(selector) marks as ours.
    type: bool
    default: false
  secrets_namespace:
    description: Read the metadata of the secrets in this namespace that O(selector) matches.
    type: str
  selector:
    description: Label selector of the objects that are ours.
    type: str
    default: ""
  manager:
    description: Our field manager.
    type: str
    default: ""
  rollouts:
    description: DaemonSets and Deployments to read, each as V(kind/namespace/name).
    type: list
    elements: str
    default: []
  wait:
    description: Seconds to wait until each of O(plurals) is served and each of O(rollouts) is complete.
    type: int
    default: 0
requirements:
  - kubernetes
extends_documentation_fragment:
  - hybridnet.cluster_edge.cluster
  - hybridnet.cluster_edge.reader
"""

EXAMPLES = r"""
- name: Read the pools and whether the cluster serves their kind
  hybridnet.cluster_edge.cluster_state_info:
    kubeconfig: ~/.kube/config
    plurals: [ciliumloadbalancerippools]
    wait: 60
  register: __state
"""

RETURN = r"""
kinds:
  description:
    - By kind, for each of O(plurals) that the cluster serves. V(versions) are the served ones, the stored one first;
      V(fields) the names of each version's fields, nested.
  returned: always
  type: dict
  sample: {CiliumBGPPeerConfig: {versions: [v2, v2alpha1], fields: {v2: {spec: {timers: {}}}}}}
objects:
  description: All objects of O(plurals), in the stored version.
  returned: always
  type: list
  elements: dict
nodes:
  description: The nodes, by name, with V(labels) and V(owned), the label keys that O(manager) owns.
  returned: always
  type: dict
namespaces:
  description: The namespaces' names, or null where they were not asked for.
  returned: always
  type: list
  elements: str
services:
  description: The services that were asked for, whole.
  returned: always
  type: list
  elements: dict
secrets:
  description: Metadata of the secrets that were asked for.
  returned: always
  type: list
  elements: dict
rollouts:
  description: By rollout, what it lacks, in words; empty when it is complete.
  returned: always
  type: dict
  sample: {DaemonSet/kube-system/cilium: 3 of 4 ready}
"""

import time

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.reader import (
    KUBERNETES_ERROR,
    METADATA_ONLY,
    ClusterReader,
    ClusterReadError,
)

POLL_SECONDS = 0.5


def served_kind(definition):
    """Return what a CustomResourceDefinition serves, or None until it is established."""
    status = (definition or {}).get("status") or {}
    conditions = status.get("conditions") or []
    if not any(item["type"] == "Established" and item["status"] == "True" for item in conditions):
        return None
    versions = [item for item in definition["spec"]["versions"] if item["served"]]
    versions.sort(key=lambda item: not item["storage"])
    return {
        "versions": [item["name"] for item in versions],
        "fields": {item["name"]: field_names(item["schema"]["openAPIV3Schema"]) for item in versions},
    }


def field_names(schema):
    """Return the names of a schema's fields, nested; None where any field is taken. Lists are looked through."""
    while schema.get("type") == "array":
        schema = schema.get("items") or {}
    if schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema:
        return None
    properties = schema.get("properties")
    return None if properties is None else {name: field_names(item) for name, item in sorted(properties.items())}


def owned_labels(metadata, manager):
    """Return the label keys that a field manager owns by apply."""
    owned = set()
    for entry in metadata.get("managedFields") or []:
        if entry["manager"] == manager and entry["operation"] == "Apply":
            labels = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:labels") or {}
            owned.update(key[2:] for key in labels if key.startswith("f:"))
    return sorted(owned)


def rollout_lack(kind, found):
    """Return what a DaemonSet or Deployment lacks until its newest template runs everywhere."""
    if found is None:
        return "does not exist"
    status = found.get("status") or {}
    if status.get("observedGeneration", 0) < found["metadata"]["generation"]:
        return "its change is not seen yet"
    if kind == "DaemonSet":
        wanted, updated, ready = (
            status.get(name) or 0 for name in ("desiredNumberScheduled", "updatedNumberScheduled", "numberReady")
        )
    else:
        wanted = found["spec"].get("replicas", 1)
        updated, ready = (status.get(name) or 0 for name in ("updatedReplicas", "readyReplicas"))
    if updated < wanted:
        return f"{updated} of {wanted} updated"
    return f"{ready} of {wanted} ready" if ready < wanted else ""


def read_kinds(reader, group, plurals):
    kinds, objects = {}, []
    for plural in plurals:
        definition = reader.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.{group}")
        kind = served_kind(definition)
        if kind is None:
            continue
        name = definition["spec"]["names"]["kind"]
        api_version = f"{group}/{kind['versions'][0]}"
        kinds[name] = kind
        for item in reader.items(f"/apis/{api_version}/{plural}"):
            objects.append({**item, "apiVersion": api_version, "kind": name})
    return kinds, objects


def read_rollouts(reader, rollouts):
    found = {}
    for rollout in rollouts:
        kind, namespace, name = rollout.split("/")
        path = f"/apis/apps/v1/namespaces/{namespace}/{kind.lower()}s/{name}"
        found[rollout] = rollout_lack(kind, reader.get(path))
    return found


def read_services(reader, selector, manager):
    wanted = dict(part.split("=", 1) for part in selector.split(",") if part)
    services = []
    for item in reader.items("/api/v1/services"):
        labels = item["metadata"].get("labels") or {}
        ours = bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())
        touched = any(entry["manager"] == manager for entry in item["metadata"].get("managedFields") or [])
        if item["spec"].get("type") == "LoadBalancer" or ours or touched:
            services.append({**item, "apiVersion": "v1", "kind": "Service"})
    return services


def read_state(params):
    """Return the whole answer, after waiting for what was asked for."""
    reader = ClusterReader(params["kubeconfig"], params["context"])
    end = time.monotonic() + params["wait"]
    while True:
        kinds, objects = read_kinds(reader, params["group"], params["plurals"])
        rollouts = read_rollouts(reader, params["rollouts"])
        complete = len(kinds) == len(params["plurals"]) and not any(rollouts.values())
        if complete or time.monotonic() >= end:
            break
        time.sleep(POLL_SECONDS)
    state = {"kinds": kinds, "objects": objects, "rollouts": rollouts, "nodes": {}, "secrets": [], "services": []}
    if params["nodes"]:
        for item in reader.items("/api/v1/nodes", accept=METADATA_ONLY):
            labels = item["metadata"].get("labels") or {}
            owned = owned_labels(item["metadata"], params["manager"])
            state["nodes"][item["metadata"]["name"]] = {"labels": labels, "owned": owned}
    state["namespaces"] = None
    if params["namespaces"]:
        found = reader.items("/api/v1/namespaces", accept=METADATA_ONLY)
        state["namespaces"] = sorted(item["metadata"]["name"] for item in found)
    if params["services"]:
        state["services"] = read_services(reader, params["selector"], params["manager"])
    if params["secrets_namespace"]:
        path = f"/api/v1/namespaces/{params['secrets_namespace']}/secrets"
        found = reader.items(path, accept=METADATA_ONLY, selector=params["selector"])
        state["secrets"] = [item["metadata"] for item in found]
    return state


def main():
    module = AnsibleModule(
        argument_spec={
            "kubeconfig": {"type": "path"},
            "context": {"type": "str"},
            "group": {"type": "str", "default": "cilium.io"},
            "plurals": {"type": "list", "elements": "str", "default": []},
            "nodes": {"type": "bool", "default": False},
            "namespaces": {"type": "bool", "default": False},
            "services": {"type": "bool", "default": False},
            "secrets_namespace": {"type": "str", "no_log": False},
            "selector": {"type": "str", "default": ""},
            "manager": {"type": "str", "default": ""},
            "rollouts": {"type": "list", "elements": "str", "default": []},
            "wait": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    if KUBERNETES_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=KUBERNETES_ERROR)
    try:
        state = read_state(module.params)
    except ClusterReadError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **state)


if __name__ == "__main__":
    main()
