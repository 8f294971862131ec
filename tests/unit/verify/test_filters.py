# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planned filters of a router let in and out."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.filters import PlannedFilters
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_routes import networks_leak

ROUTER: dict[str, Any] = {
    "prefix_lists": [
        {
            "family": "ipv4",
            "name": "in",
            "entries": [
                {"action": "deny", "prefix": "192.0.2.64/26", "ge": None, "le": 32},
                {"action": "permit", "prefix": "192.0.2.0/24", "ge": 26, "le": 28},
                {"action": "permit", "prefix": "198.51.100.0/24", "ge": None, "le": None},
                {"action": "permit", "prefix": "203.0.113.0/24", "ge": 30, "le": None},
            ],
        }
    ],
    "route_maps": [
        {"name": "in", "entries": [{"action": "permit", "match": {"prefix_list": "in"}}]},
        {"name": "all", "entries": [{"action": "permit", "match": {}}]},
        {"name": "none", "entries": [{"action": "deny", "match": {}}]},
    ],
    "peer_groups": [
        {"name": "listed", "families": {"ipv4": {"import": "in", "export": "none", "default_originate": False}}},
        {"name": "default", "families": {"ipv4": {"import": "none", "export": "none", "default_originate": True}}},
        {"name": "open", "families": {"ipv4": {"import": "all", "export": "all", "default_originate": False}}},
    ],
}
FILTERS = PlannedFilters(ROUTER)


@pytest.mark.parametrize(
    ("prefix", "accepted"),
    [
        ("192.0.2.0/26", True),
        ("192.0.2.192/28", True),
        ("192.0.2.0/24", False),  # shorter than ge
        ("192.0.2.0/29", False),  # longer than le
        ("192.0.2.64/28", False),  # an earlier entry denies it
        ("198.51.100.0/24", True),
        ("198.51.100.0/25", False),  # without ge and le: this prefix alone
        ("203.0.113.1/32", True),  # ge without le: up to the family's width
        ("203.0.113.0/29", False),
        ("10.0.0.0/8", False),  # no entry has it
    ],
)
def test_import_by_prefix_and_length(prefix: str, accepted: bool) -> None:
    assert FILTERS.imports("listed", "ipv4", prefix) is accepted


@pytest.mark.parametrize(
    ("peer_group", "exports", "announces"), [("listed", [], False), ("default", ["0.0.0.0/0"], True)]
)
def test_a_default_route_is_sent_past_the_route_map(peer_group: str, exports: list[str], announces: bool) -> None:
    sent = [prefix for prefix in ("0.0.0.0/0", "10.0.0.0/8") if FILTERS.exports(peer_group, "ipv4", prefix)]
    assert (sent, FILTERS.announces(peer_group, "ipv4")) == (exports, announces)


def test_a_route_map_without_a_match_takes_everything() -> None:
    assert FILTERS.imports("open", "ipv4", "10.0.0.0/8")
    assert FILTERS.exports("open", "ipv4", "0.0.0.0/0")


def test_a_family_or_a_group_that_is_not_planned_passes_nothing() -> None:
    assert not FILTERS.imports("open", "ipv6", "2001:db8::/64")
    assert not FILTERS.exports("stranger", "ipv4", "10.0.0.0/8")


def test_planned_export_is_no_leak() -> None:
    site = LiveSite()
    networks_leak(site)
    for route_map in site.plan["routers"]["udm-pro"]["frr"]["route_maps"]:
        if route_map["name"] == "platform-public-service-ipv4-out":
            route_map["entries"][0]["action"] = "permit"
    assert site.texts() == []
