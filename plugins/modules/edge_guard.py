#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_guard
short_description: Fail where a rehearsal could leave its twin
version_added: 0.1.0
description:
  - Does nothing where the inventory has no overlay of a twin.
  - Where it has one, every way out of the play's hosts must lead into that twin. A host that the twin does not have is
    refused, unless its connection is local, and so is an inventory that is not there. SSH and the API server
    are held to what the overlay says, with the values that count in this run. Extra variables, the environment, the
    command line and configuration files have their say in them.
  - Names each variable, environment variable or option that opens a way out. Opens no connection.
  - M(hybridnet.cluster_edge.edge_plan) does the same first, so that the playbooks of this collection need no further
    task. Put this one before plays of your own that are part of a rehearsal.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options: {}
attributes:
  check_mode:
    description: Changes nothing in either mode.
    support: full
"""

EXAMPLES = r"""
- name: Hold a play of your own to the twin
  hosts: edge_routers
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - name: Every way out leads into the twin
      hybridnet.cluster_edge.edge_guard:
      run_once: true
"""

RETURN = r"""
twin:
  description: Name of the twin whose overlay the inventory has.
  type: str
  returned: success, with an overlay
  sample: hybrid
"""
