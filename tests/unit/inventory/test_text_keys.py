# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that YAML takes for two and that are one as text: neither entry may be lost in silence."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.report import Report
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.layers import merge_layers
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.types import (
    INVALID,
    Anything,
    MapOf,
    Text,
    Tree,
    ValueType,
)

TWICE = "has the key 1 twice: as a number and as text (keep one of the two)"
MAP = MapOf(Text(), Anything())


@pytest.mark.parametrize(
    ("kind", "value", "path"),
    [
        pytest.param(MAP, {1: "a", "1": "b"}, "x", id="map"),
        pytest.param(MAP, {"1": "b", 1: "a"}, "x", id="map, text first"),
        pytest.param(MapOf(Text(), MAP), {"y": {1: "a", "1": "a"}}, "x.y", id="map in a map, both alike"),
        pytest.param(Tree(), {1: "a", "1": "b"}, "x", id="tree"),
        pytest.param(Tree(), {"y": [{"z": {"1": {}, 1: {}}}]}, "x.y[0].z", id="deep in a tree"),
    ],
)
def test_a_key_as_number_and_as_text_is_reported(kind: ValueType, value: Any, path: str) -> None:
    report = Report()
    assert kind.parse(value, "x", report) is INVALID
    assert [f"{finding.code} {finding.text}" for finding in report.findings] == [f"EDGE106 {path}: {TWICE}"]


@pytest.mark.parametrize("kind", [MAP, Tree()], ids=["map", "tree"])
def test_keys_that_are_two_as_text_stay_two(kind: ValueType) -> None:
    report = Report()
    assert kind.parse({1: "a", "01": "b", "2": "c"}, "x", report) == {"1": "a", "01": "b", "2": "c"}
    assert report.findings == []


@pytest.mark.parametrize(
    ("base", "variables", "findings"),
    [
        pytest.param(
            "edge_pools", {"edge_pools": {1: {}, "1": {}}}, [f"EDGE106 home.edge_pools: {TWICE}"], id="one map"
        ),
        pytest.param(
            "edge_cilium_values",
            {"edge_cilium_values": {1: {"a": 1}, "1": {"b": 1}}},
            [f"EDGE106 home.edge_cilium_values: {TWICE}"],
            id="one map of values",
        ),
        pytest.param(
            "edge_pools",
            {"edge_pools__twin": {1: {}, "1": {}}},
            [f"EDGE106 home.edge_pools__twin: {TWICE}"],
            id="the layer that may override",
        ),
        pytest.param(
            "edge_pools",
            {"edge_pools": {1: {}}, "edge_pools__more": {"1": {}}},
            ["EDGE107 home.edge_pools__more.1: stands in edge_pools too (keep it in one layer)"],
            id="two layers",
        ),
    ],
)
def test_layers_tell_one_map_from_two(base: str, variables: dict[str, Any], findings: list[str]) -> None:
    report = Report()
    _entries, complete = merge_layers(variables, base, "home.", report)
    assert [f"{finding.code} {finding.text}" for finding in report.findings] == findings
    assert complete == findings[0].startswith("EDGE107")
