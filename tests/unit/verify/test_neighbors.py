# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The router's neighbors that are no nodes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.neighbors import known_keys
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.observed import RouterSeen
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import verify
from ansible_collections.hybridnet.cluster_edge.tests.support.healthy import healthy
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Fault, Faults, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import (
    SERVICE,
    neighbor,
    path,
    summary_line,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import site


def nas(site: LiveSite) -> None:
    """Let the router have a neighbor that is no node, with an import and an export, in good order."""
    intent = site.plan["routers"]["udm-pro"]["frr"]
    families = {"ipv4": {"import": "nas-ipv4-in", "export": "nas-ipv4-out"}}
    intent["peer_groups"].append({"name": "nas", "neighbors": [], "families": families})
    for name, way, prefix, most in (
        ("nas-ipv4", "in", "192.0.2.0/24", None),
        ("nas-ipv4-sent", "out", "10.121.0.0/24", 32),
    ):
        entry = {"seq": 5, "action": "permit", "prefix": prefix, "ge": None, "le": most}
        intent["prefix_lists"].append({"name": name, "family": "ipv4", "entries": [entry]})
        match = {"family": "ipv4", "prefix_list": name}
        rule = {"seq": 10, "action": "permit", "match": match, "set": {}}
        intent["route_maps"].append({"name": f"nas-ipv4-{way}", "entries": [rule]})
    site.plan["neighbors"] = [
        {
            "router": "udm-pro",
            "name": "nas",
            "link": None,
            "other": None,
            "addresses": ["10.121.0.66"],
            "interface": None,
            "listen_ranges": [],
            "asn": 64999,
            "password": None,
            "local_as": None,
            "families": ["ipv4"],
            "hold": 30,
            "keepalive": 10,
            "graceful_restart": 15,
            "connect_retry": 5,
            "bfd": False,
            "shutdown": False,
            "peer_group": "nas",
        }
    ]
    site.router["neighbors"]["10.121.0.66"] = neighbor(64999, "nas")
    site.routes["192.0.2.0/24"] = [path("10.121.0.66")]
    site.router["advertised"]["ipv4"]["10.121.0.66"] = {"advertisedRoutes": {"10.121.0.0/24": {}}}


FAULTS = Faults(prepare=nas)


@FAULTS.finds(
    "EDGE890 udm-pro neighbor 10.121.0.66 (neighbor nas): the session is Active, not Established; last reason: "
    "Hold Timer Expired (vtysh -c 'show bgp neighbors 10.121.0.66'; is the other end up, with the same password and AS numbers, and is TCP port 179 open?)",
)
def nas_down(site: LiveSite) -> None:
    site.neighbor("10.121.0.66").update(bgpState="Active", lastNotificationReason="Hold Timer Expired")


@FAULTS.finds(
    "EDGE891 udm-pro neighbor 10.121.0.66 (neighbor nas): the timers 9/3 s were negotiated, planned are 30/10 s "
    "(hold/keepalive) (the shorter hold time of the two ends counts: set timers to what the other end has; new timers need a reset)",
)
def nas_timers(site: LiveSite) -> None:
    site.neighbor("10.121.0.66").update(bgpTimerHoldTimeMsecs=9000, bgpTimerKeepAliveIntervalMsecs=3000)


@FAULTS.finds(
    "EDGE892 udm-pro neighbor 10.121.0.66 (neighbor nas): the session does not carry ipv4 (activate the family on the other end)",
)
def nas_without_family(site: LiveSite) -> None:
    site.neighbor("10.121.0.66")["neighborCapabilities"] = {}


@FAULTS.finds(
    "EDGE912 udm-pro neighbor 10.121.0.66 (neighbor nas): graceful restart is off at udm-pro, planned is 15 s (FRR takes part"
    " by itself: look for graceful-restart-disable, of the neighbor or the instance, in vtysh -c 'show running-config bgpd'"
    " there, take it out, then vtysh -c 'clear bgp 10.121.0.66'. Or say graceful_restart: 0)"
)
def router_without_graceful_restart(site: LiveSite) -> None:
    site.neighbor("10.121.0.66")["neighborCapabilities"]["gracefulRestart"] = "received"


@FAULTS.finds(
    "EDGE893 udm-pro neighbor 10.121.0.66 (neighbor nas): 192.0.2.128/25 accepted, which its import does not let "
    "in (the router's filter is wider than planned: run site.yml, or --tags router,contract: --tags router alone takes "
    "nothing away)",
)
def nas_announces_too_much(site: LiveSite) -> None:
    site.routes["192.0.2.128/25"] = [path("10.121.0.66")]


@FAULTS.finds(
    "EDGE894 udm-pro neighbor 10.121.0.66 (neighbor nas): the router announces 10.122.0.0/24, which its export "
    "does not name (run site.yml, or --tags router,contract: --tags router alone takes nothing away; vtysh -c 'show "
    "bgp neighbors 10.121.0.66 advertised-routes')",
)
def nas_is_told_too_much(site: LiveSite) -> None:
    site.router["advertised"]["ipv4"]["10.121.0.66"]["advertisedRoutes"]["10.122.0.0/24"] = {}


@FAULTS.finds(
    "EDGE810 udm-pro neighbor 10.121.0.66 (neighbor nas): the router has no such neighbor (run site.yml with "
    "--tags router; on UniFi OS a configuration from its own UI replaces this one at each provision)",
)
def nas_missing(site: LiveSite) -> None:
    del site.router["neighbors"]["10.121.0.66"], site.routes["192.0.2.0/24"]


@FAULTS.finds(
    "EDGE818 udm-pro neighbor 10.121.0.66 (neighbor nas): the router expects AS 64998 there, planned is AS 64999 (run site.yml "
    "with --tags router)",
)
def nas_of_another_as(site: LiveSite) -> None:
    site.neighbor("10.121.0.66")["remoteAs"] = 64998


@FAULTS.finds(
    "EDGE819 udm-pro neighbor 10.121.0.66 (neighbor nas): the plan protects the session with a password (TCP MD5), the router "
    "has none on it (run site.yml, both ends take the password from edge_bgp_passwords)",
)
def nas_without_its_password(site: LiveSite) -> None:
    site.plan["neighbors"][0]["password"] = "nas"


@FAULTS.finds(
    "EDGE816 udm-pro neighbor 10.121.0.66 (neighbor nas): the session is Established but exchanges no routes: a direction has "
    "no route-map (RFC 8212) (run site.yml with --tags router; vtysh -c 'show bgp neighbors 10.121.0.66')",
)
def nas_without_a_policy(site: LiveSite) -> None:
    site.router["summary"]["ipv4Unicast"]["peers"]["10.121.0.66"] = {**summary_line(64999), "peerState": "Policy"}


def watched(site: LiveSite, status: str | None = "Up") -> None:
    """Let the plan watch the session by BFD, and FRR show this of it; None: nothing."""
    site.plan["neighbors"][0]["bfd"] = True
    if status is not None:
        site.neighbor("10.121.0.66")["peerBfdInfo"] = {"type": "single hop", "status": status}


NO_BFD = (
    "EDGE909 udm-pro neighbor 10.121.0.66 (neighbor nas): the session is Established, and BFD, which the plan has on it, is"
    " {}: a dead neighbor is noticed after the hold time alone (vtysh -c 'show bfd peers' and vtysh -c 'show bgp neighbors"
    " 10.121.0.66'; is bfdd=yes in /etc/frr/daemons on the router, does the other end speak BFD, and are UDP ports 3784 and"
    " 4784 open? Or say bfd: false)"
)


@FAULTS.finds(NO_BFD.format("down"))
def nas_that_bfd_never_heard(site: LiveSite) -> None:
    watched(site, "Down")


@FAULTS.finds(NO_BFD.format("unknown"))
def router_without_bfdd(site: LiveSite) -> None:
    watched(site, "Unknown")


@FAULTS.finds(NO_BFD.format("not configured"))
def router_whose_line_of_bfd_is_away(site: LiveSite) -> None:
    """FRR 7.5 to 10.7 show nothing of BFD then, and with the line always something."""
    watched(site, None)


@FAULTS.finds()
def nas_whose_bfd_nobody_planned(site: LiveSite) -> None:
    site.neighbor("10.121.0.66")["peerBfdInfo"] = {"status": "Down"}


@FAULTS.finds(
    "EDGE890 udm-pro neighbor 10.121.0.66 (neighbor nas): the session is Active, not Established (vtysh -c 'show bgp"
    " neighbors 10.121.0.66'; is the other end up, with the same password and AS numbers, and is TCP port 179 open?)"
)
def nas_down_and_its_bfd_too(site: LiveSite) -> None:
    watched(site, "Down")
    site.neighbor("10.121.0.66")["bgpState"] = "Active"


def exports_the_service(site: LiveSite) -> None:
    """Let the plan export the service's address to the neighbor."""
    sent = next(
        item for item in site.plan["routers"]["udm-pro"]["frr"]["prefix_lists"] if item["name"] == "nas-ipv4-sent"
    )
    sent["entries"].append({"seq": 10, "action": "permit", "prefix": SERVICE, "ge": None, "le": None})


@FAULTS.finds(
    "EDGE889 udm-pro neighbor 10.121.0.66 (neighbor nas): 203.0.113.94/32: the router has it and does not announce it, "
    "though its export names it (what leaves: vtysh -c 'show bgp neighbors 10.121.0.66 advertised-routes'; what "
    "the other end makes of it: vtysh -c 'show bgp PREFIX' there)",
)
def nas_is_not_told_of_a_service(site: LiveSite) -> None:
    exports_the_service(site)


@FAULTS.finds()
def nas_is_told_of_a_service(site: LiveSite) -> None:
    exports_the_service(site)
    site.router["advertised"]["ipv4"]["10.121.0.66"]["advertisedRoutes"][SERVICE] = {}


@FAULTS.finds()
def nas_is_of_the_nodes_as_and_would_refuse_it(site: LiveSite) -> None:
    exports_the_service(site)
    site.plan["neighbors"][0]["asn"] = site.neighbor("10.121.0.66")["remoteAs"] = 65002


@FAULTS.finds()
def the_service_s_route_stays_in_the_as(site: LiveSite) -> None:
    exports_the_service(site)
    for pool in site.plan["pools"]:
        pool["communities"] = ["no-export"]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()


def test_planned_neighbor_in_good_order() -> None:
    site = LiveSite()
    nas(site)
    assert site.texts() == []
    assert {row.level for row in site.verify().rows} == {"ok"}


@pytest.mark.parametrize(
    ("status", "twin", "seen", "level"),
    [
        ("Up", False, "BFD up", "ok"),
        ("Down", False, "BFD down", "error"),
        (None, False, "BFD not configured", "error"),
        (None, True, "BFD not configured", "error"),
        ("Down", True, "BFD not tried: nobody answers it in a twin", "unknown"),
        ("Up", True, "BFD up", "ok"),
    ],
)
def test_planned_bfd_is_told_in_the_row_of_the_session(status: str | None, twin: bool, seen: str, level: str) -> None:
    site = LiveSite()
    nas(site)
    watched(site, status)
    site.observed["twin"] = twin
    row = next(row for row in site.rows("router_session") if "nas" in row[0])
    assert row[1:] == ("Established, 30/10 s, BFD up", f"Established, 30/10 s, {seen}", level)
    assert site.codes() == (["EDGE909"] if level == "error" else [])


def test_unknown_bfd_hides_no_other_policy() -> None:
    site = LiveSite()
    nas(site)
    watched(site, "Down")
    site.observed["twin"] = True
    site.family("10.121.0.66")["routeMapForIncomingAdvertisements"] = None
    assert site.codes() == ["EDGE828"]
    assert next(row[3] for row in site.rows("router_session") if "nas" in row[0]) == "error"


def two_sites() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the plan of two sites with a link, and both in good order, with each one's service at the other."""
    plan = site("two-sites-with-link").plan.data
    return plan, healthy(plan)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (None, None),
        ("advertised", "the router has it and does not announce it, though its export names it"),
        ("bgp", "announced to cabin, which has not accepted it, though its import names it"),
    ],
)
def test_service_of_one_site_must_come_to_the_other(table: str | None, reason: str | None) -> None:
    plan, observed = two_sites()
    home, cabin = observed["routers"]["home"], observed["routers"]["cabin"]
    prefix = "10.51.200.0/32"
    if table == "advertised":
        del home["advertised"]["ipv4"]["10.255.50.2"]
    elif table == "bgp":
        del cabin["bgp"]["ipv4"]["routes"][prefix]
    found = [finding.text.partition(" (what leaves")[0] for finding in verify(plan, observed).findings]
    wanted = f"home neighbor 10.255.50.2 (link tunnel): {prefix}: {reason}"
    assert found == [wanted] * (reason is not None)


RESTART = "home neighbor 10.255.50.2 (link tunnel): graceful restart is off at {}, planned is 15 s"


@pytest.mark.parametrize(
    ("capability", "others_managed", "planned", "off"),
    [
        pytest.param("advertisedAndReceived", True, 15, None, id="both"),
        pytest.param("advertised", True, 15, "cabin", id="not the other"),
        pytest.param("advertised", False, 15, None, id="not one that we do not manage"),
        pytest.param("received", True, 15, "home", id="not the router"),
        pytest.param("received", False, 15, "home", id="not the router, and the other is not ours"),
        pytest.param(None, True, 15, "home", id="neither"),
        pytest.param(None, True, 0, None, id="neither, and none is planned"),
    ],
)
def test_both_ends_of_a_link_take_part_in_graceful_restart(
    capability: str | None, others_managed: bool, planned: int, off: str | None
) -> None:
    plan, observed = (copy.deepcopy(item) for item in two_sites())
    plan["routers"]["cabin"]["managed"] = others_managed
    for item in plan["neighbors"]:
        item["graceful_restart"] = planned
    observed["routers"]["home"]["neighbors"]["10.255.50.2"]["neighborCapabilities"]["gracefulRestart"] = capability
    found = [finding.text.partition(" (FRR takes")[0] for finding in verify(plan, observed).findings]
    assert found == [RESTART.format(off)] * (off is not None)


@pytest.mark.parametrize("policy", [True, False], ids=["as planned", "with another policy"])
def test_graceful_restart_of_a_neighbor_that_frr_does_not_show_is_not_known(policy: bool) -> None:
    site = LiveSite()
    nas(site)
    del site.neighbor("10.121.0.66")["gracefulRestartInfo"]
    if not policy:
        site.family("10.121.0.66")["routeMapForIncomingAdvertisements"] = None
    assert site.codes() == ([] if policy else ["EDGE828"])
    row = next(row for row in site.rows("router_session") if "nas" in row[0])
    assert row[2:] == ("Established, 30/10 s, graceful restart not known", "unknown" if policy else "error")


@pytest.mark.parametrize(
    ("shutdown", "row"),
    [
        (False, ("Established, 30/10 s", "not known: nobody has dialled in", "unknown")),
        (True, ("shut down", "nobody has dialled in", "ok")),
    ],
)
def test_neighbor_that_has_not_dialled_in_is_told_to_be_so(shutdown: bool, row: tuple[str, str, str]) -> None:
    site = LiveSite()
    nas(site)
    site.plan["neighbors"][0].update(addresses=[], listen_ranges=["10.121.0.64/27"], shutdown=shutdown)
    subject = "udm-pro <- nas 10.121.0.64/27 (neighbor nas)"
    assert subject not in [found[0] for found in site.rows("router_session")]
    del site.router["neighbors"]["10.121.0.66"], site.routes["192.0.2.0/24"]
    assert site.texts() == []
    assert (subject, *row) in site.rows("router_session")


def test_a_neighbor_is_known_on_its_own_router_alone() -> None:
    site = LiveSite()
    nas(site)
    sessions, seen = site.plan["sessions"], RouterSeen(None, {}, {}, {}, {})
    nodes = {session["node_address"] for session in sessions}
    assert nodes
    assert known_keys(site.plan, "udm-pro", seen, sessions) == {"10.121.0.66", *nodes}
    assert known_keys(site.plan, "udm-pro", seen, ()) == {"10.121.0.66"}
    assert known_keys(site.plan, "other", seen, sessions) == set()
