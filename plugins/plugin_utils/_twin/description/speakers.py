# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin's stand-ins for BGP speakers that are not Cilium: a NAS, another router, a VPN, a daemon on a node.

Each is a small FRR that announces what the router's import policy lets in, so that a rehearsal shows that it does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from .addresses import highest_free, subnet_of
from .model import Host, Leg, Route, Speaker
from .wiring import OWN_METRIC, Wiring

MOST_PREFIXES = 8
"""A stand-in announces this many prefixes at the most: enough to see that they pass."""

_ROOM = "172.28.0.0/16", "fd00:172:28::/64"
"""Where a speaker stands whose address is in no network of the site."""

Sessions = list[tuple[str, str | None, Mapping[str, Any], Mapping[str, Any]]]
"""Of one speaker: the router's address (or the own interface), its source address, neighbor, and peer group."""


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
        self._by_node: dict[str, Sessions] = {}
        self._rooms = 0
        for neighbor in wiring.neighbors:
            self._neighbor(neighbor)
        for session in wiring.plan["sessions"]:
            if not session["router"]:
                self._local(session)
        for node in sorted(self._by_node):
            self.on_nodes.add(node)
            self._speaker(node, self.wiring.namespace("host", node), self._by_node[node])

    def _neighbor(self, neighbor: Mapping[str, Any]) -> None:
        router = neighbor["router"]
        if neighbor["other"]:
            if neighbor["interface"]:
                self._link_leg(router, neighbor["interface"], neighbor["other"])
            return
        group = self._group(router, neighbor["peer_group"])
        if neighbor["interface"] and not neighbor["addresses"]:
            self._over_interface(neighbor, group)
        for number, address in enumerate(neighbor["addresses"]):
            node = self.nodes.get(address)
            if node is not None:
                mine = self._by_node.setdefault(node, [])
                mine.append((self._router_address(router, address, group), address, neighbor, group))
                continue
            name = f"{router}.{neighbor['name']}" + (f".{number}" if number else "")
            self._host(name, address, neighbor, group)
        for number, text in enumerate(neighbor["listen_ranges"]):
            free = highest_free(ip_network(text), self.wiring.taken)
            if free:
                self.wiring.take(free.split("/")[0])
                name = f"{router}.{neighbor['name']}" + (f".{number}" if number else "")
                self._host(name, free.split("/")[0], neighbor, group)

    def _group(self, router: str, name: str) -> Mapping[str, Any]:
        """Return the router's peer group, which says what both ends agree on."""
        groups = self.wiring.plan["routers"][router]["frr"]["peer_groups"]
        found: Mapping[str, Any] = next((group for group in groups if group["name"] == name), {})
        return found

    def _link_leg(self, router: str, interface: str, other: str) -> None:
        """Give a router its end of a link over an interface (unnumbered)."""
        bridge = "u" + hashlib.sha256("/".join(sorted((router, other))).encode()).hexdigest()[:12]
        self.router_legs.setdefault(router, []).append(Leg(interface, bridge, self.wiring.mac(router, bridge), ()))

    def _over_interface(self, neighbor: Mapping[str, Any], group: Mapping[str, Any]) -> None:
        router, name = neighbor["router"], f"{neighbor['router']}.{neighbor['name']}"
        self._link_leg(router, neighbor["interface"], name)
        bridge = self.router_legs[router][-1].bridge
        legs = (Leg("eth0", bridge, self.wiring.mac(name, bridge), ()),)
        namespace = self.wiring.namespace("speaker", name)
        sysctls = {"net.ipv6.conf.default.dad_transmits": "0"}
        self.hosts.append(Host("speaker", name, namespace, legs, (), sysctls))
        self._speaker(name, namespace, [("eth0", None, neighbor, group)])

    def _host(self, name: str, address: str, neighbor: Mapping[str, Any], group: Mapping[str, Any]) -> None:
        """Put a speaker on the network of its address, or in a room of its own behind the router."""
        wiring, router = self.wiring, neighbor["router"]
        namespace = wiring.namespace("speaker", name)
        found = subnet_of(wiring.networks, address)
        target = self._router_address(router, address, group)
        ip = ip_address(address)
        if found is not None and wiring.segments[found[0]][0] != "lo":
            bridge = wiring.segments[found[0]][0]
            legs: tuple[Leg, ...] = (Leg("eth0", bridge, wiring.mac(name, bridge), (f"{ip}/{found[1].prefixlen}",)),)
            routes = wiring.default_routes([found[0]], legs)
        else:
            room = ip_network(_ROOM[0 if ip.version == 4 else 1]).network_address + 4 * self._rooms
            bridge = f"room{self._rooms}"
            self._rooms += 1
            length = 30 if ip.version == 4 else 126
            legs = (
                Leg("lo", "lo", wiring.mac(name, "lo"), (f"{ip}/{ip.max_prefixlen}",)),
                Leg("eth0", bridge, wiring.mac(name, bridge), (f"{room + 2}/{length}",)),
            )
            leg = Leg(bridge, bridge, wiring.mac(router, bridge), (f"{room + 1}/{length}",))
            self.router_legs.setdefault(router, []).append(leg)
            way = Route(f"{ip}/{ip.max_prefixlen}", ip.version, (str(room + 2),), OWN_METRIC)
            self.router_routes.setdefault(router, []).append(way)
            routes = (Route("default", ip.version, (str(room + 1),)),)
        self.hosts.append(Host("speaker", name, namespace, legs, routes))
        self._speaker(name, namespace, [(target, address, neighbor, group)])

    def _router_address(self, router: str, address: str, group: Mapping[str, Any]) -> str:
        """Return the address of ``router`` that the speaker at ``address`` dials."""
        for neighbor in group.get("neighbors", ()):
            if neighbor["address"] == address and neighbor.get("update_source"):
                return str(neighbor["update_source"])
        addresses = self.wiring.routers[router]["addresses"]
        own = [item for entry in addresses.values() for item in entry]
        found = subnet_of(self.wiring.networks, address)
        near = addresses.get(found[0], ()) if found else ()
        version = ip_address(address).version
        fitting = [item for item in [*near, *own] if ip_address(item).version == version]
        return str(fitting[0] if fitting else own[0])

    def _local(self, session: Mapping[str, Any]) -> None:
        """Add the session of a daemon on the node itself, which Cilium dials."""
        neighbor = {
            "router": "",
            "name": session["peering"],
            "asn": session["router_asn"],
            "local_as": session["node_asn"],
            "families": session["families"],
            "import": {},
        }
        group: dict[str, Any] = {"timers": {key: session[key] for key in ("hold", "keepalive", "connect_retry")}}
        if session["password"]:
            group["password"] = f"{session['cluster']}/{session['password']}"
        loopback = "127.0.0.1" if session["family"] == "ipv4" else "::1"
        mine = self._by_node.setdefault(session["node"], [])
        mine.append((session["node_address"] or loopback, None, neighbor, group))

    def _speaker(self, name: str, namespace: str, sessions: Sessions) -> None:
        passwords = sorted({group["password"] for *_ends, group in sessions if group.get("password")})
        zebra = any(
            source is None and not neighbor.get("link") and target == "eth0"
            for target, source, neighbor, _group in sessions
        )
        self.speakers.append(Speaker(name, namespace, self._config(name, sessions), tuple(passwords), zebra))

    def _config(self, name: str, sessions: Sessions) -> str:
        """Return bgpd's configuration of one stand-in."""
        number = int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)
        asn = self._asn(sessions[0][2])
        lines = [
            f"router bgp {asn}",
            f" bgp router-id 10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
            " no bgp ebgp-requires-policy",
            " no bgp network import-check",
            " no bgp default ipv4-unicast",
        ]
        for target, source, neighbor, group in sessions:
            lines += self._session_lines(target, source, neighbor, group)
        for family in ("ipv4", "ipv6"):
            lines.append(f" address-family {family} unicast")
            prefixes = {prefix for _t, _s, neighbor, _g in sessions for prefix in announced(neighbor["import"], family)}
            lines += [f"  network {prefix}" for prefix in sorted(prefixes)]
            for target, _source, neighbor, _group in sessions:
                if family in neighbor["families"]:
                    lines += [
                        f"  neighbor {target} activate",
                        f"  neighbor {target} route-map OUT-{neighbor['name']} out",
                    ]
            lines.append(" exit-address-family")
        lines.append("exit")
        for neighbor_name, words in sorted({n["name"]: communities(n["import"]) for _t, _s, n, _g in sessions}.items()):
            lines += [f"route-map OUT-{neighbor_name} permit 10", *words, "exit"]
        return "\n".join(lines) + "\n"

    def _asn(self, neighbor: Mapping[str, Any]) -> int:
        """Return the speaker's AS: the planned one, the router's (internal), or one that no router of the site has."""
        if isinstance(neighbor["asn"], int):
            return neighbor["asn"]
        own = {router["asn"] for router in self.wiring.plan["routers"].values()}
        if neighbor["asn"] == "internal":
            return int(self.wiring.plan["routers"][neighbor["router"]]["asn"])
        return next(number for number in range(64990, 65535) if number not in own)

    def _session_lines(
        self, target: str, source: str | None, neighbor: Mapping[str, Any], group: Mapping[str, Any]
    ) -> list[str]:
        router = self.wiring.plan["routers"].get(neighbor["router"], {})
        remote = neighbor["local_as"] or router["asn"]
        own = self._asn(neighbor)
        interface = target == "eth0"
        lines = [f" neighbor {target} {'interface remote-as' if interface else 'remote-as'} {remote}"]
        timers = group.get("timers")
        if timers:
            lines.append(f" neighbor {target} timers {timers['keepalive']} {timers['hold']}")
        lines.append(f" neighbor {target} timers connect 2")
        if group.get("password"):
            lines.append(f" neighbor {target} password SECRET:{group['password']}")
        if group.get("ttl_security"):
            lines.append(f" neighbor {target} ttl-security hops {group['ttl_security']}")
        elif own != remote and not interface:
            lines.append(f" neighbor {target} ebgp-multihop {group.get('multihop') or 2}")
        if source:
            lines.append(f" neighbor {target} update-source {source}")
        if not interface:
            lines.append(f" neighbor {target} disable-connected-check")
        return lines


def announced(policy: Mapping[str, Any], family: str) -> list[str]:
    """Return prefixes of ``family`` that an import policy lets in: of each rule the first, at its shortest length."""
    found = []
    if policy.get("default_route"):
        found.append("0.0.0.0/0" if family == "ipv4" else "::/0")
    for rule in policy.get("prefixes", ()):
        cidr = ip_network(rule["prefix"])
        if (cidr.version == 6) == (family == "ipv6"):
            found.append(f"{cidr.network_address}/{rule['ge'] or cidr.prefixlen}")
    return found[:MOST_PREFIXES]


def communities(policy: Mapping[str, Any]) -> Iterable[str]:
    """Return the route-map lines that add the communities which an import policy asks for."""
    wanted: Sequence[str] = policy.get("communities", ())
    standard = [text for text in wanted if text.count(":") != 2]
    large = [text for text in wanted if text.count(":") == 2]
    return [
        *([f" set community {' '.join(standard)}"] if standard else []),
        *([f" set large-community {' '.join(large)}"] if large else []),
    ]
