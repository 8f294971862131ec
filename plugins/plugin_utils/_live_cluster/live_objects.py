# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a live cluster: whose they are, and how messages and removals name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._cilium.common import Object
from .._kubernetes.labels import FIELD_MANAGER, LABEL_MANAGED_BY, LABEL_SITE, ownership_labels


def is_ours(metadata: Mapping[str, Any], site: str) -> bool:
    """Return whether an object carries both ownership labels of the site."""
    labels = metadata.get("labels") or {}
    return all(labels.get(key) == value for key, value in ownership_labels(site).items())


def is_of_a_site(metadata: Mapping[str, Any]) -> bool:
    """Return whether an object carries the ownership labels of any site."""
    labels = metadata.get("labels") or {}
    return labels.get(LABEL_MANAGED_BY) == FIELD_MANAGER and bool(labels.get(LABEL_SITE))


def object_key(item: Object) -> tuple[str, str, str]:
    """Return kind, namespace (empty for none) and name."""
    return item["kind"], item["metadata"].get("namespace") or "", item["metadata"]["name"]


def place(item: Object) -> str:
    """Return ``kind namespace/name``, as messages name an object."""
    namespace = item["metadata"].get("namespace")
    return f"{item['kind']} {namespace + '/' if namespace else ''}{item['metadata']['name']}"


def reference(item: Object) -> Object:
    """Return what names an object to a removal: apiVersion, kind, name and namespace."""
    metadata = {name: item["metadata"][name] for name in ("name", "namespace") if item["metadata"].get(name)}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata}


def live_uids(state: Mapping[str, Any]) -> dict[str, str]:
    """Return the objects that a cluster has, as :func:`place` names them, with their UIDs; none for namespaces.

    Args:
        state: what ``cluster_state_info`` has read.
    """
    uids = {place(item): str(item["metadata"].get("uid") or "") for item in _live(state)}
    uids.update((f"Namespace {name}", "") for name in state["namespaces"] or ())
    return uids


def live_versions(state: Mapping[str, Any]) -> dict[str, str]:
    """Return by place (:func:`place`) the resourceVersion with which an object was read.

    Args:
        state: what ``cluster_state_info`` has read.
    """
    return {place(item): str(item["metadata"].get("resourceVersion") or "") for item in _live(state)}


def live_labels(state: Mapping[str, Any]) -> dict[str, dict[str, str | None]]:
    """Return by place (:func:`place`) the labels of nodes that our field manager had set when they were read.

    Args:
        state: what ``cluster_state_info`` has read.
    """
    return {
        f"Node {name}": {key: node["labels"].get(key) for key in node["owned"]} for name, node in state["nodes"].items()
    }


def _live(state: Mapping[str, Any]) -> Iterator[Object]:
    """Yield the objects that a cluster has, with the metadata that was read of them."""
    yield from state["objects"]
    yield from state["services"]
    for metadata in state["secrets"]:
        yield {"kind": "Secret", "metadata": metadata}
    for name, node in state["nodes"].items():
        yield {"kind": "Node", "metadata": {**node, "name": name}}
