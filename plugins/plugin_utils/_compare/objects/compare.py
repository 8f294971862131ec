# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare two sets of Kubernetes and Cilium objects by the network edge that they set up.

Compared is the result under a Cilium version's defaults: each node's BGP sessions and what it announces
over them, the addresses that services get, where they are announced over L2, and the Services themselves. Names and
labels that only tie objects together do not matter, nor do the objects' number and order. An object of another kind is
compared as it stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ....module_utils._errors import EdgeError
from ....module_utils._kubernetes.cilium_kinds import PEERING_POLICY
from ..._addressing.intervals import Interval, merge
from ..._cilium.common import api_version
from ..._kubernetes.labels import kubelet_labels
from ..._kubernetes.selectors import Selector
from ..._versions.cilium import parse_version
from .labels import EVERYTHING, ServiceClass, classes_text, selector, service_classes
from .policies import policies_are_read, translated
from .pools import announced_over_l2, interval_text, pod_pool_facts, pool_blocks, pool_conflict
from .services import service_facts
from .sessions import Announcement, NodeSessions, node_sessions
from .shape import read_as_the_api_has_it

Facts = dict[str, str]
"""Property of one subject -> its value, both in readers' words."""

_HANDLED = frozenset(
    {
        "CiliumBGPClusterConfig",
        "CiliumBGPPeerConfig",
        "CiliumBGPAdvertisement",
        "CiliumBGPNodeConfigOverride",
        PEERING_POLICY,
        "CiliumLoadBalancerIPPool",
        "CiliumL2AnnouncementPolicy",
        "CiliumPodIPPool",
        "Service",
        "Secret",
    }
)
_OF_NODES = frozenset({"CiliumBGPClusterConfig", PEERING_POLICY, "CiliumL2AnnouncementPolicy"})
"""The kinds that select nodes."""
_SERVICE_SELECTORS = {
    "CiliumLoadBalancerIPPool": "serviceSelector",
    "CiliumL2AnnouncementPolicy": "serviceSelector",
}


@dataclass(frozen=True, slots=True)
class ClusterState:
    """What a set of objects sets up. Services are taken by the classes that the selectors of both sides tell apart."""

    facts: Mapping[str, Facts]
    """Subject -> facts: ``node n1, peer 10.0.0.1``, ``service web/site``, ..."""
    by_class: Mapping[str, Mapping[ServiceClass, str]]
    """Subject and kind of announcement -> class of services -> what is announced."""


def objects_difference(
    first: Sequence[Mapping[str, Any]],
    second: Sequence[Mapping[str, Any]],
    version: str,
    nodes: Mapping[str, Mapping[str, str]],
    first_family: str = "IPv4",
    first_version: str | None = None,
) -> list[str]:
    """Return the differences between what two sets of objects set up, one line each; none where they are equal.

    Args:
        first: whole objects, in any order.
        second: other ones.
        version: of Cilium, for both.
        nodes: name -> labels of each node of the cluster.
        first_family: of the cluster, ``IPv4`` or ``IPv6``: what a Service gets that names none.
        first_version: of the Cilium that reads the first set, where that lives in a cluster. Then what it serves is not
            asked: it has served the set. None: the first set is read and checked as the second one.

    Raises:
        EdgeError: an object is none, its version serves no such API, or a selector is none.
    """
    readers = (first_version or version, version)
    sides = [_by_kind(first, "first", None if first_version else version), _by_kind(second, "second", version)]
    for held, reader in zip(sides, readers, strict=True):
        if PEERING_POLICY in held and not policies_are_read(parse_version(reader)):
            del held[PEERING_POLICY]
        if not nodes and not _OF_NODES.isdisjoint(held):
            raise EdgeError(
                "nodes", "there is no node", "give name -> labels of each node: what a node does is compared"
            )
    labels = (item["metadata"].get("labels") or {} for held in sides for item in held.get("Service", {}).values())
    used = frozenset(key for own in labels for key in own)
    classes = service_classes((found for held in sides for found in _selectors(held)), used)
    one, other = (
        _cluster_state(held, reader, nodes, classes, first_family) for held, reader in zip(sides, readers, strict=True)
    )
    lines: dict[str, list[str]] = {}
    for subject in sorted({**one.facts, **other.facts}):
        for line in _facts_difference(one.facts.get(subject), other.facts.get(subject)):
            lines.setdefault(line, []).append(subject)
    for subject in sorted({**one.by_class, **other.by_class}):
        for line in _class_difference(one.by_class.get(subject, {}), other.by_class.get(subject, {}), classes):
            lines.setdefault(line, []).append(subject)
    return [f"{_subjects(subjects)}: {line}" for line, subjects in lines.items()]


def _by_kind(
    items: Sequence[Mapping[str, Any]], place: str, version: str | None
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the objects by kind and name (``namespace/name``); List objects are opened.

    Args:
        items: the objects.
        place: which set it is, for errors.
        version: of the Cilium that is to serve them; None: they live, so one serves them.

    Raises:
        EdgeError: one is none, stands twice, or has an API version that is not served.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for path, item in _opened(items, place):
        try:
            kind, metadata = str(item["kind"]), item["metadata"]
            name = "/".join(filter(None, (metadata.get("namespace"), str(metadata["name"]))))
        except (AttributeError, KeyError, TypeError) as error:
            raise EdgeError(path, "it is not a Kubernetes object: kind and metadata.name") from error
        group, _slash, served = str(item.get("apiVersion", "")).rpartition("/")
        new = group == "cilium.io" and served == "v2" and kind in _HANDLED
        if version is not None and new and not _has_v2(kind, version):
            raise EdgeError(
                f"{kind} {name}", f"Cilium {version} does not serve it as cilium.io/v2", api_version(kind, version)
            )
        if name in found.setdefault(kind, {}):
            raise EdgeError(f"{kind} {name}", f"it stands twice in the {place} set")
        with read_as_the_api_has_it(f"{kind} {name}"):
            for what in ("labels", "annotations"):
                _map(metadata.get(what), f"metadata.{what}")
            found[kind][name] = {**item, "spec": _map(item.get("spec"), "spec"), "v1": served == "v2alpha1"}
    return found


def _map(value: Any, what: str) -> Mapping[str, Any]:
    """Return a part of an object that must be a map; one that is left out is empty.

    Raises:
        TypeError: it is something else, or has a key that is no text.
    """
    if value is not None and not (isinstance(value, Mapping) and all(isinstance(key, str) for key in value)):
        raise TypeError(f"{what} is {value!r}, not a map of text keys")
    return value or {}


def _opened(items: Iterable[Any], place: str) -> Iterator[tuple[str, Any]]:
    """Yield each object with its place; of a List, as kubectl writes it, those in it; no empty YAML document."""
    for index, item in enumerate(items):
        path = f"{place}[{index}]"
        held = item.get("items") if isinstance(item, Mapping) and str(item.get("kind")).endswith("List") else None
        if isinstance(held, (list, tuple)):
            yield from _opened(held, f"{path}.items")
        elif item is not None:
            yield path, item


def _has_v2(kind: str, version: str) -> bool:
    return api_version(kind, version).endswith("/v2")


def _selectors(held: Mapping[str, Mapping[str, Any]]) -> Iterable[Selector]:
    """Yield every selector of services."""
    for kind, key in _SERVICE_SELECTORS.items():
        for name, item in held.get(kind, {}).items():
            yield selector(item["spec"].get(key), EVERYTHING, f"{kind} {name}") or EVERYTHING
    yield from _advertised(held.get("CiliumBGPAdvertisement", {}))
    for name, item in held.get(PEERING_POLICY, {}).items():
        yield from _advertised(translated(name, item["spec"])["CiliumBGPAdvertisement"])


def _advertised(advertisements: Mapping[str, Mapping[str, Any]]) -> Iterable[Selector]:
    """Yield the selectors of services in CiliumBGPAdvertisements, by name."""
    for name, item in advertisements.items():
        path = f"CiliumBGPAdvertisement {name}"
        with read_as_the_api_has_it(path):
            for entry in item["spec"].get("advertisements") or []:
                found = selector(entry.get("selector"), None, path)
                if entry.get("advertisementType") == "Service" and found is not None:
                    yield found


def _cluster_state(
    held: Mapping[str, Mapping[str, dict[str, Any]]],
    version: str,
    nodes: Mapping[str, Mapping[str, str]],
    classes: tuple[ServiceClass, ...],
    first_family: str,
) -> ClusterState:
    """Return what one set of objects sets up.

    Args:
        held: its objects, by kind and name.
        version: of Cilium.
        nodes: name -> labels.
        classes: the classes of services that are told apart.
        first_family: of the cluster.
    """
    facts: dict[str, Facts] = {}
    by_class: dict[str, dict[ServiceClass, str]] = {}
    pools: list[tuple[Selector, bool, tuple[Interval, ...]]] = []
    blocks: list[Interval] = []
    unread: list[str] = []
    for name, item in held.get("CiliumLoadBalancerIPPool", {}).items():
        found = selector(item["spec"].get("serviceSelector"), EVERYTHING, f"CiliumLoadBalancerIPPool {name}")
        disabled = bool(item["spec"].get("disabled", False))
        own, strange = pool_blocks(item["spec"], f"CiliumLoadBalancerIPPool {name}")
        pools.append((found or EVERYTHING, disabled, merge(own)))
        blocks += own
        unread += strange
    said = {"conflict": pool_conflict(blocks), "passed over": ", ".join(sorted(unread))}
    facts["pools"] = {what: text for what, text in said.items() if text}
    drawn = {item: _drawn(pools, dict(item.labels)) for item in classes}
    by_class["addresses"] = {item: _drawn_text(parts) for item, parts in drawn.items() if any(parts)}
    reach = {item: merge((*parts[0], *parts[1])) for item, parts in drawn.items()}
    for node, labels in nodes.items():
        with read_as_the_api_has_it(f"nodes.{node}"):
            every = {**kubelet_labels(node), **_map(labels, "labels")}
        _add_node(node_sessions(held, parse_version(version), node, every), node, reach, facts, by_class)
        over_l2 = announced_over_l2(held.get("CiliumL2AnnouncementPolicy", {}), every, reach)
        if over_l2:
            by_class[f"node {node}, L2"] = over_l2
    for name, item in held.get("Service", {}).items():
        with read_as_the_api_has_it(f"Service {name}"):
            facts[f"service {name}"] = service_facts(item, name, pools, first_family, parse_version(version))
    for name, item in held.get("CiliumPodIPPool", {}).items():
        facts[f"pod IP pool {name}"] = pod_pool_facts(item["spec"], f"CiliumPodIPPool {name}")
    for kind in sorted(set(held) - _HANDLED):
        for name, item in held[kind].items():
            rest = {key: value for key, value in item.items() if key not in ("metadata", "status", "v1", "apiVersion")}
            with read_as_the_api_has_it(f"{kind} {name}"):
                facts[f"{kind} {name}"] = {"": json.dumps(rest, sort_keys=True)}
    return ClusterState(facts, by_class)


def _drawn(
    pools: Iterable[tuple[Selector, bool, tuple[Interval, ...]]], labels: Mapping[str, str]
) -> tuple[tuple[Interval, ...], tuple[Interval, ...]]:
    """Return the addresses that services with these labels get, and those that they may only keep (disabled pools)."""
    found: tuple[list[Interval], list[Interval]] = ([], [])
    for matched, disabled, intervals in pools:
        if matched.matches(labels):
            found[disabled].extend(intervals)
    return merge(found[0]), merge(found[1])


def _drawn_text(parts: tuple[tuple[Interval, ...], tuple[Interval, ...]]) -> str:
    enabled, disabled = (interval_text(part) for part in parts)
    return ", ".join(filter(None, (enabled, f"{disabled} (disabled)" if disabled else "")))


def _add_node(
    sessions: NodeSessions,
    node: str,
    reach: Mapping[ServiceClass, tuple[Interval, ...]],
    facts: dict[str, Facts],
    by_class: dict[str, dict[ServiceClass, str]],
) -> None:
    """Add the BGP sessions of one node, and what it announces over them, to ``facts`` and ``by_class``.

    Args:
        sessions: the sessions.
        node: its name.
        reach: class of services -> the addresses that they may hold.
        facts: subject -> properties.
        by_class: subject -> class of services -> what is announced of them.
    """
    facts[f"node {node}"] = dict(sessions.own)
    for peer, settings in sessions.peers.items():
        facts[f"node {node}, {peer}"] = dict(settings)
    for (peer, family, kind), entries in sessions.services.items():
        announced = _announced(entries, family, kind, reach)
        if announced:
            by_class[f"node {node}, {peer}, {family} {kind}"] = announced


def _announced(
    entries: Sequence[Announcement], family: str, kind: str, reach: Mapping[ServiceClass, tuple[Interval, ...]]
) -> dict[ServiceClass, str]:
    """Return what the entries for one family and kind of address announce for each class of services."""
    number = 4 if family == "ipv4" else 6
    result: dict[ServiceClass, str] = {}
    for item, intervals in reach.items():
        found = [entry for entry in entries if entry.selector.matches(dict(item.labels))]
        addresses = "their own"
        if kind == "LoadBalancerIP":
            addresses = interval_text(tuple(part for part in intervals if part.family == number))
        if found and addresses:
            result[item] = addresses + Announcement.together(found)
    return result


def _facts_difference(one: Facts | None, other: Facts | None) -> list[str]:
    if one is None or other is None:
        return [f"only in the {'second' if one is None else 'first'}"]
    lines = []
    for name in sorted({**one, **other}):
        mine, theirs = one.get(name), other.get(name)
        if mine == theirs:
            continue
        head = f"{name}: " if name else ""
        if mine is None or theirs is None:
            lines.append(f"{head}{mine or theirs} only in the {'second' if mine is None else 'first'}")
        else:
            lines.append(f"{head}{mine} in the first, {theirs} in the second")
    return lines


def _class_difference(
    one: Mapping[ServiceClass, str], other: Mapping[ServiceClass, str], every: tuple[ServiceClass, ...]
) -> list[str]:
    """Return the differences by class; classes that differ alike share a line."""
    found: dict[tuple[str | None, str | None], list[ServiceClass]] = {}
    for item in every:
        pair = (one.get(item), other.get(item))
        if pair[0] != pair[1]:
            found.setdefault(pair, []).append(item)
    lines = []
    for (mine, theirs), items in found.items():
        what = classes_text(items, every)
        if mine is None or theirs is None:
            lines.append(f"{what}: {mine or theirs} only in the {'second' if mine is None else 'first'}")
        else:
            lines.append(f"{what}: {mine} in the first, {theirs} in the second")
    return lines


def _subjects(subjects: Sequence[str]) -> str:
    """Return the subjects of one line as text; nodes with the same rest stand together."""
    parts: dict[str, list[str]] = {}
    for subject in subjects:
        head, _comma, rest = subject.partition(", ")
        if head.startswith("node "):
            parts.setdefault(f", {rest}" if rest else "", []).append(head[len("node ") :])
        else:
            parts[subject] = []
    texts = [
        f"{'node' if len(nodes) == 1 else 'nodes'} {', '.join(nodes)}{rest}" if nodes else rest
        for rest, nodes in parts.items()
    ]
    return " and ".join(texts)
