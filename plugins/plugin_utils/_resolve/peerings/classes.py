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
from ..._kubernetes.labels import LABEL_CLASS, LABEL_HOSTNAME
from ..._kubernetes.selectors import selector_of_label, selector_slug
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
        nodes: its nodes by name, with drained and absent ones: the cluster has them too, and they peer with nobody, so
            a selector that may match one of them fits no class.
    """
    named = {peering.name: peering for peering in peerings}
    members: dict[_Key, list[str]] = {}
    for node, own in memberships.items():
        members.setdefault((own.peerings, own.asn, own.networks), []).append(node)
    selected = {
        selector: frozenset(host for host, node in nodes.items() if node.may_match(selector))
        for selector in dict.fromkeys(peering.nodes for peering in peerings)
    }
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
            more = [(named[name], selected[named[name].nodes] - chosen) for name in names]
            _check_labels(context, cluster, items, names, sorted(hosts), _leaving(more, nodes))
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


def _leaving(
    more: list[tuple[Peering, frozenset[str]]], nodes: Mapping[str, Node]
) -> tuple[Peering, list[Node]] | None:
    """Return the nodes for which alone a selector fits no class, as they peer with nobody: drained or absent ones.

    Args:
        more: the peerings of the class, each with the nodes that its selector may match beside the class.
        nodes: the cluster's nodes by name.

    Returns:
        The peering for which these are the fewest, and they, by name; None where each selector matches others too.
    """
    found = [(peering, [nodes[host] for host in sorted(hosts)]) for peering, hosts in more]
    alone = [(peering, own) for peering, own in found if all(node.drain or node.absent for node in own)]
    return min(alone, key=lambda item: len(item[1]), default=None)


def _check_labels(
    context: Context,
    cluster: str,
    items: Mapping[str, Item],
    names: tuple[str, ...],
    hosts: list[str],
    leaving: tuple[Peering, list[Node]] | None,
) -> None:
    """Report a class that only a label of ours could select, where labels are not ours to write.

    Args:
        context: takes the finding.
        cluster: the cluster's host.
        items: its peerings as written.
        names: the peerings of the class.
        hosts: its nodes.
        leaving: what :func:`_leaving` has found.
    """
    if context.parsed.clusters[cluster]["edge_cluster_manage_labels"]:
        return
    whose = " and ".join(items[name].path for name in names)
    beside, ways = "", [f"let {items[names[0]].path}.nodes select exactly these nodes"]
    if leaving is not None:
        peering, left = leaving
        beside = f" (drained or absent: {some([node.host for node in left])})"
        own = [] if peering.nodes is None else [peering.nodes.text]
        without = f"{LABEL_HOSTNAME} notin ({','.join(node.host for node in left)})"
        ways = [f"write {items[peering.name].path}.nodes: '{','.join([*own, without])}'"]
        if all(node.absent for node in left):
            ways.append("delete the host where its Node has left the cluster")
    context.report.add(
        "EDGE318",
        f"{cluster}.edge_cluster_manage_labels",
        f"is false, and no selector of {whose} selects exactly {some(hosts)}{beside}: only a label could",
        ", or ".join([*ways, "let labels be written"]),
    )
