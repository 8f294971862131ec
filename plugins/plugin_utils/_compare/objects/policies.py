# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CiliumBGPPeeringPolicy, told in the objects that followed it: one set of words for the sessions of both.

Up to Cilium 1.18 a policy that selects a node wins there over each CiliumBGPClusterConfig (cilium/cilium#32774). 1.19
does not read the kind any more. Source of fields and defaults: pkg/k8s/apis/cilium.io/v2alpha1/bgp_types.go of 1.18.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ....module_utils._kubernetes.cilium_kinds import PEERING_POLICY
from ..._addressing.live import as_text
from ..._versions.cilium import PEERING_POLICY_UNTIL, Version
from .labels import EVERYTHING, selector
from .shape import read_as_the_api_has_it

_SESSION = "session"
"""Label by which a translated CiliumBGPPeerConfig selects the advertisements of its session."""
_BOTH = ({"afi": "ipv4"}, {"afi": "ipv6"})

Held = Mapping[str, Mapping[str, dict[str, Any]]]
"""Kind -> name -> object."""


def policies_are_read(version: Version) -> bool:
    """Return whether a version of Cilium takes sessions from a CiliumBGPPeeringPolicy."""
    return version < PEERING_POLICY_UNTIL


def policies_of(held: Held, labels: Mapping[str, str]) -> list[str]:
    """Return the names of the policies that select a node.

    Args:
        held: the objects.
        labels: of the node.

    Raises:
        EdgeError: a selector is none.
    """
    names = []
    for name, item in held.get(PEERING_POLICY, {}).items():
        found = selector(item["spec"].get("nodeSelector"), EVERYTHING, f"{PEERING_POLICY} {name}")
        if (found or EVERYTHING).matches(labels):
            names.append(name)
    return names


def translated(name: str, spec: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what a policy sets up as a CiliumBGPClusterConfig of its name with peer configs and advertisements.

    Each neighbor of each virtual router becomes a peer with a peer config of its own. Its advertisements are those of
    its virtual router. Path attributes are chosen by other selectors there; the peer has them as they stand, under
    ``pathAttributes``.

    Args:
        name: of the policy.
        spec: its spec.

    Raises:
        EdgeError: it is not as the API has it.
    """
    instances: list[dict[str, Any]] = []
    configs: dict[str, dict[str, Any]] = {}
    advertisements: dict[str, dict[str, Any]] = {}
    with read_as_the_api_has_it(f"{PEERING_POLICY} {name}"):
        for index, router in enumerate(spec.get("virtualRouters") or []):
            instance = f"of {PEERING_POLICY} {name}, virtual router {index}"  # errors name it
            label = {_SESSION: instance}
            peers = []
            for number, neighbor in enumerate(router.get("neighbors") or []):
                peer = f"{instance}, neighbor {number}"
                configs[peer] = {"spec": _peer_config(neighbor, label)}
                peers.append(
                    {
                        "name": peer,
                        "peerASN": neighbor["peerASN"],
                        "peerAddress": as_text(neighbor["peerAddress"]).partition("/")[0],
                        "peerConfigRef": {"name": peer},
                        "pathAttributes": _path_attributes(neighbor),
                    }
                )
            instances.append({"name": instance, "localASN": router["localASN"], "peers": peers})
            entries = _advertisements(router)
            advertisements[instance] = {"metadata": {"labels": label}, "spec": {"advertisements": entries}}
    return {
        "CiliumBGPClusterConfig": {name: {"spec": {"bgpInstances": instances}}},
        "CiliumBGPPeerConfig": configs,
        "CiliumBGPAdvertisement": advertisements,
    }


def _peer_config(neighbor: Mapping[str, Any], label: Mapping[str, str]) -> dict[str, Any]:
    families = neighbor.get("families") or _BOTH
    return {
        "timers": {
            key: neighbor.get(key) for key in ("holdTimeSeconds", "keepAliveTimeSeconds", "connectRetryTimeSeconds")
        },
        "transport": {"peerPort": neighbor.get("peerPort")},
        "gracefulRestart": neighbor.get("gracefulRestart"),
        "ebgpMultihop": neighbor.get("eBGPMultihopTTL"),
        "authSecretRef": neighbor.get("authSecretRef"),
        "families": [{"afi": family["afi"], "advertisements": {"matchLabels": dict(label)}} for family in families],
    }


def _advertisements(router: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a virtual router announces; a selector that is left out selects nothing."""
    entries: list[dict[str, Any]] = []
    if router.get("exportPodCIDR"):
        entries.append({"advertisementType": "PodCIDR"})
    if router.get("podIPPoolSelector") is not None:
        entries.append({"advertisementType": "CiliumPodIPPool", "selector": router["podIPPoolSelector"]})
    if router.get("serviceSelector") is not None:
        addresses = router.get("serviceAdvertisements") or ["LoadBalancerIP"]
        entries.append(
            {
                "advertisementType": "Service",
                "service": {"addresses": addresses},
                "selector": router["serviceSelector"],
            }
        )
    return entries


def _path_attributes(neighbor: Mapping[str, Any]) -> str | None:
    found = neighbor.get("advertisedPathAttributes") or []
    return "; ".join(sorted(json.dumps(item, sort_keys=True) for item in found)) or None
