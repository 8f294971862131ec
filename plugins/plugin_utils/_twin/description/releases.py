# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which release of Cilium a twin runs in the place of the planned one."""

from __future__ import annotations

from collections.abc import Sequence

from ....module_utils._errors import EdgeError
from ..._versions.cilium import parse_version


def nearest_release(planned: str, available: Sequence[str], cluster: str) -> str:
    """Return the available release of the planned minor version whose patch is nearest, the newer of two.

    Another minor version is never taken: its objects, Helm values and rules are others.

    Args:
        planned: ``edge_cilium_version``.
        available: the releases that the twin has programs for.
        cluster: its host, for the error.

    Raises:
        EdgeError: no release of that minor version is available.
    """
    if planned in available:
        return planned
    major, minor, patch = parse_version(planned)
    found = {parse_version(release): release for release in available}
    same = [version for version in found if version[:2] == (major, minor)]
    if same:
        return found[min(same, key=lambda version: (abs(version[2] - patch), -version[2]))]
    closest = found[min(found, key=lambda version: abs(1000 * (version[0] - major) + version[1] - minor))]
    there = ", ".join(found[version] for version in sorted(found))
    raise EdgeError(
        f"{cluster}.edge_cilium_version",
        f"the twin has no release of Cilium {major}.{minor} ({planned})",
        f"it has {there}, and takes them for other patch releases of the same minor version;"
        f" to rehearse the site as it would be on {closest}: -e edge_cilium_version={closest}",
    )
