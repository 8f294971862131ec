# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the control machine needs for a cluster, and from which version on."""

from __future__ import annotations

from collections.abc import Mapping

OLDEST: Mapping[str, tuple[int, ...]] = {
    "ansible-core": (2, 19),  # meta/runtime.yml
    "helm": (3, 14),  # the oldest that site.yml ran with
    "kubernetes": (24, 2),  # meta/ee-requirements.txt; the oldest that the tests passed with
}
"""The oldest version of each program and library."""

TOO_NEW: Mapping[str, tuple[int, ...]] = {"helm": (5,)}
"""The first version that nobody has tried, and that may speak otherwise."""


def version_text(version: tuple[int, ...]) -> str:
    """Return a version as it is written."""
    return ".".join(str(number) for number in version)
