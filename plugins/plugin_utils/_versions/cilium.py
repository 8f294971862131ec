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

Version = tuple[int, int, int]

OLDEST: Version = (1, 16, 0)
"""The oldest version whose fields the planned objects have (BGP advertisements changed incompatibly in 1.16)."""

NEWEST: Version = (1, 20, 0)
"""The newest minor version whose CRDs and chart values are known; a later one is planned as this one."""


def text_of(version: Version) -> str:
    """Return a version as it is spoken of: ``1.18`` for the first one of a minor version, else ``1.18.2``."""
    major, minor, patch = version
    return f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}"


def is_whole(text: str) -> bool:
    """Return whether a version has its third number, as all charts and images of Cilium have."""
    return re.match(r"v?\d+\.\d+\.\d", text) is not None


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
    """A fault of Cilium that a version mended."""

    mended: Version
    what: str
    """Completes the sentence "Before 1.18.2 ..."."""

    @property
    def version(self) -> str:
        """The first version without it, as text."""
        return text_of(self.mended)


SEVERAL_INSTANCES = Fault((1, 16, 1), "nodes with several AS numbers advertise wrongly (cilium/cilium#34177)")
NO_SESSION_STATE = Fault((1, 16, 2), "no state of BGP sessions is written into CiliumBGPNodeConfigs")
MOVING_ADDRESSES = Fault(
    (1, 18, 2),
    "a service without a pinned address may get another one when its pool changes or the operator restarts"
    " (cilium/cilium#41122, cilium/cilium#41147)",
)
PROXY_IS_NOT_LOCAL = Fault(
    (1, 19, 0),
    "an Ingress or Gateway of Cilium's with `traffic_policy: Local` is announced from nowhere: a node's own proxy is no"
    " local endpoint",
)

SHRUNK_POOLS = Fault(
    (1, 20, 0),
    "a service that lacks an address may take that of another one while a pool loses addresses"
    " (cilium/cilium#41458, mended by cilium/cilium#45543)",
)
"""Met only while a pool shrinks under live services: found where that is looked at, not in the plan."""

FAULTS = (SEVERAL_INSTANCES, NO_SESSION_STATE, MOVING_ADDRESSES, PROXY_IS_NOT_LOCAL)
"""The faults that a plan warns of where its site would meet them, by version."""

COUNTS_END_OF_RIB = Fault(
    (1, 19, 6), "an agent may count the End-of-RIB marker (RFC 4724) of each family while graceful restart is on"
)
"""Its GoBGP fork does in 1.16.19, 1.17.16 and 1.18.0 and does not in 1.19.6 (cilium #44073); of the releases between it
is not known. Verify allows for it: no warning is needed."""

COUNTS_AT_EVENTS: Version = (1, 20, 0)
"""From here on an agent counts its routes only when a session changes its state or the router sends an update. Routes
of its own raise no event: ``pkg/bgp/gobgp/server.go`` watches peers and post-policy updates, and GoBGP (3.37, 4.8.0)
tells no post-policy update of a local route. 1.19 watches the best paths too. Measured with 1.20.2: 0 for as long as a
session stays up that came up before its routes, and the right number after ``clear bgp``."""
