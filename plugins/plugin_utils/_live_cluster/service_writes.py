# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What live Services are once a run has written them, itself or by Helm: what LB-IPAM will see of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._cilium.common import Object
from .._cilium.lb_ipam import service_name
from .._kubernetes.labels import FIELD_MANAGER
from .._kubernetes.values import is_true, value_at
from .._model.site import KUBERNETES_TRAFFIC_POLICY
from .changes import service_changes
from .held_addresses import ServiceWrites
from .note import Claims

SERVICES = "services"
"""The part that writes them."""
INGRESS_SERVICE = "cilium-ingress"
"""The name of the ingress controller's Service where no value says another one."""
METADATA = ("labels", "annotations")
KEEP_VALUES = "keep its labels, annotations and fields in ingressController.service of edge_cilium_values"


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
    live = {service_name(item): item for item in state["services"]}
    there = {**state, "namespaces": [item["metadata"]["namespace"] for item in live.values()]}
    own = Claims(SERVICES, claims.site, state.get("config_map") or {}, claims.namespace, claims.now)
    changes = service_changes(items, there, own)
    removed = set(map(service_name, changes.remove))
    applied = {service_name(item): item for item in changes.apply}
    after = {name: written(item, live[name]) for name, item in applied.items() if name in live}
    return ServiceWrites(
        lambda service: service_name(service) in removed,
        after,
        frozenset(f"{item['namespace']}/{item['name']}" for item in items),
    )


def release_writes(
    items: Sequence[Mapping[str, Any]],
    services: Sequence[Object],
    namespace: str,
    live: Mapping[str, Any] | None,
    planned: Mapping[str, Any],
) -> ServiceWrites:
    """Return what a call of Helm does to the live Service of Cilium's ingress controller (``chart: cilium-ingress``).

    Args:
        items: the planned services.
        services: the live ones.
        namespace: the release's.
        live: the values of the release that runs; None: there is none.
        planned: those of the plan.
    """
    before, wanted = (_ingress_service(values, namespace) for values in (live or {}, planned))
    own = {kind: set(_keys(before, kind)) for kind in (*METADATA, "spec")} if before else {}
    kept = None if wanted is None else service_name(wanted)
    gone = None if before is None or service_name(before) == kept else service_name(before)
    after = {
        service_name(item): _applied(wanted, item, own)
        for item in services
        if wanted is not None and service_name(item) == kept
    }
    names = frozenset(f"{item['namespace']}/{item['name']}" for item in items)
    return ServiceWrites(lambda service: service_name(service) == gone, after, names, KEEP_VALUES)


def _ingress_service(values: Mapping[str, Any], namespace: str) -> Object | None:
    """Return the Service of Cilium's ingress controller with all that LB-IPAM sees of it; None where there is none.

    So the chart makes it (``templates/cilium-ingress-service.yaml`` and ``values.yaml``; ``commonLabels`` from 1.17
    on).

    Args:
        values: those of the release that somebody has set.
        namespace: the release's.
    """
    if not is_true(values, "ingressController.enabled"):
        return None
    own = _texts(values, "ingressController.service")
    in_host = is_true(values, "ingressController.hostNetwork.enabled")
    spec = {
        "type": "ClusterIP" if in_host else own.get("type") or "LoadBalancer",
        "externalTrafficPolicy": own.get("externalTrafficPolicy") or KUBERNETES_TRAFFIC_POLICY,
    }
    spec |= {name: own[name] for name in ("loadBalancerClass", "loadBalancerIP") if own.get(name)}
    override = values.get("namespaceOverride")
    metadata = {
        "namespace": override if override and isinstance(override, str) else namespace,
        "name": own.get("name") or INGRESS_SERVICE,
        "labels": {**_texts(values, "ingressController.service.labels"), **_texts(values, "commonLabels")},
        "annotations": _texts(values, "ingressController.service.annotations"),
    }
    return {"metadata": metadata, "spec": spec}


def _texts(values: Mapping[str, Any], path: str) -> dict[str, str]:
    """Return the texts of a map of values.

    Helm leaves out what is null. Any other type is refused in planned values (``helm_checks``), and by Kubernetes: what
    live values have of it was never applied.

    Args:
        values: those of a release.
        path: of the map. Nothing is found where it is none.
    """
    found = value_at(values, path)
    entries = found.items() if isinstance(found, Mapping) else ()
    return {name: value for name, value in entries if isinstance(value, str)}


def _keys(item: Object, kind: str) -> Mapping[str, Any]:
    """Return the labels, the annotations or the spec of a Service."""
    return (item.get("spec") if kind == "spec" else item["metadata"].get(kind)) or {}


def _applied(item: Object, live: Object, own: Mapping[str, set[str]]) -> Object:
    """Return a live object as it is once ``item`` is applied to it (Kubernetes documentation, "Server-Side Apply").

    Args:
        item: what is applied.
        live: as it is before.
        own: by :data:`METADATA` and ``spec``, the keys that whoever applies has set, and nobody else.
    """
    found = {}
    for kind in (*METADATA, "spec"):
        wanted = _keys(item, kind)
        given_back = own.get(kind, set()) - set(wanted)
        found[kind] = {**{key: value for key, value in _keys(live, kind).items() if key not in given_back}, **wanted}
    spec = found.pop("spec")
    return {**live, "metadata": {**live["metadata"], **found}, "spec": spec}


def written(item: Object, live: Object) -> Object:
    """Return a live Service as it is once our field manager has applied ``item`` to it.

    Args:
        item: what is applied; its metadata may have labels and annotations alone.
        live: the Service, with its managed fields. Without them it gives nothing back.
    """
    return _applied(item, live, _own_keys(live))


def _own_keys(live: Object) -> dict[str, set[str]]:
    """Return the labels and annotations that our field manager has applied and no other one owns."""
    found = {}
    for kind in METADATA:
        ours: set[str] = set()
        others: set[str] = set()
        for entry in live["metadata"].get("managedFields") or []:
            fields = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get(f"f:{kind}") or {}
            keys = {name.removeprefix("f:") for name in fields if name != "."}
            if (entry.get("manager"), entry.get("operation")) == (FIELD_MANAGER, "Apply"):
                ours |= keys
            else:
                others |= keys
        found[kind] = ours - others
    return found
