# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, versions: keys that the planned Cilium or FRR does not know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ....module_utils._errors import EdgeError
from ..._addressing.families import Family
from ..._cilium.helm_values import helm_values
from ..._cilium.ipam import is_on
from ..._inventory.values import Items, Values
from ..._kubernetes.values import is_false
from ..._model.site import Cluster, Site
from ..._versions.cilium import (
    GATES,
    IDENTIFIER_WITHOUT_IPV4,
    L2_IPV6,
    NEWEST,
    Capability,
    Version,
    is_whole,
    parse_version,
    text_of,
)
from ..hosts import Context
from .checks import check_cluster, check_shared_router_ids
from .faults import check_faults
from .shared_objects import check_shared_objects


def check_versions(context: Context, site: Site) -> None:
    """Report what the planned versions cannot do, and what no version can."""
    for cluster in site.clusters:
        planned = _planned_version(context, cluster)
        if planned is None or cluster.absent:
            continue
        values = context.parsed.clusters[cluster.host]
        for place, needed in GATES.items():
            if planned < needed.since:
                for path in _written_at(cluster, values, place):
                    _needs(context, cluster, path, needed)
        _check_l2_families(context, cluster, values["edge_pools"], planned)
        _check_identifiers(context, cluster, planned)
        check_faults(context, site, cluster, values, planned)
        _check_status_report(context, cluster, values)
        check_cluster(context, cluster)
        check_shared_objects(context, cluster)
    check_shared_router_ids(context, site)


def _planned_version(context: Context, cluster: Cluster) -> Version | None:
    """Return the version of Cilium that the cluster is planned for, or None where it cannot be; that is reported.

    One that is newer than all that are known gets a warning. It has every capability of the table and no fault of it.
    """
    path = f"{cluster.host}.edge_cilium_version"
    try:
        planned = parse_version(cluster.cilium_version)
    except EdgeError as error:
        context.report.add("EDGE601", path, error.problem, "update Cilium first, one minor version at a time")
        return None
    installed = cluster.managed and cluster.cilium_managed and not cluster.absent
    if installed and not is_whole(cluster.cilium_version):
        context.report.add(
            "EDGE616",
            path,
            f"{cluster.cilium_version} is no release of Cilium: each has three numbers, without leading zeros or a plus"
            " sign",
            "write it whole, such as 1.19.6: the version that runs, or the one to go to",
        )
    if planned[:2] > NEWEST[:2]:
        newest = text_of(NEWEST)
        context.report.add(
            "EDGE602",
            path,
            f"{cluster.cilium_version} is newer than {newest}, the newest that is known",
            f"planned as {newest}",
        )
    return planned


def _needs(context: Context, cluster: Cluster, path: str, needed: Capability) -> None:
    """Report that what stands at ``path`` needs a newer Cilium than the planned one."""
    context.report.add(
        "EDGE603",
        path,
        f"{needed.what} needs Cilium {needed.version}, and {cluster.host} has {cluster.cilium_version}",
        f"{needed.instead}, or update Cilium",
    )


def _written_at(cluster: Cluster, values: Values, place: tuple[str, ...]) -> Iterator[str]:
    """Yield the paths at which the key is written and asks for something; ``place`` is a key of ``GATES``."""
    variable, *keys = place
    if not keys:
        if variable in values:
            yield f"{cluster.host}.{variable}"
        return
    items: Items = values[variable]
    for item in items.values():
        found: Any = item.value
        for key in keys:
            found = found[key] if isinstance(found, Values) and key in found else None
        if found is not None and found is not False:
            yield f"{item.path}.{'.'.join(keys)}"


def _check_l2_families(context: Context, cluster: Cluster, items: Items, planned: Version) -> None:
    if planned >= L2_IPV6.since:
        return
    for pool in cluster.pools:
        if pool.l2 and Family.IPV6 in pool.families:
            _needs(context, cluster, items[pool.name].at("l2"), L2_IPV6)


def _check_identifiers(context: Context, cluster: Cluster, planned: Version) -> None:
    """Report nodes for which an old Cilium finds no BGP identifier: those that run no IPv4."""
    if planned >= IDENTIFIER_WITHOUT_IPV4.since or is_on(Family.IPV4, helm_values(cluster)):
        return
    peering = {session.node for session in cluster.sessions}
    lacking = [node.host for node in cluster.nodes if node.host in peering and node.router_id is None]
    if lacking:
        context.report.add(
            "EDGE607",
            f"{lacking[0]}.edge_node_router_id",
            f"is missing{_and_more(lacking[1:])}: IPv4 is off, and Cilium {cluster.cilium_version} takes BGP"
            " identifiers from IPv4 addresses",
            f"write one for each node, or update to Cilium {IDENTIFIER_WITHOUT_IPV4.version}",
        )


def _and_more(others: list[str]) -> str:
    return f", as on {others[0]}{f' and {len(others) - 1} more' if others[1:] else ''}" if others else ""


def _check_status_report(context: Context, cluster: Cluster, values: Values) -> None:
    """Warn where the user's values take the states of sessions away."""
    if cluster.sessions and is_false(cluster.values, "bgpControlPlane.statusReport.enabled"):
        context.report.add(
            "EDGE611",
            f"{values['edge_cilium_values']['bgpControlPlane'].path}.statusReport.enabled",
            "is false, so Cilium reports no state of BGP sessions",
            "remove it",
        )
