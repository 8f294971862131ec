# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned addresses: which address each service gets that pins none, so that none ever moves by itself.

A service keeps the address that an earlier plan gave it while that is still possible; new services get the lowest free
address of their pool in the order of their names. Cost: n log n by services and ranges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .._addressing.addresses import Address
from .._addressing.families import Family
from .._addressing.intervals import Interval, contains, lowest_addresses, subtract
from .capacity import of_family


@dataclass(frozen=True, slots=True)
class Wish:
    """What one service asks for."""

    name: str
    """``namespace/name``."""
    pool: str
    families: tuple[Family, ...]
    """One address of each."""
    pinned: tuple[Address, ...] = ()
    """Addresses of the inventory; the service then gets exactly these."""
    group: str = ""
    """Services of one pool and group share their addresses; empty = alone."""


@dataclass(frozen=True, slots=True)
class Move:
    """An address that a service had and cannot keep."""

    name: str
    old: Address
    new: Address | None
    """What it would get; None = its pool has none left."""
    reason: str
    """What keeps it from the old one, after ``which``."""
    twice: bool
    """The old one was planned for another service too: nothing of the inventory took it away."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """What :func:`assign` found."""

    addresses: dict[str, tuple[Address, ...]]
    """Service -> its addresses, IPv4 first; fewer than it asks for where its pool is full or closed."""
    moves: tuple[Move, ...]
    """Sorted by service."""


@dataclass(slots=True)
class _Group:
    """Services that share their addresses, most often one."""

    key: tuple[str, str]
    members: list[Wish] = field(default_factory=list)
    addresses: dict[Family, Address] = field(default_factory=dict)
    """The address that all of them have, by family."""
    owner: dict[Family, str] = field(default_factory=dict)
    """By family: the service by which the group came to it."""


@dataclass(frozen=True, slots=True)
class _Lost:
    """A kept address that is not possible any more."""

    wish: Wish
    old: Address
    reason: str
    twice: bool


def assign(
    pools: Mapping[str, Sequence[Interval]],
    wishes: Sequence[Wish],
    kept: Mapping[str, Sequence[Address]],
    closed: frozenset[str] = frozenset(),
) -> Allocation:
    """Return the addresses of all services, and those of ``kept`` that are not possible any more.

    The order of ``wishes`` does not matter. Pinned addresses come first, then kept ones, then new ones.

    Args:
        pools: each pool's usable addresses, merged. No two pools share one.
        wishes: one per service, names unique.
        kept: what an earlier plan gave them; of services without a wish it is free again.
        closed: pools that hand out nothing new (``disabled``).
    """
    ordered = sorted(wishes, key=lambda wish: wish.name)
    groups = _groups(ordered)
    holders: dict[Address, tuple[tuple[str, str], str]] = {}
    for wish in ordered:
        for address in wish.pinned:
            _hold(groups[_key(wish)], wish, address, f"is pinned by {wish.name}", holders)
    lost = [found for wish in ordered if not wish.pinned for found in _keep(pools, wish, groups, kept, holders)]
    _fill(pools, groups, holders, closed)
    addresses = {wish.name: wish.pinned or _given(groups[_key(wish)], wish) for wish in ordered}
    return Allocation(addresses, tuple(_move(item, groups[_key(item.wish)]) for item in lost))


def _key(wish: Wish) -> tuple[str, str]:
    return wish.pool, wish.group or wish.name


def _groups(ordered: Sequence[Wish]) -> dict[tuple[str, str], _Group]:
    groups: dict[tuple[str, str], _Group] = {}
    for wish in ordered:
        groups.setdefault(_key(wish), _Group(_key(wish))).members.append(wish)
    return groups


def _hold(
    group: _Group,
    wish: Wish,
    address: Address,
    how: str,
    holders: dict[Address, tuple[tuple[str, str], str]],
) -> None:
    family = address.family
    group.addresses.setdefault(family, address)
    group.owner.setdefault(family, wish.name)
    holders.setdefault(address, (group.key, how))


def _keep(
    pools: Mapping[str, Sequence[Interval]],
    wish: Wish,
    groups: Mapping[tuple[str, str], _Group],
    kept: Mapping[str, Sequence[Address]],
    holders: dict[Address, tuple[tuple[str, str], str]],
) -> Iterator[_Lost]:
    """Give a service the addresses that it had, and yield those that it cannot have any more."""
    group = groups[_key(wish)]
    for address in kept.get(wish.name, ()):
        family = address.family
        if family not in wish.families:
            continue  # it asks for this family no more
        holder, how = holders.get(address, (group.key, ""))
        if not contains(pools[wish.pool], address.interval):
            yield _Lost(wish, address, f"is not an address of pool {wish.pool!r}", False)
        elif holder != group.key:
            yield _Lost(wish, address, how, how.startswith("is planned"))
        elif group.addresses.get(family, address) != address:
            other = group.owner[family]
            yield _Lost(wish, address, f"is not the one that it shares with {other}", False)
        else:
            _hold(group, wish, address, f"is planned for {wish.name} too", holders)


def _fill(
    pools: Mapping[str, Sequence[Interval]],
    groups: Mapping[tuple[str, str], _Group],
    holders: Mapping[Address, tuple[tuple[str, str], str]],
    closed: frozenset[str],
) -> None:
    """Give each group the lowest free address of each family that it lacks, in the order of names."""
    used: dict[str, list[Interval]] = {}
    for address, ((pool, _group), _how) in holders.items():
        used.setdefault(pool, []).append(address.interval)
    supply: dict[tuple[str, Family], Iterator[Interval]] = {}
    for group in groups.values():
        pool = group.key[0]
        if pool in closed:
            continue
        wanted = {family for wish in group.members if not wish.pinned for family in wish.families}
        for family in sorted(wanted - set(group.addresses)):
            if (pool, family) not in supply:
                supply[pool, family] = lowest_addresses(subtract(of_family(pools[pool], family), used.get(pool, ())))
            found = next(supply[pool, family], None)
            if found is not None:
                group.addresses[family] = Address(found.family, found.first)


def _given(group: _Group, wish: Wish) -> tuple[Address, ...]:
    return tuple(sorted(group.addresses[family] for family in wish.families if family in group.addresses))


def _move(item: _Lost, group: _Group) -> Move:
    return Move(item.wish.name, item.old, group.addresses.get(item.old.family), item.reason, item.twice)
