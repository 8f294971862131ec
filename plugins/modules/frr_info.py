#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: frr_info
short_description: Read BGP sessions, paths and routes from FRR
version_added: 0.1.0
description:
  - Runs FRR's C(show) commands with C(vtysh) on the router and returns their JSON as it came, all in one task.
  - The router's own addresses are read with C(ip).
  - It changes nothing.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
requirements:
  - FRR 7.5 or later
  - Python 3.8 or later
options:
  communities:
    description:
      - Also read the communities of accepted and announced routes, which FRR shows in its detailed answers alone.
      - FRR 7.5 answers them prefix by prefix. FRR before 9 does not show those of announced routes.
    type: bool
    default: false
    version_added: 1.0.0
extends_documentation_fragment:
  - hybridnet.cluster_edge.reader
"""

EXAMPLES = r"""
- name: Read the router's BGP state
  hybridnet.cluster_edge.frr_info:
  register: router

- name: Show the state of each neighbor
  ansible.builtin.debug:
    msg: "{{ dict(router.frr.neighbors.keys() | zip(router.frr.neighbors.values() | map(attribute='bgpState'))) }}"
"""

RETURN = r"""
frr:
  description: FRR's own JSON, by command. What an FRR without BGP does not have is an empty dictionary.
  type: dict
  returned: success
  contains:
    summary:
      description: C(show bgp summary json).
      type: dict
      returned: always
    neighbors:
      description: C(show bgp neighbors json), by address.
      type: dict
      returned: always
    bgp:
      description: C(show bgp ipv4 unicast json) and the same for IPv6, by family.
      type: dict
      returned: always
    routes:
      description: C(show ip route bgp json) and C(show ipv6 route bgp json), by family.
      type: dict
      returned: always
    advertised:
      description:
        - C(show bgp FAMILY unicast neighbors ADDRESS advertised-routes json), by family and address.
        - Only for neighbors to which FRR counts announced prefixes.
        - With O(communities) the same with C(detail json), from an FRR that knows it.
      type: dict
      returned: always
    interfaces:
      description:
        - The router's interfaces from C(ip -json -details address show), each with C(name), C(addresses) in CIDR
          notation, and C(over), the interface below a macvlan.
        - Empty where C(ip) does not answer.
      type: list
      elements: dict
      returned: always
      version_added: 1.0.0
    details:
      description:
        - C(show bgp FAMILY unicast json detail), by family.
        - Of an FRR that does not know it, C(routes) with C(show bgp FAMILY unicast PREFIX json) by prefix.
      type: dict
      returned: with O(communities)
"""

import json
import subprocess

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import programs

ANSWER_SECONDS = 15
"""How long one command may take. A daemon that hangs lets vtysh wait for ever."""

IP_ADDRESSES = ("ip", "-json", "-details", "address", "show")

FAMILIES = {"ipv4": ("ipv4Unicast", "ip"), "ipv6": ("ipv6Unicast", "ipv6")}
"""Family -> its name in FRR's JSON, and in the command that shows zebra's routes."""


class CommandError(Exception):
    """A command that FRR did not answer with JSON."""


class UnknownCommandError(CommandError):
    """A command that this FRR does not have."""


def parse(command, rc, stdout, stderr):
    """Return the decoded answer of one command."""
    failure = UnknownCommandError if "% Unknown command" in stdout else CommandError
    if rc != 0:
        reason = (stderr or stdout).strip() or "vtysh ended with {0}".format(rc)
        raise failure("vtysh -c '{0}': {1}".format(command, reason))
    try:
        answer = json.loads(stdout)
    except ValueError:
        said = " ".join(stdout.split())[:200] or "nothing"
        raise failure("vtysh -c '{0}' answered {1!r} instead of JSON".format(command, said)) from None
    return {} if "warning" in answer else answer  # such as "Default BGP instance not found"


def read(show, addresses, communities=False):
    """Return all answers.

    Args:
        show: runs one command and returns its decoded answer.
        addresses: what ``ip -json -details address show`` says.
        communities: whether the routes' communities are read too.
    """
    result = {
        "summary": show("show bgp summary json"),
        "neighbors": show("show bgp neighbors json"),
        "bgp": {},
        "routes": {},
        "advertised": {},
        "interfaces": interfaces(addresses),
    }
    for family, (frr_name, ip) in FAMILIES.items():
        result["bgp"][family] = show("show bgp {0} unicast json".format(family))
        result["routes"][family] = show("show {0} route bgp json".format(ip))
        result["advertised"][family] = {
            address: sent_routes(show, family, address, communities)
            for address, neighbor in sorted(result["neighbors"].items())
            if isinstance(neighbor, dict) and sent_prefixes(neighbor, frr_name)
        }
    if communities:
        result["details"] = {family: details(show, family, result["bgp"][family]) for family in FAMILIES}
    return result


def interfaces(answer):
    """Return the interfaces of ``ip -json -details address show``; none where it is no JSON."""
    try:
        entries = json.loads(answer)
    except ValueError:
        return []
    return [
        {
            "name": entry["ifname"],
            "addresses": [
                "{0}/{1}".format(item["local"], item["prefixlen"])
                for item in entry.get("addr_info") or ()
                if "local" in item
            ],
            "over": entry.get("link") if (entry.get("linkinfo") or {}).get("info_kind") == "macvlan" else None,
        }
        for entry in entries
        if "ifname" in entry  # ip leaves an empty one for each interface that it does not show
    ]


def sent_routes(show, family, address, communities):
    """Return what is announced to a neighbor, in detail where this FRR can."""
    command = "show bgp {0} unicast neighbors {1} advertised-routes".format(family, address)
    if communities:
        try:
            return show(command + " detail json")
        except UnknownCommandError:
            pass
    return show(command + " json")


def details(show, family, table):
    """Return the accepted routes with all their attributes; ``table`` is what FRR says of them in short."""
    if not table.get("routes"):
        return {}
    try:
        return show("show bgp {0} unicast json detail".format(family))
    except UnknownCommandError:
        command = "show bgp {0} unicast {1} json"
        return {"routes": {prefix: show(command.format(family, prefix)) for prefix in sorted(table["routes"])}}


def sent_prefixes(neighbor, frr_name):
    """Return how many prefixes FRR counts as announced to a neighbor."""
    return ((neighbor.get("addressFamilyInfo") or {}).get(frr_name) or {}).get("sentPrefixCounter") or 0


def main():
    options = {"communities": {"type": "bool", "default": False}}
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    vtysh = module.get_bin_path("vtysh", required=True, opt_dirs=["/usr/lib/frr"])
    ip = module.get_bin_path("ip")

    def show(command):
        try:
            return parse(command, *programs.run([vtysh, "-c", command], timeout=ANSWER_SECONDS))
        except subprocess.TimeoutExpired:
            raise CommandError(
                "vtysh -c '{0}' gave no answer in {1} s: a daemon of FRR hangs".format(command, ANSWER_SECONDS)
            ) from None

    def addresses():
        try:
            return programs.run([ip, *IP_ADDRESSES[1:]], timeout=ANSWER_SECONDS)[1] if ip else ""
        except (OSError, subprocess.TimeoutExpired):
            return ""

    try:
        module.exit_json(changed=False, frr=read(show, addresses(), module.params["communities"]))
    except CommandError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
