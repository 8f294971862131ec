# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses as live objects have them: read as Cilium reads them, where an inventory's would be refused."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from .addresses import Address
from .families import Family
from .intervals import Interval


def as_text(value: object) -> str:
    """Return a value that must be text: Python reads a number as an address too.

    Raises:
        TypeError: it is no text.
    """
    if not isinstance(value, str):
        raise TypeError(f"{value!r} stands where text belongs")
    return value


def live_cidr(text: object) -> Interval:
    """Return the addresses of a CIDR; host bits are masked, as Cilium does (``netip.Prefix.Masked``).

    Raises:
        TypeError, ValueError: it is none.
    """
    network = ipaddress.ip_network(as_text(text), strict=False)
    return Interval(Family(network.version), int(network.network_address), int(network.broadcast_address))


def live_address(text: object) -> Address:
    """Return an address as Cilium reads it (Go, ``netip.ParseAddr``): also one of IPv4 that is mapped into IPv6.

    Raises:
        TypeError, ValueError: it is none, such as a host's name, or one with zeros in front.
    """
    address = ipaddress.ip_address(as_text(text))
    return Address(Family(address.version), int(address))


def live_block(block: Mapping[str, Any]) -> Interval:
    """Return the addresses of a block of a CiliumLoadBalancerIPPool: its ``cidr``, or ``start`` to ``stop``.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: it is none.
    """
    if block.get("cidr"):
        return live_cidr(block["cidr"])
    start = ipaddress.ip_address(as_text(block["start"]))
    stop = ipaddress.ip_address(as_text(block.get("stop") or block["start"]))
    if start.version != stop.version or int(stop) < int(start):
        raise ValueError(block)
    return Interval(Family(start.version), int(start), int(stop))
