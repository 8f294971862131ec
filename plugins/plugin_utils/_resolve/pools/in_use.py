# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, pools: every address that the inventory names for a machine, which no service may get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..._addressing.addresses import Address, url_addresses
from ..._inventory.values import Items
from ..._model.site import Node
from ..hosts import Context, Placed, ansible_host_address


def addresses_in_use(
    context: Context, hosts: Mapping[str, Placed], nodes: Mapping[str, Sequence[Node]]
) -> dict[Address, str]:
    """Return each address that a machine has -> the path that names it; the first of several.

    Router-ids are none of them: they are only numbers.

    Args:
        context: has the inventory, for the machines that are no hosts of it.
        hosts: every router's and node's addresses by network.
        nodes: the nodes by cluster.
    """
    found: dict[Address, str] = {}
    for address, path in (*_of_hosts(context, hosts, nodes), *_of_neighbors(context), *_of_speakers(context)):
        found.setdefault(address, path)
    return found


def _of_hosts(
    context: Context, hosts: Mapping[str, Placed], nodes: Mapping[str, Sequence[Node]]
) -> Iterator[tuple[Address, str]]:
    """Yield the addresses of hosts of the inventory: in networks, as sources, and to connect to."""
    for host, placed in sorted(hosts.items()):
        for network, own in placed.items():
            yield from ((address, f"{host}.edge_addresses.{network}") for address in own)
    for node in (node for members in nodes.values() for node in members):
        for peering, sources in node.local_addresses.items():
            yield from ((address, f"{node.host}.edge_node_local_addresses.{peering}") for address in sources)
    for host in sorted({*hosts, *context.parsed.clusters}):
        connected = ansible_host_address(context, host)
        if connected is not None:
            yield connected, f"{host}.ansible_host"


def _of_neighbors(context: Context) -> Iterator[tuple[Address, str]]:
    """Yield the addresses of routers' neighbors that are no nodes, their own sources, and of UniFi's console."""
    for host, values in sorted(context.parsed.routers.items()):
        neighbors: Items = values["edge_router_neighbors"]
        for item in neighbors.values():
            for key in ("address", "update_source"):
                if item[key] is not None:
                    yield item[key], item.at(key)
        controller = values["edge_router_controller"]
        if controller is not None:
            for address in url_addresses(controller["url"]):
                yield address, f"{host}.edge_router_controller.url"


def _of_speakers(context: Context) -> Iterator[tuple[Address, str]]:
    """Yield the addresses of speakers on nodes; those of API servers are EDGE604, as agents could not even start."""
    for values in context.parsed.clusters.values():
        peerings: Items = values["edge_peerings"]
        for item in peerings.values():
            if item["local_speaker"] is not None:
                yield item["local_speaker"]["address"], f"{item.path}.local_speaker.address"
