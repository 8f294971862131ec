# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan writes for each Cilium that users run, to a real API server with that version's own CRDs and chart.

One API server lives through all versions, as a cluster does: its CRDs are those of one version after the other.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.cilium_kinds import (  # noqa: E402
    PLURALS,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import (  # noqa: E402
    ownership_labels,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_inventory  # noqa: E402
from cluster_lab import Cluster, run_roles  # noqa: E402
from releases_lab import NEWEST, OLDEST, RELEASES  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

POOLS = "ciliumloadbalancerippools"
MERGE = "application/merge-patch+json"
POOL = {
    "apiVersion": "cilium.io/v2alpha1",
    "kind": "CiliumLoadBalancerIPPool",
    "metadata": {"name": "lan", "labels": ownership_labels("home")},
    "spec": {"blocks": [{"cidr": "10.0.0.0/28"}]},
}
STRICT = "fieldManager=hybridnet.cluster_edge&fieldValidation=Strict"
"""The API server refuses a field that it would drop."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from cluster_lab.started(tmp_path_factory.mktemp("cluster"))


def planned(version: str) -> dict[str, Any]:
    """Return the reference site's cluster with another Cilium."""
    inventory = hybrid_inventory()
    for host in inventory.variables.values():
        if "edge_cilium_version" in host:
            host["edge_cilium_version"] = version
    found: dict[str, Any] = plan(inventory).data["clusters"]["platform"]
    return found


@pytest.mark.parametrize("version", RELEASES)
def test_no_field_is_dropped_and_every_object_stays_the_same(cluster: Cluster, version: str) -> None:
    cluster.add_cilium_kinds(version)
    platform = planned(version)
    objects = [*platform["bgp"], *platform["lb"]]
    assert {item["kind"] for item in objects} >= {"CiliumBGPClusterConfig", "CiliumLoadBalancerIPPool"}
    for item in objects:
        path = f"/apis/{item['apiVersion']}/{PLURALS[item['kind']]}/{item['metadata']['name']}"
        before = cluster.get(path)
        cluster.request("PATCH", f"{path}?{STRICT}", item, "application/apply-patch+yaml")
        live = cluster.get(path)
        assert cluster_lab.leaves(item["spec"]) <= cluster_lab.leaves(live["spec"])
        if before:  # the upgrade keeps what the version before has written
            assert (before["metadata"]["uid"], before["spec"]) == (live["metadata"]["uid"], live["spec"])


@pytest.mark.parametrize("version", RELEASES)
def test_chart_takes_the_planned_values(cluster: Cluster, tmp_path: Path, version: str) -> None:
    """Each object that the chart makes of them is taken by the API server, in a dry run."""
    objects = cluster_lab.chart_objects(version, planned(version)["helm_values"], "kube-system", tmp_path)
    config = next(
        item for item in objects if (item["kind"], item["metadata"]["name"]) == ("ConfigMap", "cilium-config")
    )
    assert config["data"]["enable-bgp-control-plane"] == config["data"]["enable-l2-announcements"] == "true"
    places = served(cluster)
    tried = 0
    for item in objects:
        plural, namespaced = places[item["apiVersion"], item["kind"]]
        base = f"/apis/{item['apiVersion']}" if "/" in item["apiVersion"] else f"/api/{item['apiVersion']}"
        namespace = item["metadata"].get("namespace", "kube-system")
        if namespaced and namespace != "kube-system":
            continue  # made by the chart itself, which a dry run does not
        where = f"{base}/namespaces/{namespace}/{plural}" if namespaced else f"{base}/{plural}"
        query = f"{STRICT}&dryRun=All"
        path = f"{where}/{item['metadata']['name']}?{query}"
        cluster.request("PATCH", path, item, "application/apply-patch+yaml")
        tried += 1
    assert tried >= 15


def pool(cluster: Cluster, name: str) -> dict[str, Any]:
    """Return a pool, by the name of the version that is stored, with who owns its fields."""
    found: dict[str, Any] = cluster.get(f"/apis/cilium.io/v2/{POOLS}/{name}")
    return found


def test_the_role_stores_pools_anew_so_that_the_next_cilium_may_drop_a_version(tmp_path: Path) -> None:
    """1.20.2 does it for the kinds for BGP alone."""
    definition = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{POOLS}.cilium.io"
    old = f"/apis/cilium.io/v2alpha1/{POOLS}"
    for cluster in cluster_lab.started(tmp_path):
        cluster.add_cilium_kinds(OLDEST)
        own = ("cilium_net_lb", {"site": "home", "cilium_version": OLDEST, "objects": [POOL]})
        assert run_roles(cluster, own).changed == 1
        item = {"apiVersion": "cilium.io/v2alpha1", "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "theirs"}}
        cluster.apply(f"{old}/theirs", {**item, "spec": {"blocks": [{"cidr": "10.1.0.0/28"}]}})
        cluster.add_cilium_kinds(NEWEST)
        before = [pool(cluster, name) for name in ("lan", "theirs")]
        without = {"versions": [v for v in cluster.get(definition)["spec"]["versions"] if v["name"] == "v2"]}
        with pytest.raises(HTTPError) as refused:
            cluster.request("PATCH", definition, {"spec": without}, MERGE)
        assert "status.storedVersions[0]" in refused.value.read().decode()
        assert cluster.stored(f"cilium.io/{POOLS}/theirs")["apiVersion"] == "cilium.io/v2alpha1"

        own[1]["cilium_version"] = NEWEST
        preview = run_roles(cluster, own, options=("--check",))
        assert (preview.changed, cluster.get(definition)["status"]["storedVersions"]) == (1, ["v2alpha1", "v2"])
        assert run_roles(cluster, own).changed == 1
        assert run_roles(cluster, own).changed == 0

        assert cluster.get(definition)["status"]["storedVersions"] == ["v2"]
        for name, item in zip(("lan", "theirs"), before, strict=True):
            assert cluster.stored(f"cilium.io/{POOLS}/{name}")["apiVersion"] == "cilium.io/v2"
            after = pool(cluster, name)
            assert after["spec"] == item["spec"]
            kept = ("uid", "labels", "annotations", "generation")
            assert [after["metadata"].get(key) for key in kept] == [item["metadata"].get(key) for key in kept]
        # Whoever applied the pool of others owns it as before.
        assert pool(cluster, "theirs")["metadata"]["managedFields"] == before[1]["metadata"]["managedFields"]
        cluster.request("PATCH", definition, {"spec": without}, MERGE)


def test_an_account_that_may_not_change_definitions_does_all_else(tmp_path: Path) -> None:
    for cluster in cluster_lab.started(tmp_path):
        cluster.add_cilium_kinds(OLDEST)
        own = ("cilium_net_lb", {"site": "home", "cilium_version": OLDEST, "objects": [POOL]})
        run_roles(cluster, own)
        cluster.add_cilium_kinds(NEWEST)
        own[1]["cilium_version"] = NEWEST
        with cluster_lab.refusing(cluster, "customresourcedefinitions/status", f"{POOLS}.cilium.io", "UPDATE"):
            run = run_roles(cluster, own)
        assert run.returncode == 0
        assert "CiliumLoadBalancerIPPool may be stored as cilium.io/v2alpha1" in " ".join(run.output.split())


def served(cluster: Cluster) -> dict[tuple[str, str], tuple[str, bool]]:
    """Return (apiVersion, kind) -> plural and whether it has a namespace, of what Cilium's chart makes."""
    found = {}
    for version in ("v1", "apps/v1", "rbac.authorization.k8s.io/v1"):
        base = f"/apis/{version}" if "/" in version else f"/api/{version}"
        for item in cluster.get(base)["resources"]:
            if "/" not in item["name"]:
                found[version, item["kind"]] = item["name"], item["namespaced"]
    return found
