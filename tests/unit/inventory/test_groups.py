# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of the inventory: those of this collection that are misspelt, and those of others."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import (
    plan,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import (
    inventory_from,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.small_sites import (
    SMALL,
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("edge_router", "edge_routers"),
        ("edge-routers", "edge_routers"),
        ("edge_cluster", "edge_clusters"),
        ("edge_node", "edge_nodes"),
    ],
)
def test_a_group_that_is_never_defined_is_named_once_with_the_one_that_was_meant(written: str, meant: str) -> None:
    document = yaml.safe_load(SMALL)
    children = document["all"]["children"]
    children[written] = children.pop(meant)
    assert [f"{item.code} {item.text}" for item in plan(inventory_from(document)).findings] == [
        f"EDGE117 inventory.{written}: is no group of this collection, and the inventory defines no group {meant!r}"
        f" (did you mean {meant!r}?)"
    ]


@pytest.mark.parametrize("other", ["routers", "edge_x", "edge_nodes_rack_a", "kube_nodes"])
def test_groups_of_others_are_no_misspelt_ones(other: str) -> None:
    document = yaml.safe_load(SMALL)
    document["all"]["children"][other] = {}
    assert plan(inventory_from(document)).findings == ()
