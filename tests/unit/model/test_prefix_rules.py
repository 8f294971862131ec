# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about prefixes against every prefix of a small address space, tried one by one as FRR does."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.prefix_rules import (
    RuleSet,
    merge_rules,
    rule,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import PrefixRule
from ansible_collections.hybridnet.cluster_edge.tests.support.resolved import made
from hypothesis import given
from hypothesis import strategies as st

SPACES = (ip_network("10.0.0.0/28"), ip_network("fd00::/124"))
"""Small, so that rules meet often: 31 prefixes each."""

PREFIXES = [subnet for space in SPACES for bits in range(5) for subnet in space.subnets(prefixlen_diff=bits)]


def passing(rules: tuple[PrefixRule, ...] | list[PrefixRule]) -> set[str]:
    """Return the prefixes of both spaces that some rule lets pass, by the words of FRR's user guide."""
    found = set()
    for known in rules:
        network = ip_network(known.prefix.text)
        if known.ge is None and known.le is None:
            low = high = network.prefixlen
        else:
            low = network.prefixlen if known.ge is None else known.ge
            high = network.max_prefixlen if known.le is None else known.le
        found |= {
            str(prefix) for prefix in PREFIXES if prefix.network_address in network and low <= prefix.prefixlen <= high
        }
    return found


@st.composite
def written(draw: st.DrawFn) -> PrefixRule:
    """Return a rule as a user may write it, also with lengths that say what is so without them."""
    network = draw(st.sampled_from(PREFIXES))
    lengths = st.none() | st.integers(network.prefixlen, network.max_prefixlen)
    ge, le = draw(lengths), draw(lengths)
    if ge is not None and le is not None and ge > le:
        ge, le = le, ge
    return made(PrefixRule, str(network), ge, le)


def spelled(known: PrefixRule) -> PrefixRule:
    """Return a rule in its one spelling."""
    return rule(known.prefix, known.ge, known.le)


@given(written())
def test_the_one_spelling_means_the_same(known: PrefixRule) -> None:
    assert passing([spelled(known)]) == passing([known])


@given(written(), written())
def test_two_rules_that_mean_the_same_are_spelled_the_same(one: PrefixRule, other: PrefixRule) -> None:
    same = one.prefix == other.prefix and passing([one]) == passing([other])
    assert same == (spelled(one) == spelled(other))


@given(st.lists(written(), max_size=8))
def test_merged_rules_let_the_same_prefixes_pass(rules: list[PrefixRule]) -> None:
    merged = merge_rules(rules)
    assert passing(merged) == passing(rules)
    assert len(merged) <= len(set(rules))


@given(st.lists(written(), max_size=8).flatmap(lambda rules: st.tuples(st.just(rules), st.permutations(rules))))
def test_merged_rules_do_not_depend_on_the_order_or_on_repeats(pair: tuple[list[PrefixRule], list[PrefixRule]]) -> None:
    rules, shuffled = pair
    merged = merge_rules(rules)
    assert merge_rules([*shuffled, *rules]) == merged
    assert merge_rules(merged) == merged


@given(st.lists(written(), max_size=8))
def test_no_merged_rule_is_inside_another(rules: list[PrefixRule]) -> None:
    merged = [passing([known]) for known in merge_rules(rules)]
    assert not any(
        first <= second for at, first in enumerate(merged) for number, second in enumerate(merged) if at != number
    )


@given(st.lists(written(), max_size=6), written())
def test_touching_is_sharing_a_prefix(rules: list[PrefixRule], known: PrefixRule) -> None:
    assert RuleSet(rules).touches(known) == bool(passing(rules) & passing([known]))


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param(
            [("10.0.0.0/25", 32, None), ("10.0.0.128/25", 32, None)], [("10.0.0.0/24", 32, None)], id="halves join"
        ),
        pytest.param(
            [("10.0.0.0/25", None, None), ("10.0.0.128/25", None, None)],
            [("10.0.0.0/24", 25, 25)],
            id="two exact halves are the halves, not the whole",
        ),
        pytest.param(
            [("10.0.0.0/24", None, None), ("10.0.0.128/25", None, None)],
            [("10.0.0.0/24", None, None), ("10.0.0.128/25", None, None)],
            id="an exact prefix does not take in what is inside it",
        ),
        pytest.param(
            [("10.0.0.0/8", None, 24), ("10.1.0.0/16", 20, 22)], [("10.0.0.0/8", None, 24)], id="inside a wider one"
        ),
        pytest.param(
            [("10.0.0.0/8", None, 24), ("10.1.0.0/16", 20, 25)],
            [("10.0.0.0/8", None, 24), ("10.1.0.0/16", 20, 25)],
            id="inside a wider one, but one bit longer",
        ),
        pytest.param(
            [("fd00::/64", 128, 128), ("10.0.0.0/24", 32, 32)],
            [("10.0.0.0/24", 32, None), ("fd00::/64", 128, None)],
            id="IPv4 first; the family's width is left out",
        ),
        pytest.param([("0.0.0.0/0", None, None)], [("0.0.0.0/0", None, None)], id="the default route alone"),
        pytest.param(
            [("0.0.0.0/0", None, 32), ("203.0.113.4/32", None, None)], [("0.0.0.0/0", None, 32)], id="everything"
        ),
    ],
)
def test_merge_rules(
    rules: list[tuple[str, int | None, int | None]], expected: list[tuple[str, int | None, int | None]]
) -> None:
    assert merge_rules([made(PrefixRule, *known) for known in rules]) == tuple(
        made(PrefixRule, *known) for known in expected
    )
