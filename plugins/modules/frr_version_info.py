#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: frr_version_info
short_description: Ask a router for the version of its FRR
version_added: 0.1.0
description:
  - Asks FRR's own bgpd, whether or not it runs. Needs no Python on the router.
  - A host without FRR fails with the way to get it; one that cannot be reached is unreachable, with what to look at.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
attributes:
  check_mode:
    description: Changes nothing in either mode.
    support: full
"""

EXAMPLES = r"""
- name: Read the router's FRR version
  hybridnet.cluster_edge.frr_version_info:
  register: frr
"""

RETURN = r"""
version:
  description: The version, as FRR writes it.
  type: str
  returned: success
  sample: 10.3
"""
