# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small resolved site, made by hand: what the second pass would return for one router and two nodes."""

from __future__ import annotations

from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import (
    Cluster,
    Network,
    Node,
    NodeClass,
    Peering,
    Pool,
    Router,
    Session,
    SessionKeys,
    Site,
    Timers,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._pools.capacity import parse_pool
from ansible_collections.hybridnet.cluster_edge.tests.support.resolved import made, replace

LABEL = "cluster-edge.hybridnet/pool"
KEYS = made(SessionKeys, timers=Timers(9, 3, 5), graceful_restart=15)


def pool(name: str, addresses: str, **changes: Any) -> Pool:
    """Return a pool."""
    return replace(parse_pool(addresses, name, f"edge_pools.{name}"), **changes)


def session(node: str, address: str, **changes: Any) -> Session:
    """Return a node's session to the router."""
    usual = made(
        Session,
        cluster="home",
        peering="k8s",
        node=node,
        node_address=address,
        node_asn=64701,
        router="gw",
        router_address="10.0.1.1",
        router_asn=64700,
        family="ipv4",
        families=("ipv4",),
        keys=KEYS,
        peer_group="home-k8s",
        cluster_config="all",
        instance="as64701",
        peer="k8s-gw",
        peer_config="k8s",
    )
    return replace(usual, **changes)


def peering(**changes: Any) -> Peering:
    """Return the peering of all nodes."""
    usual = made(
        Peering,
        "k8s",
        ("lan",),
        None,
        ("n1", "n2"),
        ("gw",),
        64701,
        KEYS,
        ("ipv4",),
        advertisement="k8s",
        peer_group="home-k8s",
    )
    return replace(usual, **changes)


def small_site(
    sessions: dict[str, Any] | None = None, of_peering: dict[str, Any] | None = None, **cluster: Any
) -> Site:
    """Return the site.

    Args:
        sessions: what is other in all sessions.
        of_peering: what is other in the peering.
        cluster: what is other in the cluster.
    """
    usual = made(
        Cluster,
        host="home",
        cilium_version="1.19.6",
        default_pool="lb",
        pool_label=LABEL,
        nodes=tuple(made(Node, f"n{n}", "home", {}, {"lan": (f"10.0.1.1{n}",)}) for n in (1, 2)),
        peerings=(peering(**of_peering or {}),),
        pools=(pool("lb", "203.0.113.0/28", bgp=("k8s",)),),
        services=(),
        sessions=tuple(session(f"n{n}", f"10.0.1.1{n}", **sessions or {}) for n in (1, 2)),
        classes=(made(NodeClass, "all", None, ("n1", "n2"), ("k8s",)),),
    )
    router = made(Router, "gw", 64700, "10.0.1.1", "linux", "10.1", {"lan": ("10.0.1.1",)})
    return made(
        Site, "edge", (made(Network, "lan", ("10.0.1.0/24",), ("eth0",)),), (router,), (replace(usual, **cluster),)
    )
