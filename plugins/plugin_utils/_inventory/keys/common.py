# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of values that keys of several records take: addresses, labels, names, versions, lengths of prefixes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ....module_utils._errors import EdgeError
from ..._addressing.addresses import LAST_PORT, Address, parse_address, parse_cidr, parse_pool_entry, parse_segment
from ..._addressing.families import Family
from ..._findings.report import Report
from ..._findings.wording import did_you_mean
from ..._kubernetes.labels import SUBDOMAIN
from ..._kubernetes.selectors import parse_selector
from ..types import DIGITS, INVALID, Choice, Integer, Key, Parsed, Record, Schema, Text, ValueType
from ..values import Values


def parse_router_id(value: object, path: str) -> Address:
    """Read a BGP identifier: an IPv4 address other than 0.0.0.0 (RFC 6286 section 2.1)."""
    address = parse_address(value, path)
    if address.family is not Family.IPV4 or address.value == 0:
        raise EdgeError(path, f"{address.text} is not a router-id", "a router-id is an IPv4 address other than 0.0.0.0")
    return address


def parse_source(value: object, path: str) -> Address:
    """Read the address that a session comes from; an interface's name is told as such."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_.@-]{0,14}", value, re.ASCII):
        raise EdgeError(path, f"{value!r} is the name of an interface", "write the router's own address on it")
    return parse_address(value, path)


class FamilyType(Choice):
    """An address family, by its key."""

    def parse(self, value: object, path: str, report: Report) -> Any:
        """Return the family, or report and return ``INVALID``."""
        found = super().parse(value, path, report)
        return found if found is INVALID else Family.of_key(found)

    def filled(self, default: Any) -> Any:
        """Return the family that a default spells."""
        return None if default is None else Family.of_key(default)


_IPV4 = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"

_IP = rf"(?:{_IPV4}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)"

_LENGTH = r"/[0-9]{1,3}"

ADDRESS = Parsed("address", parse_address, rf"\s*{_IP}\s*")

SOURCE = Parsed("address", parse_source, rf"\s*{_IP}\s*")

ROUTER_ID = Parsed("IPv4 address", parse_router_id, rf"\s*{_IPV4}\s*")

CIDR = Parsed("CIDR", parse_cidr, rf"\s*{_IP}{_LENGTH}\s*")

SEGMENT = Parsed("CIDR", parse_segment, rf"\s*{_IP}{_LENGTH}\s*")

POOL_ENTRY = Parsed("CIDR, range or address", parse_pool_entry, rf"\s*{_IP}(?:{_LENGTH}|\s*-\s*{_IP})?\s*")

SELECTOR = Parsed("selector", parse_selector, r"[A-Za-z0-9_./=!(),\s-]+", code="EDGE103")

PATH = Text("path", r".*\S.*", "a path: it is empty")

ABSOLUTE_PATH = Text(
    "path",
    r"(?:[/~]|\{\{).*",  # editors see the text before it is templated
    "a path that starts with / or ~: a relative one would start in the folder of the playbook"
    " ({{ inventory_dir }}/NAME is beside the inventory)",
)

HOST = Text("host name", r".+", "a host name: it is empty")

LABEL_KEY = Text(
    "label key",
    rf"((?![^/]{{254}}){SUBDOMAIN}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?",
    "a label key: [prefix/]name, the prefix a DNS name in lower case, the name of at most 63 letters, digits, '-', '_'"
    " and '.'",
)

LABEL_VALUE = Text(
    "label value",
    r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?",
    "a label value: at most 63 letters, digits, '-', '_' and '.', first and last a letter or digit",
)

INTERFACE = Text(
    "interface name or glob",
    r"[A-Za-z0-9_.@*?-]{1,15}",
    "an interface name of at most 15 characters, where * and ? stand for any, such as eth* (no regular expression)",
)

VERSION = Text(
    "version", r"[0-9]+\.[0-9]+(\.[0-9]+)?([-+][0-9A-Za-z.-]+)?", "a version in digits, such as 1.19.6 or 10.3"
)

PORT = Integer(1, LAST_PORT)

FAMILY = FamilyType(*(family.key for family in Family))

NAMESPACE_OR_ALL = Text(
    "namespace", r"\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "a namespace (RFC 1123 label) or '*'", code="EDGE104"
)

OBJECT_NAME = Text(
    "name of a Kubernetes object",
    rf"(?!.{{254}}){SUBDOMAIN}",
    "a name of lower-case letters, digits, '-' and '.' (RFC 1123 subdomain)",
    code="EDGE104",
)

ROUTER_WORD = Text(
    "one word of a router's configuration",
    r"(?![0-9.]+$)[A-Za-z0-9][A-Za-z0-9._-]{0,62}",  # one of digits and dots may be read as an address
    "one word of at most 63 letters, digits, '.', '_' and '-' that starts with a letter or a digit, and is no address"
    " or number",
    code="EDGE104",
)

INSTANCE_NAME = Text(
    "name in a CiliumBGPClusterConfig",
    r".{1,255}",
    "a name of 1 to 255 characters, as Cilium takes it",
    code="EDGE104",
)
"""What the CRD allows for the name of an instance: it stands in the object, and becomes the name of none."""

PEER_NAME = Text(
    "name in a CiliumBGPClusterConfig",
    r".{1,252}",  # the CRD allows 255
    "a name of 1 to 252 characters, as Cilium takes it with -v6 behind",
    code="EDGE104",
)
"""The same for the name of a peer: that of an IPv6 session has ``-v6`` behind it."""

ROUTER_INTERFACE = Text(
    "interface name", r"[A-Za-z][A-Za-z0-9_.@-]{0,14}", "an interface's name, at most 15 characters, without wildcards"
)

LOCAL_PREFERENCE = Integer(0, 4294967295)


class OneOf(ValueType):
    """A word of a few, or a value of another type."""

    def __init__(self, words: tuple[str, ...], other: ValueType) -> None:
        self.words, self.other = words, other
        self.label = f"{' '.join(words)} or {other.label}"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, str) and value in self.words:
            return value
        if isinstance(value, str) and not isinstance(self.other, Text) and not DIGITS.fullmatch(value):
            report.add(
                "EDGE103", path, f"{value!r} is not known here", did_you_mean(value, self.words) or f"{self.label}"
            )
            return INVALID
        return self.other.parse(value, path, report)

    def schema(self) -> Schema:
        return {"anyOf": [{"enum": list(self.words)}, self.other.schema()]}


class RecordOr(ValueType):
    """A record, or one value that stands for the record with only that key."""

    argument_type = "raw"
    takes_maps = True

    def __init__(self, key: str, alone: ValueType, record: Record) -> None:
        """Take the key that ``alone``, the type of the one value, stands for; it need not be a key of ``record``."""
        self.key, self.alone, self.record = key, alone, record
        self.label = f"{alone.label} or {{{', '.join(record.keys)}}}"
        self._keys = {key: Key(key, alone, ""), **record.keys}

    def parse(self, value: object, path: str, report: Report) -> Any:
        """Return the record's values either way, or report and return ``INVALID``."""
        if isinstance(value, Mapping):
            found = self.record.parse(value, path, report)
            return INVALID if found is INVALID else Values(found, self._keys)
        parsed = self.alone.parse(value, path, report)
        return INVALID if parsed is INVALID else Values({self.key: parsed}, self._keys)

    def filled(self, default: Any) -> Any:
        """Return the record with the defaults of its keys, or None."""
        return None if default is None else Values(default, self._keys)

    def shown(self, default: Any) -> str:
        """Return the defaults of the record's keys."""
        return self.record.shown(default)

    def schema(self) -> Schema:
        """Return the schema of either form."""
        return {"anyOf": [self.alone.schema(), self.record.schema()]}


def _lengths(ipv4: tuple[int, int, int | None], ipv6: tuple[int, int, int | None]) -> RecordOr:
    """Return the type of a prefix length: one number, or one for each family.

    Args:
        ipv4: the shortest and longest length of IPv4 prefixes, and their default.
        ipv6: the same of IPv6 prefixes.
    """
    (low4, high4, default4), (low6, high6, default6) = ipv4, ipv6
    record = Record(
        (
            Key("ipv4", Integer(low4, high4), "Length of IPv4 prefixes.", default4),
            Key("ipv6", Integer(low6, high6), "Length of IPv6 prefixes.", default6),
        )
    )
    kind = RecordOr("any", Integer(min(low4, low6), max(high4, high6)), record)
    kind.label = f"int or {{ipv4: {low4}..{high4}, ipv6: {low6}..{high6}}}"
    return kind


AGGREGATE = _lengths((1, 31, None), (1, 127, None))
"""Length to which host routes are aggregated."""

MASK = _lengths((1, 32, 24), (1, 128, 64))
"""Length of a node's pod CIDR."""
