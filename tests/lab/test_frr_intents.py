# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered configurations on a real FRR 10.3: taken without a complaint, read back as written, and what they do.

What reads back otherwise than it was written would be a change in every run of the role.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils import _frr_config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.unit.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.unit.support.sites import FOLDER, Site, frr_conf, site
from router_lab import RouterLab, missing

REASON = missing()

pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=f"a router cannot start here: {REASON}")]

FULL = """
all:
  vars:
    edge_networks: {lan: {cidr: [10.121.0.0/24, "fd00:121::/64"]}}
    edge_peerings: {k8s: {network: lan}}
    edge_pools: {lb: {addresses: [203.0.113.64/29, "fd00:200::/120"]}}
  children:
    edge_routers:
      hosts:
        gw:
          edge_router_asn: 65000
          edge_addresses: {lan: [10.121.0.1, "fd00:121::1"]}
          edge_router_redistribute: [static, kernel]
          edge_router_maximum_paths: 4
          edge_router_neighbors:
            backup:
              address: 10.121.0.21
              asn: 65021
              bfd: true
              import: {prefixes: [{prefix: 198.51.100.0/24, le: 32}], communities: ["65021:7", "65021:1:2"]}
              export: {redistributed: true, communities: ["65000:17", "65000:1:17"]}
            upstream:
              address: 10.121.0.22
              asn: external
              local_as: 65099
              port: 1179
              export: {pools: lb, default_route: true, communities: [no-export, "65000:18"]}
            both:
              address: "fd00:121::17"
              asn: 65023
              import: {prefixes: [198.51.100.128/25, "2001:db8:7::/48"], max_prefixes: 9, restart: 120}
              export: {pools: lb}
            inside:
              address: 10.121.0.24
              asn: internal
              route_reflector_client: true
              next_hop_self: true
              import: all
              export: {networks: lan, local_preference: 150}
            local:
              address: "fe80::25"
              interface: eth0
              asn: 65025
              export: {networks: lan}
    edge_clusters:
      hosts:
        home:
          edge_cluster_asn: 65001
          edge_cilium_version: "1.19.6"
          edge_cilium_values: {ipv6: {enabled: true}}
          edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]
    edge_nodes:
      hosts:
        n1: {edge_addresses: {lan: [10.121.0.11, "fd00:121::b"]}}
        n2: {edge_addresses: {lan: [10.121.0.12, "fd00:121::c"]}}
"""
"""Every kind of neighbor beside a peering, on the lab's own network."""


def rendered(document: dict[str, Any], router: str = "gw") -> str:
    planned = plan(inventory_from(document))
    assert [finding for finding in planned.data["findings"] if finding["severity"] == "error"] == []
    return frr_conf(Site(Path(), planned, {}), router)


def full(edit: Callable[[dict[str, Any], dict[str, Any]], None] = lambda *_: None) -> str:
    """Return the rendered configuration of FULL after ``edit`` of the shared variables and the router's own."""
    document = copy.deepcopy(yaml.safe_load(FULL))
    edit(document["all"]["vars"], document["all"]["children"]["edge_routers"]["hosts"]["gw"])
    return rendered(document)


def redistribute_all(_site: dict[str, Any], router: dict[str, Any]) -> None:
    router["edge_router_redistribute"] = ["connected", "kernel", "static", "ospf"]
    router["edge_router_import_check"] = False


def every_community(_site: dict[str, Any], router: dict[str, Any]) -> None:
    """All forms on an import and an export: FRR has an order and words of its own for them."""
    words = ["65010:2", "65010:1", "65010:3:1", "65010:2:9", "no-export", "no-advertise", "planned-shut", "blackhole",
             "no-export-subconfed", "no-peer", "65010:10"]  # fmt: skip
    router["edge_router_neighbors"]["backup"]["import"]["communities"] = words
    router["edge_router_neighbors"]["backup"]["export"]["communities"] = words


def one_session(site: dict[str, Any], _router: dict[str, Any]) -> None:
    site["edge_peerings"]["k8s"]["sessions"] = "ipv6"


def unnumbered(_site: dict[str, Any], router: dict[str, Any]) -> None:
    neighbor = router["edge_router_neighbors"]["local"]
    del neighbor["address"]
    neighbor["description"] = "a cable"
    neighbor["shutdown"] = True


def listening(site: dict[str, Any], router: dict[str, Any]) -> None:
    site["edge_peerings"]["k8s"]["dynamic"] = {"range": ["10.121.0.8/29", "fd00:121::8/125"]}
    router["edge_router_neighbors"]["guests"] = {"asn": "external", "dynamic": {"range": "10.121.0.128/26"}}


def far(_site: dict[str, Any], router: dict[str, Any]) -> None:
    neighbors = router["edge_router_neighbors"]
    neighbors["backup"] |= {"multihop": 4, "update_source": "10.121.0.1", "shutdown": True}
    neighbors["inside"] |= {"update_source": "10.121.0.1"}
    neighbors["upstream"] |= {"ttl_security": True}


EDITS = (redistribute_all, every_community, one_session, unnumbered, listening, far)
CASES: dict[str, Callable[[], str]] = {
    "every kind of neighbor": full,
    **{edit.__name__.replace("_", " "): lambda edit=edit: full(edit) for edit in EDITS},
    **{
        f"{path.parent.name}/{path.name.removesuffix('.frr.conf')}": lambda path=path: frr_conf(
            site(path.parent.name), path.name.removesuffix(".frr.conf")
        )
        for path in sorted(FOLDER.glob("*/*.frr.conf"))
    },
}


@pytest.fixture(scope="module")
def lab() -> Iterator[RouterLab]:
    with RouterLab() as router:
        yield router


@pytest.mark.parametrize("case", CASES)
def test_what_is_rendered_reads_back_as_written(lab: RouterLab, case: str) -> None:
    text = CASES[case]()
    assert lab.load(text) == ""
    running = lab.vtysh("show running-config").split("Current configuration:")[1]
    assert frr.difference(frr.parse(text).objects, frr.parse(running).objects) == ""
