# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR configuration that is not ours: which of it a change would lose, and which appeared meanwhile.

A block is a top-level line with the lines inside it (``router ospf``, ``interface eth0``, ``ip route ...``).
Its name is its first line. The BGP instance of the default VRF and the lists and route-maps that only it uses are ours.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, Iterator, List, Set, Tuple

from . import config as frr
from .shown import as_shown
from .spelling import canonical

Blocks = Dict[str, Tuple[str, ...]]
"""Block name -> its lines, without the first one; both as FRR shows them (:func:`shown.as_shown`)."""

NOT_CONFIGURATION = (
    "^(frr |hostname |domainname |(no )?(log|service|debug) |username [^ ]+ nopassword$|line vty$|end$|exit"
    "|(no )?(ip|ipv6) forwarding$|Building configuration|Current configuration)"
)
"""Lines that FRR writes by itself, or that decide nothing about packets: names, logs, and the kernel's forwarding.

``service`` and ``username`` are those of vtysh.conf, which FRR shows among the rest. An extended regular expression of
Python and awk: the boot hook of ``module_utils/_router`` skips the same lines.
"""

EMPTY_BLOCKS = ("interface ", "vrf ", "line ")
"""Blocks that FRR shows for what the kernel has, without a line of configuration in them."""

_Part = Tuple[str, Tuple[str, ...], List[str]]
"""Name of a block, its inner lines in normal form, and its lines as they stand."""


def blocks(text: str, ours: Set[frr.Key]) -> Blocks:
    """Return the blocks of a configuration whose object is not in ``ours``, as FRR shows them.

    Args:
        text: a file, or the output of ``show running-config``.
        ours: keys of the objects that a transaction replaces (:func:`config.scope`).
    """
    return _joined(as_shown((name, inner) for name, inner, _lines in _each_block(text, ours) if name))


def _joined(parts: Iterable[Tuple[str, Tuple[str, ...]]]) -> Blocks:
    """Return blocks by name; a text may have a block in several parts."""
    result: Blocks = {}
    for name, inner in parts:
        result[name] = result.get(name, ()) + inner
    return result


def _each_block(text: str, ours: Set[frr.Key]) -> Iterator[_Part]:
    """Yield name, inner lines and lines as they stand, of each block; one that is ours or says nothing has no name."""
    lines = frr.split_lines(text)
    for block in frr.parse(text).blocks:
        there = lines[block.first : block.last]
        said = [" ".join(line.split()) for line in there]
        said = [line for line in said if line and line[0] not in "!#"]
        if block.key in ours or not said or re.match(NOT_CONFIGURATION, said[0]):
            yield "", (), there
            continue
        kind = block.key.kind if block.key else said[0]
        inner = tuple(canonical(line, kind) for line in said[1:] if not line.startswith("exit"))
        yield ("" if not inner and said[0].startswith(EMPTY_BLOCKS) else said[0]), inner, there


def with_additions(before: str, now: str, ours: Set[frr.Key]) -> str:
    """Return the configuration ``before`` with what others have added to it in ``now``.

    A block of theirs that ``before`` lacks is added; one that has all of its old lines and more is taken as it is now.
    One that lost a line stays as it was ``before``.

    Args:
        before: a running configuration.
        now: what runs now.
        ours: keys of the objects that a transaction replaces; of them ``before`` holds.
    """
    # Both ran: FRR spelled both, and the names are those of the lines as they stand.
    there, here = list(_each_block(before, ours)), list(_each_block(now, ours))
    old, new = (_joined((name, inner) for name, inner, _lines in parts if name) for parts in (there, here))
    grown = {
        name
        for name, inner in new.items()
        if missing({name: inner}, old) and not missing({name: old.get(name, ())}, new)
    }
    if not grown:
        return before
    kept = [line for name, _inner, lines in there if name not in grown for line in lines]
    added = [line for name, _inner, lines in here if name in grown for line in ("!", *lines)]
    return "\n".join([*kept, *added, "!"]) + "\n"


def missing(before: Blocks, after: Blocks, but: Iterable[str] = ()) -> List[str]:
    """Return the lines of ``before`` that ``after`` lacks, each as ``block`` or ``block: line``, without secrets.

    Args:
        before: the blocks that must stay.
        after: the blocks that are there.
        but: names of blocks that may go, without secrets: as this function shows them.
    """
    allowed = set(but)
    result = []
    for name, inner in sorted(before.items()):
        shown = frr.mask(name)
        if shown in allowed:
            continue
        if name not in after:
            result.extend([shown] if not inner else ["{0}: {1}".format(shown, frr.mask(line)) for line in inner])
            continue
        there = set(after[name])
        result.extend("{0}: {1}".format(shown, frr.mask(line)) for line in inner if line not in there)
    return result


def names_of_missing(before: Blocks, after: Blocks, but: Iterable[str] = ()) -> List[str]:
    """Return the names of the blocks of which :func:`missing` tells a line, as a consent to their loss names them.

    Args:
        before: the blocks that must stay.
        after: the blocks that are there.
        but: names of blocks that may go, without secrets.
    """
    allowed = set(but)
    return sorted({frr.mask(name) for name in before if missing({name: before[name]}, after, allowed)})
