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
  - Finds out which API server the collection's modules, M(kubernetes.core.k8s) and M(kubernetes.core.helm) use. It
    sends nothing to it.
  - It fails when a variable of the environment would lead a part of a run elsewhere. C(K8S_AUTH_*) beside a kubeconfig
    or a context, incomplete or contradictory ones, and C(HELM_KUBE*).
  - It warns when nobody checks the API server's certificate.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
requirements:
  - kubernetes
seealso:
  - module: kubernetes.core.k8s
  - module: kubernetes.core.helm
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
  kubernetes.core.helm:
    kubeconfig: "{{ cluster.connection.helm.kubeconfig | default(omit) }}"
    context: "{{ cluster.connection.helm.context | default(omit) }}"
    host: "{{ cluster.connection.helm.host | default(omit) }}"
    validate_certs: "{{ cluster.connection.helm.validate_certs | default(omit) }}"
    release_name: cilium
    release_namespace: kube-system
    chart_ref: cilium/cilium
  environment: "{{ cluster.connection.helm_environment }}"
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
    k8s:
      description: Arguments by which M(kubernetes.core.k8s) reaches it.
      type: dict
      sample: {kubeconfig: /home/me/.kube/config}
    helm:
      description: Arguments by which M(kubernetes.core.helm) reaches it.
      type: dict
      sample: {context: home}
    helm_environment:
      description: Environment by which M(kubernetes.core.helm) reaches it.
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
    run_reader(OPTIONS, lambda reader, options: {})


if __name__ == "__main__":
    main()
