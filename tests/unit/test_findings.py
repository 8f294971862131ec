# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invalid inventories, each one edit away from the reference site, with the whole text of every finding."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings import CODES, Report
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan import plan

from .support.hybrid import hybrid_document, inventory_from

INGRESS_ASN = "site|edge_peerings|public-ingress|asn"

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "data" / "invalid_inventories.yml").read_text(encoding="utf-8")
)


def edited(values: dict[str, Any], removed: Sequence[str] = ()) -> dict[str, Any]:
    """Return the reference inventory with values set and taken away at ``|``-separated places.

    Places start at ``site`` (group_vars of all), at a host, or at ``groups``.
    """
    document = copy.deepcopy(hybrid_document())
    children = document["all"]["children"]
    roots: dict[str, Any] = {"site": document["all"]["vars"], "groups": children}
    for group in children.values():
        roots.update(group["hosts"])
    for place, value in values.items():
        parents, last = _parent(roots, place)
        parents[last] = copy.deepcopy(value)
    for place in removed:
        parents, last = _parent(roots, place)
        del parents[last]
    return document


def _parent(roots: dict[str, Any], place: str) -> tuple[dict[str, Any], str]:
    *parents, last = place.split("|")
    target = roots
    for key in parents:
        target = target.setdefault(key, {})
    return target, last


def found(document: dict[str, Any]) -> list[str]:
    """Return every finding of an inventory as ``CODE path: problem (hint)``."""
    return [f"{finding.code} {finding.text}" for finding in plan(inventory_from(document)).findings]


def test_the_reference_site_has_no_finding() -> None:
    assert found(hybrid_document()) == []


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_invalid_inventory(case: dict[str, Any]) -> None:
    assert found(edited(case.get("set", {}), case.get("remove", ()))) == case["finds"]


def test_an_accepted_warning_keeps_its_reason() -> None:
    document = edited({INGRESS_ASN: 64500, "site|edge_accept": {"EDGE302": "a lab"}})
    (finding,) = plan(inventory_from(document)).findings
    assert (finding.code, finding.accepted) == ("EDGE302", "a lab")


def test_a_warning_can_be_accepted_at_one_path_only() -> None:
    document = edited(
        {
            INGRESS_ASN: 64500,
            "site|edge_peerings|public-service|asn": 64501,
            "site|edge_accept": {"EDGE302": {"edge_peerings.public-ingress.asn": "a lab"}},
        }
    )
    accepted = {finding.path: finding.accepted for finding in plan(inventory_from(document)).findings}
    assert accepted == {"edge_peerings.public-ingress.asn": "a lab", "edge_peerings.public-service.asn": None}


def test_a_plan_with_errors_has_no_content() -> None:
    computed = plan(inventory_from(edited({"udm-pro|edge_router_asn": 0})))
    assert computed.failed
    assert sorted(computed.data) == ["findings", "site"]


def test_only_codes_of_the_table_can_be_raised() -> None:
    with pytest.raises(KeyError):
        Report().add("EDGE000", "path", "problem")


def test_every_inventory_code_has_a_case() -> None:
    through_ansible = {"EDGE109", "EDGE113"}  # only Ansible itself can cause them: tests/unit/test_edge_plan_action.py
    told = {line.partition(" ")[0] for case in CASES for line in case["finds"]}
    assert {code for code in CODES if code < "EDGE8"} - told - through_ansible == set()
