# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Over which nodes a router reaches a pool: how many announce it there, how many it uses, and what else leads there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .._addressing.families import Family
from .._addressing.intervals import Interval, contains, merge
from .._model.prefix_rules import lengths, pool_rules
from .._model.site import Cluster, Neighbor, Policy, Pool, PrefixRule, Router, Session
from .._resolve.routers.multipath import DEFAULT_PREFERENCE, link_exports


@dataclass(frozen=True, slots=True)
class NextHops:
    """The nodes from which a router hears the routes of a pool, as one of its peerings sees them."""

    nodes: int
    """All that announce it to this router, over each of the pool's peerings."""
    preferred: int
    """Those of the best routes, which share the traffic: the others are a backup."""
    used: int
    """So many of the preferred ones share the traffic at a time; all where the router has a next hop for each."""
    used_of_all: int
    """So many of ``nodes`` do at most where any may be the preferred ones: those with a ready endpoint."""
    backup: bool
    """No node of this peering is among the preferred ones."""


def next_hops(
    router: Router, cluster: Cluster, peering: str, sessions: Sequence[Session], families: Iterable[Family]
) -> NextHops:
    """Return how a router uses the nodes of one peering of a pool.

    Families have routes of their own: the answer is that of the family in which a node's death costs most.

    Args:
        router: who chooses.
        cluster: whose sessions they are.
        peering: one of the pool's peerings; it has a session here that carries one of ``families``.
        sessions: those of all of the pool's peerings at that router.
        families: the pool's.
    """
    found = []
    for family in families:
        carrying = [session for session in sessions if family in session.families]
        own = {session.node for session in carrying if session.peering == peering}
        if own:
            best = _best(cluster, carrying)
            preferred = {session.node for session in best}
            found.append(
                NextHops(
                    nodes=len({session.node for session in carrying}),
                    preferred=len(preferred),
                    used=_used(router, best),
                    used_of_all=_used(router, carrying),
                    backup=not own & preferred,
                )
            )
    return min(found, key=lambda item: (item.backup, item.used, item.nodes))


def _best(cluster: Cluster, sessions: Iterable[Session]) -> list[Session]:
    """Return the sessions whose routes are best.

    FRR takes the highest local preference, then the shortest AS path, then, within one AS, the lowest MED (FRR user
    guide, BGP route selection). The path of a node in the router's own AS is empty.
    """
    policies = {peering.name: peering.import_ for peering in cluster.peerings}
    ranks: dict[tuple[int, bool], list[Session]] = {}
    for session in sessions:
        preference = policies[session.peering].local_preference
        rank = (-(DEFAULT_PREFERENCE if preference is None else preference), session.node_asn != session.router_asn)
        ranks.setdefault(rank, []).append(session)
    best = ranks[min(ranks)]
    meds = [policies[session.peering].med or 0 for session in best]
    lowest: dict[int, int] = {}
    for session, med in zip(best, meds, strict=True):
        lowest[session.node_asn] = min(med, lowest.get(session.node_asn, med))
    return [session for session, med in zip(best, meds, strict=True) if med == lowest[session.node_asn]]


def _used(router: Router, sessions: Sequence[Session]) -> int:
    """Return how many nodes a router uses at a time, of those of sessions whose routes are equal.

    ``maximum-paths`` counts equal routes alone. A node with several sessions is several next hops. Where there are too
    many, all of one node's may be used.
    """
    hops = Counter(session.node for session in sessions)
    if router.maximum_paths is None or len(sessions) <= router.maximum_paths:
        return len(hops)
    return max(1, router.maximum_paths // max(hops.values()))


class Links:
    """Which routers hear a pool over links, and from which others.

    Cost: n log n in the rules of the policies, once. Then for each pool a few bisections for each policy that differs
    from the others; a search over the links is done once for all pools that the same policies let through.
    """

    def __init__(self, routers: Iterable[Router]) -> None:
        known = list(routers)
        exports = link_exports(known)
        self._policies: dict[tuple[bool, tuple[PrefixRule, ...]], int] = {}
        """What policies let through, each once -> its number."""
        self._passing: list[_Passing] = []
        """By that number."""
        self._from: dict[str, list[tuple[str, tuple[Family, ...], frozenset[int]]]] = {}
        """Router -> other router, families of the session, the policies on the way from there."""
        self._heard: dict[tuple[Family, frozenset[int]], dict[str, frozenset[str]]] = {}
        """Family and the policies that let a pool through -> router -> the routers whose routes reach it."""
        for router in known:
            found = self._from.setdefault(router.host, [])
            for neighbor in router.neighbors:
                export = exports.get((neighbor.other, neighbor.link, router.host))
                if neighbor.other is not None and export is not None and _carries(neighbor, export):
                    way = frozenset((self._number(export), self._number(neighbor.import_)))
                    found.append((neighbor.other, neighbor.families, way))

    def behind(self, pool: Pool, announced: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return router -> the others from which it hears all of a pool, over one link or several; sorted.

        Args:
            pool: the pool.
            announced: the routers to which nodes announce it: of these is the answer.
        """
        routers = set(announced)
        linked = {router for router in routers if self._from[router]} if len(routers) > 1 else set()
        found = {router: routers - {router} if router in linked else set() for router in routers}
        rules = pool_rules(pool) if linked else ()
        for family in pool.families if linked else ():
            own = [rule for rule in rules if rule.family is family]
            passed = frozenset(number for number, policy in enumerate(self._passing) if policy.all_of(own))
            for router in linked:
                found[router] &= self._reaching(router, family, passed)
        return {router: tuple(sorted(others)) for router, others in found.items()}

    def _number(self, policy: Policy) -> int:
        """Return the number of what a policy lets through."""
        key = policy.everything, policy.prefixes
        if key not in self._policies:
            self._policies[key] = len(self._passing)
            self._passing.append(_Passing(policy))
        return self._policies[key]

    def _reaching(self, router: str, family: Family, passed: frozenset[int]) -> frozenset[str]:
        """Return the routers whose routes of one family reach a router through the policies that let them pass."""
        known = self._heard.setdefault((family, passed), {})
        if router not in known:
            known[router] = self._search(router, family, passed)
        return known[router]

    def _search(self, router: str, family: Family, passed: frozenset[int]) -> frozenset[str]:
        """Return the same, by a search backwards from the router."""
        heard, ahead = {router}, [router]
        while ahead:
            for other, families, way in self._from[ahead.pop()]:
                if other not in heard and family in families and way <= passed:
                    heard.add(other)
                    ahead.append(other)
        return frozenset(heard)


def _carries(neighbor: Neighbor, export: Policy) -> bool:
    """Return whether a link's session is up as planned, and what its import asks for is on what the other end sends."""
    return not neighbor.keys.shutdown and set(neighbor.import_.communities) <= set(export.communities)


class _Passing:
    """The prefixes that a policy lets through, each question answered in the time of a few bisections."""

    def __init__(self, policy: Policy) -> None:
        self._everything = policy.everything
        groups: dict[tuple[int, int], list[Interval]] = {}
        for cidr, low, high in map(lengths, policy.prefixes):
            groups.setdefault((low, high), []).append(cidr.interval)
        self._groups = {known: merge(intervals) for known, intervals in groups.items()}

    def all_of(self, rules: Iterable[PrefixRule]) -> bool:
        """Return whether each prefix of ``rules`` passes."""
        return self._everything or all(
            any(
                least <= low and high <= most and contains(intervals, cidr.interval)
                for (least, most), intervals in self._groups.items()
            )
            for cidr, low, high in map(lengths, rules)
        )
