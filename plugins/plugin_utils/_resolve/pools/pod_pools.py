# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, pod ranges: the lengths of nodes' pod CIDRs, and pools of pod CIDRs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..._addressing.addresses import Cidr
from ..._addressing.families import Family
from ..._addressing.intervals import overlaps
from ..._inventory.values import Values
from ..._model.site import Cluster, PodPool
from ..hosts import Context

POD_CIDRS, SERVICE_CIDRS = "edge_cluster_pod_cidrs", "edge_cluster_service_cidrs"
INTERNAL_RANGES = (POD_CIDRS, SERVICE_CIDRS, "edge_cluster_external_cidrs")
POD_POOLS = "edge_cluster_pod_pools"


def pod_mask(values: Values) -> dict[Family, int]:
    """Return the length of a node's pod CIDR by family."""
    return _mask(values["edge_cluster_pod_mask"])


def _mask(written: Values) -> dict[Family, int]:
    """Return the lengths by family: one number stands for both."""
    return {family: written["any"] or written[family.key] for family in Family}


def resolve_pod_pools(context: Context, cluster: str, values: Values) -> tuple[PodPool, ...]:
    """Return the pod pools of one cluster, and check the length of its nodes' pod CIDRs."""
    pod_cidrs = values["edge_cluster_pod_cidrs"]
    _check_mask(context, f"{cluster}.edge_cluster_pod_mask", values["edge_cluster_pod_mask"], pod_cidrs)
    pools = []
    for name, item in values[POD_POOLS].items():
        cidrs: tuple[Cidr, ...] = item["cidr"]
        if not _check_mask(context, item.at("mask"), item["mask"], cidrs):
            continue
        lengths = _mask(item["mask"])
        present = {cidr.family for cidr in cidrs}
        pools.append(
            PodPool(
                name=name,
                cidrs=cidrs,
                mask={family: length for family, length in lengths.items() if family in present},
                labels=dict(sorted(item["labels"].items())),
            )
        )
    return tuple(pools)


def _check_mask(context: Context, path: str, written: Values, cidrs: Iterable[Cidr]) -> bool:
    """Return whether nodes' CIDRs of these lengths fit into ``cidrs``; report where not."""
    cidrs = tuple(cidrs)
    families = {cidr.family for cidr in cidrs}
    if "any" in written and len(families) > 1:
        context.report.add(
            "EDGE423",
            path,
            f"is {written['any']} for IPv4 and IPv6 ranges alike",
            "write {ipv4: LENGTH, ipv6: LENGTH}",
        )
        return False
    lengths = _mask(written)
    good = True
    for cidr in cidrs:
        length = lengths[cidr.family]
        if length > cidr.family.width:
            problem = f"{length} is longer than an {cidr.family.label} address"
        elif length < cidr.prefix_length or (length == cidr.prefix_length and written):
            problem = f"{length} is not longer than that of {cidr.text}, out of which each node gets its CIDR"
        else:
            continue
        good = False
        hint = f"a length from {cidr.prefix_length + 1} to {cidr.family.width}; each node takes one"
        context.report.add("EDGE423", path, problem if written else f"is missing, and the default {problem}", hint)
    return good


def internal_ranges(context: Context) -> list[tuple[str, Cidr]]:
    """Return the pod, service and external ranges and the pod pools of all clusters, each with its path."""
    ranges = [
        (f"{host}.{key}", cidr)
        for host, values in context.parsed.clusters.items()
        for key in INTERNAL_RANGES
        for cidr in values[key]
    ]
    return ranges + _pod_pool_ranges(context)


def _pod_pool_ranges(context: Context) -> list[tuple[str, Cidr]]:
    return [
        (item.at("cidr", index), cidr)
        for values in context.parsed.clusters.values()
        for item in values[POD_POOLS].values()
        for index, cidr in enumerate(item["cidr"])
    ]


def check_pod_pools(context: Context) -> None:
    """Report pod pools that share addresses with each other, another range of a cluster, or a network."""
    ours = _pod_pool_ranges(context)
    count = len(ours)
    others = internal_ranges(context)[: -count or None]
    others += [
        (item.at("cidr", index), cidr)
        for item in context.parsed.networks.values()
        for index, cidr in enumerate(item["cidr"])
    ]
    swept = [*ours, *others]
    for found in overlaps([cidr.interval for _path, cidr in swept]):
        (path, cidr), (other, foreign) = swept[found.left], swept[found.right]
        if found.left < count and found.right >= count:
            context.report.add(
                "EDGE424", path, f"{cidr.text} overlaps {foreign.text} of {other}", "use a range of its own"
            )
        elif found.right < count:
            context.report.add(
                "EDGE424", other, f"{foreign.text} overlaps {cidr.text} of {path}", "use a range of its own"
            )


def check_cluster_ranges(context: Context, clusters: Iterable[Cluster]) -> None:
    """Report pod and service ranges that share addresses with a network or each other, or are too small for the nodes.

    Two clusters may have one range each, as long as they do not both announce it.
    """
    announced = {
        (cluster.host, key)
        for cluster in clusters
        for peering in cluster.peerings
        for item in peering.advertise
        for kind, key in (("pod_cidrs", POD_CIDRS), ("cluster_ips", SERVICE_CIDRS))
        if item.kind == kind
    }
    swept = [
        (host, key, f"{host}.{key}", cidr)
        for host, values in context.parsed.clusters.items()
        for key in (POD_CIDRS, SERVICE_CIDRS)
        for cidr in values[key]
    ]
    count = len(swept)
    swept += [
        ("", "", item.at("cidr", index), cidr)
        for item in context.parsed.networks.values()
        for index, cidr in enumerate(item["cidr"])
    ]
    for found in overlaps([cidr.interval for _host, _key, _path, cidr in swept]):
        left, right = swept[found.left], swept[found.right]
        if found.left >= count:
            continue
        if found.right < count and left[0] != right[0] and not {left[:2], right[:2]} <= announced:
            continue
        if found.right < count:
            left, right = right, left
        context.report.add(
            "EDGE424", left[2], f"{left[3].text} overlaps {right[3].text} of {right[2]}", "use a range of its own"
        )
    for cluster in clusters:
        _check_room(context, cluster)


def _check_room(context: Context, cluster: Cluster) -> None:
    """Report pod ranges that have fewer CIDRs than the cluster has nodes: the last ones would get none."""
    if cluster.pod_pools:
        return
    values = context.parsed.clusters[cluster.host]
    written = values["edge_cluster_pod_mask"]
    raw = context.parsed.hosts[cluster.host].get("edge_cluster_pod_mask")
    if raw is not None and (not written or (isinstance(raw, Mapping) and len(raw) > len(written))):
        return  # the length could not be read, which was reported
    ranges: dict[Family, list[Cidr]] = {}
    for cidr in values[POD_CIDRS]:
        ranges.setdefault(cidr.family, []).append(cidr)
    for family, cidrs in ranges.items():
        length = cluster.pod_mask[family]
        if any(length < cidr.prefix_length or (length == cidr.prefix_length and written) for cidr in cidrs):
            continue  # the length was reported
        room = sum(1 << max(0, length - cidr.prefix_length) for cidr in cidrs)
        if room < len(cluster.nodes):
            context.report.add(
                "EDGE423",
                f"{cluster.host}.{POD_CIDRS}",
                f"{', '.join(cidr.text for cidr in cidrs)} has {room} CIDR{'s' * (room != 1)} of length {length} for"
                f" {len(cluster.nodes)} nodes, which take one each",
                "write a wider range, or a longer edge_cluster_pod_mask",
            )
