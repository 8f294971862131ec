# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invalid inventories, each an edit away from a valid one, with the whole text of every finding.

The valid ones are the reference site and the inventories under ``data/bases`` (a case names one as ``base``).
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.report import Report
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_document, inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.invalid import BASES, CASES, base_document, edited, found

INGRESS_ASN = "site|edge_peerings|public-ingress|asn"


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
    assert computed.findings
    assert computed.data is None


def test_only_codes_of_the_table_can_be_raised() -> None:
    with pytest.raises(KeyError):
        Report().add("EDGE000", "path", "problem")
