# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session keys: what both ends of a BGP session must agree on, and listen ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._findings.report import Report
from ..types import INVALID, Boolean, Integer, Key, ListOf, Record, Text, describe
from .common import CIDR, PORT, SELECTOR, RecordOr

SESSION = (
    Key(
        "timers",
        Record(
            (
                Key(
                    "hold",
                    Integer(3, 65535, "s"),
                    "Hold time: a session without a sign of life ends after it.",
                    default=9,
                    also=("hold_time", "holdTimeSeconds"),
                ),
                Key(
                    "keepalive",
                    Integer(1, 21845, "s"),
                    "Time between signs of life, at most a third of hold.",
                    derived="hold / 3",
                    also=("keepalive_time", "keepAliveTimeSeconds"),
                ),
                Key(
                    "connect_retry",
                    Integer(1, 65535, "s"),
                    "Time until an end dials again.",
                    default=5,
                    also=("connectRetryTimeSeconds", "connect"),
                ),
            )
        ),
        "Timers of the session, rendered on both ends.",
        default={},
    ),
    Key(
        "graceful_restart",
        Integer(0, 4095, "s"),
        "Restart time of graceful restart (RFC 4724) that nodes announce; 0 switches it off there. FRR keeps its own on"
        " links and with other neighbors: 0 asks nothing of these.",
        default=15,
        also=("restart_time", "restartTimeSeconds"),
    ),
    Key(
        "multihop",
        Integer(2, 255),
        "TTL for a neighbor that is not directly connected, on both ends.",
        also=("ebgp_multihop", "ebgp_multihop_ttl"),
    ),
    Key(
        "ttl_security",
        Boolean(),
        "GTSM (RFC 5082) on both ends: packets from further away are dropped.",
        default=False,
        also=("gtsm",),
    ),
    Key(
        "description",
        Text(
            "text", r"|[^|]*[^|\s][^|]*", "a description that FRR takes: not blank, and without '|', a pipe for vtysh"
        ),
        "Text beside the neighbor on the router.",
        derived="the node's host name",
    ),
    Key("shutdown", Boolean(), "Configured, but held down by the router.", default=False),
    Key("port", PORT, "TCP port that the router listens on.", default=179, also=("peer_port",)),
)

_IN_TIMERS = "it stands in timers: {hold, keepalive, connect_retry}"

_PASSWORDS = "a password stands in edge_bgp_passwords, by the peering's name"

SESSION_NOTES = {
    **dict.fromkeys(("hold", "hold_time", "holdTimeSeconds", "keepalive", "keepAliveTimeSeconds"), _IN_TIMERS),
    **dict.fromkeys(("connect_retry", "connectRetryTimeSeconds"), _IN_TIMERS),
    **dict.fromkeys(("password", "auth", "authSecretRef", "md5"), _PASSWORDS),
    "bfd": "Cilium has no BFD: choose a shorter hold time",
}
"""Where it is said what users look for in a session's keys."""

_FILTERS_ARE_MADE = "filters are made of import and export, which name pools, networks and prefixes"

FRR_NOTES = {
    **dict.fromkeys(("route_map", "route_maps", "prefix_list", "prefix_lists", "distribute_list"), _FILTERS_ARE_MADE),
    **dict.fromkeys(("filter_list", "as_path"), _FILTERS_ARE_MADE),
    "maximum_prefix": "it stands in import: {max_prefixes, restart}",
    "default_originate": "it stands in export: {default_route: true}",
    "weight": "write import: {local_preference}",
    **dict.fromkeys(
        ("soft_reconfiguration", "soft_reconfiguration_inbound"),
        "nothing needs it: a changed filter asks for the routes again (RFC 2918)",
    ),
    "send_community": "FRR sends communities of all kinds by itself",
    "passive": "leave it out: that both ends may dial does no harm, one session stays",
    "disable_connected_check": "write multihop: 2 for an address that is not on a subnet of both ends",
    "advertisement_interval": "FRR's own is 0 s already",
    **dict.fromkeys(
        ("remove_private_as", "aggregate_address"),
        "name the whole range in export: {prefixes}: the router announces it itself, with no other AS in its path",
    ),
    **dict.fromkeys(("addpath", "addpath_tx_all_paths"), "each router sends its best path to a prefix"),
    **dict.fromkeys(("activate", "address_families", "address_family"), "families are those of the routes that pass"),
    **dict.fromkeys(
        ("allowas_in", "as_override"), "give each site an AS number of its own: with equal ones loops go unseen"
    ),
    **dict.fromkeys(
        ("bfd_profile", "bfd_timers"), "BFD's own timers hold; others stand in a profile of bfdd on the router"
    ),
    **dict.fromkeys(("graceful_restart_helper", "graceful_restart_disable"), "FRR is a helper by itself: leave it out"),
}
"""What FRR calls what is said otherwise here, or needs no word."""


class ListenRangeType(RecordOr):
    """A listen range: ``true`` for the derived one, or a map; read as the map's values, and ``false`` as None."""

    def __init__(self, limit: Key) -> None:
        """Take the key that says how many neighbors may dial in."""
        super().__init__("on", Boolean(), Record((_RANGE, limit)))

    def parse(self, value: object, path: str, report: Report) -> Any:
        """Return the values of the map, None for ``false``; report a range that stands alone, and what is neither."""
        if isinstance(value, (list, tuple)) or (isinstance(value, str) and "/" in value):
            text = f"[{', '.join(map(str, value))}]" if isinstance(value, (list, tuple)) else value
            report.add("EDGE102", path, f"must be true or a map, not {describe(value)}", f"write {{range: {text}}}")
            return INVALID
        if isinstance(value, Mapping):
            return self.record.parse(value, path, report)
        parsed = self.alone.parse(value, path, report)
        return INVALID if parsed is INVALID else self.filled(parsed)

    def filled(self, default: Any) -> Any:
        """Return the derived range for ``true``, and None for ``false``."""
        return self.record.filled({}) if default else None

    def shown(self, default: Any) -> str:
        """Return the boolean."""
        return self.alone.shown(default)


_RANGE = Key(
    "range",
    ListOf(CIDR, least=1),
    "Addresses that may dial in.",
    derived="the CIDRs of network",
    also=("ranges", "listen_range"),
)


def listen_range_key(text: str, limit: Key) -> Key:
    """Return the key ``dynamic`` of a peering or neighbor; ``limit`` is the key that bounds its neighbors."""
    return Key("dynamic", ListenRangeType(limit), text, default=False, also=("listen_range",))


def listen_limit_key(default: int | None = None, derived: str = "") -> Key:
    """Return the key ``limit`` of a listen range."""
    return Key("limit", Integer(1, 65535), "Neighbors at most.", default, derived, also=("listen_limit",))


DEFAULTS = Record(
    (
        Key(
            "nodes",
            SELECTOR,
            "For peerings that name no nodes.",
            derived="all nodes of the cluster",
            also=("node_selector", "selector"),
        ),
        *SESSION,
    ),
    {**SESSION_NOTES, "asn": "the AS number of peerings that set none is edge_cluster_asn"},
)
