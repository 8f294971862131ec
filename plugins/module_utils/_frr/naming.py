# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dynamic neighbors that get a name while the listen range that holds them stays.

FRR refuses the name of a dynamic neighbor (:data:`REFUSED`; bgpd/bgp_vty.c, seen on 7.5.1, 8.4.4, 10.3 and 10.7.1).
Only the end of its session removes it, and it may dial again within a second. So its session is ended and its name said
in one call of vtysh, before the reload. The other sessions of the range stay up.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

from typing import Iterable, List, NamedTuple, Tuple

from .config import BGP, Instance, Line, Objects, render
from .passing import network_of, overlap, ranges

REFUSED = "Operation not allowed on a dynamic neighbor"
"""What FRR says where the neighbor was faster and is a dynamic one again."""


class Naming(NamedTuple):
    """How dynamic neighbors get their names."""

    groups_text: str
    """Their groups that do not run yet, with filters and passwords, as commands for ``vtysh -f``; may be empty.

    A filter that does not exist yet lets nothing pass.
    """
    calls: Tuple[Tuple[str, ...], ...]
    """Commands for one vtysh each, for one neighbor each."""


NOBODY = Naming("", ())


def naming(dialed: Iterable[str], live: Objects, target: Objects) -> Naming:
    """Return how dynamic neighbors get their names that a reload could not give them.

    A range that goes takes its dynamic neighbors along, and a neighbor that does not dial in can be named at once: they
    need nothing of this.

    Args:
        dialed: addresses of the neighbors that the router knows now, by name or not.
        live: what runs.
        target: what is to run.
    """
    old, new = live.get(BGP, ()), target.get(BGP, ())
    if not old or not new or old[0] != new[0]:
        return NOBODY  # The reload makes the instance anew.
    planned = set(ranges(new))
    stay = [one.network for text, one in ranges(old).items() if text in planned]
    there, wanted = Instance(old), Instance(new)
    named: List[str] = []
    for address in sorted(set(dialed).intersection(wanted.neighbors).difference(there.neighbors)):
        network = network_of(address)
        if network and any(overlap(network, one) for one in stay):
            named.append(address)
    groups = {wanted.group_of[address] for address in named if address in wanted.group_of}.difference(there.subjects)
    of_groups = [line for line in new if _subject(line) in groups]
    return Naming(
        render({BGP: (new[0], *of_groups)}) if of_groups else "",
        tuple(_call(address, new) for address in named),
    )


def _subject(line: Line) -> str:
    """Return the neighbor or group that a line says something of, else an empty text."""
    words = line[1].split()
    return words[1] if words[0] == "neighbor" else words[2] if words[:2] == ["no", "neighbor"] else ""


def _call(address: str, lines: Tuple[Line, ...]) -> Tuple[str, ...]:
    """Return the commands that end one neighbor's session and give it its name, by its AS, its group or both."""
    heads = ("neighbor {0} remote-as ".format(address), "neighbor {0} peer-group ".format(address))
    said = [text for head in heads for context, text in lines if not context and text.startswith(head)]
    return ("clear bgp {0}".format(address), "configure terminal", lines[0][1], *said)
