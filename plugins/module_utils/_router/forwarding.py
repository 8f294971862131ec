# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a router's kernel forwards packets, by family and by the interface that they come in by.

Linux decides by the incoming interface. IPv4 asks that interface's own setting alone (net/ipv4/route.c,
``IN_DEV_FORWARD``); writing ``ip_forward`` sets it on all interfaces. IPv6 asks the setting for all interfaces, and
from Linux 6.17 on also ``force_forwarding`` of the incoming one (net/ipv6/ip6_output.c, ``ip6_forward``).

Runs on the router: syntax of Python 3.8.
"""

from __future__ import annotations

import glob
import os
from typing import Dict, Mapping, Optional

from .._frr.state import ALL_INTERFACES, FORWARDING_SYSCTLS

FORCED = "net/ipv6/conf/{0}/force_forwarding"
"""The file that lets what comes in by one interface be forwarded over IPv6 while the setting for all is 0."""

FILES = ("net/ipv4/ip_forward", "net/ipv4/conf/*/forwarding", "net/ipv6/conf/*/forwarding", FORCED.format("*"))
"""Patterns of the kernel's settings below ``/proc/sys`` that decide."""

NO_INTERFACES = (ALL_INTERFACES, "default", "lo")
"""What stands beside the interfaces that packets of others come in by."""


def sysctl_file(name: str, root: str = "/proc/sys") -> str:
    """Return the file of a setting of the kernel."""
    return os.path.join(root, *name.split("."))


def read_forwarding(root: str = "/proc/sys") -> Dict[str, Dict[str, bool]]:
    """Return what :func:`forwarding` says of this machine's kernel."""
    files = [path for pattern in FILES for path in glob.glob(os.path.join(glob.escape(root), pattern))]
    values = {os.path.relpath(path, root): _value(path) for path in files}
    return forwarding({path: value for path, value in values.items() if value is not None})


def forwarding(values: Mapping[str, str]) -> Dict[str, Dict[str, bool]]:
    """Return by family and interface whether the kernel forwards what comes in there.

    Args:
        values: settings that match :data:`FILES` -> what stands in them.

    Returns:
        Family -> interface -> whether; beside the interfaces :data:`ALL_INTERFACES` with the setting for all of them.
        A family is absent where that is not known.
    """
    found: Dict[str, Dict[str, bool]] = {}
    for family, name in FORWARDING_SYSCTLS.items():
        general = values.get(sysctl_file(name, ""))
        if general is None:
            continue
        found[family] = {ALL_INTERFACES: general != "0"}
        folder = "net/{0}/conf/".format(family)
        for path, value in values.items():
            interface, setting = os.path.split(path[len(folder) :]) if path.startswith(folder) else ("", "")
            if setting != "forwarding" or interface in NO_INTERFACES:
                continue
            if family == "ipv6":
                own = found[family][ALL_INTERFACES] or values.get(FORCED.format(interface), "0") != "0"
            else:
                own = value != "0"
            found[family][interface] = own
    return found


def _value(path: str) -> Optional[str]:
    """Return what stands in a setting's file; None where there is none, or nothing in it."""
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip() or None
    except (OSError, ValueError):
        return None
