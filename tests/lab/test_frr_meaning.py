# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration means, against a real bgpd: each site's files, by hand and rendered, and edits of one file.

Three questions for FRR 10.3 itself: does it take the file without a complaint; is what it shows back the same in meaning;
and do its filters let through what we say, for real routes of a real speaker?
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import BGP, parse, render
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.frr.compare import (
    bgp_config,
    frr_difference,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.frr.model import Neighbor
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.frr.policy import (
    BoundFilters,
    Node,
    Outcome,
    Tree,
    decide,
    outcome_at,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.frr.prefixes import texts
from ansible_collections.hybridnet.cluster_edge.tests.support.frr_mutations import (
    BASE,
    COSMETIC,
    SEMANTIC,
    mutated,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import FOLDER, Site, by_hand, frr_conf, site
from router_lab import RouterLab, missing, wait_for

REASON = missing()
VERSION = "10.3"
SPEAKERS = {"ipv4": "10.121.0.11", "ipv6": "fd00:121::c"}
MARK = "64520:100"
READY = 30.0

pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=f"a router cannot start here: {REASON}")]


@cache
def planned(name: str) -> Site:
    return site(name)


FILES = [
    (path.parent.name, path.name.removesuffix(".frr.conf"), way)
    for path in sorted(FOLDER.glob("*/*.frr.conf"))
    for way in ("by hand", "rendered")
]
"""Each configuration of the sites: site, router, way."""

ROUTED = [
    file
    for file in FILES
    if file[0] in ("strict-filters", "firewall-and-vpn", "dual-stack", "aggregate-and-communities")
]
"""Those that are tried with real routes too, which takes seconds each: lists, marks, both families, lengths, defaults."""


def marked(files: Sequence[tuple[str, str, str]]) -> list[Any]:
    """Return parameters of a test: a full run takes what was written by hand, and of two sites what is rendered."""
    return [
        pytest.param(
            file,
            id="/".join(file),
            marks=() if file[2] == "by hand" or file[0] in ("minimal", "strict-filters") else pytest.mark.long,
        )
        for file in files
    ]


def content(file: tuple[str, str, str]) -> str:
    """Return a configuration of the sites."""
    name, router, way = file
    return by_hand(planned(name), router) if way == "by hand" else frr_conf(planned(name), router)


@pytest.fixture(scope="module")
def lab() -> Iterator[RouterLab]:
    with RouterLab() as router:
        yield router


def shown(lab: RouterLab) -> str:
    return lab.vtysh("show running-config")


def expected_of(neighbor: Neighbor) -> dict[str, Any]:
    """Return what ``show bgp neighbors json`` must say of a neighbor, from its meaning."""
    settings = neighbor.settings

    def milliseconds(what: str) -> int:
        return int(settings[what].split()[0]) * 1000

    return {
        "hold": milliseconds("hold time"),
        "keepalive": milliseconds("keepalive"),
        "connect": milliseconds("connect retry") // 1000,
        "remote": settings["remote AS"],
        "password": neighbor.password is not None,
        "shutdown": settings.get("shut down") == "yes",
        "limits": {
            family: int(of.settings["maximum prefixes"].split(",")[0])
            for family, of in neighbor.families.items()
            if "maximum prefixes" in of.settings
        },
        "families": sorted(neighbor.families),
    }


def seen_of(told: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Return the same of what FRR says."""
    names = {"ipv4Unicast": "ipv4", "ipv6Unicast": "ipv6"}
    families = {names[key]: of for key, of in told.get("addressFamilyInfo", {}).items() if key in names}
    remote = told["remoteAs"]
    return {
        "hold": told["bgpTimerConfiguredHoldTimeMsecs"],
        "keepalive": told["bgpTimerConfiguredKeepAliveIntervalMsecs"],
        "connect": told["connectRetryTimer"],
        "remote": "internal" if told.get("nbrInternalLink") else str(remote or "external"),
        "password": bool(told.get("authenticationEnabled")),
        "shutdown": bool(told.get("adminShutDown")),
        "limits": {
            family: of["prefixAllowedMax"]
            for family, of in families.items()
            if "prefixAllowedMax" in of and family in expected["limits"]
        },
        "families": sorted(families),
    }


def read_back(lab: RouterLab, text: str) -> None:
    """Load a text; what FRR shows, and how its neighbors are set up, must be what we read in the text."""
    assert lab.load(text) == ""
    running = shown(lab)
    assert frr_difference(text, running, VERSION) == []
    meant = bgp_config(text, VERSION)
    neighbors = lab.neighbors()
    static = {name: of for name, of in meant.neighbors.items() if not name.startswith("range ")}
    assert set(neighbors) == set(static)
    for name, of in static.items():
        expected = expected_of(of)
        if "local AS" in of.settings:
            assert str(neighbors[name]["localAs"]) == of.settings["local AS"].split()[0]
        assert seen_of(neighbors[name], expected) == expected, name


@pytest.mark.parametrize("file", marked(FILES))
def test_frr_takes_the_file_and_shows_the_same_meaning(lab: RouterLab, file: tuple[str, str, str]) -> None:
    read_back(lab, content(file))


@pytest.mark.first_case
@pytest.mark.parametrize("name", COSMETIC)
def test_a_cosmetic_edit_is_none_for_frr_either(lab: RouterLab, name: str) -> None:
    text = mutated(COSMETIC[name])
    assert lab.load(text) == ""
    assert frr_difference(BASE, shown(lab), VERSION) == []


@pytest.mark.first_case
@pytest.mark.parametrize("name", [name for name in SEMANTIC if name != "unknown-line"])
def test_a_semantic_edit_is_told_from_what_frr_shows(lab: RouterLab, name: str) -> None:
    edits, expected = SEMANTIC[name]
    assert lab.load(mutated(edits)) == ""
    assert frr_difference(BASE, shown(lab), VERSION) == expected


# -- real routes ---------------------------------------------------------------------------------------------------


def probes(of: Any, family: str) -> set[str]:
    """Return prefixes in and around what a decision lets through."""
    found: set[str] = {"0.0.0.0/0" if family == "ipv4" else "::/0"}
    for prefixes, _tree in of:
        for text in texts(prefixes, family):
            words = text.split()
            if words[0] == "any":
                continue
            network = ipaddress.ip_network(words[0])
            width = network.max_prefixlen
            first, last = int(network.network_address), int(network.broadcast_address)
            kind = type(network.network_address)
            for value in (first, last, first - 1, last + 1):
                if 0 < value < 2**width - 1:
                    found.add(f"{kind(value)}/{width}")
            found.add(str(network))
            found.add(str(network.supernet()) if network.prefixlen > 1 else str(network))
            for length in {int(word) + step for word in words[1:] if word.isdigit() for step in (-1, 0, 1)}:
                if network.prefixlen <= length <= width:
                    found.add(str(ipaddress.ip_network((first, length))))
    return found


def passes(tree: Tree, marked: bool) -> bool:
    """Return whether a route passes that carries the mark or not; no other condition is used here."""
    while isinstance(tree, Node):
        assert tree.condition == f"carries {MARK}", tree.condition
        tree = tree.yes if marked else tree.no
    assert isinstance(tree, Outcome)
    return tree.permit


def import_filters(text: str) -> set[tuple[str, tuple[str, ...]]]:
    """Return what binds the neighbors' import filters: family and lines, each set of them once."""
    bound: dict[tuple[str, str], list[str]] = {}
    for context, line in parse(text).objects[BGP]:
        found = re.match(r"neighbor (\S+) ((?:route-map|prefix-list|filter-list) \S+ in)$", line)
        if found:
            bound.setdefault((found[1], context.split()[1]), []).append(found[2])
    return {(family, tuple(lines)) for (_name, family), lines in bound.items()}


@pytest.fixture(scope="module")
def announced(lab: RouterLab) -> dict[str, bool]:
    """Start a speaker with routes around every filter of every site; return each prefix and whether it is marked."""
    wanted: set[str] = set()
    for file in FILES:
        for neighbor in bgp_config(content(file), VERSION).neighbors.values():
            for family, of in neighbor.families.items():
                wanted |= probes(of.accepts, family)
    marked = {prefix: prefix.startswith(("203.0.113.70/", "203.0.113.80/")) for prefix in wanted}
    plain = sorted(prefix for prefix in wanted if not marked[prefix])
    lab.add_peer(11, 65001, [prefix for prefix in plain if ":" not in prefix])
    lab.add_peer(12, 65001, [prefix for prefix in plain if ":" in prefix], over="ipv6")

    def listens() -> bool:
        with contextlib.suppress(AssertionError):  # until the speaker has started, vtysh finds no daemon
            return "10.121.0.1" in lab.peer(11, "show running-config")
        return False

    wait_for("the speaker", listens)
    lab.peer(
        11,
        " ; ".join(
            ["configure terminal", "route-map MARK permit 10", f"set community {MARK}", "exit", "router bgp 65001"]
            + ["address-family ipv4 unicast"]
            + [f"network {prefix} route-map MARK" for prefix in sorted(wanted) if marked[prefix]]
        ),
    )
    return marked


@pytest.mark.parametrize("file", marked(ROUTED))
def test_filters_let_through_what_we_say(
    lab: RouterLab, announced: dict[str, bool], file: tuple[str, str, str]
) -> None:
    text = content(file)
    objects = {key: lines for key, lines in parse(text).objects.items() if key != BGP}
    for family, lines in sorted(import_filters(text)):
        speaker = SPEAKERS[family]
        filters = "".join(f"  neighbor {speaker} {line}\n" for line in lines)
        said = lab.load(
            f"router bgp 65000\n bgp router-id 10.121.0.1\n no bgp default ipv4-unicast\n neighbor {speaker} remote-as 65001\n"
            f" neighbor {speaker} timers 3 9\n neighbor {speaker} timers connect 1\n address-family {family} unicast\n"
            f"  neighbor {speaker} activate\n  neighbor {speaker} soft-reconfiguration inbound\n{filters}"
            f" exit-address-family\nexit\n{render(objects)}",
        )
        assert said == ""
        wanted = {prefix for prefix in announced if (":" in prefix) == (family == "ipv6")}

        def received(family: str = family, speaker: str = speaker) -> set[str]:
            told = lab.show(f"show bgp {family} unicast neighbors {speaker} received-routes json")
            return set(told.get("receivedRoutes", {}))

        wait_for("every route", lambda wanted=wanted, received=received: received() == wanted, READY)
        table = lab.show(f"show bgp {family} unicast json")["routes"]
        accepted = {prefix for prefix, paths in table.items() if any(path["peerId"] == speaker for path in paths)}
        named = {line.split()[0].replace("-", "_"): line.split()[1] for line in lines}
        decision = decide(parse(text).objects, BoundFilters(**named), family, unfiltered=False)
        expected = {prefix for prefix in wanted if passes(outcome_at(decision, prefix), announced[prefix])}
        assert accepted == expected, lines
