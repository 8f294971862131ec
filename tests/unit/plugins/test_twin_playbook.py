# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/twin.yml takes a twin down whatever the inventory has become, and builds a whole one whatever tags are asked for."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import HYBRID
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import PlaybookRun, run_playbook

pytestmark = pytest.mark.ansible

NAME = "not-up"
ABSENT = "edge_twin_state=absent"
NAMED = f"edge_twin_name={NAME}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a twin of which nothing else is there."""
    made = tmp_path / "state" / "cluster-edge" / "twins" / NAME
    made.mkdir(parents=True)
    (made / "twin.json").write_text(json.dumps({"name": NAME}), "utf-8")
    return made


def take_down(folder: Path, inventory: Path, *extra: str, options: tuple[str, ...] = ()) -> PlaybookRun:
    """Run twin.yml with state absent; twins are below the test's own folder."""
    return run_playbook(
        "twin.yml", inventory, ABSENT, *extra, options=options, environment={"XDG_STATE_HOME": str(folder.parents[2])}
    )


BROKEN = {
    "cut off": "all:\n  children: [\n",
    "empty": "",
    "without our groups": "all: {hosts: {somebody: {}}}",
    "with an error of the plan": "all: {children: {edge_routers: {hosts: {r1: {edge_router_asn: no number}}}}}",
}


@pytest.mark.skipif(os.geteuid() != 0, reason="takes a twin down: needs root")
@pytest.mark.first_case
@pytest.mark.parametrize("options", [(), ("--tags", "cluster")], ids=["whole", "with tags"])
@pytest.mark.parametrize("text", [*BROKEN.values(), None], ids=[*BROKEN, "not there"])
def test_twin_is_taken_down_by_its_name_whatever_the_inventory_is(
    text: str | None, options: tuple[str, ...], folder: Path, tmp_path: Path
) -> None:
    inventory = tmp_path / "site.yml"
    if text is not None:
        inventory.write_text(text, "utf-8")
    take_down(folder, inventory, NAMED, options=options).check(0)
    assert not folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="takes a twin down: needs root")
@pytest.mark.parametrize("options", [(), ("--limit", "node01")], ids=["whole", "one host"])
def test_twin_is_found_by_what_the_inventory_says_of_it(options: tuple[str, ...], folder: Path, tmp_path: Path) -> None:
    named = tmp_path / "named.yml"
    named.write_text(json.dumps({"all": {"vars": {"edge_twin_name": NAME}}}), "utf-8")
    take_down(folder, HYBRID, options=("-i", str(named), *options)).check(0)
    assert not folder.exists()


@pytest.mark.each_core
def test_inventory_that_does_not_say_which_twin_is_to_go_is_an_error(folder: Path, tmp_path: Path) -> None:
    inventory = tmp_path / "site.yml"
    inventory.write_text(BROKEN["cut off"], "utf-8")
    run = take_down(folder, inventory)
    run.check(2)
    assert " ".join(run.output.split()).count(
        "edge_twin_name: the inventory has no router, cluster or node, so it does not say which twin is to go (name it:"
        " -e edge_twin_name=NAME; their folders are in ~/.local/state/cluster-edge/twins)"
    )
    assert folder.exists()


@pytest.mark.parametrize(
    "options", [(), ("--tags", "cluster"), ("--tags", "verify")], ids=["whole", "cluster", "verify"]
)
def test_twin_of_the_whole_site_is_built_with_any_tags(options: tuple[str, ...]) -> None:
    run = run_playbook("twin.yml", HYBRID, options=("--list-tasks", *options))
    run.check(0)
    assert "Build the site from real programs, or remove it" in run.output
