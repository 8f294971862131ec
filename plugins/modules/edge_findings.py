#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_findings
short_description: Show the findings of a plan once, in color, and fail where one is an error
version_added: 0.1.0
description:
  - Shows each finding on a line of its own, in the colors in which Ansible shows errors and warnings. An accepted
    warning has no color, and nothing has one in a file or with E(NO_COLOR).
  - Fails where a finding is an error. The message only counts them, so that each is read once.
  - With a callback that writes JSON, the lines go to standard error.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  findings:
    description: What M(hybridnet.cluster_edge.edge_plan) returned as C(findings).
    type: list
    elements: dict
    required: true
attributes:
  check_mode:
    description: Changes nothing in either mode.
    support: full
"""

EXAMPLES = r"""
- name: Plan the site
  hybridnet.cluster_edge.edge_plan:
    fail_on_errors: false
  run_once: true
  register: edge_plan

- name: Show what is wrong, and end here where something is
  hybridnet.cluster_edge.edge_findings:
    findings: "{{ edge_plan.findings }}"
  run_once: true
"""

RETURN = r"""
msg:
  description: How many errors, warnings and accepted warnings there are.
  type: str
  returned: always
"""
