# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a cluster that one role each brings to the plan: what is read for a part, and how it is compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils._kubernetes.cilium_kinds import NODE, NODE_CONFIG, OTHERS_PLURALS, PLURALS, READ_ONLY_PLURALS
from .._cilium.common import BGP_KINDS, LB_KINDS, Object
from .._cilium.lb_ipam import LbIpam, service_name
from .._kubernetes.labels import FIELD_MANAGER, ownership_selector, service_labels
from .._model.site import TakeOver
from .changes import Changes, another_inventory, bgp_changes, lb_changes, service_changes
from .ended_sessions import ended_sessions, peerings_leave
from .held_addresses import MayMove, ServiceWrites
from .held_pod_cidrs import lost_pod_cidrs, pod_cidrs_leave
from .live_objects import object_key, place
from .node_labels import label_nodes, labels_afterwards, unlabel_nodes
from .note import Claims, note_name
from .others_objects import Surroundings, View, claims_of_others
from .service_writes import service_writes
from .stored import kinds_to_store

PART_KINDS: Mapping[str, tuple[str, ...]] = {"bgp": BGP_KINDS, "lb": LB_KINDS, "services": ()}
"""By part, the kinds whose objects belong to it as a whole."""


def state_request(part: str, options: Mapping[str, Any], wait: int) -> dict[str, Any]:
    """Return the options of module ``cluster_state_info`` that read what a part is compared with.

    Args:
        part: a key of :data:`PART_KINDS`.
        options: those of module ``cluster_objects``.
        wait: seconds to wait until the cluster serves the kinds of ``objects``. A kind that nothing is planned of is
            not waited for, as not every Cilium has it.
    """
    owned = ownership_selector(options["site"])
    planned = {item["kind"] for item in options["objects"]}
    return {
        "wait_plurals": [PLURALS[kind] for kind in PART_KINDS[part] if kind in planned],
        "plurals": [*(PLURALS[kind] for kind in PART_KINDS[part]), *(OTHERS_PLURALS.values() if part == "bgp" else ())],
        "nodes": part in ("bgp", "lb"),
        "namespaces": part in ("bgp", "services"),
        "services": part in ("lb", "services"),
        "service_names": [f"{item['namespace']}/{item['name']}" for item in options["services"] or ()],
        "config_map": f"{options['namespace']}/{note_name(options['site'])}",
        "secrets_namespace": options["secrets_namespace"] if part == "bgp" else None,
        "selector": owned,
        "manager": FIELD_MANAGER,
        "wait": wait,
    }


def usage_plurals(part: str, options: Mapping[str, Any], objects: Iterable[Object]) -> list[str]:
    """Return the kinds to be read beside a state, where an object leaves the plan: what nodes use of it.

    Else nobody asks for them: they are large. Nor of a cluster that leaves the site, where nothing in use is refused.

    Args:
        part: a key of :data:`PART_KINDS`.
        options: those of module ``cluster_objects``.
        objects: the live ones of the part's kinds.
    """
    judged = options["objects"], list(objects), options["site"]
    if options["forget"]:
        return []
    if part == "bgp" and peerings_leave(*judged):
        return [READ_ONLY_PLURALS[NODE_CONFIG]]
    if part == "lb" and pod_cidrs_leave(*judged):
        return [READ_ONLY_PLURALS[NODE]]
    return []


def part_changes(
    part: str, options: Mapping[str, Any], passwords: Iterable[str], state: Mapping[str, Any], claims: Claims
) -> Changes:
    """Return what to do for a part.

    Args:
        part: a key of :data:`PART_KINDS`.
        options: those of module ``cluster_objects``. ``services`` tell the part ``lb`` which labels and annotations
            will be there, and which services leave.
        passwords: names of the BGP passwords that are given.
        state: what :func:`state_request` asked for.
        claims: what the site made; takes what is to be noted of it.
    """
    objects = options["objects"]
    if part == "services":
        return service_changes(options["services"] or (), state, claims)
    consent = TakeOver.of(options["take_over"])
    lb_ipam = lb_ipam_of(options)
    labels = options["node_labels"]
    writes = ServiceWrites()
    if part == "bgp":
        namespace = options["secrets_namespace"]
        changes = bgp_changes(objects, passwords, namespace, state, claims)
        if labels is not None:
            label_nodes(changes, labels, state["nodes"], claims, options["labels_go"])
        changes.errors += another_inventory(options["nodes"], state["nodes"], claims)
        if options["nodes"] and not options["forget"]:
            claims.note_nodes(options["nodes"])
    else:
        writes = service_writes(options["services"], state, claims)
        changes = lb_changes(objects, may_move_of(options), state, claims, lb_ipam, writes)
        if labels is not None:
            unlabel_nodes(changes, labels, state["nodes"], claims)
        if not options["forget"]:
            changes.store = kinds_to_store(state["kinds"], options["cilium_version"])
            changes.errors += lost_pod_cidrs(objects, changes.remove, state["objects"], claims.made, consent.objects)
    around = _surroundings(options, state, claims, lb_ipam, writes)
    written = map(object_key, made_or_changed(objects, changes))
    changes.errors += claims_of_others(objects, state["objects"], around, claims, consent.objects, written)
    if part == "bgp" and not options["forget"]:
        nodes = labels_of_nodes(state["nodes"], labels or {})
        changes.errors += ended_sessions(
            objects, changes.remove, state["objects"], nodes, consent.objects, options["leaving_routers"]
        )
    return changes


def lb_ipam_of(options: Mapping[str, Any]) -> LbIpam:
    """Return the LB-IPAM of which the options of module ``cluster_objects`` tell."""
    return LbIpam(options["cilium_version"], options["serves_classless"], options.get("served_before"))


def may_move_of(options: Mapping[str, Any]) -> MayMove:
    """Return the user's word of which the options of module ``cluster_objects`` tell."""
    return MayMove(frozenset(options["may_move"]), TakeOver.of(options["take_over"]))


def made_or_changed(planned: Iterable[Object], changes: Changes) -> list[Object]:
    """Return the planned objects that a run would make or change."""
    written = {object_key(item) for item in changes.apply}
    return [item for item in planned if object_key(item) in written or place(item) in changes.later]


def labels_of_nodes(live: Mapping[str, Any], planned: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return by node of the cluster its labels, once the planned ones are written."""
    return {name: {**node["labels"], **planned.get(name, {})} for name, node in live.items()}


def _surroundings(
    options: Mapping[str, Any], state: Mapping[str, Any], claims: Claims, lb_ipam: LbIpam, writes: ServiceWrites
) -> Surroundings:
    """Return what selectors meet before a run and after it.

    Args:
        options: those of module ``cluster_objects``.
        state: what :func:`state_request` asked for.
        claims: what the site made.
        lb_ipam: the LB-IPAM that serves the pools.
        writes: what the run does to live services.
    """
    planned = options["services"] or ()
    live = state["services"]
    stay = [writes.after.get(service_name(item), item) for item in live if not writes.leaves(item)]
    after = _labels_of_services(stay, planned, lb_ipam)
    there = set(map(service_name, live))
    made = {name for name in map(_planned_name, filter(lambda item: item["object"], planned)) if name not in there}
    untouched = {name: labels for name, labels in after.items() if name not in {*writes.after, *made}}
    nodes = {name: node["labels"] for name, node in state["nodes"].items()}
    return Surroundings(
        View(nodes, {**_labels_of_services(live, (), lb_ipam), **untouched}),
        View(labels_afterwards(options["node_labels"], state["nodes"], claims), after),
        options["cilium_version"],
    )


def _planned_name(item: Mapping[str, Any]) -> str:
    return f"{item['namespace']}/{item['name']}"


def _labels_of_services(
    live: Iterable[Object], planned: Iterable[Mapping[str, Any]], lb_ipam: LbIpam
) -> dict[str, dict[str, str]]:
    """Return by LoadBalancer Service that LB-IPAM serves what selectors see of it, once planned labels are written."""
    found: dict[str, dict[str, str]] = {}
    for service in live:
        if service["spec"].get("type") == "LoadBalancer" and lb_ipam.serves(service):
            metadata = service["metadata"]
            special = service_labels(metadata["namespace"], metadata["name"])
            found[service_name(service)] = {**(metadata.get("labels") or {}), **special}
    for item in planned:
        name = _planned_name(item)
        known = found.get(name, service_labels(item["namespace"], item["name"]))
        found[name] = {**known, **item["labels"]}
    return found
