# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify what the routers accept, install and announce: each expected prefix from exactly its nodes, nothing else."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from .._addressing.families import DEFAULT_ROUTE_TEXT, FAMILIES, HOST_LENGTH, family_of
from .._document.plan import PlanDocument
from .._findings.code import ERROR
from .._findings.wording import MOST_NAMES, some
from .attributes import check_attributes, of_announced, of_routes
from .expected import Expectations, ExpectedPrefix, LinkedPrefix, neighbor_path, prefix_path, session_neighbor
from .filters import PlannedFilters
from .neighbors import seen_neighbors
from .observed import PathSeen, RouterSeen, RouteSeen, canonical, is_link_local, within
from .report import OK, UNKNOWN, VerifyReport, worst

NOBODY = "nobody"


def verify_routes(
    report: VerifyReport,
    plan: PlanDocument,
    routers: Mapping[str, RouterSeen],
    expectations: Expectations,
    up: set[tuple[str, str]],
    silent: Mapping[str, str],
) -> None:
    """Verify the prefixes of every router that was read.

    Args:
        report: where rows and findings go.
        plan: the plan as JSON.
        routers: the routers that were read.
        expectations: the prefixes that are expected.
        up: (router, neighbor) of the sessions that are up: a prefix that is missing because its session
            is down is no finding of its own.
        silent: what :func:`.services.verify_services` returned: a prefix that nobody announces for want of an endpoint
            is not met.
    """
    for router in sorted(routers):
        if not routers[router].runs_bgp:
            continue
        check = _RouterCheck(report, plan, router, routers, expectations, up)
        for family in FAMILIES:
            for _router, _family, prefix in sorted(
                (key for key in expectations.prefixes if key[:2] == (router, family)), key=_prefix_order
            ):
                expected = expectations.prefixes[(router, family, prefix)]
                check.check_expected(expected, worst(silent[name] for name in expected.services if name in silent))
            for _router, _family, prefix in sorted(
                (key for key in expectations.linked if key[:2] == (router, family)), key=_prefix_order
            ):
                if (router, family, prefix) not in expectations.prefixes:
                    check.check_linked(expectations.linked[router, family, prefix])
        for _router, cluster, node in sorted(item for item in expectations.unknown_pods if item[0] == router):
            missing = expectations.lacks_cilium_node(cluster, node)
            told = "it has a session, and no CiliumNode" if missing else "its CiliumNode names none"
            report.row("accepted", f"{router} {cluster} pods of {node}", "its pod CIDRs", f"not known: {told}", UNKNOWN)
        check.check_nothing_else()
        check.check_announced()


class _RouterCheck:
    """Checks the prefixes of one router."""

    def __init__(
        self,
        report: VerifyReport,
        plan: PlanDocument,
        router: str,
        routers: Mapping[str, RouterSeen],
        expectations: Expectations,
        up: set[tuple[str, str]],
    ) -> None:
        self.report = report
        self.plan = plan
        self.router = router
        self.routers = routers
        self.seen = seen = routers[router]
        self.expectations = expectations
        self.up = up
        self.intent = plan["routers"][router]["frr"]
        self.filters = PlannedFilters.of_router(plan["routers"][router])
        self.sessions = {
            canonical(session["node_address"]): session
            for session in plan["sessions"]
            if session["router"] == router and session["node_address"]
        }
        self.without_address = {
            session_neighbor(session): session["node"]
            for session in plan["sessions"]
            if session["router"] == router and not session["node_address"]
        }
        """Nodes whose address nobody knows: :func:`.expected.session_neighbor` -> name."""
        neighbors = {
            found.transport: neighbor
            for neighbor, found in seen_neighbors(plan, router, seen)
            if found.address not in self.sessions
        }
        self.other_neighbors = frozenset(neighbors)
        """Addresses of planned neighbors that are no nodes: what they announce is not Cilium's."""
        self.linked = {address: neighbor["other"] for address, neighbor in neighbors.items() if neighbor["link"]}
        """Those of them that are routers of the plan -> which one."""
        self.interfaces = {address: neighbor["interface"] for address, neighbor in neighbors.items()}
        """Interface of each of them, where the plan names it."""

    def node(self, neighbor: str) -> str:
        """Return how a neighbor is named: its node's name, else its address."""
        session = self.sessions.get(neighbor)
        if session is None:
            return self.without_address.get(neighbor, neighbor)
        return session["node"] or neighbor

    def full_name(self, neighbor: str) -> str:
        """Return a neighbor with its address: a node may have several."""
        name = self.node(neighbor)
        return neighbor if name == neighbor else f"{name} ({neighbor})"

    def names(self, neighbors: Iterable[str]) -> str:
        """Return neighbors as text, each once, sorted."""
        return ", ".join(sorted({self.node(neighbor) for neighbor in neighbors})) or NOBODY

    def check_expected(self, expected: ExpectedPrefix, silent: str) -> None:
        """Check one expected prefix: the neighbors that it was accepted from, and the next hops in the kernel.

        Args:
            expected: the prefix.
            silent: the level of its row where nobody is to announce it: that its services lack an endpoint.
        """
        paths = self._paths(expected.family, expected.prefix)
        accepted = {path.neighbor: path for path in paths}
        path = prefix_path(expected)
        allowed = expected.allowed.keys()
        absent = expected.must.keys() - accepted.keys()
        missing = sorted(neighbor for neighbor in absent if (self.router, neighbor) in self.up)
        unexpected = sorted((accepted.keys() - allowed - self.other_neighbors) | self._rivals(expected, accepted))
        stale = sorted(neighbor for neighbor, seen in accepted.items() if seen.stale and neighbor in allowed)
        invalid = sorted(neighbor for neighbor, seen in accepted.items() if not seen.valid and neighbor in allowed)
        nowhere = expected.needs_some and self._is_announced_nowhere(expected)
        level = ERROR if absent or nowhere or unexpected or stale or invalid else OK
        if nowhere and any((self.router, neighbor) in self.up for neighbor in expected.may):
            self.report.find("EDGE902", path, nodes=self.names(expected.may))
        if missing:
            self.report.find(
                "EDGE840",
                path,
                nodes=self.names(missing),
                family=expected.family,
                address=missing[0],
            )
        if unexpected:
            self.report.find(
                "EDGE841",
                path,
                nodes=", ".join(map(self.full_name, unexpected)),
                expected=self.names(expected.may if expected.needs_some else expected.must),
                prefix=expected.prefix,
            )
        if stale:
            self.report.find("EDGE844", path, nodes=self.names(stale))
        if invalid:
            self.report.find("EDGE845", path, nodes=self.names(invalid))
        if self._check_next_hops(expected, accepted, path):
            level = ERROR
        self._check_attributes(expected, {key: seen for key, seen in accepted.items() if key in allowed}, path)
        if level == OK and not (expected.must or expected.may) and not accepted:
            level = silent
        wanted = self.names(expected.must)
        if expected.needs_some:
            wanted = f"some of {self.names(expected.may)}"
        elif expected.may or expected.others:
            wanted += f", perhaps {self.names({**expected.may, **expected.others})}"
        accepted_from = ", ".join(
            sorted({*map(self.node, accepted.keys() & allowed), *map(self.full_name, unexpected)})
        )
        self.report.row("accepted", f"{self.router} {expected.prefix}", wanted, accepted_from or NOBODY, level)
        if expected.must or accepted:
            self._check_installed(expected, [seen for seen in paths if seen.valid and self._counts(seen)], path)

    def check_linked(self, linked: LinkedPrefix) -> None:
        """Check a prefix that only links may bring: what the router accepted of it, its kernel uses.

        That it must come is judged where it is sent (:mod:`.passing`): by itself the plan says what may.
        """
        paths = self._paths(linked.family, linked.prefix)
        used = [path for path in paths if path.used and path.valid]
        path, subject = prefix_path(linked), f"{self.router} {linked.prefix}"
        wanted = f"perhaps {', '.join(sorted(linked.over.others))}"
        level = OK if used else UNKNOWN
        if paths and not any(seen.valid for seen in paths):
            level = self.report.find("EDGE845", path, nodes=self._ends(seen.neighbor for seen in paths))
        accepted = self._ends(seen.neighbor for seen in paths)
        self.report.row("accepted", subject, wanted, accepted, level)
        if used:
            expected = ExpectedPrefix(self.router, linked.family, linked.prefix, linked.services)
            nodes = {seen.neighbor for seen in used} - self.other_neighbors  # of a cluster that was not read
            expected.others.update({neighbor: self.node(neighbor) for neighbor in nodes})
            self._check_installed(expected, used, path)

    def _ends(self, neighbors: Iterable[str]) -> str:
        """Return neighbors as text: routers at the other ends of links and nodes by name, each once, sorted."""
        found = {self.linked.get(neighbor) or self.node(neighbor) for neighbor in neighbors}
        return ", ".join(sorted(found)) or NOBODY

    def _rivals(self, expected: ExpectedPrefix, accepted: Mapping[str, PathSeen]) -> set[str]:
        """Return the planned neighbors whose paths the router uses beside those of nodes, or in place of them.

        One that it does not use is only longer. A router behind a link may be preferred where it has the prefix from
        nodes of its own, or may have it so.
        """
        if not expected.must and not expected.needs_some:
            return set()
        used = {neighbor for neighbor in accepted.keys() & self.other_neighbors if accepted[neighbor].used}
        return {neighbor for neighbor in used if not self._may_pass_on(neighbor, expected)}

    def _may_pass_on(self, neighbor: str, expected: ExpectedPrefix) -> bool:
        """Return whether a planned neighbor is a router that may have a prefix from nodes of its own or further on."""
        other = self.linked.get(neighbor)
        return other is not None and self.expectations.may_come(self.router, other, expected.family, expected.prefix)

    def _is_announced_nowhere(self, expected: ExpectedPrefix) -> bool:
        """Return whether no router has a prefix from one of the nodes of which some should announce it.

        They need not have a session with each router.
        """
        for router, seen in self.routers.items():
            known = self.expectations.prefixes.get((router, expected.family, expected.prefix))
            allowed = known.must.keys() | known.may.keys() if known is not None else set()
            if any(path.neighbor in allowed for path in seen.paths[expected.family].get(expected.prefix, ())):
                return False
        return True

    def _check_next_hops(self, expected: ExpectedPrefix, accepted: Mapping[str, PathSeen], path: str) -> bool:
        """Report paths from nodes that lead to another machine. Return whether there are any."""
        astray = {
            neighbor: hops
            for neighbor, seen in accepted.items()
            if neighbor in self.sessions and (hops := self._foreign_next_hops(expected.family, neighbor, seen))
        }
        for hops in sorted(set(astray.values())):
            nodes = [neighbor for neighbor in astray if astray[neighbor] == hops]
            self.report.find("EDGE847", path, nodes=self.names(nodes), hops=", ".join(hops), prefix=expected.prefix)
        return bool(astray)

    def _check_attributes(self, expected: ExpectedPrefix, accepted: Mapping[str, PathSeen], path: str) -> None:
        """Verify what the paths from nodes carry beside their prefix; a row tells it where something is planned."""
        routes = []
        for neighbor, seen in accepted.items():
            session = self.sessions.get(neighbor)
            if session is None:
                continue
            sent = of_routes(self.plan, session, expected.pools)
            changes = self.filters.set_on_import(session["peer_group"], expected.family, expected.prefix)
            routes.append((self.node(neighbor), sent.changed_by(changes), seen.attributes))
        fields = {"family": expected.family, "prefix": expected.prefix}
        check_attributes(self.report, "EDGE848", path, f"{self.router} {expected.prefix}", routes, **fields)

    def _foreign_next_hops(self, family: str, neighbor: str, seen: PathSeen) -> tuple[str, ...]:
        """Return the next hops of a node's path that are not its own, sorted.

        Cilium announces its own address of the session (RFC 4271 section 5.1.3: the next hop of a route that a speaker
        originates). Where the route is of the other family than the session, that is any address of the node.
        """
        own = {neighbor}
        if family_of(neighbor) != family:
            session = self.sessions[neighbor]
            own |= self.expectations.addresses_of(session["cluster"], session["node"])
            if not any(family_of(address) == family for address in own):
                return ()  # nobody says which
        return tuple(sorted(hop for hop in seen.next_hops - own if not is_link_local(hop)))

    def _counts(self, path: PathSeen) -> bool:
        """Return whether the kernel should use a path; one that another router passes on may be longer, so unused."""
        return path.used or path.neighbor not in self.other_neighbors

    def _check_installed(self, expected: ExpectedPrefix, paths: list[PathSeen], path: str) -> None:
        """Check that the router's kernel uses every next hop that it should."""
        route = self.seen.routes[expected.family].get(expected.prefix)
        want = self._next_hops(paths)
        passed_on = sum(1 for path in paths if path.neighbor in self.other_neighbors)
        hops = 0 if route is None else len(route.next_hops)
        number = len(expected.must) + passed_on - (len(paths) - _ways(paths))
        as_seen = expected.may or expected.others or self._split(paths) or self._chosen(paths)
        planned = want if as_seen else self._limit(number)
        ip = "ip" if expected.family == "ipv4" else "ipv6"
        known = frozenset().union(*(seen.next_hops for seen in paths))
        complete = route is not None and all(seen.next_hops for seen in paths)
        astray = route.gateways - known if route is not None and complete and paths else frozenset()
        if route is not None and complete and not astray:
            hops = min(hops, sum(1 for seen in paths if seen.next_hops & route.next_hops))
        if paths and not hops:
            self.report.find("EDGE850", path, ip=ip, prefix=expected.prefix)
        elif paths and hops != want:
            self.report.find("EDGE851", path, seen=hops, expected=want, ip=ip, prefix=expected.prefix)
        if astray:
            self.report.find("EDGE852", path, hops=", ".join(sorted(astray)), ip=ip, prefix=expected.prefix)
        away = self._check_interfaces(route, paths, path) if route is not None and paths else []
        subject = f"{self.router} {expected.prefix}"
        right = hops == want == planned and not astray and not away
        where = [*sorted(astray), *away]
        seen_text = f"{_hops(hops)}: {', '.join(where)}" if where else _hops(hops)
        self.report.row("installed", subject, _hops(planned), seen_text, OK if right else ERROR)

    def _check_interfaces(self, route: RouteSeen, paths: Iterable[PathSeen], path: str) -> list[str]:
        """Report nodes to which packets leave by another interface than the one on their network; return them so."""
        known = self.sessions.keys() | self.linked.keys()
        owners = {hop: seen.neighbor for seen in paths if seen.neighbor in known for hop in seen.next_hops}
        away: dict[tuple[str, str], list[str]] = {}
        for gateway, interface in route.leaves:
            neighbor = owners.get(gateway)
            legs = self._legs_to(gateway, neighbor) if neighbor is not None else frozenset()
            if neighbor is not None and legs and interface not in legs:
                away.setdefault((interface, ", ".join(sorted(legs))), []).append(neighbor)
        for (interface, planned), neighbors in sorted(away.items()):
            first = min(neighbors)
            fields = {"interface": interface, "planned": planned, "address": first}
            self.report.find("EDGE899", path, nodes=self._ends(neighbors), **fields)
        return [f"{self._ends(neighbors)} by {interface}" for (interface, _planned), neighbors in sorted(away.items())]

    def _legs_to(self, gateway: str, neighbor: str) -> frozenset[str]:
        """Return the interfaces by which packets may leave for a neighbor's next hop; none: by any.

        A node's are those on the network of its session. The other end of a link may name a third router on a network
        that they share, and a link over an interface has that one alone.
        """
        if neighbor in self.sessions:
            return self._legs(neighbor)
        interface = self.interfaces.get(neighbor)
        if interface is not None and is_link_local(gateway):
            below = {item.over for item in self.seen.interfaces if item.name == interface and item.over}
            return frozenset({interface, *below})
        return frozenset() if is_link_local(gateway) else self._legs(gateway)

    def _legs(self, neighbor: str) -> frozenset[str]:
        """Return the router's interfaces on the network of an address; none where the router has no leg there."""
        own: set[str] = set()
        for name, addresses in self.plan["routers"][self.router]["addresses"].items():
            network = self.plan["networks"][name]
            if not network["loopback"] and within(neighbor, network["cidrs"]):
                own.update(map(canonical, addresses))
        return self.seen.legs(own, neighbor)

    def _next_hops(self, paths: list[PathSeen]) -> int:
        """Return how many next hops the kernel should use of these accepted paths."""
        if self._chosen(paths):
            return _ways(paths)
        return self._limit(_ways([path for path in paths if path.used] if self._split(paths) else paths))

    def _chosen(self, paths: list[PathSeen]) -> bool:
        """Return whether these are the paths that BGP chose, and none of a node's, so no more than it may use.

        How many these may be has a limit for each kind of session.
        """
        chosen = bool(paths) and all(path.used for path in paths)
        return chosen and not any(path.neighbor in self.sessions for path in paths)

    def _split(self, paths: list[PathSeen]) -> bool:
        """Return whether AS paths differ and multipath-relax is off: FRR then uses those that equal its best path."""
        asns = {self.sessions[path.neighbor]["node_asn"] for path in paths if path.neighbor in self.sessions}
        return len(asns) > 1 and not self.intent["multipath_relax"]

    def _limit(self, number: int) -> int:
        """Return ``number``, or maximum-paths where that is less."""
        limit = self.intent["maximum_paths"]
        return number if limit is None else min(number, limit)

    def check_nothing_else(self) -> None:
        """Report accepted prefixes that are not expected."""
        unexpected = []
        for family in FAMILIES:
            for prefix in self.seen.paths[family]:
                if (self.router, family, prefix) in self.expectations.prefixes:
                    continue
                neighbors = sorted({path.neighbor for path in self._paths(family, prefix)} - self.other_neighbors)
                if neighbors and self._report_unexpected(family, prefix, neighbors):
                    unexpected.append(prefix)
        self.report.row(
            "nothing_else",
            f"{self.router} accepts",
            "nothing else",
            some(unexpected, MOST_NAMES) or "nothing else",
            ERROR if unexpected else OK,
        )

    def _report_unexpected(self, family: str, prefix: str, neighbors: list[str]) -> bool:
        """Report a prefix that is not expected. Return False where it may be right: then there is no finding."""
        neighbors = [neighbor for neighbor in neighbors if not self._may_serve(neighbor, family, prefix)]
        if not neighbors:
            return False  # of services that are not known
        path = f"{self.router} prefix {prefix}"
        address, length = prefix.split("/")
        one = int(length) == HOST_LENGTH[family]
        senders = [self.sessions[neighbor] for neighbor in neighbors if neighbor in self.sessions]
        clusters = {session["cluster"] for session in senders} or set(self.plan["clusters"])
        if one:
            pools = [(cluster, self.expectations.pool_at(cluster, address)) for cluster in sorted(clusters)]
        else:
            pools = [(item["cluster"], self.expectations.pool_over(item, family, prefix)) for item in senders]
        owner, pool = next((found for found in pools if found[1] is not None), (None, None))
        if pool is None:
            groups = [self.sessions[n]["peer_group"] for n in neighbors if n in self.sessions]
            if len(groups) == len(neighbors) and all(self.filters.imports(group, family, prefix) for group in groups):
                return False  # what else the peering advertises: cluster IPs, external IPs, interfaces, an aggregate
            self.report.find("EDGE842", path, nodes=self.names(neighbors), prefix=prefix)
            return True
        if owner not in self.expectations.clusters:
            return False  # its services are not known
        holders = sorted(
            f"{live.cluster} {live.service.key}" for live in self.expectations.live if within(live.address, [prefix])
        )
        if holders:
            self.report.find(
                "EDGE841",
                f"{path} ({', '.join(holders)})",
                nodes=", ".join(map(self.full_name, neighbors)),
                expected=NOBODY,
                prefix=prefix,
            )
        else:
            held, sought = ("the address", address) if one else ("an address in it", "LoadBalancer")
            self.report.find("EDGE843", path, nodes=self.names(neighbors), pool=pool, held=held, sought=sought)
        return True

    def _may_serve(self, neighbor: str, family: str, prefix: str) -> bool:
        """Return whether a neighbor is a node of a cluster that was not read, and the prefix one of its pools'."""
        session = self.sessions.get(neighbor)
        if session is None or session["cluster"] in self.expectations.clusters:
            return False
        address, length = prefix.split("/")
        if int(length) == HOST_LENGTH[family]:
            return self.expectations.pool_at(session["cluster"], address) is not None
        return self.expectations.pool_over(session, family, prefix) is not None

    def check_announced(self) -> None:
        """Report prefixes that the router announces to nodes and that the plan does not export."""
        leaks = []
        groups = {session["peer_group"] for session in self.sessions.values()}
        exporting = any(self.filters.announces(group, family) for group in groups for family in FAMILIES)
        planned = "only what it exports" if exporting else "nothing"
        for address, session in self.sessions.items():
            neighbor = self.seen.neighbors.get(address)
            if neighbor is None or not neighbor.established:
                continue
            for family in FAMILIES:
                group = session["peer_group"]
                subject = f"{self.router} announces to {self.full_name(address)}"
                routes = of_announced(self.filters, group, self.seen, (address, family))
                where = neighbor_path(session), subject
                check_attributes(self.report, "EDGE849", *where, routes, family=family, address=address)
                prefixes = [
                    p for p in self.seen.announced.get((address, family), ()) if not self._sent(group, family, p)
                ]
                if family in neighbor.default_sent and not self._sent(group, family, DEFAULT_ROUTE_TEXT[family]):
                    prefixes.insert(0, "the default route")
                uncounted = neighbor.sent[family] and not self.filters.announces(group, family)
                if not prefixes and not uncounted:
                    continue
                self.report.find(
                    "EDGE846",
                    neighbor_path(session),
                    prefixes=some(prefixes, MOST_NAMES) or f"{neighbor.sent[family]} {family} prefixes",
                    family=family,
                    address=address,
                )
                leaks.append(self.node(address))
        self.report.row(
            "nothing_else",
            f"{self.router} announces to the nodes",
            planned,
            f"more to {some(sorted(set(leaks)), MOST_NAMES)}" if leaks else planned,
            ERROR if leaks else OK,
        )

    def _sent(self, peer_group: str, family: str, prefix: str) -> bool:
        """Return whether the plan lets the router announce ``prefix`` to the peer group."""
        return self.filters.exports(peer_group, family, prefix)

    def _paths(self, family: str, prefix: str) -> list[PathSeen]:
        """Return the accepted paths of a prefix."""
        return list(self.seen.paths[family].get(prefix, ()))


def _prefix_order(key: tuple[str, str, str]) -> tuple[int, int]:
    """Sort prefixes as numbers."""
    network = ipaddress.ip_network(key[2])
    return int(network.network_address), network.prefixlen


def _ways(paths: Iterable[PathSeen]) -> int:
    """Return to how many different next hops paths lead: the kernel has each of them once."""
    return len({seen.next_hops or frozenset({seen.neighbor}) for seen in paths})


def _hops(number: int) -> str:
    """Return the number of next hops as the table shows it."""
    return "not installed" if number == 0 else f"{number} next hop" if number == 1 else f"{number} next hops"
