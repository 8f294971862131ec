#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_remove
short_description: Remove the very objects that were looked at
version_added: 0.1.0
description:
  - Removes objects from a cluster, each by its UID. An object that somebody deleted and made anew meanwhile is another
    one, and stays.
  - A deletion is sent once. Where its answer is lost, the module fails, and the next run finds out.
  - M(hybridnet.cluster_edge.cluster_objects) removes with it what left the plan.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  objects:
    description:
      - The objects in the order of removing, with C(apiVersion), C(kind), and C(name), C(namespace) and C(uid) in
        C(metadata). Services, Secrets, and the kinds of Cilium that this collection makes.
    type: list
    elements: dict
    required: true
  labels:
    description: Labels that an object must still carry; one that lacks any of them stays.
    type: dict
    default: {}
  continue_on_error:
    description: Whether to go on where the API server refuses to remove one.
    type: bool
    default: false
attributes:
  check_mode:
    description: The API server says whether it would remove them.
    support: full
  diff_mode:
    description: It shows no difference.
    support: none
requirements:
  - kubernetes
extends_documentation_fragment:
  - hybridnet.cluster_edge.cluster
"""

EXAMPLES = r"""
- name: Remove a pool unless somebody made another one of its name
  hybridnet.cluster_edge.cluster_remove:
    kubeconfig: ~/.kube/config
    objects:
      - apiVersion: cilium.io/v2
        kind: CiliumLoadBalancerIPPool
        metadata: {name: old, uid: 6f1c9d0e-6d0b-4b43-9f0b-1a2b3c4d5e6f}
"""

RETURN = r"""
results:
  description: What became of each object, in their order; up to the first that was refused, or all.
  returned: success
  type: list
  elements: dict
  contains:
    outcome:
      description:
        - V(gone) where it was not there any more; with RV(results[].reason) where another one of its name is there.
        - V(kept) where it lacks a label, or was deleted before and its finalizers are not done.
        - V(ending) where it is there until its finalizers are done.
      type: str
      returned: always
      choices: [removed, ending, gone, kept, refused]
    reason:
      description: Why it was kept or refused, which finalizers hold it, or that another one of its name stays.
      type: str
      returned: if something of that name stays
    status:
      description: The API server's HTTP status.
      type: int
      returned: if it was refused
    before:
      description: What was removed, without what the API server writes; no content of a Secret.
      type: dict
      returned: if it was removed, or ends
"""

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.module import run_previewer
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.removal import (
    ARGUMENTS,
    remove_objects,
)


def main():
    run_previewer(ARGUMENTS, remove_objects)


if __name__ == "__main__":
    main()
