# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm values: read at a path, taken for true or false, and written so that they can be pasted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")


def value_at(values: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path; None where it is absent."""
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def truth(value: Any) -> bool | None:
    """Return whether a value is true or false; None where it is neither, as one that is not there.

    A chart hands what its templates do not read to a program as text, which takes ``true`` and ``1`` for one (Go,
    ``strconv.ParseBool``).
    """
    text = str(value)
    if isinstance(value, (bool, int, str)) and text in (*_TRUE, *_FALSE):
        return text in _TRUE
    return None


def is_true(values: Mapping[str, Any], path: str) -> bool:
    """Return whether the value at a dotted path is true; one that is not there is not."""
    return truth(value_at(values, path)) is True


def is_false(values: Mapping[str, Any], path: str) -> bool:
    """Return whether the value at a dotted path is false; one that is not there is not."""
    return truth(value_at(values, path)) is False


def nested(path: str, value: Any) -> dict[str, Any]:
    """Return a value at its dotted path, as maps in maps."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)


def as_written(path: str, value: Any) -> str:
    """Return a value as a line of YAML that can be pasted among values: for Helm a name with dots is another name.

    Args:
        path: dotted, such as ``bpf.masquerade``.
        value: what JSON can say.
    """
    return in_maps(path, json.dumps(value))


def all_as_written(values: Mapping[str, Any]) -> str:
    """Return several values by path, in one text: each name of the first level once, as YAML takes no second one."""
    found: dict[str, Any] = {}
    for path, value in values.items():
        *above, last = path.split(".")
        place = found
        for name in above:
            place = place.setdefault(name, {})
        place[last] = value
    return ", ".join(f"{name}: {_flow(value)}" for name, value in found.items())


def _flow(value: Any) -> str:
    """Return maps in one line, without quotes around their names."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {_flow(item)}' for name, item in value.items())}}}"
    return json.dumps(value)


def in_maps(path: str, text: str) -> str:
    """Return a text in the place of the value at a dotted path, as :func:`as_written` writes the path."""
    names = path.split(".")
    return f"{': {'.join(names)}: {text}{'}' * (len(names) - 1)}"
