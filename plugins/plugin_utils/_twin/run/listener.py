# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the pods of a node's services: every port answers who it is. Runs as a program of its own.

TCP ports speak HTTP, whatever the service: the answer is JSON with the service, the node and the client's address as
the node saw it. UDP ports answer each datagram with the same.

Usage: ``listener.py NODE JSON`` with a list of ``{"service", "port", "protocol", "service_port"}``.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

_HEADER_LIMIT = 5.0


def _answer(node: str, listener: Mapping[str, Any], client: str) -> bytes:
    client = client.removeprefix("::ffff:")  # an IPv4 client on a socket for both families
    content = {
        "service": listener["service"],
        "port": listener["service_port"],
        "node": node,
        "client": client,
        "stand_in": True,
    }
    return (json.dumps(content, sort_keys=True) + "\n").encode()


async def _serve_tcp(node: str, listener: Mapping[str, Any]) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEADER_LIMIT)
            body = _answer(node, listener, writer.get_extra_info("peername")[0])
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
            await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away, or does not speak HTTP: it gets no answer
        finally:
            writer.close()

    await asyncio.start_server(handle, sock=_socket(socket.SOCK_STREAM, listener["port"]), backlog=1024)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, node: str, listener: Mapping[str, Any]) -> None:
        self.node = node
        self.listener = listener
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; before Python 3.12 the loop's own is no subclass of asyncio.DatagramTransport."""
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Answer a datagram."""
        if self.transport is not None:
            self.transport.sendto(_answer(self.node, self.listener, str(addr[0])), addr)


def _socket(kind: socket.SocketKind, port: int) -> socket.socket:
    """Return a bound socket for both families."""
    sock = socket.socket(socket.AF_INET6, kind)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("::", port))
    return sock


async def _main(node: str, listeners: list[dict[str, Any]]) -> None:
    loop = asyncio.get_running_loop()
    for listener in listeners:
        if listener["protocol"] == "TCP":
            await _serve_tcp(node, listener)
        elif listener["protocol"] == "UDP":
            sock = _socket(socket.SOCK_DGRAM, listener["port"])
            await loop.create_datagram_endpoint(partial(_Datagrams, node, listener), sock=sock)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], json.loads(sys.argv[2])))
