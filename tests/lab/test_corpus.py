# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Green but dead: each fault of the corpus, put into the twin of the reference site, is said of whom it breaks, and so is its end."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.corpus import Site, rehearsed
from ansible_collections.hybridnet.cluster_edge.tests.support.faults import Fault, faults

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="a twin needs root"),
]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with rehearsed(print) as made:
        yield made


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, id=fault.name, marks=() if fault.ci else pytest.mark.long) for fault in faults()]
)
def test_a_fault_is_found_and_its_end_is_seen(site: Site, fault: Fault) -> None:
    judged = site.judge(fault)
    assert judged.seconds is not None, f"{judged.lacking} not said within {fault.within:.0f} s, but {judged.said}"
    assert judged.strangers == (), f"of {fault.fault!r} verify accuses others: {judged.strangers}"
    assert judged.healed is not None, f"still said after the fault is gone: {judged.left}"


@pytest.mark.long
def test_a_site_in_good_order_is_green_in_a_hundred_looks(site: Site) -> None:
    assert [text for _look in range(100) for text in (finding.text for finding in site.look().findings)] == []
