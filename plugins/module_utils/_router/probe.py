# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask addresses from this router whether they answer: ARP or NDP on their segment, then TCP and UDP, all at once.

Where a route has several next hops, each is asked by itself as well (``paths``).

It changes nothing on the router: sockets of its own, closed at the end, and no data sent over a connection.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import errno
import ipaddress
import json
import resource
import selectors
import socket
import struct
import time
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple, Union

from . import packets
from .paths import Path, PathAttempt, ask_paths

ASK_SECONDS = 1.0
"""How long an answer to ARP or NDP may take. A segment needs milliseconds; Linux gives up after three seconds."""
ASK_AGAIN = 0.3
"""Seconds after which a question without an answer is asked again."""
SECOND_ANSWER = 0.05
"""Seconds that are left to a second machine with the same address after the last first answer."""
CONNECT_SECONDS = 2.0
"""How long a connection may take: the time of one lost SYN (RFC 6298: 1 s) and as much again."""
REFUSAL_SECONDS = 0.3
"""How long a closed UDP port may take to say so."""
SPARE_FILES = 64
"""Open files that are left to the rest of the process."""

_WAITING = {
    "tcp": (selectors.EVENT_WRITE, CONNECT_SECONDS, "timed_out"),
    "udp": (selectors.EVENT_READ, REFUSAL_SECONDS, "silent"),
}
"""Protocol -> the event that ends an attempt, its longest time, and what it is called when that is over."""
NO_ADDRESS = str(ipaddress.IPv4Address(0))

IP = Union[ipaddress.IPv4Interface, ipaddress.IPv6Interface]


class Interface(NamedTuple):
    """One interface of this router that has a MAC address."""

    name: str
    number: int
    """Its index in the kernel."""
    mac: str
    addresses: Tuple[IP, ...]


class Question(NamedTuple):
    """The question who has ``address`` on the segment of ``interface``."""

    interface: Interface
    address: str


class Attempt(NamedTuple):
    """One connection to be tried, or one datagram to be sent."""

    address: str
    port: int
    protocol: str
    """``tcp`` or ``udp``."""


class Outcome(NamedTuple):
    """What became of an attempt."""

    result: str
    """``answered``, ``refused``, ``timed_out``, ``unreachable`` or (UDP) ``silent``."""
    source: str
    """Own address that the attempt went out with; empty where there is no way at all."""
    reason: str = ""


def read_interfaces(answer: str) -> List[Interface]:
    """Return the interfaces of ``ip -json address show`` that are up and have a MAC address."""
    found = []
    for entry in json.loads(answer):
        if entry.get("link_type") != "ether" or "UP" not in (entry.get("flags") or ()):
            continue
        addresses = tuple(
            ipaddress.ip_interface("{0}/{1}".format(item["local"], item["prefixlen"]))
            for item in entry.get("addr_info") or ()
            if "local" in item
        )
        found.append(Interface(entry["ifname"], entry["ifindex"], entry["address"], addresses))
    return found


def interface_of(interfaces: Sequence[Interface], known: Iterable[str]) -> Optional[Interface]:
    """Return the interface on the segment of known addresses: it has one of them, or its longest subnet holds one."""
    best: Tuple[int, Optional[Interface]] = (-1, None)
    for address in map(ipaddress.ip_address, known):
        for interface in interfaces:
            for own in interface.addresses:
                if own.ip == address:
                    return interface
                if address in own.network and own.network.prefixlen > best[0]:
                    best = own.network.prefixlen, interface
    return best[1]


def ask(questions: Iterable[Question]) -> Dict[Tuple[str, str], List[str]]:
    """Return who answered: (interface, address) -> MAC addresses. More than one is an address that two machines have.

    Raises:
        OSError: this process may not send ARP or NDP.
    """
    wanted = {(question.interface.name, question.address): question for question in questions}
    found: Dict[Tuple[str, str], Set[str]] = {key: set() for key in wanted}
    if not wanted:
        return {}
    with contextlib.ExitStack() as stack:
        asking = _Segments(stack, wanted.values())
        begin = time.monotonic()
        end, again = begin + ASK_SECONDS, begin
        while time.monotonic() < end:
            if time.monotonic() >= again:
                for key, question in wanted.items():
                    if not found[key]:
                        asking.send(question)
                again = time.monotonic() + ASK_AGAIN
            for key, mac in asking.receive(min(end, again) - time.monotonic()):
                if key in found:
                    found[key].add(mac)
            if all(found.values()):
                end = min(end, time.monotonic() + SECOND_ANSWER)
                again = end
    return {key: sorted(macs) for key, macs in found.items()}


class _Segments:
    """One socket for ARP and one for NDP on each interface that is asked."""

    def __init__(self, stack: contextlib.ExitStack, questions: Iterable[Question]) -> None:
        self._selector = stack.enter_context(selectors.DefaultSelector())
        self._sockets: Dict[Tuple[str, int], socket.socket] = {}
        for interface, version in {(item.interface, _version(item.address)) for item in questions}:
            made = stack.enter_context(self._arp(interface) if version == 4 else self._ndp(interface))
            made.setblocking(False)
            self._sockets[interface.name, version] = made
            self._selector.register(made, selectors.EVENT_READ, (interface.name, version))

    @staticmethod
    def _arp(interface: Interface) -> socket.socket:
        made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(packets.ETHERTYPE_ARP))
        made.bind((interface.name, packets.ETHERTYPE_ARP))
        return made

    @staticmethod
    def _ndp(interface: Interface) -> socket.socket:
        made = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.name.encode() + b"\0")
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)  # RFC 4861 section 7.1: no less is valid
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, struct.pack("@I", interface.number))
        return made

    def send(self, question: Question) -> None:
        interface, address = question
        version = _version(address)
        # A full queue, an interface that goes down: asked again, and else an address that does not answer.
        with contextlib.suppress(OSError):
            if version == 4:
                frame = packets.arp_request(interface.mac, _source(interface, address), address)
                self._sockets[interface.name, 4].send(frame)
            else:
                message = packets.neighbor_solicitation(interface.mac, address)
                group = packets.solicited_node(address)
                self._sockets[interface.name, 6].sendto(message, (group, 0, 0, interface.number))

    def receive(self, seconds: float) -> Iterable[Tuple[Tuple[str, str], str]]:
        """Yield ((interface, address), MAC address) of the answers that come within so many seconds."""
        for key, _events in self._selector.select(max(0.0, seconds)):
            name, version = key.data
            made = self._sockets[name, version]
            while True:
                try:
                    data = made.recv(2048)
                except BlockingIOError:
                    break
                answer = packets.arp_answer(data) if version == 4 else packets.neighbor_advertisement(data)
                if answer is not None:
                    yield (name, answer[0]), answer[1]


def _version(address: str) -> int:
    return 6 if ":" in address else 4


def _source(interface: Interface, address: str) -> str:
    """Return the own IPv4 address to ask with: that of the same subnet, else the first, else none (RFC 5227)."""
    own = [item for item in interface.addresses if item.version == 4]
    near = [item for item in own if ipaddress.ip_address(address) in item.network]
    return str((near or own)[0].ip) if own else NO_ADDRESS


def attempt_all(attempts: Sequence[Attempt]) -> List[Outcome]:
    """Return the outcome of each attempt, in order, all tried at once as far as the limit of open files allows."""
    room = max(16, _open_files() - SPARE_FILES)
    outcomes: List[Outcome] = []
    for first in range(0, len(attempts), room):
        outcomes += _attempt(attempts[first : first + room])
    return outcomes


def _open_files() -> int:
    """Return how many files this process may have open, after asking for as many as it is allowed to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def _attempt(attempts: Sequence[Attempt]) -> List[Outcome]:
    outcomes: Dict[int, Outcome] = {}
    ends: Dict[int, float] = {}
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        sockets = [stack.enter_context(_socket(attempt)) for attempt in attempts]
        begin = time.monotonic()
        for number, attempt in enumerate(attempts):
            error = _start(sockets[number], attempt)
            if error in (0, errno.EINPROGRESS):
                event, seconds, _silence = _WAITING[attempt.protocol]
                selector.register(sockets[number], event, number)
                ends[number] = begin + seconds
            else:
                outcomes[number] = _failed(error, _own(sockets[number]))
        while ends:
            for key, _events in selector.select(max(0.0, min(ends.values()) - time.monotonic())):
                made, number = sockets[key.data], key.data
                selector.unregister(made)
                del ends[number]
                error = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                outcomes[number] = _failed(error, _own(made)) if error else Outcome("answered", _own(made))
            now = time.monotonic()
            for number in [number for number, end in ends.items() if end <= now]:
                selector.unregister(sockets[number])
                del ends[number]
                outcomes[number] = Outcome(_WAITING[attempts[number].protocol][2], _own(sockets[number]))
    return [outcomes[number] for number in range(len(attempts))]


def _socket(attempt: Attempt) -> socket.socket:
    family = socket.AF_INET6 if _version(attempt.address) == 6 else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM if attempt.protocol == "tcp" else socket.SOCK_DGRAM)
    made.setblocking(False)
    # Closed by a reset, as load balancers close their checks. After a FIN no socket sends the last acknowledgment: a
    # kernel that routes it over another of several paths leaves the connection open at the other end, which answers
    # the next one from the same port as if it were this one.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
    return made


def _start(made: socket.socket, attempt: Attempt) -> int:
    """Begin a connection, or send an empty datagram; return the error number."""
    error = made.connect_ex((attempt.address, attempt.port))
    if error == 0 and attempt.protocol == "udp":
        try:
            made.send(b"")
        except OSError as problem:
            return problem.errno or errno.EIO
    return error


def _own(made: socket.socket) -> str:
    try:
        address = str(made.getsockname()[0])
    except OSError:
        return ""
    return "" if ipaddress.ip_address(address).is_unspecified else address


def _failed(error: int, source: str) -> Outcome:
    """Return the outcome of an error: a reset is an answer of the other end, all else is none."""
    if error in (errno.ECONNREFUSED, errno.ECONNRESET):
        return Outcome("refused", source)
    if error == errno.ETIMEDOUT:
        return Outcome("timed_out", source)
    return Outcome("unreachable", source, errno.errorcode.get(error, str(error)))


def probe(targets: Sequence[Mapping[str, Any]], interfaces: Sequence[Interface]) -> Dict[str, Any]:
    """Ask all targets; return by address what was seen.

    Args:
        targets: each with ``address``; ``tcp`` and ``udp`` (ports), ``connections`` (how many for each TCP port), and
            for an address on a segment ``segment`` (known addresses there) and ``holders`` (addresses there of
            the nodes that should answer); ``paths``, each with ``gateway`` and ``interface``: the next hops that
            are asked one by one.
        interfaces: of this router.
    """
    by_name = {interface.name: interface for interface in interfaces}
    places = {target["address"]: interface_of(interfaces, target.get("segment") or ()) for target in targets}
    questions = [
        Question(interface, address)
        for target in targets
        for interface in [places[target["address"]]]
        if interface is not None
        for address in (target["address"], *(target.get("holders") or ()))
    ]
    hops = [(target, hop["interface"], hop["gateway"]) for target in targets for hop in target.get("paths") or ()]
    questions += [Question(by_name[name], gateway) for _target, name, gateway in hops if name in by_name]
    answers = ask(questions)
    attempts = [
        Attempt(target["address"], port, protocol)
        for target in targets
        for protocol, times in (("tcp", target.get("connections") or 1), ("udp", 1))
        for port in target.get(protocol) or ()
        for _again in range(times)
    ]
    over_paths = [
        PathAttempt(target["address"], port, Path(name, macs[0]))
        for target, name, gateway in hops
        for macs in [answers.get((name, gateway))]
        if macs
        for port in target.get("tcp") or ()
    ]
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        asked = beside.submit(ask_paths, over_paths)
        outcomes = attempt_all(attempts)
        over = iter(asked.result())
    result: Dict[str, Any] = {}
    for target in targets:
        seen = result[target["address"]] = {"ports": [], "paths": []}
        interface = places[target["address"]]
        if interface is not None:
            seen["interface"] = interface.name
            seen["macs"] = answers[interface.name, target["address"]]
            seen["holder_macs"] = {address: answers[interface.name, address] for address in target.get("holders") or ()}
    for number, attempt in enumerate(attempts):
        _count(result[attempt.address]["ports"], attempt, outcomes[number])
    for target, name, gateway in hops:
        known = answers.get((name, gateway))
        for port in target.get("tcp") or ():
            outcome = next(over) if known else "unresolved" if name in by_name else "not_asked"
            entry = {"gateway": gateway, "interface": name, "port": port, "result": outcome}
            result[target["address"]]["paths"].append(entry)
    return result


def _count(ports: List[Dict[str, Any]], attempt: Attempt, outcome: Outcome) -> None:
    """Add one outcome to the counts of its port."""
    for entry in ports:
        if (entry["port"], entry["protocol"]) == (attempt.port, attempt.protocol):
            break
    else:
        entry = {"port": attempt.port, "protocol": attempt.protocol, "source": outcome.source, "reasons": []}
        ports.append(entry)
    entry[outcome.result] = entry.get(outcome.result, 0) + 1
    if outcome.reason and outcome.reason not in entry["reasons"]:
        entry["reasons"].append(outcome.reason)
