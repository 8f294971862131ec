# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of Cilium's objects that the collection writes and reads."""

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

NODE_CONFIG = "CiliumBGPNodeConfig"
READ_ONLY_PLURALS = {
    NODE_CONFIG: "ciliumbgpnodeconfigs",
    "CiliumNode": "ciliumnodes",
}
"""The kinds that Cilium writes itself."""

OTHERS_PLURALS = {"CiliumBGPPeeringPolicy": "ciliumbgppeeringpolicies"}
"""A kind up to 1.18 that the collection never writes, and that takes nodes away from those that it does."""
