# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of the collection, run by the Ansible that runs the tests."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from .hybrid import CHECKOUT

LIMIT = 120
"""Seconds until a playbook without connections is given up."""


COLOR_VARIABLES = ("NO_COLOR", "ANSIBLE_NOCOLOR", "ANSIBLE_FORCE_COLOR")
"""What the caller's environment may say of color: a run here has what its test says alone."""


class Color(Enum):
    """What decides whether a run's output has color."""

    OFF = "off"
    """Nothing does: there is none."""
    FILE = "file"
    """Ansible, which writes to a file."""
    TERMINAL = "terminal"
    """Ansible, which writes to a terminal."""


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
    color: Color = Color.OFF,
) -> PlaybookRun:
    """Run ``playbooks/name``, or the playbook of an absolute path, on an inventory.

    Args:
        name: of the playbook.
        inventory: the first ``-i``.
        extra: each becomes a ``-e``.
        options: further ones.
        environment: on top of the tests' own.
        folder: where the command is typed.
        color: what decides about color.
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
        **{name: value for name, value in os.environ.items() if name not in COLOR_VARIABLES},
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        **({"ANSIBLE_NOCOLOR": "1"} if color is Color.OFF else {"TERM": "xterm-256color"}),
        "COLUMNS": "200",
        **(environment or {}),
    }
    if color is Color.TERMINAL:
        return _on_a_terminal(command, folder, variables)
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    return PlaybookRun(done.returncode, done.stdout + done.stderr, done.stderr)


def _on_a_terminal(command: list[str], folder: Path, variables: Mapping[str, str]) -> PlaybookRun:
    """Run a command whose output is a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, cwd=folder, env=variables, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # a terminal whose other end is closed ends so
            while more := os.read(ours, 65536):
                said += more
        os.close(ours)
        status = process.wait(LIMIT)
    return PlaybookRun(status, said.decode().replace("\r\n", "\n"))
