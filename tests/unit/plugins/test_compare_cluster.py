# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What edge_compare asks of a live cluster."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.action import edge_compare
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml_file

PLAN: Any = hybrid_plan().data


@pytest.mark.parametrize("managed", [True, False])
@pytest.mark.parametrize("scope", ["all", "planned"])
@pytest.mark.parametrize("noted", [{}, {"mistyped": "x"}])
def test_what_the_site_has_noted_is_read_beside_the_release(managed: bool, scope: str, noted: dict[str, str]) -> None:
    """Without it nobody knows which labels and annotations a run takes off Services."""
    asked: list[dict[str, Any]] = []

    def state(wanted: dict[str, Any], *_further: Any) -> dict[str, Any]:
        asked.append(wanted)
        return {"objects": [], "services": [], "nodes": {}, "release": None, "config_map": noted}

    cluster = {**PLAN["clusters"]["platform"], "cilium_managed": managed}
    plan: Any = {**PLAN, "clusters": {"platform": cluster}}
    read = {"cilium_net_release_namespace": "cilium-system"}
    plugin = edge_compare.ActionModule.__new__(edge_compare.ActionModule)
    plugin.__dict__.update(
        _variables=read, _loader=SimpleNamespace(load_from_file=lambda path: read_yaml_file(Path(path))), state=state
    )
    if noted:
        with pytest.raises(edge_compare.EdgeError, match="ConfigMap cilium-system/cluster-edge-hybrid: no run has"):
            plugin._cluster(plan, "platform", None, scope)
    else:
        plugin._cluster(plan, "platform", None, scope)
    assert asked[0]["config_map"] == "cilium-system/cluster-edge-hybrid"
