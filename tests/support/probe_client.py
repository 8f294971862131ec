# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that asks addresses every 10 ms whether they answer, and counts what is lost: for drills and benchmarks.

``Probes(namespace, addresses)`` runs this file in a network namespace; ``stop`` returns the losses. The program sends one
ICMP echo request to each address per tick until its standard input ends, and prints its counts as JSON. :class:`Client` is
what it has in common with ``tcp_client`` and ``arp_client``.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

EVERY = 0.01
"""Seconds between two probes of one address."""
ANSWERED = "answered\n"
"""What a client prints when each of its targets has answered."""
FIRST = 30.0
"""Seconds within which each of them must."""
LATE = 0.5
"""Seconds that the last answers may take."""
REQUEST = {4: 8, 6: 128}
REPLY = {4: 0, 6: 129}
HEADER = struct.Struct("!BBHHH")
"""Type, code, checksum, identifier, sequence (RFC 792, RFC 4443)."""


class Losses(NamedTuple):
    """What became of the probes of one address."""

    sent: int
    lost: int
    longest_gap: float
    """Seconds between the last answered probe before a loss and the first one after it; 0 = nothing was lost."""

    def __str__(self) -> str:
        return f"{self.lost} of {self.sent} probes lost, longest gap {self.longest_gap:.2f} s"


def losses(sent: list[float], answered: set[int]) -> Losses:
    """Return the losses of one address.

    Args:
        sent: when each probe left, in seconds, in order.
        answered: numbers of those that were answered, from 0.
    """
    longest, last = 0.0, sent[0] if sent else 0.0
    for number, moment in enumerate(sent):
        if number in answered:
            if number and number - 1 not in answered:
                longest = max(longest, moment - last)
            last = moment
    if sent and len(sent) - 1 not in answered:
        longest = max(longest, sent[-1] - last)
    return Losses(len(sent), len(sent) - len(answered), longest)


class Client:
    """A program that asks until its standard input ends, and prints what became of its questions as JSON.

    Before that it prints :data:`ANSWERED`, once each of its targets has answered. What is lost before that counts, but where
    nothing can be lost, because nothing is there or nothing is asked, no drill begins.

    Args:
        command: the program and its arguments; ``inside`` returns one for a network namespace.
        environment: its variables; None: those of this process.
        first: seconds within which each target must have answered.

    Raises:
        AssertionError: one did not.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None, first: float = FIRST
    ) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self._process.stdout is not None
        ready = select.select([self._process.stdout], [], [], first)[0]
        if not ready or self._process.stdout.readline() != ANSWERED:
            self._process.kill()
            self._process.communicate()
            raise AssertionError(f"not each target has answered within {first:g} s: {' '.join(command)}")

    def end(self, seconds: float = 30) -> Any:
        """End the program; return what it has printed.

        Raises:
            AssertionError: it failed.
        """
        told = self._process.communicate(timeout=seconds)[0]
        assert self._process.returncode == 0, "the client failed (its output is above)"
        return json.loads(told)


def inside(namespace: str, *command: str) -> list[str]:
    """Return the command that runs a Python program with its arguments in a network namespace."""
    return ["nsenter", f"--net=/run/netns/{namespace}", sys.executable, *command]


def say_answered() -> None:
    """Say, in a client's own process, that each of its targets has answered."""
    sys.stdout.write(ANSWERED)
    sys.stdout.flush()


def with_collection() -> dict[str, str]:
    """Return this process's variables for a program that imports the collection."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "collections")}


class Probes:
    """Probes of addresses from a network namespace, until ``stop``; each has answered when they have begun."""

    def __init__(self, namespace: str, *addresses: str) -> None:
        self._client = Client(inside(namespace, __file__, *addresses))

    def stop(self) -> dict[str, Losses]:
        """End the probes; return the losses by address.

        Raises:
            AssertionError: the client failed.
        """
        return {address: Losses(*counts) for address, counts in self._client.end().items()}


def checksum(packet: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of bytes."""
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def probe(addresses: list[str]) -> dict[str, Losses]:
    """Probe until standard input ends; return the losses by address."""
    identifier = os.getpid() & 0xFFFF
    families = {address: ipaddress.ip_address(address).version for address in addresses}
    sockets = {
        family: socket.socket(
            socket.AF_INET if family == 4 else socket.AF_INET6,
            socket.SOCK_RAW,
            socket.IPPROTO_ICMP if family == 4 else socket.IPPROTO_ICMPV6,
        )
        for family in set(families.values())
    }
    sent: dict[str, list[float]] = {address: [] for address in addresses}
    answered: dict[str, set[int]] = {address: set() for address in addresses}

    def listen(until: float) -> bool:
        """Take answers until a moment; return whether standard input is still open."""
        while (left := until - time.monotonic()) > 0:
            for ready in select.select([*sockets.values(), sys.stdin], [], [], left)[0]:
                if ready is sys.stdin:
                    return False
                take(ready)
        return True

    def take(ready: socket.socket) -> None:
        family = 4 if ready.family == socket.AF_INET else 6
        packet, peer = ready.recvfrom(2048)
        message = packet[(packet[0] & 15) * 4 :] if family == 4 else packet
        kind, _code, _sum, who, _sequence = HEADER.unpack_from(message)
        if kind == REPLY[family] and who == identifier and peer[0] in answered:
            answered[peer[0]].add(struct.unpack_from("!Q", message, HEADER.size)[0])

    def send(address: str) -> None:
        family = families[address]
        number = len(sent[address])
        sent[address].append(time.monotonic())
        body = struct.pack("!Q", number)
        header = HEADER.pack(REQUEST[family], 0, 0, identifier, number & 0xFFFF)
        if family == 4:  # the kernel fills in ICMPv6's
            header = HEADER.pack(REQUEST[family], 0, checksum(header + body), identifier, number & 0xFFFF)
        with contextlib.suppress(OSError):  # no route at this moment: lost
            sockets[family].sendto(header + body, (address, 0))

    tick = time.monotonic()
    is_open, is_told = True, False
    while is_open:
        for address in addresses:
            send(address)
        tick = max(tick + EVERY, time.monotonic())
        is_open = listen(tick)
        if not is_told and answered and all(answered.values()):
            say_answered()
            is_told = True
    end = time.monotonic() + LATE
    while (left := end - time.monotonic()) > 0:
        for ready in select.select(list(sockets.values()), [], [], left)[0]:
            take(ready)
    return {address: losses(sent[address], answered[address]) for address in addresses}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(probe(sys.argv[1:])))
