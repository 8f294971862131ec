# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An overlay as it stands in a folder: where it is, and what is written in it.

Every run asks for it, most of them without a twin: nothing of the twin itself is loaded for that.
"""

from __future__ import annotations

import json
from pathlib import Path

from ....module_utils._errors import EdgeError
from ..guard.ways_out import Overlay

MARKER = ".cluster-edge-twin.json"
"""Makes a folder an overlay. Ansible reads no hidden file of an inventory folder."""

FOLDER = "overlay"
"""Its name in the twin's folder."""

VARIABLE = "edge_twin_overlay"
"""On every host of an overlay: its folder."""


def is_overlay(folder: Path) -> bool:
    """Return whether an inventory folder is a twin's overlay."""
    return (folder / MARKER).is_file()


def overlays(path: Path) -> list[Path]:
    """Return the overlay that a file or folder of an inventory is, or is a file of."""
    return [folder for folder in (path, path.parent) if is_overlay(folder)]


def read_overlay(folder: Path) -> Overlay:
    """Return what stands in an overlay.

    Raises:
        EdgeError: somebody has edited it into what cannot be read.
    """
    try:
        twin = json.loads((folder / MARKER).read_text("utf-8"))["twin"]
        paths = sorted((folder / "host_vars").glob("*.yml"))
        return Overlay(str(folder), twin, {path.stem: dict(json.loads(path.read_text("utf-8"))) for path in paths})
    except (OSError, ValueError, TypeError, KeyError) as error:
        problem = f"this overlay is not as the twin has written it: {error}"
        raise EdgeError(str(folder), problem, "write it anew: playbooks/twin.yml") from error
