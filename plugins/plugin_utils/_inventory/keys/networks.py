# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``edge_networks``: L3 segments that routers and nodes share."""

from __future__ import annotations

from ..types import Boolean, Choice, Key, ListOf, Record
from .common import INTERFACE, POOL_ENTRY, SEGMENT, SELECTOR

NETWORK = Record(
    (
        Key(
            "cidr",
            ListOf(SEGMENT, least=1),
            "Subnets of the segment.",
            required=True,
            also=("subnet", "subnets", "prefix"),
        ),
        Key(
            "interfaces",
            ListOf(INTERFACE, least=1),
            "Names or globs of the nodes' interfaces here.",
            derived="required for L2",
        ),
        Key(
            "l2_nodes",
            SELECTOR,
            "Nodes that announce pools here.",
            derived="the nodes with an address here",
            also=("nodes", "node_selector"),
        ),
        Key("loopback", Boolean(), "It holds loopback addresses: no segment, no gateway, no ARP.", default=False),
        Key("dhcp", ListOf(POOL_ENTRY), "Ranges that a DHCP server hands out here; no pool may hold them.", default=()),
        Key(
            "delivery",
            Choice("routed", "on_link"),
            "How the provider hands a public range over: routed to the router, or on-link at its WAN port.",
        ),
        Key(
            "return_path",
            Choice("default_route", "network"),
            "How nodes answer what reached them here: by their default route, or through this network, because they"
            " have a routing rule for its pools (docs/situations/nodes-in-two-networks.md).",
            default="default_route",
        ),
    ),
    {
        "gateway": "a router's address stands in its own edge_addresses",
        **dict.fromkeys(("vlan", "vlan_id"), "VLANs are made elsewhere: interfaces names the one that the nodes have"),
    },
)
