# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The codes of the live site: each has a fault, and each example of the documentation is what a fault gives."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.table import LIVE_CODES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.report import VerifyReport
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Fault, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify import (
    test_advertised,
    test_attributes,
    test_clients,
    test_counters,
    test_data_plane,
    test_leases,
    test_neighbors,
    test_objects,
    test_routes,
    test_services,
    test_sessions,
    test_untried,
    test_verify,
    test_winning,
)

FAULTS: list[Fault] = [
    fault
    for module in (
        test_advertised,
        test_attributes,
        test_clients,
        test_counters,
        test_data_plane,
        test_leases,
        test_neighbors,
        test_objects,
        test_routes,
        test_services,
        test_sessions,
        test_untried,
        test_verify,
        test_winning,
    )
    for fault in module.FAULTS
]
FOUND = {text for fault in FAULTS for text in fault.texts}
"""Every text that the faults' own tests see produced."""


@pytest.mark.parametrize("code", LIVE_CODES)
def test_a_fault_produces_the_example(code: str) -> None:
    assert f"{code} {LIVE_CODES[code].example}" in FOUND, "no fault has it: correct it in _findings/codes"


IN_THE_USUAL = "-n kube-system"


@pytest.mark.parametrize(
    "fault", [item for item in FAULTS if any(IN_THE_USUAL in text for text in item.texts)], ids=str
)
def test_what_to_look_at_stands_in_the_namespace_of_the_release(fault: Fault) -> None:
    site = LiveSite()
    site.observed["clusters"]["platform"]["namespace"] = "network"
    if fault.prepare:
        fault.prepare(site)
    fault.apply(site)
    assert site.texts() == [text.replace(IN_THE_USUAL, "-n network") for text in fault.texts]


def test_a_router_speaks_of_the_nodes_of_all_clusters() -> None:
    """Where their releases stand in two namespaces, the reader fills in the one of the node."""
    report = VerifyReport(namespaces={"home": "network", "lab": "kube-system"})
    for end in ("home", "edge"):
        report.find("EDGE822", f"{end} node n1", state="idle", node="n1")
    assert [(finding.hint or "")[:30] for finding in report.findings] == [
        "kubectl -n <namespace> logs ds",
        "kubectl -n network logs ds/cil",
    ]
