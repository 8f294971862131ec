# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify services, their addresses and L2 leases, and what Cilium itself complains about."""

from __future__ import annotations

from .._document.plan import PlanDocument, PlannedService
from .._findings.code import ERROR
from .._kubernetes.labels import CILIUM_CLASSES
from .expected import Expectations, LiveAddress
from .observed import ClusterSeen, ServiceSeen, canonical
from .report import OK, VerifyReport

CONDITION_CODES = {
    "cilium.io/NoMatchingNode": "EDGE830",
    "cilium.io/MissingPeerConfigs": "EDGE831",
    "cilium.io/ConflictingClusterConfig": "EDGE832",
    "cilium.io/MissingAuthSecret": "EDGE833",
    "cilium.io/BGPReconcileError": "EDGE834",
    "cilium.io/PoolConflict": "EDGE835",
    "io.cilium/bad-node-selector": "EDGE836",
    "io.cilium/bad-interface-regex": "EDGE836",
    "io.cilium/bad-service-selector": "EDGE836",
}
"""Cilium's conditions are always there; status "True" is the problem, whatever ``reason`` says. Others: EDGE839."""

REASON_UNKNOWN = "no reason given yet"


def verify_objects(report: VerifyReport, plan: PlanDocument, cluster: str, seen: ClusterSeen) -> None:
    """Verify that the planned objects exist and that none carries a condition that is a problem."""
    if plan["clusters"][cluster]["absent"]:
        _removed(report, plan, cluster, seen)
        return
    planned = [
        (item["kind"], item["metadata"]["name"])
        for item in [*plan["clusters"][cluster]["bgp"], *plan["clusters"][cluster]["lb"]]
        if item["kind"].startswith("Cilium")
    ]
    kinds = {kind for kind, _name in planned}
    if any(session["cluster"] == cluster for session in plan["sessions"]):
        kinds.add("CiliumBGPNodeConfig")
    for kind in sorted(kinds.intersection(seen.not_served)):
        report.find("EDGE803", cluster, kind=kind)
    absent = [item for item in planned if item not in seen.objects and item[0] not in seen.not_served]
    for kind, name in absent:
        report.find("EDGE804", f"{cluster} {kind} {name}")
    gone = len(absent) + sum(1 for kind, _name in planned if kind in seen.not_served)
    there = len(planned) - gone
    report.row(
        "ends",
        f"{cluster}: Cilium's objects",
        f"{len(planned)} there",
        f"{there} there",
        OK if there == len(planned) and not kinds.intersection(seen.not_served) else ERROR,
    )
    nodes = {(s["cluster"], s["node"]) for s in plan["sessions"]}
    complaints = []
    level = OK
    for condition in seen.conditions:
        if (condition.kind, condition.name) in planned or (
            condition.kind == "CiliumBGPNodeConfig" and (cluster, condition.name) in nodes
        ):
            found = report.find(
                CONDITION_CODES.get(condition.type, "EDGE839"),
                f"{cluster} {condition.kind} {condition.name}",
                type=condition.type,
                message=condition.message or "no message",
            )
            level = ERROR if ERROR in (level, found) else found
            complaints.append(condition.type)
    report.row("ends", f"{cluster}: Cilium's complaints", "none", ", ".join(sorted(set(complaints))) or "none", level)


def _removed(report: VerifyReport, plan: PlanDocument, cluster: str, seen: ClusterSeen) -> None:
    """Verify that nothing of ours is left in a cluster that the plan removes."""
    left = [f"{kind} {name}" for site, kind, name in seen.owned if site == plan["site"]]
    level = report.find("EDGE808", cluster, objects=", ".join(left)) if left else OK
    report.row("ends", f"{cluster}: objects of this site", "none", f"{len(left)} left" if left else "none", level)


def verify_services(
    report: VerifyReport, plan: PlanDocument, cluster: str, seen: ClusterSeen, expectations: Expectations
) -> None:
    """Verify the planned services of a cluster, and the dynamic ones: those beyond the inventory that use a pool."""
    for item in plan["services"]:
        if item["cluster"] == cluster:
            _planned(report, item, seen.services.get(f"{item['namespace']}/{item['name']}"), expectations)
    for service in sorted(seen.services.values(), key=lambda service: service.key):
        if service.type != "LoadBalancer":
            continue
        if not expectations.is_planned(cluster, service):
            _dynamic(report, cluster, service, expectations)
        _endpoints(report, service, [live for live in expectations.live if _is(live, cluster, service)], seen)


def _planned(
    report: VerifyReport, item: PlannedService, service: ServiceSeen | None, expectations: Expectations
) -> None:
    """Verify one service of the inventory."""
    cluster, key = item["cluster"], f"{item['namespace']}/{item['name']}"
    path = _path(cluster, key)
    pinned = sorted(canonical(address) for address in item["addresses"])
    level = OK
    if service is None:
        seen = "missing"
        if item["manage"] == "service":
            level = report.find("EDGE860", path)
        else:
            level = report.find("EDGE861", path, manage=item["manage"])
    else:
        seen = ", ".join(service.addresses) or "no address"
        level = _address_problem(report, item, service, pinned, expectations)
        if service.traffic_policy != item["traffic_policy"]:
            found = report.find("EDGE868", path, seen=service.traffic_policy, expected=item["traffic_policy"])
            level = ERROR if level == ERROR else found
    expected = ", ".join(pinned) or f"an address of {item['pool']}"
    report.row("service", f"{cluster} {key}", expected, seen, level)


def _address_problem(
    report: VerifyReport,
    item: PlannedService,
    service: ServiceSeen,
    pinned: list[str],
    expectations: Expectations,
) -> str:
    """Tell the first thing that is wrong with a service's address; the rest follows from it. Return the level."""
    path = _path(item["cluster"], service.key)
    names = {"namespace": service.namespace, "name": service.name}
    if service.type != "LoadBalancer":
        return report.find("EDGE866", path, type=service.type)
    if service.load_balancer_class not in CILIUM_CLASSES:
        return report.find("EDGE867", path, value=service.load_balancer_class)
    if not expectations.names_a_pool(item["cluster"], service):
        return _unknown_pool(report, item["cluster"], service, expectations)
    if not service.addresses:
        return report.find("EDGE862", path, reason=service.request_problem or REASON_UNKNOWN, **names)
    seen = ", ".join(service.addresses)
    if pinned and sorted(service.addresses) != pinned:
        return report.find("EDGE863", path, seen=seen, expected=", ".join(pinned), **names)
    if any(expectations.pool_at(item["cluster"], address) != item["pool"] for address in service.addresses):
        return report.find("EDGE864", path, seen=seen, pool=item["pool"])
    return OK


def _dynamic(report: VerifyReport, cluster: str, service: ServiceSeen, expectations: Expectations) -> None:
    """Verify a service that the inventory does not name but that uses a pool, or says by its label that it does."""
    pools = sorted({live.pool for live in expectations.live if _is(live, cluster, service)})
    named = service.labels.get(expectations.pool_label(cluster))
    if not pools and named is None:
        return
    path = _path(cluster, service.key)
    level = OK
    seen = ", ".join(service.addresses) or "no address"
    if service.load_balancer_class not in CILIUM_CLASSES:
        level = report.find("EDGE867", path, value=service.load_balancer_class)
    elif not expectations.names_a_pool(cluster, service):
        level = _unknown_pool(report, cluster, service, expectations)
    elif not service.addresses:
        reason = service.request_problem or REASON_UNKNOWN
        level = report.find("EDGE862", path, reason=reason, namespace=service.namespace, name=service.name)
    elif named is not None and pools != [named]:
        level = report.find("EDGE864", path, seen=seen, pool=named)
    expected = f"an address of {named or ' and '.join(pools)}"
    report.row("service", f"{cluster} {service.key} (dynamic)", expected, seen, level)


def _unknown_pool(report: VerifyReport, cluster: str, service: ServiceSeen, expectations: Expectations) -> str:
    """Tell that a service's label names a pool that does not exist. Return the level."""
    label = expectations.pool_label(cluster)
    return report.find(
        "EDGE865",
        _path(cluster, service.key),
        label=label,
        value=service.labels[label],
        pools=", ".join(expectations.pools_of(cluster)) or "none",
    )


def _endpoints(report: VerifyReport, service: ServiceSeen, live: list[LiveAddress], seen: ClusterSeen) -> None:
    """Warn of a service that holds an address but has no endpoint to serve it."""
    for family in sorted({item.family for item in live}):
        endpoints = seen.endpoints_of(service.key, family)
        if not endpoints.ready and not endpoints.nodeless:
            local = service.traffic_policy == "Local"
            report.find(
                "EDGE870",
                _path(live[0].cluster, service.key),
                consequence="no node announces its address" if local else "connections to it fail",
                namespace=service.namespace,
                name=service.name,
            )


def verify_leases(report: VerifyReport, cluster: str, seen: ClusterSeen, expectations: Expectations) -> None:
    """Verify who answers ARP and NDP for each service with an address of a pool that is announced on L2."""
    for service in sorted(seen.services.values(), key=lambda service: service.key):
        live = [item for item in expectations.live if _is(item, cluster, service)]
        live = [item for item in live if expectations.announced(item)]
        addresses = [item.address for item in live if expectations.l2_nodes(cluster, item.pool)]
        if not addresses or not service.over_l2:
            continue
        allowed = set().union(*(expectations.l2_nodes(cluster, item.pool) for item in live))
        path = _path(cluster, service.key)
        nodes, held = ", ".join(sorted(allowed)), ", ".join(addresses)
        name = f"cilium-l2announce-{service.namespace}-{service.name}"
        lease = seen.leases.get(name)
        level = OK
        if service.traffic_policy == "Local":
            level = report.find("EDGE869", path)
        if lease is None or not lease.holder:
            level = report.find("EDGE880", path, lease=name, addresses=held, nodes=nodes)
        elif lease.holder not in allowed:
            level = report.find("EDGE881", path, holder=lease.holder, addresses=held, nodes=nodes)
        elif lease.expired:
            level = report.find("EDGE882", path, holder=lease.holder, lease=name, age=lease.age)
        report.row(
            "lease",
            f"{cluster} {held}",
            f"one of {nodes}",
            lease.holder if lease is not None and lease.holder else "nobody",
            level,
        )


def _is(live: LiveAddress, cluster: str, service: ServiceSeen) -> bool:
    """Return whether ``live`` is an address of ``service``."""
    return live.cluster == cluster and live.service.key == service.key


def _path(cluster: str, key: str) -> str:
    """Return where a service stands in the cluster."""
    return f"{cluster} service {key}"
