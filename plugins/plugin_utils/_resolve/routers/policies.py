# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, policies: the names in an ``import`` or ``export`` followed to the prefixes that they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..._addressing.addresses import Cidr
from ..._addressing.families import Family
from ..._findings.wording import did_you_mean, one_of
from ..._inventory.keys.policies import POLICY_RECORD
from ..._inventory.values import Items, Values
from ..._model.prefix_rules import lengths, merge_rules, pool_rules, rule
from ..._model.site import PodPool, Policy, Pool, PrefixRule
from ..hosts import Context

WrittenPolicy = Values | Literal["all"] | None
"""A policy as the table of keys reads it: what it names, everything, or nothing."""

IMPORT = "import"
EXPORT = "export"

TOO_WIDE = {Family.IPV4: 8, Family.IPV6: 16}
"""Family -> prefixes shorter than this, with everything inside them, are nobody's own network: 10.0.0.0/8 is the
largest private block of IPv4, and no registry gives an IPv6 block larger than a /16 to one holder."""

_ONLY = {EXPORT: ("max_prefixes", "restart", "add_communities"), IMPORT: ("redistributed", "prepend")}
"""Keys that have no meaning in a direction."""

_WHY = {
    "max_prefixes": "it limits what is accepted: write it under import",
    "restart": "it belongs to max_prefixes, under import",
    "add_communities": "communities of an export are added already: write communities",
    "prepend": "the own AS in a path from outside makes routers of this AS drop it: write local_preference",
    "redistributed": "it says that edge_router_redistribute's routes may leave: write it under export",
}


@dataclass(frozen=True, slots=True)
class PrefixSources:
    """What the names in a policy refer to, by cluster."""

    pools: Mapping[str, Mapping[str, Pool]]
    """Cluster -> name -> pool."""
    pod_pools: Mapping[str, Mapping[str, PodPool]]
    """Cluster -> name -> pod pool."""
    pod_cidrs: Mapping[str, tuple[Cidr, ...]]
    """Cluster -> its pod ranges."""
    pod_mask: Mapping[str, Mapping[Family, int]]
    """Cluster -> family -> length of a node's pod CIDR."""


def resolve_policy(
    context: Context,
    path: str,
    written: WrittenPolicy,
    way: str,
    catalogue: PrefixSources,
    own_cluster: str | None,
) -> Policy:
    """Return a policy with every name followed to its prefixes; what is wrong with it is reported.

    Args:
        context: of the second pass.
        path: of the policy, such as ``udm.edge_router_neighbors.nas.import``.
        written: the policy as the table of keys read it; None = nothing passes.
        way: ``import`` or ``export``, as the router sees it.
        catalogue: what pools and pod ranges there are.
        own_cluster: the cluster whose pools need no ``cluster/``; None = only names that are unique in the site.
    """
    if written is None:
        return nothing()
    if isinstance(written, str):
        _warn_all(context, path, way)
        return replace(nothing(), everything=True)
    for key in _ONLY[way]:
        if key in written:
            context.report.add("EDGE331", f"{path}.{key}", f"has no meaning in {way}", _WHY[key])
    rules = [
        known for _path, _name, named in named_rules(context, path, written, catalogue, own_cluster) for known in named
    ]
    rules += _networks(context, path, written)
    rules += _prefixes(context, path, written, way)
    if way == IMPORT:
        _check_restart(context, f"{path}.restart", written["restart"])
    if written["default_route"]:
        _warn_default(context, f"{path}.default_route", way)
    if written["redistributed"] and way == EXPORT:
        context.report.add(
            "EDGE334",
            f"{path}.redistributed",
            "sends every route that edge_router_redistribute takes in, also ones that appear later",
            "name the networks or prefixes instead",
        )
    return Policy(
        prefixes=merge_rules(rules),
        default_route=written["default_route"],
        redistributed=written["redistributed"] and way == EXPORT,
        communities=tuple(sorted(set(written["communities"]))),
        add_communities=tuple(sorted(set(written["add_communities"]))) if way == IMPORT else (),
        local_preference=written["local_preference"],
        med=written["med"],
        prepend=(written["prepend"] or 0) if way == EXPORT else 0,
        max_prefixes=written["max_prefixes"],
        restart=written["restart"],
    )


def _check_restart(context: Context, path: str, seconds: int) -> None:
    """Report a wait that FRR cannot keep: its unit is the minute."""
    if seconds % 60:
        problem = f"{seconds} s is no whole number of minutes, which is FRR's unit"
        context.report.add("EDGE103", path, problem, f"write {max(60, round(seconds / 60) * 60)}")


def nothing() -> Policy:
    """Return the policy under which no route passes."""
    return Policy(restart=POLICY_RECORD.keys["restart"].value)


def entries_of(written: Values, path: str, key: str) -> Iterator[tuple[str, Any]]:
    """Yield the entries of a list with their paths; one alone stands without its number."""
    values = written[key]
    for index, value in enumerate(values):
        yield (f"{path}.{key}[{index}]" if len(values) > 1 else f"{path}.{key}"), value


def _warn_all(context: Context, path: str, way: str) -> None:
    if way == IMPORT:
        problem = (
            "accepts every route: whoever is at the other end can take over the default route and any address of the"
            " site"
        )
    else:
        problem = "sends every route that the router has in BGP, also those of other neighbors and of all clusters"
    context.report.add("EDGE332", path, problem, "name the pools, networks or prefixes instead")


def _warn_default(context: Context, path: str, way: str, passed_on: bool = False) -> None:
    if way == IMPORT:
        problem = "accepts a default route: all traffic without a better route goes to the other end while it sends one"
    elif passed_on:
        problem = "sends on a default route that the router hears by BGP: all traffic of the other end may come here"
    else:
        problem = (
            "sends a default route whether the router has one or not (default-originate): all traffic of the other end"
            " may come here"
        )
    hint = (
        "where the other end is your way out, else name prefixes"
        if way == IMPORT
        else "where this router is its way out, else take it out"
    )
    context.report.add("EDGE333", path, problem, f"accept it with a reason {hint}")


def named_rules(
    context: Context, path: str, written: Values, catalogue: PrefixSources, own: str | None
) -> Iterator[tuple[str, str, tuple[PrefixRule, ...]]]:
    """Yield path, name and rules of what a cluster announces: the pools, pod pools and pod ranges of a policy."""
    pools = _Kind("pool", "edge_pools", catalogue.pools)
    pod_pools = _Kind("pod pool", "edge_cluster_pod_pools", catalogue.pod_pools)
    for place, text in entries_of(written, path, "pools"):
        pool = _named(context, place, text, pools, own)
        if pool is not None:
            yield place, f"pool {text!r}", pool_rules(pool)
    for place, text in entries_of(written, path, "pod_pools"):
        pool = _named(context, place, text, pod_pools, own)
        if pool is not None:
            yield place, f"pod pool {text!r}", tuple(pod_rules(pool.cidrs, pool.mask))
    for place, cluster in entries_of(written, path, "pod_cidrs"):
        if not context.reference(place, cluster, catalogue.pod_cidrs, "cluster"):
            continue
        cidrs = catalogue.pod_cidrs[cluster]
        if not cidrs and not context.is_unknown(cluster, "edge_cluster_pod_cidrs"):
            context.report.add(
                "EDGE338", place, f"cluster {cluster!r} has no pod ranges", f"write {cluster}.edge_cluster_pod_cidrs"
            )
        yield place, f"pods of {cluster!r}", tuple(pod_rules(cidrs, catalogue.pod_mask[cluster]))


def own_prefixes(context: Context, written: Values) -> tuple[Cidr, ...]:
    """Return the single prefixes that an export names: networks, and prefixes without ``ge`` and ``le``."""
    found = [cidr for name in written["networks"] for cidr in context.subnets.get(name, ())]
    found += [
        entry["prefix"]
        for entry in written["prefixes"]
        if entry["ge"] is None and entry["le"] is None and entry["prefix"].prefix_length
    ]
    return tuple(found)


def pod_rules(cidrs: Iterable[Cidr], mask: Mapping[Family, int]) -> Iterator[PrefixRule]:
    """Yield what nodes announce out of pod ranges: CIDRs of the length that a node gets, and no other."""
    for cidr in cidrs:
        length = max(mask.get(cidr.family, cidr.prefix_length), cidr.prefix_length)
        yield rule(cidr, length, length)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Pools or pod pools, as policies name them."""

    word: str
    """What messages call one."""
    variable: str
    """Where they are written."""
    by_cluster: Mapping[str, Mapping[str, Any]]
    """Cluster -> name -> pool."""


def _named(context: Context, path: str, text: str, kind: _Kind, own: str | None) -> Any:
    """Return what ``pool`` or ``cluster/pool`` names, or report why it names nothing."""
    cluster, slash, name = text.rpartition("/")
    if slash:
        if not context.reference(path, cluster, kind.by_cluster, "cluster"):
            return None
        return _known(context, path, name, cluster, kind)
    holders = sorted(host for host, pools in kind.by_cluster.items() if name in pools)
    if own is not None and (own in holders or not holders):
        return _known(context, path, name, own, kind)
    if len(holders) == 1:
        return kind.by_cluster[holders[0]][name]
    if holders:
        choices = one_of(f"{host}/{name}" for host in holders)
        problem = f"{kind.word} {name!r} exists in {' and in '.join(holders)}"
        context.report.add("EDGE337", path, problem, f"write {choices}")
        return None
    if any(_excused(context, host, kind.variable, name) for host in kind.by_cluster):
        return None
    known = {other: None for pools in kind.by_cluster.values() for other in pools}
    context.reference(path, name, known, kind.word)
    return None


def _known(context: Context, path: str, name: str, cluster: str, kind: _Kind) -> Any:
    """Return the pool ``name`` of ``cluster``; one that was reported itself is not told again."""
    known = kind.by_cluster[cluster]
    if name in known:
        return known[name]
    if not _excused(context, cluster, kind.variable, name):
        hint = did_you_mean(name, known) or f"{kind.word}s: {one_of(known)}"
        context.report.add("EDGE120", path, f"there is no {kind.word} {name!r} in cluster {cluster!r}", hint)
    return None


def _excused(context: Context, cluster: str, variable: str, name: str) -> bool:
    """Return whether a pool is missing only because its definition was reported."""
    items: Items = context.parsed.clusters[cluster][variable]
    return name in items or items.reported.covers(name)


def _networks(context: Context, path: str, written: Values) -> Iterator[PrefixRule]:
    for place, name in entries_of(written, path, "networks"):
        if context.reference(place, name, context.parsed.networks, "network"):
            yield from (rule(cidr) for cidr in context.subnets[name])


def _prefixes(context: Context, path: str, written: Values, way: str) -> Iterator[PrefixRule]:
    for place, entry in entries_of(written, path, "prefixes"):
        problem = _lengths_problem(entry)
        if problem is not None:
            key, *texts = problem
            context.report.add("EDGE330", f"{place}.{key}", *texts)
    for place, known in prefix_rules(written, path):
        cidr, low, high = lengths(known)
        if low == high == cidr.prefix_length == 0:
            _warn_default(context, place, way, passed_on=True)
        elif way == IMPORT:
            _warn_wide(context, place, known)
        yield known


def prefix_rules(written: Values, path: str) -> Iterator[tuple[str, PrefixRule]]:
    """Yield the place and the rule of each entry of ``prefixes``, but those whose lengths no prefix can have."""
    for place, entry in entries_of(written, path, "prefixes"):
        if _lengths_problem(entry) is None:
            yield place, rule(entry["prefix"], entry["ge"], entry["le"])


def _lengths_problem(entry: Values) -> tuple[str, str, str] | None:
    """Return the key, the problem and the way out of lengths that no prefix can have, or in the wrong order."""
    cidr: Cidr = entry["prefix"]
    ge, le = entry["ge"], entry["le"]
    width = cidr.family.width
    for key, value in (("ge", ge), ("le", le)):
        if value is not None and not cidr.prefix_length <= value <= width:
            problem = f"{value} is not a length of prefixes inside {cidr.text}"
            return key, problem, f"{cidr.prefix_length} to {width}"
    if ge is not None and le is not None and ge > le:
        return "ge", f"{ge} is more than le, which is {le}", f"did you mean ge: {le}, le: {ge}?"
    return None


def rule_text(known: PrefixRule) -> str:
    """Return a rule as an entry of a prefix-list has it."""
    return (
        f"{known.prefix.text}{f' ge {known.ge}' if known.ge is not None else ''}{f' le {known.le}' if known.le else ''}"
    )


def is_too_wide(known: PrefixRule) -> bool:
    """Return whether nobody owns all that passes a rule."""
    cidr, low, high = lengths(known)
    return cidr.prefix_length < TOO_WIDE[cidr.family] and not low == high == cidr.prefix_length


def _warn_wide(context: Context, path: str, known: PrefixRule) -> None:
    """Warn of rules under which the other end may take over addresses that are not its own."""
    if not is_too_wide(known):
        return
    cidr, low, _high = lengths(known)
    stake = f"a default route and any {cidr.family.label} address" if low == 0 else "addresses of anybody"
    context.report.add(
        "EDGE335",
        path,
        f"{rule_text(known)} lets the other end take over {stake}",
        "name the prefixes that are really its own",
    )


def check_attributes(context: Context, path: str, policy: Policy, internal: bool) -> None:
    """Report what an export cannot do to its neighbor.

    A local preference is not sent to another AS (RFC 4271 section 5.1.5). A router drops a path with its own AS in it
    (section 9.1.2), so the own AS can be repeated only towards another. FRR makes the route of ``default_route``
    (default-originate) past the route-map.
    """
    if policy.prepend and internal:
        context.report.add(
            "EDGE358",
            f"{path}.prepend",
            "puts this AS into paths for a neighbor of the same AS, which drops them as loops",
            "write local_preference: lower is worse",
        )
    written = [key for key, value in (("med", policy.med), ("prepend", policy.prepend or None)) if value is not None]
    if written and policy.default_route and not (policy.everything or policy.prefixes or policy.redistributed):
        context.report.add(
            "EDGE359",
            f"{path}.{written[0]}",
            "would be set on no route: FRR sends the default route of default_route as it is",
            "set local_preference or med under import at the other end",
        )
    if policy.local_preference is not None and not internal:
        context.report.add(
            "EDGE336",
            f"{path}.local_preference",
            "is sent within one AS only, and this session is between two",
            "set it under import at the other end",
        )
