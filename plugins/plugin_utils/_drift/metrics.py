# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a live site is from its plan, as OpenMetrics text.

Source of the format: OpenMetrics 1.0. node_exporter's textfile collector reads it as well, because all are gauges and
the last line is a comment to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from .._document.drift import STATES, DriftDocument

Sample = tuple[Mapping[str, str], float]
"""Labels and value."""


def metrics_text(document: DriftDocument, now: float) -> str:
    """Return the document as OpenMetrics text.

    Args:
        document: how far the site is from its plan.
        now: when it was looked at, in seconds since 1970.
    """
    site = {"site": document["site"]}
    lines: list[str] = []
    for name, (text, samples) in _families(document, site, now).items():
        lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
        lines += [f"{name}{{{_labels(labels)}}} {value:.15g}" for labels, value in samples]
    return "\n".join([*lines, "# EOF", ""])


def _families(document: DriftDocument, site: Mapping[str, str], now: float) -> dict[str, tuple[str, Iterable[Sample]]]:
    """Return name -> what it means, and its samples."""
    ends = [({**site, "end": end["end"], "host": end["host"]}, end) for end in document["ends"]]
    left_out = [tuple(name.split(" ", 1)) for name in document["outside"]]
    read = [(labels, end) for labels, end in ends if not end["error"]]
    findings = Counter((finding["severity"], finding["code"]) for finding in document["findings"])
    return {
        "cluster_edge_state": (
            "Whether the live site is as planned: the one of none, drift and unknown that is 1.",
            [({**site, "state": state}, state == document["state"]) for state in STATES],
        ),
        "cluster_edge_end_readable": (
            "Whether a router or a cluster could be looked at.",
            [
                *((labels, not end["error"]) for labels, end in ends),
                *(({**site, "end": kind, "host": host}, False) for kind, host in left_out),
            ],
        ),
        "cluster_edge_differences": (
            "Differences between what an end was told and the plan; absent where it could not be looked at.",
            [(labels, end["differences"]) for labels, end in read],
        ),
        "cluster_edge_expectations": (
            "What verify expects of the live site, by whether it is met.",
            [
                ({**site, "met": "true"}, document["met"]),
                ({**site, "met": "false"}, document["expectations"] - document["met"] - document["not_known"]),
                ({**site, "met": "unknown"}, document["not_known"]),
            ],
        ),
        "cluster_edge_findings": (
            "Errors and warnings of verify by code; the documentation has a section for each.",
            [
                ({**site, "severity": severity, "code": code}, number)
                for (severity, code), number in sorted(findings.items())
            ],
        ),
        "cluster_edge_look_timestamp_seconds": ("When the site was looked at.", [(site, now)]),
    }


def _labels(labels: Mapping[str, str]) -> str:
    """Return labels as text, with what OpenMetrics escapes."""
    escaped = {
        name: value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for name, value in labels.items()
    }
    return ",".join(f'{name}="{value}"' for name, value in escaped.items())
