# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned addresses: who gets which, what never changes, and the file that keeps them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.addresses import Address, parse_address
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.families import Family
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.intervals import Interval, contains
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._pools.allocation import Allocation, Wish, assign
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._pools.allocation_file import (
    format_allocations,
    parse_allocations,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.drawn import examples
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.invalid import edited
from hypothesis import given, settings
from hypothesis import strategies as st

POOLS = {
    "big": (Interval(Family.IPV4, 1000, 1200), Interval(Family.IPV6, 5000, 5200)),
    "small": (Interval(Family.IPV4, 2000, 2003), Interval(Family.IPV4, 2010, 2012)),
}
FAMILIES = {"big": [(Family.IPV4,), (Family.IPV6,), (Family.IPV4, Family.IPV6)], "small": [(Family.IPV4,)]}


@st.composite
def wishes(draw: st.DrawFn) -> list[Wish]:
    """Return services with unique names; none is pinned."""
    names = draw(st.lists(st.integers(0, 60).map(lambda n: f"ns/s{n}"), unique=True, max_size=25))
    result = []
    for name in names:
        pool = draw(st.sampled_from(sorted(POOLS)))
        group = draw(st.sampled_from(["", "", "", "ns/shared"]))
        result.append(Wish(name, pool, draw(st.sampled_from(FAMILIES[pool])), group=group))
    return result


def owners(wished: list[Wish], found: Allocation) -> dict[Address, set[tuple[str, str]]]:
    """Return the owners of each address, where a sharing group is one owner."""
    result: dict[Address, set[tuple[str, str]]] = {}
    for wish in wished:
        for address in found.addresses[wish.name]:
            result.setdefault(address, set()).add((wish.pool, wish.group or wish.name))
    return result


@given(wishes())
def test_no_address_is_outside_its_pool_or_has_two_owners(wished: list[Wish]) -> None:
    found = assign(POOLS, wished, {})
    for wish in wished:
        assert all(contains(POOLS[wish.pool], address.interval) for address in found.addresses[wish.name])
    assert all(len(own) == 1 for own in owners(wished, found).values())


@given(wishes(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(wished: list[Wish], random: object) -> None:
    shuffled = list(wished)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert assign(POOLS, wished, {}).addresses == assign(POOLS, shuffled, {}).addresses


@pytest.mark.thorough
@settings(max_examples=examples(200))
@given(wishes(), wishes(), st.sets(st.integers(0, 60)))
def test_addresses_stay_when_others_come_and_go(wished: list[Wish], more: list[Wish], gone: set[int]) -> None:
    before = assign(POOLS, wished, {})
    known = {wish.name for wish in wished}
    after = [wish for wish in wished if int(wish.name.removeprefix("ns/s")) not in gone]
    joined = [*after, *(wish for wish in more if wish.name not in known)]
    found = assign(POOLS, joined, before.addresses)
    assert found.moves == ()
    for wish in after:
        assert set(before.addresses[wish.name]) <= set(found.addresses[wish.name])
    assert all(len(own) == 1 for own in owners(joined, found).values())


@given(wishes())
def test_a_second_plan_changes_nothing(wished: list[Wish]) -> None:
    first = assign(POOLS, wished, {})
    assert assign(POOLS, wished, first.addresses).addresses == first.addresses


def test_pinned_addresses_come_first_and_the_lowest_free_one_next() -> None:
    pinned = Address(Family.IPV4, 2000)
    found = assign(POOLS, [Wish("a/a", "small", (Family.IPV4,)), Wish("b/b", "small", (Family.IPV4,), (pinned,))], {})
    assert found.addresses == {"a/a": (Address(Family.IPV4, 2001),), "b/b": (pinned,)}


def test_services_of_a_group_share_the_pinned_address_of_one() -> None:
    pinned = Address(Family.IPV4, 2002)
    wished = [
        Wish("a/a", "small", (Family.IPV4,), group="g"),
        Wish("b/b", "small", (Family.IPV4,), (pinned,), group="g"),
    ]
    assert assign(POOLS, wished, {}).addresses["a/a"] == (pinned,)


def test_a_full_or_closed_pool_gives_nothing_and_takes_nothing_away() -> None:
    full = assign(POOLS, [Wish(f"a/s{n}", "small", (Family.IPV4,)) for n in range(8)], {})
    assert [len(own) for own in full.addresses.values()] == [1] * 7 + [0]
    kept = {"a/s1": (Address(Family.IPV4, 2003),)}
    closed = assign(POOLS, [Wish(f"a/s{n}", "small", (Family.IPV4,)) for n in range(2)], kept, frozenset({"small"}))
    assert closed.addresses == {"a/s0": (), "a/s1": (Address(Family.IPV4, 2003),)}


def planned(kept: dict[str, tuple[str, ...]], **values: object) -> dict[str, object]:
    """Return the plan's content for the site of the tests, planned in the cluster ``home``."""
    edits = {"home|edge_allocation": "planned", **{key.replace("__", "|"): value for key, value in values.items()}}
    document = edited(edits, (), "pools")
    return plan(replace(inventory_from(document), allocations=kept)).data


def test_the_plan_carries_the_addresses_of_services_that_pin_none() -> None:
    data = planned({"home/web/b": ("10.1.0.5",), "home/web/gone": ("10.1.0.0",), "lab/x/y": ("10.9.0.1",)})
    assert data["allocations"] == {
        "home/web/a": ["10.1.0.0"],
        "home/web/b": ["10.1.0.5"],
        "home/web/c": ["10.3.0.0"],
        "home/web/d": ["192.0.2.64"],
    }


def test_a_service_that_may_move_says_so_in_the_plan() -> None:
    services = {"web/a": {"pool": "apps", "may_move": True}}
    data = planned({"home/web/a": ("10.7.0.7",)}, home__edge_services=services)
    assert data["allocations"] == {"home/web/a": ["10.1.0.0"]}
    assert {
        "path": "home.edge_services.web/a.addresses",
        "value": "10.1.0.0",
        "reason": "it may move: it had 10.7.0.7, which is not an address of pool 'apps'",
    } in data["derived"]  # type: ignore[operator]
    assert data["clusters"]["home"]["may_move"] == ["web/a"]  # type: ignore[index]


def test_without_planned_addresses_the_file_is_not_used() -> None:
    data = planned({"home/web/a": ("10.7.0.7",)}, home__edge_allocation="cilium")
    assert data["allocations"] == {}


def test_services_that_we_make_get_the_labels_that_their_pool_selects() -> None:
    data = plan(inventory_from(edited({"home|edge_pools|media|services": "tier=media,loud,!quiet"}, (), "pools"))).data
    (service,) = [item for item in data["clusters"]["home"]["services"] if item["name"] == "c"]
    labels = service["object"]["metadata"]["labels"]
    assert {"tier": "media", "loud": "", "cluster-edge.hybridnet/pool": "media"}.items() <= labels.items()
    assert "quiet" not in labels


FILE = """\
# Planned addresses, kept by hybridnet.cluster_edge: commit it. A line that is deleted is planned anew.
all:
  vars:
    edge_plan_allocations:
      home/web/a: ["10.1.0.0"]
      home/web/b: ["10.1.0.5", "2001:db8::5"]
"""


def test_the_file_has_one_line_per_service() -> None:
    allocations = {"home/web/b": ["10.1.0.5", "2001:db8::5"], "home/web/a": ["10.1.0.0"]}
    assert format_allocations(allocations) == FILE
    found, faults = parse_allocations(FILE)
    assert faults == []
    assert {name: [address.text for address in own] for name, own in found.items()} == allocations


@pytest.mark.parametrize("text", ["", "# nothing\n", format_allocations({})], ids=["empty", "comment", "written"])
def test_a_file_without_services(text: str) -> None:
    assert parse_allocations(text) == ({}, [])


def test_an_address_without_quotes_or_brackets_is_read_too() -> None:
    text = FILE.replace('["10.1.0.0"]', "1:2:3:4:5:6:7:8")
    assert parse_allocations(text)[0]["home/web/a"] == (parse_address("1:2:3:4:5:6:7:8", ""),)


FORM = "its form is all: {vars: {edge_plan_allocations: {CLUSTER/NAMESPACE/NAME: [ADDRESS]}}}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("all:", "all", [(3, "is not YAML: mapping values are not allowed in this context")]),
        ("all:", "any:", [(2, "is not a file of planned addresses")]),
        ("edge_plan_allocations", "edge_pools", [(2, "is not a file of planned addresses")]),
        ("home/web/b", "home/web/a", [(6, "home/web/a stands in line 5 too")]),
        ("home/web/b", "web/b", [(6, "'web/b' is not a service")]),
        ("10.1.0.5", "10.1.0", [(6, "home/web/b: 10.1.0 has 3 of the four numbers of an IPv4 address")]),
        ('"10.1.0.5", ', '"2001:db8::1", ', [(6, "home/web/b has 2 addresses")]),
        ('["10.1.0.0"]', "[]", [(5, "home/web/a has 0 addresses")]),
        ('["10.1.0.0"]', "[{}]", [(5, "home/web/a: a list stands here, but an address is needed")]),
        (
            "      home/web/b",
            "<<<<<<< HEAD\n      home/web/b",
            [(6, "is a line of a merge that nobody finished: '<<<<<<< HEAD'")],
        ),
    ],
    ids=["yaml", "top", "variable", "twice", "key", "address", "family", "none", "map", "conflict"],
)
def test_a_file_that_cannot_be_read(old: str, new: str, told: list[tuple[int, str]]) -> None:
    assert [(fault.line, fault.problem) for fault in parse_allocations(FILE.replace(old, new))[1]] == told


def test_the_file_is_a_valid_inventory_of_one_variable() -> None:
    assert list(yaml.safe_load(FILE)["all"]) == ["vars"]
