# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cilium's versions: which are supported, what came with one, and which faults one has.

From the CRDs, the chart and the release notes of each version (pkg/k8s/apis/cilium.io/client/crds,
install/kubernetes/cilium, CHANGELOG.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ...module_utils._errors import EdgeError
from .._kubernetes.values import as_written

Version = tuple[int, int, int]

OLDEST: Version = (1, 16, 0)
"""The oldest version whose fields the planned objects have (BGP advertisements changed incompatibly in 1.16)."""

NEWEST_RELEASE = "1.20.2"
"""The newest release that is tried: the newest one of a twin, and the one that a new inventory names unless told."""
_MAJOR, _MINOR, _PATCH = map(int, NEWEST_RELEASE.split("."))

NEWEST: Version = (_MAJOR, _MINOR, 0)
"""The newest minor version whose CRDs and chart values are known; a later one is planned as this one."""


def text_of(version: Version) -> str:
    """Return a version as it is spoken of: ``1.18`` for the first one of a minor version, else ``1.18.2``."""
    major, minor, patch = version
    return f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}"


def is_whole(text: str) -> bool:
    """Return whether a version is written as a release of Cilium writes its own, but for a ``v`` before it.

    It has three numbers without leading zeros, and nothing behind a plus sign (Semantic Versioning 2.0.0, rules 2, 10).
    """
    number = r"(0|[1-9]\d*)"
    return re.fullmatch(rf"v?{number}\.{number}\.{number}(-[0-9A-Za-z.-]+)?", text) is not None


def parse_version(text: str) -> Version:
    """Return the three numbers of a Cilium version such as ``1.19.6``; a missing last one is 0.

    Raises:
        EdgeError: it is not a version, or one older than :data:`OLDEST`.
    """
    match = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.(\d+))?([-+].*)?", text)
    if not match:
        raise EdgeError("edge_cilium_version", f"{text!r} is not a version", "write it whole, such as 1.19.6")
    found = int(match[1]), int(match[2]), int(match[3] or 0)
    if found < OLDEST:
        raise EdgeError(
            "edge_cilium_version", f"{text} is older than {text_of(OLDEST)}, the oldest version that is supported"
        )
    return found


V2_SINCE: Mapping[str, Version] = {
    "CiliumBGPAdvertisement": (1, 18, 0),
    "CiliumBGPClusterConfig": (1, 18, 0),
    "CiliumBGPNodeConfigOverride": (1, 18, 0),
    "CiliumBGPPeerConfig": (1, 18, 0),
    "CiliumLoadBalancerIPPool": (1, 18, 0),
}
"""Kind -> the first version that serves it as ``cilium.io/v2``. Kinds that are absent here are ``v2alpha1`` only."""


PEERING_POLICY_UNTIL: Version = (1, 19, 0)
"""The first version without CiliumBGPPeeringPolicy; one that lives there from before is not read any more."""

V2ALPHA1_MIGRATED: Version = (1, 20, 0)
"""The first version whose operator rewrites objects that are stored as ``v2alpha1`` (cilium/cilium#46763): those for
BGP (``operator/pkg/bgp/manager.go`` of 1.20.2). Pools are left, so that runs store them anew (:mod:`.stored`)."""
V2ALPHA1_UNTIL: Version = (1, 21, 0)
"""The first version that is to serve no ``v2alpha1`` of the kinds in :data:`V2_SINCE` (cilium/cilium#47242). The API
server takes no CRD without a version in which objects may still be stored."""

POOL_MIGRATION_SINCE: Version = (1, 20, 0)
"""The first version whose operator hands nodes' ranges of IPAM mode cluster-pool over to a pool of multi-pool
(``operator/pkg/ipam/allocator/multipool``); no other change of the mode is made while a cluster runs."""

PEER_LOCAL_PORT_UNTIL: Version = (1, 18, 0)
"""The first version whose CiliumBGPPeerConfig, in both API versions, has no ``transport.localPort``."""


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that Cilium can do only from a version on."""

    since: Version
    what: str
    """Begins the sentence "... needs Cilium 1.18"."""
    instead: str
    """The way out on an older version, beside an update."""

    @property
    def version(self) -> str:
        """The first version, as text."""
        return text_of(self.since)


LISTEN_PORT = Capability((1, 18, 0), "listening for the router", "leave it out: nodes dial")
DISCOVER = Capability((1, 18, 0), "dialling the default gateway", "leave it out")
SOURCE_INTERFACE = Capability((1, 19, 0), "the choice of an interface", "edge_node_local_addresses")
INTERFACES = Capability((1, 19, 0), "advertising interfaces", "leave it out")
AGGREGATE = Capability((1, 18, 0), "aggregation", "leave it out")
ROUTER_ID_POOL = Capability((1, 18, 0), "a pool of BGP identifiers", "edge_node_router_id on each node")
L2_IPV6 = Capability((1, 19, 0), "announcing IPv6 addresses on L2", "advertise the pool by BGP")
IDENTIFIER_WITHOUT_IPV4 = Capability(
    (1, 18, 0), "a BGP identifier for a node without an IPv4 address", "edge_node_router_id on each node"
)

CAPABILITIES = (
    LISTEN_PORT,
    DISCOVER,
    AGGREGATE,
    ROUTER_ID_POOL,
    IDENTIFIER_WITHOUT_IPV4,
    SOURCE_INTERFACE,
    INTERFACES,
    L2_IPV6,
)
"""All of them, by version."""

GATES: Mapping[tuple[str, ...], Capability] = {
    ("edge_peerings", "listen_port"): LISTEN_PORT,
    ("edge_peerings", "discover"): DISCOVER,
    ("edge_peerings", "source_interface"): SOURCE_INTERFACE,
    ("edge_peerings", "advertise", "interfaces"): INTERFACES,
    ("edge_peerings", "advertise", "cluster_ips", "aggregate"): AGGREGATE,
    ("edge_peerings", "advertise", "external_ips", "aggregate"): AGGREGATE,
    ("edge_pools", "aggregate"): AGGREGATE,
    ("edge_cluster_router_ids",): ROUTER_ID_POOL,
}
"""A variable, and a key inside each of its entries -> what Cilium must be able to do for it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of Cilium, or of Cilium beside something else, and what an inventory that meets it is told."""

    mended: Version | None
    """The first version that does not have it, or none is known to have; None = no version is without it."""
    does: str
    """Completes the sentence "Cilium 1.18.1 ...". ``{concerned}`` stands for what of the site meets it."""
    concerned: str = ""
    """What meets it, as the documentation says it."""
    where: str = ""
    """The condition in the inventory."""
    instead: str = ""
    """The way out beside an update."""
    upstream: tuple[str, ...] = ()
    """Issues and pull requests, each as ``owner/repository#number``."""
    since: Version = OLDEST
    spared: tuple[tuple[Version, Version], ...] = ()
    """Spans between ``since`` and ``mended`` without it, each from its first version to the first one after it."""
    code: str = "EDGE609"
    """The code of its finding, which says how severe it is; empty: a run refuses what would meet it."""

    @property
    def spans(self) -> tuple[tuple[Version, Version | None], ...]:
        """The versions that have it, as (first one, first one after it)."""
        starts = (self.since, *(until for _since, until in self.spared))
        ends = (*(since for since, _until in self.spared), self.mended)
        return tuple(zip(starts, ends, strict=True))

    def holds(self, version: Version) -> bool:
        """Return whether ``version`` has it."""
        return any(since <= version and (until is None or version < until) for since, until in self.spans)

    def hint(self, version: Version) -> str:
        """Return the ways out on ``version``, which has the fault."""
        later = [until for since, until in self.spans if since <= version and until is not None and version < until]
        updates = [f"update to Cilium {text_of(until)}" for until in later]
        return ", or ".join(filter(None, (self.instead, *updates)))

    @property
    def version(self) -> str:
        """The version that mends it, as text; empty: none does."""
        return "" if self.mended is None else text_of(self.mended)

    @property
    def versions(self) -> str:
        """The versions that have it, in words."""
        return "; ".join(_span_text(since, until) for since, until in self.spans)


def _span_text(since: Version, until: Version | None) -> str:
    begins = "" if since == OLDEST else f"from {text_of(since)} on"
    ends = "" if until is None else f"before {text_of(until)}"
    return ", ".join(filter(None, (begins, ends))) or "all"


SEVERAL_INSTANCES = Fault(
    (1, 16, 1),
    "advertises wrongly from {concerned}",
    concerned="nodes with several AS numbers",
    where="nodes that peer under more than one AS number",
    upstream=("cilium/cilium#34146", "cilium/cilium#34177"),
)
NO_SESSION_STATE = Fault((1, 16, 2), "reports no state of BGP sessions", where="peerings", upstream=(), code="EDGE611")
"""No session state is written into CiliumBGPNodeConfigs (they have no status subresource before)."""
MD5_UNAVAILABLE = Fault(
    (1, 17, 7),
    "brings up no session with a password, as in {concerned}: its agents fail to set the TCP MD5 option",
    concerned="a peering",
    where="a peering with a password (`edge_bgp_passwords`)",
    instead="leave the password out",
    upstream=("cilium/cilium#40478", "cilium/cilium#40566"),
    since=(1, 16, 12),
    spared=(((1, 16, 13), (1, 17, 4)),),
    code="EDGE618",
)
"""Those that are built by Go 1.24 with an older GoBGP. Which releases before 1.16.12 are is not known."""
POOL_OF_BLOCKS = Fault(
    (1, 17, 6),
    "loses its operator to a crash when a pool of several blocks is deleted, such as {concerned}",
    concerned="one with a hole",
    where="a pool that is more than one range of addresses",
    instead="leave such a pool where it is",
    upstream=("cilium/cilium#40013",),
    spared=(((1, 16, 12), (1, 17, 0)),),
)
SHARED_PORTS = Fault(
    (1, 17, 7),
    "gives {concerned} no common address: LB-IPAM compares their ports without the protocols",
    concerned="a TCP and a UDP service with one port number",
    where="services with the same `share` that have one port number for different protocols",
    instead="give each an address of its own",
    upstream=("cilium/cilium#34677", "cilium/cilium#39172", "cilium/cilium#40643"),
    code="EDGE618",
)
"""1.17 tells protocols apart in its data plane, and from 1.17.7 on in its operator too, unless :data:`PROTOCOLS` is
set."""
PROTOCOLS: tuple[str, Version] = ("loadBalancer.protocolDifferentiation.enabled", (1, 17, 0))
"""The Helm value that tells the operator of :data:`SHARED_PORTS` to compare protocols, and the first chart with it."""
MOVING_ADDRESSES = Fault(
    (1, 18, 2),
    "may give {concerned} another address when a pool changes or the operator restarts",
    concerned="a service without a pinned address",
    where="a service without `addresses`, or a pool from which services draw that the inventory does not name",
    instead="pin their addresses",
    upstream=("cilium/cilium#41122", "cilium/cilium#41147"),
)
PROXY_IS_NOT_LOCAL = Fault(
    (1, 19, 0),
    "sees no local endpoint of its own proxy and announces {concerned} from nowhere",
    concerned="an Ingress or Gateway of its own with `traffic_policy: Local`",
    where="`chart: cilium-ingress` or `gateway` with `traffic_policy: Local`",
    instead="traffic_policy: Cluster",
    upstream=("cilium/cilium#41680", "cilium/cilium#42386"),
)
L2_RESPONDER = Fault(
    (1, 19, 4),
    "may stop answering ARP or NDP for {concerned} until an agent restarts",
    concerned="addresses that are announced on L2",
    where="a pool with `l2`",
    instead="advertise the pool by BGP",
    upstream=("cilium/cilium#45068",),
)
LOCAL_FROM_ALL = Fault(
    (1, 20, 0),
    "may announce {concerned} from nodes without a ready endpoint too, which drop what reaches them",
    concerned="a service with `traffic_policy: Local`",
    where="`traffic_policy: Local` in a pool with `bgp`, and more than one node that peers",
    instead="traffic_policy: Cluster",
    upstream=("cilium/cilium#44803",),
    since=(1, 19, 0),
)
"""Reported of 1.19.1 to 1.19.5, open, and not reported of 1.20."""
LOCAL_FROM_INSIDE = Fault(
    (1, 20, 0),
    "does not let pods and nodes reach the address of {concerned} from a node without an endpoint",
    concerned="a service with `traffic_policy: Local`",
    where="`traffic_policy: Local`, and more than one node",
    instead="traffic_policy: Cluster",
    upstream=("cilium/cilium#45252",),
    since=(1, 19, 0),
)
"""Reported of 1.19, open, and not reported of 1.20."""
BPF_MASQUERADE, HOST_ROUTING = "bpf.masquerade", "bpf.hostLegacyRouting"
"""Helm values: by eBPF agents masquerade, and route past the host's network stack unless told otherwise."""
TALOS_HOST_DNS = Fault(
    None,
    "routes past the host's network stack, so that pods get no answer from the host DNS of Talos",
    where=f"`edge_cluster_distribution: talos` with `{as_written(BPF_MASQUERADE, True)}` in `edge_cilium_values`, and"
    f" without `{HOST_ROUTING}`",
    instead=f"write {as_written(HOST_ROUTING, True)} in edge_cilium_values, or set"
    f" machine.features.hostDNS.forwardKubeDNSToHost: false in Talos and {as_written(HOST_ROUTING, False)} here",
    upstream=("siderolabs/talos#10002", "cilium/cilium#36737", "cilium/cilium#36852"),
    since=(1, 16, 5),
    code="EDGE617",
)
"""CoreDNS forwards to the host's resolver: by default on clusters that Talos 1.8 or later has made."""
SERVICELB = Fault(
    None,
    "and servicelb of k3s both write the addresses of {concerned}",
    concerned="services without a class",
    where="`edge_cluster_distribution: k3s` with pools, and services without `class` (or none in the inventory)",
    instead="start k3s with --disable=servicelb and accept it at the cluster: edge_accept: {EDGE619: its reason}; a"
    " service that this collection makes may have a class instead",
    upstream=("cilium/cilium#39805",),
    code="EDGE619",
)
"""k3s runs it unless told otherwise (its documentation, "Networking Services"); LB-IPAM takes addresses away that no
pool of its own holds."""
SHARED_ON_L2 = Fault(
    None,
    "elects a node on L2 for each service by itself, so that several nodes may answer ARP and NDP for {concerned}",
    concerned="an address that services share",
    where="services with the same `share` in a pool with `l2`, of which `announce_only` selects more than one",
    instead="give each an address of its own, or let announce_only of the pool select one of them",
    upstream=("cilium/cilium#48419",),
    code="EDGE619",
)
DEFAULT_ROUTE = Fault(
    None,
    "answers from {concerned} by the node's default route, whichever router the request came through: another one"
    " drops the answer where it filters by state",
    concerned="nodes in two networks",
    where="a node that is reached over two networks (sessions of peerings, or L2) that have no router in common",
    instead="route the answers of each pool by its own router (ip rule from the pool), or accept it where the routers"
    " filter without state",
    upstream=("cilium/cilium#40521", "cilium/cilium#41758", "cilium/cilium#31640"),
    code="EDGE619",
)

SHRUNK_POOLS = Fault(
    (1, 20, 0),
    "may give the address of {concerned} to one that lacks an address, while a pool loses addresses",
    concerned="a service",
    where="live services of a pool that shrinks",
    instead="pin their addresses",
    upstream=("cilium/cilium#41458", "cilium/cilium#45543"),
    code="",
)
"""Met only while a pool shrinks under live services: found where that is looked at, not in the plan."""

SHARED_IMPORTS = Fault(
    (1, 20, 2),
    "may give {concerned} another address of its sharing key when the operator starts or begins to serve it, or when"
    " a block of its pool changes",
    concerned="a service that shares its address",
    where="live services of which several share an address and others of the same key hold another one",
    instead="pin their addresses",
    upstream=("cilium/cilium#46262",),
    code="",
)
"""Merged in June 2026; 1.19.6 has it (``stripOrImportIngresses`` of operator/pkg/lbipam), 1.20.2 has it not. Of the
releases between it is not known. Found where live services are looked at, not in the plan."""

FAULTS = (
    SEVERAL_INSTANCES,
    NO_SESSION_STATE,
    POOL_OF_BLOCKS,
    MD5_UNAVAILABLE,
    SHARED_PORTS,
    MOVING_ADDRESSES,
    PROXY_IS_NOT_LOCAL,
    L2_RESPONDER,
    LOCAL_FROM_ALL,
    LOCAL_FROM_INSIDE,
    TALOS_HOST_DNS,
    SERVICELB,
    SHARED_ON_L2,
    DEFAULT_ROUTE,
)
"""The faults that a plan tells where its site would meet them, by the version that mends them."""
LIVE_FAULTS = (SHRUNK_POOLS, SHARED_IMPORTS)
"""The faults that a look at live services finds, by the version that mends them."""

RANGES_POLICY_SINCE: Version = (1, 17, 0)
"""The first version that reads whether a Service's ``loadBalancerSourceRanges`` allow or deny (cilium/cilium#36120)."""

COUNTS_END_OF_RIB: Version = (1, 19, 6)
"""Before this one an agent may count the End-of-RIB marker (RFC 4724) of each family while graceful restart is on. Its
GoBGP fork does in 1.16.19, 1.17.16 and 1.18.0 and does not in 1.19.6 (cilium #44073); of the releases between it
is not known. Verify allows for it: no warning is needed."""

COUNTS_AT_EVENTS: Version = (1, 20, 0)
"""From here on an agent counts its routes only when a session changes its state or the router sends an update. Routes
of its own raise no event: ``pkg/bgp/gobgp/server.go`` watches peers and post-policy updates, and GoBGP (3.37, 4.8.0)
tells no post-policy update of a local route. 1.19 watches the best paths too. Measured with 1.20.2: 0 for as long as a
session stays up that came up before its routes, and the right number after ``clear bgp``."""
