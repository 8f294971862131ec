# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers with neighbors that are not Cilium, and several clusters: what each may send and what is originated."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import Plan, plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.invalid import edited
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import frr_conf, groups, objects

NAS = "gw|edge_router_neighbors|nas"


def border(values: dict[str, Any] | None = None) -> Plan:
    """Return the plan of the site with two routers, a link and neighbors, some values changed."""
    return plan(inventory_from(edited(values or {}, (), "border")))


def good(values: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the data of a plan that has no finding."""
    done = border(values)
    assert [finding.text for finding in done.findings] == []
    return done.data


def warned(values: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """Return the codes of a plan's warnings and its data."""
    done = border(values)
    assert not done.failed, [finding.text for finding in done.findings]
    return [finding.code for finding in done.findings], done.data


def passes(data: dict[str, Any], name: str, router: str = "gw") -> list[str]:
    """Return what one prefix-list of a router permits; an absent list permits nothing."""
    return [
        entry["prefix"] + "".join(f" {key} {entry[key]}" for key in ("ge", "le") if entry[key])
        for item in data["routers"][router]["frr"]["prefix_lists"]
        if item["name"] == name
        for entry in item["entries"]
    ]


def originated(data: dict[str, Any], router: str = "gw") -> list[str]:
    """Return the networks that a router's configuration originates."""
    return [line.split()[1] for line in frr_conf(data, router).splitlines() if line.startswith("  network ")]


# --- neighbors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        pytest.param("nas", ["neighbor nas remote-as 64720", "neighbor 10.5.0.9 peer-group nas"], id="address"),
        pytest.param(
            "vpn", ["neighbor vpn remote-as external", "neighbor wg0 interface peer-group vpn"], id="interface"
        ),
        pytest.param(
            "guests",
            ["neighbor guests remote-as 64730", "bgp listen range 10.5.0.192/26 peer-group guests"],
            id="dynamic",
        ),
    ],
)
def test_a_neighbor_s_group_has_its_name(name: str, lines: list[str]) -> None:
    data = good()
    text = frr_conf(data)
    assert name in groups(data)
    assert [line for line in lines if f" {line}\n" not in text] == []


def test_speakers_on_nodes_are_neighbors_by_selector() -> None:
    nodes = {"nodes": "frr", "network": "lan", "asn": 64720, "import": {"prefixes": "10.50.0.0/16"}}
    data = good({NAS: nodes, "home|edge_peerings": {"k8s": {"network": "lan", "nodes": "!frr"}}})
    assert [known["address"] for known in groups(data)["nas"]["neighbors"]] == ["10.5.0.11"]
    assert [known["address"] for known in groups(data)["home-k8s"]["neighbors"]] == ["10.5.0.12"]


def test_a_neighbor_without_import_and_export_exchanges_nothing() -> None:
    codes, data = warned({NAS: {"address": "10.5.0.9", "asn": 64720}})
    assert "EDGE347" in codes
    text = frr_conf(data)
    assert "route-map nas-ipv4-in deny 10" in text
    assert "route-map nas-ipv4-out deny 10" in text


# --- what is originated, and what only passes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("export", "sent", "originates"),
    [
        pytest.param({"pools": "lb"}, ["10.5.200.0/28 ge 32"], [], id="a pool: nodes announce it"),
        pytest.param({"pools": "home/lb"}, ["10.5.200.0/28 ge 32"], [], id="a pool by its whole name"),
        pytest.param({"networks": "lan"}, ["10.5.0.0/24"], [], id="a network that is originated anyway"),
        pytest.param({"networks": "office"}, ["10.6.0.0/24"], [], id="a network that the link brings"),
        pytest.param({"prefixes": "10.77.0.0/16"}, ["10.77.0.0/16"], ["10.77.0.0/16"], id="a prefix of nobody"),
        pytest.param({"prefixes": "10.51.0.0/16"}, ["10.51.0.0/16"], [], id="a prefix that a neighbor brings"),
        pytest.param(
            {"prefixes": [{"prefix": "10.51.0.0/16", "le": 16}]}, ["10.51.0.0/16"], [], id="a length that says nothing"
        ),
        pytest.param(
            {"pools": "lb", "networks": ["lan", "loops"]},
            ["10.5.0.0/24", "10.5.200.0/28 ge 32", "10.5.255.0/28"],
            ["10.5.255.0/28"],
            id="several, sorted",
        ),
    ],
)
def test_export(export: dict[str, Any], sent: list[str], originates: list[str]) -> None:
    """The link's export originates lan in every case."""
    data = good({f"{NAS}|export": export})
    assert passes(data, "nas-ipv4-sent") == sent
    assert sorted(originated(data)) == sorted(["10.5.0.0/24", "fd00:5::/64", *originates])


def test_another_neighbor_s_export_changes_no_other_filter() -> None:
    before, after = good(), good({f"{NAS}|export": {"prefixes": "10.77.0.0/16"}})
    names = [item["name"] for item in before["routers"]["gw"]["frr"]["prefix_lists"] if item["name"] != "nas-ipv4-sent"]
    assert {name: passes(before, name) for name in names} == {name: passes(after, name) for name in names}
    assert before["routers"]["far"] == after["routers"]["far"]


@pytest.mark.parametrize(
    ("values", "codes", "line"),
    [
        pytest.param(
            {f"{NAS}|export": {"default_route": True}}, ["EDGE333"], "neighbor nas default-originate", id="default sent"
        ),
        pytest.param(
            {f"{NAS}|import": {"default_route": True}}, ["EDGE333"], "prefix-list nas-ipv4 seq 5 permit 0.0.0.0/0",
            id="default taken",
        ),
        pytest.param({f"{NAS}|import": "all"}, ["EDGE332"], "route-map nas-ipv4-in permit 10\nexit", id="everything taken"),
        pytest.param(
            {f"{NAS}|import": {"prefixes": [{"prefix": "0.0.0.0/0", "le": 24}]}}, ["EDGE335"], "permit 0.0.0.0/0 le 24",
            id="nearly everything taken",
        ),
    ],
)  # fmt: skip
def test_risky_policies_are_planned_with_a_warning(values: dict[str, Any], codes: list[str], line: str) -> None:
    told, data = warned(values)
    assert told == codes
    assert line in frr_conf(data)


# --- several clusters, several AS numbers -----------------------------------------------------------------------------

SECOND: dict[str, Any] = {
    "groups|edge_clusters|hosts|lab": {
        "edge_cluster_asn": 64702,
        "edge_cilium_version": "1.19.6",
        "edge_pools": {"lb": {"addresses": "10.5.201.0/28"}},
    },
    "groups|edge_nodes|hosts|l1": {"edge_cluster": "lab", "edge_addresses": {"lan": "10.5.0.31"}},
    "k1|edge_cluster": "home",
    "k2|edge_cluster": "home",
    "groups|edge_clusters|hosts|home|edge_pools": {"lb": {"addresses": "10.5.200.0/28"}},
}


def two_clusters(values: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return values that add a cluster with the same names of peering and pool."""
    return {
        **SECOND,
        f"{NAS}|export": {"pools": "home/lb"},
        "site|edge_links|wire|ends|gw|export": {"pools": ["home/lb", "lab/lb"], "networks": "lan"},
        **(values or {}),
    }


def test_clusters_on_one_router_have_groups_and_filters_of_their_own() -> None:
    data = good(two_clusters())
    found = {name: group["remote_as"] for name, group in groups(data).items() if name.endswith("k8s")}
    assert found == {"home-k8s": 64701, "lab-k8s": 64702}
    assert passes(data, "home-k8s-ipv4") == ["10.5.200.0/28 ge 32"]
    assert passes(data, "lab-k8s-ipv4") == ["10.5.201.0/28 ge 32"]


def test_a_policy_names_the_pool_of_one_cluster() -> None:
    data = good(two_clusters())
    assert passes(data, "nas-ipv4-sent") == ["10.5.200.0/28 ge 32"]
    assert passes(data, "wire-far-ipv4-sent") == ["10.5.0.0/24", "10.5.200.0/28 ge 32", "10.5.201.0/28 ge 32"]


def test_another_cluster_changes_nothing_of_the_first() -> None:
    before, after = good(), good(two_clusters())
    assert [session for session in after["sessions"] if session["cluster"] == "home"] == before["sessions"]
    assert after["clusters"]["home"] == before["clusters"]["home"]
    assert groups(after)["home-k8s"] == groups(before)["home-k8s"]


def test_a_pool_name_of_two_clusters_needs_the_cluster() -> None:
    done = border(two_clusters({NAS + "|export": {"pools": "lb"}}))
    assert [f"{finding.code} {finding.text}" for finding in done.findings] == [
        "EDGE337 gw.edge_router_neighbors.nas.export.pools: pool 'lb' exists in home and in lab"
        " (write home/lb or lab/lb)"
    ]


# --- what nodes say of themselves -------------------------------------------------------------------------------------


def test_a_node_s_router_id_is_in_its_override_alone() -> None:
    before, data = good(), good({"k1|edge_node_router_id": "10.5.255.11"})
    assert objects(before, "CiliumBGPNodeConfigOverride") == {}
    assert objects(data, "CiliumBGPNodeConfigOverride") == {
        "k1": {"bgpInstances": [{"name": "as64701", "routerID": "10.5.255.11"}]}
    }
    assert data["routers"] == before["routers"]
