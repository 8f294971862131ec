# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of an inventory that begin as a role's own: a misspelt one would leave the role at its default."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.hybridnet.cluster_edge.plugins.action.edge_plan import is_of_a_role, role_options
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, hybrid_inventory

OPTIONS = role_options(DataLoader())


def found(variable: str, options: frozenset[str] | None = OPTIONS) -> list[str]:
    """Return the findings about the variable on the router of the reference site."""
    inventory = hybrid_inventory()
    host = inventory.routers[0]
    variables = {**inventory.variables, host: {**inventory.variables[host], variable: True}}
    findings = plan(replace(inventory, variables=variables, role_options=options)).findings
    return [f"{item.code} {item.severity} {item.text}" for item in findings if variable in item.path]


@pytest.mark.parametrize(
    ("variable", "says"),
    [
        ("edge_verify_striict", "EDGE101 error udm-pro.{}: is not a variable of this collection (did you mean 'edge_verify_strict'?)"),
        ("edge_twin_firewal", "EDGE101 error udm-pro.{}: is not a variable of this collection (did you mean 'edge_twin_firewall'?)"),
        ("edge_render_dirr", "EDGE101 error udm-pro.{}: is not a variable of this collection (did you mean 'edge_render_dir'?)"),
        ("edge_verify_colour", "EDGE110 warning udm-pro.{}: is not a variable of this collection (variables of your own start with edge_x_)"),
        ("edge_verify_result", "EDGE110 warning udm-pro.{}: is not a variable of this collection (variables of your own start with edge_x_)"),
        ("edge_result", "EDGE110 warning udm-pro.{}: is not a variable of this collection (variables of your own start with edge_x_)"),
    ],
)  # fmt: skip
def test_a_name_that_no_role_takes_is_told(variable: str, says: str) -> None:
    assert found(variable) == [says.format(variable)]


REGISTERED = {
    name
    for folder in ("roles", "playbooks")
    for path in (CHECKOUT / folder).rglob("*.yml")
    for name in re.findall(r"^ *register: (edge_\w+)", path.read_text("utf-8"), re.MULTILINE)
}
"""What stays on the hosts for a later playbook of the same run."""


@pytest.mark.parametrize("variable", sorted({*REGISTERED, "edge_twin_overlay", *filter(is_of_a_role, OPTIONS)}))
def test_what_a_role_takes_may_stand_in_an_inventory(variable: str) -> None:
    assert found(variable) == []


def test_without_the_roles_no_such_name_is_judged() -> None:
    assert found("edge_verify_striict", None) == []
