# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's variable goes on under its old name for one release, with a warning that names the new one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook

WARNING = "udm_frr_pass is called udm_frr_stage now; the old name goes with the next release of hybridnet.cluster_edge"


@pytest.mark.each_core
@pytest.mark.ansible
@pytest.mark.parametrize(
    ("variables", "stage", "warns"),
    [
        pytest.param({}, "replace", False, id="neither"),
        pytest.param({"udm_frr_stage": "expand"}, "expand", False, id="the new name"),
        pytest.param({"udm_frr_pass": "contract"}, "contract", True, id="the old name"),
        pytest.param(
            {"udm_frr_pass": "contract", "udm_frr_stage": "expand"}, "expand", False, id="both: the new one holds"
        ),
    ],
)
def test_udm_frr_stage(tmp_path: Path, variables: dict[str, str], stage: str, warns: bool) -> None:
    play = {
        "name": "Read the role's defaults",
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(CHECKOUT / "roles" / "udm_frr" / "defaults" / "main.yml")],
        "tasks": [
            {
                "name": "Show the stage",
                "ansible.builtin.debug": {"msg": "stage {{ udm_frr_stage }}, and once more {{ udm_frr_stage }}"},
            }
        ],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    result = run_playbook(
        str(tmp_path / "play.yml"), Path("localhost,"), *(f"{name}={value}" for name, value in variables.items())
    )
    result.check(0)
    assert f"stage {stage}, and once more {stage}" in result.output
    assert (" ".join(result.output.split()).count(WARNING) == 1) is warns, result.output


def test_the_playbook_uses_the_new_name() -> None:
    assert "udm_frr_pass:" not in (CHECKOUT / "playbooks" / "site.yml").read_text("utf-8")
