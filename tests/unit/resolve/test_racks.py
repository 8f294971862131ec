# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites with several routers and networks: racks, loopbacks, sources, gateways; and what comes and goes in them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import Plan, plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import (
    CLASS_LABEL,
    filters,
    frr_conf,
    groups,
    objects,
    peers,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.subset import assert_subset

RACKS = """
all:
  vars:
    edge_networks:
      rack1: {cidr: 10.1.0.0/24}
      rack2: {cidr: 10.2.0.0/24}
      loops: {cidr: 10.255.0.0/24, loopback: true}
    edge_peerings: {k8s: {network: [rack1, rack2]}}
    edge_pools: {lb: {addresses: 203.0.113.0/28}}
  children:
    edge_routers:
      hosts:
        tor1a: {edge_router_asn: 64701, edge_addresses: {rack1: 10.1.0.2, loops: 10.255.0.11}}
        tor1b: {edge_router_asn: 64701, edge_addresses: {rack1: 10.1.0.3, loops: 10.255.0.12}}
        tor2a: {edge_router_asn: 64702, edge_addresses: {rack2: 10.2.0.2, loops: 10.255.0.21}}
        tor2b: {edge_router_asn: 64702, edge_addresses: {rack2: 10.2.0.3, loops: 10.255.0.22}}
    edge_clusters: {hosts: {home: {edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: 10.244.0.0/16}}}
    edge_nodes:
      hosts:
        n11: {edge_cluster_asn: 64711, edge_addresses: {rack1: 10.1.0.11}}
        n12: {edge_cluster_asn: 64711, edge_addresses: {rack1: 10.1.0.12}}
        n21: {edge_cluster_asn: 64712, edge_addresses: {rack2: 10.2.0.11}}
"""
"""Two racks, each with a pair of top-of-rack routers and an AS number of its own."""


def planned(hosts: dict[str, Any] | None = None, **site: Any) -> Plan:
    """Return the plan of the racks; ``hosts`` adds variables to a host, ``site`` to all."""
    document = yaml.safe_load(RACKS)
    document["all"]["vars"].update(site)
    for group in document["all"]["children"].values():
        for host, values in (hosts or {}).items():
            if host in group["hosts"]:
                group["hosts"][host].update(values)
    return plan(inventory_from(document))


def good(hosts: dict[str, Any] | None = None, **site: Any) -> dict[str, Any]:
    """Return the data of a plan that has no finding."""
    computed = planned(hosts, **site)
    assert [finding.text for finding in computed.findings] == []
    return computed.data


def ends(data: dict[str, Any]) -> dict[str, set[tuple[str, str]]]:
    """Return node -> (source address, dialled address) of its sessions."""
    found: dict[str, set[tuple[str, str]]] = {}
    for session in data["sessions"]:
        found.setdefault(session["node"], set()).add((session["node_address"], session["router_address"]))
    return found


# --- racks ------------------------------------------------------------------------------------------------------------


def test_each_node_dials_the_routers_of_its_own_rack() -> None:
    data = good()
    assert ends(data) == {
        "n11": {("10.1.0.11", "10.1.0.2"), ("10.1.0.11", "10.1.0.3")},
        "n12": {("10.1.0.12", "10.1.0.2"), ("10.1.0.12", "10.1.0.3")},
        "n21": {("10.2.0.11", "10.2.0.2"), ("10.2.0.11", "10.2.0.3")},
    }
    assert peers(data) == {
        ("all-as64711-rack1", "as64711"): {
            "k8s-tor1a": ("10.1.0.2", 64701, "k8s"),
            "k8s-tor1b": ("10.1.0.3", 64701, "k8s"),
        },
        ("all-as64712-rack2", "as64712"): {
            "k8s-tor2a": ("10.2.0.2", 64702, "k8s"),
            "k8s-tor2b": ("10.2.0.3", 64702, "k8s"),
        },
    }
    for router, asn in (("tor1a", 64711), ("tor1b", 64711), ("tor2a", 64712), ("tor2b", 64712)):
        assert_subset(groups(data, router)["home-k8s"], {"remote_as": asn, "multihop": None})
        assert filters(data, router) == {"home-k8s-ipv4": ["203.0.113.0/28 ge 32"]}


def test_classes_of_racks_are_selected_by_a_label_of_ours() -> None:
    data = good()
    for node, name in (("n11", "all-as64711-rack1"), ("n12", "all-as64711-rack1"), ("n21", "all-as64712-rack2")):
        assert data["clusters"]["home"]["node_labels"][node] == {CLASS_LABEL: name}
        spec = objects(data, "CiliumBGPClusterConfig")[name]
        assert spec["nodeSelector"] == {"matchLabels": {CLASS_LABEL: name}}


def test_another_rack_renames_nothing() -> None:
    """A name depends on the node alone: else a new rack would reset the sessions of the others."""
    document = yaml.safe_load(RACKS)
    variables, children = document["all"]["vars"], document["all"]["children"]
    variables["edge_networks"]["rack3"] = {"cidr": "10.3.0.0/24"}
    variables["edge_peerings"]["k8s"]["network"] = ["rack3", "rack1", "rack2"]
    children["edge_routers"]["hosts"]["tor3"] = {"edge_router_asn": 64703, "edge_addresses": {"rack3": "10.3.0.2"}}
    children["edge_nodes"]["hosts"]["n31"] = {"edge_cluster_asn": 64713, "edge_addresses": {"rack3": "10.3.0.11"}}
    after = plan(inventory_from(document)).data["sessions"]
    assert [session for session in after if session["node"] != "n31"] == good()["sessions"]
    assert {session["node"] for session in after} == {"n11", "n12", "n21", "n31"}


def test_nodes_of_several_as_numbers_under_one_router() -> None:
    data = good({"n12": {"edge_cluster_asn": 64720}})
    assert [peer["remote_as"] for peer in groups(data, "tor1a")["home-k8s"]["neighbors"]] == [64711, 64720]
    assert groups(data, "tor1a")["home-k8s"]["remote_as"] is None
    assert data["routers"]["tor1a"]["frr"]["multipath_relax"] is True
    assert data["routers"]["tor2a"]["frr"]["multipath_relax"] is False


def test_a_node_in_two_fabrics_has_a_session_in_each() -> None:
    """Two fabrics with a router of their own each: both are dialled, each from the address in it."""
    computed = planned({"n21": {"edge_addresses": {"rack1": "10.1.0.21", "rack2": "10.2.0.11"}}})
    data = computed.data
    assert [(finding.code, finding.path) for finding in computed.findings] == [("EDGE619", "n21.edge_addresses")]
    assert ends(data)["n21"] == {
        ("10.1.0.21", "10.1.0.2"), ("10.1.0.21", "10.1.0.3"), ("10.2.0.11", "10.2.0.2"), ("10.2.0.11", "10.2.0.3"),
    }  # fmt: skip
    assert {session["cluster_config"] for session in data["sessions"] if session["node"] == "n21"} == {
        "all-as64712-rack1-rack2"
    }


def test_one_as_number_for_the_cluster_beats_the_nodes_own() -> None:
    data = good({"home": {"edge_cluster_asn": 64800}})
    assert {session["node_asn"] for session in data["sessions"]} == {64800}
    assert {session["cluster_config"] for session in data["sessions"]} == {"all-rack1", "all-rack2"}


def test_four_byte_as_numbers() -> None:
    data = good({"home": {"edge_cluster_asn": 4200000001}, "tor1a": {"edge_router_asn": 4294967294}})
    assert "neighbor home-k8s remote-as 4200000001" in frr_conf(data, "tor1a")
    assert ("all-rack1", "as4200000001") in peers(data)


# --- the dialled address ----------------------------------------------------------------------------------------------


def test_nodes_dial_the_loopback_of_their_own_rack_s_routers() -> None:
    data = good(edge_peerings={"k8s": {"network": ["rack1", "rack2"], "router_network": "loops"}})
    assert ends(data)["n11"] == {("10.1.0.11", "10.255.0.11"), ("10.1.0.11", "10.255.0.12")}
    assert ends(data)["n21"] == {("10.2.0.11", "10.255.0.21"), ("10.2.0.11", "10.255.0.22")}
    assert groups(data, "tor1a")["home-k8s"]["multihop"] == 2
    assert "neighbor 10.1.0.11 update-source 10.255.0.11" in frr_conf(data, "tor1a")
    assert objects(data, "CiliumBGPPeerConfig")["k8s"]["ebgpMultihop"] == 2
    assert {"path": "edge_peerings.k8s.multihop", "value": 2} in [
        {key: item[key] for key in ("path", "value")} for item in data["derived"]
    ]


def test_routers_replace_those_of_the_own_network() -> None:
    peering = {"network": ["rack1", "rack2"], "router_network": "loops", "routers": ["tor1a", "tor2a"]}
    data = good(edge_peerings={"k8s": peering})
    assert {pair[1] for pairs in ends(data).values() for pair in pairs} == {"10.255.0.11", "10.255.0.21"}
    assert ends(data)["n21"] == {("10.2.0.11", "10.255.0.11"), ("10.2.0.11", "10.255.0.21")}


def test_routers_of_each_rack_may_be_a_part_of_those_that_are_there() -> None:
    data = good(edge_peerings={"k8s": {"network": ["rack1", "rack2"], "routers": ["tor1b", "tor2a"]}})
    assert ends(data) == {
        "n11": {("10.1.0.11", "10.1.0.3")}, "n12": {("10.1.0.12", "10.1.0.3")}, "n21": {("10.2.0.11", "10.2.0.2")},
    }  # fmt: skip


def test_within_one_as_a_loopback_needs_no_multihop() -> None:
    data = good(
        {"home": {"edge_cluster_asn": 64701}, "tor2a": {"edge_router_asn": 64701}, "tor2b": {"edge_router_asn": 64701}},
        edge_peerings={"k8s": {"network": ["rack1", "rack2"], "router_network": "loops"}},
    )
    assert groups(data, "tor1a")["home-k8s"]["multihop"] is None
    assert "ebgpMultihop" not in objects(data, "CiliumBGPPeerConfig")["k8s"]
    assert "neighbor 10.1.0.11 update-source 10.255.0.11" in frr_conf(data, "tor1a")


def test_a_router_s_id_is_its_loopback() -> None:
    data = good()
    assert {name: router["router_id"] for name, router in data["routers"].items()} == {
        "tor1a": "10.255.0.11", "tor1b": "10.255.0.12", "tor2a": "10.255.0.21", "tor2b": "10.255.0.22",
    }  # fmt: skip
    assert {item["reason"] for item in data["derived"] if item["path"] == "tor1a.edge_router_id"} == {
        "the router's loopback address"
    }


def test_local_as_is_what_the_nodes_see() -> None:
    data = good(edge_peerings={"k8s": {"network": ["rack1", "rack2"], "local_as": 64999}})
    assert {session["router_asn"] for session in data["sessions"]} == {64999}
    assert {peer[1] for instance in peers(data).values() for peer in instance.values()} == {64999}
    assert "neighbor home-k8s local-as 64999" in frr_conf(data, "tor1a")


# --- source addresses -------------------------------------------------------------------------------------------------


def test_a_source_address_is_used_in_the_node_s_own_rack_only() -> None:
    data = good({"n11": {"edge_node_local_addresses": {"k8s": "10.9.0.11"}}})
    assert ends(data)["n11"] == {("10.9.0.11", "10.1.0.2"), ("10.9.0.11", "10.1.0.3")}
    assert {session["local_address"] for session in data["sessions"] if session["node"] == "n11"} == {"10.9.0.11"}
    assert {session["local_address"] for session in data["sessions"] if session["node"] != "n11"} == {None}
    override = objects(data, "CiliumBGPNodeConfigOverride")["n11"]["bgpInstances"]
    assert [peer["localAddress"] for peer in override[0]["peers"]] == ["10.9.0.11", "10.9.0.11"]


def test_a_source_address_outside_the_subnet_is_two_hops_away() -> None:
    """FRR waits for ever for an external neighbor that is on none of its own subnets."""
    far = good({"n11": {"edge_node_local_addresses": {"k8s": "10.9.0.11"}}})
    near = good({"n11": {"edge_node_local_addresses": {"k8s": "10.1.0.111"}}})
    assert [groups(data, "tor1a")["home-k8s"]["multihop"] for data in (far, near)] == [2, None]
    assert objects(far, "CiliumBGPPeerConfig")["k8s"]["ebgpMultihop"] == 2
    assert "neighbor 10.9.0.11 update-source 10.1.0.2" in frr_conf(far, "tor1a")
    assert "update-source" not in frr_conf(near, "tor1a")


# --- what comes and goes ----------------------------------------------------------------------------------------------


def test_a_drained_node_leaves_all_peerings_and_keeps_its_labels() -> None:
    data = good({"n11": {"edge_node_drain": True, "edge_node_labels": {"zone": "a"}}})
    assert sorted(ends(data)) == ["n12", "n21"]
    assert data["clusters"]["home"]["node_labels"]["n11"] == {"zone": "a"}
    assert data["clusters"]["home"]["node_labels"]["n12"][CLASS_LABEL] == "all-as64711-rack1"


def test_a_drained_node_changes_no_session_of_others() -> None:
    before = [session for session in good()["sessions"] if session["node"] != "n11"]
    assert good({"n11": {"edge_node_drain": True}})["sessions"] == before


@pytest.mark.parametrize("gone", ["tor1a", "n11"])
def test_what_is_absent_takes_only_its_own_sessions_along(gone: str) -> None:
    before = [session for session in good()["sessions"] if gone not in (session["node"], session["router"])]
    assert good({gone: {"edge_state": "absent"}})["sessions"] == before


def test_an_absent_router_stays_known_and_has_no_session() -> None:
    data = good({"tor1a": {"edge_state": "absent"}})
    assert data["routers"]["tor1a"]["absent"] is True
    assert "tor1a" not in {session["router"] for session in data["sessions"]}


def test_nodes_whose_routers_are_all_absent_are_in_no_class() -> None:
    """A CiliumBGPClusterConfig without instances would be refused."""
    data = good({"tor2a": {"edge_state": "absent"}, "tor2b": {"edge_state": "absent"}})
    assert sorted(ends(data)) == ["n11", "n12"]
    assert list(objects(data, "CiliumBGPClusterConfig")) == ["all-as64711-rack1"]
    assert CLASS_LABEL not in data["clusters"]["home"]["node_labels"]["n21"]


def test_a_named_router_that_is_absent_leaves_the_others() -> None:
    peering = {"network": ["rack1", "rack2"], "router_network": "loops", "routers": ["tor1a", "tor2a"]}
    data = good({"tor2a": {"edge_state": "absent"}}, edge_peerings={"k8s": peering})
    assert {pair[1] for pairs in ends(data).values() for pair in pairs} == {"10.255.0.11"}
    assert sorted(ends(data)) == ["n11", "n12", "n21"]


def test_an_absent_cluster_has_nothing_and_complains_of_nothing() -> None:
    data = good({"home": {"edge_state": "absent"}})
    cluster = data["clusters"]["home"]
    assert data["sessions"] == data["pools"] == data["services"] == cluster["bgp"] == cluster["lb"] == []
    assert groups(data, "tor1a") == {}


# --- gateways and listen ranges ---------------------------------------------------------------------------------------

GATEWAYS = {"tor1b": {"edge_state": "absent"}, "tor2b": {"edge_state": "absent"}, "tor2a": {"edge_router_asn": 64701}}


def test_gateways_of_several_racks_are_one_peer() -> None:
    data = good(
        {**GATEWAYS, "home": {"edge_cluster_asn": 64711}},
        edge_peerings={"k8s": {"network": ["rack1", "rack2"], "discover": True}},
    )
    assert {session["cluster_config"] for session in data["sessions"]} == {"all"}
    spec = objects(data, "CiliumBGPClusterConfig")["all"]["bgpInstances"]
    assert [peer["name"] for peer in spec[0]["peers"]] == ["k8s-gateway"]
    assert "peerAddress" not in spec[0]["peers"][0]
    assert ends(data)["n21"] == {("10.2.0.11", "10.2.0.2")}  # the router's end is as certain as without it


def test_dynamic_nodes_need_no_address() -> None:
    data = good(
        {"home": {"edge_cluster_asn": 64711}, "n11": {"edge_addresses": {}}, "n21": {"edge_node_labels": {"far": ""}}},
        edge_peerings={"k8s": {"network": "rack1", "dynamic": True, "nodes": "!far"}},
        edge_bgp_passwords={"k8s": "x"},
    )
    group = groups(data, "tor1a")["home-k8s"]
    assert_subset(group, {"listen_ranges": ["10.1.0.0/24"], "neighbors": [], "remote_as": 64711})
    assert data["routers"]["tor1a"]["frr"]["listen_limit"] == 4
    known = {session["node"]: session["node_address"] for session in data["sessions"]}
    assert (known["n11"], known["n12"]) == ("", "10.1.0.12")


# --- names that stay --------------------------------------------------------------------------------------------------


def test_a_further_peering_with_the_same_selector_edits_in_place() -> None:
    """Neither the ClusterConfig nor an instance or peer gets another name: no session is reset."""
    one = {"in-rack": {"network": "rack1", "nodes": "rack=1", "asn": 64711}}
    two = {
        **one,
        "far": {"network": "rack1", "router_network": "loops", "routers": "tor2a", "nodes": "rack=1", "asn": 64711},
    }
    hosts = {name: {"edge_node_labels": {"rack": "1"}} for name in ("n11", "n12")}
    before = good(hosts, edge_peerings=one, edge_pools={"lb": {"addresses": "203.0.113.0/28", "bgp": "in-rack"}})
    after = good(
        hosts, edge_peerings=two, edge_pools={"lb": {"addresses": "203.0.113.0/28", "bgp": ["in-rack", "far"]}}
    )
    assert [session for session in after["sessions"] if session["peering"] == "in-rack"] == before["sessions"]
    assert (
        list(objects(after, "CiliumBGPClusterConfig")) == list(objects(before, "CiliumBGPClusterConfig")) == ["rack-1"]
    )
    assert set(peers(after)["rack-1", "as64711"]) > set(peers(before)["rack-1", "as64711"])


def test_written_names_stand_in_place_of_the_derived_ones() -> None:
    names = {
        "peer_group": "TOR", "cluster_config": "bgp", "instance": "main", "peer": {"tor1a": "left"},
        "peer_config": "cilium-peer", "advertisement": "ads",
    }  # fmt: skip
    data = good(
        {"home": {"edge_cluster_asn": 64711}, **{name: {"edge_node_labels": {"rack": "1"}} for name in ("n11", "n12")}},
        edge_peerings={"k8s": {"network": "rack1", "nodes": "rack=1", "names": names}},
    )
    assert peers(data) == {
        ("bgp", "main"): {"left": ("10.1.0.2", 64701, "cilium-peer"), "k8s-tor1b": ("10.1.0.3", 64701, "cilium-peer")}
    }
    assert list(groups(data, "tor1a")) == ["TOR"]
    assert list(objects(data, "CiliumBGPAdvertisement")) == ["ads"]


def test_a_written_name_of_a_cluster_config_is_kept_where_the_as_number_is_the_nodes_own() -> None:
    names = {"cluster_config": "cilium-bgp"}
    labelled = {name: {"edge_node_labels": {"rack": "1"}} for name in ("n11", "n12")}
    data = good(labelled, edge_peerings={"k8s": {"network": "rack1", "nodes": "rack=1", "names": names}})
    assert list(objects(data, "CiliumBGPClusterConfig")) == ["cilium-bgp"]
    assert {session["node_asn"] for session in data["sessions"]} == {64711}


def test_a_written_name_of_a_cluster_config_that_would_be_several_is_refused() -> None:
    peering = {"network": ["rack1", "rack2"], "names": {"cluster_config": "cilium-bgp"}}
    assert [f"{found.code} {found.text}" for found in planned(edge_peerings={"k8s": peering}).findings] == [
        "EDGE317 edge_peerings.k8s.names.cluster_config: is 'cilium-bgp', but its nodes have AS numbers or networks of"
        " their own, so each of n11, n12 and n21 needs a CiliumBGPClusterConfig of its own (leave the name out, or"
        " write a peering for each with nodes and a name of its own)"
    ]


def test_a_written_name_of_a_cluster_config_that_fits_no_label_is_refused() -> None:
    """A name of at most 253 characters is kept, but nodes that no selector picks need it as the value of a label."""
    name = "cilium-bgp-" + "x" * 60
    lone = {"network": "rack1", "nodes": "rack=1", "names": {"cluster_config": name}}
    labelled = {host: {"edge_node_labels": {"rack": "1"}} for host in ("n11", "n12")}
    assert list(objects(good(labelled, edge_peerings={"k8s": lone}), "CiliumBGPClusterConfig")) == [name]
    drained = {**labelled, "n12": {"edge_node_labels": {"rack": "1"}, "edge_node_drain": True}}
    assert [f"{found.code} {found.text}" for found in planned(drained, edge_peerings={"k8s": lone}).findings] == [
        "EDGE317 edge_peerings.k8s.names.cluster_config: has 71 characters, and is the value of the label by which it"
        " selects n11 too (at most 63, or let a peering's nodes select exactly these nodes)"
    ]


def test_two_speakers_on_a_node_at_two_addresses() -> None:
    """No router has these sessions, so they share no peer group that they could fight about."""
    speakers = {
        "bird": {"local_speaker": {"asn": 64901}},
        "other": {"local_speaker": {"asn": 64902, "address": "127.0.0.2"}},
    }
    data = good(
        {"home": {"edge_cluster_asn": 64711}},
        edge_peerings=speakers,
        edge_pools={"lb": {"addresses": "203.0.113.0/28", "bgp": ["bird", "other"]}},
    )
    assert peers(data) == {
        ("all", "as64711"): {
            "bird-local": ("127.0.0.1", 64901, "bird"),
            "other-local": ("127.0.0.2", 64902, "other"),
        }
    }
    assert groups(data, "tor1a") == {}
