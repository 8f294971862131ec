# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of policies and of peerings' filters that need no site: pod ranges, pools, aggregates."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.addresses import parse_cidr
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.families import Family
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import PrefixRule
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._resolve.peerings.import_filter import pool_routes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._resolve.routers.policies import pod_rules
from ansible_collections.hybridnet.cluster_edge.tests.support.resolved import made
from ansible_collections.hybridnet.cluster_edge.tests.support.small_model import pool

Rule = tuple[str, int | None, int | None]


@pytest.mark.parametrize(
    ("cidrs", "mask", "expected"),
    [
        pytest.param((), {"ipv4": 24, "ipv6": 64}, [], id="no range"),
        pytest.param(
            ("10.244.0.0/16", "fd00:244::/48"),
            {"ipv4": 24, "ipv6": 64},
            [("10.244.0.0/16", 24, 24), ("fd00:244::/48", 64, 64)],
            id="each family has its length",
        ),
        pytest.param(("10.244.0.0/24",), {"ipv4": 24}, [("10.244.0.0/24", None, None)], id="one node's range"),
        pytest.param(
            ("10.244.0.0/26",), {"ipv4": 24}, [("10.244.0.0/26", None, None)], id="a range longer than the mask"
        ),
        pytest.param(
            ("fd00:244::/64",), {"ipv4": 24}, [("fd00:244::/64", None, None)], id="a family without a mask: the range"
        ),
        pytest.param(("10.244.0.0/16",), {"ipv4": 32}, [("10.244.0.0/16", 32, None)], id="host routes"),
    ],
)
def test_pod_rules(cidrs: tuple[str, ...], mask: dict[str, int], expected: list[Rule]) -> None:
    lengths = {Family.of_key(family): length for family, length in mask.items()}
    found = pod_rules([parse_cidr(cidr, "cidrs") for cidr in cidrs], lengths)
    assert list(found) == [made(PrefixRule, *known) for known in expected]


@pytest.mark.parametrize(
    ("addresses", "aggregate", "local", "expected"),
    [
        pytest.param("203.0.113.0/28", {}, False, [("203.0.113.0/28", 32, None)], id="host routes"),
        pytest.param("203.0.113.0/28", {}, True, [("203.0.113.0/28", 32, None)], id="Local needs nothing more"),
        pytest.param("203.0.113.0/26", {"ipv4": 28}, False, [("203.0.113.0/26", 28, 28)], id="aggregates"),
        pytest.param(
            "203.0.113.0/26",
            {"ipv4": 28},
            True,
            [("203.0.113.0/26", 28, 28), ("203.0.113.0/26", 32, None)],
            id="aggregates, and host routes of services of policy Local",
        ),
        pytest.param(
            "203.0.113.16/30",
            {"ipv4": 24},
            False,
            [("203.0.113.0/24", None, None)],
            id="an aggregate wider than the pool: what nodes announce, not what the pool holds",
        ),
        pytest.param(
            "2001:db8::/120", {"ipv4": 28}, True, [("2001:db8::/120", 128, None)], id="the other family's aggregate"
        ),
    ],
)
def test_pool_routes(addresses: str, aggregate: dict[str, int], local: bool, expected: list[Rule]) -> None:
    known = pool("lb", addresses, aggregate=aggregate)
    assert sorted(set(pool_routes(known, local)), key=str) == sorted(
        (made(PrefixRule, *of) for of in expected), key=str
    )
