# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes distributions: the Helm values that Cilium needs there, and what the cluster itself must be set to.

One table. The values are the lowest layer of the release's; docs/cluster.md shows them with the prerequisites, and the
look at a live cluster (``distribution_look``) reads those that the API shows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import EdgeError
from .._addressing.addresses import Cidr
from .._addressing.families import Family
from .._addressing.intervals import Interval
from .._kubernetes.values import as_written
from .._versions.cilium import BPF_MASQUERADE, HOST_ROUTING, parse_version
from .._versions.cilium_chart import API_URLS_SUFFICE_SINCE
from .ipam import KUBERNETES

AGENT_CAPABILITIES = "securityContext.capabilities.ciliumAgent"
CLEAN_CAPABILITIES = "securityContext.capabilities.cleanCiliumState"
CAPABILITIES = (AGENT_CAPABILITIES, CLEAN_CAPABILITIES)
HOST, PORT = "k8sServiceHost", "k8sServicePort"
API_URLS = "k8s.apiServerURLs"
HOST_LOOKED_UP = "auto"
"""In :data:`HOST`: the chart takes host and port from the ConfigMap ``cluster-info`` (its templates/_helpers.tpl)."""
HOST_REFERENCE = "k8sServiceHostRef.name"
API_ADDRESSES = (HOST, HOST_REFERENCE, API_URLS)
"""Values by which agents find the API server without a service address."""
KUBECTL = "KUBECTL"
"""What stands in a way out for the beginning of a command, which names the cluster."""
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class BaseValue:
    """A Helm value that Cilium needs on a distribution."""

    path: str
    value: Any
    reason: str
    without_ipv4: Any = None
    """The value where the cluster runs no IPv4; None: the same."""


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """What the cluster must be set to; no run of ours changes it."""

    what: str
    how: str
    """The setting, in the distribution's words."""
    seen: str
    """By what a look at the live cluster sees that it is not so; empty where the API does not show it."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A Kubernetes distribution."""

    name: str
    """As it calls itself."""
    values: tuple[BaseValue, ...] = ()
    prerequisites: tuple[Prerequisite, ...] = ()
    sources: tuple[str, ...] = ()
    """Pages of documentation, by name."""
    node_mark: tuple[str, str] | None = None
    """Key of a live node's facts, and a pattern that its nodes match; None = nothing tells them."""
    pod_cidrs: tuple[Cidr, ...] = ()
    """Its own pod CIDRs, for Cilium's IPAM mode cluster-pool."""
    required: bool = False
    """Whether agents do not start there without the values."""
    kube_proxy: str = "the distribution's documentation says how to leave kube-proxy out"
    """How kube-proxy is left out, or removed; :data:`KUBECTL` is how a command of kubectl begins."""
    network: str = "delete its manifests, and its file in /etc/cni/net.d of each node"
    """How flannel, where the distribution brings it along, is left out; in the same form."""

    @property
    def local_port(self) -> int | None:
        """Return the port on which each node's own load balancer for the API server listens."""
        found = self.value_of(PORT)
        return found if isinstance(found, int) else None

    def value_of(self, path: str) -> Any:
        """Return the value at a path; None where the distribution has none."""
        return next((item.value for item in self.values if item.path == path), None)


_TALOS_AGENT = (
    "CHOWN",
    "KILL",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "SYS_ADMIN",
    "SYS_RESOURCE",
    "DAC_OVERRIDE",
    "FOWNER",
    "SETGID",
    "SETUID",
)
_NO_MODULES = "Talos lets no pod load kernel modules: the chart's list without SYS_MODULE"

TALOS = Distribution(
    "Talos",
    values=(
        BaseValue("ipam.mode", KUBERNETES, "Talos hands out the nodes' pod CIDRs (cluster.network.podSubnets)"),
        BaseValue("kubeProxyReplacement", True, "Talos is set to run no kube-proxy (cluster.proxy.disabled)"),
        BaseValue(HOST, "localhost", "KubePrism, Talos's own load balancer for the API server, runs on each node"),
        BaseValue(PORT, 7445, "KubePrism's port"),
        BaseValue("cgroup.autoMount.enabled", False, "Talos mounts cgroup v2 itself"),
        BaseValue("cgroup.hostRoot", "/sys/fs/cgroup", "where Talos mounts cgroup v2"),
        BaseValue(AGENT_CAPABILITIES, list(_TALOS_AGENT), _NO_MODULES),
        BaseValue(CLEAN_CAPABILITIES, ["NET_ADMIN", "SYS_ADMIN", "SYS_RESOURCE"], _NO_MODULES),
    ),
    prerequisites=(
        Prerequisite(
            "no flannel",
            "`cluster.network.cni.name: none`; from Talos 1.14 on no document `KubeFlannelCNIConfig`",
            "DaemonSet `kube-flannel`",
        ),
        Prerequisite(
            "no kube-proxy",
            "`cluster.proxy.disabled: true`; from Talos 1.14 on `KubeProxyConfig` with `enabled: false`",
            "DaemonSet `kube-proxy`",
        ),
        Prerequisite(
            "KubePrism on port 7445",
            "`machine.features.kubePrism`, on by default since Talos 1.6",
            "a node's `osImage`, before 1.6",
        ),
        Prerequisite(
            "host DNS does not answer pods, or Cilium routes by the host's stack",
            f"`machine.features.hostDNS.forwardKubeDNSToHost: false`, or `{as_written(HOST_ROUTING, True)}`; with"
            f" `{BPF_MASQUERADE}` alone",
            "",
        ),
    ),
    sources=(
        'Cilium documentation, "Installation on Talos Linux"',
        'Talos documentation, "Deploying Cilium CNI", "KubePrism"',
    ),
    node_mark=("os_image", r"Talos \("),
    required=True,
    kube_proxy="cluster.proxy.disabled: true in the machine configuration (talos-patch.yaml, which render.yml writes),"
    f" then {KUBECTL} -n kube-system delete daemonset kube-proxy",
    network="cluster.network.cni.name: none in the machine configuration (talos-patch.yaml, which render.yml writes),"
    f" then {KUBECTL} -n kube-system delete daemonset kube-flannel, and reboot the nodes one by one",
)

K3S = Distribution(
    "k3s",
    values=(
        BaseValue("kubeProxyReplacement", True, "k3s is set to run no kube-proxy (--disable-kube-proxy)"),
        BaseValue(
            HOST,
            "127.0.0.1",
            "each k3s node has a load balancer for the API server, servers the API server",
            without_ipv4="::1",
        ),
        BaseValue(PORT, 6444, "the port of both: k3s's default of --lb-server-port"),
    ),
    prerequisites=(
        Prerequisite("no flannel", "`--flannel-backend=none` on each server", "a server's arguments"),
        Prerequisite(
            "no network policy controller", "`--disable-network-policy` on each server", "a server's arguments"
        ),
        Prerequisite("no kube-proxy", "`--disable-kube-proxy` on each server", "a server's arguments"),
        Prerequisite(
            "no servicelb", "`--disable=servicelb` on each server", "a server's arguments, DaemonSets `svclb-*`"
        ),
    ),
    sources=(
        'Cilium documentation, "Installation Using K3s"',
        'k3s documentation, "Basic Network Options", "Networking Services", "Architecture"',
    ),
    node_mark=("kubelet_version", r".*\+k3s"),
    pod_cidrs=(Cidr(Interval(Family.IPV4, 0x0A2A0000, 0x0A2AFFFF), 16),),
    kube_proxy="disable-kube-proxy: true in /etc/rancher/k3s/config.yaml of each server, then restart k3s everywhere",
    network="flannel-backend: none in /etc/rancher/k3s/config.yaml of each server, restart k3s everywhere, and"
    " ip link delete flannel.1 on each node",
)
"""Its pod CIDR 10.42.0.0/16 is the default of ``k3s server --cluster-cidr``. The load balancer listens on ``::1`` where
the node's first address is one of IPv6 (k3s, ``pkg/agent/loadbalancer``)."""

KUBEADM = Distribution(
    "kubeadm",
    prerequisites=(
        Prerequisite(
            "no kube-proxy, where `kubeProxyReplacement` is true",
            "`kubeadm init --skip-phases=addon/kube-proxy`, and the API server's address in `k8sServiceHost` and"
            " `k8sServicePort`: without kube-proxy nobody serves its service address before agents run",
            "DaemonSet `kube-proxy`",
        ),
        Prerequisite("no other CNI", "apply none before Cilium", "its DaemonSet"),
    ),
    sources=(
        'Cilium documentation, "Installation using kubeadm", "Kubernetes Without kube-proxy"',
        'Kubernetes documentation, "kubeadm init", "Creating a cluster with kubeadm"',
    ),
    kube_proxy=f"{KUBECTL} -n kube-system delete daemonset,configmap kube-proxy, then drop its rules on each node"
    " (iptables-save | grep -v KUBE | iptables-restore); of a new cluster: kubeadm init"
    " --skip-phases=addon/kube-proxy",
)

OTHER = Distribution("another distribution")
"""No distribution is named: nothing is known."""

DISTRIBUTIONS: Mapping[str, Distribution] = {"talos": TALOS, "k3s": K3S, "kubeadm": KUBEADM}
"""By ``edge_cluster_distribution``."""


def api_addresses(version: str) -> tuple[str, ...]:
    """Return the values by which agents of a Cilium find the API server without a service address.

    One that is no version is refused elsewhere; it gets those of the newest.
    """
    with suppress(EdgeError):
        if parse_version(version) < API_URLS_SUFFICE_SINCE:
            return tuple(path for path in API_ADDRESSES if path != API_URLS)
    return API_ADDRESSES


def distribution_of(name: str | None) -> Distribution:
    """Return the distribution that the inventory names."""
    return DISTRIBUTIONS[name] if name is not None else OTHER


def detected(node: Mapping[str, Any]) -> str | None:
    """Return the distribution of a live node, as the inventory names it; None where nothing tells it.

    Args:
        node: ``os_image`` and ``kubelet_version`` of its ``status.nodeInfo``.
    """
    for name, item in DISTRIBUTIONS.items():
        if item.node_mark and re.match(item.node_mark[1], str(node.get(item.node_mark[0]) or "")):
            return name
    return None
