# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of a router's changes, with few neighbors and one change: what it says is what happened."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from router_lab import missing

REASON = missing()
pytestmark = [
    pytest.mark.lab,
    pytest.mark.long,
    pytest.mark.skipif(REASON is not None, reason=f"a router cannot start here: {REASON}"),
]

ROW = re.compile(
    r"^  a timer +(?P<way>\w+) +[0-9.]+ s \( *[0-9.]+ s computed\) +[0-9.]+ x reload"
    r"  reset: +(?P<reset>\d+) of +(?P<unconcerned>\d+) unconcerned, (?P<of_others>\d+) of (?P<others>\d+) others;"
    r"  (?P<lost>\d+) of \d+ probes lost, longest gap [0-9.]+ s$"
)


def test_the_three_ways_side_by_side() -> None:
    argv = [sys.executable, "benchmarks/router.py", "--neighbors", "6", "--changes", "a timer"]
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    title, *rows = done.stdout.splitlines()
    assert title.startswith("6 neighbors, FRR 10.3")
    costs = {found.group("way"): found for found in map(ROW.match, rows) if found}
    assert list(costs) == ["transaction", "reload", "restart"], done.stdout
    for way, cost in costs.items():
        assert (cost.group("unconcerned"), cost.group("others")) == ("4", "2")
        assert cost.group("reset") == ("4" if way == "restart" else "0"), cost.group()
        assert (int(cost.group("lost")) > 0) is (way == "restart"), cost.group()
