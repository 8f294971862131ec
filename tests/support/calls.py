# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that work makes, counted: a measure of its cost that no busy machine changes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

LINEAR = 12
"""Most by which ten times as much of one kind may multiply the calls: 10, and something for a logarithm."""


def calls_of(work: Callable[[], Any]) -> int:
    """Return how many functions ``work`` calls, those in C included."""
    count = 0

    def seen(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count
