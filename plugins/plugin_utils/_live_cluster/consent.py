# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals that a word of the user lifts, and all words of a look as one block to be pasted into the inventory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from ...module_utils._errors import EdgeError, message

VARIABLE = "edge_cluster_take_over"
LISTS = ("unset", "services", "objects")


class ConsentError(EdgeError):
    """A refusal that the user lifts by a word.

    Args:
        path: what is refused.
        problem: what would be lost.
        hint: the other ways out.
        key: ``services`` or ``objects`` of ``edge_cluster_take_over``.
        word: names the thing as it lives.
        role: the role whose variable takes the word too, where it stands alone.
    """

    def __init__(self, path: str, problem: str, hint: str, key: str, word: str, role: str = "") -> None:
        self.key = key
        self.word = word
        self.ways_out = hint
        alone = f" (of the role alone: {role}_take_over)" if role else ""
        super().__init__(path, problem, f"{hint}, or say so: {VARIABLE}: {{{key}: ['{word}']}}{alone}")


def told_refusals(
    errors: Iterable[EdgeError], said: Mapping[str, Any] | None, more: Mapping[str, Any] | None = None
) -> list[str]:
    """Return the texts of refusals. Where several wait for a word, they end with one block of all words.

    Args:
        errors: the refusals.
        said: the consent that the inventory has; it stays in the block, which takes its place.
        more: words for what is refused beside these.
    """
    found = list(errors)
    waiting = [error for error in found if isinstance(error, ConsentError)]
    if not waiting or len(waiting) + bool(more) < 2:
        return [str(error) for error in found]
    texts = [
        message(error.path, error.problem, error.ways_out) if isinstance(error, ConsentError) else str(error)
        for error in found
    ]
    return [*texts, consent_block(waiting, {**(said or {}), **(more or {})})]


def consent_block(waiting: Iterable[ConsentError], said: Mapping[str, Any] | None) -> str:
    """Return the block that consents to all of these, with what the inventory says already."""
    words: dict[str, Any] = {key: value for key, value in (said or {}).items() if value}
    for error in waiting:
        words[error.key] = [*words.get(error.key, ()), error.word]
    block = {key: list(dict.fromkeys(words[key])) if key in LISTS else words[key] for key in sorted(words)}
    pasted = yaml.safe_dump({VARIABLE: block}, sort_keys=True, width=1000, allow_unicode=True).rstrip()
    return f"To consent to all of these, write this at the cluster's host, in place of what stands there:\n{pasted}\n"
