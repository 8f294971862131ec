# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass: from what each host says to one resolved site, every cross-reference followed and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .._findings.report import Report
from .._inventory.parse import ParsedSite
from .._inventory.values import Values
from .._model.site import Cluster, L2Lease, Node, PodPool, Router, Service, Site
from .clusters.versions import check_versions
from .hosts import Context, absent_nodes, check_unique, is_absent, resolve_nodes, resolve_routers
from .names import check_names
from .networks import check_dhcp_hosts, resolve_networks
from .peerings.peerings import PeeringResult, resolve_peerings
from .pools.checks import check_pools
from .pools.pod_pools import check_cluster_ranges, check_pod_pools, internal_ranges, pod_mask, resolve_pod_pools
from .pools.pools import OwnedPool, default_pool, resolve_pools
from .routers.multipath import link_exports, relaxing_neighbors
from .routers.neighbors import resolve_neighbors
from .routers.policies import PrefixSources
from .services.services import resolve_services
from .sessions.checks import check_passwords, check_ports
from .sessions.listen_ranges import check_listen_ranges
from .sessions.sessions import Endpoints


def resolve(parsed: ParsedSite, report: Report, allocations: Mapping[str, tuple[str, ...]] | None = None) -> Site:
    """Return the resolved site. It is complete only if ``report`` has no error.

    Args:
        parsed: the first pass.
        report: takes what is wrong.
        allocations: planned addresses that are kept from earlier plans, by ``cluster/namespace/name``.
    """
    context = Context(parsed, report)
    networks = resolve_networks(context)
    routers, router_addresses = resolve_routers(context)
    nodes, node_addresses = resolve_nodes(context)
    check_unique(context, router_addresses, node_addresses, [node for members in nodes.values() for node in members])
    check_dhcp_hosts(context, {**router_addresses, **node_addresses})
    live = {host: values for host, values in parsed.clusters.items() if not is_absent(values)}
    pools = {host: resolve_pools(context, host, values) for host, values in live.items()}
    pod_pools = {host: resolve_pod_pools(context, host, values) for host, values in live.items()}
    fallbacks = {host: default_pool(context, host, values) for host, values in live.items()}
    services = {
        host: resolve_services(context, host, values, pools[host], fallbacks[host], allocations or {})
        for host, values in live.items()
    }
    catalogue = PrefixSources(
        pools={host: {owned.pool.name: owned.pool for owned in own} for host, own in pools.items()},
        pod_pools={host: {pool.name: pool for pool in own} for host, own in pod_pools.items()},
        pod_cidrs={host: values["edge_cluster_pod_cidrs"] for host, values in live.items()},
        pod_mask={host: pod_mask(values) for host, values in live.items()},
    )
    by_name = {router.host: router for router in routers if not router.absent}
    peers = {
        host: resolve_peerings(
            context,
            host,
            values,
            Endpoints(by_name, router_addresses, tuple(nodes[host]), node_addresses),
            tuple(owned.pool for owned in pools[host]),
            services[host],
            catalogue,
        )
        for host, values in live.items()
    }
    gone = PeeringResult((), (), ())
    clusters = [
        _cluster(
            context,
            host,
            values,
            nodes[host],
            pools.get(host, []),
            pod_pools.get(host, ()),
            fallbacks.get(host),
            services.get(host, ()),
            peers.get(host, gone),
        )
        for host, values in parsed.clusters.items()
        if "edge_cilium_version" in values  # else reported as missing
    ]
    check_listen_ranges(context, clusters)
    check_ports(context, clusters)
    check_passwords(context)
    routers = resolve_neighbors(context, routers, router_addresses, clusters, node_addresses, catalogue)
    check_pools(
        context,
        [owned for own in pools.values() for owned in own],
        networks,
        {**router_addresses, **node_addresses},
        clusters,
        {host: tuple(members) for host, members in nodes.items()},
        internal_ranges(context),
        fallbacks,
    )
    check_pod_pools(context)
    check_cluster_ranges(context, clusters)
    routers = _with_relax(context, routers)
    site = Site(
        name=parsed.name,
        networks=networks,
        routers=tuple(routers),
        clusters=tuple(clusters),
        derived=tuple(sorted(context.derived, key=lambda item: item.path)),
    )
    check_names(context, site)
    check_versions(context, site)
    return site


def _with_relax(context: Context, routers: list[Router]) -> list[Router]:
    """Return the routers, with which of them use paths through different ASes together; the plan says why."""
    exports = link_exports(routers)
    result = []
    for router in routers:
        found = relaxing_neighbors(router, exports)
        result.append(replace(router, multipath_relax=found is not None))
        if found is not None:
            one, other, prefix = found
            who = f"{one} and {other}, which may be of different ASes, are equally preferred"
            context.derive(f"{router.host}.multipath_relax", True, f"{who} and may both announce {prefix.text}")
    return result


def _cluster(
    context: Context,
    host: str,
    values: Values,
    nodes: list[Node],
    pools: list[OwnedPool],
    pod_pools: tuple[PodPool, ...],
    fallback: str | None,
    services: tuple[Service, ...],
    peers: PeeringResult,
) -> Cluster:
    """Return one cluster with all that was resolved for it."""
    lease: Values = values["edge_l2_lease"]
    return Cluster(
        host=host,
        cilium_version=values["edge_cilium_version"],
        default_pool=fallback,
        pool_label=values["edge_pool_label"],
        nodes=tuple(nodes),
        peerings=peers.peerings,
        pools=tuple(owned.pool for owned in pools),
        services=services,
        sessions=peers.sessions,
        classes=peers.classes,
        values={key: item.value for key, item in values["edge_cilium_values"].items()},
        asn=values["edge_cluster_asn"],
        distribution=values["edge_cluster_distribution"],
        kubeconfig=values["edge_cluster_kubeconfig"],
        context=values["edge_cluster_context"],
        pod_cidrs=values["edge_cluster_pod_cidrs"],
        service_cidrs=values["edge_cluster_service_cidrs"],
        managed=values["edge_cluster_managed"],
        cilium_managed=values["edge_cilium_managed"],
        absent=is_absent(values),
        absent_nodes=absent_nodes(context, host),
        external_cidrs=values["edge_cluster_external_cidrs"],
        pod_mask=pod_mask(values),
        pod_pools=pod_pools,
        router_ids=values["edge_cluster_router_ids"],
        manage_labels=values["edge_cluster_manage_labels"],
        l2_lease=L2Lease(lease["duration"], lease["renew"], lease["retry"]),
    )


def missing_from_limit(site: Site, limited: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """Return, for each host of a ``--limit``, the left-out routers and clusters that share a peering or link with it.

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
            ends = {session.cluster, session.router} - {""}  # no router: a speaker on the node itself
            for host in {session.node, *ends}:
                partners.setdefault(host, set()).update(ends)
    for router in site.routers:
        partners.setdefault(router.host, set()).update(n.other for n in router.neighbors if n.other is not None)
    return {
        host: tuple(sorted(missing))
        for host in sorted(limited - unmanaged)
        if (missing := partners.get(host, set()) - limited - unmanaged - {host})
    }
