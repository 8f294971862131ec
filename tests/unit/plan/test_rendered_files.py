# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reference site renders to, byte for byte, through Ansible itself.

After a change that is meant, ``UPDATE_GOLDEN=1 pytest tests/unit/plan/test_rendered_files.py`` writes the files anew: read the difference.
Their names end in ``.golden``, because linters take a stream of several YAML documents for a mistake.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, HYBRID
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook

pytestmark = pytest.mark.ansible

GOLDEN = CHECKOUT / "tests" / "golden" / "hybrid"
SUFFIX = ".golden"


def files(folder: Path, suffix: str = "") -> dict[str, str]:
    """Return the text of every file below ``folder``, by its path without the suffix."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".cluster-edge-")]
    return {str(path.relative_to(folder)).removesuffix(suffix): path.read_text("utf-8") for path in found}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the reference site rendered into it."""
    folder = tmp_path_factory.mktemp("rendered")
    run_playbook("render.yml", HYBRID, f"edge_render_dir={folder}").check(0)
    if os.environ.get("UPDATE_GOLDEN"):
        shutil.rmtree(GOLDEN)
        for name, text in files(folder).items():
            path = GOLDEN / f"{name}{SUFFIX}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder


def test_the_same_files(rendered: Path) -> None:
    assert sorted(files(rendered)) == sorted(files(GOLDEN, SUFFIX))


@pytest.mark.parametrize("name", sorted(files(GOLDEN, SUFFIX)))
def test_the_same_bytes(name: str, rendered: Path) -> None:
    assert files(rendered)[name] == files(GOLDEN, SUFFIX)[name]


def test_a_second_run_changes_nothing(rendered: Path) -> None:
    again = run_playbook("render.yml", HYBRID, f"edge_render_dir={rendered}")
    again.check(0)
    assert "changed=0" in again.output


def test_rendering_demands_a_folder() -> None:
    result = run_playbook("render.yml", HYBRID)
    result.check(2)
    assert "edge_render_dir: is missing (say where to write: -e edge_render_dir=FOLDER)" in result.output
