# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels that a site sets on nodes, and takes back: no node leaves a selector on the way.

They come with BGP, before the objects that select by them, and go after the L2 policies, which select by labels too.
What changes a selection waits until Cilium knows the labels by which it selects (``copied_labels``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils._errors import EdgeError
from .._cilium.common import Object
from .._kubernetes.labels import FIELD_MANAGER
from .._kubernetes.selectors import selector_of
from .changes import Changes
from .note import NODE_LABELS, Claims
from .others_objects import CLUSTER_CONFIG, L2_POLICY

SELECTING = (CLUSTER_CONFIG, L2_POLICY)
"""Kinds whose objects select nodes; one without a selector selects all."""


def selects(item: Object) -> bool:
    """Return whether an object, or a reference to one, is of a kind that selects nodes."""
    return item["kind"] in SELECTING


def labels_to_copy(
    planned: Iterable[Object],
    live: Mapping[str, Any],
    wanted: Mapping[str, Mapping[str, str]] | None,
    relabeled: bool,
) -> dict[str, dict[str, str]]:
    """Return by node the labels that its CiliumNode must have before a selection changes.

    Only keys by which planned objects select: whoever set them, by whichever run.

    Args:
        planned: the objects of a part.
        live: the nodes of the cluster, as they were read.
        wanted: as :func:`label_nodes` takes them; None where labels are not ours.
        relabeled: whether labels have their new values already.
    """
    selectors = [selector_of(item["spec"].get("nodeSelector") or {}) for item in planned if selects(item)]
    keys = {requirement.key for selector in selectors for requirement in selector.requirements}
    found = {}
    for name, node in live.items():
        own, has = (wanted or {}).get(name, {}), node["labels"]
        labels = {**has, **own} if relabeled else {**own, **has}
        copied = {key: labels[key] for key in sorted(keys) if key in labels}
        if copied:
            found[name] = copied
    return found


def label_nodes(
    changes: Changes,
    wanted: Mapping[str, Mapping[str, str]],
    live: Mapping[str, Any],
    claims: Claims,
    labels_go: bool,
) -> None:
    """Add the writes that set labels of nodes, and take them back where they may go.

    What another site alone has set, as the same field manager, stays.

    Args:
        changes: takes the writes, before all that is there.
        wanted: by node, the labels that it shall have from us; a node without labels is there too.
        live: the nodes of the cluster.
        claims: what this site made; takes what is to be noted of it.
        labels_go: whether labels go here. Else they stay until :func:`unlabel_nodes`.
    """
    objects, changes.apply = changes.apply, []
    later, changes.later = changes.later, []
    left = []
    for name in sorted({*wanted, *claims.note.labels, *live}):
        labels, node = wanted.get(name, {}), live.get(name)
        noted: set[str] = set()
        if node is not None:
            kept, going = _beside_the_plan(name, labels, node, claims)
            left += [f"{name}: {', '.join(sorted(kept))}"] if kept else []
            stay = {} if labels_go else going
            _label_node(changes, name, {**kept, **stay, **labels}, node)
            noted = {*labels, *stay}
        elif labels:
            changes.later.append(f"Node {name}")
            changes.absent.append(
                EdgeError(f"Node {name}", "it is not in the cluster", "let it join, or take the host out of edge_nodes")
            )
        claims.note_labels(name, noted)
    if left and NODE_LABELS not in claims.note.parts and (claims.note.parts or any(wanted.values())):
        changes.warnings.append(
            f"Labels of nodes that {FIELD_MANAGER} has set, and that this site has not noted ({'; '.join(left)}): they"
            f" were left, as another site may have set them ({claims.kubectl} label node NODE KEY- takes one off)"
        )
    changes.apply += objects
    changes.later += later


def unlabel_nodes(
    changes: Changes, wanted: Mapping[str, Mapping[str, str]], live: Mapping[str, Any], claims: Claims
) -> None:
    """Add the writes that take labels back which the plan lacks. None is set: a node that keeps all is not written.

    Args:
        changes: takes the writes, after all that is there.
        wanted: as :func:`label_nodes` takes them.
        live: the nodes of the cluster.
        claims: what this site made; takes what is to be noted of it.
    """
    for name in sorted(claims.note.labels):
        labels, node = wanted.get(name, {}), live.get(name)
        if claims.note.labels[name] <= labels.keys():
            continue
        if node is not None:
            _kept, going = _beside_the_plan(name, labels, node, claims)
            if going:
                staying = _set_keys_of(node) - going.keys()
                changes.unlabel.append(_node_patch(name, {key: node["labels"][key] for key in staying}))
        claims.note_labels(name, labels if node is not None else ())


def labels_afterwards(
    wanted: Mapping[str, Mapping[str, str]] | None, live: Mapping[str, Any], claims: Claims
) -> dict[str, dict[str, str]]:
    """Return by node of the cluster its labels once a run has set ours and taken back what the plan lacks.

    Args:
        wanted: as :func:`label_nodes` takes them; None where labels are not ours.
        live: the nodes of the cluster.
        claims: what this site made.
    """
    if wanted is None:
        return {name: dict(node["labels"]) for name, node in live.items()}
    found = {}
    for name, node in live.items():
        labels = wanted.get(name, {})
        _kept, going = _beside_the_plan(name, labels, node, claims)
        found[name] = {**{key: value for key, value in node["labels"].items() if key not in going}, **labels}
    return found


def _set_keys_of(node: Mapping[str, Any]) -> set[str]:
    """Return the keys of the labels that a node has by our field manager."""
    return {key for key in node["owned"] if key in node["labels"]}


def _beside_the_plan(
    name: str, labels: Mapping[str, str], node: Mapping[str, Any], claims: Claims
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the labels that a node has by our field manager and that the plan lacks: those of another site, and ours.

    Args:
        name: of the node.
        labels: the planned ones.
        node: how it lives.
        claims: what this site set.
    """
    ours = claims.note.labels.get(name, frozenset())
    beside = {key: node["labels"][key] for key in _set_keys_of(node) if key not in labels}
    kept = {key: value for key, value in beside.items() if key not in ours}
    return kept, {key: value for key, value in beside.items() if key in ours}


def _label_node(changes: Changes, name: str, planned: Mapping[str, str], live: Mapping[str, Any]) -> None:
    """Add the writes that bring our labels on a node to the planned ones; where it has them, none.

    Whenever a CiliumNode or a CiliumBGPClusterConfig changes, Cilium's operator ends the sessions of each node that is
    selected no more (``operator/pkg/bgp``, ``deleteNodeConfigs``). So new keys come before the objects that select by
    them, another value comes after these, and keys go after what has selected by them. Agents copy labels from Nodes to
    CiliumNodes: what follows new keys and values waits for that (``copied_labels``).

    Args:
        changes: takes the writes.
        name: of the node.
        planned: all labels that it shall have by our field manager.
        live: its ``labels``, and the keys that our field manager has: ``owned``.
    """
    last = {key: live["labels"][key] for key in _set_keys_of(live)}
    coming, changed = {**planned, **last}, {**last, **planned}
    for writes, labels in ((changes.apply, coming), (changes.relabel, changed), (changes.unlabel, dict(planned))):
        if labels != last:
            writes.append(_node_patch(name, labels))
        last = labels


def _node_patch(name: str, labels: Mapping[str, str]) -> Object:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": dict(sorted(labels.items()))}}
