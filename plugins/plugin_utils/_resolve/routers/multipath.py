# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which neighbors and links of a router may announce one prefix from different ASes.

FRR uses such paths together only with ``bgp bestpath as-path multipath-relax``: without it, paths of equal length must
also have equal AS numbers (FRR user guide, BGP route selection).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ..._addressing.addresses import DEFAULT_ROUTE, Cidr
from ..._addressing.families import Family
from ..._model.prefix_rules import lengths
from ..._model.site import Neighbor, Policy, PrefixRule, Router

DEFAULT_PREFERENCE = 100
"""Local preference of routes to which no policy gives one; FRR's default."""

Exports = Mapping[tuple[str | None, str | None, str | None], Policy]
"""What a router sends over a link: router, link, other router -> its export."""


class _Heard(NamedTuple):
    """What may come from one neighbor, in the order of the sweep: by address, wider prefixes first."""

    family: Family
    first: int
    prefix_length: int
    low: int
    high: int
    last: int
    speaker: str
    """Its AS number, or its name where any number is taken."""
    name: str
    prefix: Cidr


def relaxing_neighbors(router: Router, exports: Exports) -> tuple[str, str, Cidr] | None:
    """Return two neighbors of different ASes that may announce one prefix, and where; None = there are none.

    They must be equally preferred: with different local preferences one of them is the backup. Neighbors of the
    router's own AS count for nothing, and neither does anything where ``edge_router_maximum_paths`` is 1.
    Cost: n log n in the rules.
    """
    if router.maximum_paths == 1:
        return None
    by_preference: dict[int, list[_Heard]] = {}
    for neighbor in router.neighbors:
        if neighbor.asn not in ("internal", router.asn):
            preference = neighbor.import_.local_preference
            key = DEFAULT_PREFERENCE if preference is None else preference
            by_preference.setdefault(key, []).extend(_heard(neighbor, _sent(router, neighbor, exports)))
    for _preference, heard in sorted(by_preference.items(), reverse=True):
        found = _shared(sorted(heard))
        if found is not None:
            return found
    return None


def link_exports(routers: Iterable[Router]) -> Exports:
    """Return what each end of each link sends."""
    return {
        (router.host, neighbor.link, neighbor.other): neighbor.export
        for router in routers
        for neighbor in router.neighbors
        if neighbor.link is not None
    }


def _sent(router: Router, neighbor: Neighbor, exports: Exports) -> Policy:
    """Return what may come: what is accepted; on a link what the other end sends, where that is known by prefix."""
    export = exports.get((neighbor.other, neighbor.link, router.host))
    if export is None or export.everything or export.redistributed or neighbor.import_.empty:
        return neighbor.import_
    return export


def _heard(neighbor: Neighbor, policy: Policy) -> Iterator[_Heard]:
    """Yield what a policy lets through from a neighbor, in the families that its sessions carry."""
    speaker = neighbor.name.removesuffix("-v6") if neighbor.asn == "external" else str(neighbor.asn)
    rules = list(policy.prefixes)
    for family in neighbor.families:
        rules += [PrefixRule(DEFAULT_ROUTE[family], None, family.width)] if policy.everything else []
        rules += [PrefixRule(DEFAULT_ROUTE[family])] if policy.default_route else []
    for known in rules:
        if known.family in neighbor.families:
            cidr, low, high = lengths(known)
            span = cidr.interval
            yield _Heard(
                cidr.family, span.first, cidr.prefix_length, low, high, span.last, speaker, neighbor.name, cidr
            )


def _shared(heard: list[_Heard]) -> tuple[str, str, Cidr] | None:
    """Return the first two that different speakers may announce; prefixes lie inside each other or apart."""
    around: list[_Heard] = []
    for one in heard:
        while around and (around[-1].family != one.family or around[-1].last < one.first):
            around.pop()
        for other in around:
            if other.speaker != one.speaker and max(one.low, other.low) <= min(one.high, other.high):
                first, second = sorted((one.name, other.name))
                return first, second, one.prefix
        around.append(one)
    return None
