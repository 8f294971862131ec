# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mistake is reported once, where it was written; what follows from it is not reported too."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)


class Reported(Generic[Name]):
    """The things of one kind that are missing, or wrong, because of an error that is reported already.

    Both passes use it: whoever leaves something out after reporting it adds its name here, and whoever misses something
    asks :meth:`covers` before reporting that. Names are of any kind: of entries of a map, of hosts, (host, network).
    """

    def __init__(self, names: Iterable[Name] = (), everything: bool = False) -> None:
        self.names: set[Name] = set(names)
        self.everything = everything
        """True: a part could not be read at all, so any name may have stood in it."""

    def __bool__(self) -> bool:
        """Return whether anything of the kind was reported."""
        return self.everything or bool(self.names)

    def add(self, *names: Name) -> None:
        """Note names whose error was reported."""
        self.names.update(names)

    def covers(self, name: Name) -> bool:
        """Return whether ``name`` may be missing only because of what was reported."""
        return self.everything or name in self.names

    def covers_any(self, names: Iterable[Name]) -> bool:
        """Return whether that holds of one of ``names``."""
        return any(map(self.covers, names))
