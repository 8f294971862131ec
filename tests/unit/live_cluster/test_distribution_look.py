# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a live cluster lacks of its distribution's prerequisites, and whether that ends a run."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import node_facts
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.distributions import API_ADDRESSES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_checks import check_helm_values
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.values import nested
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.distribution_look import (
    distribution_lacks,
    k3s_option,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.takeover import Release
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_document, inventory_from
from hypothesis import given
from hypothesis import strategies as st

K3S_SERVER = ("server", "--flannel-backend", "none", "--disable-network-policy", "--disable-kube-proxy", "true")
WELL_SET = (*K3S_SERVER, "--disable", "servicelb")
IN_CONFIG = "in /etc/rancher/k3s/config.yaml of each server"


def node(os_image: str = "", kubelet: str = "", arguments: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Return a Node as the API has it."""
    annotations = {} if arguments is None else {"k3s.io/node-args": json.dumps(arguments)}
    info = {"osImage": os_image, "kubeletVersion": kubelet}
    return {"metadata": {"annotations": annotations}, "status": {"nodeInfo": info}}


TALOS = node("Talos (v1.12.4)", "v1.34.2")
DEBIAN = node("Debian GNU/Linux 12 (bookworm)", "v1.34.2")


def k3s(*arguments: str) -> dict[str, Any]:
    return node("Debian GNU/Linux 12 (bookworm)", "v1.33.5+k3s1", arguments)


def workload(name: str, kind: str = "DaemonSet", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"namespace": "kube-system", "name": name, "labels": None}, **more}


KUBE_PROXY = workload("kube-proxy")
NOWHERE = workload("kube-proxy", scheduled=0)
GONE = object()
"""In place of a value that the plan lacks."""


def lacks(
    distribution: str | None,
    nodes: dict[str, dict[str, Any]],
    workloads: tuple[dict[str, Any], ...] | None = (),
    runs: bool = False,
    values: dict[str, Any] | None = None,
    planned: dict[str, Any] | None = None,
    live: dict[str, Any] | None = None,
    unset: tuple[str, ...] = (),
    version: str = "1.20.2",
) -> tuple[list[str], list[str]]:
    """Return refusals and notes.

    ``values`` stand in the inventory, ``planned`` in the place of what it comes to, and ``live`` in the release;
    ``unset`` is what Helm may unset of it; ``version`` is Cilium's, the live one too.
    """
    document = hybrid_document()
    own = document["all"]["children"]["edge_clusters"]["hosts"]["platform"]
    own.update(edge_cluster_distribution=distribution, edge_cilium_values=values or {}, edge_cilium_version=version)
    if distribution is None:
        del own["edge_cluster_distribution"]
    made = plan(inventory_from(document))
    assert made.data is not None, made.findings
    cluster = made.data["clusters"]["platform"]
    cluster["helm_values"].update(planned or {})
    cluster["helm_values"] = {key: item for key, item in cluster["helm_values"].items() if item is not GONE}
    cluster["kubeconfig"], cluster["context"] = None, "platform"
    facts = {name: node_facts(item) for name, item in nodes.items()}
    return told(cluster, facts, workloads, runs, None if live is None else Release("cilium", version, live), unset)


def told(cluster: Any, facts: Any, *more: Any) -> tuple[list[str], list[str]]:
    """Return refusals and notes of a planned cluster."""
    found = distribution_lacks(cluster, facts, *more)
    return [lack.text for lack in found if lack.refusal], [lack.text for lack in found if not lack.refusal]


@pytest.mark.parametrize(
    ("distribution", "nodes", "workloads"),
    [
        pytest.param("talos", {"a": TALOS}, (workload("kube-flannel", "Deployment"),), id="Talos"),
        pytest.param("talos", {"a": node()}, (), id="a node that tells nothing"),
        pytest.param("talos", {}, None, id="nothing may be listed"),
        pytest.param("k3s", {"a": k3s(*WELL_SET), "b": k3s("agent")}, (), id="k3s"),
        pytest.param("k3s", {"a": node("", "v1.33.5+k3s1")}, (), id="k3s without the annotation"),
        pytest.param(None, {"a": DEBIAN}, (), id="another distribution"),
        pytest.param(None, {"a": DEBIAN}, (workload("cilium"),), id="Cilium is no other CNI"),
        pytest.param("kubeadm", {"a": DEBIAN}, None, id="kubeadm, and nothing may be listed"),
    ],
)
def test_a_cluster_as_it_should_be_lacks_nothing(
    distribution: str | None, nodes: dict[str, dict[str, Any]], workloads: tuple[dict[str, Any], ...] | None
) -> None:
    assert lacks(distribution, nodes, workloads) == ([], [])


@pytest.mark.parametrize("name", ["rke2-canal", "rke2-flannel", "kindnet", "canal", "kube-flannel-ds"])
def test_the_network_of_another_is_known_by_its_daemon_set(name: str) -> None:
    refused, _notes = lacks(None, {"a": DEBIAN}, (workload(name), KUBE_PROXY))
    assert [f"DaemonSet kube-system/{name}" in text for text in refused] == [True]


def test_kube_proxy_of_rke2_is_no_daemon_set() -> None:
    """It runs as a static pod, so that nobody knows whether it runs."""
    rke2 = node("SUSE Linux Enterprise Server 15 SP6", "v1.33.5+rke2r1")
    assert lacks("kubeadm", {"a": rke2}) == ([], [])
    assert lacks("kubeadm", {"a": DEBIAN})[0] != []


def test_nodes_of_another_distribution_are_refused_where_agents_would_not_reach_the_api_server() -> None:
    text = (
        "no Talos (edge_cluster_distribution) runs on b (Debian GNU/Linux 12 (bookworm)): nothing listens on"
        " localhost:7445 there, so agents would not reach the API server"
    )
    assert lacks("talos", {"a": TALOS, "b": DEBIAN}, runs=True)[0] == [
        f"{text} (write edge_cluster_distribution: talos)"
    ]
    assert lacks("talos", {"b": DEBIAN})[0] == [f"{text} (correct it, or take it away)"]
    assert lacks("k3s", {"a": TALOS}, (KUBE_PROXY,))[0] == [
        "no k3s (edge_cluster_distribution) runs on a (v1.34.2): nothing listens on 127.0.0.1:6444 there, so agents"
        " would not reach the API server (write edge_cluster_distribution: talos)"
    ]


def test_agents_that_live_by_that_address_already_are_left_to_it() -> None:
    live = {"k8sServiceHost": "localhost", "k8sServicePort": 7445}
    note = (
        "no Talos (edge_cluster_distribution) runs on b (Debian GNU/Linux 12 (bookworm)) (correct it, or take it away)"
    )
    assert lacks("talos", {"b": DEBIAN}, runs=True, live=live) == ([], [note])
    assert len(lacks("talos", {"b": DEBIAN}, runs=True, live={"k8sServiceHost": "10.0.0.9"})[0]) == 1


def test_with_an_address_of_its_own_it_is_a_note() -> None:
    values = {"k8sServiceHost": "10.121.0.10", "k8sServicePort": 6443}
    assert lacks("talos", {"b": DEBIAN}, values=values) == (
        [],
        [
            "no Talos (edge_cluster_distribution) runs on b (Debian GNU/Linux 12 (bookworm)) (correct it, or take it away)"
        ],
    )


@pytest.mark.parametrize("distribution", [None, "kubeadm"])
def test_a_plan_that_lacks_the_values_of_talos_is_refused_until_cilium_runs(distribution: str | None) -> None:
    refused, _notes = lacks(distribution, {"a": TALOS}, (KUBE_PROXY,))
    assert refused == [
        'the nodes run Talos, and the plan lacks what Cilium needs there: ipam: {mode: "kubernetes"}, k8sServiceHost:'
        ' "localhost", k8sServicePort: 7445, cgroup: {autoMount: {enabled: false}, hostRoot: "/sys/fs/cgroup"},'
        ' securityContext: {capabilities: {ciliumAgent: ["CHOWN", "KILL", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "SYS_ADMIN",'
        ' "SYS_RESOURCE", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"], cleanCiliumState:'
        ' ["NET_ADMIN", "SYS_ADMIN", "SYS_RESOURCE"]}} (write edge_cluster_distribution: talos)'
    ]
    assert lacks(distribution, {"a": TALOS}, (KUBE_PROXY,), runs=True)[0] == []


def test_the_values_of_talos_may_be_written_by_hand() -> None:
    values = {
        "ipam": {"mode": "kubernetes"},
        "k8sServiceHost": "localhost",
        "k8sServicePort": 7445,
        "cgroup": {"autoMount": {"enabled": False}, "hostRoot": "/sys/fs/cgroup"},
        "securityContext": {"privileged": True},
    }
    assert lacks(None, {"a": TALOS}, values=values) == ([], [])


def test_kube_prism_of_an_old_talos() -> None:
    old = node("Talos (v1.5.5)", "v1.28.3")
    text = (
        "KubePrism is off by default before Talos 1.6, and agents are to reach the API server by it: a (Talos (v1.5.5))"
        " (apply talos-patch.yaml, which render.yml writes, or update Talos)"
    )
    assert lacks("talos", {"a": old, "b": TALOS}) == ([text], [])
    assert lacks("talos", {"a": old, "b": TALOS}, runs=True) == ([], [text])


MIGRATION = (
    '; to go node by node, Cilium documentation "Migrating a cluster to Cilium": cni: {customConf: true} in'
    " edge_cilium_values)"
)


@pytest.mark.parametrize(
    ("distribution", "nodes", "workloads", "where", "way_out"),
    [
        pytest.param(
            "talos",
            {"a": TALOS},
            (workload("kube-flannel"),),
            "flannel (DaemonSet kube-system/kube-flannel)",
            "cluster.network.cni.name: none in the machine configuration (talos-patch.yaml, which render.yml writes),"
            " then kubectl --context platform -n kube-system delete daemonset kube-flannel, and reboot the nodes one by one",
            id="Talos's flannel",
        ),
        pytest.param(
            None,
            {"a": DEBIAN},
            (workload("calico-node"),),
            "Calico (DaemonSet kube-system/calico-node)",
            "delete its manifests, and its file in /etc/cni/net.d of each node",
            id="Calico",
        ),
        pytest.param(
            "k3s",
            {"a": k3s(*WELL_SET), "b": k3s("server", *WELL_SET[3:]), "c": k3s("agent")},
            (),
            "flannel (in k3s itself)",
            f"flannel-backend: none {IN_CONFIG}, restart k3s everywhere, and ip link delete flannel.1 on each node",
            id="k3s's flannel, on one server",
        ),
    ],
)
def test_another_network_is_refused_until_cilium_runs(
    distribution: str | None,
    nodes: dict[str, dict[str, Any]],
    workloads: tuple[dict[str, Any], ...],
    where: str,
    way_out: str,
) -> None:
    assert lacks(distribution, nodes, workloads) == (
        [
            f"{where} is the cluster's network, and its pods would not reach those of Cilium (remove it: {way_out}{MIGRATION}"
        ],
        [],
    )
    assert lacks(distribution, nodes, workloads, runs=True) == (
        [],
        [f"{where} runs beside Cilium (remove it: {way_out})"],
    )


@pytest.mark.parametrize("cni", [{"chainingMode": "aws-cni"}, {"customConf": True}])
def test_another_network_may_stay_where_the_values_say_so(cni: dict[str, Any]) -> None:
    assert lacks(None, {"a": DEBIAN}, (workload("aws-node"),), values={"cni": cni}) == ([], [])


def test_kube_proxy_beside_its_replacement_is_a_note() -> None:
    text = "kube-proxy (DaemonSet kube-system/kube-proxy) runs beside Cilium's replacement of it, and both answer for services"
    assert lacks("talos", {"a": TALOS}, (KUBE_PROXY,)) == (
        [],
        [
            f"{text} (cluster.proxy.disabled: true in the machine configuration (talos-patch.yaml, which render.yml"
            " writes), then kubectl --context platform -n kube-system delete daemonset kube-proxy)"
        ],
    )
    (note,) = lacks("kubeadm", {"a": DEBIAN}, (KUBE_PROXY,), runs=True)[1]
    first = "write k8sServiceHost and k8sServicePort first, else no agent starts again; then "
    assert note.startswith(
        f"{text} ({first}kubectl --context platform -n kube-system delete daemonset,configmap kube-proxy, "
    )
    assert lacks("k3s", {"a": k3s(*WELL_SET[:4], *WELL_SET[6:])}, runs=True)[1] == [
        "kube-proxy (in k3s itself) runs beside Cilium's replacement of it, and both answer for services"
        f" (disable-kube-proxy: true {IN_CONFIG}, then restart k3s everywhere)"
    ]


def test_either_kube_proxy_or_its_replacement_must_serve() -> None:
    values = {"kubeProxyReplacement": False}
    text = (
        "neither kube-proxy runs nor does Cilium replace it: no service address is served"
        " (write kubeProxyReplacement: true in edge_cilium_values)"
    )
    assert lacks("talos", {"a": TALOS}, (KUBE_PROXY,), planned=values) == ([], [])
    assert lacks("talos", {"a": TALOS}, (), planned=values) == ([text], [])
    assert lacks("talos", {"a": TALOS}, (), planned=values, runs=True) == ([], [text])
    assert lacks("talos", {"a": TALOS}, None, planned=values) == ([], [])
    assert lacks("k3s", {"a": k3s(*WELL_SET)}, (), planned=values) == ([text], [])


REPLACED = {"kubeProxyReplacement": True}
DROPPED = {"kubeProxyReplacement": GONE}
ADDRESSED = {"k8sServiceHost": "10.121.0.10", "k8sServicePort": 6443}
RKE2 = node("SUSE Linux Enterprise Server 15 SP6", "v1.33.5+rke2r1")
NOBODY_SERVES = (
    "neither kube-proxy runs nor does Cilium replace it: no service address is served"
    " (write kubeProxyReplacement: true in edge_cilium_values)"
)
UNSEEN_REPLACEMENT = (
    "the live release has kubeProxyReplacement: true, and the plan lacks it: where no kube-proxy runs, no service"
    " address is served any more (write kubeProxyReplacement: true in edge_cilium_values; or false there, if kube-proxy"
    " runs)"
)
UNSEEN_ADDRESS = (
    'the live release names the API server (k8sServiceHost: "10.121.0.10", k8sServicePort: 6443), and the plan does not:'
    " where no kube-proxy runs, no agent starts after a reboot of its node (write it in edge_cilium_values; or that there"
    ' is to be none, if kube-proxy runs: k8sServiceHost: "")'
)

UNSEEN_URLS = (
    'the live release names the API server (k8sServiceHost: "10.121.0.10", k8s: {apiServerURLs: "https://10.121.0.10:6443"},'
    " k8sServicePort: 6443), and the plan does not: where no kube-proxy runs, no agent starts after a reboot of its node"
    ' (write it in edge_cilium_values; or that there is to be none, if kube-proxy runs: k8s: {apiServerURLs: ""})'
)


@pytest.mark.parametrize(
    ("distribution", "nodes", "workloads", "live", "planned", "refused"),
    [
        pytest.param(
            "kubeadm", DEBIAN, (), {**REPLACED, **ADDRESSED}, DROPPED, [NOBODY_SERVES], id="kube-proxy does not run"
        ),
        pytest.param(
            "kubeadm",
            DEBIAN,
            (),
            REPLACED,
            {"kubeProxyReplacement": False},
            [NOBODY_SERVES],
            id="nor by the user's word",
        ),
        pytest.param("kubeadm", DEBIAN, (), {}, DROPPED, [], id="it was not replaced before"),
        pytest.param("kubeadm", DEBIAN, (KUBE_PROXY,), REPLACED, DROPPED, [], id="kube-proxy runs"),
        pytest.param(
            "kubeadm",
            DEBIAN,
            (workload("kube-proxy", scheduled=5),),
            REPLACED,
            DROPPED,
            [],
            id="kube-proxy runs on five nodes",
        ),
        pytest.param(
            "kubeadm",
            DEBIAN,
            (workload("kube-proxy", scheduled=None),),
            REPLACED,
            DROPPED,
            [],
            id="kube-proxy's controller has not said where",
        ),
        pytest.param(
            "kubeadm",
            DEBIAN,
            (NOWHERE,),
            REPLACED,
            DROPPED,
            [NOBODY_SERVES],
            id="kube-proxy is there, and runs nowhere",
        ),
        pytest.param(
            None, DEBIAN, (NOWHERE,), REPLACED, DROPPED, [UNSEEN_REPLACEMENT], id="it runs nowhere as a DaemonSet"
        ),
        pytest.param(None, DEBIAN, (), REPLACED, DROPPED, [UNSEEN_REPLACEMENT], id="no distribution is named"),
        pytest.param("kubeadm", RKE2, (), REPLACED, DROPPED, [UNSEEN_REPLACEMENT], id="RKE2's static pods"),
        pytest.param("kubeadm", DEBIAN, None, REPLACED, DROPPED, [UNSEEN_REPLACEMENT], id="nothing may be listed"),
        pytest.param(
            None,
            DEBIAN,
            (),
            {"kubeProxyReplacement": "true", **ADDRESSED},
            DROPPED,
            [UNSEEN_REPLACEMENT, UNSEEN_ADDRESS],
            id="both go",
        ),
        pytest.param(
            None,
            DEBIAN,
            (),
            REPLACED,
            {"kubeProxyReplacement": False},
            [],
            id="not known, and the user's word is false",
        ),
        pytest.param(None, DEBIAN, (), {**REPLACED, **ADDRESSED}, {}, [UNSEEN_ADDRESS], id="the address goes"),
        pytest.param(
            None, DEBIAN, (), {**REPLACED, **ADDRESSED}, {"k8sServiceHost": "10.121.0.11"}, [], id="another address"
        ),
        pytest.param(
            None,
            DEBIAN,
            (),
            {**REPLACED, "k8sServiceHostRef": {"name": "api"}},
            {"k8s": {"apiServerURLs": "https://10.121.0.10:6443"}},
            [],
            id="another form of the address",
        ),
        pytest.param(
            None, DEBIAN, (), {**REPLACED, **ADDRESSED}, {"k8sServiceHost": ""}, [], id="the user's word is no address"
        ),
        pytest.param(
            None,
            DEBIAN,
            (),
            {**REPLACED, **ADDRESSED, "k8s": {"apiServerURLs": "https://10.121.0.10:6443"}},
            {"k8sServiceHost": ""},
            [UNSEEN_URLS],
            id="the user's word is of another form",
        ),
    ],
)
def test_what_a_running_cluster_lives_by_is_not_dropped(
    distribution: str | None,
    nodes: dict[str, Any],
    workloads: tuple[dict[str, Any], ...] | None,
    live: dict[str, Any],
    planned: dict[str, Any],
    refused: list[str],
) -> None:
    """An edit elsewhere takes a value out of the plan, as a pool does that goes from L2 to BGP."""
    found = lacks(distribution, {"a": nodes}, workloads, runs=True, planned=planned, live=live)[0]
    assert found == refused


@pytest.mark.parametrize("version", ["1.18.0", "1.20.2"])
def test_what_a_hint_says_can_be_pasted_into_the_values(version: str) -> None:
    """``k8s.apiServerURLs`` with its dots is one name for Helm, which EDGE604 refuses."""
    live = {path: value for name in API_ADDRESSES for path, value in nested(name, "api.example.net").items()}
    (text,) = [text for text in lacks(None, {"a": DEBIAN}, runs=True, live={**REPLACED, **live})[0] if "API" in text]
    for words in (text.rpartition("if kube-proxy runs: ")[2][:-1], text.partition("(")[2].partition("), and")[0]):
        pasted = yaml.safe_load(f"{{{words}}}")
        assert set(pasted) == {"k8s", "k8sServiceHost", "k8sServiceHostRef"}
        assert [item for item in check_helm_values(pasted, version) if "dots" in item.problem] == []


def test_without_kube_proxy_an_address_that_goes_is_refused() -> None:
    (text,) = lacks("kubeadm", {"a": DEBIAN}, runs=True, live={**REPLACED, **ADDRESSED})[0]
    assert text.startswith("no kube-proxy runs, and the plan has no address of the API server")


@pytest.mark.parametrize(
    ("unset", "refused"),
    [
        pytest.param(("kubeProxyReplacement",), [UNSEEN_ADDRESS], id="one of them"),
        pytest.param(("kubeProxyReplacement", "k8sServiceHost"), [], id="both"),
        pytest.param(("k8sServicePort",), [UNSEEN_REPLACEMENT, UNSEEN_ADDRESS], id="another value"),
    ],
)
def test_the_user_says_what_may_go_where_nobody_sees_kube_proxy(unset: tuple[str, ...], refused: list[str]) -> None:
    live = {**REPLACED, **ADDRESSED}
    assert lacks(None, {"a": DEBIAN}, (), runs=True, planned=DROPPED, live=live, unset=unset)[0] == refused
    # Where kube-proxy surely does not run, no word makes services work.
    assert lacks("kubeadm", {"a": DEBIAN}, (), runs=True, planned=DROPPED, live=live, unset=unset)[0] == [NOBODY_SERVES]


TALOS_LIVE = {
    **REPLACED,
    "k8sServiceHost": "localhost",
    "k8sServicePort": 7445,
    "ipam": {"mode": "kubernetes"},
    "cgroup": {"autoMount": {"enabled": False}, "hostRoot": "/sys/fs/cgroup"},
    "securityContext": {"capabilities": {"ciliumAgent": ["CHOWN"], "cleanCiliumState": ["NET_ADMIN"]}},
}


@pytest.mark.parametrize(
    ("distribution", "values", "live", "refused"),
    [
        pytest.param(None, {}, TALOS_LIVE, True, id="edge_cluster_distribution goes"),
        pytest.param("kubeadm", {}, TALOS_LIVE, True, id="it becomes another one"),
        pytest.param("k3s", {**ADDRESSED}, TALOS_LIVE, True, id="it becomes k3s, with an address of the user's"),
        pytest.param(None, {}, {"cgroup": {"hostRoot": "/sys/fs/cgroup"}}, True, id="one of its values goes"),
        pytest.param(None, {}, {"debug": {"enabled": True}}, False, id="the live release has none of them"),
        pytest.param("talos", {}, TALOS_LIVE, False, id="it stays"),
    ],
)
def test_the_values_of_talos_are_not_taken_from_a_running_cluster(
    distribution: str | None, values: dict[str, Any], live: dict[str, Any], refused: bool
) -> None:
    found = lacks(distribution, {"a": TALOS}, (KUBE_PROXY,), runs=True, values=values, live=live)[0]
    assert [text.partition(":")[0] for text in found] == [
        "the nodes run Talos, and the plan lacks what Cilium needs there"
    ] * refused


URLS = {"k8s": {"apiServerURLs": "https://10.121.0.10:6443"}}
TALOS_VALUES = {key: item for key, item in TALOS_LIVE.items() if not key.startswith("k8sService")}


@pytest.mark.parametrize(
    ("address", "version", "lacking"),
    [
        pytest.param(URLS, "1.20.2", None, id="URLs"),
        pytest.param(
            URLS,
            "1.18.9",
            'k8sServiceHost: "localhost", k8sServicePort: 7445',
            id="URLs, by which no agent of 1.18 starts",
        ),
        pytest.param({"k8sServiceHostRef": {"name": "api"}, "k8sServicePort": 6443}, "1.20.2", None, id="a reference"),
        pytest.param(
            {"k8sServiceHostRef": {"name": "api"}}, "1.20.2", "k8sServicePort: 7445", id="a reference without its port"
        ),
        pytest.param({"k8sServiceHost": "auto"}, "1.20.2", None, id="looked up, with its port"),
        pytest.param({"k8sServiceHost": "10.121.0.10"}, "1.20.2", "k8sServicePort: 7445", id="a host without its port"),
        pytest.param({}, "1.20.2", 'k8sServiceHost: "localhost", k8sServicePort: 7445', id="none"),
    ],
)
def test_another_address_of_the_api_server_takes_the_place_of_that_of_talos(
    address: dict[str, Any], version: str, lacking: str | None
) -> None:
    planned = {"k8sServiceHost": GONE, "k8sServicePort": GONE, **TALOS_VALUES, **address}
    refused, _notes = lacks(None, {"a": TALOS}, (), runs=True, planned=planned, live=TALOS_LIVE, version=version)
    talos = [text for text in refused if text.startswith("the nodes run Talos")]
    assert talos == [
        f"the nodes run Talos, and the plan lacks what Cilium needs there: {lacking} (write edge_cluster_distribution: talos)"
    ] * (lacking is not None)


def test_a_cluster_that_lives_by_an_address_that_its_version_does_not_take_goes_on() -> None:
    """Agents of 1.18 do not start by URLs alone; they run, and the plan changes nothing of it."""
    same = {**REPLACED, **URLS}
    refused, notes = lacks("kubeadm", {"a": DEBIAN}, (), runs=True, planned=same, live=same, version="1.18.9")
    told = "no kube-proxy runs, and the plan has no address of the API server"
    assert (refused, [text.startswith(told) for text in notes]) == ([], [True])
    gone = {"k8s": GONE, **REPLACED}
    assert len(lacks("kubeadm", {"a": DEBIAN}, (), runs=True, planned=gone, live=same, version="1.18.9")[0]) == 1
    assert len(lacks("kubeadm", {"a": DEBIAN}, (), runs=True, planned=gone, live=same)[0]) == 1


PARTS_OF_VALUES: list[dict[str, Any]] = [
    REPLACED,
    {"kubeProxyReplacement": "true"},
    {"kubeProxyReplacement": False},
    ADDRESSED,
    {"k8sServiceHost": "localhost", "k8sServicePort": 7445},
    {"k8sServiceHost": "auto"},
    {"k8sServiceHost": ""},
    {"k8sServiceHostRef": {"name": "api"}},
    URLS,
    TALOS_VALUES,
    {"cgroup": {"hostRoot": "/sys/fs/cgroup"}},
    {"cni": {"chainingMode": "aws-cni"}},
]
OLD_TALOS = node("Talos (v1.5.5)", "v1.28.3")


@given(
    parts=st.lists(st.sampled_from(PARTS_OF_VALUES), max_size=5),
    version=st.sampled_from(["1.16.0", "1.18.9", "1.20.2"]),
    distribution=st.sampled_from([None, "talos", "k3s", "kubeadm"]),
    nodes=st.lists(
        st.sampled_from([TALOS, OLD_TALOS, DEBIAN, RKE2, k3s("server"), k3s(*WELL_SET), node()]), max_size=3
    ),
    workloads=st.one_of(
        st.none(), st.lists(st.sampled_from([KUBE_PROXY, NOWHERE, workload("kube-flannel"), workload("cilium")]))
    ),
)
def test_a_release_that_runs_as_planned_is_never_refused(
    parts: list[dict[str, Any]],
    version: str,
    distribution: str | None,
    nodes: list[dict[str, Any]],
    workloads: list[dict[str, Any]] | None,
) -> None:
    """Whatever lacks there: the run changes nothing of it."""
    values: dict[str, Any] = {}
    for part in parts:
        values |= part
    cluster = {
        "helm_values": values,
        "distribution": distribution,
        "cilium_version": version,
        "kubeconfig": None,
        "context": None,
    }
    facts = {str(number): node_facts(item) for number, item in enumerate(nodes)}
    assert told(cluster, facts, workloads, True, Release("cilium", version, values))[0] == []


K3S_HINT = "(write edge_cluster_distribution: k3s)"


@pytest.mark.parametrize("distribution", [None, "kubeadm"])
def test_on_k3s_the_way_out_is_its_distribution(distribution: str | None) -> None:
    """k3s has no ConfigMap cluster-info, and by the chart its pods would get addresses of 10.0.0.0/8."""
    nodes = {"a": k3s(*WELL_SET), "b": k3s("agent")}
    served = "neither kube-proxy runs nor does Cilium replace it: no service address is served"
    assert lacks(distribution, nodes, planned=DROPPED)[0] == [f"{served} {K3S_HINT}"]
    addressed = (
        "no kube-proxy runs, and the plan has no address of the API server: its service address is served by Cilium"
        " alone, so no agent starts after a reboot of its node"
    )
    assert lacks(distribution, nodes)[0] == [f"{addressed} {K3S_HINT}"]
    assert lacks("k3s", nodes) == ([], [])
    # A value of the user's stands over the distribution's: it is to be changed itself.
    written = lacks(distribution, nodes, planned={"kubeProxyReplacement": False})[0]
    assert written == [NOBODY_SERVES]


def test_without_kube_proxy_and_without_an_address_of_the_api_server_no_agent_starts() -> None:
    text = (
        "no kube-proxy runs, and the plan has no address of the API server: its service address is served by Cilium"
        " alone, so no agent starts after a reboot of its node (write k8sServiceHost and k8sServicePort in"
        " edge_cilium_values: what kubectl --context platform -n kube-public get configmap cluster-info names)"
    )
    assert lacks("kubeadm", {"a": DEBIAN}) == ([text], [])
    assert lacks("kubeadm", {"a": DEBIAN}, runs=True) == ([], [text])
    addressed = {"k8sServiceHost": "10.121.0.10", "k8sServicePort": 6443}
    assert lacks("kubeadm", {"a": DEBIAN}, values=addressed) == ([], [])


def test_servicelb_and_the_network_policy_controller_of_k3s() -> None:
    policy = (
        "the network policy controller of k3s runs beside Cilium's"
        f" (disable-network-policy: true {IN_CONFIG}, then restart k3s)"
    )
    gives = "it gives Services the nodes' addresses, and Cilium those of the pools"
    way_out = f"(disable: [servicelb] {IN_CONFIG}, then restart k3s)"
    bare = ("server", "--flannel-backend=none", "--disable-kube-proxy", "--disable", "traefik,local-storage")
    assert lacks("k3s", {"a": k3s(*bare)}) == (
        [],
        [f"servicelb of k3s is on (for each Service of type LoadBalancer to come): {gives} {way_out}", policy],
    )
    pods = (workload("svclb-web-1b2c"), workload("svclb-dns-77aa"))
    assert lacks("k3s", {"a": node("", "v1.33.5+k3s1")}, pods) == (
        [],
        [
            "servicelb of k3s is on (DaemonSets kube-system/svclb-dns-77aa, kube-system/svclb-web-1b2c):"
            f" {gives} {way_out}"
        ],
    )


@pytest.mark.parametrize(
    ("arguments", "name", "values"),
    [
        (["server", "--disable", "servicelb", "--disable", "traefik"], "disable", ["servicelb", "traefik"]),
        (["server", "--disable", "servicelb,traefik"], "disable", ["servicelb", "traefik"]),
        (["server", "--disable=servicelb"], "disable", ["servicelb"]),
        (["server", "--disable-kube-proxy", "--tls-san", "k3s"], "disable-kube-proxy", ["true"]),
        (["server", "--disable-kube-proxy"], "disable-kube-proxy", ["true"]),
        (["server", "--disable-kube-proxy", "false"], "disable-kube-proxy", ["false"]),
        (["server", "--disable", ""], "disable", [""]),
        (["server"], "disable", []),
    ],
)
def test_arguments_of_k3s(arguments: list[str], name: str, values: list[str]) -> None:
    assert k3s_option(arguments, name) == values


@pytest.mark.parametrize("written", ["", "no JSON", '{"a": 1}'])
def test_a_damaged_annotation_tells_nothing(written: str) -> None:
    found = node_facts({"metadata": {"annotations": {"k3s.io/node-args": written}}})
    assert found == {"os_image": "", "kubelet_version": "", "k3s_arguments": None}
