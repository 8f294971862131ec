# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First pass: each host's variables are read by the table of keys, one by one, without looking at any other.

What comes out is well typed but not yet checked against the rest of the site; ``_resolve`` does that. A value that was
reported here is left out, so that one mistake is told once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._findings.code import ERROR
from .._findings.report import Report
from .._findings.table import CODES
from .._findings.wording import closest, did_you_mean, one_of, some, squash
from .keys import OTHER_NAMES, OWN_PREFIX, ROLE_PREFIXES, VARIABLES
from .keys.cluster import CLUSTER, CLUSTER_MAPS
from .keys.hosts import ANY_HOST
from .keys.node import NODE
from .keys.router import ROUTER, ROUTER_MAPS
from .keys.run import RUN
from .keys.services import SERVICE_NAME
from .keys.site import SITE
from .layers import Entry, base_name, layer_names, merge_layers
from .types import INVALID, Key, MapOf, Record, describe
from .values import Item, Items, Values

GROUPS = ("edge_routers", "edge_clusters", "edge_nodes")


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the plan is computed from: the three groups, and each host's variables with plain values."""

    routers: tuple[str, ...]
    clusters: tuple[str, ...]
    nodes: tuple[str, ...]
    variables: Mapping[str, Mapping[str, Any]]
    """Host -> its ``edge_*`` variables and ``ansible_host``. Passwords' values are not in it, only their names."""
    failures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Host -> variable -> why its template fails."""
    groups: frozenset[str] = frozenset(GROUPS)
    """Names of all groups that the inventory defines."""
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Hosts of the groups that are not ours and whose names begin as ours do."""
    allocations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Planned addresses that are kept from earlier plans, by ``cluster/namespace/name`` (``edge_allocation_file``)."""
    role_options: frozenset[str] | None = None
    """What roles take, such as ``edge_verify_timeout``. None: not read, so no name with a role's prefix is judged."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts of the three groups, sorted and each once."""
        return tuple(sorted({*self.routers, *self.clusters, *self.nodes}))


READ_FROM: Mapping[str, frozenset[str]] = {
    group: frozenset(key.name for key in (*ANY_HOST, *SITE, *keys))
    for group, keys in (
        ("edge_routers", (*ROUTER, *ROUTER_MAPS)),
        ("edge_clusters", (*CLUSTER, *CLUSTER_MAPS)),
        ("edge_nodes", NODE),
    )
}
"""Group -> the variables whose values are read from its hosts; of all others only the names are checked."""


_SPELLINGS = {squash(name): name for name in VARIABLES}


def is_ours(variable: object) -> bool:
    """Return whether a variable is one of ours, or one of them in another spelling: ``edge-pools``, ``edgePools``.

    Ansible hands on a name that YAML read as a number, a boolean or a date; none of ours is one.
    """
    return isinstance(variable, str) and (
        variable.startswith("edge_") or (variable[:4].lower() == "edge" and squash(base_name(variable)) in _SPELLINGS)
    )


@dataclass(frozen=True, slots=True)
class ParsedSite:
    """All that the inventory says, by host."""

    name: str
    networks: Items
    links: Items
    accept: Items
    routers: dict[str, Values]
    clusters: dict[str, Values]
    nodes: dict[str, Values]
    hosts: Mapping[str, Mapping[str, Any]]
    """The raw variables, for ``ansible_host``, and the names of those that were reported and have no value."""
    failures: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Host -> variables whose template fails, which is reported."""
    groups: frozenset[str] = frozenset(GROUPS)
    """Those of our groups that the inventory defines."""
    misspelt_groups: frozenset[str] = frozenset()
    """Those that were meant by a misspelt one, which is reported: what their hosts say is unknown."""


def parse(inventory: Inventory, report: Report) -> ParsedSite:
    """Read all variables of all hosts; report every one that cannot be read."""
    misspelt = _check_groups(inventory, report)
    lost = _check_names(inventory, report)
    _check_readers(inventory, misspelt, lost, report)
    for host, failed in sorted(inventory.failures.items()):
        for variable, problem in sorted(failed.items()):
            report.add("EDGE109", f"{host}.{variable}", problem)
            lost[host].add(base_name(variable))
    site = _site_values(inventory, lost, report)
    shared = _shared_prefix(inventory)
    clusters = {
        host: _host_values(inventory, host, (*ANY_HOST, *CLUSTER, *CLUSTER_MAPS), lost[host], shared, report)
        for host in inventory.clusters
    }
    routers = {
        host: _host_values(inventory, host, (*ANY_HOST, *ROUTER, *ROUTER_MAPS), lost[host], shared, report)
        for host in inventory.routers
    }
    return ParsedSite(
        name=site["edge_site_name"],
        networks=site["edge_networks"],
        links=site["edge_links"],
        accept=site["edge_accept"],
        routers=routers,
        clusters=clusters,
        nodes={
            host: _host_values(inventory, host, (*ANY_HOST, *NODE), lost[host], shared, report)
            for host in inventory.nodes
        },
        hosts={host: {**dict.fromkeys(lost[host]), **own} for host, own in inventory.variables.items()}
        if any(lost.values())
        else inventory.variables,
        failures={host: frozenset(failed) for host, failed in inventory.failures.items()},
        groups=inventory.groups.intersection(GROUPS),
        misspelt_groups=misspelt,
    )


def _check_groups(inventory: Inventory, report: Report) -> frozenset[str]:
    """Report an inventory without our groups, groups that are meant to be ours, and hosts in two of them.

    Returns:
        The groups that were meant by misspelt ones and have no host: theirs are unknown.
    """
    misspelt = _misspelt_groups(inventory)
    for group, meant in misspelt.items():
        report.add(
            "EDGE117",
            f"inventory.{group}",
            f"is no group of this collection, and the inventory defines no group {meant!r}",
            f"did you mean {meant!r}?",
        )
    beside = {group: meant for group, meant in _groups_beside_ours(inventory).items() if group not in misspelt}
    for group, meant in beside.items():
        report.add(
            "EDGE125",
            f"inventory.{group}",
            f"is no group of this collection, and no host of it is in one: {some(list(inventory.others[group]))}",
            f"did you mean {meant!r}? Accept it where the group has another purpose: edge_accept: {{EDGE125: REASON}}",
        )
    if not inventory.hosts and not misspelt:
        report.add(
            "EDGE112",
            "inventory",
            "no host is in edge_routers, edge_clusters or edge_nodes",
            "name the site's inventory with -i",
        )
    groups = {"edge_routers": inventory.routers, "edge_clusters": inventory.clusters, "edge_nodes": inventory.nodes}
    for host in inventory.hosts:
        found = [name for name, hosts in groups.items() if host in hosts]
        if len(found) > 1:
            report.add(
                "EDGE114", host, f"is in {' and in '.join(found)}", "give each role of the machine a host of its own"
            )
        if len(host) > 63:
            report.add("EDGE104", host, f"the host name has {len(host)} characters", "at most 63")
    return frozenset((*misspelt.values(), *(meant for meant in beside.values() if not groups[meant])))


def is_like_ours(group: str) -> bool:
    """Return whether a group's name begins as ours do and is none of them."""
    return group not in GROUPS and squash(group).startswith("edge")


def _groups_beside_ours(inventory: Inventory) -> dict[str, str]:
    """Return group -> the group of ours, which the inventory defines too, that it was most likely meant to be.

    Its hosts are in none of ours: a group inside one of ours, or around it, is somebody's own. So is one whose name has
    more before or after ours, such as ``edge_gw_routers``, ``edge_nodes_gpu`` or ``edge_nodes2``.
    """
    ours = {squash(group).removeprefix("edge"): group for group in GROUPS if group in inventory.groups}
    found: dict[str, str] = {}
    for group, hosts in sorted(inventory.others.items()):
        word = squash(group).removeprefix("edge")
        close = closest(word, ours, cutoff=0.8)
        has_more = any(word.startswith(name) or word.endswith(name) for name in ours if name != word)
        if close is not None and not has_more and hosts and set(hosts).isdisjoint(inventory.hosts):
            found[group] = ours[close]
    return found


def _misspelt_groups(inventory: Inventory) -> dict[str, str]:
    """Return group -> the group of ours, which the inventory never defines, that it was most likely meant to be."""
    others = {squash(group).removeprefix("edge"): group for group in sorted(inventory.groups.difference(GROUPS))}
    others = {word: group for word, group in others.items() if squash(group).startswith("edge")}
    found: dict[str, str] = {}
    for group in GROUPS:
        close = None if group in inventory.groups else closest(group.removeprefix("edge_"), others)
        if close is not None:
            found[others.pop(close)] = group
    return found


def _owners(inventory: Inventory) -> dict[str, list[str]]:
    """Return each variable of ours, sorted by name -> the hosts that have it."""
    owners: dict[str, list[str]] = {}
    for host in inventory.hosts:
        for variable in {**inventory.variables[host], **inventory.failures.get(host, {})}:
            if is_ours(variable):
                owners.setdefault(variable, []).append(host)
    return dict(sorted(owners.items()))


def _path(inventory: Inventory, variable: str, hosts: Sequence[str]) -> str:
    """Return how a finding names a variable that these hosts have."""
    return variable if len(hosts) > 1 or len(inventory.hosts) == 1 else f"{hosts[0]}.{variable}"


_OF_CLUSTERS = frozenset(key.name for key in CLUSTER_MAPS)
"""Maps of clusters: where there is none, nothing comes of them."""


def _check_readers(
    inventory: Inventory, misspelt: Collection[str], lost: Mapping[str, set[str]], report: Report
) -> None:
    """Report variables that stand only on hosts from which nobody reads them: they would be lost in silence.

    One that is inherited by hosts of several kinds, from ``group_vars/all``, is read from one of them. One that all
    hosts have is in its place too where its groups have no host: sites may share it. Only of peerings, pools and
    services of no cluster a warning is told. An empty one says nothing and may stand anywhere; a value of None was not
    looked at.

    Args:
        inventory: the whole of it.
        misspelt: our groups that a misspelt one was meant to be: their hosts are unknown, so they may be the readers.
        lost: takes the variables of the hosts that would read them.
        report: takes an error or a warning for each.
    """
    members = dict(zip(GROUPS, (inventory.routers, inventory.clusters, inventory.nodes), strict=True))
    no_cluster = bool(inventory.nodes) and not inventory.clusters  # each node is told that
    for variable, hosts in _owners(inventory).items():
        base = base_name(variable)
        groups = [group for group in GROUPS if base in READ_FROM[group]]
        readers = {host for group in groups for host in members[group]}
        written = [host for host in hosts if inventory.variables[host].get(variable) not in ("", {}, [])]
        if not groups or not written or not readers.isdisjoint(hosts):
            continue
        if not set(groups).isdisjoint(misspelt) or (no_cluster and not readers):
            continue
        if not readers and len(hosts) == len(inventory.hosts):
            if base in _OF_CLUSTERS:
                report.add(
                    "EDGE124",
                    variable,
                    "is read from hosts of edge_clusters, and the inventory has none",
                    "add a host to the group edge_clusters, or remove it",
                )
            continue
        report.add(
            "EDGE123",
            _path(inventory, variable, written),
            f"is not read from {some(written)}: {base} is read from hosts of {' and '.join(groups)}",
            _place(groups, readers),
        )
        for host in readers:
            lost[host].add(base)


def _place(groups: Sequence[str], readers: Collection[str]) -> str:
    """Return where a variable belongs that is read from ``readers``, the hosts of ``groups``."""
    if not readers:
        return f"add a host to the group {one_of(groups)}, or remove it"
    if len(readers) > 3:
        return f"write it under group_vars/{groups[0]}, or under group_vars/all"
    return f"write it at {one_of(readers)}, or under group_vars/all"


def _check_names(inventory: Inventory, report: Report) -> dict[str, set[str]]:
    """Report variables that no key of the table has: an error when close to one, else a warning.

    Returns:
        Host -> variables that are lost, because a misspelt one was meant to be them.
    """
    lost: dict[str, set[str]] = {host: set() for host in inventory.variables}
    for variable, hosts in _owners(inventory).items():
        base = base_name(variable)
        path = _path(inventory, variable, hosts)
        key = VARIABLES.get(base)
        if key is not None:
            if base != variable and not key.layered:
                report.add("EDGE101", path, f"{base} is not a map, so it has no layers", f"write {base}")
            continue
        if base in OTHER_NAMES or variable.startswith(OWN_PREFIX):
            continue
        if variable.startswith(ROLE_PREFIXES):
            _check_role_option(inventory, variable, path, report)
            continue
        meant = _SPELLINGS.get(squash(base)) or _meant(
            base, {name for host in hosts for name in _read_from(inventory, host)}
        )
        if meant:
            report.add("EDGE101", path, "is not a variable of this collection", f"did you mean {meant!r}?")
            for host in hosts:
                lost[host].add(meant)
        else:
            report.add(
                "EDGE110", path, "is not a variable of this collection", "variables of your own start with edge_x_"
            )

    return lost


def _check_role_option(inventory: Inventory, variable: str, path: str, report: Report) -> None:
    """Report a variable that begins as a role's own and that no role takes."""
    if inventory.role_options is None or variable in inventory.role_options:
        return
    prefix = next(prefix for prefix in ROLE_PREFIXES if variable.startswith(prefix))
    hint = did_you_mean(variable, (name for name in inventory.role_options if name.startswith(prefix)), prefix)
    own = f"variables of your own start with {OWN_PREFIX}"
    report.add("EDGE101" if hint else "EDGE110", path, "is not a variable of this collection", hint or own)


def _read_from(inventory: Inventory, host: str) -> frozenset[str]:
    """Return the variables that are read from a host."""
    groups = {"edge_routers": inventory.routers, "edge_clusters": inventory.clusters, "edge_nodes": inventory.nodes}
    return frozenset().union(*(READ_FROM[name] for name, hosts in groups.items() if host in hosts))


def _meant(name: str, read: set[str]) -> str | None:
    """Return the variable that a misspelt ``name`` was meant to be: rather one that is ``read`` from its hosts."""

    def close(known: Iterable[str]) -> str | None:
        found = closest(name.removeprefix("edge_"), {item.removeprefix("edge_") for item in known})
        return found and f"edge_{found}"

    anywhere = close(VARIABLES)
    if anywhere is None or anywhere in read or anywhere in {key.name for key in RUN}:
        return anywhere
    return close(read) or anywhere


def _site_values(inventory: Inventory, lost: Mapping[str, set[str]], report: Report) -> Values:
    """Return what belongs to the site: the union over all hosts; two definitions of one name are reported."""
    result: dict[str, Any] = {}
    for key in SITE:
        if key.layered:
            result[key.name] = _site_map(inventory, key, lost, report)
            continue
        owners: dict[str, tuple[str, Any]] = {}
        for host in inventory.hosts:
            if key.name not in inventory.variables[host]:
                continue
            value = inventory.variables[host][key.name]
            if "" in owners and owners[""][1] != value:
                report.add(
                    "EDGE108", key.name, _disagree(owners[""], (host, value)), "write it once, under group_vars/all"
                )
            owners.setdefault("", (host, value))
        if owners:
            parsed = key.type.parse(owners[""][1], key.name, report)
            if parsed is not INVALID:
                result[key.name] = parsed
    return Values(result, {key.name: key for key in SITE})


def _disagree(left: tuple[str, Any], right: tuple[str, Any]) -> str:
    return f"is {describe(left[1])} on {left[0]} and {describe(right[1])} on {right[0]}"


def _site_map(inventory: Inventory, key: Key, lost: Mapping[str, set[str]], report: Report) -> Items:
    """Return a site-wide map: each entry from whichever hosts have it, all of which must agree."""
    owners: dict[str, tuple[str, Entry]] = {}
    seen: list[tuple[str, dict[str, Any]]] = []
    complete = not any(key.name in names for names in lost.values())
    for host in inventory.hosts:
        variables = inventory.variables[host]
        written = {name: variables[name] for name in layer_names(variables, key.name)}
        if not written or any(written == other for _owner, other in seen):
            continue
        seen.append((host, written))
        entries, readable = merge_layers(variables, key.name, "", report)
        complete = complete and readable
        for name, entry in entries.items():
            known = owners.setdefault(name, (host, entry))
            if known[1].value != entry.value:
                report.add(
                    "EDGE108",
                    f"{key.name}.{name}",
                    f"is defined differently on {known[0]} and on {host}",
                    "write it once, under group_vars/all",
                )
    return _parse_entries({name: entry for name, (_host, entry) in owners.items()}, complete, key, "", report)


def _host_values(
    inventory: Inventory,
    host: str,
    keys: Sequence[Key],
    lost: Collection[str],
    shared: Mapping[str, str],
    report: Report,
) -> Values:
    """Return the values of the variables that are read from one host.

    Args:
        inventory: the whole of it.
        host: the host.
        keys: of the variables.
        lost: variables that a misspelt one of the host was meant to be.
        shared: what stands before the path of a map that other hosts share, instead of the host.
        report: takes what is wrong.
    """
    variables = inventory.variables[host]
    result: dict[str, Any] = {}
    for key in keys:
        if key.layered:
            if key.name in lost or layer_names(variables, key.name):
                result[key.name] = _map_items(variables, key, shared.get(key.name, f"{host}."), lost, report)
        elif key.name in variables:
            value = key.type.parse(variables[key.name], f"{host}.{key.name}", report)
            if value is not INVALID:
                result[key.name] = value
        elif key.required and key.name not in lost and key.name not in inventory.failures.get(host, {}):
            report.add("EDGE105", f"{host}.{key.name}", "is missing", key.text.rstrip("."))
    return Values(result, {key.name: key for key in keys})


def _map_items(variables: Mapping[str, Any], key: Key, prefix: str, lost: Collection[str], report: Report) -> Items:
    entries, complete = merge_layers(variables, key.name, prefix, report)
    return _parse_entries(entries, complete and key.name not in lost, key, prefix, report)


def _parse_entries(entries: Mapping[str, Entry], complete: bool, key: Key, prefix: str, report: Report) -> Items:
    """Return the entries of one map that are well typed, in the order of their names."""
    result = Items()
    result.reported.everything = not complete
    for name in sorted(entries):
        entry = entries[name]
        path = f"{prefix}{entry.variable}.{name}"
        checked: Any = name
        value: Any = INVALID
        if isinstance(key.type, Record):
            value = key.type.parse_key(name, entry.value, path, report)
        elif isinstance(key.type, MapOf):
            if key.type.key is SERVICE_NAME and SERVICE_NAME.holds_services(name, entry.value, path, report):
                result.reported.add(*(f"{name}/{service}" for service in entry.value))
                continue
            checked = key.type.key.parse(name, path, report)
            value = key.type.value.parse(entry.value, path, report)
        if value is not INVALID and checked is not INVALID:
            result[checked] = Item(path, value, entry.value)
        else:
            result.reported.add(name)
            # Which name a bad one was meant to be is not known, which key is.
            result.reported.everything |= checked is INVALID
            if isinstance(key.type, Record) and (meant := key.type.meant(name)):
                result.reported.add(meant)
    return result


def _shared_prefix(inventory: Inventory) -> dict[str, str]:
    """Return the maps that all their readers share: their findings need no host in the path and are told once."""
    shared: dict[str, str] = {}
    for key in CLUSTER_MAPS:
        readers = (*inventory.clusters, *(inventory.routers if key in ROUTER_MAPS else ()))
        written = [
            {name: inventory.variables[host][name] for name in layer_names(inventory.variables[host], key.name)}
            for host in readers
        ]
        if all(other == written[0] for other in written[1:]):
            shared[key.name] = ""
    return shared


def accepted_reasons(accept: Mapping[str, Item], report: Report) -> dict[tuple[str, str | None], str]:
    """Return ``(code, path or None) -> reason`` from ``edge_accept``; errors and unknown codes are reported.

    Codes of the live site (verify) are known too; the plan hands their reasons on.
    """
    severities = {code: known.severity for code, known in CODES.items()}
    reasons: dict[tuple[str, str | None], str] = {}
    for code, item in accept.items():
        if code not in severities:
            report.add("EDGE115", item.path, "is not the code of a finding", _code_hint(code, severities))
            continue
        if severities[code] == ERROR:
            report.add(
                "EDGE115", item.path, f"{code} is an error; only warnings can be accepted", "mend what it reports"
            )
            continue
        by_path = item.value if isinstance(item.value, Mapping) else {None: item.value}
        reasons.update({(code, path): reason for path, reason in by_path.items()})
    return reasons


def _code_hint(code: str, known: Iterable[str]) -> str:
    return did_you_mean(f"EDGE{code}" if code.isdecimal() else code, known) or "a code is EDGE and three digits"
