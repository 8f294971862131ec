# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 1xx: reading the inventory."""

from __future__ import annotations

from ..code import ERROR, WARNING, PlanCode

INVENTORY: dict[str, PlanCode] = {
    "EDGE101": PlanCode(
        ERROR, "Unknown key", "A misspelt key would otherwise be ignored and its value lost in silence."
    ),
    "EDGE102": PlanCode(ERROR, "Wrong type", "The value has another shape than the key takes."),
    "EDGE103": PlanCode(
        ERROR, "Value not allowed", "The value is outside the range or the list of words that the key takes."
    ),
    "EDGE104": PlanCode(
        ERROR,
        "Bad name",
        "Names become names of Kubernetes objects, peer groups and prefix-lists: RFC 1123 labels of at most 40"
        " characters, not ending in -v6 (reserved for the IPv6 half of a pair).",
    ),
    "EDGE105": PlanCode(ERROR, "Missing key", "The key is required here and nothing gives it a default."),
    "EDGE106": PlanCode(
        ERROR,
        "YAML changed the value",
        "Unquoted, YAML reads 1.20 as the number 1.2, on and yes as booleans and 010 as 8. Quote such text.",
    ),
    "EDGE107": PlanCode(
        ERROR,
        "One entry in two layers",
        "Layers of a map are merged; which of two equal entries wins would depend on their names. Only __twin may.",
    ),
    "EDGE108": PlanCode(
        ERROR,
        "Two hosts disagree about the site",
        "Networks, the site's name and accepted findings belong to the site: every host must see the same.",
    ),
    "EDGE109": PlanCode(
        ERROR, "Value cannot be computed", "The template behind the value fails, so nothing can be planned."
    ),
    "EDGE110": PlanCode(
        WARNING,
        "Unknown variable",
        "No key of this collection has this name. Variables of your own start with edge_x_.",
    ),
    "EDGE111": PlanCode(
        ERROR,
        "Not supported by this version",
        "It can be written, but no session or announcement of this version can be made from it.",
    ),
    "EDGE112": PlanCode(ERROR, "Nothing to do", "No host is in edge_routers, edge_clusters or edge_nodes."),
    "EDGE113": PlanCode(
        ERROR,
        "The limit leaves out the other end",
        "Both ends of a peering change together. Widen --limit, or choose an end: --tags router or --tags cluster.",
    ),
    "EDGE114": PlanCode(ERROR, "Host in two groups", "A host is a router, a cluster or a node; each has its own keys."),
    "EDGE115": PlanCode(
        ERROR, "Accepted finding cannot be accepted", "Warnings can be accepted by code; errors cannot."
    ),
    "EDGE116": PlanCode(
        ERROR, "Password that nobody reads", "Its sessions would be set up without a password, at both ends."
    ),
    "EDGE120": PlanCode(ERROR, "Reference to nothing", "The name that is referred to does not exist in this site."),
}
