# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a log of looks at a router says of its sessions and routes."""

from __future__ import annotations

import json

from ansible_collections.hybridnet.cluster_edge.tests.support.session_watch import seen_of

PREFIX = "203.0.113.93/32"


def look(time: float, state: str, active: int, routes: bool = True) -> str:
    """Return one look: the state of a session beside one that stays up, and the next hops of a route."""
    peers = {"10.0.0.1": {"state": state}, "10.0.0.2": {"state": "Established"}}
    hops = [{"ip": "10.0.0.1", "active": True}] * active + [{"ip": "10.0.0.9"}]
    route = {"selected": True, "nexthops": hops}
    installed = {PREFIX: [{"nexthops": hops}, route]} if routes else {}
    return f"=== {time}\n{json.dumps({'peers': peers})}\n---\n{json.dumps(installed)}\n"


def test_a_session_that_comes_back_was_down_from_the_last_look_at_which_it_was_up() -> None:
    log = [look(1, "Established", 2), look(2, "Connect", 2), look(3, "Active", 1), look(4, "Established", 2)]
    seen = seen_of("".join([*log, look(5, "Idle", 0)]))  # the last one may be cut off
    assert (seen.down, seen.longest, seen.looks) == ({"10.0.0.1": [3.0]}, 3.0, 4)
    assert (seen.first, seen.fewest) == ({PREFIX: 2}, {PREFIX: 1})


def test_a_session_that_stays_down_and_a_route_that_goes_are_seen() -> None:
    log = [look(1, "Established", 1), look(2, "Idle", 0, routes=False), look(4, "Idle", 1), "=== 5\n"]
    seen = seen_of("".join(log))
    assert (seen.down, seen.fewest) == ({"10.0.0.1": [3.0]}, {PREFIX: 0})


def test_a_look_that_frr_does_not_answer_counts_for_nothing() -> None:
    seen = seen_of("".join([look(1, "Established", 1), "=== 2\n---\n", look(3, "Established", 1), "=== 4\n"]))
    assert (seen.down, seen.looks, seen.fewest) == ({}, 2, {PREFIX: 1})
