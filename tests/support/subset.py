# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparison by subset: a test states what matters, and other keys may be there."""

from __future__ import annotations

from typing import Any


def assert_subset(actual: Any, expected: Any, path: str = "$") -> None:
    """Assert that ``actual`` has all of ``expected``: maps may have more keys, lists may not have more entries."""
    if isinstance(expected, dict):
        assert isinstance(actual, dict), f"{path}: {actual!r} is no map"
        for key, value in expected.items():
            assert key in actual, f"{path}: no key {key!r} in {sorted(actual)}"
            assert_subset(actual[key], value, f"{path}.{key}")
    elif isinstance(expected, list):
        assert isinstance(actual, list), f"{path}: {actual!r} is no list"
        assert len(actual) == len(expected), f"{path}: {actual!r} has not {len(expected)} entries"
        for index, (one, other) in enumerate(zip(actual, expected, strict=True)):
            assert_subset(one, other, f"{path}[{index}]")
    else:
        assert actual == expected, f"{path}: {actual!r} != {expected!r}"
