#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_note
short_description: Note in a ConfigMap what a site made in a cluster
version_added: 0.1.0
description:
  - Sets and removes single keys of a ConfigMap, and makes it where it is not there. Keys that are not named stay, so
    that two runs at a time lose nothing of each other.
  - M(hybridnet.cluster_edge.cluster_objects) writes with it the UIDs of the objects that it made.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  namespace:
    description: Namespace of the ConfigMap; it must exist.
    type: str
    required: true
  name:
    description: Name of the ConfigMap.
    type: str
    required: true
  labels:
    description: Its labels where it is made.
    type: dict
    default: {}
  data:
    description: The keys to set; a key whose value is null is removed.
    type: dict
    default: {}
  manager:
    description: The field manager.
    type: str
    required: true
  state:
    description: V(absent) deletes the ConfigMap whole.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Nothing is written; it says that it would write.
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
- name: Forget what the site home made
  hybridnet.cluster_edge.cluster_note:
    kubeconfig: ~/.kube/config
    namespace: kube-system
    name: cluster-edge-home
    manager: hybridnet.cluster_edge
    state: absent
"""

RETURN = r"""
applied:
  description: The ConfigMap, as C(kind namespace/name), where it was written.
  returned: success
  type: list
  elements: str
  sample: [ConfigMap kube-system/cluster-edge-home]
created:
  description: The same, where it was made.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.module import run_previewer
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.note import ARGUMENTS, write_note


def main():
    run_previewer(ARGUMENTS, write_note)


if __name__ == "__main__":
    main()
