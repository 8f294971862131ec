# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository to clone and the artifact that is built of it, in an environment that keeps nothing of the caller's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .hybrid import CHECKOUT

LIMIT = 600
"""Seconds for one command; the first one may have to fill an empty cache."""
PROGRAMS = str(Path(sys.executable).parent)
"""The environment of the tests, for where a user has Ansible already."""
UPSTREAM = "https://github.com/hybridnet/cluster_edge"


def run(command: list[str], folder: Path, home: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command with an environment of its own; ``path`` goes before the system's programs."""
    environment = {
        "PATH": f"{path}:{os.defpath}:/usr/bin:/bin".lstrip(":"),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "200",
        "ANSIBLE_NOCOLOR": "1",
        # Nobody listens there: a command that asks a Galaxy server fails.
        "ANSIBLE_GALAXY_SERVER": "http://127.0.0.1:9",
        "CLUSTER_EDGE_CACHE": os.environ.get("CLUSTER_EDGE_CACHE", str(Path.home() / ".cache" / "cluster-edge")),
        "CLUSTER_EDGE_PYTHON": base_python(),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
    }
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )


def base_python() -> str:
    """Return the interpreter that the tests' own environment was made of."""
    return str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")


def checked(command: list[str], folder: Path, home: Path, path: str = "") -> str:
    """Run a command that must succeed, and return its output."""
    done = run(command, folder, home, path)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copy_files(target: Path) -> None:
    """Copy what git would commit of this checkout, or all of a folder without git but what the set-up made."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        ignored = shutil.ignore_patterns(".ansible", ".venv", ".cache", "__pycache__")
        shutil.copytree(CHECKOUT, target, symlinks=True, ignore=ignored)
        return
    for name in filter(None, listed.stdout.split("\0")):
        if os.path.lexists(CHECKOUT / name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, target / name, follow_symlinks=False)


def new_home(folder: Path, repository: Path) -> Path:
    """Return a new home folder without a collection, where the upstream address is ``repository``."""
    folder.mkdir(parents=True)
    (folder / ".gitconfig").write_text(
        "[user]\nname = nobody\nemail = nobody@example.com\n[init]\ndefaultBranch = main\n"
        f'[url "{repository}"]\ninsteadOf = {UPSTREAM}\n'
    )
    return folder


def new_repository(folder: Path, home: Path) -> Path:
    """Return a new repository with one commit of this checkout's files."""
    copy_files(folder)
    for command in (["git", "init", "-q"], ["git", "add", "-A"], ["git", "commit", "-q", "-m", "files"]):
        checked(command, folder, home)
    return folder


def build(repository: Path, folder: Path, home: Path) -> Path:
    """Return the artifact of a repository, built into a folder."""
    output = checked(
        ["ansible-galaxy", "collection", "build", str(repository), "--output-path", str(folder)], folder, home, PROGRAMS
    )
    (artifact,) = folder.glob("*.tar.gz")
    assert artifact.name in output
    return artifact
