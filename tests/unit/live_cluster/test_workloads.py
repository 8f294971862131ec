# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of agents and operator that do not run."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.workloads import (
    UnreadyWorkloads,
    lacks,
    rollouts,
)

AGENTS, OPERATOR = rollouts("kube-system")
AGENT = {"name": "cilium-7x2kd", "node": "node04", "reason": "CrashLoopBackOff"}

ONE_NODE = (
    "Cilium's agents (DaemonSet kube-system/cilium): 3 of 4 ready; not ready: node04 (pod cilium-7x2kd: CrashLoopBackOff)."
    " Sessions of such a node stay down, and it answers for no address on L2; other nodes serve what they may serve. It"
    " takes the plan when its agent is back. Look at: kubectl -n kube-system describe pod cilium-7x2kd; kubectl -n"
    " kube-system logs cilium-7x2kd --all-containers"
)


def state(rollout: str, lack: str, ready: int = 0, pods: Any = ()) -> dict[str, Any]:
    both = {AGENTS: "", OPERATOR: "", rollout: lack}
    unready = {"ready": ready, "wanted": 4, "pods": pods, "waits_for_nodes": False, "only_old": False}
    return {"rollouts": both, "unready": {rollout: unready}}


def test_workloads_that_are_waited_for() -> None:
    assert rollouts("cilium", ["operator"]) == ["Deployment/cilium/cilium-operator"]
    with pytest.raises(EdgeError, match=r"^wait_for: 'operators' is not agents or operator$"):
        rollouts("cilium", ["operators"])


def test_nothing_is_said_of_what_runs() -> None:
    assert lacks({"rollouts": {AGENTS: "", OPERATOR: ""}, "unready": {}}, rolled_out=True) == UnreadyWorkloads()


def test_an_agent_that_is_down_is_no_error_for_the_other_nodes() -> None:
    assert lacks(state(AGENTS, "3 of 4 ready", 3, [AGENT]), rolled_out=False) == UnreadyWorkloads(notes=[ONE_NODE])


def test_one_operator_of_two_is_enough() -> None:
    pod = {"name": "cilium-operator-5d", "node": "node04", "reason": "is being ended"}
    text = (
        "Cilium's operator (Deployment kube-system/cilium-operator): 1 of 2 ready; not ready: node04 (pod cilium-operator-5d:"
        " is being ended). Another one does its work, and none stands by. Look at: kubectl -n kube-system describe pod"
        " cilium-operator-5d; kubectl -n kube-system logs cilium-operator-5d --all-containers"
    )
    assert lacks(state(OPERATOR, "1 of 2 ready", 1, [pod]), rolled_out=False) == UnreadyWorkloads(notes=[text])


@pytest.mark.parametrize("rolled_out", [False, True], ids=["as it was", "after Helm has changed the release"])
def test_an_operator_that_no_node_takes_keeps_nothing_from_going_on(rolled_out: bool) -> None:
    pod = {"name": "cilium-operator-5d", "node": "", "reason": "0/1 nodes are available"}
    found = state(OPERATOR, "1 of 2 ready", 1, [pod])
    text = (
        "Cilium's operator (Deployment kube-system/cilium-operator): 1 of 2 ready; not ready: on no node (pod"
        " cilium-operator-5d: 0/1 nodes are available). Another one does its work, and none stands by. It starts by"
        " itself when a node joins that takes it. Look at: kubectl -n kube-system describe pod cilium-operator-5d"
    )
    waits = {OPERATOR: {**found["unready"][OPERATOR], "waits_for_nodes": True}}
    assert lacks({**found, "unready": waits}, rolled_out) == UnreadyWorkloads(notes=[text])


def test_an_operator_of_which_the_old_one_runs_is_an_error_after_a_change_of_the_release() -> None:
    pod = {"name": "cilium-operator-5d", "node": "", "reason": "0/1 nodes are available"}
    found = lacks(state(OPERATOR, "1 of 2 ready", 1, [pod]), rolled_out=True)
    assert (len(found.errors), found.notes) == (1, [])


OLD_ONES = [
    pytest.param(
        OPERATOR,
        "1 of 2 ready",
        "Cilium's operator (Deployment kube-system/cilium-operator): 1 of 2 ready; not ready: node04 (pod cilium-7x2kd:"
        " CrashLoopBackOff). What is ready may be of the release before: of the newest one nothing runs for sure. Look at:"
        " kubectl -n kube-system describe pod cilium-7x2kd; kubectl -n kube-system logs cilium-7x2kd --all-containers",
        id="operator",
    ),
    pytest.param(
        AGENTS,
        "1 of 4 updated",
        "Cilium's agents (DaemonSet kube-system/cilium): 1 of 4 updated; not ready: node04 (pod cilium-7x2kd:"
        " CrashLoopBackOff). What is ready may be of the release before: of the newest one nothing runs for sure. Look at:"
        " kubectl -n kube-system describe pod cilium-7x2kd; kubectl -n kube-system logs cilium-7x2kd --all-containers",
        id="agents",
    ),
]


@pytest.mark.parametrize(("rollout", "lack", "text"), OLD_ONES)
def test_the_release_before_is_not_enough_for_the_run_after_the_one_that_changed_it(
    rollout: str, lack: str, text: str
) -> None:
    """The run that upgraded failed; the next one called Helm no more, and went on as if the new release ran."""
    found = state(rollout, lack, 1, [AGENT])
    found["unready"][rollout]["only_old"] = True
    assert lacks(found, rolled_out=False) == UnreadyWorkloads(errors=[text])
    assert lacks(found, rolled_out=False, old_suffice=True) == UnreadyWorkloads(notes=[text])


def test_after_a_change_of_the_release_it_is_one() -> None:
    assert lacks(state(AGENTS, "3 of 4 ready", 3, [AGENT]), rolled_out=True) == UnreadyWorkloads(errors=[ONE_NODE])


@pytest.mark.parametrize(
    ("found", "text"),
    [
        pytest.param(
            state(AGENTS, "0 of 4 ready", 0, [{**AGENT, "node": f"n{number}"} for number in range(7)]),
            "Cilium's agents (DaemonSet kube-system/cilium): 0 of 4 ready; not ready: n0 (pod cilium-7x2kd: CrashLoopBackOff),"
            " n1 (pod cilium-7x2kd: CrashLoopBackOff), n2 (pod cilium-7x2kd: CrashLoopBackOff), n3 (pod cilium-7x2kd:"
            " CrashLoopBackOff), n4 (pod cilium-7x2kd: CrashLoopBackOff) and 2 more. Without agents no session comes up, and no"
            " address is announced. Look at: kubectl -n kube-system describe pod cilium-7x2kd; kubectl -n kube-system logs"
            " cilium-7x2kd --all-containers",
            id="no agent",
        ),
        pytest.param(
            state(OPERATOR, "0 of 1 ready", 0, [{"name": "cilium-operator-5d", "node": "", "reason": ""}]),
            "Cilium's operator (Deployment kube-system/cilium-operator): 0 of 1 ready; not ready: on no node (pod"
            " cilium-operator-5d). Without it no service gets an address, and no change of BGP reaches a node; what runs goes"
            " on as it is. Look at: kubectl -n kube-system describe pod cilium-operator-5d; kubectl -n kube-system logs"
            " cilium-operator-5d --all-containers",
            id="an operator that is on no node",
        ),
        pytest.param(
            state(OPERATOR, "0 of 1 ready", 0, None),
            "Cilium's operator (Deployment kube-system/cilium-operator): 0 of 1 ready (the account may not list the pods in"
            " kube-system). Without it no service gets an address, and no change of BGP reaches a node; what runs goes on as it"
            " is. Look at: kubectl -n kube-system describe deployment/cilium-operator; kubectl -n kube-system get pods -o wide",
            id="pods that nobody may list",
        ),
        pytest.param(
            state(AGENTS, "its change is not seen yet", 4),
            "Cilium's agents (DaemonSet kube-system/cilium): its change is not seen yet. Nobody acts on it: kube-controller-manager"
            " does not work, or is slow. Look at: kubectl -n kube-system describe daemonset/cilium; kubectl -n kube-system get"
            " pods -o wide",
            id="no controller at work",
        ),
        pytest.param(
            state(AGENTS, "no node fits its nodeSelector or affinity"),
            "Cilium's agents (DaemonSet kube-system/cilium): no node fits its nodeSelector or affinity. Without agents no session"
            " comes up, and no address is announced. Look at: kubectl -n kube-system describe daemonset/cilium; kubectl -n"
            " kube-system get pods -o wide",
            id="agents whose selector somebody has changed",
        ),
        pytest.param(
            state(OPERATOR, "scaled to 0"),
            "Cilium's operator (Deployment kube-system/cilium-operator): scaled to 0. Without it no service gets an address,"
            " and no change of BGP reaches a node; what runs goes on as it is. Scale it up: kubectl -n kube-system scale"
            " deployment/cilium-operator --replicas=1, or as many as operator.replicas says",
            id="an operator that somebody has scaled down",
        ),
    ],
)
def test_what_nothing_takes_effect_without(found: dict[str, Any], text: str) -> None:
    assert lacks(found, rolled_out=False) == UnreadyWorkloads(errors=[text])
    named = text.replace("kubectl", "kubectl --context home")
    assert lacks(found, rolled_out=False, kubectl="kubectl --context home") == UnreadyWorkloads(errors=[named])
