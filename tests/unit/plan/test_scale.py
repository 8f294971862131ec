# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan costs grows with the site and no faster: calls are counted, since times depend on the machine."""

from __future__ import annotations

import gc
from functools import partial
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.families import Family
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.intervals import Interval, overlaps
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._resolve.site import missing_from_limit
from ansible_collections.hybridnet.cluster_edge.tests.support.calls import LINEAR, calls_of
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.large import large_document


def calls_of_plan(nodes: int, pools: int, services: int) -> int:
    inventory = inventory_from(large_document(nodes, pools, services))
    planned: list[Any] = []
    calls = calls_of(lambda: planned.append(plan(inventory)))
    assert not planned[0].findings
    assert len(planned[0].data["services"]) == services
    return calls


@pytest.mark.parametrize(
    "more",
    [
        pytest.param((0, 0, 80), id="services"),
        pytest.param((0, 40, 0), id="pools"),
        pytest.param((40, 0, 0), id="nodes"),
        pytest.param((20, 8, 80), id="all"),
    ],
)
def test_a_plan_grows_with_the_site(more: tuple[int, int, int]) -> None:
    nodes, pools, services = more
    nothing = calls_of_plan(8, 8, 8)
    little = calls_of_plan(8 + nodes, 8 + pools, 8 + services) - nothing
    much = calls_of_plan(8 + 10 * nodes, 8 + 10 * pools, 8 + 10 * services) - nothing
    assert much <= little * LINEAR


def test_a_limit_costs_a_session_no_more_where_there_are_many() -> None:
    calls = []
    for nodes in (20, 200):
        site = plan(inventory_from(large_document(nodes, 4, 4))).site
        hosts = frozenset(node.host for cluster in site.clusters for node in cluster.nodes)
        calls.append(calls_of(partial(missing_from_limit, site, hosts)))
    assert calls[1] <= calls[0] * LINEAR


def test_overlaps_are_found_in_one_sweep() -> None:
    few, many = ([Interval(Family.IPV4, first * 4, first * 4 + 4) for first in range(count)] for count in (300, 3000))
    assert len(overlaps(many)) == 2999
    assert calls_of(lambda: overlaps(many)) <= calls_of(lambda: overlaps(few)) * LINEAR


def test_the_site_of_the_benchmark_has_room_for_all_its_nodes() -> None:
    assert not plan(inventory_from(large_document(5000, 12, 12))).findings


@pytest.mark.parametrize("on", [True, False])
def test_a_plan_leaves_the_garbage_collector_as_it_was(on: bool) -> None:
    before, frozen = gc.isenabled(), gc.get_freeze_count()
    (gc.enable if on else gc.disable)()
    try:
        plan(inventory_from(large_document(1, 1, 1)))
        assert gc.isenabled() is on
        assert gc.get_freeze_count() == frozen
    finally:
        (gc.enable if before else gc.disable)()
