# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding that verify can raise: code, severity, text, and what to look at. ``docs/verify.md`` is made from it.

``problem`` and ``hint`` are templates for :meth:`str.format`. A code never changes its meaning; a code that is no
longer raised stays reserved.
"""

from __future__ import annotations

from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, slots=True)
class VerifyCode:
    """What one code says."""

    severity: str
    title: str
    problem: str
    hint: str
    settles: bool = True
    """Whether waiting may mend it: polling goes on only while an error of this kind is open."""


VERIFY_CODES: dict[str, VerifyCode] = {
    # 80x: reading the two ends
    "EDGE801": VerifyCode(
        ERROR,
        "Router not readable",
        "cannot be read: {reason}",
        "check that SSH reaches it and that FRR runs there: systemctl status frr; vtysh -c 'show bgp summary'",
    ),
    "EDGE802": VerifyCode(
        ERROR,
        "Cluster not readable",
        "cannot be read: {reason}",
        "check edge_cluster_kubeconfig and edge_cluster_context: kubectl get --raw /readyz",
    ),
    "EDGE803": VerifyCode(
        ERROR,
        "Kind not served",
        "the API serves no {kind}",
        "Cilium's operator registers it: kubectl -n kube-system logs deploy/cilium-operator; is the release installed?",
    ),
    "EDGE804": VerifyCode(
        ERROR,
        "Object missing",
        "does not exist",
        "run site.yml with --tags cluster; someone may have deleted it",
        settles=False,
    ),
    "EDGE805": VerifyCode(
        ERROR,
        "Another AS on the router",
        "BGP runs with AS {seen}, planned is AS {expected}",
        "run site.yml with --tags router; vtysh -c 'show running-config bgpd'",
        settles=False,
    ),
    "EDGE806": VerifyCode(
        ERROR,
        "No BGP on the router",
        "runs no BGP",
        "run site.yml with --tags router; vtysh -c 'show running-config bgpd'; is bgpd on in /etc/frr/daemons?",
    ),
    "EDGE807": VerifyCode(
        ERROR,
        "Removed router still has sessions",
        "the plan removes the router, and it still has the BGP neighbors {neighbors}",
        "run site.yml with --tags router",
        settles=False,
    ),
    "EDGE808": VerifyCode(
        ERROR,
        "Removed cluster still has objects",
        "the plan removes the cluster, and it still has {objects}",
        "run site.yml with --tags cluster",
        settles=False,
    ),
    # 81x: sessions on the router
    "EDGE810": VerifyCode(
        ERROR,
        "Neighbor not configured",
        "the router has no such neighbor",
        "run site.yml with --tags router; on UniFi OS a configuration from its own UI replaces this one at each"
        " provision",
        settles=False,
    ),
    "EDGE811": VerifyCode(
        ERROR,
        "Session not established on the router",
        "the session is {state}, not Established{reason}",
        "vtysh -c 'show bgp neighbors {address}', and for the node: kubectl get ciliumbgpnodeconfig {node} -o"
        " yaml; a session that stays in Connect or Active means a wrong password, a firewall on TCP port 179, or"
        " no agent there",
    ),
    "EDGE812": VerifyCode(
        ERROR,
        "Session closed by the prefix limit",
        "the router closed the session: the node sent more prefixes than maximum-prefix allows",
        "find out what the node announces: kubectl get ciliumbgpadvertisement -o yaml; then vtysh -c 'clear bgp"
        " {address}'",
    ),
    "EDGE813": VerifyCode(
        ERROR,
        "Session shut down",
        "the neighbor is shut down on the router, and the plan has it up",
        "someone shut it down by hand: run site.yml with --tags router, or set shutdown: true in the peering",
        settles=False,
    ),
    "EDGE814": VerifyCode(
        ERROR,
        "Session not shut down",
        "the plan shuts the session down, and it is {state}",
        "run site.yml with --tags router",
        settles=False,
    ),
    "EDGE815": VerifyCode(
        ERROR,
        "Wrong timers on the router",
        "the timers {seen} were negotiated, planned are {expected} (hold/keepalive)",
        "one end still has old timers: run site.yml; FRR takes new timers only when the session is reset",
    ),
    "EDGE816": VerifyCode(
        ERROR,
        "Session without a policy",
        "the session is Established but exchanges no routes: a direction has no route-map (RFC 8212)",
        "run site.yml with --tags router; vtysh -c 'show bgp neighbors {address}'",
        settles=False,
    ),
    "EDGE817": VerifyCode(
        ERROR,
        "Family not negotiated",
        "the session does not carry {families}",
        "compare families of the CiliumBGPPeerConfig with the neighbor's activated families; is the family on in"
        " Cilium?",
    ),
    "EDGE818": VerifyCode(
        ERROR,
        "Wrong remote AS",
        "the router expects AS {seen} there, planned is AS {expected}",
        "run site.yml with --tags router",
        settles=False,
    ),
    "EDGE819": VerifyCode(
        ERROR,
        "Session without its password",
        "the plan protects the session with a password (TCP MD5), the router has none on it",
        "run site.yml, both ends take the password from edge_bgp_passwords",
        settles=False,
    ),
    # 82x: sessions on the nodes
    "EDGE820": VerifyCode(
        ERROR,
        "Node has no BGP configuration",
        "there is no CiliumBGPNodeConfig for this node",
        "compare its labels with nodeSelector: kubectl get ciliumnode {node} --show-labels; kubectl get"
        " ciliumbgpclusterconfig -o yaml; Cilium's operator makes the object",
    ),
    "EDGE821": VerifyCode(
        ERROR,
        "Session unknown to the node",
        "the node's Cilium agent reports no peer {peer} in instance {instance}",
        "kubectl get ciliumbgpnodeconfig {node} -o yaml; is bgpControlPlane.statusReport.enabled true, and does"
        " the agent run?",
    ),
    "EDGE822": VerifyCode(
        ERROR,
        "Session not established on the node",
        "the node's Cilium agent reports the session as {state}",
        "kubectl -n kube-system logs ds/cilium | grep bgp-control-plane; kubectl get ciliumbgpnodeconfig {node}"
        " -o yaml",
    ),
    "EDGE823": VerifyCode(
        ERROR,
        "Wrong timers on the node",
        "the node reports the timers {seen}, planned are {expected} (hold/keepalive)",
        "compare timers of the CiliumBGPPeerConfig with the router's: vtysh -c 'show bgp neighbors {address}'",
    ),
    "EDGE824": VerifyCode(
        ERROR,
        "Node announces too little",
        "the node announces {seen} {family} prefixes over the session, expected {expected}",
        "a CiliumBGPAdvertisement that selects no service announces nothing, in silence: compare its selector"
        " with the labels of the services, and its labels with the CiliumBGPPeerConfig",
    ),
    "EDGE825": VerifyCode(
        WARNING,
        "Node announces more than planned",
        "the node announces {seen} {family} prefixes over the session, expected {expected}",
        "the router's filter drops what is not planned; look for other advertisements: kubectl get"
        " ciliumbgpadvertisement",
    ),
    # 83x: what Cilium itself complains about
    "EDGE830": VerifyCode(
        ERROR,
        "Cluster config matches no node",
        "Cilium reports {type}: {message}",
        "compare nodeSelector with: kubectl get ciliumnodes --show-labels",
    ),
    "EDGE831": VerifyCode(
        ERROR,
        "Peer config missing",
        "Cilium reports {type}: {message}",
        "run site.yml with --tags cluster; a peer without its CiliumBGPPeerConfig is never created",
    ),
    "EDGE832": VerifyCode(
        ERROR,
        "Two cluster configs for one node",
        "Cilium reports {type}: {message}",
        "a node may match one CiliumBGPClusterConfig: remove the other one, or change its nodeSelector",
    ),
    "EDGE833": VerifyCode(
        ERROR,
        "Password's secret missing",
        "Cilium reports {type}: {message}",
        "the secret must stand in the namespace bgpControlPlane.secretsNamespace with the key password: run"
        " site.yml with --tags cluster",
    ),
    "EDGE834": VerifyCode(
        ERROR,
        "BGP reconcile error",
        "Cilium reports {type}: {message}",
        "kubectl -n kube-system logs ds/cilium | grep bgp-control-plane",
    ),
    "EDGE835": VerifyCode(
        ERROR,
        "Pool conflict",
        "Cilium disabled the pool: {message}",
        "remove the other pool, or take the shared addresses out of one: kubectl get ciliumloadbalancerippools",
    ),
    "EDGE836": VerifyCode(
        ERROR,
        "L2 policy refused",
        "Cilium reports {type}: {message}",
        "kubectl get ciliuml2announcementpolicies -o yaml",
    ),
    "EDGE839": VerifyCode(
        WARNING,
        "Other problem reported by Cilium",
        "Cilium reports {type}: {message}",
        "look at the object's status and at the logs of Cilium's operator and agents",
    ),
    # 84x: prefixes on the router
    "EDGE840": VerifyCode(
        ERROR,
        "Prefix not accepted",
        "not accepted from {nodes}",
        "does the node announce it: cilium bgp routes advertised {family} unicast; does the router's filter let"
        " it through: vtysh -c 'show bgp neighbors {address}' (inboundFiltered)",
    ),
    "EDGE841": VerifyCode(
        ERROR,
        "Prefix from an unexpected neighbor",
        "accepted from {nodes}, expected only from {expected}",
        "a node that announces without a ready endpoint (Local) or outside its peering drops traffic: kubectl get"
        " endpointslices -A -o wide; vtysh -c 'show bgp {prefix}'",
    ),
    "EDGE842": VerifyCode(
        ERROR,
        "Foreign prefix accepted",
        "accepted from {nodes}, and it is no address of a pool",
        "the router's import filter is wider than planned: run site.yml with --tags router; vtysh -c 'show bgp"
        " {prefix}'",
    ),
    "EDGE843": VerifyCode(
        ERROR,
        "Prefix without a service",
        "accepted from {nodes}, inside pool {pool}, but no live service holds the address",
        "a node announces what nobody serves: kubectl get services -A | grep {address}; an agent may hang with"
        " old state",
    ),
    "EDGE844": VerifyCode(
        ERROR,
        "Stale path",
        "the path from {nodes} is stale: the router keeps it for the graceful restart of an agent that is away",
        "see the node's Cilium agent; the path goes when the restart time is over",
    ),
    "EDGE845": VerifyCode(
        ERROR,
        "Path not valid",
        "the path from {nodes} is not valid: the router does not reach its next hop",
        "vtysh -c 'show bgp nexthop'; is the node's network up on the router?",
    ),
    "EDGE846": VerifyCode(
        ERROR,
        "Router announces to a node",
        "the router announces {prefixes} to the node, planned is nothing",
        "networks of the site leak to the nodes: run site.yml with --tags router; vtysh -c 'show bgp {family}"
        " unicast neighbors {address} advertised-routes'",
    ),
    # 85x: the router's kernel
    "EDGE850": VerifyCode(
        ERROR,
        "Route not installed",
        "accepted, but the router's kernel does not use it",
        "another route may win, or the kernel may refuse multipath routes (rejected, older UniFi OS): vtysh -c"
        " 'show {ip} route {prefix}'",
    ),
    "EDGE851": VerifyCode(
        ERROR,
        "Next hops missing in the kernel",
        "the kernel uses {seen} of {expected} next hops",
        "look for maximum-paths 1 and for next hops that are inactive: vtysh -c 'show {ip} route {prefix}'",
    ),
    # 86x: services
    "EDGE860": VerifyCode(
        ERROR,
        "Service missing",
        "the service does not exist",
        "site.yml makes it: run it with --tags cluster",
        settles=False,
    ),
    "EDGE861": VerifyCode(
        WARNING,
        "Service not there yet",
        "the service does not exist yet; it is made by others (manage: {manage})",
        "install its chart or application with the rendered values or metadata (playbooks/render.yml), then run"
        " verify.yml",
        settles=False,
    ),
    "EDGE862": VerifyCode(
        ERROR,
        "Service without an address",
        "Cilium gave it no address: {reason}",
        "compare its labels with the pool's serviceSelector, and look at the addresses left: kubectl get"
        " ciliumloadbalancerippools; kubectl -n {namespace} get service {name} -o yaml",
    ),
    "EDGE863": VerifyCode(
        ERROR,
        "Service holds another address",
        "it holds {seen}, planned is {expected}",
        "look at the annotation lbipam.cilium.io/ips and at the condition cilium.io/IPAMRequestSatisfied: kubectl"
        " -n {namespace} get service {name} -o yaml",
    ),
    "EDGE864": VerifyCode(
        ERROR,
        "Service in another pool",
        "it holds {seen}, which is not in its pool {pool}",
        "look at its label that names the pool; two pools may select it: kubectl get ciliumloadbalancerippools -o yaml",
    ),
    "EDGE865": VerifyCode(
        ERROR,
        "Label names no pool",
        "its label {label} names the pool {value}, which does not exist (pools: {pools})",
        "correct the label; until then the service gets no address, or one of the default pool",
        settles=False,
    ),
    "EDGE866": VerifyCode(
        ERROR,
        "Not a LoadBalancer service",
        "its type is {type}, not LoadBalancer",
        "set type: LoadBalancer where the service is made",
        settles=False,
    ),
    "EDGE867": VerifyCode(
        ERROR,
        "Service of another load balancer",
        "its loadBalancerClass is {value}: Cilium neither gives it an address nor announces it",
        "recreate the service without spec.loadBalancerClass (the field cannot be changed), or take it out of the site",
        settles=False,
    ),
    "EDGE868": VerifyCode(
        WARNING,
        "Another traffic policy than planned",
        "externalTrafficPolicy is {seen}, planned is {expected}",
        "set it where the service is made, or traffic_policy in edge_services; expected nodes follow the live value",
        settles=False,
    ),
    "EDGE869": VerifyCode(
        ERROR,
        "L2 with traffic policy Local",
        "externalTrafficPolicy is Local and its address is announced on L2: the node that answers need not have"
        " an endpoint",
        "use Cluster; up to Cilium 1.20.1 the other nodes drop the traffic, later versions may announce nothing",
        settles=False,
    ),
    "EDGE870": VerifyCode(
        WARNING,
        "Service without a ready endpoint",
        "no endpoint is ready, so {consequence}",
        "look at its pods: kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={name}",
    ),
    # 88x: L2 announcements
    "EDGE880": VerifyCode(
        ERROR,
        "Nobody answers on L2",
        "no node holds the lease {lease}: nobody answers ARP or NDP for {addresses}",
        "is l2announcements.enabled true, does the policy's interface pattern match a device with an address on"
        " the nodes {nodes}: cilium-dbg shell -- db/show devices",
    ),
    "EDGE881": VerifyCode(
        ERROR,
        "Wrong node answers on L2",
        "node {holder} answers for {addresses}, allowed are {nodes}",
        "look for another CiliumL2AnnouncementPolicy that selects the service: kubectl get"
        " ciliuml2announcementpolicies -o yaml",
    ),
    "EDGE882": VerifyCode(
        ERROR,
        "L2 lease expired",
        "node {holder} holds the lease {lease} but has not renewed it for {age} s",
        "its agent is away or throttled by the API (k8sClientRateLimit); another node takes over within the lease"
        " duration",
    ),
    # 89x: neighbors that are not Cilium, and links
    "EDGE890": VerifyCode(
        ERROR,
        "Neighbor's session not established",
        "the session is {state}, not Established{reason}",
        "vtysh -c 'show bgp neighbors {key}'; is the other end up, with the same password and AS numbers, and is TCP"
        " port 179 open?",
    ),
    "EDGE891": VerifyCode(
        ERROR,
        "Neighbor's timers",
        "the timers {seen} were negotiated, planned are {expected} (hold/keepalive)",
        "the shorter hold time of the two ends counts: set timers to what the other end has; new timers need a reset",
    ),
    "EDGE892": VerifyCode(
        ERROR,
        "Family not negotiated with a neighbor",
        "the session does not carry {families}",
        "activate the family on the other end",
    ),
    "EDGE893": VerifyCode(
        ERROR,
        "Prefix outside a neighbor's import",
        "{prefixes} accepted, which its import does not let in",
        "the router's filter is wider than planned: run site.yml with --tags router",
    ),
    "EDGE894": VerifyCode(
        ERROR,
        "Prefix outside a neighbor's export",
        "the router announces {prefixes}, which its export does not name",
        "run site.yml with --tags router; vtysh -c 'show bgp neighbors {key} advertised-routes'",
    ),
}

CONDITION_CODES = {
    "cilium.io/NoMatchingNode": "EDGE830",
    "cilium.io/MissingPeerConfigs": "EDGE831",
    "cilium.io/ConflictingClusterConfig": "EDGE832",
    "cilium.io/MissingAuthSecret": "EDGE833",
    "cilium.io/BGPReconcileError": "EDGE834",
    "cilium.io/PoolConflict": "EDGE835",
    "io.cilium/bad-node-selector": "EDGE836",
    "io.cilium/bad-interface-regex": "EDGE836",
    "io.cilium/bad-service-selector": "EDGE836",
}
"""Cilium's conditions are always there; status "True" is the problem, whatever ``reason`` says. Others: EDGE839."""
