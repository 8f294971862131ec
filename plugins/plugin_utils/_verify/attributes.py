# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan puts on routes beside their prefix: communities, preference, MED, AS path; and what a router shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ...module_utils._frr.spelling import shown_community
from .._document.frr_intent import RouteMapSet
from .._document.lookup import pools_by_key
from .._document.plan import PlanDocument, PlannedSession
from .._findings.code import ERROR
from .._findings.wording import MOST_NAMES, some
from .filters import PlannedFilters
from .observed import AttributesSeen, RouterSeen
from .report import OK, UNKNOWN, VerifyReport

KEPT_IN = frozenset({"no-export", "no-advertise"})
"""Communities that a router may add to a route that says ``blackhole`` (RFC 7999 section 3.2)."""


@dataclass(frozen=True, slots=True)
class PlannedAttributes:
    """What the plan puts on a route."""

    communities: frozenset[str] = frozenset()
    """As FRR shows them."""
    local_preference: int | None = None
    med: int | None = None
    exact: bool = False
    """Whether the route may carry no community beside these, where some are planned."""
    bare: bool = False
    """Whether it may carry no local preference and no MED where none is planned."""
    prepended: tuple[str, ...] = ()
    """AS numbers that a router puts in front of the route's AS path."""
    as_paths: frozenset[tuple[str, ...]] = frozenset()
    """The AS paths that it may have behind these; none: any."""

    def changed_by(self, changes: RouteMapSet) -> PlannedAttributes:
        """Return what is left after a route-map: it adds communities and sets the rest."""
        return replace(
            self,
            communities=self.communities
            | _shown([*changes.get("communities", ()), *changes.get("large_communities", ())]),
            local_preference=changes.get("local_preference", self.local_preference),
            med=changes.get("metric", self.med),
            prepended=tuple(map(str, changes.get("as_path_prepend", ()))),
        )

    def unread(self, seen: AttributesSeen) -> str:
        """Return what of :meth:`text` cannot be compared with a route, in words; empty where all can."""
        words = ["communities not shown by this FRR"] if self.communities and seen.communities is None else []
        if self.prepended and (seen.as_path is None or not self.as_paths):
            words.append("AS path not compared: FRR does not show it, or has the route no more")
        return ", ".join(words)

    def text(self) -> str:
        """Return what is planned, as the table shows it; empty where nothing is."""
        words = [f"communities {_words(self.communities)}"] if self.communities else []
        words += [f"local preference {self.local_preference}"] if self.local_preference is not None else []
        words += [f"MED {self.med}"] if self.med is not None else []
        words += [f"AS path with {_path(self.prepended)} in front"] if self.prepended else []
        return ", ".join(words)

    def differences(self, seen: AttributesSeen) -> str:
        """Return what is otherwise on a route, in words; empty where nothing is. What was not read is as planned."""
        words = []
        carried = self.communities | (seen.communities or frozenset())
        if self.communities and seen.communities is not None:
            more = seen.communities - self.communities - (KEPT_IN if "blackhole" in self.communities else frozenset())
            if not self.communities <= seen.communities or (self.exact and more):
                words.append(f"communities {_words(seen.communities)} instead of {_words(self.communities)}")
        for name, planned, found in (
            ("local preference", self.local_preference, seen.local_preference),
            ("MED", self.med, seen.med),
        ):
            if name == "local preference" and "graceful-shutdown" in carried:
                continue  # the router lowers it to 0, whatever is set (RFC 8326 section 4.3)
            if found != planned and (planned is not None or self.bare):
                words.append(f"{name} {_number(found)} instead of {_number(planned)}")
        wanted = sorted((*self.prepended, *path) for path in self.as_paths)
        if wanted and seen.as_path is not None and seen.as_path not in wanted:
            words.append(f"AS path {_path(seen.as_path)} instead of {' or '.join(map(_path, wanted))}")
        return ", ".join(words)


def of_routes(plan: PlanDocument, session: PlannedSession, pools: Iterable[tuple[str, str]]) -> PlannedAttributes:
    """Return what a cluster puts on routes that it announces over a session.

    Args:
        plan: the plan.
        session: one of its sessions.
        pools: (cluster, pool) of the routes; none: they are no pool's, and may carry anything.
    """
    internal = session["router_asn"] == session["node_asn"]
    own_policies = plan["routers"][session["router"]]["bgp_owner"] == "none"
    keys = [key for key in pools if key[0] == session["cluster"]]
    found = [pool for key, pool in pools_by_key(plan["pools"]).items() if key in keys]
    return PlannedAttributes(
        _shown(text for pool in found for text in pool["communities"]),
        # It crosses no border between two ASes (RFC 4271 section 5.1.5).
        next((pool["local_preference"] for pool in found if internal), None),
        # Who writes the router's policies himself may set what he likes.
        exact=bool(found) and not own_policies,
        # Cilium sends neither by itself, but the default local preference within one AS.
        bare=bool(found) and not internal and not own_policies,
        # A speaker puts its own AS in front of what it sends to another one (RFC 4271 section 5.1.2).
        as_paths=frozenset({() if internal else (str(session["node_asn"]),)} if found and not own_policies else ()),
    )


def check_attributes(
    report: VerifyReport,
    code: str,
    path: str,
    subject: str,
    routes: Iterable[tuple[str, PlannedAttributes, AttributesSeen]],
    **fields: object,
) -> None:
    """Verify what routes carry; a row tells it where something is planned, or otherwise.

    Where nothing is otherwise and FRR did not show all that is planned, the row's level is ``unknown``.

    Args:
        report: where rows and findings go.
        code: of a finding; its text names ``routes`` and ``differences``.
        path: of a finding.
        subject: of the row.
        routes: each with its name: a node, or a prefix.
        fields: what else the code's text names.
    """
    planned: set[str] = set()
    different: dict[str, set[str]] = {}
    unread: dict[str, set[str]] = {}
    for name, wanted, seen in routes:
        planned.update({wanted.text()} - {""})
        if differences := wanted.differences(seen):
            different.setdefault(differences, set()).add(name)
        if words := wanted.unread(seen):
            unread.setdefault(words, set()).add(name)
    names = {differences: some(sorted(found), MOST_NAMES) for differences, found in sorted(different.items())}
    for differences, text in names.items():
        report.find(code, path, routes=text, differences=differences, **fields)
    if planned or different:
        expected = "; ".join(sorted(planned)) or "none"
        told = [f"{text}: {differences}" for differences, text in names.items()]
        told += [f"{some(sorted(found), MOST_NAMES)}: {words}" for words, found in sorted(unread.items())]
        level = ERROR if different else UNKNOWN if unread else OK
        report.row("attributes", subject, expected, "; ".join(told) or expected, level)


def of_announced(
    filters: PlannedFilters, peer_group: str, router: RouterSeen, neighbor: tuple[str, str]
) -> Iterator[tuple[str, PlannedAttributes, AttributesSeen]]:
    """Yield each prefix that a router announces to a neighbor, with what it must carry and what it carries.

    The AS path must be the one with which the router holds the route, and in front of it what the plan prepends. Where
    somebody else writes the router's policies, that holds where the plan prepends something.

    Args:
        filters: the planned ones of the router.
        peer_group: the neighbor's.
        router: what was read of the router.
        neighbor: the neighbor's address, and the family.
    """
    _address, family = neighbor
    for prefix, seen in router.announced_with.get(neighbor, {}).items():
        planned = PlannedAttributes().changed_by(filters.set_on_export(peer_group, family, prefix))
        if planned.prepended or not filters.are_others:
            planned = replace(planned, as_paths=router.as_paths.get(family, {}).get(prefix, frozenset()))
        yield prefix, planned, seen


def asks_for_communities(plan: PlanDocument, router: str) -> bool:
    """Return whether the plan puts communities on routes that a router takes or sends: they are read for themselves."""
    pools = {item["pool"] for item in plan["expect"]["announcements"] if item["router"] == router}
    if any(item["communities"] for item in plan["pools"] if item["name"] in pools):
        return True
    return any(
        entry["set"].get("communities") or entry["set"].get("large_communities")
        for route_map in plan["routers"][router]["frr"]["route_maps"]
        for entry in route_map["entries"]
    )


def _shown(communities: Iterable[str]) -> frozenset[str]:
    return frozenset(map(shown_community, communities))


def _words(communities: Iterable[str]) -> str:
    return " ".join(sorted(communities)) or "none"


def _path(path: Iterable[str]) -> str:
    return " ".join(path) or "none"


def _number(value: int | None) -> str:
    return "none" if value is None else str(value)
