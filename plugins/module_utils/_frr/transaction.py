# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions of a change to a router's FRR, without doing any of it.

What becomes of the file, how it is applied, and what must hold afterwards. ``module_utils/_router`` carries it out.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import re
from typing import Container, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .._errors import EdgeError
from . import config as frr
from . import versions
from .expand import expand
from .foreign import Blocks, blocks, missing, names_of_missing
from .naming import NOBODY, Naming, naming
from .shown import as_shown
from .state import HOLD_TIMER_EXPIRED, SessionState, version_tuple
from .unloaded import Unloaded, as_blocks, sort_out, title, united_with
from .users import shared_names

STAGES = ("expand", "contract", "replace")
METHODS = ("auto", "reload", "restart")

_UNSAFE = re.compile("[|\\x00-\\x08\\x0b-\\x1f\\x7f\\x85\\u2028\\u2029]")
"""What no line may hold: ``vtysh`` reads ``a | b`` as a command and a filter; control characters split or hide text."""


class RouterState(NamedTuple):
    """What was found on the router before anything was touched."""

    version: str
    bgpd_running: bool
    bgpd_enabled: bool
    """``bgpd=yes`` in the daemons file."""
    active: bool
    """frr.service runs."""
    enabled: bool
    """frr.service starts at boot."""
    has_reload: bool
    """frr-reload.py is there."""
    file_text: str
    """frr.conf; empty where there is none."""
    running_text: Optional[str]
    """``show running-config``; None where FRR does not run."""
    sessions: Mapping[str, SessionState]
    daemon_files: Mapping[str, str] = {}
    """Per-daemon files by name, where FRR reads them in place of a frr.conf that does not exist."""
    daemons: Mapping[str, str] = {}
    """FRR's daemons that run: name -> which process it is. Another process means that it ended meanwhile."""


class Plan(NamedTuple):
    """What a transaction does."""

    method: str
    """``none`` (nothing differs), ``file`` (only the file does), ``reload`` or ``restart``."""
    file_text: str
    reload_text: str
    """What frr-reload.py compares the running configuration with; only our objects differ in it."""
    check_text: str
    """Our objects alone, for bgpd's own check."""
    written_text: str
    """Our objects as the file has them: those, and the lines of ``unloaded`` that stay."""
    secrets_text: str
    """Changed passwords as commands for ``vtysh -f``, before the reload: that one would put them on a command line."""
    target: frr.Objects
    live: frr.Objects
    scope: Set[frr.Key]
    candidate: frr.Objects
    enable: bool
    """bgpd must be enabled, or the service started or enabled."""
    watched: Tuple[str, ...]
    """Sessions that are up now and must be up afterwards, because their configuration does not change."""
    narrowed: Tuple[str, ...]
    """Those of them whose filters let less through afterwards."""
    unaffected: Tuple[str, ...]
    """Those of them whose accepted prefixes no changed line decides: what one of them has less, it withdrew."""
    soft_in: bool
    soft_out: bool
    others: Blocks
    """Blocks of the running configuration that are not ours and must still run afterwards."""
    unloaded: Unloaded
    """Lines of frr.conf in our objects that neither run nor are planned."""
    naming: Naming
    """Dynamic neighbors that get their names before the reload, which could not give them."""


def owner(router: RouterState) -> str:
    """Return who holds this router's BGP instance.

    Returns:
        ``file`` (frr.conf), ``other`` (bgpd runs one that is in no file: a UniFi controller pushes it there, or
        somebody typed it into vtysh and did not save it) or ``nobody``.
    """
    if frr.BGP in frr.parse(router.file_text).objects:
        return "file"
    running = frr.parse(router.running_text or "").objects
    return "other" if router.bgpd_running and frr.BGP in running else "nobody"


def refuse(router: RouterState, platform: str) -> None:
    """Raise if this router's BGP is not ours to write.

    Raises:
        EdgeError: bgpd runs a BGP instance that is not in frr.conf. A UniFi controller pushes it there, and would
            overwrite ours. Or somebody typed it into vtysh and did not save it. Or FRR reads one file per daemon.
    """
    if router.bgpd_running and router.running_text is None:
        raise EdgeError(
            "show running-config",
            "bgpd runs, but vtysh does not show the whole running configuration, so what a change would lose cannot be"
            " seen; nothing was changed",
            "look why on the router: vtysh -c 'show running-config'; systemctl status frr",
        )
    if owner(router) == "other":
        _refuse_daemon_files(router, platform)
        if platform == "unifi":
            hint = (
                "to leave it there: edge_router_bgp_owner: controller, or none; to hold it in the file: delete the BGP"
                " configuration in UniFi Network (Settings > Routing > BGP), then run again"
            )
        else:
            hint = (
                "{0}, or restart frr to drop it; where another program writes it: edge_router_bgp_owner: none".format(
                    _way_to_save(router)
                )
            )
        raise EdgeError(
            "/etc/frr/frr.conf",
            "bgpd runs a BGP instance that is not in this file, so somebody else owns it"
            + (" (the UniFi controller)" if platform == "unifi" else ""),
            hint,
        )
    if version_tuple(router.version) < versions.OLDEST:
        oldest = versions.text_of(versions.OLDEST)
        raise EdgeError(
            "frr version",
            "{0} is older than {1}, the oldest version that is supported".format(router.version, oldest),
            "update the router",
        )


def _way_to_save(router: RouterState) -> str:
    """Return how what runs gets into frr.conf: ``write memory`` takes out of it what does not run."""
    there, runs = blocks(router.file_text, set()), blocks(router.running_text or "", set())
    idle = sorted(frr.mask(name) for name in there if name not in runs)
    if not idle:
        return "save it with: vtysh -c 'write memory'"
    return "write it into the file by hand: 'write memory' would take out of it what does not run ({0})".format(
        "; ".join(idle)
    )


def _way_to_one_file(router: RouterState) -> str:
    """Return the way out of per-daemon files.

    ``write memory`` writes what runs, so it would leave out what the file of a daemon holds that does not run. Without
    the word in vtysh.conf it writes per-daemon files again.
    """
    idle = [
        name for name, text in sorted(router.daemon_files.items()) if blocks(text, set()) and not _runs(router, name)
    ]
    if not idle:
        return (
            "put them into one file first: vtysh -c 'write memory' after 'service integrated-vtysh-config' in"
            " /etc/frr/vtysh.conf"
        )
    return (
        "join them by hand, as 'write memory' would leave out {0}, whose daemons do not run: install -o frr -g frr"
        " -m 640 /dev/null /etc/frr/frr.conf; cat {1} > /etc/frr/frr.conf".format(
            ", ".join(idle), " ".join("/etc/frr/" + name for name in sorted(router.daemon_files))
        )
    )


def _runs(router: RouterState, file: str) -> bool:
    """Return whether the daemon of a per-daemon file runs, such as ospfd of ``ospfd.conf``."""
    daemon = file[: -len(".conf")]
    if router.running_text is None:
        return False
    return router.bgpd_running if daemon == "bgpd" else daemon in router.daemons


def _refuse_daemon_files(router: RouterState, platform: str) -> None:
    """Raise if the BGP instance stands in a per-daemon file: saved is it, and a restart brings it back.

    Raises:
        EdgeError: it does.
    """
    if not any(frr.BGP in frr.parse(text).objects for text in router.daemon_files.values()):
        return
    hint = _way_to_one_file(router)
    if platform == "unifi":
        hint += "; where UniFi Network holds this BGP: edge_router_bgp_owner: controller, or none"
    raise EdgeError(
        "/etc/frr",
        "bgpd runs a BGP instance that stands in a file of its own: FRR reads {0} here and no frr.conf; with a frr.conf"
        " it would ignore them".format(", ".join(sorted(router.daemon_files))),
        hint,
    )


def plan(
    router: RouterState,
    candidate_text: str,
    stage: str,
    method: str,
    take_over: Sequence[str] = (),
    keeps: bool = True,
) -> Plan:
    """Return what to do.

    Args:
        router: what was found.
        candidate_text: the planned configuration: one BGP instance and the objects that filter for it; empty = none of
            them.
        stage: ``expand``, ``contract`` or ``replace`` (one step, when nothing else has to happen between).
        method: ``auto`` (reload where it can), ``reload``, ``restart``.
        take_over: names of blocks that are not ours and may be lost, and of planned lists and route-maps that may
            decide for what is not ours.
        keeps: whether the expand stage keeps lines of frr.conf that neither run nor are planned.

    Raises:
        EdgeError: the candidate holds something else than BGP, names objects that it lacks, a reload is wanted that
            this router cannot do, no filter is the union (expand), what runs and is in no file would be lost, or
            something else uses a list of a planned name.
    """
    candidate = frr.parse(candidate_text)
    _check_candidate(candidate)
    ours = _objects(router, candidate, stage)
    _refuse_shared(router, (ours.target, candidate.objects), consented(take_over))
    how = _applied_by(router, ours, candidate, method)
    # A restart reads the file, and must not start what does not run now.
    unloaded = sort_out(ours.found, ours.live, ours.target, stage == "expand" and keeps and how != "restart")
    texts = _texts(router, ours, candidate, unloaded)
    enable = bool(candidate.objects) and not _is_enabled(router)
    if how == "file" and texts.file == router.file_text and not enable:
        how = "none"
    others = _others(router, ours, how, texts.file, consented(take_over))
    refiltered = _filters(ours.live) != _filters(ours.target)
    watched = _watched(router.sessions, ours.live, ours.target)
    return Plan(
        method=how,
        file_text=texts.file,
        reload_text=texts.reload,
        check_text=texts.check,
        written_text=texts.written,
        secrets_text=password_changes(ours.live, ours.target),
        target=ours.target,
        live=ours.live,
        scope=ours.scope,
        candidate=candidate.objects,
        enable=enable,
        watched=watched,
        narrowed=watched if stage != "expand" and refiltered else (),
        unaffected=_unaffected(ours.live, ours.target, watched) if how == "reload" else (),
        soft_in=how == "reload" and refiltered,
        soft_out=how == "reload" and refiltered,
        others=others,
        unloaded=unloaded,
        naming=naming(router.sessions, ours.live, ours.target) if how == "reload" else NOBODY,
    )


def _is_enabled(router: RouterState) -> bool:
    """Return whether bgpd runs, as a part of frr.service, and does so after a reboot."""
    return router.bgpd_enabled and router.bgpd_running and router.active and router.enabled


class _Ours(NamedTuple):
    """Our objects, in each place."""

    scope: Set[frr.Key]
    """What they are called."""
    live: frr.Objects
    """As they run; as the file has them where FRR does not run."""
    found: frr.Objects
    """As frr.conf has them."""
    target: frr.Objects
    """As they are to run."""


def _others(router: RouterState, ours: _Ours, how: str, file_text: str, names: Set[str]) -> Blocks:
    """Return the running blocks that are not ours and must still run after the change.

    Args:
        router: what was found.
        ours: our objects.
        how: how the change is applied, as :attr:`Plan.method`.
        file_text: frr.conf as it is to be.
        names: names of blocks that may be lost (:func:`consented`).

    Raises:
        EdgeError: the change would lose something.
    """
    others = blocks(router.running_text or "", ours.scope)
    if how != "none":
        ends = others if how == "restart" else {}
        _refuse_losses(router, blocks(file_text, ours.scope), ends, ours.scope, ours.target, names)
    return {name: lines for name, lines in others.items() if frr.mask(name) not in names}


def _running(router: RouterState) -> frr.Config:
    """Return the configuration that runs; the file where FRR does not run."""
    return frr.parse(router.running_text if router.running_text is not None else router.file_text)


def _objects(router: RouterState, candidate: frr.Config, stage: str) -> _Ours:
    """Return our objects, in each place.

    Args:
        router: what was found.
        candidate: the planned configuration.
        stage: of :data:`STAGES`.
    """
    live, written = _running(router), frr.parse(router.file_text)
    scope = frr.scope(live, candidate)
    found = frr.pick(written.objects, frr.scope(written, candidate) | scope)
    target = candidate.objects
    if stage == "expand":
        # A bgpd that does not run would start with the file. What others use too is read, and not replaced.
        if router.bgpd_running or frr.BGP in live.objects:
            target = expand(frr.pick(live.objects, scope), target, live.objects)
        else:
            target = expand(found, target, written.objects)
    scope = scope | set(target)
    return _Ours(scope, frr.pick(live.objects, scope), found, target)


class _Texts(NamedTuple):
    """What a plan writes."""

    check: str
    """As :attr:`Plan.check_text`."""
    written: str
    """As :attr:`Plan.written_text`."""
    file: str
    """As :attr:`Plan.file_text`."""
    reload: str
    """As :attr:`Plan.reload_text`."""


def _texts(router: RouterState, ours: _Ours, candidate: frr.Config, unloaded: Unloaded) -> _Texts:
    """Return what a plan writes.

    Args:
        router: what was found.
        ours: our objects.
        candidate: the planned configuration.
        unloaded: what frr.conf has besides.
    """
    exits = versions.BLOCK_ENDS.holds(version_tuple(router.version))
    # A candidate that ends its blocks where this FRR does not would be mis-read by the reload.
    as_planned = exits and frr.equal(ours.target, candidate.objects)
    check = frr.render(ours.target, exits)
    loaded = candidate.text if as_planned else check
    notation = _running(router).notation
    file_text, in_file = router.file_text, united_with(ours.target, unloaded.kept)
    written = frr.render(in_file, exits) if unloaded.kept else check
    if not frr.equal(ours.found, in_file):
        noted = written if unloaded.kept else loaded
        noted = frr.with_notation(noted, frr.parse(file_text).notation or notation)
        file_text = frr.splice(file_text, {*ours.found, *ours.scope}, noted)
    reload_text = frr.splice(router.running_text or "", ours.scope, frr.with_notation(loaded, notation))
    return _Texts(check, written, file_text, reload_text)


def spliced_again(planned: Plan, file_text: str, running_text: str) -> Optional[str]:
    """Return frr.conf with the plan's objects in it again, where somebody wrote the file since.

    Args:
        planned: the change.
        file_text: frr.conf now.
        running_text: ``show running-config`` now.

    Returns:
        None where no line of the plan is missing in it, and nothing that it took away is there; lines that others added
        to our objects are theirs.

    Raises:
        EdgeError: it cannot be read, or lacks what the change left in it, is not ours and still runs: half of a file,
            or somebody's decision.
    """
    written = frr.parse(file_text)
    keys = frr.scope(written, frr.parse(planned.written_text)) | planned.scope
    if not _is_undone(planned, frr.pick(written.objects, keys)):
        return None
    runs = blocks(running_text, keys)
    left = blocks(planned.file_text, keys)
    wanted = {name: tuple(line for line in left[name] if line in runs[name]) for name in left if name in runs}
    lost = missing(wanted, blocks(file_text, keys))
    if lost:
        raise EdgeError("", "it lacks what runs and is not ours: {0}".format("; ".join(lost)))
    return frr.splice(file_text, keys, frr.with_notation(planned.written_text, written.notation))


def _is_undone(planned: Plan, found: frr.Objects) -> bool:
    """Return whether objects lack a line of the plan, or have one that the change took away."""
    for key in {*planned.target, *found}:
        wanted, lines = set(planned.target.get(key, ())), set(found.get(key, ()))
        if wanted - lines or (lines - wanted).intersection(planned.live.get(key, ())):
            return True
    return False


def _refuse_shared(router: RouterState, wanted: Sequence[frr.Objects], names: Set[str]) -> None:
    """Raise if something else uses a list or route-map that the plan fills otherwise, where FRR runs or in its file.

    Args:
        router: what was found.
        wanted: our objects in this stage and in the last one, which is not to fail after the cluster was changed.
        names: names of objects that may decide for others (:func:`consented`).

    Raises:
        EdgeError: it does.
    """
    for config in (_running(router), frr.parse(router.file_text)):
        error = shared_names(config, wanted, names)
        if error:
            raise error


def _applied_by(router: RouterState, ours: _Ours, candidate: frr.Config, method: str) -> str:
    """Return how a change is applied: ``file`` (nothing else differs, if that does), ``reload`` or ``restart``.

    Args:
        router: what was found.
        ours: our objects.
        candidate: the planned configuration.
        method: of :data:`METHODS`.

    Raises:
        EdgeError: a reload is wanted that this router cannot do.
    """
    runs = router.bgpd_running and router.active
    if (not candidate.objects and not runs) or (runs and frr.equal(ours.live, ours.target)):
        return "file"
    if method == "restart" or not (router.bgpd_running and router.active):
        return "restart"
    if router.has_reload:
        return "reload"
    if method == "reload":
        raise EdgeError(
            "frr-reload.py",
            "this router has no frr-reload.py, so it cannot apply a change without a restart",
            "install frr-pythontools, or set the apply method to auto or restart",
        )
    return "restart"


def _watched(sessions: Mapping[str, SessionState], live: frr.Objects, target: frr.Objects) -> Tuple[str, ...]:
    """Return the sessions that are up and whose configuration stays the same, sorted."""
    unchanged = set(frr.unchanged_neighbors(live, target)) | _unchanged_dynamic(sessions, live, target)
    return tuple(
        address
        for address, session in sorted(sessions.items())
        if session.state == "Established" and address in unchanged
    )


def closing(router: RouterState, planned: Plan, target: frr.Objects) -> List[str]:
    """Return the neighbors whose session is up and that a change may close, sorted.

    A reload may close those whose own configuration changes; a restart closes all.

    Args:
        router: what was found.
        planned: the change.
        target: our objects as they are to run at its end.
    """
    if planned.method in ("none", "file") and frr.equal(planned.live, target):
        return []
    kept = () if planned.method == "restart" else _watched(router.sessions, planned.live, target)
    up = (address for address, session in router.sessions.items() if session.state == "Established")
    return sorted(address for address in up if address not in kept)


def consented(take_over: Sequence[str]) -> Set[str]:
    """Return the block names of a consent in normal form and without secrets: a message shows a name like that."""
    names = [" ".join(name.split()) for name in take_over]
    # A message names a block as FRR shows it, a person as the file has it.
    return {frr.mask(name) for name in [*names, *(name for name, _inner in as_shown((name, ()) for name in names))]}


def _refuse_losses(
    router: RouterState,
    written: Blocks,
    running: Blocks,
    ours: Set[frr.Key],
    target: frr.Objects,
    names: Set[str],
) -> None:
    """Raise if FRR would lose blocks that are not ours, or BGP that stands in a per-daemon file and is not planned.

    Args:
        router: what was found.
        written: the blocks that the new frr.conf has.
        running: the blocks that a restart ends; none where the change is applied without one.
        ours: what the transaction replaces.
        target: our objects as they are to run.
        names: names of blocks that may be lost (:func:`consented`).
    """
    held, bgp = _in_daemon_files(router, ours)
    planned = as_blocks(target)
    lost = missing(held, written, names) + missing(bgp, planned, names)
    if lost:
        raise EdgeError(
            "/etc/frr",
            "FRR reads {0} here and no frr.conf; with a frr.conf it would ignore them, and lose {1}".format(
                ", ".join(sorted(router.daemon_files)), "; ".join(lost)
            ),
            "{0}; or let go of them by name: edge_router_take_over: {1}".format(
                _way_to_one_file(router), names_of_missing(held, written, names) + names_of_missing(bgp, planned, names)
            ),
        )
    lost = missing(running, written, names)
    if lost:
        raise EdgeError(
            "/etc/frr/frr.conf",
            "the change needs a restart of FRR, which would lose what runs and is not in this file: {0}".format(
                "; ".join(lost)
            ),
            "{0}; or let go of it by name: edge_router_take_over: {1}".format(
                _way_to_save(router), names_of_missing(running, written, names)
            ),
        )


def _in_daemon_files(router: RouterState, ours: Set[frr.Key]) -> Tuple[Blocks, Blocks]:
    """Return what FRR reads from per-daemon files in place of a frr.conf: what is not ours, and our objects.

    Two of the files may have the same block: an interface has lines of several daemons.
    """
    held: Blocks = {}
    bgp: Blocks = {}
    for text in router.daemon_files.values():
        for found, result in ((blocks(text, ours), held), (as_blocks(frr.pick(frr.parse(text).objects, ours)), bgp)):
            for name, inner in found.items():
                result[name] = result.get(name, ()) + inner
    return held, bgp


def _check_candidate(candidate: frr.Config) -> None:
    """Raise if the candidate is not one BGP instance with all that it names, or empty."""
    if not candidate.text.strip():
        return
    for number, line in enumerate(frr.split_lines(candidate.text), 1):
        wrong = _UNSAFE.search(line)
        if wrong:
            meaning = (
                "a pipe for vtysh while FRR runs" if wrong.group() == "|" else "no character of a configuration line"
            )
            raise EdgeError(
                "candidate",
                "line {0} ({1!r}) has {2!r}, which is {3}".format(number, _shown(line), wrong.group(), meaning),
                "take it out of the description or name that it comes from",
            )
    if frr.BGP not in candidate.objects:
        raise EdgeError("candidate", "no 'router bgp' in it", "give the text that the role's template renders")
    lines = frr.split_lines(candidate.text)
    for block in candidate.blocks:
        if block.key is None:
            for line in lines[block.first : block.last]:
                if line.strip() and line.strip()[0] not in "!#":
                    raise EdgeError(
                        "candidate",
                        "the line {0!r} is none of BGP, its lists or its route-maps".format(_shown(line)),
                        "the rest of the router's configuration is not ours to write",
                    )
    undefined = frr.undefined(candidate.objects)
    if undefined:
        who, what = undefined[0]
        raise EdgeError(
            "candidate",
            "{0} names {1}, which does not exist: FRR would load it and deny every route".format(
                " ".join(who).strip(), " ".join(what)
            ),
        )


def _shown(line: str) -> str:
    return frr.mask(line.strip())


def _filters(objects: frr.Objects) -> Dict[str, FrozenSet[frr.Line]]:
    """Return everything that decides which routes pass: lists, route-maps and where they are bound."""
    result = {" ".join(key): frozenset(lines) for key, lines in objects.items() if key != frr.BGP}
    result[""] = frozenset(item for item in objects.get(frr.BGP, ()) if re.search(" (?:" + frr.FILTERS + ") ", item[1]))
    return result


def _unaffected(live: frr.Objects, target: frr.Objects, watched: Tuple[str, ...]) -> Tuple[str, ...]:
    """Return the watched neighbors whose accepted prefixes a reload cannot change: all of them, or none."""
    return watched if _deciding(live, watched) == _deciding(target, watched) else ()


def _deciding(objects: frr.Objects, watched: Tuple[str, ...]) -> FrozenSet[Tuple[frr.Key, frr.Line]]:
    """Return the lines that decide which prefixes of some neighbors are accepted: all but those of other neighbors."""
    others = set(frr.neighbors(objects.get(frr.BGP, ()))).difference(watched)
    return frozenset(
        (key, (context, text))
        for key, lines in objects.items()
        for context, text in lines
        if key != frr.BGP or not (text.startswith("neighbor ") and text.split()[1] in others)
    )


def _unchanged_dynamic(sessions: Mapping[str, SessionState], live: frr.Objects, target: frr.Objects) -> Set[str]:
    """Return the dynamic neighbors (listen range) whose peer group keeps its session keys."""
    old, new = live.get(frr.BGP, ()), target.get(frr.BGP, ())
    ranges = [frozenset(item for item in lines if item[1].startswith("bgp listen range ")) for lines in (old, new)]
    if ranges[0] != ranges[1]:
        return set()
    before, after = frr.Instance(old), frr.Instance(new)
    named = {*before.neighbors, *after.neighbors}
    groups = {session.group for session in sessions.values() if session.group is not None}
    same = {group for group in groups if before.session_lines(group) == after.session_lines(group)}
    return {address for address, session in sessions.items() if session.group in same and address not in named}


def password_changes(live: frr.Objects, target: frr.Objects) -> str:
    """Return the changes of passwords on neighbors and groups that exist already, as commands for ``vtysh -f``.

    frr-reload.py would put each password on a command line, where every user of the router sees it.

    Args:
        live: what runs.
        target: what is to run.

    Returns:
        The lines of one ``router bgp`` block. Empty where no password changes, or where the block is new or another AS.
    """
    old, new = live.get(frr.BGP, ()), target.get(frr.BGP, ())
    if not old or not new or old[0] != new[0]:
        return ""
    before, after = _passwords(old), _passwords(new)
    planned = {text.split()[1] for _context, text in new if text.startswith("neighbor ")}
    lines = []
    for name, secret in before.items():
        if name not in after or name not in planned:
            lines.append(" no neighbor {0} password".format(name))
        elif after[name] != secret:
            lines.append(" neighbor {0} password {1}".format(name, after[name]))
    return "\n".join([old[0][1], *lines, "exit"]) + "\n" if lines else ""


def _passwords(lines: Tuple[frr.Line, ...]) -> Dict[str, str]:
    found = (re.match(r"^neighbor (\S+) password (.+)$", text) for context, text in lines if not context)
    return {match.group(1): match.group(2) for match in found if match}


_BGPD = re.compile(r"^bgpd=\S*[^\S\n]*$", re.MULTILINE)
"""The line of ``/etc/frr/daemons`` that says whether bgpd starts."""


def enable_bgpd(daemons: str) -> str:
    """Return the text of ``/etc/frr/daemons`` with ``bgpd=yes``."""
    if re.search(r"^bgpd=yes\s*$", daemons, re.MULTILINE):
        return daemons
    text, count = _BGPD.subn("bgpd=yes", daemons)
    return text if count else daemons.rstrip("\n") + "\nbgpd=yes\n"


def without_our_bgpd(daemons: str, before: str) -> str:
    """Return the text of ``/etc/frr/daemons`` without what :func:`enable_bgpd` made of its line; all else stays.

    Args:
        daemons: the file now.
        before: what it was before the change.
    """
    if enable_bgpd(before) == before:
        return daemons
    lines = _BGPD.findall(before)
    if lines:
        return re.sub(r"^bgpd=yes[^\S\n]*$", lambda _found: lines[-1], daemons, flags=re.MULTILINE)
    return re.sub(r"^bgpd=yes[^\S\n]*(?:\n|\Z)", "", daemons, flags=re.MULTILINE)


_NO_ZEBRA = "zclient_send_message() failed"
"""What ``bgpd -C`` says where it would ask zebra about a next hop: for ``network`` lines and neighbors on a link."""
_CRASH_LOG = re.compile(r"failed to mkdir \"?/var/tmp/frr|crashlog and per-thread log buffering unavailable")
"""What any daemon says where its folder for crash logs is there already, or cannot be made: nothing about the file."""
_LATER = re.compile(r"^The (?:route-map|access-list|prefix-list) '.*' does not exist\.$")
"""What FRR says of a name that a later line defines; names that nothing defines are found before."""


NO_FAULT = r"^(Configuration file\[|% Can.t open configuration file [^ ]*/vtysh\.conf )"
"""What ``vtysh -C`` says beside the faults of a file: a sum, and that vtysh has no configuration of its own.

An extended regular expression of Python and grep: the boot hook of ``module_utils/_router`` leaves out the same lines.
"""


def syntax_errors(exit_code: int, said: str) -> List[str]:
    """Return what ``vtysh -C`` says against a file, without secrets; empty = good.

    It finds unknown words. 7.5 and 8.4 exit 0 on some of them, so any text on stderr counts.
    """
    result = [line for line in _complaints(said) if not re.match(NO_FAULT, line)]
    if exit_code and not result:
        result.append("vtysh -C ended with {0}".format(exit_code))
    return result


def check_aborted(exit_code: int, said: str, canary: str) -> bool:
    """Return whether ``bgpd -C`` broke off by a signal before it reached the end of its file.

    FRR 10.7 does for each static neighbor: ``bgp_keepalives_off(): assertion (fpt->running) failed``. It is not asked
    (``versions.BGPD_CHECK``); a version that nobody tried may do it as well.
    """
    return exit_code != 0 and canary not in said


def meaning_errors(said: str, canary: str) -> List[str]:
    """Return what ``bgpd -C`` says against our objects, without secrets; empty = good.

    It finds what BGP refuses, and exits 0 whatever it finds. It says nothing at all where it cannot read the file:
    ``canary`` is a wrong line at the end of the text that it got, and must be in its complaints. That it runs without
    zebra is no complaint, nor is what it says about its crash logs.
    """
    complaints = [line for line in _complaints(said) if not line.endswith(_NO_ZEBRA) and not _CRASH_LOG.search(line)]
    if not any(canary in line for line in complaints):
        last = "; ".join(complaints[-3:]) or "no output"
        return ["bgpd -C did not read the file to its end: {0}".format(last)]
    return [line for line in complaints if canary not in line]


def load_errors(said: str) -> List[str]:
    """Return what a load into a fresh FRR (``vtysh -f``) says against our objects, without secrets; empty = good."""
    lines = [line for line in _complaints(said) if not _LATER.match(line)]
    found = [line for line in lines if re.match(r"^(?:line \d+: )?% ", line)]
    return found or [line for line in lines if "processing failure" in line]


def _complaints(text: str) -> List[str]:
    """Return the lines of a log without its time stamps and codes, and without the secrets that it quotes."""
    lines = (re.sub(r"^[0-9/]+ [0-9:.]+ \S+ (?:\[[^]]*\] ?)*", "", line.strip()) for line in frr.split_lines(text))
    return [frr.mask(line) for line in lines if line]


def configuration_problem(planned: Plan, running_text: str) -> Optional[str]:
    """Return how the running configuration differs from the target, without secrets, or None.

    A difference that stays is a reason to roll back.
    """
    running = frr.pick(frr.parse(running_text).objects, planned.scope)
    if frr.equal(running, planned.target):
        return None
    return frr.unified_diff(planned.target, running, ("planned", "running"))


def lost_blocks(planned: Plan, running_text: str) -> List[str]:
    """Return the lines that ran before, are not ours, and do not run any more, without secrets."""
    return missing(planned.others, blocks(running_text, planned.scope))


def gained_blocks(planned: Plan, running_text: str) -> List[str]:
    """Return the lines that are not ours and appeared while the change ran, without secrets.

    What a restart reads from the file is nobody's work, though it may not have run before.
    """
    known = dict(planned.others)
    if planned.method == "restart":
        for name, inner in blocks(planned.file_text, planned.scope).items():
            known[name] = known.get(name, ()) + inner
    return missing(blocks(running_text, planned.scope), known)


def ended_daemons(planned: Plan, before: Mapping[str, str], now: Mapping[str, str]) -> List[str]:
    """Return FRR's daemons that ended since the look, though the change restarts none, sorted; some may run anew.

    Args:
        planned: the change.
        before: the daemons at the look, as :attr:`RouterState.daemons`.
        now: the daemons now.
    """
    if planned.method == "restart":
        return []
    return sorted(name for name, process in before.items() if now.get(name) != process)


def judged_as(planned: Plan, ended: Container[str]) -> Plan:
    """Return the plan by which sessions are judged: where bgpd ended by itself, they are as after a restart."""
    return planned._replace(method="restart", unaffected=()) if "bgpd" in ended else planned


def typed_into_ours(now: frr.Objects, before: frr.Objects, target: frr.Objects) -> List[str]:
    """Return the lines of our objects that neither ran before nor are planned, without secrets: somebody typed them."""
    result = []
    for key, lines in now.items():
        known = {*before.get(key, ()), *target.get(key, ())}
        name = title(key, lines)
        for context, text in lines:
            if text and (context, text) not in known:
                result.append("{0}: {1}".format(name, frr.mask(text)))
    return result


def typed_over(router: RouterState, planned: Plan, saw: str) -> List[str]:
    """Return the lines of our objects that a reload removed and nobody had seen before, without secrets.

    Args:
        router: what was found before.
        planned: the change.
        saw: the running configuration that the reload found.
    """
    before = frr.pick(frr.parse(router.running_text or "").objects, planned.scope)
    return typed_into_ours(frr.pick(frr.parse(saw).objects, planned.scope), before, planned.target)


def closed_by_neighbors(
    planned: Plan, before: Mapping[str, SessionState], after: Mapping[str, SessionState]
) -> Dict[str, str]:
    """Return the watched sessions that closed during a reload by their neighbors' doing: address -> FRR's reason.

    The change is not to blame for them (a node went down, its agent was restarted), and must not be taken back.
    Silence is no proof where every watched session fell silent: then this router may have stopped listening.
    After a restart FRR does not know why a session that it closed itself is not back: nothing is returned.
    """
    if planned.method != "reload":
        return {}
    result = {
        address: after[address].closed_by_neighbor
        for address in planned.watched
        if address in after
        and after[address].closed_by_neighbor
        and after[address].dropped == before[address].dropped + 1
    }
    silent = [address for address, reason in result.items() if reason == HOLD_TIMER_EXPIRED]
    if len(silent) == len(planned.watched):
        return {}
    return result


def down_by_own_change(
    planned: Plan, before: Mapping[str, SessionState], after: Mapping[str, SessionState]
) -> List[str]:
    """Return the neighbors that were up, whose own configuration changed, and that are not up now, sorted."""
    return sorted(
        address
        for address, old in before.items()
        if old.state == "Established"
        and address not in planned.watched
        and address in after
        and after[address].state != "Established"
    )


def session_problems(
    planned: Plan,
    before: Mapping[str, SessionState],
    after: Mapping[str, SessionState],
    excused: Container[str] = (),
) -> List[str]:
    """Return what happened to the watched sessions, whose configuration does not change; empty = nothing.

    What stays is a reason to roll back.
    After a reload none may have closed. A restart closes every session: they must be up again, with their prefixes.

    Args:
        planned: the change.
        before: the sessions before it.
        after: the sessions now.
        excused: addresses of neighbors that closed their sessions themselves.
    """
    result = []
    for address in planned.watched:
        if address in excused:
            continue
        old, new = before[address], after.get(address)
        if new is None or new.state != "Established":
            result.append("{0}: was Established, is {1}".format(address, new.state if new else "gone"))
            continue
        if planned.method == "reload" and new.dropped != old.dropped:
            result.append("{0}: the session was reset, though its configuration did not change".format(address))
        if address in planned.narrowed or address in planned.unaffected:
            continue
        for family, count in sorted(old.accepted.items()):
            now = new.accepted.get(family, 0)
            if now < count:
                result.append("{0}: {1} of {2} {3} prefixes accepted".format(address, now, count, family))
    return result


def was_reset(
    planned: Plan,
    before: Mapping[str, SessionState],
    after: Mapping[str, SessionState],
    excused: Container[str] = (),
) -> bool:
    """Return whether a watched session that is not ``excused`` closed, which waiting cannot undo."""
    return planned.method == "reload" and any(
        address not in excused and address in after and after[address].dropped != before[address].dropped
        for address in planned.watched
    )
