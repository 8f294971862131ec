# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends as a whole: a site in good order, ends that cannot be read, and ends that are not verified."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.table import LIVE_CODES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.report import render, summary
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import settle_seconds, verify
from ansible_collections.hybridnet.cluster_edge.tests.support.healthy import healthy
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import (
    PLAN,
    Break,
    Fault,
    Faults,
    LiveSite,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import forwarding, interface
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import site
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_leases import lease_missing
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_routes import foreign_prefix
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_services import dynamic_without_address
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_sessions import session_down

FAULTS = Faults()


@FAULTS.finds(
    "EDGE801 udm-pro: cannot be read: ssh: connect to host udm-pro.invalid port 22: timed out (check that SSH "
    "reaches it and that FRR runs there: systemctl status frr; vtysh -c 'show bgp summary'. A firmware upgrade of UniFi OS switches "
    "FRR off: run site.yml again)",
)
def router_unreachable(site: LiveSite) -> None:
    site.observed["routers"]["udm-pro"] = {"error": "ssh: connect to host udm-pro.invalid port 22: timed out"}


@FAULTS.finds(
    "EDGE802 platform: cannot be read: connection refused (check edge_cluster_kubeconfig and edge_cluster_context: kubectl get --raw /readyz)",
)
def cluster_unreachable(site: LiveSite) -> None:
    site.observed["clusters"]["platform"] = {"error": "connection refused"}


@FAULTS.finds(
    "EDGE805 udm-pro: BGP runs with AS 65100, planned is AS 65000 (run site.yml with --tags router; vtysh -c 'show running-config bgpd')",
)
def another_as(site: LiveSite) -> None:
    site.router["summary"]["ipv4Unicast"]["as"] = 65100


@FAULTS.finds(
    "EDGE878 udm-pro network private: none of its interfaces has 10.122.0.1 (the inventory gives the router this address on the "
    "network: correct edge_addresses, or give the router the address: ip address show)",
)
def router_without_its_address(site: LiveSite) -> None:
    (bridge,) = [item for item in site.router["interfaces"] if item["name"] == "br0"]
    bridge["addresses"] = ["10.121.0.1/24", "10.122.0.9/24"]


FORWARDS_NOTHING = (
    "EDGE900 udm-pro: its kernel forwards no {family} packets that come in by {interface} ({setting}=0): what it sends itself "
    "reaches the services, and no client behind it gets an answer (sysctl -w {setting}=1, and the same in a file in "
    "/etc/sysctl.d, so that it stays after a restart; a line no ip forwarding or no ipv6 forwarding in frr.conf switches it off "
    "again)"
)
NO_IPV4 = FORWARDS_NOTHING.format(family="IPv4", interface="br0", setting="net.ipv4.ip_forward")
NO_IPV6 = FORWARDS_NOTHING.format(family="IPv6", interface="any interface", setting="net.ipv6.conf.all.forwarding")
NO_IPV6_BY_ITS_LEG = FORWARDS_NOTHING.format(family="IPv6", interface="br0", setting="net.ipv6.conf.all.forwarding")


@FAULTS.finds(NO_IPV4)
def router_forwards_nothing(site: LiveSite) -> None:
    """The plan has no IPv6 address."""
    site.router["forwarding"] = forwarding("br0", ipv4=False, ipv6=False)


@FAULTS.finds(
    "EDGE806 udm-pro: runs no BGP (run site.yml with --tags router; vtysh -c 'show running-config bgpd'; is bgpd on in /etc/frr/daemons? "
    "A firmware upgrade of UniFi OS resets both)",
)
def no_bgp(site: LiveSite) -> None:
    site.router.update(summary={}, neighbors={}, bgp={"ipv4": {}, "ipv6": {}}, routes={"ipv4": {}, "ipv6": {}})


@FAULTS.finds(
    "EDGE807 udm-pro: the plan removes the router, and it still has the BGP neighbors 10.121.0.11, 10.121.0.12, "
    "10.121.0.13, 10.122.0.11, 10.122.0.12, 10.122.0.13 (run site.yml, or --tags router,contract: --tags "
    "router alone takes nothing away)",
)
def removed_router_has_sessions(site: LiveSite) -> None:
    router = site.plan["routers"]["udm-pro"]
    router["absent"] = True
    router["frr"] = {**router["frr"], "peer_groups": [], "prefix_lists": [], "route_maps": []}
    site.plan["sessions"] = []
    site.plan["expect"]["announcements"] = []
    site.routes.clear()


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()


def test_site_in_good_order() -> None:
    report = LiveSite().verify()
    assert report.findings == []
    assert {row.level for row in report.rows} == {"ok"}
    assert summary(report) == "29 of 29 expectations met"
    assert not report.may_settle


def test_removed_router_without_sessions_is_in_good_order() -> None:
    site = LiveSite()
    removed_router_has_sessions(site)
    no_bgp(site)
    assert site.texts() == []


def test_every_hint_of_a_run_has_one_for_an_end_that_somebody_else_writes() -> None:
    flagged = {code for code, entry in LIVE_CODES.items() if entry.others}
    assert flagged == {code for code, entry in LIVE_CODES.items() if "site.yml" in entry.hint}
    assert [code for code in flagged if "site.yml" in LIVE_CODES[code].others] == []


def test_a_cluster_to_which_others_apply_gets_no_hint_of_a_run_of_ours() -> None:
    site = LiveSite()
    site.plan["clusters"]["platform"]["apply"] = "others"
    site.resources["CiliumBGPAdvertisement"].pop()
    site.verify()
    (text,) = [text for text in site.texts() if text.startswith("EDGE804")]
    assert text == (
        "EDGE804 platform CiliumBGPAdvertisement public-service: does not exist (others apply to this cluster "
        "(edge_cluster_apply: others), so no run of ours mends it: commit what playbooks/render.yml writes, and let Flux "
        "or Argo CD apply it)"
    )


def test_a_router_that_somebody_else_writes_gets_no_hint_of_a_run_of_ours() -> None:
    """On a router with ``edge_router_bgp_owner: none``."""
    site = LiveSite()
    site.plan["routers"]["udm-pro"]["bgp_owner"] = "none"
    no_bgp(site)
    site.verify()
    (text,) = [text for text in site.texts() if text.startswith("EDGE806")]
    assert "site.yml" not in text
    assert "somebody else writes this router's BGP (edge_router_bgp_owner: none)" in text
    site.plan["routers"]["udm-pro"]["bgp_owner"] = "controller"
    site.verify()
    assert "run site.yml with --tags router" in " ".join(site.texts())


def test_unmanaged_router_is_not_verified() -> None:
    site = LiveSite()
    site.plan["routers"]["udm-pro"]["managed"] = False
    site.observed["routers"].clear()
    report = site.verify()
    assert site.texts() == []
    assert {row.step for row in report.rows} == {"ends", "node_session", "service", "lease"}


def test_prefixes_of_an_unmanaged_cluster_are_judged_by_its_pools_alone() -> None:
    site = LiveSite()
    site.plan["clusters"]["platform"]["managed"] = False
    site.observed["clusters"].clear()
    assert site.texts() == []
    foreign_prefix(site)
    assert site.codes() == ["EDGE842"]


def test_unreadable_cluster_makes_no_findings_about_its_prefixes() -> None:
    site = LiveSite()
    site.observed["clusters"]["platform"] = {"error": "away"}
    assert site.codes() == ["EDGE802"]


def test_nothing_observed_is_an_error() -> None:
    with pytest.raises(EdgeError) as caught:
        verify(PLAN, {"routers": {}, "clusters": {}})
    assert str(caught.value) == (
        "edge_verify_plan: no router and no cluster that the plan manages was observed, so nothing can be verified (the"
        " play's hosts must contain the plan's routers and clusters)"
    )


def test_limit_of_polling_follows_the_timers() -> None:
    assert settle_seconds(PLAN) == 60 + 30 + 15 + 2 * 5
    assert settle_seconds({**PLAN, "sessions": []}) == 60


def test_report_does_not_depend_on_the_order_of_what_was_seen() -> None:
    site, turned = LiveSite(), LiveSite()
    for broken in (site, turned):
        session_down(broken), foreign_prefix(broken), lease_missing(broken), dynamic_without_address(broken)
    for kind, items in turned.resources.items():
        turned.resources[kind] = list(reversed(items))
    turned.router["neighbors"] = dict(reversed(turned.router["neighbors"].items()))
    turned.router["bgp"]["ipv4"]["routes"] = dict(reversed(turned.routes.items()))
    assert render(turned.verify()) == render(site.verify())


@pytest.mark.parametrize("another", ["fd00:122::1/64", "10.123.0.1/24"])
def test_router_needs_each_of_its_addresses(another: str) -> None:
    """The plan has one for each family and subnet."""
    address = another.partition("/")[0]
    site = LiveSite()
    site.plan["routers"]["udm-pro"]["addresses"]["private"].append(address)
    assert [text.partition(" (")[0] for text in site.texts()] == [
        f"EDGE878 udm-pro network private: none of its interfaces has {address}"
    ]
    row = (
        "udm-pro: its addresses on private",
        f"10.122.0.1, {address}",
        f"none of its interfaces has {address}",
        "error",
    )
    assert row in site.rows("ends")
    site.router["interfaces"][1]["addresses"].append(another)
    assert site.texts() == []
    assert {row[3] for row in site.rows("ends")} == {"ok"}


def ipv6_by_bgp(site: LiveSite) -> None:
    for item in site.plan["expect"]["announcements"]:
        item["families"] = ["ipv4", "ipv6"]


def ipv6_by_bgp_to_another_router(site: LiveSite) -> None:
    item = copy.deepcopy(site.plan["expect"]["announcements"][0])
    site.plan["expect"]["announcements"].append({**item, "router": "other", "families": ["ipv6"]})


def l2_alone(site: LiveSite) -> None:
    site.plan["expect"]["announcements"].clear()


def ipv6_on_l2(site: LiveSite) -> None:
    l2_alone(site)
    for pool in site.plan["pools"]:
        pool["families"] = ["ipv6"]
    site.plan["routers"]["udm-pro"]["addresses"]["private"].append("fd00:122::1")
    site.router["interfaces"][1]["addresses"].append("fd00:122::1/64")


def l2_on_a_network_without_the_router(site: LiveSite) -> None:
    l2_alone(site)
    del site.plan["routers"]["udm-pro"]["addresses"]["private"]


def router_leaves(site: LiveSite) -> None:
    site.plan["routers"]["udm-pro"]["absent"] = True


OFF, ON = {"all": False, "br0": False}, {"all": True, "br0": True}


@pytest.mark.parametrize(
    ("prepare", "forwards", "texts"),
    [
        pytest.param(ipv6_by_bgp, {"ipv4": ON, "ipv6": ON}, [], id="forwards"),
        pytest.param(ipv6_by_bgp, {}, [], id="not known"),
        pytest.param(ipv6_by_bgp, None, [], id="an older observation"),
        pytest.param(ipv6_by_bgp, {"ipv4": OFF}, [NO_IPV4], id="a kernel without IPv6"),
        pytest.param(ipv6_by_bgp, {"ipv4": ON, "ipv6": OFF}, [NO_IPV6], id="IPv6"),
        pytest.param(ipv6_by_bgp, {"ipv4": OFF, "ipv6": OFF}, [NO_IPV4, NO_IPV6], id="both"),
        pytest.param(ipv6_by_bgp_to_another_router, {"ipv4": ON, "ipv6": OFF}, [], id="another router's"),
        pytest.param(l2_alone, {"ipv4": OFF, "ipv6": OFF}, [NO_IPV4], id="L2"),
        pytest.param(ipv6_on_l2, {"ipv4": OFF, "ipv6": OFF}, [NO_IPV6_BY_ITS_LEG], id="IPv6 on L2"),
        pytest.param(l2_on_a_network_without_the_router, {"ipv4": OFF}, [], id="L2 elsewhere"),
        pytest.param(router_leaves, {"ipv4": OFF}, [], id="leaves"),
    ],
)
def test_router_forwards_the_families_that_the_plan_brings_to_it(
    prepare: Break, forwards: dict[str, dict[str, bool]] | None, texts: list[str]
) -> None:
    site = LiveSite()
    prepare(site)
    site.router["forwarding"] = forwards
    if forwards is None:
        del site.router["forwarding"]
    assert [text for text in site.texts() if text.startswith("EDGE900")] == texts
    told = [(row[0], row[2], row[3]) for row in site.rows("ends") if row[0].endswith(" packets")]
    assert [("udm-pro: IPv4 packets" if text == NO_IPV4 else "udm-pro: IPv6 packets") for text in texts] == [
        subject for subject, _seen, level in told if level == "error"
    ]
    assert all((level == "error") is seen.startswith("not forwarded") for _subject, seen, level in told)


def two_legs(site: LiveSite, below: str | None = None) -> None:
    """Let the router have its addresses on two interfaces, the second perhaps a macvlan."""
    site.router["interfaces"] = [
        interface("br0", "10.121.0.1/24"),
        interface("br1.122", "10.122.0.1/24", over=below),
        interface("wg9", "10.9.0.1/24"),
    ]


def by_leg(setting: str) -> str:
    return FORWARDS_NOTHING.format(family="IPv4", interface="br1.122", setting=setting)


LEG = by_leg("net.ipv4.conf.br1/122.forwarding")


@pytest.mark.parametrize(
    ("forwards", "texts", "row"),
    [
        pytest.param({"all": True, "br0": True, "br1.122": True, "wg9": False}, [], ("forwarded", "ok"), id="its legs"),
        pytest.param(
            {"all": False, "br0": True, "br1.122": True, "wg9": False}, [], ("forwarded", "ok"), id="its legs alone"
        ),
        pytest.param(
            {"all": False, "br0": True, "br1.122": False, "wg9": True},
            [by_leg("net.ipv4.ip_forward")],
            ("not forwarded from br1.122", "error"),
            id="another interface",
        ),
        pytest.param(
            {"all": True, "br0": True, "br1.122": False, "wg9": True},
            [LEG],
            ("not forwarded from br1.122", "error"),
            id="all but one leg",
        ),
        pytest.param(
            {"all": True, "br0": True, "wg9": True},
            [],
            ("not known: the kernel's setting of br1.122 could not be read", "unknown"),
            id="a leg that was not read",
        ),
    ],
)
def test_router_forwards_what_comes_in_from_nodes(
    forwards: dict[str, bool], texts: list[str], row: tuple[str, str]
) -> None:
    site = LiveSite()
    two_legs(site)
    site.router["forwarding"] = {"ipv4": forwards}
    assert [text for text in site.texts() if text.startswith("EDGE900")] == texts
    assert ("udm-pro: IPv4 packets", "forwarded", *row) in site.rows("ends")


def test_setting_for_all_is_nothing_where_no_interface_has_it() -> None:
    site = LiveSite()
    two_legs(site)
    site.router["forwarding"] = {"ipv4": {"all": True, "br0": False, "br1.122": False, "wg9": False}}
    (text,) = [text for text in site.texts() if text.startswith("EDGE900")]
    assert "come in by br0, br1.122 (net.ipv4.conf.br0.forwarding=0, net.ipv4.conf.br1/122.forwarding=0)" in text
    assert "(sysctl -w net.ipv4.conf.br0.forwarding=1 net.ipv4.conf.br1/122.forwarding=1, and" in text


@pytest.mark.parametrize("own", ["br1", "br1.122"])
def test_of_a_macvlan_and_what_is_below_it_one_forwards(own: str) -> None:
    site = LiveSite()
    two_legs(site, below="br1")
    forwards = {"all": False, "br0": True, "br1": False, "br1.122": False, "wg9": True}
    site.router["forwarding"] = {"ipv4": {**forwards, own: True}}
    assert [text for text in site.texts() if text.startswith("EDGE900")] == []
    site.router["forwarding"] = {"ipv4": forwards}
    (text,) = [text for text in site.texts() if text.startswith("EDGE900")]
    assert "come in by br1 or br1.122 (" in text


@pytest.mark.parametrize(
    ("forwards", "level"),
    [
        pytest.param(ON, "unknown", id="on"),
        pytest.param({"all": True, "br0": False, "wg9": True}, "unknown", id="one of them"),
        pytest.param(OFF, "error", id="off"),
    ],
)
def test_by_which_interface_nodes_answer_is_not_known_without_ip(forwards: dict[str, bool], level: str) -> None:
    site = LiveSite()
    site.router["interfaces"] = []
    site.router["forwarding"] = {"ipv4": forwards}
    assert [row[3] for row in site.rows("ends") if row[0] == "udm-pro: IPv4 packets"] == [level]


def test_what_is_not_known_of_forwarding_is_told_to_be_so() -> None:
    site = LiveSite()
    site.router["forwarding"] = {}
    row = ("udm-pro: IPv4 packets", "forwarded", "not known: the kernel's setting could not be read", "unknown")
    assert row in site.rows("ends")
    assert site.texts() == []


@pytest.mark.parametrize(
    ("of", "routers"),
    [
        pytest.param("two-sites-with-link", ["cabin", "home"], id="nodes and a link"),
        pytest.param("hub-of-three", ["core", "floor-1", "floor-2"], id="a hub and a floor without nodes"),
        pytest.param("unnumbered-link", ["border", "gw"], id="a border without nodes"),
    ],
)
def test_router_that_has_addresses_over_a_link_alone_must_forward(of: str, routers: list[str]) -> None:
    plan = site(of).plan.data
    observed = healthy(plan)
    for seen in observed["routers"].values():
        seen["forwarding"] = {
            family: dict.fromkeys(found, family == "ipv6") for family, found in seen["forwarding"].items()
        }
    found = [finding.path for finding in verify(plan, observed).findings if finding.code == "EDGE900"]
    assert found == routers


def test_router_whose_link_brings_no_address_need_not_forward() -> None:
    plan = copy.deepcopy(site("hub-of-three").plan.data)
    plan["expect"]["announcements"] = []
    observed = healthy(plan)
    for seen in observed["routers"].values():
        seen["forwarding"] = forwarding(ipv4=False, ipv6=False)
    assert not [finding for finding in verify(plan, observed).findings if finding.code == "EDGE900"]


def test_router_whose_addresses_are_not_known_is_told_to_be_so() -> None:
    site = LiveSite()
    site.router["interfaces"] = []
    assert site.texts() == []
    told = (
        "not known: ip gave no answer; so not whether it has a service's address, nor by which interfaces packets leave for"
        " nodes and come in from them"
    )
    assert ("udm-pro: its addresses", "those of the plan", told, "unknown") in site.rows("ends")


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("routers", ("udm-pro: BGP", "AS 65000", "not known: not part of this run", "unknown")),
        ("clusters", ("platform: Cilium's objects", "readable", "not known: not part of this run", "unknown")),
    ],
)
def test_end_that_the_run_leaves_out_is_told_to_be_so(kind: str, row: tuple[str, str, str, str]) -> None:
    site = LiveSite()
    site.observed[kind].clear()
    assert row in site.rows("ends")


@pytest.mark.parametrize(
    ("strange", "text"),
    [
        ({"neighbors": ["10.121.0.11"]}, "FRR's answers: their shape is not known (AttributeError)"),
        ({"interfaces": [{"name": "br0", "addresses": ["10.121.0.1/33"]}]}, "FRR's answers: their shape is not known"),
        (
            {"routes": {"ipv4": {"203.0.113.93/32": [{"installed": True, "selected": True, "nexthops": [None]}]}}},
            "FRR's",
        ),
        ({"bgp": {"ipv4": {"routes": {"everything": []}}}}, "FRR's answers: their shape is not known (ValueError)"),
    ],
)
def test_answer_of_an_unknown_shape_is_an_end_that_cannot_be_read(strange: dict[str, object], text: str) -> None:
    site = LiveSite()
    site.router.update(strange)
    assert [found.partition(" (run")[0][:40] for found in site.texts()] == ["EDGE801 udm-pro: cannot be read: FRR's a"]
    assert text in site.texts()[0]


def test_objects_of_an_unknown_shape_are_a_cluster_that_cannot_be_read() -> None:
    site = LiveSite()
    site.resources["Service"].append({"metadata": None})
    (text,) = site.texts()
    assert text.startswith(
        "EDGE802 platform: cannot be read: Kubernetes' answers: their shape is not known (TypeError)"
    )
