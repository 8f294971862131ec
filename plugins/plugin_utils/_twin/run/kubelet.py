# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in kubelet and scheduler of a twin's cluster. Runs as a program of its own, one for all nodes of a cluster.

It binds pods, runs the real cilium-agent and cilium-operator for the pods of their DaemonSet and Deployment, as long as
the pod lives and with what the pod says (image version, service account), reports readiness, and ends pods that are
deleted. Every other pod is a stand-in: it is reported as running. So a Helm release, its waiting and its rollouts
behave as on a real cluster.

Usage: ``python -m ...kubelet FOLDER CLUSTER``; reads ``FOLDER/clusters/CLUSTER/kubelet.json``, anew when it changes.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ....module_utils._errors import EdgeError
from .kube import ApiError, Kube, kubeconfig
from .nodes import Agent, Node, healthy, operator_command, start_operator
from .runtime import Progress, Runtime, write

_POLL = 0.1
_IDLE_POLL = 0.5
_WATCH_SECONDS = 300
_TOKEN_SECONDS = 31536000
_MAX_BACKOFF = 20.0
_OPERATOR_HEALTH_PORT = 9234
_IMAGE = re.compile(r"/(?P<name>cilium|operator[a-z-]*)(?::v(?P<version>[0-9][0-9A-Za-z.-]*))?(?:@|$)")


def say(text: str) -> None:
    """Write a line with the time to the log."""
    print(datetime.now(UTC).strftime("%H:%M:%S.%f")[:-3], text, flush=True)  # noqa: T201


def program_of(pod: dict[str, Any]) -> tuple[str, str] | None:
    """Return (``agent`` or ``operator``, Cilium's version) for a pod that a real program is run for."""
    for container in pod["spec"]["containers"]:
        found = _IMAGE.search(container["image"])
        kind = {"cilium-agent": "agent", "cilium-operator": "operator"}.get(container["name"])
        if kind and found and found["version"]:
            return kind, found["version"]
    return None


def node_for(pod: dict[str, Any], nodes: list[str]) -> str:
    """Return the node that a pod is bound to: the one a DaemonSet names, else the first."""
    affinity = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    for term in affinity.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field.get("key") == "metadata.name":
                return str(field["values"][0])
    return nodes[0]


class Pods:
    """All pods of the cluster, kept up to date by a thread that watches."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._pods: dict[str, dict[str, Any]] = {}
        self.changed = threading.Event()

    def start(self) -> None:
        """Start watching."""
        threading.Thread(target=self._follow, name="pods", daemon=True).start()

    def list(self) -> list[dict[str, Any]]:
        """Return the pods as last seen."""
        with self._lock:
            return list(self._pods.values())

    def update(self, pod: dict[str, Any]) -> None:
        """Store a newer state of a pod, which a request of ours returned."""
        with self._lock:
            uid = pod["metadata"]["uid"]
            if uid in self._pods:
                self._pods[uid] = pod

    def _follow(self) -> None:
        kube = Kube(self._config)
        while True:
            try:
                found = kube.request("GET", "/api/v1/pods")
                with self._lock:
                    self._pods = {pod["metadata"]["uid"]: pod for pod in found["items"]}
                self.changed.set()
                for kind, pod in kube.watch("/api/v1/pods", found["metadata"]["resourceVersion"], _WATCH_SECONDS):
                    if kind == "ERROR":
                        break
                    with self._lock:
                        if kind == "DELETED":
                            self._pods.pop(pod["metadata"]["uid"], None)
                        else:
                            self._pods[pod["metadata"]["uid"]] = pod
                    self.changed.set()
            except (OSError, http.client.HTTPException, EdgeError, ValueError) as error:
                say(f"watching pods: {error}")
                time.sleep(_IDLE_POLL)


class Program:
    """The real program behind one pod: started, watched, restarted with growing pauses, ended with its pod."""

    def __init__(self, kubelet: Kubelet, kind: str, node: str) -> None:
        self.kubelet = kubelet
        self.kind = kind
        self.node = node
        self.pid: int | None = None
        self.uid: str | None = None
        self.restarts = 0
        self.not_before = 0.0
        self.started = 0.0
        self.term_sent = 0.0
        self.reason = ""

    def alive(self) -> bool:
        """Return whether its process lives; reaps it when it has ended."""
        if self.pid is None:
            return False
        try:
            if os.waitpid(self.pid, os.WNOHANG)[0] == 0:
                return True
        except ChildProcessError:
            pass
        say(f"{self.kind} on {self.node}: process {self.pid} has ended")
        self.pid = None
        return False

    def run_for(self, pod: dict[str, Any], version: str) -> None:
        """See that it runs for ``pod``, and for no other."""
        uid = pod["metadata"]["uid"]
        stopped = self.kubelet.stops(self.kind, self.node)
        if stopped:
            self.reason = stopped
        if self.alive():
            if self.uid != uid or stopped:
                self.stop(0 if stopped else 10)
            return
        if stopped or time.monotonic() < self.not_before:
            return
        if self.uid == uid:
            self.restarts += 1
            lived = time.monotonic() - self.started
            pause = 0.0 if lived > 2 * _MAX_BACKOFF else min(_MAX_BACKOFF, 0.5 * 2 ** min(self.restarts, 6))
            self.not_before = time.monotonic() + pause
        else:
            self.restarts = 0
        self.uid, self.started, self.term_sent = uid, time.monotonic(), 0.0
        try:
            self.pid = self.kubelet.launch(self.kind, self.node, pod, version)
            self.reason = ""
        except (EdgeError, OSError, KeyError) as error:
            self.reason = str(error)
            self.not_before = time.monotonic() + 1.0
            say(f"{self.kind} on {self.node}: {error}")

    def stop(self, grace: float) -> bool:
        """Send SIGTERM, later SIGKILL; return whether it has ended."""
        if self.pid is None or not self.alive():
            return True
        now = time.monotonic()
        if not self.term_sent:
            self.term_sent = now
            os.kill(self.pid, signal.SIGTERM)
        if now - self.term_sent >= grace:
            self.kubelet.cgroup(self.kind, self.node).kill()
        return False

    def ready(self) -> bool:
        """Return whether the program is ready."""
        return self.alive() and self.kubelet.answers(self.kind, self.node)


class Kubelet:
    """Starts and ends programs as the pods of the cluster ask for it."""

    def __init__(self, folder: Path, cluster: str) -> None:
        self.folder = folder
        self.cluster = cluster
        self.own = folder / "clusters" / cluster
        self.settings: dict[str, Any] = {}
        self._settings_time = 0
        self._read_settings()
        self.runtime = Runtime(self.settings["prefix"], folder, Progress(lambda text: None))
        self.kube = Kube(self.own / "kubeconfig")
        self.pods = Pods(self.own / "kubeconfig")
        self.programs: dict[tuple[str, str], Program] = {}
        self.nodes: dict[str, Node] = {}

    def _read_settings(self) -> None:
        path = self.own / "kubelet.json"
        changed = path.stat().st_mtime_ns
        if changed != self._settings_time:
            self.settings = json.loads(path.read_text(encoding="utf-8"))
            self._settings_time = changed

    def node(self, name: str) -> Node | None:
        """Return the node if an agent belongs on it."""
        agent = self.settings["agents"].get(name)
        if agent is None:
            return None
        return self.nodes.setdefault(name, Node(self.runtime, name, agent["namespace"], agent["devices"]))

    def run(self) -> None:
        """Work until killed."""
        self.pods.start()
        while True:
            self._read_settings()
            settled = True
            for pod in self.pods.list():
                try:
                    settled = self._sync(pod) and settled
                except ApiError as error:
                    if error.status not in (404, 409):  # gone or changed meanwhile: the watch tells
                        say(f"{pod['metadata']['name']}: {error}")
                except (OSError, http.client.HTTPException) as error:
                    say(f"{pod['metadata']['name']}: {error}")
                    settled = False
            self.pods.changed.wait(_IDLE_POLL if settled else _POLL)
            self.pods.changed.clear()

    def _sync(self, pod: dict[str, Any]) -> bool:
        """Take the next step for one pod; return whether it is where it should be."""
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        node = pod["spec"].get("nodeName")
        if not node:
            if self._excluded(pod):
                return True
            binding = {
                "apiVersion": "v1",
                "kind": "Binding",
                "metadata": {"name": metadata["name"]},
                "target": {"apiVersion": "v1", "kind": "Node", "name": node_for(pod, self.settings["nodes"])},
            }
            self.kube.request("POST", f"{path}/binding", binding)
            return False
        wanted = program_of(pod)
        program = self._program(wanted[0], node) if wanted else None
        if metadata.get("deletionTimestamp"):
            if (
                program
                and program.uid == metadata["uid"]
                and not program.stop(pod["spec"].get("terminationGracePeriodSeconds", 30))
            ):
                return False
            self.kube.request("DELETE", f"{path}?gracePeriodSeconds=0")
            return True
        if program and wanted:
            program.run_for(pod, wanted[1])
        ready = program.ready() if program else True
        restarts = program.restarts if program else 0
        if self._reported(pod) != (ready, restarts, program.reason if program else ""):
            self.pods.update(self.kube.patch_status(path, self._status(pod, node, ready, program)))
        return ready

    def _excluded(self, pod: dict[str, Any]) -> bool:
        """Return whether an operator must wait until another has ended: they share one namespace and its ports."""
        wanted = program_of(pod)
        if wanted is None or wanted[0] != "operator":
            return False
        bound = (program_of(other) for other in self.pods.list() if other["spec"].get("nodeName"))
        return any(program is not None and program[0] == "operator" for program in bound)

    def _program(self, kind: str, node: str) -> Program | None:
        if kind == "agent" and self.node(node) is None:
            return None  # a Node object only: its pods are stand-ins
        return self.programs.setdefault((kind, node), Program(self, kind, node))

    @staticmethod
    def _reported(pod: dict[str, Any]) -> tuple[bool, int, str] | None:
        for condition in pod["status"].get("conditions") or ():
            if condition["type"] == "Ready":
                statuses = pod["status"].get("containerStatuses") or [{}]
                return condition["status"] == "True", statuses[0].get("restartCount", 0), condition.get("message", "")
        return None

    def _status(self, pod: dict[str, Any], node: str, ready: bool, program: Program | None) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        message = program.reason if program else ""
        conditions = [{"type": "Initialized", "status": "True"}, {"type": "PodScheduled", "status": "True"}]
        conditions += [
            {"type": kind, "status": str(ready), "reason": "Twin", "message": message, "lastTransitionTime": now}
            for kind in ("Ready", "ContainersReady")
        ]
        address = self.settings["addresses"].get(node, [])
        return {
            "phase": "Running",
            "startTime": pod["status"].get("startTime") or now,
            "hostIP": address[0] if address else "",
            "podIP": address[0] if address else "",
            "podIPs": [{"ip": item} for item in address],
            "conditions": conditions,
            "containerStatuses": [
                {
                    "name": container["name"],
                    "image": container["image"],
                    "imageID": "",
                    "ready": ready,
                    "restartCount": program.restarts if program else 0,
                    "started": ready,
                    "state": {"running": {"startedAt": now}},
                }
                for container in pod["spec"]["containers"]
            ],
        }

    # The programs

    def stops(self, kind: str, node: str) -> str:
        """Return why a program is kept from running; empty where it is not."""
        if kind == "operator":
            return "kept down by edge_twin_stopped_operators" if self.settings.get("operator_stopped") else ""
        return "kept down by edge_twin_stopped_agents" if node in self.settings.get("stopped", ()) else ""

    def cgroup(self, kind: str, node: str) -> Any:
        """Return the cgroup of a program."""
        return self.runtime.cgroup.child(f"node.{node}/agent" if kind == "agent" else f"cilium-operator.{self.cluster}")

    def answers(self, kind: str, node: str) -> bool:
        """Return whether a running program is ready."""
        own = self.node(node)
        if kind == "agent":
            return own is not None and own.agent_ready()
        return healthy(self.settings["namespace"], _OPERATOR_HEALTH_PORT)

    def launch(self, kind: str, node: str, pod: dict[str, Any], version: str) -> int:
        """Start the program of a pod, configured from the cluster as the pod would be."""
        programs = self.settings["programs"].get(version)
        if programs is None:
            installed = ", ".join(sorted(self.settings["programs"]))
            raise EdgeError(
                pod["metadata"]["name"], f"the twin has no program for Cilium {version}", f"it has {installed}"
            )
        namespace = pod["metadata"]["namespace"]
        config = self.kube.request("GET", f"/api/v1/namespaces/{namespace}/configmaps/cilium-config")["data"]
        account = pod["spec"]["serviceAccountName"]
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": _TOKEN_SECONDS},
        }
        answer = self.kube.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", request)
        port = self.settings["node_api_port"] if kind == "agent" else self.settings["api_port"]
        path = self.own / f"kubeconfig.{kind}.{node}"
        text = kubeconfig(
            f"https://127.0.0.1:{port}", self.own / "pki" / "apiserver.crt", answer["status"]["token"], account
        )
        write(path, text)
        say(f"{kind} on {node}: starting {version} for {pod['metadata']['name']}")
        self.cgroup(kind, node).kill()
        if kind == "operator":
            command = operator_command(self.own / "operator-config", Path(programs["operator"]), config, path)
            return start_operator(self.runtime, self.cluster, self.settings["namespace"], node, command, namespace)
        own = self.node(node)
        if own is None:
            raise EdgeError(node, "has no agent")
        agent = Agent(version, Path(programs["agent"]), Path(programs["bpf"]), programs["compiler_options"])
        return own.start_agent(agent, config, path, namespace)


if __name__ == "__main__":
    Kubelet(Path(sys.argv[1]), sys.argv[2]).run()
