# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes of the live site: whether both ends can be read and used, and what Cilium itself reports."""

from __future__ import annotations

from ..code import COMMIT, ERROR, OTHERS, WARNING, LiveCode

LIVE_CLUSTER: dict[str, LiveCode] = {
    "EDGE801": LiveCode(
        ERROR,
        "Router not readable",
        "cannot be read: {reason}",
        "check that SSH reaches it and that FRR runs there: systemctl status frr; vtysh -c 'show bgp summary'. A"
        " firmware upgrade of UniFi OS switches FRR off: run site.yml again",
        "udm-pro: cannot be read: ssh: connect to host udm-pro.invalid port 22: timed out (check that SSH reaches"
        " it and that FRR runs there: systemctl status frr; vtysh -c 'show bgp summary'. A firmware upgrade of UniFi OS"
        " switches FRR off: run site.yml again)",
        others="check that SSH reaches it and that FRR runs there: systemctl status frr; vtysh -c 'show bgp summary'",
    ),
    "EDGE802": LiveCode(
        ERROR,
        "Cluster not readable",
        "cannot be read: {reason}",
        "check edge_cluster_kubeconfig and edge_cluster_context: kubectl get --raw /readyz",
        "platform: cannot be read: connection refused (check edge_cluster_kubeconfig and edge_cluster_context:"
        " kubectl get --raw /readyz)",
    ),
    "EDGE803": LiveCode(
        ERROR,
        "Kind not served",
        "the API serves no {kind}",
        "Cilium's operator registers it: kubectl -n {cilium_namespace} logs deploy/cilium-operator; is the"
        " release installed?",
        "platform: the API serves no CiliumL2AnnouncementPolicy (Cilium's operator registers it: kubectl -n"
        " kube-system logs deploy/cilium-operator; is the release installed?)",
    ),
    "EDGE804": LiveCode(
        ERROR,
        "Object missing",
        "does not exist",
        "run site.yml with --tags cluster; someone may have deleted it",
        "platform CiliumBGPAdvertisement public-service: does not exist (run site.yml with --tags cluster; someone"
        " may have deleted it)",
        settles=False,
        others=COMMIT,
    ),
    "EDGE906": LiveCode(
        ERROR,
        "Object is being deleted",
        "{reason}. What it does ends then",
        "let whoever has set the finalizers end, or take them off; then run site.yml with --tags cluster, which makes"
        " it anew",
        "platform CiliumLoadBalancerIPPool public-ingress: deleted at 2026-11-30T08:00:00Z, and there until its"
        " finalizers are done: example.org/guard. What it does ends then (let whoever has set the finalizers end, or"
        " take them off; then run site.yml with --tags cluster, which makes it anew)",
        settles=False,
        others=COMMIT,
    ),
    "EDGE805": LiveCode(
        ERROR,
        "Another AS on the router",
        "BGP runs with AS {seen}, planned is AS {expected}",
        "run site.yml with --tags router; vtysh -c 'show running-config bgpd'",
        "udm-pro: BGP runs with AS 65100, planned is AS 65000 (run site.yml with --tags router; vtysh -c 'show"
        " running-config bgpd')",
        settles=False,
        others=OTHERS,
    ),
    "EDGE878": LiveCode(
        ERROR,
        "Router lacks its address",
        "none of its interfaces has {addresses}",
        "the inventory gives the router this address on the network: correct edge_addresses, or give the router the"
        " address: ip address show",
        "udm-pro network private: none of its interfaces has 10.122.0.1 (the inventory gives the router this address on"
        " the network: correct edge_addresses, or give the router the address: ip address show)",
    ),
    "EDGE900": LiveCode(
        ERROR,
        "Router does not forward",
        "its kernel forwards no {family} packets that come in by {interfaces} ({settings}): what it sends itself"
        " reaches the services, and no client behind it gets an answer",
        "sysctl -w {commands}, and the same in a file in /etc/sysctl.d, so that it stays after a restart; a line no ip"
        " forwarding or no ipv6 forwarding in frr.conf switches it off again",
        "udm-pro: its kernel forwards no IPv4 packets that come in by br0 (net.ipv4.ip_forward=0): what it sends itself"
        " reaches the services, and no client behind it gets an answer (sysctl -w net.ipv4.ip_forward=1, and the same"
        " in a file in /etc/sysctl.d, so that it stays after a restart; a line no ip forwarding or no ipv6 forwarding"
        " in frr.conf switches it off again)",
        settles=False,
    ),
    "EDGE806": LiveCode(
        ERROR,
        "No BGP on the router",
        "runs no BGP",
        "run site.yml with --tags router; vtysh -c 'show running-config bgpd'; is bgpd on in /etc/frr/daemons? A"
        " firmware upgrade of UniFi OS resets both",
        "udm-pro: runs no BGP (run site.yml with --tags router; vtysh -c 'show running-config bgpd'; is bgpd on in"
        " /etc/frr/daemons? A firmware upgrade of UniFi OS resets both)",
        others=OTHERS,
    ),
    "EDGE807": LiveCode(
        ERROR,
        "Removed router still has sessions",
        "the plan removes the router, and it still has the BGP neighbors {neighbors}",
        "run site.yml, or --tags router,contract: --tags router alone takes nothing away",
        "udm-pro: the plan removes the router, and it still has the BGP neighbors 10.121.0.11, 10.121.0.12,"
        " 10.121.0.13, 10.122.0.11, 10.122.0.12, 10.122.0.13 (run site.yml, or --tags router,contract: --tags"
        " router alone takes nothing away)",
        settles=False,
        others=OTHERS,
    ),
    "EDGE808": LiveCode(
        ERROR,
        "Removed cluster still has objects",
        "the plan removes the cluster, and it still has {objects}",
        "run site.yml with --tags cluster",
        "platform: the plan removes the cluster, and it still has CiliumLoadBalancerIPPool public-ingress (run"
        " site.yml with --tags cluster)",
        settles=False,
        others="others apply to this cluster (edge_cluster_apply: others): take its rendered files out of Git and let"
        " Flux or Argo CD prune them",
    ),
    "EDGE809": LiveCode(
        ERROR,
        "Neighbor that nobody planned",
        "the router has this neighbor (AS {asn}, {state}), and the plan does not",
        "whoever it is may send routes here: take it off with site.yml, or --tags router,contract; or keep it as one of"
        " edge_router_neighbors. One that dials in from a listen range without being a node is kept out by a password",
        "udm-pro neighbor 10.121.0.99: the router has this neighbor (AS 64999, Established), and the plan does not"
        " (whoever it is may send routes here: take it off with site.yml, or --tags router,contract; or keep it as one"
        " of edge_router_neighbors. One that dials in from a listen range without being a node is kept out by a"
        " password)",
        settles=False,
        others=OTHERS,
    ),
    "EDGE830": LiveCode(
        ERROR,
        "Cluster config matches no node",
        "Cilium reports {type}: {message}",
        "compare nodeSelector with: kubectl get ciliumnodes --show-labels",
        "platform CiliumBGPClusterConfig public-true: Cilium reports cilium.io/NoMatchingNode: No node matches"
        " spec.nodeSelector (compare nodeSelector with: kubectl get ciliumnodes --show-labels)",
    ),
    "EDGE831": LiveCode(
        ERROR,
        "Peer config missing",
        "Cilium reports {type}: {message}",
        "run site.yml with --tags cluster; a peer without its CiliumBGPPeerConfig is never created",
        "platform CiliumBGPClusterConfig public-true: Cilium reports cilium.io/MissingPeerConfigs: public-service"
        " (run site.yml with --tags cluster; a peer without its CiliumBGPPeerConfig is never created)",
        others=COMMIT,
    ),
    "EDGE832": LiveCode(
        ERROR,
        "Two cluster configs for one node",
        "Cilium reports {type}: {message}",
        "a node may match one CiliumBGPClusterConfig: remove the other one, or change its nodeSelector",
        "platform CiliumBGPClusterConfig public-true: Cilium reports cilium.io/ConflictingClusterConfig: other (a"
        " node may match one CiliumBGPClusterConfig: remove the other one, or change its nodeSelector)",
    ),
    "EDGE833": LiveCode(
        ERROR,
        "Password's secret missing",
        "Cilium reports {type}: {message}",
        "the secret must stand in the namespace bgpControlPlane.secretsNamespace with the key password: run"
        " site.yml with --tags cluster",
        "platform CiliumBGPPeerConfig public-ingress: Cilium reports cilium.io/MissingAuthSecret: Referenced Auth"
        ' Secret "bgp" is missing (the secret must stand in the namespace bgpControlPlane.secretsNamespace with'
        " the key password: run site.yml with --tags cluster)",
        others="the secret must stand in the namespace bgpControlPlane.secretsNamespace with the key password. It is"
        " never rendered where others apply: give it to Flux or Argo CD encrypted (SOPS, External Secrets)",
    ),
    "EDGE834": LiveCode(
        ERROR,
        "BGP reconcile error",
        "Cilium reports {type}: {message}",
        "kubectl -n {cilium_namespace} logs ds/cilium | grep bgp-control-plane",
        "platform CiliumBGPNodeConfig node01: Cilium reports cilium.io/BGPReconcileError: can't overwrite the"
        " existing peer (kubectl -n kube-system logs ds/cilium | grep bgp-control-plane)",
    ),
    "EDGE835": LiveCode(
        ERROR,
        "Pool conflict",
        "Cilium disabled the pool: {message}",
        "remove the other pool, or take the shared addresses out of one: kubectl get ciliumloadbalancerippools",
        "platform CiliumLoadBalancerIPPool public-ingress: Cilium disabled the pool: Pool conflicts since range"
        " '203.0.113.93 - 203.0.113.93' overlaps range 'a - b' from IP Pool 'old' (remove the other pool, or take"
        " the shared addresses out of one: kubectl get ciliumloadbalancerippools)",
    ),
    "EDGE836": LiveCode(
        ERROR,
        "L2 policy refused",
        "Cilium reports {type}: {message}",
        "kubectl get ciliuml2announcementpolicies -o yaml",
        "platform CiliumL2AnnouncementPolicy private-service.private: Cilium reports"
        " io.cilium/bad-interface-regex: missing ) (kubectl get ciliuml2announcementpolicies -o yaml)",
    ),
    "EDGE837": LiveCode(
        WARNING,
        "Another object claims what ours has",
        "it collides with our {ours}, and Cilium has refused it ({type}: {message})",
        "whoever made it expects it to work. Remove it, or take out of one of the two what both select: kubectl get"
        " ciliumloadbalancerippools,ciliumbgpclusterconfigs",
        "platform CiliumLoadBalancerIPPool old: it collides with our public-ingress, and Cilium has refused it"
        " (cilium.io/PoolConflict: Pool conflicts since range 'a - b' overlaps range 'a - b' from IP Pool"
        " 'public-ingress') (whoever made it expects it to work. Remove it, or take out of one of the two what both"
        " select: kubectl get ciliumloadbalancerippools,ciliumbgpclusterconfigs)",
    ),
    "EDGE838": LiveCode(
        ERROR,
        "Session by the word of an agent that is not ready",
        "the node's object says that the session is established, but {reason}: what a dead agent wrote stays there",
        "look at the agent: kubectl -n {cilium_namespace} get pods -o wide -l k8s-app=cilium --field-selector"
        " spec.nodeName={node}; the router of somebody else cannot be asked",
        "platform node node01 peer public-ingress-udm-pro: the node's object says that the session is established, but"
        " its Cilium agent is not ready: what a dead agent wrote stays there (look at the agent: kubectl -n kube-system"
        " get pods -o wide -l k8s-app=cilium --field-selector spec.nodeName=node01; the router of somebody else cannot"
        " be asked)",
    ),
    "EDGE839": LiveCode(
        WARNING,
        "Other problem reported by Cilium",
        "Cilium reports {type}: {message}",
        "look at the object's status and at the logs of Cilium's operator and agents",
        "platform CiliumBGPPeerConfig public-ingress: Cilium reports cilium.io/Newfangled: no message (look at the"
        " object's status and at the logs of Cilium's operator and agents)",
    ),
}
