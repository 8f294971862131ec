# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counters of sessions between two looks of one run."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Fault, Faults, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_neighbors import nas


def count(site: LiveSite, address: str = "10.121.0.11", dropped: int = 1, up: int = 600, **stats: int) -> None:
    """Say what a session counts."""
    site.neighbor(address).update(connectionsDropped=dropped, bgpTimerUpMsec=up * 1000, prefixStats=stats)


def look(site: LiveSite) -> None:
    """Look at the site for the first time of a run."""
    nas(site)
    for address in ("10.121.0.11", "10.121.0.66"):
        count(site, address, inboundFiltered=3, withdrawn=5)
    site.earlier = site.verify().counters


FAULTS = Faults(prepare=look)


def moved(changes: str, who: str = "10.121.0.11 (node01, peering public-ingress)") -> str:
    return (
        f"EDGE895 udm-pro neighbor {who}: since verify looked first: {changes} (it is as planned now, and was not all the"
        f" time: who closed it and why, vtysh -c 'show bgp neighbors {who.split(' ')[0]}' (last reset, prefix statistics) and"
        " journalctl -u frr)"
    )


@FAULTS.finds(moved("closed 2 times, up for 3 s, 14 routes refused by the import"))
def a_session_that_flaps(site: LiveSite) -> None:
    count(site, dropped=3, up=3, inboundFiltered=17, withdrawn=9)


@FAULTS.finds(moved("closed 1 time, up for 2 s", "10.121.0.66 (neighbor nas)"))
def a_neighbor_that_flaps(site: LiveSite) -> None:
    count(site, "10.121.0.66", dropped=2, up=2, inboundFiltered=3)


@FAULTS.finds(moved("closed, up for 4 s"))
def a_daemon_that_was_started_anew(site: LiveSite) -> None:
    count(site, dropped=0, up=4)


@FAULTS.finds(moved("2 routes refused for their next hop, 1 route with malformed attributes"))
def a_node_that_announces_what_cannot_be_taken(site: LiveSite) -> None:
    count(site, up=603, inboundFiltered=3, invalidNextHop=2, attributesDiscarded=1)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()


def test_counters_that_stand_still_are_no_finding() -> None:
    site = LiveSite()
    look(site)
    count(site, up=602, inboundFiltered=3, withdrawn=50)
    assert site.texts() == []


def test_session_that_came_up_in_the_run_is_compared_with_its_first_good_look() -> None:
    site = LiveSite()
    count(site, dropped=0, up=0)
    site.neighbor()["bgpState"] = "Active"
    site.earlier = site.verify().counters
    site.neighbor()["bgpState"] = "Established"
    for dropped in (1, 2):
        count(site, dropped=dropped, up=1)
        report = site.verify()
        assert [finding.code for finding in report.findings] == ["EDGE895"] * (dropped - 1)
        site.earlier = report.counters


def test_session_that_was_not_as_planned_may_be_reset_to_become_so() -> None:
    site = LiveSite()
    count(site)
    site.neighbor()["bgpTimerHoldTimeMsecs"] = 90000
    site.earlier = site.verify().counters
    site.neighbor()["bgpTimerHoldTimeMsecs"] = 30000
    count(site, dropped=2, up=1)
    assert site.texts() == []


def test_first_counters_are_kept_while_a_session_is_down() -> None:
    site = LiveSite()
    look(site)
    first: dict[Any, Any] = dict(site.earlier)
    site.neighbor()["bgpState"] = "Active"
    assert site.verify().counters == first
