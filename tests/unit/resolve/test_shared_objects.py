# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last check before objects are made: whatever two sessions of one object differ in is told, and never rendered."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.report import Report
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.parse import ParsedSite
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.values import Item, Items
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import Session
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._resolve.clusters.shared_objects import (
    check_shared_objects,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._resolve.hosts import Context
from ansible_collections.hybridnet.cluster_edge.tests.support.resolved import replace
from ansible_collections.hybridnet.cluster_edge.tests.support.small_model import KEYS, session, small_site

FIRST, SECOND = session("n1", "10.0.1.11"), session("n2", "10.0.1.12")
SPLIT = "let peerings select them by different labels"


def told(*sessions: Session) -> list[str]:
    """Return the findings about a cluster with these sessions."""
    items = Items()
    items["k8s"] = Item("edge_peerings.k8s", {})
    parsed = ParsedSite("edge", Items(), Items(), Items(), {}, {"home": {"edge_peerings": items}}, {}, {})
    context = Context(parsed, Report())
    check_shared_objects(context, replace(small_site().clusters[0], sessions=sessions))
    return [f"{finding.code} {finding.text}" for finding in context.report.findings]


@pytest.mark.parametrize(
    ("sessions", "finding"),
    [
        pytest.param(
            (FIRST, replace(SECOND, keys=replace(KEYS, multihop=2))),
            "EDGE608 edge_peerings.k8s: sessions of n1 and n2 share the CiliumBGPPeerConfig 'k8s', but differ in session"
            " keys or families (split it into two peerings)",
            id="keys",
        ),
        pytest.param(
            (FIRST, replace(SECOND, families=("ipv4", "ipv6"))),
            "EDGE608 edge_peerings.k8s: sessions of n1 and n2 share the CiliumBGPPeerConfig 'k8s', but differ in session"
            " keys or families (split it into two peerings)",
            id="families",
        ),
        pytest.param(
            (FIRST,),
            "EDGE608 home.edge_peerings: n1 and n2 share the CiliumBGPClusterConfig 'all', but differ in instances or"
            f" peers ({SPLIT})",
            id="a node of the class without a session",
        ),
        pytest.param(
            (FIRST, replace(SECOND, router_address="10.0.2.1")),
            "EDGE608 home.edge_peerings: n1 and n2 share the CiliumBGPClusterConfig 'all', but differ in instances or"
            f" peers ({SPLIT})",
            id="another address of the router",
        ),
        pytest.param(
            (FIRST, replace(FIRST, router_address="10.0.2.1"), SECOND, replace(SECOND, router_address="10.0.2.1")),
            "EDGE608 home.edge_peerings: peer 'k8s-gw' of instance 'as64701' in CiliumBGPClusterConfig 'all' would stand"
            " twice (write another names.peer)",
            id="one name for two peers",
        ),
    ],
)
def test_what_sessions_of_one_object_cannot_have_differently(sessions: tuple[Session, ...], finding: str) -> None:
    assert told(*sessions) == [finding]


@pytest.mark.parametrize(
    "sessions",
    [
        pytest.param((FIRST, SECOND), id="alike"),
        pytest.param(
            (FIRST, replace(SECOND, keys=replace(KEYS, description="x", shutdown=True))), id="the router's keys"
        ),
        pytest.param((FIRST, replace(SECOND, local_address="10.9.0.2")), id="a source address of its own"),
    ],
)
def test_what_they_can(sessions: tuple[Session, ...]) -> None:
    assert told(*sessions) == []
