# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify which node answers ARP and NDP for addresses that are announced on L2."""

from __future__ import annotations

from .expected import Expectations, service_path
from .observed import ClusterSeen, LeaseSeen
from .report import OK, VerifyReport


def verify_leases(report: VerifyReport, cluster: str, seen: ClusterSeen, expectations: Expectations) -> None:
    """Verify who answers ARP and NDP for each service with an address of a pool that is announced on L2."""
    for service in sorted(seen.services.values(), key=lambda service: service.key):
        live = [item for item in expectations.live if item.belongs_to(cluster, service)]
        live = [item for item in live if expectations.announced(item)]
        addresses = [item.address for item in live if expectations.l2_nodes(cluster, item.pool)]
        if not addresses or not service.over_l2:
            continue
        allowed = set().union(*(expectations.l2_nodes(cluster, item.pool) for item in live))
        path = service_path(cluster, service.key)
        nodes, held = ", ".join(sorted(allowed)), ", ".join(addresses)
        lease = seen.leases.get(service.lease)
        level = OK
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


def _seen(lease: LeaseSeen | None) -> str:
    """Return who holds a lease, and what is not known of it.

    The holder writes the time by its own clock. By one that is fast, a lease that nobody renews looks fresh.
    """
    if lease is None or not lease.holder:
        return "nobody"
    if lease.age is None or lease.duration is None:
        return f"{lease.holder} (not known when it renewed it)"
    if lease.age < -lease.duration:
        return f"{lease.holder} (not known when it renewed it: its clock is {-lease.age} s fast)"
    return lease.holder
