# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of FRR's versions: what stands elsewhere follows it, and a version that was not tried takes its neighbor's."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import versions
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import ROUTER_SUITES


def test_the_tests_have_a_router_of_each_tried_version() -> None:
    assert [suite.frr for suite in ROUTER_SUITES.values()] == [versions.text_of(tried) for tried in versions.TRIED]
    assert versions.TRIED[0] == versions.OLDEST


@pytest.mark.parametrize(
    ("version", "near"),
    [
        ((7, 5, 1), (7, 5)),
        ((8, 4, 4), (8, 4)),
        ((8, 0), (7, 5)),
        ((8, 2), (8, 4)),  # `exit` came with 8.1
        ((8, 5), (8, 4)),
        ((10, 1, 2), (8, 4)),
        ((10, 3), (10, 3)),
        ((10, 6, 1), (10, 3)),
        ((10, 7, 1), (10, 7)),
        ((11, 0), (10, 7)),
        ((7, 4), (7, 5)),
    ],
)
def test_the_nearest_tried_version_has_the_same_rules(version: tuple[int, ...], near: tuple[int, ...]) -> None:
    assert versions.nearest_tried(version) == near
    assert versions.written_for(near) == versions.written_for(version)
    assert bool(versions.untried(version)) == (version[:2] != near)


def test_a_version_that_was_not_tried_is_told() -> None:
    assert versions.untried((10, 1, 2)) == (
        "FRR 10.1.2 was not tried with this collection: it gets the rules of 8.4, the nearest version that was"
    )
