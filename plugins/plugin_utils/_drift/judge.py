# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a live site has drifted from its plan, out of what verify and the comparison of each end found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._compare.ends import NOT_COMPARED, ONLY_LIVE, ONLY_PLANNED, TIGHTENED, Comparison, Row
from .._document.drift import DRIFT, DRIFT_FORMAT, NONE, UNKNOWN, DriftDocument, DriftEnd, DriftRow
from .._findings.code import ERROR
from .._findings.wording import count
from .._verify.progress import UNREADABLE
from .._verify.report import VerifyDocument, are_met, met_in_words

_COPY = "persistence: what brings frr.conf back after a firmware upgrade is "
COPIES = {
    True: DriftRow(state=ONLY_PLANNED, what=_COPY + "not there as planned"),
    False: DriftRow(state=ONLY_LIVE, what=_COPY + "there, and is not planned"),
}
"""Whether the plan wants the copy under /data, its script and hooks -> the row of a router that has them otherwise.

Such a copy is away or another one; or an earlier inventory left it.
"""


def judge(
    site: str,
    verified: VerifyDocument,
    compared: Iterable[Mapping[str, Any]],
    persisted: Mapping[str, bool] | None = None,
    unpersisted: Mapping[str, str] | None = None,
    outside: Sequence[str] = (),
) -> DriftDocument:
    """Return how far the live site is from the plan.

    A site whose end cannot be looked at is ``unknown``, whatever is found elsewhere. A warning of verify is no drift: a
    site that was just set up has it too.

    Args:
        site: its name.
        verified: what verify found.
        compared: of each end, what ``edge_compare`` returned: ``end``, ``host``, ``error`` or ``rows``, ``notes``,
            ``refusals`` and ``bgp_is_away``.
        persisted: of each router on which ``frr_persist`` would change something, whether the plan wants the copy.
        unpersisted: of each router where this could not be found out, why. Such is one whose ``frr.conf`` is away: what
            it runs may be as planned, until it starts anew.
        outside: ``router udm``: each managed end of the plan that is no part of the run.
    """
    compared = list(compared)
    ends = {str(item["host"]): _end(item) for item in compared}
    for host, wanted in (persisted or {}).items():
        if host in ends:
            _add(ends[host], COPIES[wanted].copy())
    for host, reason in (unpersisted or {}).items():
        if host in ends and ends[host]["differences"]:
            _add(ends[host], {"state": NOT_COMPARED, "what": f"persistence: {reason}"})
        elif host in ends:
            ends[host]["error"] = ends[host]["error"] or f"persistence: {reason}"
    errors = [finding for finding in verified["findings"] if finding["severity"] == ERROR]
    wiped = {str(item["host"]) for item in compared if item.get("bgp_is_away")}
    for finding in errors:
        # Of a router without BGP it is known why verify could not read it: what it reads is away.
        if finding["code"] in UNREADABLE and finding["path"] not in wiped:
            host = finding["path"]
            end = ends.setdefault(host, _unread(UNREADABLE[finding["code"]], host, None))
            end["error"] = end["error"] or finding["problem"]
    drifted = any(end["differences"] for end in ends.values()) or any(
        finding["code"] not in UNREADABLE for finding in errors
    )
    unread = any(end["error"] for end in ends.values())
    met, not_known = are_met(row["level"] for row in verified["rows"])
    return {
        "format": DRIFT_FORMAT,
        "site": site,
        "state": UNKNOWN if unread else DRIFT if drifted else NONE,
        "ends": [ends[host] for host in sorted(ends, key=lambda host: (ends[host]["end"] != "router", host))],
        "met": met,
        "not_known": not_known,
        "expectations": len(verified["rows"]),
        "findings": list(verified["findings"]),
        "outside": sorted(outside),
    }


def unknown(site: str) -> DriftDocument:
    """Return the document of a site that could not be planned, or at which a look was cut off."""
    return {
        "format": DRIFT_FORMAT,
        "site": site,
        "state": UNKNOWN,
        "ends": [],
        "met": 0,
        "not_known": 0,
        "expectations": 0,
        "findings": [],
        "outside": [],
    }


def reasons_unread(document: DriftDocument) -> list[str]:
    """Return why which end could not be looked at; none where all were."""
    return [f"{end['end']} {end['host']}: {end['error']}" for end in document["ends"] if end["error"]]


def drift_lines(document: DriftDocument) -> list[str]:
    """Return the document as lines for a terminal."""
    lines = []
    for end in document["ends"]:
        title = f"{end['end']} {end['host']}"
        if end["error"]:
            lines.append(f"{title}: could not be looked at: {end['error']}")
        if not end["error"] or end["rows"]:
            lines += Comparison(tuple(Row(**row) for row in end["rows"]), tuple(end["notes"])).text(title)
    if document["outside"]:
        lines.append(f"no part of this run: {', '.join(document['outside'])}")
    lines.append(f"live site: {met_in_words(document['met'], document['not_known'], document['expectations'])}")
    told = {end["host"] for end in document["ends"] if end["error"]}
    for finding in document["findings"]:
        if finding["code"] in UNREADABLE and finding["path"] in told:
            continue
        lines.append(f"  {finding['severity']} {finding['code']}  {finding['path']}: {finding['problem']}")
        if finding["hint"]:
            lines.append(f"    {finding['hint']}")
    return [*lines, verdict(document)]


def verdict(document: DriftDocument) -> str:
    """Return the state in one line."""
    site = document["site"]
    if document["state"] == UNKNOWN:
        return f"{site}: unknown, because an end could not be looked at"
    if document["state"] == NONE:
        part = f" in this part of it, without {', '.join(document['outside'])}" if document["outside"] else ""
        return f"{site}: no drift{part}"
    differences = sum(end["differences"] for end in document["ends"])
    errors = sum(finding["severity"] == ERROR for finding in document["findings"])
    parts = [count(number, noun) for number, noun in ((differences, "difference"), (errors, "error")) if number]
    return f"{site}: drift: {', '.join(parts)}"


def _end(compared: Mapping[str, Any]) -> DriftEnd:
    """Return one end, from what ``edge_compare`` returned."""
    end, host = str(compared["end"]), str(compared["host"])
    if "error" in compared:
        return _unread(end, host, str(compared["error"]))
    found = _unread(end, host, None)
    for row in compared["rows"]:
        # What the plan tightens where a router is taken over, somebody took away where it was there.
        state = ONLY_PLANNED if row["state"] == TIGHTENED else str(row["state"])
        _add(found, {"state": state, "what": str(row["what"])})
    for refusal in compared.get("refusals", ()):  # what no commit takes out of a cluster of others
        _add(found, {"state": ONLY_LIVE, "what": str(refusal)})
    found["notes"] += [str(note) for note in compared["notes"]]
    return found


def _add(end: DriftEnd, row: DriftRow) -> None:
    end["rows"].append(row)
    end["differences"] += row["state"] != NOT_COMPARED


def _unread(end: str, host: str, error: str | None) -> DriftEnd:
    return {"end": end, "host": host, "error": error, "differences": 0, "rows": [], "notes": []}
