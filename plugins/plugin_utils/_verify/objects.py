# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify the planned objects in a cluster, and report what Cilium itself complains about."""

from __future__ import annotations

import re

from .._document.plan import PlanDocument
from .._findings.code import ERROR
from .observed import ClusterSeen, ConditionSeen
from .report import OK, UNKNOWN, VerifyReport, worst

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

CONFLICTS = ("cilium.io/ConflictingClusterConfig", "cilium.io/PoolConflict")
"""Conditions that Cilium gives to the younger of two objects, and that name the other in their message."""


def verify_objects(report: VerifyReport, plan: PlanDocument, cluster: str, seen: ClusterSeen) -> None:
    """Verify that the planned objects exist and that none carries a condition that is a problem."""
    if plan["clusters"][cluster]["absent"]:
        _check_removed(report, plan, cluster, seen)
        return
    planned = [
        (item["kind"], item["metadata"]["name"])
        for item in [*plan["clusters"][cluster]["bgp"], *plan["clusters"][cluster]["lb"]]
        if item["kind"].startswith("Cilium")
    ]
    kinds = {kind for kind, _name in planned}
    if any(session["cluster"] == cluster for session in plan["sessions"]):
        kinds.add("CiliumBGPNodeConfig")
    for kind in sorted(kinds.intersection(seen.not_served)):
        report.find("EDGE803", cluster, kind=kind)
    absent = [item for item in planned if item not in seen.objects and item[0] not in seen.not_served]
    for kind, name in absent:
        report.find("EDGE804", f"{cluster} {kind} {name}")
    services = [("Service", f"{item['namespace']}/{item['name']}") for item in plan["clusters"][cluster]["services"]]
    ends = [item for item in [*planned, *services, *_password_secrets(plan, cluster)] if item in seen.ending]
    for item in ends:
        report.find("EDGE906", f"{cluster} {item[0]} {item[1]}", reason=seen.ending[item])
    gone = len(absent) + sum(1 for kind, _name in planned if kind in seen.not_served)
    there = len(planned) - gone
    report.row(
        "ends",
        f"{cluster}: Cilium's objects",
        f"{len(planned)} there",
        f"{there} there{f', {len(ends)} of all being deleted' if ends else ''}",
        OK if there == len(planned) and not ends and not kinds.intersection(seen.not_served) else ERROR,
    )
    _check_conditions(report, plan, cluster, seen, planned)


def _password_secrets(plan: PlanDocument, cluster: str) -> list[tuple[str, str]]:
    """Return (kind, name) of the Secrets in which Cilium reads the passwords of planned sessions."""
    found = plan["clusters"][cluster]
    names = {item["spec"]["authSecretRef"] for item in found["bgp"] if "authSecretRef" in item["spec"]}
    return [("Secret", f"{found['secrets_namespace']}/{name}") for name in sorted(names)]


def _check_conditions(
    report: VerifyReport, plan: PlanDocument, cluster: str, seen: ClusterSeen, planned: list[tuple[str, str]]
) -> None:
    """Report the conditions with which Cilium complains about planned objects, or about a node's BGP."""
    nodes = {(s["cluster"], s["node"]) for s in plan["sessions"]}
    complaints = []
    level = OK
    for condition in seen.conditions:
        if (condition.kind, condition.name) in planned or (
            condition.kind == "CiliumBGPNodeConfig" and (cluster, condition.name) in nodes
        ):
            found = report.find(
                CONDITION_CODES.get(condition.type, "EDGE839"),
                f"{cluster} {condition.kind} {condition.name}",
                type=condition.type,
                message=condition.message or "no message",
            )
            level = worst((level, found))
            complaints.append(condition.type)
        elif ours := _named(condition, planned):
            fields = {"ours": ours, "type": condition.type, "message": condition.message}
            found = report.find("EDGE837", f"{cluster} {condition.kind} {condition.name}", **fields)
            level = worst((level, found))
            complaints.append(condition.type)
    report.row("ends", f"{cluster}: Cilium's complaints", "none", ", ".join(sorted(set(complaints))) or "none", level)


def _named(condition: ConditionSeen, planned: list[tuple[str, str]]) -> str | None:
    """Return the planned object that a conflict of somebody else's object names; None where it names none of ours."""
    if condition.type not in CONFLICTS:
        return None
    words = set(re.findall(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", condition.message))
    return next((name for kind, name in planned if kind == condition.kind and name in words), None)


def _check_removed(report: VerifyReport, plan: PlanDocument, cluster: str, seen: ClusterSeen) -> None:
    """Verify that nothing of ours is left in a cluster that the plan removes.

    Where the account may not list Secrets, nobody knows whether one is left.
    """
    left = [f"{kind} {name}" for site, kind, name in seen.owned if site == plan["site"]]
    level = OK if seen.secrets_listed else UNKNOWN
    namespace = plan["clusters"][cluster]["secrets_namespace"]
    unread = f"none but perhaps Secrets: the account may not list them in {namespace}"
    told = "none" if seen.secrets_listed else unread
    if left:
        level, told = report.find("EDGE808", cluster, objects=", ".join(left)), f"{len(left)} left"
    report.row("ends", f"{cluster}: objects of this site", "none", told, level)
