# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ranges out of which pods of the planned release get their addresses, and which parts of them nodes get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from .._addressing.addresses import Cidr, parse_cidr
from .._addressing.families import Family
from .._addressing.intervals import Interval
from .._kubernetes.values import value_at
from .._model.site import Cluster
from .distributions import distribution_of
from .helm_values import helm_values
from .ipam import CLUSTER_POOL, MADE_AT_START, MULTI_POOL, ipam_mode, is_on, list_path, mask_path

CHART_RANGES: Mapping[Family, tuple[str, int]] = {Family.IPV4: ("10.0.0.0/8", 24), Family.IPV6: ("fd00::/104", 120)}
"""Family -> what the chart has for ``ipam.operator.clusterPool*``: the range, and the length of a node's part of it."""
RESERVE = 16
"""Nodes that may join, or take the place of others, at the least: :func:`pod_ranges_in_use`."""


@dataclass(frozen=True, slots=True)
class PodRange:
    """A range out of which the operator cuts nodes' pod CIDRs, where no key of the inventory says it."""

    cidrs: tuple[Cidr, ...]
    path: str | None
    """Of the user's Helm value that says it; None: nobody does."""
    whose: str
    """Who says it instead, such as ``the chart's``; empty where the user does."""
    now: tuple[Interval, ...]
    """What as many nodes get as the inventory has."""
    later: tuple[Interval, ...]
    """What nodes get that join after them."""

    @property
    def text(self) -> str:
        """Return the range as it is written."""
        return ", ".join(cidr.text for cidr in self.cidrs)


def pod_ranges_in_use(cluster: Cluster) -> list[PodRange]:
    """Return the pod ranges of a cluster's release that no key of the inventory says.

    The operator cuts a range into parts of one length and gives each node the next one, from the beginning on
    (``pkg/ipam/cidrset``, ``AllocateNext``), so of 10.0.0.0/8 three nodes get 10.0.0.0/24, 10.0.1.0/24 and 10.0.2.0/24.
    What lies behind those parts belongs to nobody yet: half of all sites live somewhere in 10.0.0.0/8. A node that is
    replaced gets a part further on, so as many parts again, at least :data:`RESERVE`, count as those of nodes to come.

    In this order the range of a family is ``edge_cluster_pod_cidrs`` (not returned: it is checked as a whole), the
    user's Helm value, the distribution's, or the chart's. In the modes of IPAM other than cluster-pool and multi-pool
    no release has a range. Nothing is known of a release that is not ours.

    Source: Cilium documentation, "Cluster Scope", "Check for conflicting node CIDRs".
    """
    if cluster.absent or not (cluster.managed and cluster.cilium_managed) or cluster.pod_pools:
        return []
    release = helm_values(cluster)
    mode = ipam_mode(release)
    count = len(cluster.nodes)
    if mode == MULTI_POOL:
        return list(_made_at_start(cluster.values, count))
    if mode != CLUSTER_POOL:
        return []
    return [found for family in Family if (found := _cluster_pool(cluster, release, family, count)) is not None]


def node_parts(cidrs: Iterable[Cidr], length: int, first: int, count: int) -> tuple[Interval, ...]:
    """Return the parts of ranges that nodes get, one interval for each range that has any of them.

    Args:
        cidrs: the ranges, in the order in which the operator takes them.
        length: prefix length of a part.
        first: number of the first node, from 0 on.
        count: how many nodes.
    """
    found = []
    for cidr in cidrs:
        room = 1 << max(0, length - cidr.prefix_length)
        size = cidr.interval.size // room
        begin, end = min(first, room), min(first + count, room)
        if begin < end:
            start = cidr.interval.first
            found.append(Interval(cidr.family, start + begin * size, start + end * size - 1))
        first, count = first - begin, count - (end - begin)
    return tuple(found)


def _cluster_pool(cluster: Cluster, release: Mapping[str, Any], family: Family, count: int) -> PodRange | None:
    """Return the range of one family in IPAM mode cluster-pool; None where a key says it, or nobody runs the family."""
    if not is_on(family, release) or any(cidr.family is family for cidr in cluster.pod_cidrs):
        return None
    key = list_path(family)
    chart, length = CHART_RANGES[family]
    written = value_at(cluster.values, key)
    cidrs = _read(value_at(release, key) or chart, family)
    length = _number(value_at(release, mask_path(family)), length)
    if not cidrs:
        return None
    whose = f"{distribution_of(cluster.distribution).name}'s" if value_at(release, key) else "the chart's"
    return _range(cidrs, length, count, key if written else None, "" if written else whose)


def _made_at_start(values: Mapping[str, Any], count: int) -> Iterator[PodRange]:
    """Yield the ranges of pod pools that the user's Helm values have the operator make when it starts."""
    pools = value_at(values, MADE_AT_START)
    for name, pool in (pools if isinstance(pools, Mapping) else {}).items():
        for family in Family:
            of_family = pool.get(family.key) if isinstance(pool, Mapping) else None
            written = of_family if isinstance(of_family, Mapping) else {}
            cidrs = _read(written.get("cidrs"), family)
            length = _number(written.get("maskSize"), family.width)
            if cidrs:
                yield _range(cidrs, length, count, f"{MADE_AT_START}.{name}.{family.key}.cidrs", "")


def _range(cidrs: Sequence[Cidr], length: int, count: int, path: str | None, whose: str) -> PodRange:
    now, later = node_parts(cidrs, length, 0, count), node_parts(cidrs, length, count, max(count, RESERVE))
    return PodRange(tuple(cidrs), path, whose, now, later)


def written_ranges(written: Any) -> list[str]:
    """Return the ranges that a Helm value has, as they are written: a list, or one text with blanks between them.

    The chart hands either to the operator as one text, which the operator parts at the blanks.
    """
    if written is None:
        return []
    return [str(item) for item in written] if isinstance(written, (list, tuple)) else str(written).split()


def _read(written: Any, family: Family) -> list[Cidr]:
    """Return the ranges of a family that a Helm value has, without host bits; what is none is Cilium's to refuse."""
    found = []
    for item in written_ranges(written):
        with suppress(ValueError):
            found.append(parse_cidr(str(ip_network(item, strict=False)), "ipam.operator"))
    return [cidr for cidr in found if cidr.family is family]


def _number(written: Any, usual: int) -> int:
    """Return a length of a Helm value, which may be text; the usual one where it is none."""
    text = str(written)
    return int(text) if text.isascii() and text.isdigit() and not isinstance(written, bool) else usual
