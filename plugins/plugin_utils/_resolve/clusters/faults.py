# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, versions: known faults of the planned Cilium that this site meets.

What a fault is stands in ``_versions/cilium``; here stands which site meets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from ..._cilium.helm_values import helm_values
from ..._cilium.services import CILIUM_INGRESS, GATEWAY
from ..._inventory.values import Values
from ..._kubernetes.labels import service_labels
from ..._kubernetes.values import is_true, value_at
from ..._model.return_paths import Ways
from ..._model.site import Cluster, Service, Site
from ..._pools.capacity import cilium_blocks
from ..._pools.sharing import groups
from ..._versions import cilium
from ..._versions.cilium import Fault, Version
from ..hosts import Context


class _Met(NamedTuple):
    """A fault that a cluster meets: where in the inventory, and what of it."""

    path: str
    concerned: str = ""


class _Place(NamedTuple):
    """One cluster, as the checks see it."""

    site: Site
    cluster: Cluster
    values: Values
    planned: Version

    @property
    def version(self) -> str:
        """The path of its version: of faults that a site as a whole meets."""
        return f"{self.cluster.host}.edge_cilium_version"


def check_faults(context: Context, site: Site, cluster: Cluster, values: Values, planned: Version) -> None:
    """Report the known faults of the planned version that this cluster would meet."""
    place = _Place(site, cluster, values, planned)
    for fault, met in CHECKS:
        for path, concerned in met(place) if fault.holds(planned) else ():
            # A path that names the version needs no second "Cilium" before it.
            subject = cluster.cilium_version if path == place.version else f"Cilium {cluster.cilium_version}"
            sources = f" [{', '.join(fault.upstream)}]" if fault.upstream else ""
            problem = f"{subject} {fault.does.format(concerned=concerned)}{sources}"
            context.report.add(fault.code, path, problem, fault.hint(planned))


def _first(names: Sequence[str], what: str) -> str:
    """Return the first name, and how many more there are of ``what``, which is a plural."""
    more = len(names) - 1
    return f"{names[0]} and {more} more {what if more > 1 else what.removesuffix('s')}" if more else names[0]


def _several_instances(place: _Place) -> Iterator[_Met]:
    sessions = place.cluster.sessions
    instances = {(item.cluster_config, item.instance) for item in sessions}
    if len(instances) > len({item.cluster_config for item in sessions}):
        yield _Met(place.version, "nodes with several AS numbers")


def _no_session_state(place: _Place) -> Iterator[_Met]:
    if place.cluster.sessions:
        yield _Met(place.version)


def _passwords(place: _Place) -> Iterator[_Met]:
    names = sorted({item.peering for item in place.cluster.sessions if item.keys.password is not None})
    if names:
        yield _Met(place.version, f"peering {_first(names, 'peerings')}")


def _pool_of_blocks(place: _Place) -> Iterator[_Met]:
    names = [pool.name for pool in place.cluster.pools if len(cilium_blocks(pool)) > 1]
    if names:
        yield _Met(place.version, _first(names, "pools"))


def _parties(services: Sequence[Service]) -> list[list[Service]]:
    """Return the services of each address that several share."""
    parties: dict[str, list[Service]] = {}
    shared = groups(services)
    for service in services:
        if service.key in shared:
            parties.setdefault(shared[service.key], []).append(service)
    return list(parties.values())


def _shared_ports(place: _Place) -> Iterator[_Met]:
    path, since = cilium.PROTOCOLS
    if place.planned >= since and is_true(place.cluster.values, path):
        return
    for one, other in (pair for party in _parties(place.cluster.services) for pair in combinations(party, 2)):
        common = {port.port for port in one.ports} & {port.port for port in other.ports}
        if common:
            where = place.values["edge_services"][other.key].at("ports")
            yield _Met(where, f"{one.key} and {other.key}, which both have port {min(common)},")


def _moving_addresses(place: _Place) -> Iterator[_Met]:
    cluster = place.cluster
    loose = [service.key for service in cluster.services if not service.addresses]
    # A pool serves services too that the inventory does not know: it is named although all known ones are pinned.
    pools = [pool.name for pool in cluster.pools]
    if loose or pools:
        yield _Met(place.version, _first(loose, "services") if loose else f"services of pool {_first(pools, 'pools')}")


def _proxy_is_not_local(place: _Place) -> Iterator[_Met]:
    for service in place.cluster.services:
        if service.chart in (CILIUM_INGRESS, GATEWAY) and service.traffic_policy == "Local":
            yield _Met(place.values["edge_services"][service.key].at("traffic_policy"), "the service")


def _l2_responder(place: _Place) -> Iterator[_Met]:
    names = [pool.name for pool in place.cluster.pools if pool.l2]
    if names:
        yield _Met(place.version, f"services of pool {_first(names, 'pools')}")


def _local(cluster: Cluster) -> list[Service]:
    """Return the services with ``traffic_policy: Local`` without those of Cilium's own proxy, which is on each node."""
    return [
        service
        for service in cluster.services
        if service.traffic_policy == "Local" and service.chart not in (CILIUM_INGRESS, GATEWAY)
    ]


def _local_from_all(place: _Place) -> Iterator[_Met]:
    peerings = {pool.name: set(pool.bgp) for pool in place.cluster.pools}
    names = []
    for service in _local(place.cluster):
        nodes = {item.node for item in place.cluster.sessions if item.peering in peerings.get(service.pool, ())}
        if len(nodes) > 1:
            names.append(service.key)
    if names:
        yield _Met(place.version, _first(names, "services"))


def _local_from_inside(place: _Place) -> Iterator[_Met]:
    names = [service.key for service in _local(place.cluster)]
    if names and len(place.cluster.nodes) > 1:
        yield _Met(place.version, _first(names, "services"))


def _talos_host_dns(place: _Place) -> Iterator[_Met]:
    cluster = place.cluster
    values = helm_values(cluster)
    past_the_host = all(is_true(values, path) for path in (cilium.BPF_MASQUERADE, "kubeProxyReplacement"))
    if cluster.distribution == "talos" and past_the_host and value_at(values, cilium.HOST_ROUTING) is None:
        yield _Met(f"{place.values['edge_cilium_values']['bpf'].path}.masquerade")


def _servicelb(place: _Place) -> Iterator[_Met]:
    cluster = place.cluster
    plain = [service.key for service in cluster.services if service.way is None]
    if cluster.distribution == "k3s" and cluster.pools and (plain or not cluster.services):
        has = "which have" if len(plain) > 1 else "which has"
        concerned = f"{_first(plain, 'services')}, {has} no class" if plain else cilium.SERVICELB.concerned
        yield _Met(f"{cluster.host}.edge_cluster_distribution", concerned)


def _shared_on_l2(place: _Place) -> Iterator[_Met]:
    networks = {network.name: network for network in place.site.networks}
    pools = {
        pool.name: pool
        for pool in place.cluster.pools
        if any(len(networks[name].announcers(place.cluster.nodes)) > 1 for name in pool.l2)
    }
    announced = [item for item in place.cluster.services if item.pool in pools and item.way != "bgp"]
    for party in _parties(announced):
        only = pools[party[0].pool].announce_only
        seen = [
            item
            for item in party
            if only is None or only.matches({**item.labels, **service_labels(item.namespace, item.name)})
        ]
        if len(seen) > 1:
            path = place.values["edge_services"][seen[1].key].at("share")
            yield _Met(
                path, f"the address that {seen[0].key} and {_first([item.key for item in seen[1:]], 'services')} share"
            )


def _default_route(place: _Place) -> Iterator[_Met]:
    nodes = []
    ways = Ways(place.site, place.cluster)
    for node in place.cluster.nodes:
        routers = [reached.routers for reached in ways.by_default_route(node).values() if reached.routers]
        if len(routers) > 1 and not set.intersection(*routers):
            nodes.append(node.host)
    if nodes:
        yield _Met(f"{nodes[0]}.edge_addresses", _first(nodes, "nodes"))


CHECKS: tuple[tuple[Fault, Callable[[_Place], Iterator[_Met]]], ...] = (
    (cilium.SEVERAL_INSTANCES, _several_instances),
    (cilium.NO_SESSION_STATE, _no_session_state),
    (cilium.POOL_OF_BLOCKS, _pool_of_blocks),
    (cilium.MD5_UNAVAILABLE, _passwords),
    (cilium.SHARED_PORTS, _shared_ports),
    (cilium.MOVING_ADDRESSES, _moving_addresses),
    (cilium.PROXY_IS_NOT_LOCAL, _proxy_is_not_local),
    (cilium.L2_RESPONDER, _l2_responder),
    (cilium.LOCAL_FROM_ALL, _local_from_all),
    (cilium.LOCAL_FROM_INSIDE, _local_from_inside),
    (cilium.TALOS_HOST_DNS, _talos_host_dns),
    (cilium.SERVICELB, _servicelb),
    (cilium.SHARED_ON_L2, _shared_on_l2),
    (cilium.DEFAULT_ROUTE, _default_route),
)
"""Fault -> what tells where a cluster meets it."""
