# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address texts: what is read, what is refused and with which words."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import netaddr
import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing import addresses as _addresses
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.addresses import (
    address_text,
    interval_text,
    parse_address,
    parse_cidr,
    parse_pool_entry,
    parse_range,
    to_cidrs,
    url_addresses,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.families import Family
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.intervals import Interval
from hypothesis import given
from hypothesis import strategies as st

NOT_AN_ADDRESS = "is not an address (write IPv4 as 192.0.2.1, IPv6 as 2001:db8::1)"


@pytest.mark.parametrize(
    ("text", "family", "canonical"),
    [
        pytest.param("203.0.113.93", 4, "203.0.113.93", id="ipv4"),
        pytest.param("0.0.0.0", 4, "0.0.0.0", id="ipv4-lowest"),
        pytest.param("255.255.255.255", 4, "255.255.255.255", id="ipv4-highest"),
        pytest.param("  203.0.113.93\n", 4, "203.0.113.93", id="outer-blanks"),
        pytest.param("2001:DB8:0:0:0:0:0:1", 6, "2001:db8::1", id="ipv6-long-and-upper-case"),
        pytest.param("2001:db8:0:1:1:1:1:1", 6, "2001:db8:0:1:1:1:1:1", id="ipv6-one-zero-group-stays"),
        pytest.param("2001:0db8::0001", 6, "2001:db8::1", id="ipv6-leading-zeros"),
        pytest.param("::", 6, "::", id="ipv6-lowest"),
        pytest.param("fe80::1", 6, "fe80::1", id="ipv6-link-local"),
        pytest.param("64:ff9b::192.0.2.1", 6, "64:ff9b::c000:201", id="ipv6-dotted-end"),
    ],
)
def test_address_is_read(text: str, family: int, canonical: str) -> None:
    address = parse_address(text, "p")
    assert (address.family, address.text) == (family, canonical)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("banana", f"banana {NOT_AN_ADDRESS}", id="word"),
        pytest.param("10.0.0.1 10.0.0.2", f"10.0.0.1 10.0.0.2 {NOT_AN_ADDRESS}", id="two"),
        pytest.param("10.0.0.1:80", f"10.0.0.1:80 {NOT_AN_ADDRESS}", id="port"),
        pytest.param("1:2:3", f"1:2:3 {NOT_AN_ADDRESS}", id="ipv6-too-short"),
        pytest.param("::1::2", f"::1::2 {NOT_AN_ADDRESS}", id="ipv6-two-gaps"),
        pytest.param("0x0a000001", f"0x0a000001 {NOT_AN_ADDRESS}", id="hexadecimal"),
        pytest.param("\u0661.\u0662.\u0663.\u0664", f"\u0661.\u0662.\u0663.\u0664 {NOT_AN_ADDRESS}", id="other-digits"),
        pytest.param("10.0.0.", f"10.0.0. {NOT_AN_ADDRESS}", id="dot-at-end"),
        pytest.param("-1", "-1 is a range, but one address is needed", id="minus"),
        pytest.param("10.1", "10.1 has 2 of the four numbers of an IPv4 address (write all four)", id="short-form"),
        pytest.param(
            "167772161", "167772161 has 1 of the four numbers of an IPv4 address (write all four)", id="integer-text"
        ),
        pytest.param("1.2.3.4.5", "1.2.3.4.5 has 5 of the four numbers of an IPv4 address (write all four)", id="five"),
        pytest.param(
            "010.0.0.1",
            "010.0.0.1 has a leading zero, which some programs read as octal (did you mean 10.0.0.1?)",
            id="octal-looking",
        ),
        pytest.param(
            "10.0.0.00",
            "10.0.0.00 has a leading zero, which some programs read as octal (did you mean 10.0.0.0?)",
            id="zeros",
        ),
        pytest.param("10.121.0.256", "10.121.0.256 is not an IPv4 address: 256 is over 255", id="256"),
        pytest.param("10.121.0.300", "10.121.0.300 is not an IPv4 address: 300 is over 255", id="over-255"),
        pytest.param(
            "fe80::1%eth0",
            "fe80::1%eth0 has a zone (write fe80::1; a zone means something on one host only)",
            id="zone",
        ),
        pytest.param(
            "[fe80::1%eth0]",
            "[fe80::1%eth0] has a zone (write fe80::1; a zone means something on one host only)",
            id="zone in brackets",
        ),
        pytest.param("[2001:db8::1]", "[2001:db8::1] stands in brackets (write 2001:db8::1)", id="brackets"),
        pytest.param(
            "::ffff:10.0.0.1",
            "::ffff:10.0.0.1 is an IPv4-mapped IPv6 address (write it as IPv4: 10.0.0.1)",
            id="mapped",
        ),
        pytest.param(
            "::ffff:a00:1", "::ffff:a00:1 is an IPv4-mapped IPv6 address (write it as IPv4: 10.0.0.1)", id="mapped-hex"
        ),
        pytest.param("10.0.0.1/24", "10.0.0.1/24 is a CIDR, but one address is needed (write 10.0.0.1)", id="cidr"),
        pytest.param("10.0.0.1-10.0.0.2", "10.0.0.1-10.0.0.2 is a range, but one address is needed", id="range"),
        pytest.param("", "the text is empty, but an address is needed", id="empty"),
        pytest.param(" ", "the text is empty, but an address is needed", id="blank"),
        pytest.param(None, "there is no value, but an address is needed", id="null"),
        pytest.param(
            True,
            "YAML made the boolean true of this value, but an address is needed (quote it, such as '192.0.2.1')",
            id="boolean",
        ),
        pytest.param(
            10.1,
            "YAML made the number 10.1 of this value, but an address is needed (quote it, such as '192.0.2.1')",
            id="float",
        ),
        pytest.param(
            3232235777,
            "YAML made the number 3232235777 of this value, but an address is needed (quote it, such as '192.0.2.1')",
            id="integer",
        ),
        pytest.param(["10.0.0.1"], "a list stands here, but an address is needed (write it as text)", id="list"),
        pytest.param({"a": 1}, "a map stands here, but an address is needed (write it as text)", id="map"),
        pytest.param(b"10.0.0.1", "a binary stands here, but an address is needed (write it as text)", id="bytes"),
    ],
)
def test_address_is_refused(text: object, told: str) -> None:
    with pytest.raises(EdgeError) as error:
        parse_address(text, "edge_x.address")
    assert str(error.value) == f"edge_x.address: {told}"


@pytest.mark.parametrize(
    ("text", "canonical", "size"),
    [
        pytest.param("10.121.0.0/24", "10.121.0.0/24", 256, id="ipv4"),
        pytest.param("203.0.113.93/32", "203.0.113.93/32", 1, id="ipv4-one"),
        pytest.param("0.0.0.0/0", "0.0.0.0/0", 2**32, id="ipv4-all"),
        pytest.param("2001:DB8::/64", "2001:db8::/64", 2**64, id="ipv6"),
        pytest.param("2001:db8::1/128", "2001:db8::1/128", 1, id="ipv6-one"),
        pytest.param("::/0", "::/0", 2**128, id="ipv6-all"),
    ],
)
def test_cidr_is_read(text: str, canonical: str, size: int) -> None:
    cidr = parse_cidr(text, "p")
    assert (cidr.text, cidr.interval.size) == (canonical, size)


NOT_A_LENGTH = "has no prefix length that is a number from 0 to"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "10.121.0.1/24",
            "10.121.0.1/24 has host bits set: a /24 here starts at 10.121.0.0 "
            "(did you mean 10.121.0.0/24, or the single address 10.121.0.1/32?)",
            id="host-bits",
        ),
        pytest.param(
            "2001:db8::1/64",
            "2001:db8::1/64 has host bits set: a /64 here starts at 2001:db8:: "
            "(did you mean 2001:db8::/64, or the single address 2001:db8::1/128?)",
            id="host-bits-ipv6",
        ),
        pytest.param(
            "10.121.0.0",
            "10.121.0.0 has no prefix length, but a CIDR is needed (write 10.121.0.0/32 if you mean that one address)",
            id="no-length",
        ),
        pytest.param(
            "10.0.0.1-10.0.0.4",
            "10.0.0.1-10.0.0.4 is a range, but a CIDR is needed (write ADDRESS/LENGTH, such as 192.0.2.0/24)",
            id="range",
        ),
        pytest.param(
            "10.0.0.0/255.255.255.0", f"10.0.0.0/255.255.255.0 {NOT_A_LENGTH} 32 (write 10.0.0.0/24)", id="netmask"
        ),
        pytest.param(
            "10.0.0.0/0.0.0.255",
            f"10.0.0.0/0.0.0.255 {NOT_A_LENGTH} 32 (write it as ADDRESS/LENGTH)",
            id="wildcard-mask",
        ),
        pytest.param(
            "10.0.0.0/255.0.255.0",
            f"10.0.0.0/255.0.255.0 {NOT_A_LENGTH} 32 (write it as ADDRESS/LENGTH)",
            id="broken-mask",
        ),
        pytest.param(
            "10.0.0.0/1.2.3.999", f"10.0.0.0/1.2.3.999 {NOT_A_LENGTH} 32 (write it as ADDRESS/LENGTH)", id="bad-mask"
        ),
        pytest.param("10.0.0.0/024", f"10.0.0.0/024 {NOT_A_LENGTH} 32 (write it as ADDRESS/LENGTH)", id="leading-zero"),
        pytest.param("10.0.0.0/", f"10.0.0.0/ {NOT_A_LENGTH} 32 (write it as ADDRESS/LENGTH)", id="empty-length"),
        pytest.param(
            "10.0.0.0/24/8", f"10.0.0.0/24/8 {NOT_A_LENGTH} 32 (write it as ADDRESS/LENGTH)", id="two-slashes"
        ),
        pytest.param("2001:db8::/x", f"2001:db8::/x {NOT_A_LENGTH} 128 (write it as ADDRESS/LENGTH)", id="word"),
        pytest.param(
            "10.0.0.0/33", "10.0.0.0/33 has a prefix length over 32, the bits of an IPv4 address", id="too-long-ipv4"
        ),
        pytest.param(
            "2001:db8::/129",
            "2001:db8::/129 has a prefix length over 128, the bits of an IPv6 address",
            id="too-long-ipv6",
        ),
        pytest.param("/24", "/24 has no address before the slash (write it as ADDRESS/LENGTH)", id="no-address"),
        pytest.param("10.1/16", "10.1 has 2 of the four numbers of an IPv4 address (write all four)", id="short-form"),
        pytest.param(
            24, "YAML made the number 24 of this value, but a CIDR is needed (quote it, such as '192.0.2.1')", id="int"
        ),
    ],
)
def test_cidr_is_refused(text: object, told: str) -> None:
    with pytest.raises(EdgeError) as error:
        parse_cidr(text, "edge_networks.lan.cidr")
    assert str(error.value) == f"edge_networks.lan.cidr: {told}"


@pytest.mark.parametrize(
    ("text", "canonical", "is_cidr"),
    [
        pytest.param("203.0.113.88/29", "203.0.113.88/29", True, id="cidr"),
        pytest.param("203.0.113.93/32", "203.0.113.93/32", True, id="cidr-of-one"),
        pytest.param("203.0.113.93", "203.0.113.93", False, id="single"),
        pytest.param("203.0.113.88-203.0.113.95", "203.0.113.88-203.0.113.95", False, id="range-stays-a-range"),
        pytest.param("203.0.113.90 -  203.0.113.95", "203.0.113.90-203.0.113.95", False, id="blanks-around-dash"),
        pytest.param("203.0.113.90-203.0.113.90", "203.0.113.90", False, id="range-of-one"),
        pytest.param("2001:DB8::1-2001:db8::ff", "2001:db8::1-2001:db8::ff", False, id="range-ipv6"),
    ],
)
def test_pool_entry_is_read(text: str, canonical: str, is_cidr: bool) -> None:
    entry = parse_pool_entry(text, "p")
    assert (entry.text, entry.is_cidr) == (canonical, is_cidr)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "10.0.0.5/29",
            "10.0.0.5/29 has host bits set: a /29 here starts at 10.0.0.0 "
            "(did you mean 10.0.0.0/29, the range 10.0.0.5-10.0.0.7 or the address 10.0.0.5?)",
            id="host-bits",
        ),
        pytest.param(
            "10.0.0.7/29",
            "10.0.0.7/29 has host bits set: a /29 here starts at 10.0.0.0 "
            "(did you mean 10.0.0.0/29 or the address 10.0.0.7?)",
            id="host-bits-last-address",
        ),
        pytest.param(
            "10.0.0.1-9",
            "10.0.0.1-9 shortens the last address of the range (write it whole: 10.0.0.1-10.0.0.9)",
            id="short-range",
        ),
        pytest.param(
            "2001:db8::1-ff",
            "2001:db8::1-ff shortens the last address of the range (write it whole: 2001:db8::1-2001:db8::ff)",
            id="short-range-ipv6",
        ),
        pytest.param(
            "10.0.0.9-10.0.0.1",
            "10.0.0.9-10.0.0.1 ends before it starts (did you mean 10.0.0.1-10.0.0.9?)",
            id="backwards",
        ),
        pytest.param(
            "10.0.0.1-::1", "10.0.0.1-::1 goes from IPv4 to IPv6 (write one range per family)", id="two-families"
        ),
        pytest.param(
            "10.0.0.0/24-10.0.0.3",
            "10.0.0.0/24-10.0.0.3 mixes a range and a CIDR (write either FIRST-LAST or ADDRESS/LENGTH)",
            id="range-and-cidr",
        ),
        pytest.param(
            "10.0.0.1-", "10.0.0.1- is not a range (write FIRST-LAST, such as 192.0.2.10-192.0.2.20)", id="no-last"
        ),
        pytest.param(
            "-10.0.0.1", "-10.0.0.1 is not a range (write FIRST-LAST, such as 192.0.2.10-192.0.2.20)", id="no-first"
        ),
        pytest.param(
            "10.0.0.1-10.0.0.2-10.0.0.3",
            "10.0.0.1-10.0.0.2-10.0.0.3 is not a range (write FIRST-LAST, such as 192.0.2.10-192.0.2.20)",
            id="three-parts",
        ),
        pytest.param("10.0.0.1-banana", f"banana {NOT_AN_ADDRESS}", id="bad-last"),
        pytest.param(
            1.5,
            "YAML made the number 1.5 of this value, but a CIDR, a range or an address is needed "
            "(quote it, such as '192.0.2.1')",
            id="float",
        ),
    ],
)
def test_pool_entry_is_refused(text: object, told: str) -> None:
    with pytest.raises(EdgeError) as error:
        parse_pool_entry(text, "edge_pools.media.addresses[0]")
    assert str(error.value) == f"edge_pools.media.addresses[0]: {told}"


def test_range_needs_a_dash() -> None:
    with pytest.raises(EdgeError) as error:
        parse_range("10.0.0.1", "p")
    assert str(error.value) == "p: 10.0.0.1 is not a range (write FIRST-LAST, such as 192.0.2.10-192.0.2.20)"


def test_cidr_contains_addresses_of_its_family_only() -> None:
    cidr = parse_cidr("0.0.0.0/0", "p")
    assert cidr.contains(parse_address("10.0.0.1", "p"))
    assert not cidr.contains(parse_address("::1", "p"))
    assert not parse_cidr("10.0.0.0/30", "p").contains(parse_address("10.0.0.4", "p"))


def test_every_file_loads_without_netaddr() -> None:
    """Where it is missing, ansible-doc must still show what the plugins do."""
    plugins = Path(__file__).parents[3] / "plugins"
    names = sorted(
        ".".join(
            ("ansible_collections.hybridnet.cluster_edge.plugins", *path.relative_to(plugins).with_suffix("").parts)
        )
        for kind in ("plugin_utils", "module_utils", "filter", "action")
        for path in (plugins / kind).rglob("*.py")
        if path.stem != "__init__"
    )
    assert len(names) > 100
    code = (
        "import importlib, sys\nsys.modules['netaddr'] = None\nfor name in sys.argv[1:]: importlib.import_module(name)"
    )
    collections = plugins.parent / "collections"
    done = subprocess.run(
        [sys.executable, "-c", code, *names],
        env={**os.environ, "PYTHONPATH": str(collections)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode == 0


def test_missing_netaddr_is_told_at_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_addresses, "HAS_NETADDR", False)
    monkeypatch.setattr(_addresses.sys, "executable", "/usr/bin/python3.11")
    with pytest.raises(EdgeError) as error:
        parse_address("10.0.0.1", "p")
    assert str(error.value) == (
        "the Python that runs Ansible (/usr/bin/python3.11) has no netaddr library, which all address arithmetic needs "
        "(install it there: python -m pip install netaddr)"
    )


def ranges(bits: int, family: int) -> st.SearchStrategy[Interval]:
    values = st.integers(0, 2**bits - 1)
    return st.tuples(values, values).map(lambda pair: Interval(Family(family), min(pair), max(pair)))


@given(st.one_of(ranges(32, 4), ranges(128, 6)))
def test_cidrs_are_the_standard_librarys(interval: Interval) -> None:
    kind = {4: ipaddress.IPv4Address, 6: ipaddress.IPv6Address}[interval.family]
    expected = ipaddress.summarize_address_range(kind(interval.first), kind(interval.last))
    assert [(cidr.interval.first, cidr.prefix_length) for cidr in to_cidrs([interval])] == [
        (int(network.network_address), network.prefixlen) for network in expected
    ]


@given(st.one_of(ranges(32, 4), ranges(128, 6)))
def test_text_of_a_range_is_read_back(interval: Interval) -> None:
    mapped = Interval(Family.IPV6, 0xFFFF << 32, (0xFFFF << 32) + 0xFFFFFFFF)
    if any(interval.family == 6 and mapped.first <= value <= mapped.last for value in (interval.first, interval.last)):
        return
    assert parse_pool_entry(interval_text(interval), "p").interval == interval


@given(st.integers(2**112, 2**128 - 1))
def test_ipv6_text_is_the_standard_librarys(value: int) -> None:
    assert address_text(6, value) == str(ipaddress.IPv6Address(value))


@given(st.text("0123456789abcdefx:./-% []", max_size=20))
def test_a_text_is_an_address_only_if_the_standard_library_agrees(text: str) -> None:
    """The other direction is not true: we refuse zones, IPv4-mapped addresses and outer brackets."""
    try:
        address = parse_address(text, "p")
    except EdgeError:
        return
    assert int(ipaddress.ip_address(text.strip())) == address.value


@given(st.text("0123456789./", min_size=9, max_size=18))
def test_a_text_is_a_cidr_only_if_the_standard_library_agrees(text: str) -> None:
    try:
        cidr = parse_cidr(text, "p")
    except EdgeError:
        return
    assert int(ipaddress.ip_network(text).network_address) == cidr.interval.first


@given(
    st.one_of(st.text("0123456789abcdefABCDEF:.x%/ \0", max_size=24), st.ip_addresses().map(str), st.text(max_size=8))
)
def test_texts_are_read_as_netaddr_reads_them(text: str) -> None:
    family: Literal[4, 6] = 6 if ":" in text else 4
    try:
        expected = int(netaddr.IPAddress(text, family, flags=netaddr.INET_PTON))
    except (netaddr.AddrFormatError, ValueError):
        expected = None
    if expected is None or (family == 6 and expected >> 32 == 0xFFFF):  # neither an address nor IPv4-mapped
        with pytest.raises(EdgeError):
            _addresses._read(text, "p")
    else:
        assert _addresses._read(text, "p") == (family, expected, str(netaddr.IPAddress(expected, family)))


@given(
    st.one_of(
        st.integers(0, 2**32 - 1).map(lambda value: (4, value)),
        st.integers(0, 2**128 - 1).map(lambda value: (6, value)),
    )
)
def test_addresses_are_written_as_netaddr_writes_them(address: tuple[Literal[4, 6], int]) -> None:
    family, value = address
    text = str(netaddr.IPAddress(value, family))
    assert address_text(Family(family), value) == text
    if family == 4 or value >> 32 != 0xFFFF:  # not IPv4-mapped
        assert _addresses._read(text, "p") == (family, value, text)


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        pytest.param("https://192.0.2.1", ["192.0.2.1"], id="ipv4"),
        pytest.param("https://192.0.2.1:8443/", ["192.0.2.1"], id="port-and-path"),
        pytest.param("https://[2001:DB8::1]:8443/", ["2001:db8::1"], id="ipv6"),
        pytest.param(
            "https://a.example http://192.0.2.2/x https://192.0.2.3", ["192.0.2.2", "192.0.2.3"], id="several"
        ),
        pytest.param("https://unifi.example:443", [], id="name"),
        pytest.param("https://192.0.2.1.example", [], id="name-like-an-address"),
        pytest.param("https://192.0.2.300", [], id="no-address"),
        pytest.param("192.0.2.1", [], id="no-url"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_addresses_in_urls(text: str, addresses: list[str]) -> None:
    assert [address.text for address in url_addresses(text)] == addresses
