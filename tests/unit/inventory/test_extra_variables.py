# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is given with -e: unknown names are errors, those of keys, roles and the user are not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.hybridnet.cluster_edge.plugins.action.edge_plan import role_options
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.report import Report
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.extra_variables import (
    check_extra_variables,
)

ROLES = role_options(DataLoader())


def found(given: dict[str, Any]) -> list[str]:
    report = Report()
    check_extra_variables(given, ROLES, report)
    return [f"{finding.code} {finding.severity} {finding.text}" for finding in report.findings]


UNKNOWN = "is not a variable of this collection"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("edge_plan_filee", "did you mean 'edge_plan_file'?"),
        ("edge_verify_timout", "did you mean 'edge_verify_timeout'?"),
        ("edge-plan-file", "did you mean 'edge_plan_file'?"),
        ("edge_render_dri", "did you mean 'edge_render_dir'?"),
        ("edge_pool__media", "did you mean 'edge_pools'?"),
        ("edge_colour", "variables of your own start with edge_x_"),
    ],
)
def test_an_unknown_name_is_an_error(name: str, hint: str) -> None:
    assert found({name: "x"}) == [f"EDGE101 error -e {name}: {UNKNOWN} ({hint})"]


@pytest.mark.parametrize(
    "name",
    ["edge_x_mine", "edge_plan_file", "edge_plan_before", "edge_verify_timeout", "edge_verify_file", "edge_twin_name",
     "edge_pools", "edge_pools__media", "edge_twin_router_suite", "ansible_host", "vault"],
)  # fmt: skip
def test_a_known_or_foreign_name_is_none(name: str) -> None:
    assert found({name: "x"}) == []


def test_a_word_that_a_variable_of_the_run_does_not_take_is_an_error() -> None:
    assert found({"edge_plan_report": "sumary", "edge_twin_state": "gone"}) == [
        "EDGE103 error -e edge_plan_report: must be full, summary or tables, not 'sumary' (did you mean 'summary'?)",
        "EDGE103 error -e edge_twin_state: must be absent or present, not 'gone'",
    ]


@pytest.mark.parametrize("value", ["true", "True", "yes", "false", True, False, 1])
@pytest.mark.parametrize("name", ["edge_plan_live", "edge_plan_keep_allocations", "edge_compare_strict"])
def test_what_ansible_takes_for_true_or_false_is_taken(name: str, value: object) -> None:
    assert found({name: value}) == []


@pytest.mark.parametrize("value", ["ture", "", "2", ["true"]])
@pytest.mark.parametrize("name", ["edge_plan_live", "edge_plan_keep_allocations", "edge_compare_strict"])
def test_another_word_for_true_or_false_is_an_error(name: str, value: object) -> None:
    (error,) = found({name: value})
    assert error.startswith(f"EDGE102 error -e {name}: must be true or false, not ")


def test_a_name_that_is_no_text_is_nobody_s() -> None:
    assert found({65001: "x", True: "y", "edge_colour": "z"}) == [
        f"EDGE101 error -e edge_colour: {UNKNOWN} (variables of your own start with edge_x_)"
    ]
