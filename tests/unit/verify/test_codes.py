# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The codes of the live site: each has a fault, and each example of the documentation is what a fault gives."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.table import LIVE_CODES
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
    test_verify,
)

FOUND = {
    text
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
        test_verify,
    )
    for fault in module.FAULTS
    for text in fault.texts
}
"""Every text that the faults' own tests see produced."""


@pytest.mark.parametrize("code", LIVE_CODES)
def test_a_fault_produces_the_example(code: str) -> None:
    assert f"{code} {LIVE_CODES[code].example}" in FOUND, "no fault has it: correct it in _findings/codes"
