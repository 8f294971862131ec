# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planned filters of a router: which prefixes may be accepted from a neighbor, and which announced to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .._addressing.addresses import Address, Cidr, parse_cidr
from .._addressing.families import DEFAULT_ROUTE_TEXT
from .._document.frr_intent import FrrIntent, PeerGroupFamily, PrefixListEntry, RouteMapEntry, RouteMapSet
from .._document.plan import PlannedRouter
from .._model.prefix_rules import lengths
from .._model.site import PrefixRule


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a prefix-list."""

    permit: bool
    cidr: Cidr
    shortest: int
    longest: int

    def matches(self, prefix: Cidr) -> bool:
        """Return whether the entry is about ``prefix``, which is of its family."""
        inside = self.cidr.contains(Address(prefix.family, prefix.interval.first))
        return inside and self.shortest <= prefix.prefix_length <= self.longest


class PlannedFilters:
    """The route-maps of a router's intent, applied to a prefix alone.

    What a map matches besides the prefix (communities, a tag) counts as met: verify does not read it.

    Args:
        intent: the router's.
        are_others: whether somebody else writes the router's policies: what they add to the planned ones is no fault.
    """

    def __init__(self, intent: FrrIntent, are_others: bool = False) -> None:
        self.are_others = are_others
        self._maps = {item["name"]: item["entries"] for item in intent["route_maps"]}
        self._lists = {(item["family"], item["name"]): _entries(item["entries"]) for item in intent["prefix_lists"]}
        self._groups = {item["name"]: item["families"] for item in intent["peer_groups"]}

    @classmethod
    def of_router(cls, router: PlannedRouter) -> PlannedFilters:
        """Return the filters of a planned router."""
        return cls(router["frr"], are_others=router["bgp_owner"] == "none")

    def imports(self, peer_group: str, family: str, prefix: str) -> bool:
        """Return whether the peer group's neighbors may announce ``prefix``."""
        policy = self._policy(peer_group, family)
        return policy is not None and self._passes(policy["import"], family, prefix)

    def exports(self, peer_group: str, family: str, prefix: str) -> bool:
        """Return whether ``prefix`` may be announced to the peer group's neighbors."""
        policy = self._policy(peer_group, family)
        if policy is None:
            return False
        if prefix == DEFAULT_ROUTE_TEXT[family] and policy["default_originate"]:
            return True
        return self._passes(policy["export"], family, prefix)

    def passes_unasked(self, peer_group: str, family: str, prefix: str, direction: Literal["import", "export"]) -> bool:
        """Return whether ``prefix`` passes in a direction whatever else it carries: no entry asks for that."""
        policy = self._policy(peer_group, family)
        if policy is None:
            return False
        for entry in self._maps[policy[direction]]:
            name = entry["match"].get("prefix_list")
            if name is not None and not _permits(self._lists[family, name], prefix):
                continue
            return entry["action"] == "permit" and entry["match"].keys() <= {"family", "prefix_list"}
        return False

    def set_on_import(self, peer_group: str, family: str, prefix: str) -> RouteMapSet:
        """Return what is set on a prefix that the peer group's neighbors announce; nothing where it does not pass."""
        policy = self._policy(peer_group, family)
        return {} if policy is None else self._set_by(policy["import"], family, prefix)

    def set_on_export(self, peer_group: str, family: str, prefix: str) -> RouteMapSet:
        """Return what is set on a prefix that is announced to the peer group's neighbors."""
        policy = self._policy(peer_group, family)
        return {} if policy is None else self._set_by(policy["export"], family, prefix)

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
        entry = self._entry(route_map, family, prefix)
        return entry is not None and entry["action"] == "permit"

    def _set_by(self, route_map: str, family: str, prefix: str) -> RouteMapSet:
        entry = self._entry(route_map, family, prefix)
        return {} if entry is None or entry["action"] != "permit" else entry["set"]

    def _entry(self, route_map: str, family: str, prefix: str) -> RouteMapEntry | None:
        """Return the entry of a route-map that decides on ``prefix``."""
        for entry in self._maps[route_map]:
            name = entry["match"].get("prefix_list")
            if name is None or _permits(self._lists[family, name], prefix):
                return entry
        return None


def _entries(entries: Iterable[PrefixListEntry]) -> list[_Entry]:
    """Return a prefix-list, read."""
    return [
        _Entry(
            entry["action"] == "permit", *lengths(PrefixRule(parse_cidr(entry["prefix"], ""), entry["ge"], entry["le"]))
        )
        for entry in entries
    ]


def _permits(entries: Iterable[_Entry], prefix: str) -> bool:
    """Return whether a prefix-list permits ``prefix``: the first entry that matches it says so."""
    cidr = parse_cidr(prefix, "")
    return next((entry.permit for entry in entries if entry.matches(cidr)), False)
