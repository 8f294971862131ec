# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 4xx: pools."""

from __future__ import annotations

from ..code import ERROR, WARNING, PlanCode

POOLS: dict[str, PlanCode] = {
    "EDGE401": PlanCode(
        ERROR,
        "Pools overlap",
        "Cilium would disable the newer pool as a whole.",
        "second.edge_pools.media.addresses: 10.122.0.160/29 overlaps pool 'private-service' (10.122.0.160/28) of"
        " cluster 'platform' at 10.122.0.160-10.122.0.167 (give each address to one pool, or write anycast: true"
        " in both)",
    ),
    "EDGE403": PlanCode(
        ERROR,
        "Pool covers an address in use",
        "A service would take the address of a router, a node or another machine that the inventory names (a neighbor,"
        " UniFi's console), or a subnet's network or broadcast address, on L2 or where a router has an address."
        " Cilium 1.19.0 to 1.19.4 would cut such a node off: what no service port takes is dropped"
        " (cilium/cilium#44430, cilium/cilium#45572).",
        "edge_pools.private-service.addresses[0]: 10.122.0.8/29 covers 4 addresses of hosts: 10.122.0.11 of"
        " node01.edge_addresses.private, 10.122.0.12 of node02.edge_addresses.private, 10.122.0.13 of"
        " node03.edge_addresses.private and 1 more (exclude: 10.122.0.11-10.122.0.14)",
    ),
    "EDGE404": PlanCode(
        ERROR,
        "Pool too small",
        "Some of its services would stay without an address.",
        "edge_pools.public-ingress.addresses: has 1 IPv4 address for 2 services (add 1 more, or move services to"
        " another pool)",
    ),
    "EDGE405": PlanCode(
        ERROR,
        "Excluded address outside the pool",
        "It would exclude nothing: most likely a typing mistake.",
        "edge_pools.private-service.exclude: 10.122.0.1 is not inside the pool's addresses,"
        " 10.122.0.160-10.122.0.175 (exclude only what addresses holds)",
    ),
    "EDGE406": PlanCode(
        ERROR,
        "Default pool not chosen",
        "From two pools on, say which one serves services that name none.",
        "platform.edge_default_pool: is missing, and there are 4 pools (write the pool of services that name none"
        " (private-ingress, private-service, public-ingress or public-service), or none)",
    ),
    "EDGE407": PlanCode(
        ERROR,
        "Pool that is reachable nowhere",
        "Neither a peering nor a network makes its addresses reachable.",
        "edge_pools.public-ingress: says neither bgp nor l2, so its addresses would be reachable nowhere (bgp:"
        " public-ingress or public-service; or l2: private or public; or bgp: [] if you mean it)",
    ),
    "EDGE408": PlanCode(
        WARNING,
        "L2 pool outside its network",
        "Hosts ask by ARP or NDP only for addresses of their own subnet; a route to this range must exist elsewhere.",
        "edge_pools.private-ingress.addresses[1]: 10.99.0.0/28 is not inside network 'private' (10.122.0.0/24)"
        " (hosts of the network ask by ARP or NDP for addresses of their subnet only)",
    ),
    "EDGE409": PlanCode(
        ERROR,
        "Pool overlaps an internal range",
        "Pod, service and external ranges have another meaning.",
        "edge_pools.public-ingress.addresses: 203.0.113.93/32 overlaps 203.0.112.0/21 of"
        " platform.edge_cluster_pod_cidrs (use a range of its own)",
    ),
    "EDGE410": PlanCode(
        ERROR,
        "L2 network without interfaces",
        "Cilium announces on interfaces that are named.",
        "edge_pools.private-ingress.l2: network 'private' names no interfaces to announce on (write"
        " edge_networks.private.interfaces)",
    ),
    "EDGE411": PlanCode(
        WARNING,
        "BGP pool inside a network",
        "Hosts of that network ask for the pool's addresses in it by ARP or NDP and get no answer; use another range,"
        " or announce it by L2.",
        "edge_pools.private-service.addresses: 10.122.0.160/28 lies inside network 'private' (10.122.0.0/24),"
        " whose hosts ask for it by ARP (use a range outside every network, or announce it there: l2)",
    ),
    "EDGE412": PlanCode(
        ERROR,
        "Nobody announces the pool",
        "The network's l2_nodes selector matches no node of the cluster.",
        "edge_pools.private-ingress.l2: no node of cluster 'platform' announces on network 'private': its l2_nodes"
        " 'dmz' match none",
    ),
    "EDGE413": PlanCode(
        ERROR,
        "Two pools select one service",
        "Which of them would serve it is not defined: Cilium knows no order of pools.",
        "home.edge_pools.other.services: 'zone in (a,b)' and 'tier=media' of pool 'media' can select one service"
        " (let them ask for different values of one label)",
    ),
    "EDGE414": PlanCode(
        ERROR,
        "Default pool's selector cannot be written",
        "It selects what no other pool does, so each of their own selectors must have an opposite: one requirement.",
        "home.edge_pools.media.services: stands in the default pool, which selects the services that no other pool"
        " selects (remove it, or edge_default_pool: none)",
    ),
    "EDGE415": PlanCode(
        ERROR,
        "Aggregate does not fit the pool",
        "It would announce addresses that are not the pool's, or nothing shorter than the host routes.",
        "home.edge_pools.apps.aggregate: is 28 for IPv4 and IPv6 addresses alike (write aggregate: {ipv4: LENGTH,"
        " ipv6: LENGTH})",
    ),
    "EDGE416": PlanCode(
        WARNING,
        "Aggregate holds addresses that no service gets",
        "Router and node send packets to them back and forth until their TTL ends (cilium/cilium#37623); keep such"
        " addresses out of the pool's blocks, or leave the aggregate out.",
        "home.edge_pools.media.aggregate: the routes of length 28 hold 10.3.0.4 too, which no service gets:"
        " packets to it go back and forth between router and node until their TTL ends (keep it out of addresses"
        " rather than excluding it, or leave aggregate out)",
    ),
    "EDGE417": PlanCode(
        ERROR,
        "Pool holds a DHCP range",
        "A service and a host of the network would get one address.",
        "home.edge_pools.desk.addresses: 192.0.2.56-192.0.2.70 overlaps 192.0.2.40-192.0.2.59 of"
        " edge_networks.lan.dhcp (exclude: 192.0.2.56-192.0.2.59)",
    ),
    "EDGE418": PlanCode(
        WARNING,
        "Nobody answers ARP for an on-link range",
        "The provider's side asks by ARP or NDP for each address of a range that is on-link, and a BGP route"
        " answers nothing. Let the router answer: docs/situations/slash-29.md says how, on Linux and on UniFi.",
        "home.edge_pools.public.addresses: 203.0.113.92/31 has addresses of network 'wan' (203.0.113.88/29), which"
        " the provider hands over on-link: a BGP host route alone answers no ARP from the provider's side (let the"
        " router answer for them (proxy ARP, or ip neigh add proxy; an alias on the WAN port would win over the"
        " route), see docs/situations/slash-29.md)",
    ),
    "EDGE419": PlanCode(
        ERROR,
        "No router in an on-link range",
        "Nobody answers at the provider's port for the addresses of the range.",
        "edge_networks.wan.delivery: is on_link, but no router has an address in network 'wan' (write the address"
        " of its WAN port: edge_addresses: {wan: ADDRESS})",
    ),
    "EDGE420": PlanCode(
        WARNING,
        "Pool among loopback addresses",
        "A router that is added later could take an address of a service.",
        "home.edge_pools.public.addresses: 198.51.100.8/30 has addresses of network 'loops' (198.51.100.0/28),"
        " which holds routers' loopback addresses (use a range of its own)",
    ),
    "EDGE421": PlanCode(
        ERROR,
        "L2 on loopback addresses",
        "A network of loopbacks is no segment: nobody asks by ARP there.",
        "home.edge_pools.desk.l2: network 'loops' holds loopback addresses: it is no segment on which anybody asks"
        " by ARP or NDP (announce it on a network with nodes and clients, or advertise it by BGP)",
    ),
    "EDGE422": PlanCode(
        ERROR,
        "Local preference across AS numbers",
        "BGP carries it within one AS only (RFC 4271 section 5.1.5); an external peer ignores it.",
        "home.edge_pools.media.local_preference: means nothing over peering 'k8s', between AS 64701 and AS 64700"
        " (use communities, or import: {local_preference} of the peering)",
    ),
    "EDGE423": PlanCode(
        ERROR,
        "Pod CIDR length does not fit",
        "Nodes get their pod CIDRs out of the range, one each.",
        "platform.edge_cluster_pod_cidrs: 10.244.0.0/23 has 2 CIDRs of length 24 for 5 nodes, which take one each"
        " (write a wider range, or a longer edge_cluster_pod_mask)",
    ),
    "EDGE424": PlanCode(
        ERROR,
        "Pod range in use",
        "Pods would have addresses that mean something else.",
        "platform.edge_cluster_pod_cidrs: 10.121.0.0/16 overlaps 10.121.0.0/24 of edge_networks.public.cidr (use a"
        " range of its own)",
    ),
    "EDGE425": PlanCode(
        ERROR,
        "Key that needs BGP",
        "Only routes have it, and no peering advertises this pool.",
        "home.edge_pools.desk.communities: needs routes, and no peering advertises this pool (write bgp, or remove it)",
    ),
    "EDGE426": PlanCode(
        ERROR,
        "Announcement narrowed to nothing",
        "No service of the pool can match the selector, so nothing is reachable.",
        "home.edge_pools.media.announce_only: 'tier=web' matches no service of the pool, which are selected by"
        " 'tier=media' (leave it out to announce all of them)",
    ),
    "EDGE427": PlanCode(
        WARNING,
        "Announcing node without an address in the network",
        "Cilium gives the lease of a service to any node that is selected; one without the interface answers nobody.",
        "edge_networks.private.l2_nodes: 'kubernetes.io/hostname=control-01' selects control-01, without an"
        " address there (narrow it to nodes with the interface, or write their edge_addresses)",
    ),
    "EDGE428": PlanCode(
        ERROR,
        "Key that needs L2",
        "It says what nodes answer by ARP and NDP. Over BGP a peering announces external IPs: advertise.external_ips.",
        "home.edge_pools.media.external_ips: needs L2, and the pool is announced on no network (write l2, or"
        " advertise: {external_ips: {}} at its peering)",
    ),
    "EDGE429": PlanCode(
        WARNING,
        "Pod range that nodes to come get",
        "Today's nodes get others. One that joins, or takes the place of another, could get this one.",
        "home.edge_cluster_pod_cidrs: is missing, so nodes to come get 10.0.3.0-10.0.18.255 of the chart's 10.0.0.0/8,"
        " which overlaps 10.0.10.0/24 of edge_networks.lan.cidr (write a range of its own before Cilium is installed; a"
        " cluster that runs keeps its ranges: there accept it, and watch what new nodes get)",
    ),
}
