# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin edge_verify: what it takes from the hosts of a play, and when it asks for another look."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.hybridnet.cluster_edge.plugins.action import edge_verify
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


def run(
    variables: dict[str, Any], monkeypatch: pytest.MonkeyPatch, now: float = 1000.0, **options: Any
) -> dict[str, Any]:
    """Run the plugin at one moment of its clock; ``waited`` is how long it waited."""
    waited: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: now, sleep=waited.append)
    monkeypatch.setattr(edge_verify, "time", clock)
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
    return {**plugin.run(task_vars=variables), "waited": sum(waited)}


def test_site_in_good_order_needs_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(good_play(), monkeypatch)
    assert {key: result[key] for key in ("changed", "again", "failures", "looks", "waited", "msg", "findings")} == {
        "changed": False,
        "again": False,
        "failures": 0,
        "looks": 1,
        "waited": 0,
        "msg": "27 of 27 expectations met after 0 s (1 look)",
        "findings": [],
    }
    assert result["text"].splitlines()[-1] == result["msg"]
    assert result["format"] == 1


@pytest.mark.parametrize(
    ("now", "options", "again"),
    [
        (1000.0, {}, True),
        (1112.0, {"started": 1000.0, "looks": 30}, True),
        (1114.0, {"started": 1000.0, "looks": 30}, False),
        (1000.0, {"timeout": 0}, False),
        (1000.0, {"timeout": 5.0, "interval": 5.0}, True),
    ],
    ids=[
        "first look",
        "before the plan's limit",
        "no time for another interval",
        "one look only",
        "limits of one's own",
    ],
)
def test_another_look(now: float, options: dict[str, Any], again: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = good_play()
    variables["hostvars"]["udm-pro"]["frr"] = {"unreachable": True, "msg": "Failed to connect:\n  timed out"}
    result = run(variables, monkeypatch, now, **options)
    assert result["again"] is again
    assert result["waited"] == (options.get("interval", 2.0) if again else 0)
    assert result["started"] == 1000.0
    assert result["looks"] == options.get("looks", 0) + 1
    assert [(f["code"], f["problem"]) for f in result["findings"]] == [
        ("EDGE801", "cannot be read: Failed to connect: timed out")
    ]
    assert [sorted(f) for f in result["findings"]] == [
        ["accepted", "code", "hint", "page", "path", "problem", "severity"],
    ]


def test_what_waiting_cannot_mend_needs_no_other_look(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = good_play()
    variables["hostvars"]["platform"]["cilium"]["resources"]["CiliumBGPAdvertisement"].pop()
    result = run(variables, monkeypatch)
    assert (result["failures"], result["again"]) == (1, False)


def test_module_that_failed_is_an_observation(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = good_play()
    variables["hostvars"]["platform"]["cilium"] = {"failed": True, "msg": "out of reach"}
    assert [f["code"] for f in run(variables, monkeypatch)["findings"]] == ["EDGE802"]


def test_hosts_outside_the_play_are_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = good_play()
    variables["ansible_play_hosts_all"].remove("udm-pro")
    result = run(variables, monkeypatch)
    assert result["failures"] == 0
    assert not [row for row in result["rows"] if row["step"] == "router_session"]


def test_nothing_to_verify_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AnsibleActionFail, match="nothing can be verified"):
        run(play(), monkeypatch)


@pytest.mark.ansible
def test_the_role_writes_its_result_as_json(tmp_path: Path) -> None:
    written = tmp_path / "verified.json"
    result = {"format": 1, "rows": [], "findings": [{"code": "EDGE861"}], "text": "a table", "failures": 0}
    variables = {"edge_verify_file": str(written), "__edge_verify_result": result}
    tasks = {"name": "Report", "ansible.builtin.include_role": {"name": ROLE, "tasks_from": "report"}}
    play = {"name": "Report", "hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": [tasks]}
    playbook = tmp_path / "report.yml"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    run_playbook(str(playbook), Path("localhost,")).check(0)
    assert json.loads(written.read_text(encoding="utf-8")) == {
        "format": 1,
        "rows": [],
        "findings": [{"code": "EDGE861"}],
    }
