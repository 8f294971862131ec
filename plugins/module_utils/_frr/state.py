# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What FRR says about itself, typed: versions, BGP sessions, paths and routes from ``vtysh ... json``.

The shapes differ between versions (measured on 7.5.1, 8.4.4 and 10.3); a key that one of them lacks is optional here.
Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from .._errors import EdgeError

_FAMILIES = (("ipv4", "ipv4Unicast"), ("ipv6", "ipv6Unicast"))


class Session(NamedTuple):
    """One BGP session as the router sees it."""

    address: str
    state: str
    """FSM state: Idle, Connect, Active, OpenSent, OpenConfirm, Established."""
    asn: int
    group: Optional[str]
    accepted: Mapping[str, int]
    """Family -> prefixes accepted after policy; a family is missing where it is not active."""
    sent: Mapping[str, int]
    dropped: int
    """How often the session closed since FRR knows the neighbor."""
    uptime: int
    """Milliseconds in the present state Established; 0 = not Established."""
    hold: int
    """Negotiated hold time in seconds."""
    configured_hold: int
    reason: Optional[str]
    """Why it closed last: a notification, or FRR's own words."""


class Path(NamedTuple):
    """One path to a prefix in the BGP table."""

    prefix: str
    peer: str
    valid: bool
    best: bool
    multipath: bool
    stale: bool
    """Kept through graceful restart only."""
    as_path: str


class Route(NamedTuple):
    """One route in zebra's table."""

    prefix: str
    protocol: str
    selected: bool
    installed: bool
    nexthops: Tuple[Tuple[str, bool], ...]
    """Address (or interface) and whether the kernel uses it."""


def read_json(text: str, command: str) -> Dict[str, Any]:
    """Return what ``vtysh -c '<command>'`` printed as JSON.

    Raises:
        EdgeError: the output is no JSON object, such as an error line.
    """
    try:
        value = json.loads(text or "{}")
    except ValueError:
        raise EdgeError(command, "FRR did not answer with JSON: {0!r}".format(text[:200]), "is bgpd running?") from None
    if not isinstance(value, dict):
        raise EdgeError(command, "FRR answered with {0}, expected an object".format(type(value).__name__))
    return value


def read_version(text: str) -> str:
    """Return the version from ``bgpd --version`` or ``show version``, such as ``10.3`` or ``10.1.2``.

    Raises:
        EdgeError: no version in the text.
    """
    found = re.search(r"^(?:FRRouting|bgpd version) (\d+(?:\.\d+)*)", text, re.MULTILINE)
    if not found:
        raise EdgeError("bgpd --version", "no FRR version in {0!r}".format(text[:200]))
    return found.group(1)


def version_tuple(version: str) -> Tuple[int, ...]:
    """Return ``10.1.2`` as numbers, to be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def read_sessions(neighbors: Mapping[str, Any]) -> Dict[str, Session]:
    """Return the sessions in ``show bgp neighbors json`` by address."""
    return {address: _session(address, data) for address, data in neighbors.items() if _is_neighbor(data)}


def _is_neighbor(data: Any) -> bool:
    return isinstance(data, dict) and "bgpState" in data


def _session(address: str, data: Mapping[str, Any]) -> Session:
    families = data.get("addressFamilyInfo") or {}
    accepted, sent = {}, {}
    for family, key in _FAMILIES:
        if key in families:
            accepted[family] = int(families[key].get("acceptedPrefixCounter") or 0)
            sent[family] = int(families[key].get("sentPrefixCounter") or 0)
    established = data["bgpState"] == "Established"
    return Session(
        address=address,
        state=str(data["bgpState"]),
        asn=int(data.get("remoteAs") or 0),
        group=data.get("peerGroup"),
        accepted=accepted,
        sent=sent,
        dropped=int(data.get("connectionsDropped") or 0),
        uptime=int(data.get("bgpTimerUpMsec") or 0) if established else 0,
        hold=int(data.get("bgpTimerHoldTimeMsecs") or 0) // 1000,
        configured_hold=int(data.get("bgpTimerConfiguredHoldTimeMsecs") or 0) // 1000,
        reason=data.get("lastNotificationReason") or data.get("lastResetDueTo"),
    )


def read_summary(summary: Mapping[str, Any]) -> Dict[str, Dict[str, str]]:
    """Return ``show bgp summary json`` as family -> address -> state; FRR's ``Idle (PfxCt)`` stays as it is.

    A family without an active neighbor is missing, and without a BGP instance all are.
    """
    return {
        family: {address: str(peer.get("state", "")) for address, peer in summary[key].get("peers", {}).items()}
        for family, key in _FAMILIES
        if isinstance(summary.get(key), dict)
    }


def read_paths(table: Mapping[str, Any]) -> List[Path]:
    """Return the paths in ``show bgp ipv4 unicast json`` (or ipv6), sorted by prefix and peer."""
    result = []
    for prefix, paths in (table.get("routes") or {}).items():
        for path in paths:
            result.append(
                Path(
                    prefix=prefix,
                    peer=str(path.get("peerId") or ""),
                    valid=bool(path.get("valid")),
                    best=bool(path.get("bestpath")),
                    multipath=bool(path.get("multipath")),
                    stale=bool(path.get("stale")),
                    as_path=str(path.get("path") or ""),
                )
            )
    return sorted(result)


def read_routes(table: Mapping[str, Any]) -> List[Route]:
    """Return the routes in ``show ip route json`` (or ``show ipv6 route json``), sorted by prefix."""
    result = []
    for prefix, routes in table.items():
        for route in routes:
            hops = tuple(
                (str(hop.get("ip") or hop.get("interfaceName") or ""), bool(hop.get("fib")))
                for hop in route.get("nexthops") or []
            )
            result.append(
                Route(
                    prefix=prefix,
                    protocol=str(route.get("protocol") or ""),
                    selected=bool(route.get("selected")),
                    installed=bool(route.get("installed")),
                    nexthops=tuple(sorted(hops)),
                )
            )
    return sorted(result)
