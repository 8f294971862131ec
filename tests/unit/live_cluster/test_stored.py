# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.stored import (
    kinds_to_store,
    left_as_stored,
    still_stored,
    storing_rights,
)

POOL, PEER = "CiliumLoadBalancerIPPool", "CiliumBGPPeerConfig"


def served(*stored: str) -> dict[str, Any]:
    return {"versions": ["v2", "v2alpha1"], "stored": list(stored)}


@pytest.mark.parametrize(
    ("kinds", "version", "expected"),
    [
        pytest.param({POOL: served("v2alpha1", "v2")}, "1.20.0", [POOL], id="both"),
        pytest.param({POOL: served("v2alpha1")}, "1.20.2", [POOL], id="the old one alone"),
        pytest.param({POOL: served("v2")}, "1.20.2", [], id="stored anew"),
        pytest.param({POOL: served("v2alpha1", "v2")}, "1.19.6", [], id="one may go back"),
        pytest.param({POOL: served("v2alpha1", "v2")}, None, [], id="a version that nobody knows"),
        pytest.param({PEER: served("v2alpha1", "v2")}, "1.20.2", [], id="the operator does it"),
        pytest.param({}, "1.20.2", [], id="no such kind"),
    ],
)
def test_which_kinds_a_run_stores_anew(kinds: dict[str, Any], version: str | None, expected: list[str]) -> None:
    assert kinds_to_store(kinds, version) == expected


@pytest.mark.parametrize(
    ("kinds", "planned", "told"),
    [
        pytest.param({POOL: served("v2alpha1", "v2")}, "1.21.0", POOL, id="pools"),
        pytest.param({PEER: served("v2alpha1", "v2"), POOL: served("v2")}, "1.21.0", PEER, id="one for BGP"),
        pytest.param({POOL: served("v2alpha1", "v2")}, "1.20.2", "", id="a version that serves both"),
        pytest.param({POOL: served("v2")}, "1.21.0", "", id="stored anew"),
    ],
)
def test_a_version_that_drops_what_is_stored_is_refused(kinds: dict[str, Any], planned: str, told: str) -> None:
    text = (
        f"{told} may be stored as cilium.io/v2alpha1, which Cilium 1.21 no longer serves (cilium/cilium#47242): the API"
        f" server would refuse the definition that {planned} brings (status.storedVersions). Run site.yml once with"
        " edge_cilium_version: 1.20.x (its newest), which stores them anew, by an account that may patch"
        " customresourcedefinitions/status"
    )
    assert still_stored(kinds, planned) == ([text] if told else [])


def test_the_rights_that_it_needs() -> None:
    found = {(right.group, right.resource, right.verb) for right in storing_rights([POOL])}
    definitions = "apiextensions.k8s.io", "customresourcedefinitions/status"
    pools = "cilium.io", "ciliumloadbalancerippools"
    assert found == {(*definitions, "patch"), (*pools, "list"), (*pools, "patch")}
    assert storing_rights([]) == set()


def test_what_is_said_of_a_kind_that_stays_as_it_is() -> None:
    assert left_as_stored([POOL], "not yours") == (
        "CiliumLoadBalancerIPPool may be stored as cilium.io/v2alpha1, which Cilium 1.21 no longer serves"
        " (cilium/cilium#47242), and the run leaves that as it is: not yours. Before 1.21, let an account that may do"
        ' it run once (docs/cluster.md, "Stored versions")'
    )
