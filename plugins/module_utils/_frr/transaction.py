# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions of a change to a router's FRR, without doing any of it.

What becomes of the file, how it is applied, and what must hold afterwards. ``plugins/modules/frr_config.py`` carries
it out.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import re
from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Set, Tuple

from .._errors import EdgeError
from . import config as frr
from .expand import expand
from .state import Session, version_tuple

STAGES = ("expand", "contract", "replace")
METHODS = ("auto", "reload", "restart")


class Router(NamedTuple):
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
    running_text: Optional[str]
    """``show running-config``; None where FRR does not run."""
    sessions: Mapping[str, Session]


class Plan(NamedTuple):
    """What a transaction does."""

    method: str
    """``none`` (nothing differs), ``file`` (only the file does), ``reload`` or ``restart``."""
    file_text: str
    reload_text: str
    """What frr-reload.py compares the running configuration with; only our objects differ in it."""
    check_text: str
    """Our objects alone, for bgpd's own check."""
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
    soft_in: bool
    soft_out: bool


def refuse(router: Router, platform: str) -> None:
    """Raise if this router's BGP is not ours to write.

    Raises:
        EdgeError: bgpd runs a BGP instance that is not in its file: a UniFi controller pushes it there (and would
        overwrite
            ours), or somebody typed it into vtysh and did not save it.
    """
    running = frr.parse(router.running_text or "").objects
    written = frr.parse(router.file_text).objects
    if router.bgpd_running and frr.BGP in running and frr.BGP not in written:
        if platform == "unifi":
            hint = "delete the BGP configuration in UniFi Network (Settings > Routing > BGP), then run again"
        else:
            hint = "save it with: vtysh -c 'write memory', or restart frr to drop it"
        raise EdgeError(
            "/etc/frr/frr.conf",
            "bgpd runs a BGP instance that is not in this file, so somebody else owns it"
            + (" (the UniFi controller)" if platform == "unifi" else ""),
            hint,
        )
    if version_tuple(router.version) < (7, 4):
        raise EdgeError(
            "frr version", "{0} is too old: policies for eBGP came with 7.4".format(router.version), "update the router"
        )


def plan(router: Router, candidate_text: str, stage: str, method: str) -> Plan:
    """Return what to do.

    Args:
        router: what was found.
        candidate_text: the planned configuration: one BGP instance and the objects that filter for it; empty = none of
            them.
        stage: ``expand``, ``contract`` or ``replace`` (one step, when nothing else has to happen between).
        method: ``auto`` (reload where it can), ``reload``, ``restart``.

    Raises:
        EdgeError: the candidate holds something else than BGP, names objects that it lacks, or a reload is wanted
        that this
            router cannot do.
    """
    candidate = frr.parse(candidate_text)
    _check_candidate(candidate)
    live = frr.parse(router.running_text if router.running_text is not None else router.file_text)
    written = frr.parse(router.file_text)
    keys = frr.scope(live, candidate)
    file_keys = frr.scope(written, candidate) | keys
    live_objects = frr.pick(live.objects, keys)
    target = expand(live_objects, candidate.objects) if stage == "expand" else candidate.objects
    exits = version_tuple(router.version) >= (8, 1)
    text = candidate_text if frr.equal(target, candidate.objects) else frr.render(target, exits)
    removing = not candidate.objects
    enable = not removing and not (router.bgpd_enabled and router.bgpd_running and router.active and router.enabled)
    same_file = frr.equal(frr.pick(written.objects, file_keys), target)
    new_file = router.file_text if same_file else frr.splice(router.file_text, file_keys, text)
    idle = removing and not (router.bgpd_running and router.active)
    if idle or (router.bgpd_running and router.active and frr.equal(live_objects, target)):
        how = "none" if same_file and not enable else "file"
    elif method == "restart" or not (router.bgpd_running and router.active):
        how = "restart"
    elif router.has_reload:
        how = "reload"
    elif method == "reload":
        raise EdgeError(
            "frr-reload.py",
            "this router has no frr-reload.py, so it cannot apply a change without a restart",
            "install frr-pythontools, or set the apply method to auto or restart",
        )
    else:
        how = "restart"
    before, after = _filters(live_objects), _filters(target)
    unchanged = frr.unchanged_neighbors(live_objects, target)
    groups = {session.address: session.group for session in router.sessions.values()}
    watched = tuple(
        address
        for address, session in sorted(router.sessions.items())
        if session.state == "Established"
        and (address in unchanged or _same_group(live_objects, target, groups[address], address))
    )
    narrowed = watched if stage != "expand" and before != after else ()
    return Plan(
        method=how,
        file_text=new_file,
        reload_text=frr.splice(router.running_text or "", keys, text),
        check_text=frr.render(target, exits),
        secrets_text=_secrets(live_objects, target),
        target=target,
        live=live_objects,
        scope=keys,
        candidate=candidate.objects,
        enable=enable,
        watched=watched,
        narrowed=narrowed,
        soft_in=how == "reload" and before != after,
        soft_out=how == "reload" and before != after,
    )


def _check_candidate(candidate: frr.Config) -> None:
    """Raise if the candidate is not one BGP instance with all that it names, or empty."""
    if not candidate.text.strip():
        return
    if frr.BGP not in candidate.objects:
        raise EdgeError("candidate", "no 'router bgp' in it", "give the text that the role's template renders")
    lines = candidate.text.splitlines()
    for block in candidate.blocks:
        if block.key is None:
            for line in lines[block.first : block.last]:
                if line.strip() and line.strip()[0] not in "!#":
                    raise EdgeError(
                        "candidate",
                        "the line {0!r} is none of BGP, its lists or its route-maps".format(_shown(line)),
                        "the rest of the router's configuration is not ours to write",
                    )
    missing = frr.undefined(candidate.objects)
    if missing:
        who, what = missing[0]
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
    result[""] = frozenset(
        item
        for item in objects.get(frr.BGP, ())
        if re.search(r" (?:route-map|prefix-list|filter-list|distribute-list) ", item[1])
    )
    return result


def _same_group(live: frr.Objects, target: frr.Objects, group: Optional[str], address: str) -> bool:
    """Return whether a neighbor that no line names (a listen range made it) keeps its group's session keys."""
    old, new = live.get(frr.BGP, ()), target.get(frr.BGP, ())
    if group is None or address in frr.neighbors(old) or address in frr.neighbors(new):
        return False
    ranges = [frozenset(item for item in lines if item[1].startswith("bgp listen ")) for lines in (old, new)]
    return ranges[0] == ranges[1] and frr.session_lines(old, group) == frr.session_lines(new, group)


def _secrets(live: frr.Objects, target: frr.Objects) -> str:
    """Return the changes of passwords on neighbors and groups that exist already."""
    old, new = live.get(frr.BGP, ()), target.get(frr.BGP, ())
    if not old or not new or old[0] != new[0]:
        return ""
    before, after = _passwords(old), _passwords(new)
    known = {text.split()[1] for _context, text in new if text.startswith("neighbor ")}
    lines = []
    for name, secret in before.items():
        if name not in after or name not in known:
            lines.append(" no neighbor {0} password".format(name))
        elif after[name] != secret:
            lines.append(" neighbor {0} password {1}".format(name, after[name]))
    return "\n".join([old[0][1], *lines, "exit"]) + "\n" if lines else ""


def _passwords(lines: Tuple[frr.Line, ...]) -> Dict[str, str]:
    found = (re.match(r"^neighbor (\S+) password (.+)$", text) for context, text in lines if not context)
    return {match.group(1): match.group(2) for match in found if match}


def enable_bgpd(daemons: str) -> str:
    """Return the text of ``/etc/frr/daemons`` with ``bgpd=yes``."""
    if re.search(r"^bgpd=yes\s*$", daemons, re.MULTILINE):
        return daemons
    text, count = re.subn(r"^bgpd=\S*[^\S\n]*$", "bgpd=yes", daemons, flags=re.MULTILINE)
    return text if count else daemons.rstrip("\n") + "\nbgpd=yes\n"


_NO_ZEBRA = "zclient_send_message() failed"
"""What ``bgpd -C`` says where it would ask zebra about a next hop: for ``network`` lines and neighbors on a link."""


def check_errors(vtysh_rc: int, vtysh_errors: str, bgpd_errors: str, canary: str) -> List[str]:
    """Return what FRR's two checks say against a candidate, without secrets; empty = good.

    ``vtysh -C`` finds unknown words (7.5 and 8.4 exit 0 on some, so any text on stderr counts). ``bgpd -C`` finds
    what BGP refuses and always exits 0. It says nothing at all where it cannot read the file: ``canary`` is a wrong
    line at the end of the text that it got, and must be in its complaints. That it runs without zebra is no complaint.
    """
    result = [line for line in _complaints(vtysh_errors) if not line.startswith("Configuration file[")]
    if vtysh_rc and not result:
        result.append("vtysh -C ended with {0}".format(vtysh_rc))
    complaints = [line for line in _complaints(bgpd_errors) if not line.endswith(_NO_ZEBRA)]
    if not any(canary in line for line in complaints):
        result.append("bgpd -C did not read the file to its end: {0}".format("; ".join(complaints[-3:]) or "no output"))
    # What vtysh has named already, bgpd names again, by the number of a line in another file.
    return result or [line for line in complaints if canary not in line]


def _complaints(text: str) -> List[str]:
    """Return the lines of a log without its time stamps and codes, and without the secrets that it quotes."""
    lines = (re.sub(r"^[0-9/]+ [0-9:.]+ \S+ (?:\[[^]]*\] ?)*", "", line.strip()) for line in text.splitlines())
    return [re.sub(r"( password ).*$", r"\g<1>" + frr.MASK, line) for line in lines if line]


def configuration_problem(planned: Plan, running_text: str) -> Optional[str]:
    """Return how the running configuration differs from the target, without secrets, or None."""
    running = frr.pick(frr.parse(running_text).objects, planned.scope)
    if frr.equal(running, planned.target):
        return None
    return frr.difference(planned.target, running, ("planned", "running"))


def session_problems(planned: Plan, before: Mapping[str, Session], after: Mapping[str, Session]) -> List[str]:
    """Return what happened to sessions that should not have noticed; empty = good.

    A restart closes every session, so there they must only be back, with their prefixes.
    """
    result = []
    for address in planned.watched:
        old, new = before[address], after.get(address)
        if new is None or new.state != "Established":
            result.append("{0}: was Established, is {1}".format(address, new.state if new else "gone"))
            continue
        if planned.method == "reload" and new.dropped != old.dropped:
            result.append("{0}: the session was reset, though its configuration did not change".format(address))
        if address in planned.narrowed:
            continue
        for family, count in sorted(old.accepted.items()):
            now = new.accepted.get(family, 0)
            if now < count:
                result.append("{0}: {1} of {2} {3} prefixes accepted".format(address, now, count, family))
    return result


def was_reset(planned: Plan, before: Mapping[str, Session], after: Mapping[str, Session]) -> bool:
    """Return whether a watched session closed and opened again: waiting does not mend that."""
    return planned.method == "reload" and any(
        address in after and after[address].dropped != before[address].dropped for address in planned.watched
    )
