# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 4xx: pools."""

from __future__ import annotations

from ..code import ERROR, WARNING, PlanCode

POOLS: dict[str, PlanCode] = {
    "EDGE401": PlanCode(ERROR, "Pools overlap", "Cilium would disable the newer pool as a whole."),
    "EDGE403": PlanCode(
        ERROR,
        "Pool covers an address in use",
        "A service would take the address of a router or a node, or on L2 a subnet's network or broadcast address.",
    ),
    "EDGE404": PlanCode(ERROR, "Pool too small", "Some of its services would stay without an address."),
    "EDGE405": PlanCode(
        ERROR, "Excluded address outside the pool", "It would exclude nothing: most likely a typing mistake."
    ),
    "EDGE406": PlanCode(
        ERROR, "Default pool not chosen", "From two pools on, say which one serves services that name none."
    ),
    "EDGE407": PlanCode(
        ERROR, "Pool without a way out", "Neither a peering nor a network makes its addresses reachable."
    ),
    "EDGE408": PlanCode(
        WARNING,
        "L2 pool outside its network",
        "Hosts ask by ARP or NDP only for addresses of their own subnet; a route to this range must exist elsewhere.",
    ),
    "EDGE409": PlanCode(
        ERROR, "Pool overlaps an internal range", "Pod, service and external ranges have another meaning."
    ),
    "EDGE410": PlanCode(ERROR, "L2 network without interfaces", "Cilium announces on interfaces that are named."),
    "EDGE411": PlanCode(
        WARNING,
        "BGP pool inside a network",
        "Hosts of that network ask for the address by ARP and get no answer; use another range, or announce it by L2.",
    ),
    "EDGE412": PlanCode(
        ERROR, "Nobody announces the pool", "The network's l2_nodes selector matches no node of the cluster."
    ),
    "EDGE413": PlanCode(
        ERROR,
        "Two pools select one service",
        "Which of them would serve it is not defined: Cilium knows no order of pools.",
    ),
    "EDGE414": PlanCode(
        ERROR,
        "Default pool's selector cannot be written",
        "It selects what no other pool does, so each of their own selectors must have an opposite: one requirement.",
    ),
    "EDGE415": PlanCode(
        ERROR,
        "Aggregate does not fit the pool",
        "It would announce addresses that are not the pool's, or nothing shorter than the host routes.",
    ),
    "EDGE416": PlanCode(
        WARNING,
        "Aggregate holds addresses that no service gets",
        "Router and node send packets to them back and forth until their TTL ends (cilium/cilium#37623); keep such "
        "addresses out of the pool's blocks, or leave the aggregate out.",
    ),
    "EDGE417": PlanCode(ERROR, "Pool holds a DHCP range", "A service and a host of the network would get one address."),
    "EDGE418": PlanCode(
        WARNING,
        "On-link range is answered by nobody",
        "The provider's side asks by ARP or NDP for each address of a range that is on-link, and a BGP route answers "
        "nothing. Let the router answer: docs/situations/slash-29.md says how, on Linux and on UniFi.",
    ),
    "EDGE419": PlanCode(
        ERROR, "No router in an on-link range", "Nobody answers at the provider's port for the addresses of the range."
    ),
    "EDGE420": PlanCode(
        WARNING, "Pool among loopback addresses", "A router that is added later could take an address of a service."
    ),
    "EDGE421": PlanCode(
        ERROR, "L2 on loopback addresses", "A network of loopbacks is no segment: nobody asks by ARP there."
    ),
    "EDGE422": PlanCode(
        ERROR,
        "Local preference across AS numbers",
        "BGP carries it within one AS only (RFC 4271 section 5.1.5); an external peer ignores it.",
    ),
    "EDGE423": PlanCode(ERROR, "Pod CIDR length does not fit", "Nodes get their pod CIDRs out of the range, one each."),
    "EDGE424": PlanCode(ERROR, "Pod range in use", "Pods would have addresses that mean something else."),
    "EDGE425": PlanCode(ERROR, "Key that needs BGP", "Only routes have it, and no peering advertises this pool."),
    "EDGE426": PlanCode(
        ERROR,
        "Announcement narrowed to nothing",
        "No service of the pool can match the selector, so nothing is reachable.",
    ),
    "EDGE427": PlanCode(
        WARNING,
        "Announcing node without an address in the network",
        "Cilium gives the lease of a service to any node that is selected; one without the interface answers nobody.",
    ),
    "EDGE428": PlanCode(
        ERROR,
        "Key that needs L2",
        "It says what nodes answer by ARP and NDP. Over BGP a peering announces external IPs: advertise.external_ips.",
    ),
}
