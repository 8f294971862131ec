# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reference site renders to, byte for byte, through Ansible itself.

After a change that is meant, write the files anew and read the difference:
``ansible-playbook playbooks/render.yml -i inventory/hybrid -e edge_render_dir=$PWD/tests/golden/hybrid``
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .support.hybrid import CHECKOUT, HYBRID
from .support.playbook import run_playbook

GOLDEN = CHECKOUT / "tests" / "golden" / "hybrid"


def files(folder: Path) -> dict[str, str]:
    """Return the text of every file below ``folder``."""
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the reference site rendered into it."""
    folder = tmp_path_factory.mktemp("rendered")
    run_playbook("render.yml", HYBRID, f"edge_render_dir={folder}").check(0)
    return folder


def test_the_same_files(rendered: Path) -> None:
    assert sorted(files(rendered)) == sorted(files(GOLDEN))


@pytest.mark.parametrize("name", sorted(files(GOLDEN)))
def test_the_same_bytes(name: str, rendered: Path) -> None:
    assert (rendered / name).read_text("utf-8") == (GOLDEN / name).read_text("utf-8")


def test_a_second_run_changes_nothing(rendered: Path) -> None:
    again = run_playbook("render.yml", HYBRID, f"edge_render_dir={rendered}")
    again.check(0)
    assert "changed=0" in again.output


def test_rendering_demands_a_folder() -> None:
    result = run_playbook("render.yml", HYBRID)
    result.check(2)
    assert "edge_render_dir: is missing (say where to write: -e edge_render_dir=FOLDER)" in result.output
