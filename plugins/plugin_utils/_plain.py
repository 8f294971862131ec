# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain containers at the plugin edge: ansible-core 2.19 hands plugins lazy and tagged subclasses of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Return a copy of ``value`` made of dict, list and str; other scalars as they are, a generator as a list."""
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, Iterator)):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
