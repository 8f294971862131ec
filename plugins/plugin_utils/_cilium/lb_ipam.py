# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Cilium's LB-IPAM does with the blocks of its pools, and with the services that hold addresses of them.

One function for each rule, with the function of Cilium that has it (``operator/pkg/lbipam``, as it is in 1.20; where an
older version differs, that is said). In short:

* It sleeps until the cluster has a pool. Then, and whenever its operator starts, it takes each address from a service
  that it serves, but for those that it can *import*: that a block gives at this moment (:func:`imports`). It wakes with
  the first pool alone: it looks at all services before it reads of a second one (``initialize``).
* A block stays while its pool has one with the same first and last address, and what services hold of it stays with
  them, also in a pool that is disabled (:func:`keeps`). Any other block is a new one, of which addresses are imported.
* A service loses an address when its pool no longer selects it, or when it asks for others
  (``stripInvalidAllocations``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import EdgeError
from ...module_utils._kubernetes.cilium_kinds import ASKED_ADDRESSES
from .._addressing.addresses import Address
from .._addressing.families import Family
from .._addressing.intervals import Interval, merge
from .._addressing.live import live_address, live_block
from .._kubernetes.labels import (
    ANNOTATION_ADDRESSES,
    ANNOTATION_SHARING_KEY,
    ANNOTATION_SHARING_NAMESPACES,
    CILIUM_CLASSES,
    LOAD_BALANCER_CLASSES,
    service_labels,
)
from .._kubernetes.selectors import Selector, selector_of
from .._kubernetes.values import as_written, is_false, is_true, value_at
from .._model.site import KUBERNETES_TRAFFIC_POLICY
from .._versions.cilium import SHARED_IMPORTS, SHARED_PORTS, Fault, Version, parse_version
from .common import Object

POOL = "CiliumLoadBalancerIPPool"
CONFLICT = "cilium.io/PoolConflict"
"""The condition of a pool that shares addresses with an older one: its blocks are disabled (``settleConflicts``)."""
OLDER_NAMES = {
    ANNOTATION_ADDRESSES: ASKED_ADDRESSES[1],
    ANNOTATION_SHARING_KEY: "io.cilium/lb-ipam-sharing-key",
    ANNOTATION_SHARING_NAMESPACES: "io.cilium/lb-ipam-sharing-cross-namespace",
}
"""Annotation -> its older name, which Cilium reads too (``pkg/annotation``)."""
EVERY_NAMESPACE = "*"
"""In :data:`ANNOTATION_SHARING_NAMESPACES`: all."""
VALUES_SINCE: Version = (1, 17, 0)
"""The first chart that has ``enableLBIPAM`` and ``defaultLBServiceIPAM``."""
_SWITCH, _BY_DEFAULT = "enableLBIPAM", "defaultLBServiceIPAM"
CLASS_SWITCHES = {
    LOAD_BALANCER_CLASSES["bgp"]: "bgpControlPlane.enabled",
    LOAD_BALANCER_CLASSES["l2"]: "l2announcements.enabled",
}
"""``loadBalancerClass`` -> the Helm value without which nobody serves it; the chart has both off."""
_SWITCHED_ON_BY = {"bgpControlPlane.enabled": "a peering", "l2announcements.enabled": "a pool with l2"}
"""Such a Helm value -> what of the inventory makes the plan write it."""
ALL, CLASSED, NONE = "all", "classed", "none"
"""Which services LB-IPAM serves: all, those with a ``loadBalancerClass`` of Cilium's, or none, as it does not run."""


@dataclass(frozen=True, slots=True)
class LbIpam:
    """The LB-IPAM that serves the pools."""

    version: str | None = None
    """Cilium's; None: not told, then no fault of a version is assumed."""
    serves_classless: bool = True
    """Whether services without a ``loadBalancerClass`` are its own (``defaultLBServiceIPAM: lbipam``)."""
    served_before: str | None = None
    """Which services the one served that ran before this run; None: the same."""

    def serves(self, service: Object) -> bool:
        """Return whether a Service is LB-IPAM's to give addresses to (``isResponsibleForSVC``)."""
        return _is_served(service, ALL if self.serves_classless else CLASSED)

    def served(self, service: Object) -> bool:
        """Return whether LB-IPAM had a Service before this run."""
        return self.serves(service) if self.served_before is None else _is_served(service, self.served_before)

    def has(self, fault: Fault) -> bool:
        """Return whether its version has a fault; none is assumed where the version is not told."""
        return self.version is not None and fault.holds(parse_version(self.version))


def served_by(version: str, values: Mapping[str, Any]) -> str:
    """Return which services a release of Cilium serves.

    Args:
        version: of its chart.
        values: those that somebody has set.
    """
    try:
        if parse_version(version) < VALUES_SINCE:
            return ALL
    except EdgeError:  # a build of somebody's own
        pass
    if is_false(values, _SWITCH):
        return NONE
    return ALL if value_at(values, _BY_DEFAULT) in (None, "lbipam") else CLASSED


def serves_class(values: Mapping[str, Any], name: str) -> bool:
    """Return whether a release's LB-IPAM serves a ``loadBalancerClass`` of Cilium's: what announces it is on.

    Source: ``operator/pkg/lbipam/cell.go``.

    Args:
        values: those that somebody has set.
        name: the class.
    """
    return is_true(values, CLASS_SWITCHES[name])


def why_not_served(version: str, values: Mapping[str, Any], name: str | None) -> str | None:
    """Return why a release's LB-IPAM gives no address to a service of a class, with the way out; None: it does.

    Args:
        version: of its chart.
        values: those that somebody has set.
        name: the class, one of Cilium's; None: the service has none.
    """
    served = served_by(version, values)
    if served == NONE:
        return f"{as_written(_SWITCH, False)} in edge_cilium_values switches Cilium's address management off"
    if name is None:
        if served == ALL:
            return None
        other = as_written(_BY_DEFAULT, value_at(values, _BY_DEFAULT))
        return f"it has no loadBalancerClass, and {other} in edge_cilium_values leaves such services to others"
    if serves_class(values, name):
        return None
    switch = CLASS_SWITCHES[name]
    return (
        f"its loadBalancerClass is {name}, which Cilium serves only with {as_written(switch, True)}"
        f" (edge_cilium_values; {_SWITCHED_ON_BY[switch]} of the inventory writes it)"
    )


def _is_served(service: Object, which: str) -> bool:
    name = service["spec"].get("loadBalancerClass")
    if which == NONE or service["spec"].get("type") != "LoadBalancer":  # a planned one is read whatever it is
        return False
    return name in CILIUM_CLASSES and (name is not None or which == ALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a pool: Cilium's ``LBRange``."""

    interval: Interval
    has_ends: bool
    """Whether it was written as a CIDR of more than two addresses, whose first and last one a pool may reserve."""

    def has(self, address: Address) -> bool:
        """Return whether the address lies in it, reserved or not."""
        return self.interval.family == address.family and self.interval.first <= address.value <= self.interval.last

    def is_end(self, address: Address) -> bool:
        """Return whether the address is one that ``allowFirstLastIPs: No`` reserves in it."""
        return self.has_ends and address.value in (self.interval.first, self.interval.last)


@dataclass(frozen=True, slots=True)
class AddressPool:
    """A CiliumLoadBalancerIPPool."""

    name: str
    ours: bool
    """Whether this site made it."""
    blocks: tuple[Block, ...]
    """As Cilium reads them: without one that is no block of addresses, of which it gives nothing."""
    selector: Selector
    disabled: bool = False
    conflicts: bool = False
    """Whether Cilium has disabled it, as it shares addresses with an older pool."""
    reserves_ends: bool = False
    """``allowFirstLastIPs: No``."""

    @property
    def addresses(self) -> tuple[Interval, ...]:
        """All of its blocks, merged."""
        return merge(block.interval for block in self.blocks)

    @property
    def bounds(self) -> set[Interval]:
        """The first and last address of each block: by these Cilium tells a block again (``EqualCIDR``)."""
        return {block.interval for block in self.blocks}

    def block_of(self, address: Address) -> Block | None:
        """Return the block in which an address lies; None: there is none."""
        return next((block for block in self.blocks if block.has(address)), None)

    def selects(self, service: LbService) -> bool:
        """Return whether the pool serves a Service (``svcLabels``)."""
        return self.selector.matches(service.labels)


def read_pool(item: Object, ours: bool) -> AddressPool:
    """Return a planned or a live pool."""
    spec = item["spec"]
    conditions = (item.get("status") or {}).get("conditions") or []
    return AddressPool(
        name=item["metadata"]["name"],
        ours=ours,
        blocks=_blocks(item),
        selector=selector_of(spec.get("serviceSelector") or {}),
        disabled=bool(spec.get("disabled")),
        conflicts=any((found.get("type"), found.get("status")) == (CONFLICT, "True") for found in conditions),
        reserves_ends=spec.get("allowFirstLastIPs") == "No",
    )


def pool_blocks(item: Object) -> tuple[Interval, ...]:
    """Return a pool's addresses, as Cilium reads its blocks."""
    return merge(block.interval for block in _blocks(item))


def _blocks(item: Object) -> tuple[Block, ...]:
    """Return the blocks of a pool (``ipRangeFromBlock``); one that it cannot read is passed over."""
    found = []
    for block in item["spec"].get("blocks") or []:
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            interval = live_block(block)
            found.append(Block(interval, bool(block.get("cidr")) and interval.size > 2))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class LbService:
    """What LB-IPAM sees of a Service: Cilium's ``ServiceView``."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    """As selectors of pools see them."""
    held: tuple[Address, ...]
    """The addresses that it has (``status.loadBalancer``)."""
    asks: frozenset[Address]
    """Those that it asks for, by annotation or ``spec.loadBalancerIP``; none: any."""
    families: frozenset[Family]
    """Those of which it is to have an address."""
    key: str
    """Services with the same one may share an address; empty: it shares none."""
    partners: frozenset[str]
    """The namespaces with whose services it may share."""
    ports: frozenset[tuple[int, str]]
    """Number and protocol."""
    policy: str
    """``externalTrafficPolicy``."""
    pods: frozenset[tuple[str, str]]
    """``spec.selector``."""
    unread: tuple[str, ...] = ()
    """What its status has beside addresses, such as a host's name: none of it stays (``stripOrImportIngresses``)."""

    @property
    def place(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"


def read_service(item: Object) -> LbService:
    """Return what LB-IPAM sees of a live Service (``serviceViewFromService``)."""
    metadata, spec = item["metadata"], item["spec"]
    ingress = ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return LbService(
        namespace=metadata["namespace"],
        name=metadata["name"],
        labels={**(metadata.get("labels") or {}), **service_labels(metadata["namespace"], metadata["name"])},
        held=_addresses(entry.get("ip") or "" for entry in ingress),
        asks=asked_addresses(item),
        families=_families(spec),
        key=_annotation(item, ANNOTATION_SHARING_KEY),
        partners=frozenset(_annotation(item, ANNOTATION_SHARING_NAMESPACES).split(",")),
        ports=frozenset((port["port"], port.get("protocol") or "TCP") for port in spec.get("ports") or []),
        policy=spec.get("externalTrafficPolicy") or KUBERNETES_TRAFFIC_POLICY,
        pods=frozenset((spec.get("selector") or {}).items()),
        unread=_unread(ingress),
    )


def asked_addresses(item: Mapping[str, Any]) -> frozenset[Address]:
    """Return the addresses that a Service asks for (``getSVCRequestedIPs``); none: any will do."""
    asked = (item.get("spec") or {}).get("loadBalancerIP") or ""
    annotated = _annotation(item, ANNOTATION_ADDRESSES).split(",")
    return frozenset(_addresses([asked, *(text.strip() for text in annotated)]))


def service_name(item: Object) -> str:
    """Return ``namespace/name``."""
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"


def _annotation(item: Mapping[str, Any], name: str) -> str:
    found = item["metadata"].get("annotations") or {}
    return found.get(name) or found.get(OLDER_NAMES[name]) or ""


def _addresses(texts: Any) -> tuple[Address, ...]:
    """Return the addresses among texts; Cilium passes over what is none."""
    found = []
    for text in texts:
        with suppress(TypeError, ValueError):
            found.append(live_address(text))
    return tuple(dict.fromkeys(found))


def _unread(ingress: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return what a status has that Cilium does not read as an address: host names, and texts that are none."""
    texts = (str(entry.get("ip") or entry.get("hostname") or "") for entry in ingress)
    return tuple(dict.fromkeys(text for text in texts if text and not _addresses([text])))


def _families(spec: Mapping[str, Any]) -> frozenset[Family]:
    """Return the families that a Service asks for (``serviceIPFamilyRequest``); all where its spec names none."""
    wanted = spec.get("ipFamilies") or []
    if not wanted or spec.get("ipFamilyPolicy") == "RequireDualStack":
        return frozenset(Family)
    several = spec.get("ipFamilyPolicy") == "PreferDualStack"
    return frozenset(family for family in Family if family.label in (wanted if several else wanted[:1]))


def is_disabled(pool: AddressPool) -> bool:
    """Return whether nothing of a pool is given or imported (``LBRange.Disabled``): by its spec, or by a conflict."""
    return pool.disabled or pool.conflicts


def is_reserved(pool: AddressPool, address: Address) -> bool:
    """Return whether a new block of the pool has the address allocated before any service is looked at.

    Those are the first and the last one of a CIDR with ``allowFirstLastIPs: No`` (``handleNewPool``,
    ``handlePoolModified``). In a block that stays, they stay with the service that holds them.
    """
    block = pool.block_of(address)
    return pool.reserves_ends and block is not None and block.is_end(address)


def frees(before: AddressPool, after: AddressPool, address: Address) -> bool:
    """Return whether an address of a block that stays counts as free afterwards, whoever holds it.

    So do both ends of a CIDR that are not reserved any more (``handlePoolModified``): Cilium reserves them beside
    services that hold them already, and frees them without a look at any. A range has no reserved ends.
    """
    ends = [block for block in after.blocks if block.interval in before.bounds and block.is_end(address)]
    return bool(ends) and before.reserves_ends and not after.reserves_ends


def asks_for_others(service: LbService, address: Address) -> bool:
    """Return whether a Service asks for other addresses than this one: then it loses it (``stripInvalidAllocations``).

    One that asks for none loses an address of a family that it does not ask for.
    """
    return address not in service.asks if service.asks else address.family not in service.families


def imports(pool: AddressPool, service: LbService, address: Address) -> bool:
    """Return whether a Service keeps an address that LB-IPAM has not noted as its own, by this pool.

    So it is at the start of the operator, and in a block that is new (``stripOrImportIngresses``, ``findRangeOfIP``).
    """
    return (
        pool.block_of(address) is not None
        and not is_disabled(pool)
        and pool.selects(service)
        and not is_reserved(pool, address)
        and not asks_for_others(service, address)
        and address.family in service.families
    )


def keeps(before: AddressPool, after: AddressPool, service: LbService, address: Address) -> bool:
    """Return whether a Service keeps an address of a pool that changes, without an import.

    So it is where the block stays (``handlePoolModified``, ``EqualCIDR``), whether the pool is disabled or not.
    """
    block = before.block_of(address)
    stays = block is not None and block.interval in after.bounds
    return stays and after.selects(service) and not asks_for_others(service, address)


def may_share(one: LbService, other: LbService, lb_ipam: LbIpam) -> bool:
    """Return whether two services may hold one address (``isCompatible`` of ``service_store.go``)."""
    if not one.key or one.key != other.key or one.policy != other.policy:
        return False
    if one.namespace != other.namespace and not (_lets_in(one, other) and _lets_in(other, one)):
        return False
    if one.policy == "Local" and (not one.pods or one.pods != other.pods):
        return False
    if lb_ipam.has(SHARED_PORTS):  # whatever the protocols
        return not {number for number, _protocol in one.ports} & {number for number, _protocol in other.ports}
    return not one.ports & other.ports


def other_shares(
    service: LbService, address: Address, others: Iterable[LbService], lb_ipam: LbIpam
) -> Iterator[Address]:
    """Yield the addresses that a Service may get for one that it shares, when that is imported.

    The first service that is looked at keeps the address; the next gets the first address that its key finds, unless it
    asks for one (``stripOrImportIngresses``, ``satisfyGenericIPv4Requests``). A Cilium without
    :data:`.cilium.SHARED_IMPORTS` lets it join the first one, so there are none.
    """
    known = list(others)
    if not lb_ipam.has(SHARED_IMPORTS) or service.asks or not any(address in other.held for other in known):
        return
    for other in known:
        if may_share(service, other, lb_ipam):
            yield from (held for held in other.held if held.family == address.family and held != address)


def first_comers(
    service: LbService, address: Address, others: Iterable[LbService], lb_ipam: LbIpam
) -> Iterator[LbService]:
    """Yield the services that may come to share an address before one that holds it, and beside which it may not.

    While the address is imported for one of its holders alone, one without an address may join that one first. A Cilium
    without :data:`.cilium.SHARED_IMPORTS` imports it for all of them before it gives any.

    Args:
        service: one that holds the address.
        address: what it shares.
        others: the other services; one that keeps an address of its own is left out by the caller.
        lb_ipam: whose rules hold.
    """
    known = list(others)
    holders = [other for other in known if address in other.held]
    for other in known if lb_ipam.has(SHARED_IMPORTS) else ():
        joins = any(may_share(other, holder, lb_ipam) for holder in holders) and not may_share(other, service, lb_ipam)
        if other not in holders and joins and not asks_for_others(other, address):
            yield other


def _lets_in(service: LbService, other: LbService) -> bool:
    return bool(service.partners & {other.namespace, EVERY_NAMESPACE})
