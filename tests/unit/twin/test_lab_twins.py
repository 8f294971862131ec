# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a killed run of the lab tests has left is found by its process, and nothing else is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.tests.support import lab_twins
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.lab_twins import LabTwin, abandoned, lab_twin, take_down


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("faults-12", True, id="its process is gone"),
        pytest.param("faults-34", False, id="its process runs"),
        pytest.param("faults", False, id="no process in its name"),
        pytest.param("rehearsal-12-2", False, id="of another kind"),
        pytest.param(".faults-12", False, id="hidden"),
    ],
)
def test_a_twin_is_left_where_its_process_is_gone(name: str, found: bool, tmp_path: Path) -> None:
    folder = tmp_path / "lab" / name
    folder.mkdir(parents=True)
    (tmp_path / "proc" / "34").mkdir(parents=True)
    assert abandoned(tmp_path / "lab", tmp_path / "proc") == ([LabTwin(name, folder)] if found else [])


def test_no_lab_test_has_run_here_yet(tmp_path: Path) -> None:
    assert abandoned(tmp_path / "lab", tmp_path) == []


def test_the_twin_of_a_process_that_runs_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_twins, "FOLDERS", tmp_path)
    own = lab_twin("faults")
    own.folder.mkdir()
    assert own.options == ("-e", f"edge_twin_name=faults-{os.getpid()}", "-e", f"edge_twin_folder={own.folder}")
    assert own.prefix == f"twin-faults-{os.getpid()}"
    assert abandoned(tmp_path) == []


def test_what_cannot_be_taken_down_keeps_nothing_else_up(tmp_path: Path) -> None:
    def remove(twin: LabTwin) -> None:
        if twin.name == "a-1":
            raise EdgeError("edge_twin_folder", "is no twin's folder", "remove it by hand")

    assert list(take_down([LabTwin("a-1", tmp_path), LabTwin("b-2", tmp_path)], remove)) == [
        "   the twin a-1 of a lab test that was killed stays: edge_twin_folder: is no twin's folder (remove it by hand)\n",
        "   took down the twin b-2 of a lab test that was killed\n",
    ]


def test_each_lab_test_takes_its_twin_from_here() -> None:
    """One that is named and placed otherwise would stay for ever after a run that was killed."""
    files = sorted(CHECKOUT.glob("tests/lab/*.py"))
    own = [path.name for path in files if re.search(r"edge_twin_name=|Runtime\(", path.read_text("utf-8"))]
    assert [name for name in own if "lab_twin(" not in (CHECKOUT / "tests/lab" / name).read_text("utf-8")] == []
