# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decode what an API server answers, as deep as programs write it.

``metadata.managedFields`` holds whatever its writer likes: the API server takes JSON of 10000 levels there (measured on
kube-apiserver 1.36.4). Python's decoder, and each walk through an object after it, ends with a RecursionError before.
"""

from __future__ import annotations

import json
import re
from typing import Any, List, Tuple

DEEPEST = 100
"""Levels of JSON that are read. A schema of Cilium's kinds, the deepest of all that is read, has some 30."""

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{\]}]', re.DOTALL)
"""A text in JSON, or what begins or ends a level."""


def decoded(content: bytes) -> Tuple[Any, List[str]]:
    """Return an answer, and the objects that were not read whole as ``namespace/name``.

    A list or map below level :data:`DEEPEST` is empty.

    Args:
        content: JSON.

    Raises:
        ValueError: it is none.
    """
    try:
        found = json.loads(content)
        if not _is_deeper(found, DEEPEST):
            return found, []
    except RecursionError:
        pass
    found = json.loads(_cut(content))
    items = found.get("items") if isinstance(found, dict) else None
    if not isinstance(items, list):
        return found, [_name(found)]
    # Of a list, the answer itself and its items are two levels.
    return found, [_name(item) for item in items if _is_deeper(item, DEEPEST - 2)]


def _is_deeper(value: Any, levels: int) -> bool:
    """Return whether a value has more than so many levels of lists and maps. No call is nested."""
    level = [value]
    for _number in range(levels + 1):
        level = [item for item in level if isinstance(item, (dict, list))]
        if not level:
            return False
        level = [below for item in level for below in (item.values() if isinstance(item, dict) else item)]
    return True


def _cut(content: bytes) -> bytes:
    """Return JSON in which each list and map below level :data:`DEEPEST` is empty."""
    kept, depth, start = [], 0, 0
    for token in _TOKEN.finditer(content):
        letter = token.group()
        if letter in (b"[", b"{"):
            depth += 1
            if depth == DEEPEST + 1:
                kept.append(content[start : token.end()])
        elif letter in (b"]", b"}"):
            if depth == DEEPEST + 1:
                start = token.start()
            depth -= 1
    return b"".join([*kept, content[start:]])


def _name(item: Any) -> str:
    """Return how an object is named; an answer that is none has no name."""
    metadata = item.get("metadata") if isinstance(item, dict) else None
    names = [metadata.get(part) for part in ("namespace", "name")] if isinstance(metadata, dict) else []
    return "/".join(str(name) for name in names if name) or "the answer"
