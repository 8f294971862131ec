# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a peer group said for neighbors that leave it, as lines of their own until the contract stage.

Else a member would lose at once what the same lines on the neighbor itself keep: a family, a default route,
``allowas-in``. Dynamic neighbors have no lines of their own: there the new group gets them.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, NamedTuple, Sequence, Set, Tuple

from .._errors import EdgeError
from .config import Instance, Line
from .passing import BOUND, Passing, ranges
from .union import Filter

SESSION_KEY = re.compile(
    r"^(?:password|timers|ebgp-multihop|ttl-security|port|update-source|remote-as|shutdown|passive|local-as|bfd"
    r"|interface|capability|disable-connected-check)\b"
)
"""What follows the name in a line that the plan decides, also by leaving it out."""

NEIGHBOR = re.compile(r"^(?P<no>no )?neighbor (?P<name>\S+) (?P<rest>.+)$")
"""A line of a neighbor or group."""


class _Said(NamedTuple):
    """A line of a neighbor or group, in parts."""

    context: str
    no: str
    """``no `` where it takes something back, else empty."""
    rest: str
    """What follows the name."""

    @property
    def subject(self) -> Tuple[str, str]:
        """Return what the line sets: two lines of one subject do not hold beside each other."""
        found = BOUND.match(self.rest)
        if found:
            return self.context, "{0} {1}".format(found.group(1), found.group(3))
        # Each kind of communities has its line.
        return self.context, self.rest if self.rest.startswith("send-community") else self.rest.split()[0]


def inherited(passing: Passing, planned: Tuple[Line, ...]) -> List[Line]:
    """Return what groups say that planned neighbors leave, as lines of the neighbor or of the new group.

    Left out is what the neighbor says itself, what its planned group says, and what the plan decides
    (:data:`SESSION_KEY`).

    Args:
        passing: the instance that runs.
        planned: the planned one.

    Raises:
        EdgeError: neighbors of one planned group would need two filters in a family that the plan lacks.
    """
    instance = Instance(planned)
    left = passing.left_groups(instance, ranges(planned).values())
    if not left:
        return []
    live, wanted = _by_name(passing.lines), _by_name(planned)
    result: List[Line] = []
    for name, groups in left.items():
        owners = (name, instance.group_of.get(name, ""))
        taken = {said.subject for who in owners for said in wanted.get(who, ())}
        taken.update(said.subject for said in live.get(name, ()))
        families = {said.context for group in groups for said in live.get(group, ()) if said.context}
        if not passing.is_neighbor(name):
            here = {said.context for who in owners for said in wanted.get(who, ())}
            _refuse_two_filters(passing, name, groups, sorted(families - here))
        for group in groups:
            result.extend(_taken_along(passing, name, group, live.get(group, ()), taken))
    return result


def _by_name(lines: Iterable[Line]) -> Dict[str, List[_Said]]:
    """Return the lines of each neighbor and group."""
    result: Dict[str, List[_Said]] = {}
    for context, text in lines:
        found = NEIGHBOR.match(text)
        if found:
            result.setdefault(found.group("name"), []).append(
                _Said(context, found.group("no") or "", found.group("rest"))
            )
    return result


def _taken_along(
    passing: Passing, name: str, group: str, said: Iterable[_Said], taken: Set[Tuple[str, str]]
) -> List[Line]:
    """Return what one old group says, as lines of ``name``; their subjects are in ``taken`` afterwards."""
    who = name if passing.is_neighbor(name) else group
    result: List[Line] = []
    subjects = set()
    for one in said:
        if one.subject in taken or SESSION_KEY.match(one.rest) or one.rest.split()[0] in ("peer-group", "description"):
            continue
        if one.context and not passing.is_active(who, one.context):
            continue
        result.append((one.context, "{0}neighbor {1} {2}".format(one.no, name, one.rest)))
        subjects.add(one.subject)
    taken.update(subjects)
    return result


def _refuse_two_filters(passing: Passing, name: str, groups: Sequence[str], families: Iterable[str]) -> None:
    """Raise if a planned group would need more than one filter in a family that the plan does not have.

    Args:
        passing: the instance that runs.
        name: of the planned group, to which dynamic neighbors of other groups come.
        groups: these groups.
        families: the families.

    Raises:
        EdgeError: it would.
    """
    for context in families:
        whose = [one for one in (*groups, name) if passing.is_active(one, context)]
        for direction in ("in", "out"):
            filters: Dict[Tuple[object, object], Filter] = {}
            for one in (passing.filter(who, context, direction) for who in whose):
                if one:
                    filters.setdefault((one.gates, one.entries), one)
            if len(filters) > 1:
                sources = sorted(one.source for one in filters.values())
                raise EdgeError(
                    sources[0],
                    "until the cluster has changed, neighbor {0} must let pass in {1} what {2} let pass, and the plan"
                    " has no filter there that could become all of it; nothing was changed".format(
                        name, context, " and ".join(sources)
                    ),
                    "bind one filter to all of them on the router, or plan this family for the peering, and run again",
                )
