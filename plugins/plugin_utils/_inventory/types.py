# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types that inventory keys take: each reads one value, reports what is wrong with it, and names itself.

A type never raises for bad input and never guesses: it reports a finding and returns ``INVALID``. Its JSON Schema is
for editors: it refuses only what the type refuses, and leaves to the type what a schema cannot say.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ...module_utils._errors import EdgeError
from .._findings.report import Report
from .._findings.wording import closest, did_you_mean, one_of, squash
from .._versions.cilium import Capability
from .values import UNMADE, Items, Values


class _Invalid:
    def __repr__(self) -> str:
        return "INVALID"


INVALID: Final = _Invalid()
"""What a type returns for a value that it reported."""

Schema = dict[str, Any]
"""A JSON Schema (draft 2020-12). Its patterns are read by JavaScript too: they keep to what both languages have."""

TEMPLATE: Final[Schema] = {"$ref": "#/$defs/template"}
"""A template may stand wherever a value may: it is checked when it is computed."""


def map_hint(value: object) -> str:
    """Return the way out for ``value`` where a map with free keys was needed."""
    if value is None:
        return "leave it out, or write {}"
    pair = re.fullmatch(r"([^\s=,]+)=([^\s=,]*)", value) if isinstance(value, str) else None
    return f"write {{{pair[1]}: {pair[2]!r}}}" if pair else "give each entry its name: NAME: ..."


def is_huge(value: object) -> bool:
    """Return whether ``value`` is a whole number that no key takes: Python refuses to print the longest ones."""
    return isinstance(value, int) and abs(value) >= 10**18


def describe(value: object) -> str:
    """Return ``value`` as an error names it: its kind and, where it is short, itself."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if is_huge(value):
        return "a number of more than 18 digits"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, datetime.date):
        return f"the date {value}"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 60 else f"the text {value[:57]!r}..."
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, (list, tuple)):
        return "a list"
    return f"a {type(value).__name__}"


def _of_pattern(pattern: str, rule: str) -> Schema:
    """Return the schema of a text; editors show ``patternErrorMessage`` when it does not match."""
    return {"type": "string", "pattern": pattern, "patternErrorMessage": f"This is not {rule}."}


def whole_variable(path: str) -> str | None:
    """Return the variable that ``path`` names as a whole: a line of an INI inventory, or ``-e``, can give it."""
    name = path.rpartition(".")[2]
    return name if name.startswith("edge_") else None


class ValueType(ABC):
    """One type of value."""

    label: str
    """Its name in the documentation."""
    argument_type: str = "raw"
    """Its type in a role's argument_specs."""
    takes_maps: bool = False
    """A map can be a value of the type, so one map alone may stand for a list of them."""

    @abstractmethod
    def parse(self, value: object, path: str, report: Report) -> Any:
        """Return the value's canonical form, or report and return ``INVALID``."""

    @abstractmethod
    def schema(self) -> Schema:
        """Return the JSON Schema of the values that it takes, as they are after templating."""

    def written(self) -> Schema:
        """Return the JSON Schema of what may stand in a file: such a value, or a template of one."""
        return {"anyOf": [self.schema(), TEMPLATE]}

    def filled(self, default: Any) -> Any:
        """Return the canonical form of a key's default, which is written as a user would; None stays None.

        Lists and maps are the exception: one that nobody wrote has no entries.
        """
        return default

    def shown(self, default: Any) -> str:
        """Return a key's default as documentation shows it."""
        if default is None:
            return "none"
        if isinstance(default, bool):
            return str(default).lower()
        return str(default)


class Anything(ValueType):
    """A value that is passed on or only counted."""

    label = "any"

    def parse(self, value: object, path: str, report: Report) -> Any:
        return value

    def schema(self) -> Schema:
        return {}

    def written(self) -> Schema:
        return {}


class Text(ValueType):
    """A line of text, optionally of a certain form."""

    label = "text"
    argument_type = "str"

    def __init__(
        self, label: str | None = None, pattern: str | None = None, rule: str = "", code: str = "EDGE103"
    ) -> None:
        self.label = label or self.label
        self._pattern = re.compile(pattern or ".*")
        self._rule = rule
        self._code = code

    def parse(self, value: object, path: str, report: Report) -> Any:
        if not isinstance(value, str):
            if isinstance(value, (bool, int, float, datetime.date)):
                hint = "quote it, so that YAML leaves it as you wrote it"
                if (name := whole_variable(path)) is not None:  # Ansible takes the outer quotes off and reads the rest
                    hint += f"; a line of an INI inventory needs two pairs of quotes: {name}='\"TEXT\"'"
                report.add("EDGE106", path, f"is {describe(value)}, not text", hint)
                return INVALID
            blank = value is None and self._pattern.fullmatch("")
            report.add(
                "EDGE102", path, f"must be text, not {describe(value)}", 'write "" for an empty text' if blank else None
            )
            return INVALID
        if not value.isprintable():
            report.add("EDGE103", path, f"must be one line of printable text, not {value!r}")
            return INVALID
        if not self._pattern.fullmatch(value):
            report.add(self._code, path, f"{value!r} is not {self._rule}")
            return INVALID
        return value

    def schema(self) -> Schema:
        return _of_pattern(f"^(?:{self._pattern.pattern})$", self._rule or "one line of text")


class Secret(ValueType):
    """A secret text: the plan learns whether there is one, never what it is."""

    label = "text"
    argument_type = "str"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if value is True or (isinstance(value, str) and value):
            return True
        # What stands there may be the secret, so it is not shown.
        report.add("EDGE102", path, "must be text, and not empty", "leave it out, or write the secret (ansible-vault)")
        return INVALID

    def schema(self) -> Schema:
        return {"type": "string", "minLength": 1}


_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_NAME_TEXT = Text("name", r".+", "a name: it is empty", code="EDGE104")


def _odd_letter(text: str) -> str:
    """Return which character is no ASCII: some look like a letter of ours."""
    odd = next((character for character in text if not character.isascii()), None)
    return f": {odd!r} is {unicodedata.name(odd, f'U+{ord(odd):04X}')}" if odd else ""


class Name(ValueType):
    """A name that becomes part of object names: an RFC 1123 label of at most 40 characters, not ending in ``-v6``."""

    label = "name"
    argument_type = "str"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, bool):
            report.add("EDGE106", path, f"is {describe(value)}, not a name", "write the name; quote it if this is one")
            return INVALID
        text = _NAME_TEXT.parse(value, path, report)
        if text is INVALID:
            return INVALID
        if not _NAME.fullmatch(text):
            close = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") if text.isascii() else ""
            report.add(
                "EDGE104",
                path,
                f"{text!r} is not a name{_odd_letter(text)}",
                "lower-case letters, digits and hyphens, first and last a letter or digit (RFC 1123)"
                + (f", such as {close!r}" if close else ""),
            )
            return INVALID
        if len(text) > 40:
            report.add("EDGE104", path, f"{text!r} has {len(text)} characters", "a name has at most 40")
            return INVALID
        if text.endswith("-v6"):
            report.add("EDGE104", path, f"{text!r} ends in -v6", "the ending is reserved for the IPv6 half of a pair")
            return INVALID
        return text

    def schema(self) -> Schema:
        rule = "a name: at most 40 lower-case letters, digits and hyphens, not ending in -v6"
        return {**_of_pattern(f"^(?!.*-v6$){_NAME.pattern}$", rule), "maxLength": 40}


DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,18}")
"""A whole number that is written as text."""


class Integer(ValueType):
    """A whole number within bounds."""

    argument_type = "int"

    def __init__(self, low: int, high: int, unit: str = "", said: str = "") -> None:
        """Take both bounds, the unit, and what hints say for the bounds where a part of the range is reserved."""
        self.low, self.high = low, high
        self.label = f"int {low}..{high}" + (f" {unit}" if unit else "")
        self._range = said or f"{low} to {high}" + (f" {unit}" if unit else "")

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, str) and DIGITS.fullmatch(value):
            value = int(value)  # -e KEY=1 and templates give digits as text
        if isinstance(value, bool) or not isinstance(value, int) or is_huge(value):
            report.add("EDGE102", path, f"must be a whole number, not {describe(value)}", self._range)
            return INVALID
        if not self.low <= value <= self.high:
            report.add("EDGE103", path, f"{value} is out of range", self._range)
            return INVALID
        return int(value)

    def schema(self) -> Schema:
        number: Schema = {"type": "integer", "minimum": self.low, "maximum": self.high}
        return {"anyOf": [number, {"type": "string", "pattern": f"^(?:{DIGITS.pattern})$"}]}


class Seconds(ValueType):
    """A time of whole or tenth seconds; read as an ``int`` where it is whole."""

    argument_type = "raw"

    def __init__(self, low: float, high: int) -> None:
        self.low, self.high = low, high
        self.label = f"number {low}..{high} s"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(?:\.[0-9])?", value, re.ASCII):
            value = float(value)  # -e KEY=1 and templates give digits as text
        bounds = f"{self.low} to {self.high} s, in tenths: 0.2 is 200 ms"
        if isinstance(value, bool) or not isinstance(value, (int, float)) or is_huge(value):
            report.add("EDGE102", path, f"must be a number, not {describe(value)}", bounds)
            return INVALID
        if not self.low <= value <= self.high or abs(value * 10 - round(value * 10)) > 1e-6:
            report.add("EDGE103", path, f"{value} is not possible here", bounds)
            return INVALID
        return int(value) if value == int(value) else round(value, 1)

    def schema(self) -> Schema:
        number: Schema = {"type": "number", "minimum": self.low, "maximum": self.high}
        return {"anyOf": [number, {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9])?$"}]}


_RESERVED_ASN = {0: "RFC 7607", 23456: "RFC 6793", 65535: "RFC 7300", 4294967295: "RFC 7300"}
_DOCUMENTATION_ASN = (range(64496, 64512), range(65536, 65552))
_ASDOT = re.compile(r"([0-9]{1,5})\.([0-9]{1,5})")


_ANY_ASN = Integer(0, 4294967295, said="1 to 4294967294")


class Asn(ValueType):
    """An AS number (RFC 6793); reserved ones are refused, those of RFC 5398 warn."""

    label = "int 1..4294967294"
    argument_type = "int"

    def parse(self, value: object, path: str, report: Report) -> Any:
        complete = isinstance(value, float) and value.is_integer()
        if isinstance(value, (str, float)) and not complete and (dotted := _ASDOT.fullmatch(str(value))):
            plain = int(dotted[1]) * 65536 + int(dotted[2])
            report.add(
                "EDGE102",
                path,
                f"{value} is an AS number in two parts (asdot, RFC 5396), but one number is needed",
                f"write {plain}" if isinstance(value, str) else "write FIRST * 65536 + SECOND",
            )
            return INVALID
        number = _ANY_ASN.parse(value, path, report)
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

    def schema(self) -> Schema:
        return {**_ANY_ASN.schema(), "not": {"enum": sorted(_RESERVED_ASN)}}


_BOOLEAN_WORDS: dict[str | int, str] = {
    **dict.fromkeys(("true", "yes", "on", "y", "1", 1), "true"),
    **dict.fromkeys(("false", "no", "off", "n", "0", 0), "false"),
}


class Boolean(ValueType):
    """true or false."""

    label = "bool"
    argument_type = "bool"

    @staticmethod
    def word(value: object) -> str | None:
        """Return ``true`` or ``false`` for what Ansible takes for one of them, such as the text of ``-e``."""
        spelt = value.lower() if isinstance(value, str) else value
        return _BOOLEAN_WORDS.get(spelt) if isinstance(spelt, (str, int)) else None

    def parse(self, value: object, path: str, report: Report) -> Any:
        if not isinstance(value, bool):
            word = self.word(value)
            hint = f"write {word}, without quotes" if word else None
            if word and isinstance(value, str) and (name := whole_variable(path)) is not None:
                hint = f"{hint}; with -e as JSON: -e '{{\"{name}\": {word}}}', in an INI inventory {word.capitalize()}"
            report.add("EDGE102", path, f"must be true or false, not {describe(value)}", hint)
            return INVALID
        return value

    def schema(self) -> Schema:
        return {"type": "boolean"}


class Choice(ValueType):
    """One of a few words."""

    argument_type = "str"

    def __init__(self, *words: str) -> None:
        self.words = words
        self.label = " ".join(words)

    def parse(self, value: object, path: str, report: Report) -> Any:
        if value not in self.words:
            shown = repr(value) if isinstance(value, str) else describe(value)
            close = did_you_mean(value, self.words) if isinstance(value, str) else None
            code = "EDGE103" if isinstance(value, str) else "EDGE102"
            report.add(code, path, f"must be {one_of(self.words)}, not {shown}", close)
            return INVALID
        return value

    def schema(self) -> Schema:
        return {"enum": list(self.words)}


class Parsed(ValueType):
    """Text that another part of the library reads, such as an address, a CIDR, a pool entry or a selector."""

    argument_type = "str"

    def __init__(self, label: str, reader: Callable[[object, str], Any], pattern: str, code: str = "EDGE201") -> None:
        self.label = label
        self._reader = reader
        self._pattern = pattern
        """What every such text matches, for the schema: the reader looks closer."""
        self._code = code

    def parse(self, value: object, path: str, report: Report) -> Any:
        if value is None or is_huge(value):
            report.add("EDGE102", path, f"must be text, not {describe(value)}")
            return INVALID
        try:
            return self._reader(value, path)
        except EdgeError as error:
            report.add_error(self._code, error)
            return INVALID

    def filled(self, default: Any) -> Any:
        return None if default is None else self._reader(default, "")

    def schema(self) -> Schema:
        return _of_pattern(f"^{self._pattern}$", f"a valid {self.label}")


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
            hint = f"give at least {self._least}" if self._least else "leave the key out, or write []"
            report.add("EDGE102", path, "must be a list, not empty", hint)
            return INVALID
        elif isinstance(value, str) and "," in value:
            # YAML reads an unquoted 65000:20 as a number in base 60.
            parts = [part.strip() for part in value.split(",") if part.strip()]
            shown = ", ".join(f"'{part}'" if ":" in part else part for part in parts)
            report.add("EDGE102", path, f"must be a list, not {describe(value)}", f"write [{shown}]")
            return INVALID
        elif isinstance(value, Mapping) and not self.item.takes_maps:
            report.add("EDGE102", path, "must be a list, not a map", "its entries have no names: write [FIRST, SECOND]")
            return INVALID
        else:
            items = [self.item.parse(value, path, report)]
        if INVALID in items:
            return INVALID
        if len(items) < self._least:
            report.add("EDGE103", path, "is an empty list", f"give at least {self._least}")
            return INVALID
        return tuple(items)

    def filled(self, default: Any) -> Any:
        return tuple(self.item.filled(entry) for entry in default or ())

    def shown(self, default: Any) -> str:
        return "none" if default is None else f"[{', '.join(self.item.shown(entry) for entry in default)}]"

    def schema(self) -> Schema:
        several: Schema = {"type": "array", "items": self.item.written()}
        if self._least:
            several["minItems"] = self._least
        return {"anyOf": [self.item.schema(), several]}


def key_text(key: object, path: str, report: Report) -> str | None:
    """Return a map's key as text: digits are read as their text, other YAML scalars are reported."""
    if isinstance(key, str):
        return key
    if isinstance(key, bool) or key is None or isinstance(key, float):
        report.add("EDGE106", path, f"has a key that is {describe(key)}, not text", "quote the key")
        return None
    if isinstance(key, int) and not is_huge(key):
        return str(key)
    report.add("EDGE102", path, f"has a key that is {describe(key)}, not text")
    return None


def text_entries(value: Mapping[Any, Any], path: str, report: Report) -> Iterator[tuple[str | None, Any]]:
    """Yield a map's entries with their keys as text, and None in the place of a key that was reported.

    YAML takes ``1`` and ``"1"`` for two keys. As text they are one, and which entry holds would depend on their order.
    """
    seen: set[str] = set()
    for raw_key, entry in value.items():
        name = key_text(raw_key, path, report)
        if name in seen:
            report.add("EDGE106", path, f"has the key {name} twice: as a number and as text", "keep one of the two")
            name = None
        if name is not None:
            seen.add(name)
        yield name, entry


class Tree(Anything):
    """A value that is passed on; the keys of its maps are text, whatever YAML made of them."""

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, (list, tuple)):
            items = [self.parse(item, f"{path}[{index}]", report) for index, item in enumerate(value)]
            return INVALID if any(item is INVALID for item in items) else items
        if not isinstance(value, Mapping):
            return value
        result: dict[str, Any] = {}
        valid = True
        for key, entry in text_entries(value, path, report):
            item = INVALID if key is None else self.parse(entry, f"{path}.{key}", report)
            if key is None or item is INVALID:
                valid = False
            else:
                result[key] = item
        return result if valid else INVALID


class MapOf(ValueType):
    """A map with free keys."""

    argument_type = "dict"

    def __init__(self, key: ValueType, value: ValueType, notes: Mapping[str, str] | None = None) -> None:
        """Take the types of keys and values, and ``notes``: keys that are no entries here -> what to write instead."""
        self.key, self.value = key, value
        self._notes = notes or {}
        self.label = f"map {key.label} → {value.label}"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if not isinstance(value, (dict, Mapping)):
            report.add("EDGE102", path, f"must be a map, not {describe(value)}", map_hint(value))
            return INVALID
        result: dict[str, Any] = {}
        valid = True
        for name, entry in text_entries(value, path, report):
            if name is None:
                valid = False
                continue
            if name in self._notes:
                report.add("EDGE101", f"{path}.{name}", "is not a key that is known here", self._notes[name])
                valid = False
                continue
            place = f"{path}.{name}"
            checked = self.key.parse(name, place, report)
            item = self.value.parse(entry, place, report)
            if checked is INVALID or item is INVALID:
                valid = False
                continue
            result[checked] = item
        return result if valid else INVALID

    def filled(self, default: Any) -> Any:
        return {name: self.value.filled(entry) for name, entry in (default or {}).items()}

    def schema(self) -> Schema:
        return {
            "type": "object",
            "propertyNames": self.key.schema(),
            "additionalProperties": self.value.written(),
        }


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the model: reading, validation, schema, argument_specs and the reference page come from it."""

    name: str
    type: ValueType
    text: str
    """Its meaning, one or two sentences."""
    default: Any = None
    """Its default, as a user would write it; None = nothing. Reading fills it in where the key is not written."""
    derived: str = ""
    """What holds where it is not written and no single value does, in words, such as ``hold / 3``."""
    required: bool = False
    layered: bool = False
    """Top-level maps only: ``NAME__suffix`` adds to it."""
    also: tuple[str, ...] = ()
    """What Kubernetes, Cilium or FRR call it: who writes that is told our word."""
    needs: Capability | None = None
    """What Cilium must be able to do for it."""
    constant: Any = field(default=UNMADE, init=False, repr=False, compare=False)
    """Its value where it is not written, once that was read; a map stays ``UNMADE``: each reader gets its own."""

    @property
    def description(self) -> str:
        """Its meaning, and the first version of Cilium that can do it."""
        return f"{self.text} Cilium {self.needs.version} or later." if self.needs else self.text

    @property
    def value(self) -> Any:
        """Its value where it is not written; kept, as nothing of a site is read more often than defaults are."""
        value = Items() if self.layered else self.type.filled(self.default)
        if not any(isinstance(entry, dict) for entry in (value if isinstance(value, tuple) else (value,))):
            object.__setattr__(self, "constant", value)
        return value

    @property
    def default_text(self) -> str:
        """Its default as documentation shows it; ``none`` where nothing holds."""
        if self.derived:
            return self.derived
        return "{}" if self.layered else self.type.shown(self.default)

    def schema(self) -> Schema:
        """Return the JSON Schema of its value, with its text for the editor."""
        text = self.default_text
        said = "" if self.required or (text == "none" and self.default != text) else f" Default: {text}."
        return {"description": self.description + said, **self.type.written()}


class Record(ValueType):
    """A map with known keys."""

    label = "map"
    argument_type = "dict"
    takes_maps = True

    def __init__(self, keys: Sequence[Key], notes: Mapping[str, str] | None = None) -> None:
        """Take the keys, and ``notes``: words that users may look for here -> where it is said instead."""
        self.keys = {key.name: key for key in keys}
        self._notes = {squash(word): note for word, note in (notes or {}).items()}
        self._words = {squash(word): key for key in keys for word in key.also}
        self._required = [key for key in keys if key.required]

    def parse(self, value: object, path: str, report: Report) -> Any:
        if value is None and not self._required:
            return self.filled({})
        if not isinstance(value, (dict, Mapping)):  # dict first: it is tested ten times as fast
            report.add("EDGE102", path, f"must be a map with known keys, not {describe(value)}", self._known())
            return INVALID
        result = Values({}, self.keys)
        valid = True
        for raw_key, entry in value.items():
            name = raw_key if isinstance(raw_key, str) else key_text(raw_key, path, report)
            if name is None:
                valid = False
                continue
            item = self.parse_key(name, entry, f"{path}.{name}", report)
            if item is INVALID:
                valid = False
            else:
                result[name] = item
        missing = [key for key in self._required if key.name not in value]
        if missing:
            meant = {self.meant(name) for name in value if isinstance(name, str) and name not in self.keys}
            for key in missing:
                if key.name not in meant:
                    report.add("EDGE105", path, f"lacks the key {key.name!r}", key.text.rstrip("."))
                    valid = False
        return result if valid else INVALID

    def filled(self, default: Any) -> Any:
        return None if default is None else Values(default, self.keys)

    def shown(self, default: Any) -> str:
        if default is None:
            return "none"
        inner = [key for key in self.keys.values() if key.default_text != "none"]
        return ", ".join(f"{key.name} {key.default_text}" for key in inner) or "{}"

    def parse_key(self, name: str, entry: object, path: str, report: Report) -> Any:
        """Read one entry of the record; an unknown key is reported."""
        key = self.keys.get(name)
        if key is None:
            report.add("EDGE101", path, "is not a key that is known here", self._hint(name))
            return INVALID
        return key.type.parse(entry, path, report)

    def schema(self) -> Schema:
        result: Schema = {
            "type": "object" if self._required else ["object", "null"],
            "properties": {key.name: key.schema() for key in self.keys.values()},
            "additionalProperties": False,
        }
        required = [key.name for key in self._required]
        return {**result, "required": required} if required else result

    def meant(self, name: str) -> str | None:
        """Return the key that an unknown one most likely stands for."""
        key = self._words.get(squash(name))
        return key.name if key else closest(name, self.keys)

    def _hint(self, name: str) -> str:
        """Return the way out for an unknown key."""
        note = self._notes.get(squash(name))
        meant = self.meant(name)
        if note or meant is None:
            return note or self._known()
        if squash(name) not in self._words:
            return f"did you mean {meant!r}?"
        return f"the key for it is {meant!r}"

    def _known(self) -> str:
        return f"known keys: {', '.join(self.keys)}"
