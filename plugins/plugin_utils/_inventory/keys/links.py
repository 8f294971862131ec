# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``edge_links``: sessions between our own routers."""

from __future__ import annotations

from ..types import Boolean, Key, ListOf, MapOf, Name, Record
from .common import HOST, ROUTER_INTERFACE
from .policies import POLICY
from .sessions import SESSION

LINK = Record(
    (
        Key(
            "ends",
            MapOf(
                HOST,
                Record(
                    (
                        Key(
                            "network",
                            Name(),
                            "Network of this end's address.",
                            derived="the only one that both ends share",
                        ),
                        Key(
                            "interfaces",
                            MapOf(HOST, ROUTER_INTERFACE),
                            "Other router → this end's interface towards it: unnumbered (RFC 5549).",
                        ),
                        Key("export", POLICY, "Routes that this end sends.", derived="nothing"),
                        Key("import", POLICY, "Routes that this end accepts.", derived="what the other end exports"),
                    )
                ),
            ),
            "The routers that it joins, each with its end.",
            required=True,
        ),
        Key("hub", ListOf(HOST, least=1), "Routers that all others peer with.", derived="full mesh"),
        Key("bfd", Boolean(), "BFD (RFC 5880) on both ends.", default=False),
        *SESSION,
    ),
    {
        **dict.fromkeys(("password", "auth", "md5"), "a password stands in edge_bgp_passwords, by the link's name"),
        "asn": "both AS numbers are the routers' edge_router_asn",
    },
)
