# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, pools: what they must not cover, and whether their addresses can be reached at all."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..._addressing.addresses import Address, Cidr, interval_text
from ..._addressing.families import Family
from ..._addressing.intervals import Interval, contains, cut, merge, subtract
from ..._addressing.intervals import overlaps as interval_overlaps
from ..._findings.wording import some
from ..._kubernetes.selectors import Selector
from ..._model.site import Cluster, Network, Node, Pool
from ..._pools.capacity import overlaps
from ..hosts import Context, Placed, is_absent, was_there
from .in_use import addresses_in_use
from .pod_pools import internal_ranges
from .pools import OwnedPool

_NO_SERVICE = {
    "0.0.0.0/8": "this-network",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    "::/127": "reserved",
    "fe80::/10": "link-local",
    "ff00::/8": "multicast",
}
"""Addresses that no Service can have (IANA special-purpose registries; Kubernetes and FRR refuse them)."""
_NO_SERVICE_BLOCKS = [
    (Interval(Family(network.version), int(network[0]), int(network[-1])), str(network), what)
    for network, what in ((ipaddress.ip_network(text), what) for text, what in _NO_SERVICE.items())
]


def check_pools(
    context: Context,
    pools: list[OwnedPool],
    networks: Iterable[Network],
    hosts: Mapping[str, Placed],
    clusters: Iterable[Cluster],
    nodes: Mapping[str, Sequence[Node]],
) -> None:
    """Report pools that overlap each other, cover what is not theirs, or do not fit where they are announced.

    Args:
        context: takes the findings.
        pools: those of all clusters.
        networks: the site's networks.
        hosts: every router's and node's addresses.
        clusters: the resolved clusters, for their sessions.
        nodes: the nodes by cluster.
    """
    _check_overlaps(context, pools)
    in_use = addresses_in_use(context, hosts, nodes)
    taken = [(address.interval, "EDGE403", f"{address.text} of {path}") for address, path in in_use.items()]
    taken += [
        (entry.interval, "EDGE417", f"{entry.text} of {item.at('dhcp', index)}")
        for item in context.parsed.networks.values()
        for index, entry in enumerate(item["dhcp"])
    ]
    internal = [(cidr.interval, "EDGE409", f"{cidr.text} of {path}") for path, cidr in internal_ranges(context)]
    _check_covers(context, pools, taken, internal)
    _check_special(context, pools)
    by_name = {network.name: network for network in networks}
    for owned in pools:
        for index, name in enumerate(owned.pool.l2):
            _check_l2(context, owned, index, by_name[name], nodes[owned.cluster])
    _check_router_subnets(context, pools, hosts)
    _check_routed(context, pools)
    _check_delivery(context, hosts)
    _check_preferences(context, pools, clusters)


def _entry_path(owned: OwnedPool, index: int) -> str:
    return owned.item.at("addresses", index)


def _check_overlaps(context: Context, pools: list[OwnedPool]) -> None:
    for found in overlaps([owned.pool for owned in pools]):
        left, right = pools[found.left], pools[found.right]
        hint = "give each address to one pool"
        if left.cluster != right.cluster:
            if left.pool.anycast and right.pool.anycast and not (left.pool.l2 or right.pool.l2):
                continue
            on_l2 = left.pool.anycast and right.pool.anycast
            hint += (
                "; anycast is for pools that are advertised by BGP alone: on L2 both clusters would answer"
                if on_l2
                else ", or write anycast: true in both"
            )
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
            hint,
        )


def _check_covers(
    context: Context,
    pools: Sequence[OwnedPool],
    taken: Sequence[tuple[Interval, str, str]],
    internal: Sequence[tuple[Interval, str, str]],
) -> None:
    """Report pools that share addresses with hosts or internal ranges, by one sweep over all.

    Excluded addresses are no fault where hosts have them, but whole blocks must keep out of internal ranges.
    """
    complete = [(number, index, e.interval) for number, o in enumerate(pools) for index, e in enumerate(o.pool.entries)]
    handed = [(number, index, part) for number, owned in enumerate(pools) for index, part in _handed_out(owned.pool)]
    on_hosts: dict[tuple[int, int], list[tuple[str, Interval]]] = {}
    for ours, foreign, code in ((handed, taken, "exclude"), (complete, internal, "")):
        count = len(ours)
        for found in interval_overlaps([part for _n, _i, part in ours] + [part for part, _c, _t in foreign]):
            if not found.left < count <= found.right:
                continue
            number, index, _part = ours[found.left]
            _interval, kind, what = foreign[found.right - count]
            if kind == "EDGE403":
                on_hosts.setdefault((number, index), []).append((what, found.interval))
                continue
            owned = pools[number]
            text = owned.pool.entries[index].text
            hint = f"exclude: {interval_text(found.interval)}" if code else "use a range of its own"
            context.report.add(kind, _entry_path(owned, index), f"{text} overlaps {what}", hint)
    for (number, index), hits in on_hosts.items():
        _report_hosts(context, pools[number], index, hits)


def _report_hosts(context: Context, owned: OwnedPool, index: int, hits: Sequence[tuple[str, Interval]]) -> None:
    """Report a pool's entry that holds addresses of hosts, all of them in one finding."""
    text = owned.pool.entries[index].text
    if len(hits) == 1:
        problem = f"{text} covers the address {hits[0][0]}"
    else:
        more = f" and {len(hits) - 3} more" if len(hits) > 3 else ""
        problem = f"{text} covers {len(hits)} addresses of hosts: {', '.join(what for what, _part in hits[:3])}{more}"
    parts = [interval_text(part) for part in merge(part for _what, part in hits)]
    some = f"exclude: {parts[0]}" if len(parts) == 1 else f"exclude: [{', '.join(parts)}]"
    context.report.add(
        "EDGE403", _entry_path(owned, index), problem, some if len(parts) <= 8 else "use a range without hosts"
    )


def _handed_out(pool: Pool) -> Iterator[tuple[int, Interval]]:
    """Yield the index of each entry with the parts of it that services can get."""
    holes = subtract((entry.interval for entry in pool.entries), pool.intervals)
    for index, entry in enumerate(pool.entries):
        for part in cut(entry.interval, holes):
            yield index, part


def _check_special(context: Context, pools: list[OwnedPool]) -> None:
    """Report pools of addresses that no service can have."""
    for owned in pools:
        for index, entry in enumerate(owned.pool.entries):
            for block, text, what in _NO_SERVICE_BLOCKS:
                if entry.interval.meets(block):
                    context.report.add(
                        "EDGE103",
                        _entry_path(owned, index),
                        f"{entry.text} holds {what} addresses ({text}), which no service can have",
                        "use unicast addresses of your own",
                    )


def _check_l2(context: Context, owned: OwnedPool, index: int, network: Network, nodes: Sequence[Node]) -> None:
    path = owned.item.at("l2", index)
    if network.name in context.parsed.networks and context.parsed.networks[network.name]["loopback"]:
        context.report.add(
            "EDGE421",
            path,
            f"network {network.name!r} holds loopback addresses: it is no segment on which anybody asks by ARP or NDP",
            "announce it on a network with nodes and clients, or advertise it by BGP",
        )
        return
    if not network.interfaces:
        context.report.add(
            "EDGE410",
            path,
            f"network {network.name!r} names no interfaces to announce on",
            f"write edge_networks.{network.name}.interfaces",
        )
    announcing = network.announcers(nodes)
    reason = "none has an address there"
    if network.l2_nodes is not None:
        reason = f"its l2_nodes {network.l2_nodes.text!r} match none"
        _check_announcing(context, network, network.l2_nodes, announcing, nodes)
    if (
        not announcing
        and not context.clusters_reported
        and not context.labels_reported.covers_any(node.host for node in nodes)
        and not context.addresses_reported.covers_any((node.host, network.name) for node in nodes)
    ):
        context.report.add(
            "EDGE412", path, f"no node of cluster {owned.cluster!r} announces on network {network.name!r}: {reason}"
        )
    _check_subnet_ends(context, owned, network)
    subnets = merge(cidr.interval for cidr in context.subnets[network.name])
    texts = ", ".join(cidr.text for cidr in network.cidrs)
    for number, entry in enumerate(owned.pool.entries):
        if not contains(subnets, entry.interval):
            context.report.add(
                "EDGE408",
                _entry_path(owned, number),
                f"{entry.text} is not inside network {network.name!r} ({texts})",
                "hosts of the network ask by ARP or NDP for addresses of their subnet only",
            )


def _check_announcing(
    context: Context, network: Network, selector: Selector, announcing: Sequence[Node], nodes: Sequence[Node]
) -> None:
    """Warn of nodes that announce in a network where others have addresses and they have none."""
    outside = [node.host for node in announcing if not node.addresses.get(network.name)]
    addresses = [(host, network.name) for host in outside]
    reported = context.addresses_reported, context.peering_addresses_reported
    sure = not any(kind.covers_any(addresses) for kind in reported)
    if outside and sure and any(node.addresses.get(network.name) for node in nodes):
        context.report.add(
            "EDGE427",
            f"edge_networks.{network.name}.l2_nodes",
            f"{selector.text!r} selects {some(outside)}, without an address there",
            "narrow it to nodes with the interface, or write their edge_addresses",
        )


def _check_subnet_ends(context: Context, owned: OwnedPool, network: Network) -> None:
    """Report an L2 pool that would hand out a subnet's own addresses: no host asks for them by ARP or NDP."""
    for cidr in context.subnets[network.name]:
        for address, kind in _subnet_ends(cidr):
            for number, entry in enumerate(owned.pool.entries):
                if contains((entry.interval,), address.interval) and contains(owned.pool.intervals, address.interval):
                    context.report.add(
                        "EDGE403",
                        _entry_path(owned, number),
                        f"{entry.text} covers {address.text}, the {kind} address of {cidr.text} in network"
                        f" {network.name!r}",
                        f"exclude: {address.text}",
                    )


def _subnet_ends(cidr: Cidr) -> Iterator[tuple[Address, str]]:
    """Yield the addresses of a subnet that are the subnet's own, with what each is (RFC 919, RFC 4291 section 2.6.1).

    A subnet of two addresses, or of one, has none (RFC 3021, RFC 6164).
    """
    if cidr.interval.size > 2:
        four = cidr.family is Family.IPV4
        yield Address(cidr.family, cidr.interval.first), "network" if four else "subnet-router anycast"
        if four:
            yield Address(cidr.family, cidr.interval.last), "broadcast"


def _check_router_subnets(context: Context, pools: Sequence[OwnedPool], hosts: Mapping[str, Placed]) -> None:
    """Report a BGP pool with an address that a router's own subnet has for itself, by one sweep over all.

    Linux keeps it in the table ``local``, which is asked before any route that nodes announce (ip-rule(8)): no packet
    gets past the router. The network address is there too before Linux 5.14.
    """
    segments = [name for name, item in context.parsed.networks.items() if not item["loopback"]]
    ends = [
        (name, cidr, address, kind, router)
        for name in segments
        for cidr in context.subnets[name]
        if (router := _router_in(context, hosts, name, cidr)) is not None
        for address, kind in _subnet_ends(cidr)
    ]
    ours = [(owned, index, part) for owned in pools if owned.pool.bgp for index, part in _handed_out(owned.pool)]
    count = len(ours)
    for found in interval_overlaps([part for _o, _i, part in ours] + [item[2].interval for item in ends]):
        if not found.left < count <= found.right:
            continue
        owned, index, _part = ours[found.left]
        name, cidr, address, kind, router = ends[found.right - count]
        if name not in owned.pool.l2:  # reported for every host of the network
            context.report.add(
                "EDGE403",
                _entry_path(owned, index),
                f"{owned.pool.entries[index].text} covers {address.text}, the {kind} address of {cidr.text} in network"
                f" {name!r}, where {router} has an address: it takes what is sent there for itself",
                f"exclude: {address.text}",
            )


def _router_in(context: Context, hosts: Mapping[str, Placed], network: str, cidr: Cidr) -> str | None:
    """Return the first router with an address in a subnet of a network; an absent one has none."""
    inside = (
        host
        for host in sorted(context.parsed.routers)
        if any(cidr.contains(address) for address in hosts.get(host, {}).get(network, ()))
    )
    return next(inside, None)


def _check_routed(context: Context, pools: Sequence[OwnedPool]) -> None:
    """Report pools that hand out addresses of a network's subnet by BGP, by one sweep over all."""
    ours = [(owned, index, part) for owned in pools if owned.pool.bgp for index, part in _handed_out(owned.pool)]
    subnets = [(name, cidr) for name, cidrs in context.subnets.items() for cidr in cidrs]
    count = len(ours)
    swept = [part for _o, _i, part in ours] + [cidr.interval for _name, cidr in subnets]
    shared: dict[tuple[str, int], tuple[OwnedPool, int, list[Interval]]] = {}
    for found in interval_overlaps(swept):
        if found.left < count <= found.right:
            owned, index, _part = ours[found.left]
            if subnets[found.right - count][0] not in owned.pool.l2:
                key = (_entry_path(owned, index), found.right - count)
                shared.setdefault(key, (owned, index, []))[2].append(found.interval)
    for (_path, number), (owned, index, parts) in shared.items():
        _routed_from(context, owned, index, subnets[number], parts)


def _routed_from(
    context: Context, owned: OwnedPool, index: int, subnet: tuple[str, Cidr], shared: Sequence[Interval]
) -> None:
    """Say what it means that a BGP pool's entry hands out addresses of a network's subnet.

    Args:
        context: takes the finding.
        owned: the pool.
        index: of the entry.
        subnet: the network's name and one of its subnets.
        shared: the addresses of the subnet that the entry hands out.
    """
    name, cidr = subnet
    entry, path = owned.pool.entries[index], _entry_path(owned, index)
    network = context.parsed.networks[name]
    asked = "ARP" if cidr.family is Family.IPV4 else "NDP"
    if network["loopback"]:
        context.report.add(
            "EDGE420",
            path,
            f"{entry.text} has addresses of network {name!r} ({cidr.text}), which holds routers' loopback addresses",
            "use a range of its own",
        )
    elif network["delivery"] == "on_link":
        context.report.add(
            "EDGE418",
            path,
            f"{entry.text} has addresses of network {name!r} ({cidr.text}), which the provider hands over on-link: a"
            f" BGP host route alone answers no {asked} from the provider's side",
            "let the router answer for them (proxy ARP, or ip neigh add proxy; an alias on the WAN port would win over"
            " the route), see docs/situations/slash-29.md",
        )
    elif not network["delivery"] and contains((cidr.interval,), entry.interval):
        context.report.add(
            "EDGE411",
            path,
            f"{entry.text} lies inside network {name!r} ({cidr.text}), whose hosts ask for it by {asked}",
            "use a range outside every network, or announce it there: l2",
        )
    elif not network["delivery"]:
        parts = merge(shared)
        them = "it" if len(parts) == 1 and parts[0].size == 1 else "them"
        first, last = max(entry.interval.first, cidr.interval.first), min(entry.interval.last, cidr.interval.last)
        context.report.add(
            "EDGE411",
            path,
            f"{entry.text} has {some([interval_text(part) for part in parts])} in network {name!r} ({cidr.text}),"
            f" whose hosts ask for {them} by {asked}",
            f"exclude: {interval_text(Interval(cidr.family, first, last))}, or use a range outside every network",
        )


def _check_delivery(context: Context, hosts: Mapping[str, Placed]) -> None:
    """Report on-link ranges in which no router has an address; a router that leaves them is asked for none."""
    routers = [host for host, values in context.parsed.routers.items() if not is_absent(values)]
    for name, item in context.parsed.networks.items():
        if item["delivery"] != "on_link" or context.addresses_reported.covers_any((host, name) for host in routers):
            continue
        leaving = any(was_there(context, host, name) for host in context.parsed.routers)
        if not leaving and not any(hosts.get(host, {}).get(name) for host in routers):
            context.report.add(
                "EDGE419",
                item.at("delivery"),
                f"is on_link, but no router has an address in network {name!r}",
                f"write the address of its WAN port: edge_addresses: {{{name}: ADDRESS}}",
            )


def _check_preferences(context: Context, pools: Iterable[OwnedPool], clusters: Iterable[Cluster]) -> None:
    """Report pools with a local preference that a session to another AS would carry."""
    external = {
        (session.cluster, session.peering): session
        for cluster in clusters
        for session in cluster.sessions
        if session.node_asn != session.router_asn
    }
    for owned in pools:
        for name in owned.pool.bgp if owned.pool.local_preference is not None else ():
            session = external.get((owned.cluster, name))
            if session is not None:
                context.report.add(
                    "EDGE422",
                    owned.item.at("local_preference"),
                    f"means nothing over peering {name!r}, between AS {session.node_asn} and AS {session.router_asn}",
                    "use communities, or import: {local_preference} of the peering",
                )
