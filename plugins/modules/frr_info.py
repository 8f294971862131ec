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
  - The router's own addresses are read with C(ip), and whether its kernel forwards packets from C(/proc/sys).
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
    version_added: 0.1.0
  best_in:
    description:
      - CIDRs in which the routes of every protocol are read too, not those of BGP alone.
    type: list
    elements: str
    default: []
    version_added: 0.1.0
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
      version_added: 0.1.0
    forwarding:
      description:
        - Whether the router's kernel forwards packets, by family and by the interface that they come in by.
        - Of IPv4 that is C(net.ipv4.conf.INTERFACE.forwarding), of IPv6 C(net.ipv6.conf.all.forwarding) or
          C(net.ipv6.conf.INTERFACE.force_forwarding). C(all) stands for C(net.ipv4.ip_forward) and
          C(net.ipv6.conf.all.forwarding).
        - A family is absent where the kernel does not say.
      type: dict
      returned: always
      version_added: 0.1.0
      sample: {ipv4: {all: true, br0: true}, ipv6: {all: false, br0: false}}
    best:
      description:
        - C(show ip route CIDR longer-prefixes json) and the same for IPv6, for each of O(best_in), by family.
        - Where it is empty, so is this.
      type: dict
      returned: always
      version_added: 0.1.0
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
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router.forwarding import read_forwarding

ANSWER_SECONDS = 15
"""How long one vtysh may take. A daemon that hangs lets it wait for ever."""

TOGETHER = 50
"""How many commands one vtysh is given: to start it takes longer than most answers, and all share its time."""

IP_ADDRESSES = ("ip", "-json", "-details", "address", "show")

FAMILIES = {"ipv4": ("ipv4Unicast", "ip"), "ipv6": ("ipv6Unicast", "ipv6")}
"""Family -> its name in FRR's JSON, and in the command that shows zebra's routes."""


class CommandError(Exception):
    """A command that FRR did not answer with JSON."""


class UnknownCommandError(CommandError):
    """A command that this FRR does not have."""


class NoAnswerError(CommandError):
    """Commands that vtysh did not answer in time."""


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
    return without_warning(answer)


def without_warning(answer):
    """Return an answer, empty where FRR only warns, such as "Default BGP instance not found"."""
    return {} if "warning" in answer else answer


def documents(text):
    """Return the JSON documents that stand one after the other in a text; None where anything else is in it."""
    decoder = json.JSONDecoder()
    found = []
    rest = text.strip()
    while rest:
        try:
            document, end = decoder.raw_decode(rest)
        except ValueError:
            return None
        found.append(document)
        rest = rest[end:].lstrip()
    return found


def words(vtysh, commands):
    """Return how one vtysh is called with some commands."""
    return [vtysh, *(word for command in commands for word in ("-c", command))]


def ask(run, commands):
    """Return the decoded answer of each command.

    Args:
        run: runs one vtysh with some commands and returns its exit code, output and errors.
        commands: what to ask.

    Raises:
        CommandError: what was wrong with the first command that was not answered with JSON.
    """
    answers = {}
    for start in range(0, len(commands), TOGETHER):
        some = commands[start : start + TOGETHER]
        together = ask_together(run, some) if len(some) > 1 else None
        # vtysh ends at a command that it does not take, without saying at which, or which takes long: alone, each says.
        answers.update(together or {command: parse(command, *run([command])) for command in some})
    return answers


def ask_together(run, commands):
    """Return the decoded answer of each command out of one vtysh; None where one of them was not answered with JSON."""
    try:
        rc, stdout, _stderr = run(commands)
    except NoAnswerError:
        return None
    found = documents(stdout) if rc == 0 else None
    if found is None or len(found) != len(commands):
        return None
    return {command: without_warning(found[number]) for number, command in enumerate(commands)}


def read(run, addresses, communities=False, forwarding=None, best_in=()):
    """Return all answers.

    Args:
        run: runs one vtysh with some commands and returns its exit code, output and errors.
        addresses: what ``ip -json -details address show`` says.
        communities: whether the routes' communities are read too.
        forwarding: by family and incoming interface whether the kernel forwards packets; None: not known.
        best_in: CIDRs in which the routes of every protocol are read.
    """
    bgp = {family: "show bgp {0} unicast json".format(family) for family in FAMILIES}
    routes = {family: "show {0} route bgp json".format(ip) for family, (_name, ip) in FAMILIES.items()}
    summary, neighbors = "show bgp summary json", "show bgp neighbors json"
    best = {family: [] for family in FAMILIES}
    for cidr in best_in:
        family = "ipv6" if ":" in cidr else "ipv4"
        best[family].append("show {0} route {1} longer-prefixes json".format(FAMILIES[family][1], cidr))
    asked = [command for commands in best.values() for command in commands]
    answers = ask(run, [summary, neighbors, *bgp.values(), *routes.values(), *asked])
    result = {
        "summary": answers[summary],
        "neighbors": answers[neighbors],
        "bgp": {family: answers[command] for family, command in bgp.items()},
        "routes": {family: answers[command] for family, command in routes.items()},
        "advertised": sent_routes(run, answers[neighbors], communities),
        "interfaces": interfaces(addresses),
        "forwarding": forwarding or {},
        "best": {
            family: {prefix: entries for command in commands for prefix, entries in answers[command].items()}
            for family, commands in best.items()
        },
    }
    if communities:
        result["details"] = {family: details(run, family, table) for family, table in result["bgp"].items()}
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


def sent_routes(run, neighbors, communities):
    """Return what is announced, by family and neighbor, in detail where this FRR can."""
    receivers = {
        family: [
            address
            for address, neighbor in sorted(neighbors.items())
            if isinstance(neighbor, dict) and sent_prefixes(neighbor, frr_name)
        ]
        for family, (frr_name, _ip) in FAMILIES.items()
    }
    command = "show bgp {0} unicast neighbors {1} advertised-routes {2}"

    def asked(form):
        to = {family: {a: command.format(family, a, form) for a in known} for family, known in receivers.items()}
        answers = ask(run, [text for commands in to.values() for text in commands.values()])
        return {family: {a: answers[text] for a, text in commands.items()} for family, commands in to.items()}

    if communities:
        try:
            return asked("detail json")
        except UnknownCommandError:
            pass
    return asked("json")


def details(run, family, table):
    """Return the accepted routes with all their attributes; ``table`` is what FRR says of them in short."""
    if not table.get("routes"):
        return {}
    command = "show bgp {0} unicast json detail".format(family)
    try:
        return ask(run, [command])[command]
    except UnknownCommandError:
        by_prefix = {
            prefix: "show bgp {0} unicast {1} json".format(family, prefix) for prefix in sorted(table["routes"])
        }
        answers = ask(run, list(by_prefix.values()))
        return {"routes": {prefix: answers[text] for prefix, text in by_prefix.items()}}


def sent_prefixes(neighbor, frr_name):
    """Return how many prefixes FRR counts as announced to a neighbor."""
    return ((neighbor.get("addressFamilyInfo") or {}).get(frr_name) or {}).get("sentPrefixCounter") or 0


def main():
    options = {
        "communities": {"type": "bool", "default": False},
        "best_in": {"type": "list", "elements": "str", "default": []},
    }
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    vtysh = module.get_bin_path("vtysh", required=True, opt_dirs=["/usr/lib/frr"])
    ip = module.get_bin_path("ip")

    def run(commands):
        try:
            return programs.run(words(vtysh, commands), timeout=ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            raise NoAnswerError(
                "vtysh -c '{0}' gave no answer in {1} s: a daemon of FRR hangs".format(commands[0], ANSWER_SECONDS)
            ) from None

    def addresses():
        try:
            return programs.run([ip, *IP_ADDRESSES[1:]], timeout=ANSWER_SECONDS)[1] if ip else ""
        except (OSError, subprocess.TimeoutExpired):
            return ""

    try:
        wanted = {key: module.params[key] for key in ("communities", "best_in")}
        found = read(run, addresses(), forwarding=read_forwarding(), **wanted)
        module.exit_json(changed=False, frr=found)
    except CommandError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
