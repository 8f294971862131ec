# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small inventory planned, and what each end is told, read by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2
from ansible_collections.hybridnet.cluster_edge.plugins.filter.frr_rules import frr_rules
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import Plan, plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml

TEMPLATE = CHECKOUT / "roles" / "udm_frr" / "templates" / "frr.conf.j2"


CLASS_LABEL = "cluster-edge.hybridnet/bgp-class"


def planned(text: str, **site: Any) -> Plan:
    """Return the plan of an inventory; ``site`` replaces variables of ``all``."""
    document = read_yaml(text)
    document["all"].setdefault("vars", {}).update(site)
    return plan(inventory_from(document))


def good(text: str, **site: Any) -> dict[str, Any]:
    """Return the data of a plan that has no finding."""
    computed = planned(text, **site)
    assert [finding.text for finding in computed.findings] == []
    return computed.data


def told(text: str, **site: Any) -> list[str]:
    """Return the findings of a plan as ``CODE path: problem (hint)``."""
    return [f"{finding.code} {finding.text}" for finding in planned(text, **site).findings]


def objects(data: dict[str, Any], kind: str, cluster: str = "home") -> dict[str, Any]:
    """Return the ``spec`` of each object of ``kind`` in a cluster, by name."""
    of = data["clusters"][cluster]
    return {item["metadata"]["name"]: item["spec"] for item in [*of["bgp"], *of["lb"]] if item["kind"] == kind}


def groups(data: dict[str, Any], router: str = "gw") -> dict[str, Any]:
    """Return a router's peer groups by name."""
    return {group["name"]: group for group in data["routers"][router]["frr"]["peer_groups"]}


def filters(data: dict[str, Any], router: str = "gw") -> dict[str, list[str]]:
    """Return what each prefix-list of a router permits."""
    return {
        item["name"]: [entry["prefix"] + (f" ge {entry['ge']}" if entry["ge"] else "") for entry in item["entries"]]
        for item in data["routers"][router]["frr"]["prefix_lists"]
    }


def rendered(intent: Any, version: str = "10.1", passwords: Mapping[str, str] | None = None) -> str:
    """Return the configuration that the role renders from an FRR intent, without Ansible's own machinery."""
    environment = jinja2.Environment(
        trim_blocks=True, keep_trailing_newline=True, autoescape=False, undefined=jinja2.StrictUndefined
    )
    environment.filters["hybridnet.cluster_edge.frr_rules"] = frr_rules
    return environment.from_string(TEMPLATE.read_text("utf-8")).render(
        __udm_frr_intent=intent, __udm_frr_version=version, __udm_frr_passwords=passwords or {}
    )


def frr_conf(data: dict[str, Any], router: str = "gw") -> str:
    """Return the configuration of a planned router, with placeholders as passwords."""
    of = data["routers"][router]
    return rendered(of["frr"], of["frr_version"])


def peers(data: dict[str, Any], cluster: str = "home") -> dict[tuple[str, str], dict[str, tuple[str, int, str]]]:
    """Return (ClusterConfig, instance) -> peer -> (address, ASN, PeerConfig)."""
    return {
        (name, instance["name"]): {
            peer["name"]: (peer["peerAddress"], peer["peerASN"], peer["peerConfigRef"]["name"])
            for peer in instance["peers"]
        }
        for name, spec in objects(data, "CiliumBGPClusterConfig", cluster).items()
        for instance in spec["bgpInstances"]
    }
