# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two plans, by name and end: sessions, prefixes, pools, services, addresses, and what holds them.

Each plan is read as a list of things with a kind, a name, ends and values. A thing of one plan alone appears or goes.
One of both moves where its addresses or a service's pool differ, and changes where another value does. A pool or a
network that grows or shrinks changes; it moves where addresses go and others come.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._addressing.addresses import parse_pool_entry
from .._addressing.intervals import Interval, contains, merge
from .._document.changes import CHANGES_FORMAT, KINDS, ChangesDocument, PlannedChange, PlannedDifference
from .._document.plan import PlanDocument, PlannedAnnouncement, PlannedRoutes
from .session_resets import reset_sessions

_MOVES = frozenset({("service", "pool"), ("address", "addresses")})
"""Kinds and values whose difference is a move."""
_RANGES = frozenset({("pool", "addresses"), ("network", "cidrs")})
"""Kinds and values that are CIDRs and ranges: they move where neither side holds the other."""
LINE = 100
"""Characters over which a value is not shown."""
_OBJECTS = {
    "frr": "FRR configuration",
    "helm_values": "Helm values",
    "bgp": "BGP objects",
    "lb": "pool and L2 objects",
    "services": "Services",
    "charts": "chart values",
    "node_labels": "labels that we give",
}
"""Values of routers and clusters that are whole configurations, and their names."""
_FOLLOWING = frozenset({"used", "left", "next_free", "capacity", "families", "ranges"})
"""Values of a pool that follow from its addresses and services."""


@dataclass(frozen=True, slots=True)
class _Thing:
    """One thing of a plan."""

    kind: str
    name: str
    ends: tuple[str, ...]
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """What makes it the same thing in two plans."""
        return self.kind, self.name, self.ends


def changes_document(before: PlanDocument, after: PlanDocument) -> ChangesDocument:
    """Return what the change from one plan to the other does.

    Args:
        before: a plan that was written earlier (``edge_plan_file``), perhaps by an older version: a value that it
            lacks is not compared.
        after: the plan now.
    """
    return {
        "format": CHANGES_FORMAT,
        "site": after["site"],
        "changes": plan_changes(before, after),
        "resets": [reset.text for reset in reset_sessions(before, after)],
    }


def plan_changes(before: PlanDocument, after: PlanDocument) -> list[PlannedChange]:
    """Return each thing that appears, moves, changes or goes, sorted by kind and name; none for equal plans."""
    old = {thing.key: thing for thing in _things(before)}
    new = {thing.key: thing for thing in _things(after)}
    found: list[PlannedChange] = []
    for key in sorted({*old, *new}, key=lambda item: (KINDS.index(item[0]), item[1:])):
        kind, name, ends = key
        differences: list[PlannedDifference] = []
        if key not in old:
            change = "appears"
        elif key not in new:
            change = "goes"
        else:
            earlier, now = old[key].values, new[key].values
            differing = [what for what, value in now.items() if what in earlier and earlier[what] != value]
            if not differing:
                continue
            moves = any(_is_move(kind, what, earlier[what], now[what]) for what in differing)
            change = "moves" if moves else "changes"
            differences = [_difference(kind, what, earlier[what], now[what]) for what in differing]
        found.append({"kind": kind, "change": change, "name": name, "ends": list(ends), "differences": differences})
    return found


def _is_move(kind: str, what: str, before: Any, after: Any) -> bool:
    """Return whether two values that differ make the thing move: the pool of a service, or where addresses are."""
    if (kind, what) not in _RANGES:
        return (kind, what) in _MOVES
    old, new = (merge(parse_pool_entry(text, what).interval for text in value) for value in (before, after))
    return not (_holds(old, new) or _holds(new, old))


def _holds(outer: Sequence[Interval], inner: Sequence[Interval]) -> bool:
    return all(contains(outer, interval) for interval in inner)


def _difference(kind: str, what: str, before: Any, after: Any) -> PlannedDifference:
    """Return two values of a thing as text; without the values where they are objects, or long."""
    if kind in ("router", "cluster") and what in _OBJECTS:
        return {"what": _OBJECTS[what], "before": None, "after": None}
    old, new = _shown(before), _shown(after)
    long = max(len(old), len(new)) > LINE
    word = what.replace("_", " ")
    return {"what": word, "before": None if long else old, "after": None if long else new}


def _shown(value: Any) -> str:
    """Return a value in a line: lists with commas, ``yes`` and ``no``, ``none`` for nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _things(plan: PlanDocument) -> Iterator[_Thing]:
    """Yield every thing of a plan."""
    yield from _sessions(plan)
    yield from _router_prefixes(plan)
    yield from _cluster_prefixes(plan)
    for pool in plan.get("pools", []):
        values = _rest(pool, {"cluster", "name", *_FOLLOWING})
        yield _Thing("pool", f"{pool['cluster']}/{pool['name']}", (f"cluster {pool['cluster']}",), values)
    for service in plan.get("services", []):
        name = f"{service['cluster']}/{service['namespace']}/{service['name']}"
        ends = (f"cluster {service['cluster']}",)
        yield _Thing("service", name, ends, _rest(service, {"cluster", "namespace", "name", "addresses"}))
        if service["addresses"]:
            yield _Thing("address", f"service {name}", ends, {"addresses": service["addresses"]})
    yield from _hosts(plan)


def _rest(item: Mapping[str, Any], but: set[str]) -> dict[str, Any]:
    """Return the values of a record without those named ``but``."""
    return {key: value for key, value in item.items() if key not in but}


def _sessions(data: PlanDocument) -> Iterator[_Thing]:
    """Yield the sessions of nodes, and of routers with other speakers."""
    for session in data["sessions"]:
        router = session["router"]
        pair = f"{session['node']} - {router or 'speaker on the node'}"
        name = f"{session['cluster']}/{session['peering']} {pair} ({session['family']})"
        ends = (*((f"router {router}",) if router else ()), f"cluster {session['cluster']}")
        yield _Thing("session", name, ends, _rest(session, {"cluster", "peering", "node", "router", "family"}))
    for neighbor in data.get("neighbors", []):
        values = _rest(neighbor, {"router", "name", "import", "export"})
        yield _Thing("session", f"{neighbor['router']} - {neighbor['name']}", (f"router {neighbor['router']}",), values)


def _router_prefixes(data: PlanDocument) -> Iterator[_Thing]:
    """Yield what each router accepts from and announces to each peer group, and what it puts into BGP itself."""
    for host, router in data["routers"].items():
        frr, end = router.get("frr", {}), (f"router {host}",)
        maps = {item["name"]: item["entries"] for item in frr.get("route_maps", [])}
        lists = {(item["family"], item["name"]): item["entries"] for item in frr.get("prefix_lists", [])}
        communities = {item["name"]: item["communities"] for item in frr.get("community_lists", [])}
        for group in frr.get("peer_groups", []):
            for family, policy in group["families"].items():
                for kind, word, route_map in (
                    ("accepted prefix", "from", policy["import"]),
                    ("announced prefix", "to", policy["export"]),
                ):
                    passing = _passing(maps.get(route_map, []), lists, communities, family)
                    for prefix, values in passing.items():
                        yield _Thing(kind, f"{prefix} {word} {group['name']} ({family})", end, values)
                if policy["default_originate"]:
                    yield _Thing("announced prefix", f"default route to {group['name']} ({family})", end)
        for prefixes in frr.get("networks", {}).values():
            for prefix in prefixes:
                yield _Thing("announced prefix", f"{prefix} by {host} itself", end)


def _passing(
    entries: Sequence[Mapping[str, Any]],
    lists: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]],
    communities: Mapping[str, list[str]],
    family: str,
) -> dict[str, dict[str, Any]]:
    """Return what a route-map lets pass in a family: text of prefix and condition -> what is set on the route.

    What an entry denies by a prefix is named ``not PREFIX``. One that denies everything adds nothing to the end of a
    route-map, which does the same.
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        match = entry["match"]
        if match.get("family", family) != family or (entry["action"] == "deny" and not match):
            continue
        conditions = [f"tag {match['tag']}"] if "tag" in match else []
        for key in ("community_list", "large_community_list"):
            if key in match:
                conditions.append("+".join(communities.get(match[key], [match[key]])))
        condition = f" with {' and '.join(conditions)}" if conditions else ""
        listed = lists.get((family, match["prefix_list"]), []) if "prefix_list" in match else [{}]
        for item in listed:
            denied = "deny" in (entry["action"], item.get("action"))
            name = f"{'not ' if denied else ''}{_prefix(item)}{condition}"
            found.setdefault(name, {"set": entry["set"]})
    return found


def _prefix(item: Mapping[str, Any]) -> str:
    """Return ``10.0.0.0/8``, with ``ge`` and ``le`` where they are given; ``any`` without a prefix."""
    if not item:
        return "any prefix"
    prefix: str = item["prefix"]
    return prefix + "".join(f" {key} {item[key]}" for key in ("ge", "le") if item[key] is not None)


def _cluster_prefixes(data: PlanDocument) -> Iterator[_Thing]:
    """Yield what each cluster may announce by BGP, and the pools that it announces by L2."""
    expect = data.get("expect", {})
    addresses = {(item["cluster"], item["name"]): item["addresses"] for item in data.get("pools", [])}
    for announcement in expect.get("announcements", []):
        end = (f"cluster {announcement['cluster']}",)
        values = _rest(announcement, {"cluster", "peering", "router", "peer_group", "pool"})
        values["nodes"] = sorted(announcement["nodes"])
        for prefix in addresses.get((announcement["cluster"], announcement["pool"]), []):
            if parse_pool_entry(prefix, "").interval.family.key not in announcement["families"]:
                continue  # a session of the other family has it
            yield _Thing(
                "announced prefix", f"{prefix} of pool {announcement['pool']} {_over(announcement)}", end, values
            )
    for routes in expect.get("routes", []):
        end = (f"cluster {routes['cluster']}",)
        kind = f"{routes['kind']}{' of ' + routes['selector'] if routes['selector'] else ''}"
        for match in routes["prefixes"]:
            values = {"families": routes["families"], "nodes": sorted(routes["nodes"])}
            yield _Thing("announced prefix", f"{_prefix(match)} ({kind}) {_over(routes)}", end, values)
    for lease in expect.get("l2", []):
        values = _rest(lease, {"cluster", "pool", "network"})
        for prefix in addresses.get((lease["cluster"], lease["pool"]), []):
            name = f"{prefix} of pool {lease['pool']} by L2 on {lease['network']}"
            yield _Thing("announced prefix", name, (f"cluster {lease['cluster']}",), values)


def _over(item: PlannedAnnouncement | PlannedRoutes) -> str:
    """Return the router and the peering that something is announced over."""
    return f"to {item['router']} over {item['cluster']}/{item['peering']} ({item['peer_group']})"


def _hosts(data: PlanDocument) -> Iterator[_Thing]:
    """Yield networks, routers, clusters and nodes, and the addresses of routers and nodes."""
    for name, planned in data.get("networks", {}).items():
        yield _Thing("network", name, (), planned)
    for host, router in data["routers"].items():
        end = (f"router {host}",)
        yield _Thing("router", host, end, _rest(router, {"addresses"}))
        for network, own in router.get("addresses", {}).items():
            yield _Thing("address", f"{host} on {network}", end, {"addresses": own})
    for host, cluster in data.get("clusters", {}).items():
        end = (f"cluster {host}",)
        nodes = cluster.get("nodes", {})
        yield _Thing("cluster", host, end, _rest(cluster, {"nodes"}))
        for name, node in nodes.items():
            yield _Thing("node", f"{host}/{name}", end, _rest(node, {"addresses"}))
            for network, own in node["addresses"].items():
                yield _Thing("address", f"{host}/{name} on {network}", end, {"addresses": own})
