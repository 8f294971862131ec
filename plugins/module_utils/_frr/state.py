# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What FRR says about itself, typed: its version, and BGP sessions from ``vtysh ... json``.

The shapes differ between versions (measured on 7.5.1, 8.4.4 and 10.3); a key that one of them lacks is optional here.
Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple, Union

from .._errors import EdgeError
from .config import split_lines

FAMILIES = {"ipv4": "ipv4Unicast", "ipv6": "ipv6Unicast"}
"""Address families by our names -> FRR's names in JSON."""
FORWARDING_SYSCTLS = {"ipv4": "net.ipv4.ip_forward", "ipv6": "net.ipv6.conf.all.forwarding"}
"""Family -> the kernel's setting for all interfaces, which FRR's ``ip forwarding`` and ``ipv6 forwarding`` set.

Source: Linux, Documentation/networking/ip-sysctl; FRR, zebra/ipforward_proc.c.
"""

INTERFACE_SYSCTLS = {"ipv4": "net.ipv4.conf.{0}.forwarding", "ipv6": "net.ipv6.conf.{0}.force_forwarding"}
"""Family -> the kernel's setting for what comes in by one interface; that of IPv6 is there from Linux 6.17 on."""
ALL_INTERFACES = "all"
"""Stands for all interfaces where the kernel names them; none of them can have that name."""


class SessionState(NamedTuple):
    """One BGP session as the router sees it."""

    address: str
    state: str
    """FSM state: Idle, Connect, Active, OpenSent, OpenConfirm, Established."""
    asn: int
    group: Optional[str]
    accepted: Mapping[str, int]
    """Family -> prefixes accepted after policy; a family is missing where it is not active."""
    dropped: int
    """How often the session closed since FRR knows the neighbor."""
    closed_by_neighbor: str = ""
    """Why the session closed last, in FRR's words, where the neighbor closed it or fell silent; else empty."""


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


def read_running(text: str) -> Optional[str]:
    """Return the configuration in the output of ``show running-config``, or None where it is not whole.

    It ends with ``end``. A text that was cut off (vtysh was killed) must never be taken for what runs: a reload would
    delete all that it lacks.
    """
    _before, mark, body = text.partition("Current configuration:")
    lines = [line for line in split_lines(body) if line.strip()]
    if not mark or not lines or lines[-1].strip() != "end":
        return None
    kept = [line for line in split_lines(body) if line.strip() != "end"]
    return "\n".join(kept).strip("\n") + "\n"


def version_tuple(version: str) -> Tuple[int, ...]:
    """Return ``10.1.2`` as numbers, to be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


_TWO_PARTS = re.compile(r"\b(\d+)\.(\d+)\b")


def plain_asns(text: str) -> str:
    """Return a text with each AS number in two parts, such as ``1.10`` (RFC 5396), written as one, such as 65546."""
    return _TWO_PARTS.sub(lambda found: str((int(found.group(1)) << 16) + int(found.group(2))), text)


def read_asn(value: Union[int, str, None]) -> Optional[int]:
    """Return an AS number of FRR's JSON, with ``as-notation dot`` or ``dot+`` a text; None where none is there.

    FRR has them since 8.5 (bgpd/bgp_vty.c, lib/asn.c ``asn_asn2json``).
    """
    return None if value in (None, "") else int(plain_asns(str(value)))


def read_sessions(neighbors: Mapping[str, Any]) -> Dict[str, SessionState]:
    """Return the sessions in ``show bgp neighbors json`` by address."""
    return {address: _session(address, data) for address, data in neighbors.items() if _is_neighbor(data)}


def _is_neighbor(data: Any) -> bool:
    return isinstance(data, dict) and "bgpState" in data


def _session(address: str, data: Mapping[str, Any]) -> SessionState:
    families = data.get("addressFamilyInfo") or {}
    return SessionState(
        address=address,
        state=str(data["bgpState"]),
        asn=read_asn(data.get("remoteAs")) or 0,
        group=data.get("peerGroup"),
        accepted={
            family: int(families[key].get("acceptedPrefixCounter") or 0)
            for family, key in FAMILIES.items()
            if key in families
        },
        dropped=int(data.get("connectionsDropped") or 0),
        closed_by_neighbor=_closed_by_neighbor(data),
    )


HOLD_TIMER_EXPIRED = "Hold Timer Expired"


def _closed_by_neighbor(data: Mapping[str, Any]) -> str:
    """Return why the session closed last, where that was the neighbor's doing; else an empty text.

    It ended the TCP connection, it sent a NOTIFICATION with the code Cease (6, RFC 4271 section 6.7), or nothing came
    from it within the hold time. Any other NOTIFICATION that it sent complains of what this router sent.
    """
    due_to = str(data.get("lastResetDueTo") or "")
    if due_to == "Peer closed the session":
        return due_to
    code, reason = str(data.get("lastErrorCodeSubcode") or ""), str(data.get("lastNotificationReason") or "")
    if due_to == "BGP Notification received" and code.startswith("06"):
        return "{0}: {1}".format(due_to, reason)
    if due_to == "BGP Notification send" and code == "0400":
        return HOLD_TIMER_EXPIRED
    return ""
