# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a live cluster lacks of its distribution's prerequisites, and whether that ends a run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import node_facts
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.distribution_look import (
    distribution_lacks,
    k3s_option,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_document, inventory_from

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


def workload(name: str, kind: str = "DaemonSet") -> dict[str, Any]:
    return {"kind": kind, "metadata": {"namespace": "kube-system", "name": name, "labels": None}}


KUBE_PROXY = workload("kube-proxy")


def lacks(
    distribution: str | None,
    nodes: dict[str, dict[str, Any]],
    workloads: tuple[dict[str, Any], ...] | None = (),
    runs: bool = False,
    values: dict[str, Any] | None = None,
    planned: dict[str, Any] | None = None,
    live: dict[str, Any] | None = None,
) -> tuple[list[str], list[str]]:
    """Return refusals and notes; ``values`` stand in the inventory, ``planned`` in the place of what it comes to."""
    document = hybrid_document()
    own = document["all"]["children"]["edge_clusters"]["hosts"]["platform"]
    own.update(edge_cluster_distribution=distribution, edge_cilium_values=values or {})
    if distribution is None:
        del own["edge_cluster_distribution"]
    made = plan(inventory_from(document))
    assert made.data is not None, made.findings
    cluster = made.data["clusters"]["platform"]
    cluster["helm_values"].update(planned or {})
    cluster["kubeconfig"], cluster["context"] = None, "platform"
    facts = {name: node_facts(item) for name, item in nodes.items()}
    found = distribution_lacks(cluster, facts, workloads, runs, live)
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
        'the nodes run Talos, and the plan lacks what Cilium needs there: ipam.mode: "kubernetes", k8sServiceHost:'
        ' "localhost", k8sServicePort: 7445, cgroup.autoMount.enabled: false, cgroup.hostRoot: "/sys/fs/cgroup",'
        ' securityContext.capabilities.ciliumAgent: ["CHOWN", "KILL", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "SYS_ADMIN",'
        ' "SYS_RESOURCE", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"], securityContext.capabilities.cleanCiliumState:'
        ' ["NET_ADMIN", "SYS_ADMIN", "SYS_RESOURCE"] (write edge_cluster_distribution: talos)'
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
    '; to go node by node, Cilium documentation "Migrating a cluster to Cilium": cni.customConf: true in'
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
