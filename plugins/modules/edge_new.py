#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_new
short_description: Write a first inventory out of a few answers
version_added: 0.1.0
description:
  - Writes a small inventory with comments into a new folder of the control machine. It is planned before it is written,
    so that it plans without an error.
  - Everything that is wrong with the answers is told at once; then nothing is written. Nothing is ever overwritten.
  - No connection is opened.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  folder:
    description: Folder to make. Without it V(my-site).
    type: raw
  router:
    description: Platform of the router, V(unifi) or V(linux); V(none) for a site without BGP. Without it V(unifi).
    type: raw
  distribution:
    description: Kubernetes distribution, V(talos), V(k3s), V(kubeadm) or V(other). Without it V(other).
    type: raw
  cilium:
    description: Version of Cilium, whole. Without it V(1.20.2).
    type: raw
  network:
    description: Network of the nodes, an IPv4 CIDR.
    type: raw
  gateway:
    description: Address of the router in it. Without it the network's first one.
    type: raw
  nodes:
    description:
      - Nodes as V(NAME=ADDRESS), separated by commas or blanks; a list and a map do too. A node that is only an address
        is named after its place.
    type: raw
  pool:
    description: CIDRs and ranges of addresses for services, separated by commas or blanks.
    type: raw
  interfaces:
    description: Interfaces of the nodes in the network, names or globs. A site without BGP needs them.
    type: raw
  router_asn:
    description: AS number of the router. Without it V(64512).
    type: raw
  cluster_asn:
    description: AS number of the nodes. Without it V(64513).
    type: raw
attributes:
  check_mode:
    description: Says which files would be written.
    support: full
  diff_mode:
    description: Shows the files.
    support: full
"""

EXAMPLES = r"""
- name: Start an inventory
  hybridnet.cluster_edge.edge_new:
    folder: my-site
    router: unifi
    distribution: talos
    network: 192.168.10.0/24
    nodes: {node1: 192.168.10.11, node2: 192.168.10.12}
    pool: 192.168.20.0/24
"""

RETURN = r"""
files:
  description: Paths of the files.
  type: list
  elements: str
  returned: success
  sample: [my-site/hosts.yml, my-site/group_vars/all/edge.yml]
text:
  description: What was written, what the plan warns of, and the next command.
  type: str
  returned: success
"""
