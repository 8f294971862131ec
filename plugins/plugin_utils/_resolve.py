# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass: from what each host says to one resolved site, every cross-reference followed and checked."""

from __future__ import annotations

from collections.abc import Mapping

from ..module_utils._errors import EdgeError
from ._addresses import Cidr
from ._findings import Report
from ._manifests import cilium_version
from ._model import Cluster, Site
from ._names import LABEL_POOL
from ._parse import ParsedSite, Values
from ._resolve_hosts import Context, check_unique, resolve_networks, resolve_nodes, resolve_routers
from ._resolve_peerings import Ends, resolve_peerings
from ._resolve_pools import OwnedPool, check_pools, default_pool, resolve_pools
from ._resolve_services import resolve_services

NEWEST_CILIUM = (1, 20)
L2_IPV6_CILIUM = (1, 19)
"""First version whose L2 announcements answer NDP."""

INTERNAL_RANGES = ("edge_cluster_pod_cidrs", "edge_cluster_service_cidrs", "edge_cluster_external_cidrs")


def resolve(parsed: ParsedSite, report: Report) -> Site:
    """Return the resolved site. It is complete only if ``report`` has no error."""
    context = Context(parsed, report)
    networks = resolve_networks(context)
    routers, router_addresses = resolve_routers(context)
    nodes, node_addresses = resolve_nodes(context)
    check_unique(context, router_addresses, node_addresses)
    by_name = {router.host: router for router in routers}
    clusters: list[Cluster] = []
    all_pools: list[OwnedPool] = []
    for host, values in parsed.clusters.items():
        pools = resolve_pools(context, host, values)
        all_pools += pools
        fallback = default_pool(context, host, values)
        members = tuple(nodes[host])
        ends = Ends(by_name, router_addresses, members, node_addresses)
        result = resolve_peerings(context, host, values, ends, tuple(owned.pool for owned in pools))
        services = resolve_services(context, values, pools, fallback)
        _check_version(context, host, values, pools)
        if "edge_cilium_version" not in values:
            continue  # reported as missing
        clusters.append(
            Cluster(
                host=host,
                cilium_version=values["edge_cilium_version"],
                default_pool=fallback,
                pool_label=values.get("edge_pool_label", LABEL_POOL),
                nodes=members,
                peerings=result.peerings,
                pools=tuple(owned.pool for owned in pools),
                services=services,
                sessions=result.sessions,
                classes=result.classes,
                values={key: item.value for key, item in values["edge_cilium_values"].items()},
                asn=values.get("edge_cluster_asn"),
                distribution=values.get("edge_cluster_distribution"),
                kubeconfig=values.get("edge_cluster_kubeconfig"),
                context=values.get("edge_cluster_context"),
                pod_cidrs=_texts(values, "edge_cluster_pod_cidrs"),
                service_cidrs=_texts(values, "edge_cluster_service_cidrs"),
                managed=values.get("edge_cluster_managed", True),
                cilium_managed=values.get("edge_cilium_managed", True),
            )
        )
    check_pools(
        context,
        all_pools,
        networks,
        {**router_addresses, **node_addresses},
        {host: tuple(members) for host, members in nodes.items()},
        _internal_ranges(parsed),
    )
    _check_names(context, clusters)
    return Site(
        name=parsed.name,
        networks=networks,
        routers=tuple(routers),
        clusters=tuple(clusters),
        derived=tuple(sorted(context.derived, key=lambda item: item.path)),
    )


def _texts(values: Values, key: str) -> tuple[str, ...]:
    return tuple(cidr.text for cidr in values.get(key, ()))


def _internal_ranges(parsed: ParsedSite) -> list[tuple[str, Cidr]]:
    """Return the pod, service and external ranges of all clusters with their paths."""
    return [
        (f"{host}.{key}", cidr)
        for host, values in parsed.clusters.items()
        for key in INTERNAL_RANGES
        for cidr in values.get(key, ())
    ]


def _check_version(context: Context, host: str, values: Values, pools: list[OwnedPool]) -> None:
    """Report a Cilium version that is unknown, and keys that the planned one cannot do."""
    if "edge_cilium_version" not in values:
        return
    version = values["edge_cilium_version"]
    path = f"{host}.edge_cilium_version"
    try:
        planned = cilium_version(version)
    except EdgeError as error:
        context.report.add("EDGE601", path, error.problem, "update Cilium first, one minor version at a time")
        return
    if planned[:2] > NEWEST_CILIUM:
        context.report.add(
            "EDGE602", path, f"{version} is newer than 1.20, the newest that is known", "planned as 1.20"
        )
    if planned[:2] < L2_IPV6_CILIUM:
        for owned in pools:
            if owned.pool.l2 and "ipv6" in owned.pool.families:
                context.report.add(
                    "EDGE603",
                    owned.item.at("l2"),
                    f"L2 announcements of IPv6 addresses need Cilium 1.19, and {host} has {version}",
                    "advertise the pool by BGP, or update Cilium",
                )


def _check_names(context: Context, clusters: list[Cluster]) -> None:
    """Report derived names that two things would share on one router or in one cluster."""
    groups: dict[tuple[str, str], tuple[str, str]] = {}
    for cluster in clusters:
        for session in cluster.sessions:
            owner = (session.cluster, session.peering)
            other = groups.setdefault((session.router, session.peer_group), owner)
            if other != owner:
                context.report.add(
                    "EDGE307",
                    context.parsed.clusters[cluster.host]["edge_peerings"][session.peering].path,
                    f"peer group {session.peer_group!r} on {session.router} would belong to peering {owner[1]!r} of"
                    f" {owner[0]!r} and to peering {other[1]!r} of {other[0]!r}",
                    "rename one of the peerings",
                )
        peers: dict[tuple[str, str, str], tuple[str, str]] = {}
        for session in cluster.sessions:
            ends = (session.peering, session.router)
            known = peers.setdefault((session.cluster_config, session.instance, session.peer), ends)
            if known != ends:
                context.report.add(
                    "EDGE307",
                    context.parsed.clusters[cluster.host]["edge_peerings"][session.peering].path,
                    f"peer {session.peer!r} in {cluster.host!r} would stand for {ends[1]!r} in peering {ends[0]!r} and"
                    f" for {known[1]!r} in peering {known[0]!r}",
                    "rename one of the peerings or routers",
                )
        configs: dict[str, tuple[str, ...]] = {}
        for kind in cluster.classes:
            twin = configs.setdefault(kind.name, kind.peerings)
            if twin != kind.peerings:
                context.report.add(
                    "EDGE307",
                    context.parsed.clusters[cluster.host]["edge_peerings"][kind.peerings[0]].path,
                    f"CiliumBGPClusterConfig {kind.name!r} would stand for two classes of nodes in {cluster.host!r}",
                    "write one of the selectors in other words",
                )


def missing_from_limit(site: Site, limited: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """Return, for each host of a ``--limit``, the routers and clusters that share a peering with it and are left out.

    What is not managed does not change and need not be there.

    Args:
        site: the resolved site.
        limited: the hosts that the run is limited to.
    """
    partners: dict[str, set[str]] = {}
    unmanaged = {router.host for router in site.routers if not router.managed}
    unmanaged |= {cluster.host for cluster in site.clusters if not cluster.managed}
    for cluster in site.clusters:
        for node in cluster.nodes:
            partners.setdefault(node.host, set()).add(cluster.host)
        for session in cluster.sessions:
            for host in (session.node, session.cluster, session.router):
                partners.setdefault(host, set()).update((session.cluster, session.router))
    return {
        host: tuple(sorted(missing))
        for host in sorted(limited - unmanaged)
        if (missing := partners.get(host, set()) - limited - unmanaged - {host})
    }
