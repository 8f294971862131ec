# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 1xx: reading the inventory."""

from __future__ import annotations

from ..code import ERROR, WARNING, PlanCode

INVENTORY: dict[str, PlanCode] = {
    "EDGE101": PlanCode(
        ERROR,
        "Unknown key",
        "A misspelt key would otherwise be ignored and its value lost in silence.",
        "edge_pool: is not a variable of this collection (did you mean 'edge_pools'?)",
    ),
    "EDGE102": PlanCode(
        ERROR,
        "Wrong type",
        "The value has another shape than the key takes.",
        "edge_pools: must be a map, not a list (give each entry its name: NAME: ...)",
    ),
    "EDGE103": PlanCode(
        ERROR,
        "Value not allowed",
        "The value is outside the range or the list of words that the key takes.",
        "edge_services.dummy/dummy-service.ports: is an empty list (give at least 1)",
    ),
    "EDGE104": PlanCode(
        ERROR,
        "Bad name",
        "Names become names of Kubernetes objects, peer groups and prefix-lists: RFC 1123 labels of at most 40"
        " characters, not ending in -v6 (reserved for the IPv6 half of a pair).",
        "edge_pools.Media: 'Media' is not a name (lower-case letters, digits and hyphens, first and last a letter"
        " or digit (RFC 1123), such as 'media')",
    ),
    "EDGE105": PlanCode(
        ERROR,
        "Missing key",
        "The key is required here and nothing gives it a default.",
        "udm-pro.edge_router_asn: is missing (AS number of the router)",
    ),
    "EDGE106": PlanCode(
        ERROR,
        "YAML changed the value",
        "Unquoted, YAML reads 1.20 as the number 1.2, on and yes as booleans and 010 as 8. Quote such text. As keys of"
        ' one map, 1 and "1" are the same here.',
        "edge_pools.private-service.l2: is the boolean true, not a name (write the name; quote it if this is one)",
    ),
    "EDGE107": PlanCode(
        ERROR,
        "One entry in two layers",
        "Layers of a map are merged; which of two equal entries wins would depend on their names. Only __twin may.",
        "edge_pools__media.public-ingress: stands in edge_pools too (keep it in one layer)",
    ),
    "EDGE108": PlanCode(
        ERROR,
        "Two hosts disagree about the site",
        "Networks, the site's name and accepted findings belong to the site: every host must see the same.",
        "edge_networks.public: is defined differently on control-01 and on node01 (write it once, under"
        " group_vars/all)",
    ),
    "EDGE109": PlanCode(
        ERROR,
        "Value cannot be computed",
        "The template behind the value fails, so nothing can be planned.",
        "platform.edge_pools__b: 'no_such_variable' is undefined",
    ),
    "EDGE110": PlanCode(
        WARNING,
        "Unknown variable",
        "No key of this collection has this name. Variables of your own start with edge_x_.",
        "edge_colour: is not a variable of this collection (variables of your own start with edge_x_)",
    ),
    "EDGE111": PlanCode(
        ERROR,
        "Not supported by this version",
        "It can be written, but no session or announcement of this version can be made from it.",
        "edge_networks.links.cidr: fe80::/64 is link-local: nodes cannot peer from such addresses, which each link"
        " has again (use unique local addresses, such as fd00:10::/64; a neighbor that is no node may be"
        " link-local: edge_router_neighbors.NAME: {address, interface})",
    ),
    "EDGE112": PlanCode(
        ERROR,
        "Nothing to do",
        "No host is in edge_routers, edge_clusters or edge_nodes.",
        "inventory: no host is in edge_routers, edge_clusters or edge_nodes (name the site's inventory with -i)",
    ),
    "EDGE113": PlanCode(
        ERROR,
        "The limit leaves out the other end",
        "Both ends of a peering change together. Widen --limit, or choose an end: --tags router or --tags cluster.",
        "--limit: has udm-pro without platform, which shares a peering with it (add what is missing, or do one end"
        " only: --tags router or --tags cluster)",
    ),
    "EDGE114": PlanCode(
        ERROR,
        "Host in two groups",
        "A host is a router, a cluster or a node; each has its own keys.",
        "udm-pro: is in edge_routers and in edge_nodes (give each role of the machine a host of its own)",
    ),
    "EDGE115": PlanCode(
        ERROR,
        "Accepted finding cannot be accepted",
        "Warnings can be accepted by code; errors cannot.",
        "edge_accept.EDGE401: EDGE401 is an error; only warnings can be accepted (mend what it reports)",
    ),
    "EDGE116": PlanCode(
        ERROR,
        "Password that no session uses",
        "Its sessions would be set up without a password, at both ends.",
        "udm-pro.edge_bgp_passwords.public-ingress: is not read from udm-pro: the password of peering"
        " 'public-ingress' is read from platform (write it at platform, or under group_vars/all)",
    ),
    "EDGE117": PlanCode(
        ERROR,
        "Group of nearly the name of ours",
        "The plan reads the groups edge_routers, edge_clusters and edge_nodes. A group has nearly the name of one of"
        " them, and that is not in the inventory: nobody reads its hosts.",
        "inventory.edge_router: is no group of this collection, and the inventory defines no group 'edge_routers' (did"
        " you mean 'edge_routers'?)",
    ),
    "EDGE118": PlanCode(
        ERROR,
        "UniFi Network cannot be reached with what is said",
        "Where UniFi Network holds a router's BGP, the run writes there: it needs the address, and one way to log in.",
        "udm-pro.edge_router_controller: is missing, and edge_router_bgp_owner is controller (write {url:"
        " https://ADDRESS}, the console's address)",
    ),
    "EDGE119": PlanCode(
        WARNING,
        "UniFi Network's certificate is not checked",
        "UniFi's own certificate is for no name that you reach it by, so it is taken by its fingerprint:"
        " openssl s_client -connect ADDRESS:443 </dev/null | openssl x509 -noout -fingerprint -sha256.",
        "udm-pro.edge_router_controller.validate_certs: is false: whoever answers at this address gets the key, and"
        " with it the site (write fingerprint: SHA-256, which takes the one certificate that is there now)",
    ),
    "EDGE120": PlanCode(
        ERROR,
        "Name that does not exist",
        "Nothing in this site has the name that is referred to.",
        "edge_pools__media.media.l2: there is no network 'privat' (did you mean 'private'?)",
    ),
    "EDGE121": PlanCode(
        ERROR,
        "Nothing that an upgrade resets",
        "A firmware upgrade of UniFi OS resets /etc/frr. What UniFi Network holds survives it, and other routers have"
        " no such upgrade.",
        "udm-pro.edge_router_persist: is true, but edge_router_bgp_owner is none: only a frr.conf on UniFi OS is reset"
        " by its upgrades (leave it out)",
    ),
    "EDGE122": PlanCode(
        ERROR,
        "Nothing of ours writes to the cluster",
        "Where Flux or Argo CD applies (edge_cluster_apply: others), a run of ours only reads: what says how it would"
        " write, or that it never looks, contradicts that.",
        "platform.edge_cluster_take_over: is set, but edge_cluster_apply is others: no run of ours takes anything over"
        " there (leave it out; Flux or Argo CD takes over what it applies)",
    ),
    "EDGE123": PlanCode(
        ERROR,
        "Variable that nobody reads",
        "Each variable is read from hosts of its own groups. What stands on others alone is lost in silence: peerings"
        " in group_vars/edge_routers make no session. Under group_vars/all every variable is in its place.",
        "udm-pro.edge_pools__media: is not read from udm-pro: edge_pools is read from hosts of edge_clusters (write it"
        " at platform, or under group_vars/all)",
    ),
    "EDGE124": PlanCode(
        WARNING,
        "Peerings, pools or services of no cluster",
        "Under group_vars/all they may be for the clusters of other sites. In this site nothing comes of them.",
        "edge_pools: is read from hosts of edge_clusters, and the inventory has none (add a host to the group"
        " edge_clusters, or remove it)",
    ),
    "EDGE125": PlanCode(
        WARNING,
        "Group of nearly the name of ours beside it",
        "The plan reads the groups edge_routers, edge_clusters and edge_nodes. A group has nearly the name of one of"
        " them that the inventory has too. None of its hosts is in any of the three, so nobody reads them.",
        "inventory.edge_node: is no group of this collection, and no host of it is in one: node06 (did you mean"
        " 'edge_nodes'? Accept it where the group has another purpose: edge_accept: {EDGE125: REASON})",
    ),
}
