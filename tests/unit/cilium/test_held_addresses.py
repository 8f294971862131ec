# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an inventory to what its pools would take from the services of a cluster that already runs."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.changes import lb_changes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.held_addresses import LbIpam, MayMove
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import TakeOver
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.noted import all_noted, with_uids

METALLB_SITE = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.90.0.0/24, interfaces: eth0}}
    edge_peerings: {rack: {network: lan}}
    edge_pools: {production: {addresses: 10.91.0.0/26, bgp: rack}}
    edge_services: {web/front: {pool: production, addresses: 10.91.0.5}}
  children:
    edge_routers: {hosts: {tor: {ansible_host: 10.90.0.1, edge_router_asn: 64512}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64513, edge_cilium_version: "1.19.6", edge_cilium_managed: false}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.90.0.11}, n2: {ansible_host: 10.90.0.12}}}
"""


def pools(version: str = "1.19.6", **variables: Any) -> list[dict[str, Any]]:
    """Return the planned pools and policies of the site; ``variables`` replace those of ``all``."""
    document = yaml.safe_load(METALLB_SITE)
    document["all"]["vars"].update(variables)
    document["all"]["children"]["edge_clusters"]["hosts"]["home"]["edge_cilium_version"] = version
    return list(plan(inventory_from(document)).data["clusters"]["home"]["lb"])


def held(name: str, address: str, **annotations: str) -> dict[str, Any]:
    namespace, _slash, own = name.partition("/")
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": own, "annotations": annotations},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    }


def refusals(
    planned: list[dict[str, Any]],
    live: list[dict[str, Any]],
    services: list[dict[str, Any]],
    version: str = "1.19.6",
    may_move: MayMove = MayMove(),  # noqa: B008 - it is immutable
) -> list[str]:
    """Return why the pools are refused, as the errors' places and problems."""
    kinds = {
        item["kind"]: {"versions": ["v2", "v2alpha1"], "fields": {"v2": None, "v2alpha1": None}} for item in planned
    }
    state = {"kinds": kinds, "objects": live, "nodes": {}, "namespaces": [], "services": services, "secrets": []}
    state = with_uids(state)
    claims = all_noted("lb", state, "edge")
    return [
        f"{item.path}: {item.problem}" for item in lb_changes(planned, may_move, state, claims, LbIpam(version)).errors
    ]


MEDIA = held("media/plex", "10.90.0.201", **{"metallb.io/ip-allocated-from-pool": "lan"})
FRONT = held("web/front", "10.90.0.202", **{"metallb.io/ip-allocated-from-pool": "lan"})
TAKEN = (
    "it holds {} (given by MetalLB), and the cluster has no CiliumLoadBalancerIPPool yet: with the first one, Cilium takes"
    " the address away"
)


def test_one_pool_beside_metallb_strips_what_stays_with_metallb() -> None:
    assert refusals(pools(edge_default_pool="none"), [], [MEDIA, FRONT]) == [
        f"Service media/plex: {TAKEN.format('10.90.0.201')} and gives it none",
        f"Service web/front: {TAKEN.format('10.90.0.202')} and gives it none",
    ]


def test_a_pool_without_a_selector_gives_all_of_them_other_addresses() -> None:
    assert refusals(pools(), [], [MEDIA, FRONT]) == [
        f"Service media/plex: {TAKEN.format('10.90.0.201')} and gives it another one, of production",
        f"Service web/front: {TAKEN.format('10.90.0.202')} and gives it another one, of production",
    ]


def test_a_service_that_asks_for_no_address_makes_no_pool_refuse_another() -> None:
    """A planned name may be that of a ClusterIP Service: it lacks nothing of a pool that shrinks."""
    before = pools(edge_pools={"production": {"addresses": "10.91.0.0/25", "bgp": "rack"}})
    inside = {**held("web/front", ""), "spec": {"type": "ClusterIP"}, "status": {}}
    assert refusals(pools(), before, [held("web/other", "10.91.0.9"), inside]) == []


@pytest.mark.parametrize("version", ["1.17.16", "1.18.2", "1.20.2"])
def test_an_address_that_goes_to_another_pool_is_taken_away_first(version: str) -> None:
    """A pool under another name is another pool: an address stays with its service by the same one alone."""
    entry = {"addresses": "10.91.0.0/26", "bgp": "rack"}
    before = pools(version, edge_services={})
    renamed = pools(version, edge_pools={"prod": entry}, edge_services={})
    asked = held("media/plex", "10.91.0.7", **{"lbipam.cilium.io/ips": "10.91.0.7"})
    assert refusals(renamed, before, [asked, held("media/none", "")], version) == [
        "CiliumLoadBalancerIPPool production: the service media/plex holds 10.91.0.7, which the pool prod is to give it"
        " instead: Cilium takes it away first, so its connections end, and only a service that asks for its address is sure"
        " to get it again"
    ]
    said = MayMove(take_over=TakeOver(services=("media/plex@10.91.0.7",)))
    assert refusals(renamed, before, [asked], version, said) == []


def test_a_widened_pool_moves_services_of_an_older_cilium() -> None:
    before = pools("1.17.4")
    after = pools("1.17.4", edge_pools={"production": {"addresses": "10.91.0.0/25", "bgp": "rack"}})
    unpinned = held("media/plex", "10.91.0.7")
    pinned = held("web/front", "10.91.0.5", **{"lbipam.cilium.io/ips": "10.91.0.5"})
    assert refusals(after, before, [unpinned, pinned], "1.17.4") == [
        "CiliumLoadBalancerIPPool production: the service media/plex holds 10.91.0.7 without asking for it, and Cilium 1.17.4"
        " may give it another one when the pool changes (mended in 1.18.2)"
    ]
    assert refusals(before, before, [unpinned, pinned], "1.17.4") == []
