# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 30x to 32x: peerings and their sessions."""

from __future__ import annotations

from ..code import ERROR, WARNING, PlanCode

SESSIONS: dict[str, PlanCode] = {
    "EDGE301": PlanCode(
        ERROR,
        "Reserved AS number",
        "0 (RFC 7607), 23456 (RFC 6793), 65535 and 4294967295 (RFC 7300).",
        "platform.edge_cluster_asn: AS 0 is reserved (RFC 7607) (take a private one: 64512 to 65534, or 4200000000"
        " to 4294967294)",
    ),
    "EDGE302": PlanCode(
        WARNING,
        "Documentation AS number",
        "RFC 5398 reserves these for examples; use a private one (RFC 6996).",
        "edge_peerings.public-ingress.asn: AS 64500 is reserved for documentation (RFC 5398) (take a private one:"
        " 64512 to 65534, or 4200000000 to 4294967294)",
    ),
    "EDGE303": PlanCode(
        ERROR,
        "Timers do not fit",
        "FRR and Cilium need keepalive <= hold / 3, else the session may expire.",
        "edge_bgp_defaults.timers.keepalive: 15 s is more than a third of the hold time of 30 s (at most 10, or"
        " leave it out)",
    ),
    "EDGE304": PlanCode(
        ERROR,
        "Peering's network unclear",
        "Several networks (or none) join its nodes and a router.",
        "edge_peerings.public-ingress.network: is missing, and its nodes and the routers share private or public"
        " (write the one that the sessions use)",
    ),
    "EDGE305": PlanCode(
        ERROR,
        "Peering without nodes",
        "Its selector matches no node, so it would make no session.",
        "edge_peerings.public-ingress.nodes: 'public=yes' selects none of 5 nodes (labels: private=, public=true)",
    ),
    "EDGE306": PlanCode(
        ERROR,
        "Two sessions between the same addresses",
        "FRR tells neighbors apart by address alone: a node can have one session to a router's address.",
        "edge_peerings.public-ingress: node01, node02, node03 would have a second session to 10.121.0.1, beside"
        " that of edge_peerings.public-extra (use one peering, another network, or selectors that do not share a"
        " node)",
    ),
    "EDGE307": PlanCode(
        ERROR,
        "Two derived names collide",
        "Names are joined with hyphens; rename one of the two.",
        "platform-public.edge_peerings.ingress: peer group 'platform-public-ingress' on udm-pro would belong to"
        " peering 'ingress' of 'platform-public' and to peering 'public-ingress' of 'platform' (write another"
        " names.peer_group, or rename one of the peerings)",
    ),
    "EDGE308": PlanCode(
        WARNING,
        "Peering advertises nothing",
        "No pool names it, so its sessions would carry no route.",
        "edge_peerings.public-ingress: no pool names it, so its sessions carry no route (pool: bgp: public-ingress)",
    ),
    "EDGE309": PlanCode(
        ERROR,
        "multihop and ttl_security exclude each other",
        "GTSM (RFC 5082) is for directly connected neighbors.",
        "edge_peerings.public-ingress: multihop and ttl_security are both set (GTSM is for neighbors on the same"
        " network)",
    ),
    "EDGE310": PlanCode(
        ERROR,
        "ttl_security within one AS",
        "Cilium sends packets of an internal session with a TTL that nothing changes: the router would drop them.",
        "edge_peerings.public-ingress.ttl_security: is set, but udm-pro has the same AS 65000 (remove it, or give"
        " the cluster an AS of its own)",
    ),
    "EDGE311": PlanCode(
        WARNING,
        "Export to Cilium",
        "Cilium rejects every route that it receives and never programs one: nodes reach the router's networks by"
        " their default route.",
        "test.edge_peerings.lab.export: sends routes to Cilium, which discards all that it receives (remove it:"
        " nodes reach the router's networks by their default route)",
    ),
    "EDGE312": PlanCode(
        ERROR,
        "Key without meaning for a speaker on the node",
        "With local_speaker the nodes peer with themselves; no router of the site has these sessions.",
        "test.edge_peerings.lab.accept: has no meaning beside local_speaker: no router of ours has these sessions"
        " (remove one of the two; the router's session to the speaker is one of edge_router_neighbors)",
    ),
    "EDGE313": PlanCode(
        ERROR,
        "local_as does not fit",
        "FRR takes local-as only towards another AS, and only a number that is neither its own nor the neighbor's.",
        "test.edge_peerings.lab.local_as: 64701 is the AS of tor-a anyway (leave it out)",
    ),
    "EDGE314": PlanCode(
        ERROR,
        "Session over a family that it does not carry",
        "One end has no address of that family to dial, or none that the other end could dial.",
        "t1.edge_node_local_addresses.lab: fd00:3::21 is an IPv6 address, but no session of test.edge_peerings.lab"
        " is (remove it)",
    ),
    "EDGE315": PlanCode(
        ERROR,
        "Listen range wider than its network",
        "Anybody from outside the segment could become a neighbor.",
        "test.edge_peerings.lab.dynamic.range: 10.3.0.0/16 is not inside network 'lab' (10.3.0.0/24) (who may dial"
        " in must be on the peering's network)",
    ),
    "EDGE316": PlanCode(
        ERROR,
        "Default gateway unclear",
        "Nodes dial whichever router their default route names; it must be one.",
        "test.edge_peerings.lab.discover: is set, but tor-a or tor-b could be the default gateway in network 'lab'"
        " (name the one that is: routers)",
    ),
    "EDGE317": PlanCode(
        ERROR,
        "Peerings of one class disagree about its name",
        "A node matches one CiliumBGPClusterConfig, which its peerings share: they must call it by one name.",
        "test.edge_peerings.two.names.cluster_config: is 'two', but test.edge_peerings.lab says 'one', and nodes of"
        " both share one CiliumBGPClusterConfig (write one name in both)",
    ),
    "EDGE318": PlanCode(
        ERROR,
        "Nodes that no selector tells apart",
        "A label of ours would select them, but edge_cluster_manage_labels says that labels are not ours to write.",
        "test.edge_cluster_manage_labels: is false, and no selector of test.edge_peerings.lab selects exactly t2:"
        " only a label could (let test.edge_peerings.lab.nodes select exactly these nodes, or let labels be"
        " written)",
    ),
    "EDGE319": PlanCode(
        ERROR,
        "Advertised addresses unknown",
        "The router takes exactly what is planned; without the range its filter would refuse what the nodes announce.",
        "test.edge_peerings.lab.advertise.cluster_ips: needs test.edge_cluster_service_cidrs: the router must know"
        " which addresses to take (write edge_cluster_service_cidrs)",
    ),
    "EDGE320": PlanCode(
        ERROR,
        "One length for two families",
        "A prefix length means something else in each family.",
        "prod.edge_peerings.k8s.advertise.cluster_ips.aggregate: is 24, and there are addresses of both families"
        " (write {ipv4: 24, ipv6: 64})",
    ),
    "EDGE321": PlanCode(
        ERROR,
        "Announcement that the router refuses",
        "accept: services takes the planned service addresses and nothing else; this one is not known before.",
        "test.edge_peerings.lab.accept: is services, but web/a has no planned address: the router would refuse its"
        " route (write edge_services.web/a.addresses, or edge_allocation: planned)",
    ),
    "EDGE322": PlanCode(
        ERROR,
        "Peerings of one BGP instance disagree",
        "Peerings of one AS number share an instance on a node: its name and its port are one.",
        "test.edge_peerings.two.names.instance: is not that of test.edge_peerings.lab: both share the instance of"
        " AS 64800 on a node (write the same in both)",
    ),
    "EDGE323": PlanCode(
        ERROR,
        "Two sessions of a node with one router in a peering",
        "A peer of the cluster's side stands for a router and has one address: write a peering for each network.",
        "prod.edge_peerings.k8s.network: a1 would have two sessions with tor-a, over networks rack-a and rack-b"
        " (write one peering for each network)",
    ),
    "EDGE324": PlanCode(
        ERROR,
        "Internal and external members in one peer group",
        "FRR takes one kind per peer group: nodes in the router's own AS need a peering of their own.",
        "prod.edge_peerings.k8s: a1 is in AS 64702 like tor-b, b1 is in AS 64712: a peer group is either internal"
        " or external (write a peering for each kind)",
    ),
    "EDGE325": PlanCode(
        ERROR,
        "Node outside the listen ranges",
        "The router accepts no session from there, so the node's sessions never come up.",
        "t1.edge_addresses.lab: 10.3.0.21 is outside the listen ranges of test.edge_peerings.lab (10.3.0.128/25)"
        " (widen the ranges, or narrow the peering's nodes)",
    ),
    "EDGE326": PlanCode(
        ERROR,
        "Listen limit too low, or too high",
        "FRR refuses further neighbors silently, and shows them nowhere. It has one limit for a router, to which those"
        " of all its peerings and neighbors add up, and refuses the configuration where that is more than its version"
        " takes.",
        "test.edge_peerings.lab.dynamic.limit: is 1, but 2 nodes dial in: FRR refuses the others silently (at"
        " least 2; two more while nodes are replaced)",
    ),
    "EDGE327": PlanCode(
        ERROR,
        "IPv6 routes over an IPv4 session",
        "Cilium announces them with an IPv4-mapped next hop; FRR takes such a route and the kernel refuses it. The"
        " other way round works: sessions: ipv6 carries IPv4 routes too (RFC 8950).",
        "prod.edge_peerings.k8s.sessions: is ipv4, but its sessions carry IPv6 routes too: Cilium sends those with"
        " an IPv4-mapped next hop (::ffff:...), which the router's kernel refuses (sessions: ipv6 carries the"
        " routes of both families; or leave it out)",
    ),
    "EDGE328": PlanCode(
        ERROR,
        "Two ports on one router",
        "bgpd listens on one TCP port, for all of its neighbors.",
        "edge_peerings.public-service.port: is 179, but edge_peerings.public-ingress.port is 1790: bgpd of udm-pro"
        " listens on one port (write the same for both)",
    ),
    "EDGE329": PlanCode(
        WARNING,
        "Port that bgpd does not listen on by itself",
        "It is an option of bgpd's command line (-p, in /etc/frr/daemons), which no run changes.",
        "edge_peerings.public-ingress.port: is 1790, but bgpd of udm-pro listens on 179 unless its options say so"
        " (leave it out, or give bgpd the option -p 1790 in /etc/frr/daemons and accept this)",
    ),
}
