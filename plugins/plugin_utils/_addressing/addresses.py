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
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from ...module_utils._errors import EdgeError
from .families import Family
from .intervals import Interval, merge

if TYPE_CHECKING:
    import netaddr

    HAS_NETADDR = True
else:
    try:
        import netaddr

        HAS_NETADDR = True
    except ImportError:  # told at first use: `ansible-doc` and `ansible-test sanity --test import` must load this file
        HAS_NETADDR = False

LAST_PORT = 65535
"""The highest port of TCP and UDP (RFC 9293 section 3.1, RFC 768)."""

_MAPPED = Interval(Family.IPV6, 0xFFFF << 32, (0xFFFF << 32) + 0xFFFFFFFF)
"""``::ffff:0:0/96``, IPv4-mapped addresses (RFC 4291 section 2.5.5.2)."""
_SOCKET_FAMILY = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}
_BYTES = {family: family.width // 8 for family in Family}
_DOTTED = re.compile(r"\d+(\.\d+)*", re.ASCII)
_GROUP = {Family.IPV4: re.compile(r"\d{1,3}", re.ASCII), Family.IPV6: re.compile(r"[0-9A-Fa-f]{1,4}")}
_URL_HOST = re.compile(r"https?://(?:\[([^\]\s]+)\]|([^/:\s]+))")
"""The host of a URL: in brackets where it is an IPv6 address (RFC 3986 section 3.2.2)."""
_PREFIX_LENGTHS = {str(bits): bits for bits in range(Family.IPV6.width + 1)}
_OVER_ANY_WIDTH = re.compile(r"[1-9]\d{2}", re.ASCII)
"""A number of three digits, for what is too long a prefix of any family."""


class PoolEntry(NamedTuple):
    """One entry of ``addresses`` as written, normalized: a CIDR, or first and last address."""

    text: str
    interval: Interval
    is_cidr: bool


class Address(NamedTuple):
    """One address."""

    family: Family
    value: int

    @property
    def text(self) -> str:
        """Canonical text (IPv6: RFC 5952)."""
        return address_text(self.family, self.value)

    @property
    def interval(self) -> Interval:
        """The same address as an interval of one."""
        return Interval(self.family, self.value, self.value)


class Cidr(NamedTuple):
    """An aligned block of addresses."""

    interval: Interval
    prefix_length: int

    @property
    def text(self) -> str:
        """Canonical text, such as ``203.0.113.88/29``."""
        return f"{address_text(self.family, self.interval.first)}/{self.prefix_length}"

    @property
    def family(self) -> Family:
        """The family of its addresses."""
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
        plain = _block(word, path)[3]
        raise EdgeError(path, f"{word} is a CIDR, but one address is needed", f"write {plain}")
    family, value, _text = _read(word, path)
    return Address(family, value)


def parse_cidr(text: object, path: str) -> Cidr:
    """Return the CIDR that ``text`` spells, such as ``10.121.0.0/24``. Host bits are an error, never cut off."""
    word = _require_text(text, path, "a CIDR")
    if _is_range(word):
        raise EdgeError(path, f"{word} is a range, but a CIDR is needed", "write ADDRESS/LENGTH, such as 192.0.2.0/24")
    if "/" not in word:
        family, _value, plain = _read(word, path)
        raise EdgeError(
            path,
            f"{word} has no prefix length, but a CIDR is needed",
            f"write {plain}/{family.width} if you mean that one address",
        )
    interval, bits, value, plain = _block(word, path)
    cidr = Cidr(interval, bits)
    if value != interval.first:
        one_address = f"{plain}/{interval.family.width}"
        raise EdgeError(path, _host_bits(word, cidr), f"did you mean {cidr.text}, or the single address {one_address}?")
    return cidr


def parse_segment(text: object, path: str) -> Cidr:
    """Return the CIDR of a segment: one whose addresses hosts can have."""
    cidr = parse_cidr(text, path)
    for block, what in _NO_SEGMENTS:
        if block.meets(cidr.interval):
            raise EdgeError(
                path,
                f"{cidr.text} holds {what}, which no host of a segment has",
                f"write the subnet that routers and nodes share, such as {_SEGMENT_EXAMPLES[cidr.family]}",
            )
    return cidr


def parse_range(text: object, path: str) -> Interval:
    """Return the addresses of a range such as ``192.0.2.10-192.0.2.20``, both ends included."""
    word = _require_text(text, path, "a range")
    left, dash, right = (part.strip() for part in word.partition("-"))
    if not (left and dash and right) or "-" in right:
        raise EdgeError(path, f"{word} is not a range", "write FIRST-LAST, such as 192.0.2.10-192.0.2.20")
    if "/" in word:
        raise EdgeError(path, f"{word} mixes a range and a CIDR", "write either FIRST-LAST or ADDRESS/LENGTH")
    family, first, _text = _read(left, path)
    separator = "." if family is Family.IPV4 else ":"
    if _GROUP[family].fullmatch(right):
        full = f"{left.rpartition(separator)[0]}{separator}{right}"
        raise EdgeError(path, f"{word} shortens the last address of the range", f"write it whole: {left}-{full}")
    other, last, _text = _read(right, path)
    if family != other:
        raise EdgeError(path, f"{word} goes from {family.label} to {other.label}", "write one range per family")
    if first > last:
        meant = interval_text(Interval(family, last, first))
        raise EdgeError(path, f"{word} ends before it starts", f"did you mean {meant}?")
    return Interval(family, first, last)


def parse_pool_entry(text: object, path: str) -> PoolEntry:
    """Return one entry of a pool: a CIDR, a range ``FIRST-LAST``, or a single address."""
    word = _require_text(text, path, "a CIDR, a range or an address")
    if _is_range(word):
        interval = parse_range(word, path)
        return PoolEntry(interval_text(interval), interval, is_cidr=False)
    if "/" not in word:
        family, value, plain = _read(word, path)
        return PoolEntry(plain, Interval(family, value, value), is_cidr=False)
    interval, bits, value, plain = _block(word, path)
    if value != interval.first:
        cidr = Cidr(interval, bits)
        rest = interval_text(Interval(interval.family, value, interval.last))
        ways = [cidr.text, f"the range {rest}", f"the address {plain}"]
        if value == interval.last:
            ways.pop(1)
        raise EdgeError(path, _host_bits(word, cidr), f"did you mean {', '.join(ways[:-1])} or {ways[-1]}?")
    return PoolEntry(f"{plain}/{bits}", interval, is_cidr=True)


def url_addresses(text: str) -> tuple[Address, ...]:
    """Return the addresses that URLs in ``text`` have as their hosts; which one a host's name has is not known."""
    found = []
    for in_brackets, plain in _URL_HOST.findall(text):
        try:
            found.append(parse_address(in_brackets or plain, ""))
        except EdgeError:
            continue
    return tuple(found)


@lru_cache(maxsize=1 << 14)
def address_text(family: Family, value: int) -> str:
    """Return the canonical text of an address given as a number: what netaddr writes, from where netaddr has it."""
    return socket.inet_ntop(_SOCKET_FAMILY[family], value.to_bytes(_BYTES[family], "big"))


def interval_text(interval: Interval) -> str:
    """Return ``FIRST-LAST``, or the address alone where both are one."""
    first = address_text(interval.family, interval.first)
    return first if interval.size == 1 else f"{first}-{address_text(interval.family, interval.last)}"


def to_cidrs(intervals: Iterable[Interval]) -> tuple[Cidr, ...]:
    """Return the fewest CIDRs that hold exactly these addresses, sorted, IPv4 first."""
    _require_netaddr()
    found: list[Cidr] = []
    for family, first, last in merge(intervals):
        size = last - first + 1
        if not size & (size - 1) and not first % size:  # one CIDR already, as most pools are: a large site has many
            found.append(Cidr(Interval(family, first, last), family.width - size.bit_length() + 1))
            continue
        version: Literal[4, 6] = 6 if family is Family.IPV6 else 4
        ends = netaddr.IPAddress(first, version), netaddr.IPAddress(last, version)
        found += [Cidr(Interval(family, net.first, net.last), net.prefixlen) for net in netaddr.iprange_to_cidrs(*ends)]
    return tuple(found)


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
        word = text.strip()
        if word:
            return word
        raise EdgeError(path, f"the text is empty, but {wanted} is needed")
    if text is None:
        raise EdgeError(path, f"there is no value, but {wanted} is needed")
    if isinstance(text, (bool, int, float)):
        kind, text = ("boolean", str(text).lower()) if isinstance(text, bool) else ("number", text)
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


def _read(word: str, path: str) -> tuple[Family, int, str]:
    """Return family, value and canonical text of an address, as inet_pton(3) reads it: no short form, no zone."""
    _require_netaddr()
    family = Family.of_text(word)
    kind = _SOCKET_FAMILY[family]
    try:
        packed = socket.inet_pton(kind, word)
        text = socket.inet_ntop(kind, packed)
    except (OSError, ValueError):
        raise _not_an_address(word, path) from None
    if text != word:
        # Not canonical: netaddr decides, as some platforms read forms that it refuses, such as 010.0.0.1.
        try:
            packed = netaddr.IPAddress(word, 6 if family is Family.IPV6 else 4, flags=netaddr.INET_PTON).packed
        except (netaddr.AddrFormatError, ValueError):
            raise _not_an_address(word, path) from None
    value = int.from_bytes(packed, "big")
    if family is Family.IPV6 and _MAPPED.first <= value <= _MAPPED.last:
        plain = address_text(Family.IPV4, value - _MAPPED.first)
        raise EdgeError(path, f"{word} is an IPv4-mapped IPv6 address", f"write it as IPv4: {plain}")
    return family, value, text


def _not_an_address(word: str, path: str) -> EdgeError:
    """Return the error; tell the common wrong forms apart, for a hint that helps."""
    bare = word[1:-1] if word.startswith("[") and word.endswith("]") else word
    if "%" in bare:
        hint = f"write {bare.partition('%')[0]}; a zone means something on one host only"
        return EdgeError(path, f"{word} has a zone", hint)
    if bare != word:
        return EdgeError(path, f"{word} stands in brackets", f"write {bare}")
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


def _block(word: str, path: str) -> tuple[Interval, int, int, str]:
    """Return the block around the address of ``ADDRESS/LENGTH``, the length, and the address: value, canonical text."""
    left, _slash, length = word.partition("/")
    if not left:
        raise EdgeError(path, f"{word} has no address before the slash", "write it as ADDRESS/LENGTH")
    family, value, text = _read(left, path)
    width = family.width
    bits = _PREFIX_LENGTHS.get(length)
    if bits is None and not _OVER_ANY_WIDTH.fullmatch(length):
        raise EdgeError(
            path,
            f"{word} has no prefix length that is a number from 0 to {width}",
            _mask_hint(Address(family, value), length),
        )
    if bits is None or bits > width:
        raise EdgeError(path, f"{word} has a prefix length over {width}, the bits of an {family.label} address")
    hosts = (1 << (width - bits)) - 1
    first = value & ~hosts
    return Interval(family, first, first | hosts), bits, value, text


def _mask_hint(address: Address, length: str) -> str:
    """Return the way out of ``10.0.0.0/255.255.255.0`` and of other texts after the slash."""
    if address.family is Family.IPV4 and _DOTTED.fullmatch(length) and length.count(".") == 3:
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


# As numbers: ansible-doc loads this file where no netaddr is.
_NO_SEGMENTS = (
    (Interval(Family.IPV4, 0, 0x00FFFFFF), "this-network addresses (0.0.0.0/8)"),
    (Interval(Family.IPV4, 0x7F000000, 0x7FFFFFFF), "loopback addresses (127.0.0.0/8)"),
    (Interval(Family.IPV4, 0xE0000000, 0xEFFFFFFF), "multicast addresses (224.0.0.0/4)"),
    (Interval(Family.IPV4, 0xF0000000, 0xFFFFFFFF), "reserved addresses (240.0.0.0/4)"),
    (Interval(Family.IPV6, 0, 1), "loopback addresses (::/127)"),
    (Interval(Family.IPV6, 0xFF << 120, (1 << 128) - 1), "multicast addresses (ff00::/8)"),
)
"""From the IANA special-purpose registries; an IPv4 link-local range is a segment where a VPN makes it one."""

_SEGMENT_EXAMPLES = {Family.IPV4: "192.0.2.0/24", Family.IPV6: "2001:db8::/64"}

DEFAULT_ROUTE = {family: Cidr(Interval(family, 0, (1 << family.width) - 1), 0) for family in Family}

LINK_LOCAL = Interval(Family.IPV6, 0xFE80 << 112, (0xFEC0 << 112) - 1)
"""fe80::/10: addresses that each link has again (RFC 4291)."""
