# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes in two networks: which answers need a routing rule, and what the plan warns of."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_document, inventory_from


def planned(edits: dict[str, Any]) -> tuple[list[str], dict[str, dict[str, list[str]]]]:
    """Return EDGE212 and EDGE619 of the reference site with variables changed, and each node's return paths."""
    document = hybrid_document()
    document["all"]["vars"].update(edits)
    computed = plan(inventory_from(document))
    assert computed.data is not None, computed.findings
    nodes = computed.data["clusters"]["platform"]["nodes"]
    found = [f"{item.code} {item.text}" for item in computed.findings if item.code in ("EDGE212", "EDGE619")]
    return found, {name: node["return_paths"] for name, node in nodes.items()}


def networks(**return_paths: str) -> dict[str, Any]:
    """Return the reference site's networks with these return paths alone."""
    found: dict[str, Any] = {
        "public": {"cidr": "10.121.0.0/24"},
        "private": {"cidr": "10.122.0.0/24", "interfaces": "enp86s0.122", "l2_nodes": "private"},
    }
    for name, value in return_paths.items():
        found[name]["return_path"] = value
    return {"edge_networks": found}


def finding(missing: str, pools: str) -> str:
    """Return the text of EDGE212 for the networks without return paths."""
    return (
        "EDGE212 node01.edge_addresses: node01 and 2 more nodes are reached over networks private and public of udm-pro,"
        f" and answer what comes in over {missing} by the main routing table alone (give them a routing rule for each pool"
        f" of {pools}, and write return_path: network at {missing} in edge_networks, or accept it where no router filters"
        " so: docs/situations/nodes-in-two-networks.md)"
    )


def test_a_node_that_answers_by_its_main_routes_alone() -> None:
    found, paths = planned(networks())
    assert found == [finding("private and public", "private and of public")]
    assert set(map(str, paths.values())) == {"{}"}


SOURCES = {"private": ["10.122.0.128/28", "10.122.0.160/28", "203.0.113.94/32"], "public": ["203.0.113.93/32"]}


@pytest.mark.parametrize("declared", SOURCES)
def test_the_other_network_needs_a_rule_too(declared: str) -> None:
    """A client in the one network asks a routed address behind the other, and the node answers it directly."""
    found, paths = planned(networks(**{declared: "network"}))
    (missing,) = set(SOURCES) - {declared}
    assert found == [finding(missing, missing)]
    assert paths["node01"] == {declared: SOURCES[declared]}
    assert paths["control-01"] == {}


def test_with_rules_for_both_nothing_is_lost() -> None:
    found, paths = planned(networks(private="network", public="network"))
    assert (found, paths["node01"]) == ([], SOURCES)


def test_a_network_without_routed_pools_needs_none() -> None:
    """UniFi knows the range of an L2 pool, and lets half a connection to it through."""
    found, _paths = planned(
        {
            **networks(public="network"),
            "edge_peerings": {"public-ingress": {"network": "public", "asn": 65001}},
            "edge_pools": {
                "public-ingress": {"addresses": "203.0.113.93/32", "bgp": "public-ingress"},
                "private-service": {"addresses": "10.122.0.160/28", "l2": "private"},
            },
            "edge_services": {},
        }
    )
    assert found == []


def test_a_pool_of_both_networks_has_no_rule() -> None:
    pools = {
        "public-ingress": {"addresses": "203.0.113.93/32", "bgp": ["public-ingress", "public-service"]},
        "public-service": {"addresses": "203.0.113.94/32", "bgp": "public-service"},
        "private-ingress": {"addresses": "10.122.0.128/28", "l2": "private"},
        "private-service": {"addresses": "10.122.0.160/28", "l2": "private"},
    }
    _found, paths = planned({**networks(private="network", public="network"), "edge_pools": pools})
    assert paths["node01"] == {"private": ["10.122.0.128/28", "10.122.0.160/28", "203.0.113.94/32"]}
