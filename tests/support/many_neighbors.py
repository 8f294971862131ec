# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with any number of neighbors on one router, and changes of it whose cost is measured.

The router has an upstream, the nodes of one peering (most of its neighbors), and two nodes of a second peering, ``apart``,
whose timers, password and prefixes change while the others' stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan

from .hybrid import inventory_from
from .planned import rendered

ROUTER = "10.121.0.1"
LENGTH = 20
"""Of the prefix of the network that all share, 10.121.0.0/20."""
UPSTREAM = "10.121.9.1"
UPSTREAM_ASN = 65021
APART = ("10.121.8.1", "10.121.8.2")
APART_ASN = 65002
NODES_ASN = 65001
PROBED = "203.0.113.81"
"""An address that the first node announces, and that no change concerns."""
FEWEST = len(APART) + 3
"""Neighbors: two nodes, of which one may go, those apart, the upstream."""


class Wish(NamedTuple):
    """What the inventory says beyond its number of neighbors."""

    more_nodes: int = 0
    """Nodes more than at first."""
    half: bool = False
    """Half of the nodes only."""
    more_prefixes: int = 0
    """Pools more that those apart announce."""
    preference: int = 100
    """Local preference of the upstream's routes."""
    hold: int = 9
    """Hold time of the sessions apart, in seconds."""
    password: str = ""
    """Password of the sessions apart."""


AT_FIRST = Wish()


class Change(NamedTuple):
    """One change from :data:`AT_FIRST`."""

    wish: Wish
    concerned: tuple[str, ...] = ()
    """Neighbors that are there before and whose configuration or filters it changes."""
    silent: int = 0
    """Sessions that are down afterwards, because their other end does not change."""


CHANGES: Mapping[str, Change] = {
    "nothing to do": Change(AT_FIRST),
    "a neighbor": Change(Wish(more_nodes=1)),
    "a prefix": Change(Wish(more_prefixes=1), APART),
    "a policy": Change(Wish(preference=200), (UPSTREAM,)),
    "a timer": Change(Wish(hold=12), APART),
    "a password": Change(Wish(password="a-password"), APART, silent=len(APART)),
    "a neighbor less": Change(Wish(more_nodes=-1)),
    "half of them less": Change(Wish(half=True)),
}
"""What is measured, by name."""


def node_address(number: int) -> str:
    """Return the address of the n-th node, from 0."""
    return f"10.121.{1 + number // 250}.{1 + number % 250}"


def nodes_of(neighbors: int, wish: Wish = AT_FIRST) -> list[str]:
    """Return the addresses of the nodes that are not apart."""
    at_first = neighbors - len(APART) - 1
    return [node_address(number) for number in range(at_first // 2 if wish.half else at_first + wish.more_nodes)]


def document(neighbors: int, wish: Wish = AT_FIRST, version: str = "10.3") -> dict[str, Any]:
    """Return the inventory as one document.

    Args:
        neighbors: of the router, from :data:`FEWEST` to 1,500, before any change.
        wish: what is otherwise.
        version: the router's FRR.
    """
    racks = {"a": nodes_of(neighbors, wish), "b": list(APART)}
    apart: dict[str, Any] = {"network": "lan", "nodes": "rack=b", "asn": APART_ASN, "timers": {"hold": wish.hold}}
    pools = {"lb": {"addresses": "203.0.113.80/28", "bgp": "nodes"}}
    pools.update(
        {f"apart{number}": {"addresses": f"198.51.100.{32 * number}/28", "bgp": "apart"} for number in range(1 + wish.more_prefixes)}
    )  # fmt: skip
    cluster: dict[str, Any] = {
        "edge_cluster_asn": NODES_ASN,
        "edge_cilium_version": "1.19.6",
        "edge_peerings": {"nodes": {"network": "lan", "nodes": "rack=a"}, "apart": apart},
        "edge_pools": pools,
        "edge_default_pool": "lb",
    }
    if wish.password:
        cluster["edge_bgp_passwords"] = {"apart": wish.password}
    upstream = {
        "address": UPSTREAM,
        "asn": UPSTREAM_ASN,
        "import": {"prefixes": ["192.0.2.0/24"], "local_preference": wish.preference},
    }
    router = {
        "edge_router_asn": 65000,
        "edge_router_frr_version": version,
        "edge_addresses": {"lan": ROUTER},
        "edge_router_neighbors": {"upstream": upstream},
    }
    nodes = {
        f"node-{rack}{number:04}": {"edge_addresses": {"lan": address}, "edge_node_labels": {"rack": rack}}
        for rack, addresses in racks.items()
        for number, address in enumerate(addresses)
    }
    return {
        "all": {
            "vars": {"edge_networks": {"lan": {"cidr": f"10.121.0.0/{LENGTH}"}}},
            "children": {
                "edge_routers": {"hosts": {"gw": router}},
                "edge_clusters": {"hosts": {"home": cluster}},
                "edge_nodes": {"hosts": nodes},
            },
        }
    }


def configuration(neighbors: int, wish: Wish = AT_FIRST, version: str = "10.3") -> str:
    """Return the router's BGP as the plan of :func:`document` and the role's template make it.

    Raises:
        AssertionError: the plan has an error.
    """
    computed = plan(inventory_from(document(neighbors, wish, version)))
    assert not computed.failed, [finding.text for finding in computed.findings]
    router = computed.data["routers"]["gw"]
    return rendered(router["frr"], version, dict.fromkeys(router["passwords"], wish.password))
