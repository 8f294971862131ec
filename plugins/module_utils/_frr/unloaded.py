# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of frr.conf in our objects that neither run nor are planned: somebody wrote them, and FRR has not read them.

The file becomes the planned one in the end, but no such line goes without a word, and none in the expand stage.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import re
from typing import List, Match, NamedTuple, Tuple

from . import config as frr
from .expand import expand, instance_as_shown, subject_of
from .foreign import Blocks
from .passing import BINDING
from .shown import as_shown


class Unloaded(NamedTuple):
    """Such lines, by their objects."""

    kept: frr.Objects
    """They stay in the file."""
    dropped: frr.Objects
    """The new file lacks them."""
    whole: frr.Objects
    """Our objects as frr.conf has them, with all lines."""


def sort_out(found: frr.Objects, live: frr.Objects, target: frr.Objects, keeps: bool) -> Unloaded:
    """Return the lines of frr.conf that neither run nor are planned.

    Args:
        found: our objects as frr.conf has them.
        live: our objects as they run.
        target: our objects as they are to run.
        keeps: whether those stay that can stand beside the target.
    """
    more: frr.Objects = {}
    for key, lines in found.items():
        others = (live.get(key, ()), target.get(key, ()))
        known = {_UNSAID, *(line for some in others for line in (*some, *_spelled(key, some)))}
        spelled = _spelled(key, lines)
        left = tuple(line for at, line in enumerate(lines) if not {line, spelled[at]} & known)
        if left:
            more[key] = left
    kept = _beside(found, more, target) if keeps and more else {}
    return Unloaded(kept, _without(more, kept), found)


_UNSAID: frr.Line = ("", "")
"""In place of a line that FRR does not show, because another one says the same."""


def _spelled(key: frr.Key, lines: Tuple[frr.Line, ...]) -> List[frr.Line]:
    """Return each line of an object as FRR shows it, or :data:`_UNSAID`.

    A member's ``activate`` and ``remote-as`` are not shown where its group says the same. A route-map's ``continue`` is
    shown as ``on-match`` (lib/routemap_cli.c).
    """
    if key.kind == "route-map":
        return [(context, _CONTINUE.sub(_on_match, text)) for context, text in lines]
    if key != frr.BGP:
        head = " ".join(key) + " "
        return [("", name[len(head) :]) for name, _inner in as_shown((head + text, ()) for _context, text in lines)]
    group_of, there = frr.Instance(lines).group_of, set(lines)
    said = set(instance_as_shown(lines))
    result: List[frr.Line] = []
    for line in lines:
        found = _REMOTE_AS.match(line[1])
        group = group_of.get(found.group(1), "") if found else ""
        of_group = found and group and ("", "neighbor {0} remote-as {1}".format(group, found.group(2))) in there
        result.append(line if line in said and not of_group else _UNSAID)
    return result


def _on_match(found: Match[str]) -> str:
    return "on-match goto {0}".format(found.group(1)) if found.group(1) else "on-match next"


_CONTINUE = re.compile(r"^continue(?: (\d+))?$")
_REMOTE_AS = re.compile(r"^neighbor (\S+) remote-as (\S+)$")


def _beside(found: frr.Objects, more: frr.Objects, target: frr.Objects) -> frr.Objects:
    """Return those of the lines ``more`` that can stand in frr.conf beside the target.

    A line that sets what the target sets otherwise cannot: FRR has one value, and one entry of a number. An object that
    nothing in the file refers to then cannot either: it would be nobody's in the next run.
    """
    result: frr.Objects = {}
    for key, lines in more.items():
        if key not in target:
            left = lines
        elif key == frr.BGP:
            left = _of_instance(found[key], lines, target[key])
        else:
            taken = {_slot(line) for line in target[key]}
            left = tuple(line for line in lines if _slot(line) not in taken)
        if left:
            result[key] = left
    used = frr.reachable(united_with(target, result))
    return {key: lines for key, lines in result.items() if key in used or key in target}


def _of_instance(
    found: Tuple[frr.Line, ...], more: Tuple[frr.Line, ...], target: Tuple[frr.Line, ...]
) -> Tuple[frr.Line, ...]:
    """Return those of the lines ``more`` of the BGP instance ``found`` that can stand beside the target's.

    One that takes back what the target says, or sets it otherwise, cannot. A filter of a neighbor that the target has
    cannot either: its filters are the plan's.
    """
    said = {(context, subject_of(text)) for context, text in target}
    subjects = set(frr.Instance(target).subjects)
    without_filters = [tuple(line for line in lines if not BINDING.match(line[1])) for lines in (found, target)]
    united = set(expand({frr.BGP: without_filters[0]}, {frr.BGP: without_filters[1]})[frr.BGP])
    result = []
    for line in more:
        binding = BINDING.match(line[1])
        stays = binding.group(1) not in subjects if binding else line in united
        if stays and (line[0], subject_of(line[1])) not in said:
            result.append(line)
    return tuple(result)


def _slot(line: frr.Line) -> str:
    """Return the place in a list or a route-map that a line takes: FRR has one entry of each number."""
    context, text = line
    if context:
        return context.split()[-1]
    return text.split()[1] if text.startswith("seq ") else text.split()[0] if text.startswith("description ") else text


def _without(objects: frr.Objects, less: frr.Objects) -> frr.Objects:
    """Return the lines of ``objects`` that are not in ``less``."""
    result = {key: tuple(line for line in lines if line not in less.get(key, ())) for key, lines in objects.items()}
    return {key: lines for key, lines in result.items() if lines}


def united_with(objects: frr.Objects, more: frr.Objects) -> frr.Objects:
    """Return objects with further lines at their ends; a BGP instance keeps its AS number."""
    result = dict(objects)
    for key, lines in more.items():
        there = objects.get(key, ())
        result[key] = there + tuple(line for line in lines if not (there and line == lines[0] and is_header(key, line)))
    return result


def beside_running(live: frr.Objects, these: Unloaded) -> frr.Objects:
    """Return our objects as they run, with the unloaded lines of frr.conf beside them."""
    result = dict(live)
    if frr.BGP not in live and frr.BGP in {**these.kept, **these.dropped}:
        result[frr.BGP] = these.whole[frr.BGP][:1]
    return united_with(united_with(result, these.kept), these.dropped)


def is_header(key: frr.Key, line: frr.Line) -> bool:
    """Return whether a line is the first one of the BGP instance, with its AS number."""
    return key == frr.BGP and not line[0] and line[1].startswith("router bgp ")


def title(key: frr.Key, lines: Tuple[frr.Line, ...]) -> str:
    """Return what an object is called in a message and in a consent; ``lines`` are all of it."""
    return lines[0][1] if key == frr.BGP else " ".join(key)


def told(some: frr.Objects, whole: frr.Objects) -> List[str]:
    """Return lines as ``object: line``, without secrets.

    Args:
        some: the lines.
        whole: the objects that they are of, with all lines.
    """
    result = []
    for key, lines in frr.ordered(some).items():
        name = title(key, whole[key])
        for line in lines:
            said = line[1] or line[0]
            result.append(name if is_header(key, line) else "{0}: {1}".format(name, frr.mask(said)))
    return result


def as_blocks(objects: frr.Objects) -> Blocks:
    """Return objects as blocks of their lines, by their titles."""
    return {
        title(key, lines): tuple(text or context for context, text in lines if not is_header(key, (context, text)))
        for key, lines in objects.items()
    }
