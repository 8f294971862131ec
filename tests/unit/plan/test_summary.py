# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run changes at each end, summed up from the results of its roles."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.summary import summarize, summary_lines
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, hybrid_plan

PLAN: Any = hybrid_plan().data
VERSION = PLAN["clusters"]["platform"]["cilium_version"]
NOTHING: dict[str, Any] = {"applied": [], "created": [], "removed": [], "later": []}


def router(before: str, after: str, changed: bool = True, *closes: str) -> dict[str, Any]:
    """Return a result of ``frr_config``."""
    return {"changed": changed, "diff": {"before": before, "after": after}, "closes": list(closes)}


def release(changed: bool = True, live: str | None = None, **objects: list[str]) -> dict[str, Any]:
    """Return a cluster's results: whether Helm did something, and the release before it."""
    return {
        "live": [{"release": {"version": live} if live else None}],
        "release": [{"changed": True} if changed else {"changed": False, "skipped": True}],
        "notes": [],
        "objects": [{**NOTHING, **objects}, {}],
    }


def lines(*results: dict[str, Any], check: bool = True, plan: Any = PLAN, **found: Any) -> list[str]:
    """Return the summary's lines; ``results`` are the router's stages."""
    cluster = found or {"live": [], "release": [], "notes": [], "objects": []}
    return summary_lines(summarize(plan, check, {"udm-pro": results}, {"platform": cluster}))


NOTE = "ConfigMap kube-system/note"


def row(text: list[str], end: str) -> str:
    """Return the row of an end, with single blanks."""
    return " ".join(next(line for line in text if line.strip().startswith(end)).split())


def test_what_would_change_at_both_ends() -> None:
    objects = {"applied": ["Kind a", "Kind b"], "created": ["Kind b"], "removed": ["Kind c"]}
    text = lines(router("one\ntwo\n", "one\nthree\nfour\n", True, "10.121.0.11"), **release(live="1.18.5", **objects))
    assert text == [
        "2 of 2 ends would change",
        "  end               FRR lines  sessions        Helm release      objects",
        "  ----------------  ---------  --------------  ----------------  -------------------------------",
        "  router udm-pro    +2 -1      1 may be reset  -                 -",
        f"  cluster platform  -          -               1.18.5 -> {VERSION}  1 created, 1 changed, 1 removed",
        "",
        "  udm-pro: may be reset: 10.121.0.11",
        "  platform: created: Kind b",
        "  platform: changed: Kind a",
        "  platform: removed: Kind c",
    ]


def test_nothing_would_change() -> None:
    text = lines(router("one\n", "one\n", False), **release(changed=False, live=VERSION))
    assert text[0] == "0 of 2 ends would change"
    assert row(text, "router") == "router udm-pro no change none reset - -"
    assert row(text, "cluster") == "cluster platform - - no change no change"


def test_both_stages_of_a_run_count() -> None:
    text = lines(router("a\n", "a\nb\n"), router("a\nb\n", "b\n", True, "10.0.0.1", "10.0.0.2"), check=False)
    assert text[0] == "1 of 2 ends changed"
    assert row(text, "router") == "router udm-pro +1 -1 2 may be reset - -"


def test_stage_that_did_not_run_counts_nothing() -> None:
    assert row(lines(router("a\n", "b\n"), {}, {"changed": False, "skipped": True}), "router").startswith(
        "router udm-pro +1 -1"
    )


def test_ends_that_tags_left_out() -> None:
    text = lines({})
    assert text[0] == "0 of 2 ends would change"
    assert row(text, "router") == "router udm-pro left out of this run - - -"
    assert row(text, "cluster") == "cluster platform - - - left out of this run"


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        pytest.param([{"pending": []}], "no change no change", id="as planned"),
        pytest.param([{"pending": ["bgp"]}], "- left out of this run", id="tags left its part out"),
        pytest.param([{"skipped": True}], "- left out of this run", id="nobody looked"),
    ],
)
def test_cluster_that_was_looked_at_is_not_left_out_where_nothing_is_to_be_done(
    looks: list[dict[str, Any]], said: str
) -> None:
    """The roles of such a cluster are not run."""
    text = lines({}, live=[], release=[], notes=[], objects=[], looks=looks)
    assert row(text, "cluster") == f"cluster platform - - {said}"


def test_first_release_and_changed_values() -> None:
    assert f" install {VERSION} " in row(lines({}, **release()), "cluster")
    assert " values " in row(lines({}, **release(live=VERSION)), "cluster")
    failed = {**release(), "live": [{"release": {"version": VERSION, "before": {"version": "1.18.2"}}}]}
    assert f" 1.18.2 -> {VERSION} " in row(lines({}, **failed), "cluster")


def test_what_a_preview_cannot_compare_yet_is_a_change() -> None:
    text = lines({}, **release(changed=False, later=["Kind a"]))
    assert text[0] == "1 of 2 ends would change"
    assert row(text, "cluster").endswith("no change 1 created later")


def test_only_the_file_differs() -> None:
    assert " the file only none reset " in row(lines(router("a\n", "a\n")), "router")


@pytest.mark.parametrize(
    ("changes", "cell"),
    [
        pytest.param(router("a\n", "a\n", False), "no line, boot hook none reset", id="alone"),
        pytest.param(router("a\n", "a\nb\n"), "+1 -0, boot hook none reset", id="with lines"),
    ],
)
def test_a_boot_hook_that_is_written_or_removed_is_a_change(changes: dict[str, Any], cell: str) -> None:
    results = [{**changes, "boot_hook": True}, {"skipped": True}]
    text = lines(*results)
    assert text[0] == "1 of 2 ends would change"
    assert row(text, "router") == f"router udm-pro {cell} - -"
    summary = summarize(PLAN, True, {"udm-pro": results}, {})["routers"]["udm-pro"]
    assert (summary["state"], summary["boot_hook"]) == ("changes", True)


def test_sessions_of_a_router_that_its_controller_writes_are_not_known() -> None:
    """A controller says what it stores, not what its router closes for it."""
    result = {"changed": True, "diff": {"before": "a\n", "after": "b\n"}}
    plan = copy.deepcopy(PLAN)
    plan["routers"]["udm-pro"]["bgp_owner"] = "controller"
    assert row(lines(result, plan=plan), "router") == "router udm-pro +1 -1 not known - -"
    assert summarize(plan, True, {"udm-pro": [result]}, {})["routers"]["udm-pro"]["closes"] is None


def test_ends_that_are_not_ours() -> None:
    plan = copy.deepcopy(PLAN)
    plan["routers"]["udm-pro"]["bgp_owner"] = "none"
    plan["clusters"]["platform"]["managed"] = False
    text = lines(router("a\n", "b\n", False), plan=plan)
    assert text[0] == "0 of 2 ends would change"
    assert row(text, "router") == "router udm-pro +1 -1, by its owner - - -"
    assert row(text, "cluster") == "cluster platform - - - not managed"
    plan["routers"]["udm-pro"]["managed"] = False
    assert row(lines({}, plan=plan), "router") == "router udm-pro not managed - - -"


def test_a_cluster_to_which_others_apply() -> None:
    plan = copy.deepcopy(PLAN)
    plan["clusters"]["platform"]["apply"] = "others"
    nothing: dict[str, Any] = {"live": [], "release": [], "notes": [], "objects": []}
    text = lines({}, plan=plan, **nothing, waiting=[{"differences": 2}])
    assert text[0] == "0 of 2 ends would change"
    assert row(text, "cluster") == "cluster platform - - - 2 differences, by others"
    text = lines({}, plan=plan, **nothing, waiting=[{"differences": 0}])
    assert row(text, "cluster") == "cluster platform - - no change no change"


GATE = re.compile(r"(?m)^jq -e '(?P<asked>.*)' summary.json$")


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq runs the commands of the page")
@pytest.mark.parametrize(
    ("apply", "waiting", "passes"),
    [("others", 2, False), ("others", 0, True), ("ours", 0, True)],
    ids=["others have yet to apply", "others have applied", "nothing to do"],
)
def test_the_gate_of_the_page_closes_while_others_wait(apply: str, waiting: int, passes: bool) -> None:
    """Such a run contracts and verifies nothing, and ends in status 0."""
    plan = copy.deepcopy(PLAN)
    plan["clusters"]["platform"]["apply"] = apply
    found: dict[str, Any] = {"live": [], "release": [], "notes": [], "objects": [NOTHING]}
    summary = summarize(plan, True, {"udm-pro": []}, {"platform": {**found, "waiting": [{"differences": waiting}]}})
    gates = GATE.findall((CHECKOUT / "docs" / "change-control.md").read_text("utf-8"))
    assert len(gates) == 2
    done = [
        subprocess.run(["jq", "-e", gate], input=json.dumps(summary), text=True, capture_output=True, check=False)
        for gate in gates
    ]
    assert [run.stderr for run in done] == ["", ""]
    assert all(run.returncode == 0 for run in done) is passes


def test_many_names_are_counted() -> None:
    names = [f"Kind n{number}" for number in range(8)]
    text = lines({}, **release(changed=False, applied=names, created=names))
    assert text[-1] == "  platform: created: Kind n0, Kind n1, Kind n2, Kind n3, Kind n4 and 3 more"


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        pytest.param({"changed": True, "applied": [NOTE], "created": [NOTE]}, ([NOTE, "Kind a"], []), id="new"),
        pytest.param({"changed": True, "applied": [NOTE], "created": []}, (["Kind a"], [NOTE]), id="old"),
        pytest.param({"skipped": True, "changed": False}, (["Kind a"], []), id="not written"),
    ],
)
def test_the_note_of_a_release_counts_as_an_object(note: dict[str, Any], expected: tuple[list[str], list[str]]) -> None:
    found = release(changed=False, applied=["Kind a"], created=["Kind a"])
    found["notes"] = [note]
    cluster = summarize(PLAN, False, {}, {"platform": found})["clusters"]["platform"]
    assert (cluster["created"], cluster["changed"]) == expected


def test_the_document_is_plain_data() -> None:
    objects = {"applied": ["Kind a"], "created": []}
    found = summarize(PLAN, True, {"udm-pro": [router("a", "b", True, "10.0.0.1")]}, {"platform": release(**objects)})
    assert found == {
        "format": 1,
        "site": "hybrid",
        "check": True,
        "routers": {
            "udm-pro": {"state": "changes", "added": 1, "removed": 1, "boot_hook": False, "closes": ["10.0.0.1"]}
        },
        "clusters": {
            "platform": {
                "state": "changes",
                "release": f"install {VERSION}",
                "created": [],
                "changed": ["Kind a"],
                "removed": [],
                "waiting": 0,
                "left_alone": [],
                "later": [],
            }
        },
    }
