# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's play of site.yml against a real API server: four roles, one kubeconfig, nothing written the second time."""

from __future__ import annotations

import copy
import functools
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.cilium_kinds import (  # noqa: E402
    PLURALS,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import (  # noqa: E402
    FIELD_MANAGER,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import HYBRID, hybrid_plan  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import PlaybookRun, run_playbook  # noqa: E402
from cluster_lab import Cluster  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]


@pytest.fixture
def bare_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Return the reference site's cluster, with nothing of Cilium in it."""
    for cluster in cluster_lab.started(tmp_path):
        cluster.add_nodes("control-01", *(f"node0{number}" for number in range(1, 5)))
        for name in ("affine", "dummy"):
            cluster.add_namespace(name)
        yield cluster


@pytest.fixture
def cluster(bare_cluster: Cluster) -> Cluster:
    """Return it with the kinds of Cilium."""
    bare_cluster.add_cilium_kinds()
    return bare_cluster


def provision(cluster: Cluster, *options: str, **variables: object) -> PlaybookRun:
    """Run the plays of the cluster with the reference site."""
    site = {
        "edge_cluster_kubeconfig": str(cluster.kubeconfig),
        "edge_cilium_version": cluster_lab.CILIUM,
        "cilium_net_release_binary": str(cluster_lab.HELM),
        "cilium_net_release_chart": str(cluster_lab.chart()),
        "cilium_net_release_chart_repo": "",
        **variables,
    }
    return run_playbook("site.yml", HYBRID, json.dumps(site), options=("--tags", "cluster", *options))


ENDED = "skipping: [platform]"
"""What counts as told of a task that is not there: the play has ended for the cluster before it."""
ROLES = ["Install Cilium", "Configure BGP", "Configure pools and L2 announcements", "Configure services"]


def skipped_roles(run: PlaybookRun) -> list[str]:
    """Return the tasks of the play that left a role out."""
    told = {name: text for name, _bracket, text in (task.partition("]") for task in run.output.split("TASK ["))}
    return [name for name in ROLES if "skipping: [platform]" in told.get(name, ENDED)]


def pending(run: PlaybookRun) -> str:
    """Return what the look found to be done, as ``-vv`` shows it."""
    return run.output.partition("TASK [Look at the cluster]")[2].partition("TASK [")[0]


def test_cluster_is_provisioned_and_then_left_alone(cluster: Cluster) -> None:
    for item in hybrid_plan().data["clusters"]["platform"]["services"]:
        if item["manage"] != "service":  # a chart's; that one is not there would be told by each run
            cluster.add_namespace(item["namespace"])
            service = {"metadata": {"name": item["name"]}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}}
            cluster.request("POST", f"/api/v1/namespaces/{item['namespace']}/services", service)
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        first = provision(cluster, "--diff")
        first.check(0)
        written = len(cluster.asked())
        second = provision(cluster, "-vv")
        second.check(0)
        assert "changed=5 " in first.output  # the note of the release, Helm, and three parts
        assert "changed=0 " in second.output
        assert cluster.writes_since(written) == []
        # One look tells that nothing is to be done, so that no role reads it all again.
        assert skipped_roles(first) == []
        assert skipped_roles(second) == ROLES, pending(second)
        path = "/apis/cilium.io/v2/ciliumloadbalancerippools/public-service"
        cluster.request("DELETE", path)
        third = provision(cluster)
        third.check(0)
        assert "changed=1 " in third.output
        # The role for BGP takes what is gone out of the note, whoever made it.
        assert skipped_roles(third) == ["Install Cilium", "Configure services"], pending(third)
        assert cluster.get(path) is not None
    assert cluster.names("/apis/cilium.io/v2/ciliumbgpclusterconfigs") == ["public-true"]
    assert len(cluster.names("/apis/cilium.io/v2/ciliumloadbalancerippools")) == 4
    assert cluster.names("/api/v1/namespaces/dummy/services") == ["dummy-service"]
    assert "is replaced by" not in first.output + second.output


def test_a_first_install_is_configured_while_its_agents_start(bare_cluster: Cluster) -> None:
    """What the operator registers is used at once; the agents are waited for all the same, and told if they do not come."""
    cluster = bare_cluster
    with operator_registers_kinds(cluster), cluster_lab.rollouts_complete_by_themselves(cluster, ["deployments"]):
        first = provision(cluster, cilium_net_release_timeout=3)
    first.check(2)
    failed = first.output.partition("TASK [Wait for the agents that were just installed]")[2]
    assert "Not complete after 3 s. Cilium's agents (DaemonSet kube-system/cilium): " in failed
    assert skipped_roles(first) == []
    assert len(cluster.names("/apis/cilium.io/v2/ciliumloadbalancerippools")) == 4
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        second = provision(cluster)
    second.check(0)
    assert "changed=0 " in second.output


def operator_registers_kinds(cluster: Cluster) -> AbstractContextManager[None]:
    """Stand in for Cilium's operator: once its Deployment is there, make the kinds of Cilium."""

    def register() -> bool:
        runs = cluster.get("/apis/apps/v1/namespaces/kube-system/deployments/cilium-operator") is not None
        if runs:
            cluster.add_cilium_kinds()
        return runs

    return cluster_lab.meanwhile(register)


def two_clusters(cluster: Cluster, other: Cluster) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a kubeconfig of two clusters in which the first one is current, and the same with the other one."""
    first, second = (json.loads(item.kubeconfig.read_text()) for item in (cluster, other))
    both = copy.deepcopy(second)
    for part in ("clusters", "users", "contexts"):
        both[part] += [{**item, "name": f"first-{item['name']}"} for item in first[part]]
    for item in both["contexts"]:
        if item["name"].startswith("first-"):
            item["context"] = {key: f"first-{value}" for key, value in item["context"].items()}
    return {**both, "current-context": "first-lab"}, both


@pytest.mark.long
@pytest.mark.parametrize("changed", ["the current context", "where the context leads"])
def test_what_was_looked_at_is_what_is_changed(cluster: Cluster, tmp_path: Path, changed: str) -> None:
    """Somebody makes another cluster the current one while the run is on its way: kubectx, kind and minikube do."""
    folder = tmp_path / "other"
    folder.mkdir()
    for other in cluster_lab.started(folder):
        before, after = json.loads(cluster.kubeconfig.read_text()), json.loads(other.kubeconfig.read_text())
        if changed == "the current context":
            before, after = two_clusters(cluster, other)
        cluster.kubeconfig.write_text(json.dumps(before))
        with (
            cluster_lab.rollouts_complete_by_themselves(cluster),
            cluster_lab.meanwhile(functools.partial(replaced_once_looked_at, cluster, json.dumps(after))),
        ):
            run = provision(cluster)
        if changed == "the current context":
            run.check(0)
            assert other.asked() == []
            assert len(cluster.names("/apis/cilium.io/v2/ciliumloadbalancerippools")) == 4
        else:
            run.check(2)
            uri = "/api/v1/namespaces?labelSelector=kubernetes.io/metadata.name%3Dkube-system"
            assert set(other.asked()) == {f"list {uri}"}  # the one question is which cluster it is
            assert "another cluster answers than the one that was looked at, so nothing was done here" in run.output


def replaced_once_looked_at(cluster: Cluster, kubeconfig: str) -> bool:
    """Replace a cluster's kubeconfig in one step, as kubectl does, once its namespaces were listed."""
    looked_at = any("/namespaces" in item for item in cluster.asked())
    if looked_at:
        new = cluster.kubeconfig.with_suffix(".new")
        new.write_text(kubeconfig)
        new.replace(cluster.kubeconfig)
    return looked_at


@pytest.mark.long
def test_an_upgrade_is_rolled_out_before_anything_else_is_written(cluster: Cluster) -> None:
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        provision(cluster).check(0)
    pool = "/apis/cilium.io/v2/ciliumloadbalancerippools/public-service"
    cluster.request("DELETE", pool)
    changed = {"edge_cilium_values": {"debug": {"enabled": True}}, "cilium_net_release_timeout": 3}
    with cluster_lab.rollouts_complete_by_themselves(cluster, ["deployments"]):
        run = provision(cluster, **changed)
    run.check(2)
    assert "Not complete after 3 s. Cilium's agents (" in run.output
    assert cluster.get(pool) is None


def upgrade_by_hand(cluster: Cluster, *settings: str) -> None:
    """Change the live release as somebody else would."""
    command = [cluster_lab.HELM, "upgrade", "cilium", cluster_lab.chart(), "--reuse-values"]
    command += ["--namespace", "kube-system", "--kubeconfig", cluster.kubeconfig]
    command += [word for item in settings for word in ("--set", item)]
    subprocess.run(command, check=True, capture_output=True)


def test_release_that_somebody_changed_is_left_alone_until_the_user_says_so(cluster: Cluster) -> None:
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        provision(cluster).check(0)
        upgrade_by_hand(cluster, "encryption.enabled=true", "hubble.tls.ca.key=geheim")
        written = len(cluster.asked())
        refused = provision(cluster)
        refused.check(2)
        preview = provision(cluster, "--check", "--diff")
        preview.check(2)
        half = provision(cluster, edge_cluster_take_over={"release": f"cilium@{cluster_lab.CILIUM}"})
        half.check(2)
        assert cluster.writes_since(written) == []
        for run in (refused, preview):
            assert "was not made by this site" in run.output
            assert "geheim" not in run.output
        assert "Nothing was changed." in refused.output
        difference = 'encryption: {"enabled": true} -> (absent)'
        assert preview.output.index(difference) < preview.output.index("Without check mode")
        said = {"release": f"cilium@{cluster_lab.CILIUM}", "unset": ["encryption.enabled", "hubble.tls.ca.key"]}
        provision(cluster, edge_cluster_take_over=said).check(0)
        provision(cluster).check(0)


def test_another_cluster_is_left_alone(cluster: Cluster) -> None:
    names = {f"node0{number}": f"other{number}" for number in range(1, 5)} | {"control-01": "other0"}
    for name in names:
        cluster.request("DELETE", f"/api/v1/nodes/{name}")
    cluster.add_nodes(*names.values())
    written = len(cluster.asked())
    refused = provision(cluster)
    refused.check(2)
    assert "it has none of the planned nodes (control-01, node01, node02, node03, node04)" in refused.output
    assert cluster.writes_since(written) == []


# -- a cluster to which others apply -------------------------------------------------------------------------------
FLUX = "kustomize-controller"
"""The field manager under which Flux applies."""


def place_of(item: dict[str, Any]) -> str:
    """Return the path of an object at the API server."""
    metadata = item["metadata"]
    if item["kind"] == "Service":
        return f"/api/v1/namespaces/{metadata['namespace']}/services/{metadata['name']}"
    return f"/apis/{item['apiVersion']}/{PLURALS[item['kind']].partition('.')[0]}/{metadata['name']}"


def test_cluster_of_others_is_read_and_never_written(cluster: Cluster, tmp_path: Path) -> None:
    """Until it is as planned, no router is contracted; the rendered files make it so."""
    site = {
        "edge_cluster_apply": "others",
        "edge_cluster_kubeconfig": str(cluster.kubeconfig),
        "edge_cilium_version": cluster_lab.CILIUM,
    }
    written = len(cluster.asked())
    run = run_playbook("site.yml", HYBRID, json.dumps(site), options=("--tags", "cluster,contract"))
    run.check(0)
    told = " ".join(run.output.split())
    assert "cluster platform (Cilium " in told
    assert "Nothing is written there (edge_cluster_apply: others). Render (playbooks/render.yml), " in told
    assert "set the labels of nodes as the note above says, commit, and let Flux or Argo CD apply." in told
    assert "only planned node node01: label public=true" in told
    assert "public-ingress: 203.0.113.93/32" in told
    assert cluster.writes_since(written) == []

    run_playbook("render.yml", HYBRID, json.dumps({**site, "edge_render_dir": str(tmp_path / "out")})).check(0)
    objects = cluster_lab.built_kustomization(tmp_path / "out" / "platform" / "manifests")
    assert len(objects) == 13
    for query in (f"fieldManager={FLUX}&dryRun=All", f"fieldManager={FLUX}"):
        for item in objects:
            cluster.request("PATCH", f"{place_of(item)}?{query}", item, "application/apply-patch+yaml")
    commands = (tmp_path / "out" / "platform" / "node-labels.sh").read_text().splitlines()
    for line in (line for line in commands if line.startswith("kubectl")):
        _kubectl, _options, _label, _kind, node, _overwrite, *labels = shlex.split(line)
        body = {"metadata": {"labels": dict(label.split("=", 1) for label in labels)}}
        cluster.request("PATCH", f"/api/v1/nodes/{node}", body, "application/merge-patch+json")

    written = len(cluster.asked())
    run = run_playbook("site.yml", HYBRID, json.dumps(site), options=("--tags", "cluster,contract"))
    assert "planned): no difference" in " ".join(run.output.split())
    assert cluster.writes_since(written) == []
    # Only now is the router contracted, and that of the reference site cannot be reached from here.
    run.check(4)
    assert "udm-pro.invalid" in run.output


KUBECTL_UPDATES = "kubectl-client-side-apply"
"""The field manager of kubectl's apply without ``--server-side``."""


@pytest.mark.long
def test_what_a_run_of_before_holds_is_given_up_by_the_printed_patch(cluster: Cluster, tmp_path: Path) -> None:
    """A password left the inventory: Git has no field for it, and the API server keeps what the run has applied.

    What others hold stays, as they hold it: Flux by an apply, and kubectl by updates.
    """
    site = {
        "edge_cluster_apply": "others",
        "edge_cluster_kubeconfig": str(cluster.kubeconfig),
        "edge_cilium_version": cluster_lab.CILIUM,
    }
    run_playbook("render.yml", HYBRID, json.dumps({**site, "edge_render_dir": str(tmp_path / "out")})).check(0)
    objects = cluster_lab.built_kustomization(tmp_path / "out" / "platform" / "manifests")
    planned = next(item for item in objects if item["kind"] == "CiliumBGPPeerConfig")
    place = place_of(planned)
    with_password = {**planned, "spec": {**planned["spec"], "authSecretRef": "bgp-password-x"}}

    def apply(manager: str, item: dict[str, Any]) -> None:
        cluster.request("PATCH", f"{place}?fieldManager={manager}", item, "application/apply-patch+yaml")

    def patch(manager: str, change: Any, form: str) -> None:
        cluster.request("PATCH", f"{place}?fieldManager={manager}", change, f"application/{form}")

    def fields_of(manager: str) -> list[Any]:
        entries = cluster.get(place)["metadata"]["managedFields"]
        return [entry["fieldsV1"] for entry in entries if entry["manager"] == manager]

    apply(FIELD_MANAGER, with_password)
    patch(FIELD_MANAGER, {"spec": {"ebgpMultihop": 3}}, "merge-patch+json")
    apply(FLUX, planned)
    last = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(planned), "owner": "x"}
    patch(KUBECTL_UPDATES, {"metadata": {"annotations": last}}, "merge-patch+json")
    written = len(cluster.asked())
    for options, began in (
        (("--check",), "Without check mode nothing would be changed."),
        ((), "Nothing was changed."),
    ):
        run = run_playbook("site.yml", HYBRID, json.dumps(site), options=("--tags", "cluster,contract", *options))
        run.check(2)
        assert f"{began} platform: CiliumBGPPeerConfig" in words(run)
        assert "holds spec.authSecretRef, spec.ebgpMultihop, which the plan does not have" in words(run)
    assert cluster.writes_since(written) == []

    theirs = fields_of(FLUX), fields_of(KUBECTL_UPDATES)
    command = shlex.split(words(run).partition("give that up: ")[2].partition("]'")[0] + "]'")
    name = planned["metadata"]["name"]
    kubectl = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), "patch", "ciliumbgppeerconfig", name]
    assert command[:-1] == [*kubectl, "--type=json", "-p"]
    patch("kubectl-patch", json.loads(command[-1]), "json-patch+json")
    found = cluster.get(place)
    assert "authSecretRef" not in found["spec"]
    assert {**planned["spec"], "ebgpMultihop": 1}.items() <= found["spec"].items()  # the API server's default
    assert found["metadata"]["annotations"] == last
    assert (fields_of(FLUX), fields_of(KUBECTL_UPDATES)) == theirs
    assert fields_of(FIELD_MANAGER) == []

    apply(FIELD_MANAGER, planned)  # both hold all of it; the command of docs/situations/flux.md gives it up
    item = cluster.get(place)
    entries = [entry for entry in item["metadata"]["managedFields"] if entry["manager"] != FIELD_MANAGER]
    cluster.request(
        "PUT", place, {**item, "metadata": {**item["metadata"], "managedFields": entries}}, "application/json"
    )
    assert fields_of(FIELD_MANAGER) == []
    assert cluster.get(place)["spec"] == found["spec"]


CILIUM_V2 = "/apis/cilium.io/v2"
POOL, CONFIG = f"{CILIUM_V2}/ciliumloadbalancerippools/theirs", f"{CILIUM_V2}/ciliumbgpclusterconfigs/theirs"
PLEX = "media/plex@10.90.0.201"


def add_what_others_have(cluster: Cluster) -> None:
    """Make what a cluster with a life of its own has: a pool, a BGP configuration, MetalLB and a service of it."""
    pool = {"blocks": [{"cidr": "203.0.113.92/30"}], "serviceSelector": {"matchLabels": {"their": "own"}}}
    config = {"bgpInstances": [{"name": "theirs", "localASN": 65009}]}
    for kind, plural, spec in (
        ("CiliumLoadBalancerIPPool", "ciliumloadbalancerippools", pool),
        ("CiliumBGPClusterConfig", "ciliumbgpclusterconfigs", config),
    ):
        item = {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": {"name": "theirs"}, "spec": spec}
        cluster.apply(f"{CILIUM_V2}/{plural}/theirs", item)
    add_service_of_metallb(cluster)


def add_service_of_metallb(cluster: Cluster) -> None:
    """Make a service whose address MetalLB gave, and MetalLB's speaker."""
    cluster.add_namespace("media")
    metadata = {"name": "plex", "annotations": {"metallb.io/ip-allocated-from-pool": "lan"}}
    path = "/api/v1/namespaces/media/services"
    cluster.request("POST", path, {"metadata": metadata, "spec": {"type": "LoadBalancer", "ports": [{"port": 32400}]}})
    held = {"status": {"loadBalancer": {"ingress": [{"ip": "10.90.0.201"}]}}}
    cluster.request("PATCH", f"{path}/plex/status", held, "application/merge-patch+json")
    labels = {"app": "metallb"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "speaker", "image": "none"}]}}
    speaker = {
        "metadata": {"name": "speaker", "labels": labels},
        "spec": {"selector": {"matchLabels": labels}, "template": pod},
    }
    cluster.request("POST", "/apis/apps/v1/namespaces/media/daemonsets", speaker)


def word_of(cluster: Cluster, path: str) -> str:
    """Return the word that consents to an object as it lives."""
    found = cluster.get(path)
    metadata = found["metadata"]
    return f"{found['kind']}/{metadata['name']}@{metadata['generation']}-{metadata['uid'][:8]}"


def words(run: PlaybookRun) -> str:
    """Return a run's output with single blanks: Ansible wraps long lines."""
    return " ".join(run.output.split())


def test_a_cluster_with_a_life_of_its_own_is_left_alone(cluster: Cluster) -> None:
    add_what_others_have(cluster)
    written = len(cluster.asked())
    refused = provision(cluster)
    refused.check(2)
    assert cluster.writes_since(written) == []
    assert "changed=0" in refused.output
    told = words(refused)
    assert "CiliumBGPClusterConfig theirs: it was not made by this site, and it selects node01, node02, node03" in told
    assert f"edge_cluster_take_over: objects: - {word_of(cluster, CONFIG)} - {word_of(cluster, POOL)}" in told
    assert "it has 203.0.113.93, which the planned public-ingress has" in told
    assert "another load balancer runs here: MetalLB (DaemonSet media/speaker)" in told


@pytest.mark.long
def test_the_first_pool_beside_metallb_needs_consent_that_names_each_thing(cluster: Cluster) -> None:
    add_service_of_metallb(cluster)
    written = len(cluster.asked())
    preview = provision(cluster, "--check", "--diff")
    preview.check(2)
    assert "Service media/plex: it holds 10.90.0.201 (given by MetalLB)" in words(preview)
    assert preview.output.index("public-ingress") < preview.output.index("Without check mode")
    other = provision(cluster, edge_cluster_take_over={"services": ["media/plex@10.90.0.202"]})
    other.check(2)
    assert all("dryRun=All" in item for item in cluster.writes_since(written))
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        provision(cluster, edge_cluster_take_over={"services": [PLEX]}).check(0)
    assert len(cluster.names(f"{CILIUM_V2}/ciliumloadbalancerippools")) == 4


@pytest.mark.long
def test_objects_of_others_are_left_as_they_are_with_consent(cluster: Cluster) -> None:
    add_what_others_have(cluster)
    before = cluster.get(POOL)
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        said = {"objects": [word_of(cluster, POOL), word_of(cluster, CONFIG)], "services": [PLEX]}
        provision(cluster, edge_cluster_take_over=said).check(0)
        second = provision(cluster)
        second.check(0)  # the consent is done with: what lives as planned is not judged anew
    assert "changed=0 " in second.output
    assert cluster.get(POOL) == before


@pytest.mark.long
def test_all_that_lacks_is_told_at_once(cluster: Cluster) -> None:
    """An account that may read, and not all of it, and write nothing; an old Helm, and a login in the chart's address."""
    helm = cluster.folder / "helm"
    helm.write_text("#!/bin/sh\necho v3.9.0\n")
    helm.chmod(0o755)
    groups = "/apis/rbac.authorization.k8s.io/v1"
    reading = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}
    without = {**reading, "apiGroups": ["", "apiextensions.k8s.io"]}
    role = {"metadata": {"name": "reading"}, "rules": [without]}
    cluster.request("POST", f"{groups}/clusterroles", role)
    subject = {"kind": "User", "name": cluster_lab.READER, "apiGroup": "rbac.authorization.k8s.io"}
    ref = {"kind": "ClusterRole", "name": "reading", "apiGroup": "rbac.authorization.k8s.io"}
    binding = {"metadata": {"name": "reading"}, "subjects": [subject], "roleRef": ref}
    cluster.request("POST", f"{groups}/clusterrolebindings", binding)
    account = {"edge_cluster_context": cluster_lab.READER, "cilium_net_release_binary": str(helm)}
    written = len(cluster.asked())
    blind = provision(cluster, "--check", **account, cilium_net_release_chart="oci://me:geheim@charts.example/cilium")
    blind.check(2)
    told = words(blind)
    assert "the account may not list ciliumbgppeerconfigs.cilium.io: grant it by a ClusterRole" in told
    assert "the account may not list ciliumloadbalancerippools.cilium.io" in told
    assert "Install Cilium" not in blind.output  # nothing could be shown
    assert "cilium_net_release_chart: holds a login or a query, which Helm would show" in told
    assert "geheim" not in blind.output
    assert "helm v3.9.0: 3.14 or newer, before 5 is needed" in told
    for lack in (
        "create, get, patch ciliumloadbalancerippools.cilium.io",
        "create, get, patch daemonsets.apps in the namespace kube-system",
        "patch nodes",
        "create, patch services in the namespace dummy",
    ):
        assert f"unless all of it is there as planned, which could not be seen: the account may not {lack}" in told
    assert cluster.writes_since(written) == []


@pytest.mark.long
@pytest.mark.parametrize("verbosity", ["-v", "-vvv"])
def test_values_of_the_release_are_in_no_output(cluster: Cluster, verbosity: str) -> None:
    """Helm installs, upgrades and fails with a secret among its values; nobody reads it, at whatever verbosity."""
    secret = {"hubble": {"tls": {"ca": {"key": "geheim-one-two"}}}}
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        first = provision(cluster, verbosity, "--diff", edge_cilium_values=secret)
        first.check(0)
        upgraded = provision(cluster, verbosity, edge_cilium_values={**secret, "debug": {"enabled": True}})
        upgraded.check(0)
    broken = {**secret, "k8sServiceHostRef": {"name": "geheim-one-two"}, "k8sServiceHost": "x", "nodePort": "bad"}
    failed = provision(cluster, verbosity, edge_cilium_values=broken)
    failed.check(2)
    for run in (first, upgraded):
        assert "geheim" not in run.output
    assert "ca: {key: geheim" not in failed.output
