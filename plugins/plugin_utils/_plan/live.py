# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of the planned pools where live Services count too, also those that are not in the inventory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from .._addressing.addresses import Address, address_text, parse_address
from .._addressing.families import parse_family
from .._addressing.intervals import Interval, contains, merge, subtract
from .._document.plan import PlanDocument, PlannedPool
from .._findings.wording import some
from .._pools.capacity import capacity
from .prefixes import cluster_prefixes


class Holder(TypedDict):
    """A live Service that holds an address of a pool and is not in the inventory."""

    cluster: str
    service: str
    """``namespace/name``."""
    pool: str
    addresses: list[str]


@dataclass(frozen=True, slots=True)
class LivePools:
    """The planned pools with what live Services hold."""

    pools: list[PlannedPool]
    """``used``, ``left`` and ``next_free`` count planned and live Services."""
    clusters: list[str]
    """The clusters whose Services are counted."""
    others: list[Holder]

    def lines(self, planned: Iterable[str]) -> list[str]:
        """Return lines that say what was counted; ``planned`` are all clusters of the plan."""
        missing = sorted(set(planned) - set(self.clusters))
        counted = f" and those that {some(self.clusters)} {'has' if len(self.clusters) == 1 else 'have'} now"
        lines = [f"  used, left and next free count the services of this inventory{counted if self.clusters else ''}"]
        if missing:
            lines.append(f"  not asked, as not managed or not in this run: {some(missing)}")
        if self.others:
            of = cluster_prefixes(self.others)
            shown = [
                f"{of[item['cluster']]}{item['service']} {', '.join(item['addresses'])} ({item['pool']})"
                for item in self.others
            ]
            lines.append(f"  not in the inventory: {some(shown, 5)}")
        return lines


def count_live(plan: PlanDocument, services: Mapping[str, Sequence[Mapping[str, Any]]]) -> LivePools:
    """Count what live Services hold.

    Args:
        plan: the plan.
        services: by cluster that was read, its Services as the API server has them.
    """
    known = {(item["cluster"], f"{item['namespace']}/{item['name']}") for item in plan["services"]}
    pools, others = [], []
    held = {cluster: _held(items) for cluster, items in services.items()}
    for pool in plan["pools"]:
        cluster = pool["cluster"]
        ranges = merge(_ranges(pool))
        inside: dict[str, list[Address]] = {}
        for name, addresses in held.get(cluster, {}).items():
            own = [address for address in addresses if contains(ranges, address.interval)]
            if own:
                inside[name] = own
        others += [
            Holder(cluster=cluster, service=name, pool=pool["name"], addresses=[item.text for item in own])
            for name, own in sorted(inside.items())
            if (cluster, name) not in known
        ]
        used = {parse_address(text, "used") for text in pool["used"]}.union(*inside.values())
        pools.append(_with_used(pool, ranges, used))
    return LivePools(pools, sorted(services), others)


def _held(services: Iterable[Mapping[str, Any]]) -> dict[str, list[Address]]:
    """Return by ``namespace/name`` the addresses that a cluster's Services hold, by their status."""
    found = {}
    for item in services:
        entries = ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        texts = [entry["ip"] for entry in entries if entry.get("ip")]  # an entry may have a host name only
        if texts:
            name = f"{item['metadata']['namespace']}/{item['metadata']['name']}"
            found[name] = [parse_address(text, f"{name}: status.loadBalancer.ingress") for text in texts]
    return found


def _ranges(pool: PlannedPool) -> list[Interval]:
    ends = [[parse_address(text, "ranges") for text in pair] for pair in pool["ranges"]]
    return [Interval(first.family, first.value, last.value) for first, last in ends]


def _with_used(pool: PlannedPool, ranges: Sequence[Interval], used: Iterable[Address]) -> PlannedPool:
    """Return the pool with these addresses taken, by the rule of the plan itself."""
    taken = sorted(used)
    free = subtract(ranges, (address.interval for address in taken))
    left = capacity(free)
    return {
        **pool,
        "used": [address.text for address in taken],
        "left": {key: left.get(parse_family(key, "families"), 0) for key in pool["families"]},
        "next_free": address_text(free[0].family, free[0].first) if free and not pool["disabled"] else None,
    }
