# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the two ends report, read from the raw JSON of FRR and Kubernetes into one small shape.

FRR's JSON differs between versions (7.5 to 10.x); everything that differs is dealt with here. Addresses become
canonical text so that they compare with the plan's.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...module_utils._errors import EdgeError
from ...module_utils._frr.state import FAMILIES as FRR_FAMILIES
from ...module_utils._frr.state import plain_asns, read_asn
from ...module_utils._kubernetes.cilium_kinds import RANGES_POLICY, lease_name
from ...module_utils._kubernetes.note import KEYS_OF, NOTED
from ...module_utils._kubernetes.removal import ending
from .._addressing.addresses import Address
from .._addressing.families import FAMILIES
from .._cilium.lb_ipam import asked_addresses
from .._kubernetes.labels import FIELD_MANAGER, LABEL_MANAGED_BY, LABEL_SITE, LOAD_BALANCER_CLASSES


def _read_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that ``text`` spells; None for text that is none.

    The API server takes what Go reads, so IPv4 with zeros in front and IPv4 mapped into IPv6 (KEP-4858).
    """
    try:
        address = ipaddress.ip_address(re.sub(r"\b0+(?=\d)", "", text))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def canonical(address: str) -> str:
    """Return ``address`` in its canonical spelling; text that is no address stays as it is."""
    found = _read_address(address)
    return address if found is None else str(found)


def _in_order(texts: Iterable[object]) -> tuple[str, ...]:
    """Return the addresses that ``texts`` spell, each once and canonical, as numbers, IPv4 first."""
    found = {address for text in texts if (address := _read_address(str(text))) is not None}
    return tuple(str(address) for address in sorted(found, key=lambda address: (address.version, int(address))))


def canonical_prefix(prefix: str) -> str:
    """Return ``prefix`` in its canonical spelling; text that is no prefix stays as it is."""
    try:
        return str(ipaddress.ip_network(prefix, strict=False))
    except ValueError:
        return prefix


def within(address: str, ranges: Iterable[str]) -> bool:
    """Return whether ``address`` is in one of the CIDRs ``ranges``; text that is neither matches nothing."""
    for text in ranges:
        try:
            if ipaddress.ip_address(address) in ipaddress.ip_network(text):
                return True
        except ValueError:
            continue
    return False


def is_link_local(address: str) -> bool:
    """Return whether an address is link-local (RFC 4291 section 2.5.6); text that is no address is not."""
    try:
        return ipaddress.ip_address(address).is_link_local
    except ValueError:
        return False


# --- the router ---------------------------------------------------------------------------------------------------


COUNTERS = {
    "inboundFiltered": "refused by the import",
    "aspathLoop": "refused for a loop in their path",
    "originatorLoop": "refused for their own originator",
    "clusterLoop": "refused for a loop of reflectors",
    "invalidNextHop": "refused for their next hop",
    "attributesDiscarded": "with malformed attributes",
}
"""FRR's counters of routes that it did not take as they came -> in words. FRR 7.5 and 8.4 do not show them."""


@dataclass(frozen=True, slots=True)
class CountersSeen:
    """What a session counts."""

    dropped: int = 0
    """How often it was closed since the router knows the neighbor."""
    up: int = 0
    """Seconds since it is up."""
    discarded: Mapping[str, int] = field(default_factory=dict)
    """By key of :data:`COUNTERS`."""


@dataclass(frozen=True, slots=True)
class NeighborSeen:
    """One neighbor as ``show bgp neighbors json`` and ``show bgp summary json`` have it. Times are seconds."""

    address: str
    remote_as: int | None
    state: str
    peer_state: str
    hold: int
    keepalive: int
    shut_down: bool
    has_password: bool
    families: frozenset[str]
    """Negotiated route families; empty unless Established."""
    sent: Mapping[str, int]
    """Prefixes announced to it, by family."""
    default_sent: frozenset[str]
    """Families in which the default route was originated to it (it passes by the outbound route-map)."""
    reason: str | None
    route_maps: Mapping[str, tuple[str | None, str | None]]
    """Family -> the route-maps for what it sends and for what it is sent; None: there is none."""
    restart: int | None
    """Seconds for which it asked that its routes are kept while it restarts; 0: it did not ask; None: not known."""
    restart_granted: bool
    """Whether the router takes part in that."""
    restart_ends: frozenset[str]
    """Who told the other that it knows graceful restart: ``router``, ``neighbor``, or both."""
    bfd: str | None
    """What BFD (RFC 5880) says of it, in FRR's words: ``Up``, ``Down``, ``Admin Down``, ``Unknown`` (nothing yet, as
    where bfdd does not run); None: it is not shown, as where BFD is not configured for it."""
    counters: CountersSeen
    without_policy: frozenset[str]
    """Families in which FRR exchanges no routes since a direction has no policy (RFC 8212)."""
    transport: str
    """Its address; differs from ``address`` where that is the interface of an unnumbered neighbor."""

    @property
    def established(self) -> bool:
        """True if the session is up."""
        return self.state == "Established"


@dataclass(frozen=True, slots=True)
class AttributesSeen:
    """What a route carries beside its prefix."""

    communities: frozenset[str] | None = None
    """Standard and large ones, as FRR shows them; None: they were not read."""
    local_preference: int | None = None
    med: int | None = None
    as_path: tuple[str, ...] | None = None
    """AS numbers, the nearest first; None: it was not read. FRR shows what it announces without its own AS, which it
    puts in front when it sends."""


@dataclass(frozen=True, slots=True)
class PathSeen:
    """One accepted path of a prefix."""

    neighbor: str
    valid: bool
    stale: bool
    used: bool
    """Best path, or part of its multipath."""
    next_hops: frozenset[str] = frozenset()
    """Addresses that it leads to: one, or for IPv6 a global and a link-local one."""
    attributes: AttributesSeen = AttributesSeen()


@dataclass(frozen=True, slots=True)
class RouteSeen:
    """A BGP route in the router's own table."""

    installed: bool
    next_hops: frozenset[str] = frozenset()
    """Addresses that the kernel sends to; of a next hop over several hops its own address, not that of the way to it. A
    blackhole has none and leads to nobody."""
    gateways: frozenset[str] = frozenset()
    """Addresses of all active next hops, those that the kernel does not use among them."""
    ways: tuple[tuple[str, str], ...] = ()
    """(address, interface) of each next hop that packets leave by; of a next hop over several hops the way to it."""
    leaves: tuple[tuple[str, str], ...] = ()
    """(address of ``next_hops``, interface): by which interface packets for each leave."""


@dataclass(frozen=True, slots=True)
class BestRouteSeen:
    """The route to a prefix that the router's kernel has."""

    protocol: str
    """FRR's word: ``bgp``, ``static``, ``connected``, ``kernel`` or another one."""


@dataclass(frozen=True, slots=True)
class InterfaceSeen:
    """One interface of a router."""

    name: str
    addresses: tuple[str, ...]
    """In CIDR notation."""
    over: str | None
    """The interface below a macvlan, by which its packets may leave as well; None: it is none."""


@dataclass(frozen=True, slots=True)
class RouterSeen:
    """One router at one moment."""

    asn: int | None
    neighbors: Mapping[str, NeighborSeen]
    paths: Mapping[str, Mapping[str, tuple[PathSeen, ...]]]
    """Family -> prefix -> accepted paths."""
    routes: Mapping[str, Mapping[str, RouteSeen]]
    announced: Mapping[tuple[str, str], tuple[str, ...]]
    """(neighbor, family) -> prefixes announced to it."""
    announced_with: Mapping[tuple[str, str], Mapping[str, AttributesSeen]] = field(default_factory=dict)
    """The same, each prefix with its attributes."""
    as_paths: Mapping[str, Mapping[str, frozenset[tuple[str, ...]]]] = field(default_factory=dict)
    """Family -> prefix -> AS paths with which the router holds it; of a route of its own the empty one."""
    interfaces: tuple[InterfaceSeen, ...] = ()
    """Empty: they could not be read."""
    forwards: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    """Family -> interface -> whether its kernel forwards packets that come in by it; ``all``: the setting for all. A
    family of which that is not known is absent."""

    best: Mapping[str, Mapping[str, BestRouteSeen]] | None = None
    """Family -> prefix -> the route of whatever protocol, of the prefixes that were asked for; None: none were."""

    def legs(self, own: Iterable[str], other: str) -> frozenset[str]:
        """Return the interfaces by which the router reaches ``other`` directly from one of its ``own`` addresses.

        An address without a subnet around it, as on a loopback, a virtual router's or a point-to-point link, says
        nothing of the way to another.
        """
        found: set[str] = set()
        for interface in self.interfaces:
            for text in interface.addresses:
                address, _slash, length = text.partition("/")
                subnet = ipaddress.ip_network(text, strict=False)
                if canonical(address) in own and int(length) < subnet.max_prefixlen and within(other, [str(subnet)]):
                    found |= {interface.name} | ({interface.over} if interface.over else set())
        return frozenset(found)

    @property
    def runs_bgp(self) -> bool:
        """Whether there is a BGP instance with neighbors; FRR does not show one without."""
        return self.asn is not None or bool(self.neighbors)

    def prefixes_from(self, family: str, address: str) -> list[str]:
        """Return the prefixes that were accepted from the neighbor at ``address``."""
        table = self.paths[family]
        return [prefix for prefix in table if any(path.neighbor == address for path in table[prefix])]


_STRANGE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What the reading of an answer raises whose shape is not known."""


def read_router(raw: Mapping[str, Any]) -> RouterSeen:
    """Read what the module ``frr_info`` returned.

    Args:
        raw: ``summary``, ``neighbors``, and by family ``bgp``, ``routes``, ``advertised``: FRR's JSON, as it came.

    Raises:
        EdgeError: its shape is not known.
    """
    try:
        return _read_router(raw)
    except _STRANGE as error:
        raise _strange("FRR's answers", error) from error


def _strange(what: str, error: Exception) -> EdgeError:
    """Return the error of an answer whose shape is not known; it quotes none of it."""
    return EdgeError(what, f"their shape is not known ({type(error).__name__})", "report it, with the version")


def _read_router(raw: Mapping[str, Any]) -> RouterSeen:
    """Read what the module ``frr_info`` returned."""
    summary = raw.get("summary") or {}
    peers: dict[str, Mapping[str, Any]] = {}
    asn: int | None = None
    without_policy: dict[str, set[str]] = {}
    for family in FAMILIES:
        part = summary.get(FRR_FAMILIES[family]) or {}
        asn = asn if asn is not None else read_asn(part.get("as"))
        for address, peer in (part.get("peers") or {}).items():
            peers.setdefault(canonical(address), peer)
            if peer.get("peerState") == "Policy":
                without_policy.setdefault(canonical(address), set()).add(family)
    neighbors = {
        canonical(address): _neighbor(
            canonical(address), value, peers.get(canonical(address), {}), without_policy.get(canonical(address), ())
        )
        for address, value in (raw.get("neighbors") or {}).items()
        if isinstance(value, Mapping)
    }
    return RouterSeen(
        asn=asn,
        neighbors=neighbors,
        paths={
            family: _paths((raw.get("bgp") or {}).get(family) or {}, (raw.get("details") or {}).get(family))
            for family in FAMILIES
        },
        routes={family: _routes((raw.get("routes") or {}).get(family) or {}) for family in FAMILIES},
        announced={
            (canonical(address), family): tuple(
                sorted(canonical_prefix(p) for p in value.get("advertisedRoutes") or {})
            )
            for family in FAMILIES
            for address, value in ((raw.get("advertised") or {}).get(family) or {}).items()
        },
        announced_with={
            (canonical(address), family): {
                canonical_prefix(prefix): _announced_with(route)
                for prefix, route in (value.get("advertisedRoutes") or {}).items()
            }
            for family in FAMILIES
            for address, value in ((raw.get("advertised") or {}).get(family) or {}).items()
        },
        as_paths={family: _as_paths((raw.get("bgp") or {}).get(family) or {}) for family in FAMILIES},
        interfaces=tuple(
            InterfaceSeen(
                str(item.get("name") or ""),
                tuple(str(ipaddress.ip_interface(text)) for text in item.get("addresses") or ()),
                item.get("over") or None,
            )
            for item in raw.get("interfaces") or []
        ),
        best=None if raw.get("best") is None else {family: _best(raw["best"].get(family) or {}) for family in FAMILIES},
        forwards={
            family: {str(interface): bool(forwards) for interface, forwards in found.items()}
            for family, found in (raw.get("forwarding") or {}).items()
        },
    )


def _neighbor(
    address: str, value: Mapping[str, Any], peer: Mapping[str, Any], without_policy: Iterable[str]
) -> NeighborSeen:
    """Read one neighbor; ``peer`` is a line of it in the summary, which alone tells why a session is Idle."""
    families = value.get("addressFamilyInfo") or {}
    negotiated = (value.get("neighborCapabilities") or {}).get("multiprotocolExtensions") or {}
    peer_state = str(peer.get("peerState") or "")
    summary_state = str(peer.get("state") or "")
    if not peer_state and "(" in summary_state:  # FRR 7.5 has no peerState, but says "Idle (Admin)" and "Idle (PfxCt)"
        peer_state = summary_state.split("(", 1)[1].rstrip(")")
    return NeighborSeen(
        address=address,
        remote_as=read_asn(value.get("remoteAs")),
        state=str(value.get("bgpState") or "unknown"),
        peer_state=peer_state,
        hold=int(value.get("bgpTimerHoldTimeMsecs") or 0) // 1000,
        keepalive=int(value.get("bgpTimerKeepAliveIntervalMsecs") or 0) // 1000,
        shut_down=bool(value.get("adminShutDown")) or peer_state == "Admin",
        has_password=bool(value.get("authenticationEnabled")),
        families=frozenset(
            family for family in FAMILIES if (negotiated.get(FRR_FAMILIES[family]) or {}).get("advertisedAndReceived")
        ),
        sent={
            family: int((families.get(FRR_FAMILIES[family]) or {}).get("sentPrefixCounter") or 0) for family in FAMILIES
        },
        default_sent=frozenset(
            family for family in FAMILIES if (families.get(FRR_FAMILIES[family]) or {}).get("defaultSent")
        ),
        reason=_reason(value),
        route_maps={
            family: (known.get("routeMapForIncomingAdvertisements"), known.get("routeMapForOutgoingAdvertisements"))
            for family in FAMILIES
            for known in [families.get(FRR_FAMILIES[family]) or {}]
        },
        without_policy=frozenset(without_policy),
        transport=canonical(str(value.get("bgpNeighborAddr") or address)),
        restart=_restart(value),
        restart_granted=_capability(value) != "received",
        restart_ends=_RESTART_ENDS.get(_capability(value), frozenset()),
        # FRR 7.5 to 10.x: bgpd's bgp_bfd.c and lib/bfd.c.
        bfd=(value.get("peerBfdInfo") or {}).get("status"),
        counters=CountersSeen(
            dropped=int(value.get("connectionsDropped") or 0),
            up=int(value.get("bgpTimerUpMsec") or 0) // 1000,
            discarded={key: int(number or 0) for key, number in (value.get("prefixStats") or {}).items()},
        ),
    )


_RESTART_ENDS = {
    "advertised": frozenset({"router"}),
    "received": frozenset({"neighbor"}),
    "advertisedAndReceived": frozenset({"router", "neighbor"}),
}
"""FRR's word of graceful restart -> who told the other that it knows it."""


def _capability(value: Mapping[str, Any]) -> str:
    """Return which end told the other that it knows graceful restart, in FRR's words; empty: none."""
    return str((value.get("neighborCapabilities") or {}).get("gracefulRestart") or "")


def _restart(value: Mapping[str, Any]) -> int | None:
    """Return the restart time that an established neighbor asked for (RFC 4724 section 3).

    FRR 10.7 has ``gracefulRestartRemoteTimerSec`` where others have ``gracefulRestartRemoteTimerMsecs``; the timers of
    gracefulRestartInfo are the same in all.
    """
    info = value.get("gracefulRestartInfo")
    if not info:
        return None
    if _capability(value) not in ("advertisedAndReceived", "received"):
        return 0
    seconds = (info.get("timers") or {}).get("receivedRestartTimer")
    return None if seconds is None else int(seconds)


def _reason(value: Mapping[str, Any]) -> str | None:
    """Return why the session last went down: the notification, which is exact, before FRR's own word."""
    notification = value.get("lastNotificationReason")
    due = value.get("lastResetDueTo")
    if notification:
        return str(notification).replace("\\/", "/")
    return str(due) if due else None


def _attributes(short: Mapping[str, Any], detailed: Mapping[str, Any] | None) -> AttributesSeen:
    """Read a path's attributes: FRR shows communities in its detailed answers alone."""
    communities = None
    if detailed is not None:
        kinds = [(detailed.get(kind) or {}).get("string") or "" for kind in ("community", "largeCommunity")]
        communities = frozenset(" ".join(kinds).split())
    return AttributesSeen(communities, short.get("locPrf"), short.get("metric"), _as_path(short))


def _as_path(shown: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Read the AS path of a route: its text stands at ``path``, in detailed answers below ``aspath``; None: in none."""
    text = shown.get("path", (shown.get("aspath") or {}).get("string"))
    if text is None:
        return None
    return () if text == "Local" else tuple(plain_asns(text).split())


def _announced_with(route: Mapping[str, Any]) -> AttributesSeen:
    """Read an entry of ``advertised-routes json``, or of ``advertised-routes detail json``."""
    if "paths" not in route:
        return _attributes(route, None)
    path = next(iter(route["paths"] or ()), None)
    return AttributesSeen() if path is None else _attributes(path, path)


def _as_paths(table: Mapping[str, Any]) -> dict[str, frozenset[tuple[str, ...]]]:
    """Read the AS paths of ``show bgp FAMILY unicast json``, of the router's own routes too."""
    return {
        canonical_prefix(prefix): frozenset(found for path in paths if (found := _as_path(path)) is not None)
        for prefix, paths in (table.get("routes") or {}).items()
    }


def _details(table: Mapping[str, Any] | None) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the detailed paths by prefix and neighbor.

    FRR 8 answers with a list of a head and the paths, FRR 7.5 (of one prefix) and FRR 10 with the list ``paths``.
    """
    result: dict[tuple[str, str], Mapping[str, Any]] = {}
    for prefix, entry in ((table or {}).get("routes") or {}).items():
        for path in entry.get("paths") or () if isinstance(entry, Mapping) else entry:
            neighbor = (path.get("peer") or {}).get("peerId")
            if neighbor:
                result[canonical_prefix(prefix), canonical(str(neighbor))] = path
    return result


def _paths(table: Mapping[str, Any], detailed: Mapping[str, Any] | None) -> dict[str, tuple[PathSeen, ...]]:
    """Read ``show bgp FAMILY unicast json``. The table holds what the import policy let through."""
    result: dict[str, tuple[PathSeen, ...]] = {}
    details = _details(detailed)
    for prefix, paths in (table.get("routes") or {}).items():
        result[str(ipaddress.ip_network(prefix, strict=False))] = tuple(
            PathSeen(
                neighbor=canonical(str(path.get("peerId") or "")),
                valid=bool(path.get("valid")),
                stale=bool(path.get("stale")),
                used=bool(path.get("bestpath") or path.get("multipath")),
                next_hops=frozenset(canonical(str(hop["ip"])) for hop in path.get("nexthops") or [] if "ip" in hop),
                attributes=_attributes(
                    path, details.get((canonical_prefix(prefix), canonical(str(path.get("peerId") or ""))))
                ),
            )
            for path in paths
            if path.get("pathFrom") != "aggregate" and path.get("peerId") not in (None, "(unspec)")
        )
    return result


def _routes(table: Mapping[str, Any]) -> dict[str, RouteSeen]:
    """Read ``show ip route bgp json``; a prefix can have several entries, of which the kernel uses one at most."""
    result: dict[str, RouteSeen] = {}
    for prefix, entries in table.items():
        # One that failed was refused by the kernel when it changed last: what is there is an older one, or none.
        installed = [
            entry for entry in entries if entry.get("installed") and entry.get("selected") and not entry.get("failed")
        ]
        used = [hop for entry in installed for hop in _used_hops(entry.get("nexthops") or [])]
        gateways = frozenset(
            canonical(str(hop["ip"]))
            for entry in installed
            for hop in entry.get("nexthops") or []
            if "ip" in hop and hop.get("active") and not hop.get("resolver")
        )
        ways = {
            (canonical(hop["ip"]), str(hop["interfaceName"]))
            for _gateway, hop in used
            if "ip" in hop and "interfaceName" in hop
        }
        leaves = {(gateway, str(hop["interfaceName"])) for gateway, hop in used if "interfaceName" in hop}
        result[canonical_prefix(prefix)] = RouteSeen(
            bool(installed),
            frozenset(gateway for gateway, _hop in used),
            gateways,
            tuple(sorted(ways)),
            tuple(sorted(leaves)),
        )
    return result


def _best(table: Mapping[str, Any]) -> dict[str, BestRouteSeen]:
    """Read ``show ip route CIDR longer-prefixes json``: of a prefix's entries the one that the kernel has."""
    return {
        canonical_prefix(prefix): BestRouteSeen(str(entry.get("protocol") or "unknown"))
        for prefix, entries in table.items()
        for entry in entries
        if entry.get("selected") and entry.get("installed")
    }


def _used_hops(hops: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Yield (next hop, way to it) of what the kernel uses; behind a next hop over several hops stand the ways to it."""
    gateway = ""
    for hop in hops:
        if not hop.get("resolver"):
            gateway = canonical(str(hop.get("ip") or ""))
        if gateway and hop.get("fib") and hop.get("active"):
            yield gateway, hop


# --- the cluster --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PeerSeen:
    """One BGP peer in the status of a CiliumBGPNodeConfig. Times are seconds; None = not reported."""

    state: str
    hold: int | None
    keepalive: int | None
    advertised: Mapping[str, int]
    address: str = ""
    """Of the router that it is with; empty: not reported."""
    asn: int | None = None
    """Of the router that it is with."""

    @property
    def established(self) -> bool:
        """True if the session is up."""
        return self.state == "established"


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """One live Service."""

    namespace: str
    name: str
    type: str
    load_balancer_class: str | None
    labels: Mapping[str, str]
    traffic_policy: str
    addresses: tuple[str, ...]
    request_problem: str | None
    """Why Cilium's address management gave nothing (condition cilium.io/IPAMRequestSatisfied is False)."""
    ports: tuple[tuple[int, str], ...] = ()
    """(number, protocol), the protocol in capitals."""
    uid: str = ""
    families: tuple[str, ...] = ()
    """Families that it asks for (``ipFamilies``)."""
    source_ranges: tuple[str, ...] = ()
    """CIDRs that are let in alone (``loadBalancerSourceRanges``); none: everybody is."""
    ranges_deny: bool = False
    """Whether an annotation says that these CIDRs are kept out instead."""
    dual_stack: str = ""
    """Kubernetes' word for how many families it needs (``ipFamilyPolicy``); empty: not said."""
    asked: frozenset[Address] = frozenset()
    """The addresses that it asks for by name; none: any will do."""
    served_by_name: bool = False
    """Whether its status has a host name, as other load balancers write it in place of an address."""
    external_ips: tuple[str, ...] = ()
    """Addresses at which it is served because it says so itself (``externalIPs``)."""

    @property
    def lease(self) -> str:
        """The name of its L2 lease."""
        return lease_name(self.namespace, self.name)

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def asked_families(self) -> frozenset[str]:
        """Families of the addresses that it asks for."""
        return frozenset(address.family.key for address in self.asked)

    @property
    def over_bgp(self) -> bool:
        """Whether Cilium's BGP control plane looks at it."""
        return self.load_balancer_class in (None, LOAD_BALANCER_CLASSES["bgp"])

    @property
    def over_l2(self) -> bool:
        """Whether Cilium's L2 announcer looks at it."""
        return self.load_balancer_class in (None, LOAD_BALANCER_CLASSES["l2"])


@dataclass(frozen=True, slots=True)
class EndpointsSeen:
    """On which nodes a service has endpoints, in one family."""

    ready: frozenset[str] = frozenset()
    draining: frozenset[str] = frozenset()
    """Nodes whose endpoints serve but are about to end: whether Cilium still announces from there depends on its
    version and on the moment."""
    nodeless: bool = False
    """An endpoint without a node, such as the one behind Cilium's own Ingress and Gateway services."""


@dataclass(frozen=True, slots=True)
class LeaseSeen:
    """An L2 lease."""

    holder: str
    age: int | None
    """Seconds since the API server wrote its last renewal, by the server's own clock; None = unknown."""
    duration: int | None

    @property
    def expired(self) -> bool:
        """True if its holder let it run out."""
        return self.age is not None and self.duration is not None and self.age > self.duration


@dataclass(frozen=True, slots=True)
class ConditionSeen:
    """A condition with status "True" on one of Cilium's objects."""

    kind: str
    name: str
    type: str
    message: str


@dataclass(frozen=True, slots=True)
class ClusterSeen:
    """One cluster at one moment."""

    not_served: tuple[str, ...]
    """Kinds that the API does not know."""
    objects: frozenset[tuple[str, str]]
    """(kind, name) of Cilium's objects."""
    peers: Mapping[str, Mapping[tuple[str, str], PeerSeen]]
    """Node -> (instance, peer) -> session; a node without CiliumBGPNodeConfig is absent."""
    services: Mapping[str, ServiceSeen]
    endpoints: Mapping[tuple[str, str], EndpointsSeen]
    """(namespace/name, family) -> endpoints."""
    leases: Mapping[str, LeaseSeen]
    conditions: tuple[ConditionSeen, ...] = field(default=())
    node_addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Node -> its addresses, as its CiliumNode has them."""
    owned: tuple[tuple[str, str, str], ...] = ()
    """(site, kind, name) of the objects that carry the ownership labels of a site of this collection."""
    secrets_listed: bool = False
    """Whether Secrets are among these."""
    ending: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(kind, name) of the objects that were deleted -> why they are there still."""
    pod_cidrs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Node -> pod CIDRs, as its CiliumNode has them; Cilium announces these."""
    made: frozenset[str] | None = None
    """UIDs of what the site made in the cluster; None where no run has noted its Services."""

    agents: Mapping[str, bool] | None = None
    """Node -> whether Cilium's agent there is ready; None where the account may not know."""
    agents_read: bool = False
    """Whether that was asked for."""
    operator: bool | None = None
    """Whether an operator of Cilium is ready; None where nobody knows."""

    def endpoints_of(self, service: str, family: str) -> EndpointsSeen:
        """Return the endpoints of ``service`` in ``family``."""
        return self.endpoints.get((service, family), EndpointsSeen())


CONDITION_KINDS = (
    "CiliumBGPClusterConfig",
    "CiliumBGPPeerConfig",
    "CiliumBGPNodeConfig",
    "CiliumLoadBalancerIPPool",
    "CiliumL2AnnouncementPolicy",
)
"""Kinds whose conditions say, with status "True", that something is wrong."""


def read_cluster(raw: Mapping[str, Any]) -> ClusterSeen:
    """Read what the module ``cilium_info`` returned.

    Args:
        raw: ``time`` (the API server's clock, RFC 3339) and ``resources``: kind -> objects, or None if not served;
            and ``noted``, what the site's ConfigMap holds (``_live_cluster/note``).

    Raises:
        EdgeError: its shape is not known.
    """
    try:
        return _read_cluster(raw)
    except _STRANGE as error:
        raise _strange("Kubernetes' answers", error) from error


def _made(noted: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the UIDs of what this site made, from its ConfigMap; None where no service was noted yet.

    An object of others of which it set single keys alone is not among them.
    """
    if f"{NOTED}services" not in noted:
        return None
    return frozenset(uid for uid, what in noted.items() if not str(what).startswith(KEYS_OF))


def _read_cluster(raw: Mapping[str, Any]) -> ClusterSeen:
    """Read what the module ``cilium_info`` returned."""
    resources: Mapping[str, Any] = raw.get("resources") or {}
    now = _time(raw.get("time"))
    noted: Mapping[str, Any] = raw.get("noted") or {}
    services = [read_service(item) for item in resources.get("Service") or []]
    return ClusterSeen(
        not_served=tuple(sorted(kind for kind, items in resources.items() if items is None)),
        objects=frozenset(
            (kind, item["metadata"]["name"])
            for kind, items in resources.items()
            if kind.startswith("Cilium")
            for item in items or []
        ),
        agents=raw.get("agents"),
        agents_read="agents" in raw,
        operator=raw.get("operator"),
        made=_made(noted),
        peers={item["metadata"]["name"]: dict(_peers(item)) for item in resources.get("CiliumBGPNodeConfig") or []},
        services={service.key: service for service in services},
        endpoints=_endpoints(resources.get("EndpointSlice") or []),
        leases={item["metadata"]["name"]: _lease(item, now) for item in resources.get("Lease") or []},
        node_addresses={
            item["metadata"]["name"]: tuple(
                canonical(str(entry["ip"]))
                for entry in (item.get("spec") or {}).get("addresses") or []
                if entry.get("type") in ("InternalIP", "ExternalIP") and entry.get("ip")
            )
            for item in resources.get("CiliumNode") or []
        },
        owned=_owned(resources),
        secrets_listed="Secret" in resources,
        ending={
            (kind, _name(item["metadata"])): ending(item["metadata"])
            for kind, items in resources.items()
            for item in items or []
            if ending(item["metadata"])
        },
        pod_cidrs={
            item["metadata"]["name"]: tuple(
                canonical_prefix(str(cidr))
                for cidr in ((item.get("spec") or {}).get("ipam") or {}).get("podCIDRs") or []
            )
            for item in resources.get("CiliumNode") or []
        },
        conditions=tuple(
            sorted(
                (
                    ConditionSeen(
                        kind, item["metadata"]["name"], str(entry.get("type")), str(entry.get("message") or "")
                    )
                    for kind in CONDITION_KINDS
                    for item in resources.get(kind) or []
                    for entry in (item.get("status") or {}).get("conditions") or []
                    if entry.get("status") == "True"
                ),
                key=lambda condition: (condition.kind, condition.name, condition.type),
            )
        ),
    )


def _name(metadata: Mapping[str, Any]) -> str:
    """Return an object's name, with its namespace where it has one."""
    return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])


def _peers(item: Mapping[str, Any]) -> Iterable[tuple[tuple[str, str], PeerSeen]]:
    """Read the sessions that one node's agent reports."""
    for instance in (item.get("status") or {}).get("bgpInstances") or []:
        for peer in instance.get("peers") or []:
            timers = peer.get("timers") or {}
            yield (
                (str(instance.get("name")), str(peer.get("name"))),
                PeerSeen(
                    state=str(peer.get("peeringState") or "unknown"),
                    hold=timers.get("appliedHoldTimeSeconds"),
                    keepalive=timers.get("appliedKeepaliveSeconds"),
                    advertised={
                        str(count.get("afi")): int(count.get("advertised") or 0)
                        for count in peer.get("routeCount") or []
                        if count.get("safi") == "unicast"
                    },
                    address=canonical(str(peer.get("peerAddress") or "")),
                    asn=peer.get("peerASN"),
                ),
            )


_MADE_OF_SERVICES = ("EndpointSlice", "Lease")
"""Kinds of which nobody writes an object of the plan: what Kubernetes and Cilium make of a Service."""


def _owned(resources: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Return (site, kind, name) of the objects that a site made: they carry its ownership labels.

    What Kubernetes and Cilium make of a Service goes with it. An EndpointSlice has its labels too.
    """
    return tuple(
        sorted(
            (labels[LABEL_SITE], kind, _name(item["metadata"]))
            for kind, items in resources.items()
            if kind not in _MADE_OF_SERVICES
            for item in items or []
            for labels in [item["metadata"].get("labels") or {}]
            if labels.get(LABEL_MANAGED_BY) == FIELD_MANAGER and LABEL_SITE in labels
        )
    )


def read_service(item: Mapping[str, Any]) -> ServiceSeen:
    """Read one Service, as the API server has it or as the plan does."""
    metadata, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
    ingress = (status.get("loadBalancer") or {}).get("ingress") or []
    problem = None
    for condition in status.get("conditions") or []:
        if condition.get("type") == "cilium.io/IPAMRequestSatisfied" and condition.get("status") == "False":
            problem = ": ".join(str(condition[key]) for key in ("reason", "message") if condition.get(key))
    return ServiceSeen(
        namespace=metadata["namespace"],
        name=metadata["name"],
        type=str(spec.get("type") or "ClusterIP"),
        load_balancer_class=spec.get("loadBalancerClass"),
        labels=metadata.get("labels") or {},
        traffic_policy=str(spec.get("externalTrafficPolicy") or "Cluster"),
        addresses=_in_order(entry["ip"] for entry in ingress if entry.get("ip")),
        request_problem=problem,
        uid=str(metadata.get("uid") or ""),
        families=tuple(str(family).lower() for family in spec.get("ipFamilies") or []),
        dual_stack=str(spec.get("ipFamilyPolicy") or ""),
        asked=asked_addresses(item),
        served_by_name=any(entry.get("hostname") for entry in ingress),
        ports=tuple(
            sorted(
                (int(port["port"]), str(port.get("protocol") or "TCP"))
                for port in spec.get("ports") or []
                if "port" in port
            )
        ),
        # In whatever case, and what is neither word allows (Cilium, pkg/loadbalancer/service.go).
        ranges_deny=str((metadata.get("annotations") or {}).get(RANGES_POLICY)).lower() == "deny",
        source_ranges=tuple(canonical_prefix(str(text).strip()) for text in spec.get("loadBalancerSourceRanges") or []),
        # One of type ExternalName is served at none.
        external_ips=_in_order(spec.get("externalIPs") or [] if spec.get("type") != "ExternalName" else ()),
    )


def _endpoints(slices: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], EndpointsSeen]:
    """Sum up EndpointSlices by service and family.

    ``ready`` is true for serving endpoints that do not terminate (and for all where the Service publishes not-ready
    addresses); a missing condition counts as true (API documentation of EndpointConditions).
    """
    ready: dict[tuple[str, str], set[str]] = {}
    draining: dict[tuple[str, str], set[str]] = {}
    nodeless: set[tuple[str, str]] = set()
    for item in slices:
        family = str(item.get("addressType") or "").lower()
        name = (item["metadata"].get("labels") or {}).get("kubernetes.io/service-name")
        if family not in FAMILIES or not name:
            continue
        key = (f"{item['metadata']['namespace']}/{name}", family)
        for endpoint in item.get("endpoints") or []:
            conditions = endpoint.get("conditions") or {}
            if conditions.get("ready") in (None, True):
                target = ready
            elif conditions.get("serving") and conditions.get("terminating"):
                target = draining
            else:
                continue
            if endpoint.get("nodeName"):
                target.setdefault(key, set()).add(endpoint["nodeName"])
            else:
                nodeless.add(key)
    return {
        key: EndpointsSeen(
            ready=frozenset(ready.get(key, ())),
            draining=frozenset(draining.get(key, set()) - ready.get(key, set())),
            nodeless=key in nodeless,
        )
        for key in {*ready, *draining, *nodeless}
    }


def _lease(item: Mapping[str, Any], now: datetime | None) -> LeaseSeen:
    """Read one Lease. Its ``renewTime`` is by the clock of its holder, which may be slow or fast: nobody goes by it."""
    spec = item.get("spec") or {}
    renewed = _time(item.get("renewed"))
    return LeaseSeen(
        holder=str(spec.get("holderIdentity") or ""),
        age=None if renewed is None or now is None else int((now - renewed).total_seconds()),
        duration=spec.get("leaseDurationSeconds"),
    )


def _time(text: Any) -> datetime | None:
    """Read an RFC 3339 time; None for none."""
    return datetime.fromisoformat(str(text)) if text else None
