# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches of Talos's machine configuration: what Cilium's planned values need of the nodes.

Up to Talos 1.13 a machine configuration is one document. From 1.14 on newly made ones have a document for each part,
and Talos refuses the old form of a part beside its document (siderolabs/talos, pkg/machinery/config/types/k8s). Which
form a cluster has, the inventory does not say: both are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from .._addressing.families import Family
from .._cilium.distributions import HOST, LOCAL_HOSTS, PORT
from .._cilium.ipam import KUBERNETES, ipam_mode
from .._document.plan import PlannedCluster
from .._kubernetes.values import is_true, value_at

PATCH, DOCUMENTS_PATCH = "talos-patch.yaml", "talos-patch-documents.yaml"
"""Names of the files, below the cluster's folder."""

_HEADER = """\
# What Cilium needs of the Talos nodes of {cluster}, by the planned values.
# For {form}.
#   new cluster:     talosctl gen config NAME ENDPOINT {option} @{file}
#   running cluster: talosctl --nodes NODE patch machineconfig --patch @{file}
{more}# Talos never deletes what it made. In a running cluster delete the DaemonSets yourself: kube-flannel before
# Cilium comes, kube-proxy when Cilium replaces it.
"""


def talos_patches(name: str, cluster: PlannedCluster) -> dict[str, str]:
    """Return the text of each patch by its file's name; none for a cluster of another distribution.

    Args:
        name: the cluster's.
        cluster: the cluster.
    """
    if cluster["distribution"] != "talos" or cluster["absent"]:
        return {}
    values = cluster["helm_values"]
    no_proxy = is_true(values, "kubeProxyReplacement")
    port = value_at(values, PORT) if value_at(values, HOST) in LOCAL_HOSTS else None
    pods = cluster["pod_cidrs"] if ipam_mode(values) == KUBERNETES else []
    subnets = {
        key: list(cidrs)
        for key, cidrs in (("podSubnets", pods), ("serviceSubnets", cluster["service_cidrs"]))
        if cidrs and _one_of_a_family(cidrs)
    }
    whole: dict[str, Any] = {
        "cluster": {"network": {"cni": {"name": "none"}, **subnets}, "proxy": {"disabled": no_proxy}}
    }
    documents: list[dict[str, Any]] = [
        {**_document("KubeFlannelCNIConfig"), "$patch": "delete"},
        {**_document("KubeProxyConfig"), "enabled": not no_proxy},
    ]
    if subnets:
        documents.append({**_document("KubeNetworkConfig"), **subnets})
    if port is not None:
        whole["machine"] = {"features": {"kubePrism": {"enabled": True, "port": int(port)}}}
        documents.append({**_document("KubePrismConfig"), "port": int(port)})
    form = "each node, in machine configurations of one document: made for Talos up to 1.13"
    planes = "the control plane's nodes, in machine configurations of many documents: made for Talos 1.14 or newer"
    more = "# Workers need the document KubePrismConfig alone, and only where its port is not 7445.\n" if port else ""
    return {
        PATCH: _HEADER.format(cluster=name, form=form, option="--config-patch", file=PATCH, more="") + _text([whole]),
        DOCUMENTS_PATCH: _HEADER.format(
            cluster=name, form=planes, option="--config-patch-control-plane", file=DOCUMENTS_PATCH, more=more
        )
        + _text(documents),
    }


def _document(kind: str) -> dict[str, Any]:
    return {"apiVersion": "v1alpha1", "kind": kind}


def _one_of_a_family(cidrs: Sequence[str]) -> bool:
    """Return whether Talos takes these subnets: at most one of each family."""
    families = [Family.IPV6 if ":" in cidr else Family.IPV4 for cidr in cidrs]
    return len(families) == len(set(families))


def _text(documents: Sequence[Mapping[str, Any]]) -> str:
    text: str = yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True)
    return text
