# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arithmetic on rules about prefixes (``prefix`` of ``ge`` to ``le`` bits): exact, joined, in one order.

A rule means what an entry of FRR's prefix-lists means: without ``ge`` and ``le`` the prefix itself; ``le`` alone from
its own length on; ``ge`` alone up to host routes (FRR user guide, filter).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from .._addressing.addresses import Cidr, to_cidrs
from .._addressing.families import Family
from .._addressing.intervals import Interval, contains, merge
from .site import Pool, PrefixRule

_Group = tuple[Family, int, int]
"""Family, shortest and longest length that pass."""


def rule(cidr: Cidr, ge: int | None = None, le: int | None = None) -> PrefixRule:
    """Return the rule in its one spelling: what ``ge`` and ``le`` leave open is left out.

    ``le`` is left out beside ``ge`` where it is the family's width: FRR 7.5.1 shows ``ge 32 le 32`` back as ``ge 32``.
    """
    low, high = _range(cidr, ge, le)
    width = cidr.family.width
    if low == high == cidr.prefix_length:
        return PrefixRule(cidr)
    if low == cidr.prefix_length:
        return PrefixRule(cidr, None, high)
    return PrefixRule(cidr, low, None if high == width else high)


def _range(cidr: Cidr, ge: int | None, le: int | None) -> tuple[int, int]:
    """Return the shortest and the longest length that pass."""
    if ge is None and le is None:
        return cidr.prefix_length, cidr.prefix_length
    return cidr.prefix_length if ge is None else ge, cidr.family.width if le is None else le


def lengths(known: PrefixRule) -> tuple[Cidr, int, int]:
    """Return a rule's prefix and the shortest and longest length that pass."""
    return (known.prefix, *_range(known.prefix, known.ge, known.le))


def merge_rules(rules: Iterable[PrefixRule]) -> tuple[PrefixRule, ...]:
    """Return rules that let exactly the same prefixes pass, as few as joining gives, sorted by address, IPv4 first.

    Rules with equal lengths join where their prefixes touch; a rule inside a wider one goes. Rules with other lengths
    stay apart (``le 24`` and ``ge 25 le 32`` of one prefix): each is one that a user wrote.
    Cost: n log n in the rules, times the few distinct ranges of lengths.
    """
    groups: dict[_Group, list[Interval]] = {}
    for known in rules:
        cidr, low, high = lengths(known)
        groups.setdefault((cidr.family, low, high), []).append(cidr.interval)
    merged = {key: merge(intervals) for key, intervals in groups.items()}
    result: list[tuple[tuple[int, int, int, int], PrefixRule]] = []
    for key, intervals in merged.items():
        family, low, high = key
        wider = [
            others
            for other, others in merged.items()
            if other != key and other[0] == family and other[1] <= low and high <= other[2]
        ]
        for cidr in to_cidrs(intervals):
            if not any(contains(others, cidr.interval) for others in wider):
                order = (family, cidr.interval.first, cidr.prefix_length, low)
                result.append((order, rule(cidr, low, high)))
    return tuple(known for _order, known in sorted(result, key=lambda pair: pair[0]))


def pool_rules(pool: Pool) -> tuple[PrefixRule, ...]:
    """Return the routes of a pool's services: host routes, or prefixes of the length to which they are aggregated."""
    found: list[PrefixRule] = []
    for interval in pool.intervals:
        length = pool.aggregate.get(interval.family)
        if length is None:
            width = interval.family.width
            found.extend(rule(cidr, width, width) for cidr in to_cidrs((interval,)))
            continue
        hosts = (1 << (interval.family.width - length)) - 1
        whole = Interval(interval.family, interval.first & ~hosts, interval.last | hosts)
        found.extend(rule(cidr, length, length) for cidr in to_cidrs((whole,)))
    return merge_rules(found)


class RuleSet:
    """Rules that other rules are compared with, each in the time of a few bisections."""

    def __init__(self, rules: Iterable[PrefixRule]) -> None:
        groups: dict[_Group, list[Interval]] = {}
        for known in rules:
            cidr, low, high = lengths(known)
            groups.setdefault((cidr.family, low, high), []).append(cidr.interval)
        self._groups = {key: merge(intervals) for key, intervals in groups.items()}

    def touches(self, known: PrefixRule) -> bool:
        """Return whether some prefix passes both ``known`` and one of the rules."""
        cidr, low, high = lengths(known)
        return any(
            family == cidr.family and low <= highest and lowest <= high and _share(intervals, cidr.interval)
            for (family, lowest, highest), intervals in self._groups.items()
        )


def _share(merged: tuple[Interval, ...], interval: Interval) -> bool:
    """Return whether an address of ``interval`` is in ``merged``."""
    at = bisect_left(merged, interval.first, key=lambda known: known.last)
    return at < len(merged) and merged[at].first <= interval.last
