# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live objects of others that claim what planned ones claim: nodes, sessions, addresses or services.

Rules of Cilium, by kind:

* CiliumBGPPeeringPolicy: up to 1.18 it wins over each CiliumBGPClusterConfig on its nodes (cilium/cilium#32774); 1.19
  does not read it any more (upgrade notes of 1.19).
* CiliumBGPClusterConfig: a node takes one; of two, the younger one is refused there (condition
  ``cilium.io/ConflictingClusterConfig``).
* CiliumBGPNodeConfigOverride: it changes the instances of the node of its name, whoever planned them.
* CiliumBGPPeerConfig, CiliumBGPAdvertisement: the one selects the other by labels, whoever made them.
* CiliumLoadBalancerIPPool: of two that share an address the younger one is disabled as a whole
  (``cilium.io/PoolConflict``); of two that select a service no order is defined (cilium/cilium#22008).
* CiliumL2AnnouncementPolicy: each one that selects a service announces it, from its own nodes and interfaces.
* CiliumPodIPPool: two that share an address hand it out twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ...module_utils._errors import EdgeError
from ...module_utils._kubernetes.cilium_kinds import PEERING_POLICY
from .._addressing.addresses import interval_text
from .._addressing.intervals import Interval, merge, overlaps
from .._addressing.live import live_cidr
from .._cilium.common import Object
from .._cilium.lb import DEFAULT_POD_POOL
from .._cilium.lb_ipam import POOL, pool_blocks
from .._findings.wording import some
from .._kubernetes.selectors import Selector, selector_of
from .._versions.cilium import PEERING_POLICY_UNTIL, parse_version, text_of
from .consent import ConsentError
from .live_objects import object_key, place

CLUSTER_CONFIG = "CiliumBGPClusterConfig"
PEER_CONFIG = "CiliumBGPPeerConfig"
ADVERTISEMENT = "CiliumBGPAdvertisement"
OVERRIDE = "CiliumBGPNodeConfigOverride"
L2_POLICY = "CiliumL2AnnouncementPolicy"
POD_POOL = "CiliumPodIPPool"

UID_LETTERS = 8
"""Of a UID, in the word that names an object: enough to tell one from that which takes its name later."""

Labels = Mapping[str, str]
"""Of an object, by key."""
Key = tuple[str, str, str]
"""Of an object: kind, namespace and name."""
_Fact = TypeVar("_Fact")


@dataclass(frozen=True, slots=True)
class View:
    """What the selectors of a cluster's objects meet there at one time."""

    nodes: Mapping[str, Labels]
    """By node, its labels."""
    services: Mapping[str, Labels]
    """By ``namespace/name``, what selectors see of each LoadBalancer Service that LB-IPAM serves, or will."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the selectors of a cluster's objects meet before a run, and once it has written labels and services."""

    before: View
    after: View
    version: str | None = None
    """The planned version of Cilium; None: not told, then it may be any."""


@dataclass(frozen=True, slots=True)
class _Planned:
    """The planned objects, by kind, and what the run newly lets them select beside objects of others."""

    around: Surroundings
    objects: Sequence[Object]
    written: frozenset[Key]
    """Of these, what the run would make or change."""

    def of(self, kind: str) -> list[Object]:
        """Return the planned objects of a kind."""
        return [item for item in self.objects if item["kind"] == kind]

    def written_of(self, kind: str) -> list[Object]:
        """Return those of a kind that the run would make or change: what they share with others is new."""
        return [item for item in self.of(kind) if object_key(item) in self.written]

    def new(self, item: Object, facts: Callable[[View], set[_Fact]]) -> set[_Fact]:
        """Return what a planned object shares with one of others by the run: all where the run writes it.

        Else it is what labels bring together that the run writes.

        Args:
            item: the planned object.
            facts: what the two share in a view.
        """
        found = facts(self.around.after)
        return found if object_key(item) in self.written else found - facts(self.around.before)

    def taken(self, theirs: Mapping[str, object] | None) -> dict[str, str]:
        """Return by node that a selector of others selects too the planned CiliumBGPClusterConfig that it newly takes.

        Args:
            theirs: the selector; none selects all nodes.
        """
        found: dict[str, str] = {}
        for item in self.of(CLUSTER_CONFIG):
            selectors = theirs, item["spec"].get("nodeSelector")
            for node in sorted(self.new(item, _nodes_of(selectors))):
                found.setdefault(node, item["metadata"]["name"])
        return found


class Owner(Protocol):
    """Says whose a live object is: :class:`.note.Claims`."""

    def made(self, item: Object, /) -> bool:
        """Return whether this site made it."""

    def keeps(self, item: Object, /) -> bool:
        """Return whether it is this site's still, to be changed and removed."""


def claims_of_others(
    planned: Sequence[Object],
    live: Sequence[Object],
    around: Surroundings,
    owner: Owner,
    consent: Iterable[str] = (),
    written: Iterable[Key] | None = None,
) -> list[EdgeError]:
    """Return an error for each live object of others that claims what a planned object claims by this run.

    What both claimed before, and what lives as planned of it, is not judged anew.

    Args:
        planned: the planned objects.
        live: all objects of Cilium's kinds. One that has the name of a planned object is not judged here.
        around: the cluster's nodes and services.
        owner: whose a live object is.
        consent: ``Kind/name@generation-UID`` of those beside which the run goes on.
        written: which of the planned ones the run would make or change; None: all. Of the others counts what they
            select by labels that the run writes.
    """
    known = _Planned(around, planned, frozenset(map(object_key, planned) if written is None else written))
    names = {object_key(item) for item in planned}
    said = frozenset(consent)
    used = _peer_configs_in_use(live, owner.keeps)
    errors = []
    for item in sorted(live, key=object_key):
        if (
            item["kind"] not in _CHECKS
            or owner.keeps(item)
            or object_key(item) in names
            or name_as_it_lives(item) in said
        ):
            continue
        if item["kind"] == PEER_CONFIG and item["metadata"]["name"] not in used:
            continue
        reasons = list(_CHECKS[item["kind"]](item, known))
        if reasons:
            errors.append(_refusal(item, reasons, TAKEN if owner.made(item) else OTHERS))
    return errors


def name_as_it_lives(item: Object) -> str:
    """Return ``Kind/name@generation-UID``, the UID cut short: one that is changed or made anew has another word."""
    metadata = item["metadata"]
    return f"{item['kind']}/{metadata['name']}@{metadata.get('generation', 0)}-{metadata['uid'][:UID_LETTERS]}"


OTHERS = "it was not made by this site"
TAKEN = "somebody took the site's labels off, so it stays as it is"


def _refusal(item: Object, reasons: Sequence[str], whose: str = OTHERS) -> EdgeError:
    return ConsentError(
        place(item),
        f"{whose}, and {'; '.join(reasons)}",
        "delete it, or take what both claim out of it or out of the inventory",
        "objects",
        name_as_it_lives(item),
    )


def _selected(selector: Mapping[str, object] | None, labels: Mapping[str, Labels]) -> list[str]:
    """Return the names that a LabelSelector selects; all without one."""
    wanted = selector_of(selector or {})
    return sorted(name for name, own in labels.items() if wanted.matches(own))


def _shared(selectors: Iterable[Mapping[str, object] | None], labels: Mapping[str, Labels]) -> set[str]:
    """Return the names that each of several LabelSelectors selects."""
    return set(labels).intersection(*(_selected(selector, labels) for selector in selectors))


def _nodes_of(selectors: Sequence[Mapping[str, object] | None]) -> Callable[[View], set[str]]:
    """Return what finds the nodes of a view that each of several LabelSelectors selects."""
    return lambda view: _shared(selectors, view.nodes)


def _services_of(selectors: Sequence[Mapping[str, object] | None]) -> Callable[[View], set[str]]:
    """Return what finds the services of a view that each of several LabelSelectors selects."""
    return lambda view: _shared(selectors, view.services)


def _peer_configs_in_use(live: Iterable[Object], made: Callable[[Object], bool]) -> set[str]:
    """Return the names of the CiliumBGPPeerConfigs that sessions of others have."""
    return {
        (peer.get("peerConfigRef") or {}).get("name", "")
        for item in live
        if item["kind"] == CLUSTER_CONFIG and not made(item)
        for instance in item["spec"].get("bgpInstances") or []
        for peer in instance.get("peers") or []
    }


# -- one check for each kind: yields why an object collides -----------------------------------------------------------
def _peering_policy(item: Object, planned: _Planned) -> Iterator[str]:
    until, version = text_of(PEERING_POLICY_UNTIL), planned.around.version
    if version is None or parse_version(version) < PEERING_POLICY_UNTIL:
        shared = planned.taken(item["spec"].get("nodeSelector"))
        if shared:
            yield (
                f"it selects {some(sorted(shared))}, as the planned {CLUSTER_CONFIG} {shared[min(shared)]} does: before"
                f" Cilium {until} it wins, and no planned session comes up there"
            )


def ended_policies(
    policies: Sequence[Object], nodes: Mapping[str, Labels], live: str, planned: str, consent: Iterable[str]
) -> list[EdgeError]:
    """Return an error for each CiliumBGPPeeringPolicy whose sessions would end with an upgrade of Cilium.

    Args:
        policies: the live ones.
        nodes: by node, its labels.
        live: the version that runs.
        planned: the one that follows, which does not read them any more.
        consent: ``Kind/name@generation-UID`` of those that may end.
    """
    if not _older(live):
        return []
    said = frozenset(consent)
    errors = []
    for item in sorted(policies, key=object_key):
        selected = _selected(item["spec"].get("nodeSelector"), nodes)
        if selected and name_as_it_lives(item) not in said:
            reason = (
                f"it gives {some(selected)} the sessions that they have: Cilium {planned} does not read it, and they"
                " end with all that they announce"
            )
            errors.append(_refusal(item, [reason]))
    return errors


def _older(version: str | None) -> bool:
    try:
        return version is not None and parse_version(version) < PEERING_POLICY_UNTIL
    except EdgeError:  # older than what can be judged at all
        return True


def _cluster_config(item: Object, planned: _Planned) -> Iterator[str]:
    shared = planned.taken(item["spec"].get("nodeSelector"))
    if shared:
        yield (
            f"it selects {some(sorted(shared))}, as the planned {shared[min(shared)]} does: a node takes one"
            f" {CLUSTER_CONFIG}, and Cilium refuses the younger one"
        )


def _override(item: Object, planned: _Planned) -> Iterator[str]:
    config = planned.taken(None).get(item["metadata"]["name"])
    own = {instance["name"] for instance in item["spec"].get("bgpInstances") or []}
    for found in planned.of(CLUSTER_CONFIG):
        shared = sorted(own & {instance["name"] for instance in found["spec"].get("bgpInstances") or []})
        if found["metadata"]["name"] == config and shared:
            yield f"it changes {some(shared)} of the planned {CLUSTER_CONFIG} {config} on this node"


def _advertised(item: Object) -> list[Selector]:
    """Return the selectors by which a CiliumBGPPeerConfig chooses advertisements; a family without one has none."""
    families = item["spec"].get("families") or []
    return [selector_of(family["advertisements"]) for family in families if family.get("advertisements") is not None]


def _chooses(peer_config: Object, advertisement: Object) -> bool:
    labels = advertisement["metadata"].get("labels") or {}
    return any(selector.matches(labels) for selector in _advertised(peer_config))


def _peer_config(item: Object, planned: _Planned) -> Iterator[str]:
    chosen = [found["metadata"]["name"] for found in planned.written_of(ADVERTISEMENT) if _chooses(item, found)]
    if chosen:
        yield f"it selects the planned {ADVERTISEMENT} {some(chosen)}: its sessions would announce the same addresses"


def _advertisement(item: Object, planned: _Planned) -> Iterator[str]:
    chosen = [found["metadata"]["name"] for found in planned.written_of(PEER_CONFIG) if _chooses(found, item)]
    if chosen:
        yield f"the planned {PEER_CONFIG} {some(chosen)} selects it: planned sessions would announce what it has"


def _pool(item: Object, planned: _Planned) -> Iterator[str]:
    blocks = pool_blocks(item)
    for found in planned.of(POOL):
        name, own = found["metadata"]["name"], pool_blocks(found)
        if object_key(found) in planned.written:
            consequence = f"{name} has: Cilium disables the younger of two such pools as a whole"
            yield from _shared_addresses(blocks, own, consequence)
        if item["spec"].get("disabled") or not {block.family for block in blocks} & {block.family for block in own}:
            continue
        both = sorted(planned.new(found, _services_of(_service_selectors(item, found))))
        if both:
            yield (
                f"it serves {some(both)}, as the planned {name} does: which of the two gives the address is not defined"
            )


def _service_selectors(*objects: Object) -> list[Mapping[str, object] | None]:
    return [item["spec"].get("serviceSelector") for item in objects]


def _pod_pool(item: Object, planned: _Planned) -> Iterator[str]:
    if item["metadata"]["name"] == DEFAULT_POD_POOL:  # of the operator, by a Helm value
        return
    for found in planned.written_of(POD_POOL):
        name = found["metadata"]["name"]
        yield from _shared_addresses(pod_blocks(item), pod_blocks(found), f"{name} has: pods would get it twice")


def pod_blocks(item: Object) -> tuple[Interval, ...]:
    """Return the addresses of a CiliumPodIPPool; a CIDR that is none is passed over."""
    found = []
    for cidr in [cidr for key in ("ipv4", "ipv6") for cidr in (item["spec"].get(key) or {}).get("cidrs") or []]:
        with suppress(TypeError, ValueError):
            found.append(live_cidr(cidr))
    return merge(found)


def _shared_addresses(left: Sequence[Interval], right: Sequence[Interval], consequence: str) -> Iterator[str]:
    shared = [interval_text(found.interval) for found in overlaps([*left, *right])]
    if shared:
        yield f"it has {some(shared)}, which the planned {consequence}"


def _l2_policy(item: Object, planned: _Planned) -> Iterator[str]:
    if not item["spec"].get("loadBalancerIPs"):
        return
    found = {(service, node) for pool in planned.of(POOL) for service, node in _announced(item, pool, planned)}
    services = sorted({service for service, _node in found})
    if found:
        nodes = sorted({node for _service, node in found})
        yield f"it announces {some(services)}, which draw from planned pools, on L2 from {some(nodes)}"
    for policy in planned.of(L2_POLICY):
        more = {(service, node) for service, node in _announced(item, policy, planned) if service not in services}
        if more:
            both, nodes = (sorted({pair[place] for pair in more}) for place in (0, 1))
            name = policy["metadata"]["name"]
            yield f"it announces {some(both)}, as the planned {L2_POLICY} {name} does, on L2 from {some(nodes)}"


def _announced(item: Object, own: Object, planned: _Planned) -> set[tuple[str, str]]:
    """Return each service, and node, that an L2 policy of others newly announces beside a planned object.

    Args:
        item: the policy.
        own: a planned pool from which services draw, or a planned L2 policy. Of one that lives as planned, a node that
            it newly selects counts where both announce from it.
        planned: all that is planned.
    """
    selectors = _service_selectors(item, own)
    by_nodes = own["kind"] == L2_POLICY and object_key(own) not in planned.written
    nodes = [found["spec"].get("nodeSelector") for found in (item, *((own,) if by_nodes else ()))]

    def pairs(view: View) -> set[tuple[str, str]]:
        return {(service, node) for service in _shared(selectors, view.services) for node in _shared(nodes, view.nodes)}

    return planned.new(own, pairs)


_CHECKS: Mapping[str, Callable[[Object, _Planned], Iterator[str]]] = {
    ADVERTISEMENT: _advertisement,
    CLUSTER_CONFIG: _cluster_config,
    L2_POLICY: _l2_policy,
    OVERRIDE: _override,
    PEERING_POLICY: _peering_policy,
    PEER_CONFIG: _peer_config,
    POD_POOL: _pod_pool,
    POOL: _pool,
}
