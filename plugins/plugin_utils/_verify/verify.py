# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify the live site against the plan, from both ends: a pure function of the plan and of one look at each end.

Success is: every planned session up with the planned timers, every expected prefix accepted from exactly the expected
nodes and used by the kernel, nothing else accepted, nothing leaked, services hold their planned addresses, and on L2 an
allowed node answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ...module_utils._errors import EdgeError
from .._document.plan import PlanDocument, PlannedRouter
from .._findings.code import ERROR
from .clients import ClientTarget, TwinClient, client_questions, verify_clients
from .counters import Earlier, verify_counters
from .data_plane import (
    ProbeTarget,
    addresses_to_ask,
    verify_data_plane,
    verify_forwarding,
    verify_own_addresses,
)
from .dynamic import with_addresses
from .expected import Expectations
from .leases import verify_leases
from .neighbors import verify_neighbors, verify_nobody_else
from .objects import verify_objects
from .observed import ClusterSeen, RouterSeen, canonical, read_cluster, read_router
from .passing import verify_passing
from .report import OK, UNKNOWN, VerifyReport
from .routes import verify_routes
from .services import verify_services
from .sessions import verify_no_other_peers, verify_node_sessions, verify_pods, verify_router_sessions
from .untried import verify_untried
from .winning import verify_winning_routes

_End = TypeVar("_End", RouterSeen, ClusterSeen)

SETTLE_SECONDS = 60
"""Allowance for what depends on no BGP timer: IPAM, L2 leases of 15 s, agents' reports every 5 s, their start."""


def verify(
    plan: PlanDocument, observed: Mapping[str, Any], strict: bool = False, earlier: Earlier | None = None
) -> VerifyReport:
    """Compare what was observed with the plan.

    Args:
        plan: the plan as JSON.
        observed: ``routers`` and ``clusters``: host -> what its module returned, or ``{"error": text}`` where it could
            not be read. ``probes``: by router what it heard; ``heard``: what the clients of a twin did; ``twin``:
            whether this is a rehearsal. Hosts that are absent, and ends that the plan does not manage, are not
            verified.
        strict: a service that others make (``manage: metadata`` or ``values``) and that is absent is an error.
        earlier: ``counters`` of the report of the look before; None: this is the run's first look.

    Returns:
        The report: rows, findings, and whether waiting can mend its errors.

    Raises:
        EdgeError: nothing was observed that the plan manages.
    """
    others = [router for router, planned in plan["routers"].items() if planned["bgp_owner"] == "none"]
    others += [cluster for cluster, planned in plan["clusters"].items() if planned["apply"] == "others"]
    seen = observed.get("clusters") or {}
    report = VerifyReport(strict, others, {name: raw["namespace"] for name, raw in seen.items() if "namespace" in raw})
    report.accept({(item["code"], item["path"]): item["reason"] for item in plan["accept"]})
    routers = _read_routers(report, plan, observed.get("routers") or {})
    clusters = _read_clusters(report, plan, observed.get("clusters") or {})
    if not report.rows:
        raise EdgeError(
            "edge_verify_plan",
            "no router and no cluster that the plan manages was observed, so nothing can be verified",
            "the play's hosts must contain the plan's routers and clusters",
        )
    _tell_absent(report, plan, observed)
    plan = with_addresses(plan, routers, clusters)
    verify_pods(report, plan, clusters)
    expectations = Expectations(plan, clusters)
    up = verify_router_sessions(report, plan, routers, clusters)
    verify_neighbors(report, plan, routers, bool(observed.get("twin")))
    report.counters = verify_counters(report, plan, routers, earlier or {})
    verify_nobody_else(report, plan, routers)
    verify_node_sessions(report, plan, routers, clusters, expectations, up)
    verify_no_other_peers(report, plan, clusters)
    silent: dict[str, str] = {}
    for cluster in sorted(name for name in clusters if not plan["clusters"][name]["absent"]):
        silent |= verify_services(report, plan, cluster, clusters[cluster], expectations)
        verify_leases(report, cluster, clusters[cluster], expectations)
    verify_routes(report, plan, routers, expectations, up, silent)
    verify_winning_routes(report, plan, routers, expectations)
    verify_passing(report, plan, routers, expectations)
    verify_forwarding(report, plan, routers)
    verify_own_addresses(report, plan, routers, expectations)
    if "probes" in observed:
        verify_data_plane(report, plan, routers, expectations, observed["probes"])
        verify_untried(report, plan, routers, expectations)
    if observed.get("heard") is not None:
        verify_clients(report, plan, routers, expectations, observed["heard"])
    return report


def probe_targets(
    plan: PlanDocument, clusters: Mapping[str, Any], router: str, seen: Mapping[str, Any]
) -> list[ProbeTarget]:
    """Return what a router is to ask, for the module ``edge_probe``.

    Args:
        plan: the plan as JSON.
        clusters: cluster -> what ``cilium_info`` returned, or ``{"error": text}``.
        router: one of the plan.
        seen: what ``frr_info`` returned of it.
    """
    live = _readable(plan, clusters)
    read = read_router(seen)
    plan = with_addresses(plan, {router: read}, live)
    return [asked.target() for asked in addresses_to_ask(plan, Expectations(plan, live), router, read)]


def _readable(plan: PlanDocument, clusters: Mapping[str, Any]) -> dict[str, ClusterSeen]:
    """Return the managed clusters that could be read."""
    return {
        name: read_cluster(raw)
        for name, raw in clusters.items()
        if "error" not in raw and plan["clusters"][name]["managed"]
    }


def client_targets(
    plan: PlanDocument,
    clusters: Mapping[str, Any],
    routers: Mapping[str, Any],
    clients: Sequence[TwinClient],
) -> list[ClientTarget]:
    """Return what the clients of a twin are to ask.

    Args:
        plan: the plan as JSON.
        clusters: cluster -> what ``cilium_info`` returned, or ``{"error": text}``.
        routers: router -> what ``frr_info`` returned, or ``{"error": text}``.
        clients: of the twin.
    """
    live = _readable(plan, clusters)
    managed = {name: raw for name, raw in routers.items() if plan["routers"][name]["managed"]}
    read = {name: read_router(raw) for name, raw in managed.items() if "error" not in raw}
    plan = with_addresses(plan, read, live)
    questions = client_questions(plan, Expectations(plan, live), read, clients)
    return [question.target() for question in questions if question.asked]


def settle_seconds(plan: PlanDocument) -> int:
    """Return within how many seconds a site that was just changed must be as planned.

    A node's session may have to expire (hold), its old paths to go (graceful restart), and a new connection to be tried
    (connect retry, which Cilium stretches up to twice); the rest is for addresses, L2 leases and Cilium's own reports.
    """
    sessions = [s["hold"] + s["graceful_restart"] + 2 * s["connect_retry"] for s in plan["sessions"]]
    neighbors = [n["hold"] + n["graceful_restart"] + 2 * n["connect_retry"] for n in plan["neighbors"]]
    return SETTLE_SECONDS + max([*sessions, *neighbors], default=0)


def _read_routers(report: VerifyReport, plan: PlanDocument, observed: Mapping[str, Any]) -> dict[str, RouterSeen]:
    """Read the managed routers; report those that could not be read, and those whose BGP is not the planned one."""
    routers: dict[str, RouterSeen] = {}
    for router in sorted(plan["routers"]):
        planned, raw = plan["routers"][router], observed.get(router)
        if raw is None or not planned["managed"]:
            continue
        subject, expected = f"{router}: BGP", f"AS {planned['asn']}"
        seen, problem = _read(raw, read_router)
        if seen is None:
            level = report.find("EDGE801", router, reason=problem)
            report.row("ends", subject, expected, "not readable", level)
            continue
        routers[router] = seen
        level = OK
        if not planned["frr"]["peer_groups"]:
            expected = text = "no session"
            if planned["absent"] and seen.neighbors:
                text = f"{len(seen.neighbors)} sessions"
                level = report.find("EDGE807", router, neighbors=", ".join(sorted(seen.neighbors)))
        elif not seen.runs_bgp:
            text, level = "no BGP", report.find("EDGE806", router)
        else:
            text = f"AS {seen.asn}"
            if seen.asn != planned["asn"]:
                level = report.find("EDGE805", router, seen=seen.asn, expected=planned["asn"])
        report.row("ends", subject, expected, text, level)
        if not planned["absent"]:
            _check_addresses(report, router, planned, seen)
    return routers


def _read(raw: Mapping[str, Any], read: Callable[[Mapping[str, Any]], _End]) -> tuple[_End | None, str]:
    """Return what an end says of itself, and why that is not known where it is None."""
    if "error" in raw:
        return None, str(raw["error"])
    try:
        return read(raw), ""
    except EdgeError as error:
        return None, str(error)


def _tell_absent(report: VerifyReport, plan: PlanDocument, observed: Mapping[str, Any]) -> None:
    """Say of each end that the plan manages and that is not part of this run (``--limit``) that nobody looked."""
    for router, planned in sorted(plan["routers"].items()):
        if planned["managed"] and (observed.get("routers") or {}).get(router) is None:
            report.row("ends", f"{router}: BGP", f"AS {planned['asn']}", "not known: not part of this run", UNKNOWN)
    for cluster, item in sorted(plan["clusters"].items()):
        if item["managed"] and (observed.get("clusters") or {}).get(cluster) is None:
            report.row("ends", f"{cluster}: Cilium's objects", "readable", "not known: not part of this run", UNKNOWN)


def _check_addresses(report: VerifyReport, router: str, planned: PlannedRouter, seen: RouterSeen) -> None:
    """Report networks on which no interface has an address that the plan gives the router there: each of them counts.

    The plan has an address of a router for each family and subnet, and each is its own: what routers share, as by VRRP,
    stands in no inventory.
    """
    if not seen.interfaces:
        if any(planned["addresses"].values()):
            told = (
                "not known: ip gave no answer; so not whether it has a service's address, nor by which interfaces"
                " packets leave for nodes and come in from them"
            )
            report.row("ends", f"{router}: its addresses", "those of the plan", told, UNKNOWN)
        return
    live = {canonical(text.partition("/")[0]) for interface in seen.interfaces for text in interface.addresses}
    for network, addresses in sorted(planned["addresses"].items()):
        lacking = ", ".join(address for address in addresses if canonical(address) not in live)
        if lacking:
            level = report.find("EDGE878", f"{router} network {network}", addresses=lacking)
            subject = f"{router}: its addresses on {network}"
            report.row("ends", subject, ", ".join(addresses), f"none of its interfaces has {lacking}", level)


def _read_clusters(report: VerifyReport, plan: PlanDocument, observed: Mapping[str, Any]) -> dict[str, ClusterSeen]:
    """Read the managed clusters; report those that could not be read, and verify the objects of the others."""
    clusters: dict[str, ClusterSeen] = {}
    for cluster in sorted(plan["clusters"]):
        raw = observed.get(cluster)
        if raw is None or not plan["clusters"][cluster]["managed"]:
            continue
        seen, problem = _read(raw, read_cluster)
        if seen is None:
            report.find("EDGE802", cluster, reason=problem)
            report.row("ends", f"{cluster}: Cilium's objects", "readable", "not readable", ERROR)
            continue
        clusters[cluster] = seen
        verify_objects(report, plan, cluster, seen)
    return clusters
