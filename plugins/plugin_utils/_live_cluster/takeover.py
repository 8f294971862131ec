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

from ...module_utils._errors import EdgeError, message
from ...module_utils._kubernetes.helm_records import DEPLOYED, PENDING, UNINSTALLED, UNINSTALLING
from .._cilium.common import Object
from .._cilium.helm_checks import ERROR, check_helm_values
from .._cilium.helm_values import as_helm_keeps, same_value, shown
from .._findings.wording import MOST_NAMES, some
from .._kubernetes.labels import ownership_labels
from .._model.site import TakeOver
from .._versions.cilium import OLDEST, V2ALPHA1_MIGRATED, V2ALPHA1_UNTIL, parse_version, text_of
from .note import note_name
from .range_changes import nodes_outside, range_changes


@dataclass(frozen=True, slots=True)
class Release:
    """A Helm release: its name, the chart's version, and the values that somebody has set."""

    name: str
    version: str
    values: Mapping[str, Any]
    status: str = field(default="", compare=False)
    """Helm's word for how far the revision came; empty for a planned one."""
    before: Release | None = field(default=None, compare=False)
    """The revision that may be all that runs, where Helm did not come to the end of the newest one."""

    @classmethod
    def live(cls, name: str, found: Mapping[str, Any] | None) -> Release | None:
        """Return the release as Helm's records have it; None where there is none.

        Args:
            name: of the release.
            found: ``release`` of module ``cluster_state_info``.
        """
        if not found or found.get("status") == UNINSTALLED:  # kept by helm uninstall --keep-history
            return None
        status = str(found.get("status") or "")
        return cls(name, found["version"], found["values"], status, cls.live(name, found.get("before")))

    @property
    def revisions(self) -> tuple[Release, ...]:
        """The revisions of which parts may run: the newest, and the one from which Helm set out in vain."""
        return (self,) if self.before is None else (self, self.before)

    @property
    def running(self) -> Release:
        """The revision that is taken for what runs, as :func:`running` has it."""
        return self.revisions[-1]

    @property
    def pending(self) -> str:
        """The status of a release at which Helm is at work, or was cut off; empty for any other."""
        return self.status if self.status.startswith(PENDING) else ""

    @property
    def digest(self) -> str:
        """The release's version and values, as one word: what a site notes of a release that it has made."""
        text = json.dumps([self.version, as_helm_keeps(self.values)], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def mark(self) -> str:
        """The beginning of the digest."""
        return self.digest[:MARK]


def running(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the revision that is taken for what runs: the newest, unless Helm did not come to its end.

    Args:
        found: ``release`` of module ``cluster_state_info``; a copy of values has no ``before``.
    """
    before: Mapping[str, Any] | None = found.get("before")
    return found if before is None else before


USED, BETWEEN = "used", "|"
"""How the note of a used word begins, and what stands between its parts: no word has it."""
CHANGE = "#"
"""What stands in a word before the letters that name one change; neither a release's name nor a version has it."""
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
    if not found or (found["status"], found["chart"]) != (DEPLOYED, "cilium"):
        return False
    live = Release.live(planned.name, found)
    return live is not None and live.digest == planned.digest  # true is not 1 there, as it is in Python


def release_refusals(live: Release | None, planned: Release, made: Collection[str], consent: TakeOver) -> list[str]:
    """Return why the planned release must not be applied to the live one; nothing where it may be.

    Each revision that may run is judged by itself: Helm's failure says nothing of how far it came.

    Args:
        live: as the cluster has it; None: there is none.
        planned: version and values of the plan.
        made: what is noted, as :func:`release_note` returns it.
        consent: the user's word. Void where it names another release than the live one, where it was used for another
            change, and for a step that no word makes possible.
    """
    if live is None:
        return []
    if live.status == UNINSTALLING:
        return [_uninstalling(live)]
    word = _valid_word(live, planned, made)
    refusals = _taken_over(live, planned, made, consent, word)
    if live.pending and live.digest not in made:
        refusals.append(_pending(live))
    missed = {item.version: _missed_migration(item, planned, _shown(item, live)) for item in live.revisions}
    if any(missed.values()):
        return [*refusals, *(text for texts in missed.values() for text in texts)]
    steps: dict[str, list[str]] = {}
    for item in live.revisions:
        if not _lifts_step(consent.release, item, live, planned, made):
            steps.setdefault(item.version, _wrong_step(item, planned, word, _shown(item, live)))
    return [*refusals, *(text for texts in steps.values() for text in texts)]


def range_refusals(
    live: Release | None,
    planned: Release,
    made: Collection[str],
    consent: TakeOver,
    nodes: Iterable[Object] = (),
) -> list[str]:
    """Return why pods of a running cluster must not get their addresses in another way, whoever made the release.

    The word that names the change lifts it, and with it the ranges that nodes have: they join again afterwards. Until
    then it goes on to hold for them where the change is made (:func:`range_notes`).

    Args:
        live: as the cluster has it; None: there is none.
        planned: version and values of the plan.
        made: what is noted, as :func:`release_note` returns it.
        consent: the user's word.
        nodes: what the cluster has, with each CiliumNode where Cilium's operator hands out ranges.
    """
    outside = nodes_outside(planned.values, nodes, live is not None)
    told = [outside] if outside else []
    if live is None or live.status == UNINSTALLING:
        return told
    changes = _range_changes(live.running, planned)
    if not changes:
        return [] if _range_is_changed(live, made, consent) else told
    if _lifts_ranges(consent.release, live, planned, made):
        return []
    text = message(
        f"the live release {live.name}",
        f"the plan changes how the pods of a running cluster get their addresses: {'; '.join(changes)}. They may lose"
        ' their connections for good (Cilium documentation, "IP Address Management")',
        "put it back: edge_cluster_pod_cidrs, edge_cluster_pod_mask, edge_cluster_pod_pools, edge_cluster_distribution,"
        " or the value itself in edge_cilium_values. A range may be appended. Or say so, where nothing is to be kept:"
        f" edge_cluster_take_over: {{release: {_valid_word(live, planned, made)}}}",
    )
    return [text, *told]


def range_notes(
    live: Release | None,
    planned: Release,
    made: Collection[str],
    consent: TakeOver,
    nodes: Iterable[Object],
) -> list[str]:
    """Return which nodes have yet to join again after a change of ranges that the user's word made possible.

    The arguments are those of :func:`range_refusals`, which refuses the same of nodes without such a word.
    """
    if live is None or not _range_is_changed(live, made, consent) or _range_changes(live.running, planned):
        return []
    outside = nodes_outside(planned.values, nodes)
    return [outside] if outside else []


def _range_is_changed(live: Release, made: Collection[str], consent: TakeOver) -> bool:
    """Return whether the live release came by the word that the inventory has, and that names one change.

    What is noted names the release to which the word led, so that it holds for no later one.
    """
    word = consent.release
    if not word or CHANGE not in word:
        return False
    return any(item.startswith(_use(word)) and item.endswith(f"{BETWEEN}{live.mark}") for item in made)


def _range_changes(item: Release, planned: Release) -> list[str]:
    return range_changes(item.values, planned.values, item.version, planned.version)


def _lifts_ranges(word: str | None, live: Release, planned: Release, made: Collection[str]) -> bool:
    """Return whether a word consents to other addresses of pods: the one that names the change alone does."""
    return bool(word) and CHANGE in str(word) and _is_consent(word, live.running, live, planned, made)


def _taken_over(live: Release, planned: Release, made: Collection[str], consent: TakeOver, word: str) -> list[str]:
    """Return why revisions that this site has not made are left alone, in one text with one block of words.

    Args:
        live: as the cluster has it.
        planned: what is to follow.
        made: what is noted.
        consent: the user's word.
        word: the one that would do.
    """
    foreign = [item for item in live.revisions if item.digest not in made]
    lost = _lost(live, planned, made)
    unsaid = {path: value for path, value in lost.items() if ".".join(path) not in consent.unset}
    changed = sorted({path for item in foreign for path in _changed(item, planned)})
    same = not lost and not changed and all(item.version == planned.version for item in foreign)
    consented = all(_is_consent(consent.release, item, live, planned, made) for item in foreign)
    if (consented or same) and not unsaid:
        return []
    versions = "; ".join(_shown(item, live, "{} {}") for item in foreign)
    text = f"the Helm release {live.name} ({versions}) was not made by this site"
    if any(item.version != planned.version for item in foreign):
        text += f"; its version would become {planned.version}"
    if changed:
        text += f"; the plan would set {some(changed, MOST_NAMES)}"
    said = consent.release if consented else None
    if said and any(_lacks_word(said, item, live, planned, made) for item in live.revisions):
        said = None  # what else is refused prints the one word that holds for all
    names = sorted(".".join(path) for path in unsaid)
    ways_out = _ways_out(names, _words(said or word, consent.unset), bool(said))
    if not unsaid:
        return [f"{text}. {ways_out}"]
    lacking = f"{text}; Helm would unset what the plan lacks: {some(names, MOST_NAMES)}"
    return [f"{lacking}.{_to_keep(live, planned.version, unsaid)}{ways_out}"]


def _lost(live: Release, planned: Release, made: Collection[str]) -> dict[Path, Any]:
    """Return the values that Helm would unset, of the revisions that others made; first those that are known to run."""
    after = leaves(planned.values)
    found: dict[Path, Any] = {}
    for item in reversed(live.revisions):
        if item.digest not in made:
            found = {**{path: value for path, value in leaves(item.values).items() if path not in after}, **found}
    return found


def _changed(live: Release, planned: Release) -> list[str]:
    """Return the paths of the values that the plan sets, and a revision does not have so."""
    before = leaves(live.values)
    return [
        ".".join(path)
        for path, value in leaves(planned.values).items()
        if path not in before or not same_value(before[path], value)
    ]


def _shown(item: Release, live: Release, form: str = "{} ({})") -> str:
    """Return the version of a revision, with its status where there are two: Helm's list shows the newest alone."""
    return item.version if live.before is None else form.format(item.version, item.status)


def _is_consent(word: str | None, item: Release, live: Release, planned: Release, made: Collection[str]) -> bool:
    """Return whether a word consents to the change from a revision of the live release to the planned one.

    One that names the version alone holds for the change that it was first used for, so that it consents to nothing
    new where it stays in the inventory. What led to no release of this site may be planned anew. One that names the
    change holds for it until it is made, whatever Helm's failures have put in the place of the newest revision.
    """
    uses = [text.removeprefix(_use(word)) for text in made if word and text.startswith(_use(word))]
    changes = [use.partition(BETWEEN)[::2] for use in uses]
    if word != _named(item):
        is_exact = word in (_exact_word(item, planned), _exact_word(live, planned))
        return is_exact or (item.mark, planned.mark) in changes
    return not uses or any(
        before == item.mark and (item.digest not in made or after == planned.mark) for before, after in changes
    )


def _lifts_step(word: str | None, item: Release, live: Release, planned: Release, made: Collection[str]) -> bool:
    """Return whether a word consents to a version that cannot simply follow.

    Where nothing is noted the one that names the version alone does not: it may be one that was used, and stayed in
    the inventory when the note went.
    """
    return _is_consent(word, item, live, planned, made) and (bool(made) or word != _named(item))


def _valid_word(live: Release, planned: Release, made: Collection[str]) -> str:
    """Return the word that consents to the change: the short one of a revision where that is enough for all of them."""
    shorts = [_named(item) for item in live.revisions]
    enough = [
        word for word in shorts if not any(_lacks_word(word, item, live, planned, made) for item in live.revisions)
    ]
    return next(iter(enough), _exact_word(live, planned))


def _lacks_word(word: str, item: Release, live: Release, planned: Release, made: Collection[str]) -> bool:
    """Return whether a revision waits for another word than this one."""
    waits = item.digest not in made and item.digest != planned.digest
    if waits and not _is_consent(word, item, live, planned, made):
        return True
    if item is live.running and _range_changes(item, planned) and not _lifts_ranges(word, live, planned, made):
        return True
    return bool(_wrong_step(item, planned, word, "")) and not _lifts_step(word, item, live, planned, made)


def _exact_word(live: Release, planned: Release) -> str:
    """Return the word that names a release and one change of it."""
    digests = " ".join(item.digest for item in (*live.revisions, planned))
    change = hashlib.sha256(digests.encode()).hexdigest()
    return f"{_named(live)}{CHANGE}{change[:MARK]}"


def _use(word: str) -> str:
    """Return how the note of a used word begins; the marks of the live release and of the planned one follow."""
    return f"{USED}{BETWEEN}{word}{BETWEEN}"


def _to_keep(live: Release, version: str, unsaid: Mapping[Path, Any]) -> str:
    """Return what a user writes to keep values that Helm would unset; those that may be secrets are named alone.

    What the planned version does not take is not printed to be kept: the plan would refuse it (EDGE604).

    Args:
        live: as the cluster has it.
        version: the planned one.
        unsaid: the values, of which no consent speaks.
    """
    problems = {item.path: item for item in check_helm_values(nested(unsaid), version) if item.severity == ERROR}
    stale = {".".join(path): path for path in unsaid if _stands_in(path, problems)}
    unsaid = {path: value for path, value in unsaid.items() if path not in stale.values()}
    printed = {path: value for path, value in unsaid.items() if shown(path, value) == value}
    hidden = sorted(".".join(path) for path in unsaid if path not in printed)
    pasted = yaml.safe_dump(
        {"edge_cilium_values": nested(printed)}, sort_keys=True, width=120, allow_unicode=True
    ).rstrip()
    keep = f" To keep these values, write them in the inventory:\n{pasted}\n" if printed else ""
    if hidden:
        which = f" --revision REVISION, as helm history {live.name} has it" if live.before else ""
        keep += f" Not shown, as they may be secrets (helm get values {live.name}{which}): {', '.join(hidden)}.\n"
    if stale:
        told = "; ".join(f"{item.path}: {item.problem}, {item.hint}" for item in problems.values())
        keep += f" Cilium {version} does not take {', '.join(sorted(stale))} ({told}): leave them under unset.\n"
    return keep


def _stands_in(path: Path, places: Collection[str]) -> bool:
    """Return whether a value stands at one of some places, or below it."""
    return any(".".join(path[:length]) in places for length in range(1, len(path) + 1))


def _pending(live: Release) -> str:
    """Return why a release of others is left alone at which Helm is at work, or was cut off."""
    way_out = f"helm rollback {live.name}"
    if live.pending == "pending-install":
        way_out = f"helm uninstall {live.name}, which takes what it has made away"
    return (
        f"the Helm release {live.name} is {live.pending}: somebody's Helm is at work, or was cut off. Wait for its end;"
        f" where nobody is at work any more: {way_out}"
    )


def _uninstalling(live: Release) -> str:
    """Return why nothing is applied to a release that is being taken away, whoever made it.

    Helm goes on from a revision that is deployed, failed or superseded (helm.sh/helm, pkg/action, ``prepareUpgrade``).
    """
    name = live.name
    return (
        f"the Helm release {name} is {live.status}: somebody's helm uninstall is at work, or was cut off, and Helm does"
        f" not upgrade what it was to take away. Wait for its end, and run again; where nobody is at work any more:"
        f" helm rollback {name} REVISION, with the last one of helm history {name}, brings it back as it was. Or helm"
        f" uninstall {name}: what is left of Cilium goes, pods have no network until the next run has installed it"
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
    """Return the words of ``edge_cluster_take_over`` that the release waits for; none where none helps.

    They are those of :func:`release_refusals` and of :func:`range_refusals`.

    Args:
        live: as the cluster has it; None: there is none.
        planned: version and values of the plan.
        made: what is noted, as :func:`release_note` returns it.
        consent: the user's word.
    """
    refused = release_refusals(live, planned, made, consent) or range_refusals(live, planned, made, consent)
    if live is None or not refused:
        return {}
    unset = sorted({".".join(path) for path in _lost(live, planned, made)} | set(consent.unset))
    word = _words(_valid_word(live, planned, made), unset)
    return {} if release_refusals(live, planned, made, TakeOver.of(word)) else word


def _missed_migration(live: Release, planned: Release, version: str) -> list[str]:
    """Return why a version must not be skipped, whoever consents: only that one makes the next one's CRDs possible.

    Args:
        live: the revision that may run.
        planned: what is to follow.
        version: the revision's, as it is told.
    """
    try:
        old, new = parse_version(live.version), parse_version(planned.version)
    except EdgeError:
        return []
    if not old < V2ALPHA1_MIGRATED < V2ALPHA1_UNTIL <= new:
        return []
    return [
        f"the live release {live.name} is Cilium {version}, and {planned.version} no longer serves"
        " cilium.io/v2alpha1, in which objects may be stored (cilium/cilium#47242): Cilium"
        f" {text_of(V2ALPHA1_MIGRATED)} rewrites them, and no consent skips it."
        f" Set edge_cilium_version: {text_of(V2ALPHA1_MIGRATED)}.x first (its newest), after each minor version"
        " before it"
    ]


def _wrong_step(live: Release, planned: Release, word: str, version: str) -> list[str]:
    """Return why a version cannot follow the live one (Cilium documentation, "Upgrade Guide": one minor at a time).

    Args:
        live: the revision that may run.
        planned: what is to follow.
        word: the word that consents to it.
        version: the revision's, as it is told.
    """
    consent = f"edge_cluster_take_over: {{release: {word}}}"
    try:
        old, new = parse_version(live.version), parse_version(planned.version)
    except EdgeError as error:
        return [
            f"the live release {live.name} is Cilium {version}, of which no step can be judged: {error.problem}."
            f" Bring it to Cilium {text_of(OLDEST)} in the way it was installed, or say so: {consent}"
        ]
    if new < old:
        return [
            f"the live release {live.name} is Cilium {version}, newer than the planned {planned.version}:"
            " a downgrade can take objects and routes away."
            f" Set edge_cilium_version: {live.version}, or say so: {consent}"
        ]
    if new[0] != old[0] or new[1] > old[1] + 1:
        return [
            f"the live release {live.name} is Cilium {version}, and {planned.version} skips a minor version:"
            " Cilium is upgraded from one minor to the next."
            f" Set edge_cilium_version: {old[0]}.{old[1] + 1}.x first (its newest), or say so: {consent}"
        ]
    return []


def nested(paths: Mapping[Path, Any]) -> dict[str, Any]:
    """Return values by path as the map that they came from.

    Of two revisions one may have a value where the other has a map: what comes first stays.
    """
    result: dict[str, Any] = {}
    for path, value in paths.items():
        *above, last = path
        place: Any = result
        for key in above:
            place = place.setdefault(key, {}) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place.setdefault(last, value)
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
        The planned release's, and those of the live one's revisions that are this site's; then by word the changes that
        it was used for. What is noted, where the planned one lives.
    """
    if live is not None and live.digest == planned.digest and live.digest in made:
        return tuple(made)
    revisions = live.revisions if live is not None else ()
    ours = [item.digest for item in revisions if item.digest in made]
    return tuple(dict.fromkeys([planned.digest, *ours, *_used(live, planned, made, consent.release)]))


def _used(live: Release | None, planned: Release, made: Sequence[str], word: str | None) -> list[str]:
    """Return what is noted of used words, with this one.

    Each that names a version alone stays, as it would consent to anything anew; of those that name a change, which
    consent to nothing else, the one that the inventory has.

    Args:
        live: as the cluster has it; None: there is none.
        planned: what is about to be applied.
        made: what is noted.
        word: the user's.
    """
    noted = [item for item in made if item.startswith(f"{USED}{BETWEEN}")]
    used = [item for item in noted if CHANGE not in item or (word and item.startswith(_use(word)))]
    if live is None or word is None:
        return used
    named = [
        item
        for item in live.revisions
        if (word == _named(item) or CHANGE in word) and _is_consent(word, item, live, planned, made)
    ]
    if named:
        used = [item for item in used if not item.startswith(_use(word))]
    return used + [f"{_use(word)}{item.mark}{BETWEEN}{planned.mark}" for item in named]


def note_config_map(noted: Sequence[str], site: str, namespace: str) -> dict[str, Any]:
    """Return the ConfigMap in which a site notes the releases that it made."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": note_name(site), "namespace": namespace, "labels": ownership_labels(site)},
        "data": {"release": " ".join(noted)},
    }
