# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 6xx: versions, Helm values, and what Cilium and FRR can do."""

from __future__ import annotations

from ..code import ERROR, WARNING, PlanCode

VERSIONS: dict[str, PlanCode] = {
    "EDGE601": PlanCode(
        ERROR, "Cilium version not supported", "The objects' schemas and rules are known from 1.16 on."
    ),
    "EDGE602": PlanCode(
        WARNING, "Cilium version not known yet", "Planned with the newest rules that this version knows."
    ),
    "EDGE603": PlanCode(ERROR, "Needs a newer Cilium", "The planned version cannot do this."),
    "EDGE604": PlanCode(
        ERROR,
        "Helm value without effect, or against the plan",
        "The chart ignores values that it does not know in silence, and others would switch off what the plan needs.",
    ),
    "EDGE605": PlanCode(WARNING, "Helm value close to a known one", "The chart ignores misspelt values in silence."),
    "EDGE606": PlanCode(
        ERROR,
        "Timings of L2 leases that Cilium replaces",
        "duration must be more than renew, and renew more than 1.2 times retry; else Cilium takes others in silence.",
    ),
    "EDGE607": PlanCode(
        ERROR,
        "BGP identifiers do not suffice",
        "Each BGP instance of a node needs one; without it no session comes up.",
    ),
    "EDGE608": PlanCode(
        ERROR, "Object with two meanings", "Sessions that share a Kubernetes object cannot differ in what it says."
    ),
    "EDGE609": PlanCode(WARNING, "Known fault of this Cilium version", "A later version does not have it."),
    "EDGE610": PlanCode(
        ERROR,
        "IPAM does not fit",
        "Cilium hands out pod addresses in one mode; in others, agents would wait or announce nothing.",
    ),
    "EDGE611": PlanCode(
        WARNING, "Cluster tells no session states", "Verify can then judge BGP sessions from the routers' end alone."
    ),
    "EDGE612": PlanCode(ERROR, "Two listeners on one port", "Each BGP instance of a node opens a port of its own."),
    "EDGE613": PlanCode(ERROR, "Chart cannot do this", "The chart names its Service itself, or has no value for it."),
    "EDGE614": PlanCode(
        WARNING,
        "Agents wait for a pod pool of ours",
        "On a new cluster the pool is made after the agents run, which never happens. "
        "Accept it where the pool is there.",
    ),
    "EDGE615": PlanCode(ERROR, "FRR version not supported", "What is rendered was loaded by FRR 7.5 and later ones."),
}
