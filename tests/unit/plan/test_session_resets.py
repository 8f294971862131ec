# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sessions a change of the inventory resets, by two plans of the reference site."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.session_resets import reset_sessions
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import HYBRID, hybrid_plan, inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.invalid import edited
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook

INGRESS = [f"platform/public-ingress node0{number} - udm-pro (ipv4): " for number in (1, 2, 3)]
SERVICE = [f"platform/public-service node0{number} - udm-pro (ipv4): " for number in (1, 2, 3)]


def resets(values: dict[str, Any]) -> list[str]:
    """Return the sessions that an edit of the reference site resets."""
    after = plan(inventory_from(edited(values)))
    assert not after.failed, [finding.text for finding in after.findings]
    return [reset.text for reset in reset_sessions(hybrid_plan().data, after.data)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"site|edge_peerings|public-ingress|timers": {"connect_retry": 20}}, [], id="connect retry"),
        pytest.param({"site|edge_pools|public-ingress|communities": ["65001:1"]}, [], id="a community"),
        pytest.param({"site|edge_peerings|third": {"network": "public", "asn": 65003, "nodes": "!private"},
                      "site|edge_pools|third": {"addresses": "203.0.113.92", "bgp": "third"}}, [], id="another class"),
        pytest.param({"node04|edge_node_labels": {"private": "", "public": "true"}}, [], id="a node joins"),
        pytest.param({"node01|edge_node_drain": True}, [
            f"platform/{peering} node0{number} - udm-pro (ipv4): the CiliumBGPClusterConfig: public-true -> public-true"
            for peering, number in ()], id="a node leaves"),
        pytest.param({"site|edge_peerings|public-ingress|timers": {"hold": 90}},
                     [f"{where}the hold time: 30 -> 90; the keepalive time: 10 -> 30" for where in INGRESS], id="hold"),
        pytest.param({"site|edge_bgp_defaults|graceful_restart": 0},
                     [f"{where}the restart time: 15 -> 0" for where in INGRESS + SERVICE], id="graceful restart"),
        pytest.param({"site|edge_peerings|public-ingress|asn": 65009},
                     [f"{where}the node's AS number: 65001 -> 65009; the BGP instance: as65001 -> as65009"
                      for where in INGRESS], id="the nodes' AS number"),
        pytest.param({"udm-pro|edge_router_asn": 65099},
                     [f"{where}the router's AS number: 65000 -> 65099" for where in INGRESS + SERVICE],
                     id="the router's AS number"),
        pytest.param({"udm-pro|edge_router_id": "10.122.0.1"},
                     [f"{where}router-id of udm-pro: 10.121.0.1 -> 10.122.0.1" for where in INGRESS + SERVICE],
                     id="the router-id"),
        pytest.param({"node01|edge_node_router_id": "10.0.0.1"},
                     [f"{where}the node's router-id: none -> 10.0.0.1" for where in (INGRESS[0], SERVICE[0])],
                     id="a node's router-id"),
        pytest.param({"site|edge_peerings|public-ingress|listen_port": 1790},
                     [f"{where}the port on which the node listens: none -> 1790" for where in INGRESS],
                     id="a port to listen on"),
        pytest.param({"site|edge_bgp_passwords": {"public-ingress": None}},
                     [f"{where}the password's name: none -> public-ingress" for where in INGRESS], id="a password"),
        pytest.param({"site|edge_peerings|public-ingress|names": {"peer_group": "K8S"}},
                     [f"{where}the peer group: platform-public-ingress -> K8S" for where in INGRESS], id="a peer group"),
        pytest.param({"node01|edge_addresses|public": "10.121.0.21"},
                     [f"{INGRESS[0]}the node's address: 10.121.0.11 -> 10.121.0.21"], id="a node's address"),
        pytest.param({"site|edge_peerings|public-ingress|shutdown": True},
                     [f"{where}it is shut down" for where in INGRESS], id="shutdown"),
        pytest.param({"site|edge_bgp_defaults|nodes": "private,public=true"},
                     [f"{where}the CiliumBGPClusterConfig: public-true -> private-public-true"
                      for where in INGRESS + SERVICE], id="another selector for the same nodes"),
    ],
)  # fmt: skip
def test_resets(values: dict[str, Any], expected: list[str]) -> None:
    assert resets(values) == expected


@pytest.mark.ansible
def test_the_plan_says_it(tmp_path: Path) -> None:
    before = hybrid_plan().data
    before["sessions"][0]["hold"] = 9
    path = tmp_path / "before.json"
    path.write_text(json.dumps(before), encoding="utf-8")
    after = tmp_path / "after.json"
    result = run_playbook("plan.yml", HYBRID, f"edge_plan_before={path}", f"edge_plan_file={after}")
    result.check(0)
    assert "Sessions that the change since edge_plan_before resets (1)" in result.output
    assert "platform/public-ingress node01 - udm-pro (ipv4): the hold time: 9 -> 30" in result.output
    assert not {"resets", "changes", "changes_content"} & set(json.loads(after.read_text("utf-8")))


@pytest.mark.first_case
@pytest.mark.ansible
@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(None, " cannot be read: No such file or directory", id="absent"),
        pytest.param("{", " is not JSON: ", id="not JSON"),
        pytest.param(
            "[]",
            ": holds no plan (write one with playbooks/plan.yml -e edge_plan_file=plan.json)",
            id="no plan",
        ),
        pytest.param(
            '{"format": 2, "sessions": [], "routers": {}}',
            ": is a plan of format 2, but this version of the collection reads format 1 (read it with",
            id="a later format",
        ),
        pytest.param(
            '{"sessions": [{"hold": "9"}], "routers": {}}',
            ": is a damaged plan: $: without accept; $: without allocations; $: without clusters and ",
            id="a damaged one",
        ),
    ],
)
def test_a_plan_of_before_that_is_none(tmp_path: Path, text: str | None, told: str) -> None:
    path = tmp_path / "before.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    result = run_playbook("plan.yml", HYBRID, f"edge_plan_before={path}")
    assert result.status == 2
    assert f"edge_plan_before: {path}{told}" in result.output
    assert ("is not JSON" in result.output) is (text == "{")
