# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass: from what each host says to one resolved site, every cross-reference followed and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from .._findings.report import Report
from .._inventory.parse import ParsedSite
from .._inventory.values import Values
from .._model.site import Cluster, L2Lease, Node, PodPool, Router, Service, Site, TakeOver
from .clusters.return_paths import check_return_paths
from .clusters.versions import check_versions
from .hosts import Context, absent_nodes, check_unique, is_absent, resolve_nodes, resolve_routers
from .names import check_names
from .networks import check_dhcp_hosts, resolve_networks
from .peerings.peerings import PeeringResult, resolve_peerings
from .pools.checks import check_pools
from .pools.pod_pools import check_cluster_ranges, check_pod_pools, pod_mask, resolve_pod_pools
from .pools.pools import OwnedPool, default_pool, resolve_pools
from .pools.release_ranges import check_release_ranges
from .pools.selectors import check_selectors
from .routers.multipath import link_exports, relaxing_neighbors
from .routers.neighbors import resolve_neighbors
from .routers.policies import PrefixSources
from .services.services import resolve_services
from .sessions.checks import check_passwords, check_ports
from .sessions.listen_ranges import check_listen_limits, check_listen_ranges
from .sessions.sessions import Endpoints


@dataclass(slots=True)
class _ClusterDraft:
    """What is resolved of one cluster so far; one that is absent gets no more than its nodes."""

    host: str
    values: Values
    nodes: list[Node]
    pools: list[OwnedPool] = field(default_factory=list)
    pod_pools: tuple[PodPool, ...] = ()
    fallback: str | None = None
    """Its default pool."""
    services: tuple[Service, ...] = ()
    peers: PeeringResult = field(default_factory=lambda: PeeringResult((), (), ()))


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
    addresses = {**router_addresses, **node_addresses}
    check_unique(context, router_addresses, node_addresses, [node for members in nodes.values() for node in members])
    check_dhcp_hosts(context, addresses)
    drafts = [_ClusterDraft(host, values, nodes[host]) for host, values in parsed.clusters.items()]
    live = [draft for draft in drafts if not is_absent(draft.values)]
    for draft in live:
        host, values = draft.host, draft.values
        draft.pools = resolve_pools(context, host, values)
        draft.pod_pools = resolve_pod_pools(context, host, values)
        draft.fallback = default_pool(context, host, values)
        draft.services = resolve_services(context, host, values, draft.pools, draft.fallback, allocations or {})
    sources = _prefix_sources(live)
    by_name = {router.host: router for router in routers if not router.absent}
    for draft in live:
        ends = Endpoints(by_name, router_addresses, tuple(draft.nodes), node_addresses)
        own_pools = tuple(owned.pool for owned in draft.pools)
        draft.peers = resolve_peerings(context, draft.host, ends, own_pools, draft.services, sources)
    for draft in drafts:
        _check_applied_by_others(context, draft)
    # One without its version was reported.
    clusters = [_cluster(context, draft) for draft in drafts if "edge_cilium_version" in draft.values]
    check_listen_ranges(context, clusters)
    check_ports(context, clusters)
    check_passwords(context)
    routers = resolve_neighbors(context, routers, router_addresses, clusters, node_addresses, sources)
    check_pools(context, [owned for draft in live for owned in draft.pools], networks, addresses, clusters, nodes)
    for draft in live:
        check_selectors(context, draft.host, draft.pools, draft.fallback)
    check_pod_pools(context)
    check_cluster_ranges(context, clusters)
    check_release_ranges(context, clusters, [owned for draft in live for owned in draft.pools])
    site = Site(
        name=parsed.name,
        networks=networks,
        routers=tuple(_with_relax(context, routers)),
        clusters=tuple(clusters),
        derived=tuple(sorted(context.derived, key=lambda item: item.path)),
    )
    check_listen_limits(context, site)
    check_names(context, site)
    check_return_paths(context, site)
    check_versions(context, site)
    return site


def _prefix_sources(clusters: Iterable[_ClusterDraft]) -> PrefixSources:
    """Return what the names in policies refer to."""
    return PrefixSources(
        pools={draft.host: {owned.pool.name: owned.pool for owned in draft.pools} for draft in clusters},
        pod_pools={draft.host: {pool.name: pool for pool in draft.pod_pools} for draft in clusters},
        pod_cidrs={draft.host: draft.values["edge_cluster_pod_cidrs"] for draft in clusters},
        pod_mask={draft.host: pod_mask(draft.values) for draft in clusters},
    )


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


def _cluster(context: Context, draft: _ClusterDraft) -> Cluster:
    """Return one cluster with all that was resolved for it."""
    values, peers = draft.values, draft.peers
    lease: Values = values["edge_l2_lease"]
    return Cluster(
        host=draft.host,
        cilium_version=values["edge_cilium_version"],
        default_pool=draft.fallback,
        pool_label=values["edge_pool_label"],
        nodes=tuple(draft.nodes),
        peerings=peers.peerings,
        pools=tuple(owned.pool for owned in draft.pools),
        services=draft.services,
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
        absent_nodes=absent_nodes(context, draft.host),
        external_cidrs=values["edge_cluster_external_cidrs"],
        pod_mask=pod_mask(values),
        pod_pools=draft.pod_pools,
        router_ids=values["edge_cluster_router_ids"],
        manage_labels=values["edge_cluster_manage_labels"],
        l2_lease=L2Lease(lease["duration"], lease["renew"], lease["retry"]),
        take_over=TakeOver.of(dict(values["edge_cluster_take_over"] or {})),
        apply=values["edge_cluster_apply"],
    )


def _check_applied_by_others(context: Context, draft: _ClusterDraft) -> None:
    """Report what has no meaning in a cluster to which no run of ours writes."""
    values = draft.values
    if values["edge_cluster_apply"] != "others":
        return
    if values["edge_cluster_take_over"] is not None:
        context.report.add(
            "EDGE122",
            f"{draft.host}.edge_cluster_take_over",
            "is set, but edge_cluster_apply is others: no run of ours takes anything over there",
            "leave it out; Flux or Argo CD takes over what it applies",
        )
    if not values["edge_cluster_managed"]:
        context.report.add(
            "EDGE122",
            f"{draft.host}.edge_cluster_apply",
            "is others, but edge_cluster_managed is false: nothing is rendered, read or verified for others to apply",
            "leave one of the two out",
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
