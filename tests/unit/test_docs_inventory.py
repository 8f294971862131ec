# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows as an inventory is one."""

from __future__ import annotations

import re

import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan import plan

from .support.hybrid import CHECKOUT, hybrid_document, inventory_from

BLOCKS = re.findall(r"```yaml\n(.*?)```", (CHECKOUT / "docs" / "inventory.md").read_text(encoding="utf-8"), re.DOTALL)


def test_the_smallest_site_plans_without_a_finding() -> None:
    computed = plan(inventory_from(yaml.safe_load(BLOCKS[0])))
    assert computed.findings == ()
    assert [(item["node"], item["node_address"], item["router_address"]) for item in computed.data["sessions"]] == [
        ("k1", "192.0.2.11", "192.0.2.1"),
        ("k2", "192.0.2.12", "192.0.2.1"),
        ("k3", "192.0.2.13", "192.0.2.1"),
    ]
    assert computed.data["pools"][0]["capacity"] == {"ipv4": 128}


def test_the_four_kinds_of_services_plan() -> None:
    document = hybrid_document()
    site = document["all"]["vars"]
    site["edge_networks"]["private"]["cidr"] = ["10.122.0.0/24", "192.0.2.0/24"]
    site["edge_pools"] = {
        "public": {"addresses": ["203.0.113.94/32", "203.0.113.93/32"], "bgp": "public-ingress"},
        "lan": {"addresses": "192.0.2.128/26", "l2": "private"},
    }
    site["edge_services"] = yaml.safe_load(BLOCKS[1])["edge_services"]
    computed = plan(inventory_from(document))
    assert [finding.code for finding in computed.findings] == ["EDGE308"]  # nothing uses the second peering now
    assert [item["manage"] for item in computed.data["services"]] == ["service", "values", "values", "metadata"]
