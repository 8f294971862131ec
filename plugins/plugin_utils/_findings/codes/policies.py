# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 33x to 36x: policies, the routers' other neighbors, and links."""

from __future__ import annotations

from ..code import ERROR, WARNING, PlanCode

POLICIES: dict[str, PlanCode] = {
    "EDGE330": PlanCode(
        ERROR,
        "Lengths that do not fit the prefix",
        "ge and le are lengths of prefixes inside it, in order.",
        "gw.edge_router_neighbors.nas.import.prefixes.ge: 8 is not a length of prefixes inside 10.50.0.0/16 (16 to 32)",
    ),
    "EDGE331": PlanCode(
        ERROR,
        "Key without meaning in this direction",
        "Some keys of a policy fit import only, or export only.",
        "gw.edge_router_neighbors.nas.export.max_prefixes: has no meaning in export (it limits what is accepted:"
        " write it under import)",
    ),
    "EDGE332": PlanCode(
        WARNING,
        "Policy lets everything through",
        "import: all accepts a default route and other people's addresses; export: all sends every route of the site.",
        "test.edge_peerings.lab.import: accepts every route: whoever is at the other end can take over the default"
        " route and any address of the site (name the pools, networks or prefixes instead)",
    ),
    "EDGE333": PlanCode(
        WARNING,
        "Default route",
        "It moves all traffic that has no better route to the router that announces it.",
        "test.edge_peerings.lab.export.default_route: sends a default route whether the router has one or not"
        " (default-originate): all traffic of the other end may come here (accept it with a reason where this"
        " router is its way out, else take it out)",
    ),
    "EDGE334": PlanCode(
        WARNING,
        "Redistributed routes leave",
        "Which routes these are is decided on the router, not here: a new interface or static route leaks by itself.",
        "gw.edge_router_neighbors.vpn.export.redistributed: sends every route that edge_router_redistribute takes"
        " in, also ones that appear later (name the networks or prefixes instead)",
    ),
    "EDGE335": PlanCode(
        WARNING,
        "Import is too wide",
        "The other end could announce more specific routes of addresses that are not its own, and they would win.",
        "gw.edge_router_neighbors.nas.import.prefixes: 0.0.0.0/0 le 32 lets the other end take over a default"
        " route and any IPv4 address (name the prefixes that are really its own)",
    ),
    "EDGE336": PlanCode(
        ERROR,
        "Local preference between two ASes",
        "It is not sent to another AS (RFC 4271 section 5.1.5).",
        "test.edge_peerings.lab.advertise.pod_cidrs.local_preference: is sent within one AS only, and this session"
        " is between two (set it on the router: import: {local_preference})",
    ),
    "EDGE337": PlanCode(
        ERROR,
        "Pool name of several clusters",
        "Several clusters have a pool of this name: write cluster/pool.",
        "edge_links.wire.ends.gw.export.pools: pool 'lb' exists in home and in second (write home/lb or second/lb)",
    ),
    "EDGE338": PlanCode(
        ERROR,
        "Name without prefixes",
        "What the policy names has no prefix, so it would let nothing pass.",
        "gw.edge_router_neighbors.nas.export.pod_cidrs: cluster 'home' has no pod ranges (write"
        " home.edge_cluster_pod_cidrs)",
    ),
    "EDGE339": PlanCode(
        WARNING,
        "Every node of a peering is drained",
        "Nobody announces what it advertises.",
        "prod.edge_peerings.k8s: each of its nodes is drained: a1, b1",
    ),
    "EDGE340": PlanCode(
        ERROR,
        "Neighbor's address unclear",
        "A neighbor is one address, the nodes of a network, an interface (unnumbered), or a listen range.",
        "gw.edge_router_neighbors.nas: has no address (write one of: address, nodes with network, interface, or"
        " dynamic)",
    ),
    "EDGE341": PlanCode(
        ERROR,
        "Two neighbors with one address",
        "FRR tells neighbors apart by address alone.",
        "gw.edge_router_neighbors.nas: 10.5.0.11 is a neighbor of gw already, by edge_peerings.k8s (FRR tells"
        " neighbors apart by address alone: keep one of the two)",
    ),
    "EDGE342": PlanCode(
        ERROR,
        "Neighbor out of reach",
        "Its address is in no subnet of the router, or the router's own: most likely a typing mistake.",
        "gw.edge_router_neighbors.x.update_source: 10.5.0.99 is an address of network 'lan', and gw does not have"
        " it (write an address of the router's own, or leave it out)",
    ),
    "EDGE343": PlanCode(
        ERROR,
        "Neighbor without nodes",
        "Its selector matches no node, so it would make no session.",
        "gw.edge_router_neighbors.nas.nodes: 'bird' selects none of 2 nodes (labels stand in edge_node_labels)",
    ),
    "EDGE344": PlanCode(
        ERROR,
        "Listen range does not fit",
        "It reaches beyond the router's network, where anybody could dial in, or overlaps another one.",
        "test.edge_peerings.two.dynamic: 10.3.0.16/28 overlaps 10.3.0.0/24 of test.edge_peerings.lab on tor-a (who"
        " dials in from there would belong to both: narrow one of the ranges)",
    ),
    "EDGE345": PlanCode(
        ERROR,
        "AS keys that exclude each other",
        "FRR refuses them, or they would do nothing.",
        "gw.edge_router_neighbors.nas.local_as: 64710 is the router's own AS (leave it out)",
    ),
    "EDGE346": PlanCode(
        ERROR,
        "Family that the session does not carry",
        "The prefixes could never pass.",
        "gw.edge_router_neighbors.nas.export: names 10.5.200.0/28, but families leaves ipv4 out (add ipv4 to"
        " families, or take the prefix out)",
    ),
    "EDGE347": PlanCode(
        WARNING,
        "Neighbor without routes",
        "The session would carry nothing in either direction.",
        "gw.edge_router_neighbors.nas: has neither import nor export, so no route passes (write what it may send"
        " and get)",
    ),
    "EDGE348": PlanCode(
        ERROR,
        "Redistributed routes of a router that redistributes nothing",
        "The export would send nothing.",
        "gw.edge_router_neighbors.vpn.export.redistributed: is set, and gw redistributes nothing (write"
        " gw.edge_router_redistribute)",
    ),
    "EDGE349": PlanCode(
        WARNING,
        "Routes are redistributed into BGP",
        "What the router takes in is decided by its other settings, not by this inventory.",
        "gw.edge_router_redistribute: takes every static route of the router into BGP, also ones that appear later"
        " (name the networks or prefixes under export instead)",
    ),
    "EDGE350": PlanCode(
        ERROR,
        "Link with one end",
        "A link joins two routers or more.",
        "edge_links.wire.ends: has 1 of at least two ends (name each router that it joins)",
    ),
    "EDGE351": PlanCode(
        ERROR,
        "Link's network unclear",
        "Each end needs an address that the other one dials.",
        "edge_links.wire.ends.far.network: far has no address in network 'lan' (far has addresses in: loops,"
        " office or wire)",
    ),
    "EDGE352": PlanCode(
        ERROR,
        "Ends of a link disagree",
        "Timers, restart times and passwords must be the same at both ends.",
        "edge_links.wire: leaves timers to edge_bgp_defaults: {'hold': 90} on far, {'hold': 30} on gw (write"
        " timers at the link, or make both equal)",
    ),
    "EDGE354": PlanCode(
        ERROR,
        "Unnumbered at one end only",
        "Both ends of an unnumbered link name their interface.",
        "edge_links.wire.ends.far.interfaces.gw: is missing, and gw has an interface towards far (an unnumbered"
        " link needs one at both ends)",
    ),
    "EDGE355": PlanCode(
        ERROR,
        "Routes that are not passed on within an AS",
        "A router passes nothing on to its own AS that it heard there, unless it reflects routes (RFC 4456).",
        "edge_links.wire.ends.gw.export.pools: gw hears pool 'lb' within AS 64710 only (peering 'k8s' of 'home'),"
        " and 'wire-far' is in that AS too: such routes are not passed on (RFC 4271 section 9.2) (give the cluster"
        " or the other router an AS of its own)",
    ),
    "EDGE356": PlanCode(
        ERROR,
        "Router has no such route to send",
        "The export would send nothing.",
        "gw.edge_router_neighbors.nas.export.pools: nobody announces pool 'web' to gw, so it has nothing to send"
        " (give a peering that announces it a session to this router, or import it from a link)",
    ),
    "EDGE357": PlanCode(
        ERROR,
        "Import cannot mirror the other end",
        "Which routes another router redistributes is not known here.",
        "edge_links.wire.ends.far.import: is missing, and gw sends redistributed routes, whose prefixes are not"
        " known here (write which of them are accepted)",
    ),
    "EDGE358": PlanCode(
        ERROR,
        "Path prepended within one AS",
        "A router drops a path that has its own AS in it (RFC 4271 section 9.1.2).",
        "gw.edge_router_neighbors.nas.export.prepend: puts this AS into paths for a neighbor of the same AS, which"
        " drops them as loops (write local_preference: lower is worse)",
    ),
    "EDGE359": PlanCode(
        ERROR,
        "Attribute on no route",
        "FRR sends the default route of default_route (default-originate) past the route-map that sets attributes.",
        "gw.edge_router_neighbors.nas.export.med: would be set on no route: FRR sends the default route of"
        " default_route as it is (set local_preference or med under import at the other end)",
    ),
    "EDGE360": PlanCode(
        ERROR,
        "Routes without the community that the import asks for",
        "The nodes would announce what the router refuses: no service of the pool could be reached.",
        "home.edge_peerings.k8s.import.communities: asks for 64700:20, which is not on the routes of pool 'media',"
        " advertise.pod_cidrs: the router would refuse them (add it to home.edge_pools.media.communities, or take"
        " it out here)",
    ),
    "EDGE361": PlanCode(
        WARNING,
        "Import covers a pool",
        "The other end could announce a service's own route: the router would send it the traffic, or a share of it.",
        "gw.edge_router_neighbors.nas.import.prefixes[1]: 10.5.128.0/17 le 32 lets the other end take over"
        " addresses of pool 'lb' of 'home' (10.5.200.0/28) (name the prefixes that are really its own; if it"
        " announces the pool too, write pools: home/lb)",
    ),
    "EDGE362": PlanCode(
        WARNING,
        "Listen range without a password",
        "A named neighbor must have its address; behind a listen range any host with the right AS number is one, and"
        " may announce every address that the import lets in.",
        "test.edge_peerings.lab.dynamic: has no password: any host of 10.3.0.0/24 that says it is AS 64800 becomes a"
        " neighbor of tor-a, and can take over a pool's addresses (set edge_bgp_passwords.lab, or leave dynamic out and"
        " give the nodes their edge_addresses)",
    ),
    "EDGE363": PlanCode(
        WARNING,
        "Peering whose routers are all absent",
        "Its nodes have nobody to peer with, so the whole run takes its sessions out of the cluster too.",
        "prod.edge_peerings.k8s.network: each of its routers is absent, so its nodes peer with nobody: tor-a, tor-b (a"
        " run takes its sessions out of the cluster too, and --tags router,contract leaves the cluster as it is)",
    ),
    "EDGE364": PlanCode(
        WARNING,
        "Link with several pairs of addresses",
        "A link is one session for each family. Its ends have several addresses of a family that could dial each other:"
        " the first pair is taken, which depends on the order in which addresses are written.",
        "edge_links.wire.ends: far and gw could dial each other as 10.5.9.2 with 10.5.9.1 and 10.5.9.6 with 10.5.9.5,"
        " and do so as 10.5.9.2 with 10.5.9.1: a link is one IPv4 session (write the pair that was meant first in "
        "edge_addresses of both, or make each subnet a network of its own and name one at the ends: network)",
    ),
}
