# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of prefixes: for each length, the ranges of addresses whose prefixes of that length are in the set.

The form is canonical: two prefix-lists that take the same routes give the same value, however they were written.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from ..._addressing.families import HOST_LENGTH

Ranges = tuple[tuple[int, int], ...]
"""First and last address of each range, sorted, apart from each other."""

Prefixes = tuple[tuple[int, Ranges], ...]
"""(prefix length, ranges), sorted by length; lengths without ranges are left out."""

NOTHING: Prefixes = ()
SHOWN = 8
"""Prefixes in a text before it says how many more there are."""


def everything(family: str) -> Prefixes:
    """Return all prefixes of a family."""
    width = HOST_LENGTH[family]
    return tuple((length, ((0, 2**width - 1),)) for length in range(width + 1))


def block(prefix: str, ge: int | None = None, le: int | None = None) -> Prefixes:
    """Return what an entry of a prefix-list matches; host bits are masked, as FRR does.

    Raises:
        ValueError: it is not a prefix.
    """
    network = ipaddress.ip_network(prefix, strict=False)
    low = network.prefixlen if ge is None else ge
    high = le if le is not None else network.prefixlen if ge is None else network.max_prefixlen
    ranges = ((int(network.network_address), int(network.broadcast_address)),)
    return tuple((length, ranges) for length in range(max(low, network.prefixlen), high + 1))


def union(*sets: Prefixes) -> Prefixes:
    """Return the prefixes in any of the sets."""
    found: dict[int, list[tuple[int, int]]] = {}
    for one in sets:
        for length, ranges in one:
            found.setdefault(length, []).extend(ranges)
    return tuple((length, _merged(found[length])) for length in sorted(found))


def minus(one: Prefixes, other: Prefixes) -> Prefixes:
    """Return the prefixes of the first set that are not in the second."""
    removed = dict(other)
    left = ((length, _cut(ranges, removed.get(length, ()))) for length, ranges in one)
    return tuple((length, ranges) for length, ranges in left if ranges)


def both(one: Prefixes, other: Prefixes) -> Prefixes:
    """Return the prefixes in both sets."""
    return minus(one, minus(one, other))


def texts(prefixes: Prefixes, family: str) -> list[str]:
    """Return the set as entries of a prefix-list: ``any``, or ``203.0.113.88/29 ge 32`` and the like."""
    if prefixes == everything(family):
        return ["any"]
    width = HOST_LENGTH[family]
    runs: list[tuple[int, int, Ranges]] = []
    for length, ranges in prefixes:
        if runs and runs[-1][1] == length - 1 and runs[-1][2] == ranges:
            runs[-1] = (runs[-1][0], length, ranges)
        else:
            runs.append((length, length, ranges))
    result = []
    kind = ipaddress.IPv4Address if family == "ipv4" else ipaddress.IPv6Address
    for low, high, ranges in runs:
        for first, last in ranges:
            for network in ipaddress.summarize_address_range(kind(first), kind(last)):
                result.append(str(network) + _bounds(network.prefixlen, low, high, width))
    return result


def whole_text(prefixes: Prefixes, family: str) -> str:
    """Return the set in one line that nothing is cut off from: sets with the same text are equal."""
    return ", ".join(texts(prefixes, family))


def text(prefixes: Prefixes, family: str) -> str:
    """Return the set in one line for readers; a long one is cut, so two sets may have one text."""
    found = texts(prefixes, family)
    more = len(found) - SHOWN
    return ", ".join(found[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _bounds(length: int, low: int, high: int, width: int) -> str:
    if low == high == length:
        return ""
    if low == length:
        return f" le {high}"
    return f" ge {low}" + ("" if high == width else f" le {high}")


def _merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    result: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return tuple(result)


def _cut(ranges: Ranges, holes: Ranges) -> Ranges:
    """Return ``ranges`` without ``holes``; both are sorted, so one sweep does."""
    result: list[tuple[int, int]] = []
    at = 0
    for first, last in ranges:
        start = first
        while at < len(holes) and holes[at][1] < start:
            at += 1
        index = at
        while index < len(holes) and holes[index][0] <= last:
            if start < holes[index][0]:
                result.append((start, holes[index][0] - 1))
            start = holes[index][1] + 1
            index += 1
        if start <= last:
            result.append((start, last))
    return tuple(result)
