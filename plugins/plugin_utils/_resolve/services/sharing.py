# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, services: addresses that several of them would have, by mistake or by a sharing key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..._addressing.addresses import Address
from ..._inventory.values import Item
from ..._model.site import Service
from ..._pools.sharing import names, obstacle, other_traffic
from ..hosts import Context


def check_sharing(context: Context, services: Iterable[Service], items: Mapping[str, Item]) -> None:
    """Report services with one sharing key that can never share an address."""
    units: dict[tuple[str, str], list[Service]] = {}
    for service in services:
        if service.share is not None:
            units.setdefault((service.share, service.namespace), []).append(service)
    for members in units.values():
        _check_unit(context, members, items)
        _check_namespaces(context, members[0], units, items)


def _check_unit(context: Context, members: list[Service], items: Mapping[str, Item]) -> None:
    """Report services of one key and namespace that differ in what they must have in common."""
    first = members[0]
    owners: dict[tuple[int, str], Service] = {}
    for service in members:
        problems: list[tuple[str, Service, str | None]] = []
        if service is not first:
            if service.pool != first.pool:
                problems.append(("pool", first, f"they draw from pools {service.pool!r} and {first.pool!r}"))
            if set(service.share_with) != set(first.share_with):
                problems.append(("share_with", first, "they name different namespaces in share_with"))
            problems.append(("traffic_policy", first, other_traffic(service, first)))
        for port in service.ports:
            owner = owners.setdefault((port.port, port.protocol), service)
            if owner is not service:
                problems.append(("ports", owner, f"both have {port.protocol} port {port.port}"))
        for key, other, problem in problems:
            if problem is not None:
                _report(context, items[service.key], key, service, other, problem)


def _check_namespaces(
    context: Context,
    service: Service,
    units: Mapping[tuple[str, str], list[Service]],
    items: Mapping[str, Item],
) -> None:
    """Report namespaces that a service names and that do not name its own."""
    for namespace in service.share_with:
        for other in units.get((service.share or "", namespace), ())[:1]:
            if not names(other, service.namespace):
                problem = f"{service.key} names its namespace, but not the other way round"
                _report(context, items[other.key], "share_with", other, service, problem)
            elif service.key < other.key:
                blocked = obstacle(other, service)
                if blocked is not None:
                    _report(context, items[other.key], "share", other, service, blocked)


def _report(context: Context, item: Item, key: str, service: Service, other: Service, problem: str) -> None:
    context.report.add(
        "EDGE511",
        item.at(key),
        f"it cannot share an address with {other.key}, which has the key {service.share!r} too: {problem}",
        "make them alike, or give it another key",
    )


def check_pinned(
    context: Context, services: Iterable[Service], items: Mapping[str, Item], shared: Mapping[str, str]
) -> None:
    """Report every address that two services pin and cannot share."""
    owners: dict[Address, Service] = {}
    for service in services:
        for index, address in enumerate(service.addresses):
            owner = owners.setdefault(address, service)
            if owner is service or (service.share is not None and shared[service.key] == shared.get(owner.key)):
                continue
            path = items[service.key].at("addresses", index)
            problem = f"{address.text} is pinned by {items[owner.key].path} too"
            hint = "give each service an address of its own"
            if service.pool == owner.pool:
                hint += ", or both the same sharing key: share"
            if service.share is not None and service.share == owner.share:
                problem += f", and they cannot share it: {obstacle(service, owner)}"
                hint = "make them alike, or give each service an address of its own"
            context.report.add("EDGE501", path, problem, hint)
