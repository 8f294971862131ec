# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of Cilium's chart: those that came, went or were renamed with a version, and the names that are known.

From the charts' values of 1.16 to 1.20, their upgrade notes and their own validation (templates/validate.yaml).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .cilium import Version

NEVER: Version = (0, 0, 0)

API_URLS_SUFFICE_SINCE: Version = (1, 19, 0)
"""The first Cilium whose agents find the API server by ``k8s.apiServerURLs`` alone. The chart of 1.18 has the value
(:data:`HELM_VALUES`), and does not hand it to the init container ``config``, which reads the agent's configuration from
the API server (templates/cilium-agent/daemonset.yaml)."""
TLS_NAMESPACE_SINCE: Version = (1, 17, 0)
"""The first chart with ``tls.secretsNamespace``, which is there whatever is enabled."""
ENDPOINT_SLICE_SINCE: Version = (1, 19, 0)
"""The first chart whose ingress controller has an EndpointSlice; before, it has Endpoints."""
ADMISSION_SINCE: Version = (1, 20, 0)
"""The first chart whose Gateway API has a ValidatingAdmissionPolicy."""
JOBS_SINCE: Version = (1, 19, 0)
"""From this version on the chart's Jobs for certificates are objects as others; before, hooks of Helm."""


@dataclass(frozen=True, slots=True)
class HelmValue:
    """A value that the chart has not in every supported version."""

    path: str
    since: Version | None = None
    until: Version | None = None
    """The first version without it; :data:`NEVER` for a name that no version has."""
    hint: str | None = None
    """What to do instead."""
    left_over: bool = False
    """Whether it never did, or no longer does, anything that a cluster could miss: then it is a warning."""
    left_over_as: tuple[Any, ...] = ()
    """Values that say what the versions without it do by themselves: such a one is a left-over too."""
    left_over_with: str | None = None
    """Path of a value that does the same: beside it, where that is true, it is a left-over too."""


_OFF = (False,)
_ON = (True,)
_NOTHING: tuple[Any, ...] = ("", [], None)
_OWN_CERTIFICATES = "let the chart make them (clustermesh.apiserver.tls.auto), or create the Secrets before"

HELM_VALUES = (
    HelmValue(
        "bgp",
        until=(1, 17, 0),
        hint="it was MetalLB's; edge_peerings and edge_pools make the BGP control plane's objects",
    ),
    HelmValue("bgpControlPlane.legacyOriginAttribute", since=(1, 18, 2)),
    HelmValue("bgpControlPlane.routerIDAllocation", since=(1, 18, 0)),
    HelmValue("bgpControlPlane.secretNamespace", until=NEVER, hint="did you mean bgpControlPlane.secretsNamespace?"),
    HelmValue("bgpControlPlane.statusReport", since=(1, 17, 0)),
    HelmValue("cgroup.automount", until=NEVER, hint="did you mean cgroup.autoMount?", left_over=True),
    HelmValue("ciliumEndpointSlice.sliceMode", until=(1, 18, 0)),
    *(
        HelmValue(f"clustermesh.apiserver.tls.{name}", until=until, hint=_OWN_CERTIFICATES, left_over_as=_NOTHING)
        for until, names in (
            ((1, 19, 0), ("client.cert", "client.key")),
            (
                (1, 20, 0),
                ("admin.cert", "admin.key", "remote.cert", "remote.key", "server.cert", "server.key"),
            ),
        )
        for name in names
    ),
    HelmValue("clustermesh.apiserver.tls.enableSecrets", until=(1, 20, 0), left_over=True),
    *(
        HelmValue(
            f"clustermesh.apiserver.tls.server.{name}",
            until=(1, 20, 0),
            hint=f"use clustermesh.apiserver.tls.auto.server.{name}",
            left_over_as=_NOTHING,
        )
        for name in ("extraDnsNames", "extraIpAddresses")
    ),
    HelmValue(
        "clustermesh.enableMCSAPISupport",
        until=(1, 20, 0),
        hint="use clustermesh.mcsapi.enabled",
        left_over_as=_OFF,
    ),
    HelmValue("clustermesh.policyDefaultLocalCluster", since=(1, 18, 0)),
    HelmValue("containerRuntime.integration", until=(1, 16, 0)),
    HelmValue("customCalls.enabled", until=(1, 19, 0), left_over_as=_OFF),
    HelmValue("daemon.enableSourceIPVerification", since=(1, 17, 0)),
    HelmValue("defaultLBServiceIPAM", since=(1, 17, 0)),
    HelmValue("enableCiliumEndpointSlice", until=(1, 18, 0), hint="use ciliumEndpointSlice.enabled"),
    HelmValue("enableCnpStatusUpdates", until=(1, 15, 0)),
    HelmValue("enableK8sEndpointSlice", until=(1, 19, 0), hint="remove it: it is always on", left_over_as=_ON),
    HelmValue("enableK8sEventHandover", until=(1, 15, 0)),
    HelmValue("enableK8sTerminatingEndpoint", until=(1, 18, 0), hint="remove it: it is always on", left_over_as=_ON),
    HelmValue("enableLBIPAM", since=(1, 17, 0)),
    HelmValue("enableNoServiceEndpointsRoutable", since=(1, 19, 0)),
    HelmValue("enableNonDefaultDenyPolicies", since=(1, 17, 0)),
    HelmValue(
        "enableRuntimeDeviceDetection",
        until=(1, 16, 0),
        hint="remove it: devices are always detected at runtime",
        left_over=True,
    ),
    HelmValue(
        "encryption.ipsec.encryptedOverlay",
        until=(1, 20, 0),
        hint="remove it: IPsec always encrypts the overlay",
        left_over=True,
    ),
    *(
        HelmValue(
            f"encryption.strictMode.{name}",
            until=(1, 20, 0),
            hint=f"use encryption.strictMode.egress.{name}",
            left_over_as=(*_NOTHING, *_OFF),
        )
        for name in ("allowRemoteNodeIdentities", "cidr", "enabled")
    ),
    HelmValue("encryption.strictMode.egress", since=(1, 19, 0), hint="use encryption.strictMode.enabled and cidr"),
    HelmValue("encryption.strictMode.ingress", since=(1, 19, 0)),
    HelmValue("encryption.wireguard.userspaceFallback", until=(1, 17, 0), left_over_as=_OFF),
    HelmValue("encryption.ztunnel", since=(1, 19, 0)),
    HelmValue("endpointStatus", until=(1, 16, 0)),
    HelmValue(
        "eni.updateEC2AdapterLimitViaAPI",
        until=(1, 18, 0),
        hint="remove it: limits are always asked for",
        left_over_as=_ON,
    ),
    HelmValue(
        "externalIPs",
        until=(1, 17, 6),
        hint="remove it: kubeProxyReplacement serves external IPs by itself",
        left_over_with="kubeProxyReplacement",
    ),
    HelmValue("externalWorkloads.enabled", until=(1, 18, 0), left_over_as=_OFF),
    HelmValue("highScaleIPcache.enabled", until=(1, 18, 0), left_over_as=_OFF),
    HelmValue(
        "hostPort.enabled",
        until=(1, 18, 0),
        hint="remove it: kubeProxyReplacement serves host ports by itself",
        left_over_with="kubeProxyReplacement",
        left_over_as=_OFF,
    ),
    HelmValue("hubble.redact.kafka", until=(1, 20, 0), hint="remove it: Kafka is not parsed any more", left_over=True),
    HelmValue("hubble.relay.dialTimeout", until=(1, 17, 0), left_over=True),
    *(
        HelmValue(f"hubble.ui.backend.{name}", until=(1, 20, 0), left_over=True)
        for name in ("livenessProbe", "readinessProbe")
    ),
    HelmValue(
        "ingressController.loadBalancerMode", until=NEVER, hint="did you mean ingressController.loadbalancerMode?"
    ),
    HelmValue("k8s.apiServerURLs", since=(1, 18, 0), hint="use k8sServiceHost and k8sServicePort"),
    HelmValue("k8sClientRateLimit.operator", since=(1, 17, 0)),
    HelmValue("k8sClusterNetworkPolicy", since=(1, 20, 0)),
    HelmValue("k8sServiceHostRef", since=(1, 18, 0)),
    HelmValue(
        "l2NeighDiscovery.refreshPeriod",
        until=(1, 18, 0),
        hint="remove it: the kernel's base_reachable_time_ms says when neighbors are refreshed",
        left_over=True,
    ),
    HelmValue("l2podAnnouncements.interface", until=(1, 19, 1), hint="use l2podAnnouncements.interfacePattern"),
    HelmValue("l2podAnnouncements.interfacePattern", since=(1, 18, 0), hint="use l2podAnnouncements.interface"),
    HelmValue("loadBalancer.experimental", until=(1, 18, 0), left_over=True),
    HelmValue(
        "loadBalancer.protocolDifferentiation.enabled",
        until=(1, 19, 0),
        hint="remove it: it is always on",
        left_over_as=_ON,
    ),
    HelmValue("loadBalancer.standalone", until=(1, 19, 0), left_over_as=_OFF),
    HelmValue("nativeRoutingCIDRFromClusterPool", since=(1, 20, 0)),
    HelmValue(
        "nodePort.enabled",
        until=(1, 19, 0),
        hint="remove it: kubeProxyReplacement implies it",
        left_over_with="kubeProxyReplacement",
    ),
    HelmValue("operator.rolloutPods", until=NEVER, hint="did you mean operator.rollOutPods?", left_over=True),
    HelmValue("policyDenyResponse", since=(1, 19, 0)),
    HelmValue("preflight.tofqdnsPreCache", until=(1, 20, 0), left_over=True),
    HelmValue("remoteNodeIdentity", until=(1, 16, 0)),
    HelmValue("sessionAffinity", until=(1, 19, 0), hint="remove it: it is always on", left_over_as=_ON),
    HelmValue(
        "svcSourceRangeCheck",
        until=(1, 19, 0),
        hint="remove it: kubeProxyReplacement always checks source ranges",
        left_over_as=_ON,
    ),
    HelmValue("tunnel", until=(1, 15, 0), hint="use routingMode and tunnelProtocol"),
)
"""By path below the chart's values."""

KNOWN_NAMES = frozenset(
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

KNOWN_CHILDREN: Mapping[str, tuple[str, ...]] = {
    "bgpControlPlane": ("enabled", "legacyOriginAttribute", "routerIDAllocation", "secretsNamespace", "statusReport"),
    "k8sClientRateLimit": ("burst", "operator", "qps"),
    "l2announcements": ("enabled", "leaseDuration", "leaseRenewDeadline", "leaseRetryPeriod"),
    "l2podAnnouncements": ("enabled", "interface", "interfacePattern"),
}
"""Names below the values that this collection is about: there an unknown name is an error, not a warning."""
