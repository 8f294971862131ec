# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a site is from its plan, out of verify's findings and the comparisons."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._drift.judge import (
    COPIES,
    drift_lines,
    judge,
    reasons_unread,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._drift.metrics import metrics_text
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import read_page
from prometheus_client.openmetrics.parser import text_string_to_metric_families

ROUTER = {"end": "router", "host": "udm", "rows": [], "notes": []}
CLUSTER = {"end": "cluster", "host": "home", "rows": [], "notes": ["nodes of the inventory that are not there: n9"]}
DIFFERS = {"state": "differs", "what": "neighbor 10.0.0.11: hold time: 180 s live, 9 s planned"}
AWAY = {"state": "tightened", "what": "neighbor 10.0.0.11: ipv4: routes lead to the neighbor itself"}
GONE = {"state": "only planned", "what": "FRR: it does not run"}
HIDDEN = {"state": "not compared", "what": "neighbor 10.0.0.11: password: hidden"}


def finding(code: str, severity: str, path: str, hint: str | None = "look there") -> dict[str, Any]:
    return {
        "code": code,
        "severity": severity,
        "page": "",
        "path": path,
        "problem": "cannot be read",
        "hint": hint,
        "accepted": None,
    }


def verified(*findings: dict[str, Any], not_known: int = 0) -> Any:
    levels = [item["severity"] for item in findings] + ["ok"] + not_known * ["unknown"]
    rows = [{"step": "ends", "subject": "s", "expected": "e", "seen": "e", "level": level} for level in levels]
    return {"format": 1, "rows": rows, "findings": list(findings)}


CASES = {
    "as planned": ([], [ROUTER, CLUSTER], {}, "none"),
    "a hidden password": ([], [{**ROUTER, "rows": [HIDDEN]}, CLUSTER], {}, "none"),
    "a warning": ([finding("EDGE873", "warning", "udm 192.0.2.1")], [ROUTER, CLUSTER], {}, "none"),
    "a difference": ([], [{**ROUTER, "rows": [DIFFERS]}, CLUSTER], {}, "drift"),
    "what the plan tightens is away": ([], [{**ROUTER, "rows": [AWAY]}, CLUSTER], {}, "drift"),
    "what no commit takes away": (
        [],
        [ROUTER, {**CLUSTER, "refusals": ["Service media/jellyfin: a label"]}],
        {},
        "drift",
    ),
    "an error": ([finding("EDGE821", "error", "udm 10.0.0.11")], [ROUTER, CLUSTER], {}, "drift"),
    "persistence is away": ([], [ROUTER, CLUSTER], {"udm": True}, "drift"),
    "persistence was left": ([], [ROUTER, CLUSTER], {"udm": False}, "drift"),
    "the comparison cannot look": ([], [ROUTER, {"end": "cluster", "host": "home", "error": "no"}], {}, "unknown"),
    "verify cannot look": ([finding("EDGE801", "error", "udm")], [ROUTER, CLUSTER], {}, "unknown"),
    "verify alone knows the end": ([finding("EDGE802", "error", "home")], [ROUTER], {}, "unknown"),
    "it was compared, and FRR is away": (
        [finding("EDGE801", "error", "udm")],
        [{**ROUTER, "rows": [GONE], "bgp_is_away": True}, CLUSTER],
        {},
        "drift",
    ),
    "it was compared and differs, and verify cannot look": (
        [finding("EDGE802", "error", "home")],
        [ROUTER, {**CLUSTER, "rows": [DIFFERS], "bgp_is_away": False}],
        {},
        "unknown",
    ),
    "a router has another difference, and verify cannot look": (
        [finding("EDGE801", "error", "udm")],
        [{**ROUTER, "rows": [DIFFERS], "bgp_is_away": False}, CLUSTER],
        {},
        "unknown",
    ),
    "an end away, another differs": (
        [finding("EDGE802", "error", "home")],
        [{**ROUTER, "rows": [DIFFERS]}, {"end": "cluster", "host": "home", "error": "no"}],
        {},
        "unknown",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_state(case: tuple[list[Any], list[Any], dict[str, bool], str]) -> None:
    findings, compared, persisted, state = case
    found = judge("site", verified(*findings), compared, persisted)
    assert found["state"] == state
    assert bool(reasons_unread(found)) == (state == "unknown")
    assert drift_lines(found)[-1].startswith(
        {"none": "site: no drift", "drift": "site: drift: 1 "}.get(state, "site: u")
    )


def test_what_the_plan_tightens_is_only_planned_once_the_site_was_set_up() -> None:
    lines = drift_lines(judge("site", verified(), [{**ROUTER, "rows": [AWAY]}, CLUSTER]))
    assert lines[:2] == ["router udm: 1 difference", f"  only planned  {AWAY['what']}"]


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        pytest.param(False, "  only live  {0} there, and is not planned", id="an earlier inventory left it"),
        pytest.param(True, "  only planned  {0} not there as planned", id="it is away or another one"),
    ],
)
def test_a_copy_that_is_not_as_planned_has_the_state_of_its_words(wanted: bool, line: str) -> None:
    lines = drift_lines(judge("site", verified(), [ROUTER, CLUSTER], {"udm": wanted}))
    assert lines[1] == line.format("persistence: what brings frr.conf back after a firmware upgrade is")


def test_a_copy_that_cannot_be_looked_for_is_not_green() -> None:
    """Without frr.conf there is nothing to keep: FRR runs as planned, until it starts anew."""
    away = {"udm": "/etc/frr/frr.conf: is not there", "left-out": "no"}
    found = judge("site", verified(), [ROUTER, CLUSTER], {}, away)
    assert found["state"] == "unknown"
    assert reasons_unread(found) == ["router udm: persistence: /etc/frr/frr.conf: is not there"]
    unread = judge("site", verified(), [{"end": "router", "host": "udm", "error": "no route"}], {}, away)
    assert reasons_unread(unread) == ["router udm: no route"]


def test_a_wiped_router_has_drifted_though_its_copy_cannot_be_looked_for() -> None:
    found = judge(
        "site", verified(), [{**ROUTER, "rows": [GONE]}, CLUSTER], {}, {"udm": "/etc/frr/frr.conf: is not there"}
    )
    assert (found["state"], reasons_unread(found), found["ends"][0]["differences"]) == ("drift", [], 1)
    assert "  not compared  persistence: /etc/frr/frr.conf: is not there" in drift_lines(found)


def test_a_part_of_a_site_speaks_for_itself_alone() -> None:
    found = judge("site", verified(), [CLUSTER], outside=["router udm", "cluster cabin"])
    assert drift_lines(found)[-1] == "site: no drift in this part of it, without cluster cabin, router udm"
    assert "no part of this run: cluster cabin, router udm" in drift_lines(found)
    readable = {
        dict(labels)["host"]: value
        for (name, labels), value in samples(metrics_text(found, 0)).items()
        if name == "cluster_edge_end_readable"
    }
    assert readable == {"home": 1, "cabin": 0, "udm": 0}


def test_the_table_has_each_end_once_and_each_finding() -> None:
    found = judge(
        "site",
        verified(finding("EDGE802", "error", "home"), finding("EDGE821", "error", "udm 10.0.0.11")),
        [
            {"end": "cluster", "host": "home", "error": "no route"},
            {**ROUTER, "rows": [DIFFERS, HIDDEN], "notes": ["n"]},
        ],
        {"udm": True, "left-out": True},
    )
    assert drift_lines(found) == [
        "router udm: 2 differences",
        f"  differs       {DIFFERS['what']}",
        f"  not compared  {HIDDEN['what']}",
        f"  only planned  {COPIES[True]['what']}",
        "  note: n",
        "cluster home: could not be looked at: no route",
        "live site: 1 of 3 expectations met",
        "  error EDGE821  udm 10.0.0.11: cannot be read",
        "    look there",
        "site: unknown, because an end could not be looked at",
    ]
    assert reasons_unread(found) == ["cluster home: no route"]


def test_an_end_that_verify_could_not_read_keeps_the_rows_of_its_comparison() -> None:
    unread = finding("EDGE802", "error", "home")
    found = judge("site", verified(unread), [ROUTER, {**CLUSTER, "notes": [], "rows": [DIFFERS]}])
    assert drift_lines(found) == [
        "router udm: no difference",
        "cluster home: could not be looked at: cannot be read",
        "cluster home: 1 difference",
        f"  differs  {DIFFERS['what']}",
        "live site: 1 of 2 expectations met",
        "site: unknown, because an end could not be looked at",
    ]
    readable = ("cluster_edge_end_readable", (("end", "cluster"), ("host", "home"), ("site", "site")))
    assert samples(metrics_text(found, 0))[readable] == 0


def test_why_verify_could_not_read_a_router_without_bgp_is_shown() -> None:
    found = judge(
        "site",
        verified(finding("EDGE801", "error", "udm")),
        [{**ROUTER, "rows": [GONE], "bgp_is_away": True}],
    )
    assert drift_lines(found) == [
        "router udm: 1 difference",
        f"  only planned  {GONE['what']}",
        "live site: 1 of 2 expectations met",
        "  error EDGE801  udm: cannot be read",
        "    look there",
        "site: drift: 1 difference, 1 error",
    ]


def test_what_nobody_knows_is_not_met_and_no_drift() -> None:
    found = judge("site", verified(not_known=2), [ROUTER, CLUSTER])
    assert found["state"] == "none"
    assert drift_lines(found)[-2:] == ["live site: 1 of 3 expectations met, 2 not known", "site: no drift"]


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_say_the_same() -> None:
    found = judge(
        'a "site"\\',
        verified(
            finding("EDGE821", "error", "a"),
            finding("EDGE821", "error", "b"),
            finding("EDGE873", "warning", "c"),
            not_known=1,
        ),
        [{**ROUTER, "rows": [DIFFERS, HIDDEN]}, {"end": "cluster", "host": "home", "error": "no route"}],
    )
    site = ("site", 'a "site"\\')
    udm, home = (("end", "router"), ("host", "udm"), site), (("end", "cluster"), ("host", "home"), site)
    assert samples(metrics_text(found, 1_795_000_000.25)) == {
        ("cluster_edge_state", (site, ("state", "none"))): 0,
        ("cluster_edge_state", (site, ("state", "drift"))): 0,
        ("cluster_edge_state", (site, ("state", "unknown"))): 1,
        ("cluster_edge_end_readable", udm): 1,
        ("cluster_edge_end_readable", home): 0,
        ("cluster_edge_differences", udm): 1,
        ("cluster_edge_expectations", (("met", "true"), site)): 2,
        ("cluster_edge_expectations", (("met", "false"), site)): 2,
        ("cluster_edge_expectations", (("met", "unknown"), site)): 1,
        ("cluster_edge_findings", (("code", "EDGE821"), ("severity", "error"), site)): 2,
        ("cluster_edge_findings", (("code", "EDGE873"), ("severity", "warning"), site)): 1,
        ("cluster_edge_look_timestamp_seconds", (site,)): 1_795_000_000.25,
    }


def test_the_documented_rules_use_metrics_that_exist() -> None:
    page = read_page(CHECKOUT / "docs" / "drift.md")
    (rules,) = page.under("Into Prometheus", "yaml")
    expressions = [rule["expr"] for group in yaml.safe_load(rules)["groups"] for rule in group["rules"]]
    text = metrics_text(judge("site", verified(finding("EDGE821", "error", "udm")), [ROUTER, CLUSTER]), 0)
    emitted = {name for name, _labels in samples(text)}
    used = {name for expression in expressions for name in re.findall(r"cluster_edge_\w+", expression)}
    assert used <= emitted
    documented = set(re.findall(r"^\| `(cluster_edge_\w+)`", page.text, re.MULTILINE))
    assert documented == emitted
