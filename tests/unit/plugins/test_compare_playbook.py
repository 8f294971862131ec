# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/compare.yml on saved copies, and on ends that cannot be read. The lab tests look at live ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import HYBRID
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook
from ansible_collections.hybridnet.cluster_edge.tests.unit.plugins.test_unreachable_router import (
    ApiServer,
    api,
    inventory,
    unreachable,
)

__all__ = ["api"]

pytestmark = pytest.mark.ansible


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every file of the reference site."""
    folder = tmp_path_factory.mktemp("rendered")
    run_playbook("render.yml", HYBRID, f"edge_render_dir={folder}").check(0)
    return folder


def saved(rendered: Path, folder: Path, router: tuple[str, str], cluster: tuple[str, str]) -> Path:
    """Return a copy of the files; in the router's and in the cluster's one text is replaced by another."""
    for source in rendered.rglob("*.*"):
        target = folder / source.relative_to(rendered)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text("utf-8")
        if source.name in ("frr.conf", "bgp.yaml"):
            old, new = router if source.name == "frr.conf" else cluster
            assert old in text
            text = text.replace(old, new)
        target.write_text(text, "utf-8")
    return folder


SAME = ("bgp", "bgp")


def test_one_change_at_each_end_is_one_difference_at_each(rendered: Path, tmp_path: Path) -> None:
    today = saved(
        rendered,
        tmp_path / "today",
        ("router-id 10.121.0.1", "router-id 10.121.0.9"),
        ("connectRetryTimeSeconds: 5", "connectRetryTimeSeconds: 50"),
    )
    report = tmp_path / "report.json"
    run = run_playbook("compare.yml", HYBRID, f"edge_compare_saved={today}", f"edge_compare_file={report}")
    run.check(0)
    found = {item["end"]: item for item in json.loads(report.read_text("utf-8"))["ends"]}
    assert [row["state"] for row in found["router"]["rows"]] == ["differs"]
    assert "10.121.0.9 live, 10.121.0.1 planned" in found["router"]["rows"][0]["what"]
    assert {row["state"] for row in found["cluster"]["rows"]} == {"differs"}
    assert all("50 s live, 5 s planned" in row["what"] for row in found["cluster"]["rows"])
    assert "10.121.0.9 live, 10.121.0.1 planned" in run.output
    run_playbook("compare.yml", HYBRID, f"edge_compare_saved={today}", "edge_compare_strict=true").check(2)


def test_what_no_commit_takes_away_is_no_success_for_a_pipeline(rendered: Path, tmp_path: Path) -> None:
    """The cluster is as planned but for a field that compare does not count, and site.yml would be refused."""
    kind = "kind: CiliumBGPPeerConfig\nmetadata:\n"
    held = '{"manager": "hybridnet.cluster_edge", "operation": "Apply", "fieldsV1": {"f:spec": {"f:left": {}}}}'
    today = saved(rendered, tmp_path / "today", SAME, (kind, f"{kind}  managedFields: [{held}]\n"))
    options = (f"edge_compare_saved={today}", "edge_cluster_apply=others")
    report = tmp_path / "report.json"
    run_playbook("compare.yml", HYBRID, *options, f"edge_compare_file={report}").check(0)
    cluster = next(item for item in json.loads(report.read_text("utf-8"))["ends"] if item["end"] == "cluster")
    assert (cluster["differences"], len(cluster["refusals"])) == (0, 2)
    run = run_playbook("compare.yml", HYBRID, *options, "edge_compare_strict=true")
    run.check(2)
    assert "0 differences, 2 refusals: the tables above name them (edge_compare_strict)" in " ".join(run.output.split())


@pytest.mark.each_core
def test_no_difference_and_tags(rendered: Path) -> None:
    saved_at = f"edge_compare_saved={rendered}"
    both = run_playbook("compare.yml", HYBRID, saved_at, "edge_compare_strict=true")
    both.check(0)
    assert both.output.count("no difference") == 2
    for tag, end, other in (("router", "router udm-pro", "cluster p"), ("cluster", "cluster platform", "router u")):
        one = run_playbook("compare.yml", HYBRID, saved_at, options=("--tags", tag))
        one.check(0)
        assert f"{end} (" in one.output
        assert f"{other}" not in one.output


def test_ends_that_are_not_managed_are_said_and_are_no_success(rendered: Path, tmp_path: Path) -> None:
    """Strict must not be green over nothing; one end that was looked at is something."""
    report = tmp_path / "report.json"
    unmanaged = [json.dumps({f"edge_{end}_managed": False}) for end in ("router", "cluster")]
    options = (f"edge_compare_saved={rendered}", f"edge_compare_file={report}", "edge_compare_strict=true")
    run = run_playbook("compare.yml", HYBRID, *options, *unmanaged)
    run.check(2)
    said = " ".join(run.output.split())
    assert "router udm-pro: not looked at (edge_router_managed: false)" in said
    assert "cluster platform: not looked at (edge_cluster_managed: false)" in said
    assert "No end was looked at (udm-pro, platform): edge_router_managed and edge_cluster_managed are false" in said
    ends = json.loads(report.read_text("utf-8"))["ends"]
    assert [(end["host"], end["compared"], end["rows"]) for end in ends] == [
        ("udm-pro", False, []),
        ("platform", False, []),
    ]
    one = run_playbook("compare.yml", HYBRID, *options, unmanaged[0])
    one.check(0)
    assert "router udm-pro: not looked at (edge_router_managed: false)" in one.output
    assert [end["compared"] for end in json.loads(report.read_text("utf-8"))["ends"]] == [False, True]


@pytest.mark.long
def test_a_saved_copy_that_is_not_there_is_said(tmp_path: Path) -> None:
    gone = run_playbook("compare.yml", HYBRID, f"edge_compare_saved={tmp_path}/gone")
    gone.check(2)
    assert f"edge_compare_saved: there is no folder {tmp_path}/gone" in gone.output
    assert "CLUSTER/manifests/*.yaml" in gone.output
    run = run_playbook("compare.yml", HYBRID, f"edge_compare_saved={tmp_path}")
    run.check(2)
    said = " ".join(run.output.split())
    assert "router udm-pro cannot be compared" in said
    assert f"there is no YAML file in {tmp_path}/platform/manifests" in said
    assert "Not compared: udm-pro, platform" in said
    assert "no difference" not in said


@pytest.mark.long
def test_a_saved_copy_that_is_no_yaml_is_said(rendered: Path, tmp_path: Path) -> None:
    today = saved(rendered, tmp_path / "today", SAME, ("kind:", "kind: ["))
    run = run_playbook("compare.yml", HYBRID, f"edge_compare_saved={today}", options=("--tags", "cluster"))
    run.check(2)
    assert "bgp.yaml: is no YAML" in " ".join(run.output.split())


def test_ends_that_cannot_be_read_are_said_and_nothing_is_changed(tmp_path: Path, api: ApiServer) -> None:
    run = run_playbook("compare.yml", inventory(tmp_path, api, edge=unreachable()))
    run.check(2)
    said = " ".join(run.output.split())
    assert "router edge cannot be compared" in said
    assert "cluster edge-k8s cannot be compared" in said
    assert "Not compared: edge, edge-k8s" in said
    assert api.asked
    assert {asked.partition(" ")[0] for asked in api.asked} == {"GET"}
