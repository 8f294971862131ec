#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_verify
short_description: Compare both ends of a cluster's network edge with the plan
version_added: 0.1.0
description:
  - Takes what M(hybridnet.cluster_edge.frr_info) and M(hybridnet.cluster_edge.cilium_info) registered on the hosts of
    the play, and compares it with the plan of M(hybridnet.cluster_edge.edge_plan).
  - With O(tasks) it has both ends read before each comparison, and looks again after O(interval) while errors that may
    go away by themselves are left and there is time.
  - It shows what is not met at the first look that is not the last, an end that cannot be read once, and then only what
    changed between two looks.
  - It changes nothing and does not fail on unmet expectations; the role C(edge_verify) does.
  - Use it with C(run_once).
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  plan:
    description: The plan.
    type: dict
    required: true
  routers_in:
    description: Name of the variable in which each router has the result of M(hybridnet.cluster_edge.frr_info).
    type: str
    required: true
  clusters_in:
    description: Name of the variable in which each cluster has the result of M(hybridnet.cluster_edge.cilium_info).
    type: str
    required: true
  probes_in:
    description:
      - Name of the variable in which each router has the result of M(hybridnet.cluster_edge.edge_probe).
      - Without it the report says nothing of the data plane.
    type: str
  heard_in:
    description:
      - Name of the variable with the result of M(hybridnet.cluster_edge.edge_twin_ask), in a rehearsal.
      - Without it, or without a result, the report says nothing of clients.
    type: str
  probe:
    description: V(false) says in the report that nobody asked the addresses.
    type: bool
    default: true
  tasks:
    description:
      - File of blocks of tasks that read the ends and register what they find in O(routers_in), O(clusters_in) and
        O(probes_in).
      - They run on all hosts of the play as if they stood in the place of this task, with its variables, and show
        nothing. They must ignore errors and unreachable hosts, which are observations.
      - In a block no host waits for another, so C(run_once) has no meaning there; a block begins when the one before
        has ended on all hosts.
      - Without it, what is registered already is compared once.
    type: path
  strict:
    description: A service that others make (C(manage) is C(metadata) or C(values)) and that is missing is an error.
    type: bool
    default: false
  timeout:
    description:
      - Seconds after the first look from which on there is no further one.
      - Without it 60 seconds more than the plan's longest hold time, graceful restart time and two connection retries.
    type: float
  interval:
    description: Seconds between two looks.
    type: float
    default: 2
extends_documentation_fragment:
  - hybridnet.cluster_edge.reader
"""

EXAMPLES = r"""
- name: Read the routers
  hybridnet.cluster_edge.frr_info:
  register: seen_frr
  when: inventory_hostname in edge_plan.routers

- name: Read the clusters
  hybridnet.cluster_edge.cilium_info:
  register: seen_cilium
  when: inventory_hostname in edge_plan.clusters

- name: Compare with the plan, once
  hybridnet.cluster_edge.edge_verify:
    plan: "{{ edge_plan }}"
    routers_in: seen_frr
    clusters_in: seen_cilium
  run_once: true
  register: verified
"""

RETURN = r"""
format:
  description: The version of this result's shape; it counts up when a key is removed or changes its meaning.
  type: int
  returned: success
  sample: 1
state:
  description: V(met) where no finding is an error, else V(not_met).
  type: str
  returned: success
  sample: met
looked_at:
  description: When the site was looked at last, in UTC (RFC 3339).
  type: str
  returned: success
  sample: "2026-11-30T12:00:00+00:00"
rows:
  description:
    - Every expectation, with C(step), C(subject), C(expected), C(seen) and C(level) (V(ok), V(unknown), V(warning),
      V(error)).
  type: list
  elements: dict
  returned: success
findings:
  description:
    - Errors and warnings, each with C(code), C(severity), C(page), C(path), C(problem), C(hint) and C(accepted).
  type: list
  elements: dict
  returned: success
failures:
  description: How many of the findings are errors.
  type: int
  returned: success
looks:
  description: How many looks there were.
  type: int
  returned: success
text:
  description: Rows and findings as a table for a terminal.
  type: str
  returned: success
msg:
  description: The result in one line.
  type: str
  returned: success
  sample: 29 of 29 expectations met after 4 s (3 looks)
"""
