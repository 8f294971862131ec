# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role does to a live cluster: planned objects against what module ``cluster_state_info`` has read.

Three rules: only objects with both ownership labels are ours; only the role's own kinds are removed; nothing is applied
when any of it would take over a foreign object, lose a field, or move a service's address.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from ...module_utils._errors import EdgeError
from .._addressing.addresses import parse_address, parse_pool_entry
from .._addressing.intervals import contains, merge
from .._kubernetes.labels import (
    CILIUM_CLASSES,
    FIELD_MANAGER,
    LABEL_MANAGED_BY,
    LABEL_SITE,
    ownership_labels,
    service_labels,
)
from .._kubernetes.selectors import selector_of
from .objects import BGP_KINDS, LB_KINDS, Object, password_secret_name


@dataclass(slots=True)
class Changes:
    """What to do to a cluster, or why not."""

    apply: list[Object] = field(default_factory=list)
    """In the order of applying, in the apiVersion that the cluster serves."""
    remove: list[Object] = field(default_factory=list)
    """apiVersion, kind, name and namespace of what left the inventory, in the order of removing."""
    later: list[str] = field(default_factory=list)
    """What cannot be compared yet, because the cluster lacks its kind, its namespace or its node."""
    errors: list[EdgeError] = field(default_factory=list)
    """Why nothing may be applied."""
    absent: list[EdgeError] = field(default_factory=list)
    """Why ``later`` is not empty: errors too, except in check mode."""
    warnings: list[str] = field(default_factory=list)


def bgp_changes(
    planned: Sequence[Object],
    node_labels: Mapping[str, Mapping[str, str]] | None,
    passwords: Iterable[str],
    secrets_namespace: str,
    state: Mapping[str, Any],
    site: str,
) -> Changes:
    """Return what to do for BGP: node labels first, then the objects; secrets are applied by the caller.

    Args:
        planned: what ``_cilium/bgp.bgp_objects`` returned.
        node_labels: by node, the labels that it shall have from us; a node without labels is there too. None = labels
            are not ours to write or to remove.
        passwords: the names under which secrets were given.
        secrets_namespace: where Cilium reads BGP passwords.
        state: the result of module ``cluster_state_info``.
        site: the value of the ownership label.
    """
    changes = Changes()
    if node_labels is not None:
        _label_nodes(changes, node_labels, state["nodes"])
    _compare(changes, planned, BGP_KINDS, state, site)
    given = {password_secret_name(name): name for name in passwords}
    wanted = {item["spec"]["authSecretRef"]: item for item in planned if "authSecretRef" in item["spec"]}
    for name, item in sorted(wanted.items()):
        if name not in given:
            changes.errors.append(
                EdgeError(
                    place(item),
                    f"it refers to the Secret {name}, but no password was given for it",
                    f"add {name.removeprefix(password_secret_name(''))} to edge_bgp_passwords",
                )
            )
    if wanted and secrets_namespace not in state["namespaces"]:
        changes.later += [f"Secret {secrets_namespace}/{name}" for name in sorted(wanted)]
        changes.absent.append(
            EdgeError(
                "bgpControlPlane.secretsNamespace.name",
                f"the namespace {secrets_namespace} does not exist",
                "create it, or let the chart do it: bgpControlPlane.secretsNamespace.create",
            )
        )
    for metadata in state["secrets"]:
        if metadata["name"] not in wanted and _is_ours(metadata, site):
            changes.remove.append(_reference({"apiVersion": "v1", "kind": "Secret", "metadata": metadata}))
    return changes


def lb_changes(planned: Sequence[Object], may_move: Iterable[str], state: Mapping[str, Any], site: str) -> Changes:
    """Return what to do for pools and L2 policies.

    Args:
        planned: what ``_cilium/lb.lb_objects`` returned.
        may_move: services, as ``namespace/name``, that may get another address by this; ``*`` = all.
        state: the result of module ``cluster_state_info``, with services.
        site: the value of the ownership label.
    """
    changes = Changes()
    _compare(changes, planned, LB_KINDS, state, site)
    changes.errors += _moved_addresses(planned, frozenset(may_move), state, site)
    return changes


def service_changes(items: Sequence[Mapping[str, Any]], state: Mapping[str, Any], site: str) -> Changes:
    """Return what to do for services: whole objects, single labels and annotations, and what to give back.

    Args:
        items: what ``_cilium/services.services`` returned.
        state: the result of module ``cluster_state_info``, with services and namespaces.
        site: the value of the ownership label.
    """
    changes = Changes()
    live = {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in state["services"]}
    handled: set[tuple[str, str]] = set()
    for item in items:
        key = item["namespace"], item["name"]
        if item["manage"] == "service":
            handled.add(key)
            _whole_service(changes, item, live.get(key), state["namespaces"], site)
        elif key in live and _is_ours(live[key]["metadata"], site):
            handled.add(key)
            changes.errors.append(
                EdgeError(
                    _service_place(item),
                    f"this collection made the Service, so manage: {item['manage']} would take its ports away",
                    "keep manage: service, or delete the Service once",
                )
            )
        elif key not in live:
            changes.warnings.append(f"{_service_place(item)}: the Service is not there yet")
        elif item["manage"] == "metadata":
            handled.add(key)
            changes.apply.append(_metadata_patch(item))
    for key, found in sorted(live.items()):
        if key in handled:
            continue
        if _is_ours(found["metadata"], site):
            changes.remove.append(_reference(found))
        elif any(entry["manager"] == FIELD_MANAGER for entry in found["metadata"].get("managedFields") or []):
            # Applying nothing gives back the keys that only we own, and no other.
            changes.apply.append(
                _metadata_patch({"namespace": key[0], "name": key[1], "labels": {}, "annotations": {}})
            )
    return changes


def _compare(
    changes: Changes, planned: Sequence[Object], kinds: Sequence[str], state: Mapping[str, Any], site: str
) -> None:
    """Add to ``changes`` what to apply and remove of whole objects of ``kinds``."""
    live = {_key(item): item for item in state["objects"]}
    for item in planned:
        served = state["kinds"].get(item["kind"])
        if served is None:
            changes.later.append(place(item))
            continue
        found = live.get(_key(item))
        if found is not None:
            changes.errors += _takeover_errors(item, found, site)
        changes.apply.append(_in_served_version(item, served, changes))
    for kind in sorted({item["kind"] for item in planned if item["kind"] not in state["kinds"]}):
        changes.absent.append(
            EdgeError(
                kind,
                "the cluster does not serve this kind",
                "Cilium's operator registers it: kubectl -n kube-system logs deployment/cilium-operator",
            )
        )
    names = {_key(item) for item in planned}
    stale = [item for key, item in live.items() if key not in names and _is_ours(item["metadata"], site)]
    stale.sort(key=lambda item: (-kinds.index(item["kind"]), item["metadata"]["name"]))
    changes.remove += [_reference(item) for item in stale]


def _in_served_version(item: Object, served: Mapping[str, Any], changes: Changes) -> Object:
    """Return the object in its planned apiVersion where that is served, else in the stored one; report lost fields."""
    group, _slash, version = item["apiVersion"].partition("/")
    if version not in served["versions"]:
        warning = (
            f"{item['kind']}: the cluster serves {', '.join(served['versions'])}, not the planned {version} "
            "(compare edge_cilium_version with the Cilium that runs there)"
        )
        changes.warnings += [warning] if warning not in changes.warnings else []
        version = served["versions"][0]
    lost = sorted(set(_lost_fields({"spec": item["spec"]}, served["fields"][version])))
    if lost:
        changes.errors.append(
            EdgeError(
                place(item),
                f"the cluster's {group}/{version} does not know {', '.join(lost)}",
                "compare edge_cilium_version with the Cilium that runs there",
            )
        )
    return {**item, "apiVersion": f"{group}/{version}"}


def _lost_fields(value: Any, fields: Mapping[str, Any] | None, path: str = "") -> Iterator[str]:
    """Yield the paths that the API server would prune: those that its schema does not have."""
    if isinstance(value, list):
        for item in value:
            yield from _lost_fields(item, fields, f"{path}[]")
    elif isinstance(value, Mapping) and fields is not None:
        for name, item in value.items():
            below = f"{path}.{name}" if path else name
            if name not in fields:
                yield below
            else:
                yield from _lost_fields(item, fields[name], below)


def _label_nodes(changes: Changes, wanted: Mapping[str, Mapping[str, str]], live: Mapping[str, Any]) -> None:
    for name, labels in sorted(wanted.items()):
        if name in live:
            if labels or live[name]["owned"]:
                changes.apply.append(_node_patch(name, labels))
        elif labels:
            changes.later.append(f"Node {name}")
            changes.absent.append(
                EdgeError(f"Node {name}", "it is not in the cluster", "let it join, or take the host out of edge_nodes")
            )
    for name, node in sorted(live.items()):
        if name not in wanted and node["owned"]:
            changes.apply.append(_node_patch(name, {}))


def _node_patch(name: str, labels: Mapping[str, str]) -> Object:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": dict(sorted(labels.items()))}}


def _whole_service(
    changes: Changes, item: Mapping[str, Any], live: Object | None, namespaces: Iterable[str], site: str
) -> None:
    if item["namespace"] not in namespaces:
        changes.later.append(f"Service {item['namespace']}/{item['name']}")
        changes.absent.append(
            EdgeError(
                _service_place(item),
                f"the namespace {item['namespace']} does not exist",
                "create it first; this collection never makes namespaces",
            )
        )
        return
    if live is not None:
        ours = _is_ours(live["metadata"], site)
        for error in _takeover_errors(item["object"], live, site):
            hint = error.hint if ours else f"{error.hint}, or use manage: metadata"
            changes.errors.append(EdgeError(_service_place(item), error.problem, hint))
    changes.apply.append(item["object"])


def _metadata_patch(item: Mapping[str, Any]) -> Object:
    """Return the Service with our keys alone; applied by our field manager, it changes no other key."""
    metadata = {"name": item["name"], "namespace": item["namespace"]}
    keys = {name: dict(item[name]) for name in ("annotations", "labels") if item[name]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {**metadata, **keys}}


def _moved_addresses(
    planned: Sequence[Object], may_move: frozenset[str], state: Mapping[str, Any], site: str
) -> Iterator[EdgeError]:
    """Yield an error for each address that a service holds from a pool of ours and would lose by the plan."""
    if "*" in may_move:
        return
    live = [item for item in state["objects"] if item["kind"] == "CiliumLoadBalancerIPPool"]
    ours = [item for item in live if _is_ours(item["metadata"], site)]
    after = [item for item in live if not _is_ours(item["metadata"], site)]
    after += [item for item in planned if item["kind"] == "CiliumLoadBalancerIPPool"]
    for service in state["services"]:
        metadata = service["metadata"]
        name = f"{metadata['namespace']}/{metadata['name']}"
        if service["spec"].get("loadBalancerClass") not in CILIUM_CLASSES or name in may_move:
            continue
        for address in _held_addresses(service):
            holders = [pool["metadata"]["name"] for pool in ours if _pool_holds(pool, address)]
            if holders and not any(_pool_holds(pool, address) and _pool_serves(pool, metadata) for pool in after):
                yield EdgeError(
                    f"CiliumLoadBalancerIPPool {holders[0]}",
                    f"the service {name} holds {address}, which no planned pool gives it: Cilium would take it away",
                    f"keep the address in its pool, or list {name} in cilium_net_lb_may_move",
                )


def _held_addresses(service: Object) -> list[str]:
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return [item["ip"] for item in ingress if item.get("ip")]


def _pool_holds(pool: Object, address: str) -> bool:
    """Return whether an address is in a pool's blocks; reserved first and last addresses count, as they stay held."""
    blocks = pool["spec"].get("blocks") or []
    texts = [item.get("cidr") or f"{item['start']}-{item.get('stop', item['start'])}" for item in blocks]
    try:
        intervals = [parse_pool_entry(text, place(pool)).interval for text in texts]
    except EdgeError:  # a foreign pool, written in a way that nobody can count on
        return False
    return contains(merge(intervals), parse_address(address, "").interval)


def _pool_serves(pool: Object, metadata: Mapping[str, Any]) -> bool:
    special = service_labels(metadata["namespace"], metadata["name"])
    selector = pool["spec"].get("serviceSelector")
    return not selector or selector_of(selector).matches({**(metadata.get("labels") or {}), **special})


def _takeover_errors(planned: Object, found: Object, site: str) -> list[EdgeError]:
    """Return why ``planned`` must not be applied over ``found``.

    Server-side apply does not remove what another field manager owns too, so an entry of its own would stay.
    """
    if not _is_ours(found["metadata"], site):
        return [_foreign_object(planned, found)]
    return [
        EdgeError(
            place(planned),
            f"the field manager {manager} holds {', '.join(fields)}, which would stay beside the plan",
            "remove them there, or delete the object once so that it is made anew",
        )
        for manager, fields in sorted(_fields_of_others(planned, found).items())
    ]


def _foreign_object(planned: Object, found: Object) -> EdgeError:
    labels = found["metadata"].get("labels") or {}
    site = labels.get(LABEL_SITE)
    if labels.get(LABEL_MANAGED_BY) == FIELD_MANAGER and site:
        return EdgeError(place(planned), f"it belongs to the site {site}", "give one of the two another name")
    managers = sorted({item["manager"] for item in found["metadata"].get("managedFields") or []})
    made_by = f"; its field managers: {', '.join(managers)}" if managers else ""
    return EdgeError(
        place(planned), f"it exists already and this collection did not make it{made_by}", "delete it once"
    )


def _fields_of_others(planned: Object, found: Object) -> dict[str, list[str]]:
    """Return by field manager the fields of ``spec`` that it owns, and that neither we own nor the plan has."""
    ours: set[tuple[str, ...]] = set()
    theirs: dict[str, set[tuple[str, ...]]] = {}
    for entry in found["metadata"].get("managedFields") or []:
        paths = set(_owned_paths((entry.get("fieldsV1") or {}).get("f:spec") or {}))
        if entry["manager"] == FIELD_MANAGER:
            ours |= paths
        elif not entry.get("subresource"):
            theirs.setdefault(entry["manager"], set()).update(paths)
    left = {
        manager: [path for path in sorted(paths - ours) if not _has_field(planned["spec"], path)]
        for manager, paths in theirs.items()
    }
    return {manager: [_field_text(path) for path in paths] for manager, paths in left.items() if paths}


def _has_field(value: Any, path: tuple[str, ...]) -> bool:
    """Return whether a planned value has the field at a path of ``fieldsV1``."""
    if not path:
        return True
    kind, _colon, name = path[0].partition(":")
    if kind == "f":
        return isinstance(value, Mapping) and name in value and _has_field(value[name], path[1:])
    if not isinstance(value, list):
        return False
    wanted = json.loads(name)
    if kind == "k":
        return any(wanted.items() <= item.items() and _has_field(item, path[1:]) for item in value)
    return wanted in value


def _owned_paths(fields: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the leaves of ``fieldsV1`` (Kubernetes documentation, "Server-Side Apply")."""
    for name, below in fields.items():
        if name == ".":
            continue
        if below:
            yield from _owned_paths(below, (*path, name))
        else:
            yield (*path, name)


def _field_text(path: tuple[str, ...]) -> str:
    text = "spec"
    for part in path:
        kind, _colon, name = part.partition(":")
        if kind == "f":
            text += f".{name}"
        elif kind == "k":
            text += "[" + ",".join(f"{key}={value}" for key, value in json.loads(name).items()) + "]"
        else:
            text += f"[{name}]"
    return text


def _is_ours(metadata: Mapping[str, Any], site: str) -> bool:
    labels = metadata.get("labels") or {}
    return all(labels.get(key) == value for key, value in ownership_labels(site).items())


def _key(item: Object) -> tuple[str, str, str]:
    return item["kind"], item["metadata"].get("namespace") or "", item["metadata"]["name"]


def place(item: Object) -> str:
    """Return ``kind namespace/name``, as messages name an object."""
    namespace = item["metadata"].get("namespace")
    return f"{item['kind']} {namespace + '/' if namespace else ''}{item['metadata']['name']}"


def difference(item: Object, found: Mapping[str, Any] | None, state: str) -> dict[str, str]:
    """Return Ansible's difference of one object that changes.

    Args:
        item: the object as it was planned.
        found: the parts that differ, ``before`` and ``after``, where the API told them.
        state: ``present`` or ``absent``.
    """
    name = place(item)
    seen = found or {}
    before = seen.get("before") or (_reference(item) if state == "absent" else None)
    after = None if state == "absent" else seen.get("after") or item
    return {"before_header": name, "after_header": name, "before": _yaml(before), "after": _yaml(after)}


def _yaml(value: Any) -> str:
    """Return ``value`` as YAML; nothing for nothing."""
    text: str = yaml.safe_dump(value, sort_keys=True, allow_unicode=True, width=120) if value else ""
    return text


def _service_place(item: Mapping[str, Any]) -> str:
    return f"edge_services.{item['namespace']}/{item['name']}"


def _reference(item: Object) -> Object:
    metadata = {name: item["metadata"][name] for name in ("name", "namespace") if item["metadata"].get(name)}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata}


def password_secrets(
    planned: Sequence[Object], passwords: Mapping[str, str], namespace: str, site: str
) -> list[Object]:
    """Return the Secrets that the planned CiliumBGPPeerConfigs refer to. Secret: the caller keeps them from all output.

    Raises:
        EdgeError: a password is missing, empty or not text; the error does not show it.
    """
    secrets = []
    for name in sorted({item["spec"]["authSecretRef"] for item in planned if "authSecretRef" in item["spec"]}):
        password = name.removeprefix(password_secret_name(""))
        value = passwords.get(password)
        if not isinstance(value, str) or not value:
            raise EdgeError(f"edge_bgp_passwords.{password}", "it is not a text, or empty")
        metadata = {"name": name, "namespace": namespace, "labels": ownership_labels(site)}
        data = {"password": base64.b64encode(value.encode()).decode()}
        secrets.append({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data})
    return secrets
