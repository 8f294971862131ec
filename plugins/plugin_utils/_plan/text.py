# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as text: tables of sessions, pools and services, derived values with reasons, the number of findings."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ...module_utils._errors import message
from .._document.changes import ChangesDocument, PlannedChange
from .._document.lookup import pools_by_key
from .._document.plan import (
    FAILURES,
    DerivedValue,
    PlanDocument,
    PlannedCluster,
    PlannedFailure,
    PlannedNeighbor,
    PlannedPolicy,
    PlannedPool,
    PlannedRouter,
    PlannedService,
    PlannedSession,
)
from .._findings.code import ERROR, WARNING
from .._findings.finding import FindingEntry
from .._findings.wording import count, some
from .failures import AGENT, LOCAL
from .live import LivePools
from .prefixes import cluster_prefixes

MANY = 24
"""Rows of a table from which on it is grouped or cut, unless the whole is asked for."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return a table as aligned lines: a head, a rule and the rows; ``(none)`` without rows."""
    body = [[str(cell) for cell in row] for row in rows]
    if not body:
        return ["  (none)"]
    widths = [max(len(row[column]) for row in [list(head), *body]) for column in range(len(head))]
    lines = [list(head), ["-" * width for width in widths], *body]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ]


def finding_lines(findings: Iterable[FindingEntry]) -> list[str]:
    """Return each finding as ``severity CODE path: problem (hint)``, with the reason where it was accepted."""
    lines = []
    for finding in findings:
        text = message(finding["path"], finding["problem"], finding["hint"])
        accepted = f" [accepted: {finding['accepted']}]" if finding["accepted"] else ""
        lines.append(f"{finding['severity']} {finding['code']} {text}{accepted}")
    return lines


def findings_line(findings: Iterable[FindingEntry]) -> str:
    """Return in one line how many findings there are of each kind."""
    listed = list(findings)
    accepted = sum(finding["accepted"] is not None for finding in listed)
    numbers = [
        (sum(finding["severity"] == ERROR for finding in listed), "error"),
        (sum(finding["severity"] == WARNING and finding["accepted"] is None for finding in listed), "warning"),
    ]
    words = [count(number, noun) for number, noun in numbers if number]
    words += [f"{count(accepted, 'warning')} accepted"] if accepted else []
    return f"Findings: {', '.join(words) or 'none'}"


def plan_text(plan: PlanDocument, full: bool = True, live: LivePools | None = None) -> str:
    """Return the plan as text, for ``playbooks/plan.yml``.

    Its findings are counted, not listed: they are shown by themselves, in color.

    Args:
        plan: the plan.
        full: list each session and derived value also where they are many; else sessions are grouped by peering and
            router, and equal values derived for many hosts are one line.
        live: the pools as live Services leave them; None = as the inventory does.
    """
    routers = [
        f"{name} (AS {router['asn']}, router-id {router['router_id']}, FRR {router['frr_version']}"
        f" on {router['platform']}{_state(router)})"
        for name, router in plan["routers"].items()
    ]
    clusters = [
        f"{name} (Cilium {cluster['cilium_version']}, {count(len(cluster['nodes']), 'node')}{_state(cluster)})"
        for name, cluster in plan["clusters"].items()
    ]
    lines = [
        f"Site {plan['site']}",
        f"  routers: {', '.join(routers) or 'none'}",
        f"  clusters: {', '.join(clusters) or 'none'}",
    ]
    lines += ["", f"BGP sessions ({len(plan['sessions'])})", *_session_lines(plan["sessions"], full)]
    if plan["neighbors"]:
        lines += ["", f"Other neighbors and links ({len(plan['neighbors'])})", *_neighbors(plan["neighbors"])]
    lines += ["", f"Pools ({len(plan['pools'])})", *_pools_counted(plan, live)]
    lines += ["", f"Services ({len(plan['services'])})", *_services(plan["services"], plan["pools"])]
    lines += ["", "How long a failure lasts", *_failure_lines(plan["failures"])] if plan["failures"] else []
    lines += ["", "Derived values", *_derived_lines(plan["derived"], full)]
    lines += ["", findings_line(plan["findings"])]
    return "\n".join(lines)


def _pools_counted(plan: PlanDocument, live: LivePools | None, cut: bool = False) -> list[str]:
    """Return the table of pools, and whose addresses it counts as used."""
    table_lines = _pools(live.pools if live else plan["pools"])
    lines = _cut(table_lines) if cut else table_lines
    if not plan["pools"]:
        return lines
    if live:
        return [*lines, *live.lines(plan["clusters"])]
    return [
        *lines,
        "  used, left and next free count the services of this inventory; -e edge_plan_live=true also counts those",
        "  that a cluster has beside them",
    ]


def summary_text(plan: PlanDocument, live: LivePools | None = None) -> str:
    """Return how much the plan has of each thing, its pools and its services, for ``playbooks/site.yml``."""
    head = (
        f"Site {plan['site']}: {count(len(plan['routers']), 'router')}, {count(len(plan['clusters']), 'cluster')},"
        f" {count(len(plan['sessions']), 'BGP session')}, {count(len(plan['pools']), 'pool')},"
        f" {count(len(plan['services']), 'service')}"
    )
    lines = [head]
    lines += ["", "Pools", *_pools_counted(plan, live, cut=True)] if plan["pools"] else []
    lines += ["", "Services", *_cut(_services(plan["services"], plan["pools"]))] if plan["services"] else []
    return "\n".join([*lines, "", findings_line(plan["findings"])])


def _cut(lines: list[str]) -> list[str]:
    """Return the first lines of a table, and how many rows more it has."""
    most = MANY + 2  # a head and a rule
    more = len(lines) - most
    return lines if more <= 0 else [*lines[:most], f"  and {more} more: playbooks/plan.yml lists them"]


def shown_texts(
    plan: PlanDocument, full: bool, changes: ChangesDocument | None = None, live: LivePools | None = None
) -> dict[str, str]:
    """Return what a run shows of the plan, as ``text`` and as ``summary``; each ends in ``changes`` where there are."""
    texts = {"text": plan_text(plan, full, live), "summary": summary_text(plan, live)}
    if changes is None:
        return texts
    told = changes_text(changes, full)
    return {name: f"{text}\n\n{told}" for name, text in texts.items()}


_CHANGES_HEAD = ("what", "change", "name", "difference", "at")
NOTHING = "nothing changes"


def changes_text(document: ChangesDocument, full: bool = True) -> str:
    """Return what differs from the plan of ``edge_plan_before``, and the sessions that this resets.

    Args:
        document: the changes.
        full: list each change also where there are many; else the first of each kind, and how many more.
    """
    changes, resets = document["changes"], document["resets"]
    rows: list[Sequence[str]] = []
    for kind in dict.fromkeys(change["kind"] for change in changes):
        own = [_change_cells(change) for change in changes if change["kind"] == kind]
        kept = own if full else own[:MANY]
        rows += kept
        if len(own) > len(kept):
            more = f"and {len(own) - len(kept)} more: -e edge_plan_changes_file=changes.md lists them"
            rows.append((kind, "", more, "", ""))
    lines = [f"Changes since edge_plan_before ({len(changes)})"]
    lines += table(_CHANGES_HEAD, rows) if rows else [f"  {NOTHING}"]
    lines += ["", f"Sessions that the change since edge_plan_before resets ({len(resets)})"]
    return "\n".join([*lines, *([f"  {reset}" for reset in resets] or ["  (none)"])])


def changes_markdown(document: ChangesDocument) -> str:
    """Return the changes as Markdown, for a comment on a pull request; ends in a line break."""
    lines = [f"### Changes of site {_cell(document['site'])}", ""]
    if document["changes"]:
        lines += [f"| {' | '.join(_CHANGES_HEAD)} |", "|---" * len(_CHANGES_HEAD) + "|"]
        lines += [f"| {' | '.join(map(_cell, _change_cells(change)))} |" for change in document["changes"]]
    else:
        lines.append(f"{NOTHING.capitalize()}.")
    lines += ["", "### Sessions that are reset", ""]
    lines += [f"- {_cell(reset)}" for reset in document["resets"]] or ["None."]
    return "\n".join(lines) + "\n"


def _change_cells(change: PlannedChange) -> tuple[str, str, str, str, str]:
    """Return a change as a row."""
    differences = [
        item["what"] if item["before"] is None else f"{item['what']}: {item['before']} -> {item['after']}"
        for item in change["differences"]
    ]
    return change["kind"], change["change"], change["name"], "; ".join(differences), ", ".join(change["ends"])


def _cell(text: str) -> str:
    """Return text as Markdown shows it literally, in a cell of a table too."""
    shown = "".join(f"\\{sign}" if sign in "\\`*_|<[]" else sign for sign in " ".join(text.split()))
    # At the start of a line it would be a quotation; elsewhere it is literal, as no tag is open.
    return f"\\{shown}" if shown.startswith(">") else shown


def error_text(findings: Iterable[FindingEntry]) -> str:
    """Return the error of an inventory with errors: every finding, each on its line."""
    listed = list(findings)
    return "\n".join([refusal(listed), *finding_lines(listed)])


def refusal(findings: Iterable[FindingEntry]) -> str:
    """Return in one line that an inventory with errors is refused, without the findings themselves."""
    errors = sum(finding["severity"] == ERROR for finding in findings)
    return (
        f"The inventory has {count(errors, 'error')}; nothing was connected to or changed."
        " docs/findings.md explains each code."
    )


def _state(end: PlannedRouter | PlannedCluster) -> str:
    """Return how a router or cluster is treated where that is not the default: removed, or not managed."""
    owner = end.get("bgp_owner")
    others = end.get("apply") == "others"
    return "".join(
        (
            ", to be removed" if end["absent"] else "",
            "" if end["managed"] else ", not managed",
            ", its BGP is written by others" if owner == "none" else "",
            ", others apply to it" if others else "",
            ", its BGP is written through UniFi Network" if owner == "controller" else "",
        )
    )


def _neighbors(neighbors: Iterable[PlannedNeighbor]) -> list[str]:
    return table(
        ("router", "neighbor", "address", "AS", "accepts", "sends", *_TIMERS_AND_PASSWORD),
        (
            (
                item["router"],
                f"{item['other']} (link {item['link']})" if item["link"] else item["name"],
                ", ".join([*item["addresses"], *item["listen_ranges"]]) or item["interface"],
                item["asn"],
                _passes(item["import"]),
                _passes(item["export"]),
                *_timers_and_password(item),
            )
            for item in neighbors
        ),
    )


def _passes(policy: PlannedPolicy, most: int = 3) -> str:
    """Return what a policy lets through, in a few words."""
    if policy["all"]:
        return "all"
    words = ["default route"] if policy["default_route"] else []
    words += ["redistributed"] if policy["redistributed"] else []
    for rule in policy["prefixes"]:
        ge, le = (
            ("" if rule["ge"] is None else f" ge {rule['ge']}"),
            ("" if rule["le"] is None else f" le {rule['le']}"),
        )
        words.append(f"{rule['prefix']}{ge}{le}")
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more} more" if more > 0 else "") or "nothing"


_TIMERS_AND_PASSWORD = ("hold/keepalive", "MD5")


def _timers_and_password(item: PlannedSession | PlannedNeighbor) -> tuple[str, str]:
    """Return the cells that end a row of a session or a neighbor."""
    timers = f"{item['hold']}/{item['keepalive']} s" + (" (shut down)" if item["shutdown"] else "")
    return timers, "yes" if item["password"] else "no"


_ROUTER_END = ("router", "address", "AS", *_TIMERS_AND_PASSWORD)


def _router_end(item: PlannedSession) -> tuple[object, ...]:
    """Return the cells of a session's router, and what both ends agree on."""
    router = item["router"] or "(on the node)"
    return router, item["router_address"], item["router_asn"], *_timers_and_password(item)


def _session_lines(sessions: Sequence[PlannedSession], full: bool) -> list[str]:
    """Return the table of sessions; of many, one line per peering, router and set of equal keys."""
    if full or len(sessions) <= MANY:
        return _sessions(sessions)
    groups: dict[tuple[object, ...], list[PlannedSession]] = defaultdict(list)
    for item in sessions:
        groups[
            item["cluster"], item["peering"], item["router"], item["router_address"], item["router_asn"],
            item["family"], item["hold"], item["keepalive"], item["shutdown"], item["password"] is None,
        ].append(item)  # fmt: skip
    of = cluster_prefixes(sessions)
    rows = []
    for members in groups.values():
        item = members[0]
        numbers = sorted({member["node_asn"] for member in members})
        rows.append(
            (
                of[item["cluster"]] + item["peering"],
                len(members),
                some([member["node"] for member in members]),
                numbers[0] if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}",
                *_router_end(item),
            )
        )
    head = ("peering", "sessions", "nodes", "AS", *_ROUTER_END)
    return [*table(head, rows), "  Each session: -e edge_plan_report=full, or edge_plan_file=plan.json."]


def _sessions(sessions: Sequence[PlannedSession]) -> list[str]:
    of = cluster_prefixes(sessions)
    return table(
        ("peering", "node", "address", "AS", *_ROUTER_END),
        (
            (
                of[item["cluster"]] + item["peering"],
                item["node"],
                item["node_address"] or "dials in",
                item["node_asn"],
                *_router_end(item),
            )
            for item in sessions
        ),
    )


def _pools(pools: Sequence[PlannedPool]) -> list[str]:
    of = cluster_prefixes(pools)
    return table(
        ("pool", "addresses", "reachable by", "capacity", "used", "left", "next free"),
        (
            (
                of[item["cluster"]] + item["name"],
                ", ".join(item["addresses"]) + (f" without {', '.join(item['exclude'])}" if item["exclude"] else ""),
                _reach(item, ("bgp", "l2")) + (" (disabled)" if item["disabled"] else ""),
                " + ".join(f"{count} {family}" for family, count in item["capacity"].items()) or "0",
                len(item["used"]),
                " + ".join(f"{count} {family}" for family, count in item["left"].items()) or "0",
                item["next_free"] or "-",
            )
            for item in pools
        ),
    )


def _reach(pool: PlannedPool, ways: Collection[str]) -> str:
    """Return by which peerings and networks a pool's addresses are reachable, of those ways (``bgp`` and ``l2``)."""
    by = [f"BGP {name}" for name in pool["bgp"] if "bgp" in ways] + [
        f"L2 {name}" for name in pool["l2"] if "l2" in ways
    ]
    return ", ".join(by) or "nothing"


def _services(services: Sequence[PlannedService], pools: Iterable[PlannedPool]) -> list[str]:
    of, pool_of = cluster_prefixes(services), pools_by_key(pools)
    return table(
        ("service", "pool", "address", "reachable by", "policy", "made by"),
        (
            (
                f"{of[item['cluster']]}{item['namespace']}/{item['name']}",
                item["pool"],
                ", ".join(item["addresses"]) + (" (planned)" if item["planned"] else "") or "Cilium's choice",
                # Its class may leave out one of the pool's ways.
                _reach(pool_of[item["cluster"], item["pool"]], item["reach"]),
                item["traffic_policy"],
                {"service": "this run", "metadata": "its owner", "values": "its chart"}[item["manage"]],
            )
            for item in services
        ),
    )


def _value_text(value: Any) -> str:
    """Return a derived value in few words, as YAML would spell it."""
    if isinstance(value, bool):
        return str(value).lower()
    return some([str(item) for item in value], 2) if isinstance(value, list) else str(value)


_NOTES = {
    # By address is what each platform does by default: a test holds this to the twin's table of them.
    "clients": "by their address; connections instead where the router has fib_multipath_hash_policy 1",
    "e": "the router's nodes with a ready endpoint of the service (traffic policy Local)",
    "elsewhere": "at nodes of another router, which passes the routes on",
    "MAC": "of the node; who knows it goes on sending there, and the node forwards",
}
"""Words in cells -> what they mean, told under the table where one of them stands in it."""

_FAILING = {"node": "a node or its link dies", "agent": "an agent dies", "frr": "the router's FRR restarts"}


def _failure_lines(failures: Sequence[PlannedFailure]) -> list[str]:
    """Return the table of what failures cost: a row for each way, or for each set of pools with equal numbers.

    Where no service is planned a row is that of ``any`` service, or of any ``other`` than those of the pool's next row.
    """
    ways: dict[tuple[str, str, tuple[str, ...], str], dict[str, str]] = defaultdict(dict)
    for item in failures:
        over = f"{item['way']} ({item['router']})" if item["router"] else item["way"]
        ways[item["cluster"], item["pool"], tuple(item["services"]), over][item["failure"]] = _cost(item)
    named = {(cluster, pool, over) for cluster, pool, services, over in ways if services}
    groups: dict[tuple[str, ...], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for (cluster, pool, services, over), costs in ways.items():
        unnamed = "other" if (cluster, pool, over) in named else "any"
        cells = (costs.get(failure, "nothing") for failure in FAILURES)
        pools, keys = groups[cluster, "" if services else unnamed, over, *cells]
        if pool not in pools:  # its services of the other traffic policy may have the same numbers
            pools.append(pool)
        keys.extend(services)
    of = cluster_prefixes(failures)
    rows = [
        (of[cluster] + some(pools), some(keys, 2) or unnamed, *cells)
        for (cluster, unnamed, *cells), (pools, keys) in groups.items()
    ]
    used = {word for row in rows for cell in row[3:] for word in re.findall(r"\w+", cell)}
    notes = [f"  {word}: {meaning}" for word, meaning in _NOTES.items() if word in used]
    return [*table(("pool", "services", "over", *(_FAILING[failure] for failure in FAILURES)), rows), *notes]


def _cost(item: PlannedFailure) -> str:
    """Return what one failure costs, in a few words."""
    if item["most"] == 0:
        return "nothing"
    until = f"after {item['back_within']} s, until it is back" if item["back_within"] else "until it is back"
    alone = _alone(item)
    if alone and item["failure"] == AGENT:
        return f"nothing; with {alone} all {until}"
    span = until if item["most"] is None else f"for {item['least']:g} to {item['most']:g} s"
    cost = f"{_lost(item)} {span}{_if_in_use(item)}"
    return cost if item["most"] is None or not alone else f"{cost}; with {alone} all {until}"


def _lost(item: PlannedFailure) -> str:
    """Return what is lost of a service, as long as the failure lasts."""
    if item["nodes"] == 1:
        # Who knows the address of the node's card goes on sending to it, and the node forwards.
        return "who asks for its MAC" if item["failure"] == AGENT and item["most"] is not None else "all"
    most = "e" if item["in_use"] is None else f"min(e, {item['in_use']})"
    return f"1 in {item['nodes'] or most} clients"


def _if_in_use(item: PlannedFailure) -> str:
    """Return the condition under which something is lost at all; empty where each node is in use."""
    if item["in_use"] is None:
        return ""
    if item["router"] is None:
        return ", if it holds the lease"
    if item["nodes"] is None:
        return ", if it is in use"
    return ", if it is the one in use" if item["in_use"] == 1 else f", if it is one of the {item['in_use']} in use"


def _alone(item: PlannedFailure) -> str:
    """Return when no other node takes over for a service of traffic policy ``Local``; empty where that is settled."""
    if item["traffic_policy"] != LOCAL or item["router"] is None:
        return ""
    conditions = ["e = 1"] if item["nodes"] is None or item["in_use"] else []
    conditions += ["no endpoint elsewhere"] if item["over_links"] else []
    return " and ".join(conditions)


def _derived_lines(derived: Sequence[DerivedValue], full: bool) -> list[str]:
    """Return the table of derived values; of many, those of one key with one reason are one line."""
    groups: dict[tuple[str, str], list[DerivedValue]] = defaultdict(list)
    for item in derived:
        grouped = not full and len(derived) > MANY
        groups[item["path"].partition(".")[2] if grouped else item["path"], item["reason"]].append(item)
    rows = []
    for (_key, reason), items in groups.items():
        values = list(dict.fromkeys(_value_text(item["value"]) for item in items))
        more = f" and {len(items) - 1} more" if len(items) > 1 else ""
        rows.append((items[0]["path"] + more, some(values, 1), reason))
    return table(("value", "is", "because"), rows)
