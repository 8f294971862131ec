#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_twin_ask
short_description: Ask service addresses from the clients of a twin
version_added: 0.1.0
description:
  - Asks each address of the clusters' live services from each client of a rehearsal's twin to whose network or router
    the plan brings it.
  - Every TCP and UDP port is asked once, and once more over each next hop of the client's router, all at the same time.
    The routing rules and the nftables table that choose the next hop are there for that time alone.
  - The twin's stand-ins say which node answered, and which source address it saw.
  - Says too what the firewalls of the twin's routers dropped meanwhile, and why.
  - Runs on the controller, as root, and sends packets inside the twin's network namespaces alone.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  plan:
    description: What M(hybridnet.cluster_edge.edge_plan) returns.
    type: dict
    required: true
  overlay:
    description: The twin's inventory overlay; C(edge_twin_overlay) of its hosts.
    type: path
    required: true
  routers_in:
    description: Name of the variable in which each router has the result of M(hybridnet.cluster_edge.frr_info).
    type: str
    required: true
  clusters_in:
    description: Name of the variable in which each cluster has the result of M(hybridnet.cluster_edge.cilium_info).
    type: str
    required: true
attributes:
  check_mode:
    description: Changes nothing in either mode.
    support: full
  diff_mode:
    description: There is no text to compare.
    support: none
"""

EXAMPLES = r"""
- name: Ask from the clients
  hybridnet.cluster_edge.edge_twin_ask:
    plan: "{{ edge_plan }}"
    overlay: "{{ edge_twin_overlay }}"
    routers_in: seen_frr
    clusters_in: seen_cilium
  run_once: true
  register: heard
  when: edge_twin_overlay is defined
"""

RETURN = r"""
heard:
  description: What clients heard.
  type: dict
  returned: success
  contains:
    clients:
      description:
        - The clients, each with C(name), C(addresses), the C(routers) by which it leaves its network, those C(on_link)
          with it, and the C(proxies) among these, which answer ARP there for others.
      type: list
      elements: dict
    answers:
      description:
        - For each port C(client), C(address), C(protocol) and C(port), and either C(service), C(node) and the C(source)
          that it saw, or C(error). C(from) and C(from_port) are the client's own.
        - Where the router has several next hops to the address, once more over each of them, with C(router) and
          C(gateway).
      type: list
      elements: dict
    dropped:
      description:
        - By router, what its firewall dropped, as lists of source, destination and their ports. C(half) are packets of
          connections that it saw half, C(blocked) those that no rule lets in, C(reverse) those that came back by
          another interface.
      type: dict
"""
