# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arithmetic on ranges of addresses: cost by the number of ranges, never by the number of addresses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """All addresses of one family from ``first`` to ``last``, both included, as integers."""

    family: int
    """4 or 6."""
    first: int
    last: int
