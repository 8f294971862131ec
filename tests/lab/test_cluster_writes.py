# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removals against a real API server, while somebody else writes the same objects."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes import note, removal  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.reader import (  # noqa: E402
    ClusterReader,
    ClusterReadError,
    open_cluster,
)
from cluster_lab import Cluster  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

POOL = "/apis/cilium.io/v2/ciliumloadbalancerippools/old"
NOTE = "/api/v1/namespaces/kube-system/configmaps/cluster-edge-home"
LABELS = {"cluster-edge.hybridnet/site": "home"}
MERGE_PATCH = "application/merge-patch+json"
UID = "6f1c9d0e-6d0b-4b43-9f0b-1a2b3c4d5e6f"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    for cluster in cluster_lab.started(tmp_path_factory.mktemp("cluster")):
        cluster.add_cilium_kinds()
        yield cluster


@pytest.fixture
def reader(cluster: Cluster) -> Iterator[ClusterReader]:
    with open_cluster(str(cluster.kubeconfig), None, {}) as reader:
        yield reader


@pytest.fixture
def pool(cluster: Cluster) -> Iterator[dict[str, Any]]:
    yield made_anew(cluster)
    if cluster.get(POOL):
        cluster.request("DELETE", POOL)


def made_anew(cluster: Cluster) -> dict[str, Any]:
    """Make the pool, after the deletion of the one before, and return what a removal is told of it."""
    if cluster.get(POOL):
        cluster.request("DELETE", POOL)
    item = {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool"}
    metadata = {"name": "old", "labels": LABELS}
    made = cluster.apply(POOL, {**item, "metadata": metadata, "spec": {"blocks": [{"cidr": "192.0.2.0/28"}]}})
    return {**item, "metadata": {"name": "old", "uid": made["metadata"]["uid"]}}


def remove(reader: ClusterReader, *objects: Mapping[str, Any], dry_run: bool = False) -> list[dict[str, Any]]:
    options = {"objects": objects, "labels": LABELS, "continue_on_error": False, "dry_run": dry_run}
    results: list[dict[str, Any]] = removal.remove_objects(reader, options)["results"]
    return results


def between_look_and_deletion(
    monkeypatch: pytest.MonkeyPatch, reader: ClusterReader, act: Callable[[], object], times: int = 1
) -> None:
    """Let somebody act between the last look at an object and its deletion."""
    send = reader.send
    left = [act] * times

    def late(method: str, *arguments: Any, **options: Any) -> Any:
        if method == "delete" and left:
            left.pop()()
        return send(method, *arguments, **options)

    monkeypatch.setattr(reader, "send", late)


def test_object_that_was_looked_at_goes(cluster: Cluster, reader: ClusterReader, pool: dict[str, Any]) -> None:
    (preview,) = remove(reader, pool, dry_run=True)
    assert cluster.get(POOL) is not None
    (found,) = remove(reader, pool)
    assert found == preview
    assert (found["outcome"], found["before"]["spec"]["blocks"]) == ("removed", [{"cidr": "192.0.2.0/28"}])
    assert cluster.get(POOL) is None
    assert remove(reader, pool) == [{"outcome": "gone"}]


def test_object_made_anew_before_the_removal_stays(
    cluster: Cluster, reader: ClusterReader, pool: dict[str, Any]
) -> None:
    other = made_anew(cluster)
    (found,) = remove(reader, pool)
    assert (found["outcome"], found["reason"]) == ("gone", "somebody deleted it and made it anew during this run")
    assert cluster.get(POOL)["metadata"]["uid"] == other["metadata"]["uid"]


def test_object_made_anew_directly_before_the_deletion_stays(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, reader: ClusterReader, pool: dict[str, Any]
) -> None:
    between_look_and_deletion(monkeypatch, reader, lambda: made_anew(cluster))
    (found,) = remove(reader, pool)
    assert (found["outcome"], "made it anew" in found["reason"]) == ("gone", True)
    assert cluster.get(POOL) is not None


def test_labels_taken_off_directly_before_the_deletion_keep_the_object(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, reader: ClusterReader, pool: dict[str, Any]
) -> None:
    taken = {"metadata": {"labels": dict.fromkeys(LABELS)}}
    between_look_and_deletion(monkeypatch, reader, lambda: cluster.request("PATCH", POOL, taken, MERGE_PATCH))
    assert [item["outcome"] for item in remove(reader, pool)] == ["kept"]
    assert cluster.get(POOL) is not None


def test_status_that_is_written_all_the_time_keeps_no_object(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, reader: ClusterReader, pool: dict[str, Any]
) -> None:
    numbers = iter(range(10))

    def count() -> None:
        patch = {"metadata": {"annotations": {"count": str(next(numbers))}}}
        cluster.request("PATCH", POOL, patch, MERGE_PATCH)

    between_look_and_deletion(monkeypatch, reader, count, times=3)
    assert [item["outcome"] for item in remove(reader, pool)] == ["removed"]


def test_removal_that_is_refused_says_why(cluster: Cluster, reader: ClusterReader, pool: dict[str, Any]) -> None:
    with cluster_lab.refusing(cluster, "ciliumloadbalancerippools", "old", "DELETE"):
        found = remove(reader, pool, {**pool, "metadata": {**pool["metadata"], "name": "next"}})
    (refused,) = found
    assert (refused["outcome"], refused["status"]) == ("refused", 422)
    assert "denied request: not here" in refused["reason"]
    assert cluster.get(POOL) is not None


def options(**changes: Any) -> dict[str, Any]:
    own = {name: spec.get("default") for name, spec in note.ARGUMENTS.items()}
    return {**own, "namespace": "kube-system", "name": "cluster-edge-home", "manager": "lab", **changes}


def test_note_in_which_another_run_notes_meanwhile_stays(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, reader: ClusterReader
) -> None:
    note.write_note(reader, options(data={"noted.lb": "true"}))
    another = {"data": {UID: "CiliumLoadBalancerIPPool new"}}
    between_look_and_deletion(monkeypatch, reader, lambda: cluster.request("PATCH", NOTE, another, MERGE_PATCH))
    assert note.write_note(reader, options(state="absent")) == {"changed": False}
    assert cluster.get(NOTE)["data"] == {"noted.lb": "true", **another["data"]}
    assert note.write_note(reader, options(state="absent", data={UID: None})) == {"changed": True}
    assert cluster.get(NOTE) is None


def test_immutable_note_is_told_with_its_reason(cluster: Cluster, reader: ClusterReader) -> None:
    note.write_note(reader, options(data={"noted.lb": "true"}))
    cluster.request("PATCH", NOTE, {"immutable": True}, MERGE_PATCH)
    with pytest.raises(ClusterReadError, match=r"422 .*immutable"):
        note.write_note(reader, options(data={"noted.bgp": "true"}))
    assert note.write_note(reader, options(state="absent")) == {"changed": True}


def test_runs_that_remove_at_a_time_do_not_disturb_each_other(cluster: Cluster, pool: dict[str, Any]) -> None:
    results: list[str] = []
    barrier = threading.Barrier(6)

    def run() -> None:
        with open_cluster(str(cluster.kubeconfig), None, {}) as own:
            barrier.wait()
            results.extend(item["outcome"] for item in remove(own, pool))

    threads = [threading.Thread(target=run) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["gone"] * 5 + ["removed"]
