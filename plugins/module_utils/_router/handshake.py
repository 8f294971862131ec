# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first packets of a TCP connection (RFC 9293), as bytes: what asks a port, what answers, and what ends it.

Runs on the router: syntax of Python 3.8, no imports but stdlib. Pure: nothing is sent here.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import NamedTuple, Optional

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_IPV6 = 0x86DD
PROTOCOL_TCP = 6

_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_IPV6 = struct.Struct("!IHBB16s16s")
_TCP = struct.Struct("!HHIIBBHHH")
_SYN, _RST, _ACK = 0x02, 0x04, 0x10
_HOPS = 64
_WINDOW = 64240
_SEGMENT_SIZE = struct.pack("!BBH", 2, 4, 1220)
"""The option for the largest segment, of a size that every path carries (RFC 9293 section 3.7.1)."""
_WORD = 2**32


class Ends(NamedTuple):
    """What tells one connection: both ends."""

    source: str
    source_port: int
    target: str
    target_port: int


class Answer(NamedTuple):
    """What a port answered."""

    ends: Ends
    """As the asking packet had them."""
    acknowledged: int
    """The sequence number that it expects next."""
    refused: bool
    """It is a reset."""


def syn(ends: Ends, sequence: int) -> bytes:
    """Return the packet that asks for a connection."""
    return _packet(ends, sequence, 0, _SYN, _SEGMENT_SIZE)


def reset(ends: Ends, sequence: int) -> bytes:
    """Return the packet that ends a connection which was answered and is not wanted.

    Args:
        ends: as the asking packet had them.
        sequence: what the answer acknowledged (RFC 9293 section 3.10.7.4: a reset is valid with exactly this number).
    """
    return _packet(ends, sequence, 0, _RST, b"")


def answer(packet: bytes) -> Optional[Answer]:
    """Return what a packet answers to a SYN: SYN and ACK, or RST and ACK; None where it is neither."""
    found = _segment(packet)
    if found is None:
        return None
    flags = found.flags
    if flags & (_RST | _ACK) != _RST | _ACK and flags & (_SYN | _RST | _ACK) != _SYN | _ACK:
        return None
    ends = Ends(found.ends.target, found.ends.target_port, found.ends.source, found.ends.source_port)
    return Answer(ends, found.acknowledged, bool(flags & _RST))


def question(packet: bytes) -> Optional[Ends]:
    """Return the ends of a packet that asks for a connection, as :func:`syn` takes them; None where it does not.

    One with the router's own end as its source comes back from a next hop that has no way to the target but the router.
    """
    found = _segment(packet)
    return found.ends if found is not None and found.flags & (_SYN | _RST | _ACK) == _SYN else None


class _Segment(NamedTuple):
    """A packet of TCP."""

    ends: Ends
    """As the packet has them."""
    acknowledged: int
    flags: int


def _segment(packet: bytes) -> Optional[_Segment]:
    """Return the head of a packet of TCP; None where it is none, or is cut short."""
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= _IPV4.size:
        head = _IPV4.unpack_from(packet)
        protocol, source, target, start = head[6], head[8], head[9], (head[0] & 0xF) * 4
        if head[4] & 0x1FFF:
            return None  # a later fragment
    elif version == 6 and len(packet) >= _IPV6.size:
        head6 = _IPV6.unpack_from(packet)
        protocol, source, target, start = head6[2], head6[4], head6[5], _IPV6.size
    else:
        return None
    if protocol != PROTOCOL_TCP or len(packet) < start + _TCP.size:
        return None
    source_port, target_port, _sequence, acknowledged, _offset, flags = _TCP.unpack_from(packet, start)[:6]
    ends = Ends(str(ipaddress.ip_address(source)), source_port, str(ipaddress.ip_address(target)), target_port)
    return _Segment(ends, acknowledged, flags)


def _packet(ends: Ends, sequence: int, acknowledged: int, flags: int, options: bytes) -> bytes:
    source, target = ipaddress.ip_address(ends.source).packed, ipaddress.ip_address(ends.target).packed
    offset = (_TCP.size + len(options)) // 4 << 4
    fields = ends.source_port, ends.target_port, sequence % _WORD, acknowledged, offset, flags, _WINDOW
    segment = _TCP.pack(*fields, 0, 0) + options
    # The checksum covers the addresses, too: RFC 9293 section 3.1 (IPv4), RFC 8200 section 8.1 (IPv6).
    check = checksum(source + target + struct.pack("!II", len(segment), PROTOCOL_TCP) + segment)
    segment = _TCP.pack(*fields, check, 0) + options
    if len(source) == 4:
        whole, unfragmented = _IPV4.size + len(segment), 0x4000
        head = [0x45, 0, whole, 0, unfragmented, _HOPS, PROTOCOL_TCP, 0, source, target]
        head[7] = checksum(_IPV4.pack(*head))
        return _IPV4.pack(*head) + segment
    return _IPV6.pack(6 << 28, len(segment), PROTOCOL_TCP, _HOPS, source, target) + segment


def checksum(data: bytes) -> int:
    """Return the checksum of RFC 1071 over data of an even length."""
    total: int = sum(struct.unpack("!{0}H".format(len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
