# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that two things would share, and names at the limits of both ends."""

from __future__ import annotations

from ansible_collections.hybridnet.cluster_edge.tests.support.planned import (
    good,
    peers,
    told,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.small_sites import (
    SMALL,
)


def test_peers_of_two_routers_that_would_have_one_name() -> None:
    text = """
all:
  vars:
    edge_networks: {n1: {cidr: 10.0.1.0/24}, n2: {cidr: 10.0.2.0/24}}
    edge_peerings: {a: {network: n1}, a-b: {network: n2}}
    edge_pools: {lb: {addresses: 203.0.113.0/28, bgp: [a, a-b]}}
  children:
    edge_routers:
      hosts:
        b-c: {edge_router_asn: 64700, edge_addresses: {n1: 10.0.1.1}}
        c: {edge_router_asn: 64700, edge_addresses: {n2: 10.0.2.1}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes: {hosts: {k1: {edge_addresses: {n1: 10.0.1.11, n2: 10.0.2.11}}}}
"""
    assert told(text) == [
        "EDGE307 edge_peerings.a-b: peer 'a-b-c' in 'home' would stand for 'c' in peering 'a-b' and for 'b-c' in"
        " peering 'a' (write another names.peer, or rename one of the peerings or routers)",
        "EDGE619 k1.edge_addresses: Cilium 1.19.6 answers from k1 by the node's default route, whichever router the request"
        " came through: another one drops the answer where it filters by state [cilium/cilium#40521, cilium/cilium#41758,"
        " cilium/cilium#31640] (route the answers of each pool by its own router (ip rule from the pool), or accept it"
        " where the routers filter without state)",
    ]


def test_the_longest_names_stay_inside_every_limit() -> None:
    long = "p" * 39 + "1"
    host = "h" * 63
    text = SMALL.replace("home:", f"{host}:").replace("gw:", f"{host[:-1]}g:")
    data = good(
        text,
        edge_peerings={long: {"nodes": "kubernetes.example.net/" + "l" * 63}},
        edge_pools={long: {"addresses": "203.0.113.0/28"}},
        edge_bgp_passwords={long: None},
        edge_node_labels={"kubernetes.example.net/" + "l" * 63: "v" * 63},
    )
    router = data["routers"][f"{host[:-1]}g"]["frr"]
    named = [item["name"] for key in ("peer_groups", "prefix_lists", "route_maps") for item in router[key]]
    assert max(map(len, named)) <= 128  # FRR refuses longer ones
    for item in [*data["clusters"][host]["bgp"], *data["clusters"][host]["lb"]]:
        assert len(item["metadata"]["name"]) <= 253
        assert all(len(value) <= 63 for value in item["metadata"]["labels"].values())
    assert all(len(instance) <= 255 for _config, instance in peers(data, host))
