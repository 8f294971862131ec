# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of lines that somebody wrote into frr.conf and FRR has not read: none goes without a word."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import transaction, unloaded
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import change, check
from hypothesis import given
from hypothesis import strategies as st

PLANNED = """router bgp 65000
 bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 neighbor g peer-group
 neighbor g remote-as 65001
 neighbor 10.0.0.11 peer-group g
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
WIDER = PLANNED.replace("203.0.113.88/29", "203.0.113.80/28")
HEADER = "frr defaults traditional\nlog syslog\n!\n"


def edited(instance: str = "", family: str = "", lists: str = "", text: str = PLANNED) -> str:
    """Return a file with further lines of the instance, of its family, and objects of their own."""
    text = text.replace(" !\n address-family", f"{instance} !\n address-family")
    return HEADER + text.replace("  neighbor g activate\n", f"  neighbor g activate\n{family}") + lists


def router(file_text: str, **changes: Any) -> transaction.RouterState:
    """Return a router that runs the plan, and has another file."""
    found = transaction.RouterState("10.3", True, True, True, True, True, file_text, HEADER + PLANNED, {})
    return found._replace(**changes)


def told(plan: transaction.Plan) -> tuple[list[str], list[str]]:
    """Return the lines that stay in the file, and those that do not."""
    kept, dropped, whole = plan.unloaded
    return unloaded.told(kept, whole), unloaded.told(dropped, whole)


NEIGHBOR = " neighbor 10.0.0.99 remote-as 65099\n neighbor 10.0.0.99 password hunter2\n"
NETWORK = "  network 192.0.2.0/24\n"
FILTERED = {
    "family": "  neighbor 10.0.0.99 activate\n  neighbor 10.0.0.99 route-map theirs in\n",
    "lists": "ip prefix-list theirs seq 5 permit 10.9.0.0/16\nroute-map theirs permit 10\n match ip address prefix-list theirs\nexit\n",
}
INSTANCE = "router bgp 65000: "


@pytest.mark.parametrize(
    ("lines", "kept", "dropped"),
    [
        pytest.param({}, [], [], id="none"),
        pytest.param({"instance": NEIGHBOR, "family": NETWORK},
                     [INSTANCE + "neighbor 10.0.0.99 remote-as 65099", INSTANCE + "neighbor 10.0.0.99 password ********",
                      INSTANCE + "network 192.0.2.0/24"], [], id="a neighbor and a network"),
        pytest.param({"instance": " neighbor 10.0.0.99 remote-as 65099\n", **FILTERED},
                     [INSTANCE + "neighbor 10.0.0.99 remote-as 65099", INSTANCE + "neighbor 10.0.0.99 activate",
                      INSTANCE + "neighbor 10.0.0.99 route-map theirs in", "ip prefix-list theirs: seq 5 permit 10.9.0.0/16",
                      "route-map theirs: permit 10", "route-map theirs: match ip address prefix-list theirs"], [],
                     id="a neighbor with a filter of its own"),
        pytest.param({"lists": "ip prefix-list g seq 10 permit 10.9.0.0/16\n"}, ["ip prefix-list g: seq 10 permit 10.9.0.0/16"], [],
                     id="an entry of a planned list"),
        pytest.param({"instance": " neighbor 10.0.0.11 timers 5 15\n"}, [], [INSTANCE + "neighbor 10.0.0.11 timers 5 15"],
                     id="a session key that the plan leaves out"),
        pytest.param({"instance": " no bgp ebgp-requires-policy\n"}, [], [INSTANCE + "no bgp ebgp-requires-policy"],
                     id="the opposite of a planned line"),
        pytest.param({"family": "  neighbor 10.0.0.11 prefix-list theirs in\n", "lists": "ip prefix-list theirs seq 5 deny any\n"}, [],
                     [INSTANCE + "neighbor 10.0.0.11 prefix-list theirs in", "ip prefix-list theirs: seq 5 deny any"],
                     id="a filter of a planned neighbor"),
        pytest.param({"text": PLANNED.replace("203.0.113.88/29", "203.0.113.64/26")}, [],
                     ["ip prefix-list g: seq 5 permit 203.0.113.64/26 ge 32"], id="an entry of a number that is planned otherwise"),
        pytest.param({"text": PLANNED.replace("65000", "65009")}, [], ["router bgp 65009"], id="another AS"),
    ],
)  # fmt: skip
def test_what_a_file_has_alone_stays_in_expand_and_is_named(
    lines: dict[str, str], kept: list[str], dropped: list[str]
) -> None:
    found = router(edited(**lines))
    expand = transaction.plan(found, PLANNED, "expand", "auto")
    assert told(expand) == (kept, dropped)
    assert expand.method == ("file" if dropped else "none")
    written = frr.parse(expand.file_text).objects
    assert all(line in written[key] for key, some in expand.unloaded.kept.items() for line in some)
    assert all(line in written[key] for key, some in expand.target.items() for line in some)
    contract = transaction.plan(found, PLANNED, "contract", "auto")
    assert sorted(told(contract)[1]) == sorted(kept + dropped)
    assert frr.equal(frr.parse(contract.file_text).objects, frr.parse(HEADER + PLANNED).objects)


COMMUNITIES = "!\nbgp community-list standard CL seq 5 permit 65001:1\n!\n"
SPELLED = (
    PLANNED.replace(
        " match ip address prefix-list g\n", " match ip address prefix-list g\n match community CL\n on-match goto 30\n"
    )
    + COMMUNITIES
)
SPELLED = SPELLED.replace("203.0.113.88/29 ge 32", "10.50.0.0/16 le 24")
SPELLED = SPELLED.replace("  neighbor g activate\n", "  neighbor g activate\n  network 10.60.0.0/16\n")
AGAIN = "neighbor 10.0.0.11 peer-group g\n"


@pytest.mark.parametrize(
    ("shown", "written", "otherwise", "named"),
    [
        pytest.param("CL seq 5 permit", "CL permit", "CL deny", "bgp community-list standard CL: deny 65001:1",
                     id="an entry without its number"),
        pytest.param("10.50.0.0/16", "10.50.7.0/16", "10.51.7.0/16", "ip prefix-list g: seq 5 permit 10.51.7.0/16 le 24",
                     id="bits behind a length"),
        pytest.param("  network 10.60.0.0/16\n", "  network 10.60.7.7/16\n", "  network 10.61.7.7/16\n",
                     INSTANCE + "network 10.61.0.0/16", id="bits behind a network's length"),
        pytest.param(" on-match goto 30\n", " continue 30\n", " continue 40\n", "route-map g-in: continue 40", id="a jump"),
        pytest.param(AGAIN, AGAIN + " neighbor 10.0.0.11 remote-as 65001\n", AGAIN + " neighbor 10.0.0.11 remote-as 65002\n",
                     INSTANCE + "neighbor 10.0.0.11 remote-as 65002", id="the AS of its group"),
        pytest.param("  neighbor g activate\n", "  neighbor g activate\n  neighbor 10.0.0.11 activate\n",
                     "  neighbor g activate\n  no neighbor 10.0.0.11 activate\n", INSTANCE + "no neighbor 10.0.0.11 activate",
                     id="the family of its group"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stage", ["expand", "contract"])
def test_another_spelling_of_what_runs_is_no_line_that_does_not_run(
    stage: str, shown: str, written: str, otherwise: str, named: str
) -> None:
    assert shown in SPELLED
    found = router(HEADER + SPELLED.replace(shown, written), running_text=HEADER + SPELLED)
    plan = transaction.plan(found, SPELLED, stage, "auto")
    assert told(plan) == ([], [])
    assert frr.equal(frr.parse(plan.file_text).objects, frr.parse(HEADER + SPELLED).objects)
    other = found._replace(file_text=HEADER + SPELLED.replace(shown, otherwise))
    kept, dropped = told(transaction.plan(other, SPELLED, stage, "auto"))
    assert named in kept + dropped


LIMITED = PLANNED.replace("  neighbor g activate\n", "  neighbor g activate\n  neighbor g maximum-prefix 20 90 restart 5\n").replace(
    " !\n address", " bgp listen range 10.0.1.0/24 peer-group g\n bgp listen limit 20\n !\n address", 1
)  # fmt: skip


@pytest.mark.parametrize(
    ("planned", "written"),
    [
        ("neighbor g maximum-prefix 20 90 restart 5", "neighbor g maximum-prefix 50 80"),
        ("bgp listen limit 20", "bgp listen limit 300"),
    ],
    ids=["of routes", "of dynamic neighbors"],
)
def test_a_limit_that_is_planned_otherwise_does_not_stay_beside_the_planned_one(planned: str, written: str) -> None:
    found = router(HEADER + LIMITED.replace(planned, written), running_text=HEADER + LIMITED)
    plan = transaction.plan(found, LIMITED, "expand", "auto")
    assert told(plan) == ([], [INSTANCE + written])
    assert frr.equal(frr.parse(plan.file_text).objects, frr.parse(HEADER + LIMITED).objects)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param({"instance": NEIGHBOR, "family": NETWORK}, id="of the instance"),
        pytest.param({"instance": " neighbor 10.0.0.99 remote-as 65099\n", **FILTERED}, id="with objects of their own"),
        pytest.param({"lists": "ip prefix-list g seq 10 permit 10.9.0.0/16\n"}, id="of a list"),
        pytest.param({}, id="none"),
    ],
)
@pytest.mark.parametrize(
    "saved",
    [
        pytest.param(HEADER + PLANNED, id="the old one"),
        pytest.param(HEADER, id="nothing of ours"),
        pytest.param(HEADER + "router bgp 65000\nexit\n" + FILTERED["lists"], id="with objects that stay"),
    ],
)
@pytest.mark.parametrize("version", ["7.5.1", "10.3"])
def test_what_stays_in_the_file_stays_where_somebody_wrote_the_old_one_over_it(
    lines: dict[str, str], saved: str, version: str
) -> None:
    found = router(edited(**lines), version=version)
    plan = transaction.plan(found, WIDER, "expand", "auto")
    again = transaction.spliced_again(plan, saved, HEADER + frr.render(plan.target))
    assert again is not None
    ours = frr.parse(plan.file_text).objects
    assert frr.equal(frr.pick(frr.parse(again).objects, set(ours)), ours)
    lists = [line for line in frr.split_lines(again) if line.startswith(("ip prefix-list", "route-map"))]
    assert len(lists) == len(set(lists))
    assert frr.split_lines(again)[:2] == frr.split_lines(HEADER)[:2]
    assert transaction.spliced_again(plan, again, HEADER + frr.render(plan.target)) is None


EDITED = edited(NEIGHBOR, NETWORK)
SAID = (
    "/etc/frr/frr.conf has lines in this site's own objects that neither run nor are planned: router bgp 65000: neighbor "
    "10.0.0.99 remote-as 65099; router bgp 65000: neighbor 10.0.0.99 password ********; router bgp 65000: network 192.0.2.0/24. "
)  # fmt: skip
STAYS = "They stay in it until the contract stage takes them out: plan them, if they are wanted"
GOES = "This change takes them out of the file, and a backup keeps it as it was: plan them, if they are wanted"


@pytest.mark.parametrize(
    ("candidate", "stage", "whole", "changed", "warning", "shown"),
    [
        pytest.param(PLANNED, "expand", False, False, STAYS, ["", ""], id="expand"),
        pytest.param(PLANNED, "expand", True, True, STAYS, ["- neighbor 10.0.0.99", "- network"], id="both stages in check mode"),
        pytest.param(PLANNED, "contract", False, True, GOES, ["- neighbor 10.0.0.99", "- network"], id="contract"),
        pytest.param(WIDER, "replace", False, True, GOES, ["- neighbor 10.0.0.99", "- network"], id="beside another change"),
    ],
)  # fmt: skip
def test_what_a_file_has_alone_is_in_the_warning_and_in_the_difference(
    candidate: str, stage: str, whole: bool, changed: bool, warning: str, shown: list[str]
) -> None:
    plan = transaction.plan(router(EDITED), candidate, stage, "auto")
    assert change.said_of_file(plan) == [SAID + warning]
    result = change.described(router(EDITED), plan, whole)
    assert result["changed"] is changed
    difference = result["diff"]
    assert difference["before_header"] == "live BGP configuration, and lines of frr.conf that do not run"
    assert "hunter2" not in str(result)
    gone = set(difference["before"].split("\n")) - set(difference["after"].split("\n"))
    assert any(line.startswith(" neighbor 10.0.0.99 remote-as") for line in gone) is bool(shown[0])
    assert any("network 192.0.2.0/24" in line for line in gone) is bool(shown[1])
    assert bool(result["left"]) is (stage == "expand")
    assert ("-  network 192.0.2.0/24" in result["left"]) is (stage == "expand")


def test_a_file_as_what_runs_is_no_word_worth() -> None:
    plan = transaction.plan(router(HEADER + PLANNED), WIDER, "expand", "auto")
    assert change.said_of_file(plan) == []
    assert change.described(router(EDITED), plan, False)["diff"]["before_header"] == "live BGP configuration"


def test_a_restart_does_not_start_what_did_not_run() -> None:
    plan = transaction.plan(router(EDITED), WIDER, "expand", "restart")
    assert (plan.method, told(plan)[0], len(told(plan)[1])) == ("restart", [], 3)
    assert "10.0.0.99" not in plan.file_text


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"running_text": HEADER}, id="FRR runs without it"),
        pytest.param({"running_text": None, "active": False}, id="FRR does not run"),
    ],
)
def test_a_bgpd_that_does_not_run_keeps_in_expand_what_its_file_has(state: dict[str, Any]) -> None:
    found = router(EDITED, bgpd_running=False, **state)
    plan = transaction.plan(found, WIDER, "expand", "auto")
    assert (plan.method, told(plan)) == ("restart", ([], []))
    assert "neighbor 10.0.0.99 remote-as 65099" in frr.render(plan.target)
    assert frr.equal(frr.parse(plan.file_text).objects, plan.target)
    assert plan.scope >= set(plan.target)
    removal = transaction.plan(found, "", "expand", "auto")
    assert (removal.method, removal.file_text) == ("none", EDITED)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("network 0.0.0.0", "network 0.0.0.0/0", id="the default route"),
        pytest.param("network 10.0.0.0 mask 0.0.0.255", "network 0.0.0.0/0", id="the inverse of a mask"),
        pytest.param("network 10.4.0.0", "network 10.0.0.0/8", id="a class"),
        pytest.param("network 224.0.0.0", "network 224.0.0.0", id="what FRR refuses"),
    ],
)
def test_bgpd_starts_with_the_networks_that_it_read_in_the_file(written: str, expected: str) -> None:
    """Another length would announce another network, and read-back compares with the same mistake."""
    found = router(edited(family=f"  {written}\n"), bgpd_running=False, running_text=HEADER)
    plan = transaction.plan(found, WIDER, "expand", "auto")
    assert plan.method == "restart"
    assert [line.strip() for line in plan.file_text.split("\n") if "  network " in line] == [expected]


def test_a_network_in_another_spelling_is_there_once() -> None:
    text = edited(family="  network 0.0.0.0\n")
    running = text.replace("network 0.0.0.0", "network 0.0.0.0/0")
    plan = transaction.plan(router(text, running_text=running), WIDER, "expand", "auto")
    assert told(plan) == ([], [])
    assert [line.strip() for line in plan.file_text.split("\n") if "  network " in line] == ["network 0.0.0.0/0"]


def test_a_file_is_shown_whole_where_bgpd_runs_without_an_instance() -> None:
    found = router(EDITED, running_text=HEADER)
    plan = transaction.plan(found, PLANNED, "replace", "auto")
    before = change.described(found, plan, False)["diff"]["before"].split("\n")
    assert before[0] == "router bgp 65000"
    assert " neighbor 10.0.0.99 remote-as 65099" in before


@pytest.mark.parametrize(
    ("refused", "method", "errors"),
    [
        pytest.param("nothing", "reload", "", id="FRR takes them"),
        pytest.param("10.0.0.99", "reload", "", id="FRR does not take them, and they go"),
        pytest.param("10.0.0.11", "", "refuses the configuration", id="FRR does not take the plan"),
    ],
)
def test_lines_that_frr_does_not_take_are_no_reason_to_refuse_the_plan(
    monkeypatch: pytest.MonkeyPatch, refused: str, method: str, errors: str
) -> None:
    def verdict(whole: str, _ours: str, _version: str) -> check.Verdict:
        return check.Verdict(["line 9: " + refused] if refused in whole else [], [])

    monkeypatch.setattr(check, "check", verdict)
    params = {"platform": "linux", "content": WIDER, "stage": "expand", "apply": "auto", "take_over": []}
    if errors:
        with pytest.raises(change.RefusedError, match=errors):
            change.planned_change(router(EDITED), params, False)
        return
    plan, warnings = change.planned_change(router(EDITED), params, False)
    assert plan.method == method
    assert ("10.0.0.99" in plan.file_text) is (refused == "nothing")
    assert warnings == [SAID + (STAYS if refused == "nothing" else GOES)]


LINES = st.lists(
    st.sampled_from(
        [
            " neighbor 10.0.0.99 remote-as 65099",
            " neighbor 10.0.0.11 description x",
            " neighbor g timers 5 15",
            " neighbor h peer-group",
            " neighbor 10.0.0.98 peer-group h",
            " bgp router-id 10.0.0.1",
            " maximum-paths 8",
            " network 192.0.2.0/24",
            " no bgp ebgp-requires-policy",
            " neighbor 10.0.0.99 route-map theirs in",
            " neighbor 10.0.0.11 route-map theirs out",
        ]
    ),
    unique=True,
)


@given(lines=LINES, theirs=st.booleans(), candidate=st.sampled_from([PLANNED, WIDER, ""]))
def test_expand_names_what_it_takes_and_settles(lines: list[str], theirs: bool, candidate: str) -> None:
    """Each line of the file stands in the new one, or is named; a second run changes nothing."""
    lists = "route-map theirs permit 10\nexit\n" if theirs else ""
    found = router(edited("".join(line + "\n" for line in lines), lists=lists))
    plan = transaction.plan(found, candidate, "expand", "auto")
    ours = unloaded.sort_out(frr.pick(frr.parse(found.file_text).objects, plan.scope), plan.live, {}, False).dropped
    new = frr.parse(plan.file_text).objects
    for key, some in ours.items():
        for line in some:
            assert line in new.get(key, ()) or line in plan.unloaded.dropped.get(key, ())
    again = found._replace(file_text=plan.file_text, running_text=HEADER + frr.render(plan.target))
    assert transaction.plan(again, candidate, "expand", "auto").method == "none"
