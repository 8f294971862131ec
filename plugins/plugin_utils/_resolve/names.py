# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, names: derived names that two things would share on one router or in one cluster."""

from __future__ import annotations

from .._model.site import Site
from .hosts import Context


def check_names(context: Context, site: Site) -> None:
    """Report derived names that two things would share on one router or in one cluster."""
    groups: dict[tuple[str, str], tuple[str, str]] = {}
    for cluster in site.clusters:
        for session in cluster.sessions:
            if not session.router:
                continue  # a speaker on the node: no router has that session
            owner = (session.cluster, session.peering)
            other = groups.setdefault((session.router, session.peer_group), owner)
            if other != owner:
                context.report.add(
                    "EDGE307",
                    context.parsed.clusters[cluster.host]["edge_peerings"][session.peering].path,
                    f"peer group {session.peer_group!r} on {session.router} would belong to peering {owner[1]!r} of"
                    f" {owner[0]!r} and to peering {other[1]!r} of {other[0]!r}",
                    "write another names.peer_group, or rename one of the peerings",
                )
        peers: dict[tuple[str, str, str], tuple[str, str]] = {}
        for session in cluster.sessions:
            ends = (session.peering, "the default gateway" if session.discover else session.router)
            known = peers.setdefault((session.cluster_config, session.instance, session.peer), ends)
            if known != ends:
                context.report.add(
                    "EDGE307",
                    context.parsed.clusters[cluster.host]["edge_peerings"][session.peering].path,
                    f"peer {session.peer!r} in {cluster.host!r} would stand for {ends[1]!r} in peering {ends[0]!r} and"
                    f" for {known[1]!r} in peering {known[0]!r}",
                    "write another names.peer, or rename one of the peerings or routers",
                )
        configs: dict[str, tuple[str, ...]] = {}
        for kind in cluster.classes:
            twin = configs.setdefault(kind.name, kind.peerings)
            if twin != kind.peerings:
                context.report.add(
                    "EDGE307",
                    context.parsed.clusters[cluster.host]["edge_peerings"][kind.peerings[0]].path,
                    f"CiliumBGPClusterConfig {kind.name!r} would stand for two classes of nodes in {cluster.host!r}",
                    "give each its own names.cluster_config, or write one of the selectors in other words",
                )
