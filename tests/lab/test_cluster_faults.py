# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the middle of which the API server goes away, is slow, or refuses: nothing is lost, and the next completes.

The roles bring a cluster that has the reference site to one object more, or less.
"""

from __future__ import annotations

import copy
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.client import (  # noqa: E402
    open_cluster,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import read_rules  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.preflight import (  # noqa: E402
    Right,
    lacking_rights,
    writing_rights,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan  # noqa: E402
from api_gate import AFTER, BEFORE, HANGS, Gate, gate  # noqa: E402
from cluster_lab import Cluster, Run, release_step, run_roles  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

CILIUM_V2 = "/apis/cilium.io/v2"
POOLS = f"{CILIUM_V2}/ciliumloadbalancerippools"
NOTE = "/api/v1/namespaces/kube-system/configmaps/cluster-edge-hybrid"
WEB = "/api/v1/namespaces/media/services/web"
PLATFORM: dict[str, Any] = hybrid_plan().data["clusters"]["platform"]
PARTS = {"bgp": "cilium_net_bgp", "lb": "cilium_net_lb", "services": "cilium_net_services"}
PLACES = {
    "bgp": f"{CILIUM_V2}/ciliumbgppeerconfigs/drill",
    "lb": f"{POOLS}/drill",
    "services": "/api/v1/namespaces/dummy/services/drill",
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Yield a cluster that has the reference site, a service of others that holds an address, and a pool of theirs."""
    for cluster in cluster_lab.started(tmp_path_factory.mktemp("cluster")):
        cluster.add_cilium_kinds()
        cluster.add_nodes("control-01", *(f"node0{number}" for number in range(1, 5)))
        for name in ("dummy", "affine", "media"):
            cluster.add_namespace(name)
        theirs = {"blocks": [{"cidr": "198.51.100.0/24"}], "serviceSelector": {"matchLabels": {"their": "own"}}}
        pool = {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "theirs"}}
        cluster.apply(f"{POOLS}/theirs", {**pool, "spec": theirs})
        web = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": {"their": "own"}}}
        cluster.apply(WEB, {**web, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})
        held = {"status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}]}}}
        cluster.request("PATCH", f"{WEB}/status", held, "application/merge-patch+json")
        first = run_roles(cluster, *(step(part) for part in PARTS))
        assert (first.returncode, first.changed) == (0, 3), first.output
        yield cluster


@pytest.fixture
def entrance(cluster: Cluster) -> Iterator[Gate]:
    with gate(cluster) as opened:
        yield opened


def step(part: str, *names: str, entrance: Gate | None = None) -> tuple[str, dict[str, Any]]:
    """Return the role of a part with the planned objects, and one more for each name."""
    own: dict[str, Any] = {"site": "hybrid"}
    if part == "services":
        own["items"] = [*PLATFORM["services"], *(drill_service(name) for name in names)]
    else:
        own.update(objects=[*PLATFORM[part], *(drill_object(part, name) for name in names)], wait=10)
    if part == "bgp":
        own["node_labels"] = PLATFORM["node_labels"]
    return PARTS[part], {**own, **({"kubeconfig": str(entrance.kubeconfig)} if entrance else {})}


def drill_object(part: str, name: str) -> dict[str, Any]:
    kind = {"bgp": "CiliumBGPPeerConfig", "lb": "CiliumLoadBalancerIPPool"}[part]
    item = copy.deepcopy(next(item for item in PLATFORM[part] if item["kind"] == kind))
    item["metadata"]["name"] = name
    if part == "lb":
        number = sum(map(ord, name)) % 200
        item["spec"]["blocks"] = [{"cidr": f"192.0.2.{number}/32"}]
        item["spec"]["serviceSelector"] = {"matchLabels": {"drill": name}}
    return item


def drill_service(name: str) -> dict[str, Any]:
    item = copy.deepcopy(next(item for item in PLATFORM["services"] if item["name"] == "dummy-service"))
    item["name"] = item["object"]["metadata"]["name"] = name
    for of in (item, item["object"]["metadata"]):
        of["annotations"] = {}
    return item


def words(run: Run) -> str:
    return " ".join(run.output.split())


def of_others(cluster: Cluster) -> list[Any]:
    return [cluster.get(path) for path in (WEB, f"{POOLS}/theirs")]


def uids(cluster: Cluster) -> set[str]:
    """Return the UIDs of what the site has made."""
    paths = [POOLS, f"{CILIUM_V2}/ciliumbgppeerconfigs", "/api/v1/services"]
    items = [item for path in paths for item in cluster.get(path)["items"]]
    site = "cluster-edge.hybridnet/site"
    return {item["metadata"]["uid"] for item in items if site in (item["metadata"].get("labels") or {})}


def check_note(cluster: Cluster) -> None:
    """Check that the note has all that the site made, and no run that is cut off."""
    noted = cluster.get(NOTE)["data"]
    assert uids(cluster) <= set(noted)
    assert [key for key in noted if key.startswith("making")] == []


# Each: the part, the names beside the plan, the request at which the server goes away, and its moment.
MAKING = [
    pytest.param("lb", "PATCH", "/drill", AFTER, 1, id="pool made, answer lost"),
    pytest.param("services", "PATCH", "configmaps/cluster-edge", BEFORE, 2, id="service made, not noted"),
]
MAKING_LONG = [
    pytest.param("bgp", "PATCH", "/drill", BEFORE, 1, id="before a peer config"),
    pytest.param("lb", "PATCH", "configmaps/cluster-edge", AFTER, 1, id="noted what is to be made"),
    pytest.param("lb", "PATCH", "configmaps/cluster-edge", AFTER, 2, id="all done, answer lost"),
    pytest.param("services", "PATCH", "/drill", AFTER, 1, id="service made, answer lost"),
    pytest.param("lb", "GET", "ciliumloadbalancerippools", BEFORE, 1, id="while it is read"),
]


@pytest.mark.parametrize(
    ("part", "method", "path", "when", "number"),
    [*MAKING, *(pytest.param(*item.values, id=item.id, marks=pytest.mark.long) for item in MAKING_LONG)],
)
def test_server_that_goes_away_while_an_object_is_made(
    cluster: Cluster, entrance: Gate, part: str, method: str, path: str, when: str, number: int
) -> None:
    before, others = uids(cluster), of_others(cluster)
    entrance.cut_at(method, path, when, number)
    cut = run_roles(cluster, step(part, "drill", entrance=entrance))
    assert entrance.down, "the run never came to this request"
    assert cut.returncode != 0, cut.output
    assert "Traceback" not in cut.output
    if method == "PATCH":
        assert "Mend this and run again" in words(cut) or "out of reach" in words(cut)
    assert before <= uids(cluster)
    assert of_others(cluster) == others
    entrance.mend()
    completed = run_roles(cluster, step(part, "drill", entrance=entrance))
    assert completed.returncode == 0, completed.output
    assert cluster.get(PLACES[part]) is not None
    check_note(cluster)
    gone = run_roles(cluster, step(part))
    assert (gone.returncode, gone.changed) == (0, 1), gone.output  # it was known as this site's own
    assert cluster.get(PLACES[part]) is None
    assert uids(cluster) == before


@pytest.mark.parametrize(
    ("part", "when"),
    [
        pytest.param("lb", AFTER, id="pool, answer lost"),
        pytest.param("services", BEFORE, id="service", marks=pytest.mark.long),
    ],
)
def test_server_that_goes_away_while_an_object_is_removed(
    cluster: Cluster, entrance: Gate, part: str, when: str
) -> None:
    before, others = uids(cluster), of_others(cluster)
    assert run_roles(cluster, step(part, "drill")).returncode == 0
    entrance.cut_at("DELETE", "/drill", when)
    cut = run_roles(cluster, step(part, entrance=entrance))
    assert (entrance.down, cut.returncode != 0) == (True, True), cut.output
    assert "removing " in words(cut)
    assert "/drill" in words(cut) or " drill: " in words(cut)
    assert "out of reach" in words(cut)
    entrance.mend()
    completed = run_roles(cluster, step(part, entrance=entrance))
    assert completed.returncode == 0, completed.output
    assert (cluster.get(PLACES[part]), uids(cluster)) == (None, before)
    check_note(cluster)
    assert of_others(cluster) == others


def test_object_that_is_refused_is_named_and_nothing_is_removed(cluster: Cluster) -> None:
    """Of two new pools somebody's policy refuses one, while a third leaves; and again in the next run."""
    assert run_roles(cluster, step("lb", "old")).returncode == 0
    others = of_others(cluster)
    with cluster_lab.refusing(cluster, "ciliumloadbalancerippools", "refused", "CREATE", "UPDATE"):
        for _time in range(2):
            run = run_roles(cluster, step("lb", "refused", "taken"))
            assert run.returncode != 0
            said = "CiliumLoadBalancerIPPool refused: the API server refused to write it: "
            assert said in words(run)
            assert "denied request: not here What was written before it stays." in words(run)
            assert {"old", "taken"} <= set(cluster.names(POOLS))
            assert uids(cluster) <= set(cluster.get(NOTE)["data"])
    completed = run_roles(cluster, step("lb", "refused", "taken"))
    assert completed.returncode == 0, completed.output
    assert {"old", "refused", "taken"} & set(cluster.names(POOLS)) == {"refused", "taken"}
    check_note(cluster)
    assert run_roles(cluster, step("lb")).returncode == 0
    assert of_others(cluster) == others


@pytest.mark.long
def test_slow_server(cluster: Cluster, entrance: Gate) -> None:
    entrance.delay = 1.0
    run = run_roles(cluster, step("lb", "drill", entrance=entrance))
    assert (run.returncode, run.changed) == (0, 1), run.output
    check_note(cluster)
    assert run_roles(cluster, step("lb")).returncode == 0


@pytest.mark.long
@pytest.mark.parametrize("part", PARTS)
def test_server_that_takes_a_write_and_hangs_is_given_up(cluster: Cluster, entrance: Gate, part: str) -> None:
    before, others = uids(cluster), of_others(cluster)
    entrance.cut_at("PATCH", "/drill", HANGS)
    run = run_roles(cluster, step(part, "drill", entrance=entrance))
    assert (entrance.down, run.returncode != 0) == (True, True), run.output
    assert re.search(r"is out of reach: Read timed out. \(read timeout=(60|59\.\d+)\)", words(run)), run.output
    assert "Mend this and run again" in words(run)
    assert (uids(cluster), of_others(cluster)) == (before, others)
    entrance.mend()
    assert run_roles(cluster, step(part, "drill", entrance=entrance)).returncode == 0
    check_note(cluster)
    assert run_roles(cluster, step(part)).returncode == 0


@pytest.mark.long
def test_server_that_hangs_is_given_up(cluster: Cluster, entrance: Gate) -> None:
    entrance.delay = 60.0
    run = run_roles(cluster, step("lb", "drill", entrance=entrance))
    assert run.returncode != 0
    assert "out of reach" in words(run)
    assert cluster.get(PLACES["lb"]) is None


def of_reader(cluster: Cluster, *rules: dict[str, Any]) -> str:
    """Grant an account these rules and no others, and return its kubeconfig."""
    groups = "/apis/rbac.authorization.k8s.io/v1"
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "of-reader"}}
    cluster.apply(f"{groups}/clusterroles/of-reader", {**role, "rules": list(rules)})
    subject = {"kind": "User", "name": cluster_lab.READER, "apiGroup": "rbac.authorization.k8s.io"}
    ref = {"kind": "ClusterRole", "name": "of-reader", "apiGroup": "rbac.authorization.k8s.io"}
    binding = {**role, "kind": "ClusterRoleBinding", "subjects": [subject], "roleRef": ref}
    cluster.apply(f"{groups}/clusterrolebindings/of-reader", binding)
    config = cluster.kubeconfig.read_text().replace('"current-context": "lab"', '"current-context": "reader"')
    own = cluster.folder / "of-reader"
    own.write_text(config)
    own.chmod(0o600)
    return str(own)


READING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}


def of_pools(*verbs: str, **more: Any) -> dict[str, Any]:
    return {"apiGroups": ["cilium.io"], "resources": ["ciliumloadbalancerippools"], "verbs": list(verbs), **more}


@pytest.mark.long
def test_right_that_lacks_for_one_kind(cluster: Cluster) -> None:
    """The account may do all but write pools."""
    own = of_reader(cluster, READING, {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]})
    role_name, options = step("lb", "drill")
    run = run_roles(cluster, (role_name, {**options, "kubeconfig": own}))
    assert run.returncode != 0
    assert "CiliumLoadBalancerIPPool drill: " in words(run)
    assert 'User "reader" cannot patch resource "ciliumloadbalancerippools"' in words(run).replace('\\"', '"')
    assert cluster.get(PLACES["lb"]) is None
    completed = run_roles(cluster, step("lb", "drill"))
    assert completed.returncode == 0, completed.output
    check_note(cluster)
    assert run_roles(cluster, step("lb")).returncode == 0


def test_rights_by_name_suffice_where_the_preflight_says_so(cluster: Cluster) -> None:
    """What the preflight counts, against the API server: rules by resourceNames for the one pool and for the note."""
    note = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": ["cluster-edge-hybrid"],
        "verbs": ["patch"],
    }
    by_name = {"resourceNames": ["drill"]}
    role_name, options = step("lb", "drill")
    made = [item for item in options["objects"] if item["metadata"]["name"] == "drill"]
    few = of_reader(cluster, READING, note, of_pools("patch", **by_name))
    assert [text.partition(":")[0] for text in lacks_of(few, writing_rights(made, []))] == [
        "the account may not create ciliumloadbalancerippools.cilium.io"
    ]
    refused = run_roles(cluster, (role_name, {**options, "kubeconfig": few}))
    assert (refused.returncode != 0, cluster.get(PLACES["lb"])) == (True, None), refused.output
    enough = of_reader(cluster, READING, note, of_pools("patch", "create", **by_name))
    assert lacks_of(enough, writing_rights(made, [])) == []
    done = run_roles(cluster, (role_name, {**options, "kubeconfig": enough}))
    assert (done.returncode, done.changed) == (0, 1), done.output
    (role_name, left), removed = step("lb"), [cluster.get(PLACES["lb"])]
    removed[0]["kind"] = "CiliumLoadBalancerIPPool"
    assert len(lacks_of(enough, writing_rights([], removed))) == 1
    all_of_it = of_reader(cluster, READING, note, of_pools("patch", "create", "delete", **by_name))
    assert lacks_of(all_of_it, writing_rights([], removed)) == []
    gone = run_roles(cluster, (role_name, {**left, "kubeconfig": all_of_it}))
    assert (gone.returncode, cluster.get(PLACES["lb"])) == (0, None), gone.output
    check_note(cluster)


def lacks_of(kubeconfig: str, wanted: set[Right]) -> list[str]:
    """Return what the preflight finds lacking for an account, once the API server knows its rules."""
    with open_cluster(kubeconfig, None, {}) as api:
        return lacking_rights(wanted, read_rules(api, []))


@pytest.mark.long
def test_kind_that_comes_late(cluster: Cluster) -> None:
    """Without the kind the run ends and says who registers it; one that comes while the run waits is enough."""
    definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/ciliumbgpnodeconfigoverrides.cilium.io"
    body = cluster.get(definition)
    cluster.request("DELETE", definition)
    cluster_lab.wait_for("the kind is gone", lambda: cluster.get(definition) is None)
    item = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumBGPNodeConfigOverride",
        "metadata": {"name": "node01", "labels": PLATFORM["bgp"][0]["metadata"]["labels"]},
        "spec": {"bgpInstances": [{"name": "as65001", "routerID": "10.0.0.1"}]},
    }
    role, options = step("bgp")
    options["objects"] = [*options["objects"], item]
    run = run_roles(cluster, (role, {**options, "wait": 1}))
    assert run.returncode != 0
    assert "CiliumBGPNodeConfigOverride: the cluster does not serve this kind" in words(run)
    assert "logs deployment/cilium-operator" in words(run)
    fresh = {"apiVersion": body["apiVersion"], "kind": body["kind"], "spec": body["spec"]}
    fresh["metadata"] = {"name": body["metadata"]["name"]}
    cluster.apply(definition, fresh, "operator")
    completed = run_roles(cluster, (role, {**options, "wait": 30}))
    assert (completed.returncode, completed.changed) == (0, 1), completed.output
    assert run_roles(cluster, step("bgp")).returncode == 0


def release(kubeconfig: Path, **others: Any) -> tuple[str, dict[str, Any]]:
    """Return the role of the release, by a real Helm."""
    values = {**PLATFORM["helm_values"], "operator": {"rollOutPods": True, "replicas": 1}}
    return release_step(values, site="hybrid", kubeconfig=str(kubeconfig), timeout=60, **others)


def release_status(cluster: Cluster) -> list[str]:
    """Return the status of each revision of the release, oldest first."""
    found = cluster.get("/api/v1/namespaces/kube-system/secrets?labelSelector=owner=helm")["items"]
    labels = sorted((item["metadata"]["labels"] for item in found), key=lambda label: int(label["version"]))
    return [label["status"] for label in labels]


# Each: the request at which the server is lost while Helm installs, and how.
HELM_CUTS = [
    pytest.param("PATCH|POST|PUT", "daemonsets", HANGS, id="hangs"),
    pytest.param("PATCH|POST|PUT", "daemonsets", BEFORE, id="goes away"),
    pytest.param("PUT|PATCH", "secrets/sh.helm", BEFORE, id="goes away at its end"),
]


@pytest.mark.long
@pytest.mark.parametrize(("methods", "path", "when"), HELM_CUTS)
def test_server_that_is_lost_while_helm_is_at_work(
    cluster: Cluster, entrance: Gate, methods: str, path: str, when: str
) -> None:
    """Helm's call ends in time with a clear error, what it left is freed, and the next run goes on from there."""
    others = of_others(cluster)
    entrance.cut_at(methods, path, when)
    cut = run_roles(cluster, release(entrance.kubeconfig, helm_timeout=15 if when == HANGS else 60))
    assert (entrance.down, cut.returncode != 0) == (True, True), cut.output
    if when == HANGS:
        assert "helm upgrade gave no end within 15 s, and was ended" in words(cut)
    assert of_others(cluster) == others
    assert "Traceback" not in cut.output
    assert release_status(cluster)[-1].startswith("pending-")
    entrance.mend()
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        whole = release(cluster.kubeconfig, helm_timeout=20)
        completed = run_roles(cluster, whole)
        again = run_roles(cluster, whole)
    assert completed.returncode == 0, completed.output
    assert (again.returncode, again.changed) == (0, 0), again.output
    status = release_status(cluster)
    assert status[-1] == "deployed"
    assert not any(item.startswith("pending-") for item in status)
    assert of_others(cluster) == others
    for item in cluster.get("/api/v1/namespaces/kube-system/secrets?labelSelector=owner=helm")["items"]:
        cluster.request("DELETE", f"/api/v1/namespaces/kube-system/secrets/{item['metadata']['name']}")


@pytest.mark.long
def test_consent_for_many_services_is_printed_to_be_pasted(cluster: Cluster) -> None:
    """A pool leaves of which three services hold an address: the block that the run prints is pasted, and it goes."""
    role, options = step("lb", "drill")
    pool = options["objects"][-1]
    pool["spec"].update(blocks=[{"cidr": "192.0.2.240/28"}], serviceSelector={"matchLabels": {"drawn": "here"}})
    assert run_roles(cluster, (role, options)).returncode == 0
    names = [f"held-{number}" for number in range(3)]
    for number, name in enumerate(names):
        path = f"/api/v1/namespaces/media/services/{name}"
        metadata = {"name": name, "labels": {"drawn": "here"}}
        spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
        cluster.apply(path, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
        held = {"status": {"loadBalancer": {"ingress": [{"ip": f"192.0.2.{241 + number}"}]}}}
        cluster.request("PATCH", f"{path}/status", held, "application/merge-patch+json")
    refused = run_roles(cluster, step("lb"))
    assert refused.returncode != 0
    assert cluster.get(PLACES["lb"]) is not None
    _before, head, after = refused.output.partition("in place of what stands there:\n")
    assert head, refused.output
    said = yaml.safe_load(textwrap.dedent(after.partition("\n\n")[0]))
    services = [f"media/{name}@192.0.2.{241 + number}" for number, name in enumerate(names)]
    assert said == {"edge_cluster_take_over": {"services": services}}
    role, options = step("lb")
    consented = run_roles(cluster, (role, {**options, "take_over": said["edge_cluster_take_over"]}))
    assert (consented.returncode, consented.changed) == (0, 1), consented.output
    assert cluster.get(PLACES["lb"]) is None
    for name in names:
        cluster.request("DELETE", f"/api/v1/namespaces/media/services/{name}")


@pytest.mark.long
@pytest.mark.parametrize("when", [BEFORE, AFTER])
@pytest.mark.parametrize("part", PARTS)
def test_server_that_is_killed_while_objects_are_made_and_removed(
    cluster: Cluster, entrance: Gate, part: str, when: str
) -> None:
    """By a real SIGKILL; it is back with what etcd has."""
    before, others = uids(cluster), of_others(cluster)
    for method, names in (("PATCH", ["drill"]), ("DELETE", [])):
        entrance.cut_at(method, "/drill", when)
        entrance.on_down = cluster.kill_api_server
        cut = run_roles(cluster, step(part, *names, entrance=entrance))
        assert (entrance.down, cut.returncode != 0) == (True, True), cut.output
        assert "out of reach" in words(cut)
        assert "Traceback" not in cut.output
        cluster.start_api_server()
        entrance.mend()
        assert before <= uids(cluster)
        assert of_others(cluster) == others
        completed = run_roles(cluster, step(part, *names, entrance=entrance))
        assert completed.returncode == 0, completed.output
        assert (cluster.get(PLACES[part]) is not None) is bool(names)
        check_note(cluster)
    assert uids(cluster) == before


@pytest.mark.long
def test_server_that_is_killed_while_helm_is_at_work(cluster: Cluster, entrance: Gate) -> None:
    others = of_others(cluster)
    entrance.cut_at("PATCH|POST|PUT", "daemonsets", BEFORE)
    entrance.on_down = cluster.kill_api_server
    cut = run_roles(cluster, release(entrance.kubeconfig, helm_timeout=60))
    assert (entrance.down, cut.returncode != 0) == (True, True), cut.output
    assert "helm upgrade failed" in words(cut)
    cluster.start_api_server()
    assert release_status(cluster)[-1].startswith("pending-")
    with cluster_lab.rollouts_complete_by_themselves(cluster):
        whole = release(cluster.kubeconfig, helm_timeout=20)
        completed = run_roles(cluster, whole)
        again = run_roles(cluster, whole)
    assert completed.returncode == 0, completed.output
    assert (again.returncode, again.changed) == (0, 0), again.output
    assert release_status(cluster)[-1] == "deployed"
    assert of_others(cluster) == others
