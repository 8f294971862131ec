# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, what a peering's nodes announce (pools, ``advertise``), and the router's import filter for exactly that.

The filter is computed here as rules about prefixes; ``_frr/filters`` writes them as a prefix-list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..._addressing.addresses import Cidr, to_cidrs
from ..._addressing.families import Family
from ..._addressing.intervals import Interval, contains
from ..._inventory.values import Item, Values
from ..._kubernetes.labels import POD_POOL_NAME
from ..._kubernetes.selectors import Selector
from ..._model.prefix_rules import merge_rules, pool_rules, rule
from ..._model.site import Advertise, PodPool, Policy, Pool, PrefixRule, Service
from ..hosts import Context
from ..routers.policies import PrefixSources, pod_rules

_NEEDS = {
    "pod_cidrs": "edge_cluster_pod_cidrs",
    "pod_pools": "edge_cluster_pod_pools",
    "cluster_ips": "edge_cluster_service_cidrs",
    "external_ips": "edge_cluster_external_cidrs",
}
"""Kind of routes -> the variable that says which addresses they have: without it the router's filter is unknown."""


def resolve_advertise(context: Context, cluster: str, values: Values, item: Item) -> tuple[Advertise, ...]:
    """Return the routes beside pools that a peering's nodes announce; report those whose addresses nothing says."""
    result: list[Advertise] = []
    for kind, entry in sorted(item["advertise"].items()):
        path = f"{item.path}.advertise.{kind}"
        variable = _NEEDS.get(kind)
        if variable is not None and not values[variable]:
            if not context.is_unknown(cluster, variable):
                context.report.add(
                    "EDGE319",
                    path,
                    f"needs {cluster}.{variable}: the router must know which addresses to take",
                    f"write {variable}",
                )
            continue
        selector: Selector | None = entry["selector"] if "selector" in entry.known else None
        interfaces: tuple[str, ...] = entry["names"] if "names" in entry.known else ()
        aggregate: Values | None = entry["aggregate"] if "aggregate" in entry.known else None
        for interface in interfaces:
            if not _interface_cidrs(context, interface):
                context.report.add(
                    "EDGE319",
                    path,
                    f"no network names the interface {interface!r}: the router must know which addresses to take",
                    f"write it in edge_networks.NAME.interfaces: {interface}",
                )
        result.append(
            Advertise(
                kind=kind,
                selector=selector,
                communities=tuple(sorted(set(entry["communities"]))),
                local_preference=entry["local_preference"],
                aggregate=_aggregate(context, f"{path}.aggregate", aggregate, values[variable])
                if aggregate and variable
                else {},
                interfaces=interfaces,
            )
        )
    return tuple(result)


def _aggregate(context: Context, path: str, written: Values, cidrs: Iterable[Cidr]) -> dict[Family, int]:
    """Return prefix lengths by family; one number stands for the only family that there is."""
    families = {cidr.family for cidr in cidrs}
    if "any" not in written:
        return {family: written[family.key] for family in Family if written[family.key] is not None}
    if len(families) > 1:
        context.report.add(
            "EDGE320",
            path,
            f"is {written['any']}, and there are addresses of both families",
            "write {ipv4: 24, ipv6: 64}",
        )
        return {}
    family = next(iter(families), Family.IPV4)
    if written["any"] >= family.width:
        context.report.add("EDGE103", path, f"{written['any']} is out of range", "1 to 31 for IPv4")
        return {}
    return {family: written["any"]}


def _interface_cidrs(context: Context, interface: str) -> tuple[Cidr, ...]:
    """Return the subnets of the networks that name a node's interface."""
    return tuple(
        cidr
        for name, item in context.parsed.networks.items()
        if interface in item["interfaces"]
        for cidr in context.subnets.get(name, ())
    )


def advertised_rules(
    context: Context, cluster: str, values: Values, catalogue: PrefixSources, entry: Advertise
) -> tuple[PrefixRule, ...]:
    """Return the routes of one kind under ``advertise``, as the router's filter takes them."""
    if entry.kind == "pod_cidrs":
        return tuple(pod_rules(catalogue.pod_cidrs[cluster], catalogue.pod_mask[cluster]))
    if entry.kind == "pod_pools":
        pools = (pool for pool in catalogue.pod_pools[cluster].values() if _selected(pool, entry))
        return tuple(known for pool in pools for known in pod_rules(pool.cidrs, pool.mask))
    if entry.kind == "interfaces":
        cidrs = [cidr for interface in entry.interfaces for cidr in _interface_cidrs(context, interface)]
        return tuple(_host_rules(cidrs))
    cidrs = list(values[_NEEDS[entry.kind]])
    # Services of traffic policy Local are never aggregated (Cilium, service.aggregationLength).
    return (*_host_rules(cidrs), *_aggregate_rules(cidrs, entry.aggregate))


def _selected(pool: PodPool, entry: Advertise) -> bool:
    """Return whether ``advertise.pod_pools`` picks a pool: by its labels, or by the key that Cilium adds."""
    return entry.selector is None or entry.selector.matches({**pool.labels, POD_POOL_NAME: pool.name})


def _host_rules(cidrs: Iterable[Cidr]) -> Iterator[PrefixRule]:
    for cidr in cidrs:
        width = cidr.family.width
        yield rule(cidr, width, width)


def _aggregate_rules(cidrs: Iterable[Cidr], aggregate: Mapping[Family, int]) -> Iterator[PrefixRule]:
    for cidr in cidrs:
        length = aggregate.get(cidr.family)
        if length is not None and length >= cidr.prefix_length:
            yield rule(cidr, length, length)


def pool_routes(pool: Pool, local: bool) -> tuple[PrefixRule, ...]:
    """Return the routes of a pool's services: host routes, or aggregates.

    Args:
        pool: the pool.
        local: some service of it has traffic policy Local: Cilium never aggregates those, their host routes pass too.
    """
    return (*pool_rules(pool), *(pool_rules(replace(pool, aggregate={})) if pool.aggregate and local else ()))


def service_routes(
    context: Context, item: Item, pools: Iterable[Pool], services: Iterable[Service]
) -> tuple[PrefixRule, ...]:
    """Return the host routes of the planned service addresses alone (``accept: services``).

    A service whose address is not known before would be announced and refused, which is reported.
    """
    by_name = {pool.name: pool for pool in pools}
    found: list[Interval] = []
    for service in services:
        if service.pool not in by_name or service.way == "l2":
            continue
        if not service.addresses:
            context.report.add(
                "EDGE321",
                item.at("accept"),
                f"is services, but {service.key} has no planned address: the router would refuse its route",
                f"write edge_services.{service.key}.addresses, or edge_allocation: planned",
            )
        for address in service.addresses:
            if contains(by_name[service.pool].intervals, address.interval):
                found.append(address.interval)
    for pool in by_name.values():
        if pool.aggregate:
            context.report.add(
                "EDGE321",
                item.at("accept"),
                f"is services, but pool {pool.name!r} is aggregated: its routes are no services' addresses",
                "accept: pools",
            )
    return tuple(_host_rules(to_cidrs(found)))


def import_filter(
    context: Context,
    item: Item,
    pools: list[Pool],
    services: Iterable[Service],
    advertised: Iterable[PrefixRule],
    import_: Policy,
) -> tuple[PrefixRule, ...]:
    """Return the rules of a peering's import prefix-list: all that its nodes announce, exact, fewest, sorted.

    Args:
        context: takes the findings.
        item: the peering.
        pools: those that it carries.
        services: the services of these pools.
        advertised: the routes under ``advertise``.
        import_: what the peering imports beside.
    """
    if item["accept"] == "services":
        rules = list(service_routes(context, item, pools, services))
    else:
        local = {service.pool for service in services if service.traffic_policy == "Local"}
        rules = [known for pool in pools for known in pool_routes(pool, pool.name in local)]
    return merge_rules([*rules, *advertised, *import_.prefixes])


def announced_families(pools: Iterable[Pool], advertised: Iterable[PrefixRule]) -> frozenset[Family]:
    """Return the families of its pools and of the routes under ``advertise``: all that a peering's nodes announce."""
    return frozenset({*(family for pool in pools for family in pool.families), *(known.family for known in advertised)})
