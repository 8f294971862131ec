# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of inventory keys: the one source of validation, of ``docs/reference/inventory.md`` and of argument_specs.

A key with ``supported=False`` belongs to the model and is refused with its name, so that nothing that a user writes is
ignored in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..module_utils._errors import EdgeError
from ._addresses import Address, parse_address, parse_cidr, parse_pool_entry
from ._findings import Report
from ._names import LABEL_POOL
from ._selectors import parse_selector
from ._types import (
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
    Text,
    ValueType,
    describe,
)


def parse_router_id(value: object, path: str) -> Address:
    """Read a BGP identifier: an IPv4 address other than 0.0.0.0 (RFC 6286 section 2.1)."""
    address = parse_address(value, path)
    if address.family != 4 or address.value == 0:
        raise EdgeError(path, f"{address.text} is not a router-id", "a router-id is an IPv4 address other than 0.0.0.0")
    return address


_IPV4 = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_IP = rf"(?:{_IPV4}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)"
_LENGTH = r"/[0-9]{1,3}"

ADDRESS = Parsed("address", parse_address, rf"\s*{_IP}\s*")
CIDR = Parsed("CIDR", parse_cidr, rf"\s*{_IP}{_LENGTH}\s*")
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
SERVICE_NAME = Text(
    "namespace/name",
    r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
    "NAMESPACE/NAME of a Service: lower-case letters, digits and hyphens, at most 63 each, "
    "the name starts with a letter",
    code="EDGE104",
)
INTERFACE = Text(
    "interface name or glob",
    r"[A-Za-z0-9_.:@*?+-]{1,15}",
    "an interface name of at most 15 characters, where * and ? stand for any",
)
VERSION = Text("version", r"[0-9]+\.[0-9]+(\.[0-9]+)?([-+][0-9A-Za-z.-]+)?", "a version in digits, such as 1.19.6")
PORT = Integer(1, 65535)
FAMILY = Choice("ipv4", "ipv6")


def _later(name: str, label: str, text: str, also: tuple[str, ...] = ()) -> Key:
    """Return a key of the model that this version refuses."""
    kind = Anything()
    kind.label = label
    return Key(name, kind, text, supported=False, also=also)


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
            supported=False,
        ),
        _later("router_network", "network", "Network of the router's address that the nodes dial."),
        _later("routers", "list router", "Routers that the nodes dial."),
        _later("local_as", "int", "AS number that the router shows here."),
        _later("sessions", "per_family ipv4 ipv6", "One session per family, or one for both."),
        _later("dynamic", "map", "Listen range in place of named neighbours."),
        _later("discover", "bool", "Peer with the default gateway."),
        _later("local_speaker", "bool", "Peer with a speaker on the node itself."),
        _later("listen_port", "int", "Port on which Cilium listens."),
        _later("source_interface", "text", "Interface whose address Cilium dials from."),
        _later("advertise", "map", "Routes beside pools: pod CIDRs, pod pools, cluster and external IPs, interfaces."),
        _later("import", "policy", "Routes that the router accepts beside the pools."),
        _later("export", "policy", "Routes that the router sends."),
        _later("names", "map", "Names of adopted objects."),
        *SESSION,
    ),
    {
        **SESSION_NOTES,
        **dict.fromkeys(("neighbors", "neighbours", "peers", "peer_address"), _DERIVED_SESSIONS),
        **dict.fromkeys(("peer_asn", "remote_as"), "the router's AS number is its edge_router_asn"),
        "families": "families are derived: those of its pools for which both ends have addresses",
        "pools": "a pool names its peerings: edge_pools.NAME.bgp",
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
            ListOf(CIDR, least=1),
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
        _later("loopback", "bool", "Router loopbacks."),
        _later("dhcp", "list range", "Ranges that a DHCP server hands out."),
        _later("delivery", "routed on_link", "How the provider hands a public range over."),
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
        _later("anycast", "bool", "The same range serves another cluster too."),
        _later(
            "services", "selector", "Services that draw from it, in place of the pool label.", ("service_selector",)
        ),
        _later("announce_only", "selector", "Announce only these services."),
        _later("communities", "list", "BGP communities of its routes."),
        _later("local_preference", "int", "Local preference of its routes (iBGP)."),
        _later("aggregate", "int", "Prefix length to which its routes are aggregated."),
    ),
    {
        **dict.fromkeys(("start", "stop", "end"), "a range is one text: addresses: FIRST-LAST"),
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
        Key("chart", Choice("ingress-nginx"), "Chart that owns it; required with manage: values."),
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
        _later("class", "bgp l2", "loadBalancerClass.", ("load_balancer_class",)),
        _later("share", "text", "Key of services that share an address.", ("sharing_key",)),
        _later("share_with", "list namespace", "Namespaces that may share it."),
        _later("may_move", "bool", "Its address may change."),
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
    _later("edge_state", "present absent", "absent removes what we made there."),
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
    _later("edge_links", "map", "Links between two of our routers."),
)

CLUSTER_MAPS = (
    Key("edge_bgp_defaults", DEFAULTS, "Session keys for peerings that leave them out.", "{}", layered=True),
    Key(
        "edge_bgp_passwords",
        MapOf(Name(), Anything()),
        "MD5 passwords by peering; the plan reads the names only.",
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

ROUTER = (
    Key("edge_router_asn", Asn(), "AS number of the router.", required=True),
    Key(
        "edge_router_id",
        Parsed("IPv4 address", parse_router_id, rf"\s*{_IPV4}\s*"),
        "BGP identifier.",
        "its lowest IPv4 address",
    ),
    Key("edge_router_platform", Choice("linux", "unifi"), "What plan and render assume of the router.", "linux"),
    Key("edge_router_frr_version", VERSION, "FRR version that plan and render assume.", "10.1"),
    Key("edge_router_managed", Boolean(), "false: never connected to; the other end is planned against it.", "true"),
    _later("edge_router_neighbors", "map", "BGP speakers that are not Cilium."),
    _later("edge_router_maximum_paths", "int", "ECMP limit."),
    _later("edge_router_redistribute", "list", "Routes that an export may send as redistributed."),
    _later("edge_router_import_check", "bool", "Announce a network only if it is in the routing table."),
)

NODE = (
    Key("edge_cluster", HOST, "The node's cluster.", "the only cluster"),
    Key("edge_node_labels", MapOf(LABEL_KEY, LABEL_VALUE), "Labels of the Node.", "{}", layered=True),
    _later("edge_node_router_id", "IPv4", "The node's BGP identifier."),
    _later("edge_node_local_addresses", "map", "Source addresses of its sessions."),
    _later("edge_node_drain", "bool", "The node leaves all peerings."),
)

CLUSTER = (
    Key("edge_cluster_asn", Asn(), "AS number of peerings that set none.", "required with such peerings"),
    Key("edge_cluster_kubeconfig", PATH, "kubeconfig of the cluster.", "the client's default"),
    Key("edge_cluster_context", Text(), "Context in it.", "the current one"),
    Key("edge_cluster_distribution", Choice("talos", "k3s", "kubeadm"), "Base of the Helm values."),
    Key("edge_cluster_managed", Boolean(), "false: never connected to; the other end is planned against it.", "true"),
    Key("edge_cilium_version", VERSION, "Cilium version that drives the plan.", required=True),
    Key("edge_cilium_values", MapOf(Text(), Anything()), "Helm values, merged over ours.", "{}", layered=True),
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
    Key("edge_pool_label", LABEL_KEY, "Label key by which a service names its pool.", LABEL_POOL),
    _later("edge_cluster_pod_mask", "map", "Pod CIDR length by family."),
    _later("edge_cluster_pod_pools", "map", "CiliumPodIPPools."),
    _later("edge_cluster_router_ids", "CIDR", "Router-id pool."),
    _later("edge_cluster_manage_labels", "bool", "false: labels are only used for matching."),
    _later("edge_l2_lease", "map", "Lease timings."),
    _later("edge_allocation", "cilium planned", "Who gives addresses to unpinned services."),
    _later("edge_allocation_file", "path", "Where planned addresses are kept."),
)

GROUPS: tuple[tuple[str, tuple[Key, ...]], ...] = (
    ("Run", RUN),
    ("Any host", ANY_HOST),
    ("Site", SITE),
    ("Read from each cluster host", CLUSTER_MAPS),
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
