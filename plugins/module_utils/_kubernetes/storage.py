# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Store objects in the version in which their kind is stored by now: module ``cluster_store``.

An object stays stored in the version of its last write, and ``status.storedVersions`` of the CustomResourceDefinition
names each version in which one may be stored. The API server takes no definition that lacks one of them. So each
object is written once without a change, and then the list is cut (Kubernetes, "Versions in CustomResourceDefinitions",
"Upgrade existing objects to a new stored version").
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from .api import ClusterApi, ConflictError, RefusedError
from .connection import OPTIONS

ARGUMENTS: Dict[str, Any] = {
    **OPTIONS,
    "group": {"type": "str", "default": "cilium.io"},
    "plurals": {"type": "list", "elements": "str", "required": True},
    "manager": {"type": "str", "required": True},
}

ATTEMPTS = 10
"""A definition may change between two requests, as an operator that starts writes its own; ten times it does not."""
MERGE = "application/merge-patch+json"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def storage_version(definition: Mapping[str, Any]) -> str:
    """Return the version in which objects are stored that are written now."""
    return next(str(item["name"]) for item in definition["spec"]["versions"] if item["storage"])


def stored_versions(definition: Mapping[str, Any]) -> Any:
    """Return the names of all versions in which an object may be stored."""
    return (definition.get("status") or {}).get("storedVersions") or []


def store_objects(api: ClusterApi, params: Mapping[str, Any]) -> Dict[str, Any]:
    """Store all objects of some kinds anew, whoever made them; no field of them changes, nor who owns it.

    Args:
        api: the API server of the cluster.
        params: ``group`` and ``plurals`` of the kinds; ``manager``; ``dry_run``: change nothing.

    Returns:
        ``stored``: those of ``plurals`` that were, or would be, stored anew. ``refused``: by plural, why the API server
        did not let us.

    Raises:
        ClusterError: the server is out of reach.
    """
    stored, refused = [], {}
    for plural in params["plurals"]:
        try:
            if _store(api, plural, params):
                stored.append(plural)
        except RefusedError as error:
            refused[plural] = error.message
    return {"changed": bool(stored), "stored": stored, "refused": refused}


def _store(api: ClusterApi, plural: str, params: Mapping[str, Any]) -> bool:
    """Return whether a kind had anything to be stored anew, which is done by then."""
    path = "{0}/{1}.{2}".format(DEFINITIONS, plural, params["group"])
    for attempt in range(ATTEMPTS):
        definition: Optional[Dict[str, Any]] = api.get(path)
        if definition is None or stored_versions(definition) in ([], [storage_version(definition)]):
            return attempt > 0
        if params["dry_run"]:
            return True
        version = storage_version(definition)
        base = "/apis/{0}/{1}".format(params["group"], version)
        for item in api.items("{0}/{1}".format(base, plural)):
            # Without a change: the server stores what it read, and in another form than it found.
            api.send("patch", _path(base, plural, item["metadata"]), {}, params["manager"], MERGE)
        # On the condition that this is the definition that was read: another one may store in another version.
        seen = {"resourceVersion": definition["metadata"]["resourceVersion"]}
        body = {"metadata": seen, "status": {"storedVersions": [version]}}
        try:
            api.send("patch", path + "/status", body, params["manager"], MERGE)
        except ConflictError:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        return True
    raise AssertionError("not reached")


def _path(base: str, plural: str, metadata: Mapping[str, Any]) -> str:
    namespace = "/namespaces/{0}".format(metadata["namespace"]) if metadata.get("namespace") else ""
    return "{0}{1}/{2}/{3}".format(base, namespace, plural, metadata["name"])
