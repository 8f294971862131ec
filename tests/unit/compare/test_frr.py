# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR configurations compared by what they mean: what must be found, and what must not."""

from __future__ import annotations

import ipaddress
import itertools
from contextlib import suppress
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import parse
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.frr.compare import (
    bgp_config,
    frr_difference,
    written_by,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.frr.policy import (
    DENY,
    Node,
    Outcome,
    outcome_at,
    prefix_list,
    route_map,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.frr.prefixes import (
    SHOWN,
    block,
    both,
    union,
    whole_text,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.frr.shown import shown
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.frr.words import written_out
from ansible_collections.hybridnet.cluster_edge.tests.support.drawn import examples
from ansible_collections.hybridnet.cluster_edge.tests.support.frr_mutations import BASE, COSMETIC, SEMANTIC, mutated
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize("name", COSMETIC)
def test_what_does_not_matter(name: str) -> None:
    assert frr_difference(BASE, mutated(COSMETIC[name])) == []


@pytest.mark.parametrize("name", SEMANTIC)
def test_what_matters(name: str) -> None:
    edits, expected = SEMANTIC[name]
    assert frr_difference(BASE, mutated(edits)) == expected


@pytest.mark.parametrize("name", SEMANTIC)
def test_a_difference_is_found_from_both_sides(name: str) -> None:
    swapped = {"first": "second", "second": "first"}
    edits, expected = SEMANTIC[name]
    told = frr_difference(mutated(edits), BASE)
    assert len(told) == len(expected)
    for line in expected:
        if line.endswith(("only in the first", "only in the second")):
            head, _blank, last = line.rpartition(" ")
            assert f"{head} {swapped[last]}" in told


def test_a_password_is_never_shown() -> None:
    one = bgp_config("router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 password s3cret")
    assert "s3cret" not in repr(one)
    assert "s3cret" not in f"{one.neighbors['10.0.0.5'].password}"


def one_filter(text: str, bound: str = "neighbor 10.0.0.5 route-map IN in", family: str = "ipv4") -> str:
    """Return a configuration with one neighbor and one filter."""
    return (
        "router bgp 65001\n no bgp default ipv4-unicast\n neighbor 10.0.0.5 remote-as 65002\n"
        f" address-family {family} unicast\n  neighbor 10.0.0.5 activate\n  {bound}\n exit-address-family\nexit\n{text}"
    )


def accepted(text: str, **arguments: str) -> list[str]:
    """Return what a filter accepts, told against one that takes nothing."""
    nothing = one_filter("route-map IN deny 10\n", **arguments)
    head = "neighbor 10.0.0.5: {}: accepts ".format(arguments.get("family", "ipv4"))
    told = frr_difference(one_filter(text, **arguments), nothing)
    assert all(line.startswith(head) for line in told)
    return [line[len(head) :].removesuffix(" only in the first") for line in told]


POLICIES = {
    # FRR: a list that does not exist matches nothing; one without entries permits all; the first match decides
    "undefined-list": ("route-map IN permit 10\n match ip address prefix-list NO\n", []),
    "undefined-list-in-a-deny": (
        "route-map IN deny 10\n match ip address prefix-list NO\nexit\nroute-map IN permit 20\n",
        ["any"],
    ),
    "list-without-entries": (
        "ip prefix-list E description nothing yet\nroute-map IN permit 10\n match ip address prefix-list E\n",
        ["any"],
    ),
    "first-match": (
        "ip prefix-list A seq 10 permit 10.0.0.0/8 le 32\nip prefix-list A seq 5 deny 10.1.0.0/16 le 32\n"
        "route-map IN permit 10\n match ip address prefix-list A\n",
        [
            "10.0.0.0/8 le 15, 10.0.0.0/16 le 32, 10.2.0.0/15 ge 16, 10.4.0.0/14 ge 16, 10.8.0.0/13 ge 16, "
            "10.16.0.0/12 ge 16, 10.32.0.0/11 ge 16, 10.64.0.0/10 ge 16 and 1 more"
        ],
    ),
    "later-line-of-a-kind-holds": (
        "ip prefix-list A permit 10.0.0.0/8\nip prefix-list B permit 10.9.0.0/16\n"
        "route-map IN permit 10\n match ip address prefix-list A\n match ip address prefix-list B\n",
        ["10.9.0.0/16"],
    ),
    "later-line-of-a-kind-holds-whatever-its-name": (
        "ip prefix-list A permit 10.0.0.0/8\nip prefix-list B permit 10.9.0.0/16\n"
        "route-map IN permit 10\n match ip address prefix-list B\n match ip address prefix-list A\n",
        ["10.0.0.0/8"],
    ),
    "later-line-of-a-kind-holds-though-it-stood-before": (
        "ip prefix-list A permit 10.0.0.0/8\nip prefix-list B permit 10.9.0.0/16\nroute-map IN permit 10\n"
        " match ip address prefix-list A\n match ip address prefix-list B\n match ip address prefix-list A\n",
        ["10.0.0.0/8"],
    ),
    "later-value-holds": (
        "route-map IN permit 10\n set local-preference 200\n set local-preference 100\n set community 65001:9\n"
        " set community 65001:1\n set ip next-hop 10.0.0.9\n set ip next-hop 10.0.0.8\n",
        ["any with community 65001:1 and ip next-hop 10.0.0.8 and local-preference 100"],
    ),
    "later-action-holds-for-all-lines-of-the-entry": (
        "ip prefix-list A permit 10.0.0.0/8\nroute-map IN deny 10\n match ip address prefix-list A\nexit\n"
        "route-map IN permit 10\n set metric 5\n",
        ["10.0.0.0/8 with metric 5"],
    ),
    "later-action-denies": ("route-map IN permit 10\n set metric 5\nexit\nroute-map IN deny 10\n", []),
    "later-entry-of-a-number-holds": (
        "ip prefix-list A seq 5 permit 10.9.0.0/16\nip prefix-list A seq 5 permit 10.0.0.0/8\n"
        "route-map IN permit 10\n match ip address prefix-list A\n",
        ["10.0.0.0/8"],
    ),
    "later-entry-of-a-number-holds-in-a-community-list": (
        "bgp community-list standard C seq 5 permit 65002:9\nbgp community-list standard C seq 5 permit 65002:1\n"
        "route-map IN permit 10\n match community C\n",
        ["any if it carries 65002:1"],
    ),
    "all-lines-must-match": (
        "ip prefix-list A permit 10.0.0.0/8 le 32\nbgp community-list standard C permit 65002:1 65002:2\n"
        "route-map IN permit 10\n match ip address prefix-list A\n match community C\n",
        ["10.0.0.0/8 le 32 if it carries 65002:1, if it carries 65002:2"],
    ),
    "community-deny-first": (
        "bgp community-list standard C seq 5 deny 65002:9\nbgp community-list standard C seq 10 permit 65002:1\n"
        "route-map IN permit 10\n match community C\n",
        ["any if it carries 65002:1, unless it carries 65002:9"],
    ),
    "internet-is-any-route": (
        "bgp community-list standard C permit internet\nroute-map IN permit 10\n match community C\n",
        ["any"],
    ),
    "undefined-community-list": ("route-map IN permit 10\n match community NO\n", []),
    "expanded": (
        "bgp community-list expanded C permit 65002:.*\nroute-map IN permit 10\n match community C\n",
        ["any if it has a community text that matches 65002:.*"],
    ),
    "as-path": (
        "bgp as-path access-list P permit ^65002$\nroute-map IN permit 10\n match as-path P\n",
        ["any if it has an AS path that matches ^65002$"],
    ),
    "prefix-len": ("route-map IN permit 10\n match ip address prefix-len 32\n", ["0.0.0.0/0 ge 32"]),
    "sets": (
        "route-map IN permit 10\n set local-preference 200\n set community 65001:2 65001:1 additive\n",
        ["any with community 65001:1 65001:2 additive and local-preference 200"],
    ),
    "all-that-a-policy-sets": (
        "route-map IN permit 10\n set community 65001:1 additive\n set metric 50\n set as-path prepend 65000 65000\n",
        ["any with as-path prepend 65000 65000 and community 65001:1 additive and metric 50"],
    ),
    "a-path-is-prepended-and-cut": (
        "route-map IN permit 10\n set as-path prepend 65000\n set as-path exclude 65009\n",
        ["any with as-path exclude 65009 and as-path prepend 65000"],
    ),
    "the-last-prepend-holds-in-either-order": (
        "route-map IN permit 10\n set as-path prepend last-as 2\n set as-path prepend 65000\n",
        ["any with as-path prepend 65000"],
    ),
    "the-last-prepend-holds": (
        "route-map IN permit 10\n set as-path prepend 65000\n set as-path prepend last-as 2\n",
        ["any with as-path prepend last-as 2"],
    ),
    "other-family": ("route-map IN permit 10\n match ipv6 address prefix-list A\nipv6 prefix-list A permit any\n", []),
    "other-match-stays-as-it-is": ("route-map IN permit 10\n match tag 7\n", ["any if it has tag 7"]),
}


@pytest.mark.parametrize("name", POLICIES)
def test_route_maps(name: str) -> None:
    text, expected = POLICIES[name]
    assert accepted(text) == expected


BOUND = {
    "undefined-route-map": ("", "neighbor 10.0.0.5 route-map NO in", []),
    "undefined-prefix-list": ("", "neighbor 10.0.0.5 prefix-list NO in", []),
    "prefix-list": ("ip prefix-list A permit 10.0.0.0/8\n", "neighbor 10.0.0.5 prefix-list A in", ["10.0.0.0/8"]),
    "filter-list": (
        "bgp as-path access-list P permit ^65002$\n",
        "neighbor 10.0.0.5 filter-list P in",
        ["any if it has an AS path that matches ^65002$"],
    ),
    "list-and-map": (
        "ip prefix-list A permit 10.0.0.0/8 ge 9 le 9\nroute-map IN permit 10\n set metric 5\n",
        "neighbor 10.0.0.5 prefix-list A in\n  neighbor 10.0.0.5 route-map IN in",
        ["10.0.0.0/8 ge 9 le 9 with metric 5"],
    ),
    "nothing-is-bound": ("", "", []),
}


@pytest.mark.parametrize("name", BOUND)
def test_bound_filters(name: str) -> None:
    text, bound, expected = BOUND[name]
    assert accepted(text, bound=bound) == expected


def test_a_followed_map_and_one_with_jumps() -> None:
    """A route-map that jumps is not followed: it equals only one that says the same, whatever its numbers."""
    jumps = (
        "ip prefix-list {0} permit 10.0.0.0/8\nroute-map IN permit {1}\n match ip address prefix-list {0}\n on-match goto {2}\n"
        "exit\nroute-map IN deny {3}\nexit\nroute-map IN permit {2}\n"
    )
    one = one_filter(jumps.format("A", 10, 30, 20))
    assert frr_difference(one, one_filter(jumps.format("B", 1, 3, 2))) == []
    assert frr_difference(one, one_filter(jumps.format("A", 10, 30, 20).replace("10.0.0.0/8", "10.0.0.0/9"))) != []
    assert frr_difference(one, one_filter("route-map IN permit 10\n")) != []


CALLING = "route-map IN permit 10\n call {0}\nexit\n{1}"
PASSES_SOME = "ip prefix-list A permit 10.0.0.0/8\nroute-map {0} permit 10\n match ip address prefix-list A\nexit\n"
PASSES_ALL = "route-map {0} permit 10\nexit\n"
NINE = [f"10.{number}.0.0/24" for number in range(0, 18, 2)]  # more than a line shows


def passing(*prefixes: str) -> str:
    """Return a route-map C that lets these prefixes pass."""
    lists = "".join(f"ip prefix-list A permit {prefix}\n" for prefix in prefixes)
    return f"{lists}route-map C permit 10\n match ip address prefix-list A\nexit\n"


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        pytest.param(CALLING.format("C", PASSES_SOME.format("C")), CALLING.format("C", PASSES_ALL.format("C")), False,
                     id="it passes some or all"),
        pytest.param(CALLING.format("C", PASSES_SOME.format("C")), CALLING.format("D", PASSES_SOME.format("D")), True,
                     id="another name"),
        pytest.param(CALLING.format("C", PASSES_ALL.format("C")), CALLING.format("C", ""), False, id="it is not there"),
        pytest.param(CALLING.format("C", ""), CALLING.format("D", ""), True, id="neither is there"),
        pytest.param(CALLING.format("IN", ""), CALLING.format("IN", ""), True, id="it calls itself"),
        pytest.param(CALLING.format("IN", ""), CALLING.format("C", ""), False, id="it calls itself or nothing"),
        pytest.param(
            CALLING.format("C", "route-map C permit 10\n call D\nexit\n" + PASSES_SOME.format("D")),
            CALLING.format("C", "route-map C permit 10\n call D\nexit\n" + PASSES_ALL.format("D")),
            False,
            id="the one that it calls calls another one",
        ),
        pytest.param(CALLING.format("C10", PASSES_ALL.format("C10")), CALLING.format("C", PASSES_ALL.format("C")), True,
                     id="a name with the number of an entry"),
        pytest.param(
            CALLING.format("C", passing(*NINE)), CALLING.format("C", passing(*NINE[:8], "10.99.0.0/24")), False,
            id="the ninth prefix",
        ),
    ],
)  # fmt: skip
def test_a_route_map_that_is_called_counts_by_what_it_does(one: str, other: str, equal: bool) -> None:
    assert (frr_difference(one_filter(one), one_filter(other)) == []) is equal
    assert (frr_difference(one_filter(other), one_filter(one)) == []) is equal


BOUND_ELSEWHERE = {
    "redistribute": "redistribute connected route-map C",
    "default-originate": "neighbor 10.0.0.5 default-originate route-map C",
    "table-map": "table-map C",
}


@pytest.mark.parametrize("name", BOUND_ELSEWHERE)
def test_no_prefix_of_a_long_list_is_passed_over(name: str) -> None:
    """A line shows eight prefixes; what is compared is all of them."""
    one, other = (
        one_filter(passing(*NINE[:8], last), bound=BOUND_ELSEWHERE[name]) for last in (NINE[8], "10.99.0.0/24")
    )
    assert frr_difference(one, one) == []
    assert frr_difference(one, other) != []


MANY = [f"10.{number // 100}.{2 * (number % 100)}.0/24" for number in range(301)]
BY_LIST = {
    "prefix": "route-map C permit 10\n match ip address prefix-list A\nexit\n",
    "next hop": "route-map C permit 10\n match ip next-hop prefix-list A\nexit\n",
    "call": "route-map C permit 10\n call D\nexit\nroute-map D permit 10\n match ip address prefix-list A\nexit\n",
    "access-list": "route-map C permit 10\n match ip address 5\nexit\n",
}
BOUND_ANYWHERE = {
    **BOUND_ELSEWHERE,
    "accepts": "neighbor 10.0.0.5 route-map C in",
    "suppress-map": "aggregate-address 10.0.0.0/8 suppress-map C",
    "aggregate": "aggregate-address 10.0.0.0/8 route-map C",
    "advertise-map": "neighbor 10.0.0.5 advertise-map C exist-map C",
}


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("by", BY_LIST)
@pytest.mark.parametrize("bound", BOUND_ANYWHERE)
def test_a_row_of_long_lists_is_short_and_names_what_differs(bound: str, by: str, swapped: bool) -> None:
    sides = [
        one_filter(
            "".join(f"ip prefix-list A permit {item}\naccess-list 5 permit {item}\n" for item in held) + BY_LIST[by],
            bound=BOUND_ANYWHERE[bound],
        )
        for held in (MANY[:300], MANY)
    ]
    told = frr_difference(*reversed(sides) if swapped else sides)
    assert max(map(len, told)) <= 1000
    assert MANY[300] in " ".join(told)
    assert MANY[20] not in " ".join(told)
    assert len(set(told)) == len(told)


@given(st.sets(st.integers(0, 40), min_size=1), st.integers(0, 40), st.booleans())
def test_what_is_shown_names_the_one_entry_in_which_two_lists_differ(
    numbers: set[int], one: int, contiguous: bool
) -> None:
    """Contiguous ones are written as fewer, larger ones, so that no word of the two texts need be the same."""
    step = 1 if contiguous else 2
    named = [block(f"10.0.{number * step}.0/24") for number in (*sorted(numbers - {one}), one)]
    less, more = whole_text(union(*named[:-1]), "ipv4"), whole_text(union(*named), "ipv4")
    seen = shown(more, less)
    assert seen == more if more.count(",") < SHOWN else seen.startswith(f"10.0.{one * step}.0/24 and ")
    assert shown(more, "").count(",") < SHOWN
    assert shown(less, less).count(",") < SHOWN


def test_a_prefix_of_another_entry_is_named_in_its_place() -> None:
    """Both sides have all prefixes; one of them has another tag."""
    lists = "".join(f"ip prefix-list {'A' if at < 10 else 'B'} permit {item}\n" for at, item in enumerate(MANY[:20]))
    maps = "".join(f"route-map C permit {n}\n match ip address prefix-list {n}\n set metric {n}\nexit\n" for n in "12")
    maps = maps.replace("prefix-list 1", "prefix-list A").replace("prefix-list 2", "prefix-list B")
    bound = BOUND_ELSEWHERE["redistribute"]
    moved = lists.replace(f"A permit {MANY[5]}\n", f"B permit {MANY[5]}\n")
    (line,) = frr_difference(one_filter(lists + maps, bound=bound), one_filter(moved + maps, bound=bound))
    assert MANY[5] in line.partition(" in the first")[0] + line.partition(" in the first")[2]
    assert f"{MANY[5]} and 10 more with metric 2 in the second" in line


@given(st.integers(0, 255), st.integers(24, 29), st.lists(st.booleans(), max_size=12))
def test_a_block_split_in_any_way_is_the_same_set(third: int, length: int, choices: list[bool]) -> None:
    whole = ipaddress.ip_network(f"10.0.{third}.0/{length}")
    parts = [whole]
    for index, split in enumerate(choices):
        at = index % len(parts)
        if split and parts[at].prefixlen < 32:
            parts[at : at + 1] = list(parts[at].subnets())
    lines = "\n".join(f"ip prefix-list A permit {part} ge 32" for part in reversed(parts)).replace("/32 ge 32", "/32")
    text = f"ip prefix-list B permit {whole} ge 32\n{lines}\n"
    objects = parse(text).objects
    assert prefix_list(objects, "A", "ipv4") == prefix_list(objects, "B", "ipv4")


ENTRIES = st.lists(
    st.tuples(st.booleans(), st.integers(0, 7), st.integers(29, 32), st.integers(29, 32), st.integers(29, 32)),
    max_size=5,
)


@given(ENTRIES)
def test_a_prefix_list_is_what_trying_each_route_says(entries: list[tuple[bool, int, int, int, int]]) -> None:
    """The set against FRR's own rule (lib/plist.c), route by route."""
    lines, rules = [], []
    for permit, low, length, ge, le in entries:
        network = ipaddress.ip_network((int(ipaddress.ip_address("10.0.0.0")) + low, length), strict=False)
        low_end, high_end = max(ge, length), max(le, ge, length)
        lines.append(f"ip prefix-list A {'permit' if permit else 'deny'} {network} ge {low_end} le {high_end}")
        rules.append((permit, network, low_end, high_end))
    lines.append("ip prefix-list A permit 10.0.0.4/30")
    rules.append((True, ipaddress.ip_network("10.0.0.4/30"), 30, 30))
    found = prefix_list(parse("\n".join(lines)).objects, "A", "ipv4")
    assert found is not None
    ranges = dict(found)
    for length in range(29, 33):
        for route in ipaddress.ip_network("10.0.0.0/29").subnets(new_prefix=length):
            first = next((p for p, network, ge, le in rules if route.subnet_of(network) and ge <= length <= le), False)
            inside = any(a <= int(route.network_address) <= b for a, b in ranges.get(length, ()))
            assert inside == first, route


LISTS = ("10.0.0.0/29 le 32", "10.0.0.0/30 ge 32", "10.0.0.4/30 le 31", "10.0.0.2/31 ge 32")
MARKS = ("65002:1", "65002:2")
MAPS = st.lists(
    st.tuples(
        st.booleans(), st.none() | st.integers(0, 3), st.none() | st.integers(0, 1), st.none() | st.integers(1, 3)
    ),
    max_size=5,
)


@given(MAPS)
def test_a_route_map_is_what_trying_each_route_says(
    entries: list[tuple[bool, int | None, int | None, int | None]],
) -> None:
    """The decision against FRR's own rule (lib/routemap.c), route by route, with each set of communities."""
    text = "".join(f"ip prefix-list L{index} permit {entry}\n" for index, entry in enumerate(LISTS))
    text += "".join(f"bgp community-list standard C{index} permit {mark}\n" for index, mark in enumerate(MARKS))
    for number, (permit, listed, marked, preference) in enumerate(entries):
        text += f"route-map M {'permit' if permit else 'deny'} {number + 1}\n"
        text += f" match ip address prefix-list L{listed}\n" if listed is not None else ""
        text += f" match community C{marked}\n" if marked is not None else ""
        text += f" set local-preference {preference}\n" if preference is not None else ""
    objects = parse(text).objects
    decision = route_map(objects, "M", "ipv4")
    inside = [prefix_list(objects, f"L{index}", "ipv4") or () for index in range(len(LISTS))]
    for length in range(28, 33):
        for route in ipaddress.ip_network("10.0.0.0/28").subnets(new_prefix=length):
            for carried in itertools.product((False, True), repeat=len(MARKS)):
                expected = DENY
                for permit, listed, marked, preference in entries:
                    fits = listed is None or bool(both(inside[listed], block(str(route))))
                    if fits and (marked is None or carried[marked]):
                        changes = () if preference is None else (f"local-preference {preference}",)
                        expected = Outcome(True, changes) if permit else DENY
                        break
                tree = outcome_at(decision, str(route))
                while isinstance(tree, Node):
                    tree = tree.yes if carried[MARKS.index(tree.condition.split()[-1])] else tree.no
                assert tree == expected, (route, carried)


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("neigh 10.0.0.5 remote 65001", "neighbor 10.0.0.5 remote-as 65001"),
        ("maximum-path 4", "maximum-paths 4"),
        ("exit", "exit"),
        ("exit-a", "exit-address-family"),
        ("no neighbor K act", "no neighbor K activate"),
        ("ip prefix A per 192.0.2.0/24 ge 32", "ip prefix-list A permit 192.0.2.0/24 ge 32"),
        ("neighbor K desc  two  words", "neighbor K description two words"),
        ("neighbor K timers connect 5", "neighbor K timers connect 5"),
        ("bgp r 192.0.2.1", "bgp router-id 192.0.2.1"),
        ("set as prep 65000 65000 65000", "set as-path prepend 65000 65000 65000"),
        ("set as-path prepend last 3", "set as-path prepend last 3"),  # may be any word
        ("set as-path pre last-as 3", "set as-path prepend last-as 3"),
        ("set met 50", "set metric 50"),
        ("something else entirely", "something else entirely"),
        ("neighbor K pass s3cret", "neighbor K password s3cret"),
        ("neighbor K p x", "neighbor K p x"),  # peer-group, password or port: FRR would refuse it
    ],
)
def test_abbreviations(line: str, whole: str) -> None:
    assert written_out(line) == whole


DEFAULTS = {
    "frr-version-7.3-needs-no-policy": (
        "frr version 7.3\nrouter bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n",
        [
            "bgp network import-check: off only in the first",
            "neighbor 10.0.0.5: ipv4: accepts any only in the first",
            "neighbor 10.0.0.5: ipv4: announces any only in the first",
        ],
    ),
    "anything-becomes-a-filter": (
        "router bgp 65001\n no bgp ebgp-requires-policy\n neighbor 10.0.0.5 remote-as 65002\n",
        "router bgp 65001\n no bgp ebgp-requires-policy\n neighbor 10.0.0.5 remote-as 65002\n"
        " neighbor 10.0.0.5 prefix-list A in\n"
        "ip prefix-list A permit 192.168.69.0/24 ge 32\nip prefix-list A permit 203.0.113.88/29 ge 32\n",
        [
            "neighbor 10.0.0.5: ipv4: accepts anything in the first, 192.168.69.0/24 ge 32, 203.0.113.88/29 ge 32 in the second"
        ],
    ),
    "a-filter-that-sets-something-becomes-anything": (
        "router bgp 65001\n no bgp ebgp-requires-policy\n neighbor 10.0.0.5 remote-as 65002\n"
        " neighbor 10.0.0.5 route-map M in\n"
        "ip prefix-list A permit 192.168.69.0/24 ge 32\n"
        "route-map M permit 10\n match ip address prefix-list A\n set local-preference 50\n",
        "router bgp 65001\n no bgp ebgp-requires-policy\n neighbor 10.0.0.5 remote-as 65002\n",
        [
            "neighbor 10.0.0.5: ipv4: accepts 192.168.69.0/24 ge 32 with local-preference 50 in the first, anything in the second"
        ],
    ),
    "datacenter": (
        "frr defaults datacenter\nrouter bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n",
        "router bgp 65001\n no bgp ebgp-requires-policy\n neighbor 10.0.0.5 remote-as 65002\n"
        " neighbor 10.0.0.5 timers 3 9\n neighbor 10.0.0.5 timers connect 10\n",
        [],
    ),
    "within-one-AS-nothing-is-needed": (
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65001\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n neighbor 10.0.0.5 prefix-list A in\n"
        "ip prefix-list A permit any\n",
        [],
    ),
    "defaults-that-people-write-out": (
        "router bgp 65001\n bgp fast-external-failover\n bgp suppress-duplicates\n neighbor 10.0.0.5 remote-as 65002\n"
        " neighbor 10.0.0.5 advertisement-interval 0\n neighbor 10.0.0.5 graceful-restart-helper\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n",
        [],
    ),
    "defaults-that-are-changed": (
        "router bgp 65001\n no bgp fast-external-failover\n no bgp suppress-duplicates\n"
        " neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 advertisement-interval 30\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n",
        [
            "bgp fast-external-failover: off only in the first",
            "bgp suppress-duplicates: off only in the first",
            "neighbor 10.0.0.5: advertisement-interval: 30 only in the first",
        ],
    ),
    "a-helper-where-the-router-itself-restarts": (
        "router bgp 65001\n bgp graceful-restart\n neighbor 10.0.0.5 remote-as 65002\n"
        " neighbor 10.0.0.5 graceful-restart-helper\n",
        "router bgp 65001\n bgp graceful-restart\n neighbor 10.0.0.5 remote-as 65002\n",
        ["neighbor 10.0.0.5: graceful restart: restarts gracefully only in the second"],
    ),
    "graceful-restart-of-all-or-of-each": (
        "router bgp 65001\n bgp graceful-restart\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.6 remote-as 65002\n",
        "router bgp 65001\n neighbor G peer-group\n neighbor G remote-as 65002\n neighbor G graceful-restart\n"
        " neighbor 10.0.0.5 peer-group G\n neighbor 10.0.0.6 peer-group G\n bgp graceful-restart restart-time 120\n",
        [],
    ),
    "a-member-that-does-not-restart-gracefully": (
        "router bgp 65001\n neighbor G peer-group\n neighbor G remote-as 65002\n neighbor G graceful-restart\n"
        " neighbor 10.0.0.5 peer-group G\n neighbor 10.0.0.5 graceful-restart-disable\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n",
        ["neighbor 10.0.0.5: graceful restart: off only in the first"],
    ),
    "each-line-about-bfd-counts": (
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 bfd profile fast\n"
        " neighbor 10.0.0.5 bfd check-control-plane-failure\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 bfd\n"
        " neighbor 10.0.0.5 bfd profile slow\n neighbor 10.0.0.5 bfd check-control-plane-failure\n",
        ["neighbor 10.0.0.5: bfd profile: fast in the first, slow in the second"],
    ),
    "a-bfd-profile-is-what-it-sets": (
        "bfd\n profile a\n  detect-multiplier 3\n  receive-interval 100\n exit\n !\n profile b\n  passive-mode\n exit\nexit\n"
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 bfd profile a\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 bfd profile b\nexit\n"
        "bfd\n profile b\n  receive-interval 100\n  detect-multiplier 3\nexit\n",
        [],
    ),
    "bfd-profiles-of-one-name": (
        "bfd\n profile a\n  detect-multiplier 3\n exit\nexit\n"
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 bfd profile a\n",
        "bfd\n profile a\n  detect-multiplier 5\n exit\nexit\n"
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 bfd profile a\n",
        ["neighbor 10.0.0.5: bfd profile: detect-multiplier 3 in the first, detect-multiplier 5 in the second"],
    ),
    "old-words-for-bfd-timers": (
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 bfd 3 300 300\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 bfd\n",
        ["neighbor 10.0.0.5: bfd timers: 3 300 300 only in the first"],
    ),
    "timers-of-three-kinds": (
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 timers 3 9\n"
        " neighbor 10.0.0.5 timers delayopen 10\n neighbor 10.0.0.5 timers connect 5\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 timers 3 9\n"
        " neighbor 10.0.0.5 timers connect 5\n",
        ["neighbor 10.0.0.5: delay of open: 10 s only in the first"],
    ),
    "what-frr-does-not-show": (
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n neighbor 10.0.0.5 enforce-first-as\n"
        " neighbor eth0 interface remote-as external\n neighbor eth0 capability extended-nexthop\n"
        " address-family ipv4 unicast\n  distance bgp 20 200 200\n  neighbor 10.0.0.5 allowas-in 3\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n neighbor eth0 interface remote-as external\n"
        " address-family ipv4 unicast\n  neighbor 10.0.0.5 allowas-in\n",
        [],
    ),
    "other-spellings-of-one-thing": (
        "router bgp 65001\n bgp default local-preference 100\n bgp client-to-client reflection\n"
        " neighbor 10.0.0.5 remote-as internal\n neighbor 10.0.0.5 route-map M in\n"
        " address-family ipv4 unicast\n  network 10.1.0.0 mask 255.255.0.0\n  bgp dampening 15 750 2000 60\n"
        "  neighbor 10.0.0.5 next-hop-self all\nroute-map M permit 10\n match ip next-hop 10.0.0.9\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n neighbor 10.0.0.5 route-map M in\n"
        " address-family ipv4 unicast\n  network 10.1.0.0/16\n  bgp dampening\n  neighbor 10.0.0.5 next-hop-self force\n"
        "route-map M permit 10\n match ip next-hop address 10.0.0.9\n",
        [],
    ),
    "prefixes-with-host-bits-and-masks": (
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n address-family ipv4 unicast\n"
        "  network 10.1.0.5/16\n  network 10.2.0.7 mask 255.255.0.0 route-map M\n"
        "  aggregate-address 10.1.0.0 255.255.0.0 summary-only\n  aggregate-address 10.3.0.9/16\n"
        "  network 0.0.0.0\n  network 172.16.5.0 mask 0.0.0.255\n  network 192.168.5.0\n"
        "  aggregate-address 10.4.0.0 255.0.255.0\n  network 2001:DB8:1::5/48\n"
        "ip prefix-list P permit 10.2.0.0/16\nroute-map M permit 10\n match ip address prefix-list P\n set metric 5\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n address-family ipv4 unicast\n"
        "  network 10.1.0.0/16\n  network 10.2.0.0/16 route-map M\n"
        "  aggregate-address 10.1.0.0/16 summary-only\n  aggregate-address 10.3.0.0/16\n"
        "  network 0.0.0.0/0\n  network 192.168.5.0/24\n  aggregate-address 10.0.0.0/8\n  network 2001:db8:1::/48\n"
        "route-map M permit 10\n set metric 5\n",
        [],
    ),
    "a-map-that-is-not-followed-reads-well": (
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n neighbor 10.0.0.5 route-map M in\n"
        "bgp community-list standard C permit 65001:1\nroute-map M permit 10\n match community C\n on-match next\n"
        "route-map M permit 20\n set metric 5\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n",
        [
            "neighbor 10.0.0.5: ipv4: accepts any with as it stands: 1 permit: any; if it carries 65001:1; on-match next /"
            " 2 permit: any; metric 5 in the first, as it is in the second"
        ],
    ),
    "an-interface-of-another-vrf-ends-the-one-before": (  # FRR 7.5 shows no exit
        "interface br0\n ip address 10.0.0.1/24\n!\ninterface br5 vrf M\n ip address 10.5.0.1/24\n!\n"
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n neighbor 10.0.0.5 update-source br0\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n neighbor 10.0.0.5 update-source 10.0.0.1\n",
        [],
    ),
    "the-AS-of-the-session-decides-whether-it-is-internal": (
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65009\n neighbor 10.0.0.5 local-as 65009\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n neighbor 10.0.0.5 local-as 65009\n",
        [],
    ),
    "router-id-of-all-daemons": (
        "ip router-id 10.0.0.1\nrouter bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n",
        "router-id 10.0.0.9\nrouter bgp 65001\n bgp router-id 10.0.0.1\n neighbor 10.0.0.5 remote-as 65002\n",
        [],
    ),
    "source-by-the-name-of-an-interface": (
        "interface lo\n ip address 10.255.0.1/32\n ipv6 address fd00::1/128\nexit\ninterface eth0\n ip address 10.0.0.1/24\n"
        " ip address 10.0.1.1/24\nexit\nrouter bgp 65001\n neighbor 10.0.0.5 remote-as internal\n"
        " neighbor 10.0.0.5 update-source lo\n neighbor fd00::5 remote-as internal\n neighbor fd00::5 update-source lo\n"
        " neighbor 10.0.0.6 remote-as internal\n neighbor 10.0.0.6 update-source eth0\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n neighbor 10.0.0.5 update-source 10.255.0.1\n"
        " neighbor fd00::5 remote-as internal\n neighbor fd00::5 update-source fd00::1\n"
        " neighbor 10.0.0.6 remote-as internal\n neighbor 10.0.0.6 update-source 10.0.0.1\n",
        ["neighbor 10.0.0.6: update-source: eth0 in the first, 10.0.0.1 in the second"],
    ),
    "lengths-in-either-order": (
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 prefix-list A in\n"
        "ip prefix-list A permit 10.1.0.0/16 le 28 ge 24\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 prefix-list A in\n"
        "ip prefix-list A permit 10.1.0.0/16 ge 24 le 28\n",
        [],
    ),
    "maps-of-one-name-that-do-something-else": (
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n address-family ipv4 unicast\n  table-map T\n"
        "  neighbor 10.0.0.5 advertise-map T exist-map T\nroute-map T permit 10\n set metric 5\n",
        "router bgp 65001\n neighbor 10.0.0.5 remote-as internal\n address-family ipv4 unicast\n  table-map T\n"
        "  neighbor 10.0.0.5 advertise-map T exist-map T\nroute-map T permit 10\n",
        [
            "ipv4: table-map (any with metric 5) only in the first",
            "ipv4: table-map (any) only in the second",
            "neighbor 10.0.0.5: ipv4: advertise-map: advertise-map (any with metric 5) exist-map (any with metric 5) in the"
            " first, advertise-map (any) exist-map (any) in the second",
        ],
    ),
    "no-bgp-in-either": ("hostname a\n", "hostname b\n", []),
    "no-bgp-in-one": ("hostname a\n", "router bgp 65001\n", ["BGP runs only in the second"]),
    "member-that-is-not-active": (
        "router bgp 65001\n no bgp default ipv4-unicast\n neighbor G peer-group\n neighbor G remote-as 65002\n"
        " neighbor 10.0.0.5 peer-group G\n address-family ipv4 unicast\n  neighbor G activate\n"
        "  no neighbor 10.0.0.5 activate\n",
        "router bgp 65001\n no bgp default ipv4-unicast\n neighbor 10.0.0.5 remote-as 65002\n",
        [],
    ),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults(name: str) -> None:
    one, other, expected = DEFAULTS[name]
    assert frr_difference(one, other) == expected


@pytest.mark.parametrize(
    ("text", "version"),
    [
        pytest.param("frr version 10.1.2\nfrr defaults traditional\n", "10.1.2", id="at the top"),
        pytest.param("Building configuration...\n\nfrr version 8.1\n", "8.1", id="as vtysh shows it"),
        pytest.param("frr version 8.4.4-r1\n", "8.4.4", id="a build's own suffix"),
        pytest.param("! frr version 8.1\n", None, id="a comment"),
        pytest.param("frr version ten\n", None, id="no number"),
        pytest.param("router bgp 65001\n", None, id="not named"),
    ],
)
def test_the_version_that_wrote_a_configuration_is_named_in_it(text: str, version: str | None) -> None:
    assert written_by(text) == version


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "router bgp 65001\nexit\nrouter bgp 65002\n",
            "the configuration has two BGP instances in the default VRF: 'router bgp 65001' and 'router bgp 65002'",
        ),
        (
            "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 timers 3 nine\n",
            "'neighbor 10.0.0.5 timers 3 nine' lacks two numbers of seconds, for keepalive and hold time: FRR refuses it",
        ),
        (
            "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 timers 3\n",
            "'neighbor 10.0.0.5 timers 3' lacks two numbers of seconds, for keepalive and hold time: FRR refuses it",
        ),
        (
            "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 timers\n",
            "'neighbor 10.0.0.5 timers' lacks two numbers of seconds, for keepalive and hold time: FRR refuses it",
        ),
        (
            "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 timers connect\n",
            "'neighbor 10.0.0.5 timers connect' lacks a number of seconds: FRR refuses it",
        ),
        (
            "router bgp 65001\n neighbor G peer-group\n neighbor G maximum-prefix\n",
            "'neighbor G maximum-prefix' lacks a number of prefixes: FRR refuses it",
        ),
        ("router bgp 65001\n bgp router-id\n", "'bgp router-id' ends too early: FRR refuses it"),
        (
            "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n address-family ipv4 unicast\n"
            "  neighbor 10.0.0.5 maximum-prefix 5 restart\n",
            "'neighbor 10.0.0.5 maximum-prefix 5 restart' lacks a number of prefixes, and one of minutes behind restart:"
            " FRR refuses it",
        ),
        (
            "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 route-map M in\n"
            "route-map M permit 10\n match ip address prefix-len a\n",
            "route-map M permit 10: 'match ip address prefix-len a' has no number for a prefix length: FRR refuses it",
        ),
        (
            "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n neighbor 10.0.0.5 route-map M in\n"
            "route-map M permit 10\n set\n",
            "route-map M permit 10: 'set' does not say what is set: FRR refuses it",
        ),
        (
            "ip prefix-list WAY seq permit 10.0.0.0/8\nrouter bgp 65001\n",
            "'ip prefix-list WAY seq permit 10.0.0.0/8' has no sequence number, and then an entry: FRR refuses it",
        ),
    ],
)
def test_errors(text: str, problem: str) -> None:
    with pytest.raises(EdgeError) as told:
        bgp_config(text)
    assert str(told.value) == problem


WRITTEN = [
    path.read_text(encoding="utf-8").splitlines() for path in Path(__file__).parents[2].glob("sites/*/*.frr.conf")
]
LINES = sorted({line for lines in WRITTEN for line in lines})
WORDS = sorted(
    {word for line in LINES for word in line.split()} | {"-1", "x", "::", "300.1.1.1", "no", "seq", "exit", '"'}
)


@st.composite
def slips(draw: st.DrawFn) -> tuple[str, str]:
    """Return a configuration, and the same with a few slips of the pen."""
    lines = draw(st.sampled_from(WRITTEN))
    wrong = list(lines)
    for _slip in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(wrong) - 1))
        words = wrong[at].split(" ")
        word = draw(st.integers(0, len(words) - 1))
        put = draw(st.none() | st.sampled_from(WORDS))
        wrong[at] = " ".join(words[:word] + ([] if put is None else [put]) + words[word + draw(st.booleans()) :])
        if draw(st.booleans()):
            wrong.insert(at, draw(st.sampled_from(LINES)))
    return "\n".join(lines), "\n".join(wrong)


@pytest.mark.thorough
@settings(max_examples=examples(400))
@given(slips())
def test_no_slip_ends_in_a_traceback_or_differs_from_itself(texts: tuple[str, str]) -> None:
    sound, wrong = texts
    with suppress(EdgeError):
        assert frr_difference(wrong, wrong) == []
        frr_difference(sound, wrong)


REDISTRIBUTED = (
    "router bgp 64700\n neighbor 10.99.0.11 remote-as 64701\n address-family ipv4 unicast\n"
    "  redistribute connected{bound}\n exit-address-family\nexit\n{maps}"
)
TAGS = "route-map redistributed permit 10\n set tag 65535\nexit\n"


# -- next hops -----------------------------------------------------------------------------------------------------
SIX = """router bgp 65001
 no bgp default ipv4-unicast
 neighbor fd00::5 remote-as 65002
 address-family ipv6 unicast
  neighbor fd00::5 activate
  neighbor fd00::5 route-map IN in
 exit-address-family
exit
ipv6 prefix-list A seq 5 permit fd00:1::/64 ge 128
ipv6 prefix-list B seq 5 permit fd00:2::/64 ge 128
route-map IN permit 10
 match ipv6 address prefix-list A
{}exit
route-map IN permit 20
 match ipv6 address prefix-list B
{}exit
"""
OWN, GLOBAL = " set ipv6 next-hop peer-address\n", " set ipv6 next-hop prefer-global\n"
ITSELF = "neighbor fd00::5: ipv6: routes lead to the neighbor itself only in the second"
NO_LINK_LOCAL = "neighbor fd00::5: ipv6: link-local next hops are not used only in the second"


@pytest.mark.parametrize(
    ("live", "planned", "expected"),
    [
        pytest.param(("", ""), (OWN + GLOBAL,) * 2, [NO_LINK_LOCAL, ITSELF], id="neither"),
        pytest.param((GLOBAL, GLOBAL), (OWN + GLOBAL,) * 2, [ITSELF], id="one of the two"),
        pytest.param((GLOBAL + OWN,) * 2, (OWN + GLOBAL,) * 2, [], id="both, in another order"),
        pytest.param(
            ("", OWN + GLOBAL),
            (OWN + GLOBAL,) * 2,
            [
                NO_LINK_LOCAL,
                ITSELF,
                "neighbor fd00::5: ipv6: accepts fd00:2::/64 ge 128 with ipv6 next-hop peer-address and ipv6 next-hop"
                " prefer-global in the first, as it is in the second",
            ],
            id="on some routes alone",
        ),
    ],
)
def test_next_hops_that_a_route_map_sets_on_all_routes(
    live: tuple[str, str], planned: tuple[str, str], expected: list[str]
) -> None:
    assert frr_difference(SIX.format(*live), SIX.format(*planned)) == expected


def test_next_hops_of_nothing_are_no_setting() -> None:
    denied = SIX.format("", "").replace("route-map IN permit", "route-map IN deny")
    assert frr_difference(denied, denied.replace(" match", OWN + " match")) == []


def test_a_tag_that_no_route_map_matches_changes_nothing() -> None:
    plain = REDISTRIBUTED.format(bound="", maps="")
    ours = REDISTRIBUTED.format(bound=" route-map redistributed", maps=TAGS)
    assert frr_difference(plain, ours, "10.1") == []
    other = "route-map other permit 10\n match tag 7\nexit\n"
    assert frr_difference(plain, ours + other, "10.1") == []


def test_a_tag_that_a_route_map_matches_is_told() -> None:
    plain = REDISTRIBUTED.format(bound="", maps="")
    reader = "route-map to-nas permit 10\n match tag 65535\nexit\n"
    ours = REDISTRIBUTED.format(bound=" route-map redistributed", maps=TAGS + reader)
    assert frr_difference(plain, ours, "10.1") == [
        "ipv4: redistribute connected: on in the first, any with tag 65535 in the second"
    ]
    few = "route-map redistributed permit 10\n match ip address prefix-list X\n set tag 65535\nexit\n"
    lists = "ip prefix-list X seq 5 permit 10.0.0.0/8\n"
    ours = REDISTRIBUTED.format(bound=" route-map redistributed", maps=few + lists)
    assert frr_difference(plain, ours, "10.1") == [
        "ipv4: redistribute connected: on in the first, 10.0.0.0/8 in the second"
    ]
