#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_store
short_description: Store objects in the version in which their kind is stored by now
version_added: 0.1.0
description:
  - An object stays stored in the version of its last write. While one may be stored in an old version
    (C(status.storedVersions) of its CustomResourceDefinition), the API server takes no definition without that version,
    as the next release of an operator may bring it.
  - Each object of a kind is written once without any change, whoever made it, and then the list is cut to the version
    that is written now. No field changes, nor who owns it.
  - M(hybridnet.cluster_edge.cluster_objects) does it with pools.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  group:
    description: API group of the kinds.
    type: str
    default: cilium.io
  plurals:
    description: Plural names of the kinds.
    type: list
    elements: str
    required: true
  manager:
    description: Our field manager. It comes to own nothing.
    type: str
    required: true
attributes:
  check_mode:
    description: It says what would be stored anew.
    support: full
  diff_mode:
    description: Nothing that is shown of an object changes.
    support: none
requirements:
  - kubernetes
extends_documentation_fragment:
  - hybridnet.cluster_edge.cluster
"""

EXAMPLES = r"""
- name: Let no pool be stored in a version that the next Cilium drops
  hybridnet.cluster_edge.cluster_store:
    kubeconfig: ~/.kube/config
    plurals: [ciliumloadbalancerippools]
    manager: hybridnet.cluster_edge
"""

RETURN = r"""
stored:
  description: Those of O(plurals) that were stored anew.
  returned: success
  type: list
  elements: str
  sample: [ciliumloadbalancerippools]
refused:
  description: By plural name, why the API server did not let us. What was written before stays written.
  returned: success
  type: dict
  sample: {ciliumloadbalancerippools: "the definition is not yours to change"}
"""

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.module import run_previewer
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.storage import (
    ARGUMENTS,
    store_objects,
)


def main():
    run_previewer(ARGUMENTS, store_objects)


if __name__ == "__main__":
    main()
