# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module frr_info: which commands it runs, and what it makes of their answers; and how verify reads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.modules.frr_info import (
    TOGETHER,
    CommandError,
    NoAnswerError,
    interfaces,
    parse,
    read,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.observed import (
    AttributesSeen,
    BestRouteSeen,
    CountersSeen,
    NeighborSeen,
    PathSeen,
    RouteSeen,
    read_router,
)

# Recorded from FRR 10.3 (cut): a session that went down while its speaker restarts gracefully; default-originate, which passes
# by the outbound route-map and does not show among advertised routes; an IPv6 path over a link-local next hop.
ANSWERS: dict[str, dict[str, Any]] = {
    "show bgp summary json": {
        "ipv4Unicast": {
            "routerId": "10.121.0.1",
            "as": 65000,
            "peers": {
                "10.121.0.11": {"remoteAs": 65001, "pfxRcd": 1, "pfxSnt": 1, "state": "Established", "peerState": "OK"},
                "10.121.0.12": {"remoteAs": 65001, "pfxRcd": 1, "state": "Idle", "peerState": "NSF passive"},
            },
        },
        "ipv6Unicast": {"as": 65000, "peers": {"fd00:121::11": {"state": "Established", "peerState": "OK"}}},
    },
    "show bgp neighbors json": {
        "10.121.0.11": {
            "remoteAs": 65001,
            "bgpState": "Established",
            "bgpTimerHoldTimeMsecs": 30000,
            "bgpTimerKeepAliveIntervalMsecs": 10000,
            "neighborCapabilities": {"multiprotocolExtensions": {"ipv4Unicast": {"advertisedAndReceived": True}}},
            "addressFamilyInfo": {"ipv4Unicast": {"defaultSent": True, "sentPrefixCounter": 1}},
            "lastReset": "never",
        },
        "10.121.0.12": {
            "remoteAs": 65001,
            "bgpState": "Idle",
            "bgpTimerHoldTimeMsecs": 30000,
            "bgpTimerKeepAliveIntervalMsecs": 10000,
            "addressFamilyInfo": {"ipv4Unicast": {"acceptedPrefixCounter": 1}},
            "lastResetDueTo": "NSF peer closed the session",
            "authenticationEnabled": 1,
            "connectionsDropped": 2,
            "prefixStats": {"inboundFiltered": 3},
        },
    },
    "show bgp ipv4 unicast json": {
        "routes": {
            "203.0.113.93/32": [
                {
                    "stale": True,
                    "valid": True,
                    "bestpath": True,
                    "multipath": True,
                    "pathFrom": "external",
                    "peerId": "10.121.0.12",
                    "path": "65001",
                    "nexthops": [{"ip": "10.121.0.12", "used": True}],
                },
                {
                    "valid": True,
                    "multipath": True,
                    "pathFrom": "external",
                    "peerId": "10.121.0.11",
                    "path": "65001",
                    "nexthops": [{"ip": "10.121.0.11", "used": True}],
                },
            ]
        },
        "totalRoutes": 1,
    },
    "show bgp ipv6 unicast json": {
        "routes": {
            "2001:db8::93/128": [
                {
                    "valid": True,
                    "bestpath": True,
                    "peerId": "fd00:121::11",
                    "nexthops": [
                        {"ip": "fd00:121::11", "scope": "global"},
                        {"ip": "fe80::d0ad:5bff:fe88:2b91", "scope": "link-local", "used": True},
                    ],
                }
            ]
        }
    },
    "show ip route bgp json": {
        "203.0.113.93/32": [
            {
                "protocol": "bgp",
                "selected": True,
                "destSelected": True,
                "installed": True,
                "nexthops": [
                    {"flags": 3, "fib": True, "ip": "10.121.0.11", "active": True},
                    {"flags": 3, "fib": True, "ip": "10.121.0.12", "active": True},
                ],
            }
        ]
    },
    "show ipv6 route bgp json": {},
    "show bgp ipv4 unicast neighbors 10.121.0.11 advertised-routes json": {"advertisedRoutes": {}},
}


def answering(answer: Callable[[str], str]) -> Callable[[Sequence[str]], tuple[int, str, str]]:
    """Return a vtysh that prints its answers one after the other, and ends at a command that it does not take."""

    def run(commands: Sequence[str]) -> tuple[int, str, str]:
        said = []
        for command in commands:
            said.append(answer(command))
            if said[-1].startswith("%"):
                return 1, "\n".join(said), ""
        return 0, "\n".join(said), ""

    return run


recorded = answering(lambda command: json.dumps(ANSWERS[command], indent=2))


def test_one_round_runs_each_command_once_and_asks_for_announced_routes_where_there_are_any() -> None:
    started: list[Sequence[str]] = []

    def run(commands: Sequence[str]) -> tuple[int, str, str]:
        started.append(commands)
        return recorded(commands)

    result = read(run, "")
    assert sorted(command for commands in started for command in commands) == sorted(ANSWERS)
    assert len(started) == 2, "what is known before is asked by one vtysh, what follows from it by another"
    assert result["advertised"] == {"ipv4": {"10.121.0.11": {"advertisedRoutes": {}}}, "ipv6": {}}


def test_commands_that_take_long_together_are_asked_one_by_one() -> None:
    def run(commands: Sequence[str]) -> tuple[int, str, str]:
        if len(commands) > 1:
            raise NoAnswerError(commands[0])
        return recorded(commands)

    assert read(run, "") == read(recorded, "")


def test_a_command_that_is_never_answered_is_named() -> None:
    def run(commands: Sequence[str]) -> tuple[int, str, str]:
        if "show ip route bgp json" in commands:
            raise NoAnswerError(commands[0])
        return recorded(commands)

    with pytest.raises(NoAnswerError, match="show ip route bgp json"):
        read(run, "")


def test_many_neighbors_are_asked_for_by_few_calls_of_a_limited_length() -> None:
    sending = {"addressFamilyInfo": {"ipv4Unicast": {"sentPrefixCounter": 1}}}
    neighbors = {f"10.121.{high}.{low}": sending for high in range(5) for low in range(1, 101)}
    started: list[Sequence[str]] = []

    def run(commands: Sequence[str]) -> tuple[int, str, str]:
        started.append(commands)
        return answering(lambda command: json.dumps(neighbors if "show bgp neighbors" in command else {command: {}}))(
            commands
        )

    sent = read(run, "")["advertised"]["ipv4"]
    assert all(f" {address} " in next(iter(sent[address])) for address in neighbors), (
        "each has the answer to its own command"
    )
    assert len(started) == 1 + 500 / TOGETHER
    assert max(map(len, started)) == TOGETHER


OF_65001 = AttributesSeen(as_path=("65001",))


def test_router_as_verify_reads_it() -> None:
    seen = read_router(read(recorded, ""))
    assert seen.asn == 65000
    assert seen.runs_bgp
    assert seen.neighbors["10.121.0.12"] == NeighborSeen(
        address="10.121.0.12",
        remote_as=65001,
        transport="10.121.0.12",
        state="Idle",
        peer_state="NSF passive",
        without_policy=frozenset(),
        hold=30,
        keepalive=10,
        shut_down=False,
        has_password=True,
        families=frozenset(),
        sent={"ipv4": 0, "ipv6": 0},
        default_sent=frozenset(),
        reason="NSF peer closed the session",
        route_maps={"ipv4": (None, None), "ipv6": (None, None)},
        restart=None,
        restart_granted=True,
        restart_ends=frozenset(),
        bfd=None,
        counters=CountersSeen(dropped=2, up=0, discarded={"inboundFiltered": 3}),
    )
    assert seen.neighbors["10.121.0.11"].default_sent == {"ipv4"}
    assert seen.paths["ipv4"]["203.0.113.93/32"] == (
        PathSeen("10.121.0.12", True, stale=True, used=True, next_hops=frozenset({"10.121.0.12"}), attributes=OF_65001),
        PathSeen(
            "10.121.0.11", True, stale=False, used=True, next_hops=frozenset({"10.121.0.11"}), attributes=OF_65001
        ),
    )
    assert seen.as_paths["ipv4"] == {"203.0.113.93/32": {("65001",)}}
    assert seen.paths["ipv6"]["2001:db8::93/128"] == (
        PathSeen(
            "fd00:121::11", True, False, used=True, next_hops=frozenset({"fd00:121::11", "fe80::d0ad:5bff:fe88:2b91"})
        ),
    )
    gateways = frozenset({"10.121.0.11", "10.121.0.12"})
    assert seen.routes == {"ipv4": {"203.0.113.93/32": RouteSeen(True, gateways, gateways)}, "ipv6": {}}


# Recorded (cut): one path with communities set by its neighbor and by the import, as each version shows it in detail.
DETAILED: dict[str, Any] = {
    "aspath": {"string": "65001"},
    "metric": 33,
    "locPrf": 250,
    "valid": True,
    "community": {"string": "65000:77 65001:100 no-advertise", "list": ["65000:77", "65001:100", "noAdvertise"]},
    "largeCommunity": {"string": "65000:1:2", "list": ["65000:1:2"]},
    "peer": {"peerId": "10.121.0.11", "routerId": "10.9.0.2", "type": "external"},
}
SHORT = {
    "valid": True,
    "bestpath": True,
    "path": "65001",
    "metric": 33,
    "locPrf": 250,
    "peerId": "10.121.0.11",
    "nexthops": [],
}
PREFIX = "203.0.113.93/32"
DETAIL = "show bgp ipv4 unicast json detail"
SENT = "show bgp ipv4 unicast neighbors 10.121.0.11 advertised-routes json"
SENT_DETAIL = "show bgp ipv4 unicast neighbors 10.121.0.11 advertised-routes detail json"
SENT_ROUTE = {"metric": 44, "locPrf": 250, "path": "65000 65001"}
OWN_ROUTE = {"metric": 44, "locPrf": 250, "path": ""}
SENT_DETAILED = {
    "metric": 44,
    "locPrf": 250,
    "community": {"string": "65000:99 no-export"},
    "aspath": {"string": "65000 65001", "length": 2},
}
OWN_DETAILED = {**SENT_DETAILED, "aspath": {"string": "Local", "segments": [], "length": 0}}
SENT_ROUTES = {"192.0.2.0/24": SENT_ROUTE, "192.0.2.128/25": OWN_ROUTE}
OF_VERSIONS = {
    "7.5": {
        f"show bgp ipv4 unicast {PREFIX} json": {"prefix": PREFIX, "paths": [DETAILED]},
        SENT: {"advertisedRoutes": SENT_ROUTES},
    },
    "8.4": {
        DETAIL: {"routes": {PREFIX: [{"prefix": PREFIX, "version": 2}, DETAILED]}},
        SENT: {"advertisedRoutes": SENT_ROUTES},
    },
    "10.3 and 10.7": {
        DETAIL: {"routes": {PREFIX: {"prefix": PREFIX, "version": 2, "paths": [DETAILED]}}},
        SENT_DETAIL: {
            "advertisedRoutes": {
                "192.0.2.0/24": {"paths": [SENT_DETAILED]},
                "192.0.2.128/25": {"paths": [OWN_DETAILED]},
            }
        },
    },
}


@pytest.mark.parametrize("version", OF_VERSIONS)
def test_attributes_of_routes_as_each_version_shows_them(version: str) -> None:
    known = {**OF_VERSIONS[version], "show bgp ipv4 unicast json": {"routes": {PREFIX: [SHORT]}}}
    known["show bgp neighbors json"] = {"10.121.0.11": {"addressFamilyInfo": {"ipv4Unicast": {"sentPrefixCounter": 1}}}}

    def answer(command: str) -> str:
        if command not in known and "detail" in command:
            return f"% Unknown command: {command}\n"
        return json.dumps(known.get(command, {}))

    seen = read_router(read(answering(answer), "", communities=True))
    (path,) = seen.paths["ipv4"][PREFIX]
    communities = frozenset({"65000:77", "65001:100", "no-advertise", "65000:1:2"})
    assert path.attributes == AttributesSeen(communities, 250, 33, ("65001",))
    sent = frozenset({"65000:99", "no-export"}) if version.startswith("10") else None
    assert seen.announced_with["10.121.0.11", "ipv4"] == {
        "192.0.2.0/24": AttributesSeen(sent, 250, 44, ("65000", "65001")),
        "192.0.2.128/25": AttributesSeen(sent, 250, 44, ()),
    }


@pytest.mark.parametrize("key", ["gracefulRestartRemoteTimerMsecs", "gracefulRestartRemoteTimerSec"])
@pytest.mark.parametrize(
    ("capability", "restart", "granted", "ends"),
    [
        ("advertisedAndReceived", 15, True, {"router", "neighbor"}),
        ("received", 15, False, {"neighbor"}),
        ("advertised", 0, True, {"router"}),
        (None, 0, True, set()),
    ],
)
def test_graceful_restart_as_each_version_shows_it(
    key: str, capability: str | None, restart: int, granted: bool, ends: set[str]
) -> None:
    timers = {"configuredRestartTimer": 120, "receivedRestartTimer": 15 if restart else 0}
    capabilities = {key: 15000, **({"gracefulRestart": capability} if capability else {})}
    neighbor = {"neighborCapabilities": capabilities, "gracefulRestartInfo": {"timers": timers}}
    seen = read_router({"neighbors": {"10.121.0.11": neighbor}}).neighbors["10.121.0.11"]
    assert (seen.restart, seen.restart_granted, seen.restart_ends) == (restart, granted, ends)


@pytest.mark.parametrize(
    ("shown", "state"),
    [
        ({}, None),
        (
            {"peerBfdInfo": {"type": "single hop", "detectMultiplier": 3, "status": "Up", "lastUpdate": "0:00:00:07"}},
            "Up",
        ),
        (
            {"peerBfdInfo": {"type": "single hop", "detectMultiplier": 3, "status": "Unknown", "lastUpdate": "never"}},
            "Unknown",
        ),
        ({"peerBfdInfo": {"detectMultiplier": 3}}, None),
    ],
)
def test_bfd_as_frr_shows_it(shown: dict[str, Any], state: str | None) -> None:
    assert read_router({"neighbors": {"10.121.0.11": shown}}).neighbors["10.121.0.11"].bfd == state


def test_router_without_bgp() -> None:
    warning = '{"warning":"Default BGP instance not found"}'
    seen = read_router(read(answering(lambda command: warning if command.startswith("show bgp ipv") else "{}"), ""))
    assert not seen.runs_bgp
    assert seen.paths == {"ipv4": {}, "ipv6": {}}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("% Unknown command: it", ": % Unknown command: it"),
        ("a word", " answered 'a word' instead of JSON"),
        ("a word {}", " answered 'a word {}' instead of JSON"),
        ("{} {}", " answered '{} {}' instead of JSON"),
        ("", " answered 'nothing' instead of JSON"),
    ],
    ids=["unknown", "no JSON", "a word before JSON", "twice", "empty"],
)
def test_command_among_others_that_gives_no_json_is_named(said: str, reason: str) -> None:
    with pytest.raises(CommandError) as caught:
        read(answering(lambda command: said if command == "show bgp neighbors json" else "{}"), "")
    assert str(caught.value) == "vtysh -c 'show bgp neighbors json'" + reason


@pytest.mark.parametrize(
    ("rc", "stdout", "stderr", "expected"),
    [
        (1, "", "bgpd is not running\n", "vtysh -c 'show bgp summary json': bgpd is not running"),
        (1, "", "", "vtysh -c 'show bgp summary json': vtysh ended with 1"),
        (
            0,
            "% Unknown command:\n show bgp summary json\n",
            "",
            "vtysh -c 'show bgp summary json' answered '% Unknown command: show bgp summary json' instead of JSON",
        ),
        (0, "", "", "vtysh -c 'show bgp summary json' answered 'nothing' instead of JSON"),
    ],
    ids=["no daemon", "silent", "old FRR", "empty"],
)
def test_command_that_gives_no_json(rc: int, stdout: str, stderr: str, expected: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse("show bgp summary json", rc, stdout, stderr)
    assert str(caught.value) == expected


# Recorded from iproute2 6.15 (cut): a VLAN, a macvlan over it as of a virtual router, an interface that was not asked for.
ADDRESSES = [
    {"ifname": "lo", "addr_info": [{"local": "127.0.0.1", "prefixlen": 8}, {"local": "::1", "prefixlen": 128}]},
    {"ifname": "eth0.5", "link": "eth0", "linkinfo": {"info_kind": "vlan"}, "addr_info": [
        {"family": "inet", "local": "10.121.0.1", "prefixlen": 24}, {"family": "inet6", "local": "fe80::1", "prefixlen": 64},
    ]},
    {"ifname": "vrrp4", "link": "eth0.5", "linkinfo": {"info_kind": "macvlan"}, "addr_info": [
        {"family": "inet", "local": "10.121.0.254", "prefixlen": 24},
    ]},
    {},
    {"ifname": "wg0", "addr_info": []},
]  # fmt: skip


def test_interfaces() -> None:
    assert interfaces(json.dumps(ADDRESSES)) == [
        {"name": "lo", "addresses": ["127.0.0.1/8", "::1/128"], "over": None},
        {"name": "eth0.5", "addresses": ["10.121.0.1/24", "fe80::1/64"], "over": None},
        {"name": "vrrp4", "addresses": ["10.121.0.254/24"], "over": "eth0.5"},
        {"name": "wg0", "addresses": [], "over": None},
    ]


@pytest.mark.parametrize("answer", ["", 'Object "address" is unknown'])
def test_interfaces_that_cannot_be_read_are_none(answer: str) -> None:
    assert interfaces(answer) == []


def test_legs() -> None:
    seen = read_router({"interfaces": interfaces(json.dumps(ADDRESSES))})
    assert seen.legs(["10.121.0.1"], "10.121.0.11") == {"eth0.5"}
    assert seen.legs(["10.121.0.254"], "10.121.0.11") == {"eth0.5", "vrrp4"}
    assert seen.legs(["10.121.0.1"], "10.122.0.11") == frozenset()
    assert seen.legs(["::1"], "::1") == frozenset()
    assert seen.legs(["10.121.0.9"], "10.121.0.11") == frozenset()


def test_the_interface_of_a_next_hop_over_several_hops_is_that_of_the_way_to_it() -> None:
    hops = [
        {"ip": "10.99.0.17", "active": True, "recursive": True},
        {"ip": "10.121.0.17", "active": True, "fib": True, "resolver": True, "interfaceName": "eth0"},
        {"ip": "10.121.0.18", "active": True, "fib": True, "interfaceName": "eth1"},
        {"interfaceName": "wg0", "active": True, "fib": True},
    ]
    entry = {"installed": True, "selected": True, "nexthops": hops}
    found = read_router({"routes": {"ipv4": {"203.0.113.1/32": [entry]}}}).routes["ipv4"]["203.0.113.1/32"]
    assert found.leaves == (("10.121.0.18", "eth1"), ("10.99.0.17", "eth0"))


@pytest.mark.parametrize(
    ("forwards", "expected"),
    [
        pytest.param(
            {"ipv4": {"all": True, "br0": False}, "ipv6": {"all": False}},
            {"ipv4": {"all": True, "br0": False}, "ipv6": {"all": False}},
            id="both known",
        ),
        pytest.param({"ipv4": {"all": False}}, {"ipv4": {"all": False}}, id="one known"),
        pytest.param(None, {}, id="not known"),
    ],
)
def test_whether_the_kernel_forwards_is_read(
    forwards: dict[str, dict[str, bool]] | None, expected: dict[str, dict[str, bool]]
) -> None:
    assert read_router(read(recorded, "", forwarding=forwards)).forwards == expected


def test_older_observation_does_not_know_whether_the_kernel_forwards() -> None:
    raw = read(recorded, "")
    del raw["forwarding"]
    assert read_router(raw).forwards == {}


def test_routes_of_every_protocol_are_read_where_that_is_asked_for() -> None:
    entry = {"protocol": "static", "selected": True, "installed": True}
    said = {
        "show ip route 10.122.0.0/24 longer-prefixes json": {"10.122.0.171/32": [{"protocol": "bgp"}, entry]},
        "show ip route 203.0.113.88/29 longer-prefixes json": {},
        "show ipv6 route 2001:db8::/64 longer-prefixes json": {"2001:db8::/64": [{**entry, "protocol": "connected"}]},
    }
    within = ["10.122.0.0/24", "203.0.113.88/29", "2001:db8::/64"]
    raw = read(answering(lambda command: json.dumps({**ANSWERS, **said}[command])), "", best_in=within)
    assert read_router(raw).best == {
        "ipv4": {"10.122.0.171/32": BestRouteSeen("static")},
        "ipv6": {"2001:db8::/64": BestRouteSeen("connected")},
    }
    del raw["best"]
    assert read_router(raw).best is None, "an older observation"
