# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of the API server's answers to the writes of a part."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.outcomes import OTHER_LABELS
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.writes import (
    RETRY,
    WriteError,
    sorted_answers,
    sorted_removals,
)

OBJECTS = [
    {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": name}}
    for name in ("lb", "media")
]
MEDIA = "CiliumLoadBalancerIPPool media"


@pytest.mark.parametrize("outcome", ["applied", "unchanged"])
def test_an_object_that_a_webhook_rewrites_is_not_as_planned(outcome: str) -> None:
    results: list[dict[str, Any]] = [
        {"outcome": "applied", "uid": "1"},
        {"outcome": outcome, "uid": "2", "rewritten": ["spec.blocks"]},
    ]
    with pytest.raises(WriteError, match=r"media: the API server keeps other values .* at spec\.blocks"):
        sorted_answers(OBJECTS, results)
    changed, told = sorted_answers(OBJECTS, results, tolerant=True)
    assert [item["metadata"]["name"] for item, _found in changed] == ["lb", "media"][: 1 + (outcome == "applied")]
    assert list(told) == [MEDIA]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        pytest.param("denied", "the API server refused to write it: denied", id="the API server"),
        pytest.param("somebody deleted it during this run", None, id="deleted"),
        pytest.param("somebody deleted it and made it anew during this run", None, id="made anew"),
        pytest.param(OTHER_LABELS, None, id="labels of a Node"),
    ],
)
def test_who_has_left_an_object_is_told(reason: str, said: str | None) -> None:
    results = [{"outcome": "unchanged", "uid": "1"}, {"outcome": "refused", "reason": reason, "status": 409}]
    with pytest.raises(WriteError) as caught:
        sorted_answers(OBJECTS, results)
    assert str(caught.value) == f"{MEDIA}: {said or reason}\n{RETRY}"
    assert sorted_answers(OBJECTS, results, tolerant=True)[1] == {MEDIA: reason}


@pytest.mark.parametrize(
    ("found", "removed", "kept"),
    [
        pytest.param({"outcome": "removed"}, True, False, id="gone by this run"),
        pytest.param({"outcome": "gone"}, False, False, id="gone before"),
        pytest.param({"outcome": "ending", "reason": "finalizers"}, True, True, id="a finalizer holds it"),
        pytest.param({"outcome": "kept", "reason": "labels"}, False, True, id="not ours any more"),
    ],
)
def test_what_is_there_still_stays_noted(found: dict[str, Any], removed: bool, kept: bool) -> None:
    done, stays, told = sorted_removals(OBJECTS[1:], [found], tolerant=False)
    assert (bool(done), stays) == (removed, {MEDIA} if kept else set())
    assert list(told) == ([MEDIA] if "reason" in found else [])
