# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a live object is already what its plan says: then its plan may be written over it by hand.

Two spellings of one thing are equal: what the API server writes by default, the order of lists, blocks of a pool by
their first and last address. What the plan lacks counts as much as what it has: kubectl takes it away where it had
applied the object without server-side apply (kubectl, ``migrateToSSAIfNecessary``), and else it stays beside the plan.
Defaults: the CRDs of Cilium 1.16 to 1.20; Kubernetes API reference, "Service".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from ...module_utils._errors import EdgeError
from .._addressing.addresses import parse_address
from .._addressing.live import live_cidr
from .._cilium.common import GROUP, Object
from .._cilium.lb_ipam import POOL, read_pool, read_service
from .._kubernetes.labels import (
    ANNOTATION_ADDRESSES,
    ANNOTATION_SHARING_KEY,
    ANNOTATION_SHARING_NAMESPACES,
    ownership_labels,
)
from .._kubernetes.selectors import selector_of
from .field_owners import LAST_APPLIED, Path, goes_with_an_apply_of_kubectl

SERVICE_DEFAULTS: Mapping[str, Any] = {
    "type": "ClusterIP",
    "externalTrafficPolicy": "Cluster",
    "internalTrafficPolicy": "Cluster",
    "ipFamilyPolicy": "SingleStack",
    "sessionAffinity": "None",
    "allocateLoadBalancerNodePorts": True,
}
"""Field of a Service's spec -> what the API server writes where nobody says it."""
ALLOTTED = ("clusterIP", "clusterIPs", "healthCheckNodePort")
"""What the API server chooses for a Service where nobody does."""

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    POOL: {"disabled": False},
    "CiliumL2AnnouncementPolicy": {"loadBalancerIPs": False, "externalIPs": False},
    "CiliumBGPPeerConfig": {
        "timers": {"connectRetryTimeSeconds": 120, "holdTimeSeconds": 90, "keepAliveTimeSeconds": 30},
        "gracefulRestart": {"enabled": False, "restartTimeSeconds": 120},
        "ebgpMultihop": 1,
        "transport": {"peerPort": 179},
    },
    "CiliumBGPClusterConfig": {
        "bgpInstances": {"peers": {"peerConfigRef": {"group": GROUP, "kind": "CiliumBGPPeerConfig"}}}
    },
    "Service": {**SERVICE_DEFAULTS, "ports": {"protocol": "TCP"}},
}
"""Kind -> its spec with the defaults; those of a list are each item's."""
_LABELLED = ("Service", "CiliumBGPAdvertisement", "CiliumPodIPPool")
"""The kinds of which selectors see the labels."""
_ADDRESSES = ("peerAddress", "localAddress")
_SELECTOR = {"matchLabels", "matchExpressions"}


def other_fields(planned: Object, found: Object) -> list[str]:
    """Return the fields of a live object that are not as planned, as messages name them; none where it is as planned.

    Args:
        planned: the object.
        found: the live one, which others made.
    """
    wanted, lives = _spec(planned), _spec(found)
    if planned["kind"] == "Service" and "ipFamilies" not in wanted:
        lives.pop("ipFamilies", None)  # the cluster's own family, which nobody has asked for
    fields = [f"spec.{name}" for name in {*wanted, *lives} if wanted.get(name) != lives.get(name)]
    if planned["kind"] in _LABELLED:
        fields += [f"metadata.labels.{name}" for name in _other_labels(planned, found)]
    if planned["kind"] == "Service":
        one, other = _asked(planned), _asked(found)
        fields += [f"metadata.annotations.{name}" for name in one if one[name] != other[name]]
        fields += [f"metadata.annotations.{name}" for name in _going(planned, found, "annotations") if name not in one]
    return sorted(fields)


def with_defaults(planned: Object, found: Object) -> Object:
    """Return a planned object with those fields that only the live one has, and that have their default there.

    The API server writes a default for whoever makes an object, who owns it then. Beside the plan it changes nothing.
    """
    return {**planned, "spec": _merged(planned["spec"], found.get("spec") or {}, _DEFAULTS.get(planned["kind"], {}))}


def _merged(planned: Any, found: Any, defaults: Any) -> Any:
    """Return a planned value with what only the live one has and ``defaults`` say; items of lists meet by name."""
    if isinstance(planned, list) and isinstance(found, list):
        named = {item["name"]: item for item in found if isinstance(item, Mapping) and "name" in item}
        return [
            _merged(item, named[item["name"]], defaults)
            if isinstance(item, Mapping) and item.get("name") in named
            else item
            for item in planned
        ]
    if not (isinstance(planned, Mapping) and isinstance(found, Mapping) and isinstance(defaults, Mapping)):
        return planned
    merged = dict(planned)
    for name, default in defaults.items():
        if name in planned:
            merged[name] = _merged(planned[name], found.get(name), default)
        elif name in found and _one_spelling({name: found[name]}, {name: default}) == {}:
            merged[name] = found[name]
    return merged


def _spec(item: Object) -> dict[str, Any]:
    """Return what a spec says, by its fields, in one spelling."""
    kind, spec = item["kind"], {**(item.get("spec") or {})}
    if kind == "Service":
        return _service_spec(spec)
    for name in ("serviceSelector", "nodeSelector"):
        if not selector_of(spec.get(name) or {}).requirements:
            spec.pop(name, None)  # it selects all, as none does
    if kind == "CiliumBGPPeerConfig" and not (spec.get("gracefulRestart") or {}).get("enabled"):
        spec.pop("gracefulRestart", None)  # its time means nothing
    form: dict[str, Any] = _one_spelling(spec, _DEFAULTS.get(kind, {}))
    if kind == POOL:
        pool = read_pool(item, ours=False)
        reserved = {block.interval for block in pool.blocks if pool.reserves_ends and block.has_ends}
        form.update(blocks=pool.bounds, allowFirstLastIPs=reserved)
    if kind == "CiliumPodIPPool":
        for part in (form.get(family) for family in ("ipv4", "ipv6")):
            if isinstance(part, dict):
                part["cidrs"] = {_cidr(text) for text in part.get("cidrs") or ()}
    return form


def _service_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the spec of a Service says, without what the API server has chosen."""
    kept = {name: value for name, value in spec.items() if name not in ALLOTTED}
    kept["ports"] = [
        {"targetPort": port.get("port"), **{key: value for key, value in port.items() if key != "nodePort"}}
        for port in spec.get("ports") or ()
    ]
    if len(kept["ports"]) == 1:
        kept["ports"][0].pop("name", None)  # the name of an only port means nothing
    form: dict[str, Any] = _one_spelling(kept, _DEFAULTS["Service"])
    if spec.get("ipFamilies"):
        form["ipFamilies"] = list(spec["ipFamilies"])  # the first one is that of the cluster IP
    return form


def _one_spelling(value: Any, defaults: Any) -> Any:
    """Return a value without defaults, with its lists in one order and its selectors as text."""
    if isinstance(value, list):
        return sorted(
            (_one_spelling(item, defaults) for item in value), key=lambda item: json.dumps(item, sort_keys=True)
        )
    if not isinstance(value, Mapping):
        return value
    if value and set(value) <= _SELECTOR:
        return f"selector {selector_of(value).text}"
    own = defaults if isinstance(defaults, Mapping) else {}
    form = {}
    for name, item in value.items():
        one = _address(item) if name in _ADDRESSES else _one_spelling(item, own.get(name))
        only_defaults = one == {} and item != {}
        if item is not None and not only_defaults and (name not in own or one != own[name]):
            form[name] = one
    return form


def _address(text: Any) -> Any:
    """Return the canonical spelling of an address; what is none as it is, so that no planned one is equal to it."""
    with suppress(EdgeError):
        return parse_address(text, "").text
    return text


def _cidr(text: Any) -> Any:
    """Return the addresses of a CIDR; what is none as it is, so that no planned one is equal to it."""
    with suppress(TypeError, ValueError):
        return live_cidr(text)
    return text


def _asked(service: Object) -> dict[str, Any]:
    """Return what a Service asks LB-IPAM for, by the annotation; under an older name too."""
    seen = read_service(service)
    return {
        ANNOTATION_ADDRESSES: seen.asks,
        ANNOTATION_SHARING_KEY: seen.key,
        ANNOTATION_SHARING_NAMESPACES: seen.partners,
    }


def _other_labels(planned: Object, found: Object) -> Iterator[str]:
    """Yield the labels that change with an apply of the plan, come to a Service, or go; those of ownership are ours.

    Pools of others may select a Service by a label that it lacks.
    """
    wanted, lives = planned["metadata"].get("labels") or {}, found["metadata"].get("labels") or {}
    comes = wanted if planned["kind"] == "Service" else {}
    changed = [name for name in {**lives, **comes} if wanted.get(name, lives.get(name)) != lives.get(name)]
    for name in sorted({*changed, *_going(planned, found, "labels")}):
        if name not in ownership_labels(""):
            yield name


def _going(planned: Object, found: Object, part: str) -> Iterator[str]:
    """Yield the labels or annotations that ``kubectl apply --server-side`` of the planned object takes away."""
    for name in found["metadata"].get(part) or {}:
        path: Path = ("f:metadata", f"f:{part}", f"f:{name}")
        kept = name in (planned["metadata"].get(part) or {}) or path == LAST_APPLIED
        if not kept and goes_with_an_apply_of_kubectl(found, path):
            yield name
