# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key of a peering on one dual-stack site: what both ends get, and what the router accepts for it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import (
    filters,
    frr_conf,
    good,
    groups,
    objects,
    told,
)

DUAL = """
all:
  vars:
    edge_networks: {lan: {cidr: [10.0.1.0/24, "fd00:1::/64"], interfaces: eth0}}
    edge_peerings: {k8s: {}}
    edge_pools: {lb: {addresses: [203.0.113.0/28, "2001:db8:1::/124"]}}
  children:
    edge_routers: {hosts: {gw: {edge_router_asn: 64700, edge_addresses: {lan: [10.0.1.1, "fd00:1::1"]}}}}
    edge_clusters:
      hosts:
        home:
          edge_cluster_asn: 64701
          edge_cilium_version: "1.19.6"
          edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/48"]
          edge_cluster_service_cidrs: [10.96.0.0/16, "fd00:96::/112"]
          edge_cluster_external_cidrs: 198.51.100.0/28
    edge_nodes:
      hosts:
        n1: {edge_addresses: {lan: [10.0.1.11, "fd00:1::11"]}}
        n2: {edge_addresses: {lan: [10.0.1.12, "fd00:1::12"]}}
"""
"""One router, two nodes, one pool, both families."""

POOL4, POOL6 = "203.0.113.0/28 ge 32", "2001:db8:1::/124 ge 128"


def peering(**keys: Any) -> dict[str, Any]:
    """Return ``edge_peerings`` with one peering."""
    return {"k8s": keys}


def instance(data: dict[str, Any]) -> dict[str, Any]:
    """Return the only BGP instance of the only CiliumBGPClusterConfig."""
    (spec,) = objects(data, "CiliumBGPClusterConfig").values()
    found: dict[str, Any]
    (found,) = spec["bgpInstances"]
    return found


def accepted(data: dict[str, Any]) -> list[str]:
    """Return what the router's filters for the peering let pass, with both lengths."""
    return [
        entry["prefix"] + "".join(f" {key} {entry[key]}" for key in ("ge", "le") if entry[key])
        for item in data["routers"]["gw"]["frr"]["prefix_lists"]
        for entry in item["entries"]
    ]


# --- families and sessions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sessions", "expected"),
    [
        pytest.param(
            "per_family",
            {"home-k8s": ("ipv4", ["ipv4"], "10.0.1.1"), "home-k8s-v6": ("ipv6", ["ipv6"], "fd00:1::1")},
            id="one for each family",
        ),
        pytest.param("ipv6", {"home-k8s-v6": ("ipv6", ["ipv4", "ipv6"], "fd00:1::1")}, id="both over IPv6"),
    ],
)
def test_sessions(sessions: str, expected: dict[str, tuple[str, list[str], str]]) -> None:
    data = good(DUAL, edge_peerings=peering(sessions=sessions))
    assert {
        (session["peer_group"], session["family"], *session["families"], session["router_address"])
        for session in data["sessions"]
    } == {(group, transport, *families, address) for group, (transport, families, address) in expected.items()}
    assert {name: (group["transport"], sorted(group["families"])) for name, group in groups(data).items()} == {
        name: (transport, families) for name, (transport, families, _address) in expected.items()
    }
    assert sorted(peer["peerAddress"] for peer in instance(data)["peers"]) == sorted(
        address for _transport, _families, address in expected.values()
    )
    assert sorted(
        sorted(family["afi"] for family in spec["families"]) for spec in objects(data, "CiliumBGPPeerConfig").values()
    ) == sorted(families for _transport, families, _address in expected.values())


@pytest.mark.parametrize("sessions", ["per_family", "ipv6"])
def test_what_is_accepted_does_not_depend_on_the_sessions(sessions: str) -> None:
    assert sorted(accepted(good(DUAL, edge_peerings=peering(sessions=sessions)))) == sorted([POOL4, POOL6])


def test_ipv4_routes_over_ipv6_need_the_extended_next_hop() -> None:
    """RFC 8950: without the capability FRR gets no usable next hop for IPv4 routes of an IPv6 session."""
    by_sessions = {
        sessions: {
            name: group["extended_nexthop"]
            for name, group in groups(good(DUAL, edge_peerings=peering(sessions=sessions))).items()
        }
        for sessions in ("per_family", "ipv6")
    }
    assert by_sessions == {
        "per_family": {"home-k8s": False, "home-k8s-v6": False},
        "ipv6": {"home-k8s-v6": True},
    }


# --- how the ends find each other -------------------------------------------------------------------------------------


def test_a_dynamic_peering_listens_in_the_whole_network() -> None:
    data = good(DUAL, edge_peerings=peering(dynamic=True), edge_bgp_passwords={"k8s": "x"})
    assert {name: (group["listen_ranges"], group["neighbors"]) for name, group in groups(data).items()} == {
        "home-k8s": (["10.0.1.0/24"], []),
        "home-k8s-v6": (["fd00:1::/64"], []),
    }
    # Two nodes, a session for each family, and FRR's limit is one number for all ranges of the router.
    assert data["routers"]["gw"]["frr"]["listen_limit"] == 8
    assert {session["dynamic"] for session in data["sessions"]} == {True}


def test_a_dynamic_peering_listens_where_it_is_told() -> None:
    wanted = {"range": ["10.0.1.8/29", "fd00:1::/112"], "limit": 9}
    data = good(DUAL, edge_peerings=peering(dynamic=wanted), edge_bgp_passwords={"k8s": "x"})
    assert [group["listen_ranges"] for group in groups(data).values()] == [["10.0.1.8/29"], ["fd00:1::/112"]]
    assert data["routers"]["gw"]["frr"]["listen_limit"] == 18
    assert "bgp listen range 10.0.1.8/29 peer-group home-k8s\n" in frr_conf(data)


def test_discover_dials_the_default_gateway_of_each_family() -> None:
    data = good(DUAL, edge_peerings=peering(discover=True))
    assert {peer["name"]: peer["autoDiscovery"]["defaultGateway"] for peer in instance(data)["peers"]} == {
        "k8s-gateway": {"addressFamily": "ipv4"},
        "k8s-gateway-v6": {"addressFamily": "ipv6"},
    }
    assert not any("peerAddress" in peer for peer in instance(data)["peers"])
    assert {name: [known["address"] for known in group["neighbors"]] for name, group in groups(data).items()} == {
        "home-k8s": ["10.0.1.11", "10.0.1.12"],
        "home-k8s-v6": ["fd00:1::11", "fd00:1::12"],
    }


def test_a_speaker_on_the_node_is_no_router_s_business() -> None:
    data = good(DUAL, edge_peerings=peering(local_speaker={"asn": 64901}))
    assert [(peer["name"], peer["peerAddress"], peer["peerASN"]) for peer in instance(data)["peers"]] == [
        ("k8s-local", "127.0.0.1", 64901)
    ]
    assert (groups(data), filters(data)) == ({}, {})


def test_a_listen_port_is_where_the_router_dials() -> None:
    data = good(DUAL, edge_peerings=peering(listen_port=1790))
    assert instance(data)["localPort"] == 1790
    assert {known["port"] for group in groups(data).values() for known in group["neighbors"]} == {1790}
    assert "neighbor 10.0.1.11 port 1790" in frr_conf(data)


def test_a_source_interface_is_the_node_s_alone() -> None:
    data, before = good(DUAL, edge_peerings=peering(source_interface="lo")), good(DUAL)
    assert [spec["transport"] for spec in objects(data, "CiliumBGPPeerConfig").values()] == [
        {"sourceInterface": "lo"}
    ] * 2
    assert data["routers"] == before["routers"]


# --- what the router accepts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("advertise", "beside"),
    [
        pytest.param({"pod_cidrs": {}}, ["10.244.0.0/16 ge 24 le 24", "fd00:244::/48 ge 64 le 64"], id="pod CIDRs"),
        pytest.param({"cluster_ips": {}}, ["10.96.0.0/16 ge 32", "fd00:96::/112 ge 128"], id="cluster IPs"),
        pytest.param(
            {"cluster_ips": {"aggregate": {"ipv4": 20}}},
            ["10.96.0.0/16 ge 20 le 20", "10.96.0.0/16 ge 32", "fd00:96::/112 ge 128"],
            id="cluster IPs, one family aggregated: services of policy Local never are",
        ),
        pytest.param({"external_ips": {}}, ["198.51.100.0/28 ge 32"], id="external IPs"),
        pytest.param({"interfaces": "eth0"}, ["10.0.1.0/24 ge 32", "fd00:1::/64 ge 128"], id="interfaces"),
        pytest.param(
            {"external_ips": {"selector": "tier=web"}, "pod_cidrs": {}},
            ["198.51.100.0/28 ge 32", "10.244.0.0/16 ge 24 le 24", "fd00:244::/48 ge 64 le 64"],
            id="two kinds",
        ),
    ],
)
def test_what_is_announced_beside_pools_is_accepted(advertise: dict[str, Any], beside: list[str]) -> None:
    data = good(DUAL, edge_peerings=peering(advertise=advertise))
    assert sorted(accepted(data)) == sorted([POOL4, POOL6, *beside])
    (advertisements,) = (spec["advertisements"] for spec in objects(data, "CiliumBGPAdvertisement").values())
    assert len(advertisements) == 1 + len(advertise)


def test_pod_pools_are_accepted_as_far_as_the_selector_picks_them() -> None:
    pools = {
        "default": {"cidr": ["10.50.0.0/17", "fd00:50::/49"], "mask": {"ipv4": 26, "ipv6": 64}},
        "edge": {"cidr": "10.50.128.0/20", "mask": 27},
    }
    keys = {"selector": "io.cilium.podippool.name=edge"}
    every, one = (
        accepted(good(DUAL, edge_cluster_pod_pools=pools, edge_peerings=peering(advertise={"pod_pools": entry})))
        for entry in ({}, keys)
    )
    assert sorted(one) == sorted([POOL4, POOL6, "10.50.128.0/20 ge 27 le 27"])
    assert sorted(every) == sorted([*one, "10.50.0.0/17 ge 26 le 26", "fd00:50::/49 ge 64 le 64"])


def test_accept_services_takes_the_planned_addresses_alone() -> None:
    services = {
        "web/a": {"addresses": "203.0.113.2"},
        "web/b": {"addresses": ["203.0.113.3", "2001:db8:1::2"]},
        "web/c": {"addresses": "203.0.113.9"},
    }
    data = good(DUAL, edge_peerings=peering(accept="services"), edge_services=services)
    assert accepted(data) == ["203.0.113.2/31 ge 32", "203.0.113.9/32", "2001:db8:1::2/128"]


def test_accept_services_refuses_all_where_none_is_planned() -> None:
    data = good(DUAL, edge_peerings=peering(accept="services"))
    assert accepted(data) == []
    text = frr_conf(data)
    assert "route-map home-k8s-ipv4-in permit" not in text
    assert "neighbor home-k8s route-map home-k8s-ipv4-in in" in text


def test_accept_services_needs_the_addresses() -> None:
    assert told(DUAL, edge_peerings=peering(accept="services"), edge_services={"web/a": {"pool": "lb"}}) == [
        "EDGE321 edge_peerings.k8s.accept: is services, but web/a has no planned address: the router would refuse its"
        " route (write edge_services.web/a.addresses, or edge_allocation: planned)"
    ]


def test_an_import_adds_to_what_the_pools_need() -> None:
    imported = {"prefixes": [{"prefix": "192.0.2.0/24", "le": 28}, "2001:db8:9::/48"], "max_prefixes": 100}
    data = good(DUAL, edge_peerings=peering(**{"import": imported}))
    assert sorted(accepted(data)) == sorted(["192.0.2.0/24 le 28", POOL4, "2001:db8:9::/48", POOL6])
    limits = {of["maximum_prefix"]["limit"] for group in groups(data).values() for of in group["families"].values()}
    assert limits == {100}


def test_an_import_inside_a_pool_adds_nothing() -> None:
    imported = {"prefixes": "203.0.113.4/32"}
    assert good(DUAL, edge_peerings=peering(**{"import": imported}))["routers"] == good(DUAL)["routers"]


def test_an_aggregated_pool_is_accepted_as_its_aggregates() -> None:
    pools = {"lb": {"addresses": ["203.0.113.0/26", "2001:db8:1::/120"], "aggregate": {"ipv4": 28, "ipv6": 120}}}
    assert accepted(good(DUAL, edge_pools=pools)) == ["203.0.113.0/26 ge 28 le 28", "2001:db8:1::/120"]


def test_services_of_policy_local_are_accepted_beside_their_aggregates() -> None:
    pools = {"lb": {"addresses": "203.0.113.0/26", "aggregate": 28}}
    service = {"addresses": "203.0.113.9", "ports": [{"port": 80}], "selector": {"app": "a"}}
    dual = DUAL.replace("1.19.6", "1.20.2")  # 1.19 has a known fault with Local
    cluster, local = (
        accepted(good(dual, edge_pools=pools, edge_services={"web/a": {**service, "traffic_policy": policy}}))
        for policy in ("Cluster", "Local")
    )
    assert cluster == ["203.0.113.0/26 ge 28 le 28"]
    assert local == ["203.0.113.0/26 ge 28 le 28", "203.0.113.0/26 ge 32"]
