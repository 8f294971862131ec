# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say in the table which announced addresses no router can ask, and why: silence would look as if they answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._addressing.families import Family
from .._document.plan import PlanDocument
from .data_plane import addresses_to_ask, own_addresses
from .expected import Expectations, LiveAddress, service_path
from .observed import EndpointsSeen, RouterSeen
from .report import UNKNOWN, VerifyReport


def verify_untried(
    report: VerifyReport, plan: PlanDocument, routers: Mapping[str, RouterSeen], expectations: Expectations
) -> None:
    """Add a row for each address that a router, or on a network of L2 every router, has no way to ask.

    Where a router has no route to one that other routers have, what comes in by it does not arrive: a warning.

    Args:
        report: takes rows and findings.
        plan: the plan as JSON.
        routers: the routers that were read.
        expectations: of the plan and the live clusters.
    """
    asking = {
        router: {asked.address for asked in addresses_to_ask(plan, expectations, router, routers.get(router))}
        for router, planned in sorted(plan["routers"].items())
        if not planned["absent"]
    }
    holders: dict[tuple[str, str], list[LiveAddress]] = {}
    for live in expectations.live:
        holders.setdefault((live.cluster, live.address), []).append(live)
    for (cluster, address), found in holders.items():
        services = f"({cluster} {', '.join(live.service.key for live in found)})"
        _tell_networks(report, plan, expectations, asking, found, services)
        for router in sorted(routers.keys() & asking.keys()):
            untried = None if address in asking[router] else _no_node(routers[router], expectations, router, found)
            if untried is not None:
                reason, is_lost = untried
                level = UNKNOWN
                if is_lost and any(_is_announced(expectations, live) for live in found):
                    path = service_path(cluster, found[0].service.key)
                    level = report.find("EDGE910", path, router=router, address=address)
                subject = f"{router} {address} {services}"
                report.row("asked", subject, "answers", f"announced, not tried ({reason})", level)


def _is_announced(expectations: Expectations, live: LiveAddress) -> bool:
    """Return whether some node announces an address to some router; that none does is a finding of the service."""
    announcers = expectations.announcers.get((live.cluster, live.service.key, live.address))
    return announcers is not None and bool(announcers.live)


def _tell_networks(
    report: VerifyReport,
    plan: PlanDocument,
    expectations: Expectations,
    asking: Mapping[str, set[str]],
    holders: Sequence[LiveAddress],
    services: str,
) -> None:
    """Add a row for each network on which an address is announced on L2 and no router asks who has it.

    A router asks on the first of its networks (:func:`.data_plane.addresses_to_ask`).
    """
    address, family = holders[0].address, holders[0].family
    networks = sorted(set().union(*(expectations.l2_networks(live) for live in holders)))
    there = {name: [router for router in asking if own_addresses(plan, router, name, family)] for name in networks}
    asked_on = {next(name for name in networks if router in there[name]) for router in set().union(*there.values())}
    nobody = f"no router has an {Family.of_key(family).label} address"
    for name in networks:
        if name not in asked_on:
            reason = f"{', '.join(there[name])} asks on another network" if there[name] else f"{nobody} there"
            subject = f"{address} on {name} {services}"
            report.row(
                "address_resolution", subject, "the holder of the lease", f"announced, not tried ({reason})", UNKNOWN
            )
    if networks and not any(address in found for found in asking.values()):
        reason = f"{nobody} on {', '.join(networks)}"
        report.row("asked", f"{address} {services}", "answers", f"announced, not tried ({reason})", UNKNOWN)


def _no_node(
    seen: RouterSeen, expectations: Expectations, router: str, holders: Sequence[LiveAddress]
) -> tuple[str, bool] | None:
    """Return why no node brings an address to a router that its pool is announced to; None where it is not.

    Returns:
        The reason, and whether what comes in by the router is lost: it has no route at all.
    """
    prefixes = (expectations.prefix_to(router, live) for live in holders)
    prefix = next((prefix for prefix in prefixes if prefix is not None), None)
    if prefix is None:
        return None
    clusters = expectations.clusters
    if all(clusters[live.cluster].endpoints_of(live.service.key, live.family) == EndpointsSeen() for live in holders):
        return "no ready endpoint", False
    route = seen.routes[prefix.family].get(prefix.prefix)
    by_others = route is not None and route.installed
    way = "it has a route by way of others" if by_others else "it has no route"
    return f"no node with a ready endpoint has a session with it; {way}", not by_others
