# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PATH as on a system that has less than the one that runs the tests."""

from __future__ import annotations

import os
from pathlib import Path

PROCPS = ("pgrep", "pkill", "ps")
"""Programs that a minimal Debian lacks, and a container image of it."""


def path_without(folder: Path, *names: str) -> str:
    """Return a PATH with all programs of this process's own, in its order, but those of these names.

    Args:
        folder: is made, and gets a link to each program.
        names: of programs.
    """
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for path in Path(place).glob("*"):
            if path.name not in names and not (folder / path.name).is_symlink():
                (folder / path.name).symlink_to(path)
    return str(folder)
