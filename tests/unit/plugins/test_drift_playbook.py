# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/drift.yml where no end can be looked at; molecule's scenario default looks at live ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook
from ansible_collections.hybridnet.cluster_edge.tests.unit.plugins.test_unreachable_router import (
    ApiServer,
    api,
    inventory,
    unreachable,
)

__all__ = ["api"]

pytestmark = pytest.mark.ansible
ONCE = "edge_verify_timeout=0"


def old_files(folder: Path) -> tuple[Path, Path, tuple[str, str]]:
    """Return what an earlier run wrote, which found no drift, and the options that name it."""
    report, metrics = folder / "drift.json", folder / "drift.prom"
    report.write_text(json.dumps({"state": "none"}), "utf-8")
    metrics.write_text('cluster_edge_state{site="edge",state="none"} 1\n', "utf-8")
    return report, metrics, (f"edge_drift_file={report}", f"edge_drift_metrics_file={metrics}")


def check_unknown(report: Path, metrics: Path) -> None:
    found = json.loads(report.read_text("utf-8"))
    assert (found["site"], found["state"], found["ends"]) == ("edge", "unknown", [])
    assert 'cluster_edge_state{site="edge",state="none"} 0' in metrics.read_text("utf-8")
    assert 'cluster_edge_state{site="edge",state="unknown"} 1' in metrics.read_text("utf-8")


def test_ends_that_cannot_be_looked_at_are_no_drift(tmp_path: Path, api: ApiServer) -> None:
    report, metrics = tmp_path / "drift.json", tmp_path / "drift.prom"
    files = f"edge_drift_file={report}", f"edge_drift_metrics_file={metrics}"
    run = run_playbook("drift.yml", inventory(tmp_path, api, edge=unreachable()), ONCE, *files)
    run.check(1)
    said = " ".join(run.output.split())
    assert "could not look: router edge, cluster edge-k8s (the reason stands above)" in said
    for reason in ("router edge: could not be looked at: ", "cluster edge-k8s: could not be looked at: "):
        assert said.count(reason) == 1
    assert "Origin:" not in run.output
    assert "no drift" not in said
    found = json.loads(report.read_text("utf-8"))
    assert found["state"] == "unknown"
    assert [(end["end"], bool(end["error"])) for end in found["ends"]] == [("router", True), ("cluster", True)]
    assert 'cluster_edge_state{site="edge",state="unknown"} 1' in metrics.read_text("utf-8")
    assert [file.name for file in tmp_path.glob("drift.prom*")] == ["drift.prom"]
    assert {asked.partition(" ")[0] for asked in api.asked} == {"GET"}


def test_a_site_without_a_plan_is_no_drift(tmp_path: Path, api: ApiServer) -> None:
    report, metrics, files = old_files(tmp_path)
    site = inventory(tmp_path, api, edge={**unreachable(), "edge_router_asn": "many"})
    run = run_playbook("drift.yml", site, ONCE, *files)
    run.check(1)
    check_unknown(report, metrics)
    assert "could not look: the site cannot be planned" in " ".join(run.output.split())
    assert "Origin:" not in run.output
    assert api.asked == []


@pytest.mark.each_core
def test_a_task_that_fails_is_told_once_with_its_host(tmp_path: Path, api: ApiServer) -> None:
    site = inventory(tmp_path, api, edge=unreachable())
    report, metrics, files = old_files(tmp_path)
    run = run_playbook("drift.yml", site, ONCE, f"edge_cluster_kubeconfig={tmp_path}/none", *files)
    run.check(1)
    check_unknown(report, metrics)
    assert run.output.count(f"{tmp_path}/none cannot be used") == 1
    assert "could not look: edge-k8s (the reason stands above)" in run.output
    assert "Origin:" not in run.output


def test_a_limit_that_leaves_nothing_is_no_answer(tmp_path: Path, api: ApiServer) -> None:
    run = run_playbook(
        "drift.yml", inventory(tmp_path, api, edge=unreachable()), ONCE, options=("--limit", "localhost")
    )
    run.check(1)


@pytest.mark.long
def test_a_metrics_file_that_cannot_be_written_is_no_answer(tmp_path: Path, api: ApiServer) -> None:
    file = tmp_path / "not-there" / "drift.prom"
    run = run_playbook(
        "drift.yml", inventory(tmp_path, api, edge=unreachable()), ONCE, f"edge_drift_metrics_file={file}"
    )
    run.check(1)
    assert f"edge_drift_metrics_file: {file} cannot be written" in " ".join(run.output.split())


def test_a_file_that_cannot_be_written_keeps_the_other_from_being_old(tmp_path: Path, api: ApiServer) -> None:
    """The metrics cannot be written, and the site cannot be planned: the JSON of an earlier run must not stay."""
    report, _metrics, _files = old_files(tmp_path)
    away = tmp_path / "not-there" / "drift.prom"
    site = inventory(tmp_path, api, edge={**unreachable(), "edge_router_asn": "many"})
    run = run_playbook("drift.yml", site, ONCE, f"edge_drift_file={report}", f"edge_drift_metrics_file={away}")
    run.check(1)
    assert json.loads(report.read_text("utf-8"))["state"] == "unknown"
    assert f"edge_drift_metrics_file: {away} cannot be written" in " ".join(run.output.split())
