# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The corpus of faults by itself: how many there are, of which kinds, and that it has each code that verify can say."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.table import LIVE_CODES
from ansible_collections.hybridnet.cluster_edge.tests.support.faults import faults
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import DOCS

KINDS = {"api", "cilium", "inventory", "kernel", "router"}
PAGE = (DOCS / "verify.md").read_text("utf-8")


def test_corpus_has_sixty_faults_of_every_kind_and_the_page_says_how_many() -> None:
    found = faults()
    assert len(found) >= 60
    assert f"has {len(found)} faults" in PAGE
    assert {fault.kind for fault in found} == KINDS


def test_each_code_of_the_corpus_is_one_of_verify() -> None:
    assert {code for fault in faults() for code in fault.finds} <= set(LIVE_CODES)
    assert [fault.name for fault in faults() if not fault.finds] == []


def test_each_code_has_a_fault_or_the_page_says_why_not() -> None:
    untried = LIVE_CODES.keys() - {code for fault in faults() for code in fault.finds}
    _before, _heading, section = PAGE.partition("Codes that no fault of the corpus shows, and why:\n")
    table = section.partition("\n\n## ")[0].partition("\n\nWhat verify cannot see")[0]
    rows = re.findall(r"^\| (\[EDGE.+?) \| .+ \|$", table, re.MULTILINE)
    assert sorted(re.findall(r"\[(EDGE\d{3})\]", " ".join(rows))) == sorted(untried)


def test_a_source_is_a_report_that_can_be_looked_up() -> None:
    numbers = re.compile(r"[a-z][\w./-]* #\d+(?:, #\d+)*(?:, [a-z][\w./-]* #\d+)*|https://\S+", re.IGNORECASE)
    assert [fault.name for fault in faults() if fault.source and not numbers.fullmatch(fault.source)] == []


def test_a_full_run_tries_twelve_faults_of_every_kind() -> None:
    tried = [fault for fault in faults() if fault.ci]
    assert len(tried) == 12
    assert {fault.kind for fault in tried} == KINDS


@pytest.mark.parametrize(
    ("names", "unknown"),
    [
        pytest.param(["nosuch"], "nosuch", id="unknown"),
        pytest.param(
            ["kernel-leg-down.yml", "kernel-leg-down", "nosuch"], "kernel-leg-down.yml nosuch", id="one is known"
        ),
    ],
)
def test_benchmark_of_a_fault_that_is_not_there_is_an_error_before_a_twin_is_built(
    names: list[str], unknown: str
) -> None:
    command = [sys.executable, CHECKOUT / "benchmarks" / "corpus.py", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = f"corpus.py: error: NAME: no such fault: {unknown} (the files of tests/corpus, without .yml)"
    assert (done.returncode, done.stdout, done.stderr.splitlines()[-1]) == (2, "", told)
