# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of a node."""

from __future__ import annotations

from ..types import Asn, Boolean, Key, ListOf, MapOf, Name
from .common import ADDRESS, HOST, LABEL_KEY, LABEL_VALUE, ROUTER_ID

NODE = (
    Key("edge_cluster", HOST, "The node's cluster.", derived="the only cluster"),
    Key("edge_node_labels", MapOf(LABEL_KEY, LABEL_VALUE), "Labels of the Node.", layered=True),
    Key(
        "edge_cluster_asn",
        Asn(),
        "The node's own AS number, read only where its cluster has none (racks).",
        derived="the peering's asn",
    ),
    Key(
        "edge_node_router_id",
        ROUTER_ID,
        "The node's BGP identifier.",
        derived="Cilium's choice",
    ),
    Key(
        "edge_node_local_addresses",
        MapOf(Name(), ListOf(ADDRESS, least=1)),
        "Peering → source addresses of the node's sessions in it, one per family.",
        derived="its address in the peering's network",
        layered=True,
    ),
    Key("edge_node_drain", Boolean(), "The node leaves all peerings.", default=False),
)
