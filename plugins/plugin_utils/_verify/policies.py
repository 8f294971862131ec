# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify that each session has the planned policies: without one, FRR takes everything or nothing."""

from __future__ import annotations

from .._document.plan import PlannedNeighbor, PlannedRouter, PlannedSession
from .observed import NeighborSeen
from .report import OK, VerifyReport


def check_policies(
    report: VerifyReport,
    router: PlannedRouter,
    session: PlannedSession | PlannedNeighbor,
    neighbor: NeighborSeen,
    path: str,
) -> str:
    """Report the first direction of an established session whose route-map is not the planned one.

    Without a policy FRR refuses all routes of an eBGP session (RFC 8212). With ``no bgp ebgp-requires-policy``, and
    over iBGP, it takes and sends everything, which what a neighbor sends today need not show.

    Returns:
        The level of the session's row.
    """
    group = next((item for item in router["frr"]["peer_groups"] if item["name"] == session["peer_group"]), None)
    for family in session["families"]:
        planned = group["families"].get(family) if group is not None else None
        if planned is None or family not in neighbor.families:
            continue
        incoming, outgoing = neighbor.route_maps[family]
        for direction, expected, seen in (("in", planned["import"], incoming), ("out", planned["export"], outgoing)):
            # Somebody else who writes the router's BGP may call them as he likes.
            if seen != expected and not (seen and router["bgp_owner"] == "none"):
                what = f"route-map {seen}" if seen else "no route-map"
                fields = {"direction": direction, "family": family, "expected": expected, "seen": what}
                return report.find("EDGE828", path, address=neighbor.address, **fields)
    return OK
