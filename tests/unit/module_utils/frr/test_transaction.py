# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a transaction on the router decides, and what FRR's own words mean to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import MASK, EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import state, transaction
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.foreign import blocks, with_additions
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.state import (
    HOLD_TIMER_EXPIRED,
    SessionState,
    read_sessions,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import change
from hypothesis import given
from hypothesis import strategies as st

OURS = """router bgp 65000
 bgp router-id 10.0.0.1
 bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 neighbor g peer-group
 neighbor g remote-as 65001
 neighbor g password hunter2
 neighbor 10.0.0.11 peer-group g
 neighbor 10.0.0.12 peer-group g
 !
 address-family ipv4 unicast
  neighbor g activate
  neighbor g route-map g-in in
 exit-address-family
exit
!
ip prefix-list g seq 5 permit 203.0.113.88/29 ge 32
!
route-map g-in permit 10
 match ip address prefix-list g
exit
!
"""
HEADER = "frr defaults traditional\nlog syslog\n!\n"


STATIC = "ip route 198.51.100.0/24 10.0.0.254\n!\n"
OTHER_OSPF = "router ospf\n area 1 stub\nexit\n"


def session(address: str, **changes: Any) -> SessionState:
    given = SessionState(address, "Established", 65001, "g", {"ipv4": 2}, 0)
    return given._replace(**changes)


def router(**changes: Any) -> transaction.RouterState:
    up = {a: session(a) for a in ("10.0.0.11", "10.0.0.12")}
    given = transaction.RouterState("10.3", True, True, True, True, True, HEADER + OURS, HEADER + OURS, up)
    return given._replace(**changes)


WIDER = OURS.replace("203.0.113.88/29", "203.0.113.80/28")


NOTED = HEADER + OURS.replace("router bgp 65000", "router bgp 65000 as-notation plain")


def test_an_instance_keeps_its_notation_of_as_numbers() -> None:
    """A reload to an instance without the words would end every session."""
    found = router(file_text=NOTED, running_text=NOTED)
    assert transaction.owner(found) == "file"
    assert transaction.plan(found, OURS, "replace", "auto").method == "none"
    planned = transaction.plan(found, WIDER, "replace", "auto")
    assert planned.method == "reload"
    for text in (planned.file_text, planned.reload_text):
        assert [line for line in text.split("\n") if line.startswith("router bgp")] == [
            "router bgp 65000 as-notation plain"
        ]
    assert "router bgp" not in transaction.plan(found, "", "replace", "auto").file_text


def test_an_instance_that_only_runs_is_anothers_in_each_notation() -> None:
    assert transaction.owner(router(file_text=HEADER, running_text=NOTED)) == "other"


@pytest.mark.parametrize(
    ("found", "candidate", "method", "expected"),
    [
        pytest.param({}, OURS, "auto", "none", id="nothing differs"),
        pytest.param({}, OURS, "restart", "none", id="nothing differs, so a restart is not needed either"),
        pytest.param({}, WIDER, "auto", "reload", id="reload where it can"),
        pytest.param({}, WIDER, "restart", "restart", id="the user says restart"),
        pytest.param({"has_reload": False}, WIDER, "auto", "restart", id="restart where it cannot"),
        pytest.param({"file_text": HEADER}, OURS, "auto", "file", id="only the file differs"),
        pytest.param({"enabled": False}, OURS, "auto", "file", id="FRR would not start at boot"),
        pytest.param({"bgpd_running": False, "running_text": HEADER}, OURS, "auto", "restart", id="bgpd does not run"),
        pytest.param({"active": False, "bgpd_running": False, "running_text": None}, OURS, "reload", "restart", id="FRR is off"),
    ],
)  # fmt: skip
def test_how_it_is_applied(found: dict[str, Any], candidate: str, method: str, expected: str) -> None:
    assert transaction.plan(router(**found), candidate, "replace", method).method == expected


def test_the_file_keeps_what_is_not_ours() -> None:
    assert transaction.plan(router(), WIDER, "replace", "auto").file_text == HEADER + WIDER


def test_a_router_without_reload_refuses_it_when_asked() -> None:
    with pytest.raises(EdgeError) as error:
        transaction.plan(router(has_reload=False), WIDER, "replace", "reload")
    assert str(error.value) == (
        "frr-reload.py: this router has no frr-reload.py, so it cannot apply a change without a restart"
        " (install frr-pythontools, or set the apply method to auto or restart)"
    )


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        pytest.param("ip prefix-list a seq 5 permit any\n", "candidate: no 'router bgp' in it (give the text that the role's "
                     "template renders)", id="no instance"),
        pytest.param(OURS + "interface eth0\n", "candidate: the line 'interface eth0' is none of BGP, its lists or its route-maps "
                     "(the rest of the router's configuration is not ours to write)", id="another block"),
        pytest.param(OURS.replace("prefix-list g seq", "prefix-list h seq"), "candidate: route-map g-in names ip prefix-list g, "
                     "which does not exist: FRR would load it and deny every route", id="undefined list"),
    ],
)  # fmt: skip
def test_bad_candidates(candidate: str, expected: str) -> None:
    with pytest.raises(EdgeError) as error:
        transaction.plan(router(), candidate, "replace", "auto")
    assert str(error.value) == expected


@pytest.mark.parametrize(
    ("found", "platform", "warned"),
    [
        pytest.param({}, "unifi", False, id="as in the file"),
        pytest.param({"running_text": HEADER + WIDER}, "unifi", False, id="another filter"),
        pytest.param({"running_text": OURS.replace("10.0.0.12", "10.0.0.99")}, "unifi", True, id="another neighbor"),
        pytest.param({"running_text": OURS.replace("bgp 65000", "bgp 65009")}, "unifi", True, id="another AS"),
        pytest.param({"running_text": OURS.replace("10.0.0.12", "10.0.0.99")}, "linux", False, id="no UniFi"),
        pytest.param({"running_text": None}, "unifi", False, id="FRR is off"),
        pytest.param({"running_text": HEADER}, "unifi", False, id="no BGP runs"),
    ],
)
def test_a_push_over_our_file_is_named(found: dict[str, Any], platform: str, warned: bool) -> None:
    said = change.pushed_over(router(**found), platform)
    assert bool(said) == warned
    assert all("UniFi Network holds a BGP configuration too" in text for text in said)


@pytest.mark.parametrize(
    ("found", "platform", "expected"),
    [
        pytest.param(
            {"file_text": HEADER},
            "unifi",
            "/etc/frr/frr.conf: bgpd runs a BGP instance that is not in this file, so somebody else owns it"
            " (the UniFi controller) (to leave it there: edge_router_bgp_owner: controller, or none; to hold it in the file: delete the BGP"
            " configuration in UniFi Network (Settings > Routing > BGP), then run again)",
            id="the controller's BGP",
        ),
        pytest.param(
            {"file_text": HEADER},
            "linux",
            "/etc/frr/frr.conf: bgpd runs a BGP instance that is not in this file, so somebody else owns it"
            " (save it with: vtysh -c 'write memory', or restart frr to drop it; where another program writes it:"
            " edge_router_bgp_owner: none)",
            id="not saved",
        ),
        pytest.param(
            {"file_text": "", "daemon_files": {"bgpd.conf": OURS, "zebra.conf": "hostname r\n" + STATIC}, "daemons": {"zebra": "1 1"}},
            "linux",
            "/etc/frr: bgpd runs a BGP instance that stands in a file of its own: FRR reads bgpd.conf, zebra.conf here and no frr.conf;"
            " with a frr.conf it would ignore them (put them into one file first: vtysh -c 'write memory' after"
            " 'service integrated-vtysh-config' in /etc/frr/vtysh.conf)",
            id="saved in a file of bgpd's own",
        ),
        pytest.param(
            {"file_text": "", "daemon_files": {"bgpd.conf": OURS}},
            "unifi",
            "/etc/frr: bgpd runs a BGP instance that stands in a file of its own: FRR reads bgpd.conf here and no frr.conf;"
            " with a frr.conf it would ignore them (put them into one file first: vtysh -c 'write memory' after"
            " 'service integrated-vtysh-config' in /etc/frr/vtysh.conf; where UniFi Network holds this BGP: edge_router_bgp_owner:"
            " controller, or none)",
            id="saved in a file of bgpd's own, on UniFi",
        ),
        pytest.param(
            {"file_text": "", "daemon_files": {"bgpd.conf": OURS, "ospfd.conf": OTHER_OSPF}, "daemons": {"zebra": "1 1"}},
            "linux",
            "/etc/frr: bgpd runs a BGP instance that stands in a file of its own: FRR reads bgpd.conf, ospfd.conf here and no frr.conf;"
            " with a frr.conf it would ignore them (join them by hand, as 'write memory' would leave out ospfd.conf, whose daemons do not"
            " run: install -o frr -g frr -m 640 /dev/null /etc/frr/frr.conf; cat /etc/frr/bgpd.conf /etc/frr/ospfd.conf >"
            " /etc/frr/frr.conf)",
            id="beside a file of a daemon that does not run",
        ),
        pytest.param(
            {"file_text": HEADER + OTHER_OSPF},
            "linux",
            "/etc/frr/frr.conf: bgpd runs a BGP instance that is not in this file, so somebody else owns it"
            " (write it into the file by hand: 'write memory' would take out of it what does not run (router ospf), or restart frr to drop"
            " it; where another program writes it: edge_router_bgp_owner: none)",
            id="not saved, and the file has what does not run",
        ),
        pytest.param(
            {"file_text": "", "daemon_files": {"zebra.conf": "hostname r\n"}},
            "linux",
            "/etc/frr/frr.conf: bgpd runs a BGP instance that is not in this file, so somebody else owns it"
            " (save it with: vtysh -c 'write memory', or restart frr to drop it; where another program writes it:"
            " edge_router_bgp_owner: none)",
            id="not saved, beside files of other daemons",
        ),
        pytest.param({"version": "7.4.1"}, "linux", "frr version: 7.4.1 is older than 7.5, the oldest version that is supported "
                     "(update the router)", id="too old"),
    ],
)  # fmt: skip
def test_routers_that_are_refused(found: dict[str, Any], platform: str, expected: str) -> None:
    with pytest.raises(EdgeError) as error:
        transaction.refuse(router(**found), platform)
    assert str(error.value) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param({}, "file", id="in the file and running"),
        pytest.param({"bgpd_running": False, "running_text": None}, "file", id="in the file, FRR is off"),
        pytest.param({"file_text": HEADER}, "other", id="pushed into the running bgpd"),
        pytest.param({"file_text": HEADER, "bgpd_enabled": False}, "other", id="pushed, and the daemons file says bgpd=no"),
        pytest.param({"file_text": HEADER, "running_text": HEADER}, "nobody", id="bgpd runs without an instance"),
        pytest.param({"file_text": "", "running_text": None, "bgpd_running": False}, "nobody", id="FRR is off"),
    ],
)  # fmt: skip
def test_who_holds_bgp(found: dict[str, Any], expected: str) -> None:
    assert transaction.owner(router(**found)) == expected


def test_a_router_in_order_is_not_refused() -> None:
    transaction.refuse(router(), "unifi")
    transaction.refuse(router(file_text=HEADER, running_text=HEADER), "unifi")


# -- sessions ---------------------------------------------------------------------------------------------------------
def after(**changes: Any) -> dict[str, SessionState]:
    return {**router().sessions, "10.0.0.11": session("10.0.0.11", **changes)}


@pytest.mark.parametrize(
    ("now", "method", "expected"),
    [
        pytest.param(after(), "auto", [], id="nothing happened"),
        pytest.param(after(dropped=1), "auto", ["10.0.0.11: the session was reset, though its configuration did not change"],
                     id="reset by a reload"),
        pytest.param(after(dropped=1), "restart", [], id="a restart closes every session"),
        pytest.param(after(state="Active", accepted={}), "auto", ["10.0.0.11: was Established, is Active"], id="down"),
        pytest.param({"10.0.0.12": session("10.0.0.12")}, "auto", ["10.0.0.11: was Established, is gone"], id="gone"),
        pytest.param(after(accepted={"ipv4": 1}), "auto", ["10.0.0.11: 1 of 2 ipv4 prefixes accepted"], id="routes lost"),
        pytest.param(after(accepted={"ipv4": 3}), "auto", [], id="routes gained"),
    ],
)  # fmt: skip
def test_what_sessions_must_not_notice(now: dict[str, SessionState], method: str, expected: list[str]) -> None:
    plan = transaction.plan(router(), WIDER, "expand", method)
    assert plan.watched == ("10.0.0.11", "10.0.0.12")
    assert transaction.session_problems(plan, router().sessions, now) == expected


PEER_CLOSED = "Peer closed the session"


@pytest.mark.parametrize(
    ("now", "method", "expected"),
    [
        pytest.param(after(dropped=1, state="Active", closed_by_neighbor=PEER_CLOSED), "auto",
                     {"10.0.0.11": PEER_CLOSED}, id="a node went down"),
        pytest.param(after(dropped=1, closed_by_neighbor=HOLD_TIMER_EXPIRED), "auto",
                     {"10.0.0.11": HOLD_TIMER_EXPIRED}, id="one of two fell silent"),
        pytest.param({a: session(a, dropped=1, closed_by_neighbor=HOLD_TIMER_EXPIRED) for a in ("10.0.0.11", "10.0.0.12")},
                     "auto", {}, id="all fell silent: the router may have stopped listening"),
        pytest.param(after(dropped=2, closed_by_neighbor=PEER_CLOSED), "auto", {}, id="closed twice: once perhaps by us"),
        pytest.param(after(closed_by_neighbor=PEER_CLOSED), "auto", {}, id="closed long ago"),
        pytest.param(after(dropped=1), "auto", {}, id="closed by the router"),
        pytest.param(after(dropped=1, closed_by_neighbor=PEER_CLOSED), "restart", {}, id="after a restart nothing is known"),
        pytest.param({"10.0.0.12": session("10.0.0.12")}, "auto", {}, id="gone"),
    ],
)  # fmt: skip
def test_sessions_that_neighbors_close_are_not_blamed_on_the_change(
    now: dict[str, SessionState], method: str, expected: dict[str, str]
) -> None:
    plan = transaction.plan(router(), WIDER, "expand", method)
    closed = transaction.closed_by_neighbors(plan, router().sessions, now)
    assert closed == expected
    if expected:
        assert transaction.session_problems(plan, router().sessions, now, closed) == []
        assert not transaction.was_reset(plan, router().sessions, now, closed)


def test_neighbors_that_stay_away_after_their_own_change_are_named() -> None:
    plan = transaction.plan(router(), OURS.replace("hunter2", "hunter3"), "expand", "auto")
    assert transaction.down_by_own_change(plan, router().sessions, after(state="Active")) == ["10.0.0.11"]
    assert transaction.down_by_own_change(plan, router().sessions, after()) == []


@pytest.mark.parametrize(
    ("neighbor", "expected"),
    [
        pytest.param({"lastReset": "never"}, "", id="never"),
        pytest.param({"lastResetDueTo": "Waiting for peer OPEN"}, "", id="up for the first time"),
        pytest.param({"lastResetDueTo": PEER_CLOSED}, PEER_CLOSED, id="connection closed"),
        pytest.param({"lastResetDueTo": "BGP Notification send", "lastErrorCodeSubcode": "0400",
                      "lastNotificationReason": "Hold Timer Expired"}, "Hold Timer Expired", id="silent"),
        pytest.param({"lastResetDueTo": "BGP Notification received", "lastErrorCodeSubcode": "0602",
                      "lastNotificationReason": "Cease/Administrative Shutdown"},
                     "BGP Notification received: Cease/Administrative Shutdown", id="shut down by the neighbor"),
        pytest.param({"lastResetDueTo": "BGP Notification received", "lastErrorCodeSubcode": "0400",
                      "lastNotificationReason": "Hold Timer Expired"}, "", id="the neighbor heard nothing from us"),
        pytest.param({"lastResetDueTo": "BGP Notification received", "lastErrorCodeSubcode": "0301",
                      "lastNotificationReason": "UPDATE Message Error"}, "", id="the neighbor refuses what we sent"),
        pytest.param({"lastResetDueTo": "BGP Notification send", "lastErrorCodeSubcode": "0606",
                      "lastNotificationReason": "Cease/Other Configuration Change"}, "", id="our configuration"),
        pytest.param({"lastResetDueTo": "Password config change"}, "", id="our password on 10.7"),
    ],
)  # fmt: skip
def test_who_closed_a_session(neighbor: dict[str, str], expected: str) -> None:
    """What FRR 7.5, 8.4, 10.3 and 10.7 say, each with a real neighbor."""
    read = read_sessions({"10.0.0.11": {"bgpState": "Idle", **neighbor}})
    assert read["10.0.0.11"].closed_by_neighbor == expected


def test_sessions_whose_password_changes_may_go_down() -> None:
    plan = transaction.plan(router(), OURS.replace("hunter2", "hunter3"), "expand", "auto")
    assert plan.watched == ()
    assert plan.secrets_text == "router bgp 65000\n neighbor g password hunter3\nexit\n"


@pytest.mark.parametrize(
    ("content", "method", "expected"),
    [
        (OURS, "auto", []),
        (WIDER, "auto", []),
        (OURS.replace("hunter2", "hunter3"), "auto", ["10.0.0.11", "10.0.0.12"]),
        (WIDER, "restart", ["10.0.0.11", "10.0.0.12"]),
        ("", "auto", ["10.0.0.11", "10.0.0.12"]),
    ],
    ids=["nothing to do", "a filter", "a password", "a restart", "removal"],
)
def test_sessions_that_a_change_may_close(content: str, method: str, expected: list[str]) -> None:
    plan = transaction.plan(router(), content, "replace", method)
    assert transaction.closing(router(), plan, plan.target) == expected


def test_a_session_that_is_down_is_not_closed() -> None:
    down = router(sessions=after(state="Active"))
    plan = transaction.plan(down, WIDER, "replace", "restart")
    assert transaction.closing(down, plan, plan.target) == ["10.0.0.12"]


@pytest.mark.parametrize(
    ("content", "method", "alike"),
    [
        pytest.param(
            OURS.replace(" !\n", " neighbor 10.0.0.13 peer-group g\n !\n", 1), "auto", True, id="one more neighbor"
        ),
        pytest.param(OURS.replace(" !\n", " neighbor 10.0.0.13 peer-group g\n !\n", 1), "restart", False, id="restart"),
        pytest.param(WIDER, "auto", False, id="a filter"),
        pytest.param(OURS.replace(" bgp ebgp", " no bgp ebgp"), "auto", False, id="a rule of the instance"),
        pytest.param(
            OURS.replace("  neighbor g activate\n", "  neighbor g activate\n  neighbor g maximum-prefix 1\n"),
            "auto",
            False,
            id="a limit of the group",
        ),
    ],
)
def test_what_a_neighbor_withdraws_undoes_no_change_that_cannot_have_cost_it(
    content: str, method: str, alike: bool
) -> None:
    """Somebody deletes a Service while a node is added."""
    plan = transaction.plan(router(), content, "expand", method)
    fewer = after(accepted={"ipv4": 1})
    lost = [] if alike else ["10.0.0.11: 1 of 2 ipv4 prefixes accepted"]
    assert transaction.session_problems(plan, router().sessions, fewer) == lost
    assert transaction.session_problems(transaction.judged_as(plan, ["bgpd"]), router().sessions, fewer) == [
        "10.0.0.11: 1 of 2 ipv4 prefixes accepted"
    ]


def test_a_narrower_filter_may_take_routes_in_contract_only() -> None:
    narrower = OURS.replace("203.0.113.88/29", "203.0.113.88/30")
    fewer = after(accepted={"ipv4": 1})
    for stage, expected in (("expand", ["10.0.0.11: 1 of 2 ipv4 prefixes accepted"]), ("contract", [])):
        plan = transaction.plan(router(), narrower, stage, "auto")
        assert transaction.session_problems(plan, router().sessions, fewer) == expected


# -- FRR's own checks -------------------------------------------------------------------------------------------------
CANARY = "2026/11/23 18:18:43 BGP: [SHWNK-NWT5S][EC 100663304] No such command on config line 30: read-to-the-end"


NO_VTYSH_CONF = "% Can't open configuration file /etc/frr/vtysh.conf due to 'No such file or directory'.\n"


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        pytest.param(0, "", [], id="good"),
        pytest.param(0, "line 3: % Unknown command[4]: router bgp sixty",
                     ["line 3: % Unknown command[4]: router bgp sixty"], id="7.5 exits 0 on a syntax error"),
        pytest.param(2, "", ["vtysh -C ended with 2"], id="no words"),
        pytest.param(0, NO_VTYSH_CONF, [], id="no vtysh.conf, on 7.5 and 8.4"),
        pytest.param(0, NO_VTYSH_CONF + "Configuration file[/etc/frr/frr.conf] processing failure: 11\n", [], id="no vtysh.conf, on 10"),
        pytest.param(2, NO_VTYSH_CONF + "line 3: % Unknown command[4]: router bgp sixty\n",
                     ["line 3: % Unknown command[4]: router bgp sixty"], id="no vtysh.conf, and a fault"),
        pytest.param(11, NO_VTYSH_CONF.replace("vtysh.conf", "frr.conf"), [NO_VTYSH_CONF.replace("vtysh.conf", "frr.conf").strip()],
                     id="no file to check"),
        pytest.param(2, "line 7: % Unknown command[4]:  key-string hunter2 x\nline 8: % Unknown command[4]:  ip ospf md5 hunter2",
                     ["line 7: % Unknown command[4]:  key-string ********", "line 8: % Unknown command[4]:  ip ospf md5 ********"],
                     id="a secret of another daemon"),
    ],
)  # fmt: skip
def test_what_vtysh_says_about_a_candidate(code: int, said: str, expected: list[str]) -> None:
    assert transaction.syntax_errors(code, said) == expected


CRASH_LOGS = (
    'BGP: failed to mkdir "/var/tmp/frr/bgpd.4711": File exists\n'
    "BGP: crashlog and per-thread log buffering unavailable!\n"
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(CANARY, [], id="good"),
        pytest.param("% Configure the peer-group first\n2026/11/23 18:18:43 BGP: [SHWNK-NWT5S][EC 1] Command returned Warning "
                     "Config Failed on config line 11:  neighbor 10.0.0.9 peer-group x\n" + CANARY,
                     ["% Configure the peer-group first",
                      "Command returned Warning Config Failed on config line 11:  neighbor 10.0.0.9 peer-group x"], id="semantics"),
        pytest.param("", ["bgpd -C did not read the file to its end: no output"], id="a file that bgpd cannot read"),
        pytest.param("x line 4:  neighbor g password hunter2\n" + CANARY, ["x line 4:  neighbor g password ********"],
                     id="no secret in an error"),
        pytest.param("2026/11/26 11:27:18 BGP: [YTHK0-FSPPJ][EC 33554500] sendmsg_nexthop: zclient_send_message() "
                     "failed\n2026/11/26 11:27:18 BGP: No such command on config line 9: read-to-the-end", [],
                     id="bgpd -C runs without zebra"),
        pytest.param(CRASH_LOGS + CANARY, [], id="a process number whose crash log folder is there already"),
    ],
)  # fmt: skip
def test_what_bgpd_says_about_a_candidate(said: str, expected: list[str]) -> None:
    assert transaction.meaning_errors(said, "read-to-the-end") == expected


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        pytest.param(0, CANARY, False, id="read to the end"),
        pytest.param(0, "", False, id="exit 0 without a word is no abort, but an unreadable file"),
        pytest.param(-6, "bgp_keepalives_off(): assertion (fpt->running) failed", True, id="10.7 aborts"),
        pytest.param(-6, "x\n" + CANARY, False, id="broken after the end: everything was read"),
    ],
)
def test_whether_the_check_of_bgpd_broke_off(code: int, said: str, expected: bool) -> None:
    assert transaction.check_aborted(code, said, "read-to-the-end") is expected


LOADED = (
    "[34|zebra] sending configuration\n[34|zebra] done\nThe route-map 'g-in' does not exist.\n"
    "Waiting for children to finish applying config...\n"
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(LOADED, [], id="good"),
        pytest.param(LOADED + "% Configure the peer-group first\nline 10: Failure to communicate[13] to bgpd, line:  neighbor x\n"
                     "[40|bgpd] Configuration file[/etc/frr/frr.conf] processing failure: 13\n",
                     ["% Configure the peer-group first"], id="semantics"),
        pytest.param("[40|bgpd] Configuration file[/etc/frr/frr.conf] processing failure: 13\n",
                     ["[40|bgpd] Configuration file[/etc/frr/frr.conf] processing failure: 13"], id="a failure without its words"),
    ],
)  # fmt: skip
def test_what_a_throw_away_load_says_about_a_candidate(said: str, expected: list[str]) -> None:
    assert transaction.load_errors(said) == expected


# -- what is not ours ---------------------------------------------------------------------------------------------------
OSPF = "router ospf\n ospf router-id 10.0.0.1\nexit\n!\n"
ALSO = " neighbor 10.0.0.99 remote-as 65099\n neighbor 10.0.0.99 password hunter3\n"
SHOWN = (
    "frr version 10.3\nfrr defaults traditional\nhostname gw\nlog syslog\nno ipv6 forwarding\n!\nvrf red\nexit-vrf\n!\n"
)
"""What FRR shows by itself and nobody has to save."""


AS_WRITTEN = """ip prefix-list OTHER permit 10.0.0.0/8
ip prefix-list OTHER seq 7 permit 11.0.1.0/8
ip prefix-list OTHER permit 12.0.0.0/8
ipv6 prefix-list OTHER6 permit 2001:DB8:0::/32
access-list 10 permit 10.1.0.0 0.0.255.255
access-list net permit 10.1.0.0/16
bgp as-path access-list AP permit ^65000
bgp as-path access-list AP seq 7 permit ^65001
bgp as-path access-list AP permit ^65002
bgp community-list standard CL permit 65000:1
ip route 10.9.0.0 255.255.0.0 10.0.0.254
ip route 10.10.1.7/16 Null0
ip route 10.11.0.0 0.0.0.255 Null0
ip route 11.12.0.0 255.0.255.0 Null0
ipv6 route 2001:DB8:1::/48 2001:db8::1
router ospf
 passive-interface eth0
 no passive-interface eth1
 passive-interface eth2 10.0.0.1
 area 1 stub
exit
"""
AS_SHOWN = """ip prefix-list OTHER seq 5 permit 10.0.0.0/8
ip prefix-list OTHER seq 7 permit 11.0.0.0/8
ip prefix-list OTHER seq 12 permit 12.0.0.0/8
ipv6 prefix-list OTHER6 seq 5 permit 2001:db8::/32
access-list 10 seq 5 permit 10.1.0.0 0.0.255.255
access-list net seq 5 permit 10.1.0.0/16
bgp as-path access-list AP seq 5 permit ^65000
bgp as-path access-list AP seq 7 permit ^65001
bgp as-path access-list AP seq 10 permit ^65002
bgp community-list standard CL seq 5 permit 65000:1
ip route 10.9.0.0/16 10.0.0.254
ip route 10.10.0.0/16 Null0
ip route 0.0.0.0/0 Null0
ip route 11.0.0.0/8 Null0
ipv6 route 2001:db8:1::/48 2001:db8::1
interface eth0
 ip ospf passive
exit
interface eth1
 no ip ospf passive
exit
interface eth2
 ip ospf passive 10.0.0.1
exit
router ospf
 area 1 stub
exit
"""
"""What FRR 10.7.1 shows of it."""
OTHER_BGP = "router bgp 65000\n neighbor 10.0.0.99 remote-as 65099\nexit\n"


def by_hand(*idle: str, of: str = "") -> str:
    """Return the way out of per-daemon files of daemons that do not run; ``of``: the daemons of all files."""
    paths = " ".join(f"/etc/frr/{name}.conf" for name in of.split()) or " ".join("/etc/frr/" + name for name in idle)
    return (
        f"(join them by hand, as 'write memory' would leave out {', '.join(idle)}, whose daemons do not run: install -o frr -g frr"
        f" -m 640 /dev/null /etc/frr/frr.conf; cat {paths} > /etc/frr/frr.conf"
    )


@pytest.mark.parametrize(
    ("found", "take_over", "expected"),
    [
        pytest.param({"running_text": SHOWN + STATIC + OSPF + OURS}, (),
                     "/etc/frr/frr.conf: the change needs a restart of FRR, which would lose what runs and is not in this file: "
                     "ip route 198.51.100.0/24 10.0.0.254; router ospf: ospf router-id 10.0.0.1 (save it with: vtysh -c 'write memory'; or let go of it by "
                     "name: edge_router_take_over: ['ip route 198.51.100.0/24 10.0.0.254', 'router ospf'])", id="static route and OSPF"),
        pytest.param({"running_text": SHOWN + STATIC + OSPF + OURS}, ("router  ospf",),
                     "/etc/frr/frr.conf: the change needs a restart of FRR, which would lose what runs and is not in this file: "
                     "ip route 198.51.100.0/24 10.0.0.254 (save it with: vtysh -c 'write memory'; or let go of it by name: "
                     "edge_router_take_over: ['ip route 198.51.100.0/24 10.0.0.254'])", id="consent to one of two"),
        pytest.param({"running_text": SHOWN + "router ospf\n ospf router-id 10.0.0.1\n auto-cost reference-bandwidth 9\nexit\n" + OURS,
                      "file_text": HEADER + OSPF + OURS}, (),
                     "/etc/frr/frr.conf: the change needs a restart of FRR, which would lose what runs and is not in this file: "
                     "router ospf: auto-cost reference-bandwidth 9 (save it with: vtysh -c 'write memory'; or let go of it by name: "
                     "edge_router_take_over: ['router ospf'])", id="one line of a block"),
        pytest.param({"running_text": None, "active": False, "bgpd_running": False, "file_text": "",
                      "daemon_files": {"ospfd.conf": OSPF, "zebra.conf": STATIC}}, (),
                     "/etc/frr: FRR reads ospfd.conf, zebra.conf here and no frr.conf; with a frr.conf it would ignore them, and lose "
                     "ip route 198.51.100.0/24 10.0.0.254; router ospf: ospf router-id 10.0.0.1 "
                     + by_hand("ospfd.conf", "zebra.conf") + "; or let go of them by name: edge_router_take_over: "
                     "['ip route 198.51.100.0/24 10.0.0.254', 'router ospf'])", id="per-daemon files"),
        pytest.param({"running_text": None, "active": False, "bgpd_running": False, "file_text": "",
                      "daemon_files": {"zebra.conf": "hostname r\npassword hunter3\nenable password hunter4\n" + STATIC}}, (),
                     "/etc/frr: FRR reads zebra.conf here and no frr.conf; with a frr.conf it would ignore them, and lose "
                     "enable password ********; ip route 198.51.100.0/24 10.0.0.254; password ******** " + by_hand("zebra.conf") + "; or let go of them by "
                     "name: edge_router_take_over: ['enable password ********', 'ip route 198.51.100.0/24 10.0.0.254', "
                     "'password ********'])", id="passwords of a per-daemon file"),
        pytest.param({"running_text": SHOWN + "password hunter3\nbanner motd line a: b\n" + OURS}, (),
                     "/etc/frr/frr.conf: the change needs a restart of FRR, which would lose what runs and is not in this file: "
                     "banner motd line a: b; password ******** (save it with: vtysh -c 'write memory'; or let go of it by name: "
                     "edge_router_take_over: ['banner motd line a: b', 'password ********'])", id="a password, and a name with a colon"),
        pytest.param({"running_text": None, "active": False, "bgpd_running": False, "file_text": "",
                      "daemon_files": {"bgpd.conf": OURS.replace(" neighbor 10.0.0.12 peer-group g\n", ALSO)}}, (),
                     "/etc/frr: FRR reads bgpd.conf here and no frr.conf; with a frr.conf it would ignore them, and lose "
                     "ip prefix-list g: seq 5 permit 203.0.113.88/29 ge 32; router bgp 65000: neighbor 10.0.0.99 remote-as 65099; "
                     "router bgp 65000: neighbor 10.0.0.99 password ******** " + by_hand("bgpd.conf") + "; or let go of them by name: "
                     "edge_router_take_over: ['ip prefix-list g', 'router bgp 65000'])", id="BGP in a per-daemon file"),
        pytest.param({"running_text": None, "active": False, "bgpd_running": False, "file_text": "",
                      "daemon_files": {"ospfd.conf": "interface eth0\n ip ospf cost 7\nexit\n",
                                       "zebra.conf": "interface eth0\n description lan\nexit\n"}}, (),
                     "/etc/frr: FRR reads ospfd.conf, zebra.conf here and no frr.conf; with a frr.conf it would ignore them, and lose "
                     "interface eth0: ip ospf cost 7; interface eth0: description lan " + by_hand("ospfd.conf", "zebra.conf") + "; or let go of them by name: "
                     "edge_router_take_over: ['interface eth0'])", id="an interface in two of them"),
        pytest.param({"bgpd_running": False, "running_text": SHOWN, "file_text": "", "daemons": {"zebra": "1 1", "watchfrr": "2 2"},
                      "daemon_files": {"bgpd.conf": OTHER_BGP, "zebra.conf": "hostname r\n" + STATIC}}, (),
                     "/etc/frr: FRR reads bgpd.conf, zebra.conf here and no frr.conf; with a frr.conf it would ignore them, and lose "
                     "ip route 198.51.100.0/24 10.0.0.254; router bgp 65000: neighbor 10.0.0.99 remote-as 65099; router bgp 65000: neighbor 10.0.0.99 activate "
                     + by_hand("bgpd.conf", of="bgpd zebra")
                     + "; or let go of them by name: edge_router_take_over: ['ip route 198.51.100.0/24 10.0.0.254', 'router bgp 65000'])",
                     id="zebra runs, and bgpd with its file does not"),
        pytest.param({"file_text": "", "running_text": SHOWN + STATIC, "daemons": {"zebra": "1 1", "bgpd": "2 2"},
                      "daemon_files": {"bgpd.conf": "hostname r\n", "ospfd.conf": "hostname r\n", "zebra.conf": STATIC}}, (),
                     "/etc/frr: FRR reads bgpd.conf, ospfd.conf, zebra.conf here and no frr.conf; with a frr.conf it would ignore them, and "
                     "lose ip route 198.51.100.0/24 10.0.0.254 (put them into one file first: vtysh -c 'write memory' after "
                     "'service integrated-vtysh-config' in /etc/frr/vtysh.conf; or let go of them by name: edge_router_take_over: "
                     "['ip route 198.51.100.0/24 10.0.0.254'])", id="what the file of a daemon that does not run says is nothing"),
        pytest.param({"bgpd_running": False, "running_text": SHOWN + STATIC, "file_text": HEADER + "router ospf\n area 1 stub\nexit\n" + OTHER_BGP}, (),
                     "/etc/frr/frr.conf: the change needs a restart of FRR, which would lose what runs and is not in this file: "
                     "ip route 198.51.100.0/24 10.0.0.254 (write it into the file by hand: 'write memory' would take out of it what does not run "
                     "(router bgp 65000; router ospf); or let go of it by name: edge_router_take_over: ['ip route 198.51.100.0/24 10.0.0.254'])",
                     id="what the file holds of daemons that do not run"),
    ],
)  # fmt: skip
def test_what_a_restart_would_lose_is_refused(found: dict[str, Any], take_over: tuple[str, ...], expected: str) -> None:
    with pytest.raises(EdgeError) as error:
        transaction.plan(router(**found), WIDER, "replace", "restart", take_over)
    assert str(error.value) == expected


@pytest.mark.parametrize(
    ("found", "method", "take_over"),
    [
        pytest.param({"running_text": SHOWN + STATIC + OSPF + OURS}, "reload", (), id="a reload loses nothing"),
        pytest.param({"running_text": SHOWN + STATIC + OURS, "file_text": HEADER + STATIC + OURS}, "restart", (), id="it is in the file"),
        pytest.param({"running_text": SHOWN + OURS}, "restart", (), id="only what FRR shows by itself"),
        pytest.param({"running_text": SHOWN + AS_SHOWN + OURS, "file_text": HEADER + AS_WRITTEN + OURS}, "restart", (),
                     id="it is in the file, in other words"),
        pytest.param({"running_text": SHOWN.replace("log ", "no log ") + "no service integrated-vtysh-config\nusername cli nopassword\n" + OURS,
                      "has_reload": False}, "restart", (), id="what vtysh.conf says, and a log that is off"),
        pytest.param({"running_text": SHOWN + "ip route 10.9.0.0/16 10.0.0.254\n" + OURS}, "restart",
                     ("ip route 10.9.0.0 255.255.0.0 10.0.0.254",), id="consent in a person's words"),
        pytest.param({"running_text": SHOWN + STATIC + OURS}, "restart", ("ip route 198.51.100.0/24 10.0.0.254", "router rip"),
                     id="consent by name; a name of nothing consents to nothing"),
        pytest.param({"running_text": SHOWN + "password hunter3\n" + OURS}, "restart", ("password ********",),
                     id="consent to a password, as the message names it"),
        pytest.param({"running_text": SHOWN + "password hunter3\n" + OURS}, "restart", ("password hunter3",),
                     id="consent to a password by itself"),
        pytest.param({"running_text": None, "active": False, "bgpd_running": False, "file_text": "",
                      "daemon_files": {"bgpd.conf": WIDER}}, "restart", (), id="BGP in a per-daemon file that is the planned one"),
        pytest.param({"running_text": None, "active": False, "bgpd_running": False, "file_text": "", "daemon_files": {"bgpd.conf": OURS}},
                     "restart", ("ip prefix-list g",), id="consent to BGP in a per-daemon file"),
    ],
)  # fmt: skip
def test_what_a_change_may_do(found: dict[str, Any], method: str, take_over: tuple[str, ...]) -> None:
    assert transaction.plan(router(**found), WIDER, "replace", method, take_over).method == method


def test_the_words_of_frr_and_of_a_person_are_one() -> None:
    assert blocks(AS_WRITTEN, set()) == blocks(AS_SHOWN, set())
    assert [line for line in blocks(AS_SHOWN, set()) if not line.startswith(("interface", "router"))] == AS_SHOWN.split(
        "\n"
    )[:15]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("ip prefix-list X permit 10.0.0.0/8\n", "ip prefix-list X seq 10 permit 10.0.0.0/8\n", id="another number"),
        pytest.param("ip prefix-list X permit 10.0.0.0/8\nip prefix-list X deny 11.0.0.0/8\n",
                     "ip prefix-list X seq 5 deny 11.0.0.0/8\nip prefix-list X seq 10 permit 10.0.0.0/8\n", id="another order"),
        pytest.param("ip route 10.9.0.0 255.255.0.0 10.0.0.1\n", "ip route 10.9.0.0/24 10.0.0.1\n", id="another mask"),
        pytest.param("ip route 10.9.0.0 0.0.0.255 10.0.0.1\n", "ip route 10.9.0.0/24 10.0.0.1\n", id="the inverse of a mask"),
        pytest.param("ip route 10.9.0.0 255.255.0.256 10.0.0.1\n", "ip route 10.9.0.0/16 10.0.0.1\n", id="a mask that is none"),
        pytest.param("router ospf\n passive-interface eth0\n", "interface eth1\n ip ospf passive\n", id="another interface"),
        pytest.param("router rip\n passive-interface eth0\n", "interface eth0\n ip ospf passive\n", id="another daemon"),
    ],
)  # fmt: skip
def test_what_means_something_else_stays_apart(one: str, other: str) -> None:
    assert blocks(one, set()) != blocks(other, set())


def test_a_consented_loss_is_none_afterwards_and_another_is() -> None:
    found = router(running_text=SHOWN + STATIC + OSPF + OURS, file_text=HEADER + OSPF + OURS)
    planned = transaction.plan(found, WIDER, "replace", "restart", ["ip route 198.51.100.0/24 10.0.0.254"])
    assert transaction.lost_blocks(planned, SHOWN + OSPF + WIDER) == []
    assert transaction.lost_blocks(planned, SHOWN + WIDER) == ["router ospf: ospf router-id 10.0.0.1"]
    assert transaction.gained_blocks(planned, SHOWN + OSPF + "router rip\nexit\n" + WIDER) == ["router rip"]


def test_a_password_that_may_go_is_named_without_itself_in_each_step() -> None:
    text = SHOWN + "password hunter3\n"
    planned = transaction.plan(router(running_text=text + OURS), WIDER, "replace", "restart", ["password ********"])
    assert transaction.lost_blocks(planned, SHOWN + WIDER) == []
    assert transaction.gained_blocks(planned, text + WIDER) == ["password ********"]


RIP = "router rip\n network eth0\nexit\n!\n"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(STATIC + OSPF + WIDER, STATIC + OSPF, id="nothing"),
        pytest.param(STATIC + OSPF + RIP + WIDER, STATIC + OSPF + RIP, id="a block"),
        pytest.param(STATIC + "ip route 10.9.0.0/16 blackhole\n" + OSPF + WIDER, STATIC + OSPF + "ip route 10.9.0.0/16 blackhole\n",
                     id="a line"),
        pytest.param(STATIC + OSPF.replace("exit", " passive-interface eth0\nexit") + WIDER,
                     STATIC + OSPF.replace("exit", " passive-interface eth0\nexit"), id="a line in a block"),
        pytest.param(RIP + WIDER, STATIC + OSPF + RIP, id="what is gone comes back"),
        pytest.param(STATIC + OSPF.replace("10.0.0.1", "10.0.0.9") + WIDER, STATIC + OSPF, id="a changed value comes back"),
    ],
)  # fmt: skip
def test_a_way_back_keeps_what_others_added(now: str, expected: str) -> None:
    """Of our objects it has the old ones, whatever runs now."""
    old = SHOWN + STATIC + OSPF + OURS
    ours = frr.scope(frr.parse(old), frr.parse(WIDER))
    text = with_additions(old, SHOWN + now, ours)
    assert blocks(text, ours) == blocks(expected, ours)
    assert frr.equal(frr.pick(frr.parse(text).objects, ours), frr.pick(frr.parse(OURS).objects, ours))


def test_what_somebody_typed_into_our_objects_is_named_without_its_secret() -> None:
    typed = WIDER.replace(
        " neighbor 10.0.0.12 peer-group g\n", " neighbor 10.9.9.9 remote-as 5\n neighbor 10.9.9.9 password hunter3\n"
    )
    now, old, planned = (frr.parse(text).objects for text in (typed, OURS, WIDER))
    assert transaction.typed_into_ours(planned, old, planned) == []
    assert transaction.typed_into_ours(now, old, planned) == [
        "router bgp 65000: neighbor 10.9.9.9 remote-as 5",
        f"router bgp 65000: neighbor 10.9.9.9 password {MASK}",
    ]


DAEMONS = {"bgpd": "100 5000", "zebra": "90 4900"}


@pytest.mark.parametrize(
    ("method", "now", "ended", "judged"),
    [
        pytest.param("reload", DAEMONS, [], "reload", id="all run on"),
        pytest.param("reload", {**DAEMONS, "bfdd": "120 5100"}, [], "reload", id="one more"),
        pytest.param("reload", {**DAEMONS, "bgpd": "150 5200"}, ["bgpd"], "restart", id="another process"),
        pytest.param("reload", {**DAEMONS, "bgpd": "100 5200"}, ["bgpd"], "restart", id="the same number again"),
        pytest.param("reload", {"bgpd": "100 5000"}, ["zebra"], "reload", id="gone, and its sessions are judged as ever"),
        pytest.param("restart", {"bgpd": "150 5200", "zebra": "140 5200"}, [], "restart", id="a restart was meant"),
    ],
)  # fmt: skip
def test_a_daemon_that_ended_by_itself_is_known_by_its_process(
    method: str, now: dict[str, str], ended: list[str], judged: str
) -> None:
    planned = transaction.plan(router(daemons=DAEMONS), WIDER, "replace", method)
    assert transaction.ended_daemons(planned, DAEMONS, now) == ended
    assert transaction.judged_as(planned, ended).method == judged


def test_sessions_of_a_bgpd_that_started_anew_have_to_come_back() -> None:
    """Its counters begin at 0, so that they tell of no reset and of no reason."""
    found = router(sessions={"10.0.0.11": session("10.0.0.11", dropped=3)})
    judged = transaction.judged_as(transaction.plan(found, WIDER, "replace", "reload"), ["bgpd"])
    back = {"10.0.0.11": session("10.0.0.11")}
    assert not transaction.was_reset(judged, found.sessions, back)
    assert transaction.session_problems(judged, found.sessions, back) == []
    assert transaction.session_problems(
        judged, found.sessions, {"10.0.0.11": session("10.0.0.11", state="Active")}
    ) == ["10.0.0.11: was Established, is Active"]


def test_what_a_restart_reads_from_the_file_is_no_work_of_others() -> None:
    """FRR was down at the look, or one of its daemons."""
    down = router(running_text=None, active=False, bgpd_running=False, file_text=HEADER + OSPF + OURS)
    planned = transaction.plan(down, WIDER, "replace", "auto")
    assert planned.method == "restart"
    assert transaction.gained_blocks(planned, SHOWN + OSPF + WIDER) == []
    assert transaction.gained_blocks(planned, SHOWN + OSPF + STATIC + WIDER) == [STATIC.splitlines()[0]]


def test_what_is_not_ours_shows_no_secret() -> None:
    text = SHOWN + "key chain k\n key 1\n  key-string hunter2\nexit\n" + OURS
    with pytest.raises(EdgeError) as error:
        transaction.plan(
            router(running_text=text, file_text=HEADER + "key chain k\n key 1\nexit\n" + OURS),
            WIDER,
            "replace",
            "restart",
        )
    assert "hunter2" not in str(error.value)
    assert "key chain k: key-string ********" in str(error.value)


@pytest.mark.parametrize("sign", ["|", "\u2028", "\x0c", "\x85", "\x1b"])
def test_signs_that_no_line_may_hold(sign: str) -> None:
    candidate = OURS.replace(" neighbor g remote-as", f" neighbor g description a{sign}b\n neighbor g remote-as", 1)
    assert candidate != OURS
    with pytest.raises(EdgeError, match=r"^candidate: line [0-9]+ "):
        transaction.plan(router(), candidate, "replace", "auto")


def test_only_a_line_feed_ends_a_line() -> None:
    assert frr.split_lines("a\u2028b\x0cc\nd\r\n\n") == ["a\u2028b\x0cc", "d", ""]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param("bgpd=no\nospfd=no\n", "bgpd=yes\nospfd=no\n", id="no"),
        pytest.param("bgpd=yes\n", "bgpd=yes\n", id="yes"),
        pytest.param("bgpd=no  \nospfd=no\n", "bgpd=yes\nospfd=no\n", id="no, and blanks"),
        pytest.param("# bgpd=yes\nospfd=no", "# bgpd=yes\nospfd=no\nbgpd=yes\n", id="absent"),
    ],
)
def test_bgpd_is_enabled(before: str, expected: str) -> None:
    assert transaction.enable_bgpd(before) == expected


# -- FRR's output -----------------------------------------------------------------------------------------------------
@given(
    lines=st.lists(
        st.sampled_from(["bgpd=no", "bgpd=yes", "bgpd= ", "ospfd=no", "# bgpd=no", "", 'zebra_options="-A ::1"']),
        max_size=5,
    ),
    more=st.lists(st.sampled_from(["ospfd=yes", "bfdd=yes", "#"]), max_size=3),
    at=st.integers(0, 9),
)
def test_bgpd_goes_back_to_what_it_was_and_all_else_stays(lines: list[str], more: list[str], at: int) -> None:
    """Somebody adds lines to the file that the change wrote."""
    old = "".join(line + "\n" for line in lines)
    ours = transaction.enable_bgpd(old).split("\n")[:-1]
    edited = "".join(line + "\n" for line in [*ours[:at], *more, *ours[at:]])
    back = transaction.without_our_bgpd(edited, old)
    bgpd = [line for line in back.split("\n") if line.startswith("bgpd=")]
    wanted = [line for line in lines if line.startswith("bgpd=")]
    assert bgpd[-1:] == wanted[-1:]
    assert sorted(line for line in back.split("\n") if not line.startswith("bgpd=")) == sorted(
        [line for line in [*ours, *more] if not line.startswith("bgpd=")] + [""]
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("bgpd version 10.3\nCopyright", "10.3", id="bgpd --version"),
        pytest.param("FRRouting 10.1.2 (gw) on Linux(5.4.213-ui).", "10.1.2", id="show version"),
        pytest.param("bgpd version 7.5.1-1.1+deb11u4", "7.5.1", id="Debian's suffix"),
    ],
)
def test_versions(text: str, expected: str) -> None:
    assert state.read_version(text) == expected


def test_no_version_is_an_error() -> None:
    with pytest.raises(EdgeError, match="no FRR version in 'command not found'"):
        state.read_version("command not found")


NEIGHBORS = {
    "10.0.0.11": {
        "remoteAs": 65001, "peerGroup": "g", "bgpState": "Established", "connectionsDropped": 1,
        "addressFamilyInfo": {"ipv4Unicast": {"acceptedPrefixCounter": 2}, "ipv6Unicast": {}},
    },
    "10.0.0.12": {
        "remoteAs": 65001, "bgpState": "Idle", "addressFamilyInfo": {},
    },
    "vrfId": 0,
}  # fmt: skip


def test_sessions_are_read() -> None:
    sessions = state.read_sessions(NEIGHBORS)
    assert sessions == {
        "10.0.0.11": SessionState("10.0.0.11", "Established", 65001, "g", {"ipv4": 2, "ipv6": 0}, 1),
        "10.0.0.12": SessionState("10.0.0.12", "Idle", 65001, None, {}, 0),
    }  # fmt: skip


@pytest.mark.parametrize(("shown", "asn"), [("1.10", 65546), ("0.65001", 65001), ("65001", 65001), (65001, 65001)])
def test_as_number_of_a_session_may_stand_in_two_parts(shown: object, asn: int) -> None:
    read = state.read_sessions({"10.0.0.11": {"bgpState": "Idle", "remoteAs": shown}})
    assert read["10.0.0.11"].asn == asn


@pytest.mark.parametrize("text", ["% Unknown command", "[1]"])
def test_output_that_is_no_json_object_is_an_error(text: str) -> None:
    with pytest.raises(EdgeError, match=r"^show bgp summary json: FRR (did not answer with JSON|answered with list)"):
        state.read_json(text, "show bgp summary json")
    assert state.read_json(json.dumps({"a": 1}), "x") == {"a": 1}


def test_an_empty_candidate_takes_our_objects_away_and_nothing_else() -> None:
    removal = transaction.plan(router(), "", "contract", "auto")
    assert (removal.method, removal.enable, removal.watched) == ("reload", False, ())
    assert removal.file_text.strip("!\n").split() == HEADER.strip("!\n").split()
    assert removal.target == {}


def test_an_expand_takes_nothing_away_for_an_empty_candidate() -> None:
    assert transaction.plan(router(), "", "expand", "auto").method == "none"


def test_an_empty_candidate_does_not_switch_bgpd_on() -> None:
    off = {"bgpd_running": False, "bgpd_enabled": False, "running_text": HEADER}
    assert transaction.plan(router(**off, file_text=HEADER), "", "contract", "auto").method == "none"
    left = transaction.plan(router(**off), "", "contract", "auto")
    assert (left.method, left.enable) == ("file", False)
    assert "router bgp" not in left.file_text


@pytest.mark.parametrize(("version", "ends"), [("7.5.1", False), ("8.4", True)])
def test_a_candidate_ends_its_blocks_as_this_frr_does(version: str, ends: bool) -> None:
    """The reload of 7.5 nests what follows an ``exit`` in the block before it."""
    planned = transaction.plan(router(version=version), WIDER, "replace", "auto")
    for text in (planned.file_text, planned.reload_text):
        assert ("\nexit\n" in text) is ends
        assert "203.0.113.80/28" in text


RUNNING = "Building configuration...\n\nCurrent configuration:\n!\nfrr version 10.3\n!\nrouter ospf\nexit\n!\nend\n"


def test_the_running_configuration_is_read_without_the_words_around_it() -> None:
    assert state.read_running(RUNNING) == "!\nfrr version 10.3\n!\nrouter ospf\nexit\n!\n"


def test_a_running_configuration_that_is_cut_off_is_none() -> None:
    """vtysh was killed (out of memory): a reload to the part that came would delete the rest."""
    assert [n for n in range(len(RUNNING) - 1) if state.read_running(RUNNING[:n]) is not None] == []


def test_a_router_that_does_not_show_what_runs_is_refused() -> None:
    with pytest.raises(EdgeError, match="vtysh does not show the whole running configuration"):
        transaction.refuse(router(running_text=None), "linux")
    transaction.refuse(router(running_text=None, bgpd_running=False, active=False), "linux")
