# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall of a router of the twin, as an nftables ruleset: which packets it forwards, and with what source.

A connection is followed from its first packet. One of which the router sees a half only (the answer leaves by another
way than the request came) is *invalid* to conntrack: the answer where the request was not seen, the third packet of
the handshake where the answer was not.

What is dropped is noted by its addresses and ports, in :data:`NOTES`, so that the reason can be told afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from ....module_utils._errors import EdgeError
from ..._document.plan import PlanDocument
from .model import UPSTREAM
from .platforms import PLATFORMS, Platform, RouterSettings, reverse_path_of
from .port_forwards import PortForward, mapping_of

TABLE = "cluster_edge_twin"
"""Name of the table, of the family ``inet``."""

HALF, BLOCKED, REVERSE = "half", "blocked", "reverse"
NOTES = (HALF, BLOCKED, REVERSE)
"""Sets of (source, destination, source port, destination port) of dropped packets, as ``<name>4`` and ``<name>6``:
connections seen half, what no rule lets in, and what came in by another interface than the answer to it would leave
by."""

_ADDRESS = {4: ("ip", "ipv4_addr"), 6: ("ip6", "ipv6_addr")}
"""Family -> its word in an expression, and the type of its addresses."""


@dataclass(frozen=True, slots=True)
class Zone:
    """One router as its firewall sees it."""

    interfaces: Mapping[str, tuple[str, ...]]
    """Network (and ``upstream``) -> the router's interfaces there."""
    outside: tuple[str, ...]
    """Interfaces towards upstream."""
    inside: tuple[str, ...]
    """CIDRs of the networks on the other interfaces: those that a UniFi router knows."""
    wan: str | None = None
    """Its own IPv4 address towards upstream."""


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """What the site's own firewall does with new connections."""

    interfaces: frozenset[str] | None
    """Networks (or ``upstream``) from which they come; None = any."""
    ranges: tuple[tuple[str, str], ...] | None
    """First and last address of where they go to; None = anywhere."""
    allow: bool


def read_rules(raw: Sequence[object], plan: PlanDocument) -> tuple[FirewallRule, ...]:
    """Return the rules of ``edge_twin_firewall_rules``.

    Raises:
        EdgeError: one cannot be read, or names what the plan does not have.
    """
    return tuple(_read_rule(f"edge_twin_firewall_rules[{index}]", item, plan) for index, item in enumerate(raw))


def _read_rule(path: str, item: object, plan: PlanDocument) -> FirewallRule:
    item = mapping_of(path, item, ("from", "to", "action"), "rule", "a mapping with from, to and action")
    action = item.get("action", "allow")
    if action not in ("allow", "block"):
        raise EdgeError(f"{path}.action", f"{action!r} is neither allow nor block")
    sources = _names(f"{path}.from", item.get("from"))
    for name in sources or ():
        if name != UPSTREAM and name not in plan["networks"]:
            raise EdgeError(f"{path}.from", f"no network {name!r}", _known([UPSTREAM, *plan["networks"]]))
    targets = _names(f"{path}.to", item.get("to"))
    ranges = None if targets is None else tuple(part for name in targets for part in _ranges(f"{path}.to", name, plan))
    return FirewallRule(None if sources is None else frozenset(sources), ranges, action == "allow")


def _names(path: str, value: object) -> list[str] | None:
    """Return names, of which one may stand alone; None = any."""
    if value is None or value == "any":
        return None
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise EdgeError(path, f"{value!r} is neither a name nor a list of names")
    return list(names)


def _ranges(path: str, name: str, plan: PlanDocument) -> list[tuple[str, str]]:
    """Return first and last addresses of a pool (``pool`` or ``cluster/pool``) or a network."""
    pools = [pool for pool in plan["pools"] if name in (pool["name"], f"{pool['cluster']}/{pool['name']}")]
    if pools and name in plan["networks"]:
        raise EdgeError(path, f"{name!r} is a pool and a network", f"the pool alone: {pools[0]['cluster']}/{name}")
    if pools:
        return [(first, last) for pool in pools for first, last in pool["ranges"]]
    if name not in plan["networks"]:
        known = [*(pool["name"] for pool in plan["pools"]), *plan["networks"]]
        raise EdgeError(path, f"no pool or network {name!r}", _known(known))
    cidrs = [ip_network(cidr) for cidr in plan["networks"][name]["cidrs"]]
    return [(str(cidr.network_address), str(cidr.broadcast_address)) for cidr in cidrs]


def _known(names: Iterable[str]) -> str:
    return f"known: {', '.join(sorted(set(names))) or 'none'}"


def ruleset(
    settings: RouterSettings,
    platform: str,
    zone: Zone,
    rules: Sequence[FirewallRule],
    forwards: Sequence[PortForward] = (),
) -> str:
    """Return the body of the router's table; empty where it drops and translates nothing.

    Args:
        settings: what the twin is asked for.
        platform: whose defaults the router has.
        zone: the router's interfaces and networks.
        rules: of the site; the first that fits counts, before the platform's own.
        forwards: the router's port forwards, each with its outside address.
    """
    defaults = PLATFORMS[platform]
    chains = _reverse_path() if reverse_path_of(settings, platform) == "strict" else []
    stateful = settings.firewall == "stateful"
    zones = defaults.zones and settings.firewall != "off"
    if zones or stateful or (rules and settings.firewall != "off"):
        chains += _forward(zone, rules, zones, stateful, bool(forwards))
    chains += _port_forwards(forwards)
    chains += _nat(settings, defaults, zone, forwards)
    if not chains:
        return ""
    flags = "size 65536; flags dynamic,timeout; timeout 5m;"
    sets = [
        f"  set {name}{family} {{ type {kind} . {kind} . inet_service . inet_service; {flags} }}"
        for name in NOTES
        for family, (_word, kind) in _ADDRESS.items()
    ]
    return "\n".join([*sets, *chains]) + "\n"


def _noted(word: str) -> str:
    """Return the expression of what is noted of a packet."""
    return f"{word} saddr . {word} daddr . th sport . th dport"


def _reverse_path() -> list[str]:
    """Return the chain that notes what the kernel's strict reverse path (IPv4's alone) is about to drop."""
    return [
        "  chain reverse_path {",
        "    type filter hook prerouting priority raw; policy accept;",
        f"    meta nfproto ipv4 fib saddr . iif oif missing update @{REVERSE}4 {{ {_noted('ip')} }}",
        "  }",
    ]


def _forward(zone: Zone, rules: Sequence[FirewallRule], zones: bool, stateful: bool, port_forwards: bool) -> list[str]:
    """Return the chain of forwarded packets, and those that note and drop.

    What a port forward of UniFi leads in needs no rule beside it.
    """
    lines = ["ct state established,related accept"]
    for rule in rules:
        lines += _rule(zone, rule)
    if stateful:
        lines.append(f"ct state invalid jump {HALF}")
    if zones:
        if zone.outside:
            outside = f"iifname {_quoted(zone.outside)}"
            lines.append(f"{outside} ct state invalid jump {HALF}")
            if port_forwards:
                lines.append(f"{outside} ct status dnat accept")
            lines.append(f"{outside} jump {BLOCKED}")
        for family, (word, _kind) in _ADDRESS.items():
            inside = [cidr for cidr in zone.inside if ip_network(cidr).version == family]
            if inside:
                lines.append(f"{word} daddr {{ {', '.join(inside)} }} accept")
        lines.append(f"ct state invalid jump {HALF}")
    chain = ["  chain forward {", "    type filter hook forward priority filter; policy accept;"]
    chain += [*(f"    {line}" for line in lines), "  }"]
    for name in (HALF, BLOCKED):
        chain += [
            f"  chain {name} {{",
            *(f"    update @{name}{family} {{ {_noted(word)} }}" for family, (word, _kind) in _ADDRESS.items()),
            "    drop",
            "  }",
        ]
    return chain


def _port_forwards(forwards: Iterable[PortForward]) -> list[str]:
    """Return the chain that translates destinations, whichever interface a packet comes in by."""
    lines = [
        f"ip daddr {item.address} {item.protocol.lower()} dport {item.outside_port} dnat ip to {item.to}:{item.port}"
        for item in forwards
    ]
    if not lines:
        return []
    chain = ["  chain port_forwards {", "    type nat hook prerouting priority dstnat; policy accept;"]
    return [*chain, *(f"    {line}" for line in lines), "  }"]


def _nat(settings: RouterSettings, platform: Platform, zone: Zone, forwards: Iterable[PortForward]) -> list[str]:
    """Return the chain that translates sources of new IPv4 connections of the router's own networks."""
    networks = [cidr for cidr in zone.inside if ip_network(cidr).version == 4]
    inside = ", ".join(networks)
    unknown = settings.nat == "unknown_ranges"
    if not inside or settings.nat == "off":
        return []
    lines = [
        f"ip saddr {cidr} ip daddr {item.to} {item.protocol.lower()} dport {item.port} masquerade"
        for item in (forwards if platform.hairpin else ())
        for cidr in networks
        if ip_address(item.to) in ip_network(cidr)
    ]
    if zone.outside and (platform.masquerade or unknown):
        lines.append(f"oifname {_quoted(zone.outside)} ip saddr {{ {inside} }} masquerade")
    if unknown:
        lines.append(f"ip saddr {{ {inside} }} ip daddr != {{ {inside} }} masquerade")
    if not lines:
        return []
    chain = ["  chain nat {", "    type nat hook postrouting priority srcnat; policy accept;"]
    return [*chain, *(f"    {line}" for line in lines), "  }"]


def _rule(zone: Zone, rule: FirewallRule) -> list[str]:
    """Return the lines of one rule of the site; none where the router is not on its networks."""
    source = ""
    if rule.interfaces is not None:
        names = sorted({name for network in rule.interfaces for name in zone.interfaces.get(network, ())})
        if not names:
            return []
        source = f"iifname {_quoted(names)} "
    verdict = "accept" if rule.allow else f"jump {BLOCKED}"
    if rule.ranges is None:
        return [f"{source}ct state new {verdict}"]
    lines = []
    for family, (word, _kind) in _ADDRESS.items():
        own = [pair for pair in rule.ranges if (":" in pair[0]) == (family == 6)]
        texts = [first if first == last else f"{first}-{last}" for first, last in own]
        if texts:
            lines.append(f"{source}ct state new {word} daddr {{ {', '.join(texts)} }} {verdict}")
    return lines


def _quoted(names: Iterable[str]) -> str:
    return "{ " + ", ".join(f'"{name}"' for name in names) + " }"
