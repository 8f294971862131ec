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
import time
from typing import Iterator, List

from .._errors import EdgeError

PATH = "/run/hybridnet-cluster-edge.lock"
"""Whatever the state directory of a transaction."""
SECONDS = 600
"""How long a run waits: a transaction whose connection broke may still wait for sessions, and bring back what was."""
_PAUSE = 0.2
"""Seconds between two tries."""


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Hold the router's lock; wait for the end of a transaction whose connection broke, and that may still run.

    Raises:
        EdgeError: another process holds it for ``SECONDS``.
        OSError: /run takes no file.
    """
    handle = os.open(PATH, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(handle)
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> None:
    """Lock an open file.

    Raises:
        EdgeError: another process holds it for ``SECONDS``.
    """
    end = time.monotonic() + SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= end:
                raise EdgeError(
                    PATH,
                    "another process has held the lock of this router's FRR for {0} s: {1}".format(
                        SECONDS, "; ".join(_users()) or "no process that /proc shows"
                    ),
                    "look what it waits for (ps -ef --forest; systemctl status frr), end it, and run again",
                ) from None
        time.sleep(_PAUSE)


def _users() -> List[str]:
    """Return the other processes that have the lock's file open, each as ``process <number> (<command line>)``.

    Who holds the lock is one of them. /proc/locks is no help: it names the process that took it, and a script takes it
    by the program ``flock``, which has ended.
    """
    found = []
    target = os.path.realpath(PATH)
    for name in sorted((name for name in os.listdir("/proc") if name.isdigit()), key=int):
        if int(name) == os.getpid():
            continue
        try:
            folder = "/proc/{0}/fd".format(name)
            if not any(_leads_to("{0}/{1}".format(folder, number), target) for number in os.listdir(folder)):
                continue
            with open("/proc/{0}/cmdline".format(name), "rb") as stream:
                words = stream.read().decode("utf-8", "replace").replace("\0", " ").strip()
        except OSError:
            continue  # it ended meanwhile
        found.append("process {0} ({1})".format(name, words[:120]))
    return found


def _leads_to(link: str, target: str) -> bool:
    try:
        return os.readlink(link) == target
    except OSError:
        return False
