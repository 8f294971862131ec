# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, pod ranges that no key of the inventory says: a Helm value, the distribution's, or the chart's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..._addressing.addresses import Cidr, interval_text
from ..._addressing.intervals import Interval, subtract
from ..._cilium.pod_ranges import PodRange, pod_ranges_in_use
from ..._model.site import Cluster
from ..hosts import Context
from .pod_pools import POD_CIDRS, POD_POOLS, SERVICE_CIDRS
from .pools import OwnedPool

_BEFORE = "before Cilium is installed"
_RUNS = "where it runs, write the ranges that its CiliumNodes have under spec.ipam, and consent to that one change"
_ACCEPT = "a cluster that runs keeps its ranges: there accept it, and watch what new nodes get"


@dataclass(frozen=True, slots=True)
class _Parts:
    """Parts of a cluster's pod range that some of its nodes get, and how findings speak of them."""

    cluster: Cluster
    pods: PodRange
    path: str
    """Where the range is said, or is to be."""
    parts: tuple[Interval, ...]
    are_later: bool
    """Whether they are those of nodes to come."""

    @property
    def nodes(self) -> str:
        """Return whose parts they are."""
        count = len(self.cluster.nodes)
        return "nodes to come get" if self.are_later else f"{count} node{'s get' if count != 1 else ' gets'}"

    @property
    def said_range(self) -> str:
        """Return the range and who says it, as the problem at ``path`` begins; after it comes a part."""
        return f"is {self.pods.text}, so" if self.pods.path else "is missing, so"

    def hit(self, others: Iterable[Interval]) -> str | None:
        """Return the first part that shares addresses with others; None where none does."""
        return next((interval_text(part) for part in self.parts if any(map(part.meets, others))), None)

    @property
    def of_what(self) -> str:
        """Return what the parts are cut out of."""
        return "it" if self.pods.path else f"{self.pods.whose} {self.pods.text}"


def check_release_ranges(context: Context, clusters: Iterable[Cluster], pools: Sequence[OwnedPool]) -> None:
    """Report what shares addresses with pod CIDRs that nodes get out of a range that no key says.

    With those of the inventory's nodes it is an error: a node would take packets to its network, or to a service, for
    those to its own pods. With those of nodes to come it is a warning.

    Args:
        context: takes the findings.
        clusters: the resolved clusters.
        pools: those of all clusters.
    """
    for cluster in clusters:
        if _is_damaged(context, cluster):
            continue
        for pods in pod_ranges_in_use(cluster):
            path = _path(context, cluster, pods)
            now = _Parts(cluster, pods, path, pods.now, False)
            later = _Parts(cluster, pods, path, pods.later, True)
            reported = []
            for other, cidr in _others(context, cluster):
                for item in (now, later):
                    if (part := item.hit([cidr.interval])) is not None:
                        _report_range(context, item, part, f"{cidr.text} of {other}")
                        reported.append(cidr.interval)
                        break
            for owned in pools:
                _check_pool(context, owned, (now, later), reported)


def _is_damaged(context: Context, cluster: Cluster) -> bool:
    """Return whether a key that would say the range was written and could not be read, which was reported."""
    return any(context.is_unknown(cluster.host, key) for key in (POD_CIDRS, POD_POOLS, "edge_cluster_distribution"))


def _path(context: Context, cluster: Cluster, pods: PodRange) -> str:
    if not pods.path:
        return f"{cluster.host}.{POD_CIDRS}"
    top, _dot, rest = pods.path.partition(".")
    return f"{context.parsed.clusters[cluster.host]['edge_cilium_values'][top].path}.{rest}"


def _others(context: Context, cluster: Cluster) -> Iterator[tuple[str, Cidr]]:
    """Yield the CIDRs of networks, and of the cluster's services, each with its path."""
    for item in context.parsed.networks.values():
        for index, cidr in enumerate(item["cidr"]):
            yield item.at("cidr", index), cidr
    for cidr in cluster.service_cidrs:
        yield f"{cluster.host}.{SERVICE_CIDRS}", cidr


def _report_range(context: Context, item: _Parts, part: str, other: str) -> None:
    problem = f"{item.said_range} {item.nodes} {part} of {item.of_what}, which overlaps {other}"
    hint = f"write a range of its own {_BEFORE}"
    if item.are_later:
        context.report.add("EDGE429", item.path, problem, f"{hint}; {_ACCEPT}")
    else:
        context.report.add("EDGE424", item.path, problem, f"{hint}; {_RUNS}")


def _check_pool(context: Context, owned: OwnedPool, kinds: Iterable[_Parts], reported: Sequence[Interval]) -> None:
    """Report the entries of a pool that share addresses with pod CIDRs of nodes, where no reported network does."""
    for index, entry in enumerate(owned.pool.entries):
        outside = subtract([entry.interval], reported)
        for item in kinds:
            part = item.hit(outside)
            if part is None:
                continue
            said = "says" if item.pods.path else "is missing"
            out_of = f"{item.pods.text}, as {item.path} {said}" if item.pods.path else ""
            out_of = out_of or f"{item.of_what}, as {item.path} {said}"
            problem = f"{entry.text} overlaps {part}, which {item.nodes} for pods out of {out_of}"
            hint = f"use a range of its own, or write another one there {_BEFORE}"
            path = owned.item.at("addresses", index)
            if item.are_later:
                context.report.add("EDGE429", path, problem, f"{hint}; {_ACCEPT}")
            else:
                context.report.add("EDGE409", path, problem, f"{hint}; {_RUNS}")
            break
