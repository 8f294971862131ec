# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The corpus of faults by itself: how many there are, of which kinds, and that their codes exist."""

from __future__ import annotations

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.table import LIVE_CODES
from ansible_collections.hybridnet.cluster_edge.tests.support.corpus import faults

KINDS = {"api", "cilium", "kernel", "router"}


def test_corpus_has_sixty_faults_of_every_kind() -> None:
    found = faults()
    assert len(found) >= 60
    assert {fault.kind for fault in found} == KINDS


def test_each_code_of_the_corpus_is_one_of_verify() -> None:
    assert {code for fault in faults() for code in fault.finds} <= set(LIVE_CODES)
    assert [fault.name for fault in faults() if not fault.finds] == []


def test_a_full_run_tries_ten_faults_of_every_kind() -> None:
    tried = [fault for fault in faults() if fault.ci]
    assert len(tried) == 10
    assert {fault.kind for fault in tried} == KINDS
