#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_apply
short_description: Apply objects, one request for each
version_added: 0.1.0
description:
  - Applies objects by server-side apply. Each is one request, which ends after a minute without an answer.
  - One that the API server refuses keeps none of the others from being applied. A field that another field manager
    holds with another value is such a refusal.
  - A UID in the metadata of an object is a condition. One that somebody deleted, or deleted and made anew, is refused.
  - A port of a Service that has the name of a planned one, and is not planned itself, is removed, if the UID is given.
  - M(hybridnet.cluster_edge.cluster_objects) applies with it what differs from the plan.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  objects:
    description:
      - The objects in the order of writing. Services, Secrets, Nodes, and the kinds of Cilium that this collection
        makes.
    type: list
    elements: dict
    required: true
  manager:
    description: The field manager.
    type: str
    required: true
  versions:
    description:
      - The resourceVersion that each object was read with, in their order; an empty text where it is not known. An
        object that has it still after the request has not changed.
      - That of a Node is a condition too. Where only others have written it since, it is applied all the same.
    type: list
    elements: str
    default: []
  owned:
    description:
      - In the order of the objects, the labels of a Node that O(manager) had set when it was read; empty for others.
      - A Node on which they are others by now is refused, since applying takes away labels that it does not name.
    type: list
    elements: dict
    default: []
  compare:
    description: Whether to read each object before it is written, and to return what differs. Needed in check mode.
    type: bool
    default: false
  copies:
    description:
      - By node, labels that its CiliumNode must have before anything is applied. Cilium's agents copy them from Nodes,
        and Cilium selects nodes by the copies.
      - A node without a CiliumNode, and one whose agent is not ready, are not waited for.
    type: dict
    default: {}
  copied_within:
    description: Seconds to wait for O(copies). Then nothing is applied.
    type: int
    default: 30
  namespace:
    description: Where the pods of Cilium's agents are.
    type: str
    default: kube-system
attributes:
  check_mode:
    description: The API server says what it would write.
    support: full
  diff_mode:
    description: It shows no difference; RV(results[].before) and RV(results[].after) have it.
    support: none
requirements:
  - kubernetes
extends_documentation_fragment:
  - hybridnet.cluster_edge.cluster
"""

EXAMPLES = r"""
- name: Apply a pool
  hybridnet.cluster_edge.cluster_apply:
    kubeconfig: ~/.kube/config
    manager: home
    objects:
      - apiVersion: cilium.io/v2
        kind: CiliumLoadBalancerIPPool
        metadata: {name: media}
        spec:
          blocks: [{cidr: 192.0.2.0/28}]
"""

RETURN = r"""
uncopied:
  description: Nodes whose CiliumNode lacks labels of O(copies), with these labels. Nothing was applied then.
  returned: success
  type: list
  elements: str
  sample: ["k1: edge=true"]
results:
  description: What became of each object, in their order; they end with a refusal that would meet all.
  returned: success
  type: list
  elements: dict
  contains:
    outcome:
      description: V(unchanged) where the API server found nothing to change.
      type: str
      returned: always
      choices: [applied, unchanged, refused]
    uid:
      description: The object's UID.
      type: str
      returned: unless it was refused
    version:
      description: The resourceVersion of a Node once it is applied; not in check mode, as nothing was written.
      type: str
      returned: for a Node, unless it was refused
    shared:
      description: True. Other field managers have written the object too; its status does not count.
      type: bool
      returned: if that is so
    rewritten:
      description:
        - Paths at which the API server keeps another value than the one that was applied, as a mutating webhook writes
          there.
      type: list
      elements: str
      returned: if there are any
    before:
      description: The fields that differ, as they were. Of a Secret nothing.
      type: dict
      returned: with O(compare), if the object was there and changed
    after:
      description: The fields that differ, as they are. Of a Secret nothing.
      type: dict
      returned: with O(compare), if the object was made or changed
    reason:
      description: Why it was refused.
      type: str
      returned: if it was refused
    status:
      description: The API server's HTTP status.
      type: int
      returned: if it was refused
"""

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.application import (
    ARGUMENTS,
    apply_objects,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.module import run_previewer


def main():
    run_previewer(ARGUMENTS, apply_objects)


if __name__ == "__main__":
    main()
