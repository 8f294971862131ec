# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/situations/flux.md says of Flux, asked of Flux's own controllers: order, pruning, the handover and the way back."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
import flux_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import plan_page  # noqa: E402
from cluster_lab import Cluster, wait_for  # noqa: E402
from flux_lab import KUSTOMIZATIONS, MERGE, Fleet, condition  # noqa: E402
from gitops_lab import inventory, path_of, render, written  # noqa: E402
from releases_lab import NEWEST  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

PAGE = "flux.md"
OURS = "hybridnet.cluster_edge"
POOLS = "/apis/cilium.io/v2/ciliumloadbalancerippools"
PEER_CONFIG = "/apis/cilium.io/v2/ciliumbgppeerconfigs/k8s"
FRONT = "/api/v1/namespaces/web/services/front"
RELEASE = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/kube-system/helmreleases/cilium"
CHARTS = f"{flux_lab.SOURCES}/namespaces/kube-system/helmcharts"


def write(cluster: Cluster, item: dict[str, Any]) -> None:
    """Make a Kustomization of the page."""
    cluster.request("POST", KUSTOMIZATIONS, item)


def ready(cluster: Cluster, name: str) -> dict[str, Any]:
    """Return the condition Ready of a Kustomization."""
    return condition(cluster.get(f"{KUSTOMIZATIONS}/{name}"), "Ready")


def say_release_is_ready(cluster: Cluster) -> None:
    """Do helm-controller's part where it does not run."""
    generation = wait_for("the HelmRelease is there", lambda: cluster.get(RELEASE))["metadata"]["generation"]
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "UpgradeSucceeded",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
        "observedGeneration": generation,
    }
    status = {"observedGeneration": generation, "conditions": [ready]}
    cluster.request("PATCH", f"{RELEASE}/status", {"status": status}, MERGE)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    for cluster in cluster_lab.started(folder):
        cluster.add_cilium_kinds(NEWEST)  # which the page's inventory plans
        flux_lab.add_kinds(cluster)
        for namespace in ("media", "web"):
            cluster.add_namespace(namespace)
        yield cluster


@pytest.fixture
def fleet(cluster: Cluster, tmp_path: Path) -> Iterator[Fleet]:
    with flux_lab.fleet(cluster, tmp_path) as fleet:
        yield fleet


@pytest.fixture
def edge(cluster: Cluster, fleet: Fleet) -> Iterator[Fleet]:
    """The page's inventory, rendered, committed, and applied by the Kustomization ``edge``, which depends on nothing here."""
    render(fleet.folder, inventory(PAGE))
    revision = fleet.commit()
    item = written(PAGE, "Kustomization")["edge"]
    del item["spec"]["dependsOn"]
    write(cluster, item)
    with flux_lab.controller(cluster, "kustomize-controller"):
        fleet.applied("edge", revision)
        yield fleet


def test_objects_wait_until_the_release_is_ready(cluster: Cluster, fleet: Fleet) -> None:
    render(fleet.folder, inventory(PAGE))
    revision = fleet.commit()
    for item in written(PAGE, "Kustomization").values():
        write(cluster, item)
    with flux_lab.controller(cluster, "kustomize-controller"):
        wait_for("edge says that it waits", lambda: ready(cluster, "edge")["reason"] == "DependencyNotReady")
        assert ready(cluster, "cilium")["status"] != "True"
        assert cluster.names(POOLS) == []
        say_release_is_ready(cluster)
        fleet.applied("cilium", revision)
        fleet.applied("edge", revision)
    for item in cluster_lab.built_kustomization(fleet.folder / "edge" / "home" / "manifests"):
        live = cluster.get(path_of(item))
        assert cluster_lab.leaves(item["spec"]) <= cluster_lab.leaves(live["spec"])


def test_what_leaves_git_is_pruned_and_nothing_else(cluster: Cluster, edge: Fleet) -> None:
    theirs = {"metadata": {"name": "theirs"}, "spec": {"blocks": [{"cidr": "198.51.100.0/24"}], "disabled": True}}
    cluster.request("POST", POOLS, {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", **theirs})
    before = {path: cluster.get(path)["metadata"]["resourceVersion"] for path in (f"{POOLS}/lb", PEER_CONFIG)}
    site = inventory(PAGE)
    del site["all"]["vars"]["edge_services"]["web/front"]
    render(edge, site)
    edge.applied("edge", edge.commit())
    assert cluster.get(FRONT) is None
    assert cluster.names(POOLS) == ["lb", "theirs"]
    assert {path: cluster.get(path)["metadata"]["resourceVersion"] for path in before} == before


def test_a_null_among_the_values_of_a_release_reaches_the_cluster(cluster: Cluster, fleet: Fleet) -> None:
    """Helm takes a null for "without the chart's default": a null that is lost on its way gives the default back."""
    site = inventory(PAGE)
    home = site["all"]["children"]["edge_clusters"]["hosts"]["home"]
    home["edge_cilium_values"] = {"hubble": {"tls": {"auto": {"schedule": "0 0 1 */4 *"}}}}
    render(fleet.folder, site)
    item = written(PAGE, "Kustomization")["cilium"]
    del item["spec"]["healthChecks"]
    first = fleet.commit()
    write(cluster, item)
    with flux_lab.controller(cluster, "kustomize-controller"):
        fleet.applied("cilium", first)
        home["edge_cilium_values"] = {"hubble": {"tls": {"auto": {"schedule": None}}}}
        render(fleet.folder, site)
        fleet.applied("cilium", fleet.commit())
    live = cluster.get(RELEASE)["spec"]["values"]
    assert live["hubble"]["tls"]["auto"] == {"schedule": None}, live


@contextlib.contextmanager
def held_by_runs(cluster: Cluster, fleet: Fleet) -> Iterator[str]:
    """What runs made before, with a password that has left the inventory by now; Flux holds all else as well."""
    render(fleet.folder, inventory(PAGE))
    for item in cluster_lab.built_kustomization(fleet.folder / "edge" / "home" / "manifests"):
        if item["kind"] == "CiliumBGPPeerConfig":
            item["spec"]["authSecretRef"] = "bgp-password-k8s"
        cluster.apply(path_of(item), item, OURS)
    item = written(PAGE, "Kustomization")["edge"]
    del item["spec"]["dependsOn"]
    write(cluster, item)
    yield fleet.commit()


def test_the_handover_takes_what_only_runs_hold(cluster: Cluster, fleet: Fleet) -> None:
    with held_by_runs(cluster, fleet) as revision:
        with flux_lab.controller(cluster, "kustomize-controller"):
            fleet.applied("edge", revision)
            assert cluster.get(PEER_CONFIG)["spec"]["authSecretRef"] == "bgp-password-k8s"
        (fleet.folder / "README").write_text("another revision\n")
        with flux_lab.controller(cluster, "kustomize-controller", f"--override-manager={OURS}"):
            fleet.applied("edge", fleet.commit())
            assert "authSecretRef" not in cluster.get(PEER_CONFIG)["spec"]
        holders = {item["manager"] for item in cluster.get(PEER_CONFIG)["metadata"]["managedFields"]}
        assert OURS not in holders


def test_what_is_suspended_and_deleted_leaves_its_objects(cluster: Cluster, edge: Fleet) -> None:
    """The way back from Flux to the run: no moment in which an object is gone."""
    before = {path: cluster.get(path)["metadata"]["uid"] for path in (f"{POOLS}/lb", PEER_CONFIG, FRONT)}
    cluster.request("PATCH", f"{KUSTOMIZATIONS}/edge", {"spec": {"suspend": True}}, MERGE)
    cluster.request("DELETE", f"{KUSTOMIZATIONS}/edge")
    wait_for("the Kustomization has gone", lambda: cluster.get(f"{KUSTOMIZATIONS}/edge") is None)
    live = {path: cluster.get(path) for path in before}
    assert {path: item["metadata"]["uid"] for path, item in live.items()} == before
    assert not any("deletionTimestamp" in item["metadata"] for item in live.values())


def test_a_cluster_that_leaves_is_pruned_only_with_its_kustomization(cluster: Cluster, edge: Fleet) -> None:
    """Its folder is gone from Git: Flux says that it finds no path, and prunes nothing."""
    shutil.rmtree(edge.folder / "edge")
    (edge.folder / "README").write_text("nothing is rendered\n")
    edge.commit()
    wait_for("edge says that it finds no path", lambda: "path not found" in ready(cluster, "edge")["message"])
    assert cluster.names(POOLS) == ["lb"]


def test_what_is_deleted_while_it_runs_takes_its_objects(cluster: Cluster, edge: Fleet) -> None:
    """Why the page says to suspend first."""
    cluster.request("DELETE", f"{KUSTOMIZATIONS}/edge")
    wait_for("the Kustomization has gone", lambda: cluster.get(f"{KUSTOMIZATIONS}/edge") is None)
    assert (cluster.names(POOLS), cluster.get(FRONT)) == ([], None)


def helm(cluster: Cluster, *arguments: str) -> str:
    command = [cluster_lab.HELM, *arguments, "--kubeconfig", str(cluster.kubeconfig), "--namespace", "kube-system"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_live_release_is_taken_over_and_outlives_its_suspended_helmrelease(cluster: Cluster, fleet: Fleet) -> None:
    chart = cluster_lab.chart(NEWEST)
    (packed,) = (Path(helm(cluster, "package", str(chart), "--destination", str(fleet.folder.parent)).split()[-1]),)
    helm(cluster, "install", "cilium", str(packed), "--set", "debug.enabled=true")
    render(fleet.folder, inventory(PAGE))
    for item in cluster_lab.built_kustomization(fleet.folder / "edge" / "home" / "flux"):
        group, plural = (
            item["apiVersion"],
            {"HelmRelease": "helmreleases", "HelmRepository": "helmrepositories"}[item["kind"]],
        )
        name, namespace = item["metadata"]["name"], item["metadata"]["namespace"]
        if item["kind"] == "HelmRelease":
            item["spec"]["upgrade"] = {**item["spec"].get("upgrade", {}), "disableWait": True}  # no pod runs here
        cluster.apply(f"/apis/{group}/namespaces/{namespace}/{plural}/{name}", item, "kustomize-controller")
    with (
        cluster_lab.rollouts_complete_by_themselves(cluster),
        flux_lab.controller(cluster, "helm-controller"),
    ):
        (made,) = wait_for("helm-controller has made a HelmChart", lambda: cluster.names(CHARTS))
        fleet.publish_chart(f"{CHARTS}/{made}", packed)
        wait_for("the HelmRelease is ready", lambda: condition(cluster.get(RELEASE), "Ready")["status"] == "True", 180)
        (live,) = json.loads(helm(cluster, "list", "--output", "json"))
        assert (live["name"], live["revision"], live["status"]) == ("cilium", "2", "deployed")
        planned = plan_page(yaml.safe_dump(inventory(PAGE))).data["clusters"]["home"]["helm_values"]
        assert json.loads(helm(cluster, "get", "values", "cilium", "--output", "json")) == planned

        cluster.request("PATCH", RELEASE, {"spec": {"suspend": True}}, MERGE)
        cluster.request("DELETE", RELEASE)
        wait_for("the HelmRelease has gone", lambda: cluster.get(RELEASE) is None)
    assert cluster.get("/apis/apps/v1/namespaces/kube-system/daemonsets/cilium") is not None
    (live,) = json.loads(helm(cluster, "list", "--output", "json"))
    assert live["status"] == "deployed"
