# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``edge_pools`` and ``edge_cluster_pod_pools``: what services and nodes get addresses from."""

from __future__ import annotations

from ..._versions import cilium
from ..types import Boolean, Key, ListOf, MapOf, Name, Record
from .common import AGGREGATE, CIDR, LABEL_KEY, LABEL_VALUE, LOCAL_PREFERENCE, MASK, POOL_ENTRY, SELECTOR
from .communities import COMMUNITIES

POOL = Record(
    (
        Key(
            "addresses",
            ListOf(POOL_ENTRY, least=1),
            "CIDRs, ranges (FIRST-LAST) and single addresses.",
            required=True,
            also=("blocks", "cidr", "cidrs", "range", "ranges"),
        ),
        Key("exclude", ListOf(POOL_ENTRY), "Addresses inside it that no service gets.", default=()),
        Key(
            "bgp",
            ListOf(Name()),
            "Peerings that advertise it; [] makes it reachable nowhere.",
            derived="the only peering, if l2 is absent too",
            also=("peering", "peerings"),
        ),
        Key("l2", ListOf(Name()), "Networks on which it is announced.", default=(), also=("network", "networks")),
        Key(
            "first_last",
            Boolean(),
            "Hand out the first and last address of a CIDR.",
            default=True,
            also=("allowFirstLastIPs",),
        ),
        Key("disabled", Boolean(), "Hand out nothing more; services keep what they have.", default=False),
        Key("anycast", Boolean(), "The same range serves another cluster too, where it says the same.", default=False),
        Key(
            "services",
            SELECTOR,
            "Services that draw from it, by their labels (also io.kubernetes.service.name and .namespace).",
            derived="those whose pool label names it",
            also=("service_selector",),
        ),
        Key("announce_only", SELECTOR, "Advertise and announce only these of its services.", derived="all"),
        Key("external_ips", Boolean(), "On L2: answer for spec.externalIPs of these services too.", default=False),
        Key("communities", COMMUNITIES, "BGP communities of its routes.", default=(), also=("community",)),
        Key("local_preference", LOCAL_PREFERENCE, "Local preference of its routes (within one AS only)."),
        Key(
            "aggregate",
            AGGREGATE,
            "Prefix length to which its routes are aggregated; not those of traffic policy Local.",
            needs=cilium.AGGREGATE,
            also=("aggregation_length",),
        ),
    ),
    {
        **dict.fromkeys(("start", "stop", "end"), "a range is one text: addresses: FIRST-LAST"),
        "avoid_buggy_ips": "first_last: false keeps the first and last address of a CIDR back",
        "auto_assign": "edge_default_pool says which pool serves the services that name none",
        "interfaces": "interfaces belong to the network: edge_networks.NAME.interfaces",
    },
)

POD_POOL = Record(
    (
        Key("cidr", ListOf(CIDR, least=1), "Ranges of the pool.", required=True, also=("cidrs",)),
        Key("mask", MASK, "Length of the CIDRs that nodes get from it.", default={}, also=("mask_size",)),
        Key("labels", MapOf(LABEL_KEY, LABEL_VALUE), "Labels, for selectors of advertise.pod_pools.", default={}),
    )
)
