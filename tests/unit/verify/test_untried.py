# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Announced addresses that no router can ask: the table says so."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.heard import heard
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import endpoint

L2, BGP = "10.122.0.171", "203.0.113.94"


def rows(site: LiveSite, step: str, address: str) -> list[tuple[str, str, str, str]]:
    """Return the rows of a step about an address, of a site whose routers are answered."""
    site.observed["probes"] = heard(site.plan, site.observed)
    return [row for row in site.rows(step) if address in row[0]]


def test_every_announced_address_of_the_reference_site_is_asked() -> None:
    site = LiveSite()
    site.observed["probes"] = heard(site.plan, site.observed)
    assert [row for step in ("asked", "neighbor") for row in site.rows(step) if "not tried" in row[2]] == []


def test_network_of_l2_without_a_router_is_told() -> None:
    site = LiveSite()
    del site.plan["routers"]["udm-pro"]["addresses"]["private"]
    service = "(platform affine/affine-svc-lb)"
    why = "announced, not tried (no router has an IPv4 address"
    assert rows(site, "neighbor", L2) == [
        (f"{L2} on private {service}", "the holder of the lease", f"{why} there)", "unknown")
    ]
    assert rows(site, "asked", L2) == [(f"{L2} {service}", "answers", f"{why} on private)", "unknown")]


def test_network_of_l2_on_which_the_router_does_not_ask_is_told() -> None:
    site = LiveSite()
    entry = next(item for item in site.plan["expect"]["l2"] if item["pool"] == "private-service")
    site.plan["expect"]["l2"].append({**copy.deepcopy(entry), "network": "public"})
    asked, untried = rows(site, "neighbor", L2)
    assert asked[0] == f"udm-pro {L2} (platform affine/affine-svc-lb)"
    why = "announced, not tried (udm-pro asks on another network)"
    assert untried == (f"{L2} on public (platform affine/affine-svc-lb)", "the holder of the lease", why, "unknown")


@pytest.mark.parametrize(
    ("endpoints", "routed", "why", "level"),
    [
        (["node04"], False, "no node with a ready endpoint has a session with it; it has no route", "warning"),
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
