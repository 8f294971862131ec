# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin's stand-ins for BGP speakers that are not Cilium: a NAS, another router, a VPN, a daemon on a node.

Each is a small FRR that announces prefixes which the router's import policy accepts, so that a rehearsal tests the
policy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from ..._addressing.families import DEFAULT_ROUTE_TEXT, FAMILIES, family_of
from ..._document.frr_intent import PeerGroup
from ..._document.lookup import peer_group
from ..._document.plan import PlannedNeighbor, PlannedPolicy, PlannedSession
from .addresses import highest_free, subnet_of
from .kernel import NO_DUPLICATE_CHECK, host_sysctls
from .model import Host, Leg, Route, Speaker
from .wiring import OWN_METRIC, Wiring

MOST_PREFIXES = 8
"""Most prefixes that a stand-in announces; enough to see that they are accepted."""

_TRANSFER = "172.28.0.0/16", "fd00:172:28::/64"
"""Transfer networks of speakers whose address is in no network of the site, and of links over a VPN, by family."""

_INTERFACE = "eth0"
"""A stand-in's leg; a session of this name is unnumbered."""


@dataclass(frozen=True, slots=True)
class SpeakerSession:
    """One session of a stand-in, as its own FRR has it."""

    target: str
    """The address that it dials, or its own interface (unnumbered)."""
    source: str | None
    """Its source address; None = FRR's choice."""
    name: str
    """Of the neighbor or peering; part of the name of a route-map."""
    asn: int
    """Its own AS number."""
    remote_as: int
    families: Sequence[str]
    prefixes: Mapping[str, Sequence[str]]
    """By family, what it announces."""
    communities: Sequence[str]
    """What it adds to each route."""
    hold: int
    keepalive: int
    password: str | None
    """Its name among the passwords of the plan's routers or of its cluster."""
    ttl_security: int | None = None
    multihop: int | None = None


class Speakers:
    """Builds the stand-ins, and collects the legs and routes that routers need for them."""

    def __init__(self, wiring: Wiring, node_addresses: Mapping[str, str]) -> None:
        self.wiring = wiring
        self.nodes = node_addresses
        """Address -> node."""
        self.hosts: list[Host] = []
        self.speakers: list[Speaker] = []
        self.router_legs: dict[str, list[Leg]] = {}
        self.router_routes: dict[str, list[Route]] = {}
        self.on_nodes: set[str] = set()
        self._by_node: dict[str, list[SpeakerSession]] = {}
        self._transfers = 0
        self._vpns: dict[tuple[str, str, int], tuple[str, IPv4Address | IPv6Address, int]] = {}
        """By the two routers and the version of IP."""
        for neighbor in wiring.neighbors:
            self._neighbor(neighbor)
        for session in wiring.plan["sessions"]:
            if not session["router"]:
                self._local(session)
        for node in sorted(self._by_node):
            self.on_nodes.add(node)
            self._speaker(node, self.wiring.namespace("host", node), self._by_node[node])

    def _neighbor(self, neighbor: PlannedNeighbor) -> None:
        """Add the stand-in of a router's neighbor; of a link only the wire: its other end is a router too."""
        router = neighbor["router"]
        group = peer_group(self.wiring.plan, router, neighbor["peer_group"])
        if neighbor["other"]:
            if neighbor["interface"]:
                self._link_leg(router, neighbor["interface"], neighbor["other"])
            elif neighbor["other"] in self.wiring.routers:
                self._vpn(router, neighbor["other"], neighbor["addresses"])
            return
        if neighbor["interface"] and not neighbor["addresses"]:
            self._over_interface(neighbor, neighbor["interface"], group)
        for number, address in enumerate(neighbor["addresses"]):
            node = self.nodes.get(address)
            if node is None:
                self._host(neighbor, group, number, address)
                continue
            target = self._router_address(router, address, group)
            self._by_node.setdefault(node, []).append(self._session(target, address, neighbor, group))
        for number, text in enumerate(neighbor["listen_ranges"]):
            free = highest_free(ip_network(text), self.wiring.taken)
            if free:
                self.wiring.take(free.split("/")[0])
                self._host(neighbor, group, number, free.split("/")[0])

    def _session(self, target: str, source: str | None, neighbor: PlannedNeighbor, group: PeerGroup) -> SpeakerSession:
        """Return the other end of a router's session with a neighbor of its own."""
        router = self.wiring.plan["routers"][neighbor["router"]]
        policy = neighbor["import"]
        return SpeakerSession(
            target=target,
            source=source,
            name=neighbor["name"],
            asn=self._asn(neighbor),
            remote_as=neighbor["local_as"] or router["asn"],
            families=neighbor["families"],
            prefixes={family: announced(policy, family) for family in FAMILIES},
            communities=policy["communities"],
            hold=group["timers"]["hold"],
            keepalive=group["timers"]["keepalive"],
            password=group["password"],
            ttl_security=group["ttl_security"],
            multihop=group["multihop"],
        )

    def _link_leg(self, router: str, interface: str, other: str) -> None:
        """Give a router its end of a link over an interface (unnumbered)."""
        bridge = "u" + hashlib.sha256("/".join(sorted((router, other))).encode()).hexdigest()[:12]
        self.router_legs.setdefault(router, []).append(Leg(interface, bridge, self.wiring.mac(router, bridge), ()))

    def _vpn(self, router: str, other: str, addresses: Sequence[str]) -> None:
        """Join a router to the other end of a link where they share no network: what a VPN does on the real site.

        Each end gets the route to the address that it dials when its own side of the link comes by; the wire is one.
        """
        own = self.wiring.routers[router]["addresses"]
        for address in addresses:
            ip = ip_address(address)
            if self.wiring.reaches(own, other, address):
                continue
            key = (min(router, other), max(router, other), ip.version)
            if key not in self._vpns:
                self._vpns[key] = self._new_transfer(ip.version)
            bridge, first, length = self._vpns[key]
            near, far = (first, first + 1) if router < other else (first + 1, first)
            leg = Leg(bridge, bridge, self.wiring.mac(router, bridge), (f"{near}/{length}",))
            self.router_legs.setdefault(router, []).append(leg)
            route = Route(f"{ip}/{ip.max_prefixlen}", ip.version, (str(far),), OWN_METRIC)
            self.router_routes.setdefault(router, []).append(route)

    def _new_transfer(self, version: int) -> tuple[str, IPv4Address | IPv6Address, int]:
        """Return the bridge of a new transfer network, the first of its two addresses, and their prefix length."""
        network = ip_network(_TRANSFER[0 if version == 4 else 1]).network_address + 4 * self._transfers
        bridge = f"xfer{self._transfers}"
        self._transfers += 1
        return bridge, network + 1, 30 if version == 4 else 126

    def _over_interface(self, neighbor: PlannedNeighbor, interface: str, group: PeerGroup) -> None:
        router, name = neighbor["router"], f"{neighbor['router']}.{neighbor['name']}"
        self._link_leg(router, interface, name)
        bridge = self.router_legs[router][-1].bridge
        legs = (Leg(_INTERFACE, bridge, self.wiring.mac(name, bridge), ()),)
        namespace = self.wiring.namespace("speaker", name)
        sysctls = {**host_sysctls(forwards=False), **NO_DUPLICATE_CHECK}
        self.hosts.append(Host("speaker", name, namespace, legs, sysctls=sysctls))
        self._speaker(name, namespace, [self._session(_INTERFACE, None, neighbor, group)])

    def _host(self, neighbor: PlannedNeighbor, group: PeerGroup, number: int, address: str) -> None:
        """Put a speaker on the network of its address, or on a transfer network of its own behind the router."""
        wiring, router = self.wiring, neighbor["router"]
        name = f"{router}.{neighbor['name']}" + (f".{number}" if number else "")
        namespace = wiring.namespace("speaker", name)
        found = subnet_of(wiring.networks, address)
        target = self._router_address(router, address, group)
        ip = ip_address(address)
        if found is not None and wiring.segments[found[0]][0] != "lo":
            bridge = wiring.segments[found[0]][0]
            legs: tuple[Leg, ...] = (
                Leg(_INTERFACE, bridge, wiring.mac(name, bridge), (f"{ip}/{found[1].prefixlen}",)),
            )
            routes = wiring.default_routes([found[0]], legs)
        else:
            bridge, first, length = self._new_transfer(ip.version)
            legs = (
                Leg("lo", "lo", wiring.mac(name, "lo"), (f"{ip}/{ip.max_prefixlen}",)),
                Leg(_INTERFACE, bridge, wiring.mac(name, bridge), (f"{first + 1}/{length}",)),
            )
            leg = Leg(bridge, bridge, wiring.mac(router, bridge), (f"{first}/{length}",))
            self.router_legs.setdefault(router, []).append(leg)
            route = Route(f"{ip}/{ip.max_prefixlen}", ip.version, (str(first + 1),), OWN_METRIC)
            self.router_routes.setdefault(router, []).append(route)
            routes = (Route("default", ip.version, (str(first),)),)
        self.hosts.append(Host("speaker", name, namespace, legs, routes, sysctls=host_sysctls(forwards=False)))
        self._speaker(name, namespace, [self._session(target, address, neighbor, group)])

    def _router_address(self, router: str, address: str, group: PeerGroup) -> str:
        """Return the address of ``router`` that the speaker at ``address`` dials."""
        for neighbor in group["neighbors"]:
            if neighbor["address"] == address and neighbor["update_source"]:
                return neighbor["update_source"]
        addresses = self.wiring.routers[router]["addresses"]
        own = [item for entry in addresses.values() for item in entry]
        found = subnet_of(self.wiring.networks, address)
        near = addresses.get(found[0], []) if found else []
        version = ip_address(address).version
        fitting = [item for item in [*near, *own] if ip_address(item).version == version]
        return fitting[0] if fitting else own[0]

    def _local(self, session: PlannedSession) -> None:
        """Add the session of a daemon on the node itself, which Cilium dials."""
        loopback = "127.0.0.1" if session["family"] == "ipv4" else "::1"
        self._by_node.setdefault(session["node"], []).append(
            SpeakerSession(
                target=session["node_address"] or loopback,
                source=None,
                name=session["peering"],
                asn=session["router_asn"],
                remote_as=session["node_asn"],
                families=session["families"],
                prefixes={},
                communities=(),
                hold=session["hold"],
                keepalive=session["keepalive"],
                password=f"{session['cluster']}/{session['password']}" if session["password"] else None,
            )
        )

    def _speaker(self, name: str, namespace: str, sessions: Sequence[SpeakerSession]) -> None:
        passwords = sorted({session.password for session in sessions if session.password})
        zebra = any(session.target == _INTERFACE for session in sessions)
        self.speakers.append(Speaker(name, namespace, _config(name, sessions), tuple(passwords), zebra))

    def _asn(self, neighbor: PlannedNeighbor) -> int:
        """Return the speaker's AS: the planned one, the router's (internal), or one that no router of the site has."""
        if isinstance(neighbor["asn"], int):
            return neighbor["asn"]
        own = {router["asn"] for router in self.wiring.plan["routers"].values()}
        if neighbor["asn"] == "internal":
            return self.wiring.plan["routers"][neighbor["router"]]["asn"]
        return next(number for number in range(64990, 65535) if number not in own)


def _config(name: str, sessions: Sequence[SpeakerSession]) -> str:
    """Return bgpd's configuration of one stand-in."""
    number = int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)
    lines = [
        f"router bgp {sessions[0].asn}",
        f" bgp router-id 10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
        " no bgp ebgp-requires-policy",
        " no bgp network import-check",
        " no bgp default ipv4-unicast",
    ]
    for session in sessions:
        lines += _session_lines(session)
    for family in FAMILIES:
        lines.append(f" address-family {family} unicast")
        prefixes = {prefix for session in sessions for prefix in session.prefixes.get(family, ())}
        lines += [f"  network {prefix}" for prefix in sorted(prefixes)]
        for session in sessions:
            if family in session.families:
                lines += [
                    f"  neighbor {session.target} activate",
                    f"  neighbor {session.target} route-map OUT-{session.name} out",
                ]
        lines.append(" exit-address-family")
    lines.append("exit")
    for session_name, communities in sorted({session.name: session.communities for session in sessions}.items()):
        lines += [f"route-map OUT-{session_name} permit 10", *_community_lines(communities), "exit"]
    return "\n".join(lines) + "\n"


def _session_lines(session: SpeakerSession) -> list[str]:
    """Return the lines of one session under ``router bgp``."""
    unnumbered = session.target == _INTERFACE
    neighbor = f" neighbor {session.target}"
    lines = [
        f"{neighbor} {'interface remote-as' if unnumbered else 'remote-as'} {session.remote_as}",
        f"{neighbor} timers {session.keepalive} {session.hold}",
        f"{neighbor} timers connect 2",
    ]
    if session.password:
        lines.append(f"{neighbor} password SECRET:{session.password}")
    if session.ttl_security:
        lines.append(f"{neighbor} ttl-security hops {session.ttl_security}")
    elif session.asn != session.remote_as and not unnumbered:
        lines.append(f"{neighbor} ebgp-multihop {session.multihop or 2}")
    if session.source:
        lines.append(f"{neighbor} update-source {session.source}")
    if not unnumbered:
        lines.append(f"{neighbor} disable-connected-check")
    return lines


def announced(policy: PlannedPolicy, family: str) -> list[str]:
    """Return prefixes of ``family`` that an import policy lets in: of each rule the first, at its shortest length."""
    found = []
    if policy["default_route"]:
        found.append(DEFAULT_ROUTE_TEXT[family])
    for rule in policy["prefixes"]:
        cidr = ip_network(rule["prefix"])
        if family_of(rule["prefix"]) == family:
            found.append(f"{cidr.network_address}/{rule['ge'] or cidr.prefixlen}")
    return found[:MOST_PREFIXES]


def _community_lines(communities: Sequence[str]) -> list[str]:
    """Return the route-map lines that add the communities which an import policy asks for."""
    standard = [text for text in communities if text.count(":") != 2]
    large = [text for text in communities if text.count(":") == 2]
    return [
        *([f" set community {' '.join(standard)}"] if standard else []),
        *([f" set large-community {' '.join(large)}"] if large else []),
    ]
