# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a live cluster shows of its distribution's prerequisites: kube-proxy, another CNI, servicelb, other nodes.

What would leave pods without a network when Cilium is installed is a refusal. On a cluster whose network Cilium is
already it is a note: it runs, and nothing gets worse by the run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._document.plan import PlannedCluster
from .._findings.wording import some
from .distributions import (
    API_ADDRESSES,
    CAPABILITIES,
    HOST,
    KUBECTL,
    LOCAL_HOSTS,
    PORT,
    Distribution,
    detected,
    distribution_of,
)
from .helm_values import value_at
from .kubectl import kubectl

NETWORKS: tuple[tuple[str, str], ...] = (
    (r"kube-flannel", "flannel"),
    (r"rke2-flannel", "flannel"),
    (r"calico-node$", "Calico"),
    (r"(rke2-)?canal$", "Canal"),
    (r"kindnet$", "kindnet"),
    (r"weave-net$", "Weave Net"),
    (r"antrea-agent$", "Antrea"),
    (r"kube-router$", "kube-router"),
    (r"kube-ovn-cni$", "Kube-OVN"),
    (r"ovnkube-node", "OVN-Kubernetes"),
    (r"aws-node$", "the Amazon VPC CNI"),
)
"""How the names of the DaemonSets of other CNIs begin -> the CNI."""

STATIC_KUBE_PROXY = "+rke2"
"""In the kubelet's version: of a distribution that runs kube-proxy as a static pod of each node (RKE2 documentation,
"Architecture"), which no list of DaemonSets shows."""
_KUBE_PRISM_SINCE = (1, 6)
_TRUE = (True, "true")


@dataclass(frozen=True, slots=True)
class Lack:
    """One prerequisite that a live cluster lacks."""

    text: str
    """With the way out."""
    refusal: bool
    """Whether a run must not go on."""


def distribution_lacks(
    cluster: PlannedCluster,
    nodes: Mapping[str, Mapping[str, Any]],
    workloads: Sequence[Mapping[str, Any]] | None,
    runs: bool,
    live_values: Mapping[str, Any] | None = None,
) -> list[Lack]:
    """Return which prerequisites of its distribution a live cluster lacks, refusals first.

    Args:
        cluster: the cluster as the plan has it; its release is ours to install.
        nodes: name -> what ``cluster_state_info`` tells with ``node_info``. What a node does not tell is not judged.
        workloads: ``kind`` and ``metadata`` of all DaemonSets; None where the account may not list them.
        runs: whether Cilium is the cluster's network already.
        live_values: Helm values of its release; None where there is none.
    """
    look = _Look(cluster, nodes, workloads, runs, live_values or {})
    found = [*look.nodes_of_another(), *look.kube_prism(), *look.networks(), *look.kube_proxy(), *look.k3s()]
    return sorted(found, key=lambda lack: not lack.refusal)


def k3s_option(arguments: Sequence[str], name: str) -> list[str]:
    """Return the values that k3s's arguments give an option, those of lists one by one; ``true`` for a bare flag."""
    found: list[str] = []
    for place, argument in enumerate(arguments):
        option, equals, value = argument.partition("=")
        if option != f"--{name}":
            continue
        if not equals:
            after = arguments[place + 1] if place + 1 < len(arguments) else "--"
            value = "true" if after.startswith("--") else after
        found += value.split(",")
    return found


class _Look:
    """What is known of one cluster."""

    def __init__(
        self,
        cluster: PlannedCluster,
        nodes: Mapping[str, Mapping[str, Any]],
        workloads: Sequence[Mapping[str, Any]] | None,
        runs: bool,
        live_values: Mapping[str, Any],
    ) -> None:
        self.values: Mapping[str, Any] = cluster["helm_values"]
        self.planned = cluster["distribution"]
        self.kubectl = kubectl(cluster["kubeconfig"], cluster["context"])
        self.nodes = nodes
        self.runs = runs
        self.live_values = live_values
        self.daemon_sets = (
            None if workloads is None else [item["metadata"] for item in workloads if item["kind"] == "DaemonSet"]
        )
        seen = {name for name in map(detected, nodes.values()) if name}
        self.live = seen.pop() if len(seen) == 1 else None
        """The distribution that nodes tell; None where they tell none, or several."""
        arguments = [facts.get("k3s_arguments") or [""] for _name, facts in sorted(nodes.items())]
        self.servers = [given for given in arguments if given[0] == "server"]
        """The arguments of k3s's servers: agents are told by them."""

    @property
    def distribution(self) -> Distribution:
        """Return the distribution that the cluster is: what its nodes tell, else what the inventory says."""
        return distribution_of(self.live or self.planned)

    def _command(self, way_out: str) -> str:
        """Return a way out of a distribution with commands that name the cluster."""
        return way_out.replace(KUBECTL, self.kubectl)

    def nodes_of_another(self) -> Iterator[Lack]:
        """Yield nodes that are not of the planned distribution, and the values that the distribution found needs."""
        planned = distribution_of(self.planned)
        if planned.node_mark:
            fact = planned.node_mark[0]
            others = {
                name: facts[fact]
                for name, facts in sorted(self.nodes.items())
                if facts.get(fact) and detected(facts) != self.planned
            }
            if others:
                yield self._strangers(planned, others)
        elif distribution_of(self.live).required:
            live = distribution_of(self.live)
            privileged = value_at(self.values, "securityContext.privileged") in _TRUE
            missing = [
                f"{item.path}: {json.dumps(item.value)}"
                for item in live.values
                if value_at(self.values, item.path) is None and not (privileged and item.path in CAPABILITIES)
            ]
            if missing:
                yield Lack(
                    f"the nodes run {live.name}, and the plan lacks what Cilium needs there: {', '.join(missing)}"
                    f" (write edge_cluster_distribution: {self.live})",
                    not self.runs,
                )

    def _strangers(self, planned: Distribution, others: Mapping[str, str]) -> Lack:
        shown = some([f"{name} ({what})" for name, what in others.items()])
        is_other = f"write edge_cluster_distribution: {self.live}" if self.live else "correct it, or take it away"
        as_live = all(value_at(self.live_values, path) == value_at(self.values, path) for path in (HOST, PORT))
        breaks = self._local_address(planned) and not as_live
        reason = (
            f": nothing listens on {planned.value_of(HOST)}:{planned.local_port} there, so agents would not reach the"
            " API server"
            if breaks
            else ""
        )
        return Lack(f"no {planned.name} (edge_cluster_distribution) runs on {shown}{reason} ({is_other})", breaks)

    def _local_address(self, distribution: Distribution) -> bool:
        """Return whether agents are to reach the API server by the distribution's own load balancer on each node."""
        return (
            distribution.local_port is not None
            and value_at(self.values, HOST) in LOCAL_HOSTS
            and str(value_at(self.values, PORT)) == str(distribution.local_port)
        )

    def kube_prism(self) -> Iterator[Lack]:
        """Yield Talos nodes on which KubePrism is off unless somebody switched it on."""
        talos = distribution_of("talos")
        if self.live != "talos" or not self._local_address(talos):
            return
        old = []
        for name, facts in sorted(self.nodes.items()):
            version = re.search(r"\(v(\d+)\.(\d+)", facts.get("os_image") or "")
            if version and (int(version[1]), int(version[2])) < _KUBE_PRISM_SINCE:
                old.append(f"{name} ({facts['os_image']})")
        if old:
            yield Lack(
                f"KubePrism is off by default before Talos 1.6, and agents are to reach the API server by it:"
                f" {some(old)} (apply talos-patch.yaml, which render.yml writes, or update Talos)",
                not self.runs,
            )

    def networks(self) -> Iterator[Lack]:
        """Yield other CNIs, unless Cilium is to be chained to one, or to stay beside it for a migration."""
        chained = value_at(self.values, "cni.chainingMode") not in (None, "none")
        if chained or value_at(self.values, "cni.customConf") in _TRUE:
            return
        found: dict[str, str] = {}
        for metadata in self.daemon_sets or []:
            for pattern, network in NETWORKS:
                if re.match(pattern, metadata["name"]):
                    found.setdefault(network, f"DaemonSet {metadata['namespace']}/{metadata['name']}")
        if any("none" not in k3s_option(arguments, "flannel-backend") for arguments in self.servers):
            found.setdefault("flannel", "in k3s itself")
        for network, where in sorted(found.items()):
            brought_along = self.distribution if network == "flannel" else distribution_of(None)
            way_out = f"remove it: {self._command(brought_along.network)}"
            if self.runs:
                yield Lack(f"{network} ({where}) runs beside Cilium ({way_out})", False)
            else:
                yield Lack(
                    f"{network} ({where}) is the cluster's network, and its pods would not reach those of Cilium"
                    f' ({way_out}; to go node by node, Cilium documentation "Migrating a cluster to Cilium":'
                    " cni.customConf: true in edge_cilium_values)",
                    True,
                )

    def kube_proxy(self) -> Iterator[Lack]:
        """Yield kube-proxy beside Cilium's replacement of it, and the lack of both."""
        replaced = value_at(self.values, "kubeProxyReplacement") in _TRUE
        addressed = any(value_at(self.values, path) for path in API_ADDRESSES)
        there = self._kube_proxy()
        if there and replaced:
            first = (
                "" if addressed else "write k8sServiceHost and k8sServicePort first, else no agent starts again; then "
            )
            yield Lack(
                f"kube-proxy ({there}) runs beside Cilium's replacement of it, and both answer for services"
                f" ({first}{self._command(self.distribution.kube_proxy)})",
                False,
            )
        if there is None or there:
            return
        if not replaced:
            yield Lack(
                "neither kube-proxy runs nor does Cilium replace it: no service address is served"
                " (write kubeProxyReplacement: true in edge_cilium_values)",
                not self.runs,
            )
        elif not addressed:
            yield Lack(
                "no kube-proxy runs, and the plan has no address of the API server: its service address is served by"
                " Cilium alone, so no agent starts after a reboot of its node (write k8sServiceHost and k8sServicePort"
                f" in edge_cilium_values: what {self.kubectl} -n kube-public get configmap cluster-info names)",
                not self.runs,
            )

    def _kube_proxy(self) -> str | None:
        """Return where kube-proxy runs, nothing where it does not; None where that is not known."""
        if self.servers:
            on = [arguments for arguments in self.servers if "true" not in k3s_option(arguments, "disable-kube-proxy")]
            return "in k3s itself" if on else ""
        for metadata in self.daemon_sets or []:
            if metadata["name"] == "kube-proxy":
                return f"DaemonSet {metadata['namespace']}/kube-proxy"
        as_daemon_set = (self.live or self.planned) in ("talos", "kubeadm") and not any(
            STATIC_KUBE_PROXY in str(facts.get("kubelet_version") or "") for facts in self.nodes.values()
        )
        return "" if as_daemon_set and self.daemon_sets is not None else None

    def k3s(self) -> Iterator[Lack]:
        """Yield what k3s runs itself and Cilium does too: load balancers and network policies."""
        pods = sorted(
            f"{item['namespace']}/{item['name']}"
            for item in self.daemon_sets or []
            if item["name"].startswith("svclb-")
        )
        on = any("servicelb" not in k3s_option(arguments, "disable") for arguments in self.servers)
        if on or pods:
            whom = f"DaemonSets {some(pods)}" if pods else "for each Service of type LoadBalancer to come"
            yield Lack(
                f"servicelb of k3s is on ({whom}): it gives Services the nodes' addresses, and Cilium those of the"
                " pools (disable: [servicelb] in /etc/rancher/k3s/config.yaml of each server, then restart k3s)",
                False,
            )
        if any("true" not in k3s_option(arguments, "disable-network-policy") for arguments in self.servers):
            yield Lack(
                "the network policy controller of k3s runs beside Cilium's"
                " (disable-network-policy: true in /etc/rancher/k3s/config.yaml of each server, then restart k3s)",
                False,
            )
