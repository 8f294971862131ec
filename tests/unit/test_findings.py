# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invalid inventories, each an edit away from a valid one, with the whole text of every finding.

The valid ones are the reference site and the inventories under ``data/bases`` (a case names one as ``base``).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.plan import CODES, Report
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan

from .support.hybrid import hybrid_document, inventory_from

INGRESS_ASN = "site|edge_peerings|public-ingress|asn"

DATA = Path(__file__).parent / "data"
CASES: list[dict[str, Any]] = [
    case
    for file in sorted((DATA / "invalid").glob("*.yml"))
    for case in yaml.safe_load(file.read_text(encoding="utf-8"))
]
BASES = sorted(file.stem for file in (DATA / "bases").glob("*.yml"))


def base_document(name: str | None) -> dict[str, Any]:
    """Return a valid inventory as one document; None = the reference site."""
    if name is None:
        return hybrid_document()
    document: dict[str, Any] = yaml.safe_load((DATA / "bases" / f"{name}.yml").read_text(encoding="utf-8"))
    return document


def edited(values: dict[str, Any], removed: Sequence[str] = (), base: str | None = None) -> dict[str, Any]:
    """Return a valid inventory with values set and taken away at ``|``-separated places.

    Places start at ``site`` (group_vars of all), at a host, or at ``groups``.
    """
    document = copy.deepcopy(base_document(base))
    children = document["all"]["children"]
    roots: dict[str, Any] = {"site": document["all"]["vars"], "groups": children}
    for group in children.values():
        for host in group["hosts"]:
            group["hosts"][host] = group["hosts"][host] or {}
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


def found(document: dict[str, Any], kept: dict[str, list[str]] | None = None) -> list[str]:
    """Return every finding of an inventory as ``CODE path: problem (hint)``; ``kept`` are planned addresses."""
    allocations = {name: tuple(addresses) for name, addresses in (kept or {}).items()}
    inventory = replace(inventory_from(document), allocations=allocations)
    return [f"{finding.code} {finding.text}" for finding in plan(inventory).findings]


def test_the_reference_site_has_no_finding() -> None:
    assert found(hybrid_document()) == []


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_invalid_inventory(case: dict[str, Any]) -> None:
    document = edited(case.get("set", {}), case.get("remove", ()), case.get("base"))
    assert found(document, case.get("kept")) == case["finds"]


@pytest.mark.parametrize("base", BASES)
def test_the_other_valid_sites_have_no_finding(base: str) -> None:
    assert found(base_document(base)) == []


def test_names_of_cases_are_unique() -> None:
    names = [case["name"] for case in CASES]
    assert sorted(set(names)) == sorted(names)


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
    through_ansible = {
        "EDGE109",
        "EDGE113",
        "EDGE530",
    }  # only Ansible itself can cause them: tests/unit/test_edge_plan_action.py
    told = {line.partition(" ")[0] for case in CASES for line in case["finds"]}
    assert {code for code in CODES if code < "EDGE8"} - told - through_ansible == set()
