# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes of the live site: services, their addresses and L2 announcements."""

from __future__ import annotations

from ..code import COMMIT, ERROR, WARNING, LiveCode

LIVE_SERVICES: dict[str, LiveCode] = {
    "EDGE853": LiveCode(
        ERROR,
        "Clients of the twin could not ask",
        "no client could ask the services' addresses: {reason}",
        "mend that, or leave the clients out: edge_verify_probe: false",
        "hybrid: no client could ask the services' addresses: namespace twin-hybrid.client.public is not there (mend"
        " that, or leave the clients out: edge_verify_probe: false)",
    ),
    "EDGE854": LiveCode(
        ERROR,
        "Router sees half of a connection",
        "no answer from {address} {ports}{over} to clients in {clients}: {routers} drops packets as invalid, because"
        " it has seen one half of the connection. The answer takes another way than the request",
        "a router that follows no connections hides this. Let nodes answer through the network that the request came"
        " in by: routing rules on them, and return_path: network at {networks} in edge_networks:"
        " docs/situations/nodes-in-two-networks.md",
        "platform service dummy/dummy-service: no answer from 203.0.113.94 TCP 25565 to clients in public"
        " (10.121.0.254): udm-pro drops packets as invalid, because it has seen one half of the connection. The answer"
        " takes another way than the request (a router that follows no connections hides this. Let nodes answer through"
        " the network that the request came in by: routing rules on them, and return_path: network at private in"
        " edge_networks: docs/situations/nodes-in-two-networks.md)",
        settles=False,
    ),
    "EDGE855": LiveCode(
        ERROR,
        "Reverse path drops the answer",
        "no answer from {address} {ports}{over} to clients in {clients}: {routers} checks the reverse path strictly,"
        " and the answer came back by another network than the request went out",
        "a router that does not check it hides this. Let nodes answer through the network that the request came in by:"
        " routing rules on them, and return_path: network at {networks} in edge_networks:"
        " docs/situations/nodes-in-two-networks.md",
        "platform service dummy/dummy-service: no answer from 203.0.113.94 TCP 25565 to clients in upstream"
        " (198.51.100.2): udm-pro checks the reverse path strictly, and the answer came back by another network than"
        " the request went out (a router that does not check it hides this. Let nodes answer through the network that"
        " the request came in by: routing rules on them, and return_path: network at private in edge_networks:"
        " docs/situations/nodes-in-two-networks.md)",
        settles=False,
    ),
    "EDGE856": LiveCode(
        WARNING,
        "Firewall lets a client not in",
        "{routers} does not let clients in {clients} in to {address} {ports}{over}",
        "where the real router has a rule that lets them in, say so: edge_twin_firewall_rules (docs/twin.md);"
        " where it has none, accept this",
        "platform service dummy/dummy-service: udm-pro does not let clients in upstream (198.51.100.2) in to"
        " 203.0.113.94 TCP 25565 (where the real router has a rule that lets them in, say so: edge_twin_firewall_rules"
        " (docs/twin.md); where it has none, accept this)",
    ),
    "EDGE857": LiveCode(
        WARNING,
        "Service does not see its client",
        "asked by clients in {clients}, {address} saw {sources}: the source was translated, though traffic policy"
        " Local keeps it",
        "look for NAT on the way: masquerading of ranges that a router does not know, or Cilium's own",
        "platform service dummy/dummy-service: asked by clients in private (10.122.0.254), 203.0.113.94 saw"
        " 10.122.0.1: the source was translated, though traffic policy Local keeps it (look for NAT on the way:"
        " masquerading of ranges that a router does not know, or Cilium's own)",
    ),
    "EDGE858": LiveCode(
        ERROR,
        "Client gets no answer",
        "no answer from {address} {ports}{over} to clients in {clients} ({reason})",
        "./rehearse --keep leaves the twin up: follow the packets there, ip route get on router and nodes, tcpdump in"
        " each namespace",
        "platform service dummy/dummy-service: no answer from 203.0.113.94 TCP 25565 to clients in private"
        " (10.122.0.254), upstream (198.51.100.2) (time-out) (./rehearse --keep leaves the twin up: follow the packets"
        " there, ip route get on router and nodes, tcpdump in each namespace)",
    ),
    "EDGE859": LiveCode(
        WARNING,
        "Nobody answers for an address on a provider's wire",
        "no answer from {address} {ports} to clients in {clients}, who ask for it by {protocol} on network {wire}:"
        " nothing says that a router answers there",
        "the real router has to (docs/situations/slash-29.md). Where it does, let the twin's do so too:"
        " edge_twin_proxy_arp: [{wire}] (IPv4 alone); where it does not, no packet from outside arrives",
        "platform service dummy/dummy-service: no answer from 203.0.113.94 TCP 25565 to clients in upstream"
        " (203.0.113.90), who ask for it by ARP on network wire: nothing says that a router answers there (the real"
        " router has to (docs/situations/slash-29.md). Where it does, let the twin's do so too: edge_twin_proxy_arp:"
        " [wire] (IPv4 alone); where it does not, no packet from outside arrives)",
        settles=False,
    ),
    "EDGE860": LiveCode(
        ERROR,
        "Service missing",
        "the service does not exist",
        "site.yml makes it: run it with --tags cluster",
        "platform service affine/affine-svc-lb: the service does not exist (site.yml makes it: run it with --tags"
        " cluster)",
        settles=False,
        others=COMMIT,
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
    "EDGE871": LiveCode(
        ERROR,
        "Address does not answer",
        "{router} got no answer from {address} {port} in {tried} attempts ({reason})",
        "does a network policy or a firewall drop what comes from the router; does {nodes} take packets for the"
        " address: in the Cilium pod there, cilium-dbg monitor --type drop",
        "platform service dummy/dummy-service: udm-pro got no answer from 203.0.113.94 TCP 25565 in 8 attempts"
        " (time-out) (does a network policy or a firewall drop what comes from the router; does node02, node03"
        " take packets for the address: in the Cilium pod there, cilium-dbg monitor --type drop)",
    ),
    "EDGE872": LiveCode(
        ERROR,
        "Some ways to an address are dead",
        "{router} got no answer from {address} {port} in {silent} of {tried} attempts",
        "one of {nodes} takes no packets for it, or its answers are lost on their way: try them one by one"
        " (kubectl -n {cilium_namespace} get pods -o wide -l k8s-app=cilium; cilium-dbg monitor --type drop in each)",
        "platform service dummy/dummy-service: udm-pro got no answer from 203.0.113.94 TCP 25565 in 4 of 8 attempts"
        " (one of node02, node03 takes no packets for it, or its answers are lost on their way: try them one by"
        " one (kubectl -n kube-system get pods -o wide -l k8s-app=cilium; cilium-dbg monitor --type drop in"
        " each))",
    ),
    "EDGE904": LiveCode(
        ERROR,
        "Some connections refused",
        "{refused} of {tried} attempts of {router} at {address} {port} were refused{over}, and the others came about",
        "some clients are refused: does each of the service's endpoints listen, and has each node that is asked a ready"
        " one (Local): kubectl -n {namespace} get endpointslices -o wide -l kubernetes.io/service-name={name}",
        "platform service dummy/dummy-service: 1 of 10 attempts of udm-pro at 203.0.113.94 TCP 25565 were refused,"
        " those over node03 (10.122.0.13) among them, and the others came about (some clients are refused: does each of"
        " the service's endpoints listen, and has each node that is asked a ready one (Local): kubectl -n dummy get"
        " endpointslices -o wide -l kubernetes.io/service-name=dummy-service)",
    ),
    "EDGE873": LiveCode(
        WARNING,
        "Connections refused",
        "{refused} of {tried} attempts of {router} at {address} {port} were refused: packets arrive, and nobody"
        " listens",
        "look at what the service's endpoints listen on: kubectl -n {namespace} get endpointslices -l"
        " kubernetes.io/service-name={name}",
        "platform service affine/affine-svc-lb: 1 of 1 attempts of udm-pro at 10.122.0.171 TCP 5432 were refused:"
        " packets arrive, and nobody listens (look at what the service's endpoints listen on: kubectl -n affine"
        " get endpointslices -l kubernetes.io/service-name=affine-svc-lb)",
    ),
    "EDGE874": LiveCode(
        ERROR,
        "Addresses could not be asked",
        "the router cannot ask the services' addresses: {reason}",
        "mend that, or leave the data plane unproven: edge_verify_probe: false",
        'udm-pro: the router cannot ask the services\' addresses: Failed to find required executable "ip" (mend'
        " that, or leave the data plane unproven: edge_verify_probe: false)",
    ),
    "EDGE875": LiveCode(
        ERROR,
        "Service of somebody else under a planned name",
        "this site did not make the Service that has the planned name, so it is not changed",
        "ask whoever made it: kubectl -n {namespace} get service {name} -o yaml --show-managed-fields. Delete it, and"
        " the next run makes ours; or say manage: metadata",
        "platform service affine/affine-svc-lb: this site did not make the Service that has the planned name, so it is"
        " not changed (ask whoever made it: kubectl -n affine get service affine-svc-lb -o yaml --show-managed-fields."
        " Delete it, and the next run makes ours; or say manage: metadata)",
        settles=False,
    ),
    "EDGE876": LiveCode(
        ERROR,
        "A path to an address is dead",
        "{router} got no answer from {address} {ports} over the next hop {hop} ({reason}), and got one over {others}",
        "clients whose packets the router's hash sends to {node} get no answer. Does it take packets for the address:"
        " in the Cilium pod there, cilium-dbg monitor --type drop; by which way do its answers leave: ip route get",
        "platform service dummy/dummy-service: udm-pro got no answer from 203.0.113.94 TCP 25565 over the next hop"
        " node03 (10.122.0.13) (time-out), and got one over node02 (clients whose packets the router's hash sends to"
        " node03 get no answer. Does it take packets for the address: in the Cilium pod there, cilium-dbg monitor"
        " --type drop; by which way do its answers leave: ip route get)",
    ),
    "EDGE877": LiveCode(
        WARNING,
        "Nodes answer a client past the port forward",
        "no answer from {address} {ports} to clients in {clients}: the nodes in their network answer them directly,"
        " from {to}, and they know the port forward's address alone",
        "a router translates the source of such clients only where it is told so (UniFi: where their network holds"
        " {to}). Add a source NAT rule from their network to {to}, give them {to} by DNS, or accept this where nobody"
        " asks from there",
        "platform service dummy/dummy-service: no answer from 198.51.100.1 (a port forward to 203.0.113.94) TCP 8080 to"
        " clients in private (10.122.0.254): the nodes in their network answer them directly, from 203.0.113.94, and"
        " they know the port forward's address alone (a router translates the source of such clients only where it is"
        " told so (UniFi: where their network holds 203.0.113.94). Add a source NAT rule from their network to"
        " 203.0.113.94, give them 203.0.113.94 by DNS, or accept this where nobody asks from there)",
        settles=False,
    ),
    "EDGE879": LiveCode(
        ERROR,
        "Class without a way to the service",
        "its loadBalancerClass is {value}, and its pool {pool} is announced {ways} alone: nobody announces its address",
        "recreate the service without spec.loadBalancerClass (the field cannot be changed), or give the pool the other"
        " way (bgp, l2 in edge_pools)",
        "platform service affine/affine-svc-lb: its loadBalancerClass is io.cilium/bgp-control-plane, and its pool"
        " private-service is announced on L2 alone: nobody announces its address (recreate the service without"
        " spec.loadBalancerClass (the field cannot be changed), or give the pool the other way (bgp, l2 in"
        " edge_pools))",
        settles=False,
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
    "EDGE883": LiveCode(
        ERROR,
        "Nobody answers ARP or NDP",
        "{router} asked by {protocol} who has {address}, and nobody answered; the lease is held by {holder}",
        "a lease can be held while nobody answers: restart the Cilium agent of {holder}, which moves the lease;"
        " does the policy's interface pattern match the interface on the router's network",
        "platform service affine/affine-svc-lb: udm-pro asked by ARP who has 10.122.0.171, and nobody answered;"
        " the lease is held by node02 (a lease can be held while nobody answers: restart the Cilium agent of"
        " node02, which moves the lease; does the policy's interface pattern match the interface on the router's"
        " network)",
    ),
    "EDGE884": LiveCode(
        ERROR,
        "Another machine answers for the address",
        "{router} asked by {protocol} who has {address}, and {macs} answered, which is not {holder}",
        "another machine has the address, another load balancer announces it, or a node that held the lease before"
        " still answers, as seen after an upgrade to Cilium 1.17: find the MAC address on the switch; take the address"
        " away there, or out of the pool (exclude)",
        "platform service affine/affine-svc-lb: udm-pro asked by ARP who has 10.122.0.171, and 02:00:00:00:00:0b"
        " answered, which is not node02 (another machine has the address, another load balancer announces it, or a node"
        " that held the lease before still answers, as seen after an upgrade to Cilium 1.17: find the MAC address on"
        " the switch; take the address away there, or out of the pool (exclude))",
    ),
    "EDGE885": LiveCode(
        ERROR,
        "Router is not on the network",
        "{router} cannot ask by {protocol} who has {address}: none of its interfaces that are up has {addresses}",
        "the inventory gives the router this address on the network: correct edge_addresses, or bring the interface up",
        "platform service affine/affine-svc-lb: udm-pro cannot ask by ARP who has 10.122.0.171: none of its"
        " interfaces that are up has 10.122.0.1 (the inventory gives the router this address on the network:"
        " correct edge_addresses, or bring the interface up)",
    ),
    "EDGE886": LiveCode(
        ERROR,
        "Router has the address of a service",
        "{router} has {address} on its own interface {interface}: what it gets for the service ends there, whatever"
        " route it has",
        "take the address away from the router: ip address show dev {interface}; or out of the pool (exclude)",
        "platform service dummy/dummy-service: udm-pro has 203.0.113.94 on its own interface lo: what it gets for the"
        " service ends there, whatever route it has (take the address away from the router: ip address show dev lo; or"
        " out of the pool (exclude))",
    ),
    "EDGE887": LiveCode(
        WARNING,
        "Not known who answers for the address",
        "{router} asked by {protocol} who has {address}, and {macs} answered; nobody knows whether that is {holder},"
        " which does not answer for its own address {own}",
        "is {holder} up, and is {own} its address: edge_addresses; find the MAC address on the switch",
        "platform service affine/affine-svc-lb: udm-pro asked by ARP who has 10.122.0.171, and 02:00:00:00:00:0b"
        " answered; nobody knows whether that is node02, which does not answer for its own address 10.122.0.12 (is"
        " node02 up, and is 10.122.0.12 its address: edge_addresses; find the MAC address on the switch)",
    ),
    "EDGE888": LiveCode(
        WARNING,
        "Endpoints on nodes that do not announce",
        "its ready endpoints are on {nodes}, and {address} may be announced by {allowed}: with traffic policy Local"
        " nobody announces it",
        "let its pods run on a node that announces, or use externalTrafficPolicy Cluster: kubectl -n {namespace} get"
        " endpointslices -l kubernetes.io/service-name={name}",
        "platform service dummy/dummy-service: its ready endpoints are on node04, and 203.0.113.94 may be announced by"
        " node01, node02, node03: with traffic policy Local nobody announces it (let its pods run on a node that"
        " announces, or use externalTrafficPolicy Cluster: kubectl -n dummy get endpointslices -l"
        " kubernetes.io/service-name=dummy-service)",
    ),
    "EDGE901": LiveCode(
        ERROR,
        "Service takes a planned address by itself",
        "its spec.externalIPs has {address}, {whose}: Cilium and kube-proxy serve it there, whatever Cilium's address"
        " management says (CVE-2020-8554)",
        "delete the address from externalIPs: kubectl -n {namespace} edit service {name}; let the API server refuse the"
        " field: by its admission plugin DenyServiceExternalIPs, or by a policy",
        "platform service media/web: its spec.externalIPs has 10.122.0.171, the address of the planned service"
        " affine/affine-svc-lb: Cilium and kube-proxy serve it there, whatever Cilium's address management says"
        " (CVE-2020-8554) (delete the address from externalIPs: kubectl -n media edit service web; let the API server"
        " refuse the field: by its admission plugin DenyServiceExternalIPs, or by a policy)",
        settles=False,
    ),
    "EDGE903": LiveCode(
        ERROR,
        "Several nodes answer for a shared address",
        "{address} is shared, and the leases of its services are held by several nodes ({holders}): each of them"
        " answers ARP and NDP for it",
        "Cilium elects a node for each service by itself (cilium #48419): give each service an address of its own, or"
        " let announce_only of the pool select one of them, whose node serves the ports of all",
        "platform service affine/affine-svc-lb: 10.122.0.171 is shared, and the leases of its services are held by"
        " several nodes (node02 for affine/affine-svc-lb, node03 for affine/second): each of them answers ARP and NDP"
        " for it (Cilium elects a node for each service by itself (cilium #48419): give each service an address of its"
        " own, or let announce_only of the pool select one of them, whose node serves the ports of all)",
        settles=False,
    ),
    "EDGE907": LiveCode(
        ERROR,
        "Planned ports missing",
        "its ports lack {missing}, which the plan has; it has {seen}",
        "run site.yml, which sets them; who changed them: kubectl -n {namespace} get service {name} -o yaml"
        " --show-managed-fields. Or correct ports in edge_services",
        "platform service dummy/dummy-service: its ports lack TCP 25565, which the plan has; it has TCP 25566 (run"
        " site.yml, which sets them; who changed them: kubectl -n dummy get service dummy-service -o yaml"
        " --show-managed-fields. Or correct ports in edge_services)",
        settles=False,
        others=COMMIT,
    ),
    "EDGE908": LiveCode(
        WARNING,
        "Other source ranges than planned",
        "its loadBalancerSourceRanges let in {seen}, planned is {expected}",
        "who set them: kubectl -n {namespace} get service {name} -o yaml --show-managed-fields. Take them away there,"
        " or accept this where they are meant: what a router or a client asks follows the live value",
        "platform service dummy/dummy-service: its loadBalancerSourceRanges let in 10.0.0.0/8, planned is everybody"
        " (who set them: kubectl -n dummy get service dummy-service -o yaml --show-managed-fields. Take them away"
        " there, or accept this where they are meant: what a router or a client asks follows the live value)",
        settles=False,
    ),
    "EDGE910": LiveCode(
        WARNING,
        "A router without a route to a service",
        "no node with a ready endpoint has a session with {router}, and it has no route to {address}: what its clients"
        " send there does not arrive, though other routers have one",
        "use externalTrafficPolicy Cluster, let a pod run on a node that announces to this router, or link the routers"
        " (edge_links); accept this where its clients need not reach the service",
        "platform service dummy/dummy-service: no node with a ready endpoint has a session with udm-pro, and it has no"
        " route to 203.0.113.94: what its clients send there does not arrive, though other routers have one (use"
        " externalTrafficPolicy Cluster, let a pod run on a node that announces to this router, or link the routers"
        " (edge_links); accept this where its clients need not reach the service)",
        settles=False,
    ),
}
