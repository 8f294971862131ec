# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router's filters: prefix-lists, community-lists and route-maps of one peer group in one family.

Lists are bound through route-maps: FRR applies a changed list to received routes by itself only then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...module_utils._frr.spelling import written_community
from .._addressing.addresses import DEFAULT_ROUTE
from .._addressing.families import Family
from .._document.frr_intent import (
    CommunityList,
    MaximumPrefix,
    PrefixList,
    PrefixListEntry,
    RouteMap,
    RouteMapEntry,
    RouteMapMatch,
    RouteMapSet,
)
from .._model.communities import Community
from .._model.prefix_rules import lengths
from .._model.site import Policy, PrefixRule

SEQUENCE_STEP = 5
"""Between the entries of a list; FRR's own step."""

MAP_STEP = 10
"""Between the entries of a route-map."""

MAXIMUM_PREFIX_ROOM = 10
"""Routes over a filter's capacity before its session is closed."""

MAXIMUM_PREFIX_LIMIT = 10_000
"""No home announces more service addresses than this, whatever the size of its pools; the limit protects the router."""

MAXIMUM_PREFIX_THRESHOLD = 90
"""Percent of the limit at which FRR logs a warning."""

REDISTRIBUTED_MAP = "redistributed"
"""Route-map of ``redistribute``: it tags the routes, so that exports can match them."""

REDISTRIBUTED_TAG = 65535
"""A tag stays inside the router; a community would leave it."""


@dataclass(slots=True)
class Filters:
    """All lists and maps of a router, in the order in which they are rendered."""

    prefix_lists: list[PrefixList] = field(default_factory=list)
    community_lists: list[CommunityList] = field(default_factory=list)
    route_maps: list[RouteMap] = field(default_factory=list)

    def add_import(
        self, name: str, family: Family, rules: Iterable[PrefixRule], policy: Policy, own_next_hop: Family | None = None
    ) -> None:
        """Add what a peer group's neighbors may announce.

        Args:
            name: of the route-map.
            family: of the routes.
            rules: all prefixes that pass, of both families.
            policy: the rest of the import policy: whether everything passes, communities to carry, attributes to set.
            own_next_hop: family of the neighbor's own address, which becomes the next hop; None = the next hop stays.
        """
        wanted = [*rules, *([PrefixRule(DEFAULT_ROUTE[family])] if policy.default_route else [])]
        match = self._communities(name.removesuffix("-in"), policy.communities)
        changes = _changes(policy, policy.add_communities)
        if own_next_hop is not None:
            changes["peer_next_hop"] = own_next_hop.key
        entries: list[RouteMapEntry] = []
        if policy.everything:
            entries.append(_permit(MAP_STEP, match, changes))
        elif of := [rule for rule in wanted if rule.family == family]:
            listed = self._prefixes(name.removesuffix("-in"), family, of)
            entries.append(_permit(MAP_STEP, {**listed, **match}, changes))
        self.route_maps.append({"name": name, "entries": entries or [_deny_all()]})

    def add_export(self, name: str, family: Family, policy: Policy, asn: int) -> None:
        """Add what a peer group's neighbors are sent; ``asn`` is the AS that the router shows them."""
        changes = _changes(policy, policy.communities)
        if policy.prepend:
            changes["as_path_prepend"] = [asn] * policy.prepend
        entries: list[RouteMapEntry] = []
        if policy.everything:
            entries.append(_permit(MAP_STEP, {}, changes))
        else:
            if of := [rule for rule in policy.prefixes if rule.family == family]:
                listed = self._prefixes(f"{name.removesuffix('-out')}-sent", family, of)
                entries.append(_permit(MAP_STEP, listed, changes))
            if policy.redistributed:
                entries.append(_permit(MAP_STEP * (len(entries) + 1), {"tag": REDISTRIBUTED_TAG}, changes))
        self.route_maps.append({"name": name, "entries": entries or [_deny_all()]})

    def add_redistribute(self) -> None:
        """Add the map that marks redistributed routes."""
        self.route_maps.append(
            {"name": REDISTRIBUTED_MAP, "entries": [_permit(MAP_STEP, {}, {"tag": REDISTRIBUTED_TAG})]}
        )

    def _prefixes(self, name: str, family: Family, rules: list[PrefixRule]) -> RouteMapMatch:
        """Add a prefix-list and return the match on it."""
        entries: list[PrefixListEntry] = [
            {
                "seq": SEQUENCE_STEP * (index + 1),
                "action": "permit",
                "prefix": rule.prefix.text,
                "ge": rule.ge,
                "le": rule.le,
            }
            for index, rule in enumerate(rules)
        ]
        self.prefix_lists.append({"name": name, "family": family.key, "entries": entries})
        return {"family": family.key, "prefix_list": name}

    def _communities(self, name: str, communities: tuple[Community, ...]) -> RouteMapMatch:
        """Return the matches that let only routes with all of ``communities`` pass."""
        match: RouteMapMatch = {}
        if words := [word(c) for c in communities if c.kind != "large"]:
            self.community_lists.append({"name": name, "kind": "standard", "communities": words})
            match["community_list"] = name
        if words := [word(c) for c in communities if c.kind == "large"]:
            self.community_lists.append({"name": name, "kind": "large", "communities": words})
            match["large_community_list"] = name
        return match


def _changes(policy: Policy, added: tuple[Community, ...]) -> RouteMapSet:
    """Return what a policy sets on routes; ``added`` are the communities that it adds."""
    changes: RouteMapSet = {}
    if added:
        changes["communities"] = [word(c) for c in added if c.kind != "large"]
        changes["large_communities"] = [word(c) for c in added if c.kind == "large"]
    if policy.local_preference is not None:
        changes["local_preference"] = policy.local_preference
    if policy.med is not None:
        changes["metric"] = policy.med
    return changes


def word(community: Community) -> str:
    """Return a community as FRR writes it."""
    return written_community(community.text)


def maximum_prefix(rules: Iterable[PrefixRule], policy: Policy) -> MaximumPrefix | None:
    """Return the limit of routes from one neighbor; None = no limit: everything passes and no limit is written.

    The exact filter is the first bound: at most its capacity passes, and FRR keeps nothing of what it refuses. The
    limit is the second one, where pools are larger than any real use (an IPv6 /64 would let 2**64 host routes in).

    ``force``, which counts refused routes as well, is not used. Measured on 10.3: it counts the routes of *all*
    neighbors, so one node that announces too much closes the sessions of the others (three nodes with four routes
    each are over a limit of 11).
    """
    if policy.everything and policy.max_prefixes is None:
        return None
    limit = policy.max_prefixes
    if limit is None:
        passing = sum(map(_count, rules)) + policy.default_route
        limit = min(passing + MAXIMUM_PREFIX_ROOM, MAXIMUM_PREFIX_LIMIT)
    return {
        "limit": limit,
        "threshold": MAXIMUM_PREFIX_THRESHOLD,
        "restart": policy.restart // 60,
        "force": False,
    }


def _count(rule: PrefixRule) -> int:
    """Return how many prefixes pass a rule."""
    cidr, low, high = lengths(rule)
    return sum(1 << (length - cidr.prefix_length) for length in range(low, min(high, cidr.family.width) + 1))


def _permit(seq: int, match: RouteMapMatch, changes: RouteMapSet) -> RouteMapEntry:
    """Return the route-map entry that lets through what matches, changed."""
    return {"seq": seq, "action": "permit", "match": match, "set": changes}


def _deny_all() -> RouteMapEntry:
    """Return the route-map entry that lets nothing through."""
    return {"seq": MAP_STEP, "action": "deny", "match": {}, "set": {}}
