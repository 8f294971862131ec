# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a live object is already what its plan says."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.as_it_lives import other_fields

PLANNED = {
    "allowFirstLastIPs": "Yes",
    "blocks": [{"cidr": "192.0.2.0/25"}, {"cidr": "198.51.100.0/24"}],
    "serviceSelector": {"matchLabels": {"p": "a"}},
}


def item(kind: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"namespace": "media", "name": "x", **metadata}, "spec": spec}


def without(spec: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key != name}


@pytest.mark.parametrize(
    ("live", "fields"),
    [
        pytest.param({}, [], id="the same"),
        pytest.param({"allowFirstLastIPs": None}, [], id="all addresses, by default"),
        pytest.param({"disabled": False}, [], id="a default that the plan leaves out"),
        pytest.param({"blocks": PLANNED["blocks"][::-1]}, [], id="another order"),
        pytest.param({"blocks": [{"cidr": "192.0.2.9/25"}, PLANNED["blocks"][1]]}, [], id="host bits"),
        pytest.param(
            {"blocks": [{"start": "192.0.2.0", "stop": "192.0.2.127"}, PLANNED["blocks"][1]]},
            [],
            id="a range for a CIDR",
        ),
        pytest.param(
            {"serviceSelector": {"matchExpressions": [{"key": "p", "operator": "In", "values": ["a"]}]}},
            [],
            id="another form of the selector",
        ),
        pytest.param({"blocks": PLANNED["blocks"][:1]}, ["spec.blocks"], id="a block less"),
        pytest.param({"allowFirstLastIPs": "No"}, ["spec.allowFirstLastIPs"], id="reserved ends"),
        pytest.param({"disabled": True}, ["spec.disabled"], id="disabled"),
        pytest.param(
            {"serviceSelector": {"matchLabels": {"p": "a", "q": "b"}}}, ["spec.serviceSelector"], id="selects less"
        ),
        pytest.param({"serviceSelector": None}, ["spec.serviceSelector"], id="selects all"),
        pytest.param({"future": 1}, ["spec.future"], id="a field that nobody knows"),
    ],
)
def test_a_pool(live: dict[str, Any], fields: list[str]) -> None:
    spec = {name: value for name, value in {**PLANNED, **live}.items() if value is not None}
    assert other_fields(item("CiliumLoadBalancerIPPool", PLANNED), item("CiliumLoadBalancerIPPool", spec)) == fields


def test_ends_of_single_addresses_are_not_reserved() -> None:
    one, other = ({"blocks": [{"cidr": "192.0.2.1/32"}], "allowFirstLastIPs": word} for word in ("Yes", "No"))
    kind = "CiliumLoadBalancerIPPool"
    assert other_fields(item(kind, one), item(kind, other)) == []
    assert other_fields(item(kind, {**one, "serviceSelector": {}}), item(kind, one)) == []


PEER_CONFIG = {
    "timers": {"connectRetryTimeSeconds": 120, "holdTimeSeconds": 9, "keepAliveTimeSeconds": 3},
    "families": [{"afi": "ipv4", "safi": "unicast", "advertisements": {"matchLabels": {"a": "b"}}}],
}
PEERS = [
    {"name": "a", "peerASN": 1, "peerAddress": "fd00::1", "peerConfigRef": {"name": "k8s"}},
    {"name": "b", "peerASN": 1, "peerAddress": "10.0.0.1", "peerConfigRef": {"name": "k8s"}},
]
AS_THE_API_HAS_IT = [
    PEERS[1],
    {
        **PEERS[0],
        "peerAddress": "FD00:0::1",
        "peerConfigRef": {"name": "k8s", "group": "cilium.io", "kind": "CiliumBGPPeerConfig"},
    },
]


@pytest.mark.parametrize(
    ("kind", "planned", "live", "fields"),
    [
        pytest.param(
            "CiliumBGPPeerConfig",
            PEER_CONFIG,
            {
                **PEER_CONFIG,
                "timers": {"holdTimeSeconds": 9, "keepAliveTimeSeconds": 3},
                "ebgpMultihop": 1,
                "transport": {"peerPort": 179},
                "gracefulRestart": {"enabled": False, "restartTimeSeconds": 60},
            },
            [],
            id="defaults of a session",
        ),
        pytest.param(
            "CiliumBGPPeerConfig",
            PEER_CONFIG,
            {**PEER_CONFIG, "gracefulRestart": {"enabled": True}, "authSecretRef": "x"},
            ["spec.authSecretRef", "spec.gracefulRestart"],
            id="what a session would lose",
        ),
        pytest.param(
            "CiliumBGPClusterConfig",
            {"bgpInstances": [{"name": "i", "localASN": 2, "peers": PEERS}]},
            {"nodeSelector": {}, "bgpInstances": [{"name": "i", "localASN": 2, "peers": AS_THE_API_HAS_IT}]},
            [],
            id="another order of peers, another spelling of an address",
        ),
        pytest.param(
            "CiliumBGPClusterConfig",
            {"bgpInstances": [{"name": "i", "localASN": 2, "peers": PEERS}]},
            {"bgpInstances": [{"name": "i", "localASN": 2, "localPort": 179, "peers": PEERS}]},
            ["spec.bgpInstances"],
            id="a port that the plan lacks",
        ),
        *(
            pytest.param(
                "CiliumBGPClusterConfig",
                {"bgpInstances": [{"name": "i", "localASN": 2, "peers": PEERS}]},
                {
                    "bgpInstances": [
                        {"name": "i", "localASN": 2, "peers": [{**PEERS[0], "peerAddress": other}, PEERS[1]]}
                    ]
                },
                ["spec.bgpInstances"],
                id=f"a peer at {other!r}, which is no address",
            )
            for other in ("", None, "tor", "fd00::1%eth0", "fd00::1/128", 7, ["fd00::1"])
        ),
        pytest.param(
            "CiliumPodIPPool",
            {"ipv4": {"cidrs": ["10.1.0.0/16"], "maskSize": 24}},
            {"ipv4": {"cidrs": ["10.1.0.0/16", "ten"], "maskSize": 24}},
            ["spec.ipv4"],
            id="a CIDR of pods that is none",
        ),
        pytest.param(
            "CiliumL2AnnouncementPolicy",
            {"loadBalancerIPs": True, "externalIPs": False, "interfaces": ["^a$", "^b$"]},
            {"loadBalancerIPs": True, "interfaces": ["^b$", "^a$"]},
            [],
            id="L2 on the same interfaces",
        ),
        pytest.param(
            "CiliumPodIPPool",
            {"ipv4": {"cidrs": ["10.1.0.0/16", "10.2.0.0/16"], "maskSize": 24}},
            {"ipv4": {"cidrs": ["10.2.0.0/16", "10.1.9.0/16"], "maskSize": 24}},
            [],
            id="CIDRs of pods in another order",
        ),
    ],
)
def test_other_kinds(kind: str, planned: dict[str, Any], live: dict[str, Any], fields: list[str]) -> None:
    assert other_fields(item(kind, planned), item(kind, live)) == fields


SPEC = {
    "type": "LoadBalancer",
    "ports": [{"name": "tcp-80", "port": 80, "protocol": "TCP", "targetPort": 80}],
    "selector": {"app": "web"},
}
LIVES = {
    **SPEC,
    "ports": [{"port": 80, "nodePort": 30080}],
    "clusterIP": "10.0.0.1",
    "clusterIPs": ["10.0.0.1"],
    "ipFamilies": ["IPv4"],
    "ipFamilyPolicy": "SingleStack",
    "sessionAffinity": "None",
    "internalTrafficPolicy": "Cluster",
    "externalTrafficPolicy": "Cluster",
    "allocateLoadBalancerNodePorts": True,
}
LAST = "kubectl.kubernetes.io/last-applied-configuration"
BY_KUBECTL = {
    "manager": "kubectl-client-side-apply",
    "operation": "Update",
    "fieldsV1": {
        "f:metadata": {
            "f:labels": {"f:tier": {}, "f:of-both": {}},
            "f:annotations": {f"f:{LAST}": {}, "f:external-dns.alpha.kubernetes.io/hostname": {}, "f:of-helm": {}},
        }
    },
}
BY_HELM = {
    "manager": "helm",
    "operation": "Update",
    "fieldsV1": {"f:metadata": {"f:labels": {"f:of-both": {}}, "f:annotations": {"f:of-helm": {}}}},
}


@pytest.mark.parametrize(
    ("spec", "metadata", "fields"),
    [
        pytest.param({}, {}, [], id="as the API server completes it"),
        pytest.param({"sessionAffinity": "ClientIP"}, {}, ["spec.sessionAffinity"], id="a field that the plan lacks"),
        pytest.param({"ipFamilyPolicy": "RequireDualStack"}, {}, ["spec.ipFamilyPolicy"], id="two families"),
        pytest.param({"ports": [*LIVES["ports"], {"port": 443, "name": "s"}]}, {}, ["spec.ports"], id="a port more"),
        pytest.param(
            {},
            {"annotations": {"io.cilium/lb-ipam-ips": "192.0.2.5", "other": "x"}},
            ["metadata.annotations.lbipam.cilium.io/ips"],
            id="it asks for an address",
        ),
        pytest.param({}, {"labels": {"pool": "b"}}, ["metadata.labels.pool"], id="a label with another value"),
        pytest.param(
            {},
            {"labels": {"app.kubernetes.io/managed-by": "Helm", "tier": "x", "of-both": "x", "pool": "lb"}},
            [],
            id="labels that an apply leaves",
        ),
        pytest.param(
            {},
            {"labels": {"tier": "x", "of-both": "x", "pool": "lb"}, "managedFields": [BY_KUBECTL, BY_HELM]},
            ["metadata.labels.tier"],
            id="a label that kubectl takes away",
        ),
        pytest.param(
            {},
            {
                "annotations": {"external-dns.alpha.kubernetes.io/hostname": "a.example", LAST: "{}", "of-helm": "x"},
                "managedFields": [BY_KUBECTL, BY_HELM],
            },
            ["metadata.annotations.external-dns.alpha.kubernetes.io/hostname"],
            id="an annotation that kubectl takes away",
        ),
        pytest.param({}, {"labels": {}}, ["metadata.labels.pool"], id="a label that it lacks"),
    ],
)
def test_a_service(spec: dict[str, Any], metadata: dict[str, Any], fields: list[str]) -> None:
    labels = {"pool": "lb", "app.kubernetes.io/managed-by": "hybridnet.cluster_edge"}
    planned = item("Service", SPEC, labels=labels)
    assert other_fields(planned, item("Service", {**LIVES, **spec}, **{"labels": {"pool": "lb"}, **metadata})) == fields
