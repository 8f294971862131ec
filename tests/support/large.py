# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites of any size, all of one kind: for benchmarks, and for tests that count what the library does.

Two routers and at most four clusters at every size, so that what costs nodes times pools shows. A cluster has a
dual-stack peering of all its nodes and one of the labelled third on a network of its own; every tenth pool is announced
on L2. A third of the services pins its address; in the first cluster the others' are planned.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan

from .hybrid import inventory_from

MOST_CLUSTERS = 4
ROUTERS = 2
L2_EVERY = 10
"""Every tenth pool is announced on L2; the others by BGP."""


def large_document(nodes: int, pools: int, services: int) -> dict[str, Any]:
    """Return the inventory of a site as one document, as users write it.

    Args:
        nodes: hosts of ``edge_nodes``, at most 16,000: a cluster has 4,096 CIDRs for its nodes' pods.
        pools: in all clusters together, at most 4,000; each cluster has one at least.
        services: in all clusters together, at most 200 for each pool.
    """
    clusters = min(MOST_CLUSTERS, pools)
    return {
        "all": {
            "vars": {"edge_networks": _networks(clusters), "edge_site_name": "large"},
            "children": {
                "edge_routers": {
                    "hosts": {f"gw{number}": _router(number, clusters) for number in range(1, ROUTERS + 1)}
                },
                "edge_clusters": {
                    "hosts": {
                        f"c{number}": _cluster(
                            number, len(range(number, pools, clusters)), len(range(number, services, clusters))
                        )
                        for number in range(clusters)
                    }
                },
                "edge_nodes": {"hosts": dict(_node(index, clusters) for index in range(nodes))},
            },
        }
    }


def _networks(clusters: int) -> dict[str, Any]:
    networks: dict[str, Any] = {}
    for number in range(clusters):
        networks[f"lan{number}"] = {"cidr": [f"10.{number}.0.0/16", f"fd00:{number}::/64"], "interfaces": "eth0"}
        networks[f"public{number}"] = {"cidr": f"10.{100 + number}.0.0/16"}
    return networks


def _router(number: int, clusters: int) -> dict[str, Any]:
    addresses: dict[str, Any] = {}
    for cluster in range(clusters):
        addresses[f"lan{cluster}"] = [f"10.{cluster}.0.{number}", f"fd00:{cluster}::{number}"]
        addresses[f"public{cluster}"] = f"10.{100 + cluster}.0.{number}"
    return {"edge_router_asn": 65000, "edge_addresses": addresses}


def _node(index: int, clusters: int) -> tuple[str, dict[str, Any]]:
    cluster, place = index % clusters, 256 + index // clusters
    low = f"{place // 256}.{place % 256}"
    addresses: dict[str, Any] = {f"lan{cluster}": [f"10.{cluster}.{low}", f"fd00:{cluster}::{place:x}"]}
    labels = {"zone": f"z{index % 3}"}
    if index // clusters % 3 == 0:
        addresses[f"public{cluster}"] = f"10.{100 + cluster}.{low}"
        labels["public"] = "true"
    return f"node{index:05}", {
        "edge_cluster": f"c{cluster}",
        "edge_addresses": addresses,
        "edge_node_labels": labels,
    }


def _cluster(number: int, pools: int, services: int) -> dict[str, Any]:
    names = [f"pool{index:04}" for index in range(pools)]
    return {
        "edge_cluster_asn": 65100 + number,
        "edge_cilium_version": "1.19.6",
        "edge_cluster_distribution": "talos",
        "edge_cluster_pod_cidrs": [f"10.{128 + 16 * number}.0.0/12", f"fd01:{number}::/48"],
        "edge_default_pool": names[0],
        "edge_allocation": "planned" if number == 0 else "cilium",
        "edge_peerings": {
            "lan": {"network": f"lan{number}"},
            "public": {"network": f"public{number}", "nodes": "public=true", "asn": 65200 + number},
        },
        "edge_pools": {name: _pool(number, index) for index, name in enumerate(names)},
        "edge_services": dict(_service(number, index, names) for index in range(services)),
    }


def _pool(cluster: int, index: int) -> dict[str, Any]:
    if index % L2_EVERY == L2_EVERY - 1:
        return {"addresses": f"10.{cluster}.{128 + index // L2_EVERY % 127}.0/24", "l2": f"lan{cluster}"}
    peering = "public" if index % 3 == 1 else "lan"
    addresses = [f"100.{64 + cluster * 16 + index // 256}.{index % 256}.0/24"]
    if peering == "lan":
        addresses.append(f"fd02:{cluster}:{index:x}::/120")
    return {"addresses": addresses, "bgp": peering}


def _service(cluster: int, index: int, pools: list[str]) -> tuple[str, dict[str, Any]]:
    number = index % len(pools)
    place = index // len(pools)
    wish: dict[str, Any] = {} if number == 0 else {"pool": pools[number]}
    if index % 3 == 0:
        first = _pool(cluster, number)["addresses"]
        block = first if isinstance(first, str) else first[0]
        wish["addresses"] = f"{block.rpartition('.')[0]}.{1 + place}"
    if index % 3 != 2:
        wish["ports"] = [{"port": 443, "target_port": 8443}]
        wish["selector"] = {"app": f"app{index}"}
    return f"team{index % 100}/svc{index:06}", wish


def applied_cluster(pools: int, services: int) -> dict[str, Any]:
    """Return the plan of one cluster, ``lb`` and ``services``, with so many pools and services that a run makes whole.

    Two services of three in the site have ports and a selector, and are made whole.
    """
    document = large_document(nodes=20, pools=pools * MOST_CLUSTERS, services=2 * services * MOST_CLUSTERS)
    cluster = plan(inventory_from(document)).data["clusters"]["c0"]
    whole = [item for item in cluster["services"] if item["manage"] == "service"][:services]
    return {"lb": cluster["lb"], "services": whole}
