# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: the intended state of everything, from the inventory alone.

One pure function. The same inventory gives the same plan, byte for byte; it has no secrets and needs no connection.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from .._addressing.addresses import Address, address_text
from .._addressing.families import Family
from .._addressing.intervals import subtract
from .._cilium.bgp import bgp_objects
from .._cilium.helm_checks import check_cluster_values
from .._cilium.helm_values import distribution_values, helm_values, one_node_values, secrets_namespace
from .._cilium.ipam import enabled_path
from .._cilium.lb import lb_objects
from .._cilium.services import chart_values, node_labels, services
from .._document.plan import (
    FORMAT,
    PlanDocument,
    PlannedCluster,
    PlannedController,
    PlannedNeighbor,
    PlannedPolicy,
    PlannedPool,
    PlannedRouter,
    PlannedService,
    PlannedSession,
)
from .._findings.code import ERROR
from .._findings.finding import Finding
from .._findings.report import Report
from .._findings.together import together
from .._frr.intent import frr_intent
from .._inventory.parse import Inventory, ParsedSite, accepted_reasons, parse
from .._inventory.values import Items
from .._kubernetes.values import value_at
from .._model.return_paths import Ways
from .._model.site import (
    KUBERNETES_TRAFFIC_POLICY,
    Cluster,
    Derived,
    Neighbor,
    Policy,
    Pool,
    Router,
    Service,
    Session,
    Site,
)
from .._pools.capacity import capacity
from .._resolve.site import resolve
from .expectations import address_of, expectations, prefix_match, selector_text
from .failures import failures


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan, its findings, and the resolved site from which it was made."""

    site: Site
    findings: tuple[Finding, ...]
    data: PlanDocument | None
    """The plan as data; None where the inventory has an error."""

    @property
    def failed(self) -> bool:
        """True if the inventory has an error."""
        return any(finding.severity == ERROR for finding in self.findings)


def plan(inventory: Inventory) -> Plan:
    """Compute the plan of a whole inventory and every finding about it, in one pass."""
    with _without_collector():
        return _plan(inventory)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Switch the garbage collector off: it would take a third of the time, and a plan has no cycle to collect."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            # All that was made meanwhile is new to the collector, which would walk through it at once.
            gc.freeze()
            gc.enable()
            gc.unfreeze()


def _plan(inventory: Inventory) -> Plan:
    report = Report()
    site, reasons = _resolved(inventory, report)
    report.accept(reasons)
    findings = tuple(together(report.findings))
    return Plan(site, findings, None if report.failed else _document(site, findings, reasons))


def _resolved(inventory: Inventory, report: Report) -> tuple[Site, dict[tuple[str, str | None], str]]:
    """Return the site and the reasons of ``edge_accept``; the parsed inventory is let go of, to save memory."""
    parsed = parse(inventory, report)
    reasons = accepted_reasons(parsed.accept, report)
    site = resolve(parsed, report, inventory.allocations)
    for cluster in site.clusters:
        _check_values(cluster, parsed, report)
    return site, reasons


def _check_values(cluster: Cluster, parsed: ParsedSite, report: Report) -> None:
    """Report Helm values that have no effect or contradict the plan, each at its place in the inventory."""
    written: Items = parsed.clusters[cluster.host]["edge_cilium_values"]
    unsure = _families_unknown(cluster, parsed)
    for found in check_cluster_values(cluster):
        if unsure and found.path == enabled_path(Family.IPV6) and value_at(cluster.values, found.path) is None:
            continue  # that it is missing follows from what was reported
        top, dot, rest = found.path.partition(".")
        variable = written[top].path if top in written else f"{cluster.host}.edge_cilium_values.{top}"
        report.add(found.code, f"{variable}{dot}{rest}", found.problem, found.hint)


def _families_unknown(cluster: Cluster, parsed: ParsedSite) -> bool:
    """Return whether a key that decides which families a cluster needs was reported."""
    values, ranges = parsed.clusters[cluster.host], "edge_cluster_pod_cidrs"
    unread = ranges in parsed.hosts[cluster.host] and ranges not in values
    return unread or any(bool(values[name].reported) for name in ("edge_pools", "edge_cluster_pod_pools"))


def _derived_values(cluster: Cluster) -> list[Derived]:
    """Return the Helm values that are derived from distribution and nodes, where the release is ours to write."""
    if not (cluster.managed and cluster.cilium_managed) or cluster.absent:
        return []
    return [
        Derived(f"{cluster.host}.edge_cilium_values.{item.path}", item.value, item.reason)
        for item in (*distribution_values(cluster), *one_node_values(cluster))
    ]


def _document(site: Site, findings: Iterable[Finding], reasons: Mapping[tuple[str, str | None], str]) -> PlanDocument:
    clusters = sorted(site.clusters, key=lambda item: item.host)
    routers = sorted(site.routers, key=lambda item: item.host)
    sessions = [session for cluster in clusters for session in _sessions(cluster)]
    return {
        "format": FORMAT,
        "site": site.name,
        "findings": [finding.as_dict() for finding in findings],
        "derived": [
            {"path": item.path, "value": item.value, "reason": item.reason}
            for item in (*site.derived, *(item for cluster in clusters for item in _derived_values(cluster)))
        ],
        "networks": {
            network.name: {
                "cidrs": [cidr.text for cidr in network.cidrs],
                "interfaces": list(network.interfaces),
                "l2_nodes": selector_text(network.l2_nodes),
                "loopback": network.loopback,
                "dhcp": [entry.text for entry in network.dhcp],
                "delivery": network.delivery,
                "return_path": network.return_path,
            }
            for network in sorted(site.networks, key=lambda item: item.name)
        },
        "routers": {router.host: _router(site, router) for router in routers},
        "clusters": {cluster.host: _cluster(site, cluster) for cluster in clusters},
        "sessions": sessions,
        "neighbors": [_neighbor(router, neighbor) for router in routers for neighbor in router.neighbors],
        "pools": [pool for cluster in clusters for pool in _pools(cluster)],
        "services": [service for cluster in clusters for service in _services(cluster)],
        "expect": expectations(site),
        "failures": failures(site),
        "allocations": _allocations(clusters),
        "accept": [
            {"code": code, "path": path, "reason": reason}
            for (code, path), reason in sorted(reasons.items(), key=lambda item: (item[0][0], item[0][1] or ""))
        ],
    }


def _allocations(clusters: list[Cluster]) -> dict[str, list[str]]:
    """Return every address that we planned, as ``edge_allocation_file`` keeps it: by ``cluster/namespace/name``."""
    return {
        f"{cluster.host}/{service.key}": _texts(service.addresses)
        for cluster in clusters
        for service in cluster.services
        if service.planned
    }


def _router(site: Site, router: Router) -> PlannedRouter:
    sessions = [session for cluster in site.clusters for session in cluster.sessions if session.router == router.host]
    passwords = {f"{item.cluster}/{item.keys.password}" for item in sessions if item.keys.password}
    own = {neighbor.keys.password for neighbor in router.neighbors}
    passwords |= {f"{router.host}/{name}" for name in own if name}
    return {
        "managed": router.managed,
        "absent": router.absent,
        "platform": router.platform,
        "bgp_owner": router.bgp_owner,
        "controller": _controller(router),
        "persist": router.persist and not router.absent,
        "take_over": list(router.take_over),
        "frr_version": router.frr_version,
        "asn": router.asn,
        "router_id": router.router_id.text,
        "addresses": {network: _texts(addresses) for network, addresses in router.addresses.items()},
        "frr": frr_intent(site, router),
        "passwords": sorted(passwords),
    }


def _controller(router: Router) -> PlannedController | None:
    found = router.controller
    if found is None:
        return None
    return {
        "url": found.url,
        "site": found.site,
        "ca_path": found.ca_path,
        "fingerprint": found.fingerprint,
        "validate_certs": found.validate_certs,
    }


def _neighbor(router: Router, neighbor: Neighbor) -> PlannedNeighbor:
    keys = neighbor.keys
    return {
        "router": router.host,
        "name": neighbor.name,
        "link": neighbor.link,
        "other": neighbor.other,
        "addresses": _texts(neighbor.addresses),
        "interface": neighbor.interface,
        "listen_ranges": [cidr.text for cidr in neighbor.listen_ranges],
        "asn": neighbor.asn,
        "local_as": neighbor.local_as,
        "families": [family.key for family in neighbor.families],
        "hold": keys.timers.hold,
        "keepalive": keys.timers.keepalive,
        "graceful_restart": keys.graceful_restart,
        "connect_retry": keys.timers.connect_retry,
        "password": keys.password,
        "shutdown": keys.shutdown,
        "bfd": neighbor.bfd,
        "peer_group": neighbor.peer_group,
        "import": _policy(neighbor.import_),
        "export": _policy(neighbor.export),
    }


def _texts(addresses: Iterable[Address]) -> list[str]:
    """Return addresses as they stand in the plan."""
    return [address.text for address in addresses]


def _policy(policy: Policy) -> PlannedPolicy:
    """Return a policy as it stands in the plan."""
    return {
        "all": policy.everything,
        "prefixes": [prefix_match(rule) for rule in policy.prefixes],
        "default_route": policy.default_route,
        "redistributed": policy.redistributed,
        "communities": [community.text for community in policy.communities],
    }


def _passwords(sessions: tuple[Session, ...]) -> list[str]:
    """Return the names under ``edge_bgp_passwords`` that these sessions need."""
    return sorted({session.keys.password for session in sessions if session.keys.password})


def _cluster(site: Site, cluster: Cluster) -> PlannedCluster:
    ways = Ways(site, cluster)
    return {
        "managed": cluster.managed,
        "absent": cluster.absent,
        "apply": cluster.apply,
        "cilium_managed": cluster.cilium_managed,
        "take_over": {
            "release": cluster.take_over.release,
            "unset": list(cluster.take_over.unset),
            "services": list(cluster.take_over.services),
            "objects": list(cluster.take_over.objects),
        },
        "cilium_version": cluster.cilium_version,
        "distribution": cluster.distribution,
        "kubeconfig": cluster.kubeconfig,
        "context": cluster.context,
        "pool_label": cluster.pool_label,
        "default_pool": cluster.default_pool,
        "nodes": {
            node.host: {
                "labels": dict(node.labels),
                "addresses": {network: _texts(addresses) for network, addresses in node.addresses.items()},
                "return_paths": {
                    network: [cidr.text for cidr in cidrs] for network, cidrs in ways.return_paths(node).items()
                },
            }
            for node in cluster.nodes
        },
        "absent_nodes": [node.host for node in cluster.absent_nodes],
        "pod_cidrs": [cidr.text for cidr in cluster.pod_cidrs],
        "service_cidrs": [cidr.text for cidr in cluster.service_cidrs],
        "helm_values": helm_values(cluster),
        "node_labels": node_labels(cluster),
        "bgp": bgp_objects(site, cluster),
        "lb": lb_objects(site, cluster),
        "services": services(site, cluster),
        "charts": chart_values(cluster),
        "may_move": sorted(service.key for service in cluster.services if service.may_move),
        "passwords": _passwords(cluster.sessions),
        "secrets_namespace": secrets_namespace(cluster),
    }


def _sessions(cluster: Cluster) -> list[PlannedSession]:
    """Return the sessions of a cluster, with all keys of either end whose change resets them."""
    ports = {peering.name: peering.listen_port for peering in cluster.peerings}
    identifiers = {node.host: node.router_id for node in cluster.nodes}
    return [
        _session(session, identifiers.get(session.node), ports.get(session.peering)) for session in cluster.sessions
    ]


def _session(session: Session, node_router_id: Address | None, listen_port: int | None) -> PlannedSession:
    return {
        "cluster": session.cluster,
        "peering": session.peering,
        "node": session.node,
        "node_address": address_of(session),
        "node_asn": session.node_asn,
        "router": session.router,
        "router_address": session.router_address.text,
        "router_asn": session.router_asn,
        "family": session.family.key,
        "families": [family.key for family in session.families],
        "hold": session.keys.timers.hold,
        "keepalive": session.keys.timers.keepalive,
        "connect_retry": session.keys.timers.connect_retry,
        "graceful_restart": session.keys.graceful_restart,
        "multihop": session.keys.multihop,
        "ttl_security": session.keys.ttl_security,
        "password": session.keys.password,
        "shutdown": session.keys.shutdown,
        "dynamic": session.dynamic,
        "discover": session.discover,
        "local_address": session.local_address.text if session.local_address else None,
        "peer_group": session.peer_group,
        "cluster_config": session.cluster_config,
        "instance": session.instance,
        "peer": session.peer,
        "peer_config": session.peer_config,
        "node_router_id": node_router_id.text if node_router_id else None,
        "listen_port": listen_port,
    }


def _pools(cluster: Cluster) -> list[PlannedPool]:
    used: dict[str, set[Address]] = {pool.name: set() for pool in cluster.pools}
    for service in cluster.services:
        used[service.pool].update(service.addresses)
    return [_pool(cluster, pool, used[pool.name]) for pool in cluster.pools]


def _pool(cluster: Cluster, pool: Pool, used: set[Address]) -> PlannedPool:
    """Return a pool with its free addresses; ``used`` are the addresses that services hold."""
    free = subtract(pool.intervals, (address.interval for address in used))
    left = capacity(free)
    return {
        "cluster": cluster.host,
        "name": pool.name,
        "addresses": [entry.text for entry in pool.entries],
        "exclude": [entry.text for entry in pool.exclude],
        "ranges": [
            [address_text(interval.family, interval.first), address_text(interval.family, interval.last)]
            for interval in pool.intervals
        ],
        "families": [family.key for family in pool.families],
        "capacity": {family.key: count for family, count in capacity(pool.intervals).items()},
        "used": _texts(sorted(used)),
        "left": {family.key: left.get(family, 0) for family in pool.families},
        "next_free": address_text(free[0].family, free[0].first) if free and not pool.disabled else None,
        "bgp": list(pool.bgp),
        "l2": list(pool.l2),
        "disabled": pool.disabled,
        "services": selector_text(pool.services),
        "announce_only": selector_text(pool.announce_only),
        "communities": [community.text for community in pool.communities],
        "local_preference": pool.local_preference,
        "aggregate": {family.key: length for family, length in pool.aggregate.items()},
    }


def _services(cluster: Cluster) -> list[PlannedService]:
    pools = {pool.name: pool for pool in cluster.pools}
    return [_service(cluster, service, pools[service.pool]) for service in cluster.services]


def _service(cluster: Cluster, service: Service, pool: Pool) -> PlannedService:
    ways = [(way, names) for way, names in (("bgp", pool.bgp), ("l2", pool.l2)) if service.way in (None, way)]
    return {
        "cluster": cluster.host,
        "namespace": service.namespace,
        "name": service.name,
        "pool": service.pool,
        "addresses": _texts(service.addresses),
        "planned": service.planned,
        "families": [family.key for family in service.families],
        "manage": service.manage,
        "traffic_policy": service.traffic_policy or KUBERNETES_TRAFFIC_POLICY,
        "reach": [way for way, names in ways if names],
        "via": [name for _way, names in ways for name in names],
        "class": service.way,
        "share": service.share,
        "may_move": service.may_move,
        "ports": [{"port": port.port, "protocol": port.protocol} for port in service.ports],
    }
