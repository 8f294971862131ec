#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_probe
short_description: Ask service addresses from a router whether they answer
version_added: 0.1.0
description:
  - Asks each address of the clusters' live services that the plan brings to this router.
  - Who has it, by ARP (RFC 826) or NDP (RFC 4861), where it is announced on L2 on one of the router's networks.
  - Whether its TCP ports take a connection, several times where BGP leads to several nodes. A UDP port gets one empty
    datagram, which a closed port refuses.
  - Where its route has several next hops, whether the ports answer over each of them. A SYN goes to the next hop's MAC
    address, from a port of its own, past the kernel's hash; what is answered is ended by a reset.
  - Addresses to which the router has no route of its own are not asked, so that nothing leaves by the default route.
  - It changes nothing on the router, and sends no data over a connection.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
requirements:
  - Python 3.8 or later and iproute2 on the router
  - The rights of root there
options:
  plan:
    description:
      - What M(hybridnet.cluster_edge.edge_plan) returns.
      - With O(frr) and O(clusters_in) it is made into O(targets) on the control machine.
    type: dict
  frr:
    description: What M(hybridnet.cluster_edge.frr_info) returned of this router as C(frr).
    type: dict
  clusters_in:
    description: Name of the variable in which each cluster has the result of M(hybridnet.cluster_edge.cilium_info).
    type: str
  targets:
    description: What to ask. Made from O(plan), O(frr) and O(clusters_in) where these are given.
    type: list
    elements: dict
    suboptions:
      address:
        description: The address.
        type: str
        required: true
      tcp:
        description: TCP ports.
        type: list
        elements: int
        default: []
      udp:
        description: UDP ports.
        type: list
        elements: int
        default: []
      connections:
        description: How many connections to each TCP port.
        type: int
        default: 1
      segment:
        description:
          - Known addresses on the network on which ARP or NDP asks for the address.
          - None where it is not announced on L2.
        type: list
        elements: str
        default: []
      holders:
        description: Addresses there of the nodes that should answer, which are asked for as well.
        type: list
        elements: str
        default: []
      paths:
        description:
          - Next hops of the route to the address. Each TCP port is asked over each of them by itself.
          - None where there is one alone.
        type: list
        elements: dict
        default: []
        suboptions:
          gateway:
            description: Address of the next hop.
            type: str
            required: true
          interface:
            description: Name of the interface that leads there.
            type: str
            required: true
extends_documentation_fragment:
  - hybridnet.cluster_edge.reader
"""

EXAMPLES = r"""
- name: Ask the addresses of the plan
  hybridnet.cluster_edge.edge_probe:
    plan: "{{ edge_plan }}"
    frr: "{{ router.frr }}"
    clusters_in: cluster
  register: probe

- name: Ask one address
  hybridnet.cluster_edge.edge_probe:
    targets:
      - address: 203.0.113.93
        tcp: [80, 443]
        connections: 12
  register: probe
"""

RETURN = r"""
probe:
  description: By address, what was seen.
  type: dict
  returned: success
  contains:
    interface:
      description: The interface on which ARP or NDP asked.
      type: str
      returned: when the address was asked for on its network
    macs:
      description: MAC addresses that answered. More than one is an address that two machines have.
      type: list
      elements: str
      returned: when the address was asked for on its network
    holder_macs:
      description: MAC addresses that answered for each of O(targets[].holders).
      type: dict
      returned: when the address was asked for on its network
    ports:
      description:
        - C(port) and C(protocol).
        - How many attempts were C(answered), C(refused), C(timed_out), C(unreachable), or (UDP) C(silent).
        - C(source), the router's own address, and C(reasons) of what was unreachable.
      type: list
      elements: dict
      returned: always
    paths:
      description:
        - C(gateway), C(interface) and C(port), for each TCP port over each of O(targets[].paths).
        - C(result), which is C(answered), C(refused), C(timed_out), C(sent_back) (the next hop has no way there but the
          router), C(unreachable) (the router has no address to ask from), C(unresolved) (nobody answered ARP or NDP for
          the next hop) or C(not_asked) (the interface is not up, or is no Ethernet).
      type: list
      elements: dict
      returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import probe

TARGET = {
    "address": {"type": "str", "required": True},
    "tcp": {"type": "list", "elements": "int", "default": []},
    "udp": {"type": "list", "elements": "int", "default": []},
    "connections": {"type": "int", "default": 1},
    "segment": {"type": "list", "elements": "str", "default": []},
    "holders": {"type": "list", "elements": "str", "default": []},
    "paths": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"gateway": {"type": "str", "required": True}, "interface": {"type": "str", "required": True}},
    },
}


def main():
    module = AnsibleModule(
        argument_spec={
            "plan": {"type": "dict"},
            "frr": {"type": "dict"},
            "clusters_in": {"type": "str"},
            "targets": {"type": "list", "elements": "dict", "options": TARGET},
        },
        required_one_of=[("targets", "plan")],
        mutually_exclusive=[("targets", "plan")],
        required_together=[("plan", "frr", "clusters_in")],
        supports_check_mode=True,
    )
    program = module.get_bin_path("ip", required=True)
    answer = module.run_command([program, "-json", "address", "show"], check_rc=True)[1]
    try:
        module.exit_json(changed=False, probe=probe.probe(module.params["targets"], probe.read_interfaces(answer)))
    except (OSError, ValueError) as error:
        module.fail_json(msg="the addresses cannot be asked: {0}".format(error))


if __name__ == "__main__":
    main()
