# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a twin up, change it to an edited inventory, and remove it without a trace."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from ....module_utils._errors import EdgeError
from ..description import twin as _twin
from ..description.releases import differences
from . import lock, network, overlay, programs, router
from .control_plane import ControlPlane
from .nodes import Node
from .runtime import Runtime, draft_of, refused, run, write
from .speaker import StandIn
from .written_overlay import FOLDER

_GONE_LIMIT = 10.0
_IPV6 = Path("/proc/sys/net/ipv6")
"""Not there where the kernel has no IPv6 (Linux, Documentation/networking/ipv6.rst, ``disable=1``)."""
_DESCRIPTION = "twin.json"
_DIFFERENCES = "differences.txt"
"""What ./rehearse shows at its end."""


def require_root() -> None:
    """Fail early where namespaces and cgroups cannot be made.

    Raises:
        EdgeError: not Linux, or not root.
    """
    if not sys.platform.startswith("linux"):
        raise EdgeError(
            "edge_twin", f"the twin needs Linux, this is {sys.platform}", "plan.yml and render.yml work without it"
        )
    if os.geteuid() != 0:
        raise EdgeError(
            "edge_twin", "the twin makes network namespaces and cgroups, which needs root", "run it with sudo"
        )


def require_ipv6() -> None:
    """Fail early where the kernel has no IPv6, whose settings each host of a twin gets.

    Raises:
        EdgeError: it has none.
    """
    if not _IPV6.is_dir():
        raise EdgeError(
            "edge_twin",
            "this machine's kernel has no IPv6, and each host of a twin has it",
            "boot it without ipv6.disable=1; net.ipv6.conf.all.disable_ipv6 may stay",
        )


@dataclasses.dataclass(frozen=True)
class Result:
    """A twin that is up."""

    changed: bool
    overlay: Path
    clients: dict[str, str]
    routers: dict[str, str]
    nodes: dict[str, str]
    kubeconfigs: dict[str, str]
    cilium: dict[str, dict[str, str]]
    """Cluster -> the release of Cilium that ``runs``, and the ``planned`` one."""
    default_networks: list[dict[str, Any]]
    """The choices of nodes of several networks: ``nodes``, ``families``, ``network``, ``others``, ``reason``."""
    differences: list[str]
    """Where it is not as the site is planned, one line each."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Programs:
    """Where the programs of a twin are."""

    image: Path
    """Root file system of the routers."""
    kubernetes: Mapping[str, Path]
    helm: Path
    cilium: dict[str, dict[str, str]]
    """By version."""
    etcd: Path


@dataclasses.dataclass(frozen=True, slots=True)
class Stopped:
    """What is kept from running, to see what the site does then."""

    agents: list[str] = dataclasses.field(default_factory=list)
    """Nodes whose agent is."""
    operators: list[str] = dataclasses.field(default_factory=list)
    """Clusters whose operator is."""

    def of(self, cluster: _twin.Cluster) -> dict[str, Any]:
        """Return what a cluster's kubelet is told of it."""
        return {
            "stopped": [name for name in self.agents if name in cluster.agents],
            "operator_stopped": cluster.host in self.operators,
        }

    def check(self, twin: _twin.Twin) -> None:
        """Refuse what the twin does not run: it would look as if the site bore the fault.

        Raises:
            EdgeError: a node has no agent in the twin, or there is no such cluster.
        """
        agents = [node for cluster in twin.clusters for node in cluster.agents]
        clusters = [cluster.host for cluster in twin.clusters]
        for variable, what, names, known in (
            ("edge_twin_stopped_agents", "node with an agent", self.agents, agents),
            ("edge_twin_stopped_operators", "cluster", self.operators, clusters),
        ):
            for index, name in enumerate(names):
                if name not in known:
                    hint = f"known: {', '.join(sorted(known)) or 'none'}"
                    raise EdgeError(f"{variable}[{index}]", f"no {what} {name!r}", hint)


class TwinSite:
    """The twin of a site on this machine.

    Args:
        runtime: its folder, cgroup and progress.
        tools: where its programs come from.
    """

    def __init__(self, runtime: Runtime, tools: programs.Programs) -> None:
        self.runtime = runtime
        self.tools = tools

    def exists(self) -> bool:
        """Return whether anything of the twin is on the machine."""
        return (
            bool(network.namespaces(self.runtime.name))
            or self.runtime.cgroup.path.exists()
            or self.runtime.folder.exists()
        )

    def differs(self, twin: _twin.Twin, stopped: Stopped) -> bool:
        """Return whether the twin is not up, was described otherwise, or keeps something else from running."""
        if self._description() != _plain(twin):
            return True
        for cluster in twin.clusters:
            path = self._kubelet_settings(cluster.host)
            told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            if any(told.get(key) != value for key, value in stopped.of(cluster).items()):
                return True
        return False

    def _kubelet_settings(self, cluster: str) -> Path:
        return self.runtime.folder / "clusters" / cluster / "kubelet.json"

    def present(
        self, twin: _twin.Twin, suite: str, stopped: Stopped, passwords: Mapping[str, str] | None = None
    ) -> Result:
        """Bring everything up that is not, and in step what is.

        Args:
            twin: the description.
            suite: Debian suite of the routers.
            stopped: what is kept from running.
            passwords: of the sessions with stand-in speakers.

        Raises:
            EdgeError: another process changes the twin, or something of it cannot be made; says what.
        """
        with self._told(), lock.held(self.runtime.name):
            return self._present(twin, suite, stopped, passwords or {})

    def _present(self, twin: _twin.Twin, suite: str, stopped: Stopped, passwords: Mapping[str, str]) -> Result:
        runtime = self.runtime
        require_ipv6()
        self._refuse_folder_of_another()
        runtime.started.clear()
        before = self._description()
        if before is None and self.exists():
            runtime.progress.step("removing what a crash or a reboot has left")
            self._absent()
        changed = self.differs(twin, stopped)
        if before:
            _check_change(before, twin)
        found = self._programs(twin, suite)
        runtime.progress.step("programs are ready")
        runtime.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write(runtime.folder / _DESCRIPTION, json.dumps(_plain(twin), indent=1) + "\n")
        runtime.cgroup.create()
        self._remove_hosts(twin)
        network.build(twin)
        runtime.progress.step(f"network: {len(twin.hosts)} namespaces, {len(twin.bridges)} bridges")
        keys = router.write_keys(runtime, twin)
        routers = [router.RouterMachine(runtime, item) for item in twin.routers]
        control_planes = [ControlPlane(runtime, cluster) for cluster in twin.clusters]
        for machine in routers:
            machine.start(found.image, keys)
        for plane in control_planes:
            plane.start(found.etcd, found.kubernetes["kube-apiserver"])
        nodes = self._start_nodes(twin, control_planes)
        for speaker in twin.speakers:
            StandIn(runtime, speaker).start(found.image, passwords)
        for machine in routers:
            machine.wait()
        for plane in control_planes:
            changed |= self._bring_up_cluster(twin, plane, found, stopped)
        for node in nodes:
            node.wait()
        version = router.frr_version(found.image)
        self._write_overlay(twin, control_planes, found, version)
        suites = {name: item.frr for name, item in programs.ROUTER_SUITES.items()}
        different = differences(twin, version, suites)
        write(runtime.folder / _DIFFERENCES, "".join(f"{line}\n" for line in different))
        runtime.progress.step(f"twin {twin.name} is up")
        return Result(
            changed=changed or bool(runtime.started),
            overlay=runtime.folder / FOLDER,
            clients=dict(twin.clients),
            routers={item.host: item.namespace for item in twin.routers},
            nodes={host.name: host.namespace for host in twin.hosts if host.kind == "node"},
            kubeconfigs={plane.cluster.host: str(plane.kubeconfig) for plane in control_planes},
            cilium={item.host: {"planned": item.planned_cilium, "runs": item.cilium_version} for item in twin.clusters},
            default_networks=default_choices(twin),
            differences=different,
        )

    def _programs(self, twin: _twin.Twin, suite: str) -> _Programs:
        """Return the programs that the twin needs; what is missing is built or installed."""
        self.tools.debian_packages([programs.CILIUM[cluster.cilium_version] for cluster in twin.clusters])
        return _Programs(
            image=self.tools.router_image(suite),
            kubernetes={name: self.tools.ready(programs.KUBERNETES, name) for name in programs.KUBERNETES.mains},
            helm=self.tools.ready(programs.HELM, "helm"),
            cilium={cluster.cilium_version: self._cilium(cluster.cilium_version) for cluster in twin.clusters},
            etcd=self.tools.etcd(),
        )

    def _bring_up_cluster(self, twin: _twin.Twin, plane: ControlPlane, found: _Programs, stopped: Stopped) -> bool:
        """Bring up what a cluster has beside its control plane; return whether its kubelet got new settings."""
        plane.wait()
        plane.start_controllers(found.kubernetes["kube-controller-manager"])
        plane.apply_objects()
        self.runtime.progress.step(f"objects of {plane.cluster.host}'s owners are there ({len(plane.cluster.objects)})")
        changed = self._start_kubelet(twin, plane, found.cilium, stopped)
        plane.install_release(found.helm, Path(found.cilium[plane.cluster.cilium_version]["chart"]))
        return changed

    def absent(self) -> bool:
        """Remove every process, namespace, mount, cgroup, interface and file; return whether there was anything.

        It needs no description: what a crash or ``kill -9`` has left is found by name.

        Raises:
            EdgeError: another process changes the twin, the folder is not its own, or something stays; says what.
        """
        with self._told(), lock.held(self.runtime.name):
            return self._absent()

    def _absent(self) -> bool:
        runtime = self.runtime
        if not self.exists():
            return False
        self._refuse_folder_of_another()
        names = network.namespaces(runtime.name)
        control = runtime.folder / "ssh" / "control"
        for path in sorted(control.glob("*")) if control.is_dir() else ():
            if path.is_socket():
                # An SSH master of Ansible's: outside the cgroup, and it keeps the namespace alive.
                _close_master(path)
        runtime.cgroup.kill()
        for name in names:
            for pid in network.processes(name):
                _kill(pid)
            runtime.wait(f"no process in {name}", partial(_empty, name), _GONE_LIMIT, quiet=True)
        runtime.cgroup.remove_shadows()
        network.remove(names)
        _remove_folder(runtime.folder)
        runtime.progress.step(f"twin {runtime.name.removeprefix('twin-')} is gone")
        return True

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the machine refuses into an error that says where."""
        try:
            yield
        except OSError as error:
            places = {"edge_twin_folder": self.runtime.folder, "edge_twin_cache": self.tools.cache}
            found = [name for name, place in places.items() if Path(str(error.filename)).is_relative_to(place)]
            raise refused(found[0] if found else "edge_twin", error) from error

    def _refuse_folder_of_another(self) -> None:
        """Refuse a folder that another twin has: its files would go while it runs.

        Raises:
            EdgeError: it has one.
        """
        path = self.runtime.folder / _DESCRIPTION
        try:
            name = json.loads(path.read_text(encoding="utf-8")).get("name")
        except (OSError, ValueError, AttributeError):
            return  # none, or what a crash has left of one
        if name is not None and name != self.runtime.name.removeprefix("twin-"):
            problem = f"{path.parent} is the folder of the twin {name}"
            raise EdgeError("edge_twin_folder", problem, "a folder for each twin; or take that one down first")

    def _description(self) -> dict[str, Any] | None:
        """Return the description of what is up, or None; a twin whose network is gone (a reboot) is not up."""
        path = self.runtime.folder / _DESCRIPTION
        if path.exists() and network.namespaces(self.runtime.name):
            return dict(json.loads(path.read_text(encoding="utf-8")))
        return None

    def _cilium(self, version: str) -> dict[str, str]:
        recipe = programs.CILIUM[version]
        return {
            "operator": str(self.tools.ready(recipe, "cilium-operator")),
            "agent": str(self.tools.ready(recipe, "cilium-agent")),
            "bpf": str(self.tools.folder(recipe, "bpf")),
            "chart": str(self.tools.folder(recipe, "chart")),
            "compiler_options": shlex.join(recipe.compiler_options),
        }

    def _remove_hosts(self, twin: _twin.Twin) -> None:
        """Remove the hosts that have left the inventory."""
        wanted = {twin.lan_namespace, *(host.namespace for host in twin.hosts)}
        for name in set(network.namespaces(self.runtime.name)) - wanted:
            kind, host = name.removeprefix(f"{self.runtime.name}.").split(".", 1)
            programs_of = {
                "host": [f"node.{host}", f"router.{host}", f"speaker.{host}"],
                "speaker": [f"speaker.{host}"],
            }
            for program in programs_of.get(kind, []):
                self.runtime.cgroup.child(program).kill()
            network.remove([name])
            self.runtime.progress.step(f"{host} has left")

    def _start_nodes(self, twin: _twin.Twin, control_planes: list[ControlPlane]) -> list[Node]:
        hosts = {host.name: host for host in twin.hosts if host.kind == "node"}
        nodes = []
        for plane in control_planes:
            for name in plane.cluster.agents:
                node = Node(self.runtime, name, hosts[name].namespace, [leg.interface for leg in hosts[name].legs])
                node.start(plane)
                node.listen(plane.cluster.listeners.get(name, ()))
                nodes.append(node)
        return nodes

    def _start_kubelet(
        self, twin: _twin.Twin, plane: ControlPlane, cilium: dict[str, dict[str, str]], stopped: Stopped
    ) -> bool:
        """Start the cluster's kubelet, or give a running one its settings; return whether they are new."""
        cluster = plane.cluster
        hosts = {host.name: host for host in twin.hosts if host.kind == "node"}
        addresses = {
            name: [item["address"] for item in status["addresses"] if item["type"] == "InternalIP"]
            for name, status in cluster.node_status.items()
        }
        settings = {
            "prefix": self.runtime.name,
            "namespace": cluster.namespace,
            "nodes": list(cluster.nodes),
            "addresses": addresses,
            "agents": {
                name: {"namespace": hosts[name].namespace, "devices": [leg.interface for leg in hosts[name].legs]}
                for name in cluster.agents
            },
            **stopped.of(cluster),
            "programs": cilium,
            "api_port": 6443,
            "node_api_port": _twin.NODE_API_PORT,
        }
        path, text = self._kubelet_settings(cluster.host), json.dumps(settings, indent=1) + "\n"
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        if changed:
            write(path, text)
        program = f"kubelet.{cluster.host}"
        if not self.runtime.running(program):
            package = __name__.rpartition(".")[0]
            root = Path(__file__).parents[len(package.split("."))]
            self.runtime.start(
                program,
                [sys.executable, "-m", f"{package}.kubelet", self.runtime.folder, cluster.host],
                environment={"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
            )
        return changed

    def _write_overlay(self, twin: _twin.Twin, planes: list[ControlPlane], found: _Programs, frr_version: str) -> None:
        """Write the inventory that leads the site's own to the twin."""
        ssh = self.runtime.folder / "ssh"
        overlay.write_connect(ssh)
        overlay.write_overlay(
            self.runtime.folder / FOLDER,
            twin.name,
            {
                "edge_routers": {item.host: overlay.router_variables(item, ssh, frr_version) for item in twin.routers},
                "edge_clusters": {
                    plane.cluster.host: overlay.cluster_variables(
                        plane.cluster,
                        ssh,
                        plane.kubeconfig,
                        found.helm,
                        Path(found.cilium[plane.cluster.cilium_version]["chart"]),
                    )
                    for plane in planes
                },
                "edge_nodes": {
                    node: overlay.node_variables(node, f"{self.runtime.name}.host.{node}", ssh)
                    for plane in planes
                    for node in plane.cluster.nodes
                },
            },
        )


def default_choices(twin: _twin.Twin) -> list[dict[str, Any]]:
    """Return the default networks that were chosen among several; nodes with the same choice stand together."""
    by_node: dict[tuple[str, str, tuple[str, ...], str], list[str]] = {}
    for item in twin.default_networks:
        by_node.setdefault((item.node, item.network, item.others, item.reason), []).append(item.family)
    together: dict[tuple[str, tuple[str, ...], str, tuple[str, ...]], list[str]] = {}
    for (node, network_name, others, reason), families in by_node.items():
        together.setdefault((network_name, others, reason, tuple(families)), []).append(node)
    return [
        {"nodes": nodes, "families": [*families], "network": chosen, "others": [*others], "reason": reason}
        for (chosen, others, reason, families), nodes in together.items()
    ]


def _remove_folder(folder: Path) -> None:
    """Remove a twin's folder. Its description goes last: by it the folder is known where removing was interrupted.

    Raises:
        EdgeError: it is no twin's folder.
    """
    description = folder / _DESCRIPTION
    left = [path for path in folder.iterdir() if path != description] if folder.exists() else []
    # A draft alone is of a twin that was killed while it wrote its description for the first time.
    if not description.exists() and any(path != draft_of(description) for path in left):
        problem = f"{folder} has no {_DESCRIPTION}: it is no twin's folder"
        raise EdgeError("edge_twin_folder", problem, "remove it by hand")
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    description.unlink(missing_ok=True)
    if folder.exists():
        folder.rmdir()


def _plain(twin: _twin.Twin) -> dict[str, Any]:
    """Return the description as JSON has it."""
    return dict(json.loads(json.dumps(dataclasses.asdict(twin))))


def _check_change(before: dict[str, Any], twin: _twin.Twin) -> None:
    """Refuse what cannot be changed on a running twin."""
    old = {host["namespace"]: host for host in before["hosts"]}
    for host in _plain(twin)["hosts"]:
        running = old.get(host["namespace"])
        if running and running["legs"] != host["legs"]:
            raise EdgeError(
                "edge_twin",
                f"the addresses or interfaces of {host['name']} have changed",
                "rebuild it: absent, then present",
            )
    clusters = {cluster["host"]: cluster for cluster in before["clusters"]}
    for cluster in _plain(twin)["clusters"]:
        running = clusters.get(cluster["host"])
        if running and running["service_cidrs"] != cluster["service_cidrs"]:
            raise EdgeError(
                "edge_twin", f"the service CIDRs of {cluster['host']} have changed", "rebuild it: absent, then present"
            )


def _empty(namespace: str) -> bool:
    return not network.processes(namespace)


def _close_master(path: Path) -> None:
    try:
        run(["ssh", "-F", "/dev/null", "-S", path, "-O", "exit", "twin.invalid"])
    except EdgeError:
        path.unlink(missing_ok=True)  # nobody listens there any more


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
