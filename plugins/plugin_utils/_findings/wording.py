# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How findings word lists of names, and what they suggest for a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

MOST_NAMES = 5
"""Names in one text that has them all where they are few: prefixes, nodes, objects."""


def some(hosts: Sequence[str], most: int = 3) -> str:
    """Return the first few names, and how many more there are."""
    more = len(hosts) - most
    return ", ".join(hosts) if more <= 0 else f"{', '.join(hosts[:most])} and {more} more"


def count(number: int, noun: str) -> str:
    """Return ``1 error``, ``2 errors``, ``1 address``, ``2 addresses``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}{'es' if noun.endswith('s') else 's'}"


def squash(word: str) -> str:
    """Return ``word`` without what spellings of one name differ in: ``targetPort`` and ``target_port`` are equal."""
    return word.replace("_", "").replace("-", "").lower()


def closest(word: str, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """Return the known word that ``word`` most likely is a misspelling of, or None where none is close to it.

    ``cutoff`` is how alike both must be (``difflib``), from 0 to 1: 0.8 is two letters of five the other way round.
    """
    words = sorted(known)
    same = [item for item in words if squash(item) == squash(word)]
    return next(iter(same or difflib.get_close_matches(word, words, n=1, cutoff=cutoff)), None)


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str | None:
    """Return the hint for a misspelt ``word``, or None where nothing known is close to it.

    ``prefix`` is what all words start with: it makes none of them closer.
    """
    match = closest(word.removeprefix(prefix), {item.removeprefix(prefix) for item in known})
    return f"did you mean {prefix + match!r}?" if match else None


def one_of(words: Iterable[str]) -> str:
    """Return ``a, b or c`` for a hint that lists the choices."""
    items = sorted(words)
    if not items:
        return "there is none"
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"
