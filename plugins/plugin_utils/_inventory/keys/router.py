# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of a router host."""

from __future__ import annotations

from ..types import Asn, Boolean, Choice, Integer, Key, ListOf, MapOf, Name, Text
from .cluster import CLUSTER_MAPS
from .common import ROUTER_ID, VERSION
from .neighbors import NEIGHBOR

ROUTER_MAPS = tuple(key for key in CLUSTER_MAPS if key.name in ("edge_bgp_defaults", "edge_bgp_passwords"))
"""Read from each router host too, for its neighbors and links."""

ROUTER = (
    Key("edge_router_asn", Asn(), "AS number of the router.", required=True),
    Key(
        "edge_router_id",
        ROUTER_ID,
        "BGP identifier.",
        derived="its loopback's address, else its lowest IPv4 address",
    ),
    Key(
        "edge_router_platform", Choice("linux", "unifi"), "What plan and render assume of the router.", default="linux"
    ),
    Key("edge_router_frr_version", VERSION, "FRR version that plan and render assume.", default="10.1"),
    Key(
        "edge_router_managed",
        Boolean(),
        "false: never connected to; the other end is planned against it.",
        default=True,
    ),
    Key(
        "edge_router_bgp_owner",
        Choice("file", "none"),
        "Who holds the router's BGP: file, frr.conf over SSH; none, somebody else: read and verified, never written.",
        default="file",
    ),
    Key("edge_router_neighbors", MapOf(Name(), NEIGHBOR), "BGP speakers that are not Cilium.", layered=True),
    Key("edge_router_maximum_paths", Integer(1, 256), "Next hops of a route at most (ECMP).", derived="FRR's own"),
    Key(
        "edge_router_redistribute",
        ListOf(Choice("connected", "kernel", "static", "ospf")),
        "Routes taken into BGP (warns); they leave where an export says redistributed or all, or has their prefixes.",
        default=(),
    ),
    Key(
        "edge_router_take_over",
        ListOf(Text("block", r"\S+( \S+)*", "the first line of a block of FRR, such as router ospf")),
        "Blocks of FRR that are not ours and that a restart may lose (docs/router.md).",
        default=(),
    ),
    Key("edge_router_import_check", Boolean(), "Announce a network only if it is in the routing table.", default=True),
)
