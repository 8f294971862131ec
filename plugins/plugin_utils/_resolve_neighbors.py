# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, routers' neighbors: speakers that are not Cilium, and the links between our own routers."""

from __future__ import annotations

from collections.abc import Mapping

from ._model import Cluster, Router
from ._policies import Catalogue
from ._resolve_hosts import Context, Placed


def resolve_neighbors(
    context: Context,
    routers: list[Router],
    router_addresses: Mapping[str, Placed],
    clusters: list[Cluster],
    node_addresses: Mapping[str, Placed],
    catalogue: Catalogue,
) -> list[Router]:
    """Return the routers with their neighbors, links and what they originate."""
    return routers
