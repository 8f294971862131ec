# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role applies to and removes from a live cluster, and every reason why it must not."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.lb_ipam import LbIpam
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.secrets import (
    password_secrets,
    secrets_at_hand,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.selectors import selector_of
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster import changes as _changes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.address_refusals import given_by
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.as_it_lives import with_defaults
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.changes import Changes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.differences import difference
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.held_addresses import MayMove
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.live_objects import object_key
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.node_labels import (
    label_nodes,
    unlabel_nodes,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import Claims, making_key
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.parts import part_changes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.service_writes import service_writes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.writes import PartWrites
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import TakeOver
from ansible_collections.hybridnet.cluster_edge.tests.support.noted import (
    all_noted,
    other_than_planned,
    uid_of,
    way_out,
    with_uids,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import CLASS_LABEL

MANAGER = "hybridnet.cluster_edge"
OWNED = {"app.kubernetes.io/managed-by": MANAGER, "cluster-edge.hybridnet/site": "home"}
POOL = "CiliumLoadBalancerIPPool"
POOL_LABEL = "cluster-edge.hybridnet/pool"
FIELDS = {"spec": {"blocks": {"cidr": None, "start": None, "stop": None}, "disabled": None, "serviceSelector": None}}


def state(**changes: Any) -> dict[str, Any]:
    """Return a cluster that serves pools in both versions and has nothing else."""
    kinds = {POOL: {"versions": ["v2", "v2alpha1"], "fields": {"v2": FIELDS, "v2alpha1": FIELDS}}}
    empty = {"kinds": kinds, "objects": [], "nodes": {}, "namespaces": ["kube-system"], "services": [], "secrets": []}
    empty |= {"secrets_elsewhere": [], "secrets_gone": []}
    return {**empty, **changes}


def managed(manager: str, spec: dict[str, Any], operation: str = "Apply") -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": spec}}


def pool(name: str, *cidrs: str, labels: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    """Return a pool of ours that selects the services labeled with its name."""
    return {
        "apiVersion": "cilium.io/v2",
        "kind": POOL,
        "metadata": {"name": name, "labels": OWNED if labels is None else labels, **metadata},
        "spec": {
            "blocks": [{"cidr": cidr} for cidr in cidrs],
            "serviceSelector": {"matchLabels": {POOL_LABEL: name}},
        },
    }


def service(name: str, address: str, pool_name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "media", "labels": {POOL_LABEL: pool_name}},
        "spec": {"type": "LoadBalancer", **spec},
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    }


def bgp_changes(
    planned: Any, node_labels: Any, passwords: Any, namespace: str, found: dict[str, Any], site: str
) -> Changes:
    """Return the changes where the site made all that carries its labels."""
    found = with_uids(found)
    claims = all_noted("bgp", found, site)
    changes = _changes.bgp_changes(planned, passwords, namespace, found, claims)
    if node_labels is not None:
        label_nodes(changes, node_labels, found["nodes"], claims, labels_go=True)
    return changes


def lb_changes(planned: Any, may_move: Any, found: dict[str, Any], site: str, *lb_ipam: LbIpam) -> Changes:
    """Return the changes where the site made all that carries its labels."""
    found = with_uids(found)
    return _changes.lb_changes(planned, may_move, found, all_noted("lb", found, site), *lb_ipam)


def service_changes(items: Any, found: dict[str, Any], site: str) -> Changes:
    """Return the changes where the site made all that carries its labels."""
    found = with_uids(found)
    return _changes.service_changes(items, found, all_noted("services", found, site))


def texts(errors: list[EdgeError]) -> list[str]:
    return [str(error) for error in errors]


def test_pools_keep_the_planned_version_where_it_is_served() -> None:
    planned = {**pool("lb", "192.0.2.0/25"), "apiVersion": "cilium.io/v2alpha1"}
    assert lb_changes([planned], MayMove(), state(), "home").apply == [planned]


def test_pools_go_to_the_stored_version_else() -> None:
    kinds = {POOL: {"versions": ["v2alpha1"], "fields": {"v2alpha1": FIELDS}}}
    planned = [pool("lb", "192.0.2.0/25"), pool("other", "198.51.100.0/25")]
    changes = lb_changes(planned, MayMove(), state(kinds=kinds), "home")
    assert [item["apiVersion"] for item in changes.apply] == ["cilium.io/v2alpha1"] * 2
    assert [item["spec"] for item in changes.apply] == [item["spec"] for item in planned]
    assert changes.warnings == [
        "CiliumLoadBalancerIPPool: the cluster serves v2alpha1, not the planned v2 "
        "(compare edge_cilium_version with the Cilium that runs there)"
    ]


def test_what_is_applied_already_is_not_applied_again() -> None:
    item = pool("lb", "192.0.2.0/25")
    spec = {"f:blocks": {}, "f:serviceSelector": {}}
    labels = {f"f:{name}": {} for name in OWNED}
    fields = {"f:metadata": {"f:labels": labels}, "f:spec": spec}
    entry = {"manager": MANAGER, "operation": "Apply", "apiVersion": "cilium.io/v2", "fieldsV1": fields}
    live = pool("lb", "192.0.2.0/25", managedFields=[entry])
    assert lb_changes([item], MayMove(), state(objects=[live]), "home").apply == []
    other = pool("lb", "192.0.2.0/26")
    assert lb_changes([other], MayMove(), state(objects=[live]), "home").apply == [other]


def test_fields_that_would_be_lost() -> None:
    fields = {"spec": {"blocks": {"start": None, "stop": None}}}
    kinds = {POOL: {"versions": ["v2alpha1"], "fields": {"v2alpha1": fields}}}
    changes = lb_changes([pool("lb", "192.0.2.0/25")], MayMove(), state(kinds=kinds), "home")
    assert texts(changes.pruned) == [
        "CiliumLoadBalancerIPPool lb: the cluster's cilium.io/v2alpha1 does not know spec.blocks[].cidr, "
        "spec.serviceSelector (compare edge_cilium_version with the Cilium that runs there)"
    ]


def test_kinds_that_are_not_served() -> None:
    changes = lb_changes([pool("lb", "192.0.2.0/25")], MayMove(), state(kinds={}), "home")
    assert changes.apply == []
    assert changes.later == ["CiliumLoadBalancerIPPool lb"]
    assert texts(changes.absent) == [
        "CiliumLoadBalancerIPPool: the cluster does not serve this kind "
        "(Cilium's operator registers it: kubectl -n kube-system logs deployment/cilium-operator. It does so when it "
        "starts; where somebody deleted the definition since, start it anew: kubectl -n kube-system rollout restart "
        "deployment/cilium-operator)"
    ]


def test_removes_only_what_carries_both_labels() -> None:
    live = [
        pool("ours", "192.0.2.0/28"),
        pool("no-labels", "192.0.2.16/28", labels={}),
        pool("one-label", "192.0.2.32/28", labels={"app.kubernetes.io/managed-by": MANAGER}),
        pool("other-site", "192.0.2.48/28", labels={**OWNED, "cluster-edge.hybridnet/site": "other"}),
    ]
    assert lb_changes([], MayMove(), state(objects=live), "home").remove == [
        {"apiVersion": "cilium.io/v2", "kind": POOL, "metadata": {"name": "ours"}}
    ]


def disabled(*words: Any, **metadata: Any) -> dict[str, Any]:
    """Return a live pool that is disabled."""
    found = pool(*words, **metadata)
    return {**found, "spec": {**found["spec"], "disabled": True}}


@pytest.mark.parametrize(
    ("live", "error"),
    [
        pytest.param(
            pool("lb", "192.0.2.0/25", labels={}, managedFields=[managed("kubectl", {})]),
            "CiliumLoadBalancerIPPool lb: it exists already and this collection did not make it"
            f"; its field managers: kubectl ({way_out('lb')})",
            id="made by someone else",
        ),
        pytest.param(
            pool("lb", "192.0.2.0/26", labels={}, managedFields=[managed("kubectl", {})]),
            "CiliumLoadBalancerIPPool lb: it exists already and this collection did not make it"
            f"; its field managers: kubectl ({other_than_planned('spec.blocks')})",
            id="made by someone else, with other blocks: no command takes them",
        ),
        pytest.param(
            pool("lb", "192.0.2.0/25", labels={**OWNED, "cluster-edge.hybridnet/site": "other"}),
            "CiliumLoadBalancerIPPool lb: it belongs to the site other (give one of the two another name)",
            id="made for another site",
        ),
        pytest.param(
            disabled(
                "lb",
                "192.0.2.0/25",
                managedFields=[
                    managed(MANAGER, {"f:blocks": {}}),
                    managed("kubectl", {"f:blocks": {}, "f:disabled": {}}, "Update"),
                    {**managed("cilium-operator", {"f:x": {}}), "subresource": "status"},
                ],
            ),
            "CiliumLoadBalancerIPPool lb: the field manager kubectl holds spec.disabled, which would stay beside the plan "
            "(remove them there, or delete the object once so that it is made anew)",
            id="a field that someone else added",
        ),
        pytest.param(
            disabled(
                "lb",
                "192.0.2.0/25",
                managedFields=[managed(MANAGER, {"f:blocks": {}}), managed(MANAGER, {"f:disabled": {}}, "Update")],
            ),
            f"CiliumLoadBalancerIPPool lb: the field manager {MANAGER} holds spec.disabled, which would stay beside the plan "
            "(remove them there, or delete the object once so that it is made anew)",
            id="a field that someone else added in our name",
        ),
        pytest.param(
            disabled(
                "lb",
                "192.0.2.0/25",
                managedFields=[managed(name, {"f:blocks": {}, "f:disabled": {}}) for name in (MANAGER, "kustomize")],
            ),
            "CiliumLoadBalancerIPPool lb: the field manager kustomize holds spec.disabled, which would stay beside the plan "
            "(remove them there, or delete the object once so that it is made anew)",
            id="a field that we hold as well, and give up",
        ),
    ],
)
def test_refuses_to_take_over(live: dict[str, Any], error: str) -> None:
    assert texts(lb_changes([pool("lb", "192.0.2.0/25")], MayMove(), state(objects=[live]), "home").errors) == [error]


def test_another_spelling_that_somebody_owns_is_not_beside_the_plan() -> None:
    by_kubectl = managed("kubectl-create", {"f:blocks": {}, "f:serviceSelector": {}}, "Update")
    live = pool("lb", "192.0.2.0/25", managedFields=[managed(MANAGER, {"f:blocks": {}}), by_kubectl])
    planned = pool("lb", "192.0.2.0/25")
    planned["spec"] = {name: value for name, value in planned["spec"].items() if name != "serviceSelector"}
    errors = {}
    for name, selector in (("all", {}), ("some", {"matchLabels": {"p": "a"}})):
        live["spec"]["serviceSelector"] = selector
        errors[name] = texts(lb_changes([planned], MayMove(), state(objects=[live]), "home").errors)
    assert errors["all"] == []
    assert "holds spec.serviceSelector" in errors["some"][0]


@pytest.mark.parametrize(
    ("kind", "planned", "lives"),
    [
        pytest.param(POOL, {}, {"disabled": False}, id="a pool"),
        pytest.param(
            "CiliumBGPPeerConfig",
            {"timers": {"holdTimeSeconds": 9}},
            {
                "timers": {"holdTimeSeconds": 9, "connectRetryTimeSeconds": 120},
                "ebgpMultihop": 1,
                "gracefulRestart": {"enabled": False, "restartTimeSeconds": 120},
            },
            id="a peer config",
        ),
        pytest.param(
            "CiliumBGPClusterConfig",
            {"bgpInstances": [{"name": "i", "peers": [{"name": "p", "peerConfigRef": {"name": "k8s"}}]}]},
            {
                "bgpInstances": [
                    {
                        "name": "i",
                        "peers": [
                            {
                                "name": "p",
                                "peerConfigRef": {"group": "cilium.io", "kind": "CiliumBGPPeerConfig", "name": "k8s"},
                            }
                        ],
                    }
                ]
            },
            id="a cluster config",
        ),
    ],
)
def test_defaults_that_somebody_owns_are_not_beside_the_plan(
    kind: str, planned: dict[str, Any], lives: dict[str, Any]
) -> None:
    one = {"kind": kind, "metadata": {"name": "a"}, "spec": planned}
    live = {"kind": kind, "metadata": {"name": "a"}, "spec": lives}
    assert with_defaults(one, live)["spec"] == lives
    assert with_defaults(one, {**live, "spec": {}})["spec"] == planned


def test_a_pool_that_kubectl_made_is_as_planned_and_one_that_it_disabled_is_not() -> None:
    by_kubectl = [
        managed(MANAGER, {"f:blocks": {}}),
        managed("kubectl-create", {"f:blocks": {}, "f:disabled": {}}, "Update"),
    ]
    found = []
    for disabled in (False, True):
        live = pool("lb", "192.0.2.0/25", managedFields=by_kubectl)
        live["spec"]["disabled"] = disabled
        found.append(texts(lb_changes([pool("lb", "192.0.2.0/25")], MayMove(), state(objects=[live]), "home").errors))
    assert found[0] == []
    assert "the field manager kubectl-create holds spec.disabled" in found[1][0]


ENDING = {"deletionTimestamp": "2026-11-30T08:00:00Z", "finalizers": ["example.org/guard"]}
ENDS = "it was deleted at 2026-11-30T08:00:00Z, and there until its finalizers are done: example.org/guard"


def test_what_is_being_deleted_is_neither_as_planned_nor_gone() -> None:
    """It is as planned today, and goes as soon as somebody else is done."""
    found = state(objects=[pool("lb", "192.0.2.0/25", **ENDING), pool("old", "192.0.2.128/25", **ENDING)])
    changes = lb_changes([pool("lb", "192.0.2.0/25")], MayMove(), found, "home")
    assert [text.partition(" (")[0] for text in texts(changes.errors)] == [f"{POOL} lb: {ENDS}"]
    assert [text.partition(" (")[0] for text in changes.warnings] == [f"{POOL} old: {ENDS}"]
    assert changes.remove == []


@pytest.mark.parametrize(
    ("ending", "errors"),
    [
        pytest.param({}, [], id="there"),
        pytest.param(ENDING, [f"Secret kube-system/bgp-password-k8s: {ENDS}"], id="being deleted"),
    ],
)
def test_a_planned_secret_that_is_being_deleted_is_not_as_planned(ending: dict[str, Any], errors: list[str]) -> None:
    """When its finalizers are done the password is gone, and the sessions with it."""
    secret = {"name": "bgp-password-k8s", "namespace": "kube-system", "labels": OWNED, **ending}
    found = state(kinds=PEER_KINDS, secrets=[secret])
    changes = bgp_changes([PEER_CONFIG], {}, ["k8s"], "kube-system", found, "home")
    assert [text.partition(" (")[0] for text in texts(changes.errors)] == errors
    assert changes.remove == []


def test_a_service_that_is_being_deleted_is_told() -> None:
    live = live_service(OWNED, MANAGER)
    live["metadata"].update(ENDING)
    changes = service_changes([planned_service("service")], state(services=[live], namespaces=["media"]), "home")
    assert [text.partition(" (")[0] for text in texts(changes.faults)] == [f"Service media/web: {ENDS}"]
    assert changes.apply == []


def test_an_object_of_others_becomes_the_site_s_by_an_apply_in_its_name() -> None:
    """The way out that a refusal names, for a pool that Flux has made: nothing is deleted, no address goes."""
    planned = pool("lb", "192.0.2.0/25")
    made_by_flux = managed("kustomize-controller", {"f:blocks": {}})
    found = pool("lb", "192.0.2.0/25", managedFields=[made_by_flux], uid=uid_of("lb"))
    noted = {"noted.lb": "true"}

    def refused(live: dict[str, Any], data: dict[str, str]) -> list[str]:
        claims = Claims("lb", "home", data, "kube-system")
        return texts(_changes.lb_changes([planned], MayMove(), state(objects=[live]), claims).errors)

    because = "its UID is not in the ConfigMap kube-system/cluster-edge-home; its field managers: kustomize-controller"
    restored = "after a restore from a backup, which gives new UIDs, delete that ConfigMap"
    for data, is_noted in ((noted, True), ({}, False)):
        assert refused(found, data) == [
            f"{POOL} lb: it carries this site's labels, and the site did not make it: {because}"
            f" ({way_out('lb', is_noted)}; {restored})"
        ]
    applied = {
        **found,
        "metadata": {**found["metadata"], "managedFields": [managed(MANAGER, {"f:blocks": {}}), made_by_flux]},
    }
    assert refused(applied, {}) == []
    assert len(refused(applied, noted)) == 1


def test_fields_of_others_that_the_plan_has_are_fine() -> None:
    entry = {'k:{"name":"a"}': {".": {}, "f:name": {}}}
    live = pool("lb", "192.0.2.0/25", managedFields=[managed("kubectl", {"f:serviceSelector": {}, "f:list": entry})])
    planned = pool("lb", "192.0.2.0/25")
    planned["spec"]["list"] = [{"name": "a"}]
    kinds = {POOL: {"versions": ["v2"], "fields": {"v2": None}}}
    assert lb_changes([planned], MayMove(), state(objects=[live], kinds=kinds), "home").errors == []


@pytest.mark.parametrize(
    ("planned", "held", "moves"),
    [
        pytest.param([pool("lb", "192.0.2.0/25")], service("web", "192.0.2.5", "lb"), False, id="unchanged"),
        pytest.param([pool("lb", "192.0.2.0/29")], service("web", "192.0.2.5", "lb"), False, id="shrunk beside it"),
        pytest.param([pool("lb", "192.0.2.64/26")], service("web", "192.0.2.5", "lb"), True, id="shrunk"),
        pytest.param([], service("web", "192.0.2.5", "lb"), True, id="pool removed"),
        pytest.param([pool("renamed", "192.0.2.0/25")], service("web", "192.0.2.5", "lb"), True, id="pool renamed"),
        pytest.param([], service("web", "198.51.100.1", "lb"), False, id="an address of no pool of ours"),
        pytest.param(
            [],
            service("web", "192.0.2.5", "lb", loadBalancerClass="example.com/other"),
            False,
            id="a service of another class",
        ),
        pytest.param([], service("moving", "192.0.2.5", "lb"), False, id="a service that may move"),
        pytest.param(
            [{**pool("lb", "192.0.2.0/25"), "spec": {"blocks": [{"start": "192.0.2.5", "stop": "192.0.2.9"}]}}],
            service("web", "192.0.2.5", "elsewhere"),
            False,
            id="a pool without selector",
        ),
    ],
)
def test_addresses_that_services_hold(planned: list[dict[str, Any]], held: dict[str, Any], moves: bool) -> None:
    live = state(objects=[pool("lb", "192.0.2.0/25")], services=[held])
    error = (
        "CiliumLoadBalancerIPPool lb: the service media/web holds 192.0.2.5, which no planned pool gives it: "
        "Cilium would take it away (keep the address in its pool, or say so: edge_cluster_take_over:"
        " {services: ['media/web@192.0.2.5']} (of the role alone: cilium_net_lb_take_over))"
    )
    assert texts(lb_changes(planned, MayMove(frozenset({"media/moving"})), live, "home").errors) == (
        [error] if moves else []
    )


def test_special_keys_of_a_pool_selector() -> None:
    planned = pool("lb", "192.0.2.0/25")
    planned["spec"]["serviceSelector"] = {"matchLabels": {"io.kubernetes.service.namespace": "media"}}
    live = state(objects=[pool("lb", "192.0.2.0/25")], services=[service("web", "192.0.2.5", "other")])
    assert lb_changes([planned], MayMove(), live, "home").errors == []


def every(name: str, *cidrs: str, **spec: Any) -> dict[str, Any]:
    """Return a pool of ours without a selector."""
    found = pool(name, *cidrs)
    return {**found, "spec": {"blocks": found["spec"]["blocks"], **spec}}


def with_metadata(held: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {**held, "metadata": {**held["metadata"], **metadata}}


METALLB = with_metadata(
    service("front", "198.51.100.201", "none"), annotations={"metallb.io/ip-allocated-from-pool": "default"}
)
NO_POOL_YET = "and the cluster has no CiliumLoadBalancerIPPool yet: with the first one, Cilium takes the address away"
WAYS_OUT = (
    "(put the address in a pool that selects the service; or leave services without a class to others, with"
    " defaultLBServiceIPAM: none (Cilium 1.17 on), or say so: edge_cluster_take_over:"
    " {services: ['media/front@198.51.100.201']} (of the role alone: cilium_net_lb_take_over))"
)


@pytest.mark.parametrize(
    ("planned", "held", "lb_ipam", "error"),
    [
        pytest.param(
            [pool("production", "192.0.2.0/26")],
            METALLB,
            LbIpam(),
            f"Service media/front: it holds 198.51.100.201 (given by MetalLB), {NO_POOL_YET} and gives it none {WAYS_OUT}",
            id="a pool for other services takes it",
        ),
        pytest.param(
            [every("production", "192.0.2.0/26")],
            METALLB,
            LbIpam(),
            f"Service media/front: it holds 198.51.100.201 (given by MetalLB), {NO_POOL_YET} and gives it another one,"
            f" of production {WAYS_OUT}",
            id="a pool for all services gives it another one",
        ),
        pytest.param(
            [every("production", "198.51.100.0/24", disabled=True)],
            service("front", "198.51.100.201", "none"),
            LbIpam(),
            f"Service media/front: it holds 198.51.100.201, {NO_POOL_YET} and gives it none {WAYS_OUT}",
            id="a disabled pool does not take it over",
        ),
        pytest.param(
            [pool("production", "192.0.2.0/26")],
            service("front", "198.51.100.201", "none", loadBalancerClass="io.cilium/bgp-control-plane"),
            LbIpam(serves_classless=False),
            f"Service media/front: it holds 198.51.100.201, {NO_POOL_YET} and gives it none {WAYS_OUT}",
            id="a class of Cilium's",
        ),
        pytest.param([every("production", "198.51.100.0/24")], METALLB, LbIpam(), None, id="a pool takes it over"),
        pytest.param([], METALLB, LbIpam(), None, id="no pool"),
        pytest.param(
            [pool("production", "192.0.2.0/26")], METALLB, LbIpam(serves_classless=False), None, id="left to others"
        ),
        pytest.param(
            [pool("production", "192.0.2.0/26")],
            service("front", "198.51.100.201", "none", loadBalancerClass="metallb"),
            LbIpam(),
            None,
            id="a class of another's",
        ),
        pytest.param(
            [pool("production", "192.0.2.0/26")],
            with_metadata(METALLB, name="moving"),
            LbIpam(),
            None,
            id="a service that may move",
        ),
        pytest.param(
            [pool("production", "192.0.2.0/26")],
            {**METALLB, "status": {"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}}},
            LbIpam(),
            "Service media/front: it holds lb.example.com (given by MetalLB), and the cluster has no CiliumLoadBalancerIPPool"
            " yet: with the first one, Cilium takes that away: it keeps addresses alone, as Go reads them (make the service"
            " anew with the loadBalancerClass of whoever gave it; or leave services without a class to others, with"
            " defaultLBServiceIPAM: none (Cilium 1.17 on), or say so: edge_cluster_take_over: {services:"
            " ['media/front@lb.example.com']} (of the role alone: cilium_net_lb_take_over))",
            id="a name in place of an address",
        ),
    ],
)
def test_the_first_pool_takes_addresses_that_others_gave(
    planned: list[dict[str, Any]], held: dict[str, Any], lb_ipam: LbIpam, error: str | None
) -> None:
    found = lb_changes(planned, MayMove(frozenset({"media/moving"})), state(services=[held]), "home", lb_ipam)
    assert texts(found.errors) == ([error] if error else [])


def test_a_pool_of_others_has_taken_its_addresses_before() -> None:
    live = state(objects=[pool("theirs", "203.0.113.0/24", labels={})], services=[METALLB])
    assert lb_changes([pool("production", "192.0.2.0/26")], MayMove(), live, "home").errors == []


def test_a_pool_of_others_that_nobody_can_count_on() -> None:
    theirs = {**pool("theirs", labels={}), "spec": {"blocks": [{"stop": "203.0.113.9"}]}}
    live = state(objects=[theirs, pool("lb", "192.0.2.0/25")], services=[service("web", "192.0.2.5", "lb")])
    assert lb_changes([pool("lb", "192.0.2.0/25")], MayMove(), live, "home").errors == []


@pytest.mark.parametrize(
    ("said", "moves"),
    [
        pytest.param("media/web@192.0.2.5", True, id="this address of this service"),
        pytest.param("media/web@192.0.2.6", False, id="the service holds another address by now"),
        pytest.param("media/web2@192.0.2.5", False, id="another service"),
    ],
)
def test_consent_names_the_service_and_the_address_that_it_holds(said: str, moves: bool) -> None:
    live = state(objects=[pool("lb", "192.0.2.0/25")], services=[service("web", "192.0.2.5", "lb")])
    consent = MayMove(take_over=TakeOver(services=(said,)))
    assert (lb_changes([], consent, live, "home").errors == []) is moves


STAYS = {"namespace": "media", "name": "web", "manage": "values", "labels": {}, "annotations": {}}
HOLDS_NONE = {**service("waits", "", "lb"), "status": {}}


@pytest.mark.parametrize(
    ("changes", "planned", "refused"),
    [
        pytest.param({}, [], False, id="it leaves too"),
        pytest.param({}, None, True, id="nobody says what leaves"),
        pytest.param({}, [STAYS], True, id="it stays"),
        pytest.param({"labels": {POOL_LABEL: "lb"}}, [], True, id="of others"),
    ],
)
def test_a_service_that_leaves_with_its_pool_keeps_none(
    changes: dict[str, Any], planned: list[dict[str, Any]] | None, refused: bool
) -> None:
    held = with_metadata(service("web", "192.0.2.5", "lb"), **{"labels": {**OWNED, POOL_LABEL: "lb"}, **changes})
    found = with_uids(state(objects=[pool("lb", "192.0.2.0/25")], services=[held]))
    claims = all_noted("lb", found, "home")
    made = {uid_of("Service media/web"): "Service media/web"} if claims.made(found["services"][0]) else {}
    found = {**found, "config_map": {"noted.lb": "true", **made}}
    writes = service_writes(planned, found, claims)
    errors = _changes.lb_changes([], MayMove(), found, claims, writes=writes).errors
    assert [error.path for error in errors] == (["CiliumLoadBalancerIPPool lb"] if refused else [])


@pytest.mark.parametrize(
    ("note", "by", "refused"),
    [
        pytest.param("making", MANAGER, False, id="a run was cut off in the middle of making it"),
        pytest.param("making", "kubectl", True, id="somebody else made it meanwhile"),
        pytest.param("noted", MANAGER, True, id="nothing says that this site made it"),
        pytest.param("", MANAGER, True, id="nothing was noted yet: the next run removes it"),
    ],
)
def test_a_service_leaves_where_the_services_part_removes_it(note: str, by: str, refused: bool) -> None:
    name = "Service media/web"
    noted = {
        "making": {"noted.services": "true", making_key("services", name): name},
        "noted": {"noted.services": "true"},
    }
    fields = {"managedFields": [managed(by, {"f:ports": {}})], "labels": {**OWNED, POOL_LABEL: "lb"}}
    held = with_metadata(service("web", "192.0.2.5", "lb"), **fields)
    found = with_uids(state(objects=[pool("lb", "192.0.2.0/25")], services=[held]))
    pool_of_ours = {uid_of("CiliumLoadBalancerIPPool lb"): "CiliumLoadBalancerIPPool lb"}
    found = {**found, "config_map": {"noted.lb": "true", **pool_of_ours, **noted.get(note, {})}}
    claims = Claims("lb", "home", found["config_map"], "kube-system")
    writes = service_writes([], found, claims)
    errors = _changes.lb_changes([], MayMove(), found, claims, writes=writes).errors
    assert [error.path for error in errors] == (["CiliumLoadBalancerIPPool lb"] if refused else [])


@pytest.mark.parametrize(
    ("version", "planned", "services", "refused"),
    [
        pytest.param("1.19.6", "192.0.2.0/29", [HOLDS_NONE], ["media/web"], id="shrunk while one waits for an address"),
        pytest.param("1.20.0", "192.0.2.0/29", [HOLDS_NONE], [], id="mended"),
        pytest.param("1.19.6", "192.0.2.0/29", [], [], id="all keep their addresses"),
        pytest.param("1.19.6", "192.0.2.0/24", [HOLDS_NONE], [], id="widened"),
        pytest.param(
            "1.19.6",
            "192.0.2.0/29",
            [service("moving", "192.0.2.99", "lb")],
            ["media/web"],
            id="one that may lose its address takes another one's",
        ),
    ],
)
def test_a_pool_that_shrinks_may_give_an_address_to_who_lacks_one(
    version: str, planned: str, services: list[dict[str, Any]], refused: list[str]
) -> None:
    """cilium/cilium#41458: the service without an address is served before those that hold one."""
    live = state(objects=[pool("lb", "192.0.2.0/25")], services=[service("web", "192.0.2.5", "lb"), *services])
    may_move = MayMove(frozenset({"media/moving"}))
    errors = lb_changes([pool("lb", planned)], may_move, live, "home", LbIpam(version)).errors
    assert [error.problem.split()[2] for error in errors] == refused
    assert all("(mended in 1.20)" in error.problem for error in errors)


@pytest.mark.parametrize(
    ("planned", "held", "version", "moves"),
    [
        pytest.param("192.0.2.0/24", service("web", "192.0.2.5", "lb"), "1.17.4", True, id="widened"),
        pytest.param("192.0.2.0/29", service("web", "192.0.2.5", "lb"), "1.18.1", True, id="shrunk beside it"),
        pytest.param("192.0.2.0/24", service("web", "192.0.2.5", "lb"), "1.18.2", False, id="mended"),
        pytest.param("192.0.2.0/24", service("web", "192.0.2.5", "lb"), None, False, id="version not told"),
        pytest.param("192.0.2.0/25", service("web", "192.0.2.5", "lb"), "1.17.4", False, id="unchanged"),
        pytest.param(
            "192.0.2.0/24",
            with_metadata(
                service("web", "192.0.2.5", "lb"),
                labels={POOL_LABEL: "lb"},
                annotations={"lbipam.cilium.io/ips": "2001:db8::5, 192.0.2.5"},
            ),
            "1.17.4",
            False,
            id="asked for by annotation",
        ),
        pytest.param(
            "192.0.2.0/24",
            with_metadata(service("web", "192.0.2.5", "lb"), annotations={"io.cilium/lb-ipam-ips": "192.0.2.5"}),
            "1.17.4",
            False,
            id="asked for by the older annotation",
        ),
        pytest.param(
            "192.0.2.0/24",
            service("web", "192.0.2.5", "lb", loadBalancerIP="192.0.2.5"),
            "1.17.4",
            False,
            id="asked for in its spec",
        ),
    ],
)
def test_a_changed_pool_moves_services_before_cilium_1_18_2(
    planned: str, held: dict[str, Any], version: str | None, moves: bool
) -> None:
    live = state(objects=[pool("lb", "192.0.2.0/25")], services=[held])
    error = (
        f"CiliumLoadBalancerIPPool lb: the service media/web holds 192.0.2.5 without asking for it, and Cilium {version} may"
        " give it another one when the pool changes (mended in 1.18.2) (annotate it with lbipam.cilium.io/ips: 192.0.2.5"
        " first, update Cilium, or say so: edge_cluster_take_over: {services: ['media/web@192.0.2.5']}"
        " (of the role alone: cilium_net_lb_take_over))"
    )
    found = lb_changes([pool("lb", planned)], MayMove(), live, "home", LbIpam(version))
    assert texts(found.errors) == ([error] if moves else [])


@pytest.mark.parametrize(
    ("metadata", "controller"),
    [
        pytest.param({"annotations": {"metallb.universe.tf/address-pool": "a"}}, "MetalLB", id="older MetalLB"),
        pytest.param({"annotations": {"kube-vip.io/loadbalancerIPs": "192.0.2.5"}}, "kube-vip", id="kube-vip"),
        pytest.param({"annotations": {"svccontroller.k3s.cattle.io/lbpool": "a"}}, "servicelb of k3s", id="servicelb"),
        pytest.param(
            {
                "finalizers": ["service.kubernetes.io/load-balancer-cleanup"],
                "managedFields": [
                    {"manager": "kubectl", "fieldsV1": {"f:spec": {}}},
                    {"manager": "cloud-controller-manager", "fieldsV1": {"f:status": {"f:loadBalancer": {}}}},
                ],
            },
            "the field manager cloud-controller-manager",
            id="a cloud",
        ),
        pytest.param(
            {"managedFields": [{"fieldsV1": {"f:status": {"f:loadBalancer": {}}}}]},
            "the field manager without a name",
            id="no name",
        ),
        pytest.param({"annotations": {"example.com/metallb.io/": ""}}, None, id="no trace"),
    ],
)
def test_who_gave_an_address(metadata: dict[str, Any], controller: str | None) -> None:
    assert given_by(with_metadata(service("web", "192.0.2.5", "lb"), **metadata)) == controller


def bgp(labels: dict[str, dict[str, str]], nodes: dict[str, Any]) -> Any:
    return bgp_changes([], labels, [], "kube-system", state(nodes=nodes), "home")


def test_node_labels() -> None:
    nodes = {
        "same": {"labels": {}, "owned": []},
        "labelled": {"labels": {}, "owned": []},
        "emptied": {"labels": {"old": "1"}, "owned": ["old"]},
        "left": {"labels": {"old": "1"}, "owned": ["old"]},
        "foreign": {"labels": {"a": "b"}, "owned": []},
        "done": {"labels": {"a": "1", "theirs": "x"}, "owned": ["a"]},
        "changed": {"labels": {"a": "2"}, "owned": ["a"]},
        "theirs too": {"labels": {"a": "1"}, "owned": []},
    }
    changes = bgp(
        {
            "same": {},
            "labelled": {"b": "1", "a": "2"},
            "emptied": {},
            "absent": {"a": "1"},
            "unlabelled": {},
            **{name: {"a": "1"} for name in ("done", "changed", "theirs too")},
        },
        nodes,
    )
    assert [
        [(item["metadata"]["name"], item["metadata"]["labels"]) for item in items]
        for items in (changes.apply, changes.relabel, changes.unlabel)
    ] == [
        [("labelled", {"a": "2", "b": "1"}), ("theirs too", {"a": "1"})],
        [("changed", {"a": "1"})],
        [("emptied", {}), ("left", {})],
    ]
    assert changes.later == ["Node absent"]
    assert texts(changes.absent) == [
        "Node absent: it is not in the cluster (let it join, or take the host out of edge_nodes)"
    ]


LABELLED = {
    "n1": {"labels": {"theirs": "x", "ours": "1", "old": "2"}, "owned": ["old", "ours", "theirs"]},
    "n2": {"labels": {"theirs": "x"}, "owned": ["theirs"]},
    "n3": {"labels": {"theirs": "x", "old": "2"}, "owned": ["old", "theirs"]},
}
WANTED = {"n1": {"ours": "1"}, "n2": {"ours": "1"}}


def labelled(noted: dict[str, str], wanted: dict[str, dict[str, str]] | None = None) -> tuple[Changes, Claims]:
    claims = Claims("bgp", "home", noted, "kube-system")
    changes = Changes()
    label_nodes(changes, WANTED if wanted is None else wanted, LABELLED, claims, labels_go=True)
    return changes, claims


def labels_of(changes: Changes) -> dict[str, dict[str, str]]:
    """Return what labels of ours each node has at last."""
    return {item["metadata"]["name"]: item["metadata"]["labels"] for item in changes.applied if item["kind"] == "Node"}


def cluster_config(name: str, selector: dict[str, Any] | None) -> dict[str, Any]:
    """Return a CiliumBGPClusterConfig of ours, as planned."""
    metadata = {"name": name, "labels": OWNED}
    spec = {"nodeSelector": {"matchLabels": selector}} if selector else {}
    return {"apiVersion": "cilium.io/v2", "kind": CONFIG, "metadata": metadata, "spec": {"bgpInstances": [], **spec}}


def l2_policy(name: str, selector: dict[str, Any] | None) -> dict[str, Any]:
    """Return a CiliumL2AnnouncementPolicy of ours, as planned."""
    spec = {"nodeSelector": {"matchLabels": selector}} if selector else {}
    metadata = {"name": name, "labels": OWNED}
    return {"apiVersion": "cilium.io/v2alpha1", "kind": L2, "metadata": metadata, "spec": {"interfaces": [], **spec}}


CONFIG, L2 = "CiliumBGPClusterConfig", "CiliumL2AnnouncementPolicy"
BY_CLASS = {CLASS_LABEL: "all"}


@pytest.mark.parametrize(
    ("before", "after", "labels", "wanted"),
    [
        pytest.param(
            [cluster_config("all", BY_CLASS)],
            [cluster_config("all", None)],
            {"n1": BY_CLASS, "n2": BY_CLASS, "n3": {}},
            {"n1": {}, "n2": {}, "n3": {}},
            id="from a label to all nodes: a drained node comes back",
        ),
        pytest.param(
            [cluster_config("all", None)],
            [cluster_config("all", BY_CLASS)],
            {"n1": {}, "n2": {}, "n3": {}},
            {"n1": BY_CLASS, "n2": BY_CLASS, "n3": {}},
            id="from all nodes to a label: a node is drained",
        ),
        pytest.param(
            [cluster_config("all", BY_CLASS)],
            [cluster_config("all", {"edge": "true"})],
            {"n1": {**BY_CLASS, "edge": "true"}, "n2": {**BY_CLASS, "edge": "true"}, "n3": {}},
            {"n1": {"edge": "true"}, "n2": {"edge": "true"}, "n3": {}},
            id="from a label to a selector",
        ),
        pytest.param(
            [cluster_config("all", BY_CLASS)],
            [cluster_config("edge", {CLASS_LABEL: "edge"})],
            {"n1": BY_CLASS, "n2": BY_CLASS},
            {"n1": {CLASS_LABEL: "edge"}, "n2": {CLASS_LABEL: "edge"}},
            id="to another class",
        ),
        pytest.param(
            [cluster_config("all", {"edge": "true"})],
            [cluster_config("all", {"edge": "true"})],
            {"n1": {"edge": "true"}, "n2": {}},
            {"n1": {}, "n2": {"edge": "true"}},
            id="a label moves to another node",
        ),
    ],
)
def test_no_step_leaves_a_node_unselected_that_is_selected_before_and_after(
    before: list[Any], after: list[Any], labels: dict[str, dict[str, str]], wanted: dict[str, dict[str, str]]
) -> None:
    """Cilium ends sessions and L2 leases of nodes that nothing selects. Also: some node is selected in each step.

    Both parts of a run are played, each with what the one before has left. L2 policies select as cluster configs do.
    """
    versions = {"versions": ["v2", "v2alpha1"], "fields": {"v2": None, "v2alpha1": None}}
    have, live = copy.deepcopy(labels), {}
    # No L2 policy selects by class, and none that keeps its name could follow another value of a key without a gap.
    classes = {own[CLASS_LABEL] for own in (*labels.values(), *wanted.values()) if CLASS_LABEL in own}
    planned = {CONFIG: after, L2: policies_like(after) if len(classes) < 2 else []}
    for item in [*before, *(policies_like(before) if planned[L2] else [])]:
        live[object_key(item)] = item

    def selected() -> dict[str, set[str]]:
        selectors = [(item["kind"], selector_of(item["spec"].get("nodeSelector") or {})) for item in live.values()]
        return {
            kind: {name for name, own in have.items() if any(by.matches(own) for of, by in selectors if of == kind)}
            for kind in planned
        }

    seen = [selected()]
    for part in ("bgp", "lb"):
        kinds = {CONFIG: versions, L2: versions}
        nodes = {name: {"labels": dict(own), "owned": sorted(own)} for name, own in have.items()}
        found = with_uids(state(objects=copy.deepcopy(list(live.values())), nodes=nodes, kinds=kinds))
        claims = all_noted(part, found)
        if part == "bgp":
            changes = _changes.bgp_changes(planned[CONFIG], [], "kube-system", found, claims)
            label_nodes(changes, wanted, nodes, claims, labels_go=False)
        else:
            changes = _changes.lb_changes(planned[L2], MayMove(), found, claims)
            unlabel_nodes(changes, wanted, nodes, claims)
        assert changes.errors == []
        removals = [("remove", item) for item in changes.remove]
        for step in [*changes.apply, *changes.relabel, *removals, *changes.unlabel]:
            if isinstance(step, tuple):
                del live[object_key(step[1])]
            elif step["kind"] == "Node":
                have[step["metadata"]["name"]] = step["metadata"]["labels"]
            else:
                live[object_key(step)] = step
            seen.append(selected())
    names = [(item["kind"], item["metadata"]["name"]) for kind in planned for item in planned[kind]]
    assert (have, sorted((item["kind"], item["metadata"]["name"]) for item in live.values())) == (wanted, sorted(names))
    for kind in planned:
        assert all(step[kind] >= seen[0][kind] & seen[-1][kind] and step[kind] for step in seen if planned[kind])


def policies_like(configs: list[Any]) -> list[Any]:
    """Return L2 policies that select as cluster configs do."""
    return [
        l2_policy(item["metadata"]["name"], (item["spec"].get("nodeSelector") or {}).get("matchLabels"))
        for item in configs
    ]


def test_two_sites_leave_each_other_s_node_labels() -> None:
    """Both write as one field manager; what one has set is told by its note alone."""
    marks = {"noted.bgp": "true", "noted.labels": "true"}
    changes, claims = labelled({**marks, "labels.n1": "old ours", "labels.n3": "old", "labels.gone": "old"})
    assert labels_of(changes) == {
        "n1": {"ours": "1", "theirs": "x"},
        "n2": {"ours": "1", "theirs": "x"},
        "n3": {"theirs": "x"},
    }
    assert claims.delta == {"labels.n1": "ours", "labels.n2": "ours", "labels.n3": None, "labels.gone": None}
    assert changes.warnings == []


@pytest.mark.parametrize(
    "noted",
    [
        pytest.param({}, id="the site's first run"),
        pytest.param({"noted.bgp": "true", "nodes": "n1 n2"}, id="labels were not noted before"),
    ],
)
def test_labels_that_nobody_noted_are_left_and_told_once(noted: dict[str, str]) -> None:
    changes, claims = labelled(noted)
    assert labels_of(changes) == {"n2": {"ours": "1", "theirs": "x"}}
    (told,) = changes.warnings
    assert f"{MANAGER} has set, and that this site has not noted (n1: old, theirs; n2: theirs; n3: old, theirs)" in told
    assert claims.delta.pop("noted.labels") == "true"
    again, _claims = labelled({**noted, "noted.bgp": "true", "noted.labels": "true"})
    assert (labels_of(again), again.warnings) == (labels_of(changes), [])


def test_labels_that_go_with_the_second_part_are_noted_until_then() -> None:
    """A run that is cut off between the two parts: the next one knows what is to go."""
    marks = {"noted.bgp": "true", "noted.lb": "true", "noted.labels": "true"}
    noted = {**marks, "labels.n1": "old", "labels.n3": "old", "labels.gone": "old"}
    claims = Claims("bgp", "home", noted, "kube-system")
    changes = Changes()
    label_nodes(changes, WANTED, LABELLED, claims, labels_go=False)
    assert labels_of(changes) == {"n2": {"ours": "1", "theirs": "x"}}
    assert claims.delta == {"labels.n1": "old ours", "labels.n2": "ours", "labels.gone": None}
    then = {**marks, "labels.n1": "old ours", "labels.n2": "ours", "labels.n3": "old"}
    nodes = {**LABELLED, "n2": {"labels": {"theirs": "x", "ours": "1"}, "owned": ["ours", "theirs"]}}
    claims = Claims("lb", "home", then, "kube-system")
    changes = Changes()
    unlabel_nodes(changes, WANTED, nodes, claims)
    assert (changes.apply, changes.relabel) == ([], [])
    assert labels_of(changes) == {"n1": {"ours": "1", "theirs": "x"}, "n3": {"theirs": "x"}}
    assert claims.delta == {"labels.n1": "ours", "labels.n3": None}


def test_the_second_part_sets_no_label() -> None:
    """Nodes of the plan may have none of theirs yet: only the first part was left out."""
    claims = Claims("lb", "home", {"noted.lb": "true", "noted.labels": "true", "labels.n3": "old"}, "kube-system")
    wanted = {**WANTED, "n3": {"ours": "1"}}
    changes = Changes()
    unlabel_nodes(changes, wanted, LABELLED, claims)
    assert labels_of(changes) == {"n3": {"theirs": "x"}}


def test_labels_are_noted_before_they_are_written() -> None:
    """A run that is cut off in between: what it set or was to take back is this site's still."""
    marks = {"noted.bgp": "true", "noted.labels": "true"}
    changes, claims = labelled({**marks, "labels.n1": "old", "labels.n3": "old"})
    writes = PartWrites("bgp", changes, [], {**state(nodes=LABELLED), "config_map": marks}, claims)
    assert writes.before == {"labels.n1": "old ours", "labels.n2": "ours"}
    assert writes.after([], [], forget=False) == {"labels.n1": "ours", "labels.n2": "ours", "labels.n3": None}


def test_a_cluster_that_left_is_not_noted_anew() -> None:
    changes, claims = labelled({}, {})
    writes = PartWrites("bgp", changes, [], {**state(nodes=LABELLED), "config_map": {}}, claims)
    assert (writes.before, writes.after([], [], forget=True), changes.warnings) == ({}, {}, [])


@pytest.mark.parametrize(
    ("noted", "live", "refused"),
    [
        pytest.param("n3 n4", ["n1", "n3"], True, id="none of them is planned, and one lives"),
        pytest.param("n3 n4", ["n1"], False, id="they have left the cluster"),
        pytest.param("n1 n3", ["n1", "n3"], False, id="one is planned still"),
        pytest.param("", ["n1", "n3"], False, id="nothing is noted"),
    ],
)
def test_an_inventory_of_the_same_site_name_removes_nothing_of_another(
    noted: str, live: list[str], refused: bool
) -> None:
    """Whether it writes labels of nodes or not."""
    nodes = {name: {"labels": {}, "owned": []} for name in live}
    options: dict[str, Any] = {
        "objects": [],
        "nodes": ["n1", "n2"],
        "node_labels": None,
        "labels_go": True,
        "forget": False,
    }
    options.update(services=[], take_over={}, cilium_version="1.19.6", serves_classless=True, leaving_routers=[])
    options["secrets_namespace"] = "kube-system"
    for forget in (False, True):
        claims = Claims("bgp", "home", {"noted.bgp": "true", **({"nodes": noted} if noted else {})}, "kube-system")
        changes = part_changes("bgp", {**options, "forget": forget}, (), state(nodes=nodes), claims)
        found = ["has provisioned the site in this cluster" in text for text in texts(changes.errors)]
        assert found == [True][:refused]
        assert claims.delta == ({} if forget else {"nodes": "n1 n2"})


@pytest.mark.parametrize("there", [True, False])
def test_a_secret_stays_where_agents_may_read_it(there: bool) -> None:
    """bgpControlPlane.secretsNamespace.name was changed, and who rolls that out is not known here."""
    name = "Secret old/bgp-password-k8s"
    claims = Claims("bgp", "home", {"noted.bgp": "true", uid_of("old"): name}, "kube-system")
    seen = {"secrets_elsewhere": [name] if there else [], "secrets_gone": [] if there else [name]}
    changes = _changes.bgp_changes([], [], "kube-system", state(**seen), claims)
    assert (
        changes.warnings
        == [
            f"{name}: this site made it, and Cilium is to read passwords in another namespace now; it was left (once no agent"
            " reads it: kubectl -n old delete secret bgp-password-k8s)"
        ][: int(there)]
    )
    assert (changes.remove, claims.delta) == ([], {} if there else {uid_of("old"): None})


def test_node_labels_that_are_not_ours_are_neither_written_nor_removed() -> None:
    nodes = {"n1": {"labels": {"a": "b"}, "owned": ["a"]}}
    assert bgp_changes([], None, [], "kube-system", state(nodes=nodes), "home").apply == []


PEER_CONFIG = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumBGPPeerConfig",
    "metadata": {"name": "k8s", "labels": OWNED},
    "spec": {"authSecretRef": "bgp-password-k8s"},
}
PEER_KINDS = {"CiliumBGPPeerConfig": {"versions": ["v2"], "fields": {"v2": None}}}


@pytest.mark.parametrize(
    ("passwords", "namespace", "errors", "absent"),
    [
        pytest.param(["k8s"], "kube-system", [], [], id="given"),
        pytest.param(
            ["other"],
            "kube-system",
            [
                "CiliumBGPPeerConfig k8s: it refers to the Secret bgp-password-k8s, but no password was given for it "
                "(add k8s to edge_bgp_passwords)"
            ],
            [],
            id="missing",
        ),
        pytest.param(
            ["k8s"],
            "bgp",
            [],
            [
                "bgpControlPlane.secretsNamespace.name: the namespace bgp does not exist "
                "(create it, or let the chart do it: bgpControlPlane.secretsNamespace.create)"
            ],
            id="namespace missing",
        ),
    ],
)
def test_passwords(passwords: list[str], namespace: str, errors: list[str], absent: list[str]) -> None:
    changes = bgp_changes([PEER_CONFIG], {}, passwords, namespace, state(kinds=PEER_KINDS), "home")
    assert (texts(changes.errors), texts(changes.absent)) == (errors, absent)


def test_stale_secrets_are_removed() -> None:
    secrets = [
        {"name": "bgp-password-k8s", "namespace": "kube-system", "labels": OWNED},
        {"name": "bgp-password-old", "namespace": "kube-system", "labels": OWNED},
        {"name": "other", "namespace": "kube-system", "labels": {}},
    ]
    changes = bgp_changes([PEER_CONFIG], {}, ["k8s"], "kube-system", state(kinds=PEER_KINDS, secrets=secrets), "home")
    assert changes.remove == [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bgp-password-old", "namespace": "kube-system"}}
    ]


def test_password_secrets() -> None:
    (secret,) = password_secrets([PEER_CONFIG, PEER_CONFIG], {"k8s": "pässword", "unused": "x"}, "kube-system", "home")
    assert secret["metadata"] == {"name": "bgp-password-k8s", "namespace": "kube-system", "labels": OWNED}
    assert secret["data"] == {"password": "cMOkc3N3b3Jk"}


def test_a_password_that_is_not_given_has_no_secret() -> None:
    assert secrets_at_hand([PEER_CONFIG], {"other": "x"}, "kube-system", "home") == []
    assert len(secrets_at_hand([PEER_CONFIG], {"k8s": "x"}, "kube-system", "home")) == 1
    with pytest.raises(EdgeError, match=r"edge_bgp_passwords\.k8s: it is not a text, or empty"):
        secrets_at_hand([PEER_CONFIG], {"k8s": 5}, "kube-system", "home")


@pytest.mark.parametrize("value", [None, "", 12345, ["secret"]])
def test_a_bad_password_is_not_shown(value: Any) -> None:
    with pytest.raises(EdgeError) as caught:
        password_secrets([PEER_CONFIG], {"k8s": value}, "kube-system", "home")
    assert str(caught.value) == "edge_bgp_passwords.k8s: it is not a text, or empty"


def planned_service(manage: str) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "media", "labels": {**OWNED, POOL_LABEL: "lb"}}
    whole = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"type": "LoadBalancer"}}
    return {
        "namespace": "media",
        "name": "web",
        "manage": manage,
        "object": whole if manage == "service" else None,
        "labels": {POOL_LABEL: "lb"},
        "annotations": {},
    }


def live_service(labels: dict[str, str] | None = None, *managers: str) -> dict[str, Any]:
    found = service("web", "192.0.2.5", "lb")
    found["metadata"].update(labels=labels or {}, managedFields=[managed(name, {}) for name in managers])
    return found


@pytest.mark.parametrize(
    ("manage", "live", "applied", "errors", "warnings"),
    [
        pytest.param("service", [], ["Service"], [], [], id="made by us, new"),
        pytest.param("service", [live_service(OWNED, MANAGER)], ["Service"], [], [], id="made by us, there"),
        pytest.param("metadata", [live_service({}, "helm")], ["metadata"], [], [], id="labelled"),
        pytest.param(
            "metadata", [], [], [], ["edge_services.media/web: the Service is not there yet"], id="labelled, not there"
        ),
        pytest.param(
            "metadata",
            [live_service(OWNED, MANAGER)],
            [],
            [
                "edge_services.media/web: this collection made the Service, so manage: metadata would take its ports away "
                "(keep manage: service, or delete the Service once)"
            ],
            [],
            id="labelled, but ours",
        ),
        pytest.param("values", [live_service({}, "helm")], [], [], [], id="its chart's"),
        pytest.param(
            "values", [], [], [], ["edge_services.media/web: the Service is not there yet"], id="its chart's, not there"
        ),
    ],
)
def test_services(
    manage: str, live: list[dict[str, Any]], applied: list[str], errors: list[str], warnings: list[str]
) -> None:
    forms = {
        "Service": planned_service("service")["object"],
        "metadata": {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": "media", "labels": {POOL_LABEL: "lb"}},
        },
    }
    changes = service_changes([planned_service(manage)], state(services=live, namespaces=["media"]), "home")
    assert changes.apply == [forms[name] for name in applied]
    assert (texts(changes.errors), changes.warnings, changes.remove) == (errors, warnings, [])


def test_a_service_without_its_namespace() -> None:
    changes = service_changes([planned_service("service")], state(), "home")
    assert (changes.apply, changes.later) == ([], ["Service media/web"])
    assert texts(changes.absent) == [
        "edge_services.media/web: the namespace media does not exist "
        "(create it first; this collection never makes namespaces)"
    ]


def test_services_that_left_the_plan() -> None:
    found = state(services=[live_service(OWNED, MANAGER)], namespaces=["media"])
    assert service_changes([], found, "home").remove == [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "media"}}
    ]


ONE_POOL = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumLoadBalancerIPPool",
    "metadata": {"name": "lb"},
    "spec": {"disabled": True},
}


@pytest.mark.parametrize(
    ("found", "state", "before", "after"),
    [
        (None, "present", "", yaml.safe_dump(ONE_POOL)),
        (
            {"before": {"spec": {"disabled": False}}, "after": {"spec": {"disabled": True}}},
            "present",
            "spec:\n  disabled: false\n",
            "spec:\n  disabled: true\n",
        ),
        (None, "absent", yaml.safe_dump({key: ONE_POOL[key] for key in ("apiVersion", "kind", "metadata")}), ""),
    ],
    ids=["created", "changed", "removed"],
)
def test_the_difference_of_one_object(found: Any, state: str, before: str, after: str) -> None:
    name = "CiliumLoadBalancerIPPool lb"
    assert difference(ONE_POOL, found, state) == {
        "before_header": name,
        "after_header": name,
        "before": before,
        "after": after,
    }


def test_all_services_may_lose_their_addresses_where_a_cluster_leaves() -> None:
    live = state(objects=[pool("lb", "192.0.2.0/25")], services=[service("web", "192.0.2.5", "lb")])
    changes = lb_changes([], MayMove(frozenset({"*"})), live, "home")
    assert changes.errors == []
    assert [item["metadata"]["name"] for item in changes.remove] == ["lb"]
