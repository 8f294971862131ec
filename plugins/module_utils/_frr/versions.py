# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each version of FRR does: one table for plan, transaction, comparison and documentation.

Measured on the versions in :data:`TRIED`. Runs on the router: syntax of Python 3.8, standard library only.
"""

from __future__ import annotations

from typing import Tuple

OLDEST = (7, 5)
"""The oldest version for which configurations are rendered and tested (Debian 11, the base of UniFi OS)."""

TRIED = ((7, 5), (8, 4), (10, 3), (10, 7))
"""The versions on which all of this was tried, oldest first: those of the tests' routers."""

EBGP_REQUIRES_POLICY = (7, 4)
"""From here on an eBGP neighbor without a policy exchanges no routes (RFC 8212), and ``network`` lines are checked."""

BLOCK_ENDS = (8, 1)
"""From here on FRR ends a block with ``exit``; the reload of older ones mis-reads it."""

CONNECT_RETRY_30 = (10, 3)
"""From here on the profile ``traditional`` retries a connection after 30 s; before after 120 s."""

ENFORCE_FIRST_AS = (10, 3)
"""From here on ``enforce-first-as`` is on where nothing is written."""


def text_of(version: Tuple[int, ...]) -> str:
    """Return a version as it is written: ``7.5``."""
    return ".".join(str(part) for part in version)


def newest_tried_before(version: Tuple[int, ...]) -> Tuple[int, ...]:
    """Return the tried version whose rules a version takes: itself, else the newest one before it, else the oldest."""
    return max((tried for tried in TRIED if tried <= version[:2]), default=TRIED[0])


def untried(version: Tuple[int, ...]) -> str:
    """Return a warning where a version was not tried, else an empty text."""
    rules = newest_tried_before(version)
    if rules == version[:2]:
        return ""
    told = "FRR {0} was not tried with this collection: it gets the rules of {1}, the newest version before it that was"
    return told.format(text_of(version), text_of(rules))
