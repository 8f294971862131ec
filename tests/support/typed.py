# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether data is what a TypedDict says: every key, no other, each of its type and words, which no type checker sees."""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any, Union


def misfits(value: object, kind: Any, path: str = "$") -> list[str]:
    """Return where ``value`` is not of type ``kind``, each as ``path: what is wrong``."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return []
    if origin is Annotated:
        words = kind.__metadata__[1] if len(kind.__metadata__) > 1 else ()
        if words and value is not None and value not in words:
            return [f"{path}: {value!r} is none of {', '.join(words)}"]
        return misfits(value, arguments[0], path)
    if typing.is_typeddict(kind):
        return _of_record(value, kind, path)
    if origin in (Union, types.UnionType):
        tried = [misfits(value, member, path) for member in arguments]
        return [] if [] in tried else max(tried, key=lambda found: max(text.index(":") for text in found))
    if origin is list and isinstance(value, list):
        return [text for index, item in enumerate(value) for text in misfits(item, arguments[0], f"{path}[{index}]")]
    if origin is dict and isinstance(value, dict):
        keys = [text for key in value for text in misfits(key, arguments[0], f"{path} key {key!r}")]
        return keys + [text for key, item in value.items() for text in misfits(item, arguments[1], f"{path}.{key}")]
    if isinstance(value, origin or kind) and not (kind is int and isinstance(value, bool)):
        return []
    return [f"{path}: {type(value).__name__} is no {kind if origin else kind.__name__}"]


def _of_record(value: object, kind: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {type(value).__name__} is no {kind.__name__}"]
    hints = typing.get_type_hints(kind, include_extras=True)
    found = [f"{path}: without {key}" for key in sorted(kind.__required_keys__ - value.keys())]
    found += [f"{path}: {key} is no key of {kind.__name__}" for key in sorted(value.keys() - hints.keys())]
    return found + [
        text for key in hints.keys() & value.keys() for text in misfits(value[key], hints[key], f"{path}.{key}")
    ]
