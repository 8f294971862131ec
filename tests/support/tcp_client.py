# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that opens a TCP connection to each address every 50 ms, and counts those that fail.

LoadBalancer addresses answer no echo requests, so ``probe_client`` does not see them. ``Connections(namespace, targets)``
runs this file in a network namespace; ``stop`` returns the losses.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import threading
import time

from ansible_collections.hybridnet.cluster_edge.tests.support.probe_client import (
    Client,
    Losses,
    inside,
    losses,
    say_answered,
    with_collection,
)

EVERY = 0.05
"""Seconds between two connections to one address."""
LIMIT = 1.0
"""Seconds that a connection may take."""


class Connections:
    """Connections to ``ADDRESS:PORT`` targets (IPv4) from a network namespace, until ``stop``; each was made once."""

    def __init__(self, namespace: str, *targets: str) -> None:
        self._client = Client(inside(namespace, __file__, *targets), with_collection())

    def stop(self) -> dict[str, Losses]:
        """End the connections; return the losses by target.

        Raises:
            AssertionError: the client failed.
        """
        return {target: losses(sent, set(answered)) for target, (sent, answered) in self._client.end().items()}


def connect(target: str, ended: threading.Event, sent: list[float], answered: list[int]) -> None:
    """Connect until the event is set; take down when each connection began, and the numbers of those that were made."""
    address, _colon, port = target.rpartition(":")
    while not ended.is_set():
        begin = time.monotonic()
        sent.append(begin)
        try:
            with socket.create_connection((address, int(port)), timeout=LIMIT):
                answered.append(len(sent) - 1)
        except OSError:
            pass
        ended.wait(max(0.0, begin + EVERY - time.monotonic()))


def main(targets: list[str]) -> None:
    """Connect to all targets until standard input ends; print when connections began, and which were made."""
    ended = threading.Event()
    told: dict[str, tuple[list[float], list[int]]] = {target: ([], []) for target in targets}
    threads = [threading.Thread(target=connect, args=(target, ended, *told[target])) for target in targets]
    for thread in threads:
        thread.start()
    while not told or not all(answered for _sent, answered in told.values()):
        if select.select([sys.stdin], [], [], EVERY)[0]:
            break
    else:
        say_answered()
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
