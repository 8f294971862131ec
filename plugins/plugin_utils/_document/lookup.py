# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the parts of a plan that refer to each other by name."""

from __future__ import annotations

from collections.abc import Iterable

from .frr_intent import PeerGroup
from .plan import PlanDocument, PlannedLeases, PlannedPool


def peer_group(plan: PlanDocument, router: str, name: str) -> PeerGroup:
    """Return a peer group of a planned router; every planned session and neighbor names one that exists."""
    return next(group for group in plan["routers"][router]["frr"]["peer_groups"] if group["name"] == name)


def pools_by_key(pools: Iterable[PlannedPool]) -> dict[tuple[str, str], PlannedPool]:
    """Return (cluster, name) -> pool, in the plan's order: a name is one cluster's own."""
    return {(pool["cluster"], pool["name"]): pool for pool in pools}


def leases_of(plan: PlanDocument, cluster: str, pool: str) -> list[PlannedLeases]:
    """Return what is planned of a pool on each network where it is announced on L2."""
    return [item for item in plan["expect"]["l2"] if (item["cluster"], item["pool"]) == (cluster, pool)]
