# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No page uses a word of this collection or of routing before a newcomer was told what it means."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import DOCS, anchors, broken_links, read_page
from ansible_collections.hybridnet.cluster_edge.tests.support.words import KNOWN, glossary, undefined_words

WORDS_PAGE = DOCS / "words.md"
WORDS = glossary(WORDS_PAGE.read_text(encoding="utf-8"))
PAGES = [
    CHECKOUT / "README.md",
    *(
        path
        for path in sorted(DOCS.rglob("*.md"))
        if path.parent.name != "reference" and path.stem not in ("words", "findings")
    ),
]
"""All but the page of words, and what is generated."""


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_a_page_links_or_explains_each_word_where_it_uses_it_first(path: Path) -> None:
    assert [found.text for found in undefined_words(path.read_text(encoding="utf-8"), WORDS)] == []


def test_the_page_of_words_has_those_of_this_collection_and_explains_each_once() -> None:
    assert {"site", "peering", "pool", "plan", "finding", "twin", "rehearsal", "BGP", "prefix-list"} <= WORDS.keys()
    assert set(WORDS.values()) <= anchors(WORDS_PAGE)
    assert WORDS.keys() & KNOWN == set()
    assert broken_links(read_page(WORDS_PAGE)) == []
    own = WORDS_PAGE.read_text(encoding="utf-8")
    assert own.count("</a>") == len(set(WORDS.values())), "a row that nobody reads, or an anchor that stands twice"
    assert [found.text for found in undefined_words(own, WORDS) if found.anchor is None] == []


def test_no_page_has_a_dead_link() -> None:
    pages = {str(path.relative_to(DOCS.parent)): broken_links(read_page(path)) for path in sorted(DOCS.rglob("*.md"))}
    assert {name: links for name, links in pages.items() if links} == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The twin is up.", ["line 1: the first 'twin' is not linked: words.md#twin"]),
        ("# The twin\n\nTwins run.", ["line 3: the first 'Twins' is not linked: words.md#twin"]),
        ("The [twin](words.md#twin) is up. The twin stays.", []),
        ("Read [how the twin is made](twin.md). The twin stays.", []),
        ("The twin stays. See [twin](words.md#twin).", ["line 1: the first 'twin' is not linked: words.md#twin"]),
        ("A *twin* is the site.", ["line 1: the first 'site' is not linked: words.md#site"]),
        ("```text\nthe twin\n```\n\n`twin` <!-- twin -->", []),
        ("Enable QXZ.", ["line 1: 'QXZ' is explained nowhere: add it to docs/words.md"]),
        ("QXZ (a protocol of nobody), and QXZ again, as EDGE101 says over TCP.", []),
        ("peers in `AS`, AS numbers", ["line 1: the first 'AS numbers' is not linked: words.md#as"]),
        ("a twinned on-site site-wide plan-file", []),
    ],
)
def test_a_word_that_is_not_explained_is_found(text: str, told: list[str]) -> None:
    assert [found.text for found in undefined_words(text, WORDS)] == told
