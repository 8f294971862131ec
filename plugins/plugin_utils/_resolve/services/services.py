# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, services: their pool, their addresses, who makes them, and which way they are reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..._addressing.addresses import Address
from ..._addressing.families import Family
from ..._addressing.intervals import contains
from ..._findings.wording import one_of
from ..._inventory.values import Item, Values
from ..._kubernetes.labels import SERVICE_NAME, ownership_labels, service_labels
from ..._kubernetes.selectors import IN, selector_of_label
from ..._model.site import Service, ServicePort
from ..._pools.selectors import OwnSelectors, labels_to_meet, unmet
from ..._pools.sharing import groups
from ..hosts import Context
from ..pools.pools import OwnedPool, pool_of
from .planned_addresses import ClusterServices, check_capacity, plan_addresses
from .sharing import check_pinned, check_sharing

CREATED_ONLY = ("ports", "selector")
"""Keys of a Service that we create; whoever else makes it says them elsewhere."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """What all services of one cluster share."""

    context: Context
    values: Values
    pools: list[OwnedPool]
    by_name: Mapping[str, OwnedPool]
    own: OwnSelectors
    fallback: str | None


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
    scope = _Scope(context, values, pools, by_name, OwnSelectors(owned.pool for owned in pools), fallback)
    services: list[Service] = []
    items: dict[str, Item] = {}
    for key, item in values["edge_services"].items():
        service = _service(scope, key, item)
        if service is not None:
            services.append(service)
            items[service.key] = item
    shared = groups(services)
    check_sharing(context, services, items)
    check_pinned(context, services, items, shared)
    check_capacity(context, services, shared, by_name)
    return plan_addresses(context, cluster, ClusterServices(services, items, shared, by_name), allocations)


def _service(scope: _Scope, key: str, item: Item) -> Service | None:
    context = scope.context
    wish: Values = item.value
    namespace, _slash, name = key.partition("/")
    pool_name = wish["pool"] or scope.fallback
    manage = _manage(context, item)
    ports: tuple[Values, ...] = wish["ports"]
    chart: str | None = wish["chart"]
    if len(ports) > 1:
        _check_ports(context, item, ports)
    if chart == "ingress-nginx" and not name.endswith("-controller"):
        context.report.add(
            "EDGE506",
            item.path,
            f"the chart ingress-nginx names its Service <release>-controller, not {name!r}",
            f"did you mean {namespace}/{name}-controller?",
        )
    if pool_name is None:
        known = scope.values["edge_pools"]
        if "edge_default_pool" in scope.values and not known.reported.covers(scope.values["edge_default_pool"]):
            context.report.add(
                "EDGE504",
                item.at("pool"),
                "is missing, and there is no default pool",
                f"pools: {one_of(known)}",
            )
        return None
    owned = scope.by_name.get(pool_name)
    if owned is None:
        context.reference(item.at("pool"), pool_name, scope.values["edge_pools"], "pool")
        return None
    addresses: tuple[Address, ...] = wish["addresses"]
    _check_inside(context, item, addresses, owned, scope.pools)
    families = _families(context, item, addresses, owned)
    service = Service(
        namespace=namespace,
        name=name,
        pool=pool_name,
        addresses=addresses,
        manage=manage,
        chart=chart,
        ingress_class=wish["ingress_class"],
        ports=tuple(map(_port, ports)) if ports else (),
        selector=dict(sorted(wish["selector"].items())) if "selector" in wish else {},
        families=families,
        traffic_policy=wish["traffic_policy"],
        way=wish["class"],
        share=wish["share"],
        share_with=tuple(sorted(set(wish["share_with"]))) if "share_with" in wish else (),
        may_move=wish["may_move"],
        labels=_own_labels(owned, manage),
    )
    _check_way(context, item, owned, service)
    _check_selected(scope, item, owned, service)
    return service


def _own_labels(owned: OwnedPool, manage: str) -> dict[str, str]:
    """Return the labels that the pool's own selector asks of a Service whose labels we write."""
    return {} if manage == "metadata" else labels_to_meet(owned.pool)


def _check_way(context: Context, item: Item, owned: OwnedPool, service: Service) -> None:
    """Report a class that the pool does not serve, and L2 with traffic policy Local."""
    pool = owned.pool
    if service.way is not None and not (pool.bgp if service.way == "bgp" else pool.l2):
        other = "l2" if service.way == "bgp" else "bgp"
        spelt = "advertised by BGP" if service.way == "bgp" else "announced on L2"
        context.report.add(
            "EDGE512",
            item.at("class"),
            f"is {service.way}, but pool {pool.name!r} is not {spelt}: the service would be reachable nowhere",
            f"class: {other}, or another pool" if (pool.l2 or pool.bgp) else "use another pool",
        )
    elif pool.l2 and service.way != "bgp" and service.traffic_policy == "Local":
        context.report.add(
            "EDGE503",
            item.at("traffic_policy"),
            f"Local does not work with pool {pool.name!r}, which is announced on L2: the node that answers ARP"
            " drops the traffic if it has no local endpoint",
            "traffic_policy: Cluster, or a pool that is advertised by BGP",
        )


def _check_selected(scope: _Scope, item: Item, owned: OwnedPool, service: Service) -> None:
    """Report a service that its pool's selector cannot pick, or that another pool's picks too."""
    pool = owned.pool
    if pool.services is None and pool.announce_only is None and scope.own.empty:
        return
    label = scope.values["edge_pool_label"]
    ours = service.manage != "metadata"
    labels = {**service_labels(service.namespace, service.name), label: pool.name}
    if ours:
        labels.update(service.labels)
    if service.manage == "service":
        labels.update(ownership_labels(scope.context.parsed.name))
    selector = pool.services
    missed = unmet(selector, labels, complete=ours) if selector else None
    if missed is not None:
        by_name = f"{SERVICE_NAME}={service.name}"
        choice = missed.operator == IN and len(missed.values) > 1 and missed.key not in labels
        scope.context.report.add(
            "EDGE508",
            item.at("pool"),
            f"pool {pool.name!r} selects {missed.text!r}: which value the service shall carry is not said"
            if choice
            else f"pool {pool.name!r} selects {missed.text!r}, which this service does not meet",
            f"write one value there, or select it by name: {by_name}" if choice else "name another pool, or widen it",
        )
        return
    other = scope.own.picking(labels, complete=service.manage == "service", besides=pool.name)
    if other is not None and selector is None:  # of two own selectors EDGE413 tells
        scope.context.report.add(
            "EDGE509",
            item.at("pool"),
            f"is {pool.name!r}, but pool {other[0]!r} selects the service too ({other[1].text})",
            f"pool: {other[0]}, or a selector that leaves it out",
        )
    if pool.announce_only is None:
        return
    announced = pool.announce_only
    picked = selector or selector_of_label(label, pool.name)
    if unmet(announced, labels, complete=service.manage == "service") and not picked.disjoint(announced):
        scope.context.report.add(
            "EDGE510",
            item.path,
            f"pool {pool.name!r} announces {announced.text!r} only, which this service does not meet",
            "it has an address that nobody outside the cluster reaches",
        )


def _manage(context: Context, item: Item) -> str:
    """Return who makes the Service, and report keys that do not fit."""
    wish: Values = item.value
    manage: str = wish["manage"] or ("service" if "ports" in wish else "metadata")
    if manage == "service":
        if "ports" not in wish:
            context.report.add(
                "EDGE105", item.at("ports"), "is missing: we create this Service", "such as ports: [{port: 443}]"
            )
    else:
        for key in CREATED_ONLY:
            if key in wish:
                owner = "its chart" if manage == "values" else "its owner"
                context.report.add(
                    "EDGE506",
                    item.at(key),
                    f"does not fit manage: {manage}: {owner} says it",
                    "remove it, or manage: service",
                )
    if manage == "values" and "chart" not in wish:
        context.report.add("EDGE105", item.at("chart"), "is missing with manage: values", "chart: ingress-nginx")
    if manage != "values":
        for key in ("chart", "ingress_class"):
            if key in wish:
                context.report.add("EDGE506", item.at(key), f"does not fit manage: {manage}", "manage: values")
    if manage == "metadata" and "traffic_policy" in wish:
        context.report.add(
            "EDGE506", item.at("traffic_policy"), "does not fit manage: metadata: its owner says it", "remove it"
        )
    if manage == "metadata" and "class" in wish:
        context.report.add(
            "EDGE506",
            item.at("class"),
            "does not fit manage: metadata: Kubernetes never changes the class of a Service that exists",
            "remove it, or manage: service",
        )
    if "share_with" in wish and "share" not in wish:
        context.report.add("EDGE511", item.at("share_with"), "has no effect without a sharing key", "write share: KEY")
    return manage


def _check_ports(context: Context, item: Item, ports: Sequence[Values]) -> None:
    """Report ports that Kubernetes refuses: two of one number and protocol, several without names or of one name."""
    seen: dict[tuple[int, str], int] = {}
    names: set[str] = set()
    for index, port in enumerate(ports):
        path = item.at("ports", index)
        pair = (port["port"], port["protocol"])
        if pair in seen:
            context.report.add("EDGE103", path, f"{pair[1]} port {pair[0]} stands here twice", "keep one of them")
        seen.setdefault(pair, index)
        name = port["name"]
        if name is None:
            context.report.add("EDGE105", f"{path}.name", "is missing: several ports need names", "such as https")
        elif name in names:
            context.report.add(
                "EDGE103", f"{path}.name", f"{name!r} names two ports", "give each port a name of its own"
            )
        names.add(name or "")


def _port(written: Values) -> ServicePort:
    """Return one port of a Service; it forwards to the same number where no other is written."""
    number: int = written["port"]
    return ServicePort(
        port=number,
        target_port=written["target_port"] or number,
        protocol=written["protocol"],
        name=written["name"],
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


def _families(context: Context, item: Item, addresses: tuple[Address, ...], owned: OwnedPool) -> tuple[Family, ...]:
    """Return the families that the service asks for; empty = the cluster's choice."""
    if not addresses and "families" not in item:
        return _only(owned)
    pinned = tuple(address.family for address in addresses)
    for family in dict.fromkeys(pinned):
        if pinned.count(family) > 1:
            context.report.add(
                "EDGE103",
                item.at("addresses"),
                f"has {pinned.count(family)} {family.label} addresses",
                "one per family",
            )
    written: tuple[Family, ...] = tuple(dict.fromkeys(item["families"]))
    for family in written:
        if family not in owned.pool.families:
            context.report.add(
                "EDGE505",
                item.at("families"),
                f"pool {owned.pool.name!r} has no {family.label} address",
                _entries(owned),
            )
    for family in pinned:
        if written and family not in written:
            context.report.add(
                "EDGE505", item.at("addresses"), f"has an {family.label} address, but families leaves {family.key} out"
            )
    # Cilium gives a Service that requests addresses exactly these, and none of another family.
    for family in written if pinned and set(written).issuperset(pinned) else ():
        if family not in pinned and family in owned.pool.families:
            context.report.add(
                "EDGE505",
                item.at("addresses"),
                f"has no {family.label} address, but families has {family.key}",
                "pin one address of each family, or leave families out",
            )
    if written:
        return written
    if pinned:
        return tuple(dict.fromkeys(pinned))
    return _only(owned)


def _only(owned: OwnedPool) -> tuple[Family, ...]:
    """Return the pool's family where it has one."""
    families = owned.pool.families
    return families if len(families) == 1 else ()
