# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planned filters of a router, asked about one prefix: what may pass in, and what out."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from .._document.frr_intent import FrrIntent, PeerGroupFamily, PrefixListEntry

DEFAULT_ROUTES = {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}


class Filters:
    """The route-maps of a router's intent.

    What a map asks of a route besides its prefix (communities, a tag) counts as given: verify does not read it.
    """

    def __init__(self, intent: FrrIntent) -> None:
        self._maps = {item["name"]: item["entries"] for item in intent["route_maps"]}
        self._lists = {(item["family"], item["name"]): item["entries"] for item in intent["prefix_lists"]}
        self._groups = {item["name"]: item["families"] for item in intent["peer_groups"]}

    def imports(self, peer_group: str, family: str, prefix: str) -> bool:
        """Return whether the peer group's neighbors may announce ``prefix``."""
        policy = self._policy(peer_group, family)
        return policy is not None and self._passes(policy["import"], family, prefix)

    def exports(self, peer_group: str, family: str, prefix: str) -> bool:
        """Return whether ``prefix`` may be announced to the peer group's neighbors."""
        policy = self._policy(peer_group, family)
        if policy is None:
            return False
        if prefix == DEFAULT_ROUTES[family] and policy["default_originate"]:
            return True
        return self._passes(policy["export"], family, prefix)

    def announces(self, peer_group: str, family: str) -> bool:
        """Return whether anything may be announced to the peer group's neighbors."""
        policy = self._policy(peer_group, family)
        if policy is None:
            return False
        permits = any(entry["action"] == "permit" for entry in self._maps[policy["export"]])
        return permits or policy["default_originate"]

    def _policy(self, peer_group: str, family: str) -> PeerGroupFamily | None:
        """Return a peer group's entry of a family; None where it does not exist or does not carry the family."""
        return self._groups.get(peer_group, {}).get(family)

    def _passes(self, route_map: str, family: str, prefix: str) -> bool:
        for entry in self._maps[route_map]:
            name = entry["match"].get("prefix_list")
            if name is None or _listed(self._lists[family, name], prefix):
                return entry["action"] == "permit"
        return False


def _listed(entries: Sequence[PrefixListEntry], prefix: str) -> bool:
    """Return whether a prefix-list permits ``prefix``: its very own, or by length where ``ge`` or ``le`` is given."""
    network = ipaddress.ip_network(prefix)
    for entry in entries:
        outer = ipaddress.ip_network(entry["prefix"])
        if network.version != outer.version or network.prefixlen < outer.prefixlen:
            continue
        if int(network.network_address) >> (network.max_prefixlen - outer.prefixlen or 0) != (
            int(outer.network_address) >> (outer.max_prefixlen - outer.prefixlen or 0)
        ):
            continue
        least = entry["ge"] if entry["ge"] is not None else outer.prefixlen
        most = entry["le"]
        if most is None:
            most = network.max_prefixlen if entry["ge"] is not None else outer.prefixlen
        if least <= network.prefixlen <= most:
            return entry["action"] == "permit"
    return False
