# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planned objects in the cluster, and what Cilium reports at them."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.table import LIVE_CODES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.objects import CONDITION_CODES
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Fault, Faults, LiveSite

FAULTS = Faults()
OURS = {"app.kubernetes.io/managed-by": "hybridnet.cluster_edge", "cluster-edge.hybridnet/site": "hybrid"}


@FAULTS.finds(
    "EDGE803 platform: the API serves no CiliumL2AnnouncementPolicy (Cilium's operator registers it: kubectl -n "
    "kube-system logs deploy/cilium-operator; is the release installed?)",
)
def kind_not_served(site: LiveSite) -> None:
    site.resources["CiliumL2AnnouncementPolicy"] = None


@FAULTS.finds(
    "EDGE803 platform: the API serves no CiliumBGPNodeConfig (Cilium's operator registers it: kubectl -n "
    "kube-system logs deploy/cilium-operator; is the release installed?)",
)
def node_configs_not_served(site: LiveSite) -> None:
    site.resources["CiliumBGPNodeConfig"] = None


@FAULTS.finds(
    "EDGE804 platform CiliumBGPAdvertisement public-service: does not exist (run site.yml with --tags cluster; someone may have deleted it)",
)
def object_missing(site: LiveSite) -> None:
    site.resources["CiliumBGPAdvertisement"].pop()


@FAULTS.finds(
    "EDGE906 platform CiliumLoadBalancerIPPool public-ingress: deleted at 2026-11-30T08:00:00Z, and there until its"
    " finalizers are done: example.org/guard. What it does ends then (let whoever has set the finalizers end, or take them"
    " off; then run site.yml with --tags cluster, which makes it anew)",
)
def object_being_deleted(site: LiveSite) -> None:
    pools = {item["metadata"]["name"]: item for item in site.resources["CiliumLoadBalancerIPPool"]}
    ending = {"deletionTimestamp": "2026-11-30T08:00:00Z", "finalizers": ["example.org/guard"]}
    pools["public-ingress"]["metadata"].update(ending)
    site.resources["CiliumLoadBalancerIPPool"].append({"metadata": {"name": "of-others", **ending}, "status": {}})


@FAULTS.finds(
    "EDGE906 platform Secret kube-system/bgp-password-k8s: deleted at 2026-11-30T08:00:00Z, and there until its"
    " finalizers are done: example.org/guard. What it does ends then (let whoever has set the finalizers end, or take them"
    " off; then run site.yml with --tags cluster, which makes it anew)",
)
def password_being_deleted(site: LiveSite) -> None:
    for item in site.plan["clusters"]["platform"]["bgp"]:
        if item["kind"] == "CiliumBGPPeerConfig":
            item["spec"]["authSecretRef"] = "bgp-password-k8s"
    ending = {"deletionTimestamp": "2026-11-30T08:00:00Z", "finalizers": ["example.org/guard"]}
    names = "bgp-password-k8s", "bgp-password-of-others"
    site.resources["Secret"] = [{"metadata": {"name": name, "namespace": "kube-system", **ending}} for name in names]


@FAULTS.finds(
    "EDGE830 platform CiliumBGPClusterConfig public-true: Cilium reports cilium.io/NoMatchingNode: No node "
    "matches spec.nodeSelector (compare nodeSelector with: kubectl get ciliumnodes --show-labels)",
)
def no_matching_node(site: LiveSite) -> None:
    site.complain(
        "CiliumBGPClusterConfig", "public-true", "cilium.io/NoMatchingNode", "No node matches spec.nodeSelector"
    )


@FAULTS.finds(
    "EDGE831 platform CiliumBGPClusterConfig public-true: Cilium reports cilium.io/MissingPeerConfigs: "
    "public-service (run site.yml with --tags cluster; a peer without its CiliumBGPPeerConfig is never created)",
)
def missing_peer_config(site: LiveSite) -> None:
    site.complain("CiliumBGPClusterConfig", "public-true", "cilium.io/MissingPeerConfigs", "public-service")


@FAULTS.finds(
    "EDGE832 platform CiliumBGPClusterConfig public-true: Cilium reports cilium.io/ConflictingClusterConfig: "
    "other (a node may match one CiliumBGPClusterConfig: remove the other one, or change its nodeSelector)",
)
def conflicting_config(site: LiveSite) -> None:
    site.complain("CiliumBGPClusterConfig", "public-true", "cilium.io/ConflictingClusterConfig", "other")


@FAULTS.finds(
    "EDGE833 platform CiliumBGPPeerConfig public-ingress: Cilium reports cilium.io/MissingAuthSecret: Referenced "
    'Auth Secret "bgp" is missing (the secret must stand in the namespace bgpControlPlane.secretsNamespace with '
    "the key password: run site.yml with --tags cluster)",
)
def missing_secret(site: LiveSite) -> None:
    message = 'Referenced Auth Secret "bgp" is missing'
    site.complain("CiliumBGPPeerConfig", "public-ingress", "cilium.io/MissingAuthSecret", message)


@FAULTS.finds(
    "EDGE834 platform CiliumBGPNodeConfig node01: Cilium reports cilium.io/BGPReconcileError: can't overwrite "
    "the existing peer (kubectl -n kube-system logs ds/cilium | grep bgp-control-plane)",
)
def reconcile_error(site: LiveSite) -> None:
    site.complain("CiliumBGPNodeConfig", "node01", "cilium.io/BGPReconcileError", "can't overwrite the existing peer")


@FAULTS.finds(
    "EDGE837 platform CiliumLoadBalancerIPPool old: it collides with our public-ingress, and Cilium has refused it "
    "(cilium.io/PoolConflict: Pool conflicts since range 'a - b' overlaps range 'a - b' from IP Pool 'public-ingress') "
    "(whoever made it expects it to work. Remove it, or take out of one of the two what both select: kubectl get "
    "ciliumloadbalancerippools,ciliumbgpclusterconfigs)",
)
def another_pool_has_our_addresses(site: LiveSite) -> None:
    site.resources["CiliumLoadBalancerIPPool"].append({"metadata": {"name": "old"}, "status": {}})
    message = "Pool conflicts since range 'a - b' overlaps range 'a - b' from IP Pool 'public-ingress'"
    site.complain("CiliumLoadBalancerIPPool", "old", "cilium.io/PoolConflict", message)


def test_a_conflict_among_others_is_none_of_ours() -> None:
    site = LiveSite()
    site.resources["CiliumLoadBalancerIPPool"] += [
        {"metadata": {"name": name}, "status": {}} for name in ("old", "older")
    ]
    message = "Pool conflicts since range 'a - b' overlaps range 'a - b' from IP Pool 'older'"
    site.complain("CiliumLoadBalancerIPPool", "old", "cilium.io/PoolConflict", message)
    assert site.texts() == []


@FAULTS.finds(
    "EDGE835 platform CiliumLoadBalancerIPPool public-ingress: Cilium disabled the pool: Pool conflicts since "
    "range '203.0.113.93 - 203.0.113.93' overlaps range 'a - b' from IP Pool 'old' (remove the other pool, or "
    "take the shared addresses out of one: kubectl get ciliumloadbalancerippools)",
)
def pool_conflict(site: LiveSite) -> None:
    message = "Pool conflicts since range '203.0.113.93 - 203.0.113.93' overlaps range 'a - b' from IP Pool 'old'"
    site.complain("CiliumLoadBalancerIPPool", "public-ingress", "cilium.io/PoolConflict", message)


@FAULTS.finds(
    "EDGE836 platform CiliumL2AnnouncementPolicy private-service.private: Cilium reports "
    "io.cilium/bad-interface-regex: missing ) (kubectl get ciliuml2announcementpolicies -o yaml)",
)
def bad_regex(site: LiveSite) -> None:
    site.complain("CiliumL2AnnouncementPolicy", "private-service.private", "io.cilium/bad-interface-regex", "missing )")


@FAULTS.finds(
    "EDGE839 platform CiliumBGPPeerConfig public-ingress: Cilium reports cilium.io/Newfangled: no message (look "
    "at the object's status and at the logs of Cilium's operator and agents)",
)
def other_condition(site: LiveSite) -> None:
    site.complain("CiliumBGPPeerConfig", "public-ingress", "cilium.io/Newfangled", "")


@FAULTS.finds()
def foreign_object_complains(site: LiveSite) -> None:
    condition = {"type": "cilium.io/NoMatchingNode", "status": "True"}
    item = {"metadata": {"name": "not-ours"}, "status": {"conditions": [condition]}}
    site.resources["CiliumBGPClusterConfig"].append(item)


@FAULTS.finds(
    "EDGE808 platform: the plan removes the cluster, and it still has CiliumLoadBalancerIPPool public-ingress (run site.yml with --tags cluster)",
)
def removed_cluster_has_objects(site: LiveSite) -> None:
    site.plan["clusters"]["platform"].update(absent=True, bgp=[], lb=[], services=[])
    site.plan.update(sessions=[], pools=[], services=[])
    site.plan["expect"] = {"announcements": [], "l2": []}
    del site.observed["routers"]["udm-pro"]
    site.resources["Secret"] = []
    site.item("CiliumLoadBalancerIPPool", "public-ingress")["metadata"]["labels"] = OURS


@FAULTS.finds(
    "EDGE808 platform: the plan removes the cluster, and it still has Secret kube-system/bgp-password-upstream, Service "
    "dummy/dummy-service (run site.yml with --tags cluster)",
)
def removed_cluster_has_a_secret_and_a_service_that_takes_no_address(site: LiveSite) -> None:
    removed_cluster_has_objects(site)
    del site.item("CiliumLoadBalancerIPPool", "public-ingress")["metadata"]["labels"]
    secret = {"name": "bgp-password-upstream", "namespace": "kube-system", "labels": OURS}
    site.resources["Secret"] = [{"metadata": secret}]
    service = site.service("dummy-service")
    service["spec"]["type"], service["metadata"]["labels"] = "ClusterIP", OURS


@FAULTS.finds(
    "EDGE808 platform: the plan removes the cluster, and it still has Service affine/affine-svc-lb (run site.yml with --tags"
    " cluster)",
)
def what_kubernetes_makes_of_a_service_goes_with_it(site: LiveSite) -> None:
    """EndpointSlices have the labels of their Service."""
    removed_cluster_has_objects(site)
    del site.item("CiliumLoadBalancerIPPool", "public-ingress")["metadata"]["labels"]
    for item in (site.service("affine-svc-lb"), site.slice("affine"), site.lease("affine")):
        item["metadata"].setdefault("labels", {}).update(OURS)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()


def test_removed_cluster_without_objects_of_ours_is_in_good_order() -> None:
    site = LiveSite()
    removed_cluster_has_objects(site)
    del site.item("CiliumLoadBalancerIPPool", "public-ingress")["metadata"]["labels"]
    assert site.texts() == []
    row = ("platform: objects of this site", "none")
    assert (*row, "none", "ok") in site.rows("ends")
    del site.resources["Secret"]
    told = "none but perhaps Secrets: the account may not list them in kube-system"
    assert (*row, told, "unknown") in site.rows("ends")


def test_every_condition_has_a_code_of_its_own_kind() -> None:
    assert set(CONDITION_CODES.values()) <= set(LIVE_CODES)
