# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin edge_verify: what it takes from the hosts of a play, how often it looks, what it shows meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.hybridnet.cluster_edge.plugins.action import edge_verify
from ansible_collections.hybridnet.cluster_edge.tests.support.heard import heard
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import hybrid_observed
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook

PLAN: dict[str, Any] = hybrid_plan().data
ROLE = "hybridnet.cluster_edge.edge_verify"
NAMES = {"routers_in": "frr", "clusters_in": "cilium"}


def play(**results: dict[str, Any]) -> dict[str, Any]:
    """Return the variables of a play whose hosts registered ``results``; names with ``_`` for ``-``."""
    hosts = {name.replace("_", "-"): result for name, result in results.items()}
    return {"hostvars": hosts, "ansible_play_hosts_all": list(hosts)}


def good_play() -> dict[str, Any]:
    observed = hybrid_observed(PLAN)
    return play(
        udm_pro={"frr": {"frr": observed["routers"]["udm-pro"]}, "cilium": {"skipped": True}},
        platform={"frr": {"skipped": True}, "cilium": observed["clusters"]["platform"]},
    )


class Ends:
    """The ends over time, with a clock: each interval that the plugin waits brings the next state of them."""

    def __init__(self, *states: Any) -> None:
        self.states = list(states)
        self.variables: dict[str, Any] = {"hostvars": {}}
        self.waited: list[float] = []
        self.shown: list[str] = []

    def read(self) -> None:
        """Let the hosts register what they show now; the last state stays."""
        self.variables.update(self.states.pop(0) if len(self.states) > 1 else self.states[0])

    def monotonic(self) -> float:
        """Return seconds of a clock on which only waiting takes time."""
        return 1000.0 + sum(self.waited)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.waited.append(seconds)


def run(ends: Ends, monkeypatch: pytest.MonkeyPatch, **options: Any) -> dict[str, Any]:
    """Run the plugin on ends; without ``tasks`` it takes what is registered at first."""
    monkeypatch.setattr(edge_verify, "time", ends)
    monkeypatch.setattr(edge_verify, "show", ends.shown.append)
    monkeypatch.setattr(edge_verify.ActionModule, "_reader", lambda _self, _path, _plan, _variables: ends.read)
    if "tasks" not in options:
        ends.read()
    task = SimpleNamespace(
        args={"plan": PLAN, **NAMES, **options}, async_val=0, check_mode=False, diff=False, environment=None
    )
    plugin = edge_verify.ActionModule(
        task=task,
        connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir="")),
        play_context=None,
        loader=None,
        templar=None,
        shared_loader_obj=None,
    )
    return plugin.run(task_vars=ends.variables)


def without_router() -> dict[str, Any]:
    """Return a play whose router cannot be reached."""
    variables = good_play()
    variables["hostvars"]["udm-pro"]["frr"] = {
        "unreachable": True,
        "msg": "Task failed: Failed to connect:\n  timed out",
    }
    return variables


AWAY = "router udm-pro cannot be read: Failed to connect: timed out"


def test_site_in_good_order_needs_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = Ends(good_play())
    result = run(ends, monkeypatch, tasks="look.yml")
    assert {key: result[key] for key in ("changed", "failures", "looks", "msg", "findings")} == {
        "changed": False,
        "failures": 0,
        "looks": 1,
        "msg": "29 of 29 expectations met after 0 s (1 look)",
        "findings": [],
    }
    assert result["text"].splitlines()[-1] == result["msg"]
    assert (result["format"], result["state"]) == (1, "met")
    assert (ends.waited, ends.shown) == ([], [])


@pytest.mark.parametrize(
    ("options", "looks"),
    [
        ({}, 58),
        ({"timeout": 0}, 1),
        ({"timeout": 5.0, "interval": 5.0}, 2),
        ({"timeout": 5.0, "interval": 6.0}, 1),
    ],
    ids=["the plan's limit", "one look only", "limits of one's own", "no time for another interval"],
)
def test_an_end_that_stays_away(options: dict[str, Any], looks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = Ends(without_router())
    result = run(ends, monkeypatch, tasks="look.yml", **options)
    assert (result["looks"], len(ends.waited)) == (looks, looks - 1)
    assert [(f["code"], f["problem"]) for f in result["findings"]] == [
        ("EDGE801", "cannot be read: Failed to connect: timed out")
    ]
    assert [sorted(f) for f in result["findings"]] == [
        ["accepted", "code", "hint", "page", "path", "problem", "severity"],
    ]
    told = [line for line in ends.shown if line.strip() == AWAY]
    assert len(told) == (looks > 1), "an end that is away is told once"


def test_an_end_that_comes_back_is_told_before_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = Ends(without_router(), without_router(), good_play())
    result = run(ends, monkeypatch, tasks="look.yml")
    assert (result["failures"], result["msg"]) == (0, "29 of 29 expectations met after 4 s (3 looks)")
    head, away, *later = ends.shown
    assert head.startswith("After 0 s: ")
    assert head.endswith("; looking again for up to 115 s, until it is as planned")
    assert away == f"  {AWAY}"
    assert later == ["After 4 s: 29 of 29 expectations met", "  udm-pro can be read"]


def test_without_tasks_there_is_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = Ends(without_router())
    assert run(ends, monkeypatch)["looks"] == 1
    assert ends.shown == []


def test_what_waiting_cannot_mend_needs_no_other_look(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = good_play()
    variables["hostvars"]["platform"]["cilium"]["resources"]["CiliumBGPAdvertisement"].pop()
    result = run(Ends(variables), monkeypatch, tasks="look.yml")
    assert (result["failures"], result["looks"]) == (1, 1)


def test_module_that_failed_is_an_observation(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = good_play()
    variables["hostvars"]["platform"]["cilium"] = {"failed": True, "msg": "out of reach"}
    assert [f["code"] for f in run(Ends(variables), monkeypatch)["findings"]] == ["EDGE802"]


@pytest.mark.parametrize(
    ("options", "probe", "codes", "seen"),
    [
        pytest.param({}, {"probe": {}}, [], None, id="the task does not know of probes"),
        pytest.param(
            {"probes_in": "probe"}, {"failed": True, "msg": "no ip"}, ["EDGE874"], "could not be asked", id="failed"
        ),
        pytest.param({"probes_in": "probe"}, {"skipped": True}, ["EDGE874"], "could not be asked", id="skipped"),
        pytest.param(
            {"probes_in": "probe", "probe": False},
            {"skipped": True},
            [],
            "announced, not tried (edge_verify_probe: false)",
            id="switched off",
        ),
    ],
)
def test_what_a_router_heard_is_an_observation(
    options: dict[str, Any],
    probe: dict[str, Any],
    codes: list[str],
    seen: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variables = good_play()
    variables["hostvars"]["udm-pro"]["probe"] = probe
    result = run(Ends(variables), monkeypatch, **options)
    assert [finding["code"] for finding in result["findings"]] == codes
    assert [row["seen"] for row in result["rows"] if row["step"] == "asked"] == ([seen] if seen else [])


def test_what_the_router_heard_reaches_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = good_play()
    probes = heard(PLAN, hybrid_observed(PLAN))["udm-pro"]
    variables["hostvars"]["udm-pro"]["probe"] = {"changed": False, "probe": probes}
    assert run(Ends(variables), monkeypatch, probes_in="probe")["msg"] == "35 of 35 expectations met after 0 s (1 look)"
    probes["203.0.113.94"]["ports"][0].update(answered=0, timed_out=8)
    assert run(Ends(variables), monkeypatch, probes_in="probe")["failures"] == 1


@pytest.mark.parametrize(
    ("options", "registered", "codes"),
    [
        pytest.param({"heard_in": "heard"}, {"failed": True, "msg": "is no overlay"}, ["EDGE853"], id="failed"),
        pytest.param({"heard_in": "heard"}, {"skipped": True}, [], id="the real site"),
        pytest.param({"heard_in": "heard", "probe": False}, {"failed": True, "msg": "x"}, [], id="switched off"),
        pytest.param({}, {"failed": True, "msg": "x"}, [], id="the task does not know of clients"),
    ],
)
def test_what_clients_of_a_twin_heard_is_an_observation(
    options: dict[str, Any], registered: dict[str, Any], codes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One task asks for all hosts, so its result stands at whichever host of the play."""
    variables = good_play()
    variables["hostvars"]["platform"]["heard"] = registered
    result = run(Ends(variables), monkeypatch, **options)
    assert [finding["code"] for finding in result["findings"]] == codes
    assert [row["seen"] for row in result["rows"] if row["step"] == "client"] == ["could not ask"] * len(codes)


@pytest.mark.parametrize("overlay", [{}, {"edge_twin_overlay": "/twins/hybrid/overlay.yml"}], ids=["real", "twin"])
def test_whether_the_run_is_a_rehearsal_is_an_observation(overlay: dict[str, str]) -> None:
    options = {"routers_in": "frr", "clusters_in": "cilium", "probes_in": None, "probe": True}
    observed = edge_verify.read_observed(PLAN, {**good_play(), **overlay}, options)
    assert observed.get("twin", False) == bool(overlay)


def test_hosts_outside_the_play_are_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = good_play()
    variables["ansible_play_hosts_all"].remove("udm-pro")
    result = run(Ends(variables), monkeypatch)
    assert result["failures"] == 0
    assert not [row for row in result["rows"] if row["step"] == "router_session"]


def test_nothing_to_verify_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AnsibleActionFail, match="nothing can be verified"):
        run(Ends(play()), monkeypatch)


@pytest.mark.each_core
@pytest.mark.ansible
def test_the_role_writes_its_result_as_json(tmp_path: Path) -> None:
    written = tmp_path / "verified.json"
    result = {
        "format": 1,
        "state": "met",
        "looked_at": "2026-11-30T12:00:00+00:00",
        "rows": [],
        "findings": [{"code": "EDGE861"}],
        "text": "a table",
        "failures": 0,
    }
    variables = {"edge_verify_file": str(written), "__edge_verify_result": result}
    tasks = {"name": "Report", "ansible.builtin.include_role": {"name": ROLE, "tasks_from": "report"}}
    play = {"name": "Report", "hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": [tasks]}
    playbook = tmp_path / "report.yml"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    run_playbook(str(playbook), Path("localhost,")).check(0)
    assert json.loads(written.read_text(encoding="utf-8")) == {
        "format": 1,
        "state": "met",
        "looked_at": "2026-11-30T12:00:00+00:00",
        "rows": [],
        "findings": [{"code": "EDGE861"}],
    }
