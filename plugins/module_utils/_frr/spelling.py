# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spell IPv6 addresses and communities in one way, as FRR takes several; the order of communities has no meaning.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import ipaddress
import re

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


def canonical(line: str, kind: str) -> str:
    """Return a line in its canonical spelling; free text and secrets stay as they are.

    Args:
        line: inside an object, blanks already single; or what follows a list's name.
        kind: of the object.
    """
    if line.startswith(("set community ", "set large-community ")) or kind.endswith("community-list standard"):
        return _with_communities(line)
    if ":" not in line or " description " in line or " password " in line or line.startswith("description "):
        return line
    return " ".join(_canonical_word(word) for word in line.split(" "))


def _with_communities(line: str) -> str:
    """Return a line with its communities sorted: FRR sorts most of them by number, and keeps others as written."""
    found = _COMMUNITIES.match(line)
    if not found:
        return line
    words = sorted({shown_community(word) for word in found.group("words").split(" ")})
    return found.group("head") + " ".join(words) + (found.group("tail") or "")


def _canonical_word(word: str) -> str:
    if ":" not in word:
        return word
    try:
        return str(ipaddress.ip_network(word, strict=False)) if "/" in word else str(ipaddress.ip_address(word))
    except ValueError:
        return word
