# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools, L2 policies, services, charts and node labels of every key of the model."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import helm_values
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.lb import lb_objects
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.services import (
    chart_values,
    node_labels,
    services,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import (
    Node,
    NodeClass,
    PodPool,
    Service,
    Site,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.files import cluster_files
from ansible_collections.hybridnet.cluster_edge.tests.support.resolved import made, replace
from ansible_collections.hybridnet.cluster_edge.tests.support.small_model import LABEL, pool, small_site

OWNED = {"app.kubernetes.io/managed-by": "hybridnet.cluster_edge", "cluster-edge.hybridnet/site": "edge"}


def specs(site: Site, kind: str) -> dict[str, Any]:
    """Return the ``spec`` of each object of a kind by name."""
    return {
        item["metadata"]["name"]: item["spec"] for item in lb_objects(site, site.clusters[0]) if item["kind"] == kind
    }


def service(**changes: Any) -> Service:
    return replace(made(Service, "web", "site", "lb", (), "metadata"), **changes)


# --- pools and policies -----------------------------------------------------------------------------------------------


def test_pod_pools_but_the_one_that_the_operator_makes() -> None:
    site = small_site(
        pools=(),
        pod_pools=(
            made(PodPool, "blue", ("10.50.0.0/20", "fd00:50::/56"), {"ipv4": 26, "ipv6": 64}, {"tier": "a"}),
            made(PodPool, "default", ("10.51.0.0/20",), {"ipv4": 24}),
        ),
    )
    assert lb_objects(site, site.clusters[0]) == [
        {
            "apiVersion": "cilium.io/v2alpha1",
            "kind": "CiliumPodIPPool",
            "metadata": {"name": "blue", "labels": {**OWNED, "tier": "a"}},
            "spec": {
                "ipv4": {"cidrs": ["10.50.0.0/20"], "maskSize": 26},
                "ipv6": {"cidrs": ["fd00:50::/56"], "maskSize": 64},
            },
        }
    ]
    assert helm_values(site.clusters[0])["ipam"] == {
        "mode": "multi-pool",
        "operator": {
            "autoCreateCiliumPodIPPools": {"default": {"ipv4": {"cidrs": ["10.51.0.0/20"], "maskSize": 24}}},
        },
    }


@pytest.mark.parametrize(
    ("changes", "spec"),
    [
        pytest.param(
            {"services": "tier=web,!old"},
            {
                "serviceSelector": {
                    "matchLabels": {"tier": "web"},
                    "matchExpressions": [{"key": "old", "operator": "DoesNotExist"}],
                }
            },
            id="its own selector",
        ),
        pytest.param({"announce_only": "tier=web"}, {}, id="a narrower announcement gives no one less"),
        pytest.param({"disabled": True}, {"disabled": True}, id="drained"),
        pytest.param({"first_last": False}, {"allowFirstLastIPs": "No"}, id="first and last kept"),
    ],
)
def test_pool(changes: dict[str, Any], spec: dict[str, Any]) -> None:
    site = small_site(pools=(pool("lb", "203.0.113.0/28", bgp=("k8s",), **changes),))
    usual = {"allowFirstLastIPs": "Yes", "blocks": [{"cidr": "203.0.113.0/28"}]}
    assert specs(site, "CiliumLoadBalancerIPPool") == {"lb": {**usual, **spec}}


def test_l2_policies_are_narrowed_and_one_for_each_network() -> None:
    wide = pool("lb", "10.0.1.240/29", l2=("lan", "lan2"), announce_only="tier=web")
    site = small_site(pools=(wide,))
    site = replace(site, networks=(*site.networks, replace(site.networks[0], name="lan2", interfaces=("eth1",))))
    found = specs(site, "CiliumL2AnnouncementPolicy")
    assert {name: spec["interfaces"] for name, spec in found.items()} == {"lb.lan": ["^eth0$"], "lb.lan2": ["^eth1$"]}
    assert {str(spec["serviceSelector"]) for spec in found.values()} == {"{'matchLabels': {'tier': 'web'}}"}


def test_an_absent_cluster_has_nothing_left() -> None:
    site = small_site(
        absent=True,
        services=(service(),),
        absent_nodes=(made(Node, "n9", "home", {}, {}),),
        nodes=(made(Node, "n1", "home", {"a": "b"}, {}),),
    )
    cluster = site.clusters[0]
    assert lb_objects(site, cluster) == services(site, cluster) == chart_values(cluster) == []
    assert node_labels(cluster) == {"n1": {}, "n9": {}}


# --- services ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "annotations"),
    [
        pytest.param({}, {}, id="none"),
        pytest.param(
            {"addresses": ("203.0.113.1", "2001:db8::1")},
            {"lbipam.cilium.io/ips": "203.0.113.1,2001:db8::1"},
            id="both families",
        ),
        pytest.param(
            {"share": "web", "share_with": ("dns", "mail")},
            {"lbipam.cilium.io/sharing-cross-namespace": "dns,mail", "lbipam.cilium.io/sharing-key": "web"},
            id="a shared address",
        ),
        pytest.param(
            {"share": "web", "share_with": ("*",)},
            {"lbipam.cilium.io/sharing-cross-namespace": "*", "lbipam.cilium.io/sharing-key": "web"},
            id="shared with all",
        ),
    ],
)
def test_annotations(changes: dict[str, Any], annotations: dict[str, str]) -> None:
    site = small_site(services=(service(**changes),))
    (item,) = services(site, site.clusters[0])
    assert item["annotations"] == annotations
    assert list(item["annotations"]) == sorted(annotations)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        pytest.param({"way": "bgp"}, {"loadBalancerClass": "io.cilium/bgp-control-plane"}, id="BGP only"),
        pytest.param({"way": "l2"}, {"loadBalancerClass": "io.cilium/l2-announcer"}, id="L2 only"),
        pytest.param(
            {"families": ("ipv6", "ipv4")},
            {"ipFamilies": ["IPv6", "IPv4"], "ipFamilyPolicy": "RequireDualStack"},
            id="both families",
        ),
        pytest.param(
            {"families": ("ipv6",)}, {"ipFamilies": ["IPv6"], "ipFamilyPolicy": "SingleStack"}, id="one family"
        ),
    ],
)
def test_fields_of_a_whole_service(changes: dict[str, Any], fields: dict[str, Any]) -> None:
    site = small_site(services=(service(manage="service", **changes),))
    (item,) = services(site, site.clusters[0])
    assert item["object"]["spec"] == {"type": "LoadBalancer", **fields, "ports": []}


# --- charts -----------------------------------------------------------------------------------------------------------

CHART: dict[str, Any] = {"manage": "values", "addresses": ("203.0.113.1",), "share": "web", "traffic_policy": "Cluster"}
ANNOTATIONS = {"lbipam.cilium.io/ips": "203.0.113.1", "lbipam.cilium.io/sharing-key": "web"}


def charts(site: Site) -> list[Any]:
    return [item["values"] for item in chart_values(site.clusters[0])]


def test_ingress_nginx() -> None:
    made = service(name="x-controller", chart="ingress-nginx", way="bgp", **CHART)
    assert charts(small_site(services=(made,))) == [
        {
            "fullnameOverride": "x",
            "controller": {
                "service": {
                    "enabled": True,
                    "type": "LoadBalancer",
                    "labels": {LABEL: "lb"},
                    "annotations": ANNOTATIONS,
                    "externalTrafficPolicy": "Cluster",
                    "loadBalancerClass": "io.cilium/bgp-control-plane",
                }
            },
        }
    ]


def test_cilium_s_ingress_stands_in_the_release_s_values() -> None:
    made = service(namespace="kube-system", name="cilium-ingress", chart="cilium-ingress", way="l2", **CHART)
    site = small_site(services=(made,))
    ingress = {
        "enabled": True,
        "loadbalancerMode": "shared",
        "service": {
            "name": "cilium-ingress",
            "labels": {LABEL: "lb"},
            "annotations": ANNOTATIONS,
            "externalTrafficPolicy": "Cluster",
            "loadBalancerClass": "io.cilium/l2-announcer",
        },
    }
    assert charts(site) == [{"ingressController": ingress}]
    assert helm_values(site.clusters[0])["ingressController"] == ingress


def test_a_gateway_gets_a_patch_and_the_release_the_rest() -> None:
    made = service(name="cilium-gateway-web", chart="gateway", **CHART)
    site = small_site(services=(made,))
    assert charts(site) == [{"spec": {"infrastructure": {"labels": {LABEL: "lb"}, "annotations": ANNOTATIONS}}}]
    assert helm_values(site.clusters[0])["gatewayAPI"] == {"enabled": True, "externalTrafficPolicy": "Cluster"}


def test_charts_keep_the_labels_that_the_pool_s_selector_asks_for() -> None:
    made = service(name="cilium-gateway-web", chart="gateway", manage="values", labels={"tier": "web"})
    assert charts(small_site(services=(made,))) == [
        {"spec": {"infrastructure": {"labels": {LABEL: "lb", "tier": "web"}}}}
    ]


# --- labels of nodes --------------------------------------------------------------------------------------------------

CLASS = "cluster-edge.hybridnet/bgp-class"
LABELLED = {
    "nodes": (made(Node, "n1", "home", {"rack": "a"}, {}), made(Node, "n2", "home", {}, {})),
    "classes": (made(NodeClass, "rack-a", f"{CLASS}=rack-a", ("n1",), ("k8s",)),),
    "absent_nodes": (made(Node, "n3", "home", {"rack": "a"}, {}),),
}


def test_labels_of_ours_and_none_on_absent_nodes() -> None:
    assert node_labels(small_site(**LABELLED).clusters[0]) == {"n1": {CLASS: "rack-a", "rack": "a"}, "n2": {}, "n3": {}}


def test_labels_that_are_not_ours_are_left_alone() -> None:
    assert node_labels(small_site(**LABELLED, manage_labels=False).clusters[0]) is None


def test_no_file_labels_a_node_whose_labels_are_not_ours() -> None:
    cluster = {"managed": True, "absent": False, "apply": "ours", "node_labels": None, "helm_values": {}}
    cluster["distribution"] = None
    files = cluster_files({"clusters": {"home": {**cluster, "bgp": [], "lb": [], "services": [], "charts": []}}})
    assert sorted(files) == ["home/values.yaml"]
