# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services' addresses that come to a router over links alone, over one and over several in a row."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.links import OverLinks, PlannedLinks
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import (
    client_targets,
    probe_targets,
    verify,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.healthy import healthy
from ansible_collections.hybridnet.cluster_edge.tests.support.heard import heard
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import route
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import SITES, site

Data = dict[str, Any]

PLANS: dict[str, Data] = {name: site(name).plan.data for name in SITES}
HUB, TWO, CABLE, RACKS = "hub-of-three", "two-sites-with-link", "unnumbered-link", "racks"
PREFIX = "10.22.200.0/32"


class Linked:
    """A site of ``tests/sites`` in good order, which a test may break."""

    def __init__(self, name: str = HUB) -> None:
        self.plan = copy.deepcopy(PLANS[name])
        self.observed = healthy(self.plan)

    def router(self, name: str) -> Data:
        found: Data = self.observed["routers"][name]
        return found

    def paths(self, router: str, prefix: str = PREFIX) -> list[Data]:
        found: list[Data] = self.router(router)["bgp"]["ipv4"]["routes"][prefix]
        return found

    def kernel(self, router: str, prefix: str = PREFIX) -> Data:
        found: Data = self.router(router)["routes"]["ipv4"][prefix][0]
        return found

    def lose(self, router: str, *tables: str, prefix: str = PREFIX) -> None:
        """Let a router not have a prefix, in BGP (``bgp``) or in its kernel (``routes``)."""
        for table in tables:
            found = self.router(router)[table]["ipv4"]
            del (found["routes"] if table == "bgp" else found)[prefix]

    def texts(self) -> list[str]:
        found = verify(self.plan, self.observed).findings
        return [f"{item.code} {item.path}: {item.problem}" for item in found]

    def rows(self, step: str, router: str) -> list[tuple[str, str, str, str]]:
        rows = verify(self.plan, self.observed).rows
        found = [(row.subject, row.expected, row.seen, row.level) for row in rows if row.step == step]
        return [row for row in found if row[0].startswith(f"{router} ")]

    def targets(self, router: str) -> list[str]:
        found = probe_targets(self.plan, self.observed["clusters"], router, self.router(router))
        return sorted(target["address"] for target in found)

    def answered(self) -> None:
        self.observed["probes"] = heard(self.plan, self.observed)


@pytest.mark.parametrize(
    ("name", "key", "brought"),
    [
        (HUB, ("floor-1", PREFIX), {"core": ({"floor-1"}, {"floor-1"}), "floor-2": ({"floor-1"}, {"core"})}),
        (HUB, ("floor-1", "10.22.201.0/32"), {}),
        (HUB, ("core", PREFIX), {"floor-2": ({"core"}, {"core"})}),
        (TWO, ("cabin", "10.52.200.0/32"), {"home": ({"cabin"}, {"cabin"})}),
        (TWO, ("home", "10.52.200.0/32"), {}),
        (CABLE, ("gw", "10.15.200.0/32"), {"border": ({"gw"}, {"gw"})}),
        (CABLE, ("border", "10.15.200.0/32"), {}),
    ],
)
def test_a_prefix_comes_as_far_as_the_filters_of_both_ends_let_it(
    name: str, key: tuple[str, str], brought: dict[str, tuple[set[str], set[str]]]
) -> None:
    router, prefix = key
    wanted = {(other, "ipv4", prefix): OverLinks(*found) for other, found in brought.items()}
    assert PlannedLinks(PLANS[name]).bring([(router, "ipv4", prefix)]) == wanted  # type: ignore[arg-type]


@pytest.mark.parametrize("change", ["shutdown", "absent"])
def test_nothing_comes_over_a_link_that_is_shut_down_or_to_a_router_that_leaves(change: str) -> None:
    plan = copy.deepcopy(PLANS[HUB])
    for item in plan["neighbors"]:
        item["shutdown"] |= change == "shutdown" and item["router"] == "floor-2"
    plan["routers"]["floor-2"]["absent"] |= change == "absent"
    found = PlannedLinks(plan).bring([("floor-1", "ipv4", PREFIX)])  # type: ignore[arg-type]
    assert [router for router, _family, _prefix in found] == ["core"]


@pytest.mark.parametrize(
    ("name", "source", "near", "gateway", "known"),
    [
        pytest.param(HUB, "10.22.2.200", "floor-2", "floor-1", True, id="over two links"),
        pytest.param(HUB, "10.22.0.3", "floor-2", "floor-1", True, id="on the network of the link"),
        pytest.param(HUB, "10.22.2.200", "floor-1", "floor-1", False, id="not on that router's network"),
        pytest.param(RACKS, "10.31.2.200", "tor-b", "tor-a", False, id="not exported"),
        pytest.param(RACKS, "10.31.0.2", "tor-b", "tor-a", True, id="not exported, and both are there"),
        pytest.param(TWO, "198.51.100.2", "home", "cabin", False, id="of no network"),
    ],
)
def test_the_way_back_is_known_where_the_network_is_exported(
    name: str, source: str, near: str, gateway: str, known: bool
) -> None:
    assert PlannedLinks(PLANS[name]).lead_back(source, near, [gateway]) is known  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SITES)
def test_links_of_a_site_in_good_order_bring_no_finding(name: str) -> None:
    """Some of these sites pin addresses that its good order does not have, or have neighbors that are not there."""
    live = Linked(name)
    live.answered()
    report = verify(live.plan, live.observed)
    over_links = {"EDGE845", "EDGE850", "EDGE851", "EDGE852", "EDGE871", "EDGE872", "EDGE876", "EDGE889", "EDGE899"}
    assert over_links & {finding.code for finding in report.findings} == set()
    linked = [row for row in report.rows if row.step == "accepted" and row.expected.startswith("perhaps")]
    assert [row for row in linked if row.level != "ok"] == []
    assert len(linked) == {HUB: 2, TWO: 2, CABLE: 1}.get(name, 0)


def elsewhere(live: Linked, router: str) -> None:
    for hop in live.kernel(router)["nexthops"]:
        hop["ip"] = "10.9.9.9"


def by_another_interface(live: Linked, router: str) -> None:
    for hop in live.kernel(router)["nexthops"]:
        hop["interfaceName"] = "wg0"


def out_of_reach(live: Linked, router: str) -> None:
    live.lose(router, "routes")
    for found in live.paths(router):
        found["valid"] = False
        found.pop("multipath")


def not_in_the_kernel(live: Linked, router: str) -> None:
    live.lose(router, "routes")


def one_of_two_ways(live: Linked, router: str) -> None:
    """The other end of the link has a second address, and the kernel uses one of both."""
    first, second = live.paths(router)[0]["peerId"], "10.22.0.4"
    live.paths(router).append({**copy.deepcopy(live.paths(router)[0]), "peerId": second, "nexthops": [{"ip": second}]})
    for item in live.plan["neighbors"]:
        if item["router"] == router and first in item["addresses"]:
            item["addresses"].append(second)
    neighbors = live.router(router)["neighbors"]
    neighbors[second] = copy.deepcopy(neighbors[first])


def not_accepted(live: Linked, router: str) -> None:
    live.lose(router, "bgp", "routes")
    if router == "core":  # what it does not have it cannot pass on
        live.lose("floor-2", "bgp", "routes")
        live.router("core")["advertised"]["ipv4"].clear()


def not_announced(live: Linked, router: str) -> None:
    not_accepted(live, router)
    sender = {"core": "floor-1", "floor-2": "core"}[router]
    live.router(sender)["advertised"]["ipv4"].clear()


ACCEPTED = "%s prefix 10.22.200.0/32 (home web/lb): "
SENT = {"core": ("floor-1", "10.22.0.1"), "floor-2": ("core", "10.22.0.3")}


@pytest.mark.parametrize("router", ["core", "floor-2"])
@pytest.mark.parametrize(
    ("breaks", "problem"),
    [
        (elsewhere, "EDGE852 the router sends to 10.9.9.9, which no accepted path leads to"),
        (
            by_another_interface,
            "EDGE899 the router sends to {sender} by wg0, and its own address on their network is on leg-core",
        ),
        (
            out_of_reach,
            "EDGE845 the path from {sender} is not valid: the router does not reach its next hop",
        ),
        (not_in_the_kernel, "EDGE850 accepted, but the router's kernel does not use it"),
        (one_of_two_ways, "EDGE851 the kernel uses 1 of 2 next hops"),
    ],
)
def test_what_a_router_accepted_over_links_its_kernel_uses(
    breaks: Callable[[Linked, str], None], problem: str, router: str
) -> None:
    live = Linked()
    breaks(live, router)
    code, _space, text = problem.partition(" ")
    wanted = f"{code} {ACCEPTED % router}{text.format(sender=SENT[router][0])}"
    found = [text for text in live.texts() if text.startswith(code)]
    assert found == [wanted]
    assert {text.partition(" ")[0] for text in live.texts()} == {code}


@pytest.mark.parametrize("router", ["core", "floor-2"])
@pytest.mark.parametrize(
    ("breaks", "reason"),
    [
        (not_announced, "the router has it and does not announce it, though its export names it"),
        (not_accepted, "announced to {router}, which has not accepted it, though its import names it"),
    ],
)
def test_a_route_passes_over_each_link_of_a_chain(
    breaks: Callable[[Linked, str], None], reason: str, router: str
) -> None:
    live = Linked()
    breaks(live, router)
    sender, address = SENT[router]
    text = reason.format(router=router)
    assert live.texts() == [f"EDGE889 {sender} neighbor {address} (link core): 10.22.200.0/32: {text}"]
    assert (f"{router} {PREFIX}", f"perhaps {sender}", "nobody", "unknown") in live.rows("accepted", router)


def kept(live: Linked) -> None:
    """A route with ``no-export`` stays at the core."""
    detailed = [{"peer": {"peerId": "10.22.0.2"}, "community": {"string": "no-export"}}]
    live.router("core")["details"] = {"ipv4": {"routes": {PREFIX: {"paths": detailed}}}}


def perhaps_kept(live: Linked) -> None:
    """This FRR shows no communities, and a route-map of the plan gives some that keep a route where it is."""
    for entry in live.plan["routers"]["floor-1"]["frr"]["route_maps"]:
        for item in entry["entries"]:
            if item["action"] == "permit" and item["match"].get("prefix_list"):
                item["set"] = {"communities": ["no-advertise"]}


def looped(live: Linked) -> None:
    """The receiver is in the path already."""
    live.paths("core")[0]["path"] = "64596 64597 64598"


def of_unknown_path(live: Linked) -> None:
    del live.paths("core")[0]["path"]


def only_some_routes(live: Linked) -> None:
    """The core's export asks for a community as well."""
    for route_map in live.plan["routers"]["core"]["frr"]["route_maps"]:
        for item in route_map["entries"]:
            item["match"]["community_list"] = "some"


def core_is_not_read(live: Linked) -> None:
    del live.observed["routers"]["core"]


def core_is_of_others(live: Linked) -> None:
    live.plan["routers"]["core"]["managed"] = False
    del live.observed["routers"]["core"]


def core_uses_another_neighbor(live: Linked) -> None:
    """A path of somebody else's, as a better local preference makes it."""
    other = {**copy.deepcopy(live.paths("core")[0]), "peerId": "192.0.2.9", "nexthops": [{"ip": "192.0.2.9"}]}
    live.router("core")["bgp"]["ipv4"]["routes"][PREFIX] = [other]
    live.router("core")["routes"]["ipv4"][PREFIX] = route("192.0.2.9")
    for neighbor in live.plan["neighbors"]:
        if neighbor["router"] == "core" and neighbor["other"] == "floor-2":
            more = {**copy.deepcopy(neighbor), "link": None, "other": None, "name": "nas", "addresses": ["192.0.2.9"]}
    live.plan["neighbors"].append(more)
    neighbors = live.router("core")["neighbors"]
    neighbors["192.0.2.9"] = copy.deepcopy(neighbors["10.22.0.3"])


@pytest.mark.parametrize(
    "why",
    [
        kept,
        perhaps_kept,
        looped,
        of_unknown_path,
        only_some_routes,
        core_is_not_read,
        core_is_of_others,
        core_uses_another_neighbor,
    ],
)
def test_a_route_that_need_not_come_is_not_missed(why: Callable[[Linked], None]) -> None:
    live = Linked()
    not_announced(live, "floor-2")
    assert [text.partition(" ")[0] for text in live.texts()] == ["EDGE889"]
    why(live)
    about = [text for text in live.texts() if text.startswith(("EDGE85", "EDGE84", "EDGE88"))]
    assert [text for text in about if not text.startswith("EDGE848")] == []
    assert live.rows("accepted", "floor-2") == [(f"floor-2 {PREFIX}", "perhaps core", "nobody", "unknown")]
    assert live.targets("floor-2") == []


def test_more_paths_than_those_of_other_ases_may_be_are_no_fault() -> None:
    """``maximum-paths`` is not that of routes from the router's own AS: BGP itself says which it uses."""
    live = Linked()
    one_of_two_ways(live, "floor-2")
    live.router("floor-2")["routes"]["ipv4"][PREFIX] = route("10.22.0.1", "10.22.0.4", by="leg-core")
    live.plan["routers"]["floor-2"]["frr"]["maximum_paths"] = 1
    assert live.texts() == []
    assert live.rows("installed", "floor-2") == [(f"floor-2 {PREFIX}", "2 next hops", "2 next hops", "ok")]


def test_a_cable_without_addresses_has_its_own_interface() -> None:
    live, prefix = Linked(CABLE), "10.15.200.0/32"
    live.kernel("border", prefix)["nexthops"][0]["interfaceName"] = "eth9"
    assert live.texts() == [
        f"EDGE899 border prefix {prefix} (home web/lb): the router sends to gw by eth9, and its own address on their"
        " network is on eth8"
    ]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        (HUB, {router: ["10.22.200.0"] for router in ("core", "floor-1", "floor-2")}),
        (TWO, {router: ["10.51.200.0", "10.52.200.0"] for router in ("home", "cabin")}),
        (CABLE, {router: ["10.15.200.0"] for router in ("gw", "border")}),
    ],
)
def test_a_router_asks_what_comes_over_links(name: str, asked: dict[str, list[str]]) -> None:
    live = Linked(name)
    assert {router: live.targets(router) for router in asked} == asked


def silence(live: Linked, router: str, address: str) -> None:
    """Let a router get no answer from an address."""
    live.answered()
    for entry in live.observed["probes"][router][address]["ports"]:
        entry["timed_out"] = entry.pop("answered")


def test_silence_over_links_is_an_error_where_the_way_back_is_known() -> None:
    live = Linked()
    silence(live, "floor-2", "10.22.200.0")
    assert live.texts() == [
        "EDGE871 home service web/lb: floor-2 got no answer from 10.22.200.0 TCP 80 in 1 attempts (time-out)"
    ]


@pytest.mark.parametrize("answered", [0, 1])
def test_silence_over_links_is_not_known_where_the_way_back_is_not(answered: int) -> None:
    """The office of the border is not let in, and a cable without addresses has no other source."""
    live = Linked(CABLE)
    for group in live.plan["routers"]["gw"]["frr"]["prefix_lists"]:
        group["entries"] = [item for item in group["entries"] if item["prefix"] != "10.15.1.0/24"]
    silence(live, "border", "10.15.200.0")
    live.observed["probes"]["border"]["10.15.200.0"]["ports"][0]["answered"] = answered
    told = f"answers {answered} of {answered + 1}" if answered else "no answer"
    seen = f"TCP 80 {told}: whether answers find back over the links is not known"
    assert live.texts() == []
    assert live.rows("asked", "border") == [("border 10.15.200.0 (home web/lb)", "answers", seen, "unknown")]


def client(name: str, address: str, *routers: str) -> Any:
    """Return a client of a twin whose way out is the first of the routers on its network."""
    found = {"name": name, "addresses": [address], "routers": [routers[0]], "on_link": sorted(routers)}
    return {**found, "proxies": [], "forwards": []}


@pytest.mark.parametrize(
    ("name", "of", "asked"),
    [
        pytest.param(HUB, client("floor-2", "10.22.2.254", "floor-2"), ["10.22.200.0"], id="over two links"),
        pytest.param(
            HUB, client("core", "10.22.0.6", "core", "floor-1", "floor-2"), [], id="beside the routers of a link"
        ),
        pytest.param(TWO, client("home-lan", "10.51.0.254", "home"), ["10.51.200.0", "10.52.200.0"], id="both sites"),
        pytest.param(CABLE, client("office", "10.15.1.254", "border"), ["10.15.200.0"], id="over a cable"),
        pytest.param(CABLE, client("upstream", "198.51.100.2", "border"), [], id="upstream"),
        pytest.param(CABLE, client("upstream", "198.51.100.2", "gw"), ["10.15.200.0"], id="upstream of the nodes"),
    ],
)
def test_a_client_asks_over_links_what_can_answer_it(name: str, of: Any, asked: list[str]) -> None:
    live = Linked(name)
    found = client_targets(live.plan, live.observed["clusters"], live.observed["routers"], [of])  # type: ignore[arg-type]
    assert sorted(target["address"] for target in found) == asked


def test_a_client_asks_nothing_over_links_without_a_way_back() -> None:
    live = Linked()
    for group in live.plan["routers"]["core"]["frr"]["prefix_lists"]:
        group["entries"] = [item for item in group["entries"] if item["prefix"] != "10.22.2.0/24"]
    own = client("floor-2", "10.22.2.254", "floor-2")
    assert client_targets(live.plan, live.observed["clusters"], live.observed["routers"], [own]) == []  # type: ignore[arg-type]


def test_a_local_service_of_another_rack_is_asked_over_the_link() -> None:
    """No node of this rack has an endpoint, and the router has a session with each of them all the same."""
    live = Linked(RACKS)
    resources = live.observed["clusters"]["metal"]["resources"]
    (service,) = resources["Service"]
    service["spec"]["externalTrafficPolicy"] = "Local"
    for item in resources["EndpointSlice"]:
        item["endpoints"] = [found for found in item["endpoints"] if found["nodeName"] in ("a1", "a2")]
    tor, (prefix,) = live.router("tor-b"), live.router("tor-b")["bgp"]["ipv4"]["routes"]
    over_link = next(found for found in live.paths("tor-b", prefix) if found["peerId"] == "10.31.0.1")
    tor["bgp"]["ipv4"]["routes"][prefix] = [{**over_link, "bestpath": True}]
    del tor["routes"]["ipv4"][prefix]
    assert live.targets("tor-b") == []
    tor["routes"]["ipv4"][prefix] = route("10.31.0.1", by="leg-between")
    assert live.targets("tor-b") == [prefix.partition("/")[0]]
