# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long each kind of failure lasts for the services of a pool: from timers, graceful restart and leases.

Each is an interval, because a failure may come at any moment between two messages. docs/failures.md has the rules in
words, and benchmarks/failures.py measures them on the twin.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...module_utils._frr.state import version_tuple
from ...module_utils._frr.versions import KEEPS_AFTER_NOTIFICATION
from .._document.plan import FAILURES, PlannedFailure
from .._model.site import KUBERNETES_TRAFFIC_POLICY, Cluster, L2Lease, Network, Router, Session, Site
from .expectations import announcing_nodes

CONNECT_JITTER = 2
"""Most times the connect retry time between two attempts of a node: Cilium stretches it by up to as much again."""

LEASE_JITTER = 2.2
"""Most times the retry period between two looks of a candidate at the lease (client-go: JitterFactor 1.2)."""

NODE, AGENT, FRR = FAILURES
LOCAL = "Local"
POLICIES = (KUBERNETES_TRAFFIC_POLICY, LOCAL)


@dataclass(frozen=True, slots=True)
class Interval:
    """Seconds; ``most`` None = until somebody acts."""

    least: float
    most: float | None

    def plus(self, other: Interval) -> Interval:
        """Return the interval of both, one after the other."""
        most = None if self.most is None or other.most is None else self.most + other.most
        return Interval(self.least + other.least, most)


NOTHING = Interval(0, 0)
AS_LONG = Interval(0, None)
"""As long as it is away."""

FRR_START = Interval(0, 8)
"""From the stop of FRR's daemons until bgpd takes connections again."""


def noticed(session: Session) -> Interval:
    """Return how long a router believes in a node that has gone silent: hold time, less what it was silent before.

    RFC 4271, 6.5: the hold timer starts with each message, and one came at most a keepalive time before.
    """
    timers = session.keys.timers
    return Interval(timers.hold - timers.keepalive, timers.hold) if timers.hold else AS_LONG


def kept(session: Session, router: Router) -> Interval:
    """Return how long a router then keeps the node's routes: the restart time, where it helps after that, too.

    RFC 8538: a session that ends by its hold time counts as a restart where both ends say so. Cilium does.
    """
    restart = session.keys.graceful_restart
    helps = KEEPS_AFTER_NOTIFICATION.holds(version_tuple(router.frr_version))
    return Interval(restart, restart) if helps else Interval(0, 0)


def lease_moves(lease: L2Lease) -> Interval:
    """Return how long nobody answers for an address whose lease's holder has gone.

    client-go's leader election: the holder renews each retry period. Who wants the lease looks at it at moments up to
    2.2 retry periods apart, and waits for its duration from the moment at which it saw the last renewal.
    """
    return Interval(lease.duration - lease.retry, lease.duration + 2 * LEASE_JITTER * lease.retry)


@dataclass(frozen=True, slots=True)
class _Cost:
    """What one failure costs whatever is announced on one way."""

    way: str
    router: str | None
    failure: str
    nodes: int | None
    lasts: Interval
    back_within: int | None = None

    def of_local(self) -> _Cost:
        """Return it for services of traffic policy ``Local``: only nodes with a ready endpoint announce them.

        Which these are no plan knows. The only one of them is as the only node is.
        """
        if self.nodes == 1 or self.failure == FRR:
            return self
        lasts = Interval(self.lasts.least, None) if self.failure == AGENT else self.lasts
        return dataclasses.replace(self, nodes=None, lasts=lasts)

    def of(self, cluster: str, pool: str, policy: str, services: Sequence[str]) -> PlannedFailure:
        """Return it for services of one pool."""
        return {
            "cluster": cluster,
            "pool": pool,
            "services": list(services),
            "traffic_policy": policy,
            "way": self.way,
            "router": self.router,
            "failure": self.failure,
            "nodes": self.nodes,
            "least": float(self.lasts.least),
            "most": None if self.lasts.most is None else float(self.lasts.most),
            "back_within": self.back_within,
        }


def failures(site: Site) -> list[PlannedFailure]:
    """Return what a failure costs the services of each pool, sorted by cluster, pool, traffic policy and way.

    Each pool has the rows of ``Cluster``, Kubernetes' default, and those of ``Local`` where a planned service has it.
    """
    routers = {router.host: router for router in site.routers}
    networks = {network.name: network for network in site.networks}
    found: list[PlannedFailure] = []
    for cluster in sorted(site.clusters, key=lambda item: item.host):
        over_bgp = _over_bgp(cluster, routers)
        over_l2 = {
            name: _over_l2(cluster, networks[name]) for name in {name for pool in cluster.pools for name in pool.l2}
        }
        for pool in sorted(cluster.pools, key=lambda item: item.name):
            costs = {
                "bgp": [cost for name in sorted(pool.bgp) for cost in over_bgp.get(name, ())],
                "l2": [cost for name in sorted(pool.l2) for cost in over_l2[name]],
            }
            for policy in POLICIES:
                for way, on_way in costs.items():
                    services = _services(cluster, pool.name, policy, way)
                    if policy == LOCAL and not services:
                        continue
                    planned = [cost.of_local() if policy == LOCAL else cost for cost in on_way]
                    found += [cost.of(cluster.host, pool.name, policy, services) for cost in planned]
    return found


def _services(cluster: Cluster, pool: str, policy: str, way: str) -> list[str]:
    """Return the planned services of a pool that have a traffic policy and are reached by a way (``bgp``, ``l2``)."""
    return sorted(
        service.key
        for service in cluster.services
        if service.pool == pool
        and (service.traffic_policy or KUBERNETES_TRAFFIC_POLICY) == policy
        and service.way in (None, way)
    )


def _over_bgp(cluster: Cluster, routers: Mapping[str, Router]) -> dict[str, list[_Cost]]:
    """Return peering -> what failures cost over it."""
    groups: dict[tuple[str, str], list[Session]] = {}
    for session in cluster.sessions:
        if session.router and not session.keys.shutdown:
            groups.setdefault((session.peering, session.router), []).append(session)
    costs: dict[str, list[_Cost]] = {}
    for (peering, host), sessions in sorted(groups.items()):
        way, nodes = f"BGP {peering}", len({session.node for session in sessions})
        silent = _widest([noticed(item).plus(kept(item, routers[host])) for item in sessions])
        # An agent's programs stay in the kernel and forward; once its routes go, other nodes have them.
        agent = NOTHING if nodes > 1 else AS_LONG
        restart = min(session.keys.graceful_restart for session in sessions)
        retry = max(session.keys.timers.connect_retry for session in sessions)
        costs.setdefault(peering, []).extend(
            [
                _Cost(way, host, NODE, nodes, silent),
                _Cost(way, host, AGENT, nodes, agent, restart),
                _Cost(way, host, FRR, 1, FRR_START.plus(Interval(0, CONNECT_JITTER * retry))),
            ]
        )
    return costs


def _over_l2(cluster: Cluster, network: Network) -> list[_Cost]:
    """Return what failures cost on a network."""
    way, several = f"L2 {network.name}", len(announcing_nodes(cluster, network)) > 1
    # What answers ARP stays in the kernel, until another node has the lease.
    return [
        _Cost(way, None, NODE, 1, lease_moves(cluster.l2_lease) if several else AS_LONG),
        _Cost(way, None, AGENT, 1, NOTHING if several else AS_LONG, cluster.l2_lease.duration),
    ]


def _widest(intervals: Sequence[Interval]) -> Interval:
    """Return the interval that holds all."""
    most = [interval.most for interval in intervals]
    known = [end for end in most if end is not None]
    return Interval(min(interval.least for interval in intervals), max(known) if len(known) == len(most) else None)
