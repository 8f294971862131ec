# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router's FRR must hold, as it stands in the plan (``routers.<router>.frr``) and as the role udm_frr takes it.

Beside each type stand what the key means and, in a tuple, the words that it may be: ``scripts/generate.py`` writes the
role's arguments and README from them. Lists are in the order in which they are rendered.
"""

from __future__ import annotations

from typing import Annotated, TypedDict


class SessionTimers(TypedDict):
    """BGP timers in seconds (RFC 4271 section 4.2 and 8)."""

    hold: Annotated[int, "Hold time: seconds without a message after which the session is over."]
    keepalive: Annotated[int, "Seconds between two keepalives, at most a third of the hold time."]
    connect_retry: Annotated[int, "Seconds between two attempts to connect."]


class MaximumPrefix(TypedDict):
    """The limit of routes that one neighbor may have accepted in a family."""

    limit: Annotated[int, "Accepted routes over which the session is closed."]
    threshold: Annotated[int, "Percent of the limit from which on FRR logs a warning."]
    restart: Annotated[int, "Minutes until a session that was closed for it is tried again."]
    force: Annotated[bool, "Whether routes that the filter refused count too."]


_ImportMap = TypedDict(
    "_ImportMap", {"import": Annotated[str, "Name of the route-map for what the neighbors announce."]}
)
"""``import`` is a keyword of Python, so a class cannot have it."""


class PeerGroupFamily(_ImportMap):
    """A peer group in one address family of routes."""

    export: Annotated[str, "Name of the route-map for what the neighbors are sent."]
    maximum_prefix: Annotated[MaximumPrefix | None, "Limit of routes from each neighbor; null: none."]
    soft_reconfiguration: Annotated[
        bool, "Whether FRR keeps what the filter refused (``soft-reconfiguration inbound``)."
    ]
    default_originate: Annotated[bool, "Whether the neighbors are sent a default route without there being one."]
    next_hop_self: Annotated[bool, "Whether the router names itself as next hop."]
    route_reflector_client: Annotated[bool, "Whether the router reflects routes to the neighbors (RFC 4456)."]


class PeerGroupNeighbor(TypedDict):
    """One neighbor of a peer group."""

    address: Annotated[str, "Address of the neighbor; of an unnumbered one the interface."]
    interface: Annotated[str | None, "Interface of a link-local address; else null."]
    unnumbered: Annotated[bool, "Whether the session is over an interface without addresses (RFC 5549)."]
    description: Annotated[str | None, "Text for ``neighbor description``; null: none."]
    remote_as: Annotated[int | None, "The neighbor's own AS number; null: that of the peer group."]
    port: Annotated[int | None, "TCP port that the router dials; null: 179."]
    shutdown: Annotated[bool, "Whether the session is shut down."]
    update_source: Annotated[
        str | None, "The router's source address; null: the one of the interface towards the neighbor."
    ]


class PeerGroup(TypedDict):
    """What the sessions of a peering, a neighbor or a link share in one family of transport addresses."""

    name: Annotated[str, "Name of the peer group."]
    remote_as: Annotated[
        int | str | None, "AS number of the neighbors, ``internal`` or ``external``; null: each neighbor has its own."
    ]
    transport: Annotated[str, "Family of the sessions' own addresses.", ("ipv4", "ipv6")]
    timers: Annotated[SessionTimers, "BGP timers in seconds."]
    multihop: Annotated[int | None, "TTL of sessions over several hops (``ebgp-multihop``); null: directly connected."]
    ttl_security: Annotated[int | None, "Number of hops for GTSM (``ttl-security hops``, RFC 5082); null: off."]
    password: Annotated[str | None, "Name of the TCP-MD5 password, never the secret; null: none."]
    local_as: Annotated[int | None, "AS number that the router shows these neighbors; null: its own."]
    bfd: Annotated[bool, "Whether BFD watches the sessions."]
    extended_nexthop: Annotated[bool, "Whether IPv4 routes may have IPv6 next hops (RFC 8950)."]
    update_source: Annotated[str | None, "Source address of sessions of a listen range; null: FRR's choice."]
    listen_ranges: Annotated[list[str], "CIDRs from which neighbors may dial in (dynamic neighbors)."]
    families: Annotated[dict[str, PeerGroupFamily], "By family of routes: filters and limits."]
    neighbors: Annotated[list[PeerGroupNeighbor], "The neighbors that are named one by one."]


class PrefixListEntry(TypedDict):
    """One entry of a prefix-list."""

    seq: Annotated[int, "Sequence number."]
    action: Annotated[str, "What happens to a route that matches.", ("permit", "deny")]
    prefix: Annotated[str, "CIDR; without ``ge`` and ``le`` exactly this prefix matches."]
    ge: Annotated[int | None, "Shortest prefix length that matches; null: that of the CIDR."]
    le: Annotated[int | None, "Longest prefix length that matches; null: that of the CIDR, or any with ``ge``."]


class PrefixList(TypedDict):
    """A prefix-list."""

    name: Annotated[str, "Name of the prefix-list."]
    family: Annotated[str, "Address family.", ("ipv4", "ipv6")]
    entries: Annotated[list[PrefixListEntry], "Entries by sequence number."]


class CommunityList(TypedDict):
    """A community-list; a route matches that carries all of its communities."""

    name: Annotated[str, "Name of the community-list."]
    kind: Annotated[str, "Kind of its communities.", ("standard", "large")]
    communities: Annotated[list[str], "The communities, as FRR writes them."]


class RouteMapMatch(TypedDict, total=False):
    """What a route must have for a route-map entry to apply; without a key everything matches."""

    family: Annotated[str, "Family of the prefix-list.", ("ipv4", "ipv6")]
    prefix_list: Annotated[str, "Name of the prefix-list that must permit its prefix."]
    community_list: Annotated[str, "Name of the community-list that it must match."]
    large_community_list: Annotated[str, "Name of the list of large communities that it must match."]
    tag: Annotated[int, "Tag inside the router."]


class RouteMapSet(TypedDict, total=False):
    """What a route-map entry changes on a route."""

    communities: Annotated[list[str], "Communities to add."]
    large_communities: Annotated[list[str], "Large communities to add."]
    local_preference: Annotated[int, "Local preference."]
    metric: Annotated[int, "MED."]
    as_path_prepend: Annotated[list[int], "AS numbers to put in front of the path."]
    tag: Annotated[int, "Tag inside the router."]
    peer_next_hop: Annotated[
        str, "Family of the neighbor's own address, which becomes the next hop whatever it announces.", ("ipv4", "ipv6")
    ]


class RouteMapEntry(TypedDict):
    """One entry of a route-map."""

    seq: Annotated[int, "Sequence number."]
    action: Annotated[str, "What happens to a route that matches.", ("permit", "deny")]
    match: Annotated[RouteMapMatch, "What a route must have."]
    set: Annotated[RouteMapSet, "What is changed on it."]


class RouteMap(TypedDict):
    """A route-map; what no entry matches is denied."""

    name: Annotated[str, "Name of the route-map."]
    entries: Annotated[list[RouteMapEntry], "Entries by sequence number."]


class Redistribution(TypedDict):
    """A protocol whose routes are taken into BGP."""

    protocol: Annotated[str, "FRR's word for the protocol, such as ``connected`` or ``ospf6``."]
    family: Annotated[str, "Address family.", ("ipv4", "ipv6")]
    route_map: Annotated[str, "Name of the route-map that they pass."]


class FrrIntent(TypedDict):
    """The BGP instance of a router's default VRF with the lists and route-maps that filter for it."""

    asn: Annotated[int, "The router's AS number."]
    router_id: Annotated[str, "BGP identifier, an IPv4 address."]
    import_check: Annotated[
        bool, "Whether a prefix of ``networks`` is announced only while the router has a route to it."
    ]
    maximum_paths: Annotated[
        int | None, "Most next hops of one prefix (ECMP); null: FRR's own default, which is multipath."
    ]
    maximum_paths_internal: Annotated[int | None, "The same for routes from the router's own AS."]
    multipath_relax: Annotated[bool, "Whether paths through different ASes may share the load."]
    listen_limit: Annotated[int | None, "Most dynamic neighbors of the router; null: FRR's own default."]
    networks: Annotated[dict[str, list[str]], "By family, the prefixes that the router itself puts into BGP."]
    redistribute: Annotated[list[Redistribution], "Protocols whose routes are taken into BGP."]
    peer_groups: Annotated[list[PeerGroup], "The peer groups with their neighbors."]
    prefix_lists: Annotated[list[PrefixList], "Prefixes that pass in or out."]
    community_lists: Annotated[list[CommunityList], "Communities that routes must carry."]
    route_maps: Annotated[list[RouteMap], "The filters: what passes in and out, and what is set on it."]
