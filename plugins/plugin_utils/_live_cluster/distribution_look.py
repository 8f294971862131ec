# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a live cluster shows of its distribution's prerequisites: kube-proxy, another CNI, servicelb, other nodes.

What would leave pods without a network when Cilium is installed is a refusal. On a cluster whose network Cilium is
already it is a note, as it runs so. It is a refusal there too where the live release has what the plan drops: Helm
would take away by what the cluster lives, whoever made the release.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._kubernetes.state import KUBE_PROXY
from .._cilium.distributions import (
    API_ADDRESSES,
    API_URLS,
    CAPABILITIES,
    HOST,
    HOST_LOOKED_UP,
    KUBECTL,
    LOCAL_HOSTS,
    PORT,
    Distribution,
    api_addresses,
    detected,
    distribution_of,
)
from .._document.plan import PlannedCluster
from .._findings.wording import some
from .._kubernetes.values import all_as_written, as_written, is_true, value_at
from .kubectl import kubectl
from .takeover import Release

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
REPLACEMENT = "kubeProxyReplacement"
REPLACED = as_written(REPLACEMENT, True)
_KUBE_PRISM_SINCE = (1, 6)


@dataclass(frozen=True, slots=True)
class Shortcoming:
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
    live: Release | None = None,
    unset: Collection[str] = (),
) -> list[Shortcoming]:
    """Return which prerequisites of its distribution a live cluster lacks, refusals first.

    Args:
        cluster: the cluster as the plan has it; its release is ours to install.
        nodes: name -> what ``cluster_state_info`` tells with ``node_info``. What a node does not tell is not judged.
        workloads: ``kind`` and ``metadata`` of all DaemonSets, and how many nodes are to run kube-proxy
            (``scheduled``); None where the account may not list them.
        runs: whether Cilium is the cluster's network already.
        live: the revision of its release that runs; None where there is none.
        unset: values of it that the user lets Helm unset. That word is for a release of others: for one of this site's
            own the caller gives none, as a word that stayed in the inventory would consent to what nobody meant.
    """
    look = _Look(cluster, nodes, workloads, runs, live, unset)
    found = [*look.nodes_of_another(), *look.kube_prism(), *look.networks(), *look.kube_proxy(), *look.k3s()]
    return sorted(found, key=lambda lack: not lack.refusal)


def _runs(workload: Mapping[str, Any]) -> bool:
    """Return whether a workload is a DaemonSet, and not one that is to run on no node, as a selector can say."""
    return workload["kind"] == "DaemonSet" and workload.get("scheduled") != 0


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
        release: Release | None,
        unset: Collection[str],
    ) -> None:
        self.values: Mapping[str, Any] = cluster["helm_values"]
        self.planned = cluster["distribution"]
        self.version = cluster["cilium_version"]
        self.kubectl = kubectl(cluster["kubeconfig"], cluster["context"])
        self.nodes = nodes
        self.runs = runs
        self.live_values: Mapping[str, Any] = {} if release is None else release.values
        self.live_version = "" if release is None else release.version
        self.unset = unset
        self.daemon_sets = None if workloads is None else [item["metadata"] for item in workloads if _runs(item)]
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

    def nodes_of_another(self) -> Iterator[Shortcoming]:
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
                strangers = self._strangers(planned, others)
                yield strangers
                if strangers.refusal:
                    return  # the way out is the same
        live = distribution_of(self.live)
        if live.required and self.live != self.planned:
            privileged = is_true(self.values, "securityContext.privileged")
            needless = {*(CAPABILITIES if privileged else ()), *self._said_otherwise()}
            missing = [
                item for item in live.values if value_at(self.values, item.path) is None and item.path not in needless
            ]
            if missing:
                told = all_as_written({item.path: item.value for item in missing})
                yield Shortcoming(
                    f"the nodes run {live.name}, and the plan lacks what Cilium needs there: {told}"
                    f" (write edge_cluster_distribution: {self.live})",
                    not self.runs or bool(self._dropped_paths(*(item.path for item in missing))),
                )

    def _said_otherwise(self) -> set[str]:
        """Return the values of a distribution that another form of the API server's address stands for.

        A reference to a host wants the port beside it, and URLs have their own.
        """
        addressed = {path for path in api_addresses(self.version) if value_at(self.values, path)}
        in_place = {HOST} if addressed else set()
        looked_up = value_at(self.values, HOST) == HOST_LOOKED_UP
        return in_place | ({PORT} if looked_up or API_URLS in addressed else set())

    def _dropped_paths(self, *paths: str) -> list[str]:
        """Return which of these values the live release has, and the plan does not write, without the user's word.

        Empty text in the plan is written too: so somebody says that there is to be none.
        """
        lived = [path for path in paths if value_at(self.live_values, path) not in (None, "")]
        return [path for path in lived if value_at(self.values, path) is None and path not in self.unset]

    def _lived_by_address(self) -> bool:
        """Return whether agents of the live release find the API server without its service address."""
        return any(value_at(self.live_values, path) for path in api_addresses(self.live_version))

    def _strangers(self, planned: Distribution, others: Mapping[str, str]) -> Shortcoming:
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
        return Shortcoming(
            f"no {planned.name} (edge_cluster_distribution) runs on {shown}{reason} ({is_other})", breaks
        )

    def _local_address(self, distribution: Distribution) -> bool:
        """Return whether agents are to reach the API server by the distribution's own load balancer on each node."""
        return (
            distribution.local_port is not None
            and value_at(self.values, HOST) in LOCAL_HOSTS
            and str(value_at(self.values, PORT)) == str(distribution.local_port)
        )

    def kube_prism(self) -> Iterator[Shortcoming]:
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
            yield Shortcoming(
                f"KubePrism is off by default before Talos 1.6, and agents are to reach the API server by it:"
                f" {some(old)} (apply talos-patch.yaml, which render.yml writes, or update Talos)",
                not self.runs,
            )

    def networks(self) -> Iterator[Shortcoming]:
        """Yield other CNIs, unless Cilium is to be chained to one, or to stay beside it for a migration."""
        chained = value_at(self.values, "cni.chainingMode") not in (None, "none")
        if chained or is_true(self.values, "cni.customConf"):
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
                yield Shortcoming(f"{network} ({where}) runs beside Cilium ({way_out})", False)
            else:
                yield Shortcoming(
                    f"{network} ({where}) is the cluster's network, and its pods would not reach those of Cilium"
                    f' ({way_out}; to go node by node, Cilium documentation "Migrating a cluster to Cilium":'
                    f" {as_written('cni.customConf', True)} in edge_cilium_values)",
                    True,
                )

    def kube_proxy(self) -> Iterator[Shortcoming]:
        """Yield kube-proxy beside Cilium's replacement of it, and the lack of both."""
        replaced = is_true(self.values, REPLACEMENT)
        addressed = any(value_at(self.values, path) for path in api_addresses(self.version))
        there = self._kube_proxy()
        if there and replaced:
            first = (
                "" if addressed else "write k8sServiceHost and k8sServicePort first, else no agent starts again; then "
            )
            yield Shortcoming(
                f"kube-proxy ({there}) runs beside Cilium's replacement of it, and both answer for services"
                f" ({first}{self._command(self.distribution.kube_proxy)})",
                False,
            )
        if there is None:
            yield from self._dropped(replaced, addressed)
        elif not there and not replaced:
            yield Shortcoming(
                "neither kube-proxy runs nor does Cilium replace it: no service address is served"
                f" ({self._to_write(REPLACEMENT) or f'write {REPLACED} in edge_cilium_values'})",
                not self.runs or is_true(self.live_values, REPLACEMENT),
            )
        elif not there and not addressed:
            named = f"what {self.kubectl} -n kube-public get configmap cluster-info names"
            yield Shortcoming(
                "no kube-proxy runs, and the plan has no address of the API server: its service address is served by"
                " Cilium alone, so no agent starts after a reboot of its node"
                f" ({self._to_write(HOST) or f'write {HOST} and {PORT} in edge_cilium_values: {named}'})",
                not self.runs or self._lived_by_address() or bool(self._dropped_paths(*API_ADDRESSES)),
            )

    def _to_write(self, path: str) -> str:
        """Return the way out where the distribution that the nodes tell has the value, and the plan names another."""
        has = self.live != self.planned and distribution_of(self.live).value_of(path) is not None
        return f"write edge_cluster_distribution: {self.live}" if has and value_at(self.values, path) is None else ""

    def _dropped(self, replaced: bool, addressed: bool) -> Iterator[Shortcoming]:
        """Yield what the live release has and the plan drops, where nobody sees whether kube-proxy runs."""
        if not replaced and is_true(self.live_values, REPLACEMENT) and self._dropped_paths(REPLACEMENT):
            yield Shortcoming(
                f"the live release has {REPLACED}, and the plan lacks it: where no kube-proxy runs, no service"
                f" address is served any more (write {REPLACED} in edge_cilium_values; or false there, if"
                " kube-proxy runs)",
                True,
            )
        dropped = self._dropped_paths(*API_ADDRESSES)
        if not addressed and dropped:
            lived = {path: value_at(self.live_values, path) for path in (*API_ADDRESSES, PORT)}
            told = all_as_written({path: value for path, value in lived.items() if value not in (None, "")})
            none = all_as_written(dict.fromkeys(dropped, ""))
            yield Shortcoming(
                f"the live release names the API server ({told}), and the plan does not: where no kube-proxy runs, no"
                " agent starts after a reboot of its node (write it in edge_cilium_values; or that there is to be none,"
                f" if kube-proxy runs: {none})",
                True,
            )

    def _kube_proxy(self) -> str | None:
        """Return where kube-proxy runs, nothing where it does not; None where that is not known."""
        if self.servers:
            on = [arguments for arguments in self.servers if "true" not in k3s_option(arguments, "disable-kube-proxy")]
            return "in k3s itself" if on else ""
        for metadata in self.daemon_sets or []:
            if metadata["name"] == KUBE_PROXY:
                return f"DaemonSet {metadata['namespace']}/{KUBE_PROXY}"
        as_daemon_set = (self.live or self.planned) in ("talos", "kubeadm") and not any(
            STATIC_KUBE_PROXY in str(facts.get("kubelet_version") or "") for facts in self.nodes.values()
        )
        return "" if as_daemon_set and self.daemon_sets is not None else None

    def k3s(self) -> Iterator[Shortcoming]:
        """Yield what k3s runs itself and Cilium does too: load balancers and network policies."""
        pods = sorted(
            f"{item['namespace']}/{item['name']}"
            for item in self.daemon_sets or []
            if item["name"].startswith("svclb-")
        )
        on = any("servicelb" not in k3s_option(arguments, "disable") for arguments in self.servers)
        if on or pods:
            whom = f"DaemonSets {some(pods)}" if pods else "for each Service of type LoadBalancer to come"
            yield Shortcoming(
                f"servicelb of k3s is on ({whom}): it gives Services the nodes' addresses, and Cilium those of the"
                " pools (disable: [servicelb] in /etc/rancher/k3s/config.yaml of each server, then restart k3s)",
                False,
            )
        if any("true" not in k3s_option(arguments, "disable-network-policy") for arguments in self.servers):
            yield Shortcoming(
                "the network policy controller of k3s runs beside Cilium's"
                " (disable-network-policy: true in /etc/rancher/k3s/config.yaml of each server, then restart k3s)",
                False,
            )
