# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lead single connections of a twin's clients over a chosen next hop, in place of the one that the router's hash picks.

On the router a connection is known by its addresses and the client's port: nftables gives its packets a mark, and a
routing rule sends what has the mark by a table with that next hop alone. The kernel does not look at a mark when it
checks the reverse path (``src_valid_mark`` is 0), nor do connection tracking and NAT. So what is tried is what the
router does with a connection that its hash leads there.

Where a port forward leads, the router chooses by the address that the port forward translates to, and the client asks
another one, which is always the router's.

A client on the link of the next hop is sent on to it by the router (ICMP redirect, RFC 1122 3.2.2.2). The kernel sends
a client no more than nine of those (``ip_rt_redirect_number``), so its route is made as a redirect leaves it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface
from typing import Any

from .network import batch
from .runtime import NETNS, run

TABLE = "cluster_edge_paths"
"""Name of the nftables table on a router, of the family ``inet``; there while clients ask."""

PRIORITY = 900
"""Of the routing rules; nothing else of a twin has it, so what a crash left is known by it."""

_FIRST = 3000
"""Number of the first next hop: its mark and its routing table."""

_FAMILIES = {4: ("ip", "ipv4_addr"), 6: ("ip6", "ipv6_addr")}


@dataclass(frozen=True, slots=True)
class Hop:
    """One of several next hops of a router."""

    router: str
    gateway: str
    interface: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """A connection that goes over a chosen next hop."""

    number: int
    protocol: str
    source: str
    source_port: int
    address: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A way that connections to come are to take."""

    client: str
    address: str
    """What the client asks."""
    to: str
    """What the router has the next hop to: the same, or what a port forward translates it to."""
    hop: Hop


@dataclass(slots=True)
class Paths:
    """The next hops that clients of a twin can choose.

    Args:
        description: of the twin, as JSON.
        wanted: the ways of the connections to come.
    """

    description: Mapping[str, Any]
    wanted: Iterable[Wanted]
    numbers: dict[Hop, int] = field(default_factory=dict)
    _possible: set[tuple[str, str, Hop]] = field(default_factory=set)
    _hosts: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._hosts = {(host["kind"], host["name"]): host for host in self.description["hosts"]}

    def number(self, client: str, address: str, hop: Hop) -> int | None:
        """Return the mark of a client's connection over a next hop; None where it cannot be led there."""
        return self.numbers[hop] if (client, address, hop) in self._possible else None

    def choose(self, connections: Sequence[Chosen]) -> None:
        """Tell the routers which connections go over which next hop."""
        routers = {number: hop.router for hop, number in self.numbers.items()}
        lines: dict[str, list[str]] = {}
        for item in connections:
            entry = f"{item.protocol} . {item.source} . {item.address} . {item.source_port} : {item.number}"
            name = f"chosen{ip_address(item.address).version}"
            lines.setdefault(routers[item.number], []).append(f"add element inet {TABLE} {name} {{ {entry} }}")
        for router, texts in lines.items():
            _nft(self._hosts["router", router]["namespace"], "\n".join(texts) + "\n")

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Make rules, tables and routes on routers and clients; take them away in the end.

        What a process left that was killed meanwhile is taken away first. The routers' nftables is the first that comes
        and the last that goes, so it says whether there is something.
        """
        routers = [host["namespace"] for (kind, _name), host in self._hosts.items() if kind == "router"]
        if any(_marks(namespace) for namespace in routers):
            self._clean()
        try:
            made = self._open()
        except BaseException:
            self._clean()
            raise
        try:
            yield
        finally:
            for (host, family), tables in made.items():
                _take_away(self._hosts[host]["namespace"], family, sorted(tables))
            for router in sorted({hop.router for hop in self.numbers}):
                _nft(self._hosts["router", router]["namespace"], f"delete table inet {TABLE}\n")

    def _open(self) -> dict[tuple[tuple[str, str], int], set[int]]:
        """Choose a number for each next hop, and make what leads there; return the tables of each host and family."""
        routes: dict[tuple[tuple[str, str], int], set[str]] = {}
        tables: dict[tuple[tuple[str, str], int], set[int]] = {}
        for way in self.wanted:
            hop, first = way.hop, self._first_hop(way)
            if first is None:
                continue
            self._possible.add((way.client, way.address, hop))
            number = self.numbers.setdefault(hop, _FIRST + len(self.numbers))
            family = ip_address(way.address).version
            for host, address, (gateway, interface) in (
                (("router", hop.router), way.to, (hop.gateway, hop.interface)),
                (("client", way.client), way.address, first),
            ):
                word = "inet6 " if ip_address(gateway).version != family else ""
                line = f"route replace {address} via {word}{gateway} dev {interface} onlink table {number}"
                routes.setdefault((host, family), set()).add(line)
                tables.setdefault((host, family), set()).add(number)
        for router in sorted({hop.router for hop in self.numbers}):
            _nft(self._hosts["router", router]["namespace"], _ruleset())
        for (host, version), numbers in tables.items():
            # The rule first: by it a table is found that has to go.
            made = [f"rule add fwmark {number} lookup {number} priority {PRIORITY}" for number in sorted(numbers)]
            lines = [*made, *sorted(routes[host, version])]
            batch([f"-{version}", "-n", self._hosts[host]["namespace"]], lines)
        return tables

    def _clean(self) -> None:
        """Take away all that chooses next hops, on every router and client; whatever of it is there."""
        hosts = [host for (kind, _name), host in self._hosts.items() if kind in ("client", "router")]
        for host in hosts:
            for family in (4, 6):
                rules = json.loads(run(["ip", f"-{family}", "-n", host["namespace"], "-j", "rule", "show"]) or "[]")
                tables = sorted({int(rule["table"]) for rule in rules if rule["priority"] == PRIORITY})
                _take_away(host["namespace"], family, tables)
        for host in hosts:
            if host["kind"] == "router":
                # With `add` before it, `delete` does not mind that there is no table.
                _nft(host["namespace"], f"add table inet {TABLE}\ndelete table inet {TABLE}\n")

    def _first_hop(self, way: Wanted) -> tuple[str, str] | None:
        """Return gateway and interface by which a client reaches a next hop: itself on its link, else the router.

        A port forward is the router's, wherever its next hop is. None where nothing leads the client to the router.
        """
        address, hop = way.address, way.hop
        host, router = self._hosts["client", way.client], self._hosts["router", hop.router]
        own = {leg["bridge"]: leg["interface"] for leg in host["legs"]}
        bridges = {leg["interface"]: leg["bridge"] for leg in router["legs"]}
        if bridges.get(hop.interface) in own and address == way.to:
            return hop.gateway, own[bridges[hop.interface]]
        used = {via for route in host["routes"] for via in route["via"]}
        # On the wire of a provider the client finds the router by ARP for the address.
        wires = {
            leg["bridge"]
            for leg in host["legs"]
            for text in leg["addresses"]
            if ip_address(address) in ip_interface(text).network
        }
        for leg in router["legs"]:
            for text in leg["addresses"]:
                gateway = text.split("/")[0]
                same = ip_address(gateway).version == ip_address(address).version
                if same and leg["bridge"] in own and (gateway in used or leg["bridge"] in wires):
                    return gateway, own[leg["bridge"]]
        return None


def _ruleset() -> str:
    """Return the table that marks chosen connections, whichever interface their packets come in by.

    What a next hop sends back goes to it again, as it does where the hash picks it.
    """
    lines = [f"table inet {TABLE} {{"]
    for family, (_word, kind) in _FAMILIES.items():
        lines.append(f"  map chosen{family} {{ type inet_proto . {kind} . {kind} . inet_service : mark; }}")
    lines += ["  chain choose {", "    type filter hook prerouting priority mangle; policy accept;"]
    for family, (word, _kind) in _FAMILIES.items():
        key = f"meta l4proto . {word} saddr . {word} daddr . th sport"
        lines.append(f"    meta nfproto ipv{family} meta mark set {key} map @chosen{family}")
    return "\n".join([*lines, "  }", "}"]) + "\n"


def _take_away(namespace: str, family: int, tables: Sequence[int]) -> None:
    """Remove the routes of tables, and the rules that lead there."""
    # The routes first: by its rule a table is found that has to go.
    lines = [f"route flush table {table}" for table in tables]
    lines += [f"rule del priority {PRIORITY} lookup {table}" for table in tables]
    batch([f"-{family}", "-n", namespace], lines)


def _marks(namespace: str) -> bool:
    """Return whether a router has the table that marks connections."""
    listed = json.loads(run(["nsenter", f"--net={NETNS / namespace}", "--", "nft", "-j", "list", "tables"]))
    return any(item.get("table", {}).get("name") == TABLE for item in listed["nftables"])


def _nft(namespace: str, text: str) -> None:
    run(["nsenter", f"--net={NETNS / namespace}", "--", "nft", "-f", "-"], text)
