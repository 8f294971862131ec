# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change costs on the router grows with its neighbors and no faster: calls are counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import transaction
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.state import SessionState
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import change
from ansible_collections.hybridnet.cluster_edge.tests.support.calls import LINEAR, calls_of
from ansible_collections.hybridnet.cluster_edge.tests.support.many_neighbors import (
    APART,
    CHANGES,
    UPSTREAM,
    configuration,
    nodes_of,
)

HEADER = "frr defaults traditional\nlog syslog\n!\n"


def router(neighbors: int, running: str) -> transaction.RouterState:
    addresses = [*nodes_of(neighbors), *APART, UPSTREAM]
    up = {address: SessionState(address, "Established", 65001, None, {"ipv4": 1}, 0) for address in addresses}
    return transaction.RouterState("10.3", True, True, True, True, True, running, running, up)


def whole(found: transaction.RouterState, content: str, stage: str) -> None:
    """Decide, describe and prove a change, as on the router."""
    plan = transaction.plan(found, content, stage, "auto")
    change.described(found, plan, whole=False)
    after = HEADER + content
    transaction.configuration_problem(plan, after)
    transaction.lost_blocks(plan, after)
    transaction.gained_blocks(plan, after)
    transaction.session_problems(plan, found.sessions, found.sessions)
    transaction.password_changes(plan.live, plan.target)


@pytest.mark.parametrize("stage", ["expand", "contract"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_costs_a_neighbor_no_more_where_there_are_many(name: str, stage: str) -> None:
    works: list[Callable[[], Any]] = [
        partial(
            whole,
            router(neighbors, HEADER + configuration(neighbors)),
            configuration(neighbors, CHANGES[name].wish),
            stage,
        )
        for neighbors in (40, 400)
    ]
    assert calls_of(works[1]) <= calls_of(works[0]) * LINEAR


@pytest.mark.parametrize("stage", ["expand", "contract"])
def test_a_router_that_activates_every_neighbor_by_itself_costs_no_more(stage: str) -> None:
    works: list[Callable[[], Any]] = []
    for neighbors in (40, 400):
        lines = "".join(
            f" neighbor {address} remote-as 65001\n no neighbor {address} activate\n" for address in nodes_of(neighbors)
        )
        works.append(
            partial(
                whole,
                router(neighbors, f"{HEADER}router bgp 65000\n{lines}exit\n"),
                configuration(neighbors),
                stage,
            )
        )
    assert calls_of(works[1]) <= calls_of(works[0]) * LINEAR
