# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which routes a neighbor's filters let through, and with which changes: one canonical decision.

A decision divides all prefixes of a family into regions; in each, a tree of conditions (communities, AS path, ...) ends
in what happens. Conditions are asked in one fixed order and only where they matter (a reduced ordered decision
diagram, Bryant 1986), so equal decisions are equal values.

As FRR has it (lib/routemap.c, lib/plist.c): entries are tried in order, the first that matches decides, and what none
matches is denied. A list that does not exist matches nothing; a route-map or list that does not exist denies all when
it is bound to a neighbor; a prefix-list without entries permits all.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ....module_utils._errors import EdgeError
from ....module_utils._frr.config import Key, Objects, route_map_entries
from .prefixes import NOTHING, Prefixes, block, both, everything, minus, text, union, whole_text
from .shown import shown


class Outcome(NamedTuple):
    """What happens to a route."""

    permit: bool
    changes: tuple[str, ...] = ()
    """What is set on it: the ``set`` lines, sorted, values in one order."""


class Node(NamedTuple):
    """A condition, what follows where it holds, and what follows where it does not."""

    condition: str
    yes: Tree
    no: Tree


Tree = bool | Outcome | Node
"""A condition's truth, or what happens in the end."""

Decision = tuple[tuple[Prefixes, Tree], ...]
"""Regions apart from each other, each with another tree; prefixes in no region are denied."""

DENY = Outcome(False)
PERMIT = Outcome(True)
_CONTROL = re.compile(r"^(?:on-match|continue|call)\b")
_CALL = re.compile(r"^call (?P<name>\S+)$")
_LIST_MATCH = re.compile(
    r"^match (?P<what>ip address prefix-list|ipv6 address prefix-list|ip address prefix-len|ipv6 address prefix-len"
    r"|ip next-hop prefix-list|ipv6 next-hop prefix-list|ip next-hop|ipv6 next-hop|ip address|ipv6 address"
    r"|community|large-community|extcommunity|as-path) (?P<name>\S+)(?: (?P<mode>exact-match|any))?$"
)
_NEXT_HOP = re.compile(r"^match (?:ip|ipv6) next-hop (?=\d+\.[\d.]+$|[0-9a-fA-F]*:[0-9a-fA-F:.]*$)")
"""An address in place of a list's name: FRR shows it behind ``address``."""
_ENTRY = re.compile(r"^(?:seq (?P<seq>\d+) )?(?P<action>permit|deny)(?: (?P<rest>.+))?$")
_PREFIX_ENTRY = re.compile(r"^(?P<prefix>\S+)(?=(?:.* ge (?P<ge>\d+))?)(?=(?:.* le (?P<le>\d+))?)(?: [gl]e \d+){0,2}$")
"""FRR takes the two lengths in either order, and shows ``ge`` first."""


# -- trees ---------------------------------------------------------------------------------------------------------
def choose(condition: Tree, yes: Tree, no: Tree) -> Tree:
    """Return the tree that is ``yes`` where ``condition`` (a tree of truths) holds, else ``no``."""
    return _choose(condition, yes, no, {})


def _choose(condition: Tree, yes: Tree, no: Tree, known: dict[tuple[Tree, Tree, Tree], Tree]) -> Tree:
    if condition is True:
        return yes
    if condition is False:
        return no
    key = (condition, yes, no)
    if key not in known:
        first = min(tree.condition for tree in key if isinstance(tree, Node))
        yes_side, no_side = (
            _choose(_branch(condition, first, at), _branch(yes, first, at), _branch(no, first, at), known)
            for at in (True, False)
        )
        known[key] = yes_side if yes_side == no_side else Node(first, yes_side, no_side)
    return known[key]


def _branch(tree: Tree, condition: str, holds: bool) -> Tree:
    if not isinstance(tree, Node) or tree.condition != condition:
        return tree
    return tree.yes if holds else tree.no


def _all_of(conditions: Iterable[Tree]) -> Tree:
    result: Tree = True
    for condition in conditions:
        result = choose(condition, result, False)
    return result


# -- lists ---------------------------------------------------------------------------------------------------------
def _entries(lines: Iterable[tuple[str, str]]) -> list[tuple[bool, str]]:
    """Return a list's entries in FRR's order: (permit, rest)."""
    found = [match for match in (_ENTRY.match(line) for _context, line in lines) if match]
    found.sort(key=lambda match: int(match.group("seq") or 0))
    return [(match.group("action") == "permit", match.group("rest") or "") for match in found]


def prefix_list(objects: Objects, name: str, family: str) -> Prefixes | None:
    """Return the prefixes that a prefix-list permits; None where it does not exist."""
    lines = objects.get(Key("ip prefix-list" if family == "ipv4" else "ipv6 prefix-list", name))
    if lines is None:
        return None
    entries = _entries(lines)
    if not entries:
        return everything(family)
    seen, permitted = NOTHING, NOTHING
    for permit, run in itertools.groupby(entries, key=lambda entry: entry[0]):
        matched = union(*(_prefixes_of(rest, family) for _permit, rest in run))  # their order does not matter
        if permit:
            permitted = union(permitted, minus(matched, seen))
        seen = union(seen, matched)
    return permitted


def _prefixes_of(rest: str, family: str) -> Prefixes:
    if rest == "any":
        return everything(family)
    found = _PREFIX_ENTRY.match(rest)
    if found is None:
        return NOTHING
    try:
        ge, le = found.group("ge"), found.group("le")
        return block(found.group("prefix"), int(ge) if ge else None, int(le) if le else None)
    except ValueError:
        return NOTHING  # FRR refuses such an entry, so the list has it not


def _lists(objects: Objects, what: str, name: str) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Return (kind, lines) of the lists of this name; versions of FRR spell the kinds differently."""
    kind = re.compile(
        {
            "as-path": r"as-path access-list$",
            "community": r" community-list",
            "large-community": r" large-community-list",
            "extcommunity": r" extcommunity-list",
            "ip address": r"^(?:ip )?access-list$",
            "ip next-hop": r"^(?:ip )?access-list$",
            "ipv6 address": r"^ipv6 access-list$",
            "ipv6 next-hop": r"^ipv6 access-list$",
        }[what]
    )
    return [(key.kind, lines) for key, lines in objects.items() if key.name == name and kind.search(key.kind)]


def _community_condition(objects: Objects, what: str, name: str, mode: str | None) -> Tree:
    found = _lists(objects, what, name)
    result: Tree = False
    for kind, lines in found:
        expanded = kind.endswith("expanded") or (name.isdigit() and int(name) >= 100 and "standard" not in kind)
        for permit, rest in reversed(_entries(lines)):
            words = sorted(set(rest.split()))
            if mode is not None:
                matched: Tree = Node("carries {} {} ({})".format(what, " ".join(words), mode), True, False)
            elif expanded:
                matched = Node(f"has a {what} text that matches {rest}", True, False)
            else:
                matched = _all_of(_carries(what, word) for word in words if word != "internet")
            result = choose(matched, permit, result)
    return result


def _carries(what: str, word: str) -> Tree:
    return Node("carries {}{}".format("" if what == "community" else what + " ", word), True, False)


def _as_path_condition(objects: Objects, name: str) -> Tree:
    result: Tree = False
    for _kind, lines in _lists(objects, "as-path", name):
        for permit, rest in reversed(_entries(lines)):
            result = choose(Node(f"has an AS path that matches {rest}", True, False), permit, result)
    return result


def _access_condition(objects: Objects, what: str, name: str) -> Tree:
    """Return an access-list as one condition, named by its entries."""
    found = _lists(objects, what, name)
    if not found:
        return False
    entries = [entry for _kind, lines in found for entry in _entries(lines)]
    said = "; ".join("{} {}".format("permit" if permit else "deny", rest) for permit, rest in entries)
    return Node(f"has an {what} that passes the access-list {said}", True, False)


# -- route-maps ----------------------------------------------------------------------------------------------------
def _matched(objects: Objects, lines: Iterable[str], family: str) -> tuple[Prefixes, Tree]:
    """Return the prefixes and the condition that the ``match`` lines of an entry ask for; all of them must hold.

    A second line of one kind replaces the first one, as in FRR.
    """
    wanted: dict[str, tuple[str, str, str | None]] = {}
    for text_of in lines:
        line = _NEXT_HOP.sub(r"\g<0>address ", text_of)
        found = _LIST_MATCH.match(line)
        if found:
            wanted[found.group("what")] = (line, found.group("name"), found.group("mode"))
        elif line.startswith("match "):
            wanted[" ".join(line.split()[:2])] = (line, "", None)
    prefixes = everything(family)
    conditions: list[Tree] = []
    for what, (line, name, mode) in wanted.items():
        words = what.split()
        of = {"ip": "ipv4", "ipv6": "ipv6"}.get(words[0])
        if of is not None and of != family and len(words) > 1 and words[1] == "address":
            return NOTHING, False
        if what.endswith("address prefix-list"):
            prefixes = both(prefixes, prefix_list(objects, name, family) or NOTHING)
        elif what.endswith("address prefix-len"):
            prefixes = tuple(item for item in prefixes if item[0] == int(name))
        elif what.endswith("next-hop prefix-list"):
            hops = prefix_list(objects, name, of or family)
            said = whole_text(hops or NOTHING, of or family)
            conditions.append(Node(f"has a next hop in {said}", True, False) if hops else False)
        elif what in ("community", "large-community", "extcommunity"):
            conditions.append(_community_condition(objects, what, name, mode))
        elif what == "as-path":
            conditions.append(_as_path_condition(objects, name))
        elif name:
            conditions.append(_access_condition(objects, what, name))
        else:
            conditions.append(Node("has {}".format(line[len("match ") :]), True, False))
    return prefixes, _all_of(conditions)


def _changes(objects: Objects, lines: Iterable[str]) -> tuple[str, ...]:
    """Return the ``set`` lines of an entry in one order; the last one of a kind holds."""
    found: dict[str, str] = {}
    for line in lines:
        words = line.split()
        if words[:1] != ["set"]:
            continue
        if words[1] in ("community", "large-community"):
            values = sorted({word for word in words[2:] if word != "additive"})
            tail = ["additive"] if words[-1] == "additive" else []
            found[words[1]] = " ".join(words[1:2] + values + tail)
        elif words[1] in ("comm-list", "large-comm-list") and len(words) == 4:
            kind = words[1].replace("comm-list", "community")
            said = [rest for _k, held in _lists(objects, kind, words[2]) for _permit, rest in _entries(held)]
            found[words[1]] = "{} removed: {}".format(kind, "; ".join(said))
        else:
            # Words that name what is set: a path is prepended and cut, an IPv6 route has several next hops.
            several = {"ip": 3, "ipv6": 4, "as-path": 3}
            key = " ".join(words[1 : several.get(words[1], 2)])
            found[key] = " ".join(words[1:])
    return tuple(found[key] for key in sorted(found))


def _check(line: str, place: str) -> None:
    """Raise an EdgeError for a line of an entry of a route-map that means nothing; ``place`` names the entry."""
    found = _LIST_MATCH.match(line)
    if found and found["what"].endswith("prefix-len") and not found["name"].isdecimal():
        raise EdgeError(place, f"'{line}' has no number for a prefix length: FRR refuses it")
    if line == "set":
        raise EdgeError(place, "'set' does not say what is set: FRR refuses it")


def route_map(objects: Objects, name: str, family: str, callers: tuple[str, ...] = ()) -> Decision:
    """Return what a route-map does to the routes of a family.

    A route-map with ``call``, ``continue`` or ``on-match`` is not followed: it equals only one that says the same, and
    calls one that does the same.

    Args:
        objects: the configuration.
        name: of the route-map.
        family: ``ipv4`` or ``ipv6``.
        callers: the route-maps that lead to it by ``call``, the first one first.

    Raises:
        EdgeError: a line of it is one that FRR refuses, and that means nothing.
    """
    lines = objects.get(Key("route-map", name))
    if lines is None:
        return ()
    entries = route_map_entries(lines)
    for action, seq, texts in entries:
        for line in texts:
            _check(line, f"route-map {name} {action} {seq}")
    if any(_CONTROL.match(line) for _action, _seq, texts in entries for line in texts):
        stands = _as_it_stands(objects, entries, family, (*callers, name))
        return ((everything(family), Outcome(True, (f"as it stands: {stands}",))),)
    open_: list[tuple[Prefixes, list[tuple[Tree, Outcome]]]] = [(everything(family), [])]
    closed: list[tuple[Prefixes, list[tuple[Tree, Outcome]]]] = []
    for action, _seq, texts in entries:
        prefixes, condition = _matched(objects, texts, family)
        outcome = Outcome(True, _changes(objects, texts)) if action == "permit" else DENY
        still: list[tuple[Prefixes, list[tuple[Tree, Outcome]]]] = []
        for region, steps in open_:
            inside = both(region, prefixes) if condition is not False else NOTHING
            outside = minus(region, inside)
            if inside:
                (closed if condition is True else still).append((inside, [*steps, (condition, outcome)]))
            if outside:
                still.append((outside, steps))
        open_ = still
    return _decision((region, _tree(steps)) for region, steps in closed + open_)


def without_unread_tags(objects: Objects, decision: Decision) -> Decision:
    """Return a decision without the tags that it sets and no route-map of the configuration matches: they do nothing.

    A tag stays in the router: BGP carries none to a neighbor (RFC 4271 has no attribute for it).
    """
    read = {
        line.removeprefix("match ")
        for key, lines in objects.items()
        if key.kind == "route-map"
        for _context, line in lines
        if line.startswith("match tag ")
    }

    return _keeping(decision, lambda change: not change.startswith("tag ") or change in read)


def set_everywhere(decision: Decision, changes: Iterable[str]) -> tuple[str, ...]:
    """Return which of ``changes`` are set on every route that passes; none where no route does."""
    passing = [outcome for _prefixes, tree in decision for outcome in _outcomes(tree) if outcome.permit]
    return tuple(change for change in changes if passing and all(change in outcome.changes for outcome in passing))


def without(decision: Decision, changes: Iterable[str]) -> Decision:
    """Return a decision that does not set ``changes``."""
    left_out = frozenset(changes)
    return _keeping(decision, lambda change: change not in left_out) if left_out else decision


def _outcomes(tree: Tree) -> Iterable[Outcome]:
    """Yield all that can happen to a route."""
    if isinstance(tree, Node):
        yield from _outcomes(tree.yes)
        yield from _outcomes(tree.no)
    elif isinstance(tree, Outcome):
        yield tree


def _keeping(decision: Decision, keeps: Callable[[str], bool]) -> Decision:
    """Return a decision that sets only the changes that ``keeps`` lets stay."""

    def kept(tree: Tree) -> Tree:
        if isinstance(tree, Node):
            yes, no = kept(tree.yes), kept(tree.no)
            return yes if yes == no else Node(tree.condition, yes, no)
        if isinstance(tree, Outcome):
            return tree._replace(changes=tuple(change for change in tree.changes if keeps(change)))
        return tree

    return _decision((prefixes, kept(tree)) for prefixes, tree in decision)


def _tree(steps: list[tuple[Tree, Outcome]]) -> Tree:
    result: Tree = DENY
    for condition, outcome in reversed(steps):
        result = choose(condition, outcome, result)
    return result


def _decision(regions: Iterable[tuple[Prefixes, Tree]]) -> Decision:
    """Return regions in canonical form: one for each tree, without those that are denied."""
    found: dict[Tree, Prefixes] = {}
    for prefixes, tree in regions:
        if prefixes and tree != DENY:
            found[tree] = union(found.get(tree, NOTHING), prefixes)
    return tuple(sorted(((prefixes, tree) for tree, prefixes in found.items()), key=str))


def _as_it_stands(
    objects: Objects, entries: list[tuple[str, int, tuple[str, ...]]], family: str, callers: tuple[str, ...]
) -> str:
    """Return a route-map as text that does not depend on names and on sequence numbers.

    Args:
        objects: the configuration.
        entries: of the route-map.
        family: of the routes.
        callers: the route-maps that lead here by ``call``, itself the last one.
    """
    order = {seq: index for index, (_action, seq, _texts) in enumerate(entries, 1)}
    parts = []
    for action, seq, texts in entries:
        prefixes, condition = _matched(objects, texts, family)
        control = [
            _called(objects, call["name"], family, callers)
            if (call := _CALL.match(line))
            else re.sub(r"\d+$", lambda found: f"entry {order.get(int(found.group()), found.group())}", line)
            for line in texts
            if _CONTROL.match(line)
        ]
        met = [whole_text(prefixes, family), tree_text(choose(condition, PERMIT, DENY))]
        said = [*met, *_changes(objects, texts), *control]
        parts.append("{} {}: {}".format(order[seq], action, "; ".join(filter(None, said))))
    return " / ".join(parts)


def _called(objects: Objects, name: str, family: str, callers: tuple[str, ...]) -> str:
    """Return what the ``call`` of a route-map means, without its name.

    FRR passes over the call of one that does not exist (lib/routemap.c, ``route_map_apply``).

    Args:
        objects: the configuration.
        name: of the route-map that is called.
        family: of the routes.
        callers: those that lead to the call.
    """
    if Key("route-map", name) not in objects:
        return "call of a route-map that does not exist"
    if name in callers:
        return f"call back to route-map {callers.index(name) + 1} of this chain of calls"
    return f"call ({decision_text(route_map(objects, name, family, callers), family)})"


# -- filters of a neighbor -----------------------------------------------------------------------------------------
class BoundFilters(NamedTuple):
    """What a neighbor is bound to in one direction; None = not bound."""

    distribute_list: str | None = None
    prefix_list: str | None = None
    filter_list: str | None = None
    route_map: str | None = None


def decide(objects: Objects, filters: BoundFilters, family: str, unfiltered: bool) -> Decision:
    """Return the decision of a neighbor's filters in one direction: a route passes if every filter permits it.

    Args:
        objects: the configuration.
        filters: the names that are bound.
        family: of the routes, ``ipv4`` or ``ipv6``.
        unfiltered: whether routes pass where nothing is bound (within one AS, or without ``ebgp-requires-policy``).
    """
    if filters == BoundFilters():
        return ((everything(family), PERMIT),) if unfiltered else ()
    result: Decision = ((everything(family), PERMIT),)
    if filters.route_map is not None:
        result = route_map(objects, filters.route_map, family)
    if filters.prefix_list is not None:
        permitted = prefix_list(objects, filters.prefix_list, family) or NOTHING
        result = _decision((both(prefixes, permitted), tree) for prefixes, tree in result)
    conditions: list[Tree] = []
    if filters.filter_list is not None:
        conditions.append(_as_path_condition(objects, filters.filter_list))
    if filters.distribute_list is not None:
        what = "ip address" if family == "ipv4" else "ipv6 address"
        conditions.append(_access_condition(objects, what, filters.distribute_list))
    for condition in conditions:
        result = _decision((prefixes, choose(condition, tree, DENY)) for prefixes, tree in result)
    return result


def outcome_at(decision: Decision, prefix: str) -> Tree:
    """Return what a decision does to one prefix."""
    wanted = block(prefix)
    return next((tree for prefixes, tree in decision if both(prefixes, wanted)), DENY)


# -- texts ---------------------------------------------------------------------------------------------------------
def tree_text(tree: Tree) -> str:
    """Return what happens to a route in words; empty for a route that passes as it is."""
    if isinstance(tree, Node):
        if tree.no == DENY:
            rest = tree_text(tree.yes)
            return "if it {}{}".format(tree.condition, ", " + rest if rest else "")
        if tree.yes == DENY:
            rest = tree_text(tree.no)
            return "unless it {}{}".format(tree.condition, ", " + rest if rest else "")
        yes, no = (tree_text(branch) or "as it is" for branch in (tree.yes, tree.no))
        return f"if it {tree.condition}: {yes}, else {no}"
    if isinstance(tree, Outcome):
        if not tree.permit:
            return "not"
        return "with " + " and ".join(tree.changes) if tree.changes else ""
    return str(tree)


def decision_text(decision: Decision, family: str) -> str:
    """Return a decision in one line, with all of its prefixes: decisions are compared by it."""
    return _decision_text(decision, family, whole_text)


def _decision_text(decision: Decision, family: str, said_of: Callable[[Prefixes, str], str]) -> str:
    """Return a decision in one line.

    Args:
        decision: the decision.
        family: of the routes.
        said_of: returns a set of prefixes in one line.
    """
    parts = []
    for prefixes, tree in decision:
        said = tree_text(tree)
        parts.append(said_of(prefixes, family) + (" " + said if said else ""))
    return "; ".join(parts) or "nothing"


def decision_difference(one: Decision, other: Decision, family: str, verb: str) -> list[str]:
    """Return in which prefixes two decisions differ, and how.

    Args:
        one: what the first configuration does.
        other: what the second one does.
        family: of the prefixes.
        verb: ``accepts`` or ``announces``.
    """
    anything: Decision = ((everything(family), PERMIT),)
    narrower = other if one == anything else one
    if anything in (one, other) and narrower and _whole(narrower, family)[-1][0]:
        # What the narrower one lets pass says it in one line; the rest of the address space would take dozens.
        said, also = (
            "anything" if decision == anything else _decision_text(decision, family, text) for decision in (one, other)
        )
        return [f"{verb} {shown(said, also)} in the first, {shown(also, said)} in the second"]
    found: dict[tuple[Tree, Tree], Prefixes] = {}
    for first, first_tree in _whole(one, family):
        for second, second_tree in _whole(other, family):
            shared = both(first, second) if first_tree != second_tree else NOTHING
            if shared:
                key = (first_tree, second_tree)
                found[key] = union(found.get(key, NOTHING), shared)
    lines = []
    for (first_tree, second_tree), prefixes in found.items():
        what = f"{verb} {text(prefixes, family)}"
        if DENY in (first_tree, second_tree):
            said = shown(tree_text(first_tree if second_tree == DENY else second_tree), "")
            where = "only in the {}".format("first" if second_tree == DENY else "second")
            lines.append("{}{} {}".format(what, " " + said if said else "", where))
        else:
            said, also = (tree_text(tree) or "as it is" for tree in (first_tree, second_tree))
            lines.append(f"{what} {shown(said, also)} in the first, {shown(also, said)} in the second")
    return sorted(lines)


def _whole(decision: Decision, family: str) -> list[tuple[Prefixes, Tree]]:
    """Return the regions of a decision, and the region of all prefixes that it denies."""
    rest = everything(family)
    for prefixes, _tree_of in decision:
        rest = minus(rest, prefixes)
    return [*decision, (rest, DENY)]
