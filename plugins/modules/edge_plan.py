#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_plan
short_description: Compute the plan of a site from its inventory
version_added: 0.1.0
description:
  - Reads the C(edge_*) variables of all hosts in the groups C(edge_routers), C(edge_clusters) and C(edge_nodes) and
    computes the intended state of both ends of the cluster's network edge.
  - Where a cluster's C(edge_allocation) is V(planned), it reads the file of planned addresses, too.
  - It opens no connection and changes nothing. All errors of the inventory are found and reported together.
  - The values of C(edge_bgp_passwords) are neither resolved nor part of the result.
  - Use it with C(run_once) and C(register), as the playbooks of this collection do.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  one_end:
    description:
      - Do not demand that a C(--limit) contains both ends of each peering, because this run touches one end only.
    type: bool
    default: false
  before:
    description:
      - A plan that was written as JSON before the inventory changed.
      - The text then names what appears, moves, changes or goes since then and at which end, and the sessions that this
        resets.
    type: path
  changes_file:
    description:
      - A file for what differs from O(before), whose ending says in which form, C(.md) (Markdown), C(.json) or C(.txt).
      - It is not written here; RV(changes_content) is what it must hold.
    type: path
  full:
    description:
      - List each session and derived value in RV(text) also where they are many.
      - Else sessions are grouped by peering and router, and a value derived for many hosts is one line. With C(-v) they
        are listed all the same.
    type: bool
    default: true
  fail_on_errors:
    description:
      - Fail where the inventory has an error, with all RV(findings) in RV(msg).
      - V(false) returns RV(findings) and no plan then; let M(hybridnet.cluster_edge.edge_findings) show them and fail.
    type: bool
    default: true
  guard:
    description:
      - Fail where the inventory has the overlay of a twin and this run could leave that twin, as
        M(hybridnet.cluster_edge.edge_guard) does.
      - V(false) is for C(playbooks/twin.yml), which connects to nothing.
    type: bool
    default: true
extends_documentation_fragment:
  - hybridnet.cluster_edge.reader
"""

EXAMPLES = r"""
- name: Plan the site
  hybridnet.cluster_edge.edge_plan:
  run_once: true
  register: edge_plan

- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ edge_plan.text }}"
  run_once: true
"""

RETURN = r"""
site:
  description: Name of the site.
  type: str
  returned: success
  sample: hybrid
format:
  description: The plan's format, V(1). A program that reads a saved plan should refuse another number.
  type: int
  returned: success
  sample: 1
findings:
  description: Errors and warnings, each with C(code), C(severity), C(path), C(problem), C(hint) and C(accepted).
  type: list
  elements: dict
  returned: always
derived:
  description: Values that the inventory does not state, each with C(path), C(value) and C(reason).
  type: list
  elements: dict
  returned: success
networks:
  description: The site's networks by name.
  type: dict
  returned: success
routers:
  description: What each router must hold, by host; C(frr) is what the role C(udm_frr) takes.
  type: dict
  returned: success
clusters:
  description: What each cluster must hold, by host; what the roles C(cilium_net_*) take.
  type: dict
  returned: success
sessions:
  description: Every planned BGP session, as both ends see it.
  type: list
  elements: dict
  returned: success
pools:
  description: Every pool with its capacity, pinned addresses and next free address.
  type: list
  elements: dict
  returned: success
services:
  description: Every service with its pool, addresses and how they are reachable.
  type: list
  elements: dict
  returned: success
expect:
  description: Which nodes may announce which pool, to which router or on which network.
  type: dict
  returned: success
accept:
  description: Accepted warnings, each with C(code), C(path) and C(reason); verify takes its own from here.
  type: list
  elements: dict
  returned: success
allocations:
  description:
    - Addresses that the plan gave to services without one, by C(cluster/namespace/name); see C(edge_allocation).
  type: dict
  returned: success
allocation_files:
  description:
    - Each C(edge_allocation_file) with its C(path), the C(content) that it must have, and whether it has it
      (C(as_planned)).
  type: list
  elements: dict
  returned: success
neighbors:
  description: Every planned session with a speaker that is not Cilium, links to other routers among them.
  type: list
  elements: dict
  returned: success
resets:
  description: Each session that the change since O(before) closes and opens again, with the reasons, as text.
  type: list
  elements: str
  returned: when O(before) is given
changes:
  description:
    - Each session, prefix, pool, service, address, network, router, cluster and node that appears, moves, changes or
      goes since O(before), with C(kind), C(change), C(name), C(ends) and C(differences).
  type: list
  elements: dict
  returned: when O(before) is given
changes_content:
  description: The changes and resets in the form that O(changes_file) names.
  type: str
  returned: when O(before) and O(changes_file) are given
text:
  description: The plan as tables for a person; its findings are counted there, not listed.
  type: str
  returned: success
summary:
  description: How much the plan has of each thing, its pools and services, and how many findings.
  type: str
  returned: success
msg:
  description: Each error and warning of an inventory with errors, as text.
  type: str
  returned: where the inventory has an error
"""
