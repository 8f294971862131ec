# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows as an inventory is one."""

from __future__ import annotations

import re
from typing import get_type_hints

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.finding import FindingEntry
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._resolve.site import missing_from_limit
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.report import RowEntry, WrittenVerify
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, hybrid_document, inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import (
    DOCS,
    Page,
    broken_links,
    plan_page,
    read_page,
)

PAGE = read_page(DOCS / "inventory.md")
(SMALLEST,) = PAGE.under("The smallest site", "yaml")
(SERVICES,) = PAGE.under("Four kinds of services", "yaml")
(NEIGHBORS,) = PAGE.under("What a router may take and send", "yaml")


def test_the_smallest_site_plans_without_a_finding() -> None:
    computed = plan_page(SMALLEST)
    assert computed.findings == ()
    assert [(item["node"], item["node_address"], item["router_address"]) for item in computed.data["sessions"]] == [
        ("k1", "192.0.2.11", "192.0.2.1"),
        ("k2", "192.0.2.12", "192.0.2.1"),
        ("k3", "192.0.2.13", "192.0.2.1"),
    ]
    assert computed.data["pools"][0]["capacity"] == {"ipv4": 125}


def test_the_four_kinds_of_services_plan() -> None:
    document = hybrid_document()
    site = document["all"]["vars"]
    site["edge_networks"]["private"]["cidr"] = ["10.122.0.0/24", "192.0.2.0/24"]
    site["edge_pools"] = {
        "public": {"addresses": ["203.0.113.94/32", "203.0.113.93/32"], "bgp": "public-ingress"},
        "lan": {"addresses": "192.0.2.128/26", "l2": "private"},
    }
    site["edge_services"] = yaml.safe_load(SERVICES)["edge_services"]
    computed = plan(inventory_from(document))
    assert [finding.code for finding in computed.findings] == ["EDGE308"]  # nothing uses the second peering now
    assert [item["manage"] for item in computed.data["services"]] == ["service", "values", "values", "metadata"]


def test_the_neighbor_plans_beside_the_smallest_site() -> None:
    document = yaml.safe_load(SMALLEST)
    document["all"]["children"]["edge_routers"]["hosts"]["udm"].update(yaml.safe_load(NEIGHBORS))
    computed = plan(inventory_from(document))
    assert computed.findings == ()
    (neighbor,) = computed.site.routers[0].neighbors
    assert [address.text for address in neighbor.addresses] == ["192.0.2.5"]


def test_its_links_lead_somewhere() -> None:
    assert broken_links(PAGE) == []


CHANGES = read_page(DOCS / "change-control.md")
PLATFORM = read_page(DOCS / "automation-platform.md")


def test_the_site_of_the_page_on_changes_plans_in_two_parts() -> None:
    (inventory,) = CHANGES.under("The inventory", "yaml")
    computed = plan_page(inventory)
    assert computed.findings == ()
    assert missing_from_limit(computed.site, frozenset({"gw-a", "home-a", "a1", "a2"})) == {}
    assert missing_from_limit(computed.site, frozenset({"gw-a"})) == {"gw-a": ("home-a",)}


@pytest.mark.parametrize("page", [CHANGES, PLATFORM], ids=lambda page: page.path.stem)
def test_links_of_the_pages_on_running_it_lead_somewhere(page: Page) -> None:
    assert broken_links(page) == []


def test_the_execution_environment_of_the_page_asks_for_the_collections_that_are_needed() -> None:
    (image, _helm) = PLATFORM.under("The execution environment", "yaml")
    asked = {
        item["name"]: item.get("version") for item in yaml.safe_load(image)["dependencies"]["galaxy"]["collections"]
    }
    needed = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text("utf-8"))
    assert asked == {f"{needed['namespace']}.{needed['name']}": None}
    assert needed["dependencies"] == {}


def test_the_page_on_changes_names_the_keys_of_verify_s_json() -> None:
    (named,) = re.findall(r"`verify.json` has (.*?)\. Codes", CHANGES.text, re.DOTALL)
    keys = {key for kind in (WrittenVerify, RowEntry, FindingEntry) for key in get_type_hints(kind)}
    assert set(re.findall(r"`(\w+)`", named)) == keys
