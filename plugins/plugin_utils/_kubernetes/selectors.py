# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors: kubectl's text form, the Kubernetes object form, and matching.

The text form is the one of ``kubectl get -l`` (Kubernetes documentation, "Labels and Selectors"): requirements joined
by commas, all of which must hold: ``key``, ``!key``, ``key=value``, ``key!=value``, ``key in (a,b)``,
``key notin (a,b)``.
``key!=value`` and ``key notin (...)`` also match objects without the key, as in Kubernetes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import EdgeError
from .labels import SUBDOMAIN

IN, NOT_IN, EXISTS, DOES_NOT_EXIST = "In", "NotIn", "Exists", "DoesNotExist"
"""Operators, spelled as in ``matchExpressions``."""

SLUG_LENGTH = 40
"""Longest slug; a longer one is cut and ends in eight hex digits of its SHA-256."""

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(SUBDOMAIN)
_TOKEN = re.compile(r"\s*(?:(?P<word>[A-Za-z0-9_./-]+)|(?P<sign>==|!=|[=!(),<>]))")

_HINTS = {"*": "leave the key out to select all", ":": "write key=value"}
"""What stands instead of a text that is ``*``, or one with a colon."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label key."""

    key: str
    operator: str
    values: tuple[str, ...] = ()
    """Sorted and distinct; empty for ``Exists`` and ``DoesNotExist``."""

    @property
    def text(self) -> str:
        """The canonical kubectl text."""
        if self.operator == EXISTS:
            return self.key
        if self.operator == DOES_NOT_EXIST:
            return f"!{self.key}"
        if len(self.values) == 1:
            return f"{self.key}{'=' if self.operator == IN else '!='}{self.values[0]}"
        return f"{self.key} {'in' if self.operator == IN else 'notin'} ({','.join(self.values)})"

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether an object with ``labels`` meets the requirement."""
        if self.operator in (EXISTS, DOES_NOT_EXIST):
            return (self.key in labels) == (self.operator == EXISTS)
        if self.operator == IN:
            return self.key in labels and labels[self.key] in self.values
        return self.key not in labels or labels[self.key] not in self.values


@dataclass(frozen=True, slots=True)
class Selector:
    """A parsed label selector: all requirements must hold. Made by :func:`parse_selector`."""

    requirements: tuple[Requirement, ...]
    """Sorted by key, operator and values; distinct; never contradicting each other."""

    @property
    def text(self) -> str:
        """The canonical kubectl text: equal for selectors that were written in another order or spelling."""
        return ",".join(requirement.text for requirement in self.requirements)

    def label_selector(self) -> dict[str, Any]:
        """Return it as a Kubernetes ``LabelSelector``: single values as matchLabels, the rest as matchExpressions."""
        labels: dict[str, str] = {}
        expressions: list[dict[str, Any]] = []
        for item in self.requirements:
            if item.operator == IN and len(item.values) == 1 and item.key not in labels:
                labels[item.key] = item.values[0]
            elif item.values:
                expressions.append({"key": item.key, "operator": item.operator, "values": list(item.values)})
            else:
                expressions.append({"key": item.key, "operator": item.operator})
        result: dict[str, Any] = {}
        if labels:
            result["matchLabels"] = labels
        if expressions:
            result["matchExpressions"] = expressions
        return result

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether an object with ``labels`` is selected."""
        return all(requirement.matches(labels) for requirement in self.requirements)

    def disjoint(self, other: Selector) -> bool:
        """Return whether no object can match both. Exact: label keys are independent of each other."""
        return not _satisfiable((*self.requirements, *other.requirements))


def parse_selector(text: object, path: str) -> Selector:
    """Parse kubectl's label selector text.

    Args:
        text: the selector, such as ``public=true``, ``rack in (a,b)`` or ``!control-plane``.
        path: where it stands, for the error.

    Raises:
        EdgeError: it is not text, not a selector, has a key or value that Kubernetes refuses, or can never match.
    """
    if not isinstance(text, str):
        raise _not_text(text, path)
    words = _tokens(text, path)
    if not words:
        raise EdgeError(path, "an empty selector", "leave the key out to select all")
    found: set[Requirement] = set()
    position = 0
    while True:
        requirement, position = _requirement(words, position, text, path)
        found.add(requirement)
        if position == len(words):
            break
        _expect(words, position, ",", text, path)
        position += 1
    result = Selector(tuple(sorted(found, key=_order)))
    if not _satisfiable(result.requirements):
        raise EdgeError(path, f"{text!r} can never match: its requirements contradict each other")
    return result


def selector_of_label(key: str, value: str) -> Selector:
    """Return the selector ``key=value``."""
    return Selector((Requirement(key, IN, (value,)),))


def selector_of(label_selector: Mapping[str, Any]) -> Selector:
    """Return the selector that a Kubernetes ``LabelSelector`` spells; an empty one selects everything."""
    labels = label_selector.get("matchLabels") or {}
    found = {Requirement(key, IN, (value,)) for key, value in labels.items()}
    for item in label_selector.get("matchExpressions") or []:
        found.add(Requirement(item["key"], item["operator"], tuple(sorted(set(item.get("values") or [])))))
    return Selector(tuple(sorted(found, key=_order)))


def selector_of_both(left: Selector | None, right: Selector | None) -> Selector | None:
    """Return the selector of what both select; None selects everything. It may select nothing."""
    if left is None or right is None:
        return left or right
    return Selector(tuple(sorted({*left.requirements, *right.requirements}, key=_order)))


def negation(requirement: Requirement) -> Requirement:
    """Return the requirement that exactly those objects meet that do not meet ``requirement``."""
    opposite = {IN: NOT_IN, NOT_IN: IN, EXISTS: DOES_NOT_EXIST, DOES_NOT_EXIST: EXISTS}
    return Requirement(requirement.key, opposite[requirement.operator], requirement.values)


def selector_slug(selectors: Iterable[Selector | None]) -> str:
    """Return the distinct selectors, sorted by their text, as a part of object names (RFC 1123 label, at most 40).

    ``None`` selects everything and reads ``all``: so does no selector at all. Operators read as words: ``!x`` as
    ``not-x``, ``x!=a`` as ``x-not-a``, ``x in (a,b)`` as ``x-in-a-b``. Different selectors can share a slug
    (``x=A`` and ``x=a``); whoever derives names from it checks for collisions.
    """
    words = {"all" if item is None else "-".join(_words(part) for part in item.requirements) for item in selectors}
    whole = "-".join(sorted(words)) or "all"
    if len(whole) <= SLUG_LENGTH:
        return whole
    return f"{whole[: SLUG_LENGTH - 9].rstrip('-')}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def check_label_key(key: str, path: str) -> str:
    """Return ``key`` when it is a valid label key: an optional DNS subdomain and ``/``, then at most 63 characters."""
    prefix, slash, name = key.rpartition("/")
    if slash and (len(prefix) > 253 or not _SUBDOMAIN.fullmatch(prefix)):
        raise EdgeError(path, f"the label key {key!r} has a prefix that is not a DNS subdomain")
    if not _NAME.fullmatch(name):
        raise EdgeError(path, f"{key!r} is not a label key", _SYNTAX_HINT)
    return key


def check_label_value(value: str, path: str) -> str:
    """Return ``value`` when Kubernetes takes it as a label value: empty, or at most 63 characters of its syntax."""
    if value and not _NAME.fullmatch(value):
        raise EdgeError(path, f"{value!r} is not a label value", _SYNTAX_HINT)
    return value


_SYNTAX_HINT = "at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"


def _order(requirement: Requirement) -> tuple[str, str, tuple[str, ...]]:
    return requirement.key, requirement.operator, requirement.values


def _tokens(text: str, path: str) -> list[str]:
    words: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if not match:
            sign = text[position:].lstrip()[0]
            raise EdgeError(
                path,
                f"{text!r} has the character {sign!r}, which no selector has",
                _HINTS.get(text.strip() if sign == "*" else sign),
            )
        words.append(match["word"] or match["sign"])
        position = match.end()
    return words


def _requirement(words: list[str], position: int, text: str, path: str) -> tuple[Requirement, int]:
    """Read one requirement at ``position`` and return it with the position behind it."""
    if words[position : position + 1] == ["!"]:
        return Requirement(_key(words, position + 1, text, path), DOES_NOT_EXIST), position + 2
    key = _key(words, position, text, path)
    sign = words[position + 1] if position + 1 < len(words) else ","
    if sign == ",":
        return Requirement(key, EXISTS), position + 1
    if sign in ("=", "==", "!="):
        value, position = _value(words, position + 2, path)
        return Requirement(key, NOT_IN if sign == "!=" else IN, (value,)), position
    if sign in ("in", "notin"):
        values, position = _value_set(words, position + 2, text, path)
        return Requirement(key, IN if sign == "in" else NOT_IN, values), position
    if sign in ("<", ">"):
        raise EdgeError(
            path, f"{text!r} compares with {sign!r}, which a LabelSelector cannot say", "list the values: key in (a,b)"
        )
    raise EdgeError(
        path,
        f"{text!r} has {sign!r} after {key!r} where an operator or ',' was expected",
        "operators: = != in (a,b) notin (a,b)",
    )


def _key(words: list[str], position: int, text: str, path: str) -> str:
    if position == len(words):
        raise EdgeError(path, f"{text!r} ends where a label key was expected")
    return check_label_key(words[position], path)


def _value(words: list[str], position: int, path: str) -> tuple[str, int]:
    """Read a value, which may be empty (``key=``), and return it with the position behind it."""
    if position == len(words) or words[position] in (",", ")"):
        return "", position
    return check_label_value(words[position], path), position + 1


def _value_set(words: list[str], position: int, text: str, path: str) -> tuple[tuple[str, ...], int]:
    _expect(words, position, "(", text, path)
    values: set[str] = set()
    while True:
        value, position = _value(words, position + 1, path)
        values.add(value)
        if words[position : position + 1] != [","]:
            break
    _expect(words, position, ")", text, path)
    return tuple(sorted(values)), position + 1


def _expect(words: list[str], position: int, sign: str, text: str, path: str) -> None:
    if position == len(words):
        raise EdgeError(path, f"{text!r} ends where {sign!r} was expected")
    if words[position] != sign:
        raise EdgeError(path, f"{text!r} has {words[position]!r} where {sign!r} was expected")


def _satisfiable(requirements: Iterable[Requirement]) -> bool:
    """Return whether some set of labels meets them all."""
    by_key: dict[str, list[Requirement]] = {}
    for requirement in requirements:
        by_key.setdefault(requirement.key, []).append(requirement)
    return all(_key_satisfiable(found) for found in by_key.values())


def _key_satisfiable(requirements: list[Requirement]) -> bool:
    operators = {requirement.operator for requirement in requirements}
    if not operators & {IN, EXISTS}:
        return True  # an object without the key meets NotIn and DoesNotExist
    if DOES_NOT_EXIST in operators:
        return False
    allowed = [set(requirement.values) for requirement in requirements if requirement.operator == IN]
    refused = {value for requirement in requirements if requirement.operator == NOT_IN for value in requirement.values}
    return not allowed or bool(set.intersection(*allowed) - refused)


def _words(requirement: Requirement) -> str:
    """Return one requirement as the words of a slug."""
    middle = {IN: "", NOT_IN: "not", EXISTS: "", DOES_NOT_EXIST: ""}[requirement.operator]
    if len(requirement.values) > 1:
        middle = {IN: "in", NOT_IN: "notin"}[requirement.operator]
    parts = ["not" if requirement.operator == DOES_NOT_EXIST else "", requirement.key, middle, *requirement.values]
    return re.sub(r"[^a-z0-9]+", "-", "-".join(part for part in parts if part).lower()).strip("-")


def _not_text(value: object, path: str) -> EdgeError:
    """Return the error for a selector that is not text, with the text that it should have been where that is clear."""
    if isinstance(value, Mapping):
        written = _translate(value)
        hint = f"write it as text: {written}" if written else "write it as kubectl's text, such as public=true"
        return EdgeError(path, "a selector is text, not a map", hint)
    if isinstance(value, list):
        return EdgeError(
            path, "a selector is text, not a list", "join its requirements with commas: public=true,!drained"
        )
    if isinstance(value, bool):
        return EdgeError(
            path, f"{str(value).lower()} is a YAML boolean, not a selector", "quote it, or write key=value"
        )
    return EdgeError(path, f"{value!r} is not a selector", "a selector is kubectl's text, such as public=true")


def _translate(value: Mapping[Any, Any]) -> str | None:
    """Return the text of a map of labels or a LabelSelector; None where it is neither."""
    labels: Mapping[Any, Any] = value
    expressions: list[Any] = []
    if value and set(value) <= {"matchLabels", "matchExpressions"}:
        labels, expressions = value.get("matchLabels") or {}, value.get("matchExpressions") or []
    try:
        parts = [Requirement(str(key), IN, (_scalar(item),)).text for key, item in labels.items()]
        for item in expressions:
            values = tuple(_scalar(entry) for entry in item.get("values") or [])
            if item["operator"] not in (IN, NOT_IN, EXISTS, DOES_NOT_EXIST):
                return None
            parts.append(Requirement(str(item["key"]), item["operator"], values).text)
        return parse_selector(",".join(parts), "").text
    except (AttributeError, KeyError, TypeError, EdgeError):
        return None


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int)):
        return str(value)
    raise TypeError(value)
