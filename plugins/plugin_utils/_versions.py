# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, versions: keys that the planned Cilium or FRR does not know."""

from __future__ import annotations

from ..module_utils._errors import EdgeError
from ._manifests import cilium_version
from ._model import Cluster, Site
from ._resolve_hosts import Context

NEWEST_CILIUM = (1, 20)
L2_IPV6_CILIUM = (1, 19)
"""First version whose L2 announcements answer NDP."""


def check_versions(context: Context, site: Site) -> None:
    """Report versions that are not known, and keys that the planned version cannot do."""
    for cluster in site.clusters:
        _check_cluster(context, cluster)


def _check_cluster(context: Context, cluster: Cluster) -> None:
    path = f"{cluster.host}.edge_cilium_version"
    try:
        planned = cilium_version(cluster.cilium_version)
    except EdgeError as error:
        context.report.add("EDGE601", path, error.problem, "update Cilium first, one minor version at a time")
        return
    if planned[:2] > NEWEST_CILIUM:
        context.report.add(
            "EDGE602",
            path,
            f"{cluster.cilium_version} is newer than 1.20, the newest that is known",
            "planned as 1.20",
        )
    items = context.parsed.clusters[cluster.host]["edge_pools"]
    for pool in cluster.pools:
        if pool.l2 and "ipv6" in pool.families and planned[:2] < L2_IPV6_CILIUM:
            context.report.add(
                "EDGE603",
                items[pool.name].at("l2"),
                f"L2 announcements of IPv6 addresses need Cilium 1.19, and {cluster.host} has {cluster.cilium_version}",
                "advertise the pool by BGP, or update Cilium",
            )
