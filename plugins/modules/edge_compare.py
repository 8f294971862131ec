#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_compare
short_description: Say what would be different at a router or a cluster if the plan were applied
version_added: 0.1.0
description:
  - Run it on a router or a cluster of the plan. It reads what the router's FRR runs, or the cluster's objects, Services
    and node labels, and compares what they set up with what the plan sets up there. Names, order and defaults that are
    written out do not matter.
  - Of Cilium's Helm release it compares version and values.
  - Of a live cluster it reads the site's ConfigMap, C(cluster-edge-<site>) beside the release, to know which labels and
    annotations of Services and nodes a run takes off. A copy has none of it.
  - It changes nothing. Passwords are compared by digests and never shown; where one is hidden, it is said that both
    have one and that it was not compared.
  - An end with C(edge_router_managed) or C(edge_cluster_managed) V(false) is not looked at; RV(compared) says so.
  - It does not fail where an end cannot be read; RV(error) says why.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  plan:
    description: The registered result of M(hybridnet.cluster_edge.edge_plan).
    type: dict
    required: true
  saved:
    description:
      - Folder on the control machine with saved copies, which are compared in place of the live ends. No connection is
        opened.
      - A router's is V(<router>/frr.conf). Those of a cluster are V(<cluster>/manifests/*.yaml), with nodes, Services
        and Cilium's objects in any order; others are left out. V(<cluster>/values.yaml), if there is one, has the
        values of Cilium's Helm release.
    type: path
  scope:
    description:
      - V(planned) leaves out what lives in a cluster and is neither of the plan nor this site's, and notes how the Helm
        release differs. Of a router it changes nothing.
    type: str
    choices: [all, planned]
    default: all
attributes:
  check_mode:
    support: full
    description: It changes nothing.
  diff_mode:
    support: none
    description: It changes nothing.
"""

EXAMPLES = r"""
- name: Compare this end with the plan
  hybridnet.cluster_edge.edge_compare:
    plan: "{{ edge_plan }}"
  register: comparison
"""

RETURN = r"""
end:
  description: V(router) or V(cluster).
  type: str
  returned: success
host:
  description: The host's name.
  type: str
  returned: success
of:
  description: What was looked at.
  type: str
  returned: when it could be read
  sample: FRR 10.1.2
error:
  description: Why the end could not be read.
  type: str
  returned: when it could not be read
compared:
  description: Whether the end was compared; V(false) for one that is not managed, of which nothing is known then.
  type: bool
  returned: when no error is returned
differences:
  description: How many of RV(rows) are differences, that is all but those that were not compared or are only tightened.
  type: int
  returned: when it could be read
rows:
  description:
    - The differences, each with C(state), one of V(only live), V(only planned), V(differs), V(tightened) and
      V(not compared), and C(what).
  type: list
  elements: dict
  returned: when it could be read
  sample: [{state: differs, what: "neighbor 10.0.0.11: hold time: 180 s live, 9 s planned"}]
refusals:
  description:
    - Why C(playbooks/site.yml) would end before it changes anything.
    - Of a cluster to which Flux or Argo CD applies, what runs of before hold there and no commit takes away.
  type: list
  elements: str
  returned: when it could be read
bgp_is_away:
  description: Whether a router that answers runs nothing of the planned BGP, as FRR or its instance is not there.
  type: bool
  returned: when it could be read
notes:
  description: What is to be known of the rows.
  type: list
  elements: str
  returned: when it could be read
text:
  description: All of it as a table for a terminal.
  type: str
  returned: success
"""
