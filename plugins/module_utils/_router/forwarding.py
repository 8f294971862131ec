# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a router's kernel forwards packets, by family.

Runs on the router: syntax of Python 3.8.
"""

from __future__ import annotations

import glob
import os
from typing import Dict, Optional

from .._frr.state import FORWARDING_SYSCTLS

INTERFACE_FILES = {"ipv4": "net/ipv4/conf/*/forwarding", "ipv6": "net/ipv6/conf/*/force_forwarding"}
"""Family -> files that let one interface forward while the setting for all is 0; those of IPv6 from Linux 6.17 on."""

NO_INTERFACES = ("all", "default", "lo")
"""What stands beside the interfaces that packets of others come in by."""


def sysctl_file(name: str, root: str = "/proc/sys") -> str:
    """Return the file of a setting of the kernel."""
    return os.path.join(root, *name.split("."))


def read_forwarding(root: str = "/proc/sys") -> Dict[str, bool]:
    """Return by family whether the kernel forwards on some interface; a family is absent where that is not known."""
    found: Dict[str, bool] = {}
    for family, name in FORWARDING_SYSCTLS.items():
        value = _value(sysctl_file(name, root))
        if value is not None:
            found[family] = value != "0" or any(
                _value(path) == "1"
                for path in glob.glob(os.path.join(glob.escape(root), INTERFACE_FILES[family]))
                if os.path.basename(os.path.dirname(path)) not in NO_INTERFACES
            )
    return found


def _value(path: str) -> Optional[str]:
    """Return what stands in a setting's file; None where there is none, or nothing in it."""
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip() or None
    except (OSError, ValueError):
        return None
