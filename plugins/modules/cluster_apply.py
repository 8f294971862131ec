#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_apply
short_description: Apply or remove Kubernetes objects, with a difference for each
version_added: 0.1.0
description:
  - Hands all objects to M(kubernetes.core.k8s) in one call (server-side apply, field manager C(hybridnet.cluster_edge))
    and shows the difference of each object that changes, which that module does for a single object only.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  objects:
    description: The objects; to remove them, C(apiVersion), C(kind) and C(metadata) suffice.
    type: list
    elements: dict
    required: true
  state:
    description: Whether the objects shall be there.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: The API server says what an apply would change.
    support: full
  diff_mode:
    description: Shows each object that changes, without what the API server writes.
    support: full
requirements:
  - kubernetes
extends_documentation_fragment:
  - hybridnet.cluster_edge.cluster
"""

EXAMPLES = r"""
- name: Apply the pools
  hybridnet.cluster_edge.cluster_apply:
    kubeconfig: ~/.kube/config
    objects: "{{ edge_plan.clusters.home.lb }}"
"""

RETURN = r"""
objects:
  description: The objects that changed, as C(kind namespace/name).
  type: list
  elements: str
  returned: success
  sample: [CiliumLoadBalancerIPPool media]
"""
