# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 30x to 32x: peerings and their sessions."""

from __future__ import annotations

from ..code import ERROR, WARNING, PlanCode

SESSIONS: dict[str, PlanCode] = {
    "EDGE301": PlanCode(
        ERROR, "Reserved AS number", "0 (RFC 7607), 23456 (RFC 6793), 65535 and 4294967295 (RFC 7300)."
    ),
    "EDGE302": PlanCode(
        WARNING, "Documentation AS number", "RFC 5398 reserves these for examples; use a private one (RFC 6996)."
    ),
    "EDGE303": PlanCode(
        ERROR, "Timers do not fit", "FRR and Cilium need keepalive <= hold / 3, else the session may expire."
    ),
    "EDGE304": PlanCode(ERROR, "Peering's network unclear", "Several networks (or none) join its nodes and a router."),
    "EDGE305": PlanCode(ERROR, "Peering without nodes", "Its selector matches no node, so it would make no session."),
    "EDGE306": PlanCode(
        ERROR,
        "Two sessions between the same addresses",
        "FRR tells neighbours apart by address alone: a node can have one session to a router's address.",
    ),
    "EDGE307": PlanCode(ERROR, "Two derived names collide", "Names are joined with hyphens; rename one of the two."),
    "EDGE308": PlanCode(
        WARNING, "Peering advertises nothing", "No pool names it, so its sessions would carry no route."
    ),
    "EDGE309": PlanCode(
        ERROR, "multihop and ttl_security exclude each other", "GTSM (RFC 5082) is for direct neighbours."
    ),
    "EDGE310": PlanCode(
        ERROR,
        "ttl_security within one AS",
        "Cilium sends packets of an internal session with a TTL that nothing changes: the router would drop them.",
    ),
    "EDGE311": PlanCode(
        WARNING,
        "Export to Cilium",
        "Cilium rejects every route that it receives and never programs one: nodes reach the router's networks by their"
        " default route.",
    ),
    "EDGE312": PlanCode(
        ERROR,
        "Key without meaning for a speaker on the node",
        "With local_speaker the nodes peer with themselves; no router of the site has these sessions.",
    ),
    "EDGE313": PlanCode(
        ERROR,
        "local_as does not fit",
        "FRR takes local-as only towards another AS, and only a number that is neither its own nor the neighbor's.",
    ),
    "EDGE314": PlanCode(
        ERROR,
        "Session over a family that it does not carry",
        "One end has no address of that family to dial or to be dialled.",
    ),
    "EDGE315": PlanCode(
        ERROR, "Listen range wider than its network", "Anybody from outside the segment could become a neighbor."
    ),
    "EDGE316": PlanCode(
        ERROR, "Default gateway unclear", "Nodes dial whichever router their default route names; it must be one."
    ),
    "EDGE317": PlanCode(
        ERROR,
        "Peerings of one class disagree about its name",
        "A node matches one CiliumBGPClusterConfig, which its peerings share: they must call it by one name.",
    ),
    "EDGE318": PlanCode(
        ERROR,
        "Nodes that no selector tells apart",
        "A label of ours would select them, but edge_cluster_manage_labels says that labels are not ours to write.",
    ),
    "EDGE319": PlanCode(
        ERROR,
        "Advertised addresses unknown",
        "The router takes exactly what is planned; without the range its filter would refuse what the nodes announce.",
    ),
    "EDGE320": PlanCode(ERROR, "One length for two families", "A prefix length means something else in each family."),
    "EDGE321": PlanCode(
        ERROR,
        "Announcement that the router refuses",
        "accept: services takes the planned service addresses and nothing else; this one is not known before.",
    ),
    "EDGE322": PlanCode(
        ERROR,
        "Peerings of one BGP instance disagree",
        "Peerings of one AS number share an instance on a node: its name and its port are one.",
    ),
    "EDGE323": PlanCode(
        ERROR,
        "Two sessions of a node with one router in a peering",
        "A peer of the cluster's side stands for a router and has one address: write a peering for each network.",
    ),
    "EDGE324": PlanCode(
        ERROR,
        "Internal and external members in one peer group",
        "FRR takes either: nodes in the router's own AS need a peering of their own.",
    ),
    "EDGE325": PlanCode(
        ERROR, "Node outside the listen ranges", "The router takes nobody from there, so its sessions never come up."
    ),
    "EDGE326": PlanCode(
        ERROR, "Listen limit too low", "FRR refuses further neighbors in silence, and shows them nowhere."
    ),
    "EDGE327": PlanCode(
        ERROR,
        "IPv6 routes over an IPv4 session",
        "Cilium announces them with an IPv4-mapped next hop; FRR takes such a route and the kernel refuses it. The"
        " other way round works: sessions: ipv6 carries IPv4 routes too (RFC 8950).",
    ),
    "EDGE328": PlanCode(ERROR, "Two ports on one router", "bgpd listens on one TCP port, for all of its neighbors."),
    "EDGE329": PlanCode(
        WARNING,
        "Port that bgpd does not listen on by itself",
        "It is an option of bgpd's command line (-p, in /etc/frr/daemons), which no run changes.",
    ),
}
