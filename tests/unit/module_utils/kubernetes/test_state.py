# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a cluster for its roles, and what is waited for."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes import state
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import (
    JSON,
    METADATA_OF_ONE,
    METADATA_ONLY,
    ClusterError,
    RefusedError,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import ARGUMENTS, read_state
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.parts import state_request
from ansible_collections.hybridnet.cluster_edge.tests.support.helm_stand_in import SECRETS, HelmStandIn, record

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"


def definition(kind: str) -> dict[str, Any]:
    """Return a kind that is served."""
    version = {"name": "v2", "served": True, "storage": True, "schema": {"openAPIV3Schema": {}}}
    status = {"conditions": [{"type": "Established", "status": "True"}]}
    return {"spec": {"names": {"kind": kind}, "versions": [version]}, "status": status}


class ReaderStandIn:
    """Answers like an API server that serves the kinds ``served``, and has no object."""

    client_version = "36.0.0"

    def __init__(self, *served: str) -> None:
        self.served = list(served)

    def get(self, path: str) -> dict[str, Any] | None:
        plural = path.removeprefix(DEFINITIONS).partition(".")[0]
        return next((definition(kind) for kind in self.served if f"{kind.lower()}s" == plural), None)

    def check_uid(self) -> None:
        """It is the one that is meant."""

    def cluster_uid(self) -> str | None:
        return "7d0f7f0e"

    def items(self, _path: str, **_options: Any) -> list[dict[str, Any]]:
        return []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let seconds pass only in sleep; return what was slept."""
    slept: list[float] = []
    monkeypatch.setattr(state.time, "monotonic", lambda: sum(slept))
    monkeypatch.setattr(state.time, "sleep", slept.append)
    return slept


def request(**changes: Any) -> dict[str, Any]:
    return {**{name: spec.get("default") for name, spec in ARGUMENTS.items()}, **changes}


def test_each_kind_is_waited_for(clock: list[float]) -> None:
    reader: Any = ReaderStandIn()
    found = read_state(reader, request(plurals=["apples", "pears"], wait=5))
    assert found["client"] == reader.client_version
    assert found["kinds"] == {}
    assert sum(clock) == 5
    reader.served = ["Apple", "Pear"]
    clock.clear()
    assert set(read_state(reader, request(plurals=["apples", "pears"], wait=5))["kinds"]) == {"Apple", "Pear"}
    assert clock == []


def test_kinds_without_a_definition_are_told_from_those_that_are_not_ready_yet(clock: list[float]) -> None:
    """Of the first nothing is left; the objects of the others are there, and nobody has read them."""

    class Reader(ReaderStandIn):
        def get(self, path: str) -> dict[str, Any] | None:
            found = super().get(path)
            return {**found, "status": {}} if found and "pears" in path else found

    reader: Any = Reader("Apple", "Pear")
    found = read_state(reader, request(plurals=["apples", "pears", "plums"]))
    assert (set(found["kinds"]), found["unknown"], clock) == ({"Apple"}, ["plums"], [])


@pytest.mark.parametrize(
    ("asked", "status", "uid"),
    [
        pytest.param({"config_map": "kube-system/n"}, None, "7d0f7f0e", id="what a part is compared with"),
        pytest.param({"config_map": "kube-system/n"}, 403, None, id="namespaces that nobody may list"),
        pytest.param({}, None, None, id="nothing is written afterwards"),
    ],
)
def test_the_uid_of_the_cluster_is_read_where_something_is_written_afterwards(
    asked: dict[str, Any], status: int | None, uid: str | None
) -> None:
    class Reader(ReaderStandIn):
        def cluster_uid(self) -> str | None:
            if status:
                raise RefusedError("here", SimpleNamespace(status=status, reason="no", body=""))
            return super().cluster_uid()

    reader: Any = Reader()
    assert read_state(reader, request(**asked))["cluster_uid"] == uid


def test_a_server_that_fails_ends_the_look_and_is_not_one_without_a_uid() -> None:
    class Reader(ReaderStandIn):
        def cluster_uid(self) -> str | None:
            raise RefusedError("here", SimpleNamespace(status=500, reason="no", body=""))

    reader: Any = Reader()
    with pytest.raises(RefusedError):
        read_state(reader, request(config_map="kube-system/n"))


DAEMON_SET, DEPLOYMENT = "DaemonSet/kube-system/cilium", "Deployment/kube-system/cilium-operator"


def daemon_set(wanted: int, updated: int, ready: int, generation: int = 1) -> dict[str, Any]:
    counts = {"desiredNumberScheduled": wanted, "updatedNumberScheduled": updated, "numberReady": ready}
    return {
        "metadata": {"namespace": "kube-system", "generation": generation},
        "spec": {"selector": {"matchLabels": {"k8s-app": "cilium"}}},
        "status": {"observedGeneration": 1, **counts},
    }


def deployment(replicas: int, updated: int, ready: int, there: int | None = None) -> dict[str, Any]:
    """Return the operator's; ``there``: its pods of all templates, which are the updated ones where it is None."""
    labels = {"name": "cilium-operator", "io.cilium/app": "operator"}
    return {
        "metadata": {"namespace": "kube-system", "generation": 1},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}},
        "status": {
            "observedGeneration": 1,
            "replicas": updated if there is None else there,
            "updatedReplicas": updated,
            "readyReplicas": ready,
        },
    }


def pod(name: str, node: str = "", **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"nodeName": node} if node else {}, "status": status}


def is_not(kind: str, message: str = "") -> dict[str, str]:
    return {"type": kind, "status": "False", "message": message}


class WorkloadsStandIn:
    """Answers like an API server that has these workloads, and these pods."""

    client_version = "36.0.0"

    def __init__(self, pods: list[dict[str, Any]] | None, **workloads: dict[str, Any]) -> None:
        self.pods = pods
        self.workloads = workloads
        self.selectors: list[str] = []
        self.dead: tuple[str, ...] | None = ()
        """Nodes that are not ready, of node01 to node04; None: the account may not list nodes."""

    def check_uid(self) -> None:
        """It is the one that is meant."""

    def get(self, path: str) -> dict[str, Any] | None:
        return self.workloads.get(path.rpartition("/")[2].replace("-", "_"))

    def items(self, path: str, accept: str = JSON, selector: str = "") -> list[dict[str, Any]]:
        if path == "/api/v1/nodes" and self.dead is not None:
            ready = {f"node0{number}": f"node0{number}" not in self.dead for number in range(1, 5)}
            return [pod(name, conditions=[{"type": "Ready", "status": str(well)}]) for name, well in ready.items()]
        self.selectors.append(selector)
        if self.pods is None or path == "/api/v1/nodes":
            raise RefusedError("here", HTTPError(403, "Forbidden", "{}", None))
        return self.pods


class HTTPError(Exception):
    """What the client raises, as far as it is read."""

    def __init__(self, status: int, reason: str, body: str, _headers: None) -> None:
        self.status, self.reason, self.body = status, reason, body


@pytest.mark.parametrize(
    ("cilium", "lack"),
    [
        (daemon_set(4, 4, 4), ""),
        (daemon_set(4, 4, 3), "3 of 4 ready"),
        (daemon_set(4, 3, 4), "3 of 4 updated"),
        (daemon_set(4, 4, 4, generation=2), "its change is not seen yet"),
        (daemon_set(0, 0, 0), "no node fits its nodeSelector or affinity"),
        (None, "does not exist"),
    ],
)
def test_what_agents_lack(cilium: dict[str, Any], lack: str) -> None:
    reader: Any = WorkloadsStandIn([], **({"cilium": cilium} if cilium else {}))
    assert read_state(reader, request(rollouts=[DAEMON_SET]))["rollouts"] == {DAEMON_SET: lack}


def test_an_operator_that_somebody_has_scaled_to_0_is_not_complete() -> None:
    """0 of 0 pods are ready then, and nobody hands addresses out."""
    reader: Any = WorkloadsStandIn([], cilium_operator=deployment(0, 0, 0))
    found = read_state(reader, request(rollouts=[DEPLOYMENT]))
    assert found["rollouts"] == {DEPLOYMENT: "scaled to 0"}
    assert found["unready"] == {
        DEPLOYMENT: {"ready": 0, "wanted": 0, "pods": [], "waits_for_nodes": False, "only_old": False}
    }
    assert reader.selectors == ["io.cilium/app=operator,name=cilium-operator"]


def test_images_of_a_workload_are_told() -> None:
    spec = {
        "template": {
            "spec": {"containers": [{"image": "a:v1.18.0"}, {"image": "b"}], "initContainers": [{"image": "c"}]}
        }
    }
    operator = deployment(1, 1, 1)
    operator["spec"] |= spec
    reader: Any = WorkloadsStandIn([], cilium_operator=operator)
    assert read_state(reader, request(rollouts=[DEPLOYMENT, DAEMON_SET]))["images"] == {DEPLOYMENT: ["a:v1.18.0", "b"]}


def test_pods_that_are_not_ready_are_named_with_the_reason_that_says_most() -> None:
    waiting = {"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}}
    pods = [
        pod("fine", "node01", conditions=[{"type": "Ready", "status": "True"}]),
        pod("crashes", "node04", conditions=[is_not("Ready", "containers")], initContainerStatuses=[waiting]),
        pod("unscheduled", conditions=[is_not("PodScheduled", "0/4 nodes\nare available")]),
        pod("told", "node03", conditions=[is_not("Ready", "x" * 200)], containerStatuses=[{"state": {"running": {}}}]),
        pod("new", "node02"),
        pod("evicted", "node01", phase="Failed", reason="Evicted"),
        pod("done", "node01", phase="Succeeded"),
        {**pod("ends", "node05"), "metadata": {"name": "ends", "deletionTimestamp": "2026-11-29T07:00:00Z"}},
    ]
    reader: Any = WorkloadsStandIn(pods, cilium=daemon_set(6, 6, 1))
    unready = read_state(reader, request(rollouts=[DAEMON_SET]))["unready"][DAEMON_SET]
    assert (unready["ready"], unready["wanted"]) == (1, 6)
    assert [tuple(item.values()) for item in unready["pods"]] == [
        ("unscheduled", "", "0/4 nodes are available"),
        ("new", "node02", ""),
        ("told", "node03", "x" * 157 + "..."),
        ("crashes", "node04", "CrashLoopBackOff"),
        ("ends", "node05", "is being ended"),
    ]


def test_without_the_right_to_list_pods_the_lack_is_told_all_the_same() -> None:
    reader: Any = WorkloadsStandIn(None, cilium=daemon_set(4, 4, 3))
    found = read_state(reader, request(rollouts=[DAEMON_SET]))
    assert found["rollouts"] == {DAEMON_SET: "3 of 4 ready"}
    unready = {"ready": 3, "wanted": 4, "pods": None, "waits_for_nodes": False, "only_old": False}
    assert found["unready"] == {DAEMON_SET: unready}


@pytest.mark.parametrize(
    ("cilium", "operator", "may_lack", "waits"),
    [
        pytest.param(daemon_set(4, 4, 3), deployment(1, 1, 1), True, 0, id="one node"),
        pytest.param(daemon_set(4, 4, 4), deployment(2, 2, 1), True, 0, id="one operator of two"),
        pytest.param(daemon_set(4, 4, 3), deployment(1, 1, 1), False, 5, id="one node, after a change"),
        pytest.param(daemon_set(4, 3, 3), deployment(1, 1, 1), True, 5, id="a rollout is under way"),
        pytest.param(daemon_set(4, 4, 3, 2), deployment(1, 1, 1), True, 5, id="a rollout begins"),
        pytest.param(daemon_set(4, 4, 0), deployment(1, 1, 1), True, 5, id="no node"),
        pytest.param(daemon_set(0, 0, 0), deployment(1, 1, 1), True, 5, id="a selector that fits no node"),
        pytest.param(daemon_set(4, 4, 4), deployment(2, 2, 0), True, 5, id="no operator"),
        pytest.param(daemon_set(4, 4, 4), deployment(2, 2, 1, 3), True, 5, id="the ready operator may be an old one"),
        pytest.param(daemon_set(4, 4, 4), deployment(2, 1, 1, 2), True, 5, id="one of two operators is updated"),
    ],
)
def test_how_long_agents_and_operator_are_waited_for(
    clock: list[float], cilium: dict[str, Any], operator: dict[str, Any], may_lack: bool, waits: int
) -> None:
    reader: Any = WorkloadsStandIn([], cilium=cilium, cilium_operator=operator)
    read_state(reader, request(rollouts=[DAEMON_SET, DEPLOYMENT], some_suffice=may_lack, wait=5))
    assert sum(clock) == waits


NO_ROOM = [is_not("PodScheduled", "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules")]
RUNS = pod("runs", "node01", conditions=[{"type": "Ready", "status": "True"}])
ON_NONE = pod("waits", conditions=NO_ROOM)
ENDS = {**pod("ends", "node02"), "metadata": {"name": "ends", "deletionTimestamp": "2026-11-29T07:00:00Z"}}


@pytest.mark.parametrize(
    ("operator", "pods", "waits"),
    [
        pytest.param(deployment(2, 2, 1), [RUNS, ON_NONE], False, id="one node of several has joined"),
        pytest.param(deployment(2, 2, 1, 3), [RUNS, ON_NONE, ON_NONE], True, id="the ready one is of the old release"),
        pytest.param(deployment(2, 1, 1, 2), [RUNS, ON_NONE], True, id="a rollout is under way"),
        pytest.param(deployment(2, 2, 0), [ON_NONE, ON_NONE], True, id="none is ready"),
        pytest.param(deployment(2, 2, 1), [RUNS, pod("new")], True, id="the scheduler has not said anything"),
        pytest.param(deployment(2, 2, 1), [RUNS, pod("new", "node02")], True, id="it is on a node"),
        pytest.param(deployment(2, 2, 1), [RUNS, ON_NONE, ENDS], True, id="an old one ends, and makes room"),
        pytest.param(deployment(2, 2, 1), None, True, id="the account may not list pods"),
        pytest.param(deployment(2, 2, 1), [RUNS], True, id="no pod is there"),
    ],
)
def test_an_operator_that_no_node_takes_is_not_waited_for(
    clock: list[float], operator: dict[str, Any], pods: list[dict[str, Any]] | None, waits: bool
) -> None:
    """The chart has two, and never puts them on one node: each first run on the first node waited, and failed."""
    reader: Any = WorkloadsStandIn(pods, cilium_operator=operator)
    found = read_state(reader, request(rollouts=[DEPLOYMENT], wait=5))
    assert sum(clock) == (5 if waits else 0)
    assert found["unready"][DEPLOYMENT]["waits_for_nodes"] is not waits


def test_an_agent_that_no_node_takes_is_waited_for(clock: list[float]) -> None:
    """A node that is there has no room for it, and none that joins helps."""
    reader: Any = WorkloadsStandIn([RUNS, ON_NONE], cilium=daemon_set(2, 2, 1))
    found = read_state(reader, request(rollouts=[DAEMON_SET], wait=5))
    assert (sum(clock), found["unready"][DAEMON_SET]["waits_for_nodes"]) == (5, False)


@pytest.mark.parametrize(
    ("dead", "pods", "waits"),
    [
        pytest.param(("node04",), ["node04"], 0, id="its node is down"),
        pytest.param((), ["node04"], 5, id="its node is up"),
        pytest.param(("node03",), ["node04"], 5, id="another node is down"),
        pytest.param(("node04",), None, 5, id="the account may not list pods"),
        pytest.param(None, ["node04"], 5, id="the account may not list nodes"),
    ],
)
def test_what_is_left_to_roll_out_on_a_node_that_is_down_is_not_waited_for(
    clock: list[float], dead: tuple[str, ...] | None, pods: list[str] | None, waits: int
) -> None:
    """As after an upgrade while a node was down: its pod ends, and is of the older template, until the node is back."""
    listed = None if pods is None else [pod(f"cilium-{name}", name, conditions=[is_not("Ready")]) for name in pods]
    reader: Any = WorkloadsStandIn(listed, cilium=daemon_set(4, 3, 3))
    reader.dead = dead
    found = read_state(reader, request(rollouts=[DAEMON_SET], some_suffice=True, wait=5))
    assert found["rollouts"] == {DAEMON_SET: "3 of 4 updated"}
    assert sum(clock) == waits


def test_while_a_rollout_is_under_way_no_pods_are_listed(clock: list[float]) -> None:
    """Each look listed all agents and all nodes, twice a second."""
    reader: Any = WorkloadsStandIn([], cilium=daemon_set(1000, 400, 998))
    read_state(reader, request(rollouts=[DAEMON_SET], some_suffice=True, wait=5))
    assert (sum(clock), reader.selectors) == (5, ["k8s-app=cilium"])  # once, for what is told at the end


def test_an_old_operator_is_not_excused_by_a_node_that_is_down(clock: list[float]) -> None:
    """Its new pod was bound to a node that went down, so one pod is updated, one is on a dead node, and one is ready."""
    reader: Any = WorkloadsStandIn([pod("new", "node04", conditions=[is_not("Ready")])])
    reader.workloads = {"cilium_operator": deployment(2, 1, 1, 2)}
    reader.dead = ("node04",)
    found = read_state(reader, request(rollouts=[DEPLOYMENT], some_suffice=True, wait=5))
    assert (sum(clock), found["unready"][DEPLOYMENT]["only_old"]) == (5, True)


@pytest.mark.parametrize(
    ("workload", "only_old"),
    [
        pytest.param(deployment(2, 2, 1, 3), True, id="operator: as many are old as are ready"),
        pytest.param(deployment(2, 2, 2, 3), None, id="operator: complete but for an old one that ends"),
        pytest.param(deployment(3, 3, 2, 4), False, id="operator: one of two ready ones is new"),
        pytest.param(deployment(2, 2, 1), False, id="operator: none is old"),
        pytest.param(deployment(2, 2, 0, 3), False, id="operator: none is ready"),
        pytest.param(deployment(2, 0, 2, 2), True, id="operator: none is updated"),
        pytest.param(daemon_set(4, 1, 3), True, id="agents: the first new one does not start"),
        pytest.param(daemon_set(4, 0, 4), True, id="agents: none is updated"),
        pytest.param(daemon_set(4, 3, 3), False, id="agents: some new ones are ready"),
        pytest.param(daemon_set(4, 4, 3), False, id="agents: none is old"),
    ],
)
def test_whether_all_that_is_ready_may_be_of_an_older_release(workload: dict[str, Any], only_old: bool | None) -> None:
    name = DAEMON_SET if "updatedNumberScheduled" in workload["status"] else DEPLOYMENT
    reader: Any = WorkloadsStandIn([], **{name.rpartition("/")[2].replace("-", "_"): workload})
    unready = read_state(reader, request(rollouts=[name]))["unready"]
    assert unready.get(name, {"only_old": None})["only_old"] is only_old


def test_an_old_agent_on_the_one_other_node_that_is_down_is_no_sign_of_a_fault() -> None:
    """Of two agents the ready one is updated: the old one is on the node that is down."""
    listed = pod("cilium-2", "node02", conditions=[is_not("Ready")])
    reader: Any = WorkloadsStandIn([listed], cilium=daemon_set(2, 1, 1))
    reader.dead = ("node02",)
    assert read_state(reader, request(rollouts=[DAEMON_SET]))["unready"][DAEMON_SET]["only_old"] is False


@pytest.mark.parametrize(("template", "waits"), [("6", 0), ("7", 5)], ids=["the old one", "the newest one"])
def test_a_pod_of_the_newest_template_is_not_left_to_roll_out(clock: list[float], template: str, waits: int) -> None:
    """With a node down whose pod is updated, and another node whose turn comes, the rollout goes on."""
    labels = {"pod-template-generation": template}
    listed = pod("cilium-4", "node04", conditions=[is_not("Ready")])
    listed["metadata"]["labels"] = labels
    cilium = daemon_set(4, 3, 3)
    cilium["metadata"]["annotations"] = {"deprecated.daemonset.template.generation": "7"}
    reader: Any = WorkloadsStandIn([listed], cilium=cilium)
    reader.dead = ("node04",)
    read_state(reader, request(rollouts=[DAEMON_SET], some_suffice=True, wait=5))
    assert sum(clock) == waits


def test_a_kind_that_is_not_needed_is_not_waited_for(clock: list[float]) -> None:
    reader: Any = ReaderStandIn("Apple")
    found = read_state(reader, request(plurals=["apples", "pears"], wait_plurals=["apples"], wait=5))
    assert (set(found["kinds"]), clock) == ({"Apple"}, [])
    read_state(reader, request(plurals=["apples", "pears"], wait_plurals=["pears"], wait=5))
    assert sum(clock) == 5


def test_kinds_of_planned_objects_are_waited_for_and_no_others() -> None:
    """A cluster without pod pools of its own never serves CiliumPodIPPool, and each run waited for it."""
    pool = {"kind": "CiliumLoadBalancerIPPool"}
    options = {"site": "home", "namespace": "kube-system", "secrets_namespace": "kube-system", "services": []}
    asked = state_request("lb", {**options, "objects": [pool, pool]}, 9)
    assert asked["wait_plurals"] == ["ciliumloadbalancerippools"]
    assert set(asked["plurals"]) > {"ciliumloadbalancerippools", "ciliumpodippools"}
    nothing = state_request("lb", {**options, "objects": []}, 9)
    assert nothing["wait_plurals"] == []


def test_the_newest_revision_of_a_release_is_read() -> None:
    reader: Any = HelmStandIn(record(9), record(10, info={"status": "failed"}), record(2))
    assert read_state(reader, request(release="kube-system/cilium"))["release"] == {
        "chart": "cilium",
        "version": "1.19.6",
        "app_version": "1.19.6",
        "revision": 10,
        "status": "failed",
        "values": {"debug": {"enabled": True}},
        "before": {
            "chart": "cilium",
            "version": "1.19.6",
            "app_version": "1.19.6",
            "revision": 9,
            "status": "deployed",
            "values": {"debug": {"enabled": True}},
        },
    }
    assert reader.selectors == ["owner=helm,name=cilium"] * 2


@pytest.mark.parametrize(
    ("statuses", "before"),
    [
        pytest.param(["superseded", "deployed"], None, id="the newest is deployed"),
        pytest.param(["superseded", "deployed", "failed"], 2, id="failed"),
        pytest.param(["deployed", "failed", "pending-upgrade"], 1, id="cut off, after one that failed"),
        pytest.param(["superseded", "superseded", "failed"], 2, id="a rollback failed: none is deployed"),
        pytest.param(["superseded", "pending-upgrade"], 1, id="cut off at the very end"),
        pytest.param(["failed", "failed", "failed"], 1, id="none ever was: the first may run in part"),
        pytest.param(["failed"], None, id="the first one failed"),
        pytest.param(["superseded", "deployed", "uninstalling"], 2, id="half taken away"),
        pytest.param(["deployed", "uninstalled"], None, id="uninstalled, with its history kept"),
        pytest.param(["superseded", "superseded"], None, id="superseded alone"),
        pytest.param(["replaced", "failed"], None, id="installed anew in vain"),
        pytest.param(["superseded", "replaced", "failed"], None, id="installed anew in vain, after an upgrade"),
        pytest.param(
            ["deployed", "replaced", "failed"], None, id="installed anew in vain: a Helm that left one deployed"
        ),
        pytest.param(["replaced", "failed", "failed"], 2, id="installed anew in vain, twice"),
        pytest.param(["replaced", "failed", "pending-install"], 2, id="installed anew in vain, and cut off"),
        pytest.param(["replaced", "deployed", "failed"], 2, id="installed anew, and then failed"),
        pytest.param(["replaced", "superseded", "failed"], 2, id="installed anew, and then a rollback failed"),
        pytest.param(["superseded", "uninstalled", "failed"], None, id="installed over one that is not marked"),
        pytest.param(["deployed", "superseded", "failed"], 1, id="the deployed one goes before a newer one that was"),
        pytest.param(["superseded", "replaced"], None, id="cut off before the new one was noted"),
    ],
)
def test_what_may_run_in_place_of_the_newest_revision(statuses: list[str], before: int | None) -> None:
    """``replaced`` is one that was uninstalled, as Helm marks it before it installs another."""
    says = {"replaced": {"status": "superseded", "description": "superseded by new release"}}
    other = {"superseded": {"status": "superseded", "description": "Upgrade complete"}}
    infos = [{**says, **other}.get(status, {"status": status}) for status in statuses]
    reader: Any = HelmStandIn(*(record(place, info=info) for place, info in enumerate(infos, 1)))
    found = read_state(reader, request(release="kube-system/cilium"))["release"]
    last = "uninstalled" if statuses[-1] == "replaced" else statuses[-1]
    assert (found["revision"], found["status"]) == (len(statuses), last)
    assert (found["before"] or {}).get("revision") == before
    assert "before" not in (found["before"] or {})


def test_a_revision_that_goes_while_it_is_looked_at_is_none() -> None:
    reader: Any = HelmStandIn(record(1), record(2, info={"status": "failed"}))
    reader.get = lambda path: reader.records["sh.helm.release.v1.cilium.v2"] if path.endswith(".v2") else None
    found = read_state(reader, request(release="kube-system/cilium"))["release"]
    assert (found["revision"], found["before"]) == (2, None)


def test_a_release_that_helm_keeps_in_configmaps_is_read() -> None:
    kept = record(3)
    kept["data"]["release"] = base64.b64decode(kept["data"]["release"]).decode()
    reader: Any = HelmStandIn(kept, path=SECRETS.replace("secrets", "configmaps"))
    assert read_state(reader, request(release="kube-system/cilium"))["release"]["revision"] == 3


@pytest.mark.parametrize(
    "data",
    [None, {}, {"release": "@"}, {"release": "eA=="}, record(1, info=None)["data"], record(1, version=None)["data"]],
    ids=["no data", "no release", "no base64", "no gzip", "no status", "no revision"],
)
def test_what_has_the_labels_of_a_record_and_is_none_ends_the_look_with_its_name(data: Any) -> None:
    reader: Any = HelmStandIn({**record(1), "data": data})
    with pytest.raises(ClusterError) as caught:
        read_state(reader, request(release="kube-system/cilium"))
    assert str(caught.value) == (
        "/api/v1/namespaces/kube-system/secrets/sh.helm.release.v1.cilium.v1 has the labels of a Helm release and holds none"
        " that can be read: look at helm -n kube-system list --all, and at kubectl -n kube-system describe secrets"
        " sh.helm.release.v1.cilium.v1; delete it where Helm does not know it"
    )


def test_a_record_without_a_revision_in_its_labels_is_older_than_any_other() -> None:
    odd = record(1)
    del odd["metadata"]["labels"]["version"]
    reader: Any = HelmStandIn(odd, record(2))
    assert read_state(reader, request(release="kube-system/cilium"))["release"]["revision"] == 2


def test_a_release_without_values_has_none() -> None:
    reader: Any = HelmStandIn(record(1, config=None))
    found = read_state(reader, request(release="kube-system/cilium"))["release"]
    assert (found["values"], found["revision"]) == ({}, 1)


def test_a_cluster_without_the_release() -> None:
    reader: Any = HelmStandIn()
    assert read_state(reader, request(release="kube-system/cilium"))["release"] is None
    assert read_state(reader, request())["release"] is None
    assert reader.selectors == ["owner=helm,name=cilium"] * 2, "it was read without being asked for"


@pytest.mark.parametrize(
    ("selector", "is_ours"),
    [
        pytest.param("app=web,site=home", True, id="each label"),
        pytest.param("app=web,site=cabin", False, id="another value"),
        pytest.param("app=web,zone=a", False, id="one of them"),
        pytest.param("", False, id="no selector"),
        pytest.param(None, False, id="nobody asks"),
    ],
)
def test_what_carries_the_labels_of_a_selector(selector: str | None, is_ours: bool) -> None:
    labels = {"app": "web", "site": "home", "more": ""}
    assert state.carries({"metadata": {"labels": labels}}, selector) is is_ours
    assert state.carries({"metadata": {"labels": None}}, selector) is False
    service = {"metadata": {"namespace": "media", "name": "web", "labels": labels}, "spec": {"type": "ClusterIP"}}
    reader: Any = ObjectsStandIn({"/api/v1/services": [service]})
    assert bool(state.read_services(reader, selector or "", "manager", (), ())) is is_ours


class NodesStandIn(ReaderStandIn):
    """Has one k3s node, and leaves out what was not asked for."""

    def items(self, path: str, accept: str = JSON) -> list[dict[str, Any]]:
        assert path == "/api/v1/nodes"
        metadata = {
            "name": "n1",
            "labels": {"a": "b"},
            "annotations": {"k3s.io/node-args": '["server","--disable","x"]'},
        }
        status = {"nodeInfo": {"osImage": "Debian GNU/Linux 12 (bookworm)", "kubeletVersion": "v1.33.5+k3s1"}}
        return [{"metadata": metadata} if accept == METADATA_ONLY else {"metadata": metadata, "status": status}]


def test_what_tells_the_distribution_of_nodes_is_read_where_it_is_asked_for() -> None:
    few = {"labels": {"a": "b"}, "owned": [], "uid": None, "resourceVersion": None}
    assert read_state(NodesStandIn(), request(nodes=True))["nodes"] == {"n1": few}
    assert read_state(NodesStandIn(), request(nodes=True, node_info=True))["nodes"] == {
        "n1": {
            **few,
            "os_image": "Debian GNU/Linux 12 (bookworm)",
            "kubelet_version": "v1.33.5+k3s1",
            "k3s_arguments": ["server", "--disable", "x"],
        }
    }


class ObjectsStandIn(ReaderStandIn):
    """Answers like an API server that serves ``Apple`` and has objects, by path."""

    def __init__(self, objects: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__("Apple")
        self.objects = objects

    def items(self, path: str, **_options: Any) -> list[dict[str, Any]]:
        return self.objects.get(path, [])


@pytest.mark.parametrize(
    ("annotations", "helm"),
    [
        pytest.param(None, {}, id="none"),
        pytest.param({"deprecated.daemonset.template.generation": "3"}, {}, id="others"),
        pytest.param(
            {"meta.helm.sh/release-name": "rke2-cilium", "meta.helm.sh/release-namespace": "kube-system", "a": "b"},
            {"release-name": "rke2-cilium", "release-namespace": "kube-system"},
            id="Helm's",
        ),
    ],
)
def test_workloads_tell_which_release_made_them(annotations: dict[str, str] | None, helm: dict[str, str]) -> None:
    class Reader(ReaderStandIn):
        def items(self, path: str, **_options: Any) -> list[dict[str, Any]]:
            metadata = {"name": "cilium", "namespace": "kube-system", "annotations": annotations}
            return [{"metadata": metadata}] if path == "/apis/apps/v1/daemonsets" else []

    reader: Any = Reader()
    metadata = {"namespace": "kube-system", "name": "cilium", "labels": None, "helm": helm}
    assert read_state(reader, request(workloads=True))["workloads"] == [{"kind": "DaemonSet", "metadata": metadata}]


@pytest.mark.parametrize(
    ("found", "scheduled"),
    [
        pytest.param(
            {"metadata": {"generation": 2}, "status": {"observedGeneration": 2, "desiredNumberScheduled": 5}},
            5,
            id="on five nodes",
        ),
        pytest.param(
            {"metadata": {"generation": 2}, "status": {"observedGeneration": 2, "desiredNumberScheduled": 0}},
            0,
            id="nowhere",
        ),
        pytest.param(
            {"metadata": {"generation": 2}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 0}},
            None,
            id="its change is not seen yet",
        ),
        pytest.param({"metadata": {"generation": 1}, "status": {}}, None, id="no controller has seen it"),
        pytest.param(None, None, id="it went meanwhile"),
    ],
)
def test_of_kube_proxy_it_counts_on_how_many_nodes_it_is_to_run(
    found: dict[str, Any] | None, scheduled: int | None
) -> None:
    class Reader(ReaderStandIn):
        def items(self, path: str, **_options: Any) -> list[dict[str, Any]]:
            names = {"/apis/apps/v1/daemonsets": ("cilium", "kube-proxy"), "/apis/apps/v1/deployments": ("kube-proxy",)}
            return [{"metadata": {"name": name, "namespace": "kube-system"}} for name in names.get(path, ())]

        def get(self, path: str) -> dict[str, Any] | None:
            assert path == "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"
            return found

    reader: Any = Reader()
    read = read_state(reader, request(workloads=True))["workloads"]
    assert [item.get("scheduled", "not read") for item in read] == ["not read", scheduled, "not read"]


def test_entry_of_a_field_manager_without_a_name() -> None:
    """The API server takes one from whoever writes an object."""
    nameless = {"operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {"f:rack": {}}}}}
    metadata = {"name": "web", "namespace": "media", "uid": "u", "labels": None, "managedFields": [nameless]}
    reader: Any = ObjectsStandIn(
        {
            "/api/v1/services": [{"metadata": metadata, "spec": {"type": "ClusterIP"}}],
            "/api/v1/nodes": [{"metadata": {**metadata, "name": "n1", "resourceVersion": "7"}}],
        }
    )
    found = read_state(reader, request(services=True, nodes=True, manager="us"))
    assert found["services"] == []
    assert found["nodes"] == {"n1": {"labels": {}, "owned": [], "uid": "u", "resourceVersion": "7"}}


def test_object_without_a_spec() -> None:
    reader: Any = ObjectsStandIn({"/apis/cilium.io/v2/apples": [{"metadata": {"name": "bare"}}]})
    found = read_state(reader, request(plurals=["apples"]))
    assert [item["spec"] for item in found["objects"]] == [{}]


class SecretsStandIn(ReaderStandIn):
    """Answers like an API server that has two Secrets, of which one carries our labels."""

    PATH = "/api/v1/namespaces/kube-system/secrets"

    def items(self, path: str, **_options: Any) -> list[dict[str, Any]]:
        return [{"metadata": {"name": "ours"}}] if path == self.PATH else []

    def get(self, path: str, accept: str = "") -> dict[str, Any] | None:
        assert accept == METADATA_OF_ONE, "what a Secret holds is not asked for"
        return {"metadata": {"name": "theirs"}} if path == f"{self.PATH}/theirs" else None


def test_a_secret_of_a_planned_name_is_found_whatever_its_labels() -> None:
    wanted = request(secrets_namespace="kube-system", secret_names=["ours", "theirs", "absent"])
    found = read_state(SecretsStandIn(), wanted)  # type: ignore[arg-type]
    assert [item["name"] for item in found["secrets"]] == ["ours", "theirs"]
