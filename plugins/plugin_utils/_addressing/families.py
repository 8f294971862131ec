# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two address families by the names that the inventory and the plan use, and what each of them has."""

from __future__ import annotations

FAMILIES = ("ipv4", "ipv6")
"""In the order in which they are shown and rendered."""

HOST_LENGTH = {"ipv4": 32, "ipv6": 128}
"""Prefix length of a route to one address."""

DEFAULT_ROUTE = {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}


def family_of(text: str) -> str:
    """Return the family of an address or CIDR that was parsed before."""
    return "ipv6" if ":" in text else "ipv4"
