# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that live services hold, whoever gave them, and which a change of pools would take away.

Rules of Cilium's LB-IPAM (``operator/pkg/lbipam``):

* It sleeps until the cluster has a pool. Then it takes each address from a service that no pool for that service holds,
  also one that MetalLB or another controller gave (cilium/cilium#39805).
* An address stays with its service while the same pool serves it and holds the address. One that is removed, or loses
  the address, takes it away first, and only then do services get what they lack from other pools (``poolOnDelete``,
  ``stripInvalidAllocations``).
* Before 1.20, a service that lacks an address may be given one that another service holds, while a pool that holds it
  loses addresses (cilium/cilium#41458).
* Before 1.18.2, changed blocks or selectors may give a service another address of the same pool, unless it asks for the
  one it has (cilium/cilium#40358, #43131).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...module_utils._errors import EdgeError
from .._addressing.addresses import parse_address, parse_pool_entry
from .._addressing.intervals import Interval, contains, merge
from .._kubernetes.labels import ANNOTATION_ADDRESSES, CILIUM_CLASSES, UNNAMED_MANAGER, service_labels
from .._kubernetes.selectors import Selector, selector_of
from .._model.site import TakeOver
from .._versions.cilium import MOVING_ADDRESSES, SHRUNK_POOLS, Fault, parse_version
from .common import Object
from .consent import ConsentError
from .live_objects import place

POOL = "CiliumLoadBalancerIPPool"
ROLE = "cilium_net_lb"
EVERY_SERVICE = "*"
"""In the place of a service's name: that of every one."""
LEGACY_ADDRESSES = "io.cilium/lb-ipam-ips"
"""An older name of :data:`ANNOTATION_ADDRESSES`, which Cilium reads up to 1.20."""

CONTROLLERS = {
    "metallb.universe.tf/": "MetalLB",
    "metallb.io/": "MetalLB",
    "kube-vip.io/": "kube-vip",
    "svccontroller.k3s.cattle.io/": "servicelb of k3s",
}
"""Prefixes of the annotations and finalizers that a load balancer leaves on a Service -> its name."""


@dataclass(frozen=True, slots=True)
class LbIpam:
    """The LB-IPAM that serves the pools."""

    version: str | None = None
    """Cilium's; None: not told, then no fault of a version is assumed."""
    serves_classless: bool = True
    """Whether services without a ``loadBalancerClass`` are its own (``defaultLBServiceIPAM: lbipam``)."""

    def serves(self, service: Object) -> bool:
        """Return whether a Service is LB-IPAM's to give addresses to."""
        name = service["spec"].get("loadBalancerClass")
        if service["spec"].get("type") != "LoadBalancer":  # a planned one is read whatever it is
            return False
        return name in CILIUM_CLASSES and (name is not None or self.serves_classless)

    def has(self, fault: Fault) -> bool:
        """Return whether its version has a fault; none is assumed where the version is not told."""
        return self.version is not None and fault.holds(parse_version(self.version))


@dataclass(frozen=True, slots=True)
class MayMove:
    """What the user said of services that may lose an address."""

    services: frozenset[str] = frozenset()
    """``namespace/name`` of those that may get any other address; :data:`EVERY_SERVICE` = all."""
    take_over: TakeOver = field(default_factory=TakeOver)

    def __call__(self, service: str, address: str) -> bool:
        """Return whether a service may lose an address that it holds."""
        return service in self.services or f"{service}@{address}" in self.take_over.services


@dataclass(frozen=True, slots=True)
class _Pool:
    """What of a pool decides which service holds which address."""

    name: str
    ours: bool
    blocks: tuple[Interval, ...]
    """None of a pool that is written in a way that nobody can count on."""
    selector: Selector
    enabled: bool

    def gives(self, service: Object, address: str) -> bool:
        """Return whether a service that holds the address keeps it by this pool."""
        return self.holds(address) and self.selects(service)

    def holds(self, address: str) -> bool:
        """Return whether the address is in the blocks; reserved first and last ones count, as they stay held."""
        return contains(self.blocks, parse_address(address, "").interval)

    def selects(self, service: Object) -> bool:
        """Return whether the pool serves a Service."""
        metadata = service["metadata"]
        special = service_labels(metadata["namespace"], metadata["name"])
        return self.selector.matches({**(metadata.get("labels") or {}), **special})


def moved_addresses(
    planned: Sequence[Object],
    may_move: MayMove,
    state: Mapping[str, Any],
    made: Callable[[Object], bool],
    lb_ipam: LbIpam,
    leaves: Callable[[Object], bool] = lambda _service: False,
) -> Iterator[EdgeError]:
    """Yield an error for each address that a live service would lose, or may lose, by the planned pools.

    Args:
        planned: the objects of :func:`.lb.lb_objects`.
        may_move: the user's word.
        state: the result of module ``cluster_state_info``, with services.
        made: whether this site made a live object.
        lb_ipam: whose rules hold.
        leaves: whether a live service is removed by the same run.
    """
    if EVERY_SERVICE in may_move.services:
        return
    live = [_pool(item, made(item)) for item in state["objects"] if item["kind"] == POOL]
    wanted = {item["metadata"]["name"]: _pool(item, True) for item in planned if item["kind"] == POOL}
    after = [pool for pool in live if not pool.ours and pool.name not in wanted] + list(wanted.values())
    served = [service for service in state["services"] if lb_ipam.serves(service) and not leaves(service)]
    shrunk = _shrunk(live, wanted, served, after) if lb_ipam.has(SHRUNK_POOLS) else set()
    for service in served:
        name = service_name(service)
        for address in _held_addresses(service):
            if may_move(name, address):
                continue
            if not live and after:
                yield from _taken_by_the_first(after, service, name, address)
            holding = {pool.name for pool in live if pool.holds(address)}
            giving = [pool for pool in after if pool.gives(service, address)]
            for before in [pool for pool in live if pool.ours and pool.holds(address)][:1]:
                now = wanted.get(before.name)
                kept = now is not None and (now.blocks, now.selector) == (before.blocks, before.selector)
                if not giving:
                    yield _given_up(before, name, address)
                elif not any(pool.name in holding for pool in giving):
                    yield _given_anew(before, giving[0], name, address)
                elif not kept and address not in _requested_addresses(service):
                    if lb_ipam.has(MOVING_ADDRESSES):
                        yield _given_another(before, name, address, lb_ipam, MOVING_ADDRESSES)
                    elif before.name in shrunk:
                        yield _given_another(before, name, address, lb_ipam, SHRUNK_POOLS)


def _shrunk(
    live: Sequence[_Pool], wanted: Mapping[str, _Pool], services: Sequence[Object], after: Sequence[_Pool]
) -> set[str]:
    """Return the pools of ours that lose addresses while a service that draws from them lacks one, or comes to."""
    found = set()
    for before in live:
        now = wanted.get(before.name)
        if not before.ours or now is None or all(contains(now.blocks, block) for block in before.blocks):
            continue
        drawing = [service for service in services if now.selects(service)]
        if any(not _keeps_all(service, after) for service in drawing):
            found.add(before.name)
    return found


def _keeps_all(service: Object, after: Sequence[_Pool]) -> bool:
    """Return whether a service holds an address, and keeps all that it holds."""
    held = _held_addresses(service)
    return bool(held) and all(any(pool.gives(service, address) for pool in after) for address in held)


def service_name(service: Object) -> str:
    """Return ``namespace/name``."""
    return f"{service['metadata']['namespace']}/{service['metadata']['name']}"


def _refusal(path: str, problem: str, hint: str, name: str, address: str) -> EdgeError:
    """Return the refusal of what takes an address from a service, or may."""
    return ConsentError(path, problem, hint, "services", f"{name}@{address}", ROLE)


def _taken_by_the_first(after: Sequence[_Pool], service: Object, name: str, address: str) -> Iterator[EdgeError]:
    """Yield an error where the cluster's first pools take an address that another controller gave."""
    if any(pool.enabled and pool.gives(service, address) for pool in after):
        return
    others = sorted(pool.name for pool in after if pool.enabled and pool.selects(service) and pool.blocks)
    instead = f"and gives it another one, of {' or '.join(others)}" if others else "and gives it none"
    controller = given_by(service)
    yield _refusal(
        f"Service {name}",
        f"it holds {address}{f' (given by {controller})' if controller else ''}, and the cluster has no"
        f" {POOL} yet: with the first one, Cilium takes the address away {instead}",
        "put the address in a pool that selects the service; or leave services without a class to others, with"
        " defaultLBServiceIPAM: none (Cilium 1.17 on)",
        name,
        address,
    )


def _given_up(before: _Pool, name: str, address: str) -> EdgeError:
    """Return the error of a pool of ours that gives up an address which a service holds."""
    return _refusal(
        f"{POOL} {before.name}",
        f"the service {name} holds {address}, which no planned pool gives it: Cilium would take it away",
        "keep the address in its pool",
        name,
        address,
    )


def _given_anew(before: _Pool, after: _Pool, name: str, address: str) -> EdgeError:
    """Return the error of an address that goes from a pool of ours to another planned one."""
    return _refusal(
        f"{POOL} {before.name}",
        f"the service {name} holds {address}, which the pool {after.name} is to give it instead: Cilium takes it"
        " away first, so its connections end, and only a service that asks for its address is sure to get it again",
        f"keep the address in the pool {before.name}",
        name,
        address,
    )


def _given_another(before: _Pool, name: str, address: str, lb_ipam: LbIpam, fault: Fault) -> EdgeError:
    """Return the error of a changed pool of ours that may give a service another address than the one it holds."""
    return _refusal(
        f"{POOL} {before.name}",
        f"the service {name} holds {address} without asking for it, and Cilium {lb_ipam.version} may give it another"
        f" one when the pool changes (mended in {fault.version})",
        f"annotate it with {ANNOTATION_ADDRESSES}: {address} first, update Cilium",
        name,
        address,
    )


def given_by(service: Object) -> str | None:
    """Return the load balancer that gave a Service its addresses, as its traces tell; None where nothing does.

    The traces are annotations and finalizers of known ones, then the field manager that wrote the address.
    """
    metadata = service["metadata"]
    for trace in sorted([*(metadata.get("annotations") or {}), *(metadata.get("finalizers") or [])]):
        for prefix, controller in CONTROLLERS.items():
            if trace.startswith(prefix):
                return controller
    for entry in metadata.get("managedFields") or []:
        if "f:loadBalancer" in ((entry.get("fieldsV1") or {}).get("f:status") or {}):
            return f"the field manager {entry.get('manager') or UNNAMED_MANAGER}"
    return None


def _held_addresses(service: Object) -> list[str]:
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return [item["ip"] for item in ingress if item.get("ip")]


def _requested_addresses(service: Object) -> list[str]:
    """Return the addresses that a Service asks for."""
    annotations = service["metadata"].get("annotations") or {}
    asked = annotations.get(ANNOTATION_ADDRESSES) or annotations.get(LEGACY_ADDRESSES) or ""
    return [word.strip() for word in asked.split(",")] + [service["spec"].get("loadBalancerIP") or ""]


def _pool(item: Object, ours: bool) -> _Pool:
    spec = item["spec"]
    return _Pool(
        name=item["metadata"]["name"],
        ours=ours,
        blocks=pool_blocks(item),
        selector=selector_of(spec.get("serviceSelector") or {}),
        enabled=not spec.get("disabled"),
    )


def pool_blocks(item: Object) -> tuple[Interval, ...]:
    """Return a pool's addresses; none where it is written in a way that nobody can count on, as only others' are."""
    intervals = []
    for block in item["spec"].get("blocks") or []:
        start = block.get("start") or ""
        text = block.get("cidr") or f"{start}-{block.get('stop') or start}"
        try:
            intervals.append(parse_pool_entry(text, place(item)).interval)
        except EdgeError:
            return ()
    return merge(intervals)
