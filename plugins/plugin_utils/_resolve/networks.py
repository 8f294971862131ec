# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, networks: their subnets and what a DHCP server hands out there."""

from __future__ import annotations

from collections.abc import Mapping

from .._addressing.addresses import LINK_LOCAL, Cidr
from .._addressing.intervals import contains, merge, overlaps
from .._inventory.values import Item
from .._model.site import Network
from .hosts import Context, Placed


def resolve_networks(context: Context) -> tuple[Network, ...]:
    """Return the site's networks; overlapping ones are reported."""
    networks: list[Network] = []
    owners: list[tuple[str, str, Cidr]] = []
    for name, item in context.parsed.networks.items():
        cidrs: tuple[Cidr, ...] = item["cidr"]
        context.subnets[name] = cidrs
        networks.append(
            Network(
                name=name,
                cidrs=cidrs,
                interfaces=item["interfaces"],
                l2_nodes=item["l2_nodes"],
                loopback=item["loopback"],
                dhcp=item["dhcp"],
                delivery=item["delivery"],
                return_path=item["return_path"],
            )
        )
        _check_dhcp(context, name, item, cidrs)
        owners.extend((name, item.at("cidr", index), cidr) for index, cidr in enumerate(cidrs))
        for index, cidr in enumerate(cidrs):
            if contains((LINK_LOCAL,), cidr.interval):
                context.report.add(
                    "EDGE111",
                    item.at("cidr", index),
                    f"{cidr.text} is link-local: nodes cannot peer from such addresses, which each link has again",
                    "use unique local addresses, such as fd00:10::/64; a neighbor that is no node may be link-local:"
                    " edge_router_neighbors.NAME: {address, interface}",
                )
    for overlap in overlaps([cidr.interval for _name, _path, cidr in owners]):
        left, right = owners[overlap.left], owners[overlap.right]
        context.report.add(
            "EDGE208",
            right[1],
            f"{right[2].text} overlaps {left[2].text} of {left[1]}",
            "an address must belong to one network only",
        )
    return tuple(networks)


def _check_dhcp(context: Context, name: str, item: Item, cidrs: tuple[Cidr, ...]) -> None:
    """Report ranges of a DHCP server that are not in its network."""
    subnets = merge(cidr.interval for cidr in cidrs)
    for index, entry in enumerate(item["dhcp"]):
        if cidrs and not contains(subnets, entry.interval):
            context.report.add(
                "EDGE210",
                item.at("dhcp", index),
                f"{entry.text} is not inside network {name!r} ({', '.join(cidr.text for cidr in cidrs)})",
                "a DHCP server hands out addresses of its own network",
            )


def check_dhcp_hosts(context: Context, hosts: Mapping[str, Placed]) -> None:
    """Warn of hosts whose fixed address a DHCP server may hand out to another one."""
    ranges = [
        (entry, name, item.at("dhcp", index))
        for name, item in context.parsed.networks.items()
        for index, entry in enumerate(item["dhcp"])
    ]
    placed = [
        (address, f"{host}.edge_addresses.{network}")
        for host, own in sorted(hosts.items())
        for network, addresses in own.items()
        for address in addresses
    ]
    count = len(ranges)
    intervals = [entry.interval for entry, _name, _path in ranges] + [address.interval for address, _path in placed]
    for found in overlaps(intervals) if ranges else ():
        if found.left < count <= found.right:
            entry, name, _path = ranges[found.left]
            address, path = placed[found.right - count]
            context.report.add(
                "EDGE211",
                path,
                f"{address.text} is in the DHCP range {entry.text} of network {name!r}: another host may get it",
                f"shorten edge_networks.{name}.dhcp, or accept it where the server keeps the address for this host",
            )
