# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ConfigMap in which a site notes what it made in a cluster: module ``cluster_note``."""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping

from .api import ClusterApi, ClusterError, ConflictError
from .connection import OPTIONS
from .removal import ATTEMPTS, preconditions

ARGUMENTS: Dict[str, Any] = {
    **OPTIONS,
    "namespace": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "labels": {"type": "dict", "default": {}},
    "data": {"type": "dict", "default": {}},
    "manager": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}

UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The form of a UID, which is the key of an object in a note."""
NODES = "nodes"
"""The key of a note that has the names of the planned nodes."""
NOTED, MAKING, LABELS, KEYS_OF = "noted.", "making.", "labels.", "keys of "
"""How other keys of a note begin, and the value of an object of others of which this site set single keys alone."""
MERGE_PATCH = "application/merge-patch+json"
CHANGING = "{0} changes all the time: another run writes there"


def write_note(api: ClusterApi, params: Mapping[str, Any]) -> Dict[str, Any]:
    """Set and remove single keys of a ConfigMap, or delete it whole; a key whose value is None is removed.

    Keys that are not named stay, so that two runs at a time lose nothing of each other (RFC 7396, JSON Merge Patch).

    It is deleted as it was read, and only where no object is noted in it but those that ``data`` removes.

    Returns:
        Whether anything changed, and as ``applied`` and ``created`` the ConfigMap where it was written or made. With
        ``dry_run`` nothing is written.

    Raises:
        ClusterError: the server refuses, or the namespace does not exist.
    """
    place = "/api/v1/namespaces/{0}/configmaps".format(params["namespace"])
    path = "{0}/{1}".format(place, params["name"])
    named = ["ConfigMap {0}/{1}".format(params["namespace"], params["name"])]
    if params["state"] == "absent":
        changed = bool(params.get("dry_run")) or _delete(api, path, params["data"])
        return {"changed": changed, "applied": [], "created": []}
    created = api.get(path) is None if params.get("dry_run") else _write(api, place, path, params)
    return {"changed": True, "applied": named, "created": named if created else []}


def _write(api: ClusterApi, place: str, path: str, params: Mapping[str, Any]) -> bool:
    """Write keys of a note, and return whether it was made."""
    manager = params["manager"]
    patch = {"data": params["data"]}
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": params["name"], "namespace": params["namespace"], "labels": params["labels"]},
        "data": {key: value for key, value in params["data"].items() if value is not None},
    }
    for _attempt in range(ATTEMPTS):
        if api.send("patch", path, patch, manager, MERGE_PATCH) is not None:
            return False
        try:
            made = api.send("post", place, body, manager)
        except ConflictError:
            # Another run made it in between, or something else met this at a quota: then there is none to be patched.
            continue
        if made is None:
            raise ClusterError("the namespace {0} does not exist".format(params["namespace"]))
        return True
    raise ClusterError(CHANGING.format(path))


def _delete(api: ClusterApi, path: str, removed: Mapping[str, Any]) -> bool:
    """Delete a note; one in which another run noted an object meanwhile stays."""
    for _attempt in range(ATTEMPTS):
        found = api.get(path)
        noted = [key for key in (found or {}).get("data") or {} if UID.fullmatch(key) and key not in removed]
        if found is None or noted:
            return False
        try:
            return api.send("delete", path, preconditions(found["metadata"]), "") is not None
        except ConflictError:  # another run wrote in between
            continue
    raise ClusterError(CHANGING.format(path))
