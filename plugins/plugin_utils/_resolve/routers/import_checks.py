# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, imports of neighbors and links: prefixes under which the other end could take over a pool's addresses.

A router takes the most specific route, and of equal ones several: whoever announces a service's own host route gets its
traffic, or a share of it. Less specific routes do no harm while the service is announced. A policy's ``pools`` says
that the other end announces a pool too, so those are left out.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from ..._addressing.intervals import Interval
from ..._inventory.values import Values
from ..._model.prefix_rules import RuleSet, lengths, pool_rules, rule
from ..._model.site import Cluster, Pool, PrefixRule, Router
from ..hosts import Context, Placed
from .policies import WrittenPolicy, entries_of, is_too_wide, prefix_rules, rule_text


class OwnPools:
    """The pools that a router hears from nodes, or has on a network of its own."""

    def __init__(self, router: Router, placed: Placed, clusters: Iterable[Cluster]) -> None:
        self._pools = [
            (cluster.host, pool)
            for cluster in clusters
            for pool in _pools_of(cluster, router.host, {network for network, own in placed.items() if own})
        ]
        self._all = RuleSet(known for _cluster, pool in self._pools for known in _at_stake(pool))

    def covered_by(self, known: PrefixRule, shared: Container[str]) -> tuple[str, Pool, Interval] | None:
        """Return the cluster, the first pool of which a route that passes ``known`` could take an address, and those.

        Args:
            known: what passes.
            shared: names of pools that the other end announces too.
        """
        if not self._all.touches(known):
            return None
        under = known.prefix.interval
        for cluster, pool in self._pools:
            # An aggregate also covers addresses that no service gets: nobody misses those.
            inside = next((interval for interval in pool.intervals if under.meets(interval)), None)
            if inside and pool.name not in shared and RuleSet(_at_stake(pool)).touches(known):
                return cluster, pool, inside
        return None


def _pools_of(cluster: Cluster, router: str, networks: set[str]) -> Iterator[Pool]:
    peerings = {peering.name for peering in cluster.peerings if router in peering.routers}
    for pool in cluster.pools:
        if peerings.intersection(pool.bgp) or networks.intersection(pool.l2):
            yield pool


def _at_stake(pool: Pool) -> Iterator[PrefixRule]:
    """Yield the routes that would win against those of a pool, or share with them: as long, or longer."""
    for known in pool_rules(pool):
        cidr, low, _high = lengths(known)
        yield rule(cidr, low, cidr.family.width)


def check_import(context: Context, path: str, written: WrittenPolicy, own: OwnPools) -> None:
    """Warn of prefixes and networks of an import under which the other end could take over addresses of a pool.

    Args:
        context: takes the findings.
        path: of the import.
        written: as the table of keys read it; None = nothing was written, or the import mirrors a link's other end.
        own: what is at stake.
    """
    if not isinstance(written, Values):
        return
    found = list(prefix_rules(written, path))
    for place, name in entries_of(written, path, "networks"):
        found += [(place, rule(cidr)) for cidr in context.subnets.get(name, ())]
    shared = {text.rpartition("/")[2] for text in written["pools"]}
    for place, known in found:
        owned = None if is_too_wide(known) else own.covered_by(known, shared)
        if owned is None:
            continue
        cluster, pool, inside = owned
        where = next(entry.text for entry in pool.entries if entry.interval.meets(inside))
        context.report.add(
            "EDGE361",
            place,
            f"{rule_text(known)} lets the other end take over addresses of pool {pool.name!r} of {cluster!r} ({where})",
            "name the prefixes that are really its own; if it announces the pool too, write pools: "
            f"{cluster}/{pool.name}",
        )
