# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a run is told to write stand where the command was typed, and are no change of the site."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, HYBRID
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml_file

pytestmark = pytest.mark.ansible

REPORT = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.import_role:
        name: hybridnet.cluster_edge.edge_verify
        tasks_from: report
      vars:
        __edge_verify_result: {text: all good, format: 1, rows: [], findings: [], failures: 0, msg: ""}
"""
BEGIN = """
    - ansible.builtin.import_role:
        name: hybridnet.cluster_edge.edge_verify
        tasks_from: begin
"""
KEPT = "Plan | Keep the planned addresses"
"""What is written there belongs to the inventory."""


def test_the_plan_is_written_where_the_command_was_typed(tmp_path: Path) -> None:
    run_playbook("plan.yml", HYBRID, "edge_plan_file=today.json", folder=tmp_path).check(0)
    assert json.loads((tmp_path / "today.json").read_text())["site"] == "hybrid"
    assert (tmp_path / "today.json").stat().st_mode & 0o777 == 0o600  # Helm values may be secrets
    run = run_playbook("plan.yml", HYBRID, "edge_plan_before=today.json", folder=tmp_path)
    run.check(0)
    assert "(none)" in run.output


def test_a_plan_of_before_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    """ansible-core adds the text of an error's cause."""
    run = run_playbook("plan.yml", HYBRID, "edge_plan_before=nope.json", folder=tmp_path)
    assert run.output.count("edge_plan_before: nope.json cannot be read: No such file or directory") == 1
    assert run.output.count("No such file") == 1


@pytest.mark.long
def test_files_are_rendered_where_the_command_was_typed(tmp_path: Path) -> None:
    run_playbook("render.yml", HYBRID, "edge_render_dir=out", folder=tmp_path).check(0)
    assert (tmp_path / "out/udm-pro/frr.conf").is_file()


@pytest.mark.each_core
def test_the_result_of_verify_is_written_where_the_command_was_typed(tmp_path: Path) -> None:
    (tmp_path / "plays").mkdir()
    playbook = tmp_path / "plays" / "report.yml"
    playbook.write_text(REPORT)
    run_playbook(str(playbook), HYBRID, "edge_verify_file=result.json", folder=tmp_path).check(0)
    assert json.loads((tmp_path / "result.json").read_text()) == {"format": 1, "rows": [], "findings": []}


@pytest.mark.each_core
def test_a_report_is_no_change(tmp_path: Path) -> None:
    """Each run writes when it looked, and a first run nothing but reports: a gate counts what the site was changed in."""
    playbook = tmp_path / "report.yml"
    playbook.write_text(REPORT.replace("  tasks:", f"  tasks:{BEGIN.rstrip()}"))
    for _run in ("first", "second"):
        run = run_playbook(str(playbook), HYBRID, "edge_verify_file=result.json", folder=tmp_path)
        run.check(0)
        assert "changed=0" in run.output
        assert json.loads((tmp_path / "result.json").read_text()) == {"format": 1, "rows": [], "findings": []}


def test_what_is_written_of_a_plan_is_no_change(tmp_path: Path) -> None:
    run_playbook("plan.yml", HYBRID, "edge_plan_file=before.json", folder=tmp_path).check(0)
    asked = ("edge_plan_before=before.json", "edge_plan_changes_file=changes.md", "edge_plan_file=after.json")
    run = run_playbook("plan.yml", HYBRID, *asked, folder=tmp_path)
    run.check(0)
    assert "changed=0" in run.output
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["after.json", "before.json", "changes.md"]


def test_a_preview_writes_its_reports_too(tmp_path: Path) -> None:
    """A job of type check would leave those of the job before, and the next step would compare with them."""
    run_playbook("plan.yml", HYBRID, "edge_plan_file=before.json", folder=tmp_path).check(0)
    (tmp_path / "after.json").write_text("of the job before\n")
    asked = ("edge_plan_before=before.json", "edge_plan_changes_file=changes.json", "edge_plan_file=after.json")
    run_playbook("plan.yml", HYBRID, *asked, options=("--check",), folder=tmp_path).check(0)
    assert (tmp_path / "after.json").read_text() == (tmp_path / "before.json").read_text()
    assert json.loads((tmp_path / "changes.json").read_text())["changes"] == []


def test_no_report_of_a_role_counts_as_a_change_or_lacks_in_a_preview() -> None:
    written = [
        task
        for file in sorted(CHECKOUT.glob("roles/*/tasks/*.yml"))
        for task in read_yaml_file(file)
        if "ansible.builtin.copy" in task and task.get("delegate_to") == "localhost"
    ]
    assert KEPT in [task["name"] for task in written]
    assert [task["name"] for task in written if task.get("changed_when") is not False] == [KEPT]
    assert [task["name"] for task in written if task.get("check_mode") is not False] == [KEPT]
