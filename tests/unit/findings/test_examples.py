# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each example of the findings page is, to the letter, what an inventory produces.

Codes of the live site: ``tests/unit/verify/test_codes.py``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.action.edge_plan import allocation_files, limit_findings
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.table import PLAN_CODES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import (
    hybrid_document,
    hybrid_plan,
    inventory_from,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.invalid import CASES, edited

BEYOND_THE_INVENTORY = {"EDGE109", "EDGE113", "EDGE530"}
"""A template that fails, ``--limit``, and the file of planned addresses: tests below produce them."""

FOUND = {text for case in CASES for text in case["finds"]}
"""Every text that ``test_invalid_inventories`` sees produced."""


def example(code: str) -> str:
    return PLAN_CODES[code].example


@pytest.mark.parametrize("code", sorted(PLAN_CODES.keys() - BEYOND_THE_INVENTORY))
def test_an_invalid_inventory_produces_the_example(code: str) -> None:
    assert f"{code} {example(code)}" in FOUND, (
        "no case of tests/unit/data/invalid has it: correct it in _findings/codes"
    )


def test_a_template_that_fails_produces_the_example() -> None:
    variable, _colon, problem = example("EDGE109").removeprefix("platform.").partition(": ")
    inventory = replace(inventory_from(hybrid_document()), failures={"platform": {variable: problem}})
    assert [f.text for f in plan(inventory).findings if f.code == "EDGE109"] == [example("EDGE109")]


def test_a_limit_that_leaves_out_the_other_end_produces_the_example() -> None:
    hosts = ["udm-pro"]
    variables = {"groups": {"edge_routers": hosts, "edge_clusters": ["platform"]}, "ansible_play_hosts_all": hosts}
    (finding,) = limit_findings(hybrid_plan(), variables)
    assert f"{finding['path']}: {finding['problem']} ({finding['hint']})" == example("EDGE113")


def test_a_file_of_planned_addresses_with_a_merge_left_in_it_produces_the_example(tmp_path: Path) -> None:
    lines = ["---", "a", "b", "c", "d", "e", "<<<<<<< HEAD"]
    (tmp_path / "edge_allocation.yml").write_text("\n".join(lines), encoding="utf-8")
    inventory = inventory_from(edited({"platform|edge_allocation": "planned"}))
    hostvars = SimpleNamespace(raw_get=lambda _host: {"inventory_dir": str(tmp_path)})
    _files, (finding,) = allocation_files(inventory, hostvars)
    assert f"{finding['path']}: {finding['problem']} ({finding['hint']})" == example("EDGE530")
