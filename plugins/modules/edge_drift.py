#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_drift
short_description: Say how far a live site is from its plan
version_added: 0.1.0
description:
  - Takes what M(hybridnet.cluster_edge.edge_verify) found, and what M(hybridnet.cluster_edge.edge_compare) registered
    on each router and cluster of the play. It says whether the site has drifted, is as planned, or could not be looked
    at.
  - It opens no connection and changes nothing but the files O(metrics_file) and O(file).
  - Use it with C(run_once).
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  plan:
    description:
      - The plan. Without it nobody knows how far the site is from it, as it could not be planned, or as a look was cut
        off. The files then say V(unknown), and nothing else is read.
    type: dict
  verified:
    description: The registered result of M(hybridnet.cluster_edge.edge_verify). Needed with O(plan).
    type: dict
  compared_in:
    description:
      - Names of the variables in which each router and cluster has its result of
        M(hybridnet.cluster_edge.edge_compare).
    type: list
    elements: str
    default: []
  site:
    description: Name of the site, where there is no O(plan). By default that of C(edge_site_name).
    type: str
  persisted_in:
    description:
      - Name of the variable in which each UniFi gateway whose BGP is written has the result of
        M(hybridnet.cluster_edge.frr_persist) in check mode, with the state that the plan has for it.
    type: str
  metrics_file:
    description:
      - File on the control machine for the result as OpenMetrics text. It is replaced in one step, and its folder must
        exist. For node_exporter's textfile collector its name must end in C(.prom).
    type: path
  file:
    description: File on the control machine for the result as JSON. It is replaced in one step.
    type: path
extends_documentation_fragment:
  - hybridnet.cluster_edge.reader
"""

EXAMPLES = r"""
- name: Say how far the site is from the plan
  hybridnet.cluster_edge.edge_drift:
    plan: "{{ edge_plan }}"
    verified: "{{ verified }}"
    compared_in: [comparison]
    metrics_file: /var/lib/node_exporter/textfile/cluster_edge.prom
  run_once: true
  register: drift
"""

RETURN = r"""
state:
  description: V(none), V(drift), or V(unknown) where an end could not be looked at.
  type: str
  returned: success
ends:
  description:
    - Each router and cluster, with V(end), V(host), V(error), V(differences), V(rows) and V(notes).
  type: list
  elements: dict
  returned: success
findings:
  description: What verify found.
  type: list
  elements: dict
  returned: success
outside:
  description: Routers and clusters of the plan that are no part of the play.
  type: list
  elements: str
  returned: success
looked_at:
  description: When, in UTC (RFC 3339).
  type: str
  returned: success
met:
  description: How many of verify's expectations hold.
  type: int
  returned: success
expectations:
  description: How many expectations verify has.
  type: int
  returned: success
unread:
  description: Why which end could not be looked at.
  type: list
  elements: str
  returned: success
format:
  description: Version of this document.
  type: int
  returned: success
site:
  description: The site's name.
  type: str
  returned: success
text:
  description: All of it as a table for a terminal.
  type: str
  returned: success
msg:
  description: The state in one line.
  type: str
  returned: success
"""
