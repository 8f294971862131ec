# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pool math under Cilium's rules: usable addresses, overlaps, allocation, and a pool in the words of both ends.

Cilium's rules (LB-IPAM of 1.16 to 1.20, ``operator/pkg/lbipam``): with ``allowFirstLastIPs: No`` the first and the last
address of a block are reserved, but only of a block written as ``cidr`` and only if it has more than two addresses; two
blocks that share an address disable one pool as a whole, a pool with two such blocks disables itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any, NamedTuple

from ...module_utils._errors import EdgeError
from .._addressing.addresses import (
    Address,
    PoolEntry,
    address_text,
    interval_text,
    parse_address,
    parse_pool_entry,
    to_cidrs,
)
from .._addressing.families import Family, parse_family
from .._addressing.intervals import Interval, above, contains, cut, lowest_addresses, merge, subtract
from .._addressing.intervals import overlaps as interval_overlaps
from .._model.site import Pool

MAX_FREE = 4096
"""Most addresses that one call lists; a /64 has more than memory can hold."""


@dataclass(frozen=True, slots=True)
class PoolOverlap:
    """Addresses that two pools, or two entries of one pool, would both hand out."""

    left: int
    """Index of the pool in the input; ``left`` = ``right`` for a pool that overlaps itself."""
    left_entry: int
    """Index of the entry in the pool's ``entries``."""
    right: int
    right_entry: int
    interval: Interval
    """The shared addresses."""


class _Block(NamedTuple):
    """One block of a CiliumLoadBalancerIPPool."""

    interval: Interval
    cidr: str | None = None
    """Its text where it is written as ``cidr``; None = as ``start`` and ``stop``."""


@dataclass(frozen=True, slots=True)
class Request:
    """What one service asks of a pool."""

    name: str
    """``namespace/name``, or whatever names it for the user."""
    addresses: tuple[Address, ...] = ()
    """Pinned ones; the service then gets exactly these."""
    families: tuple[Family, ...] = ()
    """Empty = the pool's first family."""


def parse_pool(value: object, name: str, path: str) -> Pool:
    """Return the pool that ``value`` describes.

    Args:
        value: one entry as text, a list of entries, or a map with ``addresses``, ``exclude`` and ``first_last`` as in
            ``edge_pools.N`` (its other keys are about reachability and are not read here).
        name: the pool's name.
        path: where the value stands, for errors; empty for a filter's input.
    """
    if isinstance(value, (str, list, tuple)) or not isinstance(value, Mapping):
        return _pool(value, (), True, name, path, path)
    _refuse_misspelt(value, ("addresses", "exclude", "first_last"), "a pool", path)
    first_last = value.get("first_last", True)
    if not isinstance(first_last, bool):
        raise EdgeError(_join(path, "first_last"), f"{first_last!r} is not a boolean", "write true or false")
    if "addresses" not in value:
        raise EdgeError(path, "a pool needs the key addresses", "such as addresses: 203.0.113.88/29")
    return _pool(value["addresses"], value.get("exclude", ()), first_last, name, path, _join(path, "addresses"))


def parse_entries(value: object, path: str) -> tuple[PoolEntry, ...]:
    """Return the entries of a list, or of one entry without brackets."""
    if not isinstance(value, (list, tuple)):
        return (parse_pool_entry(value, path),)
    return tuple(parse_pool_entry(item, f"{path}[{index}]") for index, item in enumerate(value))


def parse_requests(value: object, path: str) -> tuple[Request, ...]:
    """Return the requests of a list of names, or of a map from name to ``addresses`` and ``families``.

    A map may be ``edge_services`` itself: other keys are not read here.
    """
    if isinstance(value, Mapping):
        return tuple(_request(str(name), wish, _join(path, str(name))) for name, wish in value.items())
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) and name for name in value):
        raise EdgeError(path, "the value is neither a list of names nor a map", "such as [media/plex, media/jellyfin]")
    twice = [name for index, name in enumerate(value) if name in value[:index]]
    if twice:
        raise EdgeError(path, f"{twice[0]} stands here twice", "name each service once")
    return tuple(Request(str(name)) for name in value)


def parse_addresses(value: object, path: str) -> tuple[Address, ...]:
    """Return the addresses of a list, or of one address without brackets; None is none."""
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        return (parse_address(value, path),)
    return tuple(parse_address(item, f"{path}[{index}]") for index, item in enumerate(value))


def usable(
    entries: Sequence[PoolEntry], exclude: Sequence[PoolEntry], first_last: bool, path: str = ""
) -> tuple[Interval, ...]:
    """Return the addresses that Cilium may hand out, merged and sorted.

    Args:
        entries: the pool's ``addresses``.
        exclude: addresses to take out of them; each must lie inside.
        first_last: False reserves the first and last address of each CIDR entry with more than two addresses.
        path: of the pool, for errors.
    """
    covered = merge(entry.interval for entry in entries)
    if covered and first_last and not exclude:
        return covered
    for entry in exclude:
        if not contains(covered, entry.interval):
            raise EdgeError(
                _join(path, "exclude"),
                f"{entry.text} is not inside the pool's addresses, {_texts(covered)}",
                "exclude only what addresses holds",
            )
    left = merge(
        block.interval if first_last or block.cidr is None else _without_ends(block.interval)
        for blocks in _written(entries, exclude, first_last)
        for block in blocks
    )
    if not left:
        raise EdgeError(path, "the pool has no address that a service can get", "widen addresses or exclude less")
    return left


def capacity(intervals: Iterable[Interval]) -> dict[Family, int]:
    """Return the number of addresses of each family that is there, IPv4 first."""
    counts: dict[Family, int] = {}
    for interval in merge(intervals):
        counts[interval.family] = counts.get(interval.family, 0) + interval.size
    return counts


def of_family(intervals: Iterable[Interval], family: Family) -> tuple[Interval, ...]:
    """Return the addresses of ``family``."""
    return tuple(interval for interval in intervals if interval.family == family)


def overlaps(pools: Sequence[Pool]) -> tuple[PoolOverlap, ...]:
    """Return which entries of which pools share which addresses, by Cilium's rule: block against block.

    Selectors do not matter, disabled pools take part, and so do the reserved first and last address of a CIDR: Cilium
    compares whole blocks. Excluded addresses are no part of any block.
    """
    owned = [
        (number, index, block.interval)
        for number, pool in enumerate(pools)
        for index, blocks in enumerate(_written(pool.entries, pool.exclude, pool.first_last))
        for block in blocks
    ]
    return tuple(
        PoolOverlap(*owned[found.left][:2], *owned[found.right][:2], found.interval)
        for found in interval_overlaps([interval for _number, _index, interval in owned])
    )


def refuse_self_overlap(pool: Pool, entries_path: str) -> None:
    """Raise if two entries of ``pool`` share an address: Cilium would disable the whole pool.

    Args:
        pool: the pool.
        entries_path: where its entries stand, such as ``edge_pools.media.addresses``.
    """
    if len(pool.entries) == 1:
        return
    if sum(entry.interval.size for entry in pool.entries) == sum(interval.size for interval in pool.intervals):
        return  # no address counts twice: that is quicker to see than where one does
    for found in overlaps([pool]):
        left, right = pool.entries[found.left_entry], pool.entries[found.right_entry]
        raise EdgeError(
            f"{entries_path}[{found.right_entry}]",
            f"{right.text} overlaps {left.text} of the same pool at {interval_text(found.interval)}, "
            "and Cilium disables a pool that overlaps itself",
            "write each address once",
        )


def free_addresses(
    intervals: Iterable[Interval],
    used: Iterable[Address] = (),
    count: int = 1,
    family: Family | None = None,
    after: Address | None = None,
) -> tuple[Address, ...]:
    """Return the lowest ``count`` addresses that are not used, or all of them where there are fewer.

    Args:
        intervals: the pool's usable addresses.
        used: addresses in use; those outside the pool do not count.
        count: 1 to :data:`MAX_FREE`.
        family: None = both, IPv4 first.
        after: only addresses of its family that are higher.
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_FREE:
        raise EdgeError(
            "count", f"{count!r} is not a number from 1 to {MAX_FREE}", "pool_capacity tells how many there are"
        )
    free = subtract(intervals, (address.interval for address in used))
    if family is not None:
        free = of_family(free, family)
    if after is not None:
        free = above(free, after.interval)
    return tuple(Address(known.family, known.first) for known in islice(lowest_addresses(free), count))


def allocate(
    intervals: Sequence[Interval],
    requests: Sequence[Request],
    assigned: Mapping[str, Sequence[Address]] | None = None,
    path: str = "",
) -> dict[str, tuple[Address, ...]]:
    """Return each service's addresses: pinned first, then kept, then the lowest free in sorted order of names.

    The order of ``requests`` does not matter. A service never moves: where its assigned address is no longer possible
    this is an error, not a new address. An address whose service is not requested any more is free again.

    Args:
        intervals: the pool's usable addresses, merged.
        requests: one per service, names unique.
        assigned: what an earlier call returned, or what the cluster holds.
        path: of the pool, for errors.
    """
    ordered = sorted(requests, key=lambda request: request.name)
    result: dict[str, tuple[Address, ...]] = {}
    holders: dict[Address, str] = {}
    for request in ordered:
        if request.addresses:
            result[request.name] = _hold(request.name, request.addresses, "asks for", intervals, holders, path)
    for request in ordered:
        kept = tuple((assigned or {}).get(request.name, ()))
        if kept and request.name not in result:
            result[request.name] = _hold(request.name, kept, "holds", intervals, holders, path)
    free = subtract(intervals, (address.interval for address in holders))
    supply = {family: lowest_addresses(of_family(free, family)) for family in Family}
    for request in ordered:
        held = result.get(request.name, ())
        missing = () if request.addresses else _missing_families(request, held, intervals, path)
        taken = []
        for family in missing:
            found = next(supply[family], None)
            if found is None:
                raise EdgeError(path, _full(request, family, ordered, intervals), "widen the pool or use another one")
            taken.append(Address(found.family, found.first))
        result[request.name] = tuple(sorted((*held, *taken)))
    return {request.name: result[request.name] for request in ordered}


def cilium_blocks(pool: Pool) -> list[dict[str, str]]:
    """Return ``spec.blocks`` of the CiliumLoadBalancerIPPool, to stand beside ``allowFirstLastIPs`` = ``first_last``.

    A CIDR entry stays a ``cidr`` unless an excluded address cuts it: then it becomes ranges, of which Cilium reserves
    nothing, so the reserved addresses are cut off here.
    """
    return [
        {"cidr": block.cidr} if block.cidr else _start_stop(block.interval)
        for blocks in _written(pool.entries, pool.exclude, pool.first_last)
        for block in blocks
    ]


def cilium_spec(pool: Pool) -> dict[str, Any]:
    """Return the part of CiliumLoadBalancerIPPool's ``spec`` that says which addresses the pool has.

    ``allowFirstLastIPs`` is always written: its default changed in Cilium 1.16.
    """
    return {"allowFirstLastIPs": "Yes" if pool.first_last else "No", "blocks": cilium_blocks(pool)}


def prefix_list_entries(intervals: Iterable[Interval]) -> list[dict[str, Any]]:
    """Return what a prefix-list must permit so that exactly the host routes of these addresses pass.

    Each entry is ``{prefix, ge}``. ``ge`` is 32 or 128 where the prefix has several addresses (without it FRR permits
    the whole CIDR as one route and no host route), None where it is one address: the exact match says the same.
    """
    return [
        {"prefix": cidr.text, "ge": None if cidr.prefix_length == cidr.family.width else cidr.family.width}
        for cidr in to_cidrs(intervals)
    ]


def _request(name: str, wish: object, path: str) -> Request:
    if wish is None:
        return Request(name)
    if not isinstance(wish, Mapping):
        raise EdgeError(path, "a service is a map", "such as {addresses: 203.0.113.94} or {families: [ipv4, ipv6]}")
    _refuse_misspelt(wish, ("addresses", "families"), "a service", path)
    families = wish.get("families", ())
    listed = families if isinstance(families, (list, tuple)) else (families,)
    asked = tuple(parse_family(family, _join(path, "families")) for family in listed)
    return Request(name, parse_addresses(wish.get("addresses"), _join(path, "addresses")), asked)


def _refuse_misspelt(value: Mapping[object, object], read: Sequence[str], owner: str, path: str) -> None:
    """Raise for a key that looks like one of ``read``: ignoring ``excludes`` would hand out excluded addresses."""
    for key in value:
        close = get_close_matches(str(key), read, n=1, cutoff=0.8)
        if close and key not in read:
            raise EdgeError(path, f"{owner} has no key {key}", f"did you mean {close[0]}?")


def _pool(addresses: object, exclude: object, first_last: bool, name: str, path: str, entries_path: str) -> Pool:
    entries = parse_entries(addresses, entries_path)
    if not entries:
        raise EdgeError(entries_path, "the list is empty, but a pool needs an address", "such as 203.0.113.88/29")
    excluded = parse_entries(exclude, _join(path, "exclude"))
    intervals = usable(entries, excluded, first_last, path)
    return Pool(name, entries, excluded, intervals, bgp=(), l2=(), first_last=first_last)


def _written(pool_entries: Sequence[PoolEntry], exclude: Sequence[PoolEntry], first_last: bool) -> list[list[_Block]]:
    """Return the blocks that are written for each entry: Cilium's view of the pool, from which all else follows."""
    if not exclude:
        return [[_Block(entry.interval, entry.text if entry.is_cidr else None)] for entry in pool_entries]
    holes = merge(entry.interval for entry in exclude)
    written = []
    for entry in pool_entries:
        whole = entry.interval
        if not entry.is_cidr:
            written.append([_Block(part) for part in cut(whole, holes)])
        elif tuple(cut(whole, holes)) == (whole,):
            written.append([_Block(whole, entry.text)])
        else:
            written.append([_Block(part) for part in cut(whole if first_last else _without_ends(whole), holes)])
    return written


def _start_stop(interval: Interval) -> dict[str, str]:
    first, last = (address_text(interval.family, value) for value in (interval.first, interval.last))
    return {"start": first, "stop": last}


def _without_ends(whole: Interval) -> Interval:
    """Return a CIDR's addresses without those that ``allowFirstLastIPs: No`` reserves."""
    return Interval(whole.family, whole.first + 1, whole.last - 1) if whole.size > 2 else whole


def _hold(
    name: str,
    addresses: Sequence[Address],
    verb: str,
    intervals: Sequence[Interval],
    holders: dict[Address, str],
    path: str,
) -> tuple[Address, ...]:
    """Give ``addresses`` to the service ``name``; raise if one is outside or has a holder."""
    for address in addresses:
        if not contains(intervals, address.interval):
            raise EdgeError(
                path,
                f"{name} {verb} {address.text}, which the pool does not hand out; it has {_texts(intervals)}",
                "widen the pool, or give the service another address",
            )
        holder = holders.setdefault(address, name)
        if holder != name:
            raise EdgeError(
                path, f"{name} {verb} {address.text}, which {holder} has already", "give one of them another address"
            )
    return tuple(sorted(set(addresses)))


def _missing_families(
    request: Request, held: Sequence[Address], intervals: Sequence[Interval], path: str
) -> tuple[Family, ...]:
    """Return the families of which the service still needs an address, IPv4 first."""
    present = tuple(capacity(intervals))
    wanted = request.families or (() if held else present[:1])
    absent = [family for family in wanted if family not in present]
    if absent:
        has = " and ".join(family.key for family in present)
        raise EdgeError(
            path, f"{request.name} asks for {absent[0].key}, but the pool has {has} only", "add a range to it"
        )
    have = {address.family for address in held}
    return tuple(sorted(set(wanted) - have))


def _full(request: Request, family: Family, requests: Sequence[Request], intervals: Sequence[Interval]) -> str:
    total = capacity(intervals)[family]
    return (
        f"the pool is full: it has {total} {family.label} address{'' if total == 1 else 'es'} "
        f"for {len(requests)} services, and none is left for {request.name}"
    )


def _texts(intervals: Sequence[Interval]) -> str:
    """Return the ranges as a message shows them, the first few of many."""
    shown = [interval_text(interval) for interval in intervals[:3]]
    return ", ".join(shown) + (f" and {len(intervals) - 3} more ranges" if len(intervals) > 3 else "")


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
