# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router that runs lets pass for each neighbor, and whose routes come over a planned neighbor or group.

Sources: FRR's ``bgp_input_filter`` and ``bgp_input_modifier`` (bgpd/bgp_route.c: lists and the route-map must all let a
route pass), ``peer_calc_sort`` (bgpd/bgpd.c: what is iBGP), RFC 8212 (no policy, no routes: of eBGP alone).

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Dict, Iterable, List, NamedTuple, Optional, Tuple, Union

from .config import BGP, FILTERS, Instance, Key, Line, Objects, route_map_entries
from .union import PASSES_ALL, Filter

BINDING = re.compile(r"^neighbor (\S+) (" + FILTERS + r") (\S+) (in|out)$")
"""A filter: of whom, of which kind, its name, its direction."""

BOUND = re.compile(r"^(" + FILTERS + r") (\S+) (in|out)$")
"""The same of a line that is read without its neighbor: kind, name, direction."""
_RANGE = re.compile(r"^bgp listen range (\S+) peer-group (\S+)$")
_AS = re.compile(r"^(?:interface (?:v6only )?)?(remote-as|local-as) (\S+)")
_LIMIT = re.compile(r"^maximum-prefix (\d+)(?P<words>.*)$")
_GATES = {
    "prefix-list": "match {0} address prefix-list {1}",
    "distribute-list": "match {0} address {1}",
    "filter-list": "match as-path {1}",
}

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


class Range(NamedTuple):
    """A listen range: whoever dials from it is a neighbor with the settings of the group."""

    network: Network
    group: str


class Limit(NamedTuple):
    """The ``maximum-prefix`` of a neighbor or group in one family."""

    routes: float
    """Above which FRR closes the session; infinite where it never does."""
    text: str
    """What follows the name; empty where no line says it."""


UNLIMITED = Limit(float("inf"), "")


def ranges(lines: Iterable[Line]) -> Dict[str, Range]:
    """Return the listen ranges of an instance by their lines."""
    found = ((text, _RANGE.match(text)) for context, text in lines if not context and text.startswith("bgp listen "))
    networks = ((text, network_of(match.group(1)), match.group(2)) for text, match in found if match)
    return {text: Range(network, group) for text, network, group in networks if network}


def network_of(text: str) -> Optional[Network]:
    """Return the prefix or address that a text is, or None: FRR also has neighbors that are interfaces."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def overlap(one: Network, other: Network) -> bool:
    """Return whether two prefixes share addresses."""
    return one.version == other.version and one.overlaps(other)


def limit_of(rest: str) -> Optional[Limit]:
    """Return the limit that a line of a neighbor says after the name, or None if it says none."""
    found = _LIMIT.match(rest)
    if not found:
        return None
    return Limit(float("inf") if "warning-only" in found.group("words") else float(found.group(1)), rest)


class Passing:
    """The neighbors and groups of an instance that runs, and what they let pass.

    Args:
        objects: the configuration that runs, with every list and route-map on the router.
    """

    def __init__(self, objects: Objects) -> None:
        self.lines = lines = objects.get(BGP, ())
        """Of the instance."""
        self.instance = Instance(lines)
        self.ranges = tuple(ranges(lines).values())
        self._objects = objects
        self._neighbors = frozenset(self.instance.neighbors)
        self._lines = frozenset(lines)
        self._known: Dict[Tuple[str, str, str], Optional[Filter]] = {}
        self._asn = lines[0][1].split()[-1] if lines else ""
        peers = [text.split()[3:] for _context, text in lines if text.startswith("bgp confederation peers ")]
        self._confederation = {word for words in peers for word in words}

    def sources(self, planned: Instance, planned_ranges: Iterable[Range]) -> Dict[str, Tuple[str, ...]]:
        """Return whose routes come over each planned neighbor or group, until the contract stage.

        Such are its own neighbors, also those that were dynamic, its dynamic neighbors that were another group's, and
        the neighbors and ranges that the plan lacks and that stay in a group of this name.

        Returns:
            Name of a planned neighbor or group -> names of live neighbors, or of groups for their dynamic neighbors.
        """
        result: Dict[str, List[str]] = {name: [] for name in planned.subjects}
        there, wanted = self._neighbors, set(planned.neighbors)
        for name in planned.neighbors:
            found = [name] if name in there else self._listening_for(name)
            result[name].extend(found)
            result.get(planned.group_of.get(name, ""), []).extend(found)
        for name in self.instance.neighbors:
            if name not in wanted:
                result.get(self.instance.group_of.get(name, ""), []).append(name)
        listening = list(planned_ranges)
        taken = networks_taken(self.instance, planned, listening)
        for live in self.ranges:
            for one in listening:
                if overlap(live.network, one.network):
                    result.get(one.group, []).append(live.group)
            if outside([live.network], taken):
                result.get(live.group, []).append(live.group)
        return {name: tuple(dict.fromkeys(found)) for name, found in result.items()}

    def left_groups(self, planned: Instance, planned_ranges: Iterable[Range]) -> Dict[str, Tuple[str, ...]]:
        """Return the live groups that planned neighbors leave, also those that were dynamic.

        Returns:
            Name of a planned neighbor, or of the group of dynamic ones -> the groups. A name without one is missing.
        """
        result: Dict[str, List[str]] = {}
        for name in planned.neighbors:
            old = [self.instance.group_of.get(name, "")] if name in self._neighbors else self._listening_for(name)
            result[name] = [group for group in old if group not in ("", planned.group_of.get(name))]
        for one in planned_ranges:
            old = [live.group for live in self.ranges if overlap(live.network, one.network)]
            result.setdefault(one.group, []).extend(group for group in old if group != one.group)
        return {name: tuple(dict.fromkeys(groups)) for name, groups in result.items() if groups}

    def is_neighbor(self, name: str) -> bool:
        """Return whether the live instance has a neighbor of this name, which is no group."""
        return name in self._neighbors

    def _listening_for(self, name: str) -> List[str]:
        """Return the groups whose listen ranges hold a neighbor's address."""
        address = network_of(name) if self.ranges else None
        return [one.group for one in self.ranges if address and overlap(one.network, address)]

    def filter(self, name: str, context: str, direction: str) -> Optional[Filter]:
        """Return what lets the routes of a neighbor pass, or of a group's dynamic neighbors; None = no route passes.

        Args:
            name: of the neighbor or group.
            context: the address family.
            direction: ``in`` or ``out``.
        """
        key = (name, context, direction)
        if key not in self._known:
            self._known[key] = self._filter(name, context, direction)
        return self._known[key]

    def _filter(self, name: str, context: str, direction: str) -> Optional[Filter]:
        if not self.is_active(name, context):
            return None
        bound: Dict[str, Tuple[str, str]] = {}
        # A member has its group's filters, of each kind that it has none of its own of.
        for who in (self.instance.group_of.get(name, ""), name):
            for where, rest in self.instance.lines_of.get(who, ()):
                found = BOUND.match(rest) if where == context else None
                if found and found.group(3) == direction:
                    bound[found.group(1)] = (found.group(2), "neighbor {0} {1}".format(who, rest))
        if not bound:
            return Filter((), PASSES_ALL, "neighbor {0}".format(name)) if self.is_open(name) else None
        version = "ipv6" if "ipv6" in context else "ip"
        gates = sorted(_GATES[kind].format(version, bound[kind][0]) for kind in bound if kind != "route-map")
        entries = PASSES_ALL
        if "route-map" in bound:
            # One that does not exist denies everything.
            entries = tuple(route_map_entries(self._objects.get(Key("route-map", bound["route-map"][0]), ())))
        source = bound.get("route-map") or bound[sorted(bound)[0]]
        return Filter(tuple(gates), entries, source[1])

    def has_own_map(self, name: str, context: str, direction: str) -> bool:
        """Return whether a neighbor has a route-map of its own, beside what its group has."""
        return name in self._neighbors and any(
            where == context and rest.startswith("route-map ") and rest.endswith(" " + direction)
            for where, rest in self.instance.lines_of.get(name, ())
        )

    def is_active(self, name: str, context: str) -> bool:
        """Return whether a neighbor, or a group's dynamic neighbors, exchange routes of a family."""
        if (context, "no neighbor {0} activate".format(name)) in self._lines:
            return False
        whose = (name, self.instance.group_of.get(name, ""))
        return any((context, "neighbor {0} activate".format(who)) in self._lines for who in whose)

    def is_open(self, name: str) -> bool:
        """Return whether a neighbor without a filter exchanges all routes: it is no eBGP, or that asks for none."""
        if ("", "no bgp ebgp-requires-policy") in self._lines:
            return True
        said: Dict[str, str] = {}
        for who in (self.instance.group_of.get(name, ""), name):
            for context, rest in self.instance.lines_of.get(who, ()):
                found = _AS.search(rest) if not context else None
                if found:
                    said[found.group(1)] = found.group(2)
        remote = said.get("remote-as", "external")
        # ``auto`` (from 10.2 on) takes what the neighbor says, so it may be of this AS.
        return remote in {"internal", "auto", said.get("local-as", self._asn)} | self._confederation

    def limit(self, name: str, context: str) -> Optional[Limit]:
        """Return the limit of a neighbor or of a group's dynamic neighbors; None where they exchange no such routes."""
        if not self.is_active(name, context):
            return None
        for who in (name, self.instance.group_of.get(name, "")):
            for where, rest in self.instance.lines_of.get(who, ()):
                found = limit_of(rest) if where == context else None
                if found:
                    return found
        return UNLIMITED


def networks_taken(live: Instance, planned: Instance, planned_ranges: Iterable[Range]) -> List[Network]:
    """Return what a live listen range must not hold any more: the planned ranges, and neighbors that get a name.

    FRR refuses two ranges that overlap. It also refuses a neighbor by address while a dynamic one has that address, or
    lets it stay a dynamic one (bgpd/bgpd.c, ``peer_group_bind``). A neighbor that has its name already needs no room.
    """
    there = set(live.neighbors)
    named = (network_of(name) for name in planned.neighbors if name not in there)
    return [*(one.network for one in planned_ranges), *(network for network in named if network)]


def outside(networks: Iterable[Network], others: Iterable[Network]) -> List[Network]:
    """Return the parts of prefixes that none of ``others`` holds, as prefixes."""
    left = list(networks)
    for other in others:
        kept: List[Network] = []
        for one in left:
            if not overlap(one, other):
                kept.append(one)
            elif one.prefixlen < other.prefixlen:
                kept.extend(one.address_exclude(other))  # type: ignore[arg-type]  # one version
        left = kept
    return left
