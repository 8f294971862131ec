# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and networks: names, addresses and passwords that a host may have, and what is wrong with them."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import (
    plan,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import (
    inventory_from,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import (
    good,
    told,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.small_sites import (
    IPV6_ONLY,
    SMALL,
    TWO_CLUSTERS,
)


def test_link_local_networks() -> None:
    assert told(IPV6_ONLY.replace("fd00:1:", "fe80:").replace("FD00:1:", "fe80:")) == [
        "EDGE111 edge_networks.lan.cidr: fe80::/64 is link-local: nodes cannot peer from such addresses, which each link"
        " has again (use unique local addresses, such as fd00:10::/64; a neighbor that is no node may be link-local:"
        " edge_router_neighbors.NAME: {address, interface})"
    ]


LOOPBACKS = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.99.1.0/24}, ids: {cidr: 10.99.0.0/28, loopback: true}}
    edge_peerings: {k8s: {network: lan, router_network: ids}}
    edge_pools: {lb: {addresses: 10.99.200.0/28}}
  children:
    edge_routers: {hosts: {gw: {edge_router_asn: 64700, edge_addresses: {lan: 10.99.1.1, ids: ADDRESS}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6"}}}
    edge_nodes: {hosts: {n1: {edge_addresses: {lan: 10.99.1.11}}}}
"""


@pytest.mark.parametrize("address", ["10.99.0.0", "10.99.0.7", "10.99.0.15"])
def test_each_address_of_a_loopback_network_can_be_a_routers(address: str) -> None:
    document = yaml.safe_load(LOOPBACKS.replace("ADDRESS", address))
    computed = plan(inventory_from(document))
    assert computed.findings == ()
    assert computed.data is not None
    assert {session["router_address"] for session in computed.data["sessions"]} == {address}
    del document["all"]["vars"]["edge_networks"]["ids"]["loopback"]
    refused = [f"{item.code} {item.problem}" for item in plan(inventory_from(document)).findings]
    reserved = {
        "10.99.0.0": ["EDGE203 10.99.0.0 is the network address of 10.99.0.0/28"],
        "10.99.0.15": ["EDGE203 10.99.0.15 is the broadcast address of 10.99.0.0/28"],
    }
    assert refused == reserved.get(address, [])


def test_a_router_s_ansible_host_is_its_address_in_that_one_network() -> None:
    """One that is reached over the management network says with edge_addresses where it peers."""
    networks = {"lan": {"cidr": "10.0.1.0/24"}, "mgmt": {"cidr": "10.0.9.0/24"}}
    text = SMALL.replace("{ansible_host: 10.0.1.1,", "{ansible_host: 10.0.9.1, edge_addresses: {lan: 10.0.1.1},")
    data = good(text, edge_networks=networks)
    assert data["routers"]["gw"]["addresses"] == {"lan": ["10.0.1.1"]}
    assert "gw.edge_addresses.mgmt" not in {item["path"] for item in data["derived"]}


def test_host_names_that_an_end_would_refuse() -> None:
    assert told(SMALL.replace("n2:", "Node_2:").replace("home:", "my home:")) == [
        "EDGE104 Node_2: the host name 'Node_2' is not made of lower-case letters, digits, '-' and '.': it is the name"
        " of the Node",
        "EDGE104 my home: the host name 'my home' is not made of letters, digits, '.', '_' and '-': it is a part of peer"
        " groups' names",
    ]


def test_a_password_of_no_peering_of_any_cluster() -> None:
    assert told(TWO_CLUSTERS, edge_bgp_passwords={"labs": None}) == [
        "EDGE120 edge_bgp_passwords.labs: there is no peering 'labs' (did you mean 'lab'?)"
    ]
