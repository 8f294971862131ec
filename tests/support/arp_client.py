# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine on a network that asks by ARP for one address every 50 ms, and never keeps an answer.

It stands for every client whose neighbor entry has run out. ``Questions(namespace, interface, target)`` runs this file in
a network namespace; ``stop`` returns the losses.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from pathlib import Path

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router.packets import (
    ETHERTYPE_ARP,
    arp_answer,
    arp_request,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.probe_client import (
    Client,
    Losses,
    inside,
    losses,
    say_answered,
    with_collection,
)

EVERY = 0.05
"""Seconds between two questions; an answer counts for the one before it."""
NOBODY = "0.0.0.0"
"""The sender's address of a probe (RFC 5227): no neighbor entry is made of it anywhere."""
LAST = 60.0
"""Seconds for which the last answer is waited for."""


class Questions:
    """ARP questions for ``target`` on an interface of a network namespace, from an answer to one after ``stop``."""

    def __init__(self, namespace: str, interface: str, target: str) -> None:
        self._client = Client(inside(namespace, __file__, interface, target), with_collection())

    def stop(self) -> Losses:
        """End the questions with the next that is answered; return what became of all.

        Raises:
            AssertionError: the client failed.
        """
        asked, answered = self._client.end(LAST + 30)
        return losses(asked, set(answered))


def main(interface: str, target: str) -> None:
    """Ask until standard input has ended and a later question is answered; print what ``losses`` takes."""
    mac = Path(f"/sys/class/net/{interface}/address").read_text("ascii").strip()
    asked: list[float] = []
    answered: set[int] = set()
    end = float("inf")
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE_ARP)) as wire:
        wire.bind((interface, ETHERTYPE_ARP))
        while time.monotonic() < end:
            asked.append(time.monotonic())
            wire.send(arp_request(mac, NOBODY, target))
            if hears(wire, target, asked[-1] + EVERY):
                if not answered:
                    say_answered()
                answered.add(len(asked) - 1)
                if end < float("inf"):
                    break
            if end == float("inf") and select.select([sys.stdin], [], [], 0)[0]:
                end = time.monotonic() + LAST
    json.dump((asked, sorted(answered)), sys.stdout)


def hears(wire: socket.socket, target: str, until: float) -> bool:
    """Listen until a moment; return whether somebody answered for the target."""
    heard = False
    while (left := until - time.monotonic()) > 0:
        if select.select([wire], [], [], left)[0]:
            answer = arp_answer(wire.recv(2048))
            heard = heard or (answer is not None and answer[0] == target)
    return heard


if __name__ == "__main__":
    main(*sys.argv[1:])
