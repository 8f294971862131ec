# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pool math under Cilium's rules."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.addresses import (
    Address,
    interval_text,
    parse_address,
    parse_pool_entry,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.families import Family, parse_family
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.intervals import Interval
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import Pool
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._pools.capacity import (
    MAX_FREE,
    Request,
    allocate,
    capacity,
    cilium_blocks,
    cilium_spec,
    free_addresses,
    overlaps,
    parse_pool,
    parse_requests,
    prefix_list_entries,
    refuse_self_overlap,
)
from hypothesis import given
from hypothesis import strategies as st


def pool(addresses: Any, exclude: Any = (), first_last: bool = True, name: str = "media") -> Pool:
    return parse_pool(
        {"addresses": addresses, "exclude": exclude, "first_last": first_last}, name, f"edge_pools.{name}"
    )


def texts(intervals: tuple[Interval, ...]) -> list[str]:
    return [interval_text(interval) for interval in intervals]


def addresses(*given_texts: str) -> tuple[Address, ...]:
    return tuple(parse_address(text, "p") for text in given_texts)


def told(call: Any) -> str:
    with pytest.raises(EdgeError) as error:
        call()
    return str(error.value)


# What may be handed out


@pytest.mark.parametrize(
    ("one", "usable", "count"),
    [
        pytest.param(pool("10.0.0.0/29"), ["10.0.0.0-10.0.0.7"], {Family.IPV4: 8}, id="all"),
        pytest.param(pool("10.0.0.0/29", first_last=False), ["10.0.0.1-10.0.0.6"], {Family.IPV4: 6}, id="reserved"),
        pytest.param(pool("10.0.0.0/30", first_last=False), ["10.0.0.1-10.0.0.2"], {Family.IPV4: 2}, id="reserved-30"),
        pytest.param(pool("10.0.0.0/31", first_last=False), ["10.0.0.0-10.0.0.1"], {Family.IPV4: 2}, id="31-is-exempt"),
        pytest.param(pool("10.0.0.0/32", first_last=False), ["10.0.0.0"], {Family.IPV4: 1}, id="32-is-exempt"),
        pytest.param(
            pool("2001:db8::/126", first_last=False), ["2001:db8::1-2001:db8::2"], {Family.IPV6: 2}, id="reserved-126"
        ),
        pytest.param(
            pool("2001:db8::/127", first_last=False), ["2001:db8::-2001:db8::1"], {Family.IPV6: 2}, id="127-is-exempt"
        ),
        pytest.param(
            pool("10.0.0.0-10.0.0.7", first_last=False), ["10.0.0.0-10.0.0.7"], {Family.IPV4: 8}, id="a-range-is-exempt"
        ),
        pytest.param(
            pool("10.0.0.0/29", "10.0.0.3", False),
            ["10.0.0.1-10.0.0.2", "10.0.0.4-10.0.0.6"],
            {Family.IPV4: 5},
            id="excluded-and-reserved",
        ),
        pytest.param(
            pool("10.0.0.0/29", "10.0.0.0", False),
            ["10.0.0.1-10.0.0.6"],
            {Family.IPV4: 6},
            id="excluding-a-reserved-one",
        ),
        pytest.param(
            pool("10.0.0.0/29", ["10.0.0.0/30", "10.0.0.6-10.0.0.7"]),
            ["10.0.0.4-10.0.0.5"],
            {Family.IPV4: 2},
            id="many-excluded",
        ),
        pytest.param(
            pool(["10.0.0.0/25", "10.0.0.128/25"], "10.0.0.120-10.0.0.135"),
            ["10.0.0.0-10.0.0.119", "10.0.0.136-10.0.0.255"],
            {Family.IPV4: 240},
            id="excluded-across-two-entries",
        ),
        pytest.param(
            pool(["2001:db8::/64", "10.0.0.0/8"]),
            ["10.0.0.0-10.255.255.255", "2001:db8::-2001:db8::ffff:ffff:ffff:ffff"],
            {Family.IPV4: 2**24, Family.IPV6: 2**64},
            id="both-families",
        ),
    ],
)
def test_usable_addresses(one: Pool, usable: list[str], count: dict[str, int]) -> None:
    assert texts(one.intervals) == usable
    assert capacity(one.intervals) == count


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(
            [], "edge_pools.media: the list is empty, but a pool needs an address (such as 203.0.113.88/29)", id="empty"
        ),
        pytest.param(
            {}, "edge_pools.media: a pool needs the key addresses (such as addresses: 203.0.113.88/29)", id="no-key"
        ),
        pytest.param(
            {"adresses": "10.0.0.0/29"},
            "edge_pools.media: a pool has no key adresses (did you mean addresses?)",
            id="typo",
        ),
        pytest.param(
            {"addresses": "10.0.0.0/29", "first_last": "no"},
            "edge_pools.media.first_last: 'no' is not a boolean (write true or false)",
            id="not-a-boolean",
        ),
        pytest.param(
            {"addresses": ["10.0.0.0/29", "10.0.0.9/29"]},
            "edge_pools.media.addresses[1]: 10.0.0.9/29 has host bits set: a /29 here starts at 10.0.0.8 "
            "(did you mean 10.0.0.8/29, the range 10.0.0.9-10.0.0.15 or the address 10.0.0.9?)",
            id="host-bits",
        ),
        pytest.param(
            {"addresses": "10.0.0.0/29", "exclude": ["10.0.0.1", "10.0.0.8"]},
            "edge_pools.media.exclude: 10.0.0.8 is not inside the pool's addresses, 10.0.0.0-10.0.0.7 "
            "(exclude only what addresses holds)",
            id="excluded-outside",
        ),
        pytest.param(
            {"addresses": ["10.0.0.0", "10.0.0.2", "10.0.0.4", "10.0.0.6", "10.0.0.8"], "exclude": "10.0.0.4/30"},
            "edge_pools.media.exclude: 10.0.0.4/30 is not inside the pool's addresses, 10.0.0.0, 10.0.0.2, 10.0.0.4 "
            "and 2 more ranges (exclude only what addresses holds)",
            id="excluded-partly-outside",
        ),
        pytest.param(
            {"addresses": "10.0.0.0/30", "exclude": "10.0.0.1-10.0.0.2", "first_last": False},
            "edge_pools.media: the pool has no address that a service can get (widen addresses or exclude less)",
            id="nothing-left",
        ),
        pytest.param(
            None, "edge_pools.media: there is no value, but a CIDR, a range or an address is needed", id="null"
        ),
    ],
)
def test_pool_is_refused(value: object, message: str) -> None:
    assert told(lambda: parse_pool(value, "media", "edge_pools.media")) == message


# Overlaps


def test_overlaps_name_pool_entry_and_addresses() -> None:
    pools = [
        pool(["10.0.0.0/28", "10.0.1.0/28"]),
        pool("10.0.2.0/28"),
        pool(["10.0.1.14-10.0.1.20", "10.0.0.0"]),
    ]
    assert [
        (found.left, found.left_entry, found.right, found.right_entry, interval_text(found.interval))
        for found in overlaps(pools)
    ] == [(0, 0, 2, 1, "10.0.0.0"), (0, 1, 2, 0, "10.0.1.14-10.0.1.15")]


@pytest.mark.parametrize(
    ("pools", "count"),
    [
        pytest.param([pool("10.0.0.0/28"), pool("10.0.0.16/28")], 0, id="neighbors"),
        pytest.param([pool("10.0.0.0/28", first_last=False), pool("10.0.0.0")], 1, id="a-reserved-address-counts"),
        pytest.param([pool("10.0.0.0/28", "10.0.0.5"), pool("10.0.0.5")], 0, id="an-excluded-address-does-not"),
        pytest.param(
            [pool("10.0.0.0/28", "10.0.0.5", first_last=False), pool("10.0.0.0")],
            0,
            id="nor-a-reserved-one-of-a-cut-cidr",
        ),
        pytest.param([pool(["10.0.0.0/28", "10.0.0.7"])], 1, id="one-pool-with-itself"),
        pytest.param([pool("0.0.0.0/0"), pool("::/0")], 0, id="families"),
        pytest.param([pool("10.0.0.0/28")] * 3, 3, id="each-pair"),
    ],
)
def test_overlaps(pools: list[Pool], count: int) -> None:
    assert len(overlaps(pools)) == count


def test_self_overlap_is_refused() -> None:
    assert told(
        lambda: refuse_self_overlap(pool(["10.0.0.0/28", "10.0.0.7-10.0.0.20"]), "edge_pools.media.addresses")
    ) == (
        "edge_pools.media.addresses[1]: 10.0.0.7-10.0.0.20 overlaps 10.0.0.0/28 of the same pool at "
        "10.0.0.7-10.0.0.15, and Cilium disables a pool that overlaps itself (write each address once)"
    )
    refuse_self_overlap(pool(["10.0.0.0/28", "10.0.0.16/28"]), "edge_pools.media.addresses")


# Free addresses


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, ["10.0.0.0"], id="lowest"),
        pytest.param({"used": addresses("10.0.0.0", "10.0.0.2")}, ["10.0.0.1"], id="hole"),
        pytest.param({"used": addresses("192.0.2.1")}, ["10.0.0.0"], id="used-elsewhere"),
        pytest.param(
            {"count": 9}, ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::", "2001:db8::1"], id="fewer"
        ),
        pytest.param({"family": Family.IPV6}, ["2001:db8::"], id="family"),
        pytest.param({"after": addresses("10.0.0.1")[0], "count": 9}, ["10.0.0.2", "10.0.0.3"], id="after"),
        pytest.param({"after": addresses("10.0.0.1")[0], "family": Family.IPV6}, [], id="after-in-another-family"),
        pytest.param({"after": addresses("10.0.0.3")[0]}, [], id="after-the-last"),
    ],
)
def test_free_addresses(options: dict[str, Any], expected: list[str]) -> None:
    one = pool(["10.0.0.0/30", "2001:db8::/127"])
    assert [address.text for address in free_addresses(one.intervals, **options)] == expected


@pytest.mark.parametrize("count", [0, -1, MAX_FREE + 1, True, "3", 1.0, None])
def test_count_of_free_addresses_is_bounded(count: Any) -> None:
    assert told(lambda: free_addresses(pool("10.0.0.0/8").intervals, count=count)) == (
        f"count: {count!r} is not a number from 1 to 4096 (pool_capacity tells how many there are)"
    )


def test_a_written_family_is_a_word() -> None:
    message = told(lambda: parse_family("4", "family"))
    assert message == "family: '4' is not a family (write ipv4 or ipv6)"


# Allocation


def given_out(one: Pool, requests: Any, assigned: dict[str, tuple[str, ...]] | None = None) -> dict[str, list[str]]:
    kept = {name: addresses(*held) for name, held in (assigned or {}).items()}
    result = allocate(one.intervals, parse_requests(requests, "edge_services"), kept, "edge_pools.media")
    return {name: [address.text for address in held] for name, held in result.items()}


DUAL = pool(["10.0.0.0/30", "2001:db8::/126"])


@pytest.mark.parametrize(
    ("requests", "assigned", "expected"),
    [
        pytest.param(["b", "a"], None, {"a": ["10.0.0.0"], "b": ["10.0.0.1"]}, id="by-name"),
        pytest.param(
            {"a": None, "z": {"addresses": "10.0.0.0"}}, None, {"a": ["10.0.0.1"], "z": ["10.0.0.0"]}, id="pinned"
        ),
        pytest.param(["a", "z"], {"z": ("10.0.0.0",)}, {"a": ["10.0.0.1"], "z": ["10.0.0.0"]}, id="kept"),
        pytest.param(["a"], {"a": ("2001:db8::2",)}, {"a": ["2001:db8::2"]}, id="kept-in-the-second-family"),
        pytest.param(["a"], {"gone": ("10.0.0.0",)}, {"a": ["10.0.0.0"]}, id="freed"),
        pytest.param(
            {"a": {"addresses": ["10.0.0.3", "2001:db8::3"]}},
            {"a": ("10.0.0.0",)},
            {"a": ["10.0.0.3", "2001:db8::3"]},
            id="pin-wins",
        ),
        pytest.param(
            {"a": {"families": ["ipv6", "ipv4"]}, "b": {"families": "ipv6"}},
            None,
            {"a": ["10.0.0.0", "2001:db8::"], "b": ["2001:db8::1"]},
            id="families",
        ),
        pytest.param(
            {"a": {"families": ["ipv4", "ipv6"]}},
            {"a": ("10.0.0.2",)},
            {"a": ["10.0.0.2", "2001:db8::"]},
            id="second-family",
        ),
        pytest.param(
            {"a": {"families": ["ipv4", "ipv6"], "addresses": "10.0.0.2"}},
            None,
            {"a": ["10.0.0.2"]},
            id="pins-beat-families",
        ),
        pytest.param(
            {"a": {"pool": "media", "ports": [{"port": 80}]}}, None, {"a": ["10.0.0.0"]}, id="edge_services-entry"
        ),
        pytest.param([], None, {}, id="nothing"),
    ],
)
def test_allocation(requests: Any, assigned: dict[str, tuple[str, ...]] | None, expected: dict[str, list[str]]) -> None:
    assert given_out(DUAL, requests, assigned) == expected


@pytest.mark.parametrize(
    ("requests", "assigned", "message"),
    [
        pytest.param(
            {"a": {"addresses": "10.0.0.4"}},
            None,
            "a asks for 10.0.0.4, which the pool does not hand out; it has 10.0.0.0-10.0.0.3, 2001:db8::-2001:db8::3 "
            "(widen the pool, or give the service another address)",
            id="pin-outside",
        ),
        pytest.param(
            {"a": {"addresses": "10.0.0.1"}, "b": {"addresses": "10.0.0.1"}},
            None,
            "b asks for 10.0.0.1, which a has already (give one of them another address)",
            id="two-pins",
        ),
        pytest.param(
            {"a": None, "b": {"addresses": "10.0.0.1"}},
            {"a": ("10.0.0.1",)},
            "a holds 10.0.0.1, which b has already (give one of them another address)",
            id="pin-on-a-held-address",
        ),
        pytest.param(
            ["a"],
            {"a": ("10.0.1.1",)},
            "a holds 10.0.1.1, which the pool does not hand out; it has 10.0.0.0-10.0.0.3, 2001:db8::-2001:db8::3 "
            "(widen the pool, or give the service another address)",
            id="held-outside",
        ),
        pytest.param(
            ["a", "b", "c", "d", "e"],
            None,
            "the pool is full: it has 4 IPv4 addresses for 5 services, and none is left for e "
            "(widen the pool or use another one)",
            id="full",
        ),
    ],
)
def test_allocation_is_refused(requests: Any, assigned: dict[str, tuple[str, ...]] | None, message: str) -> None:
    assert told(lambda: given_out(DUAL, requests, assigned)) == f"edge_pools.media: {message}"


def test_allocation_needs_the_family_in_the_pool() -> None:
    message = told(lambda: given_out(pool("10.0.0.0/30"), {"a": {"families": ["ipv4", "ipv6"]}}))
    assert message == "edge_pools.media: a asks for ipv6, but the pool has ipv4 only (add a range to it)"


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        pytest.param(
            "a",
            "edge_services: the value is neither a list of names nor a map (such as [media/plex, media/jellyfin])",
            id="text",
        ),
        pytest.param(
            [1],
            "edge_services: the value is neither a list of names nor a map (such as [media/plex, media/jellyfin])",
            id="number",
        ),
        pytest.param(["a", "b", "a"], "edge_services: a stands here twice (name each service once)", id="twice"),
        pytest.param(
            {"a": "10.0.0.1"},
            "edge_services.a: a service is a map (such as {addresses: 203.0.113.94} or {families: [ipv4, ipv6]})",
            id="not-a-map",
        ),
        pytest.param(
            {"a": {"address": "10.0.0.1"}},
            "edge_services.a: a service has no key address (did you mean addresses?)",
            id="typo",
        ),
        pytest.param(
            {"a": {"families": "v4"}},
            "edge_services.a.families: 'v4' is not a family (write ipv4 or ipv6)",
            id="family",
        ),
        pytest.param(
            {"a": {"addresses": ["10.0.0.0/30"]}},
            "edge_services.a.addresses[0]: 10.0.0.0/30 is a CIDR, but one address is needed (write 10.0.0.0)",
            id="pin-is-a-cidr",
        ),
    ],
)
def test_requests_are_refused(requests: Any, message: str) -> None:
    assert told(lambda: parse_requests(requests, "edge_services")) == message


names = st.text("abcdef", min_size=1, max_size=3)


@given(st.lists(names, unique=True, max_size=16), st.data())
def test_allocation_is_unique_stable_and_independent_of_order(services: list[str], data: st.DataObject) -> None:
    one = pool("10.0.0.0/27", "10.0.0.3-10.0.0.9", first_last=False)
    first = allocate(one.intervals, [Request(name) for name in services])
    shuffled = data.draw(st.permutations(services))
    assert allocate(one.intervals, [Request(name) for name in shuffled]) == first
    held = [address.value for given_addresses in first.values() for address in given_addresses]
    assert len(set(held)) == len(held) == len(services)
    assert held == [address.value for address in free_addresses(one.intervals, count=32)][: len(held)]
    added = allocate(one.intervals, [Request(name) for name in (*services, "a-new", "zz-new")], first)
    assert {name: added[name] for name in services} == first


# In the words of both ends


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(pool("203.0.113.93/32"), [{"cidr": "203.0.113.93/32"}], id="one"),
        pytest.param(pool("203.0.113.93"), [{"start": "203.0.113.93", "stop": "203.0.113.93"}], id="single"),
        pytest.param(pool("10.0.0.0/28", first_last=False), [{"cidr": "10.0.0.0/28"}], id="whole-cidr-stays"),
        pytest.param(
            pool("10.0.0.0/28", "10.0.0.4"),
            [{"start": "10.0.0.0", "stop": "10.0.0.3"}, {"start": "10.0.0.5", "stop": "10.0.0.15"}],
            id="cut",
        ),
        pytest.param(
            pool("10.0.0.0/28", "10.0.0.4", first_last=False),
            [{"start": "10.0.0.1", "stop": "10.0.0.3"}, {"start": "10.0.0.5", "stop": "10.0.0.14"}],
            id="cut-and-reserved",
        ),
        pytest.param(
            pool(["10.0.0.0/28", "10.0.1.0/28"], "10.0.0.0/28"), [{"cidr": "10.0.1.0/28"}], id="entry-wholly-excluded"
        ),
        pytest.param(
            pool(["10.0.0.0/28", "10.0.0.16/28", "2001:db8::1-2001:db8::2"]),
            [{"cidr": "10.0.0.0/28"}, {"cidr": "10.0.0.16/28"}, {"start": "2001:db8::1", "stop": "2001:db8::2"}],
            id="as-written",
        ),
    ],
)
def test_cilium_blocks(one: Pool, expected: list[dict[str, str]]) -> None:
    assert cilium_blocks(one) == expected


def test_cilium_spec_says_what_the_blocks_mean() -> None:
    assert cilium_spec(pool("10.0.0.0/28", first_last=False)) == {
        "allowFirstLastIPs": "No",
        "blocks": [{"cidr": "10.0.0.0/28"}],
    }
    assert cilium_spec(pool("10.0.0.0/28"))["allowFirstLastIPs"] == "Yes"


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(pool("203.0.113.93/32"), [("203.0.113.93/32", None)], id="one-ipv4"),
        pytest.param(pool("2001:db8::1"), [("2001:db8::1/128", None)], id="one-ipv6"),
        pytest.param(pool("203.0.113.88/29"), [("203.0.113.88/29", 32)], id="cidr-ipv4"),
        pytest.param(pool("2001:db8::/64"), [("2001:db8::/64", 128)], id="cidr-ipv6"),
        pytest.param(pool("10.0.0.0/30", "10.0.0.0"), [("10.0.0.1/32", None), ("10.0.0.2/31", 32)], id="cut"),
        pytest.param(pool(["10.0.0.0/25", "10.0.0.128/25"]), [("10.0.0.0/24", 32)], id="neighbors"),
    ],
)
def test_prefix_list_entries(one: Pool, expected: list[tuple[str, int | None]]) -> None:
    assert [(entry["prefix"], entry["ge"]) for entry in prefix_list_entries(one.intervals)] == expected


# Cilium's allocator and FRR's filter, written out plainly over small sets, agree with the arithmetic


def cilium_hands_out(spec: dict[str, Any]) -> set[int]:
    """Return what LB-IPAM may give from these blocks: every address, but for the ends of a larger ``cidr`` with No."""
    found: set[int] = set()
    for block in spec["blocks"]:
        if "cidr" in block:
            members = [int(address) for address in ipaddress.ip_network(block["cidr"])]
            found |= set(members[1:-1] if spec["allowFirstLastIPs"] == "No" and len(members) > 2 else members)
        else:
            first, last = (int(ipaddress.ip_address(block[key])) for key in ("start", "stop"))
            found |= set(range(first, last + 1))
    return found


def frr_permits(entries: list[dict[str, Any]]) -> set[int]:
    """Return the host routes that an FRR prefix-list with these entries permits."""
    found: set[int] = set()
    for entry in entries:
        network = ipaddress.ip_network(entry["prefix"])
        if entry["ge"] == network.max_prefixlen or network.prefixlen == network.max_prefixlen:
            found |= {int(address) for address in network}
    return found


BASE = int(ipaddress.ip_address("10.0.0.0"))


@st.composite
def small_pools(draw: st.DrawFn) -> Pool:
    """Draw a pool of disjoint entries inside 10.0.0.0/26, with some of its addresses excluded."""
    entries = []
    for start in range(0, 64, 16):
        kind = draw(st.sampled_from(["cidr", "range", "none"] if start else ["cidr", "range"]))
        if kind == "cidr":
            length = draw(st.integers(28, 32))
            offset = draw(st.integers(0, 2 ** (length - 28) - 1)) * 2 ** (32 - length)
            entries.append(f"{ipaddress.ip_address(BASE + start + offset)}/{length}")
        elif kind == "range":
            first, last = sorted(draw(st.tuples(st.integers(0, 15), st.integers(0, 15))))
            entries.append(f"{ipaddress.ip_address(BASE + start + first)}-{ipaddress.ip_address(BASE + start + last)}")
    first_last = draw(st.booleans())
    everything = pool(entries, first_last=first_last)
    candidates = [address.text for address in free_addresses(everything.intervals, count=64)]
    exclude = draw(st.lists(st.sampled_from(candidates), unique=True, max_size=max(0, min(4, len(candidates) - 1))))
    return pool(entries, exclude, first_last)


@given(small_pools())
def test_both_ends_have_exactly_the_pools_addresses(one: Pool) -> None:
    entries = [parse_pool_entry(entry.text, "p").interval for entry in one.entries]
    reserved = {
        end
        for entry, interval in zip(one.entries, entries, strict=True)
        if entry.is_cidr and not one.first_last and interval.size > 2
        for end in (interval.first, interval.last)
    }
    written = {value for interval in entries for value in range(interval.first, interval.last + 1)}
    expected = written - reserved - {excluded.interval.first for excluded in one.exclude}
    assert {value for interval in one.intervals for value in range(interval.first, interval.last + 1)} == expected
    assert cilium_hands_out(cilium_spec(one)) == expected
    assert frr_permits(prefix_list_entries(one.intervals)) == expected
    assert capacity(one.intervals) == {Family.IPV4: len(expected)}


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "2001:db8::/64", "::/1"])
def test_a_large_pool_is_as_cheap_as_a_small_one(cidr: str) -> None:
    """A step by address would never end here: the /1 has 2**127."""
    one = pool(cidr, first_last=False)
    assert len(overlaps([one, one])) == 1
    assert len(free_addresses(one.intervals, count=MAX_FREE)) == MAX_FREE
    assert len(allocate(one.intervals, [Request(f"s{number}") for number in range(100)])) == 100
    assert len(cilium_blocks(one)) == 1
    assert len(prefix_list_entries(pool(cidr).intervals)) == 1
