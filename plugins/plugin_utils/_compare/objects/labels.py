# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selectors and interface patterns compared by what they match, not by how they are written.

A service is known by its labels. All selectors of both sides name finitely many keys and values; every service falls
into one *class*: for each key one of the values that are named, another value, or no such label. Two selectors are
equal when they match the same classes.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ....module_utils._errors import EdgeError
from ..._kubernetes.labels import NEVER_USED_VALUE, SERVICE_NAME, SERVICE_NAMESPACE
from ..._kubernetes.selectors import NOT_IN, Selector, selector_of

EVERYTHING = Selector(())
OTHER = "\0other"
MOST_CLASSES = 20_000
"""More than this many classes are refused: no site writes so many different labels."""

_SAME = {"[0-9]": r"\d", "[.]": r"\."}
"""Atoms of a regex that mean the same."""


@dataclass(frozen=True, slots=True, order=True)
class ServiceClass:
    """Services that every selector of both sides treats alike."""

    labels: tuple[tuple[str, str], ...]
    """Sorted; :data:`OTHER` is any value that no selector names; a key that is left out is absent."""

    @property
    def text(self) -> str:
        """The class in words."""
        parts = [f"{key} of another value" if value == OTHER else f"{key}={value}" for key, value in self.labels]
        return "services with " + " and ".join(parts) if parts else "services without labels"


def selector(value: Any, missing: Selector | None, path: str) -> Selector | None:
    """Return a LabelSelector without requirements that every service meets; ``missing`` where there is none.

    Raises:
        EdgeError: it is not a LabelSelector.
    """
    if value is None:
        return missing
    try:
        found = selector_of(value)
    except (AttributeError, KeyError, TypeError) as error:
        raise EdgeError(path, f"{value!r} is not a LabelSelector") from error
    for item in found.requirements:
        for text in (item.key, *item.values):
            if not isinstance(text, str):
                raise EdgeError(path, f"{value!r} is not a LabelSelector: {text!r} is no text", "quote it")
    never = (NOT_IN, (NEVER_USED_VALUE,))
    return Selector(tuple(item for item in found.requirements if (item.operator, item.values) != never))


def service_classes(selectors: Iterable[Selector], used: frozenset[str] = frozenset()) -> tuple[ServiceClass, ...]:
    """Return the classes that these selectors can tell apart.

    A key that selectors only exclude values of (``KEY NotIn [WORD]``) and that no Service has tells nothing apart: that
    is how a selector is written that selects all services.

    Args:
        selectors: of both sides.
        used: keys of the labels of both sides' Services.

    Raises:
        EdgeError: they are too many to compare one by one.
    """
    values: dict[str, set[str]] = {}
    telling = {SERVICE_NAME, SERVICE_NAMESPACE, *used}
    for item in selectors:
        for requirement in item.requirements:
            values.setdefault(requirement.key, set()).update(requirement.values)
            if requirement.operator != NOT_IN:
                telling.add(requirement.key)
    choices: list[list[tuple[str, str] | None]] = []
    count = 1
    for key in sorted(telling.intersection(values)):
        absent: list[tuple[str, str] | None] = [] if key in (SERVICE_NAME, SERVICE_NAMESPACE) else [None]
        choices.append([*absent, *((key, value) for value in sorted(values[key])), (key, OTHER)])
        count *= len(choices[-1])
        if count > MOST_CLASSES:
            raise EdgeError("", f"the selectors name too many different labels to compare: {', '.join(sorted(values))}")
    return tuple(
        ServiceClass(tuple(item for item in chosen if item is not None)) for chosen in itertools.product(*choices)
    )


def classes_text(found: Iterable[ServiceClass], every: tuple[ServiceClass, ...]) -> str:
    """Return several classes in words: all services, or what tells them from the others."""
    named = sorted(set(found))
    if len(named) == len(every):
        return "all services"
    return ", ".join(item.text for item in named)


def interface_pattern(text: str) -> str:
    """Return an interface regex in canonical form: patterns of equal form match the same names.

    Cilium's regexes are not anchored: ``eth0`` also matches ``veth01``. Literals, ``.``, classes and quantifiers are
    understood; a pattern with groups or alternatives equals only one that is written alike.
    """
    if re.search(r"(?<!\\)[(){}|]", text):
        return text
    body, start, end = text, "^", "$"
    if body.startswith("^"):
        body = body[1:]
    else:
        start = ""
    if body.endswith("$") and not body.endswith("\\$"):
        body = body[:-1]
    else:
        end = ""
    parts = ([] if start else [".*"]) + _atoms(body) + ([] if end else [".*"])
    merged: list[str] = []
    for part in parts:
        if merged[-1:] == [".*"] and _optional(part):
            continue
        while part == ".*" and merged and _optional(merged[-1]):
            merged.pop()
        merged.append(part)
    return "".join(merged)


def _optional(part: str) -> bool:
    """Return whether a part may match nothing: beside ``.*`` it changes nothing."""
    return part[-1] in "*?" and len(part) > 1 and part not in (r"\*", r"\?")


def _atoms(body: str) -> list[str]:
    """Return the parts of a regex, each with its quantifier; escapes that change nothing are gone."""
    result: list[str] = []
    for atom, quantifier in re.findall(r"(\[[^]]*\]|\\.|.)([*+?]?)", body):
        known = atom[1] if atom in (r"\-", r"\_", r"\:", r"\@") else _SAME.get(atom, atom)
        if quantifier == "+":
            result += [known, known + "*"]
        else:
            result.append(known + quantifier)
    return result
