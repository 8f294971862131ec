# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How edge_drift writes its files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.action import edge_drift

OPTION = "metrics_file"


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = tmp_path / "edge.prom"
    file.write_text("old", "utf-8")
    assert edge_drift._write(OPTION, str(file), "new\n") == ""
    assert file.read_text("utf-8") == "new\n"
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]


def test_two_runs_that_write_at_a_time_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one begins and ends while the first has written, and not yet replaced."""
    file = tmp_path / "edge.prom"
    replace, seen = os.replace, []

    def replaced(new: str, path: Path) -> None:
        monkeypatch.setattr(os, "replace", replace)
        seen.append(edge_drift._write(OPTION, str(file), "second\n"))
        seen.append(file.read_text("utf-8"))
        replace(new, path)

    monkeypatch.setattr(os, "replace", replaced)
    assert edge_drift._write(OPTION, str(file), "first\n") == ""
    assert seen == ["", "second\n"]
    assert file.read_text("utf-8") == "first\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_replaced_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "edge.prom"
    file.mkdir()
    assert edge_drift._write(OPTION, str(file), "new\n").startswith(
        f"edge_drift_metrics_file: {file} cannot be written: "
    )
    assert list(tmp_path.iterdir()) == [file]
