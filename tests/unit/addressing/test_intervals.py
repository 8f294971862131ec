# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interval arithmetic against plain sets of numbers, and its cost against the size of the ranges."""

from __future__ import annotations

from itertools import pairwise

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.families import Family
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.intervals import (
    Interval,
    Overlap,
    above,
    contains,
    cut,
    lowest_addresses,
    merge,
    overlaps,
    subtract,
)
from hypothesis import given
from hypothesis import strategies as st

SMALL = 24
"""Highest address of the property tests: small, so that edges meet often."""


def interval(family: int, first: int, last: int) -> Interval:
    return Interval(Family(family), first, last)


def members(intervals: tuple[Interval, ...] | list[Interval]) -> set[tuple[int, int]]:
    return {(known.family, value) for known in intervals for value in range(known.first, known.last + 1)}


intervals = st.builds(
    lambda family, pair: Interval(Family(family), min(pair), max(pair)),
    st.sampled_from([4, 6]),
    st.tuples(st.integers(0, SMALL), st.integers(0, SMALL)),
)
sets = st.lists(intervals, max_size=6)


def is_merged(found: tuple[Interval, ...]) -> bool:
    return list(found) == sorted(found) and all(
        left.family != right.family or left.last + 1 < right.first for left, right in pairwise(found)
    )


@given(sets)
def test_merge_keeps_the_addresses_and_nothing_touches(one: list[Interval]) -> None:
    merged = merge(one)
    assert members(merged) == members(one)
    assert is_merged(merged)
    assert sum(part.size for part in merged) == len(members(one))


@given(sets, sets)
def test_subtract_is_set_difference(one: list[Interval], other: list[Interval]) -> None:
    left = subtract(one, other)
    assert members(left) == members(one) - members(other)
    assert is_merged(left)


@given(sets, intervals)
def test_contains_is_subset(one: list[Interval], asked: Interval) -> None:
    assert contains(merge(one), asked) == (members([asked]) <= members(one))


@given(sets, intervals)
def test_cut_is_set_difference(holes: list[Interval], whole: Interval) -> None:
    assert members(list(cut(whole, merge(holes)))) == members([whole]) - members(holes)


@given(intervals, intervals)
def test_two_meet_where_both_have_an_address(one: Interval, other: Interval) -> None:
    assert one.meets(other) == bool(members([one]) & members([other]))


@given(sets)
def test_overlaps_are_those_of_every_pair(one: list[Interval]) -> None:
    expected = {
        (left, right): members([one[left]]) & members([one[right]])
        for left in range(len(one))
        for right in range(left + 1, len(one))
    }
    found = overlaps(one)
    assert {(pair.left, pair.right): members([pair.interval]) for pair in found} == {
        pair: shared for pair, shared in expected.items() if shared
    }
    assert list(found) == sorted(found)


@given(sets, st.sampled_from([4, 6]), st.integers(0, SMALL))
def test_above_is_what_is_higher(one: list[Interval], family: int, value: int) -> None:
    assert members(above(one, Interval(Family(family), value, value))) == {
        member for member in members(one) if member[0] == family and member[1] > value
    }


@pytest.mark.parametrize(
    ("given_intervals", "expected"),
    [
        pytest.param([interval(4, 0, 7), interval(4, 8, 15)], (interval(4, 0, 15),), id="neighbors"),
        pytest.param([interval(4, 0, 7), interval(4, 9, 15)], (interval(4, 0, 7), interval(4, 9, 15)), id="gap-of-one"),
        pytest.param([interval(4, 0, 7), interval(6, 8, 15)], (interval(4, 0, 7), interval(6, 8, 15)), id="families"),
        pytest.param([interval(4, 0, 15), interval(4, 3, 4)], (interval(4, 0, 15),), id="inside"),
        pytest.param([], (), id="nothing"),
    ],
)
def test_merge(given_intervals: list[Interval], expected: tuple[Interval, ...]) -> None:
    assert merge(given_intervals) == expected


def test_overlaps_tell_which_with_which_and_where() -> None:
    given_intervals = [
        interval(4, 10, 20),
        interval(4, 0, 100),
        interval(6, 10, 20),
        interval(4, 20, 30),
        interval(4, 101, 102),
    ]
    assert overlaps(given_intervals) == (
        Overlap(0, 1, interval(4, 10, 20)),
        Overlap(0, 3, interval(4, 20, 20)),
        Overlap(1, 3, interval(4, 20, 30)),
    )


class CountingInt(int):
    """A number that counts how often arithmetic or a comparison touches one."""

    operations = 0


def _counted(name: str):  # type: ignore[no-untyped-def]
    plain = getattr(int, name)

    def method(self, other):  # type: ignore[no-untyped-def]
        CountingInt.operations += 1
        result = plain(self, other)
        return result if isinstance(result, bool) else CountingInt(result)

    return method


for _name in (
    "__add__",
    "__radd__",
    "__sub__",
    "__rsub__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__eq__",
    "__and__",
):
    setattr(CountingInt, _name, _counted(_name))
CountingInt.__hash__ = int.__hash__  # type: ignore[method-assign]


def operations(bits: int) -> int:
    """Count what the whole arithmetic does with eight blocks of 2**bits addresses each, and holes in them."""
    step = CountingInt(2**bits)
    blocks = [Interval(Family.IPV6, CountingInt(n * 2 * step), CountingInt(n * 2 * step + step - 1)) for n in range(8)]
    holes = [Interval(Family.IPV6, block.first + 1, block.first + 2) for block in blocks[::2]]
    CountingInt.operations = 0
    left = subtract(blocks, holes)
    overlaps(blocks + holes)
    contains(merge(blocks), holes[0])
    next(lowest_addresses(above(left, holes[0])))
    return CountingInt.operations


def test_cost_is_that_of_the_ranges_not_of_the_addresses() -> None:
    """Blocks of four addresses (a /30), of 2**24 (an IPv4 /8) and of 2**64 (an IPv6 /64) take the same operations."""
    assert operations(2) == operations(24) == operations(64) > 100


def test_sweep_compares_n_log_n() -> None:
    """256 times the intervals may cost 256 times log2 factors more (2 for 8 to 2048), never 256 squared."""

    def cost(count: int) -> int:
        CountingInt.operations = 0
        overlaps([Interval(Family.IPV4, CountingInt(n * 10), CountingInt(n * 10 + 5)) for n in reversed(range(count))])
        return CountingInt.operations

    assert cost(2048) < 256 * 4 * cost(8)
