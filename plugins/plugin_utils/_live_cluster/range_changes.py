# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which Helm values pods get their addresses, and which changes of them a running cluster does not survive.

Cilium documentation, "IP Address Management (IPAM)": the mode of an existing cluster is not changed, but from
cluster-pool to multi-pool from 1.20 on, by a procedure. "Cluster Scope": ranges are appended, none is changed, nor is
the length of nodes' ranges.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._errors import EdgeError
from ...module_utils._kubernetes.cilium_kinds import NODE, READ_ONLY_PLURALS
from .._addressing.families import Family
from .._addressing.intervals import Interval, contains, merge
from .._addressing.live import live_cidr
from .._cilium.common import Object
from .._cilium.ipam import CLUSTER_POOL, MADE_AT_START, MULTI_POOL, enabled_path, ipam_mode, is_on, list_path, mask_path
from .._cilium.lb import DEFAULT_POD_POOL
from .._cilium.pod_ranges import CHART_RANGES, written_ranges
from .._findings.wording import MOST_NAMES, some
from .._kubernetes.values import as_written, is_true, value_at
from .._versions.cilium import POOL_MIGRATION_SINCE, parse_version

MIGRATION = "enable-cluster-pool-to-multi-pool-migration"
"""The operator's option by which it hands the ranges of nodes over to the pool ``default``."""
_FIRST_POOL = f"{MADE_AT_START}.{DEFAULT_POD_POOL}"


def usage(planned: Mapping[str, Any]) -> list[str]:
    """Return the kinds, by plural, of which :func:`nodes_outside` wants the live objects: large, and not always used.

    Args:
        planned: the values of the release.
    """
    return [READ_ONLY_PLURALS[NODE]] if ipam_mode(planned) == CLUSTER_POOL else []


def range_changes(
    live: Mapping[str, Any], planned: Mapping[str, Any], live_version: str, planned_version: str
) -> list[str]:
    """Return what a plan changes of how pods of a running cluster get addresses, each as ``path: old -> new``.

    What is absent counts as the chart's own. Ranges may be appended; a family may be switched on; and 1.20 goes from
    cluster-pool to multi-pool where the values follow its procedure (:func:`migration_lacks`).

    Args:
        live: the values of the release that runs.
        planned: those that are to follow.
        live_version: of the release that runs.
        planned_version: of the planned one.
    """
    modes = ipam_mode(live), ipam_mode(planned)
    found = [path for family in Family for path in _switched_off(family, live, planned)]
    if modes == (CLUSTER_POOL, CLUSTER_POOL):
        return found + [text for family in Family for text in _pool_changes(family, live, planned)]
    if modes[0] == modes[1]:
        return found
    if modes != (CLUSTER_POOL, MULTI_POOL):
        return [f"ipam.mode: {modes[0]} -> {modes[1]}", *found]
    lacks = migration_lacks(live, planned, live_version, planned_version)
    if lacks:
        return [f"ipam.mode: {modes[0]} -> {modes[1]}, for which Cilium wants {'; '.join(lacks)}", *found]
    return found


def migration_lacks(
    live: Mapping[str, Any], planned: Mapping[str, Any], live_version: str, planned_version: str
) -> list[str]:
    """Return what lacks for Cilium's way from cluster-pool to multi-pool.

    The operator hands nodes' ranges over first, and agents are started anew after that. A change of the version, or of
    ``rollOutCiliumPods`` itself, starts them at once. (Cilium documentation 1.20, "Migrating from Cluster Scope to
    Multi-Pool".)

    Args:
        live: the values of the release that runs.
        planned: those that are to follow.
        live_version: of the release that runs.
        planned_version: of the planned one.
    """
    if not _has_migration(planned_version):
        return ["Cilium 1.20 or later"]
    lacks = []
    if live_version != planned_version:
        lacks.append(f"Cilium {planned_version} to run before")
    if is_true(live, "rollOutCiliumPods") or is_true(planned, "rollOutCiliumPods"):
        lacks.append(f"{as_written('rollOutCiliumPods', False)}, from a run before on")
    migrates = f"extraConfig.{MIGRATION}"
    if not is_true(planned, migrates):
        lacks.append(as_written(migrates, "true"))
    return lacks + [text for family in Family if is_on(family, live) for text in _pool_lacks(family, live, planned)]


def nodes_outside(planned: Mapping[str, Any], nodes: Iterable[Object], released: bool = True) -> str:
    """Return which nodes have pod CIDRs that are in none of the planned ranges; nothing where none has.

    Judged are families that are on, in IPAM mode cluster-pool: in the others Cilium's operator has no ranges.

    Args:
        planned: the values of the release.
        nodes: what the cluster has, with each CiliumNode.
        released: whether there is a release of Cilium; without one these may be what an older one left.
    """
    if ipam_mode(planned) != CLUSTER_POOL:
        return ""
    ranges = {family: _ranges(family, planned) for family in Family if is_on(family, planned)}
    known = merge(block for own in ranges.values() for block in map(_block, own) if isinstance(block, Interval))
    outside = []
    for node in sorted((item for item in nodes if item["kind"] == NODE), key=lambda item: item["metadata"]["name"]):
        for cidr in pod_cidrs(node):
            block = _block(cidr)
            if isinstance(block, Interval) and block.family in ranges and not contains(known, block):
                outside.append(f"{node['metadata']['name']} {cidr}")
    if not outside:
        return ""
    told = ", ".join(text for own in ranges.values() for text in own)
    left = "" if released else "; where no agent runs any more, deleting the CiliumNodes is enough"
    return (
        f"Nodes have pod CIDRs outside ipam.operator's ranges {told}: {some(outside, MOST_NAMES)}. Cilium does not move"
        " a node to another range. Write the range that the nodes have (edge_cluster_pod_cidrs), or take the nodes out"
        f" of the cluster, with their CiliumNodes, and join them again once Cilium runs with these ranges{left}"
    )


def pod_cidrs(node: Object) -> Sequence[str]:
    """Return the pod CIDRs of a node (``CiliumNode.spec.ipam.podCIDRs``)."""
    return ((node.get("spec") or {}).get("ipam") or {}).get("podCIDRs") or ()


def _has_migration(version: str) -> bool:
    """Return whether a Cilium goes from cluster-pool to multi-pool while it runs; one that is no version does not."""
    try:
        return parse_version(version) >= POOL_MIGRATION_SINCE
    except EdgeError:
        return False


def _ranges(family: Family, values: Mapping[str, Any]) -> list[str]:
    """Return the ranges of mode cluster-pool; the chart's own where none are written."""
    written = value_at(values, list_path(family))
    if written is None:
        return [CHART_RANGES[family][0]]
    return written_ranges(written)


def _mask(family: Family, values: Mapping[str, Any]) -> str:
    """Return the length of a node's range, as text; the chart's own where none is written."""
    written = value_at(values, mask_path(family))
    return str(CHART_RANGES[family][1] if written is None else written)


def _block(text: str) -> Interval | str:
    """Return the addresses of a CIDR, so that two spellings of one are equal; what is none as it is."""
    length = str(text).rpartition("/")[2]
    if not length.isdecimal():  # Python takes an address alone too, and a mask; Cilium's operator does not
        return text
    try:
        return live_cidr(text)
    except (TypeError, ValueError):
        return text


def _switched_off(family: Family, live: Mapping[str, Any], planned: Mapping[str, Any]) -> Iterator[str]:
    """Yield a family that pods have, and lose."""
    if is_on(family, live) and not is_on(family, planned):
        yield f"{enabled_path(family)}: true -> false"


def _pool_changes(family: Family, live: Mapping[str, Any], planned: Mapping[str, Any]) -> Iterator[str]:
    """Yield what changes of the ranges of a family, and of the length of nodes' ranges; appended ranges are none."""
    if not (is_on(family, live) and is_on(family, planned)):
        return
    before, after = _ranges(family, live), _ranges(family, planned)
    kept = {_block(text) for text in after}
    if any(_block(text) not in kept for text in before):
        yield f"{list_path(family)}: {json.dumps(before)} -> {json.dumps(after)}"
    if _mask(family, live) != _mask(family, planned):
        yield f"{mask_path(family)}: {_mask(family, live)} -> {_mask(family, planned)}"


def _pool_lacks(family: Family, live: Mapping[str, Any], planned: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the pool ``default`` lacks of the ranges that nodes have; one that is made by hand is not judged."""
    pool = value_at(planned, _FIRST_POOL)
    if not isinstance(pool, Mapping):
        return
    cidrs = value_at(pool, f"{family.key}.cidrs")
    blocks = map(_block, cidrs if isinstance(cidrs, (list, tuple)) else ())
    known = merge(block for block in blocks if isinstance(block, Interval))
    lacking = [text for text in _ranges(family, live) if not _is_within(known, _block(text))]
    if lacking:
        yield f"{', '.join(lacking)} in the pod pool {DEFAULT_POD_POOL}"
    mask = _mask(family, live)
    if str(value_at(pool, f"{family.key}.maskSize")) != mask:
        yield f"the pod pool {DEFAULT_POD_POOL} to give nodes /{mask}, as they have"


def _is_within(known: Sequence[Interval], block: Interval | str) -> bool:
    return isinstance(block, Interval) and contains(known, block)
