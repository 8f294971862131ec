# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of Cilium that suites try, and what a test of them needs of this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import CILIUM

RELEASES = tuple(CILIUM)
"""Oldest first."""
OLDEST, NEWEST = RELEASES[0], RELEASES[-1]

needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="needs the program go, for Cilium's own files")
"""Skips a test that reads CRDs or a chart where nothing can download them."""


def require(program: Path) -> None:
    """Skip the test, with the reason, where this machine lacks a program."""
    if not program.exists():
        pytest.skip(f"needs the program {program}")
