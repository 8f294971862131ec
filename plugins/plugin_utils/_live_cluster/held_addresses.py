# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that live services hold, whoever gave them, and which a run would take away.

A run may take one three times, and each is judged by the rules of :mod:`.lb_ipam`:

1. Its call of Helm starts Cilium's operator anew, or a new LB-IPAM begins to serve services that others served, or goes
   on without some that it served; and it writes the Service of Cilium's ingress controller.
2. It changes pools.
3. It sets labels and annotations of services, or takes them back.

Three faults of older versions are judged beside the rules, which are those of the newest one:

* Before 1.20, a service that lacks an address, or loses it, may be given one that another service holds, while a pool
  that holds it loses addresses (cilium/cilium#41458).
* Before 1.18.2, changed blocks or selectors may give a service another address of the same pool, unless it asks for the
  one it has (cilium/cilium#40358, #43131).
* Before 1.20.2, of the services that share an address Cilium imports it for one alone. Each other one then gets
  what its sharing key finds first: another address where the key has several, or none of them where a third service has
  come first (cilium/cilium#46262).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...module_utils._kubernetes.removal import ending
from .._addressing.addresses import Address
from .._addressing.intervals import contains
from .._cilium.common import Object
from .._cilium.lb_ipam import (
    POOL,
    AddressPool,
    LbIpam,
    LbService,
    asks_for_others,
    first_comers,
    frees,
    imports,
    is_disabled,
    keeps,
    may_share,
    other_shares,
    read_pool,
    read_service,
    service_name,
)
from .._kubernetes.labels import ANNOTATION_SHARING_KEY
from .._model.site import TakeOver
from .._versions.cilium import MOVING_ADDRESSES, SHARED_IMPORTS, SHRUNK_POOLS
from .address_refusals import (
    NEW_BLOCK,
    NEW_START,
    begins,
    freed,
    given_anew,
    given_another,
    given_by,
    given_up,
    held_as_value,
    left_to_others,
    lost_at_the_start,
    lost_by_keys,
    not_imported,
    not_of_the_first,
    not_read,
    not_shared,
    shared_with_new,
    shared_with_others,
    taken_first,
    word_of,
    written_keys,
)
from .consent import ConsentError

EVERY_SERVICE = "*"
"""In the place of a service's name: that of every one."""


@dataclass(frozen=True, slots=True)
class MayMove:
    """What the user said of services that may lose an address."""

    services: frozenset[str] = frozenset()
    """``namespace/name`` of those that may get any other address; :data:`EVERY_SERVICE` = all."""
    take_over: TakeOver = field(default_factory=TakeOver)

    def __call__(self, service: LbService, address: Address | str) -> bool:
        """Return whether a service may lose an address that it holds, or what else its status has."""
        return bool({EVERY_SERVICE, service.place} & self.services) or (
            word_of(service, address) in self.take_over.services
        )


@dataclass(frozen=True, slots=True)
class ServiceWrites:
    """What a run does to live services."""

    leaves: Callable[[Object], bool] = lambda _service: False
    """Whether it removes a live one."""
    after: Mapping[str, Object] = field(default_factory=dict)
    """``namespace/name`` -> the Service as it is afterwards, of those that it changes."""
    planned: frozenset[str] = frozenset()
    """Those that the inventory has."""
    otherwise: str = "keep it in edge_services, or let its owner set these keys too"
    """The way out of those that the inventory does not have."""


@dataclass(frozen=True, slots=True)
class _Served:
    """A live service that LB-IPAM serves."""

    live: Object
    now: LbService
    after: LbService
    """As it is once the run has written it."""
    new: bool
    """Whether LB-IPAM has not served it so far: either it slept, or others did."""


@dataclass(frozen=True, slots=True)
class _Change:
    """All that decides who keeps which address."""

    live: Sequence[AddressPool]
    wanted: Mapping[str, AddressPool]
    """The planned pools by name."""
    after: Sequence[AddressPool]
    """The planned pools, and those of others that live."""
    served: Sequence[_Served]
    lb_ipam: LbIpam
    writes: ServiceWrites

    @property
    def first(self) -> bool:
        """Whether the cluster gets its first pools."""
        return not self.live

    def giving(self, service: LbService, address: Address) -> list[AddressPool]:
        """Return the pools by which a service keeps an address once they are as planned, with the labels of now."""
        before = {pool.name: pool for pool in self.live}
        return [
            pool
            for pool in self.after
            if imports(pool, service, address)
            or (pool.name in before and keeps(before[pool.name], pool, service, address))
        ]

    def keeps_all(self, service: LbService) -> bool:
        """Return whether a service holds an address, and keeps all that it holds."""
        return bool(service.held) and all(self.giving(service, address) for address in service.held)

    def others(self, service: LbService) -> list[LbService]:
        """Return the other services that LB-IPAM serves."""
        return [other.now for other in self.served if other.now is not service]

    def holders(self, address: Address, but: _Served) -> list[_Served]:
        """Return the other services that hold an address."""
        return [other for other in self.served if other is not but and address in other.now.held]

    def coming(self, service: _Served, address: Address) -> Iterator[_Served]:
        """Yield the services without an address that may come to share one, each as it is when its holder is written.

        The run writes services in the order of ``writes.after``.
        """
        order = list(self.writes.after)
        written = set(order[: order.index(service.now.place)]) if service.now.place in order else set()
        for other in self.served:
            met = other.after if other.now.place in written else other.now
            if not other.now.held and not asks_for_others(met, address):
                yield replace(other, now=met)


def moved_addresses(
    planned: Sequence[Object],
    may_move: MayMove,
    state: Mapping[str, Any],
    made: Callable[[Object], bool],
    lb_ipam: LbIpam,
    writes: ServiceWrites = ServiceWrites(),
) -> Iterator[ConsentError]:
    """Yield an error for each address that a live service would lose, or may lose, by the planned pools and services.

    Args:
        planned: the objects of :func:`.lb.lb_objects`.
        may_move: the user's word.
        state: the result of module ``cluster_state_info``, with services.
        made: whether this site made a live object.
        lb_ipam: whose rules hold.
        writes: what the same run does to services.
    """
    if EVERY_SERVICE in may_move.services:
        return
    live = [read_pool(item, made(item)) for item in state["objects"] if item["kind"] == POOL]
    wanted = {item["metadata"]["name"]: read_pool(item, True) for item in planned if item["kind"] == POOL}
    after = [pool for pool in live if not pool.ours and pool.name not in wanted] + list(wanted.values())
    served = [
        _read(item, not live or not lb_ipam.served(item), writes)
        for item in _that_stay(state, writes.leaves)
        if lb_ipam.serves(item)
    ]
    change = _Change(live, wanted, after, served, lb_ipam, writes)
    restless = _restless(change) if lb_ipam.has(SHRUNK_POOLS) else set()
    for service in served:
        if service.new and (live or after):
            unread = [text for text in service.now.unread if not may_move(service.now, text)]
            yield from (not_read(not live, service.now, text, given_by(service.live)) for text in unread)
        for address in service.now.held:
            if not may_move(service.now, address):
                found = _by_import(change, service, address) or _by_pools(change, service.now, address, restless)
                found = found or _by_keys(change, service, address)
                if found is not None:
                    yield found


def _that_stay(state: Mapping[str, Any], leaves: Callable[[Object], bool]) -> list[Object]:
    """Return the live services that the run does not remove, and that nobody has deleted.

    One that waits for its finalizers loses nothing any more.
    """
    return [item for item in state["services"] if not ending(item["metadata"]) and not leaves(item)]


def _read(item: Object, new: bool, writes: ServiceWrites) -> _Served:
    """Return a live service as it is judged."""
    now = read_service(item)
    after = writes.after.get(now.place)
    return _Served(item, now, now if after is None else read_service(after), new)


def _by_import(change: _Change, service: _Served, address: Address) -> ConsentError | None:
    """Return the error of an address that LB-IPAM takes away when it begins to serve a service."""
    pools = change.live or change.after  # Helm is called before pools are made
    if not service.new or not pools:
        return None
    importing = [pool for pool in pools if imports(pool, service.now, address)]
    if not importing:
        return not_imported(pools, change.first, service.now, address, given_by(service.live))
    if change.first and importing[0] is not pools[0]:
        return not_of_the_first(pools[0], importing[0], service.now, address, given_by(service.live))
    others = change.holders(address, service)
    apart = [other.now for other in others if not may_share(service.now, other.now, change.lb_ipam)]
    if apart:
        return not_shared(change.first, service.now, address, apart, given_by(service.live))
    seen = pools[:1] if change.first else pools
    sharing = _Sharing(f"Service {service.now.place}", begins(change.first), seen, change.lb_ipam)
    return sharing.lost(service.now, address, change.others(service.now))


@dataclass(frozen=True, slots=True)
class _Sharing:
    """When and where Cilium imports addresses that services share, for one of them alone (:data:`SHARED_IMPORTS`)."""

    path: str
    """What changes."""
    when: str
    """What makes Cilium import them."""
    pools: Sequence[AddressPool]
    """Those that it knows by then."""
    lb_ipam: LbIpam
    written: Collection[str] = ()
    """``namespace/name`` of those that were written just before, with what they have by then not known."""

    def lost(self, service: LbService, address: Address, others: Sequence[LbService]) -> ConsentError | None:
        """Return the error of an address that a service shares with any of ``others`` and may not get again."""
        for other in other_shares(service, address, others, self.lb_ipam):
            if any(pool.block_of(other) is not None and not is_disabled(pool) for pool in self.pools):
                return shared_with_others(self.path, service, address, other, self.when)
        for own in self._with_their_own(service, address, others):
            return shared_with_new(self.path, service, address, own, self.when)
        giving = [pool for pool in self.pools if imports(pool, service, address)]
        for first in first_comers(service, address, others, self.lb_ipam):
            has_own = self._keeps_one(first, others) or self._gets_one(first, others)
            if any(pool.selects(first) for pool in giving) and not has_own:
                return taken_first(self.path, service, address, first, self.when)
        return None

    def _with_their_own(self, service: LbService, address: Address, others: Sequence[LbService]) -> Iterator[LbService]:
        """Yield services that got an address of their own just before, which this one could share as well.

        One that may share ``address`` with all of its holders has joined them instead.
        """
        if service.asks or not self.lb_ipam.has(SHARED_IMPORTS):
            return
        for other in others:
            holders = [item for item in others if address in item.held and item is not other]
            joined = all(may_share(other, holder, self.lb_ipam) for holder in holders)
            if not joined and may_share(service, other, self.lb_ipam) and self._gets_one(other, others):
                yield other

    def _gets_one(self, service: LbService, others: Iterable[LbService]) -> bool:
        """Return whether a service that was written just before got an address of its own, as a pool had one left."""
        if service.place not in self.written or service.held or service.asks:
            return False
        held = {address for other in others for address in other.held}
        for pool in self.pools:
            ends = 2 * len(pool.blocks) if pool.reserves_ends else 0
            size = sum(interval.size for interval in pool.addresses)
            if pool.selects(service) and not is_disabled(pool) and size > ends + len(held):
                return True
        return False

    def _keeps_one(self, service: LbService, others: Iterable[LbService]) -> bool:
        """Return whether a service holds an address alone that is imported for it."""
        shared = {address for other in others if other is not service for address in other.held}
        return any(
            address not in shared and any(imports(pool, service, address) for pool in self.pools)
            for address in service.held
        )


def _by_pools(change: _Change, service: LbService, address: Address, restless: set[str]) -> ConsentError | None:
    """Return the error of an address that a service loses, or may lose, as pools of ours change.

    Args:
        change: of the run.
        service: as it is when pools are written.
        address: what it holds.
        restless: the result of :func:`_restless`.
    """
    before = next((pool for pool in change.live if pool.ours and pool.block_of(address) is not None), None)
    if before is None:
        return None
    now = change.wanted.get(before.name)
    stays = now is not None and (now.bounds, now.selector) == (before.bounds, before.selector)
    holding = {pool.name for pool in change.live if pool.block_of(address) is not None}
    giving = change.giving(service, address)
    if not giving:
        return None if stays else given_up(before, now, service, address)
    if not any(pool.name in holding for pool in giving):
        return given_anew(before, giving[0], service, address)
    if now is not None and frees(before, now, address):
        return freed(before, service, address)
    shared = None
    if not stays and now is not None and not keeps(before, now, service, address):
        sharing = _Sharing(f"{POOL} {before.name}", NEW_BLOCK, change.after, change.lb_ipam)
        shared = sharing.lost(service, address, change.others(service))
    if stays or shared is not None or address in service.asks:
        return shared
    if change.lb_ipam.has(MOVING_ADDRESSES):
        return given_another(before, service, address, change.lb_ipam, MOVING_ADDRESSES)
    if before.name in restless:
        return given_another(before, service, address, change.lb_ipam, SHRUNK_POOLS)
    return None


def _restless(change: _Change) -> set[str]:
    """Return the pools of ours with new blocks, of which a service that lacks an address may take another one's.

    One that loses its address as the blocks change; or one that lacks any, where the pool loses addresses.
    """
    found = set()
    for before in change.live:
        now = change.wanted.get(before.name)
        if not before.ours or now is None or now.bounds == before.bounds:
            continue
        shrinks = not all(contains(now.addresses, interval) for interval in before.addresses)
        drawing = [service.now for service in change.served if now.selects(service.now)]
        if any((service.held or shrinks) and not change.keeps_all(service) for service in drawing):
            found.add(before.name)
    return found


def _by_keys(change: _Change, service: _Served, address: Address) -> ConsentError | None:
    """Return the error of an address that a service loses by the labels and annotations which the run writes."""
    giving = change.giving(service.now, address)
    if service.after == service.now or not giving:
        return None
    name, after = service.now.place, service.after
    planned = name in change.writes.planned
    holders = change.holders(address, service)
    coming = [other for other in change.coming(service, address) if any(pool.selects(other.now) for pool in giving)]
    apart = [other for other in (*holders, *coming) if _parts(service, other, change.lb_ipam)]
    if not any(pool.selects(after) for pool in giving):
        why = f"the pool {giving[0].name} no longer selects it"
        hint = f"keep it in the pool {giving[0].name}"
    elif asks_for_others(after, address):
        why = "it then asks for other addresses"
        hint = f"pin {held_as_value(service.now)}"
    elif apart:
        why = f"it then may not share the address with {apart[0].now.place} any more"
        hint = f"keep its {ANNOTATION_SHARING_KEY}"
    else:
        return None
    path = f"edge_services.{name}" if planned else f"Service {name}"
    hint = hint if planned else change.writes.otherwise
    return lost_by_keys(path, written_keys(service.live, change.writes.after[name]), why, hint, (service.now, address))


def _parts(one: _Served, other: _Served, lb_ipam: LbIpam) -> bool:
    """Return whether two services share an address and no longer may, or may not while only the first is written."""
    together = may_share(one.now, other.now, lb_ipam)
    return together and not all(may_share(one.after, later, lb_ipam) for later in (other.now, other.after))


def lost_by_a_release(
    state: Mapping[str, Any], may_move: MayMove, lb_ipam: LbIpam, writes: ServiceWrites
) -> Iterator[ConsentError]:
    """Yield an error for each address that a service loses as Helm writes it, before the run changes any pool.

    Args:
        state: the result of module ``cluster_state_info``, with services.
        may_move: the user's word.
        lb_ipam: whose rules hold.
        writes: what Helm does to services.
    """
    live = [read_pool(item, False) for item in state["objects"] if item["kind"] == POOL]
    served = [
        _read(item, False, writes)
        for item in _that_stay(state, writes.leaves)
        if lb_ipam.served(item) and lb_ipam.serves(writes.after.get(service_name(item), item))
    ]
    change = _Change(live, {}, live, served, lb_ipam, writes)
    for service in served:
        for address in service.now.held:
            found = None if may_move(service.now, address) else _by_keys(change, service, address)
            if found is not None:
                yield found


def lost_at_a_start(
    state: Mapping[str, Any],
    may_move: MayMove,
    lb_ipam: LbIpam,
    leaves: Callable[[Object], bool],
    written: Collection[str] = (),
) -> Iterator[ConsentError]:
    """Yield an error for each address that a service loses when Cilium's operator starts anew, whatever is planned.

    It then imports every address that it had given itself, and imports none of a pool that is disabled, or reserved.

    Args:
        state: the result of module ``cluster_state_info``, with services.
        may_move: the user's word.
        lb_ipam: whose rules hold.
        leaves: whether the run removes a live service.
        written: ``namespace/name`` of services that the run writes before: they may have got an address by then.
    """
    live = [read_pool(item, False) for item in state["objects"] if item["kind"] == POOL]
    kept = [item for item in _that_stay(state, leaves) if lb_ipam.serves(item)]
    served = [read_service(item) for item in kept if lb_ipam.served(item)]
    for service in served:
        others = [other for other in served if other is not service]
        for address in service.held:
            holding = [pool for pool in live if keeps(pool, pool, service, address)]
            if not holding or address.family not in service.families or may_move(service, address):
                continue
            if not any(imports(pool, service, address) for pool in live):
                yield lost_at_the_start(holding[0], service, address)
                continue
            sharing = _Sharing(f"{POOL} {holding[0].name}", NEW_START, live, lb_ipam, written)
            shared = sharing.lost(service, address, others)
            if shared is not None:
                yield shared


def no_longer_served(
    state: Mapping[str, Any], may_move: MayMove, lb_ipam: LbIpam, leaves: Callable[[Object], bool], to_nodes: bool
) -> Iterator[ConsentError]:
    """Yield an error for each address of a pool whose service LB-IPAM serves no more as its operator starts anew.

    It then takes the address for free, and may give it to a service that it serves.

    Args:
        state: the result of module ``cluster_state_info``, with services.
        may_move: the user's word.
        lb_ipam: the one that will run; ``served_before`` names all services that may have been served.
        leaves: whether the run removes a live service.
        to_nodes: whether Cilium's node IPAM serves them instead: it writes addresses of nodes over the ones held.
    """
    live = [read_pool(item, False) for item in state["objects"] if item["kind"] == POOL]
    for item in _that_stay(state, leaves):
        if lb_ipam.serves(item) or not lb_ipam.served(item):
            continue
        service = read_service(item)
        for address in service.held:
            holding = [pool for pool in live if pool.block_of(address) is not None]
            if holding and not may_move(service, address):
                yield left_to_others(holding[0], service, address, to_nodes)
