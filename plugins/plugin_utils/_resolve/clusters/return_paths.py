# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, clusters: nodes that answer by another network than the request came in."""

from __future__ import annotations

from ..._model.return_paths import Ways
from ..._model.site import Site
from ..hosts import Context


def check_return_paths(context: Context, site: Site) -> None:
    """Report the nodes that one router reaches over several networks and that answer by their default route alone.

    A router on Linux drops no such answer by default (no ``rp_filter``, no firewall); of UniFi's nobody has said.
    Without a router in common it is a fault of another kind, which ``_versions/cilium`` has (EDGE619).
    """
    may_drop = {router.host for router in site.routers if router.platform == "unifi"}
    for cluster in site.clusters:
        if cluster.absent:
            continue
        ways = Ways(site, cluster)
        nodes, networks, routers = [], set[str](), set[str]()
        for node in cluster.nodes:
            found = ways.by_default_route(node)
            common = set.intersection(may_drop, *(reached.routers for reached in found.values())) if found else set()
            if common:
                nodes.append(node.host)
                networks |= set(found)
                routers |= common
        if nodes:
            several = len(nodes) > 1
            more = f" and {len(nodes) - 1} more node{'s' if len(nodes) > 2 else ''} are" if several else " is"
            answer = "answer by their default route" if several else "answers by its default route"
            places = f"networks {' and '.join(sorted(networks))} of {' and '.join(sorted(routers))}"
            context.report.add(
                "EDGE212",
                f"{nodes[0]}.edge_addresses",
                f"{nodes[0]}{more} reached over {places}, and {answer} alone",
                f"give {'them' if several else 'it'} a routing rule for each pool of"
                f" {' or of '.join(sorted(networks))}, whichever is not the default route's, and write"
                " return_path: network at it in edge_networks, or accept it where no router filters so:"
                " docs/situations/nodes-in-two-networks.md",
            )
