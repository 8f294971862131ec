# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of CiliumLoadBalancerIPPools and pod pools, and where CiliumL2AnnouncementPolicies announce them."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ....module_utils._errors import EdgeError
from ..._addressing.intervals import Interval, merge, overlaps
from ..._addressing.live import as_text, live_block
from .labels import EVERYTHING, ServiceClass, interface_pattern, selector
from .shape import read_as_the_api_has_it


def pool_blocks(spec: Mapping[str, Any], path: str) -> tuple[list[Interval], list[str]]:
    """Return the addresses that each block of a pool hands out, and the blocks that Cilium cannot read, as text.

    Host bits of a CIDR are masked, reserved ends taken off. ``allowFirstLastIPs`` is Yes by default (Cilium 1.16); No
    takes the ends of CIDRs of more than two addresses only. Cilium passes over a block that is no CIDR and no range of
    addresses (``ipRangeFromBlock``).

    Raises:
        EdgeError: a block is none as the API has it.
    """
    found, unread = [], []
    reserve = spec.get("allowFirstLastIPs") == "No"
    with read_as_the_api_has_it(path):
        for index, block in enumerate(spec.get("blocks") or []):
            try:
                found.append(_block(block, reserve))
            except (KeyError, ValueError):
                unread.append(f"{json.dumps(block, sort_keys=True)} is no block of addresses")
            except (AttributeError, TypeError) as error:
                raise EdgeError(f"{path}.blocks[{index}]", f"{block!r} is not a block of addresses") from error
    return found, unread


def pool_conflict(blocks: Sequence[Interval]) -> str:
    """Return what is wrong with the blocks of all pools; empty where nothing is (operator/pkg/lbipam, conflicts)."""
    shared = merge(found.interval for found in overlaps(blocks))
    return f"{interval_text(shared)} in two blocks: Cilium disables a pool as a whole" if shared else ""


def pod_pool_facts(spec: Mapping[str, Any], path: str) -> dict[str, str]:
    """Return the properties of a pod pool: CIDRs of each family in canonical order and spelling, all else as JSON.

    Raises:
        EdgeError: the part of a family has no CIDRs or no mask size.
    """
    facts = {key: json.dumps(value, sort_keys=True) for key, value in spec.items() if key not in ("ipv4", "ipv6")}
    for family in ("ipv4", "ipv6"):
        part = spec.get(family)
        if not part:
            continue
        try:
            cidrs = sorted(ipaddress.ip_network(as_text(cidr), strict=False) for cidr in part["cidrs"])
            facts[family] = f"{', '.join(map(str, cidrs))} by /{int(part['maskSize'])}"
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise EdgeError(f"{path}.{family}", f"{part!r} is not {{cidrs, maskSize}}") from error
    return facts


def _block(block: Mapping[str, Any], reserve: bool) -> Interval:
    interval = live_block(block)
    if reserve and block.get("cidr") and interval.size > 2:
        return Interval(interval.family, interval.first + 1, interval.last - 1)
    return interval


def interval_text(intervals: Iterable[Interval]) -> str:
    """Return addresses as CIDRs and ranges."""
    return ", ".join(_text(interval) for interval in intervals)


def _text(interval: Interval) -> str:
    kind = ipaddress.IPv4Address if interval.family == 4 else ipaddress.IPv6Address
    first, last = kind(interval.first), kind(interval.last)
    parts = list(ipaddress.summarize_address_range(first, last))
    return str(parts[0]) if len(parts) == 1 else f"{first}-{last}"


def announced_over_l2(
    policies: Mapping[str, Mapping[str, Any]],
    labels: Mapping[str, str],
    reach: Mapping[ServiceClass, tuple[Interval, ...]],
) -> dict[ServiceClass, str]:
    """Return what a node with these labels announces over L2 for each class of services, and on which interfaces."""
    result: dict[ServiceClass, str] = {}
    own = []
    for name, item in policies.items():
        path = f"CiliumL2AnnouncementPolicy {name}"
        nodes = selector(item["spec"].get("nodeSelector"), EVERYTHING, path) or EVERYTHING
        if nodes.matches(labels):
            matched = selector(item["spec"].get("serviceSelector"), EVERYTHING, path) or EVERYTHING
            with read_as_the_api_has_it(path):
                patterns = [interface_pattern(pattern) for pattern in item["spec"].get("interfaces") or [".*"]]
            own.append((matched, item["spec"], patterns))
    for found, intervals in reach.items():
        announced: set[str] = set()
        for matched, spec, patterns in own:
            if matched.matches(dict(found.labels)):
                if spec.get("loadBalancerIPs") and intervals:
                    announced.update(f"{interval_text(intervals)} on {pattern}" for pattern in patterns)
                if spec.get("externalIPs"):
                    announced.update(f"external IPs on {pattern}" for pattern in patterns)
        if announced:
            result[found] = ", ".join(sorted(announced))
    return result
