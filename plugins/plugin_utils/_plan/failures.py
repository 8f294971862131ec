# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long each kind of failure lasts for the services of a pool: from timers, graceful restart and leases.

Each is an interval, because a failure may come at any moment between two messages. docs/failures.md has the rules in
words, and benchmarks/failures.py measures them on the twin.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...module_utils._frr.state import version_tuple
from ...module_utils._frr.versions import KEEPS_AFTER_NOTIFICATION
from .._addressing.families import Family
from .._document.plan import FAILURES, PlannedFailure
from .._model.site import KUBERNETES_TRAFFIC_POLICY, Cluster, L2Lease, Network, Pool, Router, Session, Site
from .expectations import announcing_nodes
from .next_hops import Links, NextHops, next_hops

CONNECT_JITTER = 2
"""Most times the connect retry time between two attempts of a node: Cilium stretches it by up to as much again."""

LEASE_JITTER = 2.2
"""Most times the retry period between two looks of a candidate at the lease (client-go: JitterFactor 1.2)."""

LIVENESS_SIGN = 1
"""Seconds between two signs of life that an agent gives its programs in the kernel (agent-liveness-update-interval)."""

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
    return Interval(timers.hold - timers.keepalive, timers.hold)


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


def arp_unanswered(lease: L2Lease) -> Interval:
    """Return how long nobody answers ARP or NDP for an address, from the end of a dead agent's answers on.

    Cilium's program in the kernel answers for the duration of a lease after the agent's last sign of life
    (``l2_announcements_max_liveness`` in its ``l2_responder.h``). Another node has the lease after :func:`lease_moves`,
    which may be sooner.
    """
    return Interval(0, 2 * LEASE_JITTER * lease.retry + LIVENESS_SIGN)


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to a pool: who stands on it, and how long each failure lasts there."""

    name: str
    router: str | None
    """None over L2."""
    hops: NextHops
    """Over L2: the nodes that may have the lease, one at a time."""
    silent: Interval
    """From a node's death until another one has its share."""
    back_within: int
    """Within so many seconds an agent must be back, else another node has its share."""
    agent: Interval
    """From where a dead agent's share ends until another node has it."""
    frr: Interval | None
    """From a stop of the router's FRR until all is back; None = no router takes part."""
    over_links: tuple[str, ...] = ()
    """Other routers from which this one hears the pool too."""

    def costs(self, local: bool) -> Iterator[_Cost]:
        """Yield what each failure costs services of traffic policy ``Local``, or all others.

        A service of policy ``Local`` is announced by nodes with a ready endpoint alone: which these are no plan knows.
        """
        yield _Cost(NODE, *self._share(local), self._node(local), over_links=self.over_links)
        yield _Cost(AGENT, *self._share(local), self._agent(local), self.back_within, self.over_links)
        if self.frr is not None:
            yield _Cost(FRR, 1, None, self.frr)

    def _share(self, local: bool) -> tuple[int | None, int | None]:
        """Return one in how many clients a node has, and how many nodes are used at a time where not all are.

        None for the first: one in the nodes with an endpoint.
        """
        of, used = self.hops.preferred, self.hops.used
        if local:
            of, used = self.hops.nodes, self.hops.used_of_all
        return None if local and used > 1 else used, used if used < of else None

    def _node(self, local: bool) -> Interval:
        """Return how long the loss of a node lasts: without another one until it is back."""
        if self.hops.backup and not local:
            return NOTHING
        return self.silent if self.hops.nodes > 1 or self.over_links else AS_LONG

    def _agent(self, local: bool) -> Interval:
        """Return how long the loss of an agent lasts.

        Its programs stay in the kernel and forward. Once its routes or its lease go, another node has them, if there is
        one: of a service of policy ``Local`` there may be none.
        """
        return self.agent if (self.hops.nodes > 1 or self.over_links) and not local else AS_LONG


@dataclass(frozen=True, slots=True)
class _Cost:
    """What one failure costs."""

    failure: str
    nodes: int | None
    in_use: int | None
    lasts: Interval
    back_within: int | None = None
    over_links: tuple[str, ...] = ()


def failures(site: Site) -> list[PlannedFailure]:
    """Return what a failure costs the services of each pool, sorted by cluster, pool, traffic policy and way.

    Each pool has the rows of ``Cluster``, Kubernetes' default, and those of ``Local`` where a planned service has it.
    """
    networks = {network.name: network for network in site.networks}
    links = Links(site.routers)
    found: list[PlannedFailure] = []
    for cluster in sorted(site.clusters, key=lambda item: item.host):
        over_bgp = _OverBgp(cluster, site.routers)
        over_l2 = {
            name: _over_l2(cluster, networks[name]) for name in {name for pool in cluster.pools for name in pool.l2}
        }
        services = _services(cluster)
        for pool in sorted(cluster.pools, key=lambda item: item.name):
            ways = {"bgp": _linked(over_bgp.ways(pool), links, pool), "l2": [over_l2[name] for name in sorted(pool.l2)]}
            for policy, (kind, on_way) in itertools.product(POLICIES, ways.items()):
                named = services.get((pool.name, policy, kind), [])
                if named or policy != LOCAL:
                    found += [
                        entry for way in on_way for entry in _entries(cluster.host, pool.name, policy, named, way)
                    ]
    return found


def _entries(cluster: str, pool: str, policy: str, services: Sequence[str], way: _Way) -> Iterator[PlannedFailure]:
    """Yield what failures cost the services of one traffic policy on one way."""
    # Which node has an address on L2 does not hang on its endpoints.
    for cost in way.costs(policy == LOCAL and way.router is not None):
        yield {
            "cluster": cluster,
            "pool": pool,
            "services": list(services),
            "traffic_policy": policy,
            "way": way.name,
            "router": way.router,
            "failure": cost.failure,
            "nodes": cost.nodes,
            "in_use": cost.in_use,
            "over_links": list(cost.over_links),
            "least": float(cost.lasts.least),
            "most": None if cost.lasts.most is None else float(cost.lasts.most),
            "back_within": cost.back_within,
        }


def _services(cluster: Cluster) -> dict[tuple[str, str, str], list[str]]:
    """Return the planned services by pool, traffic policy and way (``bgp``, ``l2``), sorted."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for service in sorted(cluster.services, key=lambda item: item.key):
        for way in ("bgp", "l2") if service.way is None else (service.way,):
            policy = service.traffic_policy or KUBERNETES_TRAFFIC_POLICY
            found.setdefault((service.pool, policy, way), []).append(service.key)
    return found


def _linked(ways: Sequence[_Way], links: Links, pool: Pool) -> list[_Way]:
    """Return ways over BGP with the other routers from which their routers hear the pool over links."""
    announced = {way.router for way in ways if way.router is not None}
    behind = links.behind(pool, announced)
    return [dataclasses.replace(way, over_links=behind[way.router]) if way.router else way for way in ways]


class _OverBgp:
    """A cluster's ways over BGP."""

    def __init__(self, cluster: Cluster, routers: Iterable[Router]) -> None:
        self._cluster = cluster
        self._routers = {router.host: router for router in routers}
        self._sessions: dict[str, list[Session]] = {}
        for session in cluster.sessions:
            if session.router and not session.keys.shutdown:
                self._sessions.setdefault(session.peering, []).append(session)
        self._known: dict[tuple[tuple[str, ...], tuple[Family, ...]], list[_Way]] = {}
        """Peerings and families of pools -> their ways: many pools have the same."""

    def ways(self, pool: Pool) -> list[_Way]:
        """Return the ways of a pool, without links: one for each of its peerings and their routers, sorted."""
        key = pool.bgp, pool.families
        if key not in self._known:
            by_router: dict[str, list[Session]] = {}
            for session in itertools.chain.from_iterable(self._sessions.get(name, ()) for name in pool.bgp):
                if set(session.families) & set(pool.families):
                    by_router.setdefault(session.router, []).append(session)
            peerings = {(session.peering, host) for host, sessions in by_router.items() for session in sessions}
            self._known[key] = [
                self._way(peering, by_router[host], pool.families) for peering, host in sorted(peerings)
            ]
        return self._known[key]

    def _way(self, peering: str, sessions: Sequence[Session], families: Sequence[Family]) -> _Way:
        """Return the way over one peering and router; ``sessions`` are those of all of the pool's peerings there."""
        router = self._routers[sessions[0].router]
        own = {session.node for session in sessions if session.peering == peering}
        # A node that has a session of another peering too is gone when all have ended.
        theirs = [session for session in sessions if session.node in own]
        retry = max(session.keys.timers.connect_retry for session in sessions if session.peering == peering)
        return _Way(
            name=f"BGP {peering}",
            router=router.host,
            hops=next_hops(router, self._cluster, peering, sessions, families),
            silent=_widest([noticed(session).plus(kept(session, router)) for session in theirs]),
            back_within=min(session.keys.graceful_restart for session in theirs),
            agent=NOTHING,
            frr=FRR_START.plus(Interval(0, CONNECT_JITTER * retry)),
        )


def _over_l2(cluster: Cluster, network: Network) -> _Way:
    """Return the way over a network: one node at a time answers for an address."""
    nodes, lease = len(announcing_nodes(cluster, network)), cluster.l2_lease
    one = min(1, nodes)
    hops = NextHops(nodes=nodes, preferred=nodes, used=one, used_of_all=one, backup=False)
    return _Way(
        name=f"L2 {network.name}",
        router=None,
        hops=hops,
        silent=lease_moves(lease),
        back_within=lease.duration - LIVENESS_SIGN,
        agent=arp_unanswered(lease),
        frr=None,
    )


def _widest(intervals: Sequence[Interval]) -> Interval:
    """Return the interval that holds all."""
    most = [interval.most for interval in intervals]
    known = [end for end in most if end is not None]
    return Interval(min(interval.least for interval in intervals), max(known) if len(known) == len(most) else None)
