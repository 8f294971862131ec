# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes of the live site: BGP sessions, seen from the routers and from the nodes."""

from __future__ import annotations

from ..code import ERROR, OTHERS, WARNING, LiveCode

_WHOSE = (
    "Otherwise whoever it is may get the cluster's routes: kubectl get ciliumbgpnodeconfig {node} -o yaml names the"
    " CiliumBGPClusterConfig that it comes from, and kubectl get ciliumbgpclusterconfig -o yaml --show-managed-fields"
    " who wrote it there; take it out, or plan it as a router of the site"
)
"""How to find out whose a peer of a node is."""

LIVE_SESSIONS: dict[str, LiveCode] = {
    "EDGE810": LiveCode(
        ERROR,
        "Neighbor not configured",
        "the router has no such neighbor",
        "run site.yml with --tags router; on UniFi OS a configuration from its own UI replaces this one at each"
        " provision",
        "udm-pro neighbor 10.121.0.13 (node03, peering public-ingress): the router has no such neighbor (run"
        " site.yml with --tags router; on UniFi OS a configuration from its own UI replaces this one at each"
        " provision)",
        settles=False,
        others=OTHERS,
    ),
    "EDGE811": LiveCode(
        ERROR,
        "Session not established on the router",
        "the session is {state}, not Established{reason}",
        "vtysh -c 'show bgp neighbors {address}', and for the node: kubectl get ciliumbgpnodeconfig {node} -o"
        " yaml; a session that stays in Connect or Active means a wrong password, a firewall on TCP port 179, or"
        " no agent there",
        "udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session is Active, not Established;"
        " last reason: OPEN Message Error/Bad Peer AS (vtysh -c 'show bgp neighbors 10.121.0.11', and for the"
        " node: kubectl get ciliumbgpnodeconfig node01 -o yaml; a session that stays in Connect or Active means a"
        " wrong password, a firewall on TCP port 179, or no agent there)",
    ),
    "EDGE812": LiveCode(
        ERROR,
        "Session closed by the prefix limit",
        "the router closed the session: the node sent more prefixes than maximum-prefix allows",
        "find out what the node announces: kubectl get ciliumbgpadvertisement -o yaml; then vtysh -c 'clear bgp"
        " {address}'",
        "udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the router closed the session: the node"
        " sent more prefixes than maximum-prefix allows (find out what the node announces: kubectl get"
        " ciliumbgpadvertisement -o yaml; then vtysh -c 'clear bgp 10.121.0.11')",
    ),
    "EDGE813": LiveCode(
        ERROR,
        "Session shut down",
        "the neighbor is shut down on the router, and the plan has it up",
        "someone shut it down by hand: run site.yml with --tags router, or set shutdown: true in the peering",
        "udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the neighbor is shut down on the router,"
        " and the plan has it up (someone shut it down by hand: run site.yml with --tags router, or set shutdown:"
        " true in the peering)",
        settles=False,
        others=OTHERS,
    ),
    "EDGE814": LiveCode(
        ERROR,
        "Session not shut down",
        "the plan shuts the session down, and it is {state}",
        "run site.yml with --tags router",
        "udm-pro neighbor 10.121.0.13 (node03, peering public-ingress): the plan shuts the session down, and it is"
        " Established (run site.yml with --tags router)",
        settles=False,
        others=OTHERS,
    ),
    "EDGE815": LiveCode(
        ERROR,
        "Wrong timers on the router",
        "the timers {seen} were negotiated, planned are {expected} (hold/keepalive)",
        "one end still has old timers: run site.yml; FRR takes new timers only when the session is reset",
        "udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the timers 180/60 s were negotiated,"
        " planned are 30/10 s (hold/keepalive) (one end still has old timers: run site.yml; FRR takes new timers"
        " only when the session is reset)",
        others=OTHERS,
    ),
    "EDGE816": LiveCode(
        ERROR,
        "Session without a policy",
        "the session is Established but exchanges no routes: a direction has no route-map (RFC 8212)",
        "run site.yml with --tags router; vtysh -c 'show bgp neighbors {address}'",
        "udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session is Established but exchanges"
        " no routes: a direction has no route-map (RFC 8212) (run site.yml with --tags router; vtysh -c 'show bgp"
        " neighbors 10.121.0.11')",
        settles=False,
        others=OTHERS,
    ),
    "EDGE817": LiveCode(
        ERROR,
        "Family not negotiated",
        "the session does not carry {families}",
        "compare families of the CiliumBGPPeerConfig with the neighbor's activated families; is the family on in"
        " Cilium?",
        "udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session does not carry ipv4 (compare"
        " families of the CiliumBGPPeerConfig with the neighbor's activated families; is the family on in Cilium?)",
    ),
    "EDGE818": LiveCode(
        ERROR,
        "Wrong remote AS",
        "the router expects AS {seen} there, planned is AS {expected}",
        "run site.yml with --tags router",
        "udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the router expects AS 65009 there, planned"
        " is AS 65001 (run site.yml with --tags router)",
        settles=False,
        others=OTHERS,
    ),
    "EDGE819": LiveCode(
        ERROR,
        "Session without its password",
        "the plan protects the session with a password (TCP MD5), the router has none on it",
        "run site.yml, both ends take the password from edge_bgp_passwords",
        "udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the plan protects the session with a"
        " password (TCP MD5), the router has none on it (run site.yml, both ends take the password from"
        " edge_bgp_passwords)",
        settles=False,
        others=OTHERS,
    ),
    "EDGE820": LiveCode(
        ERROR,
        "Node has no BGP configuration",
        "there is no CiliumBGPNodeConfig for this node",
        "compare its labels with nodeSelector: kubectl get ciliumnode {node} --show-labels; kubectl get"
        " ciliumbgpclusterconfig -o yaml; Cilium's operator makes the object",
        "platform node node03: there is no CiliumBGPNodeConfig for this node (compare its labels with"
        " nodeSelector: kubectl get ciliumnode node03 --show-labels; kubectl get ciliumbgpclusterconfig -o yaml;"
        " Cilium's operator makes the object)",
    ),
    "EDGE821": LiveCode(
        ERROR,
        "Session unknown to the node",
        "the node's Cilium agent reports no peer {peer} in instance {instance}",
        "kubectl get ciliumbgpnodeconfig {node} -o yaml; is bgpControlPlane.statusReport.enabled true, and does"
        " the agent run?",
        "platform node node01 peer public-service-udm-pro: the node's Cilium agent reports no peer"
        " public-service-udm-pro in instance as65002 (kubectl get ciliumbgpnodeconfig node01 -o yaml; is"
        " bgpControlPlane.statusReport.enabled true, and does the agent run?)",
    ),
    "EDGE822": LiveCode(
        ERROR,
        "Session not established on the node",
        "the node's Cilium agent reports the session as {state}",
        "kubectl -n {cilium_namespace} logs ds/cilium | grep bgp-control-plane; kubectl get ciliumbgpnodeconfig"
        " {node} -o yaml",
        "platform node node01 peer public-ingress-udm-pro: the node's Cilium agent reports the session as active"
        " (kubectl -n kube-system logs ds/cilium | grep bgp-control-plane; kubectl get ciliumbgpnodeconfig node01"
        " -o yaml)",
    ),
    "EDGE823": LiveCode(
        ERROR,
        "Wrong timers on the node",
        "the node reports the timers {seen}, planned are {expected} (hold/keepalive)",
        "compare timers of the CiliumBGPPeerConfig with the router's: vtysh -c 'show bgp neighbors {address}'",
        "platform node node01 peer public-ingress-udm-pro: the node reports the timers 90/30 s, planned are 30/10"
        " s (hold/keepalive) (compare timers of the CiliumBGPPeerConfig with the router's: vtysh -c 'show bgp"
        " neighbors 10.121.0.11')",
    ),
    "EDGE824": LiveCode(
        ERROR,
        "Node announces too little",
        "the node says that it announces {seen} {family} prefixes over the session, expected {expected}; its"
        " router was not read",
        "a CiliumBGPAdvertisement that selects no service announces nothing, in silence: compare its selector with"
        " the labels of the services, and its labels with the CiliumBGPPeerConfig",
        "platform node node01 peer public-ingress-udm-pro: the node says that it announces 0 ipv4 prefixes over"
        " the session, expected 1; its router was not read (a CiliumBGPAdvertisement that selects no service"
        " announces nothing, in silence: compare its selector with the labels of the services, and its labels with"
        " the CiliumBGPPeerConfig)",
    ),
    "EDGE825": LiveCode(
        WARNING,
        "Node announces more than planned",
        "the node says that it announces {seen} {family} prefixes over the session, expected {expected}",
        "the router's filter drops what is not planned; look for other advertisements: kubectl get"
        " ciliumbgpadvertisement",
        "platform node node03 peer public-ingress-udm-pro: the node says that it announces 2 ipv4 prefixes over"
        " the session, expected 0 (the router's filter drops what is not planned; look for other advertisements:"
        " kubectl get ciliumbgpadvertisement)",
    ),
    "EDGE826": LiveCode(
        WARNING,
        "Node confirms that it announces too little",
        "the node too says that it announces {seen} {family} prefixes over the session, expected {expected}",
        "the router's filter is not the reason. A CiliumBGPAdvertisement that selects no service announces nothing, in"
        " silence: compare its selector with the labels of the services, and its labels with the CiliumBGPPeerConfig",
        "platform node node01 peer public-ingress-udm-pro: the node too says that it announces 0 ipv4 prefixes"
        " over the session, expected 1 (the router's filter is not the reason. A CiliumBGPAdvertisement that"
        " selects no service announces nothing, in silence: compare its selector with the labels of the services,"
        " and its labels with the CiliumBGPPeerConfig)",
    ),
    "EDGE827": LiveCode(
        WARNING,
        "Not known what the node announces",
        "the node says that it announced {seen} {family} prefixes when the session last changed, expected"
        " {expected}; its router was not read",
        "Cilium {cilium} counts only then, not when services come and go. In the Cilium pod of {node}: cilium-dbg"
        " bgp routes advertised {family} unicast",
        "platform node node01 peer public-ingress-udm-pro: the node says that it announced 0 ipv4 prefixes when"
        " the session last changed, expected 1; its router was not read (Cilium 1.20.2 counts only then, not when"
        " services come and go. In the Cilium pod of node01: cilium-dbg bgp routes advertised ipv4 unicast)",
    ),
    "EDGE828": LiveCode(
        ERROR,
        "Another policy than planned",
        "{family} has {seen} in the direction {direction}, planned is {expected}",
        "run site.yml with --tags router; who changed it: vtysh -c 'show bgp neighbors {address}'",
        "udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): ipv4 has no route-map in the direction in,"
        " planned is platform-public-ingress-ipv4-in (run site.yml with --tags router; who changed it: vtysh -c 'show"
        " bgp neighbors 10.121.0.11')",
        settles=False,
        others=OTHERS,
    ),
    "EDGE829": LiveCode(
        ERROR,
        "Another graceful restart than planned",
        "graceful restart: {seen}, planned is {expected}",
        "both ends agree on it when the session comes up: compare the node's (kubectl get ciliumbgppeerconfig"
        " {peer_config} -o yaml) with the router's (vtysh -c 'show bgp neighbors {address}'), then vtysh -c 'clear bgp"
        " {address}'",
        "udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): graceful restart: off, planned is 15 s (both"
        " ends agree on it when the session comes up: compare the node's (kubectl get ciliumbgppeerconfig"
        " public-ingress -o yaml) with the router's (vtysh -c 'show bgp neighbors 10.121.0.11'), then vtysh -c 'clear"
        " bgp 10.121.0.11')",
    ),
    "EDGE890": LiveCode(
        ERROR,
        "Neighbor's session not established",
        "the session is {state}, not Established{reason}",
        "vtysh -c 'show bgp neighbors {key}'; is the other end up, with the same password and AS numbers, and is"
        " TCP port 179 open?",
        "udm-pro neighbor 10.121.0.66 (neighbor nas): the session is Active, not Established; last reason: Hold"
        " Timer Expired (vtysh -c 'show bgp neighbors 10.121.0.66'; is the other end up, with the same password"
        " and AS numbers, and is TCP port 179 open?)",
    ),
    "EDGE891": LiveCode(
        ERROR,
        "Neighbor's timers",
        "the timers {seen} were negotiated, planned are {expected} (hold/keepalive)",
        "the shorter hold time of the two ends counts: set timers to what the other end has; new timers need a reset",
        "udm-pro neighbor 10.121.0.66 (neighbor nas): the timers 9/3 s were negotiated, planned are 30/10 s"
        " (hold/keepalive) (the shorter hold time of the two ends counts: set timers to what the other end has;"
        " new timers need a reset)",
    ),
    "EDGE892": LiveCode(
        ERROR,
        "Family not negotiated with a neighbor",
        "the session does not carry {families}",
        "activate the family on the other end",
        "udm-pro neighbor 10.121.0.66 (neighbor nas): the session does not carry ipv4 (activate the family on the"
        " other end)",
    ),
    "EDGE893": LiveCode(
        ERROR,
        "Prefix outside a neighbor's import",
        "{prefixes} accepted, which its import does not let in",
        "the router's filter is wider than planned: run site.yml, or --tags router,contract: --tags router alone"
        " takes nothing away",
        "udm-pro neighbor 10.121.0.66 (neighbor nas): 192.0.2.128/25 accepted, which its import does not let in"
        " (the router's filter is wider than planned: run site.yml, or --tags router,contract: --tags router"
        " alone takes nothing away)",
        others=OTHERS,
    ),
    "EDGE894": LiveCode(
        ERROR,
        "Prefix outside a neighbor's export",
        "the router announces {prefixes}, which its export does not name",
        "run site.yml, or --tags router,contract: --tags router alone takes nothing away; vtysh -c 'show bgp"
        " neighbors {key} advertised-routes'",
        "udm-pro neighbor 10.121.0.66 (neighbor nas): the router announces 10.122.0.0/24, which its export does"
        " not name (run site.yml, or --tags router,contract: --tags router alone takes nothing away; vtysh -c"
        " 'show bgp neighbors 10.121.0.66 advertised-routes')",
        others=OTHERS,
    ),
    "EDGE895": LiveCode(
        WARNING,
        "Counters of a session move",
        "since verify looked first: {changes}",
        "it is as planned now, and was not all the time: who closed it and why, vtysh -c 'show bgp neighbors {address}'"
        " (last reset, prefix statistics) and journalctl -u frr",
        "udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): since verify looked first: closed 2 times, up"
        " for 3 s, 14 routes refused by the import (it is as planned now, and was not all the time: who closed it and"
        " why, vtysh -c 'show bgp neighbors 10.121.0.11' (last reset, prefix statistics) and journalctl -u frr)",
    ),
    "EDGE896": LiveCode(
        WARNING,
        "Node's word of a session is old",
        "the node's Cilium agent reports the session as {state}, and the router has it up",
        "BGP leaves that state within the hold time, so the object is behind; look again, and if it stays, restart the"
        " agent of {node}: kubectl get ciliumbgpnodeconfig {node} -o yaml",
        "platform node node01 peer public-ingress-udm-pro: the node's Cilium agent reports the session as open_confirm,"
        " and the router has it up (BGP leaves that state within the hold time, so the object is behind; look again,"
        " and if it stays, restart the agent of node01: kubectl get ciliumbgpnodeconfig node01 -o yaml)",
    ),
    "EDGE897": LiveCode(
        WARNING,
        "Agent of a node not ready",
        "Cilium's agent there is not ready: its sessions stay down, and it answers for no address on L2",
        "other nodes serve what they may serve, and it takes the plan when its agent is back: kubectl"
        " -n {cilium_namespace} get pods -o wide -l k8s-app=cilium --field-selector spec.nodeName={node}",
        "platform node node01: Cilium's agent there is not ready: its sessions stay down, and it answers for no address"
        " on L2 (other nodes serve what they may serve, and it takes the plan when its agent is back: kubectl -n"
        " kube-system get pods -o wide -l k8s-app=cilium --field-selector spec.nodeName=node01)",
    ),
    "EDGE898": LiveCode(
        WARNING,
        "No operator ready",
        "no Cilium operator is ready: no service gets an address, and no change of BGP reaches a node",
        "what runs goes on as it is: kubectl -n {cilium_namespace} describe deployment/cilium-operator; kubectl"
        " -n {cilium_namespace} get pods -o wide -l io.cilium/app=operator",
        "platform: no Cilium operator is ready: no service gets an address, and no change of BGP reaches a node (what"
        " runs goes on as it is: kubectl -n kube-system describe deployment/cilium-operator; kubectl -n kube-system get"
        " pods -o wide -l io.cilium/app=operator)",
    ),
    "EDGE909": LiveCode(
        ERROR,
        "BFD not up",
        "the session is Established, and BFD, which the plan has on it, is {state}: a dead neighbor is noticed after"
        " the hold time alone",
        "vtysh -c 'show bfd peers' and vtysh -c 'show bgp neighbors {key}'; is bfdd=yes in /etc/frr/daemons on the"
        " router, does the other end speak BFD, and are UDP ports 3784 and 4784 open? Or say bfd: false",
        "udm-pro neighbor 10.121.0.66 (neighbor nas): the session is Established, and BFD, which the plan has on it, is"
        " down: a dead neighbor is noticed after the hold time alone (vtysh -c 'show bfd peers' and vtysh -c 'show bgp"
        " neighbors 10.121.0.66'; is bfdd=yes in /etc/frr/daemons on the router, does the other end speak BFD, and are"
        " UDP ports 3784 and 4784 open? Or say bfd: false)",
    ),
    "EDGE911": LiveCode(
        ERROR,
        "Peer of a node that nobody planned",
        "the node's Cilium agent has this peer in instance {instance} ({other}, {state}), and the plan does not",
        f"run site.yml if the inventory changed since the last run: then it may be the site's own, of before. {_WHOSE}",
        "platform node node01 peer rogue: the node's Cilium agent has this peer in instance as65001 (AS 65099 at"
        " 10.121.0.99, established), and the plan does not (run site.yml if the inventory changed since the last run:"
        " then it may be the site's own, of before. Otherwise whoever it is may get the cluster's routes: kubectl get"
        " ciliumbgpnodeconfig node01 -o yaml names the CiliumBGPClusterConfig that it comes from, and kubectl get"
        " ciliumbgpclusterconfig -o yaml --show-managed-fields who wrote it there; take it out, or plan it as a router"
        " of the site)",
        others="others apply to this cluster (edge_cluster_apply: others): commit what playbooks/render.yml writes if"
        f" the inventory changed since the last commit: then it may be the site's own, of before. {_WHOSE}",
    ),
    "EDGE912": LiveCode(
        ERROR,
        "Graceful restart off at a router",
        "graceful restart is off at {end}, planned is {expected}",
        "FRR takes part by itself: look for graceful-restart-disable, of the neighbor or the instance, in vtysh -c"
        " 'show running-config bgpd' there, take it out, then vtysh -c 'clear bgp {key}'. Or say graceful_restart: 0",
        "udm-pro neighbor 10.121.0.66 (neighbor nas): graceful restart is off at udm-pro, planned is 15 s (FRR takes"
        " part by itself: look for graceful-restart-disable, of the neighbor or the instance, in vtysh -c 'show"
        " running-config bgpd' there, take it out, then vtysh -c 'clear bgp 10.121.0.66'. Or say graceful_restart: 0)",
    ),
}
