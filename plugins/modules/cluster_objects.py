#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_objects
short_description: Bring a part of a cluster to the plan
version_added: 0.1.0
description:
  - Reads the cluster once, compares it with a part of the plan, applies what differs in the apiVersion that the cluster
    serves, and removes what left the plan. Where nothing differs, nothing is written.
  - It fails, with all reasons at once and before anything is written, when applying would take over an object that this
    collection did not make, lose a field that the cluster's API does not know, or take an address from a service that
    holds it.
  - What it makes, it notes by UID in the ConfigMap C(cluster-edge-SITE) of O(namespace). Only objects that are noted
    there and carry both ownership labels are ever removed, and only those of the part's own kinds. A part of which
    nothing was noted yet takes what carries the labels and its field manager, and lists it.
  - What it is about to make, it notes before, and what it made also where the API server refuses something else.
  - Tenants write Services. One that is in the way stays as it is, is a warning and stands in RV(faults); all else goes
    on.
  - In check mode what the cluster does not have yet (kinds, namespaces, nodes) is a warning, else an error.
  - It writes by server-side apply with the field manager C(hybridnet.cluster_edge), one request for each object
    (M(hybridnet.cluster_edge.cluster_apply)). What it removes, it removes by UID
    (M(hybridnet.cluster_edge.cluster_remove)), so that an object stays, with a warning, which somebody makes anew
    between the look and the removal. What lives it writes by UID too, Nodes and Secrets as well.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  part:
    description: What to bring to the plan.
    type: str
    required: true
    choices: [bgp, lb, services]
  site:
    description: Value of the ownership label, C(edge_site_name).
    type: str
    required: true
  namespace:
    description: Namespace of the ConfigMap, that of the Helm release. It must be closed to tenants.
    type: str
    default: kube-system
  forget:
    description:
      - The cluster leaves the site. Nothing new is noted, and after the part V(services) the ConfigMap is removed,
        unless something that this site made is left.
    type: bool
    default: false
  objects:
    description: The planned objects of the parts V(bgp) and V(lb).
    type: list
    elements: dict
    default: []
  nodes:
    description:
      - Names of the planned nodes. The part V(bgp) notes them, and refuses to go on where it noted other ones that live
        in the cluster still, and none of these. That is the run of another inventory with the name of the same site.
      - Without any, nothing is noted or refused.
    type: list
    elements: str
    default: []
  node_labels:
    description:
      - By node, the labels that it shall have from us. Labels that the site set on others are removed. Those that
        another site set stay.
      - Without it the labels of all nodes are left alone.
      - Of part V(lb), labels are removed alone; none is set.
    type: dict
  labels_go:
    description:
      - Whether part V(bgp) removes labels. With V(false) they stay until part V(lb) of the same run has been given
        O(node_labels), as L2 policies select nodes by labels too.
    type: bool
    default: true
  passwords_in:
    description:
      - Name of the variable that holds the BGP passwords, by name. Its name, not its value, so that no password is an
        argument of the task. Only those that O(objects) refer to are used.
    type: str
  secrets_namespace:
    description: Namespace in which Cilium reads BGP passwords, C(bgpControlPlane.secretsNamespace.name).
    type: str
    default: kube-system
  may_move:
    description: Services, as V(namespace/name), that may lose their address by a change of pools; V(*) for all.
    type: list
    elements: str
    default: []
  take_over:
    description:
      - What may be taken over, as C(edge_cluster_take_over). Of it the part V(lb) takes V(services), those that may
        lose the address which is named with them. The parts V(bgp) and V(lb) take V(objects), those of others beside
        which O(objects) are applied although both claim the same.
    type: dict
    default: {}
  cilium_version:
    description:
      - Cilium's version. For the part V(lb), before 1.20 a pool that shrinks, and before 1.18.2 any changed pool, may
        give a service another of its addresses; this is refused where a live service would meet it. Without it no such
        fault is assumed. For the part V(bgp), from 1.19 on a live CiliumBGPPeeringPolicy counts for nothing.
    type: str
  serves_classless:
    description: Whether Cilium gives addresses to services without a C(loadBalancerClass) (C(defaultLBServiceIPAM)).
    type: bool
    default: true
  served_before:
    description:
      - Which services Cilium served before this run, for the part V(lb). That is V(all), those with a
        C(loadBalancerClass) of its own (V(classed)), or V(none), as no Cilium ran. An address that others gave to a
        service is taken away as soon as Cilium serves it, unless a pool gives it.
      - Without it, they are those of O(serves_classless).
    type: str
    choices: [all, classed, none]
  services:
    description:
      - The planned services. The part V(services) makes them.
      - To the part V(lb) they tell which live services leave with the same run, and so keep no pool, and which labels
        and annotations it sets or takes back on others. One that would lose its address by that is refused. Without it
        all stay as they are.
    type: list
    elements: dict
  leaving_routers:
    description:
      - Addresses of routers that leave the site. The part V(bgp) may remove an object with which only sessions to these
        end. Where others end with it that are up, O(take_over) has to name it under V(objects).
      - Nothing is asked for with O(forget).
      - A session that O(objects) have under other names does not end.
    type: list
    elements: str
    default: []
  wait:
    description: Seconds to wait until the cluster serves the kinds of O(objects). Not in check mode.
    type: int
    default: 0
  refuse:
    description:
      - With V(false), what would be refused is a warning in check mode, and the differences are shown all the same. For
        a play that fails at its end.
      - Outside check mode it has no effect.
    type: bool
    default: true
attributes:
  check_mode:
    description: The API server says what a write would change.
    support: full
  diff_mode:
    description: Shows each object that changes, without what the API server writes, and no Secret.
    support: full
requirements:
  - kubernetes
extends_documentation_fragment:
  - hybridnet.cluster_edge.cluster
"""

EXAMPLES = r"""
- name: Bring the pools to the plan
  hybridnet.cluster_edge.cluster_objects:
    kubeconfig: ~/.kube/config
    part: lb
    site: home
    objects: "{{ edge_plan.clusters.home.lb }}"
"""

RETURN = r"""
applied:
  description: The objects that were made or changed, as C(kind namespace/name).
  returned: success
  type: list
  elements: str
  sample: [CiliumLoadBalancerIPPool media]
created:
  description: Those of RV(applied) that were not there before.
  returned: success
  type: list
  elements: str
  sample: [CiliumLoadBalancerIPPool media]
removed:
  description: The objects that were removed, as C(kind namespace/name).
  returned: success
  type: list
  elements: str
  sample: [CiliumLoadBalancerIPPool old]
stored:
  description:
    - The kinds whose objects were written once without a change, so that none stays stored in a version that the next
      Cilium drops (M(hybridnet.cluster_edge.cluster_store)).
  returned: success
  type: list
  elements: str
  sample: [CiliumLoadBalancerIPPool]
faults:
  description: Services that are not as planned and were left as they are, or that the API server refused, and why.
  returned: success
  type: list
  elements: str
  sample: ["Service dummy/x: it carries this site's labels, and this site did not make it; it was left as it is"]
taken:
  description: What was taken for this site's and noted, as it carries its labels and its field manager. First run only.
  returned: success
  type: list
  elements: str
  sample: [CiliumLoadBalancerIPPool media]
later:
  description: What cannot be compared yet, because the cluster lacks its kind, namespace or node. Check mode only.
  returned: success
  type: list
  elements: str
  sample: [CiliumLoadBalancerIPPool media]
"""
