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
from typing import Any, Dict, Iterator, Mapping, Optional

from ansible.module_utils.common.dict_transformations import recursive_diff

from .connection import OPTIONS
from .outcomes import APPLIED, REFUSED, UNCHANGED
from .reader import NOT_FOUND, SERVER_ERRORS, UNAUTHORIZED, ClusterReader, RefusedError
from .removal import object_path
from .service_ports import INVALID, taken_names, with_planned_ports

ARGUMENTS: Dict[str, Any] = {
    **OPTIONS,
    "objects": {"type": "list", "elements": "dict", "required": True},
    "manager": {"type": "str", "required": True},
    "versions": {"type": "list", "elements": "str", "default": []},
    "compare": {"type": "bool", "default": False},
}

APPLY_PATCH = "application/apply-patch+yaml"
SERVER_HIDDEN = ("managedFields", "resourceVersion", "generation")
"""Metadata that the API server writes: it would be most of every difference."""


def apply_objects(reader: ClusterReader, params: Mapping[str, Any]) -> Dict[str, Any]:
    """Apply objects in their order, and return for each what became of it.

    An object that the API server refuses keeps none of the others from being applied. A refusal that would meet all of
    them ends the run of requests.

    Args:
        reader: the cluster.
        params: ``objects``: whole, or the fields that are ours alone. ``manager``: the field manager. ``versions``: in
            the order of the objects, the resourceVersion that each was read with; empty where it is not known.
            ``compare``: read each before it is written, and return what differs; of a Secret nothing. ``dry_run``:
            change nothing.

    Raises:
        ClusterReadError: the server is out of reach.
    """
    results = []
    versions = params["versions"]
    for number, item in enumerate(params["objects"]):
        try:
            result = _apply(reader, item, versions[number] if versions else "", params)
        except RefusedError as error:
            result = {"outcome": REFUSED, "reason": error.message, "status": error.status}
        results.append(result)
        if result.get("status") == UNAUTHORIZED or result.get("status", 0) >= SERVER_ERRORS:
            break
    return {"changed": any(result["outcome"] == APPLIED for result in results), "results": results}


def _apply(reader: ClusterReader, item: Mapping[str, Any], version: str, params: Mapping[str, Any]) -> Dict[str, Any]:
    path = object_path(item)
    before: Optional[Dict[str, Any]] = None
    if params["compare"]:
        before = reader.get(path)
    try:
        after = _sent(reader, path, item, params)
    except RefusedError as error:
        live = reader.get(path) if error.status == INVALID and item["kind"] == "Service" else None
        taken = taken_names(item, live or {})
        if live is None or not taken:
            raise
        if params["dry_run"]:
            found = {"outcome": APPLIED, "uid": live["metadata"]["uid"]}
            ports = {when: {"spec": {"ports": of["spec"]["ports"]}} for when, of in (("before", live), ("after", item))}
            return {**found, **ports} if params["compare"] else found
        send = functools.partial(_sent, reader, path, item, params)
        after = with_planned_ports(reader, path, live, taken, params["manager"], send)
    if after is None:
        reason = "the API server has no place for it: {0}; its namespace or its kind is not there".format(path)
        return {"outcome": REFUSED, "reason": reason, "status": NOT_FOUND}
    found = {"outcome": APPLIED, "uid": after["metadata"]["uid"]}
    if _is_shared(after, params["manager"]):
        found["shared"] = True
    rewritten = sorted(set(other_values(item, after)))
    if rewritten:
        found["rewritten"] = rewritten
    if not params["compare"]:
        return dict(found, outcome=UNCHANGED) if after["metadata"]["resourceVersion"] == version else found
    # What a dry run would write has the resourceVersion of what lives.
    differing = recursive_diff(_shown(before or {}), _shown(after))
    if differing is None:
        return dict(found, outcome=UNCHANGED)
    if item["kind"] == "Secret":
        return found
    return dict(found, before=differing[0], after=differing[1]) if before else dict(found, after=differing[1])


def _sent(
    reader: ClusterReader, path: str, item: Mapping[str, Any], params: Mapping[str, Any]
) -> Optional[Dict[str, Any]]:
    """Apply one object; return what the API server makes of it."""
    body = json.dumps(item)  # JSON is YAML; the client sends a text as it is, whatever its version
    return reader.send("patch", path, body, params["manager"], APPLY_PATCH, dry_run=params["dry_run"])


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
