# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP objects of every key of the model, and what verify may expect of them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.bgp import bgp_objects
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.common import BGP_KINDS
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.communities import Community
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import (
    Advertise,
    Network,
    Node,
    NodeClass,
    PodPool,
    Policy,
    PrefixRule,
    Site,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.expectations import expectations
from ansible_collections.hybridnet.cluster_edge.tests.support.resolved import made, replace
from ansible_collections.hybridnet.cluster_edge.tests.support.small_model import (
    KEYS,
    LABEL,
    peering,
    pool,
    session,
    small_site,
)

NOTHING_LEFT_OUT = {"matchExpressions": [{"key": LABEL, "operator": "NotIn", "values": ["never-used-value"]}]}


def specs(site: Site, kind: str) -> dict[str, Any]:
    """Return the ``spec`` of each object of a kind by name."""
    return {
        item["metadata"]["name"]: item["spec"] for item in bgp_objects(site, site.clusters[0]) if item["kind"] == kind
    }


def instances(site: Site, name: str = "all") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = specs(site, "CiliumBGPClusterConfig")[name]["bgpInstances"]
    return found


def entries(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = specs(site, "CiliumBGPAdvertisement")["k8s"]["advertisements"]
    return found


# --- sessions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sessions", "of_peering", "expected"),
    [
        pytest.param(
            {}, {}, {"name": "k8s-gw", "peerASN": 64700, "peerAddress": "10.0.1.1", "peerConfigRef": {"name": "k8s"}},
            id="as ever",
        ),
        pytest.param(
            {"router_asn": 64999}, {"local_as": 64999},
            {"name": "k8s-gw", "peerASN": 64999, "peerAddress": "10.0.1.1", "peerConfigRef": {"name": "k8s"}},
            id="local_as: the AS that the node sees",
        ),
        pytest.param(
            {"discover": True, "peer": "k8s-gateway"}, {"discover": True},
            {
                "name": "k8s-gateway",
                "peerASN": 64700,
                "autoDiscovery": {"mode": "DefaultGateway", "defaultGateway": {"addressFamily": "ipv4"}},
                "peerConfigRef": {"name": "k8s"},
            },
            id="discover: no address",
        ),
        pytest.param(
            {"router": "", "router_address": "127.0.0.1", "router_asn": 64512, "peer": "k8s-local", "peer_group": ""}, {},
            {"name": "k8s-local", "peerASN": 64512, "peerAddress": "127.0.0.1", "peerConfigRef": {"name": "k8s"}},
            id="a speaker on the node",
        ),
        pytest.param(
            {"peer": "old-peer", "peer_config": "old-config"}, {},
            {"name": "old-peer", "peerASN": 64700, "peerAddress": "10.0.1.1", "peerConfigRef": {"name": "old-config"}},
            id="names of adopted objects",
        ),
    ],
)  # fmt: skip
def test_peer(sessions: dict[str, Any], of_peering: dict[str, Any], expected: dict[str, Any]) -> None:
    assert instances(small_site(sessions, of_peering)) == [{"name": "as64701", "localASN": 64701, "peers": [expected]}]


def test_listen_port_is_the_instance_s() -> None:
    (instance,) = instances(small_site(of_peering={"listen_port": 1179}))
    assert list(instance) == ["name", "localASN", "localPort", "peers"]
    assert instance["localPort"] == 1179


def test_one_session_for_both_families() -> None:
    site = small_site({"families": ("ipv4", "ipv6")}, {"families": ("ipv4", "ipv6"), "sessions": "ipv4"})
    spec = specs(site, "CiliumBGPPeerConfig")["k8s"]
    assert [family["afi"] for family in spec["families"]] == ["ipv4", "ipv6"]
    assert len(instances(site)[0]["peers"]) == 1


def test_a_session_for_each_family_has_a_peer_and_a_config_of_its_own() -> None:
    six = [
        session(f"n{n}", f"fd00::1{n}", family="ipv6", families=("ipv6",), router_address="fd00::1", peer="k8s-gw-v6",
                peer_config="k8s-v6", peer_group="home-k8s-v6")
        for n in (1, 2)
    ]  # fmt: skip
    site = small_site(sessions=None)
    cluster = site.clusters[0]
    site = replace(site, clusters=(replace(cluster, sessions=(*cluster.sessions, *six)),))
    assert {name: spec["families"][0]["afi"] for name, spec in specs(site, "CiliumBGPPeerConfig").items()} == {
        "k8s": "ipv4",
        "k8s-v6": "ipv6",
    }
    assert [(peer["name"], peer["peerAddress"]) for peer in instances(site)[0]["peers"]] == [
        ("k8s-gw", "10.0.1.1"),
        ("k8s-gw-v6", "fd00::1"),
    ]


@pytest.mark.parametrize(
    ("keys", "of_peering", "transport"),
    [
        pytest.param({}, {"source_interface": "bond0"}, {"sourceInterface": "bond0"}, id="interface"),
        pytest.param(
            {"port": 1790}, {"source_interface": "bond0"}, {"peerPort": 1790, "sourceInterface": "bond0"}, id="and port"
        ),
        pytest.param({}, {}, None, id="neither"),
    ],
)
def test_transport(keys: dict[str, Any], of_peering: dict[str, Any], transport: object) -> None:
    site = small_site({"keys": replace(KEYS, **keys)}, of_peering)
    assert specs(site, "CiliumBGPPeerConfig")["k8s"].get("transport") == transport


def test_a_class_of_nodes_that_a_label_of_ours_selects() -> None:
    selector = "cluster-edge.hybridnet/bgp-class=rack-a-as64801"
    site = small_site(
        {"cluster_config": "rack-a-as64801", "node_asn": 64801, "instance": "as64801"},
        classes=(made(NodeClass, "rack-a-as64801", selector, ("n1", "n2"), ("k8s",)),),
    )
    spec = specs(site, "CiliumBGPClusterConfig")["rack-a-as64801"]
    assert spec["nodeSelector"] == {"matchLabels": {"cluster-edge.hybridnet/bgp-class": "rack-a-as64801"}}
    assert [(item["name"], item["localASN"]) for item in spec["bgpInstances"]] == [("as64801", 64801)]


def test_overrides_name_the_instances_and_peers_of_the_cluster_config() -> None:
    nodes = (
        made(Node, "n1", "home", {}, {}, router_id="10.255.0.11"),
        made(Node, "n2", "home", {}, {}),
        made(Node, "n3", "home", {}, {}, router_id="10.255.0.13"),  # it peers with nobody
    )
    sessions = (
        session("n1", "10.9.0.11", local_address="10.9.0.11"),
        session("n1", "10.0.1.11", instance="as64702", node_asn=64702, peer="k8s-gw2"),
        session("n2", "10.9.0.12", local_address="10.9.0.12"),
    )
    site = small_site()
    site = replace(site, clusters=(replace(site.clusters[0], nodes=nodes, sessions=sessions, classes=()),))
    assert specs(site, "CiliumBGPNodeConfigOverride") == {
        "n1": {
            "bgpInstances": [
                {
                    "name": "as64701",
                    "routerID": "10.255.0.11",
                    "peers": [{"name": "k8s-gw", "localAddress": "10.9.0.11"}],
                },
                {"name": "as64702", "routerID": "10.255.0.11"},
            ]
        },
        "n2": {"bgpInstances": [{"name": "as64701", "peers": [{"name": "k8s-gw", "localAddress": "10.9.0.12"}]}]},
    }


def test_objects_come_in_the_order_of_applying() -> None:
    nodes = tuple(replace(node, router_id=f"10.255.0.1{node.host[1]}") for node in small_site().clusters[0].nodes)
    site = small_site(nodes=nodes)
    kinds = [item["kind"] for item in bgp_objects(site, site.clusters[0])]
    assert [kind for number, kind in enumerate(kinds) if kind not in kinds[:number]] == list(BGP_KINDS)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.16.19", "cilium.io/v2alpha1"),
        ("1.17.18", "cilium.io/v2alpha1"),
        ("1.18.14", "cilium.io/v2"),
        ("1.19.6", "cilium.io/v2"),
        ("1.20.2", "cilium.io/v2"),
    ],
)
def test_api_version_of_each_minor_version(version: str, expected: str) -> None:
    nodes = tuple(replace(node, router_id=f"10.255.0.1{node.host[1]}") for node in small_site().clusters[0].nodes)
    site = small_site(cilium_version=version, nodes=nodes)
    assert {item["apiVersion"] for item in bgp_objects(site, site.clusters[0])} == {expected}


def test_an_absent_cluster_has_no_objects() -> None:
    site = small_site(absent=True)
    assert bgp_objects(site, site.clusters[0]) == []


# --- advertisements ---------------------------------------------------------------------------------------------------


def test_the_advertisement_has_its_own_name_and_the_peering_s_label() -> None:
    site = small_site(of_peering={"advertisement": "old"})
    (item,) = [item for item in bgp_objects(site, site.clusters[0]) if item["kind"] == "CiliumBGPAdvertisement"]
    assert item["metadata"]["name"] == "old"
    assert item["metadata"]["labels"]["cluster-edge.hybridnet/peering"] == "k8s"


@pytest.mark.parametrize(
    ("changes", "entry"),
    [
        pytest.param({}, {"selector": NOTHING_LEFT_OUT}, id="alone: all services"),
        pytest.param(
            {"announce_only": "tier=web"}, {"selector": {"matchLabels": {"tier": "web"}}}, id="announce_only alone"
        ),
        pytest.param(
            {"services": "tier=web", "announce_only": "tier!=db,public"},
            {
                "selector": {
                    "matchLabels": {"tier": "web"},
                    "matchExpressions": [
                        {"key": "public", "operator": "Exists"},
                        {"key": "tier", "operator": "NotIn", "values": ["db"]},
                    ],
                }
            },
            id="one key in both selectors",
        ),
        pytest.param(
            {"services": "tier=web", "announce_only": "tier=db"},
            {
                "selector": {
                    "matchLabels": {"tier": "db"},
                    "matchExpressions": [{"key": "tier", "operator": "In", "values": ["web"]}],
                }
            },
            id="one key with two values: nothing, and not one of them",
        ),
        pytest.param(
            {
                "communities": (
                    Community("no-export", "well-known"),
                    Community("64700:2", "standard"),
                    Community("64700:1", "standard"),
                    Community("64700:0:1", "large"),
                ),
                "local_preference": 200,
                "aggregate": {"ipv4": 28},
            },
            {
                "selector": NOTHING_LEFT_OUT,
                "service": {"addresses": ["LoadBalancerIP"], "aggregationLengthIPv4": 28},
                "attributes": {
                    "communities": {
                        "large": ["64700:0:1"],
                        "standard": ["64700:1", "64700:2"],
                        "wellKnown": ["no-export"],
                    },
                    "localPreference": 200,
                },
            },
            id="attributes",
        ),
        pytest.param(
            {"local_preference": 0}, {"selector": NOTHING_LEFT_OUT, "attributes": {"localPreference": 0}}, id="zero"
        ),
    ],
)
def test_pool_entry(changes: dict[str, Any], entry: dict[str, Any]) -> None:
    site = small_site(pools=(pool("lb", "203.0.113.0/28", bgp=("k8s",), **changes),))
    usual = {"advertisementType": "Service", "service": {"addresses": ["LoadBalancerIP"]}}
    assert entries(site) == [{**usual, **entry}]


def test_the_default_pool_leaves_to_each_other_pool_what_it_selects() -> None:
    pools = (
        pool("lb", "203.0.113.0/28", bgp=("k8s",)),
        pool("games", "203.0.113.16/28", bgp=("k8s",)),
        pool("media", "203.0.113.32/28", bgp=("k8s",), services="tier in (a,b)"),
        pool("old", "203.0.113.48/28", bgp=("k8s",), services="!new"),
    )
    found = {str(entry["selector"]): entry for entry in entries(small_site(pools=pools))}
    assert [entry["selector"] for entry in found.values()] == [
        {"matchLabels": {LABEL: "games"}},
        {
            "matchExpressions": [
                {"key": LABEL, "operator": "NotIn", "values": ["games"]},
                {"key": "new", "operator": "Exists"},
                {"key": "tier", "operator": "NotIn", "values": ["a", "b"]},
            ]
        },
        {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}]},
        {"matchExpressions": [{"key": "new", "operator": "DoesNotExist"}]},
    ]


ANY_POD_POOL = {
    "matchExpressions": [{"key": "io.cilium.podippool.name", "operator": "NotIn", "values": ["never-used-value"]}]
}


@pytest.mark.parametrize(
    ("advertise", "expected"),
    [
        pytest.param(made(Advertise, "pod_cidrs"), [{"advertisementType": "PodCIDR"}], id="pod CIDRs: no selector"),
        pytest.param(
            made(Advertise, "pod_pools"),
            [{"advertisementType": "CiliumPodIPPool", "selector": ANY_POD_POOL}],
            id="pod pools",
        ),
        pytest.param(
            made(Advertise, "pod_pools", "tier=a"),
            [{"advertisementType": "CiliumPodIPPool", "selector": {"matchLabels": {"tier": "a"}}}],
            id="some pod pools",
        ),
        pytest.param(
            made(Advertise, "cluster_ips", aggregate={"ipv4": 24, "ipv6": 112}),
            [
                {
                    "advertisementType": "Service",
                    "service": {"addresses": ["ClusterIP"], "aggregationLengthIPv4": 24, "aggregationLengthIPv6": 112},
                    "selector": NOTHING_LEFT_OUT,
                }
            ],
            id="cluster IPs",
        ),
        pytest.param(
            made(Advertise, "external_ips", "app=web", (Community("64700:1", "standard"),), 150),
            [
                {
                    "advertisementType": "Service",
                    "service": {"addresses": ["ExternalIP"]},
                    "selector": {"matchLabels": {"app": "web"}},
                    "attributes": {"communities": {"standard": ["64700:1"]}, "localPreference": 150},
                }
            ],
            id="external IPs",
        ),
        pytest.param(
            made(Advertise, "interfaces", interfaces=("dummy0", "lo")),
            [
                {"advertisementType": "Interface", "interface": {"name": "dummy0"}},
                {"advertisementType": "Interface", "interface": {"name": "lo"}},
            ],
            id="interfaces: one entry each, no selector",
        ),
    ],
)
def test_routes_beside_pools(advertise: Advertise, expected: list[dict[str, Any]]) -> None:
    assert entries(small_site(of_peering={"advertise": (advertise,)}, pools=())) == expected


# --- what verify may expect -------------------------------------------------------------------------------------------

HEAD = {
    "cluster": "home",
    "peering": "k8s",
    "router": "gw",
    "peer_group": "home-k8s",
    "nodes": {"n1": "10.0.1.11", "n2": "10.0.1.12"},
    "dynamic": False,
}


def test_expected_announcements_know_aggregates_and_narrowing() -> None:
    wide = pool("lb", "203.0.113.0/28", bgp=("k8s",), aggregate={"ipv4": 28}, announce_only="tier=web")
    assert expectations(small_site(pools=(wide,)))["announcements"] == [
        {
            **HEAD,
            "pool": "lb",
            "families": ["ipv4"],
            "length": {"ipv4": 28, "ipv6": 128},
            "announce_only": "tier=web",
        }
    ]


def test_expected_announcements_of_dynamic_neighbors_may_have_no_address() -> None:
    (entry,) = expectations(small_site({"dynamic": True, "node_address": None}))["announcements"]
    assert (entry["dynamic"], entry["nodes"]) == (True, {"n1": "", "n2": ""})


def test_nothing_is_expected_of_a_speaker_on_the_node() -> None:
    found = expectations(
        small_site({"router": ""}, {"advertise": (made(Advertise, "pod_cidrs"),)}, pod_cidrs=("10.244.0.0/16",))
    )
    assert found["announcements"] == found["routes"] == []


PODS = {"pod_cidrs": ("10.244.0.0/16", "fd00:244::/56"), "pod_mask": {"ipv4": 25, "ipv6": 64}}
POD_POOLS = (
    made(PodPool, "blue", ("10.50.0.0/20",), {"ipv4": 26}, {"tier": "a"}),
    made(PodPool, "default", ("10.51.0.0/20",), {"ipv4": 24}),
)


@pytest.mark.parametrize(
    ("of_peering", "cluster", "expected"),
    [
        pytest.param({}, {}, [], id="nothing"),
        pytest.param(
            {"advertise": (made(Advertise, "pod_cidrs"),)},
            PODS,
            [("pod_cidrs", None, [("10.244.0.0/16", 25, 25)])],
            id="pod CIDRs of the families that the sessions carry",
        ),
        pytest.param(
            {"advertise": (made(Advertise, "pod_pools", "tier=a"),)},
            {"pod_pools": POD_POOLS},
            [("pod_pools", "tier=a", [("10.50.0.0/20", 26, 26)])],
            id="pod pools by label",
        ),
        pytest.param(
            {"advertise": (made(Advertise, "pod_pools", "io.cilium.podippool.name=default"),)},
            {"pod_pools": POD_POOLS},
            [("pod_pools", "io.cilium.podippool.name=default", [("10.51.0.0/20", 24, 24)])],
            id="pod pools by name",
        ),
        pytest.param(
            {"advertise": (made(Advertise, "cluster_ips", aggregate={"ipv4": 24}), made(Advertise, "external_ips"))},
            {"service_cidrs": ("10.96.0.0/16",), "external_cidrs": ("198.51.100.0/28",)},
            [
                ("cluster_ips", None, [("10.96.0.0/16", 32, 32), ("10.96.0.0/16", 24, 24)]),
                ("external_ips", None, [("198.51.100.0/28", 32, 32)]),
            ],
            id="addresses of services: host routes beside the aggregate",
        ),
        pytest.param(
            {"advertise": (made(Advertise, "interfaces", interfaces=("eth0",)),)},
            {},
            [("interfaces", None, [("10.0.1.0/24", 32, 32)])],
            id="interfaces: the network that names them",
        ),
        pytest.param(
            {"import_": made(Policy, prefixes=(made(PrefixRule, "192.0.2.0/24", le=28),), default_route=True)},
            {},
            [("import", None, [("192.0.2.0/24", None, 28), ("0.0.0.0/0", None, None)])],
            id="import",
        ),
        pytest.param(
            {"import_": made(Policy, everything=True)},
            {},
            [("import", None, [("0.0.0.0/0", None, 32)])],
            id="import of all",
        ),
    ],
)
def test_expected_routes_beside_pools(of_peering: dict[str, Any], cluster: dict[str, Any], expected: list[Any]) -> None:
    found = expectations(small_site(of_peering=of_peering, **cluster))["routes"]
    assert [
        (entry["kind"], entry["selector"], [(rule["prefix"], rule["ge"], rule["le"]) for rule in entry["prefixes"]])
        for entry in found
    ] == expected
    for entry in found:
        assert {key: entry[key] for key in HEAD} == HEAD
        assert entry["families"] == ["ipv4"]


def test_expected_leases_know_the_narrowing() -> None:
    site = small_site(pools=(pool("lb", "10.0.1.240/29", l2=("lan",), announce_only="tier=web"),))
    assert expectations(site)["l2"] == [
        {
            "cluster": "home",
            "pool": "lb",
            "network": "lan",
            "nodes": ["n1", "n2"],
            "interfaces": ["eth0"],
            "announce_only": "tier=web",
        }
    ]


def test_a_peering_of_another_interface_s_network_only() -> None:
    site = small_site(of_peering={"advertise": (made(Advertise, "interfaces", interfaces=("dummy0",)),)})
    loops = made(Network, "loops", ("10.9.0.0/24",), ("dummy*",), loopback=True)
    (entry,) = expectations(replace(site, networks=(*site.networks, loops)))["routes"]
    assert [rule["prefix"] for rule in entry["prefixes"]] == ["10.9.0.0/24"]


def test_peerings_without_pools_or_routes_have_no_advertisement() -> None:
    site = small_site(pools=(), peerings=(peering(),))
    assert specs(site, "CiliumBGPAdvertisement") == {}
