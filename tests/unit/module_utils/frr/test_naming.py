# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dynamic neighbors that get a name while the listen range that holds them stays."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import transaction
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.naming import NOBODY, Naming
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.state import SessionState

LIVE = """router bgp 65000
 bgp router-id 10.0.0.1
 bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 neighbor G peer-group
 neighbor G remote-as 65001
 bgp listen range 10.0.0.0/24 peer-group G
 bgp listen range fd00::/64 peer-group G
 !
 address-family ipv4 unicast
  neighbor G activate
  neighbor G route-map G-in in
  neighbor G route-map G-in out
 exit-address-family
exit
!
route-map G-in deny 10
exit
!
"""
OF_G = LIVE.replace(" bgp listen range 10", " neighbor 10.0.0.11 peer-group G\n bgp listen range 10")
NEW_GROUP = " neighbor N peer-group\n neighbor N remote-as 65009\n neighbor N password hunter2\n neighbor 10.0.0.11 peer-group N\n"
OF_N = LIVE.replace(" bgp listen range 10", NEW_GROUP + " bgp listen range 10").replace(
    "  neighbor G activate\n",
    "  neighbor G activate\n  neighbor N activate\n  neighbor N route-map G-in in\n  neighbor N route-map G-in out\n",
)
OWN_AS = OF_G.replace(" neighbor 10.0.0.11", " neighbor 10.0.0.11 remote-as 65009\n neighbor 10.0.0.11", 1)
IN_IPV6 = LIVE.replace(" bgp listen range 10", " neighbor fd00::b peer-group G\n bgp listen range 10")
ENTER = ("configure terminal", "router bgp 65000")
CALL = ("clear bgp 10.0.0.11", *ENTER, "neighbor 10.0.0.11 peer-group G")
GROUP_TEXT = """router bgp 65000
 neighbor N peer-group
 neighbor N remote-as 65009
 neighbor N password hunter2
 !
 address-family ipv4 unicast
  neighbor N activate
  neighbor N route-map G-in in
  neighbor N route-map G-in out
 exit-address-family
exit
!
"""


def session(address: str, state: str = "Established") -> SessionState:
    return SessionState(address, state, 65001, "G", {"ipv4": 1}, 0)


def plan_of(live: str, planned: str, dialed: tuple[str, ...], stage: str = "expand", **state: Any) -> transaction.Plan:
    sessions = {address: session(address) for address in dialed}
    found = transaction.RouterState("10.3", True, True, True, True, True, live, live, sessions)
    return transaction.plan(found._replace(**state), planned, stage, "auto")


@pytest.mark.parametrize("stage", transaction.STAGES)
@pytest.mark.parametrize(
    ("planned", "dialed", "expected"),
    [
        pytest.param(OF_G, ("10.0.0.11", "10.0.0.12"), Naming("", (CALL,)), id="of the same group"),
        pytest.param(OF_N, ("10.0.0.11",), Naming(GROUP_TEXT, ((*CALL[:-1], "neighbor 10.0.0.11 peer-group N"),)),
                     id="of a group that does not run yet"),
        pytest.param(OWN_AS, ("10.0.0.11",), Naming("", ((*CALL[:-1], "neighbor 10.0.0.11 remote-as 65009", CALL[-1]),)),
                     id="with an AS of its own"),
        pytest.param(IN_IPV6, ("fd00::b",), Naming("", (("clear bgp fd00::b", *ENTER, "neighbor fd00::b peer-group G"),)),
                     id="in IPv6"),
        pytest.param(OF_G, ("10.0.0.12",), NOBODY, id="it does not dial in"),
        pytest.param(LIVE, ("10.0.0.11",), NOBODY, id="it gets no name"),
        pytest.param(OF_G.replace(" bgp listen range 10.0.0.0/24 peer-group G\n", ""), ("10.0.0.11",), NOBODY,
                     id="its range goes"),
        pytest.param(OF_G.replace("10.0.0.0/24", "10.0.0.0/25"), ("10.0.0.11",), NOBODY, id="its range becomes narrower"),
        pytest.param(OF_G.replace("65000", "65099"), ("10.0.0.11",), NOBODY, id="the AS of the router changes"),
    ],
)  # fmt: skip
def test_who_gets_a_name_before_the_reload(planned: str, dialed: tuple[str, ...], expected: Naming, stage: str) -> None:
    assert plan_of(LIVE, planned, dialed, stage).naming == expected


@pytest.mark.parametrize(
    ("live", "state"),
    [
        pytest.param(OF_G, {}, id="it has its name already"),
        pytest.param(LIVE, {"has_reload": False}, id="FRR starts anew"),
        pytest.param("", {}, id="there is no instance yet"),
    ],
)
def test_nobody_gets_a_name_before(live: str, state: dict[str, Any]) -> None:
    planned = OF_G.replace("deny 10", "deny 20")
    assert plan_of(live, planned, ("10.0.0.11",), "replace", **state).naming == NOBODY


def test_the_others_of_the_range_are_watched_and_the_one_is_told() -> None:
    """FRR keeps their sessions: the range and its group are as they were."""
    dialed = ("10.0.0.11", "10.0.0.12", "10.0.0.13")
    plan = plan_of(LIVE, OF_G, dialed)
    assert plan.watched == ("10.0.0.12", "10.0.0.13")
    found = transaction.RouterState(
        "10.3", True, True, True, True, True, LIVE, LIVE, {one: session(one) for one in dialed}
    )
    assert transaction.closing(found, plan, plan.target) == ["10.0.0.11"]


def test_all_that_is_said_before_the_reload_is_planned() -> None:
    """So the reload finds no line that somebody else could have typed."""
    plan = plan_of(LIVE, OF_N, ("10.0.0.11",))
    assert (
        transaction.typed_over(
            transaction.RouterState("10.3", True, True, True, True, True, LIVE, LIVE, {}), plan, OF_N
        )
        == []
    )
