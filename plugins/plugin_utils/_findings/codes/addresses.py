# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 2xx: networks and addresses."""

from __future__ import annotations

from ..code import ERROR, WARNING, PlanCode

ADDRESSES: dict[str, PlanCode] = {
    "EDGE201": PlanCode(ERROR, "Bad address", "Not an IPv4 or IPv6 address, CIDR or range in full notation."),
    "EDGE203": PlanCode(
        ERROR, "Address outside its network", "A session or an announcement from there could never work."
    ),
    "EDGE204": PlanCode(ERROR, "Address used twice", "Two hosts with one address take each other's traffic."),
    "EDGE205": PlanCode(
        ERROR, "Two addresses in one subnet", "Which of them peers would be undefined: give one per subnet."
    ),
    "EDGE206": PlanCode(
        ERROR,
        "Node without an address on its peering's network",
        "It has no address to peer from, or none in the subnet in which the router has its own.",
    ),
    "EDGE207": PlanCode(ERROR, "No router on the peering's network", "There is no address that the nodes could dial."),
    "EDGE208": PlanCode(ERROR, "Networks overlap", "An address would belong to two networks."),
    "EDGE209": PlanCode(
        ERROR, "No router-id", "A BGP identifier is an IPv4 address; without one on the router it must be given."
    ),
    "EDGE210": PlanCode(
        ERROR, "DHCP range outside its network", "A DHCP server hands out addresses of its own network."
    ),
    "EDGE211": PlanCode(
        WARNING,
        "Fixed address in a DHCP range",
        "The DHCP server may give the address to another host, unless it keeps it for this one.",
    ),
}
