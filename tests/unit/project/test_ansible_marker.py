# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test that starts one of Ansible's programs without the marker ``ansible`` fails: ``tests/conftest.py`` sees to it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, HYBRID
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook

PROGRAM = str(Path(sys.executable).with_name("ansible"))
VERSION = [PROGRAM, "--version"]


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(lambda: run_playbook("plan.yml", HYBRID), id="a playbook"),
        pytest.param(lambda: subprocess.run(VERSION, check=True), id="run"),
        pytest.param(lambda: subprocess.Popen(args=VERSION), id="named arguments"),
        pytest.param(lambda: subprocess.run(f"exec {PROGRAM} --version", shell=True, check=True), id="a shell"),
        pytest.param(lambda: subprocess.run(["bash", "-c", "ansible-doc -l | cat"], check=True), id="a shell inside"),
        pytest.param(lambda: subprocess.run([sys.executable, "-m", "ansible", "--version"], check=True), id="a module"),
        pytest.param(lambda: os.system(f"{PROGRAM} --version"), id="os.system"),
        pytest.param(lambda: os.posix_spawn(PROGRAM, VERSION, os.environ), id="os.posix_spawn"),
    ],
)
def test_without_the_marker_it_fails(start: Callable[[], object]) -> None:
    with pytest.raises(
        pytest.fail.Exception, match=r"^starts (/.*/)?ansible(-playbook|-doc)? without @pytest\.mark\.ansible \("
    ):
        start()


def test_other_programs_start() -> None:
    assert subprocess.run(["echo", "ansible_collections.hybridnet/ansible.cfg"], check=True, capture_output=True).stdout
    assert os.system("exit 0 # it's a shell's text") == 0


@pytest.mark.ansible
def test_with_the_marker_it_starts() -> None:
    done = subprocess.run(VERSION, check=True, capture_output=True, text=True)
    assert done.stdout.startswith("ansible [core ")


PLUGIN_TESTS = sorted((CHECKOUT / "tests" / "unit" / "plugins").glob("test_*.py"))


@pytest.mark.parametrize(
    "path", [path for path in PLUGIN_TESTS if "mark.ansible" in path.read_text("utf-8")], ids=lambda path: path.stem
)
def test_each_file_has_what_a_full_run_repeats_on_the_other_cores(path: Path) -> None:
    """``./test matrix`` takes of the tests that start Ansible only those marked ``each_core``: each topic has one."""
    assert "mark.each_core\n" in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("marker", "cases"), [("not long", ["compare"]), ("long", ["drift", "plan", "render", "site", "verify"])]
)
def test_a_full_run_takes_the_first_case_and_a_long_one_the_others(marker: str, cases: list[str]) -> None:
    test = "tests/unit/plugins/test_tags.py::test_a_run_whose_tags_no_task_has_is_refused"
    command = [sys.executable, "-m", "pytest", "--collect-only", "-m", marker, test, "-n0", "-vv"]
    listed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"is_refused\[(\w+)\]", listed) == cases
