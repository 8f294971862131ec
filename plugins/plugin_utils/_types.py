# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types that inventory keys take: each reads one value, reports what is wrong with it, and names itself.

A type never raises for bad input and never guesses: it reports a finding and returns ``INVALID``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..module_utils._errors import EdgeError
from ._findings import Report, did_you_mean, one_of


class _Invalid:
    def __repr__(self) -> str:
        return "INVALID"


INVALID: Final = _Invalid()
"""What a type returns for a value that it reported."""


def describe(value: object) -> str:
    """Return ``value`` as an error names it: its kind and, where it is short, itself."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 60 else f"the text {value[:57]!r}..."
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, (list, tuple)):
        return "a list"
    return f"a {type(value).__name__}"


class ValueType(ABC):
    """One type of value."""

    label: str
    """Its name in the documentation."""
    argument_type: str = "raw"
    """Its type in a role's argument_specs."""

    @abstractmethod
    def parse(self, value: object, path: str, report: Report) -> Any:
        """Return the value's canonical form, or report and return ``INVALID``."""


class Anything(ValueType):
    """A value that is passed on or only counted."""

    label = "any"

    def parse(self, value: object, path: str, report: Report) -> Any:
        return value


class Text(ValueType):
    """A line of text, optionally of a certain form."""

    label = "text"
    argument_type = "str"

    def __init__(
        self, label: str | None = None, pattern: str | None = None, rule: str = "", code: str = "EDGE103"
    ) -> None:
        self.label = label or self.label
        self._pattern = re.compile(pattern) if pattern else None
        self._rule = rule
        self._code = code

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, (bool, int, float)):
            report.add(
                "EDGE106", path, f"is {describe(value)}, not text", "quote it, so that YAML leaves it as you wrote it"
            )
            return INVALID
        if not isinstance(value, str):
            report.add("EDGE102", path, f"must be text, not {describe(value)}")
            return INVALID
        if not value.isprintable():
            report.add("EDGE103", path, f"must be one line of printable text, not {value!r}")
            return INVALID
        if self._pattern is not None and not self._pattern.fullmatch(value):
            report.add(self._code, path, f"{value!r} is not {self._rule}")
            return INVALID
        return value


_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


class Name(ValueType):
    """A name that becomes part of object names: an RFC 1123 label of at most 40 characters, not ending in ``-v6``."""

    label = "name"
    argument_type = "str"

    def parse(self, value: object, path: str, report: Report) -> Any:
        text = Text().parse(value, path, report)
        if text is INVALID:
            return INVALID
        if not _NAME.fullmatch(text):
            report.add(
                "EDGE104",
                path,
                f"{text!r} is not a name",
                "lower-case letters, digits and hyphens, first and last a letter or digit (RFC 1123)",
            )
            return INVALID
        if len(text) > 40:
            report.add("EDGE104", path, f"{text!r} has {len(text)} characters", "a name has at most 40")
            return INVALID
        if text.endswith("-v6"):
            report.add("EDGE104", path, f"{text!r} ends in -v6", "the ending is reserved for the IPv6 half of a pair")
            return INVALID
        return text


class Integer(ValueType):
    """A whole number within bounds."""

    argument_type = "int"

    def __init__(self, low: int, high: int, unit: str = "") -> None:
        self.low, self.high = low, high
        self.label = f"int {low}..{high}" + (f" {unit}" if unit else "")

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, str) and re.fullmatch(r"0|[1-9][0-9]{0,18}", value):
            value = int(value)  # -e KEY=1 and templates give digits as text
        if isinstance(value, bool) or not isinstance(value, int):
            report.add("EDGE102", path, f"must be a whole number, not {describe(value)}")
            return INVALID
        if not self.low <= value <= self.high:
            report.add("EDGE103", path, f"{value} is out of range", f"{self.low} to {self.high}")
            return INVALID
        return int(value)


_RESERVED_ASN = {0: "RFC 7607", 23456: "RFC 6793", 65535: "RFC 7300", 4294967295: "RFC 7300"}
_DOCUMENTATION_ASN = (range(64496, 64512), range(65536, 65552))


class Asn(ValueType):
    """An AS number (RFC 6793); reserved ones are refused, those of RFC 5398 warn."""

    label = "int 1..4294967295"
    argument_type = "int"

    def parse(self, value: object, path: str, report: Report) -> Any:
        number = Integer(0, 4294967295).parse(value, path, report)
        if number is INVALID:
            return INVALID
        if number in _RESERVED_ASN:
            report.add(
                "EDGE301",
                path,
                f"AS {number} is reserved ({_RESERVED_ASN[number]})",
                "take a private one: 64512 to 65534, or 4200000000 to 4294967294",
            )
            return INVALID
        if any(number in numbers for numbers in _DOCUMENTATION_ASN):
            report.add(
                "EDGE302",
                path,
                f"AS {number} is reserved for documentation (RFC 5398)",
                "take a private one: 64512 to 65534, or 4200000000 to 4294967294",
            )
        return number


class Boolean(ValueType):
    """true or false."""

    label = "bool"
    argument_type = "bool"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if not isinstance(value, bool):
            report.add("EDGE102", path, f"must be true or false, not {describe(value)}")
            return INVALID
        return value


class Choice(ValueType):
    """One of a few words."""

    argument_type = "str"

    def __init__(self, *words: str) -> None:
        self.words = words
        self.label = " ".join(words)

    def parse(self, value: object, path: str, report: Report) -> Any:
        text = Text().parse(value, path, report)
        if text is INVALID:
            return INVALID
        if text not in self.words:
            close = did_you_mean(text, self.words)
            report.add("EDGE103", path, f"{text!r} is not one of its words", close or one_of(self.words))
            return INVALID
        return text


class Parsed(ValueType):
    """Text that another part of the library reads, such as an address, a CIDR, a pool entry or a selector."""

    argument_type = "str"

    def __init__(self, label: str, reader: Callable[[object, str], Any], code: str = "EDGE201") -> None:
        self.label = label
        self._reader = reader
        self._code = code

    def parse(self, value: object, path: str, report: Report) -> Any:
        try:
            return self._reader(value, path)
        except EdgeError as error:
            report.add_error(self._code, error)
            return INVALID


class ListOf(ValueType):
    """A list; a list of one may stand without brackets."""

    argument_type = "list"

    def __init__(self, item: ValueType, least: int = 0) -> None:
        self.item = item
        self._least = least
        self.label = f"list {item.label}"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, (list, tuple)):
            items = [self.item.parse(entry, f"{path}[{index}]", report) for index, entry in enumerate(value)]
        elif value is None:
            report.add(
                "EDGE102", path, f"must be a list of {self.item.label}, not empty", "leave the key out, or write []"
            )
            return INVALID
        else:
            items = [self.item.parse(value, path, report)]
        if any(item is INVALID for item in items):
            return INVALID
        if len(items) < self._least:
            report.add("EDGE103", path, "is an empty list", f"give at least {self._least}")
            return INVALID
        return tuple(items)


def key_text(key: object, path: str, report: Report) -> str | None:
    """Return a map's key as text: digits are read as their text, other YAML scalars are reported."""
    if isinstance(key, bool) or key is None or isinstance(key, float):
        report.add("EDGE106", path, f"has a key that is {describe(key)}, not text", "quote the key")
        return None
    if isinstance(key, int):
        return str(key)
    if not isinstance(key, str):
        report.add("EDGE102", path, f"has a key that is {describe(key)}, not text")
        return None
    return key


class MapOf(ValueType):
    """A map with free keys."""

    argument_type = "dict"

    def __init__(self, key: ValueType, value: ValueType) -> None:
        self.key, self.value = key, value
        self.label = f"map {key.label} → {value.label}"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if not isinstance(value, Mapping):
            report.add("EDGE102", path, f"must be a map, not {describe(value)}")
            return INVALID
        result: dict[str, Any] = {}
        valid = True
        for raw_key, entry in value.items():
            name = key_text(raw_key, path, report)
            if name is None:
                valid = False
                continue
            checked = self.key.parse(name, f"{path}.{name}", report)
            item = self.value.parse(entry, f"{path}.{name}", report)
            if checked is INVALID or item is INVALID:
                valid = False
                continue
            result[checked] = item
        return result if valid else INVALID


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the model: validation, argument_specs and the reference page come from it."""

    name: str
    type: ValueType
    text: str
    """Its meaning, one or two sentences."""
    default: str = "none"
    """Its default in words."""
    required: bool = False
    supported: bool = True
    """False: part of the model, refused by this version."""
    layered: bool = False
    """Top-level maps only: ``NAME__suffix`` adds to it."""
    children: tuple[Key, ...] = field(default=())
    """For documentation: the keys inside it."""


class Record(ValueType):
    """A map with known keys."""

    label = "map"
    argument_type = "dict"

    def __init__(self, keys: Sequence[Key]) -> None:
        self.keys = {key.name: key for key in keys}

    def parse(self, value: object, path: str, report: Report) -> Any:
        if value is None and not any(key.required for key in self.keys.values()):
            return {}
        if not isinstance(value, Mapping):
            report.add("EDGE102", path, f"must be a map with known keys, not {describe(value)}", self._known())
            return INVALID
        result: dict[str, Any] = {}
        valid = True
        for raw_key, entry in value.items():
            name = key_text(raw_key, path, report)
            if name is None:
                valid = False
                continue
            item = self.parse_key(name, entry, f"{path}.{name}", report)
            if item is INVALID:
                valid = False
            else:
                result[name] = item
        for key in self.keys.values():
            if key.required and key.name not in value:
                report.add("EDGE105", path, f"lacks the key {key.name!r}", key.text.rstrip("."))
                valid = False
        return result if valid else INVALID

    def parse_key(self, name: str, entry: object, path: str, report: Report) -> Any:
        """Read one entry of the record; an unknown or unsupported key is reported."""
        key = self.keys.get(name)
        if key is None:
            report.add(
                "EDGE101", path, "is not a key that is known here", did_you_mean(name, self.keys) or self._known()
            )
            return INVALID
        if not key.supported:
            report.add("EDGE111", path, "is not supported by this version", "remove the key")
            return INVALID
        return key.type.parse(entry, path, report)

    def _known(self) -> str:
        return f"known keys: {', '.join(key.name for key in self.keys.values() if key.supported)}"
