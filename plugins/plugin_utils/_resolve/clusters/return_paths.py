# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, clusters: nodes that answer by another network than the request came in."""

from __future__ import annotations

from ..._model.return_paths import Ways
from ..._model.site import Site
from ..hosts import Context


def check_return_paths(context: Context, site: Site) -> None:
    """Report the nodes that one router reaches over several networks and that answer by their main routes alone.

    A router on Linux drops no such answer by default (no strict ``rp_filter``, no firewall). UniFi follows connections
    to what lies in none of its networks, as routed pools do, and drops those of which it sees a half.
    Without a router in common it is a fault of another kind, which ``_versions/cilium`` has (EDGE619).
    """
    may_drop = {router.host for router in site.routers if router.platform == "unifi"}
    for cluster in site.clusters:
        if cluster.absent:
            continue
        ways = Ways(site, cluster)
        nodes, networks, missing, routers = [], set[str](), set[str](), set[str]()
        for node in cluster.nodes:
            found = ways.without_rule(node)
            common = set.intersection(may_drop, *(reached.routers for reached in found.values())) if found else set()
            if common:
                nodes.append(node.host)
                networks |= set(ways.reached_over(node))
                missing |= set(found)
                routers |= common
        if nodes:
            several = len(nodes) > 1
            more = f" and {len(nodes) - 1} more node{'s' if len(nodes) > 2 else ''} are" if several else " is"
            places = f"networks {' and '.join(sorted(networks))} of {' and '.join(sorted(routers))}"
            lacking = sorted(missing)
            answer = f"{'answer' if several else 'answers'} what comes in over {' and '.join(lacking)}"
            context.report.add(
                "EDGE212",
                f"{nodes[0]}.edge_addresses",
                f"{nodes[0]}{more} reached over {places}, and {answer} by the main routing table alone",
                f"give {'them' if several else 'it'} a routing rule for each pool of {' and of '.join(lacking)}, and"
                f" write return_path: network at {' and '.join(lacking)} in edge_networks, or accept it where no router"
                " filters so: docs/situations/nodes-in-two-networks.md",
            )
