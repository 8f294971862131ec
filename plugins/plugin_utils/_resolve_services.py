# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, services: their pool, their addresses, who makes them, and whether the pool has room for all."""

from __future__ import annotations

from collections.abc import Mapping

from ._addresses import FAMILY_KEY, FAMILY_NAME, Address
from ._findings import one_of
from ._intervals import contains
from ._model import Service, ServicePort
from ._parse import Item, Values
from ._pools import capacity
from ._resolve_hosts import Context
from ._resolve_pools import OwnedPool, pool_of

CREATED_ONLY = ("ports", "selector")
"""Keys of a Service that we create; whoever else makes it says them elsewhere."""


def resolve_services(
    context: Context,
    cluster: str,
    values: Values,
    pools: list[OwnedPool],
    fallback: str | None,
    allocations: Mapping[str, tuple[str, ...]],
) -> tuple[Service, ...]:
    """Return the services of one cluster that are complete.

    Args:
        context: takes the findings.
        cluster: the cluster's host.
        values: the cluster's variables.
        pools: its pools.
        fallback: its default pool.
        allocations: planned addresses that are kept from earlier plans, by ``cluster/namespace/name``.
    """
    by_name = {owned.pool.name: owned for owned in pools}
    services: list[tuple[Service, Item]] = []
    for key, item in values["edge_services"].items():
        service = _service(context, values, key, item, by_name, pools, fallback)
        if service is not None:
            services.append((service, item))
    _check_addresses(context, services)
    _check_capacity(context, services, by_name)
    return tuple(service for service, _item in services)


def _service(
    context: Context,
    values: Values,
    key: str,
    item: Item,
    by_name: dict[str, OwnedPool],
    pools: list[OwnedPool],
    fallback: str | None,
) -> Service | None:
    namespace, _slash, name = key.partition("/")
    pool_name = item.get("pool", fallback)
    manage = _manage(context, item)
    _check_ports(context, item)
    if item.get("chart") == "ingress-nginx" and not name.endswith("-controller"):
        context.report.add(
            "EDGE506",
            item.path,
            f"the chart ingress-nginx names its Service <release>-controller, not {name!r}",
            f"did you mean {namespace}/{name}-controller?",
        )
    if pool_name is None:
        if "edge_default_pool" in values and not values["edge_pools"].excuses(values["edge_default_pool"]):
            context.report.add(
                "EDGE504",
                item.at("pool"),
                "is missing, and there is no default pool",
                f"pools: {one_of(values['edge_pools'])}",
            )
        return None
    if not context.reference(item.at("pool"), pool_name, values["edge_pools"], "pool") or pool_name not in by_name:
        return None
    owned = by_name[pool_name]
    addresses: tuple[Address, ...] = item.get("addresses", ())
    _check_inside(context, item, addresses, owned, pools)
    families = _families(context, item, addresses, owned)
    if owned.pool.l2 and item.get("traffic_policy") == "Local":
        context.report.add(
            "EDGE503",
            item.at("traffic_policy"),
            f"Local does not work with pool {pool_name!r}, which is announced on L2: the node that answers ARP"
            " drops the traffic if it has no local endpoint",
            "traffic_policy: Cluster, or a pool that is advertised by BGP",
        )
    return Service(
        namespace=namespace,
        name=name,
        pool=pool_name,
        addresses=tuple(address.text for address in addresses),
        manage=manage,
        chart=item.get("chart"),
        ingress_class=item.get("ingress_class"),
        ports=_ports(item),
        selector=dict(sorted(item.get("selector", {}).items())),
        families=families,
        traffic_policy=item.get("traffic_policy"),
    )


def _manage(context: Context, item: Item) -> str:
    """Return who makes the Service, and report keys that do not fit."""
    manage = str(item.get("manage", "service" if "ports" in item else "metadata"))
    if manage == "service":
        if "ports" not in item:
            context.report.add(
                "EDGE105", item.at("ports"), "is missing: we create this Service", "such as ports: [{port: 443}]"
            )
    else:
        for key in CREATED_ONLY:
            if key in item:
                owner = "its chart" if manage == "values" else "its owner"
                context.report.add(
                    "EDGE506",
                    item.at(key),
                    f"does not fit manage: {manage}: {owner} says it",
                    "remove it, or manage: service",
                )
    if manage == "values" and "chart" not in item:
        context.report.add("EDGE105", item.at("chart"), "is missing with manage: values", "chart: ingress-nginx")
    if manage != "values":
        for key in ("chart", "ingress_class"):
            if key in item:
                context.report.add("EDGE506", item.at(key), f"does not fit manage: {manage}", "manage: values")
    if manage == "metadata" and "traffic_policy" in item:
        context.report.add(
            "EDGE506", item.at("traffic_policy"), "does not fit manage: metadata: its owner says it", "remove it"
        )
    return manage


def _check_ports(context: Context, item: Item) -> None:
    """Report ports that Kubernetes refuses: two of one number and protocol, several without names or of one name."""
    ports = item.get("ports", ())
    seen: dict[tuple[int, str], int] = {}
    names: set[str] = set()
    for index, port in enumerate(ports):
        path = item.at("ports", index)
        pair = (port["port"], port.get("protocol", "TCP"))
        if pair in seen:
            context.report.add("EDGE103", path, f"{pair[1]} port {pair[0]} stands here twice", "keep one of them")
        seen.setdefault(pair, index)
        name = port.get("name")
        if len(ports) > 1 and name is None:
            context.report.add("EDGE105", f"{path}.name", "is missing: several ports need names", "such as https")
        elif name in names:
            context.report.add(
                "EDGE103", f"{path}.name", f"{name!r} names two ports", "give each port a name of its own"
            )
        names.add(name or "")


def _ports(item: Item) -> tuple[ServicePort, ...]:
    return tuple(
        ServicePort(
            port=port["port"],
            target_port=port.get("target_port", port["port"]),
            protocol=port.get("protocol", "TCP"),
            name=port.get("name"),
        )
        for port in item.get("ports", ())
    )


def _check_inside(
    context: Context, item: Item, addresses: tuple[Address, ...], owned: OwnedPool, pools: list[OwnedPool]
) -> None:
    for index, address in enumerate(addresses):
        if contains(owned.pool.intervals, address.interval):
            continue
        other = pool_of(address, pools)
        hint = f"pool: {other.pool.name}" if other else f"{owned.item.path} has {_entries(owned)}"
        context.report.add(
            "EDGE502",
            item.at("addresses", index),
            f"{address.text} is not an address of pool {owned.pool.name!r}",
            hint,
        )


def _entries(owned: OwnedPool) -> str:
    text = ", ".join(entry.text for entry in owned.pool.entries)
    without = ", ".join(entry.text for entry in owned.pool.exclude)
    return f"{text} without {without}" if without else text


def _families(context: Context, item: Item, addresses: tuple[Address, ...], owned: OwnedPool) -> tuple[str, ...]:
    """Return the families that the service asks for; empty = the cluster's choice."""
    pinned = tuple(FAMILY_KEY[address.family] for address in addresses)
    for family in dict.fromkeys(pinned):
        if pinned.count(family) > 1:
            context.report.add(
                "EDGE103",
                item.at("addresses"),
                f"has {pinned.count(family)} {_name(family)} addresses",
                "one per family",
            )
    written: tuple[str, ...] = tuple(dict.fromkeys(item.get("families", ())))
    for family in written:
        if family not in owned.pool.families:
            context.report.add(
                "EDGE505",
                item.at("families"),
                f"pool {owned.pool.name!r} has no {_name(family)} address",
                _entries(owned),
            )
    for family in pinned:
        if written and family not in written:
            context.report.add(
                "EDGE505", item.at("addresses"), f"has an {_name(family)} address, but families leaves {family} out"
            )
    if written:
        return written
    if pinned:
        return tuple(dict.fromkeys(pinned))
    return owned.pool.families if len(owned.pool.families) == 1 else ()


def _name(family: str) -> str:
    return FAMILY_NAME[4 if family == "ipv4" else 6]


def _check_addresses(context: Context, services: list[tuple[Service, Item]]) -> None:
    owners: dict[str, Item] = {}
    for service, item in services:
        for index, address in enumerate(service.addresses):
            if address in owners:
                context.report.add(
                    "EDGE501",
                    item.at("addresses", index),
                    f"{address} is pinned by {owners[address].path} too",
                    "give each service an address of its own",
                )
            owners.setdefault(address, item)


def _check_capacity(context: Context, services: list[tuple[Service, Item]], pools: dict[str, OwnedPool]) -> None:
    """Report pools with fewer addresses of a family than services that ask for one."""
    asked: dict[tuple[str, str], int] = {}
    for service, _item in services:
        first = pools[service.pool].pool.families[:1]
        for family in service.families or first:
            asked[service.pool, family] = asked.get((service.pool, family), 0) + 1
    for (name, family), count in sorted(asked.items()):
        owned = pools[name]
        room = capacity(owned.pool.intervals).get(family, 0)
        if 0 < room < count:
            noun = "address" if room == 1 else "addresses"
            context.report.add(
                "EDGE404",
                owned.item.at("addresses"),
                f"has {room} {_name(family)} {noun} for {count} services",
                "add addresses, or move services to another pool",
            )
