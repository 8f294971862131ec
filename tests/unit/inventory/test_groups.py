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


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("edge_node", "edge_nodes"),
        ("edge_ndoes", "edge_nodes"),
        ("edge-nodes", "edge_nodes"),
        ("edgeNodes", "edge_nodes"),
        ("edge_router", "edge_routers"),
        ("edge_clutsers", "edge_clusters"),
        ("edge_router_os", "edge_routers"),
    ],
)
def test_a_group_of_nearly_our_name_beside_ours_is_named_with_its_hosts(written: str, ours: str) -> None:
    document = yaml.safe_load(SMALL)
    document["all"]["children"][written] = {"hosts": {"k4": {"edge_addresses": {"lan": "10.0.1.14"}}}}
    done = plan(inventory_from(document))
    assert [f"{item.code} {item.text}" for item in done.findings] == [
        f"EDGE125 inventory.{written}: is no group of this collection, and no host of it is in one: k4 (did you mean"
        f" {ours!r}? Accept it where the group has another purpose: edge_accept: {{EDGE125: REASON}})"
    ]
    assert done.data is not None  # no error
    document["all"]["vars"]["edge_accept"] = {"EDGE125": "hosts of another site"}
    assert [item.accepted for item in plan(inventory_from(document)).findings] == ["hosts of another site"]


def test_a_group_of_another_purpose_hides_no_variable_that_nobody_reads() -> None:
    """Ours has hosts of its own, so the other one's are no reader of it."""
    document = yaml.safe_load(SMALL)
    document["all"]["children"]["edge_router_os"] = {"hosts": {"mikrotik1": {}}}
    document["all"]["children"]["edge_nodes"]["vars"] = {"edge_router_id": "10.0.1.1"}
    found = [item.code for item in plan(inventory_from(document)).findings]
    assert sorted(found) == ["EDGE123", "EDGE125"]


@pytest.mark.parametrize(
    ("group", "hosts"),
    [
        pytest.param("edge_node", ["n1"], id="inside ours"),
        pytest.param("edge_node", ["n1", "n2", "nas"], id="around ours"),
        pytest.param("edge_node", [], id="without hosts"),
        pytest.param("edge_nodes_gpu", ["g1"], id="name that goes on"),
        pytest.param("edge_nodes2", ["g1"], id="number behind"),
        *(
            pytest.param(f"edge_{word}_{ours}", ["g1"], id=f"{word} before {ours}")
            for ours, words in {
                "routers": ["gw", "wan", "vpn", "isp", "old", "mx", "pe", "core"],
                "nodes": ["lb", "vm", "gpu", "old"],
                "clusters": ["dev", "test", "k8s", "old"],
            }.items()
            for word in words
        ),
        pytest.param("edge_codes_x", ["g1"], id="another word"),
        pytest.param("edge", ["g1"], id="the beginning alone"),
        pytest.param("nodes", ["g1"], id="without edge"),
    ],
)
def test_groups_beside_ours_are_their_own(group: str, hosts: list[str]) -> None:
    document = yaml.safe_load(SMALL)
    document["all"]["children"][group] = {"hosts": dict.fromkeys(hosts)}
    assert plan(inventory_from(document)).findings == ()
