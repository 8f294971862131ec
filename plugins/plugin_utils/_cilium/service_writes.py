# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What live Services are once a run has written its labels and annotations: what LB-IPAM will see of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._kubernetes.labels import FIELD_MANAGER
from .changes import service_changes
from .common import Object
from .held_addresses import ServiceWrites
from .lb_ipam import service_name
from .live_objects import object_key
from .note import Claims

SERVICES = "services"
"""The part that writes them."""


def service_writes(
    items: Sequence[Mapping[str, Any]] | None, state: Mapping[str, Any], claims: Claims
) -> ServiceWrites:
    """Return what the part ``services`` of a run will do to live services.

    Args:
        items: the planned services. Others that this site made leave with the run. None: not told, then all stay.
        state: the result of module ``cluster_state_info``, with services.
        claims: of another part.
    """
    if items is None:
        return ServiceWrites()
    planned = {(item["namespace"], item["name"]) for item in items}

    def leaves(service: Object) -> bool:
        """Return whether the part removes it."""
        if object_key(service)[1:] in planned:
            return False
        return service["metadata"].get("uid") in claims.note.made and claims.carries_labels(service)

    live = {service_name(item): item for item in state["services"]}
    there = {**state, "namespaces": [item["metadata"]["namespace"] for item in live.values()]}
    own = Claims(SERVICES, claims.site, state.get("config_map") or {}, claims.namespace)
    written = {service_name(item): item for item in service_changes(items, there, own).apply}
    after = {name: _applied(item, live[name]) for name, item in written.items() if name in live}
    return ServiceWrites(leaves, after, frozenset(f"{namespace}/{name}" for namespace, name in planned))


def _applied(item: Object, live: Object) -> Object:
    """Return a live object as it is once ``item`` is applied to it (Kubernetes documentation, "Server-Side Apply")."""
    metadata = {**live["metadata"]}
    for kind in ("labels", "annotations"):
        wanted = item["metadata"].get(kind) or {}
        given_back = _own_keys(live, kind) - set(wanted)
        kept = {key: value for key, value in (metadata.get(kind) or {}).items() if key not in given_back}
        metadata[kind] = {**kept, **wanted}
    return {**live, "metadata": metadata, "spec": {**live["spec"], **(item.get("spec") or {})}}


def _own_keys(live: Object, kind: str) -> set[str]:
    """Return the labels or annotations that our field manager has applied and no other one owns."""
    ours: set[str] = set()
    others: set[str] = set()
    for entry in live["metadata"].get("managedFields") or []:
        fields = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get(f"f:{kind}") or {}
        keys = {name.removeprefix("f:") for name in fields if name != "."}
        if (entry.get("manager"), entry.get("operation")) == (FIELD_MANAGER, "Apply"):
            ours |= keys
        else:
            others |= keys
    return ours - others
