# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which networks a node is reached, and by which its answers leave.

A node answers by its main routing table, whichever network the request came through, unless it has a routing rule for
the source of the answer: by its default route, and directly where it has a leg in the client's network. Cilium looks up
the route of an answer with the service's address as its source (bpf/lib/nodeport, "FIB lookup with post-RevDNAT src
IP"), so a rule ``from <pool>`` on the node holds for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._addressing.addresses import Cidr, to_cidrs
from .site import Cluster, Node, Pool, Session, Site

BY_NETWORK = "network"
"""Answers leave through the network over which the pool is reached: nodes have a routing rule for its addresses."""


@dataclass(slots=True)
class Reached:
    """Over one network: from which routers, and for which pools."""

    routers: set[str] = field(default_factory=set)
    pools: dict[str, Pool] = field(default_factory=dict)


class Ways:
    """The networks over which the services of a cluster are reached, node by node."""

    def __init__(self, site: Site, cluster: Cluster) -> None:
        self._networks = site.networks
        self._kept = {network.name for network in site.networks if network.return_path == BY_NETWORK}
        self._sessions: dict[str, list[Session]] = {}
        self._pools: dict[str, list[Pool]] = {}
        for pool in cluster.pools:
            for peering in pool.bgp:
                self._pools.setdefault(peering, []).append(pool)
        for session in cluster.sessions:
            if session.router and session.peering in self._pools:
                self._sessions.setdefault(session.node, []).append(session)
        self._announced = {
            network.name: found
            for network in site.networks
            if (found := [pool for pool in cluster.pools if network.name in pool.l2])
        }
        self._routers = {
            name: {router.host for router in site.routers if router.addresses.get(name)} for name in self._announced
        }

    def reached_over(self, node: Node) -> dict[str, Reached]:
        """Return the networks over which services are reached at a node, by the pools' sessions and announcements."""
        found: dict[str, Reached] = {}
        for session in self._sessions.get(node.host, ()):
            for name, addresses in node.addresses.items():
                if session.node_address in addresses:
                    reached = found.setdefault(name, Reached())
                    reached.routers.add(session.router)
                    reached.pools.update((pool.name, pool) for pool in self._pools[session.peering])
        for network in self._networks if self._announced else ():
            pools = self._announced.get(network.name)
            announces = network.l2_nodes is None or network.l2_nodes.matches(node.all_labels)
            if pools and announces and node.addresses.get(network.name):
                reached = found.setdefault(network.name, Reached())
                reached.routers |= self._routers[network.name]
                reached.pools.update((pool.name, pool) for pool in pools)
        return found

    def by_default_route(self, node: Node) -> dict[str, Reached]:
        """Return the networks over which a node is reached and answers by its default route, where they are several.

        Of one alone the default route may be its own: then the answer leaves where the request came in.
        """
        found = {name: reached for name, reached in self.reached_over(node).items() if name not in self._kept}
        return found if len(found) > 1 else {}

    def without_rule(self, node: Node) -> dict[str, Reached]:
        """Return the networks whose answers need a routing rule and have none, of a node that is reached over several.

        Over one alone the answer leaves where the request came in. With one such network left among several, its routed
        pools still need a rule: a client in another network of the node would be answered there directly.
        """
        if several := self.by_default_route(node):
            return several
        reached = self.reached_over(node)
        return {
            name: item
            for name, item in reached.items()
            if name not in self._kept and len(reached) > 1 and any(pool.bgp for pool in self._own_pools(reached, name))
        }

    @staticmethod
    def _own_pools(reached: Mapping[str, Reached], network: str) -> list[Pool]:
        """Return the pools that are reached over one network of a node and over no other."""
        others = {pool for name, other in reached.items() if name != network for pool in other.pools}
        return [pool for name, pool in reached[network].pools.items() if name not in others]

    def return_paths(self, node: Node) -> dict[str, tuple[Cidr, ...]]:
        """Return, for each network with ``return_path: network``, the sources for which a node needs a routing rule.

        A node with a leg in one network alone needs none. A pool that is reached over several networks of the node has
        none: its addresses do not say where the request came in.
        """
        several = sum(1 for addresses in node.addresses.values() if addresses) > 1
        reached = self.reached_over(node) if self._kept and several else {}
        found: dict[str, tuple[Cidr, ...]] = {}
        for network in sorted(self._kept & set(reached)):
            cidrs = to_cidrs(interval for pool in self._own_pools(reached, network) for interval in pool.intervals)
            if cidrs:
                found[network] = cidrs
        return found
