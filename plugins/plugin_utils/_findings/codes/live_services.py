# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 86x to 88x of the live site: services, their addresses and L2 announcements."""

from __future__ import annotations

from ..code import ERROR, WARNING, LiveCode

LIVE_SERVICES: dict[str, LiveCode] = {
    "EDGE860": LiveCode(
        ERROR,
        "Service missing",
        "the service does not exist",
        "site.yml makes it: run it with --tags cluster",
        "platform service affine/affine-svc-lb: the service does not exist (site.yml makes it: run it with --tags"
        " cluster)",
        settles=False,
    ),
    "EDGE861": LiveCode(
        WARNING,
        "Service not there yet",
        "the service does not exist yet; it is made by others (manage: {manage})",
        "install its chart or application with the rendered values or metadata (playbooks/render.yml), then run"
        " verify.yml",
        "platform service ingress-nginx-private/ingress-nginx-controller: the service does not exist yet; it is"
        " made by others (manage: values) (install its chart or application with the rendered values or metadata"
        " (playbooks/render.yml), then run verify.yml)",
        settles=False,
    ),
    "EDGE862": LiveCode(
        ERROR,
        "Service without an address",
        "Cilium gave it no address: {reason}",
        "compare its labels with the pool's serviceSelector, and look at the addresses left: kubectl get"
        " ciliumloadbalancerippools; kubectl -n {namespace} get service {name} -o yaml",
        "platform service affine/affine-svc-lb: Cilium gave it no address: out_of_ips: no more IPs (compare its"
        " labels with the pool's serviceSelector, and look at the addresses left: kubectl get"
        " ciliumloadbalancerippools; kubectl -n affine get service affine-svc-lb -o yaml)",
    ),
    "EDGE863": LiveCode(
        ERROR,
        "Service holds another address",
        "it holds {seen}, planned is {expected}",
        "look at the annotation lbipam.cilium.io/ips and at the condition cilium.io/IPAMRequestSatisfied: kubectl"
        " -n {namespace} get service {name} -o yaml",
        "platform service affine/affine-svc-lb: it holds 10.122.0.172, planned is 10.122.0.171 (look at the"
        " annotation lbipam.cilium.io/ips and at the condition cilium.io/IPAMRequestSatisfied: kubectl -n affine"
        " get service affine-svc-lb -o yaml)",
    ),
    "EDGE864": LiveCode(
        ERROR,
        "Service in another pool",
        "it holds {seen}, which is not in its pool {pool}",
        "look at its label that names the pool; two pools may select it: kubectl get ciliumloadbalancerippools -o yaml",
        "platform service ingress-nginx-public/ingress-nginx-controller: it holds 10.122.0.161, which is not in"
        " its pool public-ingress (look at its label that names the pool; two pools may select it: kubectl get"
        " ciliumloadbalancerippools -o yaml)",
    ),
    "EDGE865": LiveCode(
        ERROR,
        "Label names no pool",
        "its label {label} names the pool {value}, which does not exist (pools: {pools})",
        "correct the label; until then the service gets no address, or one of the default pool",
        "platform service dummy/dummy-service: its label cluster-edge.hybridnet/pool names the pool"
        " public-servcie, which does not exist (pools: private-ingress, private-service, public-ingress,"
        " public-service) (correct the label; until then the service gets no address, or one of the default pool)",
        settles=False,
    ),
    "EDGE866": LiveCode(
        ERROR,
        "Not a LoadBalancer service",
        "its type is {type}, not LoadBalancer",
        "set type: LoadBalancer where the service is made",
        "platform service affine/affine-svc-lb: its type is ClusterIP, not LoadBalancer (set type: LoadBalancer"
        " where the service is made)",
        settles=False,
    ),
    "EDGE867": LiveCode(
        ERROR,
        "Service of another load balancer",
        "its loadBalancerClass is {value}: Cilium neither gives it an address nor announces it",
        "recreate the service without spec.loadBalancerClass (the field cannot be changed), or take it out of the site",
        "platform service affine/affine-svc-lb: its loadBalancerClass is metallb.io/metallb: Cilium neither gives"
        " it an address nor announces it (recreate the service without spec.loadBalancerClass (the field cannot be"
        " changed), or take it out of the site)",
        settles=False,
    ),
    "EDGE868": LiveCode(
        WARNING,
        "Another traffic policy than planned",
        "externalTrafficPolicy is {seen}, planned is {expected}",
        "set it where the service is made, or traffic_policy in edge_services; expected nodes follow the live value",
        "platform service dummy/dummy-service: externalTrafficPolicy is Cluster, planned is Local (set it where"
        " the service is made, or traffic_policy in edge_services; expected nodes follow the live value)",
        settles=False,
    ),
    "EDGE869": LiveCode(
        ERROR,
        "L2 with traffic policy Local",
        "externalTrafficPolicy is Local and its address is announced on L2: the node that answers need not have an"
        " endpoint",
        "use Cluster; up to Cilium 1.20.1 the other nodes drop the traffic, later versions may announce nothing",
        "platform service affine/affine-svc-lb: externalTrafficPolicy is Local and its address is announced on L2:"
        " the node that answers need not have an endpoint (use Cluster; up to Cilium 1.20.1 the other nodes drop"
        " the traffic, later versions may announce nothing)",
        settles=False,
    ),
    "EDGE870": LiveCode(
        WARNING,
        "Service without a ready endpoint",
        "no endpoint is ready, so {consequence}",
        "look at its pods: kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={name}",
        "platform service dummy/dummy-service: no endpoint is ready, so no node announces its address (look at its"
        " pods: kubectl -n dummy get endpointslices -l kubernetes.io/service-name=dummy-service)",
    ),
    "EDGE880": LiveCode(
        ERROR,
        "Nobody answers on L2",
        "no node holds the lease {lease}: nobody answers ARP or NDP for {addresses}",
        "is l2announcements.enabled true, does the policy's interface pattern match a device with an address on"
        " the nodes {nodes}: cilium-dbg shell -- db/show devices",
        "platform service affine/affine-svc-lb: no node holds the lease cilium-l2announce-affine-affine-svc-lb:"
        " nobody answers ARP or NDP for 10.122.0.171 (is l2announcements.enabled true, does the policy's interface"
        " pattern match a device with an address on the nodes node01, node02, node03, node04: cilium-dbg shell --"
        " db/show devices)",
    ),
    "EDGE881": LiveCode(
        ERROR,
        "Wrong node answers on L2",
        "node {holder} answers for {addresses}, allowed are {nodes}",
        "look for another CiliumL2AnnouncementPolicy that selects the service: kubectl get"
        " ciliuml2announcementpolicies -o yaml",
        "platform service affine/affine-svc-lb: node control-01 answers for 10.122.0.171, allowed are node01,"
        " node02, node03, node04 (look for another CiliumL2AnnouncementPolicy that selects the service: kubectl"
        " get ciliuml2announcementpolicies -o yaml)",
    ),
    "EDGE882": LiveCode(
        ERROR,
        "L2 lease expired",
        "node {holder} holds the lease {lease} but has not renewed it for {age} s",
        "its agent is away or throttled by the API (k8sClientRateLimit); another node takes over within the lease"
        " duration",
        "platform service affine/affine-svc-lb: node node02 holds the lease cilium-l2announce-affine-affine-svc-lb"
        " but has not renewed it for 59 s (its agent is away or throttled by the API (k8sClientRateLimit); another"
        " node takes over within the lease duration)",
    ),
}
