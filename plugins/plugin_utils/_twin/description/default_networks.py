# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which network a node's default route leads, where routers have addresses in several of its networks.

No inventory has the default routes of the nodes. By them answers leave, so a choice that differs from the real site's
is green where that is dead, and red where it works.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ....module_utils._errors import EdgeError
from ..._addressing.families import Family
from ..._document.plan import PlanDocument
from ..._findings.wording import did_you_mean
from .addresses import subnet_of
from .model import DefaultNetwork, Leg, Route
from .wiring import Wiring

VARIABLE = "edge_twin_default_network"

CHOSEN = f"{VARIABLE} says so"
PEERED = "the nodes' sessions are there"
PEERED_TOO = "of those with sessions, no other is shared by more nodes"
SHARED = "no other is shared by more nodes"


class DefaultNetworks:
    """The order in which networks are taken for a node's default route.

    Args:
        wiring: the twin's.
        chosen: node -> network (:data:`VARIABLE`) as it was written; None or empty where the inventory says nothing.

    Raises:
        EdgeError: what was chosen is no name, or no router has an address in that network.
    """

    def __init__(self, wiring: Wiring, chosen: Mapping[str, object]) -> None:
        self.wiring = wiring
        # None and empty text are how a variable without a value comes from an inventory.
        self.chosen = {
            node: _checked(wiring, node, network) for node, network in chosen.items() if network not in (None, "")
        }
        self._peered = _peered(wiring.plan, wiring)

    def routes(
        self, node: str, version: int, legs: Sequence[Leg], shared: Sequence[str]
    ) -> tuple[tuple[Route, ...], DefaultNetwork | None]:
        """Return a node's default route, and what was chosen for it where several networks have a next hop for it.

        Args:
            node: the node.
            version: of IP.
            legs: the node's.
            shared: the networks, those that most nodes share first.
        """
        possible = {
            network: hops[version]
            for network in self._order(node, version, shared)
            if version in (hops := self.wiring.gateways([network], legs))
        }
        if not possible:
            return (), None
        network, *others = possible
        route = Route("default", version, possible[network])
        if not others:
            return (route,), None
        reason = self._reason(node, version, network, others)
        return (route,), DefaultNetwork(node, Family(version).key, network, tuple(others), reason)

    def _order(self, node: str, version: int, shared: Sequence[str]) -> list[str]:
        """Return the networks in the order in which they are taken for the default route."""
        own = self._peered.get((node, version), set())
        either = self._peered_in_either(node)
        chosen = self.chosen.get(node)
        return sorted(shared, key=lambda name: (name != chosen, name not in own, name not in either))

    def _reason(self, node: str, version: int, network: str, others: Sequence[str]) -> str:
        if network == self.chosen.get(node):
            return CHOSEN
        # Sessions of the family go before those of the other one.
        for peered in (self._peered.get((node, version), set()), self._peered_in_either(node)):
            if network in peered:
                return PEERED_TOO if peered.intersection(others) else PEERED
        return SHARED

    def _peered_in_either(self, node: str) -> set[str]:
        return {network for (name, _version), found in self._peered.items() if name == node for network in found}


def _peered(plan: PlanDocument, wiring: Wiring) -> dict[tuple[str, int], set[str]]:
    """Return by node and version of IP the networks over which it peers with routers of the site."""
    found: dict[tuple[str, int], set[str]] = {}
    for session in plan["sessions"]:
        if session["router"] not in wiring.routers:
            continue
        # The plan may not know the address of a node that dials in, but the range that it dials in from.
        subnet = subnet_of(wiring.networks, session["node_address"]) if session["node_address"] else None
        for network, cidr in [subnet] if subnet else wiring.listen_ranges(session):
            found.setdefault((session["node"], cidr.version), set()).add(network)
    return found


def _checked(wiring: Wiring, node: str, network: object) -> str:
    """Return a network that was chosen for a node's default route.

    Raises:
        EdgeError: it is no name, there is no such network, or no router has an address there.
    """
    path, possible = f"{node}.{VARIABLE}", [name for name in wiring.networks if wiring.router_addresses(name)]
    known = f"networks with an address of a router: {', '.join(possible) or 'none'}"
    if not isinstance(network, str):
        hint = f"write {str(network)!r}, in quotes" if str(network) in possible else known
        raise EdgeError(path, f"{network!r} is not the name of a network, which is text", hint)
    if network not in wiring.networks:
        raise EdgeError(path, f"no network {network!r}", did_you_mean(network, possible) or known)
    if network not in possible:
        raise EdgeError(path, f"no router has an address in network {network!r}", known)
    return network
