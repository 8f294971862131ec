# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 84x and 85x of the live site: prefixes that routers accept, send and install."""

from __future__ import annotations

from ..code import ERROR, LiveCode

LIVE_ROUTES: dict[str, LiveCode] = {
    "EDGE840": LiveCode(
        ERROR,
        "Prefix not accepted",
        "not accepted from {nodes}",
        "does the node announce it: cilium bgp routes advertised {family} unicast; does the router's filter let"
        " it through: vtysh -c 'show bgp neighbors {address}' (inboundFiltered)",
    ),
    "EDGE841": LiveCode(
        ERROR,
        "Prefix from an unexpected neighbor",
        "accepted from {nodes}, expected only from {expected}",
        "a node that announces without a ready endpoint (Local) or outside its peering drops traffic: kubectl get"
        " endpointslices -A -o wide; vtysh -c 'show bgp {prefix}'",
    ),
    "EDGE842": LiveCode(
        ERROR,
        "Foreign prefix accepted",
        "accepted from {nodes}, and it is no address of a pool",
        "the router's import filter is wider than planned: run site.yml with --tags router; vtysh -c 'show bgp"
        " {prefix}'",
    ),
    "EDGE843": LiveCode(
        ERROR,
        "Prefix without a service",
        "accepted from {nodes}, inside pool {pool}, but no live service holds the address",
        "a node announces what nobody serves: kubectl get services -A | grep {address}; an agent may hang with"
        " old state",
    ),
    "EDGE844": LiveCode(
        ERROR,
        "Stale path",
        "the path from {nodes} is stale: the router keeps it for the graceful restart of an agent that is away",
        "see the node's Cilium agent; the path goes when the restart time is over",
    ),
    "EDGE845": LiveCode(
        ERROR,
        "Path not valid",
        "the path from {nodes} is not valid: the router does not reach its next hop",
        "vtysh -c 'show bgp nexthop'; is the node's network up on the router?",
    ),
    "EDGE846": LiveCode(
        ERROR,
        "Router announces to a node",
        "the router announces {prefixes} to the node, planned is nothing",
        "networks of the site leak to the nodes: run site.yml with --tags router; vtysh -c 'show bgp {family}"
        " unicast neighbors {address} advertised-routes'",
    ),
    "EDGE850": LiveCode(
        ERROR,
        "Route not installed",
        "accepted, but the router's kernel does not use it",
        "another route may win, or the kernel may refuse multipath routes (rejected, older UniFi OS): vtysh -c"
        " 'show {ip} route {prefix}'",
    ),
    "EDGE851": LiveCode(
        ERROR,
        "Next hops missing in the kernel",
        "the kernel uses {seen} of {expected} next hops",
        "look for maximum-paths 1 and for next hops that are inactive: vtysh -c 'show {ip} route {prefix}'",
    ),
}
