# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify: a site in good order has no finding; each thing that is broken in it gives exactly its findings."""

from __future__ import annotations

import copy
import functools
import operator
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.table import LIVE_CODES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.report import VerifyReport, render, summary
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.services import CONDITION_CODES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import settle_seconds, verify
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import (
    INGRESS,
    POOL_LABEL,
    SERVICE,
    endpoint,
    endpoint_slice,
    hybrid_observed,
    lease,
    neighbor,
    path,
    peer,
    route,
    service,
    summary_line,
)

PLAN: dict[str, Any] = hybrid_plan().data


class Broken:
    """The reference site in good order, to break one thing in it."""

    def __init__(self) -> None:
        self.plan: dict[str, Any] = copy.deepcopy(PLAN)
        self.observed: dict[str, Any] = hybrid_observed(self.plan)
        self.strict = False

    @property
    def router(self) -> dict[str, Any]:
        return self.observed["routers"]["udm-pro"]

    @property
    def resources(self) -> dict[str, Any]:
        return self.observed["clusters"]["platform"]["resources"]

    def neighbor(self, address: str = "10.121.0.11") -> dict[str, Any]:
        return self.router["neighbors"][address]

    def line(self, address: str = "10.121.0.11") -> dict[str, Any]:
        return self.router["summary"]["ipv4Unicast"]["peers"][address]

    def family(self, address: str = "10.121.0.11") -> dict[str, Any]:
        return self.neighbor(address)["addressFamilyInfo"]["ipv4Unicast"]

    @property
    def routes(self) -> dict[str, Any]:
        return self.router["bgp"]["ipv4"]["routes"]

    @property
    def kernel(self) -> dict[str, Any]:
        return self.router["routes"]["ipv4"]

    def item(self, kind: str, name: str) -> dict[str, Any]:
        return next(item for item in self.resources[kind] if item["metadata"]["name"] == name)

    def service(self, name: str, namespace: str | None = None) -> dict[str, Any]:
        return next(
            item
            for item in self.resources["Service"]
            if item["metadata"]["name"] == name and namespace in (None, item["metadata"]["namespace"])
        )

    def slice(self, namespace: str) -> dict[str, Any]:
        return next(item for item in self.resources["EndpointSlice"] if item["metadata"]["namespace"] == namespace)

    def peer(self, node: str = "node01", instance: int = 0) -> dict[str, Any]:
        return self.item("CiliumBGPNodeConfig", node)["status"]["bgpInstances"][instance]["peers"][0]

    def lease(self, namespace: str) -> dict[str, Any]:
        return next(item["spec"] for item in self.resources["Lease"] if f"-{namespace}-" in item["metadata"]["name"])

    def complain(self, kind: str, name: str, condition: str, message: str) -> None:
        entry = {"type": condition, "status": "True", "reason": "Whatever", "message": message}
        self.item(kind, name)["status"]["conditions"] = [entry]

    def verify(self) -> VerifyReport:
        return verify(self.plan, self.observed, self.strict)


def told(report: VerifyReport) -> list[str]:
    return [f"{finding.code} {finding.text}" for finding in report.findings]


def test_site_in_good_order() -> None:
    report = Broken().verify()
    assert told(report) == []
    assert {row.level for row in report.rows} == {"ok"}
    assert summary(report) == "27 of 27 expectations met"
    assert not report.may_settle


# --- breaking one thing -------------------------------------------------------------------------------------------


def router_unreachable(b: Broken) -> None:
    b.observed["routers"]["udm-pro"] = {"error": "ssh: connect to host udm-pro.invalid port 22: timed out"}


def cluster_unreachable(b: Broken) -> None:
    b.observed["clusters"]["platform"] = {"error": "connection refused"}


def kind_not_served(b: Broken) -> None:
    b.resources["CiliumL2AnnouncementPolicy"] = None


def node_configs_not_served(b: Broken) -> None:
    b.resources["CiliumBGPNodeConfig"] = None


def object_missing(b: Broken) -> None:
    b.resources["CiliumBGPAdvertisement"].pop()


def another_as(b: Broken) -> None:
    b.router["summary"]["ipv4Unicast"]["as"] = 65100


def no_bgp(b: Broken) -> None:
    b.router.update(summary={}, neighbors={}, bgp={"ipv4": {}, "ipv6": {}}, routes={"ipv4": {}, "ipv6": {}})


def neighbor_missing(b: Broken) -> None:
    del b.router["neighbors"]["10.121.0.13"]


def session_down(b: Broken) -> None:
    b.neighbor().update(bgpState="Active", lastNotificationReason="OPEN Message Error\\/Bad Peer AS")


def session_down_and_its_routes(b: Broken) -> None:
    b.neighbor().update(bgpState="Connect", lastResetDueTo="Waiting for peer OPEN")
    b.peer()["peeringState"] = "active"
    b.routes[INGRESS] = [path("10.121.0.12")]
    b.kernel[INGRESS] = route("10.121.0.12")


def graceful_restart(b: Broken) -> None:
    b.neighbor().update(bgpState="Idle")
    b.line().update(state="Idle", peerState="NSF passive")
    b.routes[INGRESS][0]["stale"] = True


def prefix_limit(b: Broken) -> None:
    b.neighbor().update(bgpState="Idle")
    b.line().update(state="Idle (PfxCt)", peerState="PfxCt")


def prefix_limit_on_frr_7(b: Broken) -> None:
    b.neighbor().update(bgpState="Idle")
    b.router["summary"]["ipv4Unicast"]["peers"]["10.121.0.11"] = {"state": "Idle (PfxCt)"}


def shut_down(b: Broken) -> None:
    b.neighbor().update(bgpState="Idle", adminShutDown=True)


def not_shut_down(b: Broken) -> None:
    next(s for s in b.plan["sessions"] if s["node_address"] == "10.121.0.13")["shutdown"] = True


def router_timers(b: Broken) -> None:
    b.neighbor().update(bgpTimerHoldTimeMsecs=180000, bgpTimerKeepAliveIntervalMsecs=60000)


def no_policy(b: Broken) -> None:
    b.line()["peerState"] = "Policy"


def family_missing(b: Broken) -> None:
    b.neighbor()["neighborCapabilities"] = {"multiprotocolExtensions": {"ipv6Unicast": {"advertised": True}}}


def remote_as(b: Broken) -> None:
    b.neighbor().update(remoteAs=65009, bgpState="Active")


def no_password(b: Broken) -> None:
    for session in b.plan["sessions"]:
        if session["peering"] == "public-ingress":
            session["password"] = "public-ingress"
    for address in ("10.121.0.12", "10.121.0.13"):
        b.neighbor(address)["authenticationEnabled"] = 1


def node_config_missing(b: Broken) -> None:
    b.resources["CiliumBGPNodeConfig"].pop()


def node_session_missing(b: Broken) -> None:
    b.item("CiliumBGPNodeConfig", "node01")["status"]["bgpInstances"].pop()


def node_status_empty(b: Broken) -> None:
    b.item("CiliumBGPNodeConfig", "node01")["status"] = {}


def node_session_down(b: Broken) -> None:
    b.peer()["peeringState"] = "open_sent"


def node_timers(b: Broken) -> None:
    b.peer()["timers"] = {"appliedHoldTimeSeconds": 90, "appliedKeepaliveSeconds": 30}


def node_timers_unknown(b: Broken) -> None:
    del b.peer()["timers"]


def node_announces_nothing(b: Broken) -> None:
    b.peer()["routeCount"] = []


def node_announces_more(b: Broken) -> None:
    b.peer("node03")["routeCount"][0]["advertised"] = 2


def no_matching_node(b: Broken) -> None:
    b.complain("CiliumBGPClusterConfig", "public-true", "cilium.io/NoMatchingNode", "No node matches spec.nodeSelector")


def missing_peer_config(b: Broken) -> None:
    b.complain("CiliumBGPClusterConfig", "public-true", "cilium.io/MissingPeerConfigs", "public-service")


def conflicting_config(b: Broken) -> None:
    b.complain("CiliumBGPClusterConfig", "public-true", "cilium.io/ConflictingClusterConfig", "other")


def missing_secret(b: Broken) -> None:
    message = 'Referenced Auth Secret "bgp" is missing'
    b.complain("CiliumBGPPeerConfig", "public-ingress", "cilium.io/MissingAuthSecret", message)


def reconcile_error(b: Broken) -> None:
    b.complain("CiliumBGPNodeConfig", "node01", "cilium.io/BGPReconcileError", "can't overwrite the existing peer")


def pool_conflict(b: Broken) -> None:
    message = "Pool conflicts since range '203.0.113.93 - 203.0.113.93' overlaps range 'a - b' from IP Pool 'old'"
    b.complain("CiliumLoadBalancerIPPool", "public-ingress", "cilium.io/PoolConflict", message)


def bad_regex(b: Broken) -> None:
    b.complain("CiliumL2AnnouncementPolicy", "private-service.private", "io.cilium/bad-interface-regex", "missing )")


def other_condition(b: Broken) -> None:
    b.complain("CiliumBGPPeerConfig", "public-ingress", "cilium.io/Newfangled", "")


def foreign_object_complains(b: Broken) -> None:
    condition = {"type": "cilium.io/NoMatchingNode", "status": "True"}
    item = {"metadata": {"name": "not-ours"}, "status": {"conditions": [condition]}}
    b.resources["CiliumBGPClusterConfig"].append(item)


def prefix_missing(b: Broken) -> None:
    b.routes[INGRESS].pop(0)
    b.kernel[INGRESS] = route("10.121.0.12")


def prefix_missing_everywhere(b: Broken) -> None:
    del b.routes[INGRESS], b.kernel[INGRESS]


def prefix_from_node_without_endpoint(b: Broken) -> None:
    b.routes[INGRESS].append(path("10.121.0.13"))
    b.kernel[INGRESS] = route("10.121.0.11", "10.121.0.12", "10.121.0.13")


def prefix_over_another_peering(b: Broken) -> None:
    b.routes[INGRESS].append(path("10.122.0.11"))
    b.kernel[INGRESS] = route("10.121.0.11", "10.121.0.12", "10.122.0.11")


def prefix_from_stranger(b: Broken) -> None:
    b.router["neighbors"]["10.121.0.66"] = neighbor(64999)
    b.routes[INGRESS].append(path("10.121.0.66"))
    b.kernel[INGRESS] = route("10.121.0.11", "10.121.0.12", "10.121.0.66")


def l2_address_over_bgp(b: Broken) -> None:
    b.routes["10.122.0.171/32"] = [path("10.122.0.11")]


def foreign_prefix(b: Broken) -> None:
    b.routes["192.168.9.0/25"] = [path("10.121.0.11"), path("10.121.0.12")]


def default_route_accepted(b: Broken) -> None:
    b.routes["0.0.0.0/0"] = [path("10.122.0.13")]


def pool_as_a_whole(b: Broken) -> None:
    b.routes["203.0.113.92/30"] = [path("10.121.0.11")]


def own_route(b: Broken) -> None:
    b.routes["10.121.0.0/24"] = [{"valid": True, "bestpath": True, "peerId": "(unspec)", "weight": 32768}]


def address_of_no_service(b: Broken) -> None:
    b.routes["10.122.0.140/32"] = [path("10.122.0.12")]


def stale_path(b: Broken) -> None:
    b.routes[SERVICE][1]["stale"] = True


def rejected_next_hop(b: Broken) -> None:
    b.routes[SERVICE][1].update(valid=False, multipath=False)
    b.kernel[SERVICE] = route("10.122.0.12")


def default_route_leaks(b: Broken) -> None:
    b.family().update(sentPrefixCounter=1, defaultSent=True)


def networks_leak(b: Broken) -> None:
    b.family("10.122.0.12")["sentPrefixCounter"] = 2
    table = {"advertisedRoutes": {"192.168.1.0/24": {}, "10.121.0.0/24": {}}}
    b.router["advertised"]["ipv4"]["10.122.0.12"] = table


def not_installed(b: Broken) -> None:
    b.kernel[INGRESS][0].update(installed=False)


def another_route_wins(b: Broken) -> None:
    b.kernel[INGRESS][0].pop("selected")


def next_hop_rejected(b: Broken) -> None:
    b.kernel[SERVICE][0]["nexthops"][1]["fib"] = False


def maximum_paths_one(b: Broken) -> None:
    b.kernel[SERVICE] = route("10.122.0.12")


def planned_maximum_paths(b: Broken) -> None:
    b.plan["routers"]["udm-pro"]["frr"]["maximum_paths"] = 1
    b.kernel[SERVICE] = route("10.122.0.12")
    b.kernel[INGRESS] = route("10.121.0.11")


def service_missing(b: Broken) -> None:
    b.resources["Service"].remove(b.service("affine-svc-lb"))


def chart_missing(b: Broken) -> None:
    b.resources["Service"].remove(b.service("ingress-nginx-controller", "ingress-nginx-private"))


def chart_missing_strictly(b: Broken) -> None:
    chart_missing(b)
    b.strict = True


def no_address(b: Broken) -> None:
    condition = {
        "type": "cilium.io/IPAMRequestSatisfied",
        "status": "False",
        "reason": "out_of_ips",
        "message": "no more IPs",
    }
    b.service("affine-svc-lb")["status"] = {"conditions": [condition]}


def no_address_yet(b: Broken) -> None:
    b.service("affine-svc-lb")["status"] = {}


def wrong_address(b: Broken) -> None:
    b.service("affine-svc-lb")["status"]["loadBalancer"]["ingress"] = [{"ip": "10.122.0.172"}]


def wrong_pool(b: Broken) -> None:
    found = b.service("ingress-nginx-controller", "ingress-nginx-public")
    found["status"]["loadBalancer"]["ingress"] = [{"ip": "10.122.0.161"}]
    found["spec"]["externalTrafficPolicy"] = "Local"
    found["spec"]["loadBalancerClass"] = "io.cilium/bgp-control-plane"
    del b.routes[INGRESS], b.kernel[INGRESS]
    b.peer("node01")["routeCount"], b.peer("node02")["routeCount"] = [], []


def label_names_no_pool(b: Broken) -> None:
    b.service("dummy-service")["metadata"]["labels"][POOL_LABEL] = "public-servcie"


def not_a_load_balancer(b: Broken) -> None:
    b.service("affine-svc-lb").update(spec={"type": "ClusterIP"}, status={})


def another_class(b: Broken) -> None:
    b.service("affine-svc-lb")["spec"]["loadBalancerClass"] = "metallb.io/metallb"


def another_policy(b: Broken) -> None:
    b.service("dummy-service")["spec"]["externalTrafficPolicy"] = "Cluster"
    b.routes[SERVICE].append(path("10.122.0.11"))
    b.kernel[SERVICE] = route("10.122.0.11", "10.122.0.12", "10.122.0.13")
    b.peer("node01", 1)["routeCount"] = peer("x", 1)["routeCount"]


def local_on_l2(b: Broken) -> None:
    b.service("affine-svc-lb")["spec"]["externalTrafficPolicy"] = "Local"


def no_endpoint_local(b: Broken) -> None:
    b.slice("dummy")["endpoints"] = [endpoint("node02", ready=False, serving=False)]
    del b.routes[SERVICE], b.kernel[SERVICE]
    b.peer("node02", 1)["routeCount"], b.peer("node03", 1)["routeCount"] = [], []


def no_endpoint_cluster(b: Broken) -> None:
    b.slice("affine")["endpoints"] = []


def lease_missing(b: Broken) -> None:
    b.resources["Lease"].pop(0)


def lease_without_holder(b: Broken) -> None:
    b.lease("affine")["holderIdentity"] = ""


def lease_on_wrong_node(b: Broken) -> None:
    b.lease("affine")["holderIdentity"] = "control-01"


def lease_expired(b: Broken) -> None:
    b.lease("affine")["renewTime"] = "2026-11-23T17:59:00.500000Z"


def dynamic_without_address(b: Broken) -> None:
    b.resources["Service"].append(service("media", "web", "private-service", None))


def dynamic_in_wrong_pool(b: Broken) -> None:
    b.resources["Service"].append(service("media", "web", "private-service", "10.122.0.130"))
    b.resources["EndpointSlice"].append(endpoint_slice("media", "web", endpoint("node01")))
    b.resources["Lease"].append(lease("media", "web", "node01"))


def dynamic_of_another_class(b: Broken) -> None:
    item = service("media", "web", "private-service", "10.122.0.162")
    item["spec"]["loadBalancerClass"] = "tailscale"
    b.resources["Service"].append(item)
    b.resources["EndpointSlice"].append(endpoint_slice("media", "web", endpoint("node01")))


Mutation = Callable[[Broken], None]

FINDINGS: list[tuple[Mutation, list[str]]] = [
    (
        router_unreachable,
        [
            "EDGE801 udm-pro: cannot be read: ssh: connect to host udm-pro.invalid port 22: timed out (check that"
            " SSH reaches it and that FRR runs there: systemctl status frr; vtysh -c 'show bgp summary')",
        ],
    ),
    (
        cluster_unreachable,
        [
            "EDGE802 platform: cannot be read: connection refused (check edge_cluster_kubeconfig and"
            " edge_cluster_context: kubectl get --raw /readyz)",
        ],
    ),
    (
        kind_not_served,
        [
            "EDGE803 platform: the API serves no CiliumL2AnnouncementPolicy (Cilium's operator registers it:"
            " kubectl -n kube-system logs deploy/cilium-operator; is the release installed?)",
        ],
    ),
    (
        node_configs_not_served,
        [
            "EDGE803 platform: the API serves no CiliumBGPNodeConfig (Cilium's operator registers it: kubectl -n"
            " kube-system logs deploy/cilium-operator; is the release installed?)",
        ],
    ),
    (
        object_missing,
        [
            "EDGE804 platform CiliumBGPAdvertisement public-service: does not exist (run site.yml with --tags"
            " cluster; someone may have deleted it)",
        ],
    ),
    (
        another_as,
        [
            "EDGE805 udm-pro: BGP runs with AS 65100, planned is AS 65000 (run site.yml with --tags router; vtysh"
            " -c 'show running-config bgpd')",
        ],
    ),
    (
        no_bgp,
        [
            "EDGE806 udm-pro: runs no BGP (run site.yml with --tags router; vtysh -c 'show running-config bgpd';"
            " is bgpd on in /etc/frr/daemons?)",
        ],
    ),
    (
        neighbor_missing,
        [
            "EDGE810 udm-pro neighbor 10.121.0.13 (node03, peering public-ingress): the router has no such"
            " neighbor (run site.yml with --tags router; on UniFi OS a configuration from its own UI replaces this"
            " one at each provision)",
        ],
    ),
    (
        session_down,
        [
            "EDGE811 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session is Active, not"
            " Established; last reason: OPEN Message Error/Bad Peer AS (vtysh -c 'show bgp neighbors 10.121.0.11',"
            " and for the node: kubectl get ciliumbgpnodeconfig node01 -o yaml; a session that stays in Connect"
            " or Active means a wrong password, a firewall on TCP port 179, or no agent there)",
        ],
    ),
    (
        session_down_and_its_routes,
        [
            "EDGE811 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session is Connect, not"
            " Established; last reason: Waiting for peer OPEN (vtysh -c 'show bgp neighbors 10.121.0.11', and for"
            " the node: kubectl get ciliumbgpnodeconfig node01 -o yaml; a session that stays in Connect or Active"
            " means a wrong password, a firewall on TCP port 179, or no agent there)",
            "EDGE822 platform node node01 peer public-ingress-udm-pro: the node's Cilium agent reports the"
            " session as active (kubectl -n kube-system logs ds/cilium | grep bgp-control-plane; kubectl get"
            " ciliumbgpnodeconfig node01 -o yaml)",
        ],
    ),
    (
        graceful_restart,
        [
            "EDGE811 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session is Idle (NSF"
            " passive), not Established (vtysh -c 'show bgp neighbors 10.121.0.11', and for the node: kubectl get"
            " ciliumbgpnodeconfig node01 -o yaml; a session that stays in Connect or Active means a wrong"
            " password, a firewall on TCP port 179, or no agent there)",
            "EDGE844 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): the"
            " path from node01 is stale: the router keeps it for the graceful restart of an agent that is away"
            " (see the node's Cilium agent; the path goes when the restart time is over)",
        ],
    ),
    (
        prefix_limit,
        [
            "EDGE812 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the router closed the"
            " session: the node sent more prefixes than maximum-prefix allows (find out what the node announces:"
            " kubectl get ciliumbgpadvertisement -o yaml; then vtysh -c 'clear bgp 10.121.0.11')",
        ],
    ),
    (
        prefix_limit_on_frr_7,
        [
            "EDGE812 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the router closed the"
            " session: the node sent more prefixes than maximum-prefix allows (find out what the node announces:"
            " kubectl get ciliumbgpadvertisement -o yaml; then vtysh -c 'clear bgp 10.121.0.11')",
        ],
    ),
    (
        shut_down,
        [
            "EDGE813 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the neighbor is shut down on"
            " the router, and the plan has it up (someone shut it down by hand: run site.yml with --tags router,"
            " or set shutdown: true in the peering)",
        ],
    ),
    (
        not_shut_down,
        [
            "EDGE814 udm-pro neighbor 10.121.0.13 (node03, peering public-ingress): the plan shuts the session"
            " down, and it is Established (run site.yml with --tags router)",
        ],
    ),
    (
        router_timers,
        [
            "EDGE815 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the timers 180/60 s were"
            " negotiated, planned are 30/10 s (hold/keepalive) (one end still has old timers: run site.yml; FRR"
            " takes new timers only when the session is reset)",
        ],
    ),
    (
        no_policy,
        [
            "EDGE816 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session is Established"
            " but exchanges no routes: a direction has no route-map (RFC 8212) (run site.yml with --tags router;"
            " vtysh -c 'show bgp neighbors 10.121.0.11')",
        ],
    ),
    (
        family_missing,
        [
            "EDGE817 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session does not carry"
            " ipv4 (compare families of the CiliumBGPPeerConfig with the neighbor's activated families; is the"
            " family on in Cilium?)",
        ],
    ),
    (
        remote_as,
        [
            "EDGE818 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the router expects AS 65009"
            " there, planned is AS 65001 (run site.yml with --tags router)",
        ],
    ),
    (
        no_password,
        [
            "EDGE819 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the plan protects the session"
            " with a password (TCP MD5), the router has none on it (run site.yml, both ends take the password"
            " from edge_bgp_passwords)",
        ],
    ),
    (
        node_config_missing,
        [
            "EDGE820 platform node node03: there is no CiliumBGPNodeConfig for this node (compare its labels with"
            " nodeSelector: kubectl get ciliumnode node03 --show-labels; kubectl get ciliumbgpclusterconfig -o"
            " yaml; Cilium's operator makes the object)",
        ],
    ),
    (
        node_session_missing,
        [
            "EDGE821 platform node node01 peer public-service-udm-pro: the node's Cilium agent reports no peer"
            " public-service-udm-pro in instance as65002 (kubectl get ciliumbgpnodeconfig node01 -o yaml; is"
            " bgpControlPlane.statusReport.enabled true, and does the agent run?)",
        ],
    ),
    (
        node_status_empty,
        [
            "EDGE821 platform node node01 peer public-ingress-udm-pro: the node's Cilium agent reports no peer"
            " public-ingress-udm-pro in instance as65001 (kubectl get ciliumbgpnodeconfig node01 -o yaml; is"
            " bgpControlPlane.statusReport.enabled true, and does the agent run?)",
            "EDGE821 platform node node01 peer public-service-udm-pro: the node's Cilium agent reports no peer"
            " public-service-udm-pro in instance as65002 (kubectl get ciliumbgpnodeconfig node01 -o yaml; is"
            " bgpControlPlane.statusReport.enabled true, and does the agent run?)",
        ],
    ),
    (
        node_session_down,
        [
            "EDGE822 platform node node01 peer public-ingress-udm-pro: the node's Cilium agent reports the"
            " session as open_sent (kubectl -n kube-system logs ds/cilium | grep bgp-control-plane; kubectl get"
            " ciliumbgpnodeconfig node01 -o yaml)",
        ],
    ),
    (
        node_timers,
        [
            "EDGE823 platform node node01 peer public-ingress-udm-pro: the node reports the timers 90/30 s,"
            " planned are 30/10 s (hold/keepalive) (compare timers of the CiliumBGPPeerConfig with the router's:"
            " vtysh -c 'show bgp neighbors 10.121.0.11')",
        ],
    ),
    (
        node_timers_unknown,
        [
            "EDGE823 platform node node01 peer public-ingress-udm-pro: the node reports the timers unknown,"
            " planned are 30/10 s (hold/keepalive) (compare timers of the CiliumBGPPeerConfig with the router's:"
            " vtysh -c 'show bgp neighbors 10.121.0.11')",
        ],
    ),
    (
        node_announces_nothing,
        [
            "EDGE824 platform node node01 peer public-ingress-udm-pro: the node announces 0 ipv4 prefixes over"
            " the session, expected 1 (a CiliumBGPAdvertisement that selects no service announces nothing, in"
            " silence: compare its selector with the labels of the services, and its labels with the"
            " CiliumBGPPeerConfig)",
        ],
    ),
    (
        node_announces_more,
        [
            "EDGE825 platform node node03 peer public-ingress-udm-pro: the node announces 2 ipv4 prefixes over"
            " the session, expected 0 (the router's filter drops what is not planned; look for other"
            " advertisements: kubectl get ciliumbgpadvertisement)",
        ],
    ),
    (
        no_matching_node,
        [
            "EDGE830 platform CiliumBGPClusterConfig public-true: Cilium reports cilium.io/NoMatchingNode: No"
            " node matches spec.nodeSelector (compare nodeSelector with: kubectl get ciliumnodes --show-labels)",
        ],
    ),
    (
        missing_peer_config,
        [
            "EDGE831 platform CiliumBGPClusterConfig public-true: Cilium reports cilium.io/MissingPeerConfigs:"
            " public-service (run site.yml with --tags cluster; a peer without its CiliumBGPPeerConfig is never"
            " created)",
        ],
    ),
    (
        conflicting_config,
        [
            "EDGE832 platform CiliumBGPClusterConfig public-true: Cilium reports"
            " cilium.io/ConflictingClusterConfig: other (a node may match one CiliumBGPClusterConfig: remove the"
            " other one, or change its nodeSelector)",
        ],
    ),
    (
        missing_secret,
        [
            "EDGE833 platform CiliumBGPPeerConfig public-ingress: Cilium reports cilium.io/MissingAuthSecret:"
            ' Referenced Auth Secret "bgp" is missing (the secret must stand in the namespace'
            " bgpControlPlane.secretsNamespace with the key password: run site.yml with --tags cluster)",
        ],
    ),
    (
        reconcile_error,
        [
            "EDGE834 platform CiliumBGPNodeConfig node01: Cilium reports cilium.io/BGPReconcileError: can't"
            " overwrite the existing peer (kubectl -n kube-system logs ds/cilium | grep bgp-control-plane)",
        ],
    ),
    (
        pool_conflict,
        [
            "EDGE835 platform CiliumLoadBalancerIPPool public-ingress: Cilium disabled the pool: Pool conflicts"
            " since range '203.0.113.93 - 203.0.113.93' overlaps range 'a - b' from IP Pool 'old' (remove the"
            " other pool, or take the shared addresses out of one: kubectl get ciliumloadbalancerippools)",
        ],
    ),
    (
        bad_regex,
        [
            "EDGE836 platform CiliumL2AnnouncementPolicy private-service.private: Cilium reports"
            " io.cilium/bad-interface-regex: missing ) (kubectl get ciliuml2announcementpolicies -o yaml)",
        ],
    ),
    (
        other_condition,
        [
            "EDGE839 platform CiliumBGPPeerConfig public-ingress: Cilium reports cilium.io/Newfangled: no message"
            " (look at the object's status and at the logs of Cilium's operator and agents)",
        ],
    ),
    (
        foreign_object_complains,
        [],
    ),
    (
        prefix_missing,
        [
            "EDGE840 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): not"
            " accepted from node01 (does the node announce it: cilium bgp routes advertised ipv4 unicast; does"
            " the router's filter let it through: vtysh -c 'show bgp neighbors 10.121.0.11' (inboundFiltered))",
        ],
    ),
    (
        prefix_missing_everywhere,
        [
            "EDGE840 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): not"
            " accepted from node01, node02 (does the node announce it: cilium bgp routes advertised ipv4 unicast;"
            " does the router's filter let it through: vtysh -c 'show bgp neighbors 10.121.0.11'"
            " (inboundFiltered))",
        ],
    ),
    (
        prefix_from_node_without_endpoint,
        [
            "EDGE841 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller):"
            " accepted from node03 (10.121.0.13), expected only from node01, node02 (a node that announces without"
            " a ready endpoint (Local) or outside its peering drops traffic: kubectl get endpointslices -A -o"
            " wide; vtysh -c 'show bgp 203.0.113.93/32')",
        ],
    ),
    (
        prefix_over_another_peering,
        [
            "EDGE841 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller):"
            " accepted from node01 (10.122.0.11), expected only from node01, node02 (a node that announces without"
            " a ready endpoint (Local) or outside its peering drops traffic: kubectl get endpointslices -A -o"
            " wide; vtysh -c 'show bgp 203.0.113.93/32')",
        ],
    ),
    (
        prefix_from_stranger,
        [
            "EDGE841 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller):"
            " accepted from 10.121.0.66, expected only from node01, node02 (a node that announces without a ready"
            " endpoint (Local) or outside its peering drops traffic: kubectl get endpointslices -A -o wide; vtysh"
            " -c 'show bgp 203.0.113.93/32')",
        ],
    ),
    (
        l2_address_over_bgp,
        [
            "EDGE841 udm-pro prefix 10.122.0.171/32 (platform affine/affine-svc-lb): accepted from node01"
            " (10.122.0.11), expected only from nobody (a node that announces without a ready endpoint (Local) or"
            " outside its peering drops traffic: kubectl get endpointslices -A -o wide; vtysh -c 'show bgp"
            " 10.122.0.171/32')",
        ],
    ),
    (
        foreign_prefix,
        [
            "EDGE842 udm-pro prefix 192.168.9.0/25: accepted from node01, node02, and it is no address of a pool"
            " (the router's import filter is wider than planned: run site.yml with --tags router; vtysh -c 'show"
            " bgp 192.168.9.0/25')",
        ],
    ),
    (
        default_route_accepted,
        [
            "EDGE842 udm-pro prefix 0.0.0.0/0: accepted from node03, and it is no address of a pool (the router's"
            " import filter is wider than planned: run site.yml with --tags router; vtysh -c 'show bgp"
            " 0.0.0.0/0')",
        ],
    ),
    (
        pool_as_a_whole,
        [
            "EDGE842 udm-pro prefix 203.0.113.92/30: accepted from node01, and it is no address of a pool (the"
            " router's import filter is wider than planned: run site.yml with --tags router; vtysh -c 'show bgp"
            " 203.0.113.92/30')",
        ],
    ),
    (
        own_route,
        [],
    ),
    (
        address_of_no_service,
        [
            "EDGE843 udm-pro prefix 10.122.0.140/32: accepted from node02, inside pool private-ingress, but no"
            " live service holds the address (a node announces what nobody serves: kubectl get services -A | grep"
            " 10.122.0.140; an agent may hang with old state)",
        ],
    ),
    (
        stale_path,
        [
            "EDGE844 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the path from node03 is"
            " stale: the router keeps it for the graceful restart of an agent that is away (see the node's Cilium"
            " agent; the path goes when the restart time is over)",
        ],
    ),
    (
        rejected_next_hop,
        [
            "EDGE845 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the path from node03 is not"
            " valid: the router does not reach its next hop (vtysh -c 'show bgp nexthop'; is the node's network up"
            " on the router?)",
        ],
    ),
    (
        default_route_leaks,
        [
            "EDGE846 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the router announces the"
            " default route to the node, planned is nothing (networks of the site leak to the nodes: run site.yml"
            " with --tags router; vtysh -c 'show bgp ipv4 unicast neighbors 10.121.0.11 advertised-routes')",
        ],
    ),
    (
        networks_leak,
        [
            "EDGE846 udm-pro neighbor 10.122.0.12 (node02, peering public-service): the router announces"
            " 10.121.0.0/24, 192.168.1.0/24 to the node, planned is nothing (networks of the site leak to the"
            " nodes: run site.yml with --tags router; vtysh -c 'show bgp ipv4 unicast neighbors 10.122.0.12"
            " advertised-routes')",
        ],
    ),
    (
        not_installed,
        [
            "EDGE850 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller):"
            " accepted, but the router's kernel does not use it (another route may win, or the kernel may refuse"
            " multipath routes (rejected, older UniFi OS): vtysh -c 'show ip route 203.0.113.93/32')",
        ],
    ),
    (
        another_route_wins,
        [
            "EDGE850 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller):"
            " accepted, but the router's kernel does not use it (another route may win, or the kernel may refuse"
            " multipath routes (rejected, older UniFi OS): vtysh -c 'show ip route 203.0.113.93/32')",
        ],
    ),
    (
        next_hop_rejected,
        [
            "EDGE851 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the kernel uses 1 of 2 next"
            " hops (look for maximum-paths 1 and for next hops that are inactive: vtysh -c 'show ip route"
            " 203.0.113.94/32')",
        ],
    ),
    (
        maximum_paths_one,
        [
            "EDGE851 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the kernel uses 1 of 2 next"
            " hops (look for maximum-paths 1 and for next hops that are inactive: vtysh -c 'show ip route"
            " 203.0.113.94/32')",
        ],
    ),
    (
        planned_maximum_paths,
        [],
    ),
    (
        service_missing,
        [
            "EDGE860 platform service affine/affine-svc-lb: the service does not exist (site.yml makes it: run it"
            " with --tags cluster)",
        ],
    ),
    (
        chart_missing,
        [
            "EDGE861 platform service ingress-nginx-private/ingress-nginx-controller: the service does not exist"
            " yet; it is made by others (manage: values) (install its chart or application with the rendered"
            " values or metadata (playbooks/render.yml), then run verify.yml)",
        ],
    ),
    (
        chart_missing_strictly,
        [
            "EDGE861 platform service ingress-nginx-private/ingress-nginx-controller: the service does not exist"
            " yet; it is made by others (manage: values) (install its chart or application with the rendered"
            " values or metadata (playbooks/render.yml), then run verify.yml)",
        ],
    ),
    (
        no_address,
        [
            "EDGE862 platform service affine/affine-svc-lb: Cilium gave it no address: out_of_ips: no more IPs"
            " (compare its labels with the pool's serviceSelector, and look at the addresses left: kubectl get"
            " ciliumloadbalancerippools; kubectl -n affine get service affine-svc-lb -o yaml)",
        ],
    ),
    (
        no_address_yet,
        [
            "EDGE862 platform service affine/affine-svc-lb: Cilium gave it no address: no reason given yet"
            " (compare its labels with the pool's serviceSelector, and look at the addresses left: kubectl get"
            " ciliumloadbalancerippools; kubectl -n affine get service affine-svc-lb -o yaml)",
        ],
    ),
    (
        wrong_address,
        [
            "EDGE863 platform service affine/affine-svc-lb: it holds 10.122.0.172, planned is 10.122.0.171 (look"
            " at the annotation lbipam.cilium.io/ips and at the condition cilium.io/IPAMRequestSatisfied: kubectl"
            " -n affine get service affine-svc-lb -o yaml)",
        ],
    ),
    (
        wrong_pool,
        [
            "EDGE864 platform service ingress-nginx-public/ingress-nginx-controller: it holds 10.122.0.161, which"
            " is not in its pool public-ingress (look at its label that names the pool; two pools may select it:"
            " kubectl get ciliumloadbalancerippools -o yaml)",
        ],
    ),
    (
        label_names_no_pool,
        [
            "EDGE865 platform service dummy/dummy-service: its label cluster-edge.hybridnet/pool names the pool"
            " public-servcie, which does not exist (pools: private-ingress, private-service, public-ingress,"
            " public-service) (correct the label; until then the service gets no address, or one of the default"
            " pool)",
        ],
    ),
    (
        not_a_load_balancer,
        [
            "EDGE866 platform service affine/affine-svc-lb: its type is ClusterIP, not LoadBalancer (set type:"
            " LoadBalancer where the service is made)",
        ],
    ),
    (
        another_class,
        [
            "EDGE867 platform service affine/affine-svc-lb: its loadBalancerClass is metallb.io/metallb: Cilium"
            " neither gives it an address nor announces it (recreate the service without spec.loadBalancerClass"
            " (the field cannot be changed), or take it out of the site)",
        ],
    ),
    (
        another_policy,
        [
            "EDGE868 platform service dummy/dummy-service: externalTrafficPolicy is Cluster, planned is Local"
            " (set it where the service is made, or traffic_policy in edge_services; expected nodes follow the"
            " live value)",
        ],
    ),
    (
        local_on_l2,
        [
            "EDGE869 platform service affine/affine-svc-lb: externalTrafficPolicy is Local and its address is"
            " announced on L2: the node that answers need not have an endpoint (use Cluster; up to Cilium 1.20.1"
            " the other nodes drop the traffic, later versions may announce nothing)",
            "EDGE868 platform service affine/affine-svc-lb: externalTrafficPolicy is Local, planned is Cluster"
            " (set it where the service is made, or traffic_policy in edge_services; expected nodes follow the"
            " live value)",
        ],
    ),
    (
        no_endpoint_local,
        [
            "EDGE870 platform service dummy/dummy-service: no endpoint is ready, so no node announces its address"
            " (look at its pods: kubectl -n dummy get endpointslices -l kubernetes.io/service-name=dummy-service)",
        ],
    ),
    (
        no_endpoint_cluster,
        [
            "EDGE870 platform service affine/affine-svc-lb: no endpoint is ready, so connections to it fail (look"
            " at its pods: kubectl -n affine get endpointslices -l kubernetes.io/service-name=affine-svc-lb)",
        ],
    ),
    (
        lease_missing,
        [
            "EDGE880 platform service affine/affine-svc-lb: no node holds the lease"
            " cilium-l2announce-affine-affine-svc-lb: nobody answers ARP or NDP for 10.122.0.171 (is"
            " l2announcements.enabled true, does the policy's interface pattern match a device with an address on"
            " the nodes node01, node02, node03, node04: cilium-dbg shell -- db/show devices)",
        ],
    ),
    (
        lease_without_holder,
        [
            "EDGE880 platform service affine/affine-svc-lb: no node holds the lease"
            " cilium-l2announce-affine-affine-svc-lb: nobody answers ARP or NDP for 10.122.0.171 (is"
            " l2announcements.enabled true, does the policy's interface pattern match a device with an address on"
            " the nodes node01, node02, node03, node04: cilium-dbg shell -- db/show devices)",
        ],
    ),
    (
        lease_on_wrong_node,
        [
            "EDGE881 platform service affine/affine-svc-lb: node control-01 answers for 10.122.0.171, allowed are"
            " node01, node02, node03, node04 (look for another CiliumL2AnnouncementPolicy that selects the"
            " service: kubectl get ciliuml2announcementpolicies -o yaml)",
        ],
    ),
    (
        lease_expired,
        [
            "EDGE882 platform service affine/affine-svc-lb: node node02 holds the lease"
            " cilium-l2announce-affine-affine-svc-lb but has not renewed it for 59 s (its agent is away or"
            " throttled by the API (k8sClientRateLimit); another node takes over within the lease duration)",
        ],
    ),
    (
        dynamic_without_address,
        [
            "EDGE862 platform service media/web: Cilium gave it no address: no reason given yet (compare its"
            " labels with the pool's serviceSelector, and look at the addresses left: kubectl get"
            " ciliumloadbalancerippools; kubectl -n media get service web -o yaml)",
        ],
    ),
    (
        dynamic_in_wrong_pool,
        [
            "EDGE864 platform service media/web: it holds 10.122.0.130, which is not in its pool private-service"
            " (look at its label that names the pool; two pools may select it: kubectl get"
            " ciliumloadbalancerippools -o yaml)",
        ],
    ),
    (
        dynamic_of_another_class,
        [
            "EDGE867 platform service media/web: its loadBalancerClass is tailscale: Cilium neither gives it an"
            " address nor announces it (recreate the service without spec.loadBalancerClass (the field cannot be"
            " changed), or take it out of the site)",
        ],
    ),
]


@pytest.mark.parametrize(("mutate", "expected"), FINDINGS, ids=[mutate.__name__ for mutate, _texts in FINDINGS])
def test_one_thing_broken(mutate: Mutation, expected: list[str]) -> None:
    broken = Broken()
    mutate(broken)
    report = broken.verify()
    assert told(report) == expected
    if any(row.level == "error" for row in report.rows):
        assert report.errors, "a row is unmet, and nothing says why"


def test_every_code_is_tested() -> None:
    tested = {text.split()[0] for _mutate, texts in FINDINGS for text in texts}
    tested |= {text.split()[0] for _mutate, text in NEIGHBOR_FINDINGS}
    assert tested == set(LIVE_CODES) - {"EDGE807", "EDGE808"}  # these have tests of their own


def test_every_condition_has_a_code_of_its_own_kind() -> None:
    assert set(CONDITION_CODES.values()) <= set(LIVE_CODES)


# --- what the live cluster changes --------------------------------------------------------------------------------


def rows(report: VerifyReport, step: str) -> list[tuple[str, str, str, str]]:
    return [(row.subject, row.expected, row.seen, row.level) for row in report.rows if row.step == step]


def test_endpoint_that_drains_may_still_be_announced() -> None:
    for announced in (True, False):
        broken = Broken()
        broken.slice("dummy")["endpoints"][0] = endpoint("node02", ready=False, terminating=True)
        if not announced:
            broken.routes[SERVICE].pop(0)
            broken.kernel[SERVICE] = route("10.122.0.13")
            broken.peer("node02", 1)["routeCount"] = []
        report = broken.verify()
        assert told(report) == []
        seen = "node02, node03" if announced else "node03"
        assert rows(report, "accepted")[1] == ("udm-pro 203.0.113.94/32", "node03, perhaps node02", seen, "ok")


def test_endpoint_without_a_node_leaves_it_open_who_announces() -> None:
    broken = Broken()
    broken.slice("dummy")["endpoints"] = [endpoint(None)]
    report = broken.verify()
    assert told(report) == []
    assert rows(report, "accepted")[1][1] == "nobody, perhaps node01, node02, node03"


def test_endpoint_that_is_not_ready_is_not_expected() -> None:
    broken = Broken()
    broken.slice("dummy")["endpoints"][0] = endpoint("node02", ready=False)
    assert [finding.code for finding in broken.verify().findings] == ["EDGE841", "EDGE825"]


def test_cluster_policy_is_announced_by_all_allowed_nodes_even_without_endpoints() -> None:
    broken = Broken()
    another_policy(broken)
    broken.slice("dummy")["endpoints"] = []
    report = broken.verify()
    assert [finding.code for finding in report.findings] == ["EDGE868", "EDGE870"]
    assert rows(report, "accepted")[1][1:] == ("node01, node02, node03", "node01, node02, node03", "ok")


def test_cilium_may_be_told_to_announce_no_service_without_endpoints() -> None:
    broken = Broken()
    another_policy(broken)
    no_endpoint_local(broken)
    broken.service("dummy-service")["spec"]["externalTrafficPolicy"] = "Cluster"
    broken.slice("dummy")["endpoints"] = []
    broken.peer("node01", 1)["routeCount"] = []
    broken.plan["clusters"]["platform"]["helm_values"]["enableNoServiceEndpointsRoutable"] = False
    assert [finding.code for finding in broken.verify().findings] == ["EDGE868", "EDGE870"]


def test_a_warning_can_be_accepted_in_the_inventory() -> None:
    broken = Broken()
    no_endpoint_cluster(broken)
    (finding,) = broken.verify().findings
    broken.plan["accept"] = [{"code": "EDGE870", "path": None, "reason": "it moves in next week"}]
    (accepted,) = broken.verify().findings
    assert (finding.accepted, accepted.accepted) == (None, "it moves in next week")
    assert "  accepted: it moves in next week" in render(broken.verify())


def test_dynamic_service_is_verified_alike() -> None:
    broken = Broken()
    broken.resources["Service"].append(service("media", "web", "private-service", "10.122.0.160"))
    broken.resources["EndpointSlice"].append(endpoint_slice("media", "web", endpoint("node01")))
    report = broken.verify()
    assert [finding.code for finding in report.findings] == ["EDGE880"]
    row = ("platform media/web (dynamic)", "an address of private-service", "10.122.0.160", "ok")
    assert row in rows(report, "service")


def test_service_outside_all_pools_is_not_ours() -> None:
    broken = Broken()
    item = service("media", "web", "x", "192.0.2.7")
    item["metadata"]["labels"] = {}
    broken.resources["Service"].append(item)
    assert told(broken.verify()) == []


def test_two_services_that_share_an_address_are_expected_from_the_nodes_of_both() -> None:
    broken = Broken()
    broken.resources["Service"].append(service("dummy", "other", "public-service", "203.0.113.94", "Local"))
    broken.resources["EndpointSlice"].append(endpoint_slice("dummy", "other", endpoint("node01")))
    broken.routes[SERVICE].append(path("10.122.0.11"))
    broken.kernel[SERVICE] = route("10.122.0.11", "10.122.0.12", "10.122.0.13")
    broken.peer("node01", 1)["routeCount"] = peer("x", 1)["routeCount"]
    report = broken.verify()
    assert told(report) == []
    assert rows(report, "accepted")[1][1] == "node01, node02, node03"


def test_aggregate_is_expected_instead_of_the_host_route_but_not_for_local() -> None:
    broken = Broken()
    broken.plan["expect"]["announcements"][1]["length"]["ipv4"] = 29
    assert told(broken.verify()) == []  # Local
    another_policy(broken)
    broken.routes["203.0.113.88/29"] = broken.routes.pop(SERVICE)
    broken.kernel["203.0.113.88/29"] = broken.kernel.pop(SERVICE)
    assert [finding.code for finding in broken.verify().findings] == ["EDGE868"]


def test_session_that_the_plan_shuts_down() -> None:
    broken = Broken()
    not_shut_down(broken)
    broken.neighbor("10.121.0.13").update(bgpState="Idle", adminShutDown=True)
    report = broken.verify()
    assert told(report) == []
    assert rows(report, "router_session")[2][1:] == ("shut down", "shut down", "ok")
    assert len(rows(report, "node_session")) == 5


def test_nodes_of_different_asns_without_multipath_relax_share_no_prefix() -> None:
    broken = Broken()
    for session in broken.plan["sessions"]:
        if session["node"] == "node02":
            session["node_asn"] = 65012
    for address in ("10.121.0.12", "10.122.0.12"):
        broken.neighbor(address)["remoteAs"] = 65012
    for prefix, first in ((INGRESS, "10.121.0.11"), (SERVICE, "10.122.0.12")):
        for item in broken.routes[prefix]:
            item.pop("multipath"), item.update(bestpath=item["peerId"] == first)
        broken.kernel[prefix] = route(first)
    report = broken.verify()
    assert told(report) == []
    assert {row[1] for row in rows(report, "installed")} == {"1 next hop"}


def ipv6_site() -> Broken:
    """Return the reference site with a second, IPv6 address on the dummy service, over a session of its own to node02."""
    broken = Broken()
    plan, router = broken.plan, broken.router
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
    router["bgp"]["ipv6"]["routes"]["2001:db8:94::94/128"] = [path(address)]
    router["routes"]["ipv6"]["2001:db8:94::94/128"] = route("fe80::2")
    broken.service("dummy-service")["status"]["loadBalancer"]["ingress"].append({"ip": "2001:db8:94::94"})
    item = endpoint_slice("dummy", "dummy-service", endpoint("node02"))
    broken.resources["EndpointSlice"].append({**item, "addressType": "IPv6"})
    extra = peer("public-service-udm-pro-v6", 1)
    extra["routeCount"][0]["afi"] = "ipv6"
    broken.item("CiliumBGPNodeConfig", "node02")["status"]["bgpInstances"][1]["peers"].append(extra)
    return broken


def test_ipv6() -> None:
    broken = ipv6_site()
    report = broken.verify()
    assert told(report) == []
    assert rows(report, "accepted")[2] == ("udm-pro 2001:db8:94::94/128", "node02", "node02", "ok")
    broken.router["bgp"]["ipv6"]["routes"].clear()
    assert [finding.code for finding in broken.verify().findings] == ["EDGE840"]


def test_ipv6_prefix_is_told_with_the_commands_of_its_family() -> None:
    broken = ipv6_site()
    broken.router["routes"]["ipv6"] = {}
    assert told(broken.verify()) == [
        "EDGE850 udm-pro prefix 2001:db8:94::94/128 (platform dummy/dummy-service): accepted, but the router's kernel does"
        " not use it (another route may win, or the kernel may refuse multipath routes (rejected, older UniFi OS): vtysh"
        " -c 'show ipv6 route 2001:db8:94::94/128')"
    ]


# --- ends that are not verified, or not there ---------------------------------------------------------------------


def test_unmanaged_router_is_not_verified() -> None:
    broken = Broken()
    broken.plan["routers"]["udm-pro"]["managed"] = False
    broken.observed["routers"].clear()
    report = broken.verify()
    assert told(report) == []
    assert {row.step for row in report.rows} == {"ends", "node_session", "service", "lease"}


def test_prefixes_of_an_unmanaged_cluster_are_judged_by_its_pools_alone() -> None:
    broken = Broken()
    broken.plan["clusters"]["platform"]["managed"] = False
    broken.observed["clusters"].clear()
    assert told(broken.verify()) == []
    foreign_prefix(broken)
    assert [finding.code for finding in broken.verify().findings] == ["EDGE842"]


def test_unreadable_cluster_makes_no_findings_about_its_prefixes() -> None:
    broken = Broken()
    broken.observed["clusters"]["platform"] = {"error": "away"}
    assert [finding.code for finding in broken.verify().findings] == ["EDGE802"]


def test_nothing_observed_is_an_error() -> None:
    with pytest.raises(EdgeError) as caught:
        verify(PLAN, {"routers": {}, "clusters": {}})
    assert str(caught.value) == (
        "edge_verify_plan: no router and no cluster that the plan manages was observed, so nothing can be verified (the"
        " play's hosts must contain the plan's routers and clusters)"
    )


def nas(b: Broken) -> None:
    """Let the router have a neighbor that is no node, with an import and an export, in good order."""
    intent = b.plan["routers"]["udm-pro"]["frr"]
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
    b.plan["neighbors"] = [
        {
            "router": "udm-pro",
            "name": "nas",
            "link": None,
            "other": None,
            "addresses": ["10.121.0.66"],
            "interface": None,
            "listen_ranges": [],
            "families": ["ipv4"],
            "hold": 30,
            "keepalive": 10,
            "graceful_restart": 15,
            "connect_retry": 5,
            "shutdown": False,
            "peer_group": "nas",
        }
    ]
    b.router["neighbors"]["10.121.0.66"] = neighbor(64999)
    b.routes["192.0.2.0/24"] = [path("10.121.0.66")]
    b.router["advertised"]["ipv4"]["10.121.0.66"] = {"advertisedRoutes": {"10.121.0.0/24": {}}}


def test_planned_neighbor_in_good_order() -> None:
    broken = Broken()
    nas(broken)
    assert told(broken.verify()) == []
    assert {row.level for row in broken.verify().rows} == {"ok"}


def test_a_longer_path_by_way_of_another_router_is_no_missing_next_hop() -> None:
    broken = Broken()
    nas(broken)
    list_of = next(
        item for item in broken.plan["routers"]["udm-pro"]["frr"]["prefix_lists"] if item["name"] == "nas-ipv4"
    )
    list_of["entries"].append({"seq": 10, "action": "permit", "prefix": SERVICE, "ge": None, "le": None})
    broken.routes[SERVICE].append({**path("10.121.0.66"), "multipath": False})
    assert told(broken.verify()) == []
    broken.routes[SERVICE][-1]["multipath"] = True
    (found,) = told(broken.verify())
    assert found.startswith("EDGE851 udm-pro prefix 203.0.113.94/32 (platform dummy/dummy-service): the kernel uses")


def nas_down(b: Broken) -> None:
    b.neighbor("10.121.0.66").update(bgpState="Active", lastNotificationReason="Hold Timer Expired")


def nas_timers(b: Broken) -> None:
    b.neighbor("10.121.0.66").update(bgpTimerHoldTimeMsecs=9000, bgpTimerKeepAliveIntervalMsecs=3000)


def nas_without_family(b: Broken) -> None:
    b.neighbor("10.121.0.66")["neighborCapabilities"] = {}


def nas_announces_too_much(b: Broken) -> None:
    b.routes["192.0.2.128/25"] = [path("10.121.0.66")]


def nas_is_told_too_much(b: Broken) -> None:
    b.router["advertised"]["ipv4"]["10.121.0.66"]["advertisedRoutes"]["10.122.0.0/24"] = {}


def nas_missing(b: Broken) -> None:
    del b.router["neighbors"]["10.121.0.66"], b.routes["192.0.2.0/24"]


NAS = "udm-pro neighbor 10.121.0.66 (neighbor nas)"
NEIGHBOR_FINDINGS: list[tuple[Callable[[Broken], None], str]] = [
    (nas_down, f"EDGE890 {NAS}: the session is Active, not Established; last reason: Hold Timer Expired"),
    (nas_timers, f"EDGE891 {NAS}: the timers 9/3 s were negotiated, planned are 30/10 s (hold/keepalive)"),
    (nas_without_family, f"EDGE892 {NAS}: the session does not carry ipv4"),
    (nas_announces_too_much, f"EDGE893 {NAS}: 192.0.2.128/25 accepted, which its import does not let in"),
    (nas_is_told_too_much, f"EDGE894 {NAS}: the router announces 10.122.0.0/24, which its export does not name"),
    (nas_missing, f"EDGE810 {NAS}: the router has no such neighbor"),
]


@pytest.mark.parametrize(("mutate", "text"), NEIGHBOR_FINDINGS, ids=[item[0].__name__ for item in NEIGHBOR_FINDINGS])
def test_planned_neighbor_that_is_broken(mutate: Callable[[Broken], None], text: str) -> None:
    broken = Broken()
    nas(broken)
    mutate(broken)
    (found,) = told(broken.verify())
    assert found.startswith(text)


def test_pool_that_announces_some_services_only() -> None:
    broken = Broken()
    next(p for p in broken.plan["pools"] if p["name"] == "public-service")["announce_only"] = "tier=gold"
    found = [text.split()[0] for text in told(broken.verify())]
    assert found == ["EDGE841", *["EDGE825"] * 2]
    broken.service("dummy-service")["metadata"]["labels"]["tier"] = "gold"
    assert told(broken.verify()) == []


def test_pool_that_is_announced_as_an_aggregate() -> None:
    broken = Broken()
    next(p for p in broken.plan["pools"] if p["name"] == "public-service")["aggregate"] = {"ipv4": 29}
    broken.service("dummy-service")["spec"]["externalTrafficPolicy"] = "Cluster"
    for table in (broken.routes, broken.kernel):
        table["203.0.113.88/29"] = table.pop(SERVICE)
    rows = {row.subject: row.expected for row in broken.verify().rows if row.step == "accepted"}
    assert rows["udm-pro 203.0.113.88/29"] == "node01, node02, node03"


def test_pod_cidrs_are_expected_from_their_nodes() -> None:
    broken = Broken()
    for item in broken.plan["clusters"]["platform"]["bgp"]:
        if item["kind"] == "CiliumBGPAdvertisement" and item["metadata"]["name"] == "public-ingress":
            item["spec"]["advertisements"].append({"advertisementType": "PodCIDR"})
    spec = {"ipam": {"podCIDRs": ["10.244.1.0/24"]}}
    broken.resources["CiliumNode"] = [{"metadata": {"name": "node01"}, "spec": spec}]
    broken.peer()["routeCount"][0]["advertised"] = 2
    (found,) = told(broken.verify())
    assert found.startswith(
        "EDGE840 udm-pro prefix 10.244.1.0/24 (platform pods of node01): not accepted from node01 ("
    )
    broken.routes["10.244.1.0/24"] = [path("10.121.0.11")]
    broken.kernel["10.244.1.0/24"] = route("10.121.0.11")
    assert told(broken.verify()) == []


def test_removed_router_must_have_no_session() -> None:
    broken = Broken()
    router = broken.plan["routers"]["udm-pro"]
    router["absent"] = True
    router["frr"] = {**router["frr"], "peer_groups": [], "prefix_lists": [], "route_maps": []}
    broken.plan["sessions"] = []
    broken.plan["expect"]["announcements"] = []
    found = [text for text in told(broken.verify()) if text.startswith("EDGE807")]
    assert len(found) == 1
    assert "the plan removes the router, and it still has the BGP neighbors 10.121.0.11, " in found[0]
    no_bgp(broken)
    assert told(broken.verify()) == []


def test_removed_cluster_must_have_no_object_of_ours() -> None:
    broken = Broken()
    cluster = broken.plan["clusters"]["platform"]
    cluster.update(absent=True, bgp=[], lb=[], services=[])
    broken.plan.update(sessions=[], pools=[], services=[])
    broken.plan["expect"] = {"announcements": [], "l2": []}
    del broken.observed["routers"]["udm-pro"]
    assert told(broken.verify()) == []
    labels = {"app.kubernetes.io/managed-by": "hybridnet.cluster_edge", "cluster-edge.hybridnet/site": "hybrid"}
    broken.item("CiliumLoadBalancerIPPool", "public-ingress")["metadata"]["labels"] = labels
    (found,) = told(broken.verify())
    assert found.startswith(
        "EDGE808 platform: the plan removes the cluster, and it still has CiliumLoadBalancerIPPool public-ingress ("
    )


def test_dynamic_neighbor_is_found_by_its_node() -> None:
    broken = Broken()
    for session in broken.plan["sessions"]:
        if session["peering"] == "public-ingress":
            session.update(node_address="", dynamic=True)
    for item in broken.plan["expect"]["announcements"]:
        if item["peering"] == "public-ingress":
            item["nodes"] = dict.fromkeys(item["nodes"], "")
    for group in broken.plan["routers"]["udm-pro"]["frr"]["peer_groups"]:
        if group["name"].endswith("public-ingress"):
            group["listen_ranges"] = ["10.121.0.0/24"]
    broken.resources["CiliumNode"] = [
        {
            "metadata": {"name": f"node0{n}"},
            "spec": {"addresses": [{"type": "InternalIP", "ip": f"10.{net}.0.1{n}"} for net in (122, 121)]},
        }
        for n in (1, 2, 3)
    ]
    assert told(broken.verify()) == []
    del broken.router["neighbors"]["10.121.0.13"]
    (found,) = told(broken.verify())
    assert found.startswith(
        "EDGE811 udm-pro neighbor 10.121.0.13 (node03, peering public-ingress): the session is not there"
    )


def test_planned_export_is_no_leak() -> None:
    broken = Broken()
    networks_leak(broken)
    for route_map in broken.plan["routers"]["udm-pro"]["frr"]["route_maps"]:
        if route_map["name"] == "platform-public-service-ipv4-out":
            route_map["entries"][0]["action"] = "permit"
    assert told(broken.verify()) == []


# --- polling ------------------------------------------------------------------------------------------------------


def test_strict_makes_an_error_of_what_others_have_not_made_yet() -> None:
    broken = Broken()
    chart_missing(broken)
    assert [finding.severity for finding in broken.verify().findings] == ["warning"]
    broken.strict = True
    assert [finding.severity for finding in broken.verify().findings] == ["error"]


@pytest.mark.parametrize(
    ("mutate", "settles"),
    [(session_down, True), (lease_missing, True), (service_missing, False), (label_names_no_pool, False)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_waiting_is_worth_it_only_where_it_can_help(mutate: Mutation, settles: bool) -> None:
    broken = Broken()
    mutate(broken)
    assert broken.verify().may_settle is settles


def test_warnings_are_not_waited_for() -> None:
    broken = Broken()
    no_endpoint_cluster(broken)
    assert not broken.verify().may_settle


def test_limit_of_polling_follows_the_timers() -> None:
    assert settle_seconds(PLAN) == 60 + 30 + 15 + 2 * 5
    assert settle_seconds({**PLAN, "sessions": []}) == 60


def test_report_does_not_depend_on_the_order_of_what_was_seen() -> None:
    broken, turned = Broken(), Broken()
    for site in (broken, turned):
        session_down(site), foreign_prefix(site), lease_missing(site), dynamic_without_address(site)
    for kind, items in turned.resources.items():
        turned.resources[kind] = list(reversed(items))
    turned.router["neighbors"] = dict(reversed(turned.router["neighbors"].items()))
    turned.router["bgp"]["ipv4"]["routes"] = dict(reversed(turned.routes.items()))
    assert render(turned.verify()) == render(broken.verify())


# --- gaps in what was seen ----------------------------------------------------------------------------------------


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything inside ``value``."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*path, key), *places(item, (*path, key)))]


ALWAYS_THERE = ("metadata", "name", "namespace", "kubernetes.io/service-name")
"""What no object of the API server lacks."""


@pytest.mark.parametrize(
    "end", [("routers", "udm-pro"), ("clusters", "platform", "resources")], ids=["router", "cluster"]
)
def test_whatever_is_missing_in_what_was_seen_is_never_a_crash(end: tuple[str, ...]) -> None:
    good = Broken()
    for place in places(functools.reduce(operator.getitem, end, good.observed)):
        if place[-1] in ALWAYS_THERE and "peers" not in place:
            continue
        broken = Broken()
        holder = functools.reduce(operator.getitem, (*end, *place[:-1]), broken.observed)
        del holder[place[-1]]
        report = broken.verify()
        unmet = [row for row in report.rows if row.level == "error"]
        assert not unmet or report.errors, f"{place}: a row is unmet, and nothing says why"


# --- the table ----------------------------------------------------------------------------------------------------


def test_table() -> None:
    broken = Broken()
    broken.plan["sessions"] = broken.plan["sessions"][:1]
    broken.plan["services"] = []
    broken.plan["expect"] = {"announcements": [], "l2": []}
    for kind in ("Service", "EndpointSlice", "Lease"):
        broken.resources[kind] = []
    broken.routes.clear()
    broken.peer()["routeCount"] = []
    broken.neighbor().update(bgpState="Active")
    assert render(broken.verify()) == [
        "The two ends                                      expected              seen",
        "  udm-pro: BGP                                    AS 65000              AS 65000              ok",
        "  platform: Cilium's objects                      11 there              11 there              ok",
        "  platform: Cilium's complaints                   none                  none                  ok",
        "",
        "Sessions on the routers (hold/keepalive)          expected              seen",
        "  udm-pro <- node01 10.121.0.11 (public-ingress)  Established, 30/10 s  Active                error",
        "",
        "Sessions on the nodes (hold/keepalive)            expected              seen",
        "  node01 -> udm-pro 10.121.0.1 (public-ingress)   established, 30/10 s  established, 30/10 s  ok",
        "",
        "Nothing else                                      expected              seen",
        "  udm-pro accepts                                 nothing else          nothing else          ok",
        "  udm-pro announces to the nodes                  nothing               nothing               ok",
        "",
        "error EDGE811  udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session is Active, not Established",
        "  vtysh -c 'show bgp neighbors 10.121.0.11', and for the node: kubectl get ciliumbgpnodeconfig node01 -o yaml; a"
        " session that stays in Connect or Active means a wrong password, a firewall on TCP port 179, or no agent there",
        "",
        "6 of 7 expectations met, 1 error",
    ]
