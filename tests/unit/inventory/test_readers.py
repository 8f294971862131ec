# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of ours that stand where nobody reads them: on hosts of other groups, or behind a template of the whole map."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.hybridnet.cluster_edge.plugins.action.edge_plan import read_inventory
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys import VARIABLES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.router import CONTROLLER_SECRETS
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.run import RUN
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.parse import (
    GROUPS,
    READ_FROM,
    Inventory,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from

HOSTS = {"edge_routers": "udm", "edge_clusters": "home", "edge_nodes": "k1"}
OF_HOSTS = sorted(VARIABLES.keys() - {key.name for key in RUN})
ELSEWHERE = [(name, group) for name in OF_HOSTS for group in GROUPS if name not in READ_FROM[group]]
"""Each variable with each group from whose hosts it is not read."""


def site() -> dict[str, Any]:
    """Return a valid inventory; each of its variables stands at the hosts that it is read from."""
    shared = {"edge_networks": {"lan": {"cidr": "10.80.0.0/24"}}}
    cluster = {
        "edge_cluster_asn": 64701,
        "edge_cilium_version": "1.20.2",
        "edge_peerings": {"k8s": {}},
        "edge_pools": {"lb": {"addresses": "10.1.0.0/24"}},
        "edge_services": {"web/a": {"pool": "lb"}},
    }
    nodes = {f"k{number}": {**shared, "ansible_host": f"10.80.0.1{number}"} for number in (1, 2)}
    router = {**shared, "ansible_host": "10.80.0.1", "edge_router_asn": 64700}
    return {
        "all": {
            "children": {
                "edge_routers": {"hosts": {"udm": router}},
                "edge_clusters": {"hosts": {"home": {**shared, **cluster}}},
                "edge_nodes": {"hosts": nodes},
            }
        }
    }


def moved(name: str, group: str) -> dict[str, Any]:
    """Return the inventory with one variable at a host of ``group`` alone."""
    document = copy.deepcopy(site())
    for body in document["all"]["children"].values():
        for own in body["hosts"].values():
            own.pop(name, None)
    document["all"]["children"][group]["hosts"][HOSTS[group]][name] = "anything"
    return document


def told(inventory: Inventory) -> list[str]:
    """Return the findings of an inventory as ``CODE path: problem (hint)``."""
    return [f"{finding.code} {finding.text}" for finding in plan(inventory).findings]


@pytest.mark.parametrize(("name", "group"), ELSEWHERE, ids=[f"{name} at {HOSTS[group]}" for name, group in ELSEWHERE])
def test_a_variable_where_nobody_reads_it_is_the_one_finding(name: str, group: str) -> None:
    (text,) = told(inventory_from(moved(name, group)))
    readers = " and ".join(other for other in GROUPS if name in READ_FROM[other])
    assert text.startswith(
        f"EDGE123 {HOSTS[group]}.{name}: is not read from {HOSTS[group]}: {name} is read from hosts of {readers} ("
    )


@pytest.mark.parametrize("name", OF_HOSTS)
def test_a_variable_of_all_hosts_is_in_its_place(name: str) -> None:
    document = site()
    for body in document["all"]["children"].values():
        for own in body["hosts"].values():
            own.setdefault(name, {})
    assert not any(text.startswith("EDGE123") for text in told(inventory_from(document)))


def test_what_is_lost_with_a_variable_is_not_told_again() -> None:
    """Without its peerings the pool would name one that does not exist."""
    document = site()
    hosts = {host: own for body in document["all"]["children"].values() for host, own in body["hosts"].items()}
    hosts["home"]["edge_pools"]["lb"]["bgp"] = "k8s"
    hosts["udm"]["edge_peerings"] = hosts["home"].pop("edge_peerings")
    assert told(inventory_from(document)) == [
        "EDGE123 udm.edge_peerings: is not read from udm: edge_peerings is read from hosts of edge_clusters (write it at"
        " home, or under group_vars/all)"
    ]


def test_a_group_that_may_be_the_reader_is_misspelt() -> None:
    document = site()
    children = document["all"]["children"]
    children["edge_cluster"] = children.pop("edge_clusters")
    children["edge_routers"]["hosts"]["udm"]["edge_peerings"] = {"k8s": {}}
    assert [text.partition(" ")[0] for text in told(inventory_from(document))] == ["EDGE117"]


def without(*groups: str) -> dict[str, Any]:
    """Return a valid inventory whose groups of ours have no host."""
    document = site()
    children = document["all"]["children"]
    for group in groups:
        children[group]["hosts"] = {}
    if "edge_routers" in groups and "edge_clusters" not in groups:  # its pools are announced on L2
        cluster = children["edge_clusters"]["hosts"]["home"]
        cluster.update(edge_peerings={}, edge_pools={"lb": {"addresses": "10.80.0.240/29", "l2": "lan"}})
        cluster["edge_networks"]["lan"]["interfaces"] = "eth0"
        for node in children["edge_nodes"]["hosts"].values():
            node["edge_networks"]["lan"]["interfaces"] = "eth0"
    return document


EMPTY = [("edge_routers",), ("edge_clusters", "edge_nodes"), ("edge_nodes",)]
UNREAD = [
    (name, groups)
    for groups in EMPTY
    for name in OF_HOSTS
    if not any(name in READ_FROM[group] for group in GROUPS if group not in groups)
]
"""Each variable with the groups without hosts, from all of which it would be read."""


def with_all(name: str, groups: tuple[str, ...]) -> list[str]:
    """Return what is found beyond the usual where groups are empty and a variable stands under group_vars/all."""
    document = without(*groups)
    before = told(inventory_from(document))
    document["all"]["vars"] = {name: "anything"}
    return [text for text in told(inventory_from(document)) if text not in before]


@pytest.mark.parametrize(("name", "groups"), UNREAD, ids=[f"{name} without {groups[0]}" for name, groups in UNREAD])
def test_a_variable_of_all_hosts_may_be_for_another_site(name: str, groups: tuple[str, ...]) -> None:
    of_no_cluster = name in {"edge_peerings", "edge_pools", "edge_services"}
    assert with_all(name, groups) == (
        [
            f"EDGE124 {name}: is read from hosts of edge_clusters, and the inventory has none (add a host to the group"
            " edge_clusters, or remove it)"
        ]
        if of_no_cluster
        else []
    )


def test_an_l2_site_may_share_all_variables_of_routers() -> None:
    document = without("edge_routers")
    document["all"]["vars"] = {name: "x" for name, groups in UNREAD if groups == ("edge_routers",)}
    assert len(document["all"]["vars"]) > 10
    assert told(inventory_from(document)) == []
    del document["all"]["children"]["edge_routers"]
    assert told(inventory_from(document)) == []


def test_a_variable_of_some_hosts_is_lost_where_its_group_is_empty() -> None:
    document = without("edge_routers")
    document["all"]["children"]["edge_nodes"]["vars"] = {"edge_router_asn": 64700}
    assert told(inventory_from(document)) == [
        "EDGE123 edge_router_asn: is not read from k1, k2: edge_router_asn is read from hosts of edge_routers (add a"
        " host to the group edge_routers, or remove it)"
    ]


SITE = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.80.0.0/24}}
    edge_pools: {lb: {addresses: 10.1.0.0/24}}
  children:
    edge_routers:
      hosts: {udm: {ansible_host: 10.80.0.1, edge_router_asn: 64700}}
    edge_clusters:
      hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.20.2", edge_peerings: {k8s: {}}}}
    edge_nodes:
      hosts: {k1: {ansible_host: 10.80.0.11}}
"""


def read(folder: Path, text: str) -> Inventory:
    """Return an inventory as the plan reads it through Ansible."""
    path = folder / "inventory.yml"
    path.write_text(text, "utf-8")
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[str(path)])
    hostvars = HostVars(inventory, VariableManager(loader=loader, inventory=inventory), loader)
    groups = {name: [host.name for host in group.get_hosts()] for name, group in inventory.groups.items()}
    return read_inventory({"groups": groups, "hostvars": hostvars})


def with_lines(group: str, *lines: str) -> str:
    """Return the inventory with variables of a group."""
    return SITE.replace(
        f"    {group}:\n", f"    {group}:\n      vars:\n" + "".join(f"        {line}\n" for line in lines)
    )


ROUTERS_ALONE = (
    "EDGE123 udm.edge_peerings__more: is not read from udm: edge_peerings is read from hosts of edge_clusters (write it"
    " at home, or under group_vars/all)"
)
TEMPLATE = (
    "is a template, which the plan does not compute: it reads the names without Vault, and never the passwords (write"
    ' the names here, each with a template of its own: {k8s: "{{ vault_k8s }}"})'
)


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        pytest.param(SITE, [], id="nothing"),
        pytest.param(with_lines("edge_routers", "edge_peerings__more: {x: {}}"), [ROUTERS_ALONE], id="routers"),
        pytest.param(
            with_lines("edge_routers", 'edge_peerings__more: "{{ nowhere }}"'), [ROUTERS_ALONE], id="uncomputed"
        ),
        pytest.param(
            with_lines("edge_routers", "edge_peerings__more:", "edge_cluster_asn: ''", "edge_services: {}"),
            [],
            id="empty",
        ),
        pytest.param(
            with_lines("edge_nodes", "edge_bgp_passwords: {k8s: x}"),
            [
                "EDGE123 k1.edge_bgp_passwords: is not read from k1: edge_bgp_passwords is read from hosts of"
                " edge_routers and edge_clusters (write it at home or udm, or under group_vars/all)"
            ],
            id="passwords",
        ),
        pytest.param(
            SITE.replace("edge_pools: {lb: {addresses: 10.1.0.0/24}}", 'edge_pools: "{{ nowhere }}"'),
            ["EDGE109 home.edge_pools: 'nowhere' is undefined"],
            id="failing for all",
        ),
        pytest.param(
            SITE.replace("{ansible_host: 10.80.0.11}", '{ansible_host: "{{ nowhere }}"}'),
            ["EDGE109 k1.ansible_host: 'nowhere' is undefined"],
            id="failing address",
        ),
        pytest.param(
            with_lines("edge_clusters", 'edge_bgp_passwords: "{{ vault_bgp_passwords }}"'),
            [f"EDGE102 home.edge_bgp_passwords: {TEMPLATE}"],
            id="whole map",
        ),
        pytest.param(
            with_lines(
                "edge_clusters", 'edge_bgp_passwords: {k8s: "{{ x }}"}', 'edge_bgp_passwords__vault: "{{ vault_all }}"'
            ),
            [f"EDGE102 home.edge_bgp_passwords__vault: {TEMPLATE}"],
            id="layer",
        ),
        pytest.param(
            with_lines("edge_clusters", "edge_bgp_passwords: secret"),
            ["EDGE102 home.edge_bgp_passwords: must be a map (give each password the name of its peering)"],
            id="text",
        ),
        pytest.param(
            with_lines("edge_clusters", 'edge_bgp_passwords: {1: a, "1": b}').replace("{k8s: {}}", '{"1": {}}'),
            ["EDGE106 home.edge_bgp_passwords: has the key 1 twice: as a number and as text (keep one of the two)"],
            id="names twice",
        ),
    ],
)
def test_what_ansible_hands_over(tmp_path: Path, text: str, findings: list[str]) -> None:
    assert told(read(tmp_path, text)) == findings


@pytest.mark.parametrize(
    ("group", "name"),
    [
        pytest.param("edge_routers", CONTROLLER_SECRETS[0], id="key of UniFi Network"),
        pytest.param("edge_nodes", "edge_bgp_passwords", id="passwords of nobody"),
        pytest.param("edge_clusters", "edge_bgp_passwords", id="passwords as a whole"),
    ],
)
def test_what_vault_holds_is_something_and_is_not_opened(tmp_path: Path, group: str, name: str) -> None:
    text = with_lines(group, f"{name}: !vault |", "  $ANSIBLE_VAULT;1.1;AES256", f"  {'3' * 80}")
    inventory = read(tmp_path, text)
    assert name in inventory.variables[HOSTS[group]]
    assert inventory.failures == {}
