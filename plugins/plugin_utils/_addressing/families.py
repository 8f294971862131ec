# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two address families."""

from __future__ import annotations

from enum import IntEnum

from ...module_utils._errors import EdgeError


class Family(IntEnum):
    """An address family. Its value is the version of IP, by which families are sorted: IPv4 first."""

    key: str
    """How the inventory, the plan, Cilium and FRR spell it: ``ipv4``."""
    label: str
    """How messages and Kubernetes spell it: ``IPv4``."""
    width: int
    """Bits of an address, which is the prefix length of a route to one address."""

    IPV4 = 4
    IPV6 = 6

    def __init__(self, version: int) -> None:
        self.key, self.label, self.width = f"ipv{version}", f"IPv{version}", {4: 32, 6: 128}[version]

    @classmethod
    def of_key(cls, key: str) -> Family:
        """Return the family that ``ipv4`` or ``ipv6`` spells; ``KeyError`` for another text."""
        return _BY_KEY[key]

    @classmethod
    def of_text(cls, text: str) -> Family:
        """Return the family of the text of an address or CIDR that was parsed before."""
        return cls.IPV6 if ":" in text else cls.IPV4


def parse_family(text: object, path: str) -> Family:
    """Return the family that a user spelled ``ipv4`` or ``ipv6``; ``path`` is where it stands, for the error."""
    if not isinstance(text, str) or text not in _BY_KEY:
        raise EdgeError(path, f"{text!r} is not a family", "write ipv4 or ipv6")
    return _BY_KEY[text]


_BY_KEY = {family.key: family for family in Family}

# For who reads a plan or a router's answers, where families stand as text.
FAMILIES = tuple(_BY_KEY)
"""The keys of both, IPv4 first."""
HOST_LENGTH = {family.key: family.width for family in Family}
"""Prefix length of a route to one address, by key."""
DEFAULT_ROUTE_TEXT = {Family.IPV4.key: "0.0.0.0/0", Family.IPV6.key: "::/0"}
"""The prefix of a default route, by key."""


def family_of(text: str) -> str:
    """Return the key of the family of an address or CIDR that was parsed before."""
    return Family.of_text(text).key
