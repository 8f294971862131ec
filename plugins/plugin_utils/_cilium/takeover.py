# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run must not do to a live Cilium release, or to a cluster that is another one, without the user's word.

Helm's ``--reset-values`` unsets every value that a release has and the plan lacks: ``kubeProxyReplacement``,
``k8sServiceHost`` or ``encryption`` of a cluster that lives by them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from ...module_utils._errors import EdgeError
from ...module_utils._kubernetes.helm_records import PENDING
from .._findings.wording import MOST_NAMES, some
from .._kubernetes.labels import ownership_labels
from .._model.site import TakeOver
from .._versions.cilium import V2ALPHA1_MIGRATED, V2ALPHA1_UNTIL, parse_version, text_of
from .helm_values import as_helm_keeps, same_value, shown
from .note import note_name


@dataclass(frozen=True, slots=True)
class Release:
    """A Helm release: its name, the chart's version, and the values that somebody has set."""

    name: str
    version: str
    values: Mapping[str, Any]
    pending: str = field(default="", compare=False)
    """The status of a release at which Helm is at work, or was cut off; empty for any other."""

    @classmethod
    def live(cls, name: str, found: Mapping[str, Any] | None) -> Release | None:
        """Return the release as Helm's record has it; None where there is none.

        Args:
            name: of the release.
            found: ``release`` of module ``cluster_state_info``.
        """
        if not found or found.get("status") == "uninstalled":  # kept by helm uninstall --keep-history
            return None
        status = str(found.get("status") or "")
        return cls(name, found["version"], found["values"], status if status.startswith(PENDING) else "")

    @property
    def digest(self) -> str:
        """The release's version and values, as one word: what a site notes of a release that it has made."""
        text = json.dumps([self.version, as_helm_keeps(self.values)], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def mark(self) -> str:
        """The beginning of the digest."""
        return self.digest[:MARK]


USED, BETWEEN = "used", "|"
"""How the note of a used word begins, and what stands between its parts: no word has it."""
MARK = 12
"""Letters of a digest that tell a release from the few others of its cluster."""

Path = tuple[str, ...]
"""Keys of a value, from the outermost on: a key may have dots itself (``nodeSelector``)."""


def leaves(values: Mapping[str, Any], above: Path = ()) -> dict[Path, Any]:
    """Return the values by path; a list is one value. A map without keys sets nothing; null takes a default away."""
    found: dict[Path, Any] = {}
    for key, value in values.items():
        path = (*above, key)
        if isinstance(value, Mapping):
            found |= leaves(value, path)
        else:
            found[path] = value
    return found


def is_as_planned(found: Mapping[str, Any] | None, planned: Release) -> bool:
    """Return whether the live release is the planned one and runs, so that Helm is not called.

    The chart is told by its own name, not by that of its folder or archive.

    Args:
        found: ``release`` of module ``cluster_state_info``.
        planned: version and values of the plan.
    """
    if not found or (found["status"], found["chart"]) != ("deployed", "cilium"):
        return False
    live = Release.live(planned.name, found)
    return live is not None and live.digest == planned.digest  # true is not 1 there, as it is in Python


def release_refusals(live: Release | None, planned: Release, made: Collection[str], consent: TakeOver) -> list[str]:
    """Return why the planned release must not be applied to the live one; nothing where it may be.

    Args:
        live: as the cluster has it; None: there is none.
        planned: version and values of the plan.
        made: what is noted, as :func:`release_note` returns it.
        consent: the user's word. Void where it names another release than the live one, where it was used for another
            change, and for a step that no word makes possible.
    """
    if live is None:
        return []
    ours = live.digest in made
    before, after = leaves(live.values), leaves(planned.values)
    lost = {path: value for path, value in before.items() if path not in after}
    changed = [
        ".".join(path) for path, value in after.items() if path not in before or not same_value(before[path], value)
    ]
    consented = _is_consent(consent.release, live, planned, made)
    word = _valid_word(live, planned, made)
    refusals = []
    if not ours:
        unsaid = {path: value for path, value in lost.items() if ".".join(path) not in consent.unset}
        same = live.version == planned.version and not changed and not lost
        if not (consented or same) or unsaid:
            said = consent.release if consented else None
            refusals.append(_foreign(live, planned, unsaid, changed, _words(said or word, consent.unset), bool(said)))
        if live.pending:
            refusals.append(_pending(live))
    missed = _missed_migration(live, planned)
    if missed or not consented:
        refusals += missed or _wrong_step(live, planned, word)
    return refusals


def _is_consent(word: str | None, live: Release, planned: Release, made: Collection[str]) -> bool:
    """Return whether a word consents to the change from the live release to the planned one.

    One that names the version alone holds for the change that it was first used for, so that it consents to nothing
    new where it stays in the inventory. What led to no release of this site may be planned anew.
    """
    if word != _named(live):
        return word == _exact_word(live, planned)
    used = next((item.removeprefix(_use(word)) for item in made if item.startswith(_use(word))), None)
    if used is None:
        return True
    before, _between, after = used.partition(BETWEEN)
    return before == live.mark and (live.digest not in made or after == planned.mark)


def _valid_word(live: Release, planned: Release, made: Collection[str]) -> str:
    """Return the word that consents to the change: the exact one where the short one was used for another change."""
    short = _named(live)
    return short if _is_consent(short, live, planned, made) else _exact_word(live, planned)


def _exact_word(live: Release, planned: Release) -> str:
    """Return the word that names a release and one change of it."""
    change = hashlib.sha256(f"{live.digest} {planned.digest}".encode()).hexdigest()
    return f"{_named(live)}#{change[:MARK]}"


def _use(word: str) -> str:
    """Return how the note of a used word begins; the marks of the live release and of the planned one follow."""
    return f"{USED}{BETWEEN}{word}{BETWEEN}"


def _foreign(
    live: Release,
    planned: Release,
    unsaid: Mapping[Path, Any],
    changed: Sequence[str],
    words: Mapping[str, Any],
    said: bool,
) -> str:
    """Return why a release that this site has not made is left alone, and the ways out.

    Args:
        live: as the cluster has it.
        planned: what is to follow.
        unsaid: live values that Helm would unset, and of which no consent speaks.
        changed: paths of values that the plan sets.
        words: which consent to the rest, and to what the inventory says of values already.
        said: whether the inventory names the release already.
    """
    text = f"the Helm release {live.name} ({live.version}) was not made by this site"
    if live.version != planned.version:
        text += f"; its version would become {planned.version}"
    if changed:
        text += f"; the plan would set {some(sorted(changed), MOST_NAMES)}"
    names = sorted(".".join(path) for path in unsaid)
    if not unsaid:
        return f"{text}. {_ways_out((), words, said)}"
    printed = {path: value for path, value in unsaid.items() if shown(path, value) == value}
    hidden = sorted(".".join(path) for path in unsaid if path not in printed)
    pasted = yaml.safe_dump(
        {"edge_cilium_values": nested(printed)}, sort_keys=True, width=120, allow_unicode=True
    ).rstrip()
    keep = f" To keep these values, write them in the inventory:\n{pasted}\n" if printed else ""
    if hidden:
        keep += f" Not shown, as they may be secrets (helm get values {live.name}): {', '.join(hidden)}.\n"
    lost = f"{text}; Helm would unset what the plan lacks: {some(names, MOST_NAMES)}"
    return f"{lost}.{keep}{_ways_out(names, words, said)}"


def _pending(live: Release) -> str:
    """Return why a release of others is left alone at which Helm is at work, or was cut off."""
    way_out = f"helm rollback {live.name}"
    if live.pending == "pending-install":
        way_out = f"helm uninstall {live.name}, which takes what it has made away"
    return (
        f"the Helm release {live.name} is {live.pending}: somebody's Helm is at work, or was cut off. Wait for its end;"
        f" where nobody is at work any more: {way_out}"
    )


def _ways_out(unset: Sequence[str], words: Mapping[str, Any], said: bool) -> str:
    """Return what a user can say where nothing is to be kept."""
    more = _words(words["release"], sorted({*words.get("unset", ()), *unset}))
    pasted = yaml.safe_dump({"edge_cluster_take_over": more}, sort_keys=True, width=120).rstrip()
    others = "" if said else " Or leave the release to its owner: edge_cilium_managed: false."
    return f"To take the release over{' without them' if unset else ''}, say so:\n{pasted}\n{others}".rstrip()


def _named(live: Release) -> str:
    """Return how a consent names a release: it is void for any other version."""
    return f"{live.name}@{live.version}"


def _words(word: str, unset: Sequence[str]) -> dict[str, Any]:
    return {"release": word, **({"unset": list(unset)} if unset else {})}


def release_word(live: Release | None, planned: Release, made: Collection[str], consent: TakeOver) -> dict[str, Any]:
    """Return the words of ``edge_cluster_take_over`` that :func:`release_refusals` asks for; none where none helps.

    Args:
        live: as the cluster has it; None: there is none.
        planned: version and values of the plan.
        made: what is noted, as :func:`release_note` returns it.
        consent: the user's word.
    """
    refused = release_refusals(live, planned, made, consent)
    if live is None or not refused:
        return {}
    lost = set() if live.digest in made else set(leaves(live.values)) - set(leaves(planned.values))
    unset = sorted({".".join(path) for path in lost} | set(consent.unset))
    word = _words(_valid_word(live, planned, made), unset)
    return {} if release_refusals(live, planned, made, TakeOver.of(word)) else word


def _missed_migration(live: Release, planned: Release) -> list[str]:
    """Return why a version must not be skipped, whoever consents: only that one makes the next one's CRDs possible."""
    try:
        old, new = parse_version(live.version), parse_version(planned.version)
    except EdgeError:
        return []
    if not old < V2ALPHA1_MIGRATED < V2ALPHA1_UNTIL <= new:
        return []
    return [
        f"the live release {live.name} is Cilium {live.version}, and {planned.version} no longer serves"
        " cilium.io/v2alpha1, in which objects may be stored (cilium/cilium#47242): Cilium"
        f" {text_of(V2ALPHA1_MIGRATED)} rewrites them, and no consent skips it."
        f" Set edge_cilium_version: {text_of(V2ALPHA1_MIGRATED)}.x first (its newest), after each minor version"
        " before it"
    ]


def _wrong_step(live: Release, planned: Release, word: str) -> list[str]:
    """Return why a version cannot follow the live one (Cilium documentation, "Upgrade Guide": one minor at a time)."""
    consent = f"edge_cluster_take_over: {{release: {word}}}"
    try:
        old, new = parse_version(live.version), parse_version(planned.version)
    except EdgeError as error:
        return [
            f"the live release {live.name} has the version {live.version}, which cannot be judged ({error}). {consent}"
        ]
    if new < old:
        return [
            f"the live release {live.name} is Cilium {live.version}, newer than the planned {planned.version}:"
            " a downgrade can take objects and routes away."
            f" Set edge_cilium_version: {live.version}, or say so: {consent}"
        ]
    if new[0] != old[0] or new[1] > old[1] + 1:
        return [
            f"the live release {live.name} is Cilium {live.version}, and {planned.version} skips a minor version:"
            " Cilium is upgraded from one minor to the next."
            f" Set edge_cilium_version: {old[0]}.{old[1] + 1}.x first (its newest), or say so: {consent}"
        ]
    return []


def nested(paths: Mapping[Path, Any]) -> dict[str, Any]:
    """Return values by path as the map that they came from."""
    result: dict[str, Any] = {}
    for path, value in paths.items():
        *above, last = path
        place = result
        for key in above:
            place = place.setdefault(key, {})
        place[last] = value
    return result


def cluster_refusals(planned: Iterable[str], live: Iterable[str]) -> list[str]:
    """Return why a cluster is not the planned one: it has none of the plan's nodes. Some that lack may join later."""
    wanted, there = sorted(planned), sorted(live)
    if not wanted or not there or set(wanted) & set(there):
        return []
    return [
        f"it has none of the planned nodes ({some(wanted, MOST_NAMES)}); its nodes are {some(there, MOST_NAMES)}."
        " Either this is another cluster: name the right one (edge_cluster_kubeconfig, edge_cluster_context)."
        " Or it is the right one, and those that have joined so far are not in the inventory under these names: let the"
        " first planned node join, add those that joined to edge_nodes, or name the inventory's hosts as kubectl get"
        " nodes does"
    ]


def release_note(
    live: Release | None,
    planned: Release,
    made: Sequence[str],
    consent: TakeOver = TakeOver(),  # noqa: B008 - immutable
) -> tuple[str, ...]:
    """Return the digests by which a site knows its own release again, whatever becomes of the upgrade, and used words.

    Args:
        live: as the cluster has it; None: there is none.
        planned: what is about to be applied.
        made: what is noted.
        consent: the user's word.

    Returns:
        The planned release's, and the live one's where it is this site's; then by word that named a release's version
        the change that it was used for. What is noted, where the planned one lives.
    """
    if live is not None and live.digest == planned.digest and live.digest in made:
        return tuple(made)
    ours = [live.digest] if live is not None and live.digest in made else []
    used = [item for item in made if item.startswith(f"{USED}{BETWEEN}")]
    word = consent.release
    if live is not None and word == _named(live) and _is_consent(word, live, planned, made):
        used = [item for item in used if not item.startswith(_use(word))]
        used.append(f"{_use(word)}{live.mark}{BETWEEN}{planned.mark}")
    return tuple(dict.fromkeys([planned.digest, *ours, *used]))


def note_config_map(noted: Sequence[str], site: str, namespace: str) -> dict[str, Any]:
    """Return the ConfigMap in which a site notes the releases that it made."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": note_name(site), "namespace": namespace, "labels": ownership_labels(site)},
        "data": {"release": " ".join(noted)},
    }
