# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router must have before it is looked at: root for the task's user, and FRR.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import os
import pwd
from typing import Optional

from .._errors import EdgeError
from . import programs

INSTALL = {
    "linux": "on Debian: apt install frr frr-pythontools",
    "unifi": (
        "UniFi OS brings FRR from 3.1.15 on, and BGP in UniFi Network switches it on; never install its packages there:"
        " that breaks provisioning"
    ),
    None: "on Debian: apt install frr frr-pythontools; never on UniFi OS, which brings FRR from 3.1.15 on",
}
"""Platform of a router -> how FRR comes to it; None: the platform is not known."""


def require_root() -> None:
    """Raise where the task's user is not root: to others FRR's folder looks empty, and so does ours under /data.

    Raises:
        EdgeError: it is not.
    """
    user = os.geteuid()
    if user == 0:
        return
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:
        name = str(user)
    raise EdgeError(
        "ansible_user",
        "the task runs as {0}, and FRR's files and sockets are for root alone".format(name),
        "set ansible_become: true for this router, or ansible_user: root",
    )


def require_frr(vtysh: Optional[str], platform: Optional[str] = None) -> None:
    """Raise where the task's user is not root, or FRR is not there; names what is missing.

    Args:
        vtysh: the path of vtysh; None = it is not there.
        platform: ``linux``, ``unifi``, or None where it is not known.

    Raises:
        EdgeError: one of both.
    """
    require_root()
    missing = [programs.DAEMONS] if not os.path.exists(programs.DAEMONS) else []
    missing += ["vtysh"] if vtysh is None else []
    if missing:
        raise EdgeError("", "FRR is not installed here: no {0}".format(", no ".join(missing)), INSTALL[platform])
