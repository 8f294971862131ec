# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The library's one error class, and what stands in a secret's place. Runs on the router too: syntax of Python 3.8."""

from __future__ import annotations

from typing import Optional

MASK = "********"
"""Stands in the place of a secret: in output, differences, errors and logs."""


class EdgeError(ValueError):
    """Bad input, told so that a user can mend it: where it stands, what is wrong, and the way out.

    Args:
        path: the variable or option, such as ``edge_pools.media.addresses[0]``; may be empty in a filter.
        problem: what is wrong, with the value and the rule.
        hint: the way out, or None where the problem says it already.
    """

    def __init__(self, path: str, problem: str, hint: Optional[str] = None) -> None:
        self.path = path
        self.problem = problem
        self.hint = hint
        super().__init__(message(path, problem, hint))


def message(path: str, problem: str, hint: Optional[str] = None) -> str:
    """Return the one text form of every error and warning: ``path: problem (hint)``."""
    text = "{0}: {1}".format(path, problem) if path else problem
    return "{0} ({1})".format(text, hint) if hint else text
