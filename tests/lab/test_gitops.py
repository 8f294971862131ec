# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is rendered for Flux and Argo CD, and what their pages say to write: built by the real kustomize, and taken by a
real API server that has the kinds of Cilium, Flux and Argo CD, strictly.

Flux's controllers themselves run in tests/lab/test_flux.py, and Argo CD's in tests/lab/test_argo.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
import flux_lab  # noqa: E402
import gitops_lab  # noqa: E402
from cluster_lab import Cluster  # noqa: E402
from releases_lab import NEWEST  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

ARGO_CD = "3.5.0"
STRICT = "fieldManager=git&fieldValidation=Strict"
"""The API server refuses a field that it does not know."""
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "jellyfin", "namespace": "media"},
    "spec": {"type": "LoadBalancer", "ports": [{"port": 8096}], "selector": {"app": "jellyfin"}},
}
"""As its owner has it in Git."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    for cluster in cluster_lab.started(tmp_path_factory.mktemp("cluster")):
        cluster.add_cilium_kinds(NEWEST)  # which the pages' inventories plan
        flux_lab.add_kinds(cluster)
        argo = cluster_lab.go_module("github.com/argoproj/argo-cd/v3", ARGO_CD) / "manifests" / "crds"
        cluster.add_kinds(argo / "application-crd.yaml")
        for namespace in ("argocd", "media", "web"):
            cluster.add_namespace(namespace)
        yield cluster


def take(cluster: Cluster, item: dict[str, Any]) -> dict[str, Any]:
    """Apply an object as whoever applies from Git, and return what the API server made of it."""
    base = f"/api{'s' if '/' in item['apiVersion'] else ''}/{item['apiVersion']}"
    kinds = {found["kind"]: found for found in cluster.get(base)["resources"] if "/" not in found["name"]}
    kind, metadata = kinds[item["kind"]], item["metadata"]
    namespace = f"/namespaces/{metadata['namespace']}" if kind["namespaced"] else ""
    path = f"{base}{namespace}/{kind['name']}/{metadata['name']}?{STRICT}"
    taken: dict[str, Any] = cluster.request("PATCH", path, item, "application/apply-patch+yaml")
    return taken


def rendered(page: str, folder: Path) -> Path:
    """Write what is rendered for a page's inventory, and return its cluster's folder."""
    gitops_lab.render(folder, gitops_lab.inventory(page))
    return folder / "edge" / "home"


def test_flux_takes_what_is_rendered(cluster: Cluster, tmp_path: Path) -> None:
    home = rendered("flux.md", tmp_path)
    release = cluster_lab.built_kustomization(home / "flux")
    assert {item["kind"] for item in release} == {"HelmRelease", "HelmRepository"}
    objects = cluster_lab.built_kustomization(home / "manifests")
    assert {item["kind"] for item in objects} >= {"CiliumBGPClusterConfig", "CiliumLoadBalancerIPPool", "Service"}
    for item in (*release, *objects):
        taken = take(cluster, item)
        assert cluster_lab.leaves(item["spec"]) <= cluster_lab.leaves(taken["spec"])


def test_flux_takes_the_kustomizations_of_its_page(cluster: Cluster) -> None:
    found = gitops_lab.written("flux.md", "Kustomization")
    assert list(found) == ["cilium", "edge"]
    for item in found.values():
        take(cluster, item)


def test_argo_cd_takes_the_applications_of_its_page(cluster: Cluster) -> None:
    found = gitops_lab.written("argocd.md", "Application")
    assert list(found) == ["cilium", "edge"]
    for item in found.values():
        take(cluster, item)


@pytest.mark.parametrize("page", ["flux.md", "argocd.md"])
def test_a_patch_reaches_the_service_of_another_owner(cluster: Cluster, tmp_path: Path, page: str) -> None:
    home = rendered(page, tmp_path)
    owner = tmp_path / "jellyfin"
    owner.mkdir()
    (owner / "service.yaml").write_text(yaml.safe_dump(SERVICE), encoding="utf-8")
    component = Path("..") / home.relative_to(tmp_path) / "metadata" / "media" / "jellyfin"
    build = {"resources": ["service.yaml"], "components": [str(component)]}
    (owner / "kustomization.yaml").write_text(yaml.safe_dump(build), encoding="utf-8")
    (service,) = cluster_lab.built_kustomization(owner)
    taken = take(cluster, service)
    assert taken["metadata"]["annotations"]["lbipam.cilium.io/ips"] == "192.0.2.131"
    assert taken["spec"]["selector"] == SERVICE["spec"]["selector"]
