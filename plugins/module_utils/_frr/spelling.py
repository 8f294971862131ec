# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spell addresses, networks and communities in one way, as FRR takes several; the order of communities has no meaning.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Match

_COMMUNITIES = re.compile(
    r"^(?P<head>set (?:large-)?community |(?:seq \d+ )?(?:permit|deny) )(?P<words>.+?)(?P<tail> additive)?$"
)
_WELL_KNOWN = {
    "65535:0": "graceful-shutdown",
    "65535:1": "accept-own",
    "65535:2": "route-filter-translated-v4",
    "65535:3": "route-filter-v4",
    "65535:4": "route-filter-translated-v6",
    "65535:5": "route-filter-v6",
    "65535:6": "llgr-stale",
    "65535:7": "no-llgr",
    "65535:8": "accept-own-nexthop",
    "65535:666": "blackhole",
    "65535:65281": "no-export",
    "65535:65282": "no-advertise",
    "65535:65283": "local-AS",
    "65535:65284": "no-peer",
}
"""FRR shows the words, whatever was written (bgpd/bgp_community.c)."""


_OTHER_WORDS = {"planned-shut": "graceful-shutdown", "no-export-subconfed": "local-AS"}
"""FRR's words for communities that Cilium's CRD calls otherwise; the others are equal."""


def written_community(word: str) -> str:
    """Return a community as FRR takes it, whichever of its and Cilium's words it was written with."""
    return _OTHER_WORDS.get(word, word)


def shown_community(word: str) -> str:
    """Return a community as FRR shows it, however it was written."""
    word = written_community(word)
    return _WELL_KNOWN.get(word, word)


def next_number(kind: str, highest: int) -> int:
    """Return the number that FRR gives an entry that is written without one.

    It counts on by 5 in a prefix-list or access-list (lib/filter_cli.c, ``acl_get_seq``; seen on 7.5 to 10.7), and goes
    to the next multiple of 5 in the others (``bgp_clist_new_seq_get``).

    Args:
        kind: of the list.
        highest: number in it; 0 where it has none.
    """
    by_fives = "community-list" in kind or "as-path" in kind
    return (highest // 5 + 1) * 5 if by_fives else highest + 5


_NETWORK = re.compile(
    r"^(?P<head>(?:no )?(?:network|aggregate-address|summary-address|bgp listen range|distance \d+|area \S+ range) )"
    r"(?P<address>\d+\.\d+\.\d+\.\d+)(?:(?P<length>/\d+)| (?:mask )?(?P<mask>\d+\.\d+\.\d+\.\d+))?(?P<rest>(?: .*)?)$"
)
"""A line of a routing protocol with an IPv4 network: of BGP (each VRF), OSPF or RIP."""


def canonical(line: str, kind: str) -> str:
    """Return a line in its canonical spelling; free text and secrets stay as they are.

    Args:
        line: inside an object, blanks already single; or what follows a list's name.
        kind: of the object, or the first line of a block.
    """
    if line.startswith(("set community ", "set large-community ")) or kind.endswith("community-list standard"):
        return _with_communities(line)
    network = _NETWORK.match(line)
    if network:
        return _with_network(network, kind)
    if ":" not in line or " description " in line or " password " in line or line.startswith("description "):
        return line
    # What an interface has is an address, and no network.
    word_of = _canonical_interface if _OF_INTERFACE.match(line) else _canonical_word
    return " ".join(word_of(word) for word in line.split(" "))


_OF_INTERFACE = re.compile(r"^(?:no )?ipv6 address ")


def _with_network(found: Match[str], kind: str) -> str:
    """Return a line with its network as ``address/length`` and no bits behind it, as FRR shows it.

    It takes a mask too, and in BGP an address alone, which has the length of its class (seen on 7.5.1, 8.4.4, 10.3 and
    10.7.1). In RIP an address alone is the name of an interface. A line that FRR does not take stays as it is.

    Args:
        found: the line.
        kind: of the object, or the first line of the block.
    """
    address, length, mask = found.group("address"), found.group("length"), found.group("mask")
    if not length and not mask and not ("network " in found.group("head") and kind.startswith("router bgp")):
        return found.group()
    try:
        text = address + (length or "/" + (length_of_mask(mask) if mask else _length_of_class(address)))
        return found.group("head") + str(ipaddress.ip_network(text, strict=False)) + found.group("rest")
    except ValueError:
        return found.group()


def length_of_mask(mask: str) -> str:
    """Return the prefix length that FRR reads in a mask: its leading ones (lib/prefix.c, ``ip_masklen``).

    FRR takes the inverse of a mask too, and reads ``0.0.0.255`` as no length (seen on 7.5.1, 8.4.4, 10.3 and 10.7.1).

    Raises:
        ValueError: it is no IPv4 address.
    """
    bits = "{0:032b}".format(int(ipaddress.IPv4Address(mask)))
    return str(len(bits) - len(bits.lstrip("1")))


def _length_of_class(address: str) -> str:
    """Return the prefix length of an IPv4 address's class (RFC 791, section 3.2); ``0.0.0.0`` is the default route.

    Raises:
        ValueError: the address has no class of networks: from 224.0.0.0 on.
    """
    if not int(ipaddress.IPv4Address(address)):
        return "0"
    first = int(address.split(".")[0])
    if first >= 224:
        raise ValueError(address)
    return "8" if first < 128 else "16" if first < 192 else "24"


def _with_communities(line: str) -> str:
    """Return a line with its communities sorted: FRR sorts most of them by number, and keeps others as written."""
    found = _COMMUNITIES.match(line)
    if not found:
        return line
    words = sorted({shown_community(word) for word in found.group("words").split(" ")})
    return found.group("head") + " ".join(words) + (found.group("tail") or "")


def _canonical_interface(word: str) -> str:
    """Return a word with the address of an interface in its canonical spelling, and with its own bits."""
    try:
        return str(ipaddress.IPv6Interface(word)) if "/" in word else _canonical_word(word)
    except ValueError:
        return word


def _canonical_word(word: str) -> str:
    if ":" not in word:
        return word
    try:
        return str(ipaddress.ip_network(word, strict=False)) if "/" in word else str(ipaddress.ip_address(word))
    except ValueError:
        return word
