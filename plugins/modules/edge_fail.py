#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_fail
short_description: Fail with a text that is shown once
version_added: 0.1.0
description:
  - Fails, as M(ansible.builtin.fail) does. The text is shown as the result of the host alone, without the error and the
    excerpt of the task file that ansible-core shows before it, for the reader of a playbook has nothing to mend there.
  - A text of several lines is shown line by line. Where the default callback shows results as JSON, the lines come
    before the result, which has them as one string.
  - All actions of this collection fail in the same way. With C(-vvv) both are shown.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  msg:
    description: What is wrong, and the way out. Lines stay lines.
    type: str
    required: true
attributes:
  check_mode:
    description: Fails in both modes.
    support: full
"""

EXAMPLES = r"""
- name: Demand a folder
  hybridnet.cluster_edge.edge_fail:
    msg: "edge_render_dir: is missing (say where to write: -e edge_render_dir=FOLDER)"
  when: edge_render_dir is not defined
"""

RETURN = r"""
msg:
  description: The text.
  type: str
  returned: always
"""
