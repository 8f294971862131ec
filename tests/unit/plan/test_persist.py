# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the plan wants a boot hook that brings a router's frr.conf back."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import planned

SITE = """
all:
  vars:
    edge_networks: {{lan: {{cidr: 192.0.2.0/25}}}}
    edge_peerings: {{k8s: {{}}}}
    edge_pools: {{lb: {{addresses: 192.0.2.128/25}}}}
  children:
    edge_routers: {{hosts: {{
      udm: {{ansible_host: 192.0.2.1, edge_router_asn: 64700, edge_router_platform: unifi, {keys}}},
      other: {{ansible_host: 192.0.2.2, edge_router_asn: 64700}}}}}}
    edge_clusters: {{hosts: {{home: {{edge_cluster_asn: 64701, edge_cilium_version: "1.19.6"}}}}}}
    edge_nodes: {{hosts: {{k1: {{ansible_host: 192.0.2.11}}}}}}
"""


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        pytest.param("edge_router_persist: true", True, id="on"),
        pytest.param("edge_router_persist: false", False, id="off"),
        pytest.param("edge_router_bgp_owner: file", False, id="nothing is said"),
        pytest.param("edge_router_persist: true, edge_state: absent", False, id="it leaves"),
    ],
)
def test_a_hook_is_wanted_where_the_router_stays(keys: str, wanted: bool) -> None:
    assert planned(SITE.format(keys=keys)).data["routers"]["udm"]["persist"] is wanted
