#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_render
short_description: Write every file of a plan below a folder
version_added: 0.1.0
description:
  - Writes C(frr.conf) for each router, and Helm values, manifests and chart values for each cluster of a plan, on the
    control machine. What is not managed is not rendered.
  - For a cluster to which Flux or Argo CD applies, the files are such as they take, see C(docs/situations/flux.md) and
    C(docs/situations/argocd.md).
  - A file that an earlier rendering of the site wrote and this one does not is removed, unless it was changed since. A
    file that no rendering wrote is never removed or replaced. C(.cluster-edge-SITE.json) lists what was written.
  - The same plan gives the same bytes. No connection is opened.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  plan:
    description: The registered result of M(hybridnet.cluster_edge.edge_plan).
    type: dict
    required: true
  dest:
    description: Folder on the control machine; it and folders below it are made.
    type: path
    required: true
  secrets:
    description:
      - Write passwords in place of placeholders, and the Secrets of the clusters. Such files have mode V(0600) and show
        no difference.
      - A cluster to which others apply gets no Secret, and with such a cluster O(dest) must not lie in a Git checkout.
    type: bool
    default: false
attributes:
  check_mode:
    description: Says which files would be written and removed.
    support: full
  diff_mode:
    description: Shows the differences of files without secrets.
    support: full
"""

EXAMPLES = r"""
- name: Render the site
  hybridnet.cluster_edge.edge_render:
    plan: "{{ edge_plan }}"
    dest: "{{ edge_render_dir }}"
  run_once: true
"""

RETURN = r"""
folder:
  description: O(dest) as an absolute path.
  type: str
  returned: success
  sample: /home/me/clusters
files:
  description: Every file of the plan, relative to O(dest).
  type: list
  elements: str
  returned: success
  sample: [home/values.yaml, udm/frr.conf]
written:
  description: The files that were written because they differed.
  type: list
  elements: str
  returned: success
removed:
  description: The files of an earlier rendering that were removed.
  type: list
  elements: str
  returned: success
notes:
  description: What the files lack, what else is to be done, and stale files that were left because they were changed.
  type: list
  elements: str
  returned: success
"""
