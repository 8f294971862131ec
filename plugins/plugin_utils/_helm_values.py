# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm values of the Cilium release: what the inventory needs, the distribution's base, and the user's over both.

The chart accepts misspelt and removed values in silence (its schema allows unknown keys), so they are checked here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import ceil
from typing import Any

from ._manifests import cilium_version
from ._model import Cluster

ERROR, WARNING = "error", "warning"

_L2_LEASE_SECONDS = {"leaseDuration": 15, "leaseRenewDeadline": 5, "leaseRetryPeriod": 2}
"""Cilium's own defaults, written out because the client rate limit is computed from them."""
_OTHER_QPS = 10
"""Requests per second that an agent needs for all but leases: Cilium's default limit for everything."""

_TALOS: Mapping[str, Any] = {
    "ipam": {"mode": "kubernetes"},
    "kubeProxyReplacement": True,
    "k8sServiceHost": "localhost",
    "k8sServicePort": 7445,
    "cgroup": {"autoMount": {"enabled": False}, "hostRoot": "/sys/fs/cgroup"},
    "securityContext": {
        "capabilities": {
            "ciliumAgent": [
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
            ],
            "cleanCiliumState": ["NET_ADMIN", "SYS_ADMIN", "SYS_RESOURCE"],
        }
    },
}
"""Cilium documentation, "Installation on Talos Linux": KubePrism on 7445, cgroup v2 mounted by Talos, no SYS_MODULE."""

_RESTART_ON_CHANGE: Mapping[str, Any] = {"operator": {"rollOutPods": True}, "rollOutCiliumPods": True}
"""Agents and operator read their configuration once, at start: without these a changed value does nothing."""

_K3S_POD_CIDRS = ("10.42.0.0/16",)
"""The default of ``k3s server --cluster-cidr``."""
_K3S: Mapping[str, Any] = {"kubeProxyReplacement": True, "k8sServiceHost": "127.0.0.1", "k8sServicePort": 6444}
"""Each k3s node has a load balancer for the API server on this port (k3s documentation, "Architecture")."""


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """A Helm value that does nothing, or not what it seems to."""

    path: str
    """Below the chart's values, such as ``bgpControlPlane.enabled``."""
    problem: str
    hint: str | None = None
    severity: str = ERROR
    """``error``, or ``warning`` for names that are merely close to a known one."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """The Cilium versions in which a value exists."""

    path: str
    since: tuple[int, int, int] | None = None
    until: tuple[int, int, int] | None = None
    """The first version without it."""
    hint: str | None = None


_RULES = (
    _Rule(
        "bgp",
        until=(1, 17, 0),
        hint="it was MetalLB's; edge_peerings and edge_pools make the BGP control plane's objects",
    ),
    _Rule("bgpControlPlane.legacyOriginAttribute", since=(1, 18, 2)),
    _Rule("bgpControlPlane.routerIDAllocation", since=(1, 18, 0)),
    _Rule("bgpControlPlane.secretNamespace", until=(0, 0, 0), hint="did you mean bgpControlPlane.secretsNamespace?"),
    _Rule("bgpControlPlane.statusReport", since=(1, 17, 0)),
    _Rule("ciliumEndpointSlice.sliceMode", until=(1, 18, 0)),
    _Rule("containerRuntime.integration", until=(1, 16, 0)),
    _Rule("defaultLBServiceIPAM", since=(1, 17, 0)),
    _Rule("enableCiliumEndpointSlice", until=(1, 18, 0), hint="use ciliumEndpointSlice.enabled"),
    _Rule("enableCnpStatusUpdates", until=(1, 15, 0)),
    _Rule("enableK8sEventHandover", until=(1, 15, 0)),
    _Rule("enableLBIPAM", since=(1, 17, 0)),
    _Rule("enableNoServiceEndpointsRoutable", since=(1, 19, 0)),
    _Rule("enableRuntimeDeviceDetection", until=(1, 16, 0), hint="remove it: devices are always detected at runtime"),
    _Rule("endpointStatus", until=(1, 16, 0)),
    _Rule("externalIPs", until=(1, 17, 6), hint="remove it: kubeProxyReplacement serves external IPs by itself"),
    _Rule("k8sClientRateLimit.operator", since=(1, 17, 0)),
    _Rule("k8sServiceHostRef", since=(1, 18, 0)),
    _Rule("l2podAnnouncements.interface", until=(1, 19, 1), hint="use l2podAnnouncements.interfacePattern"),
    _Rule("l2podAnnouncements.interfacePattern", since=(1, 18, 0), hint="use l2podAnnouncements.interface"),
    _Rule("nodePort.enabled", until=(1, 19, 0), hint="remove it: kubeProxyReplacement implies it"),
    _Rule("remoteNodeIdentity", until=(1, 16, 0)),
    _Rule("tunnel", until=(1, 15, 0), hint="use routingMode and tunnelProtocol"),
)
"""From the charts' values of 1.16 to 1.20, their upgrade notes and their own validation (templates/validate.yaml)."""

_KNOWN_NAMES = frozenset(
    """
    MTU affinity agent agentNotReadyTaintKey aksbyocni alibabacloud annotateK8sNode annotations apiRateLimit
    authentication autoDirectNodeRoutes azure bandwidthManager bgpControlPlane bpf bpfClockProbe certgen cgroup
    ciliumEndpointSlice cleanBpfState cleanState cluster clustermesh cni commonLabels configDriftDetection
    connectivityProbeFrequencyRatio conntrackGCInterval conntrackGCMaxInterval crdWaitTimeout daemon dashboards
    datapathPlugins debug defaultLBServiceIPAM devices directRoutingSkipUnreachable disableEndpointCRD dnsPolicy
    dnsProxy egressGateway enableCriticalPriorityClass enableIPv4BIGTCP enableIPv4Masquerade enableIPv6BIGTCP
    enableIPv6Masquerade enableInternalTrafficPolicy enableLBIPAM enableMasqueradeRouteSource
    enableNoServiceEndpointsRoutable enableNonDefaultDenyPolicies enableXTSocketFallback encryption
    endpointHealthChecking endpointLockdownOnMapOverflow endpointPolicyUpdateTimeoutDuration endpointRoutes eni
    envoy envoyConfig etcd extraArgs extraConfig extraContainers extraEnv extraHostPathMounts extraInitContainers
    extraVolumeMounts extraVolumes forceDeviceDetection gatewayAPI gke global healthCheckICMPFailureThreshold
    healthChecking healthPort hostFirewall hubble identityAllocationMode identityChangeGracePeriod
    identityManagementMode image imagePullSecrets ingressController initResources installNoConntrackIptablesRules
    ipMasqAgent ipam iptablesRandomFully ipv4 ipv4NativeRoutingCIDR ipv6 ipv6NativeRoutingCIDR k8s
    k8sClientExponentialBackoff k8sClientRateLimit k8sClusterNetworkPolicy k8sNetworkPolicy k8sServiceHost
    k8sServiceHostRef k8sServiceLookupConfigMapName k8sServiceLookupNamespace k8sServicePort keepDeprecatedLabels
    keepDeprecatedProbes kubeConfigPath kubeProxyReplacement kubeProxyReplacementHealthzBindAddr l2NeighDiscovery
    l2announcements l2podAnnouncements l7Proxy livenessProbe loadBalancer localRedirectPolicies localRedirectPolicy
    logSystemLoad maglev minReadySeconds monitor name namespaceOverride nat nat46x64Gateway
    nativeRoutingCIDRFromClusterPool nodeIPAM nodePort nodeSelector nodeSelectorLabels nodeinit operator
    pmtuDiscovery podAnnotations podLabels podSecurityContext policyCIDRMatchMode policyDenyResponse
    policyEnforcementMode pprof preferIpv6 preflight priorityClassName prometheus rbac readinessProbe resourceQuotas
    resources rollOutCiliumPods routingMode scheduling sctp secretsNamespaceAnnotations secretsNamespaceLabels
    securityContext serviceAccounts serviceNoBackendResponse sleepAfterInit socketLB standaloneDnsProxy startupProbe
    synchronizeK8sNodes sysctlfix terminationGracePeriodSeconds tls tmpVolume tolerations tunnelPort tunnelProtocol
    tunnelSourcePortRange underlayProtocol updateStrategy upgradeCompatibility vtep waitForKubeProxy
    wellKnownIdentities
    """.split()  # noqa: SIM905 - a list literal of 175 quoted words reads worse
)
"""First-level names of the charts 1.19.6 and 1.20.2 (values.schema.json)."""

_KNOWN_CHILDREN: Mapping[str, tuple[str, ...]] = {
    "bgpControlPlane": ("enabled", "legacyOriginAttribute", "routerIDAllocation", "secretsNamespace", "statusReport"),
    "k8sClientRateLimit": ("burst", "operator", "qps"),
    "l2announcements": ("enabled", "leaseDuration", "leaseRenewDeadline", "leaseRetryPeriod"),
    "l2podAnnouncements": ("enabled", "interface", "interfacePattern"),
}
"""Names below the values that this collection is about: there an unknown name is an error, not a warning."""


def helm_values(cluster: Cluster) -> dict[str, Any]:
    """Return the values of the Cilium release: the distribution's base, ours over it, the user's over both.

    Maps are merged key by key; lists and scalars of the upper layer replace those below. Sorted, so byte-stable.
    """
    merged: dict[str, Any] = {}
    for layer in (_RESTART_ON_CHANGE, _base_values(cluster), needed_values(cluster), cluster.values):
        merged = _merge(merged, layer)
    result: dict[str, Any] = _sorted(merged)
    return result


def secrets_namespace(cluster: Cluster) -> str:
    """Return the namespace in which Cilium looks for BGP passwords (``bgpControlPlane.secretsNamespace.name``)."""
    return _get(cluster.values, "bgpControlPlane.secretsNamespace.name") or "kube-system"


def needed_values(cluster: Cluster) -> dict[str, Any]:
    """Return the values without which the inventory's peerings and pools would do nothing."""
    values: dict[str, Any] = {}
    if cluster.peerings:
        values["bgpControlPlane"] = {"enabled": True}
    if _family_reason(cluster, "ipv6") and _pods_have_ipv6(cluster):
        # The chart's default is IPv4 alone; without it no service gets an IPv6 address, and none is advertised.
        values["ipv6"] = {"enabled": True}
    if any(pool.l2 for pool in cluster.pools):
        # L2 announcements answer for addresses that only Cilium's own service load balancing knows.
        values["kubeProxyReplacement"] = True
        values["l2announcements"] = {
            "enabled": True,
            **{name: f"{seconds}s" for name, seconds in _L2_LEASE_SECONDS.items()},
        }
        values["k8sClientRateLimit"] = _client_rate_limit(cluster)
    return values


def check_helm_values(values: Mapping[str, Any], version: str) -> list[ValueProblem]:
    """Return what is wrong with the user's ``values`` for Cilium ``version``, sorted by path.

    Errors are values that this version does not have, and values that exclude each other; names that are close to a
    known one are warnings, because newer charts have values that are not known here.
    """
    found = [problem for rule in _RULES if (problem := _check_rule(rule, values, version))]
    paths = {problem.path for problem in found}
    found += [problem for problem in _unknown_names(values) if problem.path not in paths]
    if _get(values, "k8sServiceHost") and _get(values, "k8sServiceHostRef.name"):
        found.append(
            ValueProblem("k8sServiceHostRef", "it excludes k8sServiceHost, which is set too", "set one of them")
        )
    replacement = _get(values, "kubeProxyReplacement")
    if replacement not in (None, True, False, "true", "false"):
        found.append(ValueProblem("kubeProxyReplacement", f"{replacement!r} is neither true nor false", "write true"))
    return sorted(found, key=lambda problem: problem.path)


def check_cluster_values(cluster: Cluster) -> list[ValueProblem]:
    """Return what is wrong with the user's values, also against what the inventory needs, sorted by path."""
    found = check_helm_values(cluster.values, cluster.cilium_version)
    for path, reason in (
        ("bgpControlPlane.enabled", "the cluster has peerings" if cluster.peerings else None),
        ("ipv4.enabled", _family_reason(cluster, "ipv4")),
        ("ipv6.enabled", _family_reason(cluster, "ipv6")),
        ("l2announcements.enabled", _l2_reason(cluster)),
        ("kubeProxyReplacement", _l2_reason(cluster)),
    ):
        if reason and _get(cluster.values, path) in (False, "false"):
            found.append(ValueProblem(path, f"it is false, but {reason}", "remove it"))
    reason = _family_reason(cluster, "ipv6")
    if (
        cluster.cilium_managed
        and reason
        and not _pods_have_ipv6(cluster)
        and _get(cluster.values, "ipv6.enabled") is None
    ):
        found.append(
            ValueProblem(
                "ipv6.enabled",
                f"it is missing, but {reason}",
                "write true once pods have an IPv6 range (and edge_cluster_pod_cidrs names it): an agent without one"
                " waits for it and serves nothing",
            )
        )
    return sorted(found, key=lambda problem: problem.path)


def changed_values(live: Mapping[str, Any], planned: Mapping[str, Any], path: str = "") -> list[str]:
    """Return the paths at which the planned values differ from the live ones, each as ``path: old -> new``."""
    found: list[str] = []
    for name in sorted({*live, *planned}):
        below = f"{path}.{name}" if path else name
        old, new = live.get(name), planned.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += changed_values(old, new, below)
        elif old != new or (name in live) != (name in planned):
            texts = (json.dumps(layer[name]) if name in layer else "(absent)" for layer in (live, planned))
            found.append(f"{below}: {' -> '.join(texts)}")
    return found


def _family_reason(cluster: Cluster, family: str) -> str | None:
    names = sorted(pool.name for pool in cluster.pools if family in pool.families)
    kind = {"ipv4": "IPv4", "ipv6": "IPv6"}[family]
    return f"pools have {kind} addresses: {', '.join(names)}" if names else None


def _pods_have_ipv6(cluster: Cluster) -> bool:
    return any(":" in cidr for cidr in cluster.pod_cidrs)


def _l2_reason(cluster: Cluster) -> str | None:
    names = sorted(pool.name for pool in cluster.pools if pool.l2)
    return f"pools are announced by L2: {', '.join(names)}" if names else None


def _base_values(cluster: Cluster) -> Mapping[str, Any]:
    if cluster.distribution == "talos":
        return _TALOS
    if cluster.distribution == "k3s":
        return _merge(_K3S, _cluster_pool(cluster.pod_cidrs or _K3S_POD_CIDRS))
    if cluster.distribution == "kubeadm":
        return _cluster_pool(cluster.pod_cidrs)
    return {}


def _cluster_pool(pod_cidrs: tuple[str, ...]) -> dict[str, Any]:
    """Return the values that let Cilium hand out pod addresses of these CIDRs."""
    operator = {
        name: [cidr for cidr in pod_cidrs if (":" in cidr) == six]
        for name, six in (("clusterPoolIPv4PodCIDRList", False), ("clusterPoolIPv6PodCIDRList", True))
    }
    used = {name: cidrs for name, cidrs in operator.items() if cidrs}
    return {"ipam": {"mode": "cluster-pool", "operator": used}} if used else {}


def _client_rate_limit(cluster: Cluster) -> dict[str, int]:
    """Return the agents' limit of API requests: each L2 service costs one request per retry period."""
    announced = {pool.name for pool in cluster.pools if pool.l2}
    count = sum(service.pool in announced for service in cluster.services)
    qps = ceil(count / _L2_LEASE_SECONDS["leaseRetryPeriod"]) + _OTHER_QPS
    return {"qps": qps, "burst": 2 * qps}


def _check_rule(rule: _Rule, values: Mapping[str, Any], version: str) -> ValueProblem | None:
    if not _has(values, rule.path):
        return None
    found = cilium_version(version)
    if rule.since and found < rule.since:
        since = ".".join(str(part) for part in rule.since)
        return ValueProblem(rule.path, f"Cilium {version} does not have it yet: it came with {since}", rule.hint)
    if rule.until == (0, 0, 0):
        return ValueProblem(rule.path, "no version of Cilium has it", rule.hint)
    if rule.until and found >= rule.until:
        until = ".".join(str(part) for part in rule.until)
        return ValueProblem(
            rule.path, f"Cilium {version} ignores it: it is gone since {until}", rule.hint or "remove it"
        )
    return None


def _unknown_names(values: Mapping[str, Any]) -> Iterator[ValueProblem]:
    for name in values:
        close = get_close_matches(name, _KNOWN_NAMES, n=1, cutoff=0.8)
        if name not in _KNOWN_NAMES and close:
            yield ValueProblem(name, "no chart known here has it", f"did you mean {close[0]}?", WARNING)
    for parent, known in _KNOWN_CHILDREN.items():
        section = values.get(parent)
        for name in section if isinstance(section, Mapping) else ():
            if name not in known:
                near = get_close_matches(name, known, n=1, cutoff=0.6)
                hint = f"did you mean {parent}.{near[0]}?" if near else f"known: {', '.join(known)}"
                yield ValueProblem(f"{parent}.{name}", "no version of Cilium has it", hint)


def _has(values: Mapping[str, Any], path: str) -> bool:
    parent, _dot, name = path.rpartition(".")
    section = _get(values, parent) if parent else values
    return isinstance(section, Mapping) and name in section


def _get(values: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path; None where it is absent."""
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _merge(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(lower)
    for name, value in upper.items():
        below = merged.get(name)
        merged[name] = _merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, (list, tuple)) else value
