# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parts of pod ranges nodes get: every part is somebody's, and nobody has that of another."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.addresses import parse_cidr
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.intervals import merge
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.pod_ranges import (
    RESERVE,
    node_parts,
    pod_ranges_in_use,
    written_ranges,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import Cluster, Node
from ansible_collections.hybridnet.cluster_edge.tests.support.resolved import made
from hypothesis import given
from hypothesis import strategies as st

RANGES = [parse_cidr(text, "p") for text in ("10.0.0.0/22", "10.1.0.0/24", "10.2.0.0/23")]


@given(length=st.integers(22, 28), first=st.integers(0, 40), count=st.integers(0, 40))
def test_nodes_get_parts_one_after_the_other(length: int, first: int, count: int) -> None:
    """Cut at any place, the parts before and after it are together those of all nodes."""
    before, after = node_parts(RANGES, length, 0, first), node_parts(RANGES, length, first, count)
    together = merge([*before, *after])
    assert together == merge(node_parts(RANGES, length, 0, first + count))
    assert sum(part.size for part in (*before, *after)) == sum(part.size for part in together)
    singly = [part for number in range(first, first + count) for part in node_parts(RANGES, length, number, 1)]
    assert merge(singly) == merge(after)
    if length >= 24:
        assert {part.size for part in singly} <= {1 << (32 - length)}


def cluster(nodes: int, **changes: Any) -> Cluster:
    members = tuple(made(Node, f"k{number}", "home", {}, {}) for number in range(nodes))
    return made(Cluster, "home", "1.20.2", None, "pool", members, (), (), (), (), **changes)


def test_as_many_nodes_may_come_as_there_are_and_a_few_at_the_least() -> None:
    (few,), (many,) = (pod_ranges_in_use(cluster(count)) for count in (3, 100))
    assert (few.text, few.now[0].size, few.later[0].size) == ("10.0.0.0/8", 3 * 256, RESERVE * 256)
    assert (many.now[0].size, many.later[0].size) == (100 * 256, 100 * 256)


def test_the_length_of_a_part_is_that_of_the_release() -> None:
    values = {"ipam": {"operator": {"clusterPoolIPv4MaskSize": "26"}}}
    (found,) = pod_ranges_in_use(cluster(2, values=values))
    assert found.now[0].size == 2 * 64


@pytest.mark.parametrize(
    ("written", "text"),
    [
        pytest.param(["10.9.0.0/24", "10.8.0.0/24"], "10.9.0.0/24, 10.8.0.0/24", id="a list"),
        pytest.param("10.9.0.0/24 10.8.0.0/24", "10.9.0.0/24, 10.8.0.0/24", id="one text"),
        pytest.param("10.9.0.0/24", "10.9.0.0/24", id="one range"),
        pytest.param(None, "10.0.0.0/8", id="none: the chart's"),
    ],
)
def test_ranges_are_read_as_the_operator_parts_them(written: Any, text: str) -> None:
    values = {"ipam": {"operator": {"clusterPoolIPv4PodCIDRList": written}}}
    (found,) = pod_ranges_in_use(cluster(2, values=values))
    assert found.text == text
    assert written_ranges(written) == (text.split(", ") if written else [])


def test_a_range_with_host_bits_is_the_network_that_it_lies_in() -> None:
    (found,) = pod_ranges_in_use(
        cluster(2, values={"ipam": {"operator": {"clusterPoolIPv4PodCIDRList": ["10.0.0.1/16"]}}})
    )
    assert found.text == "10.0.0.0/16"


def test_where_no_range_is_the_releases() -> None:
    assert pod_ranges_in_use(cluster(2, absent=True)) == []
    assert pod_ranges_in_use(cluster(2, managed=False)) == []
    assert pod_ranges_in_use(cluster(2, pod_cidrs=("10.244.0.0/16",))) == []
    assert pod_ranges_in_use(cluster(2, values={"ipv4": {"enabled": False}})) == []
    assert pod_ranges_in_use(cluster(2, values={"ipam": {"operator": {"clusterPoolIPv4PodCIDRList": ["x"]}}})) == []
