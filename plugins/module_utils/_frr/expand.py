# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The expand stage: a router's live configuration united with the planned one.

The router accepts both the old and the new routes while the cluster changes, so that no moment exists in which a
service loses its route. The contract stage then brings the plan itself.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import re
from typing import Container, Dict, Iterable, List, Optional, Sequence, Tuple

from .._errors import EdgeError
from .config import (
    BGP,
    LISTEN_LIMIT,
    Instance,
    Key,
    Line,
    Objects,
    ordered,
    reachable,
    references,
    route_map_entries,
    same_object,
)
from .inherited import NEIGHBOR, SESSION_KEY, inherited
from .passing import BINDING, UNLIMITED, Limit, Passing, limit_of, networks_taken, outside, ranges
from .union import Filter, is_plain_permit, united

Users = Dict[str, Tuple[str, ...]]
"""Planned neighbor or group -> whose routes come over it until the contract stage (:meth:`Passing.sources`)."""


def expand(live: Objects, planned: Objects, readable: Optional[Objects] = None) -> Objects:
    """Return the union of live and planned: what either accepts is accepted, no neighbor is lost.

    Where both set a key of a session (password, timers, AS), the planned value is taken: the cluster changes next.
    Filters become the exact union; other live lines stay. ``planned`` itself is the state after the contract stage.
    What the members of one group had belongs to the group then, so each may send what any of them may. A list of a
    planned name has the live entries too.

    Args:
        live: what runs and is ours to replace.
        planned: the plan.
        readable: all that runs: a live filter may be shared with another VRF, and decides here all the same.

    Raises:
        EdgeError: no filter is the union.
    """
    if BGP not in live:
        return planned
    if BGP not in planned:
        return live
    result: Objects = dict(live)
    passing = Passing({**(readable or {}), **live})
    users = passing.sources(Instance(planned[BGP]), ranges(planned[BGP]).values())
    filters = _filters_of_users(passing, planned[BGP], users)
    for key, lines in planned.items():
        if key == BGP:
            continue
        if key.kind == "route-map":
            result[key] = united(key.name, lines, live.get(key, ()), filters.get(key.name, ()))
        elif all(_NUMBERED.match(text) for _context, text in (*lines, *live.get(key, ()))):
            result[key] = _united_list(lines, live.get(key, ()))
        else:
            result[key] = tuple(dict.fromkeys((*lines, *live.get(key, ()))))
    result[BGP] = _united_instance(live[BGP], planned[BGP], passing, users)
    everything = {**(readable or {}), **live}
    _refuse_widened_denies(live, result, [*_bound(filters), *_staying(everything, {**everything, **result})])
    # A list that nothing refers to any more can go: no route was filtered by it.
    kept = reachable(result)
    return {key: lines for key, lines in ordered(result).items() if key in kept or key in planned}


_NUMBERED = re.compile(r"^(?:seq \d+|description) ")
"""An entry of a list that has its number, as FRR shows all of them from 8.1 on."""


def _filters_of_users(passing: Passing, planned: Tuple[Line, ...], users: Users) -> Dict[str, Tuple[Filter, ...]]:
    """Return the live filters that each planned route-map must let pass too, by its name."""
    result: Dict[str, Dict[Tuple[object, object], Filter]] = {}
    members = set(Instance(planned).neighbors)
    for context, text in planned:
        found = BINDING.match(text)
        if not found or found.group(2) != "route-map":
            continue
        name, map_name, direction = found.group(1), found.group(3), found.group(4)
        those = result.setdefault(map_name, {})
        for user in users.get(name, ()):
            if user not in members and passing.has_own_map(user, context, direction):
                continue  # It stays with it.
            one = passing.filter(user, context, direction)
            if one:
                those.setdefault((one.gates, one.entries), one)
    return {name: tuple(those.values()) for name, those in result.items()}


def _bound(filters: Dict[str, Tuple[Filter, ...]]) -> List[Filter]:
    """Return the filters of all planned route-maps."""
    return [one for found in filters.values() for one in found]


def _staying(before: Objects, after: Objects) -> List[Filter]:
    """Return the route-maps that run and that something uses afterwards too, also through a ``call``."""
    kept = (key for key in ordered(after) if key.kind == "route-map" and key in before)
    used = reachable(after)
    return [
        Filter((), tuple(route_map_entries(before[key])), "route-map {0}".format(key.name))
        for key in kept
        if key in used
    ]


def _refuse_widened_denies(live: Objects, result: Objects, filters: Iterable[Filter]) -> None:
    """Raise if a live filter denies by a list that the plan gives more entries.

    Args:
        live: what runs and is ours to replace.
        result: what it becomes.
        filters: those that decide afterwards, as they run.

    Raises:
        EdgeError: one does; routes that it lets pass now would be denied.
    """
    widened = [key for key, lines in live.items() if key != BGP and frozenset(lines) != frozenset(result[key])]
    widened = [key for key in widened if key.kind != "route-map"]
    for one in filters if widened else ():
        for action, number, texts in one.entries:
            if is_plain_permit((action, number, texts)):
                continue
            named = references(Key("route-map", ""), [("", text) for text in texts])
            for key in widened:
                if any(same_object(key, wanted) for wanted in named):
                    raise EdgeError(
                        one.source,
                        "its entry '{0} {1}' decides by {2}, a list that the plan fills otherwise under the same name,"
                        " so routes that pass today would be denied until the cluster has changed; nothing was"
                        " changed".format(action, number, " ".join(key)),
                        "give the list on the router another name, or the peering another one (names.peer_group), and"
                        " run again",
                    )


def _united_list(planned: Tuple[Line, ...], live: Tuple[Line, ...]) -> Tuple[Line, ...]:
    """Return a prefix-list that permits what either permits.

    Live entries keep their numbers (changing one is a removal for a moment); new ones take theirs or the next free one.
    Where the live list denies something, the planned entries must stand before it.
    """
    live_entries, planned_entries = _list_entries(live), _list_entries(planned)
    live_rules = {rest for _seq, rest in live_entries}
    new = [(seq, rest) for seq, rest in planned_entries if rest not in live_rules]
    if any(rest.startswith("deny ") for _seq, rest in live_entries) and new:
        ordered = planned_entries + [
            (0, rest) for _seq, rest in live_entries if rest not in {r for _s, r in planned_entries}
        ]
        result, seq = [], 0
        for number, rest in ordered:
            seq = number if number > seq else seq + 5
            result.append((seq, rest))
    else:
        result = list(live_entries)
        for number, rest in new:
            taken = {seq for seq, _rest in result}
            result.append((number if number not in taken else (max(taken) // 5 + 1) * 5, rest))
    texts = [("", "seq {0} {1}".format(seq, rest)) for seq, rest in sorted(result)]
    return tuple([item for item in planned if not item[1].startswith("seq ")] + texts)


def _list_entries(lines: Iterable[Line]) -> List[Tuple[int, str]]:
    """Return the entries of a prefix-list in FRR's order: (seq, rest)."""
    found = [text.split(" ", 2) for _context, text in lines if text.startswith("seq ")]
    return sorted((int(parts[1]), parts[2]) for parts in found)


_SINGLE = re.compile(
    r"^(?:no )?(?P<what>bgp router-id|bgp default \S+|bgp log-neighbor-changes|bgp network import-check"
    r"|bgp listen limit|bgp listen range \S+"
    r"|maximum-paths(?: ibgp)?"
    r"|bgp bestpath as-path multipath-relax|timers bgp|router bgp"
    r"|network \S+|redistribute \S+"
    r"|neighbor \S+ (?:peer-group|interface|remote-as|password|timers connect|timers|ebgp-multihop|ttl-security"
    r"|description|port|update-source|maximum-prefix|shutdown|passive|local-as|bfd|default-originate|next-hop-self))"
    r"(?: |$)"
)
"""Lines of which FRR keeps one for each subject, whatever follows: a network has one route-map."""


def _united_instance(
    live: Tuple[Line, ...], planned: Tuple[Line, ...], passing: Passing, users: Users
) -> Tuple[Line, ...]:
    """Return the BGP instance with all neighbors of both; where both set a value, the planned one.

    Args:
        live: the instance that runs.
        planned: the plan's.
        passing: what the live one lets pass.
        users: whose routes come over each planned neighbor or group.

    Raises:
        EdgeError: neighbors of one planned group would need two filters.
    """
    limits = _united_limits(passing, planned, users)
    there = _Planned(planned, limits)
    kept: List[Line] = []
    for context, text in _without_overlaps(live, planned):
        if context == "" and text == "no bgp ebgp-requires-policy":
            kept.append((context, text))
        elif there.decides(context, text):
            continue
        elif there.replaces(context, text):
            binding = BINDING.match(text)
            kept.extend(_still_bound(passing.instance, there.members, context, binding.groups() if binding else ()))
        else:
            kept.append((context, text))
    without_policy = ("", "no bgp ebgp-requires-policy") in kept
    head = [item for item in planned if not (without_policy and item == ("", "bgp ebgp-requires-policy"))]
    lines = _limited(head, limits) + kept
    said = set(lines)
    for context, text in inherited(passing, planned):
        stays = there.decides(context, text) or there.replaces(context, text)
        if not stays and (context, there.as_of_group(text)) not in said:
            lines.append((context, text))
    return instance_as_shown(
        [*(line for line in dict.fromkeys(lines) if not _is_limit(line)), *_listen_limit(live, planned)]
    )


class _Planned:
    """The planned instance, before which live lines give way.

    Args:
        lines: the instance.
        limits: of :func:`_united_limits`.
    """

    def __init__(self, lines: Tuple[Line, ...], limits: Dict[Tuple[str, str], Limit]) -> None:
        instance = Instance(lines)
        self.members = frozenset(instance.neighbors)
        self._group_of = instance.group_of
        self._subjects = frozenset(instance.subjects)
        self._limits = limits
        self._said = {(context, subject_of(text)) for context, text in lines} - {("", "")}
        bindings = ((context, BINDING.match(text)) for context, text in lines)
        self._bound = {(context, found.group(1), found.group(4)) for context, found in bindings if found}

    def decides(self, context: str, text: str) -> bool:
        """Return whether a live line is the plan's to set: it says the same, something else, or the default."""
        found = NEIGHBOR.match(text)
        if (context, subject_of(text)) in self._said:
            return True
        if not found:
            return False
        name = found.group("name")
        if (context, self._owner(name)) in self._limits and (" maximum-prefix " in text or _activated(text)):
            return True  # A member's family is its group's; FRR does not show it twice.
        # The plan sets a session key that it leaves out on this neighbor back to its default.
        return name in self._subjects and not found.group("no") and bool(SESSION_KEY.match(found.group("rest")))

    def replaces(self, context: str, text: str) -> bool:
        """Return whether a live line is a filter in whose place a planned one stands."""
        found = BINDING.match(text)
        owners = {found.group(1), self._owner(found.group(1))} if found else set()
        return any((context, who, found.group(4)) in self._bound for who in owners) if found else False

    def as_of_group(self, text: str) -> str:
        """Return a line of a member as one of its planned group, which would say it for the member too."""
        found = NEIGHBOR.match(text)
        if not found:
            return text
        owner = self._owner(found.group("name"))
        return "{0}neighbor {1} {2}".format(found.group("no") or "", owner, found.group("rest"))

    def _owner(self, name: str) -> str:
        return self._group_of.get(name, name) if name in self.members else name


def instance_as_shown(lines: Sequence[Line]) -> Tuple[Line, ...]:
    """Return an instance without what FRR does not show: in a family, a member is as its group unless a line says so.

    Source: bgpd/bgp_vty.c, ``bgp_config_write_peer_af``.
    """
    group_of, said = Instance(lines).group_of, set(lines)
    result: List[Line] = []
    for context, text in lines:
        group = group_of.get(_activated(text), "")
        active = (context, "neighbor {0} activate".format(group)) in said
        if not group or active == text.startswith("no "):
            result.append((context, text))
    return tuple(result)


_LIMIT = re.compile(r"^bgp listen limit (\d+)$")


def _is_limit(line: Line) -> bool:
    """Return whether a line is the limit of dynamic neighbors."""
    return not line[0] and bool(_LIMIT.match(line[1]))


def _listen_limit(live: Tuple[Line, ...], planned: Tuple[Line, ...]) -> List[Line]:
    """Return the limit of dynamic neighbors, as a line where FRR shows one: the higher one of those that have ranges.

    A range that becomes another one resets its sessions, and all of them dial anew, those of smaller ranges too.
    """
    found = []
    for lines in [side for side in (live, planned) if ranges(side)] or [planned]:
        said = [_LIMIT.match(text) for context, text in lines if not context]
        found.append(next((int(match.group(1)) for match in said if match), LISTEN_LIMIT))
    return [("", "bgp listen limit {0}".format(max(found)))] if max(found) != LISTEN_LIMIT else []


def _activated(text: str) -> str:
    """Return the neighbor or group that a line takes into a family, or out of one that its group has; or nothing."""
    words = text.split()
    words = words[1:] if words[0] == "no" else words
    return words[1] if words[:1] == ["neighbor"] and words[2:] == ["activate"] else ""


def _still_bound(live: Instance, members: Container[str], context: str, binding: Sequence[str]) -> List[Line]:
    """Return, as their own, a list that was a group's for its members that stay and have a route-map of their own.

    The others have it in their group's united route-map.

    Args:
        live: the instance that runs.
        members: the planned neighbors.
        context: the address family.
        binding: what the group loses: its name, kind of filter, name of the filter, direction.
    """
    group, kind, name, direction = binding
    result: List[Line] = []
    for other in live.neighbors if kind != "route-map" else ():
        if live.group_of.get(other) != group or other in members:
            continue
        own = {
            rest.split()[0]
            for where, rest in live.lines_of.get(other, ())
            if where == context and rest.endswith(" " + direction)
        }
        if "route-map" in own and kind not in own:
            result.append((context, "neighbor {0} {1} {2} {3}".format(other, kind, name, direction)))
    return result


def _without_overlaps(live: Tuple[Line, ...], planned: Tuple[Line, ...]) -> List[Line]:
    """Return a live instance whose listen ranges leave room for planned ranges and for neighbors that get a name.

    What is not held of a live range stays in its group, in smaller ranges.
    """
    wanted = networks_taken(Instance(live), Instance(planned), ranges(planned).values())
    here = ranges(live) if wanted else {}
    result: List[Line] = []
    for context, text in live:
        one = here.get(text)
        parts = outside([one.network], wanted) if one and not context else []
        if not one or parts == [one.network]:
            result.append((context, text))
            continue
        result.extend(("", "bgp listen range {0} peer-group {1}".format(part, one.group)) for part in sorted(parts))
    return result


def _united_limits(passing: Passing, planned: Tuple[Line, ...], users: Users) -> Dict[Tuple[str, str], Limit]:
    """Return the ``maximum-prefix`` of planned neighbors and groups: the highest of the planned one and its users'.

    The routes of a session are those of both ends' states while the cluster changes, so a lower one would close it.

    Returns:
        By family and name, of all that the plan activates in a family.
    """
    said = {}
    for context, text in planned:
        name, _blank, rest = text[len("neighbor ") :].partition(" ") if text.startswith("neighbor ") else ("", "", "")
        found = limit_of(rest)
        if found:
            said[context, name] = found
    result = {}
    for context, text in planned:
        words = text.split()
        if context and words[0] == "neighbor" and words[2:] == ["activate"]:
            limits = [said.get((context, words[1]), UNLIMITED)]
            limits += filter(None, (passing.limit(user, context) for user in users.get(words[1], ())))
            result[context, words[1]] = max(limits, key=lambda limit: limit.routes)
    return result


def _limited(lines: Iterable[Line], limits: Dict[Tuple[str, str], Limit]) -> List[Line]:
    """Return lines of an instance with these limits in place of their own."""
    result: List[Line] = []
    for context, text in lines:
        words = text.split()
        limit = limits.get((context, words[1])) if words[0] == "neighbor" else None
        if limit and words[2] == "maximum-prefix":
            continue
        result.append((context, text))
        if limit and words[2:] == ["activate"] and limit.text:
            result.append((context, "neighbor {0} {1}".format(words[1], limit.text)))
    return result


def subject_of(text: str) -> str:
    """Return the subject of a line of which FRR keeps one (:data:`_SINGLE`), else the whole line."""
    found = _SINGLE.match(text)
    return found.group("what") if found else re.sub(r"^no ", "", text)
