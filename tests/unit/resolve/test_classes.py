# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes of nodes: the nodes of one set of peerings get one CiliumBGPClusterConfig, by a label of ours if need be."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import kubelet_labels
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.selectors import selector_of
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import (
    CLASS_LABEL,
    good,
    objects,
    peers,
    told,
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


LEAVING = """
all:
  vars:
    edge_networks: {{lan: {{cidr: 10.0.1.0/24, interfaces: eth0{l2_nodes}}}}}
    edge_peerings: {{k8s: {{{nodes}}}}}
    edge_pools: {{lb: {{addresses: 203.0.113.0/28, bgp: k8s}}, near: {{addresses: 10.0.1.128/28, l2: lan}}}}
    edge_default_pool: lb
  children:
    edge_routers: {{hosts: {{gw: {{ansible_host: 10.0.1.1, edge_router_asn: 64700}}}}}}
    edge_clusters: {{hosts: {{home: {{edge_cluster_asn: 64701, edge_cilium_version: "1.20.2", edge_cluster_pod_cidrs: 10.244.0.0/16}}}}}}
    edge_nodes:
      vars: {{edge_node_labels: {{edge: "true"}}}}
      hosts:
        n1: {{ansible_host: 10.0.1.11}}
        n2: {{ansible_host: 10.0.1.12}}
        n3: {{ansible_host: 10.0.1.13, {state}}}
"""
"""A site one of whose nodes peers with nobody, and lives in the cluster; by what selects nodes."""

STATES = {"drained": "edge_node_drain: true", "absent": "edge_state: absent"}
SELECTORS = {
    "no selector": "",
    "a label": "edge=true",
    "not a label that others have": "!control",
    "a label of each kubelet": "kubernetes.io/os=linux",
    "not a name": "kubernetes.io/hostname!=n9",
}


def _live_labels(data: dict[str, Any], node: str) -> list[dict[str, str]]:
    """Return what a node may have in the cluster: by the plan, and before a run or where others have set them too."""
    planned = {**kubelet_labels(node), **(data["clusters"]["home"]["node_labels"] or {}).get(node, {})}
    return [planned, {**planned, "edge": "true"}]


def _selected(data: dict[str, Any], kind: str) -> set[str]:
    """Return the nodes that an object of a kind may select in the cluster."""
    return {
        node
        for spec in objects(data, kind).values()
        for node in ("n1", "n2", "n3")
        if any(selector_of(spec.get("nodeSelector") or {}).matches(labels) for labels in _live_labels(data, node))
    }


@pytest.mark.parametrize("nodes", SELECTORS.values(), ids=SELECTORS)
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_no_cluster_config_selects_a_node_that_peers_with_nobody(state: str, nodes: str) -> None:
    """A router that nobody reads or manages, or that listens on a range, would take its sessions."""
    data = good(LEAVING.format(state=state, nodes=nodes and f'nodes: "{nodes}"', l2_nodes=""))
    assert _selected(data, "CiliumBGPClusterConfig") == {"n1", "n2"}


@pytest.mark.parametrize("nodes", SELECTORS.values(), ids=SELECTORS)
def test_no_l2_policy_selects_an_absent_node(nodes: str) -> None:
    """It could take a lease that no plan gives it. A drained node leaves peerings alone."""
    data = good(LEAVING.format(state=STATES["absent"], nodes="", l2_nodes=nodes and f', l2_nodes: "{nodes}"'))
    assert _selected(data, "CiliumL2AnnouncementPolicy") == {"n1", "n2"}


def test_an_absent_node_changes_nothing_that_a_drained_one_has_not_changed() -> None:
    """Nodes are taken out in two steps; the second one writes no selector anew."""
    drained, absent = (
        objects(good(LEAVING.format(state=state, nodes="nodes: edge=true", l2_nodes="")), "CiliumBGPClusterConfig")
        for state in STATES.values()
    )
    assert drained == absent


LEFT_OUT = {
    "": "kubernetes.io/hostname notin (n3)",
    "edge=true": "edge=true,kubernetes.io/hostname notin (n3)",
    "!control": "!control,kubernetes.io/hostname notin (n3)",
    "kubernetes.io/os=linux": "kubernetes.io/os=linux,kubernetes.io/hostname notin (n3)",
    "kubernetes.io/hostname!=n9": "kubernetes.io/hostname!=n9,kubernetes.io/hostname notin (n3)",
}
"""A peering's selector -> the one that leaves the third node out."""


@pytest.mark.parametrize("nodes", LEFT_OUT, ids=SELECTORS)
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_node_that_no_selector_leaves_out_is_an_error_where_labels_are_not_ours(state: str, nodes: str) -> None:
    text = LEAVING.format(state=state, nodes=nodes and f'nodes: "{nodes}"', l2_nodes="")
    gone = ", or delete the host where its Node has left the cluster" if state == STATES["absent"] else ""
    assert told(text, edge_cluster_manage_labels=False) == [
        "EDGE318 home.edge_cluster_manage_labels: is false, and no selector of edge_peerings.k8s selects exactly n1, n2"
        f" (drained or absent: n3): only a label could (write edge_peerings.k8s.nodes: '{LEFT_OUT[nodes]}'{gone}, or"
        " let labels be written)"
    ]


@pytest.mark.parametrize("nodes", LEFT_OUT, ids=SELECTORS)
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_each_way_out_of_it_works(state: str, nodes: str) -> None:
    text = LEAVING.format(state=state, nodes=f'nodes: "{LEFT_OUT[nodes]}"', l2_nodes="")
    assert told(text, edge_cluster_manage_labels=False) == []
    text = LEAVING.format(state="", nodes=nodes and f'nodes: "{nodes}"', l2_nodes="")
    deleted = "\n".join(line for line in text.splitlines() if "n3:" not in line)
    assert told(deleted, edge_cluster_manage_labels=False) == []


def test_a_node_that_leaves_is_no_reason_where_others_are_in_the_way_too() -> None:
    """Neither way out would help: of the nodes with ``edge`` the first one is in another class."""
    text = CLASSES.replace("n1: {", "n0: {edge_state: absent, edge_node_labels: {edge: ''}}\n        n1: {")
    found = [item for item in told(text, edge_cluster_manage_labels=False) if "selects exactly n2" in item]
    assert found == [
        "EDGE318 home.edge_cluster_manage_labels: is false, and no selector of edge_peerings.a selects exactly n2: only a"
        " label could (let edge_peerings.a.nodes select exactly these nodes, or let labels be written)"
    ]


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_selector_that_leaves_a_node_out_is_used_as_it_is(state: str) -> None:
    nodes = 'nodes: "kubernetes.io/hostname in (n1,n2)"'
    data = good(LEAVING.format(state=state, nodes=nodes, l2_nodes=""), edge_cluster_manage_labels=False)
    assert _selected(data, "CiliumBGPClusterConfig") == {"n1", "n2"}
    assert CLASS_LABEL not in str(objects(data, "CiliumBGPClusterConfig"))


def test_an_absent_node_is_not_selected_once_the_label_is_gone_that_left_it_out() -> None:
    """Its own label kept it out of the peering and of L2; ours go from an absent node."""
    text = LEAVING.format(
        state='edge_state: absent, edge_node_labels: {control: ""}',
        nodes='nodes: "!control"',
        l2_nodes=', l2_nodes: "!control"',
    )
    data = good(text)
    for kind in ("CiliumBGPClusterConfig", "CiliumL2AnnouncementPolicy"):
        assert _selected(data, kind) == {"n1", "n2"}
