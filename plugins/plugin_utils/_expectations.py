# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify may expect: which nodes are allowed to announce which pool, to which router or on which network.

Allowed, not certain: which of them have a ready endpoint of a ``Local`` service only the live cluster knows.
"""

from __future__ import annotations

from typing import Any

from ._model import Cluster, Network, Pool, Session, Site
from ._selectors import parse_selector

HOST_ROUTES = {"ipv4": 32, "ipv6": 128}


def expectations(site: Site) -> dict[str, Any]:
    """Return ``announcements`` (BGP) and ``l2``, sorted, for the plan."""
    announcements: list[dict[str, Any]] = []
    leases: list[dict[str, Any]] = []
    networks = {network.name: network for network in site.networks}
    for cluster in sorted(site.clusters, key=lambda item: item.host):
        for pool in sorted(cluster.pools, key=lambda item: item.name):
            announcements += _announcements(cluster, pool)
            leases += [_lease(cluster, pool, networks[name]) for name in sorted(pool.l2)]
    return {"announcements": announcements, "l2": leases}


def _announcements(cluster: Cluster, pool: Pool) -> list[dict[str, Any]]:
    """Return one entry for each peering, router and transport family over which a pool is advertised."""
    groups: dict[tuple[str, str, str], list[Session]] = {}
    for session in cluster.sessions:
        if session.peering in pool.bgp and set(session.families) & set(pool.families):
            groups.setdefault((session.peering, session.router, session.peer_group), []).append(session)
    return [
        {
            "cluster": cluster.host,
            "pool": pool.name,
            "peering": peering,
            "router": router,
            "peer_group": peer_group,
            "families": [family for family in sessions[0].families if family in pool.families],
            "nodes": {session.node: session.node_address for session in sorted(sessions, key=lambda item: item.node)},
            "length": HOST_ROUTES,
        }
        for (peering, router, peer_group), sessions in sorted(groups.items())
    ]


def _lease(cluster: Cluster, pool: Pool, network: Network) -> dict[str, Any]:
    return {
        "cluster": cluster.host,
        "pool": pool.name,
        "network": network.name,
        "nodes": list(announcing_nodes(cluster, network)),
        "interfaces": list(network.interfaces),
    }


def announcing_nodes(cluster: Cluster, network: Network) -> tuple[str, ...]:
    """Return the nodes that may hold the L2 lease of a service on ``network``."""
    if network.l2_nodes is None:
        return tuple(node.host for node in cluster.nodes if node.addresses.get(network.name))
    selector = parse_selector(network.l2_nodes, f"edge_networks.{network.name}.l2_nodes")
    return tuple(node.host for node in cluster.nodes if selector.matches(node.labels))
