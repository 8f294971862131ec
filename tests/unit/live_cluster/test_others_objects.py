# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which live objects of others claim what planned ones do, and which do not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import (
    ownership_labels,
    service_labels,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.live_objects import is_ours
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.node_labels import labels_afterwards
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import Claims
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.others_objects import (
    Surroundings,
    View,
    claims_of_others,
    ended_policies,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.parts import part_changes

Object = dict[str, Any]

POOL_LABEL = "cluster-edge.hybridnet/pool"
PEERING_LABEL = "cluster-edge.hybridnet/peering"
LINUX = {"kubernetes.io/os": "linux"}
NODES = {"n1": {**LINUX, "rack": "a"}, "n2": {**LINUX, "rack": "b"}}
SERVICES = {
    "media/plex": {POOL_LABEL: "lb", **service_labels("media", "plex")},
    "apps/web": {"public": "true", **service_labels("apps", "web")},
}
EVERYTHING = {"matchExpressions": [{"key": "never", "operator": "NotIn", "values": ["never"]}]}


def item(kind: str, name: str, labels: dict[str, str] | None = None, **spec: Any) -> Object:
    metadata = {"name": name, "generation": 3, "uid": "0f1e2d3c-0000-4000-8000-000000000000", "labels": labels or {}}
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata, "spec": spec}


def config(name: str, rack: str | None, peer_config: str = "k8s") -> Object:
    """Return a CiliumBGPClusterConfig of one instance; without a rack it selects all nodes."""
    peers = [{"name": "gw", "peerConfigRef": {"name": peer_config}}]
    selector = {"nodeSelector": {"matchLabels": {"rack": rack}}} if rack else {}
    return item("CiliumBGPClusterConfig", name, bgpInstances=[{"name": "as64513", "peers": peers}], **selector)


def pool(name: str, *cidrs: str, select: dict[str, Any] | None = None, **spec: Any) -> Object:
    selector = {"serviceSelector": select} if select else {}
    return item("CiliumLoadBalancerIPPool", name, blocks=[{"cidr": cidr} for cidr in cidrs], **selector, **spec)


def selecting(name: str, peering: dict[str, Any] | None) -> Object:
    """Return a CiliumBGPPeerConfig that selects advertisements."""
    family = {"afi": "ipv4", "safi": "unicast"}
    return item("CiliumBGPPeerConfig", name, families=[{**family, "advertisements": peering} if peering else family])


def policy(select: dict[str, Any] | None = None, **spec: Any) -> Object:
    chosen = {"nodeSelector": {"matchLabels": select}} if select else {}
    return item("CiliumBGPPeeringPolicy", "old-policy", virtualRouters=[], **chosen, **spec)


PLANNED_POOL = pool("lb", "10.67.200.0/24", select={"matchLabels": {POOL_LABEL: "lb"}})
PLANNED = [
    item("CiliumBGPAdvertisement", "k8s", {PEERING_LABEL: "k8s"}),
    selecting("k8s", {"matchLabels": {PEERING_LABEL: "k8s"}}),
    config("rack-a", "a"),
    PLANNED_POOL,
    item("CiliumPodIPPool", "media", ipv4={"cidrs": ["10.20.0.0/16"], "maskSize": 24}),
]


class Site:
    """A site that made what carries its labels."""

    def made(self, found: Object) -> bool:
        return is_ours(found["metadata"], "home")

    keeps = made


SITE = Site()


def surroundings(version: str | None) -> Surroundings:
    """Return those of a run that writes no label and no service."""
    return Surroundings(View(NODES, SERVICES), View(NODES, SERVICES), version)


def problems(live: list[Object], planned: list[Object] | None = None, version: str | None = "1.18.2") -> list[str]:
    found = claims_of_others(PLANNED if planned is None else planned, live, surroundings(version), SITE)
    return [f"{error.path}: {error.problem.removeprefix('it was not made by this site, and ')}" for error in found]


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param(
            [policy(LINUX)],
            "CiliumBGPPeeringPolicy old-policy: it selects n1, as the planned CiliumBGPClusterConfig rack-a does: before"
            " Cilium 1.19 it wins, and no planned session comes up there",
            id="a peering policy of all nodes",
        ),
        pytest.param([policy({"rack": "b"})], None, id="a peering policy of nodes that do not peer"),
        pytest.param(
            [config("theirs", None)],
            "CiliumBGPClusterConfig theirs: it selects n1, as the planned rack-a does: a node takes one"
            " CiliumBGPClusterConfig, and Cilium refuses the younger one",
            id="a cluster config without a selector",
        ),
        pytest.param([config("theirs", "b")], None, id="a cluster config of other nodes"),
        pytest.param(
            [item("CiliumBGPNodeConfigOverride", "n1", bgpInstances=[{"name": "as64513", "routerID": "192.0.2.1"}])],
            "CiliumBGPNodeConfigOverride n1: it changes as64513 of the planned CiliumBGPClusterConfig rack-a on this node",
            id="an override of a planned instance",
        ),
        pytest.param(
            [item("CiliumBGPNodeConfigOverride", "n1", bgpInstances=[{"name": "other"}])],
            None,
            id="of another instance",
        ),
        pytest.param(
            [item("CiliumBGPNodeConfigOverride", "n2", bgpInstances=[{"name": "as64513"}])], None, id="of another node"
        ),
        pytest.param(
            [config("theirs", "b", "theirs"), selecting("theirs", EVERYTHING)],
            "CiliumBGPPeerConfig theirs: it selects the planned CiliumBGPAdvertisement k8s: its sessions would announce"
            " the same addresses",
            id="sessions of others that announce everything",
        ),
        pytest.param([selecting("theirs", EVERYTHING)], None, id="a peer config that no session has"),
        pytest.param(
            [config("theirs", "b", "theirs"), selecting("theirs", None)],
            None,
            id="a peer config that announces nothing",
        ),
        pytest.param(
            [item("CiliumBGPAdvertisement", "theirs", {PEERING_LABEL: "k8s"})],
            "CiliumBGPAdvertisement theirs: the planned CiliumBGPPeerConfig k8s selects it: planned sessions would"
            " announce what it has",
            id="an advertisement with our label",
        ),
        pytest.param([item("CiliumBGPAdvertisement", "theirs", {"a": "b"})], None, id="an advertisement without it"),
        pytest.param(
            [pool("theirs", "10.67.200.128/25", select={"matchLabels": {"a": "b"}})],
            "CiliumLoadBalancerIPPool theirs: it has 10.67.200.128-10.67.200.255, which the planned lb has: Cilium"
            " disables the younger of two such pools as a whole",
            id="a pool of shared addresses",
        ),
        pytest.param(
            [pool("theirs", "10.67.200.133/25", "10.67.200", select={"matchLabels": {"a": "b"}})],
            "CiliumLoadBalancerIPPool theirs: it has 10.67.200.128-10.67.200.255, which the planned lb has: Cilium"
            " disables the younger of two such pools as a whole",
            id="host bits, which Cilium masks, beside a block that is none",
        ),
        pytest.param(
            [pool("theirs", "10.67.200.128/25", select={"matchLabels": {"a": "b"}}, disabled=True)],
            "CiliumLoadBalancerIPPool theirs: it has 10.67.200.128-10.67.200.255, which the planned lb has: Cilium"
            " disables the younger of two such pools as a whole",
            id="a disabled one takes part in conflicts",
        ),
        pytest.param(
            [pool("theirs", "10.68.0.0/24")],
            "CiliumLoadBalancerIPPool theirs: it serves media/plex, as the planned lb does: which of the two gives the"
            " address is not defined",
            id="a pool without a selector",
        ),
        pytest.param([pool("theirs", "10.68.0.0/24", disabled=True)], None, id="a disabled pool gives nothing"),
        pytest.param([pool("theirs", "2001:db8::/64")], None, id="a pool of the other family"),
        pytest.param(
            [pool("theirs", "10.68.0.0/24", select={"matchLabels": {"public": "true"}})],
            None,
            id="a pool of others' services",
        ),
        pytest.param(
            [item("CiliumL2AnnouncementPolicy", "theirs", loadBalancerIPs=True)],
            "CiliumL2AnnouncementPolicy theirs: it announces media/plex, which draw from planned pools, on L2 from n1, n2",
            id="an L2 policy without selectors",
        ),
        pytest.param(
            [item("CiliumL2AnnouncementPolicy", "theirs", externalIPs=True)], None, id="not of such addresses"
        ),
        pytest.param(
            [
                item(
                    "CiliumL2AnnouncementPolicy",
                    "theirs",
                    loadBalancerIPs=True,
                    nodeSelector={"matchLabels": {"no": "one"}},
                )
            ],
            None,
            id="an L2 policy of no node",
        ),
        pytest.param(
            [item("CiliumPodIPPool", "theirs", ipv4={"cidrs": ["10.20.3.0/24"]})],
            "CiliumPodIPPool theirs: it has 10.20.3.0-10.20.3.255, which the planned media has: pods would get it twice",
            id="a pod pool of shared addresses",
        ),
        pytest.param(
            [item("CiliumPodIPPool", "default", ipv4={"cidrs": ["10.20.3.0/24"]})], None, id="the operator's own"
        ),
    ],
)
def test_what_claims_of_others_are(live: list[Object], expected: str | None) -> None:
    assert problems(live) == ([expected] if expected else [])


def test_what_is_not_judged() -> None:
    ours = pool("left", "10.67.200.0/25")
    ours["metadata"]["labels"] = ownership_labels("home")
    assert problems([ours]) == []  # it left the plan: the run removes it
    assert problems([pool("lb", "10.67.200.0/24")]) == []  # of the same name: refused as what it is
    assert problems([pool("theirs", "10.67.200.0/24")], planned=[]) == []  # nothing is made or changed


RELABELED = {**NODES, "n2": {**LINUX, "rack": "a"}}
L2_PLANNED = item(
    "CiliumL2AnnouncementPolicy",
    "lb.lan",
    loadBalancerIPs=True,
    serviceSelector={"matchLabels": {POOL_LABEL: "lb"}},
    nodeSelector={"matchLabels": {"rack": "a"}},
)
OVERRIDE_N2 = item("CiliumBGPNodeConfigOverride", "n2", bgpInstances=[{"name": "as64513"}])


@pytest.mark.parametrize(
    ("theirs", "labels", "expected"),
    [
        pytest.param(
            OVERRIDE_N2,
            RELABELED,
            "it changes as64513 of the planned CiliumBGPClusterConfig rack-a on this node",
            id="an override of a node that joins",
        ),
        pytest.param(OVERRIDE_N2, NODES, None, id="of a node that does not"),
        pytest.param(
            item("CiliumL2AnnouncementPolicy", "theirs", loadBalancerIPs=True),
            RELABELED,
            "it announces media/plex, as the planned CiliumL2AnnouncementPolicy lb.lan does, on L2 from n2",
            id="an L2 policy of a node that ours comes to",
        ),
        pytest.param(
            item("CiliumL2AnnouncementPolicy", "theirs", loadBalancerIPs=True),
            NODES,
            None,
            id="of the same nodes as ever",
        ),
        pytest.param(
            item(
                "CiliumL2AnnouncementPolicy",
                "theirs",
                loadBalancerIPs=True,
                nodeSelector={"matchLabels": {"rack": "a"}},
            ),
            RELABELED,
            "it announces media/plex, which draw from planned pools, on L2 from n2",
            id="an L2 policy that comes to a node by our label",
        ),
        pytest.param(pool("theirs", "10.68.0.0/24"), RELABELED, None, id="a pool has no nodes"),
        pytest.param(pool("theirs", "10.67.200.0/25"), RELABELED, None, id="addresses that were shared before"),
    ],
)
def test_of_what_lives_as_planned_counts_what_labels_bring_together(
    theirs: Object, labels: dict[str, dict[str, str]], expected: str | None
) -> None:
    around = Surroundings(View(NODES, SERVICES), View(labels, SERVICES), "1.18.2")
    found = claims_of_others([*PLANNED, L2_PLANNED], [theirs], around, SITE, written=[])
    assert [error.problem.removeprefix("it was not made by this site, and ") for error in found] == (
        [expected] if expected else []
    )


def test_a_label_that_leaves_a_node_brings_together_too() -> None:
    claims = Claims("lb", "home", {"noted.labels": "true", "labels.n1": "rack"}, "kube-system")
    live = {"n1": {"labels": {**LINUX, "rack": "a", "own": "1"}, "owned": ["rack"]}}
    after = labels_afterwards({"n1": {}}, live, claims)
    assert after == {"n1": {**LINUX, "own": "1"}}
    assert labels_afterwards(None, live, claims) == {"n1": live["n1"]["labels"]}
    theirs = config("theirs", None)
    theirs["spec"]["nodeSelector"] = {"matchExpressions": [{"key": "rack", "operator": "DoesNotExist"}]}
    around = Surroundings(View({"n1": live["n1"]["labels"]}, {}), View(after, {}), "1.19.6")
    (error,) = claims_of_others([config("all", None)], [theirs], around, SITE, written=[])
    assert "it selects n1, as the planned all does" in str(error)


def test_an_object_of_another_site_is_one_of_others() -> None:
    theirs = config("theirs", None)
    theirs["metadata"]["labels"] = ownership_labels("elsewhere")
    assert len(problems([theirs])) == 1


def test_a_peering_policy_counts_for_nothing_from_1_19_on() -> None:
    assert problems([policy()], version="1.19.0") == []
    assert len(problems([policy()], version=None)) == 1


@pytest.mark.parametrize(
    ("consent", "refused"),
    [
        pytest.param([], True, id="none"),
        pytest.param(["CiliumLoadBalancerIPPool/theirs@3-0f1e2d3c"], False, id="this one as it lives"),
        pytest.param(["CiliumLoadBalancerIPPool/theirs@2-0f1e2d3c"], True, id="it was changed since"),
        pytest.param(["CiliumLoadBalancerIPPool/theirs@3-00000000"], True, id="it was deleted and made anew"),
        pytest.param(["CiliumPodIPPool/theirs@3-0f1e2d3c"], True, id="another kind"),
    ],
)
def test_consent_is_void_where_the_live_object_differs(consent: list[str], refused: bool) -> None:
    live = [pool("theirs", "10.67.200.0/24")]
    found = claims_of_others(PLANNED, live, surroundings("1.19.6"), SITE, consent)
    assert bool(found) is refused
    assert all("{objects: ['CiliumLoadBalancerIPPool/theirs@3-0f1e2d3c']}" in str(error) for error in found)


@pytest.mark.parametrize(
    ("live", "planned", "ends"),
    [
        pytest.param("1.18.2", "1.19.6", True, id="the upgrade ends it"),
        pytest.param("1.15.9", "1.19.6", True, id="from a version that nothing else is known of"),
        pytest.param("1.19.6", "1.20.2", False, id="it is dead already"),
    ],
)
def test_an_upgrade_ends_the_sessions_of_peering_policies(live: str, planned: str, ends: bool) -> None:
    found = ended_policies([policy({"rack": "b"})], NODES, live, planned, [])
    assert ["gives n2 the sessions" in str(error) for error in found] == ([True] if ends else [])
    assert ended_policies([policy()], NODES, live, planned, ["CiliumBGPPeeringPolicy/old-policy@3-0f1e2d3c"]) == []


def test_the_role_judges_by_the_labels_that_it_writes_itself() -> None:
    """A node that gets the label of its class by this run is selected by it, and a service by its planned pool."""
    planned = config("rack-c", "c")
    planned["metadata"]["labels"] = ownership_labels("home")
    kinds = {"CiliumBGPClusterConfig": {"versions": ["v2"], "fields": {"v2": None}}}
    state = {"kinds": kinds, "objects": [config("theirs", "b")], "services": [], "secrets": [], "namespaces": []}
    state.update(secrets_elsewhere=[], secrets_gone=[])
    nodes = {name: {"labels": labels, "owned": []} for name, labels in NODES.items()}
    options: dict[str, Any] = {
        "site": "home",
        "objects": [planned],
        "secrets_namespace": "kube-system",
        "services": [],
        "leaving_routers": [],
        "nodes": [],
        "labels_go": True,
        "forget": False,
    }
    options.update(take_over={}, cilium_version="1.19.6", serves_classless=True)
    claims = Claims("bgp", "home", {}, "kube-system")
    found = [
        part_changes("bgp", {**options, "node_labels": labels}, [], {**state, "nodes": nodes}, claims).errors
        for labels in ({"n1": {"rack": "c"}}, {"n2": {"rack": "c"}})
    ]
    assert [len(errors) for errors in found] == [0, 0]
    theirs = {**state, "objects": [config("theirs", None)], "nodes": nodes}
    refused = part_changes("bgp", {**options, "node_labels": {"n1": {"rack": "c"}}}, [], theirs, claims).errors
    assert ["it selects n1, as the planned rack-c does" in str(error) for error in refused] == [True]
