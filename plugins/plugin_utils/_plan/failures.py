# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long each kind of failure lasts for the addresses of a pool: from timers, graceful restart and leases.

Each is an interval, because a failure may come at any moment between two messages. docs/failures.md has the rules in
words, and benchmarks/failures.py measures them on the twin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...module_utils._frr.state import version_tuple
from ...module_utils._frr.versions import KEEPS_AFTER_NOTIFICATION
from .._document.plan import FAILURES, PlannedFailure
from .._model.site import Cluster, L2Lease, Network, Pool, Router, Session, Site
from .expectations import announcing_nodes

CONNECT_JITTER = 2
"""Most times the connect retry time between two attempts of a node: Cilium stretches it by up to as much again."""

LEASE_JITTER = 2.2
"""Most times the retry period between two looks of a candidate at the lease (client-go: JitterFactor 1.2)."""

NODE, AGENT, FRR = FAILURES


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


def failures(site: Site) -> list[PlannedFailure]:
    """Return what a failure costs the addresses of each pool, sorted by cluster, pool and way."""
    routers = {router.host: router for router in site.routers}
    networks = {network.name: network for network in site.networks}
    found: list[PlannedFailure] = []
    for cluster in sorted(site.clusters, key=lambda item: item.host):
        for pool in sorted(cluster.pools, key=lambda item: item.name):
            for peering in sorted(pool.bgp):
                found += _over_bgp(cluster, pool, peering, routers)
            for network in sorted(pool.l2):
                found += _over_l2(cluster, pool, networks[network])
    return found


@dataclass(frozen=True, slots=True)
class _Way:
    """How a pool is reached."""

    cluster: str
    pool: str
    way: str
    router: str | None

    def failure(self, failure: str, nodes: int, lasts: Interval, back_within: int | None = None) -> PlannedFailure:
        """Return what a failure costs the pool on this way."""
        return {
            "cluster": self.cluster,
            "pool": self.pool,
            "way": self.way,
            "router": self.router,
            "failure": failure,
            "nodes": nodes,
            "least": lasts.least,
            "most": lasts.most,
            "back_within": back_within,
        }


def _over_bgp(cluster: Cluster, pool: Pool, peering: str, routers: Mapping[str, Router]) -> Iterable[PlannedFailure]:
    by_router: dict[str, list[Session]] = {}
    for session in cluster.sessions:
        if session.peering == peering and session.router and not session.keys.shutdown:
            by_router.setdefault(session.router, []).append(session)
    for host, sessions in sorted(by_router.items()):
        nodes = len({session.node for session in sessions})
        way = _Way(cluster.host, pool.name, f"BGP {peering}", host)
        yield way.failure(NODE, nodes, _widest([noticed(item).plus(kept(item, routers[host])) for item in sessions]))
        # Its programs stay in the kernel and forward; once the routes go, other nodes have them.
        restart = min(session.keys.graceful_restart for session in sessions)
        yield way.failure(AGENT, nodes, NOTHING if nodes > 1 else AS_LONG, restart)
        retry = max(session.keys.timers.connect_retry for session in sessions)
        yield way.failure(FRR, 1, FRR_START.plus(Interval(0, CONNECT_JITTER * retry)))


def _over_l2(cluster: Cluster, pool: Pool, network: Network) -> Iterable[PlannedFailure]:
    nodes = len(announcing_nodes(cluster, network))
    way = _Way(cluster.host, pool.name, f"L2 {network.name}", None)
    yield way.failure(NODE, 1, lease_moves(cluster.l2_lease) if nodes > 1 else AS_LONG)
    # What answers ARP stays in the kernel, until another node has the lease.
    yield way.failure(AGENT, 1, NOTHING if nodes > 1 else AS_LONG, cluster.l2_lease.duration)


def _widest(intervals: Sequence[Interval]) -> Interval:
    """Return the interval that holds all."""
    most = [interval.most for interval in intervals]
    known = [end for end in most if end is not None]
    return Interval(min(interval.least for interval in intervals), max(known) if len(known) == len(most) else None)
