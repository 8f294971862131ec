# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of routes that a session announces by the plan, and how far a node's own count of them can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

from .._document.plan import KubernetesObject, PlanDocument, PlannedSession
from .._versions.cilium import COUNTS_AT_EVENTS, COUNTS_END_OF_RIB, parse_version

POD_CIDR = "PodCIDR"
LOAD_BALANCER = "LoadBalancerIP"


class Advertised:
    """The kinds of routes that the planned CiliumBGPPeerConfigs of a cluster select."""

    def __init__(self, plan: PlanDocument) -> None:
        self._kinds: dict[tuple[str, str, str], frozenset[str]] = {}
        for host, cluster in plan["clusters"].items():
            adverts = [item for item in cluster["bgp"] if item["kind"] == "CiliumBGPAdvertisement"]
            for item in cluster["bgp"]:
                if item["kind"] != "CiliumBGPPeerConfig":
                    continue
                for family in item["spec"].get("families") or ():
                    wanted = ((family.get("advertisements") or {}).get("matchLabels") or {}).items()
                    kinds = {
                        kind
                        for advert in adverts
                        if wanted <= (advert["metadata"].get("labels") or {}).items()
                        for entry in advert["spec"]["advertisements"]
                        for kind in _kinds(entry)
                    }
                    self._kinds[host, item["metadata"]["name"], family["afi"]] = frozenset(kinds)

    def kinds(self, session: PlannedSession, family: str) -> frozenset[str]:
        """Return the kinds that ``session`` announces in ``family``: advertisement types, or kinds of addresses."""
        return self._kinds.get((session["cluster"], session["peer_config"], family), frozenset())

    def countable(self, session: PlannedSession, family: str) -> bool:
        """Return whether all that the session announces can be counted: pools and pod CIDRs alone."""
        return self.kinds(session, family) <= {POD_CIDR, LOAD_BALANCER}


@dataclass(frozen=True, slots=True)
class NodeCount:
    """How many prefixes a node announces over a session, by its own status."""

    least: int
    most: int
    current: bool
    """Whether it is up to date; if not, it dates from the session's last change."""


def node_count(seen: int, cilium: str, graceful_restart: int) -> NodeCount:
    """Return how many prefixes ``advertised`` of a node's CiliumBGPNodeConfig stands for.

    Args:
        seen: the number there.
        cilium: the version of Cilium that the node runs.
        graceful_restart: the session's restart time in seconds; 0 = off.
    """
    version = parse_version(cilium)
    marker = 1 if graceful_restart and version < COUNTS_END_OF_RIB else 0
    return NodeCount(max(0, seen - marker), seen, current=version < COUNTS_AT_EVENTS)


def _kinds(entry: KubernetesObject) -> list[str]:
    if entry["advertisementType"] == "Service":
        return list(entry["service"]["addresses"])
    return [entry["advertisementType"]]
