# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packets by which a machine asks who has an address on a segment: ARP (RFC 826) and NDP (RFC 4861), as bytes.

Runs on the router: syntax of Python 3.8, no imports but stdlib. Pure: nothing is sent here.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import Optional, Tuple

ETHERTYPE_ARP = 0x0806
NEIGHBOR_SOLICITATION = 135
NEIGHBOR_ADVERTISEMENT = 136

_ETHERNET = struct.Struct("!6s6sH")
_ARP = struct.Struct("!HHBBH6s4s6s4s")
_ARP_ETHERNET_IPV4 = (1, 0x0800, 6, 4)
"""Hardware and protocol type, and the lengths of their addresses."""
_REQUEST, _REPLY = 1, 2
_NDP = struct.Struct("!BBHI16s")
"""Type, code, checksum, flags, target: what solicitation and advertisement have in common (sections 4.3 and 4.4)."""
_SOURCE_LINK_ADDRESS, _TARGET_LINK_ADDRESS = 1, 2
_BROADCAST = b"\xff" * 6


def mac_bytes(text: str) -> bytes:
    """Return the six bytes of a MAC address in the spelling of Linux."""
    return bytes.fromhex(text.replace(":", ""))


def mac_text(value: bytes) -> str:
    """Return a MAC address in the spelling of Linux: lower case, colons."""
    return ":".join("{0:02x}".format(octet) for octet in value)


def arp_request(mac: str, source: str, target: str) -> bytes:
    """Return the Ethernet frame that asks everyone on the segment who has ``target``.

    Args:
        mac: of the asking interface.
        source: its IPv4 address, to which the answer goes.
        target: the IPv4 address that is asked for.
    """
    own = mac_bytes(mac)
    addresses = own, ipaddress.IPv4Address(source).packed, bytes(6), ipaddress.IPv4Address(target).packed
    frame = _ETHERNET.pack(_BROADCAST, own, ETHERTYPE_ARP) + _ARP.pack(*_ARP_ETHERNET_IPV4, _REQUEST, *addresses)
    return frame.ljust(60, b"\0")  # the shortest frame of Ethernet, without its checksum


def arp_answer(frame: bytes) -> Optional[Tuple[str, str]]:
    """Return (address, MAC address) of the answer that a frame is; None where it is none."""
    if len(frame) < _ETHERNET.size + _ARP.size or _ETHERNET.unpack_from(frame)[2] != ETHERTYPE_ARP:
        return None
    fields = _ARP.unpack_from(frame, _ETHERNET.size)
    if fields[:4] != _ARP_ETHERNET_IPV4 or fields[4] != _REPLY:
        return None
    return str(ipaddress.IPv4Address(fields[6])), mac_text(fields[5])


def solicited_node(target: str) -> str:
    """Return the multicast group in which the owner of an IPv6 address listens (RFC 4291 section 2.7.1)."""
    group = int(ipaddress.IPv6Address("ff02::1:ff00:0")) | int(ipaddress.IPv6Address(target)) & 0xFFFFFF
    return str(ipaddress.IPv6Address(group))


def neighbor_solicitation(mac: str, target: str) -> bytes:
    """Return the ICMPv6 message that asks who has ``target``; its checksum is left to the kernel.

    Args:
        mac: of the asking interface, to which the answer goes.
        target: the IPv6 address that is asked for.
    """
    head = _NDP.pack(NEIGHBOR_SOLICITATION, 0, 0, 0, ipaddress.IPv6Address(target).packed)
    return head + bytes((_SOURCE_LINK_ADDRESS, 1)) + mac_bytes(mac)


def neighbor_advertisement(message: bytes) -> Optional[Tuple[str, str]]:
    """Return (address, MAC address) of the answer that an ICMPv6 message is; None where it is none."""
    if len(message) < _NDP.size or message[0] != NEIGHBOR_ADVERTISEMENT:
        return None
    target = str(ipaddress.IPv6Address(_NDP.unpack_from(message)[4]))
    at = _NDP.size
    while at + 8 <= len(message):
        kind, length = message[at], message[at + 1] * 8
        if not length:
            return None  # RFC 4861 section 6.1: to be discarded
        if kind == _TARGET_LINK_ADDRESS:
            return target, mac_text(message[at + 2 : at + 8])
        at += length
    return None
