# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that sites in the field use, which the other sites of these tests do not."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import Plan, plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.text import plan_text
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from

SMALL = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.30.0.0/24, interfaces: eth0}}
    edge_peerings: {k8s: {}}
    edge_pools: {lb: {addresses: 10.31.0.0/28}}
  children:
    edge_routers: {hosts: {gw: {ansible_host: 10.30.0.1, edge_router_asn: 64630}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64631, edge_cilium_version: "1.19.6"}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.30.0.11}, n2: {ansible_host: 10.30.0.12}}}
"""


def planned(**site: Any) -> Plan:
    """Return the plan of the small site; ``site`` replaces variables of ``all``."""
    document = yaml.safe_load(SMALL)
    document["all"]["vars"].update(site)
    return plan(inventory_from(document))


def told(found: Plan) -> list[str]:
    return [f"{item.code} {item.text}" for item in found.findings]


# --- labels that each kubelet sets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "nodes"),
    [
        ("kubernetes.io/os=linux", ["n1", "n2"]),
        ("kubernetes.io/hostname=n2", ["n2"]),
        ("kubernetes.io/hostname notin (n2)", ["n1"]),
    ],
)
def test_nodes_are_selected_by_labels_that_each_kubelet_sets(selector: str, nodes: list[str]) -> None:
    """They are on every node, so nobody writes them into an inventory, and nothing of ours writes them on a Node."""
    found = planned(edge_peerings={"k8s": {"nodes": selector}})
    assert told(found) == []
    assert [session["node"] for session in found.data["sessions"]] == nodes
    of = found.data["clusters"]["home"]
    assert of["node_labels"] == {"n1": {}, "n2": {}}
    (config,) = [item["spec"] for item in of["bgp"] if item["kind"] == "CiliumBGPClusterConfig"]
    assert next(iter(config["nodeSelector"].values()))


def test_a_label_of_each_kubelet_that_no_node_has() -> None:
    assert told(planned(edge_peerings={"k8s": {"nodes": "kubernetes.io/hostname=n3"}})) == [
        "EDGE305 edge_peerings.k8s.nodes: 'kubernetes.io/hostname=n3' selects none of 2 nodes (no node has a label:"
        " write edge_node_labels)"
    ]


def test_l2_nodes_are_selected_by_labels_that_each_kubelet_sets() -> None:
    networks = {"lan": {"cidr": "10.30.0.0/24", "interfaces": "eth0", "l2_nodes": "kubernetes.io/hostname=n1"}}
    found = planned(
        edge_networks=networks, edge_peerings={}, edge_pools={"lb": {"addresses": "10.30.0.32/28", "l2": "lan"}}
    )
    assert told(found) == []
    assert [item["nodes"] for item in found.data["expect"]["l2"]] == [["n1"]]


# --- one mistake is told once -----------------------------------------------------------------------------------------


def site_with(host: str, addresses: object, **site: Any) -> Plan:
    """Return the plan of the small site, with other addresses of one host."""
    document = yaml.safe_load(SMALL)
    document["all"]["vars"].update(site)
    for group in document["all"]["children"].values():
        if host in group["hosts"]:
            group["hosts"][host]["edge_addresses"] = addresses
    return plan(inventory_from(document))


@pytest.mark.parametrize(
    ("network", "finding"),
    [
        (
            {"cidr": "10.30.0.0/24", "interfaces": "^eth.*$"},
            "EDGE103 edge_networks.lan.interfaces: '^eth.*$' is not an interface name of at most 15 characters, where *"
            " and ? stand for any, such as eth* (no regular expression)",
        ),
        (
            {"cidr": "10.30.0.0/24", "dhpc": "10.30.0.64/26"},
            "EDGE101 edge_networks.lan.dhpc: is not a key that is known here (did you mean 'dhcp'?)",
        ),
    ],
    ids=["value", "key"],
)
@pytest.mark.parametrize("written", [False, True], ids=["ansible_host", "edge_addresses"])
def test_a_mistake_in_a_network_brings_no_word_about_addresses_in_it(
    network: dict[str, str], finding: str, written: bool
) -> None:
    networks = {"lan": network, "other": {"cidr": "10.32.0.0/24"}}
    if written:
        assert told(site_with("gw", {"lan": "10.30.0.1", "other": "10.32.0.1"}, edge_networks=networks)) == [finding]
    else:
        assert told(planned(edge_networks=networks)) == [finding]


@pytest.mark.parametrize("peering", [{}, {"network": "lan"}], ids=["derived", "written"])
@pytest.mark.parametrize(
    ("host", "address", "finding"),
    [
        ("gw", "10.30.0.300", "EDGE201 gw.edge_addresses.lan: 10.30.0.300 is not an IPv4 address: 300 is over 255"),
        ("gw", "10.99.0.1", "EDGE203 gw.edge_addresses.lan: 10.99.0.1 is outside network 'lan' (10.30.0.0/24)"),
        ("n1", "10.99.0.1", "EDGE203 n1.edge_addresses.lan: 10.99.0.1 is outside network 'lan' (10.30.0.0/24)"),
    ],
)
def test_a_wrong_address_brings_no_word_about_a_missing_one(
    peering: dict[str, str], host: str, address: str, finding: str
) -> None:
    assert told(site_with(host, {"lan": address}, edge_peerings={"k8s": peering})) == [finding]


# --- a default route that is passed on --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("export", "finding", "originated"),
    [
        (
            {"prefixes": "0.0.0.0/0"},
            "EDGE333 gw.edge_router_neighbors.isp.export.prefixes: sends on a default route that the router hears by BGP:"
            " all traffic of the other end may come here (accept it with a reason where this router is its way out, else"
            " take it out)",
            False,
        ),
        (
            {"default_route": True},
            "EDGE333 gw.edge_router_neighbors.isp.export.default_route: sends a default route whether the router has one"
            " or not (default-originate): all traffic of the other end may come here (accept it with a reason where this"
            " router is its way out, else take it out)",
            True,
        ),
    ],
    ids=["passed on", "originated"],
)
def test_a_default_route_is_passed_on_or_originated(export: dict[str, object], finding: str, originated: bool) -> None:
    found = planned(edge_router_neighbors={"isp": {"address": "10.30.0.2", "asn": 64640, "export": export}})
    assert told(found) == [finding]
    router = found.data["routers"]["gw"]["frr"]
    (group,) = [item for item in router["peer_groups"] if item["name"] == "isp"]
    assert group["families"]["ipv4"]["default_originate"] is originated


# --- a list of one ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("brackets", [False, True], ids=["alone", "in brackets"])
def test_one_prefix_with_lengths_may_stand_without_brackets(brackets: bool) -> None:
    prefix = {"prefix": "10.64.0.0/12", "ge": 24, "le": 28}
    accepted = {"prefixes": [prefix] if brackets else prefix}
    found = planned(edge_router_neighbors={"vpn": {"address": "10.30.0.2", "asn": 64640, "import": accepted}})
    assert told(found) == []
    (rules,) = [item for item in found.data["routers"]["gw"]["frr"]["prefix_lists"] if item["name"] == "vpn-ipv4"]
    assert [(entry["prefix"], entry["ge"], entry["le"]) for entry in rules["entries"]] == [("10.64.0.0/12", 24, 28)]


def test_one_wrong_prefix_without_brackets_is_told_by_its_own_path() -> None:
    accepted = {"prefixes": {"prefix": "10.64.0.0/12", "ge": 8}}
    found = planned(edge_router_neighbors={"vpn": {"address": "10.30.0.2", "asn": 64640, "import": accepted}})
    assert told(found) == [
        "EDGE330 gw.edge_router_neighbors.vpn.import.prefixes.ge: 8 is not a length of prefixes inside 10.64.0.0/12"
        " (12 to 32)"
    ]


# --- what a router originates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("also_exported_to_vpn", "originated"), [(False, ["10.30.0.0/16"]), (True, [])], ids=["own", "passed on"]
)
def test_a_prefix_that_only_its_own_receiver_could_send_is_originated(
    also_exported_to_vpn: bool, originated: list[str]
) -> None:
    """``import: all`` of the provider accepts our own aggregate too, but no route goes back to whom it came from."""
    aggregate = {"prefixes": "10.30.0.0/16"}
    neighbors: dict[str, dict[str, object]] = {
        "isp": {"address": "10.30.0.2", "asn": 64640, "import": "all", "export": aggregate},
        "vpn": {"address": "10.30.0.3", "asn": 64641, "export": {"pools": "lb"}},
    }
    if also_exported_to_vpn:
        neighbors["vpn"]["export"] = aggregate
    found = planned(edge_router_neighbors=neighbors)
    assert [text[:7] for text in told(found)] == ["EDGE332"]
    assert found.data["routers"]["gw"]["frr"]["networks"]["ipv4"] == originated


# --- BGP that somebody else writes on the router ----------------------------------------------------------------------


def test_bgp_stays_in_unifi_networks_ui() -> None:
    """The router is rendered, reached and verified; the plan says that it is never written."""
    document = yaml.safe_load(SMALL)
    (router,) = document["all"]["children"]["edge_routers"]["hosts"].values()
    router.update(edge_router_platform="unifi", edge_router_bgp_owner="none")
    found = plan(inventory_from(document))
    assert told(found) == []
    data = found.data
    gw = data["routers"]["gw"]
    assert (gw["bgp_owner"], gw["managed"]) == ("none", True)
    assert [group["name"] for group in gw["frr"]["peer_groups"]] == ["home-k8s"]
    assert "gw (AS 64630" in plan_text(data)
    assert "its BGP is written by others" in plan_text(data)


def controlled(**changes: object) -> list[str]:
    """Return the findings about a router whose BGP UniFi Network holds."""
    document = yaml.safe_load(SMALL)
    (router,) = document["all"]["children"]["edge_routers"]["hosts"].values()
    router.update(
        edge_router_platform="unifi",
        edge_router_bgp_owner="controller",
        edge_router_controller={"url": "https://192.0.2.1", "fingerprint": "AB:" * 31 + "CD"},
        edge_router_controller_api_key="k3y",
    )
    router.update(changes)
    found = plan(inventory_from(document))
    if found.data:
        assert "its BGP is written through UniFi Network" in plan_text(found.data)
    assert "k3y" not in str((found.data, [finding.text for finding in found.findings]))
    return told(found)


def test_bgp_is_written_through_unifi_network() -> None:
    """The plan says how it is reached, and has no secret."""
    assert controlled() == []
    assert controlled(edge_router_controller_api_key="", edge_router_controller_username="a") == [
        "EDGE102 gw.edge_router_controller_api_key: must be text, and not empty (leave it out, or write the secret"
        " (ansible-vault))",
        "EDGE118 gw.edge_router_controller_api_key: is missing, and there is no user name with a password (one way to log"
        " in: edge_router_controller_api_key, or edge_router_controller_username and edge_router_controller_password)",
    ]
    assert controlled(edge_router_controller_username="a", edge_router_controller_password="b") == [
        "EDGE118 gw.edge_router_controller_api_key: stands beside a user name or password (one way to log in:"
        " edge_router_controller_api_key, or edge_router_controller_username and edge_router_controller_password)"
    ]
    assert controlled(edge_router_platform="linux") == [
        "EDGE118 gw.edge_router_bgp_owner: is controller, but edge_router_platform is linux: only UniFi has one (write"
        " edge_router_platform: unifi)"
    ]
    (wrong,) = controlled(edge_router_controller={"url": "http://192.0.2.1"})
    assert wrong.startswith("EDGE103 gw.edge_router_controller.url: 'http://192.0.2.1' is not an https:// address")
    (inside,) = controlled(edge_router_controller={"url": "https://192.0.2.1", "api_key": "k3y"})
    assert "its secrets stand beside it: edge_router_controller_api_key" in inside


def test_two_routers_of_one_unifi_site_would_undo_each_other() -> None:
    document = yaml.safe_load(SMALL)
    routers = document["all"]["children"]["edge_routers"]["hosts"]
    shared = {
        "edge_router_platform": "unifi", "edge_router_bgp_owner": "controller",
        "edge_router_controller": {"url": "https://192.0.2.1"}, "edge_router_controller_api_key": "k3y",
    }  # fmt: skip
    routers["gw"].update(shared)
    routers["gw2"] = {**shared, "edge_router_asn": 64631, "edge_router_id": "192.0.2.9"}
    routers["gw2"]["edge_router_controller"] = {"url": "https://192.0.2.1:443/"}
    found = [text for text in told(plan(inventory_from(document))) if text.startswith("EDGE118")]
    assert found == [
        "EDGE118 gw2.edge_router_controller: is the site 'default' of gw too, and UniFi Network holds one BGP configuration"
        " for a site (a site for each; or edge_router_bgp_owner: file or none, as for a router that another one replaces)"
    ]
    routers["gw"]["edge_state"] = "absent"  # its end would take the text of its successor away
    assert [text for text in told(plan(inventory_from(document))) if text.startswith("EDGE118")] == found
    del routers["gw"]["edge_state"]
    routers["gw2"]["edge_router_controller"]["site"] = "cabin"
    assert not [text for text in told(plan(inventory_from(document))) if text.startswith("EDGE118")]


def test_an_owner_that_is_not_known_is_refused() -> None:
    document = yaml.safe_load(SMALL)
    (router,) = document["all"]["children"]["edge_routers"]["hosts"].values()
    router["edge_router_bgp_owner"] = "fiel"
    assert told(plan(inventory_from(document))) == [
        "EDGE103 gw.edge_router_bgp_owner: must be controller, file or none, not 'fiel' (did you mean 'file'?)"
    ]
