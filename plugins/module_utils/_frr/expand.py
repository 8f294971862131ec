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
from typing import Dict, Iterable, List, Tuple

from .config import BGP, Instance, Key, Line, Objects, ordered, reachable, route_map_entries


def expand(live: Objects, planned: Objects) -> Objects:
    """Return the union of live and planned: what either accepts is accepted, no neighbor is lost.

    Where both set a key of a session (password, timers, AS), the planned value is taken: the cluster changes next.
    Filters become the exact union; other live lines stay. ``planned`` itself is the state after the contract stage.
    """
    if BGP not in live:
        return planned
    if BGP not in planned:
        return live
    result: Objects = dict(live)
    filters = _united_filters(live, planned)
    for key, lines in planned.items():
        if key == BGP:
            continue
        if key.kind == "route-map":
            result[key] = filters.get(key.name) or _united_map([lines], _map_lines(live, key))
        elif all(_NUMBERED.match(text) for _context, text in (*lines, *live.get(key, ()))):
            result[key] = _united_list(lines, live.get(key, ()))
        else:
            result[key] = tuple(dict.fromkeys((*lines, *live.get(key, ()))))
    result[BGP] = _united_instance(live[BGP], planned[BGP])
    # A list that nothing refers to any more can go: no route was filtered by it.
    kept = reachable(result)
    return {key: lines for key, lines in ordered(result).items() if key in kept or key in planned}


_NUMBERED = re.compile(r"^(?:seq \d+|description) ")
"""An entry of a list that has its number, as FRR shows all of them from 8.1 on."""

_BINDING = re.compile(r"^neighbor (\S+) (route-map|prefix-list|filter-list|distribute-list) (\S+) (in|out)$")


def _bindings(instance: Instance, name: str, context: str, direction: str) -> List[Tuple[str, str]]:
    """Return the filters of a neighbor or group in one family and direction: (kind of filter, name)."""
    result = []
    for where, rest in instance.lines_of.get(name, ()):
        found = _BINDING.match("neighbor {0} {1}".format(name, rest)) if where == context else None
        if found and found.group(4) == direction:
            result.append((found.group(2), found.group(3)))
    return result


def _united_filters(live: Objects, planned: Objects) -> Dict[str, Tuple[Line, ...]]:
    """Return, by name, the planned route-maps widened by what is live for the neighbors that use them."""
    result: Dict[str, Tuple[Line, ...]] = {}
    old, new = Instance(live[BGP]), Instance(planned[BGP])
    there = set(old.subjects)
    open_ = ("", "no bgp ebgp-requires-policy") in live[BGP]
    for context, text in planned[BGP]:
        found = _BINDING.match(text)
        if not found or found.group(2) != "route-map":
            continue
        name, map_name, direction = found.group(1), found.group(3), found.group(4)
        members = [name, *(other for other in new.neighbors if new.group_of.get(other) == name)]
        maps = [planned.get(Key("route-map", map_name), ())]
        for member in members:
            if member in there:
                entries = _live_filter(live, old, member, context, direction, open_)
                if entries and entries not in maps:
                    maps.append(entries)
        own = live.get(Key("route-map", map_name), ())
        if own and own not in maps:
            maps.append(own)
        previous = result.get(map_name)
        result[map_name] = _united_map([previous or maps[0]], *maps[1:])
    return result


def _live_filter(
    live: Objects, instance: Instance, name: str, context: str, direction: str, open_: bool
) -> Tuple[Line, ...]:
    """Return the live filter of a neighbor or group as the lines of a route-map; empty = it denies everything.

    Args:
        live: the configuration that runs.
        instance: its BGP instance.
        name: the neighbor or group.
        context: the address family.
        direction: ``in`` or ``out``.
        open_: whether a neighbor without a filter exchanges all routes (``no bgp ebgp-requires-policy``).
    """
    group = instance.group_of.get(name, "")
    if not any(instance.has(context, who, "activate") for who in (name, group)):
        return ()
    bound = _bindings(instance, name, context, direction) or _bindings(instance, group, context, direction)
    if not bound:
        is_group = instance.has("", name, "peer-group")
        return (("permit 10", ""),) if open_ and not is_group else ()
    version = "ipv6" if "ipv6" in context else "ip"
    kind, filter_name = bound[0]
    if kind == "route-map":
        return _map_lines(live, Key("route-map", filter_name))
    if kind == "prefix-list":
        return (("permit 10", ""), ("permit 10", "match {0} address prefix-list {1}".format(version, filter_name)))
    if kind == "filter-list":
        return (("permit 10", ""), ("permit 10", "match as-path {0}".format(filter_name)))
    return (("permit 10", ""), ("permit 10", "match {0} address {1}".format(version, filter_name)))


def _map_lines(objects: Objects, key: Key) -> Tuple[Line, ...]:
    """Return the lines of a route-map; one that does not exist denies everything."""
    return objects.get(key, ())


def _united_map(planned: List[Tuple[Line, ...]], *live: Tuple[Line, ...]) -> Tuple[Line, ...]:
    """Return a route-map that permits what ``planned`` permits, and what any of ``live`` permits.

    Planned entries stand first with their numbers. A deny-all adds nothing to a union, so it goes when others permit.
    """
    first = [entry for lines in planned for entry in route_map_entries(lines)]
    more: List[Tuple[str, int, Tuple[str, ...]]] = []
    for lines in live:
        entries = route_map_entries(lines)
        if not any(action == "permit" for action, _seq, _texts in entries):
            continue
        only_permits = all(action == "permit" for action, _seq, _texts in entries)
        for action, _seq, texts in entries:
            if action == "deny" and not texts and entries[-1][0] == "deny" and (action, _seq, texts) == entries[-1]:
                continue
            permitted = {(old_action, old_texts) for old_action, _old, old_texts in first + more}
            if only_permits and (action, texts) in permitted:
                continue
            more.append((action, 0, texts))
    if more:
        first = [entry for entry in first if entry[0] == "permit" or entry[2]]
    result: List[Line] = []
    seq = 0
    for action, number, texts in first + more:
        seq = number if number > seq else seq + 10
        context = "{0} {1}".format(action, seq)
        result.append((context, ""))
        result.extend((context, text) for text in texts)
    return tuple(result)


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


def _united_instance(live: Tuple[Line, ...], planned: Tuple[Line, ...]) -> Tuple[Line, ...]:
    """Return the BGP instance with all neighbors of both; where both set a value, the planned one."""
    said = {(context, _what(text)) for context, text in planned} - {("", "")}
    bound = set()
    for context, text in planned:
        found = _BINDING.match(text)
        if found:
            bound.add((context, found.group(1), found.group(4)))
    instance = Instance(planned)
    members, subjects = set(instance.neighbors), set(instance.subjects)
    kept: List[Line] = []
    for context, text in live:
        if context == "" and text == "no bgp ebgp-requires-policy":
            kept.append((context, text))
            continue
        if (context, _what(text)) in said:
            continue
        found = _BINDING.match(text)
        if found:
            name, direction = found.group(1), found.group(4)
            owner = instance.group_of.get(name) if name in members else name
            if (context, name, direction) in bound or (context, owner, direction) in bound:
                continue
        name = text.split()[1] if text.startswith("neighbor ") else ""
        if name in subjects and _session_key(text):
            # The plan sets a session key that it leaves out on this neighbor back to its default.
            continue
        kept.append((context, text))
    without_policy = ("", "no bgp ebgp-requires-policy") in kept
    head = [item for item in planned if not (without_policy and item == ("", "bgp ebgp-requires-policy"))]
    return tuple(dict.fromkeys(head + kept))


def _what(text: str) -> str:
    """Return the subject of a line of which FRR keeps one (:data:`_SINGLE`), else the whole line."""
    found = _SINGLE.match(text)
    return found.group("what") if found else re.sub(r"^no ", "", text)


def _session_key(text: str) -> bool:
    return bool(
        re.match(
            r"^neighbor \S+ (?:password|timers|ebgp-multihop|ttl-security|port|update-source|remote-as|shutdown|passive"
            r"|local-as|bfd|interface|capability|disable-connected-check)\b",
            text,
        )
    )
