#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_look
short_description: Say why a cluster must not be changed by a plan, before anything is changed
version_added: 0.1.0
description:
  - Reads a cluster, and says all at once. Is it the planned one? Does the control machine have what is needed, and
    the account the rights for what would be done? Would a Helm release be taken over, a live service lose its address,
    or an object of others collide with a planned one, without the user's word (C(edge_cluster_take_over))?
  - It changes nothing, and fails for none of its reasons. M(hybridnet.cluster_edge.cluster_objects) judges each part
    by the same rules when its turn comes.
  - It works on the control machine, as an action.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  plan:
    description: The plan, as the role P(hybridnet.cluster_edge.edge#role) registers it.
    type: dict
    required: true
  cluster:
    description: Name of the cluster in the plan.
    type: str
    required: true
  release:
    description: Name of Cilium's Helm release.
    type: str
    default: cilium
  namespace:
    description: Namespace of the release.
    type: str
    default: kube-system
  helm:
    description: Helm's program. Its version is only asked for where Helm would be called.
    type: str
    default: helm
  verifies:
    description: Whether the run verifies the cluster at its end. Then the rights to read what it compares are needed.
    type: bool
    default: false
  chart:
    description: Name, path or reference of the chart, refused where it holds a login.
    type: str
    default: ""
  repository:
    description: URL of the chart's repository, refused where it holds a login that Helm cannot be given.
    type: str
    default: ""
attributes:
  check_mode:
    description: It changes nothing in any mode.
    support: full
requirements:
  - kubernetes
extends_documentation_fragment:
  - hybridnet.cluster_edge.cluster
"""

EXAMPLES = r"""
- name: Look at the cluster
  hybridnet.cluster_edge.cluster_look:
    kubeconfig: ~/.kube/config
    plan: "{{ edge_plan }}"
    cluster: home
  register: look

- name: Stop before anything is changed
  ansible.builtin.assert:
    that: look.refusals == []
    fail_msg: "{{ look.refusals | join('\n') }}"
"""

RETURN = r"""
refusals:
  description: Why nothing may be changed, each with the way out.
  returned: success
  type: list
  elements: str
notes:
  description: What else is worth a line, such as nodes that the inventory does not have and other load balancers.
  returned: success
  type: list
  elements: str
  sample: ["another load balancer runs here: MetalLB (DaemonSet metallb-system/speaker)"]
leaving_routers:
  description:
    - Addresses of routers that are C(edge_state=absent). The inventory says by itself that sessions with them end, and
      no other consent is asked for.
  returned: the cluster could be looked at
  type: list
  elements: str
  sample: ["192.0.2.1"]
nodes:
  description: Names of the planned nodes, with those that leave the inventory (C(edge_state=absent)).
  returned: the cluster could be looked at
  type: list
  elements: str
  sample: [node01, node02]
identity:
  description:
    - UID of the namespace kube-system and the names of the nodes, by which two names of one cluster are told. Two
      clusters that were restored from one snapshot have the same UID.
  returned: the cluster could be looked at, and this run writes to it
  type: str
  sample: 7d0f7f0e-6d0b-4b43-9f0b-1a2b3c4d5e6f node01 node02
cluster_uid:
  description:
    - UID of the namespace kube-system. Later tasks that are given it write to this cluster and no other.
    - Null where this run does not write to it.
  returned: the cluster could be looked at
  type: str
  sample: 7d0f7f0e-6d0b-4b43-9f0b-1a2b3c4d5e6f
pending:
  description:
    - Which of V(release), V(bgp), V(lb) and V(services) is not as planned. The role of another part would find nothing
      to do.
    - A part of which this look cannot tell is pending too, that is BGP passwords, pod CIDRs out of ranges of Cilium's
      operator, all parts where Helm will be called, and all of a cluster that cannot be read or that others apply to.
  returned: success
  type: list
  elements: str
  sample: [lb]
first_install:
  description:
    - Nothing of any Cilium is there, nor another load balancer, and the plan installs Cilium.
    - It is false where that could not be looked at.
  returned: success
  type: bool
  sample: false
cilium_version:
  description:
    - The version by whose rules it was judged which services keep their addresses. Where others install Cilium, it is
      the older one of the planned version and of the operator's image.
    - Null where nothing is written there.
  returned: the cluster could be looked at
  type: str
  sample: 1.19.6
served_before:
  description:
    - Which services Cilium's LB-IPAM served before this run, that is V(all), V(classed) (those with a
      C(loadBalancerClass) of Cilium's) or V(none). It follows from the values of the live release.
    - Null where nobody knows, or the run changes no release. Then it is as planned.
  returned: the cluster could be looked at
  type: str
  sample: classed
blind:
  description: The cluster could not be looked at, so that RV(refusals) may lack some.
  returned: success
  type: bool
  sample: false
"""
