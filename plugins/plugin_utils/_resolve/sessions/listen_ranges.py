# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, listen ranges: from where nodes may dial in without being named on the router."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ....module_utils._frr.state import version_tuple
from ....module_utils._frr.versions import most_dynamic_neighbors
from ..._addressing.addresses import Cidr
from ..._addressing.intervals import contains, merge, overlaps
from ..._findings.wording import some
from ..._frr.intent import listen_limit
from ..._inventory.values import Item, Items, Values
from ..._model.site import Cluster, Node, Peering, Router, Site
from ..hosts import Context
from .sessions import Endpoints, place


def listen_ranges(
    context: Context, item: Item, networks: Sequence[str], members: Sequence[Node], ends: Endpoints
) -> tuple[tuple[Cidr, ...], int | None]:
    """Return the listen ranges of a dynamic peering and its limit of neighbors; nothing for named neighbors.

    A range must lie inside the peering's network, known nodes inside a range, and the limit must let all nodes in.
    """
    written: Values | None = item["dynamic"]
    if written is None:
        return (), None
    subnets = [cidr for network in networks for cidr in context.subnets[network]]
    ranges: tuple[Cidr, ...] = written["range"] or tuple(subnets)
    inside = merge(cidr.interval for cidr in subnets)
    complete = True
    for index, cidr in enumerate(written["range"]):
        if not contains(inside, cidr.interval):
            complete = False
            context.report.add(
                "EDGE315",
                f"{item.path}.dynamic.range" + (f"[{index}]" if len(ranges) > 1 else ""),
                f"{cidr.text} is not inside {place(networks)} ({', '.join(c.text for c in subnets)})",
                "who may dial in must be on the peering's network",
            )
    if "range" not in written:
        context.derive(
            f"{item.path}.dynamic.range", ", ".join(cidr.text for cidr in ranges), "the subnets of its network"
        )
    if complete:
        _check_nodes(context, item, networks, members, ends, ranges)
    limit = written["limit"]
    if limit is None:
        limit = len(members) + 2
        context.derive(f"{item.path}.dynamic.limit", limit, "its nodes, and two more while some are replaced")
    elif limit < len(members):
        context.report.add(
            "EDGE326",
            f"{item.path}.dynamic.limit",
            f"is {limit}, but {len(members)} nodes dial in: FRR refuses the others silently",
            f"at least {len(members)}; two more while nodes are replaced",
        )
    return ranges, limit


def warn_without_password(context: Context, path: str, whom: str, ranges: Iterable[Cidr], hint: str) -> None:
    """Warn of listen ranges without a password: an address in them and an AS number are no secret.

    Args:
        context: takes the finding.
        path: of the peering or neighbor.
        whom: the AS that is let in, and the router, as the sentence needs them.
        ranges: who may dial in.
        hint: the way out.
    """
    context.report.add(
        "EDGE362",
        f"{path}.dynamic",
        f"has no password: any host of {some([cidr.text for cidr in ranges])} that says it is {whom}",
        hint,
    )


def _check_nodes(
    context: Context,
    item: Item,
    networks: Sequence[str],
    members: Sequence[Node],
    ends: Endpoints,
    ranges: Iterable[Cidr],
) -> None:
    """Report nodes whose known address is outside the ranges: the router would refuse them."""
    merged = merge(cidr.interval for cidr in ranges)
    families = {cidr.family for cidr in ranges}
    texts = ", ".join(cidr.text for cidr in ranges)
    for node in members:
        for network in networks:
            for address in ends.node_addresses[node.host].get(network, ()):
                if address.family in families and not contains(merged, address.interval):
                    context.report.add(
                        "EDGE325",
                        f"{node.host}.edge_addresses.{network}",
                        f"{address.text} is outside the listen ranges of {item.path} ({texts})",
                        "widen the ranges, or narrow the peering's nodes",
                    )


def check_listen_ranges(context: Context, clusters: Iterable[Cluster]) -> None:
    """Report listen ranges of two peerings, of whichever clusters, that overlap on a router: FRR refuses the second."""
    by_router: dict[str, list[tuple[Cidr, Peering, str]]] = {}
    for cluster in clusters:
        for peering in cluster.peerings:
            for cidr in peering.listen_ranges:
                for router in peering.routers:
                    by_router.setdefault(router, []).append((cidr, peering, cluster.host))
    for router, owners in sorted(by_router.items()):
        for found in overlaps([cidr.interval for cidr, _peering, _cluster in owners]):
            (left, first, one), (right, second, other) = owners[found.left], owners[found.right]
            if (first.name, one) == (second.name, other):
                continue
            paths = [
                context.parsed.clusters[host]["edge_peerings"][peering.name].path
                for host, peering in ((one, first), (other, second))
            ]
            whose = f"{paths[0]} for cluster {one!r}" if paths[0] == paths[1] else paths[0]
            context.report.add(
                "EDGE344",
                f"{paths[1]}.dynamic",
                f"{right.text} overlaps {left.text} of {whose} on {router}",
                "who dials in from there would belong to both: narrow one of the ranges",
            )


def check_listen_limits(context: Context, site: Site) -> None:
    """Report limits of neighbors that add up, on one router, to more than its FRR takes: it would refuse the line."""
    for router in site.routers:
        limits = _limits(context, site, router)
        if router.absent or not limits:
            continue
        total, most = listen_limit(site, router) or 0, most_dynamic_neighbors(version_tuple(router.frr_version))
        if total > most:
            limit, path = max(limits, key=lambda found: found[0])
            problem = f"is {limit}"
            if total != limit:
                problem += f", and with it the limits of {router.host} add up to {total}"
            context.report.add(
                "EDGE326",
                path,
                f"{problem}: FRR {router.frr_version} takes {most} at most",
                "write how many neighbors will dial in, and two more",
            )


def _limits(context: Context, site: Site, router: Router) -> list[tuple[int, str]]:
    """Return each limit of neighbors that counts on a router, and where it is written or would be."""
    found = [
        (peering.listen_limit, context.parsed.clusters[cluster.host]["edge_peerings"][peering.name].path)
        for cluster in site.clusters
        for peering in cluster.peerings
        if router.host in peering.routers
    ]
    items: Items = context.parsed.routers[router.host]["edge_router_neighbors"]
    for neighbor in router.neighbors:
        item = items.get(neighbor.name) or items.get(neighbor.name.removesuffix("-v6"))
        if item is not None:
            found.append((neighbor.listen_limit, item.path))
    return [(limit, f"{path}.dynamic.limit") for limit, path in found if limit is not None]
