# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply objects by server-side apply, one request for each: module ``cluster_apply``.

``kubernetes.core.k8s`` has no limit of time for a request, discovers the whole API first, and reads each object before
it writes it.
"""

from __future__ import annotations

import functools
import json
from typing import Any, Dict, Iterator, Mapping, NamedTuple, Optional

from ansible.module_utils.common.dict_transformations import recursive_diff

from .api import (
    CONFLICT,
    INVALID,
    METADATA_OF_ONE,
    NOT_FOUND,
    SERVER_ERRORS,
    UNAUTHORIZED,
    ClusterApi,
    ConflictError,
    RefusedError,
)
from .connection import OPTIONS
from .copied_labels import COPY_SECONDS, await_copies
from .outcomes import APPLIED, DELETED, MADE_ANEW, OTHER_LABELS, REFUSED, UNCHANGED
from .removal import ATTEMPTS, object_path
from .service_ports import taken_names, with_planned_ports, without_ports_aside
from .state import owned_labels

ARGUMENTS: Dict[str, Any] = {
    **OPTIONS,
    "objects": {"type": "list", "elements": "dict", "required": True},
    "manager": {"type": "str", "required": True},
    "versions": {"type": "list", "elements": "str", "default": []},
    "owned": {"type": "list", "elements": "dict", "default": []},
    "compare": {"type": "bool", "default": False},
    "copies": {"type": "dict", "default": {}},
    "copied_within": {"type": "int", "default": COPY_SECONDS},
    "namespace": {"type": "str", "default": "kube-system"},
}

APPLY_PATCH = "application/apply-patch+yaml"
SERVER_HIDDEN = ("managedFields", "resourceVersion", "generation")
"""Metadata that the API server writes: it would be most of every difference."""


class Seen(NamedTuple):
    """How an object was when it was looked at."""

    version: str
    """Its resourceVersion; empty where it is not known."""
    owned: Mapping[str, str]
    """Of a Node, the labels that the field manager had set."""


def apply_objects(api: ClusterApi, params: Mapping[str, Any]) -> Dict[str, Any]:
    """Apply objects in their order, and return for each what became of it.

    An object that the API server refuses keeps none of the others from being applied. A refusal that would meet all of
    them ends the run of requests.

    Args:
        api: the API server of the cluster.
        params: ``objects``: whole, or the fields that are ours alone; a UID among them is a condition. ``manager``: the
            field manager. ``versions``: in the order of the objects, the resourceVersion that each was read with; empty
            where it is not known. ``owned``: in that order, of a Node the labels that the manager had then.
            ``compare``: read each before it is written, and return what differs; of a Secret nothing.
            ``copies``: by node, the labels that Cilium's agents, which run in ``namespace``, must have copied within
            ``copied_within`` seconds, or nothing is applied. ``dry_run``: change nothing, and do not wait.

    Raises:
        ClusterError: the server is out of reach.
    """
    if params["copies"] and not params["dry_run"]:
        uncopied = await_copies(api, params["copies"], params["namespace"], params["copied_within"])
        if uncopied:
            return {"changed": False, "results": [], "uncopied": uncopied}
    results = []
    versions, owned = params["versions"], params["owned"]
    for number, item in enumerate(params["objects"]):
        seen = Seen(versions[number] if versions else "", owned[number] if owned else {})
        try:
            result = _apply(api, item, seen, params)
        except RefusedError as error:
            result = {"outcome": REFUSED, "reason": error.message, "status": error.status}
        results.append(result)
        if result.get("status") == UNAUTHORIZED or result.get("status", 0) >= SERVER_ERRORS:
            break
    return {"changed": any(result["outcome"] == APPLIED for result in results), "results": results, "uncopied": []}


def _apply(api: ClusterApi, item: Mapping[str, Any], seen: Seen, params: Mapping[str, Any]) -> Dict[str, Any]:
    path = object_path(item)
    before: Optional[Dict[str, Any]] = None
    if params["compare"]:
        before = api.get(path)
    try:
        after = _sent(api, path, item, seen, params)
    except RefusedError as error:
        uid = item["metadata"].get("uid")
        if not uid or error.status not in (CONFLICT, INVALID):
            raise
        live = api.get(path)
        if live is None or live["metadata"]["uid"] != uid:
            reason = DELETED if live is None else MADE_ANEW
            return {"outcome": REFUSED, "reason": reason, "status": error.status}
        taken = taken_names(item, live) if item["kind"] == "Service" and error.status == INVALID else []
        if not taken:
            raise
        if params["dry_run"]:
            return _preview_of_ports(item, live, params)
        send = functools.partial(_sent, api, path, item, seen, params)
        after = with_planned_ports(api, path, live, taken, params["manager"], send)
        if after is None:
            return {"outcome": REFUSED, "reason": DELETED, "status": NOT_FOUND}
    if after is None:
        reason = "the API server has no place for it: {0}; its namespace or its kind is not there".format(path)
        return {"outcome": REFUSED, "reason": reason, "status": NOT_FOUND}
    if item["kind"] == "Service":
        after = without_ports_aside(api, path, item, after, params)
        if after is None:
            return {"outcome": REFUSED, "reason": DELETED, "status": NOT_FOUND}
    return _outcome(item, before, after, seen, params)


def _outcome(
    item: Mapping[str, Any],
    before: Optional[Dict[str, Any]],
    after: Dict[str, Any],
    seen: Seen,
    params: Mapping[str, Any],
) -> Dict[str, Any]:
    """Return what became of an object that was applied.

    Args:
        item: what was applied.
        before: what was there, where it was read to be compared.
        after: what the API server made of it.
        seen: how it was when it was looked at.
        params: as :func:`apply_objects` takes them.
    """
    found = {"outcome": APPLIED, "uid": after["metadata"]["uid"]}
    if _is_shared(after, params["manager"]):
        found["shared"] = True
    if item["kind"] == "Node" and not params["dry_run"]:
        found["version"] = after["metadata"]["resourceVersion"]
    rewritten = sorted(set(other_values(item, after)))
    if rewritten:
        found["rewritten"] = rewritten
    if not params["compare"]:
        return dict(found, outcome=UNCHANGED) if after["metadata"]["resourceVersion"] == seen.version else found
    # What a dry run would write has the resourceVersion of what lives.
    differing = recursive_diff(_shown(before or {}), _shown(after))
    if differing is None:
        return dict(found, outcome=UNCHANGED)
    if item["kind"] == "Secret":
        return found
    return dict(found, before=differing[0], after=differing[1]) if before else dict(found, after=differing[1])


def _preview_of_ports(item: Mapping[str, Any], live: Mapping[str, Any], params: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what would become of a Service whose planned ports cannot be applied in one request."""
    found = {"outcome": APPLIED, "uid": live["metadata"]["uid"]}
    ports = {when: {"spec": {"ports": of["spec"]["ports"]}} for when, of in (("before", live), ("after", item))}
    return dict(found, **ports) if params["compare"] else found


def _sent(
    api: ClusterApi, path: str, item: Mapping[str, Any], seen: Seen, params: Mapping[str, Any]
) -> Optional[Dict[str, Any]]:
    """Apply one object; return what the API server makes of it.

    An apply takes away the labels of ours that it does not name, and other sites set theirs on a Node as the same field
    manager. So its version is a condition. Kubelets write Nodes all the time: where our labels are as they were seen,
    it is applied to the newer version.

    Raises:
        ConflictError: others hold a field; or the Node is another one; or our labels on it are not as they were seen.
    """
    conditional = item["kind"] == "Node" and bool(seen.version)
    version = seen.version
    for attempt in range(ATTEMPTS):
        condition = {"resourceVersion": version} if conditional else {}
        # JSON is YAML; the client sends a text as it is, whatever its version
        body = json.dumps(dict(item, metadata=dict(item["metadata"], **condition)))
        try:
            return api.send("patch", path, body, params["manager"], APPLY_PATCH, dry_run=params["dry_run"])
        except ConflictError as error:
            live = api.get(path, accept=METADATA_OF_ONE) if conditional else None
            if live is None or attempt == ATTEMPTS - 1 or live["metadata"]["resourceVersion"] == version:
                raise
            if live["metadata"]["uid"] != item["metadata"].get("uid", live["metadata"]["uid"]):
                raise
            labels = live["metadata"].get("labels") or {}
            if {key: labels.get(key) for key in owned_labels(live["metadata"], params["manager"])} != seen.owned:
                error.message = OTHER_LABELS
                raise
            version = live["metadata"]["resourceVersion"]
    raise AssertionError("not reached")


def other_values(applied: Any, after: Any, path: str = "") -> Iterator[str]:
    """Yield the paths at which what the API server keeps is not what was applied: a webhook writes there.

    What it has beside that, such as defaults and what others wrote, is no difference. Nor is the order of a list of
    which others have items too, nor a value of nothing (``{}``, ``[]``, ``false``) that it leaves out.
    """
    if after is None and not applied:
        return
    if isinstance(applied, Mapping) and isinstance(after, Mapping):
        for key, value in applied.items():
            yield from other_values(value, after.get(key), "{0}.{1}".format(path, key) if path else str(key))
    elif isinstance(applied, list) and isinstance(after, list):
        if len(applied) == len(after):
            for number, value in enumerate(applied):
                yield from other_values(value, after[number], "{0}[{1}]".format(path, number))
        elif any(all(any(True for _path in other_values(value, kept)) for kept in after) for value in applied):
            yield path
    elif applied != after:
        yield path


def _is_shared(item: Mapping[str, Any], manager: str) -> bool:
    """Return whether others have written an object too; a status, which controllers write, does not count."""
    entries = item["metadata"].get("managedFields") or []
    return any(entry.get("manager") != manager and not entry.get("subresource") for entry in entries)


def _shown(item: Mapping[str, Any]) -> Dict[str, Any]:
    """Return an object without what the API server writes."""
    if "metadata" not in item:
        return dict(item)
    metadata = {key: value for key, value in item["metadata"].items() if key not in SERVER_HIDDEN}
    return dict(item, metadata=metadata)
