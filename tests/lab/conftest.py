# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab tests: they need root and start a real router in network namespaces."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

_PROBES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep what the drills' probes say."""
    config.stash[_PROBES] = []


@pytest.fixture
def told_by_probes(request: pytest.FixtureRequest) -> list[str]:
    """Return the lines about probes that are printed at the end of the run."""
    return request.config.stash[_PROBES]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what each drill lost."""
    if config.stash[_PROBES]:
        terminalreporter.section("probes every 10 ms through each drill")
        for line in config.stash[_PROBES]:
            terminalreporter.write_line(line)
