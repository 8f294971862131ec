# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/new.yml as it is typed: each result is planned by playbooks/plan.yml, and nothing is ever overwritten."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, HYBRID
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import PlaybookRun, run_playbook

pytestmark = pytest.mark.ansible

BGP = (
    "edge_new_network=192.168.10.0/24",
    "edge_new_nodes=n1=192.168.10.11,n2=192.168.10.12",
    "edge_new_pool=192.168.20.0/24",
)
L2 = (*BGP[:2], "edge_new_pool=192.168.10.200-192.168.10.219", "edge_new_router=none", "edge_new_interfaces=eth0")
VARIANTS = {
    "unifi-talos": (*BGP, "edge_new_router=unifi", "edge_new_distribution=talos"),
    "linux-k3s": (*BGP, "edge_new_router=linux", "edge_new_distribution=k3s", "edge_new_router_asn=4200000001"),
    "no-router-k3s": (*L2, "edge_new_distribution=k3s"),
    "no-router-talos": (*L2, "edge_new_distribution=talos"),
    "in-json": ('{"edge_new_network": "10.1.0.0/16", "edge_new_nodes": {"a": "10.1.0.2", "b": "10.1.0.3"}, "edge_new_pool": ["10.2.0.0/28", "10.2.1.0/28"]}',),
}  # fmt: skip
LIMIT = 60
"""Seconds for a dialog."""


def new(folder: Path, *answers: str, options: tuple[str, ...] = ()) -> PlaybookRun:
    """Run playbooks/new.yml in a folder without a keyboard."""
    return run_playbook("new.yml", HYBRID, *answers, options=options, folder=folder)


@pytest.mark.first_case
@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_written_plans_without_a_finding_but_servicelb_of_k3s(name: str, tmp_path: Path) -> None:
    written = new(tmp_path, f"edge_new_folder={name}", *VARIANTS[name])
    written.check(0)
    assert f"ansible-playbook hybridnet.cluster_edge.plan -i {name}" in written.output
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        f"{name}/group_vars/all/edge.yml",
        f"{name}/hosts.yml",
    ]
    schema = (tmp_path / name / "group_vars/all/edge.yml").read_text().splitlines()[0].partition("$schema=")[2]
    assert Path(schema).samefile(CHECKOUT / "docs/reference/inventory.schema.json")
    planned = run_playbook("plan.yml", tmp_path / name)
    planned.check(0)
    assert f"Site {name}" in planned.output
    assert ("Findings: 1 warning" if name.endswith("k3s") else "Findings: none") in planned.output


def test_an_answer_to_no_question_is_named(tmp_path: Path) -> None:
    run = new(tmp_path, "edge_new_folder=mine", *VARIANTS["in-json"], "edge_new_gatway=10.1.0.1", "edge_new_hue=blue")
    run.check(2)
    assert "-e edge_new_gatway: is not a variable of this collection (did you mean 'edge_new_gateway'?)" in run.output
    assert "-e edge_new_hue: is not a variable of this collection (" in run.output
    assert not (tmp_path / "mine").exists()


def test_the_schema_is_named_by_a_relative_path_below_the_checkout(tmp_path: Path) -> None:
    folder = CHECKOUT / "tests" / "output" / f"new-{os.getpid()}"
    try:
        new(tmp_path, f"edge_new_folder={folder}", *BGP).check(0)
        variables = folder / "group_vars/all/edge.yml"
        schema = variables.read_text().splitlines()[0].partition("$schema=")[2]
        assert schema == "../../../../../docs/reference/inventory.schema.json"
        assert (variables.parent / schema).samefile(CHECKOUT / "docs/reference/inventory.schema.json")
    finally:
        for path in sorted(folder.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        folder.rmdir()


def test_wrong_answers_are_told_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    run = new(tmp_path, BGP[0], "edge_new_nodes=n1=192.168.11.11", BGP[2], "edge_new_router=unify")
    run.check(2)
    assert "2 answers are wrong; nothing was written." in run.output
    assert "Router that speaks BGP with the nodes (edge_new_router): 'unify' is not linux" in run.output
    assert "Nodes (edge_new_nodes): 192.168.11.11 is not inside the network 192.168.10.0/24" in run.output
    assert (
        "ansible-playbook hybridnet.cluster_edge.new -e edge_new_network=192.168.10.0/24 -e edge_new_pool=192.168.20.0/24"
        in run.output
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.first_case
@pytest.mark.parametrize("kind", ["full", "empty", "file", "dangling link"])
def test_what_is_there_is_never_overwritten(kind: str, tmp_path: Path) -> None:
    there = tmp_path / "my-site"
    if kind == "file":
        there.write_text("mine")
    elif kind == "dangling link":
        there.symlink_to("elsewhere")
    else:
        there.mkdir()
        if kind == "full":
            (there / "hosts.yml").write_text("mine")
    run = new(tmp_path, *BGP)
    run.check(2)
    assert "Folder to write the inventory into (edge_new_folder): my-site is there already" in run.output
    assert "name a new folder" in run.output
    found = {path.name: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"full": {"hosts.yml": "mine"}, "file": {"my-site": "mine"}}.get(kind, {})
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sites").write_text("mine")
    run = new(tmp_path, *BGP, "edge_new_folder=sites/home")
    run.check(2)
    assert "Folder to write the inventory into (edge_new_folder): sites is no folder" in run.output


def test_check_mode_shows_the_files_and_writes_none(tmp_path: Path) -> None:
    run = new(tmp_path, *BGP, options=("--check", "--diff"))
    run.check(0)
    assert "Would write my-site/hosts.yml" in run.output
    assert "+          ansible_host: 192.168.10.1" in run.output
    assert list(tmp_path.iterdir()) == []


def test_warnings_of_the_plan_are_told(tmp_path: Path) -> None:
    run = new(tmp_path, *L2, "edge_new_pool=10.9.0.0/24")
    run.check(0)
    assert "Warning: edge_pools.services.addresses: 10.9.0.0/24 is not inside network 'nodes'" in run.output


@pytest.mark.each_core
def test_at_a_keyboard_it_asks_for_what_is_not_given(tmp_path: Path) -> None:
    answers = [
        "none",
        "k3s",
        "",
        "192.168.10.0/24",
        "",
        "n1=192.168.10.11, n2=192.168.10.12",
        "192.168.10.200-192.168.10.209",
        "eth0",
    ]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.environ.update(ANSIBLE_CONFIG=str(CHECKOUT / "ansible.cfg"), ANSIBLE_NOCOLOR="1", COLUMNS="200")
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        os.execv(program, [program, str(CHECKOUT / "playbooks/new.yml"), "-e", "edge_new_folder=home"])
    seen, given, end = "", 0, time.monotonic() + LIMIT
    while time.monotonic() < end:
        ready, _write, _error = select.select([terminal], [], [], 1)
        if not ready:
            continue
        try:
            part = os.read(terminal, 4096).decode()
        except OSError:  # its end is closed
            break
        seen += part
        if seen.endswith("]: ") and given < len(answers):
            os.write(terminal, f"{answers[given]}\n".encode())
            given += 1
            seen += "\n"
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, seen
    assert given == len(answers), seen
    assert "Kubernetes distribution (talos, k3s, kubeadm or other) [other]: " in seen
    run_playbook("plan.yml", tmp_path / "home").check(0)
