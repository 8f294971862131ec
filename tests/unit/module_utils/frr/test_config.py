# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR configuration as data: parse, compare, expand, splice, render, mask."""

from __future__ import annotations

import ipaddress
import random

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import BGP, Key, Objects
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.expand import expand
from ansible_collections.hybridnet.cluster_edge.tests.support.drawn import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

OURS = """router bgp 65000
 bgp router-id 10.0.0.1
 bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 neighbor g peer-group
 neighbor g remote-as 65001
 neighbor g password hunter2
 neighbor g timers 3 9
 neighbor 10.0.0.11 peer-group g
 neighbor 10.0.0.12 peer-group g
 !
 address-family ipv4 unicast
  neighbor g activate
  neighbor g route-map g-in in
  neighbor g route-map g-out out
 exit-address-family
exit
!
ip prefix-list g seq 5 permit 203.0.113.88/29 ge 32
!
route-map g-in permit 10
 match ip address prefix-list g
exit
!
route-map g-out deny 10
exit
!
"""

BLOG = """frr version 8.4
frr defaults traditional
hostname gw
log syslog
!
router bgp 65000
 bgp router-id 10.0.0.1
 no bgp ebgp-requires-policy
 neighbor NODES peer-group
 neighbor NODES remote-as 65001
 neighbor 10.0.0.11 peer-group NODES
 neighbor 10.0.0.99 remote-as 65009
 !
 address-family ipv4 unicast
  redistribute connected
  neighbor NODES route-map ALLOW-ALL in
  neighbor NODES route-map ALLOW-ALL out
 exit-address-family
exit
!
route-map ALLOW-ALL permit 10
exit
!
router ospf
 ospf router-id 10.0.0.1
exit
!
"""


def objects(text: str) -> Objects:
    return frr.parse(text).objects


# -- parse ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("exit\n", ""), id="no exit lines (7.5)"),
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(lambda text: text.replace(" ", "\t"), id="tabs"),
        pytest.param(lambda text: "\n".join(line.strip() for line in text.splitlines()), id="no indentation"),
        pytest.param(lambda text: text.replace("!\n", "\n# comment\n"), id="comments"),
        pytest.param(lambda text: text.replace("ipv4 unicast", "ipv4"), id="default sub-family"),
        pytest.param(lambda text: text.replace(" bgp ebgp-requires-policy\n", ""), id="a default left out"),
        pytest.param(lambda text: text.replace("seq 5 ", ""), id="no seq: FRR numbers from 5"),
        pytest.param(
            lambda text: "frr version 10.3\nfrr defaults traditional\nhostname x\n!\n" + text + "end\n", id="header"
        ),
    ],
)
def test_spelling_does_not_matter(change: object) -> None:
    assert callable(change)
    assert frr.equal(objects(change(OURS)), objects(OURS)), frr.unified_diff(objects(OURS), objects(change(OURS)))


def test_the_order_of_lines_does_not_matter() -> None:
    text = OURS.split("router bgp")[1].splitlines()[1:9]
    shuffled = list(text)
    random.Random(1).shuffle(shuffled)
    assert frr.equal(objects(OURS.replace("\n".join(text), "\n".join(shuffled))), objects(OURS))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("65001", "65002", id="AS"),
        pytest.param("timers 3 9", "timers 4 9", id="timer"),
        pytest.param("/29 ge 32", "/29 ge 31", id="length"),
        pytest.param("deny 10", "permit 10", id="route-map"),
        pytest.param("hunter2", "hunter3", id="password"),
        pytest.param(" bgp ebgp-requires-policy", " no bgp ebgp-requires-policy", id="policy"),
        pytest.param("seq 5", "seq 6", id="seq"),
    ],
)
def test_a_difference_is_seen(old: str, new: str) -> None:
    assert not frr.equal(objects(OURS), objects(OURS.replace(old, new)))


def test_ipv6_is_compared_by_value() -> None:
    one = "router bgp 1\n neighbor FD00:0::0011 remote-as 2\nipv6 prefix-list p seq 5 permit FD00:0:0::/64 ge 128\n"
    other = "router bgp 1\n neighbor fd00::11 remote-as 2\nipv6 prefix-list p seq 5 permit fd00::/64 ge 128\n"
    assert frr.equal(objects(one), objects(other))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("bgp community-list standard c seq 5 permit 65010:2 65010:10 65535:65281\n",
                     "bgp community-list standard c seq 5 permit 65010:10 no-export 65010:2\n", True, id="of a list"),
        pytest.param("bgp large-community-list standard c seq 5 permit 65010:3:1 65010:2:9\n",
                     "bgp large-community-list standard c seq 5 permit 65010:2:9 65010:3:1\n", True, id="large"),
        pytest.param("route-map m permit 10\n set community 65010:2 65010:1 blackhole additive\n",
                     "route-map m permit 10\n set community 65010:1 65010:2 65535:666 additive\n", True, id="set"),
        pytest.param("route-map m permit 10\n set large-community 65010:3:1 65010:2:9\n",
                     "route-map m permit 10\n set large-community 65010:2:9 65010:3:1\n", True, id="set large ones"),
        pytest.param("route-map m permit 10\n set community 65010:1 additive\n",
                     "route-map m permit 10\n set community 65010:1\n", False, id="added or put in place"),
        pytest.param("bgp community-list standard c seq 5 permit 65010:1\n",
                     "bgp community-list standard c seq 5 deny 65010:1\n", False, id="permit or deny"),
        pytest.param("bgp community-list expanded c seq 5 permit 65010:1 65010:2\n",
                     "bgp community-list expanded c seq 5 permit 65010:2 65010:1\n", False, id="a regex has an order"),
    ],
)  # fmt: skip
def test_the_order_of_communities_does_not_matter(one: str, other: str, same: bool) -> None:
    assert frr.equal(objects(one), objects(other)) is same


def test_a_difference_does_not_show_the_order_of_a_route_maps_lines() -> None:
    one = "route-map m permit 10\n match tag 1\n match community c\n set metric {0}\n"
    other = "route-map m permit 10\n match community c\n set metric {0}\n match tag 1\n"
    assert frr.unified_diff(objects(one.format(1)), objects(other.format(1))) == ""
    text = frr.unified_diff(objects(one.format(1)), objects(other.format(2)))
    assert [line for line in text.splitlines()[2:] if line[0] in "+-"] == ["- set metric 1", "+ set metric 2"]


def test_the_profile_decides_what_a_missing_line_means() -> None:
    body = "router bgp 1\n bgp router-id 1.1.1.1\n"
    assert ("", "bgp ebgp-requires-policy") in objects(body)[BGP]
    assert ("", "no bgp ebgp-requires-policy") in objects("frr defaults datacenter\n" + body)[BGP]


def test_neighbors_that_are_active_by_default_are_written_out() -> None:
    family = "address-family ipv4 unicast"
    lines = objects(BLOG)[BGP]
    assert (family, "neighbor NODES activate") in lines
    assert (family, "neighbor 10.0.0.99 activate") in lines
    assert (family, "neighbor 10.0.0.11 activate") not in lines


def test_the_default_limit_of_dynamic_neighbors_is_no_line_for_frr_shows_none() -> None:
    body = "router bgp 1\n bgp router-id 1.1.1.1\n"
    assert objects(body + " bgp listen limit 100\n") == objects(body)
    assert objects(body + " bgp listen limit 101\n") != objects(body)


def test_two_instances_are_refused() -> None:
    with pytest.raises(EdgeError) as error:
        frr.parse("router bgp 1\nexit\nrouter bgp 2\nexit\n")
    assert str(error.value) == (
        "the configuration has two BGP instances in the default VRF: 'router bgp 1' and 'router bgp 2'"
    )


def test_other_vrfs_and_daemons_are_no_objects() -> None:
    text = (
        OURS
        + "router bgp 65000 vrf RED\n neighbor 10.9.9.9 remote-as 7\nexit\nrouter ospf\n network 0.0.0.0/0 area 0\nexit\n"
    )
    assert frr.equal(objects(text), objects(OURS))


# -- round trip -------------------------------------------------------------------------------------------------------
names = st.sampled_from(["k8s-ingress", "k8s-service", "lab-x", "a1"])
addresses = st.integers(0x0A000001, 0x0A000014).map(lambda number: str(ipaddress.IPv4Address(number)))
few = settings(max_examples=examples(40), suppress_health_check=[HealthCheck.too_slow])


@st.composite
def configurations(draw: st.DrawFn) -> Objects:
    """A configuration such as ours: groups with neighbors, each with its lists and route-maps."""
    lines = ["router bgp 65000", " bgp router-id 10.0.0.1", " no bgp default ipv4-unicast"]
    family, rest = [" address-family ipv4 unicast"], []
    members = draw(st.lists(addresses, unique=True, max_size=6))
    groups = draw(st.lists(names, unique=True, min_size=1, max_size=3))
    for number, group in enumerate(groups):
        lines += [f" neighbor {group} peer-group", f" neighbor {group} remote-as {65001 + number}"]
        family += [f"  neighbor {group} activate", f"  neighbor {group} route-map {group}-in in"]
        for index, prefix in enumerate(draw(st.lists(addresses, unique=True, min_size=1, max_size=4))):
            rest.append(f"ip prefix-list {group} seq {5 * index + 5} permit {prefix}/32")
        action = draw(st.sampled_from(["permit", "deny"]))
        rest += [f"route-map {group}-in {action} 10"]
        rest += [f" match ip address prefix-list {group}"] if action == "permit" else []
    for index, member in enumerate(members):
        lines.append(f" neighbor {member} peer-group {groups[index % len(groups)]}")
    return objects("\n".join(lines + family + rest) + "\n")


@few
@given(configurations(), st.booleans())
def test_rendering_and_parsing_give_the_same(given_objects: Objects, exits: bool) -> None:
    assert frr.equal(objects(frr.render(given_objects, exits)), given_objects)


@few
@given(configurations())
def test_expanding_to_what_is_live_changes_nothing(live: Objects) -> None:
    assert frr.equal(expand(live, live), live)


@few
@given(configurations(), configurations())
def test_expanding_twice_is_expanding_once(live: Objects, planned: Objects) -> None:
    once = expand(live, planned)
    assert frr.equal(expand(once, planned), once), frr.unified_diff(once, expand(once, planned))


@few
@given(configurations(), configurations())
def test_expanding_loses_no_neighbor(live: Objects, planned: Objects) -> None:
    both = set(frr.neighbors(live[BGP])) | set(frr.neighbors(planned[BGP]))
    assert set(frr.neighbors(expand(live, planned)[BGP])) == both


def accepts(config: Objects, neighbor: str, prefix: str) -> bool:
    """Say as FRR does whether a host route from a neighbor passes (the subset of FRR that these tests use)."""
    lines = config[BGP]
    group = frr.group_of(lines, neighbor)
    bound = [
        text.split()[3]
        for _c, text in lines
        if text.startswith(f"neighbor {group} route-map ") and text.endswith(" in")
    ]
    if not bound:
        return ("", "no bgp ebgp-requires-policy") in lines
    for action, _seq, texts in frr.route_map_entries(config.get(Key("route-map", bound[0]), ())):
        if all(listed(config, text.split()[-1], prefix) for text in texts):
            return action == "permit"
    return False


def listed(config: Objects, name: str, prefix: str) -> bool:
    for _context, text in sorted(config.get(Key("ip prefix-list", name), ()), key=lambda item: int(item[1].split()[1])):
        if text.split()[3] == f"{prefix}/32":
            return text.split()[2] == "permit"
    return False


@few
@given(configurations(), configurations())
def test_lists_and_route_maps_of_one_name_lose_no_route(live: Objects, planned: Objects) -> None:
    united = expand(live, planned)
    prefixes = {
        text.split()[3].split("/")[0]
        for config in (live, planned)
        for key, lines in config.items()
        if key.kind == "ip prefix-list"
        for _context, text in lines
    }
    shared = set(frr.neighbors(live[BGP])) & set(frr.neighbors(planned[BGP]))
    for neighbor in shared:
        for prefix in prefixes:
            either = accepts(live, neighbor, prefix) or accepts(planned, neighbor, prefix)
            # More may pass: a list of one name has the entries of both. test_frr_expand.py asks for the exact union.
            assert accepts(united, neighbor, prefix) or not either


# -- expand -----------------------------------------------------------------------------------------------------------
def test_a_pool_that_moves_is_accepted_at_both_places() -> None:
    moved = objects(OURS.replace("203.0.113.88/29", "198.51.100.0/29"))
    united = expand(objects(OURS), moved)
    assert united[Key("ip prefix-list", "g")] == (
        ("", "seq 5 permit 203.0.113.88/29 ge 32"),
        ("", "seq 10 permit 198.51.100.0/29 ge 32"),
    )


def test_planned_entries_stand_before_a_live_deny() -> None:
    live = objects(OURS.replace("seq 5 permit", "seq 5 deny"))
    assert expand(live, objects(OURS))[Key("ip prefix-list", "g")] == (
        ("", "seq 5 permit 203.0.113.88/29 ge 32"),
        ("", "seq 10 deny 203.0.113.88/29 ge 32"),
    )


def test_taking_over_a_blog_configuration_keeps_its_routes_until_contract() -> None:
    united = expand(objects(BLOG), objects(OURS))
    assert united[Key("route-map", "g-in")] == (
        ("permit 10", ""),
        ("permit 10", "match ip address prefix-list g"),
        ("permit 20", ""),
    )
    lines = {text for _context, text in united[BGP]}
    assert {"neighbor 10.0.0.99 remote-as 65009", "redistribute connected", "no bgp ebgp-requires-policy"} <= lines
    assert "neighbor 10.0.0.11 peer-group g" in lines
    assert "neighbor 10.0.0.11 peer-group NODES" not in lines


def test_changed_session_keys_go_in_with_expand() -> None:
    planned = objects(OURS.replace("hunter2", "hunter3").replace("timers 3 9", "timers 10 30"))
    lines = {text for _context, text in expand(objects(OURS), planned)[BGP]}
    assert {"neighbor g password hunter3", "neighbor g timers 10 30"} <= lines
    assert not {"neighbor g password hunter2", "neighbor g timers 3 9"} & lines


def test_a_password_that_the_plan_drops_goes_with_expand() -> None:
    planned = objects(OURS.replace(" neighbor g password hunter2\n", ""))
    assert not any("password" in text for _context, text in expand(objects(OURS), planned)[BGP])


def test_a_pool_that_goes_stays_until_contract() -> None:
    planned = objects(OURS.replace(" permit 10\n match ip address prefix-list g\n", " deny 10\n").replace(
        "ip prefix-list g seq 5 permit 203.0.113.88/29 ge 32\n", ""))  # fmt: skip
    assert frr.equal(expand(objects(OURS), planned), objects(OURS))


INSTANCE = """router bgp 65000
 bgp router-id 10.0.0.1
 no bgp default ipv4-unicast
 neighbor g peer-group
 neighbor g remote-as external
{0} address-family ipv4 unicast
  neighbor g activate
{1} exit-address-family
exit
"""
MEMBER = " neighbor eth5 interface peer-group g\n"


def instance(own: str = "", family: str = "") -> Objects:
    return objects(INSTANCE.format(own, family))


def changed(live: Objects, planned: Objects) -> set[str]:
    """Return what expanding adds to the plan (+) and leaves out of it (-)."""
    united, wanted = set(expand(live, planned)[BGP]), set(planned[BGP])
    return {f"+ {text}" for _context, text in united - wanted} | {f"- {text}" for _context, text in wanted - united}


@pytest.mark.parametrize(
    ("live", "planned", "expected"),
    [
        pytest.param((MEMBER,), ("",), {"+ neighbor eth5 interface peer-group g"}, id="an unnumbered neighbor stays"),
        pytest.param((MEMBER,), (MEMBER.replace("interface", "interface v6only"),), set(), id="v6only is the plan's"),
        pytest.param((MEMBER + " neighbor h peer-group\n",),
                     (MEMBER.replace(" g", " h") + " neighbor h peer-group\n",), {"+ neighbor eth5 activate"},
                     id="it moves to another group, which the plan has in no family"),
        pytest.param((" neighbor fe80::5 peer-group g\n neighbor fe80::5 interface eth4\n",),
                     (" neighbor fe80::5 peer-group g\n neighbor fe80::5 interface eth5\n",), set(),
                     id="a link-local neighbor's interface is the plan's"),
        pytest.param((" neighbor 10.0.0.9 peer-group g\n neighbor 10.0.0.9 interface eth4\n",),
                     (" neighbor 10.0.0.9 peer-group g\n",), set(), id="an interface that the plan leaves out"),
        pytest.param((" bgp listen range 10.0.0.0/24 peer-group g\n",), ("",),
                     {"+ bgp listen range 10.0.0.0/24 peer-group g"}, id="a listen range stays"),
        pytest.param((" bgp listen range 10.0.0.0/24 peer-group g\n neighbor h peer-group\n",),
                     (" bgp listen range 10.0.0.0/24 peer-group h\n neighbor h peer-group\n",), {"+ neighbor h activate"},
                     id="a listen range has one group, which gets what the old one said"),
        pytest.param((" bgp listen limit 10\n",), (" bgp listen limit 20\n",), set(), id="listen limit"),
        pytest.param((" neighbor g local-as 65001 no-prepend replace-as\n",), (" neighbor g local-as 65002\n",), set(),
                     id="local-as with its words"),
        pytest.param((" neighbor g local-as 65001\n",), ("",), set(), id="a local-as that the plan leaves out"),
        pytest.param((" neighbor g bfd 3 300 300\n",), (" neighbor g bfd\n",), set(), id="bfd with its timers"),
        pytest.param((" neighbor g bfd\n",), ("",), set(), id="bfd that the plan leaves out"),
        pytest.param((" neighbor g capability extended-nexthop\n",), ("",), set(), id="a capability"),
        pytest.param(("", "  network 10.0.0.0/8\n"), ("",), {"+ network 10.0.0.0/8"}, id="a network stays"),
        pytest.param(("", "  network 10.0.0.0/8\n"), ("", "  network 10.0.0.0/8 route-map m\n"), set(),
                     id="a network has one route-map"),
        pytest.param(("", "  redistribute static\n  redistribute kernel\n"),
                     ("", "  redistribute static route-map redistributed\n"), {"+ redistribute kernel"},
                     id="redistribute has one route-map"),
        pytest.param(("", "  neighbor g default-originate\n"), ("",), {"+ neighbor g default-originate"},
                     id="a default route stays"),
        pytest.param(("", "  neighbor g default-originate route-map m\n"), ("", "  neighbor g default-originate\n"),
                     set(), id="default-originate has one route-map"),
        pytest.param(("", "  neighbor g next-hop-self force\n"), ("", "  neighbor g next-hop-self\n"), set(),
                     id="next-hop-self with its words"),
        pytest.param(("", "  neighbor g route-reflector-client\n"), ("",), {"+ neighbor g route-reflector-client"},
                     id="a route reflector client stays"),
    ],
)  # fmt: skip
def test_what_expanding_keeps(live: tuple[str, ...], planned: tuple[str, ...], expected: set[str]) -> None:
    assert changed(instance(*live), instance(*planned)) == expected


def test_both_versions_of_a_community_list_match_each_under_its_own_number() -> None:
    name = "bgp community-list standard c"
    bound = "  neighbor g route-map m in\n", "route-map m permit 10\n match community c\n"
    live, planned = (
        objects(INSTANCE.format("", bound[0]) + f"{name} seq 5 permit {word}\n{bound[1]}") for word in ("1:1", "2:2")
    )
    assert set(expand(live, planned)[Key("bgp community-list standard", "c")]) == {
        ("", "seq 5 permit 1:1"),
        ("", "seq 10 permit 2:2"),
    }


@pytest.mark.parametrize("more", ["", "route-map m deny 20\n match tag 2\n"], ids=["permits only", "with a deny"])
def test_expanding_does_not_mind_the_order_of_a_route_maps_lines(more: str) -> None:
    head = INSTANCE.format("", "  neighbor g route-map m in\n")
    one = objects(f"{head}route-map m permit 10\n match tag 1\n match community c\n{more}")
    other = objects(f"{head}route-map m permit 10\n match community c\n match tag 1\n{more}")
    assert frr.equal(expand(one, other), other)


@pytest.mark.parametrize(
    ("numbered", "number"), [("", 5), ("seq 5", 10), ("seq 7", 12)], ids=["the first", "a multiple of 5", "another one"]
)
def test_an_entry_of_a_prefix_list_that_is_written_without_a_number_has_that_of_frr(numbered: str, number: int) -> None:
    before = f"ip prefix-list p {numbered} permit 10.0.0.0/8\n" if numbered else ""
    (*_before, last) = objects(f"{before}ip prefix-list p permit 10.1.0.0/16\n")[Key("ip prefix-list", "p")]
    assert last == ("", f"seq {number} permit 10.1.0.0/16")


def test_an_unnumbered_neighbor_is_created_before_anything_is_said_of_it() -> None:
    text = frr.render(instance(" neighbor eth5 description a\n neighbor eth5 port 1179\n" + MEMBER))
    order = [text.index(f"neighbor {words}\n") for words in
             ("g peer-group", "g remote-as external", "eth5 interface peer-group g", "eth5 description a")]  # fmt: skip
    assert order == sorted(order)


# -- sessions, references, scope --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("", "", ["10.0.0.11", "10.0.0.12"], id="nothing"),
        pytest.param("/29 ge 32", "/28 ge 32", ["10.0.0.11", "10.0.0.12"], id="a filter changes live"),
        pytest.param("hunter2", "hunter3", [], id="password of the group"),
        pytest.param("router-id 10.0.0.1", "router-id 10.0.0.2", [], id="router-id"),
        pytest.param(" neighbor 10.0.0.12 peer-group g\n", "", ["10.0.0.11"], id="a neighbor goes"),
        pytest.param(
            " neighbor 10.0.0.12 peer-group g\n",
            " neighbor 10.0.0.12 peer-group g\n neighbor 10.0.0.12 shutdown\n",
            ["10.0.0.11"],
            id="one neighbor's own key",
        ),
    ],
)
def test_which_sessions_a_change_leaves_alone(old: str, new: str, expected: list[str]) -> None:
    assert frr.unchanged_neighbors(objects(OURS), objects(OURS.replace(old, new))) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("", "", ["eth5", "eth6", "fe80::9"], id="nothing"),
        pytest.param("eth6 interface peer-group", "eth6 interface v6only peer-group", ["eth5", "fe80::9"], id="v6only"),
        pytest.param("interface eth0", "interface eth1", ["eth5", "eth6"], id="interface of a link-local neighbor"),
        pytest.param("eth6 interface peer-group g", "eth6 interface peer-group h", ["eth5", "fe80::9"], id="group"),
        pytest.param("remote-as external", "remote-as 65001", [], id="AS of the group"),
        pytest.param(
            " neighbor h peer-group\n", " neighbor h peer-group\n neighbor g bfd\n", [], id="BFD of the group"
        ),
    ],
)
def test_which_sessions_over_interfaces_a_change_leaves_alone(old: str, new: str, expected: list[str]) -> None:
    text = INSTANCE.format(
        f" neighbor h peer-group\n{MEMBER}{MEMBER.replace('eth5', 'eth6')}"
        " neighbor fe80::9 peer-group g\n neighbor fe80::9 interface eth0\n",
        "",
    )
    assert frr.neighbors(objects(text)[BGP]) == ["eth5", "eth6", "fe80::9"]
    assert frr.unchanged_neighbors(objects(text), objects(text.replace(old, new))) == expected


def test_what_is_named_and_missing_is_found() -> None:
    text = OURS.replace("ip prefix-list g seq", "ip prefix-list other seq")
    assert frr.undefined(objects(text)) == [(Key("route-map", "g-in"), Key("ip prefix-list", "g"))]
    assert frr.undefined(objects(OURS)) == []


def test_scope_is_the_instance_and_what_only_it_uses() -> None:
    text = BLOG + "ip prefix-list FOREIGN seq 5 permit any\n"
    assert frr.scope(frr.parse(text), frr.parse("router bgp 65000\n")) == {BGP, Key("route-map", "ALLOW-ALL")}
    shared = text.replace("ospf router-id 10.0.0.1", "redistribute static route-map ALLOW-ALL")
    assert frr.scope(frr.parse(shared), frr.parse("router bgp 65000\n")) == {BGP}


# -- splice -----------------------------------------------------------------------------------------------------------
def test_splice_keeps_everything_else_byte_for_byte() -> None:
    candidate = frr.parse(OURS)
    result = frr.splice(BLOG, frr.scope(frr.parse(BLOG), candidate), OURS)
    head = "frr version 8.4\nfrr defaults traditional\nhostname gw\nlog syslog\n!\n"
    assert result == head + OURS + "router ospf\n ospf router-id 10.0.0.1\nexit\n!\n"


def test_splice_into_a_file_without_bgp_appends() -> None:
    assert frr.splice("! by hand\nlog syslog\n", {BGP}, OURS) == "! by hand\nlog syslog\n!\n" + OURS


def test_splicing_twice_changes_nothing() -> None:
    keys = frr.scope(frr.parse(BLOG), frr.parse(OURS))
    once = frr.splice(BLOG, keys, OURS)
    assert frr.splice(once, keys, OURS) == once


@pytest.mark.parametrize(
    ("header", "notation"),
    [
        pytest.param("router bgp 65000", "", id="plain"),
        pytest.param("router bgp 65000 vrf default", "", id="of the default VRF"),
        pytest.param("router bgp 65000 as-notation plain", " as-notation plain", id="notation"),
        pytest.param("router bgp 65000 vrf default as-notation plain", " as-notation plain", id="both"),
    ],
)
def test_the_instance_of_the_default_vrf_is_known_in_each_spelling(header: str, notation: str) -> None:
    read = frr.parse(OURS.replace("router bgp 65000", header))
    assert read.objects == objects(OURS)
    assert read.notation == notation
    assert frr.with_notation("!\n" + OURS, notation).split("\n")[1] == "router bgp 65000" + notation


@pytest.mark.parametrize(
    "header",
    [
        "router bgp 1.10",
        "router bgp 1.10 as-notation dot",
        "router bgp 65000 as-notation dot",
        "router bgp 1.1 vrf default",
    ],
)
def test_an_instance_whose_as_numbers_have_two_parts_is_an_error(header: str) -> None:
    with pytest.raises(EdgeError) as caught:
        frr.parse(OURS.replace("router bgp 65000", header))
    assert str(caught.value) == (
        f"'{header}' writes AS numbers in two parts, so its neighbors cannot be compared with the plan (write it anew as"
        " 'router bgp <AS number> as-notation plain'; FRR closes its sessions for that once)"
    )


def test_an_instance_of_another_vrf_is_not_ours_in_any_notation() -> None:
    assert (
        frr.BGP not in frr.parse("router bgp 1.10 vrf red as-notation dot\n neighbor 10.0.0.9 remote-as 1.9\n").objects
    )


# -- secrets ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(" neighbor g password hunter2", " neighbor g password ********", id="BGP"),
        pytest.param("password zebra", "password ********", id="vty"),
        pytest.param("enable password zebra", "enable password ********", id="enable"),
        pytest.param(" ip ospf message-digest-key 1 md5 abc", " ip ospf message-digest-key 1 md5 ********", id="OSPF"),
        pytest.param("  key-string abc", "  key-string ********", id="key chain"),
        pytest.param(" isis password clear hunter2", " isis password clear ********", id="IS-IS"),
        pytest.param("msdp peer 10.0.0.9 password hunter2", "msdp peer 10.0.0.9 password ********", id="MSDP"),
        pytest.param(" ip rip authentication string hunter2", " ip rip authentication string ********", id="RIP"),
        pytest.param(" ip nhrp authentication hunter2", " ip nhrp authentication ********", id="NHRP"),
        pytest.param(
            " ipv6 ospf6 authentication key-id 1 hash-algo hmac-sha-256 key hunter2",
            " ipv6 ospf6 authentication key-id 1 hash-algo hmac-sha-256 key ********",
            id="OSPFv3",
        ),
        pytest.param(" ip ospf authentication key-chain own", " ip ospf authentication key-chain own", id="a chain"),
        pytest.param("key chain own", "key chain own", id="a key chain"),
        pytest.param("service password-encryption", "service password-encryption", id="a service"),
        pytest.param(" neighbor g description password", " neighbor g description password", id="no secret"),
    ],
)
def test_secrets_are_masked(line: str, expected: str) -> None:
    assert frr.mask(line) == expected


def test_a_difference_shows_that_a_secret_changed_and_not_which() -> None:
    text = frr.unified_diff(objects(OURS), objects(OURS.replace("hunter2", "hunter3")))
    assert "- neighbor g password ********\n" in text
    assert "+ neighbor g password ******** (changed)\n" in text
    assert "hunter" not in text


# -- lines of which the last one holds -----------------------------------------------------------------------------
ONE_OF_A_KIND = (
    "match ip address prefix-list {}",
    "match ip address {}",
    "match ipv6 address prefix-list {}",
    "match community {}",
    "match as-path {}",
    "set local-preference {}",
    "set community 65001:{}",
    "set as-path prepend {}",
    "set ip next-hop 10.0.0.{}",
    "set ipv6 next-hop global fd00::{}",
    "call {}",
)
WRITTEN = st.lists(
    st.tuples(st.integers(0, 2), st.booleans(), st.sampled_from(ONE_OF_A_KIND), st.integers(1, 9)), max_size=12
)


@given(WRITTEN)
def test_the_last_line_of_a_kind_and_the_last_action_of_an_entry_hold(
    lines: list[tuple[int, bool, str, int]],
) -> None:
    """What FRR has after these lines, against a model: a map of entries, each a map of kinds."""
    entries: dict[int, tuple[str, dict[str, str]]] = {}
    text = ""
    for number, permit, kind, value in lines:
        action = "permit" if permit else "deny"
        text += f"route-map M {action} {number + 1}\n {kind.format(value)}\n"
        _action, held = entries.get(number + 1, (action, {}))
        entries[number + 1] = (action, {**held, kind: kind.format(value)})
    found = frr.route_map_entries(objects(text).get(Key("route-map", "M"), ()))
    assert found == [
        (action, number, tuple(sorted(held.values()))) for number, (action, held) in sorted(entries.items())
    ]


def test_lines_of_several_kinds_all_hold() -> None:
    """None of what a person or this collection writes is taken for another one of its kind."""
    lines = [
        "match ip address A", "match ip address prefix-list A", "match ip address prefix-len 32", "match ip next-hop A",
        "match ip next-hop prefix-list A", "match ip route-source A", "match ipv6 address prefix-list A", "match tag 7",
        "set as-path exclude 65009", "set as-path prepend 65000", "set comm-list A delete", "set community 65001:1",
        "set extcommunity rt 65001:1", "set extcommunity soo 65001:1", "set ip next-hop peer-address",
        "set ipv6 next-hop global fd00::1", "set ipv6 next-hop peer-address", "set ipv6 next-hop prefer-global",
        "set large-community 65001:1:1", "set metric 5", "on-match next",
    ]  # fmt: skip
    text = "route-map M permit 10\n" + "".join(f" {line}\n" for line in lines)
    ((_action, _number, held),) = frr.route_map_entries(objects(text)[Key("route-map", "M")])
    assert sorted(held) == sorted(lines)


@pytest.mark.parametrize("kind", ["ip prefix-list", "ipv6 prefix-list", "bgp community-list standard", "access-list"])
def test_the_last_entry_of_a_number_holds_in_a_list(kind: str) -> None:
    text = f"{kind} A seq 5 deny any\n{kind} A seq 10 deny any\n{kind} A seq 5 permit any\n"
    assert objects(text)[Key(kind, "A")] == (("", "seq 5 permit any"), ("", "seq 10 deny any"))
