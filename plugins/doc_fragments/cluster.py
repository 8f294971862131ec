# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the modules that read a cluster find it."""

from __future__ import annotations


class ModuleDocFragment:
    """The cluster's kubeconfig and context."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of the kubeconfig.
      - Without it and without O(context) the environment says where the cluster is. C(K8S_AUTH_HOST) with
        C(K8S_AUTH_API_KEY) or with C(K8S_AUTH_CERT_FILE) and C(K8S_AUTH_KEY_FILE), and with C(K8S_AUTH_SSL_CA_CERT) and
        C(K8S_AUTH_VERIFY_SSL), as Ansible Automation Platform sets them; or C(K8S_AUTH_KUBECONFIG) and
        C(K8S_AUTH_CONTEXT); or C(KUBECONFIG). Else C(~/.kube/config) is used, or the pod's service account.
      - With it, or with O(context), C(K8S_AUTH_*) in the environment are refused; C(HELM_KUBE*) always are.
    type: path
  context:
    description:
      - Context in the kubeconfig. Without it the current one.
      - Each task reads anew which one that is. Tasks that name the one that
        RV(hybridnet.cluster_edge.cluster_connection_info#module:connection.context) says stay at one cluster.
    type: str
  cluster_uid:
    description:
      - UID of the namespace kube-system, by which clusters are told apart
        (RV(hybridnet.cluster_edge.cluster_look#module:cluster_uid)).
      - The task fails where another cluster answers, before it asks anything else or writes.
    type: str
attributes:
  action_group:
    description:
      - C(module_defaults) for C(group/hybridnet.cluster_edge.cluster) say O(kubeconfig), O(context) and O(cluster_uid)
        once.
    support: full
    membership:
      - hybridnet.cluster_edge.cluster
"""
