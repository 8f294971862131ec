# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools: what both ends are told of their addresses and selectors, and which addresses no pool may have."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import (
    filters,
    good,
    objects,
    told,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.small_sites import (
    DUAL,
    L2_ONLY,
    SMALL,
)


@pytest.mark.parametrize(
    ("pool", "blocks", "permitted", "capacity"),
    [
        pytest.param(
            {"addresses": "203.0.113.88/29", "exclude": "203.0.113.90", "first_last": False},
            [{"start": "203.0.113.89", "stop": "203.0.113.89"}, {"start": "203.0.113.91", "stop": "203.0.113.94"}],
            ["203.0.113.89/32", "203.0.113.91/32", "203.0.113.92/31 ge 32", "203.0.113.94/32"],
            5,
            id="excluded, without first and last",
        ),
        pytest.param(
            {"addresses": "203.0.113.88/29", "first_last": False},
            [{"cidr": "203.0.113.88/29"}],
            ["203.0.113.89/32", "203.0.113.90/31 ge 32", "203.0.113.92/31 ge 32", "203.0.113.94/32"],
            6,
            id="without first and last",
        ),
        pytest.param(
            {"addresses": "203.0.113.10-203.0.113.21"},
            [{"start": "203.0.113.10", "stop": "203.0.113.21"}],
            ["203.0.113.10/31 ge 32", "203.0.113.12/30 ge 32", "203.0.113.16/30 ge 32", "203.0.113.20/31 ge 32"],
            12,
            id="a range of several CIDRs",
        ),
        pytest.param(
            {"addresses": ["203.0.113.7", "198.51.100.0/31"], "first_last": False},
            [{"start": "203.0.113.7", "stop": "203.0.113.7"}, {"cidr": "198.51.100.0/31"}],
            ["198.51.100.0/31 ge 32", "203.0.113.7/32"],
            3,
            id="two addresses have no first and last to reserve",
        ),
    ],
)
def test_a_pool_in_the_words_of_both_ends(
    pool: dict[str, Any], blocks: list[dict[str, str]], permitted: list[str], capacity: int
) -> None:
    data = good(SMALL, edge_pools={"lb": pool})
    spec = objects(data, "CiliumLoadBalancerIPPool")["lb"]
    assert spec == {"allowFirstLastIPs": "Yes" if pool.get("first_last", True) else "No", "blocks": blocks}
    assert filters(data) == {"home-k8s-ipv4": permitted}
    assert data["pools"][0]["capacity"] == {"ipv4": capacity}


def test_a_disabled_pool_hands_out_nothing_and_keeps_its_routes() -> None:
    data = good(SMALL, edge_pools={"lb": {"addresses": "203.0.113.0/28", "disabled": True}})
    assert objects(data, "CiliumLoadBalancerIPPool")["lb"]["disabled"] is True
    assert filters(data) == {"home-k8s-ipv4": ["203.0.113.0/28 ge 32"]}
    assert data["pools"][0]["next_free"] is None


POOL_LABEL = "cluster-edge.hybridnet/pool"


def test_layers_of_several_files_make_one_map() -> None:
    data = good(
        SMALL,
        edge_default_pool="lb",
        edge_pools__media={"media": {"addresses": "203.0.113.16/29"}},
        edge_pools__games={"games": {"addresses": "203.0.113.24/29"}},
        edge_services__media={"media/plex": {"pool": "media", "addresses": "203.0.113.17"}},
    )
    assert [pool["name"] for pool in data["pools"]] == ["games", "lb", "media"]
    assert filters(data) == {"home-k8s-ipv4": ["203.0.113.0/27 ge 32"]}  # neighbors merge
    others = {"key": POOL_LABEL, "operator": "NotIn", "values": ["games", "media"]}
    assert objects(data, "CiliumLoadBalancerIPPool")["lb"]["serviceSelector"] == {"matchExpressions": [others]}
    assert objects(data, "CiliumLoadBalancerIPPool")["media"]["serviceSelector"] == {
        "matchLabels": {POOL_LABEL: "media"}
    }
    selectors = [item["selector"] for item in objects(data, "CiliumBGPAdvertisement")["k8s"]["advertisements"]]
    assert selectors == [
        {"matchLabels": {POOL_LABEL: "games"}},
        {"matchExpressions": [others]},
        {"matchLabels": {POOL_LABEL: "media"}},
    ]
    assert data["clusters"]["home"]["services"][0]["annotations"] == {"lbipam.cilium.io/ips": "203.0.113.17"}


def test_a_default_pool_takes_all_that_no_other_pool_takes_also_in_its_advertisement() -> None:
    pools = {"lb": {"addresses": "203.0.113.0/28"}, "db": {"addresses": "203.0.113.16/28"}}
    data = good(SMALL, edge_pools=pools, edge_default_pool="lb", edge_pool_label="example.net/pool")
    rest = {"matchExpressions": [{"key": "example.net/pool", "operator": "NotIn", "values": ["db"]}]}
    assert {name: spec["serviceSelector"] for name, spec in objects(data, "CiliumLoadBalancerIPPool").items()} == {
        "lb": rest,
        "db": {"matchLabels": {"example.net/pool": "db"}},
    }
    assert rest in [item["selector"] for item in objects(data, "CiliumBGPAdvertisement")["k8s"]["advertisements"]]


@pytest.mark.parametrize(
    ("addresses", "finding"),
    [
        pytest.param(
            "10.0.1.240/28",
            "EDGE403 edge_pools.lb.addresses: 10.0.1.240/28 covers 10.0.1.255, the broadcast address of 10.0.1.0/24 in"
            " network 'lan' (exclude: 10.0.1.255)",
            id="broadcast",
        ),
        pytest.param(
            ["10.0.1.20", "10.0.1.0-10.0.1.3"],
            "EDGE403 edge_pools.lb.addresses[1]: 10.0.1.0-10.0.1.3 covers 10.0.1.0, the network address of 10.0.1.0/24"
            " in network 'lan' (exclude: 10.0.1.0)",
            id="network",
        ),
    ],
)
def test_an_l2_pool_must_not_hand_out_a_subnet_s_own_addresses(addresses: object, finding: str) -> None:
    pool = {"addresses": addresses, "l2": "lan"}
    assert told(L2_ONLY, edge_pools={"lb": pool}, edge_services={}) == [finding]
    reserved = finding.rpartition(": ")[2].rstrip(")")
    good(L2_ONLY, edge_pools={"lb": {**pool, "exclude": reserved}}, edge_services={})


def test_first_last_false_keeps_a_subnet_s_own_addresses_too() -> None:
    pool = {"addresses": "10.0.1.240/28", "l2": "lan", "first_last": False}
    assert good(L2_ONLY, edge_pools={"lb": pool}, edge_services={})["pools"][0]["capacity"] == {"ipv4": 14}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("224.0.0.0/28", "224.0.0.0/28 holds multicast addresses (224.0.0.0/4), which no service can have"),
        ("127.0.0.10", "127.0.0.10 holds loopback addresses (127.0.0.0/8), which no service can have"),
        ("0.0.0.0-0.0.0.9", "0.0.0.0-0.0.0.9 holds this-network addresses (0.0.0.0/8), which no service can have"),
    ],
)
def test_addresses_that_no_service_can_have(entry: str, problem: str) -> None:
    assert told(SMALL, edge_pools={"lb": {"addresses": entry}}) == [
        f"EDGE103 edge_pools.lb.addresses: {problem} (use unicast addresses of your own)"
    ]


@pytest.mark.parametrize("entry", ["fe80::1:0/112", "ff05::/112", "::1"])
def test_ipv6_addresses_that_no_service_can_have(entry: str) -> None:
    assert [text[:7] for text in told(DUAL, edge_pools={"lb": {"addresses": entry}})] == ["EDGE103"]
