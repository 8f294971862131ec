# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/situations/argocd.md says of Argo CD, asked of Argo CD itself: order, differences, pruning, the way back."""

from __future__ import annotations

import copy
import functools
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path[:0] = [str(Path(__file__).parent)]

import argo_lab  # noqa: E402
import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import plan_page  # noqa: E402
from argo_lab import APPLICATIONS, FINALIZER, MERGE, Apps, Repository  # noqa: E402
from cluster_lab import Cluster, wait_for  # noqa: E402
from gitops_lab import inventory, path_of, render, written  # noqa: E402
from releases_lab import NEWEST  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

PAGE = "argocd.md"
OURS = "hybridnet.cluster_edge"
POOLS = "/apis/cilium.io/v2/ciliumloadbalancerippools"
PEER_CONFIG = "/apis/cilium.io/v2/ciliumbgppeerconfigs/k8s"
FRONT = "/api/v1/namespaces/web/services/front"
LIVE = (f"{POOLS}/lb", PEER_CONFIG, FRONT)


def application(name: str, repository: Repository) -> dict[str, Any]:
    """Return an Application of the page, with the address of the fleet filled in."""
    item = copy.deepcopy(written(PAGE, "Application")[name])
    sources = item["spec"].get("sources") or [item["spec"]["source"]]
    for source in sources:
        if "chart" not in source:
            assert source["repoURL"] == "the URL of your fleet"
            source["repoURL"] = repository.url
    return item


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Cluster]:
    """Yield a cluster that has the kinds of Argo CD, and none of Cilium."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    for cluster in cluster_lab.started(folder):
        argo_lab.add_kinds(cluster)
        for namespace in ("media", "web"):
            cluster.add_namespace(namespace)
        yield cluster


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "fleet")


@pytest.fixture
def apps(bare: Cluster, tmp_path: Path) -> Iterator[Apps]:
    """Yield a cluster with Argo CD, and none of Cilium's kinds."""
    folder = tmp_path / "argo"
    folder.mkdir()
    with argo_lab.running(bare, folder):
        yield Apps(bare)


@pytest.fixture
def cluster(bare: Cluster) -> Cluster:
    bare.add_cilium_kinds(NEWEST)  # which the page's inventory plans
    return bare


@pytest.fixture
def edge(cluster: Cluster, apps: Apps, repository: Repository) -> Apps:
    """The page's inventory, rendered, committed, and applied by the Application ``edge``."""
    render(repository.folder, inventory(PAGE))
    apps.write(application("edge", repository))
    apps.synced("edge", repository.commit())
    return apps


def manifests(repository: Repository) -> list[dict[str, Any]]:
    return cluster_lab.built_kustomization(repository.folder / "edge" / "home" / "manifests")


def versions(cluster: Cluster, *paths: str) -> dict[str, str]:
    """Return of each object that lives its resourceVersion, which any write changes."""
    found = {path: cluster.get(path) for path in paths}
    return {path: item["metadata"]["resourceVersion"] for path, item in found.items() if item}


def test_objects_are_applied_once_cilium_has_made_its_kinds(bare: Cluster, apps: Apps, repository: Repository) -> None:
    """The page's options and retries alone bring it about: nobody synchronizes by hand."""
    render(repository.folder, inventory(PAGE))
    revision = repository.commit()
    item = application("edge", repository)
    item["spec"]["syncPolicy"]["retry"]["backoff"]["duration"] = "1s"  # the page's 10 s only make the test slow
    apps.write(item)
    wait_for(
        "the first synchronization has failed",
        lambda: ((apps.get("edge") or {}).get("status", {}).get("operationState") or {}).get("retryCount", 0) > 0,
    )
    bare.add_cilium_kinds(NEWEST)
    apps.synced("edge", revision)
    for item in manifests(repository):
        live = bare.get(path_of(item))
        assert cluster_lab.leaves(item["spec"]) <= cluster_lab.leaves(live["spec"])


def test_what_is_applied_shows_no_difference_and_is_left_alone(cluster: Cluster, edge: Apps) -> None:
    before = versions(cluster, *LIVE)
    finished = (edge.get("edge") or {})["status"]["operationState"]["finishedAt"]
    for _time in range(3):
        edge.refresh("edge")
        assert (edge.get("edge") or {})["status"]["sync"]["status"] == "Synced"
    assert versions(cluster, *LIVE) == before
    assert (edge.get("edge") or {})["status"]["operationState"]["finishedAt"] == finished


def test_what_somebody_changes_comes_back(cluster: Cluster, edge: Apps) -> None:
    planned = cluster.get(f"{POOLS}/lb")["spec"]["blocks"]
    cluster.request("PATCH", f"{POOLS}/lb", {"spec": {"blocks": [{"cidr": "198.51.100.0/24"}]}}, MERGE)
    cluster.request("DELETE", PEER_CONFIG)
    wait_for("the peer config is made again", lambda: cluster.get(PEER_CONFIG))
    wait_for("the pool is as in Git", lambda: cluster.get(f"{POOLS}/lb")["spec"]["blocks"] == planned)


def test_what_somebody_adds_stays(cluster: Cluster, edge: Apps) -> None:
    """A field that Git does not have is nobody's to take away: ``compare.yml`` tells it, Argo CD does not."""
    cluster.request("PATCH", f"{POOLS}/lb", {"spec": {"disabled": True}}, MERGE)
    edge.refresh("edge")
    assert (edge.get("edge") or {})["status"]["sync"]["status"] == "Synced"
    assert cluster.get(f"{POOLS}/lb")["spec"]["disabled"] is True


def test_what_leaves_git_is_pruned_and_nothing_else(cluster: Cluster, edge: Apps, repository: Repository) -> None:
    theirs = {"metadata": {"name": "theirs"}, "spec": {"blocks": [{"cidr": "198.51.100.0/24"}], "disabled": True}}
    cluster.request("POST", POOLS, {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", **theirs})
    before = versions(cluster, f"{POOLS}/lb", f"{POOLS}/theirs", PEER_CONFIG)
    site = inventory(PAGE)
    del site["all"]["vars"]["edge_services"]["web/front"]
    render(repository.folder, site)
    edge.synced("edge", repository.commit())
    assert cluster.get(FRONT) is None
    assert versions(cluster, *before) == before


def test_a_cluster_that_leaves_is_pruned_only_with_its_application(
    cluster: Cluster, edge: Apps, repository: Repository
) -> None:
    """Its folder is gone from Git: Argo CD says that it finds no path, and prunes nothing."""
    before = versions(cluster, *LIVE)
    shutil.rmtree(repository.folder / "edge")
    repository.commit()
    wait_for("edge says that it finds no path", lambda: "app path does not exist" in edge.said("edge"))
    assert versions(cluster, *LIVE) == before


def test_an_application_that_is_deleted_without_cascade_leaves_its_objects(cluster: Cluster, edge: Apps) -> None:
    """The way back from Argo CD to the run: no moment in which an object is gone."""
    before = versions(cluster, *LIVE)
    cluster.request("DELETE", f"{APPLICATIONS}/edge")
    wait_for("the Application has gone", lambda: edge.get("edge") is None)
    assert versions(cluster, *LIVE) == before


def test_an_application_that_is_deleted_with_its_finalizer_takes_its_objects(cluster: Cluster, edge: Apps) -> None:
    """What ``argocd app delete`` does without ``--cascade=false``."""
    cluster.request("PATCH", f"{APPLICATIONS}/edge", {"metadata": {"finalizers": [FINALIZER]}}, MERGE)
    cluster.request("DELETE", f"{APPLICATIONS}/edge")
    wait_for("the Application has gone", lambda: edge.get("edge") is None)
    assert versions(cluster, *LIVE) == {}


def held_by_argo(cluster: Cluster, path: str) -> bool:
    """Return whether Argo CD has applied an object on the server's side."""
    entries = cluster.get(path)["metadata"]["managedFields"]
    return any((entry["manager"], entry["operation"]) == ("argocd-controller", "Apply") for entry in entries)


def give_up(cluster: Cluster, path: str) -> None:
    """Take the run's manager off an object, as the page of Flux says."""
    live = cluster.get(path)
    live["metadata"]["managedFields"] = [item for item in live["metadata"]["managedFields"] if item["manager"] != OURS]
    cluster.request("PUT", path, live)


def test_the_handover_lets_argo_cd_take_away_what_runs_made(
    cluster: Cluster, apps: Apps, repository: Repository
) -> None:
    site = inventory(PAGE)
    render(repository.folder, site)
    for item in manifests(repository):
        cluster.apply(path_of(item), item, OURS)
    revision = repository.commit()
    apps.write(application("edge", repository))
    apps.synced("edge", revision)
    apps.sync("edge", revision)
    for item in manifests(repository):
        wait_for(f"Argo CD holds {path_of(item)}", functools.partial(held_by_argo, cluster, path_of(item)))
        give_up(cluster, path_of(item))
    site["all"]["vars"]["edge_services"]["web/front"]["ports"] = [{"port": 8443}]
    site["all"]["vars"]["edge_services"]["web/front"]["selector"] = {"role": "front"}
    render(repository.folder, site)
    apps.synced("edge", repository.commit())
    live = cluster.get(FRONT)["spec"]
    assert ([port["port"] for port in live["ports"]], live["selector"]) == ([8443], {"role": "front"})


def test_a_service_of_another_application_gets_its_patch(cluster: Cluster, edge: Apps, repository: Repository) -> None:
    owner = repository.folder / "jellyfin"
    owner.mkdir()
    spec = {"type": "LoadBalancer", "ports": [{"port": 8096}], "selector": {"app": "jellyfin"}}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "jellyfin", "namespace": "media"}}
    (owner / "service.yaml").write_text(yaml.safe_dump({**service, "spec": spec}), encoding="utf-8")
    build = {"resources": ["service.yaml"], "components": ["../edge/home/metadata/media/jellyfin"]}
    (owner / "kustomization.yaml").write_text(yaml.safe_dump(build), encoding="utf-8")
    item = application("edge", repository)
    item["metadata"]["name"] = item["spec"]["source"]["path"] = "jellyfin"
    edge.write(item)
    revision = repository.commit()
    edge.synced("jellyfin", revision)
    edge.synced("edge", revision)
    live = cluster.get("/api/v1/namespaces/media/services/jellyfin")
    assert live["metadata"]["annotations"]["lbipam.cilium.io/ips"] == "192.0.2.131"
    assert live["spec"]["selector"] == {"app": "jellyfin"}


def test_the_chart_is_applied_with_the_rendered_values(
    cluster: Cluster, apps: Apps, repository: Repository, tmp_path: Path
) -> None:
    site = inventory(PAGE)
    # What the chart defaults to, and a null takes away.
    values = {"hubble": {"tls": {"auto": {"method": "cronJob", "schedule": None}}}}
    site["all"]["children"]["edge_clusters"]["hosts"]["home"]["edge_cilium_values"] = values
    render(repository.folder, site)
    revision = repository.commit()
    charts = tmp_path / "charts"
    charts.mkdir()
    chart = cluster_lab.chart(NEWEST)
    command = [cluster_lab.HELM, "package", str(chart), "--destination", str(charts)]
    subprocess.run(command, check=True, capture_output=True)
    with argo_lab.chart_repository(charts) as url:
        item = application("cilium", repository)
        (source,) = (found for found in item["spec"]["sources"] if "chart" in found)
        assert source["targetRevision"] == NEWEST
        source["repoURL"] = url
        apps.write(item)
        apps.refresh("cilium")
        with cluster_lab.rollouts_complete_by_themselves(cluster):
            apps.sync("cilium", revision)
            apps.synced("cilium", revision)
        planned = plan_page(yaml.safe_dump(site)).data["clusters"]["home"]["helm_values"]
        config = cluster.get("/api/v1/namespaces/kube-system/configmaps/cilium-config")["data"]
        assert planned["bgpControlPlane"]["enabled"] is True
        assert config["enable-bgp-control-plane"] == "true"
        assert cluster.names("/apis/batch/v1/namespaces/kube-system/cronjobs") == []
        # What the page warns of: nothing of the chart is different by itself.
        apps.refresh("cilium")
        assert (apps.get("cilium") or {})["status"]["sync"]["status"] == "Synced"
