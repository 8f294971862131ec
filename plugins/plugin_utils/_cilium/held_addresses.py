# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that live services hold, and which a change of pools would take away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._errors import EdgeError
from .._addressing.addresses import parse_address, parse_pool_entry
from .._addressing.intervals import contains, merge
from .._kubernetes.labels import CILIUM_CLASSES, service_labels
from .._kubernetes.selectors import selector_of
from .common import Object
from .live_objects import is_ours, place


def moved_addresses(
    planned: Sequence[Object], may_move: frozenset[str], state: Mapping[str, Any], site: str
) -> Iterator[EdgeError]:
    """Yield an error for each address that a service holds from a pool of ours and would lose by the plan."""
    if "*" in may_move:
        return
    live = [item for item in state["objects"] if item["kind"] == "CiliumLoadBalancerIPPool"]
    ours = [item for item in live if is_ours(item["metadata"], site)]
    after = [item for item in live if not is_ours(item["metadata"], site)]
    after += [item for item in planned if item["kind"] == "CiliumLoadBalancerIPPool"]
    for service in state["services"]:
        metadata = service["metadata"]
        name = f"{metadata['namespace']}/{metadata['name']}"
        if service["spec"].get("loadBalancerClass") not in CILIUM_CLASSES or name in may_move:
            continue
        for address in _held_addresses(service):
            holders = [pool["metadata"]["name"] for pool in ours if _pool_holds(pool, address)]
            if holders and not any(_pool_holds(pool, address) and _pool_serves(pool, metadata) for pool in after):
                yield EdgeError(
                    f"CiliumLoadBalancerIPPool {holders[0]}",
                    f"the service {name} holds {address}, which no planned pool gives it: Cilium would take it away",
                    f"keep the address in its pool, or list {name} in cilium_net_lb_may_move",
                )


def _held_addresses(service: Object) -> list[str]:
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return [item["ip"] for item in ingress if item.get("ip")]


def _pool_holds(pool: Object, address: str) -> bool:
    """Return whether an address is in a pool's blocks; reserved first and last addresses count, as they stay held."""
    blocks = pool["spec"].get("blocks") or []
    texts = [item.get("cidr") or f"{item['start']}-{item.get('stop', item['start'])}" for item in blocks]
    try:
        intervals = [parse_pool_entry(text, place(pool)).interval for text in texts]
    except EdgeError:  # a foreign pool, written in a way that nobody can count on
        return False
    return contains(merge(intervals), parse_address(address, "").interval)


def _pool_serves(pool: Object, metadata: Mapping[str, Any]) -> bool:
    special = service_labels(metadata["namespace"], metadata["name"])
    selector = pool["spec"].get("serviceSelector")
    return not selector or selector_of(selector).matches({**(metadata.get("labels") or {}), **special})
