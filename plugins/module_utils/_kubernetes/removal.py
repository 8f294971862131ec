# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove the very objects that were looked at, and none that somebody made anew meanwhile: module ``cluster_remove``.

Each deletion has the UID as a precondition, and the resourceVersion under which the labels were read last (Kubernetes
API, ``DeleteOptions.preconditions``).
"""

from __future__ import annotations

from typing import Any, Dict, Mapping

from .api import ClusterApi, ConflictError, RefusedError
from .cilium_kinds import plural_of
from .connection import OPTIONS
from .outcomes import ENDING, GONE, KEPT, MADE_ANEW, REFUSED, REMOVED

ARGUMENTS: Dict[str, Any] = {
    **OPTIONS,
    "objects": {"type": "list", "elements": "dict", "required": True},
    "labels": {"type": "dict", "default": {}},
    "continue_on_error": {"type": "bool", "default": False},
}

ATTEMPTS = 10
"""An object whose status is written may change between two requests; ten times in a row it does not."""


def object_path(item: Mapping[str, Any]) -> str:
    """Return an object's path at the API server."""
    api_version, metadata = item["apiVersion"], item["metadata"]
    base = "/apis/" if "/" in api_version else "/api/"
    namespace = "/namespaces/{0}".format(metadata["namespace"]) if metadata.get("namespace") else ""
    return "{0}{1}{2}/{3}/{4}".format(base, api_version, namespace, plural_of(item["kind"]), metadata["name"])


def preconditions(metadata: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the body of a deletion that meets this object as it was read, and no other."""
    seen = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    return {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": seen}


def ending(metadata: Mapping[str, Any]) -> str:
    """Return why an object that was deleted is there still; nothing for one that was not."""
    if not metadata.get("deletionTimestamp"):
        return ""
    waits = ", ".join(metadata.get("finalizers") or []) or "none that is told"
    return "deleted at {0}, and there until its finalizers are done: {1}".format(metadata["deletionTimestamp"], waits)


def remove_objects(api: ClusterApi, params: Mapping[str, Any]) -> Dict[str, Any]:
    """Remove objects in their order, and return for each what became of it.

    Args:
        api: the API server of the cluster.
        params: ``objects``: apiVersion, kind and metadata with name, namespace and UID. ``labels``: one that lacks them
            is kept. ``continue_on_error``: go on where the API server refuses one. ``dry_run``: change nothing.

    Raises:
        ClusterError: the server is out of reach.
    """
    results = []
    for item in params["objects"]:
        try:
            result = _remove(api, item, params["labels"], params["dry_run"])
        except RefusedError as error:
            result = {"outcome": REFUSED, "reason": error.message, "status": error.status}
        results.append(result)
        if result["outcome"] == REFUSED and not params["continue_on_error"]:
            break
    return {"changed": any(result["outcome"] in (REMOVED, ENDING) for result in results), "results": results}


def _remove(api: ClusterApi, item: Mapping[str, Any], labels: Mapping[str, str], dry_run: bool) -> Dict[str, Any]:
    path = object_path(item)
    for attempt in range(ATTEMPTS):
        found = api.get(path)
        if found is None:
            return {"outcome": GONE}
        metadata = found["metadata"]
        if metadata["uid"] != item["metadata"]["uid"]:
            return {"outcome": GONE, "reason": MADE_ANEW}
        if ending(metadata):
            return {"outcome": KEPT, "reason": ending(metadata)}
        own = metadata.get("labels") or {}
        if any(own.get(key) != value for key, value in labels.items()):
            return {"outcome": KEPT, "reason": "somebody took the site's labels off during this run"}
        try:
            # A server that is given a body reads nothing in the query, where dryRun is for its log alone.
            body = dict(preconditions(metadata), **({"dryRun": ["All"]} if dry_run else {}))
            done = api.send("delete", path, body, "", dry_run=dry_run)
        except ConflictError:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        if done is None:
            return {"outcome": GONE}
        removed = {"outcome": REMOVED, "before": _shown(found, item)}
        # The answer is a Status where the object is gone, and the object while finalizers hold it.
        reason = ending(done.get("metadata") or {})
        return dict(removed, outcome=ENDING, reason=reason) if reason else removed
    raise AssertionError("not reached")


def _shown(found: Mapping[str, Any], item: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what a difference shows of a removed object: of a Secret no content."""
    names = {key: found["metadata"][key] for key in ("name", "namespace", "labels") if found["metadata"].get(key)}
    shown = {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": names}
    return dict(shown, spec=found["spec"]) if "spec" in found else shown
