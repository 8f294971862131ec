# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels of nodes that a cluster of others lacks, while it has what selects nodes by them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.ends import (
    cluster_comparison,
    planned_part,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.unlabeled import unlabeled
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from

SITE = """
all:
  vars:
    edge_networks: {lan: {cidr: 192.0.2.0/25}}
    edge_peerings: {k8s: {nodes: rack=a}}
    edge_pools: {lb: {addresses: 192.0.2.128/25}}
  children:
    edge_routers: {hosts: {udm: {ansible_host: 192.0.2.1, edge_router_asn: 64700}}}
    edge_clusters:
      hosts:
        home:
          edge_cluster_asn: 64701
          edge_cilium_version: "1.20.2"
          edge_cluster_apply: others
          edge_cluster_context: at home
    edge_nodes:
      vars: {edge_node_labels: {rack: a}}
      hosts: {k1: {ansible_host: 192.0.2.11}, k2: {ansible_host: 192.0.2.12}, k3: {ansible_host: 192.0.2.13}}
"""
COMMAND = "sh home/node-labels.sh --context 'at home' (playbooks/render.yml writes it)"
CLASS = "cluster-edge.hybridnet/bgp-class"


def planned(drained: bool = False, **cluster: Any) -> Any:
    """Return a plan; with a node that is drained the selector asks for a label that only commands set."""
    document = yaml.safe_load(SITE)
    document["all"]["children"]["edge_nodes"]["hosts"]["k3"]["edge_node_drain"] = drained
    document["all"]["children"]["edge_clusters"]["hosts"]["home"].update(cluster)
    found = plan(inventory_from(document))
    assert found.data is not None, found.findings
    return found.data


BEFORE, AFTER = planned(), planned(drained=True)
RACK = {"rack": "a"}


def live(objects_of: Any, **labels: dict[str, str]) -> dict[str, Any]:
    """Return a cluster with the objects of a plan and these labels of its nodes; the others have their rack alone."""
    cluster = objects_of["clusters"]["home"]
    nodes = {name: {"labels": dict(labels.get(name, RACK)), "owned": []} for name in ("k1", "k2", "k3")}
    return {"objects": deepcopy([*cluster["bgp"], *cluster["lb"]]), "nodes": nodes, "services": []}


@pytest.mark.parametrize(
    ("state", "after", "refused"),
    [
        pytest.param(live(BEFORE), AFTER, False, id="nothing is committed yet"),
        pytest.param(live(AFTER), AFTER, True, id="committed, and no label set"),
        pytest.param(live(AFTER, k1={**RACK, CLASS: "rack-a"}), AFTER, False, id="the label of one node"),
        pytest.param(live(BEFORE, k1={}, k2={}, k3={}), BEFORE, True, id="labels of the inventory"),
        pytest.param(live(AFTER), planned(), False, id="what a commit mends"),
        pytest.param(live(AFTER), planned(drained=True, edge_cluster_apply="ours"), False, id="the run sets them"),
        pytest.param(live(AFTER), planned(drained=True, edge_state="absent"), False, id="a cluster that leaves"),
        pytest.param({**live(AFTER), "nodes": {}}, AFTER, False, id="a copy without nodes"),
        pytest.param({**live(AFTER), "objects": []}, AFTER, False, id="nothing was ever applied"),
    ],
)
def test_what_selects_no_node_for_lack_of_labels_is_an_error(state: dict[str, Any], after: Any, refused: bool) -> None:
    told = [str(error) for error in unlabeled(state, after["clusters"]["home"], "home")]
    assert len(told) is int(refused)
    for text in told:
        assert text.startswith("CiliumBGPClusterConfig ")
        assert ": it selects no node, so none of its sessions is up: planned labels lack at k1, k2" in text
        assert text.endswith(f", and no commit sets them ({COMMAND})")


def test_a_run_over_such_a_cluster_is_refused() -> None:
    """It said what waits in each run, with the exit status 0, while all sessions were down."""
    state = live(AFTER)
    found = cluster_comparison(planned_part(state, AFTER, "home"), AFTER, "home")
    (refusal,) = found.refusals
    assert refusal.startswith("CiliumBGPClusterConfig ")
    assert cluster_comparison(planned_part(live(BEFORE), AFTER, "home"), AFTER, "home").refusals == ()


@pytest.mark.parametrize(
    ("labels", "at_once"),
    [({}, False), ({"k1": {**RACK, CLASS: "other"}}, True)],
    ids=["labels that are new", "a label with another value"],
)
def test_before_a_commit_the_labels_are_set(labels: dict[str, Any], at_once: bool) -> None:
    state = live(BEFORE, **labels)
    notes = [text for text in cluster_comparison(state, AFTER, "home").notes if text.startswith("labels of nodes: ")]
    assert [text[: text.index(". No")] for text in notes] == [f"labels of nodes: before you commit, run {COMMAND}"]
    assert [text.endswith(": commit right after it") for text in notes] == [at_once]
    done = live(BEFORE, **{node: {**RACK, **own} for node, own in AFTER["clusters"]["home"]["node_labels"].items()})
    assert not any("labels of nodes" in text for text in cluster_comparison(done, AFTER, "home").notes)
    ours = planned(drained=True, edge_cluster_apply="ours")
    assert not any("labels of nodes" in text for text in cluster_comparison(state, ours, "home").notes)
