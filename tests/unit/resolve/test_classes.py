# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes of nodes: the nodes of one set of peerings get one CiliumBGPClusterConfig, by a label of ours if need be."""

from __future__ import annotations

from ansible_collections.hybridnet.cluster_edge.tests.support.planned import (
    CLASS_LABEL,
    good,
    objects,
    peers,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.small_sites import (
    CLASSES,
)


def test_overlapping_selectors_become_classes_with_a_label_of_ours() -> None:
    """A node may match one CiliumBGPClusterConfig only."""
    data = good(CLASSES)
    assert {name: spec["nodeSelector"] for name, spec in objects(data, "CiliumBGPClusterConfig").items()} == {
        "edge": {"matchLabels": {CLASS_LABEL: "edge"}},
        "edge-rack-in-a-b": {"matchLabels": {CLASS_LABEL: "edge-rack-in-a-b"}},
        "rack-in-a-b": {"matchLabels": {CLASS_LABEL: "rack-in-a-b"}},
    }
    assert data["clusters"]["home"]["node_labels"] == {
        "n1": {"edge": "", "rack": "a", CLASS_LABEL: "edge-rack-in-a-b"},
        "n2": {"edge": "", CLASS_LABEL: "edge"},
        "n3": {"rack": "b", CLASS_LABEL: "rack-in-a-b"},
    }
    a, b = ("10.0.1.1", 64700, "a"), ("10.0.2.1", 64700, "b")
    assert peers(data) == {  # one instance for both peerings of one ASN
        ("edge", "as64701"): {"a-gw": a},
        ("edge-rack-in-a-b", "as64701"): {"a-gw": a, "b-gw": b},
        ("rack-in-a-b", "as64701"): {"b-gw": b},
    }


def test_a_selector_that_fits_its_class_exactly_is_used_as_it_is() -> None:
    data = good(
        CLASSES, edge_peerings={"a": {"network": "one", "nodes": "edge"}, "b": {"network": "two", "nodes": "rack=b"}}
    )
    assert {name: spec["nodeSelector"] for name, spec in objects(data, "CiliumBGPClusterConfig").items()} == {
        "edge": {"matchExpressions": [{"key": "edge", "operator": "Exists"}]},
        "rack-b": {"matchLabels": {"rack": "b"}},
    }
    assert CLASS_LABEL not in str(data["clusters"]["home"]["node_labels"])


def test_nodes_outside_every_peering_are_in_no_class() -> None:
    data = good(
        CLASSES,
        edge_peerings={"a": {"network": "one", "nodes": "edge,rack=a"}},
        edge_bgp_passwords={},
        edge_pools={"x": {"addresses": "203.0.113.1"}},
        edge_default_pool="x",
    )
    assert [item["node"] for item in data["sessions"]] == ["n1"]
    assert objects(data, "CiliumBGPClusterConfig")["edge-rack-a"]["nodeSelector"] == {
        "matchLabels": {"rack": "a"},
        "matchExpressions": [{"key": "edge", "operator": "Exists"}],
    }
