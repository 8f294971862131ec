# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One spelling of what FRR takes in several: networks of routing protocols, and addresses of interfaces."""

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.foreign import blocks, missing
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.spelling import canonical
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("network 224.0.0.0", id="an address of no class"),
        pytest.param("network 255.1.1.1 route-map X", id="the last address of no class"),
        pytest.param("network 10.0.0.0 mask 255.255.255.256", id="a mask that is none"),
        pytest.param("network 10.0.0.0/33", id="a length of no address"),
    ],
)
def test_a_line_that_frr_refuses_stays_as_it_is(line: str) -> None:
    assert canonical(line, "router bgp 65000") == line


@pytest.mark.parametrize(
    ("block", "written", "shown"),
    [
        pytest.param("router bgp 65000 vrf RED", "network 10.1.2.3/24", "network 10.1.2.0/24", id="bits behind the length"),
        pytest.param("router bgp 65000 vrf RED", "network 10.3.3.3 mask 255.255.255.0", "network 10.3.3.0/24", id="a mask"),
        pytest.param("router bgp 65000 vrf RED", "network 10.4.0.0", "network 10.0.0.0/8", id="class A"),
        pytest.param("router bgp 65000 vrf RED", "network 172.16.5.0", "network 172.16.0.0/16", id="class B"),
        pytest.param("router bgp 65000 vrf RED", "network 192.168.5.0 route-map X", "network 192.168.5.0/24 route-map X",
                     id="class C, with more words"),
        pytest.param("router bgp 65000 vrf RED", "network 0.0.0.0", "network 0.0.0.0/0", id="the default route"),
        pytest.param("router bgp 65000 vrf RED", "network 0.0.0.0 route-map X", "network 0.0.0.0/0 route-map X",
                     id="the default route, with more words"),
        pytest.param("router bgp 65000 vrf RED", "no network 0.0.0.0", "no network 0.0.0.0/0", id="no default route"),
        pytest.param("router bgp 65000 vrf RED", "network 0.5.5.5", "network 0.0.0.0/8", id="class A beside the default route"),
        pytest.param("router bgp 65000 vrf RED", "network 10.9.0.0 mask 0.0.0.0", "network 0.0.0.0/0", id="a mask of no length"),
        pytest.param("router bgp 65000 vrf RED", "network 10.9.0.0 mask 0.0.0.255", "network 0.0.0.0/0",
                     id="the inverse of a mask"),
        pytest.param("router bgp 65000 vrf RED", "network 10.8.0.0 mask 255.0.255.0", "network 10.0.0.0/8",
                     id="a mask with gaps"),
        pytest.param("router bgp 65000 vrf RED", "aggregate-address 10.55.1.0 0.0.0.255", "aggregate-address 0.0.0.0/0",
                     id="an aggregate with the inverse of a mask"),
        pytest.param("router bgp 65000 vrf RED", "aggregate-address 10.2.3.4/16 summary-only",
                     "aggregate-address 10.2.0.0/16 summary-only", id="an aggregate"),
        pytest.param("router bgp 65000 vrf RED", "aggregate-address 10.22.3.4 255.255.0.0", "aggregate-address 10.22.0.0/16",
                     id="an aggregate with a mask"),
        pytest.param("router bgp 65000 vrf RED", "bgp listen range 10.77.7.7/24 peer-group C",
                     "bgp listen range 10.77.7.0/24 peer-group C", id="a listen range"),
        pytest.param("router bgp 65000 vrf RED", "network 2001:db8:1::5/48", "network 2001:db8:1::/48", id="IPv6"),
        pytest.param("router ospf", "network 10.5.5.5/24 area 0", "network 10.5.5.0/24 area 0", id="OSPF"),
        pytest.param("router ospf", "area 1 range 10.6.6.6/16", "area 1 range 10.6.0.0/16", id="an area's range"),
        pytest.param("router ospf", "summary-address 10.8.8.8/16", "summary-address 10.8.0.0/16", id="a summary"),
        pytest.param("router rip", "distance 50 10.7.7.7/24", "distance 50 10.7.7.0/24", id="a distance"),
    ],
)  # fmt: skip
def test_a_network_is_the_one_that_frr_shows(block: str, written: str, shown: str) -> None:
    """What 7.5.1 and 10.7.1 show; a summary 10.7.1 alone, which has it."""
    there, runs = (blocks(f"{block}\n {line}\nexit\n", set()) for line in (written, shown))
    assert missing(there, runs) == missing(runs, there) == []
    ours = [frr.parse(f"router bgp 65000\n address-family ipv4 unicast\n  {line}\n") for line in (written, shown)]
    assert frr.equal(ours[0].objects, ours[1].objects)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("ip address 10.9.9.9/24", id="an interface's address"),
        pytest.param("ipv6 address 2001:db8::9/64", id="an interface's IPv6 address"),
        pytest.param("network 10.1.2.3/40", id="a length that is none"),
        pytest.param("network 10.1.2.300/24", id="an address that is none"),
        pytest.param("network eth0", id="an interface"),
        pytest.param("distance 20", id="a distance of all"),
        pytest.param("area 1 range 10.6.6.6", id="a range without a length"),
    ],
)
def test_what_is_no_network_keeps_its_bits(line: str) -> None:
    assert canonical(line, "") == line


def test_an_interface_of_rip_is_not_a_network_of_its_class() -> None:
    """RIP takes an address alone as the name of an interface, and shows it as it was written (7.5.1 and 8.4.4)."""
    interface, network = (blocks(f"router rip\n network 10.0.0.0{length}\nexit\n", set()) for length in ("", "/8"))
    assert missing(interface, network) == ["router rip: network 10.0.0.0"]
    assert missing(network, interface) == ["router rip: network 10.0.0.0/8"]


def test_an_address_of_an_interface_is_not_another_one_in_its_network() -> None:
    first, second = (blocks(f"interface eth0\n ipv6 address 2001:DB8::{last}/64\nexit\n", set()) for last in "12")
    assert missing(first, second) == ["interface eth0: ipv6 address 2001:db8::1/64"]
    assert missing(first, first) == []


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_all_addresses_of_a_network_spell_one_network(number: int, length: int) -> None:
    network = ipaddress.ip_network((number, length), strict=False)
    mask = network.netmask
    expected = f"network {network}"
    address = ipaddress.IPv4Address(number)
    assert canonical(f"network {address}/{length}", "") == canonical(f"network {address} mask {mask}", "") == expected
    assert canonical(expected, "") == expected


@given(st.one_of(st.just(0), st.integers(0, 2**32 - 1)), st.integers(0, 2**32 - 1))
def test_a_network_without_a_length_has_that_of_lib_prefix_c(number: int, mask: int) -> None:
    """``netmask_str2prefix_str`` tells classes by their first bits, and ``ip_masklen`` counts ones of a mask."""
    lengths = [length for bits, length in (("0", 8), ("10", 16), ("110", 24)) if f"{number:032b}".startswith(bits)]
    line = f"network {ipaddress.IPv4Address(number)}"
    of_class = [ipaddress.ip_network((number, length), strict=False) for length in ([0] if not number else lengths)]
    assert canonical(line, "router bgp") == (f"network {of_class[0]}" if of_class else line)
    of_mask = ipaddress.ip_network((number, 32 - (mask ^ (2**32 - 1)).bit_length()), strict=False)
    assert canonical(f"{line} mask {ipaddress.IPv4Address(mask)}", "router bgp") == f"network {of_mask}"
