# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packets by which a router asks a port over one next hop: their bytes, and what counts as an answer."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router.handshake import (
    Answer,
    Ends,
    answer,
    checksum,
    question,
    reset,
    syn,
)

FOUR = Ends("10.122.0.1", 40001, "203.0.113.94", 25565)
SIX = Ends("2001:db8::1", 40001, "2001:db8:7::7", 80)
SYN, RST, ACK, PUSH = 0x02, 0x04, 0x10, 0x08


def head_length(packet: bytes) -> int:
    return 20 if packet[0] >> 4 == 4 else 40


def answered(ends: Ends, flags: int, acknowledged: int, options: bytes = b"") -> bytes:
    """Return what the target sends back, with a header of IPv4 that may have options."""
    source, target = ipaddress.ip_address(ends.target).packed, ipaddress.ip_address(ends.source).packed
    fields = ends.target_port, ends.source_port, 7, acknowledged, 5 << 4, flags, 1024, 0, 0
    segment = struct.pack("!HHIIBBHHH", *fields)
    if len(source) == 4:
        length = 5 + len(options) // 4
        size = length * 4 + len(segment)
        return struct.pack("!BBHHHBBH4s4s", 0x40 | length, 0, size, 9, 0, 63, 6, 0, source, target) + options + segment
    return struct.pack("!IHBB16s16s", 6 << 28, len(segment), 6, 63, source, target) + segment


@pytest.mark.parametrize("ends", [FOUR, SIX])
@pytest.mark.parametrize(("make", "flags"), [(syn, SYN), (reset, RST)])
def test_packet_is_valid_and_goes_where_it_is_told(ends: Ends, make: object, flags: int) -> None:
    packet = make(ends, 0xFFFFFFFF)  # type: ignore[operator]
    start = head_length(packet)
    segment = packet[start:]
    source, target = (ipaddress.ip_address(address).packed for address in (ends.source, ends.target))
    if start == 20:
        assert (packet[12:16], packet[16:20], packet[9]) == (source, target, 6)
        assert struct.unpack_from("!H", packet, 2)[0] == len(packet)
        assert checksum(packet[:20]) == 0
    else:
        assert (packet[8:24], packet[24:40], packet[6]) == (source, target, 6)
        assert struct.unpack_from("!H", packet, 4)[0] == len(segment)
    assert struct.unpack_from("!HHI", segment) == (ends.source_port, ends.target_port, 0xFFFFFFFF)
    assert segment[13] == flags
    assert (segment[12] >> 4) * 4 == len(segment)
    assert checksum(source + target + struct.pack("!II", len(segment), 6) + segment) == 0


@pytest.mark.parametrize("ends", [FOUR, SIX])
@pytest.mark.parametrize(("flags", "refused"), [(SYN | ACK, False), (RST | ACK, True), (RST | ACK | PUSH, True)])
def test_answer_is_told_with_the_ends_of_the_question(ends: Ends, flags: int, refused: bool) -> None:
    assert answer(answered(ends, flags, 4711)) == Answer(ends, 4711, refused)


def test_answer_behind_options_of_ipv4_is_found() -> None:
    assert answer(answered(FOUR, SYN | ACK, 4711, b"\x01" * 8)) == Answer(FOUR, 4711, refused=False)


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(answered(FOUR, SYN, 0), id="a question of the other end"),
        pytest.param(answered(FOUR, ACK, 4711), id="a packet of a connection"),
        pytest.param(answered(FOUR, RST, 0), id="a reset that acknowledges nothing"),
        pytest.param(answered(FOUR, SYN | ACK, 4711)[:30], id="cut short"),
        pytest.param(answered(SIX, SYN | ACK, 4711)[:50], id="IPv6 cut short"),
        pytest.param(answered(FOUR, SYN | ACK, 1)[:6] + b"\x00\x09" + answered(FOUR, SYN | ACK, 1)[8:], id="a later fragment"),
        pytest.param(answered(FOUR, SYN | ACK, 1)[:9] + b"\x11" + answered(FOUR, SYN | ACK, 1)[10:], id="UDP"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_none(packet: bytes) -> None:
    assert answer(packet) is None


@pytest.mark.parametrize("ends", [FOUR, SIX])
def test_own_question_that_comes_back_is_known(ends: Ends) -> None:
    assert question(syn(ends, 4711)) == ends
    assert question(reset(ends, 4711)) is None
    assert question(answered(ends, SYN | ACK, 4711)) is None
    assert question(b"") is None
