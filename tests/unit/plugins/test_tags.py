# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags of one end are those of each playbook: none of them does nothing and ends in success."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.report import Report
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.run_tags import check_run_tags
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, HYBRID
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import PlaybookRun, run_playbook


@pytest.mark.parametrize("name", ["compare", "render", "site", "verify"])
@pytest.mark.parametrize("tag", ["router", "cluster"])
def test_each_playbook_does_something_with_the_tag_of_one_end(name: str, tag: str) -> None:
    plays = yaml.safe_load((CHECKOUT / "playbooks" / f"{name}.yml").read_text("utf-8"))
    assert any(tag in play.get("tags", []) for play in plays if "hosts" in play)


def run_with(tags: str, playbook: str, *extra: str) -> PlaybookRun:
    return run_playbook(playbook, HYBRID, *extra, options=("--tags", tags))


@pytest.mark.parametrize(
    "path", sorted(CHECKOUT.glob("roles/*/tasks/*.yml")), ids=lambda path: f"{path.parts[-3]}/{path.stem}"
)
def test_no_task_of_a_role_has_tags_of_its_own(path: Path) -> None:
    """The plan takes it for granted, where a role includes tasks, that they bring no tag that a run may name."""
    assert not re.search(r"^[ -]*tags:", path.read_text("utf-8"), re.MULTILINE)


@pytest.mark.first_case
@pytest.mark.ansible
@pytest.mark.parametrize("name", ["compare", "drift", "plan", "render", "site", "verify"])
def test_a_run_whose_tags_no_task_has_is_refused(name: str, tmp_path: Path) -> None:
    run = run_with("cluter", f"{name}.yml", f"edge_render_dir={tmp_path / 'rendered'}")
    run.check(1 if name == "drift" else 2)
    (line,) = (line for line in run.output.splitlines() if "EDGE120" in line)
    assert line.startswith("error EDGE120 --tags cluter: no task of this run has this tag, so that it would do nothing")
    assert "did you mean 'cluster'?; known here: cluster, " in line
    assert not (tmp_path / "rendered").exists()


BESIDE = """
- ansible.builtin.import_playbook: hybridnet.cluster_edge.site
- hosts: localhost
  gather_facts: false
  tasks:
    - block:
        - ansible.builtin.debug: {msg: my own task}
          tags: [mine]
"""
"""A user's playbook that has more than ours in it."""

UNTOLD = """
- ansible.builtin.import_playbook: hybridnet.cluster_edge.site
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_tasks: inner.yml
      tags: [always]
"""
"""One whose tags stand in a file that is read when it runs."""


@pytest.mark.first_case
@pytest.mark.ansible
@pytest.mark.parametrize(
    ("playbook", "tags", "status"),
    [
        pytest.param(BESIDE, "mine", 0, id="a tag of the user's own"),
        pytest.param(BESIDE, "plan", 0, id="plan"),
        pytest.param(BESIDE, "always", 0, id="a word of ansible-core"),
        pytest.param(BESIDE, "typo,mine", 0, id="one of two"),
        pytest.param(BESIDE, "typo", 2, id="none"),
        pytest.param(UNTOLD, "mine", 0, id="an include"),
    ],
)
def test_tags_of_a_playbook_that_imports_ours(playbook: str, tags: str, status: int, tmp_path: Path) -> None:
    place = tmp_path / "all.yml"
    place.write_text(playbook, encoding="utf-8")
    (tmp_path / "inner.yml").write_text(
        "- ansible.builtin.debug: {msg: my own task}\n  tags: [mine]\n", encoding="utf-8"
    )
    run = run_with(tags, str(place))
    run.check(status)
    assert ("my own task" in run.output) == ("mine" in tags)
    assert ("known here: cluster, contract, mine, plan, router or verify" in run.output) == (status != 0)


@pytest.mark.parametrize(
    ("given", "listed", "found"),
    [
        pytest.param(["all"], ["router", "always"], [], id="all"),
        pytest.param(["tagged"], ["router"], [], id="tagged"),
        pytest.param(["verify"], ["always"], [], id="a playbook that always does everything"),
        pytest.param(["contract"], ["router", "verify"], ["--tags contract"], id="a tag of another playbook of ours"),
        pytest.param(["b", "a"], ["router"], ["--tags a", "--tags b"], id="two"),
    ],
)
def test_tags_that_are_known(given: list[str], listed: list[str], found: list[str]) -> None:
    report = Report()
    check_run_tags(given, listed, report)
    assert [finding.path for finding in report.findings] == found


WAITING = """
- hosts: udm
  gather_facts: false
  vars: {vars}
  tasks:
    - ansible.builtin.set_fact:
        __edge_cluster_waiting: "{{{{ looked }}}}"
      delegate_to: home
      delegate_facts: true
      when: looked is defined
      tags: [always]
    - ansible.builtin.debug:
        msg: "{{{{ 'both' if __waiting == [] else 'not contracted' }}}}"
      tags: [always]
"""


@pytest.mark.each_core
@pytest.mark.ansible
@pytest.mark.parametrize(
    ("tags", "cluster", "looked", "said"),
    [
        pytest.param("router,contract", {}, None, "not contracted", id="a limit left the cluster out"),
        pytest.param("cluster,contract", {}, None, "not contracted", id="a limit left it out, though its part is run"),
        pytest.param("router,contract", {}, 0, "both", id="it was looked at, and has the plan"),
        pytest.param("router,contract", {}, 2, "not contracted", id="it was looked at, and has not"),
        pytest.param("router,contract", {"apply": "ours"}, None, "both", id="it is written from here"),
        pytest.param("router,contract", {"managed": False}, None, "both", id="it is not managed"),
        pytest.param("all", {}, None, "both", id="another part of the site"),
    ],
)
def test_a_router_is_not_contracted_while_nobody_knows_whether_others_applied(
    tmp_path: Path, tags: str, cluster: dict[str, object], looked: int | None, said: str
) -> None:
    plays = yaml.safe_load((CHECKOUT / "playbooks" / "site.yml").read_text("utf-8"))
    found = next(play["vars"] for play in plays if play.get("name") == "Contract the routers")
    plan = {"clusters": {"home": {"managed": True, "apply": "others", **cluster}}}
    names = {"edge_plan": plan, "__waiting": found["__waiting"], "__unread": found["__unread"]}
    if looked is not None:
        names["looked"] = looked
    playbook, inventory = tmp_path / "waiting.yml", tmp_path / "hosts.yml"
    playbook.write_text(WAITING.format(vars=json.dumps(names)))
    hosts = {"udm": {"ansible_connection": "local"}, "home": {"ansible_connection": "local"}}
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    run = run_playbook(str(playbook), inventory, options=("--tags", tags, "--limit", "udm"))
    run.check(0)
    assert f"msg: {said}" in run.output


HANDOVER = """
- hosts: home
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact:
        __edge_waiting: {{refusals: [held by a run of before]}}
    - {refuse}
    - ansible.builtin.debug:
        msg: the routers are expanded
    - {fail}
"""


@pytest.mark.ansible
@pytest.mark.parametrize(
    ("options", "said", "goes_on"),
    [
        pytest.param((), "Nothing was changed. home: held by a run of before", False, id="a run"),
        pytest.param(
            ("--check",),
            "Without check mode nothing would be changed. home: held by a run of before",
            True,
            id="a preview",
        ),
    ],
)
def test_what_no_commit_takes_away_ends_a_run_before_the_routers(
    tmp_path: Path, options: tuple[str, ...], said: str, goes_on: bool
) -> None:
    def task(path: str, name: str) -> str:
        text = (CHECKOUT / path).read_text("utf-8")
        tasks = [task for item in yaml.safe_load(text) for task in [item, *item.get("tasks", [])]]
        return json.dumps(next(task for task in tasks if task.get("name") == name))

    refuse = task("roles/edge/tasks/waiting.yml", "Waiting | Refuse what others cannot take away")
    fail = task("playbooks/site.yml", "Fail a preview of what others cannot take away")
    playbook, inventory = tmp_path / "handover.yml", tmp_path / "hosts.yml"
    playbook.write_text(HANDOVER.format(refuse=refuse, fail=fail))
    inventory.write_text(json.dumps({"all": {"hosts": {"home": {"ansible_connection": "local"}}}}))
    run = run_playbook(str(playbook), inventory, options=options)
    run.check(2)
    assert said in " ".join(run.output.split())
    assert ("the routers are expanded" in run.output) is goes_on


@pytest.mark.ansible
def test_labels_of_nodes_come_before_the_commit(tmp_path: Path) -> None:
    """What is committed first selects nodes by labels that no commit sets."""
    (said,) = [
        task
        for task in yaml.safe_load((CHECKOUT / "roles" / "edge" / "tasks" / "waiting.yml").read_text("utf-8"))
        if task["name"] == "Waiting | Say what waits for others"
    ]
    label = "node k1: label rack=a"
    cases = {
        "new": [{"state": "only planned", "what": label}],
        "other": [{"state": "differs", "what": "node k1: label rack: b live, a planned"}],
        "left": [{"state": "only live", "what": label}],
        "none": [{"state": "only planned", "what": "pool lb"}],
    }
    tasks = [
        {
            "hybridnet.cluster_edge.edge_show": {"msg": f"{name}: {{{{ __edge_waiting_words | join(' ') }}}}"},
            "vars": {**said["vars"], "__edge_cluster_waiting": 1, "__edge_waiting": {"rows": rows}},
        }
        for name, rows in cases.items()
    ]
    playbook, inventory = tmp_path / "words.yml", tmp_path / "hosts.yml"
    playbook.write_text(json.dumps([{"hosts": "home", "gather_facts": False, "tasks": tasks}]))
    inventory.write_text(json.dumps({"all": {"hosts": {"home": {"ansible_connection": "local"}}}}))
    run = run_playbook(str(playbook), inventory)
    run.check(0)
    words = " ".join(run.output.split())
    first = "Render (playbooks/render.yml), set the labels of nodes as the note above says, commit, and let"
    assert [f"{name}: Nothing is written there (edge_cluster_apply: others). {first}" in words for name in cases] == [
        True,
        True,
        False,
        False,
    ]
    assert words.count("Render (playbooks/render.yml), commit, and let Flux or Argo CD apply.") == 2


BOTH_STAGES = """
- hosts: udm
  gather_facts: false
  vars: {vars}
  tasks:
    - ansible.builtin.debug:
        msg: "{{{{ 'both' if udm_frr_both_stages | bool else 'expand alone' }}}}"
      tags: [always]
"""


@pytest.mark.first_case
@pytest.mark.ansible
@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(("--skip-tags", "cluster"), "expand alone", id="the cluster's part is skipped"),
        pytest.param(("--skip-tags", "cluster", "-e", "managed=false"), "both", id="no cluster is written"),
        pytest.param(("--skip-tags", "verify"), "both", id="another part is skipped"),
        pytest.param(("--tags", "router,contract", "--skip-tags", "cluster"), "both", id="contract is asked for"),
        pytest.param(("--tags", "router"), "expand alone", id="one end alone"),
    ],
)
def test_a_router_keeps_what_the_cluster_may_announce_where_its_part_is_skipped(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    plays = yaml.safe_load((CHECKOUT / "playbooks" / "site.yml").read_text("utf-8"))
    found = next(play["vars"] for play in plays if play.get("name") == "Contract the routers")
    plan = {"clusters": {"home": {"managed": "{{ managed | bool }}", "apply": "ours"}}}
    names = {name: found[name] for name in ("udm_frr_both_stages", "__cluster_stays", "__unread", "__waiting")}
    playbook, inventory = tmp_path / "stages.yml", tmp_path / "hosts.yml"
    playbook.write_text(BOTH_STAGES.format(vars=json.dumps({"managed": True, **names, "edge_plan": plan})))
    inventory.write_text(json.dumps({"all": {"hosts": {"udm": {"ansible_connection": "local"}}}}))
    run = run_playbook(str(playbook), inventory, options=options)
    run.check(0)
    assert f"msg: {said}" in run.output
