# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefixes that the router accepts, installs and announces."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import verify
from ansible_collections.hybridnet.cluster_edge.tests.support.healthy import healthy
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Fault, Faults, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import (
    INGRESS,
    SERVICE,
    endpoint,
    endpoint_slice,
    interface,
    neighbor,
    path,
    peer,
    route,
    summary_line,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import site as planned_site
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_neighbors import nas

FAULTS = Faults()


@FAULTS.finds(
    "EDGE840 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): not "
    "accepted from node01 (does the node announce it: cilium bgp routes advertised ipv4 unicast; does the "
    "router's filter let it through: vtysh -c 'show bgp neighbors 10.121.0.11' (inboundFiltered))",
)
def prefix_missing(site: LiveSite) -> None:
    site.routes[INGRESS].pop(0)
    site.kernel[INGRESS] = route("10.121.0.12")


@FAULTS.finds(
    "EDGE840 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): not "
    "accepted from node01, node02 (does the node announce it: cilium bgp routes advertised ipv4 unicast; does "
    "the router's filter let it through: vtysh -c 'show bgp neighbors 10.121.0.11' (inboundFiltered))",
)
def prefix_missing_everywhere(site: LiveSite) -> None:
    del site.routes[INGRESS], site.kernel[INGRESS]


@FAULTS.finds(
    "EDGE902 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): comes from none of node01, node02, node03: "
    "traffic policy is Local, and no ready endpoint of the service names one of them as its node (use externalTrafficPolicy "
    "Cluster, or give the endpoints their nodeName. Services of Cilium's own Ingress and Gateway are announced with Local "
    "where Envoy runs, and by Cilium up to 1.18 not at all (cilium #36816))",
)
def endpoints_without_a_node(site: LiveSite) -> None:
    site.slice("dummy")["endpoints"] = [endpoint(None)]
    announced_by_nobody(site)


def announced_by_nobody(site: LiveSite) -> None:
    """Let no node announce the service."""
    del site.routes[SERVICE], site.kernel[SERVICE]
    for node in ("node01", "node02", "node03"):
        site.peer(node, 1)["routeCount"] = []


THIRD_PARTY = (
    "which is not the node itself (traffic for the service goes to that machine: find out what runs on the node and "
    "speaks BGP for it (kubectl -n kube-system get pods -o wide); vtysh -c 'show bgp 203.0.113.93/32')"
)


@FAULTS.finds(
    "EDGE847 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): the path from "
    f"node01 leads to 10.121.0.66, {THIRD_PARTY}",
)
def a_node_announces_another_machine(site: LiveSite) -> None:
    site.routes[INGRESS][0]["nexthops"] = [{"ip": "10.121.0.66"}]
    site.kernel[INGRESS] = route("10.121.0.66", "10.121.0.12")


@FAULTS.finds(
    "EDGE847 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): the path from "
    f"node01, node02 leads to 10.9.9.9, {THIRD_PARTY}",
)
def all_nodes_announce_another_machine(site: LiveSite) -> None:
    for accepted in site.routes[INGRESS]:
        accepted["nexthops"] = [{"ip": "10.9.9.9"}]
    # Both paths resolve to one way.
    site.kernel[INGRESS] = route("10.9.9.9", "10.9.9.9")


@FAULTS.finds(
    "EDGE852 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the router sends to 10.9.9.9, which no "
    "accepted path leads to (a static route or a route-map of zebra (ip protocol bgp route-map) may change it: vtysh -c "
    "'show ip route 203.0.113.94/32')",
)
def the_kernel_sends_elsewhere(site: LiveSite) -> None:
    site.kernel[SERVICE] = route("10.9.9.9", "10.122.0.13")


@FAULTS.finds(
    "EDGE841 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): accepted "
    "from node03 (10.121.0.13), expected only from node01, node02 (a node that announces without a ready "
    "endpoint (Local) or outside its peering drops traffic: kubectl get endpointslices -A -o wide; vtysh -c 'show bgp 203.0.113.93/32')",
)
def prefix_from_node_without_endpoint(site: LiveSite) -> None:
    site.routes[INGRESS].append(path("10.121.0.13"))
    site.kernel[INGRESS] = route("10.121.0.11", "10.121.0.12", "10.121.0.13")


@FAULTS.finds(
    "EDGE841 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): accepted "
    "from node01 (10.122.0.11), expected only from node01, node02 (a node that announces without a ready "
    "endpoint (Local) or outside its peering drops traffic: kubectl get endpointslices -A -o wide; vtysh -c 'show bgp 203.0.113.93/32')",
)
def prefix_over_another_peering(site: LiveSite) -> None:
    site.routes[INGRESS].append(path("10.122.0.11"))
    site.kernel[INGRESS] = route("10.121.0.11", "10.121.0.12", "10.122.0.11")


STRANGER = (
    "the router has this neighbor (AS 64999, Established), and the plan does not (whoever it is may send routes here: take "
    "it off with site.yml, or --tags router,contract; or keep it as one of edge_router_neighbors. One that dials in from a "
    "listen range without being a node is kept out by a password)"
)


@FAULTS.finds(
    f"EDGE809 udm-pro neighbor 10.121.0.66: {STRANGER}",
    "EDGE841 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): accepted "
    "from 10.121.0.66, expected only from node01, node02 (a node that announces without a ready endpoint (Local) "
    "or outside its peering drops traffic: kubectl get endpointslices -A -o wide; vtysh -c 'show bgp 203.0.113.93/32')",
)
def prefix_from_stranger(site: LiveSite) -> None:
    site.router["neighbors"]["10.121.0.66"] = neighbor(64999)
    site.routes[INGRESS].append(path("10.121.0.66"))
    site.kernel[INGRESS] = route("10.121.0.11", "10.121.0.12", "10.121.0.66")


@FAULTS.finds(f"EDGE809 udm-pro neighbor 10.121.0.99: {STRANGER}")
def a_neighbor_that_nobody_planned_sends_nothing(site: LiveSite) -> None:
    site.router["neighbors"]["10.121.0.99"] = neighbor(64999)


@FAULTS.finds(
    "EDGE841 udm-pro prefix 10.122.0.171/32 (platform affine/affine-svc-lb): accepted from node01 (10.122.0.11), "
    "expected only from nobody (a node that announces without a ready endpoint (Local) or outside its peering "
    "drops traffic: kubectl get endpointslices -A -o wide; vtysh -c 'show bgp 10.122.0.171/32')",
)
def l2_address_over_bgp(site: LiveSite) -> None:
    site.routes["10.122.0.171/32"] = [path("10.122.0.11")]


@FAULTS.finds(
    "EDGE842 udm-pro prefix 192.168.9.0/25: accepted from node01, node02, and it is no address of a pool (the "
    "router's import filter is wider than planned: run site.yml, or --tags router,contract: --tags router alone takes "
    "nothing away; vtysh -c 'show bgp 192.168.9.0/25')",
)
def foreign_prefix(site: LiveSite) -> None:
    site.routes["192.168.9.0/25"] = [path("10.121.0.11"), path("10.121.0.12")]


@FAULTS.finds(
    "EDGE842 udm-pro prefix 0.0.0.0/0: accepted from node03, and it is no address of a pool (the router's import "
    "filter is wider than planned: run site.yml, or --tags router,contract: --tags router alone takes nothing away; "
    "vtysh -c 'show bgp 0.0.0.0/0')",
)
def default_route_accepted(site: LiveSite) -> None:
    site.routes["0.0.0.0/0"] = [path("10.122.0.13")]


@FAULTS.finds(
    "EDGE842 udm-pro prefix 203.0.113.92/30: accepted from node01, and it is no address of a pool (the router's "
    "import filter is wider than planned: run site.yml, or --tags router,contract: --tags router alone takes nothing "
    "away; vtysh -c 'show bgp 203.0.113.92/30')",
)
def pool_as_a_whole(site: LiveSite) -> None:
    site.routes["203.0.113.92/30"] = [path("10.121.0.11")]


OTHER_WAY = (
    "find the address, route or VPN of the router that draws the node's address there: ip route get 10.122.0.12, ip "
    "address show dev wg0"
)


@FAULTS.finds(
    "EDGE899 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the router sends to node02 by wg0, and its own "
    f"address on their network is on br0 ({OTHER_WAY})",
)
def route_by_another_interface(site: LiveSite) -> None:
    site.kernel[SERVICE][0]["nexthops"][0]["interfaceName"] = "wg0"


@FAULTS.finds(
    "EDGE899 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the router sends to node02, node03 by wg0, and "
    f"its own address on their network is on br0 ({OTHER_WAY})",
)
def next_hops_that_a_route_of_the_router_leads_over_another_router(site: LiveSite) -> None:
    way = {"ip": "10.99.0.2", "resolver": True, "fib": True, "active": True, "interfaceName": "wg0"}
    site.kernel[SERVICE][0]["nexthops"] = [
        entry
        for address in ("10.122.0.12", "10.122.0.13")
        for entry in ({"ip": address, "active": True, "recursive": True}, way)
    ]


@FAULTS.finds()
def a_virtual_router_s_interface_and_the_one_below(site: LiveSite) -> None:
    site.router["interfaces"] = [
        interface("br0", "10.121.0.1/24", "10.122.0.2/24"),
        interface("vrrp4", "10.122.0.1/24", over="br0"),
    ]


@FAULTS.finds()
def an_address_without_a_subnet_says_nothing_of_the_way(site: LiveSite) -> None:
    site.router["interfaces"] = [interface("lo", "10.121.0.1/32", "10.122.0.1/32"), interface("wg0", "10.9.0.1/24")]


@FAULTS.finds()
def interfaces_that_were_not_read(site: LiveSite) -> None:
    site.router["interfaces"] = []
    site.kernel[SERVICE][0]["nexthops"][0]["interfaceName"] = "wg0"


@FAULTS.finds()
def own_route(site: LiveSite) -> None:
    site.routes["10.121.0.0/24"] = [{"valid": True, "bestpath": True, "peerId": "(unspec)", "weight": 32768}]


@FAULTS.finds(
    "EDGE843 udm-pro prefix 10.122.0.140/32: accepted from node02, inside pool private-ingress, but no live "
    "service holds the address (a node announces what nobody serves: kubectl get services -A | grep 10.122.0.140; an agent may hang with old state)",
)
def address_of_no_service(site: LiveSite) -> None:
    site.routes["10.122.0.140/32"] = [path("10.122.0.12")]


@FAULTS.finds(
    "EDGE844 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the path from node03 is stale: the "
    "router keeps it for the graceful restart of an agent that is away (see the node's Cilium agent; the path goes when the restart time is over)",
)
def stale_path(site: LiveSite) -> None:
    site.routes[SERVICE][1]["stale"] = True


@FAULTS.finds(
    "EDGE845 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the path from node03 is not valid: "
    "the router does not reach its next hop (vtysh -c 'show bgp nexthop'; is the node's network up on the router?)",
)
def rejected_next_hop(site: LiveSite) -> None:
    site.routes[SERVICE][1].update(valid=False, multipath=False)
    site.kernel[SERVICE] = route("10.122.0.12")


@FAULTS.finds(
    "EDGE846 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the router announces the default "
    "route to the node, planned is nothing (networks of the site leak to the nodes: run site.yml, or --tags "
    "router,contract: --tags router alone takes nothing away; vtysh -c 'show bgp ipv4 unicast neighbors 10.121.0.11 advertised-routes')",
)
def default_route_leaks(site: LiveSite) -> None:
    site.family().update(sentPrefixCounter=1, defaultSent=True)


@FAULTS.finds(
    "EDGE846 udm-pro neighbor 10.122.0.12 (node02, peering public-service): the router announces 10.121.0.0/24, "
    "192.168.1.0/24 to the node, planned is nothing (networks of the site leak to the nodes: run site.yml, or "
    "--tags router,contract: --tags router alone takes nothing away; vtysh -c 'show bgp ipv4 unicast neighbors 10.122.0.12 advertised-routes')",
)
def networks_leak(site: LiveSite) -> None:
    site.family("10.122.0.12")["sentPrefixCounter"] = 2
    table = {"advertisedRoutes": {"192.168.1.0/24": {}, "10.121.0.0/24": {}}}
    site.router["advertised"]["ipv4"]["10.122.0.12"] = table


@FAULTS.finds(
    "EDGE850 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): accepted, "
    "but the router's kernel does not use it (another route may win, or the kernel may refuse multipath routes "
    "(rejected, older UniFi OS): vtysh -c 'show ip route 203.0.113.93/32')",
)
def not_installed(site: LiveSite) -> None:
    site.kernel[INGRESS][0].update(installed=False)


@FAULTS.finds(
    "EDGE850 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): accepted, "
    "but the router's kernel does not use it (another route may win, or the kernel may refuse multipath routes "
    "(rejected, older UniFi OS): vtysh -c 'show ip route 203.0.113.93/32')",
)
def another_route_wins(site: LiveSite) -> None:
    site.kernel[INGRESS][0].pop("selected")


@FAULTS.finds(
    "EDGE851 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the kernel uses 1 of 2 next hops "
    "(look for maximum-paths 1 and for next hops that are inactive: vtysh -c 'show ip route 203.0.113.94/32')",
)
def next_hop_rejected(site: LiveSite) -> None:
    site.kernel[SERVICE][0]["nexthops"][1]["fib"] = False


@FAULTS.finds(
    "EDGE851 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the kernel uses 1 of 2 next hops "
    "(look for maximum-paths 1 and for next hops that are inactive: vtysh -c 'show ip route 203.0.113.94/32')",
)
def maximum_paths_one(site: LiveSite) -> None:
    site.kernel[SERVICE] = route("10.122.0.12")


@FAULTS.finds(
    "EDGE851 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the kernel uses 1 of 2 next hops "
    "(look for maximum-paths 1 and for next hops that are inactive: vtysh -c 'show ip route 203.0.113.94/32')",
)
def both_next_hops_lead_to_one_node(site: LiveSite) -> None:
    site.kernel[SERVICE] = route("10.122.0.12", "10.122.0.12")


@FAULTS.finds(
    "EDGE851 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the kernel uses 1 of 2 next hops "
    "(look for maximum-paths 1 and for next hops that are inactive: vtysh -c 'show ip route 203.0.113.94/32')",
)
def one_next_hop_is_a_blackhole(site: LiveSite) -> None:
    site.kernel[SERVICE][0]["nexthops"][1] = {"fib": True, "active": True, "unreachable": True, "blackhole": True}


@FAULTS.finds(
    "EDGE850 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): accepted, but the router's kernel does not use "
    "it (another route may win, or the kernel may refuse multipath routes (rejected, older UniFi OS): vtysh -c 'show ip route "
    "203.0.113.94/32')",
)
def the_kernel_refused_the_last_change(site: LiveSite) -> None:
    site.kernel[SERVICE][0]["failed"] = True


@FAULTS.finds(
    "EDGE850 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): accepted, but the router's kernel does not use "
    "it (another route may win, or the kernel may refuse multipath routes (rejected, older UniFi OS): vtysh -c 'show ip route "
    "203.0.113.94/32')",
)
def the_route_is_a_blackhole(site: LiveSite) -> None:
    site.kernel[SERVICE][0]["nexthops"] = [{"fib": True, "active": True, "unreachable": True, "blackhole": True}]


@FAULTS.finds()
def planned_maximum_paths(site: LiveSite) -> None:
    site.plan["routers"]["udm-pro"]["frr"]["maximum_paths"] = 1
    site.kernel[SERVICE] = route("10.122.0.12")
    site.kernel[INGRESS] = route("10.121.0.11")


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()


def test_nodes_of_different_asns_without_multipath_relax_share_no_prefix() -> None:
    site = LiveSite()
    for session in site.plan["sessions"]:
        if session["node"] == "node02":
            session["node_asn"] = 65012
    for address in ("10.121.0.12", "10.122.0.12"):
        site.neighbor(address)["remoteAs"] = 65012
    for prefix, first in ((INGRESS, "10.121.0.11"), (SERVICE, "10.122.0.12")):
        for item in site.routes[prefix]:
            item.pop("multipath"), item.update(bestpath=item["peerId"] == first)
            item["path"] = "65012" if item["peerId"].endswith(".12") else item["path"]
        site.kernel[prefix] = route(first)
    assert site.texts() == []
    assert {row[1] for row in site.rows("installed")} == {"1 next hop"}


def ipv6_site() -> LiveSite:
    """Return the reference site with a second, IPv6 address on the dummy service, over a session of its own to node02."""
    site = LiveSite()
    plan, router = site.plan, site.router
    group = copy.deepcopy(plan["routers"]["udm-pro"]["frr"]["peer_groups"][1])
    group.update(name="platform-public-service-v6", neighbors=[{"address": "2001:db8:122:0::12"}])
    plan["routers"]["udm-pro"]["frr"]["peer_groups"].append(group)
    session = next(s for s in plan["sessions"] if s["node_address"] == "10.122.0.12")
    plan["sessions"].append(
        {
            **session,
            "node_address": "2001:db8:122:0::12",
            "router_address": "2001:db8:122::1",
            "family": "ipv6",
            "families": ["ipv6"],
            "peer_group": "platform-public-service-v6",
            "peer": "public-service-udm-pro-v6",
        }
    )
    pool = next(p for p in plan["pools"] if p["name"] == "public-service")
    pool["ranges"].append(["2001:db8:94::", "2001:db8:94::ffff"])
    announcement = copy.deepcopy(plan["expect"]["announcements"][1])
    announcement.update(
        families=["ipv6"], peer_group="platform-public-service-v6", nodes={"node02": "2001:db8:122:0::12"}
    )
    plan["expect"]["announcements"].append(announcement)
    next(s for s in plan["services"] if s["name"] == "dummy-service")["addresses"].append("2001:DB8:94:0::94")
    address = "2001:db8:122::12"
    seen = neighbor(65002)
    seen["neighborCapabilities"]["multiprotocolExtensions"] = {"ipv6Unicast": {"advertisedAndReceived": True}}
    seen["addressFamilyInfo"] = {"ipv6Unicast": {"sentPrefixCounter": 0}}
    router["neighbors"][address] = seen
    router["summary"]["ipv6Unicast"] = {"as": 65000, "peers": {address: summary_line(65002)}}
    hops = [{"ip": address, "scope": "global"}, {"ip": "fe80::2", "scope": "link-local", "used": True}]
    router["bgp"]["ipv6"]["routes"]["2001:db8:94::94/128"] = [{**path(address), "nexthops": hops}]
    router["routes"]["ipv6"]["2001:db8:94::94/128"] = route("fe80::2")
    site.service("dummy-service")["status"]["loadBalancer"]["ingress"].append({"ip": "2001:db8:94::94"})
    item = endpoint_slice("dummy", "dummy-service", endpoint("node02"))
    site.resources["EndpointSlice"].append({**item, "addressType": "IPv6"})
    extra = peer("public-service-udm-pro-v6", 1)
    extra["routeCount"][0]["afi"] = "ipv6"
    site.item("CiliumBGPNodeConfig", "node02")["status"]["bgpInstances"][1]["peers"].append(extra)
    return site


def test_ipv6() -> None:
    site = ipv6_site()
    assert site.texts() == []
    assert site.rows("accepted")[2] == ("udm-pro 2001:db8:94::94/128", "node02", "node02", "ok")
    site.router["bgp"]["ipv6"]["routes"].clear()
    assert site.codes() == ["EDGE840"]


def test_ipv6_prefix_is_told_with_the_commands_of_its_family() -> None:
    site = ipv6_site()
    site.router["routes"]["ipv6"] = {}
    assert site.texts() == [
        "EDGE850 udm-pro prefix 2001:db8:94::94/128 (platform dummy/dummy-service): accepted, but the router's kernel does"
        " not use it (another route may win, or the kernel may refuse multipath routes (rejected, older UniFi OS): vtysh"
        " -c 'show ipv6 route 2001:db8:94::94/128')"
    ]


def test_a_longer_path_by_way_of_another_router_is_no_missing_next_hop() -> None:
    site = LiveSite()
    nas(site)
    list_of = next(
        item for item in site.plan["routers"]["udm-pro"]["frr"]["prefix_lists"] if item["name"] == "nas-ipv4"
    )
    list_of["entries"].append({"seq": 10, "action": "permit", "prefix": SERVICE, "ge": None, "le": None})
    site.routes[SERVICE].append({**path("10.121.0.66"), "multipath": False})
    assert site.texts() == []


@pytest.mark.parametrize("maximum_paths", [None, 1])
def test_path_of_a_planned_neighbor_that_the_router_uses_takes_clients_from_the_nodes(
    maximum_paths: int | None,
) -> None:
    site = LiveSite()
    nas(site)
    site.plan["routers"]["udm-pro"]["frr"]["maximum_paths"] = maximum_paths
    for prefix, first in ((INGRESS, "10.121.0.11"), (SERVICE, "10.122.0.12")) if maximum_paths else ():
        site.kernel[prefix] = route(first)
    list_of = next(
        item for item in site.plan["routers"]["udm-pro"]["frr"]["prefix_lists"] if item["name"] == "nas-ipv4"
    )
    list_of["entries"].append({"seq": 10, "action": "permit", "prefix": SERVICE, "ge": None, "le": None})
    assert site.texts() == []
    site.routes[SERVICE].append({**path("10.121.0.66"), "bestpath": True})
    site.kernel[SERVICE] = route("10.121.0.66") if maximum_paths else route("10.121.0.66", "10.122.0.12", "10.122.0.13")
    (found,) = site.texts()
    assert ": accepted from 10.121.0.66, expected only from node02, node03 (" in found
    site.slice("dummy")["endpoints"] = [endpoint(None)]
    assert any(
        ": accepted from 10.121.0.66, expected only from node01, node02, node03 (" in text for text in site.texts()
    )


AGGREGATE, STALE = "203.0.113.64/29", "203.0.113.72/29"


def aggregates() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the plan of a site whose pool is announced in aggregates, and what is observed of it in good order."""
    plan = copy.deepcopy(planned_site("aggregate-and-communities").plan.data)
    observed = healthy(plan)
    router = observed["routers"]["gw"]
    for table in (router["bgp"]["ipv4"]["routes"], router["routes"]["ipv4"], router["best"]["ipv4"]):
        table[AGGREGATE] = table.pop("203.0.113.64/32")
    router["details"] = {"ipv4": {"routes": {}}, "ipv6": {"routes": {}}}
    return plan, observed


def test_aggregate_that_no_service_needs_is_told() -> None:
    plan, observed = aggregates()
    routes = observed["routers"]["gw"]["bgp"]["ipv4"]["routes"]
    assert verify(plan, observed).errors == []
    routes[STALE] = [path("10.16.0.12", "64541")]
    report = verify(plan, observed)
    assert [f"{found.code} {found.text}" for found in report.errors] == [
        f"EDGE843 gw prefix {STALE}: accepted from n2, inside pool lb, but no live service holds an address in it (a node "
        "announces what nobody serves: kubectl get services -A | grep LoadBalancer; an agent may hang with old state)"
    ]
    assert [(row.seen, row.level) for row in report.rows if row.subject == "gw accepts"] == [(STALE, "error")]


def test_aggregate_of_a_service_that_is_announced_otherwise_is_from_an_unexpected_node() -> None:
    """With traffic policy Local each address is announced by itself."""
    plan, observed = aggregates()
    router, cluster = observed["routers"]["gw"], observed["clusters"]["home"]
    (service,) = cluster["resources"]["Service"]
    service["spec"]["externalTrafficPolicy"] = "Local"
    router["bgp"]["ipv4"]["routes"]["203.0.113.64/32"] = router["bgp"]["ipv4"]["routes"][AGGREGATE]
    assert [found.path for found in verify(plan, observed).errors if found.code == "EDGE841"] == [
        f"gw prefix {AGGREGATE} (home {service['metadata']['namespace']}/{service['metadata']['name']})"
    ]


def test_aggregate_of_a_cluster_that_was_not_read_may_be_right() -> None:
    plan, observed = aggregates()
    observed["routers"]["gw"]["bgp"]["ipv4"]["routes"][STALE] = [path("10.16.0.12", "64541")]
    observed["clusters"]["home"] = {"error": "away"}
    assert {found.code for found in verify(plan, observed).errors} == {"EDGE802"}


@pytest.mark.parametrize("other", ["203.0.113.64/27", "203.0.113.128/29"])
def test_prefix_that_is_no_aggregate_of_the_pool_is_judged_by_the_filter(other: str) -> None:
    """Of another length, or beside the pool."""
    plan, observed = aggregates()
    observed["routers"]["gw"]["bgp"]["ipv4"]["routes"][other] = [path("10.16.0.12", "64541")]
    assert "EDGE843" not in {found.code for found in verify(plan, observed).errors}
