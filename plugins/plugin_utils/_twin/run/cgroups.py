# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cgroups of the unified hierarchy: every process of a twin is in one, so that ``cgroup.kill`` ends them all."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from ....module_utils._errors import EdgeError

_POLL = 0.02


def _mounts(*types: str) -> Iterator[Path]:
    """Yield the mount points of file systems of ``types``, from proc(5) mountinfo."""
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        fields, _dash, tail = line.partition(" - ")
        if tail.split(" ", 1)[0] in types:
            yield Path(fields.split(" ")[4].replace("\\040", " "))


def _remove_tree(path: Path) -> None:
    for folder, _folders, _files in os.walk(path, topdown=False):
        os.rmdir(folder)


class Cgroup:
    """A cgroup by its path below the unified hierarchy's mount point."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of_twin(cls, name: str) -> Cgroup:
        """Return the twin's own cgroup, whether or not it exists."""
        mount = next(_mounts("cgroup2"), None)
        if mount is None:
            raise EdgeError(
                "",
                "no cgroup2 hierarchy is mounted",
                "the twin needs cgroup.kill: Linux 5.14 or newer, cgroup2 mounted",
            )
        return cls(mount / name)

    def child(self, name: str) -> Cgroup:
        """Return the cgroup ``name`` below this one."""
        return Cgroup(self.path / name)

    def create(self) -> None:
        """Make it and its parents."""
        self.path.mkdir(parents=True, exist_ok=True)

    def pids(self) -> list[int]:
        """Return the processes of it and below."""
        found: list[int] = []
        for folder, _folders, _files in os.walk(self.path):
            try:
                found += map(int, Path(folder, "cgroup.procs").read_text(encoding="ascii").split())
            except OSError:  # removed, or made threaded, meanwhile
                continue
        return found

    def own_pids(self) -> list[int]:
        """Return the processes of it alone."""
        try:
            return [int(pid) for pid in (self.path / "cgroup.procs").read_text(encoding="ascii").split()]
        except OSError:
            return []

    def populated(self) -> bool:
        """Return whether a process lives in it or below (zombies do not count)."""
        try:
            return "populated 1" in (self.path / "cgroup.events").read_text(encoding="ascii")
        except OSError:
            return False

    def kill(self, limit: float = 10.0) -> None:
        """End every process in it and below, at once, and remove it.

        Raises:
            EdgeError: a process is still there after ``limit`` seconds.
        """
        if self.path.exists():
            (self.path / "cgroup.kill").write_text("1", encoding="ascii")
            end = time.monotonic() + limit
            while self.populated():
                if time.monotonic() > end:
                    raise EdgeError(
                        str(self.path), f"processes {self.pids()} are still there {limit:g} s after cgroup.kill"
                    )
                time.sleep(_POLL)
            self._remove(end)

    def _remove(self, end: float) -> None:
        while True:
            try:
                return _remove_tree(self.path)
            except OSError:
                # A zombie that nobody has reaped yet keeps the cgroup busy.
                if time.monotonic() > end:
                    raise
                time.sleep(_POLL)

    def remove_shadows(self) -> None:
        """Remove what systemd-nspawn makes of the same name in the hierarchies of cgroup v1."""
        for mount in _mounts("cgroup"):
            shadow = mount / self.path.name
            if shadow.is_dir():
                _remove_tree(shadow)
