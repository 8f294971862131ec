# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 5xx: services and their planned addresses."""

from __future__ import annotations

from ..code import ERROR, WARNING, PlanCode

SERVICES: dict[str, PlanCode] = {
    "EDGE501": PlanCode(
        ERROR,
        "Two services on one address",
        "Only one of them would get it.",
        "edge_services.db/second.addresses: 10.122.0.171 is pinned by edge_services.affine/affine-svc-lb too (give"
        " each service an address of its own, or both the same sharing key: share)",
    ),
    "EDGE502": PlanCode(
        ERROR,
        "Address outside the service's pool",
        "Cilium would leave the service without an address.",
        "edge_services.affine/affine-svc-lb.addresses: 10.122.0.129 is not an address of pool 'private-service'"
        " (pool: private-ingress)",
    ),
    "EDGE503": PlanCode(
        ERROR,
        "L2 with traffic policy Local",
        "The node that answers ARP need not have a local endpoint: it drops the traffic. Use Cluster, or a BGP pool.",
        "edge_services.affine/affine-svc-lb.traffic_policy: Local does not work with pool 'private-service', which"
        " is announced on L2: the node that answers ARP drops the traffic if it has no local endpoint"
        " (traffic_policy: Cluster, or a pool that is advertised by BGP)",
    ),
    "EDGE504": PlanCode(
        ERROR,
        "Service without a pool",
        "It names none and the cluster's default pool is none.",
        "edge_services.affine/affine-svc-lb.pool: is missing, and there is no default pool (pools:"
        " private-ingress, private-service, public-ingress or public-service)",
    ),
    "EDGE505": PlanCode(
        ERROR,
        "Family that the pool does not have",
        "The pool has no address of that family to give.",
        "edge_peerings.public-ingress: pool public-ingress has IPv6 addresses, but no router has one in network"
        " 'public' (add the addresses, or advertise the pool elsewhere)",
    ),
    "EDGE506": PlanCode(
        ERROR,
        "Keys that do not fit manage",
        "What is not made by us cannot be described by us.",
        "edge_services.ingress-nginx-public/ingress-nginx-controller.ports: does not fit manage: values: its chart"
        " says it (remove it, or manage: service)",
    ),
    "EDGE507": PlanCode(
        WARNING,
        "Service of a disabled pool",
        "Cilium hands out nothing from it: the service keeps the address that it has, a new one gets none.",
        "home.edge_services.web/c: pins no address, and pool 'media' is disabled: it hands out nothing new (it"
        " keeps the address that it has; for a new service use another pool)",
    ),
    "EDGE508": PlanCode(
        ERROR,
        "Service that its pool does not select",
        "Cilium would leave it without an address.",
        "home.edge_services.web/c.pool: pool 'media' selects 'io.kubernetes.service.name=x', which this service"
        " does not meet (name another pool, or widen it)",
    ),
    "EDGE509": PlanCode(
        ERROR,
        "Another pool selects the service",
        "Which of the two pools serves it is not defined in Cilium.",
        "home.edge_services.web/a.pool: is 'apps', but pool 'other' selects the service too (tier!=web) (pool:"
        " other, or a selector that leaves it out)",
    ),
    "EDGE510": PlanCode(
        WARNING,
        "Service is not announced",
        "The pool announces only some of its services (announce_only).",
        "home.edge_services.web/b: pool 'apps' announces 'io.kubernetes.service.name=a' only, which this service"
        " does not meet (it has an address that nobody outside the cluster reaches)",
    ),
    "EDGE511": PlanCode(
        ERROR,
        "Services cannot share an address",
        "LB-IPAM's rules: one key; one namespace, or each names the other's; no port in common; one traffic"
        " policy, with Local the same selector too.",
        "home.edge_services.web/b.ports: it cannot share an address with web/a, which has the key 'x' too: both"
        " have TCP port 80 (make them alike, or give it another key)",
    ),
    "EDGE512": PlanCode(
        ERROR,
        "Class that the pool does not serve",
        "A class restricts the service to one way, which its pool has not.",
        "home.edge_services.web/a.class: is l2, but pool 'apps' is not announced on L2: the service would be"
        " reachable nowhere (class: bgp, or another pool)",
    ),
    "EDGE530": PlanCode(
        ERROR,
        "Planned addresses cannot be read",
        "Without the file every service would get a new address. Take it from the repository, or mend the line.",
        "edge_allocation.yml:7: is a line of a merge that nobody finished: '<<<<<<< HEAD' (keep the lines of both"
        " sides, without the markers)",
    ),
    "EDGE531": PlanCode(
        ERROR,
        "Planned address would move",
        "A service's address never changes by itself: undo what takes it away, or say may_move: true.",
        "home.edge_services.web/a: home/web/a has 10.7.0.7 in edge_allocation.yml, which is not an address of pool"
        " 'apps': its address would change to 10.1.0.0 (undo that, or say may_move: true)",
    ),
    "EDGE532": PlanCode(
        ERROR,
        "Address planned twice",
        "Two branches each planned a service and were merged. Delete one of the lines: it is planned anew.",
        "home.edge_services.web/b: home/web/b has 10.1.0.7 in edge_allocation.yml, which is planned for web/a too"
        " (delete the line of the newer of the two: it gets another address (10.1.0.0 for this one))",
    ),
}
