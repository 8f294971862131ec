# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All steps of the second pass: what both ends are told of a whole site, and what a ``--limit`` must contain."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import (
    parse as parse_frr,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import (
    undefined,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.files import (
    cluster_files,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import (
    plan,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._resolve.site import (
    missing_from_limit,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import (
    inventory_from,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import (
    filters,
    frr_conf,
    good,
    groups,
    objects,
    peers,
    planned,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.small_sites import (
    CLASSES,
    DUAL,
    IPV6_ONLY,
    L2_ONLY,
    SMALL,
    SPLIT,
    TWO_CLUSTERS,
    TWO_ROUTERS,
    with_variable,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.subset import (
    assert_subset,
)

POOL_LABEL = "cluster-edge.hybridnet/pool"


def test_minimal() -> None:
    data = good(SMALL)
    assert_subset(
        data["sessions"],
        [
            {"node": "n1", "node_address": "10.0.1.11", "router_address": "10.0.1.1", "peer_group": "home-k8s",
             "cluster_config": "all", "instance": "as64701", "peer": "k8s-gw", "peer_config": "k8s",
             "hold": 9, "keepalive": 3, "connect_retry": 5, "graceful_restart": 15, "password": None},
            {"node": "n2", "node_address": "10.0.1.12"},
        ],
    )  # fmt: skip
    assert filters(data) == {"home-k8s-ipv4": ["203.0.113.0/28 ge 32"]}
    assert_subset(
        groups(data)["home-k8s"], {"remote_as": 64701, "families": {"ipv4": {"maximum_prefix": {"limit": 26}}}}
    )
    config = objects(data, "CiliumBGPClusterConfig")["all"]
    assert "nodeSelector" not in config
    assert peers(data) == {("all", "as64701"): {"k8s-gw": ("10.0.1.1", 64700, "k8s")}}
    # An empty selector would be lost on the way and select nothing: the NotIn form selects every service.
    assert objects(data, "CiliumBGPAdvertisement")["k8s"]["advertisements"] == [
        {
            "advertisementType": "Service",
            "service": {"addresses": ["LoadBalancerIP"]},
            "selector": {
                "matchExpressions": [{"key": POOL_LABEL, "operator": "NotIn", "values": ["never-used-value"]}]
            },
        }
    ]
    assert objects(data, "CiliumLoadBalancerIPPool")["lb"] == {
        "allowFirstLastIPs": "Yes",
        "blocks": [{"cidr": "203.0.113.0/28"}],
    }
    assert data["clusters"]["home"]["node_labels"] == {"n1": {}, "n2": {}}
    assert_subset(data["pools"], [{"capacity": {"ipv4": 16}, "next_free": "203.0.113.0", "bgp": ["k8s"], "l2": []}])
    assert data["expect"] == {
        "announcements": [
            {
                "cluster": "home",
                "pool": "lb",
                "peering": "k8s",
                "router": "gw",
                "peer_group": "home-k8s",
                "families": ["ipv4"],
                "nodes": {"n1": "10.0.1.11", "n2": "10.0.1.12"},
                "dynamic": False,
                "length": {"ipv4": 32, "ipv6": 128},
                "announce_only": None,
            }
        ],
        "routes": [],
        "l2": [],
    }


def test_defaults_that_the_inventory_does_not_name_are_told_with_their_reason() -> None:
    told_values = {item["path"]: item["value"] for item in good(SMALL)["derived"]}
    assert told_values == {
        "edge_peerings.k8s.network": "lan",
        "edge_peerings.k8s.timers.hold": 9,
        "edge_peerings.k8s.timers.keepalive": 3,
        "edge_pools.lb.bgp": "k8s",
        "gw.edge_addresses.lan": "10.0.1.1",
        "gw.edge_router_frr_version": "10.1",
        "gw.edge_router_id": "10.0.1.1",
        "home.edge_default_pool": "lb",
        "n1.edge_addresses.lan": "10.0.1.11",
        "n2.edge_addresses.lan": "10.0.1.12",
    }


def test_a_router_without_peerings_runs_bgp_with_nobody() -> None:
    """The role needs a whole configuration, also when the last peering is gone."""
    data = good(SMALL, edge_peerings={}, edge_pools={"lb": {"addresses": "203.0.113.0/28", "bgp": []}})
    assert data["sessions"] == data["expect"]["announcements"] == []
    assert objects(data, "CiliumBGPClusterConfig") == objects(data, "CiliumBGPAdvertisement") == {}
    assert "bgpControlPlane" not in data["clusters"]["home"]["helm_values"]
    assert frr_conf(data) == (
        "router bgp 64700\n"
        " bgp router-id 10.0.1.1\n"
        " bgp log-neighbor-changes\n"
        " bgp ebgp-requires-policy\n"
        " no bgp default ipv4-unicast\n"
        "exit\n"
        "!\n"
    )


def test_ipv6_only() -> None:
    data = good(IPV6_ONLY)
    assert data["routers"]["gw"]["router_id"] == "10.255.0.1"
    assert [item["node_address"] for item in data["sessions"]] == ["fd00:1::11", "fd00:1::12"]
    assert filters(data) == {"home-k8s-v6-ipv6": ["2001:db8:5::10/124 ge 128"]}
    assert objects(data, "CiliumLoadBalancerIPPool")["lb"]["blocks"] == [
        {"start": "2001:db8:5::10", "stop": "2001:db8:5::1f"}
    ]
    assert_subset(data["clusters"]["home"]["helm_values"], {"ipv4": {"enabled": False}, "ipv6": {"enabled": True}})
    text = frr_conf(data)
    assert "address-family ipv4" not in text
    assert " address-family ipv6 unicast\n  neighbor home-k8s-v6 activate\n" in text


def test_a_site_with_l2_alone_needs_no_router_no_peering_and_no_asn() -> None:
    data = good(L2_ONLY)
    assert data["routers"] == {}
    assert data["sessions"] == data["clusters"]["home"]["bgp"] == data["expect"]["announcements"] == []
    assert objects(data, "CiliumL2AnnouncementPolicy") == {
        "lb.lan": {
            "loadBalancerIPs": True,
            "externalIPs": False,
            "interfaces": ["^eth0$", r"^enp.*s0\.10$"],
            "nodeSelector": {
                "matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["n1", "n2"]}]
            },
        }
    }
    assert data["expect"]["l2"] == [
        {
            "cluster": "home",
            "pool": "lb",
            "network": "lan",
            "nodes": ["n1", "n2"],
            "interfaces": ["eth0", "enp*s0.10"],
            "announce_only": None,
        }
    ]
    values = data["clusters"]["home"]["helm_values"]
    assert_subset(
        values,
        {"kubeProxyReplacement": True, "l2announcements": {"enabled": True}, "k8sClientRateLimit": {"qps": 11}},
    )
    assert "bgpControlPlane" not in values
    assert_subset(data["services"], [{"name": "plex", "pool": "lb", "reach": ["l2"], "via": ["lan"]}])


def test_all_nodes_announce_where_all_have_an_address() -> None:
    data = good(L2_ONLY.replace("cp: {}", "cp: {ansible_host: 10.0.1.10}"))
    assert "nodeSelector" not in objects(data, "CiliumL2AnnouncementPolicy")["lb.lan"]


def test_a_limit_needs_both_routers_and_nothing_that_is_not_managed() -> None:
    computed = planned(TWO_ROUTERS)
    assert missing_from_limit(computed.site, frozenset({"gw1", "home"})) == {"home": ("gw2",)}
    document = yaml.safe_load(TWO_ROUTERS)
    document["all"]["children"]["edge_routers"]["hosts"]["gw2"]["edge_router_managed"] = False
    computed = plan(inventory_from(document))
    assert missing_from_limit(computed.site, frozenset({"gw1", "home"})) == {}
    assert missing_from_limit(computed.site, frozenset({"gw2"})) == {}


SPEAKERS = """
all:
  vars:
    edge_networks: {data: {cidr: 10.99.0.0/24}}
    edge_peerings: {local: {local_speaker: {asn: 64700}}}
    edge_pools: {lb: {addresses: 10.99.200.0/28}}
  children:
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6"}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.99.0.11}}}
"""


def test_a_speaker_on_the_node_asks_a_limit_for_no_router() -> None:
    computed = plan(inventory_from(yaml.safe_load(SPEAKERS)))
    assert computed.findings == ()
    assert missing_from_limit(computed.site, frozenset({"home", "n1"})) == {}
    assert missing_from_limit(computed.site, frozenset({"n1"})) == {"n1": ("home",)}


def test_a_router_that_is_not_managed_is_planned_against() -> None:
    computed = with_variable("gw", "edge_router_managed", False)
    assert computed.findings == ()
    assert computed.data["routers"]["gw"]["managed"] is False
    assert [computed.data[key] for key in ("sessions", "expect", "pools")] == [
        good(SMALL)[key] for key in ("sessions", "expect", "pools")
    ]
    assert computed.data["clusters"] == good(SMALL)["clusters"]


def test_a_cluster_that_is_not_managed_is_planned_against_and_gets_no_file() -> None:
    computed = with_variable("home", "edge_cluster_managed", False)
    assert computed.findings == ()
    assert computed.data["routers"] == good(SMALL)["routers"]
    assert cluster_files(computed.data) == {}


def test_a_release_that_is_not_ours_gets_its_planned_values_and_all_objects() -> None:
    """Whoever owns the release needs the values."""
    computed = with_variable("home", "edge_cilium_managed", False)
    files = cluster_files(computed.data)
    assert yaml.safe_load(files["home/values.yaml"])["bgpControlPlane"] == {"enabled": True}
    assert {"home/manifests/bgp.yaml", "home/manifests/lb.yaml"} <= set(files)


@pytest.mark.parametrize(
    "text",
    [SMALL, DUAL, IPV6_ONLY, SPLIT, TWO_CLUSTERS, CLASSES],
    ids=["small", "dual", "ipv6", "split", "two", "classes"],
)
def test_every_rendered_name_is_defined_and_every_group_has_both_filters(text: str) -> None:
    data = good(text)
    rendered = frr_conf(data)
    assert undefined(parse_frr(rendered).objects) == []
    activated = rendered.count(" activate\n")
    assert activated == len(groups(data)) == rendered.count(" in\n") == rendered.count(" out\n")
