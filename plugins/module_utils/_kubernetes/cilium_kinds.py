# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of Cilium's objects that the collection writes and reads, and names that Cilium gives or looks for."""

from __future__ import annotations

PLURALS = {
    "CiliumBGPAdvertisement": "ciliumbgpadvertisements",
    "CiliumBGPClusterConfig": "ciliumbgpclusterconfigs",
    "CiliumBGPNodeConfigOverride": "ciliumbgpnodeconfigoverrides",
    "CiliumBGPPeerConfig": "ciliumbgppeerconfigs",
    "CiliumL2AnnouncementPolicy": "ciliuml2announcementpolicies",
    "CiliumLoadBalancerIPPool": "ciliumloadbalancerippools",
    "CiliumPodIPPool": "ciliumpodippools",
}
"""The kinds that the collection writes, and their plural names, as the API's paths spell them."""

NODE_CONFIG, NODE = "CiliumBGPNodeConfig", "CiliumNode"
READ_ONLY_PLURALS = {
    NODE_CONFIG: "ciliumbgpnodeconfigs",
    NODE: "ciliumnodes",
}
"""The kinds that Cilium writes itself."""

PEERING_POLICY = "CiliumBGPPeeringPolicy"
OTHERS_PLURALS = {PEERING_POLICY: "ciliumbgppeeringpolicies"}
"""A kind up to 1.18 that the collection never writes, and that takes nodes away from those that it does."""

LEASE_PREFIX = "cilium-l2announce-"
"""How the name of an L2 lease begins; the Service's namespace and name follow."""


RANGES_POLICY = "service.cilium.io/src-ranges-policy"
"""Annotation of a Service: whether its ``loadBalancerSourceRanges`` are those that may reach it, or may not (Cilium,
``pkg/annotation/k8s.go``)."""

ASKED_ADDRESSES = ("lbipam.cilium.io/ips", "io.cilium/lb-ipam-ips")
"""Annotations of a Service that asks for addresses; the second is the older name, which Cilium reads too (the same)."""


def lease_name(namespace: str, name: str) -> str:
    """Return the name of the L2 lease of a Service."""
    return "{0}{1}-{2}".format(LEASE_PREFIX, namespace, name)


def plural_of(kind: str) -> str:
    """Return how the API's paths spell a kind: one of Cilium's, or one of Kubernetes' own, which take an s here."""
    return PLURALS.get(kind) or "{0}s".format(kind.lower())
