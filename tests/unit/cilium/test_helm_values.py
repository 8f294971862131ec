# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm values of the Cilium release, and the check of the user's own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import MASK
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.addresses import parse_cidr
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.families import Family
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_checks import (
    check_cluster_values,
    check_helm_values,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import (
    differing_values,
    distribution_values,
    helm_values,
    one_node_values,
    shown,
    without_secrets,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.values import value_at
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import (
    Cluster,
    L2Lease,
    Node,
    Peering,
    PodPool,
    Service,
    SessionKeys,
    Timers,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._pools.capacity import parse_pool
from ansible_collections.hybridnet.cluster_edge.tests.support.resolved import made, replace

PEERING = made(
    Peering, "k8s", ("lan",), None, ("k1",), ("udm",), 64701, made(SessionKeys, Timers(9, 3, 5), 15), ("ipv4",)
)
BGP_POOL = replace(parse_pool("192.0.2.128/25", "lb", "edge_pools.lb"), bgp=("k8s",))
SIX = replace(parse_pool("2001:db8::/120", "six", "edge_pools.six"), bgp=())
IPAM_SIX = {
    "mode": "cluster-pool",
    "operator": {"clusterPoolIPv6MaskSize": 64, "clusterPoolIPv6PodCIDRList": ["fd00::/56"]},
}
L2_POOL = replace(parse_pool("198.51.100.0/28", "lan", "edge_pools.lan"), l2=("lan",))


def cluster(**changes: Any) -> Cluster:
    empty = made(Cluster, "home", "1.19.6", None, "cluster-edge.hybridnet/pool", (), (), (), (), ())
    return replace(empty, **changes)


def services(count: int) -> tuple[Service, ...]:
    return tuple(made(Service, "media", f"web{number}", "lan", (), "metadata") for number in range(count))


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        pytest.param({}, {}, id="nothing to do"),
        pytest.param({"peerings": (PEERING,), "pools": (BGP_POOL,)}, {"bgpControlPlane": {"enabled": True}}, id="BGP"),
        pytest.param(
            {"pools": (L2_POOL,), "services": services(5)},
            {
                "k8sClientRateLimit": {"burst": 26, "qps": 13},
                "kubeProxyReplacement": True,
                "l2announcements": {
                    "enabled": True,
                    "leaseDuration": "15s",
                    "leaseRenewDeadline": "5s",
                    "leaseRetryPeriod": "2s",
                },
            },
            id="L2, five services renewed every two seconds",
        ),
        pytest.param(
            {"distribution": "k3s"},
            {
                "ipam": {
                    "mode": "cluster-pool",
                    "operator": {"clusterPoolIPv4MaskSize": 24, "clusterPoolIPv4PodCIDRList": ["10.42.0.0/16"]},
                },
                "k8sServiceHost": "127.0.0.1",
                "k8sServicePort": 6444,
                "kubeProxyReplacement": True,
            },
            id="k3s",
        ),
        pytest.param({"distribution": "kubeadm"}, {}, id="kubeadm without pod CIDRs"),
        pytest.param(
            {"distribution": "kubeadm", "pod_cidrs": ("10.244.0.0/16", "fd00:10::/56")},
            {
                "ipam": {
                    "mode": "cluster-pool",
                    "operator": {
                        "clusterPoolIPv4MaskSize": 24,
                        "clusterPoolIPv4PodCIDRList": ["10.244.0.0/16"],
                        "clusterPoolIPv6MaskSize": 64,
                        "clusterPoolIPv6PodCIDRList": ["fd00:10::/56"],
                    },
                }
            },
            id="kubeadm with pod CIDRs",
        ),
        pytest.param(
            {"peerings": (PEERING,), "router_ids": "10.255.0.0/24"},
            {
                "bgpControlPlane": {
                    "enabled": True,
                    "routerIDAllocation": {"mode": "ip-pool", "ipPool": "10.255.0.0/24"},
                }
            },
            id="a pool of BGP identifiers",
        ),
        pytest.param(
            {
                "pools": (L2_POOL,),
                "services": (*services(5), *(replace(item, way="bgp", name="b") for item in services(9))),
                "l2_lease": made(L2Lease, 3, 2, 1),
            },
            {
                "k8sClientRateLimit": {"burst": 30, "qps": 15},
                "kubeProxyReplacement": True,
                "l2announcements": {
                    "enabled": True,
                    "leaseDuration": "3s",
                    "leaseRenewDeadline": "2s",
                    "leaseRetryPeriod": "1s",
                },
            },
            id="L2, other timings; services that only BGP reaches take no lease",
        ),
        pytest.param(
            {"pools": (L2_POOL,), "services": services(3), "l2_lease": made(L2Lease, 3, 1, 0.2)},
            {
                "k8sClientRateLimit": {"burst": 50, "qps": 25},
                "kubeProxyReplacement": True,
                "l2announcements": {
                    "enabled": True,
                    "leaseDuration": "3s",
                    "leaseRenewDeadline": "1s",
                    "leaseRetryPeriod": "0.2s",
                },
            },
            id="L2, tries every 200 ms",
        ),
        pytest.param(
            {"pools": (SIX,), "pod_cidrs": ("10.244.0.0/16", "fd00::/56")},
            {
                "ipam": {
                    "mode": "cluster-pool",
                    "operator": {
                        "clusterPoolIPv4MaskSize": 24,
                        "clusterPoolIPv4PodCIDRList": ["10.244.0.0/16"],
                        "clusterPoolIPv6MaskSize": 64,
                        "clusterPoolIPv6PodCIDRList": ["fd00::/56"],
                    },
                },
                "ipv6": {"enabled": True},
            },
            id="IPv6 beside IPv4, and the ranges without a distribution",
        ),
        pytest.param(
            {"pod_cidrs": ("10.244.0.0/16",), "values": {"ipam": {"mode": "kubernetes"}}},
            {"ipam": {"mode": "kubernetes"}},
            id="ranges that Kubernetes hands out",
        ),
        pytest.param({"pools": (SIX,)}, {}, id="IPv6 pools, pods unknown: asked for, not written"),
        pytest.param(
            {"pools": (SIX,), "pod_cidrs": ("fd00::/56",), "service_cidrs": ("fd00:96::/112",)},
            {"ipam": IPAM_SIX, "ipv4": {"enabled": False}, "ipv6": {"enabled": True}},
            id="no IPv4 anywhere",
        ),
        pytest.param(
            {"pod_cidrs": ("fd00::/56",)},
            {"ipam": IPAM_SIX, "ipv4": {"enabled": False}, "ipv6": {"enabled": True}},
            id="IPv6 pods alone",
        ),
        pytest.param(
            {"pod_cidrs": ("fd00::/56",), "nodes": (made(Node, "k1", "home", {}, {"lan": ("192.0.2.11",)}),)},
            {"ipam": IPAM_SIX, "operator": {"replicas": 1}},
            id="IPv6 pods on IPv4 nodes: not for us to say",
        ),
        pytest.param(
            {"distribution": "kubeadm", "pod_cidrs": ("10.244.0.0/16",), "pod_mask": {"ipv4": 25}},
            {
                "ipam": {
                    "mode": "cluster-pool",
                    "operator": {"clusterPoolIPv4MaskSize": 25, "clusterPoolIPv4PodCIDRList": ["10.244.0.0/16"]},
                }
            },
            id="length of nodes' pod CIDRs",
        ),
        pytest.param(
            {
                "distribution": "kubeadm",
                "pod_cidrs": ("10.244.0.0/16",),
                "pod_pools": (made(PodPool, "default", ("10.51.0.0/20",), {"ipv4": 26}),),
            },
            {
                "ipam": {
                    "mode": "multi-pool",
                    "operator": {
                        "autoCreateCiliumPodIPPools": {"default": {"ipv4": {"cidrs": ["10.51.0.0/20"], "maskSize": 26}}}
                    },
                }
            },
            id="pod pools in place of one range",
        ),
        pytest.param(
            {
                "peerings": (PEERING,),
                "values": {"bgpControlPlane": {"secretsNamespace": {"name": "bgp"}}, "debug": {"enabled": True}},
            },
            {
                "bgpControlPlane": {"enabled": True, "secretsNamespace": {"name": "bgp"}},
                "debug": {"enabled": True},
            },
            id="the user's values are merged over ours",
        ),
    ],
)
def test_helm_values(changes: dict[str, Any], values: dict[str, Any]) -> None:
    found = helm_values(cluster(**changes))
    operator = {"rollOutPods": True, **values.get("operator", {})}
    assert found == {**values, "operator": operator, "rollOutCiliumPods": True}
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("nodes", "values", "derived", "operator"),
    [
        pytest.param(0, {}, [], {"rollOutPods": True}, id="no node yet: the chart's two"),
        pytest.param(1, {}, ["operator.replicas"], {"rollOutPods": True, "replicas": 1}, id="one node"),
        pytest.param(2, {}, [], {"rollOutPods": True}, id="two nodes: the chart's two"),
        pytest.param(
            1,
            {"operator": {"replicas": 2, "affinity": {}}},
            [],
            {"rollOutPods": True, "replicas": 2, "affinity": {}},
            id="the user's word",
        ),
        pytest.param(
            1,
            {"operator": {"prometheus": {"enabled": True}}},
            ["operator.replicas"],
            {"rollOutPods": True, "replicas": 1, "prometheus": {"enabled": True}},
            id="another value of the operator",
        ),
    ],
)
def test_one_node_has_one_operator(
    nodes: int, values: dict[str, Any], derived: list[str], operator: dict[str, Any]
) -> None:
    """The chart's two never stand on one node, so the run would wait for the second one until it fails."""
    there = tuple(made(Node, f"k{number}", "home", {}, {"lan": ("192.0.2.11",)}) for number in range(nodes))
    of = cluster(nodes=there, values=values)
    assert [item.path for item in one_node_values(of)] == derived
    assert helm_values(of)["operator"] == operator


def test_agents_on_talos_may_bind_a_low_port() -> None:
    usual = helm_values(cluster(distribution="talos", peerings=(replace(PEERING, listen_port=1179),)))
    found = helm_values(cluster(distribution="talos", peerings=(replace(PEERING, listen_port=179),)))
    capabilities = [values["securityContext"]["capabilities"]["ciliumAgent"] for values in (usual, found)]
    assert capabilities[1] == [*capabilities[0], "NET_BIND_SERVICE"]


def test_talos_values() -> None:
    found = helm_values(cluster(distribution="talos", values={"k8sServicePort": 6443}))
    assert found["k8sServiceHost"] == "localhost"
    assert found["k8sServicePort"] == 6443
    assert found["ipam"] == {"mode": "kubernetes"}
    assert found["cgroup"] == {"autoMount": {"enabled": False}, "hostRoot": "/sys/fs/cgroup"}
    assert "SYS_MODULE" not in found["securityContext"]["capabilities"]["ciliumAgent"]
    assert found["securityContext"]["capabilities"]["cleanCiliumState"] == ["NET_ADMIN", "SYS_ADMIN", "SYS_RESOURCE"]


@pytest.mark.parametrize(
    ("values", "host", "port"),
    [
        ({}, "localhost", 7445),
        ({"k8sServiceHost": "127.0.0.1"}, "127.0.0.1", 7445),
        ({"k8sServicePort": 7446}, "localhost", 7446),
        ({"k8sServiceHost": "10.0.0.9", "k8sServicePort": 6443}, "10.0.0.9", 6443),
        ({"k8sServiceHost": "10.0.0.9"}, "10.0.0.9", None),
        ({"k8sServiceHostRef": {"name": "api", "key": "host"}, "k8sServicePort": 6443}, None, 6443),
        ({"k8s": {"apiServerURLs": "https://10.0.0.9:6443"}}, None, None),
    ],
)
def test_the_api_server_of_the_user_takes_the_place_of_the_distributions(
    values: dict[str, Any], host: str | None, port: int | None
) -> None:
    found = helm_values(cluster(distribution="talos", values=values))
    assert (found.get("k8sServiceHost"), found.get("k8sServicePort")) == (host, port)


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        pytest.param({"distribution": None}, [], id="none"),
        pytest.param({"distribution": "kubeadm"}, [], id="kubeadm"),
        pytest.param(
            {"distribution": "k3s"},
            ["kubeProxyReplacement", "k8sServiceHost", "k8sServicePort", "ipam.operator.clusterPoolIPv4PodCIDRList"],
            id="k3s",
        ),
        pytest.param(
            {
                "distribution": "k3s",
                "pod_cidrs": ("10.99.0.0/16",),
                "values": {"k8sServiceHost": "10.0.0.9", "k8sServicePort": 6443, "kubeProxyReplacement": False},
            },
            [],
            id="k3s, all said otherwise",
        ),
        pytest.param(
            {
                "distribution": "talos",
                "pod_pools": (PodPool("default", (parse_cidr("10.50.0.0/20", "p"),), {Family.IPV4: 24}),),
                "values": {"cgroup": {"hostRoot": "/run/cgroup"}, "securityContext": {"capabilities": {}}},
            },
            [
                "kubeProxyReplacement",
                "k8sServiceHost",
                "k8sServicePort",
                "cgroup.autoMount.enabled",
                "securityContext.capabilities.ciliumAgent",
                "securityContext.capabilities.cleanCiliumState",
            ],
            id="Talos, with IPAM by need and one path by hand",
        ),
    ],
)
def test_which_values_are_the_distributions(changes: dict[str, Any], paths: list[str]) -> None:
    found = distribution_values(cluster(**changes))
    assert [item.path for item in found] == paths
    values = helm_values(cluster(**changes))
    assert [value_at(values, item.path) for item in found] == [item.value for item in found]
    assert all(item.reason for item in found)


@pytest.mark.parametrize(
    ("distribution", "values", "problems"),
    [
        pytest.param("talos", {"k8sServicePort": "7445"}, [], id="the port as text"),
        pytest.param("kubeadm", {"k8sServiceHost": "localhost", "k8sServicePort": 6443}, [], id="a proxy of one's own"),
        pytest.param("talos", {"k8sServiceHost": "10.0.0.9", "k8sServicePort": 6443}, [], id="an address elsewhere"),
        pytest.param("talos", {"k8sServiceHostRef": {"name": "api"}, "k8sServicePort": 6443}, [], id="a reference"),
        pytest.param("kubeadm", {"cgroup": {"autoMount": {"enabled": True}}}, [], id="not Talos"),
        pytest.param(
            "k3s",
            {"k8sServicePort": 6443},
            [
                "EDGE617 k8sServicePort: it is 6443, but the load balancer for the API server on each k3s node listens on"
                " 6444 (remove it, if its port was not changed on every node)"
            ],
            id="k3s's other port",
        ),
        *(
            pytest.param(
                "kubeadm",
                {"k8sServiceHost": "10.0.0.9", "k8sServicePort": port},
                [f"EDGE604 k8sServicePort: it is {port!r}, which is no port (write a number: 6443 on most clusters)"],
                id=f"port {port!r}",
            )
            for port in ("https", "", 0, 65536, True, -1, "6443 ")
        ),
        pytest.param("kubeadm", {"k8sServiceHost": "10.0.0.9", "k8sServicePort": "6443"}, [], id="a port as text"),
        *(
            pytest.param(
                name,
                {"k8sServiceHost": "10.0.0.9"},
                [
                    "EDGE604 k8sServicePort: it is missing, but k8sServiceHost is 10.0.0.9"
                    " (write it: 6443 on most clusters)"
                ],
                id=f"no port, {name}",
            )
            for name in ("talos", "kubeadm", None)
        ),
        pytest.param(
            "talos",
            {
                "cgroup": {"autoMount": {"enabled": True}, "hostRoot": "/run/cilium/cgroupv2"},
                "securityContext": {"capabilities": {"ciliumAgent": ["NET_ADMIN", "SYS_MODULE"]}},
            },
            [
                "EDGE617 cgroup.autoMount.enabled: it is true, but Talos has mounted cgroup v2 at /sys/fs/cgroup, and its"
                " root file system is read-only (remove it)",
                "EDGE617 cgroup.hostRoot: it is /run/cilium/cgroupv2, but Talos mounts cgroup v2 at /sys/fs/cgroup"
                " (remove it)",
                "EDGE604 securityContext.capabilities.ciliumAgent: it has SYS_MODULE, which Talos gives no pod: the"
                " container would not start (take SYS_MODULE out of the list)",
            ],
            id="what Talos is not",
        ),
    ],
)
def test_values_against_the_distribution(distribution: str | None, values: dict[str, Any], problems: list[str]) -> None:
    found = check_cluster_values(cluster(distribution=distribution, values=values))
    assert [f"{item.code} {item.path}: {item.problem} ({item.hint})" for item in found] == problems


@pytest.mark.parametrize(
    ("values", "version", "problems"),
    [
        pytest.param({"hubble": {"enabled": True}, "extraThing": 1}, "1.19.6", [], id="fine, or not ours to judge"),
        pytest.param(
            {"enableRuntimeDeviceDetection": True},
            "1.16.4",
            [
                "enableRuntimeDeviceDetection: Cilium 1.16.4 ignores it: it is gone since 1.16 "
                "(remove it: devices are always detected at runtime) [warning]"
            ],
            id="no-op",
        ),
        pytest.param({"externalIPs": {"enabled": True}}, "1.17.5", [], id="still there"),
        pytest.param(
            {"externalIPs": {"enabled": True}},
            "1.17.6",
            [
                "externalIPs: Cilium 1.17.6 ignores it: it is gone since 1.17.6 "
                "(remove it: kubeProxyReplacement serves external IPs by itself) [error]"
            ],
            id="removed in a patch release",
        ),
        pytest.param(
            {"externalIPs": {"enabled": True}, "kubeProxyReplacement": True},
            "1.19.6",
            [
                "externalIPs: Cilium 1.19.6 ignores it: it is gone since 1.17.6 "
                "(remove it: kubeProxyReplacement serves external IPs by itself) [warning]"
            ],
            id="removed, beside what does the same",
        ),
        pytest.param(
            {"nodePort": {"enabled": True}, "kubeProxyReplacement": "true"},
            "1.19.6",
            [
                "nodePort.enabled: Cilium 1.19.6 ignores it: it is gone since 1.19 "
                "(remove it: kubeProxyReplacement implies it) [warning]"
            ],
            id="removed, beside what does the same as text",
        ),
        pytest.param(
            {"nodePort": {"enabled": True}, "kubeProxyReplacement": False},
            "1.19.6",
            [
                "nodePort.enabled: Cilium 1.19.6 ignores it: it is gone since 1.19 "
                "(remove it: kubeProxyReplacement implies it) [error]"
            ],
            id="removed, and nothing does the same",
        ),
        pytest.param({"nodePort": {"addresses": []}}, "1.19.6", [], id="a sibling of a removed value"),
        pytest.param(
            {"cgroup": {"automount": {"enabled": False}}, "operator": {"rolloutPods": True}},
            "1.18.2",
            [
                "cgroup.automount: no version of Cilium has it (did you mean cgroup.autoMount?) [warning]",
                "operator.rolloutPods: no version of Cilium has it (did you mean operator.rollOutPods?) [warning]",
            ],
            id="misspelt in many homes",
        ),
        pytest.param(
            {"cgroup": {"autoMount": {"enabled": False}}, "operator": {"rollOutPods": True}},
            "1.18.2",
            [],
            id="the same as the chart spells them",
        ),
        pytest.param(
            {"bgpControlPlane": {"statusReport": {"enabled": True}}},
            "1.16.19",
            [
                "bgpControlPlane.statusReport: Cilium 1.16.19 does not have it yet: it came with 1.17 [error]",
            ],
            id="not there yet",
        ),
        pytest.param(
            {"bgpControlPlane": {"secretNamespace": {"name": "x"}}},
            "1.19.6",
            [
                "bgpControlPlane.secretNamespace: no version of Cilium has it "
                "(did you mean bgpControlPlane.secretsNamespace?) [error]"
            ],
            id="the name that the documentation has wrong",
        ),
        pytest.param(
            {"ingressController": {"enabled": True, "loadBalancerMode": "shared"}},
            "1.19.6",
            [
                "ingressController.loadBalancerMode: no version of Cilium has it "
                "(did you mean ingressController.loadbalancerMode?) [error]"
            ],
            id="loadbalancerMode in another spelling",
        ),
        pytest.param(
            {"l2announcements": {"leaseduration": "5s", "colour": 1}},
            "1.19.6",
            [
                "l2announcements.colour: no version of Cilium has it "
                "(known: enabled, leaseDuration, leaseRenewDeadline, leaseRetryPeriod) [error]",
                "l2announcements.leaseduration: no version of Cilium has it "
                "(did you mean l2announcements.leaseDuration?) [error]",
            ],
            id="unknown in a section that we know",
        ),
        pytest.param(
            {"l2Announcements": {"enabled": True}},
            "1.19.6",
            ["l2Announcements: no chart known here has it (did you mean l2announcements?) [warning]"],
            id="close to a known name",
        ),
        pytest.param(
            {"k8sServiceHost": "a", "k8sServiceHostRef": {"name": "b", "key": "c"}},
            "1.19.6",
            ["k8sServiceHostRef: it excludes k8sServiceHost, which is set too (set one of them) [error]"],
            id="exclude each other",
        ),
        pytest.param(
            {"kubeProxyReplacement": "strict"},
            "1.19.6",
            ["kubeProxyReplacement: 'strict' is neither true nor false (write true) [error]"],
            id="an old word",
        ),
        pytest.param(
            {
                "namespaceOverride": None,
                "commonLabels": None,
                "ingressController": {
                    "hostNetwork": {"enabled": False},
                    "service": {
                        "labels": {"p": None, "q": ""},
                        "annotations": {"a": "1"},
                        "loadBalancerIP": None,
                        "type": "NodePort",
                    },
                },
            },
            "1.20.2",
            [],
            id="the types that the chart takes",
        ),
    ],
)
def test_check_helm_values(values: dict[str, Any], version: str, problems: list[str]) -> None:
    found = [
        f"{item.path}: {item.problem}{f' ({item.hint})' if item.hint else ''} [{item.severity}]"
        for item in check_helm_values(values, version)
    ]
    assert found == problems


QUOTE = "quote it, so that YAML leaves it as you wrote it"
NAME_EACH = "give each entry its name: NAME: ..."


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        pytest.param(
            {"ingressController": True},
            [f"ingressController: it is true, which is no map ({NAME_EACH})"],
            id="the section",
        ),
        pytest.param(
            {"ingressController": {"hostNetwork": True, "service": "x"}},
            [
                f"ingressController.hostNetwork: it is true, which is no map ({NAME_EACH})",
                f'ingressController.service: it is "x", which is no map ({NAME_EACH})',
            ],
            id="sections below",
        ),
        pytest.param(
            {"ingressController": {"service": {"labels": ["a"], "annotations": "a=b"}}, "commonLabels": 5},
            [
                f"commonLabels: it is 5, which is no map ({NAME_EACH})",
                f'ingressController.service.annotations: it is "a=b", which is no map ({NAME_EACH})',
                f'ingressController.service.labels: it is ["a"], which is no map ({NAME_EACH})',
            ],
            id="maps of texts",
        ),
        pytest.param(
            {"ingressController": {"service": {"labels": []}}},
            [f"ingressController.service.labels: it is [], which is no map ({NAME_EACH})"],
            id="an empty list",
        ),
        pytest.param(
            {"commonLabels": {"team": 1}, "ingressController": {"service": {"labels": {"b": "x", "c": False}}}},
            [
                f"commonLabels.team: it is 1, which is no text ({QUOTE})",
                f"ingressController.service.labels.c: it is false, which is no text ({QUOTE})",
            ],
            id="labels that are no text",
        ),
        pytest.param(
            {
                "ingressController": {
                    "service": {"annotations": {"lbipam.cilium.io/ips": ["10.0.0.1", "10.0.0.2"], "b": {"c": "d"}}}
                }
            },
            [
                'ingressController.service.annotations.b: it is {"c": "d"}, which is no text (write one text)',
                'ingressController.service.annotations.lbipam.cilium.io/ips: it is ["10.0.0.1", "10.0.0.2"], which is no text'
                " (write one text: '10.0.0.1,10.0.0.2')",
            ],
            id="annotations that are no text",
        ),
        pytest.param(
            {"ingressController": {"service": {"loadBalancerIP": 5, "name": [], "type": ["x", 1]}}},
            [
                f"ingressController.service.loadBalancerIP: it is 5, which is no text ({QUOTE})",
                "ingressController.service.name: it is [], which is no text (write one text)",
                'ingressController.service.type: it is ["x", 1], which is no text (write one text)',
            ],
            id="fields",
        ),
        pytest.param(
            {"namespaceOverride": 5, "bgpControlPlane": {"secretsNamespace": {"name": 6}}},
            [
                f"bgpControlPlane.secretsNamespace.name: it is 6, which is no text ({QUOTE})",
                f"namespaceOverride: it is 5, which is no text ({QUOTE})",
            ],
            id="namespaces",
        ),
        pytest.param(
            {
                "commonLabels": {"a": {"password": "hunter2"}},
                "ingressController": {
                    "service": {"annotations": {"example.com/token": 12345678}, "labels": "token=abc"}
                },
            },
            [
                'commonLabels.a: it is {"password": "(not shown)"}, which is no text (write one text)',
                'ingressController.service.annotations.example.com/token: it is "(not shown)", which is no text'
                " (quote it, so that YAML leaves it as you wrote it)",
                'ingressController.service.labels: it is "(not shown)", which is no map (give each entry its name: NAME: ...)',
            ],
            id="what may be a secret is not shown",
        ),
        pytest.param(
            {"commonLabels": {"since": date(2026, 7, 1)}},
            [f"commonLabels.since: it is 2026-07-01, which is no text ({QUOTE})"],
            id="a date of YAML",
        ),
    ],
)
def test_values_of_another_type(values: dict[str, Any], problems: list[str]) -> None:
    found = check_helm_values(values, "1.20.2")
    assert [f"{item.path}: {item.problem} ({item.hint})" for item in found] == problems
    assert {item.code for item in found} == {"EDGE604"}


def test_check_cluster_values() -> None:
    values = {
        "bgpControlPlane": {"enabled": False},
        "l2announcements": {"enabled": False},
        "kubeProxyReplacement": False,
    }
    assert check_cluster_values(cluster(values=values)) == []
    found = check_cluster_values(cluster(values=values, peerings=(PEERING,), pools=(BGP_POOL, L2_POOL)))
    assert [(item.path, item.problem, item.hint) for item in found] == [
        ("bgpControlPlane.enabled", "it is false, but the cluster has peerings", "remove it"),
        ("kubeProxyReplacement", "it is false, but pools are announced by L2: lan", "remove it"),
        ("l2announcements.enabled", "it is false, but pools are announced by L2: lan", "remove it"),
    ]


@pytest.mark.parametrize(
    ("path", "value", "hidden"),
    [
        pytest.param("authProxy.password", "x", True, id="by its own name"),
        pytest.param("proxy.credentials.user", "x", True, id="by the name of a map above it"),
        pytest.param("proxy.credentials.enabled", True, False, id="whether is no secret"),
        pytest.param("bgpControlPlane.secretsNamespace.name", "kube-system", False, id="a namespace"),
        pytest.param("httpsProxy", "http://u:s3cret@p:3128", True, id="a URL with a login"),
        pytest.param("extraArgs.first", "--kvstore-opt=password=s3cret", True, id="an argument"),
        pytest.param("ipsec.psk", "x1y2z3", True, id="a shared key"),
        pytest.param("repository", "https://charts.example.org/a@b", False, id="a URL without a login"),
        pytest.param("ipam.mode", "kubernetes", False, id="any other"),
    ],
)
def test_what_may_be_a_secret_is_not_printed(path: str, value: Any, hidden: bool) -> None:
    values: Any = value
    for name in reversed(path.split(".")):
        values = {name: values}
    ((_path, old, new),) = differing_values({}, values)
    assert (old, "(not shown)" in str(new)) == (None, hidden)
    assert without_secrets(f"bad: {value}!", values) == f"bad: {MASK if hidden else value}!"


def test_k3s_without_ipv4_has_its_load_balancer_at_the_address_of_ipv6() -> None:
    values = helm_values(cluster(distribution="k3s", pod_cidrs=("fd00::/56",)))
    assert (values["k8sServiceHost"], values["k8sServicePort"], values["ipv4"]) == ("::1", 6444, {"enabled": False})


def test_cluster_pool_on_talos_has_the_inventory_s_ranges() -> None:
    """By the chart's own range, 10.0.0.0/8, the router would refuse what nodes announce."""
    talos = cluster(distribution="talos", pod_cidrs=("10.244.0.0/16",))
    ipam = helm_values(replace(talos, values={"ipam": {"mode": "cluster-pool"}}))["ipam"]
    assert (ipam["mode"], ipam["operator"]["clusterPoolIPv4PodCIDRList"]) == ("cluster-pool", ["10.244.0.0/16"])
    assert helm_values(talos)["ipam"] == {"mode": "kubernetes"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(["tolerations"], [{"key": "edge"}, {"key": "gpu", "operator": "Exists"}], id="of a toleration"),
        pytest.param(
            ["affinity", "nodeSelectorTerms"],
            [{"matchExpressions": [{"key": "rack", "operator": "In", "values": ["a"]}]}],
            id="of an expression",
        ),
        pytest.param(["affinity"], [{"topologyKey": "kubernetes.io/hostname"}], id="of a topology"),
    ],
)
def test_the_name_of_a_label_or_a_taint_is_no_secret(path: list[str], value: Any) -> None:
    assert shown(path, value) == value
    assert without_secrets("edge rack hostname", {path[0]: value}) == "edge rack hostname"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(["encryption", "ipsec", "secretName"], id="secretName"),
        pytest.param(["hubble", "relay", "tls", "client", "existingSecret"], id="existingSecret"),
        pytest.param(["bgpControlPlane", "secretsNamespace", "name"], id="of a namespace"),
    ],
)
def test_the_name_of_a_secret_is_none(path: list[str]) -> None:
    assert shown(path, "cilium-ipsec-keys") == "cilium-ipsec-keys"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(["hubble", "tls", "ca"], {"key": "hushhush"}, id="a map that is no item"),
        pytest.param(["hubble", "tls"], [{"key": "hushhush", "crt": "hushhush"}], id="an item with more"),
        pytest.param(["secrets"], [{"key": "hushhush"}], id="below the name of a secret"),
    ],
)
def test_another_key_is_a_secret(path: list[str], value: Any) -> None:
    assert "hushhush" not in str(shown(path, value))
