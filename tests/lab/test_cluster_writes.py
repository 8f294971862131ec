# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes and removals against a real API server, which may hang, while somebody else writes the same objects."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes import (  # noqa: E402
    api as api_module,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes import (  # noqa: E402
    application,
    note,
    removal,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import (  # noqa: E402
    ClusterApi,
    ClusterError,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.client import (  # noqa: E402
    ClusterClient,
    open_cluster,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.large import applied_cluster  # noqa: E402
from api_gate import AFTER, BEFORE, HANGS, STALLS, gate  # noqa: E402
from cluster_lab import Cluster  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

POOL = "/apis/cilium.io/v2/ciliumloadbalancerippools/old"
NOTE = "/api/v1/namespaces/kube-system/configmaps/cluster-edge-home"
LABELS = {"cluster-edge.hybridnet/site": "home"}
MERGE_PATCH = "application/merge-patch+json"
NOTES = 5
"""Writes of a first run of two roles beside their objects: each notes what it makes, before and after; one makes the note."""
READS = 12
"""Readings of a run of two roles: lists and kinds, whatever they hold."""
WHICH = 6
"""Readings of a first run beside them: each module that writes asks first which cluster it is, once."""
UID = "6f1c9d0e-6d0b-4b43-9f0b-1a2b3c4d5e6f"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    for cluster in cluster_lab.started(tmp_path_factory.mktemp("cluster")):
        cluster.add_cilium_kinds()
        yield cluster


@pytest.fixture
def api(cluster: Cluster) -> Iterator[ClusterApi]:
    with open_cluster(str(cluster.kubeconfig), None, {}) as api:
        yield api


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


def remove(api: ClusterApi, *objects: Mapping[str, Any], dry_run: bool = False) -> list[dict[str, Any]]:
    options = {"objects": objects, "labels": LABELS, "continue_on_error": False, "dry_run": dry_run}
    results: list[dict[str, Any]] = removal.remove_objects(api, options)["results"]
    return results


def between_look_and_deletion(
    monkeypatch: pytest.MonkeyPatch, api: ClusterApi, act: Callable[[], object], times: int = 1
) -> None:
    """Let somebody act between the last look at an object and its deletion."""
    send = api.send
    left = [act] * times

    def late(method: str, *arguments: Any, **options: Any) -> Any:
        if method == "delete" and left:
            left.pop()()
        return send(method, *arguments, **options)

    monkeypatch.setattr(api, "send", late)


def test_object_that_was_looked_at_goes(cluster: Cluster, api: ClusterApi, pool: dict[str, Any]) -> None:
    (preview,) = remove(api, pool, dry_run=True)
    assert cluster.get(POOL) is not None
    (found,) = remove(api, pool)
    assert found == preview
    assert (found["outcome"], found["before"]["spec"]["blocks"]) == ("removed", [{"cidr": "192.0.2.0/28"}])
    assert cluster.get(POOL) is None
    assert remove(api, pool) == [{"outcome": "gone"}]


def test_object_made_anew_before_the_removal_stays(cluster: Cluster, api: ClusterApi, pool: dict[str, Any]) -> None:
    other = made_anew(cluster)
    (found,) = remove(api, pool)
    assert (found["outcome"], found["reason"]) == ("gone", "somebody deleted it and made it anew during this run")
    assert cluster.get(POOL)["metadata"]["uid"] == other["metadata"]["uid"]


def test_object_made_anew_directly_before_the_deletion_stays(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, api: ClusterApi, pool: dict[str, Any]
) -> None:
    between_look_and_deletion(monkeypatch, api, lambda: made_anew(cluster))
    (found,) = remove(api, pool)
    assert (found["outcome"], "made it anew" in found["reason"]) == ("gone", True)
    assert cluster.get(POOL) is not None


def test_labels_taken_off_directly_before_the_deletion_keep_the_object(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, api: ClusterApi, pool: dict[str, Any]
) -> None:
    taken = {"metadata": {"labels": dict.fromkeys(LABELS)}}
    between_look_and_deletion(monkeypatch, api, lambda: cluster.request("PATCH", POOL, taken, MERGE_PATCH))
    assert [item["outcome"] for item in remove(api, pool)] == ["kept"]
    assert cluster.get(POOL) is not None


def test_status_that_is_written_all_the_time_keeps_no_object(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, api: ClusterApi, pool: dict[str, Any]
) -> None:
    numbers = iter(range(10))

    def count() -> None:
        patch = {"metadata": {"annotations": {"count": str(next(numbers))}}}
        cluster.request("PATCH", POOL, patch, MERGE_PATCH)

    between_look_and_deletion(monkeypatch, api, count, times=3)
    assert [item["outcome"] for item in remove(api, pool)] == ["removed"]


def test_object_that_a_finalizer_holds_is_not_said_to_be_gone(
    cluster: Cluster, api: ClusterApi, pool: dict[str, Any]
) -> None:
    cluster.request("PATCH", POOL, {"metadata": {"finalizers": ["example.org/guard"]}}, MERGE_PATCH)
    first, second = remove(api, pool), remove(api, pool)
    assert [item["outcome"] for item in (*first, *second)] == ["ending", "kept"]
    assert all(
        item["reason"].endswith("until its finalizers are done: example.org/guard") for item in (*first, *second)
    )
    cluster.request("PATCH", POOL, {"metadata": {"finalizers": None}}, MERGE_PATCH)
    assert remove(api, pool) == [{"outcome": "gone"}]


def test_removal_that_is_refused_says_why(cluster: Cluster, api: ClusterApi, pool: dict[str, Any]) -> None:
    with cluster_lab.refusing(cluster, "ciliumloadbalancerippools", "old", "DELETE"):
        found = remove(api, pool, {**pool, "metadata": {**pool["metadata"], "name": "next"}})
    (refused,) = found
    assert (refused["outcome"], refused["status"]) == ("refused", 422)
    assert "denied request: not here" in refused["reason"]
    assert cluster.get(POOL) is not None


def options(**changes: Any) -> dict[str, Any]:
    own = {name: spec.get("default") for name, spec in note.ARGUMENTS.items()}
    return {**own, "namespace": "kube-system", "name": "cluster-edge-home", "manager": "lab", **changes}


def test_note_in_which_another_run_notes_meanwhile_stays(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, api: ClusterApi
) -> None:
    note.write_note(api, options(data={"noted.lb": "true"}))
    another = {"data": {UID: "CiliumLoadBalancerIPPool new"}}
    between_look_and_deletion(monkeypatch, api, lambda: cluster.request("PATCH", NOTE, another, MERGE_PATCH))
    assert note.write_note(api, options(state="absent"))["changed"] is False
    assert cluster.get(NOTE)["data"] == {"noted.lb": "true", **another["data"]}
    assert note.write_note(api, options(state="absent", data={UID: None}))["changed"] is True
    assert cluster.get(NOTE) is None


def test_immutable_note_is_told_with_its_reason(cluster: Cluster, api: ClusterApi) -> None:
    note.write_note(api, options(data={"noted.lb": "true"}))
    cluster.request("PATCH", NOTE, {"immutable": True}, MERGE_PATCH)
    with pytest.raises(ClusterError, match=r"422 .*immutable"):
        note.write_note(api, options(data={"noted.bgp": "true"}))
    assert note.write_note(api, options(state="absent"))["changed"] is True


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


def pool_of(name: str) -> dict[str, Any]:
    item = {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": name}}
    return {**item, "spec": {"blocks": [{"cidr": "192.0.2.0/28"}]}}


def apply(api: ClusterApi, *objects: Mapping[str, Any], **others: Any) -> list[dict[str, Any]]:
    options = {
        "objects": objects,
        "manager": "us",
        "versions": [],
        "owned": [],
        "compare": False,
        "copies": {},
        "dry_run": False,
        **others,
    }
    results: list[dict[str, Any]] = application.apply_objects(api, options)["results"]
    return results


def test_what_becomes_of_an_apply(cluster: Cluster, api: ClusterApi) -> None:
    asked = len(cluster.asked())
    (preview,) = apply(api, pool_of("old"), compare=True, dry_run=True)
    assert (preview["outcome"], preview["after"]["spec"]["blocks"]) == ("applied", [{"cidr": "192.0.2.0/28"}])
    assert cluster.get(POOL) is None
    (made,) = apply(api, pool_of("old"))
    found = cluster.get(POOL)["metadata"]
    assert made == {"outcome": "applied", "uid": found["uid"]}
    version = found["resourceVersion"]
    assert apply(api, pool_of("old"), versions=[version]) == [{"outcome": "unchanged", "uid": found["uid"]}]
    assert apply(api, pool_of("old"), compare=True) == [{"outcome": "unchanged", "uid": found["uid"]}]
    changed = {**pool_of("old"), "spec": {"blocks": [{"cidr": "192.0.2.16/28"}]}}
    (seen,) = apply(api, changed, compare=True)
    assert seen["before"]["spec"] == {"blocks": [{"cidr": "192.0.2.0/28"}]}
    assert seen["after"]["spec"] == {"blocks": [{"cidr": "192.0.2.16/28"}]}
    assert "managedFields" not in seen["after"].get("metadata", {})
    writes = [item for item in cluster.asked()[asked:] if item.startswith("patch ")]
    assert len(writes) == 5  # one for each apply
    cluster.request("DELETE", POOL)


def test_object_that_is_refused_keeps_none_of_the_others_from_being_applied(cluster: Cluster, api: ClusterApi) -> None:
    bad = {**pool_of("bad"), "spec": {"blocks": [{"cidr": "no address"}]}}
    anew = {**pool_of("anew"), "metadata": {"name": "anew", "uid": UID}}
    refused, other, made = apply(api, bad, anew, pool_of("old"))
    assert (refused["outcome"], refused["status"]) == ("refused", 422)
    assert "spec.blocks" in refused["reason"]
    assert (other["outcome"], other["status"]) == ("refused", 409)  # that UID is none of its
    assert made["outcome"] == "applied"
    cluster.request("DELETE", POOL)


@pytest.mark.parametrize("how", [HANGS, STALLS])
def test_server_that_never_ends_its_answer_is_given_up(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, how: str
) -> None:
    monkeypatch.setattr(api_module, "REQUEST_SECONDS", 1)
    monkeypatch.setattr(api_module, "WRITE_SECONDS", 1)
    limits: list[int] = []
    request = ClusterClient.request

    def limited(client: ClusterClient, method: str, path: str, seconds: int, **given: Any) -> Any:
        limits.append(seconds)
        return request(client, method, path, seconds, **given)

    monkeypatch.setattr(ClusterClient, "request", limited)
    with gate(cluster) as entrance, open_cluster(str(entrance.kubeconfig), None, {}) as api:
        for act in (lambda: apply(api, pool_of("old")), lambda: api.get(POOL)):
            entrance.cut_at("PATCH|GET", "pools/old", how)
            with pytest.raises(ClusterError, match=r"out of reach: .*[Tt]imed out"):
                act()  # the gate holds its answer back until it is mended
            entrance.mend()
    assert set(limits) == {1}
    cluster.get(POOL) and cluster.request("DELETE", POOL)


@pytest.mark.parametrize(
    ("pools", "services"), [pytest.param(20, 60, id="many"), pytest.param(5, 10, id="few", marks=pytest.mark.long)]
)
def test_requests_of_a_run_are_one_for_each_object_and_none_more_for_each_that_is_as_planned(
    tmp_path: Path, pools: int, services: int
) -> None:
    """Counted, not timed; benchmarks/cluster.py times 100 pools and 500 services."""
    planned = applied_cluster(pools, services)
    lb = ("cilium_net_lb", {"site": "large", "objects": planned["lb"], "services": planned["services"]})
    steps = lb, ("cilium_net_services", {"site": "large", "items": planned["services"]})
    for cluster in cluster_lab.started(tmp_path):
        cluster.add_cilium_kinds()
        for name in sorted({item["namespace"] for item in planned["services"]}):
            cluster.add_namespace(name)
        assert cluster_lab.run_roles(cluster, *steps).returncode == 0
        first = len(cluster.asked())
        writes = cluster.writes_since(0)
        applied = [item for item in writes if "/configmaps" not in item]
        objects = len(planned["lb"]) + services
        assert (len(applied), all(item.startswith("patch ") for item in applied)) == (objects, True)
        assert len(writes) - objects == NOTES
        assert first - len(writes) == READS + WHICH
        again = cluster_lab.run_roles(cluster, *steps)
        assert (again.returncode, again.changed) == (0, 0), again.output
        assert cluster.writes_since(first) == []
        assert len(cluster.asked()) - first == READS


SERVICE = "/api/v1/namespaces/default/services/web"


@pytest.fixture
def service(cluster: Cluster, api: ClusterApi) -> Iterator[dict[str, Any]]:
    """A Service with two ports, applied; its planned form, with the UID that it has."""
    ports = [
        {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080},
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
    ]
    item = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"type": "LoadBalancer", "ports": ports, "selector": {"app": "web"}},
    }
    (found,) = apply(api, item)
    assert found["outcome"] == "applied"
    yield {**item, "metadata": {**item["metadata"], "uid": found["uid"]}}
    cluster.request("DELETE", SERVICE)


def ports_of(cluster: Cluster) -> list[tuple[str, int, str]]:
    live = cluster.get(SERVICE)
    return sorted((port["name"], port["port"], port["protocol"]) for port in live["spec"]["ports"])


@pytest.mark.parametrize(
    "ports",
    [
        pytest.param([("http", 81, "TCP")], id="its only port"),
        pytest.param([("http", 81, "TCP"), ("dns", 53, "UDP")], id="one port"),
        pytest.param([("http", 81, "TCP"), ("dns", 54, "UDP"), ("more", 99, "TCP")], id="both, and one more"),
    ],
)
def test_ports_that_somebody_changed_and_kept_the_names_of_become_the_planned_ones(
    cluster: Cluster, api: ClusterApi, service: dict[str, Any], ports: list[tuple[str, int, str]]
) -> None:
    """Server-side apply merges ports by number and protocol, and no two may have one name (kubernetes #118725)."""
    changed = [{"name": name, "port": number, "protocol": protocol} for name, number, protocol in ports]
    cluster.request("PATCH", SERVICE, {"spec": {"ports": changed}}, MERGE_PATCH)
    (shown,) = apply(api, service, compare=True, dry_run=True)
    assert shown["outcome"] == "applied", shown
    assert ports_of(cluster) == sorted(ports)
    (done,) = apply(api, service, compare=True)
    assert done["outcome"] == "applied", done
    planned = [("dns", 53, "UDP"), ("http", 80, "TCP")]
    assert ports_of(cluster) == sorted([*planned, *(port for port in ports if port[0] == "more")])
    live = cluster.get(SERVICE)
    (again,) = apply(api, service, compare=True)
    assert again["outcome"] == "unchanged"
    owners = [(entry["manager"], entry["operation"]) for entry in live["metadata"]["managedFields"]]
    assert owners.count((owners[0][0], "Apply")) <= 1
    (left,) = apply(api, {**service, "spec": {**service["spec"], "ports": service["spec"]["ports"][:1]}})
    assert left["outcome"] == "applied"
    assert ("dns", 53, "UDP") not in ports_of(cluster)


def test_service_made_anew_with_the_name_of_a_planned_port_stays_as_it_is(
    cluster: Cluster, api: ClusterApi, service: dict[str, Any]
) -> None:
    """Its UID is another one: 422 too, as for two ports of one name (kubernetes #127625)."""
    cluster.request("DELETE", SERVICE)
    ports = [{"name": "http", "port": 81}]
    theirs = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": ports}}
    cluster.apply(SERVICE, theirs, "kubectl")
    before, written = cluster.get(SERVICE), len(cluster.asked())
    for dry_run in (True, False):
        (found,) = apply(api, service, dry_run=dry_run)
        assert (found["outcome"], found["status"]) == ("refused", 422)
        assert found["reason"] == "somebody deleted it and made it anew during this run"
    assert cluster.get(SERVICE) == before
    assert [item.partition(" ")[0] for item in cluster.writes_since(written)] == ["patch", "patch"]


@pytest.mark.parametrize(
    ("number", "when"),
    [(2, BEFORE), (2, AFTER), (3, BEFORE), (3, AFTER), (4, BEFORE), (4, AFTER)],
    ids=str,
)
def test_server_that_goes_away_while_ports_are_brought_back_leaves_none_aside(
    cluster: Cluster, service: dict[str, Any], number: int, when: str
) -> None:
    """The first request is refused, the second renames, the third applies the plan, the fourth removes."""
    changed = {"spec": {"ports": [{"name": "http", "port": 81}]}}
    cluster.request("PATCH", f"{SERVICE}?fieldManager=kubectl-edit", changed, MERGE_PATCH)
    with gate(cluster) as entrance, open_cluster(str(entrance.kubeconfig), None, {}) as api:
        entrance.cut_at("PATCH", "services/web", when, number)
        with pytest.raises(ClusterError, match="out of reach"):
            apply(api, service)
        assert entrance.down
        entrance.mend()
        (done,) = apply(api, service)
        assert done["outcome"] == "applied"
        assert ports_of(cluster) == [("dns", 53, "UDP"), ("http", 80, "TCP")]
        (again,) = apply(api, service, versions=[cluster.get(SERVICE)["metadata"]["resourceVersion"]])
        assert again["outcome"] == "unchanged"
    entries = cluster.get(SERVICE)["metadata"]["managedFields"]
    assert [entry["operation"] for entry in entries if entry["manager"] == "us"] == ["Apply"]


def test_port_whose_plan_is_refused_after_the_rename_has_its_name_again(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, api: ClusterApi, service: dict[str, Any]
) -> None:
    """As by a webhook that takes the new name, and not the planned ports."""
    changed = [("dns", 53, "UDP"), ("http", 81, "TCP")]
    ports = [{"name": name, "port": number, "protocol": protocol} for name, number, protocol in changed]
    cluster.request("PATCH", SERVICE, {"spec": {"ports": ports}}, MERGE_PATCH)
    send, applied = api.send, iter(range(9))

    def refusing(method: str, path: str, body: Any, *given: Any, **more: Any) -> Any:
        if isinstance(body, str) and next(applied) == 1:
            item = json.loads(body)
            item["spec"]["ports"][0]["port"] = 0  # the API server's own refusal stands in for that of a webhook
            body = json.dumps(item)
        return send(method, path, body, *given, **more)

    monkeypatch.setattr(api, "send", refusing)
    (found,) = apply(api, service)
    assert (found["outcome"], "spec.ports" in found["reason"]) == ("refused", True)
    assert ports_of(cluster) == changed


NODE = "/api/v1/nodes/n1"


@pytest.fixture
def node(cluster: Cluster) -> Iterator[dict[str, Any]]:
    """A Node on which a run of ours has set a label; what ``cluster_apply`` is told to write next."""
    cluster.add_nodes("n1")
    with open_cluster(str(cluster.kubeconfig), None, {}) as api:
        apply(api, node_labels(a="0"))
    metadata = cluster.get(NODE)["metadata"]
    known = {"uid": metadata["uid"], "labels": {"a": "1"}}
    item = {**node_labels(), "metadata": {"name": "n1", **known}}
    yield {"item": item, "versions": [metadata["resourceVersion"]], "owned": [{"a": "0"}]}
    if cluster.get(NODE):
        cluster.request("DELETE", NODE)


def node_labels(**labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": labels}}


def write_node(api: ClusterApi, node: Mapping[str, Any]) -> dict[str, Any]:
    (found,) = apply(api, node["item"], versions=node["versions"], owned=node["owned"])
    return found


def labels_of_node(cluster: Cluster) -> dict[str, str]:
    labels: dict[str, str] = cluster.get(NODE)["metadata"]["labels"]
    return {key: value for key, value in labels.items() if key in "abc"}


def test_node_that_left_between_look_and_write_is_not_made(
    cluster: Cluster, api: ClusterApi, node: dict[str, Any]
) -> None:
    cluster.request("DELETE", NODE)
    found = write_node(api, node)
    assert (found["outcome"], found["reason"]) == ("refused", "somebody deleted it during this run")
    assert cluster.get(NODE) is None
    cluster.add_nodes("n1")
    found = write_node(api, node)
    assert (found["outcome"], "made it anew" in found["reason"]) == ("refused", True)
    assert labels_of_node(cluster) == {}


def test_node_whose_status_is_written_meanwhile_is_labelled(
    cluster: Cluster, api: ClusterApi, node: dict[str, Any]
) -> None:
    """As a kubelet does all the time; a label of somebody else stays."""
    cluster.request("PATCH", f"{NODE}?fieldManager=kubectl-label", {"metadata": {"labels": {"c": "x"}}}, MERGE_PATCH)
    assert write_node(api, node)["outcome"] == "applied"
    assert labels_of_node(cluster) == {"a": "1", "c": "x"}


def test_label_that_another_site_sets_meanwhile_stays(cluster: Cluster, api: ClusterApi, node: dict[str, Any]) -> None:
    """An apply of the same field manager that does not name it would take it away."""
    with open_cluster(str(cluster.kubeconfig), None, {}) as other:
        apply(other, node_labels(a="0", b="2"))
    found = write_node(api, node)
    assert (found["outcome"], "were changed after the run had looked" in found["reason"]) == ("refused", True)
    assert labels_of_node(cluster) == {"a": "0", "b": "2"}
