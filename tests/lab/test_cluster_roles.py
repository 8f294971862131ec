# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster roles against a real API server, with the plan of the reference site.

One story in the order of the file: an empty cluster, then Cilium's kinds, then nodes and namespaces.
"""

from __future__ import annotations

import copy
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.field_owners import (  # noqa: E402
    is_applied,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan  # noqa: E402
from cluster_lab import Cluster, release_step, run_refused, run_roles  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

CILIUM_V2 = "/apis/cilium.io/v2"
POOLS = f"{CILIUM_V2}/ciliumloadbalancerippools"
POLICIES = "/apis/cilium.io/v2alpha1/ciliuml2announcementpolicies"
CONFIGS = f"{CILIUM_V2}/ciliumbgpclusterconfigs"
PEERS = f"{CILIUM_V2}/ciliumbgppeerconfigs"
NODE_CONFIG = f"{CILIUM_V2}/ciliumbgpnodeconfigs/node01"
SECRETS = "/api/v1/namespaces/kube-system/secrets"
POOL_LABEL = "cluster-edge.hybridnet/pool"
JELLYFIN = "/api/v1/namespaces/media/services/jellyfin"
FOREIGN_POOL = {"blocks": [{"cidr": "198.51.100.0/24"}], "serviceSelector": {"matchLabels": {"their": "own"}}}
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


def three_roles() -> tuple[tuple[str, dict[str, Any]], ...]:
    return ("cilium_net_bgp", bgp()), ("cilium_net_lb", lb()), ("cilium_net_services", services())


def lb_with_smaller_private_service() -> list[dict[str, Any]]:
    objects = copy.deepcopy(PLATFORM["lb"])
    for item in objects:
        if item["metadata"]["name"] == "private-service":
            item["spec"]["blocks"] = [{"cidr": "10.122.0.160/29"}]
    return objects


def jellyfin(manage: str) -> dict[str, Any]:
    """Return a planned service that someone else has made."""
    item = copy.deepcopy(next(item for item in PLATFORM["services"] if item["name"] == "dummy-service"))
    metadata = item["object"]["metadata"]
    item["namespace"], item["name"], item["manage"] = "media", "jellyfin", manage
    metadata["namespace"], metadata["name"] = "media", "jellyfin"
    item["labels"], item["annotations"] = {POOL_LABEL: "private-service"}, {"lbipam.cilium.io/ips": "10.122.0.172"}
    return item


def words(text: str) -> str:
    """Return text with single blanks: Ansible wraps long lines."""
    return " ".join(text.split())


@pytest.mark.long
def test_check_mode_on_an_empty_cluster(cluster: Cluster) -> None:
    run = run_roles(cluster, *three_roles(), options=("--check", "--diff"))
    assert run.returncode == 0, run.output
    assert run.changed == 4  # the three lists, and the Secret, whose namespace is there
    assert not cluster.writes_since(0) or all("dryRun=All" in item for item in cluster.writes_since(0))
    told = words(run.output)
    assert "Would be created: Node node01, Node node02, Node node03, Node node04, CiliumBGPAdvertisement" in told
    assert "CiliumBGPClusterConfig public-true" in told
    assert "Would be created: CiliumLoadBalancerIPPool private-ingress" in told
    assert "Would be created: Service affine/affine-svc-lb, Service dummy/dummy-service" in told


def test_real_run_on_an_empty_cluster_fails_with_every_reason(cluster: Cluster) -> None:
    run = run_refused(cluster, ("cilium_net_bgp", bgp(wait=1)), ("cilium_net_services", services()))
    assert "CiliumBGPPeerConfig: the cluster does not serve this kind" in run.output
    assert "Node node04: it is not in the cluster" in run.output
    assert "edge_services.dummy/dummy-service: the namespace dummy does not exist" in run.output
    assert "edge_services.affine/affine-svc-lb: the namespace affine does not exist" in run.output


@pytest.mark.sequence
def test_first_and_second_run(cluster: Cluster) -> None:
    cluster.add_cilium_kinds()
    cluster.add_nodes("control-01", "node01", "node02", "node03", "node04")
    for name in ("affine", "dummy", "media"):
        cluster.add_namespace(name)
    before = run_roles(cluster, *three_roles(), options=("--check", "--diff"))
    first = run_roles(cluster, *three_roles(), options=("--diff", "-vvv"))
    written = len(cluster.asked())
    second = run_roles(cluster, *three_roles(), options=("-vv",))
    again = run_roles(cluster, *three_roles(), options=("--check", "--diff"))
    assert cluster.writes_since(written) == []
    for run, changed in ((before, 3), (first, 3), (second, 0), (again, 0)):
        assert (run.returncode, run.changed) == (0, changed), run.output
        assert "not-to-be-seen" not in run.output
    assert "ingress-nginx-public/ingress-nginx-controller: the Service is not there yet" in words(second.output)
    assert cluster.names(CONFIGS) == ["public-true"]
    assert cluster.names(PEERS) == ["public-ingress", "public-service"]
    assert cluster.names(POOLS) == ["private-ingress", "private-service", "public-ingress", "public-service"]
    assert cluster.names(POLICIES) == ["private-ingress.private", "private-service.private"]
    assert cluster.get("/api/v1/nodes/node01")["metadata"]["labels"]["public"] == "true"
    assert cluster.names(SECRETS) == ["bgp-password-public-ingress"]
    assert cluster.get(f"{SECRETS}/bgp-password-public-ingress")["data"] == {"password": "bm90LXRvLWJlLXNlZW4="}
    service = cluster.get("/api/v1/namespaces/dummy/services/dummy-service")
    assert service["spec"]["externalTrafficPolicy"] == "Local"
    assert service["metadata"]["annotations"] == {"lbipam.cilium.io/ips": "203.0.113.94"}


@pytest.mark.long
def test_a_module_reads_where_another_interpreter_does(cluster: Cluster) -> None:
    """Ansible's own process reads the cluster only where a module would run with the same interpreter."""
    alias = cluster.folder / "python"
    alias.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    alias.chmod(0o755)
    run = run_roles(cluster, *three_roles(), options=("-vvv", "-e", f"ansible_python_interpreter={alias}"))
    assert (run.returncode, run.changed) == (0, 0), run.output
    assert "cluster_state_info.py" in run.output
    assert "not-to-be-seen" not in run.output
    here = run_roles(cluster, *three_roles(), options=("-vvv",))
    assert here.changed == 0
    assert ".py" not in here.output  # no module was started


def mutations(value: Any) -> Iterator[Any]:
    """Yield copies of a value with one thing taken away, changed, added or in another order."""
    if isinstance(value, dict):
        yield {**value, "added": "x"}
        for name in value:
            yield {key: item for key, item in value.items() if key != name}
            for other in mutations(value[name]):
                yield {**value, name: other}
    elif isinstance(value, list):
        yield [*value, *copy.deepcopy(value[-1:])]
        yield value[::-1]
        for number, item in enumerate(value):
            yield value[:number] + value[number + 1 :]
            for other in mutations(item):
                yield [*value[:number], other, *value[number + 1 :]]
    elif isinstance(value, str):
        yield value + "1"
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1


def owned_fields(item: dict[str, Any]) -> list[Any]:
    entries = item["metadata"]["managedFields"]
    return [entry["fieldsV1"] for entry in entries if entry["manager"] == "hybridnet.cluster_edge"]


def test_what_needs_no_apply_is_what_the_api_server_would_not_change(cluster: Cluster) -> None:
    """Each object of the plan, and each small change of it, judged by us and by a dry run of the API server."""
    service = next(item["object"] for item in PLATFORM["services"] if item["name"] == "dummy-service")
    places = [(f"/api/v1/namespaces/dummy/services/{service['metadata']['name']}", service)]
    for item in [*bgp()["objects"], *PLATFORM["lb"]]:
        plural = f"{item['kind'].lower().removesuffix('y')}{'ies' if item['kind'].endswith('y') else 's'}"
        places.append((f"/apis/{item['apiVersion']}/{plural}/{item['metadata']['name']}", item))
    kinds = {item["kind"] for _path, item in places}
    assert len(kinds) >= 6
    judged = {True: 0, False: 0}
    for path, item in places:
        live = cluster.get(path)
        assert is_applied(item, live), path
        name = item["metadata"]["name"]
        changed = [{**item, "spec": spec} for spec in mutations(item["spec"])]
        changed += [{**item, "metadata": {**metadata, "name": name}} for metadata in mutations(item["metadata"])]
        for other in [item, *changed]:
            if other["metadata"].get("namespace") != item["metadata"].get("namespace"):
                continue
            query = "fieldManager=hybridnet.cluster_edge&dryRun=All"
            try:
                after = cluster.request("PATCH", f"{path}?{query}", other, "application/apply-patch+yaml")
            except urllib.error.HTTPError:
                continue  # not an object that a plan could have
            same = all(after.get(key) == live.get(key) for key in ("spec", "data")) and all(
                after["metadata"].get(key) == live["metadata"].get(key)
                for key in ("labels", "annotations", "finalizers")
            )
            same = same and owned_fields(after) == owned_fields(live)
            if is_applied(other, live):
                assert same, other
            judged[same] += 1
    assert judged[True] >= len(places)
    assert judged[False] >= 50, judged


@pytest.fixture
def others(cluster: Cluster) -> Iterator[None]:
    """Let others have made pools, a service, a node label, and a peer in an object of ours."""
    pool = {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "spec": FOREIGN_POOL}
    labels = {"app.kubernetes.io/managed-by": "hybridnet.cluster_edge", "cluster-edge.hybridnet/site": "other"}
    cluster.apply(f"{POOLS}/foreign", {**pool, "metadata": {"name": "foreign"}})
    cluster.apply(f"{POOLS}/other-site", {**pool, "metadata": {"name": "other-site", "labels": labels}})
    metadata = {"name": "jellyfin", "namespace": "media", "labels": {POOL_LABEL: "private-service"}}
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    cluster.apply(JELLYFIN, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "10.122.0.172"}]}}}
    cluster.request("PATCH", f"{JELLYFIN}/status", status, "application/merge-patch+json")
    node = {"name": "node03", "labels": {"public": "true", "rack": "a"}}
    cluster.apply("/api/v1/nodes/node03", {"apiVersion": "v1", "kind": "Node", "metadata": node})
    peer = {"name": "extra", "peerASN": 64999, "peerAddress": "192.0.2.1"}
    config = {"apiVersion": "cilium.io/v2", "kind": "CiliumBGPClusterConfig", "metadata": {"name": "public-true"}}
    instances = [{"name": "as65001", "peers": [peer]}]
    cluster.apply(f"{CONFIGS}/public-true", {**config, "spec": {"bgpInstances": instances}})
    yield
    cluster.apply(f"{CONFIGS}/public-true", config)


@pytest.mark.usefixtures("others")
def test_what_is_refused(cluster: Cluster) -> None:
    foreign, other_site = (copy.deepcopy(PLATFORM["lb"][0]) for _name in range(2))
    foreign["metadata"]["name"], other_site["metadata"]["name"] = "foreign", "other-site"
    without = [item for item in PLATFORM["lb"] if item["metadata"]["name"] != "private-service"]
    steps = (
        ("cilium_net_lb", lb(kubeconfig=str(cluster.folder / "absent"))),
        ("cilium_net_bgp", bgp(passwords={})),
        ("cilium_net_lb", lb(objects=[*PLATFORM["lb"], foreign, other_site])),
        ("cilium_net_lb", lb(objects=lb_with_smaller_private_service())),
        ("cilium_net_lb", lb(objects=without)),
    )
    taken_name = "cilium_net_services", services(items=[*PLATFORM["services"], jellyfin("service")])
    pool = "CiliumLoadBalancerIPPool"
    for options in ((), ("--check",)):
        run = run_refused(cluster, *steps, options=options)
        told = words(run.output)
        assert "absent cannot be used" in told
        assert "add public-ingress to edge_bgp_passwords" in told
        assert "someone-else holds spec.bgpInstances[name=as65001].peers[name=extra].name" in told
        assert f"{pool} foreign: it exists already and this collection did not make it" in told
        assert "its field managers: someone-else" in told
        assert f"{pool} other-site: it belongs to the site other" in told
        assert told.count("media/jellyfin holds 10.122.0.172, which no planned pool gives it") >= 2
        # Tenants write Services: one that is in the way is reported, and stops nothing.
        run = run_roles(cluster, taken_name, options=options)
        assert (run.returncode, run.changed) == (0, 0), run.output
        assert "edge_services.media/jellyfin: it exists already and this collection did not make it" in words(
            run.output
        )
        assert "or use manage: metadata" in words(run.output)


def test_node_label_that_another_manager_sets_otherwise(cluster: Cluster) -> None:
    labels = {name: {**own, "rack": "b"} if name == "node03" else own for name, own in PLATFORM["node_labels"].items()}
    run = run_refused(cluster, ("cilium_net_bgp", bgp(node_labels=labels)))
    assert "conflict with" in run.output
    assert "someone-else" in run.output


def test_changes(cluster: Cluster) -> None:
    left = {
        name: ({} if name == "node03" else own) for name, own in PLATFORM["node_labels"].items() if name != "node04"
    }
    steps = (
        ("cilium_net_bgp", bgp(passwords={"public-ingress": "another-secret"}, node_labels=left)),
        ("cilium_net_lb", lb(objects=lb_with_smaller_private_service(), may_move=["media/jellyfin"])),
        ("cilium_net_services", services(items=[*PLATFORM["services"], jellyfin("metadata")])),
    )
    run = run_roles(cluster, *steps, options=("--diff", "-vvv"))
    assert (run.returncode, run.changed) == (0, 3), run.output
    assert "another-secret" not in run.output
    written = len(cluster.asked())
    assert run_roles(cluster, *steps).changed == 0
    assert cluster.writes_since(written) == []
    assert cluster.get(f"{SECRETS}/bgp-password-public-ingress")["data"] == {"password": "YW5vdGhlci1zZWNyZXQ="}
    hostname = "kubernetes.io/hostname"
    node03 = {hostname: "node03", "public": "true", "rack": "a"}
    assert cluster.get("/api/v1/nodes/node03")["metadata"]["labels"] == node03
    assert cluster.get("/api/v1/nodes/node04")["metadata"]["labels"] == {hostname: "node04"}
    assert cluster.get(JELLYFIN)["metadata"]["annotations"] == {"lbipam.cilium.io/ips": "10.122.0.172"}


def test_configuration_whose_sessions_are_up_is_removed_with_consent_alone(cluster: Cluster) -> None:
    """No agent runs here: the operator's object and its status are written by hand."""
    metadata = {"name": "node01", "ownerReferences": [{**owner(cluster), "controller": True}]}
    peer = {"name": "public-ingress-udm-pro", "peerAddress": "10.121.0.1", "peerASN": 65000}
    spec = {"bgpInstances": [{"name": "as65001", "localASN": 65001, "peers": [peer]}]}
    made = {"apiVersion": "cilium.io/v2", "kind": "CiliumBGPNodeConfig", "metadata": metadata, "spec": spec}
    cluster.apply(NODE_CONFIG, made, "cilium-operator")
    status = {"bgpInstances": [{**spec["bgpInstances"][0], "peers": [{**peer, "peeringState": "established"}]}]}
    cluster.request("PATCH", f"{NODE_CONFIG}/status", {"status": status}, "application/merge-patch+json")
    run = run_refused(cluster, ("cilium_net_bgp", bgp(objects=[])))
    assert "with it sessions end that are up: node01 to 10.121.0.1" in words(run.output)
    config = cluster.get(f"{CONFIGS}/public-true")["metadata"]
    said = {"objects": [f"CiliumBGPClusterConfig/public-true@{config['generation']}-{config['uid'][:8]}"]}
    assert said["objects"][0] in run.output
    check = run_roles(cluster, ("cilium_net_bgp", bgp(objects=[], take_over=said)), options=("--check",))
    assert (check.returncode, check.changed) == (0, 1), check.output
    cluster.request("DELETE", NODE_CONFIG)
    assert cluster.names(CONFIGS) == ["public-true"]


def owner(cluster: Cluster) -> dict[str, str]:
    """Return the reference of the one CiliumBGPClusterConfig, as its operator's objects have it."""
    config = cluster.get(f"{CONFIGS}/public-true")
    names = {name: config["metadata"][name] for name in ("name", "uid")}
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumBGPClusterConfig", **names}


def test_removal_takes_only_our_own(cluster: Cluster) -> None:
    kept = [item for item in PLATFORM["services"] if item["namespace"] != "dummy"]
    steps = (
        ("cilium_net_services", services(items=kept)),
        ("cilium_net_lb", lb(objects=[], may_move=["media/jellyfin"])),
        ("cilium_net_bgp", bgp(objects=[], node_labels={})),
    )
    check = run_roles(cluster, *steps, options=("--check",))
    assert (check.returncode, check.changed) == (0, 3), check.output
    assert len(cluster.names(POOLS)) == 6
    run = run_roles(cluster, *steps)
    assert (run.returncode, run.changed) == (0, 3), run.output
    assert cluster.names(POOLS) == ["foreign", "other-site"]
    assert cluster.get(f"{POOLS}/foreign")["spec"] == {**FOREIGN_POOL, "disabled": False}
    assert cluster.names(POLICIES) == cluster.names(CONFIGS) == cluster.names(PEERS) == cluster.names(SECRETS) == []
    assert cluster.names("/api/v1/namespaces/dummy/services") == []
    assert cluster.names("/api/v1/namespaces/affine/services") == ["affine-svc-lb"]
    metadata = cluster.get(JELLYFIN)["metadata"]
    assert (metadata.get("annotations"), metadata["labels"]) == (None, {POOL_LABEL: "private-service"})
    assert cluster.get("/api/v1/nodes/node01")["metadata"]["labels"] == {"kubernetes.io/hostname": "node01"}
    assert run_roles(cluster, *steps).changed == 0


def test_release(cluster: Cluster, tmp_path: Path) -> None:
    values = {**PLATFORM["helm_values"], "operator": {"rollOutPods": True, "replicas": 1}}
    folder = tmp_path / "chart"  # of another name than the chart
    folder.symlink_to(cluster_lab.chart())
    own = {"chart": str(folder), "timeout": 60, "site": "lab"}
    step = release_step(values, **own)
    check = run_roles(cluster, step, options=("--check", "--diff"))
    assert (check.returncode, check.changed) == (0, 2), check.output
    assert "bgpControlPlane: (absent) ->" in check.output
    assert cluster.get("/apis/apps/v1/namespaces/kube-system/daemonsets/cilium") is None
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        first = run_roles(cluster, step)
        second = run_roles(cluster, step)
        again = run_roles(cluster, step, options=("--diff",))
        changed = run_roles(cluster, release_step({**values, "debug": {"verbose": "flow"}}, **own))
    assert (first.returncode, first.changed) == (0, 2), first.output  # the note, and Helm
    assert (second.returncode, second.changed) == (0, 0), second.output
    assert (again.returncode, again.changed) == (0, 0), again.output
    # A release that is as planned is no work for Helm, whose module would advise helm-diff.
    for run in (second, again):
        assert not [line for line in run.output.splitlines() if "helm diff" in line or "DEPRECATION" in line], (
            run.output
        )
    assert (changed.returncode, changed.changed) == (0, 2), changed.output
    config = cluster.get("/api/v1/namespaces/kube-system/configmaps/cilium-config")["data"]
    assert config["enable-bgp-control-plane"] == config["enable-l2-announcements"] == "true"
    assert config["debug-verbose"] == "flow"


@pytest.mark.long
def test_release_with_ranges_that_its_nodes_do_not_have(cluster: Cluster) -> None:
    """A changed range would be given to new nodes alone, and no router would let the old ones' in."""
    cluster.add_cilium_kinds()
    for name, own in (("node01", ["10.244.1.0/24"]), ("node02", ["10.0.1.0/24", "fd00:9::/64"])):
        body = {
            "apiVersion": "cilium.io/v2",
            "kind": "CiliumNode",
            "metadata": {"name": name},
            "spec": {"ipam": {"podCIDRs": own}},
        }
        cluster.apply(f"/apis/cilium.io/v2/ciliumnodes/{name}", body)
    ranges = {"clusterPoolIPv4MaskSize": 24, "clusterPoolIPv4PodCIDRList": ["10.244.0.0/16"]}
    values = {**PLATFORM["helm_values"], "ipam": {"mode": "cluster-pool", "operator": ranges}}
    step = release_step(values, timeout=60, site="lab")
    before = cluster.get("/apis/apps/v1/namespaces/kube-system/daemonsets/cilium")
    run = run_roles(cluster, step)
    assert run.returncode != 0
    assert (
        "Nodes have pod CIDRs outside ipam.operator's ranges 10.244.0.0/16: node02 10.0.1.0/24. Cilium does not move a node"
        " to another range. Write the range that the nodes have (edge_cluster_pod_cidrs), or take the nodes out of the"
        " cluster, with their CiliumNodes, and join them again once Cilium runs with these ranges; where no agent runs any"
        " more, deleting the CiliumNodes is enough"
    ) in words(run.output)
    assert cluster.get("/apis/apps/v1/namespaces/kube-system/daemonsets/cilium") == before


@pytest.mark.long
def test_release_that_never_runs(cluster: Cluster) -> None:
    values = {**PLATFORM["helm_values"], "debug": {"enabled": True}}
    run = run_roles(cluster, release_step(values, timeout="1", site="lab"))  # as -e hands it over
    assert run.returncode != 0
    assert (
        "Not complete after 1 s. Cilium's agents (DaemonSet kube-system/cilium): its change is not seen yet. Nobody acts on it:"
        " kube-controller-manager does not work, or is slow. Look at: kubectl -n kube-system describe daemonset/cilium;"
        " kubectl -n kube-system get pods -o wide"
    ) in words(run.output)
    assert "Mend it and run again: the run goes on there." in words(run.output)


@pytest.mark.long
def test_what_does_not_run_of_a_release_that_is_as_planned(cluster: Cluster) -> None:
    """An agent that is down keeps no other node from the plan; without an operator nothing goes on."""
    step = release_step(PLATFORM["helm_values"], timeout=5, site="lab")
    workloads = "/apis/apps/v1/namespaces/kube-system"
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        whole = run_roles(cluster, (step[0], {**step[1], "timeout": 60}))
        assert whole.returncode == 0, whole.output

    def report(path: str, body: dict[str, Any], part: str = "") -> None:
        cluster.request("PATCH", f"{workloads}/{path}{part}", body, "application/merge-patch+json")

    report("daemonsets/cilium", {"status": {"numberReady": 3}}, "/status")
    one = run_roles(cluster, step)
    assert (one.returncode, one.changed) == (0, 0), one.output
    assert (
        "Cilium's agents (DaemonSet kube-system/cilium): 3 of 4 ready. Sessions of such a node stay down, and it answers for no"
        " address on L2; other nodes serve what they may serve. It takes the plan when its agent is back. Look at: kubectl"
    ) in words(one.output)
    report("deployments/cilium-operator", {"spec": {"replicas": 0}})
    generation = cluster.get(f"{workloads}/deployments/cilium-operator")["metadata"]["generation"]
    gone = {"observedGeneration": generation, **dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas"), 0)}
    report("deployments/cilium-operator", {"status": gone}, "/status")
    none = run_roles(cluster, step)
    assert none.returncode != 0
    assert (
        "Not complete after 5 s. Cilium's operator (Deployment kube-system/cilium-operator): scaled to 0. Without it no service"
        " gets an address, and no change of BGP reaches a node; what runs goes on as it is. Scale it up: kubectl -n kube-system"
        " scale deployment/cilium-operator --replicas=1, or as many as operator.replicas says"
    ) in words(none.output)
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        report("deployments/cilium-operator", {"spec": {"replicas": 1}})
        again = run_roles(cluster, (step[0], {**step[1], "timeout": 60}))
    assert (again.returncode, again.changed) == (0, 0), again.output
    assert "Cilium's agents (" not in again.output
