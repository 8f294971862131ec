# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over a hand-written configuration on a real router, in each supported version of FRR.

What its three speakers announce passes in the expand stage where it passed before or is planned, and nothing else does.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import ROUTER_SUITES
from router_lab import RouterLab, missing, wait_for
from test_frr_config import PEERS, Site, planned

REASON = missing()
FIRST = "trixie"
HEAD = "frr defaults traditional\nlog syslog informational\nno ipv6 forwarding\nservice integrated-vtysh-config\n!\n"
PLANNED = {"203.0.113.89/32"}
BY_HAND = {"198.51.100.7/32", "198.51.100.9/32", "198.51.100.13/32"}
NEVER = ["198.51.100.8/32", "0.0.0.0/0"]

STATIC = """router bgp 65000
 bgp router-id 10.121.0.1
 neighbor 10.121.0.11 remote-as 65001
 neighbor 10.121.0.12 remote-as 65001
 neighbor 10.121.0.13 remote-as 65001
 !
 address-family ipv4 unicast
  neighbor 10.121.0.11 maximum-prefix 2
  neighbor 10.121.0.11 prefix-list ANY in
  neighbor 10.121.0.11 route-map VIP in
  neighbor 10.121.0.12 next-hop-self
  neighbor 10.121.0.12 soft-reconfiguration inbound
  neighbor 10.121.0.12 route-map DENIES in
  neighbor 10.121.0.13 route-map SHARED in
 exit-address-family
!
ip prefix-list ANY seq 5 permit 0.0.0.0/0 le 32
ip prefix-list VIP seq 5 permit 198.51.100.7/32
ip prefix-list NOT seq 5 permit 198.51.100.8/32
ip prefix-list NINE seq 5 permit 198.51.100.8/31 le 32
ip prefix-list SHARED seq 5 permit 198.51.100.13/32
!
route-map VIP permit 10
 match ip address prefix-list VIP
!
route-map DENIES deny 10
 match ip address prefix-list NOT
!
route-map DENIES permit 20
 match ip address prefix-list NINE
!
route-map SHARED permit 10
 match ip address prefix-list SHARED
!
router ospf
 redistribute bgp route-map SHARED
!
"""
JUMPS = """router bgp 65000
 bgp router-id 10.121.0.1
 neighbor C peer-group
 neighbor C remote-as 65001
 bgp listen range 10.121.0.0/16 peer-group C
 !
 address-family ipv4 unicast
  neighbor C route-map JUMPS in
 exit-address-family
!
ip prefix-list HAND seq 5 permit 198.51.100.7/32
ip prefix-list HAND seq 10 permit 198.51.100.9/32
ip prefix-list HAND seq 15 permit 198.51.100.13/32
!
route-map JUMPS permit 10
 match ip address prefix-list HAND
 continue 30
!
route-map JUMPS deny 20
!
route-map JUMPS permit 30
 set local-preference 200
!
"""

pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=f"a router cannot start here: {REASON}")]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(suite, marks=[] if suite == FIRST else [pytest.mark.long], id=f"FRR {found.frr}")
        for suite, found in sorted(ROUTER_SUITES.items(), key=lambda item: item[0] != FIRST)
    ],
)
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with RouterLab(suite=request.param) as lab, lab.ssh_port() as port:
        lab.sh("sed -i 's/^bgpd=no/bgpd=yes/; s/^ospfd=no/ospfd=yes/' /etc/frr/daemons")
        for last, own in ((11, "198.51.100.7/32"), (12, "198.51.100.9/32"), (13, "198.51.100.13/32")):
            lab.add_peer(last, 65001, [own, *PLANNED, *NEVER])
        yield Site(lab, port)


def start(site: Site, text: str) -> None:
    """Let the router run a configuration written by hand, until its three sessions have their routes."""
    site.lab.write("/etc/frr/frr.conf", HEAD + text)
    site.lab.sh("systemctl reset-failed frr; systemctl restart frr")
    wait_for("bgpd", lambda: site.lab.sh("vtysh -d bgpd -c 'show version'", check=False).returncode == 0)
    wait_for("the routes of before", lambda: site.prefixes() == BY_HAND)


def apply(site: Site, text: str, stage: str) -> None:
    """Apply a plan, and a second time, which changes nothing."""
    result = site.run_module(text, stage=stage)
    assert (result["failed"], result.get("applied")) == (False, "reload"), result["text"]
    again = site.run_module(text, stage=stage)
    assert (again["failed"], again["changed"]) == (False, False), again["text"]


def test_filters_of_neighbors_become_one_and_none_of_them_is_lost(site: Site) -> None:
    start(site, STATIC)
    apply(site, planned(), "expand")
    site.lab.wait_established(*PEERS)
    wait_for("the routes of both", lambda: site.prefixes() == BY_HAND | PLANNED)
    # A third prefix, above the limit that this neighbor had: the cluster changes now.
    site.lab.peer(11, "configure terminal ; router bgp 65001 ; address-family ipv4 unicast ; network 203.0.113.90/32")
    wait_for("the cluster's new route", lambda: site.prefixes() == BY_HAND | PLANNED | {"203.0.113.90/32"})
    drops = site.drops()
    apply(site, planned(), "contract")
    wait_for("the planned routes", lambda: site.prefixes() == PLANNED | {"203.0.113.90/32"})
    assert site.drops() == drops
    running = site.lab.vtysh("show running-config")
    assert "redistribute bgp route-map SHARED" in running
    assert "ip prefix-list SHARED seq 5 permit 198.51.100.13/32" in running
    assert "route-map VIP" not in running
    site.lab.peer(
        11, "configure terminal ; router bgp 65001 ; address-family ipv4 unicast ; no network 203.0.113.90/32"
    )


def test_a_narrower_listen_range_takes_its_dynamic_neighbors_along(site: Site) -> None:
    start(site, JUMPS)
    text = planned(neighbors=()).replace("\n\n", "\n").replace(
        " !\n address-family", " bgp listen range 10.121.0.0/24 peer-group nodes\n !\n address-family", 1
    )  # fmt: skip
    apply(site, text, "expand")
    ranges = [line.split()[3] for line in site.lab.vtysh("show running-config").split("\n") if "listen range" in line]
    assert sorted(ranges)[:3] == ["10.121.0.0/24", "10.121.1.0/24", "10.121.128.0/17"]
    assert len(ranges) == 9
    wait_for("the routes of both", lambda: site.prefixes() == BY_HAND | PLANNED)
    apply(site, text, "contract")
    wait_for("the planned routes", lambda: site.prefixes() == PLANNED)


GROUP_C = " neighbor C peer-group\n neighbor C remote-as 65001\n"
FAMILY_C = "  neighbor C activate\n  neighbor C route-map C-in in\n"
LISTS_C = """ip prefix-list C-ipv4 seq 5 permit 198.51.100.9/32
ip prefix-list C-ipv4 seq 10 permit 198.51.100.13/32
!
route-map C-in permit 10
 match ip address prefix-list C-ipv4
exit
!
"""


@pytest.mark.parametrize(
    ("group", "text", "passes"),
    [
        pytest.param("nodes", {}, PLANNED, id="of the same group"),
        pytest.param("C", {"family": FAMILY_C, "after": LISTS_C}, PLANNED | BY_HAND - {"198.51.100.7/32"}, id="of another group"),
    ],
)  # fmt: skip
def test_a_dynamic_neighbor_gets_a_name_while_its_range_and_the_sessions_of_the_others_stay(
    site: Site, group: str, text: dict[str, str], passes: set[str]
) -> None:
    start(site, JUMPS.replace("10.121.0.0/16", "10.121.0.0/24").replace(" C", " " + group))
    site.lab.wait_established(*PEERS)
    listens = f" bgp listen range 10.121.0.0/24 peer-group {group}\n"
    plan = planned(neighbors=(11,), extra=(GROUP_C if group == "C" else "") + listens, **text)
    # So long that a session that was begun anew is known by its age.
    wait_for("sessions that lasted", lambda: min(up_for(site).values()) > 8)
    begun = time.monotonic()
    apply(site, plan, "expand")
    site.lab.wait_established(*PEERS)
    running = site.lab.vtysh("show running-config").split("\n")
    assert {" neighbor 10.121.0.11 peer-group nodes", listens.rstrip()} <= set(running)
    wait_for("the routes of both", lambda: site.prefixes() == BY_HAND | PLANNED)
    apply(site, plan, "contract")
    wait_for("the planned routes", lambda: site.prefixes() == passes)
    ages = up_for(site)
    lasted = time.monotonic() - begun
    assert ages["10.121.0.11"] < lasted
    assert min(ages[address] for address in PEERS[1:]) > lasted


def up_for(site: Site) -> dict[str, float]:
    """Return for how many seconds each session has been up; 0 where it is not."""
    return {address: float(found.get("bgpTimerUpMsec") or 0) / 1000 for address, found in site.lab.neighbors().items()}


@pytest.mark.parametrize("group", ["C", "nodes"], ids=["of another group", "of the same group"])
def test_dynamic_neighbors_get_names_while_their_sessions_are_up(site: Site, group: str) -> None:
    start(site, JUMPS.replace("10.121.0.0/16", "10.121.0.0/24").replace(" C", " " + group))
    site.lab.wait_established(*PEERS)
    apply(site, planned(), "expand")
    running = site.lab.vtysh("show running-config").split("\n")
    assert {f" neighbor {address} peer-group nodes" for address in PEERS} <= set(running)
    ranges = [ipaddress.ip_network(line.split()[3]) for line in running if "listen range" in line]
    assert sum(one.num_addresses for one in ranges) == 256 - len(PEERS)
    assert not any(ipaddress.ip_address(address) in one for address in PEERS for one in ranges)
    site.lab.wait_established(*PEERS)
    wait_for("the routes of both", lambda: site.prefixes() == BY_HAND | PLANNED)
    drops = site.drops()
    apply(site, planned(), "contract")
    wait_for("the planned routes", lambda: site.prefixes() == PLANNED)
    assert site.drops() == drops
    assert "listen range" not in site.lab.vtysh("show running-config")
