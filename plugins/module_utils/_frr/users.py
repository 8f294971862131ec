# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists and route-maps that a plan changes and that something else on the router uses under the same name.

Such are another VRF's BGP, OSPF, ``ip protocol``, and every line that this library does not read. One that names a list
which is not there yet would get it, and counts as well.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import re
from typing import Container, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from .._errors import EdgeError
from .config import BGP, Config, Key, Objects, mask, means, named_by, references, same_object, split_lines
from .foreign import NOT_CONFIGURATION


class Use(NamedTuple):
    """An object of the plan, and what uses it already."""

    key: Key
    line: str
    """The line that names it, or names what names it: ``block: line``, without secrets."""


def shared_names(config: Config, wanted: Iterable[Objects], consent: Container[str]) -> Optional[EdgeError]:
    """Return why a change would decide for something else on the router too, with the line that it would decide for.

    Args:
        config: what runs, or a file.
        wanted: our objects as they are to run, in each stage.
        consent: names of objects that may do so, such as ``route-map K8S``.
    """
    uses = {use.key: use for objects in wanted for use in used_otherwise(config, objects)}
    names = [" ".join(key) for key in uses if " ".join(key) not in consent]
    if not names:
        return None
    first = next(use for use in uses.values() if " ".join(use.key) == names[0])
    return EdgeError(
        names[0],
        "'{0}' on the router uses it too, and the plan fills {1} otherwise, so the change would decide there as well;"
        " nothing was changed".format(first.line, " and ".join(names)),
        "give it another name on the router, or the peering another one (names.peer_group), and run again; or let the"
        " plan decide there too, by name (lines of it that only run may go): edge_router_take_over: {0}".format(names),
    )


def used_otherwise(config: Config, target: Objects) -> List[Use]:
    """Return the objects that differ from the target's and that a line which is not ours uses, in the plan's order.

    A line uses what it names, and what that names in turn. The BGP instance of the default VRF is ours.

    Args:
        config: what runs, or a file.
        target: our objects as they are to run.
    """
    changed = [key for key, lines in target.items() if key != BGP and set(lines) != _lines_of(config.objects, key)]
    if not changed:
        return []
    known = _by_name([*config.objects, *changed])
    found: Dict[Key, str] = {}
    reached: Set[Key] = set()
    for line, names in _lines_of_others(config):
        open_ = [key for name in names for key in known.get(name.name, ()) if means(name, key)]
        while open_:
            key = open_.pop()
            if key in reached or key == BGP:
                continue
            reached.add(key)
            for other in changed:
                if same_object(other, key):
                    found.setdefault(other, line)
            for wanted in references(key, config.objects.get(key, ())):
                open_.extend(other for other in known.get(wanted.name, ()) if same_object(other, wanted))
    return [Use(key, found[key]) for key in changed if key in found]


def _lines_of(objects: Objects, wanted: Key) -> Set[Tuple[str, str]]:
    """Return the lines of an object, whose kind versions of FRR spell differently."""
    return {line for key, lines in objects.items() if same_object(key, wanted) for line in lines}


def _by_name(keys: List[Key]) -> Dict[str, List[Key]]:
    """Return objects by their names without their kinds."""
    result: Dict[str, List[Key]] = {}
    for key in dict.fromkeys(keys):
        result.setdefault(key.name, []).append(key)
    return result


def _lines_of_others(config: Config) -> Iterator[Tuple[str, Set[Key]]]:
    """Yield each line that is of none of our objects as ``block: line``, with the names that it may use."""
    lines = split_lines(config.text)
    for block in config.blocks:
        if block.key is not None:
            continue
        said = [" ".join(line.split()) for line in lines[block.first : block.last]]
        said = [line for line in said if line and line[0] not in "!#"]
        if not said or re.match(NOT_CONFIGURATION, said[0]):
            continue
        for number, line in enumerate(said):
            yield mask("{0}: {1}".format(said[0], line) if number else line), named_by(line)
