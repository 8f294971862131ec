#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: helm_release_free
short_description: Free a Helm release whose Helm was cut off
version_added: 0.1.0
description:
  - Where the newest revision of a release is pending, no Helm begins ("another operation is in progress"). Helm ends
    that state itself, unless it is killed or the API server goes away in the middle. Such a revision is marked as
    failed, as Helm does with one that fails; the next upgrade goes on from there.
  - A revision that is younger than O(quiet) is waited for, and one that begins meanwhile, by its own age.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  release:
    description: The release, as C(namespace/name).
    type: str
    required: true
  quiet:
    description:
      - Seconds from the making of the revision on, by the API server's clock, after which no Helm is at work any more.
    type: int
    required: true
  manager:
    description: The field manager.
    type: str
    required: true
attributes:
  check_mode:
    description: Nothing is written or waited for.
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
- name: Free Cilium's release
  hybridnet.cluster_edge.helm_release_free:
    kubeconfig: ~/.kube/config
    release: kube-system/cilium
    quiet: 300
    manager: home
"""

RETURN = r"""
status:
  description: The status of the newest revision; null without any.
  returned: success
  type: str
  sample: failed
revision:
  description: Its number; null without any.
  returned: success
  type: int
  sample: 4
"""

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.helm_records import (
    ARGUMENTS,
    free_release,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.module import run_previewer


def main():
    run_previewer(ARGUMENTS, free_release)


if __name__ == "__main__":
    main()
