# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin's wiring: which host has which interfaces and addresses, and by which routes they reach each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address, ip_interface, ip_network

from ....module_utils._errors import EdgeError
from ..._document.lookup import peer_group
from ..._document.plan import PlanDocument, PlannedSession
from ..._findings.wording import did_you_mean
from .addresses import Network, free_of, highest_free, segments, subnet_of, summarize, used
from .firewall import Zone, read_rules, ruleset
from .kernel import NO_DUPLICATE_CHECK, host_sysctls
from .model import LOOPBACK, UPSTREAM, Host, Leg, Route, Rule
from .platforms import RouterSettings, platform_of, router_sysctls
from .port_forwards import own_forwards, read_port_forwards

Uplink = tuple[tuple[Leg, ...], tuple[Route, ...]]
"""A router's legs and default routes towards the upstream client."""

_UPSTREAM_POOLS = {
    4: ("198.51.100.0/24", "198.18.255.0/24", "192.0.2.0/24"),
    6: ("fd00:198:51:100::/112", "fd00:198:18:255::/112"),
}

OWN_METRIC = 254 << 24
"""Metric of routes that stand for those of a protocol; zebra takes its first byte as a kernel route's distance."""


RETURN_TABLES = 1000
"""Number of the first routing table for answers of nodes; one for each network."""


class Wiring:
    """The plan's segments, the addresses in use, and the hosts on them.

    Args:
        plan: the plan as JSON.
        prefix: what the twin's namespaces start with.
        settings: how routers treat packets.
    """

    def __init__(self, plan: PlanDocument, prefix: str, settings: RouterSettings) -> None:
        self.plan = plan
        self.prefix = prefix
        self.settings = settings
        self.port_forwards = read_port_forwards(settings.port_forwards, plan)
        self.networks = plan["networks"]
        self.segments = segments(self.networks)
        self.taken = used(plan)
        self.routers = {host: router for host, router in plan["routers"].items() if router["addresses"]}
        self.return_path_sources = {
            node: entry["return_paths"]
            for cluster in plan["clusters"].values()
            for node, entry in cluster["nodes"].items()
        }
        self.neighbors = [item for item in plan["neighbors"] if item["router"] in self.routers]

    def namespace(self, kind: str, host: str) -> str:
        """Return the namespace of a host."""
        return f"{self.prefix}.{kind}.{host}"

    def mac(self, host: str, bridge: str) -> str:
        """Return the MAC address of a host's leg.

        Fixed and locally administered: with random ones, neighbors keep a stale entry over a restart and SSH stalls.
        """
        digest = hashlib.sha256(f"{host}/{bridge}".encode()).hexdigest()
        return "02:" + ":".join(digest[i : i + 2] for i in range(0, 10, 2))

    def with_length(self, network: str, address: str) -> str:
        """Return an address with the length of its subnet; one on a loopback stands alone."""
        found = subnet_of({network: self.networks[network]}, address)
        if found is None:
            raise EdgeError(f"networks.{network}", f"{address} is in none of its CIDRs")
        length = found[1].max_prefixlen if self.segments[network][0] == LOOPBACK else found[1].prefixlen
        return f"{ip_address(address)}/{length}"

    def legs(
        self, host: str, addresses: Mapping[str, Sequence[str]], named: bool, reserved: Iterable[str] = ()
    ) -> tuple[Leg, ...]:
        """Return a leg for each segment on which ``host`` has an address.

        Args:
            host: its name.
            addresses: network -> addresses.
            named: interfaces are called as the network's ``interfaces`` say.
            reserved: names of the host's other interfaces.
        """
        by_bridge: dict[str, list[str]] = {}
        wanted: dict[str, str | None] = {}
        for network in self.networks:
            for address in addresses.get(network, ()):
                bridge, interface = self.segments[network]
                by_bridge.setdefault(bridge, []).append(self.with_length(network, address))
                wanted[bridge] = interface if named or bridge == LOOPBACK else None
        literal = {name for name in wanted.values() if name} | set(reserved)
        legs = []
        number = 0
        for bridge, texts in by_bridge.items():
            interface = wanted[bridge]
            if interface is None:
                while f"eth{number}" in literal:
                    number += 1
                interface = f"eth{number}"
                number += 1
            legs.append(Leg(interface, bridge, self.mac(host, bridge), tuple(texts)))
        return tuple(legs)

    # Routes

    def router_addresses(self, network: str) -> list[str]:
        """Return the addresses of routers on a network's segment; of loopbacks none."""
        if self.segments[network][0] == LOOPBACK:
            return []
        return [
            address for host in sorted(self.routers) for address in self.routers[host]["addresses"].get(network, ())
        ]

    def gateways(self, networks: Iterable[str], legs: Iterable[Leg]) -> dict[int, tuple[str, ...]]:
        """Return, by family, the next hop of a host with ``legs`` on the first of ``networks`` that has one for it.

        A next hop is a router's address in a subnet of a leg. A network may have several subnets and both families, of
        which the host has an address in one alone; the kernel takes no route via the others.
        """
        near = _Subnets(ip_interface(text).network for leg in legs for text in leg.addresses)
        found: dict[int, tuple[str, ...]] = {}
        for network in networks:
            for address in self.router_addresses(network):
                if address in near:
                    # One next hop: replies that alternate between two routers would hide a fault of either.
                    found.setdefault(ip_address(address).version, (address,))
        return found

    def default_routes(self, networks: Iterable[str], legs: Iterable[Leg]) -> tuple[Route, ...]:
        """Return the default routes of a host with ``legs``, by its preferred networks."""
        return tuple(Route("default", family, via) for family, via in sorted(self.gateways(networks, legs).items()))

    def routes_to(self, addresses: Mapping[str, Sequence[str]], router: str, target: str) -> tuple[Route, ...]:
        """Return the route from a host to an address of ``router``; none where the address is in one of its subnets."""
        family = ip_address(target).version
        near = self._on_link(addresses)
        if target in near:
            return ()
        for network, own in self.routers[router]["addresses"].items():
            if self.segments[network][0] == LOOPBACK or not addresses.get(network):
                continue
            for hop in own:
                if ip_address(hop).version == family and hop in near:
                    return (Route(f"{target}/{32 if family == 4 else 128}", family, (hop,), OWN_METRIC),)
        return ()

    def reaches(self, addresses: Mapping[str, Sequence[str]], router: str, target: str) -> bool:
        """Return whether a host has ``target``, an address of ``router``, in a subnet, or a network with the router."""
        return target in self._on_link(addresses) or bool(self.routes_to(addresses, router, target))

    def _on_link(self, addresses: Mapping[str, Sequence[str]]) -> _Subnets:
        """Return the subnets in which a host with ``addresses`` has one, loopbacks left out."""
        found = []
        for network, own in addresses.items():
            for address in own if self.segments[network][0] != LOOPBACK else ():
                subnet = subnet_of({network: self.networks[network]}, address)
                if subnet is not None:
                    found.append(subnet[1])
        return _Subnets(found)

    def node_routes(self, node: str, addresses: Mapping[str, Sequence[str]]) -> tuple[Route, ...]:
        """Return a node's routes to router addresses that it dials and that are on none of its subnets (loopbacks)."""
        found: dict[str, Route] = {}
        for session in self.plan["sessions"]:
            if session["node"] == node and session["router"] in self.routers:
                for route in self.routes_to(addresses, session["router"], session["router_address"]):
                    found[route.destination] = route
        return tuple(found[name] for name in sorted(found))

    def return_paths(self, node: str, legs: Iterable[Leg]) -> tuple[tuple[Route, ...], tuple[Rule, ...]]:
        """Return a node's routing rules for answers that leave through the network of the request, and their tables.

        As a site declares by ``return_path: network``. Each network has a table of its own: the subnets of the leg, and
        its router as the default route.
        """
        routes: list[Route] = []
        rules: list[Rule] = []
        paths = self.return_path_sources.get(node, {})
        for number, network in enumerate(self.networks, start=RETURN_TABLES):
            bridge = self.segments[network][0]
            own = [leg for leg in legs if leg.bridge == bridge]
            hops = self.gateways([network], own) if network in paths else {}
            for leg in own if hops else ():
                for text in leg.addresses:
                    subnet = ip_interface(text).network
                    routes.append(Route(str(subnet), subnet.version, (), interface=leg.interface, table=number))
            for family, via in sorted(hops.items()):
                sources = [source for source in paths[network] if ip_network(source).version == family]
                if sources:
                    routes.append(Route("default", family, via, table=number))
                    rules += [Rule(source, family, number) for source in sources]
        return tuple(routes), tuple(rules)

    def router_routes(self, host: str) -> tuple[Route, ...]:
        """Return a router's routes to session addresses outside of its subnets (loopbacks, other networks)."""
        own = self.routers[host]["addresses"]
        found: dict[str, Route] = {}
        for neighbor in self.neighbors:
            if neighbor["router"] == host and neighbor["other"] in self.routers:
                for address in neighbor["addresses"]:
                    for route in self.routes_to(own, neighbor["other"], address):
                        found[route.destination] = route
        for session in self.plan["sessions"]:
            address = session["node_address"]
            if session["router"] != host or not address or address in self._on_link(own):
                continue
            for other in sorted(self.routers):
                if other != host and address in self._on_link(self.routers[other]["addresses"]):
                    target = ip_address(address)
                    hops = self._shared_hops(own, other, target.version)
                    if hops:
                        text = f"{target}/{target.max_prefixlen}"
                        found[text] = Route(text, target.version, (hops[0],), OWN_METRIC)
                        break
        return tuple(found[name] for name in sorted(found))

    def _shared_hops(self, own: Mapping[str, Sequence[str]], other: str, family: int) -> list[str]:
        near = self._on_link(own)
        return [
            hop
            for network, addresses in self.routers[other]["addresses"].items()
            if own.get(network) and self.segments[network][0] != LOOPBACK
            for hop in addresses
            if ip_address(hop).version == family and hop in near
        ]

    def listen_ranges(self, session: PlannedSession) -> list[tuple[str, Network]]:
        """Return (network, range) of each range in which a session's router listens for its nodes."""
        ranges = map(ip_network, peer_group(self.plan, session["router"], session["peer_group"])["listen_ranges"])
        return [
            (found[0], cidr)
            for cidr in ranges
            if (found := subnet_of(self.networks, str(cidr.network_address))) is not None
        ]

    # Routers and clients

    def router(self, host: str, uplink: Uplink | None, extra: Sequence[Leg]) -> Host:
        """Return a router: a leg on each of its networks and for each unnumbered neighbor, and its uplink."""
        reserved = [leg.interface for leg in extra]
        legs = (*self.legs(host, self.routers[host]["addresses"], named=False, reserved=reserved), *extra)
        routes = self.router_routes(host)
        if uplink:
            legs, routes = (*legs, *uplink[0]), (*uplink[1], *routes)
        settings = self.settings
        platform = platform_of(settings, host, self.routers[host]["platform"])
        sysctls = router_sysctls(settings, platform)
        if extra:
            sysctls |= NO_DUPLICATE_CHECK
        rules = read_rules(settings.firewall_rules, self.plan)
        zone = self._zone(host, legs)
        forwards = own_forwards(self.port_forwards, host, zone.wan)
        answering = {name for network in self._proxy_arp(settings) for name in zone.interfaces.get(network, ())}
        return Host(
            "router",
            host,
            self.namespace("host", host),
            legs,
            routes,
            sysctls=sysctls,
            firewall=ruleset(settings, platform, zone, rules, forwards),
            port_forwards=tuple(
                {
                    "address": item.address,
                    "protocol": item.protocol,
                    "outside_port": item.outside_port,
                    "to": item.to,
                    "port": item.port,
                }
                for item in forwards
            ),
            proxy_arp=tuple(sorted(answering)),
        )

    def _proxy_arp(self, settings: RouterSettings) -> list[str]:
        """Return the networks of ``edge_twin_proxy_arp``.

        Raises:
            EdgeError: one is no provider's wire on which a router has an IPv4 address.
        """
        wires = [
            name
            for name, network in self.networks.items()
            if network["delivery"] == "on_link"
            and any(
                ip_address(address).version == 4
                for router in self.routers.values()
                for address in router["addresses"].get(name, ())
            )
        ]
        for index, name in enumerate(settings.proxy_arp):
            path = f"edge_twin_proxy_arp[{index}]"
            if name in wires:
                continue
            if name in self.networks:
                problem = f"network {name!r} is no provider's wire with an IPv4 address of a router"
                raise EdgeError(
                    path, problem, "delivery: on_link at it in edge_networks, and edge_addresses of a router"
                )
            hint = did_you_mean(str(name), wires) or f"networks with delivery: on_link: {', '.join(wires) or 'none'}"
            raise EdgeError(path, f"no network {name!r}", hint)
        return [name for name in wires if name in settings.proxy_arp]

    def _zone(self, host: str, legs: Sequence[Leg]) -> Zone:
        """Return a router's interfaces by network, and which of them lead outside.

        Outside are the transfer network towards upstream and the wire of a provider (``delivery: on_link``).
        """
        by_bridge = {leg.bridge: leg.interface for leg in legs}
        own = [name for name, addresses in self.routers[host]["addresses"].items() if addresses]
        interfaces = {name: (by_bridge[bridge],) for name in own if (bridge := self.segments[name][0]) in by_bridge}
        wires = [name for name in interfaces if self.networks[name]["delivery"] == "on_link"]
        transfer = [leg.interface for leg in legs if leg.interface == UPSTREAM]
        outside = (*transfer, *(interface for name in wires for interface in interfaces[name]))
        inside = tuple(cidr for name in own if name not in wires for cidr in self.networks[name]["cidrs"])
        wan = [text.split("/")[0] for leg in legs if leg.interface in outside for text in leg.addresses]
        own_wan = next((address for address in wan if ip_address(address).version == 4), None)
        return Zone({**interfaces, UPSTREAM: outside}, outside, inside, own_wan)

    def client(self, network: str) -> Host | None:
        """Return the client on ``network``: the highest address of each CIDR that nothing in the plan uses."""
        bridge = self.segments[network][0]
        addresses = [] if bridge == LOOPBACK else self.free_addresses(network)
        if not addresses:
            return None
        legs = (Leg("eth0", bridge, self.mac(f"client/{network}", bridge), tuple(addresses)),)
        routes = self.default_routes([network], legs)
        namespace = self.namespace("client", network)
        return Host("client", network, namespace, legs, routes, sysctls=host_sysctls(forwards=False))

    def free_addresses(self, network: str) -> list[str]:
        """Return the highest free address of each of a network's CIDRs, with its length."""
        cidrs = self.networks[network]["cidrs"]
        return [text for cidr in cidrs if (text := highest_free(ip_network(cidr), self.taken))]

    def take(self, address: str) -> None:
        """Note that an address is in use."""
        self.taken.append((ip_address(address), ip_address(address)))

    # Upstream

    def upstream(self) -> tuple[Host | None, dict[str, Uplink], set[str]]:
        """Return the client upstream of the routers, each router's uplink, and the networks on which upstream stands.

        A network with ``delivery: on_link`` in which a router has an address *is* the provider's wire: upstream has an
        address there, and asks for each of its addresses by ARP. Else there is a transfer network, and upstream has
        routes: to the whole of a network with ``delivery: routed``, and to the pools that are announced over BGP.
        """
        families = self._pool_families()
        if not families or not self.routers:
            return None, {}, set()
        plug = _Upstream(self, families)
        for index, host in enumerate(sorted(self.routers)):
            plug.connect(host, index)
        client = Host(
            "client",
            UPSTREAM,
            self.namespace("client", UPSTREAM),
            tuple(plug.legs),
            self._upstream_routes(plug),
            sysctls=host_sysctls(forwards=False),
        )
        return client, plug.uplinks, plug.on_link

    def _pool_families(self) -> set[int]:
        """Return the families in which something comes from upstream: to pools by BGP, and to port forwards."""
        announced = {
            ip_address(first).version for pool in self.plan["pools"] if pool["bgp"] for first, _last in pool["ranges"]
        }
        return announced | ({4} if self.port_forwards else set())

    def _upstream_routes(self, plug: _Upstream) -> tuple[Route, ...]:
        """Return a route for each prefix of a BGP pool, via the routers that accept it."""
        prefixes: dict[Network, set[str]] = {}
        for name, network in self.networks.items():
            if network["delivery"] == "routed":
                holders = {host for host in self.routers if self.routers[host]["addresses"].get(name)}
                for cidr in map(ip_network, network["cidrs"]):
                    prefixes.setdefault(cidr, set()).update(holders or set(self.routers))
        wide = _Subnets([*prefixes, *(ip_network(c) for name in plug.on_link for c in self.networks[name]["cidrs"])])
        accept: dict[tuple[str, str], set[str]] = {}
        for session in self.plan["sessions"]:
            accept.setdefault((session["cluster"], session["peering"]), set()).add(session["router"])
        for pool in self.plan["pools"]:
            hosts = set().union(*(accept.get((pool["cluster"], peering), ()) for peering in pool["bgp"]))
            for first, last in pool["ranges"] if pool["bgp"] else ():
                if first in wide and last in wide:
                    continue
                for cidr in summarize(ip_address(first), ip_address(last)):
                    prefixes.setdefault(cidr, set()).update(hosts & set(self.routers) or set(self.routers))
        return tuple(
            Route(str(cidr), cidr.version, hops)
            for cidr in sorted(prefixes, key=lambda item: (item.version, item))
            if (hops := plug.hops(prefixes[cidr], cidr.version))
        )


class _Subnets:
    """Subnets; ``address in subnets`` says whether one of them holds the address."""

    def __init__(self, subnets: Iterable[Network]) -> None:
        self.subnets = list(subnets)

    def __contains__(self, address: object) -> bool:
        ip = ip_address(str(address))
        return any(ip.version == subnet.version and ip in subnet for subnet in self.subnets)


class _Upstream:
    """The upstream client's legs while routers are connected to it one by one."""

    def __init__(self, wiring: Wiring, families: Iterable[int]) -> None:
        self.wiring = wiring
        purpose = "a transfer network towards the upstream client"
        self.ranges = {family: free_of(_UPSTREAM_POOLS[family], wiring.taken, purpose) for family in sorted(families)}
        self.legs: list[Leg] = []
        self.uplinks: dict[str, Uplink] = {}
        self.on_link: set[str] = set()
        self._own: dict[str, list[IPv4Interface | IPv6Interface]] = {}
        """Network -> its addresses there, one in each subnet."""
        self._next_hops: dict[tuple[str, int], str] = {}

    def hops(self, routers: Iterable[str], family: int) -> tuple[str, ...]:
        """Return the addresses at which upstream reaches ``routers``."""
        return tuple(self._next_hops[host, family] for host in sorted(routers) if (host, family) in self._next_hops)

    def connect(self, host: str, index: int) -> None:
        """Join a router to upstream."""
        routes = self._join_wires(host)
        bridge = f"{UPSTREAM}{index}"
        router_side, client_side = [], []
        for family, pool in self.ranges.items():
            if (host, family) in self._next_hops:
                continue
            length = 30 if family == 4 else 126
            first = int(pool.network_address) + 4 * index
            base = IPv4Address(first) if family == 4 else IPv6Address(first)
            router_side.append(f"{base + 1}/{length}")
            client_side.append(f"{base + 2}/{length}")
            routes.append(Route("default", family, (str(base + 2),)))
            self._next_hops[host, family] = str(base + 1)
        legs: tuple[Leg, ...] = ()
        if router_side:
            legs = (Leg(UPSTREAM, bridge, self.wiring.mac(host, bridge), tuple(router_side)),)
            self._add(bridge, tuple(client_side))
        self.uplinks[host] = legs, tuple(routes)

    def _add(self, bridge: str, addresses: tuple[str, ...]) -> None:
        self.legs.append(Leg(f"eth{len(self.legs)}", bridge, self.wiring.mac(UPSTREAM, bridge), addresses))

    def _join_wires(self, host: str) -> list[Route]:
        """Put upstream on the router's networks with ``delivery: on_link``; return the router's default routes."""
        routes = []
        for name, addresses in self.wiring.routers[host]["addresses"].items():
            if self.wiring.networks[name]["delivery"] != "on_link":
                continue
            if name not in self._own:
                free = self.wiring.free_addresses(name)
                for text in free:
                    self.wiring.take(text.split("/")[0])
                if free:
                    self._add(self.wiring.segments[name][0], tuple(free))
                self._own[name] = [ip_interface(text) for text in free]
            for address in addresses:
                family = ip_address(address).version
                via = next((own.ip for own in self._own[name] if address in _Subnets([own.network])), None)
                if via and (host, family) not in self._next_hops:
                    self._next_hops[host, family] = address
                    self.on_link.add(name)
                    routes.append(Route("default", family, (str(via),)))
        return routes
