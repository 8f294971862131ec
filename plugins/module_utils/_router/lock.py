# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One at a time on a router: a transaction, or whoever reads frr.conf to keep it.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import Iterator

PATH = "/run/hybridnet-cluster-edge.lock"
"""Whatever the state directory of a transaction."""


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Hold the router's lock; wait for the end of a transaction whose connection broke, and that may still run.

    Raises:
        OSError: /run takes no file.
    """
    handle = os.open(PATH, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
