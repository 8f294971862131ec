# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a documented command is typed that takes minutes or root: its help must name each of its options, as a word of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.commands import Command, script_line

HELP = """\
usage: ./rehearse [--keep] [-i INVENTORY]

  -l, --list-inventories   a longer option, and one without a space before it
  --                       what follows goes to site.yml, such as -e @vault.yml
"""


@pytest.mark.parametrize(
    ("options", "named"),
    [
        pytest.param("--keep", True, id="in brackets"),
        pytest.param("-i your/inventory", True, id="before its value"),
        pytest.param("-l", True, id="before a comma"),
        pytest.param("--keep -- -e @vault.yml", True, id="in the text"),
        pytest.param("--list", False, id="the beginning of another one"),
        pytest.param("-k", False, id="the beginning of a long one"),
        pytest.param("-inventories", False, id="the end of another one"),
        pytest.param("--keep --down x", False, id="the second one is not there"),
    ],
)
def test_option_is_named_by_the_help(tmp_path: Path, options: str, named: bool) -> None:
    program = tmp_path / "rehearse"
    program.write_text(f"#!/bin/sh\ncat <<'HELP'\n{HELP}HELP\n", "utf-8")
    program.chmod(0o755)
    typed = f"set -e\n{script_line(Command('page.md', f'./rehearse {options}'))}"
    done = subprocess.run(["bash", "-c", typed], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode == 0, done.stderr) == (named, "")
