# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text to addresses and back: the only file that knows netaddr.

Strict on purpose, because each lenient form means something else elsewhere: ``10.1`` is 10.0.0.1 to one program and an
error to another, ``010`` is 8 or 10, ``::ffff:10.0.0.1`` is an IPv4 address that matches no IPv4 filter. Every function
raises :class:`EdgeError` with ``path``, the value, the rule and the way out; none returns a guess.
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..module_utils._errors import EdgeError
from ._intervals import Interval, merge
from ._model import PoolEntry

if TYPE_CHECKING:
    import netaddr

    HAS_NETADDR = True
else:
    try:
        import netaddr

        HAS_NETADDR = True
    except ImportError:  # told at first use: `ansible-doc` and `ansible-test sanity --test import` must load this file
        HAS_NETADDR = False

WIDTH = {4: 32, 6: 128}
"""Bits of an address, by family."""
FAMILY_NAME = {4: "IPv4", 6: "IPv6"}
"""How messages call a family."""
FAMILY_KEY = {4: "ipv4", 6: "ipv6"}
"""How plans and filters call a family."""

_MAPPED = Interval(6, 0xFFFF << 32, (0xFFFF << 32) + 0xFFFFFFFF)
"""``::ffff:0:0/96``, IPv4-mapped addresses (RFC 4291 section 2.5.5.2)."""
_SOCKET_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
_BYTES = {4: 4, 6: 16}
_DOTTED = re.compile(r"\d+(\.\d+)*", re.ASCII)
_GROUP = {4: re.compile(r"\d{1,3}", re.ASCII), 6: re.compile(r"[0-9A-Fa-f]{1,4}")}
_PREFIX_LENGTH = re.compile(r"0|[1-9]\d{0,2}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """One address."""

    family: int
    """4 or 6."""
    value: int

    @property
    def text(self) -> str:
        """Canonical text (IPv6: RFC 5952)."""
        return address_text(self.family, self.value)

    @property
    def interval(self) -> Interval:
        """The same address as an interval of one."""
        return Interval(self.family, self.value, self.value)


@dataclass(frozen=True, slots=True, order=True)
class Cidr:
    """An aligned block of addresses."""

    interval: Interval
    prefix_length: int

    @property
    def text(self) -> str:
        """Canonical text, such as ``203.0.113.88/29``."""
        return f"{address_text(self.family, self.interval.first)}/{self.prefix_length}"

    @property
    def family(self) -> int:
        """4 or 6."""
        return self.interval.family

    def contains(self, address: Address) -> bool:
        """Say whether ``address`` is one of its addresses."""
        return self.family == address.family and self.interval.first <= address.value <= self.interval.last


def parse_address(text: object, path: str) -> Address:
    """Return the address that ``text`` spells, such as ``203.0.113.93`` or ``2001:db8::1``.

    Args:
        text: a string; anything else is an error that names the YAML trap.
        path: where the value stands, for the error.
    """
    word = _require_text(text, path, "an address")
    if _is_range(word):
        raise EdgeError(path, f"{word} is a range, but one address is needed")
    if "/" in word:
        address = _block(word, path)[1]
        raise EdgeError(path, f"{word} is a CIDR, but one address is needed", f"write {address.text}")
    return _address(word, path)


def parse_cidr(text: object, path: str) -> Cidr:
    """Return the CIDR that ``text`` spells, such as ``10.121.0.0/24``. Host bits are an error, never cut off."""
    word = _require_text(text, path, "a CIDR")
    if _is_range(word):
        raise EdgeError(path, f"{word} is a range, but a CIDR is needed", "write ADDRESS/LENGTH, such as 192.0.2.0/24")
    if "/" not in word:
        one = _address(word, path)
        raise EdgeError(
            path,
            f"{word} has no prefix length, but a CIDR is needed",
            f"write {one.text}/{WIDTH[one.family]} if you mean that one address",
        )
    cidr, address = _block(word, path)
    if address.value != cidr.interval.first:
        one_address = f"{address.text}/{WIDTH[address.family]}"
        raise EdgeError(path, _host_bits(word, cidr), f"did you mean {cidr.text}, or the single address {one_address}?")
    return cidr


def parse_range(text: object, path: str) -> Interval:
    """Return the addresses of a range such as ``192.0.2.10-192.0.2.20``, both ends included."""
    word = _require_text(text, path, "a range")
    left, dash, right = (part.strip() for part in word.partition("-"))
    if not (left and dash and right) or "-" in right:
        raise EdgeError(path, f"{word} is not a range", "write FIRST-LAST, such as 192.0.2.10-192.0.2.20")
    if "/" in word:
        raise EdgeError(path, f"{word} mixes a range and a CIDR", "write either FIRST-LAST or ADDRESS/LENGTH")
    first = _address(left, path)
    separator = "." if first.family == 4 else ":"
    if _GROUP[first.family].fullmatch(right):
        full = f"{left.rpartition(separator)[0]}{separator}{right}"
        raise EdgeError(path, f"{word} shortens the last address of the range", f"write it whole: {left}-{full}")
    last = _address(right, path)
    if first.family != last.family:
        raise EdgeError(
            path,
            f"{word} goes from {FAMILY_NAME[first.family]} to {FAMILY_NAME[last.family]}",
            "write one range per family",
        )
    if first.value > last.value:
        raise EdgeError(path, f"{word} ends before it starts", f"did you mean {last.text}-{first.text}?")
    return Interval(first.family, first.value, last.value)


def parse_pool_entry(text: object, path: str) -> PoolEntry:
    """Return one entry of a pool: a CIDR, a range ``FIRST-LAST``, or a single address."""
    word = _require_text(text, path, "a CIDR, a range or an address")
    if _is_range(word):
        interval = parse_range(word, path)
        return PoolEntry(interval_text(interval), interval, is_cidr=False)
    if "/" not in word:
        address = _address(word, path)
        return PoolEntry(address.text, address.interval, is_cidr=False)
    cidr, address = _block(word, path)
    if address.value != cidr.interval.first:
        rest = interval_text(Interval(cidr.family, address.value, cidr.interval.last))
        ways = [cidr.text, f"the range {rest}", f"the address {address.text}"]
        if address.value == cidr.interval.last:
            ways.pop(1)
        raise EdgeError(path, _host_bits(word, cidr), f"did you mean {', '.join(ways[:-1])} or {ways[-1]}?")
    return PoolEntry(cidr.text, cidr.interval, is_cidr=True)


def address_text(family: int, value: int) -> str:
    """Return the canonical text of an address given as a number: what netaddr writes, from where netaddr has it."""
    _require_netaddr()
    return socket.inet_ntop(_SOCKET_FAMILY[family], value.to_bytes(_BYTES[family], "big"))


def interval_text(interval: Interval) -> str:
    """Return ``FIRST-LAST``, or the address alone where both are one."""
    first = address_text(interval.family, interval.first)
    return first if interval.size == 1 else f"{first}-{address_text(interval.family, interval.last)}"


def to_cidrs(intervals: Iterable[Interval]) -> tuple[Cidr, ...]:
    """Return the fewest CIDRs that hold exactly these addresses, sorted, IPv4 first."""
    return tuple(
        Cidr(Interval(interval.family, block.first, block.last), block.prefixlen)
        for interval in merge(intervals)
        for block in netaddr.iprange_to_cidrs(
            _netaddr_address(interval.family, interval.first), _netaddr_address(interval.family, interval.last)
        )
    )


def _netaddr_address(family: int, value: int) -> netaddr.IPAddress:
    _require_netaddr()
    return netaddr.IPAddress(value, 4 if family == 4 else 6)


def _require_netaddr() -> None:
    if not HAS_NETADDR:
        raise EdgeError(
            "",
            f"the Python that runs Ansible ({sys.executable}) has no netaddr library, "
            "which all address arithmetic needs",
            "install it there: python -m pip install netaddr",
        )


def _require_text(text: object, path: str, wanted: str) -> str:
    """Return the text without outer blanks; refuse what YAML made something else of."""
    if isinstance(text, str):
        if text.strip():
            return text.strip()
        raise EdgeError(path, f"the text is empty, but {wanted} is needed")
    if text is None:
        raise EdgeError(path, f"there is no value, but {wanted} is needed")
    if isinstance(text, (bool, int, float)):
        kind = "boolean" if isinstance(text, bool) else "number"
        raise EdgeError(
            path, f"YAML made the {kind} {text} of this value, but {wanted} is needed", "quote it, such as '192.0.2.1'"
        )
    raise EdgeError(path, f"a {_kind(text)} stands here, but {wanted} is needed", "write it as text")


def _kind(value: object) -> str:
    """Return the name that YAML users know for the type of ``value``."""
    names: tuple[tuple[type | tuple[type, ...], str], ...] = ((dict, "map"), ((list, tuple), "list"), (bytes, "binary"))
    return next((name for kind, name in names if isinstance(value, kind)), type(value).__name__)


def _is_range(word: str) -> bool:
    return "-" in word


def _address(word: str, path: str) -> Address:
    """Return the address, read as inet_pton(3) reads it: no short forms, no leading zeros, no zone."""
    _require_netaddr()
    family: Literal[4, 6] = 6 if ":" in word else 4
    value = _canonical(word, family)
    if value is None:
        try:
            value = int(netaddr.IPAddress(word, family, flags=netaddr.INET_PTON))
        except (netaddr.AddrFormatError, ValueError):
            raise _not_an_address(word, path) from None
    if family == 6 and _MAPPED.first <= value <= _MAPPED.last:
        plain = address_text(4, value - _MAPPED.first)
        raise EdgeError(path, f"{word} is an IPv4-mapped IPv6 address", f"write it as IPv4: {plain}")
    return Address(family, value)


def _canonical(word: str, family: int) -> int | None:
    """Return the value of an address in its canonical text, in a tenth of netaddr's time; None = netaddr decides."""
    try:
        packed = socket.inet_pton(_SOCKET_FAMILY[family], word)
    except (OSError, ValueError):
        return None
    # Some platforms read forms that netaddr refuses, such as 010.0.0.1: none of them is written back so.
    return int.from_bytes(packed, "big") if socket.inet_ntop(_SOCKET_FAMILY[family], packed) == word else None


def _not_an_address(word: str, path: str) -> EdgeError:
    """Return the error; tell the common wrong forms apart, for a hint that helps."""
    if "%" in word:
        hint = f"write {word.partition('%')[0]}; a zone means something on one host only"
        return EdgeError(path, f"{word} has a zone", hint)
    if word.startswith("[") and word.endswith("]"):
        return EdgeError(path, f"{word} stands in brackets", f"write {word[1:-1]}")
    if not _DOTTED.fullmatch(word):
        return EdgeError(path, f"{word} is not an address", "write IPv4 as 192.0.2.1, IPv6 as 2001:db8::1")
    octets = word.split(".")
    if len(octets) != 4:
        return EdgeError(path, f"{word} has {len(octets)} of the four numbers of an IPv4 address", "write all four")
    wrong = [octet for octet in octets if int(octet) > 255]
    if wrong:
        return EdgeError(path, f"{word} is not an IPv4 address: {wrong[0]} is over 255")
    plain = ".".join(octet.lstrip("0") or "0" for octet in octets)
    return EdgeError(path, f"{word} has a leading zero, which some programs read as octal", f"did you mean {plain}?")


def _block(word: str, path: str) -> tuple[Cidr, Address]:
    """Return the CIDR around the address of ``ADDRESS/LENGTH``, and that address."""
    left, _slash, length = word.partition("/")
    if not left:
        raise EdgeError(path, f"{word} has no address before the slash", "write it as ADDRESS/LENGTH")
    address = _address(left, path)
    width = WIDTH[address.family]
    if not _PREFIX_LENGTH.fullmatch(length):
        raise EdgeError(
            path, f"{word} has no prefix length that is a number from 0 to {width}", _mask_hint(address, length)
        )
    if int(length) > width:
        raise EdgeError(
            path, f"{word} has a prefix length over {width}, the bits of an {FAMILY_NAME[address.family]} address"
        )
    hosts = (1 << (width - int(length))) - 1
    first = address.value & ~hosts
    return Cidr(Interval(address.family, first, first | hosts), int(length)), address


def _mask_hint(address: Address, length: str) -> str:
    """Return the way out of ``10.0.0.0/255.255.255.0`` and of other texts after the slash."""
    if address.family == 4 and _DOTTED.fullmatch(length) and length.count(".") == 3:
        try:
            mask = netaddr.IPAddress(length, flags=netaddr.INET_PTON)
        except (netaddr.AddrFormatError, ValueError):
            return "write it as ADDRESS/LENGTH"
        if mask.is_netmask():
            return f"write {address.text}/{mask.netmask_bits()}"
    return "write it as ADDRESS/LENGTH"


def _host_bits(word: str, cidr: Cidr) -> str:
    start = address_text(cidr.family, cidr.interval.first)
    return f"{word} has host bits set: a /{cidr.prefix_length} here starts at {start}"
