# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories for unit tests: the reference site, and others written as one YAML text.

Reads the plain part of Ansible's YAML inventory (groups, hosts, group_vars of all) without Ansible. That both readings
are the same is tested with Ansible itself, in the golden tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.parse import Inventory, is_like_ours
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import Plan, plan

from .yaml_text import read_yaml_file

CHECKOUT = Path(__file__).resolve().parents[2]
HYBRID = CHECKOUT / "inventory" / "hybrid"


def inventory_from(document: dict[str, Any]) -> Inventory:
    """Return the library's input for a YAML inventory: ``all`` with ``vars`` and ``children``."""
    top = document["all"]
    groups: dict[str, tuple[str, ...]] = {}
    variables: dict[str, dict[str, Any]] = {}
    for group, body in (top.get("children") or {}).items():
        body = body or {}
        hosts = body.get("hosts") or {}
        groups[group] = tuple(hosts)
        for host, own in hosts.items():
            shared = {**(top.get("vars") or {}), **(body.get("vars") or {})}
            variables[host] = {**variables.get(host, shared), **(own or {})}
    return Inventory(
        routers=groups.get("edge_routers", ()),
        clusters=groups.get("edge_clusters", ()),
        nodes=groups.get("edge_nodes", ()),
        groups=frozenset(groups),
        others={group: hosts for group, hosts in groups.items() if is_like_ours(group)},
        variables=variables,
    )


def hybrid_document() -> dict[str, Any]:
    """Return the reference inventory as one document, free to edit."""
    document: dict[str, Any] = read_yaml_file(HYBRID / "hosts.yml")
    document["all"]["vars"] = read_yaml_file(HYBRID / "group_vars" / "all" / "edge.yml")
    return document


def hybrid_inventory() -> Inventory:
    """Return the reference site's inventory."""
    return inventory_from(hybrid_document())


def hybrid_plan() -> Plan:
    """Return the reference site's plan."""
    return plan(hybrid_inventory())
