# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify which node answers ARP and NDP for addresses that are announced on L2."""

from __future__ import annotations

from collections.abc import Iterator

from .._findings.code import ERROR
from .expected import Expectations, LiveAddress, service_path
from .observed import ClusterSeen, LeaseSeen, ServiceSeen
from .report import OK, UNKNOWN, VerifyReport


def verify_leases(report: VerifyReport, cluster: str, seen: ClusterSeen, expectations: Expectations) -> None:
    """Verify who answers ARP and NDP for each service with an address of a pool that is announced on L2."""
    answered_twice = _verify_shared(report, cluster, seen, expectations)
    for service, live in _announced_on_l2(cluster, seen, expectations):
        addresses = [item.address for item in live]
        allowed = set().union(*(expectations.l2_nodes(cluster, item.pool) for item in live))
        path = service_path(cluster, service.key)
        nodes, held = ", ".join(sorted(allowed)), ", ".join(addresses)
        lease = seen.leases.get(service.lease)
        level = UNKNOWN if lease is not None and _doubt(lease) else OK
        if answered_twice.intersection(addresses):
            level = ERROR
        if service.traffic_policy == "Local":
            level = report.find("EDGE869", path)
        if lease is None or not lease.holder:
            level = report.find("EDGE880", path, lease=service.lease, addresses=held, nodes=nodes)
        elif lease.holder not in allowed:
            level = report.find("EDGE881", path, holder=lease.holder, addresses=held, nodes=nodes)
        elif lease.expired:
            level = report.find("EDGE882", path, holder=lease.holder, lease=service.lease, age=lease.age)
        report.row(
            "lease",
            f"{cluster} {held}",
            f"one of {nodes}",
            _seen(lease),
            level,
        )


def _announced_on_l2(
    cluster: str, seen: ClusterSeen, expectations: Expectations
) -> Iterator[tuple[ServiceSeen, list[LiveAddress]]]:
    """Yield each service that is announced on L2, with its addresses that are."""
    for service in sorted(seen.services.values(), key=lambda service: service.key):
        live = [item for item in expectations.live if item.belongs_to(cluster, service)]
        live = [item for item in live if expectations.announced(item) and expectations.l2_nodes(cluster, item.pool)]
        if live and service.over_l2:
            yield service, live


def _verify_shared(report: VerifyReport, cluster: str, seen: ClusterSeen, expectations: Expectations) -> set[str]:
    """Report addresses of several services whose leases are held by several nodes; return these addresses.

    Cilium elects a node for each service, and each of them answers for all addresses of its service (cilium #48419).
    """
    holders: dict[str, dict[str, str]] = {}
    for service, live in _announced_on_l2(cluster, seen, expectations):
        lease = seen.leases.get(service.lease)
        if lease is not None and lease.holder and not lease.expired:
            for item in live:
                holders.setdefault(item.address, {})[service.key] = lease.holder
    shared = {address: by_service for address, by_service in holders.items() if len(set(by_service.values())) > 1}
    for address, by_service in sorted(shared.items()):
        who = ", ".join(f"{holder} for {service}" for service, holder in sorted(by_service.items()))
        report.find("EDGE903", service_path(cluster, min(by_service)), address=address, holders=who)
    return set(shared)


def _seen(lease: LeaseSeen | None) -> str:
    """Return who holds a lease, and what is not known of it."""
    if lease is None or not lease.holder:
        return "nobody"
    doubt = _doubt(lease)
    return f"{lease.holder} ({doubt})" if doubt else lease.holder


def _doubt(lease: LeaseSeen) -> str:
    """Return why nobody knows when a lease was renewed; empty where it is known.

    Of two API servers, one whose clock is fast writes times that look fresh to the other, though nobody renews.
    """
    if lease.age is None or lease.duration is None:
        return "not known when it renewed it"
    if lease.age < -lease.duration:
        return f"not known when it renewed it: the API servers' clocks differ by {-lease.age} s"
    return ""
