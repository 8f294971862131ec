# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of the collection, run by the Ansible that runs the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .hybrid import CHECKOUT

LIMIT = 120
"""Seconds until a playbook without connections is given up."""


@dataclass(frozen=True, slots=True)
class PlaybookRun:
    """A finished run."""

    status: int
    output: str
    """Standard output, then standard error."""
    errors: str = ""
    """Standard error alone."""

    def check(self, status: int) -> None:
        """Fail with the run's output if it did not end with ``status``."""
        assert self.status == status, self.output


def run_playbook(
    name: str,
    inventory: Path,
    *extra: str,
    options: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
    folder: Path = CHECKOUT,
) -> PlaybookRun:
    """Run ``playbooks/name``, or the playbook of an absolute path, on an inventory.

    Args:
        name: of the playbook.
        inventory: the first ``-i``.
        extra: each becomes a ``-e``.
        options: further ones.
        environment: on top of the tests' own.
        folder: where the command is typed.
    """
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        str(CHECKOUT / "playbooks" / name),
        "-i",
        str(inventory),
        *(word for value in extra for word in ("-e", value)),
        *options,
    ]
    variables = {
        **os.environ,
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "COLUMNS": "200",
        **(environment or {}),
    }
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    return PlaybookRun(done.returncode, done.stdout + done.stderr, done.stderr)
