#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_changes
short_description: Compare a part of the plan with a live cluster
version_added: 0.1.0
description:
  - Reads the cluster and returns what to apply and what to remove there, in the apiVersion that the cluster serves.
  - It changes nothing. The roles of this collection hand its result to M(kubernetes.core.k8s).
  - It fails, with all reasons at once, when applying would take over an object that this collection did not make, lose
    a field that the cluster's API does not know, or take an address from a service that holds it.
  - Only objects that carry both ownership labels are ever removed, and only those of the part's own kinds.
  - In check mode what the cluster does not have yet (kinds, namespaces, nodes) is a warning, else an error.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  part:
    description: What to compare.
    type: str
    required: true
    choices: [bgp, lb, services]
  site:
    description: Value of the ownership label, C(edge_site_name).
    type: str
    required: true
  objects:
    description: The planned objects of the parts V(bgp) and V(lb).
    type: list
    elements: dict
    default: []
  node_labels:
    description:
      - By node, the labels that it shall have from us. Of other nodes our labels are removed.
      - Without it the labels of all nodes are left alone.
    type: dict
  passwords:
    description: Names of the BGP passwords that are at hand.
    type: list
    elements: str
    default: []
  secrets_namespace:
    description: Namespace in which Cilium reads BGP passwords, C(bgpControlPlane.secretsNamespace.name).
    type: str
    default: kube-system
  may_move:
    description: Services, as V(namespace/name), that may lose their address by a change of pools; V(*) for all.
    type: list
    elements: str
    default: []
  services:
    description: The planned services of the part V(services).
    type: list
    elements: dict
    default: []
  wait:
    description: Seconds to wait until the cluster serves the kinds of the part. Not in check mode.
    type: int
    default: 0
extends_documentation_fragment:
  - hybridnet.cluster_edge.cluster
  - hybridnet.cluster_edge.reader
"""

EXAMPLES = r"""
- name: Compare the planned pools with the cluster
  hybridnet.cluster_edge.cluster_changes:
    part: lb
    site: home
    kubeconfig: ~/.kube/config
    objects: "{{ edge_plan.clusters['home'].lb }}"
  register: __changes

- name: Apply them
  kubernetes.core.k8s:
    kubeconfig: ~/.kube/config
    apply: true
    server_side_apply: {field_manager: hybridnet.cluster_edge}
    resource_definition: "{{ __changes.apply }}"
  when: __changes.apply | length > 0
"""

RETURN = r"""
apply:
  description: Objects to apply server-side, in this order.
  returned: success
  type: list
  elements: dict
remove:
  description: References (apiVersion, kind, name, namespace) of what left the plan, in the order of removing.
  returned: success
  type: list
  elements: dict
  sample: [{apiVersion: cilium.io/v2, kind: CiliumLoadBalancerIPPool, metadata: {name: media}}]
later:
  description: What cannot be compared yet, because the cluster lacks its kind, namespace or node. Check mode only.
  returned: success
  type: list
  elements: str
  sample: [CiliumLoadBalancerIPPool media]
"""
