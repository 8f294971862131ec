# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 5xx: services and their planned addresses."""

from __future__ import annotations

from ..code import ERROR, WARNING, PlanCode

SERVICES: dict[str, PlanCode] = {
    "EDGE501": PlanCode(ERROR, "Two services on one address", "Only one of them would get it."),
    "EDGE502": PlanCode(
        ERROR, "Address outside the service's pool", "Cilium would leave the service without an address."
    ),
    "EDGE503": PlanCode(
        ERROR,
        "L2 with traffic policy Local",
        "The node that answers ARP need not have a local endpoint: it drops the traffic. Use Cluster, or a BGP pool.",
    ),
    "EDGE504": PlanCode(ERROR, "Service without a pool", "It names none and the cluster's default pool is none."),
    "EDGE505": PlanCode(ERROR, "Family that the pool does not have", "The pool has no address of that family to give."),
    "EDGE506": PlanCode(ERROR, "Keys that do not fit manage", "What is not made by us cannot be described by us."),
    "EDGE507": PlanCode(
        WARNING,
        "Service of a disabled pool",
        "Cilium hands out nothing from it: the service keeps the address that it has, a new one gets none.",
    ),
    "EDGE508": PlanCode(ERROR, "Service that its pool does not select", "Cilium would leave it without an address."),
    "EDGE509": PlanCode(
        ERROR, "Another pool selects the service", "Which of the two pools serves it is not defined in Cilium."
    ),
    "EDGE510": PlanCode(
        WARNING, "Service is not announced", "The pool announces only some of its services (announce_only)."
    ),
    "EDGE511": PlanCode(
        ERROR,
        "Services cannot share an address",
        "LB-IPAM's rules: one key; one namespace, or each names the other's; no port in common; one traffic policy, "
        "with Local the same selector too.",
    ),
    "EDGE512": PlanCode(
        ERROR, "Class that the pool does not serve", "A class restricts the service to one way, which its pool has not."
    ),
    "EDGE530": PlanCode(
        ERROR,
        "Planned addresses cannot be read",
        "Without the file every service would get a new address. Take it from the repository, or mend the line.",
    ),
    "EDGE531": PlanCode(
        ERROR,
        "Planned address would move",
        "A service's address never changes by itself: undo what takes it away, or say may_move: true.",
    ),
    "EDGE532": PlanCode(
        ERROR,
        "Address planned twice",
        "Two branches each planned a service and were merged. Delete one of the lines: it is planned anew.",
    ),
}
