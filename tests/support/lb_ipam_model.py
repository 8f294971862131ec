# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cilium's LB-IPAM in small: what its operator does with pools and services, event by event.

Written from ``operator/pkg/lbipam`` (``lbipam.go``, ``range_store.go``, ``service_store.go``) as it is in 1.20, without a
look at the collection's own rules. Addresses are numbers, and pools share none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

Bounds = tuple[int, int]


@dataclass(frozen=True)
class Pool:
    """What a pool says."""

    cidrs: tuple[Bounds, ...]
    """First and last address of each block."""
    label: str | None
    """The label of the services that it selects; None: all."""
    disabled: bool = False
    first_last: bool = True

    def selects(self, service: Service) -> bool:
        return self.label is None or self.label == service.label


@dataclass(frozen=True)
class Service:
    """What a service says."""

    label: str | None
    asks: frozenset[int] = frozenset()
    key: str = ""
    port: int = 80


@dataclass(eq=False)
class Range:
    """``LBRange``."""

    pool: str
    bounds: Bounds
    disabled: bool
    taken: dict[int, list[str]] = field(default_factory=dict)
    """Address -> the services that hold it; of a reserved one none."""

    def has(self, address: int) -> bool:
        return self.bounds[0] <= address <= self.bounds[1]


class CrashError(Exception):
    """1.20 ends by a crash where an address is free that a service holds; older ones may give it to another service.

    It counts as lost.
    """


class LbIpam:
    """A running operator.

    Args:
        status: service -> the addresses in its status, which are changed.
        services: what they say; their order is that in which Cilium goes through them.
        joins: whether it imports an address for each of those that share it, as from 1.20.2 on, or for the first alone.
    """

    def __init__(self, status: dict[str, list[int]], services: Mapping[str, Service], joins: bool = True) -> None:
        self.joins = joins
        self.status = status
        self.services = dict(services)
        self.pools: dict[str, Pool] = {}
        self.ranges: list[Range] = []
        self.held: dict[str, list[tuple[int, Range]]] = {name: [] for name in services}
        self.given: list[tuple[int, Range]] = []
        """What was allocated, in this order: so a sharing key finds addresses (``sharingIndex``)."""

    def start(self, pools: Mapping[str, Pool]) -> None:
        """``initialize``: all pools are read, then all services."""
        for name, pool in pools.items():
            self.pools[name] = pool
            self._add(name, pool, pool.cidrs)
        self._revalidate()

    def write_pool(self, name: str, pool: Pool) -> None:
        """``poolOnUpsert``."""
        old = self.pools.get(name)
        self.pools[name] = pool
        if old is None:
            self._add(name, pool, pool.cidrs)
            self._satisfy_all()
            return
        own = [item for item in self.ranges if item.pool == name]
        for item in own:
            if item.bounds not in pool.cidrs:
                self._drop(item)
            elif old.first_last != pool.first_last:
                self._reserve_again(item, pool.first_last)
        known = {item.bounds for item in own}
        self._add(name, pool, [bounds for bounds in pool.cidrs if bounds not in known])
        for item in self.ranges:
            if item.pool == name:
                item.disabled = pool.disabled
        self._revalidate()

    def delete_pool(self, name: str) -> None:
        """``poolOnDelete``."""
        for item in [item for item in self.ranges if item.pool == name]:
            self._drop(item)
        del self.pools[name]
        self._revalidate()

    def write_service(self, name: str, service: Service) -> None:
        """``svcOnUpsert``."""
        self.services[name] = service
        self._strip(name)
        self._import(name)
        self._satisfy(name)
        self._satisfy_all()

    def _add(self, name: str, pool: Pool, cidrs: Iterable[Bounds]) -> None:
        for bounds in cidrs:
            item = Range(name, bounds, pool.disabled)
            if not pool.first_last and bounds[1] - bounds[0] > 1:
                item.taken.update({address: [] for address in bounds})
            self.ranges.append(item)

    @staticmethod
    def _reserve_again(item: Range, first_last: bool) -> None:
        if item.bounds[1] - item.bounds[0] > 1:
            for address in item.bounds:
                if not first_last:
                    item.taken.setdefault(address, [])
                else:  # ``alloc.Free``, whoever holds it
                    item.taken.pop(address, None)

    def _drop(self, item: Range) -> None:
        self.ranges.remove(item)
        for name, held in self.held.items():
            self.held[name] = [(address, origin) for address, origin in held if origin is not item]

    def _revalidate(self) -> None:
        """``revalidateAllServices``: what is held is imported before anything is given."""
        for name in self.services:
            self._strip(name)
        for name in self.services:
            self._import(name)
        self._satisfy_all()

    def _satisfy_all(self) -> None:
        for name in self.services:
            self._satisfy(name)

    def _strip(self, name: str) -> None:
        """``stripInvalidAllocations``."""
        service = self.services[name]
        for address, origin in list(self.held[name]):
            if address not in origin.taken:
                self.status[name].remove(address)
                raise CrashError
            pool = self.pools.get(origin.pool)
            group = [other for other in origin.taken.get(address, []) if other != name]
            alone = all(self._compatible(name, other) for other in group)
            if pool and pool.selects(service) and alone and (not service.asks or address in service.asks):
                continue
            self.held[name].remove((address, origin))
            origin.taken[address] = group
            if not group:
                del origin.taken[address]

    def _import(self, name: str) -> None:
        """``stripOrImportIngresses``."""
        service = self.services[name]
        kept = []
        for address in self.status[name]:
            if address not in [held for held, _origin in self.held[name]]:
                if service.asks and address not in service.asks:
                    continue
                origin = self._range_of(service, address)
                if origin is None:
                    continue
                group = origin.taken.get(address)
                if group is None:
                    self._allocate(name, address, origin)
                elif self.joins and group and all(self._compatible(name, other) for other in group):
                    group.append(name)
                    self.held[name].append((address, origin))
                else:
                    continue
            kept.append(address)
        self.status[name] = kept

    def _range_of(self, service: Service, address: int) -> Range | None:
        """``findRangeOfIP``."""
        for item in self.ranges:
            if not item.disabled and item.has(address) and self.pools[item.pool].selects(service):
                return item
        return None

    def _satisfy(self, name: str) -> None:
        """``satisfyService``."""
        service = self.services[name]
        for address in sorted(service.asks):
            origin = self._range_of(service, address)
            if origin is None or address in [held for held, _origin in self.held[name]]:
                continue
            group = origin.taken.get(address)
            if group is None:
                self._allocate(name, address, origin)
            elif group and all(self._compatible(name, other) for other in group):
                group.append(name)
                self.held[name].append((address, origin))
        if not service.asks and not self.held[name]:
            self._give_any(name)
        self.status[name] += [address for address, _origin in self.held[name] if address not in self.status[name]]

    def _give_any(self, name: str) -> None:
        """``satisfyGenericIPv4Requests``: an address that it may share, else the lowest free one."""
        for address, item in self.given:
            # Cilium shares out of pools too that do not select the service: nobody plans that.
            selects = item in self.ranges and self.pools[item.pool].selects(self.services[name])
            group = item.taken.get(address)
            if selects and group and all(self._compatible(name, other) for other in group):
                group.append(name)
                self.held[name].append((address, item))
                return
        for item in self.ranges:
            if not item.disabled and self.pools[item.pool].selects(self.services[name]):
                for address in range(item.bounds[0], item.bounds[1] + 1):
                    if address not in item.taken:
                        self._allocate(name, address, item)
                        return

    def _allocate(self, name: str, address: int, origin: Range) -> None:
        """Give a service an address that nobody has."""
        origin.taken[address] = [name]
        self.held[name].append((address, origin))
        self.given = [*(entry for entry in self.given if entry != (address, origin)), (address, origin)]

    def _compatible(self, name: str, other: str) -> bool:
        """``isCompatible``; all are in one namespace."""
        one, two = self.services[name], self.services[other]
        return bool(one.key) and one.key == two.key and one.port != two.port


def first_losses(
    before: Mapping[str, list[int]], status: dict[str, list[int]], steps: Iterable[Callable[[], None]]
) -> set[tuple[str, int]]:
    """Return what services held and do not hold after the first step that takes anything.

    What follows from that, as when one comes to share an address that another is about to leave, is no loss of its own.
    """
    for step in steps:
        with suppress(CrashError):
            step()
        gone = {(name, address) for name, held in before.items() for address in held if address not in status[name]}
        if gone:
            return gone
    return set()
