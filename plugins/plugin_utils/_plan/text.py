# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as text: tables of sessions, pools and services, derived values with reasons, findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...module_utils._errors import message
from .._document.plan import (
    DerivedValue,
    PlanDocument,
    PlannedCluster,
    PlannedNeighbor,
    PlannedPolicy,
    PlannedPool,
    PlannedRouter,
    PlannedService,
    PlannedSession,
)
from .._findings.finding import FindingEntry
from .session_resets import Reset


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


def plan_text(plan: PlanDocument) -> str:
    """Return the whole plan as text, for ``playbooks/plan.yml``."""
    routers = [
        f"{name} (AS {router['asn']}, router-id {router['router_id']}, FRR {router['frr_version']}"
        f" on {router['platform']}{_state(router)})"
        for name, router in plan["routers"].items()
    ]
    clusters = [
        f"{name} (Cilium {cluster['cilium_version']}, {len(cluster['nodes'])} nodes{_state(cluster)})"
        for name, cluster in plan["clusters"].items()
    ]
    lines = [
        f"Site {plan['site']}",
        f"  routers: {', '.join(routers) or 'none'}",
        f"  clusters: {', '.join(clusters) or 'none'}",
    ]
    lines += ["", f"BGP sessions ({len(plan['sessions'])})", *_sessions(plan["sessions"])]
    if plan["neighbors"]:
        lines += ["", f"Other neighbors and links ({len(plan['neighbors'])})", *_neighbors(plan["neighbors"])]
    lines += ["", f"Pools ({len(plan['pools'])})", *_pools(plan["pools"])]
    lines += ["", f"Services ({len(plan['services'])})", *_services(plan["services"], plan["pools"])]
    lines += ["", "Derived values", *table(("value", "is", "because"), _derived(plan["derived"]))]
    lines += ["", f"Findings ({len(plan['findings'])})"]
    lines += [f"  {line}" for line in finding_lines(plan["findings"])] or ["  (none)"]
    return "\n".join(lines)


def summary_text(plan: PlanDocument) -> str:
    """Return the plan in one line and its findings, for ``playbooks/site.yml``."""
    head = (
        f"Site {plan['site']}: {len(plan['routers'])} router(s), {len(plan['clusters'])} cluster(s),"
        f" {len(plan['sessions'])} BGP session(s), {len(plan['pools'])} pool(s), {len(plan['services'])} service(s)"
    )
    return "\n".join([head, *finding_lines(plan["findings"])])


def reset_lines(resets: Sequence[Reset]) -> list[str]:
    """Return the lines about the sessions that the change since ``edge_plan_before`` resets."""
    head = f"Sessions that the change since edge_plan_before resets ({len(resets)})"
    return ["", head, *([f"  {reset.text}" for reset in resets] or ["  (none)"])]


def error_text(findings: Iterable[FindingEntry]) -> str:
    """Return the error of an inventory with errors: every finding, each on its line."""
    listed = list(findings)
    errors = sum(finding["severity"] == "error" for finding in listed)
    noun = "error" if errors == 1 else "errors"
    return "\n".join(
        [
            f"The inventory has {errors} {noun}; nothing was connected to or changed.",
            *finding_lines(listed),
            "docs/findings.md explains each code.",
        ]
    )


def _state(end: PlannedRouter | PlannedCluster) -> str:
    """Return how a router or cluster is treated where that is not the default: removed, or not managed."""
    others = end.get("bgp_owner") == "none"
    return "".join(
        (
            ", to be removed" if end["absent"] else "",
            "" if end["managed"] else ", not managed",
            ", its BGP is written by others" if others else "",
        )
    )


def _neighbors(neighbors: Iterable[PlannedNeighbor]) -> list[str]:
    return table(
        ("router", "neighbor", "address", "AS", "accepts", "sends", "hold/keepalive", "MD5"),
        (
            (
                item["router"],
                f"{item['other']} (link {item['link']})" if item["link"] else item["name"],
                ", ".join([*item["addresses"], *item["listen_ranges"]]) or item["interface"],
                item["asn"],
                _passes(item["import"]),
                _passes(item["export"]),
                f"{item['hold']}/{item['keepalive']} s" + (" (shut down)" if item["shutdown"] else ""),
                "yes" if item["password"] else "no",
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


def _sessions(sessions: Sequence[PlannedSession]) -> list[str]:
    several = len({item["cluster"] for item in sessions}) > 1
    return table(
        ("peering", "node", "address", "AS", "router", "address", "AS", "hold/keepalive", "MD5"),
        (
            (
                f"{item['cluster']}/{item['peering']}" if several else item["peering"],
                item["node"],
                item["node_address"] or "dials in",
                item["node_asn"],
                item["router"] or "(on the node)",
                item["router_address"],
                item["router_asn"],
                f"{item['hold']}/{item['keepalive']} s" + (" (shut down)" if item["shutdown"] else ""),
                "yes" if item["password"] else "no",
            )
            for item in sessions
        ),
    )


def _pools(pools: Iterable[PlannedPool]) -> list[str]:
    return table(
        ("pool", "addresses", "reachable by", "capacity", "used", "left", "next free"),
        (
            (
                item["name"],
                ", ".join(item["addresses"]) + (f" without {', '.join(item['exclude'])}" if item["exclude"] else ""),
                _reach(item) + (" (disabled)" if item["disabled"] else ""),
                " + ".join(f"{count} {family}" for family, count in item["capacity"].items()) or "0",
                len(item["used"]),
                " + ".join(f"{count} {family}" for family, count in item["left"].items()) or "0",
                item["next_free"] or "-",
            )
            for item in pools
        ),
    )


def _reach(pool: PlannedPool) -> str:
    ways = [f"BGP {name}" for name in pool["bgp"]] + [f"L2 {name}" for name in pool["l2"]]
    return ", ".join(ways) or "nothing"


def _services(services: Iterable[PlannedService], pools: Iterable[PlannedPool]) -> list[str]:
    reach = {(pool["cluster"], pool["name"]): _reach(pool) for pool in pools}
    return table(
        ("service", "pool", "address", "reachable by", "policy", "made by"),
        (
            (
                f"{item['namespace']}/{item['name']}",
                item["pool"],
                ", ".join(item["addresses"]) + (" (planned)" if item["planned"] else "") or "Cilium's choice",
                reach[item["cluster"], item["pool"]],
                item["traffic_policy"],
                {"service": "this run", "metadata": "its owner", "values": "its chart"}[item["manage"]],
            )
            for item in services
        ),
    )


def _derived(derived: Iterable[DerivedValue]) -> list[tuple[object, object, object]]:
    return [(item["path"], item["value"], item["reason"]) for item in derived]
