# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered configurations on a real FRR 10.3: taken without a complaint, read back as written, and what they do.

What reads back otherwise than it was written would be a change in every run of the role.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.transaction import meaning_errors
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import FOLDER, Site, frr_conf, site
from router_lab import RouterLab, missing, run, wait_for

REASON = missing()

pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=f"a router cannot start here: {REASON}")]

FULL = """
all:
  vars:
    edge_networks: {lan: {cidr: [10.121.0.0/24, "fd00:121::/64"]}}
    edge_peerings: {k8s: {network: lan}}
    edge_pools: {lb: {addresses: 203.0.113.64/29}, six: {addresses: "fd00:200::/120"}}
    edge_default_pool: lb
  children:
    edge_routers:
      hosts:
        gw:
          edge_router_asn: 65000
          edge_addresses: {lan: [10.121.0.1, "fd00:121::1"]}
          edge_router_redistribute: [static, kernel]
          edge_router_maximum_paths: 4
          edge_router_neighbors:
            backup:
              address: 10.121.0.21
              asn: 65021
              bfd: true
              import: {prefixes: [{prefix: 198.51.100.0/24, le: 32}], communities: ["65021:7", "65021:1:2"], add_communities: ["65000:5", "65000:1:5"], med: 7}
              export: {redistributed: true, communities: ["65000:17", "65000:1:17"]}
            upstream:
              address: 10.121.0.22
              asn: external
              local_as: 65099
              port: 1179
              export: {pools: lb, default_route: true, communities: [no-export, "65000:18"], med: 40, prepend: 2}
            both:
              address: "fd00:121::17"
              asn: 65023
              import: {prefixes: [198.51.100.128/25, "2001:db8:7::/48"], max_prefixes: 9, restart: 120}
              export: {pools: [lb, six], prepend: 1, med: 0}
            inside:
              address: "fd00:121::18"
              asn: internal
              route_reflector_client: true
              next_hop_self: true
              import: all
              export: {networks: lan, local_preference: 150}
            local:
              address: "fe80::25"
              interface: eth0
              asn: 65025
              export: {networks: lan}
    edge_clusters:
      hosts:
        home:
          edge_cluster_asn: 65001
          edge_cilium_version: "1.19.6"
          edge_cilium_values: {ipv6: {enabled: true}}
          edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]
    edge_nodes:
      hosts:
        n1: {edge_addresses: {lan: [10.121.0.11, "fd00:121::b"]}}
        n2: {edge_addresses: {lan: [10.121.0.12, "fd00:121::c"]}}
"""
"""Every kind of neighbor beside a peering, on the lab's own network."""


def rendered(document: dict[str, Any], router: str = "gw") -> str:
    planned = plan(inventory_from(document))
    assert not planned.failed, planned.findings
    return frr_conf(Site(Path(), planned, {}), router)


def full(edit: Callable[[dict[str, Any], dict[str, Any]], None] = lambda *_: None) -> str:
    """Return the rendered configuration of FULL after ``edit`` of the shared variables and the router's own."""
    document = copy.deepcopy(yaml.safe_load(FULL))
    edit(document["all"]["vars"], document["all"]["children"]["edge_routers"]["hosts"]["gw"])
    return rendered(document)


def redistribute_all(_site: dict[str, Any], router: dict[str, Any]) -> None:
    router["edge_router_redistribute"] = ["connected", "kernel", "static", "ospf"]
    router["edge_router_import_check"] = False


def every_community(_site: dict[str, Any], router: dict[str, Any]) -> None:
    """All forms on an import and an export: FRR has an order and words of its own for them."""
    words = ["65010:2", "65010:1", "65010:3:1", "65010:2:9", "no-export", "no-advertise", "planned-shut", "blackhole",
             "no-export-subconfed", "no-peer", "65010:10"]  # fmt: skip
    router["edge_router_neighbors"]["backup"]["import"]["communities"] = words
    router["edge_router_neighbors"]["backup"]["export"]["communities"] = words


def one_session(site: dict[str, Any], _router: dict[str, Any]) -> None:
    site["edge_peerings"]["k8s"]["sessions"] = "ipv6"


def unnumbered(_site: dict[str, Any], router: dict[str, Any]) -> None:
    neighbor = router["edge_router_neighbors"]["local"]
    del neighbor["address"]
    neighbor["description"] = "a cable"
    neighbor["shutdown"] = True


def listening(site: dict[str, Any], router: dict[str, Any]) -> None:
    site["edge_peerings"]["k8s"]["dynamic"] = {"range": ["10.121.0.8/29", "fd00:121::8/125"]}
    router["edge_router_neighbors"]["guests"] = {"asn": "external", "dynamic": {"range": "10.121.0.128/26"}}


def listening_up_to_the_default(site: dict[str, Any], _router: dict[str, Any]) -> None:
    """FRR's own limit, which it does not show."""
    site["edge_peerings"]["k8s"]["dynamic"] = {"range": ["10.121.0.8/29", "fd00:121::8/125"], "limit": 100}


def far(_site: dict[str, Any], router: dict[str, Any]) -> None:
    neighbors = router["edge_router_neighbors"]
    neighbors["backup"] |= {"multihop": 4, "update_source": "10.121.0.1", "shutdown": True}
    neighbors["inside"] |= {"update_source": "fd00:121::1"}
    neighbors["upstream"] |= {"ttl_security": True}


def two_upstreams(_site: dict[str, Any], router: dict[str, Any]) -> None:
    """Two neighbors of different ASes with one prefix, and FRR's own number of paths."""
    del router["edge_router_maximum_paths"]
    for name, last in (("left", 26), ("right", 27)):
        router["edge_router_neighbors"][name] = {
            "address": f"10.121.0.{last}",
            "asn": 65000 + last,
            "import": {"prefixes": "100.64.7.0/24"},
        }


EDITS = (
    redistribute_all,
    every_community,
    one_session,
    unnumbered,
    listening,
    listening_up_to_the_default,
    far,
    two_upstreams,
)
CASES: dict[str, Callable[[], str]] = {
    "every kind of neighbor": full,
    **{edit.__name__.replace("_", " "): lambda edit=edit: full(edit) for edit in EDITS},
    **{
        f"{path.parent.name}/{path.name.removesuffix('.frr.conf')}": lambda path=path: frr_conf(
            site(path.parent.name), path.name.removesuffix(".frr.conf")
        )
        for path in sorted(FOLDER.glob("*/*.frr.conf"))
    },
}


@pytest.fixture(scope="module")
def lab() -> Iterator[RouterLab]:
    with RouterLab() as router:
        yield router


@pytest.mark.parametrize("case", CASES)
def test_what_is_rendered_is_taken_and_reads_back_as_written(lab: RouterLab, case: str) -> None:
    text = CASES[case]()
    lab.write("/tmp/checked.conf", f"frr defaults traditional\n{text}wrong-line\n")
    said = lab.sh("/usr/lib/frr/bgpd -C -n -f /tmp/checked.conf -i /tmp/checked.pid -p 0 -A 127.0.0.1", check=False)
    assert meaning_errors(said.stderr, "wrong-line") == []
    assert lab.load(text) == ""
    running = lab.vtysh("show running-config").split("Current configuration:")[1]
    assert frr.unified_diff(frr.parse(text).objects, frr.parse(running).objects) == ""


# -- behavior ------------------------------------------------------------------------------------------------------

LINK_LOCAL = "fe80::aff:fe79:1"
"""The router's, from the lab's MAC address."""
MARK_BOTH = ("route-map BOTH permit 10", "set community 65021:7 65021:8", "set large-community 65021:1:2", "exit")
MARK_ONE = ("route-map ONE permit 10", "set community 65021:7", "exit")


@pytest.fixture(scope="module")
def speaking(lab: RouterLab) -> RouterLab:
    """The router with all of FULL, routes of its own, two nodes, and a speaker for each kind of neighbor."""
    assert lab.load(full()) == ""
    lab.sh("vtysh -c configure -c 'ip route 192.0.2.0/25 blackhole'")
    lab.sh("ip route add 192.0.2.128/25 dev eth0")
    lab.add_peer(11, 65001, ["203.0.113.65/32", "203.0.113.1/32", "10.0.0.0/8"])
    lab.add_peer(12, 65001, ["fd00:200::5/128", "fd00:200::/64"], over="ipv6", zebra=True)
    lab.add_peer(21, 65021, ["198.51.100.0/26"])
    # It dials a port on which nobody listens: only the router can begin the session.
    lab.add_peer(22, 65022, ["198.51.100.0/25"], router_asn=65099, port=1179, extra=" neighbor 10.121.0.1 port 9\n")
    lab.add_peer(23, 65023, ["198.51.100.128/25", "198.51.100.0/24", "2001:db8:7::/48", "2001:db8:8::/48"],
                 over="ipv6", zebra=True, extra=" neighbor fd00:121::1 capability extended-nexthop\n")  # fmt: skip
    lab.add_peer(24, 65000, ["2001:db8:99::/48"], over="ipv6", zebra=True)
    lab.wait_established("10.121.0.11", "fd00:121::c", "10.121.0.21", "10.121.0.22", "fd00:121::17", "fd00:121::18")
    networks = [f"network {prefix} route-map {name}" for prefix, name in
                (("198.51.100.64/26", "BOTH"), ("198.51.100.192/26", "ONE"), ("10.98.0.0/16", "BOTH"))]  # fmt: skip
    commands = ["configure terminal", *MARK_BOTH, *MARK_ONE, "router bgp 65021", "address-family ipv4 unicast"]
    lab.peer(21, " ; ".join([*commands, *networks]))
    return lab


def received(lab: RouterLab, last: int, family: str = "ipv4") -> dict[str, dict[str, Any]]:
    """Return what a speaker holds from the router: prefix to its best path, with communities and next hops."""
    router = {"ipv4": "10.121.0.1", "ipv6": "fd00:121::1"}
    table = json.loads(lab.peer(last, f"show bgp {family} unicast json"))["routes"]
    prefixes = [p for p, paths in table.items() if any(path["peerId"] in router.values() for path in paths)]
    told = {p: json.loads(lab.peer(last, f"show bgp {family} unicast {p} json"))["paths"] for p in prefixes}
    return {p: next(one for one in paths if one["peer"]["peerId"] in router.values()) for p, paths in told.items()}


def accepted(lab: RouterLab, peer: str, family: str = "ipv4") -> set[str]:
    """Return what the router holds from a peer."""
    table = lab.show(f"show bgp {family} unicast json")["routes"]
    return {prefix for prefix, paths in table.items() if any(path["peerId"] == peer for path in paths)}


def holds(lab: RouterLab, last: int, expected: set[str], family: str = "ipv4") -> dict[str, dict[str, Any]]:
    """Wait until a speaker holds exactly ``expected`` from the router; return the paths."""
    found: dict[str, dict[str, Any]] = {}

    def probe() -> bool:
        found.clear()
        found.update(received(lab, last, family))
        return set(found) == expected

    try:
        wait_for("the routes", probe, 10)
    except AssertionError:
        assert set(found) == expected
    return found


def test_an_import_with_communities_lets_in_only_routes_that_carry_all(speaking: RouterLab) -> None:
    wait_for("the marked route", lambda: accepted(speaking, "10.121.0.21") == {"198.51.100.64/26"}, 10)
    path = speaking.show("show bgp ipv4 unicast 198.51.100.64/26 json")["paths"][0]
    assert path["metric"] == 7
    assert set(path["community"]["list"]) >= {"65000:5", "65021:7"}
    assert set(path["largeCommunity"]["list"]) == {"65000:1:5", "65021:1:2"}


def test_redistributed_routes_leave_only_where_an_export_says_so(speaking: RouterLab) -> None:
    paths = holds(speaking, 21, {"192.0.2.0/25", "192.0.2.128/25"})
    for path in paths.values():
        assert path["community"]["string"] == "65000:17"
        assert path["largeCommunity"]["string"] == "65000:1:17"
        assert "tag" not in path


def test_an_as_of_its_own_a_default_route_and_the_pools_with_marks(speaking: RouterLab) -> None:
    paths = holds(speaking, 22, {"0.0.0.0/0", "203.0.113.65/32"})
    assert paths["203.0.113.65/32"]["aspath"]["string"] == "65099 65099 65099 65001"
    assert paths["203.0.113.65/32"]["metric"] == 40
    assert set(paths["203.0.113.65/32"]["community"]["list"]) == {"65000:18", "noExport"}
    assert paths["0.0.0.0/0"]["aspath"]["string"] == "65099"  # default-originate passes the route-map by
    assert paths["0.0.0.0/0"].get("metric", 0) == 0
    assert accepted(speaking, "10.121.0.22") == set()


def test_one_session_carries_both_families(speaking: RouterLab) -> None:
    four = holds(speaking, 23, {"203.0.113.65/32"})
    six = holds(speaking, 23, {"fd00:200::5/128"}, "ipv6")
    assert four["203.0.113.65/32"]["aspath"]["string"] == "65000 65000 65001"
    assert six["fd00:200::5/128"]["aspath"]["string"] == "65000 65000 65001"
    assert six["fd00:200::5/128"]["metric"] == 0
    assert accepted(speaking, "fd00:121::17") == {"198.51.100.128/25"}
    assert accepted(speaking, "fd00:121::17", "ipv6") == {"2001:db8:7::/48"}


def test_a_neighbor_inside_the_as(speaking: RouterLab) -> None:
    path = holds(speaking, 24, {"fd00:121::/64"}, "ipv6")["fd00:121::/64"]
    assert path["locPrf"] == 150
    assert [hop["ip"] for hop in path["nexthops"] if hop["scope"] == "global"] == ["fd00:121::1"]
    assert accepted(speaking, "fd00:121::18", "ipv6") == {"2001:db8:99::/48"}


def test_a_neighbor_with_a_link_local_address(speaking: RouterLab) -> None:
    speaking.add_peer(25, 65025, ["10.97.0.0/16"], zebra=True)
    run("ip", "-n", f"{speaking.name}-n25", "addr", "add", "fe80::25/64", "dev", "eth0", "nodad")
    terminal = Path(f"/proc/{speaking.peers['n25'].pid}/root/run/frr/bgpd.vty")
    wait_for("the speaker", terminal.exists)
    speaking.peer(25, " ; ".join(["configure terminal", "router bgp 65025", *(
        f"neighbor {LINK_LOCAL} {words}" for words in ("remote-as 65000", "interface eth0", "timers connect 1")
    ), "address-family ipv4 unicast", f"neighbor {LINK_LOCAL} activate", "exit-address-family",
        "address-family ipv6 unicast", f"neighbor {LINK_LOCAL} activate"]))  # fmt: skip
    speaking.wait_established("fe80::25")

    def held(family: str) -> set[str]:
        return set(json.loads(speaking.peer(25, f"show bgp {family} unicast json"))["routes"])

    wait_for("its routes", lambda: "10.121.0.0/24" in held("ipv4") and held("ipv6") == {"fd00:121::/64"}, 10)
    assert held("ipv4") == {"10.121.0.0/24", "10.97.0.0/16"}
    assert accepted(speaking, "fe80::25") == set()


@pytest.mark.parametrize("last", [11, 12])
def test_nodes_get_nothing(speaking: RouterLab, last: int) -> None:
    assert received(speaking, last) == {}
    assert received(speaking, last, "ipv6") == {}


def test_paths_through_two_ases_are_used_together_only_when_relaxed(speaking: RouterLab) -> None:
    """The last test: it loads another configuration."""
    text = full(two_upstreams)
    assert "maximum-paths" not in text
    relax = " bgp bestpath as-path multipath-relax\n"
    for last in (26, 27):
        speaking.add_peer(last, 65000 + last, ["100.64.7.0/24"])

    def used() -> list[bool]:
        speaking.wait_established("10.121.0.26", "10.121.0.27")
        wait_for(
            "both paths, and the best", lambda: len(told()) == 2 and any("bestpath" in path for path in told()), 10
        )
        return sorted(bool(path.get("multipath")) for path in told())

    def told() -> list[dict[str, Any]]:
        return list(speaking.show("show bgp ipv4 unicast 100.64.7.0/24 json").get("paths", []))

    assert speaking.load(text.replace(relax, "")) == ""
    assert used() == [False, False]
    assert speaking.load(text) == ""
    # The best path may have been chosen when only one was there; FRR chooses again with both.
    wait_for("both paths are used", lambda: used() == [True, True], 10)


def test_a_hub_inside_one_as_passes_the_routes_of_each_router_on_to_the_others(lab: RouterLab) -> None:
    document = yaml.safe_load("""
all:
  vars:
    edge_networks: {lan: {cidr: 10.121.0.0/24}, left: {cidr: 10.96.1.0/24}, right: {cidr: 10.96.2.0/24}}
    edge_links:
      spokes:
        hub: gw
        ends: {gw: {export: {networks: [left, right]}}, l: {export: {networks: left}}, r: {export: {networks: right}}}
  children:
    edge_routers:
      vars: {edge_router_asn: 65000}
      hosts:
        gw: {edge_addresses: {lan: 10.121.0.1}}
        l: {edge_addresses: {lan: 10.121.0.31, left: 10.96.1.1}}
        r: {edge_addresses: {lan: 10.121.0.32, right: 10.96.2.1}}
""")
    assert lab.load(rendered(document)) == ""
    lab.add_peer(31, 65000, ["10.96.1.0/24", "10.96.3.0/24"])
    lab.add_peer(32, 65000, ["10.96.2.0/24"])
    lab.wait_established("10.121.0.31", "10.121.0.32")
    (hop,) = holds(lab, 32, {"10.96.1.0/24"})["10.96.1.0/24"]["nexthops"]
    # The routers need not reach each other without the hub.
    assert hop["ip"] == "10.121.0.1"
    holds(lab, 31, {"10.96.2.0/24"})
