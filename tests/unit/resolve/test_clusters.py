# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several clusters at one router: each has groups, filters and passwords of its own, and only its own pools."""

from __future__ import annotations

from ansible_collections.hybridnet.cluster_edge.tests.support.planned import (
    filters,
    frr_conf,
    good,
    groups,
    peers,
    planned,
    told,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.small_sites import (
    TWO_CLUSTERS,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.subset import (
    assert_subset,
)


def test_two_clusters_share_a_router_and_a_map_of_passwords() -> None:
    data = planned(TWO_CLUSTERS.replace("1.18.12", "1.17.18")).data
    assert_subset(
        groups(data),
        {
            "prod-k8s": {"remote_as": 64701, "password": "prod/k8s", "timers": {"hold": 9}},
            "test-lab": {"remote_as": 64702, "password": "test/lab", "timers": {"hold": 30, "keepalive": 10}},
        },
    )
    assert filters(data) == {"prod-k8s-ipv4": ["203.0.113.0/28 ge 32"], "test-lab-ipv4": ["203.0.113.16/28 ge 32"]}
    assert data["routers"]["gw"]["passwords"] == ["prod/k8s", "test/lab"]
    assert [data["clusters"][name]["passwords"] for name in ("prod", "test")] == [["k8s"], ["lab"]]
    assert list(peers(data, "test")) == [("all", "as64702")]
    assert {item["apiVersion"] for item in data["clusters"]["prod"]["bgp"]} == {"cilium.io/v2"}
    assert {item["apiVersion"] for item in data["clusters"]["test"]["bgp"]} == {"cilium.io/v2alpha1"}
    assert_subset(
        data["expect"]["announcements"],
        [
            {"cluster": "prod", "pool": "lb", "nodes": {"p1": "10.0.1.11"}},
            {"cluster": "test", "pool": "lb", "nodes": {"t1": "10.0.1.21"}},
        ],
    )
    assert "SECRET:prod/k8s" in frr_conf(data)


def test_two_clusters_may_share_every_definition_but_the_pools() -> None:
    data = good(
        TWO_CLUSTERS.replace("          edge_peerings: {lab: {timers: {hold: 30}}}\n", ""),
        edge_bgp_passwords={"k8s": None},
    )
    assert sorted(groups(data)) == ["prod-k8s", "test-k8s"]
    assert data["routers"]["gw"]["passwords"] == ["prod/k8s", "test/k8s"]
    shared = told(TWO_CLUSTERS.replace("203.0.113.16/28", "203.0.113.8/29"))
    assert shared == [
        "EDGE401 test.edge_pools.lb.addresses: 203.0.113.8/29 overlaps pool 'lb' (203.0.113.0/28) of cluster 'prod' at"
        " 203.0.113.8-203.0.113.15 (give each address to one pool, or write anycast: true in both)"
    ]
