# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of the twin: segments, and free addresses outside of everything that the plan uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
    summarize_address_range,
)

from ....module_utils._errors import EdgeError
from ..._document.plan import PlanDocument, PlannedNetwork
from .model import LOOPBACK

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_POD_MASK = {4: 24, 6: 64}
_INTERFACE_LENGTH = 15
"""IFNAMSIZ - 1 of Linux."""


def segments(networks: Mapping[str, PlannedNetwork]) -> dict[str, tuple[str, str | None]]:
    """Return network -> (bridge, interface name on nodes). Networks on one interface are one segment.

    A network of loopback addresses has :data:`LOOPBACK` for both.
    """
    found: dict[str, tuple[str, str | None]] = {}
    by_interface: dict[str, str] = {}
    for index, name in enumerate(networks):
        if networks[name]["loopback"]:
            found[name] = LOOPBACK, LOOPBACK
            continue
        interface = interface_name(networks[name]["interfaces"])
        bridge = f"br{index}"
        if interface:
            bridge = by_interface.setdefault(interface, bridge)
        found[name] = bridge, interface
    return found


def interface_name(patterns: Sequence[str]) -> str | None:
    """Return an interface name that the first usable pattern matches: itself, or with digits for its wildcards."""
    for pattern in patterns:
        name = pattern.replace("*", "0").replace("?", "0")
        if len(name) <= _INTERFACE_LENGTH and "[" not in name and fnmatchcase(name, pattern):
            return name
    return None


def used(plan: PlanDocument) -> list[tuple[Address, Address]]:
    """Return the first and last address of everything that the plan uses, except the networks' own CIDRs."""
    taken: list[tuple[Address, Address]] = []
    hosts = [
        *plan["routers"].values(),
        *(node for cluster in plan["clusters"].values() for node in cluster["nodes"].values()),
    ]
    for host in hosts:
        for addresses in host["addresses"].values():
            taken += [(ip_address(address), ip_address(address)) for address in addresses]
    for neighbor in plan["neighbors"]:
        taken += [(ip_address(address), ip_address(address)) for address in neighbor["addresses"]]
    for pool in plan["pools"]:
        for entry in pool["ranges"]:
            taken.append((ip_address(entry[0]), ip_address(entry[1])))
    for cluster in plan["clusters"].values():
        for text in [*cluster["pod_cidrs"], *cluster["service_cidrs"]]:
            cidr = ip_network(text)
            taken.append((cidr.network_address, cidr.broadcast_address))
    for network in plan["networks"].values():
        for text in network["cidrs"]:
            cidr = ip_network(text)
            taken.append((cidr.network_address, cidr.network_address))
            taken.append((cidr.broadcast_address, cidr.broadcast_address))
    return taken


def subnet_of(networks: Mapping[str, PlannedNetwork], address: str) -> tuple[str, Network] | None:
    """Return the network and the CIDR of it that ``address`` lies in."""
    ip = ip_address(address)
    for name, network in networks.items():
        for text in network["cidrs"]:
            cidr = ip_network(text)
            if ip.version == cidr.version and ip in cidr:
                return name, cidr
    return None


def highest_free(cidr: Network, taken: Sequence[tuple[Address, Address]]) -> str | None:
    """Return the highest address of ``cidr`` outside ``taken``, with prefix length; None when it is full."""
    lowest, candidate = int(cidr.network_address), int(cidr.broadcast_address)
    ranges = sorted(
        ((int(a), int(b)) for a, b in taken if a.version == cidr.version), key=lambda item: item[1], reverse=True
    )
    for first, last in ranges:
        if first <= candidate <= last:
            candidate = first - 1
    return f"{cidr.network_address + (candidate - lowest)}/{cidr.prefixlen}" if candidate >= lowest else None


def free_of(candidates: Sequence[str], taken: Sequence[tuple[Address, Address]], purpose: str) -> Network:
    """Return the first candidate that touches nothing in ``taken``."""
    for text in candidates:
        cidr = ip_network(text)
        if not any(
            a.version == cidr.version and int(a) <= int(cidr.broadcast_address) and int(b) >= int(cidr.network_address)
            for a, b in taken
        ):
            return cidr
    raise EdgeError("edge_twin", f"the site uses {' and '.join(candidates)}: none is left for {purpose}")


def summarize(first: Address, last: Address) -> list[Network]:
    """Return the fewest CIDRs from ``first`` to ``last``."""
    if isinstance(first, IPv4Address) and isinstance(last, IPv4Address):
        return list(summarize_address_range(first, last))
    if isinstance(first, IPv6Address) and isinstance(last, IPv6Address):
        return list(summarize_address_range(first, last))
    raise EdgeError("pools", f"{first}-{last} mixes families")


def with_families(
    given: Sequence[str],
    families: Sequence[int],
    candidates: Mapping[int, Sequence[str]],
    taken: Sequence[tuple[Address, Address]],
    purpose: str,
) -> list[Network]:
    """Return one CIDR for each of ``families``: the first given one, else a free candidate. IPv4 first."""
    cidrs: list[Network] = []
    for family in families:
        own = [cidr for text in given if (cidr := ip_network(text)).version == family]
        cidrs.append(own[0] if own else free_of(candidates[family], taken, purpose))
    return cidrs


def node_cidrs(pod_cidrs: Sequence[Network], nodes: Sequence[str], cluster: str) -> dict[str, list[str]]:
    """Cut each pod CIDR into one piece for each node, /24 or /64 where that fits."""
    result: dict[str, list[str]] = {node: [] for node in nodes}
    for cidr in pod_cidrs:
        needed = cidr.prefixlen + max(len(nodes) - 1, 0).bit_length()
        length = max(_POD_MASK[cidr.version], needed)
        if length > cidr.max_prefixlen:
            raise EdgeError(f"clusters.{cluster}.pod_cidrs", f"{cidr} cannot be cut into {len(nodes)} pieces")
        size = 1 << (cidr.max_prefixlen - length)
        for index, node in enumerate(nodes):
            result[node].append(f"{cidr.network_address + index * size}/{length}")
    return result


def network_order(
    networks: Mapping[str, PlannedNetwork], nodes: Mapping[str, Mapping[str, Sequence[str]]]
) -> list[str]:
    """Return the networks, those that most nodes share first: a node's InternalIP should be on a common one.

    ``nodes`` is node -> network -> addresses.
    """
    users = {network: sum(1 for addresses in nodes.values() if addresses.get(network)) for network in networks}
    return sorted(networks, key=lambda network: -users[network])


def node_addresses(addresses: Mapping[str, Sequence[str]], order: Sequence[str]) -> dict[int, str]:
    """Return a node's InternalIP by family, IPv4 first."""
    found: dict[int, str] = {}
    for network in order:
        for address in addresses.get(network, ()):
            found.setdefault(ip_address(address).version, address)
    return dict(sorted(found.items()))
