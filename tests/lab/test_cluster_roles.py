# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster roles against a real API server, with the plan of the reference site.

One story in the order of the file: an empty cluster, then Cilium's kinds, then nodes and namespaces.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "unit")]

import cluster_lab  # noqa: E402
from cluster_lab import Cluster, run_role  # noqa: E402
from support.hybrid import hybrid_plan  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

CILIUM_V2 = "/apis/cilium.io/v2"
POOLS = f"{CILIUM_V2}/ciliumloadbalancerippools"
POLICIES = "/apis/cilium.io/v2alpha1/ciliuml2announcementpolicies"
CONFIGS = f"{CILIUM_V2}/ciliumbgpclusterconfigs"
PEERS = f"{CILIUM_V2}/ciliumbgppeerconfigs"
SECRETS = "/api/v1/namespaces/kube-system/secrets"
POOL_LABEL = "cluster-edge.hybridnet/pool"
PLATFORM: dict[str, Any] = hybrid_plan().data["clusters"]["platform"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from cluster_lab.started(tmp_path_factory.mktemp("cluster"))


def bgp(**changes: Any) -> dict[str, Any]:
    """Return the variables of role cilium_net_bgp for the reference site, with a password on one peering."""
    objects = copy.deepcopy(PLATFORM["bgp"])
    for item in objects:
        if item["kind"] == "CiliumBGPPeerConfig" and item["metadata"]["name"] == "public-ingress":
            item["spec"]["authSecretRef"] = "bgp-password-public-ingress"
    passwords = {"public-ingress": "not-to-be-seen", "unused": "not-to-be-seen-either"}
    planned = {"site": "hybrid", "objects": objects, "node_labels": PLATFORM["node_labels"], "passwords": passwords}
    return {**planned, "wait": 10, **changes}


def lb(**changes: Any) -> dict[str, Any]:
    return {"site": "hybrid", "objects": PLATFORM["lb"], "wait": 10, **changes}


def services(**changes: Any) -> dict[str, Any]:
    return {"site": "hybrid", "items": PLATFORM["services"], **changes}


def test_check_mode_on_an_empty_cluster(cluster: Cluster) -> None:
    run = run_role(cluster, "cilium_net_bgp", bgp(), "--check", "--diff")
    assert run.returncode == 0, run.output
    assert run.changed > 0
    assert "CiliumBGPClusterConfig public-true" in run.output
    assert "Node node01" in run.output
    run = run_role(cluster, "cilium_net_lb", lb(), "--check")
    assert run.returncode == 0, run.output
    assert "CiliumLoadBalancerIPPool private-ingress" in run.output
    run = run_role(cluster, "cilium_net_services", services(), "--check")
    assert run.returncode == 0, run.output
    assert "Would be created: Service affine/affine-svc-lb, Service dummy/dummy-service" in run.output


def test_real_run_on_an_empty_cluster_fails_with_every_reason(cluster: Cluster) -> None:
    run = run_role(cluster, "cilium_net_bgp", bgp(wait=1))
    assert run.returncode != 0
    assert "CiliumBGPPeerConfig: the cluster does not serve this kind" in run.output
    assert "Node node04: it is not in the cluster" in run.output
    run = run_role(cluster, "cilium_net_services", services())
    assert run.returncode != 0
    assert "edge_services.dummy/dummy-service: the namespace dummy does not exist" in run.output


def test_first_and_second_run(cluster: Cluster) -> None:
    cluster.add_cilium_kinds()
    cluster.add_nodes("control-01", "node01", "node02", "node03", "node04")
    for name in ("affine", "dummy", "media"):
        cluster.add_namespace(name)
    for role, variables in (("bgp", bgp()), ("lb", lb()), ("services", services())):
        check = run_role(cluster, f"cilium_net_{role}", variables, "--check", "--diff")
        assert (check.returncode, check.changed > 0) == (0, True), check.output
        first = run_role(cluster, f"cilium_net_{role}", variables, "--diff", "-vvv")
        assert (first.returncode, first.changed > 0) == (0, True), first.output
        second = run_role(cluster, f"cilium_net_{role}", variables)
        assert (second.returncode, second.changed) == (0, 0), second.output
        again = run_role(cluster, f"cilium_net_{role}", variables, "--check", "--diff")
        assert (again.returncode, again.changed) == (0, 0), again.output
        for run in (check, first, second, again):
            assert "not-to-be-seen" not in run.output
    assert cluster.names(CONFIGS) == ["public-true"]
    assert cluster.names(PEERS) == ["public-ingress", "public-service"]
    assert cluster.names(POOLS) == ["private-ingress", "private-service", "public-ingress", "public-service"]
    assert cluster.names(POLICIES) == ["private-ingress.private", "private-service.private"]
    assert cluster.get("/api/v1/nodes/node01")["metadata"]["labels"]["public"] == "true"
    secret = cluster.get(f"{SECRETS}/bgp-password-public-ingress")
    assert secret["data"] == {"password": "bm90LXRvLWJlLXNlZW4="}
    assert cluster.names(SECRETS) == ["bgp-password-public-ingress"]
    service = cluster.get("/api/v1/namespaces/dummy/services/dummy-service")
    assert service["spec"]["externalTrafficPolicy"] == "Local"
    assert service["metadata"]["annotations"] == {"lbipam.cilium.io/ips": "203.0.113.94"}


def test_warns_of_services_that_their_chart_has_not_made(cluster: Cluster) -> None:
    run = run_role(cluster, "cilium_net_services", services())
    assert run.returncode == 0, run.output
    assert (
        "edge_services.ingress-nginx-public/ingress-nginx-controller: the Service is not there yet"
        in run.output.replace("\n", " ")
    )


def test_rotated_password(cluster: Cluster) -> None:
    run = run_role(cluster, "cilium_net_bgp", bgp(passwords={"public-ingress": "another-secret"}), "--diff", "-vvv")
    assert (run.returncode, run.changed) == (0, 1), run.output
    assert "another-secret" not in run.output
    assert cluster.get(f"{SECRETS}/bgp-password-public-ingress")["data"] == {"password": "YW5vdGhlci1zZWNyZXQ="}


def test_missing_password(cluster: Cluster) -> None:
    run = run_role(cluster, "cilium_net_bgp", bgp(passwords={}))
    assert run.returncode != 0
    assert "add public-ingress to edge_bgp_passwords" in run.output


def test_node_labels_of_others_stay(cluster: Cluster) -> None:
    labels = {"metadata": {"labels": {"public": "true", "rack": "a"}}, "apiVersion": "v1", "kind": "Node"}
    cluster.apply("/api/v1/nodes/node03", {**labels, "metadata": {**labels["metadata"], "name": "node03"}})
    left = {
        name: ({} if name == "node03" else own) for name, own in PLATFORM["node_labels"].items() if name != "node04"
    }
    run = run_role(cluster, "cilium_net_bgp", bgp(node_labels=left))
    assert (run.returncode, run.changed) == (0, 1), run.output
    assert cluster.get("/api/v1/nodes/node03")["metadata"]["labels"] == {
        "kubernetes.io/hostname": "node03",
        "public": "true",
        "rack": "a",
    }
    assert cluster.get("/api/v1/nodes/node04")["metadata"]["labels"] == {"kubernetes.io/hostname": "node04"}


def test_node_label_that_another_manager_sets_otherwise(cluster: Cluster) -> None:
    labels = {name: {**own, "rack": "b"} if name == "node03" else own for name, own in PLATFORM["node_labels"].items()}
    run = run_role(cluster, "cilium_net_bgp", bgp(node_labels=labels))
    assert run.returncode != 0
    assert "conflict with" in run.output
    assert "someone-else" in run.output


def test_removal_takes_only_our_own(cluster: Cluster) -> None:
    foreign = {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "foreign"}}
    spec = {"spec": {"blocks": [{"cidr": "198.51.100.0/24"}]}}
    cluster.apply(f"{POOLS}/foreign", {**foreign, **spec})
    other_site = {
        "name": "other-site",
        "labels": {"app.kubernetes.io/managed-by": "hybridnet.cluster_edge", "cluster-edge.hybridnet/site": "other"},
    }
    cluster.apply(f"{POOLS}/other-site", {**foreign, **spec, "metadata": other_site})
    fewer = [item for item in PLATFORM["lb"] if not item["metadata"]["name"].startswith("private-service")]
    check = run_role(cluster, "cilium_net_lb", lb(objects=fewer), "--check")
    assert (check.returncode, check.changed) == (0, 1), check.output
    assert "private-service" in cluster.names(POOLS)
    run = run_role(cluster, "cilium_net_lb", lb(objects=fewer))
    assert (run.returncode, run.changed) == (0, 1), run.output
    assert cluster.names(POOLS) == ["foreign", "other-site", "private-ingress", "public-ingress", "public-service"]
    assert cluster.names(POLICIES) == ["private-ingress.private"]
    assert run_role(cluster, "cilium_net_lb", lb(objects=[])).returncode == 0
    assert cluster.names(POOLS) == ["foreign", "other-site"]
    assert cluster.names(POLICIES) == []
    assert run_role(cluster, "cilium_net_lb", lb()).returncode == 0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("foreign", "it exists already and this collection did not make it (field managers: someone-else)"),
        ("other-site", "it belongs to the site other"),
    ],
)
def test_foreign_objects_are_not_taken_over(cluster: Cluster, name: str, told: str) -> None:
    item = copy.deepcopy(next(item for item in PLATFORM["lb"] if item["kind"] == "CiliumLoadBalancerIPPool"))
    item["metadata"]["name"] = name
    run = run_role(cluster, "cilium_net_lb", lb(objects=[*PLATFORM["lb"], item]))
    assert run.returncode != 0
    assert f"CiliumLoadBalancerIPPool {name}: {told}" in run.output
    assert cluster.get(f"{POOLS}/{name}")["spec"] == {"blocks": [{"cidr": "198.51.100.0/24"}], "disabled": False}


def test_entries_that_another_field_manager_added(cluster: Cluster) -> None:
    peer = {"name": "extra", "peerASN": 64999, "peerAddress": "192.0.2.1"}
    spec = {"bgpInstances": [{"name": "as65001", "peers": [peer]}]}
    body = {"apiVersion": "cilium.io/v2", "kind": "CiliumBGPClusterConfig", "metadata": {"name": "public-true"}}
    cluster.apply(f"{CONFIGS}/public-true", {**body, "spec": spec})
    run = run_role(cluster, "cilium_net_bgp", bgp())
    assert run.returncode != 0
    assert "the field manager someone-else holds spec.bgpInstances[name=as65001].peers[name=extra].name" in run.output
    cluster.apply(f"{CONFIGS}/public-true", body)
    run = run_role(cluster, "cilium_net_bgp", bgp())
    assert run.returncode == 0, run.output


def test_a_service_that_holds_an_address_keeps_it(cluster: Cluster) -> None:
    path = "/api/v1/namespaces/media/services/jellyfin"
    metadata = {"name": "jellyfin", "namespace": "media", "labels": {POOL_LABEL: "private-service"}}
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    cluster.apply(path, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "10.122.0.172"}]}}}
    cluster.request("PATCH", f"{path}/status", status, "application/merge-patch+json")
    smaller = copy.deepcopy(PLATFORM["lb"])
    for item in smaller:
        if item["metadata"]["name"] == "private-service":
            item["spec"]["blocks"] = [{"cidr": "10.122.0.160/29"}]
    told = "the service media/jellyfin holds 10.122.0.172, which no planned pool gives it"
    for options in ((), ("--check",)):
        run = run_role(cluster, "cilium_net_lb", lb(objects=smaller), *options)
        assert run.returncode != 0
        assert told in run.output
    without = [item for item in PLATFORM["lb"] if item["metadata"]["name"] != "private-service"]
    assert told in run_role(cluster, "cilium_net_lb", lb(objects=without)).output
    run = run_role(cluster, "cilium_net_lb", lb(objects=smaller, may_move=["media/jellyfin"]))
    assert (run.returncode, run.changed) == (0, 1), run.output
    assert run_role(cluster, "cilium_net_lb", lb()).returncode == 0


def test_metadata_of_a_foreign_service(cluster: Cluster) -> None:
    path = "/api/v1/namespaces/media/services/jellyfin"
    annotations = {"lbipam.cilium.io/ips": "10.122.0.172"}
    item = {"namespace": "media", "name": "jellyfin", "manage": "metadata", "object": None}
    items = [*PLATFORM["services"], {**item, "labels": {POOL_LABEL: "private-service"}, "annotations": annotations}]
    first = run_role(cluster, "cilium_net_services", services(items=items))
    assert (first.returncode, first.changed) == (0, 1), first.output
    assert cluster.get(path)["metadata"]["annotations"] == annotations
    second = run_role(cluster, "cilium_net_services", services(items=items))
    assert (second.returncode, second.changed) == (0, 0), second.output
    back = run_role(cluster, "cilium_net_services", services())
    assert (back.returncode, back.changed) == (0, 1), back.output
    metadata = cluster.get(path)["metadata"]
    assert "annotations" not in metadata
    assert metadata["labels"] == {POOL_LABEL: "private-service"}
    assert run_role(cluster, "cilium_net_services", services()).changed == 0


def test_a_service_that_someone_else_made(cluster: Cluster) -> None:
    item = copy.deepcopy(next(item for item in PLATFORM["services"] if item["name"] == "dummy-service"))
    item["namespace"] = item["object"]["metadata"]["namespace"] = "media"
    item["name"] = item["object"]["metadata"]["name"] = "jellyfin"
    run = run_role(cluster, "cilium_net_services", services(items=[*PLATFORM["services"], item]))
    assert run.returncode != 0
    assert "edge_services.media/jellyfin: it exists already and this collection did not make it" in run.output
    assert "or use manage: metadata" in run.output


def test_services_that_left_the_inventory(cluster: Cluster) -> None:
    items = [item for item in PLATFORM["services"] if item["namespace"] != "dummy"]
    run = run_role(cluster, "cilium_net_services", services(items=items))
    assert (run.returncode, run.changed) == (0, 1), run.output
    assert cluster.names("/api/v1/namespaces/dummy/services") == []
    assert cluster.names("/api/v1/namespaces/affine/services") == ["affine-svc-lb"]
    assert cluster.names("/api/v1/namespaces/media/services") == ["jellyfin"]


def test_everything_of_bgp_is_removed(cluster: Cluster) -> None:
    run = run_role(cluster, "cilium_net_bgp", bgp(objects=[], node_labels={}))
    assert run.returncode == 0, run.output
    assert cluster.names(CONFIGS) == cluster.names(PEERS) == cluster.names(SECRETS) == []
    assert cluster.get("/api/v1/nodes/node01")["metadata"]["labels"] == {"kubernetes.io/hostname": "node01"}


def test_unreachable_cluster(cluster: Cluster) -> None:
    variables = lb(kubeconfig=str(cluster.folder / "absent"))
    run = run_role(cluster, "cilium_net_lb", variables, "--check")
    assert run.returncode != 0
    assert "cannot be used" in run.output
