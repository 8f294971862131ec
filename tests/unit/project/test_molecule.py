# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule's scenarios: what they assert fails where it must, on made-up results; and they begin with nothing."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.table import LIVE_CODES
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.minimal import PROCPS, path_without
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml_file

MOLECULE = CHECKOUT / "molecule"
SITES = read_yaml_file(MOLECULE / "sites" / "vars" / "sites.yml")["sites"]
Case = tuple[str, bool, Mapping[str, Any]]
"""A name, whether the task passes, and the variables that it sees."""
JUDGED = "ansible_failed_result | to_json is search('evaluated_to')"
"""True of an assertion that is false, not of one that cannot be evaluated."""


@pytest.mark.parametrize("path", sorted(MOLECULE.glob("*/molecule.yml")), ids=lambda path: path.parent.name)
def test_a_scenario_begins_with_what_it_ends_with(path: Path) -> None:
    """A run that was killed leaves a twin, and molecule skips then what it has noted as done: the next was no first run."""
    sequence = read_yaml_file(path)["scenario"]["test_sequence"]
    assert sequence[0] == sequence[-1]
    assert sequence[0] == ("destroy" if (path.parent / "destroy.yml").exists() else "cleanup")


def test_a_full_run_takes_a_part_of_a_site_out_twice() -> None:
    twice = [site["name"] for site in SITES if site.get("removed_twice")]
    assert [name for name in twice if not next(site for site in SITES if site["name"] == name).get("removed")] == []
    assert [site["name"] for site in SITES if "long" not in site and site["name"] in twice] != []


def tasks_in(content: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the tasks of a playbook, or of a file of tasks."""
    for item in content:
        if "hosts" in item:
            yield from item["tasks"]
        elif "ansible.builtin.import_playbook" not in item:
            yield item


def verified(state: str, *codes: str, **site: Any) -> dict[str, Any]:
    """Return the variables of a site whose verify ended in ``state`` with these warnings."""
    findings = [{"code": code, "severity": "warning"} for code in codes]
    return {"site": {"name": "a", **site}, "document": {"state": state, "findings": findings}}


def removals(*changed: int, **site: Any) -> dict[str, Any]:
    """Return the variables of a site out of which a part was taken, with what each run has changed."""
    return {
        "site": {"name": "a", "removed": ["n"], **site},
        "removals": {"results": [{"stdout": f"ok=9 changed={number}"} for number in changed]},
    }


def asking(*ended: Any) -> dict[str, Any]:
    """Return the variables of clients that have ended or not."""
    return {"asking": {"results": [{"finished": each, "item": {"item": "http://a/"}} for each in ended]}}


def answers(*lines: str) -> dict[str, Any]:
    """Return the variables of a client that was answered so."""
    return {"answers": {"results": [{"stdout_lines": lines, "item": {"item": "http://a/"}}]}}


def store(revisions: Mapping[str, int]) -> dict[str, str]:
    """Return what etcd answers: each key below ``/registry`` with its revision."""
    kvs = [
        {"key": base64.b64encode(f"/registry/{name}".encode()).decode(), "mod_revision": str(revision), "version": "1"}
        for name, revision in revisions.items()
    ]
    return {"stdout": json.dumps({"header": {"revision": "99"}, "kvs": kvs, "count": str(len(kvs))})}


def stores(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, Any]:
    """Return the variables of a cluster that held one thing before the question, and another after it."""
    return {"store_before": store(before), "store_after": store(after)}


def router(*after: str) -> dict[str, Any]:
    """Return the variables of a router that said :data:`ROUTER` before the question, and something else after it."""
    return {"router_before": {"stdout_lines": ROUTER}, "router_after": {"stdout_lines": after}}


KNOWN = {"findings": ["EDGE859"]}
TWICE = {"removed_twice": True}
HELD = {"minions/node01": 5, "leases/kube-system/a": 6, "configmaps/default/a": 7}
ROUTER = ("router bgp 65000", "/etc/frr/frr.conf -rw-r----- frr frr 90 2026-01-01+10:00:00")
OF_EACH_HUNDRED = sorted({code[:-2]: code for code in LIVE_CODES}.values())
"""One code of verify of each hundred."""
CASES: dict[tuple[str, str], list[Case]] = {
    # Those from 900 on were looked for in no case: only their errors ended the run, not their warnings.
    ("sites/tasks/one.yml", "Verify found nothing in a site in good order but what it must"): [
        ("nothing", True, verified("met")),
        ("what it must", True, verified("met", "EDGE859", "EDGE859", **KNOWN)),
        ("not what it must", False, verified("met", **KNOWN)),
        ("something else too", False, verified("met", "EDGE859", "EDGE908", **KNOWN)),
        ("it did not look", False, verified("unknown")),
        *((code, False, verified("met", code)) for code in OF_EACH_HUNDRED),
    ],
    # Where it was taken out once, there was no second time to look at.
    ("sites/tasks/one.yml", "Taking it out changed something, and nothing the second time"): [
        ("once", True, removals(3)),
        ("once, and nothing changed", False, removals(0)),
        ("twice", True, removals(3, 0, **TWICE)),
        ("twice, and changed again", False, removals(3, 1, **TWICE)),
        ("twice, but there was one run", False, removals(3, **TWICE)),
    ],
    # They had asked for a minute, and the routes could go later.
    ("default/fault.yml", "They asked before, during and after the withdrawal"): [
        ("both ask", True, asking(False, False)),
        ("both ask, told by numbers", True, asking(0, 0)),
        ("one has ended", False, asking(False, True)),
        ("both have ended", False, asking(1, 1)),
    ],
    ("default/fault.yml", "Every request was answered"): [
        ("all answered", True, answers(*["200"] * 300)),
        ("one lost", False, answers(*["200"] * 150, "000", *["200"] * 150)),
        ("another answer", False, answers(*["200"] * 150, "503")),
        ("no request", False, answers()),
    ],
    # That it changes nothing was said, and two texts of its output were looked for.
    ("default/prepare.yml", "It has made, changed and removed nothing in the cluster"): [
        ("nothing written", True, stores(HELD, HELD)),
        ("a lease of the API server", True, stores(HELD, {**HELD, "leases/kube-system/a": 9, "events/a/b": 10})),
        ("a Helm release", False, stores(HELD, {**HELD, "secrets/kube-system/sh.helm.release.v1.cilium.v1": 8})),
        ("labels of a node", False, stores(HELD, {**HELD, "minions/node01": 8})),
        ("an object removed", False, stores(HELD, {"minions/node01": 5, "leases/kube-system/a": 6})),
        ("not this cluster", False, stores({"leases/kube-system/a": 6}, {"leases/kube-system/a": 6})),
    ],
    ("default/prepare.yml", "It has changed nothing on the router"): [
        ("router as it was", True, router(*ROUTER)),
        ("what runs", False, router(ROUTER[0], " neighbor 10.0.0.1 remote-as 65001", ROUTER[1])),
        ("a file", False, router(ROUTER[0], ROUTER[1].replace("10:00:00", "10:07:00"))),
    ],
}
"""File and name of a task that asserts something -> what it is asked."""


def refused_in(folder: Path) -> list[str]:
    """Return the names of the cases that do not pass, all of them in one run, which costs seconds."""
    blocks = []
    for (file, name), cases in CASES.items():
        (task,) = [task for task in tasks_in(read_yaml_file(MOLECULE / file)) if task["name"] == name]
        for number, (case, _passes, variables) in enumerate(cases):
            twins = folder / f"{number}"
            twins.mkdir(exist_ok=True)
            if "document" in variables:
                (twins / "a-verify.json").write_text(json.dumps(variables["document"]), "utf-8")
            told = {"name": f"({case}) did not pass", "ansible.builtin.assert": {"that": JUDGED, "quiet": True}}
            given = {"twins": str(twins), **variables, **task.get("vars", {})}
            blocks.append({"name": case, "block": [{**task, "vars": given}], "rescue": [told]})
    playbook = folder / "playbook.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": blocks}]), "utf-8")
    run = run_playbook(str(playbook), Path("localhost,"))
    run.check(0)
    return re.findall(r"^TASK \[\((.*)\) did not pass\]", run.output, re.MULTILINE)


@pytest.mark.ansible
@pytest.mark.parametrize("left", [False, True], ids=["nothing", "a process"])
def test_what_the_twin_left_is_found_before_anything_is_installed(
    left: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scenario begins with its ``destroy``: on a minimal Debian, without what the twin installs later."""
    monkeypatch.setenv("PATH", path_without(tmp_path / "programs", *PROCPS))
    (tmp_path / "twins").mkdir()
    name = f"left-{os.getpid()}"
    variables = {"edge_twin_name": name, "edge_twin_folder": str(tmp_path / "twins" / "a")}
    play = {**read_yaml_file(MOLECULE / "default" / "destroy.yml")[1], "vars": {"twin": f"twin-{name}", **variables}}
    (tmp_path / "playbook.yml").write_text(json.dumps([play]), "utf-8")
    with contextlib.ExitStack() as stack:
        if left:
            process = stack.enter_context(
                subprocess.Popen([f"twin-{name}.agent", "60"], executable=shutil.which("sleep"))
            )
            stack.callback(process.kill)
        run = run_playbook(str(tmp_path / "playbook.yml"), Path("a,"))
    run.check(2 if left else 0)
    assert (f"Left:  twin-{name}.agent 60" in run.output) == left


@pytest.mark.ansible
def test_what_the_scenarios_assert(tmp_path: Path) -> None:
    expected = [case for cases in CASES.values() for case, passes, _variables in cases if not passes]
    assert refused_in(tmp_path) == expected
