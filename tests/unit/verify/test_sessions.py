# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP sessions, as the router and as the nodes see them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Fault, Faults, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import INGRESS, path, route

FAULTS = Faults()


@FAULTS.finds(
    "EDGE810 udm-pro neighbor 10.121.0.13 (node03, peering public-ingress): the router has no such neighbor (run "
    "site.yml with --tags router; on UniFi OS a configuration from its own UI replaces this one at each provision)",
)
def neighbor_missing(site: LiveSite) -> None:
    del site.router["neighbors"]["10.121.0.13"]


@FAULTS.finds(
    "EDGE811 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session is Active, not "
    "Established; last reason: OPEN Message Error/Bad Peer AS (vtysh -c 'show bgp neighbors 10.121.0.11', and "
    "for the node: kubectl get ciliumbgpnodeconfig node01 -o yaml; a session that stays in Connect or Active "
    "means a wrong password, a firewall on TCP port 179, or no agent there)",
)
def session_down(site: LiveSite) -> None:
    site.neighbor().update(bgpState="Active", lastNotificationReason="OPEN Message Error\\/Bad Peer AS")


@FAULTS.finds(
    "EDGE811 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session is Connect, not "
    "Established; last reason: Waiting for peer OPEN (vtysh -c 'show bgp neighbors 10.121.0.11', and for the "
    "node: kubectl get ciliumbgpnodeconfig node01 -o yaml; a session that stays in Connect or Active means a "
    "wrong password, a firewall on TCP port 179, or no agent there)",
    "EDGE822 platform node node01 peer public-ingress-udm-pro: the node's Cilium agent reports the session as "
    "active (kubectl -n kube-system logs ds/cilium | grep bgp-control-plane; kubectl get ciliumbgpnodeconfig node01 -o yaml)",
)
def session_down_and_its_routes(site: LiveSite) -> None:
    site.neighbor().update(bgpState="Connect", lastResetDueTo="Waiting for peer OPEN")
    site.peer()["peeringState"] = "active"
    site.routes[INGRESS] = [path("10.121.0.12")]
    site.kernel[INGRESS] = route("10.121.0.12")


@FAULTS.finds(
    "EDGE811 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session is Idle (NSF passive), "
    "not Established (vtysh -c 'show bgp neighbors 10.121.0.11', and for the node: kubectl get "
    "ciliumbgpnodeconfig node01 -o yaml; a session that stays in Connect or Active means a wrong password, a firewall on TCP port 179, or no agent there)",
    "EDGE844 udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller): the path "
    "from node01 is stale: the router keeps it for the graceful restart of an agent that is away (see the node's "
    "Cilium agent; the path goes when the restart time is over)",
)
def graceful_restart(site: LiveSite) -> None:
    site.neighbor().update(bgpState="Idle")
    site.line().update(state="Idle", peerState="NSF passive")
    site.routes[INGRESS][0]["stale"] = True


@FAULTS.finds(
    "EDGE812 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the router closed the session: the "
    "node sent more prefixes than maximum-prefix allows (find out what the node announces: kubectl get "
    "ciliumbgpadvertisement -o yaml; then vtysh -c 'clear bgp 10.121.0.11')",
)
def prefix_limit(site: LiveSite) -> None:
    site.neighbor().update(bgpState="Idle")
    site.line().update(state="Idle (PfxCt)", peerState="PfxCt")


@FAULTS.finds(
    "EDGE812 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the router closed the session: the "
    "node sent more prefixes than maximum-prefix allows (find out what the node announces: kubectl get "
    "ciliumbgpadvertisement -o yaml; then vtysh -c 'clear bgp 10.121.0.11')",
)
def prefix_limit_on_frr_7(site: LiveSite) -> None:
    site.neighbor().update(bgpState="Idle")
    site.router["summary"]["ipv4Unicast"]["peers"]["10.121.0.11"] = {"state": "Idle (PfxCt)"}


@FAULTS.finds(
    "EDGE813 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the neighbor is shut down on the "
    "router, and the plan has it up (someone shut it down by hand: run site.yml with --tags router, or set shutdown: true in the peering)",
)
def shut_down(site: LiveSite) -> None:
    site.neighbor().update(bgpState="Idle", adminShutDown=True)


@FAULTS.finds(
    "EDGE814 udm-pro neighbor 10.121.0.13 (node03, peering public-ingress): the plan shuts the session down, and "
    "it is Established (run site.yml with --tags router)",
)
def not_shut_down(site: LiveSite) -> None:
    next(s for s in site.plan["sessions"] if s["node_address"] == "10.121.0.13")["shutdown"] = True


@FAULTS.finds(
    "EDGE815 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the timers 180/60 s were negotiated, "
    "planned are 30/10 s (hold/keepalive) (one end still has old timers: run site.yml; FRR takes new timers only when the session is reset)",
)
def router_timers(site: LiveSite) -> None:
    site.neighbor().update(bgpTimerHoldTimeMsecs=180000, bgpTimerKeepAliveIntervalMsecs=60000)


RESTART = (
    "EDGE829 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): graceful restart: {} (both ends agree on it when"
    " the session comes up: compare the node's (kubectl get ciliumbgppeerconfig public-ingress -o yaml) with the router's"
    " (vtysh -c 'show bgp neighbors 10.121.0.11'), then vtysh -c 'clear bgp 10.121.0.11')"
)


@FAULTS.finds(RESTART.format("off, planned is 15 s"))
def graceful_restart_off(site: LiveSite) -> None:
    site.neighbor()["neighborCapabilities"]["gracefulRestart"] = "advertised"


@FAULTS.finds(RESTART.format("120 s, planned is 15 s"))
def graceful_restart_of_another_time(site: LiveSite) -> None:
    site.neighbor()["gracefulRestartInfo"]["timers"]["receivedRestartTimer"] = 120


@FAULTS.finds(RESTART.format("15 s, which the router does not take part in, planned is 15 s"))
def graceful_restart_that_the_router_refuses(site: LiveSite) -> None:
    site.neighbor()["neighborCapabilities"]["gracefulRestart"] = "received"


@FAULTS.finds(RESTART.format("15 s, planned is off"))
def graceful_restart_that_nobody_planned(site: LiveSite) -> None:
    for session in site.plan["sessions"]:
        if session["node_address"] == "10.121.0.11":
            session["graceful_restart"] = 0


@FAULTS.finds(
    "EDGE816 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session is Established but "
    "exchanges no routes: a direction has no route-map (RFC 8212) (run site.yml with --tags router; vtysh -c 'show bgp neighbors 10.121.0.11')",
)
def no_policy(site: LiveSite) -> None:
    site.line()["peerState"] = "Policy"


@FAULTS.finds(
    "EDGE828 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): ipv4 has no route-map in the direction in, "
    "planned is platform-public-ingress-ipv4-in (run site.yml with --tags router; who changed it: vtysh -c 'show bgp "
    "neighbors 10.121.0.11')",
)
def import_policy_lost(site: LiveSite) -> None:
    del site.family()["routeMapForIncomingAdvertisements"]


@FAULTS.finds(
    "EDGE828 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): ipv4 has route-map all in the direction out, "
    "planned is platform-public-ingress-ipv4-out (run site.yml with --tags router; who changed it: vtysh -c 'show bgp "
    "neighbors 10.121.0.11')",
)
def another_export_policy(site: LiveSite) -> None:
    site.family()["routeMapForOutgoingAdvertisements"] = "all"


@FAULTS.finds(
    "EDGE817 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session does not carry ipv4 "
    "(compare families of the CiliumBGPPeerConfig with the neighbor's activated families; is the family on in Cilium?)",
)
def family_missing(site: LiveSite) -> None:
    site.neighbor()["neighborCapabilities"] = {"multiprotocolExtensions": {"ipv6Unicast": {"advertised": True}}}


@FAULTS.finds(
    "EDGE818 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the router expects AS 65009 there, "
    "planned is AS 65001 (run site.yml with --tags router)",
)
def remote_as(site: LiveSite) -> None:
    site.neighbor().update(remoteAs=65009, bgpState="Active")


@FAULTS.finds(
    "EDGE819 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the plan protects the session with a "
    "password (TCP MD5), the router has none on it (run site.yml, both ends take the password from edge_bgp_passwords)",
)
def no_password(site: LiveSite) -> None:
    for session in site.plan["sessions"]:
        if session["peering"] == "public-ingress":
            session["password"] = "public-ingress"
    for address in ("10.121.0.12", "10.121.0.13"):
        site.neighbor(address)["authenticationEnabled"] = 1


@FAULTS.finds(
    "EDGE820 platform node node03: there is no CiliumBGPNodeConfig for this node (compare its labels with "
    "nodeSelector: kubectl get ciliumnode node03 --show-labels; kubectl get ciliumbgpclusterconfig -o yaml; Cilium's operator makes the object)",
)
def node_config_missing(site: LiveSite) -> None:
    site.resources["CiliumBGPNodeConfig"].pop()


@FAULTS.finds(
    "EDGE821 platform node node01 peer public-service-udm-pro: the node's Cilium agent reports no peer "
    "public-service-udm-pro in instance as65002 (kubectl get ciliumbgpnodeconfig node01 -o yaml; is "
    "bgpControlPlane.statusReport.enabled true, and does the agent run?)",
)
def node_session_missing(site: LiveSite) -> None:
    site.item("CiliumBGPNodeConfig", "node01")["status"]["bgpInstances"].pop()


@FAULTS.finds(
    "EDGE821 platform node node01 peer public-ingress-udm-pro: the node's Cilium agent reports no peer "
    "public-ingress-udm-pro in instance as65001 (kubectl get ciliumbgpnodeconfig node01 -o yaml; is "
    "bgpControlPlane.statusReport.enabled true, and does the agent run?)",
    "EDGE821 platform node node01 peer public-service-udm-pro: the node's Cilium agent reports no peer "
    "public-service-udm-pro in instance as65002 (kubectl get ciliumbgpnodeconfig node01 -o yaml; is "
    "bgpControlPlane.statusReport.enabled true, and does the agent run?)",
)
def node_status_empty(site: LiveSite) -> None:
    site.item("CiliumBGPNodeConfig", "node01")["status"] = {}


@FAULTS.finds(
    "EDGE822 platform node node01 peer public-ingress-udm-pro: the node's Cilium agent reports the session as "
    "open_sent (kubectl -n kube-system logs ds/cilium | grep bgp-control-plane; kubectl get ciliumbgpnodeconfig node01 -o yaml)",
)
def node_session_down(site: LiveSite) -> None:
    site.peer()["peeringState"] = "open_sent"


@FAULTS.finds(
    "EDGE896 platform node node01 peer public-ingress-udm-pro: the node's Cilium agent reports the session as open_confirm,"
    " and the router has it up (BGP leaves that state within the hold time, so the object is behind; look again, and if it"
    " stays, restart the agent of node01: kubectl get ciliumbgpnodeconfig node01 -o yaml)",
)
def node_object_behind(site: LiveSite) -> None:
    site.peer()["peeringState"] = "open_confirm"


@FAULTS.finds(
    "EDGE811 udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session is Connect, not "
    "Established (vtysh -c 'show bgp neighbors 10.121.0.11', and for the node: kubectl get ciliumbgpnodeconfig node01 -o"
    " yaml; a session that stays in Connect or Active means a wrong password, a firewall on TCP port 179, or no agent there)",
    "EDGE822 platform node node01 peer public-ingress-udm-pro: the node's Cilium agent reports the session as open_confirm"
    " (kubectl -n kube-system logs ds/cilium | grep bgp-control-plane; kubectl get ciliumbgpnodeconfig node01 -o yaml)",
)
def both_ends_say_that_it_is_not_up(site: LiveSite) -> None:
    site.neighbor().update(bgpState="Connect")
    site.peer()["peeringState"] = "open_confirm"
    site.routes[INGRESS] = [path("10.121.0.12")]
    site.kernel[INGRESS] = route("10.121.0.12")


@FAULTS.finds(
    "EDGE823 platform node node01 peer public-ingress-udm-pro: the node reports the timers 90/30 s, planned are "
    "30/10 s (hold/keepalive) (compare timers of the CiliumBGPPeerConfig with the router's: vtysh -c 'show bgp neighbors 10.121.0.11')",
)
def node_timers(site: LiveSite) -> None:
    site.peer()["timers"] = {"appliedHoldTimeSeconds": 90, "appliedKeepaliveSeconds": 30}


@FAULTS.finds(
    "EDGE823 platform node node01 peer public-ingress-udm-pro: the node reports the timers unknown, planned are "
    "30/10 s (hold/keepalive) (compare timers of the CiliumBGPPeerConfig with the router's: vtysh -c 'show bgp neighbors 10.121.0.11')",
)
def node_timers_unknown(site: LiveSite) -> None:
    del site.peer()["timers"]


def agents(**others: bool) -> dict[str, bool]:
    """Return that the agent of each node of the plan is ready, but for some."""
    return {**dict.fromkeys(("node01", "node02", "node03", "node04"), True), **others}


def others_router(site: LiveSite, agents: dict[str, bool] | None) -> None:
    """Let the router be somebody else's, and the agents be as they are."""
    site.plan["routers"]["udm-pro"]["managed"] = False
    site.observed["routers"] = {}
    site.observed["clusters"]["platform"]["agents"] = agents


def by_the_word_of_an_agent(instance: str, reason: str) -> str:
    return (
        f"EDGE838 platform node node01 peer {instance}-udm-pro: the node's object says that the session is established, but"
        f" {reason}: what a dead agent wrote stays there (look at the agent: kubectl -n kube-system get pods -o wide -l"
        " k8s-app=cilium --field-selector spec.nodeName=node01; the router of somebody else cannot be asked)"
    )


NOT_READY = "its Cilium agent is not ready"


AGENT_DOWN = (
    "EDGE897 platform node node01: Cilium's agent there is not ready: its sessions stay down, and it answers for no address on"
    " L2 (other nodes serve what they may serve, and it takes the plan when its agent is back: kubectl -n kube-system get pods"
    " -o wide -l k8s-app=cilium --field-selector spec.nodeName=node01)"
)


@FAULTS.finds(AGENT_DOWN)
def agent_down(site: LiveSite) -> None:
    site.observed["clusters"]["platform"]["agents"] = agents(node01=False, other=False)


@FAULTS.finds(AGENT_DOWN)
def agent_missing(site: LiveSite) -> None:
    found = agents()
    del found["node01"]
    site.observed["clusters"]["platform"]["agents"] = found


@FAULTS.finds(
    "EDGE898 platform: no Cilium operator is ready: no service gets an address, and no change of BGP reaches a node (what runs"
    " goes on as it is: kubectl -n kube-system describe deployment/cilium-operator; kubectl -n kube-system get pods -o wide -l"
    " io.cilium/app=operator)"
)
def operator_down(site: LiveSite) -> None:
    site.observed["clusters"]["platform"].update(agents=agents(), operator=False)


@FAULTS.finds(*(by_the_word_of_an_agent(name, NOT_READY) for name in ("public-ingress", "public-service")), AGENT_DOWN)
def dead_agent_says_established(site: LiveSite) -> None:
    others_router(site, agents(node01=False))


@FAULTS.finds(
    *(by_the_word_of_an_agent(name, "no Cilium agent runs there") for name in ("public-ingress", "public-service")),
    AGENT_DOWN,
)
def agent_that_is_gone_says_established(site: LiveSite) -> None:
    found = agents()
    del found["node01"]
    others_router(site, found)


def rogue(site: LiveSite, node: str = "node01") -> dict[str, Any]:
    """Return a session of a node with somebody whom the plan does not have."""
    return {**copy.deepcopy(site.peer(node)), "name": "rogue", "peerAddress": "10.121.0.99", "peerASN": 65099}


OTHER_PEER = (
    "EDGE911 platform node {node} peer {peer}: the node's Cilium agent has this peer in instance {instance} ({other}), and "
    "the plan does not ({first}if the inventory changed since the last {run}: then it may be the site's own, of before. "
    "Otherwise whoever it is may get the cluster's routes: kubectl get ciliumbgpnodeconfig {node} -o yaml names the "
    "CiliumBGPClusterConfig that it comes from, and kubectl get ciliumbgpclusterconfig -o yaml --show-managed-fields who "
    "wrote it there; take it out, or plan it as a router of the site)"
)
RUN = {"first": "run site.yml ", "run": "run"}
COMMIT = {
    "first": "others apply to this cluster (edge_cluster_apply: others): commit what playbooks/render.yml writes ",
    "run": "commit",
}
ROGUE = {"node": "node01", "peer": "rogue", "other": "AS 65099 at 10.121.0.99, established"}


@FAULTS.finds(OTHER_PEER.format(**ROGUE, **RUN, instance="as65001"))
def a_peer_that_nobody_planned(site: LiveSite) -> None:
    site.item("CiliumBGPNodeConfig", "node01")["status"]["bgpInstances"][0]["peers"].append(rogue(site))


@FAULTS.finds(OTHER_PEER.format(**ROGUE, **COMMIT, instance="as65001"))
def a_peer_that_nobody_planned_where_others_apply(site: LiveSite) -> None:
    site.plan["clusters"]["platform"]["apply"] = "others"
    a_peer_that_nobody_planned(site)


@FAULTS.finds(OTHER_PEER.format(**ROGUE, **RUN, instance="rogue"))
def an_instance_that_nobody_planned(site: LiveSite) -> None:
    instances = site.item("CiliumBGPNodeConfig", "node01")["status"]["bgpInstances"]
    instances.append({"name": "rogue", "peers": [rogue(site)]})


@FAULTS.finds(
    OTHER_PEER.format(
        node="node01", peer="rogue", instance="as65001", other="AS unknown at an unknown address, idle", **RUN
    )
)
def a_peer_that_nobody_planned_and_that_is_not_up(site: LiveSite) -> None:
    found = {"name": "rogue", "peeringState": "idle"}
    site.item("CiliumBGPNodeConfig", "node01")["status"]["bgpInstances"][0]["peers"].append(found)


@FAULTS.finds()
def a_node_without_planned_sessions_has_peers_of_others(site: LiveSite) -> None:
    instance = {"name": "own", "peers": [rogue(site)]}
    config = {"metadata": {"name": "node09"}, "status": {"bgpInstances": [instance]}}
    site.resources["CiliumBGPNodeConfig"].append(config)


def test_peers_that_nobody_planned_have_a_row() -> None:
    site = LiveSite()
    for node in ("node01", "node02"):
        site.item("CiliumBGPNodeConfig", node)["status"]["bgpInstances"][0]["peers"].append(rogue(site, node))
    row = ("platform nodes have as BGP peers", "nobody else", "rogue of node01, rogue of node02", "error")
    assert row in site.rows("nothing_else")


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()


def test_session_that_the_plan_shuts_down() -> None:
    site = LiveSite()
    not_shut_down(site)
    site.neighbor("10.121.0.13").update(bgpState="Idle", adminShutDown=True)
    assert site.texts() == []
    assert site.rows("router_session")[2][1:] == ("shut down", "shut down", "ok")
    assert len(site.rows("node_session")) == 5


def test_who_else_writes_a_router_names_its_policies_and_must_have_some() -> None:
    site = LiveSite()
    site.plan["routers"]["udm-pro"]["bgp_owner"] = "none"
    site.family()["routeMapForIncomingAdvertisements"] = "from-the-nodes"
    assert site.codes() == []
    del site.family()["routeMapForIncomingAdvertisements"]
    assert site.codes() == ["EDGE828"]


def test_node_is_believed_while_its_agent_is_ready() -> None:
    site = LiveSite()
    others_router(site, agents())
    assert site.texts() == []


@pytest.mark.parametrize(("address", "told"), [("10.121.0.1", False), ("fe80::1%eth0", False), ("10.121.0.9", True)])
def test_node_s_session_must_be_with_the_planned_router(address: str, told: bool) -> None:
    """Also where nobody but the node can be asked."""
    site = LiveSite()
    others_router(site, agents())
    site.peer()["peerAddress"] = address
    wrong = "EDGE822 platform node node01 peer public-ingress-udm-pro: the node's Cilium agent reports the session as"
    assert [text.partition(" (")[0] for text in site.texts()] == [f"{wrong} established with {address}"] * told


def test_family_without_a_policy_is_told_whichever_it_is() -> None:
    site = LiveSite()
    site.plan["sessions"][0]["families"] = ["ipv4", "ipv6"]
    extensions = site.neighbor()["neighborCapabilities"]["multiprotocolExtensions"]
    extensions["ipv6Unicast"] = {"advertisedAndReceived": True}
    line = {**site.line(), "peerState": "Policy"}
    site.router["summary"]["ipv6Unicast"] = {"as": 65000, "peers": {"10.121.0.11": line}}
    assert site.codes() == ["EDGE816"]
    site.plan["sessions"][0]["families"] = ["ipv4"]
    assert site.codes() == []


def test_account_that_may_not_list_pods_is_told_so() -> None:
    site = LiveSite()
    others_router(site, None)
    assert set(site.codes()) == {"EDGE838"}
    assert "the account may not list pods" in site.texts()[0]


@pytest.mark.parametrize(
    ("agents", "told"),
    [
        (None, "the account may not list pods in kube-system"),
        ({}, "no pod in kube-system has the label k8s-app=cilium (edge_verify_cilium_namespace)"),
    ],
)
def test_agents_of_which_nobody_knows_are_told_to_be_so(agents: dict[str, bool] | None, told: str) -> None:
    site = LiveSite()
    site.observed["clusters"]["platform"]["agents"] = agents
    assert site.texts() == []
    row = ("platform: Cilium's agents", "they and an operator ready", f"not known: {told}", "unknown")
    assert row in site.rows("ends")


def test_agents_that_are_known_and_those_that_nobody_asked_for_have_no_row() -> None:
    site = LiveSite()
    assert "platform: Cilium's agents" not in [row[0] for row in site.rows("ends")]
    site.observed["clusters"]["platform"].update(agents=agents(), operator=True)
    assert "platform: Cilium's agents" not in [row[0] for row in site.rows("ends")]


def test_agents_that_run_elsewhere_are_not_missing() -> None:
    """With another namespace or other labels, of a router that nobody can ask."""
    site = LiveSite()
    others_router(site, {})
    assert site.texts() == []
    told = [(row[2], row[3]) for row in site.rows("node_session")]
    assert set(told) == {("established, 30/10 s, not known whether its agent is ready", "unknown")}
    site.peer()["timers"]["appliedHoldTimeSeconds"] = 90
    assert [row[3] for row in site.rows("node_session")].count("error") == 1


def test_agents_that_an_operator_beside_them_proves_missing() -> None:
    """The DaemonSet was deleted: what the agents wrote of their sessions stays."""
    site = LiveSite()
    others_router(site, {})
    site.observed["clusters"]["platform"]["operator"] = True
    assert set(site.codes()) == {"EDGE838", "EDGE897"}
    assert {row[3] for row in site.rows("node_session")} == {"error"}
    assert "platform: Cilium's agents" not in [row[0] for row in site.rows("ends")]


def test_router_that_was_read_needs_no_word_of_an_agent() -> None:
    site = LiveSite()
    site.observed["clusters"]["platform"]["agents"] = {}
    assert site.texts() == []


@pytest.mark.parametrize("notation", [pytest.param("{}.{}", id="dot+"), pytest.param("{1}", id="dot, of a short one")])
def test_as_numbers_in_two_parts_are_read(notation: str) -> None:
    site = LiveSite()

    def shown(number: int) -> str:
        return notation.format(*divmod(number, 1 << 16))

    site.router["summary"]["ipv4Unicast"]["as"] = shown(65000)
    for found in site.router["neighbors"].values():
        found["remoteAs"] = shown(found["remoteAs"])
    assert site.texts() == []
    site.neighbor()["remoteAs"] = "1.10"
    (text,) = site.texts()
    assert "the router expects AS 65546 there, planned is AS 65001" in text


def test_graceful_restart_that_frr_does_not_show_is_not_known() -> None:
    site = LiveSite()
    del site.neighbor()["gracefulRestartInfo"]
    assert site.texts() == []
    row = next(row for row in site.rows("router_session") if "10.121.0.11" in row[0])
    assert row[2:] == ("Established, 30/10 s, graceful restart not known", "unknown")


def test_graceful_restart_that_is_not_known_hides_no_other_policy() -> None:
    site = LiveSite()
    del site.neighbor()["gracefulRestartInfo"]
    site.family()["routeMapForIncomingAdvertisements"] = None
    assert site.codes() == ["EDGE828"]
    row = next(row for row in site.rows("router_session") if "10.121.0.11" in row[0])
    assert row[3] == "error"


def test_a_nodes_word_counts_only_where_the_router_agrees() -> None:
    site = LiveSite()
    site.neighbor()["bgpState"] = site.line()["state"] = "Active"
    assert [code for code in site.codes() if code != "EDGE811"] == site.codes()[1:]
    assert "EDGE811" in site.codes()
    (row,) = [row for row in site.rows("node_session") if "node01" in row[0] and "public-ingress" in row[0]]
    assert row[2:] == ("established, 30/10 s, not up on the router", "unknown")
    del site.router["neighbors"]["10.121.0.11"]
    (row,) = [row for row in site.rows("node_session") if "node01" in row[0] and "public-ingress" in row[0]]
    assert row[3] == "unknown"
