# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of any host."""

from __future__ import annotations

from ..types import Choice, Key, ListOf, MapOf, Name
from .common import ADDRESS

ANY_HOST = (
    Key(
        "edge_addresses",
        MapOf(Name(), ListOf(ADDRESS, least=1)),
        "The host's addresses by network, one per family and subnet.",
        derived="ansible_host, if it is an address inside exactly one network",
        layered=True,
    ),
    Key("edge_state", Choice("present", "absent"), "absent removes what we made there.", default="present"),
)
