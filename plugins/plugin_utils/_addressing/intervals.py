# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arithmetic on ranges of addresses: cost by the number of ranges, never by the number of addresses.

A *set of addresses* is a tuple of intervals. Functions take them in any order, overlapping or not, and return them
merged: sorted (IPv4 first), apart from each other, none touching the next. What must come in merged is named so.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .families import Family

_BEYOND = 1 << 128
"""More than any address."""


class Interval(NamedTuple):
    """All addresses of one family from ``first`` to ``last``, both included, as integers.

    A tuple, as sites have many: they are made, compared and sorted without a line of Python.
    """

    family: Family
    first: int
    last: int

    @property
    def size(self) -> int:
        """The number of its addresses."""
        return self.last - self.first + 1

    def meets(self, other: Interval) -> bool:
        """Say whether both share an address."""
        return self.family == other.family and self.first <= other.last and other.first <= self.last


class Overlap(NamedTuple):
    """Addresses that two of the compared intervals share."""

    left: int
    """Index of the one that comes first in the input."""
    right: int
    """Index of the other one."""
    interval: Interval
    """The shared addresses."""


def merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the same addresses as the fewest intervals, sorted; neighbors that touch become one."""
    ordered = sorted(intervals)
    if len(ordered) < 2:
        return tuple(ordered)
    merged: list[Interval] = []
    family, first, last = ordered[0]
    for interval in ordered:
        if interval[0] == family and interval[1] <= last + 1:
            if interval[2] > last:
                last = interval[2]
        else:
            merged.append(Interval(family, first, last))
            family, first, last = interval
    merged.append(Interval(family, first, last))
    return tuple(merged)


def subtract(intervals: Iterable[Interval], removed: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the addresses that are in ``intervals`` and not in ``removed``."""
    holes = merge(removed)
    return tuple(part for interval in merge(intervals) for part in cut(interval, holes))


def cut(interval: Interval, merged_holes: Sequence[Interval]) -> Iterator[Interval]:
    """Yield what is left of ``interval``: cost by the holes inside it, not by all of them."""
    start = interval.first
    at = bisect_left(merged_holes, (interval.family, interval.first), key=lambda hole: (hole.family, hole.last))
    while at < len(merged_holes):
        hole = merged_holes[at]
        if hole.family != interval.family or hole.first > interval.last:
            break
        if start < hole.first:
            yield Interval(interval.family, start, hole.first - 1)
        start = hole.last + 1
        at += 1
    if start <= interval.last:
        yield Interval(interval.family, start, interval.last)


def contains(merged: Sequence[Interval], interval: Interval) -> bool:
    """Say whether every address of ``interval`` is in ``merged`` (the result of a function of this module)."""
    at = bisect_right(merged, (interval.family, interval.first, _BEYOND)) - 1
    return at >= 0 and merged[at].family == interval.family and interval.last <= merged[at].last


def overlaps(intervals: Sequence[Interval]) -> tuple[Overlap, ...]:
    """Return each pair that shares addresses, and which ones: one sweep, n log n plus the pairs found."""
    found: list[Overlap] = []
    swept = 0
    open_intervals: list[tuple[int, int]] = []  # heap of (last address, index): those that reach the current one
    for (family, first, last), index in sorted(zip(intervals, range(len(intervals)), strict=True)):
        if family != swept:
            swept = family
            open_intervals.clear()
        while open_intervals and open_intervals[0][0] < first:
            heapq.heappop(open_intervals)
        for other_last, other in open_intervals:
            shared = Interval(family, first, min(other_last, last))
            found.append(Overlap(min(index, other), max(index, other), shared))
        heapq.heappush(open_intervals, (last, index))
    return tuple(sorted(found))


def above(intervals: Iterable[Interval], address: Interval) -> tuple[Interval, ...]:
    """Return the addresses of ``address``'s family that are higher than it."""
    higher = (
        Interval(known.family, max(known.first, address.last + 1), known.last)
        for known in intervals
        if known.family == address.family and known.last > address.last
    )
    return merge(higher)


def lowest_addresses(merged: Iterable[Interval]) -> Iterator[Interval]:
    """Yield the addresses one by one, lowest first, as intervals of one. Take only as many as you need."""
    for interval in merged:
        for value in range(interval.first, interval.last + 1):
            yield Interval(interval.family, value, value)
