# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What live Services leave of the planned pools, and how the plan says what it has counted."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.live import LivePools, count_live
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.text import plan_text, summary_text
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import planned

PLAN: Any = hybrid_plan().data

TWO_CLUSTERS = """
all:
  vars:
    edge_networks: {lan: {cidr: 192.0.2.0/24}}
    edge_peerings: {k8s: {}}
  children:
    edge_routers: {hosts: {gw: {ansible_host: 192.0.2.1, edge_router_asn: 64700}}}
    edge_clusters:
      vars: {edge_cilium_version: "1.19.6"}
      hosts:
        a:
          edge_cluster_asn: 64701
          edge_default_pool: lb
          edge_pools:
            lb: {addresses: 198.51.100.0/30}
            old: {addresses: 198.51.100.4/31, disabled: true}
        b: {edge_cluster_asn: 64702, edge_cluster_managed: false, edge_pools: {lb: {addresses: 198.51.100.8/30}}}
    edge_nodes:
      hosts:
        a1: {ansible_host: 192.0.2.11, edge_cluster: a}
        b1: {ansible_host: 192.0.2.21, edge_cluster: b}
"""


def service(name: str, *addresses: str) -> dict[str, Any]:
    """Return a live Service, ``namespace/name``, as the API server has it."""
    namespace, own = name.split("/")
    ingress = [{"ip": address} for address in addresses]
    return {"metadata": {"namespace": namespace, "name": own}, "status": {"loadBalancer": {"ingress": ingress}}}


def left(live: LivePools) -> dict[str, tuple[list[str], dict[str, int], str | None]]:
    """Return each pool's used, left and next free addresses, by ``cluster/pool``."""
    return {f"{p['cluster']}/{p['name']}": (p["used"], p["left"], p["next_free"]) for p in live.pools}


def test_addresses_of_services_beside_the_inventory_are_used() -> None:
    before = copy.deepcopy(PLAN)
    others = [service("default/web", "10.122.0.128"), service("default/far", "192.0.2.7")]
    live = count_live(PLAN, {"platform": [service("affine/affine-svc-lb", "10.122.0.171"), *others]})
    found = left(live)
    assert found["platform/private-ingress"] == (["10.122.0.128", "10.122.0.129"], {"ipv4": 14}, "10.122.0.130")
    assert found["platform/private-service"] == (["10.122.0.171"], {"ipv4": 15}, "10.122.0.160"), "it is planned so"
    assert live.others == [
        {"cluster": "platform", "service": "default/web", "pool": "private-ingress", "addresses": ["10.122.0.128"]}
    ]
    assert before == PLAN, "the plan is what the inventory says"


def test_address_of_a_planned_service_that_cilium_chose_is_used() -> None:
    live = count_live(PLAN, {"platform": [service("ingress-nginx-public/ingress-nginx-controller", "203.0.113.93")]})
    assert left(live)["platform/public-ingress"] == (["203.0.113.93"], {"ipv4": 0}, None)
    assert live.others == []


def test_without_live_services_the_pools_are_the_planned_ones() -> None:
    assert count_live(PLAN, {"platform": []}).pools == PLAN["pools"]
    assert count_live(PLAN, {}).pools == PLAN["pools"]


def test_status_without_addresses_holds_none() -> None:
    named = {"metadata": {"namespace": "a", "name": "b"}, "status": {"loadBalancer": {"ingress": [{"hostname": "x"}]}}}
    bare = {"metadata": {"namespace": "a", "name": "c"}}
    assert count_live(PLAN, {"platform": [named, bare]}).pools == PLAN["pools"]


def test_each_clusters_services_count_in_its_own_pools() -> None:
    data = planned(TWO_CLUSTERS).data
    assert data is not None
    live = count_live(data, {"a": [service("x/y", "198.51.100.0", "198.51.100.2"), service("x/z", "198.51.100.8")]})
    assert left(live) == {
        "a/lb": (["198.51.100.0", "198.51.100.2"], {"ipv4": 2}, "198.51.100.1"),
        "a/old": ([], {"ipv4": 2}, None),
        "b/lb": ([], {"ipv4": 4}, "198.51.100.8"),
    }
    assert live.lines(data["clusters"]) == [
        "  used, left and next free count the services of this inventory and those that a has now",
        "  not asked, as not managed or not in this run: b",
        "  not in the inventory: x/y 198.51.100.0, 198.51.100.2 (lb)",
    ]


def test_services_of_one_name_in_two_clusters_are_told_apart() -> None:
    data = planned(TWO_CLUSTERS).data
    assert data is not None
    live = count_live(data, {"a": [service("x/y", "198.51.100.0")], "b": [service("x/y", "198.51.100.8")]})
    assert (
        live.lines(data["clusters"])[-1] == "  not in the inventory: a/x/y 198.51.100.0 (lb), b/x/y 198.51.100.8 (lb)"
    )


def test_the_text_says_which_were_counted() -> None:
    live = count_live(PLAN, {"platform": [service("default/web", "10.122.0.128")]})
    for text in (plan_text(PLAN, live=live), summary_text(PLAN, live)):
        row = next(line for line in text.splitlines() if line.startswith("  private-ingress  10."))
        assert row.split()[-4:] == ["2", "14", "ipv4", "10.122.0.130"]
        assert "services of this inventory and those that platform has now" in text
        assert "not in the inventory: default/web 10.122.0.128 (private-ingress)" in text
    for text in (plan_text(PLAN), summary_text(PLAN)):
        assert "count the services of this inventory; -e edge_plan_live=true also counts those" in text
