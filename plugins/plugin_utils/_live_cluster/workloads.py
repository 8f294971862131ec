# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cilium's agents and operator as a cluster runs them: what they lack, what follows from it, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...module_utils._errors import EdgeError
from ...module_utils._kubernetes.state import NOT_SEEN, SCALED_DOWN
from .._findings.wording import one_of, some

MOST_PODS = 5
AGENTS = "cilium"
"""Name of the agents' DaemonSet, whoever installed it."""
OPERATOR = f"{AGENTS}-operator"
"""Name of the operator's Deployment."""

TITLES = {AGENTS: "Cilium's agents", OPERATOR: "Cilium's operator"}
AGENTS_DOWN = (
    "Sessions of such a node stay down, and it answers for no address on L2; other nodes serve what they may serve."
    " It takes the plan when its agent is back"
)
NO_AGENT = "Without agents no session comes up, and no address is announced"
NO_OPERATOR = "Without it no service gets an address, and no change of BGP reaches a node; what runs goes on as it is"
NO_CONTROLLER = "Nobody acts on it: kube-controller-manager does not work, or is slow"
SPARE_OPERATOR = "Another one does its work, and none stands by"
OLD_RUN = "What is ready may be of the release before: of the newest one nothing runs for sure"
MORE_NODES = "It starts by itself when a node joins that takes it"
FOLLOWS = {AGENTS: (AGENTS_DOWN, NO_AGENT), OPERATOR: (SPARE_OPERATOR, NO_OPERATOR)}
"""Workload -> what follows where some of its pods are ready, and where none is."""


@dataclass(slots=True)
class UnreadyWorkloads:
    """What agents and operator lack."""

    errors: list[str] = field(default_factory=list)
    """What nothing of the plan takes effect without."""
    notes: list[str] = field(default_factory=list)
    """What single pods lack."""


WORKLOADS = {"agents": f"DaemonSet/{{namespace}}/{AGENTS}", "operator": f"Deployment/{{namespace}}/{OPERATOR}"}
"""How a user names one of the chart's workloads -> how module ``cluster_state_info`` does, in a namespace."""


def rollouts(namespace: str, wait_for: Iterable[str] = tuple(WORKLOADS)) -> list[str]:
    """Return the chart's workloads as module ``cluster_state_info`` names them, whatever the release is called.

    Args:
        namespace: that of the release.
        wait_for: which of :data:`WORKLOADS`.

    Raises:
        EdgeError: the chart has no such workload.
    """
    for name in wait_for:
        if name not in WORKLOADS:
            raise EdgeError("wait_for", f"{name!r} is not {one_of(WORKLOADS)}")
    return [WORKLOADS[name].format(namespace=namespace) for name in wait_for]


_TAG = re.compile(r"[^/]*:v?(\d+\.\d+\.\d+)[^/]*")
"""The last part of an image's name, with the version that its tag begins with."""


def version_of_image(image: str) -> str | None:
    """Return Cilium's version that the tag of an image names, as ``v1.18.0`` does; None where it names none."""
    found = _TAG.fullmatch(image.partition("@")[0].rpartition("/")[2])
    return found[1] if found else None


def operator_version(images: Mapping[str, Iterable[str]]) -> str | None:
    """Return the version of the operator that a cluster runs; None where that is not known.

    Args:
        images: those of each workload (``images`` of module ``cluster_state_info``).
    """
    own = [image for rollout, found in images.items() if rollout.endswith(f"/{OPERATOR}") for image in found]
    return next(filter(None, map(version_of_image, own)), None)


def lacks(
    state: Mapping[str, Any], rolled_out: bool, kubectl: str = "kubectl", old_suffice: bool = False
) -> UnreadyWorkloads:
    """Return what agents and operator lack.

    Agents that are down on some nodes keep no other node from taking the plan, and one operator is enough, unless the
    release has just changed: it may be at fault, and the pods that are ready may be the old ones. It is not at fault
    where all that lacks is a node for the second operator. Where each ready pod may be of an older release, an earlier
    run has changed the release, and it may be at fault as well.

    Args:
        state: ``rollouts`` and ``unready`` of module ``cluster_state_info``.
        rolled_out: whether this run has changed the release.
        kubectl: how a printed command begins (:func:`.kubectl.kubectl`).
        old_suffice: whether pods of an older release are enough, as they act on what is written.
    """
    found = UnreadyWorkloads()
    for rollout, lack in state["rollouts"].items():
        if not lack:
            continue
        unready = state["unready"][rollout]
        some_run = unready["ready"] > 0 and lack not in (NOT_SEEN, SCALED_DOWN)
        no_fault = unready["waits_for_nodes"] or not (rolled_out or (unready["only_old"] and not old_suffice))
        (found.notes if some_run and no_fault else found.errors).append(
            _text(rollout, lack, unready, some_run, kubectl)
        )
    return found


def _text(rollout: str, lack: str, unready: Mapping[str, Any], some_run: bool, kubectl: str) -> str:
    """Return what a workload lacks, what follows, and what to do."""
    kind, namespace, name = rollout.split("/")
    pods = unready["pods"]
    follows = FOLLOWS[name][0 if some_run else 1]
    if lack == NOT_SEEN:
        follows = NO_CONTROLLER
    elif some_run and unready["only_old"]:
        follows = OLD_RUN
    text = f"{TITLES[name]} ({kind} {namespace}/{name}): {lack}{_pods(pods, namespace)}. {follows}."
    command = f"{kubectl} -n {namespace}"
    if unready["waits_for_nodes"]:  # a pod on no node has no log
        return f"{text} {MORE_NODES}. Look at: {command} describe pod {pods[0]['name']}"
    return f"{text} {_way_out(command, kind, name, lack, pods)}"


def _pods(pods: Sequence[Mapping[str, str]] | None, namespace: str) -> str:
    """Return which pods are not ready, as the end of a sentence; nothing where there are none."""
    if pods is None:
        return f" (the account may not list the pods in {namespace})"
    told = [
        f"{pod['node'] or 'on no node'} (pod {pod['name']}{': ' if pod['reason'] else ''}{pod['reason']})"
        for pod in pods
    ]
    return f"; not ready: {some(told, MOST_PODS)}" if told else ""


def _way_out(kubectl: str, kind: str, name: str, lack: str, pods: Sequence[Mapping[str, str]] | None) -> str:
    """Return what to look at, or what to do. Commands begin with ``kubectl``, which names the namespace too."""
    workload = f"{kind.lower()}/{name}"
    if lack == SCALED_DOWN:
        return f"Scale it up: {kubectl} scale {workload} --replicas=1, or as many as operator.replicas says"
    if not pods:
        return f"Look at: {kubectl} describe {workload}; {kubectl} get pods -o wide"
    pod = pods[0]["name"]
    return f"Look at: {kubectl} describe pod {pod}; {kubectl} logs {pod} --all-containers"
