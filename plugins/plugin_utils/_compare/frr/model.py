# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The normal form of an FRR configuration: two configurations set up the same BGP when their values are equal."""

from __future__ import annotations

from typing import NamedTuple

from ....module_utils._errors import MASK
from ....module_utils._frr.config import is_hidden
from .policy import Decision

Settings = dict[str, str]
"""Setting -> value, both in readers' words; a setting at its default is left out."""


class Secret:
    """A password: compared, never shown."""

    def __init__(self, value: str) -> None:
        self._value = value

    @property
    def hidden(self) -> bool:
        """Whether what stands there is no password, but says that there is one."""
        return is_hidden(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return MASK


class Family(NamedTuple):
    """A neighbor in one address family in which it is active."""

    settings: Settings
    accepts: Decision
    announces: Decision


class Neighbor(NamedTuple):
    """A neighbor with the settings in effect, those of its peer group included."""

    settings: Settings
    password: Secret | None
    families: dict[str, Family]


class BgpConfig(NamedTuple):
    """The BGP instance of a configuration in normal form."""

    asn: int | None
    """None: no BGP in the default VRF."""
    settings: Settings
    families: dict[str, Settings]
    """Networks, redistribution, multipath and the like, by family."""
    neighbors: dict[str, Neighbor]
    """By address, interface, or ``range <prefix>``."""
