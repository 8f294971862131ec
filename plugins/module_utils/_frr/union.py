# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One route-map that lets pass exactly what any of several filters lets pass.

FRR takes the first entry that matches, so entries of two maps in a row are their union only while no deny of the first
stands before a permit of the second. Such a deny becomes a jump to the next filter. A list beside a route-map becomes
a jump into it. Source: lib/routemap.c, ``route_map_apply_ext`` (7.5 to 10.7): after ``on-match`` a route that no
further entry matches is permitted, so a map with jumps ends in a deny.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from .._errors import EdgeError
from .config import Line, route_map_entries

Entry = Tuple[str, int, Tuple[str, ...]]
"""Of a route-map: action, number, lines."""


class Filter(NamedTuple):
    """What lets routes of one neighbor pass in one direction: all gates and then the entries."""

    gates: Tuple[str, ...]
    """A ``match`` line for each list that is bound beside the route-map; FRR asks for all of them."""
    entries: Tuple[Entry, ...]
    """Of its route-map; a permit without a match where it has none."""
    source: str
    """The line that binds it, for messages."""


class _Step(NamedTuple):
    """An entry of the result before it has its number."""

    action: str
    texts: Tuple[str, ...]
    to: Optional[int] = None
    """Index of the step to which ``on-match`` jumps; one past the end is a place that no entry has."""
    wanted: int = 0
    """The number that it keeps where it can."""


_JUMP = re.compile(r"^(?:on-match|continue)\b")
_GOTO = re.compile(r"^(?:on-match goto|continue) (\d+)$")
_PERMIT_ANY: Entry = ("permit", 10, ())

PASSES_ALL: Tuple[Entry, ...] = (_PERMIT_ANY,)
"""The entries of a neighbor without a route-map."""


def united(name: str, planned: Iterable[Line], own: Iterable[Line], filters: Sequence[Filter]) -> Tuple[Line, ...]:
    """Return the route-map that permits what the planned one, the live one of its name or any of ``filters`` permits.

    Planned entries stand first with their numbers. Where the live map is such a union already, it stays as it is.

    Args:
        name: of the route-map.
        planned: its planned lines: permits, and at the end perhaps a deny without a match, as the template writes them.
        own: the lines of the live route-map of that name.
        filters: those of the neighbors that are to use it.

    Raises:
        EdgeError: no route-map is the union: two of the filters jump or call, and neither can stand before the other.
    """
    wish = route_map_entries(planned)
    start = [entry for entry in wish if not _denies_all(entry)]
    mine = tuple(route_map_entries(own))
    rest = _after(start, mine)
    found = [Filter((), mine, _source_of(name)), *filters]
    ungated = {one.entries for one in found if not one.gates}
    said = {(action, texts) for action, _seq, texts in start}
    simple: List[Filter] = []
    others: Dict[Tuple[Tuple[str, ...], Tuple[Entry, ...]], Filter] = {}
    for one in found:
        if one.gates and one.entries in ungated:
            continue  # all that it lets pass, the same route-map lets pass by itself
        if rest is not None and not one.gates and one.entries == mine:
            one = one._replace(entries=rest)
        block = _reduced(one)
        if not any(action == "permit" for action, _seq, _texts in block.entries):
            continue
        if block.gates or not all(is_plain_permit(entry) for entry in block.entries):
            others.setdefault((block.gates, block.entries), block)
            continue
        new = [entry for entry in block.entries if (entry[0], entry[2]) not in said]
        said.update((action, texts) for action, _seq, texts in new)
        if new:
            simple.append(block._replace(entries=tuple(new)))
    if not simple and not others:
        return _lines(wish)
    if rest is not None and all(block.source == found[0].source for block in [*simple, *others.values()]):
        return _lines(mine)
    steps = [_Step(action, texts, wanted=seq) for action, seq, texts in start]
    steps += [_Step(action, texts) for block in simple for action, _seq, texts in block.entries]
    return _numbered(_with_blocks(name, steps, list(others.values())))


def _denies_all(entry: Entry) -> bool:
    return entry[0] == "deny" and not any(text.startswith("match ") for text in entry[2])


def _jumps(entry: Entry) -> bool:
    return any(_JUMP.match(text) for text in entry[2])


def _leads_away(entry: Entry) -> bool:
    """Return whether a route that matches a permit may still be denied, by another entry or another route-map."""
    return _jumps(entry) or any(text.startswith("call ") for text in entry[2])


def is_plain_permit(entry: Entry) -> bool:
    """Return whether a route that matches the entry passes, whatever stands elsewhere."""
    return entry[0] == "permit" and not _leads_away(entry)


def _after(start: Sequence[Entry], entries: Sequence[Entry]) -> Optional[Tuple[Entry, ...]]:
    """Return what follows ``start`` in ``entries``, or None where they do not begin with it."""
    wanted = [(action, texts) for action, _seq, texts in start]
    begins = [(action, texts) for action, _seq, texts in entries[: len(start)]] == wanted
    return tuple(entries[len(start) :]) if begins else None


def _reduced(block: Filter) -> Filter:
    """Return a filter without entries that no route reaches, and with its gates in its entries where they fit.

    FRR keeps one ``match`` of a kind in an entry, so a gate fits where no entry has another one of its kind.
    """
    if any(_jumps(entry) for entry in block.entries):
        return block
    entries: List[Entry] = []
    for entry in block.entries:
        if _denies_all(entry):
            break
        entries.append(entry)
        if is_plain_permit(entry) and not any(text.startswith("match ") for text in entry[2]):
            break
    folded = [
        (action, seq, tuple(sorted({*texts, *block.gates})) if action == "permit" else texts)
        for action, seq, texts in entries
    ]
    kinds = [[text.rsplit(" ", 1)[0] for text in texts if text.startswith("match ")] for _a, _s, texts in folded]
    if all(len(set(matches)) == len(matches) for matches in kinds):
        return block._replace(gates=(), entries=tuple(folded))
    return block._replace(entries=tuple(entries))


def _with_blocks(name: str, steps: List[_Step], blocks: List[Filter]) -> List[_Step]:
    """Return the steps with those of filters that deny, jump or call behind them.

    Raises:
        EdgeError: no order of the filters is their union (:func:`_in_a_row`), or one whose jumps lead beyond its end
            would have to stand behind jumps of ours.
    """
    blocks = _in_a_row(name, blocks)
    for index, block in enumerate(blocks):
        last = index == len(blocks) - 1
        if not _is_left_by_denies(block) and not _denies_all(block.entries[-1]) and (block.gates or index):
            raise _no_union(name, block, blocks[index - 1] if index else block)
        steps = steps + _steps(block, len(steps), last)
    if any(step.to is not None for step in steps) and not _open_ended(blocks) and not _ends(steps[-1]):
        steps = [*steps, _Step("deny", ())]
    return steps


def _in_a_row(name: str, blocks: Sequence[Filter]) -> List[Filter]:
    """Return filters in an order in which what one of them denies may go on to the next one.

    A route-map that is called has the last word on a route, so filters that call stand last. Two of them can, where
    they call the same one and the second lets no route pass without it.

    Raises:
        EdgeError: two of them would have to stand last.
    """
    first = [block for block in blocks if _is_left_by_denies(block) and not _called(block)]
    first.sort(key=lambda block: any(_jumps(entry) for entry in block.entries))
    final = [block for block in blocks if block not in first]
    final.sort(key=_always_calls)
    if len(final) > 1:
        alike = len({called for block in final for called in _called(block)}) == 1
        if not alike or not all(map(_is_left_by_denies, final)) or not all(map(_always_calls, final[1:])):
            raise _no_union(name, final[0], final[1])
    return first + final


def _is_left_by_denies(block: Filter) -> bool:
    """Return whether a route leaves a filter only by an entry's verdict, unchanged where it is denied.

    One that jumps beyond the last entry is permitted, and ``set`` of an entry that jumps holds for all that follows.
    """
    jumping = [texts for _action, _seq, texts in block.entries if any(_JUMP.match(text) for text in texts)]
    if not jumping:
        return True
    last = block.entries[-1]
    targets = [int(found.group(1)) for texts in jumping for found in map(_GOTO.match, texts) if found]
    changes = any(text.startswith(("set ", "call ")) for texts in jumping for text in texts)
    return _denies_all(last) and not changes and all(target <= last[1] for target in targets)


def _called(block: Filter) -> Tuple[str, ...]:
    """Return the route-maps that the permits of a filter call."""
    texts = [text for action, _seq, texts in block.entries if action == "permit" for text in texts]
    return tuple(text.split()[1] for text in texts if text.startswith("call "))


def _always_calls(block: Filter) -> bool:
    """Return whether a filter lets no route pass without a call."""
    return not any(is_plain_permit(entry) for entry in block.entries)


def _open_ended(blocks: Sequence[Filter]) -> bool:
    """Return whether the last filter lets pass what jumps beyond its end, which a deny there would take away."""
    return any(_jumps(entry) for entry in blocks[-1].entries)


def _ends(step: _Step) -> bool:
    return step.action == "deny" and not step.texts


def _steps(block: Filter, first: int, last: bool) -> List[_Step]:
    """Return the steps of one filter.

    Args:
        block: the filter.
        first: how many steps stand before it.
        last: whether none follows; else what it denies goes on to the next one.
    """
    count = 2 * len(block.gates) + len(block.entries)
    following = first + count
    result: List[_Step] = []
    for gate in block.gates:
        result.append(_Step("permit", (gate,), first + len(result) + 2))
        result.append(_Step("deny", ()) if last else _Step("permit", (), following))
    inside = first + len(result)
    for action, _seq, texts in block.entries:
        jump = next((found for found in map(_GOTO.match, texts) if found), None)
        if action == "deny" and not last:
            result.append(_Step("permit", tuple(text for text in texts if text.startswith("match ")), following))
        elif jump:
            before = sum(number < int(jump.group(1)) for _action, number, _texts in block.entries)
            result.append(_Step(action, tuple(text for text in texts if not _JUMP.match(text)), inside + before))
        else:
            result.append(_Step(action, tuple("on-match next" if text == "continue" else text for text in texts)))
    return result


def _numbered(steps: Sequence[_Step]) -> Tuple[Line, ...]:
    """Return steps as lines: each with its wanted number, or ten after the one before it; jumps with their targets'."""
    numbers: List[int] = []
    for step in steps:
        before = numbers[-1] if numbers else 0
        numbers.append(step.wanted if step.wanted > before else before + 10)
    numbers.append(numbers[-1] + 10)
    return _lines(
        (
            step.action,
            number,
            step.texts if step.to is None else (*step.texts, "on-match goto {0}".format(numbers[step.to])),
        )
        for step, number in zip(steps, numbers[:-1])  # noqa: B905  Python 3.8 has no strict
    )


def _lines(entries: Iterable[Entry]) -> Tuple[Line, ...]:
    """Return entries as lines in the order of :func:`config.parse`."""
    result: List[Line] = []
    for action, number, texts in entries:
        context = "{0} {1}".format(action, number)
        result.append((context, ""))
        result.extend((context, text) for text in sorted(texts))
    return tuple(result)


def _no_union(name: str, one: Filter, other: Filter) -> EdgeError:
    beside = " and ".join(dict.fromkeys([other.source, one.source]))
    way = "write this route-map on the router without those words, or bind one filter alone, and run again"
    if _source_of(name) in (one.source, other.source):
        way = (
            "where an earlier change made route-map {0} so, finish that one first, without the neighbors planned since"
            " (site.yml --tags router,contract), and run again; else {1}".format(name, way)
        )
    return EdgeError(
        one.source,
        "until the cluster has changed, route-map {0} must let pass what {1} let pass, and no route-map can: more than"
        " one filter decides there, and this one has 'on-match', 'continue' or 'call'; nothing was changed".format(
            name, beside
        ),
        way,
    )


def _source_of(name: str) -> str:
    """Return what the live route-map of a planned name is called in messages."""
    return "route-map {0}".format(name)
