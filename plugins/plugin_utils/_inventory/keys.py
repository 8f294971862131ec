# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of inventory keys: the one source of validation, of the reference page, the schema and argument_specs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...module_utils._errors import EdgeError
from .._addressing.addresses import Address, parse_address, parse_cidr, parse_pool_entry, parse_segment
from .._findings.report import Report
from .._findings.wording import did_you_mean
from .._kubernetes.labels import LABEL_MANAGED_BY, LABEL_POOL, LABEL_SITE
from .._kubernetes.selectors import parse_selector
from .._model.site import Community
from .types import (
    DIGITS,
    INVALID,
    Anything,
    Asn,
    Boolean,
    Choice,
    Integer,
    Key,
    ListOf,
    MapOf,
    Name,
    Parsed,
    Record,
    Schema,
    Seconds,
    Text,
    Tree,
    ValueType,
    describe,
)


def parse_router_id(value: object, path: str) -> Address:
    """Read a BGP identifier: an IPv4 address other than 0.0.0.0 (RFC 6286 section 2.1)."""
    address = parse_address(value, path)
    if address.family != 4 or address.value == 0:
        raise EdgeError(path, f"{address.text} is not a router-id", "a router-id is an IPv4 address other than 0.0.0.0")
    return address


def parse_source(value: object, path: str) -> Address:
    """Read the address that a session comes from; an interface's name is told as such."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_.@-]{0,14}", value, re.ASCII):
        raise EdgeError(path, f"{value!r} is the name of an interface", "write the router's own address on it")
    return parse_address(value, path)


_IPV4 = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_IP = rf"(?:{_IPV4}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)"
_LENGTH = r"/[0-9]{1,3}"

ADDRESS = Parsed("address", parse_address, rf"\s*{_IP}\s*")
SOURCE = Parsed("address", parse_source, rf"\s*{_IP}\s*")
ROUTER_ID = Parsed("IPv4 address", parse_router_id, rf"\s*{_IPV4}\s*")
CIDR = Parsed("CIDR", parse_cidr, rf"\s*{_IP}{_LENGTH}\s*")
SEGMENT = Parsed("CIDR", parse_segment, rf"\s*{_IP}{_LENGTH}\s*")
POOL_ENTRY = Parsed("CIDR, range or address", parse_pool_entry, rf"\s*{_IP}(?:{_LENGTH}|\s*-\s*{_IP})?\s*")
SELECTOR = Parsed("selector", parse_selector, r"[A-Za-z0-9_./=!(),\s-]+", code="EDGE103")
PATH = Text("path", r".*\S.*", "a path: it is empty")
HOST = Text("host name", r".+", "a host name: it is empty")
LABEL_KEY = Text(
    "label key",
    r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?",
    "a label key: [prefix/]name, the name of at most 63 letters, digits, '-', '_' and '.'",
)
LABEL_VALUE = Text(
    "label value",
    r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?",
    "a label value: at most 63 letters, digits, '-', '_' and '.', first and last a letter or digit",
)


class _ServiceName(Text):
    """The namespace and name of a Service."""

    def __init__(self) -> None:
        super().__init__(
            "namespace/name",
            r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
            "NAMESPACE/NAME of a Service: lower-case letters, digits and hyphens, at most 63 each, "
            "the name starts with a letter",
            code="EDGE104",
        )

    def holds_services(self, name: str, value: object, path: str, report: Report) -> bool:
        """Return whether ``name`` is a namespace with services below it, and report that."""
        if "/" in name or not isinstance(value, Mapping) or "selector" in value or not value:
            return False
        if not all(isinstance(entry, Mapping) for entry in value.values()):
            return False
        hint = f"write {name}/{next(iter(value))}: ..."
        report.add("EDGE104", path, "holds services, but each has an entry of its own here", hint)
        return True


SERVICE_NAME = _ServiceName()
INTERFACE = Text(
    "interface name or glob",
    r"[A-Za-z0-9_.@*?-]{1,15}",
    "an interface name of at most 15 characters, where * and ? stand for any, such as eth* (no regular expression)",
)
VERSION = Text(
    "version", r"[0-9]+\.[0-9]+(\.[0-9]+)?([-+][0-9A-Za-z.-]+)?", "a version in digits, such as 1.19.6 or 10.3"
)
PORT = Integer(1, 65535)
FAMILY = Choice("ipv4", "ipv6")


NAMESPACE_OR_ALL = Text(
    "namespace", r"\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "a namespace (RFC 1123 label) or '*'", code="EDGE104"
)
OBJECT_NAME = Text(
    "name of a Kubernetes object",
    r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?",
    "a name of lower-case letters, digits, '-' and '.' (RFC 1123 subdomain)",
    code="EDGE104",
)
ROUTER_WORD = Text(
    "one word of a router's configuration",
    r"[A-Za-z][A-Za-z0-9._-]{0,62}",
    "one word of at most 63 letters, digits, '.', '_' and '-' that starts with a letter",
    code="EDGE104",
)
ROUTER_INTERFACE = Text(
    "interface name", r"[A-Za-z][A-Za-z0-9_.@-]{0,14}", "an interface's name, at most 15 characters, without wildcards"
)
LOCAL_PREFERENCE = Integer(0, 4294967295)

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


_OTHER_COMMUNITY_WORDS = {
    "graceful-shutdown": "Cilium's word for it is 'planned-shut'",
    "local-AS": "Cilium's word for it is 'no-export-subconfed'",
}
"""What FRR calls them."""


class _Community(ValueType):
    """A BGP community; its kind is read from its form: ``65000:100``, ``65000:1:2`` (RFC 8092), ``no-export``."""

    label = "community"
    argument_type = "str"
    _form = r"[0-9]+(?::[0-9]+){0,2}"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            meant = divmod(value, 60) if 60 <= value < 65536 * 60 else (65000, 20)
            report.add(
                "EDGE106",
                path,
                f"is {describe(value)}, not a community",
                f"quote it, such as '{meant[0]}:{meant[1]}': unquoted, YAML reads that as a number in base 60",
            )
            return INVALID
        if not isinstance(value, str):
            report.add("EDGE102", path, f"must be a community, not {describe(value)}", "such as '65000:100'")
            return INVALID
        if value in WELL_KNOWN_COMMUNITIES:
            return Community(value, "well-known")
        if not re.fullmatch(self._form, value, re.ASCII):
            report.add(
                "EDGE103",
                path,
                f"{value!r} is not a community",
                _OTHER_COMMUNITY_WORDS.get(value)
                or did_you_mean(value, WELL_KNOWN_COMMUNITIES)
                or "write '65000:100', '65000:1:2' (large) or no-export",
            )
            return INVALID
        parts = [int(part) for part in value.split(":")]
        most = 65535 if len(parts) == 2 else 4294967295
        for part in parts:
            if part > most:
                report.add(
                    "EDGE103",
                    path,
                    f"{part} in {value!r} is out of range",
                    f"each part of this form is 0 to {most}; three parts make a large community (RFC 8092)",
                )
                return INVALID
        if len(parts) == 1:
            parts = [parts[0] >> 16, parts[0] & 0xFFFF]
        return Community(":".join(map(str, parts)), "large" if len(parts) == 3 else "standard")

    def schema(self) -> Schema:
        return {"anyOf": [{"enum": list(WELL_KNOWN_COMMUNITIES)}, {"type": "string", "pattern": f"^{self._form}$"}]}


COMMUNITIES = ListOf(_Community())


class _PoolLabel(ValueType):
    """A label key that nobody but the pools gives a meaning."""

    label = LABEL_KEY.label
    argument_type = LABEL_KEY.argument_type

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, str) and value.startswith("io.kubernetes.service."):
            problem = f"{value!r} is what Cilium itself says of each service: it does not look at a label of that name"
        elif value in (LABEL_MANAGED_BY, LABEL_SITE):
            problem = f"{value!r} says to whom a Service belongs"
        else:
            return LABEL_KEY.parse(value, path, report)
        report.add("EDGE103", path, problem, f"take a key of its own, such as {LABEL_POOL}")
        return INVALID

    def schema(self) -> Schema:
        return LABEL_KEY.schema()


class _OneOf(ValueType):
    """A word of a few, or a value of another type."""

    def __init__(self, words: tuple[str, ...], other: ValueType) -> None:
        self.words, self.other = words, other
        self.label = f"{' '.join(words)} or {other.label}"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, str) and value in self.words:
            return value
        if isinstance(value, str) and not isinstance(self.other, Text) and not DIGITS.fullmatch(value):
            report.add(
                "EDGE103", path, f"{value!r} is not known here", did_you_mean(value, self.words) or f"{self.label}"
            )
            return INVALID
        return self.other.parse(value, path, report)

    def schema(self) -> Schema:
        return {"anyOf": [{"enum": list(self.words)}, self.other.schema()]}


class RecordOr(ValueType):
    """A record, or one value that stands for the record with only that key."""

    argument_type = "raw"
    takes_maps = True

    def __init__(self, key: str, alone: ValueType, record: Record) -> None:
        self.key, self.alone, self.record = key, alone, record
        self.label = f"{alone.label} or {{{', '.join(record.keys)}}}"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, Mapping):
            return self.record.parse(value, path, report)
        parsed = self.alone.parse(value, path, report)
        return INVALID if parsed is INVALID else {self.key: parsed}

    def schema(self) -> Schema:
        return {"anyOf": [self.alone.schema(), self.record.schema()]}


def _per_family(low4: int, high4: int, low6: int, high6: int) -> RecordOr:
    """Return the type of a prefix length: one number, or one for each family."""
    record = Record(
        (
            Key("ipv4", Integer(low4, high4), "Length of IPv4 prefixes."),
            Key("ipv6", Integer(low6, high6), "Length of IPv6 prefixes."),
        )
    )
    kind = RecordOr("any", Integer(min(low4, low6), max(high4, high6)), record)
    kind.label = f"int or {{ipv4: {low4}..{high4}, ipv6: {low6}..{high6}}}"
    return kind


AGGREGATE = _per_family(1, 31, 1, 127)
MASK = _per_family(1, 32, 1, 128)

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
        Key("default_route", Boolean(), "The default route.", "false", also=("default_originate",)),
        Key("redistributed", Boolean(), "What edge_router_redistribute takes in (export only; warns).", "false"),
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
            "derived",
            also=("maximum_prefix",),
        ),
        Key(
            "restart",
            Integer(60, 3932100, "s"),
            "Time until a session that max_prefixes ended is tried again, in whole minutes.",
            "300",
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


class _Policy(ValueType):
    """Which routes pass: ``all``, or what is named."""

    label = "policy"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if value == "all":
            return {"all": True}
        if isinstance(value, str):
            report.add(
                "EDGE103",
                path,
                f"{value!r} is not a policy",
                did_you_mean(value, ("all",)) or "write all, or a map such as {pools: [lb]}; leave it out for nothing",
            )
            return INVALID
        return POLICY_RECORD.parse(value, path, report)

    def schema(self) -> Schema:
        return {"anyOf": [{"const": "all"}, POLICY_RECORD.schema()]}


POLICY = _Policy()

SESSION = (
    Key(
        "timers",
        Record(
            (
                Key(
                    "hold",
                    Integer(3, 65535, "s"),
                    "Hold time: a session without a sign of life ends after it.",
                    "9",
                    also=("hold_time", "holdTimeSeconds"),
                ),
                Key(
                    "keepalive",
                    Integer(1, 21845, "s"),
                    "Time between signs of life, at most a third of hold.",
                    "hold / 3",
                    also=("keepalive_time", "keepAliveTimeSeconds"),
                ),
                Key(
                    "connect_retry",
                    Integer(1, 65535, "s"),
                    "Time until an end dials again.",
                    "5",
                    also=("connectRetryTimeSeconds", "connect"),
                ),
            )
        ),
        "Timers of the session, rendered on both ends.",
        "hold 9, keepalive hold / 3, connect_retry 5",
    ),
    Key(
        "graceful_restart",
        Integer(0, 4095, "s"),
        "Restart time of graceful restart (RFC 4724); 0 switches it off.",
        "15",
        also=("restart_time", "restartTimeSeconds"),
    ),
    Key(
        "multihop",
        Integer(2, 255),
        "TTL for a neighbour that is not directly connected, on both ends.",
        also=("ebgp_multihop", "ebgp_multihop_ttl"),
    ),
    Key(
        "ttl_security",
        Boolean(),
        "GTSM (RFC 5082) on both ends: packets from further away are dropped.",
        "false",
        also=("gtsm",),
    ),
    Key("description", Text(), "Text beside the neighbour on the router.", "the node's host name"),
    Key("shutdown", Boolean(), "Configured, but held down by the router.", "false"),
    Key("port", PORT, "TCP port that the router listens on.", "179", also=("peer_port",)),
)

_IN_TIMERS = "it stands in timers: {hold, keepalive, connect_retry}"
_PASSWORDS = "a password stands in edge_bgp_passwords, by the peering's name"
_DERIVED_SESSIONS = "sessions are derived: from the nodes that nodes selects to each router with an address in network"
SESSION_NOTES = {
    **dict.fromkeys(("hold", "hold_time", "holdTimeSeconds", "keepalive", "keepAliveTimeSeconds"), _IN_TIMERS),
    **dict.fromkeys(("connect_retry", "connectRetryTimeSeconds"), _IN_TIMERS),
    **dict.fromkeys(("password", "auth", "authSecretRef", "md5"), _PASSWORDS),
    "bfd": "Cilium has no BFD: choose a shorter hold time",
}
"""Where it is said what users look for in a session's keys."""

_FILTERS_ARE_MADE = "filters are made of import and export, which name pools, networks and prefixes"
_FRR_NOTES = {
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


class _ListenRange(RecordOr):
    """``true``, or the ranges in a map: a range alone does not stand for it, which the finding says."""

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, (list, tuple)) or (isinstance(value, str) and "/" in value):
            text = f"[{', '.join(map(str, value))}]" if isinstance(value, (list, tuple)) else value
            report.add("EDGE102", path, f"must be true or a map, not {describe(value)}", f"write {{range: {text}}}")
            return INVALID
        return super().parse(value, path, report)


DYNAMIC = _ListenRange(
    "on",
    Boolean(),
    Record(
        (
            Key(
                "range",
                ListOf(CIDR, least=1),
                "Addresses that may dial in.",
                "the CIDRs of network",
                also=("ranges", "listen_range"),
            ),
            Key("limit", Integer(1, 65535), "Neighbors at most.", "nodes + 2", also=("listen_limit",)),
        )
    ),
)

LOCAL_SPEAKER = Record(
    (
        Key("asn", Asn(), "AS number of the speaker.", required=True),
        Key("address", ADDRESS, "Address at which it listens on each node.", "127.0.0.1"),
    )
)


def _advertised(*keys: Key) -> Record:
    """Return the type of one kind of routes under ``advertise``: its own keys and the attributes that all have."""
    return Record(
        (
            *keys,
            Key("communities", COMMUNITIES, "BGP communities of the routes.", "[]"),
            Key("local_preference", LOCAL_PREFERENCE, "Local preference of the routes (within one AS only)."),
        )
    )


_SELECTED = Key("selector", SELECTOR, "Only what it selects.", "all")
_AGGREGATED = Key(
    "aggregate", AGGREGATE, "Prefix length to which routes are aggregated (Cilium 1.18).", also=("aggregation_length",)
)

ADVERTISE = Record(
    (
        Key(
            "pod_cidrs",
            _advertised(),
            "Pod CIDR of each node; needs edge_cluster_pod_cidrs.",
            also=("pod_cidr",),
        ),
        Key("pod_pools", _advertised(_SELECTED), "Pod CIDRs out of edge_cluster_pod_pools; selected by their labels."),
        Key("cluster_ips", _advertised(_SELECTED, _AGGREGATED), "Cluster IPs; needs edge_cluster_service_cidrs."),
        Key("external_ips", _advertised(_SELECTED, _AGGREGATED), "External IPs; needs edge_cluster_external_cidrs."),
        Key(
            "interfaces",
            RecordOr(
                "names",
                ListOf(ROUTER_INTERFACE, least=1),
                _advertised(Key("names", ListOf(ROUTER_INTERFACE, least=1), "Interfaces.", required=True)),
            ),
            "Addresses of these node interfaces as host routes (Cilium 1.19); filtered by the network that names them.",
        ),
    ),
    dict.fromkeys(
        ("pools", "services", "load_balancer_ips", "loadbalancer_ips", "load_balancer_ip"),
        "a pool names its peerings: edge_pools.NAME.bgp",
    ),
)


class _PeerNames(ValueType):
    """The name of a peer in the ClusterConfig, or one for each router."""

    label = "name or map router → name"

    def __init__(self) -> None:
        self._by_router = MapOf(HOST, OBJECT_NAME)

    def parse(self, value: object, path: str, report: Report) -> Any:
        return (self._by_router if isinstance(value, Mapping) else OBJECT_NAME).parse(value, path, report)

    def schema(self) -> Schema:
        return {"anyOf": [OBJECT_NAME.schema(), self._by_router.schema()]}


NAMES = Record(
    (
        Key("peer_group", ROUTER_WORD, "Peer group on the router.", "<cluster>-<peering>"),
        Key(
            "cluster_config",
            OBJECT_NAME,
            "CiliumBGPClusterConfig; the same in all peerings of a class of nodes.",
            "from the node selectors",
        ),
        Key("instance", OBJECT_NAME, "BGP instance in it.", "as<asn>"),
        Key("peer", _PeerNames(), "Peer in the instance.", "<peering>-<router>"),
        Key("peer_config", OBJECT_NAME, "CiliumBGPPeerConfig.", "<peering>"),
        Key("advertisement", OBJECT_NAME, "CiliumBGPAdvertisement.", "<peering>"),
    )
)

PEERING = Record(
    (
        Key(
            "network",
            ListOf(Name(), least=1),
            "Network on which the sessions run.",
            "the only one that its nodes and a router share",
            also=("networks",),
        ),
        Key(
            "nodes",
            SELECTOR,
            "Nodes that peer, by their labels.",
            "edge_bgp_defaults.nodes, else all nodes of the cluster",
            also=("node_selector", "selector"),
        ),
        Key("asn", Asn(), "AS number of the cluster's side.", "edge_cluster_asn", also=("local_asn", "as")),
        Key(
            "accept",
            Choice("pools", "services"),
            "What the router takes: every address of the pools, or only planned service addresses.",
            "pools",
        ),
        Key(
            "router_network",
            Name(),
            "Network of the router's address that the nodes dial, where it is not theirs (a loopback, for example).",
            "network",
        ),
        Key(
            "routers",
            ListOf(HOST, least=1),
            "Routers that the nodes dial.",
            "those with an address in the node's own network",
            also=("router",),
        ),
        Key("local_as", Asn(), "AS number that the router shows on these sessions.", "edge_router_asn"),
        Key(
            "sessions",
            Choice("per_family", "ipv4", "ipv6"),
            "One session per family, or one over this family: ipv6 carries the routes of both.",
            "per_family",
        ),
        Key(
            "dynamic",
            DYNAMIC,
            "Listen range in place of named neighbors; nodes need no addresses.",
            "off",
            also=("listen_range",),
        ),
        Key("discover", Boolean(), "Nodes dial their default gateway (Cilium 1.18).", "false", also=("autoDiscovery",)),
        Key("local_speaker", LOCAL_SPEAKER, "Nodes peer with a speaker on themselves, not with a router.", "off"),
        Key(
            "listen_port",
            PORT,
            "Port on which Cilium listens, so that the router can dial too (Cilium 1.18).",
            "off",
            also=("localPort",),
        ),
        Key(
            "source_interface",
            ROUTER_INTERFACE,
            "Node interface whose address Cilium dials from (Cilium 1.19).",
            "the kernel's choice",
        ),
        Key("advertise", ADVERTISE, "Routes beside pools; the router's filter is widened by the same.", "{}"),
        Key("import", POLICY, "Routes that the router accepts beside those of pools and advertise.", "nothing"),
        Key("export", POLICY, "Routes that the router sends; Cilium discards them (warns).", "nothing"),
        Key("names", NAMES, "Names of adopted objects, in place of the derived ones.", "derived"),
        *SESSION,
    ),
    {
        **_FRR_NOTES,
        **SESSION_NOTES,
        **dict.fromkeys(
            ("next_hop_self", "default_originate", "remove_private_as", "aggregate_address", "route_reflector_client"),
            "it is for routes to the nodes, and Cilium discards every route that it receives",
        ),
        **dict.fromkeys(("neighbors", "neighbours", "peers", "peer_address"), _DERIVED_SESSIONS),
        **dict.fromkeys(("peer_asn", "remote_as"), "the router's AS number is its edge_router_asn"),
        "families": "families are derived: those of its pools for which both ends have addresses",
        "pools": "a pool names its peerings: edge_pools.NAME.bgp",
        **dict.fromkeys(NAMES.keys, "it stands in names: {peer_group, cluster_config, ...}"),
    },
)

DEFAULTS = Record(
    (
        Key(
            "nodes",
            SELECTOR,
            "For peerings that name no nodes.",
            "all nodes of the cluster",
            also=("node_selector", "selector"),
        ),
        *SESSION,
    ),
    {**SESSION_NOTES, "asn": "the AS number of peerings that set none is edge_cluster_asn"},
)

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
            "interfaces", ListOf(INTERFACE, least=1), "Names or globs of the nodes' interfaces here.", "required for L2"
        ),
        Key(
            "l2_nodes",
            SELECTOR,
            "Nodes that announce pools here.",
            "the nodes with an address here",
            also=("nodes", "node_selector"),
        ),
        Key("loopback", Boolean(), "It holds loopback addresses: no segment, no gateway, no ARP.", "false"),
        Key("dhcp", ListOf(POOL_ENTRY), "Ranges that a DHCP server hands out here; no pool may hold them.", "[]"),
        Key(
            "delivery",
            Choice("routed", "on_link"),
            "How the provider hands a public range over: routed to the router, or on-link at its WAN port.",
        ),
    ),
    {
        "gateway": "a router's address stands in its own edge_addresses",
        **dict.fromkeys(("vlan", "vlan_id"), "VLANs are made elsewhere: interfaces names the one that the nodes have"),
    },
)

POOL = Record(
    (
        Key(
            "addresses",
            ListOf(POOL_ENTRY, least=1),
            "CIDRs, ranges (FIRST-LAST) and single addresses.",
            required=True,
            also=("blocks", "cidr", "cidrs", "range", "ranges"),
        ),
        Key("exclude", ListOf(POOL_ENTRY), "Addresses inside it that no service gets.", "[]"),
        Key(
            "bgp",
            ListOf(Name()),
            "Peerings that advertise it; [] makes it reachable nowhere.",
            "the only peering, if l2 is absent too",
            also=("peering", "peerings"),
        ),
        Key("l2", ListOf(Name()), "Networks on which it is announced.", "[]", also=("network", "networks")),
        Key(
            "first_last",
            Boolean(),
            "Hand out the first and last address of a CIDR.",
            "true",
            also=("allowFirstLastIPs",),
        ),
        Key("disabled", Boolean(), "Hand out nothing more; services keep what they have.", "false"),
        Key("anycast", Boolean(), "The same range serves another cluster too, where it says the same.", "false"),
        Key(
            "services",
            SELECTOR,
            "Services that draw from it, by their labels (also io.kubernetes.service.name and .namespace).",
            "those whose pool label names it",
            also=("service_selector",),
        ),
        Key("announce_only", SELECTOR, "Advertise and announce only these of its services.", "all"),
        Key("external_ips", Boolean(), "On L2: answer for spec.externalIPs of these services too.", "false"),
        Key("communities", COMMUNITIES, "BGP communities of its routes.", "[]", also=("community",)),
        Key("local_preference", LOCAL_PREFERENCE, "Local preference of its routes (within one AS only)."),
        Key(
            "aggregate",
            AGGREGATE,
            "Prefix length to which its routes are aggregated (Cilium 1.18); not those of traffic policy Local.",
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


class _Reasons(ValueType):
    """Why a warning is accepted: one reason, or one for each path."""

    label = "reason"

    def __init__(self) -> None:
        self._reason = Text("reason", r".*\S.*", "a reason: say in a few words why it is fine here")
        self._by_path = MapOf(Text("path"), self._reason)

    def parse(self, value: object, path: str, report: Report) -> Any:
        return (self._by_path if isinstance(value, Mapping) else self._reason).parse(value, path, report)

    def schema(self) -> Schema:
        return {"anyOf": [self._reason.schema(), self._by_path.schema()]}


class _DefaultPool(Text):
    """The name of a pool, or ``none``: YAML reads some spellings of nothing as something else."""

    label = "pool or none"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if not value:
            report.add(
                "EDGE102", path, f"must be the name of a pool or none, not {describe(value)}", "write none, as a word"
            )
            return INVALID
        return super().parse(value, path, report)


class _TargetPort(Text):
    """A port by number or by name (``targetPort`` of a Service)."""

    label = "port number or name"
    argument_type = "raw"

    def parse(self, value: object, path: str, report: Report) -> Any:
        digits = isinstance(value, str) and DIGITS.fullmatch(value)
        if digits or (isinstance(value, int) and not isinstance(value, bool)):
            return PORT.parse(value, path, report)
        if not isinstance(value, str):
            report.add("EDGE102", path, f"must be the number or name of a port, not {describe(value)}")
            return INVALID
        return super().parse(value, path, report)

    def schema(self) -> Schema:
        return {"anyOf": [PORT.schema(), super().schema()]}


SERVICE_PORT = Record(
    (
        Key("port", PORT, "Port of the Service.", required=True),
        Key(
            "target_port",
            _TargetPort(
                None,
                r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?",
                "a container port's name: at most 15 lower-case letters, digits and single hyphens, with a letter",
            ),
            "The pods' port.",
            "port",
            also=("container_port",),
        ),
        Key("protocol", Choice("TCP", "UDP", "SCTP"), "Transport protocol.", "TCP"),
        Key(
            "name",
            Text(
                "name",
                r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
                "a port's name: at most 63 lower-case letters, digits and hyphens",
            ),
            "Name of the port; needed where there are several.",
        ),
    ),
    {"node_port": "Kubernetes chooses node ports"},
)

SERVICE = Record(
    (
        Key("pool", Name(), "Pool that it draws from.", "edge_default_pool"),
        Key(
            "addresses",
            ListOf(ADDRESS, least=1),
            "Pinned addresses, at most one per family.",
            "Cilium's choice",
            also=("loadBalancerIP", "loadBalancerIPs", "ip", "ips"),
        ),
        Key(
            "manage",
            Choice("service", "metadata", "values"),
            "We create it, only label and annotate it, or only render the values of the chart that owns it.",
            "service if ports is given, else metadata",
        ),
        Key(
            "chart",
            Choice("ingress-nginx", "cilium-ingress", "gateway"),
            "What owns it; required with manage: values. cilium-ingress and gateway are Cilium's own controllers.",
        ),
        Key(
            "ingress_class",
            Text("text", r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?", "an RFC 1123 name"),
            "The chart's class.",
            also=("ingress_class_name",),
        ),
        Key("ports", ListOf(SERVICE_PORT, least=1), "Ports of a Service that we create."),
        Key(
            "selector",
            MapOf(
                LABEL_KEY,
                LABEL_VALUE,
                dict.fromkeys(("matchLabels", "matchExpressions"), "a Service selects by the labels alone: {app: web}"),
            ),
            "Labels of its pods.",
            "none: endpoints are made by others",
        ),
        Key(
            "families",
            ListOf(FAMILY, least=1),
            "Families that it asks for.",
            "those of its addresses, else the cluster's",
            also=("ip_families",),
        ),
        Key(
            "traffic_policy",
            Choice("Cluster", "Local"),
            "externalTrafficPolicy; L2 needs Cluster.",
            "Cluster",
            also=("external_traffic_policy",),
        ),
        Key(
            "class",
            Choice("bgp", "l2"),
            "loadBalancerClass: reached by this way only.",
            "none",
            also=("load_balancer_class",),
        ),
        Key(
            "share",
            Text("text", r"[^\s,]{1,63}", "a key of at most 63 characters without blanks and ','"),
            "Key of services that share one address; their ports must differ.",
            also=("sharing_key",),
        ),
        Key(
            "share_with",
            ListOf(NAMESPACE_OR_ALL),
            "Namespaces whose services may share it; '*' for all.",
            "its own",
            also=("sharing_cross_namespace",),
        ),
        Key("may_move", Boolean(), "Its address may change.", "false"),
    ),
    {
        "type": "every service here is of type LoadBalancer",
        **dict.fromkeys(("name", "namespace"), "the entry's own name says it: NAMESPACE/NAME"),
        **dict.fromkeys(
            ("annotations", "labels"), "write them where the Service is made, and take manage: metadata here"
        ),
        "ip_family_policy": "it is derived from families",
        **dict.fromkeys(("bgp", "l2"), "its pool says how it becomes reachable: edge_pools.NAME"),
        **dict.fromkeys(
            ("port", "target_port", "protocol"), "it stands in ports: [{port, target_port, protocol, name}]"
        ),
    },
)

RUN = (
    Key("edge_plan_file", PATH, "Where playbooks/plan.yml writes the plan as JSON."),
    Key(
        "edge_plan_before", PATH, "A plan of before, as JSON: playbooks/plan.yml says which sessions the change resets."
    ),
    Key("edge_render_dir", PATH, "Where playbooks/render.yml writes every file."),
    Key("edge_render_secrets", Anything(), "Render secrets too, in files of mode 0600.", "false"),
    Key("edge_twin_state", Choice("present", "absent"), "What playbooks/twin.yml makes of the twin.", "present"),
    Key("edge_cluster_python", PATH, "Python that has the kubernetes client.", "the one that runs Ansible"),
)
"""For ``-e``; never part of the plan."""

ANY_HOST = (
    Key(
        "edge_addresses",
        MapOf(Name(), ListOf(ADDRESS, least=1)),
        "The host's addresses by network, one per family and subnet.",
        "ansible_host, if it is an address inside exactly one network",
        layered=True,
    ),
    Key("edge_state", Choice("present", "absent"), "absent removes what we made there.", "present"),
)

LINK = Record(
    (
        Key(
            "ends",
            MapOf(
                HOST,
                Record(
                    (
                        Key("network", Name(), "Network of this end's address.", "the only one that both ends share"),
                        Key(
                            "interfaces",
                            MapOf(HOST, ROUTER_INTERFACE),
                            "Other router → this end's interface towards it: unnumbered (RFC 5549).",
                        ),
                        Key("export", POLICY, "Routes that this end sends.", "nothing"),
                        Key("import", POLICY, "Routes that this end accepts.", "what the other end exports"),
                    )
                ),
            ),
            "The routers that it joins, each with its end.",
            required=True,
        ),
        Key("hub", ListOf(HOST, least=1), "Routers that all others peer with.", "full mesh"),
        Key("bfd", Boolean(), "BFD (RFC 5880) on both ends.", "false"),
        *SESSION,
    ),
    {
        **dict.fromkeys(("password", "auth", "md5"), "a password stands in edge_bgp_passwords, by the link's name"),
        "asn": "both AS numbers are the routers' edge_router_asn",
    },
)

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
        Key("dynamic", DYNAMIC, "Listen range in place of an address.", "off", also=("listen_range",)),
        Key(
            "asn",
            _OneOf(("internal", "external"), Asn()),
            "Its AS number, or any inside or outside our AS.",
            required=True,
            also=("remote_as", "peer_asn"),
        ),
        Key("local_as", Asn(), "AS number that the router shows to it.", "edge_router_asn"),
        Key("update_source", SOURCE, "The router's own address for the session.", "derived"),
        Key(
            "families",
            ListOf(FAMILY, least=1),
            "Families of the routes that it carries.",
            "those of the policies and of the address",
        ),
        Key("bfd", Boolean(), "BFD (RFC 5880) on the router; the neighbor must do the same.", "false"),
        Key("next_hop_self", Boolean(), "Routes are sent with the router as next hop.", "derived"),
        Key(
            "route_reflector_client",
            Boolean(),
            "Routes of other internal neighbors are passed on to it (RFC 4456).",
            "false",
        ),
        Key("import", POLICY, "Routes that the router accepts.", "nothing"),
        Key("export", POLICY, "Routes that the router sends.", "nothing"),
        *SESSION,
    ),
    {
        **_FRR_NOTES,
        **dict.fromkeys(("password", "auth", "md5"), "a password stands in edge_bgp_passwords, by the neighbor's name"),
    },
)

SITE = (
    Key("edge_site_name", Name(), "Names the site: the ownership label of all that we create.", "edge"),
    Key("edge_networks", MapOf(Name(), NETWORK), "L3 segments that routers and nodes share.", "{}", layered=True),
    Key(
        "edge_accept",
        MapOf(Text("code"), _Reasons()),
        "Accepted warnings: code → reason, or code → {path: reason}.",
        "{}",
        layered=True,
    ),
    Key(
        "edge_links", MapOf(Name(), LINK), "Links between our routers, written once for both ends.", "{}", layered=True
    ),
)

CLUSTER_MAPS = (
    Key(
        "edge_bgp_defaults",
        DEFAULTS,
        "Session keys for peerings, neighbors and links that leave them out.",
        "{}",
        layered=True,
    ),
    Key(
        "edge_bgp_passwords",
        MapOf(Name(), Anything()),
        "MD5 passwords by peering, neighbor or link; the plan reads the names only.",
        "{}",
        layered=True,
    ),
    Key(
        "edge_peerings",
        MapOf(Name(), PEERING),
        "Classes of BGP sessions between routers and nodes.",
        "{}",
        layered=True,
    ),
    Key("edge_pools", MapOf(Name(), POOL), "Named sets of addresses that services draw from.", "{}", layered=True),
    Key(
        "edge_services",
        MapOf(SERVICE_NAME, SERVICE),
        "Services of type LoadBalancer, by namespace/name.",
        "{}",
        layered=True,
    ),
)

ROUTER_MAPS = tuple(key for key in CLUSTER_MAPS if key.name in ("edge_bgp_defaults", "edge_bgp_passwords"))
"""Read from each router host too, for its neighbors and links."""

ROUTER = (
    Key("edge_router_asn", Asn(), "AS number of the router.", required=True),
    Key(
        "edge_router_id",
        ROUTER_ID,
        "BGP identifier.",
        "its lowest IPv4 address",
    ),
    Key("edge_router_platform", Choice("linux", "unifi"), "What plan and render assume of the router.", "linux"),
    Key("edge_router_frr_version", VERSION, "FRR version that plan and render assume.", "10.1"),
    Key("edge_router_managed", Boolean(), "false: never connected to; the other end is planned against it.", "true"),
    Key("edge_router_neighbors", MapOf(Name(), NEIGHBOR), "BGP speakers that are not Cilium.", "{}", layered=True),
    Key("edge_router_maximum_paths", Integer(1, 256), "Next hops of a route at most (ECMP).", "FRR's own"),
    Key(
        "edge_router_redistribute",
        ListOf(Choice("connected", "kernel", "static", "ospf")),
        "Routes taken into BGP (warns); they leave where an export says redistributed or all, or has their prefixes.",
        "[]",
    ),
    Key("edge_router_import_check", Boolean(), "Announce a network only if it is in the routing table.", "true"),
)

NODE = (
    Key("edge_cluster", HOST, "The node's cluster.", "the only cluster"),
    Key("edge_node_labels", MapOf(LABEL_KEY, LABEL_VALUE), "Labels of the Node.", "{}", layered=True),
    Key(
        "edge_cluster_asn",
        Asn(),
        "The node's own AS number, read only where its cluster has none (racks).",
        "the peering's asn",
    ),
    Key(
        "edge_node_router_id",
        ROUTER_ID,
        "The node's BGP identifier.",
        "Cilium's choice",
    ),
    Key(
        "edge_node_local_addresses",
        MapOf(Name(), ListOf(ADDRESS, least=1)),
        "Peering → source addresses of the node's sessions in it, one per family.",
        "its address in the peering's network",
        layered=True,
    ),
    Key("edge_node_drain", Boolean(), "The node leaves all peerings.", "false"),
)

POD_POOL = Record(
    (
        Key("cidr", ListOf(CIDR, least=1), "Ranges of the pool.", required=True, also=("cidrs",)),
        Key("mask", MASK, "Length of the CIDRs that nodes get from it.", "24 and 64", also=("mask_size",)),
        Key("labels", MapOf(LABEL_KEY, LABEL_VALUE), "Labels, for selectors of advertise.pod_pools.", "{}"),
    )
)

L2_LEASE = Record(
    (
        Key(
            "duration",
            Integer(1, 86400, "s"),
            "A lease that is not renewed ends after it.",
            "15",
            also=("lease_duration",),
        ),
        Key("renew", Integer(1, 86400, "s"), "The holder gives up after it.", "5", also=("lease_renew_deadline",)),
        Key("retry", Seconds(0.1, 86400), "Time between two tries.", "2", also=("lease_retry_period",)),
    )
)

CLUSTER = (
    Key("edge_cluster_asn", Asn(), "AS number of peerings that set none.", "required with such peerings"),
    Key("edge_cluster_kubeconfig", PATH, "kubeconfig of the cluster.", "the client's default"),
    Key("edge_cluster_context", Text(), "Context in it.", "the current one"),
    Key("edge_cluster_distribution", Choice("talos", "k3s", "kubeadm"), "Base of the Helm values."),
    Key("edge_cluster_managed", Boolean(), "false: never connected to; the other end is planned against it.", "true"),
    Key("edge_cilium_version", VERSION, "Cilium version that drives the plan.", required=True),
    Key("edge_cilium_values", MapOf(Text(), Tree()), "Helm values, merged over ours.", "{}", layered=True),
    Key("edge_cilium_managed", Boolean(), "false: the Helm release is not ours.", "true"),
    Key("edge_cluster_pod_cidrs", ListOf(CIDR), "Pod ranges, for overlap checks.", "[]"),
    Key("edge_cluster_service_cidrs", ListOf(CIDR), "Service ranges, for overlap checks.", "[]"),
    Key("edge_cluster_external_cidrs", ListOf(CIDR), "Ranges of external IPs, for overlap checks.", "[]"),
    Key(
        "edge_default_pool",
        _DefaultPool(),
        "Pool of services that name none.",
        "the only pool; required from two on",
    ),
    Key("edge_pool_label", _PoolLabel(), "Label key by which a service names its pool.", LABEL_POOL),
    Key("edge_cluster_pod_mask", MASK, "Length of a node's pod CIDR.", "24 and 64"),
    Key("edge_cluster_pod_pools", MapOf(Name(), POD_POOL), "CiliumPodIPPools (IPAM multi-pool).", "{}", layered=True),
    Key("edge_cluster_router_ids", CIDR, "Pool of the nodes' BGP identifiers (Cilium 1.18).", "Cilium's choice"),
    Key(
        "edge_cluster_manage_labels",
        Boolean(),
        "false: labels of nodes are only used for matching, never written.",
        "true",
    ),
    Key("edge_l2_lease", L2_LEASE, "Timings of L2 leases; the client rate limit follows from them.", "15, 5, 2"),
    Key("edge_allocation", Choice("cilium", "planned"), "Who gives addresses to services without one.", "cilium"),
    Key(
        "edge_allocation_file",
        PATH,
        "Where planned addresses are kept; commit it.",
        "edge_allocation.yml beside the inventory",
    ),
)

GROUPS: tuple[tuple[str, tuple[Key, ...]], ...] = (
    ("Run", RUN),
    ("Any host", ANY_HOST),
    ("Site", SITE),
    ("Read from each cluster host (defaults and passwords also from each router host)", CLUSTER_MAPS),
    ("Router", ROUTER),
    ("Node", NODE),
    ("Cluster", CLUSTER),
)
"""Every variable, by who reads it, in the order of the reference page."""

VARIABLES: dict[str, Key] = {key.name: key for _title, keys in GROUPS for key in keys}

OTHER_NAMES = ("edge_plan", "edge_result")
"""Variables of a run that are not written by users."""

OTHER_PREFIXES = ("edge_x_", "edge_plan_", "edge_render_", "edge_verify_", "edge_twin_")
"""The user's own, and the roles' own."""
