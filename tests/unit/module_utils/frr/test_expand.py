# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over a hand-written configuration: the expand stage lets pass what either state lets pass, and no more."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import transaction, union
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import BGP, Key, Objects
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.expand import expand
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.state import SessionState
from ansible_collections.hybridnet.cluster_edge.tests.support.drawn import examples
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

FAMILY = "address-family ipv4 unicast"
FAMILY_6 = "address-family ipv6 unicast"


# -- FRR's judgement of a route, in its own order (lib/routemap.c, bgpd/bgp_route.c) -----------------------------------
class Route(NamedTuple):
    """A host route, and the names of the AS-path and access lists that permit it."""

    address: str
    marks: frozenset[str] = frozenset()


def listed(config: Objects, name: str, route: Route) -> bool:
    entries = [text.split() for _c, text in config.get(Key("ip prefix-list", name), ()) if text.startswith("seq ")]
    for words in sorted(entries, key=lambda words: int(words[1])):
        if ipaddress.ip_address(route.address) in ipaddress.ip_network(words[3]):
            return words[2] == "permit"
    return False


def matches(config: Objects, texts: tuple[str, ...], route: Route) -> bool:
    return all(
        listed(config, text.split()[-1], route) if "prefix-list" in text else text.split()[-1] in route.marks
        for text in texts
        if text.startswith("match ")
    )


def permits(config: Objects, name: str, route: Route) -> bool:
    """Say as ``route_map_apply_ext`` does: a route that jumped and then matches nothing is permitted."""
    result, at = False, 0
    for action, number, texts in frr.route_map_entries(config.get(Key("route-map", name), ())):
        if number < at or not matches(config, texts, route):
            continue
        if action == "deny":
            return False
        result = True
        called = [text.split()[1] for text in texts if text.startswith("call ")]
        if called and not permits(config, called[0], route):
            return False
        jumps = [text.split() for text in texts if text.startswith(("on-match ", "continue"))]
        if not jumps:
            return True
        at = int(jumps[0][-1]) if jumps[0][-1].isdigit() else 0
    return result


class Peer(NamedTuple):
    """What an address is for an instance: by itself, by its group, or by neither."""

    own: str
    group: str


def peer(config: Objects, address: str) -> Peer:
    lines = config[BGP]
    if address in frr.neighbors(lines):
        return Peer(address, frr.group_of(lines, address) or "")
    found = [group for network, group in listening(config) if overlaps(address, network)]
    return Peer("", found[0] if found else "")


def listening(config: Objects) -> list[tuple[str, str]]:
    """Return the listen ranges with their groups."""
    lines = [text.split() for _context, text in config[BGP] if text.startswith("bgp listen range ")]
    return [(words[3], words[5]) for words in lines]


def speaks(config: Objects, who: Peer, family: str) -> bool:
    """Return whether the router and a neighbor exchange routes of a family."""
    lines = set(config[BGP])
    if (family, f"no neighbor {who.own} activate") in lines:
        return False
    return any((family, f"neighbor {name} activate") in lines for name in who if name)


def extras(config: Objects, who: Peer, family: str) -> set[str]:
    """Return what a neighbor gets in a family beside filters: what FRR keeps one of is its own, else its group's."""
    if not speaks(config, who, family):
        return set()
    texts = {text for context, text in config[BGP] if context == family}
    return {word for word in EXTRAS for name in who if name and f"neighbor {name} {word}" in texts}


def passes(config: Objects, who: Peer, direction: str, route: Route, family: str = FAMILY) -> bool:
    """Return whether a route passes between the router and a neighbor; nothing does without a session."""
    lines = set(config[BGP])
    whose = [name for name in (who.own, who.group) if name]
    if not speaks(config, who, family):
        return False
    bound: dict[str, str] = {}
    remote = ""
    for name in whose:
        for context, text in config[BGP]:
            words = text.split()
            if context == family and words[:2] == ["neighbor", name] and words[-1] == direction:
                bound.setdefault(words[2], words[3])
            elif not context and words[:3] == ["neighbor", name, "remote-as"]:
                remote = remote or words[3]
    if not bound:
        return ("", "no bgp ebgp-requires-policy") in lines or remote in ("internal", config[BGP][0][1].split()[-1])
    return all(
        {
            "route-map": lambda name: permits(config, name, route),
            "prefix-list": lambda name: listed(config, name, route),
        }.get(kind, lambda name: name in route.marks)(name)
        for kind, name in bound.items()
    )


# -- configurations as people write them, and as the template does ---------------------------------------------------
PEERS = [f"10.0.0.{last}" for last in range(1, 9)]
EVERYBODY = [f"10.0.0.{last}" for last in range(16)]
"""Who may dial in from one of the ranges."""
PREFIXES = ["198.51.100.1", "198.51.100.2", "198.51.100.3"]
ROUTES = [Route(address, frozenset(marks)) for address in PREFIXES for marks in ((), ("D", "F"))]
RANGES = ["10.0.0.0/29", "10.0.0.0/30", "10.0.0.4/30", "10.0.0.2/31", "10.0.0.8/29"]
MATCHES = [
    "match ip address prefix-list H1",
    "match ip address prefix-list H2",
    "match as-path F",
    "match ip address D",
]
BOUND = ["route-map A {}", "route-map B {}", "prefix-list H1 {}", "prefix-list H2 {}", "filter-list F {}",
         "distribute-list D {}", "route-map MISSING {}"]  # fmt: skip
EXTRAS = ["default-originate", "allowas-in", "as-override", "next-hop-self", "send-community extended"]
few = settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@st.composite
def route_maps(draw: st.DrawFn, name: str) -> list[str]:
    lines = []
    numbers = [10, 20, 30]
    for number in numbers[: draw(st.integers(1, 3))]:
        action = draw(st.sampled_from(["permit", "permit", "deny"]))
        lines.append(f"route-map {name} {action} {number}")
        lines += [f" {text}" for text in draw(st.lists(st.sampled_from(MATCHES), max_size=2, unique_by=kind_of_match))]
        if action == "permit" and draw(st.integers(0, 5)) == 0:
            lines.append(
                draw(st.sampled_from([" continue", f" continue {number + 15}", " on-match goto 90", " call C"]))
            )
    return lines


def kind_of_match(text: str) -> str:
    return text.rsplit(" ", 1)[0]


@st.composite
def hand_written(draw: st.DrawFn) -> Objects:
    """A configuration with groups or without, listen ranges, several filters on one neighbor, denies, jumps, iBGP."""
    head = ["router bgp 65000", " no bgp default ipv4-unicast"]
    head += draw(st.sampled_from([[], [" no bgp ebgp-requires-policy"]]))
    family, family_6 = [f" {FAMILY}"], [f" {FAMILY_6}"]
    groups = draw(st.lists(st.sampled_from(["G", "C"]), unique=True))
    members = draw(st.lists(st.sampled_from(PEERS), unique=True, max_size=4))
    for name in groups + members:
        group = draw(st.sampled_from([*groups, ""])) if name in members else ""
        if name in groups:
            head.append(f" neighbor {name} peer-group")
        head.append(
            f" neighbor {name} peer-group {group}"
            if group
            else f" neighbor {name} remote-as {draw(st.sampled_from(['65001', '65000', 'internal', 'external']))}"
        )
        state = draw(st.sampled_from(["", "no "] if group else ["activate"]))
        family += [f"  {state.replace('activate', '')}neighbor {name} activate"] if state else []
        for direction in ("in", "out"):
            chosen = draw(st.lists(st.sampled_from(BOUND), max_size=2, unique_by=lambda text: text.split()[0]))
            family += [f"  neighbor {name} {text.format(direction)}" for text in chosen]
        extra = draw(st.lists(st.sampled_from(EXTRAS), max_size=2, unique=True))
        family += [f"  neighbor {name} {text}" for text in extra]
        if draw(st.integers(0, 2)) == 0:
            family_6.append(f"  {'no ' if group and draw(st.booleans()) else ''}neighbor {name} activate")
            family_6 += [f"  neighbor {name} {text}" for text in extra]
            family_6.append(f"  neighbor {name} filter-list {draw(st.sampled_from(['F', 'F6']))} in")
    for group in groups:
        for network in draw(st.lists(st.sampled_from(RANGES), max_size=1)):
            if not any(overlaps(network, line.split()[3]) for line in head if " listen " in line):
                head.append(f" bgp listen range {network} peer-group {group}")
    rest = [line for name in ("A", "B", "C") for line in draw(route_maps(name)) if name != "C" or "call" not in line]
    for name in ("H1", "H2"):
        for index, prefix in enumerate(draw(st.lists(st.sampled_from(PREFIXES), min_size=1, unique=True))):
            action = draw(st.sampled_from(["permit", "permit", "deny"]))
            rest.append(f"ip prefix-list {name} seq {5 * index + 5} {action} {prefix}/32")
    rest += ["bgp as-path access-list F seq 5 permit ^1$", "access-list D seq 5 permit 198.51.100.0/24"]
    rest.append("bgp as-path access-list F6 seq 5 permit ^6$")
    return frr.parse("\n".join(head + family + family_6 + rest) + "\n").objects


def overlaps(one: str, other: str) -> bool:
    return ipaddress.IPv4Network(one).overlaps(ipaddress.IPv4Network(other))


@st.composite
def plans(draw: st.DrawFn) -> Objects:
    """A configuration as the template writes it: all filters are the groups' route-maps, of permits alone."""
    head = ["router bgp 65000", " bgp ebgp-requires-policy", " no bgp default ipv4-unicast"]
    family, rest = [f" {FAMILY}"], []
    members = draw(st.lists(st.sampled_from(PEERS), unique=True, max_size=4))
    for index, group in enumerate(draw(st.lists(st.sampled_from(["G", "P"]), min_size=1, unique=True))):
        head += [f" neighbor {group} peer-group", f" neighbor {group} remote-as 65001"]
        head += [f" neighbor {member} peer-group {group}" for member in members[index::2]]
        if index == 0 and draw(st.booleans()):
            head.append(f" bgp listen range {draw(st.sampled_from(RANGES))} peer-group {group}")
        family.append(f"  neighbor {group} activate")
        for direction in ("in", "out"):
            name = f"{group}-ipv4-{direction}"
            family.append(f"  neighbor {group} route-map {name} {direction}")
            for at, prefix in enumerate(draw(st.lists(st.sampled_from(PREFIXES), max_size=2, unique=True))):
                rest.append(f"ip prefix-list {name}-{at} seq 5 permit {prefix}/32")
                rest += [f"route-map {name} permit {10 * at + 10}", f" match ip address prefix-list {name}-{at}"]
            if not any(line.startswith(f"route-map {name} ") for line in rest):
                rest.append(f"route-map {name} deny 10")
    return frr.parse("\n".join(head + family + rest) + "\n").objects


def united(live: Objects, planned: Objects) -> Objects:
    try:
        return expand(live, planned)
    except EdgeError as error:
        event("refused")
        # The others must come through.
        assert "no route-map can" in str(error) or f"let pass in {FAMILY_6} what" in str(error)  # noqa: PT017
        assume(False)
        raise


def has_own_map(config: Objects, address: str, direction: str) -> bool:
    return any(
        text.startswith(f"neighbor {address} route-map ") and text.endswith(direction) for _c, text in config[BGP]
    )


@few
@given(hand_written(), plans())
def test_what_passes_is_exactly_the_union(live: Objects, planned: Objects) -> None:
    both = united(live, planned)
    staying = set(frr.neighbors(live[BGP])) - set(frr.neighbors(planned[BGP]))
    users = {name: users_of(name, live, both) for name in frr.Instance(planned[BGP]).subjects}
    for address in EVERYBODY:
        group = peer(both, address).group
        for direction in ("in", "out"):
            for route in ROUTES:
                now, then, before = (passes(one, peer(one, address), direction, route) for one in (both, planned, live))
                if group not in users:
                    assert now == before
                    continue
                wanted = permits(planned, f"{group}-ipv4-{direction}", route) or any(
                    passes(live, other, direction, route)
                    for other in users[group]
                    if other.own not in staying or not has_own_map(live, other.own, direction)
                )
                if address in staying:
                    # It stays in the group until the contract stage, with what is its own.
                    assert before <= now <= (before if has_own_map(live, address, direction) else wanted)
                else:
                    assert now == wanted >= then


def users_of(group: str, live: Objects, both: Objects) -> set[Peer]:
    """Return as what the live instance has those whose routes come over a group: by address, or from a range."""
    named = [address for address in EVERYBODY if peer(both, address).group == group]
    return {peer(live, address) for address in named} | {
        Peer("", old)
        for network, new in listening(both)
        for other, old in listening(live)
        if new == group and overlaps(network, other)
    }


@few
@given(hand_written(), plans())
def test_no_neighbor_loses_what_the_plan_leaves_out(live: Objects, planned: Objects) -> None:
    """A family, a default route and the like stay with each neighbor, whatever group it had and has now."""
    both = united(live, planned)
    routes = [Route(address, frozenset(marks)) for address in PREFIXES for marks in ((), ("F",), ("F6",))]
    for address in EVERYBODY:
        before, now = peer(live, address), peer(both, address)
        assert extras(live, before, FAMILY) <= extras(both, now, FAMILY)
        assert extras(live, before, FAMILY_6) <= extras(both, now, FAMILY_6)
        for route in routes:
            assert passes(live, before, "in", route, FAMILY_6) <= passes(both, now, "in", route, FAMILY_6)


@few
@given(hand_written(), plans())
def test_no_family_of_a_member_is_said_twice(live: Objects, planned: Objects) -> None:
    """FRR shows of a member only where it is otherwise than its group; a target with more would be taken back."""
    lines = set(united(live, planned)[BGP])
    groups = frr.Instance(lines).group_of
    for context, text in lines:
        name = text.split()[-2] if text.endswith(" activate") else ""
        if name in groups:
            active = (context, f"neighbor {groups[name]} activate") in lines
            assert active == text.startswith("no ")


@few
@given(hand_written(), plans())
def test_expanding_a_hand_written_configuration_twice_is_expanding_once(live: Objects, planned: Objects) -> None:
    once = united(live, planned)
    assert frr.equal(expand(once, planned), once), frr.unified_diff(once, expand(once, planned))


@few
@given(hand_written(), plans())
def test_no_two_listen_ranges_overlap_and_no_address_loses_its_listener(live: Objects, planned: Objects) -> None:
    both = united(live, planned)
    networks = [network for network, _group in listening(both)]
    assert not any(overlaps(one, other) for one in networks for other in networks if one != other)
    assert len(set(networks)) == len(networks)
    kept = set(networks) - {network for network, _group in listening(planned)}
    named = set(frr.neighbors(planned[BGP])) - set(frr.neighbors(live[BGP]))
    assert not any(overlaps(address, network) for address in named for network in kept)
    for address in EVERYBODY:
        assert any(peer(both, address)) == (any(peer(live, address)) or any(peer(planned, address)))


WORDS = [
    "",
    "",
    "",
    " continue",
    " continue 30",
    " on-match next",
    " on-match goto 90",
    " call C",
    " call C",
    " call E",
]


@st.composite
def leading_away(draw: st.DrawFn, name: str) -> list[str]:
    """A route-map of which most entries jump, call or deny, and that may end in a deny of all."""
    lines = []
    for number in (10, 20, 30)[: draw(st.integers(1, 3))]:
        action = draw(st.sampled_from(["permit", "permit", "deny"]))
        lines.append(f"route-map {name} {action} {number}")
        lines += [f" {text}" for text in draw(st.lists(st.sampled_from(MATCHES), max_size=1))]
        lines += [text for text in [draw(st.sampled_from(WORDS))] if text and action == "permit"]
    return lines + draw(st.sampled_from([[], [f"route-map {name} deny 40"]]))


@few
@given(st.tuples(*(leading_away(name) for name in ("M", "N", "O"))), st.integers(1, 3), st.booleans())
def test_filters_that_jump_or_call_become_their_union_at_once_and_one_by_one(
    maps: tuple[list[str], ...], count: int, at_once: bool
) -> None:
    text = "ip prefix-list H1 seq 5 permit 198.51.100.1/32\nip prefix-list H2 seq 5 permit 198.51.100.2/32\n"
    text += "route-map C permit 10\n match as-path F\nroute-map E permit 10\n match ip address D\n"
    text += "route-map P permit 10\n match ip address prefix-list P\nip prefix-list P seq 5 permit 198.51.100.9/32\n"
    config = frr.parse(text + "\n".join(line for lines in maps for line in lines) + "\n").objects
    names = ["M", "N", "O"][:count]
    filters = [union.Filter((), tuple(frr.route_map_entries(config[Key("route-map", name)])), name) for name in names]
    planned, own = config[Key("route-map", "P")], ()
    try:
        for step in [filters] if at_once else [[one] for one in filters]:
            own = union.united("P", planned, own, step)
    except EdgeError:
        event("refused")
        assume(False)
    event(f"{count} filters")
    for marks in ((), ("F",), ("D",), ("F", "D")):
        for address in (*PREFIXES, "198.51.100.9"):
            route = Route(address, frozenset(marks))
            expected = any(permits(config, name, route) for name in ("P", *names))
            assert permits({**config, Key("route-map", "P"): own}, "P", route) == expected
    taken = union.Filter((), tuple(frr.route_map_entries(own)), "neighbor G route-map P in")
    assert union.united("P", planned, own, [taken]) == own


# -- one neighbor, taken over into group G ----------------------------------------------------------------------------
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
  neighbor G maximum-prefix 20 90 restart 5
  neighbor G route-map G-ipv4-in in
  neighbor G route-map G-ipv4-out out
 exit-address-family
exit
!
ip prefix-list G-ipv4 seq 5 permit 203.0.113.0/29 ge 32
!
route-map G-ipv4-in permit 10
 match ip address prefix-list G-ipv4
exit
!
route-map G-ipv4-out deny 10
exit
!
"""
LISTENING = PLAN.replace(" neighbor 10.0.0.11 peer-group G\n", " bgp listen range 10.0.0.0/24 peer-group G\n")
LIVE = """router bgp 65000
 bgp router-id 10.0.0.1
 no bgp default ipv4-unicast
 neighbor 10.0.0.11 remote-as 65001
 !
 address-family ipv4 unicast
  neighbor 10.0.0.11 activate
%s exit-address-family
exit
!
"""
DYNAMIC = LIVE.replace(
    " neighbor 10.0.0.11 remote-as 65001\n",
    " neighbor C peer-group\n neighbor C remote-as 65001\n bgp listen range 10.0.0.0/24 peer-group C\n",
).replace("10.0.0.11 activate", "C activate")
K8S = "ip prefix-list K8S seq 5 permit 198.51.100.0/24 ge 32\n!\nroute-map K8S permit 10\n match ip address prefix-list K8S\nexit\n!\n"
JUMPS = "route-map %s permit 10\n match ip address prefix-list %s\n continue 30\nroute-map %s deny 20\nroute-map %s permit 30\n"


def plan_of(live: str, planned: str = PLAN, stage: str = "expand") -> transaction.Plan:
    router = transaction.RouterState("10.3", True, True, True, True, True, live, live, {})
    return transaction.plan(router, planned, stage, "auto")


def route_map(plan: transaction.Plan, name: str = "G-ipv4-in") -> list[str]:
    """Return a route-map of the target, an entry in a line."""
    entries = frr.route_map_entries(plan.target[Key("route-map", name)])
    return ["; ".join([f"{action} {number}", *texts]) for action, number, texts in entries]


def lines_of(plan: transaction.Plan, *words: str) -> list[str]:
    """Return the lines of the target's instance that have one of these words, in its order."""
    return [text for _context, text in plan.target[BGP] if any(word in text for word in words)]


BOTH_WAYS = LIVE % "  neighbor 10.0.0.11 route-map K8S in\n  neighbor 10.0.0.11 route-map K8S out\n" + K8S
VRF = "router bgp 65000 vrf RED\n neighbor 10.9.0.1 remote-as 65009\n !\n address-family ipv4 unicast\n"
VRF += "  neighbor 10.9.0.1 route-map K8S in\n exit-address-family\nexit\n!\n"


@pytest.mark.parametrize(
    ("more", "stays"),
    [
        pytest.param("", set(), id="nobody else uses it"),
        pytest.param("ipv6 prefix-list K8S seq 5 permit 2001:db8::/64 ge 128\n", set(), id="an IPv6 list has its name"),
        pytest.param("interface br0\n description uplink K8S\nexit\n", set(), id="a description has its name"),
        pytest.param(VRF.replace("route-map K8S in", "description K8S"), set(), id="another neighbor's description"),
        pytest.param(VRF.replace("route-map K8S in", "peer-group K8S"), set(), id="another VRF's peer group"),
        pytest.param("vrf K8S\nexit-vrf\n!\n", set(), id="a VRF has its name"),
        pytest.param(VRF, {"ip prefix-list", "route-map"}, id="another VRF's filter, with the list in it"),
        pytest.param("router ospf\n redistribute bgp route-map K8S\nexit\n", {"ip prefix-list", "route-map"}, id="OSPF"),
        pytest.param("route-map X permit 10\n match ip address prefix-list K8S\nexit\n", {"ip prefix-list"},
                     id="another route-map's list"),
        pytest.param("router ospf\n distribute-list prefix K8S in\nexit\n", {"ip prefix-list", "route-map"},
                     id="a line that is not understood"),
    ],
)  # fmt: skip
def test_what_something_else_uses_too_stays_and_still_decides_what_passes(more: str, stays: set[str]) -> None:
    plan = plan_of(BOTH_WAYS + more)
    assert route_map(plan) == [
        "permit 10; match ip address prefix-list G-ipv4",
        "permit 20; match ip address prefix-list K8S",
    ]
    assert route_map(plan, "G-ipv4-out") == ["permit 10; match ip address prefix-list K8S"]
    contracted = plan_of(BOTH_WAYS + more, stage="contract")
    left = frr.parse(contracted.reload_text).objects
    assert {key.kind for key in left if key.name == "K8S" and not key.kind.startswith("ipv6")} == stays
    assert not {key.kind for key in contracted.scope if key.name == "K8S"} & stays


@pytest.mark.parametrize(
    ("live", "planned"),
    [
        pytest.param(DYNAMIC, LISTENING, id="the same range, another group"),
        pytest.param(DYNAMIC.replace("10.0.0.0/24", "10.0.0.0/16"), LISTENING, id="a narrower range"),
        pytest.param(DYNAMIC.replace("10.0.0.0/24", "10.0.0.0/28"), LISTENING, id="a wider range"),
        pytest.param(DYNAMIC, PLAN, id="by name"),
        pytest.param(DYNAMIC.replace(" C", " G"), LISTENING, id="the same group"),
    ],
)
def test_dynamic_neighbors_bring_their_filter_along(live: str, planned: str) -> None:
    name = "G" if " G peer-group" in live else "C"
    plan = plan_of(live % f"  neighbor {name} route-map K8S in\n" + K8S, planned)
    assert route_map(plan) == [
        "permit 10; match ip address prefix-list G-ipv4",
        "permit 20; match ip address prefix-list K8S",
    ]


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param("10.0.0.0/24", [], id="the same"),
        pytest.param("10.0.0.0/25", [], id="widened"),
        pytest.param("10.0.0.0/22", ["10.0.1.0/24", "10.0.2.0/23"], id="narrowed: the rest still listens"),
        pytest.param("10.1.0.0/24", ["10.1.0.0/24"], id="another one"),
        pytest.param("2001:db8::/64", ["2001:db8::/64"], id="of the other version"),
    ],
)
def test_live_listen_ranges_leave_room_for_the_planned_ones(live: str, expected: list[str]) -> None:
    plan = plan_of(DYNAMIC.replace("10.0.0.0/24", live) % "", LISTENING)
    wanted = [f"bgp listen range {network} peer-group C" for network in expected]
    assert lines_of(plan, "listen range") == ["bgp listen range 10.0.0.0/24 peer-group G", *wanted]


@pytest.mark.parametrize("group", ["C", "G"], ids=["of another group", "of the same group"])
@pytest.mark.parametrize(
    ("network", "static", "expected"),
    [
        pytest.param("10.0.0.8/30", "", ["10.0.0.8/31", "10.0.0.10/32"], id="it dials in"),
        pytest.param("10.0.0.11/32", "", [], id="it alone dials in"),
        pytest.param("10.0.0.8/30", " neighbor 10.0.0.11 remote-as 65001\n", ["10.0.0.8/30"], id="it has its name already"),
        pytest.param("10.0.0.12/30", "", ["10.0.0.12/30"], id="it is new, and of no range"),
        pytest.param("2001:db8::/64", "", ["2001:db8::/64"], id="of the other version"),
    ],
)  # fmt: skip
def test_a_live_listen_range_leaves_room_for_a_neighbor_that_gets_a_name(
    group: str, network: str, static: str, expected: list[str]
) -> None:
    live = DYNAMIC.replace("10.0.0.0/24", network).replace(" C", " " + group) % ""
    live = live.replace(" bgp listen range", static + " bgp listen range")
    plan = plan_of(live, PLAN)
    assert lines_of(plan, "listen range") == [f"bgp listen range {one} peer-group {group}" for one in expected]
    assert "neighbor 10.0.0.11 peer-group G" in lines_of(plan, "10.0.0.11")
    assert plan_of(frr.render(plan.target), PLAN).method == "none"


def test_a_group_whose_whole_range_gets_names_elsewhere_keeps_nothing_of_it() -> None:
    other = PLAN.replace(" neighbor 10.0.0.11 peer-group G\n", (
        " neighbor P peer-group\n neighbor P remote-as 65001\n neighbor 10.0.0.11 peer-group P\n"
        " neighbor 10.0.0.12 peer-group G\n"
    ))  # fmt: skip
    live = DYNAMIC.replace("10.0.0.0/24", "10.0.0.11/32").replace(" C", " G") % "  neighbor G route-map K8S in\n" + K8S
    assert route_map(plan_of(live, other)) == ["permit 10; match ip address prefix-list G-ipv4"]


def with_limit(text: str, limit: int | None) -> str:
    """Return an instance with a limit of dynamic neighbors."""
    line = f" bgp listen limit {limit}\n" if limit else ""
    return text.replace(" bgp listen range", line + " bgp listen range", 1)


NO_RANGE = LIVE.replace("10.0.0.11 remote-as", "10.0.0.99 remote-as").replace("10.0.0.11", "10.0.0.99")


@pytest.mark.parametrize(
    ("live", "planned", "expected"),
    [
        pytest.param(with_limit(DYNAMIC, 300), with_limit(LISTENING, 20), 300, id="the live one is higher"),
        pytest.param(with_limit(DYNAMIC, 20), with_limit(LISTENING, 300), 300, id="the planned one is higher"),
        pytest.param(DYNAMIC, with_limit(LISTENING, 20), None, id="FRR's own is higher"),
        pytest.param(with_limit(DYNAMIC, 20), LISTENING, None, id="FRR's own is planned"),
        pytest.param(with_limit(DYNAMIC, 30), with_limit(LISTENING, 20), 30, id="both are lower than FRR's own"),
        pytest.param(NO_RANGE, with_limit(LISTENING, 20), 20, id="nobody dialed in before"),
        pytest.param(with_limit(DYNAMIC, 300), PLAN, 300, id="nobody is planned to"),
        pytest.param(with_limit(DYNAMIC, 20), PLAN, 20, id="nobody is planned to, and the live one is low"),
    ],
)
def test_no_dynamic_neighbor_finds_less_room_than_before_or_than_planned(
    live: str, planned: str, expected: int | None
) -> None:
    wanted = [f"bgp listen limit {expected}"] if expected else []
    plan = plan_of(live % "", planned)
    assert lines_of(plan, "listen limit") == wanted
    contracted = plan_of(frr.render(plan.target), planned, "contract")
    assert lines_of(contracted, "listen limit") == [line[1:] for line in planned.split("\n") if "listen limit" in line]


@pytest.mark.parametrize(
    ("live", "planned", "expected"),
    [
        pytest.param(DYNAMIC.replace("0.0/24", "0.0/16"), LISTENING, ["10.0.0.11", "10.0.9.9"], id="a range becomes narrower"),
        pytest.param(DYNAMIC.replace("0.0/24", "0.0/16"), PLAN, ["10.0.0.11", "10.0.9.9"], id="a neighbor gets a name"),
        pytest.param(DYNAMIC.replace(" C", " G"), with_limit(LISTENING, 20), [], id="the limit alone"),
    ],
)  # fmt: skip
def test_dynamic_sessions_that_a_change_resets_are_told(live: str, planned: str, expected: list[str]) -> None:
    text = live % "" if expected else with_limit(LISTENING, 300)
    group = "C" if " C peer-group" in text else "G"
    up = {name: SessionState(name, "Established", 65001, group, {}, 0) for name in ("10.0.0.11", "10.0.9.9")}
    router = transaction.RouterState("10.3", True, True, True, True, True, text, text, up)
    for stage in ("expand", "contract"):
        plan = transaction.plan(router, planned, stage, "auto")
        assert transaction.closing(router, plan, plan.candidate) == expected


OLD_GROUP = """router bgp 65000
 bgp router-id 10.0.0.1
 no bgp default ipv4-unicast
 neighbor C peer-group
 neighbor C remote-as 65001
 neighbor C password hunter2
 neighbor C description old
 no neighbor C enforce-first-as
 neighbor 10.0.0.11 peer-group C
 !
 address-family ipv4 unicast
  neighbor C activate
  neighbor C default-originate
  neighbor C allowas-in 2
  neighbor C as-override
  neighbor C next-hop-self
  neighbor C send-community both
  neighbor C maximum-prefix 5
  neighbor C route-map K in
 exit-address-family
 address-family ipv6 unicast
  neighbor C activate
  neighbor C maximum-prefix 6
  neighbor C route-map K6 in
 exit-address-family
exit
!
ip prefix-list K seq 5 permit 198.51.100.0/24 ge 32
ipv6 prefix-list K seq 5 permit 2001:db8::/64 ge 128
route-map K permit 10
 match ip address prefix-list K
route-map K6 permit 10
 match ipv6 address prefix-list K
"""
BROUGHT = [
    "no neighbor {0} enforce-first-as", "neighbor {0} default-originate", "neighbor {0} allowas-in 2",
    "neighbor {0} as-override", "neighbor {0} next-hop-self", "neighbor {0} send-community both",
    "neighbor {0} activate", "neighbor {0} maximum-prefix 6", "neighbor {0} route-map K6 in",
]  # fmt: skip
WITHOUT_GROUP = OLD_GROUP.replace(" neighbor C peer-group\n", "").replace(" neighbor 10.0.0.11 peer-group C\n", "")
WITHOUT_GROUP = WITHOUT_GROUP.replace(" C ", " 10.0.0.11 ").replace(" neighbor 10.0.0.11 description old\n", "")
DIALS_IN = OLD_GROUP.replace(" neighbor 10.0.0.11 peer-group C\n", " bgp listen range 10.0.0.0/24 peer-group C\n")


@pytest.mark.parametrize(
    ("live", "planned", "name", "missing"),
    [
        pytest.param(WITHOUT_GROUP, PLAN, "10.0.0.11", set(), id="it was the neighbor's own"),
        pytest.param(OLD_GROUP, PLAN, "10.0.0.11", set(), id="it was the old group's"),
        pytest.param(DIALS_IN, PLAN, "10.0.0.11", set(), id="a dynamic neighbor gets a name"),
        pytest.param(DIALS_IN, LISTENING, "G", set(), id="a dynamic neighbor gets another group"),
        pytest.param(OLD_GROUP.replace("  neighbor C allowas-in 2\n", "  neighbor C allowas-in 2\n  neighbor 10.0.0.11 allowas-in 7\n"),
                     PLAN, "10.0.0.11", {"neighbor {0} allowas-in 2"}, id="the neighbor says otherwise"),
        pytest.param(OLD_GROUP, PLAN.replace("  neighbor G activate\n", "  neighbor G activate\n  neighbor G default-originate\n"),
                     "10.0.0.11", {"neighbor {0} default-originate"}, id="the plan says it"),
        pytest.param(OLD_GROUP.replace(" neighbor 10.0.0.11", " neighbor G peer-group\n neighbor G remote-as 65001\n neighbor 10.0.0.11")
                     .replace("  neighbor C activate\n", "  neighbor G activate\n  neighbor G as-override\n  neighbor C activate\n"),
                     PLAN, "10.0.0.11", {"neighbor {0} as-override", "neighbor {0} activate"}, id="the new group had it too"),
        pytest.param(OLD_GROUP.replace("  neighbor C activate\n  neighbor C maximum-prefix 6",
                                       "  neighbor C activate\n  no neighbor 10.0.0.11 activate\n  neighbor C maximum-prefix 6"),
                     PLAN, "10.0.0.11", {"neighbor {0} activate", "neighbor {0} maximum-prefix 6", "neighbor {0} route-map K6 in"},
                     id="it was silent in a family"),
    ],
)  # fmt: skip
def test_a_neighbor_that_leaves_a_group_brings_along_what_the_plan_leaves_out(
    live: str, planned: str, name: str, missing: set[str]
) -> None:
    plan = plan_of(live, planned)
    here = {text for _context, text in set(plan.target[BGP]) - set(plan.candidate[BGP])}
    expected = {line.format(name) for line in BROUGHT if line not in missing}
    assert {text for text in here if f"neighbor {name} " in text and "allowas-in 7" not in text} == expected
    again = plan_of(frr.render(plan.target), planned)
    assert again.method == "none"
    assert not any(f"neighbor {name} " in text for text in lines_of(plan_of(live, planned, "contract"), *BROUGHT_WORDS))


BROUGHT_WORDS = [line.split("{0} ")[1] for line in BROUGHT if not line.endswith(" activate")]
TWO_RANGES = DIALS_IN.replace(
    "10.0.0.0/24 peer-group C\n", "10.0.0.0/25 peer-group C\n bgp listen range 10.0.0.128/25 peer-group D\n"
)
TWO_RANGES = TWO_RANGES.replace(
    " neighbor C password", " neighbor D peer-group\n neighbor D remote-as 65001\n neighbor C password"
)
TWO_RANGES = TWO_RANGES.replace(
    "  neighbor C route-map K6 in\n", "  neighbor C route-map K6 in\n  neighbor D activate\n%s"
)


def test_dynamic_neighbors_of_two_groups_cannot_bring_two_filters_into_a_family_that_the_plan_lacks() -> None:
    same = plan_of(TWO_RANGES % "  neighbor D route-map K6 in\n", LISTENING)
    assert "neighbor G route-map K6 in" in lines_of(same, "K6")
    with pytest.raises(EdgeError) as error:
        plan_of(TWO_RANGES % "  neighbor D prefix-list K in\n", LISTENING)
    assert str(error.value) == (
        "neighbor C route-map K6 in: until the cluster has changed, neighbor G must let pass in address-family ipv6 unicast"
        " what neighbor C route-map K6 in and neighbor D prefix-list K in let pass, and the plan has no filter there that"
        " could become all of it; nothing was changed (bind one filter to all of them on the router, or plan this family for"
        " the peering, and run again)"
    )


WARNS = "maximum-prefix 2 warning-only"


@pytest.mark.parametrize(
    ("live", "planned", "expected"),
    [
        pytest.param("maximum-prefix 2", "maximum-prefix 20 90 restart 5", "maximum-prefix 20 90 restart 5",
                     id="the planned one is higher"),
        pytest.param("maximum-prefix 50 80", "maximum-prefix 20 90 restart 5", "maximum-prefix 50 80", id="the live one is higher"),
        pytest.param("", "maximum-prefix 20 90 restart 5", "", id="none was there"),
        pytest.param("maximum-prefix 2", "", "", id="none is planned"),
        pytest.param(WARNS, "maximum-prefix 20 90 restart 5", WARNS, id="it only warns"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("whose", ["member", "old group", "group of this name"])
def test_no_limit_is_lower_than_before_or_than_planned(whose: str, live: str, planned: str, expected: str) -> None:
    name = {"member": "10.0.0.11", "old group": "C", "group of this name": "G"}[whose]
    text = LIVE % (f"  neighbor {name} {live}\n" if live else "")
    if whose != "member":
        text = text.replace(
            " neighbor 10.0.0.11 remote-as 65001\n",
            f" neighbor {name} peer-group\n neighbor {name} remote-as 65001\n neighbor 10.0.0.11 peer-group {name}\n",
        ).replace("10.0.0.11 activate", f"{name} activate")
    limit = "  neighbor G maximum-prefix 20 90 restart 5\n"
    plan = plan_of(text, PLAN.replace(limit, f"  neighbor G {planned}\n" if planned else ""))
    shown = [line for line in lines_of(plan, "maximum-prefix") if " C " not in line]
    assert shown == ([f"neighbor G {expected}"] if expected else [])


def test_a_new_neighbor_has_the_planned_limit() -> None:
    plan = plan_of(LIVE.replace("10.0.0.11", "10.0.0.99") % "  neighbor 10.0.0.99 maximum-prefix 2\n")
    assert lines_of(plan, "maximum-prefix") == [
        "neighbor G maximum-prefix 20 90 restart 5",
        "neighbor 10.0.0.99 maximum-prefix 2",
    ]


ANY = "ip prefix-list ANY seq 5 permit 0.0.0.0/0 le 32\n"
A = "ip prefix-list A seq 5 permit 198.51.100.0/24 le 32\n"
FIRST = "permit 10; match ip address prefix-list G-ipv4"


@pytest.mark.parametrize(
    ("filters", "objects", "expected"),
    [
        pytest.param("prefix-list ANY in|filter-list F in|distribute-list D in",
                     ANY + "bgp as-path access-list F seq 5 permit ^1$\naccess-list D seq 5 permit any\n",
                     ["permit 20; match as-path F; match ip address D; match ip address prefix-list ANY"],
                     id="three lists"),
        pytest.param("prefix-list ANY in|route-map M in", ANY + "route-map M permit 10\n match tag 1\n",
                     ["permit 20; match ip address prefix-list ANY; match tag 1"], id="a list beside a route-map"),
        pytest.param("prefix-list ANY in|route-map M in", ANY + A + "route-map M permit 10\n match ip address prefix-list A\n",
                     ["permit 20; match ip address prefix-list ANY; on-match goto 40", "deny 30",
                      "permit 40; match ip address prefix-list A", "deny 50"],
                     id="a list beside a route-map that asks for one"),
        pytest.param("route-map M in", A + JUMPS % ("M", "A", "M", "M"),
                     ["permit 20; match ip address prefix-list A; on-match goto 40", "deny 30", "permit 40"],
                     id="jumps keep their targets"),
        pytest.param("route-map M in", A + "route-map M permit 10\n match ip address prefix-list A\n call N\n"
                     "route-map N permit 10\n match tag 1\n",
                     ["permit 20; call N; match ip address prefix-list A"], id="a call"),
        pytest.param("route-map M in", A + "route-map M deny 10\n match ip address prefix-list A\nroute-map M permit 20\n",
                     ["deny 20; match ip address prefix-list A", "permit 30"], id="a deny"),
        pytest.param("route-map MISSING in", "", [], id="a route-map that does not exist denies everything"),
        pytest.param("", "", [], id="eBGP without a filter"),
    ],
)  # fmt: skip
def test_the_filter_of_one_neighbor(filters: str, objects: str, expected: list[str]) -> None:
    bound = "".join(f"  neighbor 10.0.0.11 {text}\n" for text in filters.split("|") if text)
    assert route_map(plan_of(LIVE % bound + objects)) == [FIRST, *expected]


@pytest.mark.parametrize("remote", ["65000", "internal", "auto"])
def test_an_ibgp_neighbor_without_a_filter_keeps_all_its_routes(remote: str) -> None:
    plan = plan_of((LIVE % "").replace("remote-as 65001", f"remote-as {remote}"), PLAN.replace("65001", "65000"))
    assert route_map(plan) == [FIRST, "permit 20"]
    assert route_map(plan, "G-ipv4-out") == ["permit 10"]


TWO = (LIVE % "  neighbor 10.0.0.12 activate\n  neighbor 10.0.0.11 route-map %s in\n  neighbor 10.0.0.12 route-map %s in\n").replace(
    " !\n address", " neighbor 10.0.0.12 remote-as 65001\n !\n address", 1
)  # fmt: skip
PLAN_OF_TWO = PLAN.replace(" !\n address", " neighbor 10.0.0.12 peer-group G\n !\n address", 1)
CALLS = "route-map %s permit 10\n match tag %s\n call COMMON\n"
COMMON = "route-map COMMON deny 10\n match tag 3\nroute-map COMMON permit 20\n"
ENDS = "route-map %s permit 10\n match tag %s\n on-match next\nroute-map %s permit 20\n match tag %s\nroute-map %s deny 30\n"
DENIES = "route-map %s deny 10\n match tag %s\nroute-map %s permit 20\n match tag 9\n"


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param(A + "route-map M deny 10\n match ip address prefix-list A\nroute-map M permit 20\n"
                     "route-map N permit 10\n match ip address prefix-list A\n",
                     ["permit 20; match ip address prefix-list A", "deny 30; match ip address prefix-list A", "permit 40"],
                     id="the one that denies stands last"),
        pytest.param(DENIES % ("M", 1, "M") + DENIES % ("N", 2, "N"),
                     ["permit 20; match tag 1; on-match goto 40", "permit 30; match tag 9", "deny 40; match tag 2",
                      "permit 50; match tag 9", "deny 60"], id="what the first denies goes on to the second"),
        pytest.param(CALLS % ("M", 1) + CALLS % ("N", 2) + COMMON,
                     ["permit 20; call COMMON; match tag 1", "permit 30; call COMMON; match tag 2"], id="both call one route-map"),
        pytest.param(CALLS % ("M", 1) + CALLS % ("N", 2) + "route-map N permit 20\n match tag 9\n" + COMMON,
                     ["permit 20; call COMMON; match tag 2", "permit 30; match tag 9", "permit 40; call COMMON; match tag 1"],
                     id="both call one route-map, and one has an entry that does not"),
        pytest.param(ENDS % ("M", 1, "M", 2, "M") + ENDS % ("N", 3, "N", 4, "N"),
                     ["permit 20; match tag 1; on-match next", "permit 30; match tag 2", "permit 40; on-match goto 50",
                      "permit 50; match tag 3; on-match next", "permit 60; match tag 4", "deny 70"],
                     id="both jump, and deny at their ends"),
    ],
)  # fmt: skip
def test_the_filters_of_two_members_of_one_group(objects: str, expected: list[str]) -> None:
    assert route_map(plan_of(TWO % ("M", "N") + objects, PLAN_OF_TWO)) == [FIRST, *expected]


NO_UNION = (
    "neighbor 10.0.0.{0} route-map {1} in: until the cluster has changed, route-map G-ipv4-in must let pass what {2} let"
    " pass, and no route-map can: more than one filter decides there, and this one has 'on-match', 'continue' or"
    " 'call'; nothing was changed (write this route-map on the router without those words, or bind one filter alone, and"
    " run again)"
)
BOTH = "neighbor 10.0.0.{0} route-map {1} in and neighbor 10.0.0.{2} route-map {3} in"


GIVEN = "ip prefix-list G-ipv4 seq 5 permit 10.0.0.0/8 le 32\n"
WIDENED = (LIVE % "").replace(" exit-a", "  neighbor %s route-map %s in\n exit-a") + GIVEN
BY_LIST = "route-map %s deny 10\n match ip address prefix-list G-ipv4\nroute-map %s permit 20\n"
BY_LIST_REFUSED = (
    "route-map %s: its entry 'deny 10' decides by ip prefix-list G-ipv4, a list that the plan fills otherwise under the same"
    " name, so routes that pass today would be denied until the cluster has changed; nothing was changed (give the list on the"
    " router another name, or the peering another one (names.peer_group), and run again)"
)


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param(TWO % ("M", "N") + A + JUMPS % ("M", "A", "M", "M") + JUMPS.replace("30", "40") % ("N", "A", "N", "N"),
                     NO_UNION.format(11, "M", BOTH.format(12, "N", 11, "M")), id="two that jump"),
        pytest.param(TWO % ("M", "N") + A + JUMPS % ("M", "A", "M", "M") + DENIES % ("N", 2, "N"),
                     NO_UNION.format(11, "M", BOTH.format(12, "N", 11, "M")), id="one that jumps and one that denies"),
        pytest.param(LIVE % "  neighbor 10.0.0.11 route-map M in\n  neighbor 10.0.0.11 prefix-list A in\n" + A
                     + JUMPS % ("M", "A", "M", "M"),
                     NO_UNION.format(11, "M", "neighbor 10.0.0.11 route-map M in"), id="one that jumps, and a list beside it"),
        pytest.param(LIVE % "  neighbor 10.0.0.11 route-map M in\n" + "ip prefix-list G-ipv4 seq 5 permit 10.0.0.0/8 le 32\n"
                     "route-map M deny 10\n match ip address prefix-list G-ipv4\nroute-map M permit 20\n",
                     "neighbor 10.0.0.11 route-map M in: its entry 'deny 10' decides by ip prefix-list G-ipv4, a list that the"
                     " plan fills otherwise under the same name, so routes that pass today would be denied until the cluster"
                     " has changed; nothing was changed (give the list on the router another name, or the peering another"
                     " one (names.peer_group), and run again)", id="it denies by a list of a planned name"),
        pytest.param(WIDENED % ("10.0.0.77", "M") + BY_LIST % ("M", "M"), BY_LIST_REFUSED % "M",
                     id="a neighbor that is not planned denies by such a list"),
        pytest.param(WIDENED % ("10.0.0.11", "M") + "route-map M permit 10\n call N\n" + BY_LIST % ("N", "N"), BY_LIST_REFUSED % "N",
                     id="a route-map that it calls denies by such a list"),
        pytest.param((LIVE % "  redistribute static route-map M\n") + GIVEN + BY_LIST % ("M", "M"), BY_LIST_REFUSED % "M",
                     id="redistributed routes are denied by such a list"),
    ],
)  # fmt: skip
def test_where_no_filter_is_the_union_nothing_changes(live: str, expected: str) -> None:
    with pytest.raises(EdgeError) as error:
        plan_of(live, PLAN_OF_TWO if "10.0.0.12" in live else PLAN)
    assert str(error.value) == expected
    assert plan_of(live, stage="contract").method == "reload"


GATED = A + "route-map M permit 10\n match ip address prefix-list ANY\n" + ANY
TWO_FILTERS = (TWO % ("M", "N")).replace(
    "  neighbor 10.0.0.11 route", "  neighbor 10.0.0.11 prefix-list A in\n  neighbor 10.0.0.11 route"
)


def test_a_neighbor_that_jumps_may_come_after_a_change_that_made_jumps() -> None:
    text = TWO_FILTERS + GATED + ENDS % ("N", 1, "N", 2, "N")
    first = plan_of(text)
    assert any("on-match goto" in entry for entry in route_map(first))
    both = route_map(plan_of(frr.render(first.target), PLAN_OF_TWO))
    assert [entry for entry in both if "tag" in entry] == [
        "permit 60; match tag 1; on-match next",
        "permit 70; match tag 2",
    ]


def test_where_an_earlier_change_made_the_jumps_the_way_out_is_to_finish_it() -> None:
    first = plan_of(TWO_FILTERS + GATED + JUMPS % ("N", "A", "N", "N"))
    with pytest.raises(EdgeError) as error:
        plan_of(frr.render(first.target), PLAN_OF_TWO)
    assert str(error.value).split(" (", 1)[1] == (
        "where an earlier change made route-map G-ipv4-in so, finish that one first, without the neighbors planned since"
        " (site.yml --tags router,contract), and run again; else write this route-map on the router without those words, or"
        " bind one filter alone, and run again)"
    )


@pytest.mark.parametrize(
    "state",
    [
        pytest.param("no neighbor 10.0.0.11 activate", id="it was silent there"),
        pytest.param("neighbor 10.0.0.11 activate", id="FRR shows no line that the group has"),
    ],
)
@pytest.mark.parametrize("in_a_group", [True, False])
def test_a_member_speaks_the_families_of_its_group(in_a_group: bool, state: str) -> None:
    live = LIVE.replace("  neighbor 10.0.0.11 activate\n", f"  {state}\n") % ""
    if in_a_group:
        live = live.replace("  neighbor", "  neighbor G activate\n  neighbor", 1).replace(
            " neighbor 10.0.0.11 remote-as 65001\n",
            " neighbor G peer-group\n neighbor G remote-as 65001\n neighbor 10.0.0.11 peer-group G\n",
        )
    assert lines_of(plan_of(live), "activate") == ["neighbor G activate"]


@pytest.mark.parametrize(
    ("group", "member", "expected"),
    [("  neighbor G activate\n", "", ["G"]), ("", "", ["10.0.0.11"]), ("  neighbor G activate\n", "no ", ["G", "no"]), ("", "no ", [])],
    ids=["both speak it", "the member alone", "the group alone", "neither"],
)  # fmt: skip
def test_a_family_that_the_plan_lacks_is_said_once(group: str, member: str, expected: list[str]) -> None:
    head = " neighbor C peer-group\n neighbor C remote-as 65001\n neighbor 10.0.0.11 peer-group C\n"
    head += " neighbor G peer-group\n neighbor G remote-as 65001\n"
    live = (LIVE % "").replace(" neighbor 10.0.0.11 remote-as 65001\n", head)
    family = f" {FAMILY_6}\n{group}  {member}neighbor 10.0.0.11 activate\n exit-address-family\n"
    live = live.replace(" exit-address-family\n", " exit-address-family\n" + family)
    plan = plan_of(live)
    said = [text for context, text in plan.target[BGP] if context == FAMILY_6]
    names = {
        "G": "neighbor G activate",
        "no": "no neighbor 10.0.0.11 activate",
        "10.0.0.11": "neighbor 10.0.0.11 activate",
    }
    assert said == [names[name] for name in expected]


def test_a_list_of_a_group_stays_with_a_neighbor_that_has_its_own_route_map() -> None:
    live = LIVE % "  neighbor G prefix-list A in\n  neighbor 10.0.0.12 route-map M in\n"
    live = live.replace(
        " neighbor 10.0.0.11 remote-as 65001\n",
        " neighbor G peer-group\n neighbor G remote-as 65001\n neighbor 10.0.0.12 peer-group G\n",
    ).replace("10.0.0.11 activate", "G activate")
    plan = plan_of(live + A + "route-map M permit 10\n")
    assert lines_of(plan, " in") == [
        "neighbor G route-map G-ipv4-in in",
        "neighbor 10.0.0.12 prefix-list A in",
        "neighbor 10.0.0.12 route-map M in",
    ]
    assert route_map(plan) == [FIRST]
