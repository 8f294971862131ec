# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of refusals where a live service would lose an address, and who gave it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .._addressing.addresses import Address, interval_text
from .._cilium.common import Object
from .._cilium.lb_ipam import POOL, AddressPool, LbIpam, LbService, is_disabled, is_reserved, read_service
from .._kubernetes.labels import ANNOTATION_ADDRESSES, ANNOTATION_SHARING_KEY, UNNAMED_MANAGER
from .._model.site import KUBERNETES_TRAFFIC_POLICY
from .._versions.cilium import Fault
from .consent import ConsentError

ROLE = "cilium_net_lb"
CONTROLLERS = {
    "metallb.universe.tf/": "MetalLB",
    "metallb.io/": "MetalLB",
    "kube-vip.io/": "kube-vip",
    "svccontroller.k3s.cattle.io/": "servicelb of k3s",
}
"""Prefixes of the annotations and finalizers that a load balancer leaves on a Service -> its name."""


def word_of(service: LbService, address: Address | str) -> str:
    """Return how ``edge_cluster_take_over`` names what a service may lose: an address, or a host's name."""
    return f"{service.place}@{address if isinstance(address, str) else address.text}"


def _refusal(path: str, problem: str, hint: str, service: LbService, address: Address | str) -> ConsentError:
    """Return the refusal of what takes an address from a service, or may."""
    return ConsentError(path, problem, hint, "services", word_of(service, address), ROLE)


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


def _all_held(service: LbService) -> str:
    """Return all addresses that a service holds, as the annotation has them: one that asks for some keeps no other."""
    return ",".join(address.text for address in service.held)


def held_as_value(service: LbService) -> str:
    """Return all addresses that a service holds, with the key of ``edge_services`` that asks for them."""
    texts = [address.text for address in service.held]
    if len(texts) == 1:
        return f"the address that it holds (addresses: {texts[0]})"
    return f"all addresses that it holds (addresses: [{', '.join(texts)}])"


def _held(address: Address, giver: str | None) -> str:
    return _has(address.text, giver)


def _has(text: str, giver: str | None) -> str:
    return f"it holds {text}{f' (given by {giver})' if giver else ''}"


def not_read(first: bool, service: LbService, text: str, giver: str | None) -> ConsentError:
    """Return the error of what a service has beside addresses: LB-IPAM takes it away as soon as it serves the service.

    Args:
        first: whether the pools are the cluster's first ones.
        service: who has it.
        text: a host's name, or what Cilium cannot read as an address.
        giver: who gave it, as far as that is known.
    """
    return _refusal(
        f"Service {service.place}",
        f"{_has(text, giver)}, and {begins(first)}, Cilium takes that away: it keeps addresses alone, as Go reads them",
        "make the service anew with the loadBalancerClass of whoever gave it; or leave services without a class to"
        " others, with defaultLBServiceIPAM: none (Cilium 1.17 on)",
        service,
        text,
    )


def not_imported(
    pools: Sequence[AddressPool], first: bool, service: LbService, address: Address, giver: str | None
) -> ConsentError:
    """Return the error of an address that LB-IPAM takes away as soon as it serves the service.

    Args:
        pools: those that the cluster has at this moment.
        first: whether they are its first ones.
        service: who holds it.
        address: what it holds.
        giver: who gave it, as far as that is known.
    """
    others = sorted(pool.name for pool in pools if not is_disabled(pool) and pool.selects(service) and pool.blocks)
    instead = f"and gives it another one, of {' or '.join(others)}" if others else "and gives it none"
    reserved = [pool.name for pool in pools if pool.selects(service) and is_reserved(pool, address)]
    kept = f" (the pool {reserved[0]} reserves it: first_last: false)" if reserved else ""
    return _refusal(
        f"Service {service.place}",
        f"{_held(address, giver)}, and {begins(first)}, Cilium takes the address away {instead}{kept}",
        "put the address in a pool that selects the service; or leave services without a class to others, with"
        " defaultLBServiceIPAM: none (Cilium 1.17 on)",
        service,
        address,
    )


def not_of_the_first(
    first: AddressPool, later: AddressPool, service: LbService, address: Address, giver: str | None
) -> ConsentError:
    """Return the error of an address of a pool that is made after a cluster's first one."""
    return _refusal(
        f"Service {service.place}",
        f"{_held(address, giver)}, and the cluster has no {POOL} yet: with the first one, {first.name}, Cilium takes"
        f" away what that one does not give. The pool {later.name}, which comes a moment later, gives the address back"
        " for sure only to a service that asks for it, and connections end",
        "make the pools while Cilium's operator is scaled down (docs/situations/from-metallb.md); or let the service"
        f" ask for its address ({ANNOTATION_ADDRESSES})",
        service,
        address,
    )


def not_shared(
    first: bool, service: LbService, address: Address, others: Iterable[LbService], giver: str | None
) -> ConsentError:
    """Return the error of an address that several services hold, of which LB-IPAM leaves it to one.

    The arguments are those of :func:`not_imported`, and ``others``, with which it cannot share it as they live.
    """
    names = " and ".join(sorted(other.place for other in others))
    return _refusal(
        f"Service {service.place}",
        f"{_held(address, giver)}, and so does {names}: {begins(first)}, Cilium leaves it to one of them, as they do"
        " not say yet that they share it",
        f"annotate each with the same {ANNOTATION_SHARING_KEY} first (kubectl annotate service); services of one key"
        " must not have the same port, nor two traffic policies",
        service,
        address,
    )


def begins(first: bool) -> str:
    """Return when LB-IPAM begins to serve a service."""
    return (
        f"the cluster has no {POOL} yet: with the first one" if first else "Cilium has not served it yet: once it does"
    )


def given_up(before: AddressPool, after: AddressPool | None, service: LbService, address: Address) -> ConsentError:
    """Return the error of a pool of ours that gives up an address which a service holds; ``after``: as planned."""
    what = f"the service {service.place} holds {address.text}"
    block = after.block_of(address) if after is not None and after.selects(service) else None
    if after is None or block is None:
        problem, hint = f"{what}, which no planned pool gives it", "keep the address in its pool"
    elif after.disabled:
        problem = f"{what}, and its block changes while the pool is disabled: a new block of such a pool gives nothing"
        hint = "keep the block as it is until no service holds an address of it, or enable the pool first"
    elif is_reserved(after, address):
        problem = f"{what}, and its block changes to one whose first and last address are reserved (first_last: false)"
        hint = "keep the block as it is, or first_last: true"
    else:
        problem = f"{what}, which its block loses when it changes, as the service asks for others"
        hint = f"let it ask for what it holds ({_all_held(service)})"
    return _refusal(f"{POOL} {before.name}", f"{problem}: Cilium would take it away", hint, service, address)


def freed(before: AddressPool, service: LbService, address: Address) -> ConsentError:
    """Return the error of an address that a pool of ours frees while a service holds it, as it reserves no ends."""
    return _refusal(
        f"{POOL} {before.name}",
        f"the service {service.place} holds {address.text}, the first or last address of a block, and first_last: false"
        " is taken out: Cilium then counts the address as free, whoever holds it, so another service may get it too, or"
        " its operator ends by a crash (1.20)",
        f"{_as_range(before, address)}; or move the service to another address first",
        service,
        address,
    )


def _as_range(pool: AddressPool, address: Address) -> str:
    """Return how a block stays as it is, and reserves nothing."""
    block = pool.block_of(address)
    written = f" ({interval_text(block.interval)})" if block else ""
    return f"write the block as a range{written}, of which no address is reserved"


def given_anew(before: AddressPool, after: AddressPool, service: LbService, address: Address) -> ConsentError:
    """Return the error of an address that goes from a pool of ours to another planned one."""
    return _refusal(
        f"{POOL} {before.name}",
        f"the service {service.place} holds {address.text}, which the pool {after.name} is to give it instead: Cilium"
        " takes it away first, so its connections end, and only a service that asks for its address is sure to get it"
        " again",
        f"keep the address in the pool {before.name}",
        service,
        address,
    )


def given_another(
    before: AddressPool, service: LbService, address: Address, lb_ipam: LbIpam, fault: Fault
) -> ConsentError:
    """Return the error of a changed pool of ours that may give a service another address than the one it holds."""
    return _refusal(
        f"{POOL} {before.name}",
        f"the service {service.place} holds {address.text} without asking for it, and Cilium {lb_ipam.version} may give"
        f" it another one when the pool changes (mended in {fault.version})",
        f"annotate it with {ANNOTATION_ADDRESSES}: {_all_held(service)} first, update Cilium",
        service,
        address,
    )


def shared_with_others(path: str, service: LbService, address: Address, other: Address, when: str) -> ConsentError:
    """Return the error of a shared address, for which a service may get another one that it could share too.

    Args:
        path: what changes.
        service: who holds it.
        address: what it holds.
        other: what it may get.
        when: what makes Cilium give it anew.
    """
    return _refusal(
        path,
        f"the service {service.place} shares {address.text} without asking for it, and could share {other.text} as"
        f" well: {when}, and Cilium may give it that one",
        f"annotate it with {ANNOTATION_ADDRESSES}: {_all_held(service)} first, or give the services of each address a"
        f" {ANNOTATION_SHARING_KEY} of their own",
        service,
        address,
    )


def shared_with_new(path: str, service: LbService, address: Address, other: LbService, when: str) -> ConsentError:
    """Return the error of a shared address, for which a service may get the one that another has just got.

    Args:
        path: what changes.
        service: who holds it.
        address: what it holds.
        other: who gets an address of its own, which nobody knows yet.
        when: what makes Cilium give it anew.
    """
    return _refusal(
        path,
        f"the service {service.place} shares {address.text} without asking for it, and could share the address that"
        f" {other.place} gets by this run as well: {when}, and Cilium may give it that one",
        f"annotate it with {ANNOTATION_ADDRESSES}: {_all_held(service)} first, or give {other.place} a"
        f" {ANNOTATION_SHARING_KEY} of its own",
        service,
        address,
    )


def taken_first(path: str, service: LbService, address: Address, other: LbService, when: str) -> ConsentError:
    """Return the error of a shared address that another service may come to share first, beside which one may not.

    Args:
        path: what changes.
        service: who holds it.
        address: what it holds.
        other: who may come to share it.
        when: what makes Cilium give it anew.
    """
    return _refusal(
        path,
        f"the service {service.place} shares {address.text}, and {other.place} may come to share it too, beside which"
        f" it may not: {when}, and Cilium may give it to that one first",
        f"give {other.place} a {ANNOTATION_SHARING_KEY} of its own first",
        service,
        address,
    )


NEW_BLOCK = "its block changes"
NEW_START = "this run changes Cilium's release, its operator starts anew"


def lost_at_the_start(pool: AddressPool, service: LbService, address: Address) -> ConsentError:
    """Return the error of an address that a service loses when Cilium's operator starts anew."""
    if pool.disabled:
        why = "is disabled"
        hint = "take disabled out of the pool in a run of its own, before Cilium changes"
    elif pool.conflicts:
        why = "shares addresses with an older pool"
        hint = "take these addresses out of one of the two in a run of its own, before Cilium changes"
    else:
        why = "reserves it (first_last: false)"
        hint = f"{_as_range(pool, address)}, in a run of its own, before Cilium changes"
    return _refusal(
        f"{POOL} {pool.name}",
        f"the service {service.place} holds {address.text}, and the pool {why}: {NEW_START}, and then Cilium would take"
        " the address away",
        hint,
        service,
        address,
    )


def left_to_others(pool: AddressPool, service: LbService, address: Address, to_nodes: bool) -> ConsentError:
    """Return the error of an address of a pool whose service LB-IPAM will no longer serve; ``to_nodes``: node IPAM."""
    if to_nodes:
        follows = "node IPAM writes addresses of nodes in its place (defaultLBServiceIPAM: nodeipam)"
    else:
        follows = f"it counts the address as free, so it may give it to another service of the pool {pool.name}"
    return _refusal(
        f"Service {service.place}",
        f"it holds {address.text} of the pool {pool.name}, and with the planned values Cilium's LB-IPAM no longer"
        f" serves services without a loadBalancerClass: {follows}",
        "keep defaultLBServiceIPAM: lbipam in edge_cilium_values; or make the service anew with a class of Cilium's"
        " (class in edge_services) in a run of its own, before Cilium changes",
        service,
        address,
    )


def lost_by_keys(path: str, writes: str, why: str, hint: str, held: tuple[LbService, Address]) -> ConsentError:
    """Return the error of an address that a service loses by labels or annotations that a run sets or takes back.

    Args:
        path: of the service.
        writes: what the run does to it, such as ``sets pool: b``.
        why: what follows from that.
        hint: the way out.
        held: the service, and the address.
    """
    service, address = held
    problem = f"it holds {address.text}, and this run {writes}: {why}, so Cilium would take the address away"
    return _refusal(path, problem, hint, service, address)


def written_keys(before: Object, after: Object) -> str:
    """Return what a run sets of a Service that LB-IPAM sees, and what it takes back, as a part of a sentence."""
    was, will = ({**_keys(item, "labels"), **_keys(item, "annotations"), **_fields(item)} for item in (before, after))
    changed = [f"{key}: {will[key]}" for key in sorted(will) if was.get(key) != will[key]]
    changed += ["other ports"] if read_service(before).ports != read_service(after).ports else []
    changed += ["another selector"] if read_service(before).pods != read_service(after).pods else []
    gone = sorted(set(was) - set(will))
    words = [f"sets {', '.join(changed)}"] if changed else []
    words += [f"takes {', '.join(gone)} back"] if gone else []
    return " and ".join(words)


def _keys(item: Object, name: str) -> Mapping[str, str]:
    return item["metadata"].get(name) or {}


def _fields(item: Object) -> dict[str, str]:
    """Return the fields of a Service by which it asks for an address, or may share one."""
    asked = item["spec"].get("loadBalancerIP")
    policy = item["spec"].get("externalTrafficPolicy") or KUBERNETES_TRAFFIC_POLICY
    return {**({"loadBalancerIP": asked} if asked else {}), "externalTrafficPolicy": policy}
