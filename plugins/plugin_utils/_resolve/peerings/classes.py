# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, classes of nodes: a node may match one CiliumBGPClusterConfig only; nodes with the same peers share it.

A class's name depends on its own nodes alone: the selectors of their peerings, the AS number where it is the node's
own, and the node's networks where a peering lists several. So a name stays whatever else comes and goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from ..._findings.wording import some
from ..._inventory.values import Item
from ..._kubernetes.labels import LABEL_CLASS
from ..._kubernetes.selectors import Selector, selector_of_label, selector_slug
from ..._model.site import Node, NodeClass, Peering
from ..hosts import Context

_Key = tuple[tuple[str, ...], int | None, tuple[str, ...]]
"""Peerings, the node's own AS number, the node's networks."""


@dataclass(frozen=True, slots=True)
class Membership:
    """What decides a node's class."""

    peerings: tuple[str, ...]
    asn: int | None
    """Its own AS number, where a peering takes that."""
    networks: tuple[str, ...]
    """Its networks, where a peering lists several."""


def node_classes(
    context: Context,
    cluster: str,
    items: Mapping[str, Item],
    peerings: list[Peering],
    memberships: Mapping[str, Membership],
    nodes: Mapping[str, Node],
) -> tuple[NodeClass, ...]:
    """Return the classes of the nodes of one cluster.

    A class is selected by one of its peerings' own selectors where that fits its nodes exactly, else by a label of
    ours, which is put on its nodes.

    Args:
        context: takes the findings.
        cluster: the cluster's host.
        items: its peerings as written.
        peerings: its resolved peerings.
        memberships: node -> what decides its class; only nodes that peer.
        nodes: its nodes by name.
    """
    named = {peering.name: peering for peering in peerings}
    members: dict[_Key, list[str]] = {}
    for node, own in memberships.items():
        members.setdefault((own.peerings, own.asn, own.networks), []).append(node)
    selected: dict[Selector, frozenset[str]] = {}
    for selector in (peering.nodes for peering in peerings):
        if selector is not None and selector not in selected:
            # A drained node still has the labels, so a selector that matches it does not fit a class without it.
            selected[selector] = frozenset(host for host, node in nodes.items() if selector.matches(node.all_labels))
    classes: list[NodeClass] = []
    for (names, asn, networks), hosts in sorted(members.items(), key=lambda item: str(item[0])):
        selectors = {named[name].nodes for name in names}
        written = _written_name(context, items, names)
        derived = "-".join([selector_slug(selectors), *([f"as{asn}"] if asn is not None else []), *networks])
        name = written or _bounded(derived)
        chosen = frozenset(hosts)
        fitting = [found for found in selectors if found is not None and selected[found] == chosen]
        everyone = None in selectors and chosen == frozenset(nodes)
        by_label = None if everyone else selector_of_label(LABEL_CLASS, name)
        chooses = min(fitting, key=lambda found: found.text, default=by_label)
        if not fitting and not everyone:
            _check_labels(context, cluster, items, names, sorted(hosts))
            if len(name) > 63:
                context.report.add(
                    "EDGE317",
                    f"{items[names[0]].path}.names.cluster_config",
                    f"has {len(name)} characters, and is the value of the label by which it selects {some(hosts)} too",
                    "at most 63, or let a peering's nodes select exactly these nodes",
                )
        classes.append(NodeClass(name=name, selector=chooses, nodes=tuple(sorted(hosts)), peerings=names))
    _check_split(context, items, members)
    return tuple(sorted(classes, key=lambda item: (item.peerings, item.name)))


def _check_split(context: Context, items: Mapping[str, Item], members: Mapping[_Key, list[str]]) -> None:
    """Report a written name of a CiliumBGPClusterConfig that would be that of several.

    Nodes of the same peerings are several classes where they have AS numbers or networks of their own. A written name
    is never changed: on an adopted site it is the name of what runs.
    """
    by_peerings: dict[tuple[str, ...], list[list[str]]] = {}
    for (names, _asn, _networks), hosts in sorted(members.items(), key=lambda item: sorted(item[1])):
        by_peerings.setdefault(names, []).append(sorted(hosts))
    for names, several in by_peerings.items():
        first = next((name for name in names if items[name]["names"]["cluster_config"] is not None), None)
        if len(several) > 1 and first is not None:
            written = items[first]["names"]["cluster_config"]
            context.report.add(
                "EDGE317",
                f"{items[first].path}.names.cluster_config",
                f"is {written!r}, but its nodes have AS numbers or networks of their own, so each of"
                f" {' and '.join(some(hosts) for hosts in several)} needs a CiliumBGPClusterConfig of its own",
                "leave the name out, or write a peering for each with nodes and a name of its own",
            )


def _bounded(name: str) -> str:
    """Return a class's name with at most 63 characters: it is the value of a label too."""
    return name if len(name) <= 63 else f"{name[:54].rstrip('-.')}-{sha256(name.encode()).hexdigest()[:8]}"


def _written_name(context: Context, items: Mapping[str, Item], names: tuple[str, ...]) -> str | None:
    """Return the class's name under ``names.cluster_config``; peerings of one class must agree about it."""
    written = {name: items[name]["names"]["cluster_config"] for name in names}
    found = {value for value in written.values() if value is not None}
    if not found:
        return None
    if len(found) > 1 or None in written.values():
        first = next(name for name in names if written[name] is not None)
        others = [name for name in names if written[name] != written[first]]
        own = f"is {written[others[0]]!r}" if written[others[0]] else "is missing"
        context.report.add(
            "EDGE317",
            f"{items[others[0]].path}.names.cluster_config",
            f"{own}, but {items[first].path} says {written[first]!r}, and nodes of both share one"
            " CiliumBGPClusterConfig",
            "write one name in both",
        )
    return str(min(found))


def _check_labels(
    context: Context, cluster: str, items: Mapping[str, Item], names: tuple[str, ...], hosts: list[str]
) -> None:
    """Report a class that only a label of ours could select, where labels are not ours to write."""
    if context.parsed.clusters[cluster]["edge_cluster_manage_labels"]:
        return
    whose = " and ".join(items[name].path for name in names)
    context.report.add(
        "EDGE318",
        f"{cluster}.edge_cluster_manage_labels",
        f"is false, and no selector of {whose} selects exactly {some(hosts)}: only a label could",
        f"let {items[names[0]].path}.nodes select exactly these nodes, or let labels be written",
    )
