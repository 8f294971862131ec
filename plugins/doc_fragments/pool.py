# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all pool filters take."""

from __future__ import annotations


class ModuleDocFragment:
    """The input of the pool filters."""

    DOCUMENTATION = r"""
options:
  _input:
    description:
      - A pool. One entry as text, a list of entries, or a map with the keys V(addresses), V(exclude) and V(first_last).
      - An entry is a CIDR (V(203.0.113.88/29)), a range with both ends included (V(203.0.113.90-203.0.113.93)), or one
        address. IPv4 and IPv6 may stand in one pool.
      - The map may be an entry of C(edge_pools) itself; its other keys are not read.
      - V(exclude) takes addresses out of the pool. Each must lie inside its V(addresses).
      - V(first_last=false) reserves the first and the last address of each CIDR that has more than two addresses, never
        of a range. This is Cilium's C(allowFirstLastIPs=No).
      - Strict. Host bits, leading zeros, IPv4-mapped IPv6 addresses, zones, numbers that YAML made of unquoted text, a
        range that ends before it starts, or an address written twice are errors that say what to write.
    type: raw
    required: true
"""
