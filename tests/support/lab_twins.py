# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Twins of lab tests: each of its own process, so that two runs do not meet; what a killed run has left is taken down.

Usage: ``python -m ansible_collections.hybridnet.cluster_edge.tests.support.lab_twins CACHE``, as root, takes down the twins
of processes that are gone.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...plugins.module_utils._errors import EdgeError
from ...plugins.plugin_utils._twin.description.twin import prefix
from ...plugins.plugin_utils._twin.run.programs import Programs
from ...plugins.plugin_utils._twin.run.runtime import Progress, Runtime
from ...plugins.plugin_utils._twin.run.site import TwinSite
from .hybrid import CHECKOUT

FOLDERS = Path.home() / ".local" / "state" / "cluster-edge" / "lab"
"""The folders of lab tests' twins, and of nothing else: a twin without one here is somebody's. Not below pytest's folder,
which may be a tmpfs, and a router's overlay needs a real disk."""


@dataclass(frozen=True, slots=True)
class LabTwin:
    """A twin of a lab test."""

    name: str
    folder: Path

    @property
    def prefix(self) -> str:
        """What its namespaces and cgroup begin with."""
        return prefix(self.name)

    @property
    def options(self) -> tuple[str, ...]:
        """Options of a playbook for this twin."""
        return ("-e", f"edge_twin_name={self.name}", "-e", f"edge_twin_folder={self.folder}")


def lab_twin(kind: str) -> LabTwin:
    """Return the twin of this process that a test calls ``kind``."""
    name = f"{kind}-{os.getpid()}"
    return LabTwin(name, FOLDERS / name)


def abandoned(folders: Path = FOLDERS, processes: Path = Path("/proc")) -> list[LabTwin]:
    """Return the twins whose process is gone, by their folders: a twin's is made first and removed last.

    Where another process has the number by now, its twin stays until that has ended.

    Args:
        folders: where lab tests have their twins' folders.
        processes: where the system has a folder for each process.
    """
    found = []
    for folder in sorted(folders.glob("*")):
        named = re.fullmatch(r"[a-z0-9]+-([0-9]+)", folder.name)
        if named and not (processes / named[1]).exists():
            found.append(LabTwin(folder.name, folder))
    return found


def remove(twin: LabTwin, cache: Path) -> None:
    """Take a twin down.

    Raises:
        EdgeError: something of it stays; says what.
    """
    progress = Progress(lambda text: None)
    programs = Programs(cache, CHECKOUT / "roles/edge_twin/files/programs", None, progress)
    TwinSite(Runtime(twin.prefix, twin.folder, progress), programs).absent()


def take_down(twins: Iterable[LabTwin], remove: Callable[[LabTwin], None]) -> Iterator[str]:
    """Take twins down, and yield a line of each; where something stays of one, the others go."""
    for twin in twins:
        try:
            remove(twin)
        except EdgeError as error:
            yield f"   the twin {twin.name} of a lab test that was killed stays: {error}\n"
        else:
            yield f"   took down the twin {twin.name} of a lab test that was killed\n"


if __name__ == "__main__":
    sys.stdout.writelines(take_down(abandoned(), lambda twin: remove(twin, Path(sys.argv[1]))))
