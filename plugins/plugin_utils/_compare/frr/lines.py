# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single lines of an FRR configuration in readers' words: a session's own, and what other parts of a file add to it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ....module_utils._errors import EdgeError
from ....module_utils._frr.spelling import canonical
from .model import Settings

COMMUNITIES = ("extended", "large", "standard")
GRACEFUL = {
    "graceful-restart": "restarts gracefully",
    "graceful-restart-helper": "helper",
    "graceful-restart-disable": "off",
}
"""Line of a neighbor -> its graceful restart (RFC 4724); with ``bgp`` in front it is the instance's default."""


def word_at(words: Sequence[str], index: int) -> str:
    """Return a word of a line.

    Raises:
        EdgeError: the line ends before it, so FRR refuses the line.
    """
    if index >= len(words):
        raise EdgeError("", "'{}' ends too early: FRR refuses it".format(" ".join(words)))
    return words[index]


def with_length(text: str) -> str:
    """Return a line of a family in FRR's own spelling.

    A mask becomes a length, as does the class of an address alone. Host bits become zero, and dampening loses its
    defaults. What is no prefix stays as it is.
    """
    if text.startswith(("network ", "aggregate-address ")):
        return canonical(text, "router bgp")
    return "bgp dampening" if text == "bgp dampening 15 750 2000 60" else text


def router_id(text: str) -> str | None:
    """Return the router-id that zebra gives to all daemons."""
    found = re.search(r"^(?:ip )?router-id (\S+)$", text, re.MULTILINE)
    return found.group(1) if found else None


def interfaces(text: str) -> dict[str, list[str]]:
    """Return the addresses that the file itself gives to interfaces."""
    result: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["interface"]:
            name = words[1] if len(words) == 2 else ""  # else of another VRF
        elif words[:1] in (["exit"], ["router"], ["route-map"], ["line"], ["bfd"], ["vrf"]):
            name = ""
        elif name and len(words) >= 3 and words[0] in ("ip", "ipv6") and words[1] == "address":
            result.setdefault(name, []).append(words[2].partition("/")[0])
    return result


def profiles(text: str) -> dict[str, str]:
    """Return the BFD profiles of the file: name -> its settings as text."""
    found: dict[str, list[str]] = {}
    inside, name = False, ""
    for line in text.splitlines():
        said = " ".join(line.split())
        if line[:1] not in (" ", "\t", "!", "") and said != "exit":
            inside, name = said == "bfd", ""
        elif inside and said.startswith("profile "):
            name = said[len("profile ") :]
            found[name] = []
        elif said == "exit" or said.startswith("peer "):
            name = ""
        elif name and said[:1] not in ("!", "#", ""):
            found[name].append(said)
    return {profile: ", ".join(sorted(lines)) or "defaults" for profile, lines in found.items()}


def check_numbers(line: str, words: Sequence[str]) -> None:
    """Check the numbers of a line of a neighbor or peer group, while the whole line is known.

    Args:
        line: the line.
        words: what follows the name in it.

    Raises:
        EdgeError: ``maximum-prefix`` or ``timers`` lacks a number that FRR asks for.
    """
    given = tuple(words[1:])
    if words[0] == "maximum-prefix":
        wanted, needed = "a number of prefixes", given[:1]
        if "restart" in given:
            wanted, needed = f"{wanted}, and one of minutes behind restart", (*needed, *_behind(given, "restart"))
        enough = 1 + ("restart" in given)
    elif words[0] == "timers" and given[:1] in (("connect",), ("delayopen",)):
        wanted, needed, enough = "a number of seconds", given[1:2], 1
    elif words[0] == "timers":
        wanted, needed, enough = "two numbers of seconds, for keepalive and hold time", given[:2], 2
    else:
        return
    if len(needed) < enough or not all(word.isdecimal() for word in needed):
        raise EdgeError("", f"'{line}' lacks {wanted}: FRR refuses it")


def _behind(words: Sequence[str], word: str) -> Sequence[str]:
    at = words.index(word)
    return words[at + 1 : at + 2]


def session_line(raw: Settings, words: list[str]) -> None:
    """Add one line of a session (the words after the neighbor's name) to its settings ``raw``."""
    negated = words[0] == "no"
    said = words[1:] if negated else words
    what, value = said[0] if said else "", " ".join(said[1:])
    if what in ("description", "peer-group", ""):
        return
    if what == "interface" and "remote-as" in said:
        raw["remote AS"] = said[-1]
        value = " ".join(said[1 : said.index("remote-as")])
    elif what == "interface" and "peer-group" in said:
        value = " ".join(said[1 : said.index("peer-group")])
    if what == "interface":
        raw["interface"] = value or "unnumbered"
        return
    key, value = {
        "remote-as": ("remote AS", value),
        "local-as": ("local AS", value),
        "ebgp-multihop": ("hops", value or "255"),
        "ttl-security": ("TTL security", value),
        "shutdown": ("shut down", "yes"),
        "capability": (" ".join(said), "on"),
    }.get(what, (what, value or "on"))
    if what == "timers" and said[1:2] == ["connect"]:
        key, value = "connect retry", said[-1] + " s"
    elif what == "timers" and said[1:2] == ["delayopen"]:
        key, value = "delay of open", said[-1] + " s"
    elif what in GRACEFUL:
        key, value = "graceful restart", GRACEFUL[what]
    elif what == "bfd" and len(said) > 1:
        key, value = ("bfd " + said[1], " ".join(said[2:]) or "on") if said[1].isalpha() else ("bfd timers", value)
        raw.update({} if negated else {"bfd": "on"})  # each of these lines switches it on
    if negated:
        if key in raw:
            del raw[key]
        elif what == "enforce-first-as":
            raw[key] = "off"
        return
    raw[key] = value


def limit(words: list[str]) -> str:
    """Return the arguments of ``maximum-prefix`` in words; the threshold is left out, it only writes a log line."""
    parts = [word_at(words, 0)]
    if "warning-only" in words:
        parts.append("only a warning")
    if "restart" in words:
        parts.append("again after {} min".format(word_at(words, words.index("restart") + 1)))
    if "force" in words:
        parts.append("refused ones too")
    return ", ".join(parts)


def community_kinds(words: list[str]) -> set[str]:
    """Return the kinds of communities that the arguments of ``send-community`` name."""
    kind = words[0] if words else "standard"
    return {"both": {"standard", "extended"}, "all": set(COMMUNITIES)}.get(kind, {kind})
