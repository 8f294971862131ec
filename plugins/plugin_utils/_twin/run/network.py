# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces, bridges, interfaces, addresses and routes of the twin, made and changed with iproute2."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from ipaddress import ip_network
from pathlib import Path

from ....module_utils._errors import EdgeError
from ..description.firewall import TABLE
from ..description.kernel import interface_sysctls
from ..description.twin import LOOPBACK, Host, Route, Twin
from .lock import locked
from .runtime import NETNS, run

_CLONE_NEWNET = 0x40000000
_RULE_PRIORITY = 1000
"""Of the routing rules that are ours: before the main table's, after Cilium's."""


def _netns_folder() -> AbstractContextManager[None]:
    """Hold a lock over /run/netns: its first user mounts it and its last one unmounts it."""
    return locked(NETNS.parent)


def namespaces(prefix: str) -> list[str]:
    """Return the network namespaces of the twin whose names start with ``prefix`` and a dot."""
    return sorted(path.name for path in NETNS.glob(f"{prefix}.*")) if NETNS.is_dir() else []


def _is_namespace(path: Path) -> bool:
    """Return whether a file is a namespace, and not what is left of one that was not made to its end."""
    return path.exists() and path.stat().st_dev == Path("/proc/self/ns/net").stat().st_dev


def build(twin: Twin) -> None:
    """Make every namespace, bridge, leg, address and route that is not there yet."""
    wanted = [twin.lan_namespace, *(host.namespace for host in twin.hosts)]
    with _netns_folder():
        for namespace in wanted:
            if not _is_namespace(NETNS / namespace):
                if (NETNS / namespace).exists():
                    # `ip netns add` makes a file first; it ended before its mount.
                    run(["ip", "netns", "delete", namespace])
                run(["ip", "netns", "add", namespace])
    for namespace in wanted:
        run(["ip", "-n", namespace, "link", "set", "lo", "up"])
    present = _interfaces(twin.lan_namespace)
    # What is made in two steps is set anew where it is there: whoever made it may have been killed between them.
    for bridge in twin.bridges:
        # Without spanning tree and snooping a port forwards from the first packet on.
        kind = "type bridge stp_state 0 mcast_snooping 0"
        lines = [] if bridge in present else [f"link add {bridge} {kind}"]
        batch(["-n", twin.lan_namespace], [*lines, f"link set {bridge} {kind}", f"link set {bridge} up"])
    for host in twin.hosts:
        _wire(twin, host)


def _wire(twin: Twin, host: Host) -> None:
    # Before any leg is made: a new one takes the settings for those to come.
    _sysctl(host, host.sysctls)
    present = _interfaces(host.namespace)
    for leg in host.legs:
        if leg.bridge == LOOPBACK:
            continue
        # Unique among all ports of the bridges' namespace, and within the 15 characters of an interface name.
        port = "p" + hashlib.sha256(f"{host.namespace}/{leg.interface}".encode()).hexdigest()[:12]
        peer = f"peer name {leg.interface} address {leg.mac} netns {host.namespace}"
        lines = [] if leg.interface in present else [f"link add {port} type veth {peer}"]
        batch(["-n", twin.lan_namespace], [*lines, f"link set {port} master {leg.bridge} up"])
    _sysctl(host, interface_sysctls(host))
    lines = []
    for leg in host.legs:
        for address in leg.addresses:
            # No duplicate address detection: a program that binds to a tentative address fails.
            lines.append(f"address replace {address} dev {leg.interface}{' nodad' if ':' in address else ''}")
        lines.append(f"link set {leg.interface} up")
    batch(["-n", host.namespace], lines)
    for family in (4, 6):
        routes = [route for route in host.routes if route.family == family]
        batch([f"-{family}", "-n", host.namespace], [_route_line(route) for route in routes])
        _set_rules(host, family)
    if host.kind == "router":
        _set_firewall(host)


def _set_firewall(host: Host) -> None:
    """Give a router its firewall, in one step; where it has none, what an earlier description gave it goes."""
    table = f"table inet {TABLE}"
    # With `add` before it, `delete` does not mind that there is no table yet.
    text = f"add {table}\ndelete {table}\n" + (f"{table} {{\n{host.firewall}}}\n" if host.firewall else "")
    run(["nsenter", f"--net={NETNS / host.namespace}", "--", "nft", "-f", "-"], text)


def _route_line(route: Route) -> str:
    metric = "" if route.metric is None else f" metric {route.metric}"
    if route.table is not None:
        metric += f" table {route.table}"
    if not route.via:
        return f"route replace {route.destination} dev {route.interface}{metric}"
    if len(route.via) == 1:
        return f"route replace {route.destination} via {route.via[0]}{metric}"
    return f"route replace {route.destination}{metric} " + " ".join(f"nexthop via {hop}" for hop in route.via)


def _set_rules(host: Host, family: int) -> None:
    """Make the routing rules of a family those that are described; rules of others (Cilium's) stay."""
    options = [f"-{family}", "-n", host.namespace]
    wanted = {(str(ip_network(rule.source)), rule.table) for rule in host.rules if rule.family == family}
    present = {
        (str(ip_network(f"{rule['src']}/{rule['srclen']}" if "srclen" in rule else rule["src"])), int(rule["table"]))
        for rule in json.loads(run(["ip", *options, "-j", "rule", "show"]) or "[]")
        if rule["priority"] == _RULE_PRIORITY
    }
    changes = [("del", rule) for rule in sorted(present - wanted)] + [
        ("add", rule) for rule in sorted(wanted - present)
    ]
    batch(
        options,
        [f"rule {verb} from {source} lookup {table} priority {_RULE_PRIORITY}" for verb, (source, table) in changes],
    )


def batch(options: list[str], lines: list[str]) -> None:
    """Run lines of ``ip``, all of them in one process.

    Args:
        options: of ip, before ``-batch``.
        lines: each a command without ``ip``.
    """
    if lines:
        run(["ip", *options, "-batch", "-"], "\n".join(lines) + "\n")


def _sysctl(host: Host, settings: Mapping[str, str]) -> None:
    """Write kernel settings in a host's namespace, in their order."""
    text = "".join(f"{name} = {value}\n" for name, value in settings.items())
    run(["nsenter", f"--net={NETNS / host.namespace}", "--", "sysctl", "-q", "-p", "-"], text)


def _interfaces(namespace: str) -> set[str]:
    return {link["ifname"] for link in json.loads(run(["ip", "-n", namespace, "-j", "link", "show"]) or "[]")}


def remove(names: Iterable[str]) -> None:
    """Remove namespaces, and /run/netns with its mount when it is empty then."""
    with _netns_folder():
        for name in names:
            run(["ip", "netns", "delete", name])
        if NETNS.is_dir() and not any(NETNS.iterdir()):
            # The first `ip netns add` mounts the folder on itself.
            mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
            for _mount in [line for line in mounts if line.split(" ")[4] == str(NETNS)]:
                run(["umount", NETNS])
            NETNS.rmdir()


def processes(namespace: str) -> list[int]:
    """Return the processes in a network namespace."""
    return [int(pid) for pid in run(["ip", "netns", "pids", namespace]).split()]


def open_namespace(namespace: str) -> int:
    """Return a descriptor of a network namespace.

    Raises:
        EdgeError: it is not there.
    """
    try:
        return os.open(NETNS / namespace, os.O_RDONLY)
    except FileNotFoundError as error:
        raise EdgeError(f"namespace {namespace}", "is not there", "the twin is not up") from error


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Enter a network namespace with the calling thread; a socket made inside stays there.

    Raises:
        EdgeError: the namespace is not there, before any packet is sent: this is the guard.
    """
    library = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        target = open_namespace(namespace)
        try:
            _setns(library, target)
        finally:
            os.close(target)
        try:
            yield
        finally:
            _setns(library, home)
    finally:
        os.close(home)


def _setns(library: ctypes.CDLL, descriptor: int) -> None:
    if library.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")


def connect(namespace: str, address: str, port: int, timeout: float) -> socket.socket:
    """Return a TCP connection that was opened inside ``namespace``."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with inside(namespace):
        connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect((address, port))
    except OSError:
        connection.close()
        raise
    return connection
