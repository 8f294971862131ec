# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of ``edge_allocation_file``: one line per service, sorted, so that branches of a repository merge well.

It is a valid inventory of one variable, because Ansible reads every file of a folder that is given with ``-i``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from ...module_utils._errors import EdgeError
from .._addressing.addresses import Address, parse_address

VARIABLE = "edge_plan_allocations"
"""The variable that holds the map; nothing reads it as a variable."""

HEAD = (
    "# Planned addresses, kept by hybridnet.cluster_edge: commit it. A line that is deleted is planned anew.\n"
    "all:\n"
    "  vars:\n"
    f"    {VARIABLE}:"
)

_KEY = re.compile(r"[^/\s]+/[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z]([-a-z0-9]*[a-z0-9])?")
_MARKER = re.compile(r"(<{7} |={7}$|>{7} |\|{7} )")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where there is one: ten times as quick."""

Allocations = dict[str, tuple[Address, ...]]
"""``cluster/namespace/name`` -> its planned addresses."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the text cannot be used."""

    line: int
    """From 1; 0 = the file as a whole."""
    problem: str
    hint: str | None = None


def format_allocations(allocations: Mapping[str, Sequence[str]]) -> str:
    """Return the text of the file: the same bytes for the same allocations."""
    lines = [f"      {key}: {json.dumps(list(allocations[key]))}\n" for key in sorted(allocations)]
    return f"{HEAD}\n{''.join(lines)}" if lines else f"{HEAD} {{}}\n"


def parse_allocations(text: str) -> tuple[Allocations, list[Fault]]:
    """Return what the text of the file says, and what is wrong with it, all of it in one pass."""
    faults = [
        Fault(
            number,
            f"is a line of a merge that nobody finished: {line[:20]!r}",
            "keep the lines of both sides, without the markers",
        )
        for number, line in enumerate(text.splitlines(), 1)
        if _MARKER.match(line)
    ]
    if faults:
        return {}, faults
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be read"
        return {}, [Fault(mark.line + 1 if mark else 0, f"is not YAML: {problem}", "mend it, or take the last commit")]
    found: Allocations = {}
    if node is None:
        return found, []
    entries = _entries(node)
    if entries is None:
        shape = f"all: {{vars: {{{VARIABLE}: {{CLUSTER/NAMESPACE/NAME: [ADDRESS]}}}}}}"
        return {}, [Fault(node.start_mark.line + 1, "is not a file of planned addresses", f"its form is {shape}")]
    lines: dict[str, int] = {}
    for key, value in entries:
        faults += _read(key, value, found, lines)
    return found, faults


def _entries(node: Any) -> list[tuple[Any, Any]] | None:
    """Return the nodes of keys and values of the map; None where the text has another shape."""
    for name in ("all", "vars", VARIABLE):
        if not isinstance(node, yaml.MappingNode) or [key.value for key, _value in node.value] != [name]:
            return None
        node = node.value[0][1]
    if isinstance(node, yaml.ScalarNode) and not node.value:
        return []
    return list(node.value) if isinstance(node, yaml.MappingNode) else None


def _read(key: Any, value: Any, found: Allocations, lines: dict[str, int]) -> Iterator[Fault]:
    """Read one entry into ``found``, or yield what is wrong with it."""
    line = key.start_mark.line + 1
    name = key.value if isinstance(key, yaml.ScalarNode) else ""
    if not _KEY.fullmatch(name):
        yield Fault(line, f"{name!r} is not a service", "write CLUSTER/NAMESPACE/NAME: [ADDRESS]")
        return
    if name in lines:
        yield Fault(line, f"{name} stands in line {lines[name]} too", "keep the line whose addresses it has")
        return
    lines[name] = line
    items = value.value if isinstance(value, yaml.SequenceNode) else [value]
    addresses = []
    for item in items:
        try:
            addresses.append(parse_address(item.value if isinstance(item, yaml.ScalarNode) else [], ""))
        except EdgeError as error:
            yield Fault(line, f"{name}: {error.problem}", error.hint)
            return
    families = [address.family for address in addresses]
    if not addresses or len(families) != len(set(families)):
        yield Fault(line, f"{name} has {len(addresses)} addresses", "it has one of each of its families")
        return
    found[name] = tuple(sorted(addresses))
