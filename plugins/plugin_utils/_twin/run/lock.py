# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One process at a time brings a twin up or takes it down, or makes something in a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ....module_utils._errors import EdgeError

FOLDER = Path("/run")
"""Where the locks are: of the machine, root's, and empty after a reboot. Not the twin's own folder, which goes."""


@contextmanager
def held(name: str) -> Iterator[None]:
    """Hold the lock of a twin; its file is there only meanwhile.

    The kernel lets go of it when the process ends, however it ends; a file that is left then is taken over.

    Args:
        name: what the twin's namespaces start with (``twin-<name>``).

    Raises:
        EdgeError: another process holds it.
    """
    path = FOLDER / f"{name}.lock"
    descriptor = _acquire(path)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time make something in ``folder``; the others wait."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _acquire(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 20, 0).decode("ascii", errors="replace").strip()
            os.close(descriptor)
            raise _refusal(path.stem, holder) from error
        if _is_there(path, descriptor):
            return descriptor
        os.close(descriptor)  # its holder removed it meanwhile


def _is_there(path: Path, descriptor: int) -> bool:
    """Return whether the file of a descriptor still has its name."""
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _refusal(name: str, holder: str) -> EdgeError:
    """Return the error that names the holder; nobody knows it for a moment after it has taken the lock."""
    process = f"process {holder}" if holder else "another process"
    end = f"end it (kill {holder})" if holder else "end it"
    return EdgeError(
        "edge_twin_name",
        f"{process} brings the twin {name.removeprefix('twin-')} up or takes it down at this moment",
        f"wait for it, or {end}, then run again; another edge_twin_name with another edge_twin_folder is another twin",
    )
