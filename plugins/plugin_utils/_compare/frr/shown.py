# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What readers see of two texts that are compared whole: of a long list the entries in which the texts differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from re import Match

from .prefixes import NOTHING, SHOWN, Prefixes, block, minus, texts, union

_PREFIX = r"[0-9a-fA-F.:]+/\d+(?: ge \d+)?(?: le \d+)?"
_PREFIXES = re.compile(rf"(?<![\w.:/]){_PREFIX}(?:, {_PREFIX})*")
"""Prefixes, as :func:`.prefixes.whole_text` writes them."""
_ENTRY = re.compile(r"(?P<prefix>\S+)(?: ge (?P<ge>\d+))?(?: le (?P<le>\d+))?")
_RULE = r"(?:permit|deny) [^;,()]+"
_RULES = re.compile(rf"{_RULE}(?:; {_RULE})*")
"""Entries of an access-list."""


def shown(said: str, other: str) -> str:
    """Return a text for readers: each long list is cut to the entries that the other text does not have in its place.

    Where it has them all, the first ones stand for the list. How many more there are is told.

    Args:
        said: the text, with all entries of its lists.
        other: the one that it is compared with; empty: there is none.
    """
    sets = [_set_of(found.group()) for found in _PREFIXES.finditer(other)]
    rules = {rule for found in _RULES.finditer(other) for rule in found.group().split("; ")}

    def few_prefixes(found: Match[str]) -> str:
        entries = found.group().split(", ")
        if len(entries) <= SHOWN:
            return found.group()
        held, family = _set_of(found.group()), "ipv6" if ":" in entries[0] else "ipv4"
        apart = min((_apart(held, item) for item in sets), key=_size, default=(held, NOTHING))[0]
        own = texts(apart, family)
        return _few(entries, own, len(texts(minus(held, apart), family)), ", ")

    def few_rules(found: Match[str]) -> str:
        entries = found.group().split("; ")
        own = [entry for entry in entries if entry not in rules]
        return found.group() if len(entries) <= SHOWN else _few(entries, own, len(entries) - len(own), "; ")

    return _RULES.sub(few_rules, _PREFIXES.sub(few_prefixes, said))


def _few(entries: Sequence[str], own: Sequence[str], common: int, between: str) -> str:
    """Return a long list in short: entries of its own, or its first ones where it has none, and how many more.

    Args:
        entries: all of it.
        own: those that the other list lacks.
        common: how many entries both have.
        between: what stands between two entries.
    """
    first = list(own or entries)[:SHOWN]
    more = (len(own) + common if own else len(entries)) - len(first)
    return between.join(first) + (f" and {more} more" if more else "")


def _set_of(said: str) -> Prefixes:
    """Return the prefixes of a list in words; one that is no prefix is passed over."""
    found = []
    for parts in filter(None, map(_ENTRY.fullmatch, said.split(", "))):
        lengths = (int(parts[end]) if parts[end] else None for end in ("ge", "le"))
        with suppress(ValueError):
            found.append(block(parts["prefix"], *lengths))
    return union(*found)


def _apart(first: Prefixes, second: Prefixes) -> tuple[Prefixes, Prefixes]:
    """Return what each of two sets has beside the other."""
    return minus(first, second), minus(second, first)


def _size(apart: tuple[Prefixes, Prefixes]) -> int:
    """Return how many ranges two sets have apart."""
    return sum(len(ranges) for side in apart for _length, ranges in side)
