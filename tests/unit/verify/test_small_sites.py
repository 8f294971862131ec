# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites of many kinds in good order, and with one session down: verify tells exactly that."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import (
    verify,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.healthy import (
    healthy,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import (
    good,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.small_sites import (
    CLASSES,
    DUAL,
    IPV6_ONLY,
    L2_ONLY,
    SMALL,
    SPLIT,
    TWO_CLUSTERS,
    TWO_ROUTERS,
    with_variable,
)

SITES = {
    "small": SMALL,
    "dual stack": DUAL,
    "IPv6 only": IPV6_ONLY,
    "a peering for each family": SPLIT,
    "two routers": TWO_ROUTERS,
    "two clusters": TWO_CLUSTERS,
    "classes": CLASSES,
    "L2 only": L2_ONLY.replace("edge_services: {media/plex: {addresses: 10.0.1.230, ports: [{port: 32400}]}}", ""),
    "iBGP": SMALL.replace("64701", "64700"),
}


@pytest.mark.parametrize("text", SITES.values(), ids=SITES)
def test_verify_finds_a_site_in_good_order(text: str) -> None:
    data = good(text)
    report = verify(data, healthy(data), True)
    assert [finding.text for finding in report.findings] == []
    assert len(report.rows) > len(data["sessions"]) * 2


@pytest.mark.parametrize("text", [SITES[name] for name in SITES if name != "L2 only"])
def test_verify_misses_each_session_on_both_ends(text: str) -> None:
    """What is expected of a session belongs to that session alone."""
    data = good(text)
    for session in data["sessions"]:
        observed = healthy(data)
        observed["routers"][session["router"]]["neighbors"][session["node_address"]]["bgpState"] = "Active"
        paths = [finding.path for finding in verify(data, observed, True).findings]
        assert len(paths) >= 1
        assert all(session["node_address"] in path or session["node"] in path for path in paths), paths


@pytest.mark.parametrize(
    ("host", "variable", "end"),
    [("gw", "edge_router_managed", "routers"), ("home", "edge_cluster_managed", "clusters")],
)
def test_verify_judges_the_managed_end_alone(host: str, variable: str, end: str) -> None:
    data = with_variable(host, variable, False).data
    observed = healthy(data)
    observed[end].clear()
    report = verify(data, observed, True)
    assert [finding.text for finding in report.findings] == []
    assert len([row for row in report.rows if "session" in row.step]) == 2
