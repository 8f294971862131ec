# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's text: what is grouped where there is much of it, what is counted, and one line per mistake."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.finding import Finding
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.together import together
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.text import (
    findings_line,
    plan_text,
    summary_text,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan, inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import planned, told
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import site

NODES = 100

MANY = f"""
all:
  vars:
    edge_networks: {{lan: {{cidr: 192.0.2.0/24}}}}
    edge_peerings: {{k8s: {{}}}}
    edge_pools: {{lb: {{addresses: 198.51.100.0/24}}}}
  children:
    edge_routers:
      hosts:
        a: {{ansible_host: 192.0.2.1, edge_router_asn: 64700}}
        b: {{ansible_host: 192.0.2.2, edge_router_asn: 64700}}
    edge_clusters: {{hosts: {{home: {{edge_cluster_asn: 64701, edge_cilium_version: "1.19.6"}}}}}}
    edge_nodes:
      hosts: {{{", ".join(f"k{number:03}: {{ansible_host: 192.0.2.{number}}}" for number in range(10, NODES + 10))}}}
"""

WRONG_NAME = """
all:
  vars:
    edge_networks: {DEFINED: {cidr: 192.0.2.0/24}}
    edge_peerings: {k8s: {network: rack_a}}
    edge_pools: {lb: {addresses: 198.51.100.0/24}}
  children:
    edge_routers: {hosts: {gw: {edge_router_asn: 64700, edge_addresses: {rack_a: 192.0.2.1}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6"}}}
    edge_nodes:
      hosts:
        k1: {edge_addresses: {rack_a: 192.0.2.11}}
        k2: {edge_addresses: {rack_a: 192.0.2.12}}
        k3: {edge_addresses: {rack_a: 192.0.2.13}}
"""


def test_many_sessions_are_grouped_by_peering_and_router() -> None:
    data = planned(MANY).data
    assert data is not None
    lines = plan_text(data, full=False).splitlines()
    sessions = [line for line in lines if line.startswith("  k8s ")]
    assert [line.split() for line in sessions] == [
        ["k8s", "100", "k010,", "k011,", "k012", "and", "97", "more", "64701", router, address, "64700", "9/3", "s", "no"]
        for router, address in (("a", "192.0.2.1"), ("b", "192.0.2.2"))
    ]  # fmt: skip
    assert len(lines) < 48
    assert any(line.split()[:4] == ["a.edge_addresses.lan", "and", "101", "more"] for line in lines)
    assert len([line for line in plan_text(data).splitlines() if line.startswith("  k8s ")]) == 2 * NODES


@pytest.mark.parametrize(("nodes", "expected"), [(1, "1 node"), (2, "2 nodes")])
def test_the_nodes_of_a_cluster_are_counted(nodes: int, expected: str) -> None:
    hosts = re.sub(r"hosts: \{k010.*\}", lambda found: ", ".join(found[0].split(", ")[:nodes]) + "}", MANY)
    data = planned(hosts).data
    assert data is not None
    assert plan_text(data).splitlines()[2] == f"  clusters: home (Cilium 1.19.6, {expected})"


def test_sessions_that_differ_are_not_grouped() -> None:
    data = planned(
        MANY.replace("k8s: {}}", "k8s: {network: lan, nodes: 'odd!=yes'}, odd: {network: lan, nodes: odd=yes, timers: {hold: 30}}}")
        .replace("198.51.100.0/24}", "198.51.100.0/24, bgp: [k8s, odd]}")
        .replace("192.0.2.10}", "192.0.2.10, edge_node_labels: {odd: 'yes'}}")
    ).data  # fmt: skip
    assert data is not None
    text = plan_text(data, full=False)
    rows = [line.split()[:3] for line in text.splitlines() if "/10 s" in line or "/3 s" in line]
    assert rows == [["k8s", "99", "k011,"], ["k8s", "99", "k011,"], ["odd", "1", "k010"], ["odd", "1", "k010"]]


def test_few_sessions_are_listed_one_by_one() -> None:
    data = hybrid_plan().data
    assert plan_text(data, full=False) == plan_text(data)


def test_the_summary_has_pools_and_services() -> None:
    text = summary_text(hybrid_plan().data)
    assert "Site hybrid: 1 router, 1 cluster, 6 BGP sessions, 4 pools, 4 services" in text
    assert "  private-ingress  10.122.0.128/28  L2 private" in text
    assert "  affine/affine-svc-lb " in text
    assert "used, left and next free count the services of this inventory" in text


def test_the_summary_of_a_site_with_many_services_is_cut() -> None:
    services = {f"apps/web-{number:02}": {"ports": [{"port": 80}], "selector": {"app": "web"}} for number in range(60)}
    data = planned(MANY, edge_services=services).data
    assert data is not None
    assert "  and 36 more: playbooks/plan.yml lists them" in summary_text(data)
    assert "web-59" in plan_text(data, full=False)


TWO_WAYS = """
all:
  vars:
    edge_networks: {lan: {cidr: 192.0.2.0/24, interfaces: eth0}}
    edge_peerings: {k8s: {}}
    edge_pools: {lb: {addresses: 198.51.100.0/28, bgp: k8s, l2: lan}}
    edge_services:
      a/both: {ports: [{port: 80}], selector: {app: a}}
      a/by-bgp: {class: bgp, ports: [{port: 80}], selector: {app: b}}
      a/by-l2: {class: l2, ports: [{port: 80}], selector: {app: c}}
  children:
    edge_routers: {hosts: {gw: {ansible_host: 192.0.2.1, edge_router_asn: 64700}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6"}}}
    edge_nodes: {hosts: {k1: {ansible_host: 192.0.2.11}}}
"""

TWO_CLUSTERS = """
all:
  vars:
    edge_networks: {lan: {cidr: 192.0.2.0/24}}
    edge_peerings: {k8s: {}}
    edge_services: {apps/web: {ports: [{port: 80}], selector: {app: web}}}
  children:
    edge_routers: {hosts: {gw: {ansible_host: 192.0.2.1, edge_router_asn: 64700}}}
    edge_clusters:
      vars: {edge_cilium_version: "1.19.6"}
      hosts:
        north: {edge_cluster_asn: 64701, edge_pools: {lb: {addresses: 198.51.100.0/28}}}
        south: {edge_cluster_asn: 64702, edge_pools: {lb: {addresses: 198.51.100.16/28}}}
    edge_nodes:
      hosts:
        n1: {ansible_host: 192.0.2.11, edge_cluster: north}
        s1: {ansible_host: 192.0.2.21, edge_cluster: south}
"""


def column(text: str, title: str, head: str) -> dict[str, str]:
    """Return one column of a table of the plan's text, by the first one."""
    [part] = [part for part in text.split("\n\n") if re.match(rf"{title}( \(\d+\))?\n", part)]
    _title, *rows = part.splitlines()
    cells = [re.split(r" {2,}", row.strip()) for row in rows]
    at = cells[0].index(head)
    return {row[0]: row[at] for row in cells[2:] if len(row) == len(cells[0])}


@pytest.mark.parametrize("shown", [plan_text, summary_text], ids=["plan", "summary"])
def test_a_service_is_reachable_by_the_ways_of_its_class(shown: Callable[[Any], str]) -> None:
    text = shown(planned(TWO_WAYS).data)
    assert column(text, "Pools", "reachable by") == {"lb": "BGP k8s, L2 lan"}
    assert column(text, "Services", "reachable by") == {
        "a/both": "BGP k8s, L2 lan",
        "a/by-bgp": "BGP k8s",
        "a/by-l2": "L2 lan",
    }


@pytest.mark.parametrize("shown", [plan_text, summary_text], ids=["plan", "summary"])
def test_what_two_clusters_call_alike_is_told_apart(shown: Callable[[Any], str]) -> None:
    text = shown(planned(TWO_CLUSTERS).data)
    assert column(text, "Pools", "addresses") == {"north/lb": "198.51.100.0/28", "south/lb": "198.51.100.16/28"}
    assert column(text, "Services", "pool") == {"north/apps/web": "lb", "south/apps/web": "lb"}


def test_the_tables_of_two_clusters_on_one_router() -> None:
    text = plan_text(site("two-clusters-one-router").plan.data)
    assert [*column(text, "BGP sessions", "AS")] == ["lab/k8s", "prod/k8s"]
    assert [*column(text, "Pools", "addresses")] == ["lab/lab", "prod/prod"]
    assert {name.partition("/")[0] for name in column(text, "How long a failure lasts", "over")} == {"lab", "prod"}


@pytest.mark.parametrize(
    ("defined", "place"), [("rack_a", "edge_networks.rack_a"), ("rack-a", "edge_peerings.k8s.network")]
)
def test_a_wrong_name_in_many_places_is_one_finding(defined: str, place: str) -> None:
    findings = told(WRONG_NAME.replace("DEFINED", defined))
    others = 5 if defined == "rack_a" else 4
    assert len(findings) == 1
    assert findings[0].startswith(f"EDGE104 {place}: 'rack_a' is not a name; also at {others} other places: ")


def test_a_network_that_does_not_exist_is_one_finding() -> None:
    findings = told(WRONG_NAME.replace("DEFINED", "rack-b").replace("rack_a", "rack-a"))
    assert findings == [
        "EDGE120 edge_peerings.k8s.network: there is no network 'rack-a'; also at 4 other places:"
        " gw.edge_addresses.rack-a, k1.edge_addresses.rack-a, k2.edge_addresses.rack-a and 1 more (did you mean 'rack-b'?)"
    ]


def test_different_mistakes_stay_apart() -> None:
    same = [Finding("EDGE105", "error", f"{host}.edge_router_asn", "is missing") for host in ("a", "b")]
    assert together(same) == same


@pytest.mark.parametrize(
    ("platform", "reason"),
    [("linux", "the default; the run compares"), ("unifi", "the version of current UniFi OS; the run compares")],
)
def test_the_assumed_version_of_frr_is_explained_by_platform(platform: str, reason: str) -> None:
    data = plan(inventory_from({"all": {"children": {
        "edge_routers": {"hosts": {"gw": {"edge_router_asn": 64700, "edge_router_id": "192.0.2.1",
                                          "edge_router_platform": platform}}}}}})).data  # fmt: skip
    assert data is not None
    derived = {item["path"]: item["reason"] for item in data["derived"]}
    assert derived["gw.edge_router_frr_version"].startswith(reason)


def test_findings_are_counted_by_kind() -> None:
    findings = [
        Finding("EDGE101", "error", "a", "is wrong"),
        Finding("EDGE110", "warning", "a", "is odd"),
        Finding("EDGE110", "warning", "b", "is odd", accepted="known"),
        Finding("EDGE110", "warning", "c", "is odd", accepted="known"),
    ]
    assert (
        findings_line(finding.as_dict() for finding in findings) == "Findings: 1 error, 1 warning, 2 warnings accepted"
    )
    assert findings_line([]) == "Findings: none"
