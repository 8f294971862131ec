# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, pools: their addresses, how they become reachable, and which of them is the default."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ....module_utils._errors import EdgeError
from ..._addressing.addresses import Address, interval_text
from ..._addressing.families import Family
from ..._addressing.intervals import Interval, contains, merge, subtract
from ..._findings.wording import one_of
from ..._inventory.values import Item, Items, Values
from ..._model.site import Pool
from ..._pools.capacity import usable
from ..hosts import Context

NONE = "none"
"""Not a pool: ``edge_default_pool: none``."""


@dataclass(frozen=True, slots=True)
class OwnedPool:
    """A pool with the place that it was written in."""

    pool: Pool
    item: Item
    cluster: str


def resolve_pools(context: Context, cluster: str, values: Values) -> list[OwnedPool]:
    """Return the pools of one cluster whose addresses and references are good."""
    items: Items = values["edge_pools"]
    peerings: Items = values["edge_peerings"]
    pools: list[OwnedPool] = []
    for name, item in items.items():
        if name == NONE:
            context.report.add(
                "EDGE104", item.path, "'none' is no name for a pool", "edge_default_pool gives it a meaning"
            )
            continue
        bgp, l2 = _ways_out(context, item, peerings)
        try:
            intervals = usable(item["addresses"], item["exclude"], item["first_last"], item.path)
        except EdgeError as error:
            context.report.add_error("EDGE405", error)
            continue
        pool = Pool(
            name=name,
            entries=item["addresses"],
            exclude=item["exclude"],
            intervals=intervals,
            bgp=bgp,
            l2=l2,
            first_last=item["first_last"],
            disabled=item["disabled"],
            anycast=item["anycast"],
            services=item["services"],
            announce_only=item["announce_only"],
            external_ips=item["external_ips"],
            communities=tuple(dict.fromkeys(item["communities"])),
            local_preference=item["local_preference"],
        )
        pool = replace(pool, aggregate=_aggregate(context, item, pool))
        pools.append(OwnedPool(pool, item, cluster))
    return pools


def _ways_out(context: Context, item: Item, peerings: Items) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the peerings that advertise a pool and the networks on which it is announced."""
    bgp = [
        name
        for index, name in enumerate(item["bgp"])
        if context.reference(item.at("bgp", index), name, peerings, "peering")
    ]
    l2 = [
        name
        for index, name in enumerate(item["l2"])
        if context.reference(item.at("l2", index), name, context.parsed.networks, "network")
    ]
    if "bgp" not in item and not item["l2"]:
        if len(peerings) == 1 and not peerings.reported:
            bgp = list(peerings)
            context.derive(item.at("bgp"), bgp[0], "the only peering, and the pool names neither bgp nor l2")
        elif not peerings.reported:
            context.report.add(
                "EDGE407",
                item.path,
                "says neither bgp nor l2, so its addresses would be reachable nowhere",
                f"bgp: {one_of(peerings)}; or l2: {one_of(context.subnets)}; or bgp: [] if you mean it",
            )
    return tuple(dict.fromkeys(bgp)), tuple(dict.fromkeys(l2))


def default_pool(context: Context, cluster: str, values: Values) -> str | None:
    """Return the pool of services that name none; None = such services get no address."""
    items: Items = values["edge_pools"]
    path = f"{cluster}.edge_default_pool"
    if "edge_default_pool" in values:
        name = str(values["edge_default_pool"])
        if name == NONE:
            return None
        return name if context.reference(path, name, items, "pool") else None
    if len(items) + len(items.reported.names) > 1 and "edge_default_pool" not in context.parsed.hosts[cluster]:
        context.report.add(
            "EDGE406",
            path,
            f"is missing, and there are {len(items) + len(items.reported.names)} pools",
            f"write the pool of services that name none ({one_of({*items, *items.reported.names})}), or none",
        )
        return None
    if len(items) == 1 and not items.reported:
        name = next(iter(items))
        context.derive(path, name, "the only pool")
        return name
    return None


def _aggregate(context: Context, item: Item, pool: Pool) -> dict[Family, int]:
    """Return the length of the pool's routes by family, where it is shorter than a host route and fits the pool."""
    written: Values | None = item["aggregate"]
    if written is None:
        return {}
    path = item.at("aggregate")
    if "any" in written and len(pool.families) > 1:
        context.report.add(
            "EDGE415",
            path,
            f"is {written['any']} for IPv4 and IPv6 addresses alike",
            "write aggregate: {ipv4: LENGTH, ipv6: LENGTH}",
        )
        return {}
    lengths = {family: written[family.key] for family in Family if written[family.key] is not None}
    if "any" in written:
        lengths = {pool.families[0]: written["any"]}
    good: dict[Family, int] = {}
    for family, length in lengths.items():
        if family not in pool.families:
            context.report.add("EDGE415", path, f"has a length for {family.label}, which the pool has not")
        elif length >= family.width:
            context.report.add(
                "EDGE415",
                path,
                f"{length} is not shorter than a host route's {family.width}",
                "leave aggregate out for host routes",
            )
        elif _fits(context, item, pool, family, length):
            good[family] = length
    return good


def _fits(context: Context, item: Item, pool: Pool, family: Family, length: int) -> bool:
    """Return whether the pool holds whole prefixes of ``length``; warn of addresses in them that no service gets."""
    held = merge(entry.interval for entry in pool.entries)
    covers = []
    for index, entry in enumerate(pool.entries):
        if entry.interval.family != family:
            continue
        cover = _widened(entry.interval, length)
        if not contains(held, cover):
            fitting = [more for more in range(length, family.width) if contains(held, _widened(entry.interval, more))]
            context.report.add(
                "EDGE415",
                item.at("addresses", index),
                f"{entry.text} aggregated to /{length} would announce {interval_text(cover)}, and the pool does not"
                " hold all of that",
                f"aggregate: {fitting[0]} or longer" if fitting else "leave aggregate out, or use whole CIDRs",
            )
            return False
        covers.append(cover)
    idle = subtract(covers, pool.intervals)
    if idle:
        context.report.add(
            "EDGE416",
            item.at("aggregate"),
            f"the routes of length {length} hold {interval_text(idle[0])} too, which no service gets:"
            " packets to it go back and forth between router and node until their TTL ends",
            "keep it out of addresses rather than excluding it, or leave aggregate out",
        )
    return True


def _widened(interval: Interval, length: int) -> Interval:
    """Return the addresses of all prefixes of ``length`` that have an address of ``interval``."""
    rest = (1 << (interval.family.width - length)) - 1
    return Interval(interval.family, interval.first & ~rest, interval.last | rest)


def pool_of(address: Address, pools: Iterable[OwnedPool]) -> OwnedPool | None:
    """Return the pool that hands out ``address``."""
    return next((owned for owned in pools if contains(owned.pool.intervals, address.interval)), None)
