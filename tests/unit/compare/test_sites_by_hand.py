# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites that were written by hand first: their inventory must come out as what their people had, at both ends.

A site is a folder of ``tests/sites``: ``<router>.frr.conf`` and ``<cluster>.resources`` as people write them, ``inventory.yml``
in our words, and ``warnings.txt`` with the findings of its plan, where it has any.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.ends import TIGHTENED, router_comparison
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.objects.compare import objects_difference
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import (
    SITES,
    Site,
    by_hand,
    frr_conf,
    rendered_objects,
    site,
)


@pytest.fixture(scope="module", params=SITES)
def written(request: pytest.FixtureRequest) -> Site:
    return site(request.param)


def test_the_page_lists_every_site_and_counts_them_right() -> None:
    page = (CHECKOUT / "docs" / "compare.md").read_text("utf-8")
    assert ("## Twenty-one sites" in page) is (len(SITES) == 21)
    assert [name for name in SITES if f"/blob/main/tests/sites/{name}/inventory.yml)" not in page] == []


def test_the_plan_has_exactly_the_findings_that_are_written_down(written: Site) -> None:
    listed = written.folder / "warnings.txt"
    expected = listed.read_text("utf-8").splitlines() if listed.exists() else []
    assert [f"{item.code} {item.text}" for item in written.plan.findings] == expected
    assert [item.text for item in written.plan.findings if item.severity == "error"] == []


def test_every_router_and_cluster_was_written_by_hand(written: Site) -> None:
    routers = {path.name.removesuffix(".frr.conf") for path in written.folder.glob("*.frr.conf")}
    clusters = {path.stem for path in written.folder.glob("*.resources")}
    assert (routers, clusters) == (set(written.plan.data["routers"]), set(written.plan.data["clusters"]))


def test_routers_mean_the_same_but_for_next_hops_of_nodes(written: Site) -> None:
    """People leave a node's next hops as it says them; the plan lets none lead to another machine."""
    for router, of in written.plan.data["routers"].items():
        found = router_comparison(by_hand(written, router), frr_conf(written, router), of["frr_version"])
        assert [row for row in found.rows if row.state != TIGHTENED] == []
        assert found.differences == 0
        nodes = {session["peer_group"] for session in written.plan.data["sessions"] if session["router"] == router}
        groups = [group for group in of["frr"]["peer_groups"] if group["name"] in nodes]
        ends = {end["address"] for group in groups for end in group["neighbors"]}
        ends |= {f"range {cidr}" for group in groups for cidr in group["listen_ranges"]}
        tightened = {name for row in found.rows for name in row.what.split(": ")[0].split(" ", 1)[1].split(", ")}
        assert tightened == ends


def test_clusters_mean_the_same(written: Site) -> None:
    found = {}
    for cluster, of in written.plan.data["clusters"].items():
        mine = list(yaml.safe_load_all((written.folder / f"{cluster}.resources").read_text("utf-8")))
        theirs: list[dict[str, Any]] = rendered_objects(written, cluster)
        found[cluster] = objects_difference(mine, theirs, of["cilium_version"], of["node_labels"])
    assert found == {cluster: [] for cluster in written.plan.data["clusters"]}


def test_inventory_is_shorter_than_what_it_replaces(written: Site) -> None:
    def lines(path: Path) -> int:
        return len([line for line in path.read_text("utf-8").splitlines() if line.strip(" !") and line[0] != "#"])

    files = [*written.folder.glob("*.frr.conf"), *written.folder.glob("*.resources")]
    assert lines(written.folder / "inventory.yml") < sum(lines(path) for path in files)
