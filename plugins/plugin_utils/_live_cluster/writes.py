# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The writes of one part of a cluster: what is to be sent, and what is said of the answers. Nothing is sent here."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...module_utils._errors import MASK
from ...module_utils._kubernetes.note import NOTED
from ...module_utils._kubernetes.outcomes import APPLIED, ENDING, KEPT, MEANWHILE, REFUSED, REMOVED
from .._cilium.common import Object
from .._findings.wording import MOST_NAMES, some
from .answers import is_of_object
from .changes import Changes
from .differences import difference
from .live_objects import live_labels, live_uids, live_versions, place
from .node_labels import selects
from .note import Claims, Delta, created_uids, making_entry, making_key

TAKEN_MEANWHILE = (
    "somebody else made it while this run did. What is planned was written into it; it is not counted as this site's"
    " (look at its managedFields; delete it and run again, or give one of the two another name)"
)
"""Said of an object that was absent when it was read, and that others have written too when ours was."""
REWRITTEN = (
    "the API server keeps other values than the applied ones at {0}: a mutating webhook of the cluster writes there"
    " (kubectl get mutatingwebhookconfigurations). Exempt the object from it, or plan what it writes"
)
"""Said of an object that was written, and is not as planned all the same."""
RETRY = "What was written before it stays. Mend this and run again: the run goes on there."
"""What a run that ends in the middle of its writes leaves, and the way out."""

UNCOPIED = (
    "Cilium's agent there has not copied the label to its CiliumNode, by which Cilium selects nodes. What selects by it"
    " was not written: sessions and L2 addresses of a node end that nothing selects (look for"
    " exclude-node-label-patterns in: {kubectl} -n {namespace} get configmap cilium-config -o yaml; and at the log of"
    " the node's agent)"
)
"""Said of a node with a label that Cilium does not know."""

LAST_PART = "services"
"""The part after which a cluster that leaves the site has no need of the note. Of its objects one that is refused keeps
no other from being written."""

Answered = tuple[Object, dict[str, Any]]
"""An object, and what became of it."""


class WriteError(Exception):
    """The API server has refused a write, or nobody has answered.

    ``result`` is what the module says of it, ``answered`` whether there was an answer.
    """

    def __init__(self, result: Mapping[str, Any], answered: bool = True) -> None:
        self.result = dict(result)
        self.answered = answered
        super().__init__(str(result.get("msg")))


class PartWrites:
    """The writes of one part.

    What is about to be made is noted before, and its UIDs after it, also where the API server has refused something: a
    run that ends in the middle knows its own again. The UID of what lives is a condition of its write: an object that
    somebody made anew in the meantime is not written to.

    Args:
        part: the part.
        changes: what differs from the plan.
        secrets: planned Secrets to be applied.
        live: what was read.
        claims: what the site noted.
    """

    def __init__(
        self, part: str, changes: Changes, secrets: Sequence[Object], live: Mapping[str, Any], claims: Claims
    ) -> None:
        self._uids = live_uids(live)
        self._claims = claims
        self._part = part
        self._config_map = live["config_map"]
        self._answers: list[Answered] = []
        self.is_last = part == LAST_PART
        self.new = [
            name for item in [*secrets, *changes.applied] if (name := place(item)) not in self._uids and is_whole(item)
        ]
        """Places of the objects that are about to be made."""
        self.versions = live_versions(live)
        """By place, the resourceVersion with which an object was read."""
        self.owned = live_labels(live)
        """By place, the labels of ours that a node had when it was read."""
        self.secrets = [self._with_uid(item) for item in secrets]
        self.apply, self.relabel, self.remove, self.unlabel = (
            [self._with_uid(item) for item in items]
            for items in (changes.apply, changes.relabel, changes.remove, changes.unlabel)
        )

    def _with_uid(self, item: Object) -> Object:
        """Return an object with the UID of the live one, if there is one."""
        uid = self._uids.get(place(item))
        return {**item, "metadata": {**item["metadata"], "uid": uid}} if uid else item

    def show_each_once(self) -> None:
        """Leave of a node's steps the last one, for check mode: nothing is written, and each would show them all.

        The API server is asked what each write would make of what lives.
        """
        later = {place(item) for item in self.unlabel}
        self.relabel = [item for item in self.relabel if place(item) not in later]
        later.update(place(item) for item in self.relabel)
        self.apply = [item for item in self.apply if place(item) not in later]

    @property
    def nodes(self) -> list[Object]:
        """Nodes that gain labels, before anything selects by them."""
        return [item for item in self.apply if item["kind"] == "Node"]

    @property
    def objects(self) -> list[Object]:
        """What is applied, less nodes."""
        return [item for item in self.apply if item["kind"] != "Node"]

    @property
    def changes_a_selection(self) -> bool:
        """Whether something is applied by which nodes are selected already: of one that is new, nothing can end."""
        return any(selects(item) and place(item) in self._uids for item in self.objects)

    @property
    def removes_a_selection(self) -> bool:
        """Whether something is removed that may select nodes."""
        return any(selects(item) for item in self.remove)

    @property
    def before(self) -> Delta:
        """What is noted before anything is made."""
        making = {making_key(self._part, name): making_entry(name, self._claims.now) for name in self.new}
        return {**self._claims.about_to_be, **making}

    def take(self, objects: Sequence[Object], results: Sequence[dict[str, Any]]) -> None:
        """Take what became of objects that were applied: in their order, up to a refusal that meets all.

        A node is applied again where its labels come and go in steps: as the step before has left it.
        """
        answers = list(zip(objects, results, strict=False))
        self._answers += answers
        for item, answer in answers:
            if "version" in answer:
                self.versions[place(item)] = answer["version"]
                self.owned[place(item)] = dict(item["metadata"]["labels"])

    @property
    def made(self) -> Delta:
        """What is noted of the new objects that were made so far: their UIDs, and that they are not to be made."""
        there = [(item, answer) for item, answer in self._answers if "uid" in answer]
        done: Delta = {
            making_key(self._part, name): None for item, _answer in there if (name := place(item)) in self.new
        }
        return {**done, **created_uids(there, self.new)}

    def after(self, kept: Iterable[str], refused: Iterable[str], forget: bool) -> Delta:
        """Return what is noted in the end.

        Args:
            kept: places of what was not removed.
            refused: places of what was not written.
            forget: whether the part leaves the site.
        """
        stay = {uid: name for name in [*kept, *refused] if (uid := self._uids.get(name))}
        done: Delta = {making_key(self._part, name): None for name in self.new}
        delta = {**self._claims.delta_with(stay), **done, **self.made}
        return {key: value for key, value in delta.items() if not (forget and key.startswith(NOTED) and value)}

    def ends_the_note(self, delta: Delta, forget: bool, check_mode: bool) -> bool:
        """Return whether nothing is left to be noted of a cluster that leaves the site: its ConfigMap goes."""
        # In check mode nothing was removed yet, of no part.
        return forget and self.is_last and (check_mode or not self._claims.left(delta))

    def sent(self, delta: Delta) -> Delta:
        """Return what of a delta is sent: nothing, where that would make a ConfigMap without anything in it."""
        makes_nothing = not self._config_map and not any(delta.values()) and not self.before
        return {} if makes_nothing else delta

    def told(
        self,
        written: Sequence[Answered],
        applied: Sequence[Answered],
        removed: Sequence[Answered],
        refused: Mapping[str, str],
        delta: Delta,
        note: Sequence[str],
    ) -> dict[str, Any]:
        """Return what changed, with its differences.

        Args:
            written: Secrets and other objects that were applied.
            applied: those of them that are shown, so no Secrets.
            removed: what was removed.
            refused: by place, why an object was not written or removed.
            delta: what was noted.
            note: the ConfigMap, where it was removed.
        """
        differences = [difference(item, answer, "present") for item, answer in applied]
        differences += [difference(item, answer, "absent") for item, answer in removed]
        places = [(place(item), answer) for item, answer in written]
        names = list(dict.fromkeys(name for name, _answer in places))
        taken = {name: TAKEN_MEANWHILE for name, answer in places if name in self.new and answer.get("shared")}
        noted = [key for key in delta if not key.startswith(NOTED)]
        return {
            "changed": bool(names or removed or noted or note),
            "applied": names,
            "created": [name for name in names if name not in self._uids],
            "removed": [*(place(item) for item, _answer in removed), *note],
            "refused": [f"{name}: {text}" for name, text in {**refused, **taken}.items()],
            "diff": differences,
        }


def is_whole(item: Object) -> bool:
    """Return whether an object is made whole by us, and not single keys of one of others."""
    return "spec" in item or "data" in item


def without_passwords(text: str, secrets: Iterable[Object]) -> str:
    """Return a text without the passwords in Secrets, in either form."""
    for item in secrets:
        encoded = item["data"]["password"]
        for secret in (encoded, base64.b64decode(encoded).decode()):
            text = text.replace(secret, MASK)
    return text


def interrupted(verb: str, objects: Sequence[Object], done: Mapping[str, Any]) -> WriteError:
    """Return the error of a run that ends because nobody has answered.

    Args:
        verb: what the run was about to do, where it was no writing.
        objects: what it was about to write or remove.
        done: the result of the module.
    """
    names = some([place(item) for item in objects], MOST_NAMES)
    return WriteError({**done, "msg": f"{verb}{names}: {done.get('msg')}\n{RETRY}"}, answered=False)


def uncopied(nodes: Sequence[str], kubectl: str, namespace: str) -> WriteError:
    """Return the error of a run that ends because Cilium does not know labels of nodes.

    Args:
        nodes: as module ``cluster_apply`` returns them.
        kubectl: how a command for the cluster begins.
        namespace: where Cilium runs.
    """
    text = UNCOPIED.format(kubectl=kubectl, namespace=namespace)
    return WriteError({"failed": True, "msg": "\n".join([*(f"Node {node}: {text}" for node in nodes), RETRY])})


def _refusal(refused: Mapping[str, str], verb: str = "write") -> WriteError:
    """Return the error of a run that ends because some objects were not written.

    Args:
        refused: by place, the API server's reason, or why the run itself has left one.
        verb: what the run was about to do to them.
    """
    said = f"the API server refused to {verb} it: "
    lines = [f"{name}: {'' if text in MEANWHILE else said}{text}" for name, text in refused.items()]
    return WriteError({"failed": True, "msg": "\n".join([*lines, RETRY])})


def sorted_answers(
    objects: Sequence[Object], results: Sequence[dict[str, Any]], tolerant: bool = False
) -> tuple[list[Answered], dict[str, str]]:
    """Return what changed, with what became of it; and by place, why the API server refused one.

    Args:
        objects: what was to be applied.
        results: what became of each. They end with a refusal that meets all.
        tolerant: whether one that is refused is no error.

    Raises:
        WriteError: a refusal says that we have no right to write, or that the server cannot; or it is not tolerated.
    """
    changed: list[Answered] = []
    refused: dict[str, str] = {}
    rewritten: dict[str, str] = {}
    for item, found in zip(objects, results, strict=False):
        if "rewritten" in found:
            rewritten[place(item)] = REWRITTEN.format(some(found["rewritten"], MOST_NAMES))
        if found["outcome"] == REFUSED:
            if not is_of_object(found["status"], found["reason"]):
                raise WriteError({"failed": True, "msg": f"{place(item)}: {found['reason']}\n{RETRY}"})
            refused[place(item)] = found["reason"]
        elif found["outcome"] == APPLIED:
            changed.append((item, found))
    if refused and not tolerant:
        raise _refusal(refused)
    if rewritten and not tolerant:
        lines = [f"{name}: {text}" for name, text in rewritten.items()]
        raise WriteError({"failed": True, "msg": "\n".join([*lines, RETRY])})
    return changed, {**refused, **rewritten}


def sorted_removals(
    objects: Sequence[Object], results: Sequence[dict[str, Any]], tolerant: bool
) -> tuple[list[Answered], set[str], dict[str, str]]:
    """Return what was removed, with what was there; by place, what stays; and by place, what is said of one.

    Args:
        objects: what was to be removed.
        results: what became of each.
        tolerant: whether one that is refused is no error.

    Raises:
        WriteError: the API server has refused one, and it is not tolerated; or it refuses whatever we write.
    """
    removed: list[Answered] = []
    kept, told = set(), {}
    for item, found in zip(objects, results, strict=False):
        if found["outcome"] in (REMOVED, ENDING):
            removed.append((item, found))
        if found["outcome"] in (ENDING, KEPT, REFUSED):  # it stays noted until it is gone
            kept.add(place(item))
        if found["outcome"] == REFUSED:
            if not (tolerant and is_of_object(found["status"], found["reason"])):
                raise _refusal({place(item): found["reason"]}, "remove")
            told[place(item)] = found["reason"]
        elif found["outcome"] == ENDING:
            told[place(item)] = found["reason"]
        elif "reason" in found:
            told[place(item)] = f"{found['reason']}; it was left as it is"
    return removed, kept, told


def told_beside(changes: Changes, claims: Claims, refused: Iterable[str], previewed: Iterable[str]) -> dict[str, Any]:
    """Return what is said beside what was done.

    Args:
        changes: what differs from the plan.
        claims: what the site noted.
        refused: what was not written or removed, and why.
        previewed: refusals of which a preview goes on.
    """
    faults = [*(str(error) for error in changes.faults), *refused]
    warnings = [*changes.warnings, *faults, *map(str, changes.absent), *previewed]
    if claims.taken:
        warnings.append(
            f"ConfigMap {claims.where} has no UIDs of the part {claims.part} yet. Taken for this site's, as"
            f" they carry its labels and its field manager: {', '.join(claims.taken)}"
        )
    return {"later": changes.later, "warnings": warnings, "faults": faults, "taken": claims.taken}
