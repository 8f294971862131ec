#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_summary
short_description: Sum up what a run changes at each end of a site
version_added: 0.1.0
description:
  - Takes what the roles C(udm_frr) and C(cilium_net_*) registered on the hosts of the play. It says for each router how
    many lines of its configuration and which sessions change, for each cluster what Helm does and which objects are
    made, changed and removed.
  - In check mode it says what would change. It opens no connection and changes nothing.
  - Use it with C(run_once).
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  plan:
    description: The plan.
    type: dict
    required: true
  routers_in:
    description:
      - Names of the variables in which each router has results of M(hybridnet.cluster_edge.frr_config), one for each
        stage.
    type: list
    elements: str
    required: true
  live_releases_in:
    description:
      - Names of the variables in which each cluster has what M(hybridnet.cluster_edge.cluster_state_info) read of its
        release before it was changed.
    type: list
    elements: str
    required: true
  releases_in:
    description: Names of the variables in which each cluster has results of M(hybridnet.cluster_edge.helm_release).
    type: list
    elements: str
    required: true
  notes_in:
    description:
      - Names of the variables in which each cluster has results of M(hybridnet.cluster_edge.cluster_note).
    type: list
    elements: str
    default: []
  looks_in:
    description:
      - Names of the variables in which each cluster has results of M(hybridnet.cluster_edge.cluster_look). Where
        nothing is pending, none of the other results is there.
    type: list
    elements: str
    default: []
  objects_in:
    description:
      - Names of the variables in which each cluster has results of M(hybridnet.cluster_edge.cluster_objects).
    type: list
    elements: str
    required: true
  waiting_in:
    description:
      - Names of the variables in which each cluster to which others apply has a result of
        M(hybridnet.cluster_edge.edge_compare).
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - hybridnet.cluster_edge.reader
"""

EXAMPLES = r"""
- name: Sum up what changed
  hybridnet.cluster_edge.edge_summary:
    plan: "{{ edge_plan }}"
    routers_in: [router]
    live_releases_in: [live_release]
    releases_in: [release]
    objects_in: [bgp_objects, pools]
  run_once: true
  register: changed
"""

RETURN = r"""
format:
  description: The version of this result's shape; it counts up when a key is removed or changes its meaning.
  type: int
  returned: success
  sample: 1
site:
  description: The site's name.
  type: str
  returned: success
check:
  description: Whether the run was a preview.
  type: bool
  returned: success
routers:
  description:
    - By router, V(state) (V(changes), V(unchanged), V(others), V(unmanaged), V(left out)), V(added) and V(removed),
      numbers of lines, and V(closes), neighbors whose session may be reset, or null where that is not known.
  type: dict
  returned: success
  sample: {udm-pro: {state: changes, added: 12, removed: 3, closes: ["10.121.0.11"]}}
clusters:
  description:
    - By cluster, V(state), V(release), what Helm does or null, and V(created), V(changed), V(removed) and V(later),
      objects as C(kind namespace/name).
  type: dict
  returned: success
  sample: {platform: {state: changes, release: values, created: [], changed: [], removed: [], later: []}}
text:
  description: All of it as a table for a terminal.
  type: str
  returned: success
"""
