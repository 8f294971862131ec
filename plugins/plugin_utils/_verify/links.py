# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planned links may bring from router to router, over one link and over several in a row.

A prefix passes over a link where the sender's export and the receiver's import let it. It need not come: the sender may
prefer another path, and a route may carry a community that keeps it. What must come is known with what the routers
say (:mod:`.passing`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from .._addressing.families import family_of
from .._document.plan import PlanDocument
from .filters import PlannedFilters
from .observed import within

Key = tuple[str, str, str]
"""Router, family and prefix."""


@dataclass(slots=True)
class OverLinks:
    """By which ways a prefix may come to a router over its links."""

    origins: set[str] = field(default_factory=set)
    """The routers that have it from nodes."""
    others: set[str] = field(default_factory=set)
    """The other ends of the router's own links over which it may come from there."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One direction of a link between two routers."""

    sender: str
    receiver: str
    exported_to: str
    """Peer group of the receiver at the sender."""
    imported_from: str
    """Peer group of the sender at the receiver."""
    families: frozenset[str]


class PlannedLinks:
    """The links of a plan that are not shut down, between routers that stay.

    Args:
        plan: the plan as JSON.
    """

    def __init__(self, plan: PlanDocument) -> None:
        self._plan = plan
        self._filters = {name: PlannedFilters.of_router(router) for name, router in plan["routers"].items()}
        self._ways = list(self._directions())

    def bring(self, keys: Iterable[Key]) -> dict[Key, OverLinks]:
        """Return to which other routers prefixes may come over links.

        Args:
            keys: the prefixes, each with a router that has it from nodes.

        Returns:
            By router that may have it so. One that has it from nodes as well is among them, if it may.
        """
        found: dict[Key, OverLinks] = {}
        for origin, family, prefix in keys if self._ways else ():
            passes = partial(self._may_pass, family, prefix)
            steps = self._steps([origin], passes)
            for way in self._ways:
                nearer = way.sender in steps and steps.get(way.receiver, 0) > steps[way.sender]
                if nearer and passes(way):
                    known = found.setdefault((way.receiver, family, prefix), OverLinks())
                    known.origins.add(origin)
                    known.others.add(way.sender)
        return found

    def lead_back(self, source: str, near: str, gateways: Iterable[str]) -> bool:
        """Return whether the plan surely tells routers the way to an address.

        Each has an address on its network, or has the network's prefix over links whatever else it carries. A default
        route counts for nothing: where it leads is not known.

        Args:
            source: the address.
            near: a router on its network.
            gateways: the routers that must know the way.
        """
        family = family_of(source)
        knowing: set[str] = set()
        for name, network in self._plan["networks"].items():
            for cidr in network["cidrs"]:
                there = self._routers_in(name, cidr)
                if near in there and within(source, [cidr]):
                    own = {router for router in there if self._announces_own(router, family, cidr)}
                    knowing |= there | self._steps(own, partial(self._surely_passes, family, cidr)).keys()
        return near in knowing and knowing.issuperset(gateways)

    def _routers_in(self, network: str, cidr: str) -> set[str]:
        """Return the routers that have an address in a subnet of a network."""
        return {
            name
            for name, router in self._plan["routers"].items()
            if not router["absent"] and any(within(item, [cidr]) for item in router["addresses"].get(network, ()))
        }

    def _directions(self) -> Iterator[_Way]:
        """Yield both directions of each link."""
        absent = {name for name, router in self._plan["routers"].items() if router["absent"]}
        ends = {
            (item["link"], item["router"], item["other"]): item
            for item in self._plan["neighbors"]
            if item["link"] is not None and item["other"] is not None and not item["shutdown"]
        }
        for (link, receiver, sender), item in ends.items():
            back = ends.get((link, sender, receiver))
            if back is not None and sender is not None and not absent & {sender, receiver}:
                families = frozenset(item["families"]) & frozenset(back["families"])
                yield _Way(sender, receiver, back["peer_group"], item["peer_group"], families)

    def _steps(self, first: Iterable[str], passes: Callable[[_Way], bool]) -> dict[str, int]:
        """Return the routers that something comes to -> over how many links at the least."""
        found = dict.fromkeys(first, 0)
        new = list(found)
        while new:
            router = new.pop(0)
            for way in self._ways:
                if way.sender == router and way.receiver not in found and passes(way):
                    found[way.receiver] = found[router] + 1
                    new.append(way.receiver)
        return found

    def _may_pass(self, family: str, prefix: str, way: _Way) -> bool:
        """Return whether the filters of both ends let a prefix pass, perhaps for something that it carries."""
        return (
            family in way.families
            and self._filters[way.sender].exports(way.exported_to, family, prefix)
            and self._filters[way.receiver].imports(way.imported_from, family, prefix)
        )

    def _surely_passes(self, family: str, prefix: str, way: _Way) -> bool:
        """Return whether a prefix passes whatever it carries, and over no link within an AS: there it stays."""
        routers = self._plan["routers"]
        sender, receiver = self._filters[way.sender], self._filters[way.receiver]
        return (
            family in way.families
            and not sender.are_others
            and not receiver.are_others
            and routers[way.sender]["asn"] != routers[way.receiver]["asn"]
            and sender.passes_unasked(way.exported_to, family, prefix, "export")
            and receiver.passes_unasked(way.imported_from, family, prefix, "import")
        )

    def _announces_own(self, router: str, family: str, cidr: str) -> bool:
        """Return whether a router puts the prefix of a network of its own into BGP."""
        own = self._plan["routers"][router]["frr"]["networks"].get(family, ())
        return ipaddress.ip_network(cidr) in map(ipaddress.ip_network, own)
