# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node: its namespaces kept by a process that outlives the agent, proxy to the API server, listeners, agent.

The holder keeps the node's mount, UTS and cgroup namespaces, and with them the pinned BPF programs: packets still flow
while its agent is away, as on a real node.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..description import twin as _twin
from .control_plane import ControlPlane
from .network import connect
from .runtime import NETNS, Runtime, run

_LLVM = Path("/usr/lib/llvm-19/bin")
_LLVM_PATH = f"{_LLVM}:/usr/sbin:/usr/bin:/sbin:/bin"
_HOLDER_LIMIT = 20.0
_HEALTH_PORT = 9879
_HOLD = """\
set -eu
hostname "$1"
mount -t tmpfs tmpfs /run
mkdir /run/cilium
mount -t bpf bpffs /sys/fs/bpf
mount --bind /proc/sys /proc/sys
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,ro /proc/sys
exec sleep infinity
"""
"""The holder's program.

All kernel settings but the network's are the whole machine's, and nobody would restore them. So an agent, which has
the holder's mounts, cannot write them. It tries ``kernel.unprivileged_bpf_disabled`` and ``kernel.timer_migration``,
and goes on without (Cilium 1.16 to 1.20, pkg/datapath/loader/base.go: IgnoreErr).
"""
_LIBRARY = """\
set -eu
[ -d "$2/bpf" ] && exit 0
mkdir -p "$2/bpf" "$2/upper" "$2/work"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/bpf"
"""
_OPERATOR = """\
set -eu
mount -t tmpfs tmpfs /run
hostname "$1"
shift
exec "$@"
"""


def write_config(folder: Path, data: Mapping[str, str]) -> None:
    """Write the ConfigMap ``cilium-config`` as one file for each key."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for key, value in data.items():
        # Nothing runs a CNI here, and the path is the machine's.
        if key != "write-cni-conf-when-ready":
            (folder / key).write_text(value, encoding="utf-8")


@dataclasses.dataclass(frozen=True, slots=True)
class Agent:
    """What an agent is run from."""

    version: str
    program: Path
    bpf: Path
    """Its BPF sources."""
    compiler_options: str
    """Further options of the compiler that it calls, as a shell reads them."""


class Node:
    """A node with an agent."""

    def __init__(self, runtime: Runtime, name: str, namespace: str, devices: list[str]) -> None:
        self.runtime = runtime
        self.name = name
        self.namespace = namespace
        self.devices = devices
        self.program = f"node.{name}"
        self.agent = f"{self.program}/agent"
        self.folder = runtime.folder / "nodes" / name

    def start(self, control_plane: ControlPlane) -> None:
        """Start the holder and the way to the API server."""
        self.start_holder()
        control_plane.forward(f"{self.program}/api-port", self.namespace, _twin.NODE_API_PORT)

    def start_holder(self) -> None:
        """Start the process that keeps the node's namespaces, unless it runs."""
        if not self.holder():
            # Programs that still run on the node are in the namespaces of the holder that has ended: they end too.
            self.runtime.cgroup.child(self.program).kill()
            self.runtime.start(
                self.program, ["unshare", "-C", "-m", "-u", "/bin/sh", "-c", _HOLD, "sh", self.name], self.namespace
            )

    def listen(self, listeners: tuple[_twin.Listener, ...]) -> None:
        """Run the stand-ins for the pods of its services; started anew when they have changed."""
        program = f"{self.program}/listener"
        text = json.dumps([dataclasses.asdict(listener) for listener in listeners])
        marker = self.folder / "listeners.json"
        if self.runtime.running(program) and marker.is_file() and marker.read_text(encoding="utf-8") == text:
            return
        self.runtime.cgroup.child(program).kill()
        self.folder.mkdir(parents=True, exist_ok=True)
        marker.write_text(text, encoding="utf-8")
        if listeners:
            script = Path(__file__).with_name("listener.py")
            self.runtime.start(program, [sys.executable, "-I", script, self.name, text], self.namespace)

    def holder(self) -> int | None:
        """Return the holder's pid once it has its mounts."""
        for pid in self.runtime.cgroup.child(self.program).own_pids():
            try:
                if Path(f"/proc/{pid}/comm").read_text(encoding="ascii") == "sleep\n":
                    return pid
            except OSError:
                continue
        return None

    def wait(self) -> None:
        """Wait for the holder."""
        self.runtime.wait(f"node {self.name} is there", self.holder, _HOLDER_LIMIT, self.program, quiet=True)

    def start_agent(self, agent: Agent, config: Mapping[str, str], kubeconfig: Path, pod_namespace: str) -> int:
        """Start cilium-agent with a configuration, as in a pod of a Kubernetes namespace, and return its pid."""
        holder = self.holder()
        library = f"/run/lib-{agent.version}"
        enter = ["nsenter", f"--net={NETNS / self.namespace}", "-t", str(holder), "-m", "-u", "-C", "--"]
        # The agent writes headers beside its sources: an overlay over the read-only ones, one for each version.
        run([*enter, "/bin/sh", "-c", _LIBRARY, "sh", agent.bpf, library])
        write_config(self.folder / "config", config)
        return self.runtime.start(
            self.agent,
            [
                *enter,
                str(agent.program),
                f"--config-dir={self.folder / 'config'}",
                f"--k8s-kubeconfig-path={kubeconfig}",
                "--procfs=/proc",
                f"--lib-dir={library}",
            ],
            environment={
                "PATH": ":".join([*self._compiler(agent.compiler_options), _LLVM_PATH]),
                "K8S_NODE_NAME": self.name,
                "CILIUM_K8S_NAMESPACE": pod_namespace,
            },
        )

    def _compiler(self, options: str) -> list[str]:
        """Return the folder of a compiler that adds options to LLVM's; none where there are none."""
        if not options:
            return []
        script = self.folder / "bin" / "clang"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f'#!/bin/sh\nexec {_LLVM}/clang "$@" {options}\n', encoding="utf-8")
        script.chmod(0o755)
        return [str(script.parent)]

    def agent_ready(self) -> bool:
        """Return whether the agent is healthy and its BPF programs are attached to every device.

        The second decides: BGP announces, and healthz is 200, seconds before packets are forwarded.
        """
        holder = self.holder()
        if holder is None:
            return False
        pins = Path(f"/proc/{holder}/root/sys/fs/bpf/cilium/devices")
        if not all((pins / device.replace(".", "-") / "links" / "cil_from_netdev").exists() for device in self.devices):
            return False
        return healthy(self.namespace, _HEALTH_PORT)


def operator_command(folder: Path, program: Path, config: Mapping[str, str], kubeconfig: Path) -> list[str]:
    """Write cilium-operator's configuration into ``folder`` and return the command that runs it."""
    write_config(folder, config)
    return [str(program), f"--config-dir={folder}", f"--k8s-kubeconfig-path={kubeconfig}"]


def start_operator(
    runtime: Runtime, cluster: str, namespace: str, node: str, command: Sequence[str], pod_namespace: str
) -> int:
    """Start cilium-operator in its cluster's namespace and return its pid.

    Args:
        runtime: the twin's.
        cluster: the cluster.
        namespace: network namespace of its control plane.
        node: the node on which it seems to run.
        command: of :func:`operator_command`.
        pod_namespace: the Kubernetes namespace of its pod.
    """
    return runtime.start(
        f"cilium-operator.{cluster}",
        ["unshare", "-m", "-u", "/bin/sh", "-c", _OPERATOR, "sh", node, *command],
        namespace,
        {"K8S_NODE_NAME": node, "CILIUM_K8S_NAMESPACE": pod_namespace},
    )


def healthy(namespace: str, port: int) -> bool:
    """Return whether ``/healthz`` on a loopback port of a namespace answers 200.

    Cilium listens on one loopback address: on ``::1`` where the cluster has no IPv4.
    """
    return any(_answers(namespace, address, port) for address in ("127.0.0.1", "::1"))


def _answers(namespace: str, address: str, port: int) -> bool:
    try:
        with connect(namespace, address, port, timeout=2.0) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\nbrief: true\r\n\r\n")
            return b" 200 " in connection.recv(64)
    except OSError:
        return False
