# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 33x to 36x: policies, the routers' other neighbors, and links."""

from __future__ import annotations

from ..code import ERROR, WARNING, PlanCode

POLICIES: dict[str, PlanCode] = {
    "EDGE330": PlanCode(
        ERROR, "Lengths that do not fit the prefix", "ge and le are lengths of prefixes inside it, in order."
    ),
    "EDGE331": PlanCode(
        ERROR, "Key without meaning in this direction", "Some keys of a policy fit import only, or export only."
    ),
    "EDGE332": PlanCode(
        WARNING,
        "Policy lets everything through",
        "import: all accepts a default route and other people's addresses; export: all sends every route of the site.",
    ),
    "EDGE333": PlanCode(
        WARNING, "Default route", "It moves all traffic that has no better route to the router that announces it."
    ),
    "EDGE334": PlanCode(
        WARNING,
        "Redistributed routes leave",
        "Which routes these are is decided on the router, not here: a new interface or static route leaks by itself.",
    ),
    "EDGE335": PlanCode(
        WARNING,
        "Import is too wide",
        "The other end could announce more specific routes of addresses that are not its own, and they would win.",
    ),
    "EDGE336": PlanCode(
        ERROR, "Local preference between two ASes", "It is not sent to another AS (RFC 4271 section 5.1.5)."
    ),
    "EDGE337": PlanCode(
        ERROR, "Pool of which cluster?", "Several clusters have a pool of this name: write cluster/pool."
    ),
    "EDGE338": PlanCode(
        ERROR, "Name without prefixes", "What the policy names has no prefix, so it would let nothing pass."
    ),
    "EDGE339": PlanCode(WARNING, "Every node of a peering is drained", "Nobody announces what it advertises."),
    "EDGE340": PlanCode(
        ERROR,
        "Neighbor's address unclear",
        "A neighbor is one address, the nodes of a network, an interface (unnumbered), or a listen range.",
    ),
    "EDGE341": PlanCode(ERROR, "Two neighbors with one address", "FRR tells neighbors apart by address alone."),
    "EDGE342": PlanCode(
        ERROR,
        "Neighbor out of reach",
        "Its address is in no subnet of the router, or the router's own: most likely a typing mistake.",
    ),
    "EDGE343": PlanCode(ERROR, "Neighbor without nodes", "Its selector matches no node, so it would make no session."),
    "EDGE344": PlanCode(
        ERROR,
        "Listen range does not fit",
        "It reaches beyond the router's network, where anybody could dial in, or overlaps another one.",
    ),
    "EDGE345": PlanCode(ERROR, "AS keys that exclude each other", "FRR refuses them, or they would do nothing."),
    "EDGE346": PlanCode(ERROR, "Family that the session does not carry", "The prefixes could never pass."),
    "EDGE347": PlanCode(WARNING, "Neighbor without routes", "The session would carry nothing in either direction."),
    "EDGE348": PlanCode(
        ERROR, "Redistributed routes of a router that redistributes nothing", "The export would send nothing."
    ),
    "EDGE349": PlanCode(
        WARNING,
        "Routes are redistributed into BGP",
        "What the router takes in is decided by its other settings, not by this inventory.",
    ),
    "EDGE350": PlanCode(ERROR, "Link with one end", "A link joins two routers or more."),
    "EDGE351": PlanCode(ERROR, "Link's network unclear", "Each end needs an address that the other one dials."),
    "EDGE352": PlanCode(
        ERROR, "Ends of a link disagree", "Timers, restart times and passwords must be the same at both ends."
    ),
    "EDGE354": PlanCode(ERROR, "Unnumbered at one end only", "Both ends of an unnumbered link name their interface."),
    "EDGE355": PlanCode(
        ERROR,
        "Routes that are not passed on within an AS",
        "A router passes nothing on to its own AS that it heard there, unless it reflects routes (RFC 4456).",
    ),
    "EDGE356": PlanCode(ERROR, "Router never hears what it should send", "The export would send nothing."),
    "EDGE357": PlanCode(
        ERROR, "Import cannot mirror the other end", "Which routes another router redistributes is not known here."
    ),
    "EDGE358": PlanCode(
        ERROR,
        "Path prepended within one AS",
        "A router drops a path that has its own AS in it (RFC 4271 section 9.1.2).",
    ),
    "EDGE359": PlanCode(
        ERROR,
        "Attribute on no route",
        "FRR sends the default route of default_route (default-originate) past the route-map that sets attributes.",
    ),
    "EDGE360": PlanCode(
        ERROR,
        "Routes without the mark that the import asks for",
        "The nodes would announce what the router refuses: no service of the pool could be reached.",
    ),
    "EDGE361": PlanCode(
        WARNING,
        "Import covers a pool",
        "The other end could announce a service's own route: the router would send it the traffic, or a share of it.",
    ),
}
