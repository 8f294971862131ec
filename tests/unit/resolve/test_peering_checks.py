# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What peerings need of a site: nodes, routers, a network, pools of their families; what is told where it lacks one."""

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
    filters,
    good,
    objects,
    planned,
    told,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.small_sites import (
    CLASSES,
    SMALL,
    SPLIT,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.subset import (
    assert_subset,
)


@pytest.mark.parametrize("nodes", [{}, None])
def test_a_cluster_without_nodes(nodes: object) -> None:
    document = yaml.safe_load(SMALL)
    document["all"]["children"]["edge_nodes"] = {"hosts": nodes}
    findings = plan(inventory_from(document)).findings
    assert [f"{item.code} {item.text}" for item in findings] == [
        "EDGE305 edge_peerings.k8s: cluster 'home' has no node (add its nodes to the group edge_nodes)"
    ]


def test_a_pool_that_is_reachable_nowhere_is_not_accepted_anywhere() -> None:
    found = planned(SMALL, edge_pools={"lb": {"addresses": "203.0.113.0/28", "bgp": []}})
    assert [finding.code for finding in found.findings] == ["EDGE308"]  # a warning: the peering carries no route
    assert filters(found.data) == {}
    maps = {
        item["name"]: [entry["action"] for entry in item["entries"]]
        for item in found.data["routers"]["gw"]["frr"]["route_maps"]
    }
    assert maps == {"home-k8s-ipv4-in": ["deny"], "home-k8s-ipv4-out": ["deny"]}
    assert found.data["expect"]["announcements"] == []
    assert objects(found.data, "CiliumBGPAdvertisement") == {}
    assert list(objects(found.data, "CiliumLoadBalancerIPPool")) == ["lb"]


def test_each_family_of_a_pool_may_have_a_peering_of_its_own() -> None:
    data = good(SPLIT)
    assert filters(data) == {
        "home-p4-ipv4": ["203.0.113.0/28 ge 32"],
        "home-p6-v6-ipv6": ["2001:db8:5::/112 ge 128"],
    }
    assert_subset(
        data["expect"]["announcements"],
        [{"peering": "p4", "families": ["ipv4"]}, {"peering": "p6", "families": ["ipv6"]}],
    )


def test_a_family_that_no_peering_of_the_pool_carries() -> None:
    pools = {
        "lb": {"addresses": ["203.0.113.0/28", "2001:db8:5::/112"], "bgp": "p4"},
        "six": {"addresses": "2001:db8:6::/112", "bgp": "p6"},
    }
    assert told(SPLIT, edge_pools=pools, edge_default_pool="none") == [
        "EDGE505 edge_peerings.p4: pool lb has IPv6 addresses, but no router has one in network 'four' (add the"
        " addresses, or advertise the pool elsewhere)"
    ]


def test_a_peering_that_carries_nothing_of_its_pool() -> None:
    pools = {"lb": {"addresses": "2001:db8:5::/112", "bgp": ["p4", "p6"]}}
    assert told(SPLIT, edge_pools=pools) == [
        "EDGE505 edge_peerings.p4: pool lb has IPv6 addresses, but no router has one in network 'four' (add the"
        " addresses, or advertise the pool elsewhere)"
    ]


@pytest.mark.parametrize(
    ("router", "where"),
    [
        (
            "{edge_addresses: {mgmt: 10.0.9.1}, edge_router_asn: 64700}",
            "routers have addresses in mgmt; where the nodes dial the router's address in another network, write"
            " router_network: mgmt, else the addresses that are missing: edge_addresses",
        ),
        (
            "{ansible_host: gw.example, edge_router_id: 10.0.1.1, edge_router_asn: 64700}",
            "routers have no address; write edge_addresses",
        ),
    ],
)
def test_a_router_without_an_address_where_the_nodes_are(router: str, where: str) -> None:
    text = SMALL.replace("{ansible_host: 10.0.1.1, edge_router_asn: 64700}", router)
    assert told(text, edge_networks={"lan": {"cidr": "10.0.1.0/24"}, "mgmt": {"cidr": "10.0.9.0/24"}}) == [
        "EDGE304 edge_peerings.k8s.network: is missing, and its nodes and the routers share no network (its nodes have"
        f" addresses in lan, {where})"
    ]


def test_a_peering_without_any_router() -> None:
    document = yaml.safe_load(SMALL)
    del document["all"]["children"]["edge_routers"]
    assert [f"{item.code} {item.text}" for item in plan(inventory_from(document)).findings] == [
        "EDGE304 edge_peerings.k8s.network: is missing, and there is no router (the inventory defines no group"
        " edge_routers: add it, with a host)"
    ]
    document["all"]["children"]["edge_routers"] = {}
    assert [f"{item.code} {item.text}" for item in plan(inventory_from(document)).findings] == [
        "EDGE304 edge_peerings.k8s.network: is missing, and there is no router (add a host to the group edge_routers)"
    ]


def test_gtsm_that_a_peering_inherits_within_one_as() -> None:
    text = SMALL.replace("64701", "64700")
    assert told(text, edge_bgp_defaults={"ttl_security": True}) == [
        "EDGE310 edge_bgp_defaults.ttl_security: is set, but gw has the same AS 64700 as edge_peerings.k8s (remove it,"
        " or give the cluster an AS of its own)"
    ]
    assert good(text, edge_bgp_defaults={"ttl_security": True}, edge_peerings={"k8s": {"ttl_security": False}})


def test_a_pool_that_two_peerings_advertise_is_in_both_filters_and_expected_of_both() -> None:
    data = good(CLASSES)
    assert filters(data) == {"home-a-ipv4": ["203.0.113.1/32", "203.0.113.2/32"], "home-b-ipv4": ["203.0.113.2/32"]}
    assert [(item["pool"], item["peering"], sorted(item["nodes"])) for item in data["expect"]["announcements"]] == [
        ("x", "a", ["n1", "n2"]),
        ("y", "a", ["n1", "n2"]),
        ("y", "b", ["n1", "n3"]),
    ]
