# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration as FRR shows it, whatever spelling a person wrote: so a file and what runs can be compared.

Seen on FRR 7.5.1, 8.4.4 and 10.7.1, in ``show running-config`` after a load of each form. A form that is not known here
stays as it is, and counts as another line.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Dict, Iterable, Iterator, Tuple

from .spelling import canonical, length_of_mask, next_number

Part = Tuple[str, Tuple[str, ...]]
"""First line of a block and its inner lines, blanks single."""

_ENTRY = re.compile(
    r"^(?P<list>(?:(?:ip|ipv6) prefix-list|(?:ip |ipv6 |mac )?access-list|(?:bgp|ip) as-path access-list"
    r"|(?:bgp|ip) (?:large-|ext)?community-list(?: standard| expanded)?) \S+)"
    r"(?: seq (?P<seq>\d+))? (?P<rest>(?:permit|deny)\b.*)$"
)
_ROUTE = re.compile(r"^(?P<head>(?:no )?(?:ip|ipv6) route )(?P<prefix>\S+)(?P<rest> .*)$")
_MASK = re.compile(r"^ (?P<mask>\d+\.\d+\.\d+\.\d+)(?P<rest> .*)$")
_PASSIVE = re.compile(r"^(?P<no>no )?passive-interface (?!default$)(?P<interface>\S+)(?P<address> \S+)?$")


def as_shown(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield the blocks of a configuration as FRR shows them, in order; one may yield a second one.

    - An entry of a list gets its number (:func:`spelling.next_number`).
    - A static route's mask becomes a length, and a prefix loses the bits behind it.
    - An IPv6 address is compressed.
    - A ``passive-interface`` of OSPF becomes a line of its interface (8.4 and later).

    Args:
        parts: the blocks in the order of the text.
    """
    highest: Dict[str, int] = {}
    for name, inner in parts:
        name = _numbered(name if name.startswith(_FREE_TEXT) else _line(canonical(name, "")), highest)
        passive = [_PASSIVE.match(line) for line in inner] if re.match(r"router ospf\b", name) else []
        kept = tuple(_line(line) for line in inner if not (passive and _PASSIVE.match(line)))
        yield name, kept
        for found in passive:
            if found:
                said = "{0}ip ospf passive{1}".format(found.group("no") or "", found.group("address") or "")
                yield "interface " + found.group("interface"), (said,)


_FREE_TEXT = ("banner ", "password ", "enable ", "username ")
"""What begins a line of words or of a secret: a colon in it makes no address."""


def _numbered(line: str, highest: Dict[str, int]) -> str:
    """Return an entry of a list with its number, and note the highest one; another line as it is."""
    found = _ENTRY.match(line)
    if not found:
        return line
    which, rest = found.group("list"), found.group("rest")
    last = highest.get(which, 0)
    number = int(found.group("seq")) if found.group("seq") else next_number(which, last)
    highest[which] = max(last, number)
    words = rest.split(" ", 2)
    if len(words) > 1 and "/" in words[1]:
        words[1] = _network(words[1])
    return "{0} seq {1} {2}".format(which, number, " ".join(words))


def _line(line: str) -> str:
    """Return a static route with the network that it goes to, written as ``address/length``; another line as it is."""
    found = _ROUTE.match(line)
    if not found:
        return line
    prefix, rest = found.group("prefix"), found.group("rest")
    mask = _MASK.match(rest) if "/" not in prefix else None
    if mask:
        try:
            prefix, rest = "{0}/{1}".format(prefix, length_of_mask(mask.group("mask"))), mask.group("rest")
        except ValueError:
            return line
    return found.group("head") + _network(prefix) + rest


def _network(text: str) -> str:
    """Return ``address/length`` of a prefix with bits behind its length; a text that is none as it is."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return text
