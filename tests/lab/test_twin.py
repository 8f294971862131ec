# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A twin comes up, leaves no trace also after a crash, stays apart from others, and never lets a packet out."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import PlanDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import network
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.nodes import healthy
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import Programs
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.runtime import Progress, Runtime
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.site import Result, Stopped, TwinSite
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.lab_twins import lab_twin

REPOSITORY = Path(__file__).parents[2]
CACHE = Path(os.environ.get("CLUSTER_EDGE_CACHE") or Path.home() / ".cache" / "cluster-edge")
RECIPES = REPOSITORY / "roles" / "edge_twin" / "files" / "programs"

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="makes network namespaces: needs root")]


def small_plan(cluster: bool) -> PlanDocument:
    """Return a plan of one router and, with ``cluster``, one node without an agent."""
    router = {"edge_router_asn": 64700, "edge_addresses": {"lan": ["10.9.0.1", "fd00:9::1"]}}
    node = {"edge_addresses": {"lan": ["10.9.0.11", "fd00:9::11"]}}
    groups: dict[str, Any] = {"edge_routers": {"hosts": {"r1": router}}}
    if cluster:
        groups["edge_clusters"] = {"hosts": {"k8s": {"edge_cilium_version": "1.19.6"}}}
        groups["edge_nodes"] = {"hosts": {"n1": node}}
    shared = {"edge_site_name": "small", "edge_networks": {"lan": {"cidr": ["10.9.0.0/24", "fd00:9::/64"]}}}
    computed = plan(inventory_from({"all": {"vars": shared, "children": groups}}))
    assert computed.data is not None, computed.findings
    return computed.data


class Lab:
    """A twin in a folder of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.said: list[str] = []
        progress = Progress(self.said.append)
        self.runtime = Runtime(_twin.prefix(name), folder, progress)
        self.twin = TwinSite(self.runtime, Programs(CACHE, RECIPES, None, progress))

    def up(self, cluster: bool = False) -> Result:
        return self.twin.present(_twin.describe(small_plan(cluster), self.name), "trixie", Stopped())

    def traces(self) -> list[str]:
        """Return what of the twin is on the machine."""
        found = [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/{self.runtime.name}")]
        found += network.namespaces(self.runtime.name)
        found += [
            line for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines() if self.runtime.name in line
        ]
        found += [str(self.folder)] if self.folder.exists() else []
        for path in Path("/run").rglob(f"*{self.runtime.name}*"):
            found.append(str(path))
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            found += [text] if self.runtime.name in text or str(self.folder) in text else []
        return found


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    yield from _lab("t1")


@pytest.fixture
def other(request: pytest.FixtureRequest) -> Iterator[Lab]:
    yield from _lab("t2")


def _lab(name: str) -> Iterator[Lab]:
    own = lab_twin(name)
    made = Lab(own.name, own.folder)
    try:
        yield made
    finally:
        made.twin.absent()
        if own.folder.exists():
            shutil.rmtree(own.folder)


def overlay_of(lab: Lab) -> dict[str, Any]:
    """Return the overlay's variables of the router."""
    variables: dict[str, Any] = json.loads((lab.folder / "overlay" / "host_vars" / "r1.yml").read_text("utf-8"))
    return variables


def ssh_command(lab: Lab, command: str, *options: str) -> str:
    """Return the shell command that Ansible would make of the overlay for the router; ``options`` stand last."""
    variables = overlay_of(lab)
    arguments = f"-o BatchMode=yes {variables['ansible_ssh_args']} {shlex.join(options)}"
    return f"ssh {arguments} {variables['ansible_user']}@{variables['ansible_host']} {shlex.quote(command)}"


def shell(script: str, *, apart: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a shell script; ``apart`` = in an empty network namespace whose every packet comes back to itself."""
    command = ["unshare", "--net"] if apart else []
    script = f"ip link set lo up; ip route add default dev lo; {script}" if apart else script
    return subprocess.run([*command, "/bin/sh", "-c", script], capture_output=True, text=True, check=False, timeout=30)


def on_router(lab: Lab, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the router."""
    return shell(ssh_command(lab, command))


def opened(output: str) -> int:
    """Return how many TCP connections were tried, from /proc/net/snmp."""
    names, values = [line.split() for line in output.splitlines() if line.startswith("Tcp:")]
    return int(values[names.index("ActiveOpens")])


def test_up_twice_and_down_again(lab: Lab) -> None:
    result = lab.up()
    assert result.changed
    assert result.clients == {"lan": f"{lab.runtime.name}.client.lan"}
    seen = on_router(lab, "vtysh -c 'show bgp summary'")
    assert (seen.returncode, seen.stderr) == (0, "")
    assert "% BGP instance not found" in seen.stdout
    assert not lab.up().changed
    assert lab.twin.absent()
    assert lab.traces() == []
    assert not lab.twin.absent()


def test_an_ipv6_address_of_the_router_answers_a_client(lab: Lab) -> None:
    lab.up()
    with network.connect(f"{lab.runtime.name}.client.lan", "fd00:9::1", 22, timeout=5) as connection:
        assert connection.recv(4) == b"SSH-"


@pytest.mark.parametrize(("status", "expected"), [(200, True), (503, False)])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_health_is_asked_on_either_loopback_address(address: str, status: int, expected: bool) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    class Server(HTTPServer):
        address_family = socket.AF_INET6 if ":" in address else socket.AF_INET

    namespace = f"health-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    try:
        subprocess.run(["ip", "-n", namespace, "link", "set", "lo", "up"], check=True)
        assert not healthy(namespace, 9879)
        with network.inside(namespace):
            server = Server((address, 9879), Answer)
        with server:
            threading.Thread(target=server.serve_forever).start()
            assert healthy(namespace, 9879) is expected
            server.shutdown()
    finally:
        subprocess.run(["ip", "netns", "delete", namespace], check=True)


def kill_every_second(lab: Lab) -> None:
    pids = lab.runtime.cgroup.pids()
    assert len(pids) > 10
    for pid in pids[::2]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_after_kill_9_it_heals_and_nothing_is_left(lab: Lab) -> None:
    lab.up(cluster=True)
    kill_every_second(lab)
    assert lab.up(cluster=True).changed
    assert not lab.up(cluster=True).changed
    kill_every_second(lab)
    lab.twin.absent()
    assert lab.traces() == []


def test_a_process_of_somebody_else_inside_does_not_keep_it(lab: Lab) -> None:
    lab.up()
    with subprocess.Popen(["nsenter", f"--net=/run/netns/{lab.runtime.name}.client.lan", "sleep", "600"]) as guest:
        lab.runtime.wait(
            "the guest is inside", lambda: guest.pid in network.processes(f"{lab.runtime.name}.client.lan"), 5
        )
        lab.twin.absent()
        assert guest.wait(timeout=10) == -signal.SIGKILL
    assert lab.traces() == []


def test_a_start_that_fails_half_way_says_why_and_is_removed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Programs, "etcd", lambda self: Path("/bin/false"))
    monkeypatch.setattr(Programs, "ready", lambda self, recipe, program: Path("/bin/false"))
    with pytest.raises(EdgeError) as caught:
        lab.up(cluster=True)
    assert "kube-apiserver.k8s ended while waiting for: kube-apiserver.k8s has its certificate" in str(caught.value)
    assert f"last lines of {lab.folder}/logs/kube-apiserver.k8s.log" in str(caught.value)
    lab.twin.absent()
    assert lab.traces() == []


def test_two_side_by_side_with_the_same_addresses(lab: Lab, other: Lab) -> None:
    lab.up()
    other.up()
    assert on_router(lab, "hostname").stdout == on_router(other, "hostname").stdout == "r1\n"
    machine = on_router(other, "stat -L -c %i /proc/1/ns/net").stdout
    assert machine
    lab.twin.absent()
    assert lab.traces() == []
    assert on_router(other, "stat -L -c %i /proc/1/ns/net").stdout == machine


def test_the_guard_without_the_twin_nothing_is_sent(lab: Lab) -> None:
    lab.up()
    with pytest.raises(EdgeError, match=r"namespace twin-nobody\.client\.lan: is not there \(the twin is not up\)"):
        network.connect("twin-nobody.client.lan", "10.9.0.1", 22, timeout=1)
    # The overlay outlives its twin here, as a copy in somebody's hands would.
    kept = lab.folder.with_name(f"{lab.folder.name}-kept")
    shutil.copytree(lab.folder / "overlay", kept / "overlay")
    try:
        lab.twin.absent()
        shutil.copytree(kept / "overlay", lab.folder / "overlay")
        counted = "grep ^Tcp: /proc/net/snmp"
        seen = shell(f"{ssh_command(lab, 'true')}; {counted}", apart=True)
        assert "proxy dialer did not pass back a connection" in seen.stderr
        assert opened(seen.stdout) == 0
        # The counter does see an attempt: the same without the overlay's way in.
        plain = f"ssh -F /dev/null -o BatchMode=yes -o ConnectTimeout=1 root@10.9.0.1 true; {counted}"
        assert opened(shell(plain, apart=True).stdout) == 1
    finally:
        shutil.rmtree(kept)
        shutil.rmtree(lab.folder)


def test_rehearsal_without_its_twin_does_not_reach_the_real_router(lab: Lab, other: Lab, tmp_path: Path) -> None:
    """The other twin stands in for the real router: the user's own SSH arguments lead there, in two ways."""
    lab.up()
    other.up()
    real = overlay_of(other)
    # The real router knows the key of the rehearsal: nothing but the way keeps it from being reached.
    key = (lab.folder / "ssh" / "id.pub").read_text("utf-8").strip()
    assert on_router(other, f"echo {shlex.quote(key)} >> ~/.ssh/authorized_keys").returncode == 0
    master = tmp_path / "master"
    opened = shell(ssh_command(other, "true", "-M", "-S", str(master)))
    assert opened.returncode == 0, opened.stderr
    (proxy,) = [word for word in shlex.split(real["ansible_ssh_args"]) if word.startswith("ProxyCommand=")]
    known = f"UserKnownHostsFile={other.folder}/ssh/known_hosts"
    ways = {
        "live master": ["-o", f"ControlPath={master}"],
        "proxy": ["-o", proxy, "-o", "ProxyUseFdpass=yes", "-o", known, "-o", "ControlPath=none"],
    }
    kept = tmp_path / "overlay"
    shutil.copytree(lab.folder / "overlay", kept)
    mark = "/tmp/rehearsed"

    def site(way: str) -> Path:
        """Return the user's inventory, which reaches the real router."""
        user = {
            "ansible_host": real["ansible_host"],
            "ansible_user": "root",
            "ansible_ssh_private_key_file": real["ansible_ssh_private_key_file"],
            "ansible_ssh_args": shlex.join(ways[way]),
        }
        path = tmp_path / f"{way}.yml"
        path.write_text(json.dumps({"all": {"children": {"edge_routers": {"hosts": {"r1": user}}}}}), "utf-8")
        return path

    def touch(*inventories: Path) -> subprocess.CompletedProcess[str]:
        sources = [word for path in inventories for word in ("-i", str(path))]
        command = ["ansible", "r1", *sources, "-m", "ansible.builtin.raw", "-a", f"touch {mark}"]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def touched() -> bool:
        return on_router(other, f"rm {mark}").returncode == 0

    try:
        for way in ways:
            # The overlay's own way works while the twin is up, and the user's does lead to the real router.
            assert touch(site(way), kept).returncode == 0, way
            assert not touched(), way
            assert touch(site(way)).returncode == 0, way
            assert touched(), way
        lab.twin.absent()
        for way in ways:
            seen = touch(site(way), kept)
            assert seen.returncode != 0, way
            assert "proxy dialer did not pass back a connection" in seen.stdout, way
            assert not touched(), way
    finally:
        shell(f"ssh -F /dev/null -S {master} -O exit nobody.invalid")


def test_a_folder_of_another_twin_is_neither_used_nor_removed(lab: Lab) -> None:
    lab.folder.mkdir(parents=True)
    description = lab.folder / "twin.json"
    description.write_text('{"name": "of-somebody"}', encoding="utf-8")
    for change in (lab.twin.absent, lab.up):
        with pytest.raises(EdgeError, match="is the folder of the twin of-somebody"):
            change()
        assert description.exists()
    description.unlink()
    lab.folder.rmdir()


def test_a_folder_of_something_else_is_not_removed(lab: Lab) -> None:
    lab.folder.mkdir(parents=True)
    (lab.folder / "letter").write_text("keep me", encoding="utf-8")
    with pytest.raises(EdgeError, match="it is no twin's folder"):
        lab.twin.absent()
    assert (lab.folder / "letter").exists()
    (lab.folder / "letter").unlink()
    lab.folder.rmdir()
