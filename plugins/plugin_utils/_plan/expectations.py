# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes are allowed to announce what, to which router or on which network: what verify starts from.

Allowed is not certain: which of them have a ready endpoint of a ``Local`` service, only the live cluster knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .._addressing.addresses import DEFAULT_ROUTE, Cidr
from .._addressing.families import Family
from .._document.plan import (
    PlannedAnnouncement,
    PlannedExpectations,
    PlannedGroup,
    PlannedLeases,
    PlannedRoutes,
    PrefixMatch,
)
from .._kubernetes.labels import POD_POOL_NAME
from .._kubernetes.selectors import Selector
from .._model.site import Advertise, Cluster, Network, Peering, Policy, Pool, PrefixRule, Session, Site


@dataclass(frozen=True, slots=True)
class _Group:
    """The sessions of a peering that one router tells apart by nothing but the node."""

    head: PlannedGroup
    """The keys that all entries about them share; made once, because a large site has many pools and many nodes."""
    families: tuple[Family, ...]


def expectations(site: Site) -> PlannedExpectations:
    """Return ``announcements`` (pools by BGP), ``routes`` (all else by BGP) and ``l2``, sorted, for the plan."""
    announcements: list[PlannedAnnouncement] = []
    routes: list[PlannedRoutes] = []
    leases: list[PlannedLeases] = []
    networks = {network.name: network for network in site.networks}
    for cluster in sorted(site.clusters, key=lambda item: item.host):
        groups = _groups(cluster)
        announcers = {
            name: announcing_nodes(cluster, networks[name])
            for name in {name for pool in cluster.pools for name in pool.l2}
        }
        for pool in sorted(cluster.pools, key=lambda item: item.name):
            announcements += _announcements(pool, groups)
            leases += [_lease(cluster, pool, networks[name], announcers[name]) for name in sorted(pool.l2)]
        for peering in sorted(cluster.peerings, key=lambda item: item.name):
            for group in groups.get(peering.name, ()):
                routes += _routes(site, cluster, peering, group)
    return {"announcements": announcements, "routes": routes, "l2": leases}


def _groups(cluster: Cluster) -> dict[str, list[_Group]]:
    """Return the sessions with routers of ours by peering; a speaker on the node itself cannot be asked.

    A node's address is empty where the site does not know it (``dynamic``).
    """
    found: dict[tuple[str, str, str], list[Session]] = {}
    for session in cluster.sessions:
        if session.router:
            found.setdefault((session.peering, session.router, session.peer_group), []).append(session)
    groups: dict[str, list[_Group]] = {}
    for (peering, router, peer_group), sessions in sorted(found.items()):
        head: PlannedGroup = {
            "cluster": cluster.host,
            "peering": peering,
            "router": router,
            "peer_group": peer_group,
            "nodes": {session.node: address_of(session) for session in sorted(sessions, key=lambda item: item.node)},
            "dynamic": any(session.dynamic for session in sessions),
        }
        groups.setdefault(peering, []).append(_Group(head, sessions[0].families))
    return groups


def _announcements(pool: Pool, groups: Mapping[str, Sequence[_Group]]) -> list[PlannedAnnouncement]:
    """Return one entry for each peering, router and peer group over which a pool is advertised."""
    return [
        {
            **group.head,
            "pool": pool.name,
            "families": [family.key for family in group.families if family in pool.families],
            "length": {family.key: pool.aggregate.get(family, family.width) for family in Family},
            "announce_only": selector_text(pool.announce_only),
        }
        for peering in sorted(pool.bgp)
        for group in groups.get(peering, ())
        if set(group.families) & set(pool.families)
    ]


def _routes(site: Site, cluster: Cluster, peering: Peering, group: _Group) -> list[PlannedRoutes]:
    """Return one entry for each kind of routes beside pools that a group of sessions may carry."""
    families = group.families
    kinds: list[tuple[str, Selector | None, Iterable[PrefixRule]]] = [
        (item.kind, item.selector, _advertised(site, cluster, item)) for item in peering.advertise
    ]
    if not peering.import_.empty:
        kinds.append(("import", None, _imported(peering.import_, families)))
    entries: list[PlannedRoutes] = []
    for kind, selector, found in kinds:
        rules = [rule for rule in found if rule.family in families]
        if rules:
            prefixes = [prefix_match(rule) for rule in rules]
            present = [family.key for family in families if any(rule.family is family for rule in rules)]
            entries.append(
                {
                    **group.head,
                    "kind": kind,
                    "families": present,
                    "selector": selector_text(selector),
                    "prefixes": prefixes,
                }
            )
    return entries


def _advertised(site: Site, cluster: Cluster, item: Advertise) -> list[PrefixRule]:
    """Return the prefixes that one kind of ``advertise`` may announce."""
    if item.kind == "pod_cidrs":
        return [_of_length(cidr, cluster.pod_mask) for cidr in cluster.pod_cidrs]
    if item.kind == "pod_pools":
        selector = item.selector
        return [
            _of_length(cidr, pool.mask)
            for pool in cluster.pod_pools
            if selector is None or selector.matches({**pool.labels, POD_POOL_NAME: pool.name})
            for cidr in pool.cidrs
        ]
    if item.kind == "interfaces":
        return [
            _of_length(cidr, {})
            for network in site.networks
            if any(fnmatchcase(name, glob) for name in item.interfaces for glob in network.interfaces)
            for cidr in network.cidrs
        ]
    cidrs = cluster.service_cidrs if item.kind == "cluster_ips" else cluster.external_cidrs
    # An aggregate does not stand for services of traffic policy Local: their host routes may come too.
    return [_of_length(cidr, {}) for cidr in cidrs] + [
        _of_length(cidr, item.aggregate) for cidr in cidrs if item.aggregate
    ]


def address_of(session: Session) -> str:
    """Return a node's address as it stands in the plan; empty where the site does not know it."""
    return session.node_address.text if session.node_address else ""


def selector_text(selector: Selector | None) -> str | None:
    """Return a selector as it stands in the plan."""
    return selector.text if selector else None


def prefix_match(rule: PrefixRule) -> PrefixMatch:
    """Return a rule as it stands in the plan."""
    return {"prefix": rule.prefix.text, "ge": rule.ge, "le": rule.le}


def _imported(policy: Policy, families: Sequence[Family]) -> list[PrefixRule]:
    if policy.everything:
        return [PrefixRule(DEFAULT_ROUTE[family], le=family.width) for family in families]
    return [*policy.prefixes, *(PrefixRule(DEFAULT_ROUTE[family]) for family in families if policy.default_route)]


def _of_length(cidr: Cidr, lengths: Mapping[Family, int]) -> PrefixRule:
    """Return the rule of prefixes inside ``cidr`` of the length of its family; host routes where none is given."""
    length = lengths.get(cidr.family, cidr.family.width)
    return PrefixRule(cidr, length, length)


def _lease(cluster: Cluster, pool: Pool, network: Network, nodes: Sequence[str]) -> PlannedLeases:
    """Return the entry of a pool that is announced on a network."""
    return {
        "cluster": cluster.host,
        "pool": pool.name,
        "network": network.name,
        "nodes": list(nodes),
        "interfaces": list(network.interfaces),
        "announce_only": selector_text(pool.announce_only),
    }


def announcing_nodes(cluster: Cluster, network: Network) -> tuple[str, ...]:
    """Return the nodes that may hold the L2 lease of a service on ``network``."""
    return tuple(node.host for node in network.announcers(cluster.nodes))
