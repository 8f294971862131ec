# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify that no other route of a router wins over what leads to the pools' addresses, whoever made it.

A kernel follows the longest prefix, whatever protocol it is from: a route to one address of an aggregate, or of a
network where it is announced on L2, takes its packets while each path and each lease is as planned.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from .._addressing.families import FAMILIES, family_of
from .._document.lookup import leases_of
from .._document.plan import PlanDocument, PlannedPool
from .._findings.code import ERROR
from .._findings.wording import MOST_NAMES, some
from .data_plane import own_addresses
from .expected import Expectations, LiveAddress
from .neighbors import seen_neighbors
from .observed import BestRouteSeen, RouterSeen, canonical
from .report import UNKNOWN, VerifyReport

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def prefixes_to_read(plan: PlanDocument, router: str) -> list[str]:
    """Return the prefixes in which a route may win over what leads to a pool's address at a router."""
    found: list[Network] = []
    for pool in plan["pools"]:
        lengths = _announced_lengths(plan, router, pool)
        for family, first, last in _ranges(pool):
            if family in lengths:
                whole = _around(first, last)
                found.append(whole.supernet(new_prefix=min(whole.prefixlen, lengths[family])))
        for name in _networks(plan, router, pool):
            found += map(ipaddress.ip_network, plan["networks"][name]["cidrs"])
    apart = [item for item in set(found) if not any(item != other and _is_inside(item, other) for other in found)]
    return [str(item) for item in sorted(apart, key=ipaddress.get_mixed_type_key)]


def verify_winning_routes(
    report: VerifyReport, plan: PlanDocument, routers: Mapping[str, RouterSeen], expectations: Expectations
) -> None:
    """Report routes that take packets for a pool's addresses from the cluster.

    Args:
        report: takes rows and findings.
        plan: the plan, with the addresses of dynamic neighbors.
        routers: the routers that were read.
        expectations: of the plan and the live clusters.
    """
    for router, seen in sorted(routers.items()):
        if plan["routers"][router]["absent"] or not prefixes_to_read(plan, router):
            continue
        subject, wanted = f"{router} has to the pools", "the cluster's routes alone"
        if seen.best is None:
            report.row("nothing_else", subject, wanted, "not known: its other routes were not read", UNKNOWN)
            continue
        check = _Winning(plan, router, seen, expectations)
        found = []
        for family, prefix in check.others():
            taken = check.taken(family, prefix)
            if taken:
                ip = "ip" if family == "ipv4" else "ipv6"
                fields = {"source": check.source(family, prefix), "taken": taken, "ip": ip, "prefix": prefix}
                report.find("EDGE905", f"{router} prefix {prefix}", **fields)
                found.append(prefix)
        if found:
            report.row("nothing_else", subject, wanted, some(found, MOST_NAMES), ERROR)


class _Winning:
    """What leads to the pools' addresses at one router."""

    def __init__(self, plan: PlanDocument, router: str, seen: RouterSeen, expectations: Expectations) -> None:
        self._plan = plan
        self._router = router
        self._seen = seen
        self._expectations = expectations
        self._best: Mapping[str, Mapping[str, BestRouteSeen]] = seen.best or {}
        self._neighbors = {found.transport: neighbor for neighbor, found in seen_neighbors(plan, router, seen)}
        self._live = [(live, length) for live in expectations.live if (length := self._length(live)) is not None]

    def others(self) -> Iterator[tuple[str, str]]:
        """Yield (family, prefix) of the routes that are neither planned nor judged elsewhere."""
        own = {canonical(text.partition("/")[0]) for item in self._seen.interfaces for text in item.addresses}
        for family in FAMILIES:
            for network in sorted(
                map(ipaddress.ip_network, self._best.get(family, ())), key=ipaddress.get_mixed_type_key
            ):
                prefix = str(network)
                best = self._best[family][prefix]
                # An address of the router's own is EDGE886.
                is_own = network.prefixlen == network.max_prefixlen and str(network.network_address) in own
                planned = (self._router, family, prefix) in self._expectations.prefixes
                if not (planned or is_own or (best.protocol == "bgp" and self._is_judged(family, prefix))):
                    yield family, prefix

    def _is_judged(self, family: str, prefix: str) -> bool:
        """Return whether a BGP route is from somebody who is no planned neighbor, or over links from nodes elsewhere.

        What nodes and strangers announce is judged with the accepted prefixes.
        """
        senders = self._senders(family, prefix)
        if not senders or not senders <= self._neighbors.keys():
            return True
        others = [self._neighbors[sender]["other"] for sender in senders]
        return all(
            other is not None and self._expectations.may_come(self._router, other, family, prefix) for other in others
        )

    def _senders(self, family: str, prefix: str) -> set[str]:
        """Return the neighbors whose paths a BGP route uses."""
        return {path.neighbor for path in self._seen.paths[family].get(prefix, ()) if path.used}

    def source(self, family: str, prefix: str) -> str:
        """Return where a route comes from, in words."""
        protocol = self._best[family][prefix].protocol
        senders = ", ".join(sorted(self._senders(family, prefix))) if protocol == "bgp" else ""
        return f"{protocol}, from {senders}" if senders else protocol

    def taken(self, family: str, prefix: str) -> str:
        """Return of what a route takes the packets: live addresses, else addresses of pools; empty of none."""
        network = ipaddress.ip_network(prefix)
        live: dict[str, list[str]] = {}
        for item, length in self._live:
            if network.prefixlen > length and ipaddress.ip_address(item.address) in network:
                live.setdefault(item.address, []).append(f"{item.cluster} {item.service.key}")
        if live:
            return some([f"{address} ({', '.join(services)})" for address, services in live.items()], MOST_NAMES)
        pools = [
            f"{pool['cluster']} {pool['name']}"
            for pool in self._plan["pools"]
            if self._takes_pool(pool, family, network)
        ]
        return f"addresses of the pool {' and '.join(pools)}" if pools else ""

    def _takes_pool(self, pool: PlannedPool, family: str, network: Network) -> bool:
        """Return whether a route would win for addresses of a pool that no live service holds."""
        known = pool["cluster"] in self._expectations.clusters
        if not known and self._best[family][str(network)].protocol == "bgp":
            return False  # it may be of a service that nobody knows of here
        overlapping = any(
            of == family and int(first) <= int(network.broadcast_address) and int(network.network_address) <= int(last)
            for of, first, last in _ranges(pool)
        )
        if not overlapping:
            return False
        announced = _announced_lengths(self._plan, self._router, pool).get(family)
        if announced is not None:
            return network.prefixlen >= announced
        return any(network.prefixlen > self._leg(name, str(network.network_address)) for name in self._networks(pool))

    def _networks(self, pool: PlannedPool) -> list[str]:
        return _networks(self._plan, self._router, pool)

    def _length(self, live: LiveAddress) -> int | None:
        """Return the length of the prefix that leads to a live address here; None where the plan has none."""
        prefix = self._expectations.prefix_to(self._router, live)
        if prefix is not None and (prefix.must or prefix.may):
            return int(prefix.prefix.partition("/")[2])
        legs = [
            self._leg(name, live.address)
            for name in self._expectations.l2_networks(live)
            if own_addresses(self._plan, self._router, name, live.family)
        ]
        return min(legs, default=None)

    def _leg(self, network: str, address: str) -> int:
        """Return the length of the subnet by which the router reaches an address on a network of its own."""
        value = ipaddress.ip_address(address)
        own = set(map(canonical, self._plan["routers"][self._router]["addresses"][network]))
        subnets = [
            ipaddress.ip_network(text, strict=False)
            for interface in self._seen.interfaces
            for text in interface.addresses
            if canonical(text.partition("/")[0]) in own
        ]
        subnets += map(ipaddress.ip_network, self._plan["networks"][network]["cidrs"])
        return max((subnet.prefixlen for subnet in subnets if value in subnet), default=value.max_prefixlen)


def _announced_lengths(plan: PlanDocument, router: str, pool: PlannedPool) -> dict[str, int]:
    """Return by family how long the prefixes are with which nodes announce a pool to a router."""
    return {
        family: pool["aggregate"].get(family, item["length"][family])
        for item in plan["expect"]["announcements"]
        if (item["router"], item["cluster"], item["pool"]) == (router, pool["cluster"], pool["name"])
        for family in item["families"]
    }


def _networks(plan: PlanDocument, router: str, pool: PlannedPool) -> list[str]:
    """Return the router's networks on which a pool is announced on L2, in a family that both have there."""
    return sorted(
        {
            item["network"]
            for item in leases_of(plan, pool["cluster"], pool["name"])
            if any(own_addresses(plan, router, item["network"], family) for family in pool["families"])
        }
    )


def _ranges(pool: PlannedPool) -> Iterator[tuple[str, Address, Address]]:
    """Yield family, first and last address of a pool's ranges."""
    for first, last in pool["ranges"]:
        yield family_of(first), ipaddress.ip_address(first), ipaddress.ip_address(last)


def _around(first: Address, last: Address) -> Network:
    """Return the longest prefix that holds a range."""
    length = first.max_prefixlen - (int(first) ^ int(last)).bit_length()
    return ipaddress.ip_network((first, length), strict=False)


def _is_inside(network: Network, other: Network) -> bool:
    """Return whether one network is a part of another."""
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and network.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and network.subnet_of(other)
