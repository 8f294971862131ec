# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan takes out of Ansible's variables, and what it leaves to Ansible to compute."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.hybridnet.cluster_edge.plugins.action.edge_plan import read_inventory
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.parse import Inventory
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import is_literal

SITE = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.0.1.0/24}}
    edge_pools: {lb: {addresses: "{{ pool_block }}"}}
    edge_bgp_passwords: {k8s: "{{ nowhere }}"}
    edge_x_mine: "{{ nowhere }}"
    prefix: 10.0.1
  children:
    edge_routers: {hosts: {gw: {edge_router_asn: 65000, edge_addresses: {lan: "{{ prefix }}.1"}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 65001, pool_block: 203.0.113.0/28}}}
    edge_nodes:
      hosts:
        n1: {ansible_host: "{{ prefix }}.11", edge_node_labels: {rack: "{{ inventory_hostname }}"}}
        n2: {ansible_host: 10.0.1.12, edge_node_drain: "{{ nowhere }}"}
"""


class Counted(HostVars):
    """Ansible's own host variables, which count how often one host's are put together: that is what costs time."""

    asked = 0

    def raw_get(self, host_name: str) -> Any:
        self.asked += 1
        return super().raw_get(host_name)


def read(folder: Path, text: str = SITE) -> tuple[Inventory, int]:
    """Return what is read of an inventory, and how often a host's variables were put together for it."""
    path = folder / "inventory.yml"
    path.write_text(text, "utf-8")
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[str(path)])
    hostvars = Counted(inventory, VariableManager(loader=loader, inventory=inventory), loader)
    groups = {name: [host.name for host in group.get_hosts()] for name, group in inventory.groups.items()}
    return read_inventory({"groups": groups, "hostvars": hostvars}), hostvars.asked


def test_values_are_computed_where_they_are_read(tmp_path: Path) -> None:
    variables = read(tmp_path)[0].variables
    assert variables["gw"]["edge_addresses"] == {"lan": "10.0.1.1"}
    assert variables["home"]["edge_pools"] == {"lb": {"addresses": "203.0.113.0/28"}}
    assert variables["n1"] == {
        "ansible_host": "10.0.1.11",
        "edge_bgp_passwords": None,
        "edge_networks": {"lan": {"cidr": "10.0.1.0/24"}},
        "edge_node_labels": {"rack": "n1"},
        "edge_pools": None,
        "edge_x_mine": None,
    }


def test_a_template_fails_only_where_its_value_is_read(tmp_path: Path) -> None:
    found = read(tmp_path)[0]
    assert {host: list(failed) for host, failed in found.failures.items()} == {"n2": ["edge_node_drain"]}
    assert "edge_node_drain" not in found.variables["n2"]


def test_passwords_are_read_by_name_alone(tmp_path: Path) -> None:
    variables = read(tmp_path)[0].variables
    assert variables["home"]["edge_bgp_passwords"] == variables["gw"]["edge_bgp_passwords"] == {"k8s": None}


@pytest.mark.parametrize("name", ["edge-pools", "edgePools", "EDGE_POOLS"])
def test_other_spellings_of_our_variables_are_seen_by_name(tmp_path: Path, name: str) -> None:
    variables = read(tmp_path, SITE.replace("edge_pools:", f"{name}:"))[0].variables
    assert variables["home"][name] is None
    assert "edge_pools" not in variables["home"]


def test_hosts_share_what_they_inherit(tmp_path: Path) -> None:
    variables = read(tmp_path)[0].variables
    shared = {id(own["edge_networks"]) for own in variables.values()}
    assert len(variables) == 4
    assert len(shared) == 1


def test_a_host_without_templates_is_asked_once(tmp_path: Path) -> None:
    plain = SITE.replace("{{ pool_block }}", "203.0.113.0/28").replace("{{ prefix }}", "10.0.1")
    plain = plain.replace('"{{ inventory_hostname }}"', "n1").replace('edge_node_drain: "{{ nowhere }}"', "x: 1")
    found, asked = read(tmp_path, plain)
    assert asked == len(found.hosts) == 4


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        pytest.param("10.0.1.0/24", True, id="text"),
        pytest.param({"a": [1, 2.5, None, True, date(2026, 1, 31)]}, True, id="containers"),
        pytest.param({"{{ key }}": 1}, True, id="key"),
        pytest.param("{{ x }}", False, id="expression"),
        pytest.param("{% if x %}1{% endif %}", False, id="statement"),
        pytest.param("a{# note #}", False, id="comment"),
        pytest.param("#jinja2: variable_start_string:'[%'\n[% x %]", False, id="override"),
        pytest.param({"a": ["b", {"c": "{{ x }}"}]}, False, id="deep"),
        pytest.param({"a": object()}, False, id="unknown"),
    ],
)
def test_what_ansible_has_nothing_to_compute_in(value: object, literal: bool) -> None:
    assert is_literal(value) is literal


def test_a_name_that_yaml_makes_no_text_is_nobody_s(tmp_path: Path) -> None:
    """Ansible hands them on: they must not hide what is wrong with the others."""
    text = SITE.replace("  vars:\n", "  vars:\n    65001: x\n    true: y\n    2026-01-31: z\n").replace(
        "n1: {", "n1: {1.5: x, "
    )
    odd, plain = (read(tmp_path, written)[0].variables for written in (text, SITE))
    assert odd == plain


def test_groups_of_nearly_our_names_are_read_with_their_hosts(tmp_path: Path) -> None:
    text = (
        SITE + "    edge_node: {hosts: {n9: {}}, children: {rack: {hosts: {n8: {}}}}}\n    other: {hosts: {n7: {}}}\n"
    )
    assert read(tmp_path, text)[0].others == {"edge_node": ("n9", "n8")}
