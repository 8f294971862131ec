# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, clusters: what Cilium and its charts refuse, replace in silence or ignore, in every version."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ..._addressing.addresses import Cidr
from ..._addressing.families import Family
from ..._addressing.intervals import overlaps
from ..._cilium.helm_values import family_reason, helm_values, pod_families
from ..._cilium.ipam import CLUSTER_POOL, KUBERNETES, MADE_AT_START, MULTI_POOL, enabled_path, is_on
from ..._cilium.lb import DEFAULT_POD_POOL
from ..._cilium.services import chart_problems
from ..._inventory.values import Item, Items, Values
from ..._kubernetes.values import as_written, value_at
from ..._model.site import Cluster, Peering, PodPool, Site
from ..hosts import Context

_POD_CIDR_MODES = (KUBERNETES, CLUSTER_POOL)
"""Modes of IPAM in which a node has pod CIDRs that it can advertise (pkg/bgp/types, ``CanAdvertisePodCIDR``)."""
_IPV6_SPREAD = 16
"""How much longer nodes' IPv6 CIDRs may be than the range (pkg/ipam/cidrset, ``clusterSubnetMaxDiff``)."""


def check_cluster(context: Context, cluster: Cluster) -> None:
    """Report what cannot work in one cluster."""
    values = context.parsed.clusters[cluster.host]
    _check_lease(context, cluster, values)
    _check_router_ids(context, cluster)
    _check_ports(context, cluster, values["edge_peerings"])
    _check_pod_pools(context, cluster, values)
    _check_ipam(context, cluster, values["edge_peerings"])
    for found in chart_problems(cluster):
        item = values["edge_services"][found.service]
        path = item.at(found.key) if found.key else item.path
        context.report.add("EDGE613", path, found.problem, found.hint)


def _check_lease(context: Context, cluster: Cluster, values: Values) -> None:
    """Report timings of leases that Cilium would replace by others (pkg/option, the agent's own rules)."""
    if "edge_l2_lease" not in values:
        return
    lease, path = cluster.l2_lease, f"{cluster.host}.edge_l2_lease"
    if lease.duration <= lease.renew:
        context.report.add(
            "EDGE606",
            path,
            f"duration is {lease.duration} s, which is not more than renew with {lease.renew} s: Cilium would take"
            " half of duration for renew",
            f"renew: at most {lease.duration - 1}" if lease.duration > 1 else "a longer duration",
        )
    if lease.renew * 5 <= lease.retry * 6:
        context.report.add(
            "EDGE606",
            path,
            f"renew is {lease.renew} s, which is not more than 1.2 times retry with {lease.retry} s: Cilium would take"
            " half of renew for retry",
            f"renew: at least {int(lease.retry * 6 // 5) + 1}",
        )


def _check_router_ids(context: Context, cluster: Cluster) -> None:
    """Report a pool of BGP identifiers that no speaker can have, or that is too small."""
    if cluster.router_ids is None:
        return
    pool = cluster.router_ids
    path = f"{cluster.host}.edge_cluster_router_ids"
    if pool.family is not Family.IPV4:
        context.report.add(
            "EDGE607",
            path,
            f"{pool.text} is an IPv6 range",
            "BGP identifiers are IPv4 addresses: such as 10.255.0.0/24",
        )
        return
    instances: dict[str, set[str]] = {}
    for session in cluster.sessions:
        instances.setdefault(session.node, set()).add(session.instance)
    needed = sum(len(own) for own in instances.values())
    if pool.interval.size < needed:
        context.report.add(
            "EDGE607",
            path,
            f"{pool.text} has {pool.interval.size} identifiers for {needed} BGP instances (one per node and AS)",
            "write a wider range",
        )


def check_shared_router_ids(context: Context, site: Site) -> None:
    """Report pools of BGP identifiers out of which a node may get the identifier of another speaker of its AS.

    Cilium takes an identifier out of the pool for every node, also for one that has its own, and knows no other speaker
    (operator/pkg/bgp, ``upsertNodeConfigs``). Speakers of different ASes may have the same one (RFC 6286 section 2.1).
    """
    speakers = _speakers(site)
    pools = [
        (cluster.router_ids, cluster.host, _nodes_by_as(cluster))
        for cluster in site.clusters
        if cluster.router_ids and cluster.router_ids.family is Family.IPV4 and not cluster.absent
    ]
    for pool, cluster, nodes in pools:
        for own, place in context.router_ids.items():
            host = place.rpartition(".")[0]
            if pool.contains(own) and any(nodes.get(asn, set()) - {host} for asn in speakers.get(host, ())):
                context.report.add(
                    "EDGE204",
                    place,
                    f"{own.text} is in {pool.text}, out of which Cilium gives nodes of {cluster} their identifiers",
                    "BGP speakers of one AS are told apart by it: write one outside of"
                    f" {cluster}.edge_cluster_router_ids, or another range there",
                )
    for found in overlaps([pool.interval for pool, _cluster, _nodes in pools]):
        (left, one, ours), (right, other, theirs) = pools[found.left], pools[found.right]
        shared = sorted(ours.keys() & theirs.keys())
        if shared:
            context.report.add(
                "EDGE204",
                f"{other}.edge_cluster_router_ids",
                f"{right.text} overlaps {left.text} of {one}.edge_cluster_router_ids, and both have nodes in AS"
                f" {shared[0]}",
                "BGP speakers of one AS are told apart by their identifiers: give each cluster a range of its own",
            )


def _nodes_by_as(cluster: Cluster) -> dict[int, set[str]]:
    """Return each AS -> the nodes of a cluster that speak as it."""
    found: dict[int, set[str]] = {}
    for session in cluster.sessions:
        found.setdefault(session.node_asn, set()).add(session.node)
    return found


def _speakers(site: Site) -> dict[str, set[int]]:
    """Return each router, and each node with a session -> the ASes as which it speaks."""
    found = {router.host: {router.asn} for router in site.routers}
    for session in (session for cluster in site.clusters for session in cluster.sessions):
        found.setdefault(session.node, set()).add(session.node_asn)
        if session.router:
            found.setdefault(session.router, set()).add(session.router_asn)
    return found


def _check_ports(context: Context, cluster: Cluster, items: Items) -> None:
    """Report two instances of a node that would listen on one port."""
    peerings = {peering.name: peering for peering in cluster.peerings}
    told: set[tuple[str, str]] = set()
    for item in cluster.classes:
        holders: dict[int, Peering] = {}
        for peering in (peerings[name] for name in item.peerings):
            if peering.listen_port is None:
                continue
            first = holders.setdefault(peering.listen_port, peering)
            if first.asn != peering.asn and (first.name, peering.name) not in told:
                told.add((first.name, peering.name))
                context.report.add(
                    "EDGE612",
                    items[peering.name].at("listen_port"),
                    f"{peering.listen_port} is the port of {items[first.name].path} too, whose nodes have another AS:"
                    " each AS of a node listens by itself",
                    "write another port",
                )


def _check_pod_pools(context: Context, cluster: Cluster, values: Values) -> None:
    """Report pod pools with which no agent would start, and labels that nobody would write."""
    items: Items = values["edge_cluster_pod_pools"]
    for pool in cluster.pod_pools:
        _check_spread(context, items[pool.name].at("mask"), pool.mask, pool.cidrs)
    if not cluster.pod_pools or not cluster.cilium_managed:
        return
    own = {pool.name: pool for pool in cluster.pod_pools}
    written = value_at(cluster.values, f"{MADE_AT_START}.{DEFAULT_POD_POOL}")
    waits = value_at(cluster.values, "ipam.multiPoolPreAllocation")
    if DEFAULT_POD_POOL not in own and not items.reported.covers(DEFAULT_POD_POOL) and written is None and not waits:
        context.report.add(
            "EDGE610",
            f"{cluster.host}.edge_cluster_pod_pools",
            f"has no pool {DEFAULT_POD_POOL!r}, for which agents wait when they start",
            f"add {DEFAULT_POD_POOL}: the pool of pods that name none",
        )
    for name in sorted({part.partition("=")[0].strip() for part in str(waits or "").split(",")} & own.keys()):
        if name != DEFAULT_POD_POOL:
            context.report.add(
                "EDGE614",
                f"{cluster.host}.edge_cilium_values.ipam.multiPoolPreAllocation",
                f"names {name!r}: agents wait for a range of it when they start, and an upgrade makes it afterwards",
                f"leave {name} out: a node gets its range when a pod asks for the pool",
            )
    if DEFAULT_POD_POOL in own:
        _check_default_pool(context, cluster, items[DEFAULT_POD_POOL], own[DEFAULT_POD_POOL])


def _families_without(cluster: Cluster, present: Collection[Family]) -> Iterator[tuple[Family, str]]:
    """Yield each family that the agents run and that is not ``present``, and why they run it.

    An agent waits for a range of each of its families when it starts, and serves nothing until then.
    """
    values = helm_values(cluster)
    for family in Family:
        if is_on(family, values) and family not in present:
            yield family, family_reason(cluster, family) or ""


def _switched_off(family: Family) -> str:
    """Return what is added to the inventory so that agents do not run a family."""
    return f"{as_written(enabled_path(family), False)} to edge_cilium_values"


def _check_default_pool(context: Context, cluster: Cluster, item: Item, pool: PodPool) -> None:
    """Report a default pool without a family that the agents run, and its labels."""
    for family, reason in _families_without(cluster, pool.mask):
        context.report.add(
            "EDGE610",
            item.at("cidr"),
            f"has no {family.label} range, but agents run {family.label}{f' ({reason})' if reason else ''}: each waits"
            " for a range out of this pool when it starts",
            "add one" if reason else f"add one, or {_switched_off(family)}",
        )
    if pool.labels:
        context.report.add(
            "EDGE610",
            item.at("labels"),
            "cannot be written: Cilium's operator makes this pool when it starts",
            f"remove it; a selector names the pool by io.cilium.podippool.name={DEFAULT_POD_POOL}",
        )


def _check_ipam(context: Context, cluster: Cluster, items: Items) -> None:
    """Report pod CIDRs that nodes do not have, or that Cilium's operator refuses to cut."""
    values = helm_values(cluster)
    mode = value_at(values, "ipam.mode")
    for peering in cluster.peerings:
        if any(item.kind == "pod_cidrs" for item in peering.advertise) and mode not in (None, *_POD_CIDR_MODES):
            modes = " or ".join(as_written("ipam.mode", other) for other in _POD_CIDR_MODES)
            hint = "advertise pod_pools" if mode == MULTI_POOL else f"{modes} in edge_cilium_values"
            context.report.add(
                "EDGE610",
                f"{items[peering.name].at('advertise')}.pod_cidrs",
                f"announces nothing: with ipam.mode {mode} nodes have no pod CIDR",
                hint,
            )
    if mode == KUBERNETES and cluster.pod_cidrs and cluster.cilium_managed:
        for family, reason in _families_without(cluster, pod_families(cluster)):
            context.report.add(
                "EDGE610",
                f"{cluster.host}.edge_cluster_pod_cidrs",
                f"has no {family.label} range, but agents run {family.label}{f' ({reason})' if reason else ''}: each"
                " waits until Kubernetes gives its node one",
                "add the range that nodes get theirs from" + ("" if reason else f", or {_switched_off(family)}"),
            )
    if mode == CLUSTER_POOL and value_at(cluster.values, "ipam.operator") is None:
        _check_spread(context, f"{cluster.host}.edge_cluster_pod_mask", cluster.pod_mask, cluster.pod_cidrs)


def _check_spread(context: Context, path: str, mask: Mapping[Family, int], cidrs: Iterable[Cidr]) -> None:
    """Report IPv6 ranges that Cilium's operator refuses because nodes' CIDRs are so much smaller."""
    for cidr in cidrs:
        if cidr.family is Family.IPV6 and mask[Family.IPV6] - cidr.prefix_length > _IPV6_SPREAD:
            context.report.add(
                "EDGE610",
                path,
                f"{mask[Family.IPV6]} is more than {_IPV6_SPREAD} bits longer than {cidr.text}: Cilium's operator"
                " refuses that",
                f"ipv6: at most {cidr.prefix_length + _IPV6_SPREAD}, or a smaller range",
            )
