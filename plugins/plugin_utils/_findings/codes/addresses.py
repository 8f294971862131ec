# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 2xx: networks and addresses."""

from __future__ import annotations

from ..code import ERROR, WARNING, PlanCode

ADDRESSES: dict[str, PlanCode] = {
    "EDGE201": PlanCode(
        ERROR,
        "Bad address",
        "Not an IPv4 or IPv6 address, CIDR or range in full notation.",
        "node01.edge_addresses.public: 10.121.0.256 is not an IPv4 address: 256 is over 255",
    ),
    "EDGE203": PlanCode(
        ERROR,
        "Address outside its network",
        "A session or an announcement from there could never work.",
        "node01.edge_addresses.public: 10.122.0.51 is outside network 'public' (10.121.0.0/24) (it lies in network"
        " 'private')",
    ),
    "EDGE204": PlanCode(
        ERROR,
        "Address used twice",
        "Two hosts with one address take each other's traffic, and BGP speakers of one AS are told apart by their"
        " identifiers, of which Cilium may take any out of edge_cluster_router_ids.",
        "node02.edge_addresses.public: 2001:db8:121::11 is in use at node01.edge_addresses.public too (an address"
        " has one host)",
    ),
    "EDGE205": PlanCode(
        ERROR,
        "Two addresses in one subnet",
        "Which of them peers would be undefined: give one per subnet.",
        "node01.edge_addresses.public[2]: 2001:db8:121::12 is the second address in 2001:db8:121::/64, after"
        " 2001:db8:121::11 (give one address per subnet)",
    ),
    "EDGE206": PlanCode(
        ERROR,
        "Node without an address on its peering's network",
        "It has no address to peer from, or none in the subnet in which the router has its own.",
        "node02.edge_addresses.private: is missing: edge_peerings.public-service selects the node, but it has no"
        " address in network 'private' (add the address, or narrow the peering's nodes)",
    ),
    "EDGE207": PlanCode(
        ERROR,
        "No router on the peering's network",
        "There is no address that the nodes could dial.",
        "edge_peerings.public-service.network: no router has an address in network 'private' (routers have"
        " addresses in: public)",
    ),
    "EDGE208": PlanCode(
        ERROR,
        "Networks overlap",
        "An address would belong to two networks.",
        "edge_networks.public.cidr[1]: 10.121.0.0/25 overlaps 10.121.0.0/24 of edge_networks.public.cidr[0] (an"
        " address must belong to one network only)",
    ),
    "EDGE209": PlanCode(
        ERROR,
        "No router-id",
        "A BGP identifier is an IPv4 address; without one on the router it must be given.",
        "udm-pro.edge_router_id: is missing, and the router has no IPv4 address to take it from (write any IPv4"
        " address that is unique in the site)",
    ),
    "EDGE210": PlanCode(
        ERROR,
        "DHCP range outside its network",
        "A DHCP server hands out addresses of its own network.",
        "edge_networks.rack-a.dhcp: 10.1.1.10-10.1.1.20 is not inside network 'rack-a' (10.1.0.0/24, fd00:1::/64)"
        " (a DHCP server hands out addresses of its own network)",
    ),
    "EDGE211": PlanCode(
        WARNING,
        "Fixed address in a DHCP range",
        "The DHCP server may give the address to another host, unless it keeps it for this one.",
        "tor-a.edge_addresses.rack-a: 10.1.0.1 is in the DHCP range 10.1.0.1-10.1.0.9 of network 'rack-a': another"
        " host may get it (shorten edge_networks.rack-a.dhcp, or accept it where the server keeps the address for"
        " this host)",
    ),
    "EDGE212": PlanCode(
        WARNING,
        "Node answers by another network than the request came in",
        "Requests come through several networks of a node, and answers leave by its main routes. A router with strict"
        " reverse path filtering drops those that come back through another network. One that follows connections, as"
        " UniFi does, sees half of those between clients in a network of the nodes and addresses of another.",
        "t1.edge_addresses: t1 and 1 more node are reached over networks lab and lab2 of tor-a, and answer what comes"
        " in over lab and lab2 by the main routing table alone (give them a routing rule for each pool of lab and of"
        " lab2, and write return_path: network at lab and lab2 in edge_networks, or accept it where no router filters"
        " so: docs/situations/nodes-in-two-networks.md)",
    ),
}
