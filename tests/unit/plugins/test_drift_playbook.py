# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/drift.yml where no end can be looked at; molecule's scenario default looks at live ones."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
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


def verify_file(folder: Path) -> tuple[Path, str]:
    """Return what an earlier verify wrote, which met all, and the option that names it."""
    file = folder / "verify.json"
    file.write_text(json.dumps({"format": 1, "state": "met", "rows": [], "findings": []}), "utf-8")
    return file, f"edge_verify_file={file}"


def test_verify_s_file_says_what_drift_found(tmp_path: Path, api: ApiServer) -> None:
    file, option = verify_file(tmp_path)
    run = run_playbook("drift.yml", inventory(tmp_path, api, edge=unreachable()), ONCE, option)
    run.check(1)
    found = json.loads(file.read_text("utf-8"))
    assert (found["state"], [item["code"] for item in found["findings"]]) == ("not_met", ["EDGE801", "EDGE802"])


def test_verify_s_file_says_that_nobody_knows_where_there_is_no_plan(tmp_path: Path, api: ApiServer) -> None:
    file, option = verify_file(tmp_path)
    site = inventory(tmp_path, api, edge={**unreachable(), "edge_router_asn": "many"})
    run_playbook("drift.yml", site, ONCE, option).check(1)
    assert json.loads(file.read_text("utf-8"))["state"] == "unknown"


def test_a_run_that_is_killed_leaves_unknown(tmp_path: Path, api: ApiServer) -> None:
    """It is killed while it plans, where it cannot say a word any more."""
    report, metrics, files = old_files(tmp_path)
    before = metrics.read_text("utf-8")
    verified, option = verify_file(tmp_path)
    plans = tmp_path / "plans"
    asn = "{{ lookup('ansible.builtin.pipe', 'touch PLANS; sleep 30') }}".replace("PLANS", str(plans))
    site = inventory(tmp_path, api, edge={**unreachable(), "edge_router_asn": asn})
    with ThreadPoolExecutor() as pool:
        killed = pool.submit(run_playbook, "drift.yml", site, option, *files, environment={"DRIFT": str(tmp_path)})
        wait_for(plans)
        kill_by_environment(f"DRIFT={tmp_path}")
        assert killed.result().status < 0
    assert [json.loads(file.read_text("utf-8"))["state"] for file in (report, verified)] == ["unknown"] * 2
    assert metrics.read_text("utf-8") == before


def wait_for(file: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not file.exists():
        assert time.monotonic() < end, f"no {file}"
        time.sleep(0.05)


def kill_by_environment(entry: str) -> None:
    """Kill the processes that have an entry in their environment."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if entry.encode() in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)


def test_a_file_of_verify_that_cannot_be_written_is_no_answer(tmp_path: Path, api: ApiServer) -> None:
    away = tmp_path / "not-there" / "verify.json"
    run = run_playbook("drift.yml", inventory(tmp_path, api, edge=unreachable()), ONCE, f"edge_verify_file={away}")
    run.check(1)
    assert "could not look: a file cannot be written (the reason stands above)" in " ".join(run.output.split())
    assert api.asked == []


FOUND = json.dumps({"__edge_drift_router": {"end": "router", "host": "edge", "rows": [], "notes": []}})
UNIFI = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "edge_router_platform": "unifi"}
NOT_THERE = "persistence: what brings frr.conf back after a firmware upgrade is not there as planned"
LEFT = "persistence: what brings frr.conf back after a firmware upgrade is there, and is not planned"


def tasks_of(role: str, file: str) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = yaml.safe_load((CHECKOUT / "roles" / role / "tasks" / file).read_text("utf-8"))
    return tasks


def holds(templar: Templar, conditions: list[str]) -> bool:
    return all(filled(templar, "{{ " + condition + " }}") for condition in conditions)


def filled(templar: Templar, text: str) -> Any:
    return templar.template(trust_as_template(text))


@pytest.mark.parametrize(
    ("platform", "owner", "persist", "absent"),
    list(itertools.product(["linux", "unifi"], ["file", "controller", "none"], [True, False], [True, False])),
)
def test_drift_asks_for_what_the_role_would_leave(platform: str, owner: str, persist: bool, absent: bool) -> None:
    """The same question with the same state as the last stage of a run, on each router that a run asks it on."""
    (drift,) = (task for task in tasks_of("edge", "drift.yml") if "hybridnet.cluster_edge.frr_persist" in task)
    (role,) = tasks_of("udm_frr", "persist.yml")
    (included,) = (task for task in tasks_of("udm_frr", "main.yml") if "persist.yml" in str(task.values()))
    planned = {"platform": platform, "bgp_owner": owner, "absent": absent, "managed": True}
    planned["persist"] = persist and owner == "file" and not absent  # else EDGE121; tests/unit/plan/test_persist.py
    given = {
        "udm_frr_platform": platform,
        "udm_frr_owner": owner,
        "udm_frr_persist": planned["persist"],
        "udm_frr_state": "absent" if absent else "present",
        "udm_frr_stage": "contract",
        "__udm_frr_result": {"version": "10.1"},
        "inventory_hostname": "edge",
        "edge_plan": {"routers": {"edge": planned}},
        "__edge_drift_router": {},
    }
    kept = yaml.safe_load((CHECKOUT / "roles/udm_frr/vars/main.yml").read_text("utf-8"))
    given.update({name: trust_as_template(text) for name, text in kept.items()})
    templar = Templar(DataLoader(), given)
    asked = holds(templar, drift["when"])
    assert asked == holds(templar, [*included["when"], role["when"]])
    if asked:
        states = [filled(templar, task["hybridnet.cluster_edge.frr_persist"]["state"]) for task in (drift, role)]
        assert states == [states[0]] * 2 == ["present" if planned["persist"] else "absent"] * 2


@pytest.mark.first_case
@pytest.mark.parametrize(
    ("persist", "changed", "rows"),
    [
        pytest.param(False, True, [{"state": "only live", "what": LEFT}], id="the key is out, and the hook is there"),
        pytest.param(True, True, [{"state": "only planned", "what": NOT_THERE}], id="planned, and away"),
        pytest.param(True, False, [], id="planned, and there"),
        pytest.param(False, False, [], id="neither"),
    ],
)
def test_a_boot_hook_that_is_not_as_planned_has_drifted(
    persist: bool, changed: bool, rows: list[dict[str, str]], tmp_path: Path, api: ApiServer
) -> None:
    site = inventory(tmp_path, api, edge={**UNIFI, "edge_router_persist": persist})
    hook = json.dumps({"__edge_drift_persist": {"changed": changed}})
    file = tmp_path / "drift.json"
    run = run_playbook("drift.yml", site, ONCE, FOUND, hook, f"edge_drift_file={file}")
    found = {end["host"]: end for end in json.loads(file.read_text("utf-8"))["ends"]}["edge"]
    assert (found["rows"], found["differences"]) == (rows, len(rows)), run.output
