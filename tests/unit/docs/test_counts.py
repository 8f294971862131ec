# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A count in a page of what the code, the tests or the reference site has is that count; measured numbers are none."""

from __future__ import annotations

import re

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.filter import difference, pools
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import versions as frr
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import PlannedExpectations
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.parse import GROUPS
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._new_inventory.questions import QUESTIONS
from ansible_collections.hybridnet.cluster_edge.tests.support.faults import faults
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, hybrid_inventory, hybrid_plan
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import read_page, without_links

WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
"""The words of numbers, from 0 on; pages write larger ones as digits."""
FULL_RUN = sum(fault.ci for fault in faults())
ASKED = sum(question.asked for question in QUESTIONS)
SITE = hybrid_plan().data
ASNS = {session["node_asn"] for session in SITE["sessions"]}
PUBLIC = [pool for pool in SITE["pools"] if pool["name"].startswith("public-")]

COUNTS = [
    ("README.md", "a cluster with {} nodes,", len(hybrid_inventory().nodes)),
    ("README.md", "{} pools of addresses", len(SITE["pools"])),
    ("docs/inventory.md", "hosts stand in {} groups:", len(GROUPS)),
    ("docs/twin.md", "| all {} groups |", len(GROUPS)),
    ("docs/design.md", "an inventory without the {} groups,", len(GROUPS)),
    ("docs/inventory.md", "`new` asks about {} things", ASKED),
    ("docs/inventory.md", "with {} ASNs,", len(ASNS)),
    ("docs/inventory.md", "ASNs, {} public addresses,", len(PUBLIC)),
    ("docs/inventory.md", "pools and {} services: `inventory/hybrid`", len(SITE["services"])),
    ("docs/filters.md", "{} filters answer questions about pools", len(pools.FilterModule().filters())),
    ("docs/compare.md", "{} filters compare any two configurations,", len(difference.FilterModule().filters())),
    ("docs/plan.md", "`expect` has {} lists.", len(PlannedExpectations.__annotations__)),
    ("docs/router.md", "the tests ask each of the {} for it", len(frr.TRIED)),
    ("docs/router.md", "(all {} versions);", len(frr.TRIED)),
    ("docs/design.md", "it is one of the {} of a full run", FULL_RUN),
]
"""A page, what it says with ``{}`` where the number is, and the number."""


def said(count: int) -> str:
    """Return a number as a page writes it: a word where there is one."""
    return WORDS[count] if count < len(WORDS) else str(count)


def text_of(file: str) -> str:
    """Return the text of a page in one line, each link as its words."""
    return " ".join(without_links((CHECKOUT / file).read_text("utf-8")).split())


@pytest.mark.parametrize(("file", "text", "count"), COUNTS, ids=[f"{file}: {text}" for file, text, _count in COUNTS])
def test_a_page_counts_right(file: str, text: str, count: int) -> None:
    page, written = text_of(file), text.format(said(count))
    assert written in page or written[:1].upper() + written[1:] in page


@pytest.mark.parametrize(
    ("file", "heading", "sentence", "item"),
    [
        pytest.param("README.md", "Apply", "`site.yml` does {} things", r"^\d+\. ", id="what site.yml does"),
        pytest.param(
            "README.md", "The smallest site, and its plan", "{} commands", r"^\| `ansible-", id="the commands"
        ),
        pytest.param("CONTRIBUTING.md", "Contributing", "{} commands:", r"^\./test", id="the commands of tests"),
        pytest.param(
            "docs/filters.md", "Pool math in your own playbooks", "{} filters", r"^\| `pool_", id="pool filters"
        ),
        pytest.param(
            "docs/compare.md",
            "In a playbook of your own",
            "{} filters compare",
            r"^\| `\w+_difference` ",
            id="differences",
        ),
    ],
)
def test_what_a_section_lists_is_as_many_as_it_says(file: str, heading: str, sentence: str, item: str) -> None:
    page = read_page(CHECKOUT / file)
    assert heading in page.headings
    section = re.split(rf"^#+ {re.escape(heading)}$", page.text, flags=re.MULTILINE)[1]
    section = re.split(r"^## ", section, flags=re.MULTILINE)[0]
    listed = len(re.findall(item, section, re.MULTILINE))
    assert sentence.format(said(listed)).lower() in without_links(section).lower()
