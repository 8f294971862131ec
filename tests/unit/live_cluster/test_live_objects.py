# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How messages name the objects that a cluster has."""

from __future__ import annotations

from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.live_objects import (
    live_labels,
    live_uids,
    live_versions,
)


def test_what_a_cluster_has_is_named_as_messages_name_it() -> None:
    state: dict[str, Any] = {
        "objects": [{"kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "media"}}],
        "services": [{"kind": "Service", "metadata": {"namespace": "media", "name": "web"}}],
        "secrets": [{"namespace": "kube-system", "name": "bgp-lan"}],
        "nodes": {
            "node01": {"labels": {"a": "b", "c": "d"}, "owned": ["a"], "uid": "of-node01", "resourceVersion": "7"}
        },
        "namespaces": ["dummy"],
    }
    assert set(live_uids(state)) == {
        "CiliumLoadBalancerIPPool media",
        "Service media/web",
        "Secret kube-system/bgp-lan",
        "Node node01",
        "Namespace dummy",
    }
    assert "Namespace dummy" not in live_uids({**state, "namespaces": None})
    assert (live_uids(state)["Node node01"], live_versions(state)["Node node01"]) == ("of-node01", "7")
    assert live_labels(state) == {"Node node01": {"a": "b"}}
