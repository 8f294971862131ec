# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify that packets arrive: what each router asks of the services' addresses, and what it must hear.

What the control plane says (sessions, routes, leases) is verified elsewhere. A lease can be held and renewed for hours
while nobody answers (cilium #38223, #41641, #48626), and a route can lead to a node that drops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, TypedDict

from ...module_utils._frr.state import ALL_INTERFACES, FORWARDING_SYSCTLS, INTERFACE_SYSCTLS
from .._addressing.families import HOST_LENGTH, Family, family_of
from .._document.lookup import pools_by_key
from .._document.plan import PlanDocument
from .._findings.code import ERROR
from .._findings.wording import MOST_NAMES, some
from .expected import Expectations, ExpectedPrefix, LinkedPrefix, LiveAddress, service_path
from .filters import PlannedFilters
from .neighbors import linked_ends
from .observed import EndpointsSeen, RouterSeen, canonical, is_link_local, within
from .report import OK, UNKNOWN, VerifyReport, worst

CONNECTIONS_PER_PATH = 4
"""Connections to each TCP port for each node that BGP leads to.

The router's kernel picks the path by a hash over addresses and ports: with n paths, all n are met by 4 n connections
with a probability of at least 98 %, and by the following looks.
"""
MOST_CONNECTIONS = 16
"""Connections to one TCP port at most: more would be a load of their own for a service of many nodes."""
DEAD = {
    "timed_out": "time-out",
    "sent_back": "it sends the packets back to the router",
    "unresolved": "no answer to ARP or NDP",
}
"""Result of a port over a next hop -> why the path is dead."""
PROVEN = frozenset({"sent_back", "unresolved"})
"""Those of :data:`DEAD` that prove a dead path by themselves; a time-out may be that of the one question."""


class Way(TypedDict):
    """One next hop of the route to an address."""

    gateway: str
    interface: str


class ProbeTarget(TypedDict):
    """One address to ask, as ``edge_probe`` takes it."""

    address: str
    tcp: list[int]
    udp: list[int]
    connections: int
    segment: list[str]
    holders: list[str]
    paths: list[Way]


@dataclass(frozen=True, slots=True)
class Path:
    """One of several next hops to an address."""

    interface: str
    node: str
    """Whose it is; its address where no node is known to have it."""


@dataclass(slots=True)
class Asked:
    """One address, as one router can ask for it."""

    router: str
    cluster: str
    address: str
    services: list[str] = field(default_factory=list)
    """``namespace/name``; several share an address."""
    tcp: set[int] = field(default_factory=set)
    udp: set[int] = field(default_factory=set)
    nodes: set[str] = field(default_factory=set)
    """Those that BGP leads to."""
    paths: dict[str, Path] = field(default_factory=dict)
    """Next hop -> what it is, where the router's kernel has several to the address."""
    segment: list[str] = field(default_factory=list)
    """Known addresses on the network where it is announced on L2; none: it is not, or the router is not there."""
    holders: dict[str, str] = field(default_factory=dict)
    """Holder of an L2 lease -> its address there; empty where neither the site nor the cluster knows it."""
    network: str = ""
    """Where ``holders`` answer."""
    left_out: dict[str, str] = field(default_factory=dict)
    """``namespace/name`` -> why connections to the service are not tried."""
    tried: bool = False
    """Whether connections to some service are."""
    unasked: set[tuple[int, str]] = field(default_factory=set)
    """(number, protocol) of the ports of the services that are tried, which no question fits: those of SCTP."""
    over_links: LinkedPrefix | None = None
    """The prefix that links alone bring; None: nodes announce it to the router, or it is there on L2."""
    way_back: bool = True
    """Whether answers surely find their way back: that is known of nodes beside the router, and else of the plan."""

    @property
    def path(self) -> str:
        """Where the address stands, for findings."""
        return service_path(self.cluster, self.services[0])

    @property
    def subject(self) -> str:
        """What the row is about."""
        return f"{self.router} {self.address} ({self.cluster} {', '.join(self.services)})"

    def hop(self, gateway: str) -> str:
        """Return the node of a next hop, with its address where that is known to be the node's."""
        node = self.paths[gateway].node
        return node if node == gateway else f"{node} ({gateway})"

    def target(self) -> ProbeTarget:
        """Return what the router's module is told."""
        return {
            "address": self.address,
            "tcp": sorted(self.tcp),
            "udp": sorted(self.udp),
            "connections": min(MOST_CONNECTIONS, CONNECTIONS_PER_PATH * len(self.nodes)) if len(self.nodes) > 1 else 1,
            "segment": self.segment,
            "holders": sorted({address for address in self.holders.values() if address}),
            "paths": [{"gateway": hop, "interface": path.interface} for hop, path in sorted(self.paths.items())],
        }


def addresses_to_ask(
    plan: PlanDocument, expectations: Expectations, router: str, seen: RouterSeen | None
) -> list[Asked]:
    """Return the addresses that the plan brings to a router: by BGP, by L2 on one of its networks, or by both.

    By BGP is from nodes, and else over links, as far as the router's kernel has the route from there.

    Args:
        plan: the plan as JSON.
        expectations: of the plan and the live clusters.
        router: its name.
        seen: what was read of it; None: nothing (it is not ours, or could not be read).
    """
    questions = _Questions(plan, expectations, router, seen)
    result: dict[str, Asked] = {}
    for live in expectations.live:
        prefix = expectations.prefix_to(router, live)
        networks = questions.networks(live)
        linked = None
        if not networks and (prefix is None or not (prefix.must or prefix.may)):
            linked = questions.linked(live)
            if linked is None:
                continue
        asked = result.setdefault(live.address, Asked(router, live.cluster, live.address))
        asked.services.append(live.service.key)
        if linked is not None:
            questions.add_link(asked, linked)
        elif prefix is not None:
            asked.nodes.update(prefix.must.values())
            asked.paths.update(questions.paths(prefix, prefix.allowed))
        if networks:  # a router on several of them asks on the first: the module knows one interface for an address
            questions.add_segment(asked, live, networks[0])
        reason = questions.reason_not_to_try(live, None if networks or linked else prefix)
        if reason is not None:
            asked.left_out[live.service.key] = reason
            continue
        asked.tried = True
        asked.tcp.update(port for port, protocol in live.service.ports if protocol == "TCP")
        asked.udp.update(port for port, protocol in live.service.ports if protocol == "UDP")
        asked.unasked.update(entry for entry in live.service.ports if entry[1] not in ("TCP", "UDP"))
    return list(result.values())


def own_addresses(plan: PlanDocument, router: str, network: str, family: str) -> list[str]:
    """Return the addresses of a family that the plan gives a router on a network."""
    addresses = plan["routers"][router]["addresses"].get(network, [])
    return [address for address in addresses if family_of(address) == family]


@dataclass(frozen=True, slots=True)
class _Questions:
    """What one router can ask."""

    plan: PlanDocument
    expectations: Expectations
    router: str
    seen: RouterSeen | None

    def networks(self, live: LiveAddress) -> list[str]:
        """Return the networks on which an address is announced on L2 and the router has an address of its family."""
        return sorted(name for name in self.expectations.l2_networks(live) if self._own(name, live.family))

    def linked(self, live: LiveAddress) -> LinkedPrefix | None:
        """Return the prefix that brings an address over links: the longest one that the kernel has from there.

        Of a router that was not read it is the longest that may come.
        """
        found, seen = self.expectations.linked_to(self.router, live), self.seen
        if seen is None:
            return next(iter(found), None)
        ends = linked_ends(self.plan, self.router, seen)
        for linked in found:
            route = seen.routes[linked.family].get(linked.prefix)
            used = [path for path in seen.paths[linked.family].get(linked.prefix, ()) if path.used]
            if route is not None and route.installed and used and all(path.neighbor in ends for path in used):
                return linked
        return None

    def add_link(self, asked: Asked, linked: LinkedPrefix) -> None:
        """Note the nodes behind links, the several next hops to them, and whether their answers find back."""
        asked.over_links = linked
        asked.nodes.update(linked.nodes.values())
        if self.seen is not None:
            asked.way_back = self.expectations.leads_back(linked, self._sources(self.seen, linked))
            ends = linked_ends(self.plan, self.router, self.seen)
            names = {address: neighbor["other"] or address for address, neighbor in ends.items()}
            asked.paths.update(self.paths(linked, names) if asked.way_back else ())

    def _sources(self, seen: RouterSeen, linked: LinkedPrefix) -> set[str]:
        """Return the addresses of which the kernel takes one as its own for what it asks over links.

        That is the one of the interface by which it leaves, and where that has none any other of its own.
        """
        leaving = {interface for _gateway, interface in seen.routes[linked.family][linked.prefix].leaves}
        own = {
            interface.name: [
                address
                for text in interface.addresses
                if family_of(address := canonical(text.partition("/")[0])) == linked.family
                and not is_link_local(address)
            ]
            for interface in seen.interfaces
        }
        if leaving and all(own.get(name) for name in leaving):
            return {address for name in leaving for address in own[name]}
        planned = {
            address
            for network in self.plan["routers"][self.router]["addresses"]
            for address in self._own(network, linked.family)
        }
        return planned | {address for name in own for address in own[name] if not ip_address(address).is_loopback}

    def paths(self, prefix: ExpectedPrefix | LinkedPrefix, names: Mapping[str, str]) -> dict[str, Path]:
        """Return the next hops that the router's kernel has for a prefix, where it has several.

        Args:
            prefix: the prefix.
            names: address of a neighbor -> how it is told.
        """
        route = None if self.seen is None else self.seen.routes[prefix.family].get(prefix.prefix)
        if self.seen is None or route is None or not route.installed or len(route.ways) < 2:
            return {}
        owners = {
            hop: names.get(path.neighbor, path.neighbor)
            for path in self.seen.paths[prefix.family].get(prefix.prefix, ())
            for hop in path.next_hops
        }
        return {gateway: Path(interface, owners.get(gateway, gateway)) for gateway, interface in route.ways}

    def _own(self, network: str, family: str) -> list[str]:
        """Return the router's own addresses of a family on a network."""
        return own_addresses(self.plan, self.router, network, family)

    def add_segment(self, asked: Asked, live: LiveAddress, network: str) -> None:
        """Note on which network to ask who has the address, and which node should answer there."""
        asked.segment = self._own(network, live.family)
        lease = self.expectations.clusters[live.cluster].leases.get(live.service.lease)
        if lease is None or not lease.holder:
            return
        node = self.plan["clusters"][live.cluster]["nodes"].get(lease.holder)
        known = [] if node is None else node["addresses"].get(network, [])
        cidrs = self.plan["networks"][network]["cidrs"]
        found = sorted(self.expectations.addresses_of(live.cluster, lease.holder))
        known = [*known, *(address for address in found if within(address, cidrs))]
        known = [address for address in known if family_of(address) == live.family]
        asked.network = network
        asked.holders[lease.holder] = known[0] if known else ""

    def reason_not_to_try(self, live: LiveAddress, prefix: ExpectedPrefix | None) -> str | None:
        """Return why the router does not try connections to an address, or None.

        Args:
            live: the address.
            prefix: what alone brings it to the router; None: it is on one of the router's networks as well.
        """
        if not self.plan["routers"][self.router]["managed"]:
            return "edge_router_managed: false"
        endpoints = self.expectations.clusters[live.cluster].endpoints_of(live.service.key, live.family)
        if endpoints == EndpointsSeen():
            return "no ready endpoint"
        own = [
            address
            for network in self.plan["routers"][self.router]["addresses"]
            for address in self._own(network, live.family)
        ]
        if live.service.source_ranges and not (own and all(self.expectations.lets_in(live, source) for source in own)):
            return "loadBalancerSourceRanges leave the router out"
        if prefix is not None and self.seen is not None:
            route = self.seen.routes[live.family].get(prefix.prefix)
            if route is None or not route.installed:
                return "no route"
        return None


def verify_data_plane(
    report: VerifyReport,
    plan: PlanDocument,
    routers: Mapping[str, RouterSeen],
    expectations: Expectations,
    probes: Mapping[str, Any] | None,
) -> None:
    """Verify what the routers heard when they asked the services' addresses.

    Args:
        report: takes rows and findings.
        plan: the plan as JSON.
        routers: the routers that were read.
        expectations: of the plan and the live clusters.
        probes: router -> what ``edge_probe`` returned as ``probe``, or ``{"error": text}``; None: nobody asked.
    """
    for router in sorted(plan["routers"]):
        managed = plan["routers"][router]["managed"]
        if plan["routers"][router]["absent"] or (managed and router not in routers):
            continue
        addresses = addresses_to_ask(plan, expectations, router, routers.get(router))
        if not addresses:
            continue
        if not managed or probes is None:
            reason = "edge_verify_probe: false" if managed else "edge_router_managed: false"
            subject, seen = f"{router} {_count(len(addresses))}", f"announced, not tried ({reason})"
            report.row("asked", subject, "answer", seen, UNKNOWN)
            continue
        answers = probes.get(router, {"error": "the router was not asked"})
        if "error" in answers:
            level = report.find("EDGE874", router, reason=answers["error"])
            report.row("asked", f"{router} {_count(len(addresses))}", "answer", "could not be asked", level)
            continue
        for asked in addresses:
            answer = answers.get(asked.address, {})
            if asked.segment:
                _check_segment(report, asked, answer)
            _check_ports(report, asked, answer)


def verify_own_addresses(
    report: VerifyReport, plan: PlanDocument, routers: Mapping[str, RouterSeen], expectations: Expectations
) -> None:
    """Report routers that have a service's address themselves: their kernel takes its packets before any route counts.

    Whoever listens on the router then answers what it asks, and ARP says nothing, since a machine does not ask itself.
    """
    for router, seen in sorted(routers.items()):
        if plan["routers"][router]["absent"]:
            continue
        taken, level = [], OK
        own = {
            canonical(text.partition("/")[0]): interface.name
            for interface in seen.interfaces
            for text in interface.addresses
        }
        for asked in addresses_to_ask(plan, expectations, router, seen):
            if asked.address in own:
                fields = {"router": router, "address": asked.address, "interface": own[asked.address]}
                level = report.find("EDGE886", asked.path, **fields)
                taken.append(f"{asked.address} on {own[asked.address]}")
        if taken:
            seen_text = some(sorted(set(taken)), MOST_NAMES)
            report.row("nothing_else", f"{router} has as its own", "no address of a service", seen_text, level)


def verify_forwarding(report: VerifyReport, plan: PlanDocument, routers: Mapping[str, RouterSeen]) -> None:
    """Verify that the routers' kernels forward packets of each family of the addresses that the plan brings to them.

    Sessions, routes and the router's own questions need no forwarding: all of them are as planned. Linux decides by the
    incoming interface, and what nodes answer comes in by the router's legs on their networks: each of them must
    forward. A router that has no such leg (the addresses come over a link) must forward by some interface.
    """
    for router, seen in sorted(routers.items()):
        if plan["routers"][router]["absent"]:
            continue
        for family in sorted(_forwarded_families(plan, router)):
            label, level, told = Family.of_key(family).label, OK, "forwarded"
            legs = _legs_to_nodes(plan, router, seen, family)
            silent = _without_forwarding(seen.forwards.get(family, {}), legs)
            unread = sorted({name for leg in legs for name in leg} - seen.forwards.get(family, {}).keys())
            if family not in seen.forwards:
                level, told = UNKNOWN, "not known: the kernel's setting could not be read"
            elif silent is not None:
                interfaces = ", ".join(map(" or ".join, silent))
                told = f"not forwarded from {interfaces}" if interfaces else "not forwarded"
                settings = _settings_to_set(family, seen.forwards[family], silent)
                fields = {
                    "interfaces": interfaces or "any interface",
                    "settings": ", ".join(f"{setting}=0" for setting in settings),
                    "commands": " ".join(f"{setting}=1" for setting in settings),
                }
                level = report.find("EDGE900", router, family=label, **fields)
            elif not seen.interfaces:
                level, told = (
                    UNKNOWN,
                    "not known: ip gave no answer, and so not by which interface the nodes' answers come in",
                )
            elif unread:
                level, told = UNKNOWN, f"not known: the kernel's setting of {', '.join(unread)} could not be read"
            report.row("ends", f"{router}: {label} packets", "forwarded", told, level)


def _legs_to_nodes(plan: PlanDocument, router: str, seen: RouterSeen, family: str) -> list[list[str]]:
    """Return the interfaces by which answers of nodes come in, each as a list: of a macvlan the one below it too.

    These are the ones that have the router's planned address of the family on a network on which it has sessions for
    the family, or on which addresses of the family are announced on L2.
    """
    pools, on_l2 = pools_by_key(plan["pools"]), plan["expect"]["l2"]
    networks = {item["network"] for item in on_l2 if family in pools[item["cluster"], item["pool"]]["families"]}
    nodes = [
        canonical(session["node_address"])
        for session in plan["sessions"]
        if session["router"] == router and not session["shutdown"] and family in session["families"]
    ]
    for name, network in plan["networks"].items():
        if not network["loopback"] and any(within(node, network["cidrs"]) for node in nodes):
            networks.add(name)
    own = [
        canonical(address)
        for name in networks
        for address in plan["routers"][router]["addresses"].get(name, ())
        if family_of(address) == family
    ]
    return sorted({tuple(sorted(leg)): sorted(leg) for a in own if (leg := seen.legs({a}, a))}.values())


def _without_forwarding(forwards: Mapping[str, bool], legs: Sequence[Sequence[str]]) -> list[Sequence[str]] | None:
    """Return the legs from which nothing is forwarded; none of them: no interface at all; None: all is forwarded.

    Args:
        forwards: interface -> whether what comes in by it is forwarded; ``all``: the setting for all.
        legs: interfaces that must forward, of a pair one of them.
    """
    own = {name: value for name, value in forwards.items() if name != ALL_INTERFACES} or forwards
    if own and not any(own.values()):
        return list(legs)
    silent = [leg for leg in legs if not any(own.get(name, True) for name in leg)]
    return silent or None


def _settings_to_set(family: str, forwards: Mapping[str, bool], legs: Sequence[Sequence[str]]) -> list[str]:
    """Return the settings of the kernel that let packets from ``legs`` through.

    The one for all interfaces, where it is 0: clients come in by other interfaces. Else each leg's own; without legs
    that of each interface. A dot in the name of an interface is written as a slash (sysctl.d(5)).
    """
    if not forwards.get(ALL_INTERFACES):
        return [FORWARDING_SYSCTLS[family]]
    names = [leg[0] for leg in legs] or sorted(name for name in forwards if name != ALL_INTERFACES)
    return [INTERFACE_SYSCTLS[family].format(name.replace(".", "/")) for name in names]


def _forwarded_families(plan: PlanDocument, router: str) -> set[str]:
    """Return the families of the pools' addresses that the plan brings to a router: by BGP, over links, on networks."""
    announcements = plan["expect"]["announcements"]
    by_bgp = {family for item in announcements if item["router"] == router for family in item["families"]}
    pools = pools_by_key(plan["pools"])
    on_l2 = {
        family_of(address)
        for item in plan["expect"]["l2"]
        for address in plan["routers"][router]["addresses"].get(item["network"], [])
        if family_of(address) in pools[item["cluster"], item["pool"]]["families"]
    }
    filters = PlannedFilters.of_router(plan["routers"][router])
    groups = [item["peer_group"] for item in plan["neighbors"] if item["router"] == router and item["link"]]
    over_links = {
        family_of(first)
        for item in announcements
        for first, _last in pools[item["cluster"], item["pool"]]["ranges"]
        for length in (item["length"].get(family_of(first)), HOST_LENGTH[family_of(first)])
        for group in groups
        if length is not None
        and filters.imports(group, family_of(first), str(ip_network(f"{first}/{length}", strict=False)))
    }
    return by_bgp | on_l2 | over_links


def _count(number: int) -> str:
    return f"{number} {'address' if number == 1 else 'addresses'}"


def _check_segment(report: VerifyReport, asked: Asked, answer: Mapping[str, Any]) -> None:
    """Verify that the holder of the lease, and nobody else, answers ARP or NDP.

    Of services that share an address, several nodes may hold leases, which is a finding of the leases.
    """
    protocol = "ARP" if family_of(asked.address) == "ipv4" else "NDP"
    expected = ", ".join(sorted(asked.holders)) or "the holder of the lease"
    fields = {"protocol": protocol, "address": asked.address, "router": asked.router, "holder": expected}
    if "macs" not in answer:
        level = report.find("EDGE885", asked.path, addresses=", ".join(asked.segment), **fields)
        report.row("address_resolution", asked.subject, expected, "not asked", level)
        return
    macs = set(answer["macs"])
    by_node = {
        node: set((answer.get("holder_macs") or {}).get(address) or ()) for node, address in asked.holders.items()
    }
    strangers = macs - set().union(*by_node.values())
    silent = {node: asked.holders[node] for node, own in by_node.items() if not own}
    level = ERROR if len(macs) > 1 else OK
    if not macs:
        level = report.find("EDGE883", asked.path, **fields)
    elif len(strangers) > (len(silent) if by_node else 1) or len(macs) > max(1, len(by_node)):
        level = report.find("EDGE884", asked.path, macs=", ".join(sorted(strangers or macs)), **fields)
    elif strangers and any(silent.values()):
        own = ", ".join(sorted(address for address in silent.values() if address))
        told = {**fields, "holder": ", ".join(sorted(silent)), "macs": ", ".join(sorted(strangers)), "own": own}
        found = report.find("EDGE887", asked.path, **told)
        level = worst((level, found))
    elif strangers and level == OK:
        level = UNKNOWN
    named = [_name_of(mac, by_node, asked) for mac in sorted(macs)]
    report.row("address_resolution", asked.subject, expected, ", ".join(named) or "nobody", level)


def _name_of(mac: str, by_node: Mapping[str, set[str]], asked: Asked) -> str:
    """Return the node that has a MAC address, with the address, or why nobody knows whose it is."""
    nodes = [node for node, macs in sorted(by_node.items()) if mac in macs]
    if nodes:
        return f"{nodes[0]} ({mac})"
    unknown = ", ".join(sorted(node for node, address in asked.holders.items() if not address))
    if unknown:
        return f"{mac} (not compared with {unknown}: its address on the network {asked.network} is not known)"
    return mac if by_node and all(by_node.values()) else f"{mac} (not known whose)"


def _check_ports(report: VerifyReport, asked: Asked, answer: Mapping[str, Any]) -> None:
    """Verify that each TCP port takes every connection, over every path, and that no port refuses.

    Ports of SCTP, and services that share the address and are not tried, are told as not known.
    """
    expected = "answers"
    if not asked.tried:
        reasons = ", ".join(dict.fromkeys(asked.left_out.values()))
        report.row("asked", asked.subject, expected, f"announced, not tried ({reasons})", UNKNOWN)
        return
    ports = {(entry["protocol"], entry["port"]): entry for entry in answer.get("ports") or []}
    over = {port: _PathsAsked.of(asked, port, answer.get("paths") or ()) for port in asked.tcp}
    counted = {port: ports.get(("tcp", port)) or {} for port in asked.tcp}
    levels, texts = _check_paths(report, asked, over, counted), []
    for protocol, numbers in (("tcp", asked.tcp), ("udp", asked.udp)):
        for port in sorted(numbers):
            paths = over[port] if protocol == "tcp" else _PathsAsked()
            counts = ports.get((protocol, port)) or {}
            text, level = _check_port(report, asked, f"{protocol.upper()} {port}", counts, paths)
            texts.append(text)
            levels.append(level)
    if not texts:
        texts, levels = ["announced, not tried (no TCP or UDP port)"], [UNKNOWN]
    untried = [f"{protocol} {port} not tried" for port, protocol in sorted(asked.unasked)]
    untried += [f"{service} not tried ({reason})" for service, reason in asked.left_out.items()]
    if untried:
        texts, levels = [*texts, *untried], [*levels, UNKNOWN]
    report.row("asked", asked.subject, expected, "; ".join(texts), worst(levels))


@dataclass(frozen=True, slots=True)
class _PathsAsked:
    """What one port answered over each next hop."""

    alive: tuple[str, ...] = ()
    """Next hops over which the port answered, if only to refuse."""
    dead: Mapping[str, str] = field(default_factory=dict)
    """Next hop -> why it is dead."""
    refusing: tuple[str, ...] = ()
    """Those of ``alive`` over which it refused."""
    proven: frozenset[str] = frozenset()
    """Those of ``dead`` that are it whatever the others say: a time-out may be that of the question alone."""
    number: int = 0
    """Of all next hops, those among them that could not be asked."""

    @classmethod
    def of(cls, asked: Asked, port: int, answers: Iterable[Mapping[str, Any]]) -> _PathsAsked:
        """Return what a port answered, out of all answers over paths."""
        results = {
            entry["gateway"]: entry["result"]
            for entry in answers
            if entry["port"] == port and entry["gateway"] in asked.paths
        }
        return cls(
            tuple(sorted(hop for hop, result in results.items() if result in ("answered", "refused"))),
            {hop: DEAD[result] for hop, result in sorted(results.items()) if result in DEAD},
            tuple(sorted(hop for hop, result in results.items() if result == "refused")),
            frozenset(hop for hop, result in results.items() if result in PROVEN),
            len(asked.paths),
        )

    def known_dead(self, counts: Mapping[str, Any]) -> list[str]:
        """Return the next hops that are dead while packets arrive over others.

        Args:
            counts: what became of the router's own connections, by result. They prove as much as a path that answers,
                but not by which one they went: then only what is dead in any case is, and one that may be theirs is
                left.
        """
        if self.alive:
            return list(self.dead)
        own = counts.get("answered", 0) + counts.get("refused", 0)
        return sorted(self.proven) if own and len(self.proven) < self.number else []

    @property
    def some_refuse(self) -> bool:
        """Whether the port refuses over some of the paths, and takes a connection over another."""
        return 0 < len(self.refusing) < len(self.alive)


def _check_paths(
    report: VerifyReport, asked: Asked, over: Mapping[int, _PathsAsked], counted: Mapping[int, Mapping[str, Any]]
) -> list[str]:
    """Report each next hop by which a port does not answer that answers by another one.

    Args:
        report: takes findings.
        asked: the address.
        over: port -> what it answered over each next hop.
        counted: port -> what became of the router's own connections to it.

    Returns:
        The findings' levels.
    """
    dead: dict[tuple[str, str], list[int]] = {}
    for port, paths in sorted(over.items()):
        for hop in paths.known_dead(counted[port]):
            dead.setdefault((hop, paths.dead[hop]), []).append(port)
    levels = []
    for (hop, reason), ports in sorted(dead.items()):
        node = asked.paths[hop].node
        fields = {"router": asked.router, "address": asked.address, "reason": reason, "node": node}
        fields["ports"] = f"TCP {', '.join(map(str, ports))}"
        fields["hop"] = asked.hop(hop)
        alive = sorted(asked.paths[other].node for other in over[ports[0]].alive)
        fields["others"] = ", ".join(alive) or "the path that its kernel picks"
        levels.append(report.find("EDGE876", asked.path, **fields))
    return levels


def _check_port(
    report: VerifyReport, asked: Asked, port: str, counts: Mapping[str, Any], paths: _PathsAsked
) -> tuple[str, str]:
    """Verify one port; return its part of the row, and its level.

    A path that is dead is told by :func:`_check_paths`; what it does to the router's connections is no finding more.
    """
    answered, refused = counts.get("answered", 0), counts.get("refused", 0)
    silent = counts.get("timed_out", 0) + counts.get("unreachable", 0)
    tried = answered + refused + silent
    fields: dict[str, object] = {"router": asked.router, "address": asked.address, "port": port}
    fields |= {"tried": tried, "silent": silent}
    fields["nodes"] = ", ".join(sorted(asked.nodes or asked.holders)) or "the nodes"
    fields["namespace"], fields["name"] = asked.services[0].split("/")
    if counts.get("silent"):
        return f"{port} not known", UNKNOWN
    known_dead = paths.known_dead(counts)
    if known_dead and paths.alive:
        level = _check_refusals(report, asked, 0, 0, paths, fields) if paths.some_refuse else OK
        return f"{port} answers over {len(paths.alive)} of {len(paths.alive) + len(paths.dead)} paths", level
    if known_dead:
        level = _check_refusals(report, asked, refused, answered + refused, paths, fields) if refused else OK
        return f"{port} answers, {len(known_dead)} of {paths.number} paths dead", level
    if silent and not asked.way_back:
        told = "no answer" if silent == tried else f"answers {tried - silent} of {tried}"
        return f"{port} {told}: whether answers find back over the links is not known", UNKNOWN
    if not tried or silent == tried:
        reasons = ", ".join(counts.get("reasons") or ()) or "time-out"
        return f"{port} no answer", report.find("EDGE871", asked.path, reason=reasons, **fields)
    if silent:
        return f"{port} answers {tried - silent} of {tried}", report.find("EDGE872", asked.path, **fields)
    if refused or paths.refusing:
        level = _check_refusals(report, asked, refused, tried, paths, fields)
        return f"{port} refuses {refused + len(paths.refusing)} of {tried + len(paths.alive)}", level
    told, level = _over_paths(paths)
    return f"{port} {answered} of {tried}{told}", level


def _check_refusals(
    report: VerifyReport, asked: Asked, refused: int, tried: int, paths: _PathsAsked, fields: Mapping[str, object]
) -> str:
    """Report that a port refuses connections: all of them, or a share of what clients try. Return the finding's level.

    Args:
        report: takes the finding.
        asked: the address.
        refused: connections of the router's that were refused.
        tried: those that came to an end.
        paths: what the port answered over each next hop.
        fields: of the finding.
    """
    refused, tried = refused + len(paths.refusing), tried + len(paths.alive)
    over = ", ".join(map(asked.hop, paths.refusing)) if paths.some_refuse else ""
    told = {**fields, "refused": refused, "tried": tried}
    told["over"] = f", those over {over} among them" if over else ""
    return report.find("EDGE873" if refused == tried else "EDGE904", asked.path, **told)


def _over_paths(paths: _PathsAsked) -> tuple[str, str]:
    """Return over which next hops a port answered that takes every connection, and the level of that.

    Where connections come about and no next hop answers by itself, something may keep these questions from their way,
    or the router's own packets take another one. That is no proof of a fault, nor that each path is good: not known.
    """
    alive, total, asked = len(paths.alive), paths.number, len(paths.alive) + len(paths.dead)
    if not total:
        return "", OK
    if alive == total:
        return f", each of {total} paths", OK
    if alive:
        return f", over {alive} of {total} paths, the others not asked", UNKNOWN
    if not asked:
        return ", not asked over each path", UNKNOWN
    rest = ", the others not asked" if asked < total else ""
    return f", over none of {asked} paths by itself{rest}", UNKNOWN
