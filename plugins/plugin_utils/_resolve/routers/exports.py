# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, routers as a whole: what each hears, sends and originates, and what two neighbors cannot share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ..._addressing.addresses import Address, Cidr
from ..._addressing.intervals import overlaps
from ..._inventory.values import Values
from ..._model.prefix_rules import RuleSet
from ..._model.site import Cluster, Neighbor, Peering, PrefixRule, Router
from ..hosts import Context, Placed, is_absent
from .import_checks import OwnPools, check_import
from .policies import PrefixSources, WrittenPolicy, named_rules, own_prefixes


@dataclass(frozen=True, slots=True)
class Draft:
    """A neighbor and where it was written, before what depends on the whole router is known."""

    neighbor: Neighbor
    path: str
    """Of the neighbor, or of the link's end."""
    written_export: WrittenPolicy
    export_path: str
    internal: bool
    """The session is within one AS."""
    written_import: WrittenPolicy = None


@dataclass(frozen=True, slots=True)
class _Source:
    """Somebody from whom a router hears routes."""

    text: str
    internal: bool
    reflected: bool
    """Its routes are passed on within the AS too: it is a route reflector's client."""
    everything: bool
    rules: RuleSet
    networks: tuple[str, ...] = ()
    """Networks in which the next hops are: those of a peering's nodes."""

    def sends(self, rules: Iterable[PrefixRule]) -> bool:
        """Return whether it may announce some of ``rules``."""
        return self.everything or any(self.rules.touches(rule) for rule in rules)


def finish_routers(
    context: Context,
    routers: list[Router],
    drafts: Mapping[str, list[Draft]],
    clusters: list[Cluster],
    catalogue: PrefixSources,
    addresses: Mapping[str, Placed],
) -> list[Router]:
    """Return the routers with their neighbors; report what no router can do."""
    _check_unique(context, routers, drafts, clusters)
    unknown = _untold(context, clusters)
    result = []
    for router in routers:
        if router.absent:
            result.append(router)
            continue
        own = drafts[router.host]
        sources = _sources(router, own, clusters)
        besides = [*unknown, *_absent_ends(context, router)]
        own_pools = OwnPools(router, addresses[router.host], clusters)
        for draft in own:
            _check_heard(context, router, draft, sources, catalogue, besides)
        # By path: one neighbor may make a session for each family.
        for path, written in {draft.path: draft.written_import for draft in own}.items():
            check_import(context, f"{path}.import", written, own_pools)
        _check_redistribute(context, router, own, clusters)
        neighbors = tuple(
            _with_next_hop(context, draft, sources, addresses) for draft in sorted(own, key=lambda d: d.neighbor.name)
        )
        result.append(
            replace(
                router,
                neighbors=neighbors,
                originates=_originates(context, router, own, clusters, sources, addresses[router.host]),
            )
        )
    return result


def _sources(router: Router, drafts: list[Draft], clusters: list[Cluster]) -> list[_Source]:
    """Return whom the router hears: its neighbors, the other ends of links, and the nodes of peerings."""
    found = []
    for draft in drafts:
        neighbor = draft.neighbor
        text = f"link {neighbor.link!r} from {neighbor.other}" if neighbor.link else f"neighbor {neighbor.name!r}"
        found.append(
            _Source(
                text,
                draft.internal,
                neighbor.route_reflector_client,
                neighbor.import_.everything,
                RuleSet(neighbor.import_.prefixes),
            )
        )
    for cluster in clusters:
        for peering in cluster.peerings:
            if router.host in peering.routers:
                internal = peering.asn == (peering.local_as or router.asn)
                found.append(_nodes_of(cluster, peering, internal))
    return found


def _nodes_of(cluster: Cluster, peering: Peering, internal: bool) -> _Source:
    """Return the nodes of a peering as those from whom a router hears; ``internal``: within its AS."""
    text, everything = _peering_text(cluster.host, peering.name), peering.import_.everything
    return _Source(text, internal, False, everything, RuleSet(peering.filter), peering.networks)


def _anything(text: str) -> _Source:
    """Return somebody who may announce whatever there is."""
    return _Source(text, internal=False, reflected=False, everything=True, rules=RuleSet(()))


def _absent_ends(context: Context, router: Router) -> Iterator[_Source]:
    """Yield the absent routers at the other ends of a router's links: what they brought goes with them, as was asked.

    An export is written once for all other ends of a link. It stays as it is until the absent one has left it.
    """
    for name, item in context.parsed.links.items():
        others = [host for host in item["ends"] if host != router.host and host in context.parsed.routers]
        if router.host in item["ends"]:
            gone = [host for host in others if is_absent(context.parsed.routers[host])]
            yield from (_anything(f"link {name!r} from {host}") for host in gone)


def _untold(context: Context, clusters: list[Cluster]) -> list[_Source]:
    """Return from whom routers may hear besides, because of what was reported.

    A peering, a link or a whole cluster that was left out for it may announce anything. A peering whose routers are all
    absent announces its own to nobody, and that is the one thing to be told of it.
    """
    anything = _anything("what was reported")
    if len(clusters) < len(context.parsed.clusters) or context.links_reported or context.parsed.links.reported:
        return [anything]
    found: list[_Source] = []
    for cluster in clusters:
        items = context.parsed.clusters[cluster.host]["edge_peerings"]
        if items.reported or len(items) > len(cluster.peerings):
            return [anything]
        found += [
            _nodes_of(cluster, peering, False)
            for peering in cluster.peerings
            if not peering.routers and "local_speaker" not in items[peering.name]
        ]
    return found


def _check_heard(
    context: Context,
    router: Router,
    draft: Draft,
    sources: list[_Source],
    catalogue: PrefixSources,
    unknown: list[_Source],
) -> None:
    """Report pools that an export names and that can never be sent over the session.

    Args:
        context: takes the findings.
        router: the router that sends.
        draft: the session.
        sources: whom the router hears.
        catalogue: what the export can name.
        unknown: whom it may hear besides, of which something else was reported.
    """
    if not isinstance(draft.written_export, Values):
        return
    name = draft.neighbor.name
    others = [source for source in sources if source.text != _own_text(draft)]
    for path, what, rules in named_rules(context, draft.export_path, draft.written_export, catalogue, None):
        if not rules:
            continue  # that it stands for nothing was reported
        heard = [source for source in others if source.sends(rules)]
        if not heard and any(source.sends(rules) for source in unknown):
            continue
        if not heard:
            context.report.add(
                "EDGE356",
                path,
                f"nobody announces {what} to {router.host}, so it has nothing to send",
                "give a peering that announces it a session to this router, or import it from a link",
            )
        elif _stuck(draft, heard):
            context.report.add(
                "EDGE355",
                path,
                f"{router.host} hears {what} within AS {router.asn} only ({heard[0].text}), and {name!r} is in that AS"
                " too: such routes are not passed on (RFC 4271 section 9.2)",
                "give the cluster or the other router an AS of its own",
            )


def _stuck(draft: Draft, heard: list[_Source]) -> bool:
    """Return whether all that is to be sent was heard within the AS, and nobody reflects it."""
    if not draft.internal or draft.neighbor.route_reflector_client:
        return False
    return all(source.internal and not source.reflected for source in heard)


def _own_text(draft: Draft) -> str:
    neighbor = draft.neighbor
    return f"link {neighbor.link!r} from {neighbor.other}" if neighbor.link else f"neighbor {neighbor.name!r}"


def _peering_text(cluster: str, peering: str) -> str:
    return f"peering {peering!r} of {cluster!r}"


def _check_redistribute(context: Context, router: Router, drafts: list[Draft], clusters: list[Cluster]) -> None:
    """Warn of redistribution, and report exports of redistributed routes where there are none."""
    path = f"{router.host}.edge_router_redistribute"
    if router.redistribute:
        kinds = " and ".join(router.redistribute)
        context.report.add(
            "EDGE349",
            path,
            f"takes every {kinds} route of the router into BGP, also ones that appear later",
            "name the networks or prefixes under export instead",
        )
        return
    if (
        path.partition(".")[2] in context.parsed.hosts[router.host]
        and "edge_router_redistribute" not in (context.parsed.routers[router.host])
    ):
        return  # it could not be read, which was reported
    for draft in drafts:
        if draft.neighbor.export.redistributed:
            context.report.add(
                "EDGE348",
                f"{draft.export_path}.redistributed",
                f"is set, and {router.host} redistributes nothing",
                f"write {path}",
            )
    for cluster in clusters:
        for peering in cluster.peerings:
            if peering.export.redistributed and router.host in peering.routers:
                context.report.add(
                    "EDGE348",
                    f"{context.parsed.clusters[cluster.host]['edge_peerings'][peering.name].path}.export.redistributed",
                    f"is set, and {router.host} redistributes nothing",
                    f"write {path}",
                )


def _originates(
    context: Context,
    router: Router,
    drafts: list[Draft],
    clusters: list[Cluster],
    sources: list[_Source],
    placed: Placed,
) -> tuple[Cidr, ...]:
    """Return the prefixes that the router puts into BGP itself.

    These are networks and single prefixes of its exports, unless somebody else whom it hears announces them: then it
    only passes them on. The subnets in which it has an address are its own in any case.
    """
    own = {
        cidr
        for network, addresses in placed.items()
        for cidr in context.subnets[network]
        if any(cidr.contains(address) for address in addresses)
    }
    written = [(_own_text(draft), draft.written_export) for draft in drafts]
    for cluster in clusters:
        items = context.parsed.clusters[cluster.host]["edge_peerings"]
        written += [
            (_peering_text(cluster.host, p.name), items[p.name]["export"])
            for p in cluster.peerings
            if router.host in p.routers
        ]
    named: dict[Cidr, set[str]] = {}
    for text, export in written:
        for prefix in own_prefixes(context, export) if isinstance(export, Values) else ():
            named.setdefault(prefix, set()).add(text)
    found = [
        prefix
        for prefix, receivers in named.items()
        # No route goes back to whom it came from.
        if prefix in own or not any(receivers - {s.text} and s.sends((PrefixRule(prefix),)) for s in sources)
    ]
    return tuple(sorted(found))


def _with_next_hop(context: Context, draft: Draft, sources: list[_Source], addresses: Mapping[str, Placed]) -> Neighbor:
    """Return a link's neighbor with ``next_hop_self`` where the other router could not reach the routes' next hops."""
    neighbor = draft.neighbor
    if neighbor.link is None or neighbor.other is None or not draft.internal or neighbor.export.empty:
        return neighbor
    theirs = addresses[neighbor.other]
    passed = [
        source
        for source in sources
        if source.text != _own_text(draft) and (neighbor.export.everything or source.sends(neighbor.export.prefixes))
    ]
    unknown = [source for source in passed if not source.networks]
    missing = sorted({network for source in passed for network in source.networks if not theirs.get(network)})
    if not missing and not unknown:
        return neighbor
    reason = (
        f"{neighbor.other} has no address in network {missing[0]!r}, where the next hops of what it gets are"
        if missing
        else f"the next hops of what {unknown[0].text} sends need not be in reach of {neighbor.other}"
    )
    context.derive(f"{draft.path}.next_hop_self", True, reason)
    return replace(neighbor, next_hop_self=True)


# -- what two neighbors cannot share -----------------------------------------------------------------------------------
def _check_unique(
    context: Context, routers: list[Router], drafts: Mapping[str, list[Draft]], clusters: list[Cluster]
) -> None:
    """Report two neighbors of one router with one address, interface, peer group, or overlapping listen ranges."""
    with_neighbors = {host for host, own in drafts.items() if own}
    addresses: dict[tuple[str, Address | str], str] = {}
    groups: dict[tuple[str, str], str] = {}
    for cluster in clusters:
        items = context.parsed.clusters[cluster.host]["edge_peerings"]
        for session in cluster.sessions:
            if session.router in with_neighbors:
                owner = items[session.peering].path
                if session.node_address is not None:
                    addresses.setdefault((session.router, session.node_address), owner)
                groups.setdefault((session.router, session.peer_group), owner)
    for router in routers:
        for draft in drafts.get(router.host, ()):
            neighbor = draft.neighbor
            ends: list[Address | str] = [*neighbor.addresses, *_interfaces(neighbor)]
            for end in ends:
                other = addresses.setdefault((router.host, end), draft.path)
                if other != draft.path:
                    context.report.add(
                        "EDGE341",
                        draft.path,
                        f"{end if isinstance(end, str) else end.text} is a neighbor of {router.host} already, by"
                        f" {other}",
                        "FRR tells neighbors apart by address alone: keep one of the two",
                    )
            other = groups.setdefault((router.host, neighbor.peer_group), draft.path)
            if other != draft.path:
                context.report.add(
                    "EDGE307",
                    draft.path,
                    f"peer group {neighbor.peer_group!r} on {router.host} would belong to {other} too",
                    "rename one of the two",
                )
        _check_ranges(context, router, drafts.get(router.host, []), clusters)


def _interfaces(neighbor: Neighbor) -> Iterator[str]:
    if neighbor.interface is not None and not neighbor.addresses:
        yield neighbor.interface


def _check_ranges(context: Context, router: Router, drafts: list[Draft], clusters: list[Cluster]) -> None:
    """Report listen ranges that overlap: FRR refuses the second one."""
    owners = [(cidr, draft.path) for draft in drafts for cidr in draft.neighbor.listen_ranges]
    if not owners:
        return
    for cluster in clusters:
        items = context.parsed.clusters[cluster.host]["edge_peerings"]
        owners = [
            (cidr, items[peering.name].path)
            for peering in cluster.peerings
            if router.host in peering.routers
            for cidr in peering.listen_ranges
        ] + owners
    for overlap in overlaps([cidr.interval for cidr, _path in owners]):
        left, right = owners[overlap.left], owners[overlap.right]
        if left[1] != right[1]:
            context.report.add(
                "EDGE344",
                f"{right[1]}.dynamic",
                f"{right[0].text} overlaps {left[0].text} of {left[1]} on {router.host}",
                "who dials in from there would belong to both: narrow one of the ranges",
            )
