# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that dial in from a listen range: the plan does not know their addresses."""

from __future__ import annotations

from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import neighbor


def test_dynamic_neighbor_is_found_by_its_node() -> None:
    site = LiveSite()
    for session in site.plan["sessions"]:
        if session["peering"] == "public-ingress":
            session.update(node_address="", dynamic=True)
    for item in site.plan["expect"]["announcements"]:
        if item["peering"] == "public-ingress":
            item["nodes"] = dict.fromkeys(item["nodes"], "")
    for group in site.plan["routers"]["udm-pro"]["frr"]["peer_groups"]:
        if group["name"].endswith("public-ingress"):
            group["listen_ranges"] = ["10.121.0.0/24"]
    site.resources["CiliumNode"] = [
        {
            "metadata": {"name": f"node0{n}"},
            "spec": {"addresses": [{"type": "InternalIP", "ip": f"10.{net}.0.1{n}"} for net in (122, 121)]},
        }
        for n in (1, 2, 3)
    ]
    assert site.texts() == []
    site.router["neighbors"]["10.121.0.66"] = neighbor(65001)
    (found,) = site.texts()
    assert found.startswith(
        "EDGE809 udm-pro neighbor 10.121.0.66: the router has this neighbor (AS 65001, Established)"
    )
    cluster = site.observed["clusters"].pop("platform")
    assert site.codes() == [], "it may be a node of the cluster that was not read"
    site.observed["clusters"]["platform"] = cluster
    del site.router["neighbors"]["10.121.0.66"]
    del site.router["neighbors"]["10.121.0.13"]
    (found,) = site.texts()
    assert found.startswith(
        "EDGE811 udm-pro neighbor 10.121.0.13 (node03, peering public-ingress): the session is not there"
    )
