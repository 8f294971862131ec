# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site notes in the cluster of the objects that it made: ConfigMap ``cluster-edge-<site>``, beside the release.

Labels and field managers are texts that every tenant can write on a Service. The UID of an object is the API server's,
and the ConfigMap stands in a namespace that is no tenant's. Its keys:

* a UID: the object that has it, which this site made; or ``keys of`` a Service of others, on which it set single keys.
* ``noted.<part>``: the objects of this part (``bgp``, ``lb``, ``services``) were noted once. Without it, the part's
  next run notes what carries the site's labels and its field manager, and lists it.
* ``noted.labels``: labels of nodes were noted once. Without it, the next run lists those that it leaves.
* ``labels.<node>``: keys of the labels that this site set on a node. Other sites set theirs as the same field manager.
* ``nodes``: the names of the nodes that the inventory had, by which another inventory of the same site name is told.
* ``making.<part>.<digest>``: an object that a run is about to make, by a digest of its name, and since when. It stays
  where the run was cut off, and the next one knows its own. Each has its own key, so that no run takes away what
  another one notes; what is not there after :data:`MAKING_SECONDS` nobody makes any more.
* ``release``: digests of Helm releases, and consents that were used (``takeover``).
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...module_utils._errors import EdgeError
from ...module_utils._kubernetes.note import KEYS_OF, LABELS, MAKING, NODES, NOTED, UID
from .._cilium.common import Object
from .._findings.wording import MOST_NAMES, some
from .._kubernetes.labels import FIELD_MANAGER
from .live_objects import is_ours as carries_labels
from .live_objects import place

RELEASE = "release"
MOST_BYTES = 1024 * 1024
"""The most that the values of a ConfigMap may hold together (Kubernetes API validation, ``MaxSecretSize``)."""

MAKING_SECONDS = 24 * 60 * 60
"""Seconds in which a run has made what it noted that it would; the clocks of two controllers differ by less."""

_PLACE = re.compile(r"[A-Z][A-Za-z0-9]* ([a-z0-9.-]+/)?[a-z0-9.-]+")
_SINCE = "%Y-%m-%dT%H:%M:%SZ"
"""The form of a time in a note, in UTC."""
_PARTS = ("bgp", "lb", "services")
NODE_LABELS = "labels"
"""What is noted beside the parts: that labels of nodes are."""

Delta = dict[str, str | None]
"""Keys to set, and with None those to remove."""


def note_name(site: str) -> str:
    """Return the name of a site's ConfigMap."""
    return f"cluster-edge-{site}"


@dataclass(frozen=True, slots=True)
class Note:
    """What a site has noted."""

    made: Mapping[str, str] = field(default_factory=dict)
    """UID -> ``Kind namespace/name`` of an object that this site made."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """UID -> ``Service namespace/name`` of others on which this site set labels and annotations."""
    making: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Part -> what runs were about to make, and have not noted as made; by a run that was cut off, or is at work."""
    since: Mapping[str, float] = field(default_factory=dict)
    """Key of such an object (:func:`making_key`) -> when that was, in seconds of Unix time; where it is told."""
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Node -> keys of the labels that this site set on it."""
    nodes: frozenset[str] = frozenset()
    """The nodes of the plan of the last run."""
    parts: frozenset[str] = frozenset()
    """Parts whose objects were noted."""


def read_note(data: Mapping[str, str], where: str, kubectl: str = "kubectl") -> Note:
    """Return what a ConfigMap notes.

    Args:
        data: its data.
        where: ``namespace/name``, for the error.
        kubectl: how a printed command begins.

    Raises:
        EdgeError: it holds what no run has written.
    """
    made: dict[str, str] = {}
    keys: dict[str, str] = {}
    making: dict[str, frozenset[str]] = {}
    since: dict[str, float] = {}
    parts, labels, strange = set(), {}, []
    for key, value in sorted(data.items()):
        name, text = value.removeprefix(KEYS_OF), value.strip()
        part = key.partition(".")[2]
        if UID.fullmatch(key) and _PLACE.fullmatch(name):
            (made if name == value else keys)[key] = name
        elif key.startswith(NOTED) and part in (*_PARTS, NODE_LABELS):
            parts.add(part)
        elif key.startswith(MAKING) and _is_making(part, text):
            made_of = part.partition(".")[0]
            told = [_told_making(line) for line in text.splitlines()]
            making[made_of] = making.get(made_of, frozenset()).union(line for line, _time in told)
            since.update((key, time) for _line, time in told if time is not None)
        elif key.startswith(LABELS):
            labels[part] = frozenset(text.split())
        elif key not in (RELEASE, NODES):
            strange.append(key)
    if strange:
        namespace, _slash, own = where.partition("/")
        raise EdgeError(
            f"ConfigMap {where}",
            f"no run has written {some(strange, MOST_NAMES)}: keys are UIDs, with Kind namespace/name as value. So"
            " nobody knows what this site made",
            f"mend it: {kubectl} -n {namespace} edit configmap {own}. Or delete it: the next run notes anew what"
            " carries the site's labels and its field manager, and lists it",
        )
    return Note(made, keys, making, since, labels, frozenset(data.get(NODES, "").split()), frozenset(parts))


def making_key(part: str, name: str) -> str:
    """Return the key under which a part notes that it is about to make an object, ``Kind namespace/name``."""
    return f"{MAKING}{part}.{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def making_entry(name: str, now: float | None) -> str:
    """Return what is noted of an object, ``Kind namespace/name``, that is about to be made.

    Args:
        name: the object.
        now: seconds of Unix time; None: not told.
    """
    if now is None:
        return name
    return f"{name} {datetime.datetime.fromtimestamp(now, datetime.UTC).strftime(_SINCE)}"


def _told_making(text: str) -> tuple[str, float | None]:
    """Return the object that :func:`making_entry` has noted, and when; a text of nobody's as it is."""
    name, _space, time = text.rpartition(" ")
    try:
        since = datetime.datetime.strptime(time, _SINCE).replace(tzinfo=datetime.UTC)
    except ValueError:
        return text, None
    return name, since.timestamp()


def _is_making(part: str, text: str) -> bool:
    """Return whether a run has written this of what it is about to make.

    Version 0.1.0 wrote all of a part under one key, without a digest.
    """
    if part in _PARTS:
        return all(map(_PLACE.fullmatch, text.splitlines()))
    name, told = part.partition(".")[0], _told_making(text)[0]
    return name in _PARTS and bool(_PLACE.fullmatch(told)) and f"{MAKING}{part}" == making_key(name, told)


class Claims:
    """Which live objects are this site's, as far as one part goes; and what is to be noted of it.

    Args:
        part: the part.
        site: the site's name.
        data: of the site's ConfigMap; empty where there is none.
        namespace: where it stands, that of Cilium's release.
        now: seconds of Unix time; None: not told, and nothing that was to be made is too old.
        kubectl: how a printed command begins (:func:`.kubectl.kubectl`).

    Raises:
        EdgeError: the ConfigMap holds what no run has written.
    """

    def __init__(
        self,
        part: str,
        site: str,
        data: Mapping[str, str],
        namespace: str,
        now: float | None = None,
        kubectl: str = "kubectl",
    ) -> None:
        self.namespace = namespace
        self.kubectl = kubectl
        """How a printed command begins; it names the cluster."""
        self.where = f"{namespace}/{note_name(site)}"
        self.note = read_note(data, self.where, kubectl)
        self.part = part
        self.site = site
        self.now = now
        self._data = data
        self.first = part not in self.note.parts
        """Whether nothing of the part was noted yet."""
        self.taken: list[str] = []
        """What is noted for the first time, as it carries the labels and the field manager."""
        self.known: Delta = {}
        """What a run that was cut off has made, by its UID."""
        self.delta: Delta = {f"{NOTED}{part}": "true"} if self.first else {}
        if f"{MAKING}{part}" in data:
            self.delta[f"{MAKING}{part}"] = None

    def made(self, item: Object) -> bool:
        """Return whether this site made a live object. One that nothing is noted of is taken once, and noted."""
        metadata = item["metadata"]
        uid = metadata.get("uid") or ""
        cut_off = place(item) in self.note.making.get(self.part, ())
        if cut_off and making_key(self.part, place(item)) in self._data:
            self.delta[making_key(self.part, place(item))] = None  # it is there: whose it is, is known now
        if uid in self.note.made or uid in self.delta:
            return True
        if not (self.first or cut_off) or not (self.carries_labels(item) and applied_by_us(item)):
            return False
        self.delta[uid] = place(item)
        if self.first:
            self.taken.append(place(item))
        else:
            self.known[uid] = place(item)
        return True

    def keeps(self, item: Object) -> bool:
        """Return whether an object is this site's to change and to remove.

        One that it made, and whose labels somebody took off, stays when it leaves the plan: it is that one's by then.
        """
        return self.made(item) and self.carries_labels(item)

    def carries_labels(self, item: Object) -> bool:
        """Return whether a live object carries both of the site's labels, whoever wrote them."""
        return carries_labels(item["metadata"], self.site)

    def set_keys(self, item: Object) -> bool:
        """Return whether this site set single keys on a Service of others, as far as it was noted."""
        return item["metadata"].get("uid") in self.note.keys

    def note_keys(self, item: Object) -> None:
        """Note a Service of others on which single keys are set."""
        if not self.set_keys(item):
            self.delta[item["metadata"]["uid"]] = KEYS_OF + place(item)

    def note_labels(self, node: str, keys: Iterable[str]) -> None:
        """Note which labels this site sets on a node from now on."""
        if NODE_LABELS not in self.note.parts:
            self.delta[f"{NOTED}{NODE_LABELS}"] = "true"
        wanted = frozenset(keys)
        if wanted != self.note.labels.get(node, frozenset()):
            self.delta[f"{LABELS}{node}"] = " ".join(sorted(wanted)) or None

    def note_nodes(self, nodes: Iterable[str]) -> None:
        """Note the nodes of the plan."""
        wanted = frozenset(nodes)
        if wanted != self.note.nodes:
            self.delta[NODES] = " ".join(sorted(wanted)) or None

    def forget(self, item: Object) -> None:
        """Take an object, or a Service of others, out of the note."""
        self.delta[item["metadata"]["uid"]] = None

    def forget_gone(self, kinds: Iterable[str], live: Iterable[Object]) -> None:
        """Take out what is not there any more, and what a run was about to make that never came.

        Args:
            kinds: those whose live objects were all read; with a namespace (``Secret kube-system/``), those of it.
            live: these objects.
        """
        found = list(live)
        there, places = {item["metadata"].get("uid") for item in found}, set(map(place, found))
        read = tuple(kind if " " in kind else f"{kind} " for kind in kinds)
        for uid, name in [*self.note.made.items(), *self.note.keys.items()]:
            if name.startswith(read) and uid not in there:
                self.delta[uid] = None
        for name in self.note.making.get(self.part, ()):
            key = making_key(self.part, name)
            if name.startswith(read) and name not in places and key in self._data and self._is_over(key):
                self.delta[key] = None  # else an object of somebody's would count as ours one day, by its name

    def _is_over(self, key: str) -> bool:
        """Return whether the run is over that was about to make the object of a key; one that told no time is."""
        return self.now is not None and self.now - self.note.since.get(key, 0.0) > MAKING_SECONDS

    @property
    def about_to_be(self) -> Delta:
        """What is noted before anything is written, so that a run that is cut off knows its own again.

        Labels of nodes, those of before and those of afterwards; Services of others on which keys are set; and what a
        run that was cut off has made, as far as it stays.
        """
        found: Delta = {uid: name for uid, name in self.known.items() if self.delta.get(uid)}
        for key, value in self.delta.items():
            if value and key.startswith(LABELS):
                before = self.note.labels.get(key.removeprefix(LABELS), frozenset())
                found[key] = " ".join(sorted({*before, *value.split()}))
            elif value and value.startswith(KEYS_OF):
                found[key] = value
        return found

    def forget_places(self, places: Collection[str]) -> None:
        """Take out what was noted under these places."""
        self.delta.update((uid, None) for uid, name in self.note.made.items() if name in places)

    def delta_with(self, kept: Mapping[str, str]) -> Delta:
        """Return the delta of a run that did not take away all it was to.

        Args:
            kept: UID -> ``Kind namespace/name`` of what stays as it was: objects that are not removed, and Services of
                others that keep our keys. They stay noted, and one that was not noted yet is.
        """
        stay = {uid: name for uid, name in kept.items() if self.delta.get(uid, "") is None}
        delta = {key: value for key, value in self.delta.items() if key not in stay}
        noted = {*self.note.made, *self.note.keys}
        return {**delta, **{uid: name for uid, name in stay.items() if uid not in noted}}

    def left(self, delta: Delta) -> list[str]:
        """Return what is still noted when a delta is written: objects of any part, Services with keys of ours."""
        noted = [*self.note.made.items(), *self.note.keys.items()]
        kept = [name for uid, name in noted if delta.get(uid, "") is not None]
        return sorted([*kept, *(str(name) for uid, name in delta.items() if name and UID.fullmatch(uid))])


def applied_by_us(item: Object) -> bool:
    """Return whether an object says that its spec or its data was applied by our field manager."""
    return any(
        entry.get("manager") == FIELD_MANAGER
        and entry.get("operation") == "Apply"
        and not entry.get("subresource")
        and {"f:spec", "f:data"} & set(entry.get("fieldsV1") or {})
        for entry in item["metadata"].get("managedFields") or []
    )


def fields_in_our_name(item: Object) -> tuple[bool, bool]:
    """Return whether our field manager holds labels or annotations of an object, and whether it holds more.

    An apply of single keys would take away what more there is.
    """
    keys = more = False
    for entry in item["metadata"].get("managedFields") or []:
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource"):
            fields = entry.get("fieldsV1") or {}
            metadata = set(fields.get("f:metadata") or {})
            keys |= bool(metadata & {"f:labels", "f:annotations"})
            more |= bool(set(fields) - {"f:metadata"}) or bool(metadata - {"f:labels", "f:annotations", "."})
    return keys, more


def check_size(data: Mapping[str, str], delta: Mapping[str, str | None], where: str) -> None:
    """Raise an error where a ConfigMap would hold more than the API server takes.

    Raises:
        EdgeError: it would.
    """
    after = {key: value for key, value in {**data, **delta}.items() if value is not None}
    size = sum(len(value.encode()) for value in after.values())
    if size > MOST_BYTES:
        raise EdgeError(
            f"ConfigMap {where}",
            f"with {len(after)} keys it would hold {size} bytes, and the API server takes {MOST_BYTES}",
            "split the cluster's services over two sites",
        )


def created_uids(answers: Sequence[tuple[Object, Mapping[str, Any]]], created: Iterable[str]) -> Delta:
    """Return what to note of objects that were made; one that others have written too was made by them meanwhile.

    Args:
        answers: what was applied, and what module ``cluster_apply`` returned for each.
        created: those that were not there before, as :func:`.live_objects.place` names them.
    """
    new = set(created)
    made = [(answer["uid"], place(item)) for item, answer in answers if not answer.get("shared")]
    return {uid: name for uid, name in made if name in new}
