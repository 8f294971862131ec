# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user reads is shown line by line, also where Ansible shows results as JSON, which is its default."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.action.edge_show import of_host
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook

JSON = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
TWO_HOSTS = "all: {hosts: {home: {}, home2: {}}}\n"


def play(folder: Path, *tasks: dict[str, object]) -> tuple[str, Path]:
    """Return the path of a playbook with tasks, and of an inventory with two hosts."""
    hosts = folder / "hosts.yml"
    hosts.write_text(TWO_HOSTS, "utf-8")
    playbook = folder / "play.yml"
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": list(tasks)}]), "utf-8")
    return str(playbook), hosts


def test_no_task_shows_a_text_by_an_action_of_ansible_core() -> None:
    files = [*(CHECKOUT / "roles").rglob("tasks/*.yml"), *(CHECKOUT / "playbooks").glob("*.yml")]
    assert [str(file) for file in files if "ansible.builtin.debug:" in file.read_text("utf-8")] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two pools", "home: two pools"),
        ("a\n\nb", "home:\n  a\n\n  b"),
        ("cluster home: none", "cluster home: none"),
        ("cluster home2: none", "home: cluster home2: none"),
        ("pool my-home", "home: pool my-home"),
    ],
)
def test_a_text_names_its_host_once(text: str, shown: str) -> None:
    assert of_host("home", text) == shown


@pytest.mark.ansible
def test_a_text_is_shown_once_line_by_line(tmp_path: Path) -> None:
    show = "hybridnet.cluster_edge.edge_show"
    name, hosts = play(
        tmp_path,
        {show: {"msg": ["first", "second"]}, "run_once": True, "register": "shown"},
        {show: {"msg": "of\neach"}},
        {show: {"msg": []}},
        {show: {"msg": "hidden text"}, "no_log": True},
        {show: {"msg": "{{ shown.msg.splitlines() == ['first', 'second'] }} {{ shown.changed }}"}},
    )
    run = run_playbook(name, hosts, environment=JSON, options=("-v", "--check"))
    run.check(0)
    assert "\nfirst\nsecond\nok: [home]\n" in run.output
    assert "\nhome:\n  of\n  each\n" in run.output
    assert "\nhome2:\n  of\n  each\n" in run.output
    assert "\nhome: True False\n" in run.output
    assert "hidden text" not in run.output
    assert '"msg"' not in run.output


@pytest.mark.each_core
@pytest.mark.ansible
def test_failures_of_several_lines_are_shown_line_by_line(tmp_path: Path) -> None:
    text = "it is wrong:\n  here"
    fail = "hybridnet.cluster_edge.edge_fail"
    long = "one line that is longer than what is folded, and has no line break at its end"
    name, hosts = play(tmp_path, {fail: {"msg": text}, "run_once": True, "ignore_errors": True}, {fail: {"msg": long}})
    run = run_playbook(name, hosts, environment=JSON)
    run.check(2)
    assert f"\n{text}\nfatal: [home]: FAILED! => {{" in run.output
    assert run.output.count(long) == 2  # once a host
    assert f'"msg": "{long}"' in run.output
    as_yaml = run_playbook(name, hosts)
    assert f"{text}\nfatal" not in as_yaml.output
    assert as_yaml.output.count("it is wrong:") == 1


@pytest.mark.each_core
@pytest.mark.ansible
def test_the_plan_is_shown_by_every_callback(tmp_path: Path) -> None:
    site = CHECKOUT / "tests" / "sites" / "minimal" / "inventory.yml"
    (tmp_path / "ansible.cfg").write_text("", "utf-8")  # as a new user has it, who installs the collection
    found = {"ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections")}
    table = "\nBGP sessions ("
    for more in (
        {},
        {"ANSIBLE_DISPLAY_OK_HOSTS": "no"},
        {"ANSIBLE_STDOUT_CALLBACK": "minimal"},
    ):
        run = run_playbook("plan.yml", site, folder=tmp_path, environment={**found, **more})
        run.check(0)
        assert run.output.count(table) == 1, more
