# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify services and the addresses that they hold."""

from __future__ import annotations

from collections.abc import Container, Iterable

from .._addressing.families import DEFAULT_ROUTE_TEXT, FAMILIES, family_of
from .._document.plan import PlanDocument, PlannedService
from .._findings.wording import MOST_NAMES, some
from .._kubernetes.labels import CILIUM_CLASSES
from .._versions.cilium import RANGES_POLICY_SINCE, parse_version
from .expected import Expectations, LiveAddress, service_path
from .observed import ClusterSeen, ServiceSeen, canonical, read_service
from .report import OK, UNKNOWN, VerifyReport, worst

REQUIRES_BOTH, PREFERS_BOTH = "RequireDualStack", "PreferDualStack"
"""Kubernetes' words for a Service that has to have an address of each family, and for one that takes what there is."""

WAYS = {"bgp": "by BGP", "l2": "on L2"}


def verify_services(
    report: VerifyReport, plan: PlanDocument, cluster: str, seen: ClusterSeen, expectations: Expectations
) -> dict[str, str]:
    """Verify the planned services of a cluster, the dynamic ones, and what takes a planned address by itself.

    Dynamic services are those beyond the inventory that use a pool.

    Returns:
        Cluster and service of those without an endpoint where one is needed -> the level of what was found.
    """
    silent: dict[str, str] = {}
    for item in plan["services"]:
        if item["cluster"] == cluster:
            ours = plan["clusters"][cluster]["apply"] == "ours"
            _check_planned(report, plan, item, seen, seen.made if ours else None, expectations)
    _check_external_ips(report, plan, cluster, seen, expectations)
    for service in sorted(seen.services.values(), key=lambda service: service.key):
        if service.type != "LoadBalancer":
            continue
        if not expectations.is_planned(cluster, service):
            _check_dynamic(report, cluster, service, expectations)
        own = [live for live in expectations.live if live.belongs_to(cluster, service)]
        level = _check_endpoints(report, service, own, seen, expectations)
        if level != OK:
            silent[f"{cluster} {service.key}"] = level
    return silent


def _check_planned(
    report: VerifyReport,
    plan: PlanDocument,
    item: PlannedService,
    live: ClusterSeen,
    made: Container[str] | None,
    expectations: Expectations,
) -> None:
    """Verify one service of the inventory.

    Args:
        report: takes what is found.
        plan: the plan as JSON.
        item: the service.
        live: its cluster.
        made: UIDs of what the site made there; None where that is not known, or others apply.
        expectations: what is expected of addresses.
    """
    cluster, key = item["cluster"], f"{item['namespace']}/{item['name']}"
    service = live.services.get(key)
    path = service_path(cluster, key)
    pinned = sorted(canonical(address) for address in item["addresses"])
    level = OK
    if service is None:
        seen = "missing"
        if item["manage"] == "service":
            level = report.find("EDGE860", path)
        else:
            level = report.find("EDGE861", path, manage=item["manage"])
    elif item["manage"] == "service" and made is not None and service.uid not in made:
        seen = f"{', '.join(service.addresses) or 'no address'}, not ours"
        level = report.find("EDGE875", path, namespace=service.namespace, name=service.name)
    else:
        level = _check_address(report, item, service, pinned, expectations)
        seen = _seen(service, level)
        if service.traffic_policy != item["traffic_policy"]:
            found = report.find("EDGE868", path, seen=service.traffic_policy, expected=item["traffic_policy"])
            level = worst((level, found))
        if item["manage"] == "service" and service.type == "LoadBalancer":
            level = worst((level, _check_ports(report, item, service), _check_ranges(report, plan, item, service)))
    expected = ", ".join(pinned) or f"an address of {item['pool']}"
    report.row("service", f"{cluster} {key}", expected, seen, level)


def _check_ports(report: VerifyReport, item: PlannedService, service: ServiceSeen) -> str:
    """Report ports of the plan that a live service of ours does not have. Return the level of its row.

    A port more is nobody's expectation: another field manager may add one.
    """
    planned = {(port["port"], port["protocol"]) for port in item["ports"]}
    missing = sorted(planned - set(service.ports))
    if not missing:
        return OK
    return report.find(
        "EDGE907",
        service_path(item["cluster"], service.key),
        missing=_ports_text(missing),
        seen=_ports_text(service.ports) or "none",
        namespace=service.namespace,
        name=service.name,
    )


def _ports_text(ports: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f"{protocol} {number}" for number, protocol in ports)


def _check_ranges(report: VerifyReport, plan: PlanDocument, item: PlannedService, service: ServiceSeen) -> str:
    """Report source ranges of a live service of ours that are not the planned object's. Return the level of its row.

    They are compared as sets of CIDRs, with the annotation that turns them into those that are kept out (Cilium 1.17).
    """
    objects = (
        manifest["object"]
        for manifest in plan["clusters"][item["cluster"]]["services"]
        if (manifest["namespace"], manifest["name"]) == (service.namespace, service.name)
    )
    planned = next((found for found in objects if found is not None), None)
    if planned is None:
        return OK
    heeds = parse_version(plan["clusters"][item["cluster"]]["cilium_version"]) >= RANGES_POLICY_SINCE
    wanted, seen = (_ranges_text(each, service.addresses, heeds) for each in (read_service(planned), service))
    if wanted == seen:
        return OK
    return report.find(
        "EDGE908",
        service_path(item["cluster"], service.key),
        seen=seen,
        expected=wanted,
        namespace=service.namespace,
        name=service.name,
    )


def _ranges_text(service: ServiceSeen, addresses: Iterable[str], heeds: bool) -> str:
    """Return whom the source ranges of a service let in, in words.

    Args:
        service: the service.
        addresses: those of the live one: who may come to them in each family is everybody.
        heeds: whether Cilium knows the annotation that keeps the ranges out.
    """
    ranges = set(service.source_ranges)
    text = ", ".join(sorted(ranges))
    if service.ranges_deny and heeds and ranges:
        return f"all but {text}"
    whole = {DEFAULT_ROUTE_TEXT[family_of(address)] for address in addresses}
    return text if ranges and not (whole and whole <= ranges) else "everybody"


def _check_address(
    report: VerifyReport,
    item: PlannedService,
    service: ServiceSeen,
    pinned: list[str],
    expectations: Expectations,
) -> str:
    """Report the first problem of a service's address; further ones follow from it. Return the level of its row."""
    path = service_path(item["cluster"], service.key)
    names = {"namespace": service.namespace, "name": service.name}
    if service.type != "LoadBalancer":
        return report.find("EDGE866", path, type=service.type)
    if service.load_balancer_class not in CILIUM_CLASSES:
        return report.find("EDGE867", path, value=service.load_balancer_class)
    if not expectations.has_valid_pool_label(item["cluster"], service):
        return _report_unknown_pool(report, item["cluster"], service, expectations)
    if not service.addresses:
        reason = expectations.why_without_address(item["cluster"], service)
        return report.find("EDGE862", path, reason=reason, **names)
    seen = ", ".join(service.addresses)
    if pinned and sorted(service.addresses) != pinned:
        return report.find("EDGE863", path, seen=seen, expected=", ".join(pinned), **names)
    if any(expectations.pool_at(item["cluster"], address) != item["pool"] for address in service.addresses):
        return report.find("EDGE864", path, seen=seen, pool=item["pool"])
    return _check_ways(report, item["cluster"], service, [item["pool"]], expectations)


def _check_ways(
    report: VerifyReport, cluster: str, service: ServiceSeen, pools: Iterable[str], expectations: Expectations
) -> str:
    """Report a service without an address of one of its families, and one that its class takes out of every way.

    A service that prefers two families gets one where its pool has one (Kubernetes documentation, "IPv4/IPv6
    dual-stack"): of that Cilium complains too, and it is as planned. One that requires two needs both. Where its pool
    has one alone, others may give it the second: it lacks it where Cilium says so. One that asks for addresses by
    name gets these alone.

    Args:
        report: takes what is found.
        cluster: the service's.
        service: one with addresses.
        pools: where they may come from.
        expectations: what is expected of addresses.

    Returns:
        The level of the service's row: unknown where it prefers an address that it lacks, and Cilium does not say why.
    """
    path = service_path(cluster, service.key)
    offered = {family for pool in pools for family in expectations.families_of(cluster, pool)}
    requires = service.dual_stack == REQUIRES_BOTH
    wanted = set(FAMILIES if requires else service.families)
    wanted &= service.asked_families or wanted
    missing = wanted - {family_of(address) for address in service.addresses}
    lacking = sorted(missing if requires and service.request_problem else offered & missing)
    if lacking and (service.request_problem or requires):
        reason = f"none of {', '.join(lacking)} ({expectations.why_without_address(cluster, service)})"
        return report.find("EDGE862", path, reason=reason, namespace=service.namespace, name=service.name)
    silent = expectations.without_a_way(cluster, service)
    if silent:
        ways = " and ".join(WAYS[way] for way in expectations.ways_of(cluster, silent[0]))
        return report.find("EDGE879", path, value=service.load_balancer_class, pool=silent[0], ways=ways)
    return UNKNOWN if lacking and service.dual_stack == PREFERS_BOTH else OK


def _seen(service: ServiceSeen, level: str) -> str:
    """Return the addresses of a service, and what is not known of them."""
    text = ", ".join(service.addresses) or "no address"
    return f"{text}, not known why none of the other family" if level == UNKNOWN else text


def _check_dynamic(report: VerifyReport, cluster: str, service: ServiceSeen, expectations: Expectations) -> None:
    """Verify a service that is not in the inventory but uses a pool.

    It holds an address of one, names one by its label, or has no address at all and a pool selects it. One that is
    being deleted gets none any more.
    """
    if not service.addresses and ("Service", service.key) in expectations.clusters[cluster].ending:
        return
    named = service.labels.get(expectations.pool_label(cluster))
    pools = _pools(cluster, service, expectations)
    if not pools and named is None:
        return
    path = service_path(cluster, service.key)
    if service.load_balancer_class not in CILIUM_CLASSES:
        level = report.find("EDGE867", path, value=service.load_balancer_class)
    elif not expectations.has_valid_pool_label(cluster, service):
        level = _report_unknown_pool(report, cluster, service, expectations)
    elif not service.addresses:
        reason = expectations.why_without_address(cluster, service)
        level = report.find("EDGE862", path, reason=reason, namespace=service.namespace, name=service.name)
    elif named is not None and pools != [named]:
        level = report.find("EDGE864", path, seen=", ".join(service.addresses), pool=named)
    else:
        level = _check_ways(report, cluster, service, pools, expectations)
    expected = f"an address of {named or ' and '.join(pools)}"
    report.row("service", f"{cluster} {service.key} (dynamic)", expected, _seen(service, level), level)


def _pools(cluster: str, service: ServiceSeen, expectations: Expectations) -> list[str]:
    """Return the pools of a service's addresses, and those that owe it one though it names none.

    A service with addresses of others alone is not ours to look at, nor one that they serve by a name.
    """
    pools = {live.pool for live in expectations.live if live.belongs_to(cluster, service)}
    if expectations.pool_label(cluster) not in service.labels:
        lacks = service.dual_stack == REQUIRES_BOTH if pools else not (service.addresses or service.served_by_name)
        pools.update(expectations.awaited_pools(cluster, service) if lacks else ())
    return sorted(pools)


def _check_external_ips(
    report: VerifyReport, plan: PlanDocument, cluster: str, seen: ClusterSeen, expectations: Expectations
) -> None:
    """Report addresses of the plan at which services that do not own them are served because they say so themselves."""
    taken, level = [], OK
    for service in sorted(seen.services.values(), key=lambda service: service.key):
        own = {
            canonical(address)
            for item in plan["services"]
            if (item["cluster"], item["namespace"], item["name"]) == (cluster, service.namespace, service.name)
            for address in item["addresses"]
        }
        own.update(service.addresses if service.type == "LoadBalancer" else ())
        for address in service.external_ips:
            whose = None if address in own else _whose(plan, cluster, address, expectations)
            if whose is not None:
                fields = {"address": address, "whose": whose, "namespace": service.namespace, "name": service.name}
                level = report.find("EDGE901", service_path(cluster, service.key), **fields)
                taken.append(f"{address} by {service.key}")
    none = "none of the plan"
    report.row("service", f"{cluster} externalIPs of all services", none, some(taken, MOST_NAMES) or none, level)


def _whose(plan: PlanDocument, cluster: str, address: str, expectations: Expectations) -> str | None:
    """Return whose an address is by the plan, in words; None: nobody's.

    Another cluster's is as wrong: the pods of this one that ask for it meet the service.
    """
    first = sorted(plan["clusters"], key=lambda name: (name != cluster, name))
    for name in first:
        there = "" if name == cluster else f" of the cluster {name}"
        for item in plan["services"]:
            if item["cluster"] == name and address in map(canonical, item["addresses"]):
                return f"the address of the planned service {item['namespace']}/{item['name']}{there}"
        pool = expectations.pool_at(name, address)
        if pool is not None:
            return f"an address of the pool {pool}{there}"
    return None


def _report_unknown_pool(report: VerifyReport, cluster: str, service: ServiceSeen, expectations: Expectations) -> str:
    """Report a label that names a pool which does not exist. Return the level of the service's row."""
    label = expectations.pool_label(cluster)
    return report.find(
        "EDGE865",
        service_path(cluster, service.key),
        label=label,
        value=service.labels[label],
        pools=", ".join(expectations.pools_of(cluster)) or "none",
    )


def _check_endpoints(
    report: VerifyReport, service: ServiceSeen, live: list[LiveAddress], seen: ClusterSeen, expectations: Expectations
) -> str:
    """Warn of a service that holds an address but has no endpoint to serve it, or none where it is announced.

    Return the level of what was found.
    """
    levels = []
    for family in sorted({item.family for item in live}):
        endpoints = seen.endpoints_of(service.key, family)
        cluster = live[0].cluster
        names = {"namespace": service.namespace, "name": service.name}
        local = service.traffic_policy == "Local"
        if not endpoints.ready and not endpoints.nodeless:
            withdrawn = local and not endpoints.draining
            consequence = "no node announces its address" if withdrawn else "connections to it fail"
            levels.append(report.find("EDGE870", service_path(cluster, service.key), consequence=consequence, **names))
            continue
        for item in live if local else ():
            announcers = expectations.announcers.get((cluster, service.key, item.address))
            if item.family == family and announcers is not None and announcers.allowed and not announcers.live:
                fields = {"nodes": ", ".join(sorted(endpoints.ready)), "allowed": ", ".join(sorted(announcers.allowed))}
                path = service_path(cluster, service.key)
                levels.append(report.find("EDGE888", path, address=item.address, **fields, **names))
    return worst(levels)
