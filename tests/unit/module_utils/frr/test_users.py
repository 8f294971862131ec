# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists and route-maps of planned names that something else on the router uses too."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import transaction

PLAN = """router bgp 65000
 bgp router-id 10.0.0.1
 bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 neighbor G peer-group
 neighbor G remote-as 65001
 neighbor 10.0.0.11 peer-group G
 !
 address-family ipv4 unicast
  neighbor G activate
  neighbor G route-map G-in in
 exit-address-family
exit
!
ip prefix-list G-ipv4 seq 5 permit 203.0.113.0/29 ge 32
!
bgp community-list standard G-comm seq 5 permit 65000:1
!
bgp as-path access-list G-path seq 5 permit ^65001$
!
route-map G-in permit 10
 match ip address prefix-list G-ipv4
 match community G-comm
 match as-path G-path
exit
!
"""
LIVE = PLAN.replace("203.0.113.0/29", "203.0.113.8/29").replace("65000:1\n", "65000:2\n").replace("^65001$", "^65002$")
LIVE = LIVE.replace("G-in permit 10\n", "G-in permit 10\n set metric 5\n")
VRF = "router bgp 65000 vrf RED\n neighbor 10.9.0.1 remote-as 65009\n !\n address-family ipv4 unicast\n  {0}\n exit-address-family\nexit\n!\n"
USES_MAP = "route-map X permit 10\n match ip address prefix-list G-ipv4\nexit\n!\n"
WAY_OUT = (
    " (give it another name on the router, or the peering another one (names.peer_group), and run again; or let the plan"
    " decide there too, by name (lines of it that only run may go): edge_router_take_over: {0})"
)


def router(running: str, file: str | None = None, **state: Any) -> transaction.RouterState:
    found = transaction.RouterState(
        "10.3", True, True, True, True, True, running if file is None else file, running, {}
    )
    return found._replace(**state)


def refusal(
    live: str, planned: str = PLAN, stage: str = "expand", take_over: tuple[str, ...] = (), **state: Any
) -> str:
    """Return why a plan is refused, or an empty text."""
    try:
        transaction.plan(router(live, **state), planned, stage, "auto", take_over)
    except EdgeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("more", "line", "names"),
    [
        pytest.param(VRF.format("neighbor 10.9.0.1 route-map G-in in"),
                     "router bgp 65000 vrf RED: neighbor 10.9.0.1 route-map G-in in",
                     ["ip prefix-list G-ipv4", "bgp community-list standard G-comm", "bgp as-path access-list G-path",
                      "route-map G-in"], id="a route-map in another VRF, with its lists"),
        pytest.param(VRF.format("neighbor 10.9.0.1 prefix-list G-ipv4 out"),
                     "router bgp 65000 vrf RED: neighbor 10.9.0.1 prefix-list G-ipv4 out", ["ip prefix-list G-ipv4"],
                     id="a prefix-list in another VRF"),
        pytest.param(VRF.format("neighbor 10.9.0.1 filter-list G-path in"),
                     "router bgp 65000 vrf RED: neighbor 10.9.0.1 filter-list G-path in", ["bgp as-path access-list G-path"],
                     id="an AS path list in another VRF"),
        pytest.param(VRF.format("table-map G-in").replace("vrf RED", "view blue"), "router bgp 65000 view blue: table-map G-in",
                     ["ip prefix-list G-ipv4", "bgp community-list standard G-comm", "bgp as-path access-list G-path",
                      "route-map G-in"], id="a table-map of a view"),
        pytest.param("router ospf\n distribute-list prefix G-ipv4 in\nexit\n", "router ospf: distribute-list prefix G-ipv4 in",
                     ["ip prefix-list G-ipv4"], id="a distribute-list of OSPF"),
        pytest.param("router ospf\n redistribute static route-map X\nexit\n" + USES_MAP,
                     "router ospf: redistribute static route-map X", ["ip prefix-list G-ipv4"], id="OSPF by its own route-map"),
        pytest.param("ip protocol bgp route-map X\n" + USES_MAP, "ip protocol bgp route-map X", ["ip prefix-list G-ipv4"],
                     id="what zebra installs"),
        pytest.param("router pim\n rp 10.0.0.1 prefix-list G-ipv4\nexit\n", "router pim: rp 10.0.0.1 prefix-list G-ipv4",
                     ["ip prefix-list G-ipv4"], id="PIM"),
        pytest.param("interface eth0\n ip igmp route-map X\nexit\n" + USES_MAP, "interface eth0: ip igmp route-map X",
                     ["ip prefix-list G-ipv4"], id="an interface"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stage", transaction.STAGES)
def test_a_list_that_something_else_uses_is_not_filled_without_a_word(
    stage: str, more: str, line: str, names: list[str]
) -> None:
    said = (
        f"{names[0]}: '{line}' on the router uses it too, and the plan fills {' and '.join(names)} otherwise, so the change"
        f" would decide there as well; nothing was changed{WAY_OUT.format(names)}"
    )
    assert refusal(LIVE + more, stage=stage) == said
    assert refusal(LIVE + more, stage=stage, take_over=tuple(names)) == ""
    assert refusal(LIVE + more, stage=stage, take_over=tuple(names[1:])) != ""
    # What is there as planned is decided there already.
    assert refusal(PLAN + more, stage=stage) == ""


@pytest.mark.parametrize(
    "more",
    [
        pytest.param("", id="nobody"),
        pytest.param(USES_MAP, id="a route-map that nobody uses"),
        pytest.param("interface eth0\n description G-ipv4\nexit\n", id="a description"),
        pytest.param(VRF.format("neighbor 10.9.0.1 activate\n  neighbor 10.9.0.1 description G-in"), id="a neighbor's description"),
        pytest.param("router ospf\n ! redistribute static route-map G-in\nexit\n", id="a comment"),
        pytest.param("log file G-in\n", id="a log"),
        pytest.param("vrf G-in\nexit-vrf\n!\n", id="a VRF's name"),
        pytest.param("router ospf\n redistribute static route-map OTHER\nexit\nroute-map OTHER permit 10\nexit\n",
                     id="a list of another name"),
        pytest.param("router pim\n rp 10.0.0.1 prefix-list G-in\nexit\n", id="a list of another kind"),
    ],
)  # fmt: skip
def test_what_this_sites_bgp_alone_uses_is_filled(more: str) -> None:
    assert refusal(LIVE + more) == ""


def test_a_line_that_names_what_is_not_there_yet_would_get_the_planned_one() -> None:
    """FRR takes such a line, and denies everything there until the route-map is."""
    said = refusal("router ospf\n redistribute static route-map G-in\nexit\n", stage="replace", bgpd_enabled=False)
    assert said.startswith(
        "route-map G-in: 'router ospf: redistribute static route-map G-in' on the router uses it too"
    )


def test_a_change_that_only_the_contract_stage_makes_is_refused_in_expand_already() -> None:
    """Else the run would end there, after the cluster was changed."""
    union = PLAN.replace(
        "permit 203.0.113.0/29 ge 32\n", "permit 203.0.113.0/29 ge 32\nip prefix-list G-ipv4 seq 10 permit 10.0.0.0/8\n"
    )
    user = "router ospf\n distribute-list prefix G-ipv4 in\nexit\n"
    assert refusal(union + user, stage="expand").startswith("ip prefix-list G-ipv4: 'router ospf: distribute-list")


def test_a_user_in_the_file_alone_counts() -> None:
    user = "router ospf\n distribute-list prefix G-ipv4 in\nexit\n"
    assert refusal(LIVE, file=LIVE + user).startswith(
        "ip prefix-list G-ipv4: 'router ospf: distribute-list prefix G-ipv4 in'"
    )


def test_a_secret_in_the_line_is_not_told() -> None:
    said = refusal(LIVE + "key chain k\n key 1\n  key-string G-ipv4\nexit\n")
    assert not re.search(r"key-string G-ipv4", said)


def test_an_instance_that_leaves_asks_for_nothing() -> None:
    assert refusal(LIVE + "router ospf\n redistribute static route-map G-in\nexit\n", "", "contract") == ""
