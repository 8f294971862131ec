#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_twin
short_description: Rebuild a whole site on one Linux machine from the real programs
version_added: 0.1.0
description:
  - Builds the routers, nodes and control planes of a plan in network namespaces of the controller, from FRR, sshd,
    kube-apiserver and Cilium's own operator and agents, and takes them down again without a trace.
  - All addresses of the site exist only inside the namespaces. Writes an inventory overlay with which the site's own
    playbooks run against the twin.
  - Runs on the controller, as root, on Linux with cgroup2.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  state:
    description:
      - V(present) starts what does not run, and brings a running twin in step with the plan.
      - V(absent) removes every process, namespace, mount, cgroup, interface and file, also after a crash.
      - Only V(present) needs a plan.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: Name of the twin, unique on the machine. Its namespaces and its cgroup start with C(twin-NAME).
    type: str
    required: true
  plan:
    description: What M(hybridnet.cluster_edge.edge_plan) returns. Required for O(state=present).
    type: dict
  folder:
    description: Where the twin keeps its files, logs and overlay; on a real disk. Removed by O(state=absent).
    type: path
    required: true
  cache:
    description: Folder with the programs that all twins share; what is missing is built there once.
    type: path
    required: true
  recipes:
    description: Folder with one C(go.mod) and C(go.sum) for each set of programs.
    type: path
    required: true
  programs:
    description: Folder with programs of your own that are used as they are, by name.
    type: path
  router_suite:
    description: Debian suite of the routers, which decides the FRR version (7.5, 8.4, 10.3 and 10.7).
    type: str
    choices: [bullseye, bookworm, trixie, forky]
    default: trixie
  router_platforms:
    description:
      - Platform whose defaults a router has, by router, where it is not what the plan says.
      - V(linux) and V(unifi) differ in how they treat packets (docs/twin.md, How the router treats packets).
    type: dict
    default: {}
  reverse_path:
    description:
      - Whether routers drop a packet by where its source lies (C(rp_filter)).
      - V(strict) drops one that came in by another interface than the answer would leave by, V(loose) one to whose
        source there is no route, V(off) none. V(platform) is what the router's platform does.
    type: str
    choices: [platform, "off", loose, strict]
    default: platform
  firewall:
    description:
      - Which packets routers forward. V(platform) is what the router's platform does, V(off) drops nothing.
      - V(stateful) drops what belongs to no connection that the router has seen from its first packet.
      - The platform V(linux) drops nothing. V(unifi) lets in from outside only answers and what O(firewall_rules)
        allow, and is stateful to and from outside. Outside is also what lies in none of its networks.
    type: str
    choices: [platform, "off", stateful]
    default: platform
  nat:
    description:
      - With what source routers send on new IPv4 connections of their own networks. V(off) leaves it as it is.
      - V(platform) is what the router's platform does. V(linux) translates nothing, V(unifi) what goes upstream.
      - V(unknown_ranges) also translates what goes to a range for which the router has no network, such as a pool.
    type: str
    choices: [platform, "off", unknown_ranges]
    default: platform
  firewall_rules:
    description:
      - What the site's own firewall allows and blocks of new connections, in order. The first rule that fits counts,
        before the platform's own.
      - Each has C(from) (a network, V(upstream), or a list), C(to) (a pool, a network, or a list) and C(action)
        (V(allow), the default, or V(block)). Without C(from) or C(to), or with V(any), it is for all.
    type: list
    elements: dict
    default: []
  port_forwards:
    description:
      - Port forwards of the routers to services (destination NAT), each with C(to), C(port), C(protocol),
        C(outside_port), C(address) and C(router).
      - C(to) is a service or an IPv4 address of a pool, C(address) a router's address on a network with
        C(delivery=on_link). Without it, clients ask the router's own address upstream.
    type: list
    elements: dict
    default: []
  proxy_arp:
    description:
      - Networks with C(delivery=on_link) on which the routers answer ARP for each IPv4 address that they route by
        another interface.
    type: list
    elements: str
    default: []
  endpoints:
    description:
      - Which nodes hold a ready stand-in endpoint of a service, by C(namespace/name).
      - A service that is not named has one on every node that peers or announces.
    type: dict
    default: {}
  default_networks:
    description:
      - Network by which a node's default route leads, by node, for nodes in several networks of routers.
      - A node that is not named, or has no address there, takes the network in which it peers, else the one that most
        nodes share.
    type: dict
    default: {}
  stopped_agents:
    description: Nodes whose Cilium agent is killed and kept from running, to see what the site does then.
    type: list
    elements: str
    default: []
  stopped_operators:
    description: Clusters whose Cilium operator is killed and kept from running, to see what the site does then.
    type: list
    elements: str
    default: []
  passwords:
    description:
      - Passwords of the sessions with stand-ins for routers' neighbors, by C(ROUTER/NEIGHBOR), and with daemons on
        nodes, by C(CLUSTER/PEERING).
    type: dict
    default: {}
attributes:
  check_mode:
    description: Says whether something would change, and starts nothing.
    support: full
  diff_mode:
    description: There is no text to compare.
    support: none
"""

EXAMPLES = r"""
- name: Plan the site
  hybridnet.cluster_edge.edge_plan:
  run_once: true
  register: edge_plan

- name: Bring the twin up
  hybridnet.cluster_edge.edge_twin:
    name: home
    plan: "{{ edge_plan }}"
    folder: ~/.local/state/cluster-edge/twins/home
    cache: ~/.cache/cluster-edge
    recipes: roles/edge_twin/files/programs
  run_once: true
"""

RETURN = r"""
overlay:
  description: Inventory folder that makes the site's inventory mean the twin, for C(-i) after the site's own.
  type: str
  returned: when O(state=present)
  sample: /home/me/.local/state/cluster-edge/twins/home/overlay
clients:
  description: Network (or C(upstream)) to the namespace of the client there.
  type: dict
  returned: when O(state=present)
  sample: {lan: twin-home.client.lan, upstream: twin-home.client.upstream}
routers:
  description: Router to its namespace.
  type: dict
  returned: when O(state=present)
nodes:
  description: Node with an agent to its namespace.
  type: dict
  returned: when O(state=present)
kubeconfigs:
  description: Cluster to its kubeconfig.
  type: dict
  returned: when O(state=present)
default_networks:
  description:
    - By which network the default routes of nodes in several networks of routers lead.
    - Each with the C(nodes), the C(families), the C(network), the C(others) and the C(reason).
  type: list
  elements: dict
  returned: when O(state=present)
differences:
  description:
    - Where the twin is not as the site is planned, one line each. These are versions of FRR and of Cilium, and paths of
      Helm values.
  type: list
  elements: str
  returned: when O(state=present)
  sample: ["udm: FRR 10.3 in place of 8.4 (-e edge_twin_router_suite=bookworm has 8.4)"]
milestones:
  description: What happened when, each with C(seconds) since the start and C(step).
  type: list
  elements: dict
  returned: success
"""
