# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Announced addresses that no router can ask: the table says so."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.heard import heard
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Fault, Faults, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import endpoint

L2, BGP = "10.122.0.171", "203.0.113.94"


def rows(site: LiveSite, step: str, address: str) -> list[tuple[str, str, str, str]]:
    """Return the rows of a step about an address, of a site whose routers are answered."""
    site.observed["probes"] = heard(site.plan, site.observed)
    return [row for row in site.rows(step) if address in row[0]]


def test_every_announced_address_of_the_reference_site_is_asked() -> None:
    site = LiveSite()
    site.observed["probes"] = heard(site.plan, site.observed)
    assert [row for step in ("asked", "address_resolution") for row in site.rows(step) if "not tried" in row[2]] == []


def test_network_of_l2_without_a_router_is_told() -> None:
    site = LiveSite()
    del site.plan["routers"]["udm-pro"]["addresses"]["private"]
    service = "(platform affine/affine-svc-lb)"
    why = "announced, not tried (no router has an IPv4 address"
    assert rows(site, "address_resolution", L2) == [
        (f"{L2} on private {service}", "the holder of the lease", f"{why} there)", "unknown")
    ]
    assert rows(site, "asked", L2) == [(f"{L2} {service}", "answers", f"{why} on private)", "unknown")]


def test_network_of_l2_on_which_the_router_does_not_ask_is_told() -> None:
    site = LiveSite()
    entry = next(item for item in site.plan["expect"]["l2"] if item["pool"] == "private-service")
    site.plan["expect"]["l2"].append({**copy.deepcopy(entry), "network": "public"})
    asked, untried = rows(site, "address_resolution", L2)
    assert asked[0] == f"udm-pro {L2} (platform affine/affine-svc-lb)"
    why = "announced, not tried (udm-pro asks on another network)"
    assert untried == (f"{L2} on public (platform affine/affine-svc-lb)", "the holder of the lease", why, "unknown")


@pytest.mark.parametrize(
    ("endpoints", "routed", "why", "level"),
    [
        (["node04"], False, "no node with a ready endpoint has a session with it; it has no route", "unknown"),
        (
            ["node04"],
            True,
            "no node with a ready endpoint has a session with it; it has a route by way of others",
            "unknown",
        ),
        ([], False, "no ready endpoint", "unknown"),
    ],
)
def test_router_to_which_no_node_announces_a_local_service_is_told(
    endpoints: list[str], routed: bool, why: str, level: str
) -> None:
    site = LiveSite()
    site.slice("dummy")["endpoints"] = [endpoint(node) for node in endpoints]
    if not routed:
        del site.kernel[f"{BGP}/32"]
    assert rows(site, "asked", BGP) == [
        (f"udm-pro {BGP} (platform dummy/dummy-service)", "answers", f"announced, not tried ({why})", level)
    ]


FAULTS = Faults()


@FAULTS.finds(
    "EDGE910 platform service dummy/dummy-service: no node with a ready endpoint has a session with udm-pro, and it has no"
    " route to 203.0.113.94: what its clients send there does not arrive, though other routers have one (use"
    " externalTrafficPolicy Cluster, let a pod run on a node that announces to this router, or link the routers (edge_links);"
    " accept this where its clients need not reach the service)"
)
def pods_in_the_other_routers_rack(site: LiveSite) -> None:
    """A second router, which is not read, has the sessions of another rack; the pods of a Local service are there."""
    site.plan["routers"]["second"] = {**copy.deepcopy(site.plan["routers"]["udm-pro"]), "managed": False}
    planned = next(item for item in site.plan["expect"]["announcements"] if item["pool"] == "public-service")
    site.plan["expect"]["announcements"].append(
        {**copy.deepcopy(planned), "router": "second", "nodes": {"node04": "10.121.0.14"}}
    )
    site.slice("dummy")["endpoints"] = [endpoint("node04")]
    for table in (site.routes, site.kernel):
        del table[f"{BGP}/32"]
    site.observed["probes"] = heard(site.plan, site.observed)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()
