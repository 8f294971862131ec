# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, pools: their addresses, how they become reachable, and what they must not cover."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..module_utils._errors import EdgeError
from ._addresses import Address, Cidr, interval_text
from ._findings import one_of
from ._intervals import Interval, contains, merge
from ._intervals import overlaps as interval_overlaps
from ._model import Network, Node, PodPool, Pool
from ._parse import Item, Items, Values
from ._pools import overlaps, usable
from ._resolve_hosts import Context, Placed
from ._selectors import parse_selector

_NO_SERVICE = {
    "0.0.0.0/8": "this-network",
    "127.0.0.0/8": "loopback",
    "224.0.0.0/4": "multicast",
    "::/127": "reserved",
    "fe80::/10": "link-local",
    "ff00::/8": "multicast",
}
"""Addresses that no Service can have (IANA special-purpose registries; Kubernetes and FRR refuse them)."""

NONE = "none"
"""Not a pool: ``edge_default_pool: none``."""


@dataclass(frozen=True, slots=True)
class OwnedPool:
    """A pool with the place that it was written in."""

    pool: Pool
    item: Item
    cluster: str


def resolve_pools(context: Context, cluster: str, values: Values) -> list[OwnedPool]:
    """Return the pools of one cluster whose addresses and references are good."""
    items: Items = values["edge_pools"]
    peerings: Items = values["edge_peerings"]
    pools: list[OwnedPool] = []
    for name, item in items.items():
        if name == NONE:
            context.report.add(
                "EDGE104", item.path, "'none' is no name for a pool", "edge_default_pool gives it a meaning"
            )
            continue
        bgp, l2 = _ways_out(context, item, peerings)
        try:
            intervals = usable(item.get("addresses"), item.get("exclude", ()), item.get("first_last", True), item.path)
        except EdgeError as error:
            context.report.add_error("EDGE405", error)
            continue
        pool = Pool(
            name=name,
            entries=item.get("addresses"),
            exclude=item.get("exclude", ()),
            intervals=intervals,
            bgp=bgp,
            l2=l2,
            first_last=item.get("first_last", True),
            disabled=item.get("disabled", False),
        )
        pools.append(OwnedPool(pool, item, cluster))
    return pools


def pod_mask(values: Values) -> dict[str, int]:
    """Return the length of a node's pod CIDR by family."""
    written = values.get("edge_cluster_pod_mask", {})
    return {family: written.get(family, written.get("any", length)) for family, length in (("ipv4", 24), ("ipv6", 64))}


def resolve_pod_pools(context: Context, cluster: str, values: Values) -> tuple[PodPool, ...]:
    """Return the pod pools of one cluster."""
    return ()


def _ways_out(context: Context, item: Item, peerings: Items) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the peerings that advertise a pool and the networks on which it is announced."""
    bgp = [
        name
        for index, name in enumerate(item.get("bgp", ()))
        if context.reference(item.at("bgp", index), name, peerings, "peering")
    ]
    l2 = [
        name
        for index, name in enumerate(item.get("l2", ()))
        if context.reference(item.at("l2", index), name, context.parsed.networks, "network")
    ]
    if "bgp" not in item and "l2" not in item:
        if len(peerings) == 1 and not peerings.damaged:
            bgp = list(peerings)
            context.derive(item.at("bgp"), bgp[0], "the only peering, and the pool names neither bgp nor l2")
        elif not peerings.damaged:
            context.report.add(
                "EDGE407",
                item.path,
                "says neither bgp nor l2, so its addresses would be reachable nowhere",
                f"bgp: {one_of(peerings)}; or l2: {one_of(context.subnets)}; or bgp: [] if you mean it",
            )
    return tuple(dict.fromkeys(bgp)), tuple(dict.fromkeys(l2))


def default_pool(context: Context, cluster: str, values: Values) -> str | None:
    """Return the pool of services that name none; None = such services get no address."""
    items: Items = values["edge_pools"]
    path = f"{cluster}.edge_default_pool"
    if "edge_default_pool" in values:
        name = str(values["edge_default_pool"])
        if name == NONE:
            return None
        return name if context.reference(path, name, items, "pool") else None
    if len(items) + len(items.broken) > 1 and "edge_default_pool" not in context.parsed.hosts[cluster]:
        context.report.add(
            "EDGE406",
            path,
            f"is missing, and there are {len(items) + len(items.broken)} pools",
            f"write the pool of services that name none ({one_of({*items, *items.broken})}), or none",
        )
        return None
    if len(items) == 1 and not items.damaged:
        name = next(iter(items))
        context.derive(path, name, "the only pool")
        return name
    return None


def check_pools(
    context: Context,
    pools: list[OwnedPool],
    networks: Iterable[Network],
    hosts: Mapping[str, Placed],
    nodes: Mapping[str, tuple[Node, ...]],
    ranges: Iterable[tuple[str, Cidr]],
) -> None:
    """Report pools that overlap each other or cover what is not theirs.

    Args:
        context: takes the findings.
        pools: those of all clusters.
        networks: the site's networks.
        hosts: every router's and node's addresses.
        nodes: the nodes by cluster.
        ranges: pod, service and external ranges with the path that each is written at.
    """
    _check_overlaps(context, pools)
    owners = [
        (address, f"{host}.edge_addresses.{network}")
        for host, placed in sorted(hosts.items())
        for network, own in placed.items()
        for address in own
    ]
    foreign = [(address.interval, "EDGE403", f"the address {address.text} of {path}") for address, path in owners]
    foreign += [(cidr.interval, "EDGE409", f"{cidr.text} of {path}") for path, cidr in ranges]
    _check_covers(context, pools, foreign)
    _check_special(context, pools)
    by_name = {network.name: network for network in networks}
    for owned in pools:
        for index, name in enumerate(owned.pool.l2):
            _check_l2(context, owned, index, by_name[name], nodes[owned.cluster])
        if owned.pool.bgp:
            _check_routed(context, owned)


def _entry_path(owned: OwnedPool, index: int) -> str:
    return owned.item.at("addresses", index)


def _check_overlaps(context: Context, pools: list[OwnedPool]) -> None:
    for found in overlaps([owned.pool for owned in pools]):
        left, right = pools[found.left], pools[found.right]
        if found.left == found.right:
            problem = f"overlaps {left.pool.entries[found.left_entry].text} of the same pool"
        else:
            problem = f"overlaps pool {left.pool.name!r} ({left.pool.entries[found.left_entry].text})"
            if left.cluster != right.cluster:
                problem += f" of cluster {left.cluster!r}"
        context.report.add(
            "EDGE401",
            _entry_path(right, found.right_entry),
            f"{right.pool.entries[found.right_entry].text} {problem} at {interval_text(found.interval)}",
            "give each address to one pool",
        )


def _check_covers(context: Context, pools: list[OwnedPool], foreign: list[tuple[Interval, str, str]]) -> None:
    """Report pools that share addresses with hosts or internal ranges, by one sweep over all."""
    owned_intervals = [(owned, index, entry) for owned in pools for index, entry in enumerate(owned.pool.entries)]
    swept = [entry.interval for _owned, _index, entry in owned_intervals] + [interval for interval, _c, _t in foreign]
    count = len(owned_intervals)
    for found in interval_overlaps(swept):
        if not found.left < count <= found.right:
            continue
        owned, index, entry = owned_intervals[found.left]
        _interval, code, what = foreign[found.right - count]
        if code == "EDGE403" and not contains(merge(owned.pool.intervals), found.interval):
            continue  # excluded, as it should be
        hint = f"exclude: {interval_text(found.interval)}" if code == "EDGE403" else "use a range of its own"
        context.report.add(code, _entry_path(owned, index), f"{entry.text} covers {what}", hint)


def _check_special(context: Context, pools: list[OwnedPool]) -> None:
    """Report pools of addresses that no service can have."""
    for owned in pools:
        for index, entry in enumerate(owned.pool.entries):
            for text, what in _NO_SERVICE.items():
                special = ipaddress.ip_network(text)
                ends = Interval(special.version, int(special.network_address), int(special.broadcast_address))
                if interval_overlaps([entry.interval, ends]):
                    context.report.add(
                        "EDGE103",
                        _entry_path(owned, index),
                        f"{entry.text} holds {what} addresses ({text}), which no service can have",
                        "use unicast addresses of your own",
                    )


def _check_l2(context: Context, owned: OwnedPool, index: int, network: Network, nodes: tuple[Node, ...]) -> None:
    path = owned.item.at("l2", index)
    if not network.interfaces:
        context.report.add(
            "EDGE410",
            path,
            f"network {network.name!r} names no interfaces to announce on",
            f"write edge_networks.{network.name}.interfaces",
        )
    if network.l2_nodes is not None:
        selector = parse_selector(network.l2_nodes, path)
        announcing = [node for node in nodes if selector.matches(node.labels)]
        reason = f"its l2_nodes {network.l2_nodes!r} match none"
    else:
        announcing = [node for node in nodes if node.addresses.get(network.name)]
        reason = "none has an address there"
    if not announcing:
        context.report.add(
            "EDGE412", path, f"no node of cluster {owned.cluster!r} announces on network {network.name!r}: {reason}"
        )
    _check_subnet_ends(context, owned, network)
    subnets = merge(cidr.interval for cidr in context.subnets[network.name])
    for number, entry in enumerate(owned.pool.entries):
        if not contains(subnets, entry.interval):
            context.report.add(
                "EDGE408",
                _entry_path(owned, number),
                f"{entry.text} is not inside network {network.name!r} ({', '.join(network.cidrs)})",
                "hosts of the network ask by ARP or NDP for addresses of their subnet only",
            )


def _check_subnet_ends(context: Context, owned: OwnedPool, network: Network) -> None:
    """Report an L2 pool that would hand out a subnet's own addresses: no host asks for them by ARP or NDP."""
    for cidr in context.subnets[network.name]:
        first, last = cidr.interval.first, cidr.interval.last
        ends = {4: {first: "network", last: "broadcast"}, 6: {first: "subnet-router anycast"}}[cidr.family]
        for value, kind in ends.items() if cidr.interval.size > 2 else ():
            address = Address(cidr.family, value)
            for number, entry in enumerate(owned.pool.entries):
                if contains((entry.interval,), address.interval) and contains(owned.pool.intervals, address.interval):
                    context.report.add(
                        "EDGE403",
                        _entry_path(owned, number),
                        f"{entry.text} covers {address.text}, the {kind} address of {cidr.text} in network"
                        f" {network.name!r}",
                        f"exclude: {address.text}",
                    )


def _check_routed(context: Context, owned: OwnedPool) -> None:
    """Warn of a pool that is advertised by BGP from inside a network: its hosts would ask for it by ARP."""
    for number, entry in enumerate(owned.pool.entries):
        for name, cidrs in context.subnets.items():
            inside = [cidr for cidr in cidrs if contains((cidr.interval,), entry.interval)]
            if inside and name not in owned.pool.l2:
                context.report.add(
                    "EDGE411",
                    _entry_path(owned, number),
                    f"{entry.text} lies inside network {name!r} ({inside[0].text}), whose hosts ask for it by ARP",
                    "use a range outside every network, or announce it there: l2",
                )


def pool_of(address: Address, pools: Iterable[OwnedPool]) -> OwnedPool | None:
    """Return the pool that hands out ``address``."""
    return next((owned for owned in pools if contains(owned.pool.intervals, address.interval)), None)
