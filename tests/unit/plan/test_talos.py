# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The patches of Talos's machine configuration, to the letter."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.files import cluster_files
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_document, inventory_from

PATCH = "platform/talos-patch.yaml"
DOCUMENTS = "platform/talos-patch-documents.yaml"
SUBNETS = {"edge_cluster_pod_cidrs": "10.244.0.0/16", "edge_cluster_service_cidrs": "10.96.0.0/12"}


def rendered(**changes: Any) -> dict[str, str]:
    """Return the rendered files of the reference site; None takes a variable of its cluster away."""
    document = hybrid_document()
    own = document["all"]["children"]["edge_clusters"]["hosts"]["platform"]
    own.update(changes)
    document["all"]["children"]["edge_clusters"]["hosts"]["platform"] = {k: v for k, v in own.items() if v is not None}
    made = plan(inventory_from(document))
    assert made.data is not None, made.findings
    return cluster_files(made.data)


def test_the_patch_for_each_node() -> None:
    assert rendered(**SUBNETS)[PATCH] == (
        "# What Cilium needs of the Talos nodes of platform, by the planned values.\n"
        "# For each node, in machine configurations of one document: made for Talos up to 1.13.\n"
        "#   new cluster:     talosctl gen config NAME ENDPOINT --config-patch @talos-patch.yaml\n"
        "#   running cluster: talosctl --nodes NODE patch machineconfig --patch @talos-patch.yaml\n"
        "# Talos never deletes what it made. In a running cluster delete the DaemonSets yourself: kube-flannel before\n"
        "# Cilium comes, kube-proxy when Cilium replaces it.\n"
        "---\n"
        "cluster:\n"
        "  network:\n"
        "    cni:\n"
        "      name: none\n"
        "    podSubnets:\n"
        "    - 10.244.0.0/16\n"
        "    serviceSubnets:\n"
        "    - 10.96.0.0/12\n"
        "  proxy:\n"
        "    disabled: true\n"
        "machine:\n"
        "  features:\n"
        "    kubePrism:\n"
        "      enabled: true\n"
        "      port: 7445\n"
    )


def test_the_patch_of_documents() -> None:
    assert rendered(**SUBNETS)[DOCUMENTS] == (
        "# What Cilium needs of the Talos nodes of platform, by the planned values.\n"
        "# For the control plane's nodes, in machine configurations of many documents: made for Talos 1.14 or newer.\n"
        "#   new cluster:     talosctl gen config NAME ENDPOINT --config-patch-control-plane"
        " @talos-patch-documents.yaml\n"
        "#   running cluster: talosctl --nodes NODE patch machineconfig --patch @talos-patch-documents.yaml\n"
        "# Workers need the document KubePrismConfig alone, and only where its port is not 7445.\n"
        "# Talos never deletes what it made. In a running cluster delete the DaemonSets yourself: kube-flannel before\n"
        "# Cilium comes, kube-proxy when Cilium replaces it.\n"
        "---\n"
        "apiVersion: v1alpha1\n"
        "kind: KubeFlannelCNIConfig\n"
        "$patch: delete\n"
        "---\n"
        "apiVersion: v1alpha1\n"
        "kind: KubeProxyConfig\n"
        "enabled: false\n"
        "---\n"
        "apiVersion: v1alpha1\n"
        "kind: KubeNetworkConfig\n"
        "podSubnets:\n"
        "- 10.244.0.0/16\n"
        "serviceSubnets:\n"
        "- 10.96.0.0/12\n"
        "---\n"
        "apiVersion: v1alpha1\n"
        "kind: KubePrismConfig\n"
        "port: 7445\n"
    )


def test_what_the_values_say_otherwise() -> None:
    """Cilium hands out pod CIDRs, finds the API server elsewhere, and two ranges of one family are none of Talos's."""
    files = rendered(
        edge_cilium_values={"k8sServiceHost": "10.121.0.9", "k8sServicePort": 6443, "ipam": {"mode": "cluster-pool"}},
        edge_cluster_service_cidrs=["10.96.0.0/16", "10.97.0.0/16"],
    )
    assert yaml.safe_load(files[PATCH]) == {
        "cluster": {"network": {"cni": {"name": "none"}}, "proxy": {"disabled": True}}
    }
    kinds = [item["kind"] for item in yaml.safe_load_all(files[DOCUMENTS])]
    assert kinds == ["KubeFlannelCNIConfig", "KubeProxyConfig"]
    assert "KubePrismConfig" not in files[DOCUMENTS]


def test_another_port_of_kube_prism() -> None:
    files = rendered(edge_cilium_values={"k8sServicePort": 7446})
    assert yaml.safe_load(files[PATCH])["machine"] == {"features": {"kubePrism": {"enabled": True, "port": 7446}}}
    assert list(yaml.safe_load_all(files[DOCUMENTS]))[-1]["port"] == 7446


@pytest.mark.parametrize(
    "changes",
    [{"edge_cluster_distribution": "k3s"}, {"edge_cluster_distribution": None}, {"edge_state": "absent"}],
    ids=["k3s", "none", "absent"],
)
def test_no_other_cluster_has_one(changes: dict[str, Any]) -> None:
    assert [path for path in rendered(**changes) if "talos" in path] == []
