# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify reads of a real FRR, on each version: attributes of routes in both directions, AS paths, graceful restart."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.modules import frr_info
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import ROUTER_SUITES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.observed import (
    AttributesSeen,
    RouterSeen,
    read_router,
)
from router_lab import CACHE, RouterLab, missing, wait_for

REASON = missing()
SPEAKER, SILENT = "10.121.0.11", "10.121.0.12"
WITHIN = "203.0.113.88/29"
"""Around the prefixes of the speakers."""

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(REASON is not None, reason=f"a router cannot start here ({CACHE}): {REASON}"),
]

CONFIGURATION = f"""frr defaults traditional
service integrated-vtysh-config
ip route 203.0.113.95/32 Null0
ip route 203.0.113.96/32 Null0
router bgp 65000
 bgp router-id 10.121.0.1
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor {SPEAKER} remote-as 65001
 neighbor {SPEAKER} timers connect 1
 neighbor {SILENT} remote-as 65002
 neighbor {SILENT} timers connect 1
 neighbor {SILENT} graceful-restart-disable
 !
 address-family ipv4 unicast
  network 10.99.0.0/24
  neighbor {SPEAKER} route-map IN in
  neighbor {SPEAKER} route-map OUT out
 exit-address-family
!
route-map IN permit 10
 set local-preference 250
 set community 65000:77 additive
 set large-community 65000:1:2 additive
 set metric 33
!
route-map OUT permit 10
 set community 65000:99 no-export additive
 set metric 44
 set as-path prepend 65000 65000
!
"""
"""In the spelling that every version takes."""
RESTARTS = " bgp graceful-restart\n bgp graceful-restart restart-time 15\n"


@pytest.mark.parametrize(
    "suite",
    [
        pytest.param(suite, id=f"FRR {found.frr}", marks=() if suite == "trixie" else pytest.mark.long)
        for suite, found in ROUTER_SUITES.items()
    ],
)
def test_attributes_and_graceful_restart_are_read(suite: str) -> None:
    with RouterLab(suite) as lab:
        lab.write("/etc/frr/frr.conf", CONFIGURATION)
        lab.sh("sed -i s/^bgpd=no/bgpd=yes/ /etc/frr/daemons; systemctl reset-failed frr; systemctl restart frr")
        lab.add_peer(11, 65001, ["203.0.113.93/32"], extra=RESTARTS)
        lab.add_peer(12, 65002, ["203.0.113.94/32"], extra=RESTARTS)
        lab.wait_established(SPEAKER, SILENT)

        started: list[Sequence[str]] = []

        def run(commands: Sequence[str]) -> tuple[int, str, str]:
            started.append(commands)
            done = lab.sh(shlex.join(frr_info.words("vtysh", commands)), check=False)
            return done.returncode, done.stdout, done.stderr

        def settled() -> RouterSeen | None:
            addresses = lab.sh(shlex.join(frr_info.IP_ADDRESSES)).stdout
            seen = read_router(frr_info.read(run, addresses, communities=True, best_in=[WITHIN, "fd00:121::/64"]))
            accepted = all(seen.paths["ipv4"].get(prefix) for prefix in ("203.0.113.93/32", "203.0.113.94/32"))
            sent = seen.announced.get((SPEAKER, "ipv4"), ()), seen.announced.get((SILENT, "ipv4"), ())
            whole = {"10.99.0.0/24", "203.0.113.94/32"} <= set(sent[0]) and "10.99.0.0/24" in sent[1]
            return seen if accepted and whole else None

        wait_for("the routes in both directions", settled)
        started.clear()
        seen = settled()
        assert seen is not None
        table = json.loads(lab.peer(11, "show bgp ipv4 unicast json"))["routes"]
        received = {prefix: path["path"] for prefix, (path,) in table.items() if path["peerId"] != "(unspec)"}
    assert seen.best is not None
    best = {prefix: found.protocol for prefix, found in seen.best["ipv4"].items() if found.protocol != "local"}
    assert best == {"203.0.113.93/32": "bgp", "203.0.113.94/32": "bgp", "203.0.113.95/32": "static"}
    assert seen.best["ipv6"]["fd00:121::/64"].protocol == "connected"
    (path,) = seen.paths["ipv4"]["203.0.113.93/32"]
    assert path.attributes == AttributesSeen(frozenset({"65000:77", "65000:1:2"}), 250, 33, ("65001",))
    (plain,) = seen.paths["ipv4"]["203.0.113.94/32"]
    assert plain.attributes.communities == frozenset()
    assert plain.attributes.local_preference is None, "a route of another AS has none where none is set"
    newer = int(ROUTER_SUITES[suite].frr.partition(".")[0]) >= 10
    assert not newer or len(started) == 3, "one vtysh for what is known before, for what is announced, for the details"
    sent = frozenset({"65000:99", "no-export"}) if newer else None
    announced = seen.announced_with[SPEAKER, "ipv4"]
    prepended = ("65000", "65000")
    assert announced["10.99.0.0/24"] == AttributesSeen(sent, None, 44, prepended)
    assert announced["203.0.113.94/32"] == AttributesSeen(sent, None, 44, (*prepended, "65002"))
    assert seen.announced_with[SILENT, "ipv4"]["10.99.0.0/24"].as_path == ()
    assert seen.as_paths["ipv4"]["10.99.0.0/24"] == {()}
    # What the speaker gets has the router's own AS once more.
    assert received == {"10.99.0.0/24": "65000 65000 65000", "203.0.113.94/32": "65000 65000 65000 65002"}
    neighbors = {key: (found.restart, found.restart_granted) for key, found in seen.neighbors.items()}
    # An older FRR that takes no part in it does not say what the neighbor asked for.
    assert neighbors == {SPEAKER: (15, True), SILENT: (15, False) if newer else (0, True)}


@pytest.mark.parametrize("notation", ["dot", "dot+"])
def test_as_numbers_in_two_parts_are_read(notation: str) -> None:
    with RouterLab("trixie") as lab:
        lab.write(
            "/etc/frr/frr.conf",
            f"""service integrated-vtysh-config
router bgp 1.10 as-notation {notation}
 bgp router-id 10.121.0.1
 no bgp ebgp-requires-policy
 neighbor {SPEAKER} remote-as 1.11
 neighbor {SPEAKER} timers connect 1
""",
        )
        lab.sh("sed -i s/^bgpd=no/bgpd=yes/ /etc/frr/daemons; systemctl reset-failed frr; systemctl restart frr")
        lab.add_peer(11, 65547, ["203.0.113.93/32"], router_asn=65546)
        lab.wait_established(SPEAKER)

        def run(commands: Sequence[str]) -> tuple[int, str, str]:
            done = lab.sh(shlex.join(frr_info.words("vtysh", commands)), check=False)
            return done.returncode, done.stdout, done.stderr

        def settled() -> dict[str, Any] | None:
            raw = frr_info.read(run, "")
            return raw if raw["bgp"]["ipv4"].get("routes") else None

        raw = wait_for("the route", settled)
    assert raw["neighbors"][SPEAKER]["remoteAs"] == "1.11", "FRR writes it as a text"
    seen = read_router(raw)
    assert (seen.asn, seen.neighbors[SPEAKER].remote_as) == (65546, 65547)
    assert seen.paths["ipv4"]["203.0.113.93/32"][0].attributes.as_path == ("65547",)
