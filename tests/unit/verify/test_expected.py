# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes must announce a prefix, and which may, by the live services and their endpoints."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import verify
from ansible_collections.hybridnet.cluster_edge.tests.support.healthy import healthy
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import (
    SERVICE,
    endpoint,
    endpoint_slice,
    path,
    peer,
    route,
    service,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import site
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_routes import (
    announced_by_nobody,
    endpoints_without_a_node,
)
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_services import another_policy, no_endpoint_local


def test_endpoint_that_drains_may_still_be_announced() -> None:
    for announced in (True, False):
        site = LiveSite()
        site.slice("dummy")["endpoints"][0] = endpoint("node02", ready=False, terminating=True)
        if not announced:
            site.routes[SERVICE].pop(0)
            site.kernel[SERVICE] = route("10.122.0.13")
            site.peer("node02", 1)["routeCount"] = []
        assert site.texts() == []
        seen = "node02, node03" if announced else "node03"
        assert site.rows("accepted")[1] == ("udm-pro 203.0.113.94/32", "node03, perhaps node02", seen, "ok")


def test_endpoint_without_a_node_leaves_it_open_who_announces() -> None:
    site = LiveSite()
    site.slice("dummy")["endpoints"] = [endpoint(None)]
    assert site.texts() == []
    assert site.rows("accepted")[1][1:] == ("some of node01, node02, node03", "node02, node03", "ok")


def test_endpoint_without_a_node_beside_one_with_a_node() -> None:
    site = LiveSite()
    site.slice("dummy")["endpoints"].append(endpoint(None))
    assert site.texts() == []
    assert site.rows("accepted")[1][1:] == ("node02, node03, perhaps node01", "node02, node03", "ok")
    site.slice("dummy")["endpoints"] = [endpoint("node04"), endpoint(None)]
    announced_by_nobody(site)
    assert "EDGE902" in site.codes()


def test_nobody_announces_while_no_session_is_up_has_the_findings_of_the_sessions() -> None:
    site = LiveSite()
    endpoints_without_a_node(site)
    for node in ("10.122.0.11", "10.122.0.12", "10.122.0.13"):
        site.neighbor(node).update(bgpState="Active")
    assert {"EDGE811"} == set(site.codes())
    assert site.rows("accepted")[1][2:] == ("nobody", "error")


def test_endpoint_without_a_node_is_announced_to_another_router() -> None:
    site = LiveSite()
    site.slice("dummy")["endpoints"] = [endpoint(None)]
    other = copy.deepcopy(site.plan["routers"]["udm-pro"])
    announcement = copy.deepcopy(site.plan["expect"]["announcements"][1])
    site.plan["routers"]["other"] = other
    site.plan["expect"]["announcements"].append({**announcement, "router": "other"})
    site.observed["routers"]["other"] = copy.deepcopy(site.router)
    announced_by_nobody(site)
    assert "EDGE902" not in site.codes()
    del site.observed["routers"]["other"]["bgp"]["ipv4"]["routes"][SERVICE]
    assert "EDGE902" in site.codes()


@pytest.mark.parametrize(
    ("cilium", "counts", "seen"),
    [
        pytest.param("1.19.6", 0, ("nobody, by the nodes' own count", "error"), id="none"),
        pytest.param("1.19.6", 1, ("not known: the router was not read", "unknown"), id="one, perhaps this one"),
        pytest.param("1.20.2", 0, ("not known: the router was not read", "unknown"), id="a count that is old"),
    ],
)
def test_of_a_router_that_is_not_read_the_nodes_count(cilium: str, counts: int, seen: tuple[str, str]) -> None:
    site = LiveSite()
    site.plan["clusters"]["platform"]["cilium_version"] = cilium
    endpoints_without_a_node(site)
    site.peer("node02", 1)["routeCount"] = peer("x", counts)["routeCount"]
    site.plan["routers"]["udm-pro"]["managed"] = False
    site.observed["routers"].clear()
    assert ("EDGE902" in site.codes()) is (seen[1] == "error")
    assert site.rows("accepted") == [("udm-pro 203.0.113.94/32", "some of node01, node02, node03", *seen)]


def test_endpoint_that_is_not_ready_is_not_expected() -> None:
    site = LiveSite()
    site.plan["clusters"]["platform"]["cilium_version"] = "1.19.6"  # its nodes count what they announce now
    site.slice("dummy")["endpoints"][0] = endpoint("node02", ready=False)
    assert site.codes() == ["EDGE841", "EDGE825"]


def test_cluster_policy_is_announced_by_all_allowed_nodes_even_without_endpoints() -> None:
    site = LiveSite()
    another_policy(site)
    site.slice("dummy")["endpoints"] = []
    assert site.codes() == ["EDGE868", "EDGE870"]
    assert site.rows("accepted")[1][1:] == ("node01, node02, node03", "node01, node02, node03", "ok")


def test_cilium_may_be_told_to_announce_no_service_without_endpoints() -> None:
    site = LiveSite()
    another_policy(site)
    no_endpoint_local(site)
    site.service("dummy-service")["spec"]["externalTrafficPolicy"] = "Cluster"
    site.slice("dummy")["endpoints"] = []
    site.peer("node01", 1)["routeCount"] = []
    site.plan["clusters"]["platform"]["helm_values"]["enableNoServiceEndpointsRoutable"] = False
    assert site.codes() == ["EDGE868", "EDGE870"]


def test_two_services_that_share_an_address_are_expected_from_the_nodes_of_both() -> None:
    site = LiveSite()
    site.resources["Service"].append(service("dummy", "other", "public-service", "203.0.113.94", "Local"))
    site.resources["EndpointSlice"].append(endpoint_slice("dummy", "other", endpoint("node01")))
    site.routes[SERVICE].append(path("10.122.0.11"))
    site.kernel[SERVICE] = route("10.122.0.11", "10.122.0.12", "10.122.0.13")
    site.peer("node01", 1)["routeCount"] = peer("x", 1)["routeCount"]
    assert site.texts() == []
    assert site.rows("accepted")[1][1] == "node01, node02, node03"


def test_aggregate_is_expected_instead_of_the_host_route_but_not_for_local() -> None:
    site = LiveSite()
    site.plan["expect"]["announcements"][1]["length"]["ipv4"] = 29
    assert site.texts() == []  # Local
    another_policy(site)
    site.routes["203.0.113.88/29"] = site.routes.pop(SERVICE)
    site.kernel["203.0.113.88/29"] = site.kernel.pop(SERVICE)
    assert site.codes() == ["EDGE868"]


def test_pool_that_announces_some_services_only() -> None:
    site = LiveSite()
    site.plan["clusters"]["platform"]["cilium_version"] = "1.19.6"  # its nodes count what they announce now
    next(p for p in site.plan["pools"] if p["name"] == "public-service")["announce_only"] = "tier=gold"
    found = [text.split()[0] for text in site.texts()]
    assert found == ["EDGE841", *["EDGE825"] * 2]
    site.service("dummy-service")["metadata"]["labels"]["tier"] = "gold"
    assert site.texts() == []


def test_pool_that_is_announced_as_an_aggregate() -> None:
    site = LiveSite()
    next(p for p in site.plan["pools"] if p["name"] == "public-service")["aggregate"] = {"ipv4": 29}
    site.service("dummy-service")["spec"]["externalTrafficPolicy"] = "Cluster"
    for table in (site.routes, site.kernel):
        table["203.0.113.88/29"] = table.pop(SERVICE)
    rows = {row.subject: row.expected for row in site.verify().rows if row.step == "accepted"}
    assert rows["udm-pro 203.0.113.88/29"] == "node01, node02, node03"


def test_pod_cidrs_of_a_node_without_a_cilium_node_are_not_known() -> None:
    plan = site("pod-cidrs-without-tunnel").plan.data
    observed = healthy(plan)
    resources = observed["clusters"][plan["sessions"][0]["cluster"]]["resources"]
    row = ("its pod CIDRs", "not known: it has a session, and no CiliumNode", "unknown")
    told = [(row.expected, row.seen, row.level) for row in verify(plan, observed).rows if " pods of " in row.subject]
    assert told == [row] * len(plan["sessions"])
    nodes = sorted({session["node"] for session in plan["sessions"]})
    resources["CiliumNode"] = [{"metadata": {"name": node}, "spec": {}} for node in nodes]
    told = [(row.expected, row.seen, row.level) for row in verify(plan, observed).rows if " pods of " in row.subject]
    assert told == [("its pod CIDRs", "not known: its CiliumNode names none", "unknown")] * len(plan["sessions"])
    resources["CiliumNode"] = [
        {"metadata": {"name": node}, "spec": {"ipam": {"podCIDRs": [f"10.244.{number}.0/24"]}}}
        for number, node in enumerate(nodes)
    ]
    assert not [row for row in verify(plan, observed).rows if "not known" in row.seen]
