# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's address in ``ansible_host``, and what is wrong with it: told once, as for one in ``edge_addresses``."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import told

SITE = """
all:
  vars:
    edge_networks: {lan: {cidr: [10.0.0.0/24, "fd00:1::/64"]}}
    edge_peerings: {k8s: {}}
    edge_pools: {lb: {addresses: 10.1.0.0/24}}
  children:
    edge_routers: {hosts: {udm: {UDM, edge_router_asn: 64700}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.20.2", edge_cluster_pod_cidrs: 10.244.0.0/16}}}
    edge_nodes: {hosts: {k1: {K1}}}
"""
GOOD = {"udm": "10.0.0.1", "k1": "10.0.0.11"}
WAYS = {"ansible_host": 'ansible_host: "{}"', "edge_addresses.lan": 'edge_addresses: {{lan: "{}"}}'}
"""Path below the host -> how an address is written there."""


def site(way: str, **addresses: str) -> str:
    """Return the inventory with the hosts' addresses written in one way."""
    text = SITE
    for host, address in {**GOOD, **addresses}.items():
        text = text.replace(host.upper(), WAYS[way].format(address))
    return text


@pytest.mark.parametrize("way", WAYS)
def test_good_addresses_are_fine_in_either_way(way: str) -> None:
    assert told(site(way)) == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("host", GOOD)
@pytest.mark.parametrize(
    ("address", "problem"),
    [
        pytest.param("10.0.0.0", "10.0.0.0 is the network address of 10.0.0.0/24", id="network"),
        pytest.param("10.0.0.255", "10.0.0.255 is the broadcast address of 10.0.0.0/24", id="broadcast"),
        pytest.param("fd00:1::", "fd00:1:: is the subnet-router anycast address of fd00:1::/64", id="anycast"),
    ],
)
def test_an_address_that_no_host_has_is_told_once(way: str, host: str, address: str, problem: str) -> None:
    assert told(site(way, **{host: address})) == [f"EDGE203 {host}.{way}: {problem}"]


@pytest.mark.parametrize("way", WAYS)
def test_networks_that_overlap_are_told_once(way: str) -> None:
    networks = {"lan": {"cidr": "10.0.0.0/24"}, "other": {"cidr": "10.0.0.0/25"}}
    assert told(site(way), edge_networks=networks) == [
        "EDGE208 edge_networks.other.cidr: 10.0.0.0/25 overlaps 10.0.0.0/24 of edge_networks.lan.cidr (an address must"
        " belong to one network only)"
    ]


IN_A_POOL = {
    "10.0.0.011": "10.0.0.011 has a leading zero, which some programs read as octal (did you mean 10.0.0.11?)",
    "10.0.0.11/24": "10.0.0.11/24 is a CIDR, but one address is needed (write 10.0.0.11)",
    "10.0.0.11:22": "10.0.0.11:22 is not an address (write IPv4 as 192.0.2.1, IPv6 as 2001:db8::1)",
    "10.0.11": "10.0.11 has 3 of the four numbers of an IPv4 address (write all four)",
    "::ffff:10.0.0.11": "::ffff:10.0.0.11 is an IPv4-mapped IPv6 address (write it as IPv4: 10.0.0.11)",
    "[fd00:1::11]": "[fd00:1::11] stands in brackets (write fd00:1::11)",
    "fd00:1::11%eth0": "fd00:1::11%eth0 has a zone (write fd00:1::11; a zone means something on one host only)",
    "[fd00:1::11%eth0]": "[fd00:1::11%eth0] has a zone (write fd00:1::11; a zone means something on one host only)",
    "[fe80::1%eth0]": "[fe80::1%eth0] stands in brackets (write fe80::1%eth0)",
    "fd00:1::1g": "fd00:1::1g is not an address (write IPv4 as 192.0.2.1, IPv6 as 2001:db8::1)",
}
"""What is meant as an address and is none -> what is said of it."""


@pytest.mark.parametrize("host", GOOD)
@pytest.mark.parametrize("written", IN_A_POOL)
def test_what_is_meant_as_an_address_and_is_none_is_told_once(host: str, written: str) -> None:
    assert told(site("ansible_host", **{host: written})) == [f"EDGE201 {host}.ansible_host: {IN_A_POOL[written]}"]


@pytest.mark.parametrize("written", IN_A_POOL)
def test_no_pool_can_hold_a_node_s_own_address_that_nobody_can_read(written: str) -> None:
    pools = {"lb": {"addresses": "10.0.0.10-10.0.0.20", "l2": "lan"}}
    networks = {"lan": {"cidr": "10.0.0.0/24", "interfaces": "eth0"}}
    found = told(site("ansible_host", k1=written), edge_pools=pools, edge_networks=networks, edge_peerings={})
    assert found == [f"EDGE201 k1.ansible_host: {IN_A_POOL[written]}"]
    good = told(site("ansible_host"), edge_pools=pools, edge_networks=networks, edge_peerings={})
    assert [text.split()[0] for text in good] == ["EDGE403"]


@pytest.mark.parametrize(
    "written",
    ["k1", "k1.example.com", "4.example.com", "10.0.0.11.nip.io", "101", "remote:k1", "fe80::1%eth0", "localhost"],
)
def test_a_name_says_how_to_connect_alone(written: str) -> None:
    text = (
        site("edge_addresses.lan")
        .replace("K1", "k1")
        .replace('edge_addresses: {lan: "10.0.0.11"}', f'edge_addresses: {{lan: 10.0.0.11}}, ansible_host: "{written}"')
    )
    assert f'ansible_host: "{written}"' in text
    assert told(text) == []
