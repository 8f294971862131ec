# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else lacks where a cluster cannot be looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.look import Target
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.unseen import (
    UNLESS_THERE,
    unseen_lacks,
)

POOL = {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "lb"}}
NOTHING: dict[str, Any] = {"": {"resourceRules": [], "incomplete": False}}
ADMIN = {"": {"resourceRules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}], "incomplete": False}}


def target(**more: Any) -> Target:
    cluster: Any = {
        "apply": "ours",
        "cilium_managed": True,
        "cilium_version": "1.20.2",
        "helm_values": {},
        "absent": False,
        "bgp": [],
        "lb": [POOL],
        "services": [],
        "node_labels": {"n1": {"rack": "a"}, "n2": {}},
        "secrets_namespace": "kube-system",
        **more,
    }
    return Target("home", cluster, "cilium", "kube-system")


def test_what_a_run_would_write_is_told_with_the_doubt() -> None:
    told = unseen_lacks(target(), NOTHING)
    begins = [text.partition(":")[2].partition(":")[0] for text in told]
    assert " the account may not create, get, patch ciliumloadbalancerippools.cilium.io" in begins
    assert " the account may not create, get, patch daemonsets.apps in the namespace kube-system" in begins
    assert " the account may not get, patch nodes" in begins
    assert all(text.startswith(UNLESS_THERE) for text in told)
    assert unseen_lacks(target(), ADMIN) == []


def test_what_any_run_needs_is_told_without_a_doubt() -> None:
    told = unseen_lacks(replace(target(cilium_managed=False, lb=[], node_labels={}), verifies=True), NOTHING)
    sure = [text for text in told if not text.startswith(UNLESS_THERE)]
    assert any("leases.coordination.k8s.io" in text for text in sure)
    assert not any("leases" in text for text in told if text not in sure)


def test_a_right_that_may_not_be_needed_is_not_told() -> None:
    assert unseen_lacks(target(apply="others"), NOTHING) == []
    assert unseen_lacks(target(absent=True), NOTHING) == []
    assert not any("daemonsets" in text for text in unseen_lacks(target(cilium_managed=False), NOTHING))
