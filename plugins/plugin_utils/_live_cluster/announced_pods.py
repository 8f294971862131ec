# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pod CIDRs that nodes announce, and that routers with the plan would no longer accept.

A node keeps the range that it has, whatever the values of the release say later, and announces it (Cilium
documentation, "Cluster Scope"). Who gives ranges to nodes does not matter: a release of ours, of Flux, or Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...module_utils._kubernetes.cilium_kinds import NODE
from .._addressing.intervals import Interval, contains
from .._addressing.live import live_cidr
from .._cilium.common import Object
from .._cilium.lb import DEFAULT_POD_POOL
from .._document.plan import PlannedCluster, PlannedRoutes, PrefixMatch
from .._findings.wording import MOST_NAMES, some
from .._kubernetes.labels import POD_POOL_NAME
from .._kubernetes.selectors import parse_selector
from .held_pod_cidrs import allocated
from .others_objects import POD_POOL
from .range_changes import pod_cidrs

OF_NODES, OF_POOLS = "pod_cidrs", "pod_pools"
"""The kinds of planned routes whose prefixes nodes hold (``expect.routes``)."""


def not_accepted(
    routes: Sequence[PlannedRoutes],
    planned: Sequence[PlannedRoutes],
    cluster: PlannedCluster,
    nodes: Iterable[Object],
) -> str:
    """Return which nodes announce pod CIDRs that no router with the plan accepts; nothing where none does.

    A router has one filter for all that a peer group announces, so what was planned for another reason, such as the
    peering's ``import``, lets a pod CIDR in too.

    Args:
        routes: the planned ones of the cluster by which nodes are judged, of the kinds above.
        planned: all of the cluster, of whatever kind.
        cluster: the planned cluster.
        nodes: what the cluster has, with each CiliumNode.
    """
    outside = []
    for node in sorted(
        (item for item in nodes if item["kind"] == NODE), key=lambda item: str(item["metadata"]["name"])
    ):
        name = node["metadata"]["name"]
        own = [route for route in routes if name in route["nodes"]]
        refused = {text for route in own for text in _refused(route, _accepted(route, planned), cluster, node)}
        outside += [f"{name} {text}" for text in sorted(refused)]
    if not outside:
        return ""
    accepted = sorted({_match_text(match) for route in routes for match in _accepted(route, planned)})
    keys = "edge_cluster_pod_cidrs and edge_cluster_pod_mask"
    if all(route["kind"] == OF_POOLS for route in routes):
        keys = "edge_cluster_pod_pools"
    return (
        f"Nodes announce pod CIDRs that routers with this plan would refuse: {some(outside, MOST_NAMES)}. They accept"
        f" {', '.join(accepted)}. A node keeps the range that it has, also once others have applied the plan. Write the"
        f" ranges that nodes have beside the new ones ({keys}), or take these nodes out of the cluster, with their"
        " CiliumNodes, and join them again, before the routers take the plan"
    )


def _accepted(route: PlannedRoutes, planned: Iterable[PlannedRoutes]) -> list[PrefixMatch]:
    """Return all that the filter lets in through which a router takes these routes."""
    return [
        match
        for other in planned
        if all(other[key] == route[key] for key in ("peering", "router", "peer_group"))
        for match in other["prefixes"]
    ]


def _refused(
    route: PlannedRoutes, accepted: Sequence[PrefixMatch], cluster: PlannedCluster, node: Object
) -> Iterator[str]:
    """Yield what a node has of a kind of routes and no accepted prefix lets in; what is no CIDR is passed over."""
    for text in pod_cidrs(node) if route["kind"] == OF_NODES else _of_pools(route, cluster, node):
        try:
            block = live_cidr(text)
        except (TypeError, ValueError):
            continue
        if block.family.key in route["families"] and not any(_lets_in(match, block) for match in accepted):
            yield text


def _of_pools(route: PlannedRoutes, cluster: PlannedCluster, node: Object) -> Iterator[str]:
    """Yield the CIDRs that a node has of planned pools that are announced; one that goes is announced no longer."""
    selector = parse_selector(route["selector"], "selector") if route["selector"] else None
    labels = {
        item["metadata"]["name"]: item["metadata"].get("labels") or {}
        for item in cluster["lb"]
        if item["kind"] == POD_POOL
    }
    for pool, own in ({DEFAULT_POD_POOL: {}} | labels).items():
        if selector is None or selector.matches({**own, POD_POOL_NAME: pool}):
            yield from allocated(node, pool)


def _lets_in(match: PrefixMatch, block: Interval) -> bool:
    """Return whether a prefix of a plan lets in a CIDR, as a prefix-list with ``ge`` and ``le`` does."""
    known = live_cidr(match["prefix"])
    shortest = _length(known) if match["ge"] is None else match["ge"]
    longest = shortest if match["le"] is None else match["le"]
    return contains([known], block) and shortest <= _length(block) <= longest


def _length(block: Interval) -> int:
    return int(block.family.width - (block.size.bit_length() - 1))


def _match_text(match: PrefixMatch) -> str:
    length = match["le"]
    return match["prefix"] if length is None else f"{match['prefix']} in parts of /{length}"
