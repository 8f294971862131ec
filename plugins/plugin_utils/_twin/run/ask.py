# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the clients of a twin get when they ask the services, and what its routers dropped meanwhile."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ....module_utils._errors import EdgeError
from ..description.firewall import NOTES, TABLE
from .network import connect, inside
from .overlay import FOLDER
from .runtime import NETNS, run

SECONDS = 3.0
"""Within which a port must answer.

The kernel sends a lost first packet again after one second (RFC 6298), and a client that the router sends on to a node
(ICMP redirect) may lose several others before.
"""

_WORKERS = 64
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
    """Return each client's name, its addresses, and the routers that its routes lead to."""
    owners = {
        _address(text): host["name"]
        for host in description["hosts"]
        if host["kind"] == "router"
        for leg in host["legs"]
        for text in leg["addresses"]
    }
    return [
        {
            "name": host["name"],
            "addresses": [_address(text) for leg in host["legs"] for text in leg["addresses"]],
            "routers": sorted({owners[hop] for route in host["routes"] for hop in route["via"] if hop in owners}),
        }
        for host in description["hosts"]
        if host["kind"] == "client"
    ]


def ask(description: Mapping[str, Any], targets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Ask every port of every target, all at once.

    Args:
        description: of the twin, as JSON.
        targets: ``client``, ``address``, and the ports ``tcp`` and ``udp``.

    Returns:
        ``answers``: for each port of each target what answered (``service``, ``node``, and the ``source`` that it saw),
        or ``error``. ``dropped``: router -> note -> (source, destination) of what its firewall dropped since.

    Raises:
        EdgeError: the twin is not up.
    """
    firewalls = {
        host["name"]: host["namespace"]
        for host in description["hosts"]
        if host["kind"] == "router" and host.get("firewall")
    }
    for namespace in firewalls.values():
        _nft(namespace, "; ".join(f"flush set inet {TABLE} {note}{family}" for note in NOTES for family in (4, 6)))
    questions = [
        (target["client"], target["address"], protocol, port)
        for target in targets
        for protocol in ("tcp", "udp")
        for port in target[protocol]
    ]
    with ThreadPoolExecutor(_WORKERS) as pool:
        answers = list(pool.map(lambda question: _ask(description["clients"], *question), questions))
    return {"answers": answers, "dropped": {name: _notes(namespace) for name, namespace in firewalls.items()}}


def _ask(namespaces: Mapping[str, str], client: str, address: str, protocol: str, port: int) -> dict[str, Any]:
    """Return what one port answered a client."""
    question = {"client": client, "address": address, "protocol": protocol, "port": port}
    try:
        reply = (_ask_tcp if protocol == "tcp" else _ask_udp)(namespaces[client], address, port)
        said = json.loads(reply)
        return {**question, "service": said["service"], "node": said["node"], "source": said["client"]}
    except EdgeError:
        raise
    except TimeoutError:
        return {**question, "error": "time-out"}
    except OSError as error:
        return {**question, "error": error.strerror or str(error)}
    except (ValueError, KeyError, TypeError):
        return {**question, "error": "no stand-in answered"}


def _ask_tcp(namespace: str, address: str, port: int) -> str:
    host = f"[{address}]" if ":" in address else address
    with connect(namespace, address, port, SECONDS) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while len(received) < _MOST_BYTES and (part := connection.recv(4096)):
            received += part
    return received.decode(errors="replace").partition("\r\n\r\n")[2]


def _ask_udp(namespace: str, address: str, port: int) -> str:
    with inside(namespace):
        datagrams = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    with datagrams:
        datagrams.settimeout(SECONDS)
        datagrams.connect((address, port))
        datagrams.send(b"?")
        return datagrams.recv(_MOST_BYTES).decode(errors="replace")


def _notes(namespace: str) -> dict[str, list[list[str]]]:
    """Return what a router's firewall has noted: note -> (source, destination)."""
    found: dict[str, list[list[str]]] = {name: [] for name in NOTES}
    for item in json.loads(_nft(namespace, "-j", "list", "table", "inet", TABLE))["nftables"]:
        name = item.get("set", {}).get("name", "")[:-1]
        for entry in item["set"].get("elem", ()) if name in found else ():
            found[name].append((entry["elem"]["val"] if "elem" in entry else entry)["concat"])
    return found


def _nft(namespace: str, *arguments: str) -> str:
    return run(["nsenter", f"--net={NETNS / namespace}", "--", "nft", *arguments])


def _address(text: str) -> str:
    return text.split("/", maxsplit=1)[0]
