# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a port over each next hop of a route by itself, past the kernel's hash that always picks the same one.

A SYN goes out to the MAC address of the next hop, from the address that the kernel would take and from a port that is
reserved meanwhile. What is answered is seen before any firewall and ended by a reset over the same next hop. No route,
rule or neighbor entry is touched.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import contextlib
import ctypes
import random
import selectors
import socket
import struct
import time
from typing import Dict, List, NamedTuple, Sequence, Tuple, Union

from . import handshake, packets

ANSWER_SECONDS = 2.0
"""How long an answer may take: as long as a connection."""
ASK_AGAIN = 0.5
"""Seconds after which a SYN without an answer is sent again."""
RECEIVE_BYTES = 1 << 20
"""Room for answers that come all at once."""
SO_ATTACH_FILTER = 26
"""From asm-generic/socket.h; Python has no name for it."""
ARPHRD_ETHER = 1
PACKET_HOST = 0
"""From linux/if_packet.h: a packet to this machine's MAC address, and none that a switch floods."""
ETHERTYPES = {4: handshake.ETHERTYPE_IPV4, 6: handshake.ETHERTYPE_IPV6}

_LDB, _LDH, _LDX_HEADER, _LDB_AT_X, _AND, _JEQ, _JSET, _RET = 0x30, 0x28, 0xB1, 0x50, 0x54, 0x15, 0x45, 0x06
"""Instructions of BSD's packet filter (linux/filter.h): loads, a mask, two jumps, the end."""
_ANSWERS = [
    (_AND, 0, 0, 0x16),
    (_JEQ, 2, 0, 0x12),
    (_JEQ, 1, 0, 0x02),
    (_JSET, 0, 1, 0x04),
    (_RET, 0, 0, 0xFFFF),
    (_RET, 0, 0, 0),
]
"""Of TCP's flags take SYN, RST and ACK; keep SYN with ACK, SYN alone (it may be ours, sent back), and RST."""
FILTERS = {
    4: [
        (_LDB, 0, 0, 9),
        (_JEQ, 0, 9, handshake.PROTOCOL_TCP),
        (_LDH, 0, 0, 6),
        (_JSET, 7, 0, 0x1FFF),  # a later fragment
        (_LDX_HEADER, 0, 0, 0),
        (_LDB_AT_X, 0, 0, 13),
        *_ANSWERS,
    ],
    6: [(_LDB, 0, 0, 6), (_JEQ, 0, 6, handshake.PROTOCOL_TCP), (_LDB, 0, 0, 40 + 13), *_ANSWERS],
}
"""Version of IP -> what the kernel hands over, out of all that a router carries. Packets begin with IP's header."""


class Path(NamedTuple):
    """One next hop of a route."""

    interface: str
    """Its name."""
    mac: str
    """MAC address of the next hop."""


class PathAttempt(NamedTuple):
    """A port to be asked over one next hop."""

    address: str
    port: int
    path: Path


class _Question(NamedTuple):
    attempt: PathAttempt
    ends: handshake.Ends
    sequence: int


def ask_paths(attempts: Sequence[PathAttempt]) -> List[str]:
    """Return what became of each attempt, in order.

    ``answered``, ``refused``, ``timed_out``, ``unreachable``, or ``sent_back``: the next hop has no way to the address
    but this router, which could pick a good path then.

    Raises:
        OSError: this process may not send packets of its own making.
    """
    results = ["timed_out"] * len(attempts)
    with contextlib.ExitStack() as stack:
        questions = _questions(stack, attempts, results)
        waiting = {question.ends: number for number, question in questions.items()}
        sockets = {version: _open(stack, version) for version in {_version(ends.target) for ends in waiting}}
        selector = stack.enter_context(selectors.DefaultSelector())
        for version, made in sockets.items():
            selector.register(made, selectors.EVENT_READ, version)
        begin = again = time.monotonic()
        end = begin + ANSWER_SECONDS
        while waiting and time.monotonic() < end:
            if time.monotonic() >= again:
                for number in waiting.values():
                    asked = questions[number]
                    _send(sockets, asked.attempt, handshake.syn(asked.ends, asked.sequence))
                again = time.monotonic() + ASK_AGAIN
            for key, _events in selector.select(max(0.0, min(end, again) - time.monotonic())):
                for answer in _heard(sockets[key.data]):
                    if isinstance(answer, handshake.Ends):
                        if answer in waiting:
                            results[waiting.pop(answer)] = "sent_back"
                        continue
                    number = waiting.get(answer.ends, -1)
                    if number < 0 or answer.acknowledged != (questions[number].sequence + 1) % 2**32:
                        continue
                    del waiting[answer.ends]
                    results[number] = "refused" if answer.refused else "answered"
                    if not answer.refused:
                        # The kernel sends a reset of its own, over the path that its hash picks.
                        ended = handshake.reset(answer.ends, answer.acknowledged)
                        _send(sockets, questions[number].attempt, ended)
    return results


def _questions(
    stack: contextlib.ExitStack, attempts: Sequence[PathAttempt], results: List[str]
) -> Dict[int, _Question]:
    """Return by number the attempts that have a source, with a source port for each path to an address and port."""
    reserved: Dict[int, List[int]] = {4: [], 6: []}
    used: Dict[Tuple[str, int], int] = {}
    sources: Dict[Tuple[str, str], str] = {}
    questions: Dict[int, _Question] = {}
    for number, attempt in enumerate(attempts):
        way = attempt.address, attempt.path.interface
        if way not in sources:
            sources[way] = source_of(*way)
        if not sources[way]:
            results[number] = "unreachable"
            continue
        ports = reserved[_version(attempt.address)]
        place = attempt.address, attempt.port
        used[place] = used.get(place, 0) + 1
        if used[place] > len(ports):
            ports.append(_reserve(stack, _version(attempt.address)))
        ends = handshake.Ends(sources[way], ports[used[place] - 1], *place)
        questions[number] = _Question(attempt, ends, random.getrandbits(32))
    return questions


def source_of(address: str, interface: str) -> str:
    """Return the own address that the kernel takes for packets to ``address`` by an interface; empty: it has no way."""
    for device in (interface, ""):
        family = socket.AF_INET6 if _version(address) == 6 else socket.AF_INET
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as made:
            if device:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
            made.connect((address, 9))  # UDP: nothing is sent
            return str(made.getsockname()[0])
    return ""


def _reserve(stack: contextlib.ExitStack, version: int) -> int:
    """Return a TCP port that no other connection of this machine gets meanwhile."""
    made = stack.enter_context(socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_STREAM))
    if version == 6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind(("", 0))
    return int(made.getsockname()[1])


def _open(stack: contextlib.ExitStack, version: int) -> socket.socket:
    """Return a socket that takes packets to any next hop, and hears answers from every interface."""
    made = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETHERTYPES[version])))
    program = b"".join(struct.pack("@HBBI", *line) for line in FILTERS[version])
    kept = ctypes.create_string_buffer(program)
    head = struct.pack("@HP", len(FILTERS[version]), ctypes.addressof(kept))
    made.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, head)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    made.setblocking(False)
    return made


def _send(sockets: Dict[int, socket.socket], attempt: PathAttempt, packet: bytes) -> None:
    version = _version(attempt.address)
    to = attempt.path.interface, ETHERTYPES[version], 0, ARPHRD_ETHER, packets.mac_bytes(attempt.path.mac)
    # A full queue, an interface that goes down: asked again, and else a path that does not answer.
    with contextlib.suppress(OSError):
        sockets[version].sendto(packet, to)


def _heard(made: socket.socket) -> List[Union[handshake.Answer, handshake.Ends]]:
    """Return what a socket holds: answers, and the ends of questions that come in."""
    found: List[Union[handshake.Answer, handshake.Ends]] = []
    while True:
        try:
            packet, place = made.recvfrom(2048)
        except BlockingIOError:
            return found
        answer = handshake.answer(packet)
        if answer is not None:
            found.append(answer)
        elif place[2] == PACKET_HOST:
            question = handshake.question(packet)
            if question is not None:
                found.append(question)


def _version(address: str) -> int:
    return 6 if ":" in address else 4
