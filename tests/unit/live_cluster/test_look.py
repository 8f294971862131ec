# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an inventory and a live cluster to all reasons why the run must not begin."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.helm_records import read_release
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import MISSING, NOT_SEEN
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import FIELD_MANAGER
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.live_objects import place
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.look import (
    Target,
    calls_helm,
    identity_of,
    look,
    look_request,
    reads_workloads,
    target_of,
    usage_request,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import (
    Claims,
    making_entry,
    making_key,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.parts import part_changes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.preflight import EVERYWHERE, Right
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.takeover import (
    Release,
    release_note,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import TakeOver
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.helm_stand_in import HelmStandIn, record
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.noted import other_than_planned, uid_of, way_out

SITE = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.67.0.0/24}}
    edge_peerings: {k8s: {}}
    edge_pools: {lb: {addresses: 10.67.200.0/24}}
  children:
    edge_routers: {hosts: {gw: {ansible_host: 10.67.0.1, edge_router_asn: 64512}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64513, edge_cilium_version: "1.17.9"}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.67.0.11}}}
"""
POLICY = """
apiVersion: cilium.io/v2alpha1
kind: CiliumBGPPeeringPolicy
metadata: {name: old-policy, generation: 4, uid: 00000000-0000-4000-8000-000000000004}
spec:
  nodeSelector: {matchLabels: {kubernetes.io/os: linux}}
  virtualRouters: [{localASN: 64513, neighbors: [{peerAddress: 10.67.0.1/32, peerASN: 64512}]}]
"""
POOL = """
apiVersion: cilium.io/v2alpha1
kind: CiliumLoadBalancerIPPool
metadata: {name: theirs, generation: 1, uid: 00000000-0000-4000-8000-000000000005}
spec: {blocks: [{cidr: 10.67.200.0/24}]}
"""
VERB_KEYS = ("apiGroups", "resources", "verbs")
ADMINISTRATOR = {"": {"resourceRules": [{key: ["*"] for key in VERB_KEYS}], "incomplete": False}}
READER = {"": {"resourceRules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}]}}


def target(version: str = "1.17.9", **cluster: Any) -> Target:
    document = yaml.safe_load(SITE)
    home = document["all"]["children"]["edge_clusters"]["hosts"]["home"]
    home.update({"edge_cilium_version": version, "edge_cilium_managed": False, **cluster})
    planned = plan(inventory_from(document)).data
    return Target(planned["site"], planned["clusters"]["home"], "cilium", "kube-system")


def state(of: Target, *objects: str, **changes: Any) -> dict[str, Any]:
    """Return a cluster of the planned node that serves all planned kinds as they are planned."""
    kinds = {
        item["kind"]: {
            "versions": [item["apiVersion"].partition("/")[2]],
            "fields": {item["apiVersion"].partition("/")[2]: None},
        }
        for item in [*of.cluster["bgp"], *of.cluster["lb"]]
    }
    live: dict[str, Any] = {
        "kinds": kinds,
        "objects": [yaml.safe_load(text) for text in objects],
        "nodes": {"n1": {"labels": {"kubernetes.io/os": "linux", "kubernetes.io/hostname": "n1"}, "owned": []}},
        "release": None,
        "config_map": {},
        "services": [],
        "secrets": [],
        "secrets_elsewhere": [],
        "secrets_gone": [],
        "namespaces": ["kube-system"] if look_request(of, workloads=True).get("namespaces") else None,
        "workloads": [],
        "rollouts": {},
        "unready": {},
    }
    return {**live, **changes}


def paths(of: Target, live: dict[str, Any], rules: dict[str, Any] | None = None) -> list[str]:
    return [text.partition(":")[0] for text in look(of, live, rules or ADMINISTRATOR).refusals]


@pytest.mark.parametrize(
    ("place", "kubectl"),
    [
        pytest.param({}, "kubectl", id="the client's own"),
        pytest.param(
            {"edge_cluster_kubeconfig": "/k/a b", "edge_cluster_context": "home"},
            "kubectl --kubeconfig '/k/a b' --context home",
            id="a context of a kubeconfig",
        ),
        pytest.param(
            {"edge_cluster_kubeconfig": "~/a b"}, "kubectl --kubeconfig ~/'a b'", id="a home, which a shell must see"
        ),
    ],
)
def test_printed_commands_name_the_cluster(place: dict[str, str], kubectl: str) -> None:
    """Whoever copies one has perhaps another cluster as the current one."""
    of = target(**place)
    theirs = {**of.cluster["lb"][0], "metadata": {"name": of.cluster["lb"][0]["metadata"]["name"], "uid": "x"}}
    (refused,) = look(of, state(of, json.dumps(theirs), config_map={"noted.lb": "true"}), ADMINISTRATOR).refusals
    assert way_out("lb", kubectl=kubectl).replace("cluster-edge-home", "cluster-edge-edge") in refused


def test_a_pool_by_hand_that_is_as_planned_is_taken_by_a_command_and_one_that_is_disabled_is_not() -> None:
    """Nobody writes ``allowFirstLastIPs`` by hand, and the plan always has it."""
    of = target()
    by_hand = {
        **of.cluster["lb"][0],
        "metadata": {"name": "lb", "uid": "x"},
        "spec": {"blocks": [{"cidr": "10.67.200.0/24"}]},
    }
    for more, out in (({}, way_out("lb", noted=False)), ({"disabled": True}, other_than_planned("spec.disabled"))):
        live = {**by_hand, "spec": {**by_hand["spec"], **more}}
        (refused,) = look(of, state(of, json.dumps(live)), ADMINISTRATOR).refusals
        assert out in refused


OF_HOME = {"app.kubernetes.io/managed-by": FIELD_MANAGER, "cluster-edge.hybridnet/site": "edge"}
"""The labels of the site of :func:`target`."""
WRITES = re.compile(r"kubectl (?!--context home )(-n \S+ )?(create|delete|edit|scale|patch|apply|label|annotate)")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"namespaces": []}, "create namespace kube-system", id="no namespace"),
        pytest.param(
            {
                "rollouts": {"Deployment/kube-system/cilium-operator": "scaled to 0"},
                "unready": {
                    "Deployment/kube-system/cilium-operator": {
                        "ready": 0,
                        "wanted": 1,
                        "pods": (),
                        "waits_for_nodes": False,
                        "only_old": False,
                    }
                },
            },
            "-n kube-system scale deployment/cilium-operator",
            id="an operator that is scaled down",
        ),
    ],
)
def test_no_refusal_writes_to_the_current_context(changes: dict[str, Any], told: str) -> None:
    of = target(edge_cluster_context="home")
    refused = "\n".join(look(of, state(of, **changes), ADMINISTRATOR).refusals)
    assert f"kubectl --context home {told}" in refused
    assert not WRITES.search(refused)


def test_an_edited_note_names_the_cluster() -> None:
    of = target(edge_cluster_context="home")
    with pytest.raises(EdgeError, match="mend it: kubectl --context home -n kube-system edit configmap"):
        look(of, state(of, config_map={"hello": "world"}), ADMINISTRATOR)


def test_a_cluster_with_a_peering_policy_and_a_pool_of_the_same_addresses() -> None:
    """The policy wins over the planned sessions, and the planned pool, the younger one, would be disabled."""
    of = target()
    refused = look(of, state(of, POLICY, POOL), ADMINISTRATOR).refusals
    assert [text.partition(":")[0] for text in refused] == [
        "CiliumBGPPeeringPolicy old-policy",
        "CiliumLoadBalancerIPPool theirs",
        "To consent to all of these, write this at the cluster's host, in place of what stands there",
    ]
    assert "before Cilium 1.19 it wins" in refused[0]
    assert "it has 10.67.200.0-10.67.200.255, which the planned lb has" in refused[1]
    consent = yaml.safe_load(refused[2].partition("\n")[2])
    named = ["CiliumBGPPeeringPolicy/old-policy@4-00000000", "CiliumLoadBalancerIPPool/theirs@1-00000000"]
    assert consent == {"edge_cluster_take_over": {"objects": named}}
    of = target(**consent)
    assert paths(of, state(of, POLICY, POOL)) == []


def test_another_cluster_is_told_alone() -> None:
    of = target()
    found = look(of, state(of, POLICY, nodes={"else": {"labels": {}, "owned": []}}), READER)
    assert len(found.refusals) == 1
    for words in ("Either this is another cluster", "edge_cluster_context", "let the first planned node join"):
        assert words in found.refusals[0]


OURS = {"app.kubernetes.io/managed-by": "hybridnet.cluster_edge"}


def test_what_left_the_inventory_is_listed_and_refused_while_it_is_in_use() -> None:
    """A peering whose session is up, and a pool of which only a service that leaves too holds an address."""
    of = target("1.19.6")
    marks = {**OURS, "cluster-edge.hybridnet/site": of.site}
    uid = "00000000-0000-4000-8000-00000000000{}".format
    service = {
        "kind": "Service",
        "apiVersion": "v1",
        "metadata": {"name": "web", "namespace": "media", "uid": uid(1), "labels": marks},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": "10.68.0.1"}]}},
    }
    pool = {
        "kind": "CiliumLoadBalancerIPPool",
        "apiVersion": "cilium.io/v2",
        "metadata": {"name": "old", "uid": uid(2), "labels": marks},
        "spec": {"blocks": [{"cidr": "10.68.0.0/24"}]},
    }
    peer = {"name": "old-gw", "peerAddress": "10.67.0.9"}
    config = {
        "kind": "CiliumBGPClusterConfig",
        "apiVersion": "cilium.io/v2",
        "metadata": {"name": "old", "uid": uid(3), "labels": marks, "generation": 2},
        "spec": {"bgpInstances": [{"name": "as64513", "peers": [peer]}]},
    }
    sessions = {
        "kind": "CiliumBGPNodeConfig",
        "metadata": {"name": "n1", "ownerReferences": [{"kind": "CiliumBGPClusterConfig", "name": "old"}]},
        "spec": {},
        "status": {"bgpInstances": [{"peers": [{**peer, "peeringState": "established"}]}]},
    }
    made = {uid(1): "Service media/web", uid(2): "CiliumLoadBalancerIPPool old", uid(3): "CiliumBGPClusterConfig old"}
    noted = {**made, **{f"noted.{part}": "true" for part in ("bgp", "lb", "services")}}
    live = state(of, services=[service], config_map=noted)
    live["objects"] = [pool, config, sessions]
    found = look(of, live, ADMINISTRATOR)
    listed = "CiliumBGPClusterConfig old, CiliumLoadBalancerIPPool old, Service media/web"
    assert f"removed, as the inventory lacks it: {listed}" in found.notes
    assert [text.partition(":")[0] for text in found.refusals] == ["CiliumBGPClusterConfig old"]
    assert "n1 to 10.67.0.9" in found.refusals[0]
    said = target("1.19.6", edge_cluster_take_over={"objects": ["CiliumBGPClusterConfig/old@2-00000000"]})
    leaving, another = (
        Target(of.site, of.cluster, of.release, of.namespace, leaving_routers=(address,))
        for address in ("10.67.0.9", "10.67.0.1")
    )
    assert [look(other, live, ADMINISTRATOR).refusals for other in (said, leaving)] == [[], []]
    assert look(another, live, ADMINISTRATOR).refusals == found.refusals  # another router leaves


def test_a_cluster_is_told_by_its_uid_and_its_nodes() -> None:
    """Two that were restored from one snapshot have one UID."""
    of = target()
    one = {**state(of), "cluster_uid": "7d0f7f0e"}
    assert identity_of(one) == identity_of({**one}) == "7d0f7f0e n1"
    assert identity_of({**one, "nodes": {"n2": {}}}) != identity_of(one)
    assert identity_of({**one, "cluster_uid": None}) is None


POD_POOLS = {"edge_cluster_pod_pools": {"tenants": {"cidr": "10.70.0.0/17"}, "default": {"cidr": "10.71.0.0/16"}}}


def pod_pool(of: Target, cidr: str, uid: str) -> dict[str, Any]:
    marks = {**OURS, "cluster-edge.hybridnet/site": of.site}
    metadata = {"name": "tenants", "uid": uid, "labels": marks, "generation": 1}
    return {
        "kind": "CiliumPodIPPool",
        "apiVersion": "cilium.io/v2alpha1",
        "metadata": metadata,
        "spec": {"ipv4": {"cidrs": [cidr], "maskSize": 24}},
    }


@pytest.mark.parametrize(
    ("variables", "held", "refused"),
    [
        pytest.param({}, "10.70.1.0/24", "the inventory lacks it, and nodes hold CIDRs of it", id="the pool left"),
        pytest.param(POD_POOLS, "10.70.200.0/24", "its planned CIDRs lack what nodes hold of it", id="a CIDR left"),
        pytest.param(POD_POOLS, "10.70.1.0/24", None, id="what is held stays"),
    ],
)
def test_pod_cidrs_that_nodes_hold_are_not_taken_out_of_their_pool(
    variables: dict[str, Any], held: str, refused: str | None
) -> None:
    uid = "00000000-0000-4000-8000-000000000007"
    of = target("1.19.6", **variables)
    live = state(of, config_map={uid: "CiliumPodIPPool tenants", "noted.lb": "true", "noted.bgp": "true"})
    live["objects"] = [pod_pool(of, "10.70.0.0/16", uid)]
    assert usage_request(of, live) == ["ciliumnodes"]
    pools = {"allocated": [{"pool": "tenants", "cidrs": [held]}, {"pool": "default", "cidrs": ["10.99.0.0/24"]}]}
    live["objects"].append({"kind": "CiliumNode", "metadata": {"name": "n1"}, "spec": {"ipam": {"pools": pools}}})
    found = [text for text in look(of, live, ADMINISTRATOR).refusals if "does not serve" not in text]
    assert [refused in text and f"n1 has {held}" in text for text in found] == [True][: bool(refused)]
    theirs = {**live["objects"][0], "metadata": {"name": "others", "uid": "x", "generation": 1}}
    beside = {**live, "objects": [*live["objects"], theirs]}
    pools["allocated"].append({"pool": "others", "cidrs": ["10.70.9.0/24"]})
    told = [text for text in look(of, beside, ADMINISTRATOR).refusals if text.startswith("CiliumPodIPPool others")]
    assert not any("nodes hold" in text for text in told)  # it is none of ours
    said = {"objects": ["CiliumPodIPPool/tenants@1-00000000"]}
    consents = look(target("1.19.6", **variables, edge_cluster_take_over=said), live, ADMINISTRATOR).refusals
    assert [text for text in consents if "does not serve" not in text] == []


def live_release(of: Target, version: str) -> dict[str, Any]:
    values = of.cluster["helm_values"]
    made = Release("cilium", version, values).digest
    found = {"version": version, "values": values, "chart": "cilium", "status": "deployed"}
    return {"release": found, "config_map": {"release": made}}


def test_an_upgrade_that_ends_a_peering_policy_and_brings_fields() -> None:
    """What the API lacks today may come with the upgrade; the sessions of the old policy end with it."""
    of = target("1.19.6", edge_cilium_managed=True)
    before = state(of, POLICY, **live_release(of, "1.18.2"))
    for kind in before["kinds"].values():
        kind["fields"] = {name: {"spec": {}} for name in kind["fields"]}
    assert paths(of, before) == ["CiliumBGPPeeringPolicy old-policy"]
    after = {**before, **live_release(of, "1.19.6")}
    assert "CiliumBGPPeeringPolicy old-policy" not in paths(of, after)
    assert any("does not know" in text for text in look(of, after, ADMINISTRATOR).refusals)


def failed_over(of: Target, version: str, tried: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what Helm's records say: a deployed revision of this site, and over it one of this site that failed."""
    planned = of.cluster["helm_values"]
    chart = {"name": "cilium", "appVersion": tried}
    reader: Any = HelmStandIn(
        record(5, chart={"metadata": {**chart, "version": version}}, config=planned if values is None else values),
        record(6, chart={"metadata": {**chart, "version": tried}}, config=planned, info={"status": "failed"}),
    )
    made = " ".join(Release("cilium", item, planned).digest for item in (version, tried))
    return {"release": read_release(reader, "kube-system/cilium"), "config_map": {"release": made}}


def test_the_look_begins_at_what_runs_where_helm_failed_over_it() -> None:
    """The newest record is not what the nodes run: its version ends no policy and brings no field."""
    of = target("1.19.6", edge_cilium_managed=True)
    before = state(of, POLICY, **failed_over(of, "1.18.2", "1.19.6"))
    for kind in before["kinds"].values():
        kind["fields"] = {name: {"spec": {}} for name in kind["fields"]}
    refused = look(of, before, ADMINISTRATOR).refusals
    assert [text.partition(":")[0] for text in refused] == ["CiliumBGPPeeringPolicy old-policy"]
    assert calls_helm(of, before)
    far = target("1.20.2", edge_cilium_managed=True)
    told = look(far, state(far, **failed_over(far, "1.18.2", "1.19.6")), ADMINISTRATOR).refusals
    assert any("is Cilium 1.18.2 (deployed), and 1.20.2 skips a minor version" in text for text in told)


def test_values_of_what_runs_tell_whether_agents_reach_the_api_server() -> None:
    """An address that works for the running agents goes on to work, whatever the failed revision had."""
    of = target("1.19.6", edge_cilium_managed=True, edge_cluster_distribution="talos")
    node = {"labels": {}, "owned": [], "os_image": "Debian GNU/Linux 12", "kubelet_version": "v1.34.2"}
    address = {key: of.cluster["helm_values"][key] for key in ("k8sServiceHost", "k8sServicePort")}
    found = []
    for values in (address, {}):
        live = state(of, nodes={"n1": node}, **failed_over(of, "1.18.2", "1.19.6", values))
        found.append(any("agents would not reach" in text for text in look(of, live, ADMINISTRATOR).refusals))
    assert found == [False, True]


@pytest.mark.parametrize(
    ("version", "refused"),
    [
        pytest.param("1.19.6", False, id="the release is as planned"),
        pytest.param("1.18.2", True, id="Helm would be called"),
    ],
)
def test_the_rights_for_helm_are_needed_where_helm_is_called(version: str, refused: bool) -> None:
    of = target("1.19.6", edge_cilium_managed=True)
    live = state(of, **live_release(of, version))
    assert calls_helm(of, live) is refused
    assert any("daemonsets.apps" in text for text in look(of, live, READER).refusals) is refused


def test_what_is_worth_a_line() -> None:
    of = target()
    speaker = {
        "kind": "DaemonSet",
        "metadata": {"namespace": "metallb-system", "name": "speaker", "labels": {"app": "metallb"}},
    }
    nodes = {name: {"labels": {}, "owned": []} for name in ("n1", "n9")}
    found = look(of, state(of, nodes=nodes, workloads=[speaker]), ADMINISTRATOR)
    assert found.notes == [
        "nodes that the inventory does not have: n9",
        "another load balancer runs here: MetalLB (DaemonSet metallb-system/speaker); services without a"
        " loadBalancerClass are served by it and by Cilium",
    ]


KUBE_PROXY = {"kind": "DaemonSet", "metadata": {"namespace": "kube-system", "name": "kube-proxy", "labels": None}}
AGENTS = {"kind": "DaemonSet", "metadata": {"namespace": "kube-system", "name": "cilium", "labels": None}}
FLANNEL = {"kind": "DaemonSet", "metadata": {"namespace": "kube-system", "name": "kube-flannel", "labels": None}}


def test_what_the_cluster_lacks_for_its_distribution_is_told_before_helm() -> None:
    of = target("1.19.6", edge_cilium_managed=True, edge_cluster_distribution="talos")
    node = {"labels": {}, "owned": [], "os_image": "Talos (v1.12.4)", "kubelet_version": "v1.34.2"}
    asked = look_request(of, workloads=True)
    assert asked["node_info"] is True
    bare = look(of, state(of, nodes={"n1": node}, workloads=[KUBE_PROXY, FLANNEL]), ADMINISTRATOR)
    assert [text.partition(" (")[0] for text in bare.refusals] == ["flannel"]
    assert [text.partition(" (")[0] for text in bare.notes] == ["kube-proxy"]
    release = live_release(of, "1.19.6")
    runs = look(of, state(of, nodes={"n1": node}, workloads=[AGENTS, KUBE_PROXY, FLANNEL], **release), ADMINISTRATOR)
    assert (runs.refusals, [text.partition(" (")[0] for text in runs.notes]) == ([], ["flannel", "kube-proxy"])
    unseen = look(of, state(of, nodes={"n1": node}, workloads=None), ADMINISTRATOR)
    assert (unseen.refusals, unseen.notes) == ([], [])


def without_release(why: str) -> str:
    return (
        f"Cilium runs (DaemonSet kube-system/cilium), and Helm knows no release cilium in the namespace kube-system: {why},"
        " or leave Cilium to whoever installs it: edge_cilium_managed: false)"
    )


HELM_REFUSES = 'Helm would refuse its objects ("invalid ownership metadata"), after routers were changed'


@pytest.mark.parametrize(
    ("helm", "why"),
    [
        pytest.param(
            {},
            f"{HELM_REFUSES} (make a release of it with the values that run: helm upgrade --install --take-ownership, from"
            " Helm 3.17 on",
            id="installed without Helm",
        ),
        pytest.param(
            {"release-name": "rke2-cilium", "release-namespace": "kube-system"},
            f"{HELM_REFUSES} (name the release that it belongs to: cilium_net_release_name: rke2-cilium,"
            " cilium_net_release_namespace: kube-system",
            id="a release of another name",
        ),
        pytest.param(
            {"release-name": "cilium", "release-namespace": "kube-system"},
            "its objects say that this release made them, so the record of it is gone, and with it the values that Helm"
            " would unset (bring the record back, or make a new one with the values that run: helm upgrade --install",
            id="the record is gone",
        ),
    ],
)
def test_agents_without_a_release_are_refused_before_a_router_is_changed(helm: dict[str, str], why: str) -> None:
    agents = {**AGENTS, "metadata": {**AGENTS["metadata"], "helm": helm}}
    of = target("1.19.6", edge_cilium_managed=True)
    assert look(of, state(of, workloads=[agents]), ADMINISTRATOR).refusals == [without_release(why)]
    with_release = state(of, workloads=[agents], **live_release(of, "1.19.6"))
    theirs = target("1.19.6")
    deployment = {**agents, "kind": "Deployment"}
    for others, live in (
        (of, with_release),
        (theirs, state(theirs, workloads=[agents])),
        (of, state(of, workloads=[deployment])),
        (of, state(of, workloads=None)),
    ):
        assert look(others, live, ADMINISTRATOR).refusals == []


IPAM = {"edge_cilium_managed": True, "edge_cluster_distribution": "kubeadm"}
RANGE = {"edge_cluster_pod_cidrs": ["192.168.128.0/17"]}
DUAL = {"edge_cluster_pod_cidrs": [*RANGE["edge_cluster_pod_cidrs"], "fd00:1::/56"]}
MULTI = {
    "edge_cluster_pod_pools": {"default": {"cidr": "192.168.128.0/17", "mask": 24}},
    "edge_cilium_values": {
        "rollOutCiliumPods": False,
        "extraConfig": {"enable-cluster-pool-to-multi-pool-migration": "true"},
        "bpf": {"masquerade": True},
    },
}


def pod_changes(found: list[str]) -> list[str]:
    """Return what refusals tell of other addresses of pods."""
    begins = "the live release cilium: the plan changes how the pods of a running cluster get their addresses: "
    return [text.removeprefix(begins).partition(". They may")[0] for text in found if text.startswith(begins)]


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        pytest.param(
            RANGE,
            {"edge_cilium_values": {"ipam": {"mode": "kubernetes"}}},
            "ipam.mode: cluster-pool -> kubernetes",
            id="another mode",
        ),
        pytest.param(
            RANGE,
            {},
            'ipam.operator.clusterPoolIPv4PodCIDRList: ["192.168.128.0/17"] -> ["10.0.0.0/8"]',
            id="edge_cluster_pod_cidrs goes, and the chart's range follows",
        ),
        pytest.param(
            RANGE,
            {**RANGE, "edge_cluster_pod_mask": 25},
            "ipam.operator.clusterPoolIPv4MaskSize: 24 -> 25",
            id="another length",
        ),
        pytest.param(
            {"edge_cluster_distribution": "talos"},
            {"edge_cilium_values": {"kubeProxyReplacement": False}},
            "ipam.mode: kubernetes -> cluster-pool",
            id="edge_cluster_distribution goes",
        ),
        pytest.param(
            {**DUAL, "edge_cilium_values": {"ipv6": {"enabled": True}}},
            DUAL,
            "ipv6.enabled: true -> false",
            id="IPv6 of pods goes",
        ),
        pytest.param(
            RANGE, {"edge_cluster_pod_cidrs": ["192.168.128.0/17", "10.99.0.0/16"]}, None, id="a range is appended"
        ),
        pytest.param(
            {**RANGE, "edge_cilium_values": {"rollOutCiliumPods": False}}, MULTI, None, id="cluster-pool to multi-pool"
        ),
    ],
)
def test_pods_of_a_running_cluster_keep_their_addresses(
    before: dict[str, Any], after: dict[str, Any], changes: str | None
) -> None:
    """Also where the release is this site's own: no edit of the inventory moves them without a word."""
    of = target("1.20.2", **{**IPAM, **after})
    live = state(of, workloads=[KUBE_PROXY], **live_release(target("1.20.2", **{**IPAM, **before}), "1.20.2"))
    assert pod_changes(look(of, live, ADMINISTRATOR).refusals) == ([] if changes is None else [changes])


@pytest.mark.parametrize(
    ("workloads", "refused"),
    [
        pytest.param([], True, id="no kube-proxy"),
        pytest.param(None, True, id="nobody may look"),
        pytest.param([KUBE_PROXY], False, id="kube-proxy runs"),
    ],
)
def test_a_pool_that_goes_from_l2_to_bgp_leaves_service_addresses_served(
    workloads: list[dict[str, Any]] | None, refused: bool
) -> None:
    """The pool alone had brought kubeProxyReplacement, and the release is this site's own."""
    address = {"k8sServiceHost": "10.67.0.2", "k8sServicePort": 6443}
    of = target("1.20.2", **IPAM, **RANGE, edge_cilium_values=address)
    values = {**of.cluster["helm_values"], "kubeProxyReplacement": True}
    release = {"version": "1.20.2", "values": values, "chart": "cilium", "status": "deployed"}
    noted = {"release": Release("cilium", "1.20.2", values).digest}
    found = look(of, state(of, workloads=workloads, release=release, config_map=noted), ADMINISTRATOR).refusals
    assert ["write kubeProxyReplacement: true in edge_cilium_values" in text for text in found] == [True] * refused


@pytest.mark.parametrize(
    ("is_ours", "unset", "refused"),
    [
        pytest.param(
            True, ["k8sServiceHost", "k8sServicePort", "kubeProxyReplacement"], True, id="our own, stale words"
        ),
        pytest.param(True, [], True, id="our own, no word"),
        pytest.param(False, ["k8sServiceHost", "k8sServicePort", "kubeProxyReplacement"], False, id="taken over"),
        pytest.param(False, [], True, id="taken over, no word"),
    ],
)
def test_words_of_a_take_over_that_stay_let_nothing_of_our_own_release_go(
    is_ours: bool, unset: list[str], refused: bool
) -> None:
    """They were said of what others had made, and an edit of today may drop the same values of a cluster that runs."""
    address = {"k8sServiceHost": "10.67.0.2", "k8sServicePort": 6443, "kubeProxyReplacement": True}
    others = {"edge_cilium_managed": True, **RANGE}
    consent = {"edge_cluster_take_over": {"release": "cilium@1.20.2", "unset": unset}}
    of = target("1.20.2", **others, **consent)
    values = {**of.cluster["helm_values"], **address}
    release = {"version": "1.20.2", "values": values, "chart": "cilium", "status": "deployed"}
    noted = {"release": Release("cilium", "1.20.2", values).digest} if is_ours else {}
    found = look(of, state(of, workloads=[], release=release, config_map=noted), ADMINISTRATOR).refusals
    dropped = [text.partition(",")[0] for text in found if text.startswith("the live release ")]
    assert (
        dropped
        == [
            "the live release has kubeProxyReplacement: true",
            'the live release names the API server (k8sServiceHost: "10.67.0.2"',
        ]
        * refused
    )
    assert not any("To consent to all of these" in text for text in found)


def test_a_running_cluster_gets_out_of_a_clash_with_parts_that_its_nodes_do_not_have() -> None:
    """From the refused plan to a look that refuses nothing, where a node was replaced and took a later part."""
    document = yaml.safe_load(SITE)
    document["all"]["vars"]["edge_networks"]["mgmt"] = {"cidr": "10.0.1.0/24"}
    home = document["all"]["children"]["edge_clusters"]["hosts"]["home"]
    home.update({"edge_cilium_version": "1.20.2", **IPAM, "edge_cilium_values": {}})
    members = document["all"]["children"]["edge_nodes"]["hosts"]
    members["n2"] = {**members["n1"], "ansible_host": "10.67.0.12"}
    (clash,) = [item for item in plan(inventory_from(document)).findings if item.code == "EDGE424"]
    assert str(clash.hint).endswith(
        "; where it runs, write the ranges that its CiliumNodes have under spec.ipam, and consent to that one change"
    )
    home["edge_cluster_pod_cidrs"] = ["10.0.0.0/24", "10.0.2.0/24"]

    def planned() -> Target:
        made = plan(inventory_from(document))
        assert made.data is not None, made.findings
        return Target(made.data["site"], made.data["clusters"]["home"], "cilium", "kube-system")

    of = planned()
    before = {key: item for key, item in of.cluster["helm_values"].items() if key != "ipam"}
    release = {"version": "1.20.2", "values": before, "chart": "cilium", "status": "deployed"}
    nodes = {
        name: {"labels": {"kubernetes.io/os": "linux", "kubernetes.io/hostname": name}, "owned": []}
        for name in ("n1", "n2")
    }
    held = [
        json.dumps({"kind": "CiliumNode", "metadata": {"name": name}, "spec": {"ipam": {"podCIDRs": [cidr]}}})
        for name, cidr in (("n1", "10.0.0.0/24"), ("n2", "10.0.2.0/24"))
    ]
    noted = {"release": Release("cilium", "1.20.2", before).digest}
    live = state(of, *held, nodes=nodes, release=release, config_map=noted, workloads=[KUBE_PROXY])
    (refused,) = look(of, live, ADMINISTRATOR).refusals
    assert "the plan changes how the pods of a running cluster get their addresses" in refused
    word = refused.rpartition("release: ")[2].rstrip("})")
    home["edge_cluster_take_over"] = {"release": word}
    assert look(planned(), live, ADMINISTRATOR).refusals == []


def test_nodes_that_have_yet_to_join_again_are_a_note_while_the_word_stands() -> None:
    """A run that was cut off after Helm goes on, as does each until the last node has joined again."""
    before = target("1.20.2", **{**IPAM, "edge_cluster_pod_cidrs": ["10.42.0.0/16"]})
    after = target("1.20.2", **{**IPAM, **RANGE})
    live = {**as_planned(before), "workloads": [KUBE_PROXY]}
    held = {"kind": "CiliumNode", "metadata": {"name": "n1"}, "spec": {"ipam": {"podCIDRs": ["10.42.0.0/24"]}}}
    live["objects"] = [*live["objects"], held]
    (text, _outside) = look(after, live, ADMINISTRATOR).refusals
    word = text.rpartition("release: ")[2].rstrip("})")
    said = target("1.20.2", **{**IPAM, **RANGE}, edge_cluster_take_over={"release": word})
    assert look(said, live, ADMINISTRATOR).refusals == []
    old, new = (Release("cilium", "1.20.2", item.cluster["helm_values"]) for item in (before, after))
    noted = release_note(old, new, live["config_map"]["release"].split(), TakeOver(word))
    changed = {
        **live,
        "release": {**live["release"], "values": after.cluster["helm_values"]},
        "config_map": {**live["config_map"], "release": " ".join(noted)},
    }
    told = "Nodes have pod CIDRs outside ipam.operator's ranges 192.168.128.0/17: n1 10.42.0.0/24."
    again = look(said, changed, ADMINISTRATOR)
    assert (again.refusals, [note[: len(told)] for note in again.notes]) == ([], [told])
    (refused,) = look(after, changed, ADMINISTRATOR).refusals
    assert refused.startswith(told)


def test_the_ranges_of_nodes_are_judged_before_a_router_is_changed() -> None:
    of = target("1.20.2", **{**IPAM, **RANGE})
    held = {"kind": "CiliumNode", "metadata": {"name": "n1"}, "spec": {"ipam": {"podCIDRs": ["10.0.1.0/24"]}}}
    live = as_planned(of)
    assert usage_request(of, live) == ["ciliumnodes"]
    assert [text.partition(":")[0] for text in look(of, {**live, "objects": [held]}, ADMINISTRATOR).refusals] == [
        "Nodes have pod CIDRs outside ipam.operator's ranges 192.168.128.0/17"
    ]
    held["spec"]["ipam"]["podCIDRs"] = ["192.168.129.0/24"]
    assert look(of, {**live, "objects": [*live["objects"], held]}, ADMINISTRATOR).refusals == []
    wanted = Right("cilium.io", "ciliumnodes", EVERYWHERE, "list")
    others = target("1.20.2", edge_cilium_managed=True, edge_cluster_distribution="talos"), target("1.20.2")
    assert [wanted in item.rights_to_look for item in (of, *others)] == [True, False, False]
    assert [usage_request(item, state(item)) for item in others] == [[], []]


ANNOUNCED = ["10.43.0.0/16", "fd00:43::/48"]


def announcing(pods: list[str], kind: str = "pod_cidrs", imported: Any = None, **cluster: Any) -> Target:
    """Return the cluster, whose node announces its pods' ranges, as a run takes it from the plan.

    ``imported``: the peering's ``import``.
    """
    document = yaml.safe_load(SITE)
    peering = {"advertise": {kind: {}}} | ({} if imported is None else {"import": imported})
    document["all"]["vars"]["edge_peerings"] = {"k8s": peering}
    ranges: dict[str, Any] = {"edge_cluster_pod_cidrs": pods, "edge_cluster_pod_mask": {"ipv4": 24, "ipv6": 64}}
    if kind == "pod_pools":
        ranges = {"edge_cluster_pod_pools": {"default": {"cidr": pods, "mask": {"ipv4": 24, "ipv6": 64}}}}
    home = document["all"]["children"]["edge_clusters"]["hosts"]["home"]
    home.update({"edge_cilium_version": "1.20.2", "edge_cilium_managed": True, **ranges, **cluster})
    planned = plan(inventory_from(document))
    assert planned.data is not None, planned.findings
    return target_of(planned.data, "home", "cilium", "kube-system", verifies=False)


def node_with(*cidrs: str, of_pool: str | None = None) -> dict[str, Any]:
    ipam: Any = {"podCIDRs": list(cidrs)}
    if of_pool is not None:
        ipam = {"pools": {"allocated": [{"pool": of_pool, "cidrs": list(cidrs)}]}}
    return {"kind": "CiliumNode", "metadata": {"name": "n1"}, "spec": {"ipam": ipam}}


OTHERS: dict[str, Any] = {"edge_cluster_apply": "others"}
NOT_OURS: dict[str, Any] = {"edge_cilium_managed": False}
BY_KUBERNETES: dict[str, Any] = {"edge_cilium_values": {"ipam": {"mode": "kubernetes"}}}


@pytest.mark.parametrize(
    ("cluster", "held", "told"),
    [
        pytest.param(OTHERS, ["10.42.0.0/24"], "n1 10.42.0.0/24", id="a range that others have yet to change"),
        pytest.param(OTHERS, ["10.43.0.0/25"], "n1 10.43.0.0/25", id="a part of another length"),
        pytest.param(OTHERS, ["fd00:42::/64", "10.43.7.0/24"], "", id="a family that no session carries"),
        pytest.param(OTHERS, ["10.43.7.0/24", "fd00:43::/64"], "", id="as planned"),
        pytest.param(OTHERS, ["none", "10.43.7.1/24"], "", id="what is no range, and host bits"),
        pytest.param({**OTHERS, **NOT_OURS}, ["10.42.0.0/24"], "n1 10.42.0.0/24", id="of others, and no release"),
        pytest.param(NOT_OURS, ["10.42.0.0/24"], "n1 10.42.0.0/24", id="a release of somebody else"),
        pytest.param(BY_KUBERNETES, ["10.42.0.0/24"], "n1 10.42.0.0/24", id="ranges that Kubernetes gives"),
        pytest.param({**OTHERS, "edge_state": "absent"}, ["10.42.0.0/24"], "", id="a cluster that leaves"),
    ],
)
def test_routers_go_on_accepting_what_nodes_announce_of_pods(
    cluster: dict[str, Any], held: list[str], told: str
) -> None:
    """No object of Cilium's changes with a range: nothing else would keep the first run from contracting."""
    of = announcing(ANNOUNCED, **cluster)
    judged = not of.cluster["absent"]
    live = as_planned(of) if of.is_written else state(of)
    assert ("ciliumnodes" in usage_request(of, live)) is judged
    assert (Right("cilium.io", "ciliumnodes", EVERYWHERE, "list") in of.rights_to_look) is judged
    found = look(of, {**live, "objects": [*live["objects"], node_with(*held)]}, ADMINISTRATOR).refusals
    begins = (
        f"Nodes announce pod CIDRs that routers with this plan would refuse: {told}. They accept 10.43.0.0/16 in parts of"
        " /24. A node keeps"
    )
    assert [text[: len(begins)] for text in found if text.startswith("Nodes ")] == ([begins] if told else [])


@pytest.mark.parametrize(
    ("pool", "held", "told"),
    [
        ("default", "10.42.0.0/24", ["n1 10.42.0.0/24"]),
        ("default", "10.43.5.0/24", []),
        ("gone", "10.42.0.0/24", []),
    ],
    ids=["kept by the node", "as planned", "of a pool that goes"],
)
def test_routers_go_on_accepting_what_nodes_have_of_pools_of_pods(pool: str, held: str, told: list[str]) -> None:
    """A pool that goes is announced no longer."""
    of = announcing(ANNOUNCED, "pod_pools", **OTHERS)
    found = look(of, state(of) | {"objects": [node_with(held, of_pool=pool)]}, ADMINISTRATOR).refusals
    assert [text.partition(": ")[2].partition(". ")[0] for text in found] == told
    assert all("edge_cluster_pod_pools" in text for text in found)


@pytest.mark.parametrize(
    ("imported", "accepted"),
    [
        pytest.param({"prefixes": [{"prefix": "10.42.0.0/16", "le": 24}]}, None, id="the range"),
        pytest.param("all", None, id="everything"),
        pytest.param(
            {"prefixes": [{"prefix": "10.41.0.0/16", "le": 24}]},
            "10.41.0.0/16 in parts of /24, 10.43.0.0/16 in parts of /24",
            id="another range",
        ),
        pytest.param(
            {"prefixes": ["10.42.0.0/16"]}, "10.42.0.0/16, 10.43.0.0/16 in parts of /24", id="the range as a whole"
        ),
    ],
)
@pytest.mark.parametrize("cluster", [OTHERS, NOT_OURS, BY_KUBERNETES], ids=["others", "no release", "Kubernetes"])
def test_what_a_peering_s_import_lets_in_is_no_refusal(
    cluster: dict[str, Any], imported: Any, accepted: str | None
) -> None:
    """The router has one filter for all that a peer group announces."""
    of = announcing(ANNOUNCED, imported=imported, **cluster)
    live = as_planned(of) if of.is_written else state(of)
    found = look(of, {**live, "objects": [*live["objects"], node_with("10.42.0.0/24")]}, ADMINISTRATOR).refusals
    told = [text.partition(" They accept ")[2].partition(". A node")[0] for text in found if text.startswith("Nodes ")]
    assert told == ([accepted] if accepted else [])


def test_ranges_of_a_release_of_ours_are_judged_once() -> None:
    of = announcing(ANNOUNCED)
    live = as_planned(of)
    found = look(of, {**live, "objects": [*live["objects"], node_with("10.42.0.0/24")]}, ADMINISTRATOR).refusals
    assert [text.partition(" ipam.")[0] for text in found] == ["Nodes have pod CIDRs outside"]


def test_what_no_session_announces_is_nobody_s_to_accept() -> None:
    of = target("1.20.2", **RANGE, **OTHERS, edge_cilium_managed=True)
    assert usage_request(of, state(of)) == []
    assert look(of, state(of) | {"objects": [node_with("10.42.0.0/24")]}, ADMINISTRATOR).refusals == []


def test_more_nodes_than_the_inventory_has_get_one_operator() -> None:
    of = target("1.19.6", edge_cilium_managed=True)
    nodes = {name: {"labels": {}, "owned": []} for name in ("n1", "n9")}
    text = (
        "nodes that the inventory does not have: n9; operator.replicas is 1, so no operator stands by (add the nodes to"
        " edge_nodes, or write operator: {replicas: 2} in edge_cilium_values)"
    )
    assert of.cluster["helm_values"]["operator"]["replicas"] == 1
    assert text in look(of, state(of, nodes=nodes, **live_release(of, "1.18.2")), ADMINISTRATOR).notes
    # It is told in each run, also where Helm is not called: nobody sees it else until the one operator's node dies.
    assert text in look(of, state(of, nodes=nodes, **live_release(of, "1.19.6")), ADMINISTRATOR).notes
    written = target("1.19.6", edge_cilium_managed=True, edge_cilium_values={"operator": {"replicas": 1}})
    assert text in look(written, state(written, nodes=nodes, **live_release(written, "1.19.6")), ADMINISTRATOR).notes
    others = target("1.19.6")
    assert "nodes that the inventory does not have: n9" in look(others, state(others, nodes=nodes), ADMINISTRATOR).notes
    two = target("1.19.6", edge_cilium_managed=True, edge_cilium_values={"operator": {"replicas": 2}})
    told = look(two, state(two, nodes=nodes, **live_release(two, "1.18.2")), ADMINISTRATOR).notes
    assert "nodes that the inventory does not have: n9" in told


def test_a_node_that_leaves_the_site_is_in_the_inventory() -> None:
    """It was told as one that nobody had written, with the word to add it."""
    document = yaml.safe_load(SITE)
    groups = document["all"]["children"]
    groups["edge_clusters"]["hosts"]["home"] |= {"edge_cilium_version": "1.19.6"}
    groups["edge_nodes"]["hosts"]["n2"] = {"ansible_host": "10.67.0.12", "edge_state": "absent"}
    planned = plan(inventory_from(document)).data
    of = Target(planned["site"], planned["clusters"]["home"], "cilium", "kube-system")
    nodes = {name: {"labels": {}, "owned": []} for name in ("n1", "n2")}
    assert of.cluster["absent_nodes"] == ["n2"]
    live = state(of, nodes=nodes, **live_release(of, "1.19.6"))
    assert [note for note in look(of, live, ADMINISTRATOR).notes if note.startswith("nodes ")] == []
    nodes["n9"] = nodes["n1"]
    told = [note for note in look(of, live, ADMINISTRATOR).notes if note.startswith("nodes ")]
    assert [note.partition(";")[0] for note in told] == ["nodes that the inventory does not have: n9"]


def test_a_release_that_is_not_ours_is_not_judged_by_its_distribution() -> None:
    of = target("1.19.6", edge_cluster_distribution="talos")
    assert "node_info" not in look_request(of, workloads=True)
    found = look(of, state(of, workloads=[KUBE_PROXY, FLANNEL]), ADMINISTRATOR)
    assert (found.refusals, found.notes) == ([], [])


def owned_fields(value: Any) -> dict[str, Any]:
    """Return what the API server notes of an apply that sets a value, whose lists are atomic."""
    return {f"f:{name}": owned_fields(item) for name, item in value.items()} if isinstance(value, dict) else {}


def applied(item: dict[str, Any]) -> dict[str, Any]:
    """Return a planned object as it lives after our apply."""
    fields = owned_fields({"metadata": {"labels": item["metadata"]["labels"]}, "spec": item["spec"]})
    owner = {"manager": FIELD_MANAGER, "operation": "Apply", "apiVersion": item["apiVersion"], "fieldsV1": fields}
    return {**item, "metadata": {**item["metadata"], "uid": uid_of(place(item)), "managedFields": [owner]}}


SERVICE = {"web/site": {"ports": [{"port": 80}], "selector": {"app": "web"}, "manage": "service"}}


def as_planned(of: Target) -> dict[str, Any]:
    """Return a cluster on which this site has made all that is planned."""
    bgp, lb = ([applied(item) for item in of.cluster[part]] for part in ("bgp", "lb"))
    services = [applied(item["object"]) for item in of.cluster["services"] if item["object"] is not None]
    release = live_release(of, of.cluster["cilium_version"])
    noted = {"noted.bgp": "true", "noted.lb": "true", "noted.services": "true"}
    labels = of.cluster["node_labels"] or {}
    noted |= {
        "nodes": " ".join(of.cluster["nodes"]),
        "noted.labels": "true",
        **{f"labels.{name}": " ".join(own) for name, own in labels.items() if own},
    }
    noted |= {item["metadata"]["uid"]: place(item) for item in (*bgp, *lb, *services)}
    nodes = state(of)["nodes"]
    for name, labels in (of.cluster["node_labels"] or {}).items():
        nodes[name] = {"labels": {**nodes[name]["labels"], **labels}, "owned": sorted(labels)}
    found = state(of, nodes=nodes, services=services, namespaces=["kube-system", "web"], **release)
    rollouts = dict.fromkeys(look_request(of, workloads=True).get("rollouts", []), "")
    return {**found, "objects": [*bgp, *lb], "config_map": {**release["config_map"], **noted}, "rollouts": rollouts}


CLUSTER_POOL = {"edge_cluster_distribution": "kubeadm", "edge_cluster_pod_cidrs": ["10.244.0.0/16"]}


def planned_target() -> Target:
    return target("1.19.6", edge_cilium_managed=True, edge_cluster_distribution="talos", edge_services=SERVICE)


def test_a_cluster_that_needs_no_write_is_as_planned() -> None:
    of = planned_target()
    found = look(of, as_planned(of), ADMINISTRATOR)
    assert (found.refusals, found.pending) == ([], [])


@pytest.mark.parametrize("labels", [{}, {"rack": "a"}], ids=["without a label", "with a label"])
@pytest.mark.parametrize("previews", [False, True], ids=["run", "check mode"])
def test_a_node_that_has_not_joined_is_refused_where_it_is_to_be_labelled(
    labels: dict[str, str], previews: bool
) -> None:
    """The run would end at it, when the routers have been expanded and before they are contracted."""
    document = yaml.safe_load(SITE)
    document["all"]["children"]["edge_nodes"]["hosts"]["n2"] = {
        "ansible_host": "10.67.0.12",
        "edge_node_labels": labels,
    }
    planned = plan(inventory_from(document)).data
    of = replace(target_of(planned, "home", "cilium", "kube-system", verifies=True), previews=previews)
    found = look(of, state(of), ADMINISTRATOR)
    told = "Node n2: it is not in the cluster (let it join, or take the host out of edge_nodes)"
    assert (told in found.refusals, told in found.notes) == (bool(labels) and not previews, bool(labels) and previews)
    assert "nodes of the inventory that have not joined: n2" in found.notes


@pytest.mark.parametrize("stale", [False, True], ids=["as planned", "a label left the inventory"])
def test_a_label_that_only_leaves_needs_the_right_to_write_nodes(stale: bool) -> None:
    of = planned_target()
    live = as_planned(of)
    if stale:
        node = live["nodes"]["n1"]
        live["nodes"]["n1"] = {"labels": {**node["labels"], "old": "1"}, "owned": sorted([*node["owned"], "old"])}
        live["config_map"]["labels.n1"] = " ".join(live["nodes"]["n1"]["owned"])
    found = look(of, live, READER)
    assert (any("nodes" in text for text in found.refusals), found.pending) == (stale, ["lb"][:stale])


def workload(namespace: str, name: str) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "name": name}, "kind": "DaemonSet", "spec": {}}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, True, id="nothing there"),
        pytest.param({"release": as_planned(planned_target())["release"]}, False, id="a release"),
        pytest.param({"workloads": [workload("kube-system", "cilium")]}, False, id="agents of others"),
        pytest.param({"workloads": [workload("metallb-system", "metallb-speaker")]}, False, id="another load balancer"),
        pytest.param({"workloads": None}, False, id="no right to see workloads"),
        pytest.param({"kinds": {"CiliumNode": {}}}, False, id="kinds that an older Cilium left"),
    ],
)
def test_what_is_a_first_install(change: dict[str, Any], expected: bool) -> None:
    of = planned_target()
    bare = {**state(of), "kinds": {}}
    assert look(of, {**bare, **change}, ADMINISTRATOR).first_install is expected


def without_first(items: list[Any]) -> list[Any]:
    return items[1:]


def without_last(items: list[Any]) -> list[Any]:
    return items[:-1]


def without_services(noted: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in noted.items() if key != "noted.services"}


ALL_PARTS = ["release", "bgp", "lb", "services"]


@pytest.mark.parametrize(
    ("key", "change", "pending"),
    [
        # Each part takes what is gone out of the note, whoever made it.
        pytest.param("objects", without_last, ["bgp", "lb"], id="an object is gone"),
        pytest.param("services", without_first, ["services"], id="a service is gone"),
        pytest.param(
            "secrets", lambda _items: [{"name": "bgp", "labels": {}}], ["bgp"], id="a password, which is not read"
        ),
        pytest.param("namespaces", lambda _items: ["kube-system"], ["services"], id="a namespace is gone"),
        pytest.param("rollouts", lambda found: dict.fromkeys(found, "1 of 3"), ["release"], id="agents do not run"),
        pytest.param("rollouts", lambda _found: {}, ["release"], id="nobody knows whether agents run"),
        pytest.param("release", lambda found: {**found, "values": {}}, ALL_PARTS, id="another value"),
        pytest.param("release", lambda _found: None, ALL_PARTS, id="no release"),
        pytest.param("config_map", lambda found: {**found, "release": ""}, ["release"], id="the release is not noted"),
        pytest.param("config_map", without_services, ["services"], id="a part is not noted"),
    ],
)
def test_what_is_not_as_planned_is_pending(key: str, change: Any, pending: list[str]) -> None:
    of = planned_target()
    live = as_planned(of)
    changed = {**live, key: change(live[key])}
    some = {"ready": 1, "wanted": 3, "pods": [], "waits_for_nodes": False, "only_old": False}
    unready = {name: some for name, lack in changed["rollouts"].items() if lack}
    assert look(of, {**changed, "unready": unready}, ADMINISTRATOR).pending == pending


def operator_down(live: dict[str, Any]) -> dict[str, Any]:
    name = next(name for name in live["rollouts"] if name.startswith("Deployment/"))
    unready = {name: {"ready": 0, "wanted": 1, "pods": [], "waits_for_nodes": False, "only_old": False}}
    return {**live, "rollouts": {**live["rollouts"], name: "0 of 1 ready"}, "unready": unready}


def test_that_the_run_waits_for_an_operator_is_told_before_anything_is_changed() -> None:
    of = planned_target()
    told = look(of, operator_down(as_planned(of)), ADMINISTRATOR).notes
    assert told == [
        "Cilium's operator (Deployment kube-system/cilium-operator): 0 of 1 ready. Without it no service gets an address, and"
        " no change of BGP reaches a node; what runs goes on as it is. Look at: kubectl -n kube-system describe"
        " deployment/cilium-operator; kubectl -n kube-system get pods -o wide\n"
        "This run waits for it, for cilium_net_release_timeout seconds, before anything is written to the cluster."
    ]


def test_an_operator_is_not_waited_for_before_helm_may_mend_it() -> None:
    of = planned_target()
    live = operator_down(as_planned(of))
    assert look(of, {**live, "release": {**live["release"], "values": {}}}, ADMINISTRATOR).notes == []


def operator_unknown(live: dict[str, Any], lack: str) -> dict[str, Any]:
    down = operator_down(live)
    return {**down, "rollouts": {name: known and lack for name, known in down["rollouts"].items()}}


def operator_of_the_release_before(live: dict[str, Any]) -> dict[str, Any]:
    """Return a cluster of which a ready operator is of an older release: it acts on what is written all the same."""
    down = operator_down(live)
    unready = {name: {**lack, "ready": 1, "wanted": 2, "only_old": True} for name, lack in down["unready"].items()}
    return {
        **down,
        "rollouts": {name: known and "1 of 2 ready" for name, known in down["rollouts"].items()},
        "unready": unready,
    }


def test_that_the_run_waits_for_the_newest_operator_is_told_before_anything_is_changed() -> None:
    of = planned_target()
    (told,) = look(of, operator_of_the_release_before(as_planned(of)), ADMINISTRATOR).notes
    assert "1 of 2 ready. What is ready may be of the release before: of the newest one nothing runs for sure." in told
    assert told.endswith(
        "\nThis run waits for it, for cilium_net_release_timeout seconds, before anything is written to the cluster."
    )


def operator_missing(live: dict[str, Any]) -> dict[str, Any]:
    return operator_unknown(live, MISSING)


def operator_just_changed(live: dict[str, Any]) -> dict[str, Any]:
    return operator_unknown(live, NOT_SEEN)


def as_it_is(live: dict[str, Any]) -> dict[str, Any]:
    return live


@pytest.mark.parametrize(
    ("change", "workloads", "refused"),
    [
        pytest.param(without_last, operator_down, True, id="a change that no operator would act on"),
        pytest.param(without_last, as_it_is, False, id="a change"),
        pytest.param(without_last, operator_of_the_release_before, False, id="a change, and an old operator is enough"),
        pytest.param(without_last, operator_missing, False, id="a change, and Cilium is in another namespace"),
        pytest.param(without_last, operator_just_changed, False, id="a change, and others change Cilium at the moment"),
        pytest.param(as_it_is, operator_down, False, id="nothing to change"),
    ],
)
def test_a_cilium_that_others_install_has_to_run_before_anything_is_changed(
    change: Any, workloads: Any, refused: bool
) -> None:
    of = target("1.19.6", edge_services=SERVICE)
    live = workloads(as_planned(of))
    told = "\n".join(look(of, {**live, "objects": change(live["objects"])}, ADMINISTRATOR).refusals)
    assert ("Cilium's operator (Deployment kube-system/cilium-operator): " in told) is refused
    assert ("Nobody waits for Cilium here (edge_cilium_managed: false)" in told) is refused


@pytest.mark.parametrize(
    ("cluster", "pending"),
    [
        pytest.param({"edge_state": "absent"}, ["bgp", "lb", "services"], id="leaves the site"),
        pytest.param({"edge_cluster_apply": "others"}, ALL_PARTS, id="others apply"),
        pytest.param(CLUSTER_POOL, [], id="the operator hands out pod CIDRs, and the look has read those of nodes"),
    ],
)
def test_what_a_look_cannot_tell_is_pending(cluster: dict[str, Any], pending: list[str]) -> None:
    of = target("1.19.6", **{"edge_cilium_managed": True, "edge_cluster_distribution": "talos", **cluster})
    assert look(of, as_planned(of), ADMINISTRATOR).pending == pending


@pytest.mark.parametrize("manage_labels", [True, False])
def test_what_leaves_the_site_is_not_taken_from_another_cluster(manage_labels: bool) -> None:
    of = target("1.19.6", edge_state="absent", edge_cluster_manage_labels=manage_labels)
    live = as_planned(of)
    assert look(of, live, ADMINISTRATOR).refusals == []
    (told,) = look(of, {**live, "nodes": {"else": {"labels": {}, "owned": []}}}, ADMINISTRATOR).refusals
    assert told.startswith("it has none of the planned nodes (")


def test_one_request_reads_what_all_parts_need() -> None:
    asked = look_request(target(edge_cilium_managed=True), workloads=True)
    assert {"ciliumbgppeeringpolicies", "ciliumloadbalancerippools", "ciliumbgpclusterconfigs"} <= set(asked["plurals"])
    assert (asked["release"], asked["config_map"]) == ("kube-system/cilium", "kube-system/cluster-edge-edge")
    assert "release" not in look_request(target(), workloads=True)


@pytest.mark.parametrize(
    ("rules", "reads"), [(ADMINISTRATOR, True), (READER, True), ({"": {"incomplete": True}}, False), ({}, False)]
)
def test_workloads_are_read_where_that_is_surely_allowed(rules: dict[str, Any], reads: bool) -> None:
    assert reads_workloads(rules) is reads


def test_of_a_cluster_that_others_apply_to_the_nodes_alone_count() -> None:
    of = target("1.19.6", edge_cilium_managed=True, edge_cluster_apply="others")
    assert look_request(of, workloads=True) == {"nodes": True}
    assert {right.resource for right in of.rights_to_look} == {"nodes"}
    assert look(of, state(of, POLICY, POOL), READER).refusals == []
    assert len(look(of, state(of, nodes={"else": {"labels": {}, "owned": []}}), READER).refusals) == 1


@pytest.mark.parametrize("part", ["bgp", "lb", "services"])
@pytest.mark.parametrize(("age", "pending"), [(60.0, False), (25 * 60 * 60.0, True)], ids=["a minute", "a day"])
def test_what_was_to_be_made_and_never_came_is_pending_after_a_day(part: str, age: float, pending: bool) -> None:
    """Else the role that forgets it would not run where all is as planned."""
    now, of = 1796058000.0, target()
    name = {"bgp": "CiliumBGPPeerConfig x", "lb": "CiliumLoadBalancerIPPool x", "services": "Service media/x"}[part]
    live = as_planned(of)
    note = {**live["config_map"], making_key(part, name): making_entry(name, now - age)}
    found = look(replace(of, now=now), {**live, "config_map": note}, ADMINISTRATOR)
    assert (found.refusals, found.pending) == ([], [part] if pending else [])


def test_own_release_in_the_middle_of_which_a_run_was_cut_off_is_a_note_and_pending() -> None:
    of = planned_target()
    live = as_planned(of)
    found = look(of, {**live, "release": {**live["release"], "status": "pending-upgrade"}}, ADMINISTRATOR)
    assert (found.refusals, found.pending) == ([], ALL_PARTS)
    (note,) = found.notes
    assert note.startswith("the Helm release cilium is pending-upgrade: a run was cut off in the middle of it")


def without(resource: str) -> dict[str, Any]:
    """Return the rules of an account that may do all but one thing: list a resource."""
    groups = {
        "": ["configmaps", "namespaces", "nodes", "pods", "secrets", "services"],
        "cilium.io": ["*"],
        "coordination.k8s.io": ["leases"],
        "discovery.k8s.io": ["endpointslices"],
    }
    may = [
        {"apiGroups": [group], "resources": [name for name in names if name != resource], "verbs": ["*"]}
        for group, names in groups.items()
    ]
    return {"": {"resourceRules": may, "incomplete": False}}


@pytest.mark.parametrize(
    ("resource", "verifies", "witness", "refused"),
    [
        pytest.param("endpointslices", True, False, ["endpointslices.discovery.k8s.io"], id="endpoints"),
        pytest.param("leases", True, False, ["leases.coordination.k8s.io in the namespace kube-system"], id="leases"),
        pytest.param("pods", True, True, ["pods in the namespace kube-system"], id="agents, which are asked"),
        pytest.param("pods", True, False, [], id="agents, which nobody asks"),
        pytest.param("leases", False, True, [], id="nothing is verified"),
    ],
)
@pytest.mark.parametrize("apply", ["ours", "others"])
def test_what_the_verification_will_read_is_asked_for_before_anything_is_changed(
    apply: str, resource: str, verifies: bool, witness: bool, refused: list[str]
) -> None:
    of = replace(target("1.19.6", edge_cluster_apply=apply), verifies=verifies, agents_witness=witness)
    found = look(of, as_planned(of), without(resource)).refusals
    assert [text.partition(": ")[0] for text in found] == [f"the account may not list {what}" for what in refused]


@pytest.mark.parametrize("witness", [False, True], ids=["all routers are read", "none is"])
def test_agents_witness_where_the_router_of_a_session_is_not_read(witness: bool) -> None:
    planned = plan(inventory_from(yaml.safe_load(SITE))).data
    for found in planned["routers"].values():
        found["managed"] = not witness
    assert target_of(planned, "home", "cilium", "kube-system", True).agents_witness is witness
    planned["sessions"] = [{**session, "cluster": "another"} for session in planned["sessions"]]
    assert target_of(planned, "home", "cilium", "kube-system", True).agents_witness is False


def test_a_namespace_that_is_not_there_is_refused_before_anything_is_changed() -> None:
    of = planned_target()
    found = look(of, {**as_planned(of), "namespaces": ["default", "web"]}, ADMINISTRATOR)
    assert (
        "cilium_net_release_namespace: the cluster has no namespace kube-system, in which Cilium's release and the note of"
        " what this site made are kept (kubectl create namespace kube-system, closed to tenants; or leave the variable out)"
    ) in found.refusals


def holder(address: str, name: str = "media/plex", **metadata: Any) -> dict[str, Any]:
    """Return a Service of somebody that holds an address."""
    namespace, _slash, own = name.partition("/")
    known = {"namespace": namespace, "name": own, "uid": uid_of(f"Service {name}"), **metadata}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": known,
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    }


def beside(live: dict[str, Any], *services: dict[str, Any]) -> dict[str, Any]:
    return {**live, "services": [*live["services"], *services]}


def with_values(live: dict[str, Any], version: str = "1.19.6", **values: Any) -> dict[str, Any]:
    """Return a cluster whose release, made by this site, has other values."""
    found = {**live["release"], "version": version, "values": {**live["release"]["values"], **values}}
    made = Release("cilium", version, found["values"]).digest
    return {**live, "release": found, "config_map": {**live["config_map"], "release": made}}


@pytest.mark.parametrize(
    ("values", "version", "refused"),
    [
        pytest.param({}, "1.19.6", False, id="Cilium has served it"),
        pytest.param({"defaultLBServiceIPAM": "none"}, "1.19.6", True, id="none is taken out"),
        pytest.param({"defaultLBServiceIPAM": "none"}, "1.16.9", False, id="a chart that does not know it"),
        pytest.param({"defaultLBServiceIPAM": "lbipam"}, "1.19.6", False, id="the default, written"),
        pytest.param({"enableLBIPAM": False}, "1.19.6", True, id="LB-IPAM is switched on"),
    ],
)
def test_what_others_gave_is_not_taken_when_cilium_begins_to_serve_it(
    values: dict[str, Any], version: str, refused: bool
) -> None:
    of = planned_target()
    live = beside(with_values(as_planned(of), version, **values), holder("192.168.1.50"))
    found = look(of, live, ADMINISTRATOR)
    told = [text for text in found.refusals if text.startswith("Service media/plex: it holds 192.168.1.50")]
    assert [("Cilium has not served it yet" in text) for text in told] == ([True] if refused else [])
    assert found.lb_ipam.served_before == {"none": "classed", False: "none"}.get(
        next(iter(values.values()), "") if refused else "", "all"
    )


def stops(follows: str, address: str = "10.67.200.9") -> str:
    return (
        f"Service media/plex: it holds {address} of the pool lb, and with the planned values Cilium's LB-IPAM no longer serves"
        f" services without a loadBalancerClass: {follows} (keep defaultLBServiceIPAM: lbipam in edge_cilium_values; or make"
        " the service anew with a class of Cilium's (class in edge_services) in a run of its own, before Cilium changes, or say"
        f" so: edge_cluster_take_over: {{services: ['media/plex@{address}']}} (of the role alone: cilium_net_lb_take_over))"
    )


FREE = stops("it counts the address as free, so it may give it to another service of the pool lb")
TO_NODES = stops("node IPAM writes addresses of nodes in its place (defaultLBServiceIPAM: nodeipam)")
BY_NODES = {"defaultLBServiceIPAM": "nodeipam", "nodeIPAM": {"enabled": True}}
BY_NOBODY = {"defaultLBServiceIPAM": "none"}
CLASSED = {"spec": {"type": "LoadBalancer", "loadBalancerClass": "io.cilium/bgp-control-plane"}}


@pytest.mark.parametrize(
    ("before", "planned", "service", "refused"),
    [
        pytest.param({}, {"a": "b"}, {}, None, id="lbipam to lbipam"),
        pytest.param({}, BY_NOBODY, {}, FREE, id="lbipam to none"),
        pytest.param({}, BY_NODES, {}, TO_NODES, id="lbipam to nodeipam"),
        pytest.param({}, {"defaultLBServiceIPAM": "nodeipam"}, {}, FREE, id="lbipam to nodeipam, which is off"),
        pytest.param({}, {"enableLBIPAM": False}, {}, None, id="lbipam to nobody: it gives nothing away"),
        pytest.param({}, {"enableLBIPAM": False, **BY_NODES}, {}, TO_NODES, id="lbipam to nodeipam alone"),
        pytest.param({"defaultLBServiceIPAM": "lbipam"}, BY_NOBODY, {}, FREE, id="the default, written, to none"),
        pytest.param({}, BY_NODES, CLASSED, None, id="lbipam to nodeipam, of a class of Cilium's"),
        pytest.param(BY_NOBODY, {"a": "b"}, {}, None, id="none to lbipam"),
        pytest.param(BY_NOBODY, {**BY_NOBODY, "a": "b"}, {}, None, id="none to none"),
        pytest.param(BY_NOBODY, BY_NODES, {}, None, id="none to nodeipam"),
        pytest.param(BY_NODES, BY_NOBODY, {}, None, id="nodeipam to none"),
        pytest.param({}, BY_NODES, {"address": "192.168.1.50"}, None, id="lbipam to nodeipam, of no pool"),
        pytest.param(
            {}, BY_NODES, {"deletionTimestamp": "2026-01-01T00:00:00Z"}, None, id="lbipam to nodeipam, deleted"
        ),
    ],
)
def test_an_address_of_a_service_that_cilium_goes_on_without_is_not_given_away(
    before: dict[str, Any], planned: dict[str, Any], service: dict[str, Any], refused: str | None
) -> None:
    of = planned_target()
    changed = {**{key: value for key, value in of.cluster["helm_values"].items() if key not in before}, **planned}
    spec = {key: service[key] for key in service if key == "spec"}
    metadata = {key: service[key] for key in service if key == "deletionTimestamp"}
    held = {**holder(service.get("address", "10.67.200.9"), **metadata), **spec}
    live = beside(with_values(as_planned(of), **before), held)
    after = replace(of, cluster={**of.cluster, "helm_values": changed})
    assert calls_helm(after, live)
    found = look(after, live, ADMINISTRATOR).refusals
    assert [text for text in found if "no longer serves" in text] == ([refused] if refused else [])


def test_what_any_revision_that_may_run_has_served_is_not_given_away() -> None:
    """Helm failed over it: nobody knows whether the operator serves the service still."""
    of = planned_target()
    after = replace(of, cluster={**of.cluster, "helm_values": {**of.cluster["helm_values"], **BY_NOBODY}})
    failed = failed_over(after, "1.19.6", "1.19.6", of.cluster["helm_values"])["release"]
    live = {**beside(as_planned(of), holder("10.67.200.9")), "release": failed}
    found = look(after, live, ADMINISTRATOR)
    assert found.lb_ipam.served_before == "classed"  # nor is it taken for served where that would be of use
    assert FREE.partition(" (keep")[0] in "\n".join(found.refusals)


def test_a_pool_that_a_removed_cilium_left_keeps_no_address_of_metallb() -> None:
    of = target("1.19.6", edge_cilium_managed=True)
    theirs = yaml.safe_load(POOL)
    theirs["spec"]["blocks"] = [{"cidr": "10.99.0.0/24"}]
    live = {**state(of), "objects": [theirs], "services": [holder("192.168.1.50")]}
    assert "Service media/plex" in paths(of, live)
    of_agents = {**live, "workloads": [workload("kube-system", "cilium")]}
    assert "Service media/plex" not in paths(of, of_agents)  # some Cilium serves it, without a release


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        pytest.param({"version": "1.19.5"}, True, id="Helm starts the operator anew"),
        pytest.param({}, False, id="the release is as planned"),
    ],
)
def test_a_new_start_of_the_operator_takes_no_address_of_a_disabled_pool(change: dict[str, Any], refused: bool) -> None:
    pools = {"lb": {"addresses": "10.67.200.0/24"}, "old": {"addresses": "10.91.0.16/28", "disabled": True}}
    document = yaml.safe_load(SITE)
    document["all"]["vars"].update(edge_pools=pools, edge_default_pool="lb")
    home = document["all"]["children"]["edge_clusters"]["hosts"]["home"]
    home.update({"edge_cilium_version": "1.19.6", "edge_cluster_distribution": "talos"})

    def of_site() -> Target:
        planned = plan(inventory_from(document)).data
        return Target(planned["site"], planned["clusters"]["home"], "cilium", "kube-system")

    of = of_site()
    drained = holder("10.91.0.18", labels={"cluster-edge.hybridnet/pool": "old"})
    live = beside(as_planned(of), drained)
    if change:
        live = with_values(live, **change)
    word = "media/plex@10.91.0.18"
    expected = (
        "CiliumLoadBalancerIPPool old: the service media/plex holds 10.91.0.18, and the pool is disabled: this run changes"
        " Cilium's release, its operator starts anew, and then Cilium would take the address away (take disabled out of the"
        " pool in a run of its own, before Cilium changes, or say so: edge_cluster_take_over:"
        f" {{services: ['{word}']}} (of the role alone: cilium_net_lb_take_over))"
    )
    assert look(of, live, ADMINISTRATOR).refusals == ([expected] if refused else [])
    home["edge_cluster_take_over"] = {"services": [word]}
    assert look(of_site(), live, ADMINISTRATOR).refusals == []


@pytest.mark.parametrize(
    ("image", "version"),
    [
        pytest.param("quay.io/cilium/operator-generic:v1.18.0@sha256:0a1b", "1.18.0", id="older than the plan"),
        pytest.param("registry.lan:5000/cilium/operator:v1.18.1-rc.1", "1.18.1", id="of a mirror"),
        pytest.param("quay.io/cilium/operator-generic:v1.20.3", "1.20.2", id="newer: the plan is the older one"),
        pytest.param("registry.lan:5000/cilium/operator", "1.20.2", id="no tag"),
        pytest.param("registry.lan:5000/cilium/operator:latest", "1.20.2", id="no version"),
    ],
)
def test_of_a_cilium_that_others_install_the_older_version_counts(image: str, version: str) -> None:
    of = target("1.20.2")
    images = {"DaemonSet/kube-system/cilium": ["x:v1.0.0"], "Deployment/kube-system/cilium-operator": [image]}
    assert look(of, {**as_planned(of), "images": images}, ADMINISTRATOR).lb_ipam.version == version
    before = as_planned(of)
    (pool,) = [item for item in before["objects"] if item["kind"] == "CiliumLoadBalancerIPPool"]
    pool["spec"] = {**pool["spec"], "blocks": [{"cidr": "10.67.200.0/25"}]}
    moved = look(of, {**beside(before, holder("10.67.200.9")), "images": images}, ADMINISTRATOR).refusals
    assert any(f"and Cilium {version} may give it another one" in text for text in moved) is (version < "1.18.2")


@pytest.mark.parametrize(
    ("cluster", "refused"),
    [
        pytest.param({}, True, id="it is to be written"),
        pytest.param({"edge_state": "absent"}, False, id="it leaves: what this site made is removed from it"),
    ],
)
def test_a_cilium_of_others_that_is_too_old_is_told_by_its_image(cluster: dict[str, Any], refused: bool) -> None:
    """The version of the inventory is a newer one, and is not at fault."""
    of = target("1.20.2", **cluster)
    image = "quay.io/cilium/operator-generic:v1.15.7"
    live = {**as_planned(of), "images": {"Deployment/kube-system/cilium-operator": [image]}}
    found = look(of, live, ADMINISTRATOR)
    assert found.lb_ipam.version == "1.20.2"
    assert found.refusals == (
        [
            f"Deployment kube-system/cilium-operator: its image {image} is Cilium 1.15.7, and 1.16 is the oldest version that"
            " is supported (let whoever installs Cilium bring it to edge_cilium_version first)"
        ]
        if refused
        else []
    )


def test_a_release_of_a_cilium_that_is_too_old_is_judged_too() -> None:
    of = target("1.19.6", edge_cilium_managed=True)
    refused = look(of, state(of, **live_release(of, "1.15.7")), ADMINISTRATOR).refusals
    assert any("1.15.7 is older than 1.16" in text for text in refused)


@pytest.mark.parametrize("previews", [False, True])
def test_a_namespace_that_lacks_is_told_before_a_router_is_changed(previews: bool) -> None:
    of = replace(planned_target(), previews=previews)
    live = {**as_planned(of), "services": [], "namespaces": ["kube-system"]}
    found = look(of, live, ADMINISTRATOR)
    lack = "edge_services.web/site: the namespace web does not exist (create it first; this collection never makes namespaces)"
    assert (lack in found.refusals, lack in found.notes) == (not previews, previews)


def test_a_service_that_would_lose_its_ports_is_told_before_a_router_is_changed() -> None:
    live = as_planned(planned_target())
    of = target(
        "1.19.6",
        edge_cilium_managed=True,
        edge_cluster_distribution="talos",
        edge_services={"web/site": {"manage": "metadata"}},
    )
    assert look(of, live, ADMINISTRATOR).refusals == [
        "edge_services.web/site: this collection made the Service, so manage: metadata would take its ports away (keep manage:"
        " service, or delete the Service once)"
    ]


def test_a_tenant_keeps_no_run_from_beginning() -> None:
    """A Service that somebody else made under a planned name is reported when its turn comes; all else goes on."""
    of = planned_target()
    live = as_planned(of)
    (mine,) = live["services"]
    theirs = {**mine, "metadata": {"name": "site", "namespace": "web", "uid": uid_of("another")}}
    assert look(of, {**live, "services": [theirs]}, ADMINISTRATOR).refusals == []


def test_what_is_taken_back_is_listed() -> None:
    of = target("1.19.6")
    owned = {"f:metadata": {"f:labels": {"f:team": {}}}}
    ours = {"manager": FIELD_MANAGER, "operation": "Apply", "apiVersion": "v1", "fieldsV1": owned}
    left = holder("", labels={"team": "web"}, managedFields=[ours])
    live = beside(as_planned(of), {**left, "status": {}})
    live["config_map"] = {**live["config_map"], uid_of("Service media/plex"): "keys of Service media/plex"}
    found = look(of, live, ADMINISTRATOR)
    assert found.refusals == []
    assert "our labels and annotations are taken back, as the inventory lacks it: Service media/plex" in found.notes


INGRESS = "kube-system/cilium-ingress"
TO_B = "cluster-edge.hybridnet/pool: b"
TWO_POOLS = {"edge_pools": {"a": {"addresses": "10.67.200.0/28"}, "b": {"addresses": "10.67.201.0/28"}}}


def ingress_target(entry: dict[str, Any] | None, **variables: Any) -> Target:
    """Return a cluster with Cilium's ingress controller, if its Service is listed."""
    document = yaml.safe_load(SITE)
    document["all"]["vars"].update({**TWO_POOLS, "edge_default_pool": "none", **variables})
    home = document["all"]["children"]["edge_clusters"]["hosts"]["home"]
    home.update({"edge_cilium_version": "1.20.2", "edge_cluster_distribution": "talos"})
    if entry is not None:
        home["edge_services"] = {INGRESS: {"manage": "values", "chart": "cilium-ingress", "pool": "a", **entry}}
    planned = plan(inventory_from(document))
    assert not planned.failed
    return Target(planned.data["site"], planned.data["clusters"]["home"], "cilium", "kube-system")


def with_ingress(of: Target, address: str) -> dict[str, Any]:
    """Return a cluster to which a plan was applied, with the Service that Cilium's chart made by its values."""
    service = of.cluster["helm_values"]["ingressController"]["service"]
    keys = {kind: dict(service.get(kind, {})) for kind in ("labels", "annotations")}
    return beside({**as_planned(of), "services": []}, holder(address, INGRESS, **keys))


def by_helm(writes: str, why: str, hint: str) -> str:
    return (
        f"edge_services.{INGRESS}: it holds 10.67.200.1, and this run {writes}: {why}, so Cilium would take the address away"
        f" ({hint}, or say so: edge_cluster_take_over: {{services: ['{INGRESS}@10.67.200.1']}} (of the role alone:"
        " cilium_net_lb_take_over))"
    )


PINNED = "lbipam.cilium.io/ips: {}".format


@pytest.mark.parametrize(
    ("entry", "variables", "refused"),
    [
        pytest.param(
            {"addresses": "10.67.200.9"},
            {},
            by_helm(
                f"sets {PINNED('10.67.200.9')}",
                "it then asks for other addresses",
                "pin the address that it holds (addresses: 10.67.200.1)",
            ),
            id="another address is pinned",
        ),
        pytest.param({"addresses": "10.67.200.1"}, {}, None, id="its address is pinned"),
        pytest.param({"traffic_policy": "Local"}, {}, None, id="another policy, and nobody shares the address"),
        pytest.param(
            {"pool": "b"},
            {},
            by_helm(f"sets {TO_B}", "the pool a no longer selects it", "keep it in the pool a"),
            id="another pool",
        ),
        pytest.param({"pool": "b", "may_move": True}, {}, None, id="another pool, and it may move"),
        pytest.param(
            {},
            {"edge_allocation": "planned"},
            by_helm(
                f"sets {PINNED('10.67.200.0')}",
                "it then asks for other addresses",
                "pin the address that it holds (addresses: 10.67.200.1)",
            ),
            id="the plan allots another one",
        ),
        pytest.param(None, {}, None, id="it leaves"),
        pytest.param(None, {"edge_pools": {"b": TWO_POOLS["edge_pools"]["b"]}}, None, id="it leaves, and its pool"),
    ],
)
def test_helm_takes_no_address_of_the_service_that_it_writes(
    entry: dict[str, Any] | None, variables: dict[str, Any], refused: str | None
) -> None:
    """The ingress controller's: Helm writes it before a role looks at services."""
    live = with_ingress(ingress_target({}), "10.67.200.1")
    of = ingress_target(entry, **variables)
    assert calls_helm(of, live)
    found = look(of, live, ADMINISTRATOR)
    assert found.refusals == ([refused] if refused else [])
    gone = f"removed by Helm, as the planned values lack it: Service {INGRESS}"
    assert (gone in found.notes) is (entry is None)


def test_a_service_that_helm_leaves_alone_is_not_judged() -> None:
    """Somebody has set another label on it, and the release is as planned."""
    of = ingress_target({})
    live = with_ingress(of, "10.67.201.1")
    assert not calls_helm(of, live)
    assert look(of, live, ADMINISTRATOR).refusals == []


def target_with(values: dict[str, Any]) -> Target:
    """Return a cluster whose ingress controller is the user's own, by values with ``values`` over those of pool a."""
    of = ingress_target(None)
    own = {"enabled": True, "service": {"labels": {"cluster-edge.hybridnet/pool": "a"}}}
    controller = {**own, **values.get("ingressController", {})}
    controller["service"] = {**own["service"], **controller["service"]}
    merged = {**of.cluster["helm_values"], **values, "ingressController": controller}
    return replace(of, cluster={**of.cluster, "helm_values": merged})


def with_value(of: Target, path: str, value: Any) -> Target:
    """Return a cluster with another planned value at a dotted path."""
    values = json.loads(json.dumps(of.cluster["helm_values"]))
    *above, name = path.split(".")
    section = values
    for each in above:
        section = section.setdefault(each, {})
    section[name] = value
    return replace(of, cluster={**of.cluster, "helm_values": values})


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        pytest.param({}, {"commonLabels": {"team": "x"}}, None, id="a label that no pool asks for"),
        pytest.param({"ingressController": {"service": {"annotations": {"a": "b"}}}}, {}, None, id="taken back"),
        pytest.param(
            {},
            {"ingressController": {"service": {"loadBalancerIP": "10.67.200.9"}}},
            "sets loadBalancerIP:",
            id="a field",
        ),
        pytest.param(
            {}, {"ingressController": {"hostNetwork": {"enabled": True}}}, None, id="no LoadBalancer any more"
        ),
        pytest.param({}, {"ingressController": {"enabled": False}}, None, id="no ingress controller"),
        pytest.param({}, {"ingressController": {"service": {"name": "another"}}}, None, id="another Service"),
    ],
)
def test_values_of_the_user_change_the_service_of_the_ingress_controller(
    before: dict[str, Any], after: dict[str, Any], refused: str | None
) -> None:
    live = with_ingress(target_with(before), "10.67.200.1")
    found = look(target_with(after), live, ADMINISTRATOR).refusals
    assert [text.startswith(f"Service {INGRESS}: it holds 10.67.200.1") and str(refused) in text for text in found] == (
        [True] if refused else []
    )
    assert all("keep its labels, annotations and fields in ingressController.service" in text for text in found)


@pytest.mark.parametrize(
    ("values", "made"),
    [
        pytest.param({"hostNetwork": {"enabled": True}}, "ClusterIP", id="in the nodes' network"),
        pytest.param({"service": {"type": "NodePort"}}, "NodePort", id="a type"),
        pytest.param({"hostNetwork": {"enabled": True}, "service": {"type": "NodePort"}}, "ClusterIP", id="both"),
        pytest.param({"service": {"type": "LoadBalancer"}}, None, id="the chart's own type"),
        pytest.param({"service": {"externalTrafficPolicy": "Local"}}, None, id="another field"),
        pytest.param({"enabled": False}, None, id="Helm removes it"),
    ],
)
def test_a_service_that_helm_makes_another_type_is_noted(values: dict[str, Any], made: str | None) -> None:
    live = with_ingress(target_with({}), "10.67.200.1")
    found = look(target_with({"ingressController": values}), live, ADMINISTRATOR)
    assert found.refusals == []
    expected = f"Helm makes it {made}, as the planned values say, so it loses 10.67.200.1: Service {INGRESS}"
    assert [text for text in found.notes if "so it loses" in text] == ([expected] if made else [])


def test_a_service_without_addresses_loses_none() -> None:
    live = with_ingress(target_with({}), "")
    found = look(target_with({"ingressController": {"hostNetwork": {"enabled": True}}}), live, ADMINISTRATOR)
    assert not any("so it loses" in text for text in found.notes)


ODD_VALUES = ["x", 5, True, [], ["a"], {"a": ["b"]}, {"a": 1}, {"lbipam.cilium.io/ips": ["10.0.0.1"]}]


@pytest.mark.parametrize("odd", ODD_VALUES, ids=str)
@pytest.mark.parametrize(
    "path",
    [
        "commonLabels",
        "ingressController",
        "ingressController.hostNetwork",
        "ingressController.service",
        "namespaceOverride",
        *(
            f"ingressController.service.{name}"
            for name in ("annotations", "externalTrafficPolicy", "labels", "loadBalancerClass", "loadBalancerIP")
        ),
    ],
)
@pytest.mark.parametrize("is_live", [False, True], ids=["planned", "live"])
def test_values_of_any_type_are_read(path: str, odd: Any, is_live: bool) -> None:
    """Planned ones of another type are refused before, by the plan; of live ones others have written what they will."""
    pair = [target_with({}), with_value(target_with({}), path, odd)]
    before, after = reversed(pair) if is_live else pair
    service = holder("10.67.200.1", INGRESS, labels={"cluster-edge.hybridnet/pool": "a"})
    look(after, beside({**as_planned(before), "services": []}, service), ADMINISTRATOR)


@pytest.mark.parametrize("odd", ODD_VALUES, ids=str)
def test_live_values_that_kubernetes_never_took_take_nothing(odd: Any) -> None:
    """The pool selects the Service by a label that somebody has set by hand, and that no values have."""
    before = with_value(target_with({}), "ingressController.service.labels", odd)
    service = holder("10.67.200.1", INGRESS, labels={"cluster-edge.hybridnet/pool": "a"})
    live = beside({**as_planned(before), "services": []}, service)
    assert look(target_with({}), live, ADMINISTRATOR).refusals == []


def test_a_label_that_is_null_is_none() -> None:
    """Helm leaves it out, so the one of the values before is taken off."""
    live = with_ingress(target_with({}), "10.67.200.1")
    null = target_with({"ingressController": {"service": {"labels": {"cluster-edge.hybridnet/pool": None}}}})
    (found,) = look(null, live, ADMINISTRATOR).refusals
    assert "and this run takes cluster-edge.hybridnet/pool back: the pool a no longer selects it" in found


MEETING = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.67.0.0/24, interfaces: eth0}}
    edge_peerings: {k8s: {nodes: rack=a}}
  children:
    edge_routers: {hosts: {gw: {ansible_host: 10.67.0.1, edge_router_asn: 64512}}}
    edge_clusters:
      hosts: {home: {edge_cluster_asn: 64513, edge_cilium_version: "1.18.2", edge_cilium_managed: false}}
    edge_nodes:
      hosts:
        n1: {ansible_host: 10.67.0.11, edge_node_labels: {rack: a}}
        n2: {ansible_host: 10.67.0.12, edge_node_labels: {}}
"""
PLAIN: dict[str, Any] = {"addresses": "10.67.0.128/26"}
LABELED: dict[str, Any] = {**PLAIN, "services": "cluster-edge.hybridnet/pool=lb"}
ON_L2 = {**PLAIN, "l2": "lan", "bgp": "k8s"}


def meeting(
    rack: str = "b",
    pool: dict[str, Any] | None = None,
    services: dict[str, Any] | None = None,
    consent: list[str] | None = None,
) -> Target:
    """Return a cluster of two nodes, one of which peers; ``rack`` is the label of the other one."""
    document = yaml.safe_load(MEETING)
    groups = document["all"]["children"]
    document["all"]["vars"].update(edge_pools={"lb": pool or PLAIN}, edge_services=services or {})
    groups["edge_nodes"]["hosts"]["n2"]["edge_node_labels"] = {"rack": rack}
    groups["edge_clusters"]["hosts"]["home"]["edge_cluster_take_over"] = {"objects": consent or []}
    return target_of(plan(inventory_from(document)).data, "home", "cilium", "kube-system", verifies=False)


def living(of: Target, new: Target, *theirs: dict[str, Any]) -> dict[str, Any]:
    """Return a cluster as the site made it, beside objects of others; it serves the kinds of the new plan too."""
    nodes = {
        name: {"labels": {"kubernetes.io/os": "linux", "kubernetes.io/hostname": name, **own}, "owned": sorted(own)}
        for name, own in (of.cluster["node_labels"] or {}).items()
    }
    bgp, lb = ([applied(item) for item in of.cluster[part]] for part in ("bgp", "lb"))
    services = [applied(item["object"]) for item in of.cluster["services"] if item["object"] is not None]
    labels = {
        key: value for item in of.cluster["services"] if not item["object"] for key, value in item["labels"].items()
    }
    noted = {item["metadata"]["uid"]: place(item) for item in (*bgp, *lb, *services)}
    noted |= {"noted.bgp": "true", "noted.lb": "true", "noted.services": "true", "noted.labels": "true"}
    noted |= {"nodes": " ".join(nodes), **{f"labels.{name}": "rack" for name in nodes}}
    services = [*services, holder("10.67.0.130", "web/plex", labels=labels)]
    there = state(new, nodes=nodes, services=services, namespaces=["kube-system", "web"], config_map=noted)
    return {**there, "objects": [*bgp, *lb, *theirs]}


def other(kind: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": "theirs", "generation": 1, "uid": "00000000-0000-4000-8000-000000000009"}
    return {"apiVersion": "cilium.io/v2alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def on(node: str) -> dict[str, Any]:
    return {"nodeSelector": {"matchLabels": {"kubernetes.io/hostname": node}}}


CONFIG, L2, CATCH_ALL = "CiliumBGPClusterConfig", "CiliumL2AnnouncementPolicy", "CiliumLoadBalancerIPPool"
OTHER_BLOCKS = {"blocks": [{"cidr": "10.99.0.0/24"}]}
LABEL = {"web/plex": {"pool": "lb", "manage": "metadata"}}
ONE_CONFIG = (
    "it selects n2, as the planned rack-a does: a node takes one CiliumBGPClusterConfig, and Cilium refuses the younger"
    " one"
)
ONE_POOL = "it serves {}, as the planned lb does: which of the two gives the address is not defined"


@pytest.mark.parametrize(
    ("theirs", "before", "after", "told"),
    [
        pytest.param(other(CONFIG, **on("n2")), {}, {"rack": "a"}, ONE_CONFIG, id="a node joins a peering"),
        pytest.param(other(CONFIG, **on("n2")), {"rack": "a"}, {"rack": "a"}, None, id="a node has long joined it"),
        pytest.param(other(CONFIG, **on("n1")), {}, {"rack": "a"}, None, id="another node joins it"),
        pytest.param(other(CONFIG, **on("n2")), {}, {"rack": "c"}, None, id="a label by which nothing selects"),
        pytest.param(
            other("CiliumBGPPeeringPolicy", **on("n2")),
            {},
            {"rack": "a"},
            "it selects n2, as the planned CiliumBGPClusterConfig rack-a does: before Cilium 1.19 it wins, and no"
            " planned session comes up there",
            id="a node of a policy joins a peering",
        ),
        pytest.param(
            other(L2, loadBalancerIPs=True),
            {},
            {"pool": ON_L2},
            "it announces web/plex, as the planned CiliumL2AnnouncementPolicy lb.lan does, on L2 from n1, n2",
            id="a pool gets L2",
        ),
        pytest.param(
            other(L2, loadBalancerIPs=True), {"pool": ON_L2}, {"pool": ON_L2}, None, id="a pool has long had L2"
        ),
        pytest.param(
            other(L2, loadBalancerIPs=True, serviceSelector={"matchLabels": {"no": "one"}}),
            {},
            {"pool": ON_L2},
            None,
            id="a policy of other services",
        ),
        pytest.param(
            other(L2, loadBalancerIPs=True),
            {},
            {"services": SERVICE},
            "it announces web/site, which draw from planned pools, on L2 from n1, n2",
            id="a Service comes beside a policy",
        ),
        pytest.param(
            other(CATCH_ALL, **OTHER_BLOCKS),
            {},
            {"services": SERVICE},
            ONE_POOL.format("web/site"),
            id="a Service comes",
        ),
        pytest.param(
            other(CATCH_ALL, **OTHER_BLOCKS), {"services": SERVICE}, {"services": SERVICE}, None, id="a Service stays"
        ),
        pytest.param(other(CATCH_ALL, **OTHER_BLOCKS), {"services": SERVICE}, {}, None, id="a Service leaves"),
        pytest.param(
            other(CATCH_ALL, **OTHER_BLOCKS),
            {"pool": LABELED},
            {"pool": LABELED, "services": LABEL},
            ONE_POOL.format("web/plex"),
            id="a Service gets the pool's label",
        ),
        pytest.param(
            other(CATCH_ALL, **OTHER_BLOCKS),
            {"pool": LABELED, "services": LABEL},
            {"pool": LABELED, "services": LABEL},
            None,
            id="a Service keeps the pool's label",
        ),
    ],
)
def test_what_a_run_newly_brings_together_with_objects_of_others_is_refused(
    theirs: dict[str, Any], before: dict[str, Any], after: dict[str, Any], told: str | None
) -> None:
    """The objects of BGP, pools and L2 stay as they are, but for an L2 policy that comes."""
    name = f"{theirs['kind']} theirs"
    old, new = meeting(**before), meeting(**after)
    refused = look(new, living(old, new, theirs), ADMINISTRATOR).refusals
    assert [text.partition(" (")[0] for text in refused] == (
        [f"{name}: it was not made by this site, and {told}"] if told else []
    )
    consent = meeting(**after, consent=[f"{theirs['kind']}/theirs@1-00000000"])
    assert look(consent, living(old, consent, theirs), ADMINISTRATOR).refusals == []


@pytest.mark.parametrize(
    ("cluster", "unread"),
    [
        pytest.param(
            {"edge_cilium_managed": True, "edge_cluster_distribution": "talos"},
            "other load balancers and CNIs, kube-proxy, agents that Helm has no release of, and whether Cilium runs",
            id="Cilium of this site",
        ),
        pytest.param({}, "other load balancers, whether Cilium runs, and in which version", id="Cilium of others"),
        pytest.param({"edge_state": "absent"}, None, id="a cluster that leaves"),
        pytest.param({"edge_cluster_apply": "others"}, None, id="a cluster that others write"),
    ],
)
def test_what_is_not_looked_at_is_noted_with_the_right_that_lacks(cluster: dict[str, Any], unread: str | None) -> None:
    of = target("1.19.6", **cluster)
    rules = {"": {"resourceRules": without("none")[""]["resourceRules"], "incomplete": False}}
    daemonsets = {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get", "list"]}
    some = {"": {**rules[""], "resourceRules": [*rules[""]["resourceRules"], daemonsets]}}
    told = [
        [text for text in look(of, state(of, workloads=read), may).notes if text.startswith("not looked at")]
        for may, read in ((rules, None), (some, None), (ADMINISTRATOR, []))
    ]
    notes = [
        f"not looked at: {unread}, as no rule that is known lets the account get and list all {all_of} (grant it by a"
        f" ClusterRole: apiGroups: ['apps'], resources: [{resources}], verbs: [get, list])"
        for all_of, resources in (
            ("daemonsets and deployments", "daemonsets, deployments"),
            ("deployments", "deployments"),
        )
    ]
    assert told == ([notes[:1], notes[1:], []] if unread else [[], [], []])


def test_kube_vip_as_static_pods_is_known_by_the_services_that_it_serves() -> None:
    of = target("1.19.6", edge_cilium_managed=True, edge_cluster_distribution="talos")
    service = holder("10.67.200.9", annotations={"kube-vip.io/vipHost": "n1"})
    found, bare = (look(of, state(of, kinds={}, services=services), ADMINISTRATOR) for services in ([service], []))
    (told,) = [text for text in found.notes if "another load balancer" in text]
    assert "kube-vip (annotation kube-vip.io/vipHost of Service media/plex)" in told
    assert (found.first_install, bare.first_install) == (False, True)


@pytest.mark.parametrize(
    ("release", "told"),
    [
        pytest.param("1.19.6", True, id="nothing of this run brings it"),
        pytest.param("1.19.5", False, id="an upgrade may bring it"),
    ],
)
def test_kind_that_is_not_served_is_told_before_anything_is_changed(release: str, told: bool) -> None:
    of = target("1.19.6", edge_cilium_managed=True)
    live = state(of, **live_release(of, release))
    del live["kinds"]["CiliumLoadBalancerIPPool"]
    found = [text for text in look(of, live, ADMINISTRATOR).notes if "does not serve" in text]
    text = (
        "CiliumLoadBalancerIPPool: the cluster does not serve this kind (Cilium's operator registers it: kubectl -n "
        "kube-system logs deployment/cilium-operator. It does so when it starts; where somebody deleted the definition "
        "since, start it anew: kubectl -n kube-system rollout restart deployment/cilium-operator)\n"
        "This run waits for it, for cilium_net_lb_wait seconds, after the routers have let in what is new."
    )
    assert found == ([text] if told else [])


NOT_OF_DEFINITIONS = {
    "": {
        "resourceRules": [
            *READER[""]["resourceRules"],
            {"apiGroups": ["cilium.io", ""], "resources": ["*"], "verbs": ["*"]},
        ]
    }
}


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        pytest.param(ADMINISTRATOR, "", id="stored anew by this run"),
        pytest.param(NOT_OF_DEFINITIONS, "may not patch customresourcedefinitions/status", id="no right"),
    ],
)
def test_pools_that_are_stored_in_an_old_version(rules: dict[str, Any], told: str) -> None:
    """A lacking right is told, and keeps nobody from what was done yesterday."""
    of = target("1.20.2")
    live = state(of, images={"Deployment/kube-system/cilium-operator": ["quay.io/cilium/operator-generic:v1.20.2"]})
    live["kinds"]["CiliumLoadBalancerIPPool"]["stored"] = ["v2alpha1", "v2"]
    options = of.options("lb")
    changes = part_changes("lb", options, (), live, Claims("lb", of.site, {}, "kube-system"))
    assert changes.store == ["CiliumLoadBalancerIPPool"]
    found = look(of, live, rules)
    assert found.refusals == []
    notes = [text for text in found.notes if "v2alpha1" in text]
    assert len(notes) == bool(told)
    assert all(told in text for text in notes)


def test_a_version_that_serves_no_stored_one_is_refused_before_helm() -> None:
    of = target("1.20.2", edge_cilium_managed=True)
    later = replace(of, cluster={**of.cluster, "cilium_version": "1.21.0"})
    live = state(later)
    live["kinds"]["CiliumLoadBalancerIPPool"]["stored"] = ["v2alpha1", "v2"]
    assert any("status.storedVersions" in text for text in look(later, live, ADMINISTRATOR).refusals)


@pytest.mark.parametrize(
    "labels", [OF_HOME, {}], ids=["which goes", "whose labels somebody took off, so that it stays"]
)
def test_an_object_of_ours_that_left_the_plan_and_claims_what_it_has(labels: dict[str, str]) -> None:
    """One that stays claims it beside the planned one, as any of others."""
    of = target()
    old = {
        **of.cluster["lb"][0],
        "metadata": {"name": "old", "uid": "0f1e2d3c-0000-4000-8000-000000000001", "generation": 1, "labels": labels},
    }
    noted = {
        "noted.lb": "true",
        "noted.bgp": "true",
        "0f1e2d3c-0000-4000-8000-000000000001": "CiliumLoadBalancerIPPool old",
    }
    found = look(of, state(of, json.dumps(old), config_map=noted), ADMINISTRATOR)
    told = (
        "CiliumLoadBalancerIPPool old: somebody took the site's labels off, so it stays as it is, and it has"
        " 10.67.200.0-10.67.200.255, which the planned lb has"
    )
    assert [told in text for text in found.refusals] == ([] if labels else [True])
