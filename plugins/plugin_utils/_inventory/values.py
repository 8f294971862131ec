# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the first pass hands to the second: values by key, defaults filled in, and where each entry was written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .reported import Reported

UNMADE = object()
"""Stands for a default that was not read yet, or that each reader gets made anew."""


class HasDefault(Protocol):
    """What a key of the table is to its values."""

    @property
    def constant(self) -> Any:
        """The value where the key is not written, or ``UNMADE``: then ``value`` has it."""

    @property
    def value(self) -> Any:
        """The value where the key is not written."""


class Values(dict[str, Any]):
    """The values of a record's keys, or of a host's variables, as they were read.

    ``values[key]`` is what was written, else the default of the table of keys. ``key in values`` says whether it was
    written: what is inherited or derived needs to know. A name that the table does not have raises ``KeyError``.
    Iteration and ``items()`` see only what was written.
    """

    __slots__ = ("_keys",)

    get = None  # type: ignore[assignment]
    """Taken away: it would pass over the default."""

    def __init__(self, written: Mapping[str, Any], keys: Mapping[str, HasDefault]) -> None:
        """Take what was written, by key, and the keys that may stand there."""
        super().__init__(written)
        self._keys = keys

    def __missing__(self, name: str) -> Any:
        key = self._keys[name]
        value = key.constant
        return key.value if value is UNMADE else value

    @property
    def known(self) -> Collection[str]:
        """The names of the keys that may stand there."""
        return self._keys.keys()

    def over(self, inherited: Mapping[str, Any] | None) -> Values:
        """Return the same record with ``inherited`` standing in for keys that were not written."""
        return Values({**inherited, **self}, self._keys) if inherited else self


@dataclass(frozen=True, slots=True)
class Item:
    """A parsed value with the place that it was written in; its keys are read as those of :class:`Values`."""

    path: str
    value: Any
    raw: Any = None

    def __contains__(self, key: str) -> bool:
        return key in self.value

    def __getitem__(self, key: str) -> Any:
        return self.value[key]

    def at(self, key: str, index: int | None = None) -> str:
        """Return the path of one of its keys, and of one entry where the key holds a list with brackets."""
        path = f"{self.path}.{key}"
        if index is None or not isinstance(self.raw, Mapping):
            return path
        return f"{path}[{index}]" if isinstance(self.raw.get(key), (list, tuple)) else path


class Items(dict[str, Item]):
    """The entries of one map, and which of them were reported and are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.reported: Reported[str] = Reported()
