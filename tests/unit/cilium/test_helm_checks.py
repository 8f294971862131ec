# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's Helm values over those that the plan writes, and values that the chart's versions do not share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_checks import (
    check_cluster_values,
    check_helm_values,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import (
    helm_values,
    planned_values,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import (
    Cluster,
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
SIX = replace(parse_pool("2001:db8::/120", "six", "edge_pools.six"), bgp=())
L2_POOL = replace(parse_pool("198.51.100.0/28", "lan", "edge_pools.lan"), l2=("lan",))
INGRESS = made(Service, "kube-system", "cilium-ingress", "lb", (), "values", chart="cilium-ingress")
GATEWAY = made(Service, "web", "cilium-gateway-web", "lb", (), "values", chart="gateway")
URLS = {"k8s": {"apiServerURLs": "https://10.0.0.9:6443"}}
AWAY = "and takes away what the plan writes there"
GIVE = "remove the key, or give it a value"
LEFT_OVER = "EDGE605 nodePort.enabled: Cilium 1.19.6 ignores it: it is gone since 1.19 (remove it: kubeProxyReplacement implies it)"


def cluster(version: str = "1.19.6", **changes: Any) -> Cluster:
    return replace(made(Cluster, "home", version, None, "cluster-edge.hybridnet/pool", (), (), (), (), ()), **changes)


def texts(checked: Cluster) -> list[str]:
    return [f"{item.code} {item.path}: {item.problem} ({item.hint})" for item in check_cluster_values(checked)]


def paths_of(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of each value, and of each map above one."""
    for name, value in values.items():
        yield (*path, name)
        if isinstance(value, dict):
            yield from paths_of(value, (*path, name))


@pytest.mark.parametrize("nothing", [None, ""], ids=["null", "empty text"])
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"peerings": (PEERING,), "router_ids": "10.255.0.0/24"}, id="BGP"),
        pytest.param({"pools": (L2_POOL,)}, id="L2"),
        pytest.param({"pod_cidrs": ("fd00::/56",), "pools": (SIX,)}, id="IPv6 alone"),
        pytest.param({"pod_pools": (made(PodPool, "default", ("10.51.0.0/20",), {"ipv4": 26}),)}, id="pod pools"),
        pytest.param({"services": (INGRESS, GATEWAY)}, id="Cilium's controllers"),
        *(pytest.param({"distribution": name}, id=name) for name in ("talos", "k3s")),
        pytest.param({"distribution": "kubeadm", "pod_cidrs": ("10.244.0.0/16",)}, id="kubeadm"),
    ],
)
def test_nothing_over_a_planned_value_is_an_error(changes: dict[str, Any], nothing: str | None) -> None:
    """At each planned value, and at each map above one: Helm would take it away, and the chart's own with it."""
    planned = cluster(**changes)
    paths = list(paths_of(planned_values(planned)))
    assert len(paths) >= 4
    for path in paths:
        values: Any = nothing
        for name in reversed(path):
            values = {name: values}
        found = check_cluster_values(replace(planned, values=values))
        assert ".".join(path) in {item.path for item in found if item.code == "EDGE604"}


@pytest.mark.parametrize(
    ("changes", "values", "problems"),
    [
        pytest.param(
            {"peerings": (PEERING,)},
            {"bgpControlPlane": {"enabled": None}},
            [f"EDGE604 bgpControlPlane.enabled: it is null, {AWAY}: true ({GIVE})"],
            id="a key without a value",
        ),
        pytest.param(
            {"peerings": (PEERING,)},
            {"bgpControlPlane": None},
            [f'EDGE604 bgpControlPlane: it is null, {AWAY}: {{"enabled": true}} ({GIVE})'],
            id="a section without a value",
        ),
        pytest.param(
            {"peerings": (PEERING,)},
            {"bgpControlPlane": True},
            [f'EDGE604 bgpControlPlane: it is true, which is no map, {AWAY}: {{"enabled": true}} ({GIVE})'],
            id="a value for a section",
        ),
        pytest.param(
            {"peerings": (PEERING,)},
            {"bgpControlPlane": {"enabled": {"yes": 1}}},
            [f'EDGE604 bgpControlPlane.enabled: it is {{"yes": 1}}, which is a map, {AWAY}: true ({GIVE})'],
            id="a map for a value",
        ),
        pytest.param(
            {"peerings": (PEERING,)},
            {"bgpControlPlane": {"enabled": 0}},
            ["EDGE604 bgpControlPlane.enabled: it is 0, but the cluster has peerings (remove it)"],
            id="a number for false",
        ),
        pytest.param(
            {"distribution": "talos"},
            {"k8sServiceHost": None},
            [
                f'EDGE604 k8sServiceHost: it is null, {AWAY}: "localhost" (write the address of the control plane; without'
                ' the key it is "localhost")'
            ],
            id="KubePrism",
        ),
        pytest.param(
            {"distribution": "k3s"},
            {"kubeProxyReplacement": False, "k8sServiceHost": "", "k8sServicePort": None},
            [
                f'EDGE604 k8sServiceHost: it is "", {AWAY}: "127.0.0.1" (write the address of the control plane; without'
                ' the key it is "127.0.0.1")',
                f"EDGE604 k8sServicePort: it is null, {AWAY}: 6444 (write the port of the API server; without the key it is"
                " 6444)",
            ],
            id="no address, beside kube-proxy",
        ),
        pytest.param(
            {"cilium_managed": False, "distribution": "talos", "peerings": (PEERING,)},
            {"operator": None, "k8sServiceHost": None, "cgroup": None, "rollOutCiliumPods": None},
            [],
            id="a Cilium of others, whose values the plan does not write",
        ),
        pytest.param(
            {"cilium_managed": False, "peerings": (PEERING,)},
            {"bgpControlPlane": {"enabled": None}},
            [
                f"EDGE604 bgpControlPlane.enabled: it is null, and takes away what the inventory needs there: true ({GIVE})"
            ],
            id="a Cilium of others, without what the inventory needs",
        ),
        pytest.param(
            {"pod_cidrs": ("10.9.0.0/16", "10.8.0.0/16")},
            {"ipam": {"operator": {"clusterPoolIPv4PodCIDRList": "10.9.0.0/16 10.8.0.0/16"}}},
            [],
            id="ranges as one text",
        ),
        pytest.param(
            {"distribution": "talos"}, {"k8sServiceHost": None, **URLS}, [], id="KubePrism, which another replaces"
        ),
        pytest.param(
            {"services": (INGRESS,)},
            {"ingressController": True},
            ["EDGE604 ingressController: it is true, which is no map (give each entry its name: NAME: ...)"],
            id="told once",
        ),
        pytest.param(
            {"pools": (L2_POOL,)},
            {"kubeProxyReplacement": "strict"},
            ["EDGE604 kubeProxyReplacement: 'strict' is neither true nor false (write true)"],
            id="an old word, told once",
        ),
        pytest.param({}, {"bgpControlPlane": None, "l2announcements": {"enabled": None}}, [], id="nothing is planned"),
        pytest.param({}, {"rollOutCiliumPods": False, "operator": {"rollOutPods": False}}, [], id="another value"),
        *(
            pytest.param(changes, {"nodePort": {"enabled": True}}, [LEFT_OVER], id=f"a left-over beside {name}")
            for name, changes in (
                ("what Talos needs", {"distribution": "talos"}),
                ("what L2 needs", {"pools": (L2_POOL,)}),
            )
        ),
        pytest.param({"distribution": "kubeadm"}, {"k8sServiceHost": "auto"}, [], id="the chart looks the port up"),
        pytest.param(
            {"distribution": "kubeadm"},
            {"k8sServiceHostRef": {"name": "api", "key": "host"}},
            [
                "EDGE604 k8sServicePort: it is missing, but k8sServiceHostRef.name is api (write it: 6443 on most"
                " clusters)"
            ],
            id="a reference without a port",
        ),
    ],
)
def test_values_over_planned_ones(changes: dict[str, Any], values: dict[str, Any], problems: list[str]) -> None:
    assert texts(cluster(**changes, values=values)) == problems


@pytest.mark.parametrize(
    ("version", "problems"),
    [
        pytest.param(
            "1.17.16",
            [
                "EDGE604 k8s.apiServerURLs: Cilium 1.17.16 does not have it yet: it came with 1.18 (use k8sServiceHost and"
                " k8sServicePort)"
            ],
            id="no such value",
        ),
        pytest.param("1.18.0", [], id="a value that the agent's init container does not get"),
    ],
)
def test_urls_of_the_api_server_leave_the_distributions_address_until_agents_need_no_other(
    version: str, problems: list[str]
) -> None:
    talos = cluster(version, distribution="talos", values=URLS)
    found = helm_values(talos)
    assert (found["k8sServiceHost"], found["k8sServicePort"]) == ("localhost", 7445)
    assert texts(talos) == problems


ALWAYS = "remove it: it is always on"
SOURCES = "remove it: kubeProxyReplacement always checks source ranges"
HOST_PORTS = "remove it: kubeProxyReplacement serves host ports by itself"


@pytest.mark.parametrize(
    ("values", "version", "problems"),
    [
        pytest.param(
            {"encryption": {"strictMode": {"enabled": True, "cidr": "10.0.0.0/8", "allowRemoteNodeIdentities": False}}},
            "1.20.2",
            [
                "EDGE605 encryption.strictMode.allowRemoteNodeIdentities: gone since 1.20"
                " (use encryption.strictMode.egress.allowRemoteNodeIdentities)",
                "EDGE604 encryption.strictMode.cidr: gone since 1.20 (use encryption.strictMode.egress.cidr)",
                "EDGE604 encryption.strictMode.enabled: gone since 1.20 (use encryption.strictMode.egress.enabled)",
            ],
            id="strict encryption that would end in silence",
        ),
        pytest.param(
            {"encryption": {"strictMode": {"enabled": True, "cidr": "10.0.0.0/8"}}}, "1.19.6", [], id="it still works"
        ),
        pytest.param(
            {"encryption": {"strictMode": {"egress": {"enabled": True}}}},
            "1.18.0",
            [
                "EDGE604 encryption.strictMode.egress: it came with 1.19 (use encryption.strictMode.enabled and cidr)",
            ],
            id="strict encryption that is not there yet",
        ),
        pytest.param(
            {"hostPort": {"enabled": False}, "svcSourceRangeCheck": True, "enableK8sTerminatingEndpoint": "true"},
            "1.19.6",
            [
                f"EDGE605 enableK8sTerminatingEndpoint: gone since 1.18 ({ALWAYS})",
                f"EDGE605 hostPort.enabled: gone since 1.18 ({HOST_PORTS})",
                f"EDGE605 svcSourceRangeCheck: gone since 1.19 ({SOURCES})",
            ],
            id="removed, and all is as it says",
        ),
        pytest.param(
            {"hostPort": {"enabled": True}, "svcSourceRangeCheck": False},
            "1.19.6",
            [
                f"EDGE604 hostPort.enabled: gone since 1.18 ({HOST_PORTS})",
                f"EDGE604 svcSourceRangeCheck: gone since 1.19 ({SOURCES})",
            ],
            id="removed, and nothing is as it says",
        ),
    ],
)
def test_values_that_came_or_went(values: dict[str, Any], version: str, problems: list[str]) -> None:
    found = [
        f"{item.code} {item.path}: {item.problem.rpartition('it is ')[2].rpartition(': ')[2]} ({item.hint})"
        for item in check_helm_values(values, version)
    ]
    assert found == problems
