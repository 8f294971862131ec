# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ConfigMap in which a site notes what it made in a cluster: module ``cluster_note``."""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping

from .connection import OPTIONS
from .reader import AlreadyThereError, ClusterReader, ClusterReadError
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
MERGE_PATCH = "application/merge-patch+json"


def write_note(reader: ClusterReader, params: Mapping[str, Any]) -> Dict[str, Any]:
    """Set and remove single keys of a ConfigMap, or delete it whole; a key whose value is None is removed.

    Keys that are not named stay, so that two runs at a time lose nothing of each other (RFC 7396, JSON Merge Patch).

    It is deleted as it was read, and only where no object is noted in it but those that ``data`` removes.

    Raises:
        ClusterReadError: the server refuses, or the namespace does not exist.
    """
    place = "/api/v1/namespaces/{0}/configmaps".format(params["namespace"])
    path = "{0}/{1}".format(place, params["name"])
    manager = params["manager"]
    if params["state"] == "absent":
        return {"changed": _delete(reader, path, params["data"])}
    patch = {"data": params["data"]}
    if reader.send("patch", path, patch, manager, MERGE_PATCH) is not None:
        return {"changed": True}
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": params["name"], "namespace": params["namespace"], "labels": params["labels"]},
        "data": {key: value for key, value in params["data"].items() if value is not None},
    }
    try:
        made = reader.send("post", place, body, manager)
    except AlreadyThereError:  # by another run, in between
        made = reader.send("patch", path, patch, manager, MERGE_PATCH)
    if made is None:
        raise ClusterReadError("the namespace {0} does not exist".format(params["namespace"]))
    return {"changed": True}


def _delete(reader: ClusterReader, path: str, removed: Mapping[str, Any]) -> bool:
    """Delete a note; one in which another run noted an object meanwhile stays."""
    for _attempt in range(ATTEMPTS):
        found = reader.get(path)
        noted = [key for key in (found or {}).get("data") or {} if UID.fullmatch(key) and key not in removed]
        if found is None or noted:
            return False
        try:
            return reader.send("delete", path, preconditions(found["metadata"]), "") is not None
        except AlreadyThereError:  # another run wrote in between
            continue
    raise ClusterReadError("{0} changes all the time: another run writes there".format(path))
