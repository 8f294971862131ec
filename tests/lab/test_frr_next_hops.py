# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that announces another machine as next hop, on each version of FRR: the router's kernel still leads to the node.

The router runs what an earlier release rendered, without the lines on next hops, and gets the planned configuration while
the sessions are up: none is reset, no route of an honest node moves, and a second run changes nothing.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import ROUTER_SUITES
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import Site as Planned
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import frr_conf
from router_lab import ROUTER_ADDRESS, RouterLab, missing, wait_for
from test_frr_config import Site

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=f"a router cannot start here: {REASON}")]

IN_A_FULL_RUN = ("bullseye", "trixie")
"""The oldest FRR, and the one that a router of the twin has."""
SITE = """
all:
  vars:
    edge_networks: {{lan: {{cidr: [10.121.0.0/24, "fd00:121::/64"]}}}}
    edge_peerings:
      each: {{nodes: each, timers: {{hold: 9}}}}
      both: {{nodes: both, sessions: ipv6, timers: {{hold: 9}}}}
      inside: {{nodes: inside, asn: 65000, timers: {{hold: 9}}}}
    edge_pools:
      four: {{addresses: 203.0.113.64/29, bgp: [each, inside]}}
      six: {{addresses: "fd00:200::/120", bgp: each}}
      mixed: {{addresses: [203.0.113.80/29, "fd00:201::/120"], bgp: both}}
    edge_default_pool: none
  children:
    edge_routers:
      hosts:
        gw:
          edge_router_asn: 65000
          edge_router_frr_version: "{version}"
          edge_addresses: {{lan: [10.121.0.1, "fd00:121::1"]}}
    edge_clusters:
      hosts:
        home: {{edge_cluster_asn: 65001, edge_cilium_version: "1.19.6", edge_cilium_values: {{ipv6: {{enabled: true}}}}}}
    edge_nodes:
      hosts:
        n1: {{edge_addresses: {{lan: [10.121.0.11, "fd00:121::b"]}}, edge_node_labels: {{each: ""}}}}
        n2: {{edge_addresses: {{lan: [10.121.0.12, "fd00:121::c"]}}, edge_node_labels: {{each: ""}}}}
        n3: {{edge_addresses: {{lan: [10.121.0.13, "fd00:121::d"]}}, edge_node_labels: {{both: ""}}}}
        n5: {{edge_addresses: {{lan: [10.121.0.15, "fd00:121::f"]}}, edge_node_labels: {{inside: ""}}}}
"""
"""Sessions of each family, one that carries both, and one inside the router's own AS."""
ELSEWHERE = {"ipv4": "10.121.0.14", "ipv6": "fd00:121::e", "link-local": "fe80::aff:fe79:e"}
"""The machine that nobody planned: its addresses."""
HONEST = {
    "203.0.113.65/32": "10.121.0.11",
    "203.0.113.69/32": "10.121.0.15",
    "fd00:200::1/128": "fd00:121::c",
}
"""Prefixes that are announced as Cilium does -> the node's own address."""
ASTRAY = {
    "203.0.113.66/32": "10.121.0.11",
    "203.0.113.70/32": "10.121.0.15",
    "fd00:200::2/128": "fd00:121::c",
    "fd00:200::3/128": "fd00:121::c",
    "203.0.113.82/32": "fd00:121::d",
    "fd00:201::2/128": "fd00:121::d",
}
"""Prefixes that are announced with the other machine as next hop -> the address of the node that announces them."""
OTHER_MACHINE = f"""
ip prefix-list ASTRAY seq 5 permit 203.0.113.66/32
ip prefix-list ASTRAY seq 10 permit 203.0.113.70/32
ip prefix-list ASTRAY6 seq 5 permit 203.0.113.82/32
ipv6 prefix-list GLOBAL seq 5 permit fd00:200::2/128
ipv6 prefix-list LINK seq 5 permit fd00:200::3/128
ipv6 prefix-list LINK seq 10 permit fd00:201::2/128
route-map OUT permit 10
 match ip address prefix-list ASTRAY
 set ip next-hop {ELSEWHERE["ipv4"]}
exit
route-map OUT permit 15
 match ip address prefix-list ASTRAY6
 set ipv6 next-hop global {ELSEWHERE["ipv6"]}
 set ipv6 next-hop local {ELSEWHERE["link-local"]}
exit
route-map OUT permit 20
 match ipv6 address prefix-list GLOBAL
 set ipv6 next-hop global {ELSEWHERE["ipv6"]}
 set ipv6 next-hop local {ELSEWHERE["link-local"]}
exit
route-map OUT permit 25
 match ipv6 address prefix-list LINK
 set ipv6 next-hop local {ELSEWHERE["link-local"]}
exit
route-map OUT permit 30
exit
"""
"""What the nodes' speakers do: a link-local next hop beside the own address is as good as another address."""


def speaker(last: int, asn: int, router: str, prefixes: tuple[str, ...]) -> str:
    """Return the configuration of a node's bgpd."""
    networks = {
        family: "\n".join(f"  network {prefix}" for prefix in prefixes if (":" in prefix) is (family == "ipv6"))
        for family in ("ipv4", "ipv6")
    }
    families = "".join(
        f" address-family {family} unicast\n{own}\n  neighbor {router} activate\n  neighbor {router} route-map OUT out\n"
        " exit-address-family\n"
        for family, own in networks.items()
    )
    extended = f" neighbor {router} capability extended-nexthop\n" if ":" in router else ""
    return (
        f"router bgp {asn}\n bgp router-id 10.121.0.{last}\n no bgp ebgp-requires-policy\n no bgp network import-check\n"
        f" no bgp default ipv4-unicast\n neighbor {router} remote-as 65000\n neighbor {router} timers 3 9\n"
        f" neighbor {router} timers connect 1\n{extended}{families}exit\n{OTHER_MACHINE}"
    )


def kernel(lab: RouterLab) -> dict[str, str]:
    """Return prefix -> the address to which the router's kernel sends its packets, of BGP's routes."""
    found = {}
    for family, length in (("4", 32), ("6", 128)):
        for line in lab.sh(f"ip -{family} route show proto bgp").stdout.splitlines():
            way = re.match(r"(\S+) .*?via (?:inet6 )?(\S+) dev eth0", line)
            assert way, line
            found[f"{way[1]}/{length}"] = way[2]
    return found


@pytest.mark.parametrize(
    "suite",
    [
        pytest.param(suite, id=f"FRR {found.frr}", marks=() if suite in IN_A_FULL_RUN else pytest.mark.long)
        for suite, found in ROUTER_SUITES.items()
    ],
)
def test_no_node_leads_packets_to_another_machine(suite: str) -> None:
    planned = plan(inventory_from(yaml.safe_load(SITE.format(version=ROUTER_SUITES[suite].frr))))
    assert not planned.failed, planned.findings
    new = frr_conf(Planned(Path(), planned, {}), "gw")
    old = re.sub(r"^ set .* next-hop .*\n", "", new, flags=re.MULTILINE)
    with RouterLab(suite) as lab, lab.ssh_port() as port:
        here = Site(lab, port)
        first = here.run_module(old)
        assert not first["failed"], first["text"]
        lab._leg(lab._namespace("n14"), 14)
        # Without zebra a speaker knows no link-local address of its own, and announces the global one alone, as Cilium does.
        lab.add_peer(12, 65001, [], config=speaker(12, 65001, "fd00:121::1", ("fd00:200::1/128", "fd00:200::2/128", "fd00:200::3/128")))  # fmt: skip
        for last, asn, router, prefixes in (
            (11, 65001, ROUTER_ADDRESS, ("203.0.113.65/32", "203.0.113.66/32")),
            (13, 65001, "fd00:121::1", ("203.0.113.81/32", "203.0.113.82/32", "fd00:201::1/128", "fd00:201::2/128")),
            (15, 65000, ROUTER_ADDRESS, ("203.0.113.69/32", "203.0.113.70/32")),
        ):
            lab.add_peer(last, asn, [], config=speaker(last, asn, router, prefixes), zebra=True)
        lab.wait_established("10.121.0.11", "fd00:121::c", "fd00:121::d", "10.121.0.15")
        everything = {*HONEST, *ASTRAY, "203.0.113.81/32", "fd00:201::1/128"}
        wait_for("all routes", lambda: kernel(lab).keys() == everything)
        before = kernel(lab)
        assert {prefix: before[prefix] for prefix in HONEST} == HONEST
        assert {before[prefix] for prefix in ASTRAY} <= set(ELSEWHERE.values())
        sessions = here.drops()

        lab.sh("(timeout 60 ip monitor route >/tmp/monitor 2>&1 &)")
        changed = here.run_module(new)
        assert not changed["failed"], changed["text"]
        assert (changed["changed"], changed["applied"]) == (True, "reload")
        wait_for("the nodes themselves", lambda: ASTRAY.items() <= kernel(lab).items(), 15)
        after = kernel(lab)
        assert HONEST.items() <= after.items()
        assert (after["203.0.113.81/32"], after["fd00:201::1/128"]) == ("fd00:121::d", "fd00:121::d")
        assert here.drops() == sessions
        told = lab.read("/tmp/monitor").splitlines()
        assert [line for line in told if line.startswith(("203.0.113.65 ", "203.0.113.69 "))] == []
        for line, following in zip(told, [*told[1:], ""], strict=True):
            if line.startswith("Deleted "):
                # Before FRR 10 zebra replaces an IPv6 route by two messages to the kernel, of which the second follows at once.
                assert (suite in ("bullseye", "bookworm"), line.split()[1]) == (True, following.split(" ")[0])
                assert ":" in following.split(" ")[0]

        again = here.run_module(new)
        assert (again["changed"], again["applied"]) == (False, "none")
