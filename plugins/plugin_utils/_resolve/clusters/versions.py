# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, versions: keys that the planned Cilium or FRR does not know, and known faults of a version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ....module_utils._errors import EdgeError
from ..._cilium.helm_values import helm_values, value_at
from ..._cilium.objects import cilium_version
from ..._cilium.services import CILIUM_INGRESS, GATEWAY
from ..._inventory.values import Items, Values
from ..._model.site import Cluster, Site
from ..hosts import Context
from .checks import check_cluster
from .shared_objects import check_shared_objects

NEWEST_CILIUM = (1, 20)
NEWEST_TEXT = "1.20"

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Gate:
    """A key of the inventory that Cilium can do only from a version on."""

    variable: str
    keys: tuple[str, ...]
    """Inside an entry of the variable; empty for the variable itself."""
    since: tuple[int, int]
    what: str
    """Begins the sentence "... needs Cilium 1.18"."""
    instead: str
    """What to do without it."""


GATES = (
    Gate("edge_peerings", ("listen_port",), (1, 18), "listening for the router", "leave it out: nodes dial"),
    Gate("edge_peerings", ("discover",), (1, 18), "dialling the default gateway", "leave it out"),
    Gate("edge_peerings", ("source_interface",), (1, 19), "the choice of an interface", "edge_node_local_addresses"),
    Gate("edge_peerings", ("advertise", "interfaces"), (1, 19), "advertising interfaces", "leave it out"),
    Gate("edge_peerings", ("advertise", "cluster_ips", "aggregate"), (1, 18), "aggregation", "leave it out"),
    Gate("edge_peerings", ("advertise", "external_ips", "aggregate"), (1, 18), "aggregation", "leave it out"),
    Gate("edge_pools", ("aggregate",), (1, 18), "aggregation", "leave it out"),
    Gate("edge_cluster_router_ids", (), (1, 18), "a pool of BGP identifiers", "edge_node_router_id on each node"),
)
"""From the CRDs and the chart of each version (pkg/k8s/apis/cilium.io/client/crds, install/kubernetes/cilium)."""

L2_IPV6_CILIUM = (1, 19)
"""First version whose L2 announcements answer NDP."""
IDENTIFIER_WITHOUT_IPV4 = (1, 18, 0)
"""First version that finds a BGP identifier on a node without an IPv4 address (from a MAC address)."""
STEADY_POOLS = (1, 18, 2)
"""First version in which a wider pool or a new operator gives no service another address (#41122, #41147)."""
SESSION_STATUS = (1, 16, 2)
"""First version that writes the state of sessions into CiliumBGPNodeConfigs."""
SEVERAL_INSTANCES = (1, 16, 1)
"""First version that advertises rightly with several BGP instances on a node (#34177)."""
ENVOY_IS_LOCAL = (1, 19, 0)
"""First version that takes a node's own proxy for a local endpoint of an Ingress or a Gateway."""


def check_versions(context: Context, site: Site) -> None:
    """Report what the planned versions cannot do, and what no version can."""
    for cluster in site.clusters:
        planned = _planned_version(context, cluster)
        if planned is None or cluster.absent:
            continue
        values = context.parsed.clusters[cluster.host]
        for gate in GATES:
            if planned[:2] < gate.since:
                _check_gate(context, cluster, values, gate)
        _check_l2_families(context, cluster, values["edge_pools"], planned)
        _check_identifiers(context, cluster, planned)
        _check_faults(context, cluster, values, planned)
        check_cluster(context, cluster)
        check_shared_objects(context, cluster)


def _planned_version(context: Context, cluster: Cluster) -> Version | None:
    path = f"{cluster.host}.edge_cilium_version"
    try:
        planned = cilium_version(cluster.cilium_version)
    except EdgeError as error:
        context.report.add("EDGE601", path, error.problem, "update Cilium first, one minor version at a time")
        return None
    if planned[:2] > NEWEST_CILIUM:
        context.report.add(
            "EDGE602",
            path,
            f"{cluster.cilium_version} is newer than {NEWEST_TEXT}, the newest that is known",
            f"planned as {NEWEST_TEXT}",
        )
    return planned


def _check_gate(context: Context, cluster: Cluster, values: Values, gate: Gate) -> None:
    """Report each place where a key of ``gate`` is written."""
    since = ".".join(str(part) for part in gate.since)
    for path in _written_at(cluster, values, gate):
        context.report.add(
            "EDGE603",
            path,
            f"{gate.what} needs Cilium {since}, and {cluster.host} has {cluster.cilium_version}",
            f"{gate.instead}, or update Cilium",
        )


def _written_at(cluster: Cluster, values: Values, gate: Gate) -> Iterator[str]:
    """Yield the paths at which the key of ``gate`` is written and asks for something."""
    if not gate.keys:
        if gate.variable in values:
            yield f"{cluster.host}.{gate.variable}"
        return
    items: Items = values[gate.variable]
    for item in items.values():
        found: Any = item.value
        for key in gate.keys:
            found = found[key] if isinstance(found, Values) and key in found else None
        if found is not None and found is not False:
            yield f"{item.path}.{'.'.join(gate.keys)}"


def _check_l2_families(context: Context, cluster: Cluster, items: Items, planned: Version) -> None:
    for pool in cluster.pools:
        if pool.l2 and "ipv6" in pool.families and planned[:2] < L2_IPV6_CILIUM:
            context.report.add(
                "EDGE603",
                items[pool.name].at("l2"),
                f"L2 announcements of IPv6 addresses need Cilium 1.19, and {cluster.host} has {cluster.cilium_version}",
                "advertise the pool by BGP, or update Cilium",
            )


def _check_identifiers(context: Context, cluster: Cluster, planned: Version) -> None:
    """Report nodes for which an old Cilium finds no BGP identifier: those that run no IPv4."""
    if planned >= IDENTIFIER_WITHOUT_IPV4 or value_at(helm_values(cluster), "ipv4.enabled") not in (False, "false"):
        return
    peering = {session.node for session in cluster.sessions}
    lacking = [node.host for node in cluster.nodes if node.host in peering and node.router_id is None]
    if lacking:
        context.report.add(
            "EDGE607",
            f"{lacking[0]}.edge_node_router_id",
            f"is missing{_and_more(lacking[1:])}: IPv4 is off, and Cilium {cluster.cilium_version} takes BGP"
            " identifiers from IPv4 addresses",
            "write one for each node, or update to Cilium 1.18",
        )


def _and_more(others: list[str]) -> str:
    return f", as on {others[0]}{f' and {len(others) - 1} more' if others[1:] else ''}" if others else ""


def _check_faults(context: Context, cluster: Cluster, values: Values, planned: Version) -> None:
    """Warn of known faults of the planned version that this site would meet."""
    path = f"{cluster.host}.edge_cilium_version"
    loose = [service.key for service in cluster.services if not service.addresses]
    if planned < STEADY_POOLS and loose:
        some = loose[0] if len(loose) == 1 else f"{loose[0]} and {len(loose) - 1} more services"
        context.report.add(
            "EDGE609",
            path,
            f"{cluster.cilium_version} may give {some} another address when a pool changes or the operator restarts",
            "pin their addresses, or update to Cilium 1.18.2",
        )
    if planned < SEVERAL_INSTANCES and len({(item.cluster_config, item.instance) for item in cluster.sessions}) > len(
        {item.cluster_config for item in cluster.sessions}
    ):
        context.report.add(
            "EDGE609",
            path,
            f"{cluster.cilium_version} advertises wrongly from nodes with several AS numbers",
            "update to Cilium 1.16.1",
        )
    for service in cluster.services:
        own_proxy = service.chart in (CILIUM_INGRESS, GATEWAY)
        if planned < ENVOY_IS_LOCAL and own_proxy and service.traffic_policy == "Local":
            context.report.add(
                "EDGE609",
                values["edge_services"][service.key].at("traffic_policy"),
                f"Cilium {cluster.cilium_version} sees no local endpoint of its own proxy and announces nothing",
                "traffic_policy: Cluster, or update to Cilium 1.19",
            )
    if cluster.sessions and planned < SESSION_STATUS:
        context.report.add(
            "EDGE611", path, f"{cluster.cilium_version} tells no state of BGP sessions", "update to Cilium 1.16.2"
        )
    if cluster.sessions and value_at(cluster.values, "bgpControlPlane.statusReport.enabled") in (False, "false"):
        context.report.add(
            "EDGE611",
            f"{values['edge_cilium_values']['bgpControlPlane'].path}.statusReport.enabled",
            "is false, so Cilium tells no state of BGP sessions",
            "remove it",
        )
