#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_show
short_description: Show a text line by line
version_added: 0.1.0
description:
  - Shows a text as M(ansible.builtin.debug) does, but line by line in every form of results. The default callback shows
    results as JSON, where a text of several lines is one long string, unless C(callback_result_format=yaml) is set.
  - The text comes before the result of its host. In a task without C(run_once), it begins with the name of the host.
  - Shown whatever the callback shows of results. With a callback that writes JSON, the text goes to standard error, and
    the JSON document has it as the result.
  - With C(no_log) nothing is shown.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  msg:
    description: A text, or a list of lines. Nothing is shown of an empty one.
    type: raw
    required: true
attributes:
  check_mode:
    description: Changes nothing in either mode.
    support: full
"""

EXAMPLES = r"""
- name: Plan the site
  hybridnet.cluster_edge.edge_plan:
  run_once: true
  register: edge_plan

- name: Show the plan
  hybridnet.cluster_edge.edge_show:
    msg: "{{ edge_plan.text }}"
  run_once: true
"""

RETURN = r"""
msg:
  description: The text, its lines joined.
  type: str
  returned: always
"""
