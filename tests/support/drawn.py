# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that hypothesis draws for places in an inventory."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

USUAL = 100
"""Examples of a test that says no number, in every run but a long one."""


def examples(number: int) -> int:
    """Return how many examples a test draws that usually draws ``number``: as many times more as the profile has."""
    return number * settings().max_examples // USUAL


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=12)
    | st.sampled_from(
        [
            "public",
            "private",
            "203.0.113.93/32",
            "10.121.0.11",
            "2001:db8::1",
            "::/0",
            "0.0.0.0/0",
            "public=true",
            "none",
        ]
    )
)


KEYS = (
    st.text(max_size=8) | st.integers() | st.booleans() | st.none() | st.sampled_from(["addresses", "cidr", "network"])
)
YAML = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside ``value``."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in inner for place in [(*path, key), *places(item, (*path, key))]]
