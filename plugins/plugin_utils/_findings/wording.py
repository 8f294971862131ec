# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How findings and tables word lists of names."""

from __future__ import annotations

from collections.abc import Sequence


def some(hosts: Sequence[str], most: int = 3) -> str:
    """Return the first few names, and how many more there are."""
    more = len(hosts) - most
    return ", ".join(hosts) if more <= 0 else f"{', '.join(hosts[:most])} and {more} more"
