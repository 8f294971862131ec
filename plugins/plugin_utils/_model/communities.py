# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP communities, and the words for those that a registry gives a meaning."""

from __future__ import annotations

from dataclasses import dataclass

WELL_KNOWN_COMMUNITIES = {
    "internet": (0, 0),
    "planned-shut": (65535, 0),
    "accept-own": (65535, 1),
    "route-filter-translated-v4": (65535, 2),
    "route-filter-v4": (65535, 3),
    "route-filter-translated-v6": (65535, 4),
    "route-filter-v6": (65535, 5),
    "llgr-stale": (65535, 6),
    "no-llgr": (65535, 7),
    "blackhole": (65535, 666),
    "no-export": (65535, 65281),
    "no-advertise": (65535, 65282),
    "no-export-subconfed": (65535, 65283),
    "no-peer": (65535, 65284),
}
"""The words that Cilium's CRD takes (``attributes.communities.wellKnown``), with their value (IANA's registry)."""


@dataclass(frozen=True, slots=True, order=True)
class Community:
    """A BGP community."""

    text: str
    """Canonical: ``65000:100``, ``65000:1:2`` or a word such as ``no-export``."""
    kind: str
    """``standard`` (RFC 1997), ``large`` (RFC 8092) or ``well-known``."""

    @property
    def number(self) -> str:
        """Its number: a word and its number are one community."""
        known = WELL_KNOWN_COMMUNITIES.get(self.text)
        return f"{known[0]}:{known[1]}" if known else self.text
