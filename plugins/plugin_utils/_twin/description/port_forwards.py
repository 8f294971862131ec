# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port forwards of the site's routers (destination NAT), which no inventory has: what the twin is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, ip_address

from ....module_utils._errors import EdgeError
from ..._addressing.addresses import LAST_PORT
from ..._document.plan import PlanDocument, PlannedService
from ..._findings.wording import did_you_mean

VARIABLE = "edge_twin_port_forwards"

_KEYS = ("to", "port", "protocol", "outside_port", "address", "router")
_PROTOCOLS = ("TCP", "UDP")


@dataclass(frozen=True, slots=True)
class PortForward:
    """A port of a router's outside address that leads to a port of a service's address."""

    router: str
    address: str | None
    """The outside address; None = the router's own one towards upstream."""
    protocol: str
    """``TCP`` or ``UDP``."""
    outside_port: int
    to: str
    """An IPv4 address of a pool."""
    port: int


def read_port_forwards(raw: Sequence[object], plan: PlanDocument) -> tuple[PortForward, ...]:
    """Return the port forwards of ``edge_twin_port_forwards``.

    Raises:
        EdgeError: one cannot be read, names what the plan does not have, or takes a port that another one has.
    """
    found: list[PortForward] = []
    for index, item in enumerate(raw):
        path = f"{VARIABLE}[{index}]"
        read = _read(path, item, plan)
        for earlier, other in enumerate(found):
            if (other.router, other.protocol, other.outside_port) == (
                read.router,
                read.protocol,
                read.outside_port,
            ) and (other.address == read.address):
                taken = f"{read.protocol} {read.outside_port} of {read.router}"
                raise EdgeError(path, f"{taken} is forwarded by {VARIABLE}[{earlier}] already", "another outside_port")
        found.append(read)
    return tuple(found)


def own_forwards(forwards: Sequence[PortForward], router: str, upstream: str | None) -> list[PortForward]:
    """Return a router's port forwards, each with its outside address.

    Args:
        forwards: those of all routers.
        router: its name.
        upstream: its own IPv4 address towards upstream.

    Raises:
        EdgeError: two take the same port, as one names the address that the other one has by default.
    """
    found: dict[tuple[str | None, str, int], PortForward] = {}
    for item in forwards:
        if item.router == router:
            own = replace(item, address=item.address or upstream)
            if (own.address, own.protocol, own.outside_port) in found:
                taken = f"{own.protocol} {own.outside_port} of {own.address} ({router}) is forwarded twice"
                raise EdgeError(VARIABLE, taken, "another outside_port; without address it is the one upstream")
            found[own.address, own.protocol, own.outside_port] = own
    return list(found.values())


def _read(path: str, item: object, plan: PlanDocument) -> PortForward:
    item = mapping_of(path, item, _KEYS, "port forward", "a mapping with to and port")
    protocol = item.get("protocol", "TCP")
    if protocol not in _PROTOCOLS:
        raise EdgeError(f"{path}.protocol", f"{protocol!r} is neither TCP nor UDP")
    port = _port(f"{path}.port", item.get("port"))
    router, address = _outside(path, item, plan)
    return PortForward(
        router=router,
        address=address,
        protocol=protocol,
        outside_port=port if item.get("outside_port") is None else _port(f"{path}.outside_port", item["outside_port"]),
        to=_target(f"{path}.to", item.get("to"), protocol, port, plan),
        port=port,
    )


def _port(path: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LAST_PORT:
        problem = "is missing" if value is None else f"{value!r} is no port"
        raise EdgeError(path, problem, f"a number from 1 to {LAST_PORT}")
    return value


def mapping_of(path: str, item: object, keys: Sequence[str], what: str, example: str) -> Mapping[str, object]:
    """Return an entry of a list that says something of the site's routers.

    Raises:
        EdgeError: it is no mapping, or has a key beside ``keys``.
    """
    if not isinstance(item, Mapping):
        raise EdgeError(path, f"{item!r} is no {what}", example)
    for key in sorted(map(str, set(item) - set(keys))):
        raise EdgeError(f"{path}.{key}", "no such key", did_you_mean(key, keys) or f"known: {', '.join(keys)}")
    return item


def _target(path: str, value: object, protocol: str, port: int, plan: PlanDocument) -> str:
    """Return the address of a service, or the one that was written."""
    ways = "a service (namespace/name, or its cluster before that) or an IPv4 address of a pool"
    if not isinstance(value, str) or not value:
        raise EdgeError(path, "is missing" if value is None else f"{value!r} is neither", ways)
    if "/" not in value:
        return _pool_address(path, value, plan, ways)
    services = [
        service for service in plan["services"] if value in (_name(service), f"{service['cluster']} {_name(service)}")
    ]
    if not services:
        known = {_name(service) for service in plan["services"]}
        hint = did_you_mean(value.rpartition(" ")[2], known) or f"known: {', '.join(sorted(known)) or 'none'}"
        raise EdgeError(path, f"no service {value!r}", hint)
    if len(services) > 1:
        clusters = sorted(service["cluster"] for service in services)
        raise EdgeError(
            path, f"{value!r} is in {' and '.join(clusters)}", f"the cluster before it: {clusters[0]} {value}"
        )
    (service,) = services
    ports = {(entry["protocol"], entry["port"]) for entry in service["ports"]}
    if ports and (protocol, port) not in ports:
        texts = ", ".join(f"{kind} {number}" for kind, number in sorted(ports))
        raise EdgeError(path, f"service {value} has no port {protocol} {port}", f"its ports: {texts}")
    for address in service["addresses"]:
        if ip_address(address).version == 4:
            return address
    hint = f"addresses at {_name(service)} in edge_services: a port forward needs one that stays"
    raise EdgeError(path, f"service {value} has no planned IPv4 address", hint)


def _name(service: PlannedService) -> str:
    return f"{service['namespace']}/{service['name']}"


def _pool_address(path: str, value: str, plan: PlanDocument, ways: str) -> str:
    try:
        address = ip_address(value)
    except ValueError as error:
        raise EdgeError(path, f"{value!r} is neither", ways) from error
    if not isinstance(address, IPv4Address):
        raise EdgeError(path, f"{value} is an IPv6 address", "port forwards translate IPv4 addresses alone")
    for pool in plan["pools"]:
        for first, last in pool["ranges"]:
            if ":" not in first and IPv4Address(first) <= address <= IPv4Address(last):
                return value
    raise EdgeError(
        path, f"{value} is in no pool", f"pools: {', '.join(pool['name'] for pool in plan['pools']) or 'none'}"
    )


def _outside(path: str, item: Mapping[str, object], plan: PlanDocument) -> tuple[str, str | None]:
    """Return the router of a port forward, and its outside address where one is written."""
    routers = sorted(name for name, router in plan["routers"].items() if router["addresses"])
    router, address = item.get("router"), item.get("address")
    if router is not None and router not in routers:
        hint = did_you_mean(str(router), routers) or f"known: {', '.join(routers) or 'none'}"
        raise EdgeError(f"{path}.router", f"no router {router!r}", hint)
    owners = {
        own: name
        for name in routers
        for network, addresses in plan["routers"][name]["addresses"].items()
        for own in addresses
        if plan["networks"][network]["delivery"] == "on_link" and ":" not in own and router in (None, name)
    }
    if address is not None:
        if not isinstance(address, str) or address not in owners:
            known = (
                f"known: {', '.join(sorted(owners)) or 'none'}; without address the router's own one upstream counts"
            )
            raise EdgeError(f"{path}.address", f"{address!r} is no router's address on a provider's wire", known)
        return owners[address], address
    if router is None and len(routers) != 1:
        raise EdgeError(f"{path}.router", "is missing", f"one of: {', '.join(routers) or 'none'}")
    return str(router or routers[0]), None
