# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes objects compared by what they mean: what must be found, and what must not."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.objects.compare import objects_difference
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.objects.labels import interface_pattern
from ansible_collections.hybridnet.cluster_edge.tests.support.drawn import examples
from hypothesis import given, settings
from hypothesis import strategies as st

NODES = {"n1": {"rack": "a"}, "n2": {"rack": "a"}, "n3": {"rack": "b"}}
BASE: list[dict[str, Any]] = list(
    yaml.safe_load_all("""
{apiVersion: cilium.io/v2, kind: CiliumBGPClusterConfig, metadata: {name: bgp}, spec: {
  nodeSelector: {matchLabels: {rack: a}},
  bgpInstances: [{name: one, localASN: 65002, peers: [{name: gw, peerASN: 65001, peerAddress: 10.0.0.1, peerConfigRef: {name: gw}}]}]}}
---
{apiVersion: cilium.io/v2, kind: CiliumBGPPeerConfig, metadata: {name: gw}, spec: {
  families: [{afi: ipv4, safi: unicast, advertisements: {matchLabels: {to: gw}}}]}}
---
{apiVersion: cilium.io/v2, kind: CiliumBGPAdvertisement, metadata: {name: all, labels: {to: gw}}, spec: {
  advertisements: [{advertisementType: Service, service: {addresses: [LoadBalancerIP]},
    selector: {matchExpressions: [{key: somekey, operator: NotIn, values: [never-used-value]}]}}]}}
---
{apiVersion: cilium.io/v2, kind: CiliumLoadBalancerIPPool, metadata: {name: web}, spec: {
  blocks: [{cidr: 192.0.2.0/28}], serviceSelector: {matchLabels: {pool: web}}}}
---
{apiVersion: cilium.io/v2, kind: CiliumLoadBalancerIPPool, metadata: {name: lan}, spec: {
  blocks: [{start: 10.0.0.200, stop: 10.0.0.207}], serviceSelector: {matchLabels: {pool: lan}}}}
---
{apiVersion: cilium.io/v2alpha1, kind: CiliumL2AnnouncementPolicy, metadata: {name: lan}, spec: {
  serviceSelector: {matchLabels: {pool: lan}}, interfaces: ["^eth0$"], loadBalancerIPs: true}}
---
{apiVersion: v1, kind: Service, metadata: {name: site, namespace: web, labels: {pool: web}, annotations: {lbipam.cilium.io/ips: 192.0.2.5}},
 spec: {type: LoadBalancer, selector: {app: site}, ports: [{port: 443}]}}
""")
)
CONFIG, PEER, ADVERTISEMENT, WEB, LAN, L2, SERVICE = range(7)


def edited(*changes: tuple[int, str, Any]) -> list[dict[str, Any]]:
    """Return the objects with values at dotted paths replaced; None deletes."""
    objects = copy.deepcopy(BASE)
    for index, path, value in changes:
        at: Any = objects[index]
        *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        for part in parents:
            at = at[part] if not isinstance(at, dict) or part in at else at.setdefault(part, {})
        if value is None:
            del at[last]
        else:
            at[last] = value
    return objects


POLICY_ALONE = {"lbipam.cilium.io/ips": "192.0.2.5", "service.cilium.io/src-ranges-policy": "deny"}
"""Without source ranges it does nothing."""
COSMETIC: dict[str, list[dict[str, Any]]] = {
    "order": list(reversed(BASE)),
    "policy-of-no-source-ranges": edited((SERVICE, "metadata.annotations", POLICY_ALONE)),
    "policy-of-source-ranges-at-its-default": edited(
        (SERVICE, "metadata.annotations", {**POLICY_ALONE, "service.cilium.io/src-ranges-policy": "allow"})
    ),
    "names": edited(
        (CONFIG, "metadata.name", "other"),
        (CONFIG, "spec.bgpInstances.0.name", "two"),
        (CONFIG, "spec.bgpInstances.0.peers.0.name", "router"),
        (WEB, "metadata.name", "w"),
    ),
    "peer-config-name": edited(
        (PEER, "metadata.name", "p"), (CONFIG, "spec.bgpInstances.0.peers.0.peerConfigRef.name", "p")
    ),
    "advertisement-label": edited(
        (ADVERTISEMENT, "metadata.labels", {"x": "y", "z": "1"}),
        (PEER, "spec.families.0.advertisements", {"matchExpressions": [{"key": "x", "operator": "Exists"}]}),
    ),
    "all-advertisements": edited((PEER, "spec.families.0.advertisements", {})),
    "old-api-version": edited(*((index, "apiVersion", "cilium.io/v2alpha1") for index in (CONFIG, PEER, ADVERTISEMENT, WEB))),
    "defaults-written": edited(
        (PEER, "spec.timers", {"holdTimeSeconds": 90, "keepAliveTimeSeconds": 30, "connectRetryTimeSeconds": 120}),
        (PEER, "spec.ebgpMultihop", 1),
        (PEER, "spec.transport", {"peerPort": 179}),
        (PEER, "spec.gracefulRestart", {"enabled": False}),
        (WEB, "spec.allowFirstLastIPs", "Yes"),
        (WEB, "spec.disabled", False),
        (L2, "spec.externalIPs", False),
        (SERVICE, "spec.externalTrafficPolicy", "Cluster"),
        (SERVICE, "spec.ipFamilies", ["IPv4"]),
        (SERVICE, "spec.ports.0.protocol", "TCP"),
        (SERVICE, "spec.ports.0.targetPort", 443),
    ),
    "empty-selector-selects-everything": edited((ADVERTISEMENT, "spec.advertisements.0.selector", {})),
    "one-entry-for-each-pool": edited(
        (
            ADVERTISEMENT,
            "spec.advertisements",
            [
                {"advertisementType": "Service", "service": {"addresses": ["LoadBalancerIP"]}, "selector": {"matchLabels": {"pool": pool}}}
                for pool in ("web", "lan")
            ],
        )
    ),
    "no-service-has-such-a-label": edited(
        (
            ADVERTISEMENT,
            "spec.advertisements.0.selector",
            {"matchExpressions": [{"key": "pool", "operator": "In", "values": ["web", "lan", "gone"]}]},
        )
    ),
    "other-nodes-selector": edited(
        (CONFIG, "spec.nodeSelector", {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["n1", "n2"]}]})
    ),
    "host-bits": edited((WEB, "spec.blocks", [{"cidr": "192.0.2.9/28"}])),
    "two-halves": edited((WEB, "spec.blocks", [{"cidr": "192.0.2.8/29"}, {"start": "192.0.2.0", "stop": "192.0.2.7"}])),
    "no-ends-of-ranges": edited((LAN, "spec.allowFirstLastIPs", "No")),
    "interface-regex": edited((L2, "spec.interfaces", ["^eth0$", "^eth0$"])),
    "old-annotation": edited((SERVICE, "metadata.annotations", {"io.cilium/lb-ipam-ips": "192.0.2.5"})),
    "field-for-address": edited((SERVICE, "metadata.annotations", {}), (SERVICE, "spec.loadBalancerIP", "192.0.2.5")),
    "port-name": edited((SERVICE, "spec.ports.0.name", "https")),
    "labels-of-others": edited((SERVICE, "metadata.labels", {"pool": "web", "app.kubernetes.io/part-of": "shop"})),
    "read-from-the-cluster": edited(
        (SERVICE, "metadata.uid", "5f0c"),
        (SERVICE, "spec.clusterIP", "10.96.0.4"),
        (SERVICE, "spec.clusterIPs", ["10.96.0.4"]),
        (SERVICE, "spec.healthCheckNodePort", 31000),
        (SERVICE, "spec.ports.0.nodePort", 30123),
    ),
    "local-preference-means-nothing-between-two-AS": edited((ADVERTISEMENT, "spec.advertisements.0.attributes", {"localPreference": 200})),
}  # fmt: skip

_GW = "nodes n1, n2, peer 10.0.0.1 from AS 65002"
SEMANTIC: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "asn": (
        edited((CONFIG, "spec.bgpInstances.0.peers.0.peerASN", 65009)),
        [f"{_GW}: remote AS: 65001 in the first, 65009 in the second"],
    ),
    "hold": (
        edited((PEER, "spec.timers", {"holdTimeSeconds": 30})),
        [f"{_GW}: hold time: 90 s in the first, 30 s in the second"],
    ),
    "restart": (
        edited((PEER, "spec.gracefulRestart", {"enabled": True})),
        [f"{_GW}: graceful restart: off in the first, 120 s in the second"],
    ),
    "ttl": (edited((PEER, "spec.ebgpMultihop", 255)), [f"{_GW}: TTL: 255 only in the second"]),
    "port": (
        edited((PEER, "spec.transport", {"peerPort": 1790})),
        [f"{_GW}: port: 179 in the first, 1790 in the second"],
    ),
    "password": (edited((PEER, "spec.authSecretRef", "s")), [f"{_GW}: MD5 password: yes only in the second"]),
    "nodes": (
        edited((CONFIG, "spec.nodeSelector", {})),
        [
            "node n3, peer 10.0.0.1 from AS 65002: only in the second",
            "node n3, peer 10.0.0.1 from AS 65002, ipv4 LoadBalancerIP: services with pool=lan: 10.0.0.200/29 only in the second",
            "node n3, peer 10.0.0.1 from AS 65002, ipv4 LoadBalancerIP: services with pool=web: 192.0.2.0/28 only in the second",
        ],
    ),
    "missing-peer-config": (
        edited((PEER, "metadata.name", "gone")),
        [
            f"{_GW}: only in the first",
            f"{_GW}, ipv4 LoadBalancerIP: services with pool=lan: 10.0.0.200/29 only in the first",
            f"{_GW}, ipv4 LoadBalancerIP: services with pool=web: 192.0.2.0/28 only in the first",
        ],
    ),
    "no-selector-selects-nothing": (
        edited((ADVERTISEMENT, "spec.advertisements.0.selector", None)),
        [
            f"{_GW}, ipv4 LoadBalancerIP: services with pool=lan: 10.0.0.200/29 only in the first",
            f"{_GW}, ipv4 LoadBalancerIP: services with pool=web: 192.0.2.0/28 only in the first",
        ],
    ),
    "fewer-services": (
        edited((ADVERTISEMENT, "spec.advertisements.0.selector", {"matchLabels": {"pool": "web"}})),
        [f"{_GW}, ipv4 LoadBalancerIP: services with pool=lan: 10.0.0.200/29 only in the first"],
    ),
    "community": (
        edited(
            (ADVERTISEMENT, "spec.advertisements.0.selector", {"matchLabels": {"pool": "web"}}),
            (ADVERTISEMENT, "spec.advertisements.0.attributes", {"communities": {"standard": ["65002:1"]}}),
        ),
        [
            f"{_GW}, ipv4 LoadBalancerIP: services with pool=lan: 10.0.0.200/29 only in the first",
            f"{_GW}, ipv4 LoadBalancerIP: services with pool=web: 192.0.2.0/28 in the first, 192.0.2.0/28 with 65002:1 in the second",
        ],
    ),
    "aggregate": (
        edited((ADVERTISEMENT, "spec.advertisements.0.service.aggregationLengthIPv4", 28)),
        [
            f"{_GW}, ipv4 LoadBalancerIP: services with pool=lan: 10.0.0.200/29 in the first, 10.0.0.200/29 as /28 in the second",
            f"{_GW}, ipv4 LoadBalancerIP: services with pool=web: 192.0.2.0/28 in the first, 192.0.2.0/28 as /28 in the second",
        ],
    ),
    "pod-cidrs": (
        edited((ADVERTISEMENT, "spec.advertisements.0", {"advertisementType": "PodCIDR"})),
        [
            f"{_GW}: announces ipv4 pod CIDRs: yes only in the second",
            f"{_GW}, ipv4 LoadBalancerIP: services with pool=lan: 10.0.0.200/29 only in the first",
            f"{_GW}, ipv4 LoadBalancerIP: services with pool=web: 192.0.2.0/28 only in the first",
        ],
    ),
    "no-ends": (
        edited((WEB, "spec.allowFirstLastIPs", "No")),
        [
            "service web/site: draws from: 192.0.2.0/28 in the first, 192.0.2.1-192.0.2.14 in the second",
            f"addresses and {_GW}, ipv4 LoadBalancerIP: services with pool=web: "
            "192.0.2.0/28 in the first, 192.0.2.1-192.0.2.14 in the second",
        ],
    ),
    "disabled": (
        edited((LAN, "spec.disabled", True)),
        ["addresses: services with pool=lan: 10.0.0.200/29 in the first, 10.0.0.200/29 (disabled) in the second"],
    ),
    "interface": (
        edited((L2, "spec.interfaces", ["eth0"])),
        ["nodes n1, n2, n3, L2: services with pool=lan: 10.0.0.200/29 on eth0 in the first, 10.0.0.200/29 on .*eth0.* in the second"],
    ),
    "l2-off-by-default": (
        edited((L2, "spec.loadBalancerIPs", None)),
        ["nodes n1, n2, n3, L2: services with pool=lan: 10.0.0.200/29 on eth0 only in the first"],
    ),
    "l2-nodes": (
        edited((L2, "spec.nodeSelector", {"matchLabels": {"rack": "a"}})),
        ["node n3, L2: services with pool=lan: 10.0.0.200/29 on eth0 only in the first"],
    ),
    "protocol-of-a-port": (
        edited((SERVICE, "spec.ports.0.appProtocol", "kubernetes.io/h2c")),
        [
            "service web/site: ports: 443/TCP to 443 in the first, 443/TCP to 443 for kubernetes.io/h2c in the second"
        ],
    ),
    "policy-of-source-ranges": (
        edited((SERVICE, "metadata.annotations", {"lbipam.cilium.io/ips": "192.0.2.5", "service.cilium.io/src-ranges-policy": "Deny"}),
               (SERVICE, "spec.loadBalancerSourceRanges", ["10.0.0.0/8"])),
        [
            'service web/site: loadBalancerSourceRanges: ["10.0.0.0/8"] only in the second',
            "service web/site: source ranges: are kept out only in the second",
        ],
    ),
    "key-of-two-lines": (
        edited((SERVICE, "metadata.annotations", {"lbipam.cilium.io/ips": "192.0.2.5", "lbipam.cilium.io/sharing-key": "a\nb"})),
        ["service web/site: sharing key: a\\nb only in the second"],
    ),
    "no-address": (
        edited((SERVICE, "metadata.annotations", {"lbipam.cilium.io/ips": "here, 192.0.2.5"})),
        ["service web/site: asks for: 192.0.2.5 in the first, 192.0.2.5, here (no address) in the second"],
    ),
    "name-in-the-place-of-an-address": (
        edited((SERVICE, "metadata.annotations", {}), (SERVICE, "spec.loadBalancerIP", "web.tail.ts.net")),
        ["service web/site: asks for: 192.0.2.5 in the first, web.tail.ts.net (no address) in the second"],
    ),
    "block-that-cilium-passes-over": (
        edited((WEB, "spec.blocks", [{"cidr": "192.0.2.0/28"}, {"start": "10.9.0.9", "stop": "10.9.0.1"}])),
        [
            'pools: passed over: {"start": "10.9.0.9", "stop": "10.9.0.1"} is no block of addresses only in the second',
        ],
    ),
    "address": (
        edited((SERVICE, "metadata.annotations", {"lbipam.cilium.io/ips": "192.0.2.6"})),
        ["service web/site: asks for: 192.0.2.5 in the first, 192.0.2.6 in the second"],
    ),
    "policy": (
        edited((SERVICE, "spec.externalTrafficPolicy", "Local")),
        ["service web/site: externalTrafficPolicy: Local only in the second"],
    ),
    "label": (
        edited((SERVICE, "metadata.labels", {"pool": "lan"})),
        ["service web/site: draws from: 192.0.2.0/28 in the first, 10.0.0.200/29 in the second"],
    ),
    "node-port-that-was-asked-for": (
        edited((SERVICE, "spec.ports.0.nodePort", 30123)),
        ["service web/site: ports: 443/TCP to 443 in the first, 443/TCP to 443 at node port 30123 in the second"],
    ),
    "headless-in-the-cluster": (
        edited((SERVICE, "metadata.uid", "5f0c"), (SERVICE, "spec.clusterIP", "None")),
        ["service web/site: clusterIP: None only in the second"],
    ),
    "pools-overlap": (
        [*BASE, {**copy.deepcopy(BASE[WEB]), "metadata": {"name": "again"}}],
        ["pools: conflict: 192.0.2.0/28 in two blocks: Cilium disables a pool as a whole only in the second"],
    ),
    "blocks-of-a-pool-overlap": (
        edited((WEB, "spec.blocks", [{"cidr": "192.0.2.0/28"}, {"start": "192.0.2.4"}])),
        ["pools: conflict: 192.0.2.4/32 in two blocks: Cilium disables a pool as a whole only in the second"],
    ),
    "listening": (
        edited((CONFIG, "spec.bgpInstances.0.localPort", 1790)),
        ["nodes n1, n2: AS 65002, listens on port: 1790 only in the second"],
    ),
    "service-gone": (BASE[:-1], ["service web/site: only in the first"]),
    "two-configs-for-a-node": (
        [*BASE, {**copy.deepcopy(BASE[CONFIG]), "metadata": {"name": "again"}}],
        [
            "nodes n1, n2: conflict: 2 CiliumBGPClusterConfigs select it only in the second",
            f"{_GW}: only in the first",
            f"{_GW}, ipv4 LoadBalancerIP: services with pool=lan: 10.0.0.200/29 only in the first",
            f"{_GW}, ipv4 LoadBalancerIP: services with pool=web: 192.0.2.0/28 only in the first",
        ],
    ),
    "kind-that-is-not-known": (
        [*BASE, {"apiVersion": "cilium.io/v2", "kind": "CiliumNodeConfig", "metadata": {"name": "x"}, "spec": {}}],
        ["CiliumNodeConfig x: only in the second"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("written", [{"wellKnown": ["no-advertise"]}, {"standard": ["4294967042"]}])
def test_one_community_has_several_spellings(written: dict[str, list[str]]) -> None:
    one, other = (
        edited((ADVERTISEMENT, "spec.advertisements.0.attributes", {"communities": communities}))
        for communities in ({"standard": ["65535:65282"]}, written)
    )
    assert objects_difference(one, other, "1.19.6", NODES) == []


def pod_pool(**spec: Any) -> list[dict[str, Any]]:
    return [{"apiVersion": "cilium.io/v2alpha1", "kind": "CiliumPodIPPool", "metadata": {"name": "p"}, "spec": spec}]


def test_pod_pools_are_sets_of_ranges() -> None:
    first = pod_pool(ipv4={"cidrs": ["10.30.0.0/16", "10.20.0.0/16"], "maskSize": 24})
    same = pod_pool(ipv4={"maskSize": 24, "cidrs": ["10.20.0.1/16", "10.30.0.0/16"]}, ipv6=None)
    assert objects_difference(first, same, "1.19.6", {}) == []
    other = pod_pool(
        ipv4={"cidrs": ["10.20.0.0/16"], "maskSize": 25},
        ipv6={"cidrs": ["fd00::/104"], "maskSize": 120},
        podSelector={"matchLabels": {"team": "a"}},
    )
    assert objects_difference(first, other, "1.19.6", {}) == [
        "pod IP pool p: ipv4: 10.20.0.0/16, 10.30.0.0/16 by /24 in the first, 10.20.0.0/16 by /25 in the second",
        "pod IP pool p: ipv6: fd00::/104 by /120 only in the second",
        'pod IP pool p: podSelector: {"matchLabels": {"team": "a"}} only in the second',
    ]


@pytest.mark.parametrize("part", [{"cidrs": ["10.20.0.0/16"]}, {"cidrs": ["x"], "maskSize": 24}, [1]])
def test_a_pod_pool_that_is_none(part: Any) -> None:
    with pytest.raises(EdgeError) as told:
        objects_difference(pod_pool(ipv4=part), [], "1.19.6", {})
    assert str(told.value) == f"CiliumPodIPPool p.ipv4: {part!r} is not {{cidrs, maskSize}}"


def test_overlapping_pools_are_no_pool_with_both_selectors() -> None:
    apart = [
        {
            **BASE[WEB],
            "metadata": {"name": name},
            "spec": {**BASE[WEB]["spec"], "serviceSelector": {"matchLabels": {"pool": name}}},
        }
        for name in ("a", "b")
    ]
    either = {"matchExpressions": [{"key": "pool", "operator": "In", "values": ["a", "b"]}]}
    one = [{**BASE[WEB], "spec": {**BASE[WEB]["spec"], "serviceSelector": either}}]
    assert objects_difference(apart, one, "1.19.6", {}) == [
        "pools: conflict: 192.0.2.0/28 in two blocks: Cilium disables a pool as a whole only in the first"
    ]


def test_lists_of_kubectl_are_opened_and_empty_documents_skipped() -> None:
    written = [
        None,
        {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": list(BASE)},
        None,
    ]
    assert objects_difference(BASE, written, "1.19.6", NODES) == []
    with pytest.raises(EdgeError, match=r"second\[0\]\.items\[1\]: it is not a Kubernetes object"):
        objects_difference(BASE, [{"kind": "List", "items": [BASE[0], {}]}], "1.19.6", NODES)


def advertised(name: str, entry: dict[str, Any], community: str) -> dict[str, Any]:
    """Return an advertisement of the router's session with one entry."""
    entries = [{**entry, "attributes": {"communities": {"standard": [community]}}}]
    metadata = {"name": name, "labels": {"to": "gw"}}
    spec = {"advertisements": entries}
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumBGPAdvertisement", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        pytest.param({"advertisementType": "PodCIDR"}, "pod CIDRs", id="pod CIDRs"),
        pytest.param({"advertisementType": "CiliumPodIPPool", "selector": {}}, "pod IP pool p", id="pod IP pools"),
        pytest.param(
            {"advertisementType": "Interface", "interface": {"name": "lo"}}, "addresses of lo", id="an interface"
        ),
    ],
)
@pytest.mark.parametrize("names", ["ab", "ba"])
def test_what_two_advertisements_announce_adds_up(entry: dict[str, Any], what: str, names: str) -> None:
    pods = pod_pool(ipv4={"cidrs": ["10.20.0.0/16"], "maskSize": 24})
    one, other = (advertised(name, entry, f"65001:{number}") for number, name in enumerate(names, 1))
    live, planned = [*BASE, *pods, one, other], [*BASE, *pods, other]
    said = f"{_GW}: announces ipv4 {what}: with 65001:1, 65001:2 in the first, with 65001:2 in the second"
    assert objects_difference(live, planned, "1.19.6", NODES) == [said]
    assert objects_difference(live, [*reversed(live)], "1.19.6", NODES) == []


def shared_with(text: str) -> list[dict[str, Any]]:
    annotations = {"lbipam.cilium.io/ips": "192.0.2.5", "lbipam.cilium.io/sharing-cross-namespace": text}
    return edited((SERVICE, "metadata.annotations", annotations))


def test_the_order_of_namespaces_means_nothing() -> None:
    assert objects_difference(shared_with("b,a"), shared_with("a,b"), "1.19.6", NODES) == []
    assert objects_difference(shared_with("a,b"), shared_with("a, b"), "1.19.6", NODES) != [], "a namespace ' b'"


def test_what_lives_is_served_whatever_is_planned() -> None:
    """Live objects of Cilium 1.20 beside a plan for 1.17, which is to be told and no error."""
    assert objects_difference(BASE, OLD_BASE, "1.17.4", NODES, first_version="1.20.2") == []
    with pytest.raises(EdgeError, match=r"Cilium 1.17.4 does not serve it as cilium.io/v2"):
        objects_difference(BASE, BASE, "1.17.4", NODES, first_version="1.20.2")


def test_each_set_is_read_by_its_own_cilium() -> None:
    """Before 1.19 Cilium took no notice of a session's source interface."""
    both = edited((PEER, "spec.transport", {"sourceInterface": "lo"}))
    assert objects_difference(both, both, "1.20.2", NODES) == []
    assert objects_difference(both, both, "1.20.2", NODES, first_version="1.18.2") == [
        f"{_GW}: source interface: lo only in the second"
    ]


@pytest.mark.parametrize("name", COSMETIC)
def test_what_does_not_matter(name: str) -> None:
    assert objects_difference(BASE, COSMETIC[name], "1.19.6", NODES) == []


@pytest.mark.parametrize("name", SEMANTIC)
def test_what_matters(name: str) -> None:
    objects, expected = SEMANTIC[name]
    assert objects_difference(BASE, objects, "1.19.6", NODES) == expected
    assert len(objects_difference(objects, BASE, "1.19.6", NODES)) == len(expected)


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("^eth0$", "eth0"),
        ("eth0", ".*eth0.*"),
        ("^eth.*", "eth.*"),
        ("^eth.*$", "eth.*"),
        (r"^enp2s0\.11$", r"enp2s0\.11"),
        ("^enp2s0[.]11$", r"enp2s0\.11"),
        ("^eth[0-9]+$", r"eth\d\d*"),
        (r"^eth\d+$", r"eth\d\d*"),
        ("^eth[0-9]+", r"eth\d.*"),
        ("^eth[0-9].*", r"eth\d.*"),
        ("eth0?", ".*eth.*"),
        ("^eth0?$", "eth0?"),
        (r"^eth\*", r"eth\*.*"),
        ("^(eth|bond)0$", "^(eth|bond)0$"),
    ],
)
def test_interface_patterns(pattern: str, meant: str) -> None:
    assert interface_pattern(pattern) == meant


ERRORS: dict[str, tuple[list[Any], str, dict[str, dict[str, str]], str]] = {
    "no-object": ([{"kind": "Service"}], "1.19.6", {}, "first[0]: it is not a Kubernetes object: kind and metadata.name"),
    "text": (["x"], "1.19.6", {}, "first[0]: it is not a Kubernetes object: kind and metadata.name"),
    "no-v2-yet": (
        [BASE[PEER]], "1.17.6", {},
        "CiliumBGPPeerConfig gw: Cilium 1.17.6 does not serve it as cilium.io/v2 (cilium.io/v2alpha1)",
    ),
    "no-nodes": (
        [BASE[CONFIG]], "1.19.6", {},
        "nodes: there is no node (give name -> labels of each node: what a node does is compared)",
    ),
    "twice": ([BASE[WEB], BASE[WEB]], "1.19.6", {}, "CiliumLoadBalancerIPPool web: it stands twice in the first set"),
    "selector": (
        edited((WEB, "spec.serviceSelector", {"matchExpressions": [{"key": "a"}]})), "1.19.6", NODES,
        "CiliumLoadBalancerIPPool web: {'matchExpressions': [{'key': 'a'}]} is not a LabelSelector",
    ),
    "block": (
        edited((WEB, "spec.blocks", [{"cidr": 7}])), "1.19.6", NODES,
        "CiliumLoadBalancerIPPool web.blocks[0]: {'cidr': 7} is not a block of addresses",
    ),
    "community": (
        edited((ADVERTISEMENT, "spec.advertisements.0.attributes", {"communities": {"standard": [3900070]}})), "1.19.6", NODES,
        "CiliumBGPAdvertisement all: it is not as the API has it: 3900070 stands where text belongs",
    ),
    "spec": (
        edited((WEB, "spec", ["blocks"])), "1.19.6", NODES,
        "CiliumLoadBalancerIPPool web: it is not as the API has it: spec is ['blocks'], not a map of text keys",
    ),
    "labels": (
        edited((SERVICE, "metadata.labels", {1: "a"})), "1.19.6", NODES,
        "Service web/site: it is not as the API has it: metadata.labels is {1: 'a'}, not a map of text keys",
    ),
    "ports-of-a-live-service": (
        edited((SERVICE, "metadata.uid", "1"), (SERVICE, "spec.ports", [443])), "1.19.6", NODES,
        "Service web/site: it is not as the API has it: 443 stands where a map belongs",
    ),
    "ports": (
        edited((SERVICE, "spec.ports", [443])), "1.19.6", NODES,
        "Service web/site: it is not as the API has it: 443 stands where a map belongs",
    ),
    "advertisement": (
        edited((ADVERTISEMENT, "spec.advertisements.0", "Service")), "1.19.6", NODES,
        "CiliumBGPAdvertisement all: it is not as the API has it: 'Service' stands where a map belongs",
    ),
    "interfaces": (
        edited((L2, "spec.interfaces", 1)), "1.19.6", NODES,
        "CiliumL2AnnouncementPolicy lan: it is not as the API has it: 'int' object is not iterable",
    ),
    "instance-without-as": (
        edited((CONFIG, "spec.bgpInstances.0.localASN", None)), "1.19.6", NODES,
        "CiliumBGPClusterConfig bgp: it is not as the API has it: it has no 'localASN'",
    ),
    "hops": (
        edited((PEER, "spec.ebgpMultihop", "two")), "1.19.6", NODES,
        "CiliumBGPPeerConfig gw: it is not as the API has it: invalid literal for int() with base 10: 'two'",
    ),
    "node-labels": (
        BASE, "1.19.6", {"n1": ["a"]},
        "nodes.n1: it is not as the API has it: labels is ['a'], not a map of text keys",
    ),
    "version": ([BASE[WEB]], "newest", {}, "edge_cilium_version: 'newest' is not a version (write it whole, such as 1.19.6)"),
}  # fmt: skip


def policy(**of_neighbor: Any) -> dict[str, Any]:
    """Return a CiliumBGPPeeringPolicy that sets up what the objects of ``BASE`` do."""
    neighbor = {"peerAddress": "10.0.0.1/32", "peerASN": 65001, **of_neighbor}
    every = {"matchExpressions": [{"key": "somekey", "operator": "NotIn", "values": ["never-used-value"]}]}
    router = {"localASN": 65002, "neighbors": [neighbor], "serviceSelector": every}
    spec = {"nodeSelector": {"matchLabels": {"rack": "a"}}, "virtualRouters": [router]}
    return {
        "apiVersion": "cilium.io/v2alpha1",
        "kind": "CiliumBGPPeeringPolicy",
        "metadata": {"name": "old"},
        "spec": spec,
    }


IPV4 = {"families": [{"afi": "ipv4", "safi": "unicast"}]}
WITHOUT_BGP = edited()[WEB:]
OLD_BASE = edited(*((index, "apiVersion", "cilium.io/v2alpha1") for index in (CONFIG, PEER, ADVERTISEMENT, WEB, LAN)))


def changed_policy(*changes: tuple[str, Any]) -> dict[str, Any]:
    """Return the policy with keys of its spec, or of its virtual router, replaced."""
    made = policy(**IPV4)
    for key, value in changes:
        holder = made["spec"] if key in made["spec"] else made["spec"]["virtualRouters"][0]
        holder[key] = value
    return made


def test_a_peering_policy_is_told_by_the_sessions_that_it_gives() -> None:
    said = [line.partition(":")[0] for line in objects_difference([policy(**IPV4)], [], "1.18.2", NODES)]
    assert said == [_GW]
    assert objects_difference([policy(**IPV4), *WITHOUT_BGP], BASE, "1.18.2", NODES) == []
    shown = {
        "eBGPMultihopTTL": 1, "connectRetryTimeSeconds": 120, "holdTimeSeconds": 90, "keepAliveTimeSeconds": 30,
        "peerPort": 179, "gracefulRestart": {"enabled": False, "restartTimeSeconds": 120},
    }  # fmt: skip
    assert objects_difference([policy(**IPV4, **shown), *WITHOUT_BGP], BASE, "1.18.2", NODES) == []


def test_a_peering_policy_wins_over_a_cluster_config() -> None:
    both = [policy(**IPV4, holdTimeSeconds=45), *OLD_BASE]
    assert objects_difference(both, OLD_BASE, "1.17.4", NODES) == [
        f"{_GW}: hold time: 45 s in the first, 90 s in the second"
    ]


def test_a_peering_policy_is_not_read_from_1_19_on() -> None:
    assert objects_difference([policy(**IPV4), *BASE], BASE, "1.19.6", NODES) == []
    told = objects_difference([policy(**IPV4), *WITHOUT_BGP], BASE, "1.19.6", NODES)
    assert f"{_GW}: only in the second" in told
    assert objects_difference([policy(**IPV4), *WITHOUT_BGP], BASE, "1.19.6", NODES, first_version="1.18.2") == []


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (policy(), [f"{_GW}: families: ipv4, ipv6 in the first, ipv4 in the second"]),
        (policy(**IPV4, authSecretRef="s"), [f"{_GW}: MD5 password: yes only in the first"]),
        (
            policy(**IPV4, advertisedPathAttributes=[{"selectorType": "PodCIDR", "localPreference": 9}]),
            [f'{_GW}: path attributes: {{"localPreference": 9, "selectorType": "PodCIDR"}} only in the first'],
        ),
        (changed_policy(("exportPodCIDR", True)), [f"{_GW}: announces ipv4 pod CIDRs: yes only in the first"]),
        (
            changed_policy(("serviceSelector", {"matchLabels": {"pool": "web"}})),
            [f"{_GW}, ipv4 LoadBalancerIP: services with pool=lan: 10.0.0.200/29 only in the second"],
        ),
        (
            changed_policy(("serviceAdvertisements", ["LoadBalancerIP", "ClusterIP"])),
            [f"{_GW}, ipv4 ClusterIP: all services: their own only in the first"],
        ),
        (changed_policy(("nodeSelector", None)), ["node n3, peer 10.0.0.1 from AS 65002"]),
    ],
)
def test_what_a_peering_policy_says(first: dict[str, Any], expected: list[str]) -> None:
    told = objects_difference([first, *WITHOUT_BGP], BASE, "1.18.2", NODES)
    assert told
    assert all(line.startswith(tuple(expected)) for line in told)


def test_two_peering_policies_of_a_node_are_a_conflict() -> None:
    again = {**policy(**IPV4), "metadata": {"name": "again"}}
    told = objects_difference([policy(**IPV4), again], [policy(**IPV4)], "1.18.2", NODES)
    assert "nodes n1, n2: conflict: 2 CiliumBGPPeeringPolicy objects select it only in the first" in told


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (policy(peerAddress=7), "CiliumBGPPeeringPolicy old: it is not as the API has it: 7 stands where text belongs"),
        (policy(peerAddress="x"), "CiliumBGPPeeringPolicy old: it is not as the API has it: 'x' does not appear"),
        (changed_policy(("virtualRouters", [7])), "CiliumBGPPeeringPolicy old: it is not as the API has it: 7 stands"),
        (
            changed_policy(("serviceSelector", 7)),
            "CiliumBGPAdvertisement of CiliumBGPPeeringPolicy old, virtual router 0",
        ),
        (changed_policy(("nodeSelector", 7)), "CiliumBGPPeeringPolicy old: 7 is not a LabelSelector"),
        (
            policy(families=[{"afi": "ipv4"}], eBGPMultihopTTL="x"),
            "CiliumBGPPeerConfig of CiliumBGPPeeringPolicy old, ",
        ),
    ],
)
def test_a_peering_policy_that_is_none(wrong: dict[str, Any], problem: str) -> None:
    with pytest.raises(EdgeError) as told:
        objects_difference([wrong], [], "1.18.2", NODES)
    assert str(told.value).startswith(problem)


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    objects, version, nodes, expected = ERRORS[name]
    with pytest.raises(EdgeError) as told:
        objects_difference(objects, [], version, nodes)
    assert str(told.value) == expected


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of every value inside another one."""
    held = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in held for found in ((*path, key), *places(item, (*path, key)))]


WHOLE = [
    *BASE,
    *yaml.safe_load_all("""
{apiVersion: cilium.io/v2, kind: CiliumBGPNodeConfigOverride, metadata: {name: n1}, spec: {
  bgpInstances: [{name: one, routerID: 10.0.0.9, localPort: 1790, peers: [{name: gw, localAddress: 10.0.0.7}]}]}}
---
{apiVersion: cilium.io/v2alpha1, kind: CiliumPodIPPool, metadata: {name: pods, labels: {a: b}}, spec: {
  ipv4: {cidrs: [10.1.0.0/16], maskSize: 27}}}
---
{apiVersion: cilium.io/v2, kind: CiliumBGPAdvertisement, metadata: {name: more, labels: {to: gw}}, spec: {advertisements: [
  {advertisementType: CiliumPodIPPool, selector: {matchLabels: {a: b}}, attributes: {communities: {standard: ["1:2"]}, localPreference: 5}},
  {advertisementType: PodCIDR}, {advertisementType: Interface, interface: {name: eth0}}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: live, namespace: web, uid: x, labels: {pool: web}},
 spec: {type: LoadBalancer, clusterIP: 10.96.0.9, selector: {app: site}, ports: [{port: 443, nodePort: 30443}]}}
"""),
]
JUNK = st.sampled_from([None, True, -1, 2**70, 1.5, "", "x", "10.0.0.1", [], [None], ["x"], {}, {"x": None}, {1: 2}])


@pytest.mark.thorough
@settings(max_examples=examples(500))
@given(place=st.sampled_from(places(WHOLE)), junk=JUNK)
def test_no_object_ends_in_a_traceback(place: tuple[Any, ...], junk: Any) -> None:
    objects = copy.deepcopy(WHOLE)
    at: Any = objects
    for part in place[:-1]:
        at = at[part]
    at[place[-1]] = junk
    for sides in ((objects, WHOLE), (WHOLE, objects)):
        with suppress(EdgeError):
            assert all(isinstance(line, str) for line in objects_difference(*sides, "1.19.6", NODES))


@pytest.mark.parametrize("word", ["never-used", "neverused", "lol", "will-match-and-announce-all-services"])
def test_a_selector_that_excludes_a_label_that_nobody_has_selects_all(word: str) -> None:
    """Written so in many guides, each with another key and value."""
    requirement = {"key": "whatever", "operator": "NotIn", "values": [word]}
    changed = edited((ADVERTISEMENT, "spec.advertisements.0.selector", {"matchExpressions": [requirement]}))
    assert objects_difference(BASE, changed, "1.19.6", NODES) == []
    assert objects_difference(changed, BASE, "1.19.6", NODES) == []


def test_a_selector_that_excludes_a_label_of_a_service_or_of_another_selector_is_told() -> None:
    def excluding(key: str, value: str, *others: tuple[int, str, Any]) -> list[dict[str, Any]]:
        requirement = {"key": key, "operator": "NotIn", "values": [value]}
        return edited((ADVERTISEMENT, "spec.advertisements.0.selector", {"matchExpressions": [requirement]}), *others)

    labelled = (SERVICE, "metadata.labels", {"pool": "web", "tier": "internal"})
    found = objects_difference(edited(labelled), excluding("tier", "internal", labelled), "1.19.6", NODES)
    assert any("tier=internal" in line for line in found)
    found = objects_difference(BASE, excluding("pool", "lan"), "1.19.6", NODES)
    assert any("pool=lan" in line for line in found)
