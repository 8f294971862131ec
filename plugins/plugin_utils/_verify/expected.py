# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify expects, from the plan and the live services: which prefixes from which nodes, and how many of them.

The plan gives each pool its *allowed* nodes. The live cluster adds what the plan cannot know: which services hold an
address of a pool, and for traffic policy Local which nodes have a ready endpoint.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._addressing.families import FAMILIES, HOST_LENGTH, family_of
from .._cilium.lb_ipam import ALL, NONE, POOL, AddressPool, read_pool, served_by, serves_class, why_not_served
from .._document.lookup import leases_of, pools_by_key
from .._document.plan import PlanDocument, PlannedAnnouncement, PlannedSession
from .._kubernetes.labels import CILIUM_CLASSES, service_labels
from .._kubernetes.selectors import parse_selector
from .._kubernetes.values import is_false
from .._versions.cilium import RANGES_POLICY_SINCE, parse_version
from .advertised import POD_CIDR, Advertised
from .links import Key, OverLinks, PlannedLinks
from .observed import ClusterSeen, EndpointsSeen, ServiceSeen, canonical, within

UNKNOWN_ADDRESS = "<address>"
"""In place of a neighbor's address that nobody knows, in findings."""
UNKNOWN_NODE = "<node>"
"""In place of a node's name that nobody knows, in commands."""

REASON_UNKNOWN = "no reason given yet"
"""Why a service has no address, where nobody says it."""


@dataclass(frozen=True, slots=True)
class LiveAddress:
    """An address of a pool that a live service holds."""

    cluster: str
    pool: str
    service: ServiceSeen
    address: str

    @property
    def family(self) -> str:
        """``ipv4`` or ``ipv6``."""
        return family_of(self.address)

    def belongs_to(self, cluster: str, service: ServiceSeen) -> bool:
        """Return whether ``service`` of ``cluster`` holds the address."""
        return (self.cluster, self.service.key) == (cluster, service.key)


@dataclass(slots=True)
class ExpectedPrefix:
    """A prefix that one router must accept from every neighbor of ``must``, and may from those of the other two."""

    router: str
    family: str
    prefix: str
    services: list[str] = field(default_factory=list)
    must: dict[str, str] = field(default_factory=dict)
    """:func:`neighbor_key` -> node."""
    may: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    """The same of nodes that may announce it for a service that nobody knows: their cluster was not read."""
    placeless: bool = False
    """Whether ready endpoints of a service with traffic policy Local name no node."""
    pools: set[tuple[str, str]] = field(default_factory=set)
    """(cluster, pool) of the addresses in it."""

    @property
    def allowed(self) -> dict[str, str]:
        """All neighbors from which it may be accepted -> node."""
        return {**self.others, **self.may, **self.must}

    @property
    def needs_some(self) -> bool:
        """Whether some node of ``may`` must announce it, and which one is not known."""
        return self.placeless and bool(self.may) and not self.must


@dataclass(frozen=True, slots=True)
class SessionKey:
    """Identifies the session of a node with a router over one peer group, in sessions and in announcements."""

    cluster: str
    peering: str
    router: str
    peer_group: str
    node: str


@dataclass(slots=True)
class LinkedPrefix:
    """A prefix that nodes announce to other routers, and that links may bring to this one."""

    router: str
    family: str
    prefix: str
    over: OverLinks
    services: list[str] = field(default_factory=list)
    pools: set[tuple[str, str]] = field(default_factory=set)
    nodes: dict[str, str] = field(default_factory=dict)
    """Neighbors of those routers that must announce it, as :func:`neighbor_key` has them -> node."""


def session_key(session: PlannedSession) -> SessionKey:
    """Return what identifies a planned session."""
    return SessionKey(session["cluster"], session["peering"], session["router"], session["peer_group"], session["node"])


def neighbor_key(address: str, session: SessionKey) -> str:
    """Return by what an expected neighbor is known: its address, else a text that no other session has.

    A node that dials in and has no CiliumNode has no address that anybody knows. It is expected all the same.
    """
    return (
        canonical(address) or f"<address of {session.node}: {session.cluster} {session.peering} {session.peer_group}>"
    )


def session_neighbor(session: PlannedSession) -> str:
    """Return the :func:`neighbor_key` of a planned session."""
    return neighbor_key(session["node_address"], session_key(session))


Group = tuple[str, str, str, str]
"""Cluster, peering, router and peer group: its sessions announce alike."""


def _group(item: PlannedSession | PlannedAnnouncement) -> Group:
    """Return the group of a session, or that of which an announcement speaks."""
    return item["cluster"], item["peering"], item["router"], item["peer_group"]


@dataclass(slots=True)
class ExpectedCount:
    """The prefixes that a node must, and those that it may, announce over one session in one family."""

    must: set[str] = field(default_factory=set)
    may: set[str] = field(default_factory=set)


def node_name(session: PlannedSession) -> str:
    """Return how the node of a session is named, in words."""
    return session["node"] or f"a node of {session['cluster']}"


def neighbor_path(session: PlannedSession) -> str:
    """Return the path of a planned session on its router, for findings."""
    address = canonical(session["node_address"]) or UNKNOWN_ADDRESS
    return f"{session['router']} neighbor {address} ({node_name(session)}, peering {session['peering']})"


def prefix_path(expected: ExpectedPrefix | LinkedPrefix) -> str:
    """Return the path of a prefix on its router, for findings."""
    return f"{expected.router} prefix {expected.prefix} ({', '.join(expected.services)})"


def service_path(cluster: str, key: str) -> str:
    """Return the path of a service (``namespace/name``) in a cluster, for findings."""
    return f"{cluster} service {key}"


@dataclass(slots=True)
class Announcers:
    """Nodes of all routers' sessions that may announce an address by BGP, by name."""

    allowed: set[str] = field(default_factory=set)
    """By the plan."""
    live: set[str] = field(default_factory=set)
    """Those of them that the live endpoints let announce it, or perhaps."""


class Expectations:
    """What is expected of routers and nodes, computed from the plan and the live clusters.

    Args:
        plan: the plan as JSON.
        clusters: the clusters that were read. A cluster that is absent (not managed, not readable) makes no
            expectations, and what it announces inside its pools is not checked.
    """

    def __init__(self, plan: PlanDocument, clusters: Mapping[str, ClusterSeen]) -> None:
        self.plan = plan
        self.clusters = clusters
        self._ranges = [
            (pool["cluster"], pool["name"], ipaddress.ip_address(first), ipaddress.ip_address(last))
            for pool in plan["pools"]
            for first, last in pool["ranges"]
        ]
        self._pools = pools_by_key(plan["pools"])
        self._narrowed = {
            key: parse_selector(pool["announce_only"], f"edge_pools.{key[1]}.announce_only")
            for key, pool in self._pools.items()
            if pool["announce_only"]
        }
        self.live = self._live_addresses()
        self.prefixes: dict[tuple[str, str, str], ExpectedPrefix] = {}
        """(router, family, prefix) -> what is expected of it."""
        self.by_address: dict[tuple[str, str], ExpectedPrefix] = {}
        """(router, live address) -> the prefix that brings it there."""
        self.counts: dict[tuple[SessionKey, str], ExpectedCount] = {}
        """(session, family) -> what the node announces over it."""
        self.announcers: dict[tuple[str, str, str], Announcers] = {}
        """(cluster, service, live address) -> who announces it by BGP, where its pool is announced so."""
        self.unknown_pods: set[tuple[str, str, str]] = set()
        """(router, cluster, node) of sessions that announce pod CIDRs, of a node of which no CiliumNode says which."""
        self.advertised = Advertised(plan)
        self._announcements: dict[Group, list[PlannedAnnouncement]] = {}
        for item in plan["expect"]["announcements"]:
            self._announcements.setdefault(_group(item), []).append(item)
        self._unread: dict[Group, list[PlannedSession]] = {}
        """The sessions of clusters that were not read, but for those that are shut down."""
        for session in plan["sessions"]:
            if session["cluster"] not in clusters and not session["shutdown"]:
                self._unread.setdefault(_group(session), []).append(session)
        self._linked: dict[str, set[str]] = {}
        """Router -> those to which it has links."""
        for neighbor in plan["neighbors"]:
            if neighbor["other"] is not None and not neighbor["shutdown"]:
                self._linked.setdefault(neighbor["router"], set()).add(neighbor["other"])
        self._expect_prefixes()
        self._allow_others()
        self._expect_pod_cidrs()
        self.links = PlannedLinks(plan)
        self.linked = self._linked_prefixes()
        """Prefixes that nodes announce to others and not, as far as is known, to this router, and that links may
        bring: like ``prefixes``."""

    def pool_label(self, cluster: str) -> str:
        """Return the key of the label by which a service of ``cluster`` names its pool."""
        return self.plan["clusters"][cluster]["pool_label"]

    def addresses_of(self, cluster: str, node: str) -> set[str]:
        """Return the addresses of a node that are known: those of its sessions, and those that the cluster says.

        Of a node that nobody knows there are none.
        """
        if not node:
            return set()
        own = {
            canonical(session["node_address"])
            for session in self.plan["sessions"]
            if (session["cluster"], session["node"]) == (cluster, node) and session["node_address"]
        }
        live = self.clusters[cluster].node_addresses.get(node, ()) if cluster in self.clusters else ()
        return own.union(live)

    def pools_of(self, cluster: str) -> list[str]:
        """Return the names of the pools of ``cluster``."""
        return sorted(pool["name"] for pool in self.plan["pools"] if pool["cluster"] == cluster)

    def pool_at(self, cluster: str, address: str) -> str | None:
        """Return the pool of ``cluster`` that ``address`` is in."""
        value = ipaddress.ip_address(address)
        for owner, name, first, last in self._ranges:
            if owner == cluster and first.version == value.version and int(first) <= int(value) <= int(last):
                return str(name)
        return None

    def pool_over(self, session: PlannedSession, family: str, prefix: str) -> str | None:
        """Return the pool of which a session announces a prefix like this one; None: none.

        Its length is the one with which the session announces the pool, or that of one address, as for a service with
        traffic policy Local. The pool has an address in it.
        """
        network = ipaddress.ip_network(prefix)
        first, last = int(network.network_address), int(network.broadcast_address)
        one = network.prefixlen == network.max_prefixlen
        for item in self._announcements.get(_group(session), ()):
            key = item["cluster"], item["pool"]
            if family not in item["families"]:
                continue
            if one or self._length(key, item["length"][family], family) == network.prefixlen:
                for cluster, name, low, high in self._ranges:
                    inside = low.version == network.version and int(low) <= last and first <= int(high)
                    if (cluster, name) == key and inside:
                        return str(name)
        return None

    def may_come(self, router: str, other: str, family: str, prefix: str) -> bool:
        """Return whether a router may have a prefix over a link, from nodes of the other end or of a router behind it.

        Nodes of a cluster that was not read may announce what its pools have: nobody knows of which services.
        """
        ends = self._behind(router, other)
        return any((end, family, prefix) in self.prefixes for end in ends) or any(
            sessions[0]["router"] in ends and self.pool_over(sessions[0], family, prefix) is not None
            for sessions in self._unread.values()
        )

    def _behind(self, router: str, other: str) -> set[str]:
        """Return the other end of a router's link, and the routers to which links lead from there, by other ways."""
        found, new = {other}, [other]
        while new:
            further = self._linked.get(new.pop(), set()) - found - {router}
            found |= further
            new += further
        return found

    def _length(self, pool: tuple[str, str], announced: int, family: str) -> int:
        """Return the length of the prefixes that are announced for a pool: its own, else that of its announcement."""
        return self._pools[pool]["aggregate"].get(family, announced)

    def lacks_cilium_node(self, cluster: str, node: str) -> bool:
        """Return whether a cluster that was read has no CiliumNode of this node, though its API knows the kind."""
        seen = self.clusters[cluster]
        return "CiliumNode" not in seen.not_served and node not in seen.pod_cidrs

    def has_valid_pool_label(self, cluster: str, service: ServiceSeen) -> bool:
        """Return whether the service has no pool label, or one that names an existing pool."""
        named = service.labels.get(self.pool_label(cluster))
        return named is None or named in self.pools_of(cluster)

    def announced(self, live: LiveAddress) -> bool:
        """Return whether the pool announces the service: ``announce_only`` is absent or selects it."""
        selector = self._narrowed.get((live.cluster, live.pool))
        special = service_labels(live.service.namespace, live.service.name)
        return selector is None or selector.matches({**live.service.labels, **special})

    def prefix_to(self, router: str, live: LiveAddress) -> ExpectedPrefix | None:
        """Return the prefix that brings a service's address to a router by BGP; None: none does."""
        return self.by_address.get((router, live.address)) if live.service.over_bgp else None

    def linked_to(self, router: str, live: LiveAddress) -> list[LinkedPrefix]:
        """Return the prefixes that may bring a service's address to a router over links alone, the longest first."""
        own = self.prefix_to(router, live)
        if not live.service.over_bgp or (own is not None and (own.must or own.may)):
            return []
        elsewhere = (self.by_address.get((other, live.address)) for other in self.plan["routers"])
        found = {
            prefix.prefix
            for prefix in elsewhere
            if prefix is not None and (router, live.family, prefix.prefix) in self.linked
        }
        longest = sorted(found, key=lambda prefix: -int(prefix.partition("/")[2]))
        return [self.linked[router, live.family, prefix] for prefix in longest]

    def leads_back(self, linked: LinkedPrefix, sources: Iterable[str]) -> bool:
        """Return whether nodes that a prefix leads to over links surely answer to addresses on the router's networks.

        Nodes answer by a router of their own network, whichever it is: each of them must know the way.
        """
        gateways = set(linked.over.origins)
        for name, network in self.plan["networks"].items():
            if any(within(node, network["cidrs"]) for node in linked.nodes):
                gateways |= {
                    router
                    for router, item in self.plan["routers"].items()
                    if item["addresses"].get(name) and not item["absent"]
                }
        sources = list(sources)
        return bool(sources) and all(self.links.lead_back(source, linked.router, gateways) for source in sources)

    def _linked_prefixes(self) -> dict[Key, LinkedPrefix]:
        """Return what links may bring to routers that no node is known to announce it to."""
        announced = [key for key, expected in self.prefixes.items() if expected.must or expected.may]
        found = {}
        for (router, family, prefix), over in self.links.bring(announced).items():
            own = self.prefixes.get((router, family, prefix))
            if own is not None and own.allowed:
                continue
            linked = LinkedPrefix(router, family, prefix, over)
            for origin in sorted(over.origins):
                expected = self.prefixes[origin, family, prefix]
                linked.services += [name for name in expected.services if name not in linked.services]
                linked.pools |= expected.pools
                linked.nodes |= expected.must
            found[router, family, prefix] = linked
        return found

    def l2_networks(self, live: LiveAddress) -> set[str]:
        """Return the networks on which an address is announced on L2."""
        if not live.service.over_l2 or not self.announced(live):
            return set()
        return {item["network"] for item in leases_of(self.plan, live.cluster, live.pool)}

    def lets_in(self, live: LiveAddress, source: str) -> bool:
        """Return whether a service's ``loadBalancerSourceRanges`` let packets from an address in."""
        service = live.service
        version = parse_version(self.plan["clusters"][live.cluster]["cilium_version"])
        denies = service.ranges_deny and version >= RANGES_POLICY_SINCE
        return not service.source_ranges or within(source, service.source_ranges) != denies

    def is_planned(self, cluster: str, service: ServiceSeen) -> bool:
        """Return whether the inventory names ``service``."""
        return any(
            (item["cluster"], item["namespace"], item["name"]) == (cluster, service.namespace, service.name)
            for item in self.plan["services"]
        )

    def families_of(self, cluster: str, pool: str) -> list[str]:
        """Return the families of a pool's addresses."""
        return self._pools[cluster, pool]["families"]

    def awaited_pools(self, cluster: str, service: ServiceSeen) -> list[str]:
        """Return the planned pools of which Cilium gives an address to a service that names none: those that select it.

        There are none for a service that Cilium's address management does not serve, and none that have no address for
        it: of none of its families, or not one of those that it asks for. These may be of a pool of others.
        """
        if not self._is_served(cluster, service):
            return []
        labels = {**service.labels, **service_labels(service.namespace, service.name)}
        planned = self.plan["clusters"][cluster]["lb"]
        pools = [read_pool(item, ours=True) for item in planned if item["kind"] == POOL]
        return sorted(
            pool.name
            for pool in pools
            if pool.selector.matches(labels) and not pool.disabled and _has_one_for(pool, service)
        )

    def _is_served(self, cluster: str, service: ServiceSeen) -> bool:
        """Return whether Cilium's address management serves a service.

        Of a release that is not ours that is not known, until Cilium says so of the service itself. What it said of one
        that ours does not serve is of before.
        """
        planned, name = self.plan["clusters"][cluster], service.load_balancer_class
        served = served_by(planned["cilium_version"], planned["helm_values"])
        if served == NONE or name not in CILIUM_CLASSES:
            return False
        if name is None:
            sure = served == ALL and planned["cilium_managed"]
        else:
            sure = serves_class(planned["helm_values"], name)
        return sure or (not planned["cilium_managed"] and service.request_problem is not None)

    def why_without_address(self, cluster: str, service: ServiceSeen) -> str:
        """Return why Cilium gave a service of one of its classes no address, as far as that is known.

        What Cilium said of a service that the planned release does not serve is of before. Of a release that is not
        ours the word of Cilium counts first.
        """
        planned = self.plan["clusters"][cluster]
        reason = why_not_served(planned["cilium_version"], planned["helm_values"], service.load_balancer_class)
        if reason is not None and planned["cilium_managed"]:
            return reason
        said = service.request_problem or REASON_UNKNOWN
        if reason is None or service.request_problem:
            return said
        return f"{said}; by what the inventory knows of the release, {reason}"

    def without_a_way(self, cluster: str, service: ServiceSeen) -> list[str]:
        """Return the pools of a service's addresses that are announced in such ways alone as its class leaves out."""
        pools = {live.pool for live in self.live if live.belongs_to(cluster, service) and self.announced(live)}
        return sorted(
            pool
            for pool in pools
            if (ways := self.ways_of(cluster, pool))
            and not ("bgp" in ways and service.over_bgp)
            and not ("l2" in ways and service.over_l2)
        )

    def ways_of(self, cluster: str, pool: str) -> list[str]:
        """Return the ways in which a pool is announced: ``bgp``, ``l2`` or both."""
        by_bgp = any(
            (item["cluster"], item["pool"]) == (cluster, pool) for item in self.plan["expect"]["announcements"]
        )
        return [*(["bgp"] if by_bgp else []), *(["l2"] if self.l2_nodes(cluster, pool) else [])]

    def _live_addresses(self) -> list[LiveAddress]:
        """Return every address of a pool that a live service of type LoadBalancer holds, by cluster and service."""
        result = []
        for cluster in sorted(self.clusters):
            for key, service in sorted(self.clusters[cluster].services.items()):
                if service.type != "LoadBalancer":
                    continue
                for address in service.addresses:
                    pool = self.pool_at(cluster, address)
                    if pool is not None:
                        result.append(LiveAddress(cluster, pool, self.clusters[cluster].services[key], address))
        return result

    def _expect_prefixes(self) -> None:
        """Fill ``prefixes`` and ``counts`` from the announcements of the plan."""
        closed = {session_key(session) for session in self.plan["sessions"] if session["shutdown"]}
        for announcement in self.plan["expect"]["announcements"]:
            cluster, router = announcement["cluster"], announcement["router"]
            if cluster not in self.clusters:
                continue
            sessions = {
                node: SessionKey(cluster, announcement["peering"], router, announcement["peer_group"], node)
                for node in announcement["nodes"]
            }
            allowed = {node for node, session in sessions.items() if session not in closed}
            for live in self.live:
                if (live.cluster, live.pool) != (cluster, announcement["pool"]) or not live.service.over_bgp:
                    continue
                if live.family not in announcement["families"] or not self.announced(live):
                    continue
                must, may = self._announcing_nodes(live, allowed)
                announcers = self.announcers.setdefault((cluster, live.service.key, live.address), Announcers())
                announcers.allowed |= allowed
                announcers.live |= must | may
                length = self._length((cluster, live.pool), announcement["length"][live.family], live.family)
                prefix = _prefix(live, length)
                expected = self.prefixes.setdefault(
                    (router, live.family, prefix), ExpectedPrefix(router, live.family, prefix)
                )
                self.by_address[router, live.address] = expected
                name = f"{cluster} {live.service.key}"
                expected.pools.add((cluster, live.pool))
                if name not in expected.services:
                    expected.services.append(name)
                expected.placeless |= self._is_placeless(live)
                for nodes, target in ((must, expected.must), (may, expected.may)):
                    target.update(
                        {neighbor_key(announcement["nodes"][node], sessions[node]): node for node in sorted(nodes)}
                    )
                for node in sorted(must | may):
                    count = self.counts.setdefault((sessions[node], live.family), ExpectedCount())
                    (count.must if node in must else count.may).add(prefix)

    def _allow_others(self) -> None:
        """Let nodes of clusters that were not read announce what others must, where their own pool has it too.

        So it is with an address that several clusters serve (``anycast``).
        """
        for (cluster, _peering, router, _peer_group), sessions in self._unread.items():
            nodes = {
                address: session["node"] or address
                for session in sessions
                if (address := canonical(session["node_address"]))
            }
            for expected in self.prefixes.values() if nodes else ():
                if expected.router != router:
                    continue
                pool = self.pool_over(sessions[0], expected.family, expected.prefix)
                if pool is not None:
                    expected.others.update(nodes)
                    expected.pools.add((cluster, pool))

    def _expect_pod_cidrs(self) -> None:
        """Add the pod CIDRs that nodes announce over their sessions, as the CiliumNode objects have them."""
        for session in self.plan["sessions"]:
            seen = self.clusters.get(session["cluster"])
            if seen is None or session["shutdown"]:
                continue
            node, router = session["node"], session["router"]
            key = session_key(session)
            announced = [f for f in session["families"] if POD_CIDR in self.advertised.kinds(session, f)]
            if announced and not seen.pod_cidrs.get(node):
                self.unknown_pods.add((router, session["cluster"], node))
            for prefix in seen.pod_cidrs.get(node, ()):
                family = family_of(prefix)
                if family not in announced:
                    continue
                expected = self.prefixes.setdefault((router, family, prefix), ExpectedPrefix(router, family, prefix))
                expected.services.append(f"{session['cluster']} pods of {node}")
                expected.must[session_neighbor(session)] = node
                self.counts.setdefault((key, family), ExpectedCount()).must.add(prefix)

    def _announcing_nodes(self, live: LiveAddress, allowed: set[str]) -> tuple[set[str], set[str]]:
        """Return the nodes that must announce the address, and those that may: of these it cannot be known."""
        endpoints = self.clusters[live.cluster].endpoints_of(live.service.key, live.family)
        if live.service.traffic_policy == "Local":
            must = allowed & endpoints.ready
            return must, (allowed if endpoints.nodeless else allowed & endpoints.draining) - must
        values = self.plan["clusters"][live.cluster]["helm_values"]
        if is_false(values, "enableNoServiceEndpointsRoutable") and endpoints == EndpointsSeen():
            return set(), set()
        return allowed, set()

    def _is_placeless(self, live: LiveAddress) -> bool:
        """Return whether a service with traffic policy Local has a ready endpoint that names no node."""
        endpoints = self.clusters[live.cluster].endpoints_of(live.service.key, live.family)
        return live.service.traffic_policy == "Local" and endpoints.nodeless

    def l2_nodes(self, cluster: str, pool: str) -> set[str]:
        """Return the nodes that may announce addresses of ``pool`` on L2; empty if it is not announced there."""
        return {node for item in leases_of(self.plan, cluster, pool) for node in item["nodes"]}


def _has_one_for(pool: AddressPool, service: ServiceSeen) -> bool:
    """Return whether a pool has an address that a service asks for; if it asks for none, one of its families."""
    if service.asked:
        return any(pool.block_of(address) is not None for address in service.asked)
    return any(block.interval.family.key in (service.families or FAMILIES) for block in pool.blocks)


def _prefix(live: LiveAddress, length: int) -> str:
    """Return the prefix that announces the address: the aggregate of ``length``, or a host route for policy Local."""
    if live.service.traffic_policy == "Local":
        length = HOST_LENGTH[live.family]
    return str(ipaddress.ip_network(f"{live.address}/{length}", strict=False))
