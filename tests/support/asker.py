# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router's questions about addresses, as ``edge_probe`` asks them, put from a network namespace."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from .hybrid import CHECKOUT

GIVEN_UP_SECONDS = 60
"""Within which all answers must be there; a question takes 3 s at most, and all are asked at the same time."""
_PROGRAM = """
import json, subprocess, sys
sys.path.insert(0, sys.argv[1])
from _router import probe
interfaces = probe.read_interfaces(subprocess.check_output(["ip", "-json", "address", "show"], text=True))
print(json.dumps(probe.probe(json.load(sys.stdin), interfaces)))
"""


def ask(namespace: str, targets: Sequence[Any]) -> dict[str, Any]:
    """Return what is seen from the network namespace of a path, by address."""
    library = str(CHECKOUT / "plugins" / "module_utils")
    command = ["nsenter", f"--net={namespace}", sys.executable, "-c", _PROGRAM, library]
    text = json.dumps(list(targets))
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=GIVEN_UP_SECONDS)
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen
