# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm's records of a release: reading what may run, and freeing one whose Helm was cut off (``helm_release_free``).

Helm 3 and 4 keep one record for each revision, in Secrets, or with ``HELM_DRIVER=configmap`` in ConfigMaps, without a
second base64 (helm.sh/helm, pkg/storage/driver, ``encodeRelease``: JSON in gzip in base64).
"""

from __future__ import annotations

import base64
import datetime
import json
import time
import zlib
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .api import METADATA_ONLY, ClusterApi, ClusterError, ConflictError, server_time
from .connection import OPTIONS
from .note import MERGE_PATCH

ARGUMENTS: Dict[str, Any] = {
    **OPTIONS,
    "release": {"type": "str", "required": True},
    "quiet": {"type": "int", "required": True},
    "manager": {"type": "str", "required": True},
}

SECRETS, CONFIG_MAPS = "secrets", "configmaps"
PENDING = "pending-"
"""How the status of a release begins at which Helm is at work; it refuses to begin another time then."""
FAILED = "failed"
DEPLOYED, SUPERSEDED = "deployed", "superseded"
"""Of a revision that runs, and of one that did. A rollback that fails leaves none that is ``deployed``."""
UNINSTALLING, UNINSTALLED = "uninstalling", "uninstalled"
REPLACED = "superseded by new release"
"""What Helm says of a revision that was uninstalled, once another installation has begun; its status is ``superseded``
then (helm.sh/helm, pkg/action, ``replaceRelease``). A revision that ran until an upgrade keeps its description."""
POLL_SECONDS = 1.0
GZIP = 16 + zlib.MAX_WBITS


class Record(NamedTuple):
    """A record of a release: where it stands, and what it says."""

    path: str
    is_secret: bool
    metadata: Dict[str, Any]
    content: Dict[str, Any]


def decoded(text: str) -> Dict[str, Any]:
    """Return what a record of Helm says."""
    found: Dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text), GZIP))
    return found


def encoded(content: Mapping[str, Any]) -> str:
    """Return a record as Helm reads it."""
    packer = zlib.compressobj(wbits=GZIP)
    return base64.b64encode(packer.compress(json.dumps(content).encode()) + packer.flush()).decode()


def newest_record(api: ClusterApi, release: str) -> Optional[Record]:
    """Return the newest record of a release, ``namespace/name``; None where Helm keeps none in the cluster.

    Raises:
        ClusterError: as :func:`_listed`; or what has the labels of a record is none.
    """
    folder, listed = _listed(api, release)
    return _read(api, folder, listed[0]) if listed else None


def _listed(api: ClusterApi, release: str) -> Tuple[str, List[Dict[str, Any]]]:
    """Return where Helm keeps the records of a release, and the metadata of each, the newest first.

    Raises:
        ClusterError: the server refuses, or is out of reach; or there are records where Helm does not read them, so
            that it would know nothing of the release, or another one.
    """
    namespace, name = release.split("/")
    own = api.connection.helm_records
    path = "/api/v1/namespaces/{0}/{1}"
    selector = "owner=helm,name={0}".format(name)
    records = {
        plural: api.items(path.format(namespace, plural), accept=METADATA_ONLY, selector=selector)
        for plural in (SECRETS, CONFIG_MAPS)
    }
    other = CONFIG_MAPS if own == SECRETS else SECRETS
    if records[other]:
        raise ClusterError(
            "the Helm release {0} has records in {1}, and Helm reads {2} here, as HELM_DRIVER says (secret by default):"
            " {3}".format(release, other, own, _way_out(other, bool(records[own]), namespace, selector))
        )
    return path.format(namespace, own), sorted(records[own], key=_revision, reverse=True)


def _read(api: ClusterApi, folder: str, listed: Mapping[str, Any]) -> Optional[Record]:
    """Return a record that was listed, whole; None where it has gone since.

    Raises:
        ClusterError: the server refuses, or is out of reach; or it is no record of Helm's.
    """
    place = "{0}/{1}".format(folder, listed["metadata"]["name"])
    found = api.get(place)
    return None if found is None else _record(place, folder.endswith("/" + SECRETS), found)


def _last_that_ran(api: ClusterApi, folder: str, older: Sequence[Dict[str, Any]]) -> Optional[Record]:
    """Return the revision that may run in place of the newest one; None where that is the only one.

    Helm goes on from the last one that is ``deployed`` (helm.sh/helm, pkg/action, ``prepareUpgrade``), and finds it by
    its label. Where none is, the last that was; where none ever was, the first one, from which the others set out.
    Nothing runs of one that was uninstalled, nor of those before it.

    Args:
        api: the API server of the cluster.
        folder: where Helm keeps the records.
        older: metadata of the revisions before the newest one, the newest first.

    Raises:
        ClusterError: as :func:`_read`.
    """
    deployed = [item for item in older if _status(item) == DEPLOYED]
    ran: Optional[Record] = None
    first: Optional[Dict[str, Any]] = None
    for item in older:
        if _status(item) == UNINSTALLED:
            break
        if item in deployed[:1]:
            return _read(api, folder, item)
        if _status(item) == SUPERSEDED:
            record = _read(api, folder, item)
            if record is not None and _told_status(record.content) == UNINSTALLED:
                break
            ran = ran or record
            if ran is not None and not deployed:
                break
        first = item
    if ran is not None:
        return ran
    return None if first is None else _read(api, folder, first)


def _status(listed: Mapping[str, Any]) -> str:
    """Return the status of a record by its label."""
    return str(listed["metadata"]["labels"].get("status"))


def _told_status(content: Mapping[str, Any]) -> str:
    """Return the status of a record by what it says; of one that was uninstalled also where Helm replaces it."""
    info = content["info"]
    replaced = info["status"] == SUPERSEDED and info.get("description") == REPLACED
    return UNINSTALLED if replaced else str(info["status"])


def _way_out(other: str, both: bool, namespace: str, selector: str) -> str:
    """Return what to do of records that Helm does not read."""
    if both:
        look = "kubectl -n {0} get secrets,configmaps -l {1}".format(namespace, selector)
        return "it has some in both. Delete those that are out of date: {0}".format(look)
    return "set HELM_DRIVER={0} in the environment of Ansible".format(other[:-1])


def _revision(item: Mapping[str, Any]) -> int:
    """Return the revision of a record by its label; -1 where that is no number."""
    text = str(item["metadata"]["labels"].get("version"))
    return int(text) if text.isdecimal() else -1


def _record(place: str, is_secret: bool, found: Mapping[str, Any]) -> Record:
    """Return what a Secret or ConfigMap holds.

    Raises:
        ClusterError: it is no record of Helm's.
    """
    try:
        text = found["data"]["release"]
        content = decoded(base64.b64decode(text).decode() if is_secret else text)
        int(content["version"])
        told_release(content)
    except (AttributeError, LookupError, TypeError, ValueError, zlib.error) as error:
        namespace, plural, name = place.rsplit("/", 3)[1:]
        raise ClusterError(
            "{0} has the labels of a Helm release and holds none that can be read: look at helm -n {1} list --all, and "
            "at kubectl -n {1} describe {2} {3}; delete it where Helm does not know it".format(
                place, namespace, plural, name
            )
        ) from error
    return Record(place, is_secret, found["metadata"], content)


def read_release(api: ClusterApi, release: str) -> Optional[Dict[str, Any]]:
    """Return the newest revision of a release, without its templates and manifest; None where there is none.

    ``before`` is the revision that may run in its place, where Helm did not come to its end; else None.

    Raises:
        ClusterError: as :func:`newest_record`.
    """
    folder, listed = _listed(api, release)
    newest = _read(api, folder, listed[0]) if listed else None
    if newest is None:
        return None
    told = told_release(newest.content)
    is_clear = told["status"] in (DEPLOYED, SUPERSEDED, UNINSTALLED)  # it runs, ran last, or nothing does
    before = None if is_clear else _last_that_ran(api, folder, listed[1:])
    return {**told, "before": None if before is None else told_release(before.content)}


def told_release(content: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what a state has of one record."""
    chart = content["chart"]["metadata"]
    return {
        "chart": chart["name"],
        "version": chart["version"],
        "app_version": chart.get("appVersion") or "",
        "revision": content["version"],
        "status": _told_status(content),
        "values": content.get("config") or {},
    }


def free_release(api: ClusterApi, params: Mapping[str, Any]) -> Dict[str, Any]:
    """Mark the newest revision as failed, as Helm itself does, where Helm was cut off in the middle of it.

    Helm refuses to begin while a revision is pending, and ends that state itself unless it is killed or the API server
    goes away. A record in which Helm may still be at work is waited for.

    Args:
        api: the API server of the cluster.
        params: ``release``: ``namespace/name``. ``quiet``: seconds from the record's making on, by the server's clock,
            after which no Helm is at work any more. ``manager``: the field manager. ``dry_run``: change nothing.

    Returns:
        Whether it was marked, its revision and its status.

    Raises:
        ClusterError: the server refuses, or is out of reach; or somebody else writes the record, or begins another
            revision, all the time.
    """
    ends: Dict[int, float] = {}
    limit = time.monotonic() + 2 * params["quiet"] + POLL_SECONDS
    while True:
        record = newest_record(api, params["release"])
        if record is None:
            return {"changed": False, "status": None, "revision": None}
        status = str(record.content["info"]["status"])
        if not status.startswith(PENDING):
            return {"changed": False, "status": status, "revision": record.content["version"]}
        freed = {"changed": True, "status": FAILED, "revision": record.content["version"]}
        if params["dry_run"]:
            return freed
        # Each revision by itself: the Helm that was waited for may have ended, and another one be at work.
        now = time.monotonic()
        end = ends.setdefault(record.content["version"], now + max(0.0, params["quiet"] - _age(record, api.date)))
        if now >= end and _mark(api, record, params["manager"]):
            return freed
        if now >= limit:
            raise ClusterError("it changes all the time: Helm is at work")
        time.sleep(min(POLL_SECONDS, end - now) if now < end else POLL_SECONDS)


def _age(record: Record, date: Optional[str]) -> float:
    """Return the seconds since a record was made, by the server's clock; 0 where the server does not say its time."""
    made = datetime.datetime.strptime(record.metadata["creationTimestamp"], "%Y-%m-%dT%H:%M:%SZ")
    now = server_time(date)
    return (now.replace(tzinfo=None) - made).total_seconds() if now else 0.0


def _mark(api: ClusterApi, record: Record, manager: str) -> bool:
    """Mark a record as failed, and return whether it was still as it was read."""
    why = "Helm was cut off in the middle of it (hybridnet.cluster_edge)"
    text = encoded({**record.content, "info": {**record.content["info"], "status": FAILED, "description": why}})
    labels = {"status": FAILED, "modifiedAt": str(int(time.time()))}
    patch = {
        "metadata": {"resourceVersion": record.metadata["resourceVersion"], "labels": labels},
        "data": {"release": base64.b64encode(text.encode()).decode() if record.is_secret else text},
    }
    try:
        return api.send("patch", record.path, patch, manager, MERGE_PATCH) is not None
    except ConflictError:
        return False
