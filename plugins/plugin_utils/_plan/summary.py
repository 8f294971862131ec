# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run changes at each end, from the results of its roles."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from .._document.plan import PlanDocument, PlannedCluster, PlannedRouter
from .._document.summary import SUMMARY_FORMAT, ClusterSummary, RouterSummary, SummaryDocument
from .._findings.wording import count, some
from .._live_cluster.takeover import running
from .text import table

Result = Mapping[str, Any]
"""What a task registered; empty where it did not run."""

_STATES = {"unmanaged": "not managed", "left out": "left out of this run"}
_NAMES = 5
"""Objects or neighbors in one line, before it says how many more there are."""


def summarize(
    plan: PlanDocument,
    check: bool,
    routers: Mapping[str, Sequence[Result]],
    clusters: Mapping[str, Mapping[str, Sequence[Result]]],
) -> SummaryDocument:
    """Return what a run changes.

    Args:
        plan: the plan.
        check: whether it is a preview.
        routers: by router in the run, what ``frr_config`` or ``unifi_bgp`` returned in each stage, and as ``boot_hook``
            whether ``frr_persist`` changed something.
        clusters: by cluster in the run: ``live``, ``release``, ``notes`` and ``objects``, what ``cluster_state_info``
            has read of the release, what ``helm_release`` and ``cluster_note`` returned, and what ``cluster_objects``
            returned for each part; ``waiting``, what ``edge_compare`` returned of one to which others apply; ``looks``,
            what ``cluster_look`` returned: where nothing is pending, the roles of a cluster are not run.
    """
    return {
        "format": SUMMARY_FORMAT,
        "site": plan["site"],
        "check": check,
        "routers": {host: _router(plan["routers"][host], _ran(found)) for host, found in sorted(routers.items())},
        "clusters": {
            host: _cluster(plan["clusters"][host], {name: _told(name, part) for name, part in found.items()})
            for host, found in sorted(clusters.items())
        },
    }


def _ran(results: Sequence[Result]) -> list[Result]:
    """Return the results of tasks that ran."""
    return [result for result in results if result and not result.get("skipped")]


def _told(name: str, results: Sequence[Result]) -> list[Result]:
    """Return the results of tasks that ran; a look that leaves something to the roles says nothing of the run."""
    return [result for result in _ran(results) if name != "looks" or not result["pending"]]


def _router(planned: PlannedRouter, results: Sequence[Result]) -> RouterSummary:
    lines = [line for result in results for line in _changed_lines(result.get("diff") or {})]
    known = all("closes" in result for result in results if result.get("changed"))
    summary: RouterSummary = {
        "state": "unchanged",
        "added": sum(line.startswith("+") for line in lines),
        "removed": sum(line.startswith("-") for line in lines),
        "boot_hook": any(result.get("boot_hook") for result in results),
        "closes": sorted({name for result in results for name in result.get("closes", ())}) if known else None,
    }
    if not planned["managed"]:
        summary["state"] = "unmanaged"
    elif not results:
        summary["state"] = "left out"
    elif summary["boot_hook"] or any(result.get("changed") for result in results):
        summary["state"] = "changes"
    elif lines and planned["bgp_owner"] == "none":
        summary["state"] = "others"
    return summary


def _changed_lines(diff: Mapping[str, str]) -> list[str]:
    """Return the lines that differ between ``before`` and ``after``, each with its sign."""
    before, after = (diff.get(side, "").splitlines() for side in ("before", "after"))
    lines = list(difflib.unified_diff(before, after, n=0))
    return [line for line in lines[2:] if not line.startswith("@@")]  # the first two name the sides


def _cluster(planned: PlannedCluster, found: Mapping[str, Sequence[Result]]) -> ClusterSummary:
    parts = [*(_note(result) for result in found["notes"] if result.get("changed")), *found["objects"]]
    created = [name for part in parts for name in part["created"]]
    summary: ClusterSummary = {
        "state": "unchanged",
        "release": _release(planned["cilium_version"], found["live"], found["release"]),
        "created": created,
        "changed": [name for part in parts for name in part["applied"] if name not in created],
        "removed": [name for part in parts for name in part["removed"]],
        "waiting": sum(result["differences"] for result in found.get("waiting", ())),
        "left_alone": [text for part in parts for text in part.get("faults", ())],
        "later": [name for part in parts for name in part["later"]],
    }
    if not planned["managed"]:
        summary["state"] = "unmanaged"
    elif not any(found.values()):
        summary["state"] = "left out"
    elif planned["apply"] == "others":
        summary["state"] = "others" if summary["waiting"] else "unchanged"
    elif summary["release"] or any(summary[name] for name in ("created", "changed", "removed", "later")):
        summary["state"] = "changes"
    return summary


def _note(result: Result) -> dict[str, list[str]]:
    """Return what was written of a note, in the words of ``cluster_objects``."""
    return {"created": result["created"], "applied": result["applied"], "removed": [], "later": []}


def _release(version: str, live: Sequence[Result], applied: Sequence[Result]) -> str | None:
    """Return what Helm does to the release, in words; None where it does nothing."""
    if not any(result.get("changed") for result in applied):
        return None
    before = next((running(result["release"]) for result in live if result.get("release")), None)
    if before is None:
        return f"install {version}"
    return "values" if before["version"] == version else f"{before['version']} -> {version}"


def summary_lines(summary: SummaryDocument) -> list[str]:
    """Return the summary as a table, a line for each end, then by name what it counts."""
    head = ("end", "FRR lines", "sessions", "Helm release", "objects")
    rows = [(f"router {host}", *_router_cells(item), "-", "-") for host, item in summary["routers"].items()]
    rows += [(f"cluster {host}", "-", "-", *_cluster_cells(item)) for host, item in summary["clusters"].items()]
    ends = [*summary["routers"].values(), *summary["clusters"].values()]
    changing = sum(item["state"] == "changes" for item in ends)
    title = f"{changing} of {count(len(ends), 'end')} {'would change' if summary['check'] else 'changed'}"
    return [title, *table(head, rows), *_details(summary)]


def _router_cells(item: RouterSummary) -> tuple[str, str]:
    if item["state"] in _STATES:
        return _STATES[item["state"]], "-"
    if item["state"] == "others":
        return f"+{item['added']} -{item['removed']}, by its owner", "-"
    if item["state"] == "unchanged":
        return "no change", "none reset"
    if item["added"] or item["removed"]:
        lines = f"+{item['added']} -{item['removed']}"
    else:
        lines = "no line" if item["boot_hook"] else "the file only"
    lines += ", boot hook" if item["boot_hook"] else ""
    if item["closes"] is None:
        return lines, "not known"
    return lines, f"{len(item['closes'])} may be reset" if item["closes"] else "none reset"


def _cluster_cells(item: ClusterSummary) -> tuple[str, str]:
    if item["state"] in _STATES:
        return "-", _STATES[item["state"]]
    if item["state"] == "others":
        return "-", f"{count(item['waiting'], 'difference')}, by others"
    words = [f"{len(names)} {word}" for word, names in _objects(item) if names]
    words += [f"{len(item['left_alone'])} left alone"] if item["left_alone"] else []
    return item["release"] or "no change", ", ".join(words) or "no change"


def _objects(item: ClusterSummary) -> list[tuple[str, list[str]]]:
    return [
        ("created", item["created"]),
        ("changed", item["changed"]),
        ("removed", item["removed"]),
        ("created later", item["later"]),
    ]


def _details(summary: SummaryDocument) -> list[str]:
    """Return by name the sessions and objects that the table counts, the first few of each."""
    lines = [
        f"  {host}: may be reset: {some(item['closes'], _NAMES)}"
        for host, item in summary["routers"].items()
        if item["closes"]
    ]
    for host, cluster in summary["clusters"].items():
        lines += [f"  {host}: {word}: {some(names, _NAMES)}" for word, names in _objects(cluster) if names]
        lines += [f"  {host}: left alone: {text}" for text in cluster["left_alone"]]
    return ["", *lines] if lines else []
