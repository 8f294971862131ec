# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of ``tests/corpus``: what is broken, and what verify must say of it, of whom.

``finds`` has by code the places that verify must blame, each with what it must say of it::

    finds:
      EDGE840:
        udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): not accepted from node01, node02, node03

Place and text are a finding's whole ``path`` and whole ``problem``; ``...`` in them stands for any text, and a place
without a text for whatever is said of it. Several texts of one place are a list; all of them must be said. They are
written by thinking about what the file breaks, never copied from what verify says.

What the fault drags along, or may, is not asked for. ``touches`` names it by what is broken, and the plan says which places
that is: ``session NODE PEERING``, ``node NODE`` (its sessions, and the leases that it holds) or ``peering PEERING`` (all its
sessions, and its services). ``also`` has further places, in the form of ``finds``, of any code. An error about any other
place accuses somebody who has nothing to do with it, so the fault counts as not found. Warnings may say more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import (
    PlanDocument,
    PlannedService,
    PlannedSession,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.code import ERROR
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.finding import Finding
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.expected import neighbor_path, service_path

from .hybrid import CHECKOUT, hybrid_plan

FOLDER = CHECKOUT / "tests" / "corpus"
SOON = 20.0
"""Seconds within which a fault must be said, where its file names no other."""
ANY = "..."
"""Any text, in a place or in what is said of it."""
KEYS = frozenset({"fault", "kind", "edit", "break", "finds", "touches", "also", "within", "source", "ci", "router"})
REQUIRED = ("fault", "kind", "finds")
STEPS = tuple(
    map(
        frozenset,
        (
            {"vtysh"},
            {"router", "undo"},
            {"in", "run", "undo"},
            {"inside", "run", "undo"},
            {"freeze"},
            {"patch", "with"},
            {"delete"},
            {"create", "with"},
            {"anew"},
            {"anew", "with"},
        ),
    )
)
"""The keys of each kind of step; ``tests/support/corpus.py`` says what they do."""


@dataclass(frozen=True, slots=True)
class Blame:
    """A place that verify blames, and what it says of it. Both may hold :data:`ANY`."""

    place: str
    text: str | None = None
    """None: whatever."""

    def __str__(self) -> str:
        return self.place if self.text is None else f"{self.place}: {self.text}"

    def fits(self, finding: Finding) -> bool:
        """Return whether a finding blames this place, for this."""
        return _fits(self.place, finding.path) and (self.text is None or _fits(self.text, finding.problem))


def _fits(pattern: str, text: str) -> bool:
    """Return whether a text is what a pattern says, from its beginning to its end."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split(ANY))), text, re.DOTALL) is not None


@dataclass(frozen=True)
class Fault:
    """One file of the corpus."""

    name: str
    fault: str
    """What is broken, in a sentence."""
    kind: str
    """``router``, ``cilium``, ``kernel``, ``api`` or ``inventory``: where."""
    steps: tuple[Mapping[str, Any], ...]
    finds: Mapping[str, tuple[Blame, ...]]
    """By code whom verify must blame, all of them in one look."""
    within: float
    source: str | None
    """A public report of it."""
    ci: bool
    """Whether it is one of those that each full run of the tests tries."""
    router: str = "ours"
    """Whose the router is: ``ours``, or ``others``, and then it is not read."""
    edit: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the inventory says, by host, that no run has brought to the site."""
    also: tuple[Blame, ...] = ()
    """Whom verify may blame beside these: what the fault drags along."""

    def lacking(self, findings: Iterable[Finding]) -> tuple[str, ...]:
        """Return what verify should have said and did not: each code with its place, in the file's order."""
        said = list(findings)
        return tuple(
            f"{code} {blame}"
            for code, blames in self.finds.items()
            for blame in blames
            if not any(finding.code == code and blame.fits(finding) for finding in said)
        )

    def strangers(self, findings: Iterable[Finding]) -> tuple[str, ...]:
        """Return the errors about places that the fault does not touch, in words."""
        return tuple(
            f"{finding.code} {finding.path}: {finding.problem}"
            for finding in findings
            if finding.severity == ERROR
            and not any(blame.fits(finding) for blame in (*self.finds.get(finding.code, ()), *self.also))
        )


def made_fault(*steps: Mapping[str, Any]) -> Fault:
    """Return a fault that is no file of the corpus: some steps, to be taken back in the end."""
    return Fault("made", "", "", steps, {}, 0, None, False, "ours")


def read_fault(path: Path) -> Fault:
    """Read one file.

    Raises:
        ValueError: a key is not known or missing, a step is none, or a code names nobody.
    """
    raw = yaml.safe_load(path.read_text("utf-8"))
    problems = [f"{path.name}: {problem}" for problem in _problems(raw)]
    if problems:
        raise ValueError("; ".join(problems))
    return Fault(
        name=path.stem,
        fault=raw["fault"],
        kind=raw["kind"],
        steps=tuple(raw.get("break", ())),
        finds={code: _blames(places) for code, places in raw["finds"].items()},
        within=float(raw.get("within", SOON)),
        source=raw.get("source"),
        ci=raw.get("ci", False),
        router=raw.get("router", "ours"),
        edit=raw.get("edit", {}),
        also=(*(blame for scope in raw.get("touches", ()) for blame in touched(scope)), *_blames(raw.get("also", {}))),
    )


def faults() -> list[Fault]:
    """Return all faults, by name."""
    return [read_fault(path) for path in sorted(FOLDER.glob("*.yml"))]


@cache
def _plan() -> PlanDocument:
    """Return the plan of the reference site."""
    return hybrid_plan().data


def touched(scope: str) -> tuple[Blame, ...]:
    """Return the places on which a fault of one thing shows.

    Args:
        scope: ``session NODE PEERING``, ``node NODE`` or ``peering PEERING``.

    Returns:
        The places; none where the reference site has no such thing.
    """
    kind, *names = scope.split()
    sessions = _plan()["sessions"]
    if kind == "session" and len(names) == 2:
        found = [item for item in sessions if [item["node"], item["peering"]] == names]
        return tuple(blame for item in found for blame in (*_ends(item), *_traffic(item)))
    if kind == "peering" and len(names) == 1:
        found = [item for item in sessions if [item["peering"]] == names]
        places = dict.fromkeys(place for item in found for place in _service_places(item))
        return (*(blame for item in found for blame in _ends(item)), *map(Blame, places))
    if kind == "node" and len(names) == 1:
        found = [item for item in sessions if [item["node"]] == names]
        clusters = [name for name, cluster in _plan()["clusters"].items() if names[0] in cluster["nodes"]]
        if not clusters:
            return ()
        own = [Blame(f"{cluster} node {names[0]}") for cluster in clusters]
        over = (blame for item in found for blame in (*_ends(item), *_traffic(item)))
        return (*own, *over, *_leases(names[0]))
    return ()


def _ends(session: PlannedSession) -> tuple[Blame, Blame]:
    """Return a session as its router has it, and as its node has it."""
    return Blame(neighbor_path(session)), Blame(f"{session['cluster']} node {session['node']} peer {session['peer']}")


def _services(session: PlannedSession) -> list[PlannedService]:
    """Return the services whose addresses a session brings."""
    pools = {pool["name"] for pool in _plan()["pools"] if session["peering"] in pool["bgp"]}
    return [item for item in _plan()["services"] if item["cluster"] == session["cluster"] and item["pool"] in pools]


def _service_places(session: PlannedSession) -> tuple[str, ...]:
    """Return the prefixes and the services that a session brings."""
    keys = [f"{item['namespace']}/{item['name']}" for item in _services(session)]
    prefixes = [f"{session['router']} prefix {ANY} ({session['cluster']} {key})" for key in keys]
    return (*prefixes, *(service_path(session["cluster"], key) for key in keys))


def _traffic(session: PlannedSession) -> Iterator[Blame]:
    """Yield what the routes of one session's node lack, and what is sent over them; not what others lack."""
    node = session["node"]
    said = (
        f"not accepted from {node}",
        f"the path from {node} {ANY}",
        f"the kernel uses {ANY}",
        f"{ANY} over the next hop {node} {ANY}",
    )
    for place in _service_places(session):
        for text in said:
            yield Blame(place, text)


def _leases(node: str) -> Iterator[Blame]:
    """Yield what is wrong with the leases that a node holds."""
    for item in _plan()["services"]:
        if "l2" in item["reach"]:
            place = service_path(item["cluster"], f"{item['namespace']}/{item['name']}")
            yield Blame(place, f"node {node} holds the lease {ANY}")
            yield Blame(place, f"{ANY} the lease is held by {node}")


def _blames(places: Mapping[str, Any]) -> tuple[Blame, ...]:
    """Return places as they stand in a file: each with nothing, one text, or several."""
    return tuple(
        Blame(place, text)
        for place, texts in places.items()
        for text in (texts if isinstance(texts, list) else [texts])
    )


def _problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a file, each with its key and the way out."""
    for key in sorted(set(raw) - KEYS):
        yield f"{key}: no such key (known: {', '.join(sorted(KEYS))})"
    for key in REQUIRED:
        if key not in raw:
            yield f"{key}: missing"
    if not raw.get("break") and not raw.get("edit"):
        yield "nothing is broken: give it 'break' or 'edit'"
    for number, step in enumerate(raw.get("break", ())):
        if frozenset(step) not in STEPS:
            known = "; ".join(", ".join(sorted(step)) for step in STEPS)
            yield f"break[{number}]: no step has the keys {', '.join(step)} (known: {known})"
    finds = raw.get("finds", {})
    if not isinstance(finds, dict) or not finds:
        yield "finds: no mapping of codes (CODE: {PLACE: TEXT})"
        return
    for code, places in finds.items():
        yield from _place_problems(f"finds.{code}", places)
    for scope in raw.get("touches", ()):
        if not touched(scope):
            yield f"touches: {scope}: the reference site has no such thing (session NODE PEERING; node NODE; peering PEERING)"
    if "also" in raw:
        yield from _place_problems("also", raw["also"])


def _place_problems(key: str, places: Any) -> Iterator[str]:
    """Yield what is wrong with the places under one key."""
    if not isinstance(places, dict) or not places:
        yield f"{key}: names nobody (whom must verify blame? PLACE: TEXT, or PLACE: for whatever is said of it)"
        return
    for place, texts in places.items():
        if not isinstance(place, str) or place.startswith(ANY):
            yield f"{key}: {place}: a place begins with its router, cluster or site"
        for text in texts if isinstance(texts, list) and texts else [texts]:
            if (text is not None and not isinstance(text, str)) or text == "":
                yield f"{key}: {place}: {text!r} is no text (quote it, or leave it out)"
