# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes of the live site: prefixes that routers accept, send and install."""

from __future__ import annotations

from ..code import ERROR, OTHERS, LiveCode

LIVE_ROUTES: dict[str, LiveCode] = {
    "EDGE840": LiveCode(
        ERROR,
        "Prefix not accepted",
        "not accepted from {nodes}",
        "does the node announce it: cilium bgp routes advertised {family} unicast; does the router's filter let it"
        " through: vtysh -c 'show bgp neighbors {address}' (inboundFiltered)",
        "udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): not accepted"
        " from node01 (does the node announce it: cilium bgp routes advertised ipv4 unicast; does the router's"
        " filter let it through: vtysh -c 'show bgp neighbors 10.121.0.11' (inboundFiltered))",
    ),
    "EDGE841": LiveCode(
        ERROR,
        "Prefix from an unexpected neighbor",
        "accepted from {nodes}, expected only from {expected}",
        "a node that announces without a ready endpoint (Local) or outside its peering drops traffic: kubectl get"
        " endpointslices -A -o wide; vtysh -c 'show bgp {prefix}'",
        "udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): accepted from"
        " node03 (10.121.0.13), expected only from node01, node02 (a node that announces without a ready endpoint"
        " (Local) or outside its peering drops traffic: kubectl get endpointslices -A -o wide; vtysh -c 'show bgp"
        " 203.0.113.93/32')",
    ),
    "EDGE842": LiveCode(
        ERROR,
        "Foreign prefix accepted",
        "accepted from {nodes}, and it is no address of a pool",
        "the router's import filter is wider than planned: run site.yml, or --tags router,contract: --tags"
        " router alone takes nothing away; vtysh -c 'show bgp {prefix}'",
        "udm-pro prefix 192.168.9.0/25: accepted from node01, node02, and it is no address of a pool (the"
        " router's import filter is wider than planned: run site.yml, or --tags router,contract: --tags router"
        " alone takes nothing away; vtysh -c 'show bgp 192.168.9.0/25')",
        others=OTHERS,
    ),
    "EDGE843": LiveCode(
        ERROR,
        "Prefix without a service",
        "accepted from {nodes}, inside pool {pool}, but no live service holds {held}",
        "a node announces what nobody serves: kubectl get services -A | grep {sought}; an agent may hang with old"
        " state",
        "udm-pro prefix 10.122.0.140/32: accepted from node02, inside pool private-ingress, but no live service"
        " holds the address (a node announces what nobody serves: kubectl get services -A | grep 10.122.0.140; an"
        " agent may hang with old state)",
    ),
    "EDGE844": LiveCode(
        ERROR,
        "Stale path",
        "the path from {nodes} is stale: the router keeps it for the graceful restart of an agent that is away",
        "see the node's Cilium agent; the path goes when the restart time is over",
        "udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): the path from"
        " node01 is stale: the router keeps it for the graceful restart of an agent that is away (see the node's"
        " Cilium agent; the path goes when the restart time is over)",
    ),
    "EDGE845": LiveCode(
        ERROR,
        "Path not valid",
        "the path from {nodes} is not valid: the router does not reach its next hop",
        "vtysh -c 'show bgp nexthop'; is the node's network up on the router?",
        "udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the path from node03 is not valid: the"
        " router does not reach its next hop (vtysh -c 'show bgp nexthop'; is the node's network up on the"
        " router?)",
    ),
    "EDGE846": LiveCode(
        ERROR,
        "Router announces to a node",
        "the router announces {prefixes} to the node, planned is nothing",
        "networks of the site leak to the nodes: run site.yml, or --tags router,contract: --tags router alone"
        " takes nothing away; vtysh -c 'show bgp {family} unicast neighbors {address} advertised-routes'",
        "udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the router announces the default route"
        " to the node, planned is nothing (networks of the site leak to the nodes: run site.yml, or --tags"
        " router,contract: --tags router alone takes nothing away; vtysh -c 'show bgp ipv4 unicast neighbors"
        " 10.121.0.11 advertised-routes')",
        others=OTHERS,
    ),
    "EDGE847": LiveCode(
        ERROR,
        "Path to another machine",
        "the path from {nodes} leads to {hops}, which is not the node itself",
        "traffic for the service goes to that machine: find out what runs on the node and speaks BGP for it (kubectl"
        " -n {cilium_namespace} get pods -o wide); vtysh -c 'show bgp {prefix}'",
        "udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): the path from"
        " node01 leads to 10.121.0.66, which is not the node itself (traffic for the service goes to that machine:"
        " find out what runs on the node and speaks BGP for it (kubectl -n kube-system get pods -o wide); vtysh -c"
        " 'show bgp 203.0.113.93/32')",
    ),
    "EDGE848": LiveCode(
        ERROR,
        "Route accepted with other attributes",
        "other attributes than planned ({routes}): {differences}",
        "both ends set them: playbooks/drift.yml compares what each was told; what arrived: vtysh -c 'show bgp {family}"
        " unicast {prefix}'",
        "udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): other attributes than planned (node02):"
        " communities none instead of 65001:100 no-export (both ends set them: playbooks/drift.yml compares what each"
        " was told; what arrived: vtysh -c 'show bgp ipv4 unicast 203.0.113.94/32')",
    ),
    "EDGE849": LiveCode(
        ERROR,
        "Route announced with other attributes",
        "other attributes than planned on what the router announces to it, {routes}: {differences}",
        "run site.yml; what leaves: vtysh -c 'show bgp {family} unicast neighbors {address} advertised-routes'",
        "udm-pro neighbor 10.121.0.66 (neighbor nas): other attributes than planned on what the router announces to it,"
        " 10.121.0.0/24: MED 0 instead of 50 (run site.yml; what leaves: vtysh -c 'show bgp ipv4 unicast neighbors"
        " 10.121.0.66 advertised-routes')",
        others=OTHERS,
    ),
    "EDGE850": LiveCode(
        ERROR,
        "Route not installed",
        "accepted, but the router's kernel does not use it",
        "another route may win, or the kernel may refuse multipath routes (rejected, older UniFi OS): vtysh -c"
        " 'show {ip} route {prefix}'",
        "udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): accepted, but"
        " the router's kernel does not use it (another route may win, or the kernel may refuse multipath routes"
        " (rejected, older UniFi OS): vtysh -c 'show ip route 203.0.113.93/32')",
    ),
    "EDGE851": LiveCode(
        ERROR,
        "Next hops missing in the kernel",
        "the kernel uses {seen} of {expected} next hops",
        "look for maximum-paths 1 and for next hops that are inactive: vtysh -c 'show {ip} route {prefix}'",
        "udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the kernel uses 1 of 2 next hops (look for"
        " maximum-paths 1 and for next hops that are inactive: vtysh -c 'show ip route 203.0.113.94/32')",
    ),
    "EDGE852": LiveCode(
        ERROR,
        "Installed route leads elsewhere",
        "the router sends to {hops}, which no accepted path leads to",
        "a static route or a route-map of zebra (ip protocol bgp route-map) may change it: vtysh -c 'show {ip} route"
        " {prefix}'",
        "udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the router sends to 10.9.9.9, which no"
        " accepted path leads to (a static route or a route-map of zebra (ip protocol bgp route-map) may change it:"
        " vtysh -c 'show ip route 203.0.113.94/32')",
    ),
    "EDGE889": LiveCode(
        ERROR,
        "Route to a service does not pass",
        "{prefixes}: {reason}",
        "what leaves: vtysh -c 'show bgp neighbors {address} advertised-routes'; what the other end makes of it: vtysh"
        " -c 'show bgp PREFIX' there",
        "udm-pro neighbor 10.121.0.66 (neighbor nas): 203.0.113.94/32: the router has it and does not announce it,"
        " though its export names it (what leaves: vtysh -c 'show bgp neighbors 10.121.0.66 advertised-routes'; what"
        " the other end makes of it: vtysh -c 'show bgp PREFIX' there)",
    ),
    "EDGE905": LiveCode(
        ERROR,
        "Another route wins over the cluster's",
        "the router's route to it ({source}) wins over what leads to {taken}",
        "packets go where that route leads, whoever made it: vtysh -c 'show {ip} route {prefix}'. Take it away, narrow"
        " the import of the neighbor that sends it (edge_router_neighbors), or take the addresses out of the pool"
        " (exclude)",
        "udm-pro prefix 10.122.0.168/29: the router's route to it (static) wins over what leads to 10.122.0.171"
        " (platform affine/affine-svc-lb) (packets go where that route leads, whoever made it: vtysh -c 'show ip route"
        " 10.122.0.168/29'. Take it away, narrow the import of the neighbor that sends it (edge_router_neighbors), or"
        " take the addresses out of the pool (exclude))",
    ),
    "EDGE899": LiveCode(
        ERROR,
        "Route leaves by another interface",
        "the router sends to {nodes} by {interface}, and its own address on their network is on {planned}",
        "find the address, route or VPN of the router that draws the node's address there: ip route get {address}, ip"
        " address show dev {interface}",
        "udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the router sends to node02 by wg0, and its own"
        " address on their network is on br0 (find the address, route or VPN of the router that draws the node's"
        " address there: ip route get 10.122.0.12, ip address show dev wg0)",
    ),
    "EDGE902": LiveCode(
        ERROR,
        "Endpoints without a node, and nobody announces",
        "comes from none of {nodes}: traffic policy is Local, and no ready endpoint of the service names one of them as"
        " its node",
        "use externalTrafficPolicy Cluster, or give the endpoints their nodeName. Services of Cilium's own Ingress and"
        " Gateway are announced with Local where Envoy runs, and by Cilium up to 1.18 not at all (cilium #36816)",
        "udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): comes from none of node01, node02, node03:"
        " traffic policy is Local, and no ready endpoint of the service names one of them as its node (use"
        " externalTrafficPolicy Cluster, or give the endpoints their nodeName. Services of Cilium's own Ingress and"
        " Gateway are announced with Local where Envoy runs, and by Cilium up to 1.18 not at all (cilium #36816))",
    ),
}
