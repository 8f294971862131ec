# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin's network alone, without a program: whose kernel settings it has, and that what is half made is made whole."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.kernel import (
    DEFAULTS,
    host_sysctls,
    interface_sysctls,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.platforms import (
    RouterSettings,
    router_sysctls,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import network
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.nodes import Node
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.runtime import Progress, Runtime
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, HYBRID
from ansible_collections.hybridnet.cluster_edge.tests.support.lab_twins import lab_twin

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="makes network namespaces: needs root")]

TWIN = lab_twin("net")
NAME = TWIN.prefix
POOL = "10.98.0.1"
"""An address that the node has, and to which the router has a route by it."""
HOSTILE = {
    "accept_ra": "2",
    "accept_redirects": "0",
    "arp_announce": "2",
    "arp_ignore": "1",
    "rp_filter": "1",
    "secure_redirects": "0",
    "send_redirects": "0",
    "shared_media": "0",
}
"""What a hardened machine, or one with containers, says; every other setting is the opposite of the kernel's default."""


def host(kind: str, name: str, address: str, **more: object) -> _twin.Host:
    leg = _twin.Leg("eth0.1", "br0", f"02:00:00:00:00:{address.split('.')[-1].zfill(2)}", (f"{address}/24",))
    legs = (leg, *more.pop("legs", ()))
    return _twin.Host(kind, name, f"{NAME}.{kind}.{name}", legs, **more)


def described(settings: RouterSettings | None = None) -> _twin.Twin:
    """Return a twin of a client, a node with the address of a service, and the router between them, on one wire."""
    to_router = (_twin.Route("default", 4, ("10.97.0.1",)),)
    own = _twin.Leg("lo", "lo", "", (f"{POOL}/32",))
    hosts = (
        host(
            "router",
            "r1",
            "10.97.0.1",
            routes=(_twin.Route(f"{POOL}/32", 4, ("10.97.0.11",)),),
            sysctls=router_sysctls(settings or RouterSettings(), "unifi"),
        ),
        host("node", "n1", "10.97.0.11", legs=(own,), routes=to_router, sysctls=host_sysctls(forwards=True)),
        host("client", "lan", "10.97.0.99", routes=to_router, sysctls=host_sysctls(forwards=False)),
    )
    return _twin.Twin("net", "net", f"{NAME}.lan", ("br0",), hosts, (), (), (), {})


def ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True).stdout


def inherit(namespace: str) -> None:
    """Make a namespace as the kernel makes it on a machine with other settings: it copies them."""
    ip("netns", "add", namespace)
    lines = ["net/ipv4/ip_forward = 1", "net/ipv6/conf/all/forwarding = 1"]
    for family, defaults in DEFAULTS.items():
        for scope in ("all", "default"):
            lines += [
                f"net/{family}/conf/{scope}/{name} = {HOSTILE.get(name, str(1 - int(value)))}"
                for name, value in defaults.items()
                if name != "disable_ipv6"
            ]
    command = ["nsenter", f"--net=/run/netns/{namespace}", "--", "sysctl", "-q", "-p", "-"]
    subprocess.run(command, input="\n".join(lines) + "\n", text=True, check=True)


@pytest.fixture(scope="module", autouse=True)
def _folder() -> Iterator[None]:
    """Make what a later run knows these namespaces by, where this one is killed."""
    TWIN.folder.mkdir(parents=True)
    (TWIN.folder / "twin.json").write_text(json.dumps({"name": TWIN.name}), "utf-8")
    yield
    shutil.rmtree(TWIN.folder)


@pytest.fixture
def hostile() -> Iterator[None]:
    for item in described().hosts:
        inherit(item.namespace)
    yield
    network.remove(network.namespaces(NAME))


@pytest.fixture
def clean() -> Iterator[None]:
    yield
    network.remove(network.namespaces(NAME))


def live(namespace: str, names: list[str]) -> dict[str, str]:
    """Return kernel settings of a namespace; names have slashes."""
    script = 'cd /proc/sys; for name; do echo "$name=$(cat "$name")"; done'
    command = ["nsenter", f"--net=/run/netns/{namespace}", "--", "/bin/sh", "-c", script, "sh", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def described_settings(item: _twin.Host) -> dict[str, str]:
    return {name.replace(".", "/"): value for name, value in item.sysctls.items()} | interface_sysctls(item)


@pytest.mark.usefixtures("hostile")
def test_settings_of_the_machine_do_not_count() -> None:
    twin = described()
    network.build(twin)
    for item in twin.hosts:
        wanted = described_settings(item)
        assert live(item.namespace, list(wanted)) == wanted, item.name


@pytest.mark.usefixtures("hostile")
def test_legs_follow_when_another_reverse_path_is_asked_for() -> None:
    name = "net/ipv4/conf/eth0.1/rp_filter"
    for word, value in (("strict", "1"), ("off", "0"), ("loose", "2")):
        twin = described(RouterSettings(reverse_path=word))
        network.build(twin)
        router = twin.hosts[0].namespace
        assert live(router, [name, "net/ipv4/conf/all/rp_filter"]) == {
            name: value,
            "net/ipv4/conf/all/rp_filter": value,
        }


@pytest.mark.usefixtures("hostile")
def test_a_client_follows_the_routers_redirect_whatever_the_machine_says() -> None:
    """Without it a router that follows connections sees a half of the client's, and drops it (EDGE854)."""
    twin = described()
    network.build(twin)
    client = twin.hosts[2].namespace
    with network.inside(client):
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with asking:
        end = time.monotonic() + 10
        while "via 10.97.0.11 " not in ip("-n", client, "route", "get", POOL):
            assert time.monotonic() < end, "the client goes on by the router"
            asking.sendto(b"?", (POOL, 9))
            time.sleep(0.2)


def links(namespace: str) -> dict[str, tuple[str | None, bool]]:
    """Return by interface its bridge, and whether it is up."""
    found = json.loads(ip("-n", namespace, "-j", "link", "show"))
    return {item["ifname"]: (item.get("master"), "UP" in item["flags"]) for item in found}


@pytest.mark.usefixtures("clean")
def test_what_was_killed_half_way_is_made_whole() -> None:
    twin = described()
    network.build(twin)
    whole = {name: links(name) for name in network.namespaces(NAME)}
    settings = "-d", "-n", twin.lan_namespace, "-j", "link", "show", "br0"
    assert all(up for found in whole.values() for _bridge, up in found.values())
    ports = [name for name, (bridge, _up) in whole[twin.lan_namespace].items() if bridge]
    assert len(ports) == len(twin.hosts)
    # Between the two steps of each: the bridge is down, and the ports are on none.
    ip(
        "-n",
        twin.lan_namespace,
        "link",
        "set",
        "br0",
        "down",
        "type",
        "bridge",
        "stp_state",
        "1",
        "mcast_snooping",
        "1",
    )
    for port in ports:
        ip("-n", twin.lan_namespace, "link", "set", port, "down", "nomaster")
    network.build(twin)
    assert {name: links(name) for name in network.namespaces(NAME)} == whole
    (bridge,) = json.loads(ip(*settings))
    data = bridge["linkinfo"]["info_data"]
    assert (data["stp_state"], data["mcast_snooping"]) == (0, 0)


@pytest.mark.usefixtures("clean")
def test_a_namespace_that_was_not_mounted_yet_is_made_anew() -> None:
    """`ip netns add` was killed after it had made the file."""
    twin = described()
    network.build(dataclasses.replace(twin, hosts=twin.hosts[:1]))
    (network.NETNS / twin.hosts[1].namespace).touch(mode=0)
    network.build(twin)
    assert "10.97.0.11/24" in ip("-n", twin.hosts[1].namespace, "address", "show")


MACHINES = ("kernel/unprivileged_bpf_disabled", "kernel/timer_migration", "vm/swappiness")


@pytest.fixture
def node() -> Iterator[Node]:
    twin = described()
    runtime = Runtime(NAME, TWIN.folder, Progress(lambda text: None))
    try:
        network.build(twin)
        yield Node(runtime, "n1", twin.hosts[1].namespace, ["eth0.1"])
    finally:
        runtime.cgroup.kill()
        network.remove(network.namespaces(NAME))


def test_an_agent_can_write_the_kernel_settings_of_its_network_alone(node: Node) -> None:
    """Each is written as it is, so that nothing of the machine changes where this fails."""
    node.start_holder()
    node.wait()
    enter = ["nsenter", f"--net=/run/netns/{node.namespace}", "-t", str(node.holder()), "-m", "-u", "-C", "--"]

    def written(name: str, value: str) -> bool:
        command = [*enter, "/bin/sh", "-c", 'echo "$2" >"/proc/sys/$1"', "sh", name, value]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    for name in MACHINES:
        assert not written(name, Path("/proc/sys", name).read_text("ascii").strip()), name
    # A new interface's too.
    subprocess.run([*enter, "ip", "link", "add", "new0", "type", "veth", "peer", "name", "new1"], check=True)
    for name in ("net/ipv4/conf/new0/accept_local", "net/ipv4/conf/eth0.1/accept_local", "net/ipv4/ip_early_demux"):
        assert written(name, "1"), name
        assert live(node.namespace, [name]) == {name: "1"}


@pytest.mark.parametrize(
    ("options", "place"),
    [
        pytest.param(["-e", "edge_twin_default_network=privat"], "control-01", id="for all nodes"),
        pytest.param(["-i", "{folder}/more.yml"], "node02", id="for one"),
    ],
)
def test_the_network_of_default_routes_comes_from_the_nodes_variables(
    tmp_path: Path, options: list[str], place: str
) -> None:
    """A name with a mistake is told with the node's path: so each node's own value is what the twin gets."""
    node = {"edge_twin_default_network": "privat"}
    (tmp_path / "more.yml").write_text(json.dumps({"all": {"hosts": {"node02": node}}}), "utf-8")
    more = [word.format(folder=tmp_path) for word in options]
    command = ["ansible-playbook", "playbooks/twin.yml", "--check", "-i", str(HYBRID), *TWIN.options, *more]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=120)
    message = f"{place}.edge_twin_default_network: no network 'privat' (did you mean 'private'?)"
    assert message in " ".join(done.stdout.split()), done.stdout
