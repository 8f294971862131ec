#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_connection_info
short_description: Say how a cluster is reached, and refuse an environment that leads elsewhere
version_added: 0.1.0
description:
  - Finds out which API server the collection's modules and Helm use. It sends nothing to it.
  - Tasks of M(kubernetes.core.k8s) in plays of your own are led to the same one by RV(connection.k8s).
  - It fails when a variable of the environment would lead a part of a run elsewhere. C(K8S_AUTH_*) beside a kubeconfig
    or a context, incomplete or contradictory ones, and C(HELM_KUBE*).
  - It warns when nobody checks the API server's certificate.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
requirements:
  - kubernetes
seealso:
  - module: hybridnet.cluster_edge.helm_upgrade
  - module: kubernetes.core.k8s
extends_documentation_fragment:
  - hybridnet.cluster_edge.cluster
  - hybridnet.cluster_edge.reader
"""

EXAMPLES = r"""
- name: Find out how the cluster is reached
  hybridnet.cluster_edge.cluster_connection_info:
    kubeconfig: ~/.kube/config
  register: cluster

- name: Use Helm on the same cluster
  hybridnet.cluster_edge.helm_upgrade:
    connection: "{{ cluster.connection.helm }}"
    name: cilium
    namespace: kube-system
    chart: cilium
    repository: https://helm.cilium.io
    version: 1.19.6
  environment: "{{ cluster.connection.helm_environment }}"

- name: Lead tasks of kubernetes.core to the same cluster
  module_defaults:
    group/kubernetes.core.k8s: "{{ cluster.connection.k8s }}"
  block:
    - name: Read a namespace
      kubernetes.core.k8s_info:
        kind: Namespace
        name: kube-system
"""

RETURN = r"""
connection:
  description: How the cluster is reached. It holds no secret; an API key stays in its variable.
  returned: success
  type: dict
  contains:
    server:
      description: URL of the API server.
      type: str
      sample: https://192.0.2.1:6443
    context:
      description:
        - The context that later tasks name to stay at this cluster, though somebody changes the current one meanwhile.
        - Null where C(K8S_AUTH_*) or the pod's service account say where the cluster is.
      type: str
      sample: home
    k8s:
      description: Arguments by which M(kubernetes.core.k8s) reaches it.
      type: dict
      sample: {kubeconfig: /home/me/.kube/config, context: home}
    helm:
      description: How Helm reaches it, as M(hybridnet.cluster_edge.helm_upgrade) takes it.
      type: dict
      sample: {context: home}
    helm_environment:
      description: Variables of the environment by which Helm reaches it.
      type: dict
      sample: {KUBECONFIG: /home/me/.kube/config}
refused:
  description: The variables of the environment that are the reason of a failure.
  returned: failure
  type: list
  elements: str
  sample: [K8S_AUTH_HOST]
"""

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.connection import OPTIONS
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.module import run_reader


def main():
    run_reader(OPTIONS, lambda api, options: {})


if __name__ == "__main__":
    main()
