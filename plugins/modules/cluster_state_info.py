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
  - What a cluster does not have is missing in the result, never an error. The content of secrets is not requested, but
    that of Helm's record of O(release).
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
  node_info:
    description: With O(nodes), read what tells their distribution too.
    type: bool
    default: false
  namespaces:
    description: Read the namespaces' names.
    type: bool
    default: false
  services:
    description:
      - Read all services of type LoadBalancer, those of O(service_names), those whose UID is a key of O(config_map),
        and others that O(manager) or O(selector) marks as ours.
    type: bool
    default: false
  service_names:
    description: Services to read whatever their type is, each as V(namespace/name).
    type: list
    elements: str
    default: []
  secrets_namespace:
    description: Read the metadata of the secrets in this namespace that O(selector) matches.
    type: str
  secret_names:
    description: With O(secrets_namespace), secrets there to read the metadata of, whatever their labels.
    type: list
    elements: str
    default: []
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
  some_suffice:
    description:
      - Do not wait for a workload of O(rollouts) that has a ready pod, and whose pods are all of its newest template.
      - A pod of an older template on a node that is not ready is not waited for either.
    type: bool
    default: false
  config_map:
    description: ConfigMap to read, as V(namespace/name).
    type: str
  rules:
    description:
      - Namespaces in which to ask what the account may do, by a SelfSubjectRulesReview, beside what it may do
        everywhere. Where it may do everything everywhere, the namespaces are not asked for.
    type: list
    elements: str
    default: []
  workloads:
    description: Read the names and labels of all DaemonSets and Deployments.
    type: bool
    default: false
  release:
    description: Helm release to read, as V(namespace/name). Its record in the cluster is read, without Helm.
    type: str
  wait:
    description:
      - Seconds to wait until each of O(wait_plurals) is served and each of O(rollouts) is complete.
      - A Deployment that lacks a node for its last pods alone is not waited for.
    type: int
    default: 0
  wait_plurals:
    description: Those of O(plurals) that are waited for. Without it all of them.
    type: list
    elements: str
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
    - By kind, for each of O(plurals) that the cluster serves. V(versions) are the served ones, that in which objects
      are stored first; V(stored) all in which one may be stored still; V(fields) the names of each version's fields,
      nested.
  returned: always
  type: dict
  sample:
    CiliumBGPPeerConfig: {versions: [v2, v2alpha1], stored: [v2], fields: {v2: {spec: {timers: {}}}}}
unknown:
  description: Those of O(plurals) that the API server has no CustomResourceDefinition of.
  returned: always
  type: list
  elements: str
  sample: [ciliumpodippools]
objects:
  description: All objects of O(plurals), in the stored version.
  returned: always
  type: list
  elements: dict
nodes:
  description:
    - The nodes, by name, with V(labels), V(owned), the label keys that O(manager) owns, V(uid) and V(resourceVersion).
    - With O(node_info) also V(os_image), V(kubelet_version), and V(k3s_arguments), null where it is no k3s node.
  returned: always
  type: dict
cluster_uid:
  description:
    - UID of the namespace kube-system, by which clusters are told apart. It is read with O(namespaces), O(release) and
      O(config_map).
    - Null where it was not read, or the account may not list namespaces.
  returned: always
  type: str
  sample: 7d0f7f0e-6d0b-4b43-9f0b-1a2b3c4d5e6f
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
  description: Metadata of the secrets that O(selector) matches, and of those of O(secret_names) that are there.
  returned: always
  type: list
  elements: dict
config_map:
  description: Data of O(config_map); empty where there is none.
  type: dict
  returned: success
rules:
  description: By namespace of O(rules), the status of the review; under the empty name what holds everywhere.
  returned: always
  type: dict
  sample: {"": {resourceRules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}], incomplete: false}}
workloads:
  description:
    - C(kind), and of C(metadata) namespace, name and labels, of all DaemonSets and Deployments.
    - C(helm) of C(metadata) has V(release-name) and V(release-namespace) of the Helm release that made it; empty where
      none did.
    - C(scheduled) of the DaemonSet V(kube-proxy) alone is the number of nodes that are to run it; null where its
      controller has not said it yet.
    - Null where they were not asked for.
  returned: always
  type: list
  elements: dict
client:
  description: Version of the Kubernetes client.
  returned: always
  type: str
  sample: 37.0.2
release:
  description:
    - The newest revision of O(release), with V(chart), V(version), V(app_version), V(revision), V(status) and
      V(values), those that were given.
    - V(before) is the revision that may run in its place, with the same keys, where Helm did not come to the end of the
      newest one (V(status) is C(failed), or Helm is at work); else null.
    - Null where it was not asked for, or Helm keeps none in Secrets of the namespace.
  returned: always
  type: dict
  sample: {chart: cilium, version: 1.19.6, app_version: 1.19.6, revision: 3, status: deployed, values: {}, before: null}
rollouts:
  description: By rollout, what it lacks, in words; empty when it is complete.
  returned: always
  type: dict
  sample: {DaemonSet/kube-system/cilium: 3 of 4 ready}
images:
  description: By rollout that is there, the images of its containers.
  returned: always
  type: dict
  sample: {Deployment/kube-system/cilium-operator: ["quay.io/cilium/operator-generic:v1.19.6"]}
unready:
  description:
    - For each of O(rollouts) that is not complete, C(ready) and C(wanted) pods, and C(pods), those that are not ready,
      each with C(name), C(node) and C(reason). C(pods) is null where the account may not list them.
    - C(waits_for_nodes) is true where all that a Deployment lacks is a node that takes its last pods. One of its pods,
      which are all of its newest template, is ready.
    - C(only_old) is true where pods are ready, and each of them may be of an older template, as after an upgrade
      whose new pods do not start.
  returned: always
  type: dict
  sample:
    DaemonSet/kube-system/cilium:
      ready: 3
      wanted: 4
      pods: [{name: cilium-7x2kd, node: node04, reason: CrashLoopBackOff}]
      waits_for_nodes: false
      only_old: false
"""

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.module import run_reader
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import ARGUMENTS, read_state


def main():
    run_reader(ARGUMENTS, read_state)


if __name__ == "__main__":
    main()
