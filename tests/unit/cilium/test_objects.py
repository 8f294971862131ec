# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster end of the plan: BGP objects, pools, L2 policies, services, chart values, node labels."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.bgp import bgp_objects
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.common import api_version
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.lb import interface_regex, lb_objects
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.services import (
    chart_values,
    node_labels,
    services,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import (
    Cluster,
    Network,
    Node,
    NodeClass,
    Peering,
    Router,
    Service,
    ServicePort,
    Session,
    SessionKeys,
    Site,
    Timers,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._pools.capacity import parse_pool
from ansible_collections.hybridnet.cluster_edge.tests.support.resolved import made, replace

OWNED = {"app.kubernetes.io/managed-by": "hybridnet.cluster_edge", "cluster-edge.hybridnet/site": "hybrid"}
LABEL = "cluster-edge.hybridnet/pool"
KEYS = made(SessionKeys, timers=Timers(30, 10, 5), graceful_restart=15)


def session(peering: str, node: str, address: str, asn: int, router_address: str) -> Session:
    return made(
        Session,
        cluster="platform",
        peering=peering,
        node=node,
        node_address=address,
        node_asn=asn,
        router="udm-pro",
        router_address=router_address,
        router_asn=65000,
        family="ipv4",
        families=("ipv4",),
        keys=KEYS,
        peer_group=f"platform-{peering}",
        cluster_config="public-true",
        instance=f"as{asn}",
        peer=f"{peering}-udm-pro",
        peer_config=peering,
    )


def node(number: int, public: bool) -> Node:
    addresses = {"public": (f"10.121.0.1{number}",), "private": (f"10.122.0.1{number}",)}
    labels = {"private": "", "public": "true"} if public else {"private": ""}
    return made(Node, f"node0{number}", "platform", labels, addresses)


@pytest.fixture
def site() -> Site:
    """Return the reference site (DESIGN.md section 1), written out by hand."""
    hosts = ("node01", "node02", "node03")
    peerings = tuple(
        made(Peering, name, (network,), "public=true", hosts, ("udm-pro",), asn, KEYS, ("ipv4",))
        for name, network, asn in (("public-ingress", "public", 65001), ("public-service", "private", 65002))
    )
    pools = {
        "private-ingress": {"addresses": "10.122.0.128/28", "l2": "private"},
        "private-service": {"addresses": "10.122.0.160/28", "l2": "private"},
        "public-ingress": {"addresses": "203.0.113.93/32", "bgp": "public-ingress"},
        "public-service": {"addresses": "203.0.113.94/32", "bgp": "public-service"},
    }
    cluster = made(
        Cluster,
        host="platform",
        cilium_version="1.19.6",
        default_pool=None,
        pool_label=LABEL,
        nodes=(
            made(Node, "control-01", "platform", {}, {"public": ("10.121.0.10",)}),
            *(node(number, number < 4) for number in (1, 2, 3, 4)),
        ),
        peerings=peerings,
        pools=tuple(
            replace(
                parse_pool(value["addresses"], name, f"edge_pools.{name}"),
                bgp=tuple(filter(None, [value.get("bgp")])),
                l2=tuple(filter(None, [value.get("l2")])),
            )
            for name, value in pools.items()
        ),
        services=(
            made(
                Service,
                "dummy",
                "dummy-service",
                "public-service",
                ("203.0.113.94",),
                "service",
                ports=(ServicePort(25565, 25565, "TCP", None),),
                selector={"app": "dummy"},
                families=("ipv4",),
                traffic_policy="Local",
            ),
            made(Service, "media", "jellyfin", "private-service", ("10.122.0.172",), "metadata"),
            made(
                Service,
                "ingress-nginx-private",
                "ingress-nginx-controller",
                "private-ingress",
                ("10.122.0.129",),
                "values",
                chart="ingress-nginx",
                ingress_class="nginx-private",
            ),
        ),
        sessions=tuple(
            session(peering, f"node0{number}", f"{prefix}.1{number}", asn, f"{prefix}.1")
            for peering, prefix, asn in (("public-ingress", "10.121.0", 65001), ("public-service", "10.122.0", 65002))
            for number in (1, 2, 3)
        ),
        classes=(made(NodeClass, "public-true", "public=true", hosts, ("public-ingress", "public-service")),),
        distribution="talos",
    )
    return made(
        Site,
        name="hybrid",
        networks=(
            made(Network, "private", ("10.122.0.0/24",), ("enp86s0.122",), "private"),
            made(Network, "public", ("10.121.0.0/24",)),
        ),
        routers=(
            made(
                Router,
                "udm-pro",
                65000,
                "10.121.0.1",
                "unifi",
                "10.1",
                {"public": ("10.121.0.1",), "private": ("10.122.0.1",)},
            ),
        ),
        clusters=(cluster,),
    )


def objects_by_name(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in objects}


def with_keys(site: Site, **changes: Any) -> Site:
    """Return the site with other session keys in every session."""
    cluster = site.clusters[0]
    changed = tuple(replace(item, keys=replace(item.keys, **changes)) for item in cluster.sessions)
    return replace(site, clusters=(replace(cluster, sessions=changed),))


def with_cluster(site: Site, **changes: Any) -> Site:
    return replace(site, clusters=(replace(site.clusters[0], **changes),))


def peer_spec(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = objects_by_name(bgp_objects(site, site.clusters[0]))["CiliumBGPPeerConfig/public-ingress"]
    return dict(found["spec"])


def test_bgp_objects_of_the_reference_site(site: Site) -> None:
    objects = bgp_objects(site, site.clusters[0])
    assert [f"{item['kind']}/{item['metadata']['name']}" for item in objects] == [
        "CiliumBGPAdvertisement/public-ingress",
        "CiliumBGPAdvertisement/public-service",
        "CiliumBGPPeerConfig/public-ingress",
        "CiliumBGPPeerConfig/public-service",
        "CiliumBGPClusterConfig/public-true",
    ]
    assert objects[0] == {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumBGPAdvertisement",
        "metadata": {"name": "public-ingress", "labels": {**OWNED, "cluster-edge.hybridnet/peering": "public-ingress"}},
        "spec": {
            "advertisements": [
                {
                    "advertisementType": "Service",
                    "service": {"addresses": ["LoadBalancerIP"]},
                    "selector": {"matchLabels": {LABEL: "public-ingress"}},
                }
            ]
        },
    }
    assert objects[2] == {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumBGPPeerConfig",
        "metadata": {"name": "public-ingress", "labels": OWNED},
        "spec": {
            "timers": {"connectRetryTimeSeconds": 5, "holdTimeSeconds": 30, "keepAliveTimeSeconds": 10},
            "gracefulRestart": {"enabled": True, "restartTimeSeconds": 15},
            "families": [
                {
                    "afi": "ipv4",
                    "safi": "unicast",
                    "advertisements": {"matchLabels": {"cluster-edge.hybridnet/peering": "public-ingress"}},
                }
            ],
        },
    }
    assert objects[4] == {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumBGPClusterConfig",
        "metadata": {"name": "public-true", "labels": OWNED},
        "spec": {
            "nodeSelector": {"matchLabels": {"public": "true"}},
            "bgpInstances": [
                {
                    "name": "as65001",
                    "localASN": 65001,
                    "peers": [
                        {
                            "name": "public-ingress-udm-pro",
                            "peerASN": 65000,
                            "peerAddress": "10.121.0.1",
                            "peerConfigRef": {"name": "public-ingress"},
                        }
                    ],
                },
                {
                    "name": "as65002",
                    "localASN": 65002,
                    "peers": [
                        {
                            "name": "public-service-udm-pro",
                            "peerASN": 65000,
                            "peerAddress": "10.122.0.1",
                            "peerConfigRef": {"name": "public-service"},
                        }
                    ],
                },
            ],
        },
    }


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        pytest.param({}, "ebgpMultihop", None, id="directly connected: no multihop"),
        pytest.param({"multihop": 3}, "ebgpMultihop", 3, id="multihop"),
        pytest.param({"ttl_security": True}, "ebgpMultihop", 255, id="ttl security sends 255"),
        pytest.param({"port": 179}, "transport", None, id="usual port"),
        pytest.param({"port": 1179}, "transport", {"peerPort": 1179}, id="other port"),
        pytest.param({"graceful_restart": 0}, "gracefulRestart", None, id="no graceful restart"),
        pytest.param({"password": "k8s"}, "authSecretRef", "bgp-password-k8s", id="password"),
        pytest.param({}, "authSecretRef", None, id="no password"),
    ],
)
def test_peer_config_fields(site: Site, changes: dict[str, Any], field: str, value: object) -> None:
    assert peer_spec(with_keys(site, **changes)).get(field) == value


def test_multihop_is_not_written_for_ibgp(site: Site) -> None:
    changed = with_keys(site, multihop=3)
    sessions = tuple(replace(item, router_asn=item.node_asn) for item in changed.clusters[0].sessions)
    assert "ebgpMultihop" not in peer_spec(with_cluster(changed, sessions=sessions))


def test_peering_without_pools_has_no_advertisement(site: Site) -> None:
    pools = tuple(replace(pool, bgp=()) for pool in site.clusters[0].pools)
    changed = with_cluster(site, pools=pools)
    assert {item["kind"] for item in bgp_objects(changed, changed.clusters[0])} == {
        "CiliumBGPPeerConfig",
        "CiliumBGPClusterConfig",
    }


@pytest.mark.parametrize(
    ("kind", "version", "expected"),
    [
        ("CiliumBGPClusterConfig", "1.16.19", "cilium.io/v2alpha1"),
        ("CiliumBGPPeerConfig", "1.17.18", "cilium.io/v2alpha1"),
        ("CiliumBGPAdvertisement", "1.18.0", "cilium.io/v2"),
        ("CiliumLoadBalancerIPPool", "1.17.18", "cilium.io/v2alpha1"),
        ("CiliumLoadBalancerIPPool", "v1.20.2", "cilium.io/v2"),
        ("CiliumL2AnnouncementPolicy", "1.20.2", "cilium.io/v2alpha1"),
    ],
)
def test_api_version(kind: str, version: str, expected: str) -> None:
    assert api_version(kind, version) == expected


@pytest.mark.parametrize(
    ("version", "error"),
    [
        ("latest", "edge_cilium_version: 'latest' is not a version (write it whole, such as 1.19.6)"),
        ("1.15.9", "edge_cilium_version: 1.15.9 is older than 1.16, the oldest version that is supported"),
    ],
)
def test_api_version_refuses(version: str, error: str) -> None:
    with pytest.raises(EdgeError) as caught:
        api_version("CiliumBGPPeerConfig", version)
    assert str(caught.value) == error


def test_lb_objects_of_the_reference_site(site: Site) -> None:
    objects = objects_by_name(lb_objects(site, site.clusters[0]))
    assert list(objects) == [
        "CiliumLoadBalancerIPPool/private-ingress",
        "CiliumLoadBalancerIPPool/private-service",
        "CiliumLoadBalancerIPPool/public-ingress",
        "CiliumLoadBalancerIPPool/public-service",
        "CiliumL2AnnouncementPolicy/private-ingress.private",
        "CiliumL2AnnouncementPolicy/private-service.private",
    ]
    assert objects["CiliumLoadBalancerIPPool/public-ingress"] == {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumLoadBalancerIPPool",
        "metadata": {"name": "public-ingress", "labels": OWNED},
        "spec": {
            "allowFirstLastIPs": "Yes",
            "blocks": [{"cidr": "203.0.113.93/32"}],
            "serviceSelector": {"matchLabels": {LABEL: "public-ingress"}},
        },
    }
    assert objects["CiliumL2AnnouncementPolicy/private-ingress.private"] == {
        "apiVersion": "cilium.io/v2alpha1",
        "kind": "CiliumL2AnnouncementPolicy",
        "metadata": {"name": "private-ingress.private", "labels": OWNED},
        "spec": {
            "loadBalancerIPs": True,
            "externalIPs": False,
            "interfaces": ["^enp86s0\\.122$"],
            "serviceSelector": {"matchLabels": {LABEL: "private-ingress"}},
            "nodeSelector": {"matchExpressions": [{"key": "private", "operator": "Exists"}]},
        },
    }


def test_default_pool_selects_what_no_other_pool_does(site: Site) -> None:
    changed = with_cluster(site, default_pool="private-service")
    found = objects_by_name(lb_objects(changed, changed.clusters[0]))
    expected = {
        "matchExpressions": [
            {"key": LABEL, "operator": "NotIn", "values": ["private-ingress", "public-ingress", "public-service"]}
        ]
    }
    assert found["CiliumLoadBalancerIPPool/private-service"]["spec"]["serviceSelector"] == expected
    assert found["CiliumL2AnnouncementPolicy/private-service.private"]["spec"]["serviceSelector"] == expected


def test_a_pool_alone_selects_every_service(site: Site) -> None:
    pool = next(pool for pool in site.clusters[0].pools if pool.name == "public-ingress")
    changed = with_cluster(site, pools=(pool,), default_pool="public-ingress")
    assert "serviceSelector" not in lb_objects(changed, changed.clusters[0])[0]["spec"]
    (entry,) = bgp_objects(changed, changed.clusters[0])[0]["spec"]["advertisements"]
    assert entry["selector"] == {
        "matchExpressions": [{"key": LABEL, "operator": "NotIn", "values": ["never-used-value"]}]
    }


def test_drained_pool(site: Site) -> None:
    pools = tuple(replace(pool, disabled=True) for pool in site.clusters[0].pools)
    changed = with_cluster(site, pools=pools)
    assert lb_objects(changed, changed.clusters[0])[0]["spec"]["disabled"] is True


def test_external_ips_on_l2(site: Site) -> None:
    pools = tuple(replace(pool, external_ips=pool.name == "private-ingress") for pool in site.clusters[0].pools)
    changed = with_cluster(site, pools=pools)
    policies = [
        item for item in lb_objects(changed, changed.clusters[0]) if item["kind"] == "CiliumL2AnnouncementPolicy"
    ]
    assert {item["metadata"]["name"]: item["spec"]["externalIPs"] for item in policies} == {
        "private-ingress.private": True,
        "private-service.private": False,
    }


def test_l2_nodes_default_to_those_with_an_address_there(site: Site) -> None:
    changed = replace(site, networks=(made(Network, "private", ("10.122.0.0/24",), ("eth*",)), site.networks[1]))
    policy = objects_by_name(lb_objects(changed, changed.clusters[0]))[
        "CiliumL2AnnouncementPolicy/private-ingress.private"
    ]
    assert policy["spec"]["nodeSelector"] == {
        "matchExpressions": [
            {"key": "kubernetes.io/hostname", "operator": "In", "values": ["node01", "node02", "node03", "node04"]}
        ]
    }
    everywhere = with_cluster(changed, nodes=site.clusters[0].nodes[1:])
    assert "nodeSelector" not in lb_objects(everywhere, everywhere.clusters[0])[-1]["spec"]


@pytest.mark.parametrize(
    ("name", "regex"),
    [
        ("enp86s0.122", r"^enp86s0\.122$"),
        ("eth*", "^eth.*$"),
        ("en?", "^en.$"),
        ("br-lan", "^br-lan$"),
        ("a+b(c)[d]", r"^a\+b\(c\)\[d\]$"),
    ],
)
def test_interface_regex(name: str, regex: str) -> None:
    assert interface_regex(name) == regex


def test_services(site: Site) -> None:
    items = services(site, site.clusters[0])
    assert [(item["namespace"], item["name"], item["manage"]) for item in items] == [
        ("dummy", "dummy-service", "service"),
        ("ingress-nginx-private", "ingress-nginx-controller", "values"),
        ("media", "jellyfin", "metadata"),
    ]
    assert items[0]["object"] == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "dummy-service",
            "namespace": "dummy",
            "labels": {**OWNED, LABEL: "public-service"},
            "annotations": {"lbipam.cilium.io/ips": "203.0.113.94"},
        },
        "spec": {
            "type": "LoadBalancer",
            "externalTrafficPolicy": "Local",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "tcp-25565", "port": 25565, "protocol": "TCP", "targetPort": 25565}],
            "selector": {"app": "dummy"},
        },
    }
    assert items[2] == {
        "namespace": "media",
        "name": "jellyfin",
        "manage": "metadata",
        "object": None,
        "labels": {LABEL: "private-service"},
        "annotations": {"lbipam.cilium.io/ips": "10.122.0.172"},
    }


def test_dual_stack_service(site: Site) -> None:
    service = replace(site.clusters[0].services[0], families=("ipv4", "ipv6"), addresses=())
    changed = with_cluster(site, services=(service,))
    (item,) = services(changed, changed.clusters[0])
    assert item["annotations"] == {}
    assert "annotations" not in item["object"]["metadata"]
    assert item["object"]["spec"]["ipFamilies"] == ["IPv4", "IPv6"]
    assert item["object"]["spec"]["ipFamilyPolicy"] == "RequireDualStack"


def test_chart_values(site: Site) -> None:
    assert chart_values(site.clusters[0]) == [
        {
            "namespace": "ingress-nginx-private",
            "service": "ingress-nginx-controller",
            "chart": "ingress-nginx",
            "values": {
                "fullnameOverride": "ingress-nginx",
                "controller": {
                    "ingressClassResource": {"name": "nginx-private", "controllerValue": "k8s.io/nginx-private"},
                    "service": {
                        "enabled": True,
                        "type": "LoadBalancer",
                        "labels": {LABEL: "private-ingress"},
                        "annotations": {"lbipam.cilium.io/ips": "10.122.0.129"},
                    },
                },
            },
        }
    ]


def test_node_labels(site: Site) -> None:
    public = {"private": "", "public": "true"}
    assert node_labels(site.clusters[0]) == {
        "control-01": {},
        "node01": public,
        "node02": public,
        "node03": public,
        "node04": {"private": ""},
    }


def test_node_labels_name_the_class_that_no_selector_fits(site: Site) -> None:
    label = "cluster-edge.hybridnet/bgp-class"
    item = replace(site.clusters[0].classes[0], selector=f"{label}=public-true", nodes=("node01",))
    labels = node_labels(replace(site.clusters[0], classes=(item,)))
    assert labels["node01"] == {label: "public-true", "private": "", "public": "true"}
    assert label not in labels["node02"]
