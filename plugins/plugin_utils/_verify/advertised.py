# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a planned session announces beside pools, read from the planned objects of the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

POD_CIDR = "PodCIDR"
LOAD_BALANCER = "LoadBalancerIP"


class Advertised:
    """The kinds of routes that the planned CiliumBGPPeerConfigs of a cluster select."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
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

    def kinds(self, session: Mapping[str, Any], family: str) -> frozenset[str]:
        """Return the kinds that ``session`` announces in ``family``: advertisement types, or kinds of addresses."""
        return self._kinds.get((session["cluster"], session["peer_config"], family), frozenset())

    def countable(self, session: Mapping[str, Any], family: str) -> bool:
        """Return whether all that the session announces can be counted: pools and pod CIDRs alone."""
        return self.kinds(session, family) <= {POD_CIDR, LOAD_BALANCER}


def _kinds(entry: Mapping[str, Any]) -> list[str]:
    if entry["advertisementType"] == "Service":
        return list(entry["service"]["addresses"])
    return [entry["advertisementType"]]
