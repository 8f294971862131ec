# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, pools: every address that the inventory names for a machine, which no service may get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..._addressing.addresses import Address, url_addresses
from ..._inventory.values import Items, Values
from ..._model.site import Node
from ..hosts import Context, Placed, ansible_host_address, is_absent


def addresses_in_use(
    context: Context, hosts: Mapping[str, Placed], nodes: Mapping[str, Sequence[Node]]
) -> dict[Address, str]:
    """Return each address that a machine has -> the path that names it; the first of several.

    Router-ids are none of them: they are only numbers. Neither is what only hosts with ``edge_state: absent`` name as
    their other end, nor a neighbor or a console whose address a service asks for: it runs in the cluster.

    Args:
        context: has the inventory, for the machines that are no hosts of it.
        hosts: every router's and node's addresses by network.
        nodes: the nodes by cluster.
    """
    found: dict[Address, str] = {}
    asked = _asked_by_services(context)
    others = (item for item in _of_others(context) if item[0] not in asked)
    for address, path in (*_of_hosts(context, hosts, nodes), *_of_sources(context), *others, *_of_speakers(context)):
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


def _present(hosts: Mapping[str, Values]) -> Iterator[tuple[str, Values]]:
    """Yield the hosts that are not absent, sorted, with their variables."""
    return ((host, values) for host, values in sorted(hosts.items()) if not is_absent(values))


def _asked_by_services(context: Context) -> set[Address]:
    """Return the addresses that services of the site's clusters ask for (``edge_services.S.addresses``)."""
    services: Iterator[Items] = (values["edge_services"] for _host, values in _present(context.parsed.clusters))
    return {address for items in services for item in items.values() for address in item["addresses"]}


def _of_sources(context: Context) -> Iterator[tuple[Address, str]]:
    """Yield the addresses from which routers reach their neighbors."""
    for _host, values in _present(context.parsed.routers):
        neighbors: Items = values["edge_router_neighbors"]
        for item in neighbors.values():
            if item["update_source"] is not None:
                yield item["update_source"], item.at("update_source")


def _of_others(context: Context) -> Iterator[tuple[Address, str]]:
    """Yield the addresses of routers' neighbors that are no nodes, and of UniFi's console."""
    for host, values in _present(context.parsed.routers):
        neighbors: Items = values["edge_router_neighbors"]
        for item in neighbors.values():
            if item["address"] is not None:
                yield item["address"], item.at("address")
        controller = values["edge_router_controller"]
        if controller is not None:
            for address in url_addresses(controller["url"]):
                yield address, f"{host}.edge_router_controller.url"


def _of_speakers(context: Context) -> Iterator[tuple[Address, str]]:
    """Yield the addresses of speakers on nodes; those of API servers are EDGE604, as agents could not even start."""
    for _host, values in _present(context.parsed.clusters):
        peerings: Items = values["edge_peerings"]
        for item in peerings.values():
            if item["local_speaker"] is not None:
                yield item["local_speaker"]["address"], f"{item.path}.local_speaker.address"
