# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge between Ansible and the pool library: containers, errors, arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.template import trust_as_template
from ansible_collections.hybridnet.cluster_edge.plugins.filter.pools import FilterModule
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

FILTERS = FilterModule().filters()


class LazyList(list[str]):
    """Stands for ansible-core's lazy list: a subclass that must not reach the library or the result."""


class LazyDict(dict[str, Any]):
    """Stands for ansible-core's lazy dict."""


def strings() -> Iterator[str]:
    yield "10.0.0.0/30"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(LazyDict(a=LazyList(["x"])), {"a": ["x"]}, id="lazy"),
        pytest.param(trust_as_template("x"), "x", id="tagged"),
        pytest.param({trust_as_template("k"): ("x",)}, {"k": ["x"]}, id="tagged-key-and-tuple"),
        pytest.param(strings(), ["10.0.0.0/30"], id="generator"),
        pytest.param(True, True, id="boolean"),
        pytest.param(10.1, 10.1, id="float"),
        pytest.param(None, None, id="null"),
    ],
)
def test_plain_keeps_the_value_and_drops_the_container(value: Any, expected: Any) -> None:
    def types(item: Any) -> Any:
        if isinstance(item, dict):
            return type(item), [(types(key), types(one)) for key, one in item.items()]
        return (type(item), [types(one) for one in item]) if isinstance(item, list) else type(item)

    found = plain(value)
    assert found == expected
    assert types(found) == types(expected)


@pytest.mark.parametrize("name", sorted(set(FILTERS) - {"pool_overlaps"}))
@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param("banana", "banana is not an address (write IPv4 as 192.0.2.1, IPv6 as 2001:db8::1)", id="word"),
        pytest.param(
            False,
            "YAML made the boolean false of this value, but a CIDR, a range or an address is needed "
            "(quote it, such as '192.0.2.1')",
            id="boolean",
        ),
        pytest.param([], "the list is empty, but a pool needs an address (such as 203.0.113.88/29)", id="empty-list"),
        pytest.param(
            ["10.0.0.0/30", "10.0.0.300"], "[1]: 10.0.0.300 is not an IPv4 address: 300 is over 255", id="in-a-list"
        ),
        pytest.param(
            {"addresses": ["10.0.0.0/30", 7]},
            "addresses[1]: YAML made the number 7 of this value, but a CIDR, a range or an address is needed "
            "(quote it, such as '192.0.2.1')",
            id="in-a-map",
        ),
        pytest.param(
            {"addresses": "10.0.0.0/30", "exclude": "10.0.0.4"},
            "exclude: 10.0.0.4 is not inside the pool's addresses, 10.0.0.0-10.0.0.3 "
            "(exclude only what addresses holds)",
            id="exclude",
        ),
        pytest.param(
            ["10.0.0.0/30", "10.0.0.0"],
            "[1]: 10.0.0.0 overlaps 10.0.0.0/30 of the same pool at 10.0.0.0, "
            "and Cilium disables a pool that overlaps itself (write each address once)",
            id="self-overlap",
        ),
    ],
)
def test_every_filter_refuses_a_bad_pool_with_the_same_words(name: str, value: Any, told: str) -> None:
    arguments: dict[str, dict[str, Any]] = {
        "pool_contains": {"addresses": "10.0.0.1"},
        "pool_allocate": {"services": ["a"]},
    }
    with pytest.raises(AnsibleFilterError) as error:
        FILTERS[name](value, **arguments.get(name, {}))
    assert error.value.message == told


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        pytest.param(
            "pool_contains",
            {"addresses": []},
            "addresses: the list is empty, so there is nothing to look for",
            id="contains-nothing",
        ),
        pytest.param(
            "pool_contains",
            {"addresses": ["10.0.0.1", ""]},
            "addresses[1]: the text is empty, but a CIDR, a range or an address is needed",
            id="contains-empty",
        ),
        pytest.param(
            "pool_free",
            {"used": ["10.0.0.0/31"]},
            "used[0]: 10.0.0.0/31 is a CIDR, but one address is needed (write 10.0.0.0)",
            id="free-used-cidr",
        ),
        pytest.param(
            "pool_free",
            {"count": "3"},
            "count: '3' is not a number from 1 to 4096 (pool_capacity tells how many there are)",
            id="free-count-text",
        ),
        pytest.param("pool_free", {"family": 6}, "family: 6 is not a family (write ipv4 or ipv6)", id="free-family"),
        pytest.param(
            "pool_free",
            {"after": "last"},
            "after: last is not an address (write IPv4 as 192.0.2.1, IPv6 as 2001:db8::1)",
            id="free-after",
        ),
        pytest.param(
            "pool_allocate",
            {"services": "web"},
            "services: the value is neither a list of names nor a map (such as [media/plex, media/jellyfin])",
            id="allocate-text",
        ),
        pytest.param(
            "pool_allocate",
            {"services": ["a"], "assigned": ["a"]},
            "assigned: the value is not a map (write {service: [address, ...]})",
            id="allocate-assigned",
        ),
        pytest.param(
            "pool_allocate",
            {"services": ["a"], "assigned": {"a": ["x"]}},
            "assigned.a[0]: x is not an address (write IPv4 as 192.0.2.1, IPv6 as 2001:db8::1)",
            id="allocate-assigned-address",
        ),
    ],
)
def test_arguments_are_refused(name: str, arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        FILTERS[name]("10.0.0.0/30", **arguments)
    assert error.value.message == told


def test_overlaps_need_a_map_and_name_the_bad_pool() -> None:
    for value, told in (
        (["10.0.0.0/30"], "the input is not a map of pools (write {name: pool, ...})"),
        (
            {"media": {"addresses": "10.0.0.1/30"}},
            "media.addresses: 10.0.0.1/30 has host bits set: a /30 here starts at 10.0.0.0 "
            "(did you mean 10.0.0.0/30, the range 10.0.0.1-10.0.0.3 or the address 10.0.0.1?)",
        ),
    ):
        with pytest.raises(AnsibleFilterError) as error:
            FILTERS["pool_overlaps"](value)
        assert error.value.message == told


def test_the_result_of_parse_is_a_pool_for_every_filter() -> None:
    written = {"addresses": ["10.0.0.0/29", "2001:db8::/126"], "exclude": "10.0.0.3", "first_last": False}
    parsed = FILTERS["pool_parse"](written)
    for name in ("pool_parse", "pool_capacity", "pool_free", "pool_cilium_spec", "pool_cidrs", "pool_prefix_list"):
        assert FILTERS[name](parsed) == FILTERS[name](written)


def test_a_generator_is_a_list_of_entries() -> None:
    assert FILTERS["pool_cidrs"](strings()) == ["10.0.0.0/30"]
