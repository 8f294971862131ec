# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first pools of a cluster whose services hold MetalLB's addresses: what docs/situations/from-metallb.md says to do.

A real API server, and Cilium's real operator. No node and no kubelet: the test starts and ends the operator, as
``kubectl scale`` and ``kubectl wait`` do.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import (  # noqa: E402
    DOCS,
    plan_page,
    read_page,
    rendered_files,
)
from cluster_lab import Cluster  # noqa: E402
from operator_lab import operator, require_operator  # noqa: E402
from releases_lab import RELEASES  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

PAGE = DOCS / "situations" / "from-metallb.md"
POOL_LABEL, SHARING_KEY = "cluster-edge.hybridnet/pool", "lbipam.cilium.io/sharing-key"
HELD = {
    "web/front": ("production", "10.41.0.5", 80),
    "media/jellyfin": ("media", "10.40.0.201", 8096),
    "dns/tcp": ("media", "10.40.0.210", 53),
    "dns/other": ("media", "10.40.0.210", 853),
}
"""Service -> its pool, the address that MetalLB gave it, and its port; those of one address have one key (step 4)."""
BEFORE = {key: [address] for key, (_pool, address, _port) in HELD.items()}
USED = {"media": 2, "production": 1}
"""Pool -> how many of its addresses they hold."""
POOLS = "/apis/cilium.io/v2alpha1/ciliumloadbalancerippools"
"""All releases that are tried serve it."""
READY = "LB-IPAM done initializing"


@pytest.fixture(params=RELEASES)
def version(request: pytest.FixtureRequest) -> str:
    """Return a release of Cilium whose operator this machine has."""
    require_operator(request.param)
    return str(request.param)


@pytest.fixture
def cluster(tmp_path: Path, version: str) -> Iterator[Cluster]:
    """Yield a cluster with the kinds of Cilium, and with services that hold MetalLB's addresses."""
    for cluster in cluster_lab.started(tmp_path):
        cluster.add_cilium_kinds(version)
        for key, held in HELD.items():
            add_service(cluster, key, *held)
        yield cluster


def add_service(cluster: Cluster, key: str, pool: str, address: str, port: int) -> None:
    """Make a service as it is after step 4 of the page, with the address in its status that MetalLB gave."""
    namespace, _slash, name = key.partition("/")
    with contextlib.suppress(OSError):  # it is there
        cluster.add_namespace(namespace)
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "labels": {POOL_LABEL: pool}}
    if namespace == "dns":
        metadata["annotations"] = {SHARING_KEY: "dns"}
    spec = {"type": "LoadBalancer", "ports": [{"port": port}], "selector": {"app": name}}
    services = f"/api/v1/namespaces/{namespace}/services"
    made = cluster.request("POST", services, {"metadata": metadata, "spec": spec})
    status = {"loadBalancer": {"ingress": [{"ip" if address[0].isdigit() else "hostname": address}]}}
    cluster.request("PUT", f"{services}/{name}/status", {**made, "status": status})


def first_pools(version: str) -> list[dict[str, Any]]:
    """Return the pools of ``out/home/manifests/lb.yaml``, in its order, as they are for a release of Cilium."""
    (inventory,) = read_page(PAGE).under("The inventory", "yaml")
    planned = re.sub(r'edge_cilium_version: "[^"]*"', f'edge_cilium_version: "{version}"', inventory)
    text = rendered_files(plan_page(planned))["home/manifests/lb.yaml"]
    found = [item for item in yaml.safe_load_all(text) if item["kind"] == "CiliumLoadBalancerIPPool"]
    assert len(found) > 1  # else the page has nothing to say
    return found


def apply(cluster: Cluster, pool: dict[str, Any]) -> None:
    path = f"/apis/{pool['apiVersion']}/ciliumloadbalancerippools/{pool['metadata']['name']}"
    cluster.apply(path, pool, "hybridnet.cluster_edge")


def wait_until_served(log: Path) -> None:
    cluster_lab.wait_for(f"LB-IPAM serves ({log})", lambda: READY in log.read_text(), limit=120)


def now(cluster: Cluster) -> str:
    """Return the version of all services as they are."""
    return str(cluster.get("/api/v1/services")["metadata"]["resourceVersion"])


def addresses_since(cluster: Cluster, version: str) -> dict[str, list[list[str]]]:
    """Return by service all that its status has been since a version, one after another, from a watch of a second."""
    found: dict[str, list[list[str]]] = {key: [] for key in HELD}
    path = f"/api/v1/services?watch=1&resourceVersion={version}&timeoutSeconds=3"
    for line in cluster.request("GET", path, raw=True).splitlines():
        item = json.loads(line)["object"]
        key = f"{item['metadata']['namespace']}/{item['metadata']['name']}"
        ingress = (item["status"].get("loadBalancer") or {}).get("ingress") or []
        if key in found:
            found[key].append([entry["ip"] for entry in ingress])
    return found


def used(cluster: Cluster) -> dict[str, int]:
    """Return by pool how many of its addresses LB-IPAM counts as a service's; what it has not counted yet lacks."""
    return {
        item["metadata"]["name"]: int(said["message"])
        for item in cluster.get(POOLS)["items"]
        for said in item.get("status", {}).get("conditions") or []
        if said["type"] == "cilium.io/IPsUsed"
    }


def test_pools_that_are_made_while_the_operator_is_away_keep_every_address(cluster: Cluster, version: str) -> None:
    with operator(cluster, version) as log:
        cluster_lab.wait_for(f"LB-IPAM sleeps ({log})", lambda: "LB-IPAM initializing" in log.read_text(), limit=120)
    begun = now(cluster)
    for pool in first_pools(version):
        apply(cluster, pool)
    for _start in range(2):  # a later start takes nothing either
        with operator(cluster, version) as log:
            wait_until_served(log)
            cluster_lab.wait_for("each address is counted as its service's", lambda: used(cluster) == USED)
            told = addresses_since(cluster, begun)
        assert all(held == BEFORE[key] for key, seen in told.items() for held in seen), told


def test_pools_that_are_made_one_by_one_take_what_the_first_does_not_give(cluster: Cluster, version: str) -> None:
    """Why the page has the step: the operator looks at all services when it knows the first pool."""
    first, *later = first_pools(version)
    with operator(cluster, version) as log:
        cluster_lab.wait_for(f"LB-IPAM sleeps ({log})", lambda: "LB-IPAM initializing" in log.read_text(), limit=120)
        begun = now(cluster)
        apply(cluster, first)
        wait_until_served(log)
        cluster_lab.wait_for(
            "an address goes", lambda: any([] in seen for seen in addresses_since(cluster, begun).values())
        )
        for pool in later:
            apply(cluster, pool)
        told = addresses_since(cluster, begun)
    kept = {key for key, (pool, _address, _port) in HELD.items() if pool == first["metadata"]["name"]}
    assert {key for key, seen in told.items() if [] in seen} == set(HELD) - kept


def test_a_host_s_name_goes_with_the_first_pool(cluster: Cluster, version: str) -> None:
    """So the look refuses it, as it does an address that no pool gives."""
    add_service(cluster, "cloud/lb", "none", "lb.example.net", 80)
    apply(cluster, first_pools(version)[0])
    path = "/api/v1/namespaces/cloud/services/lb"
    assert cluster.get(path)["status"]["loadBalancer"] == {"ingress": [{"hostname": "lb.example.net"}]}
    with operator(cluster, version) as log:
        wait_until_served(log)
        cluster_lab.wait_for("the name goes", lambda: cluster.get(path)["status"]["loadBalancer"] == {})
