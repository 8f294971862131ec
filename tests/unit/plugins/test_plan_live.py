# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""plan.yml with edge_plan_live: the live clusters' Services count, and a cluster that cannot be read ends the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook
from ansible_collections.hybridnet.cluster_edge.tests.unit.plan.test_live import service
from ansible_collections.hybridnet.cluster_edge.tests.unit.plugins.test_unreachable_router import (
    REACHABLE,
    ApiServer,
    api,
    inventory,
)

__all__ = ["api"]

pytestmark = pytest.mark.ansible

LIVE = "edge_plan_live=true"


def answer(api: ApiServer, *addresses: str) -> None:
    """Let the cluster have one Service with these addresses."""
    item = {**service("default/web", *addresses), "spec": {"type": "LoadBalancer"}}
    api.answers["/api/v1/services"] = {"kind": "ServiceList", "apiVersion": "v1", "items": [item]}


@pytest.mark.parametrize("report", ["summary", "tables"])
def test_live_services_count(report: str, tmp_path: Path, api: ApiServer) -> None:
    answer(api, "10.61.1.0")
    run = run_playbook("plan.yml", inventory(tmp_path, api, edge=REACHABLE), LIVE, f"edge_plan_report={report}")
    run.check(0)
    said = " ".join(run.output.split())
    assert "lb 10.61.1.0/28 BGP k8s 16 ipv4 1 15 ipv4 10.61.1.1" in said
    assert "count the services of this inventory and those that edge-k8s has now" in said
    assert "not in the inventory: default/web 10.61.1.0 (lb)" in said
    assert api.asked == ["GET /api/v1/services"]


@pytest.mark.long
def test_the_plan_as_json_stays_what_the_inventory_says(tmp_path: Path, api: ApiServer) -> None:
    answer(api, "10.61.1.0")
    site = inventory(tmp_path, api, edge=REACHABLE)
    run_playbook("plan.yml", site, f"edge_plan_file={tmp_path / 'a.json'}").check(0)
    assert api.asked == [], "a plan opens no connection"
    run_playbook("plan.yml", site, LIVE, f"edge_plan_file={tmp_path / 'b.json'}").check(0)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["pools"][0]["used"] == []


def test_changes_are_shown_beside_live_counts(tmp_path: Path, api: ApiServer) -> None:
    answer(api, "10.61.1.0")
    site = inventory(tmp_path, api, edge=REACHABLE)
    before = tmp_path / "before.json"
    run_playbook("plan.yml", site, f"edge_plan_file={before}").check(0)
    run = run_playbook("plan.yml", site, LIVE, f"edge_plan_before={before}")
    run.check(0)
    assert "those that edge-k8s has now" in run.output
    assert "Changes since edge_plan_before (0)" in run.output


@pytest.mark.each_core
def test_a_cluster_that_cannot_be_read_ends_the_run(tmp_path: Path, api: ApiServer) -> None:
    run = run_playbook("plan.yml", inventory(tmp_path, api, edge=REACHABLE), LIVE)
    run.check(2)
    assert "item=edge-k8s" in run.output
    assert "refused: 503 Service Unavailable" in run.output
    assert "next free" not in run.output, "numbers that count half of it were shown"


@pytest.mark.long
def test_a_word_that_is_neither_true_nor_false_is_an_error(tmp_path: Path, api: ApiServer) -> None:
    run = run_playbook("plan.yml", inventory(tmp_path, api, edge=REACHABLE), "edge_plan_live=ture")
    run.check(2)
    assert "-e edge_plan_live: " in run.output
