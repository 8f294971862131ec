# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, services: whether the pools have room for all, and the addresses that we plan ourselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..._addressing.addresses import Address, parse_address
from ..._addressing.families import Family
from ..._inventory.values import Item, Values
from ..._model.site import Service
from ..._pools.allocation import Allocation, Move, Wish, assign
from ..._pools.capacity import capacity
from ..hosts import Context
from ..pools.pools import OwnedPool


def asked(service: Service, pools: Mapping[str, OwnedPool]) -> tuple[Family, ...]:
    """Return the families of which the service gets an address: its own, else the first that its pool has."""
    return service.families or pools[service.pool].pool.families[:1]


def check_capacity(
    context: Context, services: Iterable[Service], shared: Mapping[str, str], pools: Mapping[str, OwnedPool]
) -> None:
    """Report pools with fewer addresses of a family than their services need; shared ones count once."""
    needed: dict[tuple[str, Family], set[Address | str]] = {}
    pinned: dict[tuple[str, Family], set[Address | str]] = {}
    counts: dict[tuple[str, Family], int] = {}
    for service in services:
        key = service.key
        group = shared.get(key, key)
        for family in asked(service, pools):
            place = service.pool, family
            counts[place] = counts.get(place, 0) + 1
            holders = needed.setdefault(place, set())
            own = [address for address in service.addresses if address.family is family]
            if own:
                holders.update(own)
                pinned.setdefault(place, set()).add(group)
            elif not service.addresses and not pools[service.pool].pool.disabled:
                holders.add(group)
    for (name, family), holders in sorted(needed.items()):
        owned = pools[name]
        room = capacity(owned.pool.intervals).get(family, 0)
        count = len(holders - pinned.get((name, family), set()))
        if 0 < room < count:
            noun = "address" if room == 1 else "addresses"
            services_text = f"for {count} services"
            if count != counts[name, family]:
                services_text = f"for {counts[name, family]} services, which share {count}"
            context.report.add(
                "EDGE404",
                owned.item.at("addresses"),
                f"has {room} {family.label} {noun} {services_text}",
                f"add {count - room} more, or move services to another pool",
            )


@dataclass(frozen=True, slots=True)
class ClusterServices:
    """The services of one cluster that are complete, and what their addresses depend on."""

    services: Sequence[Service]
    """Sorted."""
    items: Mapping[str, Item]
    """Where each of them is written."""
    shared: Mapping[str, str]
    """The sharing group of those that have one."""
    pools: Mapping[str, OwnedPool]


def plan_addresses(
    context: Context, cluster: str, wished: ClusterServices, allocations: Mapping[str, tuple[str, ...]]
) -> tuple[Service, ...]:
    """Return the services, those without an address with the one that we plan (``edge_allocation: planned``).

    Args:
        context: takes the findings.
        cluster: the cluster's host.
        wished: its services.
        allocations: planned addresses that are kept from earlier plans, by ``cluster/namespace/name``.
    """
    services, items, pools = wished.services, wished.items, wished.pools
    values = context.parsed.clusters[cluster]
    planned = values["edge_allocation"] == "planned"
    closed = frozenset(name for name, owned in pools.items() if owned.pool.disabled)
    kept = {
        service.key: tuple(parse_address(text, "") for text in allocations.get(f"{cluster}/{service.key}", ()))
        for service in services
        if planned
    }
    if not planned:
        _check_closed(context, wished, kept, Allocation({}, ()))
        return tuple(services)
    found = assign(
        {name: owned.pool.intervals for name, owned in pools.items()},
        [_wish(service, wished.shared, pools) for service in services],
        kept,
        closed,
    )
    _check_closed(context, wished, kept, found)
    by_key = {service.key: service for service in services}
    for move in found.moves:
        _tell(context, cluster, move, by_key[move.name], items[move.name], values)
    return tuple(
        service
        if service.addresses or not found.addresses[service.key]
        else replace(
            service,
            addresses=found.addresses[service.key],
            # The order of those that are written says which is the first: a Service that lives never changes it.
            families=service.families or tuple(address.family for address in found.addresses[service.key]),
            planned=True,
        )
        for service in services
    )


def _check_closed(
    context: Context, wished: ClusterServices, kept: Mapping[str, Sequence[Address]], found: Allocation
) -> None:
    """Report services of disabled pools that pin no address and have none, or none of a family that they ask for.

    Args:
        context: takes the findings.
        wished: the services.
        kept: by service: planned addresses that it had.
        found: what they have now; one that cannot keep an address is told by that.
    """
    moved = {move.name for move in found.moves}
    for service in wished.services:
        pool = wished.pools[service.pool].pool
        if service.addresses or not pool.disabled or service.key in moved:
            continue
        path, closed = wished.items[service.key].path, f"pool {pool.name!r} is disabled: it hands out nothing new"
        if not kept.get(service.key):
            hint = "it keeps the address that it has; for a new service use another pool"
            context.report.add("EDGE507", path, f"pins no address, and {closed}", hint)
            continue
        given = {address.family for address in found.addresses[service.key]}
        for family in asked(service, wished.pools):
            if family not in given:
                hint = f"leave {family.key} out of families, or use another pool" if given else "use another pool"
                context.report.add("EDGE507", path, f"has no planned {family.label} address, and {closed}", hint)


def _wish(service: Service, shared: Mapping[str, str], pools: Mapping[str, OwnedPool]) -> Wish:
    return Wish(
        name=service.key,
        pool=service.pool,
        families=asked(service, pools),
        pinned=service.addresses,
        group=shared.get(service.key, ""),
    )


def _tell(context: Context, cluster: str, move: Move, service: Service, item: Item, values: Values) -> None:
    """Report a planned address that is not possible any more, or note the new one where it may move."""
    new = move.new.text if move.new else "none"
    change = f"its address would change to {new}" if move.new else "its pool has no other for it"
    line = f"{cluster}/{move.name}"
    file = values["edge_allocation_file"]
    if service.may_move:
        context.derive(f"{item.path}.addresses", new, f"it may move: it had {move.old.text}, which {move.reason}")
    elif move.twice:
        context.report.add(
            "EDGE532",
            item.path,
            f"{line} has {move.old.text} in {file}, which {move.reason}",
            f"delete the line of the newer of the two: it gets another address ({new} for this one)",
        )
    else:
        context.report.add(
            "EDGE531",
            item.path,
            f"{line} has {move.old.text} in {file}, which {move.reason}: {change}",
            "undo that, or say may_move: true",
        )
