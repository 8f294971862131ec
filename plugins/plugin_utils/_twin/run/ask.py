# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the clients of a twin get when they ask the services, and what its routers dropped meanwhile."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....module_utils._errors import EdgeError
from ..description.firewall import NOTES, TABLE
from .network import inside, open_namespace
from .paths import Chosen, Hop, Paths, Wanted
from .runtime import NETNS, run
from .written_overlay import FOLDER

SECONDS = 3.0
"""Within which a port must answer.

The kernel sends a lost first packet again after one second (RFC 6298), and a client that the router sends on to a node
(ICMP redirect) may lose several others before.
"""

_AT_ONCE = 128
"""Sockets that are open, and threads that wait for an answer."""
_MOST_BYTES = 65536


def read_description(overlay: Path) -> dict[str, Any]:
    """Return the description of the twin that an overlay belongs to.

    Raises:
        EdgeError: it is not there.
    """
    path = overlay.parent / "twin.json"
    if overlay.name != FOLDER or not path.is_file():
        raise EdgeError(str(overlay), "is no overlay of a twin that is up", "bring it up: playbooks/twin.yml")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def clients(description: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each client's name, its addresses, the routers of its routes and on its link, and what these do for it."""
    routers = [host for host in description["hosts"] if host["kind"] == "router"]
    owners = {_address(text): host["name"] for host in routers for leg in host["legs"] for text in leg["addresses"]}
    found = []
    for client in description["hosts"]:
        if client["kind"] != "client":
            continue
        links = {leg["bridge"] for leg in client["legs"]}
        legs = [(host, leg) for host in routers for leg in host["legs"] if leg["bridge"] in links]
        by_route = {owners[hop] for route in client["routes"] for hop in route["via"] if hop in owners}
        found.append(
            {
                "name": client["name"],
                "addresses": [_address(text) for leg in client["legs"] for text in leg["addresses"]],
                "routers": sorted(by_route),
                "on_link": sorted({host["name"] for host, _leg in legs}),
                "proxies": sorted(
                    {host["name"] for host, leg in legs if leg["interface"] in host.get("proxy_arp", ())}
                ),
                "forwards": [
                    {"router": host["name"], **forward}
                    for host in routers
                    if host["name"] in by_route or any(host is other for other, _leg in legs)
                    for forward in host.get("port_forwards", ())
                ],
            }
        )
    return found


@dataclass(frozen=True, slots=True)
class _Question:
    """One port of one address, asked by one client."""

    client: str
    address: str
    to: str
    """The address that a port forward translates it to; else the same."""
    protocol: str
    port: int
    hop: Hop | None
    """The next hop over which it is asked; None = the one that the router picks."""


@dataclass(slots=True)
class _Socket:
    """A socket of a client that has its address and port, and is not connected yet."""

    socket: socket.socket | None = None
    source: str = ""
    port: int = 0
    error: str = ""
    """Why there is none."""


def ask(description: Mapping[str, Any], targets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Ask every port of every target, all at once: as the router leads the client, and over each next hop.

    Args:
        description: of the twin, as JSON.
        targets: ``client``, ``address``, ``to`` (the address that a port forward translates it to, else the same), the
            ports ``tcp`` and ``udp``, and ``paths``: each a ``router`` with the ``gateway`` and the ``interface`` of
            one of its next hops to ``to``.

    Returns:
        ``answers``: for each port of each target what answered (``service``, ``node``, and the ``source`` that it saw),
        or ``error``; ``from`` and ``from_port`` are the client's; where it was asked over a next hop ``router`` and
        ``gateway``. What cannot be led over a next hop is not among them. ``dropped``: router -> note -> (source,
        destination, source port, destination port) of what its firewall dropped since.

    Raises:
        EdgeError: the twin is not up.
    """
    firewalls = {
        host["name"]: host["namespace"]
        for host in description["hosts"]
        if host["kind"] == "router" and host.get("firewall")
    }
    questions = [
        _Question(target["client"], target["address"], target["to"], protocol, port, hop)
        for target in targets
        for hop in (None, *(Hop(**path) for path in target["paths"]))
        for protocol in ("tcp", "udp")
        for port in target[protocol]
    ]
    wanted = [Wanted(item.client, item.address, item.to, item.hop) for item in questions if item.hop]
    paths = Paths(description, wanted)
    answers: list[dict[str, Any]] = []
    with _alone([description["clients"][target["client"]] for target in targets]):
        for namespace in firewalls.values():
            _nft(namespace, "; ".join(f"flush set inet {TABLE} {note}{family}" for note in NOTES for family in (4, 6)))
        with paths.opened(), ThreadPoolExecutor(_AT_ONCE) as pool:
            ready = [item for item in questions if not item.hop or _number(paths, item) is not None]
            for start in range(0, len(ready), _AT_ONCE):
                answers += _ask_some(description["clients"], paths, pool, ready[start : start + _AT_ONCE])
        dropped = {name: _notes(namespace) for name, namespace in firewalls.items()}
    return {"answers": answers, "dropped": dropped}


@contextmanager
def _alone(namespaces: Sequence[str]) -> Iterator[None]:
    """Hold a lock on clients while they ask: what is noted, and which way they go, belongs to one at a time.

    Raises:
        EdgeError: a client is not there.
    """
    with ExitStack() as stack:
        # In one order, so that two that ask do not wait for each other.
        for namespace in sorted(set(namespaces)):
            descriptor = open_namespace(namespace)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _number(paths: Paths, question: _Question) -> int | None:
    """Return the mark of a question that goes over a chosen next hop."""
    return paths.number(question.client, question.address, question.hop) if question.hop else None


def _ask_some(
    namespaces: Mapping[str, str], paths: Paths, pool: ThreadPoolExecutor, questions: Sequence[_Question]
) -> list[dict[str, Any]]:
    """Return what each question is answered."""
    sockets: list[_Socket] = []
    try:
        for item in questions:
            sockets.append(_prepare(namespaces[item.client], item, _number(paths, item)))
        paths.choose(
            [
                Chosen(number, item.protocol, made.source, made.port, item.address)
                for item, made in zip(questions, sockets, strict=True)
                if made.socket is not None and (number := _number(paths, item)) is not None
            ]
        )
        return list(pool.map(_ask, questions, sockets))
    finally:
        for made in sockets:
            if made.socket is not None:
                made.socket.close()


def _prepare(namespace: str, question: _Question, number: int | None) -> _Socket:
    """Return a socket in a client's namespace that has the address and a port of the client.

    A connected UDP socket sends nothing; the kernel gives it the source that it would take.
    """
    family = socket.AF_INET6 if ":" in question.address else socket.AF_INET
    kind = socket.SOCK_STREAM if question.protocol == "tcp" else socket.SOCK_DGRAM
    with inside(namespace):
        made = socket.socket(family, kind)
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as unsent:
                unsent.connect((question.address, question.port))
                source = str(unsent.getsockname()[0])
            if number is not None:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, number)
            made.bind((source, 0))
        except OSError as error:
            made.close()
            return _Socket(error=error.strerror or str(error))
    made.settimeout(SECONDS)
    return _Socket(made, source, made.getsockname()[1])


def _ask(question: _Question, made: _Socket) -> dict[str, Any]:
    """Return what one port answered a client."""
    asked: dict[str, Any] = {"client": question.client, "address": question.address}
    asked |= {"protocol": question.protocol, "port": question.port, "from": made.source, "from_port": made.port}
    if question.hop is not None:
        asked |= {"router": question.hop.router, "gateway": question.hop.gateway}
    if made.socket is None:
        return {**asked, "error": made.error}
    try:
        made.socket.connect((question.address, question.port))
        reply = (_ask_tcp if question.protocol == "tcp" else _ask_udp)(made.socket, question.address)
        said = json.loads(reply)
        return {**asked, "service": said["service"], "node": said["node"], "source": said["client"]}
    except TimeoutError:
        return {**asked, "error": "time-out"}
    except OSError as error:
        return {**asked, "error": error.strerror or str(error)}
    except (ValueError, KeyError, TypeError):
        return {**asked, "error": "no stand-in answered"}


def _ask_tcp(connection: socket.socket, address: str) -> str:
    host = f"[{address}]" if ":" in address else address
    connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    received = b""
    while len(received) < _MOST_BYTES and (part := connection.recv(4096)):
        received += part
    return received.decode(errors="replace").partition("\r\n\r\n")[2]


def _ask_udp(connection: socket.socket, _address: str) -> str:
    connection.send(b"?")
    return connection.recv(_MOST_BYTES).decode(errors="replace")


def _notes(namespace: str) -> dict[str, list[list[str | int]]]:
    """Return what a router's firewall has noted: note -> (source, destination, source port, destination port)."""
    found: dict[str, list[list[str | int]]] = {name: [] for name in NOTES}
    for item in json.loads(_nft(namespace, "-j", "list", "table", "inet", TABLE))["nftables"]:
        name = item.get("set", {}).get("name", "")[:-1]
        for entry in item["set"].get("elem", ()) if name in found else ():
            found[name].append((entry["elem"]["val"] if "elem" in entry else entry)["concat"])
    return found


def _nft(namespace: str, *arguments: str) -> str:
    return run(["nsenter", f"--net={NETNS / namespace}", "--", "nft", *arguments])


def _address(text: str) -> str:
    return text.split("/", maxsplit=1)[0]
