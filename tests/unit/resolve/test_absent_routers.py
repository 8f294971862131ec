# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router that leaves a site (``edge_state: absent``): what is told of it, in each site of ``tests/sites``."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import FOLDER, SITES
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml_file


def inventory(site: str) -> dict[str, Any]:
    document: dict[str, Any] = read_yaml_file(FOLDER / site / "inventory.yml")
    return document


def routers(document: dict[str, Any]) -> dict[str, Any]:
    """Return the routers of an inventory with their variables."""
    found: dict[str, Any] = (document["all"]["children"].get("edge_routers") or {}).get("hosts") or {}
    return found


def told(document: dict[str, Any]) -> list[str]:
    return [f"{item.code} {item.text}" for item in plan(inventory_from(document)).findings]


@pytest.mark.parametrize(("site", "router"), [(site, router) for site in SITES for router in routers(inventory(site))])
def test_a_router_that_leaves_is_told_once(site: str, router: str) -> None:
    """What only its sessions brought to others is no second finding: the run that it needs would be refused."""
    document = inventory(site)
    before = told(document)
    routers(document)[router]["edge_state"] = "absent"
    more = [text for text in told(document) if text not in before]
    assert [text for text in more if not text.startswith("EDGE363 ")] == []
