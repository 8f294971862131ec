# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pod CIDRs that nodes hold, and which a change of CiliumPodIPPools would take out of their pool.

A node keeps what it was given, and its pods their addresses; but the operator then gives the range to nobody, or to
nodes of another pool a second time (Cilium documentation, "Multi-Pool": CIDRs in use must not be removed).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._errors import EdgeError
from ...module_utils._kubernetes.cilium_kinds import NODE
from .._addressing.addresses import parse_cidr
from .._addressing.intervals import contains
from .._cilium.common import Object
from .._findings.wording import MOST_NAMES, some
from .consent import ConsentError
from .live_objects import is_ours, place
from .others_objects import POD_POOL, name_as_it_lives, pod_blocks


def pod_cidrs_leave(planned: Iterable[Object], live: Iterable[Object], site: str) -> bool:
    """Return whether a live pool of this site loses CIDRs, so that those of nodes are to be read."""
    wanted = _by_name(planned)
    return any(_loses(item, wanted) for item in live if item["kind"] == POD_POOL and is_ours(item["metadata"], site))


def lost_pod_cidrs(
    planned: Iterable[Object],
    removed: Iterable[Object],
    live: Sequence[Object],
    made: Callable[[Object], bool],
    consent: Collection[str] = (),
) -> Iterator[EdgeError]:
    """Yield an error for each pool of this site that loses CIDRs which nodes hold.

    Args:
        planned: the cluster's pools.
        removed: those that left the plan.
        live: what the cluster has, with each CiliumNode.
        made: whether this site made a live object.
        consent: words of the pools that may lose them (:func:`.others_objects.name_as_it_lives`).
    """
    wanted = _by_name(planned)
    judged = {*wanted, *_by_name(removed)}
    nodes = [item for item in live if item["kind"] == NODE]
    for item in live:
        name = item["metadata"]["name"]
        if item["kind"] != POD_POOL or name not in judged or not made(item) or name_as_it_lives(item) in consent:
            continue
        kept = pod_blocks(wanted[name]) if name in wanted else ()
        held = [
            f"{node['metadata']['name']} has {cidr}"
            for node in nodes
            for cidr in allocated(node, name)
            if not contains(kept, parse_cidr(cidr, place(node)).interval)
        ]
        if held:
            yield _in_use(item, sorted(held), name in wanted)


def _by_name(planned: Iterable[Object]) -> dict[str, Object]:
    return {item["metadata"]["name"]: item for item in planned if item["kind"] == POD_POOL}


def _loses(item: Object, wanted: Mapping[str, Object]) -> bool:
    now = wanted.get(item["metadata"]["name"])
    kept = pod_blocks(now) if now else ()
    return any(not contains(kept, block) for block in pod_blocks(item))


def allocated(node: Object, pool: str) -> Iterator[str]:
    """Yield the CIDRs that a node has of a pool (``CiliumNode.spec.ipam.pools.allocated``)."""
    pools: Mapping[str, Any] = ((node.get("spec") or {}).get("ipam") or {}).get("pools") or {}
    for item in pools.get("allocated") or []:
        if item.get("pool") == pool:
            yield from item.get("cidrs") or []


def _in_use(item: Object, held: Sequence[str], stays: bool) -> EdgeError:
    lacks = "its planned CIDRs lack what nodes hold of it"
    if not stays:
        lacks = "the inventory lacks it, and nodes hold CIDRs of it"
    return ConsentError(
        place(item),
        f"{lacks}: {some(held, MOST_NAMES)}. Pods there keep their addresses, and the range may be given out again",
        "put it back, or drain these nodes and delete their CiliumNode first",
        "objects",
        name_as_it_lives(item),
        "cilium_net_lb",
    )
