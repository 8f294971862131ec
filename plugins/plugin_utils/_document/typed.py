# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether data is what a TypedDict says: each key with its type and words, which no type checker sees in a file."""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any, Union

LONGEST = 40
"""How many characters of a value are shown."""


def misfits(value: object, kind: Any, path: str = "$", unknown: bool = False) -> list[str]:
    """Return where ``value`` is not of type ``kind``, each as ``path: what is wrong``.

    Args:
        value: JSON as Python has it.
        kind: its type.
        path: its place.
        unknown: whether a record may hold keys that its type does not name.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return []
    if origin is Annotated:
        words = kind.__metadata__[1] if len(kind.__metadata__) > 1 else ()
        if words and value is not None and value not in words:
            return [f"{path}: {value!r} is none of {', '.join(words)}"]
        return misfits(value, arguments[0], path, unknown)
    if typing.is_typeddict(kind):
        return _of_record(value, kind, path, unknown)
    if origin in (Union, types.UnionType):
        tried = [misfits(value, member, path, unknown) for member in arguments]
        return [] if [] in tried else max(tried, key=lambda found: max(text.index(":") for text in found))
    if origin is list and isinstance(value, list):
        return [
            text
            for index, item in enumerate(value)
            for text in misfits(item, arguments[0], f"{path}[{index}]", unknown)
        ]
    if origin is dict and isinstance(value, dict):
        keys = [text for key in value for text in misfits(key, arguments[0], f"{path} key {key!r}")]
        return keys + [
            text for key, item in value.items() for text in misfits(item, arguments[1], f"{path}.{key}", unknown)
        ]
    if isinstance(value, origin or kind) and not (kind is int and isinstance(value, bool)):
        return []
    return [f"{path}: {_short(value)} is no {kind if origin else kind.__name__}"]


def _of_record(value: object, kind: Any, path: str, unknown: bool) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {_short(value)} is no {kind.__name__}"]
    hints = typing.get_type_hints(kind, include_extras=True)
    found = [f"{path}: without {key}" for key in sorted(kind.__required_keys__ - value.keys())]
    if not unknown:
        found += [f"{path}: {key} is no key of {kind.__name__}" for key in sorted(value.keys() - hints.keys())]
    return found + [
        text for key in hints if key in value for text in misfits(value[key], hints[key], f"{path}.{key}", unknown)
    ]


def _short(value: object) -> str:
    """Return a value as it is shown; a long one by its type alone."""
    text = repr(value)
    return text if len(text) <= LONGEST else type(value).__name__
