# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a twin's router twice a second: which BGP sessions are up, and which paths its kernel's routes have.

``SessionWatch(folder, router)`` begins, ``stop`` ends it and returns what was seen.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LOOP = """
while :; do
  echo "=== $(date +%s.%N)"
  vtysh -c 'show bgp ipv4 unicast summary json'
  echo ---
  vtysh -c 'show ip route bgp json'
  sleep 0.5
done
"""
"""It ends when the connection ends: nobody reads then what it writes."""


@dataclass
class Seen:
    """What was seen of a router's sessions and routes."""

    down: dict[str, list[float]] = field(default_factory=dict)
    """By peer, how many seconds each time lasted in which its session was not up."""
    first: dict[str, int] = field(default_factory=dict)
    """By prefix, how many next hops its installed route had at the first look."""
    fewest: dict[str, int] = field(default_factory=dict)
    """By prefix of the first look, the fewest next hops that it had; 0 where it had no route for a moment."""
    looks: int = 0

    @property
    def longest(self) -> float:
        """The longest time for which a session was not up; the moment between two looks counts whole."""
        return max((seconds for times in self.down.values() for seconds in times), default=0.0)


class SessionWatch:
    """Looks at a router of a twin until ``stop``.

    Args:
        folder: of the twin.
        router: the name of the host.
    """

    def __init__(self, folder: Path, router: str) -> None:
        variables = json.loads((folder / "overlay" / "host_vars" / f"{router}.yml").read_text("utf-8"))
        arguments = shlex.split(variables["ansible_ssh_args"])
        command = ["ssh", "-o", "BatchMode=yes", *arguments, f"root@{variables['ansible_host']}", LOOP]
        self._log = (folder / "sessions.log").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(command, stdout=self._log, stderr=subprocess.DEVNULL)

    def stop(self) -> Seen:
        """End the looks, and return what they have seen."""
        self._process.terminate()
        self._process.wait()
        self._log.seek(0)
        seen = seen_of(self._log.read())
        self._log.close()
        return seen


def seen_of(text: str) -> Seen:
    """Return what a log of looks says. The last look counts for nothing, as it may be cut off."""
    seen = Seen()
    since: dict[str, float] = {}
    last: dict[str, float] = {}
    for time, states, routes in _looks(text):
        seen.looks += 1
        for peer, state in states.items():
            if state == "Established":
                if peer in since:
                    seen.down.setdefault(peer, []).append(time - since.pop(peer))
                last[peer] = time
            else:
                since.setdefault(peer, last.get(peer, time))
        seen.first = seen.first or routes
        seen.fewest = {
            prefix: min(seen.fewest.get(prefix, paths), routes.get(prefix, 0)) for prefix, paths in seen.first.items()
        }
    for peer, begin in since.items():
        seen.down.setdefault(peer, []).append(time - begin)
    return seen


def _looks(text: str) -> Iterator[tuple[float, dict[str, str], dict[str, int]]]:
    """Yield of each look its time in seconds, the state of each session, and how many next hops each route has."""
    for part in text.split("=== ")[1:-1]:
        time, _newline, answers = part.partition("\n")
        summary, _marker, routes = answers.partition("---\n")
        if not (summary.strip() and routes.strip()):  # FRR is about to start or to end
            continue
        peers = json.loads(summary).get("peers") or {}
        installed = {
            prefix: sum(hop.get("active", False) for item in items if item.get("selected") for hop in item["nexthops"])
            for prefix, items in json.loads(routes).items()
        }
        yield float(time), {peer: item["state"] for peer, item in peers.items()}, installed
