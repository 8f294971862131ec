# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab tests: they need root and start a real router in network namespaces."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

_PROBES = "probes"
"""Name of the property of a test that says what its probes lost; xdist hands properties on."""


@pytest.fixture
def told_by_probes(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return what notes a line about probes, which is printed at the end of the run."""
    return lambda line: request.node.user_properties.append((_PROBES, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what each drill lost."""
    reports = [
        item for items in terminalreporter.stats.values() for item in items if isinstance(item, pytest.TestReport)
    ]
    told = [
        text
        for report in reports
        if report.when == "teardown"
        for name, text in report.user_properties
        if name == _PROBES
    ]
    if told:
        terminalreporter.section("probes through each drill: echo requests every 10 ms, connections every 50 ms")
        for line in told:
            terminalreporter.write_line(str(line))
