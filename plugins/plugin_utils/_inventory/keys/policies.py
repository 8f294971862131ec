# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies: what ``import`` and ``export`` of peerings, neighbors and links take."""

from __future__ import annotations

from typing import Any

from ..._findings.report import Report
from ..._findings.wording import did_you_mean
from ..types import INVALID, Boolean, Integer, Key, ListOf, Name, Record, Schema, Text, ValueType
from .common import CIDR, HOST, LOCAL_PREFERENCE, RecordOr
from .communities import COMMUNITIES

PREFIX = RecordOr(
    "prefix",
    CIDR,
    Record(
        (
            Key("prefix", CIDR, "The prefix; without ge and le exactly this one.", required=True, also=("cidr",)),
            Key("ge", Integer(0, 128), "Prefixes inside it of at least this length."),
            Key("le", Integer(0, 128), "Prefixes inside it of at most this length."),
        )
    ),
)

POOL_REFERENCE = Text(
    "pool or cluster/pool", r"(?:[A-Za-z0-9][A-Za-z0-9._-]*/)?[a-z0-9][-a-z0-9]*", "a pool, or CLUSTER/POOL"
)

POLICY_RECORD = Record(
    (
        Key(
            "pools",
            ListOf(POOL_REFERENCE),
            "Host routes of these pools (aggregates where they are aggregated).",
            also=("pool",),
        ),
        Key("pod_pools", ListOf(POOL_REFERENCE), "Pod CIDRs out of these pod IP pools, as CLUSTER/POOL."),
        Key("pod_cidrs", ListOf(HOST), "Pod CIDRs of these clusters."),
        Key("networks", ListOf(Name()), "Subnets of these networks.", also=("network",)),
        Key("prefixes", ListOf(PREFIX), "Prefixes: exact, unless ge or le is given.", also=("prefix",)),
        Key("default_route", Boolean(), "The default route.", default=False, also=("default_originate",)),
        Key("redistributed", Boolean(), "What edge_router_redistribute takes in (export only; warns).", default=False),
        Key(
            "communities",
            COMMUNITIES,
            "import: only routes that carry all of them; export: added to each route.",
            also=("community",),
        ),
        Key("add_communities", COMMUNITIES, "Added to each route that is accepted (import only)."),
        Key("local_preference", LOCAL_PREFERENCE, "Set on each route (export: within one AS only)."),
        Key(
            "med",
            Integer(0, 4294967295),
            "MED (RFC 4271) set on each route: of several ways into one AS, the lowest is taken.",
            also=("metric", "multi_exit_discriminator"),
        ),
        Key(
            "prepend",
            Integer(1, 10),
            "How many times more the router's own AS stands in the path (export between two ASes only).",
            also=("as_path_prepend", "prepend_as"),
        ),
        Key(
            "max_prefixes",
            Integer(1, 4294967295),
            "Routes that end the session (import only).",
            derived="derived",
            also=("maximum_prefix",),
        ),
        Key(
            "restart",
            Integer(60, 3932100, "s"),
            "Time until a session that max_prefixes ended is tried again, in whole minutes.",
            default=300,
        ),
    ),
    {
        "ge": "ge and le stand beside a prefix: prefixes: [{prefix, ge, le}]",
        "le": "ge and le stand beside a prefix: prefixes: [{prefix, ge, le}]",
        "weight": "write local_preference: weight is the same for one router alone, and hides from its links",
        **dict.fromkeys(
            ("as_path", "as_path_list", "filter_list"),
            "routes are told apart by prefixes and communities: an AS path can say anything",
        ),
        **dict.fromkeys(("warning_only", "threshold"), "a limit that only warns does not protect: write max_prefixes"),
        **dict.fromkeys(("next_hop", "set_next_hop"), "the next hop is whoever sends the route, or next_hop_self"),
        **dict.fromkeys(("route_map", "distribute_list"), "filters are made of what is named here"),
    },
)


ALL = "all"
"""The policy under which every route passes."""


class PolicyType(ValueType):
    """Which routes pass: :data:`ALL`, or the values of a map that names them."""

    label = "policy"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if value == ALL:
            return ALL
        if isinstance(value, str):
            report.add(
                "EDGE103",
                path,
                f"{value!r} is not a policy",
                did_you_mean(value, (ALL,)) or "write all, or a map such as {pools: [lb]}; leave it out for nothing",
            )
            return INVALID
        return POLICY_RECORD.parse(value, path, report)

    def schema(self) -> Schema:
        return {"anyOf": [{"const": ALL}, POLICY_RECORD.schema()]}


POLICY = PolicyType()
