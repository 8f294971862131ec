# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``edge_router_neighbors``: BGP speakers that are not Cilium."""

from __future__ import annotations

from ..types import Asn, Boolean, Key, ListOf, Name, Record
from .common import ADDRESS, FAMILY, ROUTER_INTERFACE, SELECTOR, SOURCE, OneOf
from .policies import POLICY
from .sessions import FRR_NOTES, SESSION, listen_limit_key, listen_range_key

NEIGHBOR = Record(
    (
        Key("address", ADDRESS, "Its address; a link-local one needs interface too.", also=("peer_address", "ip")),
        Key("nodes", SELECTOR, "Nodes with another speaker than Cilium; needs network.", also=("node_selector",)),
        Key("network", Name(), "Network in which the nodes' addresses are, or in which dynamic neighbors are."),
        Key(
            "interface",
            ROUTER_INTERFACE,
            "Interface towards it: unnumbered (RFC 5549), or that of a link-local address.",
        ),
        listen_range_key("Listen range in place of an address.", listen_limit_key(default=10)),
        Key(
            "asn",
            OneOf(("internal", "external"), Asn()),
            "Its AS number, or any inside or outside our AS.",
            required=True,
            also=("remote_as", "peer_asn"),
        ),
        Key("local_as", Asn(), "AS number that the router shows to it.", derived="edge_router_asn"),
        Key("update_source", SOURCE, "The router's own address for the session.", derived="derived"),
        Key(
            "families",
            ListOf(FAMILY, least=1),
            "Families of the routes that it carries.",
            derived="those of the policies and of the address",
        ),
        Key("bfd", Boolean(), "BFD (RFC 5880) on the router; the neighbor must do the same.", default=False),
        Key("next_hop_self", Boolean(), "Routes are sent with the router as next hop.", default=False),
        Key(
            "route_reflector_client",
            Boolean(),
            "Routes of other internal neighbors are passed on to it (RFC 4456).",
            default=False,
        ),
        Key("import", POLICY, "Routes that the router accepts.", derived="nothing"),
        Key("export", POLICY, "Routes that the router sends.", derived="nothing"),
        *SESSION,
    ),
    {
        **FRR_NOTES,
        **dict.fromkeys(("password", "auth", "md5"), "a password stands in edge_bgp_passwords, by the neighbor's name"),
    },
)
